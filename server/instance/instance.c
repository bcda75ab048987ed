#include "server/instance/instance.h"

#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "common/base/id.h"
#include "common/base/mem.h"
#include "common/reports/rollup.h"
#include "server/keys/month_keys.h"

static const struct span url_name = {"public_url", 10}, keys_name = {"keys", 4}, steps_name = {"server_keys", 11},
                         id_name = {"instance", 8}, batch_name = {"batch", 5};
enum { BATCH_LEN = 8 };

enum err instance_put_meta(struct txn *t, const struct keys *k, struct span url, struct span id)
{
    struct buf marks;
    uint8_t head[ROLLUP_HEAD_KEY];
    buf_heap(&marks);
    keys_marks(k, &marks);
    enum err err = store_put(t, TABLE_META, SPAN("format"), SPAN(STORE_FORMAT));
    if (err == ERR_OK)
        err = store_put(t, TABLE_META, url_name, url);
    if (err == ERR_OK)
        err = store_put(t, TABLE_META, keys_name, buf_span(&marks));
    if (err == ERR_OK)
        err = store_put(t, TABLE_META, id_name, id);
    if (err == ERR_OK)
        err = instance_put_batch(t, 0);
    if (err == ERR_OK)
        err = store_put(t, TABLE_ROLLUPS, rollup_head_key(head, 0), SPAN("\0\0\0\0\0\0\0\0"));
    buf_free(&marks);
    return err;
}

enum err instance_put_batch(struct txn *t, uint64_t number)
{
    char value[BATCH_LEN];
    store_be64(value, number);
    return store_put(t, TABLE_META, batch_name, span_of(value, sizeof value));
}

/* A path of `.` or `..` is another one to whoever follows it. */
static bool has_dots(struct span url)
{
    for (size_t i = 0, from = 0; i <= url.len; i++) {
        if (i < url.len && url.ptr[i] != '/')
            continue;
        struct span segment = span_of(url.ptr + from, i - from);
        if (span_is(segment, ".") || span_is(segment, ".."))
            return true;
        from = i + 1;
    }
    return false;
}

bool instance_url_ok(struct span url)
{
    size_t i = span_starts(url, "http://") ? 7 : span_starts(url, "https://") ? 8 : url.len;
    bool good = i < url.len && url.len < URL_CAP;
    for (; good && i < url.len; i++)
        good = isalnum((unsigned char)url.ptr[i]) || (url.ptr[i] != '\0' && strchr(".-:/[]_~", url.ptr[i]) != NULL);
    return good && !has_dots(url);
}

/* A store of another one did not open. */
static enum err read_format(struct txn *t)
{
    struct span format;
    enum err err = store_get(t, TABLE_META, SPAN("format"), &format);
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

/* Other keys than the store was made with would sign another history, and open nothing that is sealed in it. */
static enum err read_keys(const struct instance *in, struct txn *t)
{
    struct span marks, steps = SPAN("");
    enum err err = store_get(t, TABLE_META, keys_name, &marks);
    if (err == ERR_OK)
        err = keys_fit(in->keys, marks);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    err = store_get(t, TABLE_META, steps_name, &steps);
    return err == ERR_OK || err == ERR_NOT_FOUND ? keys_follow(in->keys, steps) : err;
}

enum err instance_put_step(struct txn *t, const struct keys *k, const struct keys_step *step)
{
    struct buf row;
    buf_heap(&row);
    for (size_t i = 1; i < keys_states(k); i++)
        keys_step_write(&row, keys_state_step(k, i));
    keys_step_write(&row, step);
    enum err err = store_put(t, TABLE_META, steps_name, buf_span(&row));
    buf_clear(&row);
    keys_marks(k, &row);
    if (err == ERR_OK)
        err = store_put(t, TABLE_META, keys_name, buf_span(&row));
    buf_free(&row);
    return err;
}

static enum err read_url(struct instance *in, struct txn *t)
{
    struct span url;
    enum err err = store_get(t, TABLE_META, url_name, &url);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    if (!instance_url_ok(url))
        return ERR_CORRUPT;
    memcpy(in->public_url, url.ptr, url.len);
    in->public_url[url.len] = '\0';
    const char *host = strstr(in->public_url, "://") + 3;
    in->https = span_starts(url, "https://");
    snprintf(in->origin, sizeof in->origin, "%s", host);
    snprintf(in->host, sizeof in->host, "%.*s", (int)strcspn(host, "/"), host);
    return ERR_OK;
}

static enum err read_batch(struct instance *in, struct txn *t)
{
    uint64_t chance;
    struct span id, number = SPAN("");
    enum err err = store_get(t, TABLE_META, id_name, &id);
    if (err == ERR_OK)
        err = store_get(t, TABLE_META, batch_name, &number);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    if (id_read(id, &chance) != ERR_OK || number.len != BATCH_LEN)
        return ERR_CORRUPT;
    snprintf(in->id, sizeof in->id, "%.*s", (int)id.len, id.ptr);
    in->batch = load_be64(number.ptr);
    return ERR_OK;
}

enum err instance_load(struct instance *in, const char **what)
{
    struct txn *t;
    struct catalog *c;
    *what = "the store";
    enum err err = txn_begin(in->store, false, &t);
    if (err != ERR_OK)
        return err;
    *what = INSTANCE_FORMAT;
    err = read_format(t);
    if (err == ERR_OK) {
        *what = "the public URL";
        err = read_url(in, t);
    }
    if (err == ERR_OK) {
        *what = "its id and batch";
        err = read_batch(in, t);
    }
    if (err == ERR_OK) {
        *what = "keys.json";
        err = read_keys(in, t);
    }
    if (err == ERR_OK) {
        *what = "the control data";
        err = catalog_load(t, in->keys, &c);
    }
    txn_abort(t);
    if (err != ERR_OK)
        return err;
    in->catalog = catalog_slot_new();
    catalog_publish(in->catalog, c);
    return ERR_OK;
}

enum err instance_open_store(struct instance *in, const char *dir, enum store_mode mode, uint64_t map_size,
                             const char **what)
{
    memset(in, 0, sizeof *in);
    *what = "keys.json";
    enum err err = keys_load(dir, &in->keys);
    if (err == ERR_OK) {
        *what = "the store";
        err = store_open(dir, mode, map_size, &in->store);
        if (err == ERR_NOT_IMPLEMENTED)
            *what = INSTANCE_FORMAT;
    }
    if (err == ERR_OK) {
        uint8_t salt[32];
        *what = "keys/kept-from";
        keys_day_wrap(in->keys, salt);
        err = day_keys_new(dir, salt, &in->day_keys);
        crypto_wipe(salt, sizeof salt);
    }
    if (err != ERR_OK)
        instance_close(in);
    return err;
}

/* A backup, or a folder restored from one, of which nobody has said what was signed since. */
static enum err read_mark(const char *dir)
{
    char *path = xasprintf("%s/" INSTANCE_UNCONFIRMED, dir);
    enum err err = access(path, F_OK) == 0 ? ERR_CONFLICT : errno == ENOENT ? ERR_OK : ERR_IO;
    free(path);
    return err;
}

/* ERR_FORBIDDEN: others may do with it what of `mode` is theirs alone. What is not there is no fault here. */
static enum err not_loose(const char *dir, const char *name, mode_t bad)
{
    struct stat st;
    char *path = xasprintf("%s/%s", dir, name);
    enum err err = stat(path, &st) == 0 ? ((st.st_mode & bad) != 0 ? ERR_FORBIDDEN : ERR_OK)
                   : errno == ENOENT    ? ERR_OK
                                        : ERR_IO;
    free(path);
    return err;
}

static enum err months_not_loose(const char *dir)
{
    char *keys = xasprintf("%s/keys", dir);
    DIR *d = opendir(keys);
    enum err err = d != NULL || errno == ENOENT ? ERR_OK : ERR_IO;
    for (const struct dirent *e; err == ERR_OK && d != NULL && (e = readdir(d)) != NULL;)
        if (e->d_name[0] != '.')
            err = not_loose(keys, e->d_name, S_IRWXG | S_IRWXO);
    if (d != NULL)
        closedir(d);
    free(keys);
    return err;
}

/* Beside keys.json: other secrets, the folders in which others could put theirs in place of ours, and what was recorded
 * and signed. */
static enum err others_kept_out(const char *dir, const char **what)
{
    static const struct {
        const char *name, *what;
        mode_t bad;
    } ours[] = {{".", INSTANCE_FOLDER, S_IWGRP | S_IWOTH},
                {"keys", INSTANCE_FOLDER, S_IWGRP | S_IWOTH},
                {INSTANCE_STORE, INSTANCE_STORE, S_IWGRP | S_IWOTH},
                {INSTANCE_HEADS, INSTANCE_HEADS, S_IWGRP | S_IWOTH},
                {"operator.token", "operator.token", S_IRWXG | S_IRWXO}};
    enum err err = ERR_OK;
    for (size_t i = 0; i < sizeof ours / sizeof *ours && err == ERR_OK; i++) {
        *what = ours[i].what;
        err = not_loose(dir, ours[i].name, ours[i].bad);
    }
    if (err == ERR_OK) {
        *what = "a file in keys/";
        err = months_not_loose(dir);
    }
    return err;
}

enum err instance_open(struct instance *in, const char *dir, enum store_mode mode, uint64_t map_size, const char **what)
{
    *what = INSTANCE_UNCONFIRMED;
    enum err err = mode == STORE_SERVE ? read_mark(dir) : ERR_OK;
    if (err == ERR_OK && mode == STORE_SERVE)
        err = others_kept_out(dir, what);
    if (err == ERR_OK)
        err = instance_open_store(in, dir, mode, map_size, what);
    if (err != ERR_OK)
        return err;
    err = instance_load(in, what);
    if (err == ERR_OK && mode == STORE_SERVE) {
        *what = "signed-heads";
        err = heads_open(dir, in->keys, &in->heads);
    }
    if (err != ERR_OK)
        instance_close(in);
    return err;
}

void instance_close(struct instance *in)
{
    heads_close(in->heads);
    catalog_slot_free(in->catalog);
    day_keys_free(in->day_keys);
    store_close(in->store);
    keys_free(in->keys);
    memset(in, 0, sizeof *in);
}

static bool is_gone(const char *dir, const char *name)
{
    char *path = xasprintf("%s/%s", dir, name);
    bool gone = access(path, F_OK) != 0 && errno == ENOENT;
    free(path);
    return gone;
}

const char *instance_missing(const struct instance *in, uint32_t keys_day)
{
    static const char *const needed[] = {"signed-heads", "keys.json"};
    const char *dir = store_dir(in->store);
    uint8_t key[MONTH_KEY_LEN];
    for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
        if (is_gone(dir, needed[i]))
            return needed[i];
    enum err err = keys_day == 0 ? ERR_OK : month_key_read(dir, month_of_day(keys_day), key);
    crypto_wipe(key, sizeof key);
    return err == ERR_NOT_FOUND ? "the key of this month in keys" : NULL;
}

struct span instance_log_name(const struct instance *in, const struct contract *contract, char out[ORIGIN_CAP])
{
    struct buf b;
    buf_fixed(&b, out, ORIGIN_CAP);
    buf_str(&b, in->origin);
    buf_str(&b, "/log");
    if (contract != NULL) {
        buf_byte(&b, '/');
        buf_str(&b, contract->id);
    }
    return buf_span(&b);
}

struct sealer *instance_sealer(const struct instance *in)
{
    return sealer_new(in->day_keys);
}
