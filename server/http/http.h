/* HTTP/1.1 of one thread: event base, listeners, the guard, replies. It knows no application but by its callbacks. One
 * thread owns all of it. */
#ifndef CS_SERVER_HTTP_HTTP_H
#define CS_SERVER_HTTP_HTTP_H

#include <stdatomic.h>

#include "server/http/proxies.h"
#include "server/http/reply.h"

struct http;
struct tls; /* server/tls/tls.h */

/* Of the other listeners, beside max_connections of the main one: whoever fills that one stops no probe. */
enum { HTTP_ADMIN_CONNECTIONS = 64, HTTP_REDIRECT_CONNECTIONS = 256 };

/* What serves the requests. ctx is http_setup's. */
struct http_app {
    /* A request is there, as a whole, or bytes that are none: dispatch or fault follows. */
    void (*begin)(void *ctx, struct request *rq);
    /* Fills the reply (true), or keeps the request and calls http_answer later on (false). */
    bool (*dispatch)(void *ctx, struct request *rq, struct reply *reply);
    /* The head of a request has come, and not all of its body: true for one that is answered without it. It begins
     * again once it is whole. */
    bool (*head)(void *ctx, struct request *rq, struct reply *reply);
    /* Answers what is no request. rq has method and target as far as they could be told. */
    void (*fault)(void *ctx, struct request *rq, const struct http_fault *fault, struct reply *reply);
    /* What there is of a reply that goes on is taken: the application has its next piece made, then calls http_answer.
     */
    void (*more)(void *ctx, struct request *rq);
    /* The request is over: its reply was sent, or its peer is gone. */
    void (*finish)(void *ctx, struct request *rq);
    /* All events that were active when a request was kept were served. */
    void (*turn)(void *ctx);
    /* Now and then: again after as many ms as it answers. NULL: nobody asks. */
    unsigned (*tick)(void *ctx);
    /* The time of http_alarm has come. */
    void (*alarm)(void *ctx);
    /* Nobody waits any more for the answer of a request that is kept: the application may end it, by http_release. */
    void (*gone)(void *ctx, struct request *rq);
};

/* What the threads of a process hold for peers together, in bytes: of requests that are not answered, and of answers
 * that are not read. Neither takes the other's room. Each thread may hold `own`, whatever the others do; what is more
 * comes out of `most`. */
enum http_holding { HELD_REQUESTS, HELD_ANSWERS, HOLDINGS };
struct http_room {
    size_t most, own;
};
struct http_held {
    _Atomic size_t n[HOLDINGS]; /* of most */
};
void http_rooms(struct http_room room[HOLDINGS], size_t bytes, size_t threads); /* half of them for each */

struct http_setup {
    const struct http_app *app;
    void *ctx;
    const char *const
        *fast; /* NULL-ended: targets that begin so are read leniently, their GET and HEAD answered tersely */
    const struct http_large *large;
    const char *listen, *admin_listen, *redirect_listen; /* NULL: there is none of these two */
    size_t max_connections;
    struct tls *tls;        /* of the main listener; NULL: it is plain */
    size_t max_tls;         /* bytes that this thread holds for it: past them connections without a request go */
    struct http_held *held; /* of all threads */
    struct http_room room[HOLDINGS];
    size_t account_most; /* bytes of others of an account past which a body is read no further; at most half of held */
    int64_t request_timeout_s;
    const struct proxies *proxies;      /* NULL: the peer is the client */
    enum proxies_header proxies_header; /* that names the client, when a trusted proxy sends it */
    struct span country_header;         /* counts when a trusted proxy sends it; empty: none */
    uint32_t hellos_per_s;              /* handshakes of one address: what is more is closed, and counted: */
    _Atomic uint64_t *hellos_refused;
    _Atomic uint64_t *turns; /* counts the turns of the loop: one that spins shows */
};

/* Has libevent take all its memory by mem.h, and large answers leave none behind: once, before anything else of
 * libevent. */
void http_use_mem(void);
/* Binds and listens (SO_REUSEPORT). Dies when an address cannot be bound. */
struct http *http_new(const struct http_setup *setup);
/* From within http_run: from now on it is as setup says of what a peer may (connections, bytes, seconds, handshakes)
 * and of who names the client; all else stays. The proxies and the header's name of before may go afterwards. */
void http_change(struct http *h, const struct http_setup *setup);
/* Calls ready(ctx) in http_run whenever the eventfd is told; it is read first, so that nothing told later is missed. */
void http_watch(struct http *h, int fd, void (*ready)(void *ctx));
void http_run(struct http *h);  /* until stopped and drained */
void http_stop(struct http *h); /* from within http_run: accepts no more, ends when all is answered, 5 s at most */
void http_free(struct http *h);

/* Of a request that dispatch kept, or whose reply goes on: the reply to fill, and that it is filled. rq is gone
 * afterwards, or it is the connection's until `more`. */
struct reply *http_reply(struct request *rq);
void http_answer(struct http *h, struct request *rq);
/* The two halves of http_answer, for a reply that leaves before its request is done with: rq and its arena are there
 * until http_release. */
void http_send(struct request *rq);
void http_release(struct http *h, struct request *rq);
/* Ends the connection of a reply that goes on, with what of it was not taken. rq is gone, or it comes back. */
void http_cut(struct request *rq);
/* Was the request's connection reset, or closed? Who has merely ended his sending may wait for the answer. */
bool http_peer_gone(const struct request *rq);
/* Whose bytes a request and its answer are, from now on, as long as they are under way; 0: nobody's. How many others
 * there are of his on this thread. A few share an account by chance. */
enum http_account { ACCOUNT_ADDRESS, ACCOUNT_PARTY, ACCOUNTS };
size_t http_account(struct http *h, struct request *rq, enum http_account of, uint64_t key);
/* Of a head that is asked about: how many bytes of body it announces. A body in chunks says nothing of that, and is
 * held to `most` from then on. */
size_t http_announced(struct request *rq, size_t most);
/* Calls the application's alarm in so many microseconds, once; a later call replaces an earlier one. */
void http_alarm(struct http *h, int64_t in_us);

#endif
