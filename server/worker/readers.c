#include "server/worker/readers.h"

#include <stdlib.h>
#include <sys/queue.h>

#include "common/base/mem.h"
#include "server/system/log.h"
#include "server/system/system.h"
#include "server/worker/dispatch.h"

enum { CALLERS = 256 };

/* One request on its way; in its arena. */
struct reading {
    struct request *rq;
    struct reply *reply;
    struct worker *owner;
    struct caller *caller; /* while it waits, and while a thread has it */
    bool waits;
    enum err err;
    TAILQ_ENTRY(reading) next;
};

TAILQ_HEAD(readings, reading);

/* Those of one party, or of one address and kind; a few may share a place. In the ring while something waits. */
struct caller {
    struct readings waiting;
    size_t n, running;
    TAILQ_ENTRY(caller) next;
};

struct thread {
    struct readers *readers;
    struct worker contexts;
    pthread_t id;
};

struct readers {
    pthread_mutex_t lock; /* all below */
    pthread_cond_t come;
    struct caller party[CALLERS], stranger[CALLERS];
    TAILQ_HEAD(, caller) ring; /* whose turn is next */
    struct readings *back;     /* by worker */
    size_t n_waiting;
    bool long_runs, stopping;
    struct thread *threads; /* from here on fixed */
    size_t n_threads, n_workers;
};

/* ---- turns ---- */

static struct caller *caller_of(struct readers *r, const struct request *rq)
{
    const struct span parts[] = {span_str(rq->ip), span_str(rq->route->pattern), rq->queue};
    uint32_t place = 2166136261; /* FNV-1a */
    if (rq->caller != NULL)
        return &r->party[rq->caller->number % CALLERS];
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        for (size_t k = 0; k < parts[i].len; k++)
            place = (place ^ (uint8_t)parts[i].ptr[k]) * 16777619;
    return &r->stranger[place % CALLERS];
}

static void remove_waiting(struct readers *r, struct reading *one)
{
    struct caller *c = one->caller;
    TAILQ_REMOVE(&c->waiting, one, next);
    one->waits = false;
    if (--c->n == 0)
        TAILQ_REMOVE(&r->ring, c, next);
    r->n_waiting--;
}

static bool is_long(const struct reading *one)
{
    return !one->rq->goes_on && (one->rq->lasts || one->rq->route->roles & ROUTE_LONG);
}

/* One thread is for the others, of whoever has all others; if there is one alone they take turns. */
static bool may_begin(const struct readers *r, const struct caller *c)
{
    bool has_its_share = r->n_threads > 1 && c->running + 1 >= r->n_threads;
    return r->stopping || !(has_its_share || (r->long_runs && is_long(TAILQ_FIRST(&c->waiting))));
}

/* NULL: none that may begin now. */
static struct reading *take(struct readers *r)
{
    struct caller *c = TAILQ_FIRST(&r->ring);
    while (c != NULL && !may_begin(r, c))
        c = TAILQ_NEXT(c, next);
    if (c == NULL)
        return NULL;
    struct reading *one = TAILQ_FIRST(&c->waiting);
    TAILQ_REMOVE(&r->ring, c, next);
    TAILQ_INSERT_TAIL(&r->ring, c, next);
    remove_waiting(r, one);
    return one;
}

/* Its worker is told outside of the lock: it goes first wherever it wakes, and would wait there for who holds it, and
 * all clicks behind it, until a reader has its turn again. */
static struct worker *hand_back(struct readers *r, struct reading *one, enum err err)
{
    struct worker *owner = one->owner;
    one->err = err;
    one->rq->worker = owner;
    TAILQ_INSERT_TAIL(&r->back[owner->number], one, next);
    return owner;
}

static void tell(const struct worker *owner)
{
    source_nudge(owner->server->source, owner->number);
}

static void *run(void *arg)
{
    struct thread *t = arg;
    struct readers *r = t->readers;
    thread_is("reader", THREAD_BEHIND);
    pthread_mutex_lock(&r->lock);
    while (!r->stopping) {
        struct reading *one = take(r);
        if (one == NULL) {
            pthread_cond_wait(&r->come, &r->lock);
            continue;
        }
        bool lasts = is_long(one);
        one->caller->running++;
        r->long_runs |= lasts;
        pthread_mutex_unlock(&r->lock);
        if (lasts)
            pthread_cond_signal(&r->come); /* what stood behind it */
        worker_follow(&t->contexts);
        enum err err = dispatch_read(&t->contexts, one->rq, one->reply);
        pthread_mutex_lock(&r->lock);
        one->caller->running--;
        r->long_runs &= !lasts;
        const struct worker *owner = hand_back(r, one, err);
        bool more = r->n_waiting > 0; /* that may begin only now */
        pthread_mutex_unlock(&r->lock);
        tell(owner);
        if (more)
            pthread_cond_signal(&r->come);
        pthread_mutex_lock(&r->lock);
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
    TAILQ_INIT(&r->ring);
    for (size_t i = 0; i < CALLERS; i++) {
        TAILQ_INIT(&r->party[i].waiting);
        TAILQ_INIT(&r->stranger[i].waiting);
    }
    r->n_workers = workers;
    r->back = xcalloc(workers, sizeof *r->back);
    for (size_t i = 0; i < workers; i++)
        TAILQ_INIT(&r->back[i]);
    r->n_threads = n;
    r->threads = xcalloc(n, sizeof *r->threads);
    for (size_t i = 0; i < n; i++) {
        struct thread *t = &r->threads[i];
        t->readers = r;
        worker_open(&t->contexts, sv, first + i);
        thread_start(&t->id, run, t);
    }
    return r;
}

void readers_stop(struct readers *r)
{
    pthread_mutex_lock(&r->lock);
    r->stopping = true;
    pthread_cond_broadcast(&r->come);
    while (r->n_waiting > 0)
        tell(hand_back(r, take(r), ERR_BUSY));
    for (size_t i = 0; i < r->n_threads; i++)
        atomic_store(&r->threads[i].contexts.stopping, true);
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

static const char busy[] = "too many reads wait: ask again";

/* Of all places one for c, by the newest of whoever has most. There are twice as many places as callers, so that one
 * with nothing waiting always gets it. */
static bool make_room(struct readers *r, const struct caller *c)
{
    _Static_assert(READS_IN_ALL >= 2 * 2 * CALLERS, "when all are taken somebody has two at least");
    struct caller *other, *most = NULL;
    TAILQ_FOREACH(other, &r->ring, next)
    if (most == NULL || other->n > most->n)
        most = other;
    if (most == NULL || most->n < c->n + 2)
        return false;
    struct reading *one = TAILQ_LAST(&most->waiting, readings);
    remove_waiting(r, one);
    problem(&one->rq->problem, ERR_BUSY, "", "%s", busy);
    tell(hand_back(r, one, ERR_BUSY)); /* by a worker, whom nobody keeps */
    return true;
}

static size_t long_of(const struct caller *c)
{
    const struct reading *one;
    size_t n = 0;
    TAILQ_FOREACH(one, &c->waiting, next)
    n += (one->rq->route->roles & ROUTE_LONG) != 0;
    return n;
}

static enum err may_wait(struct readers *r, const struct caller *c, struct request *rq)
{
    if (r->stopping)
        return problem(&rq->problem, ERR_BUSY, "", "this server is going down: ask again");
    if (rq->goes_on) /* it had its turn, and is one of few: those whose connection waits for it */
        return ERR_PENDING;
    if (c->n >= READS_OF_CALLER)
        return problem(&rq->problem, ERR_RATE, "", "%d of your reads wait already: wait for their answers",
                       READS_OF_CALLER);
    if (rq->route->roles & ROUTE_LONG && long_of(c) >= LONG_OF_CALLER)
        return problem(&rq->problem, ERR_RATE, "", "one like this waits already: wait for its answer");
    if (r->n_waiting >= READS_IN_ALL && !make_room(r, c))
        return problem(&rq->problem, ERR_BUSY, "", "%s", busy);
    return ERR_PENDING;
}

enum err readers_push(struct readers *r, struct worker *w, struct request *rq, struct reply *reply)
{
    pthread_mutex_lock(&r->lock);
    struct caller *c = caller_of(r, rq);
    enum err err = may_wait(r, c, rq);
    if (err == ERR_PENDING) {
        struct reading *one = rq->reading != NULL ? rq->reading : arena_alloc(rq->arena, sizeof *one);
        *one = (struct reading){.rq = rq, .reply = reply, .owner = w, .caller = c, .waits = true};
        rq->reading = one;
        TAILQ_INSERT_TAIL(&c->waiting, one, next);
        if (c->n++ == 0)
            TAILQ_INSERT_TAIL(&r->ring, c, next);
        r->n_waiting++;
    }
    pthread_mutex_unlock(&r->lock);
    if (err == ERR_PENDING)
        pthread_cond_signal(&r->come);
    return err;
}

bool readers_drop(struct readers *r, struct request *rq)
{
    if (rq->reading == NULL)
        return false;
    pthread_mutex_lock(&r->lock);
    bool waits = rq->reading->waits;
    if (waits)
        remove_waiting(r, rq->reading);
    pthread_mutex_unlock(&r->lock);
    return waits;
}

struct request *readers_finished(struct readers *r, const struct worker *w, enum err *err)
{
    pthread_mutex_lock(&r->lock);
    struct reading *one = TAILQ_FIRST(&r->back[w->number]);
    if (one != NULL) {
        TAILQ_REMOVE(&r->back[w->number], one, next);
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
