#include "server/http/http.h"

#include <dlfcn.h>
#include <errno.h>
#include <event2/buffer.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "server/http/http_private.h"
#include "server/system/log.h"
#include "server/system/system.h"

enum { ACCEPT_PAUSE_MS = 100, TICK_MS = 250, STOP_S = 5 };

void http_require_libevent(void)
{
    if (dlsym(RTLD_DEFAULT, "evhttp_str_is_chunked_") == NULL)
        die("this libevent lacks the request smuggling fixes of 2026: upgrade the package libevent-extra-2.1-7 to "
            "2.1.12-stable-8+deb12u1 or later");
}

/* ---- exchanges ---- */

struct exchange *exchange_new(struct http *h)
{
    struct exchange *ex = h->pool;
    struct arena *arena;
    if (ex != NULL) {
        h->pool = ex->next;
        arena = ex->rq.arena;
        memset(ex, 0, sizeof *ex);
    } else {
        ex = xcalloc(1, sizeof *ex);
        arena = arena_new();
    }
    ex->rq.arena = arena;
    ex->rq.arrived_ms = clock_ms();
    ex->rq.arrived_us = clock_monotonic_us();
    h->app->begin(h->ctx, &ex->rq);
    h->n_exchanges++;
    return ex;
}

void exchange_free(struct http *h, struct exchange *ex)
{
    h->app->finish(h->ctx, &ex->rq);
    arena_reset(ex->rq.arena);
    ex->next = h->pool;
    h->pool = ex;
    h->n_exchanges--;
}

static struct exchange *exchange_of(struct request *rq)
{
    return (struct exchange *)(void *)((char *)rq - offsetof(struct exchange, rq));
}

struct reply *http_reply(struct request *rq)
{
    return &exchange_of(rq)->reply;
}

void http_answer(struct http *h, struct request *rq)
{
    struct exchange *ex = exchange_of(rq);
    if (ex->evreq != NULL)
        evhttp_send_exchange(ex);
    else if (ex->conn != NULL)
        conn_send_reply(ex->conn, ex);
    exchange_free(h, ex);
}

void exchange_dispatch(struct http *h, struct exchange *ex)
{
    if (h->app->dispatch(h->ctx, &ex->rq, &ex->reply))
        http_answer(h, &ex->rq);
    else
        event_active(h->turn_end, EV_TIMEOUT, 0);
}

/* ---- the loop's own events ---- */

static void stop_accepting(struct http *h)
{
    for (size_t i = 0; i < 2; i++) {
        struct lane *lane = &h->lane[i];
        if (lane->bound != NULL)
            evhttp_del_accept_socket(lane->evhttp, lane->bound);
        lane->bound = NULL;
        lane->listener = NULL;
    }
}

void http_stop(struct http *h)
{
    if (h->stopping)
        return;
    h->stopping = true;
    h->stop_at_us = clock_monotonic_us() + STOP_S * 1000000LL;
    stop_accepting(h);
    struct conn *c;
    TAILQ_FOREACH(c, &h->conns, link)
    conn_stop(c);
}

/* Down when nobody waits for an answer; after STOP_S also under those who do not read theirs, but never under the
 * committer. */
static void maybe_end(struct http *h)
{
    if (h->stopping && (h->n_conns == 0 || clock_monotonic_us() >= h->stop_at_us) && h->n_exchanges == 0)
        event_base_loopbreak(h->base);
}

/* Stands in the queue of active events behind all that were active when it was set off. */
static void on_turn_end(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    const struct http *h = arg;
    h->app->turn(h->ctx);
}

static void on_watched(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct http *h = arg;
    uint64_t count;
    ssize_t got = read(fd, &count, sizeof count); /* before the look: what comes after it is told again */
    (void)got;
    h->ready(h->ctx);
    maybe_end(h);
}

void http_watch(struct http *h, int fd, void (*ready)(void *ctx))
{
    h->ready = ready;
    h->watched = event_new(h->base, fd, EV_READ | EV_PERSIST, on_watched, h);
    if (h->watched == NULL || event_add(h->watched, NULL) < 0)
        abort();
}

static void on_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct http *h = arg;
    int64_t now_us = clock_monotonic_us();
    struct conn *c;
    while ((c = TAILQ_FIRST(&h->conns)) != NULL && c->deadline_us <= now_us)
        conn_expired(c);
    maybe_end(h);
}

/* ---- accepting ---- */

static void set_accepting(struct http *h, bool on)
{
    h->paused = !on;
    for (size_t i = 0; i < 2; i++)
        if (h->lane[i].listener != NULL && on)
            evconnlistener_enable(h->lane[i].listener);
        else if (h->lane[i].listener != NULL)
            evconnlistener_disable(h->lane[i].listener);
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct http *h = arg;
    if (!h->stopping && h->n_conns < h->max_conns)
        set_accepting(h, true);
}

static void pause_accepting(struct http *h)
{
    struct timeval pause = {0, ACCEPT_PAUSE_MS * 1000};
    set_accepting(h, false);
    event_add(h->resume_accept, &pause);
}

/* The listener's argument belongs to evhttp, so its error callback has no other way home. */
static _Thread_local struct http *this_thread;

/* Out of descriptors: without a pause the loop would spin on the listener. */
static void on_accept_error(struct evconnlistener *listener, void *evhttp)
{
    (void)listener;
    (void)evhttp;
    log_line(LOG_WARN, 0, "accept_failed", "%s; pausing %d ms", strerror(errno), ACCEPT_PAUSE_MS);
    pause_accepting(this_thread);
}

void http_room(struct http *h)
{
    struct timeval now = {0, 0};
    if (h->stopping)
        maybe_end(h);
    else if (h->paused && h->n_conns < h->max_conns)
        event_add(h->resume_accept, &now);
}

/* evhttp makes a connection by this callback: the place to count it. */
static struct bufferevent *on_accept(struct event_base *base, void *arg)
{
    struct lane *lane = arg;
    struct bufferevent *bev = conn_new(base, lane);
    if (lane->http->n_conns >= lane->http->max_conns)
        set_accepting(lane->http, false);
    return bev;
}

static int listen_on(const char *address)
{
    struct sockaddr_storage sa;
    int len = sizeof sa, on = 1;
    if (evutil_parse_sockaddr_port(address, (struct sockaddr *)&sa, &len) != 0)
        die("\"%s\" is not an address and port: write 127.0.0.1:8080 or [::1]:8080", address);
    int fd = socket(sa.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) < 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) < 0 ||
        bind(fd, (struct sockaddr *)&sa, (socklen_t)len) < 0 || listen(fd, SOMAXCONN) < 0)
        die("cannot listen on %s: %s", address, strerror(errno));
    return fd;
}

static void open_lane(struct http *h, struct lane *lane, const char *address, bool admin)
{
    lane->http = h;
    lane->admin = admin;
    lane->evhttp = evhttp_lane_new(lane);
    evhttp_set_bevcb(lane->evhttp, on_accept, lane);
    lane->listener =
        evconnlistener_new(h->base, NULL, NULL, LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, listen_on(address));
    if (lane->listener == NULL)
        abort();
    lane->bound = evhttp_bind_listener(lane->evhttp, lane->listener);
    evconnlistener_set_error_cb(lane->listener, on_accept_error);
}

/* ---- life ---- */

struct http *http_new(const struct http_setup *setup)
{
    struct http *h = xcalloc(1, sizeof *h);
    struct event_config *config = event_config_new();
    if (config == NULL ||
        event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK | EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST) < 0)
        abort();
    h->app = setup->app;
    h->ctx = setup->ctx;
    h->fast = setup->fast;
    h->proxies = setup->proxies;
    h->turns = setup->turns;
    h->max_conns = setup->max_connections;
    h->base = event_base_new_with_config(config);
    event_config_free(config);
    if (h->base == NULL)
        die("cannot make an event loop: %s", strerror(errno));
    TAILQ_INIT(&h->conns);
    h->patience_us = setup->request_timeout_s * 1000000;

    struct timeval tick = {0, TICK_MS * 1000};
    h->tick = event_new(h->base, -1, EV_PERSIST, on_tick, h);
    h->resume_accept = event_new(h->base, -1, 0, on_resume, h);
    h->turn_end = event_new(h->base, -1, 0, on_turn_end, h);
    if (h->turn_end == NULL || h->tick == NULL || h->resume_accept == NULL || event_add(h->tick, &tick) < 0)
        abort();
    open_lane(h, &h->lane[0], setup->listen, false);
    if (setup->admin_listen != NULL)
        open_lane(h, &h->lane[1], setup->admin_listen, true);
    return h;
}

void http_run(struct http *h)
{
    this_thread = h;
    int rc;
    do {
        rc = event_base_loop(h->base, EVLOOP_ONCE);
        atomic_fetch_add_explicit(h->turns, 1, memory_order_relaxed);
    } while (rc == 0 && !event_base_got_break(h->base));
}

void http_free(struct http *h)
{
    if (h == NULL)
        return;
    for (size_t i = 0; i < 2; i++)
        if (h->lane[i].evhttp != NULL)
            evhttp_free(h->lane[i].evhttp); /* closes what is still open */
    if (h->watched != NULL)
        event_free(h->watched);
    event_free(h->tick);
    event_free(h->resume_accept);
    event_free(h->turn_end);
    for (int i = 0; i < 3; i++) /* bufferevents let go of themselves in deferred callbacks, one after the other */
        event_base_loop(h->base, EVLOOP_NONBLOCK);
    event_base_free(h->base);
    while (h->pool != NULL) {
        struct exchange *ex = h->pool;
        h->pool = ex->next;
        arena_free(ex->rq.arena);
        free(ex);
    }
    free(h->by_fd);
    free(h);
}
