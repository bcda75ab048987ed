#include "server/cmd/made_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "server/check/check.h"
#include "server/cmd/child.h"
#include "server/cmd/data_folder.h"
#include "server/instance/instance_copy.h"
#include "server/system/log.h"
#include "server/system/options.h"
#include "server/system/system.h"

struct work {
    const struct making *making;
    const char *part;
};

static int make(const void *ctx)
{
    const struct work *w = ctx;
    return w->making->make(w->making, w->part);
}

static void tell_bad(void *ctx, const struct report_line *t)
{
    const struct work *w = ctx;
    if (t->judged && t->verdict != HOLDS)
        complain("%s: %s: %.*s", w->making->from, t->topic, (int)t->sentence.len, t->sentence.ptr);
}

static int check(const void *ctx)
{
    const struct work *w = ctx;
    struct check_figures figures;
    signal(SIGBUS, SIG_DFL);
    enum verdict all = check_folder(w->part, options_map_size(), tell_bad, (void *)(uintptr_t)w, &figures);
    return all == HOLDS ? STATUS_DONE : all == FAILS ? STATUS_FAILED : STATUS_CANNOT_TELL;
}

static char *name_of(const char *dir)
{
    char *name = xstrdup(dir);
    for (size_t len = strlen(name); len > 1 && name[len - 1] == '/'; len--)
        name[len - 1] = '\0';
    return name;
}

static bool is_same(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

bool made_folder_inside(const char *from, const char *name)
{
    struct stat st, at, up;
    char *copy = xstrdup(name), *path = xstrdup(dirname(copy));
    bool inside = false, more = stat(from, &st) == 0;
    while (more && !inside && strlen(path) < PATH_MAX && stat(path, &at) == 0) {
        inside = is_same(&st, &at);
        char *parent = xasprintf("%s/..", path);
        free(path);
        path = parent;
        more = stat(path, &up) == 0 && !is_same(&up, &at);
    }
    free(copy);
    free(path);
    return inside;
}

static _Noreturn void die_busy(const char *part)
{
    die("another countersign makes %s now: wait for it, or give another name", part);
}

/* Held as long as the folder is being filled; ends the command where another has it, or removed it meanwhile. -1: there
 * is none. */
static int lock_part(const char *part)
{
    struct stat locked, named;
    int fd = open(part, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 || fstat(fd, &locked) != 0 || stat(part, &named) != 0 ||
        !is_same(&locked, &named))
        die_busy(part);
    return fd;
}

/* What one that was cut off has left. */
static void remove_left(const char *part)
{
    int fd = lock_part(part);
    if (fd < 0 && errno == ENOENT)
        return;
    if (fd < 0 || !instance_copy_remove(part))
        die("%s is in the way, and holds something that is no copy of a data folder: move it away", part);
    close(fd);
}

void made_folder_clear(const char *part)
{
    int fd = open(part, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return;
    if (flock(fd, LOCK_EX | LOCK_NB) == 0 && !instance_copy_remove(part))
        complain("cannot remove %s, which was cut off", part);
    close(fd);
}

/* Only where there is nothing yet, or an empty folder. */
static char *make_part(const struct making *m, int *lock)
{
    struct stat st;
    if (m->dir[0] == '\0')
        decline("the name of the folder to make is empty: give one");
    char *name = name_of(m->dir), *part = xasprintf("%s.part", name);
    if (made_folder_inside(m->from, name))
        die("%s is inside of %s, of which it is to be a copy: give the name of a folder elsewhere", m->dir, m->from);
    free(name);
    if (lstat(m->dir, &st) == 0 && rmdir(m->dir) != 0)
        die("%s is there already: give the name of a new folder", m->dir);
    remove_left(part);
    bool made = mkdir(part, 0700) == 0;
    if (made)
        *lock = lock_part(part);
    if ((!made && errno == EEXIST) || (made && *lock < 0 && errno == ENOENT)) /* it took ours for what was left */
        die_busy(part);
    if (!made || *lock < 0)
        die("cannot make the folder %s: %s", part, strerror(errno));
    if (lstat(m->dir, &st) == 0) { /* another one has come to its end meanwhile */
        rmdir(part);
        die("%s is there already: give the name of a new folder", m->dir);
    }
    return part;
}

static void run(int (*step)(const void *ctx), const struct work *w, const char *what)
{
    int status = child_tried(what, step, w);
    if (status != -1 && WIFEXITED(status) && WEXITSTATUS(status) == STATUS_DONE)
        return;
    if (!instance_copy_remove(w->part))
        complain("cannot remove %s: %s", w->part, strerror(errno));
    if (status == -1)
        exit(STATUS_CANNOT_TELL);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL)
        die("%s: it was killed, as by a kernel that is short of memory: allow it more", what);
    if (WIFSIGNALED(status))
        die("%s: it ended by signal %d (%s): the store is damaged, or its disk does not read it; run `countersign "
            "check`",
            what, WTERMSIG(status), strsignal(WTERMSIG(status)));
    exit(WEXITSTATUS(status));
}

/* A name that the disk did not confirm is taken back: who finds DIR has a copy that stays there. */
static _Noreturn void die_unnamed(const char *part, const char *dir, enum err err, int cause)
{
    bool stands_in_part = rename(dir, part) == 0 || errno == ENOENT;
    die("the copy holds, and stands in %s; it cannot be called %s (%s): %s", stands_in_part ? part : dir, dir,
        err_word(err), strerror(cause));
}

static struct instance_mark mark_of(const char *part)
{
    struct instance_mark mark;
    const char *what;
    enum err err = instance_mark(part, options_map_size(), &mark, &what);
    if (err == ERR_OK)
        return mark;
    if (!instance_copy_remove(part))
        complain("cannot remove %s: %s", part, strerror(errno));
    data_folder_cannot(part, what, err, "stop that one");
}

struct instance_mark made_folder(const struct making *m)
{
    int lock;
    char *part = make_part(m, &lock);
    const struct work w = {m, part};
    run(make, &w, "copying");
    run(check, &w, "checking the copy");
    struct instance_mark mark = mark_of(part);
    enum err err = path_rename(part, m->dir);
    if (err != ERR_OK)
        die_unnamed(part, m->dir, err, errno);
    close(lock);
    free(part);
    return mark;
}
