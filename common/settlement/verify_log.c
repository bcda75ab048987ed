#include <stdio.h>

#include "common/settlement/verify_parts.h"

void log_path(char path[PATH_CAP], const char *base, const struct tile *t)
{
    char mem[PATH_CAP];
    struct buf b;
    buf_fixed(&b, mem, sizeof mem - 1);
    tile_path(&b, t);
    mem[b.len] = '\0';
    snprintf(path, PATH_CAP, "%.90s/%.90s", base, mem);
}

uint64_t bundle_most(const struct tile *t)
{
    return t->width * (sizeof(uint16_t) + UINT16_MAX);
}

struct walk {
    struct audit *a;
    enum check check;
    const char *base;
    struct known *known;
    struct buf bytes;
};

static void compare_tile(void *ctx, const struct tile *t, struct span hashes)
{
    struct walk *w = ctx;
    char path[PATH_CAP];
    log_path(path, w->base, t);
    if (!audit_read(w->a, w->check, path, hashes.len, &w->bytes))
        return;
    if (!span_eq(buf_span(&w->bytes), hashes))
        finds_failure(&w->a->finding[w->check], "%s does not hold the hashes of its entries", path);
}

/* One bundle: all its entries, or a finding and false. */
static bool walk_bundle(struct walk *w, const struct tile *t, struct buf *bytes, struct tile_builder *tree,
                        void (*each)(struct audit *a, uint64_t index, struct span entry, const struct frontier *before))
{
    char path[PATH_CAP];
    log_path(path, w->base, t);
    if (!audit_read(w->a, w->check, path, bundle_most(t), bytes))
        return false;
    struct span rest = buf_span(bytes), entry;
    enum err err = ERR_OK;
    unsigned n = 0;
    for (; n < t->width && bundle_next(&rest, &entry, &err); n++) {
        struct hash leaf;
        merkle_leaf(entry, &leaf);
        verify_known_look(w->a, w->known, &tree->frontier);
        each(w->a, tree->frontier.size, entry, &tree->frontier);
        tile_builder_leaf(tree, &leaf);
    }
    if (err == ERR_OK && n == t->width && rest.len == 0)
        return true;
    finds_failure(&w->a->finding[w->check], "%s does not hold %u entries end to end", path, t->width);
    return false;
}

bool verify_log(struct audit *a, enum check c, const char *base, const struct checkpoint *head,
                void (*each)(struct audit *a, uint64_t index, struct span entry, const struct frontier *before))
{
    enum log log = c == CHECK_TREE ? LOG_CONTRACT : LOG_ROOT;
    struct walk w = {.a = a, .check = c, .base = base, .known = &a->known[log]};
    struct tile_builder tree;
    struct buf bundle;
    struct hash root;
    bool complete = true;
    buf_heap(&bundle);
    buf_heap(&w.bytes);
    tile_builder_open(&tree, compare_tile, &w);
    struct tile t = {.level = TILE_ENTRIES};
    for (; complete && (t.width = tile_width(TILE_ENTRIES, t.n, head->size)) > 0; t.n++)
        complete = walk_bundle(&w, &t, &bundle, &tree, each);
    if (complete) {
        tile_builder_edge(&tree);
        verify_known_look(a, w.known, &tree.frontier);
        frontier_root(&tree.frontier, &root);
        if (memcmp(root.b, head->root.b, HASH_LEN) != 0)
            finds_failure(&a->finding[c], "the %llu entries give another root than the checkpoint's",
                          (unsigned long long)head->size);
    }
    verify_known_end(a, log, complete, tree.frontier.size);
    tile_builder_close(&tree);
    buf_free(&w.bytes);
    buf_free(&bundle);
    return complete;
}
