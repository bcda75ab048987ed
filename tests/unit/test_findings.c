#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/settlement/findings.h"

struct heard {
    int times;
    char check[32], sentence[600];
    enum verdict verdict;
};

static void tell(void *ctx, const struct report_line *t)
{
    struct heard *heard = ctx;
    heard->times++;
    heard->verdict = t->verdict;
    assert_true(t->check && t->judged);
    snprintf(heard->check, sizeof heard->check, "%s", t->topic);
    snprintf(heard->sentence, sizeof heard->sentence, "%.*s", (int)t->sentence.len, t->sentence.ptr);
}

static void assert_told(const struct finding *f, enum verdict v, const char *sentence)
{
    struct heard told = {0};
    assert_int_equal(finding_verdict(f), v);
    assert_int_equal(finding_report(f, "trees", "all is well", tell, &told), v);
    assert_int_equal(told.times, 1);
    assert_int_equal(told.verdict, v);
    assert_string_equal(told.check, "trees");
    assert_string_equal(told.sentence, sentence);
}

static void nothing_found_says_the_good_sentence(void **state)
{
    (void)state;
    assert_told(&(struct finding){0}, HOLDS, "all is well");
}

static void the_first_failure_is_told_and_the_others_are_counted(void **state)
{
    (void)state;
    struct finding f = {0};
    finds_failure(&f, "entry %d is wrong", 7);
    assert_told(&f, FAILS, "entry 7 is wrong");
    finds_failure(&f, "entry %d is wrong", 8);
    assert_told(&f, FAILS, "entry 7 is wrong (and 1 more)");
    finds_failure(&f, "entry %d is wrong", 9);
    assert_told(&f, FAILS, "entry 7 is wrong (and 2 more)");
}

static void the_first_doubt_is_told_and_the_others_are_counted(void **state)
{
    (void)state;
    struct finding f = {0};
    finds_doubt(&f, "no key of day %d", 1);
    assert_told(&f, CANNOT_TELL, "no key of day 1");
    finds_doubt(&f, "no key of day %d", 2);
    assert_told(&f, CANNOT_TELL, "no key of day 1 (and 1 more)");
}

static void a_failure_outweighs_any_doubt(void **state)
{
    (void)state;
    struct finding before = {0}, after = {0};
    finds_doubt(&before, "a doubt");
    finds_doubt(&before, "another doubt");
    finds_failure(&before, "a failure");
    assert_told(&before, FAILS, "a failure");
    finds_failure(&after, "a failure");
    finds_doubt(&after, "a doubt");
    assert_told(&after, FAILS, "a failure");
}

static void a_weakened_failure_is_a_doubt_with_its_own_words(void **state)
{
    (void)state;
    struct finding f = {.failures = 0};
    finds_failure(&f, "row %d is missing", 3);
    finds_doubt(&f, "a doubt");
    finding_weaken(&f);
    assert_int_equal(finding_verdict(&f), CANNOT_TELL);
    assert_int_equal(f.doubts, 2);
    assert_string_equal(f.sentence, "row 3 is missing");
    f = (struct finding){.failures = 0};
    finding_weaken(&f);
    assert_int_equal(finding_verdict(&f), HOLDS);
}

static void the_worse_of_two_verdicts_is_kept(void **state)
{
    (void)state;
    static const enum verdict worse[3][3] = {
        [HOLDS] = {[HOLDS] = HOLDS, [FAILS] = FAILS, [CANNOT_TELL] = CANNOT_TELL},
        [FAILS] = {[HOLDS] = FAILS, [FAILS] = FAILS, [CANNOT_TELL] = FAILS},
        [CANNOT_TELL] = {[HOLDS] = CANNOT_TELL, [FAILS] = FAILS, [CANNOT_TELL] = CANNOT_TELL},
    };
    for (int a = 0; a < 3; a++)
        for (int b = 0; b < 3; b++)
            assert_int_equal(verdict_worse((enum verdict)a, (enum verdict)b), worse[a][b]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_found_says_the_good_sentence),
        cmocka_unit_test(the_first_failure_is_told_and_the_others_are_counted),
        cmocka_unit_test(the_first_doubt_is_told_and_the_others_are_counted),
        cmocka_unit_test(a_failure_outweighs_any_doubt),
        cmocka_unit_test(a_weakened_failure_is_a_doubt_with_its_own_words),
        cmocka_unit_test(the_worse_of_two_verdicts_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
