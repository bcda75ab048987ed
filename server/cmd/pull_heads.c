/* The contract's heads in the root log: each line is held to what it can be, and what the mirror has stays in front. */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/ledger/root_log.h"
#include "server/cmd/pull_private.h"
#include "server/cmd/staging.h"
#include "server/system/log.h"

enum { PIECE = 1 << 20 };

struct heads {
    uint64_t from, size; /* leaves that may come; of the root log */
    uint64_t most;       /* entries of the largest head */
    struct buf note;
};

static const char *good_head(void *ctx, struct span line)
{
    struct heads *h = ctx;
    struct checkpoint c;
    uint64_t leaf;
    if (root_head_read(line, &leaf, &h->note) != ERR_OK || checkpoint_peek(buf_span(&h->note), &c) != ERR_OK)
        return "it holds a line that is no head with its leaf";
    if (leaf < h->from || leaf >= h->size)
        return "it holds a head out of the order of its leaves, or past the root log";
    h->from = leaf + ROOT_PAIR;
    if (c.size > h->most)
        h->most = c.size;
    return NULL;
}

/* What an earlier pull brought. */
static void copy_kept(struct pull *p, struct pull_lines *l, const char *path)
{
    struct mirror m = folder_mirror(p->folder);
    struct buf piece;
    uint64_t at = 0;
    const char *wrong = NULL;
    buf_heap(&piece);
    for (;;) {
        buf_clear(&piece);
        enum err err = m.read(m.ctx, path, at, PIECE, &piece);
        if (err != ERR_OK && err != ERR_NOT_FOUND)
            die("cannot read %s/%s: %s", p->dir, path, strerror(errno));
        if (piece.len == 0)
            break;
        at += piece.len;
        wrong = wrong == NULL ? pull_lines_take(l, buf_span(&piece)) : wrong;
    }
    if (wrong != NULL || l->line.len > 0)
        die("%s/%s is damaged: move it away, and pull again", p->dir, path);
    buf_free(&piece);
}

static void fetch(struct pull *p, struct pull_lines *l, struct heads *h, const char *path)
{
    char query[NAME_CAP + 64];
    uint64_t from = h->from;
    const char *next;
    snprintf(query, sizeof query, "%s?from=%" PRIu64 "&to=%" PRIu64, path, from, h->size);
    pull_lines_fetch(p, l, query, UINT64_MAX);
    while ((next = download_next(p->from, path)) != NULL) {
        if (!pull_is_next_page(span_str(next), path, h->size, &from))
            die("%s%s goes on with a page that does not follow it: \"%.100s\"", download_url(p->from), path, next);
        snprintf(query, sizeof query, "%s?from=%" PRIu64 "&to=%" PRIu64, path, from, h->size);
        pull_lines_fetch(p, l, query, UINT64_MAX);
    }
}

void pull_root_heads(struct pull *p)
{
    struct heads h = {.size = p->root.head.size};
    struct pull_lines l = {.longest = LIMIT_HEAD_LINE, .left = h.size / ROOT_PAIR, .good = good_head, .ctx = &h};
    char path[NAME_CAP];
    buf_heap(&h.note);
    snprintf(path, sizeof path, "%s/heads", p->log.base);
    pull_lines_begin(&l, path);
    if (p->older[0] == '\0' && p->refusal[0] == '\0') /* else its lines are of another log */
        copy_kept(p, &l, path);
    if (h.from < h.size)
        fetch(p, &l, &h, path);
    pull_lines_end(p, &l, path);
    p->heads_most = h.most;
    buf_free(&h.note);
}

/* Changes of the server's keys that the root log has. */
static uint64_t key_leaves(const struct pull *p)
{
    struct tile t = {.level = TILE_ENTRIES};
    struct buf bundle;
    uint64_t index = 0, n = 0;
    buf_heap(&bundle);
    for (; (t.width = tile_width(TILE_ENTRIES, t.n, p->root.head.size)) > 0; t.n++) {
        char name[NAME_CAP];
        tile_in(name, p->root.base, &t);
        buf_clear(&bundle);
        if (staging_read(name, tile_most(&t) + 1, &bundle) != ERR_OK)
            die("cannot read %s/%s: %s", p->dir, name, strerror(errno));
        struct span rest = buf_span(&bundle), entry;
        enum err err;
        for (; bundle_next(&rest, &entry, &err); index++) {
            struct hash tag;
            if (index % ROOT_PAIR == 0)
                continue;
            root_tag(p->root.head.origin, index - 1, &tag);
            n += span_eq(entry, span_of(tag.b, HASH_LEN));
        }
    }
    buf_free(&bundle);
    return n;
}

bool pull_is_behind(struct pull *p, uint64_t *size)
{
    bool longer = p->heads_most > p->log.head.size, other_keys = key_leaves(p) > p->key_steps;
    uint64_t least = longer ? p->heads_most : p->log.head.size + other_keys;
    if (least > *size)
        *size = least;
    return longer || other_keys;
}
