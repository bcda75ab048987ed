/* From leaves to tiles: what of a log's tree must stand in its tiles, worked out anew. Holds one tile a level. */
#ifndef CS_SETTLEMENT_TILE_BUILDER_H
#define CS_SETTLEMENT_TILE_BUILDER_H

#include "common/ledger/merkle.h"
#include "common/ledger/tile.h"

enum { BUILDER_LEVELS = 8 };

struct tile_builder {
    struct frontier frontier;
    struct hash *open[BUILDER_LEVELS]; /* the tile that is being filled; NULL before its first hash */
    unsigned width[BUILDER_LEVELS];
    /* Called with each finished tile: its hashes end to end. */
    void (*tile)(void *ctx, const struct tile *t, struct span hashes);
    void *ctx;
};

void tile_builder_open(struct tile_builder *b, void (*tile)(void *ctx, const struct tile *t, struct span hashes),
                       void *ctx);
void tile_builder_leaf(struct tile_builder *b, const struct hash *leaf);
/* The same where the nodes over its 256 are known (merkle_nodes). */
void tile_builder_known(struct tile_builder *b, const struct hash *leaf, const struct hash node[TILE_NODES]);
/* The partial tiles of the right edge. */
void tile_builder_edge(struct tile_builder *b);
void tile_builder_close(struct tile_builder *b);

#endif
