#include <assert.h>

#include "server/api/api.h"
#include "server/api/body.h"
#include "server/api/call.h"
#include "server/api/campaign.h"
#include "server/api/list.h"
#include "server/api/quota.h"
#include "server/catalog/catalog_write.h"
#include "server/commit/contract_write.h"
#include "server/system/system.h"

/* The document as it was changed last, and beside it: created_at, effective_at where it waits for its time (0: it does
 * not), and for those who may use it the direct contract (it takes leads without a known click). */
static enum err jw_campaign(struct jw *w, const struct campaign *c, const char *direct_id, int64_t effective_ms)
{
    json_t *more = json_object();
    json_object_set_new(more, "created_at", json_time(c->created_ms));
    if (effective_ms)
        json_object_set_new(more, "effective_at", json_time(effective_ms));
    if (direct_id != NULL)
        json_object_set_new(more, "direct_contract", json_string(direct_id));
    return jw_document(w, c->document, more);
}

static enum err answer_campaign(struct job *job, const struct campaign *c, const char *direct_id, int64_t effective_ms,
                                int status)
{
    struct answer a;
    answer_open(&a);
    enum err err = jw_campaign(&a.w, c, direct_id, effective_ms);
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

bool campaign_seen(const struct request *rq, const struct campaign *c)
{
    if (owns(rq, c))
        return true;
    const struct contract_list reads = catalog_reads(rq->catalog, rq->caller);
    for (size_t i = 0; i < reads.n; i++)
        if (catalog_listed(rq->catalog, &reads, i)->campaign == c->which)
            return true;
    return false;
}

static const char *direct_id(const struct request *rq, const struct campaign *c)
{
    const struct contract *k = catalog_contract_number(rq->catalog, c->direct);
    return k != NULL && owns(rq, c) ? k->id : NULL;
}

int64_t campaign_waits_until(const struct versions *vs, int64_t now_ms)
{
    size_t i = vs->n - 1;
    while (i > 0 && json_equal(vs->v[i - 1].terms->json[0], vs->v[i].terms->json[0]))
        i--;
    return i > 0 && vs->v[i].from_ms > now_ms ? vs->v[i].from_ms : 0;
}

static int64_t waits_until(const struct catalog *catalog, const struct campaign *c, int64_t now_ms)
{
    return campaign_waits_until(&catalog_contract_number(catalog, c->direct)->versions, now_ms);
}

static enum err find(struct request *rq, struct span id, const struct campaign **out)
{
    const struct campaign *c = catalog_campaign(rq->catalog, id);
    if (c == NULL || !campaign_seen(rq, c))
        return problem(&rq->problem, ERR_NOT_FOUND, "", "there is no such campaign, or it is not yours to see");
    *out = c;
    return ERR_OK;
}

/* ---- POST /v1/campaigns ---- */

enum err campaign_run(struct batch *cx, struct job *job)
{
    const struct record *r = &job->record;
    const struct catalog *cat = cx->catalog;
    const struct party *advertiser = catalog_party_number(cat, r->advertiser);
    struct campaign c = {
        .number = (uint32_t)cat->n_campaigns + 1,
        .partition = r->partition,
        .advertiser = advertiser->who,
        .document = r->campaign.document,
        .direct = (uint32_t)cat->n_contracts + 1,
        .created_ms = cx->now_ms,
    };
    memcpy(c.id, r->campaign.id, sizeof c.id);
    struct which which = campaign_which(&c);
    struct contract direct = {.number = c.direct,
                              .campaign = &which,
                              .of_campaign = c.document,
                              .document = r->campaign.direct_document,
                              .created_ms = cx->now_ms};
    keys_pepper(cx->instance->keys, span_str(c.id), which.pepper);
    memcpy(direct.id, r->campaign.direct_id, sizeof direct.id);
    enum err err = call_taken(job, catalog_campaign(cat, span_str(c.id)));
    if (err == ERR_OK)
        err = call_taken(job, catalog_contract(cat, span_str(direct.id)));
    if (err == ERR_OK)
        err = quota_leaves(job, QUOTA_CAMPAIGNS, advertiser, catalog_campaigns_of(cat, advertiser).n);
    if (err == ERR_OK)
        err = contract_plan(cx, &direct, &job->problem);
    if (err == ERR_OK)
        err = answer_campaign(job, &c, direct.id, 0, 201);
    if (err == ERR_OK)
        err = contract_open(cx, &direct);
    if (err == ERR_OK)
        err = catalog_put_campaign(cx->txn, &c);
    cx->catalog_changed = err == ERR_OK;
    return err;
}

/* The direct contract has no publisher and pays nothing. */
static enum err direct_document(struct request *rq, struct record *r)
{
    struct buf text;
    json_t *in = json_pack("{s:s, s:s, s:{s:[]}}", "campaign", r->campaign.id, "publisher", "", "price", "lead");
    buf_heap(&text);
    enum err err = contract_document(in, span_str(r->campaign.direct_id), &text, &rq->problem);
    r->campaign.direct_document = arena_copy(rq->arena, buf_span(&text));
    buf_free(&text);
    json_decref(in);
    return err;
}

static enum err campaign_advertiser(struct request *rq, const json_t *body, uint32_t *out)
{
    struct span id;
    enum err err = body_text(rq, body, "advertiser", LIMIT_ID, &id);
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

static enum err documents(struct request *rq, const json_t *body, struct record *r)
{
    struct buf text;
    random_id('A', r->campaign.id);
    random_id('C', r->campaign.direct_id);
    buf_heap(&text);
    enum err err = campaign_document(body, span_str(r->campaign.id), &text, &rq->problem);
    if (err == ERR_OK) {
        r->campaign.document = arena_copy(rq->arena, buf_span(&text));
        err = direct_document(rq, r);
    }
    buf_free(&text);
    const struct campaign c = {.document = r->campaign.document};
    return err == ERR_OK ? call_compiles(rq, &c, r->campaign.direct_document) : err;
}

enum err campaign_zone(struct request *rq, const json_t *body)
{
    const json_t *zone = json_object_get(body, "timezone");
    if (!json_is_string(zone))
        return ERR_OK;
    int64_t ahead_s;
    enum err err = zones_offset(rq->worker->zones, span_of(json_string_value(zone), json_string_length(zone)),
                                rq->arrived_ms, &ahead_s);
    if (err == ERR_NOT_FOUND)
        return problem(&rq->problem, ERR_INVALID, "timezone", "must be an IANA time zone such as Europe/Paris");
    return err == ERR_OK ? ERR_OK : worker_fails(rq, err, "the system's time zones cannot be read: install tzdata");
}

enum err campaigns_create(struct request *rq, struct reply *reply)
{
    (void)reply;
    json_t *body;
    struct job *job = worker_job(rq, RECORD_CAMPAIGN, NULL);
    enum err err = body_object(rq, &body);
    if (err != ERR_OK)
        return err;
    err = campaign_advertiser(rq, body, &job->record.advertiser);
    if (err == ERR_OK)
        err = documents(rq, body, &job->record);
    if (err == ERR_OK)
        err = campaign_zone(rq, body);
    json_decref(body);
    quota_say(rq, job, QUOTA_CAMPAIGNS);
    return err == ERR_OK ? call_submit(rq, job) : err;
}

/* ---- GET /v1/campaigns[/{id}] ---- */

enum err campaigns_list(struct request *rq, struct reply *reply)
{
    struct param order = {.name = "order"};
    struct window window;
    struct list list;
    const struct campaign *last = NULL;
    bool newest;
    enum err err = window_read(rq, &order, 1, &window);
    if (err == ERR_OK)
        err = list_order(rq, &order, &newest);
    if (err != ERR_OK)
        return err;
    if (!span_empty(window.after)) {
        if (find(rq, window.after, &last) != ERR_OK)
            return problem(&rq->problem, ERR_MALFORMED, "after", "must be the `next` of the answer before");
    }
    list_open(&list, &window);
    const uint32_t all = (uint32_t)rq->catalog->n_campaigns;
    uint32_t done = last == NULL ? 0 : newest ? all - last->number + 1 : last->number;
    for (; done < all; done++) {
        const struct campaign *c = catalog_campaign_number(rq->catalog, newest ? all - done : done + 1);
        if (!campaign_seen(rq, c))
            continue;
        if (!list_item(&list))
            break;
        if ((err = jw_campaign(&list.w, c, direct_id(rq, c), waits_until(rq->catalog, c, rq->arrived_ms))) != ERR_OK) {
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
    if ((err = jw_campaign(&a.w, c, direct_id(rq, c), waits_until(rq->catalog, c, rq->arrived_ms))) == ERR_OK)
        answer_reply(&a, rq, reply);
    else
        answer_abandon(&a);
    return err;
}

/* ---- PATCH /v1/campaigns/{id} ---- */

/* What is asked for, beside the document that it makes of `stored`. */
struct change {
    int64_t effective_ms; /* 0: at once */
    bool through;         /* no more than a pause or its end: it does not wait for what does, but goes through it */
};

/* *in: what is left of it is for the document. */
static enum err change_read(struct span patch, struct change *change, json_t **in, struct problem *p)
{
    enum err err = json_read(patch, in, p);
    if (err != ERR_OK)
        return err;
    err = call_effective(*in, &change->effective_ms, p);
    change->through =
        !change->effective_ms && json_object_size(*in) == 1 && json_is_boolean(json_object_get(*in, "paused"));
    return err;
}

static enum err patched(struct span stored, struct span patch, struct buf *out, struct change *change,
                        struct problem *p)
{
    json_t *in = NULL;
    enum err err = change_read(patch, change, &in, p);
    if (err == ERR_OK)
        err = campaign_patch(stored, in, out, p);
    json_decref(in);
    return err;
}

static enum err check_patched_zone(struct request *rq)
{
    json_t *change;
    enum err err = json_read(rq->body, &change, &rq->problem);
    if (err != ERR_OK)
        return err;
    err = campaign_zone(rq, change);
    json_decref(change);
    return err;
}

/* The documents of a version with the patch in the campaign's: as a campaign and contract that have them. */
struct patched_version {
    struct buf text[3];
    struct campaign campaign;
    bool changed;
};

static enum err version_patch(const struct version *v, const struct campaign *c, struct span patch,
                              struct patched_version *out, struct problem *p)
{
    struct change ignored;
    for (int i = 0; i < 3; i++)
        buf_heap(&out->text[i]);
    terms_document(v->terms, 0, &out->text[0]);
    terms_document(v->terms, 1, &out->text[1]);
    enum err err = patched(buf_span(&out->text[0]), patch, &out->text[2], &ignored, p);
    out->campaign = *c;
    out->campaign.document = buf_span(&out->text[2]);
    out->changed = !span_eq(buf_span(&out->text[0]), buf_span(&out->text[2]));
    return err;
}

static void version_close(struct patched_version *v)
{
    for (int i = 0; i < 3; i++)
        buf_free(&v->text[i]);
}

/* The version in force changes at once, and each that waits is made again with the change, for its time, and for
 * assents where it asks for them. */
static enum err renew_through(struct batch *cx, const struct contract *now, const struct campaign *c, struct span patch)
{
    const struct versions *vs = &now->versions;
    int64_t now_ms = pipeline_dated(cx, now, cx->now_ms);
    const struct version *first = versions_at(vs, now_ms);
    struct contract k = *now;
    enum err err = ERR_OK;
    for (const struct version *v = first; v < vs->v + vs->n && err == ERR_OK; v++) {
        struct patched_version version;
        err = version_patch(v, c, patch, &version, NULL);
        k.of_campaign = version.campaign.document;
        k.document = buf_span(&version.text[1]);
        if (err == ERR_OK)
            err = contract_next(cx, &k, v == first || v->effective_ms <= now_ms ? 0 : v->effective_ms, NULL);
        if (err == ERR_OK)
            err = contract_renew(cx, &k);
        version_close(&version);
    }
    return err;
}

/* Does such a change change anything of what is in force or waits? */
static enum err goes_through(struct batch *cx, const struct campaign *c, struct span patch, bool *changes,
                             struct problem *p)
{
    const struct contract *direct = catalog_contract_number(cx->catalog, c->direct);
    const struct versions *vs = &direct->versions;
    enum err err = ERR_OK;
    *changes = false;
    for (const struct version *v = versions_at(vs, pipeline_dated(cx, direct, cx->now_ms));
         v < vs->v + vs->n && err == ERR_OK; v++) {
        struct patched_version version;
        err = version_patch(v, c, patch, &version, p);
        *changes |= version.changed;
        version_close(&version);
    }
    return err;
}

/* Checks a contract of the campaign, which is *c now, or renews it. */
static enum err one_contract(struct batch *cx, const struct campaign *c, const struct contract *now,
                             const struct change *change, struct span patch, bool write, struct problem *p)
{
    struct contract k = *now;
    enum err err = ERR_OK;
    k.of_campaign = c->document;
    bool through = change->through && (versions_wait(&k.versions, pipeline_dated(cx, &k, cx->now_ms)) ||
                                       versions_proposal(&k.versions) != NULL);
    if (write && through)
        return renew_through(cx, now, c, patch);
    if (!through)
        err = contract_next(cx, &k, change->effective_ms, p);
    if (err == ERR_OK && !through && !change->effective_ms)
        err = contract_at_once(cx, now, p);
    if (err == ERR_OK && write)
        err = contract_renew(cx, &k);
    else if (err == ERR_OK && (err = contract_check(cx, &k, p)) == ERR_OK)
        err = pipeline_ready(cx, &k);
    return err;
}

static enum err each_contract(struct batch *cx, const struct contract_list *all, const struct campaign *c,
                              const struct change *change, bool write, struct problem *p)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < all->n && err == ERR_OK; i++)
        err = one_contract(cx, c, catalog_listed(cx->catalog, all, i), change, cx->record->change.patch, write, p);
    return err;
}

/* Which contracts have the change with what is asked for: all, or, of many, the direct one, which tells when documents
 * of the campaign bind; the others were looked at by who made the record, and a chore goes on with them. */
static enum err first_contracts(struct batch *cx, const struct job *job, const struct campaign *c,
                                struct contract_list *all, struct unfinished *later, struct problem *p)
{
    enum err err = go_on_no_terms(cx, c->which, p);
    *all = catalog_contracts_of(cx->catalog, c->which);
    *later = (struct unfinished){.n = 0};
    return err != ERR_OK || all->n <= SLICE_LOGS ? err
                                                 : go_on_behind_direct(cx, job, job->record.change.made, all, later, p);
}

static enum err change_write(struct batch *cx, struct job *job, const struct campaign *c, const struct change *change)
{
    struct contract_list all;
    struct unfinished later;
    enum err err;
    if ((err = first_contracts(cx, job, c, &all, &later, &job->problem)) != ERR_OK ||
        (err = each_contract(cx, &all, c, change, false, &job->problem)) != ERR_OK ||
        (err = catalog_put_campaign(cx->txn, c)) != ERR_OK ||
        (err = each_contract(cx, &all, c, change, true, NULL)) != ERR_OK)
        return err;
    cx->catalog_changed = true;
    return later.n > 0 ? go_on_later(cx, job, &later) : ERR_OK;
}

/* A time that has come meanwhile is now. */
enum err campaign_change_log(struct batch *cx, const struct record *r, const struct contract *k)
{
    struct problem why = {0};
    struct change change;
    json_t *in = NULL;
    enum err err = change_read(r->change.patch, &change, &in, &why);
    json_decref(in);
    if (err == ERR_OK && change.effective_ms <= pipeline_dated(cx, k, cx->now_ms))
        change.effective_ms = 0;
    if (err == ERR_OK)
        err = pipeline_ready(cx, k);
    if (err == ERR_OK)
        err = one_contract(cx, catalog_which(cx->catalog, k->campaign), k, &change, r->change.patch, true, &why);
    cx->catalog_changed |= err == ERR_OK;
    return err;
}

enum err campaign_change_run(struct batch *cx, struct job *job)
{
    const struct record *r = &job->record;
    struct campaign c = *catalog_campaign_number(cx->catalog, r->change.number);
    const struct contract *k = catalog_contract_number(cx->catalog, c.direct);
    struct span before = c.document;
    struct change change;
    struct buf text;
    assert(batch_may_touch(cx, k));
    buf_heap(&text);
    enum err err = patched(before, r->change.patch, &text, &change, &job->problem);
    if (err != ERR_OK)
        goto done;
    c.document = buf_span(&text);
    bool changes = !span_eq(before, c.document);
    if (change.through && (err = goes_through(cx, &c, r->change.patch, &changes, &job->problem)) != ERR_OK)
        goto done;
    int64_t waits_ms = waits_until(cx->catalog, &c, cx->now_ms);
    if (!changes && change.effective_ms && change.effective_ms != waits_ms) {
        err = call_same_but_time(&job->problem);
        goto done;
    }
    if (changes && !change.through)
        waits_ms = change.effective_ms;
    if ((err = answer_campaign(job, &c, k->id, waits_ms, 200)) == ERR_OK && changes)
        err = change_write(cx, job, &c, &change);
done:
    buf_free(&text);
    return err;
}

enum err campaign_owned(struct request *rq, const struct campaign **out)
{
    enum err err = find(rq, rq->param[0], out);
    if (err == ERR_OK && !owns(rq, *out))
        err = problem(&rq->problem, ERR_FORBIDDEN, "", "a campaign is changed by its advertiser or the operator");
    return err;
}

/* ---- whether many contracts can have it, on a reader thread ---- */

enum { LOOK_AT_ONCE = 64 }; /* terms that are in memory for that */

static enum err look(struct request *rq, struct batch *cx, const struct campaign *c, const struct change *change)
{
    struct compiled_pool pool = {.used = false};
    const struct contract_list all = catalog_contracts_of(cx->catalog, c->which);
    enum err err = ERR_OK;
    cx->compiled = &pool;
    for (size_t i = 0; i < all.n && err == ERR_OK; i++) {
        err = one_contract(cx, c, catalog_listed(cx->catalog, &all, i), change, SPAN(""), false, &rq->problem);
        if (i % LOOK_AT_ONCE == 0)
            compiled_clear(&pool);
    }
    compiled_clear(&pool);
    return err;
}

static enum err look_at_contracts(struct request *rq, struct reply *reply)
{
    (void)reply;
    struct job *job = call_looked(rq);
    struct campaign c = *catalog_campaign_number(rq->catalog, job->record.change.number);
    struct batch cx = {.instance = &rq->worker->server->instance,
                       .catalog = rq->catalog,
                       .record = &job->record,
                       .now_ms = rq->arrived_ms};
    struct change change;
    struct buf text;
    buf_heap(&text);
    enum err err = patched(c.document, job->record.change.patch, &text, &change, &rq->problem);
    c.document = buf_span(&text);
    if (err == ERR_OK)
        err = look(rq, &cx, &c, &change);
    buf_free(&text);
    job->record.change.made = c.seen;
    return err == ERR_OK ? ERR_PENDING : err;
}

static enum err submit_change(struct request *rq, const struct campaign *c, struct span patch)
{
    struct job *job = worker_job(rq, RECORD_CAMPAIGN_CHANGE, c->advertiser);
    job->record.change.number = c->number;
    job->record.change.patch = patch;
    return catalog_contracts_of(rq->catalog, c->which).n <= SLICE_LOGS ? call_submit(rq, job)
                                                                       : call_look(rq, job, look_at_contracts);
}

enum err campaigns_patch(struct request *rq, struct reply *reply)
{
    (void)reply;
    const struct campaign *c = NULL;
    struct change change;
    struct buf text;
    enum err err = campaign_owned(rq, &c);
    if (err != ERR_OK)
        return err;
    buf_heap(&text);
    err = patched(c->document, rq->body, &text, &change, &rq->problem);
    buf_free(&text);
    if (err == ERR_OK)
        err = call_notice(rq, change.effective_ms);
    if (err == ERR_OK)
        err = check_patched_zone(rq);
    return err == ERR_OK ? submit_change(rq, c, rq->body) : err;
}

/* ---- POST /v1/campaigns/{id}/pause ---- */

/* A change of the one member. */
enum err campaigns_pause(struct request *rq, struct reply *reply)
{
    (void)reply;
    static const struct body_member members[] = {{"paused", BODY_BOOL, 0, 0, false}, {NULL}};
    const struct campaign *c = NULL;
    bool paused = true;
    enum err err = campaign_owned(rq, &c);
    if (err == ERR_OK)
        err = body_read(rq, members, &paused);
    return err == ERR_OK ? submit_change(rq, c, paused ? SPAN("{\"paused\":true}") : SPAN("{\"paused\":false}")) : err;
}
