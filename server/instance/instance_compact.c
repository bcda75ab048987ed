/* The store without its free pages, in its own place: copied into DIR/compact, compared row by row, synced, and moved
 * over the one that was there. Whatever ends it before that leaves the store as it was; DIR/compact is in nobody's way.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "server/instance/instance_copy.h"
#include "server/system/system.h"

enum err instance_copy_store(struct store *s, const char *to)
{
    char *path = xasprintf("%s/store.mdb", to);
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    free(path);
    if (fd < 0)
        return write_error();
    enum err err = store_copy(s, fd);
    if (err == ERR_OK && fsync(fd) != 0)
        err = write_error();
    return close(fd) != 0 && err == ERR_OK ? ERR_IO : err;
}

static enum err removed(const char *dir, const char *name)
{
    char *path = xasprintf("%s/%s", dir, name);
    enum err err = unlink(path) == 0 || errno == ENOENT || errno == ENOTDIR ? ERR_OK : ERR_IO;
    free(path);
    return err;
}

static enum err clear_aside(const char *aside)
{
    enum err err = removed(aside, "store.mdb");
    if (err == ERR_OK)
        err = removed(aside, "store.mdb-lock");
    return err == ERR_OK && rmdir(aside) != 0 && errno != ENOENT ? ERR_IO : err;
}

/* Another process that reads the old file would share LMDB's table of readers with who opens the new one. */
static enum err read_by_nobody(struct store *s)
{
    struct store_reader oldest;
    store_check_readers(s);
    enum err err = store_oldest_reader(s, &oldest);
    return err == ERR_OK ? ERR_BUSY : err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err make_aside(struct store *s, const char *aside, uint64_t map_size)
{
    struct store *copy = NULL;
    enum err err = mkdir(aside, 0700) == 0 ? ERR_OK : write_error();
    if (err == ERR_OK)
        err = instance_copy_store(s, aside);
    if (err == ERR_OK)
        err = store_open(aside, STORE_READ, map_size, &copy);
    if (err == ERR_OK)
        err = store_same(s, copy);
    store_close(copy);
    return err;
}

static enum err put_in_place(const char *aside, const char *dir)
{
    char *from = xasprintf("%s/store.mdb", aside), *to = xasprintf("%s/store.mdb", dir);
    enum err err = rename(from, to) == 0 ? removed(dir, "store.mdb-lock") : ERR_IO;
    if (err == ERR_OK)
        err = dir_sync(dir);
    free(from);
    free(to);
    return err;
}

enum err instance_compact(const char *dir, uint64_t map_size, struct compacted *out, const char **what)
{
    struct instance in;
    struct stat before, after;
    enum err err = instance_open(&in, dir, STORE_SERVE, map_size, what);
    if (err != ERR_OK)
        return err;
    char *aside = xasprintf("%s/compact", dir), *store = xasprintf("%s/store.mdb", dir);
    *what = "the store";
    err = stat(store, &before) == 0 ? read_by_nobody(in.store) : ERR_IO;
    if (err == ERR_OK)
        err = clear_aside(aside);
    if (err == ERR_OK)
        err = make_aside(in.store, aside, map_size);
    if (err == ERR_OK)
        err = put_in_place(aside, dir);
    bool tidy = clear_aside(aside) == ERR_OK;
    (void)tidy; /* what is left is in nobody's way */
    if (err == ERR_OK && stat(store, &after) != 0)
        err = ERR_IO;
    if (err == ERR_OK)
        *out = (struct compacted){.before = (uint64_t)before.st_size, .after = (uint64_t)after.st_size};
    instance_close(&in);
    free(aside);
    free(store);
    return err;
}
