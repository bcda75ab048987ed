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
    uint64_t unnamed;                                /* of the adjusted, as correction_unnamed */
};
static inline bool correction_sums_any(const struct correction_sums *x)
{
    return x->adjusted.n + x->returned.n + x->reinstated.n > 0;
}
/* Whether one of a statement's `adjustments` is about no statement that is named, and about no lead of this one. */
bool correction_unnamed(const struct statement *s, const json_t *adjustment);
void correction_sums_add(struct correction_sums *x, bool is_adjustment, int64_t micros);
void correction_sums_of(const struct statement *s, struct correction_sums *out);
/* "1 adjustment of 5.00 EUR, 2 returned leads of -24.00 EUR and 1 reinstated lead of 12.00 EUR"; nothing where there is
 * nothing. */
void correction_sums_write(struct jw *w, const struct correction_sums *x); /* {adjusted, reinstated, returned} */
void correction_sums_tell(struct buf *out, const struct correction_sums *x, struct span currency);

/* What statements made of a lead that an adjustment corrects. */
enum { CORRECTED_ON = 4, CORRECTED_TOLD = 8 };
struct corrected_lead {
    uint64_t lead;
    int64_t charged_micros; /* its price and the share of its sale, once it was payable; else 0 */
    struct corrected all;   /* all that corrects it, decisions too, up to the statement that is asked about */
    struct {
        uint64_t number; /* of a statement that does, the first ones; */
        int64_t micros;
    } on[CORRECTED_ON];
    size_t n_on;     /* how many do so in all */
    uint64_t last;   /* of them the number */
    int64_t decided; /* of `all` what decisions are; and of later statements, where they are added */
    bool adjusted;
};
struct corrected_leads { /* ascending. Zeroed: none */
    struct corrected_lead *of;
    size_t n;
    uint64_t number; /* of the statement that is asked about */
};
void corrected_leads_free(struct corrected_leads *c);
struct corrected_lead *corrected_leads_find(const struct corrected_leads *c, uint64_t lead); /* NULL: it is none */
/* Those that a statement corrects. All statements are then added in order of number, itself too; of what later ones say
 * decisions count, for what was charged. */
void corrected_leads_of(struct corrected_leads *c, const struct statement *s);
void corrected_leads_add(struct corrected_leads *c, const struct statement *s);
/* Whether a payload of a statement may correct a lead; most do not, and need not be taken apart. */
bool payload_corrects(struct span payload);
/* Leaves those that an adjustment corrects, before they are charged; */
void corrected_leads_keep_adjusted(struct corrected_leads *c);
/* What they charged before entry `from`, where all statements up to there were added. ERR_CORRUPT, or an error of the
 * view. */
MUST_CHECK enum err corrected_leads_charge(struct corrected_leads *c, const struct view *v, uint32_t contract,
                                           uint64_t from);
/* More is taken back of it than it charged. */
static inline bool corrected_beyond(const struct corrected_lead *x)
{
    return x->charged_micros + x->all.micros < 0;
}
/* and then those of whom that is so, or which more than one statement corrects: whoever signs wants to know. */
void corrected_leads_keep_told(struct corrected_leads *c);
/* "lead 4 charged 12.00, corrected by -16.00 (no. 2 -8.00, no. 3 -8.00): 4.00 more than it charged is taken back". */
void corrected_lead_tell(struct buf *out, const struct corrected_lead *x, int exponent);

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
