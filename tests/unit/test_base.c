/* common/base: buffers, byte codings, UTF-8, query text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/base/buf.h"
#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/base/query.h"
#include "common/base/utf8.h"
#include "common/base/xxh64.h"
#include "tests/support/spans.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void fixed_buffer_takes_nothing_after_it_failed(void **state)
{
    char mem[4];
    struct buf b;
    (void)state;
    buf_fixed(&b, mem, sizeof mem);
    buf_str(&b, "abc");
    assert_false(b.failed);
    buf_str(&b, "de");
    assert_true(b.failed);
    buf_byte(&b, 'f'); /* would fit */
    assert_span(buf_span(&b), "abc");
    buf_clear(&b);
    buf_str(&b, "wxyz");
    assert_false(b.failed);
    assert_span(buf_span(&b), "wxyz");
}

static void heap_buffer_grows_and_keeps_its_bytes(void **state)
{
    struct buf b;
    (void)state;
    buf_heap(&b);
    for (unsigned i = 0; i < 10000; i++)
        buf_be32(&b, i);
    assert_int_equal(b.len, 40000);
    for (unsigned i = 0; i < 10000; i++)
        assert_int_equal(load_be32(b.ptr + 4 * i), i);
    buf_free(&b);
    assert_int_equal(b.len, 0);
    buf_str(&b, "again");
    assert_span(buf_span(&b), "again");
    buf_free(&b);
    buf_free(NULL);
}

static void numbers_are_written_as_decimals(void **state)
{
    char mem[128];
    struct buf b;
    (void)state;
    buf_fixed(&b, mem, sizeof mem);
    buf_u64(&b, 0);
    buf_byte(&b, ' ');
    buf_u64(&b, UINT64_MAX);
    buf_byte(&b, ' ');
    buf_i64(&b, INT64_MIN);
    buf_byte(&b, ' ');
    buf_i64(&b, -1);
    buf_byte(&b, ' ');
    buf_i64(&b, INT64_MAX);
    buf_printf(&b, " %d%s", 7, "!");
    assert_span(buf_span(&b), "0 18446744073709551615 -9223372036854775808 -1 9223372036854775807 7!");
}

/* RFC 4648 section 10, and bytes that need the last two letters of the alphabet. */
static const struct {
    const char *bytes, *b64, *b64url, *hex;
} codings[] = {
    {"", "", "", ""},
    {"f", "Zg==", "Zg", "66"},
    {"fo", "Zm8=", "Zm8", "666f"},
    {"foo", "Zm9v", "Zm9v", "666f6f"},
    {"foob", "Zm9vYg==", "Zm9vYg", "666f6f62"},
    {"fooba", "Zm9vYmE=", "Zm9vYmE", "666f6f6261"},
    {"foobar", "Zm9vYmFy", "Zm9vYmFy", "666f6f626172"},
    {"\xfb\xff\xfe", "+//+", "-__-", "fbfffe"},
};

static void codings_go_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT(codings); i++) {
        char mem[64], back[16];
        struct buf b;
        size_t n;
        struct span bytes = span_str(codings[i].bytes);

        buf_fixed(&b, mem, sizeof mem);
        buf_b64(&b, bytes.ptr, bytes.len);
        assert_span(buf_span(&b), codings[i].b64);
        assert_int_equal(b64_decode(buf_span(&b), back, bytes.len, &n), ERR_OK);
        assert_span(span_of(back, n), codings[i].bytes);

        buf_clear(&b);
        buf_b64url(&b, bytes.ptr, bytes.len);
        assert_span(buf_span(&b), codings[i].b64url);
        assert_int_equal(b64url_decode(buf_span(&b), back, bytes.len, &n), ERR_OK);
        assert_span(span_of(back, n), codings[i].bytes);

        buf_clear(&b);
        buf_hex(&b, bytes.ptr, bytes.len);
        assert_span(buf_span(&b), codings[i].hex);
        assert_int_equal(hex_decode(buf_span(&b), back, bytes.len, &n), ERR_OK);
        assert_span(span_of(back, n), codings[i].bytes);
    }
}

static void codings_have_one_spelling(void **state)
{
    static const char *const bad64[] = {"Zg",    "Zg=",   "Zh==",   "Zm9=", "Zg==Zg==", "Z===", "====",
                                        "Zm9v=", "Zm 8=", "Zm8=\n", "-__-", "Zg=g",     "=Zg=", "Zm9\0"};
    static const char *const bad64url[] = {"Z", "Zh", "Zm9", "Zg==", "+//+", "Zm9v ", "Zm\xc3\xa9v"};
    static const char *const badhex[] = {"6", "6G", "6F", "0x66", " 66"};
    char out[16];
    size_t n = 99;
    (void)state;
    for (size_t i = 0; i < COUNT(bad64); i++)
        assert_int_equal(b64_decode(span_str(bad64[i]), out, sizeof out, &n), ERR_MALFORMED);
    for (size_t i = 0; i < COUNT(bad64url); i++)
        assert_int_equal(b64url_decode(span_str(bad64url[i]), out, sizeof out, &n), ERR_MALFORMED);
    for (size_t i = 0; i < COUNT(badhex); i++)
        assert_int_equal(hex_decode(span_str(badhex[i]), out, sizeof out, &n), ERR_MALFORMED);
    assert_int_equal(b64_decode(SPAN("Zm9vYmFy"), out, 5, &n), ERR_TOO_LARGE);
    assert_int_equal(b64url_decode(SPAN("Zm9vYmE"), out, 4, &n), ERR_TOO_LARGE);
    assert_int_equal(hex_decode(SPAN("6666"), out, 1, &n), ERR_TOO_LARGE);
    assert_int_equal(n, 99);
}

static void whole_numbers_have_one_spelling(void **state)
{
    static const char *const bad[] = {"",    "-",  "+1",  " 1",  "1 ",  "01",
                                      "-01", "-0", "1.0", "1e3", "0x1", "18446744073709551616"};
    uint64_t u = 5;
    int64_t i = 5;
    (void)state;
    for (size_t k = 0; k < COUNT(bad); k++) {
        assert_int_equal(parse_u64(span_str(bad[k]), &u), ERR_MALFORMED);
        assert_int_equal(parse_i64(span_str(bad[k]), &i), ERR_MALFORMED);
    }
    assert_int_equal(parse_u64(SPAN("-1"), &u), ERR_MALFORMED);
    assert_int_equal(parse_i64(SPAN("9223372036854775808"), &i), ERR_MALFORMED);
    assert_int_equal(parse_i64(SPAN("-9223372036854775809"), &i), ERR_MALFORMED);
    assert_int_equal(u, 5);
    assert_int_equal(i, 5);
    assert_int_equal(parse_u64(SPAN("18446744073709551615"), &u), ERR_OK);
    assert_true(u == UINT64_MAX);
    assert_int_equal(parse_i64(SPAN("-9223372036854775808"), &i), ERR_OK);
    assert_true(i == INT64_MIN);
    assert_int_equal(parse_i64(SPAN("0"), &i), ERR_OK);
    assert_int_equal(i, 0);
}

static void utf8_is_what_rfc_3629_says(void **state)
{
    static const char *const good[] = {"",
                                       "a",
                                       "\x7f",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xed\x9f\xbf",
                                       "\xee\x80\x80",
                                       "\xef\xbf\xbf",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf"};
    static const char *const bad[] = {"\x80",
                                      "\xbf",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xc2",
                                      "\xc2z",
                                      "\xe0\x9f\xbf",
                                      "\xe2\x82",
                                      "\xe2\x82z",
                                      "\xed\xa0\x80",
                                      "\xed\xbf\xbf",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf0\x90\x80",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff",
                                      "ok\xfe"};
    (void)state;
    for (size_t i = 0; i < COUNT(good); i++)
        assert_true(utf8_valid(span_str(good[i])));
    for (size_t i = 0; i < COUNT(bad); i++)
        assert_false(utf8_valid(span_str(bad[i])));
    assert_false(utf8_valid(SPAN("a\0b")));
}

static void utf8_repair_keeps_what_it_can(void **state)
{
    static const struct {
        struct span in;
        size_t max;
        const char *out;
    } table[] = {
        {{"plain \xe2\x82\xac", 9}, 99, "plain \xe2\x82\xac"},
        {{"a\xff"
          "b",
          3},
         99,
         "a\xef\xbf\xbd"
         "b"},
        {{"\xe2\x82", 2}, 99, "\xef\xbf\xbd\xef\xbf\xbd"},
        {{"a\0\x1f\x7f", 4}, 99, "a\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
        {{"ab\xe2\x82\xac", 5}, 4, "ab"},
        {{"ab\xe2\x82\xac", 5}, 5, "ab\xe2\x82\xac"},
        {{"ab\xff", 3}, 4, "ab"},
        {{"abc", 3}, 0, ""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct buf b;
        buf_heap(&b);
        utf8_repair(&b, table[i].in, table[i].max);
        assert_span(buf_span(&b), table[i].out);
        buf_free(&b);
    }
    assert_span(utf8_cut(SPAN("a\xe2\x82\xac"), 3), "a");
    assert_span(utf8_cut(SPAN("a\xe2\x82\xac"), 4), "a\xe2\x82\xac");
}

/* What a terminal would act upon, and what only looks odd. */
static void utf8_show_leaves_nothing_that_acts_unseen(void **state)
{
    static const char *const unseen[] = {
        "\x1b",
        "\x07",
        "\x7f",
        "\xc2\x80",
        "\xc2\x9b",
        "\xc2\x9f",
        "\xc2\xad",
        "\xd8\x9c",
        "\xe1\xa0\x8e",
        "\xe2\x80\x8b",
        "\xe2\x80\x8f",
        "\xe2\x80\xa8",
        "\xe2\x80\xae",
        "\xe2\x81\xa0",
        "\xe2\x81\xa6",
        "\xe2\x81\xa9",
        "\xef\xbb\xbf",
        "\xef\xbf\xb9",
        "\xff",
        "\xf3\xa0\x80\x81",
        "\xcd\x8f",
        "\xe1\x9e\xb4",
        "\xe1\xa0\x8b",
        "\xef\xb8\x8f",
        "\xef\xbf\xb0",
        "\xf3\xa0\x84\x80",
        "\xf3\xa0\xbf\xbf",
        "\xf0\x9d\x85\xb3",
        "\xf0\x93\x90\xb0",
    };
    static const char *const shown[] = {"a",
                                        "~",
                                        "\xc2\xa0",
                                        "\xc2\xae",
                                        "\xc3\xa9",
                                        "\xd7\x90",
                                        "\xe2\x80\x90",
                                        "\xe2\x80\x94",
                                        "\xe2\x82\xac",
                                        "\xe6\x97\xa5",
                                        "\xf0\x9f\x98\x80"};
    (void)state;
    for (size_t i = 0; i < COUNT(unseen) + COUNT(shown); i++) {
        bool good = i >= COUNT(unseen);
        const char *text = good ? shown[i - COUNT(unseen)] : unseen[i];
        char in[16], mem[64];
        struct buf b;
        buf_fixed(&b, mem, sizeof mem);
        snprintf(in, sizeof in, "<%s>", text);
        utf8_show(&b, span_str(in), sizeof mem);
        assert_span(buf_span(&b), good ? in : "<\xef\xbf\xbd>");
        buf_clear(&b);
        utf8_show(&b, span_str(in), 3);
        assert_in_range(b.len, 1, 3);
        assert_true(utf8_valid(buf_span(&b)));
    }
}

static void query_gives_pairs_in_order(void **state)
{
    static const char *const want[] = {"a", "1", "b", "", "", "x", "c", "d=e", "f", ""};
    struct query q;
    struct span name, value;
    size_t i = 0;
    (void)state;
    query_open(&q, SPAN("&a=1&&b&=x&c=d=e&f=&"));
    for (; query_next(&q, &name, &value); i += 2) {
        assert_true(i + 1 < COUNT(want));
        assert_span(name, want[i]);
        assert_span(value, want[i + 1]);
    }
    assert_int_equal(i, COUNT(want));
    query_open(&q, span_of(NULL, 0));
    assert_false(query_next(&q, &name, &value));
}

static void query_text_is_decoded(void **state)
{
    static const struct {
        const char *in, *strict, *lenient; /* strict NULL: refused */
    } table[] = {
        {"", "", ""},
        {"a+b%20c%2B", "a b c+", "a b c+"},
        {"%C3%a9", "\xc3\xa9", "\xc3\xa9"},
        {"100%", NULL, "100%"},
        {"%4", NULL, "%4"},
        {"%zz%41", NULL, "%zzA"},
        {"%%41", NULL, "%A"},
        {"\xc3\xa9", NULL, "\xc3\xa9"},
        {"a\tb", NULL, "a\tb"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(table); i++) {
        struct buf b;
        buf_heap(&b);
        buf_byte(&b, '>');
        assert_int_equal(query_decode(&b, span_str(table[i].in)), table[i].strict != NULL ? ERR_OK : ERR_MALFORMED);
        assert_span(span_of(b.ptr + 1, b.len - 1), table[i].strict != NULL ? table[i].strict : "");
        buf_clear(&b);
        query_decode_lenient(&b, span_str(table[i].in));
        assert_span(buf_span(&b), table[i].lenient);
        buf_free(&b);
    }
}

static void decoding_needs_no_more_room_than_its_result(void **state)
{
    char mem[3];
    struct buf b;
    (void)state;
    buf_fixed(&b, mem, sizeof mem);
    assert_int_equal(query_decode(&b, SPAN("%41%42%43")), ERR_OK);
    assert_false(b.failed);
    assert_span(buf_span(&b), "ABC");
    assert_int_equal(query_decode(&b, SPAN("d")), ERR_OK);
    assert_true(b.failed);
}

static void every_byte_survives_encoding(void **state)
{
    struct buf encoded, decoded;
    char all[256];
    (void)state;
    for (int i = 0; i < 256; i++)
        all[i] = (char)i;
    buf_heap(&encoded);
    buf_heap(&decoded);
    query_encode(&encoded, span_of(all, sizeof all));
    assert_int_equal(query_decode(&decoded, buf_span(&encoded)), ERR_OK);
    assert_int_equal(decoded.len, sizeof all);
    assert_memory_equal(decoded.ptr, all, sizeof all);
    buf_clear(&encoded);
    query_encode(&encoded, SPAN("a-z.0_9~ /"));
    assert_span(buf_span(&encoded), "a-z.0_9~%20%2F");
    buf_free(&encoded);
    buf_free(&decoded);
}

/* Computed by libxxhash 0.8.1. */
static void xxh64_is_that_of_its_library(void **state)
{
    (void)state;
    static const struct {
        size_t len;
        uint64_t sum;
    } rows[] = {
        {0, UINT64_C(0xd5afba1336a3be4b)},   {1, UINT64_C(0x8ee8d3ca7fb1a275)},  {3, UINT64_C(0x9443dc25c8cbd082)},
        {4, UINT64_C(0xaf1d28c2abda128d)},   {7, UINT64_C(0xfd9393af44239f9d)},  {8, UINT64_C(0x98003a570d434426)},
        {31, UINT64_C(0x43893dcfcae85afc)},  {32, UINT64_C(0x880448b1006a72b2)}, {33, UINT64_C(0xb75fee40c320b69b)},
        {63, UINT64_C(0x9c493fa18754c0a9)},  {64, UINT64_C(0x635d041eec8f23d2)}, {100, UINT64_C(0x821671b015dba97b)},
        {127, UINT64_C(0x151bdf6512b38852)},
    };
    char text[128];
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = (char)(i * 7 + 1);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        assert_true(xxh64(UINT64_C(0x9e3779b185ebca87) * rows[i].len + 1, span_of(text, rows[i].len)) == rows[i].sum);
    assert_true(xxh64(0, SPAN("")) == UINT64_C(0xef46db3751d8e999)); /* as published */
    assert_true(xxh64(0, SPAN("abc")) == UINT64_C(0x44bc2cf5ad770999));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fixed_buffer_takes_nothing_after_it_failed),
        cmocka_unit_test(heap_buffer_grows_and_keeps_its_bytes),
        cmocka_unit_test(numbers_are_written_as_decimals),
        cmocka_unit_test(xxh64_is_that_of_its_library),
        cmocka_unit_test(codings_go_both_ways),
        cmocka_unit_test(codings_have_one_spelling),
        cmocka_unit_test(whole_numbers_have_one_spelling),
        cmocka_unit_test(utf8_is_what_rfc_3629_says),
        cmocka_unit_test(utf8_repair_keeps_what_it_can),
        cmocka_unit_test(utf8_show_leaves_nothing_that_acts_unseen),
        cmocka_unit_test(query_gives_pairs_in_order),
        cmocka_unit_test(query_text_is_decoded),
        cmocka_unit_test(decoding_needs_no_more_room_than_its_result),
        cmocka_unit_test(every_byte_survives_encoding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
