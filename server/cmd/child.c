#include "server/cmd/child.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "server/system/bounds.h"
#include "server/system/log.h"

int child_tried(const char *called, int (*run)(const void *ctx), const void *ctx)
{
    int status = 0;
    fflush(stdout);
    pid_t child = fork();
    if (child < 0) {
        complain("cannot start %s: %s%s", called, strerror(errno), bounds_of_processes());
        return -1;
    }
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL); /* nobody would hear its answer */
        exit(run(ctx));
    }
    if (waitpid(child, &status, 0) == child)
        return status;
    complain("cannot wait for %s: %s", called, strerror(errno));
    return -1;
}

int child_run(const char *called, int (*run)(const void *ctx), const void *ctx)
{
    int status = child_tried(called, run, ctx);
    if (status == -1)
        exit(STATUS_CANNOT_TELL);
    return status;
}
