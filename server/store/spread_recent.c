/* What was written last of spread tables, in memory: by the hash of a place's head, in each bucket in order, so that no
 * keys that a stranger chose make it slow. */
#include <stdlib.h>

#include "common/base/mem.h"
#include "server/store/spread_private.h"

enum { BUCKET_BITS = 15, BUCKETS = 1 << BUCKET_BITS };

struct recent {
    struct byte_map *bucket[BUCKETS]; /* NULL: empty */
    size_t n;
};

struct recent *recent_new(void)
{
    return xcalloc(1, sizeof(struct recent));
}

void recent_free(struct recent *r)
{
    for (size_t i = 0; r != NULL && i < BUCKETS; i++)
        byte_map_free(r->bucket[i]);
    free(r);
}

void recent_put(struct recent *r, uint64_t hash, struct span place, struct span stored)
{
    struct byte_map **b = &r->bucket[hash >> (64 - BUCKET_BITS)];
    if (*b == NULL)
        *b = byte_map_new();
    size_t before = byte_map_count(*b);
    byte_map_put(*b, place, stored);
    r->n += byte_map_count(*b) - before;
}

bool recent_seek(const struct recent *r, uint64_t hash, struct span from, struct span *place, struct span *stored)
{
    const struct byte_map *b = r->bucket[hash >> (64 - BUCKET_BITS)];
    return b != NULL && byte_map_seek(b, from, place, stored);
}

size_t recent_count(const struct recent *r)
{
    return r->n;
}

static bool list_row(void *ctx, struct span place, struct span stored)
{
    struct row **next = ctx;
    *(*next)++ = (struct row){place, stored};
    return true;
}

static int by_place(const void *a, const void *b)
{
    return span_order(((const struct row *)a)->place, ((const struct row *)b)->place);
}

struct row *recent_sorted(const struct recent *r)
{
    struct row *rows = xmalloc((r->n + 1) * sizeof *rows), *next = rows;
    for (size_t i = 0; i < BUCKETS; i++)
        if (r->bucket[i] != NULL)
            byte_map_each(r->bucket[i], list_row, &next);
    qsort(rows, r->n, sizeof *rows, by_place);
    return rows;
}
