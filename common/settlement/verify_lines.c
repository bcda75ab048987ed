#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/base/text.h"
#include "common/settlement/verify_parts.h"

enum { PIECE = 1 << 17 };

void lines_open(struct lines *l, const struct mirror *m, struct finding *f, const char *path, const char *what,
                size_t longest)
{
    *l = (struct lines){.mirror = m, .finding = f, .what = what, .longest = longest};
    buf_heap(&l->bytes);
    snprintf(l->path, sizeof l->path, "%s", path);
}

void lines_close(struct lines *l)
{
    buf_free(&l->bytes);
}

static void give_up(struct lines *l)
{
    buf_clear(&l->bytes);
    l->taken = 0;
    l->ended = l->broken = true;
}

static const char *name_of(const struct lines *l)
{
    return l->path[0] ? l->path : "the file";
}

static void begin_saved(struct lines *l)
{
    struct span text = buf_span(&l->bytes);
    if (text_saved(&text)) {
        l->taken = l->bytes.len - text.len;
        return;
    }
    finds_doubt(l->finding,
                "%.150s is UTF-16 (Excel's \"Unicode text\"), not UTF-8: save it as \"CSV UTF-8\", or as plain text",
                name_of(l));
    give_up(l);
}

/* Drops what was taken and reads on. */
static void read_on(struct lines *l)
{
    size_t kept = l->bytes.len - l->taken;
    if (kept > 0)
        memmove(l->bytes.ptr, l->bytes.ptr + l->taken, kept);
    l->bytes.len = kept;
    l->taken = 0;
    enum err err = l->mirror->read(l->mirror->ctx, l->path, l->offset, PIECE, &l->bytes);
    size_t got = l->bytes.len - kept;
    const bool first = l->offset == 0 && got > 0;
    l->ended = got == 0;
    l->offset += got;
    if (err != ERR_OK) {
        audit_unread(l->finding, l->path, err);
        give_up(l);
    } else if (first && l->saved) {
        begin_saved(l);
    }
}

/* What is not taken yet up to its first newline; false when none is there. Each byte is looked at once. */
static bool whole_line(struct lines *l, struct span *line)
{
    struct span rest = span_of(l->bytes.ptr + l->taken, l->bytes.len - l->taken);
    const char *end = rest.len > l->looked ? memchr(rest.ptr + l->looked, '\n', rest.len - l->looked) : NULL;
    l->looked = end != NULL ? (size_t)(end - rest.ptr) : rest.len;
    *line = span_of(rest.ptr, l->looked);
    return end != NULL;
}

bool lines_peek(struct lines *l, struct span *line, bool *cut)
{
    bool whole;
    while (!(whole = whole_line(l, line)) && line->len <= l->longest && !l->ended)
        read_on(l);
    if (line->len > l->longest) {
        (l->saved ? finds_doubt : finds_failure)(
            l->finding, "%.150s holds more than the %zu bytes that one %s can have, without a newline", name_of(l),
            l->longest, l->what);
        give_up(l);
        return false;
    }
    *cut = !whole;
    return whole || line->len > 0;
}

void lines_skip(struct lines *l, struct span line)
{
    l->taken += line.len + 1;
    l->looked = 0;
    if (l->taken > l->bytes.len)
        l->taken = l->bytes.len;
}

bool lines_left(struct lines *l)
{
    struct span line;
    bool cut;
    return lines_peek(l, &line, &cut);
}

bool lines_all_read(const struct lines *l)
{
    return !l->broken;
}

/* ---- the files themselves ---- */

static void keep_file(void *arg, const char *path)
{
    struct kept_files *f = arg;
    size_t len = strlen(path);
    if (len > 0 && path[len - 1] == '/')
        return;
    f->name = xrealloc(f->name, (f->n + 1) * sizeof *f->name);
    f->name[f->n++] = xstrdup(path);
}

enum err kept_files_list(struct kept_files *f, const struct mirror *m)
{
    return m->list(m->ctx, keep_file, f);
}

void kept_files_free(struct kept_files *f)
{
    for (size_t i = 0; i < f->n; i++)
        free(f->name[i]);
    free(f->name);
}
