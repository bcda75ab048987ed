/* What is appended, counted into `rollups`: in memory at once, in the store with every sweep. Committer thread. */
#ifndef CS_SERVER_COMMIT_ROLLUPS_H
#define CS_SERVER_COMMIT_ROLLUPS_H

#include "server/commit/batch.h"

/* How far the journal is in them, which stands there from init on, and how many entries of a log. ERR_CORRUPT: it is
 * not there, though the log was swept. */
MUST_CHECK enum err rollups_reach(struct txn *t, uint32_t contract, uint64_t *n);
struct rollups;
struct rollups *rollups_new(struct batch *cx);
void rollups_free(struct rollups *r); /* NULL-safe */
/* From here on, if the store has all that is in the journal; else behind the first sweep. */
void rollups_begin(struct rollups *r, struct txn *t);
/* Counts what was appended as the journal's row `seq`: in memory, where a sweep finds it. `terms` bind the entry. Every
 * row is told, in order; of those in front of the first that is, and after a batch that failed, the next sweep reads
 * all back. */
void rollups_entry(struct rollups *r, uint64_t seq, uint32_t contract, uint64_t index, const struct entry *e,
                   const struct terms *terms);
void rollups_root(struct rollups *r, uint64_t from, uint64_t to); /* rows of the root log: nothing is counted of them */
/* The batch failed. */
void rollups_forget(struct rollups *r);
/* Writes what came since the last one, right behind ledger_sweep in its transaction. A row of theirs that does not read
 * stops reports alone: nothing of them is written then, and the next sweep tries again. ERR_FULL, ERR_IO. */
MUST_CHECK enum err rollups_sweep(struct batch *cx);
/* So many rows changed that a sweep is due, whatever the time: one must not grow long. */
bool rollups_many(const struct rollups *r);
bool rollups_stay(const struct rollups *r); /* they did not read */
/* Makes all of them again of the journal below the watermark, whatever is there; for a folder that nobody serves.
 * ERR_CORRUPT: a journal row, or what it rests on, does not read, and nothing was written. */
MUST_CHECK enum err rollups_rebuild(struct instance *in, struct txn *t);
/* Writes what a fold came to. */
struct rollup;
MUST_CHECK enum err rollups_write(struct txn *t, struct rollup *r);

#endif
