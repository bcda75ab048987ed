/* What could not be recorded (storage full, queue full), counted for each contract until a signed `gap` entry says so.
 * The counts live in memory: what is lost with the process before a write succeeded is lost. */
#ifndef CS_SERVER_COMMIT_GAPS_H
#define CS_SERVER_COMMIT_GAPS_H

#include "server/commit/commit.h"

struct gaps;
struct gaps *gaps_new(void);
void gaps_free(struct gaps *g);
/* Any thread. kind: ENTRY_CLICK or ENTRY_VIEW. */
void gaps_count(struct gaps *g, uint32_t contract, enum entry_kind kind, int64_t at_ms);
bool gaps_any(struct gaps *g);
/* Committer: appends one entry for each contract with a count. The counts are settled by gaps_committed, or kept by
 * gaps_aborted. */
MUST_CHECK enum err gaps_append(struct gaps *g, struct commit *cx);
void gaps_committed(struct gaps *g);
void gaps_aborted(struct gaps *g);

#endif
