/* C2SP tlog-tiles paths and entry bundles. */
#ifndef CS_LEDGER_TILE_H
#define CS_LEDGER_TILE_H

#include "common/base/buf.h"
#include "common/base/err.h"

enum { TILE_ENTRIES = -1 }; /* the level of entry bundles */

struct tile {
    int level; /* 0..7, or TILE_ENTRIES */
    uint64_t n;
    unsigned width; /* 256 = full; 1..255 = partial */
};

/* "tile/0/x001/234.p/5", without leading slash. */
void tile_path(struct buf *out, const struct tile *t);
/* The inverse, strict: exactly one spelling per tile. ERR_NOT_FOUND otherwise. */
MUST_CHECK enum err tile_parse(struct span path, struct tile *out);
/* How wide tile n of a level is in a tree of this size: 0 when it does not exist, 256 when full. */
unsigned tile_width(int level, uint64_t n, uint64_t tree_size);

/* BASE/tile/..., its file below a log's folder. */
enum { TILE_IN_CAP = 192 };
void tile_in(char out[TILE_IN_CAP], const char *base, const struct tile *t);
/* Bytes that it can have. */
uint64_t tile_most(const struct tile *t);

/* One entry of a bundle: be16 length, bytes. next: false at the end; *err set to ERR_CORRUPT when the bundle is cut. */
void bundle_add(struct buf *out, struct span entry);
MUST_CHECK bool bundle_next(struct span *rest, struct span *entry, enum err *err);

#endif
