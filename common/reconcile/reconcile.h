/* A party's own rows held against the leads of a contract's log: what stands on both sides, on one alone, or otherwise
 * on each, and why. One matcher for the server, which has the store, and for an auditor, who has a mirror. Pure.
 *
 * - reconcile_open: reads all rows, so that what is wrong with them is said before the log is read.
 * - reconcile_lead, _click, _refusal: each lead of the log in its order; clicks and refusals that are asked for.
 * - reconcile_match: rows and leads, once all leads were told.
 * - reconcile_end: explains, adds up.
 * - reconcile_json, reconcile_csv: the same for programs and for spreadsheets, any number of times.
 *
 * Owned by one thread. Memory: at most 200 bytes a row and 150 a lead of the period, with its txid. */
#ifndef CS_RECONCILE_RECONCILE_H
#define CS_RECONCILE_RECONCILE_H

#include "common/base/json_write.h"
#include "common/decisions/rows.h"
#include "common/reconcile/values.h"
#include "common/tokens/tokens.h"

#define RECONCILIATION_TYP "countersign-reconciliation"

/* Rows and bytes of one file, items that one answer lists: more are counted, added up, and left out. */
enum { RECONCILE_ROWS = 1000000, RECONCILE_BYTES = 256 << 20, RECONCILE_LEADS = 4000000, RECONCILE_ITEMS = 20000 };

/* symbol, word, what it means: in the order of lists */
#define OUTCOME_TABLE(X)                                                                                               \
    X(MATCHED, "matched", "stands on both sides, and nothing that the row says differs")                               \
    X(DIFFERING, "differing", "stands on both sides, and state, amount, currency or day differ")                       \
    X(MISSING_HERE, "missing_here", "stands in the rows, and not among the log's leads of the period")                 \
    X(MISSING_THERE, "missing_there", "stands in the log, and not in the rows")

enum outcome {
#define X(symbol, word, meaning) OUTCOME_##symbol,
    OUTCOME_TABLE(X)
#undef X
        OUTCOMES
};

#define CAUSE_TABLE(X)                                                                                                 \
    X(NONE, "", "it is matched")                                                                                       \
    X(TEST, "test", "the log has it as a test")                                                                        \
    X(DUPLICATE, "duplicate", "the log refused it as a duplicate, or another row names the same lead")                 \
    X(BOT, "bot", "the traffic was automated")                                                                         \
    X(UNKNOWN_CLICK, "unknown_click", "no click of this contract stands behind it")                                    \
    X(REJECTED, "rejected", "the log has it as rejected or returned, for the reason that stands beside it")            \
    X(REFUSED, "refused", "it was not taken: it stands in the refused log")                                            \
    X(LITERAL_MACRO, "literal_macro", "its key is a macro that nobody filled in, such as {txid}")                      \
    X(NO_KEY, "no_key", "no cell of the row names a lead")                                                             \
    X(UNKNOWN_LEAD, "unknown_lead", "its lead reference names no lead of this contract")                               \
    X(CURRENCY, "currency", "the row is in another currency than the contract")                                        \
    X(ROUNDING, "rounding", "the amounts differ by less than the smallest coin")                                       \
    X(SALE, "sale", "the row has the lead's price alone, without the share of its sale")                               \
    X(STATE, "state", "one side has it as paid, the other as open or not paid")                                        \
    X(ZONE, "zone", "the rows' clock is so many hours off, the same for all: by it the days are equal")                \
    X(LATE, "late", "the log received it later: after the period, after the rows' last time, on a later day")          \
    X(EARLY, "early", "the log received it earlier: before the period, or on an earlier day")                          \
    X(NOT_JUDGED, "not_judged", "only the server can open its lead reference")                                         \
    X(UNEXPLAINED, "unexplained", "nothing that is known explains it")

enum cause {
#define X(symbol, word, meaning) CAUSE_##symbol,
    CAUSE_TABLE(X)
#undef X
        CAUSES
};
const char *outcome_word(enum outcome o);
const char *cause_word(enum cause c);

/* Columns that are looked for, in the order in which keys count. */
#define COLUMN_TABLE(X)                                                                                                \
    X(LEAD, "lead", "the lead's reference, as postbacks are answered, or its index in the log")                        \
    X(TXID, "txid", "the sender's own id of the lead")                                                                 \
    X(CLICK, "click_id", "the click id")                                                                               \
    X(REQUEST, "request_id", "the id of the answer to the postback: finds what was refused")                           \
    X(AT, "at", "day or time")                                                                                         \
    X(AMOUNT, "amount", "what is paid for the lead, in the currency's units")                                          \
    X(MICROS, "micros", "the same in millionths, a whole number")                                                      \
    X(CURRENCY, "currency", "ISO 4217")                                                                                \
    X(STATUS, "status", "what became of it")

enum column {
#define X(symbol, word, meaning) COLUMN_##symbol,
    COLUMN_TABLE(X)
#undef X
        COLUMNS_KNOWN
};
const char *column_word(enum column c);
/* The i-th name, without case and signs, that means a column by itself; of several of one column the first counts.
 * NULL past the last. */
const char *column_synonym(size_t i, enum column *c);

struct reconcile_asked {
    struct span rows; /* outlives the reconcile */
    struct span map;  /* "txid:Order ID,amount:#4,status:": whose columns are which, before the table of synonyms */
    enum date_order dates;
    enum decimal_mark decimal;
    bool flags; /* a cure is told by flags of a command, "--dates dmy", else by parameters of a URL, "dates=dmy" */
    struct bound from, to;
    uint64_t most_rows, most_leads; /* 0: RECONCILE_ROWS, RECONCILE_LEADS */
    struct span currency;           /* of the contract; outlives */
    struct span party; /* whose rows they are, as a sender of leads: of two leads with one txid its own counts; empty:
                          not known */
    /* The index of the lead that a reference names. ERR_NOT_FOUND: it is none of this contract. NULL: references cannot
     * be opened. */
    enum err (*open_lead)(void *ctx, struct span reference, uint64_t *index);
    /* The click that an id of this contract names, its index and flags; NULL likewise. */
    enum err (*open_click)(void *ctx, struct span id, struct pointer *click);
    /* Appends the reference of a lead; NULL: items have none. */
    void (*reference)(void *ctx, uint64_t index, struct buf *out);
    void *ctx;
    void (*progress)(void *ctx, uint64_t done, uint64_t all); /* bytes of the rows; NULL: nobody asks */
    void *progress_ctx;
};

struct reconcile;
/* ERR_MALFORMED: the rows do not read; *p names the line and the cure. */
MUST_CHECK enum err reconcile_open(struct reconcile **out, const struct reconcile_asked *asked, struct problem *p);
void reconcile_close(struct reconcile *r); /* NULL-safe */
uint64_t reconcile_rows(const struct reconcile *r);

/* A lead entry of the log, in order, with the time that its row has (the clock's). ERR_TOO_LARGE: the period has more
 * than most_leads. */
MUST_CHECK enum err reconcile_lead(struct reconcile *r, uint64_t index, int64_t at_ms, const struct entry_lead *l);
/* A click of the log; those that are not asked for are passed over. */
void reconcile_click(struct reconcile *r, uint64_t index, enum class class);
/* The next click that a row names and no lead has, once matched; *at 0 at first. */
bool reconcile_wants_click(const struct reconcile *r, size_t *at, uint64_t *index);
/* What the server refused of the party. Where nobody calls this the answer says that it was not judged. */
void reconcile_refusals(struct reconcile *r); /* they will be told, if there are any */
void reconcile_refusal(struct reconcile *r, int64_t at_ms, struct span request_id, struct span reason);

/* All leads were told; `became` reads the row of each that is kept. Any error of it: nothing can be told. */
typedef enum err lead_became(void *ctx, uint64_t index, struct lead_row *out);
MUST_CHECK enum err reconcile_match(struct reconcile *r, lead_became *became, void *ctx);
/* last_ms: the time of the log's last entry. ERR_INVALID: the sums leave the range of money. */
MUST_CHECK enum err reconcile_end(struct reconcile *r, int64_t last_ms, struct problem *p);

/* What came of it, in numbers. `delta`: by how much the rows are above the log, in the contract's currency. */
struct reconcile_sum {
    uint64_t n;
    int64_t delta_micros;
};
struct reconcile_sum reconcile_sum(const struct reconcile *r, enum outcome o, enum cause c);
uint64_t reconcile_count(const struct reconcile *r, enum outcome o);

/* In words: the money; what is of one class and reason. */
void reconcile_say(const struct reconcile *r, struct buf *out);
void reconcile_say_sum(const struct reconcile *r, enum outcome o, enum cause c, struct buf *out);

/* Who signs it, and what of; all empty where nobody does. */
struct reconcile_head {
    struct span contract, issuer, party;
    int64_t at_ms;
    uint64_t size;
    struct hash root;
};
void reconcile_json(struct reconcile *r, const struct reconcile_head *h, struct buf *out); /* canonical JSON */
/* Marks and decimals as the rows have them. At most so many items and what the others come to, a piece at a time:
 * `write` gets what `out` holds, which is empty again then (NULL: it all stays in `out`). */
void reconcile_csv(struct reconcile *r, uint64_t most, struct buf *out, void (*write)(void *ctx, struct buf *out),
                   void *ctx);

#endif
