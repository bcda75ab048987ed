/* Preloaded into a real `countersign`: what it does to the files under the folder that COUNTERSIGN_DISK names, and what
 * of that it has synced, goes to the file that COUNTERSIGN_TRACE names, in the order in which it was done (trace.h).
 * One call at a time, of all threads and processes. Bytes that go through a shared mapping are not seen: LMDB's map is
 * read-only, and what its lock file holds is made anew at each start. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#include "tests/crash/trace.h"

enum { FILES_MAX = 4096 };

static char root[PATH_MAX];
static int trace_fd = -1;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct tracked {
    uint64_t inode; /* 0: none of ours */
    bool dsync;
} tracked[FILES_MAX];

/* Calls the function of that name, of this one's type. */
#define NEXT(name, ...)                                                                                                \
    ({                                                                                                                 \
        static __typeof__(name) *next_##name;                                                                          \
        if (next_##name == NULL)                                                                                       \
            *(void **)&next_##name = dlsym(RTLD_NEXT, #name);                                                          \
        next_##name(__VA_ARGS__);                                                                                      \
    })

static void spoilt(const char *why)
{
    fprintf(stderr, "COUNTERSIGN_TRACE: %s: %s\n", why, strerror(errno));
    abort();
}

/* Calls and their records have one order. */
static void begin(void)
{
    pthread_mutex_lock(&lock);
    if (trace_fd >= 0 && flock(trace_fd, LOCK_EX) != 0)
        spoilt("flock");
}

static void end(void)
{
    int was = errno;
    if (trace_fd >= 0)
        flock(trace_fd, LOCK_UN);
    pthread_mutex_unlock(&lock);
    errno = was;
}

static void tell(struct trace t, const char *name, const char *to_name, const void *bytes)
{
    int was = errno;
    t.name_len = name != NULL ? (uint32_t)strlen(name) : 0;
    t.to_name_len = to_name != NULL ? (uint32_t)strlen(to_name) : 0;
    struct iovec parts[] = {{&t, sizeof t},
                            {(void *)(uintptr_t)name, t.name_len},
                            {(void *)(uintptr_t)to_name, t.to_name_len},
                            {(void *)(uintptr_t)bytes, t.op == TRACE_WRITE ? t.len : 0}};
    size_t all = 0;
    for (int i = 0; i < 4; i++)
        all += parts[i].iov_len;
    if (NEXT(writev, trace_fd, parts, 4) != (ssize_t)all)
        spoilt("writing");
    errno = was;
}

static __attribute__((constructor)) void open_trace(void)
{
    const char *folder = getenv("COUNTERSIGN_DISK"), *path = getenv("COUNTERSIGN_TRACE");
    struct stat st;
    if (folder == NULL || path == NULL)
        return;
    if (realpath(folder, root) == NULL || stat(root, &st) != 0)
        spoilt("COUNTERSIGN_DISK");
    trace_fd = NEXT(open, path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (trace_fd < 0)
        spoilt("open");
    begin();
    tell((struct trace){.op = TRACE_ROOT, .inode = st.st_ino}, NULL, NULL, NULL);
    end();
}

/* ---- where a path leads ---- */

struct place {
    char path[PATH_MAX], name[NAME_MAX + 1];
    uint64_t dir; /* the folder's inode */
};

static bool is_under(const char *path)
{
    size_t len = strlen(root);
    return strncmp(path, root, len) == 0 && (path[len] == '/' || path[len] == '\0');
}

/* false: it is none of ours, or leads nowhere. */
static bool locate(int at, const char *path, struct place *out)
{
    char whole[PATH_MAX] = "", folder[PATH_MAX];
    struct stat st;
    if (trace_fd < 0)
        return false;
    if (path[0] != '/' && at != AT_FDCWD) {
        char fd_path[64];
        snprintf(fd_path, sizeof fd_path, "/proc/self/fd/%d", at);
        ssize_t n = readlink(fd_path, whole, sizeof whole - 1);
        if (n < 0)
            return false;
        whole[n] = '\0';
    }
    size_t len = strlen(whole);
    if (snprintf(whole + len, sizeof whole - len, "%s%s", len > 0 ? "/" : "", path) >= (int)(sizeof whole - len))
        return false;
    while ((len = strlen(whole)) > 1 && whole[len - 1] == '/')
        whole[len - 1] = '\0';
    char *slash = strrchr(whole, '/');
    snprintf(out->name, sizeof out->name, "%s", slash != NULL ? slash + 1 : whole);
    if (slash != NULL)
        *slash = '\0';
    if (realpath(slash == NULL      ? "."
                 : whole[0] != '\0' ? whole
                                    : "/",
                 folder) == NULL ||
        !is_under(folder) || stat(folder, &st) != 0)
        return false;
    out->dir = st.st_ino;
    return snprintf(out->path, sizeof out->path, "%s/%s", folder, out->name) < (int)sizeof out->path;
}

static uint64_t inode_of(const char *path)
{
    struct stat st;
    return lstat(path, &st) == 0 ? st.st_ino : 0;
}

static void track(int fd, uint64_t inode, bool dsync)
{
    if (fd >= FILES_MAX)
        spoilt("too many files");
    tracked[fd] = (struct tracked){inode, dsync};
}

static bool is_tracked(int fd)
{
    return trace_fd >= 0 && fd >= 0 && fd < FILES_MAX && tracked[fd].inode != 0;
}

/* ---- files ---- */

static int opened(int at, const char *path, int flags, mode_t mode)
{
    struct place p;
    struct stat st;
    begin();
    bool ours = locate(at, path, &p), was = ours && inode_of(p.path) != 0;
    int fd = NEXT(openat, at, path, flags, mode);
    if (fd >= 0 && fd < FILES_MAX)
        tracked[fd].inode = 0;
    if (fd >= 0 && fstat(fd, &st) == 0 && (ours || st.st_ino == inode_of(root))) {
        track(fd, st.st_ino, (flags & O_DSYNC) != 0);
        if (ours && !was)
            tell((struct trace){.op = TRACE_MAKE, .inode = st.st_ino, .dir = p.dir}, p.name, NULL, NULL);
        else if (flags & O_TRUNC)
            tell((struct trace){.op = TRACE_LENGTH, .inode = st.st_ino}, NULL, NULL, NULL);
    }
    end();
    return fd;
}

/* Defines the call of that name, whose parameters end in flags and perhaps a mode. */
#define OPENS(name, parameters, at)                                                                                    \
    int name parameters                                                                                                \
    {                                                                                                                  \
        va_list args;                                                                                                  \
        va_start(args, flags);                                                                                         \
        mode_t mode = flags & (O_CREAT | __O_TMPFILE) ? va_arg(args, mode_t) : 0;                                      \
        va_end(args);                                                                                                  \
        return opened(at, path, flags, mode);                                                                          \
    }

OPENS(open, (const char *path, int flags, ...), AT_FDCWD)
OPENS(open64, (const char *path, int flags, ...), AT_FDCWD)
OPENS(openat, (int dir, const char *path, int flags, ...), dir)
OPENS(openat64, (int dir, const char *path, int flags, ...), dir)

int close(int fd)
{
    begin();
    if (is_tracked(fd))
        tracked[fd].inode = 0;
    int rc = NEXT(close, fd);
    end();
    return rc;
}

static void wrote(int fd, const void *bytes, ssize_t len, off_t at)
{
    if (len <= 0)
        return;
    tell((struct trace){.op = TRACE_WRITE, .inode = tracked[fd].inode, .at = (uint64_t)at, .len = (uint64_t)len}, NULL,
         NULL, bytes);
    if (tracked[fd].dsync)
        tell((struct trace){.op = TRACE_WRITTEN, .inode = tracked[fd].inode}, NULL, NULL, NULL);
}

static off_t place_of(int fd)
{
    return fcntl(fd, F_GETFL) & O_APPEND ? lseek(fd, 0, SEEK_END) : lseek(fd, 0, SEEK_CUR);
}

ssize_t write(int fd, const void *bytes, size_t len)
{
    if (!is_tracked(fd))
        return NEXT(write, fd, bytes, len);
    begin();
    off_t at = place_of(fd);
    ssize_t n = NEXT(write, fd, bytes, len);
    wrote(fd, bytes, n, at);
    end();
    return n;
}

static ssize_t written_at(int fd, const void *bytes, size_t len, off_t at)
{
    if (!is_tracked(fd))
        return NEXT(pwrite, fd, bytes, len, at);
    begin();
    ssize_t n = NEXT(pwrite, fd, bytes, len, at);
    wrote(fd, bytes, n, at);
    end();
    return n;
}

ssize_t pwrite(int fd, const void *bytes, size_t len, off_t at)
{
    return written_at(fd, bytes, len, at);
}

ssize_t pwrite64(int fd, const void *bytes, size_t len, off64_t at)
{
    return written_at(fd, bytes, len, at);
}

/* In pieces, as if each were a call. */
static ssize_t parts_written(int fd, const struct iovec *parts, int n, off_t at)
{
    ssize_t all = 0;
    for (int i = 0; i < n; i++) {
        ssize_t one = at < 0 ? write(fd, parts[i].iov_base, parts[i].iov_len)
                             : pwrite(fd, parts[i].iov_base, parts[i].iov_len, at + all);
        if (one < 0)
            return all > 0 ? all : -1;
        all += one;
        if ((size_t)one < parts[i].iov_len)
            break;
    }
    return all;
}

ssize_t writev(int fd, const struct iovec *parts, int n)
{
    return is_tracked(fd) ? parts_written(fd, parts, n, -1) : NEXT(writev, fd, parts, n);
}

ssize_t pwritev(int fd, const struct iovec *parts, int n, off_t at)
{
    return is_tracked(fd) ? parts_written(fd, parts, n, at) : NEXT(pwritev, fd, parts, n, at);
}

ssize_t pwritev64(int fd, const struct iovec *parts, int n, off64_t at)
{
    return is_tracked(fd) ? parts_written(fd, parts, n, at) : NEXT(pwritev64, fd, parts, n, at);
}

static void lengthened(int fd, off_t len)
{
    tell((struct trace){.op = TRACE_LENGTH, .inode = tracked[fd].inode, .at = (uint64_t)len}, NULL, NULL, NULL);
}

int ftruncate(int fd, off_t len)
{
    begin();
    int rc = NEXT(ftruncate, fd, len);
    if (rc == 0 && is_tracked(fd))
        lengthened(fd, len);
    end();
    return rc;
}

int ftruncate64(int fd, off64_t len)
{
    return ftruncate(fd, len);
}

int posix_fallocate(int fd, off_t at, off_t len)
{
    struct stat st;
    begin();
    int rc = NEXT(posix_fallocate, fd, at, len);
    if (rc == 0 && is_tracked(fd) && fstat(fd, &st) == 0)
        lengthened(fd, st.st_size);
    end();
    return rc;
}

static int synced(int fd, int (*call)(int fd))
{
    begin();
    int rc = call(fd);
    if (rc == 0 && is_tracked(fd))
        tell((struct trace){.op = TRACE_SYNC, .inode = tracked[fd].inode}, NULL, NULL, NULL);
    end();
    return rc;
}

static int next_fsync(int fd)
{
    return NEXT(fsync, fd);
}

static int next_fdatasync(int fd)
{
    return NEXT(fdatasync, fd);
}

int fsync(int fd)
{
    return synced(fd, next_fsync);
}

int fdatasync(int fd)
{
    return synced(fd, next_fdatasync);
}

/* ---- names ---- */

static int made_dir(int at, const char *path, mode_t mode)
{
    struct place p;
    begin();
    bool ours = locate(at, path, &p);
    int rc = NEXT(mkdirat, at, path, mode);
    if (rc == 0 && ours)
        tell((struct trace){.op = TRACE_MAKE_DIR, .inode = inode_of(p.path), .dir = p.dir}, p.name, NULL, NULL);
    end();
    return rc;
}

int mkdir(const char *path, mode_t mode)
{
    return made_dir(AT_FDCWD, path, mode);
}

int mkdirat(int dir, const char *path, mode_t mode)
{
    return made_dir(dir, path, mode);
}

static int removed(int at, const char *path, int flags)
{
    struct place p;
    begin();
    bool ours = locate(at, path, &p);
    int rc = NEXT(unlinkat, at, path, flags);
    if (rc == 0 && ours)
        tell((struct trace){.op = TRACE_REMOVE, .dir = p.dir}, p.name, NULL, NULL);
    end();
    return rc;
}

int unlink(const char *path)
{
    return removed(AT_FDCWD, path, 0);
}

int unlinkat(int dir, const char *path, int flags)
{
    return removed(dir, path, flags);
}

int rmdir(const char *path)
{
    return removed(AT_FDCWD, path, AT_REMOVEDIR);
}

static int moved(int from_dir, const char *from, int to_dir, const char *to)
{
    struct place a, b;
    begin();
    bool ours = locate(from_dir, from, &a) && locate(to_dir, to, &b);
    int rc = NEXT(renameat, from_dir, from, to_dir, to);
    if (rc == 0 && ours)
        tell((struct trace){.op = TRACE_MOVE, .inode = inode_of(b.path), .dir = a.dir, .to_dir = b.dir}, a.name, b.name,
             NULL);
    end();
    return rc;
}

int rename(const char *from, const char *to)
{
    return moved(AT_FDCWD, from, AT_FDCWD, to);
}

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    return moved(from_dir, from, to_dir, to);
}

int link(const char *from, const char *to)
{
    struct place p;
    begin();
    bool ours = locate(AT_FDCWD, to, &p);
    int rc = NEXT(link, from, to);
    if (rc == 0 && ours)
        tell((struct trace){.op = TRACE_LINK, .inode = inode_of(p.path), .dir = p.dir}, p.name, NULL, NULL);
    end();
    return rc;
}

/* ---- what nobody here does; who begins to has to be taught to this file ---- */

#define IS_NOT_RECORDED(name, parameters, ...)                                                                         \
    int name parameters                                                                                                \
    {                                                                                                                  \
        if (trace_fd >= 0 && locate(from_dir, from, &(struct place){.dir = 0})) {                                      \
            fprintf(stderr, #name " is not recorded\n");                                                               \
            abort();                                                                                                   \
        }                                                                                                              \
        return NEXT(name, __VA_ARGS__);                                                                                \
    }

IS_NOT_RECORDED(renameat2, (int from_dir, const char *from, int to_dir, const char *to, unsigned flags), from_dir, from,
                to_dir, to, flags)
IS_NOT_RECORDED(linkat, (int from_dir, const char *from, int to_dir, const char *to, int flags), from_dir, from, to_dir,
                to, flags)

void *mmap(void *at, size_t len, int prot, int flags, int fd, off_t from)
{
    struct stat st;
    if (fd >= 0 && (prot & PROT_WRITE) && (flags & MAP_SHARED) && is_tracked(fd) && fstat(fd, &st) == 0 &&
        st.st_size > 1 << 20) {
        fprintf(stderr, "what is written through a mapping is not recorded\n");
        abort();
    }
    return NEXT(mmap, at, len, prot, flags, fd, from);
}
