#include "server/api/call.h"

#include "common/base/ascii.h"
#include "common/base/json_peek.h"
#include "common/base/text.h"
#include "common/base/when.h"
#include "server/api/body.h"
#include "server/api/list.h"
#include "server/keys/vault.h"

enum { IDEMPOTENCY_KEY_MAX = 255 };

/* ---- access ---- */

bool caller_is(const struct request *rq, enum role role)
{
    return rq->caller->role == role;
}

enum err call_sees(struct request *rq, const struct contract *k, const char *unseen)
{
    if (k == NULL || rq->caller == NULL || !catalog_may_read(rq->catalog, rq->caller, k))
        return problem(&rq->problem, ERR_NOT_FOUND, "", "%s", unseen);
    rq->seen = k->number;
    rq->unseen = unseen;
    return ERR_OK;
}

enum err call_contract(struct request *rq, struct span id, const struct contract **out)
{
    const struct contract *k = catalog_contract(rq->catalog, id);
    enum err err = call_sees(rq, k, "there is no such contract, or it is not yours to see");
    if (err == ERR_OK)
        *out = k;
    return err;
}

enum err call_party(struct request *rq, struct span id, const struct party **out)
{
    const struct party *p = catalog_party(rq->catalog, id);
    if (p == NULL || (!caller_is(rq, ROLE_OPERATOR) && p->number != rq->caller->number))
        return problem(&rq->problem, ERR_NOT_FOUND, "", "there is no such party, or it is not yours to see");
    *out = p;
    return ERR_OK;
}

enum err call_party_alone(struct request *rq, const struct party **out)
{
    enum err err = call_party(rq, rq->param[0], out);
    return err == ERR_OK ? params_read(rq, NULL, 0) : err;
}

enum err call_party_bare(struct request *rq, const struct party **out)
{
    static const struct body_member none[] = {{NULL}};
    enum err err = call_party(rq, rq->param[0], out);
    return err == ERR_OK ? body_read(rq, none, NULL) : err;
}

enum err call_governs(struct request *rq, const struct party *p)
{
    return p->role == ROLE_OPERATOR && p->number != rq->caller->number ? dispatch_scopes(rq, MAY_OPERATORS) : ERR_OK;
}

struct span call_scope(struct request *rq, enum role role)
{
    struct buf scope;
    arena_buf(rq->arena, &scope, SCOPES_TEXT_MAX);
    scopes_write(&scope, scopes_of(role) & rq->token->scopes);
    return buf_span(&scope);
}

enum err call_lead(struct request *rq, struct span ref, const struct contract **k, uint64_t *index)
{
    struct pointer p = {.index = 0};
    const struct contract *found =
        lead_ref_read(rq->worker->tokens, ref, &p) == ERR_OK ? catalog_contract_number(rq->catalog, p.contract) : NULL;
    enum err err = call_sees(rq, found, "there is no such lead, or it is not yours to see");
    if (err == ERR_OK) {
        *k = found;
        *index = p.index;
    }
    return err;
}

/* ---- writes ---- */

static enum err idempotency_read(struct request *rq, struct idempotency *out)
{
    struct span key = rq->idempotency_key;
    uint8_t hash[HASH_LEN];
    *out = (struct idempotency){0};
    if (key.ptr == NULL)
        return ERR_OK;
    if (key.len < 1 || key.len > IDEMPOTENCY_KEY_MAX || !ascii_printable(key))
        return problem(&rq->problem, ERR_MALFORMED, "Idempotency-Key", "must be 1 to %d printable ASCII characters",
                       IDEMPOTENCY_KEY_MAX);
    /* its token's own: an answer may show a secret, which another token of the party perhaps could not have had made */
    struct span row[] = {span_of((const char *)rq->token->sha256, HASH_LEN), key};
    sha256v(row, 2, hash);
    memcpy(out->row, hash, sizeof out->row);
    uint8_t method = (uint8_t)rq->method;
    struct span request[] = {span_of(&method, 1), rq->target, SPAN("\0"), rq->body};
    sha256v(request, 4, out->request_sha256);
    vault_nonce(out->nonce);
    out->used = true;
    return ERR_OK;
}

enum err call_compiles(struct request *rq, const struct campaign *c, struct span contract)
{
    return compiled_hand(&rq->compiled, catalog_beside(rq->catalog, c->direct), c->document, contract, &rq->problem);
}

enum err call_submit(struct request *rq, struct job *job)
{
    job->compiled = rq->compiled;
    if (rq->method == METHOD_POST) {
        enum err err = idempotency_read(rq, &job->record.idempotency);
        if (err != ERR_OK)
            return err;
    }
    return worker_submit(rq, job);
}

enum err control_finish(struct request *rq, struct job *job, struct reply *reply)
{
    if (job->err != ERR_OK)
        return job->err;
    call_reply(rq, reply, job->answer);
    reply->status = job->answer_status;
    if (job->replayed)
        reply_header(reply, "Idempotent-Replayed", SPAN("true"));
    return ERR_OK;
}

enum err call_look(struct request *rq, const struct job *job, enum err (*look)(struct request *rq, struct reply *reply))
{
    rq->kept = span_of((const char *)job, sizeof *job);
    rq->read = look;
    return ERR_PENDING;
}

struct job *call_looked(const struct request *rq)
{
    return (struct job *)(uintptr_t)rq->kept.ptr;
}

enum err call_look_finish(struct request *rq, struct job *job, struct reply *reply)
{
    return job != NULL ? control_finish(rq, job, reply) : call_submit(rq, call_looked(rq));
}

void call_maker(const struct record *r, uint8_t out[HASH_LEN])
{
    if (r->bearer.used)
        memcpy(out, r->bearer.sha256, HASH_LEN);
    else
        memset(out, 0, HASH_LEN);
}

enum err call_taken(struct job *job, const void *row)
{
    return row != NULL ? problem(&job->problem, ERR_CONFLICT, "", "a random id was drawn twice; send the request again")
                       : ERR_OK;
}

enum err call_effective(json_t *change, int64_t *effective_ms, struct problem *p)
{
    struct span text = SPAN("");
    enum err err = json_get_str(change, "", "effective_at", 64, &text, NULL, p);
    *effective_ms = 0;
    if (err == ERR_OK && !span_empty(text) && time_parse(text, effective_ms) != ERR_OK)
        err = problem(p, ERR_INVALID, "effective_at", "must be an RFC 3339 time such as 2027-01-01T00:00:00Z");
    if (err == ERR_OK)
        json_object_del(change, "effective_at");
    return err;
}

enum err call_notice(struct request *rq, int64_t effective_ms)
{
    return effective_ms <= rq->arrived_ms + LIMIT_NOTICE_DAYS * MS_PER_DAY
               ? ERR_OK
               : problem(&rq->problem, ERR_INVALID, "effective_at",
                         "is more than %d days ahead: look at the year, and give an earlier time", LIMIT_NOTICE_DAYS);
}

enum err call_same_but_time(struct problem *p)
{
    return problem(
        p, ERR_CONFLICT, "effective_at",
        "is all that would be another: a version that waits keeps its time; change something with it, or leave "
        "it out");
}

/* ---- output ---- */

void answer_open(struct answer *a)
{
    buf_heap(&a->text);
    jw_open(&a->w, &a->text);
}

static struct span answer_close(struct answer *a)
{
    jw_close(&a->w);
    return buf_span(&a->text);
}

void answer_job(struct answer *a, struct job *job, int status)
{
    job->answer = arena_copy(job->arena, answer_close(a));
    job->answer_status = status;
    buf_free(&a->text);
}

void answer_reply(struct answer *a, struct request *rq, struct reply *reply)
{
    call_reply(rq, reply, answer_close(a));
    buf_free(&a->text);
}

void answer_abandon(struct answer *a)
{
    buf_free(&a->text);
}

void call_reply(struct request *rq, struct reply *reply, struct span json)
{
    reply_body(rq, reply, "application/json", json);
    reply_header(reply, "Cache-Control", SPAN("no-store"));
}

enum { TIME_TEXT = 40 };

static struct span time_text(char out[TIME_TEXT], int64_t ms)
{
    struct buf b;
    buf_fixed(&b, out, TIME_TEXT);
    time_rfc3339(&b, ms);
    return buf_span(&b);
}

void jw_ktime(struct jw *w, const char *name, int64_t ms)
{
    char text[TIME_TEXT];
    jw_kstr(w, name, time_text(text, ms));
}

void jw_cidrs(struct jw *w, struct span cidrs)
{
    jw_key(w, "cidrs");
    jw_array(w);
    while (cidrs.len)
        jw_str(w, text_take(&cidrs, ','));
    jw_array_end(w);
}

json_t *json_time(int64_t ms)
{
    char text[TIME_TEXT];
    struct span s = time_text(text, ms);
    return json_stringn(s.ptr, s.len);
}

/* The first of them behind this name (NULL: of all); NULL: none is. */
static const char *more_behind(json_t *more, const char *name)
{
    const char *key, *first = NULL;
    json_t *value;
    json_object_foreach(more, key, value)
    {
        if ((name == NULL || strcmp(key, name) > 0) && (first == NULL || strcmp(key, first) < 0))
            first = key;
    }
    return first;
}

static void jw_more(struct jw *w, json_t *more, const char *name)
{
    const json_t *value = json_object_get(more, name);
    if (json_is_null(value))
        return;
    jw_key(w, name);
    jw_value(w, value);
}

enum err jw_document(struct jw *w, struct span canonical, json_t *more)
{
    struct json_members members = json_members(canonical);
    struct span name, value;
    const char *next = more_behind(more, NULL);
    enum err err;
    jw_object(w);
    while ((err = json_members_next(&members, &name, &value)) == ERR_OK) {
        int by = 1;
        for (; next != NULL && (by = span_order(span_str(next), name)) < 0; next = more_behind(more, next))
            jw_more(w, more, next);
        if (next != NULL && by == 0)
            continue; /* it comes in the place of this one */
        jw_key_span(w, name);
        jw_raw(w, value);
    }
    for (; next != NULL; next = more_behind(more, next))
        jw_more(w, more, next);
    jw_object_end(w);
    json_decref(more);
    return err == ERR_NOT_FOUND ? ERR_OK : ERR_CORRUPT;
}
