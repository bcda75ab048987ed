#include "common/decisions/link.h"

#include "common/base/ascii.h"
#include "common/base/idn.h"
#include "common/base/limits.h"
#include "common/base/query.h"
#include "common/base/text.h"
#include "common/base/utf8.h"

/* RFC 3986, section 2: reserved, unreserved, and the escape itself. */
#define URL_MARKS "-._~:/?#[]@!$&'()*+,;=%"

enum { HOST_MAX = 253, PORT_MAX = 65535, LAYERS = 2 };

static bool host_ok(struct span h)
{
    if (span_empty(h) || h.len > HOST_MAX || h.ptr[0] == '.' || h.ptr[0] == '-')
        return false;
    for (size_t i = 0; i < h.len; i++)
        if (!ascii_is_alnum_or(h.ptr[i], "-.") || (h.ptr[i] == '.' && h.ptr[i - 1] == '.'))
            return false;
    return true;
}

/* An IPv6 literal in brackets: its characters only. */
static bool literal_ok(struct span h)
{
    if (h.len < 4 || h.ptr[0] != '[' || h.ptr[h.len - 1] != ']')
        return false;
    for (size_t i = 1; i + 1 < h.len; i++)
        if (ascii_nibble(h.ptr[i]) < 0 && h.ptr[i] != ':' && h.ptr[i] != '.')
            return false;
    return true;
}

/* Up to 65535: what the URL standard takes. */
static bool port_ok(struct span p)
{
    unsigned number = 0;
    if (p.len < 1 || p.len > 5 || !ascii_all_digits(p))
        return false;
    for (size_t i = 0; i < p.len; i++)
        number = number * 10 + (unsigned)(p.ptr[i] - '0');
    return number < 65536;
}

/* Of an http(s) URL: where path, query or fragment begin; 0 for another. */
static size_t authority_end(struct span url)
{
    size_t end = ascii_starts(url, "http://") ? 7 : ascii_starts(url, "https://") ? 8 : 0;
    while (end > 0 && end < url.len && strchr("/?#", url.ptr[end]) == NULL)
        end++;
    return end;
}

/* Where the port's ':' stands, or the end: one inside brackets is an IPv6 literal's. */
static size_t host_end(struct span authority)
{
    size_t h = 0;
    for (bool literal = false; h < authority.len && (literal || authority.ptr[h] != ':'); h++)
        literal = authority.ptr[h] == '[' || (literal && authority.ptr[h] != ']');
    return h;
}

bool link_host(struct span url, struct span *host)
{
    size_t scheme = ascii_starts(url, "http://") ? 7 : ascii_starts(url, "https://") ? 8 : 0;
    if (!scheme || !ascii_all_alnum_or(url, URL_MARKS))
        return false;

    struct span authority = span_of(url.ptr + scheme, authority_end(url) - scheme);
    size_t h = host_end(authority);
    struct span name = span_of(authority.ptr, h);
    if (h < authority.len && !port_ok(span_of(authority.ptr + h + 1, authority.len - h - 1)))
        return false;
    if (!host_ok(name) && !literal_ok(name))
        return false;
    *host = name;
    return true;
}

bool link_ok(struct span url)
{
    struct span host;
    return link_host(url, &host);
}

struct span link_macro(struct span text)
{
    const char *end = text.len > 2 && text.ptr[0] == '{' ? memchr(text.ptr, '}', text.len) : NULL;
    struct span name = end != NULL ? span_of(text.ptr + 1, (size_t)(end - text.ptr - 1)) : SPAN("");
    return ascii_all_alnum_or(name, "_") ? name : SPAN("");
}

struct span link_unknown_macro(struct span url)
{
    static const char *const known[] = {"click_id",   "code",         "sub1",        "sub2",
                                        "sub3",       "sub4",         "sub5",        "utm_source",
                                        "utm_medium", "utm_campaign", "utm_content", "utm_term"};
    for (; url.len > 0; url = span_skip(url, 1)) {
        struct span name = link_macro(url);
        bool found = span_empty(name);
        for (size_t i = 0; !found && i < sizeof known / sizeof *known; i++)
            found = span_is(name, known[i]);
        if (!found)
            return name;
    }
    return SPAN("");
}

enum err link_macros_check(struct span url, struct problem *p)
{
    struct span macro = link_unknown_macro(url);
    return span_empty(macro)
               ? ERR_OK
               : problem(p, ERR_INVALID, "landing_url",
                         "has the macro {%.*s}, which nothing replaces: there are {click_id}, {code}, {sub1} to {sub5} "
                         "and {utm_source} and its like, in small letters",
                         (int)macro.len, macro.ptr);
}

bool link_template_host(struct span url, struct span *host)
{
    char plain[LIMIT_URL];
    struct buf b;
    struct span found;
    size_t i = authority_end(url);
    buf_fixed(&b, plain, sizeof plain);
    buf_add(&b, url.ptr, i);
    while (i < url.len) {
        struct span macro = link_macro(span_skip(url, i));
        if (span_empty(macro))
            buf_byte(&b, (uint8_t)url.ptr[i++]);
        else
            i += macro.len + 2;
    }
    if (b.failed || !link_host(buf_span(&b), &found))
        return false;
    *host = span_of(url.ptr + (found.ptr - plain), found.len);
    return true;
}

bool link_template_ok(struct span url)
{
    struct span host;
    return link_template_host(url, &host);
}

/* ---- as a browser would ---- */

/* In lower case; A-labels for a name that is not ASCII. */
static bool clean_host(struct span host, struct buf *out)
{
    size_t before = out->len;
    if (!idn_host(host, out))
        return false;
    struct span clean = span_of(out->ptr + before, out->len - before);
    return host_ok(clean) || literal_ok(clean);
}

/* ":443" of https and ":" are as good as none. */
static bool clean_port(struct span port, bool https, struct buf *out)
{
    unsigned number = 0;
    if (port.len <= 1)
        return true;
    if (!port_ok(span_skip(port, 1)))
        return false;
    for (size_t i = 1; i < port.len; i++)
        number = number * 10 + (unsigned)(port.ptr[i] - '0');
    if (number != (https ? 443 : 80)) {
        buf_byte(out, ':');
        buf_u64(out, number);
    }
    return number <= PORT_MAX;
}

static void clean_rest(struct span rest, struct buf *out)
{
    if (rest.len == 0 || rest.ptr[0] != '/')
        buf_byte(out, '/');
    for (size_t i = 0; i < rest.len; i++)
        if (ascii_is_alnum_or(rest.ptr[i], URL_MARKS))
            buf_byte(out, (uint8_t)rest.ptr[i]);
        else
            query_escape(out, (uint8_t)rest.ptr[i]);
}

static bool clean_link(struct span url, struct buf *out)
{
    bool https = ascii_starts(url, "https://");
    if (!https && !ascii_starts(url, "http://"))
        return false;
    size_t scheme = https ? 8 : 7, end = authority_end(url);
    struct span authority = span_of(url.ptr + scheme, end - scheme);
    size_t h = host_end(authority);
    buf_str(out, https ? "https://" : "http://");
    if (!clean_host(span_of(authority.ptr, h), out) || !clean_port(span_skip(authority, h), https, out))
        return false;
    clean_rest(span_skip(url, end), out);
    return true;
}

bool link_clean(struct span text, struct buf *out)
{
    char mem[LIMIT_URL];
    size_t before = out->len;
    struct span url = text_trim(text, " ");
    for (int i = 0; i < LAYERS && (ascii_starts(url, "https%") || ascii_starts(url, "http%")); i++) {
        if (url.len > sizeof mem)
            return false;
        url = span_of(mem, query_unescape(url, mem)); /* in place from the second time on: it only gets shorter */
    }
    bool good = !ascii_has_control(url) && memchr(url.ptr, '\\', url.len) == NULL && utf8_valid(url) &&
                clean_link(url, out) && !out->failed;
    if (!good)
        out->len = before;
    return good;
}

/* ---- hosts ---- */

bool link_pattern_ok(struct span pattern)
{
    size_t skip = span_starts(pattern, "*.") ? 2 : 0;
    struct span name = span_skip(pattern, skip);
    return host_ok(name) && name.ptr[name.len - 1] != '.' && (skip == 0 || memchr(name.ptr, '.', name.len) != NULL);
}

bool link_host_matches(struct span pattern, struct span host)
{
    if (span_starts(pattern, "*.")) {
        size_t tail = pattern.len - 1; /* with its dot */
        return host.len > tail && ascii_eq(span_skip(host, host.len - tail), span_skip(pattern, 1));
    }
    return ascii_eq(host, pattern);
}
