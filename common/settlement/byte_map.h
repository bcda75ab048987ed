/* An ordered map from bytes to bytes, in memory. Whoever chose the keys, each operation takes steps in proportion to
 * the logarithm of their number: what a stranger's log names goes in here. Owned by one thread. */
#ifndef CS_SETTLEMENT_BYTE_MAP_H
#define CS_SETTLEMENT_BYTE_MAP_H

#include <stdint.h>

#include "common/base/err.h"
#include "common/base/span.h"

struct byte_map;
struct byte_map *byte_map_new(void);
void byte_map_free(struct byte_map *m); /* NULL-safe */
/* Copies both, the key of at most 255 bytes, the value of 65,535; a value that was there is replaced. */
void byte_map_put(struct byte_map *m, struct span key, struct span value);
void byte_map_remove(struct byte_map *m, struct span key);
/* Every pair in order, until one answers false; whether none did. */
bool byte_map_each(const struct byte_map *m, bool (*each)(void *ctx, struct span key, struct span value), void *ctx);
size_t byte_map_count(const struct byte_map *m);
unsigned byte_map_height(const struct byte_map *m); /* of its tree: the most comparisons that a look-up takes */

/* Spans live until the next put or remove. */
MUST_CHECK bool byte_map_get(const struct byte_map *m, struct span key, struct span *value);
/* The first pair whose key is >= from. */
MUST_CHECK bool byte_map_seek(const struct byte_map *m, struct span from, struct span *key, struct span *value);

#endif
