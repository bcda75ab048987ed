/* One log: its checkpoint, the tiles of that tree from the root down, each held to what the one above it says, and
 * whether the tree is what became of the one that the mirror has. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "server/cmd/pull_private.h"
#include "server/cmd/staging.h"
#include "server/system/log.h"

/* The least that an entry costs to fetch: its leaf hash, and its length in the bundle. */
enum { ENTRY_LEAST = HASH_LEN + 2 };

/* ---- heads ---- */

/* ".../log/Cxyz" for log/Cxyz */
static bool is_origin_of(struct span origin, const char *base)
{
    size_t n = strlen(base);
    return origin.len > n + 1 && memcmp(origin.ptr + origin.len - n, base, n) == 0 &&
           origin.ptr[origin.len - n - 1] == '/';
}

void pull_log_open(struct pull_log *l, const char *base)
{
    snprintf(l->base, sizeof l->base, "%s", base);
    snprintf(l->path, sizeof l->path, "%s/checkpoint", base);
    buf_heap(&l->note);
    buf_heap(&l->old);
}

void pull_log_close(struct pull_log *l)
{
    buf_free(&l->note);
    buf_free(&l->old);
}

void pull_head(struct pull *p, struct pull_log *l)
{
    buf_clear(&l->note);
    buf_span_add(&l->note, pull_fetch(p, l->path, LIMIT_NOTE));
    if (checkpoint_peek(buf_span(&l->note), &l->head) != ERR_OK)
        pull_refuse(p, l->path, "a checkpoint");
    if (!is_origin_of(l->head.origin, l->base))
        pull_refuse(p, l->path, "a checkpoint of that log, but of another");
}

void pull_log_before(struct pull *p, struct pull_log *l)
{
    if (pull_old(p, l->path, LIMIT_NOTE + 1, &l->old) == ERR_NOT_FOUND)
        return;
    if (pull_keys_open(&p->old_keys, buf_span(&l->old), &l->before) != ERR_OK)
        die("%s/%s is damaged, or %s/log/keys: what the log was then is not known; pull into another folder", p->dir,
            l->path, p->dir);
}

/* ---- tiles ---- */

/* The hashes of a tile, or those of a bundle's entries. False: they are not as many. */
static bool tile_hashes(const struct tile *t, struct span bytes, struct hash out[TILE_WIDTH])
{
    struct span entry;
    enum err err = ERR_OK;
    size_t n = 0;
    if (t->level != TILE_ENTRIES) {
        if (bytes.len == t->width * HASH_LEN)
            memcpy(out, bytes.ptr, bytes.len);
        return bytes.len == t->width * HASH_LEN;
    }
    while (n < t->width && bundle_next(&bytes, &entry, &err))
        merkle_leaf(entry, &out[n++]);
    return n == t->width && bytes.len == 0;
}

/* Whether these are the hashes that the tile above names, which is fetched or kept by now. What is partial and no
 * bundle has none above: the root is made of it. */
static bool is_named(const struct pull_log *l, const struct tile *t, struct hash hashes[TILE_WIDTH])
{
    struct tile up = {.level = t->level + 1, .n = t->level == TILE_ENTRIES ? t->n : t->n / TILE_WIDTH};
    struct buf above;
    char name[NAME_CAP];
    size_t at = 0, n = t->width;
    if (t->level != TILE_ENTRIES) {
        merkle_perfect(hashes, TILE_WIDTH);
        at = t->n % TILE_WIDTH;
        n = 1;
    }
    up.width = tile_width(up.level, up.n, l->head.size);
    tile_in(name, l->base, &up);
    buf_heap(&above);
    if (staging_read(name, tile_most(&up), &above) != ERR_OK) /* which is nobody's lie */
        die("cannot read %s, which was fetched or kept: %s; pull again", name, strerror(errno));
    bool same = above.len >= (at + n) * HASH_LEN && memcmp(above.ptr + at * HASH_LEN, hashes, n * HASH_LEN) == 0;
    buf_free(&above);
    return same;
}

/* Whether this full tile is there, whole: in the mirror, or from an earlier try of this pull. */
static bool is_kept(struct pull *p, const struct pull_log *l, const char *name, const struct tile *t)
{
    struct hash hashes[TILE_WIDTH];
    buf_clear(&p->body);
    return t->width == TILE_WIDTH && staging_read(name, tile_most(t) + 1, &p->body) == ERR_OK &&
           tile_hashes(t, buf_span(&p->body), hashes) && is_named(l, t, hashes);
}

static void get_tile(struct pull *p, const struct pull_log *l, const char *name, const struct tile *t)
{
    struct hash hashes[TILE_WIDTH];
    struct span bytes = pull_fetch(p, name, tile_most(t));
    if (!tile_hashes(t, bytes, hashes))
        pull_refuse(p, name,
                    t->level == TILE_ENTRIES ? "a bundle of as many entries as it must be"
                                             : "a tile of as many hashes as it must be");
    if ((t->level == TILE_ENTRIES || t->width == TILE_WIDTH) && !is_named(l, t, hashes))
        pull_refuse(p, name, "what the tree of its checkpoint holds there");
    pull_keep(p, name, bytes);
}

/* A log's tree by its tiles: the new one as it was fetched, or the one that the mirror has. */
struct tiles {
    const struct pull_log *log;
    uint64_t size;
    const struct folder *kept; /* NULL: the new one */
};

static enum err read_tile(const struct tiles *of, const struct tile *t, struct buf *out)
{
    char name[NAME_CAP];
    tile_in(name, of->log->base, t);
    if (of->kept == NULL)
        return staging_read(name, tile_most(t), out);
    struct mirror m = folder_mirror((struct folder *)of->kept);
    return m.read(m.ctx, name, 0, tile_most(t), out);
}

/* A perfect subtree. */
static bool read_node(const struct tiles *of, int height, uint64_t n, struct hash *out)
{
    uint64_t first = n << height % TILE_HEIGHT;
    size_t at = first % TILE_WIDTH, count = (size_t)1 << height % TILE_HEIGHT;
    struct tile t = {.level = height / TILE_HEIGHT, .n = first / TILE_WIDTH};
    struct hash hashes[TILE_WIDTH];
    struct buf bytes;
    t.width = tile_width(t.level, t.n, of->size);
    buf_heap(&bytes);
    bool good = read_tile(of, &t, &bytes) == ERR_OK && bytes.len >= (at + count) * HASH_LEN;
    if (good) {
        memcpy(hashes, bytes.ptr + at * HASH_LEN, count * HASH_LEN);
        merkle_perfect(hashes, count);
        *out = hashes[0];
    }
    buf_free(&bytes);
    return good;
}

/* The root that the tree had when it was of that size. */
static bool root_at(const struct tiles *of, uint64_t size, struct hash *out)
{
    struct frontier f = {.size = size};
    uint64_t from = 0;
    for (int height = MERKLE_HEIGHT - 1; height >= 0; height--) {
        if (!(size >> height & 1))
            continue;
        if (!read_node(of, height, from >> height, &f.edge[f.edges++]))
            return false;
        from += (uint64_t)1 << height;
    }
    frontier_root(&f, out);
    return true;
}

/* The right edge first: the root is made of it. Then what is full, from the top down, and the entries. */
void pull_tiles(struct pull *p, struct pull_log *l)
{
    uint64_t size = l->head.size, had = l->old.len > 0 && l->before.size < size ? l->before.size : 0;
    char name[NAME_CAP];
    struct hash root;
    if (size - had > download_left(p->from) / ENTRY_LEAST)
        die("the log %s claims %" PRIu64 " entries, more than --max-mib allows: raise it if that is true", l->base,
            size);
    pull_keep(p, l->path, buf_span(&l->note));
    for (int level = 7; level >= 0; level--) {
        struct tile t = {.level = level, .n = level < 7 ? size >> TILE_HEIGHT * (level + 1) : 0};
        t.width = tile_width(level, t.n, size);
        if (t.width == 0 || t.width == TILE_WIDTH)
            continue;
        tile_in(name, l->base, &t);
        get_tile(p, l, name, &t);
    }
    if (!root_at(&(struct tiles){l, size, NULL}, size, &root) || memcmp(root.b, l->head.root.b, HASH_LEN) != 0)
        pull_refuse(p, l->path, "the root of the tiles that the server has for it");
    for (int level = 7; level >= TILE_ENTRIES; level--) {
        struct tile t = {.level = level};
        for (; (t.width = tile_width(level, t.n, size)) > 0; t.n++) {
            tile_in(name, l->base, &t);
            if (t.width < TILE_WIDTH ? level == TILE_ENTRIES : !is_kept(p, l, name, &t))
                get_tile(p, l, name, &t);
        }
    }
    if (l->old.len > 0)
        pull_log_extends(p, l, &l->before, "an earlier pull");
}

void pull_each_tile(struct pull *p, const struct pull_log *l, void (*each)(struct pull *p, const char *name))
{
    for (int level = 7; level >= TILE_ENTRIES; level--) {
        struct tile t = {.level = level};
        for (; (t.width = tile_width(level, t.n, l->head.size)) > 0; t.n++) {
            char name[NAME_CAP];
            tile_in(name, l->base, &t);
            each(p, name);
        }
    }
}

/* ---- what became of it ---- */

static const char *named(const struct pull_log *l)
{
    return strcmp(l->base, "log") == 0 ? "the root log" : l->base;
}

void pull_log_extends(struct pull *p, const struct pull_log *l, const struct checkpoint *before, const char *whose)
{
    struct hash root;
    if (l->head.size < before->size && before == &l->before &&
        root_at(&(struct tiles){l, before->size, p->folder}, l->head.size, &root) &&
        memcmp(root.b, l->head.root.b, HASH_LEN) == 0) {
        snprintf(p->older, sizeof p->older,
                 "the server shows the first %" PRIu64 " of the %" PRIu64 " entries that the mirror holds of %s",
                 l->head.size, before->size, named(l));
        return;
    }
    if (l->head.size < before->size) {
        pull_doubt(p,
                   "%s had %" PRIu64 " entries at %s, and the server now shows %" PRIu64
                   ": a log never shrinks, so entries were taken back",
                   named(l), before->size, whose, l->head.size);
        return;
    }
    if (!root_at(&(struct tiles){l, l->head.size, NULL}, before->size, &root))
        die("cannot read the tiles of %s again", l->base);
    if (memcmp(root.b, before->root.b, HASH_LEN) == 0)
        return;
    p->parts = l->old.len > 0;
    pull_doubt(p,
               "%s had %" PRIu64 " entries at %s, and the %" PRIu64
               " that the server now shows begin with others: its history was rewritten, or it began again from a "
               "backup and went on",
               named(l), before->size, whose, l->head.size);
}
