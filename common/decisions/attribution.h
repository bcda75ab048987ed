/* Who earns how much of a lead: the models that divide one lead among the clicks that led to it. Integers only, to be
 * had bit for bit by everybody (FORMATS.md "Shares"). */
#ifndef CS_DECISIONS_ATTRIBUTION_H
#define CS_DECISIONS_ATTRIBUTION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum attribution {
    ATTRIBUTION_LAST,
    ATTRIBUTION_FIRST,
    ATTRIBUTION_LINEAR,
    ATTRIBUTION_TIME_DECAY,
    ATTRIBUTION_POSITION,
    ATTRIBUTION_COUNT
};
extern const char *const attribution_words[]; /* last first linear time-decay position, NULL-ended */

#define SHARE_WHOLE 1000000 /* the shares of one lead sum to this exactly */

/* Shares of a lead's touches, oldest first: at_ms ascending; lead_ms when the lead came. 1 <= n <= LIMIT_TOUCHES; only
 * time-decay reads the times and half_life_days, which is then at least 1. */
void attribution_shares(enum attribution model, int64_t half_life_days, int64_t lead_ms, const int64_t *at_ms, size_t n,
                        uint32_t *share);
/* Whether [from, to) is a part of a whole, and not all of it. */
bool share_is_part(uint32_t from, uint32_t to);
/* What the part [from, to) of a whole earns of a price: exact, and the parts of one price sum to it. */
int64_t share_micros(int64_t price_micros, uint32_t from, uint32_t to);

#endif
