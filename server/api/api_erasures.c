/* POST /v1/erasures: destroys what is sealed of a person. It takes no Idempotency-Key: asked again it answers the same,
 * and the store keeps no hash of a person's address. */
#include <stddef.h>

#include "common/base/text.h"
#include "server/api/api.h"
#include "server/api/body.h"
#include "server/api/call.h"
#include "server/commit/erasure.h"

struct asked {
    struct span email, lead, phone;
};

static const struct body_member members[] = {
    {"email", BODY_TEXT, offsetof(struct asked, email), LIMIT_FIELD, false, 0},
    {"lead", BODY_TEXT, offsetof(struct asked, lead), LEAD_REF_LEN, false, 0},
    {"phone", BODY_TEXT, offsetof(struct asked, phone), LIMIT_FIELD, false, 0},
    {NULL},
};

/* A lead that the caller may not see, or not erase, is none. */
static enum err asked_read(struct request *rq, struct erasure_asked *out)
{
    struct asked in = {.email = {0}};
    const struct contract *k;
    enum err err = body_read(rq, members, &in);
    if (err != ERR_OK)
        return err;
    if ((in.email.ptr != NULL) + (in.lead.ptr != NULL) + (in.phone.ptr != NULL) != 1)
        return problem(&rq->problem, ERR_INVALID, "email", "or phone, or lead: say one of the three, and one alone");
    *out = (struct erasure_asked){
        .email = in.email.ptr != NULL ? text_strip(in.email) : SPAN(""),
        .phone = in.phone.ptr != NULL ? text_strip(in.phone) : SPAN(""),
        .by_lead = in.lead.ptr != NULL,
        .of = caller_is(rq, ROLE_OPERATOR) ? NULL : rq->caller,
    };
    if (!out->by_lead)
        return span_empty(out->email) && span_empty(out->phone)
                   ? problem(&rq->problem, ERR_INVALID, in.email.ptr != NULL ? "email" : "phone", "is blank")
                   : ERR_OK;
    err = call_lead(rq, in.lead, &k, &out->lead.index);
    if (err == ERR_OK)
        out->lead.contract = k->number;
    return err;
}

/* On a reader thread. */
static enum err find(struct request *rq, struct reply *reply)
{
    (void)reply;
    struct erasure_asked asked;
    struct erasure found;
    struct txn *t;
    enum err err = asked_read(rq, &asked);
    if (err == ERR_OK && (err = worker_reader(rq->worker, &t)) == ERR_OK)
        err = erasure_find(rq->catalog, t, &asked, &found, &rq->problem);
    if (err != ERR_OK)
        return err;
    struct erasure *kept = arena_alloc(rq->arena, sizeof *kept);
    const struct span places = arena_copy(rq->arena, buf_span(&found.places));
    *kept = found;
    buf_free(&found.places);
    buf_fixed(&kept->places, (char *)(uintptr_t)places.ptr, places.len);
    kept->places.len = places.len;
    rq->kept = span_of((const char *)kept, sizeof *kept);
    return ERR_PENDING;
}

enum err erasures_create(struct request *rq, struct reply *reply)
{
    (void)reply;
    rq->read = find;
    rq->lasts = true;
    return ERR_PENDING;
}

static void answer(struct request *rq, const struct erasure *e, struct reply *reply)
{
    struct answer a;
    answer_open(&a);
    jw_object(&a.w);
    jw_kint(&a.w, "leads", (int64_t)e->leads);
    jw_kbool(&a.w, "more", e->more);
    jw_kint(&a.w, "parts", (int64_t)e->parts);
    jw_object_end(&a.w);
    answer_reply(&a, rq, reply);
}

enum err erasures_finish(struct request *rq, struct job *job, struct reply *reply)
{
    const struct erasure *e = (const struct erasure *)(const void *)rq->kept.ptr;
    if (job != NULL && job->err != ERR_OK)
        return job->err;
    if (job != NULL || e->places.len == 0) {
        answer(rq, e, reply);
        return ERR_OK;
    }
    job = worker_job(rq, RECORD_ERASE, NULL);
    job->record.erase.by = rq->caller->number;
    job->record.erase.places = buf_span(&e->places);
    return worker_submit(rq, job);
}
