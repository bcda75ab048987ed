/* Credit over paths, by hand. Against a second implementation and real paths: interop/test_attribution.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/reports/paths.h"

enum { A, B, C, CHANNELS, UNIT = 60 };

#define PATH(converted_, lost_, ...)                                                                                   \
    {                                                                                                                  \
        .channel = (const uint32_t[]){__VA_ARGS__}, .n = sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t),   \
        .converted = converted_, .lost = lost_                                                                         \
    }

/* Start: 3/4 to A, 1/4 to B. A: a third each to B, conversion and nothing. B: a half each to the latter. So a half
 * converts; 1/8 without A, 1/4 without B. */
static const struct path three[] = {PATH(1, 1, A), PATH(1, 0, A, B), PATH(0, 1, B)};
static const struct path winding[] = {PATH(1, 0, A, B, C, A)};
static const struct path halting[] = {PATH(1, 1, A, A, A), PATH(1, 0, A, B, B), PATH(0, 1, B)};
static const struct path thirds[] = {PATH(1, 0, A, B, C), PATH(1, 0, A, A, B, B, C, C)};
static const struct path half[] = {PATH(1, 0, A, B, C), PATH(1, 0, A, B, B, B, C, C)};
static const struct path vain[] = {PATH(0, 4, A, B), PATH(0, 1, B)};
static const struct path one[] = {PATH(7, 0, B, B)};

#define ALL(paths_)                                                                                                    \
    {                                                                                                                  \
        paths_, sizeof paths_ / sizeof *paths_, CHANNELS                                                               \
    }
static const struct {
    struct paths all;
    uint64_t last[CHANNELS], first[CHANNELS], linear[CHANNELS], position[CHANNELS], shapley[CHANNELS];
    uint64_t effect[CHANNELS], removal[CHANNELS];
} cases[] = {
    {ALL(three), {60, 60}, {120, 0}, {90, 30}, {90, 30}, {90, 30}, {750000000, 500000000}, {72, 48}},
    {ALL(winding),
     {60},
     {60},
     {30, 15, 15},
     {48, 6, 6},
     {20, 20, 20},
     {PATH_EFFECT_WHOLE, 500000000, 500000000}, /* half of those at A convert there and then */
     {30, 15, 15}},
    {ALL(halting), {60, 60}, {120, 0}, {80, 40}, {84, 36}, {90, 30}, {750000000, 500000000}, {72, 48}},
    {ALL(vain)},
    {ALL(one), {0, 420}, {0, 420}, {0, 420}, {0, 420}, {0, 420}, {0, PATH_EFFECT_WHOLE}, {0, 420}},
    {{NULL, 0, CHANNELS}},
};

static void same(size_t number, const char *what, const uint64_t *got, const uint64_t *want)
{
    for (size_t c = 0; c < CHANNELS; c++)
        if (got[c] != want[c])
            fail_msg("case %zu, %s, channel %zu: %ju instead of %ju", number, what, c, (uintmax_t)got[c],
                     (uintmax_t)want[c]);
}

static void credit_over_paths_is_as_by_hand(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct paths *all = &cases[i].all;
        uint64_t credit[CHANNELS], effect[CHANNELS];
        paths_credit(all, ATTRIBUTION_LAST, UNIT, credit);
        same(i, "last", credit, cases[i].last);
        paths_credit(all, ATTRIBUTION_FIRST, UNIT, credit);
        same(i, "first", credit, cases[i].first);
        paths_credit(all, ATTRIBUTION_LINEAR, UNIT, credit);
        same(i, "linear", credit, cases[i].linear);
        paths_credit(all, ATTRIBUTION_POSITION, UNIT, credit);
        same(i, "position", credit, cases[i].position);
        paths_shapley(all, UNIT, credit);
        same(i, "Shapley", credit, cases[i].shapley);
        paths_removal(all, UNIT, effect, credit);
        same(i, "effect", effect, cases[i].effect);
        same(i, "removal", credit, cases[i].removal);
    }
}

static void a_half_is_rounded_up_however_it_adds_up(void **state)
{
    static const struct paths whole = ALL(thirds), halves = ALL(half);
    uint64_t credit[CHANNELS];
    (void)state;
    paths_credit(&whole, ATTRIBUTION_LINEAR, 3, credit);
    same(0, "linear", credit, (const uint64_t[CHANNELS]){2, 2, 2}); /* 1/3 + 2/6 */
    paths_credit(&halves, ATTRIBUTION_LINEAR, 1, credit);
    same(1, "linear", credit, (const uint64_t[CHANNELS]){1, 1, 1}); /* 1/3 + 1/6, 1/3 + 1/2, 1/3 + 1/3 */
}

static void the_longest_paths_and_largest_numbers_fit(void **state)
{
    static uint32_t longest[PATH_LONGEST];
    static uint64_t credit[PATH_CHANNELS], effect[PATH_CHANNELS];
    (void)state;
    for (size_t t = 0; t < PATH_LONGEST; t++)
        longest[t] = t % PATH_CHANNELS;
    const struct path most[] = {{longest, PATH_LONGEST, PATH_TOTAL_MAX - 1, 1}};
    const struct paths all = {most, 1, PATH_CHANNELS};
    for (enum attribution m = 0; m < ATTRIBUTION_COUNT; m++)
        if (m != ATTRIBUTION_TIME_DECAY)
            paths_credit(&all, m, 1, credit);
    paths_shapley(&all, 1023, credit);
    for (size_t c = 0; c < PATH_CHANNELS; c++)
        assert_int_equal(credit[c], ((PATH_TOTAL_MAX - 1) * 1023 + PATH_CHANNELS / 2) / PATH_CHANNELS);
    paths_removal(&all, 1023, effect, credit);
    for (size_t c = 0; c < PATH_CHANNELS; c++)
        assert_int_equal(effect[c], PATH_EFFECT_WHOLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(credit_over_paths_is_as_by_hand),
        cmocka_unit_test(a_half_is_rounded_up_however_it_adds_up),
        cmocka_unit_test(the_longest_paths_and_largest_numbers_fit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
