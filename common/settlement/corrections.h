/* What of a contract's statements corrects what of others: by what they say themselves, for all who show statements. */
#ifndef CS_SETTLEMENT_CORRECTIONS_H
#define CS_SETTLEMENT_CORRECTIONS_H

#include "common/base/json_write.h"
#include "common/settlement/statement.h"

/* What of a net is no gross. */
struct corrected {
    uint64_t n;
    int64_t micros;
};
struct correction_sums {
    struct corrected adjusted, returned, reinstated; /* adjustments; decisions that take back; those taken back */
    uint64_t unnamed; /* of the adjusted: about no statement, and about no lead of this one */
};
static inline bool correction_sums_any(const struct correction_sums *x)
{
    return x->adjusted.n + x->returned.n + x->reinstated.n > 0;
}
void correction_sums_add(struct correction_sums *x, bool is_adjustment, int64_t micros);
void correction_sums_of(const struct statement *s, struct correction_sums *out);
/* "1 adjustment of 5.00 EUR, 2 returned leads of -24.00 EUR and 1 reinstated lead of 12.00 EUR"; nothing where there is
 * nothing. */
void correction_sums_write(struct jw *w, const struct correction_sums *x); /* {adjusted, reinstated, returned} */
void correction_sums_tell(struct buf *out, const struct correction_sums *x, struct span currency);

/* A move that corrects a statement, and that none has so far. */
struct open_correction {
    bool is_adjustment;
    int64_t micros;
    uint64_t index, lead;         /* lead 0: an adjustment that cites none */
    char statement[LIMIT_ID + 1]; /* which it corrects */
};
/* Walks over all moves from entry `from` on. ERR_CORRUPT, or an error of the view. */
MUST_CHECK enum err corrections_open(const struct view *v, uint32_t contract, uint64_t from,
                                     void (*found)(void *ctx, const struct open_correction *c), void *ctx);

#endif
