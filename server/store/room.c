/* How much more a store can take, and who keeps it from using pages again. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>

#include "server/store/store_private.h"

enum err store_room(struct store *s, struct store_room *out)
{
    struct statvfs disk;
    MDB_envinfo info;
    MDB_stat stat;
    int fd;
    if (mdb_env_get_fd(s->env, &fd) != 0 || fstatvfs(fd, &disk) != 0 || mdb_env_info(s->env, &info) != 0 ||
        mdb_env_stat(s->env, &stat) != 0)
        return ERR_IO;
    uint64_t used = ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
    out->disk = (uint64_t)disk.f_bavail * disk.f_frsize;
    out->map = info.me_mapsize > used ? info.me_mapsize - used : 0;
    return ERR_OK;
}

bool store_in_place(struct store *s, int *fd)
{
    char path[PATH_MAX + sizeof "/store.mdb"];
    struct stat open_file, named;
    snprintf(path, sizeof path, "%s/store.mdb", s->dir);
    if (mdb_env_get_fd(s->env, fd) != 0 || fstat(*fd, &open_file) != 0)
        return true; /* that nothing tells is no removal */
    return stat(path, &named) == 0 ? named.st_dev == open_file.st_dev && named.st_ino == open_file.st_ino
                                   : errno != ENOENT && errno != ENOTDIR;
}

const char *store_dir(const struct store *s)
{
    return s->dir;
}

/* A line of mdb_reader_list: pid, thread, and the transaction that it reads, or "-". */
static int take_reader(const char *line, void *ctx)
{
    struct store_reader *oldest = ctx;
    long pid;
    unsigned long long txn;
    if (sscanf(line, "%ld %*x %llu", &pid, &txn) == 2 && (oldest->pid == 0 || txn < oldest->txn))
        *oldest = (struct store_reader){.pid = pid, .txn = txn};
    return 0;
}

enum err store_oldest_reader(struct store *s, struct store_reader *out)
{
    struct store_reader oldest = {.pid = 0};
    MDB_envinfo info;
    if (mdb_reader_list(s->env, take_reader, &oldest) < 0 || mdb_env_info(s->env, &info) != 0)
        return ERR_IO;
    if (oldest.pid == 0)
        return ERR_NOT_FOUND;
    oldest.behind = info.me_last_txnid > oldest.txn ? info.me_last_txnid - oldest.txn : 0;
    *out = oldest;
    return ERR_OK;
}
