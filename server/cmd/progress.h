/* How far a long command is, on stderr where that is a terminal, in one line that is gone when it ends. Owned by one
 * thread. */
#ifndef CS_SERVER_CMD_PROGRESS_H
#define CS_SERVER_CMD_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct progress {
    const char *done; /* "entries looked at" */
    bool seen, shown;
    int64_t began_ms, told_ms;
    uint64_t began_at;
};
void progress_open(struct progress *p, const char *done);
/* `progress` is a struct progress. Done is all: it ended, and the line goes. */
void progress_tell(void *progress, uint64_t done, uint64_t all);
/* The line goes, for what is printed otherwise, until it is told again. */
void progress_hide(struct progress *p);

#endif
