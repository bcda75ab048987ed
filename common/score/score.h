/* The lead score: a logistic regression with one Gaussian belief (mean, variance) per token, learnt one lead at a time,
 * in whole numbers, so that everybody comes to the same bits. FORMATS.md, "Score", is the arithmetic. No allocation;
 * a state is 33 KB of its owner's. */
#ifndef CS_SCORE_SCORE_H
#define CS_SCORE_SCORE_H

#include <stdint.h>

#include "common/base/err.h"
#include "common/base/span.h"
#include "common/crypto/crypto.h"

enum {
    SCORE_FIELDS = 32, /* 31 facts and the contract */
    SCORE_CROSS = 8,
    SCORE_PAIRS = SCORE_CROSS * (SCORE_CROSS - 1) / 2,
    SCORE_PARTS = SCORE_FIELDS + SCORE_PAIRS,
    SCORE_SETS = 256,
    SCORE_SLOTS = 8, /* of a set */
    SCORE_WHY = 3,
    SCORE_KNOWN = 20, /* labels of each kind before anything is held */
    SCORE_STATE_HEAD = 19,
    SCORE_STATE_MAX = SCORE_STATE_HEAD + 8 + 4 * SCORE_PARTS + 16 * SCORE_SETS * SCORE_SLOTS
};

/* What the terms ask: the fields in their order, and which of them are crossed. */
struct score_shape {
    uint64_t named[SCORE_FIELDS];  /* the hash of a field's name, to be gone on with */
    uint64_t unseen[SCORE_FIELDS]; /* the tag of what never came in it */
    uint8_t own[SCORE_FIELDS];     /* 1: means something to one publisher only */
    uint8_t cross[SCORE_CROSS];    /* numbers of fields, ascending */
    uint8_t fields, crossed, pairs;
};

/* What a lead says. Of a field without a number coarse is 0. */
struct score_tokens {
    uint64_t fine[SCORE_FIELDS], coarse[SCORE_FIELDS], pair[SCORE_PAIRS];
};

struct score_belief {
    int32_t mean;
    uint32_t variance;
};

/* Slots, those in use first. */
struct score_set {
    uint64_t marks;            /* a byte of each tag, the first one's lowest: most of the work is to look for tags */
    uint64_t tag[SCORE_SLOTS]; /* 0: nothing stands here */
    struct score_belief belief[SCORE_SLOTS];
};

struct score_state {
    uint32_t leads, labels[2], held; /* modulo 2^32; held 65536 = all */
    uint8_t fields, pairs;
    struct score_belief bias;
    int32_t usual[SCORE_PARTS];
    struct score_set set[SCORE_SETS];
};

/* What moved a score: a field, or behind the fields a pair. */
struct score_why {
    uint8_t part;
    bool up;
};

struct score_said {
    uint32_t p;           /* 65536 = certain */
    int64_t variance;     /* of all that was looked at */
    uint16_t score, high; /* per mille; high with one standard deviation of benefit of the doubt */
    uint8_t n_why;
    struct score_why why[SCORE_WHY];
    int32_t part[SCORE_PARTS]; /* what each field and pair says */
};

/* What is held, by the terms. */
struct score_hold {
    uint32_t below, max_permille; /* 0 to 1000 */
};

/* Begins a shape; fields are added in order, then those that are crossed, by number, ascending. */
void score_shape_open(struct score_shape *s);
void score_shape_field(struct score_shape *s, struct span name, bool own);
void score_shape_cross(struct score_shape *s, size_t field);
/* Of pair number `pair` (0 ..) the two fields: a before b. */
void score_shape_pair(const struct score_shape *s, size_t pair, size_t *a, size_t *b);

/* One value a field; what is absent is empty. Any thread. */
void score_tokens(const struct score_shape *s, const struct span *values, struct score_tokens *out);
void score_pairs(const struct score_shape *s, struct score_tokens *t); /* those of pairs again, by the others */

void score_begin(const struct score_shape *s, struct score_state *out);
/* What is said of a lead, and whether it is held. state NULL: nothing was learnt so far. */
void score_say(const struct score_shape *s, const struct score_state *state, const struct score_tokens *t,
               struct score_said *out);
bool score_low(const struct score_state *state, const struct score_said *said, struct score_hold terms);
/* Whether the share of those that are held, 65536 = all, leaves room for one more; and that share behind one lead. */
bool score_may_hold(uint32_t held, struct score_hold terms);
uint32_t score_held(uint32_t held, bool low);
/* It was said: remembers what is usual, and the share of those that are held. */
void score_note(const struct score_shape *s, struct score_state *state, const struct score_said *said, bool low);
/* The lead turned out well (1) or not (0); before is what it taught until now, or SCORE_UNTAUGHT. `said`: what is said
 * of it now, where that is known, since nothing was learnt meanwhile; else NULL. */
enum { SCORE_UNTAUGHT = -1 };
void score_learn(const struct score_shape *s, struct score_state *state, const struct score_tokens *t,
                 const struct score_said *said, int label, int before);

/* What all contracts of a campaign know, without what means something to one publisher only. */
void score_shared(const struct score_state *campaign, struct score_state *seed);
/* Takes it in: what is own stays, and what is usual; the rest is the seed's, where there is room. False, and nothing
 * happened: the seed is of another shape, or says something own. */
MUST_CHECK bool score_take_seed(struct score_state *state, const struct score_state *seed);

/* Returns how many bytes were written. */
size_t score_write(const struct score_state *state, uint8_t out[SCORE_STATE_MAX]);
/* ERR_CORRUPT: what no fold comes to. *out is undefined then. */
MUST_CHECK enum err score_read(struct span bytes, struct score_state *out);
void score_hash(const struct score_state *state, uint8_t out[HASH_LEN]);

#endif
