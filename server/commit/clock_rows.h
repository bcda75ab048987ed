/* What is known of the clock, as the store keeps it: table `clock`. */
#ifndef CS_SERVER_COMMIT_CLOCK_ROWS_H
#define CS_SERVER_COMMIT_CLOCK_ROWS_H

#include "server/commit/batch.h"

/* In a read transaction of its own. ERR_NOT_FOUND, and *out is empty: no clock was read for this store so far. */
MUST_CHECK enum err clock_load(struct store *s, struct clock_mark *out);
MUST_CHECK enum err clock_mark_get(struct txn *t, struct clock_mark *out);
/* Steps count from 1. ERR_NOT_FOUND. */
MUST_CHECK enum err clock_step_get(struct txn *t, uint32_t number, struct clock_step *out);

/* Within a run: the time of confirmation of all steps that have none, and whose it is; the rows, and what the batches
 * after this one know. ERR_FULL, ERR_IO, ERR_CORRUPT. */
MUST_CHECK enum err clock_confirm(struct batch *cx, uint32_t by);
/* Whether a log does not know yet how it stands with the clock, and the entry that tells it. ERR_CORRUPT, ERR_IO. */
bool clock_untold(const struct batch *cx, struct log_clock told);
MUST_CHECK enum err clock_tell(struct batch *cx, struct log_clock told, struct entry_clock *out);

#endif
