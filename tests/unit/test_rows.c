/* The strict readers of bodies that come in parts: chunks, CSV, arrays of many rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/csv.h"
#include "common/base/json_rows.h"
#include "server/http/http_chunks.h"
#include "tests/support/chance.h"

static const struct {
    const char *raw;
    int status;
    const char *body, *rest; /* body NULL: it never ends */
} chunked[] = {
    {"0\r\n\r\n", 0, "", ""},
    {"5\r\nhello\r\n0\r\n\r\n", 0, "hello", ""},
    {"1\r\nh\r\n04\r\nello\r\n000\r\n\r\n", 0, "hello", ""},
    {"A\r\n0123456789\r\na\r\n0123456789\r\n0\r\n\r\n", 0, "01234567890123456789", ""},
    {"5\r\nhello\r\n0\r\n\r\nGET / HTTP/1.1\r\n", 0, "hello", "GET / HTTP/1.1\r\n"},
    {"2\r\n\r\n\r\n0\r\n\r\n", 0, "\r\n", ""},
    {"5\r\nhello\r\n0\r\n", 0, NULL, ""},
    {"5\r\nhello", 0, NULL, ""},
    {"", 0, NULL, ""},
    {"5;a=b\r\nhello\r\n0\r\n\r\n", 400, NULL, NULL},
    {"5 \r\nhello\r\n0\r\n\r\n", 400, NULL, NULL},
    {" 5\r\nhello\r\n0\r\n\r\n", 400, NULL, NULL},
    {"5\nhello\r\n0\r\n\r\n", 400, NULL, NULL},
    {"5\r\rhello\r\n0\r\n\r\n", 400, NULL, NULL},
    {"5\r\nhello\n0\r\n\r\n", 400, NULL, NULL},
    {"5\r\nhelloX\r\n0\r\n\r\n", 400, NULL, NULL},
    {"5\r\nhello\r\n0\n\r\n", 400, NULL, NULL},
    {"0\r\nX: y\r\n\r\n", 400, NULL, NULL},
    {"0\r\n\n", 400, NULL, NULL},
    {"0x5\r\nhello\r\n0\r\n\r\n", 400, NULL, NULL},
    {"+5\r\nhello\r\n0\r\n\r\n", 400, NULL, NULL},
    {"-1\r\nhello\r\n0\r\n\r\n", 400, NULL, NULL},
    {"\r\nhello\r\n0\r\n\r\n", 400, NULL, NULL},
    {"g\r\n", 400, NULL, NULL},
    {"000000005\r\nhello\r\n0\r\n\r\n", 400, NULL, NULL},
    {"100000000\r\n", 400, NULL, NULL},
    {"FFFFFFFF\r\n", 413, NULL, NULL},
    {"41\r\n", 413, NULL, NULL},
    {"40\r\n", 0, NULL, ""},
};

enum { MOST = 64 };

/* In pieces of `step` bytes. */
static int decode(struct chunks *c, const char *raw, size_t step, char *bytes, size_t *n)
{
    size_t len = strlen(raw);
    int status = 0;
    *n = 0;
    for (size_t at = 0; at < len && status == 0; at += step) {
        size_t piece = len - at < step ? len - at : step;
        memcpy(bytes + *n, raw + at, piece);
        *n += piece;
        if (c->state != CHUNK_DONE)
            status = chunks_take(c, bytes, n, MOST);
    }
    return status;
}

static void chunks_are_taken_or_refused_however_they_come(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof chunked / sizeof *chunked; i++)
        for (size_t step = 1; step <= strlen(chunked[i].raw) + 1; step++) {
            struct chunks c = {.len = 0};
            char *bytes = malloc(strlen(chunked[i].raw) + 1);
            size_t n = 0;
            int status = decode(&c, chunked[i].raw, step, bytes, &n);
            if (status != chunked[i].status)
                fail_msg("%s by %zu: %d, not %d", chunked[i].raw, step, status, chunked[i].status);
            if (status == 0) {
                assert_int_equal(c.state == CHUNK_DONE, chunked[i].body != NULL);
                assert_true(c.len <= n);
            }
            if (status == 0 && chunked[i].body != NULL) {
                assert_int_equal(c.len, strlen(chunked[i].body));
                assert_memory_equal(bytes, chunked[i].body, c.len);
                assert_int_equal(n - c.len, strlen(chunked[i].rest));
                assert_memory_equal(bytes + c.len, chunked[i].rest, n - c.len);
            }
            free(bytes);
        }
}

static void csv_is_read_as_rfc_4180_says(void **state)
{
    static const struct {
        const char *text, *said; /* fields between '|', records between '/'; '!': refused */
    } cases[] = {
        {"", ""},
        {"a", "a/"},
        {"a,b\r\nc,d\r\n", "a|b/c|d/"},
        {"a,b\nc,d", "a|b/c|d/"},
        {"\xef\xbb\xbf"
         "a,b\n",
         "a|b/"},
        {"\n\r\na,b\n\n\nc,d\n\n", "a|b/c|d/"},
        {",\n", "|/"},
        {"a,\n,b", "a|/|b/"},
        {"\"a\",\"b,c\"\n", "a|b,c/"},
        {"\"a\"\"b\",\"\"\n", "a\"b|/"},
        {"\"\"\"\"\n", "\"/"},
        {"\"a\r\nb\",c\r\n", "a\r\nb|c/"},
        {"\"a", "!"},
        {"\"a\"\"", "!"},
        {"a\"b\n", "!"},
        {"\"a\"b\n", "!"},
        {"\"a\" ,b\n", "!"},
        {"a\rb\n", "!"},
        {"a\r", "!"},
        {"a,b,c,d,e\n", "!"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct csv c;
        struct span field[4];
        size_t n;
        const char *what;
        struct buf said;
        enum err err;
        buf_heap(&said);
        csv_open(&c, span_str(cases[i].text));
        while ((err = csv_next(&c, field, 4, &n, &what)) == ERR_OK) {
            for (size_t k = 0; k < n; k++) {
                char mem[64];
                struct buf b;
                buf_fixed(&b, mem, sizeof mem);
                buf_str(&said, k ? "|" : "");
                buf_span_add(&said, csv_field(field[k], &b));
            }
            buf_byte(&said, '/');
        }
        if (err != ERR_NOT_FOUND)
            buf_byte(&said, '!');
        if (!span_is(buf_span(&said), cases[i].said))
            fail_msg("%s: %.*s, not %s", cases[i].text, (int)said.len, said.ptr, cases[i].said);
        buf_free(&said);
    }
}

static void lines_are_counted_within_quotes_too(void **state)
{
    struct csv c;
    struct span field[4];
    size_t n;
    const char *what;
    (void)state;
    csv_open(&c, SPAN("a,b\r\n\n\"x\ny\",z\nc,d\n"));
    const size_t lines[] = {1, 3, 5};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(csv_next(&c, field, 4, &n, &what), ERR_OK);
        assert_int_equal(c.line, lines[i]);
    }
    assert_int_equal(csv_next(&c, field, 4, &n, &what), ERR_NOT_FOUND);
}

/* ---- formulas ---- */

static void what_a_spreadsheet_would_run_is_guarded(void **state)
{
    static const struct {
        const char *text, *cell;
    } cases[] = {{"=1", "'=1"},
                 {"+1", "'+1"},
                 {"-1", "'-1"},
                 {"@a", "'@a"},
                 {"\t=1", "'\t'=1"},
                 {"\r=1", "\"'\r'=1\""},
                 {"\n=1", "\"\n'=1\""},
                 {"＝1", "'＝1"},
                 {"＋1", "'＋1"},
                 {"－1", "'－1"},
                 {"＠a", "'＠a"},
                 {"'=1", "''=1"},
                 {"''＠a", "'''＠a"},
                 {"a;=1", "a;'=1"},
                 {"a|'-1", "a|''-1"},
                 {" =1", "' =1"},
                 {"\xc2\xa0\xe2\x80\x83-1", "'\xc2\xa0\xe2\x80\x83-1"},
                 {"  '@a", "  '@a"},
                 {"' =1", "'' =1"},
                 {"a; +1", "a;' +1"},
                 {" a", " a"},
                 {"a =1", "a =1"},
                 {"a=1", "a=1"},
                 {"'a", "'a"},
                 {"'", "'"},
                 {"", ""},
                 {"ａ＝", "ａ＝"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out;
        buf_heap(&out);
        csv_cell(&out, span_str(cases[i].text), ',');
        if (!span_is(span_of(out.ptr, out.len - 1), cases[i].cell))
            fail_msg("%s: %.*s not %s", cases[i].text, (int)out.len, out.ptr, cases[i].cell);
        buf_free(&out);
    }
}

static void a_guarded_cell_reads_as_what_it_was(void **state)
{
    static const char *const pieces[] = {"'", "'", "=",  "+",  "-",  "@", "\t", "\r\n", ";",
                                         ",", "|", "\"", "＝", "＠", "a", "é",  " ",    "\xc2\xa0"};
    static const char marks[] = ",;\t|";
    (void)state;
    for (int i = 0; i < 20000; i++) {
        char text_mem[64], out_mem[128], field_mem[128], plain_mem[128];
        struct buf text, out, field, plain;
        struct span raw;
        struct csv c;
        const char *what;
        size_t n;
        char mark = marks[below(4)];
        buf_fixed(&text, text_mem, sizeof text_mem);
        buf_fixed(&out, out_mem, sizeof out_mem);
        buf_fixed(&field, field_mem, sizeof field_mem);
        buf_fixed(&plain, plain_mem, sizeof plain_mem);
        for (uint64_t k = 1 + below(8); k > 0; k--)
            buf_str(&text, pieces[below(sizeof pieces / sizeof *pieces)]);
        csv_cell(&out, buf_span(&text), mark);
        csv_open(&c, span_of(out.ptr, out.len - 1));
        c.mark = mark;
        assert_int_equal(csv_next(&c, &raw, 1, &n, &what), ERR_OK);
        struct span said = csv_unguarded(csv_field(raw, &field), &plain);
        if (!span_eq(said, buf_span(&text)))
            fail_msg("%.*s is %.*s and reads as %.*s", (int)text.len, text.ptr, (int)out.len, out.ptr, (int)said.len,
                     said.ptr);
    }
}

static void an_array_is_taken_apart_or_refused(void **state)
{
    static const struct {
        const char *text, *said; /* elements before '/'; '!': refused; NULL: it begins no array */
    } cases[] = {
        {"{}", NULL},
        {"", NULL},
        {"[]", ""},
        {" [ ] \n", ""},
        {"[{}]", "{}/"},
        {"\xef\xbb\xbf[1,2]", "1/2/"},
        {"[[1,2],3]", "[1,2]/3/"},
        {"[\"a,]\\\"\",2]", "\"a,]\\\"\"/2/"},
        {"[1,]", "1/!"},
        {"[,1]", "!"},
        {"[1 2]", "1 2/"},
        {"[1] x", "1/!"},
        {"[1", "!"},
        {"[1}", "1/!"},
        {"[{]", "!"},
        {"[\"a]", "!"},
        {"[1]]", "1/!"},
        {"[", "!"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct json_rows r;
        struct span element;
        struct buf said;
        enum err err;
        bool array = json_rows_open(&r, span_str(cases[i].text));
        assert_int_equal(array, cases[i].said != NULL);
        if (!array)
            continue;
        buf_heap(&said);
        while ((err = json_rows_next(&r, &element)) == ERR_OK) {
            buf_span_add(&said, element);
            buf_byte(&said, '/');
        }
        if (err != ERR_NOT_FOUND)
            buf_byte(&said, '!');
        if (!span_is(buf_span(&said), cases[i].said))
            fail_msg("%s: %.*s, not %s", cases[i].text, (int)said.len, said.ptr, cases[i].said);
        buf_free(&said);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(chunks_are_taken_or_refused_however_they_come),
        cmocka_unit_test(csv_is_read_as_rfc_4180_says),
        cmocka_unit_test(lines_are_counted_within_quotes_too),
        cmocka_unit_test(what_a_spreadsheet_would_run_is_guarded),
        cmocka_unit_test(a_guarded_cell_reads_as_what_it_was),
        cmocka_unit_test(an_array_is_taken_apart_or_refused),
    };
    chance_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
