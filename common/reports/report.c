#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/base/when.h"
#include "common/reports/report_private.h"

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
    return r;
}

void report_close(struct report *r)
{
    if (r == NULL)
        return;
    report_rows_free(r);
    free(r->total);
    free(r->way);
    free(r->sale);
    free(r);
}

/* The cells of a day come in the order of those of the day before: so a row is mostly that which came behind the last
 * one then. */
static struct report_row *row_near(struct report *r, const struct report_key *k)
{
    struct report_row *last = r->near, *row = last != NULL ? last->behind : NULL;
    if (row == NULL || !report_same_key(&row->key, k))
        row = report_row(r, k);
    if (row == NULL)
        return NULL;
    if (last != NULL)
        last->behind = row;
    if (row->behind != NULL) /* the next cell is read meanwhile */
        __builtin_prefetch(row->behind), __builtin_prefetch(row->behind->sums);
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
    struct rare *rare = report_rare(r, &row->sums[r->before]);
    rare->leads[w->status] += parts;
    report_sum(r, &rare->lead_micros, micros);
}

static void add_rare(struct report *r, struct rare *s, const struct count_what *w, int64_t n, int64_t micros)
{
    switch (w->kind) {
    case COUNT_LEADS:
    case COUNT_SEVERAL:
        s->leads[w->status] += n;
        if (w->reason != REASON_NONE)
            report_reasons(r, s)[w->reason] += n;
        report_lag(r, s, w->lag, n);
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
    default:
        return;
    }
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
        s->views += n;
        return;
    case COUNT_IMPRESSIONS:
        s->impressions += n;
        report_sum(r, &s->impression_micros, micros);
        return;
    case COUNT_LEADS:
        if (r->asked.model != REPORT_BOOKED) {
            add_dealt(r, row, w, n, micros);
            return;
        }
        break;
    default:
        break;
    }
    add_rare(r, report_rare(r, s), w, n, micros);
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
    return report_row(r, &k);
}

struct report_row *report_beside(struct report *r, const struct report_row *row, uint32_t currency)
{
    struct report_key k = row->key;
    k.currency = currency;
    return report_row(r, &k);
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

static void add_all(struct report *r, int64_t *to, const int64_t *from, size_t n)
{
    for (size_t i = 0; i < n; i++)
        report_sum(r, &to[i], from[i]);
}

static void rare_add(struct report *r, struct rare *to, const struct rare *from)
{
    add_all(r, (int64_t *)to, (const int64_t *)from, RARE_SUMS);
    for (unsigned i = 0; i < LAG_BUCKETS; i++)
        report_lag(r, to, i, from->lag[i]);
    if (from->reasons != NULL)
        add_all(r, report_reasons(r, to), from->reasons, REASON_COUNT);
}

static void sums_add(struct report *r, struct sums *to, const struct sums *from)
{
    add_all(r, (int64_t *)to, (const int64_t *)from, SUMS);
    if (from->rare != NULL)
        rare_add(r, report_rare(r, to), from->rare);
}

static bool all_zero(const void *what, size_t len)
{
    static const struct rare none;
    return memcmp(what, &none, len) == 0;
}
static_assert(sizeof(struct rare) >= REASON_COUNT * sizeof(int64_t) && sizeof(struct rare) >= sizeof(struct sums),
              "zeros for each of them");

static bool rare_is_nothing(const struct rare *s)
{
    return all_zero(s, RARE_SUMS * sizeof(int64_t)) && all_zero(s->lag, sizeof s->lag) &&
           (s->reasons == NULL || all_zero(s->reasons, REASON_COUNT * sizeof(int64_t)));
}

static bool is_nothing(const struct report *r, const struct report_row *row)
{
    bool nothing = true;
    for (size_t i = 0; i < report_periods(r) && nothing; i++) {
        const struct sums *s = &row->sums[i];
        nothing = all_zero(s, SUMS * sizeof(int64_t)) && (s->rare == NULL || rare_is_nothing(s->rare));
    }
    return nothing;
}

/* The largest first; of equal ones the one that sorts first. */
static int by_size(const void *a, const void *b)
{
    const struct report_value *x = *(struct report_value *const *)a, *y = *(struct report_value *const *)b;
    if (x->n != y->n)
        return x->n > y->n ? -1 : 1;
    return span_order(x->text, y->text);
}

static bool is_named(const struct report_row *row)
{
    return row->value != NULL && !row->key.rest;
}

static void size_values(const struct report *r)
{
    for (size_t i = 0; i < r->n; i++) {
        const struct sums *s = &r->row[i]->sums[0];
        if (is_named(r->row[i]))
            r->row[i]->value->n += sum(s->clicks, CLASS_COUNT) + s->views + s->impressions +
                                   (s->rare != NULL ? sum(s->rare->leads, STATUS_COUNT) / report_lead_units(r) : 0);
    }
}

/* Whether there are any. */
static bool find_small(const struct report *r)
{
    struct report_value **rank = report_values(r);
    const size_t n = r->values.n;
    size_values(r);
    qsort(rank, n, sizeof *rank, by_size);
    for (size_t i = r->asked.values; i < n; i++)
        rank[i]->small = true;
    free(rank);
    return n > r->asked.values;
}

/* Rows of the smallest values become one of the rest, each in its place. */
static void merge(struct report *r)
{
    const size_t rows = r->n;
    r->merging = r->values.n > r->asked.values && find_small(r);
    for (size_t i = 0; i < rows && r->merging; i++) {
        struct report_row *row = r->row[i];
        struct report_key k = row->key;
        if (!is_named(row) || !row->value->small)
            continue;
        k.value = SPAN("");
        k.rest = true;
        struct report_row *rest = report_row(r, &k);
        for (size_t period = 0; period < report_periods(r); period++)
            sums_add(r, &rest->sums[period], &row->sums[period]);
        memset(row->sums, 0, report_periods(r) * sizeof *row->sums);
    }
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
        r->total[i] = report_new_row(r, &(struct report_key){.currency = row->key.currency});
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
    report_sort(r, r->shown);
    for (size_t i = 0; i < r->shown; i++)
        add_total(r, r->row[i]);
    return ERR_OK;
}
