#include "common/base/bytes.h"

#include "common/base/ascii.h"

enum { STRAY = -1 };

static int sextet(char c, char c62, char c63)
{
    if (ascii_is_upper(c))
        return c - 'A';
    if (ascii_is_lower(c))
        return c - 'a' + 26;
    if (ascii_is_digit(c))
        return c - '0' + 52;
    return c == c62 ? 62 : c == c63 ? 63 : STRAY;
}

/* `in` without padding. */
static enum err base64(struct span in, char c62, char c63, uint8_t *out, size_t cap, size_t *len)
{
    size_t tail = in.len % 4, n = in.len / 4 * 3 + (tail ? tail - 1 : 0), at = 0;
    uint32_t acc = 0;

    if (tail == 1)
        return ERR_MALFORMED;
    for (size_t i = 0; i < in.len; i++) {
        int six = sextet(in.ptr[i], c62, c63);
        if (six == STRAY)
            return ERR_MALFORMED;
        acc = acc << 6 | (uint32_t)six;
        if (n > cap) /* goes on only to tell malformed from too large */
            continue;
        if (i % 4 == 3) {
            out[at++] = (uint8_t)(acc >> 16);
            out[at++] = (uint8_t)(acc >> 8);
            out[at++] = (uint8_t)acc;
        }
    }
    if ((tail == 2 && acc & 0xf) || (tail == 3 && acc & 0x3))
        return ERR_MALFORMED;
    if (n > cap)
        return ERR_TOO_LARGE;
    if (tail == 2)
        out[at++] = (uint8_t)(acc >> 4);
    if (tail == 3) {
        out[at++] = (uint8_t)(acc >> 10);
        out[at++] = (uint8_t)(acc >> 2);
    }
    *len = n;
    return ERR_OK;
}

enum err b64url_decode(struct span in, void *out, size_t cap, size_t *len)
{
    return base64(in, '-', '_', out, cap, len);
}

enum err b64_decode(struct span in, void *out, size_t cap, size_t *len)
{
    if (in.len % 4)
        return ERR_MALFORMED;
    for (int pads = 0; pads < 2 && in.len && in.ptr[in.len - 1] == '='; pads++)
        in.len--;
    return base64(in, '+', '/', out, cap, len);
}

static int nibble(char c)
{
    return ascii_is_upper(c) ? STRAY : ascii_nibble(c);
}

enum err hex_decode(struct span in, void *out, size_t cap, size_t *len)
{
    uint8_t *to = out;
    if (in.len % 2)
        return ERR_MALFORMED;
    for (size_t i = 0; i < in.len; i += 2) {
        int high = nibble(in.ptr[i]), low = nibble(in.ptr[i + 1]);
        if (high == STRAY || low == STRAY)
            return ERR_MALFORMED;
        if (i / 2 < cap)
            to[i / 2] = (uint8_t)(high << 4 | low);
    }
    if (in.len / 2 > cap)
        return ERR_TOO_LARGE;
    *len = in.len / 2;
    return ERR_OK;
}

enum err parse_u64(struct span in, uint64_t *out)
{
    uint64_t v = 0;
    if (in.len == 0 || (in.len > 1 && in.ptr[0] == '0'))
        return ERR_MALFORMED;
    for (size_t i = 0; i < in.len; i++) {
        unsigned digit = (unsigned char)in.ptr[i] - (unsigned)'0';
        if (digit > 9 || __builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, digit, &v))
            return ERR_MALFORMED;
    }
    *out = v;
    return ERR_OK;
}

enum err parse_i64(struct span in, int64_t *out)
{
    bool negative = span_starts(in, "-");
    uint64_t v;
    if (parse_u64(negative ? span_of(in.ptr + 1, in.len - 1) : in, &v) != ERR_OK)
        return ERR_MALFORMED;
    if (v > (uint64_t)INT64_MAX + negative || (negative && v == 0))
        return ERR_MALFORMED;
    *out = (int64_t)(negative ? -v : v);
    return ERR_OK;
}
