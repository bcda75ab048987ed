/* The memory of one request: bump allocation, given back as a whole by arena_reset. Never fails (OOM aborts). Owned by
 * one thread at a time. */
#ifndef CS_SERVER_SYSTEM_ARENA_H
#define CS_SERVER_SYSTEM_ARENA_H

#include "common/base/buf.h"

struct arena;
struct arena *arena_new(void);
void arena_reset(struct arena *a); /* frees all but the first block */
void arena_free(struct arena *a);  /* NULL-safe */

void *arena_alloc(struct arena *a, size_t len); /* 16-byte aligned, not cleared */
struct span arena_copy(struct arena *a, struct span s);
void arena_buf(struct arena *a, struct buf *b, size_t cap); /* a fixed buffer in the arena */

#endif
