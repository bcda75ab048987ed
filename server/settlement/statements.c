/* POST /v1/contracts/{id}/statements: closes a contract's log at its durable head. */
#include "server/settlement/statements.h"

#include "common/ledger/jws.h"
#include "common/settlement/statement.h"
#include "server/api/api.h"
#include "server/routes.h"
#include "server/system/system.h"
#include "server/worker/server.h"

/* ---- ids: "S" and 12 characters of Crockford base32 over time and chance: their text ascends in order of issue ----
 */

enum { ID_CHARS = 12, ID_RANDOM_BITS = 15 };
static const char base32[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

static uint64_t id_number(struct span id)
{
    uint64_t v = 0;
    for (size_t i = 1; i < id.len && i <= ID_CHARS; i++) {
        const char *digit = memchr(base32, id.ptr[i], 32);
        v = v << 5 | (uint64_t)(digit != NULL ? digit - base32 : 0);
    }
    return v;
}

static enum err id_next(struct txn *t, int64_t now_ms, char out[LIMIT_ID + 1])
{
    struct cursor *c;
    struct span key, value;
    uint16_t chance;
    enum err err = cursor_open(t, TABLE_STATEMENTS, &c);
    if (err != ERR_OK)
        return err;
    random_bytes(&chance, sizeof chance);
    uint64_t v = (uint64_t)now_ms << ID_RANDOM_BITS | (chance & ((1u << ID_RANDOM_BITS) - 1));
    if (cursor_last(c, &key, &value)) {
        uint64_t last = id_number(span_of(key.ptr, strnlen(key.ptr, key.len)));
        if (v <= last)
            v = last + 1; /* a clock that stepped back, or the same millisecond */
    }
    cursor_close(c);
    out[0] = 'S';
    for (int i = ID_CHARS; i >= 1; i--, v >>= 5)
        out[i] = base32[v & 31];
    out[ID_CHARS + 1] = '\0';
    return ERR_OK;
}

/* ---- the run ---- */

struct issue {
    char id[LIMIT_ID + 1];
    const struct contract *k;
    uint64_t from, to;
    int64_t issued_ms;
    struct statement_out out;
    struct buf jws, note, summary;
};

static void issue_open(struct issue *s)
{
    buf_heap(&s->jws);
    buf_heap(&s->note);
    buf_heap(&s->summary);
}

static void issue_close(struct issue *s)
{
    statement_free(&s->out);
    buf_free(&s->jws);
    buf_free(&s->note);
    buf_free(&s->summary);
}

static enum err issue_build(struct commit *cx, struct issue *s, struct problem *p)
{
    const struct last_statement *last = ledger_last_statement(cx->ledger, s->k->number);
    struct view view = ledger_view(cx->ledger, cx->txn);
    struct statement_in in = {
        .id = span_str(s->id),
        .issuer = span_str(cx->instance->public_url),
        .terms = s->k->terms,
        .terms_index = s->k->terms_index,
        .from = s->from,
        .to = s->to,
        .tally = ledger_tally(cx->ledger, s->k->number),
        .view = &view,
        .contract = s->k->number,
        .carried_in_micros = last->carried_micros,
        .has_prev = last->id[0] != '\0',
        .prev_sha256 = last->sha256,
        .prev_to_ms = last->to_ms,
        .issued_ms = s->issued_ms,
    };
    ledger_root(cx->ledger, s->k->number, &in.to_root);
    enum err err = ledger_root_at(cx->txn, s->k->number, s->from, &in.from_root);
    return err == ERR_OK ? statement_build(&in, &s->out, p) : err;
}

static enum err issue_put(struct commit *cx, struct issue *s)
{
    const struct {
        const char *part;
        const struct buf *bytes;
    } parts[] = {{"checkpoint", &s->note}, {"jws", &s->jws}, {"lines", &s->out.lines.text}};
    enum err err = ERR_OK;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && err == ERR_OK; i++) {
        char room[STATEMENT_KEY_MAX];
        struct span key;
        if ((err = statement_key(span_str(s->id), span_str(parts[i].part), room, &key)) == ERR_OK)
            err = store_put(cx->txn, TABLE_STATEMENTS, key, buf_span(parts[i].bytes));
    }
    return err;
}

/* The entry stands at index `to`: the first of the next period. */
static enum err issue_append(struct commit *cx, struct issue *s)
{
    struct last_statement last = {
        .to = s->to, .carried_micros = s->out.carried_micros, .to_ms = s->out.to_ms, .sha256 = s->out.sha256};
    struct entry entry = {
        .kind = ENTRY_STATEMENT,
        .at_ms = s->issued_ms,
        .statement = {.id = span_str(s->id), .from = s->from, .to = s->to, .sha256 = s->out.sha256},
    };
    struct hash leaf;
    uint64_t index;
    memcpy(last.id, s->id, sizeof last.id);
    ledger_statement(cx->ledger, s->k->number, &last);
    return pipeline_append(cx, s->k, &entry, &index, &leaf);
}

/* The summary with the links. */
static enum err issue_answer(struct commit *cx, struct job *job, const struct issue *s)
{
    const char *base = cx->instance->public_url;
    char share[SHARE_LEN];
    struct answer a;
    struct buf url;
    json_t *more = json_object();
    statement_share(cx->instance->keys, span_str(s->id), share);
    buf_heap(&url);
    buf_printf(&url, "%s/v1/statements/%s", base, s->id);
    json_object_set_new(more, "url", json_stringn(url.ptr, url.len));
    buf_printf(&url, "?format=html&share=%.*s", SHARE_LEN, share);
    json_object_set_new(more, "share_url", json_stringn(url.ptr, url.len));
    buf_free(&url);
    answer_open(&a);
    enum err err = jw_document(&a.w, buf_span(&s->summary), more);
    if (err == ERR_OK)
        answer_job(&a, job, 201);
    else
        answer_abandon(&a);
    return err;
}

static enum err statement_run(struct commit *cx, struct job *job, void *arg)
{
    struct issue s = {.k = catalog_contract_number(cx->catalog, *(uint32_t *)arg), .issued_ms = cx->now_ms};
    int64_t closes_ms = ledger_tally(cx->ledger, s.k->number)->to_ms;
    int64_t closed_ms = ledger_last_statement(cx->ledger, s.k->number)->to_ms;
    if (s.issued_ms < closes_ms || s.issued_ms < closed_ms) /* the clock was set back: not before what it closes */
        s.issued_ms = closes_ms > closed_ms ? closes_ms : closed_ms;
    s.from = ledger_last_statement(cx->ledger, s.k->number)->to;
    s.to = ledger_size(cx->ledger, s.k->number);
    issue_open(&s);
    enum err err = id_next(cx->txn, cx->now_ms, s.id);
    if (err != ERR_OK || (err = issue_build(cx, &s, &job->problem)) != ERR_OK ||
        (err = statement_summary(buf_span(&s.out.payload), &s.summary)) != ERR_OK)
        goto done;
    jws_general(&s.jws, cx->statement_signer, STATEMENT_TYP, buf_span(&s.out.payload));
    if ((err = issue_answer(cx, job, &s)) != ERR_OK || (err = pipeline_publish_head(cx, s.k, &s.note)) != ERR_OK ||
        (err = issue_put(cx, &s)) != ERR_OK)
        goto done;
    err = issue_append(cx, &s);
done:
    issue_close(&s);
    return err;
}

enum err statements_create(struct request *rq, struct reply *reply)
{
    (void)reply;
    static const char *const names[] = {NULL};
    const struct contract *k;
    json_t *body;
    enum err err;
    if ((err = api_contract(rq, rq->param[0], &k)) != ERR_OK || (err = api_body(rq, names, &body)) != ERR_OK)
        return err;
    json_decref(body);
    uint32_t *number = arena_alloc(rq->arena, sizeof *number);
    *number = k->number;
    return control_submit_after_sweep(rq, statement_run, number);
}
