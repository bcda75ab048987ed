/* What a route handler sees. All spans live in the exchange's arena until the reply is sent. Worker thread only. */
#ifndef CS_SERVER_HTTP_REQUEST_H
#define CS_SERVER_HTTP_REQUEST_H

#include <sys/queue.h>

#include "common/base/http_words.h"
#include "common/base/limits.h"
#include "common/base/problem.h"
#include "server/system/arena.h"

struct worker; /* the application's thread, opaque here */
struct reply;
struct reading;
struct session;
struct acting;
struct stream;
struct party;
struct catalog;
struct compiled_of;

/* Who says to have sent a postback or pixel. */
struct sender {
    char kid[LIMIT_ID + 1];    /* as given; "": none, or nothing that could be one */
    const struct party *party; /* whose kid or code that is; NULL: nobody's */
    bool proven;               /* its signature holds */
    bool late;                 /* and its time is outside of the window */
    uint64_t digest;           /* of what is signed, where it holds: the same bytes, the same digest */
};

/* The listeners: one for all; that of routes for the operator alone; and a plain one that leads to the first. */
enum door_kind { DOOR_MAIN, DOOR_ADMIN, DOOR_REDIRECT };

struct request {
    uint64_t id; /* the application's, drawn when the request comes to be */
    enum method method;
    struct span target, path, query, body; /* target and query raw; path as sent (routes compare raw bytes) */
    struct span authorization, content_type, accept, accept_language, user_agent, cookie, idempotency_key;
    struct span webhook_id, webhook_timestamp, webhook_signature, forwarded_for, forwarded;
    struct span svix_id, svix_timestamp, svix_signature; /* other names of the first three */
    struct span fetch_dest;                              /* Sec-Fetch-Dest; empty when absent */
    struct span fetch_site;                              /* Sec-Fetch-Site; empty when absent */
    struct span country;            /* of http_setup's country_header, by a trusted proxy; empty when absent */
    struct span origin;             /* Origin; empty when absent */
    struct span if_none_match;      /* empty when absent */
    struct span last_event_id;      /* Last-Event-ID; empty when absent */
    bool privacy;                   /* Sec-GPC: 1, the visitor objects to being followed */
    bool prefetch;                  /* Purpose, Sec-Purpose, X-Purpose or X-Moz says prefetch, prerender or preview */
    char ip[46];                    /* of the peer, text */
    enum door_kind door;            /* by which it came in */
    int64_t arrived_ms, arrived_us; /* Unix, and monotonic */
    struct arena *arena;
    struct problem problem; /* set with an error return */
    unsigned retry_after_s; /* of one that says to come again; 0: in a second */
    /* the application's */
    struct span param[3];          /* what the route's {} took from the path */
    struct span kept;              /* a handler's own word to its finish */
    TAILQ_ENTRY(request) waits;    /* for its commit, no longer than click_wait_ms */
    bool waiting, unwaited;        /* it does; it did, and is answered without */
    const struct route *route;     /* NULL until it is found */
    const struct party *caller;    /* by bearer token, for routes that want one */
    const struct api_token *token; /* which named the caller */
    uint32_t spent;                /* of its sender's budget */
    const struct session *session; /* by cookie, for routes that want one; NULL: none */
    struct acting *acting;         /* a page's form that is a call, pages/act.h; NULL: none */
    unsigned lacks;                /* MAY_*: what is asked of it, where it has not all of that */
    uint32_t seen;                 /* number of the contract of which the caller is shown something; 0: of none */
    const char *unseen;            /* what it is told in place of that if it may not see it */
    struct sender sender;          /* for routes that have one */
    const char *why;         /* a refusal's reason where the sender is not told, for the logs; NULL: the problem's */
    bool refused;            /* it was not taken, though its answer does not say so: a pixel */
    struct span cause;       /* of a 5xx, for the log; empty: see dispatch.c */
    struct span queue;       /* of a stranger's read: beside his address, whose turn it takes */
    struct reading *reading; /* once it was given to the readers */
    /* What a reader thread is to do of it; NULL: the route's handler. */
    enum err (*read)(struct request *rq, struct reply *reply);
    bool lasts;                   /* that takes long */
    bool goes_on;                 /* its status is out: that makes a further piece of its answer */
    struct stream *stream;        /* its answer is one, worker/streams.h; NULL: it ends */
    struct catalog *catalog;      /* held for the life of the exchange */
    struct compiled_of *compiled; /* by its handler, for its job */
    struct worker *worker;
};

#endif
