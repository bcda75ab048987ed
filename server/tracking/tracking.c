/* Clicks and the tag. The hot path: no malloc, no printf; what a request needs lives in its arena. */
#include "server/tracking/tracking.h"
#include "asset_t_js.h"
#include "common/base/when.h"
#include "server/system/system.h"
#include "server/tracking/landing.h"
#include "server/tracking/tracking_private.h"

/* ---- clicks ---- */

static void redirect(struct reply *r, struct span location, struct span referrer_policy)
{
    r->status = 302;
    reply_header(r, "Location", location);
    tracking_no_store(r);
    reply_header(r, "Referrer-Policy", referrer_policy);
}

/* Of a code that is ours: ended or not begun, unless the campaign sends such visitors elsewhere. */
static enum err refuse_click(struct request *rq, struct reply *r, const struct target *t, enum err err)
{
    const struct terms *terms = t->contract != NULL ? t->contract->terms : NULL;
    if (err == ERR_GONE && !span_empty(terms->fallback_url)) {
        redirect(r, terms->fallback_url, terms->referrer_policy);
        return ERR_OK;
    }
    bool early = err == ERR_GONE && terms->starts_ms > rq->arrived_ms;
    r->status = err_status(err);
    tracking_no_store(r);
    reply_body(rq, r, "text/plain; charset=utf-8",
               early             ? SPAN("This offer has not begun yet.\n")
               : err == ERR_GONE ? SPAN("This offer has ended.\n")
                                 : SPAN("Unknown tracking code.\n"));
    return ERR_OK;
}

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
static enum err answer_click(struct request *rq, struct reply *r, const struct target *t,
                             const struct entry_click *click, const struct landing *l, uint64_t index)
{
    struct pointer p = {.contract = t->contract->number, .index = index, .at_s = (uint32_t)(rq->arrived_ms / MS_PER_S)};
    char *text = arena_alloc(rq->arena, CLICK_ID_LEN);
    if (click->class == CLASS_PREFETCH)
        return answer_prefetch(r);
    if (index == UINT64_MAX || index == NO_INDEX) /* what is not there has a place like no other */
        random_bytes(&p.index, sizeof p.index);
    if (index == UINT64_MAX)
        p.flags = CLICK_UNRECORDED;
    if (index == NO_INDEX)
        p.index |= UINT64_C(1) << 63; /* where no log gets */
    click_id_write(rq->worker->tokens, &p, text);
    struct span id = span_of(text, CLICK_ID_LEN);
    redirect(r, landing_url(rq, t->contract, t->code, click, l, id), t->contract->terms->referrer_policy);
    if (click->class != CLASS_EMBEDDED) /* nobody went there: a page that fetches links in secret gains nothing by it */
        touches_keep(rq, r, t->contract, id);
    return ERR_OK;
}

enum err click_handle(struct request *rq, struct reply *r)
{
    struct target t = {NULL};
    struct span glued;
    enum err err = tracking_target(rq, landing_code(rq, rq->param[0], &glued), &t);
    if (err == ERR_OK && !terms_active(t.contract->terms, rq->arrived_ms))
        err = ERR_GONE;
    if (err != ERR_OK)
        return refuse_click(rq, r, &t, err);
    struct job *job = worker_job(rq, RECORD_CLICK, t.contract->campaign->advertiser);
    struct entry_click *click = &job->record.track.entry.click;
    struct landing *l = arena_alloc(rq->arena, sizeof *l);
    tracking_open(job, ENTRY_CLICK, t.contract);
    struct agent agent = agent_cache_read(rq->worker->agents, rq->user_agent);
    click->class = tracking_class(rq, true, agent.bot);
    click->device = agent.device;
    click->placement = t.placement;
    landing_read(rq, glued, t.contract->terms, click, l);
    if (rq->method ==
        METHOD_HEAD) /* the same headers, but nobody is on the way: no record, and an id that points nowhere */
        return answer_click(rq, r, &t, click, l, NO_INDEX);
    rq->kept = span_of(l, sizeof *l);
    err = tracking_submit(rq, job, &click->commitment);
    return err == ERR_PENDING ? err : answer_click(rq, r, &t, click, l, UINT64_MAX);
}

enum err click_finish(struct request *rq, struct job *job, struct reply *r)
{
    const struct contract *k = catalog_contract_number(rq->catalog, job->record.track.contract);
    const struct entry_click *click = &job->record.track.entry.click;
    /* of the catalog that click_handle found them in */
    const struct target t = {k, &k->codes[click->placement - 1], click->placement};
    if (job->err == ERR_GONE)
        return refuse_click(rq, r, &t, ERR_GONE);
    return answer_click(rq, r, &t, click, (const struct landing *)(const void *)rq->kept.ptr,
                        job->err != ERR_OK ? UINT64_MAX : job->index);
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
