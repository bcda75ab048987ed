/* From a request to its handler, and from every handler to the one edge at which requests end. Worker thread. */
#ifndef CS_SERVER_WORKER_DISPATCH_H
#define CS_SERVER_WORKER_DISPATCH_H

#include "server/worker/server.h"

/* ROUTE_OPS: public, but on the admin listener alone when there is one. ROUTE_SIGNED: public, proved by a signature.
 * ROUTE_READS: reads the store, so a reader thread runs it; such a route submits nothing. ROUTE_ROWS: a large body is
 * read on such a thread; then, with ERR_PENDING, finish without a job submits. ROUTE_LONG, of ROUTE_READS: may take
 * seconds and much memory; one such read at a time, of all callers'. ROUTE_VISITORS: of a party's visitors, who come in
 * any number: without a budget. ROUTE_PAGE: public, for who opens it in a browser, and for no page of another origin:
 * it is no data that others build upon, and may show secrets. ROUTE_SESSION, of ROUTE_PAGE: its caller is whom the
 * session of the browser names (session.h), and NULL without one.
 */
enum {
    ROUTE_PUBLIC = 0,
    ROUTE_ANY_PARTY = ROLE_ANY,
    ROUTE_OPS = 256,
    ROUTE_SIGNED = 512,
    ROUTE_READS = 1024,
    ROUTE_ROWS = 2048,
    ROUTE_LONG = 4096,
    ROUTE_VISITORS = 8192,
    ROUTE_PAGE = 16384,
    ROUTE_SESSION = 32768
};

/* One row of routes.c. */
struct route {
    unsigned methods;
    const char *pattern; /* "/v1/leads/{}/proof": {} takes one path segment; a trailing {*} takes the rest, which may be
                            empty */
    unsigned roles;      /* of the above, who may call (bearer token), and which scopes its token wants (scopes.h) */
    /* ERR_OK: *reply is filled. ERR_PENDING: a job was submitted, or request.read says what a reader thread is to do
     * first; that answers likewise, and its ERR_PENDING comes to finish without a job. Else request.problem says why.
     */
    enum err (*handle)(struct request *rq, struct reply *reply);
    /* After the job's commit: fills the reply, or submits a further job, or has more read (ERR_PENDING). job NULL: what
     * was read came back; or see worker_submit_within. */
    enum err (*finish)(struct request *rq, struct job *job, struct reply *reply);
    const char *summary; /* for /openapi.json */
    /* Answers bytes that are no request but begin like one of this route's; NULL: problem+json. True: *reply is
     * filled. */
    bool (*fault)(struct request *rq, const struct http_fault *fault, struct reply *reply);
    /* Finds out who says to have sent what is refused, from the target alone: rq->sender. NULL: nobody is told. */
    void (*sender)(struct request *rq);
    /* Before a request waits for a reader: refuses what needs no read of the store to be refused, and says in rq->queue
     * whose turn a stranger's read takes. NULL: all may wait. */
    enum err (*admit)(struct request *rq);
    /* Makes the answer of an error one for people, in place of its body; NULL: problem+json. */
    void (*fail)(struct request *rq, enum err err, struct reply *reply);
};

/* ERR_NOT_FOUND, or ERR_METHOD with *allow set to the methods that would do. Fills rq->route and rq->param. *like: but
 * for ERR_NOT_FOUND the first route that the path has. */
MUST_CHECK enum err dispatch_find(const struct routes *routes, struct request *rq, unsigned *allow,
                                  const struct route **like);
/* Who calls, by the token that is sent: ERR_UNAUTHORIZED, or ERR_FORBIDDEN of a party that is locked. */
MUST_CHECK enum err dispatch_caller(struct request *rq);
/* Whether the caller's token has all scopes of `wanted` (MAY_*): ERR_FORBIDDEN. */
MUST_CHECK enum err dispatch_scopes(struct request *rq, unsigned wanted);
/* Takes n requests or rows of the party's budget on this worker: ERR_RATE when nothing is left of it. */
MUST_CHECK enum err party_may(struct request *rq, const struct party *p, uint32_t n);
/* Gives them back: it was another's doing that they came. */
void party_may_again(struct request *rq, const struct party *p, uint32_t n);
/* Likewise, of the caller, one postback that is explained: what is told of it leaves no trace. */
MUST_CHECK enum err party_may_have_explained(struct request *rq);
/* Finds, authenticates, handles. Every error becomes problem+json here. False: a job is under way. */
MUST_CHECK bool dispatch(struct worker *w, struct request *rq, struct reply *reply);
/* Its head alone has come: true for one that is answered without its body, as whoever sends it may not. */
MUST_CHECK bool dispatch_head(struct worker *w, struct request *rq, struct reply *reply);
/* The job has come back, or is waited for no longer (NULL). False: another one is under way. */
MUST_CHECK bool dispatch_finish(struct worker *w, struct request *rq, struct job *job, struct reply *reply);
/* A reply that goes on (reply.more) needs its next piece. False: a reader thread makes it. */
MUST_CHECK bool dispatch_more(struct worker *w, struct request *rq, struct reply *reply);
/* On a reader thread: what request.read says, or the route's handler. */
MUST_CHECK enum err dispatch_read(struct worker *reader, struct request *rq, struct reply *reply);
/* It has come back. False: a job is under way. */
MUST_CHECK bool dispatch_read_finish(struct worker *w, struct request *rq, enum err err, struct reply *reply);
/* Nobody waits for it any more. */
void dispatch_read_dropped(struct worker *w, struct request *rq, struct reply *reply);
void dispatch_say_withheld(struct worker *w); /* of log lines, since one was written */
/* The guard's refusal of what is no request. */
void dispatch_fault(struct worker *w, struct request *rq, const struct http_fault *fault, struct reply *reply);

#endif
