#include "server/keys/month_keys.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/buf.h"
#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/base/when.h"
#include "common/crypto/crypto.h"
#include "server/system/system.h"

enum { TEXT_LEN = 43, EPOCH_YEAR = 1970, MONTHS = 12, NAME_LEN = 7 };

uint32_t month_of_day(uint32_t day)
{
    return (uint32_t)time_local_month((int64_t)day * MS_PER_DAY, 0) + EPOCH_YEAR * MONTHS;
}

uint32_t month_first_day(uint32_t month)
{
    return (uint32_t)date_days(month / MONTHS, month % MONTHS + 1, 1);
}

/* ---- names ---- */

static char *folder_path(const char *data_dir)
{
    return xasprintf("%s/keys", data_dir);
}

static char *key_path(const char *data_dir, uint32_t month)
{
    return xasprintf("%s/keys/%04u-%02u", data_dir, month / MONTHS, month % MONTHS + 1);
}

static char *mark_path(const char *data_dir)
{
    return xasprintf("%s/keys/kept-from", data_dir);
}

static bool month_named(const char *name, uint32_t *month)
{
    unsigned year, of_year;
    char again[16];
    if (strlen(name) != NAME_LEN || sscanf(name, "%4u-%2u", &year, &of_year) != 2 || of_year < 1 || of_year > MONTHS)
        return false;
    snprintf(again, sizeof again, "%04u-%02u", year % 10000, of_year);
    *month = year * MONTHS + of_year - 1;
    return strcmp(again, name) == 0;
}

/* ---- reading ---- */

static bool is_zeros(struct span text)
{
    size_t i = 0;
    while (i < text.len && text.ptr[i] == '\0')
        i++;
    return i == text.len;
}

static enum err small_file(const char *path, struct buf *out)
{
    if (access(path, F_OK) != 0)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    return file_read(path, 4 * TEXT_LEN, out);
}

enum err month_key_read(const char *data_dir, uint32_t month, uint8_t out[MONTH_KEY_LEN])
{
    char *path = key_path(data_dir, month), mem[4 * TEXT_LEN];
    struct buf text;
    size_t len;
    buf_fixed(&text, mem, sizeof mem);
    enum err err = small_file(path, &text);
    if (err == ERR_OK && is_zeros(buf_span(&text))) /* destroyed half way */
        err = ERR_NOT_FOUND;
    if (err == ERR_OK && (text.len != TEXT_LEN || b64url_decode(buf_span(&text), out, MONTH_KEY_LEN, &len) != ERR_OK ||
                          len != MONTH_KEY_LEN))
        err = ERR_CORRUPT;
    crypto_wipe(mem, sizeof mem);
    free(path);
    return err == ERR_TOO_LARGE ? ERR_CORRUPT : err;
}

bool month_key_damaged(const char *data_dir, uint32_t month)
{
    uint8_t key[MONTH_KEY_LEN];
    enum err err = month_key_read(data_dir, month, key);
    crypto_wipe(key, sizeof key);
    return err == ERR_CORRUPT;
}

enum err months_kept_from(const char *data_dir, uint32_t *month)
{
    char *path = mark_path(data_dir), mem[4 * TEXT_LEN + 1];
    struct buf text;
    buf_fixed(&text, mem, sizeof mem - 1);
    enum err err = small_file(path, &text);
    mem[text.len] = '\0';
    if (err == ERR_NOT_FOUND) {
        *month = 0;
        err = ERR_OK;
    } else if (err == ERR_OK && !month_named(mem, month)) {
        err = ERR_CORRUPT;
    }
    free(path);
    return err == ERR_TOO_LARGE ? ERR_CORRUPT : err;
}

/* ---- making ---- */

static enum err folder_make(const char *data_dir)
{
    char *path = folder_path(data_dir);
    enum err err = mkdir(path, 0700) == 0 || errno == EEXIST ? dir_sync(data_dir) : ERR_IO;
    free(path);
    return err;
}

enum err month_key_make(const char *data_dir, uint32_t month)
{
    uint8_t key[MONTH_KEY_LEN];
    char *path = key_path(data_dir, month), mem[2 * TEXT_LEN];
    struct buf text;
    enum err err = month_key_read(data_dir, month, key);
    if (err == ERR_NOT_FOUND && (err = folder_make(data_dir)) == ERR_OK) {
        random_bytes(key, sizeof key);
        buf_fixed(&text, mem, sizeof mem);
        buf_b64url(&text, key, sizeof key);
        err = file_write_atomic(path, buf_span(&text), 0600);
        crypto_wipe(mem, sizeof mem);
    }
    crypto_wipe(key, sizeof key);
    free(path);
    return err;
}

/* ---- destroying ---- */

static enum err destroy(int folder, const char *name)
{
    static const char zeros[TEXT_LEN];
    int fd = openat(folder, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    if (fd < 0)
        return ERR_IO;
    bool good = pwrite(fd, zeros, sizeof zeros, 0) == sizeof zeros && fsync(fd) == 0;
    good = close(fd) == 0 && good;
    return good && unlinkat(folder, name, 0) == 0 ? ERR_OK : ERR_IO;
}

static enum err mark(const char *data_dir, uint32_t month)
{
    uint32_t now;
    char *path = mark_path(data_dir), name[16];
    enum err err = months_kept_from(data_dir, &now);
    if (err == ERR_OK && now < month) {
        snprintf(name, sizeof name, "%04u-%02u", month / MONTHS % 10000, month % MONTHS + 1);
        err = file_write_atomic(path, span_str(name), 0600);
    }
    free(path);
    return err;
}

enum err months_destroy(const char *data_dir, uint32_t month)
{
    char *path = folder_path(data_dir);
    DIR *d = opendir(path);
    free(path);
    if (d == NULL)
        return ERR_IO;
    enum err err = mark(data_dir, month);
    const struct dirent *e;
    errno = 0;
    while (err == ERR_OK && (e = readdir(d)) != NULL) {
        uint32_t found;
        if (month_named(e->d_name, &found) && found < month)
            err = destroy(dirfd(d), e->d_name);
        errno = 0;
    }
    if (err == ERR_OK && (errno != 0 || fsync(dirfd(d)) != 0))
        err = ERR_IO;
    closedir(d);
    return err;
}

/* ---- copying ---- */

static enum err copy_one(const char *from, const char *to, const char *name)
{
    enum err err = file_copy(from, to, name);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err months_copy(const char *data_dir, const char *to)
{
    char *from_path = folder_path(data_dir), *to_path = folder_path(to);
    DIR *d = opendir(from_path);
    enum err err = d != NULL ? folder_make(to) : errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    const struct dirent *e;
    errno = 0;
    while (err == ERR_OK && (e = readdir(d)) != NULL) {
        uint32_t month;
        if (month_named(e->d_name, &month))
            err = copy_one(from_path, to_path, e->d_name);
        errno = 0;
    }
    if (err == ERR_OK && errno != 0)
        err = ERR_IO;
    if (err == ERR_OK) /* last: what it says is destroyed goes again at the next start */
        err = copy_one(from_path, to_path, "kept-from");
    if (d != NULL)
        closedir(d);
    free(from_path);
    free(to_path);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}
