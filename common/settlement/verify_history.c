/* Heads that somebody was shown before: each must be one that this mirror's tree had on its way. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/base/text.h"
#include "common/settlement/verify_parts.h"

void verify_known_add(struct known *k, const struct known_head *head)
{
    if (k->n == k->room) {
        k->room = k->room ? 2 * k->room : 16;
        k->head = xrealloc(k->head, k->room * sizeof *k->head);
    }
    k->head[k->n++] = *head;
}

static int by_size(const void *a, const void *b)
{
    const struct known_head *x = a, *y = b;
    return x->size != y->size ? (x->size > y->size) - (x->size < y->size) : (x->line > y->line) - (x->line < y->line);
}

/* What is told of one: where it comes from, and what its tree had. */
static void where(const struct audit *a, const struct known *k, const struct known_head *h, char out[PATH_CAP])
{
    if (h->check == CHECK_PINS)
        snprintf(out, PATH_CAP, "line %" PRIu64 " of the pins", h->line);
    else if (h->check == CHECK_WITNESSES)
        snprintf(out, PATH_CAP, k == &a->known[LOG_ROOT] ? "log/witnessed" : "log/%s/witnessed", a->contract);
    else if (k == &a->known[LOG_ROOT])
        snprintf(out, PATH_CAP, "log/" MIRROR_SEEN "/%" PRIu64, h->size);
    else
        snprintf(out, PATH_CAP, "log/%s/" MIRROR_SEEN "/%" PRIu64, a->contract, h->size);
}

void verify_known_look(struct audit *a, struct known *k, const struct frontier *tree)
{
    for (; k->next < k->n && k->head[k->next].size == tree->size; k->next++) {
        const struct known_head *h = &k->head[k->next];
        struct hash root;
        char from[PATH_CAP];
        frontier_root(tree, &root);
        where(a, k, h, from);
        if (memcmp(root.b, h->root.b, HASH_LEN) != 0)
            finds_failure(&a->finding[h->check],
                          "%.110s has another root for the first %" PRIu64
                          " entries than these entries give: history was rewritten after it; show it, with the "
                          "checkpoint of now, to the other party and an auditor",
                          from, h->size);
    }
}

void verify_known_end(struct audit *a, enum log log, bool complete, uint64_t size)
{
    struct known *k = &a->known[log];
    for (; k->next < k->n; k->next++) {
        const struct known_head *h = &k->head[k->next];
        char from[PATH_CAP];
        where(a, k, h, from);
        if (complete && h->check == CHECK_PINS)
            finds_doubt(&a->finding[h->check],
                        "%.110s is of a log of %" PRIu64 " entries, and this mirror's has %" PRIu64
                        ": it is older than the pin, so pull it again; if it stays so, entries were taken back",
                        from, h->size, size);
        else if (complete)
            finds_failure(&a->finding[h->check],
                          "%.110s is of a log of %" PRIu64 " entries, and this mirror's has %" PRIu64
                          ": entries were taken back, or this is a copy from before",
                          from, h->size, size);
        else
            finds_doubt(&a->finding[h->check], "%.110s cannot be compared: not all entries could be looked at", from);
    }
    free(k->head);
    *k = (struct known){.n = 0};
}

/* log/seen/SIZE, log/{contract}/seen/SIZE, whatever stands there; and what stands where those should have their folder.
 */
static void take_kept(void *arg, const char *path)
{
    struct audit *a = arg;
    struct known_head head = {.check = CHECK_HISTORY};
    struct span rest = span_str(path), part, size = SPAN("");
    enum log log = LOG_ROOT;
    const struct span own = span_str(a->contract);
    if (!text_cut(&rest, '/', &part) || !span_is(part, "log"))
        return;
    if (span_starts(rest, a->contract) && rest.len > own.len && rest.ptr[own.len] == '/') {
        log = LOG_CONTRACT;
        rest = span_skip(rest, own.len + 1);
    }
    if (span_is(rest, MIRROR_SEEN))
        finds_doubt(&a->finding[CHECK_HISTORY], "%.150s is no folder: what earlier pulls kept there cannot be read",
                    path);
    if (!text_cut(&rest, '/', &part))
        return;
    size = rest;
    if (size.len > 0 && size.ptr[size.len - 1] == '/')
        size.len--;
    if (span_is(part, MIRROR_SEEN) && parse_u64(size, &head.size) == ERR_OK)
        verify_known_add(&a->known[log], &head); /* its root is read once all names are known */
}

/* False: the note says nothing that could be compared. */
static bool read_kept(struct audit *a, enum log log, struct known_head *h, struct buf *note)
{
    char path[PATH_CAP];
    struct checkpoint c;
    where(a, &a->known[log], h, path);
    if (!audit_read(a, CHECK_HISTORY, path, LIMIT_NOTE, note) ||
        !verify_note(a, CHECK_HISTORY, path, buf_span(note), log == LOG_ROOT, &c))
        return false;
    if (c.size != h->size) {
        finds_failure(&a->finding[CHECK_HISTORY], "%.150s is of another size than its name says", path);
        return false;
    }
    h->root = c.root;
    a->n_kept++;
    return true;
}

void verify_known_open(struct audit *a)
{
    struct buf note;
    buf_heap(&note);
    if (a->mirror->list(a->mirror->ctx, take_kept, a) != ERR_OK)
        finds_doubt(&a->finding[CHECK_HISTORY], "the folder could not be read to its end");
    for (int log = 0; log < LOGS; log++) {
        struct known *k = &a->known[log];
        size_t n = 0;
        for (size_t i = 0; i < k->n; i++)
            if (read_kept(a, (enum log)log, &k->head[i], &note))
                k->head[n++] = k->head[i];
        k->n = n;
    }
    verify_pins_heads(a);
    verify_witnessed_open(a);
    for (int log = 0; log < LOGS; log++)
        if (a->known[log].n > 0)
            qsort(a->known[log].head, a->known[log].n, sizeof *a->known[log].head, by_size);
    buf_free(&note);
}
