/* Characters and pieces of text: common/base/ascii, text, id and http_words. */
#include <ctype.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "common/base/ascii.h"
#include "common/base/http_words.h"
#include "common/base/id.h"
#include "common/base/text.h"
#include "tests/support/spans.h"

#define COUNT(table) (sizeof(table) / sizeof(table)[0])

/* The C library's classes in its own locale are the oracle. */
static void every_byte_has_its_class(void **state)
{
    (void)state;
    for (int i = 0; i < 256; i++) {
        char c = (char)i, text[] = {'0', c};
        struct span s = span_of(text, 2);
        assert_int_equal(ascii_is_digit(c), isdigit(i) != 0);
        assert_int_equal(ascii_is_upper(c), isupper(i) != 0);
        assert_int_equal(ascii_is_lower(c), islower(i) != 0);
        assert_int_equal(ascii_is_alnum(c), isalnum(i) != 0);
        assert_int_equal(ascii_is_control(c), iscntrl(i) != 0);
        assert_int_equal((unsigned char)ascii_to_lower(c), tolower(i));
        assert_int_equal((unsigned char)ascii_to_upper(c), toupper(i));
        assert_int_equal(ascii_nibble(c) >= 0, isxdigit(i) != 0);
        assert_int_equal(ascii_is_alnum_or(c, "-_"), isalnum(i) != 0 || c == '-' || c == '_');
        assert_int_equal(ascii_all_digits(s), isdigit(i) != 0);
        assert_int_equal(ascii_has_control(s), iscntrl(i) != 0);
        assert_int_equal(ascii_all_alnum_or(s, "."), isalnum(i) != 0 || c == '.');
        assert_int_equal(ascii_printable(s), isprint(i) != 0);
    }
    assert_int_equal(ascii_nibble('9'), 9);
    assert_int_equal(ascii_nibble('a'), 10);
    assert_int_equal(ascii_nibble('F'), 15);
}

static void case_does_not_matter_where_it_must_not(void **state)
{
    (void)state;
    assert_true(ascii_eq(SPAN("Keep-Alive"), SPAN("kEEP-aLIVE")));
    assert_false(ascii_eq(SPAN("close"), SPAN("closed")));
    assert_false(ascii_eq(SPAN("a@"), SPAN("a`"))); /* one bit apart, as letters are */
    assert_true(ascii_is(SPAN("CLOSE"), "close"));
    assert_false(ascii_is(SPAN("clos"), "close"));
    assert_true(ascii_starts(SPAN("HTTP://x"), "http://"));
    assert_false(ascii_starts(SPAN("HTTP:/"), "http://"));
    assert_true(ascii_starts(SPAN(""), ""));
    assert_true(ascii_eq(span_of(NULL, 0), SPAN("")));
}

static void spans_are_in_the_order_of_their_bytes(void **state)
{
    static const char *const ascending[] = {"", "A", "B", "a", "aa", "b", "\x7f", "\x80", "\xff"};
    (void)state;
    for (size_t i = 0; i < COUNT(ascending); i++)
        for (size_t k = 0; k < COUNT(ascending); k++) {
            int order = span_order(span_str(ascending[i]), span_str(ascending[k]));
            assert_int_equal((order > 0) - (order < 0), (i > k) - (i < k));
        }
    assert_int_equal(span_order(span_of(NULL, 0), SPAN("")), 0);
}

static void a_programs_word_for_nothing_is_known(void **state)
{
    static const char *const nothing[] = {"null", "NULL", "(null)", "nil", "Undefined", "none", "NaN", "N/A", "0", "-"};
    static const char *const something[] = {"", "00", "nulls", "none-1", "na", "--", "a-", "1"};
    (void)state;
    for (size_t i = 0; i < COUNT(nothing); i++)
        assert_true(text_is_nothing(span_str(nothing[i])));
    for (size_t i = 0; i < COUNT(something); i++)
        assert_false(text_is_nothing(span_str(something[i])));
}

static void fillers_are_blank(void **state)
{
    static const char *const blank[] = {"\xe2\xa0\x80", "\xe3\x85\xa4", "\xe1\x85\x9f\xe1\x85\xa0 ", "\xef\xbe\xa0"};
    (void)state;
    for (size_t i = 0; i < COUNT(blank); i++)
        assert_true(span_empty(text_strip(span_str(blank[i]))));
    assert_span(text_strip(SPAN("\xe2\xa0\x81")), "\xe2\xa0\x81"); /* Braille a */
}

static void blanks_are_trimmed_at_both_ends_alone(void **state)
{
    static const struct {
        const char *in, *http, *typed;
    } table[] = {
        {"", "", ""},
        {" \t ", "", ""},
        {"a", "a", "a"},
        {"\t a b ", "a b", "a b"},
        {"\r\na\n ", "\r\na\n", "a"},
        {"\v a", "\v a", "\v a"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        assert_span(text_trim(span_str(table[i].in), HTTP_BLANKS), table[i].http);
        assert_span(text_trim(span_str(table[i].in), TYPED_BLANKS), table[i].typed);
    }
    assert_span(text_trim(SPAN("\0a\0"), HTTP_BLANKS).len == 3 ? SPAN("kept") : SPAN("NUL taken for a blank"), "kept");
    assert_true(span_empty(text_trim(span_of(NULL, 0), HTTP_BLANKS)));
}

#define NBSP "\xc2\xa0"
#define ZERO_WIDTH "\xe2\x80\x8b"
#define BOM "\xef\xbb\xbf"
#define LEFT_TO_RIGHT "\xe2\x80\xaa"

static void what_draws_nothing_is_stripped_at_both_ends_alone(void **state)
{
    static const struct {
        const char *in, *out;
    } table[] = {
        {"", ""},
        {"a", "a"},
        {" \t\r\n\v\f a b \n", "a b"},
        {NBSP "a" NBSP "b" NBSP, "a" NBSP "b"},
        {BOM LEFT_TO_RIGHT "a" ZERO_WIDTH "b" ZERO_WIDTH "\xe3\x80\x80\xc2\xad", "a" ZERO_WIDTH "b"},
        {BOM NBSP ZERO_WIDTH, ""},
        {"\xc3\xa9", "\xc3\xa9"},
        {" \xff ", "\xff"},
        {" \xa0\xa0 ", "\xa0\xa0"},
        {"\x01"
         "a",
         "\x01"
         "a"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++)
        assert_span(text_strip(span_str(table[i].in)), table[i].out);
    assert_true(span_empty(text_strip(span_of(NULL, 0))));
}

static void texts_are_put_into_form_c(void **state)
{
    static const struct {
        const char *in, *out;
    } table[] = {
        {"plain", "plain"},
        {"e\xcc\x81", "\xc3\xa9"},
        {"\xe2\x84\xab", "\xc3\x85"},                             /* the Angstrom sign */
        {"a\xcc\xa7\xcc\x81", "\xc3\xa1\xcc\xa7"},                /* marks in their order */
        {"\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab", "\xed\x95\x9c"}, /* Hangul */
        {"\xef\xac\x81", "\xef\xac\x81"},                         /* a ligature is compatibility's affair */
        {"\xf0\x9d\x85\x98\xf0\x9d\x85\xa5", "\xf0\x9d\x85\x98\xf0\x9d\x85\xa5"}, /* never composed */
        {"e\xff", "e\xff"},
    };
    char longest[3000];
    struct buf out;
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        buf_heap(&out);
        text_nfc(&out, span_str(table[i].in));
        assert_span(buf_span(&out), table[i].out);
        buf_free(&out);
    }
    /* the most that a text can grow, in room that is not the stack's */
    for (size_t i = 0; i < sizeof longest; i += 3)
        memcpy(longest + i, "\xe1\xbe\x82", 3); /* U+1F82 is four characters taken apart */
    buf_heap(&out);
    text_nfc(&out, span_of(longest, sizeof longest));
    assert_true(span_eq(buf_span(&out), span_of(longest, sizeof longest)));
    buf_free(&out);
}

static void a_text_is_taken_apart_at_its_marks(void **state)
{
    static const struct {
        const char *in, *parts; /* joined by '|' */
    } table[] = {{"", ""}, {"a", "a|"}, {"a,", "a|"}, {",a", "|a|"}, {"a,b,,c", "a|b||c|"}, {",,", "||"}};
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct span rest = span_str(table[i].in);
        char parts[32] = "";
        size_t n = 0;
        while (rest.len) {
            struct span part = text_take(&rest, ',');
            n += (size_t)snprintf(parts + n, sizeof parts - n, "%.*s|", (int)part.len, part.ptr);
        }
        assert_string_equal(parts, table[i].parts);
    }
    struct span none = span_of(NULL, 0);
    assert_true(span_empty(text_take(&none, ',')));
}

static void a_cut_without_its_mark_changes_nothing(void **state)
{
    struct span rest = SPAN("name value"), front = SPAN("before");
    (void)state;
    assert_false(text_cut(&rest, ':', &front));
    assert_span(rest, "name value");
    assert_span(front, "before");
    assert_true(text_cut(&rest, ' ', &front));
    assert_span(front, "name");
    assert_span(rest, "value");
    assert_true(text_cut(&rest, 'e', &front));
    assert_span(front, "valu");
    assert_span(rest, "");
    assert_false(text_cut(&rest, 'e', &front));
}

static void names_are_written_with_either_dash(void **state)
{
    (void)state;
    assert_true(text_names(SPAN("sweep_ms"), "sweep_ms"));
    assert_true(text_names(SPAN("sweep-ms"), "sweep_ms"));
    assert_false(text_names(SPAN("sweep_ms"), "sweep-ms"));
    assert_false(text_names(SPAN("sweep_m"), "sweep_ms"));
    assert_false(text_names(SPAN("sweep_mss"), "sweep_ms"));
    assert_false(text_names(SPAN("Sweep_ms"), "sweep_ms"));
}

static void a_macro_is_told_from_what_people_write(void **state)
{
    static const char *const macros[] = {"{x}",       "{{x}}",      "{{ user.email }}", "${click_id}", "[click_id]",
                                         "#clickid#", "%click_id%", "%%CLICK_ID%%",     "<txid>",      "a-{x}-b",
                                         "ab{x}cd",   "p_[x]",      "a%%x%%b",          "{0}",         "A-#x#"};
    static const char *const none[] = {"",
                                       "{}",
                                       "{ }",
                                       "{a b}",
                                       "}a{",
                                       "{a",
                                       "A[1]",
                                       "order[a]",
                                       "[1]",
                                       "#31#0612",
                                       "2026#web#7",
                                       "50%off%2",
                                       "100% a %",
                                       "<a@x.example>",
                                       "a<b>c",
                                       "%%%%",
                                       "[127.0.0.1]",
                                       "#",
                                       "{550e8400-e29b-41d4-a716-446655440000}"};
    (void)state;
    for (size_t i = 0; i < COUNT(macros); i++)
        if (!text_has_macro(span_str(macros[i])))
            fail_msg("%s is a macro", macros[i]);
    for (size_t i = 0; i < COUNT(none); i++)
        if (text_has_macro(span_str(none[i])))
            fail_msg("%s is no macro", none[i]);
}

static void ids_go_both_ways_and_sort_by_number(void **state)
{
    static const uint64_t numbers[] = {0, 1, 31, 32, 0x7fffffffffff, ((uint64_t)1 << ID_BITS) - 1};
    char before[LIMIT_ID + 1] = "";
    (void)state;
    for (size_t i = 0; i < COUNT(numbers); i++) {
        char id[LIMIT_ID + 1];
        uint64_t number = 7;
        id_write('S', numbers[i], id);
        assert_int_equal(strlen(id), 13);
        assert_true(id_is_plain(span_str(id)));
        assert_true(strcmp(before, id) < 0);
        assert_int_equal(id_read(span_str(id), &number), ERR_OK);
        assert_true(number == numbers[i]);
        memcpy(before, id, sizeof before);
    }
    assert_string_equal(before, "SZZZZZZZZZZZZ");
    id_write('C', 0x123456789abcdef, before); /* Crockford's digits, five bits each */
    assert_string_equal(before, "C28T5CY4TQKFF");
}

static void what_is_no_id_is_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "S",
                                      "S00000000000",
                                      "S0000000000000",
                                      "S0000000000I0",
                                      "S0000000000L0",
                                      "S0000000000O0",
                                      "S0000000000U0",
                                      "S00000000000a",
                                      "s000000000000",
                                      "0000000000000"};
    static const char *const plain[] = {"A", "0", "S1", "ILOU", "ABCDEFGHIJKLMNOP"};
    static const char *const strange[] = {"", "a", "../X", "A B", "A_", "A\xc3", "ABCDEFGHIJKLMNOPQ"};
    uint64_t number = 7;
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        if (id_read(span_str(bad[i]), &number) != ERR_MALFORMED || number != 7)
            fail_msg("\"%s\" is read as an id", bad[i]);
    for (size_t i = 0; i < COUNT(plain); i++)
        assert_true(id_is_plain(span_str(plain[i])));
    for (size_t i = 0; i < COUNT(strange); i++)
        if (id_is_plain(span_str(strange[i])))
            fail_msg("\"%s\" passes for an id", strange[i]);
    assert_false(id_is_plain(SPAN("A\0")));
}

static void methods_go_both_ways(void **state)
{
    static const char *const strange[] = {"", "get", "GE", "GETS", "BREW", "options", "OPTION"};
    int known = 0;
    (void)state;
    for (unsigned bit = 1; bit < METHODS_END; bit <<= 1) {
        enum method m = 0;
        assert_int_equal(method_read(span_str(method_name((enum method)bit)), &m), ERR_OK);
        assert_int_equal(m, bit);
        known++;
    }
    assert_int_equal(known, 7);
    for (size_t i = 0; i < COUNT(strange); i++) {
        enum method m = METHOD_PUT;
        assert_int_equal(method_read(span_str(strange[i]), &m), ERR_NOT_FOUND);
        assert_int_equal(m, METHOD_PUT);
    }
}

static void a_media_type_is_told_without_its_parameters(void **state)
{
    static const struct {
        const char *header;
        bool json;
    } table[] = {
        {"application/json", true},
        {"Application/JSON", true},
        {"application/json; charset=utf-8", true},
        {"application/json;a=b", true},
        {"application/json\t;a", true},
        {"application/json ", true},
        {"", false},
        {"application/jso", false},
        {"application/jsonp", false},
        {"application/json+xml", false},
        {" application/json", false},
        {"text/json", false},
        {"application/json/x", false},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++)
        if (media_type_is(span_str(table[i].header), "application/json") != table[i].json)
            fail_msg("\"%s\" is taken for what it is not", table[i].header);
}

static void a_bearer_token_is_all_behind_its_scheme(void **state)
{
    static const struct {
        const char *header, *token; /* NULL: none */
    } table[] = {
        {"Bearer cst_x", "cst_x"}, {"bearer a", "a"}, {"BEARER a b", "a b"}, {"Bearer  a", " a"}, {"Bearer ", NULL},
        {"Bearer", NULL},          {"", NULL},        {"Basic a", NULL},     {"Bearera", NULL},   {"xBearer a", NULL},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct span token = SPAN("untouched");
        bool found = bearer_token(span_str(table[i].header), &token);
        assert_int_equal(found, table[i].token != NULL);
        assert_span(token, found ? table[i].token : "untouched");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_byte_has_its_class),
        cmocka_unit_test(case_does_not_matter_where_it_must_not),
        cmocka_unit_test(spans_are_in_the_order_of_their_bytes),
        cmocka_unit_test(a_programs_word_for_nothing_is_known),
        cmocka_unit_test(fillers_are_blank),
        cmocka_unit_test(blanks_are_trimmed_at_both_ends_alone),
        cmocka_unit_test(what_draws_nothing_is_stripped_at_both_ends_alone),
        cmocka_unit_test(texts_are_put_into_form_c),
        cmocka_unit_test(a_text_is_taken_apart_at_its_marks),
        cmocka_unit_test(a_cut_without_its_mark_changes_nothing),
        cmocka_unit_test(names_are_written_with_either_dash),
        cmocka_unit_test(a_macro_is_told_from_what_people_write),
        cmocka_unit_test(ids_go_both_ways_and_sort_by_number),
        cmocka_unit_test(what_is_no_id_is_refused),
        cmocka_unit_test(methods_go_both_ways),
        cmocka_unit_test(a_media_type_is_told_without_its_parameters),
        cmocka_unit_test(a_bearer_token_is_all_behind_its_scheme),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
