/* common/ledger/tile: a path has one spelling; a bundle is its entries, one behind the other. */
#include "common/ledger/tile.h"
#include "tests/fuzz/fuzz.h"

static void path(struct span text)
{
    struct tile t;
    struct buf again;
    enum err err = tile_parse(text, &t);
    HOLDS(err == ERR_OK || err == ERR_NOT_FOUND);
    if (err != ERR_OK)
        return;
    fuzz_accepted++;
    HOLDS(t.level >= TILE_ENTRIES && t.level < 8 && t.width >= 1 && t.width <= 256);
    buf_heap(&again);
    tile_path(&again, &t);
    HOLDS(span_eq(buf_span(&again), text));
    buf_free(&again);
}

static void bundle(struct span bytes)
{
    struct span rest = bytes, entry;
    struct buf again;
    enum err err = ERR_OK;
    size_t n = 0;
    buf_heap(&again);
    while (bundle_next(&rest, &entry, &err)) {
        HOLDS(fuzz_inside(entry, bytes) && fuzz_inside(rest, bytes) && err == ERR_OK);
        bundle_add(&again, entry);
        n++;
    }
    HOLDS(err == ERR_OK ? rest.len == 0 : err == ERR_CORRUPT && rest.len > 0);
    HOLDS(span_eq(buf_span(&again), span_of(bytes.ptr, bytes.len - rest.len)));
    fuzz_accepted += n > 0 && err == ERR_OK;
    buf_free(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    path(span_of(data, size));
    bundle(span_of(data, size));
    return 0;
}
