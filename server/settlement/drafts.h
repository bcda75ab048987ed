/* What drafts of statements came to, as they were looked at last: going on from there costs what came since. A lock of
 * its own; whoever takes one has it alone. */
#ifndef CS_SERVER_SETTLEMENT_DRAFTS_H
#define CS_SERVER_SETTLEMENT_DRAFTS_H

#include "server/settlement/premises.h"

enum { DRAFTS_MAX = 2048 };
#define DRAFTS_BYTES ((size_t)64 << 20) /* of all that are kept: those looked at longest ago go first */

struct drafts;
struct drafts *drafts_new(void);
void drafts_free(struct drafts *d); /* NULL-safe */

/* One that can go on to what these close, else one that begins (also if d is NULL). */
struct statement_draft *drafts_take(struct drafts *d, const struct premises *on);
/* Gives it back, unless an error came of it: that is to be freed. */
void drafts_keep(struct drafts *d, const struct premises *on, struct statement_draft *draft);

#endif
