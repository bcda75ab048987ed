/* Changes of all contracts of a campaign or a party, a bounded number of logs a batch: the first with what was asked
 * for, the others by a chore (RECORD_GO_ON). Each log has its entry from its own batch on, and goes by what it has: the
 * one who asked is answered once all have it, and another change of the same kind is refused until then. Committer. */
#ifndef CS_SERVER_API_GO_ON_H
#define CS_SERVER_API_GO_ON_H

#include "server/catalog/unfinished.h"
#include "server/commit/batch.h"

/* Into the log of one contract, what a record asked for that its campaign or party has already. ERR_FULL, ERR_IO; of
 * any other error nothing was written. */
typedef enum err log_change(struct batch *cx, const struct record *r, const struct contract *k);

/* ERR_CONFLICT while one of that kind is on its way to contracts of that campaign or party. */
MUST_CHECK enum err go_on_none(const struct batch *cx, enum record_kind kind, uint32_t whose, struct problem *p);
/* The same of other terms of all contracts of a campaign. */
MUST_CHECK enum err go_on_no_terms(const struct batch *cx, const struct which *c, struct problem *p);
/* Of what the job changes no contract up to a number, or none at all (0), has an entry yet that is to have one:
 * ERR_CONFLICT as above, or while there are too many. Before anything is written; then go_on_later. */
MUST_CHECK enum err go_on_begin(const struct batch *cx, const struct job *job, uint32_t done, struct unfinished *out,
                                struct problem *p);
/* ERR_FULL, ERR_IO. */
MUST_CHECK enum err go_on_later(struct batch *cx, struct job *job, const struct unfinished *u);

/* ERR_CONFLICT unless *all, a campaign's, more than one batch is for, are as who made the record saw them (its `seen`);
 * else there is their direct one alone, and *out is of the others. As go_on_begin. */
MUST_CHECK enum err go_on_behind_direct(const struct batch *cx, const struct job *job, uint64_t seen,
                                        struct contract_list *all, struct unfinished *out, struct problem *p);

/* RECORD_GO_ON; logs: by kind. */
MUST_CHECK enum err go_on_run(struct batch *cx, struct job *job, log_change *const logs[RECORD_KINDS]);

#endif
