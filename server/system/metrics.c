#include "server/system/metrics.h"

#include <assert.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/mem.h"

struct slot {
    _Alignas(64) struct counters counters;
};

struct metrics {
    size_t threads;
    struct slot *slot;
};

struct metrics *metrics_new(size_t threads)
{
    struct metrics *m = xcalloc(1, sizeof *m);
    m->threads = threads;
    m->slot = xaligned(_Alignof(struct slot), threads * sizeof *m->slot);
    memset(m->slot, 0, threads * sizeof *m->slot);
    return m;
}

void metrics_free(struct metrics *m)
{
    if (m == NULL)
        return;
    free(m->slot);
    free(m);
}

struct counters *metrics_thread(struct metrics *m, size_t number)
{
    if (number >= m->threads)
        abort();
    return &m->slot[number].counters;
}

/* Upper bounds in microseconds, and as `le` says them. */
static const struct {
    int64_t us;
    const char *le;
} bounds[METRIC_BOUNDS] = {
    {100, "0.0001"},  {250, "0.00025"}, {500, "0.0005"},  {1000, "0.001"},  {2500, "0.0025"},
    {5000, "0.005"},  {10000, "0.01"},  {25000, "0.025"}, {50000, "0.05"},  {100000, "0.1"},
    {250000, "0.25"}, {500000, "0.5"},  {1000000, "1"},   {2500000, "2.5"}, {10000000, "10"},
};

void metric_seconds(struct histogram *h, int64_t us)
{
    size_t i = 0;
    us = us > 0 ? us : 0;
    while (i < METRIC_BOUNDS && us > bounds[i].us)
        i++;
    METRIC_ADD(h, bucket[i], 1);
    METRIC_ADD(h, sum_us, (uint64_t)us);
}

/* ---- Prometheus text ---- */

static const struct {
    const char *name, *help, *type;
} table[METRICS] = {
#define ONE "counter"
#define ROUTE_CODE "counter"
#define STATUS_REASON "counter"
#define CLICK_FAULT "counter"
#define BUDGET "counter"
#define FAULT "counter"
#define SECONDS "histogram"
#define GAUGE "gauge"
#define PROCESS "gauge"
#define PROCESS_COUNTER "counter"
#define X(symbol, name, help, shape) {name, help, shape},
    METRIC_TABLE(X)
#undef X
#undef ONE
#undef ROUTE_CODE
#undef STATUS_REASON
#undef CLICK_FAULT
#undef BUDGET
#undef FAULT
#undef SECONDS
#undef GAUGE
#undef PROCESS
#undef PROCESS_COUNTER
};

void metrics_gauge_head(struct buf *out, enum metric metric)
{
    buf_str(out, "# HELP ");
    buf_str(out, table[metric].name);
    buf_byte(out, ' ');
    buf_str(out, table[metric].help);
    buf_str(out, "\n# TYPE ");
    buf_str(out, table[metric].name);
    buf_byte(out, ' ');
    buf_str(out, table[metric].type);
    buf_byte(out, '\n');
}

void metrics_gauge(struct buf *out, enum metric metric, const char *labels, uint64_t value)
{
    buf_printf(out, labels != NULL ? "%s{%s} " : "%s ", table[metric].name, labels);
    buf_u64(out, value);
    buf_byte(out, '\n');
}

void metrics_fraction(struct buf *out, enum metric metric, uint64_t value, uint64_t hundredths)
{
    buf_printf(out, "%s %llu.%02llu\n", table[metric].name, (unsigned long long)value, (unsigned long long)hundredths);
}

/* Over all threads: the number at this place of each thread's counters. */
static uint64_t sum(const struct metrics *m, size_t offset)
{
    uint64_t n = 0;
    for (size_t i = 0; i < m->threads; i++)
        n += atomic_load_explicit((const _Atomic uint64_t *)(const void *)((const char *)&m->slot[i].counters + offset),
                                  memory_order_relaxed);
    return n;
}
#define AT(member) offsetof(struct counters, member)
#define PLACE(first, i) (AT(first) + (i) * sizeof(_Atomic uint64_t))

/* A cell of a table with labels; zeros are left out: most cells never count anything. */
static void cell(struct buf *out, enum metric metric, const char *name, const char *value, const char *name2,
                 const char *value2, uint64_t n)
{
    char labels[256];
    if (n == 0)
        return;
    snprintf(labels, sizeof labels, name2 != NULL ? "%s=\"%s\",%s=\"%s\"" : "%s=\"%s\"", name, value, name2, value2);
    metrics_gauge(out, metric, labels, n);
}

static void write_requests(const struct metrics *m, const char *const *route, size_t n_routes, struct buf *out)
{
    assert(n_routes < METRIC_ROUTES);
    for (size_t i = 0; i <= n_routes; i++)
        for (int k = 0; k < HTTP_STATUSES; k++) {
            char code[8];
            snprintf(code, sizeof code, "%d", http_status_at((enum http_status_place)k));
            cell(out, METRIC_requests, "route", i == 0 ? "none" : route[i - 1], "code", code,
                 sum(m, PLACE(requests, i * HTTP_STATUSES + (size_t)k)));
        }
}

static void write_leads(const struct metrics *m, struct buf *out)
{
    for (size_t s = 0; s < STATUS_COUNT; s++)
        for (size_t r = 0; r < REASON_COUNT; r++)
            cell(out, METRIC_leads, "status", status_word((enum status)s), "reason", reason_word((enum reason)r),
                 sum(m, PLACE(leads, s * REASON_COUNT + r)));
}

#define X(symbol, word, meaning) word,
static void write_clicks_refused(const struct metrics *m, struct buf *out)
{
    static const char *const words[] = {CLICK_FAULT_TABLE(X)};
    for (size_t i = 0; i < CLICK_FAULTS; i++)
        cell(out, METRIC_clicks_refused, "reason", words[i], NULL, NULL, sum(m, PLACE(clicks_refused, i)));
}

static void write_over_budget(const struct metrics *m, struct buf *out)
{
    static const char *const words[] = {BUDGET_TABLE(X)};
    for (size_t i = 0; i < BUDGETS; i++)
        cell(out, METRIC_over_budget, "budget", words[i], NULL, NULL, sum(m, PLACE(over_budget, i)));
}

static void write_pixels_refused(const struct metrics *m, struct buf *out)
{
    static const char *const words[] = {PIXEL_FAULT_TABLE(X)};
    for (size_t i = 0; i < PIXEL_FAULTS; i++)
        cell(out, METRIC_pixels_refused, "reason", words[i], NULL, NULL, sum(m, PLACE(pixels_refused, i)));
}
#undef X

static void write_seconds(const struct metrics *m, enum metric metric, size_t offset, struct buf *out)
{
    uint64_t n = 0, us = sum(m, offset + offsetof(struct histogram, sum_us));
    for (size_t i = 0; i <= METRIC_BOUNDS; i++) {
        n += sum(m, offset + i * sizeof(_Atomic uint64_t));
        buf_printf(out, "%s_bucket{le=\"%s\"} %llu\n", table[metric].name, i < METRIC_BOUNDS ? bounds[i].le : "+Inf",
                   (unsigned long long)n);
    }
    buf_printf(out, "%s_sum %llu.%06llu\n%s_count %llu\n", table[metric].name, (unsigned long long)(us / 1000000),
               (unsigned long long)(us % 1000000), table[metric].name, (unsigned long long)n);
}

uint64_t metrics_leads(struct metrics *m)
{
    uint64_t n = 0;
    for (size_t i = 0; i < (size_t)STATUS_COUNT * REASON_COUNT; i++)
        n += sum(m, PLACE(leads, i));
    return n;
}

void metrics_write(struct metrics *m, const char *const *route, size_t n_routes, struct buf *out)
{
#define HEAD(symbol) metrics_gauge_head(out, METRIC_##symbol);
#define ONE(symbol) HEAD(symbol) metrics_gauge(out, METRIC_##symbol, NULL, sum(m, AT(symbol)));
#define ROUTE_CODE(symbol) HEAD(symbol) write_##symbol(m, route, n_routes, out);
#define STATUS_REASON(symbol) HEAD(symbol) write_##symbol(m, out);
#define CLICK_FAULT(symbol) HEAD(symbol) write_##symbol(m, out);
#define BUDGET(symbol) HEAD(symbol) write_##symbol(m, out);
#define FAULT(symbol) HEAD(symbol) write_##symbol(m, out);
#define SECONDS(symbol) HEAD(symbol) write_seconds(m, METRIC_##symbol, AT(symbol), out);
#define GAUGE(symbol)
#define PROCESS(symbol)
#define PROCESS_COUNTER(symbol)
#define X(symbol, name, help, shape) shape(symbol)
    METRIC_TABLE(X)
#undef X
}
