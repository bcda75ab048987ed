#include "common/base/bytes.h"

#include "common/base/ascii.h"

enum { STRAY = -1 };

static int sextet(char c, char c62, char c63)
{
    static const uint8_t one_more[256] = {
        ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,  ['I'] = 9,
        ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16, ['Q'] = 17, ['R'] = 18,
        ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24, ['Y'] = 25, ['Z'] = 26, ['a'] = 27,
        ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32, ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36,
        ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40, ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45,
        ['t'] = 46, ['u'] = 47, ['v'] = 48, ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54,
        ['2'] = 55, ['3'] = 56, ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62};
    int value = one_more[(unsigned char)c];
    if (value > 0)
        return value - 1;
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
