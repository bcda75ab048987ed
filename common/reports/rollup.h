/* The fold of entries into rollups: the same in the server's sweep, in `check` and in what rebuilds the table. What was
 * stored before is asked for; what changed is told at the end, so that it does not matter how often it is. Owned by one
 * thread. */
#ifndef CS_REPORTS_ROLLUP_H
#define CS_REPORTS_ROLLUP_H

#include "common/decisions/rows.h"
#include "common/decisions/terms.h"
#include "common/reports/cells.h"

struct rollup_source {
    /* A row as it is stored; ERR_NOT_FOUND. Its value lives until the next call. */
    enum err (*row)(void *ctx, struct span key, struct span *value);
    /* The bytes of an entry that stands in front, until the next call; ERR_NOT_FOUND. */
    enum err (*entry)(void *ctx, uint32_t contract, uint64_t index, struct span *out);
    void *ctx;
};

struct rollup;
struct rollup *rollup_new(const struct rollup_source *source);
void rollup_free(struct rollup *r); /* NULL-safe */
/* Counts one entry, of each log in its order, which is canonical `bytes`; `terms` bind it (NULL: none do). After an
 * error the fold is of no use: ERR_CORRUPT when what the entry rests on is not there or does not read. */
MUST_CHECK enum err rollup_add(struct rollup *r, uint32_t contract, uint64_t index, const struct entry *e,
                               struct span bytes, const struct terms *terms);
/* The same of a click, not read so far, if one that differs by nothing that is counted was before: most are. False: it
 * is to be read, and added. */
struct rollup_click {
    int64_t at_ms;
    enum class class;
    struct span bytes;
};
MUST_CHECK bool rollup_alike(struct rollup *r, uint32_t contract, uint64_t index, const struct rollup_click *c,
                             const struct terms *terms);
/* The journal is counted up to there. */
void rollup_reaches(struct rollup *r, uint64_t seq);
/* Every row that changed, in no order; the first error ends it. */
typedef enum err rollup_row(void *ctx, struct span key, struct span value);
MUST_CHECK enum err rollup_each(struct rollup *r, rollup_row *each, void *ctx);

#endif
