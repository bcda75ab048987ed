/* Answers of the parties to a statement: accept or dispute, signed by their own keys. A later one takes the place of
 * the one before; both stay in the log. */
#include <assert.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/base/text.h"
#include "common/ledger/jws.h"
#include "common/settlement/statement.h"
#include "server/api/body.h"
#include "server/api/call.h"
#include "server/api/go_on.h"
#include "server/api/list.h"
#include "server/commit/contract_write.h"
#include "server/settlement/corrections.h"
#include "server/settlement/settlement.h"
#include "server/settlement/statements.h"

enum { RESPONSE_MAX = 32768 }; /* bytes of a compact JWS: it must fit an entry */

/* ---- POST /v1/statements/{id}/responses ---- */

static enum err response_open(const struct instance *in, const struct party *p, struct span jws, struct response *out,
                              struct problem *why)
{
    struct party_jws said;
    if (!p->has_key)
        return problem(why, ERR_CONFLICT, "", "this party has no countersigning key yet: PUT /v1/parties/%s/key first",
                       p->id);
    enum err err = party_jws_open(jws, p->pub, RESPONSE_TYP, span_str(p->id), &said, why);
    if (err == ERR_OK)
        err = response_read(&said, out, why);
    if (err == ERR_OK && (err = party_jws_to(&out->said, span_str(in->public_url), why)) != ERR_OK)
        response_close(out);
    return err;
}

/* Whether a row reads as what was taken: the party's answer to this statement, and signed in form. By which key the log
 * says, for a key may have changed since. */
static enum err stored_check(struct span jws, const struct who *p, const struct statement_meta *m, int64_t *at_ms)
{
    const char *last = memrchr(jws.ptr, '.', jws.len);
    struct party_jws said;
    struct response r;
    uint8_t sig[ED25519_SIG_LEN];
    size_t len;
    struct span signed_by = span_skip(jws, last != NULL ? (size_t)(last + 1 - jws.ptr) : jws.len);
    if (party_jws_read(jws, RESPONSE_TYP, span_str(p->id), &said, NULL) != ERR_OK ||
        response_read(&said, &r, NULL) != ERR_OK)
        return ERR_CORRUPT;
    *at_ms = r.said.at_ms;
    bool good = b64url_decode(signed_by, sig, sizeof sig, &len) == ERR_OK && len == sizeof sig &&
                memcmp(r.statement_sha256.b, m->sha256.b, HASH_LEN) == 0;
    response_close(&r);
    return good ? ERR_OK : ERR_CORRUPT;
}

/* ---- who answered ---- */

/* Ids, a 00 behind each: a second place that an answer is known from, so that its row cannot go unnoticed. ERR_OK also
 * when nobody did. */
enum err answered_read(struct txn *t, struct span statement, struct span *ids)
{
    enum err err = statement_part(t, statement, "answered", ids);
    if (err == ERR_NOT_FOUND)
        *ids = SPAN("");
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

bool answered_take(struct span *ids, struct span *id)
{
    const char *end = ids->len > 0 ? memchr(ids->ptr, '\0', ids->len) : NULL;
    if (end == NULL)
        return false;
    *id = span_of(ids->ptr, (size_t)(end - ids->ptr));
    *ids = span_skip(*ids, id->len + 1);
    return true;
}

bool answered_has(struct span ids, struct span party)
{
    struct span id;
    while (answered_take(&ids, &id))
        if (span_eq(id, party))
            return true;
    return false;
}

enum err statement_answer(struct txn *t, struct span statement, const struct who *p, const struct statement_meta *m,
                          struct span *jws, int64_t *at_ms)
{
    char room[STATEMENT_KEY_MAX];
    struct span key, ids, row = SPAN("");
    enum err err = answered_read(t, statement, &ids);
    if (err != ERR_OK || (err = statement_key(statement, span_str(p->id), room, &key)) != ERR_OK)
        return err;
    err = store_get(t, TABLE_COSIGNED, key, &row);
    if (err == ERR_OK)
        err = stored_check(row, p, m, at_ms);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    if (answered_has(ids, span_str(p->id)) != (err == ERR_OK))
        return ERR_CORRUPT;
    if (err == ERR_OK)
        *jws = row;
    return err;
}

static void answer_response(struct job *job, const struct contract *k, bool accept, int status)
{
    struct answer a;
    answer_open(&a);
    jw_object(&a.w);
    jw_kstr(&a.w, "contract", span_str(k->id));
    jw_kstr(&a.w, "statement", job->record.response.statement);
    jw_kstr(&a.w, "verdict", accept ? SPAN("accept") : SPAN("dispute"));
    jw_object_end(&a.w);
    answer_job(&a, job, status);
}

/* What takes the place of an answer keeps it: `jws` points into the store, and is gone with the first write. */
static enum err keep_earlier(struct batch *cx, struct span statement, const struct party *p, struct span jws,
                             int64_t at_ms)
{
    char room[ANSWER_KEY_MAX];
    struct span key;
    struct buf copy;
    enum err err = answer_key(statement, span_str(p->id), at_ms, room, &key);
    if (err != ERR_OK || span_empty(jws))
        return err;
    buf_heap(&copy);
    buf_span_add(&copy, jws);
    err = store_put(cx->txn, TABLE_COSIGNED, key, buf_span(&copy));
    buf_free(&copy);
    return err;
}

/* The entry, the row, and who answered. */
static enum err response_write(struct batch *cx, const struct job *job, const struct statement_meta *m,
                               const struct party *p)
{
    const struct span statement = job->record.response.statement, jws = job->record.response.jws;
    char room[STATEMENT_KEY_MAX], all_room[STATEMENT_KEY_MAX];
    struct span key, before, all_key;
    struct buf all;
    struct entry entry = {
        .kind = ENTRY_RESPONSE,
        .at_ms = cx->now_ms,
        .response = {.party = span_str(p->id), .statement = statement, .jws = jws},
    };
    enum err err = answered_read(cx->txn, statement, &before);
    if (err != ERR_OK || (err = statement_key(statement, span_str(p->id), room, &key)) != ERR_OK ||
        (err = statement_key(statement, SPAN("answered"), all_room, &all_key)) != ERR_OK)
        return err;
    buf_heap(&all); /* copied: it is gone with the first write */
    buf_span_add(&all, before);
    if (!answered_has(before, entry.response.party))
        buf_add(&all, p->id, strlen(p->id) + 1);
    err = pipeline_append(cx, m->contract, &entry, NULL, NULL);
    if (err == ERR_OK)
        err = store_put(cx->txn, TABLE_COSIGNED, key, jws);
    if (err == ERR_OK)
        err = store_put(cx->txn, TABLE_STATEMENTS, all_key, buf_span(&all));
    buf_free(&all);
    return err;
}

enum err response_run(struct batch *cx, struct job *job)
{
    const struct span statement = job->record.response.statement, jws = job->record.response.jws;
    const struct party *p = catalog_party_number(cx->catalog, job->record.response.party);
    struct statement_meta m;
    struct response r;
    struct span before = SPAN("");
    int64_t before_ms = 0;
    enum err err;
    if ((err = statement_meta_read(cx->txn, cx->catalog, statement, &m)) != ERR_OK ||
        (err = response_open(cx->instance, p, jws, &r, &job->problem)) != ERR_OK)
        return err;
    assert(batch_may_touch(cx, m.contract));
    err = statement_answer(cx->txn, statement, p->who, &m, &before, &before_ms);
    bool again = err == ERR_OK && span_eq(before, jws);
    if (err == ERR_NOT_FOUND)
        err = ERR_OK;
    if (err == ERR_OK && !again)
        err = go_on_none(cx, RECORD_PARTY_KEY, p->number, &job->problem);
    if (err == ERR_OK && !again)
        err = response_fits(&r, &m.sha256, m.issued_ms, before_ms, cx->now_ms, &job->problem);
    if (err == ERR_OK && !again)
        err = response_lines(&r, &cx->view, m.contract->number, m.from, m.to, &job->problem);
    if (err == ERR_OK) {
        answer_response(job, m.contract, r.accept, again ? 200 : 201);
        if (!again)
            err = keep_earlier(cx, statement, p, before, before_ms);
        err = again || err != ERR_OK ? err : response_write(cx, job, &m, p);
    }
    response_close(&r);
    return err;
}

enum err word_body(struct request *rq, size_t max, struct span *jws)
{
    const struct body_member members[] = {{"jws", BODY_TEXT, 0, max, true}, {NULL}};
    struct span text = text_trim(rq->body, TYPED_BLANKS);
    if (span_starts(text, "{"))
        return body_read(rq, members, jws);
    if (span_empty(text) || text.len > max)
        return problem(&rq->problem, ERR_MALFORMED, "", "the body must be a compact JWS of at most %zu bytes", max);
    *jws = text;
    return ERR_OK;
}

enum err responses_create(struct request *rq, struct reply *reply)
{
    (void)reply;
    struct statement_meta m;
    struct response r;
    struct txn *t;
    struct span jws = {0};
    enum err err;
    if ((err = worker_reader(rq->worker, &t)) != ERR_OK || (err = statement_find(rq, t, rq->param[0], &m)) != ERR_OK)
        return err;
    if (!contract_has_party(m.contract, rq->caller))
        return problem(&rq->problem, ERR_FORBIDDEN, "", "statements are answered by their advertiser and publisher");
    if ((err = word_body(rq, RESPONSE_MAX, &jws)) != ERR_OK ||
        (err = response_open(&rq->worker->server->instance, rq->caller, jws, &r, &rq->problem)) != ERR_OK)
        return err;
    err = response_fits(&r, &m.sha256, m.issued_ms, 0, rq->arrived_ms, &rq->problem);
    response_close(&r);
    if (err != ERR_OK)
        return err;
    struct job *job = worker_job(rq, RECORD_RESPONSE, m.contract->campaign->advertiser);
    job->record.response.party = rq->caller->number;
    job->record.response.statement = rq->param[0];
    job->record.response.jws = jws;
    return call_submit(rq, job);
}

/* ---- what the parties said ---- */

static enum err said_last(struct span jws, const struct who *p, bool whole, json_t *o)
{
    struct party_jws said;
    struct response r;
    if (party_jws_read(jws, RESPONSE_TYP, span_str(p->id), &said, NULL) != ERR_OK ||
        response_read(&said, &r, NULL) != ERR_OK)
        return ERR_CORRUPT;
    json_t *list = json_array(), *reason = json_object_get(r.said.json, "reason");
    for (size_t i = 0; i < r.n_disputed; i++)
        json_array_append_new(list, json_integer((json_int_t)r.disputed[i]));
    json_object_set_new(o, "at", json_time(r.said.at_ms));
    json_object_set_new(o, "disputed", whole ? json_incref(list) : json_integer((json_int_t)r.n_disputed));
    if (reason != NULL)
        json_object_set(o, "reason", reason);
    json_object_set_new(o, "verdict", json_string(r.accept ? "accept" : "dispute"));
    json_decref(list);
    response_close(&r);
    return ERR_OK;
}

/* Those whose place a later one took, the first first. */
static enum err earlier_of(struct txn *t, struct span id, const struct who *p, const struct statement_meta *m,
                           json_t *list)
{
    char room[ANSWER_KEY_MAX];
    struct span from, key, jws;
    int64_t at_ms = 0;
    enum err err = answer_key(id, span_str(p->id), 0, room, &from);
    while (err == ERR_OK && (err = store_seek(t, TABLE_COSIGNED, from, &key, &jws)) == ERR_OK) {
        if (key.len != from.len || memcmp(key.ptr, from.ptr, from.len - 8) != 0)
            return ERR_OK;
        json_t *o = json_object();
        json_array_append_new(list, o);
        json_object_set_new(o, "jws", json_stringn(jws.ptr, jws.len));
        err = stored_check(jws, p, m, &at_ms);
        if (err == ERR_OK)
            err = said_last(jws, p, true, o);
        if (err == ERR_OK)
            err = answer_key(id, span_str(p->id), at_ms + 1, room, &from);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* The JWS itself with it, and what was said before, where it is told whole. */
static enum err state_of(struct txn *t, struct span id, const struct statement_meta *m, const struct who *p, bool whole,
                         json_t *list)
{
    struct span jws;
    int64_t at_ms;
    bool advertiser = p == m->contract->campaign->advertiser;
    json_t *o =
        json_pack("{s:s,s:s,s:s}", "party", p->id, "role", advertiser ? "advertiser" : "publisher", "verdict", "none");
    json_array_append_new(list, o);
    enum err err = statement_answer(t, id, p, m, &jws, &at_ms);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    if (!whole)
        return said_last(jws, p, whole, o);
    json_object_set_new(o, "jws", json_stringn(jws.ptr, jws.len));
    json_t *earlier = json_array();
    json_object_set_new(o, "earlier", earlier);
    err = said_last(jws, p, whole, o);
    return err == ERR_OK ? earlier_of(t, id, p, m, earlier) : err;
}

enum err responses_state(struct txn *t, struct span statement, const struct statement_meta *m, bool whole, json_t **out)
{
    json_t *list = json_array();
    enum err err = state_of(t, statement, m, m->contract->campaign->advertiser, whole, list);
    if (err == ERR_OK && m->contract->publisher != NULL)
        err = state_of(t, statement, m, m->contract->publisher, whole, list);
    if (err == ERR_OK)
        *out = list;
    else
        json_decref(list);
    return err;
}

/* ---- GET /v1/statements/{id}/responses ---- */

/* The entries that the answers dispute; the caller frees *out. */
static size_t disputed_entries(const json_t *answers, uint64_t **out)
{
    const json_t *one, *entry, *list;
    size_t i, j, n = 0, all = 0;
    json_array_foreach((json_t *)answers, i, one) all += json_array_size(json_object_get(one, "disputed"));
    *out = xcalloc(all + 1, sizeof **out);
    json_array_foreach((json_t *)answers, i, one)
    {
        list = json_object_get(one, "disputed");
        json_array_foreach((json_t *)list, j, entry)(*out)[n++] = (uint64_t)json_integer_value(entry);
    }
    return n;
}

static void write_corrections(struct jw *w, struct tokens *tokens, uint32_t contract, const struct laters *later)
{
    jw_key(w, "corrections");
    jw_array(w);
    for (size_t i = 0; i < later->n_lines; i++) {
        const struct page_correction *c = &later->line[i];
        char ref[LEAD_REF_LEN];
        lead_ref_write(tokens, &(struct pointer){.contract = contract, .index = c->lead}, ref);
        jw_object(w);
        jw_kint(w, "index", (int64_t)c->index);
        jw_kstr(w, "lead", span_of(ref, sizeof ref));
        jw_kint(w, "micros", c->micros);
        if (c->number > 0)
            jw_kint(w, "number", (int64_t)c->number);
        jw_object_end(w);
    }
    jw_array_end(w);
}

/* What came of the lines that are disputed. */
static enum err corrections_of(struct request *rq, struct txn *t, const struct statement_meta *m, const json_t *answers,
                               struct jw *w)
{
    uint64_t *entries;
    size_t n = disputed_entries(answers, &entries);
    struct disputed_lines disputed = {.of = xcalloc(n + 1, sizeof *disputed.of)};
    struct laters later = {.n = 0};
    enum err err = disputed_lines_add(t, m->contract, entries, n, &disputed);
    disputed_lines_sort(&disputed);
    if (err == ERR_OK && disputed.n > 0)
        err = laters_of(t, m, rq->param[0], &disputed, &later);
    if (err == ERR_OK)
        write_corrections(w, rq->worker->tokens, m->contract->number, &later);
    laters_free(&later);
    free(entries);
    free(disputed.of);
    return err;
}

enum err responses_list(struct request *rq, struct reply *reply)
{
    struct statement_meta m;
    struct answer a;
    struct txn *t;
    json_t *data = NULL, *corrected = NULL;
    enum err err;
    if ((err = params_read(rq, NULL, 0)) != ERR_OK || (err = worker_reader(rq->worker, &t)) != ERR_OK ||
        (err = statement_find(rq, t, rq->param[0], &m)) != ERR_OK ||
        (err = adjustments_about(t, m.contract, rq->param[0], &corrected)) != ERR_OK)
        return err;
    err = responses_state(t, rq->param[0], &m, true, &data);
    if (err == ERR_OK) {
        answer_open(&a);
        jw_object(&a.w);
        jw_key(&a.w, "corrected");
        jw_value(&a.w, corrected);
        err = corrections_of(rq, t, &m, data, &a.w);
        jw_key(&a.w, "data");
        jw_value(&a.w, data);
        jw_object_end(&a.w);
        if (err == ERR_OK)
            answer_reply(&a, rq, reply);
        else
            answer_abandon(&a);
    }
    json_decref(corrected);
    json_decref(data);
    return err;
}
