/* Visitors that were seen lately, of all workers: a click of one that comes again on the same code within the
 * campaign's window is a repeat. What is kept of a visitor is 32 bits of a keyed hash of its address, its user agent
 * and the code, and the second of its last click: nothing that leads back to anybody, under a key that ends with the
 * process. A table of fixed size: when a place is full who was away the longest is forgotten, so that a click of his
 * counts again, as everybody's first one after a restart does. Any thread. */
#ifndef CS_SERVER_WORKER_REPEATS_H
#define CS_SERVER_WORKER_REPEATS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/span.h"

struct repeats;
struct repeats *repeats_new(size_t bytes); /* taken when it is used */
void repeats_free(struct repeats *r);      /* NULL-safe */

uint64_t repeats_visitor(const struct repeats *r, struct span ip, struct span agent, uint32_t contract,
                         uint32_t placement);
/* Was the visitor's last click, if there was one, at most window_s ago? This is its last one now. Of two at the same
 * time on two workers one is the first. */
bool repeats_again(struct repeats *r, uint64_t visitor, int64_t now_s, int64_t window_s);
/* The click that was the visitor's first was not recorded: it was none. */
void repeats_forget(struct repeats *r, uint64_t visitor);

#endif
