/* A log's openings, line by line in their file's order: read and hashed on whatever thread, ahead of the walk that asks
 * for them. */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/base/text.h"
#include "common/settlement/verify_parts.h"

/* A piece has the lines that begin in so many bytes of the file; of these so many are read ahead. Reading on for the
 * end of its last line goes by steps. */
enum { PIECE = 64 << 10, LINES = 512, STEP = 8 << 10 };

struct piece {
    enum err err;
    struct buf bytes;
    bool ends; /* the file, in it */
    unsigned n;
    struct opening_line line[LINES];
    struct span rest; /* further lines */
};

struct openings {
    const struct ahead *ahead; /* NULL: none */
    void *walk;
    const struct mirror *mirror;
    struct finding *finding;
    char path[PATH_CAP];
    uint64_t next;    /* piece to take */
    struct piece *at; /* NULL: none is taken */
    unsigned i;       /* of its lines; from n on one of its rest */
    struct opening_line further;
    bool has_further, ended;
    unsigned room;
    struct piece piece[]; /* piece n at n % room */
};

static void cut_line(struct span *rest, struct opening_line *out)
{
    out->whole = text_cut(rest, '\n', &out->line);
    if (!out->whole)
        out->line = text_take(rest, '\n');
    out->reads = out->whole && out->line.len <= LIMIT_OPENING && opening_read(out->line, &out->opening) == ERR_OK;
}

/* Up to the newline of the last line, as far as a line may be long. False: it cannot be read. */
static bool read_on(const struct openings *all, struct piece *p, uint64_t offset)
{
    const char *last = memrchr(p->bytes.ptr, '\n', p->bytes.len), *end = NULL;
    size_t begin = last != NULL ? (size_t)(last + 1 - p->bytes.ptr) : 0, got = STEP;
    while (p->err == ERR_OK && begin < p->bytes.len && end == NULL && got == STEP &&
           p->bytes.len - begin <= LIMIT_OPENING) {
        size_t before = p->bytes.len;
        p->err = all->mirror->read(all->mirror->ctx, all->path, offset + before, STEP, &p->bytes);
        got = p->bytes.len - before;
        end = got > 0 ? memchr(p->bytes.ptr + before, '\n', got) : NULL;
    }
    if (end != NULL)
        p->bytes.len = (size_t)(end + 1 - p->bytes.ptr);
    return p->err == ERR_OK;
}

/* The byte in front of it says whether its first line begins there. */
static void make(void *arg, uint64_t n)
{
    struct openings *all = arg;
    struct piece *p = &all->piece[n % all->room];
    const size_t front = n > 0, most = PIECE + front;
    const uint64_t offset = n * PIECE - front;
    struct span before;
    p->n = 0;
    p->rest = SPAN("");
    buf_clear(&p->bytes);
    p->err = all->mirror->read(all->mirror->ctx, all->path, offset, most, &p->bytes);
    p->ends = p->bytes.len < most;
    if (p->err != ERR_OK || p->bytes.len == 0 || (!p->ends && !read_on(all, p, offset)))
        return;
    struct span rest = buf_span(&p->bytes);
    if (front && !text_cut(&rest, '\n', &before))
        return;
    for (; rest.len > 0 && p->n < LINES; p->n++)
        cut_line(&rest, &p->line[p->n]);
    p->rest = rest;
}

struct openings *openings_open(const struct verify_asked *asked, const struct mirror *m, struct finding *f,
                               const char *path)
{
    const struct ahead *ahead = asked->ahead;
    unsigned room = ahead != NULL ? ahead->room : 1;
    struct openings *all = xcalloc(1, sizeof *all + room * sizeof all->piece[0]);
    *all = (struct openings){.ahead = ahead, .mirror = m, .finding = f, .room = room};
    snprintf(all->path, sizeof all->path, "%s", path);
    for (unsigned i = 0; i < room; i++)
        buf_heap(&all->piece[i].bytes);
    if (ahead != NULL)
        all->walk = ahead->open(ahead->ctx, UINT64_MAX, make, all);
    return all;
}

void openings_close(struct openings *all)
{
    if (all == NULL)
        return;
    if (all->ahead != NULL)
        all->ahead->close(all->walk);
    for (unsigned i = 0; i < all->room; i++)
        buf_free(&all->piece[i].bytes);
    free(all);
}

/* False: it cannot be read, which is noted. */
static bool take_piece(struct openings *all)
{
    if (all->ahead != NULL)
        all->ahead->take(all->walk, all->next);
    else
        make(all, all->next);
    all->at = &all->piece[all->next++ % all->room];
    all->i = 0;
    if (all->at->err != ERR_OK)
        audit_unread(all->finding, all->path, all->at->err);
    return all->at->err == ERR_OK;
}

/* Of the piece that is taken; NULL behind its last. */
static const struct opening_line *line_at(struct openings *all)
{
    struct piece *p = all->at;
    if (p == NULL || (all->i >= p->n && !all->has_further && span_empty(p->rest)))
        return NULL;
    if (all->i < p->n)
        return &p->line[all->i];
    if (!all->has_further)
        cut_line(&p->rest, &all->further);
    all->has_further = true;
    return &all->further;
}

const struct opening_line *openings_peek(struct openings *all)
{
    const struct opening_line *found = NULL;
    while (!all->ended && (found = line_at(all)) == NULL)
        all->ended = (all->at != NULL && all->at->ends) || !take_piece(all);
    if (found != NULL && found->line.len > LIMIT_OPENING) {
        finds_failure(all->finding, "%.150s holds more than the %d bytes that one opening can have, without a newline",
                      all->path, LIMIT_OPENING);
        all->ended = true;
    }
    return all->ended ? NULL : found;
}

void openings_skip(struct openings *all)
{
    if (all->i < all->at->n)
        all->i++;
    else
        all->has_further = false;
}
