/* Who may read a contract without taking part in it: auditors, by the operator's grants. A grant that was revoked stays
 * as a row, so that the contract's parties see who could read, and when. */
#include <assert.h>
#include <stddef.h>
#include <stdio.h>

#include "server/api/api.h"
#include "server/api/body.h"
#include "server/api/call.h"
#include "server/api/list.h"
#include "server/api/quota.h"
#include "server/catalog/catalog_write.h"

static void jw_grant(struct jw *w, const struct catalog *c, const struct grant *g)
{
    jw_object(w);
    jw_kstr(w, "by", span_str(catalog_party_number(c, g->by)->id));
    jw_kstr(w, "contract", span_str(catalog_contract_number(c, g->contract)->id));
    jw_ktime(w, "created_at", g->created_ms);
    jw_kstr(w, "party", span_str(catalog_party_number(c, g->party)->id));
    if (g->ended_ms != 0) {
        jw_ktime(w, "revoked_at", g->ended_ms);
        jw_kstr(w, "revoked_by", span_str(catalog_party_number(c, g->ended_by)->id));
    }
    jw_object_end(w);
}

static void answer_grant(const struct batch *cx, struct job *job, const struct grant *g, int status)
{
    struct answer a;
    answer_open(&a);
    jw_grant(&a.w, cx->catalog, g);
    answer_job(&a, job, status);
}

static bool is_open(const struct grant *g)
{
    return g != NULL && g->ended_ms == 0;
}

/* ---- POST /v1/contracts/{id}/grants ---- */

enum err grant_run(struct batch *cx, struct job *job)
{
    const struct record *r = &job->record;
    const struct contract *k = catalog_contract_number(cx->catalog, r->grant.contract);
    const struct party *p = catalog_party_number(cx->catalog, r->grant.party);
    const struct grant *last = catalog_grant(cx->catalog, k, p);
    assert(batch_may_touch(cx, k));
    if (is_open(last)) {
        answer_grant(cx, job, last, 200);
        return ERR_OK;
    }
    enum err err = quota_leaves(job, QUOTA_GRANTS, p, catalog_reads(cx->catalog, p).n);
    if (err != ERR_OK)
        return err;
    const struct grant fresh = {.contract = k->number,
                                .party = p->number,
                                .number = last != NULL ? last->number + 1 : 1,
                                .by = r->grant.by,
                                .created_ms = cx->now_ms};
    answer_grant(cx, job, &fresh, 201);
    err = catalog_put_grant(cx->txn, &fresh);
    cx->catalog_changed = err == ERR_OK;
    return err;
}

struct grant_body {
    struct span auditor, party;
};

/* {"party"}, or {"auditor"}: the same. */
enum err grants_create(struct request *rq, struct reply *reply)
{
    (void)reply;
    static const struct body_member members[] = {
        {"auditor", BODY_TEXT, offsetof(struct grant_body, auditor), LIMIT_ID, false},
        {"party", BODY_TEXT, offsetof(struct grant_body, party), LIMIT_ID, false},
        {NULL},
    };
    struct grant_body in = {{0}, {0}};
    const struct contract *k;
    enum err err;
    if ((err = call_contract(rq, rq->param[0], &k)) != ERR_OK || (err = body_read(rq, members, &in)) != ERR_OK)
        return err;
    if (in.auditor.ptr != NULL && in.party.ptr != NULL)
        return problem(&rq->problem, ERR_INVALID, "auditor", "means the same as party: give one of the two");
    const char *name = in.auditor.ptr != NULL ? "auditor" : "party";
    const struct party *p = catalog_party(rq->catalog, in.auditor.ptr != NULL ? in.auditor : in.party);
    if (p == NULL || p->role != ROLE_AUDITOR)
        return problem(&rq->problem, ERR_INVALID, name, "must be the id of a party of kind auditor");
    struct job *job = worker_job(rq, RECORD_GRANT, k->campaign->advertiser);
    job->record.grant.contract = k->number;
    job->record.grant.party = p->number;
    job->record.grant.by = rq->caller->number;
    quota_say(rq, job, QUOTA_GRANTS);
    return call_submit(rq, job);
}

/* ---- DELETE /v1/contracts/{id}/grants/{auditor} ---- */

enum err grant_end_run(struct batch *cx, struct job *job)
{
    const struct record *r = &job->record;
    const struct contract *k = catalog_contract_number(cx->catalog, r->grant_end.contract);
    const struct grant *g = catalog_grant(cx->catalog, k, catalog_party_number(cx->catalog, r->grant_end.party));
    assert(batch_may_touch(cx, k));
    if (g == NULL)
        return problem(&job->problem, ERR_NOT_FOUND, "", "this contract has no grant of that auditor");
    struct grant ended = *g; /* again changes nothing */
    if (is_open(g)) {
        ended.ended_ms = cx->now_ms;
        ended.ended_by = r->grant_end.by;
    }
    answer_grant(cx, job, &ended, 200);
    if (!is_open(g))
        return ERR_OK;
    enum err err = catalog_put_grant(cx->txn, &ended);
    cx->catalog_changed = err == ERR_OK;
    return err;
}

enum err grants_delete(struct request *rq, struct reply *reply)
{
    (void)reply;
    const struct contract *k;
    enum err err = call_contract(rq, rq->param[0], &k);
    if (err != ERR_OK || (err = params_read(rq, NULL, 0)) != ERR_OK)
        return err;
    const struct party *p = catalog_party(rq->catalog, rq->param[1]);
    if (p == NULL)
        return problem(&rq->problem, ERR_NOT_FOUND, "", "this contract has no grant of that auditor");
    struct job *job = worker_job(rq, RECORD_GRANT_END, k->campaign->advertiser);
    job->record.grant_end.contract = k->number;
    job->record.grant_end.party = p->number;
    job->record.grant_end.by = rq->caller->number;
    return call_submit(rq, job);
}

/* ---- GET: the contract's parties see all of them, an auditor its own ---- */

enum { CURSOR_MAX = LIMIT_ID + 12 };

static struct span cursor(const struct catalog *c, const struct grant *g, char out[CURSOR_MAX])
{
    return span_of(out, (size_t)snprintf(out, CURSOR_MAX, "%s.%u", catalog_party_number(c, g->party)->id, g->number));
}

enum err grants_list(struct request *rq, struct reply *reply)
{
    const struct contract *k;
    struct window window;
    struct list list;
    char last[CURSOR_MAX] = "";
    enum err err;
    if ((err = call_contract(rq, rq->param[0], &k)) != ERR_OK || (err = window_read(rq, NULL, 0, &window)) != ERR_OK)
        return err;
    const struct grant_list all = catalog_grants(rq->catalog, k);
    bool reached = window.after.len == 0;
    list_open(&list, &window);
    for (size_t i = 0; i < all.n; i++) {
        const struct grant *g = all.g[i];
        char this[CURSOR_MAX];
        if (caller_is(rq, ROLE_AUDITOR) && g->party != rq->caller->number)
            continue;
        struct span id = cursor(rq->catalog, g, this);
        if (reached && !list_item(&list))
            break;
        if (reached) {
            jw_grant(&list.w, rq->catalog, g);
            memcpy(last, this, sizeof last);
        }
        reached |= span_eq(window.after, id);
    }
    if (!reached) {
        list_abandon(&list);
        return problem(&rq->problem, ERR_MALFORMED, "after", "must be the `next` of the answer before");
    }
    list_reply(rq, reply, &list, span_str(last));
    return ERR_OK;
}
