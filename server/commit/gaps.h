/* What was answered without being recorded while storage was full, per contract, until gap entries say so, none wider
 * than one may be. Any thread; one lock, for which nobody waits while storage works. */
#ifndef CS_SERVER_COMMIT_GAPS_H
#define CS_SERVER_COMMIT_GAPS_H

#include "common/ledger/entry.h"

struct gap_count {
    uint32_t contract, advertiser;
    struct entry_gap gap;
};

struct gaps;
struct gaps *gaps_new(void);
void gaps_free(struct gaps *g); /* NULL-safe */
void gaps_add(struct gaps *g, const struct gap_count *more);
/* Takes what was counted of one contract, or a part of that; false when nothing is left. What could not be written is
 * added again. */
MUST_CHECK bool gaps_take(struct gaps *g, struct gap_count *out);
bool gaps_any(struct gaps *g);

#endif
