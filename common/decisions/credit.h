/* Whose a lead is when its campaign's model looks at more than one touch: the touches inside the window, dealt to their
 * contracts. FORMATS.md, "A shared lead". */
#ifndef CS_DECISIONS_CREDIT_H
#define CS_DECISIONS_CREDIT_H

#include "common/decisions/terms.h"

struct touch {
    uint32_t contract, placement;
    uint64_t index;       /* of an unrecorded one: its id's random place, as far as an entry can say it */
    int64_t at_ms;        /* by the server's clock */
    uint32_t clock_steps; /* that it knew of by then; of an unrecorded one the lead's */
    bool unrecorded;
    enum class class; /* where it is recorded, as is the device */
    enum device device;
};

/* What one contract gets. */
struct credit {
    struct touch click;                      /* the latest of its touches that have a share */
    uint32_t from, to;                       /* its part of the whole; 0, 0: the whole, and no touches are kept */
    struct touch touches[LIMIT_TOUCHES - 1]; /* its others inside the window, in their order */
    size_t n_touches;
};

/* By steps of the clock, which divide the times before them from those after; then by time; of one millisecond by
 * contract, recorded ones first, by index: whatever order they were named in. */
int touch_order(const struct touch *a, const struct touch *b);
/* Deals a lead that came at lead_ms among the contracts of its n touches (distinct, in any order, at most
 * LIMIT_TOUCHES) by the model of the terms. The credits come in the order of their clicks: their parts adjoin, and the
 * last one's click is the latest of all. 0: no touch is inside the window. */
size_t credits_of(const struct terms *t, const struct touch *touches, size_t n, int64_t lead_ms, uint32_t lead_steps,
                  struct credit out[LIMIT_TOUCHES]);
/* By another model than the terms': the touches inside their window, in their order, with the shares that sum to
 * SHARE_WHOLE. 0: none is inside. */
size_t credit_touches(const struct terms *t, enum attribution model, const struct touch *touches, size_t n,
                      int64_t lead_ms, uint32_t lead_steps, struct touch out[LIMIT_TOUCHES],
                      uint32_t share[LIMIT_TOUCHES]);
/* How long it took from the touch to a lead, 0 where that is negative; false: a step of the clock makes it unknowable.
 */
bool touch_waited(const struct touch *touch, int64_t lead_ms, uint32_t lead_steps, int64_t *ms);
/* Whether it counts, for all that is known. */
bool touch_inside(const struct terms *t, const struct touch *touch, int64_t lead_ms, uint32_t lead_steps);
/* Whether the model may credit other contracts than that of the latest touch. */
bool credit_looks_back(const struct terms *t);
/* Whether it may credit several. */
bool credit_shares(const struct terms *t);
/* Whether both deal all leads alike. */
bool credit_alike(const struct terms *a, const struct terms *b);
/* What a lead's part earns of a price. */
int64_t credit_micros(const struct entry_lead *l, int64_t price_micros);

#endif
