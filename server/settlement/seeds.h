/* Seeds of the lead score: what a whole campaign knows, brought into a contract's log. */
#ifndef CS_SERVER_SETTLEMENT_SEEDS_H
#define CS_SERVER_SETTLEMENT_SEEDS_H

#include "server/commit/batch.h"
#include "server/worker/server.h"

/* Whether the contract's log is to have one now: none of its leads was scored so far, or a statement has closed since
 * it had one; and its campaign has learnt something. */
MUST_CHECK enum err seed_wanted(struct txn *t, const struct catalog *c, const struct contract *k, int64_t now_ms,
                                bool *wanted);
/* On a thread that reads: fills in a RECORD_SEED, whose spans are the arena's. ERR_NOT_FOUND: there is nothing to
 * bring in, or the campaign has too many contracts. */
MUST_CHECK enum err seed_make(struct worker *w, struct arena *arena, uint32_t contract, int64_t now_ms,
                              struct record *out, struct problem *p);
job_run seed_run;

#endif
