#include "server/api/api.h"
#include "server/api/page.h"
#include "server/catalog/catalog_write.h"
#include "server/commit/contract_write.h"
#include "server/routes.h"
#include "server/system/system.h"

/* The document without the times that are open (""), and beside it: created_at, terms_index, terms_version. */
static enum err jw_contract(struct jw *w, const struct contract *k)
{
    static const char *const times[] = {"starts_at", "ends_at"};
    json_t *document;
    if (json_read(k->document, &document, NULL) != ERR_OK)
        return ERR_CORRUPT;
    for (size_t i = 0; i < sizeof times / sizeof *times; i++)
        if (json_string_length(json_object_get(document, times[i])) == 0)
            json_object_del(document, times[i]);
    json_object_set_new(document, "created_at", json_time(k->created_ms));
    json_object_set_new(document, "terms_index", json_integer((json_int_t)k->terms_index));
    json_object_set_new(document, "terms_version", json_integer(k->terms_version));
    jw_value(w, document);
    json_decref(document);
    return ERR_OK;
}

static enum err answer_contract(struct job *job, const struct contract *k, int status)
{
    struct answer a;
    answer_open(&a);
    enum err err = jw_contract(&a.w, k);
    if (err == ERR_OK)
        answer_job(&a, job, status);
    else
        answer_abandon(&a);
    return err;
}

/* ---- POST /v1/contracts ---- */

struct contract_new {
    uint32_t campaign, publisher;
    char id[17];
    struct span document;
};

static enum err contract_create_run(struct commit *cx, struct job *job, void *arg)
{
    const struct contract_new *new = arg;
    const struct catalog *cat = cx->catalog;
    struct contract k = {
        .number = (uint32_t)cat->n_contracts + 1,
        .campaign = &cat->campaigns[new->campaign - 1],
        .publisher = &cat->parties[new->publisher - 1],
        .document = new->document,
        .created_ms = cx->now_ms,
    };
    memcpy(k.id, new->id, sizeof new->id);
    if (catalog_contract(cat, span_str(k.id)) != NULL)
        return problem(&job->problem, ERR_CONFLICT, "", "a random id was drawn twice; send the request again");
    /* the campaign may have changed since the worker looked */
    enum err err = contract_check(k.campaign->document, k.document, &job->problem);
    if (err != ERR_OK || (err = contract_open(cx, &k)) != ERR_OK)
        return err;
    cx->catalog_changed = true;
    return answer_contract(job, &k, 201);
}

static enum err contract_parties(struct request *rq, const json_t *body, struct contract_new *new)
{
    struct span campaign_id, publisher_id;
    enum err err;
    if ((err = api_text(rq, body, "campaign", LIMIT_ID, &campaign_id)) != ERR_OK ||
        (err = api_text(rq, body, "publisher", LIMIT_ID, &publisher_id)) != ERR_OK)
        return err;
    const struct campaign *c = catalog_campaign(rq->catalog, campaign_id);
    const struct party *p = catalog_party(rq->catalog, publisher_id);
    if (c == NULL)
        return problem(&rq->problem, ERR_INVALID, "campaign", "must be the id of a campaign");
    if (p == NULL || p->role != ROLE_PUBLISHER)
        return problem(&rq->problem, ERR_INVALID, "publisher", "must be the id of a party of kind publisher");
    if (json_object_get(body, "price") == NULL)
        return problem(&rq->problem, ERR_INVALID, "price", "is required: an object with the price book");
    new->campaign = c->number;
    new->publisher = p->number;
    return ERR_OK;
}

enum err contracts_create(struct request *rq, struct reply *reply)
{
    (void)reply;
    json_t *body;
    struct buf text;
    struct contract_new *new = arena_alloc(rq->arena, sizeof *new);
    enum err err = api_body(rq, NULL, &body);
    if (err != ERR_OK)
        return err;
    *new = (struct contract_new){0};
    random_id('C', new->id);
    buf_heap(&text);
    if ((err = contract_parties(rq, body, new)) == ERR_OK &&
        (err = contract_document(body, span_str(new->id), &text, &rq->problem)) == ERR_OK) {
        new->document = arena_copy(rq->arena, buf_span(&text));
        err = contract_check(rq->catalog->campaigns[new->campaign - 1].document, new->document, &rq->problem);
    }
    buf_free(&text);
    json_decref(body);
    return err == ERR_OK ? control_submit(rq, contract_create_run, new) : err;
}

/* ---- GET /v1/contracts[/{id}] ---- */

enum err contracts_list(struct request *rq, struct reply *reply)
{
    struct param campaign = {.name = "campaign"};
    struct page page;
    struct list list;
    const struct contract *last = NULL;
    size_t i = 0;
    enum err err = page_read(rq, &campaign, 1, &page);
    if (err != ERR_OK)
        return err;
    if (!span_empty(page.after)) {
        if (api_contract(rq, page.after, &last) != ERR_OK)
            return problem(&rq->problem, ERR_MALFORMED, "after", "must be the `next` of the page before");
        i = last->number;
    }
    list_open(&list, &page);
    for (; i < rq->catalog->n_contracts; i++) {
        const struct contract *k = &rq->catalog->contracts[i];
        if (!catalog_may_read(rq->catalog, rq->caller, k) ||
            (campaign.given && !span_is(campaign.value, k->campaign->id)))
            continue;
        if (!list_item(&list))
            break;
        if ((err = jw_contract(&list.w, k)) != ERR_OK) {
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
    if ((err = params_read(rq, NULL, 0)) != ERR_OK || (err = api_contract(rq, rq->param[0], &k)) != ERR_OK)
        return err;
    answer_open(&a);
    if ((err = jw_contract(&a.w, k)) == ERR_OK)
        answer_reply(&a, rq, reply);
    else
        answer_abandon(&a);
    return err;
}

/* ---- PATCH /v1/contracts/{id} ---- */

struct contract_change {
    uint32_t number;
    struct span patch; /* JSON, as sent */
};

static enum err patched(const struct contract *k, struct span patch, struct buf *out, struct problem *p)
{
    json_t *change;
    enum err err = json_read(patch, &change, p);
    if (err != ERR_OK)
        return err;
    err = contract_patch(k->document, change, out, p);
    json_decref(change);
    return err == ERR_OK ? contract_check(k->campaign->document, buf_span(out), p) : err;
}

static enum err contract_patch_run(struct commit *cx, struct job *job, void *arg)
{
    const struct contract_change *change = arg;
    struct contract k = *catalog_contract_number(cx->catalog, change->number);
    struct span before = k.document;
    struct buf text;
    buf_heap(&text);
    enum err err = patched(&k, change->patch, &text, &job->problem);
    if (err != ERR_OK)
        goto done;
    k.document = buf_span(&text);
    if (!span_eq(before, k.document)) {
        if ((err = contract_renew(cx, &k)) != ERR_OK)
            goto done;
        cx->catalog_changed = true;
    }
    err = answer_contract(job, &k, 200);
done:
    buf_free(&text);
    return err;
}

enum err contracts_patch(struct request *rq, struct reply *reply)
{
    (void)reply;
    const struct contract *k;
    struct buf text;
    enum err err = api_contract(rq, rq->param[0], &k);
    if (err != ERR_OK)
        return err;
    buf_heap(&text);
    err = patched(k, rq->body, &text, &rq->problem);
    buf_free(&text);
    if (err != ERR_OK)
        return err;
    struct contract_change *change = arena_alloc(rq->arena, sizeof *change);
    *change = (struct contract_change){k->number, rq->body};
    return control_submit(rq, contract_patch_run, change);
}

/* ---- POST /v1/contracts/{id}/grants ---- */

struct grant_new {
    uint32_t contract, party;
};

static enum err grant_run(struct commit *cx, struct job *job, void *arg)
{
    const struct grant_new *g = arg;
    struct answer a;
    enum err err = catalog_put_grant(cx->txn, g->contract, g->party, cx->now_ms);
    if (err != ERR_OK)
        return err;
    cx->catalog_changed = true;
    answer_open(&a);
    jw_object(&a.w);
    jw_kstr(&a.w, "contract", span_str(cx->catalog->contracts[g->contract - 1].id));
    jw_kstr(&a.w, "party", span_str(cx->catalog->parties[g->party - 1].id));
    jw_object_end(&a.w);
    answer_job(&a, job, 201);
    return ERR_OK;
}

/* {"party"}, or {"auditor"}: the same. */
enum err grants_create(struct request *rq, struct reply *reply)
{
    (void)reply;
    static const char *const names[] = {"auditor", "party", NULL};
    const struct contract *k;
    json_t *body;
    struct span id;
    enum err err;
    if ((err = api_contract(rq, rq->param[0], &k)) != ERR_OK || (err = api_body(rq, names, &body)) != ERR_OK)
        return err;
    const char *name = json_object_get(body, "auditor") != NULL ? "auditor" : "party";
    if (json_object_get(body, "auditor") != NULL && json_object_get(body, "party") != NULL)
        err = problem(&rq->problem, ERR_INVALID, "auditor", "means the same as party: give one of the two");
    else
        err = api_text(rq, body, name, LIMIT_ID, &id);
    json_decref(body);
    if (err != ERR_OK)
        return err;
    const struct party *p = catalog_party(rq->catalog, id);
    if (p == NULL || p->role != ROLE_AUDITOR)
        return problem(&rq->problem, ERR_INVALID, name, "must be the id of a party of kind auditor");
    struct grant_new *g = arena_alloc(rq->arena, sizeof *g);
    *g = (struct grant_new){k->number, p->number};
    return control_submit(rq, grant_run, g);
}
