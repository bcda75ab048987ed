/* GET /v1/clock, POST /v1/clock/confirm: steps of the server's clock, and the operator's word that it is right. */
#include <stddef.h>

#include "server/api/api.h"
#include "server/api/body.h"
#include "server/api/call.h"
#include "server/api/list.h"
#include "server/commit/clock_rows.h"

static void jw_confirmed(struct jw *w, const struct clock_mark *m)
{
    jw_kbool(w, "confirmed", clock_sure(m));
    jw_kint(w, "steps", m->steps);
}

static void jw_step(struct jw *w, uint32_t number, const struct clock_step *s)
{
    jw_object(w);
    if (s->confirmed_ms != 0)
        jw_ktime(w, "confirmed_at", s->confirmed_ms);
    jw_ktime(w, "from", s->from_ms);
    jw_kint(w, "number", number);
    jw_ktime(w, "to", s->to_ms);
    jw_object_end(w);
}

/* The last LIMIT_LIST, newest first. */
static enum err jw_steps(struct jw *w, struct txn *t, const struct clock_mark *m)
{
    uint32_t end = m->steps > LIMIT_LIST ? m->steps - LIMIT_LIST : 0;
    for (uint32_t n = m->steps; n > end; n--) {
        struct clock_step s;
        enum err err = clock_step_get(t, n, &s);
        if (err != ERR_OK)
            return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
        jw_step(w, n, &s);
    }
    return ERR_OK;
}

enum err clock_get(struct request *rq, struct reply *reply)
{
    struct clock_mark m = {.steps = 0};
    struct answer a;
    struct txn *t;
    enum err err = params_read(rq, NULL, 0);
    if (err == ERR_OK)
        err = worker_reader(rq->worker, &t);
    if (err == ERR_OK && (err = clock_mark_get(t, &m)) == ERR_NOT_FOUND)
        err = ERR_OK; /* no batch came so far */
    if (err != ERR_OK)
        return err;
    answer_open(&a);
    jw_object(&a.w);
    jw_kbool(&a.w, "confirmed", clock_sure(&m));
    jw_key(&a.w, "data");
    jw_array(&a.w);
    err = jw_steps(&a.w, t, &m);
    jw_array_end(&a.w);
    jw_kint(&a.w, "steps", m.steps);
    jw_object_end(&a.w);
    if (err == ERR_OK)
        answer_reply(&a, rq, reply);
    else
        answer_abandon(&a);
    return err;
}

enum err clock_confirm_run(struct batch *cx, struct job *job)
{
    struct answer a;
    if (job->record.clock_confirm.steps != cx->clock.steps)
        return problem(&job->problem, ERR_CONFLICT, "steps",
                       "the clock has made %u steps: look at GET /v1/clock, and confirm as many", cx->clock.steps);
    enum err err = clock_confirm(cx, job->record.clock_confirm.by);
    if (err != ERR_OK)
        return err;
    answer_open(&a);
    jw_object(&a.w);
    jw_confirmed(&a.w, &cx->clock_next);
    jw_object_end(&a.w);
    answer_job(&a, job, 200);
    return ERR_OK;
}

struct confirm_body {
    struct body_int steps;
};

enum err clock_confirm_create(struct request *rq, struct reply *reply)
{
    (void)reply;
    static const struct body_member members[] = {
        {"steps", BODY_INT, offsetof(struct confirm_body, steps), UINT32_MAX, true},
        {NULL},
    };
    struct confirm_body in = {.steps = {.given = false}};
    enum err err = body_read(rq, members, &in);
    if (err != ERR_OK)
        return err;
    struct job *job = worker_job(rq, RECORD_CLOCK_CONFIRM, NULL);
    job->record.clock_confirm.steps = (uint32_t)in.steps.value;
    job->record.clock_confirm.by = rq->caller->number;
    return call_submit(rq, job);
}
