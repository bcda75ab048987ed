/* The replies of a connection: their bytes, and what becomes of it when they are out. */
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

#include "common/base/mem.h"
#include "server/http/http_private.h"
#include "server/system/system.h"

enum {
    BODY_COPIED = 1024, /* a body up to so long goes behind its head, into one piece */
    LONG = 16384        /* bytes of a reply that a reader may stall on in the kernel alone */
};

/* Our side is done. Closing at once would reset the connection under a reply that the peer has not read: wait for its
 * close, or the deadline. */
static void linger(struct conn *c)
{
    c->state = CONN_LINGER;
    conn_drop_input(c);
    if (c->http->stopping || wire_end(c) < 0) {
        ssize_t dropped = recv(c->fd, c->http->scratch, SCRATCH, MSG_TRUNC | MSG_DONTWAIT);
        (void)dropped; /* unread it would reset the connection as well */
        conn_close(c);
        return;
    }
    conn_arm(c);
    conn_waits(c, WAITS_PART);
    if (c->readable)
        conn_queue(c);
}

/* Of a reply that goes on what there was is out. */
static void ask_for_more(struct conn *c)
{
    struct exchange *ex = c->ex;
    free(ex->reply.heap);
    ex->reply.heap = NULL;
    ex->reply.body = SPAN("");
    c->state = CONN_ANSWER;
    conn_arm(c);
    if (ex->reply.stream && c->hung_up) { /* it is told no more */
        conn_close(c);
        return;
    }
    c->http->app->more(c->http->ctx, &ex->rq);
}

static void reply_is_out(struct conn *c)
{
    if (c->ex != NULL) {
        ask_for_more(c);
        return;
    }
    if (!c->keep_alive || c->http->stopping) {
        linger(c);
        return;
    }
    c->state = CONN_HEAD;
    conn_arm(c);
    if (c->in.len > 0 || c->readable)
        conn_queue(c);
    else
        conn_waits(c, WAITS_IDLE);
}

static void copy_unsent(struct conn *c, const struct iovec part[2], size_t done)
{
    size_t at = 0;
    c->unsent.len = part[0].iov_len + part[1].iov_len - done;
    c->unsent.ptr = xmalloc(c->unsent.len);
    for (int i = 0; i < 2; i++) {
        size_t skip = done < part[i].iov_len ? done : part[i].iov_len;
        memcpy(c->unsent.ptr + at, (const char *)part[i].iov_base + skip, part[i].iov_len - skip);
        at += part[i].iov_len - skip;
        done -= skip;
    }
    c->unsent.at = 0;
}

/* Keeps what of the two parts did not fit into the socket; a body that has memory of its own, as it is. */
static void keep_unsent(struct conn *c, const struct iovec part[2], size_t done, struct reply *r)
{
    if (r->heap != NULL && part[1].iov_base == r->heap && done >= part[0].iov_len) {
        c->unsent.ptr = r->heap;
        c->unsent.len = part[1].iov_len;
        c->unsent.at = done - part[0].iov_len;
        r->heap = NULL;
    } else {
        copy_unsent(c, part, done);
    }
    c->state = CONN_WRITE;
    conn_arm(c);
    conn_note_taken(c);
    conn_look(c);
    conn_waits(c, WAITS_UNREAD);
    conn_hold(c); /* may close c */
}

static void send_parts(struct conn *c, struct span head, struct span body, struct reply *r)
{
    struct iovec part[2] = {{(char *)(uintptr_t)head.ptr, head.len}, {(char *)(uintptr_t)body.ptr, body.len}};
    ssize_t n = wire_write(c, part, body.len > 0 ? 2 : 1);
    if (n < 0 && errno != EAGAIN) {
        conn_close(c);
        return;
    }
    size_t done = n > 0 ? (size_t)n : 0;
    if (done < head.len + body.len) {
        keep_unsent(c, part, done, r);
        return;
    }
    if (done >= LONG)
        conn_note_taken(c);
    reply_is_out(c);
}

void conn_send_rest(struct conn *c)
{
    struct iovec rest = {c->unsent.ptr + c->unsent.at, c->unsent.len - c->unsent.at};
    ssize_t n = wire_write(c, &rest, 1);
    if (n < 0 && errno != EAGAIN) {
        conn_close(c);
        return;
    }
    size_t done = n > 0 ? (size_t)n : 0;
    c->unsent.at += done;
    if (c->unsent.at < c->unsent.len)
        return;
    free(c->unsent.ptr);
    memset(&c->unsent, 0, sizeof c->unsent);
    conn_waits(c, WAITS_NOT);
    conn_hold(c);
    reply_is_out(c);
}

/* ---- the head ---- */

/* A line break in a value would be a header of the peer's: a bug of the handler. */
static void put_header(struct buf *b, const char *name, struct span value)
{
    if (memchr(value.ptr, '\n', value.len) != NULL || memchr(value.ptr, '\r', value.len) != NULL)
        abort();
    buf_str(b, name);
    buf_add(b, ": ", 2);
    buf_span_add(b, value);
    buf_add(b, "\r\n", 2);
}

static struct span date(struct http *h)
{
    time_t now_s = (time_t)(clock_ms() / 1000);
    if (now_s != h->date_s) {
        struct tm tm;
        gmtime_r(&now_s, &tm);
        strftime(h->date, sizeof h->date, "%a, %d %b %Y %H:%M:%S GMT", &tm);
        h->date_s = now_s;
    }
    return span_str(h->date);
}

static const char *persistence(const struct conn *c)
{
    if (!c->keep_alive || c->http->stopping)
        return "close";
    return c->http10 ? "keep-alive" : NULL;
}

static void put_head(struct conn *c, struct buf *b, const struct reply *r, int status)
{
    buf_str(b, "HTTP/1.1 ");
    buf_u64(b, (uint64_t)status);
    buf_byte(b, ' ');
    buf_str(b, http_phrase(status));
    buf_str(b, "\r\n");
    if (!span_empty(r->content_type))
        put_header(b, "Content-Type", r->content_type);
    for (size_t i = 0; i < r->n_headers; i++)
        put_header(b, r->header[i].name, r->header[i].value);
    if (!c->lean) {
        put_header(b, "X-Content-Type-Options", SPAN("nosniff"));
        put_header(b, "Date", date(c->http));
    }
    if (c->tls != NULL)
        put_header(b, "Strict-Transport-Security", SPAN("max-age=31536000"));
    if (persistence(c) != NULL)
        put_header(b, "Connection", span_str(persistence(c)));
    if (r->more != NULL && !c->http10) {
        put_header(b, "Transfer-Encoding", SPAN("chunked"));
    } else if (r->more == NULL && status != 204 && status != 304) {
        buf_str(b, "Content-Length: ");
        buf_u64(b, r->body.len);
        buf_str(b, "\r\n");
    }
    buf_str(b, "\r\n");
}

/* In the arena, with so much room behind it. */
static struct buf head_buf(struct exchange *ex, size_t behind)
{
    const struct reply *r = &ex->reply;
    size_t room = 512 + r->content_type.len + behind;
    for (size_t i = 0; i < r->n_headers; i++)
        room += strlen(r->header[i].name) + r->header[i].value.len + 4;
    struct buf b;
    arena_buf(ex->rq.arena, &b, room);
    return b;
}

void conn_send_reply(struct conn *c, struct exchange *ex)
{
    struct reply *r = &ex->reply;
    int status = reply_status(r);
    bool bodiless = ex->rq.method == METHOD_HEAD || status == 204 || status == 304;
    struct span body = bodiless ? (struct span){"", 0} : r->body;
    struct buf b = head_buf(ex, body.len <= BODY_COPIED ? body.len : 0);
    put_head(c, &b, r, status);
    if (body.len <= BODY_COPIED) {
        buf_span_add(&b, body);
        body.len = 0;
    }
    if (b.failed)
        abort();
    c->ex = NULL;
    send_parts(c, buf_span(&b), body, r);
}

/* ---- replies in pieces ---- */

/* The body as a chunk, and the end of all of them behind the last: what goes ahead of it, and what behind, which grows
 * its own memory. */
static void put_chunk(struct buf *ahead, struct reply *r)
{
    static const char ends[] = "\r\n0\r\n\r\n";
    size_t behind = r->more != NULL ? 2 : sizeof ends - 1;
    assert(r->body.ptr == r->heap || r->body.len == 0);
    if (r->body.len == 0) {
        assert(r->more == NULL);
        buf_str(ahead, ends + 2);
        return;
    }
    buf_printf(ahead, "%zx\r\n", r->body.len);
    r->heap = xrealloc(r->heap, r->body.len + behind);
    memcpy(r->heap + r->body.len, ends, behind);
    r->body = span_of(r->heap, r->body.len + behind);
}

void conn_send_piece(struct conn *c, struct exchange *ex)
{
    enum { SIZE = 24 }; /* bytes of the line with a chunk's */
    struct reply *r = &ex->reply;
    struct http *h = c->http;
    char line[SIZE];
    struct buf ahead;
    bool last = r->cut || r->more == NULL;
    if (ex->in_pieces) {
        buf_fixed(&ahead, line, sizeof line);
    } else {
        c->keep_alive &= !c->http10; /* there its end is that of the connection */
        ahead = head_buf(ex, SIZE);
        put_head(c, &ahead, r, reply_status(r));
    }
    if (!c->http10 && !r->cut)
        put_chunk(&ahead, r);
    if (ahead.failed)
        abort();
    ex->in_pieces = true;
    if (last)
        c->ex = NULL;
    else
        c->state = CONN_WRITE;
    if (r->cut)
        conn_abandon(c);
    else
        send_parts(c, buf_span(&ahead), r->body, r);
    if (last)
        exchange_free(h, ex);
}
