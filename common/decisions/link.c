#include "common/decisions/link.h"

#include <strings.h>

static bool alnum(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool url_character(char c)
{
    return alnum(c) || (c && strchr("-._~:/?#[]@!$&'()*+,;=%", c) != NULL);
}

static bool host_ok(struct span h)
{
    if (span_empty(h) || h.len > 253 || h.ptr[0] == '.' || h.ptr[0] == '-')
        return false;
    for (size_t i = 0; i < h.len; i++)
        if (!alnum(h.ptr[i]) && h.ptr[i] != '-' && (h.ptr[i] != '.' || h.ptr[i - 1] == '.'))
            return false;
    return true;
}

/* An IPv6 literal in brackets: its characters only. */
static bool literal_ok(struct span h)
{
    if (h.len < 4 || h.ptr[0] != '[' || h.ptr[h.len - 1] != ']')
        return false;
    for (size_t i = 1; i + 1 < h.len; i++)
        if (!h.ptr[i] || strchr("0123456789abcdefABCDEF:.", h.ptr[i]) == NULL)
            return false;
    return true;
}

static bool port_ok(struct span p)
{
    if (span_empty(p) || p.len > 5)
        return false;
    for (size_t i = 0; i < p.len; i++)
        if (p.ptr[i] < '0' || p.ptr[i] > '9')
            return false;
    return true;
}

bool link_host(struct span url, struct span *host)
{
    size_t scheme = url.len > 7 && strncasecmp(url.ptr, "http://", 7) == 0    ? 7
                    : url.len > 8 && strncasecmp(url.ptr, "https://", 8) == 0 ? 8
                                                                              : 0;
    if (!scheme)
        return false;
    for (size_t i = 0; i < url.len; i++)
        if (!url_character(url.ptr[i]))
            return false;

    size_t end = scheme;
    while (end < url.len && strchr("/?#", url.ptr[end]) == NULL)
        end++;
    struct span authority = span_of(url.ptr + scheme, end - scheme);
    const char *bracket = memchr(authority.ptr, ']', authority.len);
    size_t h = bracket != NULL ? (size_t)(bracket - authority.ptr) + 1 : 0;
    while (h < authority.len && authority.ptr[h] != ':')
        h++;
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

bool link_pattern_ok(struct span pattern)
{
    size_t skip = span_starts(pattern, "*.") ? 2 : 0;
    return host_ok(span_of(pattern.ptr + skip, pattern.len - skip));
}

bool link_host_matches(struct span pattern, struct span host)
{
    if (span_starts(pattern, "*.")) {
        size_t tail = pattern.len - 1; /* with its dot */
        return host.len > tail && strncasecmp(host.ptr + host.len - tail, pattern.ptr + 1, tail) == 0;
    }
    return host.len == pattern.len && strncasecmp(host.ptr, pattern.ptr, host.len) == 0;
}
