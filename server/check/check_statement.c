/* Statements and answers to them: what is stored against what the entries give. */
#include "common/base/bytes.h"
#include "common/ledger/jws.h"
#include "common/ledger/note.h"
#include "server/check/check_private.h"
#include "server/settlement/statements.h"

enum { PUBLICS = 16 };

/* A part's row, if it is there; that it must be is the prover's business. Its key is called for. */
static bool part_get(struct check *c, struct span id, const char *part, char room[STATEMENT_KEY_MAX], struct span *key,
                     struct span *bytes)
{
    if (statement_key(id, span_str(part), room, key) != ERR_OK)
        return false;
    row_set_add(c->statements, *key);
    return check_get(c, TABLE_STATEMENTS, *key, bytes) == ERR_OK;
}

/* Opens the signed payload. */
static bool open_jws(struct check *c, struct span jws, struct buf *payload)
{
    uint8_t pubs[PUBLICS][ED25519_KEY_LEN];
    size_t n = keys_statement_publics(c->in.keys, pubs, PUBLICS);
    bool opened = false;
    for (size_t i = 0; i < n && !opened; i++)
        opened = jws_general_open(jws, pubs[i], STATEMENT_TYP, payload, NULL) == ERR_OK;
    return opened;
}

/* The public URL that it was issued under: when that is another one than the store's, either may be damaged, and the
 * signed one is not. */
static struct span issuer_of(struct check *c, struct span payload, struct span key, struct statement *said)
{
    struct span url = span_str(c->in.public_url);
    char name[ROW_NAME];
    if (statement_read(payload, said) != ERR_OK || span_eq(said->issuer, url))
        return url;
    table_row_name(TABLE_STATEMENTS, key, name);
    check_row_fails(c, TABLE_META, SPAN("public_url"), "is another URL than that of %s", name);
    return said->issuer;
}

static void compare_lines(struct check *c, const struct entry_statement *s, const struct statement_out *out)
{
    char room[STATEMENT_KEY_MAX];
    struct span key, lines;
    if (part_get(c, s->id, "lines", room, &key, &lines) && !span_eq(lines, buf_span(&out->lines.bundles)))
        check_row_fails(c, TABLE_STATEMENTS, key, "is not what the entries give");
}

/* The note over the tree in front of the entry at `index`; whether the root log has it is known at the end. */
static void compare_note(struct check *c, const struct contract *k, const struct entry_statement *s, uint64_t index,
                         const struct hash *root)
{
    char room[STATEMENT_KEY_MAX], name[ORIGIN_CAP];
    uint8_t pubs[PUBLICS][ED25519_KEY_LEN], sum[HASH_LEN];
    struct note_key keys[PUBLICS];
    struct checkpoint closed;
    struct span key, note, origin = instance_log_name(&c->in, k, name);
    size_t n = keys_log_publics(c->in.keys, pubs, PUBLICS);
    if (!part_get(c, s->id, "checkpoint", room, &key, &note))
        return;
    for (size_t i = 0; i < n; i++) {
        keys[i].name = origin;
        memcpy(keys[i].pub, pubs[i], ED25519_KEY_LEN);
    }
    if (checkpoint_open_plain(note, keys, n, &closed, NULL) != ERR_OK || !span_eq(closed.origin, origin))
        check_row_fails(c, TABLE_STATEMENTS, key, "is not signed by a log key of ours over what it says");
    else if (closed.size != index || memcmp(closed.root.b, root->b, HASH_LEN) != 0)
        check_row_fails(c, TABLE_STATEMENTS, key, "is over another tree than the one in front of the statement");
    sha256(note.ptr, note.len, sum);
    buf_clear(&c->scratch);
    buf_add(&c->scratch, sum, sizeof sum);
    buf_span_add(&c->scratch, key);
    row_set_add(c->closed_heads, buf_span(&c->scratch));
}

/* Compares the signed payload with the one that the entries give; *out is the latter. */
static enum err compare_payload(struct check *c, struct checked_log *log, uint64_t index, const struct entry *e,
                                const struct hash *root, struct statement_out *out, struct problem *why)
{
    const struct entry_statement *s = &e->statement;
    char room[STATEMENT_KEY_MAX], member[64];
    struct span key = SPAN(""), jws, issuer = span_str(c->in.public_url);
    struct statement said = {0};
    struct buf payload;
    buf_heap(&payload);
    bool stored = part_get(c, s->id, "jws", room, &key, &jws), opened = stored && open_jws(c, jws, &payload);
    if (stored && !opened)
        check_row_fails(c, TABLE_STATEMENTS, key, "is not signed by a statement key of ours over what it says");
    if (opened)
        issuer = issuer_of(c, buf_span(&payload), key, &said);
    enum err err = fold_statement(&log->fold, index, e, root, issuer, out, why);
    if (err == ERR_OK && opened && fold_difference(buf_span(&payload), buf_span(&out->payload), member, sizeof member))
        check_row_fails(c, TABLE_STATEMENTS, key, "says otherwise than the entries: see %s", member);
    else if (err == ERR_OK && memcmp(out->sha256.b, s->sha256.b, HASH_LEN) != 0)
        finds_failure(&c->finding[STORE_CHECK_STATEMENTS], "entry %llu of log %u hashed another statement than %.*s",
                      (unsigned long long)index, log->number, (int)s->id.len, s->id.ptr);
    statement_close(&said);
    buf_free(&payload);
    return err;
}

enum err check_end_of(void *ctx, uint64_t number, uint64_t *to)
{
    const struct checked_log *log = ctx;
    const struct period *p = &log->fold.period;
    const struct view stored = store_view(log->check->txn);
    uint64_t behind = p->n_marks > 0 ? p->mark[p->n_marks - 1].cut.to : p->from, size = log->tree.frontier.size;
    struct settled_row row;
    (void)number; /* periods without entries have no row, and need none */
    enum err err = row_settled(&stored, log->number, size > behind ? size - 1 : behind, &row);
    if (err == ERR_OK)
        *to = row.to;
    return err;
}

void check_statement(struct check *c, struct checked_log *log, const struct contract *k, uint64_t index,
                     const struct entry *e)
{
    const struct entry_statement *s = &e->statement;
    struct statement_out out = {0};
    struct problem why = {0};
    struct hash root;
    frontier_root(&log->tree.frontier, &root);
    enum err err = compare_payload(c, log, index, e, &root, &out, &why);
    if (err != ERR_OK)
        finds_failure(&c->finding[STORE_CHECK_STATEMENTS],
                      "contract %s: statement %.*s cannot be built from its log: %.150s", k->id, (int)s->id.len,
                      s->id.ptr, why.detail[0] ? why.detail : err_title(err));
    if (err == ERR_CONFLICT)
        return;
    if (err == ERR_OK)
        compare_lines(c, s, &out);
    compare_note(c, k, s, index, &root);
    if (fold_next(&log->fold, index, e, &root, err == ERR_OK ? &out : NULL) != ERR_OK)
        finds_failure(&c->finding[STORE_CHECK_STATEMENTS], "statement %.*s has no period", (int)s->id.len, s->id.ptr);
    statement_free(&out);
}

/* The second place that an answer is known from. */
static void check_answered(struct check *c, const struct entry_response *r)
{
    char room[STATEMENT_KEY_MAX];
    struct span key, ids;
    if (part_get(c, r->statement, "answered", room, &key, &ids) && !answered_has(ids, r->party))
        check_row_fails(c, TABLE_STATEMENTS, key, "lacks party %.*s, whose answer the log holds", (int)r->party.len,
                        r->party.ptr);
}

/* Of each row of who answered: nobody twice, and nobody else. */
static void answered_is_held(struct check *c, enum table t, struct span key, struct span ids)
{
    char room[STATEMENT_KEY_MAX];
    struct span id, answer, statement = span_of(key.ptr, strnlen(key.ptr, key.len));
    bool good = true;
    if (!span_is(span_skip(key, statement.len < key.len ? statement.len + 1 : key.len), "answered"))
        return;
    while (good && answered_take(&ids, &id))
        good = statement_key(statement, id, room, &answer) == ERR_OK && row_set_has(c->answers, answer) &&
               !answered_has(ids, id);
    if (!good || ids.len > 0)
        check_row_fails(c, t, key, "is not who answered by the entries");
}

/* `before` is of the map, whose next change takes it. */
static void keep_earlier(struct check *c, const struct entry_response *r, struct span before)
{
    char room[ANSWER_KEY_MAX];
    uint8_t kept[HASH_LEN + 8];
    struct span key;
    memcpy(kept, before.ptr, sizeof kept);
    if (answer_key(r->statement, r->party, (int64_t)load_be64(kept + HASH_LEN), room, &key) != ERR_OK)
        return;
    row_set_add(c->answers, key);
    byte_map_put(c->last_answer, key, span_of(kept, sizeof kept));
}

void check_response(struct check *c, const struct entry_response *r)
{
    char room[STATEMENT_KEY_MAX];
    uint8_t sum_and_time[HASH_LEN + 8];
    struct span key, before;
    struct party_jws said;
    int64_t at_ms = 0;
    if (statement_key(r->statement, r->party, room, &key) != ERR_OK)
        return;
    if (party_jws_read(r->jws, RESPONSE_TYP, r->party, &said, NULL) == ERR_OK) {
        at_ms = said.at_ms;
        party_jws_close(&said);
    }
    if (byte_map_get(c->last_answer, key, &before))
        keep_earlier(c, r, before);
    row_set_add(c->answers, key);
    check_answered(c, r);
    sha256(r->jws.ptr, r->jws.len, sum_and_time);
    store_be64(sum_and_time + HASH_LEN, (uint64_t)at_ms);
    byte_map_put(c->last_answer, key, span_of(sum_and_time, sizeof sum_and_time));
}

/* A later answer takes the place of the one before, which has a row of its own. */
static void answer_is_last(struct check *c, enum table t, struct span key, struct span jws)
{
    uint8_t sum[HASH_LEN];
    struct span last;
    sha256(jws.ptr, jws.len, sum);
    if (byte_map_get(c->last_answer, key, &last) && memcmp(last.ptr, sum, sizeof sum) != 0)
        check_row_fails(c, t, key, "is not the answer that the log holds");
}

void prove_statements(struct check *c)
{
    check_set(c, TABLE_STATEMENTS);
    check_each(c, TABLE_STATEMENTS, answered_is_held);
    for (size_t i = 0; i < row_set_count(c->closed_heads); i++) {
        struct span both = row_set_at(c->closed_heads, i);
        if (!row_set_has(c->published, span_of(both.ptr, HASH_LEN)))
            check_row_fails(c, TABLE_STATEMENTS, span_of(both.ptr + HASH_LEN, both.len - HASH_LEN),
                            "is no head that the root log holds");
    }
}

void prove_responses(struct check *c)
{
    check_set(c, TABLE_COSIGNED);
    check_each(c, TABLE_COSIGNED, answer_is_last);
}
