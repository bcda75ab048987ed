/* What a pull takes of a server's answers. The server is not trusted: whatever it sends is held to what it can be, as
 * it comes. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "common/base/text.h"
#include "server/cmd/pull_private.h"
#include "server/cmd/staging.h"
#include "server/system/log.h"
#include "server/system/system.h"

static const char *take_whole(void *ctx, struct span bytes)
{
    buf_span_add(ctx, bytes);
    return NULL;
}

struct span pull_fetch(struct pull *p, const char *what, uint64_t most)
{
    buf_clear(&p->body);
    download_get(p->from, what, most, take_whole, &p->body);
    return buf_span(&p->body);
}

bool pull_fetch_unless(struct pull *p, long no, const char *what, uint64_t most)
{
    buf_clear(&p->body);
    return download_get_unless(p->from, no, what, most, take_whole, &p->body);
}

void pull_keep(struct pull *p, const char *path, struct span bytes)
{
    staging_write(path, bytes);
    p->files++;
}

void pull_refuse(const struct pull *p, const char *what, const char *is_no)
{
    die("%s%s is not %s: nothing of this pull was kept", download_url(p->from), what, is_no);
}

void pull_doubt(struct pull *p, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    p->differs = true;
    if (p->refusal[0] == '\0')
        vsnprintf(p->refusal, sizeof p->refusal, fmt, args);
    va_end(args);
}

void pull_miss(struct pull *p, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    if (p->refusal[0] == '\0')
        vsnprintf(p->refusal, sizeof p->refusal, fmt, args);
    va_end(args);
}

enum err pull_old(struct pull *p, const char *path, size_t most, struct buf *out)
{
    struct mirror m = folder_mirror(p->folder);
    buf_clear(out);
    enum err err = m.read(m.ctx, path, 0, most, out);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        die("cannot read %s/%s: %s", p->dir, path, strerror(errno));
    return err;
}

/* ---- pages ---- */

/* A page covers so many indexes, or it is the last (FORMATS.md); a server that gives fewer keeps its client busy. */
enum { PAGE_LEAST = 1000 };

/* from={N}&to={size} on the same path, where N has grown as a page makes it. */
bool pull_is_next_page(struct span next, const char *path, uint64_t size, uint64_t *from)
{
    char want[32];
    struct span number;
    uint64_t n;
    snprintf(want, sizeof want, "to=%" PRIu64, size);
    if (!span_starts(next, path))
        return false;
    next = span_skip(next, strlen(path));
    if (!span_starts(next, "?from=") || !text_cut(&next, '&', &number) || !span_is(next, want) ||
        parse_u64(span_skip(number, 6), &n) != ERR_OK || n < *from + PAGE_LEAST || n > size)
        return false;
    *from = n;
    return true;
}

/* ---- lines ---- */

static const char *write_all(int fd, struct span bytes)
{
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return write_error() == ERR_FULL ? "the disk is full: free some space and pull again"
                                             : "it cannot be written to the disk";
        bytes = span_skip(bytes, (size_t)n);
    }
    return NULL;
}

const char *pull_lines_take(struct pull_lines *l, struct span bytes)
{
    struct span rest = bytes, front;
    bool whole = true;
    while (whole && rest.len > 0) {
        whole = text_cut(&rest, '\n', &front);
        if (!whole)
            front = rest;
        if (front.len > l->longest - l->line.len)
            return "it holds a line longer than any can be";
        buf_span_add(&l->line, front);
        if (!whole)
            break;
        const char *wrong =
            l->left-- == 0 ? "it holds more lines than it can have" : l->good(l->ctx, buf_span(&l->line));
        if (wrong != NULL)
            return wrong;
        buf_clear(&l->line);
    }
    return write_all(l->fd, bytes);
}

static const char *take_lines(void *ctx, struct span bytes)
{
    return pull_lines_take(ctx, bytes);
}

const char *pull_good_object(void *ctx, struct span line)
{
    bool object = line.len >= 2 && line.ptr[0] == '{' && line.ptr[line.len - 1] == '}';
    (void)ctx;
    return object ? NULL : "it holds a line that is no JSON object";
}

void pull_lines_begin(struct pull_lines *l, const char *path)
{
    buf_heap(&l->line);
    l->fd = staging_create(path);
}

void pull_lines_fetch(struct pull *p, struct pull_lines *l, const char *what, uint64_t most)
{
    download_get(p->from, what, most, take_lines, l);
    if (l->line.len > 0)
        pull_refuse(p, what, "whole: its last line has no end");
}

void pull_lines_end(struct pull *p, struct pull_lines *l, const char *path)
{
    if (close(l->fd) != 0)
        die("cannot write %s/%s: %s", p->dir, path, strerror(errno));
    buf_free(&l->line);
    p->files++;
}
