/* A bounded queue of pointers from one thread to one other. */
#ifndef CS_SERVER_SYSTEM_QUEUE
#define CS_SERVER_SYSTEM_QUEUE

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

struct ring;
struct ring *ring_new(size_t capacity); /* rounded up to a power of two */
void ring_free(struct ring *r);
/* Producer; false when full. Ordered before any later sequentially consistent load of the same thread: "push, then see
 * whether the consumer sleeps" and "say that I sleep, then look once more" cannot miss each other. */
MUST_CHECK bool ring_push(struct ring *r, void *item);
/* Consumer; NULL when empty. */
MUST_CHECK void *ring_pop(struct ring *r);
bool ring_empty(struct ring *r);   /* consumer */
size_t ring_count(struct ring *r); /* any thread, a moment's value */
size_t ring_capacity(const struct ring *r);

#endif
