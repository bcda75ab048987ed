/* The memory of one thread's connections: exchanges in a pool no larger than lately needed, and a bound on what
 * strangers make us keep: requests that are not whole, bodies that wait for their answer, answers that are not read. */
#include <malloc.h>
#include <stddef.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "server/http/http_private.h"
#include "server/system/address.h"
#include "server/system/log.h"
#include "server/system/system.h"

enum { EXCHANGE_COST = 10000 };                         /* about, with its arena */
enum { UNANSWERED_AT_ONCE = 50, UNANSWERED_PER_S = 1 }; /* log lines */
enum { SHED_SAID_US = 10 * 1000000, TRIM_US = 5 * 1000000, TRIM_LEAST = 1 << 19 };

void http_loosens(struct http *h, size_t before, size_t now)
{
    size_t taken = now > before ? now - before : 0;
    h->loose += before > now ? before - now : 0;
    h->loose -= taken < h->loose ? taken : h->loose;
}

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
        http_loosens(h, 0, EXCHANGE_COST);
    }
    ex->rq.arena = arena;
    ex->rq.arrived_ms = clock_ms();
    ex->rq.arrived_us = clock_monotonic_us();
    if (++h->n_exchanges > h->peak_exchanges)
        h->peak_exchanges = h->n_exchanges;
    return ex;
}

void http_rooms(struct http_room room[HOLDINGS], size_t bytes, size_t threads)
{
    for (size_t i = 0; i < HOLDINGS; i++) {
        room[i].own = bytes / HOLDINGS / 4 / threads;
        room[i].most = bytes / HOLDINGS - room[i].own * threads;
    }
}

size_t http_account_most(const struct http *h, size_t wished)
{
    const struct http_room *room = &h->room[HELD_REQUESTS];
    size_t most = (room->own + room->most) / 2;
    return wished < most ? wished : most;
}

/* Of so many bytes of this thread what comes out of what is everybody's. */
static size_t shared(const struct http_room *room, size_t held)
{
    return held > room->own ? held - room->own : 0;
}

static void set_held(struct http *h, enum http_holding what, size_t held)
{
    const struct http_room *room = &h->room[what];
    size_t before = shared(room, h->held[what]), now = shared(room, held);
    h->held[what] = held;
    if (now != before)
        atomic_fetch_add_explicit(&h->all->n[what], now - before, memory_order_relaxed); /* also down, by its wrap */
}

void http_change_room(struct http *h, enum http_holding what, struct http_room room)
{
    size_t before = shared(&h->room[what], h->held[what]), now = shared(&room, h->held[what]);
    h->room[what] = room;
    if (now != before)
        atomic_fetch_add_explicit(&h->all->n[what], now - before, memory_order_relaxed);
}

static size_t all_hold(const struct http *h, enum http_holding what)
{
    return atomic_load_explicit(&h->all->n[what], memory_order_relaxed);
}

/* ---- whose bytes they are ---- */

static void account(struct http *h, const unsigned place[ACCOUNTS], size_t before, size_t now)
{
    for (size_t i = 0; i < ACCOUNTS; i++)
        if (place[i] != 0)
            h->account[i][place[i]] += now - before; /* also down, by its wrap */
}

static size_t under_way(const struct conn *c)
{
    return c->held[HELD_REQUESTS] + c->held[HELD_ANSWERS];
}

static unsigned place_of(const struct http *h, uint64_t key)
{
    return 1 + (unsigned)(scatter(key, h->seed) % (ACCOUNT_PLACES - 1));
}

size_t http_account(struct http *h, struct request *rq, enum http_account of, uint64_t key)
{
    struct exchange *ex = (struct exchange *)(void *)((char *)rq - offsetof(struct exchange, rq));
    struct conn *c = ex->conn;
    unsigned place = key != 0 ? place_of(h, key) : 0;
    account(h, ex->account, ex->held, 0);
    ex->account[of] = place;
    account(h, ex->account, 0, ex->held);
    if (c != NULL) {
        account(h, c->account, under_way(c), 0);
        c->account[of] = place;
        account(h, c->account, 0, under_way(c));
    }
    return place != 0 ? h->account[of][place] - ex->held - (c != NULL ? under_way(c) : 0) : 0;
}

size_t http_announced(struct request *rq, size_t most)
{
    struct exchange *ex = (struct exchange *)(void *)((char *)rq - offsetof(struct exchange, rq));
    struct conn *c = ex->conn;
    if (c->chunked && c->body_limit > most)
        c->body_limit = most;
    return c->body_len;
}

void exchange_begin(struct http *h, struct exchange *ex)
{
    h->app->begin(h->ctx, &ex->rq);
    set_held(h, HELD_REQUESTS, h->held[HELD_REQUESTS] + ex->held);
    ex->begun = true;
}

void exchange_free(struct http *h, struct exchange *ex)
{
    if (ex->begun) {
        h->app->finish(h->ctx, &ex->rq);
        set_held(h, HELD_REQUESTS, h->held[HELD_REQUESTS] - ex->held);
        account(h, ex->account, ex->held, 0);
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
        http_loosens(h, EXCHANGE_COST, 0);
    }
}

/* It goes through all that the process holds, some 20 ms of 100 MiB: not for what comes and goes all the time. */
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

/* ---- whom the bound costs its connection ---- */

/* Past it, by more than a request that is on its way to its 503. */
static bool is_over(const struct http *h, enum http_holding what)
{
    const struct http_room *room = &h->room[what];
    return shared(room, h->held[what]) > 0 && all_hold(h, what) > room->most + SCRATCH;
}

/* Who waits for an answer, or takes one, is not told of another. */
static void shed(struct http *h, enum http_holding what, struct conn *c)
{
    h->n_shed[what]++;
    if (c->state == CONN_HEAD || c->state == CONN_BODY)
        conn_shed(c);
    else
        conn_abandon(c);
}

/* Whose unfinished requests are most bytes. */
static unsigned largest_owner(const struct http *h, const struct conn *but_for)
{
    size_t most = 0;
    unsigned out = 0;
    for (unsigned i = 0; i < ACCOUNT_PLACES; i++) {
        size_t held = h->parts_held[i];
        if (but_for != NULL && but_for->owner == i)
            held -= but_for->held[HELD_REQUESTS];
        if (held > most) {
            most = held;
            out = i;
        }
    }
    return out;
}

/* Of requests that are not finished, those of whoever has most of them: who began longest ago, so that one which comes
 * in two pieces is finished before its time comes, however many stand still; and of a few of these the biggest, as a
 * small one makes no room. */
static struct conn *unfinished(struct http *h, const struct conn *but_for)
{
    enum { LOOKS = 16 };
    struct conn *c, *out = NULL;
    int looks = 0;
    TAILQ_FOREACH(c, &h->parts[largest_owner(h, but_for)], part)
    {
        if (looks++ == LOOKS)
            break;
        if (c != but_for && (out == NULL || c->held[HELD_REQUESTS] > out->held[HELD_REQUESTS]))
            out = c;
    }
    return out;
}

static void shed_requests(struct http *h)
{
    struct conn *c;
    while (is_over(h, HELD_REQUESTS) && (c = unfinished(h, NULL)) != NULL)
        shed(h, HELD_REQUESTS, c);
}

static struct conn_list *class_of(struct http *h, size_t held)
{
    return &h->unread[63 - __builtin_clzll(held)];
}

static struct conn *biggest(struct http *h)
{
    for (size_t i = HELD_CLASSES; i-- > 0;)
        if (!TAILQ_EMPTY(&h->unread[i]))
            return TAILQ_FIRST(&h->unread[i]);
    return NULL;
}

/* One answer may be as large as it is, while the others leave it half of the room. */
static bool crowds(struct http *h)
{
    const struct http_room *room = &h->room[HELD_ANSWERS];
    const struct conn *c = biggest(h);
    size_t all = all_hold(h, HELD_ANSWERS), ours = shared(room, h->held[HELD_ANSWERS]);
    size_t most = c != NULL ? c->held[HELD_ANSWERS] : 0;
    return all - (most < ours ? most : ours) > room->most / 2;
}

/* Who takes his answer slowest goes; the newest one, whose pace nobody knows, when it is alone. */
static void shed_answers(struct http *h, struct conn *newest)
{
    while (is_over(h, HELD_ANSWERS) && crowds(h)) {
        struct conn *c = conn_slowest(&h->door[0], newest);
        if (c == NULL)
            c = conn_slowest(&h->door[1], newest);
        shed(h, HELD_ANSWERS, c != NULL ? c : newest);
        if (c == NULL)
            return;
    }
}

void conn_begins(struct conn *c)
{
    if (c->held[HELD_REQUESTS] == 0)
        return;
    TAILQ_REMOVE(&c->http->parts[c->owner], c, part);
    TAILQ_INSERT_TAIL(&c->http->parts[c->owner], c, part);
}

void conn_own(struct conn *c, const char *ip)
{
    struct http *h = c->http;
    address a;
    size_t held = c->held[HELD_REQUESTS];
    if (held > 0)
        TAILQ_REMOVE(&h->parts[c->owner], c, part);
    h->parts_held[c->owner] -= held;
    c->owner = address_read(span_str(ip), &a) ? place_of(h, address_subscriber(a)) : 0;
    h->parts_held[c->owner] += held;
    if (held > 0)
        TAILQ_INSERT_TAIL(&h->parts[c->owner], c, part);
}

/* Others of its account have so much under way that no more of its body is read: of a stranger's address no more than
 * this thread may hold whatever the others do. */
static bool is_crowded(const struct conn *c)
{
    const struct http *h = c->http;
    size_t most = c->account[ACCOUNT_PARTY] != 0 ? h->account_most : h->room[HELD_REQUESTS].own;
    for (size_t i = 0; i < ACCOUNTS && c->state == CONN_BODY; i++)
        if (c->account[i] != 0 && h->account[i][c->account[i]] - under_way(c) > most)
            return true;
    return false;
}

/* True for more than before. */
static bool note_held(struct conn *c, enum http_holding what, size_t now)
{
    struct http *h = c->http;
    size_t before = c->held[what];
    c->held[what] = now;
    account(h, c->account, before, now);
    if (what == HELD_REQUESTS)
        h->parts_held[c->owner] += now - before; /* also down, by its wrap */
    set_held(h, what, h->held[what] - before + now);
    http_loosens(h, before, now);
    return now > before;
}

/* Whoever has most connections makes room, as where there are too many of them. */
static void hold_tls(struct conn *c)
{
    struct http *h = c->http;
    size_t now = c->tls != NULL ? tls_stream_held(c->tls) : 0, before = c->tls_held;
    struct conn *out;
    h->tls_held += now - before; /* also down, by its wrap */
    c->tls_held = now;
    http_loosens(h, before, now);
    while (now > before && h->tls_held > h->tls_most && (out = conn_to_yield(&h->door[DOOR_MAIN], false)) != NULL) {
        h->n_tls_shed++;
        conn_close(out);
    }
}

void conn_hold(struct conn *c)
{
    struct http *h = c->http;
    if (c->tls != NULL || c->tls_held > 0)
        hold_tls(c);
    size_t part = c->held[HELD_REQUESTS], unread = c->held[HELD_ANSWERS];
    if (part == 0 && c->in.cap > 0)
        TAILQ_INSERT_TAIL(&h->parts[c->owner], c, part);
    else if (part > 0 && c->in.cap == 0)
        TAILQ_REMOVE(&h->parts[c->owner], c, part);
    if (unread > 0)
        TAILQ_REMOVE(class_of(h, unread), c, unread);
    if (c->unsent.len > 0)
        TAILQ_INSERT_TAIL(class_of(h, c->unsent.len), c, unread);
    bool more_requests = note_held(c, HELD_REQUESTS, c->in.cap);
    if (note_held(c, HELD_ANSWERS, c->unsent.len))
        shed_answers(h, c);
    if (more_requests && is_crowded(c))
        shed(h, HELD_REQUESTS, c);
    if (more_requests)
        shed_requests(h);
}

bool conn_may_hold(struct conn *c, size_t len)
{
    struct http *h = c->http;
    const struct http_room *room = &h->room[HELD_REQUESTS];
    for (struct conn *other;; shed(h, HELD_REQUESTS, other)) {
        size_t ours = h->held[HELD_REQUESTS], then = ours - c->held[HELD_REQUESTS] + len;
        size_t all = all_hold(h, HELD_REQUESTS);
        if (all - shared(room, ours) + shared(room, then) <= room->most || shared(room, then) == 0)
            return true;
        if ((other = unfinished(h, c)) == NULL)
            return false;
    }
}

void http_say_shed(struct http *h, int64_t now_us)
{
    static const char *const whose[] = {
        [HELD_REQUESTS] = "of whoever had most of them", [HELD_ANSWERS] = "that took their answers slowest"};
    static const char *const what[] = {[HELD_REQUESTS] = "unfinished requests", [HELD_ANSWERS] = "unread answers"};
    if ((h->n_shed[HELD_REQUESTS] == 0 && h->n_shed[HELD_ANSWERS] == 0 && h->n_tls_shed == 0) ||
        now_us - h->shed_said_us < SHED_SAID_US)
        return;
    if (h->n_tls_shed > 0)
        log_line(LOG_WARN, 0, "connections_shed",
                 "closed %zu connections, of whoever had most of them: of TLS one worker may hold %zu KiB",
                 h->n_tls_shed, h->tls_most >> 10);
    h->n_tls_shed = 0;
    for (size_t i = 0; i < HOLDINGS; i++) {
        const struct http_room *room = &h->room[i];
        if (h->n_shed[i] > 0)
            log_line(
                LOG_WARN, 0, "connections_shed",
                "closed the %zu connections %s: of %s one worker may hold %zu KiB, and %zu KiB of these are shared "
                "by all (half of max_held_mib is for them)",
                h->n_shed[i], whose[i], what[i], (room->most + room->own) >> 10, room->most >> 10);
        h->n_shed[i] = 0;
    }
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
