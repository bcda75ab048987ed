/* The heads of this contract that the root log holds, log/{contract}/heads: looked at line by line beside the walk over
 * the contract's log, and once more beside that over the root log. FORMATS.md "The root log". */
#include <inttypes.h>
#include <stdio.h>

#include "common/settlement/verify_parts.h"

static struct finding *finding(struct audit *a)
{
    return &a->finding[CHECK_HEADS];
}

static void open_lines(struct audit *a)
{
    struct root_heads *h = &a->heads;
    char path[PATH_CAP];
    snprintf(path, sizeof path, "log/%s/heads", a->contract);
    lines_open(&h->lines, a->mirror, finding(a), path, "head", LIMIT_HEAD_LINE);
    h->n = 0;
    h->size = 0;
}

/* False: nothing behind it can be looked at. */
static bool read_line(struct audit *a)
{
    struct root_heads *h = &a->heads;
    struct span line;
    bool cut;
    uint64_t before = h->leaf;
    if (h->broken || !lines_peek(&h->lines, &line, &cut))
        return false;
    h->broken = cut || root_head_read(line, &h->leaf, &h->note) != ERR_OK ||
                checkpoint_peek(buf_span(&h->note), &h->head) != ERR_OK || !span_eq(h->head.origin, a->keys.origin) ||
                (h->n > 0 && h->leaf <= before);
    if (h->broken)
        finds_failure(finding(a), "%.80s holds a line that is no head of this log, or not behind the one before it",
                      h->lines.path);
    else
        lines_skip(&h->lines, line);
    return !h->broken;
}

/* The next one; each is of more entries than the one before. */
static void next(struct audit *a)
{
    struct root_heads *h = &a->heads;
    h->has = read_line(a);
    if (!h->has)
        return;
    h->n++;
    if (h->head.size <= h->size)
        finds_failure(finding(a),
                      "the operator published another history of this contract at leaf %" PRIu64
                      " of the root log: that head is of %" PRIu64 " entries, one before it of %" PRIu64
                      "; show %.60s and log/checkpoint to the other party and an auditor",
                      h->leaf, h->head.size, h->size, h->lines.path);
    else
        h->size = h->head.size;
}

void verify_heads_open(struct audit *a)
{
    a->heads.opened = true;
    buf_heap(&a->heads.note);
    open_lines(a);
    next(a);
}

static void judge_signatures(struct audit *a)
{
    struct root_heads *h = &a->heads;
    const struct key_set *k = &a->keys;
    struct checkpoint opened;
    uint64_t by = 0;
    if (checkpoint_open_plain(buf_span(&h->note), k->log, k->n_contract, &opened, &by) != ERR_OK ||
        !verify_signers_now(a, by))
        finds_failure(finding(a),
                      "the head at leaf %" PRIu64 " of the root log is not signed by just the keys that sign a tree of "
                      "%" PRIu64 " entries",
                      h->leaf, h->head.size);
    a->keys.used_log |= by;
}

void verify_heads_look(struct audit *a, const struct frontier *tree)
{
    struct root_heads *h = &a->heads;
    for (; h->has && h->head.size <= tree->size; next(a)) {
        struct hash root;
        if (h->head.size < tree->size)
            continue; /* it is told already */
        frontier_root(tree, &root);
        if (memcmp(root.b, h->head.root.b, HASH_LEN) != 0)
            finds_failure(finding(a),
                          "the operator published another history of this contract at leaf %" PRIu64
                          " of the root log: its head there, of %" PRIu64
                          " entries, has another root than these entries give; show that line of %.60s, "
                          "log/checkpoint and this mirror to the other party and an auditor",
                          h->leaf, h->head.size, h->lines.path);
        else if (!a->stopped)
            judge_signatures(a);
    }
}

void verify_heads_end(struct audit *a, bool complete)
{
    struct root_heads *h = &a->heads;
    struct checkpoint opened;
    for (; complete && h->has; next(a)) {
        h->beyond = h->size;
        if (checkpoint_open(buf_span(&h->note), a->keys.log, a->keys.n_contract, &opened) != ERR_OK)
            finds_doubt(finding(a),
                        "the head at leaf %" PRIu64 " of the root log is of %" PRIu64 " entries, more than this mirror "
                        "has, and signed by none of the keys here: pull again",
                        h->leaf, h->size);
    }
    h->seen = h->n;
    lines_close(&h->lines);
}

/* ---- beside the root log ---- */

void verify_heads_root_open(struct audit *a)
{
    struct root_heads *h = &a->heads;
    open_lines(a);
    h->has = read_line(a);
}

static void compare_leaf(struct audit *a, uint64_t leaf, const struct hash *sha256_of, bool ours)
{
    struct root_heads *h = &a->heads;
    struct hash sum;
    if (h->has && h->leaf == leaf) {
        sha256(h->note.ptr, h->note.len, sum.b);
        if (!ours || memcmp(sum.b, sha256_of->b, HASH_LEN) != 0)
            finds_failure(finding(a), "%.80s shows a head that is not leaf %" PRIu64 " of the root log%s",
                          h->lines.path, leaf, ours ? "" : ", where the tag is another log's");
        h->n++;
        h->has = read_line(a);
    } else if (ours && !h->broken && lines_all_read(&h->lines)) {
        finds_failure(finding(a),
                      "the operator published another history of this contract at leaf %" PRIu64
                      " of the root log: a head under this log's tag, which %.60s does not show (or it was cut here: "
                      "pull again); show log/checkpoint and this mirror to the other party and an auditor",
                      leaf, h->lines.path);
    }
}

void verify_heads_pair(struct audit *a, uint64_t leaf, const struct hash *sha256_of, const struct hash *tag)
{
    struct hash own, root;
    struct span bytes = span_of(sha256_of->b, HASH_LEN);
    root_tag(a->keys.origin, leaf, &own);
    root_tag(a->keys.root_origin, leaf, &root);
    bool ours = memcmp(tag->b, own.b, HASH_LEN) == 0;
    if (a->heads.opened)
        compare_leaf(a, leaf, sha256_of, ours);
    if (ours) {
        struct closed *c = audit_closed_by_note(a, bytes);
        verify_witnessed_leaf(a, leaf, bytes);
        if (c != NULL)
            c->in_root_log = true;
    }
    if (memcmp(tag->b, root.b, HASH_LEN) == 0)
        verify_signers_leaf(a, leaf, bytes);
}

void verify_heads_root_end(struct audit *a, bool complete)
{
    struct root_heads *h = &a->heads;
    if (complete && h->has)
        finds_failure(finding(a), "%.80s shows a head at leaf %" PRIu64 ", and the root log has %" PRIu64 " entries",
                      h->lines.path, h->leaf, a->root_size);
    lines_close(&h->lines);
    buf_free(&h->note);
}

void verify_heads_sentence(const struct audit *a, struct buf *out)
{
    const struct root_heads *h = &a->heads;
    buf_printf(out,
               "%zu closed head%s signed and in the root log, which holds %" PRIu64 " of this log, all of this history",
               a->n_closed, plural(a->n_closed), h->seen);
    if (h->beyond > 0)
        buf_printf(out, "; the log goes on to %" PRIu64 " entries, this mirror ends at %" PRIu64 ": pull again",
                   h->beyond, a->head.size);
}
