#include "common/base/buf.h"

#include <assert.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"

enum { HEAP_START = 256 };

void buf_fixed(struct buf *b, void *mem, size_t cap)
{
    *b = (struct buf){.ptr = mem, .cap = cap};
}

void buf_heap(struct buf *b)
{
    *b = (struct buf){.heap = true};
}

void buf_free(struct buf *b)
{
    if (b == NULL)
        return;
    if (b->heap)
        free(b->ptr);
    *b = (struct buf){.heap = b->heap};
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->failed = false;
}

struct span buf_span(const struct buf *b)
{
    return span_of(b->ptr, b->len);
}

static __attribute__((noinline, cold)) char *grow(struct buf *b, size_t n)
{
    if (!b->heap) {
        b->failed = true;
        return NULL;
    }
    if (n > SIZE_MAX / 2 - b->len)
        abort();
    size_t cap = b->cap ? b->cap * 2 : HEAP_START;
    while (cap < b->len + n)
        cap *= 2;
    b->ptr = xrealloc(b->ptr, cap);
    b->cap = cap;
    return b->ptr + b->len;
}

char *buf_room(struct buf *b, size_t n)
{
    if (b->failed)
        return NULL;
    return n <= b->cap - b->len && b->ptr != NULL ? b->ptr + b->len : grow(b, n);
}

void buf_add(struct buf *b, const void *ptr, size_t len)
{
    if (len == 0)
        return;
    char *to = buf_room(b, len);
    if (to == NULL)
        return;
    memcpy(to, ptr, len);
    b->len += len;
}

void buf_span_add(struct buf *b, struct span s)
{
    buf_add(b, s.ptr, s.len);
}

void buf_str(struct buf *b, const char *s)
{
    buf_add(b, s, strlen(s));
}

void buf_byte(struct buf *b, uint8_t byte)
{
    char *to = buf_room(b, 1);
    if (to == NULL)
        return;
    *to = (char)byte;
    b->len++;
}

void buf_u64(struct buf *b, uint64_t v)
{
    char digits[20];
    size_t at = sizeof digits;
    if (v < 10) { /* most are */
        buf_byte(b, (uint8_t)('0' + v));
        return;
    }
    do {
        digits[--at] = (char)('0' + v % 10);
        v /= 10;
    } while (v);
    buf_add(b, digits + at, sizeof digits - at);
}

void buf_i64(struct buf *b, int64_t v)
{
    if (v < 0)
        buf_byte(b, '-');
    buf_u64(b, v < 0 ? -(uint64_t)v : (uint64_t)v);
}

void buf_hex(struct buf *b, const void *ptr, size_t len)
{
    static const char digit[] = "0123456789abcdef";
    const uint8_t *in = ptr;
    char *to = buf_room(b, len * 2);
    if (to == NULL)
        return;
    for (size_t i = 0; i < len; i++) {
        to[2 * i] = digit[in[i] >> 4];
        to[2 * i + 1] = digit[in[i] & 15];
    }
    b->len += len * 2;
}

static void base64(struct buf *b, const void *ptr, size_t len, const char alphabet[64], bool pad)
{
    const uint8_t *in = ptr;
    size_t tail = len % 3, n = len / 3 * 4 + (tail == 0 ? 0 : pad ? 4 : tail + 1);
    char *to = buf_room(b, n);
    if (to == NULL)
        return;
    b->len += n;
    for (; len >= 3; len -= 3, in += 3) {
        uint32_t v = (uint32_t)in[0] << 16 | (uint32_t)in[1] << 8 | in[2];
        *to++ = alphabet[v >> 18];
        *to++ = alphabet[v >> 12 & 63];
        *to++ = alphabet[v >> 6 & 63];
        *to++ = alphabet[v & 63];
    }
    if (tail == 0)
        return;
    uint32_t v = (uint32_t)in[0] << 16 | (tail == 2 ? (uint32_t)in[1] << 8 : 0);
    *to++ = alphabet[v >> 18];
    *to++ = alphabet[v >> 12 & 63];
    if (tail == 2)
        *to++ = alphabet[v >> 6 & 63];
    if (pad)
        memcpy(to, "==", 3 - tail);
}

void buf_b64url(struct buf *b, const void *ptr, size_t len)
{
    base64(b, ptr, len, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_", false);
}

void buf_b64(struct buf *b, const void *ptr, size_t len)
{
    base64(b, ptr, len, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", true);
}

void buf_be16(struct buf *b, uint16_t v)
{
    uint8_t be[2];
    store_be16(be, v);
    buf_add(b, be, sizeof be);
}

void buf_be32(struct buf *b, uint32_t v)
{
    uint8_t be[4];
    store_be32(be, v);
    buf_add(b, be, sizeof be);
}

void buf_be64(struct buf *b, uint64_t v)
{
    uint8_t be[8];
    store_be64(be, v);
    buf_add(b, be, sizeof be);
}

void buf_printf(struct buf *b, const char *fmt, ...)
{
    va_list args, again;
    va_start(args, fmt);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, fmt, args);
    assert(n >= 0);
    char *to = buf_room(b, (size_t)n + 1); /* vsnprintf ends with a NUL, which the buffer then drops */
    if (to != NULL) {
        vsnprintf(to, (size_t)n + 1, fmt, again);
        b->len += (size_t)n;
    }
    va_end(again);
    va_end(args);
}
