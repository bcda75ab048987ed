/* Clicks and the tag. The hot path: no malloc, no printf; what a request needs lives in its arena. */
#include "server/tracking/tracking.h"
#include "asset_t_js.h"
#include "common/base/when.h"
#include "server/system/system.h"
#include "server/tracking/landing.h"
#include "server/tracking/tracking_private.h"
#include "server/tracking/visitor.h"

/* ---- clicks ---- */

static void redirect(struct reply *r, struct span location, struct span referrer_policy)
{
    r->status = 302;
    reply_header(r, "Location", location);
    tracking_no_store(r);
    reply_header(r, "Referrer-Policy", referrer_policy);
}

/* Of a code that is ours: ended, not begun or paused, unless the campaign sends such visitors elsewhere. */
static enum err refuse_click(struct request *rq, struct reply *r, const struct target *t, enum err err)
{
    if (err != ERR_NOT_FOUND && err != ERR_GONE)
        return err;
    const struct terms *terms = err == ERR_GONE ? contract_terms(t->contract, rq->arrived_ms) : NULL;
    enum click_fault fault =
        terms == NULL ? CLICK_FAULT_CODE : tracking_closed(rq->catalog, t->contract, t->code, rq->arrived_ms);
    if (rq->method != METHOD_HEAD)
        METRIC_ADD(rq->worker->counters, clicks_refused[fault], 1);
    if (terms != NULL && !span_empty(terms->fallback_url)) {
        redirect(r, terms->fallback_url, terms->referrer_policy);
        return ERR_OK;
    }
    return visitor_page(rq, r, fault, terms != NULL ? terms->landing_url : SPAN(""));
}

/* A click on its way. */
struct click {
    struct target target;
    struct landing landing;
    const struct entry_click *entry; /* the job's: but for its class, which the committer may write */
    bool prefetch, embedded;
    bool first;       /* of this visitor on this code within the window, */
    uint64_t visitor; /* who is known by this from now on */
};

#define NO_INDEX (UINT64_MAX - 1) /* no log gets there */

/* A browser that met a redirect would not ask again when the person goes there; after this it does. */
static enum err answer_prefetch(struct reply *r)
{
    r->status = 503;
    r->meant = true;
    tracking_no_store(r);
    return ERR_OK;
}

/* index UINT64_MAX: it could not be recorded; the id still proves contract and time. */
static enum err answer_click(struct request *rq, struct reply *r, const struct click *c, uint64_t index, int64_t at_ms)
{
    const struct target *t = &c->target;
    struct pointer p = {.contract = t->contract->number, .index = index, .at_s = (uint32_t)(at_ms / MS_PER_S)};
    char *text = arena_alloc(rq->arena, CLICK_ID_LEN);
    if (c->prefetch)
        return answer_prefetch(r);
    if (index == UINT64_MAX || index == NO_INDEX) /* what is not there has a place like no other */
        random_bytes(&p.index, sizeof p.index);
    if (index == UINT64_MAX)
        p.flags = CLICK_UNRECORDED;
    if (index == NO_INDEX)
        p.index |= UINT64_C(1) << 63; /* where no log gets */
    click_id_write(rq->worker->tokens, &p, text);
    struct span id = span_of(text, CLICK_ID_LEN);
    redirect(r, landing_url(rq, t->contract, t->code, c->entry, &c->landing, id),
             contract_terms(t->contract, rq->arrived_ms)->referrer_policy);
    if (!c->embedded) /* nobody went there: a page that fetches links in secret gains nothing by it */
        touches_keep(rq, r, t->contract, id);
    return ERR_OK;
}

/* A click that would count, of a visitor whose last such click on this code was not long ago, is a repeat. */
static enum class find_repeat(struct request *rq, struct click *c, uint32_t placement) {
    const struct contract *k = c->target.contract; struct repeats *repeats = rq->worker->server->repeats;
    int64_t window_s = contract_terms(k, rq->arrived_ms)->repeat_window_s;
    if (window_s == 0) return CLASS_OK;
    c->visitor = repeats_visitor(repeats, span_str(rq->ip), rq->user_agent, k->number, placement);
    c->first = !repeats_again(repeats, c->visitor, rq->arrived_us / 1000000, window_s);
    return c->first ? CLASS_OK : CLASS_REPEAT;
}

/* It could not be recorded. */
static enum err click_unrecorded(struct request *rq, struct reply *r, const struct click *c)
{
    if (c->first)
        repeats_forget(rq->worker->server->repeats, c->visitor);
    return answer_click(rq, r, c, UINT64_MAX, rq->arrived_ms);
}

enum err click_handle(struct request *rq, struct reply *r)
{
    struct click *c = arena_alloc(rq->arena, sizeof *c);
    struct span glued;
    c->target = (struct target){NULL};
    c->first = false;
    enum err err = tracking_target(rq, landing_code(rq, rq->param[0], &glued), &c->target);
    if (err == ERR_OK && !tracking_takes(rq->catalog, c->target.contract, c->target.code, rq->arrived_ms))
        err = ERR_GONE;
    if (err != ERR_OK)
        return refuse_click(rq, r, &c->target, err);
    const struct target *t = &c->target;
    struct job *job = worker_job(rq, RECORD_CLICK, t->contract->campaign->advertiser);
    struct entry_click *click = &job->record.track.entry.click;
    tracking_open(job, ENTRY_CLICK, t->contract);
    struct visitor *v = arena_alloc(rq->arena, sizeof *v);
    *v = tracking_visitor(rq);
    landing_read(rq, glued, contract_terms(t->contract, rq->arrived_ms), click, &c->landing);
    click->class = tracking_class(rq, true, c->landing.test, v);
    click->device = v->agent.device;
    click->country = span_str(v->origin.country);
    click->placement = t->placement;
    c->entry = click;
    c->prefetch = click->class == CLASS_PREFETCH;
    c->embedded = click->class == CLASS_EMBEDDED;
    if (rq->method ==
        METHOD_HEAD) /* the same headers, but nobody is on the way: no record, and an id that points nowhere */
        return answer_click(rq, r, c, NO_INDEX, rq->arrived_ms);
    if (click->to_refused)
        METRIC_ADD(rq->worker->counters, links_refused, 1);
    if (click->class == CLASS_OK)
        click->class = find_repeat(rq, c, t->placement);
    rq->kept = span_of(c, sizeof *c);
    err = tracking_submit(rq, job, &click->commitment);
    return err == ERR_PENDING ? err : click_unrecorded(rq, r, c);
}

enum err click_finish(struct request *rq, struct job *job, struct reply *r)
{
    const struct click *c = (const struct click *)(const void *)rq->kept.ptr;
    if (job == NULL) /* it may be recorded yet */
        return answer_click(rq, r, c, UINT64_MAX, rq->arrived_ms);
    if (job->err != ERR_OK)
        return click_unrecorded(rq, r, c);
    return answer_click(rq, r, c, job->index, job->record.arrived_ms); /* as recorded */
}

static bool is_read(const struct request *rq)
{
    return rq->method == METHOD_GET || rq->method == METHOD_HEAD;
}

bool click_fault(struct request *rq, const struct http_fault *fault, struct reply *r)
{
    struct buf text;
    if (!is_read(rq))
        return false;
    arena_buf(rq->arena, &text, 64);
    buf_str(&text, http_phrase(fault->status));
    buf_byte(&text, '\n');
    *r = (struct reply){
        .status = fault->status, .content_type = SPAN("text/plain; charset=utf-8"), .body = buf_span(&text)};
    tracking_no_store(r);
    return true;
}

/* ---- the tag ---- */

enum err tag_handle(struct request *rq, struct reply *r)
{
    (void)rq;
    r->content_type = SPAN("text/javascript; charset=utf-8");
    r->body = span_of(asset_t_js, sizeof asset_t_js);
    reply_header(r, "Cache-Control", SPAN("public, max-age=3600"));
    tracking_any_page(r, SPAN("*"));
    return ERR_OK;
}
