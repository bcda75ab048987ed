/* common/base: times, money, errors and problems. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/base/country.h"
#include "common/base/decimal.h"
#include "common/base/money.h"
#include "common/base/problem.h"
#include "common/base/utf8.h"
#include "common/base/when.h"
#include "tests/support/spans.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void times_are_read(void **state)
{
    /* date -u -d TEXT +%s */
    static const struct {
        const char *text;
        int64_t ms;
    } table[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"2026-11-22T01:50:31.042Z", 1795312231042},
        {"2026-11-22t01:50:31.0429z", 1795312231042},
        {"2026-11-22T03:20:31.5+01:30", 1795312231500},
        {"2026-11-21T18:50:31-07:00", 1795312231000},
        {"2000-02-29T23:59:59.999Z", 951868799999},
        {"2100-03-01T00:00:00Z", 4107542400000},
        {"9999-12-31T23:59:59.999Z", 253402300799999},
        {"1969-12-31T23:30:00-01:00", 1800000},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        int64_t ms = -1;
        assert_int_equal(time_parse(span_str(table[i].text), &ms), ERR_OK);
        assert_int_equal(ms, table[i].ms);
    }
}

static void bad_times_are_refused(void **state)
{
    static const char *const bad[] = {
        "",
        "2026-11-22",
        "2026-11-22T01:50:31",
        "2026-11-22 01:50:31Z",
        "2026-13-22T01:50:31Z",
        "2026-00-22T01:50:31Z",
        "2026-11-31T01:50:31Z",
        "2100-02-29T00:00:00Z",
        "2026-11-22T24:00:00Z",
        "2026-11-22T01:60:00Z",
        "2026-11-22T01:50:60Z",
        "2026-11-22T01:50:31.Z",
        "2026-11-22T01:50:31Z ",
        "2026-11-22T01:50:31+01",
        "2026-11-22T01:50:31+24:00",
        "1969-12-31T23:59:59.999Z",
        "9999-12-31T23:59:59-00:01",
        "26-11-22T01:50:31Z",
    };
    int64_t ms = 7;
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_int_equal(time_parse(span_str(bad[i]), &ms), ERR_MALFORMED);
    assert_int_equal(time_parse(SPAN("2026-11-22\0"
                                     "01:50:31Z"),
                                &ms),
                     ERR_MALFORMED);
    assert_int_equal(ms, 7);
}

static void every_day_goes_both_ways(void **state)
{
    (void)state;
    for (int64_t ms = 1; ms < 253402300800000; ms += MS_PER_DAY + 12345677) {
        char mem[32];
        struct buf b;
        int64_t back;
        buf_fixed(&b, mem, sizeof mem);
        time_rfc3339(&b, ms);
        assert_int_equal(b.len, 24);
        assert_int_equal(time_parse(buf_span(&b), &back), ERR_OK);
        assert_int_equal(back, ms);
    }
}

static void currencies_have_their_exponents(void **state)
{
    static const struct {
        const char *code;
        int exponent;
    } table[] = {{"EUR", 2},  {"JPY", 0}, {"KWD", 3},   {"CLF", 4},  {"ZWG", 2},  {"XPF", 0}, {"UYW", 4},  {"TND", 3},
                 {"eur", -1}, {"EU", -1}, {"EURO", -1}, {"XAU", -1}, {"DEM", -1}, {"", -1},   {"UR ", -1}, {" AE", -1}};
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++)
        assert_int_equal(currency_exponent(span_str(table[i].code)), table[i].exponent);
    assert_int_equal(micros_per_minor(0), 1000000);
    assert_int_equal(micros_per_minor(2), 10000);
    assert_int_equal(micros_per_minor(4), 100);
}

static void rounding_loses_nothing(void **state)
{
    static const int64_t nets[] = {
        0, 1, 9999, 10000, 12345678, -1, -9999, -10000, -12345678, MONEY_MAX_MICROS, -MONEY_MAX_MICROS};
    (void)state;
    for (size_t i = 0; i < COUNT(nets); i++)
        for (int exponent = 0; exponent <= 4; exponent++)
            for (int64_t carried = 0; carried < micros_per_minor(exponent); carried += 77) {
                int64_t minor, out, unit = micros_per_minor(exponent);
                money_to_minor(nets[i], carried, exponent, &minor, &out);
                assert_true(out >= 0 && out < unit);
                assert_true(minor * unit + out == nets[i] + carried);
            }
}

static void amounts_are_read(void **state)
{
    static const struct {
        const char *text;
        enum err err;
        int64_t micros;
    } table[] = {
        {"12", ERR_OK, 12000000},
        {"12.5", ERR_OK, 12500000},
        {"-3.000001", ERR_OK, -3000001},
        {"0", ERR_OK, 0},
        {"-0.0", ERR_OK, 0},
        {"9007199254.740991", ERR_OK, MONEY_MAX_MICROS},
        {"-9007199254.740991", ERR_OK, -MONEY_MAX_MICROS},
        {"9007199254.740992", ERR_INVALID, 0},
        {"99999999999999999999999999", ERR_INVALID, 0},
        {"", ERR_MALFORMED, 0},
        {"-", ERR_MALFORMED, 0},
        {".5", ERR_MALFORMED, 0},
        {"5.", ERR_MALFORMED, 0},
        {"+5", ERR_MALFORMED, 0},
        {"05", ERR_MALFORMED, 0},
        {"1,5", ERR_MALFORMED, 0},
        {"1e3", ERR_MALFORMED, 0},
        {"1.2345678", ERR_MALFORMED, 0},
        {"1.2.3", ERR_MALFORMED, 0},
        {"99999999999999999999x", ERR_MALFORMED, 0},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        int64_t micros = 0;
        assert_int_equal(money_parse(span_str(table[i].text), &micros), table[i].err);
        assert_int_equal(micros, table[i].micros);
    }
}

static void sums_stay_in_range(void **state)
{
    int64_t sum = 3;
    (void)state;
    assert_true(money_add(MONEY_MAX_MICROS - 1, 1, &sum));
    assert_true(sum == MONEY_MAX_MICROS);
    assert_false(money_add(MONEY_MAX_MICROS, 1, &sum));
    assert_false(money_add(-MONEY_MAX_MICROS, -1, &sum));
    assert_false(money_add(INT64_MAX, INT64_MAX, &sum));
    assert_true(sum == MONEY_MAX_MICROS);
}

static void problems_are_cut_at_a_character(void **state)
{
    struct problem p;
    char longer[400];
    (void)state;
    for (size_t i = 0; i + 3 <= sizeof longer; i += 3)
        memcpy(longer + i, "\xe2\x82\xac", 3);
    longer[399] = '\0';
    assert_int_equal(problem(&p, ERR_INVALID, longer, "x%s", longer), ERR_INVALID);
    assert_true(utf8_valid(span_str(p.field)) && utf8_valid(span_str(p.detail)));
    assert_in_range(strlen(p.field), sizeof p.field - 4, sizeof p.field - 1);
    assert_in_range(strlen(p.detail), sizeof p.detail - 4, sizeof p.detail - 1);
    assert_int_equal(problem(NULL, ERR_GONE, "name", "%d", 1), ERR_GONE);
    problem(&p, ERR_INVALID, "name", "must be %d", 5);
    assert_string_equal(p.field, "name");
    assert_string_equal(p.detail, "must be 5");
}

static void problems_are_written_as_rfc_9457_says(void **state)
{
    struct problem p = {0};
    char mem[PROBLEM_JSON_MAX];
    struct buf b;
    (void)state;
    buf_fixed(&b, mem, sizeof mem);
    problem_json(&b, &p, SPAN(""), NULL, 417, "Expectation Failed");
    assert_span(buf_span(&b), "{\"status\":417,\"title\":\"Expectation Failed\",\"type\":\"about:blank\"}");
    buf_clear(&b);
    enum err err = problem(&p, ERR_INVALID, "name", "must not be \"%s\"", "x");
    problem_json(&b, &p, SPAN("00c0ffee00c0ffee"), err_word(err), err_status(err), err_title(err));
    assert_span(
        buf_span(&b),
        "{\"detail\":\"must not be \\\"x\\\"\",\"field\":\"name\",\"request_id\":\"00c0ffee00c0ffee\",\"status\":422,"
        "\"title\":\"Invalid content\",\"type\":\"urn:countersign:problem:invalid\"}");
}

static void the_longest_problem_has_room(void **state)
{
    struct problem p;
    char mem[PROBLEM_JSON_MAX];
    struct buf b;
    (void)state;
    memset(p.field, 1, sizeof p.field - 1); /* written as \u0001 */
    memset(p.detail, 1, sizeof p.detail - 1);
    p.field[sizeof p.field - 1] = p.detail[sizeof p.detail - 1] = '\0';
    for (enum err err = ERR_OK; err < ERR_COUNT; err++) {
        buf_fixed(&b, mem, sizeof mem);
        problem_json(&b, &p, SPAN("00c0ffee00c0ffee00c0ffee00c0ffee"), err_word(err), err_status(err), err_title(err));
        assert_false(b.failed);
    }
}

static void errors_name_themselves(void **state)
{
    (void)state;
    assert_string_equal(err_word(ERR_NOT_FOUND), "not_found");
    assert_string_equal(err_title(ERR_BUSY), "Server is busy");
    assert_int_equal(err_status(ERR_TOO_LARGE), 413);
}

#define TEN_18 INT64_C(1000000000000000000)

static void numbers_are_read_as_people_write_them(void **state)
{
    static const struct {
        const char *text;
        struct decimal number;
    } table[] = {
        {"35", {35, 0}},
        {" 35\xc2\xa0", {35, 0}},
        {"035", {35, 0}},
        {"35.0", {35, 0}},
        {"35.000000000000000000000", {35, 0}},
        {"+35", {35, 0}},
        {"-35", {-35, 0}},
        {"\xe2\x88\x92"
         "35",
         {-35, 0}},
        {"-0", {0, 0}},
        {"0.5", {0, TEN_18 / 2}},
        {"-1.25", {-1, -TEN_18 / 4}},
        {"1.05", {1, TEN_18 / 20}},
        {"1.000000000000000001", {1, 1}},
        {"999999999999999999", {TEN_18 - 1, 0}},
        {"00000000000000000000000000007", {7, 0}},
        {"\xef\xbc\x93\xef\xbc\x95\xef\xbc\x8e\xef\xbc\x95", {35, TEN_18 / 2}},
        {"\xd9\xa3\xd9\xa5\xd9\xab\xd9\xa5", {35, TEN_18 / 2}},
    };
    static const char *const bad[] = {"",
                                      " ",
                                      "-",
                                      "+",
                                      "+-3",
                                      "35a",
                                      "a35",
                                      "3 5",
                                      "1,5",
                                      "1.",
                                      ".5",
                                      "1.5.",
                                      "1e3",
                                      "--1",
                                      "0x10",
                                      "1.5a",
                                      "\xff",
                                      "1.0000000000000000001",
                                      "1000000000000000000",
                                      "999999999999999999999999"};
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct decimal d = {-7, -7};
        if (!decimal_read(span_str(table[i].text), &d) || decimal_order(d, table[i].number) != 0)
            fail_msg("%s: %lld %lld", table[i].text, (long long)d.whole, (long long)d.part);
    }
    for (size_t i = 0; i < COUNT(bad); i++) {
        struct decimal d;
        if (decimal_read(span_str(bad[i]), &d))
            fail_msg("'%s' was taken", bad[i]);
    }
}

static void numbers_have_their_order(void **state)
{
    static const char *const ascending[] = {"-2",  "-1.5", "-1.25", "-1", "-0.5", "0", "0.000000000000000001",
                                            "0.5", "1",    "9",     "10", "10.5"};
    (void)state;
    for (size_t i = 0; i < COUNT(ascending); i++)
        for (size_t k = 0; k < COUNT(ascending); k++) {
            struct decimal a, b;
            assert_true(decimal_read(span_str(ascending[i]), &a));
            assert_true(decimal_read(span_str(ascending[k]), &b));
            assert_int_equal(decimal_order(a, b), (i > k) - (i < k));
        }
}

static void countries_are_read(void **state)
{
    static const struct {
        const char *text, *code;
    } table[] = {
        {"FR", "FR"},
        {"fr", "FR"},
        {" Fr\t", "FR"},
        {"\xc2\xa0"
         "de\xe2\x80\x8b",
         "DE"},
        {"UK", "GB"},
        {"uk", "GB"},
        {"GB", "GB"},
        {"EL", "GR"},
        {"XK", "XK"},
        {"\xef\xbc\xa6\xef\xbc\xb2", "FR"}, /* fullwidth */
        {"\xef\xbd\x86r", "FR"},
        {"\xef\xbc\xa6\xef\xbc\xb2\xef\xbc\xa1", NULL},
        {"", NULL},
        {"F", NULL},
        {"FRA", NULL},
        {"XX", NULL},
        {"EU", NULL},
        {"F1", NULL},
        {"  ", NULL},
        {"F R", NULL},
        {"\xc3\xa9", NULL},
        {"{x", NULL},
        {"France", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        char code[3] = "";
        if (country_read(span_str(table[i].text), code) != (table[i].code != NULL) ||
            strcmp(code, table[i].code != NULL ? table[i].code : "") != 0)
            fail_msg("'%s' gave '%s'", table[i].text, code);
    }
}

/* The time zone data has ISO's table with it. */
static void countries_are_those_of_iso_3166(void **state)
{
    FILE *list = fopen("/usr/share/zoneinfo/iso3166.tab", "r");
    char *line = NULL, code[2];
    size_t room = 0, found = 0, taken = 0;
    (void)state;
    if (list == NULL)
        skip();
    while (getline(&line, &room, list) > 0)
        if (line[0] != '#') {
            found++;
            assert_true(country_read(span_of(line, 2), code));
        }
    free(line);
    fclose(list);
    for (char a = 'A'; a <= 'Z'; a++)
        for (char b = 'A'; b <= 'Z'; b++)
            taken += country_read(span_of((char[]){a, b}, 2), code);
    assert_true(found > 200);
    assert_int_equal(taken, found + 3); /* UK, EL, XK */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_read),
        cmocka_unit_test(bad_times_are_refused),
        cmocka_unit_test(every_day_goes_both_ways),
        cmocka_unit_test(currencies_have_their_exponents),
        cmocka_unit_test(rounding_loses_nothing),
        cmocka_unit_test(amounts_are_read),
        cmocka_unit_test(sums_stay_in_range),
        cmocka_unit_test(problems_are_cut_at_a_character),
        cmocka_unit_test(problems_are_written_as_rfc_9457_says),
        cmocka_unit_test(the_longest_problem_has_room),
        cmocka_unit_test(errors_name_themselves),
        cmocka_unit_test(numbers_are_read_as_people_write_them),
        cmocka_unit_test(numbers_have_their_order),
        cmocka_unit_test(countries_are_read),
        cmocka_unit_test(countries_are_those_of_iso_3166),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
