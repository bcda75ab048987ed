/* Another reader's mirror of the same contract beside this one: what both have must be the same. */
#include <inttypes.h>
#include <stdio.h>

#include "common/settlement/verify_parts.h"

/* One log in both mirrors. */
struct beside {
    struct audit *a;
    enum log log;
    const char *base;
    struct checkpoint mine, theirs;
    struct frontier tree; /* of theirs */
    bool differs;
    uint64_t at; /* the first entry that is another one */
    struct buf own, other;
};

static struct finding *finding(struct beside *b)
{
    return &b->a->finding[CHECK_AGAINST];
}

/* Reads a file of the other mirror into b->other. */
static bool read_other(struct beside *b, const char *path, size_t most)
{
    const struct mirror *m = b->a->asked->against;
    char there[PATH_CAP];
    buf_clear(&b->other);
    enum err err = m->read(m->ctx, path, 0, most + 1, &b->other);
    if (err == ERR_OK && b->other.len <= most)
        return true;
    snprintf(there, sizeof there, "%.120s in the other mirror", path);
    if (err != ERR_OK)
        audit_unread(finding(b), there, err);
    else
        finds_doubt(finding(b), "%s is longer than it can be", there);
    return false;
}

/* Its note, by the keys that this mirror names: those of another would prove nothing of this log. */
static bool open_other(struct beside *b, struct buf *text)
{
    const struct key_set *k = &b->a->keys;
    char path[PATH_CAP];
    snprintf(path, sizeof path, "%.100s/checkpoint", b->base);
    if (!read_other(b, path, LIMIT_NOTE))
        return false;
    buf_span_add(text, buf_span(&b->other));
    if (checkpoint_open(buf_span(text), k->log + (b->log == LOG_ROOT ? k->n_contract : 0),
                        b->log == LOG_ROOT ? k->n_root : k->n_contract, &b->theirs) == ERR_OK)
        return true;
    if (checkpoint_peek(buf_span(text), &b->theirs) == ERR_OK && b->theirs.size > b->mine.size) {
        finds_doubt(finding(b),
                    "%.100s in the other mirror is newer, and signed by none of the keys that this mirror names: they "
                    "may have changed since; pull again, and compare then",
                    path);
        return false;
    }
    finds_failure(finding(b),
                  "%.100s in the other mirror is signed by none of the keys that this mirror names: the operator has "
                  "shown each of you other keys, or one of the two is not its log: compare log/keys of both",
                  path);
    return false;
}

/* Both bundles n, entry by entry. False: the other mirror is not whole. */
static bool compare_bundle(struct beside *b, uint64_t n)
{
    struct tile t = {.level = TILE_ENTRIES, .n = n, .width = tile_width(TILE_ENTRIES, n, b->theirs.size)},
                own = {.level = TILE_ENTRIES, .n = n, .width = tile_width(TILE_ENTRIES, n, b->mine.size)};
    char path[PATH_CAP];
    enum err err = ERR_OK;
    struct span mine = SPAN(""), entry, own_entry = SPAN("");
    tile_in(path, b->base, &t);
    if (!read_other(b, path, tile_most(&t)))
        return false;
    if (own.width > 0 && !b->differs) {
        tile_in(path, b->base, &own);
        if (!audit_read(b->a, CHECK_AGAINST, path, tile_most(&own), &b->own))
            return false;
        mine = buf_span(&b->own);
    }
    struct span rest = buf_span(&b->other);
    unsigned i = 0;
    for (; i < t.width && bundle_next(&rest, &entry, &err); i++) {
        struct hash leaf;
        if (!b->differs && bundle_next(&mine, &own_entry, &err) && !span_eq(entry, own_entry)) {
            b->differs = true;
            b->at = b->tree.size;
        }
        merkle_leaf(entry, &leaf);
        frontier_append(&b->tree, &leaf, NULL, NULL);
    }
    return err == ERR_OK && i == t.width && rest.len == 0;
}

/* Whether the other mirror's entries give the root that its note signs: else it proves nothing. */
static bool walk_other(struct beside *b)
{
    struct hash root;
    bool whole = true;
    for (uint64_t n = 0; whole && tile_width(TILE_ENTRIES, n, b->theirs.size) > 0; n++)
        whole = compare_bundle(b, n);
    if (whole) {
        frontier_root(&b->tree, &root);
        whole = memcmp(root.b, b->theirs.root.b, HASH_LEN) == 0;
    }
    if (!whole)
        finds_doubt(finding(b), "the entries of %.100s in the other mirror do not give its checkpoint: verify it first",
                    b->base);
    return whole;
}

static void tell_fork(struct beside *b)
{
    const char *name = b->log == LOG_ROOT ? "the root logs" : "the logs";
    finds_failure(finding(b),
                  "%s agree in their first %" PRIu64 " entries; entry %" PRIu64 " is another one in each, and both "
                  "(%" PRIu64 " and %" PRIu64 " entries) are signed by the operator's key: it has made two histories. "
                  "Keep both folders; show both checkpoints to the other party and an auditor",
                  name, b->at, b->at, b->mine.size, b->theirs.size);
}

static void compare_log(struct audit *a, enum log log, const char *base, const struct checkpoint *mine)
{
    struct beside b = {.a = a, .log = log, .base = base, .mine = *mine};
    struct buf text;
    buf_heap(&text);
    buf_heap(&b.own);
    buf_heap(&b.other);
    if (open_other(&b, &text) && walk_other(&b)) {
        a->other_size[log] = b.theirs.size;
        if (b.differs)
            tell_fork(&b);
    }
    buf_free(&text);
    buf_free(&b.own);
    buf_free(&b.other);
}

void verify_against(struct audit *a, const struct checkpoint *root_head)
{
    struct finding *f = &a->finding[CHECK_AGAINST];
    char base[PATH_CAP];
    if (a->asked->against == NULL)
        return;
    if (finding_verdict(&a->finding[CHECK_TREE]) != HOLDS || finding_verdict(&a->finding[CHECK_ROOTLOG]) != HOLDS) {
        finds_doubt(f, "the trees of this mirror do not hold: there is nothing to compare with");
        return;
    }
    snprintf(base, sizeof base, "log/%s", a->contract);
    compare_log(a, LOG_CONTRACT, base, &a->head);
    compare_log(a, LOG_ROOT, "log", root_head);
}
