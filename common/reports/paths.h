/* What all paths together say of their channels (the publishers, as numbers of the caller's choosing): credit by the
 * models that need no times, by Shapley's value, and by the removal effect of a Markov chain of order 1. Solved, not
 * simulated, and in integers, so that whoever has the paths has the same numbers. */
#ifndef CS_REPORTS_PATHS_H
#define CS_REPORTS_PATHS_H

#include <stddef.h>
#include <stdint.h>

#include "common/decisions/attribution.h"

enum { PATH_LONGEST = 512, PATH_CHANNELS = 256 };
#define PATH_TOTAL_MAX (UINT64_C(1) << 53) /* of converted and lost, over all paths */
#define PATH_EFFECT_WHOLE 1000000000       /* a channel without which nothing converts */

struct path {
    const uint32_t *channel; /* of each touch, oldest first */
    size_t n;                /* 1 to PATH_LONGEST */
    uint64_t converted;      /* what such paths came to, in what is to be divided: leads, micros */
    uint64_t lost;           /* such paths that came to nothing; paths_removal alone reads it */
};
struct paths {
    const struct path *path;
    size_t n;
    uint32_t channels; /* at most PATH_CHANNELS; each number in a path is below */
};

/* All credits are in `unit`s of one converted (1000000000: billionths of a lead), rounded to the nearest, a half up: so
 * they sum to the total but for that. total * unit < 2^63. Exactly so while no path is longer than 36 touches; beyond,
 * what lies within 2^-54 of a half may go either way. */

/* By last, first, linear or position, of every touch as it stands. */
void paths_credit(const struct paths *all, enum attribution model, uint64_t unit, uint64_t *credit);
/* Shapley's value of the game in which a coalition of channels is worth what the paths came to that touch no other:
 * exact over all coalitions. */
void paths_shapley(const struct paths *all, uint64_t unit, uint64_t *credit);
/* The removal effect, in 1 / PATH_EFFECT_WHOLE: which part of the chance to convert is lost when every step to the
 * channel leads to nothing; and the credit, the total divided by the effects. A channel twice in a row is as good as
 * once: a step to itself changes neither. Both are good to 10^-9 and better. */
void paths_removal(const struct paths *all, uint64_t unit, uint64_t *effect, uint64_t *credit);

#endif
