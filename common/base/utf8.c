#include "common/base/utf8.h"

#include <stdint.h>

#include "common/base/ascii.h"
#include "common/base/unicode.h"

/* Length of the well-formed character at s (RFC 3629 table 3-7 of the Unicode standard), 0 if there is none. */
static size_t character(const uint8_t *s, size_t len)
{
    if (s[0] < 0x80)
        return 1;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    size_t n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (len < n)
        return 0;
    uint8_t low = s[0] == 0xe0 ? 0xa0 : s[0] == 0xf0 ? 0x90 : 0x80;  /* no overlong forms */
    uint8_t high = s[0] == 0xed ? 0x9f : s[0] == 0xf4 ? 0x8f : 0xbf; /* no surrogates, nothing past U+10FFFF */
    if (s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    return n;
}

bool utf8_valid(struct span s)
{
    const uint8_t *p = (const uint8_t *)s.ptr;
    for (size_t i = 0, n; i < s.len; i += n) {
        n = character(p + i, s.len - i);
        if (n == 0 || p[i] == 0)
            return false;
    }
    return true;
}

/* Of the well-formed character of n bytes at s. */
static uint32_t code_point(const uint8_t *s, size_t n)
{
    uint32_t c = n == 1 ? s[0] : s[0] & (0x7fu >> n);
    for (size_t i = 1; i < n; i++)
        c = c << 6 | (s[i] & 0x3fu);
    return c;
}

bool utf8_take(struct span *rest, uint32_t *c)
{
    if (span_empty(*rest))
        return false;
    const uint8_t *p = (const uint8_t *)rest->ptr;
    size_t n = character(p, rest->len);
    if (n == 0)
        return false;
    *c = code_point(p, n);
    *rest = span_skip(*rest, n);
    return true;
}

bool utf8_take_last(struct span *rest, uint32_t *c)
{
    const uint8_t *p = (const uint8_t *)rest->ptr;
    size_t n = 1;
    while (n < rest->len && n < 4 && (p[rest->len - n] & 0xc0) == 0x80)
        n++;
    if (span_empty(*rest) || character(p + rest->len - n, n) != n)
        return false;
    *c = code_point(p + rest->len - n, n);
    rest->len -= n;
    return true;
}

static void replace_bad(struct buf *out, struct span s, size_t max, bool shown)
{
    static const struct span replacement = {"\xef\xbf\xbd", 3};
    const uint8_t *p = (const uint8_t *)s.ptr;
    size_t added = 0, kept = 0, i = 0; /* [kept, i) is good and not yet copied */
    if (s.len == 0)
        return;
    while (i < s.len) {
        size_t width = character(p + i, s.len - i), n = width;
        if (ascii_is_control(s.ptr[i]) || (shown && n > 1 && unicode_hidden(code_point(p + i, n))))
            n = 0;
        if ((n ? n : replacement.len) > max - added)
            break;
        added += n ? n : replacement.len;
        if (n == 0) {
            buf_add(out, p + kept, i - kept);
            buf_span_add(out, replacement);
            kept = i + (width ? width : 1);
        }
        i += width ? width : 1;
    }
    buf_add(out, p + kept, i - kept);
}

enum { TEXT_STYLE = 0xfe0e, EMOJI_STYLE = 0xfe0f, JOINER = 0x200d, KEYCAP = 0x20e3 };

/* Takes c off the front, or leaves the text as it is. */
static bool take_this(struct span *rest, uint32_t c)
{
    struct span behind = *rest;
    uint32_t first;
    bool is = utf8_take(&behind, &first) && first == c;
    if (is)
        *rest = behind;
    return is;
}

static bool take_picture(struct span *rest)
{
    struct span behind = *rest;
    uint32_t c;
    if (!utf8_take(&behind, &c) || !unicode_picture(c))
        return false;
    if (!take_this(&behind, EMOJI_STYLE))
        take_this(&behind, TEXT_STYLE);
    *rest = behind;
    return true;
}

/* The length of the emoji that s begins with, or of what makes a keycap of the sign in front; 0: of neither. */
static size_t emoji(struct span s)
{
    struct span rest = s;
    if (take_this(&rest, EMOJI_STYLE) && take_this(&rest, KEYCAP))
        return s.len - rest.len;
    rest = s;
    if (!take_picture(&rest))
        return 0;
    for (struct span behind = rest; take_this(&behind, JOINER) && take_picture(&behind);)
        rest = behind;
    return s.len - rest.len;
}

size_t utf8_seen(struct span s, struct span *shown)
{
    const uint8_t *p = (const uint8_t *)s.ptr;
    size_t n = p[0] < 0x80 ? 0 : emoji(s);
    if (n > 0) {
        *shown = span_of(s.ptr, n);
        return n;
    }
    n = character(p, s.len);
    *shown = n == 0 || (n > 1 && unicode_hidden(code_point(p, n))) ? SPAN("\xef\xbf\xbd") : span_of(s.ptr, n);
    return n ? n : 1;
}

void utf8_repair(struct buf *out, struct span s, size_t max)
{
    replace_bad(out, s, max, false);
}

void utf8_show(struct buf *out, struct span s, size_t max)
{
    replace_bad(out, s, max, true);
}

struct span utf8_cut(struct span s, size_t max)
{
    if (s.len <= max)
        return s;
    while (max && ((uint8_t)s.ptr[max] & 0xc0) == 0x80)
        max--;
    return span_of(s.ptr, max);
}
