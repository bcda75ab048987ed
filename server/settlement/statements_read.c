/* GET /v1/statements/{id}...: what was issued, for those who may see it. */
#include "common/base/accept.h"
#include "common/base/ascii.h"
#include "common/base/bytes.h"
#include "common/base/http_words.h"
#include "common/base/text.h"
#include "common/ledger/jws.h"
#include "common/ledger/note.h"
#include "common/settlement/statement_text.h"
#include "server/api/call.h"
#include "server/api/list.h"
#include "server/settlement/settlement.h"
#include "server/settlement/statements.h"
#include "server/system/system.h"

/* ---- rows ---- */

enum err statement_key(struct span id, struct span suffix, char out[STATEMENT_KEY_MAX], struct span *key)
{
    if (id.len == 0 || id.len > LIMIT_ID || suffix.len > LIMIT_ID || memchr(id.ptr, '\0', id.len) != NULL)
        return ERR_NOT_FOUND;
    memcpy(out, id.ptr, id.len);
    out[id.len] = '\0';
    memcpy(out + id.len + 1, suffix.ptr, suffix.len);
    *key = span_of(out, id.len + 1 + suffix.len);
    return ERR_OK;
}

enum err answer_key(struct span id, struct span party, int64_t at_ms, char out[ANSWER_KEY_MAX], struct span *key)
{
    enum err err = statement_key(id, party, out, key);
    if (err != ERR_OK)
        return err;
    out[key->len] = '\0';
    store_be64((uint8_t *)out + key->len + 1, (uint64_t)at_ms);
    *key = span_of(out, key->len + 9);
    return ERR_OK;
}

enum err statement_part(struct txn *t, struct span id, const char *part, struct span *out)
{
    char room[STATEMENT_KEY_MAX];
    struct span key;
    enum err err = statement_key(id, span_str(part), room, &key);
    return err == ERR_OK ? store_get(t, TABLE_STATEMENTS, key, out) : err;
}

/* ---- what a payload says ---- */

static void write_summary(const struct statement *s, const struct hash *sha256, struct buf *out)
{
    struct jw w;
    jw_open(&w, out);
    jw_object(&w);
    jw_kint(&w, "carried_micros", s->carried_micros);
    jw_kstr(&w, "contract", s->contract);
    jw_kstr(&w, "currency", s->currency);
    jw_ktime(&w, "due_at", s->due_ms);
    jw_kint(&w, "from", (int64_t)s->from);
    jw_ktime(&w, "from_at", s->from_ms);
    jw_kstr(&w, "id", s->id);
    jw_ktime(&w, "issued_at", s->issued_ms);
    jw_kint(&w, "lines", (int64_t)s->n_lines);
    jw_kint(&w, "net_micros", s->net_micros);
    jw_kint(&w, "number", (int64_t)s->number);
    jw_kstr(&w, "payable_by", s->payable_by);
    jw_kint(&w, "payable_minor", s->payable_minor);
    jw_khex(&w, "sha256", sha256->b, sizeof sha256->b);
    jw_kstr(&w, "timezone", s->timezone);
    jw_kint(&w, "to", (int64_t)s->to);
    jw_ktime(&w, "to_at", s->to_ms);
    jw_kint(&w, "to_pay_minor", s->to_pay_minor);
    statement_vat_write(&w, s);
    jw_kint(&w, "vat_minor", s->vat_minor);
    jw_object_end(&w);
    jw_close(&w);
}

enum err statement_summary(struct span payload, struct buf *out)
{
    struct statement s;
    struct hash sum;
    enum err err = statement_read(payload, &s);
    if (err != ERR_OK)
        return err;
    sha256(payload.ptr, payload.len, sum.b);
    write_summary(&s, &sum, out);
    statement_close(&s);
    return ERR_OK;
}

/* Of a statement without its payload: whether there is none, or only that part of it gone. */
static enum err is_no_statement(struct txn *t, struct span id)
{
    static const enum table tables[] = {TABLE_STATEMENTS, TABLE_COSIGNED};
    char room[STATEMENT_KEY_MAX];
    struct span from, key, value;
    enum err err = statement_key(id, SPAN(""), room, &from);
    for (size_t i = 0; i < 2 && err == ERR_OK; i++) {
        err = store_seek(t, tables[i], from, &key, &value);
        if (err == ERR_OK && key.len >= from.len && memcmp(key.ptr, from.ptr, from.len) == 0)
            return ERR_CORRUPT;
        if (err == ERR_NOT_FOUND)
            err = ERR_OK;
    }
    return err == ERR_OK ? ERR_NOT_FOUND : err;
}

static enum err summary_read(struct span jws, struct summary *out, struct buf *text)
{
    struct buf payload;
    struct statement s;
    enum err err;
    buf_heap(&payload);
    if ((err = jws_general_payload(jws, &payload)) == ERR_OK &&
        (err = statement_read(buf_span(&payload), &s)) == ERR_OK) {
        const size_t before = text->len;
        *out = (struct summary){.number = s.number,
                                .from = s.from,
                                .to = s.to,
                                .from_ms = s.from_ms,
                                .to_ms = s.to_ms,
                                .issued_ms = s.issued_ms};
        sha256(payload.ptr, payload.len, out->sha256.b);
        write_summary(&s, &out->sha256, text);
        out->text = span_of(text->ptr + before, text->len - before);
        err = s.id.len <= LIMIT_ID && s.contract.len <= LIMIT_ID ? ERR_OK : ERR_CORRUPT;
        if (err == ERR_OK) {
            memcpy(out->id, s.id.ptr, s.id.len);
            memcpy(out->contract, s.contract.ptr, s.contract.len);
        }
        statement_close(&s);
    }
    buf_free(&payload);
    return err;
}

/* Of a thread's own, which may be kept; text: room for what it says. */
static enum err summary_of(struct summaries *known, struct span jws, struct summary *out, struct buf *text)
{
    struct hash sum;
    if (known == NULL)
        return summary_read(jws, out, text);
    sha256(jws.ptr, jws.len, sum.b);
    const struct summary *before = summaries_known(known, &sum);
    if (before != NULL) {
        *out = *before;
        return ERR_OK;
    }
    enum err err = summary_read(jws, out, text);
    if (err == ERR_OK)
        summaries_keep(known, &sum, out);
    return err;
}

enum err statement_summed(struct summaries *known, struct txn *t, const struct catalog *c, struct span id,
                          struct statement_meta *out, struct buf *summary)
{
    struct span jws;
    struct summary s;
    struct buf text;
    enum err err = statement_part(t, id, "jws", &jws);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? is_no_statement(t, id) : err;
    buf_heap(&text);
    if ((err = summary_of(known, jws, &s, &text)) == ERR_OK) {
        const struct statement_meta m = {.contract = catalog_contract(c, span_str(s.contract)),
                                         .number = s.number,
                                         .from = s.from,
                                         .to = s.to,
                                         .sha256 = s.sha256,
                                         .from_ms = s.from_ms,
                                         .to_ms = s.to_ms,
                                         .issued_ms = s.issued_ms};
        if (summary != NULL)
            buf_span_add(summary, s.text);
        err = !span_is(id, s.id) ? ERR_CORRUPT : m.contract == NULL ? ERR_NOT_FOUND : ERR_OK;
        if (err == ERR_OK)
            *out = m;
    }
    buf_free(&text);
    return err;
}

enum err statement_meta_read(struct txn *t, const struct catalog *c, struct span id, struct statement_meta *out)
{
    return statement_summed(NULL, t, c, id, out, NULL);
}

enum err statement_find(struct request *rq, struct txn *t, struct span id, struct statement_meta *out)
{
    struct statement_meta m = {.contract = NULL};
    enum err err = statement_summed(rq->worker->summaries, t, rq->catalog, id, &m, NULL);
    if (err == ERR_OK || err == ERR_NOT_FOUND)
        err = call_sees(rq, m.contract, "there is no such statement, or it is not yours to see");
    if (err == ERR_OK)
        *out = m;
    return err;
}

/* ---- GET /v1/statements/{id} ---- */

enum format { FORMAT_JWS, FORMAT_HTML, FORMAT_CSV, FORMATS };

static const struct {
    const char *word, *type, *subtype;
} formats[FORMATS] = {
    [FORMAT_JWS] = {"jws", "application", "jose+json"},
    [FORMAT_HTML] = {"html", "text", "html"},
    [FORMAT_CSV] = {"csv", "text", "csv"},
};

/* The format that a media range means, FORMATS for none of ours. A wildcard means the first that it covers. */
static enum format range_format(struct span range)
{
    struct span subtype = range, type = text_trim(text_take(&subtype, '/'), HTTP_BLANKS);
    subtype = text_trim(subtype, HTTP_BLANKS);
    for (enum format f = 0; f < FORMATS; f++)
        if ((ascii_is(type, formats[f].type) && (ascii_is(subtype, formats[f].subtype) || span_is(subtype, "*"))) ||
            (span_is(type, "*") && span_is(subtype, "*")))
            return f;
    return FORMATS;
}

/* The type of ours that Accept weighs most, the first among equals; the JWS when it names none. */
static enum format accepted(struct span accept)
{
    enum format best = FORMAT_JWS;
    struct span range;
    int best_q = 0, q;
    while (accept_next(&accept, &range, &q)) {
        enum format f = range_format(range);
        if (f != FORMATS && q > best_q) {
            best = f;
            best_q = q;
        }
    }
    return best;
}

/* ?format= wins, so that a link in a browser can ask for any. */
static enum err format_choose(struct request *rq, const struct param *format, enum format *out)
{
    *out = accepted(rq->accept);
    if (!format->given)
        return ERR_OK;
    for (enum format f = 0; f < FORMATS; f++)
        if (span_is(format->value, formats[f].word) || (f == FORMAT_JWS && span_is(format->value, "jose"))) {
            *out = f;
            return ERR_OK;
        }
    return problem(&rq->problem, ERR_MALFORMED, "format", "must be jws (or jose, the same), html or csv");
}

/* ---- the parts of one, which must fit each other ---- */

struct parts {
    struct span jws, bundles, note;
    struct span payload; /* of jws, in the arena */
};

/* The keys that the parts of a contract's statements must be signed with. */
struct parts_keys {
    uint8_t statement[KEYS_MAX][ED25519_KEY_LEN], log[KEYS_MAX][ED25519_KEY_LEN];
    struct note_key of_log[KEYS_MAX];
    char name[ORIGIN_CAP];
};

static void checked_with(const struct request *rq, const struct contract *k, struct parts_keys *room,
                         struct fitting_on *on)
{
    const struct instance *in = &rq->worker->server->instance;
    on->statement_keys = room->statement;
    on->n_statement_keys = keys_statement_publics(in->keys, room->statement, KEYS_MAX);
    on->log_keys = room->of_log;
    on->n_log_keys = keys_log_publics(in->keys, room->log, KEYS_MAX);
    for (size_t i = 0; i < on->n_log_keys; i++) {
        room->of_log[i].name = instance_log_name(in, k, room->name);
        memcpy(room->of_log[i].pub, room->log[i], ED25519_KEY_LEN);
    }
}

/* Signed by a key of ours, with these bundles of lines and the head of a tree. Between its steps others have their
 * turn, as each takes as long as many rows. */
static enum err parts_prove(const struct fitting_on *on, struct span contract, uint64_t *size, struct hash *root)
{
    struct buf payload;
    struct statement s;
    struct checkpoint head;
    bool fits = false;
    buf_heap(&payload);
    thread_give_way();
    for (size_t i = 0; i < on->n_statement_keys && payload.len == 0; i++)
        if (jws_general_open(on->jws, on->statement_keys[i], STATEMENT_TYP, &payload, NULL) != ERR_OK)
            buf_clear(&payload);
    thread_give_way();
    if (payload.len > 0 && statement_read(buf_span(&payload), &s) == ERR_OK) {
        thread_give_way();
        fits = span_eq(s.contract, contract) && statement_has_bundles(&s, on->bundles) &&
               checkpoint_open_plain(on->note, on->log_keys, on->n_log_keys, &head, NULL) == ERR_OK &&
               (head.size > s.to || (head.size == s.to && memcmp(head.root.b, s.to_root.b, HASH_LEN) == 0));
        statement_close(&s);
    }
    buf_free(&payload);
    if (fits) {
        *size = head.size;
        *root = head.root;
    }
    return fits ? ERR_OK : ERR_CORRUPT;
}

/* That head, where it has more than the statement closes, is the tree's own: whatever was proved before, the rows say
 * so now. */
static enum err head_fits(struct txn *t, const struct statement_meta *m, uint64_t size, const struct hash *root)
{
    struct hash own = *root;
    enum err err = size > m->to ? ledger_root_at(t, m->contract->number, size, &own) : ERR_OK;
    if (err == ERR_OK && memcmp(own.b, root->b, HASH_LEN) == 0)
        return ERR_OK;
    return err == ERR_OK || err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

static enum err parts_fit(const struct request *rq, struct txn *t, const struct statement_meta *m, struct parts *p)
{
    struct fitting_on on = {.jws = p->jws, .bundles = p->bundles, .note = p->note};
    struct fitting *before = rq->worker->fitting;
    struct parts_keys keys;
    struct hash sum, root;
    struct buf payload;
    uint64_t size;
    checked_with(rq, m->contract, &keys, &on);
    fitting_sum(&on, &sum);
    bool known = fitting_known(before, &sum, &size, &root);
    enum err err = known ? ERR_OK : parts_prove(&on, span_str(m->contract->id), &size, &root);
    if (err != ERR_OK || (err = head_fits(t, m, size, &root)) != ERR_OK)
        return err;
    if (!known)
        fitting_keep(before, &sum, size, &root);
    buf_heap(&payload);
    if ((err = jws_general_payload(p->jws, &payload)) == ERR_OK)
        p->payload = arena_copy(rq->arena, buf_span(&payload));
    buf_free(&payload);
    return err;
}

static enum err parts_read(struct request *rq, struct txn *t, struct span id, const struct statement_meta *m,
                           struct parts *out)
{
    enum err err;
    if ((err = statement_part(t, id, "jws", &out->jws)) != ERR_OK ||
        (err = statement_part(t, id, "lines", &out->bundles)) != ERR_OK ||
        (err = statement_part(t, id, "checkpoint", &out->note)) != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    if ((err = parts_fit(rq, t, m, out)) != ERR_CORRUPT)
        return err;
    return worker_fails(rq, ERR_CORRUPT,
                        "the stored parts of statement %.*s do not fit each other: run countersign check", (int)id.len,
                        id.ptr);
}

enum { PARAM_SHARE, PARAM_FORMAT, PARAM_LANG, PARAM_LINES, PARAMS };
static const struct param params[PARAMS] = {[PARAM_SHARE] = {.name = "share"},
                                            [PARAM_FORMAT] = {.name = "format"},
                                            [PARAM_LANG] = {.name = "lang"},
                                            [PARAM_LINES] = {.name = "lines"}};

/* What is asked of the page: its language, and whether all line items. */
static enum language language_of_page(const struct request *rq, const struct param p[PARAMS])
{
    return language_accepted(p[PARAM_LANG].given ? p[PARAM_LANG].value : rq->accept_language);
}

static enum err page_choose(struct request *rq, const struct param p[PARAMS], struct shown *s)
{
    struct buf address;
    s->language = s->form == FORM_CSV && !p[PARAM_LANG].given
                      ? LANGUAGE_EN /* programs read it: a browser's language moves no comma */
                      : language_of_page(rq, p);
    s->all_lines = p[PARAM_LINES].given;
    if (p[PARAM_LINES].given && !span_is(p[PARAM_LINES].value, "all"))
        return problem(&rq->problem, ERR_MALFORMED, "lines", "must be all, or left out");
    arena_buf(rq->arena, &address, LIMIT_ID + SHARE_LEN + 32);
    buf_span_add(&address, s->id);
    buf_str(&address, p[PARAM_SHARE].given ? "?share=" : "?");
    buf_span_add(&address, p[PARAM_SHARE].value);
    buf_str(&address, p[PARAM_SHARE].given ? "&" : "");
    s->address = buf_span(&address);
    return ERR_OK;
}

/* What of a statement's parts a reply that goes on needs, in the arena. */
static void shown_of(struct request *rq, const struct parts *parts, struct shown *s)
{
    s->payload = parts->payload;
    s->bundles = arena_copy(rq->arena, parts->bundles);
}

static enum err statement_reply(struct request *rq, struct reply *reply, struct txn *t, const struct param p[PARAMS],
                                enum format f, struct shown *s)
{
    struct parts parts;
    enum err err = parts_read(rq, t, s->id, &s->meta, &parts);
    if (err != ERR_OK)
        return err;
    reply_header(reply, "Cache-Control", SPAN("private, no-cache"));
    reply_header(reply, "Vary", SPAN("Accept, Accept-Language, Authorization"));
    if (f == FORMAT_JWS) {
        reply_body(rq, reply, "application/jose+json", parts.jws);
        return ERR_OK;
    }
    s->form = f == FORMAT_CSV ? FORM_CSV : FORM_PAGE;
    if ((err = page_choose(rq, p, s)) != ERR_OK)
        return err;
    shown_of(rq, &parts, s);
    return statement_show(rq, reply, t, s);
}

/* The route is public: a share link needs no token, and takes a turn of its own. */
enum err statements_admit(struct request *rq)
{
    struct param p[PARAMS];
    memcpy(p, params, sizeof p);
    enum err err = params_read(rq, p, PARAMS);
    if (err != ERR_OK)
        return err;
    if (!p[PARAM_SHARE].given)
        return rq->caller != NULL ? ERR_OK
               : !span_empty(rq->authorization)
                   ? dispatch_caller(rq)
                   : problem(&rq->problem, ERR_UNAUTHORIZED, "", "needs Authorization: Bearer, or a share link");
    if (!share_is_ours(rq->worker->server->instance.keys, rq->param[0], p[PARAM_SHARE].value))
        return problem(&rq->problem, ERR_NOT_FOUND, "share", "this link does not open anything");
    rq->queue = rq->param[0];
    return ERR_OK;
}

enum err statements_get(struct request *rq, struct reply *reply)
{
    struct param p[PARAMS];
    struct shown s = {.id = rq->param[0], .texts = true};
    struct txn *t;
    enum format f;
    enum err err;
    memcpy(p, params, sizeof p);
    if ((err = params_read(rq, p, PARAMS)) != ERR_OK || (err = worker_reader(rq->worker, &t)) != ERR_OK)
        return err;
    if ((err = format_choose(rq, &p[PARAM_FORMAT], &f)) != ERR_OK)
        return err;
    if (!p[PARAM_SHARE].given) {
        err = statement_find(rq, t, s.id, &s.meta);
    } else {
        s.share = p[PARAM_SHARE].value;
        err = share_opens(rq, t, s.id, s.share, &s.texts);
        if (err == ERR_NOT_FOUND && f == FORMAT_HTML) {
            statement_show_over(rq, reply, language_of_page(rq, p));
            return ERR_OK;
        }
        if (err == ERR_OK)
            err = statement_meta_read(t, rq->catalog, s.id, &s.meta);
    }
    if (err != ERR_OK)
        return err;
    return statement_reply(rq, reply, t, p, f, &s);
}

/* ---- GET /v1/statements/{id}/lines, /checkpoint ---- */

static enum err parts_asked(struct request *rq, struct txn **t, struct parts *parts, struct statement_meta *m)
{
    enum err err;
    if ((err = params_read(rq, NULL, 0)) != ERR_OK || (err = worker_reader(rq->worker, t)) != ERR_OK ||
        (err = statement_find(rq, *t, rq->param[0], m)) != ERR_OK)
        return err;
    return parts_read(rq, *t, rq->param[0], m, parts);
}

enum err statements_lines(struct request *rq, struct reply *reply)
{
    struct shown s = {.form = FORM_LINES, .id = rq->param[0]};
    struct parts parts;
    struct txn *t;
    enum err err = parts_asked(rq, &t, &parts, &s.meta);
    if (err != ERR_OK)
        return err;
    shown_of(rq, &parts, &s);
    reply_header(reply, "Cache-Control", SPAN("private, no-cache"));
    return statement_show(rq, reply, t, &s);
}

enum err statements_checkpoint(struct request *rq, struct reply *reply)
{
    struct statement_meta m;
    struct parts parts;
    struct txn *t;
    enum err err = parts_asked(rq, &t, &parts, &m);
    if (err != ERR_OK)
        return err;
    reply_body(rq, reply, "text/plain; charset=utf-8", parts.note);
    reply_header(reply, "Cache-Control", SPAN("private, no-cache"));
    return ERR_OK;
}
