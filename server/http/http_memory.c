/* The memory of one thread's connections: exchanges in a pool no larger than lately needed, and a bound on what
 * strangers make us keep: requests that are not whole, bodies that wait for their answer, answers that are not read. */
#include <malloc.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "server/http/http_private.h"
#include "server/system/log.h"
#include "server/system/system.h"

enum { EXCHANGE_COST = 10000 };                         /* about, with its arena */
enum { UNANSWERED_AT_ONCE = 50, UNANSWERED_PER_S = 1 }; /* log lines */
enum { SHED_SAID_US = 10 * 1000000, TRIM_US = 5 * 1000000, TRIM_LEAST = 4 << 20 };

struct exchange *exchange_new(struct http *h)
{
    struct exchange *ex = h->pool;
    struct arena *arena;
    if (ex != NULL) {
        h->pool = ex->next;
        h->n_pool--;
        arena = ex->rq.arena;
        memset(ex, 0, sizeof *ex);
    } else {
        ex = xcalloc(1, sizeof *ex);
        arena = arena_new();
    }
    ex->rq.arena = arena;
    ex->rq.arrived_ms = clock_ms();
    ex->rq.arrived_us = clock_monotonic_us();
    if (++h->n_exchanges > h->peak_exchanges)
        h->peak_exchanges = h->n_exchanges;
    return ex;
}

void http_held_open(struct http_held *held, size_t bytes, size_t threads)
{
    held->own = bytes / 4 / threads;
    held->most = bytes - held->own * threads;
    atomic_init(&held->n, 0);
}

/* Of so many bytes of this thread what comes out of what is everybody's. */
static size_t shared(const struct http *h, size_t held)
{
    return held > h->all->own ? held - h->all->own : 0;
}

static void set_held(struct http *h, size_t held)
{
    size_t before = shared(h, h->held), now = shared(h, held);
    h->held = held;
    if (now != before)
        atomic_fetch_add_explicit(&h->all->n, now - before, memory_order_relaxed); /* also down, by its wrap */
}

void exchange_begin(struct http *h, struct exchange *ex)
{
    h->app->begin(h->ctx, &ex->rq);
    set_held(h, h->held + ex->held);
    ex->begun = true;
}

void exchange_free(struct http *h, struct exchange *ex)
{
    if (ex->begun) {
        h->app->finish(h->ctx, &ex->rq);
        set_held(h, h->held - ex->held);
    }
    free(ex->reply.heap);
    ex->reply.heap = NULL;
    arena_reset(ex->rq.arena);
    ex->next = h->pool;
    h->pool = ex;
    h->n_pool++;
    h->n_exchanges--;
}

static void shrink_pool(struct http *h, size_t keep)
{
    while (h->n_pool > keep) {
        struct exchange *ex = h->pool;
        h->pool = ex->next;
        h->n_pool--;
        arena_free(ex->rq.arena);
        free(ex);
        h->loose += EXCHANGE_COST;
    }
}

void http_trim(struct http *h, int64_t now_us)
{
    shrink_pool(h, h->peak_exchanges - h->n_exchanges);
    h->peak_exchanges = h->n_exchanges;
    if (h->loose < TRIM_LEAST || now_us - h->trimmed_us < TRIM_US)
        return;
    malloc_trim(0);
    h->loose = 0;
    h->trimmed_us = now_us;
}

void http_free_pool(struct http *h)
{
    shrink_pool(h, 0);
}

static struct conn_list *holders_of(struct http *h, size_t held)
{
    return &h->holders[63 - __builtin_clzll(held)];
}

static struct conn *biggest(struct http *h)
{
    for (size_t i = HELD_CLASSES; i-- > 0;)
        if (!TAILQ_EMPTY(&h->holders[i]))
            return TAILQ_FIRST(&h->holders[i]);
    return NULL;
}

/* Past the bound, by more than a request that is on its way to its 503. One answer may be as large as it is, while the
 * others leave it half of the room. */
static bool must_go(const struct http *h, const struct conn *c)
{
    size_t ours = shared(h, h->held), all = atomic_load_explicit(&h->all->n, memory_order_relaxed);
    size_t rest = all - (c->held < ours ? c->held : ours);
    return ours > 0 && all > h->all->most + SCRATCH && rest > h->all->most / 2;
}

static void shed(struct http *h)
{
    struct conn *c;
    while ((c = biggest(h)) != NULL && must_go(h, c)) {
        h->n_shed++;
        conn_abandon(c);
    }
}

void conn_hold(struct conn *c)
{
    struct http *h = c->http;
    size_t before = c->held;
    if (before > 0)
        TAILQ_REMOVE(holders_of(h, before), c, holder);
    c->held = c->in.cap + c->unsent.len;
    set_held(h, h->held - before + c->held);
    if (c->held > 0)
        TAILQ_INSERT_TAIL(holders_of(h, c->held), c, holder);
    if (c->held > before)
        shed(h);
    else
        h->loose += before - c->held;
}

bool conn_may_hold(const struct conn *c, size_t len)
{
    const struct http *h = c->http;
    size_t all = atomic_load_explicit(&h->all->n, memory_order_relaxed);
    return all - shared(h, h->held) + shared(h, h->held - c->held + len) <= h->all->most;
}

void http_say_shed(struct http *h, int64_t now_us)
{
    if (h->n_shed == 0 || now_us - h->shed_said_us < SHED_SAID_US)
        return;
    log_line(LOG_WARN, 0, "connections_shed",
             "closed the %zu connections that held most of unfinished requests and unread answers: all may hold %zu "
             "MiB together (max_held_mib)",
             h->n_shed, (h->all->most + h->all->own) >> 20);
    h->n_shed = 0;
    h->shed_said_us = now_us;
}

void http_say_unanswered(struct http *h, uint64_t request_id)
{
    struct allowance *a = &h->unanswered;
    if (!allowance_take(a, UNANSWERED_AT_ONCE, UNANSWERED_PER_S, clock_monotonic_us()))
        return;
    log_line(LOG_WARN, request_id, "unanswered",
             "no answer for %lld s: closed its connection (%llu lines were withheld)",
             (long long)(OVERDUE_MAX * h->patience_us / 1000000), (unsigned long long)a->withheld);
    a->withheld = 0;
}
