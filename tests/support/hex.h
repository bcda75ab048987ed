/* Test vectors as hex text. */
#ifndef CS_TESTS_HEX_H
#define CS_TESTS_HEX_H

#include "common/base/bytes.h"

struct bytes {
    uint8_t ptr[512];
    size_t len;
};

static inline struct bytes unhex(const char *text)
{
    struct bytes b = {.len = 0};
    if (hex_decode(span_str(text), b.ptr, sizeof(b.ptr), &b.len) != ERR_OK) {
        __builtin_trap();
    }
    return b;
}

static inline struct span bytes_span(const struct bytes *b)
{
    return span_of(b->ptr, b->len);
}

#endif
