#include "server/worker/readers.h"

#include <stdlib.h>
#include <sys/queue.h>
#include <sys/resource.h>

#include "common/base/mem.h"
#include "server/system/log.h"
#include "server/system/system.h"
#include "server/worker/dispatch.h"

enum { CALLERS = 256, NICENESS = 10 };

/* One request on its way; in its arena. */
struct reading {
    struct request *rq;
    struct reply *reply;
    struct worker *owner;
    enum err err;
    STAILQ_ENTRY(reading) next;
};

STAILQ_HEAD(readings, reading);

/* Those of one party, or address; a few may share a place. In the ring while something waits. */
struct caller {
    struct readings waiting;
    size_t n;
    STAILQ_ENTRY(caller) next;
};

struct thread {
    struct readers *readers;
    struct worker contexts;
    pthread_t id;
};

struct readers {
    pthread_mutex_t lock; /* all below */
    pthread_cond_t come;
    struct caller caller[CALLERS];
    STAILQ_HEAD(, caller) ring; /* whose turn is next */
    struct readings *back;      /* by worker */
    size_t n_waiting;
    bool stopping;
    struct thread *threads; /* from here on fixed */
    size_t n_threads, n_workers;
};

/* ---- turns ---- */

static struct caller *caller_of(struct readers *r, const struct request *rq)
{
    uint32_t place = 2166136261; /* FNV-1a */
    if (rq->caller != NULL)
        return &r->caller[rq->caller->number % CALLERS];
    for (const char *p = rq->ip; *p; p++)
        place = (place ^ (uint8_t)*p) * 16777619;
    return &r->caller[place % CALLERS];
}

static struct reading *take(struct readers *r)
{
    struct caller *c = STAILQ_FIRST(&r->ring);
    struct reading *one = STAILQ_FIRST(&c->waiting);
    STAILQ_REMOVE_HEAD(&c->waiting, next);
    STAILQ_REMOVE_HEAD(&r->ring, next);
    if (--c->n > 0)
        STAILQ_INSERT_TAIL(&r->ring, c, next);
    r->n_waiting--;
    return one;
}

static void hand_back(struct readers *r, struct reading *one, enum err err)
{
    size_t w = one->owner->number;
    one->err = err;
    one->rq->worker = one->owner;
    STAILQ_INSERT_TAIL(&r->back[w], one, next);
    source_nudge(one->owner->server->source, w);
}

static void *run(void *arg)
{
    struct thread *t = arg;
    struct readers *r = t->readers;
    pthread_setname_np(pthread_self(), "reader");
    setpriority(PRIO_PROCESS, 0, NICENESS); /* of this thread alone; where it may not, all are equal */
    pthread_mutex_lock(&r->lock);
    while (!r->stopping) {
        if (STAILQ_EMPTY(&r->ring)) {
            pthread_cond_wait(&r->come, &r->lock);
            continue;
        }
        struct reading *one = take(r);
        pthread_mutex_unlock(&r->lock);
        enum err err = dispatch_read(&t->contexts, one->rq, one->reply);
        pthread_mutex_lock(&r->lock);
        hand_back(r, one, err);
    }
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

/* ---- life ---- */

struct readers *readers_new(struct server *sv, size_t n, size_t first, size_t workers)
{
    struct readers *r = xcalloc(1, sizeof *r);
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->come, NULL);
    STAILQ_INIT(&r->ring);
    for (size_t i = 0; i < CALLERS; i++)
        STAILQ_INIT(&r->caller[i].waiting);
    r->n_workers = workers;
    r->back = xcalloc(workers, sizeof *r->back);
    for (size_t i = 0; i < workers; i++)
        STAILQ_INIT(&r->back[i]);
    r->n_threads = n;
    r->threads = xcalloc(n, sizeof *r->threads);
    for (size_t i = 0; i < n; i++) {
        struct thread *t = &r->threads[i];
        t->readers = r;
        worker_open(&t->contexts, sv, first + i);
        int rc = pthread_create(&t->id, NULL, run, t);
        if (rc != 0)
            die("cannot start a thread: %s", strerror(rc));
    }
    return r;
}

void readers_stop(struct readers *r)
{
    pthread_mutex_lock(&r->lock);
    r->stopping = true;
    pthread_cond_broadcast(&r->come);
    while (r->n_waiting > 0)
        hand_back(r, take(r), ERR_BUSY);
    pthread_mutex_unlock(&r->lock);
    for (size_t i = 0; i < r->n_threads; i++)
        pthread_join(r->threads[i].id, NULL);
}

void readers_free(struct readers *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->n_threads; i++)
        worker_close(&r->threads[i].contexts);
    pthread_cond_destroy(&r->come);
    pthread_mutex_destroy(&r->lock);
    free(r->threads);
    free(r->back);
    free(r);
}

/* ---- a worker's side ---- */

static enum err may_wait(const struct readers *r, const struct caller *c, struct request *rq)
{
    if (r->stopping)
        return problem(&rq->problem, ERR_BUSY, "", "this server is going down: ask again");
    if (c->n >= READS_OF_CALLER)
        return problem(&rq->problem, ERR_RATE, "", "%d of your reads wait already: wait for their answers",
                       READS_OF_CALLER);
    if (r->n_waiting >= READS_IN_ALL)
        return problem(&rq->problem, ERR_BUSY, "", "too many reads wait: ask again");
    return ERR_PENDING;
}

enum err readers_push(struct readers *r, struct worker *w, struct request *rq, struct reply *reply)
{
    pthread_mutex_lock(&r->lock);
    struct caller *c = caller_of(r, rq);
    enum err err = may_wait(r, c, rq);
    if (err == ERR_PENDING) {
        struct reading *one = arena_alloc(rq->arena, sizeof *one);
        *one = (struct reading){.rq = rq, .reply = reply, .owner = w};
        STAILQ_INSERT_TAIL(&c->waiting, one, next);
        if (c->n++ == 0)
            STAILQ_INSERT_TAIL(&r->ring, c, next);
        r->n_waiting++;
        pthread_cond_signal(&r->come);
    }
    pthread_mutex_unlock(&r->lock);
    return err;
}

struct request *readers_finished(struct readers *r, const struct worker *w, enum err *err)
{
    pthread_mutex_lock(&r->lock);
    struct reading *one = STAILQ_FIRST(&r->back[w->number]);
    if (one != NULL) {
        STAILQ_REMOVE_HEAD(&r->back[w->number], next);
        *err = one->err;
    }
    pthread_mutex_unlock(&r->lock);
    return one != NULL ? one->rq : NULL;
}

size_t readers_waiting(struct readers *r)
{
    pthread_mutex_lock(&r->lock);
    size_t n = r->n_waiting;
    pthread_mutex_unlock(&r->lock);
    return n;
}
