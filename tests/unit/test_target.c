/* Which addresses a webhook may lead to; and that what libcurl connects to is what was looked at. */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/courier/fleet.h"

/* ---- in place of the library's ---- */

static int bound_as = -1; /* what it comes to; -1: as ever */

int bind(int fd, const struct sockaddr *to, socklen_t len)
{
    if (bound_as >= 0) {
        errno = bound_as;
        return bound_as == 0 ? 0 : -1;
    }
    return (int)syscall(SYS_bind, fd, to, len);
}

/* Address, and the beginning of what it is called; NULL: it may be called. */
static const struct {
    const char *text, *what;
} addresses[] = {
    {"0.0.0.0", "of this network"},
    {"0.1.2.3", "of this network"},
    {"10.0.0.1", "private"},
    {"10.255.255.255", "private"},
    {"100.63.255.255", NULL},
    {"100.64.0.1", "of a carrier's NAT"},
    {"100.127.255.255", "of a carrier's NAT"},
    {"100.128.0.0", NULL},
    {"127.0.0.1", "loopback"},
    {"127.1.2.3", "loopback"},
    {"127.255.255.255", "loopback"},
    {"128.0.0.1", NULL},
    {"169.253.255.255", NULL},
    {"169.254.0.1", "link-local"},
    {"169.254.169.254", "link-local"},
    {"169.255.0.0", NULL},
    {"172.15.255.255", NULL},
    {"172.16.0.1", "private"},
    {"172.31.255.255", "private"},
    {"172.32.0.0", NULL},
    {"192.0.0.1", "of protocols"},
    {"192.0.0.170", "of protocols"},
    {"192.0.1.1", NULL},
    {"192.0.2.55", "for documentation"},
    {"192.88.99.1", "of 6to4 relays"},
    {"192.167.255.255", NULL},
    {"192.168.0.1", "private"},
    {"192.168.255.255", "private"},
    {"192.169.0.0", NULL},
    {"198.17.255.255", NULL},
    {"198.18.0.1", "for benchmarks"},
    {"198.19.255.255", "for benchmarks"},
    {"198.20.0.0", NULL},
    {"198.51.100.7", "for documentation"},
    {"203.0.113.9", "for documentation"},
    {"223.255.255.255", NULL},
    {"224.0.0.1", "multicast"},
    {"239.255.255.255", "multicast"},
    {"240.0.0.1", "reserved"},
    {"255.255.255.255", "reserved"},
    {"1.1.1.1", NULL},
    {"8.8.8.8", NULL},
    {"::", "of no host"},
    {"::1", "loopback"},
    {"::2", "not of the public Internet"},
    {"::127.0.0.1", "not of the public Internet"},
    {"::ffff:127.0.0.1", "IPv4 in IPv6"},
    {"::ffff:10.0.0.1", "IPv4 in IPv6"},
    {"::ffff:8.8.8.8", "IPv4 in IPv6"},
    {"::ffff:0:8.8.8.8", "not of the public Internet"},
    {"64:ff9b::7f00:1", "NAT64"},
    {"64:ff9b::808:808", "NAT64"},
    {"64:ff9b:1::1", "NAT64"},
    {"100::1", "not of the public Internet"},
    {"2001::1", "Teredo"},
    {"2001:0:53aa:64c::1", "Teredo"},
    {"2001:2::1", "of protocols"},
    {"2001:10::1", "of protocols"},
    {"2001:20::1", "of protocols"},
    {"2001:200::1", NULL},
    {"2001:4860:4860::8888", NULL},
    {"2001:db8::1", "for documentation"},
    {"2002:7f00:1::1", "6to4"},
    {"2002:808:808::1", "6to4"},
    {"2606:4700:4700::1111", NULL},
    {"2a00:1450:4001::1", NULL},
    {"3fff::1", "for documentation"},
    {"3fff:1000::1", NULL},
    {"4000::1", "not of the public Internet"},
    {"5f00::1", "not of the public Internet"},
    {"fc00::1", "private"},
    {"fd12:3456::1", "private"},
    {"fe80::1", "link-local"},
    {"fec0::1", "site-local"},
    {"ff02::1", "multicast"},
};

static socklen_t socket_address(const char *text, struct sockaddr_storage *out)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)out;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)out;
    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, text, &v4->sin_addr) == 1) {
        out->ss_family = AF_INET;
        return sizeof *v4;
    }
    assert_int_equal(inet_pton(AF_INET6, text, &v6->sin6_addr), 1);
    out->ss_family = AF_INET6;
    return sizeof *v6;
}

static const char *refuses(const char *text, const char *allow, bool plain)
{
    struct target_rules rules;
    struct problem p;
    struct sockaddr_storage to;
    assert_int_equal(target_rules_read(span_str(allow), &rules, &p), ERR_OK);
    socklen_t len = socket_address(text, &to);
    return target_refuses(&rules, (const struct sockaddr *)&to, len, plain);
}

static void special_addresses_are_not_called(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof addresses / sizeof *addresses; i++) {
        const char *what = refuses(addresses[i].text, "", false), *wanted = addresses[i].what;
        if ((what == NULL) != (wanted == NULL) || (what != NULL && strcmp(what, wanted) != 0))
            fail_msg("%s: %s instead of %s", addresses[i].text, what != NULL ? what : "called",
                     wanted != NULL ? wanted : "called");
    }
}

static void what_the_operator_allows_is_called(void **state)
{
    (void)state;
    assert_null(refuses("10.1.2.3", "10.1.0.0/16", false));
    assert_null(refuses("10.1.2.3", " 192.168.0.0/16 , 10.1.0.0/16", true));
    assert_null(refuses("::ffff:10.1.2.3", "10.1.0.0/16", false));
    assert_string_equal(refuses("10.2.2.3", "10.1.0.0/16", false), "private");
    assert_null(refuses("fd00::5", "fd00::/8", true));
    assert_string_equal(refuses("127.0.0.1", "::/0", false), "loopback");
}

static void nobody_is_called_without_tls_unless_the_operator_allows_it(void **state)
{
    (void)state;
    assert_string_equal(refuses("8.8.8.8", "", true), "called without TLS");
    assert_null(refuses("8.8.8.8", "8.8.8.0/24", true));
}

static void an_address_of_this_machine_is_its_own(void **state)
{
    struct sockaddr_storage to;
    socklen_t len = socket_address("127.0.0.1", &to);
    (void)state;
    assert_true(target_own((const struct sockaddr *)&to, len));
    len = socket_address("8.8.8.8", &to);
    assert_false(target_own((const struct sockaddr *)&to, len));
    assert_null(target_refuses(&(struct target_rules){.n = 0}, (const struct sockaddr *)&to, len, false));
    for (size_t i = 0; i < 2; i++) { /* it can be bound here; it cannot be told */
        bound_as = (const int[]){0, ENOBUFS}[i];
        const char *what = target_refuses(&(struct target_rules){.n = 0}, (const struct sockaddr *)&to, len, false);
        bound_as = -1;
        assert_string_equal(what, "the server's own");
    }
}

static void blocks_that_do_not_read_are_refused(void **state)
{
    static const char *const wrong[] = {"10.0.0.0/33", "example.com", "10.0.0.0/8;127.0.0.1", "*"};
    struct target_rules rules;
    struct problem p;
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_int_equal(target_rules_read(span_str(wrong[i]), &rules, &p), ERR_MALFORMED);
}

/* ---- what libcurl does with it ---- */

static enum delivery_error outcome_of(const char *url, const char *allow)
{
    static const char *const headers[] = {NULL};
    struct target_rules rules;
    struct fleet_outcome out = {0};
    struct problem p;
    assert_int_equal(target_rules_read(span_str(allow), &rules, &p), ERR_OK);
    struct fleet *f = fleet_open(&rules);
    fleet_send(f, &(struct fleet_request){.url = url, .post = true, .body = SPAN("{}"), .headers = headers});
    while (!fleet_take(f, &out))
        fleet_turn(f, 20);
    fleet_close(f);
    return out.error;
}

/* Somebody listens there, so that only the look at the address is in the way. */
static void a_name_is_looked_at_where_it_leads(void **state)
{
    static const char *const spelled[] = {
        "http://127.0.0.1",          "http://localhost",     "http://127.1",   "http://2130706433", "http://0x7f000001",
        "http://017700000001",       "https://127.0.0.1",    "http://0.0.0.0", "http://0",          "http://[::1]",
        "http://[::ffff:127.0.0.1]", "http://user@127.0.0.1"};
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof at;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    (void)state;
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(listen(fd, 8), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &len), 0);
    for (size_t i = 0; i < sizeof spelled / sizeof *spelled; i++) {
        char url[128];
        snprintf(url, sizeof url, "%s:%u/", spelled[i], ntohs(at.sin_port));
        enum delivery_error e = outcome_of(url, "");
        if (e != DELIVERY_ERROR_ADDRESS)
            fail_msg("%s: %s", url, delivery_error_word(e));
    }
    struct sockaddr_in from;
    len = sizeof from;
    assert_int_equal(accept(fd, (struct sockaddr *)&from, &len), -1); /* nobody came */
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(special_addresses_are_not_called),
        cmocka_unit_test(what_the_operator_allows_is_called),
        cmocka_unit_test(nobody_is_called_without_tls_unless_the_operator_allows_it),
        cmocka_unit_test(an_address_of_this_machine_is_its_own),
        cmocka_unit_test(blocks_that_do_not_read_are_refused),
        cmocka_unit_test(a_name_is_looked_at_where_it_leads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
