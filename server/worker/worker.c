/* A worker thread: its contexts, and the hand-over of finished jobs. */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "server/http/http.h"
#include "server/keys/day_keys.h"
#include "server/system/arena.h"
#include "server/system/log.h"

enum { BATCH_FULL = 128 }; /* jobs that are worth a commit of their own before the turn ends */

static void *run(void *arg)
{
    struct worker *w = arg;
    pthread_setname_np(pthread_self(), "worker");
    http_run(w->http);
    return NULL;
}

static void wake(struct worker *w)
{
    uint64_t one = 1;
    if (write(w->wake_fd, &one, sizeof one) != sizeof one &&
        errno != EAGAIN) /* EAGAIN: the counter is high, so it will wake */
        abort();
}

enum err worker_start(struct shared *sh, size_t number, struct worker **out)
{
    struct worker *w = xcalloc(1, sizeof *w);
    w->shared = sh;
    w->number = number;
    w->tokens = keys_new_tokens(sh->instance.keys);
    w->codes = code_cache_new();
    w->statement_signer = keys_new_statement_signer(sh->instance.keys);
    w->sealer = instance_sealer(&sh->instance);
    w->counters = metrics_thread(sh->metrics, number);
    w->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (w->wake_fd < 0)
        die("cannot make an eventfd: %s", strerror(errno));
    w->http = http_new(w);
    int e = pthread_create(&w->thread, NULL, run, w);
    if (e != 0)
        die("cannot start a thread: %s", strerror(e));
    *out = w;
    return ERR_OK;
}

void worker_stop(struct worker *w)
{
    atomic_store(&w->stopping, true);
    wake(w);
    pthread_join(w->thread, NULL);
    http_free(w->http);
    if (w->reader != NULL)
        txn_abort(w->reader);
    sealer_free(w->sealer);
    signer_free(w->statement_signer);
    code_cache_free(w->codes);
    tokens_free(w->tokens);
    close(w->wake_fd);
    free(w);
}

void worker_done(struct worker *w, struct job *jobs)
{
    struct job *reversed = NULL; /* newest first all through: the worker turns the whole once */
    for (struct job *j = jobs; j != NULL;) {
        struct job *next = j->next;
        j->next = reversed;
        reversed = j;
        j = next;
    }
    struct job *head = atomic_load_explicit(&w->finished, memory_order_relaxed);
    do
        jobs->next = head; /* the first of the batch is now the last of the list */
    while (!atomic_compare_exchange_weak_explicit(&w->finished, &head, reversed, memory_order_release,
                                                  memory_order_relaxed));
    if (head == NULL)
        wake(w); /* otherwise a wake-up is on its way already */
}

enum err worker_reader(struct worker *w, struct txn **out)
{
    if (!w->reading) {
        enum err err =
            w->reader != NULL ? txn_renew(w->reader) : txn_begin(w->shared->instance.store, false, &w->reader);
        if (err != ERR_OK)
            return err;
        w->reading = true;
    }
    *out = w->reader;
    return ERR_OK;
}

void worker_reader_end(struct worker *w)
{
    if (w->reading)
        txn_reset(w->reader);
    w->reading = false;
}

struct job *job_new(struct request *rq, enum job_kind kind)
{
    struct job *job = arena_alloc(rq->arena, sizeof *job);
    memset(job, 0, sizeof *job);
    job->worker = rq->worker;
    job->exchange = (struct exchange *)(void *)((char *)rq - offsetof(struct exchange, rq));
    job->arena = rq->arena;
    job->kind = kind;
    job->now_ms = rq->arrived_ms;
    return job;
}

enum err job_submit(struct request *rq, struct job *job)
{
    struct worker *w = rq->worker;
    enum err err = committer_push(w->shared->committer, w->number, job);
    if (err != ERR_OK)
        return err;
    if (w->pushed++ == 0 && w->http != NULL)
        http_turn(w->http);
    if (w->pushed == BATCH_FULL || w->http == NULL) /* without an event loop each request is a turn */
        worker_turn_ends(w);
    return ERR_PENDING;
}

void worker_turn_ends(struct worker *w)
{
    if (w->pushed > 0)
        committer_wake(w->shared->committer);
    w->pushed = 0;
}
