/* Statements on their way: what a reader thread folded of a contract's open interval, until the committer takes it.
 * Only a saving of its time: without one it folds everything itself. Any thread; one mutex (named in ARCHITECTURE.md).
 */
#ifndef CS_SERVER_INSTANCE_DRAFTS_H
#define CS_SERVER_INSTANCE_DRAFTS_H

#include "common/settlement/statement.h"

struct drafts;
struct drafts *drafts_new(void);
void drafts_free(struct drafts *d);
/* Takes it over, in place of the contract's last one. So few moves that folding them is no work are not kept; where
 * there are too many drafts the oldest one goes. */
void drafts_put(struct drafts *d, struct statement_draft *draft);
/* The contract's, which is the caller's then; NULL: none. */
struct statement_draft *drafts_take(struct drafts *d, uint32_t contract);

#endif
