#include "server/http/http.h"

#include <errno.h>
#include <event2/util.h>
#include <malloc.h>
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

enum {
    ACCEPT_PAUSE_MS = 100,
    ACCEPTS_A_TURN = 64,
    TICK_MS = 250,
    STOP_S = 5,
    BODIES_S = 2, /* of these, for the rest of bodies */
    TURNS_US = 2000,
    HELLOS_US = 1000,
    HELLOS_SAVED_S = 10,
    LARGE = 256 << 10
};

void http_use_mem(void)
{
    event_set_mem_functions(xmalloc, xrealloc, free);
    mallopt(M_MMAP_THRESHOLD, LARGE); /* else it grows with what was freed, and what is freed stays */
}

/* ---- exchanges ---- */

static struct exchange *exchange_of(struct request *rq)
{
    return (struct exchange *)(void *)((char *)rq - offsetof(struct exchange, rq));
}

struct reply *http_reply(struct request *rq)
{
    return &exchange_of(rq)->reply;
}

void http_send(struct request *rq)
{
    struct exchange *ex = exchange_of(rq);
    struct conn *c = ex->conn;
    ex->conn = NULL;
    if (c != NULL)
        conn_send_reply(c, ex);
}

void http_release(struct http *h, struct request *rq)
{
    exchange_free(h, exchange_of(rq));
}

bool http_peer_gone(const struct request *rq)
{
    const struct exchange *ex =
        (const struct exchange *)(const void *)((const char *)rq - offsetof(struct exchange, rq));
    return ex->conn == NULL || conn_is_reset(ex->conn);
}

void http_cut(struct request *rq)
{
    struct exchange *ex = exchange_of(rq);
    if (ex->conn != NULL)
        conn_abandon(ex->conn);
}

void http_answer(struct http *h, struct request *rq)
{
    struct exchange *ex = exchange_of(rq);
    if (ex->conn != NULL && (ex->in_pieces || (ex->reply.more != NULL && rq->method != METHOD_HEAD))) {
        conn_send_piece(ex->conn, ex);
        return;
    }
    http_send(rq);
    http_release(h, rq);
}

void exchange_dispatch(struct http *h, struct exchange *ex)
{
    exchange_begin(h, ex);
    if (h->app->dispatch(h->ctx, &ex->rq, &ex->reply))
        http_answer(h, &ex->rq);
    else
        event_active(h->turn_end, EV_TIMEOUT, 0);
}

/* ---- the loop's own events ---- */

static void stop_accepting(struct http *h)
{
    for (size_t i = 0; i < DOORS; i++) {
        struct door *door = &h->door[i];
        if (door->incoming == NULL)
            continue;
        event_free(door->incoming);
        close(door->fd);
        door->incoming = NULL;
    }
}

void http_stop(struct http *h)
{
    if (h->stopping)
        return;
    h->stopping = true;
    h->stop_at_us = clock_monotonic_us() + STOP_S * 1000000LL;
    stop_accepting(h);
    for (struct conn *c = TAILQ_FIRST(&h->conns), *next; c != NULL; c = next) {
        next = TAILQ_NEXT(c, link);
        conn_stop(c);
    }
}

/* Down when nobody waits for an answer; after STOP_S also under those who do not read theirs, but never under the
 * committer. */
static void maybe_end(struct http *h)
{
    if (h->stopping && (h->n_conns == 0 || clock_monotonic_us() >= h->stop_at_us) && h->n_exchanges == 0)
        event_base_loopbreak(h->base);
}

/* The time of those is over who do not take a reply that goes on. */
static void end_pieces(struct http *h)
{
    struct conn *c, *next;
    for (c = TAILQ_FIRST(&h->conns); c != NULL; c = next) {
        next = TAILQ_NEXT(c, link);
        if (c->state == CONN_WRITE && c->ex != NULL)
            conn_abandon(c);
    }
}

/* A body that is on its way has some time to come. */
static void end_bodies(struct http *h)
{
    struct conn *c, *next;
    for (c = TAILQ_FIRST(&h->conns); c != NULL; c = next) {
        next = TAILQ_NEXT(c, link);
        conn_give_up_body(c);
    }
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

static void on_alarm(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    const struct http *h = arg;
    h->app->alarm(h->ctx);
}

void http_alarm(struct http *h, int64_t in_us)
{
    const struct timeval in = {in_us / 1000000, in_us % 1000000};
    if (event_add(h->alarm, &in) < 0)
        abort();
}

void http_watch(struct http *h, int fd, void (*ready)(void *ctx))
{
    h->ready = ready;
    h->watched = event_new(h->base, fd, EV_READ | EV_PERSIST, on_watched, h);
    if (h->watched == NULL || event_add(h->watched, NULL) < 0)
        abort();
}

static void on_app_tick(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    const struct http *h = arg;
    unsigned ms = h->app->tick(h->ctx);
    const struct timeval in = {ms / 1000, ms % 1000 * 1000};
    if (event_add(h->app_tick, &in) < 0)
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
    for (size_t i = 0; i < DOORS; i++)
        if (h->door[i].paused)
            http_room(&h->door[i]);
    http_trim(h, now_us);
    http_say_shed(h, now_us);
    if (h->stopping && now_us >= h->stop_at_us - (STOP_S - BODIES_S) * 1000000LL)
        end_bodies(h);
    if (h->stopping && now_us >= h->stop_at_us)
        end_pieces(h);
    maybe_end(h);
}

/* For so long, or until each in the queue has had one turn; then what the sockets told meanwhile comes first. Who has
 * more to do goes to the queue's end. Handshakes have a time of their own, however many there are: one at least. */
static void on_turns(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    static const struct timeval now = {0, 0};
    struct http *h = arg;
    struct conn *c;
    int64_t until_us = clock_monotonic_us() + TURNS_US;
    for (size_t n = h->n_queue; n > 0 && (c = TAILQ_FIRST(&h->queue)) != NULL; n--) {
        conn_unqueue(c);
        conn_turn(c);
        if (clock_monotonic_us() >= until_us)
            break;
    }
    until_us = clock_monotonic_us() + HELLOS_US;
    while ((c = TAILQ_FIRST(&h->hellos)) != NULL) {
        conn_unqueue(c);
        conn_turn(c);
        if (clock_monotonic_us() >= until_us)
            break;
    }
    if (h->n_queue > 0)
        event_add(h->turns, &now);
}

static void on_reap(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct http *h = arg;
    struct conn *c;
    while ((c = TAILQ_FIRST(&h->gone)) != NULL) {
        TAILQ_REMOVE(&h->gone, c, link);
        http_loosens(h, sizeof *c, 0);
        free(c);
    }
}

/* ---- accepting ---- */

static void set_accepting(struct door *door, bool on)
{
    door->paused = !on;
    if (door->incoming != NULL && on)
        event_add(door->incoming, NULL);
    else if (door->incoming != NULL)
        event_del(door->incoming);
}

static bool has_room(const struct door *door)
{
    if (door->n_conns < door->max_conns)
        return true;
    for (size_t i = 0; i < WAITS; i++)
        if (!TAILQ_EMPTY(&door->waits[i]))
            return true;
    return false;
}

static void on_resume(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct http *h = arg;
    for (size_t i = 0; i < DOORS && !h->stopping; i++) {
        h->door[i].failing = false;
        if (has_room(&h->door[i]))
            set_accepting(&h->door[i], true);
    }
}

void http_room(struct door *door)
{
    static const struct timeval now = {0, 0};
    if (door->http->stopping)
        maybe_end(door->http);
    else if (door->paused && !door->failing && has_room(door))
        event_add(door->http->resume_accept, &now);
}

/* Out of descriptors or memory: without a pause the loop would spin on the listener. */
static void accept_failed(struct door *door)
{
    static const struct timeval pause = {0, ACCEPT_PAUSE_MS * 1000};
    log_line(LOG_WARN, 0, "accept_failed", "%s; pausing %d ms", strerror(errno), ACCEPT_PAUSE_MS);
    set_accepting(door, false);
    door->failing = true;
    event_add(door->http->resume_accept, &pause);
}

static void on_incoming(evutil_socket_t listener, short what, void *arg)
{
    (void)what;
    struct door *door = arg;
    for (int i = 0; i < ACCEPTS_A_TURN && !door->paused; i++) {
        struct sockaddr_storage peer = {0};
        socklen_t len = sizeof peer;
        struct conn *out = door->n_conns < door->max_conns ? NULL : conn_to_yield(door, true);
        if (out == NULL && door->n_conns >= door->max_conns) {
            set_accepting(door, false);
            return;
        }
        int fd = accept4(listener, (struct sockaddr *)&peer, &len, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (fd >= 0 && out != NULL)
            conn_close(out);
        if (fd >= 0)
            conn_open(door, fd, (const struct sockaddr *)&peer);
        else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM || errno == ENOBUFS)
            accept_failed(door);
        else
            return; /* no more; or one that is gone already, and others are told again */
    }
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

static void open_door(struct http *h, enum door_kind kind, const char *address, size_t max_conns)
{
    struct door *door = &h->door[kind];
    door->http = h;
    door->kind = kind;
    door->max_conns = max_conns;
    for (size_t i = 0; i < WAITS; i++)
        TAILQ_INIT(&door->waits[i]);
    door->fd = listen_on(address);
    door->incoming = event_new(h->base, door->fd, EV_READ | EV_PERSIST, on_incoming, door);
    if (door->incoming == NULL || event_add(door->incoming, NULL) < 0)
        abort();
}

static struct event *timer_new(struct http *h, short flags, void (*call)(evutil_socket_t fd, short what, void *arg))
{
    struct event *e = event_new(h->base, -1, flags, call, h);
    if (e == NULL)
        abort();
    return e;
}

static void open_base(struct http *h)
{
    static const struct timeval tick = {0, TICK_MS * 1000};
    struct event_config *config = event_config_new();
    if (config == NULL || event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) < 0 ||
        event_config_require_features(config, EV_FEATURE_ET | EV_FEATURE_EARLY_CLOSE) < 0)
        abort();
    h->base = event_base_new_with_config(config);
    event_config_free(config);
    if (h->base == NULL)
        die("cannot make an event loop with epoll: %s", strerror(errno));
    h->tick = timer_new(h, EV_PERSIST, on_tick);
    h->app_tick = timer_new(h, 0, on_app_tick);
    h->resume_accept = timer_new(h, 0, on_resume);
    h->turn_end = timer_new(h, 0, on_turn_end);
    h->turns = timer_new(h, 0, on_turns);
    h->reap = timer_new(h, 0, on_reap);
    h->alarm = timer_new(h, 0, on_alarm);
    if (event_add(h->tick, &tick) < 0 || (h->app->tick != NULL && event_add(h->app_tick, &tick) < 0))
        abort();
}

/* ---- what may change ---- */

/* Who is waited for is so in the order of the deadlines, which stays. */
static void change_patience(struct http *h, int64_t patience_us)
{
    struct conn *c;
    TAILQ_FOREACH(c, &h->conns, link)
    c->deadline_us += patience_us - h->patience_us;
    h->patience_us = patience_us;
}

static void change_bounds(struct http *h, const struct http_setup *setup)
{
    h->rules = (struct http_rules){setup->fast, setup->large, setup->country_header};
    h->proxies = setup->proxies;
    h->proxies_header = setup->proxies_header;
    for (size_t i = 0; i < HOLDINGS; i++)
        http_change_room(h, (enum http_holding)i, setup->room[i]);
    h->account_most = http_account_most(h, setup->account_most);
    h->tls_most = setup->max_tls;
    budgets_change(h->hello_budgets, setup->hellos_per_s, HELLOS_SAVED_S);
    change_patience(h, setup->request_timeout_s * 1000000);
}

void http_change(struct http *h, const struct http_setup *setup)
{
    struct door *door = &h->door[DOOR_MAIN];
    struct conn *out;
    change_bounds(h, setup);
    door->max_conns = setup->max_connections;
    while (door->n_conns > door->max_conns && (out = conn_to_yield(door, false)) != NULL)
        conn_close(out);
    http_room(door);
}

/* ---- life ---- */

struct http *http_new(const struct http_setup *setup)
{
    struct http *h = xcalloc(1, sizeof *h);
    h->app = setup->app;
    h->ctx = setup->ctx;
    h->loop_turns = setup->turns;
    h->all = setup->held;
    h->tls = setup->tls;
    h->hello_budgets = budgets_new(setup->hellos_per_s, HELLOS_SAVED_S);
    h->hellos_refused = setup->hellos_refused;
    random_bytes(&h->seed, sizeof h->seed);
    h->scratch = xmalloc(SCRATCH);
    TAILQ_INIT(&h->conns);
    TAILQ_INIT(&h->queue);
    TAILQ_INIT(&h->hellos);
    TAILQ_INIT(&h->gone);
    for (size_t i = 0; i < ACCOUNT_PLACES; i++)
        TAILQ_INIT(&h->parts[i]);
    for (size_t i = 0; i < HELD_CLASSES; i++)
        TAILQ_INIT(&h->unread[i]);
    open_base(h);
    change_bounds(h, setup);
    open_door(h, DOOR_MAIN, setup->listen, setup->max_connections);
    if (setup->admin_listen != NULL)
        open_door(h, DOOR_ADMIN, setup->admin_listen, HTTP_ADMIN_CONNECTIONS);
    if (setup->redirect_listen != NULL)
        open_door(h, DOOR_REDIRECT, setup->redirect_listen, HTTP_REDIRECT_CONNECTIONS);
    return h;
}

void http_run(struct http *h)
{
    int rc;
    do {
        rc = event_base_loop(h->base, EVLOOP_ONCE);
        atomic_fetch_add_explicit(h->loop_turns, 1, memory_order_relaxed);
    } while (rc == 0 && !event_base_got_break(h->base));
    if (rc < 0)
        die("an event loop failed: %s", strerror(errno));
}

void http_free(struct http *h)
{
    if (h == NULL)
        return;
    stop_accepting(h);
    h->stopping = true;
    for (struct conn *c; (c = TAILQ_FIRST(&h->conns)) != NULL;)
        conn_close(c);
    on_reap(-1, 0, h);
    struct event *const events[] = {h->watched,  h->tick,  h->app_tick, h->resume_accept,
                                    h->turn_end, h->turns, h->reap,     h->alarm};
    for (size_t i = 0; i < sizeof events / sizeof events[0]; i++)
        if (events[i] != NULL)
            event_free(events[i]);
    event_base_free(h->base);
    http_free_pool(h);
    budgets_free(h->hello_budgets);
    free(h->scratch);
    free(h);
}
