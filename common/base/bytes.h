/* Big-endian loads and stores; base64, base64url and hex decoding (strict: no white space, no missing or extra padding,
 * zero trailing bits, so that every value has exactly one spelling). */
#ifndef CS_BASE_BYTES_H
#define CS_BASE_BYTES_H

#include <stdint.h>

#include "common/base/err.h"
#include "common/base/span.h"

static inline uint16_t load_be16(const void *p)
{
    const uint8_t *b = p;
    return (uint16_t)(b[0] << 8 | b[1]);
}
static inline uint32_t load_be32(const void *p)
{
    const uint8_t *b = p;
    return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 | (uint32_t)b[2] << 8 | b[3];
}
static inline uint64_t load_be40(const void *p)
{
    return (uint64_t) * (const uint8_t *)p << 32 | load_be32((const uint8_t *)p + 1);
}
static inline uint64_t load_be64(const void *p)
{
    return (uint64_t)load_be32(p) << 32 | load_be32((const uint8_t *)p + 4);
}
static inline void store_be16(void *p, uint16_t v)
{
    uint8_t *b = p;
    b[0] = (uint8_t)(v >> 8);
    b[1] = (uint8_t)v;
}
static inline void store_be32(void *p, uint32_t v)
{
    uint8_t *b = p;
    b[0] = (uint8_t)(v >> 24);
    b[1] = (uint8_t)(v >> 16);
    b[2] = (uint8_t)(v >> 8);
    b[3] = (uint8_t)v;
}
static inline void store_be40(void *p, uint64_t v)
{
    *(uint8_t *)p = (uint8_t)(v >> 32);
    store_be32((uint8_t *)p + 1, (uint32_t)v);
}
static inline void store_be64(void *p, uint64_t v)
{
    store_be32(p, (uint32_t)(v >> 32));
    store_be32((uint8_t *)p + 4, (uint32_t)v);
}

/* Decode into out[cap]; *len is written on success only. ERR_MALFORMED on any stray byte, ERR_TOO_LARGE past cap. */
MUST_CHECK enum err b64url_decode(struct span in, void *out, size_t cap, size_t *len);
MUST_CHECK enum err b64_decode(struct span in, void *out, size_t cap, size_t *len);
MUST_CHECK enum err hex_decode(struct span in, void *out, size_t cap, size_t *len); /* lowercase only */

/* Spreads keys over places; without the seed nobody says which two have one. */
static inline uint64_t scatter(uint64_t key, uint64_t seed)
{
    uint64_t x = key ^ seed;
    x = (x ^ x >> 33) * UINT64_C(0xff51afd7ed558ccd);
    x = (x ^ x >> 33 ^ seed) * UINT64_C(0xc4ceb9fe1a85ec53);
    return x ^ x >> 33;
}

/* A whole decimal number without sign, leading zeros or spaces. */
MUST_CHECK enum err parse_u64(struct span in, uint64_t *out);
MUST_CHECK enum err parse_i64(struct span in, int64_t *out);

#endif
