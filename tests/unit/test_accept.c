/* What clients weigh in Accept and Accept-Language: common/base/accept. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/accept.h"
#include "tests/support/spans.h"

static void a_weight_is_of_three_digits_or_it_is_none(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int weight;
    } rows[] = {
        {"a", 1000},
        {"a;q=1", 1000},
        {"a;q=1.000", 1000},
        {"a;q=1.", 1000},
        {"a;q=0.8", 800},
        {"a;q=0.123", 123},
        {"a;q=0.001", 1},
        {"a;q=0", 0},
        {"a;q=0.0", 0},
        {"a ; Q=0.5", 500},
        {"a;q=", 0},
        {"a;q=.5", 0},
        {"a;q=1.001", 0},
        {"a;q=2", 0},
        {"a;q=0.1234", 0},
        {"a;q=01", 0},
        {"a;q=-1", 0},
        {"a;q=0,5", 0},
        {"a;q=0.5x", 0},
        {"a;q=1e3", 0},
        {"a;q=99999999999", 0},
        {"a;level=1;q=0.2", 200},
        {"a;q=0.2;x=y", 200},
        {"a;x=q=0.3", 1000},
        {"a;;;", 1000},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct span list = span_str(rows[i].text), range;
        int q = -1;
        assert_true(accept_next(&list, &range, &q));
        assert_true(span_is(range, "a"));
        if (q != rows[i].weight)
            fail_msg("%s: %d", rows[i].text, q);
    }
}

static void a_list_ends_and_has_its_empty_places(void **state)
{
    (void)state;
    struct span list = SPAN(" a , ,b;q=0.1,"), range;
    static const char *const ranges[] = {"a", "", "b"};
    int q;
    for (size_t i = 0; i < 3; i++) {
        assert_true(accept_next(&list, &range, &q));
        assert_true(span_is(range, ranges[i]));
    }
    assert_false(accept_next(&list, &range, &q));
    list = SPAN("");
    assert_false(accept_next(&list, &range, &q));
}

static void who_asks_for_a_page_gets_one_and_a_program_json(void **state)
{
    (void)state;
    static const struct {
        const char *accept;
        int sign;
    } rows[] = {
        {"", 0},
        {"*/*", 0},
        {"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8", -1},
        {"application/xhtml+xml", -1},
        {"text/*", -1},
        {"TEXT/HTML", -1},
        {"application/json", 1},
        {"application/problem+json, */*;q=0.1", 1},
        {"application/json;q=0.5, text/html", -1},
        {"application/json, text/html;q=0.9", 1},
        {"application/json, text/html", 0},
        {"application/json;q=0", 0},
        {"text/html;q=2", 0},
        {"text/html;q=0.1, text/html;q=0.9, application/json;q=0.5", -1},
        {"text/plain", 0},
        {",,;;,", 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        int found = accept_json_or_page(span_str(rows[i].accept));
        if ((found > 0) - (found < 0) != rows[i].sign)
            fail_msg("%s: %d", rows[i].accept, found);
    }
}

static void the_language_is_the_one_that_weighs_most(void **state)
{
    (void)state;
    static const struct {
        const char *accept;
        enum language is;
    } rows[] = {
        {"", LANGUAGE_EN},
        {"fr", LANGUAGE_FR},
        {"FR-ca", LANGUAGE_FR},
        {"zh-Hant-TW", LANGUAGE_ZH},
        {"de, fr;q=0.1", LANGUAGE_FR},
        {"de", LANGUAGE_EN},
        {"en;q=0.5, fr;q=0.6", LANGUAGE_FR},
        {"fr, en", LANGUAGE_FR},
        {"en, fr", LANGUAGE_EN},
        {"fr;q=0.2, en;q=0.2, zh;q=0.2", LANGUAGE_FR},
        {"fr;q=0.2, zh;q=0.3, fr-CH;q=0.4", LANGUAGE_FR},
        {"fr;q=0", LANGUAGE_EN},
        {"*", LANGUAGE_EN},
        {"en;q=0, *", LANGUAGE_FR},
        {"en;q=0, fr;q=0, *;q=0.1", LANGUAGE_ZH},
        {"fr;q=0.3, *;q=0.5", LANGUAGE_EN},
        {"fr;q=0.5, *;q=0.5", LANGUAGE_FR},
        {"*;q=0", LANGUAGE_EN},
        {"en;q=0, fr;q=0, zh;q=0", LANGUAGE_EN},
        {"french", LANGUAGE_EN},
        {"fr;q=7, zh", LANGUAGE_ZH},
        {"-", LANGUAGE_EN},
        {",", LANGUAGE_EN},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        enum language is = language_accepted(span_str(rows[i].accept));
        if (is != rows[i].is)
            fail_msg("%s: %s", rows[i].accept, language_word(is));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_weight_is_of_three_digits_or_it_is_none),
        cmocka_unit_test(a_list_ends_and_has_its_empty_places),
        cmocka_unit_test(who_asks_for_a_page_gets_one_and_a_program_json),
        cmocka_unit_test(the_language_is_the_one_that_weighs_most),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
