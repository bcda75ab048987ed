/* What a stranger may send, and in what pieces: the strict reader of heads, and the guard on a socket. */
#include <netinet/tcp.h>

#include "server/http/http_head.h"
#include "server/system/log.h"
#include "tests/support/live_tls.h"

#define HOST "Host: h\r\n"

/* ---- the reader ---- */

static const struct {
    const char *name, *raw;
    int status;
} heads[] = {
    {"plain", "GET / HTTP/1.1\r\n" HOST "\r\n", 0},
    {"1.0 without Host", "GET / HTTP/1.0\r\n\r\n", 0},
    {"post", "POST /postback HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\n", 0},
    {"post without length", "POST /postback HTTP/1.1\r\n" HOST "\r\n", 0},
    {"value with tab and obs-text", "GET / HTTP/1.1\r\n" HOST "X: a\tb\xc3\xa9\r\n\r\n", 0},
    {"empty value", "GET / HTTP/1.1\r\n" HOST "X:\r\n\r\n", 0},
    {"lenient query", "GET /c/x?sub1=%zz%00\xff HTTP/1.1\r\n" HOST "\r\n", 0},
    {"encoded NUL in a query", "GET /postback?a=%00 HTTP/1.1\r\n" HOST "\r\n", 0},
    {"lenient path", "GET /c/%zz%00\xff HTTP/1.1\r\n" HOST "\r\n", 0},
    {"zero length on GET", "GET / HTTP/1.1\r\n" HOST "Content-Length: 0\r\n\r\n", 0},

    {"bare LF in head", "GET / HTTP/1.1\r\n" HOST "X: y\n\r\n", 400},
    {"bare LF all through", "GET / HTTP/1.1\nHost: h\n\n", 400},
    {"bare CR in value", "GET / HTTP/1.1\r\n" HOST "X: a\rb\r\n\r\n", 400},
    {"obs-fold", "GET / HTTP/1.1\r\n" HOST "X: a\r\n b\r\n\r\n", 400},
    {"space before colon", "POST / HTTP/1.1\r\n" HOST "Content-Length : 3\r\n\r\n", 400},
    {"space in name", "GET / HTTP/1.1\r\n" HOST "X Y: a\r\n\r\n", 400},
    {"no colon", "GET / HTTP/1.1\r\n" HOST "X\r\n\r\n", 400},
    {"no name", "GET / HTTP/1.1\r\n" HOST ": x\r\n\r\n", 400},
    {"no Host on 1.1", "GET / HTTP/1.1\r\n\r\n", 400},
    {"two Hosts", "GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400},
    {"two Hosts on 1.0", "GET / HTTP/1.0\r\n" HOST HOST "\r\n", 400},
    {"empty Host", "GET / HTTP/1.1\r\nHost:\r\n\r\n", 400},
    {"Host with path", "GET / HTTP/1.1\r\nHost: h/x\r\n\r\n", 400},
    {"Host with a port", "GET / HTTP/1.1\r\nHost: h.example:8080\r\n\r\n", 0},
    {"Host with an empty port", "GET / HTTP/1.1\r\nHost: h:\r\n\r\n", 0},
    {"Host of IPv6", "GET / HTTP/1.1\r\nHost: [::1]\r\n\r\n", 0},
    {"Host of IPv6 with a port", "GET / HTTP/1.1\r\nHost: [2001:db8::192.0.2.1]:8080\r\n\r\n", 0},
    {"Host with two ports", "GET / HTTP/1.1\r\nHost: h:80:90\r\n\r\n", 400},
    {"Host with a port that is none", "GET / HTTP/1.1\r\nHost: h:8x\r\n\r\n", 400},
    {"Host that is a port", "GET / HTTP/1.1\r\nHost: :80\r\n\r\n", 400},
    {"Host of IPv6 that does not end", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400},
    {"Host of nothing in brackets", "GET / HTTP/1.1\r\nHost: []\r\n\r\n", 400},
    {"Host with more behind brackets", "GET / HTTP/1.1\r\nHost: [::1]x\r\n\r\n", 400},
    {"Host with brackets inside", "GET / HTTP/1.1\r\nHost: a[b]\r\n\r\n", 400},
    {"Host of IPv6 without brackets", "GET / HTTP/1.1\r\nHost: ::1\r\n\r\n", 400},
    {"Host with user", "GET / HTTP/1.1\r\nHost: a@h\r\n\r\n", 400},
    {"two lengths that differ", "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 4\r\n\r\n", 400},
    {"two equal lengths", "POST / HTTP/1.1\r\n" HOST "Content-Length: 3\r\nContent-Length: 3\r\n\r\n", 400},
    {"list of lengths", "POST / HTTP/1.1\r\n" HOST "Content-Length: 3, 3\r\n\r\n", 400},
    {"signed length", "POST / HTTP/1.1\r\n" HOST "Content-Length: +3\r\n\r\n", 400},
    {"negative length", "POST / HTTP/1.1\r\n" HOST "Content-Length: -3\r\n\r\n", 400},
    {"hex length", "POST / HTTP/1.1\r\n" HOST "Content-Length: 0x3\r\n\r\n", 400},
    {"empty length", "POST / HTTP/1.1\r\n" HOST "Content-Length:\r\n\r\n", 400},
    {"chunked", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: Chunked\r\n\r\n", 0},
    {"chunked GET", "GET / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", 400},
    {"chunked of HTTP/1.0", "POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", 400},
    {"odd transfer encoding", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: xchunked\r\n\r\n", 501},
    {"chunked within gzip", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked, gzip\r\n\r\n", 501},
    {"gzip within chunked", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
    {"chunked twice", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
     400},
    {"chunked with a parameter", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked;q=1\r\n\r\n", 400},
    {"chunked behind a control", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: \vchunked\r\n\r\n", 400},
    {"chunked in quotes", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: \"chunked\"\r\n\r\n", 400},
    {"no coding", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding:\r\n\r\n", 400},
    {"both, in the other order", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n",
     400},
    {"chunked and no bytes", "POST / HTTP/1.1\r\n" HOST "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n", 400},
    {"both", "POST / HTTP/1.1\r\n" HOST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
    {"body on GET", "GET / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\n", 400},
    {"body on HEAD", "HEAD / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\n", 400},
    {"body on DELETE", "DELETE / HTTP/1.1\r\n" HOST "Content-Length: 1\r\n\r\n", 400},
    {"absolute form", "GET http://evil.example/ HTTP/1.1\r\n" HOST "\r\n", 400},
    {"authority in target", "GET //evil.example/ HTTP/1.1\r\n" HOST "\r\n", 400},
    {"asterisk", "GET * HTTP/1.1\r\n" HOST "\r\n", 400},
    {"fragment", "GET /#x HTTP/1.1\r\n" HOST "\r\n", 400},
    {"fragment on a postback", "GET /postback?a#x HTTP/1.1\r\n" HOST "\r\n", 400},
    {"blank in a target", "GET /postback?a b HTTP/1.1\r\n" HOST "\r\n", 400},
    {"absolute form of a postback", "GET http://h/postback?a=b HTTP/1.1\r\n" HOST "\r\n", 400},
    {"absolute form that is posted", "POST http://h/c/x HTTP/1.1\r\n" HOST "\r\n", 400},
    {"absolute form without a path", "GET http://h HTTP/1.1\r\n" HOST "\r\n", 400},
    {"absolute form of another scheme", "GET ftp://h/c/x HTTP/1.1\r\n" HOST "\r\n", 400},
    {"doubled slash before a postback", "GET //postback?a=b HTTP/1.1\r\n" HOST "\r\n", 400},
    {"stray percent", "GET /postback?a=%zz HTTP/1.1\r\n" HOST "\r\n", 400},
    {"encoded NUL in a path", "GET /postback/%00?a HTTP/1.1\r\n" HOST "\r\n", 400},
    {"raw byte", "GET /postback?a=\xff HTTP/1.1\r\n" HOST "\r\n", 400},
    {"control in target", "GET /c/x?a=\x01 HTTP/1.1\r\n" HOST "\r\n", 400},
    {"tab in target", "GET /c/\tx HTTP/1.1\r\n" HOST "\r\n", 400},
    {"two spaces", "GET  / HTTP/1.1\r\n" HOST "\r\n", 400},
    {"trailing space", "GET / HTTP/1.1 \r\n" HOST "\r\n", 400},
    {"no version", "GET /\r\n" HOST "\r\n", 400},
    {"wrapping version", "GET / HTTP/4294967297.1\r\n" HOST "\r\n", 400},
    {"lower-case version", "GET / http/1.1\r\n" HOST "\r\n", 400},
    {"odd method", "G(T / HTTP/1.1\r\n" HOST "\r\n", 400},
    {"two Authorizations", "GET / HTTP/1.1\r\n" HOST "Authorization: a\r\nAuthorization: b\r\n\r\n", 400},
    {"too large a body", "POST / HTTP/1.1\r\n" HOST "Content-Length: 65537\r\n\r\n", 413},
    {"absurd length", "POST / HTTP/1.1\r\n" HOST "Content-Length: 99999999999999999999\r\n\r\n", 413},
    {"expectation", "POST / HTTP/1.1\r\n" HOST "Expect: miracles\r\n\r\n", 417},
    {"packed body", "POST / HTTP/1.1\r\n" HOST "Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\n", 415},
    {"packed twice", "POST / HTTP/1.1\r\n" HOST "Content-Encoding: identity, BR\r\n\r\n", 415},
    {"a charset in the wrong place", "POST / HTTP/1.1\r\n" HOST "Content-Encoding: utf-8\r\n\r\n", 0},
    {"unknown method", "BREW / HTTP/1.1\r\n" HOST "\r\n", 501},
    {"lower-case method", "get / HTTP/1.1\r\n" HOST "\r\n", 501},
    {"HTTP/2", "GET / HTTP/2.0\r\n" HOST "\r\n", 505},
    {"HTTP/0.9", "GET / HTTP/0.9\r\n" HOST "\r\n", 505},
    {"HTTP/1.2", "GET / HTTP/1.2\r\n" HOST "\r\n", 505},
};

static int read_head(struct span raw, struct request *rq, struct http_head *h)
{
    size_t scanned = 0, len = 0;
    char copy[LIMIT_HEAD * 2]; /* no NUL behind it that a slip could lean on */
    memcpy(copy, raw.ptr, raw.len);
    int status = http_head_find(span_of(copy, raw.len), LIMIT_HEAD, &scanned, &len);
    if (status)
        return status;
    assert_int_not_equal(len, 0);
    return http_head_read(span_of(copy, len), &(struct http_rules){fast_targets, large_targets, SPAN("X-Country")}, rq,
                          h);
}

static void each_head_is_taken_or_refused_with_its_status(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        struct request rq = {0};
        struct http_head h;
        int status = read_head(span_str(heads[i].raw), &rq, &h);
        if (status != heads[i].status)
            fail_msg("%s: %d, not %d", heads[i].name, status, heads[i].status);
    }
}

static void nul_is_refused_anywhere_in_a_head(void **state)
{
    (void)state;
    struct request rq = {0};
    struct http_head h;
    assert_int_equal(read_head(SPAN("GET / HTTP/1.1\r\nHost: h\r\nX: a\0b\r\n\r\n"), &rq, &h), 400);
    assert_int_equal(read_head(SPAN("GET /\0x HTTP/1.1\r\nHost: h\r\n\r\n"), &rq, &h), 400);
    assert_int_equal(read_head(SPAN("GET / HTTP/1.1\r\nHo\0st: h\r\n\r\n"), &rq, &h), 400);
}

static void the_members_of_a_head_are_read(void **state)
{
    (void)state;
    struct request rq = {0};
    struct http_head h;
    assert_int_equal(
        read_head(
            SPAN("GET /p/x.gif?a=b&c HTTP/1.1\r\nhOsT: h:1\r\nUser-Agent:  x y \r\nSec-Purpose: Prefetch;prerender\r\n"
                 "Connection: Upgrade, close\r\nCookie: a=b\r\n\r\n"),
            &rq, &h),
        0);
    assert_true(h.fast && !h.keep_alive && rq.prefetch && rq.method == METHOD_GET);
    assert_true(rq.user_agent.len == 3 && rq.cookie.len == 3 && rq.path.len == 8 && rq.query.len == 5 &&
                rq.target.len == 14);

    rq = (struct request){0};
    assert_int_equal(read_head(SPAN("GET /x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), &rq, &h), 0);
    assert_true(h.keep_alive && h.http10 && !h.fast && !rq.prefetch);
}

static void the_end_of_a_head_is_found_wherever_it_is_cut(void **state)
{
    (void)state;
    const char head[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\nrest";
    size_t whole = sizeof head - 1 - 4;
    for (size_t cut = 0; cut < sizeof head - 1; cut++) { /* in two pieces */
        size_t scanned = 0, len = 0;
        assert_int_equal(http_head_find(span_of(head, cut), LIMIT_HEAD, &scanned, &len), 0);
        assert_int_equal(len, cut >= whole ? whole : 0);
        assert_int_equal(http_head_find(span_of(head, sizeof head - 1), LIMIT_HEAD, &scanned, &len), 0);
        if (cut < whole)
            assert_int_equal(len, whole);
    }
}

static void a_head_past_the_limit_is_refused(void **state)
{
    (void)state;
    static char big[LIMIT_HEAD_TRACKING + 1];
    static const size_t limits[] = {LIMIT_HEAD, LIMIT_HEAD_TRACKING};
    for (size_t i = 0; i < 2; i++) {
        size_t scanned = 0, len, limit = limits[i];
        memset(big, 'a', sizeof big);
        assert_int_equal(http_head_find(span_of(big, limit + 1), limit, &scanned, &len), 414);
        memcpy(big, "GET / HTTP/1.1\r\n", 16);
        scanned = 0;
        assert_int_equal(http_head_find(span_of(big, limit + 1), limit, &scanned, &len), 431);
        scanned = 0;
        assert_int_equal(http_head_find(span_of(big, limit), limit, &scanned, &len), 0);
    }
}

static void clicks_and_pixels_may_have_larger_heads(void **state)
{
    (void)state;
    static const struct {
        const char *raw;
        size_t limit;
    } cases[] = {
        {"GET /c/x HTTP/1.1\r\nCookie: a", LIMIT_HEAD_TRACKING},
        {"HEAD /c/x?a", LIMIT_HEAD_TRACKING},
        {"GET /p/x.gif?a", LIMIT_HEAD_TRACKING},
        {"GET http://h:1/c/x?a", LIMIT_HEAD_TRACKING},
        {"GET //c/x", LIMIT_HEAD_TRACKING},
        {"POST /c/x", LIMIT_HEAD},
        {"GET /postback?a=/c/", LIMIT_HEAD},
        {"GET /t.js", LIMIT_HEAD},
        {"GET http://h/?/c/", LIMIT_HEAD},
        {"get /c/x", LIMIT_HEAD},
        {"GET", LIMIT_HEAD},
        {"", LIMIT_HEAD},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        if (http_head_limit(span_str(cases[i].raw), fast_targets) != cases[i].limit)
            fail_msg("%s", cases[i].raw);
}

/* How the target of a click may come, and what is read of it. */
static void a_click_is_taken_as_real_clients_write_it(void **state)
{
    (void)state;
    static const struct {
        const char *target, *path, *query;
    } cases[] = {
        {"/c/x?a=b", "/c/x", "a=b"},
        {"/c/x#offer", "/c/x", ""},
        {"/c/x?a=b#offer?c=d", "/c/x", "a=b"},
        {"/c/x?a=b c&d=e ", "/c/x", "a=b c&d=e "},
        {"/c/x y", "/c/x y", ""},
        {"/c/caf\xc3\xa9?\xc3\xa9=\xff", "/c/caf\xc3\xa9", "\xc3\xa9=\xff"},
        {"/c/50%?a=%", "/c/50%", "a=%"},
        {"//c/x?a=//b", "/c/x", "a=//b"},
        {"http://track.example/c/x?a=b", "/c/x", "a=b"},
        {"HTTPS://track.example:8443//c/x?a=http://b/", "/c/x", "a=http://b/"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct request rq = {0};
        struct http_head h;
        char raw[256];
        snprintf(raw, sizeof raw, "GET %s HTTP/1.1\r\n" HOST "\r\n", cases[i].target);
        if (read_head(span_str(raw), &rq, &h) != 0 || !h.fast || !span_is(rq.path, cases[i].path) ||
            !span_is(rq.query, cases[i].query))
            fail_msg("%s", cases[i].target);
    }
}

/* What becomes of bytes that are no request: pixels stay images where their line was told, links speak to people, all
 * else to programs. */
static void bytes_that_are_no_request_are_answered_by_their_path(void **state)
{
    struct live *l = *state;
    static const char gif[] = "image/gif", text[] = "text/plain; charset=utf-8", json[] = "application/problem+json";
    static const struct {
        const char *raw;
        int status;
        const char *type;
    } cases[] = {
        {"GET /p/x?aaaa", 414, gif},
        {"HEAD /p/x?aaaa", 414, gif},
        {"GET /p/x HTTP/1.1\r\nCookie: a", 431, gif},
        {"GET /p/x HTTP/1.1\r\n\r\n", 400, gif},
        {"GET /p/x HTTP/1.0\r\n x\r\n\r\n", 400, gif},
        {"GET /p/x HTTP/1.1\nHost: h", 400, json},
        {"GET /p/x y HTTP/1.1\r\n\r\n", 400, json},
        {"GET /p/x HTTP/2.0\r\n\r\n", 505, json},
        {"GET /p/x\r\n\r\n", 400, json},
        {"GET /p/", 400, json},
        {"POST /p/x HTTP/1.1\r\n\r\n", 400, gif},
        {"OPTIONS /p/x HTTP/1.1\r\n\r\n", 400, gif},
        {"PUT /p/x HTTP/1.1\r\n\r\n", 400, json},
        {"POST /c/x HTTP/1.1\r\n\r\n", 413, json},
        {"POST /postback?kid=K1 HTTP/1.1\r\n\r\n", 413, json},
        {"BREW /postback HTTP/1.1\r\n\r\n", 501, json},
        {"GET /postback HTTP/1.1\r\n\r\n", 400, json},
        {"GET /c/x?aaaa", 414, text},
        {"", 400, json},
    };
    struct counters counters = {0};
    struct worker w;
    worker_open(&w, &l->sh, 0);
    w.counters = &counters;
    struct catalog *catalog = catalog_hold(l->sh.instance.catalog);
    struct arena *arena = arena_new();
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct request rq = {.id = i + 1, .worker = &w, .arena = arena, .catalog = catalog};
        struct reply reply = {0};
        bool blank, cut, sound = http_head_peek(span_str(cases[i].raw), &rq, &blank, &cut);
        const struct http_fault fault = {cases[i].status, sound || cases[i].status == 414 || cases[i].status == 431,
                                         blank, .cut = cut};
        dispatch_fault(&w, &rq, &fault, &reply);
        if (!span_is(reply.content_type, cases[i].type) ||
            reply_status(&reply) != (cases[i].type == gif ? 200 : cases[i].status))
            fail_msg("%s: %d %.*s", cases[i].raw, reply.status, (int)reply.content_type.len, reply.content_type.ptr);
        assert_int_equal(rq.refused, cases[i].type == gif && rq.method != METHOD_HEAD);
        const size_t last = reply.n_headers - 1;
        assert_string_equal(reply.header[last].name, "Request-Id");
        assert_int_equal(reply.header[last].value.len, REQUEST_ID_LEN);
    }
    uint64_t counted = 0;
    for (size_t r = 0; r < sizeof counters.requests / sizeof counters.requests[0]; r++)
        for (size_t i = 0; i < HTTP_STATUSES; i++)
            counted += counters.requests[r][i];
    assert_int_equal(counted, sizeof cases / sizeof cases[0]);
    catalog_unref(catalog);
    arena_free(arena);
    worker_close(&w);
}

/* A postback whose sender encodes nothing learns what is wrong, and where. */
static void what_is_not_percent_encoded_is_named(void **state)
{
    static const struct {
        const char *line, *field, *says;
    } cases[] = {
        {"GET /postback?kid=K1&email=%zz HTTP/1.1\r\n", "email", "a % without two hexadecimal digits"},
        {"GET /postback?kid=K1&email=50% HTTP/1.1\r\n", "email", "a % without"},
        {"GET /postback?email=%z&txid=a b HTTP/1.1\r\n", "email", "a % without"},
        {"GET /postback?txid=a&name=L\xc3\xa9"
         "a&x=y HTTP/1.1\r\n",
         "name", "a byte outside of ASCII"},
        {"GET /postback?name=Ana Maria&x=y HTTP/1.0\r\n", "name", "a blank"},
        {"GET /postback?name=Ana  HTTP/1.1\r\n", "name", "a blank"},
        {"GET /postback?a=b#c HTTP/1.1\r\n", "a", "a #"},
        {"POST /postback?\xc3=b HTTP/1.1\r\n", "", "a byte outside of ASCII"},
        {"GET /v1/lea ds?a=b HTTP/1.1\r\n", "", "a blank"},
        {"GET /v1/leads?limit=1 0 HTTP/1.1\r\n", "limit", "a blank"},
        {"GET /postback?name=Ana HTTP/1.1 x\r\n", "", "well-formed"},
        {"GET /postback?name=Ana HTTP/1\r\n", "", "well-formed"},
        {"GET /postback?name=Ana HTTP/1.1\r\n:\r\n", "", "well-formed"},
    };
    struct live *l = *state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        static struct answer a;
        char raw[512], field[128];
        snprintf(raw, sizeof raw, "%sHost: h\r\n\r\n", cases[i].line);
        live_ask(l, &a, raw);
        snprintf(field, sizeof field, "\"field\":\"%s\"", cases[i].field);
        bool named = strstr(a.body, "\"field\":") != NULL;
        if (a.status != 400 || strstr(a.body, cases[i].says) == NULL || named != (cases[i].field[0] != '\0') ||
            (named && strstr(a.body, field) == NULL))
            fail_msg("%s: %d %s", cases[i].line, a.status, a.body);
    }
}

/* ---- the guard on a socket ---- */

static int set_up_by(void **state, void (*terms)(struct live *l))
{
    struct live *l = calloc(1, sizeof *l);
    l->options.request_timeout_s.number = 3;
    l->options.max_connections.number = 20;
    if (terms != NULL)
        terms(l);
    live_start(l, "");
    *state = l;
    return 0;
}

static int set_up(void **state)
{
    return set_up_by(state, NULL);
}

static int set_up_tls(void **state)
{
    return set_up_by(state, live_tls);
}

static int tear_down(void **state)
{
    struct live *l = *state;
    live_stop(l);
    free(l);
    return 0;
}

static void assert_closed(int fd)
{
    char byte;
    struct pollfd p = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&p, 1, 10000), 1);
    assert_true(recv(fd, &byte, 1, 0) <= 0);
}

static void a_refusal_closes_the_connection(void **state)
{
    struct live *l = *state;
    struct answer a;
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        if (heads[i].status == 0)
            continue;
        char raw[512];
        snprintf(raw, sizeof raw, "%sGET /healthz HTTP/1.1\r\n" HOST "\r\n",
                 heads[i].raw); /* what follows must not be answered */
        int fd = live_connect(l);
        live_say(fd, raw);
        live_read(fd, &a, false);
        if (a.status != heads[i].status)
            fail_msg("%s: %d, not %d", heads[i].name, a.status, heads[i].status);
        assert_closed(fd);
        close(fd);
    }
}

static void assert_header(const struct answer *a, const char *name, const char *wanted)
{
    char value[64];
    assert_true(live_header(a, name, value, sizeof value));
    assert_string_equal(value, wanted);
}

/* Whatever the head is like: an <img> never breaks. */
static void a_refused_pixel_is_a_gif(void **state)
{
    enum { COOKIE = 66000 };
    static char raw[COOKIE + 256];
    static const char *const heads_of_pixels[] = {
        "GET /p/x.gif?%s HTTP/1.1\r\n" HOST "\r\n",
        "GET /p/x.gif HTTP/1.1\r\n" HOST "Cookie: %s\r\n\r\n",
        "HEAD /p/x.gif HTTP/1.1\r\n" HOST "Cookie: %s\r\n\r\n",
        "GET /p/x.gif HTTP/1.1\r\n" HOST HOST "X: %.1s\r\n\r\n",
        "GET /p/\x01 HTTP/1.1\r\n" HOST "X: %.1s\r\n\r\n",
    };
    static char filler[COOKIE + 1];
    struct answer a;
    memset(filler, 'a', COOKIE);
    for (size_t i = 0; i < sizeof heads_of_pixels / sizeof *heads_of_pixels; i++) {
        bool head = heads_of_pixels[i][0] == 'H';
        int fd = live_connect(*state);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(raw, sizeof raw, heads_of_pixels[i], filler);
#pragma GCC diagnostic pop
        live_say(fd, raw);
        live_read(fd, &a, head);
        assert_int_equal(a.status, 200);
        assert_header(&a, "Content-Type", "image/gif");
        assert_header(&a, "Content-Length", "43");
        assert_header(&a, "Cache-Control", "no-store");
        assert_header(&a, "Connection", "close");
        assert_closed(fd);
        close(fd);
    }
}

static void refusals_are_problems_but_for_clicks(void **state)
{
    static const struct {
        const char *raw, *type, *word;
    } cases[] = {
        {"GET /v1/parties HTTP/1.1\r\n\r\n", "application/problem+json", "urn:countersign:problem:malformed"},
        {"POST /postback HTTP/1.1\r\n" HOST "Content-Length: 70000\r\n\r\n", "application/problem+json",
         "urn:countersign:problem:too_large"},
        {"GET /log/keys HTTP/1.1\r\n" HOST "Expect: x\r\n\r\n", "application/problem+json", "about:blank"},
        {"BREW /v1/parties HTTP/1.1\r\n" HOST "\r\n", "application/problem+json",
         "urn:countersign:problem:not_implemented"},
        {"GET /c/x HTTP/1.1\r\n\r\n", "text/plain; charset=utf-8", "Bad Request"},
    };
    struct answer a;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int fd = live_connect(*state);
        live_say(fd, cases[i].raw);
        live_read(fd, &a, false);
        assert_header(&a, "Content-Type", cases[i].type);
        assert_non_null(strstr(a.body, cases[i].word));
        if (cases[i].type[0] == 'a') {
            char status[32];
            snprintf(status, sizeof status, "\"status\":%d,\"title\":\"", a.status);
            assert_non_null(strstr(a.body, status));
            assert_non_null(strstr(a.body, "{\"detail\":\""));
        }
        assert_closed(fd);
        close(fd);
    }
}

static void send_slowly(int fd, const char *raw)
{
    for (const char *p = raw; *p; p++)
        live_send(fd, p, 1);
}

static void requests_that_arrive_byte_by_byte_are_answered(void **state)
{
    struct live *l = *state;
    struct answer a;
    int fd = live_connect(l);
    send_slowly(fd, "GET /healthz HTTP/1.1\r\n" HOST "\r\n");
    live_read(fd, &a, false);
    assert_int_equal(a.status, 200);
    send_slowly(fd, "POST /postback HTTP/1.1\r\n" HOST "Content-Length: 3\r\n\r\nabcGET /p/x HTTP/1.1\r\n" HOST "\r\n");
    live_read(fd, &a, false);
    assert_int_equal(a.status, 400);
    live_read(fd, &a, false);
    assert_string_equal(strstr(a.text, "image/gif") != NULL ? "gif" : a.text, "gif");
    close(fd);
}

/* Tracking and all else, sent in one piece, answered in order. */
static void pipelined_requests_are_answered_in_order(void **state)
{
    struct live *l = *state;
    struct answer a;
    char raw[4096];
    int fd = live_connect(l);
    snprintf(raw, sizeof raw,
             "GET /c/%s HTTP/1.1\r\n" HOST "\r\nGET /healthz HTTP/1.1\r\n" HOST "\r\nGET /p/%s.gif HTTP/1.1\r\n" HOST
             "\r\nHEAD /healthz HTTP/1.1\r\n" HOST "\r\nPOST /postback HTTP/1.1\r\n" HOST
             "Content-Length: 20\r\n\r\nGET / HTTP/1.1\r\n\r\n  GET /c/none HTTP/1.1\r\n" HOST
             "\r\nGET /t.js HTTP/1.1\r\n" HOST "Connection: close\r\n\r\nGET /healthz HTTP/1.1\r\n" HOST "\r\n",
             l->code[0], l->code[0]);
    live_say(fd, raw);
    static const int wanted[] = {302, 200, 200, 200, 400, 404, 200};
    for (size_t i = 0; i < sizeof wanted / sizeof wanted[0]; i++) {
        live_read(fd, &a, i == 3);
        assert_int_equal(a.status, wanted[i]);
    }
    assert_closed(fd); /* nothing after Connection: close */
    close(fd);
}

/* The statuses of all answers until that many came. */
static void read_statuses(int fd, int *status, size_t n)
{
    char text[8192];
    size_t len = 0, found = 0;
    while (found < n) {
        ssize_t got = recv(fd, text + len, sizeof text - 1 - len, 0);
        assert_true(got > 0);
        len += (size_t)got;
        text[len] = '\0';
        found = 0;
        for (const char *p = text; found < n && (p = strstr(p, "HTTP/1.1 ")) != NULL; p += 9)
            status[found++] = (int)strtol(p + 9, NULL, 10);
    }
}

/* RFC 9112 section 2.2: whole blank lines alone, in front of a request line alone; cut in two. */
static void blank_lines_in_front_of_a_request_are_skipped(void **state)
{
    struct live *l = *state;
#define GET_1 "GET /healthz HTTP/1.1\r\n" HOST "\r\n"
    static const struct {
        const char *raw;
        size_t n;
        int status[2];
    } rows[] = {
        {"\r\n" GET_1, 1, {200}},
        {"\r\n\r\n\r\n" GET_1 "\r\n\r\n" GET_1, 2, {200, 200}},
        {"POST /postback HTTP/1.1\r\n" HOST "Content-Length: 2\r\n\r\n\r\n\r\n" GET_1, 2, {400, 200}},
        {"\n" GET_1, 1, {400}},
        {"\r" GET_1, 1, {400}},
        {"\r\n\n" GET_1, 1, {400}},
        {"\r\r\n" GET_1, 1, {400}},
        {"\r\n \r\n" GET_1, 1, {400}},
        {"\r\n" GET_1 "\n" GET_1, 2, {200, 400}},
    };
    int got[2];
    if (l->connect != NULL) /* the guard is the same behind TLS, which takes longer */
        return;
    int other = live_connect(l);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        for (size_t cut = 0, len = strlen(rows[i].raw); cut < len; cut += cut < 8 ? 1 : 5) {
            int fd = live_connect(l), now = 1;
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &now, sizeof now);
            live_send(fd, rows[i].raw, cut);
            if (cut > 0) { /* whose answer says that this was read */
                live_say(other, GET_1);
                read_statuses(other, got, 1);
            }
            (void)!send(fd, rows[i].raw + cut, len - cut, MSG_NOSIGNAL); /* or it was refused already */
            read_statuses(fd, got, rows[i].n);
            for (size_t n = 0; n < rows[i].n; n++)
                if (got[n] != rows[i].status[n])
                    fail_msg("row %zu cut at %zu: %d in place of %d", i, cut, got[n], rows[i].status[n]);
            close(fd);
        }
    close(other);
#undef GET_1
}

static void a_deep_pipeline_is_answered_whole(void **state)
{
    struct live *l = *state;
    enum { DEPTH = 300 };
    struct answer a;
    char one[128];
    int fd = live_connect(l), len = snprintf(one, sizeof one, "GET /c/%s HTTP/1.1\r\n" HOST "\r\n", l->code[0]);
    for (int i = 0; i < DEPTH; i++)
        live_send(fd, one, (size_t)len);
    for (int i = 0; i < DEPTH; i++) {
        live_read(fd, &a, false);
        assert_int_equal(a.status, 302);
    }
    close(fd);
}

static size_t length_of_first(const char *replies, size_t n, const char *status)
{
    const char *second = memmem(replies + 1, n - 1, status, strlen(status));
    assert_non_null(second);
    return (size_t)(second - replies);
}

/* A peer that writes far ahead and reads late gets every reply, whole: what does not fit into the socket waits, and so
 * does reading on. */
static void a_slow_reader_gets_every_reply_whole(void **state)
{
    enum { STEP = 100, TWO_AT_LEAST = 4096 };
    struct live *l = *state;
    const size_t many = l->connect != NULL ? 30000 : 150000; /* each has a record of its own by TLS */
    static const char one[] = "GET /c/x HTTP/1.1\r\nHost: h\r\n\r\n", status[] = "HTTP/1.1 404 Not Found\r\n";
    static char requests[STEP * sizeof one], replies[65536];
    struct buf b;
    buf_fixed(&b, requests, sizeof requests);
    for (int i = 0; i < STEP; i++)
        buf_str(&b, one);
    size_t total = (sizeof one - 1) * many, sent = 0, read = 0, reply_len = 0;
    bool late = true;
    int fd = live_connect(l), little = 65536;
    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &little, sizeof little);
    while (late || sent < total || read < reply_len * many) {
        struct pollfd p = {.fd = fd, .events = (short)((sent < total ? POLLOUT : 0) | (late ? 0 : POLLIN))};
        if (poll(&p, 1, late ? 300 : 10000) == 0) {
            if (!late)
                fail_msg("stuck: %d of %d sent, %d read", (int)sent, (int)total, (int)read);
            late = false;
        }
        if (p.revents & POLLOUT) {
            size_t from = sent % b.len, n = b.len - from < total - sent ? b.len - from : total - sent;
            ssize_t done = send(fd, requests + from, n, MSG_NOSIGNAL | MSG_DONTWAIT);
            sent += done > 0 ? (size_t)done : 0;
        }
        if (p.revents & (POLLIN | POLLHUP)) {
            ssize_t n = reply_len ? recv(fd, replies, sizeof replies, 0) : recv(fd, replies, TWO_AT_LEAST, MSG_WAITALL);
            assert_true(n > 0);
            if (!reply_len)
                reply_len = length_of_first(replies, (size_t)n, status);
            for (size_t at = (reply_len - read % reply_len) % reply_len; at + sizeof status - 1 <= (size_t)n;
                 at += reply_len)
                assert_memory_equal(replies + at, status, sizeof status - 1);
            read += (size_t)n;
        }
    }
    assert_int_equal(read, reply_len * many);
    close(fd);
}

/* Of tracking and all else: what followed the head would be read as the next reply. */
static void an_answer_to_head_has_no_body(void **state)
{
    struct live *l = *state;
    struct answer a;
    char length[16];
    int fd = live_connect(l);
    live_say(fd, "HEAD /t.js HTTP/1.1\r\n" HOST "\r\nHEAD /p/x HTTP/1.1\r\n" HOST "\r\nGET /healthz HTTP/1.1\r\n" HOST
                 "\r\n");
    live_read(fd, &a, true);
    assert_true(live_header(&a, "Content-Length", length, sizeof length));
    assert_string_not_equal(length, "0");
    live_read(fd, &a, true);
    assert_true(live_header(&a, "Content-Length", length, sizeof length));
    assert_string_equal(length, "43");
    live_read(fd, &a, false);
    assert_string_equal(a.body, "ok\n");
    close(fd);
}

static void who_expects_continue_is_told_to_go_on(void **state)
{
    struct live *l = *state;
    struct answer a;
    int fd = live_connect(l);
    const char *head = "POST /postback HTTP/1.1\r\n" HOST "Content-Length: 1\r\nExpect: 100-continue\r\n\r\n";
    live_say(fd, head);
    live_read(fd, &a, false);
    assert_int_equal(a.status, 100);
    live_say(fd, "x");
    live_read(fd, &a, false);
    assert_int_equal(a.status, 400);
    close(fd);
}

static void http_1_0_closes_unless_told_to_keep_alive(void **state)
{
    struct live *l = *state;
    struct answer a;
    char value[64];
    int fd = live_connect(l);
    live_say(fd, "GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    live_read(fd, &a, false);
    assert_true(live_header(&a, "Connection", value, sizeof value));
    assert_string_equal(value, "keep-alive");
    live_say(fd, "GET /p/x HTTP/1.0\r\n\r\n");
    live_read(fd, &a, false);
    assert_int_equal(a.status, 200);
    assert_closed(fd);
    close(fd);
}

/* One byte now and then does not keep a connection. */
static void a_byte_now_and_then_does_not_keep_a_connection(void **state)
{
    struct live *l = *state;
    int slow = live_connect(l), body = live_connect(l), idle = live_connect(l);
    live_say(slow, "GET / HT");
    live_say(body, "POST /postback HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nx");
    int64_t until_us = clock_monotonic_us() + 9000000;
    bool alive = true;
    while (alive && clock_monotonic_us() < until_us) {
        struct pollfd p = {.fd = slow, .events = POLLIN};
        alive = poll(&p, 1, 200) == 0 && send(slow, "T", 1, MSG_NOSIGNAL) == 1;
    }
    assert_false(alive);
    assert_closed(body);
    assert_closed(idle);
    close(slow);
    close(body);
    close(idle);
}

/* Past the limit those go that were idle longest, and no others. */
static void connections_past_the_limit_take_the_place_of_idle_ones(void **state)
{
    struct live *l = *state;
    struct answer a;
    int fd[25];
    for (size_t i = 0; i < 25; i++)
        fd[i] = live_connect(l);
    live_say(fd[24], "GET /healthz HTTP/1.1\r\nHost: h\r\n\r\n");
    live_read(fd[24], &a, false);
    assert_int_equal(a.status, 200);
    for (size_t i = 0; i < 25; i++) {
        if (i < 5)
            assert_closed(fd[i]);
        struct pollfd p = {.fd = fd[i], .events = POLLIN};
        assert_int_equal(poll(&p, 1, 0), i < 5);
        close(fd[i]);
    }
}

static void leave_before_the_answer(struct live *l, const char *raw)
{
    const struct linger now = {.l_onoff = 1};
    int fd = live_connect(l);
    live_say(fd, raw);
    setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(fd);
}

/* The peer is gone before its commit: recorded all the same, nothing else is hurt. A reset may overtake a request, and
 * each of many where the server is not scheduled in between. */
static void a_peer_that_left_before_its_commit_hurts_nothing(void **state)
{
    struct live *l = *state;
    struct answer a;
    char raw[128];
    uint64_t before = live_recorded(l);
    snprintf(raw, sizeof raw, "GET /c/%s HTTP/1.1\r\n" HOST "\r\n", l->code[0]);
    int64_t until_us = clock_monotonic_us() + 10000000;
    do {
        for (int i = 0; i < 10; i++)
            leave_before_the_answer(l, raw);
        poll(NULL, 0, 20);
    } while (live_recorded(l) == before && clock_monotonic_us() < until_us);
    assert_true(live_recorded(l) > before);
    live_get(l, &a, "GET", "/healthz", "");
    assert_int_equal(a.status, 200);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_head_is_taken_or_refused_with_its_status),
        cmocka_unit_test(nul_is_refused_anywhere_in_a_head),
        cmocka_unit_test(the_members_of_a_head_are_read),
        cmocka_unit_test(the_end_of_a_head_is_found_wherever_it_is_cut),
        cmocka_unit_test(a_head_past_the_limit_is_refused),
        cmocka_unit_test(clicks_and_pixels_may_have_larger_heads),
        cmocka_unit_test(a_click_is_taken_as_real_clients_write_it),
        cmocka_unit_test(bytes_that_are_no_request_are_answered_by_their_path),
        /* from here on it is asked on a socket */
        cmocka_unit_test(what_is_not_percent_encoded_is_named),
        cmocka_unit_test(a_refusal_closes_the_connection),
        cmocka_unit_test(a_refused_pixel_is_a_gif),
        cmocka_unit_test(refusals_are_problems_but_for_clicks),
        cmocka_unit_test(requests_that_arrive_byte_by_byte_are_answered),
        cmocka_unit_test(pipelined_requests_are_answered_in_order),
        cmocka_unit_test(a_deep_pipeline_is_answered_whole),
        cmocka_unit_test(blank_lines_in_front_of_a_request_are_skipped),
        cmocka_unit_test(a_slow_reader_gets_every_reply_whole),
        cmocka_unit_test(an_answer_to_head_has_no_body),
        cmocka_unit_test(who_expects_continue_is_told_to_go_on),
        cmocka_unit_test(http_1_0_closes_unless_told_to_keep_alive),
        cmocka_unit_test(a_byte_now_and_then_does_not_keep_a_connection),
        cmocka_unit_test(connections_past_the_limit_take_the_place_of_idle_ones),
        cmocka_unit_test(a_peer_that_left_before_its_commit_hurts_nothing),
    };
    enum { OFF_SOCKETS = 8, ALL = sizeof tests / sizeof *tests };
    int failed = _cmocka_run_group_tests("plain", tests, ALL, set_up, tear_down);
    return failed + _cmocka_run_group_tests("by TLS", tests + OFF_SOCKETS, ALL - OFF_SOCKETS, set_up_tls, tear_down);
}
