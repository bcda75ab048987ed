/* Rows: the projections that decisions read. Every row is a function of entries (and of the tokens in their private
 * parts), so that a server, its recovery, `check` and an auditor hold the same rows. Keys and values are big-endian
 * bytes, FORMATS.md "Rows". */
#ifndef CS_DECISIONS_ROWS_H
#define CS_DECISIONS_ROWS_H

#include "common/decisions/identity.h"
#include "common/decisions/versions.h"

#define ROW_TABLE(X)                                                                                                   \
    X(LEADS, "leads", "contract be32, index be64 -> the lead's state")                                                 \
    X(MOVES, "moves", "contract be32, index be64 -> what this lead or disposition entry moved")                        \
    X(DEDUPE, "dedupe", "campaign or contract be32, kind, token, time, lead -> nothing; leads that stand, by key")     \
    X(TXIDS, "txids", "advertiser be32, SHA-256(txid)[:16], campaign be32, party id -> its lead, facts hash")          \
    X(CLICK_LEADS, "click_leads", "contract be32, click be64, lead be64 -> nothing")                                   \
    X(DUE, "due", "due ms be64, contract be32, index be64 -> nothing; leads that approve by themselves")               \
    X(TERMS, "terms", "contract be32, version be32 -> index of the terms entry, its time and rules")                   \
    X(PARTY_KEYS, "party_keys", "contract be32, party id -> the party's key as the log told it last")

enum row_table {
#define X(symbol, word, meaning) ROW_##symbol,
    ROW_TABLE(X)
#undef X
        ROW_TABLES
};
const char *row_table_name(enum row_table t);

/* Reads rows: LMDB inside the write transaction, a map in verify and check. Values live until the next write. Three
 * answers: ERR_OK, ERR_NOT_FOUND, or another error, after which nothing may be decided: it cannot be told whether the
 * row is there. */
struct view {
    enum err (*get)(void *ctx, enum row_table t, struct span key, struct span *value);
    /* First row whose key is >= from; ERR_NOT_FOUND at the end. */
    enum err (*seek)(void *ctx, enum row_table t, struct span from, struct span *key, struct span *value);
    /* A recorded click of a contract; ERR_NOT_FOUND when that index is not a click. */
    enum err (*click)(void *ctx, uint32_t contract, uint64_t index, enum class *class, int64_t *at_ms,
                      uint32_t *placement);
    void *ctx;
};

struct row_op {
    enum row_table table;
    bool del;
    uint8_t key[44], value[120];
    size_t key_len, value_len;
};
struct row_ops {
    struct row_op op[12];
    size_t n;
};

struct lead_row {
    enum status status;
    enum reason reason; /* of the lead entry */
    int64_t at_ms, due_ms;
    int64_t payout_micros; /* its price, also of one that was refused */
    int64_t approved_ms;   /* when it became payable first; 0 = not so far */
    int64_t changed_ms;    /* when it came to its status */
    int64_t return_days;   /* of the terms it was decided by: a later change never reaches back */
    uint64_t last;         /* index of the entry that last changed it */
    uint64_t terms;
    struct identity who;
};

struct move_row {
    enum entry_kind kind; /* ENTRY_LEAD or ENTRY_DISPOSITION */
    uint64_t lead;
    enum status status;
    enum reason reason;
    bool reinstated; /* what was refused or returned became payable by it */
    int64_t micros;  /* change of what is payable */
};

struct place { /* a lead somewhere in the campaign */
    uint32_t contract;
    uint64_t index;
    int64_t at_ms;
};

void row_index_key(uint8_t key[12], uint32_t contract, uint64_t index);
/* Each answers ERR_NOT_FOUND for a row that is not there, ERR_CORRUPT for one that does not read, and what the view
 * answers when it cannot tell. Outputs are written on ERR_OK alone. */
MUST_CHECK enum err row_lead(const struct view *v, uint32_t contract, uint64_t index, struct lead_row *out);
MUST_CHECK enum err lead_row_read(struct span value, struct lead_row *out);
MUST_CHECK enum err move_row_read(struct span value, struct move_row *out);
/* Whether a row of leads or moves, which both have the key contract be32, index be64, repeats what the entry there
 * says: ERR_CORRUPT when it does not, or does not read. Of other tables nothing is asked. */
MUST_CHECK enum err row_repeats(enum row_table t, struct span value, uint64_t index, const struct entry *e);
/* The lead that a sender reported under a txid in a campaign, the last one where it did so again. */
struct txid_row {
    uint32_t campaign;
    char party[LIMIT_ID + 1]; /* the sender's id */
    uint32_t contract;
    uint64_t index;
    uint8_t facts_sha256[HASH_LEN]; /* zeros when erased */
};
MUST_CHECK enum err row_txid(const struct view *v, uint32_t advertiser, uint32_t campaign, struct span party,
                             struct span txid, struct txid_row *out);
/* The next sender and campaign of an advertiser with this txid, behind *row; the first where row->campaign is 0. */
MUST_CHECK enum err row_txid_next(const struct view *v, uint32_t advertiser, struct span txid, struct txid_row *row);
/* The latest lead of [from_ms, to_ms] that stands under the key; `scope` is the campaign's number or the contract's. */
MUST_CHECK enum err row_dedupe(const struct view *v, uint32_t scope, const struct identity_key *k, int64_t from_ms,
                               int64_t to_ms, struct place *out);
/* Which lead has this key of `dedupe`; false: it is none. */
bool row_dedupe_lead(struct span key, uint32_t *contract, uint64_t *index);
/* The first lead of a click whose index is not below `from`. */
MUST_CHECK enum err row_click_lead_from(const struct view *v, uint32_t contract, uint64_t click, uint64_t from,
                                        uint64_t *lead);
/* The terms versions of a contract that may bind entries, of those whose own index is below `below`: without compiled
 * terms. ERR_NOT_FOUND when there is none. */
enum { TERMS_KEY_LEN = 8, TERMS_ROW_LEN = 28 };
void row_terms_key(uint8_t key[TERMS_KEY_LEN], uint32_t contract, uint32_t version);
struct terms_row {
    uint64_t index;
    int64_t at_ms, effective_ms, rules;
};
MUST_CHECK enum err terms_row_read(struct span value, struct terms_row *out);
MUST_CHECK enum err row_versions(const struct view *v, uint32_t contract, uint64_t below, struct versions *out);
/* The key that a party's last `key` entry in this contract's log gives; ERR_NOT_FOUND: the log tells none. */
enum { PARTY_KEY_MAX = 4 + LIMIT_ID };
size_t row_party_key_key(uint8_t key[PARTY_KEY_MAX], uint32_t contract, struct span party);
MUST_CHECK enum err row_party_key(const struct view *v, uint32_t contract, struct span party,
                                  uint8_t pub[ED25519_KEY_LEN]);
MUST_CHECK enum err due_key_read(struct span key, int64_t *due_ms, uint32_t *contract, uint64_t *index);

/* What one contract's entries since the last statement add up to, beside the moves. */
struct tally {
    uint64_t clicks[CLASS_COUNT], views[CLASS_COUNT], impressions[CLASS_COUNT];
    uint64_t gap_clicks, gap_views, gap_impressions;
    uint64_t payable_clicks, payable_impressions; /* of a payable class by the terms then in force */
    int64_t click_micros, impression_micros;      /* what those earned, by the same terms; views earn nothing */
    int64_t from_ms, to_ms;                       /* first and last entry's time, 0 when none */
};

#endif
