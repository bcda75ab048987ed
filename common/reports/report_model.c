/* Leads by a model of attribution: one by one as they come, or, by Markov's, all together at the end. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/decisions/attribution.h"
#include "common/decisions/identity.h"
#include "common/decisions/rows.h"
#include "common/reports/paths.h"
#include "common/reports/report_private.h"

/* ALONE_MOST: so that what paths add up to stays below what they take. */
enum { WAYS_FIRST = 1024, UNIT = 1000000, ALONE_MOST = 9000000 };

/* ---- what is asked ---- */

static const char *const words[REPORT_MODELS] = {
#define X(symbol, word) word,
    REPORT_MODEL_TABLE(X)
#undef X
};

const char *report_model_word(enum report_model m)
{
    return words[m];
}

static bool groups_by_lead(const struct report_asked *a)
{
    for (size_t i = 0; i < a->n; i++)
        if (group_is_time(a->group[i]) || a->group[i] == GROUP_STATUS || a->group[i] == GROUP_REASON)
            return true;
    return false;
}

enum err report_model(struct span word, struct report_asked *a, struct problem *p)
{
    a->model = REPORT_LAST;
    while (a->model < REPORT_MODELS && !span_is(word, words[a->model]))
        a->model++;
    if (a->model == REPORT_MODELS)
        return problem(p, ERR_MALFORMED, "model",
                       "must be last, first, linear, time-decay, position, shapley or markov");
    if (a->model < REPORT_SHAPLEY)
        return ERR_OK;
    if (a->class >= 0 || a->by_value)
        return problem(p, ERR_MALFORMED, "model",
                       "%s weighs all clicks of a lead: it goes with groups by what clicks have, and with no filter by "
                       "it",
                       words[a->model]);
    if (a->model == REPORT_MARKOV && (groups_by_lead(a) || a->status >= 0 || a->reason >= 0))
        return problem(p, ERR_MALFORMED, "model",
                       "markov weighs all leads of the period together: it goes with no group or filter by time, "
                       "status or reason");
    return ERR_OK;
}

/* ---- one lead ---- */

static bool lead_wanted(const struct report_asked *a, const struct count_what *w)
{
    return (a->status < 0 || (unsigned)a->status == w->status) && (a->reason < 0 || (unsigned)a->reason == w->reason);
}

static bool touch_wanted(const struct report_asked *a, const struct report_touch *t)
{
    return t->wanted && (a->class < 0 || (unsigned)a->class == t->class) &&
           (!a->by_value || span_eq(a->value, t->value));
}

/* The part [from, to) of all that the lead is, so that the parts sum to it. */
static enum err credit(struct report *r, const struct report_lead *l, struct report_row *row, uint32_t from,
                       uint32_t to)
{
    struct rare *s = report_rare(r, &row->sums[l->before]);
    s->leads[l->what.status] += share_micros(l->part, from, to);
    report_sum(r, &s->lead_micros, share_micros(l->micros, from, to));
    if (l->revenue == 0)
        return ERR_OK;
    struct report_row *sale = report_beside(r, row, l->what.currency);
    if (sale == NULL)
        return ERR_TOO_LARGE;
    report_sum(r, &sale->sums[l->before].revenue, share_micros(l->revenue, from, to));
    return ERR_OK;
}

static enum err by_touch(struct report *r, const struct report_lead *l)
{
    uint32_t at = 0;
    enum err err = ERR_OK;
    for (size_t i = 0; i < l->n && err == ERR_OK; i++) {
        const struct report_touch *t = &l->touch[i];
        uint32_t from = at;
        at += t->share;
        if (t->share == 0 || !touch_wanted(&r->asked, t))
            continue;
        struct report_row *row = report_touch_row(r, l, t);
        err = row != NULL ? credit(r, l, row, from, at) : ERR_TOO_LARGE;
    }
    assert(at == SHARE_WHOLE || err != ERR_OK);
    return err;
}

/* The game of one lead: it comes once all rows that it touches are there. Shapley's value divides it equally among
 * them, and is additive over leads. */
static enum err by_row(struct report *r, const struct report_lead *l, struct report_row *const rows[])
{
    struct report_row *member[LIMIT_TOUCHES];
    int64_t at_ms[LIMIT_TOUCHES] = {0};
    uint32_t share[LIMIT_TOUCHES], at = 0;
    size_t n = 0;
    enum err err = ERR_OK;
    for (size_t i = 0; i < l->n; i++) {
        size_t k = 0;
        while (k < n && member[k] != rows[i])
            k++;
        member[k] = rows[i];
        n += k == n;
    }
    attribution_shares(ATTRIBUTION_LINEAR, 0, 0, at_ms, n, share);
    for (size_t i = 0; i < n && err == ERR_OK; i++) {
        err = credit(r, l, member[i], at, at + share[i]);
        at += share[i];
    }
    return err;
}

/* ---- all leads ---- */

void report_sold(struct report *r, const struct count_what *w, int64_t revenue, bool before)
{
    size_t i = 0;
    if (!status_stands(w->status))
        return;
    while (i < r->n_sales && r->sale[i].currency != w->currency)
        i++;
    if (i == r->n_sales) {
        r->sale = xrealloc(r->sale, ++r->n_sales * sizeof *r->sale);
        r->sale[i] = (struct report_sale){.currency = w->currency};
    }
    report_sum(r, &r->sale[i].revenue[before], revenue);
}

/* What is divided at the end. */
static void to_deal(struct report *r, const struct count_what *w, int64_t parts, int64_t micros, bool before)
{
    struct rare *s = &r->to_deal[before];
    if (!status_stands(w->status))
        return;
    report_sum(r, &s->leads[w->status], parts);
    report_sum(r, &s->lead_micros, micros);
}

void report_alone(struct report *r, struct report_row *row, const struct count_what *w, int64_t n, int64_t parts,
                  int64_t micros)
{
    struct report_alone *a = &report_chain(r, row)->alone[r->before];
    a->leads += n;
    report_sum(r, status_stands(w->status) ? &a->converted : &a->lost, parts);
    to_deal(r, w, parts, micros, r->before);
}

/* One that does not stand is a way that came to nothing. */
static void add_way(struct report *r, const struct report_lead *l, struct report_row *const rows[])
{
    const size_t n = r->n_ways;
    if ((n & (n - 1)) == 0 && (n == 0 || n >= WAYS_FIRST))
        r->way = xrealloc(r->way, (n == 0 ? WAYS_FIRST : 2 * n) * sizeof *r->way);
    struct report_way *way = &r->way[r->n_ways++];
    *way = (struct report_way){
        .n = l->n, .part = l->part, .converted = status_stands(l->what.status), .before = l->before};
    for (size_t i = 0; i < l->n; i++) {
        way->row[i] = rows[i];
        report_chain(r, rows[i])->channel = 1;
    }
    to_deal(r, &l->what, l->part, l->micros, l->before);
    if (l->revenue != 0)
        report_sold(r, &l->what, l->revenue, l->before);
}

enum err report_lead(struct report *r, const struct report_lead *l)
{
    struct report_row *rows[LIMIT_TOUCHES];
    assert(l->n >= 1 && l->n <= LIMIT_TOUCHES && r->asked.model != REPORT_BOOKED);
    if (!lead_wanted(&r->asked, &l->what))
        return ERR_OK;
    if (r->asked.model < REPORT_SHAPLEY)
        return by_touch(r, l);
    for (size_t i = 0; i < l->n; i++)
        if ((rows[i] = report_touch_row(r, l, &l->touch[i])) == NULL)
            return ERR_TOO_LARGE;
    if (r->asked.model == REPORT_SHAPLEY)
        return by_row(r, l, rows);
    add_way(r, l, rows);
    return ERR_OK;
}

/* ---- the chain ---- */

struct game {
    struct report *r;
    bool before;
    struct report_row *row[REPORT_CHANNELS];
    uint32_t n;
    int64_t named[REPORT_CHANNELS]; /* clicks that leads name */
    uint32_t *channel;
    struct path *path;
    size_t n_paths;
};

/* In an order that does not hang on who was counted first. */
static enum err number_channels(struct report *r, struct game *g, struct problem *p)
{
    report_sort(r, r->n);
    for (size_t i = 0; i < r->n; i++) {
        struct report_chain *c = r->row[i]->chain;
        if (c == NULL || (c->channel == 0 && c->alone[0].leads == 0 && c->alone[1].leads == 0))
            continue;
        if (g->n == REPORT_CHANNELS)
            return problem(p, ERR_INVALID, "group",
                           "has more than %d rows that leads lead through, which is what markov weighs: group by "
                           "something coarser, or ask for a shorter period",
                           REPORT_CHANNELS);
        g->row[g->n++] = r->row[i];
        c->channel = g->n;
    }
    return ERR_OK;
}

static void add_path(struct game *g, const uint32_t *channel, size_t n, uint64_t converted, uint64_t lost)
{
    g->path[g->n_paths++] = (struct path){channel, n, converted, lost};
}

static void add_ways(struct game *g)
{
    uint32_t *to = g->channel;
    for (size_t i = 0; i < g->r->n_ways; i++) {
        const struct report_way *way = &g->r->way[i];
        if (way->before != g->before)
            continue;
        for (size_t k = 0; k < way->n; k++) {
            to[k] = way->row[k]->chain->channel - 1;
            g->named[to[k]]++;
        }
        add_path(g, to, way->n, way->converted ? way->part : 0, way->converted ? 0 : way->part);
        to += way->n;
    }
}

/* Ways of one click: of leads that it led to, and of clicks that no lead names: each came to nothing, as nothing ties
 * it to others. */
static enum err add_alone(struct game *g, uint32_t *channel, struct problem *p)
{
    int64_t leads = 0;
    for (uint32_t c = 0; c < g->n; c++) {
        const struct report_alone *a = &g->row[c]->chain->alone[g->before];
        int64_t rest = g->row[c]->sums[g->before].clicks[CLASS_OK] - g->named[c] - a->leads;
        if (a->leads < 0 || a->converted < 0 || a->lost < 0)
            return ERR_CORRUPT;
        leads += a->leads;
        if (rest > (int64_t)(PATH_TOTAL_MAX / SHARE_WHOLE / (REPORT_CHANNELS + 1)))
            return problem(p, ERR_INVALID, "from",
                           "these are more clicks than markov weighs: ask for a shorter period");
        if (leads > ALONE_MOST)
            return problem(p, ERR_INVALID, "from", "these are more leads than markov weighs: ask for a shorter period");
        channel[c] = c;
        add_path(g, &channel[c], 1, (uint64_t)a->converted,
                 (uint64_t)a->lost + (rest > 0 ? (uint64_t)rest * SHARE_WHOLE : 0));
    }
    return ERR_OK;
}

/* Of v what [from, to) of all is. */
static int64_t part_of(int64_t v, uint64_t from, uint64_t to, uint64_t all)
{
    return (int64_t)((wide_micros)v * to / all) - (int64_t)((wide_micros)v * from / all);
}

static enum err deal(struct game *g, const uint64_t credit[], struct problem *p)
{
    const struct rare *what = &g->r->to_deal[g->before];
    uint64_t all = 0, at = 0;
    for (uint32_t c = 0; c < g->n; c++)
        all += credit[c];
    for (uint32_t c = 0; c < g->n && all > 0; c++) {
        const uint64_t to = at + credit[c];
        struct rare *s = report_rare(g->r, &g->row[c]->sums[g->before]);
        for (int i = 0; i < STATUS_COUNT; i++)
            s->leads[i] += part_of(what->leads[i], at, to, all);
        s->lead_micros += part_of(what->lead_micros, at, to, all);
        for (size_t i = 0; i < g->r->n_sales; i++) {
            const struct report_sale *sale = &g->r->sale[i];
            struct report_row *row = report_beside(g->r, g->row[c], sale->currency);
            if (row == NULL)
                return problem(p, ERR_INVALID, "group", "gives more than %d rows", REPORT_ROWS_MOST);
            row->sums[g->before].revenue += part_of(sale->revenue[g->before], at, to, all);
        }
        at = to;
    }
    return ERR_OK;
}

static enum err play(struct game *g, struct problem *p)
{
    uint64_t effect[REPORT_CHANNELS], credit[REPORT_CHANNELS];
    uint32_t alone[REPORT_CHANNELS];
    memset(g->named, 0, sizeof g->named);
    g->n_paths = 0;
    add_ways(g);
    enum err err = add_alone(g, alone, p);
    if (err != ERR_OK)
        return err;
    const struct paths all = {g->path, g->n_paths, g->n};
    paths_removal(&all, UNIT, effect, credit);
    for (uint32_t c = 0; c < g->n; c++)
        g->row[c]->chain->effect[g->before] = effect[c];
    return deal(g, credit, p);
}

enum err report_markov(struct report *r, struct problem *p)
{
    struct game g = {.r = r};
    size_t touches = 0;
    enum err err = r->beyond ? ERR_OK : number_channels(r, &g, p);
    if (err != ERR_OK || r->beyond) /* which is told with the rows */
        return err;
    for (size_t i = 0; i < r->n_ways; i++)
        touches += r->way[i].n;
    g.channel = xcalloc(touches + 1, sizeof *g.channel);
    g.path = xcalloc(r->n_ways + REPORT_CHANNELS, sizeof *g.path);
    for (size_t period = 0; period < report_periods(r) && err == ERR_OK; period++) {
        g.before = period == 1;
        err = play(&g, p);
    }
    free(g.channel);
    free(g.path);
    return err;
}
