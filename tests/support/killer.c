/* Preloaded into a real `countersign pull` or `compact`: the process dies by SIGKILL in front of its n-th step on the
 * disk (a folder made, a file made, moved or removed, all synced), n as COUNTERSIGN_KILL_AT says. No time is lost in
 * waits. */
#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static void step(void)
{
    static int steps;
    const char *at = getenv("COUNTERSIGN_KILL_AT");
    if (at != NULL && ++steps == strtol(at, NULL, 10))
        raise(SIGKILL);
}

#define REAL(type, name, ...)                                                                                          \
    static type (*real)(__VA_ARGS__);                                                                                  \
    if (real == NULL)                                                                                                  \
        *(void **)&real = dlsym(RTLD_NEXT, name);

int renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    REAL(int, "renameat", int, const char *, int, const char *)
    step();
    return real(from_dir, from, to_dir, to);
}

int unlinkat(int dir, const char *path, int flags)
{
    REAL(int, "unlinkat", int, const char *, int)
    step();
    return real(dir, path, flags);
}

int mkdirat(int dir, const char *path, mode_t mode)
{
    REAL(int, "mkdirat", int, const char *, mode_t)
    step();
    return real(dir, path, mode);
}

int syncfs(int fd)
{
    REAL(int, "syncfs", int)
    step();
    return real(fd);
}

int openat(int dir, const char *path, int flags, ...)
{
    REAL(int, "openat", int, const char *, int, mode_t)
    mode_t mode = 0;
    va_list args;
    va_start(args, flags);
    if (flags & O_CREAT)
        mode = va_arg(args, mode_t);
    va_end(args);
    if (flags & O_CREAT)
        step();
    return real(dir, path, flags, mode);
}

/* Steps by path, of `compact`: only where COUNTERSIGN_KILL_PATHS is set. */
static void step_by_path(void)
{
    if (getenv("COUNTERSIGN_KILL_PATHS") != NULL)
        step();
}

int rename(const char *from, const char *to)
{
    REAL(int, "rename", const char *, const char *)
    step_by_path();
    return real(from, to);
}

int unlink(const char *path)
{
    REAL(int, "unlink", const char *)
    step_by_path();
    return real(path);
}

int rmdir(const char *path)
{
    REAL(int, "rmdir", const char *)
    step_by_path();
    return real(path);
}

int mkdir(const char *path, mode_t mode)
{
    REAL(int, "mkdir", const char *, mode_t)
    step_by_path();
    return real(path, mode);
}

int fsync(int fd)
{
    REAL(int, "fsync", int)
    step_by_path();
    return real(fd);
}

int usleep(useconds_t us)
{
    (void)us;
    return 0;
}
