#include "server/instance/instance_copy.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "common/base/when.h"
#include "server/keys/month_keys.h"
#include "server/ledger/ledger.h"
#include "server/system/system.h"

/* What a copy has beside the store and the months' keys. */
static const struct part {
    const char *name;
    bool required, copied; /* into a backup; else it is made for it */
} parts[] = {
    {"keys.json", true, true},       {"signed-heads", true, false},       {"witnessed", false, true},
    {"operator.token", false, true}, {INSTANCE_UNCONFIRMED, true, false},
};
enum { PARTS = sizeof parts / sizeof *parts };

static bool remove_from(const char *dir, const char *name)
{
    char *path = xasprintf("%s/%s", dir, name);
    bool gone = unlink(path) == 0 || errno == ENOENT;
    free(path);
    return gone;
}

static enum err copy_parts(const char *from, const char *to, bool backup, const char **what)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < PARTS && err == ERR_OK; i++) {
        if (backup && !parts[i].copied)
            continue;
        *what = parts[i].name;
        err = file_copy(from, to, parts[i].name);
        if (err == ERR_NOT_FOUND && !parts[i].required)
            err = ERR_OK;
    }
    if (err == ERR_OK) {
        *what = "keys/";
        err = months_copy(from, to);
    }
    return err;
}

/* ---- the heads that were signed ---- */

/* Of each log that is in the store or among the heads, to the last. */
static uint32_t logs_end(const struct instance *in, const struct heads *heads)
{
    struct catalog *c = catalog_hold(in->catalog);
    uint32_t end = (uint32_t)c->n_contracts + 1;
    catalog_unref(c);
    return heads_end(heads) > end ? heads_end(heads) : end;
}

/* What was signed of a log when `before` was read, or later and stands in the copy as published. ERR_NOT_FOUND. */
static enum err last_signed(struct heads *before, struct txn *t, uint32_t log, struct checkpoint *out)
{
    uint64_t published = 0, leaf;
    enum err err = heads_last(before, log, &out->size, &out->root);
    if (err == ERR_OK || err == ERR_NOT_FOUND)
        err = ledger_published_at(t, log, &published, &leaf);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    if (published > out->size) {
        out->size = published;
        return ledger_root_at(t, log, published, &out->root);
    }
    return out->size > 0 ? ERR_OK : ERR_NOT_FOUND;
}

static char *mark_of(const char *to)
{
    return xasprintf("%s/" INSTANCE_UNCONFIRMED, to);
}

/* That of a copy of what has one stays as it is: it is no newer. */
static enum err write_mark(const char *from, int64_t at_ms, const char *to)
{
    enum err err = file_copy(from, to, INSTANCE_UNCONFIRMED);
    if (err != ERR_NOT_FOUND)
        return err;
    char *mark = mark_of(to);
    struct buf text;
    buf_heap(&text);
    buf_str(&text, from);
    buf_byte(&text, '\n');
    time_rfc3339(&text, at_ms);
    err = file_write_atomic(mark, buf_span(&text), 0600);
    buf_free(&text);
    free(mark);
    return err;
}

enum err instance_backup_time(const char *from, struct buf *out)
{
    enum { MARK_MAX = 1 << 14 };
    char *mark = mark_of(from);
    struct buf text;
    buf_heap(&text);
    enum err err = file_read(mark, MARK_MAX, &text);
    size_t at = text.len;
    while (at > 0 && text.ptr[at - 1] != '\n')
        at--;
    if (err == ERR_OK && at == 0)
        err = ERR_NOT_FOUND;
    if (err == ERR_OK)
        buf_span_add(out, span_skip(buf_span(&text), at));
    buf_free(&text);
    free(mark);
    return err;
}

/* What a start refuses too: a head is kept before it is published, so `now`, read behind the copy, has what the copy
 * says was published; and of a record that a crash cut off the log had the entries. */
static enum err log_heads_hold(struct heads *before, struct heads *now, struct txn *t, uint32_t log)
{
    uint64_t size = 0, published = 0, torn, leaf;
    struct head head = {.size = 0};
    struct hash root;
    enum err err = ledger_published_at(t, log, &published, &leaf);
    if (err == ERR_OK || err == ERR_NOT_FOUND)
        err = heads_last(now, log, &size, &root);
    if ((err == ERR_OK || err == ERR_NOT_FOUND) && size < published)
        return ERR_CORRUPT;
    if (err == ERR_OK || err == ERR_NOT_FOUND)
        err = heads_torn(before, log, &torn);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    err = head_read(t, log, &head);
    return err != ERR_OK && err != ERR_NOT_FOUND ? err : torn > head.size ? ERR_CORRUPT : ERR_OK;
}

static enum err heads_hold(const struct instance *copy, const char *dir, struct heads *before)
{
    struct heads *now = NULL;
    struct txn *t = NULL;
    enum err err = heads_open_to_read(dir, &now);
    if (err == ERR_OK)
        err = txn_begin(copy->store, false, &t);
    uint32_t end = err == ERR_OK ? logs_end(copy, now) : 0;
    for (uint32_t log = 0; log < end && err == ERR_OK; log++)
        err = log_heads_hold(before, now, t, log);
    txn_abort(t);
    heads_close(now);
    return err;
}

static enum err write_heads(const struct instance *copy, struct heads *before, const char *to)
{
    struct heads_guard guard;
    struct txn *t = NULL;
    enum err err = heads_file(to, &guard);
    if (err != ERR_OK)
        return err;
    err = txn_begin(copy->store, false, &t);
    uint32_t end = logs_end(copy, before);
    for (uint32_t log = 0; log < end && err == ERR_OK; log++) {
        struct checkpoint head = {.size = 0};
        err = last_signed(before, t, log, &head);
        if (err == ERR_OK)
            err = guard.keep(guard.ctx, log, &head);
        else if (err == ERR_NOT_FOUND)
            err = ERR_OK;
    }
    txn_abort(t);
    guard.close(guard.ctx);
    return err;
}

/* ---- backup ---- */

enum err instance_backup(const char *dir, uint64_t map_size, bool heads_lost, int64_t now_ms, const char *to,
                         const char **what)
{
    struct instance in, copy;
    struct heads *before = NULL;
    enum err err = instance_open(&in, dir, STORE_READ, map_size, what);
    if (err != ERR_OK)
        return err;
    *what = "signed-heads";
    err = heads_open_to_read(heads_lost ? to : dir,
                             &before); /* before the store: what it says was durable there by then */
    if (err == ERR_OK) {
        *what = "the store";
        err = instance_copy_store(in.store, to);
    }
    if (err == ERR_OK) /* after it: a key is on the disk before anything is sealed under it or signed by it */
        err = copy_parts(dir, to, true, what);
    instance_close(&in);
    if (err == ERR_OK) {
        *what = INSTANCE_UNCONFIRMED;
        err = write_mark(dir, now_ms, to);
    }
    if (err == ERR_OK && (err = instance_open(&copy, to, STORE_READ, map_size, what)) == ERR_OK) {
        *what = "signed-heads";
        err = heads_lost ? ERR_OK : heads_hold(&copy, dir, before);
        if (err == ERR_OK)
            err = write_heads(&copy, before, to);
        instance_close(&copy);
    }
    heads_close(before);
    return err;
}

/* ---- restore ---- */

enum err instance_restore(const char *from, const char *to, const char **what)
{
    *what = "store.mdb";
    enum err err = file_copy(from, to, *what);
    return err == ERR_OK ? copy_parts(from, to, false, what) : err;
}

enum err instance_confirm(const char *to)
{
    char *mark = mark_of(to);
    enum err err = unlink(mark) == 0 ? ERR_OK : ERR_IO;
    free(mark);
    return err;
}

/* The lost folder's heads, and the copy that is to go on from them. */
struct follow {
    struct heads *lost;
    struct heads_guard kept;
    struct instance copy;
    struct txn *txn;
    struct catalog *catalog;
    instance_ahead *ahead;
};

static void tell_ahead(const struct follow *f, uint32_t log, uint64_t is_signed, uint64_t have)
{
    char name[ORIGIN_CAP];
    const struct contract *contract = catalog_contract_number(f->catalog, log);
    if (log == ROOT_LOG || contract != NULL)
        f->ahead(instance_log_name(&f->copy, contract, name), is_signed, have);
    else
        f->ahead(SPAN("the log of a contract that was made later"), is_signed, have);
}

/* Whether what was signed by the time of the backup is in it. ERR_CORRUPT: it is an older one. */
static enum err has_kept(const struct follow *f, uint32_t log, uint64_t signed_size)
{
    uint64_t size;
    struct hash root;
    enum err err = f->kept.last(f->kept.ctx, log, &size, &root);
    if (err == ERR_OK)
        return size > signed_size ? ERR_CORRUPT : ERR_OK;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Whether the copy has it. ERR_CONFLICT: it is behind, or grew otherwise. */
static enum err has_head(const struct follow *f, uint32_t log, const struct checkpoint *signed_head)
{
    struct head stored = {.size = 0};
    struct hash root;
    enum err err = head_read(f->txn, log, &stored);
    if (err == ERR_OK && stored.size >= signed_head->size &&
        (err = ledger_root_at(f->txn, log, signed_head->size, &root)) == ERR_OK &&
        memcmp(root.b, signed_head->root.b, HASH_LEN) == 0)
        return ERR_OK;
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err == ERR_CORRUPT ? ERR_IO : err; /* the copy's tiles, not what was signed */
    tell_ahead(f, log, signed_head->size, stored.size);
    return ERR_CONFLICT;
}

static enum err keep_head(const struct follow *f, uint32_t log, const struct checkpoint *signed_head)
{
    uint64_t size;
    struct hash root;
    enum err err = f->kept.last(f->kept.ctx, log, &size, &root);
    if (err == ERR_NOT_FOUND || (err == ERR_OK && size < signed_head->size))
        err = f->kept.keep(f->kept.ctx, log, signed_head);
    return err;
}

static enum err follow_log(const struct follow *f, uint32_t log)
{
    struct checkpoint head = {.size = 0};
    enum err err = heads_last(f->lost, log, &head.size, &head.root);
    if (err == ERR_OK && head.size > 0)
        err = has_head(f, log, &head);
    if (err == ERR_OK || err == ERR_NOT_FOUND)
        err = has_kept(f, log, head.size);
    return err == ERR_OK && head.size > 0 ? keep_head(f, log, &head) : err;
}

/* All logs are looked at, so that all that are ahead are told: what says so is told by a file that is damaged too. */
static enum err follow_heads(const struct follow *f)
{
    enum err err = ERR_OK;
    bool ahead = false, less = false;
    uint32_t end = logs_end(&f->copy, f->lost);
    for (uint32_t log = 0; log < end && err == ERR_OK; log++) {
        err = follow_log(f, log);
        ahead |= err == ERR_CONFLICT;
        less |= err == ERR_CORRUPT;
        if (err == ERR_CONFLICT || err == ERR_CORRUPT)
            err = ERR_OK;
    }
    if (err != ERR_OK)
        return err;
    return ahead ? ERR_CONFLICT : less ? ERR_CORRUPT : heads_whole(f->lost);
}

static enum err open_follow(struct follow *f, const char *lost, uint64_t map_size, const char *to, const char **what)
{
    *what = "signed-heads";
    char *path = xasprintf("%s/signed-heads", lost);
    enum err err = access(path, R_OK) == 0 ? ERR_OK : errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    free(path);
    if (err == ERR_OK)
        err = heads_open_to_read(lost, &f->lost);
    if (err == ERR_OK)
        err = heads_file(to, &f->kept);
    if (err == ERR_OK)
        err = instance_open(&f->copy, to, STORE_READ, map_size, what);
    if (err == ERR_OK)
        err = txn_begin(f->copy.store, false, &f->txn);
    if (err == ERR_OK)
        f->catalog = catalog_hold(f->copy.catalog);
    return err;
}

static void close_follow(struct follow *f)
{
    catalog_unref(f->catalog);
    txn_abort(f->txn);
    instance_close(&f->copy);
    if (f->kept.close != NULL)
        f->kept.close(f->kept.ctx);
    heads_close(f->lost);
}

/* What the lost folder has newer than a backup, beside its logs. */
static enum err take_parts(const char *lost, const char *to, const char **what)
{
    uint32_t kept_from = 0;
    *what = "witnessed";
    char *theirs = xasprintf("%s/witnessed", lost);
    bool there = access(theirs, F_OK) == 0 || errno != ENOENT;
    free(theirs);
    enum err err = there && !remove_from(to, *what) ? ERR_IO : ERR_OK;
    if (there && err == ERR_OK)
        err = file_copy(lost, to, *what);
    if (err != ERR_OK)
        return err;
    *what = "keys/kept-from";
    err = months_kept_from(lost, &kept_from);
    return err == ERR_OK && kept_from > 0 ? months_destroy(to, kept_from) : err;
}

enum err instance_confirm_by(const char *lost, uint64_t map_size, const char *to, instance_ahead *ahead,
                             const char **what)
{
    struct follow f = {.ahead = ahead};
    int lock[STORE_LOCKS];
    *what = "signed-heads";
    enum err err = store_lock(lost, lock);
    if (err != ERR_OK)
        return err;
    err = open_follow(&f, lost, map_size, to, what);
    if (err == ERR_OK) {
        *what = "signed-heads";
        err = follow_heads(&f);
    }
    close_follow(&f);
    if (err == ERR_OK)
        err = take_parts(lost, to, what);
    if (err == ERR_OK) {
        *what = INSTANCE_UNCONFIRMED;
        err = instance_confirm(to);
    }
    store_unlock(lock);
    return err;
}

enum err instance_mark(const char *dir, uint64_t map_size, struct instance_mark *out, const char **what)
{
    struct instance in;
    enum err err = instance_open(&in, dir, STORE_READ, map_size, what);
    if (err != ERR_OK)
        return err;
    memcpy(out->id, in.id, sizeof out->id);
    out->batch = in.batch;
    instance_close(&in);
    instance_copy_tidy(dir);
    return ERR_OK;
}

/* ---- what is left ---- */

void instance_copy_tidy(const char *to)
{
    (void)!remove_from(to, "store.mdb-lock");
}

static bool is_ours(const char *name)
{
    static const char *const others[] = {"store.mdb", "store.mdb-lock"};
    bool found = false;
    for (size_t i = 0; i < PARTS; i++)
        found |= span_starts(span_str(name), parts[i].name);
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        found |= span_starts(span_str(name), others[i]);
    return found;
}

static bool is_month_key(const char *name)
{
    return strcmp(name, "kept-from") == 0 || strspn(name, "0123456789-") == 7; /* or what it was to become */
}

/* Removes such files right in a folder, and the folder if that is all. */
static bool remove_folder(const char *dir, bool (*is_one)(const char *name))
{
    DIR *d = opendir(dir);
    if (d == NULL)
        return errno == ENOENT;
    const struct dirent *e;
    bool good = true;
    while (good && (e = readdir(d)) != NULL)
        if (is_one(e->d_name))
            good = remove_from(dir, e->d_name);
    closedir(d);
    return good && rmdir(dir) == 0;
}

bool instance_copy_remove(const char *to)
{
    char *keys = xasprintf("%s/keys", to);
    bool gone = remove_folder(keys, is_month_key) && remove_folder(to, is_ours);
    free(keys);
    return gone;
}
