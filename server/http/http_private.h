/* Shared by the http*.c files alone. */
#ifndef CS_SERVER_HTTP_HTTP_PRIVATE_H
#define CS_SERVER_HTTP_HTTP_PRIVATE_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <sys/queue.h>
#include <sys/uio.h>
#include <time.h>

#include "server/http/http.h"
#include "server/http/http_chunks.h"
#include "server/http/http_head.h"
#include "server/system/allowance.h"
#include "server/system/budgets.h"
#include "server/tls/tls.h"

struct conn;
struct sockaddr;

/* What the guard waits for: nothing of a request has come, or a part of one, or its answer is not taken. */
enum waits { WAITS_IDLE, WAITS_PART, WAITS_UNREAD, WAITS, WAITS_NOT = WAITS };

/* A request on its way to its reply. Pooled; struct request must stay first: a request names its exchange. */
struct exchange {
    struct request rq;
    struct reply reply;
    struct conn *conn;          /* NULL when the peer is gone, or waits no longer */
    struct exchange *next;      /* free list */
    size_t held;                /* its bytes, if it is no small one */
    unsigned account[ACCOUNTS]; /* that they are counted in; 0: none */
    bool begun;                 /* the application knows it */
    bool in_pieces;             /* the head of its reply and a first piece are out */
};

TAILQ_HEAD(conn_list, conn);

/* Connections are counted by whose they are (address_subscriber), a few subscribers together: whoever has most makes
 * room first. Those that came by a trusted proxy are nobody's. */
enum { CROWDS = 1024, CROWD_NOBODYS = CROWDS, CROWD_FEW = 8 };

/* One listening socket. */
enum { DOORS = DOOR_REDIRECT + 1 };
struct door {
    struct http *http;
    struct event *incoming; /* NULL when the door is unused or closed */
    int fd;
    size_t n_conns, max_conns;
    uint32_t crowd[CROWDS + 1];    /* how many connections of each */
    struct conn_list waits[WAITS]; /* who may have to make room, the one that waits longest first; of the last, the one
                                      that was looked at longest ago */
    enum door_kind kind;
    bool paused, failing; /* failing: paused for a while, whatever ends meanwhile */
};

enum { HELD_CLASSES = 64 };
enum { ACCOUNT_PLACES = 4096 }; /* of one kind; the first is nobody's */

struct http {
    const struct http_app *app;
    void *ctx;
    struct http_rules rules;
    const struct proxies *proxies;
    enum proxies_header proxies_header;
    struct event_base *base;
    struct tls *tls;                       /* NULL: the main door is plain */
    size_t tls_held, tls_most, n_tls_shed; /* bytes; connections closed for them since that was said */
    struct door door[DOORS];
    struct event *watched, *tick, *app_tick, *resume_accept, *turn_end, *turns, *reap, *alarm;
    void (*ready)(void *ctx);
    char *scratch;           /* SCRATCH bytes: where the socket is read to */
    struct conn_list conns;  /* by deadline: all have the same patience, so the newest is always last */
    struct conn_list queue;  /* who has more to do, each in its turn */
    struct conn_list hellos; /* whose handshake goes on: it costs more than most requests, so the others come first */
    struct conn_list gone;   /* closed, not freed yet: a caller may still look at them */
    size_t n_conns, n_queue;
    struct exchange *pool;
    size_t n_exchanges, n_pool, peak_exchanges; /* peak: since the last tick */
    size_t held[HOLDINGS], n_shed[HOLDINGS];    /* bytes; connections closed for them since that was said */
    struct http_held *all;
    struct http_room room[HOLDINGS];
    size_t account[ACCOUNTS][ACCOUNT_PLACES]; /* bytes under way of each */
    size_t account_most;                      /* past it none of a body that is not whole grows */
    struct budgets *hello_budgets;            /* handshakes of each address */
    _Atomic uint64_t *hellos_refused;
    size_t loose; /* bytes freed since the last trim, and not taken again */
    /* Who holds bytes of a request, by whose connection it is, the one that began longest ago first; how many bytes. */
    struct conn_list parts[ACCOUNT_PLACES];
    size_t parts_held[ACCOUNT_PLACES];
    struct conn_list unread[HELD_CLASSES]; /* who holds an answer, by the power of two of its bytes */
    int64_t patience_us, stop_at_us, shed_said_us, trimmed_us;
    struct allowance unanswered; /* log lines about them */
    _Atomic uint64_t *loop_turns;
    uint64_t seed; /* of crowds */
    time_t date_s;
    char date[32]; /* of date_s, as the Date header has it */
    bool stopping;
};

/* Who may act on a connection next. Bytes are read from the socket only when the guard can use them: what a client
 * sends ahead of its turn stays in the socket. */
enum conn_state {
    CONN_HELLO,  /* the handshake of TLS */
    CONN_HEAD,   /* the guard waits for a request head */
    CONN_BODY,   /* the guard waits for the rest of a body; the head is still in `in` */
    CONN_ANSWER, /* the application has the request */
    CONN_WRITE,  /* a reply waits for room in the socket */
    CONN_LINGER, /* nothing more is answered: what comes in is thrown away until the peer closes */
    CONN_SHED,   /* what came of its request made room for others': its turn answers 503 */
    CONN_GONE    /* closed; freed when nobody can be looking at it any more */
};

struct conn {
    struct http *http;
    struct door *door; /* that it came in by */
    unsigned crowd;    /* of the door's */
    struct event io;   /* edge-triggered: told once, remembered in readable and hung_up */
    int fd;
    struct tls_stream *tls; /* NULL: plain, or nothing has come yet */
    size_t tls_held;        /* its bytes */
    enum conn_state state;
    struct exchange *ex; /* in CONN_ANSWER; in CONN_WRITE that of a reply that goes on */
    struct {
        char *ptr;
        size_t at, len, cap; /* len bytes from at on */
    } in;                    /* what was read and not yet taken; no memory when empty */
    struct {
        char *ptr;
        size_t at, len;
    } unsent;                           /* in CONN_WRITE: what did not fit into the socket */
    size_t scanned, head_len, body_len; /* of the request that `in` begins with */
    size_t body_limit;
    struct chunks chunks; /* of its body, if it is chunked */
    bool chunked;
    size_t discarded, held[HOLDINGS]; /* thrown away in CONN_LINGER; memory of in, and of unsent */
    unsigned account[ACCOUNTS];       /* that `held` is counted in; 0: none */
    unsigned owner;                   /* of parts: its address's place; 0: nobody's */
    uint64_t sent, taken;             /* bytes: given to the kernel; seen to have reached the peer */
    struct {
        uint64_t taken, pace; /* as it was at the last look, and bytes a second before it */
        int64_t us;
    } look; /* at how it takes its answer */
    int64_t deadline_us;
    unsigned overdue; /* deadlines passed while its answer was in the making */
    enum waits waits;
    TAILQ_ENTRY(conn) link, turn, part, unread, wait;
    bool behind_proxy, http10, keep_alive;
    bool lean;       /* the reply has no headers but those that its route gives it */
    bool incomplete; /* `in` was looked at: it is not a whole request */
    bool readable, hung_up, queued;
    char ip[46];
};

/* http_conn.c: the guard of one connection */
void conn_open(struct door *door, int fd, const struct sockaddr *peer);
void conn_turn(struct conn *c);    /* serves one request at most */
void conn_queue(struct conn *c);   /* has its turn behind all that wait already */
void conn_unqueue(struct conn *c); /* its turn has come, or never will */
void conn_arm(struct conn *c);     /* a new deadline */
void conn_expired(struct conn *c); /* its deadline has passed */
void conn_waits(struct conn *c, enum waits waits);
/* Who goes when somebody else wants in: of the largest crowd, or of all; nobody whose next request is there already,
 * nobody who takes its answer. Who wants in and can wait makes no others go while any of that crowd is about to be
 * read, nor ever who came a moment ago. NULL: all are served. */
struct conn *conn_to_yield(struct door *door, bool can_wait);
/* Of those with an answer to take who takes it slowest; but_for apart. NULL: there is none. */
struct conn *conn_slowest(struct door *door, const struct conn *but_for);
bool conn_stalls(const struct conn *c); /* as it was seen at the last look */
void conn_look(struct conn *c);         /* it has a new answer to take */
void conn_note_taken(struct conn *c);   /* of what was sent so far: what its peer takes from here on counts */
void conn_stop(struct conn *c);         /* the server goes down: closes unless a body or an answer is on its way */
void conn_give_up_body(struct conn *c); /* it is waited for no longer: 503 */
void conn_shed(struct conn *c);         /* what came of its request goes: it is answered 503 in its turn */
void conn_close(struct conn *c);
bool conn_is_reset(const struct conn *c);
void conn_abandon(struct conn *c); /* also what the kernel still holds for the peer goes */
void conn_drop_input(struct conn *c);
void conn_refuse_plain(struct conn *c); /* to who does not speak TLS where that is spoken */

/* http_wire.c: its bytes, in and out */
/* As recv and sendmsg, without waiting. A read leaves in readable whether more may have come. */
ssize_t wire_read(struct conn *c, char *to, size_t most);
ssize_t wire_write(struct conn *c, struct iovec *part, size_t parts); /* of two the second may be left */
int wire_end(struct conn *c);                                         /* nothing more will be written */
void wire_close(struct conn *c);                                      /* the socket stays open */
void wire_shake(struct conn *c);                                      /* a step of the handshake */

/* http_send.c: its replies */
void conn_send_reply(struct conn *c, struct exchange *ex); /* the exchange may be freed afterwards */
/* What there is of a reply that goes on, or its end. The exchange is the connection's until the application is asked
 * for more, or gone. */
void conn_send_piece(struct conn *c, struct exchange *ex);
void conn_send_rest(struct conn *c); /* the socket has room */

/* http_memory.c: exchanges, and what connections hold */
struct exchange *exchange_new(struct http *h);
void exchange_begin(struct http *h, struct exchange *ex); /* the application learns of it */
void exchange_free(struct http *h, struct exchange *ex);
/* Of what one account may have under way, so much that others have room beside it. */
size_t http_account_most(const struct http *h, size_t wished);
/* What this thread may hold, from now on. */
void http_change_room(struct http *h, enum http_holding what, struct http_room room);
/* Frees exchanges that were not in use since the last call, and now and then gives what was freed back to the system.
 */
void http_loosens(struct http *h, size_t before, size_t now); /* so many bytes of it were held, and are */
void http_trim(struct http *h, int64_t now_us);
void http_free_pool(struct http *h);
/* Counts what c holds now. Past the bound some go, which may be c. */
void conn_hold(struct conn *c);
void conn_begins(struct conn *c);              /* what it holds of a request is of a new one */
void conn_own(struct conn *c, const char *ip); /* whose it is; "": nobody's */
/* May a whole request of so many bytes, which is all that c holds, wait for its answer? Unfinished ones make room. */
bool conn_may_hold(struct conn *c, size_t len);
void http_say_shed(struct http *h, int64_t now_us);            /* logs what was closed for its memory, now and then */
void http_say_unanswered(struct http *h, uint64_t request_id); /* logs it, as long as its allowance lasts */

/* http.c */
/* Runs the handler; the reply leaves at once (ex is gone), or with http_answer. */
void exchange_dispatch(struct http *h, struct exchange *ex);
void http_room(struct door *door); /* a connection has ended: accept again */

enum {
    SCRATCH = LIMIT_HEAD + LIMIT_BODY,
    SMALL = 4096,    /* bytes of a request that its exchange has room for anyway */
    OVERDUE_MAX = 4, /* deadlines that an answer in the making may let pass */
    LINGER_MAX =
        LIMIT_BODY_SHEET /* bytes thrown away of a peer that sends on after its last answer; then it may wait */
};
_Static_assert((int)SCRATCH > (int)LIMIT_HEAD_TRACKING, "no larger head is read");

#endif
