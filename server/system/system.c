#include "server/system/system.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "common/base/ascii.h"
#include "common/base/id.h"
#include "common/base/mem.h"
#include "common/crypto/crypto.h"
#include "server/system/bounds.h"
#include "server/system/log.h"

enum { SLICE_NS = 100000, NICENESS = 10 };

int64_t clock_ms(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t clock_monotonic_us(void)
{
    struct timespec now;
    clock_gettime(CLOCK_BOOTTIME, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

enum { MOMENT_US = 100000 };

void clock_pair(int64_t *wall_ms, int64_t *monotonic_us)
{
    int64_t before_us;
    do { /* again, where the thread stood still in between */
        before_us = clock_monotonic_us();
        *wall_ms = clock_ms();
        *monotonic_us = clock_monotonic_us();
    } while (*monotonic_us - before_us > MOMENT_US);
}

enum { RANDOM_BLOCK = 4096 };

/* One per thread. A forked child must not repeat its parent's bytes: forks counts up in every child. */
static _Thread_local struct {
    uint8_t bytes[RANDOM_BLOCK];
    size_t left;
    unsigned fork;
} pool;
static unsigned forks;
static pthread_once_t forks_watched = PTHREAD_ONCE_INIT;

static void forked(void)
{
    forks++;
}
static void watch_forks(void)
{
    pthread_atfork(NULL, NULL, forked);
}

static void draw(uint8_t *out, size_t len)
{
    while (len > 0) {
        ssize_t n = getrandom(out, len, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            abort(); /* no entropy source: nothing that we sign or seal would be safe */
        out += n;
        len -= (size_t)n;
    }
}

void random_bytes(void *out, size_t len)
{
    pthread_once(&forks_watched, watch_forks);
    if (len > RANDOM_BLOCK / 4) {
        draw(out, len);
        return;
    }
    if (pool.left < len || pool.fork != forks) {
        draw(pool.bytes, sizeof pool.bytes);
        pool.left = sizeof pool.bytes;
        pool.fork = forks;
    }
    pool.left -= len;
    memcpy(out, pool.bytes + pool.left, len);
    crypto_wipe(pool.bytes + pool.left, len); /* what was handed out may have become a key */
}

void random_id(char prefix, char out[LIMIT_ID + 1])
{
    uint64_t number;
    random_bytes(&number, sizeof number);
    id_write(prefix, number, out);
}

enum err file_read(const char *path, size_t most, struct buf *out)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR ? ERR_NOT_FOUND : ERR_IO;
    enum err err = ERR_IO;
    size_t before = out->len;
    struct stat st;
    if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
        goto done;
    for (;;) {
        size_t want = (size_t)st.st_size >= out->len - before ? (size_t)st.st_size - (out->len - before) + 1 : 4096;
        bool fits = want <= most + 1 && out->len - before <= most + 1 - want; /* one more than may come */
        char *room = fits ? buf_room(out, want) : NULL;
        if (room == NULL) {
            err = ERR_TOO_LARGE;
            goto done;
        }
        ssize_t n = read(fd, room, want);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            goto done;
        if (n == 0)
            break;
        out->len += (size_t)n;
    }
    err = out->len - before <= most ? ERR_OK : ERR_TOO_LARGE;
done:
    if (err != ERR_OK)
        out->len = before;
    close(fd);
    return err;
}

static bool write_all(int fd, struct span data)
{
    while (data.len > 0) {
        ssize_t n = write(fd, data.ptr, data.len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return false;
        data = span_of(data.ptr + n, data.len - (size_t)n);
    }
    return true;
}

enum err dir_sync(const char *path)
{
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool good = fd >= 0 && fsync(fd) == 0;
    if (fd >= 0)
        close(fd);
    return good ? ERR_OK : ERR_IO;
}

enum err file_write_atomic(const char *path, struct span data, unsigned mode)
{
    char *temporary = xasprintf("%s.tmp", path), *copy = xstrdup(path);
    enum err err = unlink(temporary) == 0 || errno == ENOENT ? ERR_OK : ERR_IO;
    int fd = err == ERR_OK ? open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode) : -1;
    if (err != ERR_OK || fd < 0) {
        err = err == ERR_OK ? write_error() : err;
        goto done;
    }
    if (fchmod(fd, mode) != 0 || !write_all(fd, data) || fsync(fd) != 0)
        err = write_error();
    if (close(fd) != 0 && err == ERR_OK)
        err = write_error();
    if (err == ERR_OK)
        err = rename(temporary, path) == 0 ? dir_sync(dirname(copy)) : write_error();
    if (err != ERR_OK)
        unlink(temporary);
done:
    free(temporary);
    free(copy);
    return err;
}

enum err name_sync(const char *path)
{
    char *copy = xstrdup(path);
    enum err err = dir_sync(dirname(copy));
    free(copy);
    return err;
}

enum err write_error(void)
{
    return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? ERR_FULL : ERR_IO;
}

static enum err copy_all(int from, int to)
{
    static _Thread_local char piece[1 << 16];
    for (;;) {
        ssize_t n = read(from, piece, sizeof piece);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ERR_IO;
        if (n == 0)
            return fsync(to) == 0 ? ERR_OK : write_error();
        if (!write_all(to, span_of(piece, (size_t)n)))
            return write_error();
    }
}

static enum err copy_file(const char *from, const char *to)
{
    struct stat st;
    int in = open(from, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
    if (in < 0)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    int out = fstat(in, &st) == 0 && S_ISREG(st.st_mode) ? open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600) : -1;
    enum err err = out >= 0               ? copy_all(in, out)
                   : !S_ISREG(st.st_mode) ? ERR_IO
                   : errno == EEXIST      ? ERR_CONFLICT
                                          : write_error();
    close(in);
    if (out < 0)
        return err;
    if (close(out) != 0 && err == ERR_OK)
        err = write_error();
    if (err == ERR_OK)
        err = name_sync(to);
    if (err != ERR_OK)
        unlink(to);
    return err;
}

enum err file_copy(const char *from_dir, const char *to_dir, const char *name)
{
    char *from = xasprintf("%s/%s", from_dir, name), *to = xasprintf("%s/%s", to_dir, name);
    enum err err = copy_file(from, to);
    free(from);
    free(to);
    return err;
}

enum err path_rename(const char *from, const char *to)
{
    if (rename(from, to) != 0)
        return errno == EEXIST || errno == ENOTEMPTY || errno == ENOTDIR ? ERR_CONFLICT : ERR_IO;
    return name_sync(to);
}

/* ---- threads ---- */

/* sched_setattr(2), whose name and struct sched_attr glibc and the kernel's headers cannot agree on in Debian 12: of
 * SCHED_OTHER the runtime is the slice. */
static void short_slice(void)
{
    struct {
        uint32_t size, policy;
        uint64_t flags;
        int32_t nice;
        uint32_t priority;
        uint64_t runtime_ns, deadline_ns, period_ns;
    } attr = {.size = sizeof attr};
    if (syscall(SYS_sched_getattr, 0, &attr, sizeof attr, 0) != 0)
        return;
    attr.runtime_ns = SLICE_NS;
    syscall(SYS_sched_setattr, 0, &attr, 0);
}

static _Thread_local bool gives_way;

void thread_is(const char *name, enum thread_kind kind)
{
    pthread_setname_np(pthread_self(), name);
    gives_way = kind == THREAD_BEHIND;
    if (kind == THREAD_PROMPT)
        short_slice();
    else if (kind == THREAD_BEHIND)
        setpriority(PRIO_PROCESS, 0, NICENESS); /* on Linux of this thread alone */
}

void thread_give_way(void)
{
    if (gives_way)
        sched_yield();
}

void thread_start(pthread_t *out, void *(*run)(void *arg), void *arg)
{
    sigset_t all, before;
    sigfillset(&all);
    sigdelset(&all, SIGBUS);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    int rc = pthread_create(out, NULL, run, arg);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc == 0)
        return;
    complain("cannot start a thread: %s%s", strerror(rc), bounds_of_processes());
    _exit(STATUS_FAILED); /* there are others, which what runs at exit would pull the ground from under */
}
