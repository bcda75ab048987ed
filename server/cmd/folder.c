#include "server/cmd/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/mem.h"

enum { DEPTH = 16, CHUNK = 1 << 16 };

char *folder_path(const char *dir, const char *path)
{
    char *whole = NULL;
    if (asprintf(&whole, "%s/%s", dir, path) < 0)
        mem_exhausted();
    return whole;
}

static enum err folder_read(void *ctx, const char *path, uint64_t offset, size_t max, struct buf *out)
{
    char *whole = folder_path(ctx, path);
    int fd = open(whole, O_RDONLY | O_CLOEXEC);
    enum err err = fd >= 0 ? ERR_OK : errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO;
    while (err == ERR_OK && max > 0) {
        size_t want = max < CHUNK ? max : CHUNK;
        ssize_t n = pread(fd, buf_room(out, want), want, (off_t)offset);
        if (n == 0)
            break;
        if (n > 0) {
            out->len += (size_t)n;
            offset += (uint64_t)n;
            max -= (size_t)n;
        } else if (errno != EINTR) {
            err = ERR_IO;
        }
    }
    if (fd >= 0)
        close(fd);
    free(whole);
    return err;
}

struct walk {
    const char *dir;
    void (*each)(void *arg, const char *path);
    void *arg;
};

/* Everything that is not a folder is told, links and devices too: nothing may hide. */
static enum err walk_folder(const struct walk *w, const char *below, int depth)
{
    char *whole = folder_path(w->dir, below);
    DIR *d = depth < DEPTH ? opendir(whole) : NULL;
    free(whole);
    if (d == NULL)
        return ERR_IO;
    enum err err = ERR_OK;
    const struct dirent *entry;
    for (errno = 0; err == ERR_OK && (entry = readdir(d)) != NULL; errno = 0) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        char *path = *below ? folder_path(below, entry->d_name) : xstrdup(entry->d_name);
        char *full = folder_path(w->dir, path);
        struct stat st;
        if (lstat(full, &st) != 0)
            err = ERR_IO;
        else if (S_ISDIR(st.st_mode))
            err = walk_folder(w, path, depth + 1);
        else
            w->each(w->arg, path);
        free(full);
        free(path);
    }
    if (errno != 0)
        err = ERR_IO;
    closedir(d);
    return err;
}

static enum err folder_list(void *ctx, void (*each)(void *arg, const char *path), void *arg)
{
    struct walk w = {.dir = ctx, .each = each, .arg = arg};
    return walk_folder(&w, "", 0);
}

struct mirror folder_mirror(const char *dir)
{
    return (struct mirror){.read = folder_read, .list = folder_list, .ctx = (void *)dir};
}
