#include "loadtest/client.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <unistd.h>

enum { RETRY_MS = 100 };

static void drop(struct client *c)
{
    if (c->fd >= 0) {
        event_del(c->readable);
        event_del(c->writable);
        close(c->fd);
    }
    c->fd = -1;
    c->state = CLIENT_DOWN;
    c->in_len = c->out_len = c->out_sent = 0;
}

static void retry_later(struct client *c)
{
    static const struct timeval pause = {0, RETRY_MS * 1000};
    event_add(c->retry, &pause);
}

void client_fail(struct client *c, enum failure f)
{
    drop(c);
    retry_later(c);
    c->events->failed(c->events->ctx, c, f);
}

/* The peer closed or broke the connection. Between two requests that is its right. */
static void broken(struct client *c)
{
    if (c->state == CLIENT_BUSY || c->state == CLIENT_CONNECTING) {
        client_fail(c, c->state == CLIENT_BUSY ? FAILURE_CLOSED : FAILURE_CONNECT);
        return;
    }
    drop(c);
    retry_later(c);
}

static void idle(struct client *c)
{
    c->state = CLIENT_IDLE;
    c->events->ready(c->events->ctx, c);
}

static void take_answer(struct client *c)
{
    struct answer a;
    size_t used;
    switch (answer_read(span_of(c->in, c->in_len), &a, &used)) {
    case ANSWER_PARTIAL:
        if (c->in_len == sizeof c->in)
            client_fail(c, FAILURE_PROTOCOL);
        return;
    case ANSWER_BAD:
        client_fail(c, FAILURE_PROTOCOL);
        return;
    case ANSWER_WHOLE:
        break;
    }
    if (used != c->in_len) { /* nobody asked for more */
        client_fail(c, FAILURE_PROTOCOL);
        return;
    }
    c->events->answered(c->events->ctx, c, &a);
    c->in_len = 0;
    if (a.close) {
        drop(c);
        retry_later(c);
    } else {
        idle(c);
    }
}

static void on_readable(evutil_socket_t fd, short what, void *arg)
{
    struct client *c = arg;
    (void)what;
    ssize_t n = recv(fd, c->in + c->in_len, sizeof c->in - c->in_len, 0);
    if (n < 0 && (errno == EAGAIN || errno == EINTR))
        return;
    if (n <= 0 || c->state != CLIENT_BUSY) {
        broken(c);
        return;
    }
    c->in_len += (size_t)n;
    take_answer(c);
}

static void flush(struct client *c)
{
    ssize_t n = send(c->fd, c->out + c->out_sent, c->out_len - c->out_sent, MSG_NOSIGNAL);
    if (n < 0 && errno != EAGAIN && errno != EINTR) {
        broken(c);
        return;
    }
    c->out_sent += n > 0 ? (size_t)n : 0;
    if (c->out_sent < c->out_len)
        event_add(c->writable, NULL);
}

static void on_writable(evutil_socket_t fd, short what, void *arg)
{
    struct client *c = arg;
    int fault = 0;
    socklen_t len = sizeof fault;
    (void)what;
    if (c->state == CLIENT_BUSY) {
        flush(c);
        return;
    }
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &fault, &len) || fault) {
        broken(c);
        return;
    }
    event_add(c->readable, NULL);
    idle(c);
}

static void start(evutil_socket_t fd, short what, void *arg)
{
    struct client *c = arg;
    int one = 1;
    (void)fd;
    (void)what;
    c->fd = socket(c->address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        die("cannot open a socket: %m");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    event_assign(c->readable, c->base, c->fd, EV_READ | EV_PERSIST, on_readable, c);
    event_assign(c->writable, c->base, c->fd, EV_WRITE, on_writable, c);
    c->state = CLIENT_CONNECTING;
    if (connect(c->fd, c->address, c->address_len) && errno != EINPROGRESS) {
        broken(c);
        return;
    }
    event_add(c->writable, NULL);
}

void client_open(struct client *c, struct event_base *base, const struct sockaddr *address, socklen_t len,
                 const struct client_events *events)
{
    c->fd = -1;
    c->base = base;
    c->address = address;
    c->address_len = len;
    c->events = events;
    c->readable = event_new(base, -1, 0, on_readable, c);
    c->writable = event_new(base, -1, 0, on_writable, c);
    c->retry = event_new(base, -1, 0, start, c);
    assert(c->readable != NULL && c->writable != NULL && c->retry != NULL);
    start(-1, 0, c);
}

void client_close(struct client *c)
{
    drop(c);
    event_free(c->readable);
    event_free(c->writable);
    event_free(c->retry);
}

void client_request(struct client *c, struct buf *request)
{
    assert(c->state == CLIENT_IDLE);
    buf_fixed(request, c->out, sizeof c->out);
}

void client_send(struct client *c, const struct buf *request)
{
    assert(c->state == CLIENT_IDLE && request->ptr == c->out);
    if (request->failed)
        die("a request is longer than %zu bytes; shorten --user-agent or --raw", sizeof c->out);
    c->state = CLIENT_BUSY;
    c->out_len = request->len;
    c->out_sent = 0;
    flush(c);
}
