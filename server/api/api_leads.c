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
#include "server/api/lead_csv.h"
#include "server/api/lead_json.h"
#include "server/api/list.h"
#include "server/postback/postback.h"

/* Leads and dispositions that one call looks at: past it the list ends early, with `next`. */
enum { LEADS_SCAN = 5000 };

/* ---- GET /v1/contracts/{id}/leads, GET /v1/leads ---- */

struct leads {
    struct request *rq;
    struct txn *txn;
    const struct contract *only; /* NULL: all that the caller may read */
    const struct campaign *campaign;
    bool filtered, csv;
    enum status status;
    struct span txid;
    int64_t from_ms, to_ms; /* of entries: from_ms is in it, to_ms is not */
    const struct contract *k;
    bool newest;
    uint64_t from, at;   /* where to go on in it; `newest`: from `at` down to `from` */
    struct pointer last; /* the last that was looked at */
    size_t left;         /* rows that this call may still look at */
    struct list list;
};

static enum err entry_time(struct leads *l, uint64_t index, int64_t *at_ms)
{
    struct envelope env;
    struct entry e;
    enum err err = ledger_read(l->txn, l->k->number, index, &env);
    if (err == ERR_OK)
        err = entry_read(env.entry, &e, NULL);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    *at_ms = e.at_ms;
    entry_close(&e);
    return ERR_OK;
}

/* The first entry of that time or later: those of a log never run backwards. What came since its last head is behind
 * what is found, and looked at one by one; *last: there is none in front of that. */
static enum err first_index(struct leads *l, int64_t ms, uint64_t *out, bool *last)
{
    struct head head = {.size = 0};
    enum err err = head_read(l->txn, l->k->number, &head);
    uint64_t low = 0, high = err == ERR_OK ? head.size : 0;
    while (low < high && err == ERR_OK) {
        uint64_t middle = low + (high - low) / 2;
        int64_t at_ms = 0;
        err = entry_time(l, middle, &at_ms);
        if (at_ms < ms)
            low = middle + 1;
        else
            high = middle;
    }
    *out = low;
    *last = low == head.size;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* *ended: it is past the period, and so is all behind it. */
static enum err is_wanted(struct leads *l, uint64_t index, const struct lead_row *row, bool *wanted, bool *ended)
{
    int64_t at_ms = 0;
    bool by_time = l->from_ms != INT64_MIN || l->to_ms != INT64_MAX;
    enum err err = by_time ? entry_time(l, index, &at_ms) : ERR_OK;
    *ended = by_time && at_ms >= l->to_ms;
    *wanted = (!l->filtered || row->status == l->status) && (!by_time || at_ms >= l->from_ms) && !*ended;
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
        if ((err = is_wanted(l, index, &row, &wanted, &ended)) != ERR_OK)
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
        if ((l->only != NULL && k != l->only) || (l->campaign != NULL && k->campaign != l->campaign))
            continue;
        l->k = k;
        l->at = 0;
        if (l->from_ms != INT64_MIN)
            err = first_index(l, l->from_ms, &l->at, &last);
        if (k->number == after->contract && after->index >= l->at)
            l->at = after->index + 1;
        if (err == ERR_OK)
            err = write_contract(l);
    }
    return err;
}

/* Leads below l->at of so many indexes, in their order. */
struct stretch {
    struct {
        uint64_t index;
        struct lead_row row;
    } * lead;
    size_t n, looked_at;
    bool paused; /* there are more of them than are looked at */
};

static enum err stretch_read(struct leads *l, uint64_t from, struct stretch *out)
{
    struct view v = store_view(l->txn);
    struct lead_walk walk = {.view = &v, .contract = l->k->number, .at = from, .rows = LEADS_SCAN};
    enum err step = ERR_OK;
    out->n = 0;
    while (step == ERR_OK && out->n < LEADS_SCAN)
        if ((step = lead_walk_next(&walk, l->at, &out->lead[out->n].index, &out->lead[out->n].row)) == ERR_OK)
            out->n++;
    out->looked_at = LEADS_SCAN - walk.rows;
    out->paused = lead_walk_paused(&walk, l->at) || step == ERR_OK;
    return step == ERR_NOT_FOUND ? ERR_OK : step;
}

/* False: the list is full. */
static enum err stretch_write(struct leads *l, struct stretch *s, bool *room)
{
    while (s->n-- > 0) {
        const struct lead_row *row = &s->lead[s->n].row;
        bool wanted, ended;
        enum err err = is_wanted(l, s->lead[s->n].index, row, &wanted, &ended);
        if (err != ERR_OK)
            return err;
        if (!wanted)
            continue;
        *room = list_item(&l->list);
        if (!*room)
            return ERR_OK;
        err = lead_json(&l->list.w, l->rq, l->txn, l->k, s->lead[s->n].index, row, false);
        if (err != ERR_OK)
            return err;
        l->at = s->lead[s->n].index;
    }
    return ERR_OK;
}

/* Rows are walked forwards alone: so many indexes at a time, more where they hold few leads. */
static enum err write_stretches(struct leads *l)
{
    enum { FEW = 64 };
    uint64_t step = 4 * FEW, left = LEADS_SCAN;
    struct stretch s = {.lead = xcalloc(LEADS_SCAN, sizeof *s.lead)};
    enum err err = ERR_OK;
    bool room = true;
    while (err == ERR_OK && room && l->at > l->from && left > 0) {
        uint64_t from = l->at - l->from > step ? l->at - step : l->from;
        if ((err = stretch_read(l, from, &s)) != ERR_OK)
            break;
        if (s.paused) {
            step /= 2;
            continue;
        }
        step = s.looked_at < FEW ? 2 * step : step;
        left -= s.looked_at < left ? s.looked_at : left;
        err = stretch_write(l, &s, &room);
        l->at = room ? from : l->at;
    }
    free(s.lead);
    l->list.more = l->at > l->from && (!room || left == 0);
    return err;
}

/* Behind the contract's last row of that table, unless *end is. */
static enum err end_of(struct leads *l, enum table table, uint64_t *end)
{
    enum { KEY_LEN = 12 };
    uint8_t mem[KEY_LEN] = {0};
    struct span key, value;
    struct cursor *c;
    enum err err = cursor_open(l->txn, table, &c);
    if (err != ERR_OK)
        return err;
    store_be32(mem, l->k->number + 1);
    err = cursor_seek(c, span_of(mem, sizeof mem), &key, &value);
    if (err == ERR_OK || err == ERR_NOT_FOUND)
        err = err == ERR_OK ? cursor_prev(c, &key, &value) : cursor_last(c, &key, &value);
    if (err == ERR_OK && key.len == KEY_LEN && load_be32(key.ptr) == l->k->number && load_be64(key.ptr + 4) >= *end)
        *end = load_be64(key.ptr + 4) + 1;
    cursor_close(c);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Where the newest ends: behind the last row of both tables, so that one which is gone from either is missed. */
static enum err begin_newest(struct leads *l, const struct pointer *after)
{
    uint64_t end = 0, bound;
    bool last;
    enum err err = end_of(l, (enum table)(TABLE_ROWS + ROW_LEADS), &end);
    if (err == ERR_OK)
        err = end_of(l, (enum table)(TABLE_ROWS + ROW_MOVES), &end);
    if (err == ERR_OK && l->from_ms != INT64_MIN)
        err = first_index(l, l->from_ms, &l->from, &last);
    if (err == ERR_OK && l->to_ms != INT64_MAX) {
        err = first_index(l, l->to_ms, &bound, &last);
        end = !last && bound < end ? bound : end;
    }
    l->at = after->contract != 0 && after->index < end ? after->index : end;
    return err;
}

static enum err write_newest(struct leads *l, const struct pointer *after)
{
    l->k = l->only;
    enum err err = begin_newest(l, after);
    if (err == ERR_OK)
        err = write_stretches(l);
    l->last = (struct pointer){.contract = l->k->number, .index = l->at};
    return err;
}

/* The lead that each sender's txid stands for, of one advertiser. */
static enum err write_txid(struct leads *l, uint32_t advertiser)
{
    struct txid_row at = {.campaign = 0};
    struct view v = store_view(l->txn);
    enum err err;
    while ((err = row_txid_next(&v, advertiser, l->txid, &at)) == ERR_OK) {
        struct lead_row row;
        bool wanted, ended;
        l->k = catalog_contract_number(l->rq->catalog, at.contract);
        if (l->k == NULL || !catalog_may_read(l->rq->catalog, l->rq->caller, l->k) ||
            (l->only != NULL && l->k != l->only) || (l->campaign != NULL && l->k->campaign != l->campaign))
            continue;
        if ((err = row_lead(&v, at.contract, at.index, &row)) != ERR_OK)
            return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
        if ((err = is_wanted(l, at.index, &row, &wanted, &ended)) != ERR_OK)
            return err;
        if (wanted && list_item(&l->list) &&
            (err = lead_json(&l->list.w, l->rq, l->txn, l->k, at.index, &row, false)) != ERR_OK)
            return err;
    }
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

enum { CAMPAIGN, CONTRACT, TXID, STATUS, FROM, TO, OF_ALL, ORDER = OF_ALL, DAY, FILTERS };

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
    const struct span zone = contract_terms(l->only, rq->arrived_ms)->timezone;
    const int64_t n = day.ms / MS_PER_DAY;
    enum err err = zones_midnight(rq->worker->zones, zone, n, &l->from_ms);
    if (err == ERR_OK)
        err = zones_midnight(rq->worker->zones, zone, n + 1, &l->to_ms);
    return err == ERR_OK ? ERR_OK : worker_fails(rq, ERR_IO, "the time zone of a contract does not read");
}

static enum err read_filters(struct request *rq, struct leads *l, const struct param *p)
{
    enum err err = ERR_OK;
    l->newest = p[ORDER].given;
    if (l->newest && !span_is(p[ORDER].value, "newest"))
        return problem(&rq->problem, ERR_MALFORMED, "order", "must be newest, or left out: oldest first");
    l->filtered = p[STATUS].given;
    if (l->filtered && status_parse(p[STATUS].value, &l->status) != ERR_OK)
        return problem(&rq->problem, ERR_MALFORMED, "status",
                       "must be pending, held, approved, rejected, duplicate, returned or converted");
    if ((err = read_time(rq, &p[FROM], &l->from_ms)) != ERR_OK || (err = read_time(rq, &p[TO], &l->to_ms)) != ERR_OK ||
        (err = read_day(rq, l, &p[DAY])) != ERR_OK)
        return err;
    if (p[CONTRACT].given)
        err = call_contract(rq, p[CONTRACT].value, &l->only);
    l->campaign = p[CAMPAIGN].given ? catalog_campaign(rq->catalog, p[CAMPAIGN].value) : NULL;
    if (err == ERR_OK && p[CAMPAIGN].given && l->campaign == NULL)
        err = problem(&rq->problem, ERR_NOT_FOUND, "campaign", "there is no such campaign");
    l->txid = p[TXID].value;
    if (err == ERR_OK && p[TXID].given && (span_empty(l->txid) || l->txid.len > LIMIT_TXID))
        err = problem(&rq->problem, ERR_MALFORMED, "txid", "must have 1 to %d bytes", LIMIT_TXID);
    return err;
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

static enum err leads_asked(struct request *rq, struct leads *l, struct window *window, struct pointer *after)
{
    struct param p[FILTERS] = {[CAMPAIGN] = {.name = "campaign"}, [CONTRACT] = {.name = "contract"},
                               [TXID] = {.name = "txid"},         [STATUS] = {.name = "status"},
                               [FROM] = {.name = "from"},         [TO] = {.name = "to"},
                               [ORDER] = {.name = "order"},       [DAY] = {.name = "day"}};
    const size_t first = l->only != NULL ? STATUS : 0, n = l->only != NULL ? FILTERS - STATUS : OF_ALL;
    enum err err = window_read(rq, p + first, n, window);
    *after = (struct pointer){.contract = 0};
    if (err == ERR_OK)
        err = read_filters(rq, l, p);
    if (err != ERR_OK || span_empty(window->after))
        return err;
    if (lead_ref_read(rq->worker->tokens, window->after, after) != ERR_OK ||
        (l->only != NULL && after->contract != l->only->number))
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

static enum err leads_page(struct leads *l, struct reply *reply)
{
    struct request *rq = l->rq;
    struct window window;
    struct pointer after;
    char last[LEAD_REF_LEN] = {0};
    l->from_ms = INT64_MIN;
    l->to_ms = INT64_MAX;
    l->left = LEADS_SCAN;
    l->csv = wants_csv(rq->accept);
    enum err err = leads_asked(rq, l, &window, &after);
    if (err != ERR_OK || (err = worker_reader(rq->worker, &l->txn)) != ERR_OK)
        return err;
    list_open(&l->list, &window);
    err = !span_empty(l->txid) ? write_txids(l) : l->newest ? write_newest(l, &after) : write_contracts(l, &after);
    if (err == ERR_OK && l->list.more)
        lead_ref_write(rq->worker->tokens, &l->last, last);
    if (err == ERR_OK && l->csv)
        err = reply_csv(l, reply, &window, span_of(last, sizeof last));
    else if (err == ERR_OK)
        list_reply(rq, reply, &l->list, span_of(last, sizeof last));
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
    if (!caller_is(rq, ROLE_OPERATOR) && !caller_is(rq, ROLE_ADVERTISER))
        return problem(&rq->problem, ERR_FORBIDDEN, "", "leads are decided by the advertiser or the operator");
    err = postback_dispose(rq, &job);
    return err == ERR_OK ? call_submit(rq, job) : err;
}
