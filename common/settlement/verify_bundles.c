/* A log's bundles, taken apart: on whatever thread, ahead of the walk that keeps their order. */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/settlement/verify_parts.h"

/* Bytes of a bundle's entries that are kept as JSON at once: it takes up to twenty times as much. Further ones are read
 * by the walk, one by one. */
enum { KEPT_JSON = 256 << 10 };

struct bundles {
    const struct ahead *ahead; /* NULL: none */
    void *walk;
    const struct mirror *mirror;
    const char *base;
    uint64_t size;
    bool entries;
    unsigned room;
    struct bundle bundle[]; /* bundle n at n % room */
};

static void clear(struct bundle *b)
{
    for (unsigned i = 0; i < b->n; i++)
        if (b->entry[i].read)
            entry_close(&b->entry[i].entry);
    b->n = 0;
    buf_clear(&b->bytes);
}

static void take_apart(struct bundle *b, unsigned width, bool entries)
{
    struct span rest = buf_span(&b->bytes);
    size_t left = entries ? KEPT_JSON : 0;
    enum err err = ERR_OK;
    for (; b->n < width; b->n++) {
        struct bundle_entry *e = &b->entry[b->n];
        if (!bundle_next(&rest, &e->bytes, &err))
            break;
        merkle_leaf(e->bytes, &b->leaf[b->n]);
        e->read = e->bytes.len <= left && entry_read(e->bytes, &e->entry, NULL) == ERR_OK;
        if (e->bytes.len <= left && !e->read)
            left = 0; /* the walk ends there */
        else if (e->read && e->entry.json != NULL)
            left -= e->bytes.len;
    }
    merkle_nodes(b->leaf, b->n, b->node);
    b->whole = err == ERR_OK && b->n == width && rest.len == 0;
}

static void read_tile(const struct bundles *all, struct bundle *b, uint64_t n)
{
    char path[PATH_CAP];
    const struct tile t = {.level = 0, .n = n, .width = TILE_WIDTH};
    tile_in(path, all->base, &t);
    buf_clear(&b->tile);
    b->tile_err = all->mirror->read(all->mirror->ctx, path, 0, TILE_WIDTH * HASH_LEN + 1, &b->tile);
}

static void make(void *arg, uint64_t n)
{
    struct bundles *all = arg;
    struct bundle *b = &all->bundle[n % all->room];
    struct tile t = {.level = TILE_ENTRIES, .n = n, .width = tile_width(TILE_ENTRIES, n, all->size)};
    clear(b);
    tile_in(b->path, all->base, &t);
    b->err = all->mirror->read(all->mirror->ctx, b->path, 0, tile_most(&t) + 1, &b->bytes);
    b->too_long = b->bytes.len > tile_most(&t);
    b->whole = false;
    if (b->err == ERR_OK && !b->too_long)
        take_apart(b, t.width, all->entries);
    if (t.width == TILE_WIDTH)
        read_tile(all, b, n);
}

struct bundles *bundles_open(const struct verify_asked *asked, const struct mirror *m, const char *base, uint64_t size,
                             bool entries)
{
    const struct ahead *ahead = asked->ahead;
    unsigned room = ahead != NULL ? ahead->room : 1;
    struct bundles *all = xcalloc(1, sizeof *all + room * sizeof all->bundle[0]);
    *all = (struct bundles){.ahead = ahead, .mirror = m, .base = base, .size = size, .entries = entries, .room = room};
    for (unsigned i = 0; i < room; i++) {
        buf_heap(&all->bundle[i].bytes);
        buf_heap(&all->bundle[i].tile);
        all->bundle[i].entry = xmalloc((size < TILE_WIDTH ? size : TILE_WIDTH) * sizeof(struct bundle_entry));
    }
    if (ahead != NULL)
        all->walk = ahead->open(ahead->ctx, size / TILE_WIDTH + (size % TILE_WIDTH != 0), make, all);
    return all;
}

struct bundle *bundles_take(struct bundles *all, uint64_t n)
{
    if (all->ahead != NULL)
        all->ahead->take(all->walk, n);
    else
        make(all, n);
    return &all->bundle[n % all->room];
}

void bundles_close(struct bundles *all)
{
    if (all->ahead != NULL)
        all->ahead->close(all->walk);
    for (unsigned i = 0; i < all->room; i++) {
        clear(&all->bundle[i]);
        buf_free(&all->bundle[i].bytes);
        buf_free(&all->bundle[i].tile);
        free(all->bundle[i].entry);
    }
    free(all);
}
