/* Shares of a lead, by hand. All models against a second one, with random touches: interop/test_attribution.py. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/money.h"
#include "common/decisions/attribution.h"

#define DAY INT64_C(86400000)
#define NOW INT64_C(1770000000000)

static void each_model_divides_as_by_hand(void **state)
{
    static const struct {
        enum attribution model;
        int64_t half_life_days;
        size_t n;
        int64_t age_ms[5]; /* before the lead, oldest first */
        uint32_t share[5];
    } cases[] = {
        {ATTRIBUTION_LAST, 0, 1, {0}, {SHARE_WHOLE}},
        {ATTRIBUTION_LAST, 0, 3, {3, 2, 1}, {0, 0, SHARE_WHOLE}},
        {ATTRIBUTION_FIRST, 0, 1, {0}, {SHARE_WHOLE}},
        {ATTRIBUTION_FIRST, 0, 3, {3, 2, 1}, {SHARE_WHOLE, 0, 0}},
        {ATTRIBUTION_LINEAR, 0, 1, {5}, {SHARE_WHOLE}},
        {ATTRIBUTION_LINEAR, 0, 3, {3, 2, 1}, {333333, 333333, 333334}},
        {ATTRIBUTION_POSITION, 0, 1, {1}, {SHARE_WHOLE}},
        {ATTRIBUTION_POSITION, 0, 2, {2, 1}, {500000, 500000}},
        {ATTRIBUTION_POSITION, 0, 3, {3, 2, 1}, {400000, 200000, 400000}},
        {ATTRIBUTION_POSITION, 0, 5, {5, 4, 3, 2, 1}, {400000, 66666, 66667, 66667, 400000}},
        {ATTRIBUTION_TIME_DECAY, 7, 1, {900 * DAY}, {SHARE_WHOLE}},
        {ATTRIBUTION_TIME_DECAY, 7, 2, {7 * DAY, 0}, {333333, 666667}},
        {ATTRIBUTION_TIME_DECAY, 7, 3, {14 * DAY, 7 * DAY, 0}, {142857, 285714, 571429}},
        {ATTRIBUTION_TIME_DECAY, 1, 2, {DAY / 2, 0}, {414214, 585786}}, /* 1 / (1 + sqrt(2)) */
        /* however long ago: the same distances, the same shares; what is far behind the latest gets nothing */
        {ATTRIBUTION_TIME_DECAY, 1, 2, {9001 * DAY, 9000 * DAY}, {333333, 666667}},
        {ATTRIBUTION_TIME_DECAY, 1, 3, {NOW, DAY, DAY}, {0, 500000, 500000}},
        {ATTRIBUTION_TIME_DECAY, 1, 2, {INT64_MAX, 0}, {0, SHARE_WHOLE}},
        {ATTRIBUTION_TIME_DECAY, INT64_MAX, 2, {INT64_MAX, 0}, {500000, 500000}},
        /* behind the lead, as clocks have it: no age, and none that is negative */
        {ATTRIBUTION_TIME_DECAY, 1, 2, {-DAY, -9 * DAY}, {500000, 500000}},
        {ATTRIBUTION_TIME_DECAY, 1, 2, {DAY, -DAY}, {333333, 666667}},
    };
    (void)state;
    for (size_t c = 0; c < sizeof cases / sizeof *cases; c++) {
        int64_t at_ms[5];
        uint32_t share[5];
        for (size_t i = 0; i < cases[c].n; i++)
            at_ms[i] = NOW - cases[c].age_ms[i];
        attribution_shares(cases[c].model, cases[c].half_life_days, NOW, at_ms, cases[c].n, share);
        for (size_t i = 0; i < cases[c].n; i++)
            if (share[i] != cases[c].share[i])
                fail_msg("case %zu, touch %zu: %u instead of %u", c, i, share[i], cases[c].share[i]);
    }
}

static void every_model_has_its_word(void **state)
{
    (void)state;
    for (int i = 0; i < ATTRIBUTION_COUNT; i++)
        assert_non_null(attribution_words[i]);
    assert_null(attribution_words[ATTRIBUTION_COUNT]);
    assert_string_equal(attribution_words[ATTRIBUTION_TIME_DECAY], "time-decay");
}

static void the_parts_of_a_price_sum_to_it(void **state)
{
    static const int64_t prices[] = {0,  1,  2,  3,  12000000,  MONEY_MAX_MICROS,  INT64_MAX,
                                     -1, -2, -3, -7, -12000001, -MONEY_MAX_MICROS, INT64_MIN + 1};
    static const uint32_t cut[] = {0, 0, 1, 333333, 333334, 999999, SHARE_WHOLE, SHARE_WHOLE};
    enum { PARTS = sizeof cut / sizeof *cut - 1 };
    (void)state;
    for (size_t p = 0; p < sizeof prices / sizeof *prices; p++) {
        int64_t left = prices[p];
        for (size_t i = 0; i < PARTS; i++)
            left -= share_micros(prices[p], cut[i], cut[i + 1]);
        assert_int_equal(left, 0);
        assert_int_equal(share_micros(prices[p], 0, SHARE_WHOLE), prices[p]);
    }
    assert_int_equal(share_micros(10, 0, 333333), 3);
    assert_int_equal(share_micros(10, 333333, 666666), 3);
    assert_int_equal(share_micros(10, 666666, SHARE_WHOLE), 4);
    assert_int_equal(share_micros(-10, 0, 333333), -4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_model_divides_as_by_hand),
        cmocka_unit_test(every_model_has_its_word),
        cmocka_unit_test(the_parts_of_a_price_sum_to_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
