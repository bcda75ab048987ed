/* ASCII characters and texts, whatever the locale says. */
#ifndef CS_BASE_ASCII_H
#define CS_BASE_ASCII_H

#include <stdint.h>

#include "common/base/span.h"

static inline bool ascii_is_digit(char c)
{
    return c >= '0' && c <= '9';
}
static inline bool ascii_is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}
static inline bool ascii_is_lower(char c)
{
    return c >= 'a' && c <= 'z';
}
static inline bool ascii_is_alnum(char c)
{
    return ascii_is_lower(c) || ascii_is_upper(c) || ascii_is_digit(c);
}
/* C0 controls and DEL. */
static inline bool ascii_is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}
static inline char ascii_to_lower(char c)
{
    return ascii_is_upper(c) ? (char)(c | 0x20) : c;
}
static inline char ascii_to_upper(char c)
{
    return ascii_is_lower(c) ? (char)(c & ~0x20) : c;
}
/* The value of a hex digit of either case, -1 for anything else. */
static inline int ascii_nibble(char c)
{
    char low = ascii_to_lower(c);
    return ascii_is_digit(c) ? c - '0' : low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}
/* A letter, a digit, or one of `others`. */
static inline bool ascii_is_alnum_or(char c, const char *others)
{
    return ascii_is_alnum(c) || (c != '\0' && strchr(others, c) != NULL);
}

/* Every byte is; true for an empty text. */
bool ascii_all_alnum_or(struct span s, const char *others);
bool ascii_all_digits(struct span s);
bool ascii_has_control(struct span s);
/* As span_eq, span_is and span_starts, whatever the case of letters. */
bool ascii_eq(struct span a, struct span b);
bool ascii_is(struct span a, const char *s);
bool ascii_starts(struct span a, const char *prefix);

/* True when every byte is in 0x20..0x7e. Eight bytes at a time: most of what comes in is plain. */
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
