#include "common/base/json_scan.h"

#include "common/base/ascii.h"
#include "common/base/bytes.h"

bool scan_is(struct span *s, const char *text)
{
    size_t n = 0;
    for (; text[n] != '\0'; n++) /* most differ in their first byte: no call for that */
        if (n == s->len || s->ptr[n] != text[n])
            return false;
    *s = span_skip(*s, n);
    return true;
}

bool scan_nat(struct span *s, uint64_t max, uint64_t *out)
{
    size_t n = 0;
    uint64_t v = 0;
    for (; n < s->len && n < 17 && ascii_is_digit(s->ptr[n]); n++)
        v = v * 10 + (uint64_t)(s->ptr[n] - '0');
    if (n == 0 || n == 17 || (n > 1 && s->ptr[0] == '0') || v > max)
        return false;
    *s = span_skip(*s, n);
    *out = v;
    return true;
}

bool scan_text(struct span *s, size_t max, struct span *out)
{
    size_t n = 1;
    if (s->len == 0 || s->ptr[0] != '"')
        return false;
    for (; n < s->len && s->ptr[n] != '"'; n++)
        if (s->ptr[n] == '\\' || (unsigned char)s->ptr[n] < 0x20)
            return false;
    if (n == s->len || n - 1 > max)
        return false;
    *out = span_of(s->ptr + 1, n - 1);
    *s = span_skip(*s, n + 1);
    return true;
}

bool scan_b64url(struct span *s, void *out, size_t len)
{
    struct span text, rest = *s;
    size_t got;
    if (!scan_text(&rest, 2 * len, &text) || b64url_decode(text, out, len, &got) != ERR_OK || got != len)
        return false;
    *s = rest;
    return true;
}
