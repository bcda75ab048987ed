#include "common/base/decimal.h"

#include "common/base/text.h"
#include "common/base/unicode.h"
#include "common/base/utf8.h"

enum { DIGITS = 18 };

static bool is_minus(uint32_t c)
{
    return c == '-' || c == 0x2212 || c == 0xff0d;
}

static bool is_point(uint32_t c)
{
    return c == '.' || c == 0xff0e || c == 0x66b;
}

/* Digits as far as they go, at least one: their value, and how many count. False for too many. */
static bool read_digits(struct span *s, bool fraction, int64_t *value)
{
    int64_t v = 0;
    int n = 0, zeros = 0; /* behind a point: not yet taken in */
    struct span rest = *s;
    uint32_t c;
    for (int digit; utf8_take(&rest, &c) && (digit = unicode_digit(c)) >= 0; *s = rest) {
        if (fraction && digit == 0) {
            zeros++;
            continue;
        }
        for (; zeros > 0 && n < DIGITS; zeros--, n++)
            v *= 10;
        if (n == DIGITS)
            return false;
        v = v * 10 + digit;
        n += fraction || v != 0;
    }
    for (; fraction && n < DIGITS; n++)
        v *= 10;
    *value = v;
    return true;
}

bool decimal_read(struct span text, struct decimal *out)
{
    struct span s = text_strip(text), before = s;
    struct decimal d = {0, 0};
    uint32_t c = 0;
    bool minus = utf8_take(&s, &c) && is_minus(c);
    if (!minus && c != '+')
        s = before;
    before = s;
    if (!read_digits(&s, false, &d.whole) || s.len == before.len)
        return false;
    if (utf8_take(&s, &c)) {
        before = s;
        if (!is_point(c) || !read_digits(&s, true, &d.part) || s.len == before.len || s.len > 0)
            return false;
    }
    *out = minus ? (struct decimal){-d.whole, -d.part} : d;
    return true;
}

int decimal_order(struct decimal a, struct decimal b)
{
    if (a.whole != b.whole)
        return a.whole < b.whole ? -1 : 1;
    return (a.part > b.part) - (a.part < b.part);
}
