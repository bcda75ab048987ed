/* Pixels: views, impressions, and leads of thank-you pages. Whatever becomes of one, it is answered with its image. */
#include "common/base/ascii.h"
#include "common/base/json_write.h"
#include "common/base/query.h"
#include "common/base/text.h"
#include "common/base/utf8.h"
#include "server/tracking/landing.h"
#include "server/tracking/tracking.h"
#include "server/tracking/tracking_private.h"

static const uint8_t gif[] = {'G', 'I',  'F',  '8',  '9',  'a',  1, 0, 1, 0,    0x80, 0, 0,    0, 0,
                              0,   0xff, 0xff, 0xff, 0x21, 0xf9, 4, 1, 0, 0,    0,    0, 0x2c, 0, 0,
                              0,   0,    1,    0,    1,    0,    0, 2, 2, 0x44, 1,    0, 0x3b};
_Static_assert(sizeof gif == 43, "the smallest transparent GIF");

/* ---- answers ---- */

/* What comes with credentials does not tell so, and a browser then wants its origin named: '*' would not do. */
static bool is_named(const struct request *rq)
{
    return !span_empty(rq->origin) && ascii_printable(rq->origin);
}

static void any_page(const struct request *rq, struct reply *r)
{
    tracking_any_page(r, is_named(rq) ? rq->origin : SPAN("*"));
    if (!is_named(rq))
        return;
    reply_header(r, "Access-Control-Allow-Credentials", SPAN("true"));
    reply_header(r, "Vary", SPAN("Origin"));
}

static enum err answer_pixel(const struct request *rq, struct reply *r)
{
    r->content_type = SPAN("image/gif");
    r->body = span_of(gif, sizeof gif);
    any_page(rq, r);
    tracking_no_store(r);
    return ERR_OK;
}

static enum err answer_preflight(const struct request *rq, struct reply *r)
{
    r->status = 204;
    any_page(rq, r);
    reply_header(r, "Access-Control-Allow-Methods", SPAN("GET, POST"));
    reply_header(r, "Access-Control-Allow-Headers", SPAN("Content-Type, *"));
    reply_header(r, "Access-Control-Max-Age", SPAN("86400"));
    return ERR_OK;
}

/* HEAD reports nothing, so that nothing of it is refused. */
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
    return answer_pixel(rq, r);
}

/* A page of the campaign's reports it, whoever's code it has. */
static enum err refuse_lead(struct request *rq, struct reply *r, const struct target *t, enum pixel_fault fault)
{
    rq->sender.party = catalog_who(rq->catalog, t->contract->campaign->advertiser);
    return refuse_pixel(rq, r, fault);
}

void pixel_sender(struct request *rq)
{
    static const char before[] = "/p/";
    const char *query = memchr(rq->target.ptr, '?', rq->target.len);
    struct span code = span_of(rq->target.ptr, query != NULL ? (size_t)(query - rq->target.ptr) : rq->target.len);
    struct span glued;
    struct target t;
    if (!span_starts(code, before) ||
        tracking_target(rq, landing_code(rq, span_skip(code, sizeof before - 1), &glued), &t) != ERR_OK)
        return;
    const struct contract *k = t.contract;
    rq->sender.party = catalog_who(rq->catalog, k->publisher != NULL ? k->publisher : k->campaign->advertiser);
}

/* ---- what is reported ---- */

/* As sent; empty: not given. */
struct report {
    struct span event, click_id, txid;
};

static void read_report(struct span text, struct report *out)
{
    struct query q;
    struct span name, value;
    query_open(&q, text);
    while (query_next(&q, &name, &value)) {
        name = landing_name(name);
        struct span *into = query_name_is(name, SPAN("event"))      ? &out->event
                            : query_name_is(name, SPAN("click_id")) ? &out->click_id
                            : query_name_is(name, SPAN("txid"))     ? &out->txid
                                                                    : NULL;
        if (into != NULL && span_empty(*into))
            *into = value;
    }
}

/* A form, or the text that a script gave to sendBeacon. */
static bool is_form(struct span type)
{
    return media_type_is(type, "application/x-www-form-urlencoded") || media_type_is(type, "text/plain");
}

/* A click of the code's campaign, as with leads: an id of another campaign is none of this page's. */
static bool is_click(struct request *rq, const struct target *t, struct span id, struct pointer *out)
{
    struct span plain = id;
    if (!span_empty(id) && memchr(id.ptr, '%', id.len) != NULL) {
        char *mem = arena_alloc(rq->arena, id.len);
        plain = span_of(mem, query_unescape(id, mem));
    }
    plain = landing_cut(plain, CLICK_ID_LEN);
    if (span_empty(plain) || click_id_read(rq->worker->tokens, plain, out) != ERR_OK)
        return false;
    const struct contract *k = catalog_contract_number(rq->catalog, out->contract);
    return k != NULL && k->campaign == t->contract->campaign;
}

/* ---- views and impressions ---- */

static enum err refuse_closed(struct request *rq, struct reply *r, const struct contract *k, const struct code *code)
{
    static const enum pixel_fault faults[CLICK_FAULTS] = {[CLICK_FAULT_EARLY] = PIXEL_EARLY,
                                                          [CLICK_FAULT_ENDED] = PIXEL_ENDED,
                                                          [CLICK_FAULT_PAUSED] = PIXEL_PAUSED,
                                                          [CLICK_FAULT_OFF] = PIXEL_OFF};
    return refuse_pixel(rq, r, faults[tracking_closed(rq->catalog, k, code, rq->arrived_ms)]);
}

static struct job *traffic(struct request *rq, const struct contract *k, enum record_kind kind, uint32_t placement)
{
    struct job *job = worker_job(rq, kind, k->campaign->advertiser);
    struct entry_view *view = &job->record.track.entry.view;
    tracking_open(job, kind == RECORD_VIEW ? ENTRY_VIEW : ENTRY_IMPRESSION, k);
    const struct visitor v = tracking_visitor(rq);
    view->class = tracking_class(rq, false, false, &v);
    view->placement = placement;
    return job;
}

static enum err submit(struct request *rq, struct reply *r, struct job *job)
{
    enum err err = tracking_submit(rq, job, &job->record.track.entry.view.commitment);
    return err == ERR_PENDING ? err : answer_pixel(rq, r);
}

/* The click says whose it is, the code only where there is none. The campaign's own code is nobody's. */
static enum err report_view(struct request *rq, struct reply *r, const struct target *t, const struct report *report)
{
    struct pointer click;
    bool known = is_click(rq, t, report->click_id, &click);
    const struct contract *k = known ? catalog_contract_number(rq->catalog, click.contract) : t->contract;
    if (!tracking_takes(rq->catalog, k, t->code, rq->arrived_ms))
        return refuse_closed(rq, r, k, t->code);
    if (!known && k->publisher == NULL) {
        METRIC_ADD(rq->worker->counters, views_of_nobody, 1);
        return answer_pixel(rq, r);
    }
    struct job *job = traffic(rq, k, RECORD_VIEW, k == t->contract ? t->placement : 0);
    if (known && click.flags == 0) {
        job->record.track.has_click_claim = true;
        job->record.track.click_claim = click.index;
    }
    return submit(rq, r, job);
}

static enum err report_impression(struct request *rq, struct reply *r, const struct target *t,
                                  const struct report *report)
{
    (void)report; /* an advertisement is shown before there is a click: the code says where */
    if (!tracking_takes(rq->catalog, t->contract, t->code, rq->arrived_ms))
        return refuse_closed(rq, r, t->contract, t->code);
    return submit(rq, r, traffic(rq, t->contract, RECORD_IMPRESSION, t->placement));
}

/* ---- leads ---- */

static bool read_txid(struct request *rq, struct span encoded, struct span *out)
{
    struct buf b;
    arena_buf(rq->arena, &b, encoded.len + 1);
    if (query_decode(&b, encoded) != ERR_OK)
        return false;
    *out = text_trim(buf_span(&b), TYPED_BLANKS);
    return !span_empty(*out) && out->len <= LIMIT_TXID && utf8_valid(*out) && !ascii_has_control(*out) &&
           !text_has_macro(*out) && !text_is_nothing(*out);
}

/* The click of the query, else those of the cookie. */
static void read_touches(struct request *rq, const struct target *t, struct span click_id, struct lead_report *out)
{
    struct span id[LIMIT_TOUCHES];
    size_t n = 0;
    out->claimed = !span_empty(click_id) && !text_is_nothing(click_id);
    if (is_click(rq, t, click_id, &out->touches[0]))
        out->n_touches = 1;
    else
        n = touches_brought(rq, t->contract->campaign, id);
    out->claimed |= n > 0;
    for (size_t i = 0; i < n; i++)
        out->n_touches += is_click(rq, t, id[i], &out->touches[out->n_touches]);
}

/* What the page said, not what the browser brought: the same page again is the same report. */
static void facts_sha256(struct request *rq, const struct report *report, struct span txid, uint8_t out[HASH_LEN])
{
    struct buf b;
    struct jw w;
    arena_buf(rq->arena, &b, 6 * (report->click_id.len + txid.len) + 64);
    jw_open(&w, &b);
    jw_object(&w);
    jw_kstr(&w, "click_id", report->click_id);
    jw_kstr(&w, "event", SPAN("lead"));
    jw_kstr(&w, "txid", txid);
    jw_object_end(&w);
    jw_close(&w);
    sha256(b.ptr, b.len, out);
}

/* Nothing of a person, but the clicks that led there where they are several. */
static struct span contact_of(struct request *rq, const struct lead_report *r)
{
    struct buf b;
    if (r->n_touches < 2)
        return SPAN("{}");
    arena_buf(rq->arena, &b, LIMIT_TOUCHES * (CLICK_ID_LEN + 1) + 32);
    buf_str(&b, "{\"touches\":\"");
    click_ids_write(rq->worker->tokens, r->touches, r->n_touches, &b);
    buf_str(&b, "\"}");
    return buf_span(&b);
}

/* Nobody signed it: its sender is nobody, and its txid is unique among such leads of the campaign. */
static enum err report_lead(struct request *rq, struct reply *r, const struct target *t, const struct report *report)
{
    struct job *job = worker_job(rq, RECORD_LEAD, t->contract->campaign->advertiser);
    struct record_lead *l = &job->record.lead;
    struct private_part priv = {.lead = true};
    if (contract_terms(t->contract, rq->arrived_ms)->pixel_leads == PIXEL_LEADS_OFF)
        return refuse_lead(rq, r, t, PIXEL_LEADS);
    if (contract_locked(rq->catalog, t->contract) || t->code->off_ms != 0)
        return refuse_lead(rq, r, t, PIXEL_OFF);
    if (!read_txid(rq, report->txid, &l->report.txid)) {
        problem(&rq->problem, ERR_MALFORMED, "txid",
                "a lead's txid is 1 to %d bytes of clean text, no macro that was not replaced, and no word for nothing",
                LIMIT_TXID);
        return refuse_lead(rq, r, t, PIXEL_TXID);
    }
    l->report.party = SPAN("");
    l->report.trust = TRUST_PIXEL;
    l->fallback_contract = t->contract->number;
    read_touches(rq, t, report->click_id, &l->report);
    priv.contact = contact_of(rq, &l->report);
    facts_sha256(rq, report, l->report.txid, l->report.facts_sha256);
    struct span zone = contract_terms(t->contract, rq->arrived_ms)->timezone;
    enum err err = zones_offset(rq->worker->zones, zone, rq->arrived_ms, &l->report.utc_offset_s);
    memcpy(priv.facts_sha256, l->report.facts_sha256, HASH_LEN);
    if (err == ERR_OK)
        err = tracking_seal(rq, &priv, &l->sealed, &l->report.commitment);
    record_keep(l, &priv);
    if (err == ERR_OK)
        err = worker_submit(rq, job);
    return err == ERR_PENDING ? err : refuse_lead(rq, r, t, PIXEL_UNRECORDED);
}

static enum err finish_lead(struct request *rq, const struct job *job, struct reply *r)
{
    const struct target t = {.contract = catalog_contract_number(rq->catalog, job->record.lead.fallback_contract)};
    struct entry e;
    if (job->err == ERR_CONFLICT)
        rq->problem = job->problem;
    enum err err = job->err == ERR_OK ? entry_read(job->entry, &e, NULL) : job->err;
    if (err != ERR_OK)
        return refuse_lead(rq, r, &t, err == ERR_CONFLICT ? PIXEL_CONFLICT : PIXEL_UNRECORDED);
    if (!job->replayed)
        METRIC_ADD(rq->worker->counters, leads[e.lead.status][e.lead.reason], 1);
    entry_close(&e);
    return answer_pixel(rq, r);
}

/* ---- the route ---- */

static const struct event {
    const char *word;
    enum err (*report)(struct request *rq, struct reply *r, const struct target *t, const struct report *report);
} events[] = {{"view", report_view}, {"impression", report_impression}, {"lead", report_lead}};

/* NULL: none that pixels report. */
static const struct event *event_of(struct span encoded)
{
    char word[16];
    if (span_empty(encoded))
        return &events[0];
    if (encoded.len > sizeof word)
        return NULL;
    struct span plain = span_of(word, query_unescape(encoded, word));
    for (size_t i = 0; i < sizeof events / sizeof *events; i++)
        if (ascii_is(plain, events[i].word))
            return &events[i];
    return NULL;
}

enum err pixel_handle(struct request *rq, struct reply *r)
{
    struct report report = {{0}, {0}, {0}};
    struct span glued;
    struct target t;
    if (rq->method == METHOD_OPTIONS)
        return answer_preflight(rq, r);
    if (tracking_target(rq, landing_code(rq, rq->param[0], &glued), &t) != ERR_OK)
        return refuse_pixel(rq, r, PIXEL_CODE);
    read_report(glued, &report);
    read_report(rq->query, &report);
    if (is_form(rq->content_type))
        read_report(rq->body, &report);
    else if (!span_empty(rq->body) && span_empty(report.event)) {
        problem(&rq->problem, ERR_MALFORMED, "event",
                "what it reports stands in a body of a type that is not read: send a form, or put it into the query");
        return refuse_pixel(rq, r, PIXEL_BODY);
    }
    const struct event *event = event_of(report.event);
    if (event == NULL) {
        problem(&rq->problem, ERR_MALFORMED, "event", "this event is none that pixels report");
        return refuse_pixel(rq, r, PIXEL_EVENT);
    }
    return rq->method == METHOD_HEAD ? answer_pixel(rq, r) : event->report(rq, r, &t, &report);
}

enum err pixel_finish(struct request *rq, struct job *job, struct reply *r)
{
    return job != NULL && job->record.kind == RECORD_LEAD ? finish_lead(rq, job, r) : answer_pixel(rq, r);
}

bool pixel_fault(struct request *rq, const struct http_fault *fault, struct reply *r)
{
    const unsigned methods = METHOD_GET | METHOD_HEAD | METHOD_POST | METHOD_OPTIONS;
    return fault->line_told && rq->method & methods && refuse_pixel(rq, r, PIXEL_REQUEST) == ERR_OK;
}
