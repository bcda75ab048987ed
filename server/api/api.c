#include "server/api/api.h"

#include "common/base/ascii.h"
#include "common/base/utf8.h"
#include "common/base/when.h"
#include "server/api/idempotency.h"
#include "server/routes.h"
#include "server/worker/server.h"

/* ---- input ---- */

enum err api_body(struct request *rq, const char *const *names, json_t **out)
{
    json_t *body;
    if (span_empty(rq->body)) {
        *out = json_object();
        return ERR_OK;
    }
    if (!span_empty(rq->content_type) && !media_type_is(rq->content_type, "application/json"))
        return problem(&rq->problem, ERR_MEDIA_TYPE, "Content-Type", "must be application/json");
    enum err err = json_read(rq->body, &body, &rq->problem);
    if (err == ERR_OK && names != NULL && (err = json_only(body, "", names, &rq->problem)) != ERR_OK)
        json_decref(body);
    if (err == ERR_OK)
        *out = body;
    return err;
}

enum err api_text(struct request *rq, const json_t *body, const char *name, size_t max, struct span *out)
{
    struct span text = {0};
    enum err err = json_get_str(body, "", name, max, &text, NULL, &rq->problem);
    if (err != ERR_OK)
        return err;
    if (span_empty(text))
        return problem(&rq->problem, ERR_INVALID, name, "is required: a text of 1 to %zu bytes", max);
    if (ascii_has_control(text))
        return problem(&rq->problem, ERR_INVALID, name, "must not hold control characters");
    *out = arena_copy(rq->arena, text);
    return ERR_OK;
}

/* ---- access ---- */

bool caller_is(const struct request *rq, enum role role)
{
    return rq->caller->role == role;
}

enum err api_contract(struct request *rq, struct span id, const struct contract **out)
{
    const struct contract *k = catalog_contract(rq->catalog, id);
    if (k == NULL || !catalog_may_read(rq->catalog, rq->caller, k))
        return problem(&rq->problem, ERR_NOT_FOUND, "", "there is no such contract, or it is not yours to see");
    *out = k;
    return ERR_OK;
}

enum err api_party(struct request *rq, struct span id, const struct party **out)
{
    const struct party *p = catalog_party(rq->catalog, id);
    if (p == NULL || (!caller_is(rq, ROLE_OPERATOR) && p->number != rq->caller->number))
        return problem(&rq->problem, ERR_NOT_FOUND, "", "there is no such party, or it is not yours to see");
    *out = p;
    return ERR_OK;
}

/* ---- writes ---- */

struct control {
    control_run *run;
    void *arg;
    struct idempotency idempotency;
};

static enum err control_dispatch(struct commit *cx, struct job *job)
{
    struct control *c = job->control.arg;
    const struct keys *keys = cx->instance->keys;
    if (!c->idempotency.used)
        return c->run(cx, job, c->arg);
    enum err err = idempotency_replay(cx->txn, keys, &c->idempotency, job);
    if (err != ERR_NOT_FOUND)
        return err;
    err = c->run(cx, job, c->arg);
    return err == ERR_OK ? idempotency_keep(cx->txn, keys, &c->idempotency, job) : err;
}

static enum err submit(struct request *rq, control_run *run, void *arg, bool after_sweep)
{
    struct control *c = arena_alloc(rq->arena, sizeof *c);
    *c = (struct control){.run = run, .arg = arg};
    if (rq->method == METHOD_POST) {
        enum err err = idempotency_read(rq, &c->idempotency);
        if (err != ERR_OK)
            return err;
    }
    struct job *job = job_new(rq, JOB_CONTROL);
    job->control.run = control_dispatch;
    job->control.arg = c;
    job->control.after_sweep = after_sweep;
    return job_submit(rq, job);
}

enum err control_submit(struct request *rq, control_run *run, void *arg)
{
    return submit(rq, run, arg, false);
}

enum err control_submit_after_sweep(struct request *rq, control_run *run, void *arg)
{
    return submit(rq, run, arg, true);
}

enum err control_finish(struct request *rq, struct job *job, struct reply *reply)
{
    if (job->err != ERR_OK) {
        rq->problem = job->problem;
        return job->err;
    }
    api_reply(rq, reply, job->answer);
    reply->status = job->answer_status;
    if (!span_empty(job->entry))
        METRIC_ADD(rq->worker->counters, dispositions, 1);
    if (job->replayed)
        reply_header(reply, "Idempotent-Replayed", SPAN("true"));
    return ERR_OK;
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
    api_reply(rq, reply, answer_close(a));
    buf_free(&a->text);
}

void answer_abandon(struct answer *a)
{
    buf_free(&a->text);
}

void api_reply(struct request *rq, struct reply *reply, struct span json)
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

json_t *json_time(int64_t ms)
{
    char text[TIME_TEXT];
    struct span s = time_text(text, ms);
    return json_stringn(s.ptr, s.len);
}

enum err jw_document(struct jw *w, struct span canonical, json_t *more)
{
    json_t *document = NULL;
    enum err err = json_read(canonical, &document, NULL);
    if (err == ERR_OK) {
        json_object_update(document, more);
        jw_value(w, document);
    }
    json_decref(document);
    json_decref(more);
    return err == ERR_OK ? err : ERR_CORRUPT;
}
