/* DATA/signed-heads: two slots of 64 bytes for each log, at log * 128: size be64 | root 32 | SHA-256(log be32 | size |
 * root)[:24]. The newer valid slot counts and the other one is overwritten, so that a torn write leaves the head before
 * it. A slot of zeros is unused. */
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

enum { SLOT_LEN = 64, CHECK_AT = 40, CHECK_LEN = 24, LOG_LEN = 2 * SLOT_LEN, FILE_MAX = 64 << 20 };

struct heads_file {
    int fd; /* -1: only to be read, from `copy` */
    struct buf copy;
    uint64_t len;
};

static void slot_check(uint32_t log, const uint8_t *slot, uint8_t out[HASH_LEN])
{
    uint8_t number[4];
    store_be32(number, log);
    sha256v((struct span[]){span_of(number, sizeof number), span_of(slot, CHECK_AT)}, 2, out);
}

static bool slot_valid(uint32_t log, const uint8_t *slot)
{
    uint8_t check[HASH_LEN];
    slot_check(log, slot, check);
    return memcmp(slot + CHECK_AT, check, CHECK_LEN) == 0;
}

static void copied_slots(const struct buf *copy, uint32_t log, uint8_t slots[LOG_LEN])
{
    size_t at = (size_t)log * LOG_LEN, left = copy->len > at ? copy->len - at : 0;
    if (left > 0)
        memcpy(slots, copy->ptr + at, left < LOG_LEN ? left : LOG_LEN);
}

/* Of one log. `newest`: which counts, -1 for none. */
struct slots {
    uint8_t bytes[LOG_LEN];
    bool blank[2], valid[2];
    int newest;
};

static const uint8_t *slot_of(const struct slots *s, int i)
{
    return s->bytes + i * SLOT_LEN;
}

/* ERR_CORRUPT when something was signed but no slot holds: nothing is safe to sign then. */
static enum err slots_read(struct heads_file *h, uint32_t log, struct slots *out)
{
    static const uint8_t unused[SLOT_LEN];
    *out = (struct slots){.newest = -1};
    if (h->fd < 0)
        copied_slots(&h->copy, log, out->bytes);
    else if (pread(h->fd, out->bytes, LOG_LEN, (off_t)log * LOG_LEN) < 0)
        return ERR_IO;
    for (int i = 0; i < 2; i++) {
        out->blank[i] = memcmp(slot_of(out, i), unused, SLOT_LEN) == 0;
        out->valid[i] = slot_valid(log, slot_of(out, i));
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

static enum err slot_write(struct heads_file *h, uint32_t log, int slot_number, const struct checkpoint *c)
{
    uint8_t slot[SLOT_LEN], check[HASH_LEN];
    store_be64(slot, c->size);
    memcpy(slot + 8, c->root.b, HASH_LEN);
    slot_check(log, slot, check);
    memcpy(slot + CHECK_AT, check, CHECK_LEN);
    off_t at = (off_t)log * LOG_LEN + slot_number * SLOT_LEN;
    ssize_t put = pwrite(h->fd, slot, sizeof slot, at);
    if (put < 0 && write_error() == ERR_FULL)
        return slot_unwritten(h, at, slot) ? ERR_FULL : ERR_IO;
    if ((uint64_t)at + SLOT_LEN > h->len)
        h->len = (uint64_t)at + SLOT_LEN;
    return put == SLOT_LEN && fdatasync(h->fd) == 0 ? ERR_OK : ERR_IO;
}

/* ---- the guard ---- */

static enum err last(void *ctx, uint32_t log, uint64_t *size, struct hash *root)
{
    struct slots s;
    enum err err = slots_read(ctx, log, &s);
    if (err != ERR_OK || s.newest < 0)
        return err != ERR_OK ? err : ERR_NOT_FOUND;
    *size = load_be64(slot_of(&s, s.newest));
    memcpy(root->b, slot_of(&s, s.newest) + 8, HASH_LEN);
    return ERR_OK;
}

/* Slot 0 is written first, so a used slot 1 beside an unused slot 0 is damage as well. No disk tears a word of 8 bytes:
 * the size in a torn slot is the one that was to be written, or the one that was there. */
static enum err torn(void *ctx, uint32_t log, uint64_t *size)
{
    struct slots s;
    enum err err = slots_read(ctx, log, &s);
    if (err != ERR_OK)
        return err;
    for (int i = 0; i < 2; i++)
        if (!s.valid[i] && (!s.blank[i] || (i == 0 && !s.blank[1]))) {
            *size = load_be64(slot_of(&s, i));
            return ERR_OK;
        }
    return ERR_NOT_FOUND;
}

static enum err keep(void *ctx, uint32_t log, const struct checkpoint *c)
{
    struct slots s;
    enum err err = slots_read(ctx, log, &s);
    return err == ERR_OK ? slot_write(ctx, log, s.newest == 0, c) : err;
}

static uint32_t end(void *ctx)
{
    const struct heads_file *h = ctx;
    return (uint32_t)((h->len + LOG_LEN - 1) / LOG_LEN);
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
    return (struct heads_guard){.last = last, .torn = torn, .keep = keep, .end = end, .close = close_file, .ctx = h};
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
    *out = guard(fd);
    ((struct heads_file *)out->ctx)->len = (uint64_t)st.st_size;
    return ERR_OK;
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
