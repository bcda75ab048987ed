#include "common/base/xxh64.h"

static const uint64_t prime1 = UINT64_C(0x9e3779b185ebca87), prime2 = UINT64_C(0xc2b2ae3d27d4eb4f),
                      prime3 = UINT64_C(0x165667b19e3779f9), prime4 = UINT64_C(0x85ebca77c2b2ae63),
                      prime5 = UINT64_C(0x27d4eb2f165667c5);

enum { STRIPE = 32 };

static inline uint64_t rotate(uint64_t x, int bits)
{
    return x << bits | x >> (64 - bits);
}

static inline uint64_t load_le64(const char *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? v : __builtin_bswap64(v);
}

static inline uint32_t load_le32(const char *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? v : __builtin_bswap32(v);
}

static inline uint64_t lane(uint64_t acc, uint64_t in)
{
    return rotate(acc + in * prime2, 31) * prime1;
}

static inline uint64_t merge(uint64_t acc, uint64_t v)
{
    return (acc ^ lane(0, v)) * prime1 + prime4;
}

/* Of the whole stripes from p to end. */
static inline uint64_t stripes(uint64_t seed, const char *p, const char *end)
{
    uint64_t a = seed + prime1 + prime2, b = seed + prime2, c = seed, d = seed - prime1;
    for (; p < end; p += STRIPE) {
        a = lane(a, load_le64(p));
        b = lane(b, load_le64(p + 8));
        c = lane(c, load_le64(p + 16));
        d = lane(d, load_le64(p + 24));
    }
    uint64_t h = rotate(a, 1) + rotate(b, 7) + rotate(c, 12) + rotate(d, 18);
    return merge(merge(merge(merge(h, a), b), c), d);
}

uint64_t xxh64(uint64_t seed, struct span bytes)
{
    const char *p = bytes.ptr + bytes.len / STRIPE * STRIPE, *end = bytes.ptr + bytes.len;
    uint64_t h = bytes.len >= STRIPE ? stripes(seed, bytes.ptr, p) : seed + prime5;
    h += bytes.len;
    for (; end - p >= 8; p += 8)
        h = rotate(h ^ lane(0, load_le64(p)), 27) * prime1 + prime4;
    for (; end - p >= 4; p += 4)
        h = rotate(h ^ load_le32(p) * prime1, 23) * prime2 + prime3;
    for (; p < end; p++)
        h = rotate(h ^ (uint8_t)*p * prime5, 11) * prime1;
    h = (h ^ h >> 33) * prime2;
    h = (h ^ h >> 29) * prime3;
    return h ^ h >> 32;
}
