/* The only user of lmdb.h. Tables, transactions, cursors. Durable by default flags: what txn_commit returned ERR_OK for
 * survives power loss.
 *
 * One process, one environment. Write transactions: the committer thread only (and subcommands when no server runs: an
 * exclusive flock on DATA/lock). Read transactions: any thread, short (a second or two). Values point into the map and
 * die with their transaction, or at the next write in it. */
#ifndef CS_SERVER_STORE_STORE_H
#define CS_SERVER_STORE_STORE_H

#include "common/base/err.h"
#include "common/base/span.h"
#include "common/decisions/rows.h"

/* symbol, name on disk, key -> value; the six row tables follow, in the order of ROW_TABLE */
#define STORE_TABLE(X)                                                                                                 \
    X(META, "meta", "name -> bytes: format, public_url, watermark, counters for numbers")                              \
    X(JOURNAL, "journal", "seq be64, append only -> envelope (journal.h)")                                             \
    X(TILES, "tiles", "contract be32, level, n be64 -> up to 256 hashes")                                              \
    X(SEQS, "seqs", "contract be32, n be64 -> up to 256 journal seqs be64")                                            \
    X(HEADS, "heads", "contract be32 -> swept head: size, frontier, tally, last statement (head.h)")                   \
    X(DAY_KEYS, "day_keys", "day be32 -> wrapped AES-256 key of the private parts of that UTC day")                    \
    X(NONCES, "nonces", "SHA-256(party 00 nonce)[:16] -> request hash, contract be32, index be64, time be64")          \
    X(NONCE_TIMES, "nonce_times", "when to forget it be64 (s), nonce key -> nothing")                                  \
    X(PARTIES, "parties", "number be32 -> JSON")                                                                       \
    X(CAMPAIGNS, "campaigns", "number be32 -> JSON")                                                                   \
    X(CONTRACTS, "contracts", "number be32 -> JSON")                                                                   \
    X(CODES, "codes", "contract be32, placement be32 -> JSON")                                                         \
    X(TOKENS, "tokens", "SHA-256 of an API token -> JSON {party, created}")                                            \
    X(SECRETS, "secrets", "kid -> JSON {party, sealed secret, retired}")                                               \
    X(GRANTS, "grants", "contract be32, party be32 -> JSON")                                                           \
    X(STATEMENTS, "statements", "id 00 part -> bytes; part: jws, lines, checkpoint, meta")                             \
    X(IDEMPOTENCY, "idempotency", "SHA-256(party 00 key)[:16] -> request hash and the answer, sealed")                 \
    X(COSIGNED, "responses", "statement id 00 party id -> compact JWS")

enum table {
#define X(symbol, name, help) TABLE_##symbol,
    STORE_TABLE(X)
#undef X
        TABLE_ROWS, /* TABLE_ROWS + enum row_table */
    TABLE_COUNT = TABLE_ROWS + ROW_TABLES
};

struct store;
struct txn;
struct cursor;

enum store_mode { STORE_SERVE, STORE_CREATE, STORE_READ };
/* map_size in bytes. ERR_CONFLICT when another process holds the lock (not for STORE_READ). */
MUST_CHECK enum err store_open(const char *data_dir, enum store_mode mode, uint64_t map_size, struct store **out);
void store_close(struct store *s);
void store_check_readers(struct store *s); /* frees the slots of dead readers */
uint64_t store_bytes_used(struct store *s);

MUST_CHECK enum err txn_begin(struct store *s, bool write, struct txn **out);
/* ERR_FULL: aborted cleanly, disk or map full. Any other failure is ERR_IO: stop acknowledging and exit. */
MUST_CHECK enum err txn_commit(struct txn *t);
void txn_abort(struct txn *t);            /* NULL-safe */
uint64_t txn_writes(const struct txn *t); /* puts, appends and deletes so far, whatever became of them */
/* A thread's own read transaction, kept and renewed: cheaper than begin. */
void txn_reset(struct txn *t);
MUST_CHECK enum err txn_renew(struct txn *t);

MUST_CHECK enum err store_get(struct txn *t, enum table table, struct span key, struct span *value); /* ERR_NOT_FOUND */
MUST_CHECK enum err store_put(struct txn *t, enum table table, struct span key,
                              struct span value); /* ERR_FULL, ERR_IO */
/* Reserves len bytes under a key greater than every other in the table (sequential append): the caller fills *room
 * before its next store call. */
MUST_CHECK enum err store_append(struct txn *t, enum table table, struct span key, size_t len, void **room);
MUST_CHECK enum err store_del(struct txn *t, enum table table, struct span key); /* ERR_OK also when absent */

/* Cursors read in key order; they die with their transaction. */
MUST_CHECK enum err cursor_open(struct txn *t, enum table table, struct cursor **out);
void cursor_close(struct cursor *c);
MUST_CHECK bool cursor_seek(struct cursor *c, struct span from, struct span *key,
                            struct span *value); /* first key >= from */
MUST_CHECK bool cursor_next(struct cursor *c, struct span *key, struct span *value);
MUST_CHECK bool cursor_last(struct cursor *c, struct span *key, struct span *value);

MUST_CHECK bool store_row_get(struct txn *t, enum row_table table, struct span key, struct span *value);
MUST_CHECK bool store_row_seek(struct txn *t, enum row_table table, struct span from, struct span *key,
                               struct span *value);
struct view store_view(struct txn *t); /* of the row tables, not of clicks: ledger.h completes it */
MUST_CHECK enum err store_rows_write(struct txn *t, const struct row_ops *ops);

#endif
