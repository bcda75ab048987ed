/* Scanning text eight bytes at a time: most of what comes in is plain. */
#ifndef CS_BASE_ASCII_H
#define CS_BASE_ASCII_H

#include <stdint.h>

#include "common/base/span.h"

/* True when every byte is in 0x20..0x7e. */
static inline bool ascii_printable(struct span s)
{
    const uint64_t ones = 0x0101010101010101, tops = 0x80 * ones;
    uint64_t odd = 0, x;
    size_t i = 0;
    for (; i + 8 <= s.len; i += 8) {
        memcpy(&x, s.ptr + i, 8);
        odd |= x | (x - 0x20 * ones) | (x + ones); /* the top bit: past ASCII, below space, DEL */
    }
    bool rest = false;
    for (; i < s.len; i++)
        rest |= (unsigned char)(s.ptr[i] - 0x20) > 0x5e;
    return !(odd & tops) && !rest;
}

#endif
