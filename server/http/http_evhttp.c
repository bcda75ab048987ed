/* The lane for all that the fast one does not take: evhttp hands over whole requests and sends the replies. */
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/http.h>
#include <stdio.h>
#include <stdlib.h>

#include "server/http/http_private.h"

static void on_sent(struct evhttp_request *req, void *conn)
{
    (void)req;
    conn_evhttp_done(conn);
}

/* What evhttp parsed is the guard's own head; the request itself waits in the connection's exchange. */
static void on_request(struct evhttp_request *req, void *arg)
{
    struct lane *lane = arg;
    struct http *h = lane->http;
    struct bufferevent *bev = evhttp_connection_get_bufferevent(evhttp_request_get_connection(req));
    struct conn *c = conn_by_fd(h, bufferevent_getfd(bev));
    if (c == NULL || c->ex == NULL || c->state != CONN_EVHTTP)
        abort();
    struct exchange *ex = c->ex;
    struct evbuffer *body = evhttp_request_get_input_buffer(req);
    size_t len = evbuffer_get_length(body);
    char *bytes = arena_alloc(ex->rq.arena, len);
    if (evbuffer_remove(body, bytes, len) != (int)len)
        abort();
    ex->rq.body = span_of(bytes, len);
    ex->evreq = req;
    evhttp_request_set_on_complete_cb(req, on_sent, c);
    exchange_dispatch(h, ex);
}

struct evhttp *evhttp_lane_new(struct lane *lane)
{
    struct evhttp *e = evhttp_new(lane->http->base);
    if (e == NULL)
        abort();
    evhttp_set_gencb(e, on_request, lane);
    evhttp_set_allowed_methods(e, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST | EVHTTP_REQ_PUT |
                                      EVHTTP_REQ_PATCH | EVHTTP_REQ_DELETE);
    evhttp_set_max_headers_size(e, 1024);
    evhttp_set_max_body_size(e, LIMIT_BODY);
    evhttp_set_default_content_type(e, NULL);
    return e;
}

static void add_header(struct exchange *ex, struct evkeyvalq *out, const char *name, struct span value)
{
    char *text = arena_alloc(ex->rq.arena, value.len + 1);
    memcpy(text, value.ptr, value.len);
    text[value.len] = '\0';
    if (evhttp_add_header(out, name, text) != 0)
        abort(); /* a line break in a value: a bug of the handler */
}

void evhttp_send_exchange(struct exchange *ex)
{
    struct reply *r = &ex->reply;
    struct evhttp_request *req = ex->evreq;
    struct evkeyvalq *out = evhttp_request_get_output_headers(req);
    int status = r->status ? r->status : 200;
    char length[24];
    snprintf(length, sizeof length, "%zu", r->body.len);
    if (!span_empty(r->content_type))
        add_header(ex, out, "Content-Type", r->content_type);
    for (size_t i = 0; i < r->n_headers; i++)
        add_header(ex, out, r->header[i].name, r->header[i].value);
    evhttp_add_header(out, "X-Content-Type-Options", "nosniff");
    if (status != 204 && status != 304)
        evhttp_add_header(out, "Content-Length", length);
    if (ex->conn != NULL) {
        if (conn_persistence(ex->conn) != NULL)
            evhttp_add_header(out, "Connection", conn_persistence(ex->conn));
        ex->conn->ex = NULL;
    }
    if (ex->rq.method != METHOD_HEAD && status != 204 && status != 304)
        evbuffer_add(evhttp_request_get_output_buffer(req), r->body.ptr, r->body.len);
    evhttp_send_reply(req, status, http_phrase(status), NULL); /* frees req when its connection is gone */
}
