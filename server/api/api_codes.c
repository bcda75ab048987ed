#include <assert.h>
#include <stddef.h>

#include "common/decisions/link.h"
#include "server/api/api.h"
#include "server/api/body.h"
#include "server/api/call.h"
#include "server/api/list.h"
#include "server/api/quota.h"
#include "server/catalog/catalog_write.h"

/* The code itself is a function of contract and placement under the token key: nothing of it is stored. */
static void jw_code(struct jw *w, struct tokens *tokens, const char *public_url, const struct catalog *catalog,
                    const struct contract *k, const struct terms *terms, const struct code *c)
{
    char code[CODE_LEN];
    struct buf b;
    code_write(tokens, &(struct tracking_code){k->number, c->placement}, code);
    buf_heap(&b);
    jw_object(w);
    buf_printf(&b, "%s/c/%.*s", public_url, CODE_LEN, code);
    jw_kstr(w, "click_url", buf_span(&b));
    jw_kstr(w, "code", span_of(code, CODE_LEN));
    jw_kstr(w, "contract", span_str(k->id));
    jw_ktime(w, "created_at", c->created_ms);
    jw_kstr(w, "label", c->label);
    if (!span_empty(c->landing_url))
        jw_kstr(w, "landing_url", c->landing_url);
    jw_kbool(w, "off", c->off_ms != 0);
    if (c->off_ms != 0) {
        jw_ktime(w, "off_at", c->off_ms);
        jw_kstr(w, "off_by", span_str(catalog_party_number(catalog, c->off_by)->id));
    }
    buf_clear(&b);
    buf_printf(&b, "%s/p/%.*s.gif", public_url, CODE_LEN, code);
    jw_kstr(w, "pixel_url", buf_span(&b));
    buf_clear(&b);
    buf_printf(&b, "<script src=\"%s/t.js?code=%.*s", public_url, CODE_LEN, code);
    if (!span_is(terms->click_param, "click_id"))
        buf_printf(&b, "&amp;param=%.*s", (int)terms->click_param.len, (const char *)terms->click_param.ptr);
    buf_str(&b, "\" async></script>");
    jw_kstr(w, "tag", buf_span(&b));
    jw_object_end(w);
    buf_free(&b);
}

static enum err link_check(const struct terms *terms, struct span url, struct problem *p)
{
    if (!span_empty(url) && !terms_allows_link(terms, url))
        return problem(
            p, ERR_INVALID, "landing_url",
            "must be a URL on a host of the campaign (landing_url or allowed_hosts), https if its landing_url is");
    return link_macros_check(url, p);
}

/* A publisher's are those of its contracts, an advertiser's those of its campaigns' own. */
static const struct who *owner(const struct contract *k)
{
    return k->publisher != NULL ? k->publisher : k->campaign->advertiser;
}

/* One that is off makes room, later: who makes and switches off without end has no more of them than who keeps them. */
static enum err codes_leave(struct batch *cx, struct job *job, const struct party *p, uint32_t by)
{
    enum { COUNTS_DAYS = 30 };
    size_t n = 0;
    const struct contract_list reads = catalog_reads(cx->catalog, p);
    for (size_t i = 0; i < reads.n; i++) {
        const struct contract *k = catalog_listed(cx->catalog, &reads, i);
        for (size_t c = 0; owner(k) == p->who && c < k->n_codes; c++)
            n += k->codes[c]->off_ms == 0 || quota_recent(cx, by, k->codes[c]->off_ms, COUNTS_DAYS);
    }
    return quota_leaves(job, QUOTA_CODES, p, n);
}

enum err code_run(struct batch *cx, struct job *job)
{
    const struct record *r = &job->record;
    const struct contract *k = catalog_contract_number(cx->catalog, r->code.contract);
    const struct code code = {.placement = (uint32_t)k->n_codes + 1,
                              .label = r->code.label,
                              .landing_url = r->code.landing_url,
                              .created_ms = cx->now_ms};
    struct answer a;
    assert(batch_may_touch(cx, k));
    enum err err = link_check(contract_terms(k, cx->now_ms), code.landing_url,
                              &job->problem); /* the campaign may have changed meanwhile */
    if (err == ERR_OK)
        err = codes_leave(cx, job, catalog_who(cx->catalog, owner(k)), r->code.by);
    if (err == ERR_OK)
        err = catalog_put_code(cx->txn, k->number, &code);
    if (err != ERR_OK)
        return err;
    cx->catalog_changed = true;
    answer_open(&a);
    jw_code(&a.w, cx->tokens, cx->instance->public_url, cx->catalog, k, contract_terms(k, cx->now_ms), &code);
    answer_job(&a, job, 201);
    return ERR_OK;
}

/* An advertiser makes the campaign's own: one landing page then serves all publishers. */
static enum err own_codes(struct request *rq, const struct contract *k)
{
    if (rq->caller->role != ROLE_ADVERTISER || k->publisher == NULL)
        return ERR_OK;
    return problem(&rq->problem, ERR_FORBIDDEN, "",
                   "a publisher's codes are made by the publisher; your campaign's own at its direct_contract");
}

struct code_body {
    struct span label, landing_url;
};

enum err codes_create(struct request *rq, struct reply *reply)
{
    (void)reply;
    static const struct body_member members[] = {
        {"label", BODY_TEXT, offsetof(struct code_body, label), LIMIT_LABEL, true},
        {"landing_url", BODY_TEXT, offsetof(struct code_body, landing_url), LIMIT_URL, false},
        {NULL},
    };
    struct code_body in = {{0}, {0}};
    const struct contract *k;
    enum err err;
    if ((err = call_contract(rq, rq->param[0], &k)) != ERR_OK || (err = own_codes(rq, k)) != ERR_OK ||
        (err = body_read(rq, members, &in)) != ERR_OK ||
        (err = link_check(contract_terms(k, rq->arrived_ms), in.landing_url, &rq->problem)) != ERR_OK)
        return err;
    struct job *job = worker_job(rq, RECORD_CODE, k->campaign->advertiser);
    job->record.code.contract = k->number;
    job->record.code.by = rq->caller->number;
    job->record.code.label = in.label;
    job->record.code.landing_url = in.landing_url;
    quota_say(rq, job, QUOTA_CODES);
    return call_submit(rq, job);
}

/* ---- PATCH /v1/contracts/{id}/codes/{code} ---- */

enum err code_change_run(struct batch *cx, struct job *job)
{
    const struct record *r = &job->record;
    const struct contract *k = catalog_contract_number(cx->catalog, r->code_change.contract);
    struct code code = *k->codes[r->code_change.placement - 1];
    bool was_off = code.off_ms != 0, switched = r->code_change.switches && r->code_change.off != was_off;
    struct answer a;
    enum err err =
        switched && was_off ? codes_leave(cx, job, catalog_who(cx->catalog, owner(k)), r->code_change.by) : ERR_OK;
    assert(batch_may_touch(cx, k));
    if (err != ERR_OK)
        return err;
    if (r->code_change.relabels)
        code.label = r->code_change.label;
    if (switched) {
        code.off_ms = was_off ? 0 : cx->now_ms;
        code.off_by = r->code_change.by;
    }
    answer_open(&a);
    jw_code(&a.w, cx->tokens, cx->instance->public_url, cx->catalog, k, contract_terms(k, cx->now_ms), &code);
    answer_job(&a, job, 200);
    err = catalog_put_code(cx->txn, k->number, &code);
    cx->catalog_changed = err == ERR_OK;
    return err;
}

struct code_patch {
    struct span label;
    struct body_switch off;
};

enum err codes_patch(struct request *rq, struct reply *reply)
{
    (void)reply;
    static const struct body_member members[] = {
        {"label", BODY_TEXT, offsetof(struct code_patch, label), LIMIT_LABEL, false},
        {"off", BODY_SWITCH, offsetof(struct code_patch, off), 0, false},
        {NULL},
    };
    struct code_patch in = {.off = {.given = false}};
    struct tracking_code c;
    const struct contract *k;
    enum err err = call_contract(rq, rq->param[0], &k);
    if (err != ERR_OK)
        return err;
    if (code_read(rq->worker->tokens, rq->param[1], &c) != ERR_OK || c.contract != k->number || c.placement < 1 ||
        c.placement > k->n_codes)
        return problem(&rq->problem, ERR_NOT_FOUND, "", "this contract has no such code");
    if ((err = own_codes(rq, k)) != ERR_OK || (err = body_read(rq, members, &in)) != ERR_OK)
        return err;
    struct job *job = worker_job(rq, RECORD_CODE_CHANGE, k->campaign->advertiser);
    job->record.code_change.contract = k->number;
    job->record.code_change.placement = c.placement;
    job->record.code_change.by = rq->caller->number;
    job->record.code_change.relabels = in.label.ptr != NULL;
    job->record.code_change.label = in.label;
    job->record.code_change.switches = in.off.given;
    job->record.code_change.off = in.off.value;
    quota_say(rq, job, QUOTA_CODES);
    return call_submit(rq, job);
}

/* ---- GET ---- */

/* The cursor is the code's text. */
static enum err placement_after(struct request *rq, const struct contract *k, struct span after, size_t *out)
{
    struct tracking_code c = {0};
    if (!span_empty(after) &&
        (code_read(rq->worker->tokens, after, &c) != ERR_OK || c.contract != k->number || c.placement > k->n_codes))
        return problem(&rq->problem, ERR_MALFORMED, "after", "must be the `next` of the answer before");
    *out = c.placement;
    return ERR_OK;
}

enum err codes_list(struct request *rq, struct reply *reply)
{
    const struct contract *k;
    struct window window;
    struct list list;
    size_t i = 0;
    enum err err;
    if ((err = call_contract(rq, rq->param[0], &k)) != ERR_OK || (err = window_read(rq, NULL, 0, &window)) != ERR_OK ||
        (err = placement_after(rq, k, window.after, &i)) != ERR_OK)
        return err;
    list_open(&list, &window);
    for (; i < k->n_codes && list_item(&list); i++)
        jw_code(&list.w, rq->worker->tokens, rq->worker->server->instance.public_url, rq->catalog, k,
                contract_terms(k, rq->arrived_ms), k->codes[i]);
    char last[CODE_LEN];
    code_write(rq->worker->tokens, &(struct tracking_code){k->number, (uint32_t)i}, last);
    list_reply(rq, reply, &list, span_of(last, CODE_LEN));
    return ERR_OK;
}

/* ---- GET /v1/contracts/{id}/click-key: for the contract's parties, not for auditors ---- */

enum err click_key_get(struct request *rq, struct reply *reply)
{
    const struct contract *k;
    struct answer a;
    uint8_t key[CLICK_KEY_LEN], kid;
    enum err err;
    if ((err = params_read(rq, NULL, 0)) != ERR_OK || (err = call_contract(rq, rq->param[0], &k)) != ERR_OK)
        return err;
    answer_open(&a);
    jw_object(&a.w);
    jw_kstr(&a.w, "contract", span_str(k->id));
    jw_key(&a.w, "keys");
    jw_array(&a.w);
    for (size_t i = 0; click_key(rq->worker->tokens, i, k->number, &kid, key) == ERR_OK; i++) {
        jw_object(&a.w);
        jw_kb64url(&a.w, "key", key, sizeof key);
        jw_kint(&a.w, "kid", kid);
        jw_object_end(&a.w);
    }
    jw_array_end(&a.w);
    jw_object_end(&a.w);
    crypto_wipe(key, sizeof key);
    answer_reply(&a, rq, reply);
    return ERR_OK;
}
