#include "server/cmd/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#define CLEAR_LINE "\r\x1b[K"

enum { EVERY_MS = 200 };

void progress_open(struct progress *p, const char *done)
{
    *p = (struct progress){.done = done, .seen = isatty(STDERR_FILENO) == 1};
}

static int64_t clock_ms(void)
{
    struct timespec now = {0};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

void progress_hide(struct progress *p)
{
    if (p->shown)
        fputs(CLEAR_LINE, stderr);
    p->shown = false;
}

static void end(struct progress *p)
{
    progress_hide(p);
    *p = (struct progress){.done = p->done, .seen = p->seen};
}

void progress_tell(void *progress, uint64_t done, uint64_t all)
{
    struct progress *p = progress;
    if (!p->seen)
        return;
    if (done >= all) {
        end(p);
        return;
    }
    int64_t now = clock_ms();
    if (p->began_ms == 0) {
        p->began_ms = now;
        p->began_at = done;
    }
    if (p->shown && now - p->told_ms < EVERY_MS)
        return;
    fprintf(stderr, CLEAR_LINE "%" PRIu64 " of %" PRIu64 " %s, %d %%", done, all, p->done, (int)(done * 100 / all));
    if (now > p->began_ms)
        fprintf(stderr, ", %" PRIu64 " a second", (done - p->began_at) * 1000 / (uint64_t)(now - p->began_ms));
    fflush(stderr);
    p->shown = true;
    p->told_ms = now;
}
