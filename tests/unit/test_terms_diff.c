#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "common/decisions/terms_diff.h"
#include "tests/support/chance.h"
#include "tests/support/world.h"

static void add_line(void *ctx, const struct difference *d)
{
    struct buf *out = ctx;
    assert_true(d->has_before || d->has_after);
    difference_text(d, out);
    buf_byte(out, '\n');
}

static void assert_differ(const char *const before[2], const char *const after[2], const char *lines)
{
    struct terms *a = terms_of(before[0], before[1], "C1"), *b = terms_of(after[0], after[1], "C1");
    struct buf out;
    buf_heap(&out);
    terms_differences(a, b, add_line, &out);
    buf_byte(&out, '\0');
    assert_string_equal(out.ptr, lines);
    buf_free(&out);
    terms_free(a);
    terms_free(b);
}

#define PRICES(tiers) ",'price':{'lead':[" tiers "]}"

static void differences_are_told_in_words(void **state)
{
    (void)state;
    static const struct {
        const char *before[2], *after[2], *lines;
    } table[] = {
        {{"", ""}, {"", ""}, ""},
        {{"", PRICES("{'micros':12000000}")},
         {"", PRICES("{'micros':10000000}")},
         "price.lead[0].micros: 12.00 EUR -> 10.00 EUR\n"},
        {{"", PRICES("{'micros':1}")}, {"", PRICES("")}, "price.lead[0] removed: 0.000001 EUR\n"},
        {{"", PRICES("{'micros':1500000}")},
         {"", PRICES("{'micros':2500000,'when':{'field':'country','in':['FR','BE']}},{'micros':1500000}")},
         "price.lead[0] added: 2.50 EUR when country in FR, BE\n"},
        {{",'lead':{'rules':[{'field':'f_age','min':25}]}", ""},
         {",'lead':{'rules':[{'field':'f_age','min':25,'max':70},{'field':'f_x','equals':'yes'}]}", ""},
         "lead.rules[0]: f_age at least 25 -> f_age from 25 to 70\nlead.rules[1] added: f_x is yes\n"},
        {{",'lead':{'rules':[{'field':'f_a','max':1},{'field':'f_b','max':2},{'field':'f_c','max':3}]}", ""},
         {",'lead':{'rules':[{'field':'f_a','max':1},{'field':'f_c','max':3}]}", ""},
         "lead.rules[1] removed: f_b at most 2\n"},
        {{"", ""}, {",'paused':true", ""}, "paused: no -> yes\n"},
        {{",'return_days':1", ""}, {",'return_days':2", ""}, "return_days: 1 day -> 2 days\n"},
        {{",'repeat_window_s':5", ""}, {",'repeat_window_s':0", ""}, "repeat_window_s: 5 s -> 0 s\n"},
        {{"", ""}, {"", ",'ends_at':'2030-01-01T00:00:00Z'"}, "ends_at: none -> 2030-01-01T00:00:00.000Z\n"},
        {{",'payable_classes':['ok']", ""}, {",'payable_classes':['ok','bot']", ""}, "payable_classes[1] added: bot\n"},
        {{"", ",'price':{'click_micros':20000}"},
         {"", ",'price':{'click_micros':25500}"},
         "price.click_micros: 0.02 EUR -> 0.0255 EUR\n"},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        assert_differ(table[i].before, table[i].after, table[i].lines);
}

/* ---- nothing is left out ---- */

static const char *const campaigns[] = {"",
                                        ",'paused':true",
                                        ",'return_days':3,'review':{'mode':'manual'}",
                                        ",'lead':{'rules':[{'field':'f_a','max':1},{'field':'f_b','min':2}]}",
                                        ",'lead':{'rules':[{'field':'f_b','min':2}],'require':['email','f_z']}",
                                        ",'allowed_hosts':['a.example','b.example']",
                                        ",'allowed_hosts':['b.example'],'pass':['x']"};
static const char *const contracts[] = {"", PRICES("{'micros':5}"), PRICES("{'micros':6}"),
                                        PRICES("{'micros':7,'when':{'field':'country','in':['FR']}},{'micros':5}"),
                                        ",'starts_at':'2029-01-01T00:00:00Z','price':{'impression_micros':9}"};

static void count_one(void *ctx, const struct difference *d)
{
    (void)d;
    ++*(int *)ctx;
}

static void equal_documents_differ_nowhere_and_others_somewhere(void **state)
{
    (void)state;
    for (int i = 0; i < 400; i++) {
        size_t at[4] = {below(7), below(5), below(7), below(5)};
        struct terms *a = terms_of(campaigns[at[0]], contracts[at[1]], "C1"),
                     *b = terms_of(campaigns[at[2]], contracts[at[3]], "C1");
        int there = 0, back = 0, equal = json_equal(a->json[0], b->json[0]) && json_equal(a->json[1], b->json[1]);
        terms_differences(a, b, count_one, &there);
        terms_differences(b, a, count_one, &back);
        assert_int_equal(there == 0, equal);
        assert_int_equal(there, back);
        terms_free(a);
        terms_free(b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(differences_are_told_in_words),
        cmocka_unit_test(equal_documents_differ_nowhere_and_others_somewhere),
    };
    chance_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
