#include "common/decisions/link.h"

#include "common/base/ascii.h"

static bool host_ok(struct span h)
{
    if (span_empty(h) || h.len > 253 || h.ptr[0] == '.' || h.ptr[0] == '-')
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

static bool port_ok(struct span p)
{
    return p.len >= 1 && p.len <= 5 && ascii_all_digits(p);
}

bool link_host(struct span url, struct span *host)
{
    size_t scheme = ascii_starts(url, "http://") ? 7 : ascii_starts(url, "https://") ? 8 : 0;
    if (!scheme || !ascii_all_alnum_or(url, "-._~:/?#[]@!$&'()*+,;=%"))
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
        return host.len > tail && ascii_eq(span_skip(host, host.len - tail), span_skip(pattern, 1));
    }
    return ascii_eq(host, pattern);
}
