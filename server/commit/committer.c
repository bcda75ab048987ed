#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "server/commit/committer.h"
#include "server/keys/day_keys.h"
#include "server/system/system.h"

enum { GAPS_EVERY_MS = 1000 };

struct batch {
    struct job *jobs[BATCH_MAX];
    size_t n;
    struct job *after_sweep; /* one of jobs; run first */
};

/* ---- taking ---- */

static void batch_add(struct committer *c, struct batch *b, struct job *job)
{
    if (job->kind == JOB_CONTROL && job->control.after_sweep) {
        if (b->after_sweep != NULL) {
            c->waiting[c->n_waiting++] = job;
            return;
        }
        b->after_sweep = job;
    }
    b->jobs[b->n++] = job;
}

/* What arrived since the last batch. Rings take turns in being first. */
static void batch_take(struct committer *c, struct batch *b)
{
    b->n = 0;
    b->after_sweep = NULL;
    size_t waited = c->n_waiting;
    c->n_waiting = 0;
    for (size_t i = 0; i < waited; i++)
        batch_add(c, b, c->waiting[i]);
    for (size_t i = 0; i < c->n_queues; i++) {
        struct queue *queue = c->queues[(c->first_queue + i) % c->n_queues];
        struct job *job;
        while (b->n + c->n_waiting < BATCH_MAX && (job = queue_pop(queue)) != NULL)
            batch_add(c, b, job);
    }
    c->first_queue = (c->first_queue + 1) % c->n_queues;
}

/* ---- running ---- */

static enum err run_job(struct committer *c, struct job *job)
{
    job->err = pipeline_run(&c->cx, job);
    if (job->err == ERR_FULL || job->err == ERR_IO)
        return job->err;
    if (!c->cx.catalog_changed)
        return ERR_OK;
    enum err err = transaction_reload(c);
    return err == ERR_OK || err == ERR_FULL || err == ERR_IO ? err : ERR_INTERNAL;
}

static enum err run_jobs(struct committer *c, void *arg)
{
    struct batch *b = arg;
    enum err err = ERR_OK;
    if (b->after_sweep != NULL)
        err = run_job(c, b->after_sweep);
    int64_t now_ms = clock_monotonic_us() / 1000;
    if (err == ERR_OK && now_ms >= c->gaps_ms && gaps_any(c->gaps)) {
        c->gaps_ms = now_ms + GAPS_EVERY_MS;
        err = gaps_append(c->gaps, &c->cx);
    }
    for (size_t i = 0; i < b->n && err == ERR_OK; i++)
        if (b->jobs[i] != b->after_sweep)
            err = run_job(c, b->jobs[i]);
    return err;
}

/* What must be durable and swept before an after_sweep job: all approvals that are due, so that a statement does not
 * close over them. */
static enum err prepare_sweep(struct committer *c)
{
    bool more = true;
    enum err err = ERR_OK;
    while (more && err == ERR_OK)
        err = chores_approve(c, &more);
    return err == ERR_OK ? transaction_sweep(c) : err;
}

/* ---- handing back ---- */

static void count_recorded(struct counters *counters, const struct job *job)
{
    if (job->err != ERR_OK || job->replayed)
        return;
    if (job->kind == JOB_TRACK && job->track.entry.kind == ENTRY_CLICK)
        METRIC_ADD(counters, clicks, 1);
    else if (job->kind == JOB_TRACK)
        METRIC_ADD(counters, views, 1);
    else if (job->kind == JOB_LEAD)
        METRIC_ADD(counters, leads, 1);
    else if (job->kind == JOB_DISPOSITION)
        METRIC_ADD(counters, dispositions, 1);
}

void committer_unrecorded(struct committer *c, const struct job *job)
{
    if (job->kind != JOB_TRACK)
        return;
    METRIC_ADD(c->counters, unrecorded, 1);
    gaps_count(c->gaps, job->contract, job->track.entry.kind, job->now_ms);
}

/* One list and one wake-up for each worker. */
static void hand_back(struct committer *c, struct batch *b)
{
    for (size_t w = 0; w < c->n_queues; w++)
        c->handbacks[w].tail = &c->handbacks[w].head;
    for (size_t i = 0; i < b->n; i++) {
        struct handback *h = &c->handbacks[b->jobs[i]->worker->number];
        *h->tail = b->jobs[i];
        h->tail = &b->jobs[i]->next;
    }
    for (size_t w = 0; w < c->n_queues; w++) {
        struct handback *h = &c->handbacks[w];
        *h->tail = NULL;
        if (h->head != NULL)
            worker_done(h->head->worker, h->head);
    }
}

static void batch_run(struct committer *c, struct batch *b)
{
    enum err err = b->after_sweep != NULL ? prepare_sweep(c) : ERR_OK;
    if (err == ERR_OK)
        err = transaction(c, run_jobs, b);
    for (size_t i = 0; i < b->n; i++) {
        if (err != ERR_OK)
            b->jobs[i]->err = err;
        if (b->jobs[i]->err != ERR_OK && b->jobs[i]->err != ERR_GONE)
            committer_unrecorded(c, b->jobs[i]);
        count_recorded(c->counters, b->jobs[i]);
    }
    if (err == ERR_OK) {
        METRIC_ADD(c->counters, commits, 1);
        METRIC_ADD(c->counters, committed_jobs, b->n);
    }
    hand_back(c, b);
}

/* ---- the thread ---- */

static bool queues_empty(struct committer *c)
{
    for (size_t i = 0; i < c->n_queues; i++)
        if (!queue_empty(c->queues[i]))
            return false;
    return true;
}

/* Producers write the eventfd only when they see `sleeping`; it is set before the last look at the queues, so that no
 * job is left lying. */
static void sleep_for(struct committer *c, int64_t ms)
{
    struct pollfd p = {.fd = c->wake_fd, .events = POLLIN};
    uint64_t count;
    atomic_store(&c->sleeping, true);
    if (queues_empty(c) && !atomic_load(&c->stopping))
        poll(&p, 1, (int)ms);
    atomic_store(&c->sleeping, false);
    ssize_t got = read(c->wake_fd, &count, sizeof count); /* non-blocking; the counter is of no interest */
    (void)got;
}

static void wake(struct committer *c)
{
    uint64_t one = 1;
    ssize_t put = write(c->wake_fd, &one, sizeof one); /* full means awake already */
    (void)put;
}

static void *committer_main(void *arg)
{
    struct committer *c = arg;
    struct batch *b = xmalloc(sizeof *b);
    for (;;) {
        bool stopping = atomic_load(&c->stopping);
        batch_take(c, b);
        if (b->n > 0)
            batch_run(c, b);
        int64_t pause_ms = chores_run(c);
        if (b->n > 0 || c->n_waiting > 0)
            continue;
        if (stopping)
            break;
        sleep_for(c, pause_ms);
    }
    chores_stop(c);
    free(b);
    return NULL;
}

/* ---- life ---- */

static void committer_free(struct committer *c)
{
    for (size_t i = 0; i < c->n_queues; i++)
        queue_free(c->queues[i]);
    free(c->queues);
    free(c->handbacks);
    ledger_close(c->cx.ledger);
    tokens_free(c->cx.tokens);
    signer_free(c->cx.statement_signer);
    sealer_free(c->cx.sealer);
    catalog_unref(c->catalog);
    gaps_free(c->gaps);
    if (c->wake_fd >= 0)
        close(c->wake_fd);
    free(c);
}

static enum err open_ledger(struct committer *c)
{
    struct txn *t;
    enum err err = txn_begin(c->cx.instance->store, false, &t);
    if (err != ERR_OK)
        return err;
    err = ledger_open(t, &c->cx.ledger);
    txn_abort(t);
    return err;
}

/* The thread takes no signals: they are the main thread's. */
static enum err start_thread(struct committer *c)
{
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(&c->thread, NULL, committer_main, c);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return rc == 0 ? ERR_OK : ERR_IO;
}

enum err committer_start(const struct committer_setup *setup, struct committer **out)
{
    struct committer *c = xcalloc(1, sizeof *c);
    struct instance *in = setup->instance;
    c->cx.instance = in;
    c->cx.tokens = keys_new_tokens(in->keys);
    c->cx.statement_signer = keys_new_statement_signer(in->keys);
    c->cx.sealer = instance_sealer(in);
    c->catalog = c->cx.catalog = catalog_hold(in->catalog);
    c->gaps = gaps_new();
    c->counters = setup->counters;
    c->sweep_ms = setup->sweep_ms;
    c->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    c->n_queues = setup->workers;
    c->queues = xcalloc(setup->workers, sizeof *c->queues);
    c->handbacks = xcalloc(setup->workers, sizeof *c->handbacks);
    for (size_t i = 0; i < setup->workers; i++)
        c->queues[i] = queue_new(setup->queue_size);
    enum err err = c->wake_fd >= 0 ? open_ledger(c) : ERR_IO;
    if (err == ERR_OK)
        err = chores_start(c);
    if (err == ERR_OK)
        err = start_thread(c);
    if (err != ERR_OK)
        committer_free(c);
    else
        *out = c;
    return err;
}

enum err committer_push(struct committer *c, size_t w, struct job *job)
{
    if (!queue_push(c->queues[w], job)) {
        committer_unrecorded(c, job);
        return ERR_BUSY;
    }
    return ERR_OK;
}

void committer_wake(struct committer *c)
{
    if (atomic_load(&c->sleeping) && atomic_exchange(&c->sleeping, false))
        wake(c);
}

void committer_stop(struct committer *c)
{
    if (c == NULL)
        return;
    atomic_store(&c->stopping, true);
    wake(c);
    pthread_join(c->thread, NULL);
    committer_free(c);
}

bool committer_healthy(struct committer *c)
{
    if (atomic_load(&c->full))
        return false;
    for (size_t i = 0; i < c->n_queues; i++)
        if (queue_count(c->queues[i]) > queue_capacity(c->queues[i]) / 4 * 3)
            return false;
    return true;
}
