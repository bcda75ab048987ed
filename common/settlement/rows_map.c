#include "common/settlement/rows_map.h"

#include <stdlib.h>

#include "common/base/mem.h"
#include "common/settlement/byte_map.h"

struct rows_map {
    struct pages *pages;
    struct byte_map *table[ROW_TABLES];
};

struct byte_map *rows_map_beside(struct rows_map *m)
{
    return byte_map_new(m->pages);
}

struct rows_map *rows_map_new(const struct spill *spill)
{
    struct rows_map *m = xmalloc(sizeof *m);
    m->pages = pages_new(spill);
    for (int t = 0; t < ROW_TABLES; t++)
        m->table[t] = byte_map_new(m->pages);
    return m;
}

void rows_map_free(struct rows_map *m)
{
    for (int t = 0; m != NULL && t < ROW_TABLES; t++)
        byte_map_free(m->table[t]);
    if (m != NULL)
        pages_free(m->pages);
    free(m);
}

void rows_map_put(struct rows_map *m, enum row_table t, struct span key, struct span value)
{
    byte_map_put(m->table[t], key, value);
}

void rows_map_write(struct rows_map *m, const struct row_ops *ops)
{
    for (size_t i = 0; i < ops->n; i++) {
        const struct row_op *op = &ops->op[i];
        struct span key = span_of(op->key, op->key_len);
        uint8_t room[ROW_VALUE_MAX];
        if (op->del)
            byte_map_remove(m->table[op->table], key);
        else
            byte_map_put(m->table[op->table], key, row_op_value(op, room));
    }
}

enum err rows_map_get(const struct rows_map *m, enum row_table t, struct span key, struct span *value)
{
    return byte_map_get(m->table[t], key, value) ? ERR_OK : ERR_NOT_FOUND;
}

enum err rows_map_seek(const struct rows_map *m, enum row_table t, struct span from, struct span *key,
                       struct span *value)
{
    return byte_map_seek(m->table[t], from, key, value) ? ERR_OK : ERR_NOT_FOUND;
}

size_t rows_map_count(const struct rows_map *m, enum row_table t)
{
    return byte_map_count(m->table[t]);
}
