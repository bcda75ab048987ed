/* Answers that do not end: of each worker, who waits for what comes next. Four times a second it looks at what was
 * committed since, goes round all of them in steps, so that no click waits for very many, and by the contracts that
 * their callers may read has a piece made of whoever may have something (reply.more, on a reader thread); ends those
 * whose token, party or grant is over; and says something to who heard nothing for a while. Nobody is waited for: who
 * does not take what he has is told nothing until he does. */
#ifndef CS_SERVER_WORKER_STREAMS_H
#define CS_SERVER_WORKER_STREAMS_H

#include "common/tokens/tokens.h"
#include "server/worker/server.h"

enum {
    STREAM_BEAT_S = 15,        /* so long nothing, then a comment */
    STREAM_COUNTERS_MS = 1000, /* so long between two counters of a contract at least */
    STREAM_RETRY_MS = 2000     /* after so long clients come again */
};

/* What may have come that a stream is to be told. */
struct stream_due {
    bool events, counters, refused;
};

/* In the arena of its request. The worker's, but for a piece in the making what that is about. */
struct stream {
    struct request *rq;
    TAILQ_ENTRY(stream) next;
    enum { STREAM_SENDS, STREAM_WAITS, STREAM_READS } state;
    uint32_t party, contract; /* numbers; contract 0: all that the party may read */
    uint8_t token[HASH_LEN];
    struct stream_due due; /* since the last piece was begun */
    int64_t sent_us, counted_us;
    uint64_t round; /* that was to it last, or was under way when it came */
    /* a piece's */
    struct stream_due asked;
    struct event_place place; /* all before was told */
    uint64_t counted;         /* news_changes up to which counters were told */
    uint64_t counting;        /* what that becomes when all contracts are through, */
    uint32_t count_from;      /* which go on behind this one; 0: they are */
    bool behind;              /* there is more at once */
    bool recount;             /* counters could not be told yet: in a while */
};

/* The caller's, of that contract (0: all); the reply begins with `place`. ERR_RATE, ERR_BUSY: there are too many. */
MUST_CHECK enum err streams_open(struct request *rq, struct reply *reply, uint32_t contract,
                                 const struct event_place *place);
/* Writes "id: ...": who comes again with it goes on there. */
void stream_id(struct worker *w, const struct event_place *place, struct buf *out);
/* Whoever is told is the caller by the newest control data: a stream outlives many snapshots, and holds no old one.
 * ERR_UNAUTHORIZED: its token is gone. */
MUST_CHECK enum err stream_follow(struct request *rq);
/* The last piece, which says why. Clients come again, and are told then what is wrong, if anything is. */
void stream_end(struct reply *reply, const char *why);

/* ---- of worker.c ---- */
void streams_wait(struct worker *w, struct request *rq); /* what it had is taken */
void streams_made(struct worker *w, struct request *rq); /* a piece has come back from the readers */
unsigned streams_tick(struct worker *w);                 /* the next step of a round; after so many ms again */
void streams_stop(struct worker *w);                     /* the server goes down: ends those that wait */
bool streams_drop(struct worker *w, struct request *rq); /* its peer is gone. False: it comes back */
void streams_forget(struct request *rq);                 /* it is over */

#endif
