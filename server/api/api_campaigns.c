#include "server/api/api.h"
#include "server/api/page.h"
#include "server/catalog/catalog_write.h"
#include "server/commit/contract_write.h"
#include "server/routes.h"
#include "server/system/system.h"

/* The document, and beside it: created_at, and for those who may use it the direct contract (it takes leads without a
 * known click). */
static enum err jw_campaign(struct jw *w, const struct campaign *c, const char *direct_id)
{
    json_t *more = json_object();
    json_object_set_new(more, "created_at", json_time(c->created_ms));
    if (direct_id != NULL)
        json_object_set_new(more, "direct_contract", json_string(direct_id));
    return jw_document(w, c->document, more);
}

static enum err answer_campaign(struct job *job, const struct campaign *c, const char *direct_id, int status)
{
    struct answer a;
    answer_open(&a);
    enum err err = jw_campaign(&a.w, c, direct_id);
    if (err == ERR_OK)
        answer_job(&a, job, status);
    else
        answer_abandon(&a);
    return err;
}

static bool owns(const struct request *rq, const struct campaign *c)
{
    return caller_is(rq, ROLE_OPERATOR) || c->advertiser->number == rq->caller->number;
}

/* Whoever may read one of its contracts may read the campaign: its document stands in their log. */
static bool may_see(const struct request *rq, const struct campaign *c)
{
    if (owns(rq, c))
        return true;
    for (size_t i = 0; i < rq->catalog->n_contracts; i++)
        if (rq->catalog->contracts[i].campaign == c &&
            catalog_may_read(rq->catalog, rq->caller, &rq->catalog->contracts[i]))
            return true;
    return false;
}

static const char *direct_id(const struct request *rq, const struct campaign *c)
{
    const struct contract *k = catalog_contract_number(rq->catalog, c->direct);
    return k != NULL && owns(rq, c) ? k->id : NULL;
}

static enum err find(struct request *rq, struct span id, const struct campaign **out)
{
    const struct campaign *c = catalog_campaign(rq->catalog, id);
    if (c == NULL || !may_see(rq, c))
        return problem(&rq->problem, ERR_NOT_FOUND, "", "there is no such campaign, or it is not yours to see");
    *out = c;
    return ERR_OK;
}

/* ---- POST /v1/campaigns ---- */

struct campaign_new {
    uint32_t advertiser;
    char id[17], direct_id[17];
    struct span document, direct_document;
};

static enum err campaign_create_run(struct commit *cx, struct job *job, void *arg)
{
    const struct campaign_new *new = arg;
    const struct catalog *cat = cx->catalog;
    struct campaign c = {
        .number = (uint32_t)cat->n_campaigns + 1,
        .advertiser = &cat->parties[new->advertiser - 1],
        .document = new->document,
        .direct = (uint32_t)cat->n_contracts + 1,
        .created_ms = cx->now_ms,
    };
    struct contract direct = {
        .number = c.direct, .campaign = &c, .document = new->direct_document, .created_ms = cx->now_ms};
    memcpy(c.id, new->id, sizeof new->id);
    memcpy(direct.id, new->direct_id, sizeof new->direct_id);
    if (catalog_campaign(cat, span_str(c.id)) != NULL || catalog_contract(cat, span_str(direct.id)) != NULL)
        return problem(&job->problem, ERR_CONFLICT, "", "a random id was drawn twice; send the request again");
    enum err err = answer_campaign(job, &c, direct.id, 201);
    if (err != ERR_OK || (err = catalog_put_campaign(cx->txn, &c)) != ERR_OK ||
        (err = contract_open(cx, &direct)) != ERR_OK)
        return err;
    cx->catalog_changed = true;
    return ERR_OK;
}

/* The direct contract has no publisher and pays nothing. */
static enum err direct_document(struct request *rq, struct campaign_new *new)
{
    struct buf text;
    json_t *in = json_pack("{s:s, s:s, s:{s:[]}}", "campaign", new->id, "publisher", "", "price", "lead");
    buf_heap(&text);
    enum err err = contract_document(in, span_str(new->direct_id), &text, &rq->problem);
    new->direct_document = arena_copy(rq->arena, buf_span(&text));
    buf_free(&text);
    json_decref(in);
    return err;
}

static enum err campaign_advertiser(struct request *rq, const json_t *body, uint32_t *out)
{
    struct span id;
    enum err err = api_text(rq, body, "advertiser", LIMIT_ID, &id);
    if (err != ERR_OK)
        return err;
    const struct party *p = catalog_party(rq->catalog, id);
    if (caller_is(rq, ROLE_ADVERTISER) && p != rq->caller)
        return problem(&rq->problem, ERR_FORBIDDEN, "advertiser", "an advertiser makes campaigns for itself only");
    if (p == NULL || p->role != ROLE_ADVERTISER)
        return problem(&rq->problem, ERR_INVALID, "advertiser", "must be the id of a party of kind advertiser");
    *out = p->number;
    return ERR_OK;
}

enum err campaigns_create(struct request *rq, struct reply *reply)
{
    (void)reply;
    json_t *body;
    struct buf text;
    struct campaign_new *new = arena_alloc(rq->arena, sizeof *new);
    enum err err = api_body(rq, NULL, &body);
    if (err != ERR_OK)
        return err;
    *new = (struct campaign_new){0};
    random_id('A', new->id);
    random_id('C', new->direct_id);
    buf_heap(&text);
    if ((err = campaign_advertiser(rq, body, &new->advertiser)) == ERR_OK &&
        (err = campaign_document(body, span_str(new->id), &text, &rq->problem)) == ERR_OK) {
        new->document = arena_copy(rq->arena, buf_span(&text));
        err = direct_document(rq, new);
    }
    if (err == ERR_OK)
        err = contract_check(new->document, new->direct_document, &rq->problem);
    buf_free(&text);
    json_decref(body);
    return err == ERR_OK ? control_submit(rq, campaign_create_run, new) : err;
}

/* ---- GET /v1/campaigns[/{id}] ---- */

enum err campaigns_list(struct request *rq, struct reply *reply)
{
    struct page page;
    struct list list;
    const struct campaign *last = NULL;
    size_t i = 0;
    enum err err = page_read(rq, NULL, 0, &page);
    if (err != ERR_OK)
        return err;
    if (!span_empty(page.after)) {
        if (find(rq, page.after, &last) != ERR_OK)
            return problem(&rq->problem, ERR_MALFORMED, "after", "must be the `next` of the page before");
        i = last->number;
    }
    list_open(&list, &page);
    for (; i < rq->catalog->n_campaigns; i++) {
        const struct campaign *c = &rq->catalog->campaigns[i];
        if (!may_see(rq, c))
            continue;
        if (!list_item(&list))
            break;
        if ((err = jw_campaign(&list.w, c, direct_id(rq, c))) != ERR_OK) {
            list_abandon(&list);
            return err;
        }
        last = c;
    }
    list_reply(rq, reply, &list, span_str(last != NULL ? last->id : ""));
    return ERR_OK;
}

enum err campaigns_get(struct request *rq, struct reply *reply)
{
    const struct campaign *c = NULL;
    struct answer a;
    enum err err;
    if ((err = params_read(rq, NULL, 0)) != ERR_OK || (err = find(rq, rq->param[0], &c)) != ERR_OK)
        return err;
    answer_open(&a);
    if ((err = jw_campaign(&a.w, c, direct_id(rq, c))) == ERR_OK)
        answer_reply(&a, rq, reply);
    else
        answer_abandon(&a);
    return err;
}

/* ---- PATCH /v1/campaigns/{id} ---- */

struct campaign_change {
    uint32_t number;
    struct span patch; /* JSON, as sent */
};

static enum err patched(struct span stored, struct span patch, struct buf *out, struct problem *p)
{
    json_t *change;
    enum err err = json_read(patch, &change, p);
    if (err != ERR_OK)
        return err;
    err = campaign_patch(stored, change, out, p);
    json_decref(change);
    return err;
}

/* Calls contract_check, or contract_renew, for every contract of the campaign. */
static enum err each_contract(struct commit *cx, const struct campaign *c, bool write, struct problem *p)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < cx->catalog->n_contracts && err == ERR_OK; i++) {
        struct contract k = cx->catalog->contracts[i];
        if (k.campaign->number != c->number)
            continue;
        k.campaign = c;
        err = write ? contract_renew(cx, &k) : contract_check(c->document, k.document, p);
    }
    return err;
}

static enum err campaign_patch_run(struct commit *cx, struct job *job, void *arg)
{
    const struct campaign_change *change = arg;
    struct campaign c = cx->catalog->campaigns[change->number - 1];
    const char *direct = catalog_contract_number(cx->catalog, c.direct)->id;
    struct span before = c.document;
    struct buf text;
    buf_heap(&text);
    enum err err = patched(before, change->patch, &text, &job->problem);
    if (err != ERR_OK)
        goto done;
    c.document = buf_span(&text);
    if ((err = answer_campaign(job, &c, direct, 200)) != ERR_OK || span_eq(before, c.document) ||
        (err = each_contract(cx, &c, false, &job->problem)) != ERR_OK ||
        (err = catalog_put_campaign(cx->txn, &c)) != ERR_OK || (err = each_contract(cx, &c, true, NULL)) != ERR_OK)
        goto done;
    cx->catalog_changed = true;
done:
    buf_free(&text);
    return err;
}

enum err campaigns_patch(struct request *rq, struct reply *reply)
{
    (void)reply;
    const struct campaign *c = NULL;
    struct buf text;
    enum err err = find(rq, rq->param[0], &c);
    if (err != ERR_OK)
        return err;
    if (!owns(rq, c))
        return problem(&rq->problem, ERR_FORBIDDEN, "", "a campaign is changed by its advertiser or the operator");
    buf_heap(&text);
    err = patched(c->document, rq->body, &text, &rq->problem);
    buf_free(&text);
    if (err != ERR_OK)
        return err;
    struct campaign_change *change = arena_alloc(rq->arena, sizeof *change);
    *change = (struct campaign_change){c->number, rq->body};
    return control_submit(rq, campaign_patch_run, change);
}
