/* A copy of 32 KiB: which one it is be64, growing | number of rows be64 | SHA-256(which | number | rows)[:16] | rows. A
 * row: contract be32, advertiser be32, from_ms, to_ms, clicks, views, impressions, late_clicks be64. */
#include "server/commit/gaps_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/crypto/crypto.h"
#include "server/system/system.h"

enum { COPY = 32768, HEAD = 32, CHECK_AT = 16, CHECK_LEN = 16, ROW = 56 };
_Static_assert(HEAD + GAPS_KEPT * ROW <= COPY, "all rows fit");

struct gaps_file {
    int fd;
    uint64_t last; /* which copy was written last; 0: none was */
    uint8_t bytes[COPY];
};

enum err gaps_file_open(const char *data_dir, struct gaps_file **out)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/gaps", data_dir);
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return write_error();
    int rc = posix_fallocate(fd, 0, 2 * COPY);
    if (rc != 0) {
        close(fd);
        errno = rc;
        return write_error();
    }
    struct gaps_file *f = xcalloc(1, sizeof *f);
    f->fd = fd;
    *out = f;
    return ERR_OK;
}

void gaps_file_close(struct gaps_file *f)
{
    if (f == NULL)
        return;
    close(f->fd);
    free(f);
}

static void check_of(const uint8_t *copy, size_t n, uint8_t out[HASH_LEN])
{
    sha256v((struct span[]){span_of(copy, CHECK_AT), span_of(copy + HEAD, n * ROW)}, 2, out);
}

static void row_write(uint8_t *at, const struct gap_count *c)
{
    const uint64_t numbers[] = {(uint64_t)c->gap.from_ms, (uint64_t)c->gap.to_ms, c->gap.clicks, c->gap.views,
                                c->gap.impressions,       c->gap.late_clicks};
    store_be32(at, c->contract);
    store_be32(at + 4, c->advertiser);
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        store_be64(at + 8 + 8 * i, numbers[i]);
}

static struct gap_count row_read(const uint8_t *at)
{
    return (struct gap_count){.contract = load_be32(at),
                              .advertiser = load_be32(at + 4),
                              .gap = {.from_ms = (int64_t)load_be64(at + 8),
                                      .to_ms = (int64_t)load_be64(at + 16),
                                      .clicks = load_be64(at + 24),
                                      .views = load_be64(at + 32),
                                      .impressions = load_be64(at + 40),
                                      .late_clicks = load_be64(at + 48)}};
}

/* ERR_NOT_FOUND: it was never written; ERR_CORRUPT: it is not whole. */
static enum err read_copy(struct gaps_file *f, int which, struct gap_count *out, size_t *n)
{
    static const uint8_t unused[HEAD];
    uint8_t check[HASH_LEN];
    ssize_t got = pread(f->fd, f->bytes, COPY, (off_t)which * COPY);
    if (got < 0)
        return ERR_IO;
    if (got < COPY)
        return ERR_CORRUPT;
    if (memcmp(f->bytes, unused, HEAD) == 0)
        return ERR_NOT_FOUND;
    uint64_t number = load_be64(f->bytes), rows = load_be64(f->bytes + 8);
    if (rows > GAPS_KEPT)
        return ERR_CORRUPT;
    check_of(f->bytes, rows, check);
    if (memcmp(f->bytes + CHECK_AT, check, CHECK_LEN) != 0)
        return ERR_CORRUPT;
    if (number <= f->last)
        return ERR_OK;
    f->last = number;
    *n = rows;
    for (size_t i = 0; i < rows; i++)
        out[i] = row_read(f->bytes + HEAD + i * ROW);
    return ERR_OK;
}

enum err gaps_file_read(struct gaps_file *f, struct gap_count *out, size_t *n)
{
    bool whole = false, torn = false;
    *n = 0;
    for (int which = 0; which < 2; which++) {
        enum err err = read_copy(f, which, out, n);
        if (err == ERR_IO)
            return err;
        whole |= err == ERR_OK;
        torn |= err == ERR_CORRUPT;
    }
    return torn && !whole ? ERR_CORRUPT : ERR_OK;
}

enum err gaps_file_write(struct gaps_file *f, const struct gap_count *all, size_t n)
{
    uint8_t check[HASH_LEN];
    n = n < GAPS_KEPT ? n : GAPS_KEPT;
    store_be64(f->bytes, f->last + 1);
    store_be64(f->bytes + 8, n);
    for (size_t i = 0; i < n; i++)
        row_write(f->bytes + HEAD + i * ROW, &all[i]);
    check_of(f->bytes, n, check);
    memcpy(f->bytes + CHECK_AT, check, CHECK_LEN);
    size_t len = HEAD + n * ROW;
    f->last++;
    ssize_t put = pwrite(f->fd, f->bytes, len, (off_t)(f->last % 2) * COPY);
    return put == (ssize_t)len ? ERR_OK : ERR_IO;
}
