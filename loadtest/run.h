/* The run: when to fire, and what is counted. One thread.
 *
 * Open loop (rate > 0): request k is due at start + k/rate whatever the server does, and its latency counts from then,
 * so that a stall shows in every request that it made wait (no coordinated omission). Closed loop (rate 0): each
 * connection fires as soon as it is free. */
#ifndef CS_LOADTEST_RUN_H
#define CS_LOADTEST_RUN_H

#include "loadtest/client.h"
#include "loadtest/hdr.h"
#include "loadtest/replay.h"
#include "loadtest/settings.h"

struct kind_result {
    uint64_t answered;
    uint64_t status[600]; /* by HTTP status */
    uint64_t no_click_id; /* clicks: 302 without a click id */
    struct hdr latency_ns;
};

struct result {
    struct kind_result kind[KINDS];
    uint64_t failures[FAILURES];
    uint64_t fired;
    uint64_t unsent; /* open loop: due before the end, never fired for want of a free connection */
    uint64_t wall_ns, cpu_ns;
    struct replay_result replay;
};

/* Runs to the end and fills *out (cleared by the caller). Dies when it cannot start. */
void run(const struct settings *s, struct result *out);
/* Prints it, as a table or as one JSON object. */
void report(const struct settings *s, const struct result *r);

/* null.c: `countersign-loadtest null` */
int null_server(int argc, char **argv);

#endif
