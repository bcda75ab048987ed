/* A lead's tokens: what each field says, coarse and fine, and each pair of the crossed ones. */
#include <assert.h>

#include "common/base/ascii.h"
#include "common/base/bytes.h"
#include "common/score/score_private.h"

#define FNV_BASIS UINT64_C(0xcbf29ce484222325)
#define FNV_PRIME UINT64_C(0x100000001b3)

/* The first byte behind a name, or of a pair. */
enum { OF_TEXT = 0, OF_NUMBER = 1, OF_UNSEEN = 2, OF_PAIR = 4 };
enum { DIGITS = 9, NO_TAG = 0, INSTEAD_OF_NO_TAG = 4 };

/* FNV-1a-64, gone on with. */
static uint64_t hashed(uint64_t h, const void *ptr, size_t len)
{
    const uint8_t *b = ptr;
    for (size_t i = 0; i < len; i++)
        h = (h ^ b[i]) * FNV_PRIME;
    return h;
}

static uint64_t hashed_tag(uint64_t h, uint64_t tag)
{
    for (int shift = 56; shift >= 0; shift -= 8)
        h = (h ^ (tag >> shift & 255)) * FNV_PRIME;
    return h;
}

static uint64_t tag_of(uint64_t h, bool pair, uint8_t own)
{
    uint64_t tag = (h & ~UINT64_C(3)) | (uint64_t)own << 1 | pair;
    return tag == NO_TAG ? INSTEAD_OF_NO_TAG : tag;
}

void score_shape_open(struct score_shape *s)
{
    *s = (struct score_shape){0};
}

void score_shape_field(struct score_shape *s, struct span name, bool own)
{
    static const uint8_t unseen = OF_UNSEEN;
    size_t f = s->fields++;
    assert(f < SCORE_FIELDS && s->crossed == 0);
    s->named[f] = hashed(FNV_BASIS, name.ptr, name.len);
    s->own[f] = own;
    s->unseen[f] = tag_of(hashed(s->named[f], &unseen, 1), false, own);
}

void score_shape_cross(struct score_shape *s, size_t field)
{
    assert(field < s->fields && s->crossed < SCORE_CROSS);
    assert(s->crossed == 0 || s->cross[s->crossed - 1] < field);
    s->pairs = (uint8_t)(s->pairs + s->crossed);
    s->cross[s->crossed++] = (uint8_t)field;
}

void score_shape_pair(const struct score_shape *s, size_t pair, size_t *a, size_t *b)
{
    size_t second = 1;
    assert(pair < s->pairs);
    while (pair >= second)
        pair -= second++;
    *a = s->cross[pair];
    *b = s->cross[second];
}

/* Digits at the front, at most nine: how many. */
static size_t digits(struct span s)
{
    size_t n = 0;
    while (n < s.len && n <= DIGITS && s.ptr[n] >= '0' && s.ptr[n] <= '9')
        n++;
    return n;
}

/* [0-9]{1,9}(\.[0-9]{1,9})? in thousandths, further digits dropped. */
static bool thousandths(struct span s, uint64_t *out)
{
    size_t whole = digits(s), behind = 0;
    uint64_t t = 0;
    if (whole == 0 || whole > DIGITS)
        return false;
    if (whole < s.len) {
        behind = digits(span_skip(s, whole + 1));
        if (s.ptr[whole] != '.' || behind == 0 || behind > DIGITS || whole + 1 + behind != s.len)
            return false;
    }
    for (size_t i = 0; i < whole; i++)
        t = 10 * t + (uint64_t)(s.ptr[i] - '0');
    for (size_t i = 0; i < 3; i++)
        t = 10 * t + (i < behind ? (uint64_t)(s.ptr[whole + 1 + i] - '0') : 0);
    *out = t;
    return true;
}

/* Of what is not 0. */
static unsigned bit_length(uint64_t x)
{
    return 64 - (unsigned)__builtin_clzll(x);
}

static struct span trimmed(struct span s)
{
    while (s.len > 0 && s.ptr[0] == ' ')
        s = span_skip(s, 1);
    while (s.len > 0 && s.ptr[s.len - 1] == ' ')
        s.len--;
    return s;
}

/* Numbers by their size: octaves, and quarters of one. */
static void value_tokens(const struct score_shape *s, size_t f, struct span value, struct score_tokens *out)
{
    uint64_t t;
    value = trimmed(value);
    if (!thousandths(value, &t)) {
        static const uint8_t text = OF_TEXT;
        uint64_t h = hashed(hashed(s->named[f], &text, 1), value.ptr, value.len);
        out->coarse[f] = NO_TAG;
        out->fine[f] = tag_of(h, false, s->own[f]);
        return;
    }
    uint64_t u = t / 125 + 8;
    unsigned length = bit_length(u);
    const uint8_t size[] = {OF_NUMBER, (uint8_t)length, (uint8_t)((u >> (length - 3)) & 3)};
    uint64_t h = hashed(s->named[f], size, 2);
    out->coarse[f] = tag_of(h, false, s->own[f]);
    out->fine[f] = tag_of(hashed(h, size + 2, 1), false, s->own[f]);
}

void score_pairs(const struct score_shape *s, struct score_tokens *t)
{
    static const uint8_t pair = OF_PAIR;
    uint64_t x[SCORE_CROSS], begun[SCORE_CROSS];
    size_t n = 0;
    for (size_t b = 0; b < s->crossed; b++) {
        size_t f = s->cross[b];
        x[b] = t->coarse[f] != NO_TAG ? t->coarse[f] : t->fine[f];
        begun[b] = hashed_tag(hashed(FNV_BASIS, &pair, 1), x[b]);
        for (size_t a = 0; a < b; a++)
            t->pair[n++] = tag_of(hashed_tag(begun[a], x[b]), true, s->own[s->cross[a]] | s->own[f]);
    }
}

void score_tokens(const struct score_shape *s, const struct span *values, struct score_tokens *out)
{
    for (size_t f = 0; f < s->fields; f++)
        value_tokens(s, f, values[f], out);
    score_pairs(s, out);
}
