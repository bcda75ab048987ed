#include "server/cmd/made_folder.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
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

/* Only where there is nothing yet, or an empty folder. */
static char *make_part(const char *dir)
{
    struct stat st;
    char *name = xstrdup(dir);
    for (size_t len = strlen(name); len > 1 && name[len - 1] == '/'; len--)
        name[len - 1] = '\0';
    char *part = xasprintf("%s.part", name);
    free(name);
    if (stat(dir, &st) == 0 && rmdir(dir) != 0)
        die("%s is there already: give the name of a new folder", dir);
    if (!instance_copy_remove(part))
        die("%s is in the way, and holds something that is no copy of a data folder: move it away", part);
    if (mkdir(part, 0700) != 0)
        die("cannot make the folder %s: %s", part, strerror(errno));
    return part;
}

static void run(int (*step)(const void *ctx), const struct work *w, const char *what)
{
    int status = child_run(what, step, w);
    if (WIFEXITED(status) && WEXITSTATUS(status) == STATUS_DONE)
        return;
    if (!instance_copy_remove(w->part))
        complain("cannot remove %s: %s", w->part, strerror(errno));
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
    char *part = make_part(m->dir);
    const struct work w = {m, part};
    run(make, &w, "copying");
    run(check, &w, "checking the copy");
    struct instance_mark mark = mark_of(part);
    enum err err = path_rename(part, m->dir);
    if (err != ERR_OK)
        die_unnamed(part, m->dir, err, errno);
    free(part);
    return mark;
}
