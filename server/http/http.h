/* HTTP/1.1 of one worker: event base, listeners, guard, fast lane and evhttp. One thread owns it all, but for
 * http_wake. */
#ifndef CS_SERVER_HTTP_HTTP_H
#define CS_SERVER_HTTP_HTTP_H

#include "server/commit/job.h"
#include "server/routes.h"
#include "server/worker/server.h"

struct conn;
struct evhttp_request;

/* A request on its way to its reply. Pooled by the worker; struct request must stay first (job_new finds the exchange
 * by it). */
struct exchange {
    struct request rq;
    struct reply reply;
    const struct route *route;
    struct conn *conn;            /* NULL when the peer is gone */
    struct evhttp_request *evreq; /* NULL on the fast lane */
    struct exchange *next;        /* free list */
};

/* Needs the libevent with the request smuggling fixes of 2026: dies naming the package otherwise. */
void http_require_libevent(void);
/* Binds and listens (SO_REUSEPORT); the first worker also on the admin listener. Dies when an address cannot be bound.
 */
struct http *http_new(struct worker *w);
void http_run(struct http *h); /* until stopped and drained */
void http_free(struct http *h);
/* Calls worker_turn_ends when all events that are active now were served. */
void http_turn(struct http *h);

#endif
