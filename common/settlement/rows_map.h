/* The row tables in memory, or where it spills to, ordered by key: what the server keeps in its store, for those who
 * fold entries without one (verify, check). */
#ifndef CS_SETTLEMENT_ROWS_MAP_H
#define CS_SETTLEMENT_ROWS_MAP_H

#include "common/decisions/rows.h"
#include "common/settlement/pages.h"

struct rows_map;
struct rows_map *rows_map_new(const struct spill *spill); /* as for pages_new */
/* A further map in the same pages, to be freed before. */
struct byte_map *rows_map_beside(struct rows_map *m);
void rows_map_free(struct rows_map *m); /* NULL-safe */
void rows_map_put(struct rows_map *m, enum row_table t, struct span key, struct span value);
void rows_map_write(struct rows_map *m, const struct row_ops *ops);

/* As struct view, but for the third answer, which memory does not give: values live until the next write. */
MUST_CHECK enum err rows_map_get(const struct rows_map *m, enum row_table t, struct span key, struct span *value);
/* First row whose key is >= from. */
MUST_CHECK enum err rows_map_seek(const struct rows_map *m, enum row_table t, struct span from, struct span *key,
                                  struct span *value);
size_t rows_map_count(const struct rows_map *m, enum row_table t);

#endif
