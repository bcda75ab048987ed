/* An ordered map from bytes to bytes, in pages. Whoever chose the keys, each operation takes steps in proportion to the
 * logarithm of their number: what a stranger's log names goes in here. Owned by one thread. */
#ifndef CS_SETTLEMENT_BYTE_MAP_H
#define CS_SETTLEMENT_BYTE_MAP_H

#include "common/base/err.h"
#include "common/base/span.h"
#include "common/settlement/pages.h"

enum { BYTE_MAP_KEY = 255, BYTE_MAP_PAIR = 1500 };

struct byte_map;
struct byte_map *byte_map_new(struct pages *pages); /* which outlive it, and keep its pages; NULL: it has its own */
void byte_map_free(struct byte_map *m);             /* NULL-safe */
/* Copies both, the key of at most BYTE_MAP_KEY bytes, with its value at most BYTE_MAP_PAIR; a value that was there is
 * replaced. Neither is in the map itself. */
void byte_map_put(struct byte_map *m, struct span key, struct span value);
void byte_map_remove(struct byte_map *m, struct span key);
/* Every pair in order, until one answers false; whether none did. */
bool byte_map_each(const struct byte_map *m, bool (*each)(void *ctx, struct span key, struct span value), void *ctx);
size_t byte_map_count(const struct byte_map *m);
unsigned byte_map_height(const struct byte_map *m); /* pages that a look-up looks at */

/* Spans live until the next put or remove. */
MUST_CHECK bool byte_map_get(const struct byte_map *m, struct span key, struct span *value);
/* The first pair whose key is >= from. */
MUST_CHECK bool byte_map_seek(const struct byte_map *m, struct span from, struct span *key, struct span *value);

#endif
