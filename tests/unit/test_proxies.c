#include "server/http/proxies.h"
#include "server/lists/networks.h"
#include "server/system/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void the_first_stranger_from_the_right_is_the_client(void **state)
{
    static const struct {
        const char *header, *client;
    } cases[] = {
        {"198.51.100.7", "198.51.100.7"},
        {"1.2.3.4, 198.51.100.7", "198.51.100.7"}, /* what the client wrote itself stands to the left */
        {"198.51.100.7, 10.1.2.3", "198.51.100.7"},
        {" 198.51.100.7 ,10.1.2.3 , 127.0.0.1", "198.51.100.7"},
        {"2001:db8::1", "2001:db8::1"},
        {"2001:DB8:0:0::1, fd00::9", "2001:db8::1"},
        {"", "127.0.0.1"},
        {"unknown", "127.0.0.1"},
        {"evil, 10.1.2.3", "10.1.2.3"},
        {"198.51.100.7:1234", "198.51.100.7"},
        {"198.51.100.7:65535, 10.1.2.3:80", "198.51.100.7"},
        {"[2001:db8::1]", "2001:db8::1"},
        {" [2001:DB8::1]:443 , [fd00::9]", "2001:db8::1"},
        {"[::ffff:198.51.100.7]:1", "198.51.100.7"},
        {"198.51.100.7:", "127.0.0.1"},
        {"198.51.100.7:x", "127.0.0.1"},
        {"198.51.100.7:123456", "127.0.0.1"},
        {"198.51.100.7:65536", "127.0.0.1"},
        {"198.51.100.7\n10.1.2.3", "198.51.100.7"},
        {"1.2.3.4, 10.1.2.3\n198.51.100.7\n10.1.2.3, 127.0.0.1", "198.51.100.7"},
        {"198.51.100.7\nunknown", "127.0.0.1"},
        {"198.51.100.7:1:2", "127.0.0.1"},
        {"[198.51.100.7]:1", "127.0.0.1"},
        {"[2001:db8::1", "127.0.0.1"},
        {"[2001:db8::1]x", "127.0.0.1"},
        {"[2001:db8::1]443", "127.0.0.1"},
        {"[[2001:db8::1]]", "127.0.0.1"},
        {"2001:db8::1]:443", "127.0.0.1"},
        {"[]:1", "127.0.0.1"},
        {":1", "127.0.0.1"},
        {"10.1.2.3", "10.1.2.3"},
        {"198.51.100.7,", "127.0.0.1"},
        {"198.51.100.7, 10.1.2.3, ", "127.0.0.1"},
        {"198.51.100.7:_port", "198.51.100.7"},
    };
    struct proxies *x;
    (void)state;
    assert_int_equal(proxies_parse(SPAN("127.0.0.1, 10.0.0.0/8,fd00::/8"), &x, NULL), ERR_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char ip[46] = "127.0.0.1";
        proxies_client(x, PROXIES_X_FORWARDED_FOR, span_str(cases[i].header), ip);
        assert_string_equal(ip, cases[i].client);
    }
    for (int header = PROXIES_X_FORWARDED_FOR; header <= PROXIES_FORWARDED; header++) { /* there is none */
        char ip[46] = "127.0.0.1";
        proxies_client(x, (enum proxies_header)header, (struct span){0}, ip);
        assert_string_equal(ip, "127.0.0.1");
    }
    proxies_free(x);
}

static void the_client_of_forwarded_is_the_first_stranger_from_the_right(void **state)
{
    static const struct {
        const char *header, *client;
    } cases[] = {
        /* RFC 7239's own */
        {"for=\"_gazonk\"", "127.0.0.1"},
        {"For=\"[2001:db8:cafe::17]:4711\"", "2001:db8:cafe::17"},
        {"for=192.0.2.60;proto=http;by=203.0.113.43", "192.0.2.60"},
        {"for=192.0.2.43, for=198.51.100.17", "198.51.100.17"},
        {"for=192.0.2.43,for=\"[2001:db8:cafe::17]\",for=unknown", "127.0.0.1"},
        {"for=_hidden, for=_SEVKISEK", "127.0.0.1"},
        {"for=\"[2001:db8::1]:_obscured\"", "2001:db8::1"},

        {"for=198.51.100.7, for=10.1.2.3", "198.51.100.7"},
        {"for=198.51.100.7;by=_a , for=\"10.1.2.3:80\";proto=https,for=\"[fd00::9]\"", "198.51.100.7"},
        {"for=1.2.3.4, for=198.51.100.7", "198.51.100.7"},
        {"for=unknown, for=10.1.2.3", "10.1.2.3"},
        {"for=198.51.100.7, for=_x, for=10.1.2.3", "10.1.2.3"},
        {"by=203.0.113.43", "127.0.0.1"},
        {"for=198.51.100.7, proto=https", "127.0.0.1"},
        {"proto=https;FOR=198.51.100.7", "198.51.100.7"},
        {"for=\"198.51.100.7:1234\"", "198.51.100.7"},
        /* what must be quoted is not */
        {"for=198.51.100.7:1234", "127.0.0.1"},
        {"for=[2001:db8::1]:1234", "127.0.0.1"},
        {"for=2001:db8::1", "127.0.0.1"},
        /* several lines */
        {"for=198.51.100.7\nfor=10.1.2.3", "198.51.100.7"},
        {"for=1.2.3.4\nfor=198.51.100.7", "198.51.100.7"},
        {"for=\"1.2.3.4\nfor=198.51.100.7", "198.51.100.7"},
        {"for=198.51.100.7\nfor=\"10.1.2.3", "127.0.0.1"},
        {"for=\"198.51.100.\\7\"", "198.51.100.7"},
        {"for=198.51.100.7;", "198.51.100.7"},
        {";;for=198.51.100.7 ; proto=http", "198.51.100.7"},
        {"for=198.51.100.7;host=\"a,b;c=\\\"d\"", "198.51.100.7"},
        {"", "127.0.0.1"},
        {"198.51.100.7", "127.0.0.1"},
        {"for=", "127.0.0.1"},
        {"for=\"\"", "127.0.0.1"},
        {"for=198.51.100.7,", "127.0.0.1"},
        {"for=198.51.100.7, ", "127.0.0.1"},
        {"for =198.51.100.7", "127.0.0.1"},
        {"for= 198.51.100.7", "127.0.0.1"},
        {"for=198.51.100.7;for=198.51.100.8", "127.0.0.1"},
        {"for=198.51.100.7 for=198.51.100.8", "127.0.0.1"},
        {"for=198.51.100.7;x", "127.0.0.1"},
        {"for=\"198.51.100.7", "127.0.0.1"},
        {"for=\"198.51.100.7\\", "127.0.0.1"},
        {"for=\"198.51.100.7\"x", "127.0.0.1"},
        {"for=\"198.51.100.7                                                            \"", "127.0.0.1"},
        /* a client's open quote, and what its proxy wrote behind it */
        {"for=203.0.113.9;x=\", for=198.51.100.7", "127.0.0.1"},
        {"for=203.0.113.9;x=\", for=\"198.51.100.7:1\"", "127.0.0.1"},
        {"for=203.0.113.9;x=\", for=\"[2001:db8::1]\";by=\"_p\"", "127.0.0.1"},
        {"x=\"\\, for=198.51.100.7", "127.0.0.1"},
    };
    struct proxies *x;
    (void)state;
    assert_int_equal(proxies_parse(SPAN("127.0.0.1, 10.0.0.0/8,fd00::/8"), &x, NULL), ERR_OK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char ip[46] = "127.0.0.1";
        proxies_client(x, PROXIES_FORWARDED, span_str(cases[i].header), ip);
        if (strcmp(ip, cases[i].client) != 0)
            fail_msg("%s: %s, not %s", cases[i].header, ip, cases[i].client);
    }
    proxies_free(x);
}

static void the_header_that_counts_is_one_of_two(void **state)
{
    enum proxies_header kind;
    struct problem p = {0};
    (void)state;
    assert_int_equal(proxies_header_read(SPAN("FORWARDED"), &kind, &p), ERR_OK);
    assert_int_equal(kind, PROXIES_FORWARDED);
    assert_int_equal(proxies_header_read(SPAN("X-Forwarded-For"), &kind, &p), ERR_OK);
    assert_int_equal(kind, PROXIES_X_FORWARDED_FOR);
    assert_int_equal(proxies_header_read(SPAN("X-Real-IP"), &kind, &p), ERR_INVALID);
    assert_string_equal(p.field, "proxy_header");
}

/* Of IPv4 by its name in IPv6: what is larger than all of IPv4 would be more than who wrote it thinks of. */
static void blocks_of_mapped_addresses_are_of_ipv4_or_do_not_read(void **state)
{
    static const struct {
        const char *text, *last; /* NULL: it does not read */
    } cases[] = {
        {"::ffff:192.0.2.0/120", "192.0.2.255"},
        {"::ffff:192.0.2.7/128", "192.0.2.7"},
        {"::ffff:192.0.2.7", "192.0.2.7"},
        {"::ffff:0.0.0.0/96", "255.255.255.255"},
        {"::ffff:192.0.2.0/95", NULL},
        {"::ffff:192.0.2.0/24", NULL},
        {"::ffff:192.0.2.0/0", NULL},
        {"192.0.2.0/24", "192.0.2.255"},
        {"192.0.2.0/33", NULL},
        {"2001:db8::/32", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        address first = 0, last = 0;
        char text[ADDRESS_TEXT] = "";
        bool reads = address_block_read(span_str(cases[i].text), &first, &last);
        if (reads)
            address_write(last, text);
        if (reads != (cases[i].last != NULL) || strcmp(text, reads ? cases[i].last : "") != 0)
            fail_msg("%s: %s", cases[i].text, text);
    }
}

static void only_configured_addresses_are_trusted(void **state)
{
    static const struct {
        const char *ip;
        bool trusted;
    } cases[] = {
        {"127.0.0.1", true},  {"127.0.0.2", false},  {"10.255.0.1", true}, {"11.0.0.1", false},    {"172.16.0.1", true},
        {"172.31.9.9", true}, {"172.32.0.1", false}, {"::1", true},        {"2001:db8::1", false}, {"", false},
    };
    struct proxies *x, *none;
    (void)state;
    assert_int_equal(proxies_parse(SPAN("127.0.0.1,10.0.0.0/8, 172.16.0.0/12, ::1"), &x, NULL), ERR_OK);
    assert_int_equal(proxies_parse(SPAN(" "), &none, NULL), ERR_OK);
    assert_null(none);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_int_equal(proxies_trust(x, cases[i].ip), cases[i].trusted);
        assert_false(proxies_trust(none, cases[i].ip));
    }
    proxies_free(x);
}

static void nonsense_is_refused_by_name(void **state)
{
    static const char *const bad[] = {"x", "10.0.0.0/33", "::1/129", "10.0.0.0/", "10.0.0.0/8,,", "10.0.0.1 10.0.0.2",
                                      "/8"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct proxies *x;
        struct problem p = {0};
        assert_int_equal(proxies_parse(span_str(bad[i]), &x, &p), ERR_INVALID);
        assert_string_equal(p.field, "trusted_proxies");
    }
}

/* Who says ::/0 means IPv6, though IPv4 is written within it. */
static void a_block_of_ipv6_has_no_ipv4(void **state)
{
    (void)state;
    static const struct {
        const char *block, *ip;
        bool has;
    } rows[] = {
        {"::/0", "192.0.2.1", false},
        {"::/0", "2001:db8::1", true},
        {"::/0", "::1", true},
        {"::/80", "192.0.2.1", false},
        {"::/80", "::1", true},
        {"::/95", "0.0.0.0", false},
        {"::ffff:0:0/96", "192.0.2.1", true},
        {"::ffff:192.0.2.0/120", "192.0.2.1", true},
        {"::ffff:192.0.2.0/120", "192.0.3.1", false},
        {"0.0.0.0/0", "192.0.2.1", true},
        {"0.0.0.0/0", "255.255.255.255", true},
        {"0.0.0.0/0", "2001:db8::1", false},
        {"0.0.0.0/0", "::1", false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct proxies *x;
        struct ranges *r;
        address a;
        assert_int_equal(proxies_parse(span_str(rows[i].block), &x, NULL), ERR_OK);
        assert_int_equal(networks_parse(span_str(rows[i].block), &r, NULL), ERR_OK);
        assert_true(address_read(span_str(rows[i].ip), &a));
        if (proxies_trust(x, rows[i].ip) != rows[i].has || (ranges_find(r, a) != 0) != rows[i].has)
            fail_msg("%s in %s", rows[i].ip, rows[i].block);
        proxies_free(x);
        ranges_free(r);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_of_ipv6_has_no_ipv4),
        cmocka_unit_test(the_first_stranger_from_the_right_is_the_client),
        cmocka_unit_test(the_client_of_forwarded_is_the_first_stranger_from_the_right),
        cmocka_unit_test(the_header_that_counts_is_one_of_two),
        cmocka_unit_test(blocks_of_mapped_addresses_are_of_ipv4_or_do_not_read),
        cmocka_unit_test(only_configured_addresses_are_trusted),
        cmocka_unit_test(nonsense_is_refused_by_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
