/* The store's file is written with zeros ahead of what LMDB puts there, by a thread of its own: a commit that makes a
 * file longer syncs its length and the place of its blocks beside the pages, one that fills blocks that are there does
 * not. The zeros are appended: the kernel puts them behind whatever stands in the file by then, so that none of LMDB's
 * pages is ever overwritten, however the two meet. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "server/store/store_private.h"
#include "server/system/log.h"
#include "server/system/system.h"

enum {
    PAGE = 4096,         /* what O_DIRECT wants all to be multiples of */
    STEP_MOST = 1 << 20, /* bytes that are synced at once: what a commit may have to wait behind */
    STEPS = 4,           /* of what is wanted */
    STORES = 4,          /* times as much as is wanted are in use before it is worth while */
    DISKS = 16           /* times as much are free: the last of a disk is not for zeros */
};

struct zeros {
    struct store *store;
    int fd;
    uint64_t wanted;      /* bytes */
    _Atomic uint64_t end; /* of the file, as this thread left it */
    atomic_bool asked, stop, ended;
    sem_t ask;
    pthread_t thread;
};

static bool disk_has_room(const struct zeros *z)
{
    struct statvfs disk;
    return fstatvfs(z->fd, &disk) == 0 && (uint64_t)disk.f_bavail * disk.f_frsize / DISKS > z->wanted;
}

/* Of the file that is open, or nothing: another one may have its name by now. */
static int open_again(struct store *s)
{
    char path[PATH_MAX + sizeof "/store.mdb"];
    struct stat ours, other;
    int at;
    snprintf(path, sizeof path, "%s/store.mdb", s->dir);
    int fd = open(path, O_WRONLY | O_APPEND | O_DIRECT | O_CLOEXEC);
    if (fd >= 0 && mdb_env_get_fd(s->env, &at) == 0 && fstat(at, &ours) == 0 && fstat(fd, &other) == 0 &&
        ours.st_dev == other.st_dev && ours.st_ino == other.st_ino)
        return fd;
    if (fd >= 0)
        close(fd);
    return -1;
}

/* A failed sync is LMDB's as well, whose next commit fails by it. */
static bool append(struct zeros *z)
{
    static _Alignas(PAGE) char none[STEP_MOST];
    size_t step = z->wanted / STEPS < STEP_MOST ? (size_t)z->wanted / STEPS : STEP_MOST;
    step -= step % PAGE;
    ssize_t n = write(z->fd, none, step);
    if (n > 0 && fdatasync(z->fd) == 0) {
        atomic_fetch_add(&z->end, (uint64_t)n);
        return true;
    }
    log_line(LOG_WARN, 0, "store_ahead", "no zeros are written ahead in store.mdb any more: %s; commits do without",
             strerror(errno));
    atomic_store(&z->ended, true);
    return false;
}

static void grow(struct zeros *z)
{
    struct stat file;
    if (fstat(z->fd, &file) != 0)
        return;
    atomic_store(&z->end, (uint64_t)file.st_size);
    while (!atomic_load(&z->stop) && atomic_load(&z->end) < store_bytes_used(z->store) + z->wanted && disk_has_room(z))
        if (!append(z))
            return;
}

static void *zeros_main(void *arg)
{
    struct zeros *z = arg;
    thread_is("zeros", THREAD_EQUAL);
    while ((sem_wait(&z->ask) == 0 || errno == EINTR) && !atomic_load(&z->stop)) {
        atomic_store(&z->asked, false);
        grow(z);
    }
    return NULL;
}

void store_write_ahead(struct store *s, uint64_t bytes)
{
    int fd = bytes >= STEPS * PAGE && s->zeros == NULL ? open_again(s) : -1;
    if (fd < 0)
        return;
    struct zeros *z = xcalloc(1, sizeof *z);
    z->store = s;
    z->fd = fd;
    z->wanted = bytes;
    sem_init(&z->ask, 0, 0);
    s->zeros = z;
    thread_start(&z->thread, zeros_main, z);
}

void zeros_committed(struct zeros *z)
{
    if (z == NULL || atomic_load(&z->ended) || atomic_load(&z->asked))
        return;
    uint64_t used = store_bytes_used(z->store);
    if (used / STORES < z->wanted || used + z->wanted / STEPS * (STEPS - 1) < atomic_load(&z->end))
        return;
    atomic_store(&z->asked, true);
    sem_post(&z->ask);
}

void zeros_close(struct zeros *z)
{
    if (z == NULL)
        return;
    atomic_store(&z->stop, true);
    sem_post(&z->ask);
    pthread_join(z->thread, NULL);
    sem_destroy(&z->ask);
    close(z->fd);
    free(z);
}
