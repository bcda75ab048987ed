/* Leads that several clicks led to, by a model of attribution; of all others the cells have what they come to. Which
 * there are, as what each is counted, and when it came, its row of `rollups` says: so sums are those of the cells.
 * Which clicks led to it, the entry and what is sealed of it. */
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/decisions/credit.h"
#include "common/decisions/decide.h"
#include "common/reports/rollup.h"
#include "server/api/lead_touches.h"
#include "server/keys/day_keys.h"
#include "server/ledger/ledger.h"
#include "server/reports/reports_private.h"
#include "server/worker/server.h"

/* One lead. */
struct dealt {
    struct reporting *r;
    const struct contract *k;
    struct entry e;
    struct touch touch[LIMIT_TOUCHES];
    uint32_t share[LIMIT_TOUCHES];
    size_t n;
    bool gathered; /* touches say what their clicks are */
    struct met {
        uint32_t contract;
        uint64_t index;
        struct envelope env;
    } met[LIMIT_TOUCHES]; /* what was read as they were gathered */
    size_t n_met;
    struct report_touch told[LIMIT_TOUCHES];
    char value[LIMIT_TOUCHES][LIMIT_PARAM];
};

/* ---- which clicks led to it ---- */

/* Its own click is all that its entry tells. */
static void take_own(struct dealt *d)
{
    const struct entry_lead *l = &d->e.lead;
    d->n = 1;
    d->touch[0] = (struct touch){.contract = d->k->number,
                                 .index = l->click,
                                 .placement = l->placement,
                                 .unrecorded = !l->has_click || l->click_unrecorded};
    d->share[0] = SHARE_WHOLE;
}

static enum attribution dealt_by(enum report_model m)
{
    static const enum attribution of[REPORT_MODELS] = {
        [REPORT_LAST] = ATTRIBUTION_LAST,         [REPORT_FIRST] = ATTRIBUTION_FIRST,
        [REPORT_LINEAR] = ATTRIBUTION_LINEAR,     [REPORT_TIME_DECAY] = ATTRIBUTION_TIME_DECAY,
        [REPORT_POSITION] = ATTRIBUTION_POSITION, [REPORT_SHAPLEY] = ATTRIBUTION_LINEAR,
        [REPORT_MARKOV] = ATTRIBUTION_LINEAR};
    return of[m];
}

/* A click that touches name, as struct view has it; its entry may be asked for again. */
static enum err meet_click(void *ctx, uint32_t contract, uint64_t index, struct clicked *out)
{
    struct dealt *d = ctx;
    struct met met = {.contract = contract, .index = index};
    enum err err = ledger_read(d->r->txn, contract, index, &met.env);
    if (err != ERR_OK || met.env.kind != ENTRY_CLICK)
        return err == ERR_OK ? ERR_NOT_FOUND : err;
    if (d->n_met < LIMIT_TOUCHES)
        d->met[d->n_met++] = met;
    return envelope_click(&met.env, out);
}

static enum err click_at(const struct dealt *d, uint32_t contract, uint64_t index, struct envelope *out)
{
    for (size_t i = 0; i < d->n_met; i++)
        if (d->met[i].contract == contract && d->met[i].index == index) {
            *out = d->met[i].env;
            return ERR_OK;
        }
    enum err err = ledger_read(d->r->txn, contract, index, out);
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

static enum err take_touches(struct dealt *d, const struct envelope *env)
{
    const struct view clicks = {.click = meet_click, .ctx = d};
    const struct entry_lead *l = &d->e.lead;
    const int64_t at_ms = entry_clock(&d->e);
    struct lead_facts facts;
    struct private_part priv;
    struct buf plain;
    take_own(d);
    if (l->other_touches == 0)
        return ERR_OK;
    buf_heap(&plain);
    enum err err = sealer_read(d->r->rq->worker->sealer, d->r->txn, env, &l->commitment, &plain, &priv);
    if (err == ERR_NOT_FOUND) {
        d->r->without_touches++;
        err = ERR_OK;
    } else if (err == ERR_OK) {
        err = lead_touches(d->r->rq->worker->tokens, &clicks, l, priv.contact, &facts);
        size_t n = err == ERR_OK
                       ? credit_touches(contract_terms(d->k, d->e.at_ms), dealt_by(d->r->asked.model), facts.touches,
                                        facts.n_touches, at_ms, l->clock_steps, d->touch, d->share)
                       : 0;
        d->n = n > 0 ? n : d->n;
        d->gathered = n > 0;
    }
    buf_free(&plain);
    return err;
}

/* ---- what they say ---- */

static struct span keep(struct dealt *d, size_t i, struct span value)
{
    if (span_empty(value))
        return SPAN("");
    memcpy(d->value[i], value.ptr, value.len);
    return span_of(d->value[i], value.len);
}

static struct span code_of(struct dealt *d, size_t i, struct span placement)
{
    struct tracking_code code = {.contract = d->touch[i].contract};
    char text[CODE_LEN];
    uint64_t n;
    if (span_empty(placement) || parse_u64(placement, &n) != ERR_OK)
        return SPAN("");
    code.placement = (uint32_t)n;
    if (d->r->code.contract == code.contract && d->r->code.placement == code.placement)
        return d->r->asked.value; /* as it was asked for */
    code_write(d->r->rq->worker->tokens, &code, text);
    return keep(d, i, span_of(text, sizeof text));
}

static void say_value(struct dealt *d, size_t i, const struct entry *e)
{
    char mem[VALUE_CODE_MAX];
    const enum dimension dimension = d->r->asked.dimension;
    struct span value = rollup_value(e, dimension, mem);
    d->told[i].value = dimension == DIMENSION_CODE ? code_of(d, i, value) : keep(d, i, value);
}

static enum err say_click(struct dealt *d, size_t i)
{
    struct envelope env;
    struct entry click;
    enum err err = click_at(d, d->touch[i].contract, d->touch[i].index, &env);
    if (err == ERR_OK)
        err = entry_read(env.entry, &click, NULL);
    if (err != ERR_OK)
        return err;
    if (click.kind == ENTRY_CLICK) {
        d->told[i].class = click.click.class;
        say_value(d, i, &click);
    }
    err = click.kind == ENTRY_CLICK ? ERR_OK : ERR_CORRUPT;
    entry_close(&click);
    return err;
}

static int by_number(const void *a, const void *b)
{
    const struct contract *x = *(const struct contract *const *)a, *y = *(const struct contract *const *)b;
    return (x->number > y->number) - (x->number < y->number);
}

static bool asks_class_alone(const struct report_asked *a)
{
    return a->dimension == DIMENSION_ALL || a->dimension == DIMENSION_SCORE;
}

/* A click without a record says nothing but whose it is; of the lead's own the lead says something itself. What is not
 * asked for is not read: that would be half of what a lead takes. */
static enum err say_touch(struct dealt *d, size_t i)
{
    const struct touch *t = &d->touch[i];
    const struct contract *k = catalog_contract_number(d->r->rq->catalog, t->contract);
    struct report_touch *told = &d->told[i];
    enum err err = ERR_OK;
    if (k == NULL || k->campaign != d->k->campaign)
        return ERR_CORRUPT;
    *told = (struct report_touch){.place = reports_place(k),
                                  .wanted = bsearch(&k, d->r->k, d->r->n, sizeof(struct contract *), by_number) != NULL,
                                  .class = CLASS_NONE,
                                  .value = SPAN(""),
                                  .share = d->share[i]};
    if (!t->unrecorded && report_asks_clicks(&d->r->asked) && !(d->gathered && asks_class_alone(&d->r->asked)))
        err = say_click(d, i);
    else if (!t->unrecorded && d->gathered)
        told->class = t->class;
    else if (t->unrecorded && d->n == 1)
        say_value(d, i, &d->e);
    if (d->r->asked.dimension == DIMENSION_SCORE)
        told->value = rollup_own_value(&d->e.lead, DIMENSION_SCORE);
    return err;
}

/* ---- the leads of a contract ---- */

static enum err deal_lead(struct days *days, uint64_t index, const struct lead_state *s)
{
    struct reporting *r = days->r;
    struct dealt d; /* some kilobytes, of which a lead uses few */
    struct report_lead lead = {.touch = d.told, .micros = s->micros, .revenue = s->revenue, .before = days->before};
    struct envelope env;
    lead.time = days->times.time[s->quarter % QUARTERS];
    if (lead.time == REPORT_OUT)
        return ERR_OK;
    if (!count_what(s->number, &lead.what) || lead.what.kind != COUNT_SEVERAL)
        return ERR_CORRUPT;
    d.r = r;
    d.k = days->k;
    d.n = d.n_met = 0;
    d.gathered = false;
    enum err err = ledger_read(r->txn, days->k->number, index, &env);
    if (err == ERR_OK)
        err = entry_read(env.entry, &d.e, NULL);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    const struct entry_lead *l = &d.e.lead;
    err = d.e.kind == ENTRY_LEAD ? take_touches(&d, &env) : ERR_CORRUPT;
    for (size_t i = 0; i < d.n && err == ERR_OK; i++)
        err = say_touch(&d, i);
    if (err == ERR_OK) {
        lead.n = d.n;
        lead.part = l->share_to ? l->share_to - l->share_from : SHARE_WHOLE;
        err = report_lead(r->report, &lead);
        err = err == ERR_TOO_LARGE ? reports_too_much(r, "100,000 rows") : err;
    }
    entry_close(&d.e);
    return err;
}

/* The lead at or behind an index. ERR_NOT_FOUND: the contract has none more. */
static enum err lead_at(const struct days *d, struct span key, struct span row, uint64_t *index, struct lead_state *s)
{
    uint8_t own[ROLLUP_LEAD_KEY];
    struct span head = rollup_lead_key(own, d->k->number, true, 0);
    if (key.len < 5 || memcmp(key.ptr, head.ptr, 5) != 0)
        return ERR_NOT_FOUND;
    if (key.len != ROLLUP_LEAD_KEY)
        return ERR_CORRUPT;
    *index = load_be64((const uint8_t *)key.ptr + 5);
    return lead_state_read(row, s);
}

/* Entries' times never run backwards. */
static enum err first_lead(const struct days *d, uint64_t size, uint64_t *first)
{
    uint64_t from = 0, to = size;
    enum err err = ERR_OK;
    while (from < to && err == ERR_OK) {
        uint64_t middle = from + (to - from) / 2, index;
        uint8_t mem[ROLLUP_LEAD_KEY];
        struct span key, row;
        struct lead_state s;
        err = store_seek(d->r->txn, TABLE_ROLLUPS, rollup_lead_key(mem, d->k->number, true, middle), &key, &row);
        if (err == ERR_OK)
            err = lead_at(d, key, row, &index, &s);
        if (err == ERR_NOT_FOUND || (err == ERR_OK && (int64_t)s.quarter * QUARTER_MS >= d->period.from_ms)) {
            to = middle;
            err = ERR_OK;
        } else if (err == ERR_OK) {
            from = index + 1;
        }
    }
    *first = from;
    return err;
}

static enum err deal_from(struct days *d, struct cursor *c, uint64_t index)
{
    uint8_t mem[ROLLUP_LEAD_KEY];
    struct lead_state s;
    struct span key, row;
    enum err step, err = ERR_OK;
    for (step = cursor_seek(c, rollup_lead_key(mem, d->k->number, true, index), &key, &row); step == ERR_OK;
         step = cursor_next(c, &key, &row)) {
        if ((err = lead_at(d, key, row, &index, &s)) != ERR_OK)
            return err == ERR_NOT_FOUND ? ERR_OK : err;
        if ((int64_t)s.quarter * QUARTER_MS >= d->period.to_ms)
            return ERR_OK;
        if (++d->r->leads > LEADS_MOST)
            return reports_too_much(d->r, "100,000 leads that several clicks led to");
        if ((err = reports_times(d, s.quarter / QUARTERS)) != ERR_OK || (err = deal_lead(d, index, &s)) != ERR_OK)
            return err;
    }
    return cursor_end(step);
}

enum err reports_deal(struct reporting *r, const struct contract *k, uint64_t size, bool before)
{
    struct days d = {.r = r, .k = k, .zone = reports_zone(r, k), .before = before};
    struct cursor *c;
    uint64_t first;
    enum err err = reports_period(r, d.zone, before, &d.period);
    if (err == ERR_OK)
        err = first_lead(&d, size, &first);
    if (err == ERR_OK)
        err = cursor_open(r->txn, TABLE_ROLLUPS, &c);
    if (err != ERR_OK)
        return err;
    err = deal_from(&d, c, first);
    cursor_close(c);
    return err;
}
