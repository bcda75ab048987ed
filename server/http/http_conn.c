/* One connection: the guard in front of evhttp, and the fast lane.
 *
 * Every byte from the socket goes to `in` first. The guard reads a head strictly and then knows the request: tracking
 * GETs are answered right here, by send(2); of anything else evhttp gets a head in the guard's own words, with the
 * whole body. One request at a time: what a client sends ahead stays in `in` until the reply is out, so replies keep
 * their order across both lanes. */
#include <errno.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "common/base/mem.h"
#include "server/http/http_private.h"
#include "server/system/system.h"

static void on_input(struct evbuffer *input, const struct evbuffer_cb_info *info, void *arg);
static void on_turn(evutil_socket_t fd, short what, void *arg);
static void on_writable(evutil_socket_t fd, short what, void *arg);
static void on_closed(struct evhttp_connection *evcon, void *arg);

static void arm(struct conn *c)
{
    TAILQ_REMOVE(&c->http->conns, c, link);
    c->deadline_us = clock_monotonic_us() + c->http->patience_us;
    TAILQ_INSERT_TAIL(&c->http->conns, c, link);
}

struct bufferevent *conn_new(struct event_base *base, struct lane *lane)
{
    struct conn *c = xcalloc(1, sizeof *c);
    c->http = lane->http;
    c->admin = lane->admin;
    c->fd = -1;
    c->bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    c->in = evbuffer_new();
    c->turn = event_new(base, -1, 0, on_turn, c);
    if (c->bev == NULL || c->in == NULL || c->turn == NULL)
        abort();
    /* evhttp's reader is not woken for bytes that the guard kept */
    bufferevent_setwatermark(c->bev, EV_READ, 1, 0);
    c->tap = evbuffer_add_cb(bufferevent_get_input(c->bev), on_input, c);
    TAILQ_INSERT_TAIL(&c->http->conns, c, link);
    arm(c);
    c->http->n_conns++;
    event_active(c->turn, EV_TIMEOUT,
                 0); /* evhttp's connection exists when this call's caller has returned: adopt it then */
    return c->bev;
}

/* libevent has no hook for "a connection was accepted"; the argument of its own callbacks is the connection. The turn
 * runs before any byte can arrive. */
static void adopt(struct conn *c)
{
    struct http *h = c->http;
    void *evcon = NULL;
    bufferevent_getcb(c->bev, NULL, NULL, NULL, &evcon);
    if (evcon == NULL || evhttp_connection_get_bufferevent(evcon) != c->bev)
        abort();
    c->evcon = evcon;
    c->fd = bufferevent_getfd(c->bev);
    evhttp_connection_set_closecb(c->evcon, on_closed, c);

    char *address = NULL;
    ev_uint16_t port = 0;
    evhttp_connection_get_peer(c->evcon, &address, &port);
    snprintf(c->ip, sizeof c->ip, "%s", address != NULL ? address : "");
    c->behind_proxy = proxies_trust(c->http->proxies, c->ip);

    size_t fd = (size_t)c->fd;
    if (fd >= h->by_fd_len) {
        size_t len = fd + 256;
        h->by_fd = xrealloc(h->by_fd, len * sizeof(struct conn *));
        memset(h->by_fd + h->by_fd_len, 0, (len - h->by_fd_len) * sizeof(struct conn *));
        h->by_fd_len = len;
    }
    h->by_fd[fd] = c;
}

struct conn *conn_by_fd(struct http *h, int fd)
{
    return fd >= 0 && (size_t)fd < h->by_fd_len ? h->by_fd[fd] : NULL;
}

/* Lets go of the exchange: one that was not dispatched yet has no other owner. */
static void drop_exchange(struct conn *c)
{
    if (c->ex != NULL && c->state == CONN_BODY)
        exchange_free(c->http, c->ex);
    else if (c->ex != NULL)
        c->ex->conn = NULL;
    c->ex = NULL;
}

/* evhttp is about to free the connection, with the bufferevent. */
static void on_closed(struct evhttp_connection *evcon, void *arg)
{
    (void)evcon;
    struct conn *c = arg;
    struct http *h = c->http;
    drop_exchange(c);
    h->by_fd[c->fd] = NULL;
    evbuffer_remove_cb_entry(bufferevent_get_input(c->bev), c->tap);
    event_free(c->turn);
    if (c->writable != NULL)
        event_free(c->writable);
    if (c->unsent != NULL)
        evbuffer_free(c->unsent);
    evbuffer_free(c->in);
    TAILQ_REMOVE(&h->conns, c, link);
    free(c);
    h->n_conns--;
    http_room(h);
}

/* Ends in on_closed, on the loop's next turn. */
static void close_soon(struct conn *c)
{
    drop_exchange(c);
    c->state = CONN_LINGER;
    bufferevent_trigger_event(c->bev, BEV_EVENT_TIMEOUT | BEV_EVENT_READING, BEV_OPT_DEFER_CALLBACKS);
}

/* Our side is done. Closing at once would reset the connection under a reply that the peer has not read: wait for its
 * close, or the deadline. */
static void linger(struct conn *c)
{
    c->state = CONN_LINGER;
    evbuffer_drain(c->in, evbuffer_get_length(c->in));
    if (c->http->stopping || shutdown(c->fd, SHUT_WR) < 0)
        close_soon(c);
}

const char *conn_persistence(const struct conn *c)
{
    if (!c->keep_alive || c->http->stopping)
        return "close";
    return c->http10 ? "keep-alive" : NULL;
}

static void reply_is_out(struct conn *c)
{
    if (!c->keep_alive || c->http->stopping) {
        linger(c);
        return;
    }
    c->state = CONN_HEAD;
    arm(c);
    if (evbuffer_get_length(c->in) > 0)
        event_active(c->turn, EV_TIMEOUT, 0);
}

/* Sends, or keeps what does not fit. */
static void send_bytes(struct conn *c, struct span bytes)
{
    ssize_t sent = send(c->fd, bytes.ptr, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent == (ssize_t)bytes.len) {
        reply_is_out(c);
        return;
    }
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        close_soon(c);
        return;
    }
    if (c->unsent == NULL) {
        c->unsent = evbuffer_new();
        c->writable = event_new(c->http->base, c->fd, EV_WRITE, on_writable, c);
        if (c->unsent == NULL || c->writable == NULL)
            abort();
    }
    size_t done = sent > 0 ? (size_t)sent : 0;
    c->state = CONN_WRITE;
    evbuffer_add(c->unsent, bytes.ptr + done, bytes.len - done);
    event_add(c->writable, NULL);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    (void)what;
    struct conn *c = arg;
    if (c->state != CONN_WRITE)
        return;
    if (evbuffer_write(c->unsent, fd) < 0 && errno != EAGAIN && errno != EINTR)
        close_soon(c);
    else if (evbuffer_get_length(c->unsent) > 0)
        event_add(c->writable, NULL);
    else
        reply_is_out(c);
}

static void put_header(struct buf *b, const char *name, struct span value)
{
    buf_str(b, name);
    buf_add(b, ": ", 2);
    buf_span_add(b, value);
    buf_add(b, "\r\n", 2);
}

void conn_send_reply(struct conn *c, struct exchange *ex)
{
    const struct reply *r = &ex->reply;
    int status = r->status ? r->status : 200;
    size_t room = 256 + r->content_type.len + r->body.len;
    for (size_t i = 0; i < r->n_headers; i++)
        room += strlen(r->header[i].name) + r->header[i].value.len + 4;

    struct buf b;
    arena_buf(ex->rq.arena, &b, room);
    buf_str(&b, "HTTP/1.1 ");
    buf_u64(&b, (uint64_t)status);
    buf_byte(&b, ' ');
    buf_str(&b, http_phrase(status));
    buf_str(&b, "\r\n");
    if (!span_empty(r->content_type))
        put_header(&b, "Content-Type", r->content_type);
    for (size_t i = 0; i < r->n_headers; i++)
        put_header(&b, r->header[i].name, r->header[i].value);
    if (conn_persistence(c) != NULL)
        put_header(&b, "Connection", span_str(conn_persistence(c)));
    buf_str(&b, "Content-Length: ");
    buf_u64(&b, r->body.len);
    buf_str(&b, "\r\n\r\n");
    if (ex->rq.method != METHOD_HEAD)
        buf_span_add(&b, r->body);
    if (b.failed)
        abort();
    c->ex = NULL;
    send_bytes(c, buf_span(&b));
}

/* The guard's own answer to what is not a request it can trust: afterwards nobody knows where the next one starts. */
static void refuse(struct conn *c, struct span bytes, int status)
{
    struct exchange *ex = exchange_new(c->http);
    bool sound = http_head_peek(bytes, &ex->rq);
    const struct http_fault fault = {status, sound || status == 414 || status == 431};
    memcpy(ex->rq.ip, c->ip, sizeof ex->rq.ip);
    ex->rq.admin = c->admin;
    c->http->app->fault(c->http->ctx, &ex->rq, &fault, &ex->reply);
    c->keep_alive = false;
    conn_send_reply(c, ex);
    exchange_free(c->http, ex);
}

/* evhttp gets the request in our words: it never parses what a stranger wrote, and can only tell the method, the length
 * and the persistence. */
static void feed_evhttp(struct conn *c)
{
    struct evbuffer *input = bufferevent_get_input(c->bev);
    c->state = CONN_EVHTTP;
    c->feeding = true;
    evbuffer_unfreeze(input, 0);
    evbuffer_add_printf(input, "%s / HTTP/1.1\r\nContent-Length: %zu\r\n%s\r\n", method_name(c->ex->rq.method),
                        c->body_len, c->keep_alive ? "" : "Connection: close\r\n");
    evbuffer_remove_buffer(c->in, input, c->body_len);
    evbuffer_freeze(input, 0);
    c->feeding = false;
}

/* Finds the end of the head that `in` begins with: in its first chunk, as nearly always, else in as much as a head may
 * have, made contiguous. */
static int find_head(struct conn *c, struct span *bytes, size_t *len)
{
    size_t have = evbuffer_get_length(c->in), look = evbuffer_get_contiguous_space(c->in);
    for (;;) {
        look = look > LIMIT_HEAD + 1 ? LIMIT_HEAD + 1 : look;
        *bytes = span_of(evbuffer_pullup(c->in, (ev_ssize_t)look), look);
        int status = http_head_find(*bytes, &c->scanned, len);
        if (status || *len || look == have || look > LIMIT_HEAD)
            return status;
        look = have;
    }
}

/* Takes one head off `in`; false when it is not complete yet. */
static bool take_head(struct conn *c)
{
    struct span bytes;
    size_t len;
    int status = find_head(c, &bytes, &len);
    if (status) {
        refuse(c, bytes, status);
        return true;
    }
    if (len == 0)
        return false;
    struct exchange *ex = exchange_new(c->http);
    struct http_head head;
    struct span own = arena_copy(ex->rq.arena, span_of(bytes.ptr, len));
    evbuffer_drain(c->in, len);
    c->scanned = 0;
    status = http_head_read(own, c->http->fast, &ex->rq, &head);
    if (status) {
        refuse(c, own, status);
        exchange_free(c->http, ex);
        return true;
    }
    memcpy(ex->rq.ip, c->ip, sizeof ex->rq.ip);
    if (c->behind_proxy)
        proxies_client(c->http->proxies, ex->rq.forwarded_for, ex->rq.ip);
    ex->rq.admin = c->admin;
    ex->conn = c;
    c->ex = ex;
    c->keep_alive = head.keep_alive;
    c->http10 = head.http10;
    c->body_len = head.content_length;
    if (head.fast) {
        c->state = CONN_COMMIT;
        exchange_dispatch(c->http, ex);
    } else {
        c->state = CONN_BODY;
        if (head.expect_continue && evbuffer_get_length(c->in) < c->body_len) {
            static const char go_on[] = "HTTP/1.1 100 Continue\r\n\r\n";
            if (send(c->fd, go_on, sizeof go_on - 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
                close_soon(c);
        }
    }
    return true;
}

/* Does what can be done with the bytes at hand. Never frees the connection. */
static void progress(struct conn *c)
{
    while (c->state == CONN_HEAD && evbuffer_get_length(c->in) > 0 && take_head(c))
        ;
    size_t have = evbuffer_get_length(c->in);
    if (c->state == CONN_BODY && have >= c->body_len)
        feed_evhttp(c);
    if (c->state == CONN_LINGER)
        evbuffer_drain(c->in, have);

    bool full = evbuffer_get_length(c->in) > LIMIT_HEAD + LIMIT_BODY;
    if (full && !c->paused)
        bufferevent_disable(c->bev, EV_READ);
    else if (!full && c->paused && c->state != CONN_EVHTTP)
        bufferevent_enable(c->bev, EV_READ);
    else
        return;
    c->paused = full;
}

/* Runs inside libevent's read of the socket; evhttp's reader follows right after it, when anything was fed. */
static void on_input(struct evbuffer *input, const struct evbuffer_cb_info *info, void *arg)
{
    struct conn *c = arg;
    if (c->feeding || info->n_added == 0)
        return;
    if (c->state == CONN_HEAD && evbuffer_get_length(c->in) == 0)
        arm(c);
    c->feeding = true;
    evbuffer_add_buffer(c->in, input);
    c->feeding = false;
    progress(c);
}

static void on_turn(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    struct conn *c = arg;
    if (c->evcon == NULL) {
        adopt(c);
        return;
    }
    progress(c);
    if (evbuffer_get_length(bufferevent_get_input(c->bev)) > 0)
        bufferevent_trigger(c->bev, EV_READ, 0); /* may end in on_closed */
}

void conn_evhttp_done(struct conn *c)
{
    c->state = CONN_HEAD;
    arm(c);
    event_active(c->turn, EV_TIMEOUT, 0); /* evhttp takes its next request only after this callback */
}

void conn_expired(struct conn *c)
{
    arm(c);
    if (c->ex != NULL && c->state != CONN_BODY)
        return; /* waits for us, not we for it */
    close_soon(c);
}

void conn_stop(struct conn *c)
{
    if (c->state == CONN_HEAD || c->state == CONN_BODY || c->state == CONN_LINGER)
        close_soon(c);
}
