/* An append-only byte buffer: over the caller's memory (fixed) or over the heap (growing).
 * A fixed buffer that runs out sets `failed` and takes nothing more; check once at the end. Heap exhaustion aborts. */
#ifndef CS_BASE_BUF_H
#define CS_BASE_BUF_H

#include <stdint.h>

#include "common/base/span.h"

struct buf {
    char *ptr;
    size_t len, cap;
    bool heap, failed;
};

void buf_fixed(struct buf *b, void *mem, size_t cap);
void buf_heap(struct buf *b);
void buf_free(struct buf *b); /* frees heap memory; NULL-safe; leaves an empty buffer */
void buf_clear(struct buf *b);
struct span buf_span(const struct buf *b);

/* Makes room for n more bytes and returns where they go (NULL and `failed` when fixed and full); the caller adds n to
 * len. */
char *buf_room(struct buf *b, size_t n);
void buf_add(struct buf *b, const void *ptr, size_t len);
void buf_span_add(struct buf *b, struct span s);
void buf_str(struct buf *b, const char *s);
void buf_byte(struct buf *b, uint8_t byte);
void buf_u64(struct buf *b, uint64_t v);                     /* decimal */
void buf_i64(struct buf *b, int64_t v);                      /* decimal */
void buf_hex(struct buf *b, const void *ptr, size_t len);    /* lowercase */
void buf_b64url(struct buf *b, const void *ptr, size_t len); /* RFC 4648 section 5, no padding */
void buf_b64(struct buf *b, const void *ptr, size_t len);    /* RFC 4648 section 4, padded */
void buf_be16(struct buf *b, uint16_t v);
void buf_be32(struct buf *b, uint32_t v);
void buf_be64(struct buf *b, uint64_t v);
void buf_printf(struct buf *b, const char *fmt, ...) __attribute__((format(printf, 2, 3))); /* cold paths only */

#endif
