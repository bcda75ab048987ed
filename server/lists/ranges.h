/* Ranges of addresses, each with a value: sorted, merged, found by halving. Immutable once sealed; any thread may then
 * look. */
#ifndef CS_SERVER_LISTS_RANGES_H
#define CS_SERVER_LISTS_RANGES_H

#include <stddef.h>
#include <stdint.h>

#include "server/system/address.h"

struct ranges;
struct ranges *ranges_new(void);
void ranges_free(struct ranges *r); /* NULL-safe */
/* In any order; ranges that overlap must have the same value, which is not 0. */
void ranges_add(struct ranges *r, address first, address last, uint16_t value);
void ranges_seal(struct ranges *r);
/* 0: in none. */
uint16_t ranges_find(const struct ranges *r, address a);
size_t ranges_count(const struct ranges *r); /* of those that are left */

#endif
