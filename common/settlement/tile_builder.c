#include "common/settlement/tile_builder.h"

#include <stdlib.h>

#include "common/base/mem.h"

void tile_builder_open(struct tile_builder *b, void (*tile)(void *ctx, const struct tile *t, struct span hashes),
                       void *ctx)
{
    memset(b, 0, sizeof *b);
    b->tile = tile;
    b->ctx = ctx;
}

static void subtree_done(void *ctx, int height, uint64_t n, const struct hash *h)
{
    struct tile_builder *b = ctx;
    int level = height / TILE_HEIGHT;
    if (height % TILE_HEIGHT != 0 || level >= BUILDER_LEVELS)
        return;
    if (b->open[level] == NULL)
        b->open[level] = xmalloc(TILE_WIDTH * sizeof(struct hash));
    b->open[level][b->width[level]++] = *h;
    if (b->width[level] < TILE_WIDTH)
        return;
    struct tile t = {.level = level, .n = n / TILE_WIDTH, .width = TILE_WIDTH};
    b->tile(b->ctx, &t, span_of(b->open[level], TILE_WIDTH * sizeof(struct hash)));
    b->width[level] = 0;
}

void tile_builder_leaf(struct tile_builder *b, const struct hash *leaf)
{
    frontier_append(&b->frontier, leaf, subtree_done, b);
}

void tile_builder_known(struct tile_builder *b, const struct hash *leaf, const struct hash node[TILE_NODES])
{
    frontier_append_known(&b->frontier, leaf, node, subtree_done, b);
}

void tile_builder_edge(struct tile_builder *b)
{
    for (int level = 0; level < BUILDER_LEVELS; level++) {
        if (b->width[level] == 0)
            continue;
        struct tile t = {.level = level, .n = b->frontier.size >> TILE_HEIGHT * (level + 1), .width = b->width[level]};
        b->tile(b->ctx, &t, span_of(b->open[level], b->width[level] * sizeof(struct hash)));
    }
}

void tile_builder_close(struct tile_builder *b)
{
    for (int level = 0; level < BUILDER_LEVELS; level++)
        free(b->open[level]);
    memset(b, 0, sizeof *b);
}
