/* Templates let no text of others be HTML, whatever part it comes in by; plots are within their frame. */
#include "common/pages/frame.h"
#include "common/pages/plot.h"
#include "tests/support/chance.h"
#include "tests/support/spans.h"

static struct buf out;

static struct page page_of(enum language l)
{
    buf_clear(&out);
    return (struct page){.out = &out, .language = l};
}

static void assert_written(const char *text)
{
    assert_span(buf_span(&out), text);
}

static void text_is_escaped_wherever_it_stands(void **state)
{
    (void)state;
    const struct span evil = SPAN("<b a='\"'>&{}");
    struct page g = page_of(LANGUAGE_EN);
    page_put(&g, "<i title=\"{}\">{}</i>{}", P_TEXT(evil), P_NAME(evil), P_QUERY(evil));
    assert_written("<i title=\"&lt;b a=&#39;&quot;&#39;&gt;&amp;{}\"><bdi>&lt;b a=&#39;&quot;&#39;&gt;&amp;{}</bdi></i>"
                   "%3Cb%20a%3D%27%22%27%3E%26%7B%7D");
    g = page_of(LANGUAGE_FR);
    page_put(&g, "{}", P_SAY(WORD_QUOTED, P_NAME(evil)));
    assert_written("«\u00a0<bdi>&lt;b a=&#39;&quot;&#39;&gt;&amp;{}</bdi>\u00a0»");
}

/* No byte that HTML takes for its own, but for what stands for one. */
static void whatever_bytes_come_none_of_them_ends_a_text(void **state)
{
    (void)state;
    for (int n = 0; n < 20000; n++) {
        static const char likely[] = "<>\"'&{}\\/ =\xe2\x80\xae\xc3\x28";
        char text[24];
        size_t len = (size_t)below(sizeof text);
        struct page g = page_of((enum language)below(LANGUAGES));
        for (size_t i = 0; i < len; i++)
            text[i] = (size_t)below(2) ? likely[(size_t)below(sizeof likely - 1)] : (char)below(256);
        page_put(&g, "{}", P_TEXT(span_of(text, len)));
        for (size_t i = 0; i < out.len; i++)
            assert_null(memchr("<>\"'", out.ptr[i], 4));
    }
}

static void values_are_written_as_the_language_writes_them(void **state)
{
    (void)state;
    static const struct {
        enum language language;
        const char *text;
    } rows[] = {{LANGUAGE_EN, "1,234 1234 0.5 1,234.50\u00a0EUR 6.2% 900\u00a0JPY"},
                {LANGUAGE_FR, "1\u202f234 1234 0.5 1\u202f234,50\u00a0EUR 6,2\u202f% 900\u00a0JPY"},
                {LANGUAGE_ZH, "1,234 1234 0.5 1,234.50\u00a0EUR 6.2% 900\u00a0JPY"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct page g = page_of(rows[i].language);
        page_put(&g, "{} {} {} {} {} {}", P_COUNT(1234), P_INDEX(1234), P_TENTHS(5), P_MICROS(1234500000, SPAN("EUR")),
                 P_PPM(62345), P_MICROS(900000000, SPAN("JPY")));
        assert_written(rows[i].text);
    }
}

static void a_ratio_is_told_to_the_nearest_tenth_and_only_the_whole_as_100(void **state)
{
    (void)state;
    static const struct {
        int64_t ppm;
        const char *text;
    } rows[] = {{0, "0.0%"},       {499, "0.0%"},       {500, "0.1%"},       {555555, "55.6%"},
                {666666, "66.7%"}, {999999, "99.9%"},   {1000000, "100.0%"}, {1234567, "123.5%"},
                {-5000, "−0.5%"},  {-555555, "−55.6%"}, {-999999, "−99.9%"}, {-1000000, "−100.0%"}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct page g = page_of(LANGUAGE_EN);
        page_put(&g, "{}", P_PPM(rows[i].ppm));
        assert_written(rows[i].text);
    }
    struct page g = page_of(LANGUAGE_FR);
    page_put(&g, "{} {}", P_SHARE(123456), P_SHARE(20000)); /* what was agreed on is not told as another number */
    assert_written("12,3456\u202f% 2\u202f%");
}

static size_t count(const char *what)
{
    size_t n = 0;
    struct span rest = buf_span(&out);
    for (const char *at; (at = memmem(rest.ptr, rest.len, what, strlen(what))) != NULL; n++)
        rest = span_skip(rest, (size_t)(at - rest.ptr) + strlen(what));
    return n;
}

static void a_frame_has_nothing_inline_and_one_of_each(void **state)
{
    (void)state;
    for (enum seat seat = 0; seat < SEATS; seat++)
        for (enum language l = 0; l < LANGUAGES; l++) {
            struct page g = page_of(l);
            const struct frame f = {.style = "/s.css",
                                    .script = "/s.js",
                                    .seat = seat,
                                    .name = SPAN("<script>"),
                                    .here = "/",
                                    .title = WORD_TODAY,
                                    .path = SPAN("/x\"y"),
                                    .query = SPAN("a=%22&b=<"),
                                    .form_token = SPAN("t\"t"),
                                    .zone = SPAN("Europe/<Paris>")};
            frame_open(&g, &f);
            frame_close(&g, &f);
            assert_int_equal(count("<main"), 1);
            assert_int_equal(count("class=\"skip\""), 1);
            assert_int_equal(count("<script"), 1); /* the file alone */
            assert_int_equal(count("style="), 0);
            assert_int_equal(count(" on"), 0);
            assert_int_equal(count("hreflang"), LANGUAGES);
            assert_int_equal(count("aria-current=\"page\""), seat != SEAT_NOBODY);
            assert_int_equal(count("action=\"/sign-out\""), seat != SEAT_NOBODY);
            assert_int_equal(count("t\"t"), 0);
            assert_int_equal(count("/x\"y"), 0);
            assert_int_equal(count("<Paris>"), 0);
        }
}

static void an_axis_ends_at_a_round_number(void **state)
{
    (void)state;
    static const int64_t rows[][2] = {{0, 2},   {1, 2},   {3, 4},     {9, 10},     {11, 12},     {13, 16},
                                      {17, 20}, {21, 40}, {101, 120}, {999, 1000}, {1001, 1200}, {12000001, 16000000}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(plot_top(rows[i][0]), rows[i][1]);
}

static void bars_stand_on_one_another_within_the_plot(void **state)
{
    (void)state;
    for (int n = 0; n < 200; n++) {
        struct plot_day days[30] = {{0}};
        struct page g = page_of(LANGUAGE_EN);
        for (size_t i = 0; i < 30; i++) {
            days[i].leads = (int64_t)below((size_t)below(2) ? 10 : 100000);
            days[i].approved = (int64_t)below((size_t)days[i].leads + 1);
            days[i].waiting = (int64_t)below((size_t)(days[i].leads - days[i].approved) + 1);
            days[i].clicks = (int64_t)below(1000000);
        }
        plot_days(&g, days, 30);
        assert_int_equal(count(" y=\"-"), 0);
        assert_int_equal(count("class=\"hit\""), 30);
        for (const char *at = out.ptr; (at = memmem(at, out.len - (size_t)(at - out.ptr), "\" y=\"", 5)) != NULL;
             at++) {
            double y = strtod(at + 5, NULL), height = strtod(strstr(at, "height=\"") + 8, NULL);
            assert_true(y >= 0 && y + height <= 100);
        }
    }
}

static int free_out(void **state)
{
    (void)state;
    buf_free(&out);
    return 0;
}

static int make_out(void **state)
{
    (void)state;
    chance_seed();
    buf_heap(&out);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_is_escaped_wherever_it_stands),
        cmocka_unit_test(whatever_bytes_come_none_of_them_ends_a_text),
        cmocka_unit_test(values_are_written_as_the_language_writes_them),
        cmocka_unit_test(a_ratio_is_told_to_the_nearest_tenth_and_only_the_whole_as_100),
        cmocka_unit_test(a_frame_has_nothing_inline_and_one_of_each),
        cmocka_unit_test(an_axis_ends_at_a_round_number),
        cmocka_unit_test(bars_stand_on_one_another_within_the_plot),
    };
    return cmocka_run_group_tests(tests, make_out, free_out);
}
