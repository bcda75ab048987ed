/* Shared by the http*.c files alone. */
#ifndef CS_SERVER_HTTP_HTTP_PRIVATE_H
#define CS_SERVER_HTTP_HTTP_PRIVATE_H

#include <event2/event.h>
#include <sys/queue.h>

#include "server/http/http.h"
#include "server/http/http_head.h"

struct bufferevent;
struct conn;
struct evbuffer;
struct evbuffer_cb_entry;
struct evhttp;
struct evhttp_bound_socket;
struct evhttp_connection;
struct evconnlistener;

/* A request on its way to its reply. Pooled; struct request must stay first: a request names its exchange. */
struct exchange {
    struct request rq;
    struct reply reply;
    struct conn *conn;            /* NULL when the peer is gone */
    struct evhttp_request *evreq; /* NULL on the fast lane */
    struct exchange *next;        /* free list */
};

/* One listening socket with the evhttp behind it. */
struct lane {
    struct http *http;
    struct evhttp *evhttp;
    struct evconnlistener *listener;
    struct evhttp_bound_socket *bound; /* NULL when the lane is unused or closed */
    bool admin;
};

TAILQ_HEAD(conn_list, conn);

struct http {
    const struct http_app *app;
    void *ctx;
    const char *const *fast;
    const struct proxies *proxies;
    struct event_base *base;
    struct lane lane[2];
    struct event *watched, *tick, *resume_accept, *turn_end;
    void (*ready)(void *ctx);
    struct conn **by_fd; /* evhttp names a connection by its descriptor only */
    size_t by_fd_len;
    struct conn_list conns; /* by deadline: all have the same patience, so the newest is always last */
    size_t n_conns, max_conns, n_exchanges;
    struct exchange *pool;
    _Atomic uint64_t *turns;
    int64_t patience_us, stop_at_us;
    bool stopping, paused;
};

/* Who may act on a connection next. Bytes from the socket wait in `in` until the guard has judged them. */
enum conn_state {
    CONN_HEAD,   /* the guard waits for a request head */
    CONN_COMMIT, /* a fast-lane request waits for its commit */
    CONN_WRITE,  /* a fast-lane reply waits for room in the socket */
    CONN_BODY,   /* the guard waits for the rest of a body */
    CONN_EVHTTP, /* evhttp holds the whole request until its reply is out */
    CONN_LINGER  /* nothing more is answered: what comes in is thrown away until the peer closes */
};

struct conn {
    struct http *http;
    struct bufferevent *bev;
    struct evhttp_connection *evcon;
    struct evbuffer_cb_entry *tap;
    struct evbuffer *in, *unsent; /* unsent: NULL until a reply did not fit into the socket */
    struct event *turn, *writable;
    struct exchange *ex; /* in flight */
    enum conn_state state;
    size_t scanned; /* of `in`, by http_head_find */
    size_t body_len;
    int64_t deadline_us;
    TAILQ_ENTRY(conn) link;
    int fd;
    bool admin, http10, keep_alive, feeding, paused, behind_proxy;
    char ip[46];
};

/* http_conn.c: the guard and the fast lane */
struct bufferevent *conn_new(struct event_base *base, struct lane *lane);
void conn_expired(struct conn *c);
void conn_stop(struct conn *c);        /* the server goes down: closes unless a reply is on its way */
void conn_evhttp_done(struct conn *c); /* evhttp has sent its reply */
void conn_send_reply(struct conn *c, struct exchange *ex); /* fast lane */
struct conn *conn_by_fd(struct http *h, int fd);
/* The Connection header of the reply to the request in flight: "close", "keep-alive", or NULL for none. */
const char *conn_persistence(const struct conn *c);

/* http_evhttp.c: the lane for everything else */
struct evhttp *evhttp_lane_new(struct lane *lane); /* without listener and connections */
void evhttp_send_exchange(struct exchange *ex);

/* http.c */
struct exchange *exchange_new(struct http *h);
void exchange_free(struct http *h, struct exchange *ex);
/* Runs the handler; the reply leaves at once (ex is gone), or with http_answer. */
void exchange_dispatch(struct http *h, struct exchange *ex);
void http_room(struct http *h); /* a connection has ended: accept again */

#endif
