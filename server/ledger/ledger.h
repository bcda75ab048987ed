/* The contract logs: appending (committer thread only) and reading (any thread, through a read transaction).
 * Log number 0 is the instance-wide root log. */
#ifndef CS_SERVER_LEDGER_LEDGER_H
#define CS_SERVER_LEDGER_LEDGER_H

#include "common/commit/record.h"
#include "common/decisions/decide.h"
#include "common/decisions/tally.h"
#include "common/ledger/merkle.h"
#include "common/ledger/tile.h"
#include "server/ledger/journal.h"

enum { ROOT_LOG = 0 };

/* ---- the committer's side ---- */

struct ledger; /* every log's frontier, dirty tails and tally; owned by the committer */

/* Where the next one begins. */
struct last_statement {
    uint64_t number; /* 0 when there is none */
    uint64_t to;
    int64_t carried_micros, to_ms;
    struct waiting waiting;
    struct hash sha256;
};

/* What the log's last `clock` entry says; zeros: it has none. */
struct log_clock {
    uint32_t steps;
    bool unsure;
};

/* Loads heads and replays the journal from the watermark; also makes what a failed batch left in memory good again.
 * Needs nothing but the store: the terms for the tally are read from the logs' own `terms` entries. ERR_CORRUPT when
 * journal, tiles and heads do not fit together. */
MUST_CHECK enum err ledger_open(struct txn *t, struct ledger **out);
void ledger_close(struct ledger *l);
uint64_t ledger_next_seq(const struct ledger *l);
uint32_t ledger_last(const struct ledger *l); /* the highest number of a log that has entries */
uint64_t ledger_size(const struct ledger *l, uint32_t contract);
void ledger_root(const struct ledger *l, uint32_t contract, struct hash *out);
struct log_clock ledger_clock(const struct ledger *l, uint32_t contract);
const struct tally *ledger_tally(const struct ledger *l, uint32_t contract);
const struct last_statement *ledger_last_statement(const struct ledger *l, uint32_t contract);

/* Whether the log can grow: what its next entries need beside themselves is read, and checked. Writes nothing;
 * ERR_CORRUPT when that does not read or fit. Holds until the next sweep. */
MUST_CHECK enum err ledger_ready(struct ledger *l, struct txn *t, uint32_t contract);
/* What an entry brings along: what stands beside it in the journal for good, and its sealed private part, if any. */
struct companion {
    struct span beside;
    struct private_sealed sealed;
};
/* Appends one entry to a log that is ready: journal row, frontier, full tiles, tally (`terms` in force at this entry,
 * NULL for none). *leaf may be NULL. ERR_FULL and ERR_IO spoil the batch: abort the transaction and reopen the ledger.
 */
MUST_CHECK enum err ledger_append(struct ledger *l, struct txn *t, uint32_t contract, const struct entry *e,
                                  struct span bytes, const struct companion *with, const struct terms *terms,
                                  uint64_t *index, struct hash *leaf);
/* A statement was issued: what is counted begins behind its end. *closed is what it closed, and next_ms the time of the
 * entry behind that; NULL: it ends where the log was cut. Call right before its `statement` entry is appended. Errors
 * as ledger_append; ERR_CORRUPT, and nothing happened: that is not what the open entries begin with. */
MUST_CHECK enum err ledger_statement(struct ledger *l, struct txn *t, uint32_t contract, const struct last_statement *s,
                                     const struct tally *closed, int64_t next_ms);
/* What the log's leads are scored by: of a log that is ready. NULL: nothing was learnt. */
const struct score_model *ledger_model(const struct ledger *l, uint32_t contract);
/* Takes what an entry that was appended teaches, behind its rows; `known` as for model_fold. Errors as ledger_append.
 */
MUST_CHECK enum err ledger_learn(struct ledger *l, const struct view *v, uint32_t contract, const struct terms *terms,
                                 uint64_t index, const struct entry *e, const struct scored *known);
/* The bytes that a `model` entry of the log names: before it is appended. Errors as ledger_append. */
MUST_CHECK enum err ledger_state_put(struct ledger *l, struct txn *t, uint32_t contract, const struct hash *sha256,
                                     struct span bytes);
/* Sweep: writes dirty tails of tiles and seqs, heads and the watermark into t. */
MUST_CHECK enum err ledger_sweep(struct ledger *l, struct txn *t);
void ledger_swept(struct ledger *l); /* after the sweep's commit */
bool ledger_dirty(const struct ledger *l);
/* Of so many logs that a sweep is due, whatever the time: one must not grow long. */
enum { DIRTY_MOST = 512 };
bool ledger_many_dirty(const struct ledger *l);
/* Goes up with everything that an aborted transaction would leave wrong in memory. */
uint64_t ledger_changes(const struct ledger *l);
/* Whether the log's present size is that of its last committed sweep. */
bool ledger_is_swept(const struct ledger *l, uint32_t contract);
/* The size of the log's last head that went into the root log (of the root log itself: a head that was signed), and
 * which leaf of that it is (leaf NULL: nobody asks). 0: none did. */
uint64_t ledger_published(const struct ledger *l, uint32_t contract, uint64_t *leaf);
/* A head of the root log of that size was signed, and kept: said with the next sweep, as what was published of it. One
 * that the log has not reached is none. Batch or not. */
void ledger_root_signed(struct ledger *l, uint64_t size);
/* Appends a pair to the root log, which is ready: the hash of the text, and of which log that is. *leaf is the first.
 */
struct root_leaf {
    uint32_t contract; /* whose head of `size` entries the note `text` is; ROOT_LOG: other keys, of all logs */
    uint64_t size;
    struct span origin, text;
};
MUST_CHECK enum err ledger_append_root(struct ledger *l, struct txn *t, const struct root_leaf *x, uint64_t *leaf);
/* That head is entry `leaf` of the root log now; for a size that the stored head reaches. Errors as ledger_append. */
MUST_CHECK enum err ledger_publish(struct ledger *l, struct txn *t, uint32_t contract, uint64_t size, uint64_t leaf);
/* Destroys the private part of an entry that was read, which the log's entry `erase` says. Errors as ledger_append. */
MUST_CHECK enum err ledger_erase(struct ledger *l, struct txn *t, const struct envelope *e, uint64_t erase);
/* Reads an entry of any age from within the write transaction. ERR_NOT_FOUND. */
MUST_CHECK enum err ledger_get(struct ledger *l, struct txn *t, uint32_t contract, uint64_t index,
                               struct envelope *out);
enum { LEDGER_NEAR = 4, LEDGER_CLICKED = 512 };
/* Rows and clicks as decisions see them, within t; *v is the caller's memory for as long as the view is used. With
 * ledger NULL, for any thread: of what is swept. */
struct ledger_view {
    struct ledger *ledger;
    struct txn *txn;
    /* What a view without a ledger, of which nothing moves, read last: whoever asks for an entry asks again soon. */
    struct ledger_near {
        struct envelope entry[LEDGER_NEAR];
        struct near_seqs {
            uint32_t contract;
            uint64_t tile;
            struct span row;
        } seqs[LEDGER_NEAR];
        unsigned n_entries, n_seqs; /* that were put in, one in the place of another */
        bool parsed;                /* an entry, which has no JSON of its own */
        uint32_t contract;
        uint64_t index;
        struct entry of;
    } near;
    /* Of a view with a ledger: the entry of the click that was asked for last, which who appends its lead counts it by.
     * A copy: what is appended meanwhile may move it. */
    struct ledger_clicked {
        uint32_t contract;
        uint64_t index;
        size_t len; /* 0: none, or it is longer */
        char entry[LEDGER_CLICKED];
    } clicked;
};
struct view ledger_view(struct ledger_view *v, struct ledger *l, struct txn *t);
/* The entry of this click, if it is the one that was asked for last; until the next is. */
bool ledger_clicked(const struct ledger_view *v, uint32_t contract, uint64_t index, struct span *entry);
/* Of [from, to): what they add up to, under the terms of each; to is not behind the head. */
MUST_CHECK enum err ledger_sum(struct ledger_view *v, uint32_t contract, uint64_t from, uint64_t to, struct tally *out);
/* When an entry came; and the first of [from, size) that came at `ms` or later, `size` if none did. */
MUST_CHECK enum err ledger_time(struct ledger_view *v, uint32_t contract, uint64_t index, int64_t *at_ms);
MUST_CHECK enum err ledger_before(struct ledger_view *v, uint32_t contract, uint64_t from, uint64_t size, int64_t ms,
                                  uint64_t *out);

/* ---- any thread ---- */

struct head {
    uint64_t size, seq; /* swept entries; the watermark: journal rows below it are in tiles */
    struct tally tally;
    struct last_statement last;
};
MUST_CHECK enum err head_read(struct txn *t, uint32_t contract, struct head *out); /* ERR_NOT_FOUND */
/* The same, and its tree's root. */
MUST_CHECK enum err head_root(struct txn *t, uint32_t contract, struct head *out, struct hash *root);
/* What was learnt up to that head. ERR_NOT_FOUND: nothing. */
MUST_CHECK enum err ledger_model_read(struct txn *t, uint32_t contract, struct score_model *out);
/* The bytes of that hash that a `model` entry of the log names. ERR_NOT_FOUND. */
enum { STATE_KEY_LEN = 4 + HASH_LEN };
MUST_CHECK enum err ledger_state(struct txn *t, uint32_t contract, const struct hash *sha256, struct span *out);
/* What a campaign's logs have taught under terms that ask the same, all together: what seeds are made of. */
struct seed {
    struct score_model known; /* on, and what it asks for */
    size_t n;
    struct seed_log {
        uint32_t contract;
        char id[LIMIT_ID + 1];
        uint64_t size; /* so far it has learnt of it */
        struct joined joined;
    } log[LIMIT_SEED_CONTRACTS]; /* ascending by id */
};
/* As it stands, or with nothing learnt. ERR_CORRUPT: the row does not read. */
MUST_CHECK enum err seed_load(struct txn *t, uint32_t campaign, const struct hash *asked, struct seed *out);
MUST_CHECK enum err seed_read(struct span row, struct seed *out); /* which knows what it asks for */
void seed_write(const struct seed *s, struct buf *out);
struct span seed_key(uint8_t key[4 + HASH_LEN], uint32_t campaign, const struct hash *asked);
/* What an entry says of it: the list of prefixes, and the bytes that it names. */
void seed_from(const struct seed *s, struct buf *out);
size_t seed_bytes(const struct seed *s, uint8_t out[SCORE_STATE_MAX]);

/* Learns on, up to other sizes, a few entries at a time: nothing of a step's transaction is needed by the next. *s is
 * the caller's, and knows no more between two steps than that it is under way. */
struct seed_walk;
/* Adds a log to what is learnt, up to `size`, which is not below that of before. ERR_TOO_LARGE: they are too many. */
struct seed_walk *seed_walk_new(struct seed *s);
MUST_CHECK enum err seed_walk_to(struct seed_walk *w, uint32_t contract, const char *id, uint64_t size);
MUST_CHECK enum err seed_walk_step(struct seed_walk *w, struct txn *t, size_t entries, bool *done);
void seed_walk_free(struct seed_walk *w);

/* The size of the log's last head that is in the root log, and which leaf of that it is. ERR_NOT_FOUND. */
MUST_CHECK enum err ledger_published_at(struct txn *t, uint32_t contract, uint64_t *size, uint64_t *leaf);
/* The note that this leaf of the root log is of, as it was signed, whatever key signs now. ERR_CORRUPT: it has none. */
MUST_CHECK enum err ledger_note(struct txn *t, uint64_t leaf, struct span *out);
/* The first leaf of the root log at or after *leaf that is a head of this log, and its note. ERR_NOT_FOUND; ERR_CORRUPT
 * also when there must be one that is not found. */
MUST_CHECK enum err ledger_next_leaf(struct txn *t, uint32_t contract, uint64_t *leaf, struct span *note);
/* An entry: by the seqs table, or, when it is younger than the sweep, by a scan from the watermark. */
MUST_CHECK enum err ledger_read(struct txn *t, uint32_t contract, uint64_t index, struct envelope *out);
/* The rows of a read transaction, with clicks and leads of any age: what would be decided of it. */
struct view ledger_store_view(struct txn *t);
/* The sealed private part of an entry that was read, and commits to one. ERR_NOT_FOUND: it was erased. ERR_CORRUPT,
 * also when there is none. */
MUST_CHECK enum err private_row_read(struct span row, struct private_sealed *out);
MUST_CHECK enum err ledger_private(struct txn *t, const struct envelope *e, struct private_sealed *out);
/* By which `erase` entry of its log. ERR_NOT_FOUND: it was not erased. */
MUST_CHECK enum err private_row_erased(struct span row, uint64_t *erase);
MUST_CHECK enum err ledger_erased(struct txn *t, const struct envelope *e, uint64_t *erase);
/* An entry that no sweep has seen yet: the first of that log at or behind journal row *seq, whose row it is then.
 * ERR_NOT_FOUND. */
MUST_CHECK enum err ledger_unswept(struct txn *t, uint32_t contract, uint64_t *seq, struct envelope *out);
/* The terms versions that may bind entries, compiled, of those whose index is below `below`; *out is to be freed.
 * ERR_NOT_FOUND when there is none; ERR_NOT_IMPLEMENTED as rules_compile. */
MUST_CHECK enum err ledger_version(struct txn *t, uint32_t contract, struct version *v); /* compiles one */
MUST_CHECK enum err ledger_versions(struct txn *t, uint32_t contract, uint64_t below, struct versions *out);
bool ledger_binds(enum entry_kind k); /* its entries say which terms bind */
/* Terms, or an assent to some; nothing of another kind: *vs is as of right before it, and is left as of behind it. */
MUST_CHECK enum err ledger_bind(struct versions *vs, uint64_t index, const struct entry *e);
/* A tile or bundle of the swept log; ERR_NOT_FOUND past its head. Partial tiles of an older width are served too. */
MUST_CHECK enum err ledger_tile(struct txn *t, uint32_t contract, const struct tile *tile, struct buf *out);
/* Hashes of perfect subtrees of the swept log, for proofs. ctx is caller's memory. */
struct tile_source {
    struct txn *txn;
    uint32_t contract;
};
struct merkle_reader ledger_nodes(struct tile_source *src);
/* What stands in a row of the journal; ERR_CORRUPT of one that is not there. at_ms: when that came by the server's
 * clock, of clicks and leads. */
MUST_CHECK enum err ledger_row(struct txn *t, uint64_t seq, struct envelope *out);
MUST_CHECK enum err ledger_row_ms(const struct envelope *e, int64_t *at_ms);
/* When the newest entry came, by the server's clock; 0: none of the last few is a contract's. */
MUST_CHECK enum err ledger_newest_ms(struct txn *t, int64_t *out);
/* The root of the swept log at an earlier size. */
MUST_CHECK enum err ledger_root_at(struct txn *t, uint32_t contract, uint64_t size, struct hash *out);

#endif
