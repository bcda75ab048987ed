#include "server/system/queue.h"

#include <stdatomic.h>
#include <stdlib.h>

#include "common/base/mem.h"

enum { CACHE_LINE = 64 };

struct queue {
    size_t mask;
    void **slots;
    /* the producer's line: where it writes, and the head it saw last */
    _Alignas(CACHE_LINE) atomic_size_t tail;
    size_t head_seen;
    /* the consumer's line */
    _Alignas(CACHE_LINE) atomic_size_t head;
    size_t tail_seen;
};

struct queue *queue_new(size_t capacity)
{
    size_t n = 1;
    while (n < capacity)
        n *= 2;
    struct queue *r = xaligned(CACHE_LINE, sizeof *r);
    r->mask = n - 1;
    r->slots = xcalloc(n, sizeof *r->slots);
    r->head_seen = r->tail_seen = 0;
    atomic_init(&r->tail, 0);
    atomic_init(&r->head, 0);
    return r;
}

void queue_free(struct queue *r)
{
    if (r == NULL)
        return;
    free(r->slots);
    free(r);
}

bool queue_push(struct queue *r, void *item)
{
    size_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
    if (tail - r->head_seen > r->mask) {
        r->head_seen = atomic_load_explicit(&r->head, memory_order_acquire);
        if (tail - r->head_seen > r->mask)
            return false;
    }
    r->slots[tail & r->mask] = item;
    atomic_store(&r->tail, tail + 1);
    return true;
}

void *queue_peek(struct queue *r)
{
    size_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
    if (head == r->tail_seen) {
        r->tail_seen = atomic_load(&r->tail);
        if (head == r->tail_seen)
            return NULL;
    }
    return r->slots[head & r->mask];
}

void *queue_pop(struct queue *r)
{
    void *item = queue_peek(r);
    if (item != NULL)
        atomic_store_explicit(&r->head, atomic_load_explicit(&r->head, memory_order_relaxed) + 1, memory_order_release);
    return item;
}

bool queue_empty(struct queue *r)
{
    return atomic_load_explicit(&r->head, memory_order_relaxed) == atomic_load(&r->tail);
}

size_t queue_count(struct queue *r)
{
    size_t head = atomic_load_explicit(&r->head, memory_order_relaxed);
    size_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);
    return tail - head <= r->mask + 1 ? tail - head : 0;
}

size_t queue_capacity(const struct queue *r)
{
    return r->mask + 1;
}
