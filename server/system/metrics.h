/* What is counted and measured, one table. Each thread has its own counters, summed when /metrics is read; gauges are
 * asked for then. */
#ifndef CS_SERVER_SYSTEM_METRICS_H
#define CS_SERVER_SYSTEM_METRICS_H

#include <stdatomic.h>
#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/http_words.h"
#include "common/decisions/reason.h"

/* Why a pixel is not taken, though it gets its image. */
#define PIXEL_FAULT_TABLE(X)                                                                                           \
    X(CODE, "unknown_code", "its code is none of ours")                                                                \
    X(EARLY, "not_begun", "the contract of its code has not begun yet")                                                \
    X(ENDED, "contract_ended", "the contract of its code has ended")                                                   \
    X(PAUSED, "paused", "the campaign of its code is paused")                                                          \
    X(OFF, "off", "its code is switched off, or one of the two whose contract it is of is locked")                     \
    X(BODY, "unread_body", "what it reports stands in a body that is not read")                                        \
    X(EVENT, "unknown_event", "it reports an event that pixels do not report")                                         \
    X(LEADS, "leads_off", "it reports a lead, and the campaign's pixel_leads is off")                                  \
    X(TXID, "bad_txid", "it reports a lead without a txid, or with one that does not read")                            \
    X(CONFLICT, "txid_conflict", "its txid came before with another click_id")                                         \
    X(UNRECORDED, "unrecorded", "its lead could not be recorded")                                                      \
    X(REQUEST, "malformed", "it is no well-formed request")

enum pixel_fault {
#define X(symbol, word, meaning) PIXEL_##symbol,
    PIXEL_FAULT_TABLE(X)
#undef X
        PIXEL_FAULTS
};

/* Why a click is not taken. */
#define CLICK_FAULT_TABLE(X)                                                                                           \
    X(CODE, "unknown_code", "this is no tracking code of ours")                                                        \
    X(EARLY, "not_begun", "the contract of this code has not begun yet")                                               \
    X(ENDED, "contract_ended", "the contract of this code has ended")                                                  \
    X(PAUSED, "paused", "the campaign of this code is paused")                                                         \
    X(OFF, "off", "this code is switched off, or one of the two whose contract it is of is locked")

enum click_fault {
#define X(symbol, word, meaning) CLICK_FAULT_##symbol,
    CLICK_FAULT_TABLE(X)
#undef X
        CLICK_FAULTS
};

/* Which budget was used up. */
#define BUDGET_TABLE(X)                                                                                                \
    X(PARTY, "party_requests", "requests and rows of a party: 429")                                                    \
    X(ADDRESS, "address_requests", "requests of an address: 429")                                                      \
    X(PARTY_BYTES, "party_bytes", "bytes under way of a party: 429")                                                   \
    X(ADDRESS_BYTES, "address_bytes", "bytes under way of an address: 429")                                            \
    X(EXPLAINED, "explained", "postbacks that a party had explained: 429")                                             \
    X(HANDSHAKES, "handshakes", "handshakes of TLS of an address: its connection is closed")

enum budget {
#define X(symbol, word, meaning) BUDGET_##symbol,
    BUDGET_TABLE(X)
#undef X
        BUDGETS
};

/* symbol, name in /metrics, what it says, shape: ONE counter; counters by ROUTE_CODE, STATUS_REASON, CLICK_FAULT,
 * BUDGET or FAULT; SECONDS, a histogram; GAUGE, asked for with its labels; PROCESS and PROCESS_COUNTER, what the kernel
 * says of this process, under the names that Prometheus clients give it */
#define METRIC_TABLE(X)                                                                                                \
    X(requests, "countersign_requests_total",                                                                          \
      "requests answered, by route (none: of no route, or no request) and status code", ROUTE_CODE)                    \
    X(request_seconds, "countersign_request_seconds", "from a request's head to its answer", SECONDS)                  \
    X(clicks, "countersign_clicks_total", "clicks recorded", ONE)                                                      \
    X(views, "countersign_views_total", "views recorded", ONE)                                                         \
    X(impressions, "countersign_impressions_total", "impressions recorded", ONE)                                       \
    X(views_of_nobody, "countersign_views_of_nobody_total",                                                            \
      "views at a campaign's own code without a click: they belong to no contract and are not recorded", ONE)          \
    X(leads, "countersign_leads_total", "leads recorded, by their first status and reason", STATUS_REASON)             \
    X(dispositions, "countersign_dispositions_total", "dispositions recorded", ONE)                                    \
    X(clicks_refused, "countersign_clicks_refused_total", "clicks not taken, wherever they were sent", CLICK_FAULT)    \
    X(links_refused, "countersign_links_refused_total",                                                                \
      "deep links that clicks asked for and might not take: they went to the landing page", ONE)                       \
    X(pixels_refused, "countersign_pixels_refused_total", "pixels not taken, though they got their image", FAULT)      \
    X(over_budget, "countersign_over_budget_total", "what came past the budget of its kind and was not taken", BUDGET) \
    X(unrecorded, "countersign_unrecorded_total", "clicks, views and impressions that could not be recorded", ONE)     \
    X(unwaited, "countersign_unwaited_total",                                                                          \
      "clicks and pixels answered before their commit, which took longer than click_wait_ms", ONE)                     \
    X(refused_dropped, "countersign_refused_dropped_total", "refusals that did not get into the refused log", ONE)     \
    X(log_withheld, "countersign_log_withheld_total", "log lines that were left out: more than their allowance", ONE)  \
    X(commit_seconds, "countersign_commit_seconds", "from taking a batch of requests to its durable commit", SECONDS)  \
    X(chore_seconds, "countersign_chore_seconds",                                                                      \
      "the same of a batch of the server's own: who comes meanwhile waits", SECONDS)                                   \
    X(committed_jobs, "countersign_committed_jobs_total", "jobs in durable commits", ONE)                              \
    X(sweeps, "countersign_sweeps_total", "sweeps", ONE)                                                               \
    X(loop_turns, "countersign_loop_turns_total", "turns of the workers' event loops", ONE)                            \
    X(delivered, "countersign_deliveries_delivered_total", "deliveries to webhooks and CRMs that arrived", ONE)        \
    X(delivery_failures, "countersign_delivery_failures_total", "attempts at deliveries that failed", ONE)             \
    X(deliveries_given_up, "countersign_deliveries_given_up_total",                                                    \
      "deliveries that are not tried any more: for three days in vain, or the target answered 410", ONE)               \
    X(deliveries_due, "countersign_deliveries_due", "deliveries that wait to be sent, or sent again", GAUGE)           \
    X(delivery_oldest, "countersign_delivery_oldest_timestamp_seconds",                                                \
      "when the entry came of the delivery that waits longest; 0: none waits", GAUGE)                                  \
    X(queue_depth, "countersign_queue_depth", "jobs of a worker that wait for a batch", GAUGE)                         \
    X(reads_waiting, "countersign_reads_waiting", "reads that wait for a reader thread", GAUGE)                        \
    X(streams, "countersign_streams", "event streams that are open", GAUGE)                                            \
    X(store_bytes, "countersign_store_bytes", "size of the database in use", GAUGE)                                    \
    X(store_room, "countersign_store_room_bytes", "bytes that the database can grow by, by what bounds it", GAUGE)     \
    X(store_pinned, "countersign_store_pinned_commits",                                                                \
      "commits since the oldest state that somebody reads: until he ends, the file grows by what they free", GAUGE)    \
    X(clock_sure, "countersign_clock_sure", "0 when a step of the clock waits to be confirmed", GAUGE)                 \
    X(tls_not_after, "countersign_tls_not_after_timestamp_seconds",                                                    \
      "until when the certificate of the main listener is valid; 0: it is plain", GAUGE)                               \
    X(settings_kept, "countersign_settings_kept",                                                                      \
      "1 when what the last HUP brought was refused, and the settings from before are in use", GAUGE)                  \
    X(tls_kept, "countersign_tls_kept",                                                                                \
      "1 when the last reload of certificate and key was refused, and those from before are in use", GAUGE)            \
    X(ready, "countersign_ready", "1 when events can be recorded", GAUGE)                                              \
    X(witnesses_conflicting, "countersign_witnesses_conflicting",                                                      \
      "witnesses that cosigned another root log under our name than ours, or a longer one", GAUGE)                     \
    X(witnessed_at, "countersign_witnessed_timestamp_seconds",                                                         \
      "when the oldest cosignature of the last quorum was made; 0: there was none since the start", GAUGE)             \
    X(build_info, "countersign_build_info", "1, by the version that runs", GAUGE)                                      \
    X(process_cpu, "process_cpu_seconds_total", "user and system CPU time spent in seconds", PROCESS_COUNTER)          \
    X(process_start, "process_start_time_seconds", "start time since the Unix epoch in seconds", PROCESS)              \
    X(process_rss, "process_resident_memory_bytes", "resident memory in bytes", PROCESS)                               \
    X(process_virtual, "process_virtual_memory_bytes", "virtual memory in bytes", PROCESS)                             \
    X(process_fds, "process_open_fds", "open file descriptors", PROCESS)                                               \
    X(process_max_fds, "process_max_fds", "most file descriptors that may be open", PROCESS)

enum metric {
#define X(symbol, name, help, shape) METRIC_##symbol,
    METRIC_TABLE(X)
#undef X
        METRICS
};

enum { METRIC_ROUTES = 256, METRIC_BOUNDS = 15 };

struct histogram {
    _Atomic uint64_t bucket[METRIC_BOUNDS + 1]; /* not cumulative; the last one is +Inf */
    _Atomic uint64_t sum_us;
};

struct counters {
#define ONE(symbol) _Atomic uint64_t symbol;
#define ROUTE_CODE(symbol) _Atomic uint64_t symbol[METRIC_ROUTES][HTTP_STATUSES]; /* route 0: none */
#define STATUS_REASON(symbol) _Atomic uint64_t symbol[STATUS_COUNT][REASON_COUNT];
#define CLICK_FAULT(symbol) _Atomic uint64_t symbol[CLICK_FAULTS];
#define BUDGET(symbol) _Atomic uint64_t symbol[BUDGETS];
#define FAULT(symbol) _Atomic uint64_t symbol[PIXEL_FAULTS];
#define SECONDS(symbol) struct histogram symbol;
#define GAUGE(symbol)
#define PROCESS(symbol)
#define PROCESS_COUNTER(symbol)
#define X(symbol, name, help, shape) shape(symbol)
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

struct metrics;
struct metrics *metrics_new(size_t threads);
void metrics_free(struct metrics *m);
struct counters *metrics_thread(struct metrics *m, size_t number); /* cache-line padded */

#define METRIC_ADD(counters, member, n) atomic_fetch_add_explicit(&(counters)->member, (n), memory_order_relaxed)
void metric_seconds(struct histogram *h, int64_t us);

/* Leads recorded so far, of all threads. */
uint64_t metrics_leads(struct metrics *m);

/* ---- Prometheus text 0.0.4 ---- */

/* All but the gauges. route: the label of each row of `requests`, from 1 on. */
void metrics_write(struct metrics *m, const char *const *route, size_t n_routes, struct buf *out);
/* A gauge: its head once, then its samples. labels: between the braces, NULL: none. */
void metrics_gauge_head(struct buf *out, enum metric metric);
void metrics_gauge(struct buf *out, enum metric metric, const char *labels, uint64_t value);
/* The same with hundredths. */
void metrics_fraction(struct buf *out, enum metric metric, uint64_t value, uint64_t hundredths);
/* process.c: what the kernel says of this process now. What it does not say is left out. */
void metrics_process(struct buf *out);

#endif
