/* Counters per thread, summed when /metrics is read. One table. */
#ifndef CS_SERVER_SYSTEM_METRICS_H
#define CS_SERVER_SYSTEM_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

#include "common/base/buf.h"

#define METRIC_TABLE(X)                                                                                                \
    X(requests, "countersign_requests_total", "requests answered")                                                     \
    X(clicks, "countersign_clicks_total", "clicks recorded")                                                           \
    X(views, "countersign_views_total", "views recorded")                                                              \
    X(leads, "countersign_leads_total", "leads recorded")                                                              \
    X(dispositions, "countersign_dispositions_total", "dispositions recorded")                                         \
    X(bad_codes, "countersign_bad_codes_total", "tracking requests with a bad or ended code")                          \
    X(unrecorded, "countersign_unrecorded_total", "clicks and views that could not be recorded")                       \
    X(unauthorized, "countersign_unauthorized_total", "postbacks and calls refused with 401")                          \
    X(rejected_input, "countersign_bad_requests_total", "requests refused with another 4xx")                           \
    X(busy, "countersign_busy_total", "requests answered 503")                                                         \
    X(commits, "countersign_commits_total", "durable commits")                                                         \
    X(committed_jobs, "countersign_committed_jobs_total", "jobs in durable commits")                                   \
    X(sweeps, "countersign_sweeps_total", "sweeps")

struct counters {
#define X(name, wire, help) _Atomic uint64_t name;
    METRIC_TABLE(X)
#undef X
};
struct metrics;
struct metrics *metrics_new(size_t threads);
void metrics_free(struct metrics *m);
struct counters *metrics_thread(struct metrics *m, size_t number); /* cache-line padded */
void metrics_write(struct metrics *m, struct buf *out);            /* Prometheus text 0.0.4 */
#define METRIC_ADD(counters, name, n) atomic_fetch_add_explicit(&(counters)->name, (n), memory_order_relaxed)

#endif
