/* The only user of lmdb.h. Tables, transactions, cursors. Durable by default flags: what txn_commit returned ERR_OK for
 * survives power loss.
 *
 * A stored value ends with a checksum over table, key and value (FORMATS.md): added by what writes, checked and taken
 * off by whatever reads, so that a row that is not the one written there is ERR_CORRUPT to everybody. A row that is
 * gone, or an older one, it does not tell.
 *
 * One process, one environment. Write transactions: the committer thread only (and subcommands when no server runs: an
 * exclusive flock on DATA/lock). Read transactions: any thread, short (a second or two). Values point into the map and
 * die with their transaction, or at the next write in it. */
#ifndef CS_SERVER_STORE_STORE_H
#define CS_SERVER_STORE_STORE_H

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/span.h"
#include "common/decisions/rows.h"

/* How `check` proves the rows of a table. */
#define PROOF_TABLE(X)                                                                                                 \
    X(FOLD, "fold", "the entries of the journal give every row, byte by byte")                                         \
    X(DERIVED, "derived", "every row follows from others, or is held by them")                                         \
    X(LOADED, "loaded", "every row reads strictly and fits the others")                                                \
    X(SEALED, "sealed", "every row opens under the server's keys and reads")

enum proof {
#define X(symbol, word, meaning) PROOF_##symbol,
    PROOF_TABLE(X)
#undef X
        PROOFS
};

/* Which damage to one row the proof tells, whatever row it is: a changed byte of the value, a changed byte of the key,
 * a row that is gone, a row too many that is another's copy. A row that does not read (cut, longer, garbage, under a
 * key of another form) is told in every table. unit/test_damage does all of it to a real store and holds this column
 * both ways: what is named is told, what is not named goes by at least once. */
enum tells { TELLS_NOTHING = 0, TELLS_VALUE = 1, TELLS_KEY = 2, TELLS_GONE = 4, TELLS_ADDED = 8, TELLS_ALL = 15 };

/* symbol, name on disk, key -> value, proof, what damage it tells, how; and why not the rest. The row tables follow, in
 * the order of ROW_TABLE: all of them are PROOF_FOLD and TELLS_ALL, since apply() makes them of the entries. */
#define STORE_TABLE(X)                                                                                                 \
    X(META, "meta",                                                                                                    \
      "name -> bytes: format, public_url, keys, instance, batch, watermark, and probe while a full disk is tried",     \
      LOADED, TELLS_KEY | TELLS_GONE | TELLS_ADDED,                                                                    \
      "no other names; the format is ours; the keys are those of keys.json; statements name the public URL; heads "    \
      "count to the watermark. Which instance and batch it is, is said here alone")                                    \
    X(JOURNAL, "journal", "seq be40, append only -> envelope (journal.h)", DERIVED, TELLS_ALL,                         \
      "counts without a hole; each entry follows those before it and is the leaf in its log's tiles, what is kept "    \
      "of a lead is what it commits to. What came after the last sweep has no tile yet: it only follows")              \
    X(PRIVATE, "private", "seq be40 -> be32 day, sealed private part of that journal row, or which entry erased it",   \
      SEALED, TELLS_ALL,                                                                                               \
      "opens under the key of its day to what its entry commits to, or is erased by the entry that says so, and by "   \
      "no other; of each entry that commits to one, one")                                                              \
    X(TILES, "tiles", "contract be32, level, n be64 -> up to 256 hashes", FOLD, TELLS_ALL, "built of the entries")     \
    X(SEQS, "seqs", "contract be32, n be64 -> up to 256 journal seqs be40, then the last leaf", FOLD, TELLS_ALL,       \
      "where the entries were met in the journal")                                                                     \
    X(HEADS, "heads", "contract be32 -> swept head: size, frontier, tally, last statement (ledger_rows.h)", FOLD,      \
      TELLS_ALL,                                                                                                       \
      "the log's fold at that size; what was published last is in the root log, though an older head there would "     \
      "pass")                                                                                                          \
    X(LEAVES, "leaves",                                                                                                \
      "contract be32, leaf be64 -> of its head that is this leaf of the root log size, leaf of the one before", FOLD,  \
      TELLS_ALL, "what the notes say that stand in the root log")                                                      \
    X(MODELS, "models", "contract be32 -> what its leads are scored by: since when, what is asked, state (model.h)",   \
      FOLD, TELLS_ALL, "what the log has taught up to its swept head")                                                 \
    X(STATES, "states", "contract be32, SHA-256 -> the bytes of a score's state that its log names", FOLD, TELLS_ALL,  \
      "have that hash, which a `model` entry names")                                                                   \
    X(SEEDS, "seeds", "campaign be32, what is asked 32 -> how far it has learnt of which logs, state (ledger.h)",      \
      FOLD, TELLS_ALL, "what those logs taught up to the seeds that stand in them")                                    \
    X(DAY_KEYS, "day_keys", "day be32 -> AES-256 key of the private parts of that UTC day, wrapped under its month's", \
      SEALED, TELLS_VALUE,                                                                                             \
      "unwraps under its day and the key of its month, unless that was destroyed on purpose. One of a month whose "    \
      "key is not there is a doubt; that one is gone is told where it is needed")                                      \
    X(CLOCK, "clock", "0 be32 -> the clock's last mark; step be32 -> from, to, confirmed (clock.h)", LOADED,           \
      TELLS_KEY | TELLS_ADDED,                                                                                         \
      "steps count without a hole up to those of the mark, and cover what entries name. What clocks said is said "     \
      "here alone")                                                                                                    \
    X(NONCES, "nonces",                                                                                                \
      "SHA-256(party 00 nonce)[:16] -> when to forget it be64 (s), request hash, contract be32, index be64", DERIVED,  \
      TELLS_NOTHING,                                                                                                   \
      "names a lead or disposition. Which request it was is said here alone, and whether there was one")               \
    X(PARTIES, "parties", "number be32 -> JSON", LOADED, TELLS_KEY | TELLS_GONE | TELLS_ADDED,                         \
      "counts without a hole; the key is the one that each of its logs told last. Names and times are said here "      \
      "alone")                                                                                                         \
    X(CAMPAIGNS, "campaigns", "number be32 -> JSON", LOADED, TELLS_KEY | TELLS_GONE | TELLS_ADDED,                     \
      "counts without a hole; the document is that of its contracts' terms. Its time is said here alone")              \
    X(CONTRACTS, "contracts", "number be32 -> JSON", LOADED, TELLS_KEY | TELLS_GONE | TELLS_ADDED,                     \
      "counts without a hole; all but the time of its making is what its log's last terms say")                        \
    X(CODES, "codes", "contract be32, placement be32 -> JSON", LOADED, TELLS_NOTHING,                                  \
      "counts without a hole within its contract, and covers what entries name. Labels and landing pages are said "    \
      "here alone, and a contract's last codes, as long as nobody came by them")                                       \
    X(TOKENS, "tokens", "SHA-256 of an API token or invitation -> JSON {party, by, created, expires, ended}", LOADED,  \
      TELLS_NOTHING, "of a party that is there. Any hash may be a token's, and nothing else knows how many there are") \
    X(USES, "uses", "SHA-256 of an API token -> when it was used last be64 (ms), to the minute", LOADED,               \
      TELLS_NOTHING, "reads. When a token was used is said here alone, and nothing is decided by it")                  \
    X(SECRETS, "secrets", "kid -> JSON {party, sealed secret, retired}", SEALED, TELLS_KEY | TELLS_ADDED,              \
      "opens under its kid, of a party that is there. Whose it is, whether retired, is said here alone")               \
    X(UNTOLD, "untold", "n be64 -> JSON: a credential that not all logs of its party tell yet", LOADED, TELLS_NOTHING, \
      "of a party that is there. That it waits is said here alone")                                                    \
    X(UNFINISHED, "unfinished",                                                                                        \
      "n be64 -> from be32, until be32, record: a change that those of these contracts lack that it is for", LOADED,   \
      TELLS_NOTHING,                                                                                                   \
      "reads, of a campaign or party that is there. What was asked for, and how far it is, is said here alone")        \
    X(GRANTS, "grants", "contract be32, party be32, n be32 -> JSON {by, created, ended}", LOADED, TELLS_NOTHING,       \
      "of a contract and an auditor that are there; of the two they count without a hole, and one before another was " \
      "revoked. Nothing else knows who may read")                                                                      \
    X(LINKS, "links", "statement id 00 link id -> JSON {by, created, expires, ended}: who holds it reads that",        \
      LOADED, TELLS_NOTHING,                                                                                           \
      "of a statement and a party that are there. Nothing else knows who may read, and until when")                    \
    X(CHANGES, "changes",                                                                                              \
      "~time (ms) be64, ~number be16, SHA-256 of the value [:6] -> JSON: which control data was changed, by whom",     \
      LOADED, TELLS_VALUE, "reads, of a party and token that are there. That it was, and when, is said here alone")    \
    X(STATEMENTS, "statements", "id 00 part -> bytes; part: jws, lines, checkpoint, answered", FOLD, TELLS_ALL,        \
      "built again from the entries; signed by a key of ours; the closed head is in the root log")                     \
    X(IDEMPOTENCY, "idempotency", "SHA-256(SHA-256(token) key)[:16] -> request hash and the answer, sealed", SEALED,   \
      TELLS_KEY | TELLS_ADDED,                                                                                         \
      "opens under its key to JSON. Which request it was and when is the only copy of itself")                         \
    X(REFUSED, "refused",                                                                                              \
      "party be32, 1 when its signature proves it, else 0, complements of the time (ms) be64 and of the request id "   \
      "be64 -> status, kid, route, field, reason (refusal.h)",                                                         \
      LOADED, TELLS_NOTHING,                                                                                           \
      "reads, and of a party that is there. What was refused is said here alone, for 30 days and so many rows")        \
    X(OUTBOX, "outbox",                                                                                                \
      "target be32, due (ms) be64, contract be32, time (ms) be64, index be64 -> until when it is tried be64 (ms)",     \
      DERIVED, TELLS_ALL, "the deliveries that are pending, each one once, under the time that is next of it")         \
    X(DELIVERIES, "deliveries",                                                                                        \
      "contract be32, complements of time (ms) and index be64, target be32 -> event, state, attempts (delivery.h)",    \
      LOADED, TELLS_NOTHING,                                                                                           \
      "tells of an entry of that time and kind to a party of its contract, or is a test. Whether the party had a "     \
      "webhook then, and what came of attempts, is said here alone, for 30 days and so many rows")                     \
    X(NOTICES, "notices", "party be32 -> JSON: its e-mail address, which notices it wants, which were sent", LOADED,   \
      TELLS_NOTHING, "of a party that is there. What is wanted, and what was sent, is said here alone")                \
    X(COSIGNED, "responses", "statement id 00 party id [00 time] -> compact JWS", FOLD, TELLS_ALL,                     \
      "what the `response` entries hold")                                                                              \
    X(ROLLUPS, "rollups",                                                                                              \
      "contract be32, dimension, UTC day be32, 1, value -> its counts by quarters of an hour (cells.h); of all other " \
      "values; how each lead is counted; how much of each log, and of the journal",                                    \
      FOLD, TELLS_ALL, "counted again from the entries below the watermark")

enum table {
#define X(symbol, ...) TABLE_##symbol,
    STORE_TABLE(X)
#undef X
        TABLE_ROWS, /* TABLE_ROWS + enum row_table */
    TABLE_COUNT = TABLE_ROWS + ROW_TABLES
};

struct table_info {
    const char *name, *rows; /* on disk; key -> value */
    enum proof proof;
    unsigned tells; /* of enum tells */
    const char *how;
};
enum { STORE_KEY_MAX = 511 }; /* bytes of a key, LMDB's limit */
const struct table_info *table_info(enum table t);
/* "row KEY of TABLE", for people: the key as text where it is text, else in hex; cut when it is long. */
enum { ROW_NAME = 160 };
void table_row_name(enum table t, struct span key, char out[ROW_NAME]);
const char *proof_word(enum proof p);

/* A damaged file kills who reads it: LMDB has no checksums. Then `say` is called, once, and the process exits with
 * status
 * 1. Without it, and for what was opened to read, the process dies of its signal. */
void store_last_words(void (*say)(void));

#define STORE_FORMAT "13" /* of all tables; row `format` of meta */

struct store;
struct txn;
struct cursor;

enum store_mode { STORE_SERVE, STORE_CREATE, STORE_READ };
/* map_size in bytes: how large the file may become; 0: as large as can be mapped, 16 TiB at most. ERR_BUSY when another
 * process holds the lock (not for STORE_READ); ERR_CONFLICT when the store is there that was to be made;
 * ERR_NOT_IMPLEMENTED when it says that its format is another; ERR_CORRUPT when the file is no store, or not all of
 * one. */
MUST_CHECK enum err store_open(const char *data_dir, enum store_mode mode, uint64_t map_size, struct store **out);
/* Keeps others from opening the folder to write, and its file by any other name, until they are closed. ERR_BUSY:
 * another has it. */
enum { STORE_LOCKS = 2 };
MUST_CHECK enum err store_lock(const char *data_dir, int fds[STORE_LOCKS]);
void store_unlock(const int fds[STORE_LOCKS]);
/* Whether a store can be made there: ERR_CONFLICT when there is one. */
MUST_CHECK enum err store_missing(const char *data_dir);
/* Reads the file from its first byte to its last: ERR_IO when the disk does not give them all. For one thread. */
MUST_CHECK enum err store_reads(const char *data_dir);
/* Writes one state of it to an empty file, without the pages that are free; others may write meanwhile, and the file
 * that is read grows until this ends. Not synced. ERR_FULL, ERR_IO. A damaged store may kill who copies it. */
MUST_CHECK enum err store_copy(struct store *s, int fd);
/* Whether two of them have the same rows in all tables, as they are stored. ERR_CORRUPT: they have not. */
MUST_CHECK enum err store_same(struct store *a, struct store *b);
void store_close(struct store *s);
void store_check_readers(struct store *s); /* frees the slots of dead readers */
uint64_t store_bytes_used(struct store *s);
/* Bytes that it can grow by: what the disk gives this user, and what the map leaves. Any thread. */
struct store_room {
    uint64_t disk, map;
};
MUST_CHECK enum err store_room(struct store *s, struct store_room *out);
/* Whether the name that it was opened by is still that of its file: of one that was removed all is lost with the
 * process. *fd is the file, open. */
bool store_in_place(struct store *s, int *fd);
const char *store_dir(const struct store *s);
/* Whoever reads the oldest state, of all processes: pages that were freed since are not used again until he ends.
 * ERR_NOT_FOUND: nobody reads. */
struct store_reader {
    long pid;
    uint64_t txn, behind; /* the state's number; commits since */
};
MUST_CHECK enum err store_oldest_reader(struct store *s, struct store_reader *out);

MUST_CHECK enum err txn_begin(struct store *s, bool write, struct txn **out);
/* ERR_FULL: aborted cleanly, disk or map full. Any other failure is ERR_IO: stop acknowledging and exit. */
MUST_CHECK enum err txn_commit(struct txn *t);
void txn_abort(struct txn *t);            /* NULL-safe */
uint64_t txn_writes(const struct txn *t); /* puts, appends and deletes so far, whatever became of them */
/* Rows that were written, for who reads them again in this transaction: noted by who writes them, in that order, until
 * they are forgotten. The key lives as long. False past the last. */
void txn_note(struct txn *t, enum table table, struct span key);
struct txn_notes {
    size_t at; /* 0: from the first on */
};
MUST_CHECK bool txn_noted(const struct txn *t, struct txn_notes *from, enum table *table, struct span *key);
void txn_notes_forget(struct txn *t);
/* For the log, when a request fails: the call that failed in this transaction and why; else the row that was read last,
 * which is the one that did not read if any did not. Nothing when nothing was read. */
void txn_cause(const struct txn *t, struct buf *out);
bool txn_failed(const struct txn *t); /* a call within it could not tell */
/* What the last read of a row, or the end of a walk over a whole table, met when it answered ERR_CORRUPT. */
enum damage {
    DAMAGE_NONE,      /* or none of these: a page */
    DAMAGE_OTHER_ROW, /* the row's checksum does not fit */
    DAMAGE_BLOCK,     /* several rows stand in a block that is not as it was written: which ones cannot be told */
    DAMAGE_FEWER_ROWS /* or more than LMDB has counted */
};
enum damage txn_damage(const struct txn *t);
/* A thread's own read transaction, kept and renewed: cheaper than begin. */
enum { READ_SLICE = 16384 }; /* rows that one of them sees at most of what reads very many: none may live long */
void txn_reset(struct txn *t);
MUST_CHECK enum err txn_renew(struct txn *t);
/* Whether no page of the newest state, which the transaction sees from then on, stands in two places, or in a tree and
 * in the list of free ones, which LMDB takes at its word and writes over; and each tree has the pages that it counts. A
 * page in no place at all is not looked for: it is lost, and nothing with it. ERR_CORRUPT: `what` says where. For a
 * read transaction; reads the whole file, and a page that the disk does not give kills who asks. */
enum { PAGES_TEXT = 160 };
MUST_CHECK enum err store_pages(struct txn *t, char what[PAGES_TEXT]);

MUST_CHECK enum err store_get(struct txn *t, enum table table, struct span key, struct span *value); /* ERR_NOT_FOUND */
MUST_CHECK enum err store_put(struct txn *t, enum table table, struct span key,
                              struct span value); /* ERR_FULL, ERR_IO */
/* Puts a row of len bytes, all of which `fill` writes into `room`, under a key greater than every other in the table.
 */
typedef void store_fill(const void *what, void *room);
MUST_CHECK enum err store_append(struct txn *t, enum table table, struct span key, size_t len, store_fill *fill,
                                 const void *what);
MUST_CHECK enum err store_del(struct txn *t, enum table table, struct span key); /* ERR_OK also when absent */

/* Cursors read in key order; they die with their transaction. ERR_NOT_FOUND: there is no such row, the table has ended.
 * Any other error: it cannot be told, and nothing follows from where the cursor stands; but after DAMAGE_OTHER_ROW,
 * *key is that row's, and cursor_next goes on behind it. One that began at the first row and reached the end has seen
 * as many rows as LMDB has counted, else the end is ERR_CORRUPT. A loop keeps its steps' answers apart from those of
 * its body:
 *
 *   for (step = cursor_seek(c, from, &key, &value); step == ERR_OK && err == ERR_OK; step = cursor_next(c, &key,
 * &value)) err = ...; if (err == ERR_OK) err = cursor_end(step);
 */
MUST_CHECK enum err cursor_open(struct txn *t, enum table table, struct cursor **out);
void cursor_close(struct cursor *c);
MUST_CHECK enum err cursor_seek(struct cursor *c, struct span from, struct span *key,
                                struct span *value); /* first key >= from */
MUST_CHECK enum err cursor_next(struct cursor *c, struct span *key, struct span *value);
MUST_CHECK enum err cursor_prev(struct cursor *c, struct span *key, struct span *value);
MUST_CHECK enum err cursor_last(struct cursor *c, struct span *key, struct span *value);
/* Of the step that ended a loop: ERR_OK at the end of the table. */
static inline enum err cursor_end(enum err step)
{
    return step == ERR_NOT_FOUND ? ERR_OK : step;
}

/* The same without a cursor of one's own: the first row whose key is >= from. */
MUST_CHECK enum err store_seek(struct txn *t, enum table table, struct span from, struct span *key, struct span *value);

/* As store_get, in a table whose keys are all of one length: ERR_CORRUPT when a key begins with this one and goes on,
 * for it is none of ours and may have been this row's. */
MUST_CHECK enum err store_get_sole(struct txn *t, enum table table, struct span key, struct span *value);

/* What spread tables need done from time to time, a slice of about so many rows; committer. before_s: of tables whose
 * values begin with a time (s), rows of before it are looked for no more, and go as it comes. */
MUST_CHECK enum err store_tidy(struct txn *t, int64_t before_s, size_t rows);
bool store_tidies(struct store *s); /* whether the next one has something to put, or to wait for; committer */
/* From now on, until the store is closed, a thread of its own makes what these put; without it each does that itself.
 */
void store_tidy_beside(struct store *s);
/* From now on, until the store is closed, a thread of its own keeps so many bytes behind what is used written with
 * zeros, once four times as much is used and while the disk has room: commits then make the file no longer. Fewer than
 * 16 KiB: none. */
void store_write_ahead(struct store *s, uint64_t bytes);
/* How many rows are written before they become a run: few in tests. */
void store_spread_recent(struct store *s, size_t rows);

/* Of the row tables, not of clicks: ledger.h completes it. */
struct view store_view(struct txn *t);
MUST_CHECK enum err store_rows_write(struct txn *t, const struct row_ops *ops);

#endif
