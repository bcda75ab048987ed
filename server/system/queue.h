/* A bounded queue of pointers from one thread to one other. */
#ifndef CS_SERVER_SYSTEM_QUEUE_H
#define CS_SERVER_SYSTEM_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/base/err.h"

struct queue;
struct queue *queue_new(size_t capacity); /* rounded up to a power of two */
void queue_free(struct queue *r);
/* Producer; false when full. Ordered before any later sequentially consistent load of the same thread: "push, then see
 * whether the consumer sleeps" and "say that I sleep, then look once more" cannot miss each other. */
MUST_CHECK bool queue_push(struct queue *r, void *item);
/* Consumer; NULL when empty. */
MUST_CHECK void *queue_pop(struct queue *r);
void *queue_peek(struct queue *r);   /* consumer: the next one, which stays; NULL when empty */
bool queue_empty(struct queue *r);   /* consumer */
size_t queue_count(struct queue *r); /* any thread, a moment's value */
size_t queue_capacity(const struct queue *r);

#endif
