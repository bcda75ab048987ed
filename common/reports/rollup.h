/* The fold of entries into rollups: the same in the server, in `check` and in what rebuilds the table. What was stored
 * before is asked for; what changed is told, so that it does not matter how often it is. Owned by one thread. */
#ifndef CS_REPORTS_ROLLUP_H
#define CS_REPORTS_ROLLUP_H

#include "common/decisions/rows.h"
#include "common/decisions/terms.h"
#include "common/reports/cell_set.h"

/* How a lead is counted now: the row under its rollup_lead_key. */
struct lead_state {
    uint32_t quarter; /* in which it came, since 1970-01-01 */
    uint64_t number;  /* count_number, of COUNT_LEADS or COUNT_SEVERAL */
    int64_t micros, revenue;
};
MUST_CHECK enum err lead_state_read(struct span row, struct lead_state *out); /* ERR_CORRUPT */

/* Whether several clicks led to it, for all that its entry says: its row and its counts are then others. */
bool rollup_several(const struct entry_lead *l);

/* What a click, or a lead without one, says of a dimension; empty where it says nothing. Of the code its placement, as
 * the number that it has in cells, in mem. Borrows from the entry. */
enum { VALUE_CODE_MAX = 12 };
struct span rollup_value(const struct entry *e, enum dimension d, char mem[VALUE_CODE_MAX]);
/* What a lead says itself, whatever its click says. */
struct span rollup_own_value(const struct entry_lead *l, enum dimension d);

struct rollup;
struct rollup *rollup_new(const struct rollup_source *source);
void rollup_free(struct rollup *r);          /* NULL-safe */
size_t rollup_bytes(const struct rollup *r); /* of its memory, without leads that changed */
/* Rows that changed since they were told. A lead's counts as several: it is one however long it waits, and the cells of
 * many are the same. */
size_t rollup_unwritten(const struct rollup *r);
/* What was not used lately goes, until its memory is no more than that; after rollup_changed alone. */
void rollup_keep(struct rollup *r, size_t most);
/* Counts one entry, of each log in its order; `terms` bind it (NULL: none do). After an error the fold is of no use:
 * ERR_CORRUPT when what the entry rests on is not there or does not read. */
MUST_CHECK enum err rollup_add(struct rollup *r, uint32_t contract, uint64_t index, const struct entry *e,
                               const struct terms *terms);
/* The journal is counted up to there. */
void rollup_reaches(struct rollup *r, uint64_t seq);
/* Every row that changed since this was called last, in no order; the first error ends it, and the fold is of no use.
 */
MUST_CHECK enum err rollup_changed(struct rollup *r, rollup_row *each, void *ctx);

#endif
