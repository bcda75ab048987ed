#include <stdio.h>

#include "common/base/text.h"
#include "common/settlement/verify_parts.h"

enum { PIECE = 1 << 17 };

void openings_open(struct audit *a)
{
    struct openings *o = &a->openings;
    o->mirror = a->mirror;
    buf_heap(&o->bytes);
    snprintf(o->path, sizeof o->path, "log/%s/openings", a->contract);
    o->ended = !audit_read_from(a, CHECK_OPENINGS, o->path, 0, PIECE, &o->bytes);
    o->offset = o->bytes.len;
}

void openings_close(struct openings *o)
{
    buf_free(&o->bytes);
}

/* Drops what was taken and reads on. A file that fails in the middle ends there: the lines that are missing then are
 * told. */
static void read_on(struct openings *o)
{
    size_t kept = o->bytes.len - o->taken;
    if (kept > 0)
        memmove(o->bytes.ptr, o->bytes.ptr + o->taken, kept);
    o->bytes.len = kept;
    o->taken = 0;
    o->ended = o->mirror->read(o->mirror->ctx, o->path, o->offset, PIECE, &o->bytes) != ERR_OK || o->bytes.len == kept;
    o->offset += o->bytes.len - kept;
}

bool openings_peek(struct openings *o, struct span *line, bool *cut)
{
    for (;;) {
        struct span rest = span_of(o->bytes.ptr + o->taken, o->bytes.len - o->taken);
        struct span whole = rest, after = rest;
        bool ends = text_cut(&after, '\n', &whole);
        if (ends || o->ended) {
            *cut = !ends;
            *line = whole;
            return rest.len > 0;
        }
        read_on(o);
    }
}

void openings_skip(struct openings *o, struct span line)
{
    o->taken += line.len + 1;
    if (o->taken > o->bytes.len)
        o->taken = o->bytes.len;
}

bool openings_left(struct openings *o)
{
    struct span line;
    bool cut;
    return openings_peek(o, &line, &cut);
}
