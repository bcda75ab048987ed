#include "server/http/http_head.h"

#include <strings.h>

#include "common/base/ascii.h"
#include "common/base/bytes.h"
#include "common/base/text.h"

/* RFC 9110 tchar, one bit a character. */
static bool is_tchar(unsigned char c)
{
    static const uint32_t set[8] = {0, 0x03ff6cfa, 0xc7fffffe, 0x57ffffff};
    return set[c >> 5] >> (c & 31) & 1;
}

int http_head_find(struct span bytes, size_t limit, size_t *scanned, size_t *len)
{
    size_t at = *scanned;
    *len = 0;
    if (at == 0 && bytes.len > 0 && !is_tchar((unsigned char)bytes.ptr[0]) && bytes.ptr[0] != '\r')
        return 400; /* TLS where it is not spoken, for one: nothing that comes makes a request of it */
    while (at < bytes.len) {
        const char *lf = memchr(bytes.ptr + at, '\n', bytes.len - at);
        if (lf == NULL)
            break;
        size_t line_end = (size_t)(lf - bytes.ptr);
        if (line_end == 0 || lf[-1] != '\r' || line_end == 1)
            return 400; /* bare LF, or an empty request line */
        at = line_end + 1;
        if (lf[-2] == '\n') {
            *len = at;
            break;
        }
    }
    *scanned = at;
    if ((*len ? *len : bytes.len) <= limit)
        return 0;
    return at > 0 ? 431 : 414;
}

static bool starts_with_any(struct span t, const char *const *prefixes)
{
    for (; *prefixes != NULL; prefixes++)
        if (span_starts(t, *prefixes))
            return true;
    return false;
}

/* What counts of a target with one of the prefixes, up to whatever ends it; empty when it has none. */
static struct span fast_target(enum method method, struct span t, const char *const *prefixes)
{
    const struct span none = {"", 0};
    if (!(method & (METHOD_GET | METHOD_HEAD)))
        return none;
    size_t scheme = ascii_starts(t, "http://") ? 7 : ascii_starts(t, "https://") ? 8 : 0;
    const char *path = t.len > scheme ? memchr(t.ptr + scheme, '/', t.len - scheme) : NULL;
    if (scheme > 0)
        t = path != NULL ? span_skip(t, (size_t)(path - t.ptr)) : none;
    while (span_starts(t, "//"))
        t = span_skip(t, 1);
    return starts_with_any(t, prefixes) ? t : none;
}

size_t http_head_limit(struct span bytes, const char *const *fast)
{
    struct span rest = bytes, name;
    enum method method;
    bool told = text_cut(&rest, ' ', &name) && method_read(name, &method) == ERR_OK;
    return told && !span_empty(fast_target(method, rest, fast)) ? LIMIT_HEAD_TRACKING : LIMIT_HEAD;
}

/* Origin form only; of any other target no more than that is read. A NUL in a query is for whoever reads it. */
static bool target_ok(struct span t)
{
    bool query = false;
    if (t.len == 0 || t.ptr[0] != '/' || (t.len > 1 && t.ptr[1] == '/'))
        return false;
    for (size_t i = 0; i < t.len; i++) {
        unsigned char c = (unsigned char)t.ptr[i];
        if (c <= ' ' || c >= 0x7f || c == '#')
            return false;
        query = query || c == '?';
        if (c == '%' && (t.len - i < 3 || ascii_nibble(t.ptr[i + 1]) < 0 || ascii_nibble(t.ptr[i + 2]) < 0 ||
                         (!query && t.ptr[i + 1] == '0' && t.ptr[i + 2] == '0')))
            return false;
    }
    return true;
}

static int read_target(struct span t, bool fast, struct request *rq)
{
    if (!fast && t.len > LIMIT_TARGET)
        return 414;
    if (fast ? ascii_has_control(t) : !target_ok(t))
        return 400;
    if (fast)
        t = text_take(&t, '#');
    struct span rest = t;
    rq->target = t;
    rq->path = text_take(&rest, '?');
    rq->query = rest.ptr != NULL ? rest : span_of(t.ptr + t.len, 0);
    return 0;
}

static int read_request_line(struct span line, const char *const *fast, struct request *rq, struct http_head *h,
                             int *minor)
{
    struct span rest = line, name;
    if (!text_cut(&rest, ' ', &name) || name.len == 0)
        return 400;
    rq->method = 0;
    enum err known_method = method_read(name, &rq->method);
    struct span target = fast_target(rq->method, rest, fast);
    h->fast = !span_empty(target);
    if (!h->fast)
        target = rest;
    const char *sp = h->fast ? memrchr(target.ptr, ' ', target.len) : memchr(target.ptr, ' ', target.len);
    if (sp == NULL)
        return 400;
    struct span version = span_skip(target, (size_t)(sp - target.ptr) + 1);
    target.len = (size_t)(sp - target.ptr);

    for (size_t i = 0; i < name.len; i++)
        if (!is_tchar((unsigned char)name.ptr[i]))
            return 400;
    if (version.len != 8 || !span_starts(version, "HTTP/") || version.ptr[6] != '.')
        return 400;
    if (version.ptr[5] != '1' || (version.ptr[7] != '0' && version.ptr[7] != '1'))
        return ascii_is_digit(version.ptr[5]) && ascii_is_digit(version.ptr[7]) ? 505 : 400;
    *minor = version.ptr[7] - '0';

    int status = read_target(target, h->fast, rq);
    return status ? status : known_method == ERR_OK ? 0 : 501;
}

/* Headers that we read, in a row: where the value goes, and whether a second one is refused (a value that two readers
 * could pick differently). */
struct known {
    const char *name; /* lower case */
    size_t len;
    ptrdiff_t at; /* in struct request, -1 for those handled by their own code */
    bool once;
};

enum {
    HOST,
    CONTENT_LENGTH,
    TRANSFER_ENCODING,
    CONNECTION,
    EXPECT,
    CONTENT_ENCODING,
    SEC_GPC,
    PURPOSE_FIRST,
    PURPOSE_LAST = PURPOSE_FIRST + 3,
    SPANS_FIRST
};

#define NAME(s) s, sizeof(s) - 1
/* clang-format off */
static const struct known known[] = {
    [HOST] = {NAME("host"), -1, true},
    [CONTENT_LENGTH] = {NAME("content-length"), -1, true},
    [TRANSFER_ENCODING] = {NAME("transfer-encoding"), -1, true},
    [CONNECTION] = {NAME("connection"), -1, false},
    [EXPECT] = {NAME("expect"), -1, true},
    [CONTENT_ENCODING] = {NAME("content-encoding"), -1, true},
    [SEC_GPC] = {NAME("sec-gpc"), -1, false},
    [PURPOSE_FIRST] = {NAME("purpose"), -1, false},
    {NAME("sec-purpose"), -1, false},
    {NAME("x-purpose"), -1, false},
    [PURPOSE_LAST] = {NAME("x-moz"), -1, false},
    {NAME("x-forwarded-for"), offsetof(struct request, forwarded_for), false},
    {NAME("forwarded"), offsetof(struct request, forwarded), false},
    {NAME("user-agent"), offsetof(struct request, user_agent), false},
    {NAME("cookie"), offsetof(struct request, cookie), false},
    {NAME("accept"), offsetof(struct request, accept), false},
    {NAME("accept-language"), offsetof(struct request, accept_language), false},
    {NAME("content-type"), offsetof(struct request, content_type), true},
    {NAME("sec-fetch-dest"), offsetof(struct request, fetch_dest), false},
    {NAME("sec-fetch-site"), offsetof(struct request, fetch_site), false},
    {NAME("origin"), offsetof(struct request, origin), false},
    {NAME("if-none-match"), offsetof(struct request, if_none_match), false},
    {NAME("last-event-id"), offsetof(struct request, last_event_id), true},
    {NAME("authorization"), offsetof(struct request, authorization), true},
    {NAME("idempotency-key"), offsetof(struct request, idempotency_key), true},
    {NAME("webhook-id"), offsetof(struct request, webhook_id), true},
    {NAME("webhook-timestamp"), offsetof(struct request, webhook_timestamp), true},
    {NAME("webhook-signature"), offsetof(struct request, webhook_signature), true},
    {NAME("svix-id"), offsetof(struct request, svix_id), true},
    {NAME("svix-timestamp"), offsetof(struct request, svix_timestamp), true},
    {NAME("svix-signature"), offsetof(struct request, svix_signature), true},
};
/* clang-format on */
enum { KNOWN = sizeof known / sizeof known[0] };
_Static_assert(KNOWN <= 32, "seen is a 32-bit set");

static bool token_in_list(struct span list, const char *token)
{
    while (list.len) {
        struct span one = text_take(&list, ',');
        if (ascii_is(text_trim(one, HTTP_BLANKS), token))
            return true;
    }
    return false;
}

static bool mentions(struct span s, const char *lower)
{
    for (size_t i = 0; i < s.len; i++)
        if (ascii_starts(span_skip(s, i), lower))
            return true;
    return false;
}

/* A name or address, in brackets of IPv6, and perhaps a port (RFC 9112, 3.2). */
static bool host_ok(struct span v)
{
    struct span name, port = v;
    bool bracket = span_starts(v, "[");
    if (bracket && !text_cut(&port, ']', &name))
        return false;
    if (!bracket)
        name = text_take(&port, ':');
    else if (!span_empty(port) && !span_starts(port, ":"))
        return false;
    else
        port = span_skip(port, port.len > 0 ? 1 : 0);
    return name.len > (bracket ? 1 : 0) && (span_empty(port) || ascii_all_digits(port)) &&
           ascii_all_alnum_or(bracket ? span_skip(name, 1) : name, bracket ? ":." : "-._~");
}

/* What would have to be unpacked; some say their charset here, which is none. */
static bool is_packed(struct span v)
{
    static const char *const codings[] = {"gzip", "x-gzip", "deflate", "br", "zstd", "compress", "x-compress"};
    for (size_t i = 0; i < sizeof codings / sizeof *codings; i++)
        if (token_in_list(v, codings[i]))
            return true;
    return false;
}

/* Names of transfer codings, in a list. */
static bool is_codings(struct span v)
{
    for (size_t i = 0; i < v.len; i++)
        if (!is_tchar((unsigned char)v.ptr[i]) && v.ptr[i] != ',' && v.ptr[i] != ' ' && v.ptr[i] != '\t')
            return false;
    return v.len > 0;
}

static bool is_like(struct span path, const char *pattern)
{
    const char *hole = strstr(pattern, "{}");
    size_t front = hole != NULL ? (size_t)(hole - pattern) : 0, back = hole != NULL ? strlen(hole + 2) : 0;
    if (hole == NULL)
        return span_is(path, pattern);
    return path.len > front + back && memcmp(path.ptr, pattern, front) == 0 &&
           memcmp(path.ptr + path.len - back, hole + 2, back) == 0 &&
           memchr(path.ptr + front, '/', path.len - front - back) == NULL;
}

size_t http_body_limit(struct span path, const struct http_large *large)
{
    while (large->path != NULL && !is_like(path, large->path))
        large++;
    return large->path != NULL ? large->most : LIMIT_BODY;
}

static int take(int row, struct span v, struct request *rq, struct http_head *h, int minor)
{
    switch (row) {
    case HOST:
        return host_ok(v) ? 0 : 400;
    case CONTENT_LENGTH:
        if (v.len > 18 || v.len == 0 || !ascii_all_digits(v))
            return v.len > 18 ? 413 : 400;
        h->content_length = 0;
        for (size_t i = 0; i < v.len; i++) {
            if (v.ptr[i] < '0' || v.ptr[i] > '9')
                return 400;
            h->content_length = h->content_length * 10 + (uint64_t)(v.ptr[i] - '0');
        }
        return h->content_length > h->body_limit ? 413 : 0;
    case TRANSFER_ENCODING:
        h->chunked = ascii_is(v, "chunked");
        return h->chunked && minor == 1 ? 0 : h->chunked || !is_codings(v) ? 400 : 501;
    case CONNECTION:
        if (token_in_list(v, "close"))
            h->keep_alive = false;
        else if (minor == 0 && token_in_list(v, "keep-alive"))
            h->keep_alive = true;
        return 0;
    case EXPECT:
        h->expect_continue = ascii_is(v, "100-continue");
        return h->expect_continue ? 0 : 417;
    case CONTENT_ENCODING:
        return is_packed(v) ? 415 : 0;
    case SEC_GPC:
        rq->privacy = rq->privacy || span_starts(v, "1");
        return 0;
    default:
        break;
    }
    if (row <= PURPOSE_LAST) {
        rq->prefetch = rq->prefetch || mentions(v, "prefetch") || mentions(v, "prerender") || mentions(v, "preview");
        return 0;
    }
    struct span *into = (struct span *)((char *)rq + known[row].at);
    if (into->ptr == NULL)
        *into = v;
    else if (into == &rq->forwarded_for || into == &rq->forwarded)
        h->forwarded_again = true;
    return 0;
}

static int read_header(struct span line, struct span country, struct request *rq, struct http_head *h, int minor,
                       uint32_t *seen)
{
    size_t n = 0;
    while (n < line.len && is_tchar((unsigned char)line.ptr[n]))
        n++;
    if (n == 0 || n == line.len || line.ptr[n] != ':')
        return 400; /* obs-fold, a space in or after the name, no colon */
    struct span name = span_of(line.ptr, n), value = text_trim(span_skip(line, n + 1), HTTP_BLANKS);
    bool plain = ascii_printable(value);
    for (size_t i = 0; i < value.len && !plain; i++)
        if (ascii_is_control(value.ptr[i]) && value.ptr[i] != '\t')
            return 400;
    for (int row = 0; row < KNOWN; row++) {
        if (name.len != known[row].len || (name.ptr[0] | 0x20) != known[row].name[0] ||
            strncasecmp(name.ptr, known[row].name, name.len) != 0)
            continue;
        if (known[row].once && *seen & 1u << row)
            return 400;
        *seen |= 1u << row;
        return take(row, value, rq, h, minor);
    }
    if (!span_empty(country) && ascii_eq(name, country))
        rq->country = value; /* of several the nearest proxy wrote the last */
    return 0;
}

int http_head_read(struct span head, const struct http_rules *rules, struct request *rq, struct http_head *h)
{
    int minor = 1, status = 0;
    uint32_t seen = 0;
    *h = (struct http_head){0};
    const char *at = head.ptr, *end = head.ptr + head.len - 2; /* the blank line */
    for (bool first = true; at < end && status == 0; first = false) {
        const char *lf = memchr(at, '\n', (size_t)(end - at));
        struct span line = span_of(at, (size_t)(lf - at) - 1);
        if (first) {
            status = read_request_line(line, rules->fast, rq, h, &minor);
            h->body_limit = http_body_limit(rq->path, rules->large);
            h->http10 = minor == 0;
            h->keep_alive = minor == 1;
        } else {
            status = read_header(line, rules->country, rq, h, minor, &seen);
        }
        at = lf + 1;
    }
    if (status)
        return status;
    if (minor == 1 && !(seen & 1u << HOST))
        return 400;
    if (h->chunked && seen & 1u << CONTENT_LENGTH)
        return 400; /* where one reader believes the one and one the other, a second request is smuggled */
    if ((h->content_length || h->chunked) && !(rq->method & (METHOD_POST | METHOD_PUT | METHOD_PATCH)))
        return 400;
    return 0;
}

void http_head_lines(struct span head, const char *name, struct buf *out)
{
    struct span line;
    size_t n = strlen(name);
    while (text_cut(&head, '\n', &line))
        if (line.len > n && line.ptr[n] == ':' && ascii_is(span_of(line.ptr, n), name)) {
            buf_str(out, out->len > 0 ? "\n" : "");
            buf_span_add(out, text_trim(span_skip(line, n + 1), HTTP_BLANKS "\r"));
        }
}

/* True when the first line of bytes is whole and says HTTP/1.0 or 1.1 after one target. *blank: after several. */
static bool line_is_sound(struct span bytes, bool *blank)
{
    enum { TAIL = sizeof " HTTP/1.1" };
    static const char version[] = " HTTP/1.";
    const char *lf = memchr(bytes.ptr, '\n', bytes.len);
    const char *sp = memchr(bytes.ptr, ' ', bytes.len);
    const char *sp2 = sp != NULL ? memchr(sp + 1, ' ', bytes.len - (size_t)(sp + 1 - bytes.ptr)) : NULL;
    if (lf == NULL || sp2 == NULL || lf - sp2 < TAIL)
        return false;
    const char *tail = lf - TAIL;
    bool told = memcmp(tail, version, sizeof version - 1) == 0 && (lf[-2] == '0' || lf[-2] == '1') && lf[-1] == '\r';
    *blank = told && sp2 != tail;
    return told && sp2 == tail;
}

/* The first of each, of lines that came whole. */
static void peek_headers(struct span lines, struct request *rq)
{
    static const struct {
        const char *name;
        ptrdiff_t at;
    } told[] = {{"accept", offsetof(struct request, accept)},
                {"accept-language", offsetof(struct request, accept_language)},
                {"cookie", offsetof(struct request, cookie)}};
    struct span line, name;
    while (text_cut(&lines, '\n', &line)) {
        struct span value = line;
        if (span_is(line, "\r"))
            return;
        for (size_t i = 0; i < sizeof told / sizeof *told && text_cut(&value, ':', &name); i++, value = line) {
            struct span *into = (struct span *)((char *)rq + told[i].at);
            if (ascii_is(name, told[i].name) && into->ptr == NULL)
                *into = text_trim(value, HTTP_BLANKS "\r");
        }
    }
}

bool http_head_peek(struct span bytes, struct request *rq, bool *blank, bool *cut)
{
    struct span rest = bytes, name, lines = bytes;
    *blank = false;
    *cut = !text_cut(&lines, '\n', &name);
    if (!*cut)
        peek_headers(lines, rq);
    rq->method = METHOD_GET;
    if (!text_cut(&rest, ' ', &name) || method_read(name, &rq->method) != ERR_OK)
        return false;
    size_t at = name.len + 1, end = at;
    while (end < bytes.len && (unsigned char)bytes.ptr[end] > ' ')
        end++;
    rq->target = span_of(bytes.ptr + at, end - at);
    return line_is_sound(bytes, blank);
}
