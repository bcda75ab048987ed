/* DATA/signed-heads: places of two slots of 64 bytes, that of a log at (log + 1) * 128: size be64 | root 32 | count
 * be64 | SHA-256(place be32 | size | root | count)[:16]. The newer valid slot counts and the other one is overwritten,
 * so that a torn write leaves the head before it. A slot of zeros is unused. `count` is how many heads of that log were
 * kept; the size of place 0 is the sum of all counts, so that a record that is cut off or put back shows. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "server/keys/heads.h"
#include "server/system/system.h"

enum {
    SLOT_LEN = 64,
    ROOT_AT = 8,
    COUNT_AT = 40,
    CHECK_AT = 48,
    CHECK_LEN = 16,
    PLACE_LEN = 2 * SLOT_LEN,
    FILE_MAX = 64 << 20,
    SUM_PLACE = 0,
    LOG_PLACE = 1 /* of log 0 */
};

struct heads_file {
    int fd; /* -1: only to be read, from `copy` */
    struct buf copy;
    uint64_t len;
    uint64_t sum; /* of the counts */
    bool counts;  /* place 0 is in use */
};

static void slot_check(uint32_t place, const uint8_t *slot, uint8_t out[HASH_LEN])
{
    uint8_t number[4];
    store_be32(number, place);
    sha256v((struct span[]){span_of(number, sizeof number), span_of(slot, CHECK_AT)}, 2, out);
}

static bool slot_valid(uint32_t place, const uint8_t *slot)
{
    uint8_t check[HASH_LEN];
    slot_check(place, slot, check);
    return memcmp(slot + CHECK_AT, check, CHECK_LEN) == 0;
}

static void copied_slots(const struct buf *copy, uint32_t place, uint8_t slots[PLACE_LEN])
{
    size_t at = (size_t)place * PLACE_LEN, left = copy->len > at ? copy->len - at : 0;
    if (left > 0)
        memcpy(slots, copy->ptr + at, left < PLACE_LEN ? left : PLACE_LEN);
}

/* Of one place. `newest`: which counts, -1 for none. */
struct slots {
    uint8_t bytes[PLACE_LEN];
    bool blank[2], valid[2];
    int newest;
};

static const uint8_t *slot_of(const struct slots *s, int i)
{
    return s->bytes + i * SLOT_LEN;
}

/* ERR_CORRUPT when something was signed but no slot holds: nothing is safe to sign then. */
static enum err slots_read(struct heads_file *h, uint32_t place, struct slots *out)
{
    static const uint8_t unused[SLOT_LEN];
    *out = (struct slots){.newest = -1};
    if (h->fd < 0)
        copied_slots(&h->copy, place, out->bytes);
    else if (pread(h->fd, out->bytes, PLACE_LEN, (off_t)place * PLACE_LEN) < 0)
        return ERR_IO;
    for (int i = 0; i < 2; i++) {
        out->blank[i] = memcmp(slot_of(out, i), unused, SLOT_LEN) == 0;
        out->valid[i] = slot_valid(place, slot_of(out, i));
        if (out->valid[i] && (out->newest < 0 || load_be64(slot_of(out, i)) > load_be64(slot_of(out, out->newest))))
            out->newest = i;
    }
    return out->newest < 0 && !out->blank[1] ? ERR_CORRUPT : ERR_OK;
}

/* After a write that was refused: what the next call reads is not what was to be written. */
static bool slot_unwritten(struct heads_file *h, off_t at, const uint8_t *slot)
{
    uint8_t found[SLOT_LEN] = {0};
    return pread(h->fd, found, sizeof found, at) >= 0 && memcmp(found, slot, SLOT_LEN) != 0;
}

/* Not synced. ERR_FULL: nothing was written. */
static enum err slot_write(struct heads_file *h, uint32_t place, const struct slots *s, uint8_t slot[SLOT_LEN])
{
    uint8_t check[HASH_LEN];
    slot_check(place, slot, check);
    memcpy(slot + CHECK_AT, check, CHECK_LEN);
    off_t at = (off_t)place * PLACE_LEN + (s->newest == 0) * SLOT_LEN;
    ssize_t put = pwrite(h->fd, slot, SLOT_LEN, at);
    if (put < 0 && write_error() == ERR_FULL)
        return slot_unwritten(h, at, slot) ? ERR_FULL : ERR_IO;
    if ((uint64_t)at + SLOT_LEN > h->len)
        h->len = (uint64_t)at + SLOT_LEN;
    return put == SLOT_LEN ? ERR_OK : ERR_IO;
}

static uint64_t count_of(const struct slots *s)
{
    return s->newest < 0 ? 0 : load_be64(slot_of(s, s->newest) + COUNT_AT);
}

static enum err sum_write(struct heads_file *h, uint64_t sum)
{
    struct slots s;
    uint8_t slot[SLOT_LEN] = {0};
    enum err err = slots_read(h, SUM_PLACE, &s);
    if (err == ERR_CORRUPT)
        err = ERR_OK; /* no start rests on it: what does not hold is written anew */
    store_be64(slot, sum);
    return err == ERR_OK ? slot_write(h, SUM_PLACE, &s, slot) : err;
}

static enum err head_write(struct heads_file *h, uint32_t place, const struct slots *s, const struct checkpoint *c)
{
    uint8_t slot[SLOT_LEN];
    store_be64(slot, c->size);
    memcpy(slot + ROOT_AT, c->root.b, HASH_LEN);
    store_be64(slot + COUNT_AT, count_of(s) + 1);
    return slot_write(h, place, s, slot);
}

static uint32_t places(const struct heads_file *h)
{
    return (uint32_t)((h->len + PLACE_LEN - 1) / PLACE_LEN);
}

/* Of what holds. */
static enum err sum_counts(struct heads_file *h, uint64_t *sum)
{
    struct slots s;
    *sum = 0;
    for (uint32_t place = LOG_PLACE; place < places(h); place++) {
        enum err err = slots_read(h, place, &s);
        if (err != ERR_OK && err != ERR_CORRUPT)
            return err;
        *sum += err == ERR_OK ? count_of(&s) : 0;
    }
    return ERR_OK;
}

static enum err sum_read(struct heads_file *h)
{
    struct slots s;
    enum err err = slots_read(h, SUM_PLACE, &s);
    h->counts = err == ERR_OK && s.newest >= 0;
    return err == ERR_OK || err == ERR_CORRUPT ? sum_counts(h, &h->sum) : err;
}

/* Slot 0 is written first, so a used slot 1 beside an unused slot 0 is damage as well. -1: there is none. */
static int torn_slot(const struct slots *s)
{
    for (int i = 0; i < 2; i++)
        if (!s->valid[i] && (!s->blank[i] || (i == 0 && !s->blank[1])))
            return i;
    return -1;
}

/* ---- the guard ---- */

static enum err last(void *ctx, uint32_t log, uint64_t *size, struct hash *root)
{
    struct slots s;
    enum err err = slots_read(ctx, LOG_PLACE + log, &s);
    if (err != ERR_OK || s.newest < 0)
        return err != ERR_OK ? err : ERR_NOT_FOUND;
    *size = load_be64(slot_of(&s, s.newest));
    memcpy(root->b, slot_of(&s, s.newest) + ROOT_AT, HASH_LEN);
    return ERR_OK;
}

/* No disk tears a word of 8 bytes: the size in a torn slot is the one that was to be written, or the one that was
 * there. */
static enum err torn(void *ctx, uint32_t log, uint64_t *size)
{
    struct slots s;
    enum err err = slots_read(ctx, LOG_PLACE + log, &s);
    if (err != ERR_OK)
        return err;
    int i = torn_slot(&s);
    if (i < 0)
        return ERR_NOT_FOUND;
    *size = load_be64(slot_of(&s, i));
    return ERR_OK;
}

/* The sum first: what is refused for want of room leaves at most one too many, which the next one makes true. */
static enum err keep(void *ctx, uint32_t log, const struct checkpoint *c)
{
    struct heads_file *h = ctx;
    struct slots s;
    enum err err = slots_read(h, LOG_PLACE + log, &s);
    if (err == ERR_OK && h->counts)
        err = sum_write(h, h->sum + 1);
    if (err == ERR_OK)
        err = head_write(h, LOG_PLACE + log, &s, c);
    if (err == ERR_OK)
        err = fdatasync(h->fd) == 0 ? ERR_OK : ERR_IO;
    h->sum += err == ERR_OK;
    return err;
}

static enum err whole(void *ctx)
{
    struct heads_file *h = ctx;
    struct slots s;
    uint64_t sum;
    enum err err = ERR_OK;
    for (uint32_t place = SUM_PLACE; place < places(h) && err == ERR_OK; place++) {
        err = slots_read(h, place, &s);
        if (err == ERR_OK && (torn_slot(&s) >= 0 || (count_of(&s) > 1 && (s.blank[0] || s.blank[1]))))
            err = ERR_CORRUPT;
    }
    if (err == ERR_OK)
        err = sum_counts(h, &sum);
    if (err == ERR_OK)
        err = slots_read(h, SUM_PLACE, &s);
    if (err != ERR_OK)
        return err;
    return s.newest >= 0 && load_be64(slot_of(&s, s.newest)) == sum ? ERR_OK : ERR_CORRUPT;
}

static enum err begin(void *ctx)
{
    struct heads_file *h = ctx;
    if (h->counts)
        return ERR_OK;
    enum err err = sum_write(h, h->sum);
    if (err == ERR_OK && fdatasync(h->fd) != 0)
        err = ERR_IO;
    h->counts = err == ERR_OK;
    return err;
}

static uint32_t end(void *ctx)
{
    const struct heads_file *h = ctx;
    return places(h) > LOG_PLACE ? places(h) - LOG_PLACE : 0;
}

static void close_file(void *ctx)
{
    struct heads_file *h = ctx;
    if (h->fd >= 0)
        close(h->fd);
    buf_free(&h->copy);
    free(h);
}

static struct heads_guard guard(int fd)
{
    struct heads_file *h = xcalloc(1, sizeof *h);
    h->fd = fd;
    buf_heap(&h->copy);
    return (struct heads_guard){.last = last,
                                .torn = torn,
                                .whole = whole,
                                .begin = begin,
                                .keep = keep,
                                .end = end,
                                .close = close_file,
                                .ctx = h};
}

enum err heads_file(const char *data_dir, struct heads_guard *out)
{
    char path[PATH_MAX];
    struct stat st;
    snprintf(path, sizeof path, "%s/signed-heads", data_dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    enum err err = fd < 0 ? ERR_IO : dir_sync(data_dir);
    if (err == ERR_OK)
        err = fstat(fd, &st) != 0 ? ERR_IO : st.st_size > FILE_MAX ? ERR_TOO_LARGE : ERR_OK;
    if (err != ERR_OK) {
        if (fd >= 0)
            close(fd);
        return err;
    }
    struct heads_guard g = guard(fd);
    struct heads_file *h = g.ctx;
    h->len = (uint64_t)st.st_size;
    err = sum_read(h);
    if (err == ERR_OK)
        *out = g;
    else
        close_file(h);
    return err;
}

enum err heads_file_to_read(const char *data_dir, struct heads_guard *out)
{
    char path[PATH_MAX];
    struct heads_guard g = guard(-1);
    struct heads_file *h = g.ctx;
    snprintf(path, sizeof path, "%s/signed-heads", data_dir);
    enum err err = file_read(path, FILE_MAX, &h->copy);
    h->len = h->copy.len;
    if (err == ERR_OK || err == ERR_NOT_FOUND) {
        *out = g;
        return ERR_OK;
    }
    close_file(h);
    return err;
}
