/* Deliveries: what is told of an entry to a party's webhook. Byte formats: FORMATS.md, "Deliveries". */
#ifndef CS_COMMIT_DELIVERY_H
#define CS_COMMIT_DELIVERY_H

#include <stdbool.h>

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/limits.h"
#include "common/base/span.h"

/* symbol, word, what */
#define DELIVERY_EVENT_TABLE(X)                                                                                        \
    X(LEAD, "lead", "a lead, with what was decided of it")                                                             \
    X(DISPOSITION, "disposition", "what became of a lead")                                                             \
    X(STATEMENT, "statement", "a statement was issued")                                                                \
    X(TEST, "test", "somebody asked whether deliveries arrive")

enum delivery_event {
#define X(symbol, word, what) DELIVERY_##symbol,
    DELIVERY_EVENT_TABLE(X)
#undef X
        DELIVERY_EVENTS
};
const char *delivery_event_word(enum delivery_event e);

#define DELIVERY_STATE_TABLE(X)                                                                                        \
    X(PENDING, "pending", "it is tried, or tried again, at next_at")                                                   \
    X(DELIVERED, "delivered", "the target answered 2xx")                                                               \
    X(FAILED, "failed", "it was tried for three days")                                                                 \
    X(DROPPED, "dropped", "its webhook or CRM was gone, or switched off by a 410, when it was due; or the person")

enum delivery_state {
#define X(symbol, word, what) DELIVERY_##symbol,
    DELIVERY_STATE_TABLE(X)
#undef X
        DELIVERY_STATES
};
const char *delivery_state_word(enum delivery_state s);

/* Why an attempt is none that arrived. */
#define DELIVERY_ERROR_TABLE(X)                                                                                        \
    X(NONE, "", "it arrived")                                                                                          \
    X(STATUS, "status", "the target answered another status than 2xx")                                                 \
    X(REDIRECT, "redirect", "it answered 3xx: redirects are not followed")                                             \
    X(ADDRESS, "address_refused", "its name leads to an address that is not called (webhook_allow)")                   \
    X(NAME, "name_unknown", "its name leads to no address")                                                            \
    X(CONNECT, "not_connected", "nobody listens there, or the way is barred")                                          \
    X(TLS, "tls_failed", "its certificate does not hold, or TLS failed otherwise")                                     \
    X(TIMEOUT, "timeout", "it did not answer whole within 15 seconds")                                                 \
    X(SIZE, "answer_too_large", "its answer is larger than 16 KiB")                                                    \
    X(BROKEN, "broken", "the connection broke, or what came is no HTTP")                                               \
    X(UNREADABLE, "unreadable", "what it tells of does not read here: run countersign check")

enum delivery_error {
#define X(symbol, word, what) DELIVERY_ERROR_##symbol,
    DELIVERY_ERROR_TABLE(X)
#undef X
        DELIVERY_ERRORS
};
const char *delivery_error_word(enum delivery_error e);

/* What it tells of, and whom: a party by its webhook, or an advertiser by a campaign's CRM. contract 0: a test, whose
 * index is its time. */
#define DELIVERY_CRM UINT32_C(0x80000000) /* and a campaign's number; without it a party's */
struct delivery_place {
    uint32_t contract;
    int64_t at_ms; /* of the entry */
    uint64_t index;
    uint32_t target;
};

struct delivery_attempt {
    int64_t at_ms;
    uint16_t status; /* 0: there was no answer */
    uint32_t ms;
    enum delivery_error error;
};

enum { DELIVERY_ATTEMPTS = 32 }; /* that are kept: the last ones */
enum { DELIVERY_TRY_MS = 3 * 24 * 3600 * 1000, DELIVERY_KEEP_DAYS = 30, DELIVERY_KEEP_ROWS = 20000 };
#define DELIVERY_KEEP_MS ((int64_t)DELIVERY_KEEP_DAYS * 24 * 3600 * 1000)

struct delivery {
    enum delivery_event event;
    enum delivery_state state;
    int64_t due_ms, until_ms; /* of one that is pending: when it is tried next, and how long it is; else 0 */
    uint8_t tries;            /* since it was made, or sent again: at most 255 are counted */
    uint16_t forgotten;       /* attempts that are not kept */
    size_t n;
    struct delivery_attempt attempt[DELIVERY_ATTEMPTS];
};

enum {
    DELIVERY_KEY_LEN = 24,
    OUTBOX_KEY_LEN = 32,
    OUTBOX_ROW_LEN = 8,
    DELIVERY_HEAD_LEN = 22,
    DELIVERY_ATTEMPT_LEN = 15,
    DELIVERY_ROW_MOST = DELIVERY_HEAD_LEN + DELIVERY_ATTEMPTS * DELIVERY_ATTEMPT_LEN
};
/* Of a contract the newest first. */
void delivery_key(const struct delivery_place *p, uint8_t out[DELIVERY_KEY_LEN]);
MUST_CHECK enum err delivery_key_read(struct span key, struct delivery_place *out);
/* Of a target by due time. */
void outbox_key(const struct delivery_place *p, int64_t due_ms, uint8_t out[OUTBOX_KEY_LEN]);
MUST_CHECK enum err outbox_key_read(struct span key, struct delivery_place *out, int64_t *due_ms);

void delivery_write(struct buf *out, const struct delivery *d);
MUST_CHECK enum err delivery_read(struct span row,
                                  struct delivery *out); /* ERR_CORRUPT: not what delivery_write gives */
void delivery_add(struct delivery *d, const struct delivery_attempt *a); /* the oldest one goes where all are kept */

/* What came of an attempt, as a record has it. */
struct delivery_result {
    struct delivery_place place;
    int64_t was_due_ms; /* the row that it was made by: another one, and it is no news */
    int64_t hook_ms;    /* since when the webhook is as it was then */
    bool gone;          /* the target answered 410: nothing more goes there */
    enum delivery_state state;
    int64_t due_ms; /* of one that is pending: the next attempt; else 0 */
    bool tried;     /* else there was no attempt */
    struct delivery_attempt attempt;
};
enum { DELIVERY_RESULT_LEN = DELIVERY_KEY_LEN + 8 + 8 + 1 + 1 + 8 + 1 + DELIVERY_ATTEMPT_LEN };
enum { DELIVERY_RESULTS = 512 }; /* in one record */
void delivery_result_write(struct buf *out, const struct delivery_result *r);
/* Takes the first of several. ERR_CORRUPT. */
MUST_CHECK enum err delivery_result_take(struct span *rest, struct delivery_result *out);

/* Backoff before attempt `tries` + 1, at least; jitter is a number that was drawn: a quarter less to a quarter more. */
int64_t delivery_pause_ms(unsigned tries, uint32_t jitter);

/* CONTRACT-INDEX-TARGET, or T-MS-TARGET, the id of a party or a campaign: unique for all time, and the same for whoever
 * says it. */
enum { DELIVERY_ID_CAP = 2 * LIMIT_ID + 24 };
void delivery_id(struct span contract, uint64_t index, struct span target, char out[DELIVERY_ID_CAP]);
/* Cuts it; contract empty: a test. ERR_NOT_FOUND: it is none. */
MUST_CHECK enum err delivery_id_read(struct span id, struct span *contract, uint64_t *index, struct span *target);

/* Scheme and host of a target, and the / behind: the rest of its URL may be a secret, and so may a query be. */
struct span delivery_host(struct span url);

/* The name of the first {macro} of a URL that is none that deliveries replace; empty: there is none. */
struct span delivery_unknown_macro(struct span url);
struct delivery_macro {
    const char *name;
    struct span value;
};
/* Appends the URL, its macros replaced by their values, percent-encoded; by nothing where there is none, and in the
 * path by nothing where it is "." or "..". */
void delivery_macro_url(struct buf *out, struct span url, const struct delivery_macro *m, size_t n);

#endif
