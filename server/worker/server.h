/* What all threads of `serve` share, made before they start and freed after they stop. */
#ifndef CS_SERVER_WORKER_SERVER_H
#define CS_SERVER_WORKER_SERVER_H

#include <pthread.h>
#include <stdatomic.h>

#include "server/commit/commit.h"
#include "server/http/proxies.h"
#include "server/instance/instance.h"
#include "server/system/metrics.h"
#include "server/system/options.h"
#include "server/worker/code_cache.h"

struct shared {
    const struct options *options;
    struct instance instance;
    char listen[64],
        admin_listen[64]; /* address:port really bound (port 0 is settled by serve before the workers start) */
    struct committer *committer;
    struct metrics *metrics;
    struct proxies *proxies; /* NULL: the peer is the client */
    struct worker **workers;
    size_t n_workers;
};

/* A worker: one thread, one event base, its own contexts. Handlers reach these through request->worker. */
struct worker {
    struct shared *shared;
    size_t number;
    struct tokens *tokens;
    struct code_cache *codes;
    struct sealer *sealer;
    struct signer *statement_signer;
    struct counters *counters; /* this thread's metrics */
    struct txn *reader;        /* reset between requests */
    bool reading;              /* the reader is live */
    struct http *http;         /* http.c's own */
    pthread_t thread;
    _Atomic(struct job *) finished; /* newest batch first; pushed by the committer, taken as a whole by the worker */
    atomic_bool stopping;
    int wake_fd;     /* eventfd: finished jobs, or stopping */
    unsigned pushed; /* jobs since the committer was woken last */
};
/* The jobs of one turn of the event loop go to the committer together. */
void worker_turn_ends(struct worker *w);
/* This worker's read transaction, renewed; ended by http.c after the handler returned. */
MUST_CHECK enum err worker_reader(struct worker *w, struct txn **out);
void worker_reader_end(struct worker *w);

MUST_CHECK enum err worker_start(struct shared *sh, size_t number, struct worker **out);
void worker_stop(struct worker *w); /* stops accepting, lets exchanges in flight end (5 s at most), joins, frees */
void worker_done(struct worker *w, struct job *jobs); /* committer: a list of finished jobs; one wake-up */

#endif
