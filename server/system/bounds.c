#include "server/system/bounds.h"

#include <pthread.h>
#include <stdio.h>
#include <sys/resource.h>

#include "server/system/log.h"

enum { KIB = 1024 };

static const struct need {
    int which;
    rlim_t least, wanted;
    unsigned unit;
    const char *what, *of, *cure;
} needs[] = {
    {RLIMIT_STACK, 256 * KIB, 8192 * KIB, KIB, "the stack", "KiB", "ulimit -s, LimitSTACK"},
    {RLIMIT_NOFILE, 16, 64, 1, "open files", "files", "ulimit -n, LimitNOFILE"},
};

static void need(const struct need *n)
{
    struct rlimit limit;
    if (getrlimit(n->which, &limit) != 0 || limit.rlim_cur >= n->wanted)
        return;
    limit.rlim_cur = limit.rlim_max < n->wanted ? limit.rlim_max : n->wanted;
    (void)setrlimit(n->which, &limit);
    if (getrlimit(n->which, &limit) == 0 && limit.rlim_cur < n->least)
        decline("the limit on %s, %llu %s, is too low: raise it to %llu (%s)", n->what,
                (unsigned long long)limit.rlim_cur / n->unit, n->of, (unsigned long long)n->wanted / n->unit, n->cure);
}

void bounds_begin(void)
{
    pthread_attr_t attr;
    for (size_t i = 0; i < sizeof needs / sizeof *needs; i++)
        need(&needs[i]);
    if (pthread_attr_init(&attr) != 0)
        return;
    /* else as large as the limit on the first thread's, in bytes of the limits on memory too */
    (void)pthread_attr_setstacksize(&attr, THREAD_STACK);
    (void)pthread_setattr_default_np(&attr);
    pthread_attr_destroy(&attr);
}

static const char *bounded(int which, char *out, size_t len, const char *what, const char *cure)
{
    struct rlimit limit;
    if (getrlimit(which, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY)
        return "";
    snprintf(out, len, " (the limit on %s is %llu: %s)", what, (unsigned long long)limit.rlim_cur, cure);
    return out;
}

const char *bounds_of_memory(void)
{
    static _Thread_local char text[128];
    const char *of = bounded(RLIMIT_AS, text, sizeof text, "the bytes of addresses, the store's map among them,",
                             "ulimit -v, LimitAS");
    return *of != '\0' ? of : bounded(RLIMIT_DATA, text, sizeof text, "the bytes of memory", "ulimit -d, LimitDATA");
}

const char *bounds_of_files(void)
{
    static _Thread_local char text[128];
    return bounded(RLIMIT_FSIZE, text, sizeof text, "the bytes of a file", "ulimit -f, LimitFSIZE");
}

const char *bounds_of_processes(void)
{
    static _Thread_local char text[160];
    const char *of = bounds_of_memory();
    return *of != '\0'
               ? of
               : bounded(RLIMIT_NPROC, text, sizeof text, "this user's processes and threads", "ulimit -u, LimitNPROC");
}
