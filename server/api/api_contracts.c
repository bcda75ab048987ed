#include <assert.h>

#include "common/base/json_peek.h"
#include "server/api/api.h"
#include "server/api/body.h"
#include "server/api/call.h"
#include "server/api/list.h"
#include "server/api/quota.h"
#include "server/catalog/catalog_write.h"
#include "server/commit/contract_write.h"
#include "server/system/system.h"

/* From when the newest version binds, as far as its time alone is asked. */
static int64_t newest_from_ms(const struct contract *k)
{
    const struct version *proposal = versions_proposal(&k->versions);
    return proposal != NULL ? proposal->effective_ms : versions_newest(&k->versions)->from_ms;
}

/* The document as it was changed last, without the times that are open (""), and beside it: created_at; terms_index and
 * terms_version of its newest version, effective_at where that waits for its time, and awaits_assent_of whose assent it
 * waits for. */
static enum err jw_contract(struct jw *w, const struct contract *k, int64_t now_ms)
{
    const struct version *newest = versions_newest(&k->versions);
    static const char *const times[] = {"ends_at", "starts_at"};
    struct span open[sizeof times / sizeof *times];
    json_t *more = json_object();
    json_peek_all(k->document, times, sizeof times / sizeof *times, open);
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        if (span_is(open[i], "\"\""))
            json_object_set_new(more, times[i], json_null());
    json_object_set_new(more, "created_at", json_time(k->created_ms));
    json_object_set_new(more, "terms_index", json_integer((json_int_t)newest->index));
    json_object_set_new(more, "terms_version", json_integer(newest->number));
    if (newest_from_ms(k) > now_ms)
        json_object_set_new(more, "effective_at", json_time(newest_from_ms(k)));
    if (versions_proposal(&k->versions) != NULL) {
        json_t *awaited = json_array();
        if (!(newest->assents & SIDE_ADVERTISER))
            json_array_append_new(awaited, json_string(k->campaign->advertiser->id));
        if (!(newest->assents & SIDE_PUBLISHER))
            json_array_append_new(awaited, json_string(k->publisher->id));
        json_object_set_new(more, "awaits_assent_of", awaited);
    }
    return jw_document(w, k->document, more);
}

static enum err answer_contract(const struct batch *cx, struct job *job, const struct contract *k, int status)
{
    struct answer a;
    answer_open(&a);
    enum err err = jw_contract(&a.w, k, cx->now_ms);
    if (err == ERR_OK)
        answer_job(&a, job, status);
    else
        answer_abandon(&a);
    return err;
}

/* ---- POST /v1/contracts ---- */

/* With a publisher: an advertiser's campaigns have one more each. */
static size_t contracts_counted(const struct catalog *c, const struct party *p)
{
    return catalog_reads(c, p).n - catalog_campaigns_of(c, p).n;
}

static enum err contract_leaves(const struct catalog *c, struct job *job, const struct contract *k)
{
    const struct party *of[] = {catalog_who(c, k->campaign->advertiser), catalog_who(c, k->publisher)};
    enum err err = ERR_OK;
    for (size_t i = 0; i < 2 && err == ERR_OK; i++)
        err = quota_leaves(job, QUOTA_CONTRACTS, of[i], contracts_counted(c, of[i]));
    return err;
}

enum err contract_run(struct batch *cx, struct job *job)
{
    const struct record *r = &job->record;
    const struct catalog *cat = cx->catalog;
    struct contract k = {
        .number = (uint32_t)cat->n_contracts + 1,
        .campaign = catalog_campaign_number(cat, r->contract.campaign)->which,
        .publisher = catalog_party_number(cat, r->contract.publisher)->who,
        .document = r->contract.document,
        .created_ms = cx->now_ms,
    };
    memcpy(k.id, r->contract.id, sizeof k.id);
    assert(batch_may_touch(cx, &k));
    enum err err = call_taken(job, catalog_contract(cat, span_str(k.id)));
    if (err == ERR_OK) /* the campaign may have changed since the worker looked, and then it does not compile */
        err = contract_alone(cx, &k, "publisher", &job->problem);
    if (err == ERR_OK)
        err = contract_leaves(cat, job, &k);
    if (err != ERR_OK || (err = contract_plan(cx, &k, &job->problem)) != ERR_OK)
        return err;
    err = answer_contract(cx, job, &k, 201);
    if (err == ERR_OK)
        err = contract_open(cx, &k);
    cx->catalog_changed = err == ERR_OK;
    return err;
}

static enum err contract_parties(struct request *rq, const json_t *body, struct record *r)
{
    struct span campaign_id, publisher_id;
    enum err err;
    if ((err = body_text(rq, body, "campaign", LIMIT_ID, &campaign_id)) != ERR_OK ||
        (err = body_text(rq, body, "publisher", LIMIT_ID, &publisher_id)) != ERR_OK)
        return err;
    const struct campaign *c = catalog_campaign(rq->catalog, campaign_id);
    const struct party *p = catalog_party(rq->catalog, publisher_id);
    if (c == NULL)
        return problem(&rq->problem, ERR_INVALID, "campaign", "must be the id of a campaign");
    if (p == NULL || p->role != ROLE_PUBLISHER)
        return problem(&rq->problem, ERR_INVALID, "publisher", "must be the id of a party of kind publisher");
    if (json_object_get(body, "price") == NULL)
        return problem(&rq->problem, ERR_INVALID, "price", "is required: an object with the price book");
    r->contract.campaign = c->number;
    r->contract.publisher = p->number;
    r->advertiser = c->advertiser->number;
    return ERR_OK;
}

static enum err document(struct request *rq, const json_t *body, struct record *r)
{
    struct buf text;
    random_id('C', r->contract.id);
    buf_heap(&text);
    enum err err = contract_document(body, span_str(r->contract.id), &text, &rq->problem);
    if (err == ERR_OK) {
        r->contract.document = arena_copy(rq->arena, buf_span(&text));
        err = call_compiles(rq, catalog_campaign_number(rq->catalog, r->contract.campaign), r->contract.document);
    }
    buf_free(&text);
    return err;
}

enum err contracts_create(struct request *rq, struct reply *reply)
{
    (void)reply;
    json_t *body;
    struct job *job = worker_job(rq, RECORD_CONTRACT, NULL);
    enum err err = body_object(rq, &body);
    if (err != ERR_OK)
        return err;
    err = contract_parties(rq, body, &job->record);
    if (err == ERR_OK)
        err = document(rq, body, &job->record);
    json_decref(body);
    quota_say(rq, job, QUOTA_CONTRACTS);
    return err == ERR_OK ? call_submit(rq, job) : err;
}

/* ---- GET /v1/contracts[/{id}] ---- */

enum { CAMPAIGN, PUBLISHER, ORDER, PARAMS };

static bool is_listed(const struct contract *k, const struct param p[PARAMS])
{
    return (!p[CAMPAIGN].given || span_is(p[CAMPAIGN].value, k->campaign->id)) &&
           (!p[PUBLISHER].given || (k->publisher != NULL && span_is(p[PUBLISHER].value, k->publisher->id)));
}

enum err contracts_list(struct request *rq, struct reply *reply)
{
    struct param p[PARAMS] = {{.name = "campaign"}, {.name = "publisher"}, {.name = "order"}};
    struct window window;
    struct list list;
    const struct contract_list own = catalog_reads(rq->catalog, rq->caller);
    const struct contract *last = NULL;
    bool newest;
    size_t done = 0; /* of those that it reads, in the order of the list */
    enum err err = window_read(rq, p, PARAMS, &window);
    if (err == ERR_OK)
        err = list_order(rq, &p[ORDER], &newest);
    if (err != ERR_OK)
        return err;
    if (!span_empty(window.after)) {
        if (call_contract(rq, window.after, &last) != ERR_OK)
            return problem(&rq->problem, ERR_MALFORMED, "after", "must be the `next` of the answer before");
        done = contracts_behind(&own, last->number);
        done = newest ? own.n - done + 1 : done;
    }
    list_open(&list, &window);
    for (; done < own.n; done++) {
        const struct contract *k = catalog_listed(rq->catalog, &own, newest ? own.n - 1 - done : done);
        if (!is_listed(k, p))
            continue;
        if (!list_item(&list))
            break;
        if ((err = jw_contract(&list.w, k, rq->arrived_ms)) != ERR_OK) {
            list_abandon(&list);
            return err;
        }
        last = k;
    }
    list_reply(rq, reply, &list, span_str(last != NULL ? last->id : ""));
    return ERR_OK;
}

enum err contracts_get(struct request *rq, struct reply *reply)
{
    const struct contract *k;
    struct answer a;
    enum err err;
    if ((err = params_read(rq, NULL, 0)) != ERR_OK || (err = call_contract(rq, rq->param[0], &k)) != ERR_OK)
        return err;
    answer_open(&a);
    if ((err = jw_contract(&a.w, k, rq->arrived_ms)) == ERR_OK)
        answer_reply(&a, rq, reply);
    else
        answer_abandon(&a);
    return err;
}

/* ---- PATCH /v1/contracts/{id} ---- */

static enum err patched(const struct contract *k, struct span patch, struct buf *out, int64_t *effective_ms,
                        struct problem *p)
{
    json_t *change;
    enum err err = json_read(patch, &change, p);
    if (err != ERR_OK)
        return err;
    err = call_effective(change, effective_ms, p);
    if (err == ERR_OK)
        err = contract_patch(k->document, change, out, p);
    json_decref(change);
    return err;
}

enum err contract_change_run(struct batch *cx, struct job *job)
{
    const struct record *r = &job->record;
    const struct contract *now = catalog_contract_number(cx->catalog, r->change.number);
    struct contract k = *now;
    int64_t effective_ms;
    struct buf text;
    assert(batch_may_touch(cx, now));
    buf_heap(&text);
    enum err err = patched(now, r->change.patch, &text, &effective_ms, &job->problem);
    if (err != ERR_OK)
        goto done;
    k.document = buf_span(&text);
    if ((err = go_on_no_terms(cx, k.campaign, &job->problem)) != ERR_OK ||
        (err = contract_check(cx, &k, &job->problem)) != ERR_OK) /* the campaign may have changed meanwhile */
        goto done;
    bool changed = !span_eq(now->document, k.document);
    if (!changed && effective_ms && effective_ms != newest_from_ms(now))
        err = call_same_but_time(&job->problem);
    if (changed && !effective_ms)
        err = contract_at_once(cx, now, &job->problem);
    if (changed && err == ERR_OK)
        err = contract_alone(cx, &k, "ends_at", &job->problem);
    if (changed && err == ERR_OK)
        err = contract_next(cx, &k, effective_ms, &job->problem);
    if (err == ERR_OK)
        err = answer_contract(cx, job, &k, 200);
    if (err == ERR_OK && changed)
        err = contract_renew(cx, &k);
    cx->catalog_changed = err == ERR_OK && changed;
done:
    buf_free(&text);
    return err;
}

enum err contracts_patch(struct request *rq, struct reply *reply)
{
    (void)reply;
    const struct contract *k;
    int64_t effective_ms;
    struct buf text;
    enum err err = call_contract(rq, rq->param[0], &k);
    if (err != ERR_OK)
        return err;
    buf_heap(&text);
    err = patched(k, rq->body, &text, &effective_ms, &rq->problem);
    if (err == ERR_OK)
        err = call_compiles(rq, catalog_which(rq->catalog, k->campaign), buf_span(&text));
    buf_free(&text);
    if (err == ERR_OK)
        err = call_notice(rq, effective_ms);
    if (err != ERR_OK)
        return err;
    struct job *job = worker_job(rq, RECORD_CONTRACT_CHANGE, k->campaign->advertiser);
    job->record.change.number = k->number;
    job->record.change.patch = rq->body;
    return call_submit(rq, job);
}
