#include "server/commit/reserve.h"

#include <errno.h>
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

static void tell_unkept(enum err err)
{
    log_line(LOG_WARN, 0, "reserve_unkept", "no room is kept in DATA/reserve for what takes a right away: %s",
             err_word(err));
}

struct reserve *reserve_open(const char *data_dir)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/reserve", data_dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        tell_unkept(write_error());
        return NULL;
    }
    struct reserve *r = xcalloc(1, sizeof *r);
    r->fd = fd;
    (void)reserve_whole(r);
    return r;
}

/* What cannot be had for another reason than that there is no room keeps nobody from recording. */
bool reserve_whole(struct reserve *r)
{
    if (r == NULL || r->whole)
        return true;
    errno = posix_fallocate(r->fd, 0, RESERVE);
    enum err err = errno == 0 ? ERR_OK : write_error();
    if (err == ERR_IO)
        tell_unkept(err);
    r->whole = err != ERR_FULL;
    return r->whole;
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
