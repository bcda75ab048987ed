#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/decisions/destination.h"
#include "common/decisions/link.h"

static void links_are_cleaned_as_a_browser_would(void **state)
{
    static const struct {
        const char *text, *clean; /* NULL: refused */
    } cases[] = {
        {"https://shop.example/caf\xc3\xa9", "https://shop.example/caf%C3%A9"},
        {"https://shop.example/a|b", "https://shop.example/a%7Cb"},
        {"https://shop.example/a b", "https://shop.example/a%20b"},
        {"https://shop.example/\"{x}\"<>^`", "https://shop.example/%22%7Bx%7D%22%3C%3E%5E%60"},
        {"https://b\xc3\xbc"
         "cher.shop.example/",
         "https://xn--bcher-kva.shop.example/"},
        {"  https://shop.example/x ", "https://shop.example/x"},
        {"HTTPS://Shop.Example", "https://shop.example/"},
        {"https://shop.example?x=1", "https://shop.example/?x=1"},
        {"https://shop.example:443/", "https://shop.example/"},
        {"http://shop.example:0080/", "http://shop.example/"},
        {"https://shop.example:8443", "https://shop.example:8443/"},
        {"https://[2001:DB8::1]:443/", "https://[2001:db8::1]/"},
        {"https%3A%2F%2Fshop.example%2Foffer%3Fa%3D1+2", "https://shop.example/offer?a=1+2"},
        {"https%253A%252F%252Fshop.example%252F", "https://shop.example/"},
        {"https://shop.example/100%/%zz#a#b", "https://shop.example/100%/%zz#a#b"},
        {"https%25253A%25252F%25252Fshop.example", NULL},
        {"https://shop.example\\@evil.example/", NULL},
        {"https://evil.example\\.shop.example/", NULL},
        {"https://user@shop.example/", NULL},
        {"https://shop.example%2eevil.example/", NULL},
        {"https://shop.example/\r\nSet-Cookie: a", NULL},
        {"https%3A%2F%2Fshop.example%2F%0D%0Ax", NULL},
        {"https://sh\top.example/", NULL},
        {"https://shop.example:65536/", NULL},
        {"https://shop.example:x/", NULL},
        {"https:///shop.example/", NULL},
        {"https:/shop.example/", NULL},
        {"//shop.example/", NULL},
        {"/offer", NULL},
        {"javascript:alert(1)", NULL},
        {"ftp://shop.example/", NULL},
        {"https://\xff/", NULL},
        {"", NULL},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out;
        buf_heap(&out);
        bool taken = link_clean(span_str(cases[i].text), &out);
        if (taken != (cases[i].clean != NULL) || (taken && !span_is(buf_span(&out), cases[i].clean)))
            fail_msg("case %zu, %s: %d %.*s", i, cases[i].text, taken, (int)out.len, out.ptr);
        if (taken)
            assert_true(link_ok(buf_span(&out)));
        else
            assert_int_equal(out.len, 0);
        buf_free(&out);
    }
}

static void parameters_are_set_and_nothing_else_is_touched(void **state)
{
    static const struct {
        const char *url, *set; /* with click_id=N and "a b"="\xc3\xa9" */
    } cases[] = {
        {"https://l/offer", "https://l/offer?click_id=N&a%20b=%C3%A9"},
        {"https://l/offer?", "https://l/offer?click_id=N&a%20b=%C3%A9"},
        {"https://l/offer?click_id=old", "https://l/offer?click_id=N&a%20b=%C3%A9"},
        {"https://l/offer?click_id=&x=1", "https://l/offer?click_id=N&x=1&a%20b=%C3%A9"},
        {"https://l/offer?click_id", "https://l/offer?click_id=N&a%20b=%C3%A9"},
        {"https://l/offer?x=1&click%5Fid=old&y=%7C+2&click_id=older#top",
         "https://l/offer?x=1&click%5Fid=N&y=%7C+2&a%20b=%C3%A9#top"},
        {"https://l/offer?a+b=1&a%20b=2", "https://l/offer?a+b=%C3%A9&click_id=N"},
        {"https://l/offer?&x=1&&y&", "https://l/offer?&x=1&&y&click_id=N&a%20b=%C3%A9"},
        {"https://l/o?q=why?", "https://l/o?q=why?&click_id=N&a%20b=%C3%A9"},
        {"https://l/o??", "https://l/o??&click_id=N&a%20b=%C3%A9"},
        {"https://l/o?click_id=old&q=why?#top", "https://l/o?click_id=N&q=why?&a%20b=%C3%A9#top"},
        {"https://l/o?&", "https://l/o?&click_id=N&a%20b=%C3%A9"},
        {"https://l/#?click_id=in-the-fragment", "https://l/?click_id=N&a%20b=%C3%A9#?click_id=in-the-fragment"},
        {"https://l/?Click_ID=1&xclick_id=2", "https://l/?Click_ID=1&xclick_id=2&click_id=N&a%20b=%C3%A9"},
    };
    const struct link_param params[] = {
        {SPAN("click_id"), SPAN("N")}, {SPAN(""), SPAN("x")}, {SPAN("a b"), SPAN("\xc3\xa9")}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out;
        buf_heap(&out);
        destination_write(&out, span_str(cases[i].url), params, 3);
        if (!span_is(buf_span(&out), cases[i].set))
            fail_msg("case %zu, %s: %.*s", i, cases[i].url, (int)out.len, out.ptr);
        buf_free(&out);
    }
}

static void macros_of_a_landing_url_are_replaced(void **state)
{
    const struct link_param params[] = {{SPAN("click_id"), SPAN("N")}, {SPAN("sub1"), SPAN("a&b c")}};
    struct buf out;
    (void)state;
    buf_heap(&out);
    destination_expand(&out, SPAN("https://l/{sub1}/x?c={click_id}&s={sub2}&odd={&{}&{not closed"), params, 2);
    assert_true(span_is(buf_span(&out), "https://l/a%26b%20c/x?c=N&s=&odd={&{}&{not closed"));
    buf_free(&out);
    assert_true(link_template_ok(SPAN("https://l.example/{sub1}?c={click_id}")));
    assert_true(span_empty(link_unknown_macro(SPAN("https://l.example/{sub1}?c={click_id}&{code}&{utm_term}{}{"))));
    assert_true(span_is(link_unknown_macro(SPAN("https://l.example/{sub1}?c={Click_ID}&{x}")), "Click_ID"));
    assert_false(link_template_ok(SPAN("https://{sub1}.l.example/")));
    assert_false(link_template_ok(SPAN("https://l.example/{sub 1}")));
    assert_false(link_template_ok(SPAN("https://l.example/{sub1")));
    assert_false(link_template_ok(SPAN("{sub1}")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(links_are_cleaned_as_a_browser_would),
        cmocka_unit_test(parameters_are_set_and_nothing_else_is_touched),
        cmocka_unit_test(macros_of_a_landing_url_are_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
