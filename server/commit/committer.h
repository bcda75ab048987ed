/* The committer's inside, shared by commit.c (thread, queues), transaction.c and chores.c. All of it belongs to the
 * committer thread but what is marked. */
#ifndef CS_SERVER_COMMIT_COMMITTER_H
#define CS_SERVER_COMMIT_COMMITTER_H

#include <pthread.h>
#include <stdatomic.h>

#include "server/commit/commit.h"
#include "server/commit/gaps.h"
#include "server/commit/nonces.h"
#include "server/system/queue.h"
#include "server/worker/server.h"

enum { BATCH_MAX = 4096, FULL_RETRY_MS = 250, CHORES_MAX = 7 };

struct committer {
    struct commit cx;        /* cx.catalog: the one of the transaction under way */
    struct catalog *catalog; /* the newest published, held */
    struct gaps *gaps;       /* any thread may count */
    struct counters *counters;
    int64_t sweep_ms;

    struct queue **queues; /* one for each worker, which pushes */
    size_t n_queues, first_queue;
    struct handback {
        struct job *head, **tail;
    } * handbacks;                  /* one for each worker, while a batch is handed back */
    struct job *waiting[BATCH_MAX]; /* after_sweep jobs that met another one in their batch */
    size_t n_waiting;

    atomic_bool full;                 /* any thread reads */
    int64_t retry_ms, gaps_ms;        /* when a write may be tried again; when gap entries may be written */
    int64_t chore_due_ms[CHORES_MAX]; /* monotonic */
    uint32_t day_keys_made;
    struct nonce_clock nonce_clock;
    size_t next_publish; /* contract number - 1, of this minute's round */

    int wake_fd;                    /* any thread writes */
    atomic_bool sleeping, stopping; /* any thread */
    pthread_t thread;
};

/* transaction.c: one write transaction from begin to durable. ERR_OK: what `run` did is on disk, a changed catalog and
 * new day keys are published. Anything else: nothing of it happened, on disk or in memory. ERR_FULL starts the state
 * in which writes are tried only every FULL_RETRY_MS. Does not return from ERR_IO: the process exits, to recover from
 * what is on disk. */
MUST_CHECK enum err transaction(struct committer *c, enum err (*run)(struct committer *c, void *arg), void *arg);
/* Sweeps in a transaction of its own; nothing to do is ERR_OK. */
MUST_CHECK enum err transaction_sweep(struct committer *c);
/* Inside run: makes cx.catalog what the transaction holds now. */
MUST_CHECK enum err transaction_reload(struct committer *c);

void transaction_writable(struct committer *c); /* ends the full state */

/* chores.c */
/* What the first request needs, before the thread starts: day keys, and every signed head a prefix of its log. */
MUST_CHECK enum err chores_start(struct committer *c);
/* Runs what is due; answers in how many milliseconds the next one is. */
int64_t chores_run(struct committer *c);
/* One step of approving leads whose review time ran out; *more: there may be others. */
MUST_CHECK enum err chores_approve(struct committer *c, bool *more);
/* After the last batch: gaps and a sweep, so that the next start has nothing to replay. */
void chores_stop(struct committer *c);

#endif
