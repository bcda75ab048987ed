/* Clicks, views and the tag. The hot path: no malloc, no printf; what a request needs lives in its arena. */
#include "server/tracking/tracking.h"
#include "asset_t_js.h"
#include "common/base/ascii.h"
#include "common/base/bytes.h"
#include "common/base/query.h"
#include "common/base/text.h"
#include "common/base/utf8.h"
#include "common/base/when.h"
#include "server/keys/day_keys.h"
#include "server/system/system.h"
#include "server/tracking/landing.h"

#define TOUCH_COOKIE "cs_touch"
#define TOUCH_MAX_AGE "7776000" /* 90 days */

enum { COOKIE_MAX = LIMIT_TOUCHES * (CLICK_ID_LEN + 1) };

/* ---- what both lanes share ---- */

struct target {
    const struct contract *contract;
    const struct code *code;
    uint32_t placement;
};

/* ERR_NOT_FOUND: not a code of ours. ERR_GONE: one of a contract that is not in force. */
static enum err find_target(struct request *rq, struct span text, struct target *out)
{
    struct tracking_code code;
    enum err err = code_cache_read(rq->worker->codes, rq->worker->tokens, text, &code);
    if (err == ERR_OK) {
        out->contract = catalog_contract_number(rq->catalog, code.contract);
        out->placement = code.placement;
        if (out->contract == NULL || code.placement == 0 || code.placement > out->contract->n_codes)
            err = ERR_NOT_FOUND;
        else if (!terms_active(out->contract->terms, rq->arrived_ms))
            err = ERR_GONE;
        else
            out->code = &out->contract->codes[code.placement - 1];
    }
    return err;
}

/* At most max bytes of clean UTF-8. */
static struct span clean(struct request *rq, struct span s, size_t max)
{
    struct buf b;
    if (s.len <= max && ascii_printable(s))
        return s;
    arena_buf(rq->arena, &b, max);
    utf8_repair(&b, s, max);
    return buf_span(&b);
}

static void open_entry(struct request *rq, struct job *job, enum entry_kind kind, const struct target *t)
{
    struct entry *e = &job->record.track.entry;
    job->record.track.contract = t->contract->number;
    e->kind = kind;
    e->at_ms = rq->arrived_ms;
}

/* Commits to IP and user agent, and seals them. */
static enum err seal(struct request *rq, struct job *job, struct hash *commitment)
{
    struct private_part priv = {.ip = span_str(rq->ip), .ua = clean(rq, rq->user_agent, LIMIT_USER_AGENT)};
    struct buf plain, sealed;
    random_bytes(priv.seed, sizeof priv.seed);
    private_commitment(&priv, commitment);

    job->record.track.sealed.day = (uint32_t)(rq->arrived_ms / MS_PER_DAY);
    arena_buf(rq->arena, &plain, 2 * LIMIT_USER_AGENT + 256); /* quotes and backslashes are all that is escaped */
    private_write(&plain, &priv);
    arena_buf(rq->arena, &sealed, plain.len + AEAD_NONCE_LEN + AEAD_TAG_LEN);
    enum err err = sealer_seal(rq->worker->sealer, job->record.track.sealed.day, commitment, buf_span(&plain), &sealed);
    job->record.track.sealed.bytes = buf_span(&sealed);
    return err;
}

/* The first that holds. A link is followed to a document; a browser says so, others say nothing. */
static enum class class_of(const struct request *rq, bool link, bool bot) {
    bool document = span_empty(rq->fetch_dest) || ascii_is(rq->fetch_dest, "document");
    return rq->prefetch        ? CLASS_PREFETCH
           : link && !document ? CLASS_EMBEDDED
           : bot               ? CLASS_BOT
                               : CLASS_OK;
}

static struct agent agent_of(const struct request *rq)
{
    return agent_cache_read(rq->worker->agents, rq->user_agent);
}

static enum err submit(struct request *rq, struct job *job, struct hash *commitment)
{
    enum err err = seal(rq, job, commitment);
    if (err == ERR_OK)
        return worker_submit(rq, job);
    source_unrecorded(rq->worker->server->source, job);
    return err;
}

static void no_store(struct reply *r)
{
    reply_header(r, "Cache-Control", SPAN("no-store"));
}

/* Tag and pixel are made for other people's pages, isolated ones among them. */
static void for_any_page(struct reply *r)
{
    reply_header(r, "Cross-Origin-Resource-Policy", SPAN("cross-origin"));
}

/* ---- clicks ---- */

static void redirect(struct reply *r, struct span location, struct span referrer_policy)
{
    r->status = 302;
    reply_header(r, "Location", location);
    no_store(r);
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
    no_store(r);
    reply_body(rq, r, "text/plain; charset=utf-8",
               early             ? SPAN("This offer has not begun yet.\n")
               : err == ERR_GONE ? SPAN("This offer has ended.\n")
                                 : SPAN("Unknown tracking code.\n"));
    return ERR_OK;
}

static bool looks_like_id(struct span s)
{
    return s.len == CLICK_ID_LEN && ascii_all_alnum_or(s, "-_");
}

/* The value of our cookie in a Cookie header; empty when there is none. */
static struct span touch_cookie(struct span header)
{
    static const char name[] = TOUCH_COOKIE "=";
    while (header.len) {
        struct span pair = text_trim(text_take(&header, ';'), " ");
        if (span_starts(pair, name))
            return span_skip(pair, sizeof name - 1);
    }
    return (struct span){"", 0};
}

/* The visitor's click ids, oldest first, joined by '.': the newest LIMIT_TOUCHES of what the cookie had, and this one.
 */
static void set_cookie(struct request *rq, struct reply *r, struct span id)
{
    struct span old = touch_cookie(rq->cookie), keep[LIMIT_TOUCHES - 1];
    size_t n = 0;
    while (old.len && n < LIMIT_TOUCHES - 1) { /* from the newest, at the end, to the oldest */
        const char *dot = memrchr(old.ptr, '.', old.len);
        size_t from = dot != NULL ? (size_t)(dot + 1 - old.ptr) : 0;
        struct span one = span_of(old.ptr + from, old.len - from);
        if (looks_like_id(one))
            keep[n++] = one;
        old.len = dot != NULL ? from - 1 : 0;
    }
    struct buf b;
    arena_buf(rq->arena, &b, COOKIE_MAX + 128);
    buf_str(&b, TOUCH_COOKIE "=");
    while (n-- > 0) {
        buf_span_add(&b, keep[n]);
        buf_byte(&b, '.');
    }
    buf_span_add(&b, id);
    buf_str(&b, "; Max-Age=" TOUCH_MAX_AGE "; Path=/; HttpOnly; SameSite=Lax");
    if (rq->worker->server->instance.https)
        buf_str(&b, "; Secure");
    reply_header(r, "Set-Cookie", buf_span(&b));
}

#define NO_INDEX (UINT64_MAX - 1) /* no log gets there */

/* A browser that met a redirect would not ask again when the person goes there; after this it does. */
static enum err answer_prefetch(struct reply *r)
{
    r->status = 503;
    r->meant = true;
    no_store(r);
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
    set_cookie(rq, r, id);
    return ERR_OK;
}

enum err click_handle(struct request *rq, struct reply *r)
{
    struct target t = {NULL};
    struct span glued;
    enum err err = find_target(rq, landing_code(rq, rq->param[0], &glued), &t);
    if (err != ERR_OK)
        return refuse_click(rq, r, &t, err);
    struct job *job = worker_job(rq, RECORD_CLICK, t.contract->campaign->advertiser);
    struct entry_click *click = &job->record.track.entry.click;
    struct landing *l = arena_alloc(rq->arena, sizeof *l);
    open_entry(rq, job, ENTRY_CLICK, &t);
    struct agent agent = agent_of(rq);
    click->class = class_of(rq, true, agent.bot);
    click->device = agent.device;
    click->placement = t.placement;
    landing_read(rq, glued, t.contract->terms, click, l);
    if (rq->method ==
        METHOD_HEAD) /* the same headers, but nobody is on the way: no record, and an id that points nowhere */
        return answer_click(rq, r, &t, click, l, NO_INDEX);
    rq->kept = span_of(l, sizeof *l);
    err = submit(rq, job, &click->commitment);
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
    no_store(r);
    return true;
}

/* ---- pixels ---- */

static const uint8_t gif[] = {'G', 'I',  'F',  '8',  '9',  'a',  1, 0, 1, 0,    0x80, 0, 0,    0, 0,
                              0,   0xff, 0xff, 0xff, 0x21, 0xf9, 4, 1, 0, 0,    0,    0, 0x2c, 0, 0,
                              0,   0,    1,    0,    1,    0,    0, 2, 2, 0x44, 1,    0, 0x3b};
_Static_assert(sizeof gif == 43, "the smallest transparent GIF");

static enum err answer_pixel(struct reply *r)
{
    r->content_type = SPAN("image/gif");
    r->body = span_of(gif, sizeof gif);
    for_any_page(r);
    no_store(r);
    return ERR_OK;
}

/* It gets its image all the same; HEAD, which reports nothing, is not refused. */
static enum err refuse_pixel(struct request *rq, struct reply *r, enum pixel_fault fault)
{
    static const struct {
        const char *word, *meaning;
    } faults[] = {
#define X(symbol, word, meaning) {word, meaning},
        PIXEL_FAULT_TABLE(X)
#undef X
    };
    if (rq->method != METHOD_HEAD) {
        METRIC_ADD(rq->worker->counters, pixels_refused[fault], 1);
        rq->refused = true;
        rq->why = rq->problem.detail[0] != '\0' ? rq->problem.detail : faults[fault].meaning;
    }
    return answer_pixel(r);
}

static struct span pixel_code(struct span code)
{
    if (code.len > 4 && memcmp(code.ptr + code.len - 4, ".gif", 4) == 0)
        code.len -= 4;
    return code;
}

void pixel_sender(struct request *rq)
{
    static const char before[] = "/p/";
    const char *query = memchr(rq->target.ptr, '?', rq->target.len);
    struct span code = span_of(rq->target.ptr, query != NULL ? (size_t)(query - rq->target.ptr) : rq->target.len);
    struct tracking_code read;
    if (!span_starts(code, before) || code_cache_read(rq->worker->codes, rq->worker->tokens,
                                                      pixel_code(span_skip(code, sizeof before - 1)), &read) != ERR_OK)
        return;
    const struct contract *k = catalog_contract_number(rq->catalog, read.contract);
    if (k != NULL)
        rq->sender.party = k->publisher != NULL ? k->publisher : k->campaign->advertiser;
}

/* RECORD_NONE: an event that pixels do not report. Finds the click id. */
static enum record_kind event_of(struct request *rq, struct span *click_id)
{
    struct query q;
    struct span name, value;
    enum record_kind kind = RECORD_VIEW;
    query_open(&q, rq->query);
    while (query_next(&q, &name, &value))
        if (span_is(name, "event"))
            kind = span_is(value, "view")         ? RECORD_VIEW
                   : span_is(value, "impression") ? RECORD_IMPRESSION
                                                  : RECORD_NONE;
        else if (span_is(name, "click_id"))
            *click_id = value;
    return kind;
}

static void claim_click(struct request *rq, const struct target *t, struct span click_id, struct record_track *track)
{
    struct pointer click;
    if (track->entry.kind != ENTRY_VIEW || span_empty(click_id) ||
        click_id_read(rq->worker->tokens, click_id, &click) != ERR_OK || click.contract != t->contract->number ||
        click.flags != 0)
        return;
    track->has_click_claim = true;
    track->click_claim = click.index;
}

enum err pixel_handle(struct request *rq, struct reply *r)
{
    struct target t;
    struct span click_id = {0};
    enum err err = find_target(rq, pixel_code(rq->param[0]), &t);
    if (err != ERR_OK)
        return refuse_pixel(rq, r, err == ERR_GONE ? PIXEL_ENDED : PIXEL_CODE);
    enum record_kind kind = event_of(rq, &click_id);
    if (kind == RECORD_NONE) {
        problem(&rq->problem, ERR_MALFORMED, "event", "this event is none that pixels report");
        return refuse_pixel(rq, r, PIXEL_EVENT);
    }
    if (rq->method == METHOD_HEAD)
        return answer_pixel(r);
    struct job *job = worker_job(rq, kind, t.contract->campaign->advertiser);
    struct entry_view *view = &job->record.track.entry.view;
    open_entry(rq, job, kind == RECORD_VIEW ? ENTRY_VIEW : ENTRY_IMPRESSION, &t);
    view->class = class_of(rq, false, agent_of(rq).bot);
    view->placement = t.placement;
    claim_click(rq, &t, click_id, &job->record.track);
    err = submit(rq, job, &view->commitment);
    return err == ERR_PENDING ? err : answer_pixel(r);
}

enum err pixel_finish(struct request *rq, struct job *job, struct reply *r)
{
    return job->err == ERR_GONE ? refuse_pixel(rq, r, PIXEL_ENDED) : answer_pixel(r);
}

bool pixel_fault(struct request *rq, const struct http_fault *fault, struct reply *r)
{
    return fault->line_told && is_read(rq) && refuse_pixel(rq, r, PIXEL_REQUEST) == ERR_OK;
}

/* ---- the tag ---- */

enum err tag_handle(struct request *rq, struct reply *r)
{
    (void)rq;
    r->content_type = SPAN("text/javascript; charset=utf-8");
    r->body = span_of(asset_t_js, sizeof asset_t_js);
    reply_header(r, "Cache-Control", SPAN("public, max-age=3600"));
    reply_header(r, "Access-Control-Allow-Origin", SPAN("*"));
    for_any_page(r);
    return ERR_OK;
}
