/* What a route handler sees and fills. No handler sees evhttp. All spans live in the exchange's arena until the reply
 * is sent. Worker thread only. */
#ifndef CS_SERVER_HTTP_REQUEST_H
#define CS_SERVER_HTTP_REQUEST_H

#include "common/base/buf.h"
#include "common/base/http_words.h"
#include "common/base/limits.h"
#include "common/base/problem.h"
#include "server/catalog/catalog.h"

/* Bump memory, freed as a whole after the reply. Never fails (OOM aborts). */
struct arena;
void *arena_alloc(struct arena *a, size_t len); /* 16-byte aligned, not cleared */
struct span arena_copy(struct arena *a, struct span s);
void arena_buf(struct arena *a, struct buf *b, size_t cap); /* a fixed buffer in the arena */

struct worker;

struct request {
    uint64_t id;
    enum method method;
    struct span target, path, query, body; /* target and query raw; path as sent (routes compare raw bytes) */
    struct span authorization, content_type, accept, user_agent, cookie, idempotency_key;
    struct span webhook_id, webhook_timestamp, webhook_signature, forwarded_for;
    bool prefetch; /* Purpose, Sec-Purpose, X-Purpose or X-Moz says prefetch, prerender or preview */
    char ip[46];   /* of the peer, text */
    bool admin;    /* came in on the admin listener */
    int64_t arrived_ms;
    struct span param[3];       /* what the route's {} took from the path */
    const struct party *caller; /* by bearer token, for routes that want one */
    struct catalog *catalog;    /* held for the life of the exchange */
    struct arena *arena;
    struct worker *worker;
    struct problem problem; /* set with an error return */
};

struct reply {
    int status; /* 0 = 200 */
    struct span content_type, body;
    struct {
        const char *name;
        struct span value;
    } header[8];
    size_t n_headers;
};
void reply_header(struct reply *r, const char *name, struct span value);
/* Body from a heap buffer: copies into the arena. */
void reply_body(struct request *rq, struct reply *r, const char *content_type, struct span body);

#endif
