/* What terms say of the lead score: FORMATS.md, "Score". */
#ifndef CS_DECISIONS_SCORE_TERMS_H
#define CS_DECISIONS_SCORE_TERMS_H

#include "common/base/json_write.h"
#include "common/base/limits.h"
#include "common/ledger/merkle.h"
#include "common/score/score.h"

/* What is looked at: values that an entry has beside its facts, or else one of these. The first mean something to one
 * publisher only. */
enum score_value {
    SCORE_SUB1,
    SCORE_PLACEMENT = SCORE_SUB1 + LIMIT_SUBS,
    SCORE_HOUR,
    SCORE_TRUST,
    SCORE_UTM_SOURCE,
    SCORE_WAIT,
    SCORE_FACT
};

struct score_terms {
    struct span facts[SCORE_FIELDS - 1]; /* in the order of the terms; behind them comes the contract */
    uint8_t value[SCORE_FIELDS - 1];     /* enum score_value */
    uint8_t by_name[SCORE_FIELDS - 1];   /* numbers of facts, by their names ascending, as entries have them */
    size_t n_facts;
    uint32_t crossed; /* bits of them */
    int64_t hold_below, max_held_permille, hold_days;
    struct score_shape shape;
    struct span part[SCORE_PARTS]; /* what fields are called, and pairs of them: "f_city&country" */
    char *pairs;                   /* heap, of the latter; may be NULL */
    struct hash asked;             /* of facts and cross: what was learnt by others counts for nothing */
};

static inline struct score_hold score_terms_hold(const struct score_terms *s)
{
    return (struct score_hold){(uint32_t)s->hold_below, (uint32_t)s->max_held_permille};
}
/* Whether it is one of the facts; s may be NULL. */
bool score_terms_use(const struct score_terms *s, struct span name);
void score_terms_free(struct score_terms *s); /* NULL-safe */
/* Members `cross` and `facts`. */
void score_terms_lists(const struct score_terms *s, struct jw *w);

#endif
