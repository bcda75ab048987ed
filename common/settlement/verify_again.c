#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/settlement/verify_parts.h"

static struct bundle_ends *slot(struct audit *a, uint64_t n)
{
    if (a->bundles == NULL)
        a->bundles = xcalloc(BUNDLES, sizeof(struct bundle_ends *));
    struct bundle_ends **at = &a->bundles[n % BUNDLES];
    if (*at == NULL)
        *at = xcalloc(1, sizeof **at);
    return *at;
}

void audit_again_free(struct audit *a)
{
    for (size_t i = 0; a->bundles != NULL && i < BUNDLES; i++)
        free(a->bundles[i]);
    free(a->bundles);
    free(a->looked);
    buf_free(&a->again);
}

void audit_entry_changed(struct audit *a, uint64_t index)
{
    finds_doubt(&a->finding[CHECK_TREE], "entry %" PRIu64 " changed while the mirror was read", index);
}

static void bundle_path(const struct audit *a, char path[PATH_CAP], struct tile *t)
{
    char base[PATH_CAP];
    t->width = tile_width(TILE_ENTRIES, t->n, a->head.size);
    snprintf(base, sizeof base, "log/%s", a->contract);
    tile_in(path, base, t);
}

static enum err find_ends(struct audit *a, uint64_t n)
{
    char path[PATH_CAP];
    struct tile t = {.level = TILE_ENTRIES, .n = n};
    struct bundle_ends *ends = slot(a, n);
    if (ends->known && ends->n == n)
        return ERR_OK;
    bundle_path(a, path, &t);
    if (!audit_read(a, CHECK_TREE, path, tile_most(&t), &a->again))
        return ERR_IO;
    struct span rest = buf_span(&a->again), entry;
    enum err err = ERR_OK;
    unsigned i = 0;
    for (; i < t.width && bundle_next(&rest, &entry, &err); i++)
        ends->end[i] = (uint32_t)(a->again.len - rest.len);
    ends->known = i == t.width;
    ends->n = n;
    return ends->known ? ERR_OK : ERR_CORRUPT;
}

static enum err read_again(struct audit *a, uint64_t index, struct span *out)
{
    char path[PATH_CAP];
    struct tile t = {.level = TILE_ENTRIES, .n = index / TILE_WIDTH};
    const struct bundle_ends *ends = slot(a, t.n);
    uint64_t i = index % TILE_WIDTH, start = (i ? ends->end[i - 1] : 0) + sizeof(uint16_t);
    bundle_path(a, path, &t);
    buf_clear(&a->again);
    enum err err = a->mirror->read(a->mirror->ctx, path, start, ends->end[i] - start, &a->again);
    if (err != ERR_OK)
        audit_unread(&a->finding[CHECK_TREE], path, err);
    else if (a->again.len != ends->end[i] - start)
        err = ERR_CORRUPT;
    *out = buf_span(&a->again);
    return err;
}

enum err audit_entry(struct audit *a, uint64_t index, struct span *out)
{
    if (index >= a->at)
        return ERR_NOT_FOUND;
    enum err err = find_ends(a, index / TILE_WIDTH);
    if (err == ERR_OK)
        err = read_again(a, index, out);
    if (err == ERR_CORRUPT)
        audit_entry_changed(a, index);
    return err == ERR_NOT_FOUND || err == ERR_CONFLICT ? ERR_IO : err; /* it was there, a file */
}
