#include "common/settlement/verify_parts.h"

struct walk {
    struct audit *a;
    enum check check;
    const char *base;
    struct known *known;
    const struct bundle *full; /* NULL: the one that is walked is not */
    struct buf bytes;
};

static void compare_tile(void *ctx, const struct tile *t, struct span hashes)
{
    struct walk *w = ctx;
    struct finding *f = &w->a->finding[w->check];
    bool read = w->full != NULL && t->level == 0; /* with its entries */
    const struct buf *has = read ? &w->full->tile : &w->bytes;
    char path[PATH_CAP];
    tile_in(path, w->base, t);
    buf_clear(&w->bytes);
    enum err err = read ? w->full->tile_err : w->a->mirror->read(w->a->mirror->ctx, path, 0, hashes.len + 1, &w->bytes);
    if (err != ERR_OK)
        audit_unread(f, path, err);
    else if (has->len > hashes.len)
        audit_too_long(f, path, hashes.len);
    else if (!span_eq(buf_span(has), hashes))
        finds_failure(f, "%s does not hold the hashes of its entries", path);
}

static void look(struct walk *w, const struct frontier *tree)
{
    verify_known_look(w->a, w->known, tree);
    if (w->check == CHECK_TREE)
        verify_heads_look(w->a, tree);
    else if (w->a->asked->campaign != NULL)
        campaign_root_look(w->a->asked->campaign, tree);
}

/* One bundle: all its entries, or a finding and false. */
static bool walk_bundle(struct walk *w, struct bundle *b, const struct tile *t, struct tile_builder *tree,
                        each_entry *each)
{
    struct finding *f = &w->a->finding[w->check];
    if (b->err != ERR_OK)
        audit_unread(f, b->path, b->err);
    else if (b->too_long)
        audit_too_long(f, b->path, tile_most(t));
    if (b->err != ERR_OK || b->too_long)
        return false;
    w->full = t->width == TILE_WIDTH ? b : NULL;
    for (unsigned i = 0; i < b->n; i++) {
        struct bundle_entry *e = &b->entry[i];
        look(w, &tree->frontier);
        each(w->a, tree->frontier.size, e, &tree->frontier);
        tile_builder_known(tree, &b->leaf[i], b->node);
    }
    if (!b->whole)
        finds_failure(f, "%s does not hold %u entries end to end", b->path, t->width);
    return b->whole;
}

static void tell_progress(const struct audit *a, enum log log, uint64_t done, uint64_t all)
{
    if (log == LOG_CONTRACT && a->asked->progress != NULL)
        a->asked->progress(a->asked->progress_ctx, done, all);
}

bool verify_log(struct audit *a, enum check c, const char *base, const struct checkpoint *head, each_entry *each)
{
    enum log log = c == CHECK_TREE ? LOG_CONTRACT : LOG_ROOT;
    struct walk w = {.a = a, .check = c, .base = base, .known = &a->known[log]};
    struct bundles *bundles = bundles_open(a->asked, a->mirror, base, head->size, log == LOG_CONTRACT);
    struct tile_builder tree;
    struct hash root;
    bool complete = true;
    buf_heap(&w.bytes);
    tile_builder_open(&tree, compare_tile, &w);
    struct tile t = {.level = TILE_ENTRIES};
    for (; complete && (t.width = tile_width(TILE_ENTRIES, t.n, head->size)) > 0; t.n++) {
        complete = walk_bundle(&w, bundles_take(bundles, t.n), &t, &tree, each);
        tell_progress(a, log, tree.frontier.size, head->size);
        if (a->asked->spill != NULL)
            a->asked->spill->rest(a->asked->spill->ctx);
    }
    tell_progress(a, log, head->size, head->size);
    bundles_close(bundles);
    w.full = NULL;
    if (complete) {
        tile_builder_edge(&tree);
        look(&w, &tree.frontier);
        frontier_root(&tree.frontier, &root);
        if (memcmp(root.b, head->root.b, HASH_LEN) != 0)
            finds_failure(&a->finding[c], "the %llu entries give another root than the checkpoint's",
                          (unsigned long long)head->size);
    }
    verify_known_end(a, log, complete, tree.frontier.size);
    tile_builder_close(&tree);
    buf_free(&w.bytes);
    return complete;
}
