#include "common/decisions/attribution.h"

#include <assert.h>

#include "common/base/limits.h"

enum { FRACTION_BITS = 32, ONE_BITS = 62 };
#define ONE (UINT64_C(1) << ONE_BITS)
#define MS_PER_DAY 86400000

const char *const attribution_words[] = {"last", "first", "linear", "time-decay", "position", NULL};

/* Row k-1: 2^(-2^-k) in units of 2^-62, each the integer square root of the one before times 2^62, from 2^61 on. */
static const uint64_t root_of_half[FRACTION_BITS] = {
    0x2d413cccfe779921, 0x35d13f32b5a75abd, 0x3ab031b9f7490e4b, 0x3d495f454921b30a, 0x3ea0ecb6dc8a80ce,
    0x3f4f83033d21b05c, 0x3fa784571ee3e212, 0x3fd3b2d65447b228, 0x3fe9d59487236bb3, 0x3ff4e9d4703df842,
    0x3ffa74acbdf6c9d4, 0x3ffd3a46ffc6e30e, 0x3ffe9d1fa8010198, 0x3fff4e8ede053ad4, 0x3fffa747318376ab,
    0x3fffd3a38961e6fd, 0x3fffe9d1c0d8fd13, 0x3ffff4e8df7680c4, 0x3ffffa746f7dc0eb, 0x3ffffd3a37af8097,
    0x3ffffe9d1bd3e853, 0x3fffff4e8de8fe2b, 0x3fffffa746f44196, 0x3fffffd3a37a116b, 0x3fffffe9d1bd04dd,
    0x3ffffff4e8de8178, 0x3ffffffa746f407e, 0x3ffffffd3a37a02f, 0x3ffffffe9d1bd013, 0x3fffffff4e8de808,
    0x3fffffffa746f403, 0x3fffffffd3a37a01,
};

/* 2^(-age/half_life) in units of 2^-62: the product of the roots that the fraction's bits name, from the highest on,
 * cut each time, shifted by the whole half-lives. */
static uint64_t decayed(uint64_t age_ms, unsigned __int128 half_life_ms)
{
    unsigned __int128 halvings = age_ms / half_life_ms;
    uint64_t fraction = (uint64_t)(((age_ms % half_life_ms) << FRACTION_BITS) / half_life_ms), weight = ONE;
    if (halvings > ONE_BITS)
        return 0;
    for (int k = 0; k < FRACTION_BITS; k++)
        if (fraction >> (FRACTION_BITS - 1 - k) & 1)
            weight = (uint64_t)((unsigned __int128)weight * root_of_half[k] >> ONE_BITS);
    return weight >> (unsigned)halvings;
}

/* A touch that a clock puts behind its lead is of age 0. */
static uint64_t age(int64_t lead_ms, int64_t at_ms)
{
    return at_ms < lead_ms ? (uint64_t)lead_ms - (uint64_t)at_ms : 0;
}

/* 40 to the first, 40 to the last, 20 among those between. */
static uint64_t by_position(size_t i, size_t n)
{
    bool outer = i == 0 || i == n - 1;
    return n > 2 && outer ? 2 * (n - 2) : 1;
}

static uint64_t weight_of(enum attribution model, uint64_t half_life_days, int64_t lead_ms, const int64_t *at_ms,
                          size_t i, size_t n)
{
    switch (model) {
    case ATTRIBUTION_LAST:
        return i == n - 1;
    case ATTRIBUTION_FIRST:
        return i == 0;
    case ATTRIBUTION_LINEAR:
        return 1;
    case ATTRIBUTION_TIME_DECAY: /* from the latest on: however old all of them are, that one weighs 1 */
        return decayed(age(lead_ms, at_ms[i]) - age(lead_ms, at_ms[n - 1]),
                       (unsigned __int128)half_life_days * MS_PER_DAY);
    case ATTRIBUTION_POSITION:
        return by_position(i, n);
    case ATTRIBUTION_COUNT:
        break;
    }
    assert(!"a model of the table");
    return 0;
}

/* Divides SHARE_WHOLE by the weights: each its floor, what is left by ones to the largest remainders, of equal ones to
 * the latest. */
static void deal(const uint64_t *weight, size_t n, uint32_t *share)
{
    unsigned __int128 sum = 0, rest[LIMIT_TOUCHES];
    uint32_t left = SHARE_WHOLE;
    for (size_t i = 0; i < n; i++)
        sum += weight[i];
    assert(sum > 0);
    for (size_t i = 0; i < n; i++) {
        unsigned __int128 whole = (unsigned __int128)weight[i] * SHARE_WHOLE;
        share[i] = (uint32_t)(whole / sum);
        rest[i] = whole % sum;
        left -= share[i];
    }
    assert(left < n);
    for (size_t i = 0; i < n; i++) {
        size_t ahead = 0;
        for (size_t j = 0; j < n; j++)
            ahead += rest[j] > rest[i] || (rest[j] == rest[i] && j > i);
        share[i] += ahead < left;
    }
}

void attribution_shares(enum attribution model, int64_t half_life_days, int64_t lead_ms, const int64_t *at_ms, size_t n,
                        uint32_t *share)
{
    uint64_t weight[LIMIT_TOUCHES];
    assert(n >= 1 && n <= LIMIT_TOUCHES);
    assert(model != ATTRIBUTION_TIME_DECAY || half_life_days >= 1);
    for (size_t i = 0; i < n; i++) {
        assert(model != ATTRIBUTION_TIME_DECAY || i == 0 || at_ms[i - 1] <= at_ms[i]);
        weight[i] = weight_of(model, (uint64_t)half_life_days, lead_ms, at_ms, i, n);
    }
    deal(weight, n, share);
}

bool share_is_part(uint32_t from, uint32_t to)
{
    return from < to && to <= SHARE_WHOLE && to - from < SHARE_WHOLE;
}

static int64_t floor_part(int64_t price_micros, uint32_t part)
{
    __int128 product = (__int128)price_micros * part, floor = product / SHARE_WHOLE;
    return (int64_t)(floor - (product % SHARE_WHOLE < 0));
}

int64_t share_micros(int64_t price_micros, uint32_t from, uint32_t to)
{
    assert(from <= to && to <= SHARE_WHOLE);
    return floor_part(price_micros, to) - floor_part(price_micros, from);
}
