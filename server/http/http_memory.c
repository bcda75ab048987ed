/* The memory of one thread's connections: exchanges in a pool no larger than lately needed, and a bound on what
 * strangers make us keep: requests that are not whole, bodies that wait for their answer, answers that are not read. */
#include <malloc.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "server/http/http_private.h"
#include "server/system/log.h"
#include "server/system/system.h"

enum { EXCHANGE_COST = 10000 }; /* about, with its arena */
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

void exchange_begin(struct http *h, struct exchange *ex)
{
    h->app->begin(h->ctx, &ex->rq);
    h->held += ex->held;
    ex->begun = true;
}

void exchange_free(struct http *h, struct exchange *ex)
{
    if (ex->begun) {
        h->app->finish(h->ctx, &ex->rq);
        h->held -= ex->held;
    }
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

/* Of what is held the biggest piece does not count: one answer may be as large as it is. */
static void shed(struct http *h)
{
    struct conn *c;
    while (h->held > h->max_held && (c = biggest(h)) != NULL && h->held - c->held > h->max_held) {
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
    h->held = h->held - before + c->held;
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
    return h->held - c->held + len <= h->max_held;
}

void http_say_shed(struct http *h, int64_t now_us)
{
    if (h->n_shed == 0 || now_us - h->shed_said_us < SHED_SAID_US)
        return;
    log_line(LOG_WARN, 0, "connections_shed",
             "closed the %zu connections that held most of unfinished requests and unread answers: all may hold %zu "
             "MiB together (max_held_mib)",
             h->n_shed, h->max_held >> 20);
    h->n_shed = 0;
    h->shed_said_us = now_us;
}
