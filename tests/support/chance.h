/* Repeatable chance for property tests: the seed is printed, and taken from SEED when that is set. */
#ifndef CS_TESTS_PROPERTY_CHANCE_H
#define CS_TESTS_PROPERTY_CHANCE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t chance_state;

static inline void chance_seed(void)
{
    const char *given = getenv("SEED");
    chance_state = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)time(NULL);
    printf("SEED=%llu\n", (unsigned long long)chance_state);
}

/* splitmix64 */
static inline uint64_t chance(void)
{
    uint64_t z = chance_state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}

static inline uint64_t below(uint64_t n)
{
    return chance() % n;
}

static inline int one_in(uint64_t n)
{
    return below(n) == 0;
}

#endif
