/* What a route handler sees. No handler sees evhttp. All spans live in the exchange's arena until the reply is sent.
 * Worker thread only. */
#ifndef CS_SERVER_HTTP_REQUEST_H
#define CS_SERVER_HTTP_REQUEST_H

#include "common/base/http_words.h"
#include "common/base/limits.h"
#include "common/base/problem.h"
#include "server/system/arena.h"

struct worker; /* the application's thread, opaque here */
struct party;
struct catalog;

struct request {
    uint64_t id;
    enum method method;
    struct span target, path, query, body; /* target and query raw; path as sent (routes compare raw bytes) */
    struct span authorization, content_type, accept, user_agent, cookie, idempotency_key;
    struct span webhook_id, webhook_timestamp, webhook_signature, forwarded_for;
    struct span fetch_dest; /* Sec-Fetch-Dest; empty when absent */
    bool prefetch;          /* Purpose, Sec-Purpose, X-Purpose or X-Moz says prefetch, prerender or preview */
    char ip[46];            /* of the peer, text */
    bool admin;             /* came in on the admin listener */
    int64_t arrived_ms;
    struct arena *arena;
    struct problem problem; /* set with an error return */
    /* the application's */
    struct span param[3];       /* what the route's {} took from the path */
    struct span kept;           /* a handler's own word to its finish */
    const struct route *route;  /* NULL until it is found */
    const struct party *caller; /* by bearer token, for routes that want one */
    struct catalog *catalog;    /* held for the life of the exchange */
    struct worker *worker;
};

#endif
