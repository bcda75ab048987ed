#include "server/commit/reserve.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "server/system/log.h"
#include "server/system/system.h"

/* A commit that ends one token writes some forty pages; those after it use most of them again. */
enum { RESERVE = 1 << 20 };

struct reserve {
    int fd;
    bool whole;
};

struct reserve *reserve_open(const char *data_dir)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/reserve", data_dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        log_line(LOG_WARN, 0, "reserve_unkept", "no room is kept in DATA/reserve for what takes a right away: %s",
                 err_word(write_error()));
        return NULL;
    }
    struct reserve *r = xcalloc(1, sizeof *r);
    r->fd = fd;
    (void)reserve_whole(r);
    return r;
}

bool reserve_whole(struct reserve *r)
{
    if (r != NULL && !r->whole)
        r->whole = posix_fallocate(r->fd, 0, RESERVE) == 0;
    return r == NULL || r->whole;
}

bool reserve_give(struct reserve *r)
{
    if (r == NULL)
        return false;
    r->whole = false;
    return ftruncate(r->fd, 0) == 0;
}

void reserve_close(struct reserve *r)
{
    if (r == NULL)
        return;
    close(r->fd);
    free(r);
}
