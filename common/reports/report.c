#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/base/when.h"
#include "common/base/xxh64.h"
#include "common/reports/report_private.h"

enum { TEXTS = 1 << 16 };

/* ---- what is asked ---- */

static const char *const group_names[GROUPS] = {
#define X(symbol, name) name,
    GROUP_TABLE(X)
#undef X
};

const char *report_group_name(const struct report_asked *a, size_t i)
{
    return a->group[i] == GROUP_VALUE ? dimension_name(a->dimension) : group_names[a->group[i]];
}

static bool find_group(struct span name, enum group *g, enum dimension *d)
{
    *d = DIMENSION_ALL;
    for (int i = 0; i < GROUP_VALUE; i++)
        if (span_is(name, group_names[i])) {
            *g = (enum group)i;
            return true;
        }
    for (int i = 1; i < DIMENSIONS; i++)
        if (span_is(name, dimension_name((enum dimension)i))) {
            *g = GROUP_VALUE;
            *d = (enum dimension)i;
            return true;
        }
    return false;
}

static enum err add_group(struct span name, struct report_asked *a, struct problem *p)
{
    enum group g;
    enum dimension d;
    if (!find_group(name, &g, &d))
        return problem(p, ERR_MALFORMED, "group",
                       "knows hour, day, week, month, campaign, contract, publisher, class, status, reason, code, "
                       "sub1 to sub5, utm_source, utm_medium, utm_campaign, utm_term, utm_content, channel, country, "
                       "device and score, with commas between them");
    for (size_t i = 0; i < a->n; i++) {
        if (a->group[i] == GROUP_VALUE && g == GROUP_VALUE)
            return problem(
                p, ERR_MALFORMED, "group",
                "has %s and %s: of code, sub1 to sub5, utm_*, channel, country, device and score one at a time is "
                "counted; ask once for each, or fold the entries of `countersign pull`",
                dimension_name(a->dimension), dimension_name(d));
        if (a->group[i] == g)
            return problem(p, ERR_MALFORMED, "group", "has %s twice", group_names[g]);
        if (group_is_time(a->group[i]) && group_is_time(g))
            return problem(p, ERR_MALFORMED, "group", "has %s and %s: one of hour, day, week and month is enough",
                           group_names[a->group[i]], group_names[g]);
    }
    a->group[a->n++] = g;
    if (g == GROUP_VALUE)
        a->dimension = d;
    return ERR_OK;
}

enum err report_groups(struct span list, struct report_asked *a, struct problem *p)
{
    while (!span_empty(list)) {
        const char *comma = memchr(list.ptr, ',', list.len);
        size_t len = comma != NULL ? (size_t)(comma - list.ptr) : list.len;
        enum err err = add_group(span_of(list.ptr, len), a, p);
        if (err != ERR_OK)
            return err;
        list = span_skip(list, comma != NULL ? len + 1 : len);
    }
    return ERR_OK;
}

static bool asks(const struct report_asked *a, enum group g)
{
    for (size_t i = 0; i < a->n; i++)
        if (a->group[i] == g)
            return true;
    return false;
}

bool report_asks_clicks(const struct report_asked *a)
{
    return a->class >= 0 || asks(a, GROUP_CLASS) || (a->dimension != DIMENSION_ALL && a->dimension != DIMENSION_SCORE);
}

/* Numbers that ascend with time. An hour that clocks show twice is two, told apart by the offset: 128 quarters of an
 * hour either way. */
int64_t report_time(const struct report_asked *a, int64_t ms, int64_t utc_offset_s)
{
    const int64_t local_ms = ms + utc_offset_s * MS_PER_S, day = time_local_day(ms, utc_offset_s);
    if (asks(a, GROUP_HOUR))
        return local_ms / (4 * QUARTER_MS) * 256 + 128 - utc_offset_s * MS_PER_S / QUARTER_MS;
    if (asks(a, GROUP_DAY))
        return day;
    if (asks(a, GROUP_WEEK))
        return (day + 3) / 7; /* 1970-01-01 was a Thursday: weeks begin on Mondays */
    return asks(a, GROUP_MONTH) ? time_local_month(ms, utc_offset_s) : 0;
}

/* ---- rows ---- */

struct report *report_open(const struct report_asked *a)
{
    struct report *r = xcalloc(1, sizeof *r);
    r->asked = *a;
    r->room = 256;
    r->slot = xcalloc(r->room, sizeof(struct report_row *));
    return r;
}

void report_close(struct report *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->n; i++)
        free(r->row[i]);
    while (r->texts != NULL) {
        char *before;
        memcpy(&before, r->texts, sizeof before);
        free(r->texts);
        r->texts = before;
    }
    for (size_t i = 0; i < r->n_totals; i++)
        free(r->total[i]);
    free(r->row);
    free(r->slot);
    free(r->total);
    free(r->way);
    free(r->sale);
    free(r);
}

static struct span keep_text(struct report *r, struct span s)
{
    if (s.len == 0)
        return SPAN("");
    if (r->texts == NULL || r->texts_used + s.len > TEXTS) {
        char *more = xmalloc(TEXTS);
        memcpy(more, &r->texts, sizeof r->texts);
        r->texts = more;
        r->texts_used = sizeof r->texts;
    }
    char *to = r->texts + r->texts_used;
    memcpy(to, s.ptr, s.len);
    r->texts_used += s.len;
    return span_of(to, s.len);
}

static uint64_t key_hash(const struct report_key *k)
{
    uint64_t h = scatter((uint64_t)k->time ^ (uint64_t)k->currency << 40,
                         (uint64_t)k->class << 24 | (uint64_t)k->status << 16 | (uint64_t)k->reason << 8 | k->rest);
    h = xxh64(h, k->campaign);
    h = xxh64(h, k->contract);
    h = xxh64(h, k->publisher);
    return xxh64(h, k->value);
}

static bool same_key(const struct report_key *a, const struct report_key *b)
{
    return span_eq(a->value, b->value) && a->time == b->time && a->currency == b->currency && a->class == b->class &&
           a->status == b->status && a->reason == b->reason && a->rest == b->rest &&
           span_eq(a->contract, b->contract) && span_eq(a->campaign, b->campaign) &&
           span_eq(a->publisher, b->publisher);
}

static void grow(struct report *r)
{
    size_t room = 2 * r->room;
    struct report_row **slot = xcalloc(room, sizeof(struct report_row *));
    for (size_t i = 0; i < r->n; i++) {
        size_t at = key_hash(&r->row[i]->key) & (room - 1);
        while (slot[at] != NULL)
            at = (at + 1) & (room - 1);
        slot[at] = r->row[i];
    }
    free(r->slot);
    r->slot = slot;
    r->room = room;
}

static struct report_row *new_row(const struct report *r, const struct report_key *k)
{
    struct report_row *row = xcalloc(1, sizeof *row + report_periods(r) * sizeof *row->sums);
    row->key = *k;
    return row;
}

/* NULL: there would be too many. */
static struct report_row *row_of(struct report *r, const struct report_key *k)
{
    size_t at = key_hash(k) & (r->room - 1);
    for (; r->slot[at] != NULL; at = (at + 1) & (r->room - 1))
        if (same_key(&r->slot[at]->key, k))
            return r->slot[at];
    if (r->n >= REPORT_ROWS_MOST && !r->merging)
        return NULL;
    struct report_row *row = new_row(r, k);
    row->key.value = keep_text(r, k->value);
    if (r->n % 1024 == 0)
        r->row = xrealloc(r->row, (r->n + 1024) * sizeof(struct report_row *));
    r->row[r->n++] = row;
    r->slot[at] = row;
    if (2 * r->n > r->room)
        grow(r);
    return row;
}

/* The cells of a day come in the order of those of the day before: so a row is mostly that which came behind the last
 * one then. */
static struct report_row *row_near(struct report *r, const struct report_key *k)
{
    struct report_row *last = r->near, *row = last != NULL ? last->behind : NULL;
    if (row == NULL || !same_key(&row->key, k))
        row = row_of(r, k);
    if (row == NULL)
        return NULL;
    if (last != NULL)
        last->behind = row;
    return r->near = row;
}

/* ---- counting ---- */

/* Those that one click led to, which has all of each by whatever model. */
static void add_dealt(struct report *r, struct report_row *row, const struct count_what *w, int64_t n, int64_t micros)
{
    int64_t parts;
    r->beyond |= __builtin_mul_overflow(n, SHARE_WHOLE, &parts);
    if (r->asked.model == REPORT_MARKOV) {
        report_alone(r, row, w, n, parts, micros);
        return;
    }
    row->sums[r->before].leads[w->status] += parts;
    report_sum(r, &row->sums[r->before].lead_micros, micros);
}

static void add(struct report *r, struct report_row *row, const struct count_what *w, const struct count *c, int sign)
{
    struct sums *s = &row->sums[r->before];
    const int64_t n = sign * c->n, micros = sign * c->micros;
    switch (w->kind) {
    case COUNT_CLICKS:
        s->clicks[w->class] += n;
        report_sum(r, &s->click_micros, micros);
        return;
    case COUNT_VIEWS:
        s->views[w->class] += n;
        return;
    case COUNT_IMPRESSIONS:
        s->impressions[w->class] += n;
        report_sum(r, &s->impression_micros, micros);
        return;
    case COUNT_LEADS:
    case COUNT_SEVERAL:
        if (r->asked.model != REPORT_BOOKED) {
            add_dealt(r, row, w, n, micros);
            return;
        }
        s->leads[w->status] += n;
        s->reasons[w->reason] += n;
        s->lag[w->lag] += n;
        report_sum(r, &s->lead_micros, micros);
        return;
    case COUNT_ADJUSTMENTS:
        report_sum(r, &s->adjustment_micros, micros);
        return;
    case COUNT_GAPS:
        s->gaps[w->class] += n;
        return;
    case COUNT_SCORES:
        s->scored += n;
        s->scores += micros;
        return;
    case COUNT_KINDS:
        return;
    }
}

static bool has_class(enum count_kind k)
{
    return k != COUNT_ADJUSTMENTS && k != COUNT_GAPS;
}

/* A lead, or its score. */
static bool of_lead(enum count_kind k)
{
    return count_is_leads(k) || k == COUNT_SCORES;
}

static bool is_wanted(const struct report_asked *a, const struct count_what *w)
{
    bool lead = of_lead(w->kind);
    if (a->model != REPORT_BOOKED && (w->kind == COUNT_SEVERAL || w->kind == COUNT_SCORES))
        return false; /* those that several clicks led to come one by one */
    return (a->class < 0 || (has_class(w->kind) && (unsigned)a->class == w->class)) &&
           (a->status < 0 || (lead && (unsigned)a->status == w->status)) &&
           (a->reason < 0 || (lead && (unsigned)a->reason == w->reason));
}

/* Of a row's key what this count says. */
static void key_of(const struct report_asked *a, const struct count_what *w, struct report_key *k)
{
    bool lead = of_lead(w->kind);
    k->class = asks(a, GROUP_CLASS) && has_class(w->kind) && w->class != CLASS_NONE ? (uint8_t)(w->class + 1) : 0;
    k->status = asks(a, GROUP_STATUS) && lead ? (uint8_t)(w->status + 1) : 0;
    k->reason = asks(a, GROUP_REASON) && lead && w->reason != REASON_NONE ? (uint8_t)(w->reason + 1) : 0;
}

/* Whose key stands but for what a count says: mostly it is that of the count before. */
static struct report_row *target_row(struct report *r, struct report_target *t, const struct count_what *w,
                                     int64_t time)
{
    struct report_key *k = &t->key;
    const struct report_key was = {.time = k->time, .class = k->class, .status = k->status, .reason = k->reason};
    k->time = time;
    key_of(&r->asked, w, k);
    if (t->row == NULL || was.time != k->time || was.class != k->class || was.status != k->status ||
        was.reason != k->reason)
        t->row = row_near(r, k);
    return t->row;
}

static enum err count_to(struct report *r, struct report_target *t, int sign, const struct count_what *w,
                         const struct count *c, int64_t time)
{
    struct report_row *row = target_row(r, t, w, time);
    if (row == NULL)
        return ERR_TOO_LARGE;
    if (c->n == COUNT_BEYOND || c->micros == COUNT_BEYOND || c->revenue == COUNT_BEYOND) {
        r->beyond = true;
        return ERR_OK;
    }
    add(r, row, w, c, sign);
    if (c->revenue == 0)
        return ERR_OK;
    if (r->asked.model == REPORT_MARKOV) {
        report_sold(r, w, sign * c->revenue, r->before);
        return ERR_OK;
    }
    struct report_row *sale = report_beside(r, row, w->currency); /* perhaps another than the contract's */
    if (sale == NULL)
        return ERR_TOO_LARGE;
    report_sum(r, &sale->sums[r->before].revenue, sign * c->revenue);
    return ERR_OK;
}

static void key_open(const struct report_asked *a, const struct report_place *place, struct report_key *k)
{
    *k = (struct report_key){.time = REPORT_OUT, .currency = currency_number(place->currency)};
    if (asks(a, GROUP_CAMPAIGN))
        k->campaign = place->campaign;
    if (asks(a, GROUP_CONTRACT))
        k->contract = place->contract;
    if (asks(a, GROUP_PUBLISHER))
        k->publisher = place->publisher;
}

struct report_row *report_touch_row(struct report *r, const struct report_lead *lead, const struct report_touch *t)
{
    struct report_key k;
    struct count_what w = lead->what;
    w.class = t->class;
    key_open(&r->asked, &t->place, &k);
    if (asks(&r->asked, GROUP_VALUE))
        k.value = t->value;
    k.time = lead->time;
    key_of(&r->asked, &w, &k);
    return row_of(r, &k);
}

struct report_row *report_beside(struct report *r, const struct report_row *row, uint32_t currency)
{
    struct report_key k = row->key;
    k.currency = currency;
    return row_of(r, &k);
}

void report_at(struct report *r, const struct report_place *place, bool before)
{
    key_open(&r->asked, place, &r->valued.key);
    r->valueless.key = r->valued.key;
    r->valued.row = r->valueless.row = NULL;
    r->before = before;
}

/* Where what a cell counts goes, and what it is taken from; NULL: nowhere. */
struct to {
    struct report *r;
    struct report_target *plus, *minus;
    struct count_what what;
};

/* A cell of a value is that value's, and no more what has none; a cell of the whole contract is what has none, until
 * the others are taken from it. */
static struct to to_of(struct report *r, const struct cell_key *k)
{
    const struct report_asked *a = &r->asked;
    const bool shows = asks(a, GROUP_VALUE), none = a->by_value && span_empty(a->value);
    if (k->dimension == DIMENSION_ALL)
        return (struct to){.r = r, .plus = &r->valueless};
    if (shows) {
        r->valued.key.value = k->value;
        r->valued.key.rest = !k->named;
        r->valued.row = NULL;
    }
    return (struct to){
        .r = r, .plus = none ? NULL : &r->valued, .minus = none || (shows && !a->by_value) ? &r->valueless : NULL};
}

static enum err count_at(struct to *to, const struct count *c, int64_t time)
{
    enum err err = ERR_OK;
    if (time != REPORT_OUT && to->plus != NULL)
        err = count_to(to->r, to->plus, 1, &to->what, c, time);
    if (time != REPORT_OUT && to->minus != NULL && err == ERR_OK)
        err = count_to(to->r, to->minus, -1, &to->what, c, time);
    return err;
}

/* Quarters that follow each other in one row of time go there together. */
static enum err count_quarters(struct to *to, struct counts *of, const struct report_day *day)
{
    struct count c, sum = {.n = 0};
    int64_t time = REPORT_OUT;
    enum err err = ERR_OK, step;
    while (err == ERR_OK && (step = count_read(of, &c)) == ERR_OK) {
        if (day->time[c.quarter] != time) {
            err = count_at(to, &sum, time);
            time = day->time[c.quarter];
            sum = (struct count){.n = 0};
        }
        count_add(&sum, &c);
    }
    if (err != ERR_OK || step != ERR_NOT_FOUND)
        return err != ERR_OK ? err : step;
    return count_at(to, &sum, time);
}

enum err report_cell(struct report *r, const struct cell_key *k, struct span row, const struct report_day *day)
{
    struct to to = to_of(r, k);
    struct counts of;
    enum err err = ERR_OK, step;
    if (!k->named) {
        if (row.len < 4)
            return ERR_CORRUPT;
        row = span_skip(row, 4);
    }
    while (err == ERR_OK && (step = counts_read(&row, &of)) == ERR_OK) {
        if (!count_what(of.sum.number, &to.what))
            return ERR_CORRUPT;
        if (!is_wanted(&r->asked, &to.what))
            continue;
        err = day->whole ? count_at(&to, &of.sum, day->time[0]) : count_quarters(&to, &of, day);
    }
    return err != ERR_OK ? err : step == ERR_NOT_FOUND ? ERR_OK : step;
}

/* ---- the end ---- */

static int64_t sum(const int64_t *v, size_t n)
{
    int64_t all = 0;
    for (size_t i = 0; i < n; i++)
        all += v[i];
    return all;
}

static void sums_add(struct report *r, struct sums *to, const struct sums *from)
{
    int64_t *a = (int64_t *)to;
    const int64_t *b = (const int64_t *)from;
    for (size_t i = 0; i < sizeof *to / sizeof *a; i++)
        report_sum(r, &a[i], b[i]);
}

static bool is_nothing(const struct report *r, const struct report_row *row)
{
    static const struct sums none[2];
    return memcmp(row->sums, none, report_periods(r) * sizeof *none) == 0;
}

struct ranked {
    struct span value;
    int64_t n;
};

static int by_value(const void *a, const void *b)
{
    return span_order(((const struct ranked *)a)->value, ((const struct ranked *)b)->value);
}

/* The largest first; of equal ones the one that sorts first. */
static int by_size(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    if (x->n != y->n)
        return x->n > y->n ? -1 : 1;
    return span_order(x->value, y->value);
}

static size_t ranked_values(const struct report *r, struct ranked *out)
{
    size_t n = 0, kept = 0;
    for (size_t i = 0; i < r->n; i++) {
        const struct sums *s = &r->row[i]->sums[0];
        const struct report_key *k = &r->row[i]->key;
        if (!k->rest && !span_empty(k->value))
            out[n++] = (struct ranked){k->value, sum(s->clicks, CLASS_COUNT) + sum(s->views, CLASS_COUNT) +
                                                     sum(s->impressions, CLASS_COUNT) +
                                                     sum(s->leads, STATUS_COUNT) / report_lead_units(r)};
    }
    if (n > 1)
        qsort(out, n, sizeof *out, by_value);
    for (size_t i = 0; i < n; i++)
        if (kept > 0 && span_eq(out[kept - 1].value, out[i].value))
            out[kept - 1].n += out[i].n;
        else
            out[kept++] = out[i];
    if (kept > 1)
        qsort(out, kept, sizeof *out, by_size);
    return kept;
}

/* Rows of the smallest values become one of the rest, each in its place. */
static void merge(struct report *r)
{
    struct ranked *rank = xmalloc((r->n + 1) * sizeof *rank);
    size_t n = ranked_values(r, rank), rows = r->n;
    if (n > r->asked.values) {
        r->merged = r->merging = true;
        qsort(rank, r->asked.values, sizeof *rank, by_value);
        for (size_t i = 0; i < rows; i++) {
            struct report_row *row = r->row[i];
            struct report_key k = row->key;
            const struct ranked key = {.value = k.value};
            if (k.rest || span_empty(k.value) || bsearch(&key, rank, r->asked.values, sizeof *rank, by_value) != NULL)
                continue;
            k.value = SPAN("");
            k.rest = true;
            struct report_row *rest = row_of(r, &k);
            for (size_t period = 0; period < report_periods(r); period++)
                sums_add(r, &rest->sums[period], &row->sums[period]);
            memset(row->sums, 0, report_periods(r) * sizeof *row->sums);
        }
    }
    free(rank);
}

int report_row_order(const void *p, const void *q, void *asked)
{
    const struct report_key *x = &(*(struct report_row *const *)p)->key, *y = &(*(struct report_row *const *)q)->key;
    const struct report_asked *a = asked;
    for (size_t i = 0; i < a->n; i++) {
        int order = 0;
        switch (a->group[i]) {
        case GROUP_HOUR:
        case GROUP_DAY:
        case GROUP_WEEK:
        case GROUP_MONTH:
            order = (x->time > y->time) - (x->time < y->time);
            break;
        case GROUP_CAMPAIGN:
            order = span_order(x->campaign, y->campaign);
            break;
        case GROUP_CONTRACT:
            order = span_order(x->contract, y->contract);
            break;
        case GROUP_PUBLISHER:
            order = span_order(x->publisher, y->publisher);
            break;
        case GROUP_CLASS:
            order = x->class - y->class;
            break;
        case GROUP_STATUS:
            order = x->status - y->status;
            break;
        case GROUP_REASON:
            order = x->reason - y->reason;
            break;
        case GROUP_VALUE:
            order = x->rest != y->rest ? x->rest - y->rest : span_order(x->value, y->value);
            break;
        case GROUPS:
            break;
        }
        if (order != 0)
            return order;
    }
    return (x->currency > y->currency) - (x->currency < y->currency);
}

/* Those that come to nothing at the end of the list, behind *n. */
static void drop_nothing(struct report *r)
{
    size_t kept = 0;
    for (size_t i = 0; i < r->n; i++) {
        struct report_row *row = r->row[i];
        if (!is_nothing(r, row)) {
            r->row[i] = r->row[kept];
            r->row[kept++] = row;
        }
    }
    r->shown = kept;
}

static void add_total(struct report *r, const struct report_row *row)
{
    size_t i = 0;
    while (i < r->n_totals && r->total[i]->key.currency != row->key.currency)
        i++;
    if (i == r->n_totals) {
        r->total = xrealloc(r->total, ++r->n_totals * sizeof *r->total);
        r->total[i] = new_row(r, &(struct report_key){.currency = row->key.currency});
    }
    for (size_t period = 0; period < report_periods(r); period++)
        sums_add(r, &r->total[i]->sums[period], &row->sums[period]);
}

enum err report_finish(struct report *r, struct problem *p)
{
    enum err err = r->asked.model == REPORT_MARKOV ? report_markov(r, p) : ERR_OK;
    if (err != ERR_OK)
        return err;
    if (asks(&r->asked, GROUP_VALUE))
        merge(r);
    drop_nothing(r);
    if (r->shown > 1)
        qsort_r(r->row, r->shown, sizeof(struct report_row *), report_row_order, &r->asked);
    for (size_t i = 0; i < r->shown; i++)
        add_total(r, r->row[i]);
    return ERR_OK;
}
