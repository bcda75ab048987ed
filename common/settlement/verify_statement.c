#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/id.h"
#include "common/base/mem.h"
#include "common/ledger/jws.h"
#include "common/settlement/statement.h"
#include "common/settlement/verify_parts.h"

/* A lead whose review time ran out this long before a statement must not still wait in it. */
#define OVERDUE_MS (60 * 60 * 1000)

static void statement_path(char path[PATH_CAP], const char *id, const char *end)
{
    snprintf(path, PATH_CAP, "v1/statements/%s%s", id, end);
}

/* Reads and opens the JWS; its payload must be the one that the entry hashed. */
static bool open_statement(struct audit *a, const struct closed *c, struct buf *payload)
{
    char path[PATH_CAP], kid[JWK_KID_LEN];
    struct buf jws;
    const struct key_set *k = &a->keys;
    size_t key = k->n_statement;
    bool good = false;
    buf_heap(&jws);
    statement_path(path, c->id, ".jws");
    if (!audit_read(a, CHECK_STATEMENTS, path, LIMIT_STATEMENT + a->movable * LIMIT_ADJUSTMENT, &jws))
        goto done;
    if (a->keys.n_statement == 0) {
        finds_doubt(&a->finding[CHECK_STATEMENTS], "there is no key to open statement %s with", c->id);
        goto done;
    }
    if (jws_general_kid(buf_span(&jws), kid) == ERR_OK)
        key = audit_statement_key(a, kid);
    if (key == k->n_statement ||
        jws_general_open(buf_span(&jws), k->statement[key], STATEMENT_TYP, payload, NULL) != ERR_OK) {
        finds_failure(&a->finding[CHECK_STATEMENTS], "statement %s is not signed by a published key over what it says",
                      c->id);
        goto done;
    }
    if (!audit_signs_statements(a, key))
        finds_failure(&a->finding[CHECK_STATEMENTS],
                      "statement %s is signed by the key %.*s, which does not sign there", c->id, JWK_KID_LEN, kid);
    verify_pins_statement(a, c->id, kid);
    a->keys.used_statement |= (uint64_t)1 << key;
    struct hash sum;
    sha256(payload->ptr, payload->len, sum.b);
    good = memcmp(sum.b, c->sha256.b, HASH_LEN) == 0;
    if (!good)
        finds_failure(&a->finding[CHECK_STATEMENTS], "statement %s is another one than the log recorded", c->id);
done:
    buf_free(&jws);
    return good;
}

static void compare_lines(struct audit *a, const struct closed *c, const struct statement_lines *lines)
{
    char path[PATH_CAP];
    struct buf text;
    buf_heap(&text);
    statement_path(path, c->id, "/lines");
    if (audit_read(a, CHECK_LINES, path, lines->text.len, &text)) {
        a->lines += lines->n;
        if (!span_eq(buf_span(&text), buf_span(&lines->text)))
            finds_failure(&a->finding[CHECK_LINES],
                          "the line items of statement %s are not those that the entries give", c->id);
    }
    buf_free(&text);
}

/* Builds the statement anew from the fold, compares, and goes on to the next period from what it must be, also when it
 * could not be opened (said NULL). */
static void rebuild(struct audit *a, const struct closed *c, uint64_t index, const struct entry *e,
                    const struct statement *said, struct span payload, const struct hash *root)
{
    struct statement_out out = {0};
    struct problem why = {0};
    char member[64];
    struct span issuer = said != NULL ? said->issuer : SPAN("https://unknown");
    enum err err = fold_statement(&a->fold, index, e, root, issuer, &out, &why);
    if (err == ERR_CONFLICT || err == ERR_INVALID || err == ERR_CORRUPT)
        finds_failure(&a->finding[CHECK_STATEMENTS], "statement %s cannot be built from the entries: %.150s", c->id,
                      why.detail);
    else if (err != ERR_OK)
        finds_doubt(&a->finding[CHECK_STATEMENTS], "statement %s cannot be built: the entries do not read again",
                    c->id);
    else if (said != NULL && fold_difference(payload, buf_span(&out.payload), member, sizeof member))
        finds_failure(&a->finding[CHECK_STATEMENTS], "statement %s says otherwise than the entries: see %s", c->id,
                      member);
    if (err == ERR_OK)
        compare_lines(a, c, &out.lines);
    bool known = err == ERR_OK || err == ERR_CONFLICT || err == ERR_INVALID || err == ERR_CORRUPT;
    if (fold_next(&a->fold, index, e, root, err == ERR_OK ? &out : NULL) != ERR_OK || !known)
        a->stopped = true; /* the next one begins with what this one comes to */
    statement_free(&out);
}

/* The note over the tree in front of the statement's entry; the root log must hold its hash. */
static void check_note(struct audit *a, struct closed *c, uint64_t size, const struct hash *root)
{
    char path[PATH_CAP];
    struct checkpoint head;
    struct buf note;
    buf_heap(&note);
    statement_path(path, c->id, "/checkpoint");
    if (audit_read(a, CHECK_HEADS, path, LIMIT_NOTE, &note) &&
        verify_note(a, CHECK_HEADS, path, buf_span(&note), false, &head)) {
        size_t at = (size_t)(c - a->closed);
        sha256(note.ptr, note.len, c->note_sha256.b);
        c->has_note = true;
        byte_map_put(a->closed_by_note, span_of(c->note_sha256.b, HASH_LEN), span_of(&at, sizeof at));
        if (head.size != size || memcmp(head.root.b, root->b, HASH_LEN) != 0)
            finds_failure(&a->finding[CHECK_HEADS], "%s is over another tree than the one in front of the statement",
                          path);
    }
    buf_free(&note);
}

static void check_overdue(struct audit *a, const struct closed *c, int64_t issued_ms)
{
    struct span key, value;
    int64_t due_ms;
    uint32_t contract;
    uint64_t lead;
    if (rows_map_seek(a->rows, ROW_DUE, SPAN(""), &key, &value) == ERR_OK &&
        due_key_read(key, &due_ms, &contract, &lead) == ERR_OK && due_ms < issued_ms - OVERDUE_MS)
        finds_failure(&a->finding[CHECK_DECISIONS],
                      "lead %" PRIu64 " was due for its automatic approval well before statement %s", lead, c->id);
}

static void said_free(struct said *s)
{
    for (int side = 0; side < 2; side++)
        free(s->answer[side].payload);
    *s = (struct said){.read = false};
}

/* NULL: it is not told by itself. */
static struct said *said_of(struct audit *a, const struct closed *c)
{
    size_t at = (size_t)(c - a->closed);
    return told_of(at, a->n_closed) ? &a->statement[told_slot(at)] : NULL;
}

/* The first of an id is the one that answers are about. */
static struct closed *add_closed(struct audit *a, const struct entry *e)
{
    const struct entry_statement *s = &e->statement;
    size_t at = a->n_closed++;
    if (at == a->closed_room) {
        a->closed_room = at ? 2 * at : 16;
        a->closed = xrealloc(a->closed, a->closed_room * sizeof *a->closed);
    }
    if (a->closed_by_id == NULL) {
        a->closed_by_id = byte_map_new(NULL);
        a->closed_by_note = byte_map_new(NULL);
    }
    struct closed *c = &a->closed[at];
    *c = (struct closed){.sha256 = s->sha256, .from = s->from, .to = s->to, .issued_ms = s->issued_ms};
    memcpy(c->id, s->id.ptr, s->id.len);
    if (audit_closed(a, s->id) == NULL)
        byte_map_put(a->closed_by_id, s->id, span_of(&at, sizeof at));
    said_free(&a->statement[told_slot(at)]);
    return c;
}

void audit_closed_free(struct audit *a)
{
    byte_map_free(a->closed_by_id);
    byte_map_free(a->closed_by_note);
    for (size_t i = 0; i < TOLD_MOST; i++)
        said_free(&a->statement[i]);
    free(a->closed);
}

static struct closed *look_up(const struct audit *a, const struct byte_map *m, struct span key)
{
    struct span value;
    size_t at;
    if (m == NULL || !byte_map_get(m, key, &value))
        return NULL;
    memcpy(&at, value.ptr, sizeof at);
    return &a->closed[at];
}

struct closed *audit_closed(const struct audit *a, struct span id)
{
    return look_up(a, a->closed_by_id, id);
}

struct closed *audit_closed_by_note(const struct audit *a, struct span sha256)
{
    return look_up(a, a->closed_by_note, sha256);
}

static void keep_figures(struct said *to, const struct statement *s)
{
    *to = (struct said){.read = true,
                        .number = s->number,
                        .due_ms = s->due_ms,
                        .from_ms = s->from_ms,
                        .to_ms = s->to_ms,
                        .gross_micros = s->gross_micros,
                        .net_micros = s->net_micros,
                        .payable_minor = s->payable_minor,
                        .vat_minor = s->vat_minor,
                        .brought_micros = statement_brought(s),
                        .carried_micros = s->carried_micros,
                        .exponent = s->exponent,
                        .from = s->from,
                        .to = s->to};
    correction_sums_of(s, &to->sums);
}

enum err audit_end_of(void *ctx, uint64_t number, uint64_t *to)
{
    struct audit *a = ctx;
    char id[LIMIT_ID + 1], path[PATH_CAP];
    struct buf jws;
    statement_id(span_str(a->contract), number, id);
    statement_path(path, id, ".jws");
    buf_heap(&jws);
    enum err err = a->mirror->read(a->mirror->ctx, path, 0, LIMIT_STATEMENT + a->head.size * LIMIT_ADJUSTMENT, &jws);
    if (err == ERR_OK)
        err = statement_end(buf_span(&jws), to);
    else if (err != ERR_NOT_FOUND)
        audit_unread(&a->finding[CHECK_STATEMENTS], path, err);
    buf_free(&jws);
    return err;
}

/* False, and it failed: it is signed and what the entry hashed, and no statement. */
static bool payload_reads(struct audit *a, const char *id, struct span payload, struct statement *out)
{
    if (statement_read(payload, out) == ERR_OK)
        return true;
    finds_failure(&a->finding[CHECK_STATEMENTS], "the payload of statement %s is not canonical and complete", id);
    return false;
}

/* It is told where its period ends by the statement alone, which does not say it. One that is there, and is none or not
 * what the entry hashed, fails like any other. */
static void cannot_end(struct audit *a, const struct entry_statement *s, const char *id)
{
    struct closed c = {.sha256 = s->sha256};
    struct statement said;
    struct buf payload;
    memcpy(c.id, s->id.ptr, s->id.len);
    buf_heap(&payload);
    if (open_statement(a, &c, &payload) && payload_reads(a, id, buf_span(&payload), &said))
        statement_close(&said);
    finds_doubt(&a->finding[CHECK_STATEMENTS],
                "statement %s does not read, and so what its period came to is not known", id);
    buf_free(&payload);
}

/* Whether the entry closes what it can. */
static bool may_close(struct audit *a, uint64_t index, const struct entry_statement *s, const struct hash *root,
                      struct closing *open)
{
    struct finding *f = &a->finding[CHECK_STATEMENTS];
    char id[LIMIT_ID + 1];
    uint64_t said;
    enum err err = fold_closes(&a->fold, index, s->to, root, open);
    if (err == ERR_OK && id_is_plain(s->id) && s->from == a->fold.period.from && s->to == open->is.to)
        return true;
    statement_id(span_str(a->contract), s->number, id);
    if (err != ERR_NOT_FOUND)
        finds_failure(f,
                      "entry %" PRIu64 " closes [%" PRIu64 ", %" PRIu64 "), and what is open begins at %" PRIu64
                      " and fits one statement up to %" PRIu64,
                      index, s->from, s->to, a->fold.period.from, err == ERR_OK ? open->is.to : index);
    else if (!span_is(s->id, id))
        finds_failure(f, "entry %" PRIu64 " closes under another id than that of its number", index);
    else if (audit_end_of(a, s->number, &said) == ERR_OK && said != s->to)
        finds_failure(f, "statement %s ends at entry %" PRIu64 ", its entry says at %" PRIu64, id, said, s->to);
    else
        cannot_end(a, s, id);
    return false;
}

void verify_statement(struct audit *a, uint64_t index, const struct entry *e, const struct frontier *before)
{
    const struct entry_statement *s = &e->statement;
    struct hash root;
    struct closing open;
    frontier_root(before, &root);
    if (!may_close(a, index, s, &root, &open)) {
        a->stopped = true;
        return;
    }
    struct closed *c = add_closed(a, e);

    struct buf payload;
    struct statement said;
    buf_heap(&payload);
    bool read = open_statement(a, c, &payload) && payload_reads(a, c->id, buf_span(&payload), &said);
    if (read && !audit_issuer_fits(a, said.issuer))
        finds_failure(&a->finding[CHECK_STATEMENTS], "statement %s is issued under another name than the log's", c->id);
    if (read) {
        keep_figures(said_of(a, c), &said);
        verify_corrections(a, &said);
    }
    rebuild(a, c, index, e, read ? &said : NULL, buf_span(&payload), &root);
    if (read)
        statement_close(&said);
    buf_free(&payload);
    check_note(a, c, index, &root);
    check_overdue(a, c, entry_clock(e));
    if (s->to == index) /* else some are of what is open still */
        a->movable = 0;
}

/* Each key that signs is named in the report, so that no key can answer for a party unseen. */
static void note_answerer(struct audit *a, struct span party, const uint8_t pub[ED25519_KEY_LEN])
{
    for (size_t i = 0; i < a->n_answerers; i++)
        if (span_is(party, a->answerer[i].party) && memcmp(a->answerer[i].pub, pub, ED25519_KEY_LEN) == 0)
            return;
    a->more_answerers = a->n_answerers == ANSWERERS_CAP;
    if (a->more_answerers)
        return;
    memcpy(a->answerer[a->n_answerers].party, party.ptr, party.len); /* as long as one of the terms' parties */
    memcpy(a->answerer[a->n_answerers++].pub, pub, ED25519_KEY_LEN);
}

/* The last one is what the party says. */
static void keep_answer(struct audit *a, struct closed *c, uint64_t index, unsigned side, bool accepted,
                        struct span jws)
{
    struct buf text;
    struct said *to = said_of(a, c);
    c->answered |= (uint8_t)(1 << side);
    c->disputed = (uint8_t)((c->disputed & ~(1 << side)) | (accepted ? 0 : 1 << side));
    if (to == NULL)
        return;
    free(to->answer[side].payload);
    to->answer[side].index = index;
    to->answer[side].payload = NULL;
    buf_heap(&text);
    if (jws_compact_payload(jws, &text) == ERR_OK)
        to->answer[side].payload = xasprintf("%.*s", (int)text.len, text.ptr);
    buf_free(&text);
}

/* The answer itself, as the key that the party had then signed it. false: noted why not. */
static bool open_response(struct audit *a, uint64_t index, const struct entry_response *r, struct response *out)
{
    struct finding *f = &a->finding[CHECK_RESPONSES];
    const uint8_t *pub = audit_party_key(a, r->party);
    struct party_jws said;
    struct problem why = {0};
    enum err err = pub == NULL ? ERR_UNAUTHORIZED : party_jws_open(r->jws, pub, RESPONSE_TYP, r->party, &said, &why);
    if (err == ERR_UNAUTHORIZED) {
        finds_failure(f, "entry %" PRIu64 " is not signed by the key that the party had then", index);
        return false;
    }
    if (err == ERR_OK)
        err = response_read(&said, out, &why);
    if (err != ERR_OK) {
        finds_failure(f, "entry %" PRIu64 " holds no answer of the party: its %.40s %.100s", index, why.field,
                      why.detail);
        return false;
    }
    return true;
}

void verify_response(struct audit *a, uint64_t index, const struct entry *e)
{
    struct finding *f = &a->finding[CHECK_RESPONSES];
    const struct entry_response *r = &e->response;
    struct closed *c = audit_closed(a, r->statement);
    int side = span_is(r->party, a->advertiser) ? 0 : span_is(r->party, a->publisher) ? 1 : -1;
    struct response said;
    struct problem why = {0};
    if (c == NULL || side < 0) {
        finds_failure(f, "entry %" PRIu64 " is not a party's answer to a statement before it", index);
        return;
    }
    if (!open_response(a, index, r, &said))
        return;
    enum err err = response_fits(&said, &c->sha256, c->issued_ms, c->answered_ms[side], entry_clock(e), &why);
    if (err == ERR_OK)
        err = response_lines(&said, a->fold.view, a->fold.cx.contract, c->from, c->to, &why);
    if (!audit_issuer_fits(a, said.said.issuer))
        finds_failure(f, "entry %" PRIu64 " is an answer to another issuer than the log's", index);
    else if (err == ERR_INVALID)
        finds_failure(f, "entry %" PRIu64 " is no answer to the statement that it is filed under: its %.40s %.100s",
                      index, why.field, why.detail);
    else if (err != ERR_OK)
        finds_doubt(f, "entry %" PRIu64 " cannot be compared with the statement's line items", index);
    else
        keep_answer(a, c, index, (unsigned)side, said.accept, r->jws);
    c->answered_ms[side] = said.said.at_ms;
    note_answerer(a, r->party, audit_party_key(a, r->party));
    response_close(&said);
}
