/* What the files of the score share: its units, and division that rounds down. */
#ifndef CS_SCORE_PRIVATE_H
#define CS_SCORE_PRIVATE_H

#include "common/score/score.h"

/* Probability: 65536 = 1. Mean (log odds): 2^24 = 1. Variance: 2^28 = 1. */
enum {
    SCORE_ONE = 65536,
    SCORE_V0 = 1 << 25,   /* doubt of the bias and of single tokens in the beginning */
    SCORE_VX = 1 << 21,   /* of pairs */
    SCORE_VMIN = 1 << 16, /* there is always some */
    SCORE_MEAN_MAX = 1 << 27
};

/* x / 2^n, rounded down; no negative number is shifted. */
static inline int64_t score_halved(int64_t x, unsigned n)
{
    return x < 0 ? ~(~x >> n) : x >> n;
}

/* x / by, rounded down; by > 0. */
static inline int64_t score_divided(int64_t x, int64_t by)
{
    return x < 0 ? ~(~x / by) : x / by;
}

static inline bool score_is_pair(uint64_t tag)
{
    return tag & 1;
}

static inline bool score_is_own(uint64_t tag)
{
    return tag & 2;
}

static inline uint32_t score_doubt(uint64_t tag)
{
    return score_is_pair(tag) ? SCORE_VX : SCORE_V0;
}

static inline size_t score_set_of(uint64_t tag)
{
    return ((tag ^ tag >> 32) >> 2) % SCORE_SETS;
}

/* The byte by which a tag is looked for: its set says nothing of it. */
static inline uint64_t score_mark(uint64_t tag)
{
    return tag >> 56;
}

static inline void score_put(struct score_set *set, size_t at, uint64_t tag, struct score_belief belief)
{
    set->marks = (set->marks & ~(UINT64_C(255) << 8 * at)) | score_mark(tag) << 8 * at;
    set->tag[at] = tag;
    set->belief[at] = belief;
}

#endif
