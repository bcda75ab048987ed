#include "server/cmd/ahead.h"
#include "server/system/bounds.h"

#include <assert.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>

#include "common/base/mem.h"

/* Pieces of one walk at once: as many as keep both threads busy while one of them waits for the disk. */
enum { ROOM = 6, WALKS = 3 };

struct walk {
    struct ahead_thread *thread;
    uint64_t n, next, taken; /* pieces; those before `next` were begun; the one that its owner looks at */
    void (*make)(void *arg, uint64_t piece);
    void *arg;
    bool made[ROOM]; /* of the pieces from `taken` to `next` */
};

struct ahead_thread {
    pthread_mutex_t lock; /* of all below */
    pthread_cond_t work, made;
    pthread_t thread;
    bool running, stop;
    struct walk *walk[WALKS]; /* NULL: none */
};

static bool may_begin(const struct walk *w)
{
    return w->next < w->n && w->next < w->taken + ROOM;
}

/* Makes the next piece, without the lock meanwhile. */
static void make_next(struct walk *w)
{
    struct ahead_thread *t = w->thread;
    uint64_t piece = w->next++;
    w->made[piece % ROOM] = false;
    pthread_mutex_unlock(&t->lock);
    w->make(w->arg, piece);
    pthread_mutex_lock(&t->lock);
    w->made[piece % ROOM] = true;
    pthread_cond_signal(&t->made);
}

/* The walk that fewest pieces stand ready for. */
static struct walk *find_work(const struct ahead_thread *t)
{
    struct walk *found = NULL;
    for (int i = 0; i < WALKS; i++) {
        struct walk *w = t->walk[i];
        if (w != NULL && may_begin(w) && (found == NULL || w->next - w->taken < found->next - found->taken))
            found = w;
    }
    return found;
}

static void *run(void *arg)
{
    struct ahead_thread *t = arg;
    pthread_mutex_lock(&t->lock);
    while (!t->stop) {
        struct walk *w = find_work(t);
        if (w != NULL)
            make_next(w);
        else
            pthread_cond_wait(&t->work, &t->lock);
    }
    pthread_mutex_unlock(&t->lock);
    return NULL;
}

static bool start_thread(struct ahead_thread *t)
{
    pthread_attr_t attr;
    sigset_t all, before;
    if (pthread_attr_init(&attr) != 0)
        return false;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before); /* signals are the process's first thread's */
    bool runs = pthread_attr_setstacksize(&attr, THREAD_STACK) == 0 && pthread_create(&t->thread, &attr, run, t) == 0;
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attr);
    return runs;
}

struct ahead_thread *ahead_start(bool thread)
{
    struct ahead_thread *t = xcalloc(1, sizeof *t);
    pthread_mutex_init(&t->lock, NULL);
    pthread_cond_init(&t->work, NULL);
    pthread_cond_init(&t->made, NULL);
    t->running = thread && start_thread(t);
    return t;
}

void ahead_stop(struct ahead_thread *t)
{
    if (t == NULL)
        return;
    pthread_mutex_lock(&t->lock);
    t->stop = true;
    pthread_cond_signal(&t->work);
    pthread_mutex_unlock(&t->lock);
    if (t->running)
        pthread_join(t->thread, NULL);
    pthread_cond_destroy(&t->made);
    pthread_cond_destroy(&t->work);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

static void *walk_open(void *ctx, uint64_t n, void (*make)(void *arg, uint64_t piece), void *arg)
{
    struct ahead_thread *t = ctx;
    struct walk *w = xcalloc(1, sizeof *w);
    int i = 0;
    *w = (struct walk){.thread = t, .n = n, .make = make, .arg = arg};
    pthread_mutex_lock(&t->lock);
    while (i < WALKS && t->walk[i] != NULL)
        i++;
    assert(i < WALKS);
    t->walk[i] = w;
    pthread_cond_signal(&t->work);
    pthread_mutex_unlock(&t->lock);
    return w;
}

static void walk_take(void *walk, uint64_t piece)
{
    struct walk *w = walk;
    struct ahead_thread *t = w->thread;
    pthread_mutex_lock(&t->lock);
    assert(piece < w->n && piece >= w->taken && piece <= w->next);
    w->taken = piece;
    pthread_cond_signal(&t->work);
    while (piece >= w->next || !w->made[piece % ROOM]) {
        if (may_begin(w))
            make_next(w);
        else
            pthread_cond_wait(&t->made, &t->lock);
    }
    pthread_mutex_unlock(&t->lock);
}

static bool all_made(const struct walk *w)
{
    for (uint64_t piece = w->taken; piece < w->next; piece++)
        if (!w->made[piece % ROOM])
            return false;
    return true;
}

static void walk_close(void *walk)
{
    struct walk *w = walk;
    struct ahead_thread *t = w->thread;
    pthread_mutex_lock(&t->lock);
    w->n = w->next; /* nothing more is begun */
    while (!all_made(w))
        pthread_cond_wait(&t->made, &t->lock);
    for (int i = 0; i < WALKS; i++)
        if (t->walk[i] == w)
            t->walk[i] = NULL;
    pthread_mutex_unlock(&t->lock);
    free(w);
}

struct ahead ahead_of(struct ahead_thread *t)
{
    return (struct ahead){
        .room = t->running ? ROOM : 1, .open = walk_open, .take = walk_take, .close = walk_close, .ctx = t};
}

bool ahead_pays(void)
{
    cpu_set_t set;
    return sched_getaffinity(0, sizeof set, &set) != 0 || CPU_COUNT(&set) > 1;
}
