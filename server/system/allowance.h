/* So many at once, so many a second in the long run: what may be written for strangers. One thread's own; zeros: full.
 */
#ifndef CS_SERVER_SYSTEM_ALLOWANCE_H
#define CS_SERVER_SYSTEM_ALLOWANCE_H

#include <stdbool.h>
#include <stdint.h>

struct allowance {
    int64_t at_us;     /* monotonic, of the last gain */
    int64_t left;      /* below zero: spent ahead of time */
    uint64_t withheld; /* asked for when there was none, since somebody has said so and set it to 0 */
};

/* Takes one; false when there is none. */
bool allowance_take(struct allowance *a, uint32_t at_once, uint32_t per_s, int64_t now_us);
/* Takes n when there is any, also what there is not yet. */
bool allowance_spend(struct allowance *a, uint32_t n, uint32_t at_once, uint32_t per_s, int64_t now_us);

#endif
