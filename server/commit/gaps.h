/* What was answered without being recorded while storage was full, per contract, until gap entries say so, none wider
 * than one may be. Any thread; one lock, for which nobody waits while storage works. With a folder a thread of its own
 * keeps the counts in DATA/gaps (gaps_file.h), whatever its disk takes for that: nobody else writes there. */
#ifndef CS_SERVER_COMMIT_GAPS_H
#define CS_SERVER_COMMIT_GAPS_H

#include "common/ledger/entry.h"
#include "server/store/store.h"

struct gap_count {
    uint32_t contract, advertiser;
    struct entry_gap gap;
};

struct gaps;
struct gaps *gaps_new(void);
/* Goes on with what an earlier process counted in the folder and its log does not tell, and keeps it from now on. What
 * keeps it from that is logged; then they go with the process. */
void gaps_keep(struct gaps *g, const char *data_dir, struct store *s);
void gaps_free(struct gaps *g); /* NULL-safe; what is left stays in the folder */
void gaps_add(struct gaps *g, const struct gap_count *more);
/* Takes what was counted of one contract, or a part of that; false when nothing is left. It counts as not recorded
 * until gaps_taken says what became of it: what could not be written is to be taken again. */
MUST_CHECK bool gaps_take(struct gaps *g, struct gap_count *out);
void gaps_taken(struct gaps *g, const struct gap_count *c, bool recorded);
bool gaps_any(struct gaps *g);

#endif
