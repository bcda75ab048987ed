#include "common/base/ascii.h"

bool ascii_all_alnum_or(struct span s, const char *others)
{
    for (size_t i = 0; i < s.len; i++)
        if (!ascii_is_alnum_or(s.ptr[i], others))
            return false;
    return true;
}

bool ascii_all_digits(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!ascii_is_digit(s.ptr[i]))
            return false;
    return true;
}

bool ascii_has_control(struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        if (ascii_is_control(s.ptr[i]))
            return true;
    return false;
}

bool ascii_eq(struct span a, struct span b)
{
    bool same = a.len == b.len;
    for (size_t i = 0; same && i < a.len; i++)
        same = ascii_to_lower(a.ptr[i]) == ascii_to_lower(b.ptr[i]);
    return same;
}

bool ascii_is(struct span a, const char *s)
{
    return ascii_eq(a, span_str(s));
}

bool ascii_starts(struct span a, const char *prefix)
{
    size_t n = strlen(prefix);
    return a.len >= n && ascii_eq(span_of(a.ptr, n), span_of(prefix, n));
}
