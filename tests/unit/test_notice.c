/* Notices: addresses that mean nothing else, and messages as RFC 5322, 2045 and 2047 have them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "common/commit/notice.h"

static void an_address_means_nothing_to_a_header_or_to_smtp(void **state)
{
    static const char *const good[] = {"a@example.com", "o'neil+x=1@sub.example.com", "a.b@x-1.example"};
    static const char *const bad[] = {"",
                                      "a",
                                      "a@",
                                      "@example.com",
                                      "a@b@example.com",
                                      "a@example",
                                      "a@.example.com",
                                      "a@example..com",
                                      ".a@example.com",
                                      "a..b@example.com",
                                      "a b@example.com",
                                      "a,b@example.com",
                                      "<a@example.com>",
                                      "\"a\"@example.com",
                                      "a@example.com\r\nBcc: b@example.com",
                                      "a@exa_mple.com",
                                      "\xc3\xa9@example.com"};
    char longest[300];
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (!mail_address_ok(span_str(good[i])))
            fail_msg("%s", good[i]);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (mail_address_ok(span_str(bad[i])))
            fail_msg("%s", bad[i]);
    snprintf(longest, sizeof longest, "%0260d@example.com", 1);
    assert_false(mail_address_ok(span_str(longest)));
    assert_false(mail_address_ok(span_of("a\0b@example.com", 15)));
}

static void a_message_is_ascii_in_short_lines(void **state)
{
    char body[4096];
    struct buf out;
    (void)state;
    memset(body, '.', sizeof body);
    for (size_t i = 100; i < sizeof body; i += 101)
        body[i] = '\n';
    for (enum language l = 0; l < LANGUAGES; l++)
        for (enum notice n = 0; n < NOTICES; n++) {
            struct mail m = {.from = SPAN("a@example.com"),
                             .to = SPAN("b@example.com"),
                             .subject = span_str(notice_subject(l, n)),
                             .body = span_of(body, sizeof body),
                             .message_id = SPAN("x@example.com"),
                             .unsubscribe = SPAN("https://example.com/unsubscribe/x"),
                             .language = l,
                             .at_ms = 1795882165000};
            size_t line = 0;
            buf_heap(&out);
            mail_write(&out, &m);
            for (size_t i = 0; i < out.len; i++) {
                assert_true((uint8_t)out.ptr[i] < 0x80);
                line = out.ptr[i] == '\n' ? 0 : line + 1;
                assert_true(line <= 78 || memmem(out.ptr + i - line, line, "unsubscribe", 11) != NULL);
                assert_true(out.ptr[i] != '\n' || out.ptr[i - 1] == '\r');
                assert_false(line == 1 && out.ptr[i] == '.');
            }
            assert_non_null(memmem(out.ptr, out.len, "\r\nDate: Sat, 28 Nov 2026 16:09:25 +0000\r\n", 41));
            buf_free(&out);
        }
}

static void every_kind_has_its_words_in_each_language(void **state)
{
    (void)state;
    for (enum notice n = 0; n < NOTICES; n++) {
        enum notice again;
        assert_int_equal(notice_parse(span_str(notice_word(n)), &again), ERR_OK);
        assert_int_equal(again, n);
        for (enum language l = 1; l < LANGUAGES; l++)
            assert_string_not_equal(notice_subject(l, n), notice_subject(LANGUAGE_EN, n));
    }
    for (enum notice_line line = 0; line < NOTICE_LINES; line++)
        for (enum language l = 1; l < LANGUAGES; l++) {
            size_t holes[2] = {0, 0};
            for (int i = 0; i < 2; i++)
                for (const char *p = notice_line_text(i ? l : LANGUAGE_EN, line); (p = strstr(p, "{}")) != NULL; p += 2)
                    holes[i]++;
            assert_int_equal(holes[0], holes[1]);
        }
}

static void what_is_filled_in_turns_nothing_around_it(void **state)
{
    const struct span values[] = {SPAN("Offer \xe2\x80\xae\n{}"), SPAN("C1"), SPAN("100")};
    struct buf out;
    (void)state;
    buf_heap(&out);
    notice_say(&out, LANGUAGE_EN, NOTICE_LINE_QUIET, values, 3);
    buf_byte(&out, '\0');
    assert_string_equal(out.ptr, "Offer \xef\xbf\xbd\xef\xbf\xbd{}, C1: 100 clicks");
    buf_free(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_address_means_nothing_to_a_header_or_to_smtp),
        cmocka_unit_test(a_message_is_ascii_in_short_lines),
        cmocka_unit_test(every_kind_has_its_words_in_each_language),
        cmocka_unit_test(what_is_filled_in_turns_nothing_around_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
