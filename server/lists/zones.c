#include "server/lists/zones.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/ascii.h"
#include "common/base/mem.h"
#include "common/base/when.h"
#include "server/lists/zone.h"
#include "server/system/system.h"

enum { NAME_MAX_LEN = 64, ZONE_FILE_MAX = 64 << 10, PATH_LEN = 512 };

struct known {
    char name[NAME_MAX_LEN + 1];
    struct stat file; /* as it was read */
    struct zone *zone;
};

struct zones {
    const char *folder;
    struct known *known;
    size_t n, room;
};

struct zones *zones_new(const char *folder)
{
    struct zones *z = xcalloc(1, sizeof *z);
    z->folder = folder;
    return z;
}

void zones_free(struct zones *z)
{
    if (z == NULL)
        return;
    for (size_t i = 0; i < z->n; i++)
        zone_free(z->known[i].zone);
    free(z->known);
    free(z);
}

/* What tzdata keeps beside the zones is none. */
static bool is_zone_name(struct span name)
{
    return name.len > 0 && name.len <= NAME_MAX_LEN && ascii_all_alnum_or(name, "/_+-") && name.ptr[0] != '/' &&
           memmem(name.ptr, name.len, "//", 2) == NULL && !span_starts(name, "posix") && !span_starts(name, "right/") &&
           !span_is(name, "localtime");
}

/* Whether a file that is not there says that there is no such zone. */
static enum err missing(const struct zones *z)
{
    char utc[PATH_LEN];
    int why = errno;
    snprintf(utc, sizeof utc, "%s/UTC", z->folder);
    return (why == ENOENT || why == ENOTDIR) && access(utc, R_OK) == 0 ? ERR_NOT_FOUND : ERR_IO;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
           a->st_mtim.tv_sec == b->st_mtim.tv_sec && a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

static enum err read_zone(const char *path, struct zone **out)
{
    struct buf bytes;
    buf_heap(&bytes);
    enum err err = file_read(path, ZONE_FILE_MAX, &bytes);
    if (err == ERR_OK)
        err = zone_read(buf_span(&bytes), out);
    buf_free(&bytes);
    return err;
}

static struct known *find(const struct zones *z, struct span name)
{
    for (size_t i = 0; i < z->n; i++)
        if (span_is(name, z->known[i].name))
            return &z->known[i];
    return NULL;
}

static void keep(struct zones *z, struct span name, const struct stat *file, struct zone *zone)
{
    struct known *k = find(z, name);
    if (k == NULL) {
        if (z->n == z->room) {
            z->room = z->room ? 2 * z->room : 8;
            z->known = xrealloc(z->known, z->room * sizeof *z->known);
        }
        k = &z->known[z->n++];
        *k = (struct known){.zone = NULL};
        memcpy(k->name, name.ptr, name.len);
    }
    zone_free(k->zone);
    k->zone = zone;
    k->file = *file;
}

enum err zones_find(struct zones *z, struct span name, const struct zone **out)
{
    char path[PATH_LEN];
    struct stat file;
    struct zone *zone;
    if (span_is(name, "UTC")) { /* by its meaning, also where there are no others */
        *out = NULL;
        return ERR_OK;
    }
    if (!is_zone_name(name))
        return ERR_NOT_FOUND;
    snprintf(path, sizeof path, "%s/%.*s", z->folder, (int)name.len, name.ptr);
    if (stat(path, &file) != 0)
        return missing(z);
    if (!S_ISREG(file.st_mode))
        return ERR_NOT_FOUND;
    const struct known *k = find(z, name);
    if (k == NULL || !same_file(&k->file, &file)) {
        enum err err = read_zone(path, &zone);
        if (err != ERR_OK)
            return err;
        keep(z, name, &file, zone);
        k = find(z, name);
    }
    *out = k->zone;
    return ERR_OK;
}

enum err zones_offset(struct zones *z, struct span name, int64_t at_ms, int64_t *offset_s)
{
    const struct zone *zone;
    enum err err = zones_find(z, name, &zone);
    if (err == ERR_OK)
        *offset_s = zone_offset(zone, at_ms / MS_PER_S);
    return err;
}

enum err zones_midnight(struct zones *z, struct span name, int64_t day, int64_t *ms)
{
    const int64_t local_ms = day * MS_PER_DAY;
    int64_t best_ms = 0;
    bool there = false;
    for (int i = 0; i < 2; i++) { /* by what clocks say the day before and the day after */
        int64_t around_ms = local_ms + (2 * i - 1) * MS_PER_DAY, before_s, then_s, last_s;
        enum err err = zones_offset(z, name, around_ms > 0 ? around_ms : 0, &before_s);
        int64_t at_ms = local_ms - before_s * MS_PER_S;
        if (err == ERR_OK)
            err = zones_offset(z, name, at_ms > 0 ? at_ms : 0, &then_s);
        if (err == ERR_OK)
            err = zones_offset(z, name, at_ms > 1 ? at_ms - 1 : 0, &last_s);
        if (err != ERR_OK)
            return err;
        /* of two midnights the later, where clocks showed the day before in between; where they skip it the day begins
         * as they do */
        bool begins = then_s == before_s && time_local_day(at_ms - 1, last_s) < day;
        if (begins > there || (begins == there && at_ms > best_ms)) {
            best_ms = at_ms;
            there = begins;
        }
    }
    *ms = best_ms;
    return ERR_OK;
}
