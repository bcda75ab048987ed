/* What all threads of `serve` share, made before they start and freed after they stop; and a worker's own. */
#ifndef CS_SERVER_WORKER_SERVER_H
#define CS_SERVER_WORKER_SERVER_H

#include <pthread.h>
#include <stdatomic.h>

#include "server/commit/news.h"
#include "server/commit/source.h"
#include "server/http/http.h"
#include "server/instance/instance.h"
#include "server/lists/lists.h"
#include "server/lists/zones.h"
#include "server/system/allowance.h"
#include "server/system/metrics.h"
#include "server/tls/tls.h"
#include "server/worker/agent_cache.h"
#include "server/worker/code_cache.h"
#include "server/worker/fitting.h"
#include "server/worker/repeats.h"
#include "server/worker/settings.h"
#include "server/worker/summaries.h"

enum { ROWS_CALLS = 16 }; /* of many rows that one worker has under way */

struct route;          /* dispatch.h */
struct courier;        /* courier/courier.h */
struct witness;        /* keys/witness.h */
struct readers;        /* readers.h */
struct budgets;        /* system/budgets.h */
struct drafts;         /* settlement/drafts.h */
struct ended_sessions; /* ended_sessions.h */
struct mail_links;     /* mail_links.h */
struct upkeep;         /* upkeep/upkeep.h */
struct routes {
    const struct route *route;
    size_t n;
    /* As a route's own, where there is none. NULL: problem+json. */
    void (*fail)(struct request *rq, enum err err, struct reply *reply);
};

/* Whose log lines have an allowance of their own. */
enum telling {
    TELL_STRANGERS, /* what anybody can bring about, also by bytes that he caught */
    TELL_BUSY,      /* 5xx because more came than can be taken, which anybody can bring about too */
    TELL_FAILURES,  /* all other 5xx */
    TELL_SENDERS,   /* refusals of those whose signature holds: of each party its own, of a few together */
    TELLINGS = TELL_SENDERS + 32
};

struct server {
    struct settings_slot *settings;
    atomic_bool settings_kept; /* the last HUP's were refused */
    struct instance instance;
    char listen[64], admin_listen[64],
        redirect_listen[64]; /* address:port really bound (port 0 is settled by serve before the workers start) */
    struct routes routes;
    const char *const *fast; /* what is read leniently and answered tersely, http.h */
    const struct http_large *large;
    struct source *source;
    struct readers *readers; /* NULL: workers read themselves (tests) */
    struct news *news;       /* NULL: nobody is told live (tests) */
    struct metrics *metrics;
    struct courier *courier;               /* NULL: nobody is asked to witness */
    struct outgoing *outgoing;             /* NULL: nothing is sent to anybody */
    struct mail_links *mail_links;         /* NULL: no e-mail is sent */
    struct drafts *drafts;                 /* NULL: each look begins anew (tests) */
    struct ended_sessions *ended_sessions; /* NULL: none is kept (tests) */
    struct upkeep *upkeep;                 /* NULL: copies and checks are made by hand (tests) */
    struct witness *witness;               /* NULL: nobody is witnessed */
    struct lists_slot *lists;
    struct tls *tls;   /* NULL: the main listener is plain */
    const char *zones; /* the folder of the system's time zones; NULL: ZONES_FOLDER */
    struct repeats *repeats;
    struct http_held held;    /* what the workers hold for peers */
    _Atomic size_t n_streams; /* open, of all workers */
};

enum { STREAM_PARTIES = 256 };

/* Answers of one worker that do not end, streams.h. */
struct streams {
    TAILQ_HEAD(, stream) all;
    size_t n;
    struct news_look look;
    struct party_came {
        uint32_t party; /* 0: none */
        uint8_t what;
    } came_to[STREAM_PARTIES]; /* of this look, by party number; some share a place */
    struct catalog *checked;   /* the snapshot by which their tokens were looked at last; held */
    int64_t checked_us;
    /* of the round over all of them, a step at a time: who had his turn, or came since it began, stands behind */
    struct catalog *round; /* held; it has every contract of the look; NULL: none is under way */
    uint64_t rounds;       /* begun */
    size_t step;           /* streams that one step goes to */
    bool came, changed;    /* anything, since the round before; tokens are looked at */
};

/* One thread, one event loop, its own contexts. Handlers reach these through request->worker, which on a reader thread
 * is contexts alone. */
struct worker {
    struct server *server;
    const struct settings *settings; /* of the present request */
    size_t number;
    struct tokens *tokens;
    struct code_cache *codes;
    struct agent_cache *agents;
    struct fitting *fitting;
    struct summaries *summaries;
    const struct lists *lists;
    struct zones *zones;
    struct sealer *sealer;
    struct signer *statement_signer;
    struct counters *counters; /* this thread's metrics */
    struct txn *reader;        /* reset between requests */
    bool reading;              /* the reader is live */
    struct buf openapi;        /* heap; empty until somebody asks */
    struct http *http;         /* NULL: requests come from elsewhere (tests) */
    pthread_t thread;
    atomic_bool stopping; /* any thread */
    uint64_t id[32];      /* drawn, for the requests to come */
    size_t n_ids;
    int64_t now_us;                                  /* monotonic, of the turn that hands back jobs; 0: none does */
    unsigned pushed;                                 /* jobs since the committer was woken last */
    TAILQ_HEAD(, request) waiting;                   /* for their commit, by arrival; click_wait_ms at most */
    bool alarmed;                                    /* http_alarm will look at them */
    struct allowance telling[TELLINGS];              /* log lines */
    int64_t withheld_said_us;                        /* monotonic: when it was told how many were left out */
    struct budgets *parties, *strangers, *explained; /* what each party, and each address, may ask for */
    struct streams streams;
    uint32_t rows_of[ROWS_CALLS]; /* parties whose calls of many rows are under way; 0: a free place */
};

/* Contexts alone, without a thread. */
void worker_open(struct worker *w, struct server *sv, size_t number);
void worker_close(struct worker *w);
/* Goes over to the present settings; true where they were others. Between two requests. */
bool worker_follow(struct worker *w);
/* Dies when it cannot listen or start. */
void worker_start(struct server *sv, size_t number, struct worker **out);
void worker_stop(struct worker *w); /* stops accepting, lets exchanges in flight end (5 s at most), joins, frees */

/* ---- for handlers ---- */

/* This worker's read transaction, renewed; ended with the request. */
MUST_CHECK enum err worker_reader(struct worker *w, struct txn **out);
/* A new one in its place, for what reads READ_SLICE rows at a time. ERR_BUSY, told: the server goes down. */
MUST_CHECK enum err worker_reader_anew(struct worker *w, struct txn **out, struct problem *p);
void worker_reader_end(struct worker *w);
/* A cleared job of this request, in its arena. advertiser: whose logs and rows it may touch; NULL: nobody's. */
struct job *worker_job(struct request *rq, enum record_kind kind, const struct who *advertiser);
/* Notes the cause of a 5xx for the log (its sender is not told), and returns err. */
enum err worker_fails(struct request *rq, enum err err, const char *fmt, ...) __attribute__((format(printf, 3, 4)));
/* ERR_PENDING: the route's finish gets it after the commit. ERR_BUSY: the queue is full. */
MUST_CHECK enum err worker_submit(struct request *rq, struct job *job);
/* The same for those who wait click_wait_ms at most: if the job is not back by then, finish gets NULL in its place. The
 * job is the committer's still: what that writes of it (the entry's time, class and claim) is not to be looked at. */
MUST_CHECK enum err worker_submit_within(struct request *rq, struct job *job);

#endif
