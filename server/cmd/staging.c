#include "server/cmd/staging.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "server/system/bounds.h"
#include "server/system/log.h"
#include "server/system/system.h"

enum { PATH_CAP = 256, PIECE = 1 << 16 };

/* One a process: it has to be dropped wherever the process ends. */
static struct {
    struct folder *folder;
    const char *dir;
    bool placing;
    const char *const *heads;
    size_t n_heads;
} staging;

static const char *staged(const char *path, char out[PATH_CAP])
{
    snprintf(out, PATH_CAP, "%s/%s", MIRROR_SIDE, path);
    return out;
}

static _Noreturn void cannot_write(const char *path)
{
    if (write_error() == ERR_FULL)
        die("cannot write %s/%s: the disk is full; free some space and pull again%s", staging.dir, path,
            bounds_of_files());
    die("cannot write %s/%s: %s", staging.dir, path, strerror(errno));
}

void staging_open(struct folder *f, const char *dir)
{
    if (folder_remove_tree(f, MIRROR_SIDE) != ERR_OK)
        die("cannot remove %s/%s, which an earlier pull left: %s", dir, MIRROR_SIDE, strerror(errno));
    staging.folder = f;
    staging.dir = dir;
}

void staging_resume(struct folder *f, const char *dir)
{
    staging.folder = f;
    staging.dir = dir;
    staging.placing = true;
}

void staging_drop(void)
{
    if (staging.folder != NULL && !staging.placing && folder_remove_tree(staging.folder, MIRROR_SIDE) != ERR_OK)
        complain("cannot remove %s/%s: %s", staging.dir, MIRROR_SIDE, strerror(errno));
}

int staging_create(const char *path)
{
    char whole[PATH_CAP];
    int fd = folder_create(staging.folder, staged(path, whole));
    if (fd < 0)
        cannot_write(whole);
    return fd;
}

void staging_write(const char *path, struct span bytes)
{
    int fd = staging_create(path);
    while (bytes.len > 0) {
        ssize_t n = write(fd, bytes.ptr, bytes.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            cannot_write(path);
        bytes = span_skip(bytes, (size_t)n);
    }
    if (close(fd) != 0)
        cannot_write(path);
}

bool staging_has(const char *path)
{
    char whole[PATH_CAP];
    uint64_t size;
    enum err err = folder_size(staging.folder, staged(path, whole), &size);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        die("cannot read %s/%s: %s; pull again", staging.dir, whole, strerror(errno));
    return err == ERR_OK;
}

enum err staging_read(const char *path, size_t max, struct buf *out)
{
    char whole[PATH_CAP];
    struct mirror m = folder_mirror(staging.folder);
    enum err err = m.read(m.ctx, staged(path, whole), 0, max, out);
    return err == ERR_NOT_FOUND ? m.read(m.ctx, path, 0, max, out) : err;
}

/* A folder, or something else that no file can take the place of, is known before anything is moved. */
static void look_ahead(void *arg, const char *whole)
{
    const char *path = whole + sizeof MIRROR_SIDE;
    uint64_t size;
    (void)arg;
    if (folder_size(staging.folder, whole, &size) != ERR_OK)
        die("%s/%s is no file: move it away, and pull again", staging.dir, whole);
    if (folder_size(staging.folder, path, &size) == ERR_CONFLICT)
        die("%s/%s is in the way of a file of that name: move it away, and pull again", staging.dir, path);
}

bool staging_differs(const char *path)
{
    struct mirror m = folder_mirror(staging.folder);
    char whole[PATH_CAP];
    struct buf old, now;
    uint64_t at = 0;
    bool differs = false, ended = false;
    buf_heap(&old);
    buf_heap(&now);
    while (!differs && !ended) {
        buf_clear(&old);
        buf_clear(&now);
        enum err err = m.read(m.ctx, path, at, PIECE, &old);
        if (err == ERR_NOT_FOUND)
            break;
        if (err != ERR_OK || m.read(m.ctx, staged(path, whole), at, PIECE, &now) != ERR_OK)
            die("cannot read %s in %s again: %s", path, staging.dir, strerror(errno));
        differs = !span_eq(buf_span(&old), buf_span(&now));
        ended = now.len < PIECE;
        at += PIECE;
    }
    buf_free(&old);
    buf_free(&now);
    return differs;
}

static void place(const char *path)
{
    char whole[PATH_CAP];
    if (folder_move(staging.folder, staged(path, whole), path) != ERR_OK)
        die("cannot put %s in its place in %s: %s; the mirror is half old and half new: pull again", path, staging.dir,
            strerror(errno));
}

static void place_one(void *arg, const char *whole)
{
    (void)arg;
    const char *path = whole + sizeof MIRROR_SIDE;
    bool later = strcmp(whole, MIRROR_HALFWAY) == 0;
    for (size_t i = 0; i < staging.n_heads; i++)
        later |= strcmp(path, staging.heads[i]) == 0;
    if (!later)
        place(path);
}

static void sync_all(void)
{
    if (folder_sync(staging.folder) != ERR_OK)
        die("cannot write %s to the disk: %s", staging.dir, strerror(errno));
}

/* Whoever finds the mark finds all that was staged. */
static void mark(void)
{
    sync_all();
    staging_write(MIRROR_HALFWAY_NAME, SPAN(""));
    sync_all();
}

void staging_place(const char *const *heads, size_t n_heads)
{
    if (folder_list(staging.folder, MIRROR_SIDE, look_ahead, NULL) != ERR_OK)
        die("cannot read %s/%s to its end: %s", staging.dir, folder_unlisted(staging.folder), strerror(errno));
    if (!staging.placing)
        mark();
    staging.heads = heads;
    staging.n_heads = n_heads;
    staging.placing = true;
    if (folder_list(staging.folder, MIRROR_SIDE, place_one, NULL) != ERR_OK)
        die("cannot read %s/%s to its end: %s; pull again", staging.dir, folder_unlisted(staging.folder),
            strerror(errno));
    for (size_t i = 0; i < n_heads; i++)
        if (staging_has(heads[i]))
            place(heads[i]);
}

enum err staging_move_out(const char *to)
{
    enum err err = folder_sync(staging.folder);
    if (err == ERR_OK)
        err = folder_move_out(staging.folder, MIRROR_SIDE, to);
    if (err == ERR_OK && folder_sync(staging.folder) != ERR_OK)
        complain("%s is not on the disk for good yet: %s", to, strerror(errno));
    if (err == ERR_OK)
        staging.folder = NULL;
    return err;
}

void staging_close(void)
{
    sync_all();
    if (folder_remove_tree(staging.folder, MIRROR_SIDE) != ERR_OK)
        die("cannot remove %s/%s: %s", staging.dir, MIRROR_SIDE, strerror(errno));
    staging.folder = NULL;
    staging.placing = false;
}
