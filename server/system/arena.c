#include "server/system/arena.h"

#include <stdlib.h>

#include "common/base/mem.h"

enum { ARENA_FIRST = 8192, ARENA_BLOCK = 32768, ARENA_ALIGN = 16 };

struct block {
    struct block *next;
    _Alignas(ARENA_ALIGN) char bytes[];
};

struct arena {
    char *at, *end;
    struct block *more; /* blocks beside the first */
    _Alignas(ARENA_ALIGN) char first[ARENA_FIRST];
};

struct arena *arena_new(void)
{
    struct arena *a = xmalloc(sizeof *a);
    a->more = NULL;
    arena_reset(a);
    return a;
}

void arena_reset(struct arena *a)
{
    while (a->more != NULL) {
        struct block *b = a->more;
        a->more = b->next;
        free(b);
    }
    a->at = a->first;
    a->end = a->first + sizeof a->first;
}

void arena_free(struct arena *a)
{
    if (a == NULL)
        return;
    arena_reset(a);
    free(a);
}

void *arena_alloc(struct arena *a, size_t len)
{
    len = (len + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    if (len > (size_t)(a->end - a->at)) {
        size_t size = len > ARENA_BLOCK ? len : ARENA_BLOCK;
        struct block *b = xmalloc(sizeof *b + size);
        b->next = a->more;
        a->more = b;
        a->at = b->bytes;
        a->end = b->bytes + size;
    }
    void *p = a->at;
    a->at += len;
    return p;
}

struct span arena_copy(struct arena *a, struct span s)
{
    if (span_empty(s))
        return (struct span){"", 0};
    char *p = arena_alloc(a, s.len);
    memcpy(p, s.ptr, s.len);
    return span_of(p, s.len);
}

void arena_buf(struct arena *a, struct buf *b, size_t cap)
{
    buf_fixed(b, arena_alloc(a, cap), cap);
}
