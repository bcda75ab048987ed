/* A folder's keys, store and token are made aside, in DIR/init. Then the token moves to its place, the keys get a
 * second link there, and last the store moves: from then on there is an instance. Whatever ends an init before that,
 * the next one begins anew: as long as the store stands in DIR/init, keys that are the same file here and there were
 * never in use. No other keys and no store are ever replaced or removed. */
#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "server/catalog/catalog_write.h"
#include "server/instance/instance.h"
#include "server/system/system.h"

static const char keys_file[] = "keys.json", store_file[] = "store.mdb", token_file[] = "operator.token",
                  aside_dir[] = "init";
enum { ROOM_FOR_NAMES = 64 };

static void path_of(const char *dir, const char *name, char out[PATH_MAX])
{
    int len = snprintf(out, PATH_MAX, "%s/%s", dir, name);
    assert(len > 0 && len < PATH_MAX); /* instance_create has seen to it */
}

/* ERR_OK: the keys in the folder are those of an init that ended before its store was there. ERR_NOT_FOUND: it has
 * none. ERR_CONFLICT: they are no init's to remove. */
static enum err keys_are_left(const char *dir, const char *aside)
{
    char keys[PATH_MAX], made[PATH_MAX];
    struct stat a, b;
    path_of(dir, keys_file, keys);
    path_of(aside, keys_file, made);
    enum err err = lstat(keys, &a) == 0 ? ERR_OK : errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    if (err == ERR_OK && lstat(made, &b) != 0)
        err = errno == ENOENT || errno == ENOTDIR ? ERR_CONFLICT : ERR_IO;
    else if (err == ERR_OK && (a.st_dev != b.st_dev || a.st_ino != b.st_ino))
        err = ERR_CONFLICT;
    if (err != ERR_OK)
        return err;
    err = store_missing(aside);
    return err == ERR_OK ? ERR_CONFLICT : err == ERR_CONFLICT ? ERR_OK : err;
}

static enum err removed(const char *dir, const char *name)
{
    char path[PATH_MAX];
    path_of(dir, name, path);
    return unlink(path) == 0 || errno == ENOENT ? ERR_OK : ERR_IO;
}

static enum err clear_aside(const char *aside)
{
    static const char *const made[] = {store_file,           "store.mdb-lock", "lock",   token_file,
                                       "operator.token.tmp", "keys.json.tmp",  keys_file};
    enum err err = ERR_OK;
    for (size_t i = 0; i < sizeof made / sizeof made[0] && err == ERR_OK; i++)
        err = removed(aside, made[i]);
    if (err == ERR_OK && rmdir(aside) != 0 && errno != ENOENT)
        err = ERR_IO;
    return err;
}

/* Removes what an init made that did not end. ERR_CONFLICT: there is an instance, or a part of one. */
static enum err clear(const char *dir, const char *aside, const char **what)
{
    *what = store_file;
    enum err err = store_missing(dir);
    if (err != ERR_OK)
        return err;
    *what = keys_file;
    err = keys_are_left(dir, aside);
    if (err == ERR_OK && (err = removed(dir, keys_file)) == ERR_OK)
        err = dir_sync(dir); /* before that goes by which they are known */
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    *what = aside_dir;
    return clear_aside(aside);
}

static enum err fill(struct txn *t, const struct keys *k, const struct founding *f)
{
    struct api_token token = {.party = f->operator,
                              .by = f->operator->number,
                              .created_ms = f->operator->created_ms,
                              .scopes = scopes_of(ROLE_OPERATOR)};
    api_token_hash(f->token, token.sha256);
    enum err err = instance_put_meta(t, k, f->url, f->id);
    if (err == ERR_OK)
        err = catalog_put_party(t, f->operator);
    if (err == ERR_OK)
        err = catalog_put_token(t, &token);
    return err;
}

static enum err make_store(const char *dir, const struct keys *keys, uint64_t map_size, const struct founding *f)
{
    struct store *s = NULL;
    struct txn *t = NULL;
    enum err err = store_open(dir, STORE_CREATE, map_size, &s);
    if (err == ERR_OK)
        err = txn_begin(s, true, &t);
    if (err == ERR_OK)
        err = fill(t, keys, f);
    if (err == ERR_OK)
        err = txn_commit(t);
    else
        txn_abort(t);
    store_close(s);
    return err;
}

static enum err make_token(const char *dir, const char *token)
{
    char line[API_TOKEN_LEN + 2], path[PATH_MAX];
    path_of(dir, token_file, path);
    snprintf(line, sizeof line, "%s\n", token);
    return file_write_atomic(path, span_str(line), 0600);
}

static enum err put(const char *from, const char *to, const char *name, int (*call)(const char *, const char *))
{
    char old[PATH_MAX], new[PATH_MAX];
    path_of(from, name, old);
    path_of(to, name, new);
    return call(old, new) == 0 ? ERR_OK : write_error();
}

/* Allocates nothing: once the store is there, the init must not end as one that failed. */
static enum err put_in_place(const char *aside, const char *dir, const char **what)
{
    *what = token_file;
    enum err err = put(aside, dir, token_file, rename);
    if (err != ERR_OK)
        return err;
    *what = keys_file;
    err = put(aside, dir, keys_file, link);
    if (err == ERR_OK)
        err = dir_sync(dir);
    if (err != ERR_OK)
        return err;
    *what = store_file;
    err = put(aside, dir, store_file, rename);
    if (err == ERR_OK && (err = dir_sync(dir)) != ERR_OK && put(dir, aside, store_file, rename) != ERR_OK)
        err = ERR_CONFLICT; /* so it is initialised */
    return err;
}

static enum err create(const char *dir, const char *aside, uint64_t map_size, const struct founding *f,
                       const char **what)
{
    struct keys *keys = NULL;
    enum err err = clear(dir, aside, what);
    if (err != ERR_OK)
        return err;
    *what = aside_dir;
    if (mkdir(aside, 0700) != 0)
        return ERR_IO;
    err = dir_sync(dir); /* keys are never in their place without the folder by which they are known */
    if (err != ERR_OK)
        return err;
    *what = keys_file;
    err = keys_create(aside);
    if (err == ERR_OK)
        err = keys_load(aside, &keys);
    if (err == ERR_OK) {
        *what = store_file;
        err = make_store(aside, keys, map_size, f);
    }
    if (err == ERR_OK) {
        *what = token_file;
        err = make_token(aside, f->token);
    }
    keys_free(keys);
    return err == ERR_OK ? put_in_place(aside, dir, what) : err;
}

enum err instance_create(const char *dir, uint64_t map_size, const struct founding *f, const char **what)
{
    char aside[PATH_MAX];
    const char *of_left;
    *what = aside_dir;
    if (f->url.len >= URL_CAP || strlen(dir) + ROOM_FOR_NAMES > PATH_MAX)
        return ERR_TOO_LARGE;
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return ERR_IO;
    path_of(dir, aside_dir, aside);
    enum err err = flock(fd, LOCK_EX | LOCK_NB) == 0 ? ERR_OK : errno == EWOULDBLOCK ? ERR_BUSY : ERR_IO;
    if (err == ERR_OK) {
        err = create(dir, aside, map_size, f, what);
        bool tidy = (err == ERR_OK ? clear_aside(aside) : clear(dir, aside, &of_left)) == ERR_OK;
        (void)tidy; /* what is left is in nobody's way */
    }
    close(fd);
    return err;
}
