/* DATA/signed-heads: two slots of 64 bytes for each log, at log * 128: size be64 | root 32 | SHA-256(log be32 | size |
 * root)[:24]. The newer valid slot counts and the other one is overwritten, so that a torn write leaves the head before
 * it. A slot of zeros is unused. */
#include "server/keys/heads.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "server/system/log.h"
#include "server/system/system.h"

enum { SLOT_LEN = 64, CHECK_AT = 40, CHECK_LEN = 24, LOG_LEN = 2 * SLOT_LEN, COPY_MAX = 64 << 20 };

struct heads {
    int fd; /* -1: only to be read, from `copy` */
    struct buf copy;
    pthread_mutex_t lock;
    struct signer *signer;
    bool broken; /* for good */
    uint32_t *barred;
    size_t n_barred;
};

enum err heads_open(const char *data_dir, const struct keys *k, struct heads **out)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/signed-heads", data_dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    int dir = open(data_dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    bool synced = dir >= 0 && fsync(dir) == 0;
    if (dir >= 0)
        close(dir);
    if (fd < 0 || !synced) {
        if (fd >= 0)
            close(fd);
        return ERR_IO;
    }
    struct heads *h = xcalloc(1, sizeof *h);
    h->fd = fd;
    buf_heap(&h->copy);
    h->signer = keys_new_log_signer(k);
    pthread_mutex_init(&h->lock, NULL);
    *out = h;
    return ERR_OK;
}

enum err heads_open_to_read(const char *data_dir, struct heads **out)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/signed-heads", data_dir);
    struct heads *h = xcalloc(1, sizeof *h);
    h->fd = -1;
    buf_heap(&h->copy);
    pthread_mutex_init(&h->lock, NULL);
    enum err err = file_read(path, COPY_MAX, &h->copy);
    if (err == ERR_OK || err == ERR_NOT_FOUND) {
        *out = h;
        return ERR_OK;
    }
    heads_close(h);
    return err;
}

uint32_t heads_end(const struct heads *h)
{
    return (uint32_t)((h->copy.len + LOG_LEN - 1) / LOG_LEN);
}

void heads_close(struct heads *h)
{
    if (h == NULL)
        return;
    if (h->fd >= 0)
        close(h->fd);
    buf_free(&h->copy);
    signer_free(h->signer);
    free(h->barred);
    pthread_mutex_destroy(&h->lock);
    free(h);
}

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

/* The last signed head and the slot to write next. ERR_CORRUPT when something was signed but no slot holds: nothing is
 * safe to sign then. */
static enum err slots_read(struct heads *h, uint32_t log, uint64_t *size, struct hash *root, int *next)
{
    static const uint8_t unused[SLOT_LEN];
    uint8_t slots[LOG_LEN] = {0};
    if (h->fd < 0)
        copied_slots(&h->copy, log, slots);
    else if (pread(h->fd, slots, sizeof slots, (off_t)log * LOG_LEN) < 0)
        return ERR_IO;
    int newest = -1;
    bool blank = true;
    for (int i = 0; i < 2; i++) {
        const uint8_t *slot = slots + i * SLOT_LEN;
        blank = blank && memcmp(slot, unused, SLOT_LEN) == 0;
        if (slot_valid(log, slot) && (newest < 0 || load_be64(slot) > load_be64(slots + newest * SLOT_LEN)))
            newest = i;
    }
    if (newest < 0 && !blank && memcmp(slots + SLOT_LEN, unused, SLOT_LEN) != 0)
        return ERR_CORRUPT;
    *next = newest == 0;
    *size = newest < 0 ? 0 : load_be64(slots + newest * SLOT_LEN);
    if (newest >= 0)
        memcpy(root->b, slots + newest * SLOT_LEN + 8, HASH_LEN);
    return newest < 0 ? ERR_NOT_FOUND : ERR_OK;
}

/* After a write that was refused: what the next call reads is not what was to be written. */
static bool slot_unwritten(struct heads *h, off_t at, const uint8_t *slot)
{
    uint8_t found[SLOT_LEN] = {0};
    return pread(h->fd, found, sizeof found, at) >= 0 && memcmp(found, slot, SLOT_LEN) != 0;
}

static enum err slot_write(struct heads *h, uint32_t log, int slot_number, const struct checkpoint *c)
{
    uint8_t slot[SLOT_LEN], check[HASH_LEN];
    store_be64(slot, c->size);
    memcpy(slot + 8, c->root.b, HASH_LEN);
    slot_check(log, slot, check);
    memcpy(slot + CHECK_AT, check, CHECK_LEN);
    off_t at = (off_t)log * LOG_LEN + slot_number * SLOT_LEN;
    ssize_t put = pwrite(h->fd, slot, sizeof slot, at);
    if (put < 0 && (errno == ENOSPC || errno == EDQUOT || errno == EFBIG))
        return slot_unwritten(h, at, slot) ? ERR_FULL : ERR_IO;
    return put == SLOT_LEN && fdatasync(h->fd) == 0 ? ERR_OK : ERR_IO;
}

void heads_bar(struct heads *h, uint32_t log)
{
    h->barred = xrealloc(h->barred, (h->n_barred + 1) * sizeof *h->barred);
    h->barred[h->n_barred++] = log;
}

static bool is_barred(const struct heads *h, uint32_t log)
{
    size_t i = 0;
    while (i < h->n_barred && h->barred[i] != log)
        i++;
    return i < h->n_barred;
}

enum err heads_last(struct heads *h, uint32_t log, uint64_t *size, struct hash *root)
{
    int next;
    pthread_mutex_lock(&h->lock);
    enum err err = slots_read(h, log, size, root, &next);
    pthread_mutex_unlock(&h->lock);
    return err;
}

enum err heads_sign(struct heads *h, uint32_t log, const struct checkpoint *c, struct buf *note)
{
    uint64_t size = 0;
    struct hash root;
    int next;
    if (is_barred(h, log))
        return ERR_CORRUPT;
    pthread_mutex_lock(&h->lock);
    bool was_broken = h->broken;
    enum err err = was_broken ? ERR_IO : slots_read(h, log, &size, &root, &next);
    bool newer = err == ERR_NOT_FOUND || (err == ERR_OK && c->size > size);
    if (newer)
        err = slot_write(h, log, next, c);
    else if (err == ERR_OK && (c->size < size || memcmp(root.b, c->root.b, HASH_LEN) != 0))
        err = ERR_CORRUPT;
    if (err == ERR_OK)
        checkpoint_sign(note, c, h->signer);
    h->broken |= newer && err == ERR_IO;
    pthread_mutex_unlock(&h->lock);
    if (err == ERR_IO && !was_broken)
        log_line(LOG_ERROR, 0, "signed_heads", "log %u: %s", log,
                 newer ? "writing or syncing failed; nothing more is signed until a restart"
                       : "what was signed last cannot be read");
    return err;
}

enum err heads_sign_again(struct heads *h, uint32_t log, const struct checkpoint *c, struct buf *note)
{
    uint64_t size;
    struct hash root;
    int next;
    pthread_mutex_lock(&h->lock);
    enum err err = slots_read(h, log, &size, &root, &next);
    if (err == ERR_NOT_FOUND || (err == ERR_OK && c->size > size))
        err = ERR_CORRUPT;
    if (err == ERR_OK)
        checkpoint_sign(note, c, h->signer);
    pthread_mutex_unlock(&h->lock);
    return err;
}
