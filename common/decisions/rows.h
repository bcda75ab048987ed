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
    X(DEDUPE, "dedupe", "campaign or contract be32, kind, token, time, lead -> leads that stand, by key; duplicates")  \
    X(TXIDS, "txids", "advertiser be32, SHA-256(txid)[:16], campaign be32, party id -> its lead, facts hash")          \
    X(CLICK_LEADS, "click_leads", "contract be32, click be64, lead be64 -> nothing")                                   \
    X(DUE, "due", "due ms be64, contract be32, index be64 -> nothing; leads that approve by themselves")               \
    X(TERMS, "terms", "contract be32, version be32 -> index of the terms entry, its time and rules")                   \
    X(SHARES, "shares", "campaign be32, commitment[:16], contract be32, index be64 -> nothing; parts of shared leads") \
    X(PARTY_KEYS, "party_keys", "contract be32, party id -> the party's key as the log told it last")                  \
    X(CAPS, "caps", "scope, number be32, period, day or month be32 -> leads of it that stand, their micros")           \
    X(CUTS, "cuts", "contract be32, index be64 -> root and tally of the entries before it: a statement ends there")    \
    X(ADJUSTMENTS, "adjustments", "contract be32, index be64 -> an adjustment, who assented, from where it counts")    \
    X(SETTLED, "settled", "contract be32, to be64 -> the statement that ends there")                                   \
    X(CORRECTIONS, "corrections",                                                                                      \
      "contract be32, statement id or side u8 -> adjustments of it, or that it is to sign")                            \
    X(TRADERS, "traders", "contract be32, index be64 -> whose legal data the `party` entry tells, and who first did")

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
    enum err (*click)(void *ctx, uint32_t contract, uint64_t index, struct clicked *out);
    /* The leaf hash of a recorded lead; ERR_NOT_FOUND when that index is not a lead. */
    enum err (*leaf)(void *ctx, uint32_t contract, uint64_t index, struct hash *out);
    /* The bytes of a recorded entry, until the view is asked again; ERR_NOT_FOUND when there is none at that index. */
    enum err (*entry)(void *ctx, uint32_t contract, uint64_t index, struct span *out);
    /* The bytes that a `model` entry of the contract names, which have that hash, likewise; NULL: nobody asks. */
    enum err (*state)(void *ctx, uint32_t contract, const struct hash *sha256, struct span *out);
    void *ctx;
};

__extension__ typedef __int128 wide_micros; /* many prices: more than 64 bits may hold */

enum { LEAD_ROW_LEN = 181 }; /* the longest of all */
struct row_op {
    enum row_table table;
    bool del;
    uint8_t key[44], value[LEAD_ROW_LEN];
    size_t key_len, value_len;
    struct span text; /* behind the value: the entry's own, or of a row that stands until the first op is done */
};
enum { ROW_VALUE_MAX = LEAD_ROW_LEN + LIMIT_FIELD };
/* The whole value; in `room` if it is not in the op. */
struct span row_op_value(const struct row_op *op, uint8_t room[ROW_VALUE_MAX]);
struct row_ops {
    struct row_op op[20];
    size_t n;
};

/* What a part of a shared lead is a part of, and which: its lead's commitment[:16], which all parts have, and its
 * interval of the whole (attribution.h). */
struct share {
    uint8_t lead[TOKEN_LEN];
    uint32_t from, to; /* to 0: not shared */
};

struct lead_row {
    enum status status;
    enum reason reason;    /* of the lead entry */
    int64_t at_ms, due_ms; /* by the server's clock, as all times of rows */
    int64_t payout_micros; /* its price, also of one that was refused */
    int64_t approved_ms;   /* when it became payable first; 0 = not so far */
    int64_t changed_ms;    /* when it came to its status */
    int64_t signed_ms;     /* when, by its own word, the last countersigned disposition was signed; 0 = none */
    int64_t return_days;   /* of the terms it was decided by: a later change never reaches back */
    int64_t utc_offset_s;  /* of the campaign's zone as it came */
    uint32_t clock_steps;  /* as its entry says, and */
    bool clock_unsure;
    int64_t sale_ppm;    /* of the terms it was decided by */
    int tier;            /* of the price, -1 when none */
    int64_t sale_micros; /* what its sale pays beside the price, while it is converted */
    uint64_t last;       /* index of the entry that last changed it */
    uint64_t paid;       /* of that by which it became payable first; 0 = not so far */
    uint64_t terms;
    bool sold;     /* it is converted, and an amount was told */
    bool unproven; /* a pixel's, and the terms did not trust pixels: it stands once somebody has approved it */
    struct identity who;
    struct share share; /* all zeros: it has the whole price */
};

enum { VAT_MAX_PPM = 1000000 };
struct move_row {
    enum entry_kind kind; /* ENTRY_LEAD, ENTRY_DISPOSITION or ENTRY_ADJUSTMENT */
    uint64_t lead;        /* of an adjustment, which counts from here on: its own entry */
    enum status status;
    enum reason reason;
    enum status was; /* the lead's status before a disposition */
    int64_t micros;  /* change of what is payable */
    int64_t vat_ppm; /* the rate that the terms agreed at it; of what corrects another one that which was agreed then */
};
/* Whether what was refused or returned became payable by it. */
static inline bool move_reinstates(const struct move_row *m)
{
    return m->kind == ENTRY_DISPOSITION && !status_stands(m->was) && status_stands(m->status);
}
/* Whether it adds to the gross of its period; else it is among the adjustments. */
static inline bool move_earns(const struct move_row *m)
{
    return m->kind != ENTRY_ADJUSTMENT && m->micros >= 0 && !move_reinstates(m);
}
/* Whether the lead became payable by it, whatever it was before. */
static inline bool move_begins_to_pay(const struct move_row *m)
{
    return status_payable(m->status) && (m->kind == ENTRY_LEAD || !status_payable(m->was));
}

struct place { /* a lead somewhere in the campaign */
    uint32_t contract;
    uint64_t index;
    int64_t at_ms;
};

/* Whether it is in the way of other reports of the person. */
static inline bool lead_stands(const struct lead_row *r)
{
    return status_stands(r->status) && !(r->unproven && r->status == STATUS_HELD);
}

void row_index_key(uint8_t key[12], uint32_t contract, uint64_t index);
/* Each answers ERR_NOT_FOUND for a row that is not there, ERR_CORRUPT for one that does not read, and what the view
 * answers when it cannot tell. Outputs are written on ERR_OK alone. */
MUST_CHECK enum err row_lead(const struct view *v, uint32_t contract, uint64_t index, struct lead_row *out);
MUST_CHECK enum err lead_row_read(struct span value, struct lead_row *out);
MUST_CHECK enum err row_move(const struct view *v, uint32_t contract, uint64_t index, struct move_row *out);
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
    uint8_t facts_sha256[HASH_LEN];
};
MUST_CHECK enum err row_txid(const struct view *v, uint32_t advertiser, uint32_t campaign, struct span party,
                             struct span txid, struct txid_row *out);
/* The next sender and campaign of an advertiser with this txid, behind *row; the first where row->campaign is 0. */
MUST_CHECK enum err row_txid_next(const struct view *v, uint32_t advertiser, struct span txid, struct txid_row *row);
/* A lead under one of its keys. */
struct dedupe_row {
    struct place at;
    struct place repeats; /* of a duplicate: what stood in its way, whose at_ms is not told */
    bool weak;            /* likewise: not by contact keys alone */
    bool more;            /* also on ERR_NOT_FOUND: the key has further rows, of other times or layers */
};
/* The next lead of [from_ms, to_ms] under the key, the latest first, behind row->at; the first where row->at.contract
 * is 0. `scope` is the campaign's number or the contract's. */
MUST_CHECK enum err row_dedupe_next(const struct view *v, uint32_t scope, const struct identity_key *k, int64_t from_ms,
                                    int64_t to_ms, struct dedupe_row *row);
/* The parts of a shared lead, by contract; ERR_CORRUPT when they are more than a lead has touches. at_ms is not said.
 */
MUST_CHECK enum err row_parts(const struct view *v, uint32_t campaign, const struct share *share,
                              struct place out[LIMIT_TOUCHES], size_t *n);
/* Which lead has this key of `dedupe`; false: it is none. */
bool row_dedupe_lead(struct span key, uint32_t *contract, uint64_t *index);
/* The first lead of a click whose index is not below `from`. */
MUST_CHECK enum err row_click_lead_from(const struct view *v, uint32_t contract, uint64_t click, uint64_t from,
                                        uint64_t *lead);
/* The terms versions of a contract that may bind entries, of those whose own index is below `below`: without compiled
 * terms. ERR_NOT_FOUND when there is none. */
enum { TERMS_KEY_LEN = 8, TERMS_ROW_LEN = 29 + SIDES * 16 + (SIDES + 1) * 16 };
void row_terms_key(uint8_t key[TERMS_KEY_LEN], uint32_t contract, uint32_t version);
struct terms_row {
    uint64_t index;
    int64_t at_ms, effective_ms, rules;
    bool on_assent;
    struct said_row {
        uint64_t index; /* of its entry; 0: none, for terms stand there */
        int64_t at_ms;
    } assent[SIDES],           /* the advertiser's, the publisher's */
        withdrawal[SIDES + 1]; /* likewise; [SIDES]: by who may change terms */
};
/* The entry from which on it binds nobody, as far as that stands below an index; NULL: it was not withdrawn. */
const struct said_row *terms_row_withdrawn(const struct terms_row *row, uint64_t below);
MUST_CHECK enum err terms_row_read(struct span value, struct terms_row *out);
size_t terms_row_write(const struct terms_row *row, uint8_t out[TERMS_ROW_LEN]);
MUST_CHECK enum err row_terms(const struct view *v, uint32_t contract, uint32_t version, struct terms_row *out);
MUST_CHECK enum err row_versions(const struct view *v, uint32_t contract, uint64_t below, struct versions *out);
/* Goes on with *vs, zeroed or of an earlier one, to what there was when a version was made. */
MUST_CHECK enum err row_versions_until(const struct view *v, uint32_t contract, uint32_t number, struct versions *vs);
/* The key that a party's last `key` entry in this contract's log gives; ERR_NOT_FOUND: the log tells none. */
enum { PARTY_KEY_MAX = 4 + LIMIT_ID };
size_t row_party_key_key(uint8_t key[PARTY_KEY_MAX], uint32_t contract, struct span party);
MUST_CHECK enum err row_party_key(const struct view *v, uint32_t contract, struct span party,
                                  uint8_t pub[ED25519_KEY_LEN]);
/* An adjustment, by the index of its entry. */
struct adjustment_row {
    uint64_t counts; /* index of the entry from which it counts; 0: it lacks assents */
    int64_t at_ms, micros;
    uint64_t lead; /* 0: it cites none */
    bool on_assent;
    struct {
        uint64_t index; /* of the assent entry; 0: none */
        int64_t at_ms;
    } assent[SIDES]; /* the advertiser's, the publisher's */
    struct hash leaf;
    char statement[LIMIT_ID + 1]; /* that it cites */
    struct span reason;           /* in the row */
};
MUST_CHECK enum err adjustment_row_read(struct span value, struct adjustment_row *out);
MUST_CHECK enum err row_adjustment(const struct view *v, uint32_t contract, uint64_t index, struct adjustment_row *out);
/* The next one from an index on. */
MUST_CHECK enum err row_adjustment_from(const struct view *v, uint32_t contract, uint64_t from, uint64_t *index,
                                        struct adjustment_row *out);
/* How many adjustments, decisions that take back and those that are taken back, and what they come to: of those that
 * count, the ones about a statement; of the adjustments that lack the
 * assent of a side, the ones that it is to sign: none, zeros. Each statement has a row. */
enum correction { CORRECTION_ADJUSTED, CORRECTION_RETURNED, CORRECTION_REINSTATED, CORRECTIONS };
struct correction_row {
    struct {
        uint64_t n;
        wide_micros micros;
    } of[CORRECTIONS]; /* of a side the first alone */
    enum tax vat_kind; /* of the statement: as its entry says; of a side none */
    int64_t vat_ppm;
    uint64_t as[2];  /* likewise; trader.h */
    uint64_t number; /* of the statement, when it was issued; of a side 0 */
    int64_t issued_ms;
};
MUST_CHECK enum err row_corrections(const struct view *v, uint32_t contract, struct span statement,
                                    struct correction_row *out);
MUST_CHECK enum err row_unsigned(const struct view *v, uint32_t contract, size_t side, struct correction_row *out);
/* The statement that closed the entry at `index`; ERR_NOT_FOUND: none so far. */
struct settled_row {
    uint64_t to, index; /* where it ends, its own entry */
    char id[LIMIT_ID + 1];
};
MUST_CHECK enum err row_settled(const struct view *v, uint32_t contract, uint64_t index, struct settled_row *out);
/* The one on which a lead stood that is corrected: which closed the entry by which it became payable first, or else,
 * if that is none of those in front of `open`, the first that is not closed, the lead's own; UINT64_MAX: by what is
 * closed so far. ERR_NOT_FOUND: none. */
MUST_CHECK enum err row_stood(const struct view *v, uint32_t contract, uint64_t lead, uint64_t open,
                              struct settled_row *out);
/* Leads that stand, of a day or a month of the campaign's zone; in the campaign (number of that), or in the contract.
 */
enum cap_scope { CAP_CAMPAIGN = 1, CAP_CONTRACT = 2 };
enum cap_period { CAP_OF_DAY = 1, CAP_OF_MONTH = 2 };
struct cap_row {
    uint64_t leads;
    wide_micros micros; /* what they pay, or will once approved */
};
/* What a lead counts as: nothing, where it does not stand. In the campaign the part that the whole begins with counts
 * for a shared one. */
struct cap_row cap_weight(const struct lead_row *row, enum cap_scope scope);
/* Of the day or month in which at_ms lies; none: zeros, and ERR_OK. */
MUST_CHECK enum err row_cap(const struct view *v, enum cap_scope scope, uint32_t number, enum cap_period period,
                            int64_t at_ms, int64_t utc_offset_s, struct cap_row *out);
MUST_CHECK enum err due_key_read(struct span key, int64_t *due_ms, uint32_t *contract, uint64_t *index);

/* The leads of a contract in order, held against its moves: each lead has one under the same index, so that a row which
 * is gone from either table makes no list shorter. */
struct lead_walk {
    const struct view *view;
    uint32_t contract;
    uint64_t at; /* the next index to look at */
    size_t rows; /* of moves that may still be looked at */
};
/* The next lead below `to`. ERR_NOT_FOUND: there is none, or, when lead_walk_paused, none below w->at, where to go on.
 * ERR_CORRUPT: a row does not read, or the other of the two is missing. */
MUST_CHECK enum err lead_walk_next(struct lead_walk *w, uint64_t to, uint64_t *index, struct lead_row *row);
static inline bool lead_walk_paused(const struct lead_walk *w, uint64_t to)
{
    return w->rows == 0 && w->at < to;
}

#endif
