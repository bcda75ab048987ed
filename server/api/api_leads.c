#include <stdlib.h>

#include "common/base/accept.h"
#include "common/base/ascii.h"
#include "common/base/bytes.h"
#include "common/base/http_words.h"
#include "common/base/mem.h"
#include "common/base/query.h"
#include "common/base/text.h"
#include "common/base/when.h"
#include "common/reconcile/values.h"
#include "server/api/api.h"
#include "server/api/call.h"
#include "server/api/campaign.h"
#include "server/api/lead_csv.h"
#include "server/api/lead_json.h"
#include "server/api/lead_list.h"
#include "server/postback/postback.h"

/* ---- GET /v1/contracts/{id}/leads, GET /v1/leads ---- */

bool leads_of(const struct leads *l, const struct contract *k)
{
    return (l->only == NULL || k == l->only) && (l->campaign == NULL || k->campaign == l->campaign->which);
}

/* For entry_close. */
static enum err entry_of(struct leads *l, const struct contract *k, uint64_t index, struct entry *e)
{
    struct envelope env;
    enum err err = ledger_read(l->txn, k->number, index, &env);
    if (err == ERR_OK)
        err = entry_read(env.entry, e, NULL);
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

enum err leads_entry_time(struct leads *l, const struct contract *k, uint64_t index, int64_t *at_ms)
{
    struct entry e;
    enum err err = entry_of(l, k, index, &e);
    if (err != ERR_OK)
        return err;
    *at_ms = e.at_ms;
    entry_close(&e);
    return ERR_OK;
}

enum err leads_first_index(struct leads *l, const struct contract *k, int64_t ms, uint64_t *out, bool *last)
{
    struct head head = {.size = 0};
    enum err err = head_read(l->txn, k->number, &head);
    uint64_t low = 0, high = err == ERR_OK ? head.size : 0;
    while (low < high && err == ERR_OK) {
        uint64_t middle = low + (high - low) / 2;
        int64_t at_ms = 0;
        err = leads_entry_time(l, k, middle, &at_ms);
        if (at_ms < ms)
            low = middle + 1;
        else
            high = middle;
    }
    *out = low;
    *last = low == head.size;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static bool filter_fits(const struct lead_filter *f, const struct entry_lead *e)
{
    bool scored =
        f->score_from < 0 || (e->scored && (int64_t)e->score >= f->score_from && (int64_t)e->score <= f->score_to);
    bool fits = scored && (f->placement == 0 || (e->has_click && e->placement == f->placement));
    for (size_t i = 0; i < LIMIT_SUBS; i++)
        fits &= span_empty(f->sub[i]) || span_eq(f->sub[i], e->sub[i]);
    return fits;
}

static bool row_fits(const struct leads *l, uint64_t index, const struct lead_row *row)
{
    return (l->statuses == 0 || l->statuses & 1u << row->status) && (!l->undue || row->due_ms == 0) &&
           (l->reason == REASON_COUNT || (row->last == index && row->reason == l->reason));
}

enum err leads_want(struct leads *l, const struct contract *k, uint64_t index, const struct lead_row *row, bool *wanted,
                    bool *ended)
{
    struct entry e;
    bool by_time = l->from_ms != INT64_MIN || l->to_ms != INT64_MAX;
    *wanted = row_fits(l, index, row);
    *ended = false;
    if (!by_time && !(*wanted && l->entry.any))
        return ERR_OK;
    enum err err = entry_of(l, k, index, &e);
    if (err != ERR_OK)
        return err;
    *ended = by_time && e.at_ms >= l->to_ms;
    *wanted &= e.at_ms >= l->from_ms && !*ended;
    if (*wanted && l->entry.any)
        err = e.kind == ENTRY_LEAD ? ERR_OK : ERR_CORRUPT;
    if (*wanted && l->entry.any)
        *wanted = err == ERR_OK && filter_fits(&l->entry, &e.lead);
    entry_close(&e);
    return err;
}

/* Of l->k from l->at on. */
static enum err write_contract(struct leads *l)
{
    uint64_t index;
    struct lead_row row;
    struct view v = store_view(l->txn);
    struct lead_walk walk = {.view = &v, .contract = l->k->number, .at = l->at, .rows = l->left};
    bool wanted, ended = false;
    enum err step, err;
    while (!ended && (step = lead_walk_next(&walk, UINT64_MAX, &index, &row)) == ERR_OK) {
        if ((err = leads_want(l, l->k, index, &row, &wanted, &ended)) != ERR_OK)
            return err;
        if (wanted && !list_item(&l->list))
            return ERR_OK;
        if (wanted && (err = lead_json(&l->list.w, l->rq, l->txn, l->k, index, &row, false)) != ERR_OK)
            return err;
        l->last = (struct pointer){.contract = l->k->number, .index = index};
    }
    l->left = walk.rows;
    if (ended)
        return ERR_OK;
    if (step != ERR_NOT_FOUND)
        return step;
    l->list.more = lead_walk_paused(&walk, UINT64_MAX);
    if (l->list.more && walk.at > 0)
        l->last = (struct pointer){.contract = l->k->number, .index = walk.at - 1};
    return ERR_OK;
}

/* Contract by contract, behind the cursor's lead. */
static enum err write_contracts(struct leads *l, const struct pointer *after)
{
    const struct contract_list reads = catalog_reads(l->rq->catalog, l->rq->caller);
    uint32_t first = after->contract != 0 ? after->contract : l->only != NULL ? l->only->number : 1;
    size_t i = contracts_behind(&reads, first - 1);
    bool last;
    enum err err = ERR_OK;
    for (; i < reads.n && err == ERR_OK && !l->list.more; i++) {
        const struct contract *k = catalog_listed(l->rq->catalog, &reads, i);
        if (!leads_of(l, k))
            continue;
        l->k = k;
        l->at = 0;
        if (l->from_ms != INT64_MIN)
            err = leads_first_index(l, k, l->from_ms, &l->at, &last);
        if (k->number == after->contract && after->index >= l->at)
            l->at = after->index + 1;
        if (err == ERR_OK)
            err = write_contract(l);
    }
    return err;
}

/* The lead that each sender's txid stands for, of one advertiser. */
static enum err write_txid(struct leads *l, uint32_t advertiser)
{
    struct txid_row at = {.campaign = 0};
    struct view v = store_view(l->txn);
    enum err err;
    while ((err = row_txid_next(&v, advertiser, l->txid, &at)) == ERR_OK)
        if ((err = leads_write_at(l, at.contract, at.index)) != ERR_OK)
            return err;
    return cursor_end(err);
}

static enum err write_txids(struct leads *l)
{
    const struct catalog *c = l->rq->catalog;
    const struct contract_list reads = catalog_reads(c, l->rq->caller);
    bool *seen = xcalloc(c->n_parties + 1, sizeof *seen);
    enum err err = ERR_OK;
    for (size_t i = 0; i < reads.n && err == ERR_OK; i++) {
        uint32_t advertiser = catalog_listed(c, &reads, i)->campaign->advertiser->number;
        if (!seen[advertiser])
            err = write_txid(l, advertiser);
        seen[advertiser] = true;
    }
    free(seen);
    l->list.more = false; /* an order number is that of a few leads */
    return err;
}

/* ---- what is asked ---- */

enum { SCORE_MOST = 1000 };
enum {
    CAMPAIGN,
    CONTRACT,
    TXID,
    CLICK_ID,
    EMAIL,
    OF_ONE, /* what one contract's list takes begins here */
    STATUS = OF_ONE,
    REASON,
    CODE,
    SUB1,
    SCORE_FROM = SUB1 + LIMIT_SUBS,
    SCORE_TO,
    DUE,
    FROM,
    TO,
    ORDER,
    DAY,
    FILTERS
};

static enum err read_time(struct request *rq, const struct param *p, int64_t *out)
{
    struct bound at;
    if (!p->given)
        return ERR_OK;
    if (bound_read(p->value, &at) != ERR_OK || at.is_day || at.ms < 0)
        return problem(&rq->problem, ERR_MALFORMED, p->name, "must be a time such as 2026-11-01T00:00:00Z");
    *out = at.ms;
    return ERR_OK;
}

/* By the campaign's clocks. */
static enum err read_day(struct request *rq, struct leads *l, const struct param *p)
{
    struct bound day;
    if (!p->given)
        return ERR_OK;
    if (bound_read(p->value, &day) != ERR_OK || !day.is_day || day.ms < 0)
        return problem(&rq->problem, ERR_MALFORMED, "day", "must be a day, such as 2026-11-28");
    if (l->from_ms != INT64_MIN || l->to_ms != INT64_MAX)
        return problem(&rq->problem, ERR_MALFORMED, "day", "say a day, or `from` and `to`");
    const struct contract *k = l->only != NULL       ? l->only
                               : l->campaign != NULL ? catalog_contract_number(rq->catalog, l->campaign->direct)
                                                     : NULL;
    if (k == NULL)
        return problem(&rq->problem, ERR_MALFORMED, "day",
                       "say whose: add `contract` or `campaign`, or say `from` and `to`");
    const struct span zone = contract_terms(k, rq->arrived_ms)->timezone;
    const int64_t n = day.ms / MS_PER_DAY;
    enum err err = zones_midnight(rq->worker->zones, zone, n, &l->from_ms);
    if (err == ERR_OK)
        err = zones_midnight(rq->worker->zones, zone, n + 1, &l->to_ms);
    return err == ERR_OK ? ERR_OK : worker_fails(rq, ERR_IO, "the time zone of a contract does not read");
}

/* One or several, with commas between them. */
static enum err read_status(struct request *rq, struct leads *l, const struct param *p)
{
    struct span rest = p->value;
    while (p->given) {
        const char *comma = memchr(rest.ptr, ',', rest.len);
        struct span one = comma != NULL ? span_of(rest.ptr, (size_t)(comma - rest.ptr)) : rest;
        enum status status;
        if (status_parse(one, &status) != ERR_OK)
            return problem(&rq->problem, ERR_MALFORMED, "status",
                           "must be pending, held, approved, rejected, duplicate, returned or converted; several with "
                           "commas between them");
        l->statuses |= 1u << status;
        if (comma == NULL)
            return ERR_OK;
        rest = span_skip(rest, one.len + 1);
    }
    return ERR_OK;
}

static enum err read_order(struct request *rq, struct leads *l, const struct param *p)
{
    l->order = span_is(p[ORDER].value, "newest") ? LEADS_NEWEST
               : span_is(p[ORDER].value, "due")  ? LEADS_DUE
                                                 : LEADS_OLDEST;
    if (p[ORDER].given && l->order == LEADS_OLDEST)
        return problem(
            &rq->problem, ERR_MALFORMED, "order",
            "must be newest, or due: what is approved by itself, the soonest first; or left out: oldest first");
    l->undue = p[DUE].given;
    if (l->undue && (!span_is(p[DUE].value, "never") || l->order == LEADS_DUE))
        return problem(&rq->problem, ERR_MALFORMED, "due",
                       "must be never: what waits and is not approved by itself; with another order than due");
    return ERR_OK;
}

static enum err read_score(struct request *rq, const struct param *p, int64_t otherwise, int64_t *out)
{
    uint64_t n = 0;
    *out = otherwise;
    if (p->given && (parse_u64(p->value, &n) != ERR_OK || n > SCORE_MOST))
        return problem(&rq->problem, ERR_MALFORMED, p->name, "must be a whole number from 0 to %d", SCORE_MOST);
    if (p->given)
        *out = (int64_t)n;
    return ERR_OK;
}

/* What the entry is asked. A code says of which contract, too. */
static enum err read_entry_filter(struct request *rq, struct leads *l, const struct param *p)
{
    struct lead_filter *f = &l->entry;
    struct tracking_code code;
    bool scored = p[SCORE_FROM].given || p[SCORE_TO].given;
    enum err err = read_score(rq, &p[SCORE_FROM], scored ? 0 : -1, &f->score_from);
    if (err == ERR_OK)
        err = read_score(rq, &p[SCORE_TO], INT64_MAX, &f->score_to);
    for (size_t i = 0; i < LIMIT_SUBS; i++) {
        f->sub[i] = p[SUB1 + i].value;
        f->any |= !span_empty(f->sub[i]);
    }
    f->any |= scored || p[CODE].given;
    if (err != ERR_OK || !p[CODE].given)
        return err;
    const struct contract *k = code_read(rq->worker->tokens, p[CODE].value, &code) == ERR_OK
                                   ? catalog_contract_number(rq->catalog, code.contract)
                                   : NULL;
    if (k == NULL || !catalog_may_read(rq->catalog, rq->caller, k) || (l->only != NULL && k != l->only))
        return problem(&rq->problem, ERR_NOT_FOUND, "code", "there is no such code, or it is not yours to see");
    l->only = k;
    f->placement = code.placement;
    return ERR_OK;
}

/* What finds its leads at once: one of them. */
static enum err read_one_of(struct request *rq, struct leads *l, const struct param *p)
{
    if (p[TXID].given + p[CLICK_ID].given + p[EMAIL].given > 1)
        return problem(&rq->problem, ERR_MALFORMED, p[EMAIL].given ? "email" : "click_id",
                       "say one of txid, click_id and email");
    if (p[CLICK_ID].given && click_id_read(rq->worker->tokens, p[CLICK_ID].value, &l->click) != ERR_OK)
        return problem(&rq->problem, ERR_MALFORMED, "click_id", "is no click id of this server");
    if (!p[EMAIL].given)
        return ERR_OK;
    l->email = text_strip(p[EMAIL].value);
    if (!caller_is(rq, ROLE_ADVERTISER) && !caller_is(rq, ROLE_PUBLISHER))
        return problem(&rq->problem, ERR_FORBIDDEN, "email", "whom a lead is about, your role is not shown");
    return span_empty(l->email) || l->email.len > LIMIT_FIELD
               ? problem(&rq->problem, ERR_MALFORMED, "email", "must have 1 to %d bytes", LIMIT_FIELD)
               : ERR_OK;
}

static enum err read_whose(struct request *rq, struct leads *l, const struct param *p)
{
    enum err err = p[CONTRACT].given ? call_contract(rq, p[CONTRACT].value, &l->only) : ERR_OK;
    l->campaign = p[CAMPAIGN].given ? catalog_campaign(rq->catalog, p[CAMPAIGN].value) : NULL;
    if (err == ERR_OK && p[CAMPAIGN].given && (l->campaign == NULL || !campaign_seen(rq, l->campaign)))
        err = problem(&rq->problem, ERR_NOT_FOUND, "campaign", "there is no such campaign, or it is not yours to see");
    l->txid = p[TXID].value;
    if (err == ERR_OK && p[TXID].given && (span_empty(l->txid) || l->txid.len > LIMIT_TXID))
        err = problem(&rq->problem, ERR_MALFORMED, "txid", "must have 1 to %d bytes", LIMIT_TXID);
    return err == ERR_OK ? read_one_of(rq, l, p) : err;
}

static enum err read_filters(struct request *rq, struct leads *l, const struct param *p)
{
    enum err err;
    l->reason = REASON_COUNT;
    if (p[REASON].given && reason_parse(p[REASON].value, &l->reason) != ERR_OK)
        return problem(&rq->problem, ERR_MALFORMED, "reason", "must be a reason, such as outside_profile");
    if ((err = read_order(rq, l, p)) != ERR_OK || (err = read_status(rq, l, &p[STATUS])) != ERR_OK ||
        (err = read_time(rq, &p[FROM], &l->from_ms)) != ERR_OK || (err = read_time(rq, &p[TO], &l->to_ms)) != ERR_OK ||
        (err = read_whose(rq, l, p)) != ERR_OK || (err = read_day(rq, l, &p[DAY])) != ERR_OK)
        return err;
    return read_entry_filter(rq, l, p);
}

static bool wants_csv(struct span accept)
{
    struct span range;
    bool csv = false;
    int best = 0, q;
    while (accept_next(&accept, &range, &q))
        if (q > best) {
            best = q;
            csv = ascii_is(text_trim(range, HTTP_BLANKS), "text/csv");
        }
    return csv;
}

/* Where a list goes on. */
struct lead_cursor {
    struct pointer after; /* contract 0: from its beginning */
    struct lead_due due;
};

/* A lead of somebody else is no place in a list, whatever is known of it. */
static bool goes_on_there(const struct request *rq, const struct contract *of, uint32_t contract)
{
    const struct contract *k = catalog_contract_number(rq->catalog, contract);
    return k != NULL && (of == NULL || k == of) && catalog_may_read(rq->catalog, rq->caller, k);
}

static enum err leads_asked(struct request *rq, struct leads *l, struct window *window, struct lead_cursor *at)
{
    struct param p[FILTERS] = {[CAMPAIGN] = {.name = "campaign"},
                               [CONTRACT] = {.name = "contract"},
                               [TXID] = {.name = "txid"},
                               [CLICK_ID] = {.name = "click_id"},
                               [EMAIL] = {.name = "email"},
                               [STATUS] = {.name = "status"},
                               [REASON] = {.name = "reason"},
                               [CODE] = {.name = "code"},
                               [SCORE_FROM] = {.name = "score_from"},
                               [SCORE_TO] = {.name = "score_to"},
                               [DUE] = {.name = "due"},
                               [FROM] = {.name = "from"},
                               [TO] = {.name = "to"},
                               [ORDER] = {.name = "order"},
                               [DAY] = {.name = "day"}};
    for (size_t i = 0; i < LIMIT_SUBS; i++)
        p[SUB1 + i].name = entry_sub_names[i];
    const size_t first = l->only != NULL ? OF_ONE : 0;
    const struct contract *of = l->only;
    enum err err = window_read(rq, p + first, FILTERS - first, window);
    *at = (struct lead_cursor){.after = {.contract = 0}};
    if (err == ERR_OK)
        err = read_filters(rq, l, p);
    if (err != ERR_OK || span_empty(window->after))
        return err;
    err = l->order == LEADS_DUE ? leads_due_read(l, window->after, &at->due)
                                : lead_ref_read(rq->worker->tokens, window->after, &at->after);
    if (err != ERR_OK || !goes_on_there(rq, of, l->order == LEADS_DUE ? at->due.lead.contract : at->after.contract))
        return problem(&rq->problem, ERR_MALFORMED, "after", "must be the `next` of the answer before");
    return ERR_OK;
}

/* ---- the answer ---- */

/* The same call, behind `next`. */
static void next_link(const struct request *rq, const struct window *window, struct span next, struct buf *out)
{
    struct query q;
    struct span name, value;
    buf_byte(out, '<');
    buf_span_add(out, rq->path);
    buf_str(out, "?after=");
    buf_span_add(out, next);
    buf_str(out, "&limit=");
    buf_u64(out, window->limit);
    query_open(&q, rq->query);
    while (query_next(&q, &name, &value))
        if (!query_name_is(name, SPAN("after")) && !query_name_is(name, SPAN("limit"))) {
            buf_byte(out, '&');
            buf_span_add(out, name);
            buf_byte(out, '=');
            buf_span_add(out, value);
        }
    buf_str(out, ">; rel=\"next\"");
}

/* The same rows as a table; where there are more, the next page is in a Link (RFC 8288). */
static enum err reply_csv(struct leads *l, struct reply *reply, const struct window *window, struct span next)
{
    struct buf text, link;
    json_t *page = NULL, *row;
    size_t i;
    jw_array_end(&l->list.w);
    jw_object_end(&l->list.w);
    jw_close(&l->list.w);
    enum err err = json_read(buf_span(&l->list.text), &page, NULL);
    if (err != ERR_OK)
        return err;
    buf_heap(&text);
    lead_csv_head(&text);
    json_array_foreach(json_object_get(page, "data"), i, row) lead_csv(&text, row);
    json_decref(page);
    reply_body_take(reply, "text/csv; charset=utf-8", &text);
    reply_header(reply, "Cache-Control", SPAN("no-store"));
    reply_header(reply, "Content-Disposition", SPAN("attachment; filename=\"leads.csv\""));
    if (l->list.more) {
        arena_buf(l->rq->arena, &link, l->rq->target.len + 512);
        next_link(l->rq, window, next, &link);
        reply_header(reply, "Link", buf_span(&link));
    }
    buf_free(&text);
    return ERR_OK;
}

static enum err write_leads(struct leads *l, struct lead_cursor *at)
{
    return !span_empty(l->txid)       ? write_txids(l)
           : l->click.contract != 0   ? leads_write_click(l)
           : !span_empty(l->email)    ? leads_write_person(l)
           : l->order == LEADS_NEWEST ? leads_write_newest(l, &at->after)
           : l->order == LEADS_DUE    ? leads_write_due(l, &at->due)
                                      : write_contracts(l, &at->after);
}

static enum err leads_page(struct leads *l, struct reply *reply)
{
    struct request *rq = l->rq;
    struct window window;
    struct lead_cursor at;
    char last[LEADS_DUE_CURSOR] = {0};
    l->from_ms = INT64_MIN;
    l->to_ms = INT64_MAX;
    l->left = LEADS_SCAN;
    l->csv = wants_csv(rq->accept);
    enum err err = leads_asked(rq, l, &window, &at);
    if (err != ERR_OK || (err = worker_reader(rq->worker, &l->txn)) != ERR_OK)
        return err;
    list_open(&l->list, &window);
    err = write_leads(l, &at);
    const struct span next = span_of(last, l->order == LEADS_DUE ? LEADS_DUE_CURSOR : LEAD_REF_LEN);
    if (err == ERR_OK && l->list.more && l->order == LEADS_DUE)
        leads_due_write(l, &at.due, last);
    else if (err == ERR_OK && l->list.more)
        lead_ref_write(rq->worker->tokens, &l->last, last);
    if (err == ERR_OK && l->csv)
        err = reply_csv(l, reply, &window, next);
    else if (err == ERR_OK)
        list_reply(rq, reply, &l->list, next);
    list_abandon(&l->list); /* no harm once it was replied */
    return err;
}

enum err leads_list(struct request *rq, struct reply *reply)
{
    struct leads l = {.rq = rq};
    enum err err = call_contract(rq, rq->param[0], &l.only);
    return err == ERR_OK ? leads_page(&l, reply) : err;
}

enum err leads_list_all(struct request *rq, struct reply *reply)
{
    struct leads l = {.rq = rq};
    return leads_page(&l, reply);
}

/* ---- GET /v1/leads/{ref} ---- */

/* Who has a ref has it from us: without a row there must be no lead either. */
static enum err lead_row_get(struct txn *t, const struct contract *k, uint64_t index, struct lead_row *row)
{
    struct view v = store_view(t);
    struct envelope env;
    enum err err = row_lead(&v, k->number, index, row);
    if (err != ERR_NOT_FOUND)
        return err;
    err = ledger_read(t, k->number, index, &env);
    return err == ERR_OK ? env.kind == ENTRY_LEAD ? ERR_CORRUPT : ERR_NOT_FOUND : err;
}

enum err leads_get(struct request *rq, struct reply *reply)
{
    const struct contract *k;
    uint64_t index;
    struct txn *t;
    struct lead_row row;
    struct answer a;
    enum err err;
    if ((err = params_read(rq, NULL, 0)) != ERR_OK || (err = call_lead(rq, rq->param[0], &k, &index)) != ERR_OK ||
        (err = worker_reader(rq->worker, &t)) != ERR_OK || (err = lead_row_get(t, k, index, &row)) != ERR_OK)
        return err;
    answer_open(&a);
    if ((err = lead_json(&a.w, rq, t, k, index, &row, true)) == ERR_OK)
        answer_reply(&a, rq, reply);
    else
        answer_abandon(&a);
    return err;
}

/* ---- POST /v1/leads/{ref}/dispositions ---- */

/* As a postback's, but it takes an Idempotency-Key like every other write: so it is answered here. */
enum err dispose_run(struct batch *cx, struct job *job)
{
    struct answer a;
    struct entry entry;
    enum err err = pipeline_disposition(cx, job);
    if (err != ERR_OK)
        return err;
    if (entry_read(job->entry, &entry, NULL) != ERR_OK)
        return ERR_IO; /* what stands in the log does not read: nothing may go on from here */
    answer_open(&a);
    const struct answering how = {{0}, cx->tokens, cx->statement_signer, NULL};
    postback_answer(&a.w, catalog_contract_number(cx->catalog, job->out_contract), job->index, &job->leaf, &entry,
                    &how);
    answer_job(&a, job, 200);
    entry_close(&entry);
    return ERR_OK;
}

enum err leads_dispose(struct request *rq, struct reply *reply)
{
    (void)reply;
    const struct contract *k;
    uint64_t index;
    struct job *job;
    enum err err = call_lead(rq, rq->param[0], &k, &index);
    if (err != ERR_OK)
        return err;
    err = postback_dispose(rq, &job);
    return err == ERR_OK ? call_submit(rq, job) : err;
}
