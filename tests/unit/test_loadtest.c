/* The load tester's parts that need no server: its histogram, its readers of answers and of tables. They are no
 * library: the test takes their source. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "loadtest/answer.c"
#include "loadtest/csv.c"
#include "loadtest/hdr.c"

#define COUNT(array) (sizeof(array) / sizeof *(array))

static void every_value_is_known_to_one_percent(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 64; bit++)
        for (int64_t off = -2; off <= 2; off++) {
            uint64_t v = (UINT64_C(1) << bit) + (uint64_t)off, high = highest_in(bucket_of(v));
            assert_true(bucket_of(v) < HDR_BUCKETS);
            assert_true(high >= v && high - v <= v / HDR_SUB);
            assert_true(high == UINT64_MAX || bucket_of(high + 1) == bucket_of(v) + 1);
        }
}

static int ascending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

static void percentiles_are_those_of_the_sorted_values(void **state)
{
    enum { N = 10007 };
    static uint64_t values[N];
    static const uint32_t points[] = {0, 1, 500000, 900000, 990000, 999000, 999999, 1000000};
    struct hdr *h = calloc(1, sizeof *h);
    uint64_t z = 42;
    (void)state;
    for (size_t i = 0; i < N; i++) {
        z = z * 6364136223846793005u + 1442695040888963407u;
        values[i] = (z >> 33) >> (z >> 59); /* all magnitudes */
        hdr_record(h, values[i]);
    }
    qsort(values, N, sizeof *values, ascending);
    for (size_t i = 0; i < COUNT(points); i++) {
        size_t rank = ((uint64_t)N * points[i] + 999999) / 1000000;
        uint64_t want = values[rank ? rank - 1 : 0], got = hdr_at(h, points[i]);
        assert_true(got >= want && got - want <= want / HDR_SUB);
    }
    assert_true(hdr_at(h, 1000000) == values[N - 1]);
    free(h);
}

static void merged_histograms_count_together(void **state)
{
    struct hdr *a = calloc(1, sizeof *a), *b = calloc(1, sizeof *b);
    (void)state;
    assert_true(hdr_at(a, 500000) == 0);
    for (uint64_t v = 1; v <= 50; v++) {
        hdr_record(a, v);
        hdr_record(b, v + 50);
    }
    hdr_merge(a, b);
    assert_true(a->n == 100 && a->max == 100);
    assert_true(hdr_at(a, 500000) == 50 && hdr_at(a, 510000) == 51 && hdr_at(a, 990000) == 99);
    free(a);
    free(b);
}

#define OK_ANSWER "HTTP/1.1 200 OK\r\ncontent-length:  3 \r\n\r\nabc"

static void whole_answers_are_read(void **state)
{
    struct answer a;
    size_t used;
    (void)state;
    assert_int_equal(answer_read(SPAN(OK_ANSWER "HTTP/1.1 302"), &a, &used), ANSWER_WHOLE);
    assert_int_equal(used, sizeof OK_ANSWER - 1);
    assert_true(a.status == 200 && span_is(a.body, "abc") && span_empty(a.location) && !a.close);

    assert_int_equal(
        answer_read(
            SPAN("HTTP/1.1 302 Found\r\nLOCATION: http://x/?a=b:c\r\nConnection: Close\r\nContent-Length: 0\r\n\r\n"),
            &a, &used),
        ANSWER_WHOLE);
    assert_true(a.status == 302 && span_is(a.location, "http://x/?a=b:c") && a.close);

    assert_int_equal(answer_read(SPAN("HTTP/1.1 204 No Content\r\n\r\n"), &a, &used), ANSWER_WHOLE);
}

static void every_cut_answer_is_partial(void **state)
{
    struct answer a;
    size_t used;
    (void)state;
    for (size_t n = 0; n < sizeof OK_ANSWER - 1; n++)
        assert_int_equal(answer_read(span_of(OK_ANSWER, n), &a, &used), ANSWER_PARTIAL);
}

static void unreadable_answers_are_bad(void **state)
{
    static const char *const bad[] = {
        "HTTP/1.1 200 OK\r\n\r\nno length",
        "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 999 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
        "SSH-2.0\r\n\r\n",
        "\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\nContent-Length: 0\r\n\r\n",
    };
    struct answer a;
    size_t used;
    (void)state;
    for (size_t i = 0; i < COUNT(bad); i++)
        if (answer_read(span_str(bad[i]), &a, &used) != ANSWER_BAD)
            fail_msg("taken: %s", bad[i]);
}

/* ---- tables ---- */

static jmp_buf refused;
static char refusal[256];

void die(const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    vsnprintf(refusal, sizeof refusal, fmt, args);
    va_end(args);
    longjmp(refused, 1);
}

/* A file of this text, removed as soon as it has been read. */
static void read_table(struct csv *c, const char *text)
{
    char path[] = "/tmp/countersign-csv-XXXXXX";
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), strlen(text));
    close(fd);
    if (setjmp(refused) == 0) {
        refusal[0] = '\0';
        csv_open(c, path);
    }
    unlink(path);
}

static void a_table_is_read_as_rfc_4180_has_it(void **state)
{
    static const char *const cells[2][3] = {{"1", "", "x, \"y\"\r\nz"}, {"", "two words", "é"}};
    struct csv c;
    (void)state;
    read_table(&c, "a,b c,\"d\"\r\n1,,\"x, \"\"y\"\"\r\nz\"\r\n\"\",two words,é");
    assert_string_equal(refusal, "");
    assert_int_equal(c.rows, 2);
    assert_int_equal(csv_column(&c, "b c"), 1);
    assert_int_equal(csv_column(&c, "d"), 2);
    for (size_t row = 0; row < 2; row++)
        for (size_t column = 0; column < 3; column++)
            assert_true(span_is(csv_cell(&c, row, column), cells[row][column]));
    if (setjmp(refused) == 0)
        csv_column(&c, "e");
    assert_non_null(strstr(refusal, "'e'"));
    csv_close(&c);
}

static void a_table_that_does_not_read_is_named_by_its_line(void **state)
{
    static const char *const cases[][2] = {{"", "no header"},
                                           {"a,b\n1,2\n3\n", "line 3: 1 cells"},
                                           {"a,b\n1,2,3\n", "line 2: 3 cells"},
                                           {"a,b\n\"1,2\n", "line 2: a quote"},
                                           {"a,b\n\"1\"2,3\n", "line 2: more behind"}};
    (void)state;
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct csv c;
        read_table(&c, cases[i][0]);
        if (strstr(refusal, cases[i][1]) == NULL)
            fail_msg("case %zu: %s", i, refusal);
        csv_close(&c);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_is_known_to_one_percent),
        cmocka_unit_test(percentiles_are_those_of_the_sorted_values),
        cmocka_unit_test(merged_histograms_count_together),
        cmocka_unit_test(whole_answers_are_read),
        cmocka_unit_test(every_cut_answer_is_partial),
        cmocka_unit_test(unreadable_answers_are_bad),
        cmocka_unit_test(a_table_is_read_as_rfc_4180_has_it),
        cmocka_unit_test(a_table_that_does_not_read_is_named_by_its_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
