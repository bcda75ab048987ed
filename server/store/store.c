#include "server/store/store.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/base/xxh64.h"
#include "server/store/store_private.h"
#include "server/system/bounds.h"
#include "server/system/log.h"
#include "server/system/system.h"

enum { MAX_READERS = 256, META_PAGE = 4096 };
enum { OTHER_ROW = 8, WORK_AT_ONCE = 128 }; /* in rows of rollups, a quarter of a us each to who reads many */
#define MAP_MOST (UINT64_C(1) << 44)        /* 16 TiB */
#define MAP_LEAST (UINT64_C(1) << 30)

struct cursor {
    struct txn *txn;
    enum table table;
    struct spread_cursor *spread; /* NULL: not of a spread table */
    MDB_cursor *mdb;
    bool from_first; /* it has stood on every row so far, `walked` of them, with no write since */
    size_t walked;
    uint64_t writes;
};

/* ---- a file that is damaged ---- */

static void (*last_words)(void);

/* Of the thread that reads, and while it reads: so what `say` calls is not under way. */
static _Noreturn void end_damaged(void)
{
    last_words();
    _exit(1);
}

static void on_bus_error(int number)
{
    (void)number;
    end_damaged();
}

static void on_assertion(MDB_env *env, const char *text)
{
    (void)env, (void)text;
    if (last_words == NULL)
        abort();
    end_damaged();
}

void store_last_words(void (*say)(void))
{
    const struct sigaction act = {.sa_handler = on_bus_error};
    last_words = say;
    sigaction(SIGBUS, &act, NULL);
}

/* How many of the pages from `first` on stand in the list of free ones. */
static int count_free(MDB_env *env, size_t first, size_t *n)
{
    MDB_txn *t;
    MDB_cursor *c = NULL;
    MDB_val key, value;
    int rc = mdb_txn_begin(env, NULL, MDB_RDONLY, &t);
    if (rc != 0)
        return rc;
    rc = mdb_cursor_open(t, 0, &c); /* the list is table 0: of each transaction a count, and so many page numbers */
    while (rc == 0 && (rc = mdb_cursor_get(c, &key, &value, MDB_NEXT)) == 0) {
        size_t count = 0, page;
        if (value.mv_size >= sizeof count)
            memcpy(&count, value.mv_data, sizeof count);
        for (size_t i = 1; i <= count && (i + 1) * sizeof page <= value.mv_size; i++) {
            memcpy(&page, (const char *)value.mv_data + i * sizeof page, sizeof page);
            *n += page >= first;
        }
    }
    if (c != NULL)
        mdb_cursor_close(c);
    mdb_txn_abort(t);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

/* Whether the file has every page that is in use. One that was given out and freed in one transaction is never written:
 * at the end such pages may be missing. */
static int all_there(MDB_env *env)
{
    MDB_envinfo info;
    MDB_stat stat;
    struct stat file;
    mdb_filehandle_t fd;
    size_t n_free = 0;
    if (mdb_env_info(env, &info) != 0 || mdb_env_stat(env, &stat) != 0 || mdb_env_get_fd(env, &fd) != 0 ||
        fstat(fd, &file) != 0)
        return EIO;
    size_t pages = (size_t)file.st_size / stat.ms_psize;
    if (pages > info.me_last_pgno)
        return 0;
    int rc = count_free(env, pages, &n_free);
    return rc != 0 || n_free == info.me_last_pgno + 1 - pages ? rc : MDB_INVALID;
}

static const struct table_info tables[TABLE_COUNT] = {
#define X(symbol, name, rows, proof, tells, how) [TABLE_##symbol] = {name, rows, PROOF_##proof, tells, how},
    STORE_TABLE(X)
#undef X
#define X(symbol, word, meaning)                                                                                       \
    [TABLE_ROWS + ROW_##symbol] = {word, meaning, PROOF_FOLD, TELLS_ALL, "what apply() makes of the entries"},
        ROW_TABLE(X)
#undef X
};

const struct table_info *table_info(enum table t)
{
    assert(t < TABLE_COUNT);
    return &tables[t];
}

const char *proof_word(enum proof p)
{
    static const char *const words[PROOFS] = {
#define X(symbol, word, meaning) word,
        PROOF_TABLE(X)
#undef X
    };
    return words[p];
}

void table_row_name(enum table t, struct span key, char out[ROW_NAME])
{
    struct span shown = key.len > KEY_SHOWN ? span_of(key.ptr, KEY_SHOWN) : key;
    bool text = key.len > 0 && key.ptr[0] > ' ';
    for (size_t i = 0; text && i < shown.len; i++)
        text = (shown.ptr[i] >= ' ' && shown.ptr[i] <= '~') || shown.ptr[i] == '\0';
    struct buf b;
    buf_fixed(&b, out, ROW_NAME - 1);
    buf_str(&b, "row ");
    size_t start = b.len;
    if (text)
        buf_span_add(&b, shown);
    else
        buf_hex(&b, shown.ptr, shown.len);
    for (size_t i = start; i < b.len; i++)
        if (out[i] == '\0')
            out[i] = ' ';
    buf_printf(&b, "%s of %s", shown.len < key.len ? "..." : "", table_info(t)->name);
    out[b.len] = '\0';
}

/* What every call but opening answers. ERR_IO is logged here, where the cause is known. */
static enum err result(int rc, const char *call)
{
    switch (rc) {
    case MDB_SUCCESS:
        return ERR_OK;
    case MDB_NOTFOUND:
        return ERR_NOT_FOUND;
    case MDB_MAP_FULL:
    case MDB_TXN_FULL:
    case ENOSPC:
    case EDQUOT:
    case EFBIG: /* RLIMIT_FSIZE */
        return ERR_FULL;
    case ENOMEM:
        mem_exhausted();
    default:
        log_line(LOG_ERROR, 0, "store", "%s: %s", call, mdb_strerror(rc));
        return ERR_IO;
    }
}

/* The same of a call within a transaction, which remembers it. */
enum err txn_result(struct txn *t, int rc, const char *call)
{
    t->damage = DAMAGE_NONE;
    if (rc != MDB_SUCCESS && rc != MDB_NOTFOUND) {
        t->failed_call = call;
        t->failed_rc = rc;
    }
    bool page = rc == MDB_CORRUPTED || rc == MDB_PAGE_NOTFOUND;
    if (page && !t->write)
        return ERR_CORRUPT;
    if (page && last_words != NULL) /* who writes cannot go on */
        end_damaged();
    return result(rc, call);
}

/* By flock, which other descriptors of the file, LMDB's among them, do not drop when they close. */
static enum err lock_file(const char *data_dir, const char *name, int flags, int *fd)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", data_dir, name);
    *fd = open(path, flags | O_CLOEXEC, 0600);
    if (*fd < 0)
        return errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;
    if (flock(*fd, LOCK_EX | LOCK_NB) == 0)
        return ERR_OK;
    return errno == EWOULDBLOCK ? ERR_BUSY : ERR_IO;
}

enum err store_lock(const char *data_dir, int fds[STORE_LOCKS])
{
    fds[1] = -1;
    enum err err = lock_file(data_dir, "lock", O_RDWR | O_CREAT, &fds[0]);
    if (err == ERR_NOT_FOUND) /* a link to nothing: not the store that is missing */
        err = store_missing(data_dir) == ERR_CONFLICT ? ERR_IO : err;
    if (err == ERR_OK) {
        err = lock_file(data_dir, "store.mdb", O_RDONLY | O_NONBLOCK, &fds[1]);
        if (err == ERR_NOT_FOUND) /* so it is in no other place either */
            err = ERR_OK;
    }
    if (err != ERR_OK)
        store_unlock(fds);
    return err;
}

void store_unlock(const int fds[STORE_LOCKS])
{
    for (int i = 0; i < STORE_LOCKS; i++)
        if (fds[i] >= 0)
            close(fds[i]);
}

/* Asked before the tables are opened: another format may have others. A row that is not whole says nothing. */
static int is_foreign(const struct store *s, bool *out)
{
    static const struct span name = {"format", 6};
    MDB_txn *t;
    MDB_dbi meta;
    MDB_val k = val(name), v = {0, NULL};
    int rc = mdb_txn_begin(s->env, NULL, MDB_RDONLY, &t);
    if (rc != 0)
        return rc;
    rc = mdb_dbi_open(t, tables[TABLE_META].name, 0, &meta);
    if (rc == 0)
        rc = mdb_get(t, meta, &k, &v);
    if (rc == 0 && v.mv_size >= SUM_LEN) {
        const struct span value = span_of(v.mv_data, v.mv_size - SUM_LEN);
        *out = load_be64(value.ptr + value.len) == store_sum(s, TABLE_META, name, value, false) &&
               !span_is(value, STORE_FORMAT);
    }
    mdb_txn_abort(t);
    return rc == MDB_NOTFOUND ? 0 : rc;
}

static int open_tables(struct store *s, enum store_mode mode)
{
    MDB_txn *t;
    int rc = mdb_txn_begin(s->env, NULL, mode == STORE_READ ? MDB_RDONLY : 0, &t);
    if (rc != 0)
        return rc;
    const unsigned flags = mode == STORE_CREATE ? MDB_CREATE : 0;
    for (int i = 0; i < TABLE_COUNT && rc == 0; i++)
        if (!table_is_spread((enum table)i))
            rc = mdb_dbi_open(t, tables[i].name, flags, &s->dbi[i]);
    if (rc == 0)
        rc = spread_open(s, t, flags);
    if (rc == 0)
        return mdb_txn_commit(t);
    mdb_txn_abort(t);
    return rc;
}

static int open_mapped(struct store *s, const char *path, enum store_mode mode, uint64_t map_size)
{
    int rc = mdb_env_create(&s->env);
    if (rc == 0)
        rc = mdb_env_set_mapsize(s->env, map_size);
    if (rc == 0)
        rc = mdb_env_set_maxdbs(s->env, TABLE_COUNT + SPREAD_DBIS);
    if (rc == 0)
        rc = mdb_env_set_maxreaders(s->env, MAX_READERS);
    if (rc == 0 && mode != STORE_READ)
        rc = mdb_env_set_assert(s->env, on_assertion);
    if (rc == 0)
        rc = mdb_env_open(s->env, path, MDB_NOSUBDIR | MDB_NOTLS | (mode == STORE_READ ? MDB_RDONLY : 0), 0600);
    return rc;
}

/* A map costs addresses alone, of which a machine, or a limit of the process, may have fewer. It is never made larger
 * later, for which all readers would have to stand still. */
static int open_env(struct store *s, const char *path, enum store_mode mode, uint64_t map_size)
{
    int rc = open_mapped(s, path, mode, map_size != 0 ? map_size : MAP_MOST);
    for (uint64_t less = MAP_MOST / 2; rc == ENOMEM && map_size == 0 && less >= MAP_LEAST; less /= 2) {
        mdb_env_close(s->env);
        s->env = NULL;
        rc = open_mapped(s, path, mode, less);
    }
    return rc == 0 && mode != STORE_CREATE ? all_there(s->env) : rc;
}

/* Of opening: the file is no store of ours, or not a whole one. */
static bool is_damage(int rc)
{
    return rc == MDB_INVALID || rc == MDB_VERSION_MISMATCH || rc == MDB_NOTFOUND || rc == MDB_CORRUPTED ||
           rc == MDB_PAGE_NOTFOUND || rc == MDB_INCOMPATIBLE || rc == MDB_PANIC;
}

/* LMDB's table of readers, where root makes it, belongs to whose the folder is, who could not open the store else. */
static void lend_readers(const char *data_dir)
{
    char path[PATH_MAX];
    struct stat dir;
    snprintf(path, sizeof path, "%s/store.mdb-lock", data_dir);
    if (geteuid() == 0 && stat(data_dir, &dir) == 0 && dir.st_uid != 0)
        (void)!lchown(path, dir.st_uid, dir.st_gid);
}

enum err store_open(const char *data_dir, enum store_mode mode, uint64_t map_size, struct store **out)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/store.mdb", data_dir);
    struct store *s = xcalloc(1, sizeof *s);
    s->lock[0] = s->lock[1] = -1;
    snprintf(s->dir, sizeof s->dir, "%s", data_dir);
    for (int i = 0; i < TABLE_COUNT; i++) {
        s->seed[i] = xxh64(0, span_str(tables[i].name));
        s->gone_seed[i] = xxh64(1, span_str(tables[i].name));
    }
    enum err err = mode == STORE_READ ? ERR_OK : store_lock(data_dir, s->lock);
    if (err != ERR_OK)
        goto done;
    struct stat file;
    bool exists = stat(path, &file) == 0;
    if (!exists && errno != ENOENT)
        err = ERR_IO;
    else if (exists == (mode == STORE_CREATE))
        err = exists ? ERR_CONFLICT : ERR_NOT_FOUND;
    else if (exists && !S_ISREG(file.st_mode))
        err = ERR_IO;
    else if (exists && file.st_size < 2 * META_PAGE) /* LMDB would take an empty file for a new store */
        err = ERR_CORRUPT;
    if (err != ERR_OK)
        goto done;
    signal(SIGXFSZ, SIG_IGN); /* a file size limit is a full disk, not a reason to die */
    int rc = open_env(s, path, mode, map_size);
    lend_readers(data_dir);
    bool foreign = false;
    if (rc == 0 && mode != STORE_CREATE)
        rc = is_foreign(s, &foreign);
    if (rc == 0 && foreign) {
        err = ERR_NOT_IMPLEMENTED;
        goto done;
    }
    if (rc == 0)
        rc = open_tables(s, mode);
    if (rc != 0) {
        err = is_damage(rc) ? ERR_CORRUPT : result(rc, "open");
        goto done;
    }
    if (mode == STORE_CREATE) /* LMDB syncs its file's bytes, not the folder entry that names it */
        err = dir_sync(data_dir);
done:
    if (err != ERR_OK)
        store_close(s);
    else
        *out = s;
    return err;
}

enum err store_missing(const char *data_dir)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/store.mdb", data_dir);
    return access(path, F_OK) == 0 ? ERR_CONFLICT : errno == ENOENT ? ERR_OK : ERR_IO;
}

enum err store_reads(const char *data_dir)
{
    static char some[1 << 20];
    char path[PATH_MAX];
    ssize_t n = -1;
    snprintf(path, sizeof path, "%s/store.mdb", data_dir);
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ERR_IO;
    do
        n = read(fd, some, sizeof some);
    while (n > 0 || (n < 0 && errno == EINTR));
    close(fd);
    return n == 0 ? ERR_OK : ERR_IO;
}

enum err store_copy(struct store *s, int fd)
{
    int rc = mdb_env_copyfd2(s->env, fd, MDB_CP_COMPACT);
    if (rc != EAGAIN)
        return result(rc, "copy");
    log_line(LOG_ERROR, 0, "store", "copy: no second thread can be started%s", bounds_of_processes());
    return ERR_INTERNAL;
}

void store_close(struct store *s)
{
    if (s == NULL)
        return;
    zeros_close(s->zeros);
    spread_close(s);
    if (s->env != NULL)
        mdb_env_close(s->env);
    store_unlock(s->lock);
    free(s);
}

void store_check_readers(struct store *s)
{
    int dead = 0;
    if (mdb_reader_check(s->env, &dead) == 0 && dead > 0)
        log_line(LOG_WARN, 0, "dead_readers", "freed %d", dead);
}

uint64_t store_bytes_used(struct store *s)
{
    MDB_envinfo info;
    MDB_stat stat;
    if (mdb_env_info(s->env, &info) != 0 || mdb_env_stat(s->env, &stat) != 0)
        return 0;
    return ((uint64_t)info.me_last_pgno + 1) * stat.ms_psize;
}

enum err txn_begin(struct store *s, bool write, struct txn **out)
{
    MDB_txn *mdb;
    int rc = mdb_txn_begin(s->env, NULL, write ? 0 : MDB_RDONLY, &mdb);
    if (rc != 0)
        return result(rc, "begin");
    struct txn *t = xmalloc(sizeof *t);
    *t = (struct txn){.store = s, .mdb = mdb, .write = write};
    buf_heap(&t->notes);
    *out = t;
    return ERR_OK;
}

enum err txn_commit(struct txn *t)
{
    /* LMDB calls a short write EIO without a system call having failed, so errno stays 0: the disk filled up (or a size
     * limit was met) in the middle of a write. Nothing was synced yet and the transaction is aborted: as clean as
     * ENOSPC. */
    enum err err = held_write(t);
    if (err == ERR_OK)
        err = spread_before_commit(t);
    if (err != ERR_OK) {
        txn_abort(t);
        return err;
    }
    spread_ends(t, false);
    errno = 0;
    int rc = mdb_txn_commit(t->mdb);
    if (rc == EIO && errno == 0)
        rc = ENOSPC;
    spread_ended(t, rc == 0);
    if (rc == 0)
        zeros_committed(t->store->zeros);
    buf_free(&t->notes);
    free(t);
    return result(rc, "commit");
}

void txn_abort(struct txn *t)
{
    if (t == NULL)
        return;
    spread_ends(t, true);
    mdb_txn_abort(t->mdb);
    buf_free(&t->notes);
    free(t);
}

void txn_note(struct txn *t, enum table table, struct span key)
{
    assert(key.len <= UINT8_MAX);
    buf_byte(&t->notes, (uint8_t)table);
    buf_byte(&t->notes, (uint8_t)key.len);
    buf_span_add(&t->notes, key);
}

bool txn_noted(const struct txn *t, struct txn_notes *from, enum table *table, struct span *key)
{
    const uint8_t *row = (const uint8_t *)t->notes.ptr + from->at;
    if (from->at == t->notes.len)
        return false;
    *table = (enum table)row[0];
    *key = span_of(row + 2, row[1]);
    from->at += 2u + row[1];
    return true;
}

void txn_notes_forget(struct txn *t)
{
    buf_clear(&t->notes);
}

uint64_t txn_writes(const struct txn *t)
{
    return t->writes;
}

void txn_cause(const struct txn *t, struct buf *out)
{
    char name[ROW_NAME];
    if (t->read_work)
        table_row_name(t->read_table, span_of(t->read_key, t->read_key_len), name);
    if (t->failed_call != NULL)
        buf_printf(out, "%s: %s", t->failed_call, mdb_strerror(t->failed_rc));
    if (t->read_work)
        buf_printf(out, "%s%s",
                   t->failed_call != NULL           ? ", after reading "
                   : t->damage == DAMAGE_OTHER_ROW  ? "not as it was written: "
                   : t->damage == DAMAGE_BLOCK      ? "a block of rows is not as it was written, last read: "
                   : t->damage == DAMAGE_FEWER_ROWS ? "rows are missing or too many, the last one: "
                                                    : "last read: ",
                   name);
    else if (t->damage == DAMAGE_BLOCK)
        buf_printf(out, "%sa block of rows is not as it was written", t->failed_call != NULL ? ", " : "");
}

bool txn_failed(const struct txn *t)
{
    return t->failed_call != NULL;
}

enum damage txn_damage(const struct txn *t)
{
    return t->damage;
}

void txn_reset(struct txn *t)
{
    spread_ended(t, false);
    mdb_txn_reset(t->mdb);
    t->failed_call = NULL;
    t->damage = DAMAGE_NONE;
    t->read_work = 0;
}

enum err txn_renew(struct txn *t)
{
    return txn_result(t, mdb_txn_renew(t->mdb), "renew");
}

/* ---- rows ---- */

/* A stored value ends with XXH64 over table, key and value, each seeding the next: what stands there without it was not
 * written there. */
static uint64_t key_sum(const struct store *s, enum table table, struct span key)
{
    return xxh64(s->seed[table], key);
}

uint64_t store_sum(const struct store *s, enum table table, struct span key, struct span value, bool gone)
{
    return xxh64(xxh64(gone ? s->gone_seed[table] : s->seed[table], key), value);
}

enum err txn_was_read(struct txn *t, enum table table, struct span key, struct span stored, struct span *value)
{
    t->read_work += table == TABLE_ROLLUPS ? 1 : OTHER_ROW;
    if (t->read_work > WORK_AT_ONCE) {
        t->read_work = 1;
        thread_give_way();
    }
    t->read_table = table;
    t->read_key_len = key.len < sizeof t->read_key ? key.len : sizeof t->read_key;
    memcpy(t->read_key, key.ptr, t->read_key_len);
    size_t len = stored.len < SUM_LEN ? 0 : stored.len - SUM_LEN;
    struct span row = span_of(stored.ptr, len);
    uint64_t sum = stored.len < SUM_LEN ? 0 : load_be64(row.ptr + len);
    bool whole = stored.len >= SUM_LEN && sum == store_sum(t->store, table, key, row, false);
    t->damage = DAMAGE_NONE;
    if (!whole && stored.len == SUM_LEN && table_is_spread(table) && sum == store_sum(t->store, table, key, row, true))
        return ERR_NOT_FOUND;
    t->damage = whole ? DAMAGE_NONE : DAMAGE_OTHER_ROW;
    if (!whole)
        return ERR_CORRUPT;
    *value = row;
    return ERR_OK;
}

enum err store_get(struct txn *t, enum table table, struct span key, struct span *value)
{
    MDB_val k = val(key), v;
    if (table_is_spread(table))
        return spread_get(t, table, key, value);
    if (table_is_held(table) && held_get(t, key, value))
        return ERR_OK;
    int rc = mdb_get(t->mdb, t->store->dbi[table], &k, &v);
    return rc == 0 ? txn_was_read(t, table, key, span_val(&v), value) : txn_result(t, rc, "get");
}

static enum err put(struct txn *t, enum table table, struct span key, size_t len, store_fill *fill, const void *what,
                    unsigned flags, const char *call)
{
    MDB_val k = val(key), v = {len + SUM_LEN, NULL};
    uint64_t seed = key_sum(t->store, table, key);
    int rc = mdb_put(t->mdb, t->store->dbi[table], &k, &v, flags | MDB_RESERVE);
    if (rc != 0)
        return txn_result(t, rc, call);
    char *room = v.mv_data;
    fill(what, room);
    store_be64(room + len, xxh64(seed, span_of(room, len)));
    return ERR_OK;
}

static void fill_span(const void *what, void *room)
{
    const struct span *value = what;
    if (value->len > 0)
        memcpy(room, value->ptr, value->len);
}

enum err store_put(struct txn *t, enum table table, struct span key, struct span value)
{
    if (table_is_spread(table))
        return spread_put(t, table, key, value.len, fill_span, &value);
    if (table_is_held(table) && held_put(t, key, value))
        return ERR_OK;
    t->writes++;
    return put(t, table, key, value.len, fill_span, &value, 0, "put");
}

enum err held_write(struct txn *t)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < t->n_held && err == ERR_OK; i++) {
        const struct held_row *row = &t->held[i];
        const struct span value = span_of(row->value, row->value_len);
        err = put(t, TABLE_HELD, span_of(row->key, row->key_len), value.len, fill_span, &value, 0, "put");
    }
    t->n_held = 0;
    return err;
}

enum err store_append(struct txn *t, enum table table, struct span key, size_t len, store_fill *fill, const void *what)
{
    assert(!table_is_spread(table) && !table_is_held(table));
    t->writes++;
    return put(t, table, key, len, fill, what, MDB_APPEND, "append");
}

enum err store_del(struct txn *t, enum table table, struct span key)
{
    MDB_val k = val(key);
    if (table_is_spread(table))
        return spread_del(t, table, key);
    enum err err = table_is_held(table) ? held_write(t) : ERR_OK;
    if (err != ERR_OK)
        return err;
    t->writes++;
    int rc = mdb_del(t->mdb, t->store->dbi[table], &k, NULL);
    return rc == MDB_NOTFOUND ? ERR_OK : txn_result(t, rc, "del");
}

enum err cursor_open(struct txn *t, enum table table, struct cursor **out)
{
    struct cursor made = {.txn = t, .table = table};
    enum err err = table_is_spread(table)
                       ? spread_cursor_open(t, table, &made.spread)
                       : txn_result(t, mdb_cursor_open(t->mdb, t->store->dbi[table], &made.mdb), "cursor");
    if (err != ERR_OK)
        return err;
    struct cursor *c = xmalloc(sizeof *c);
    *c = made;
    *out = c;
    return ERR_OK;
}

void cursor_close(struct cursor *c)
{
    if (c == NULL)
        return;
    spread_cursor_close(c->spread);
    if (c->mdb != NULL)
        mdb_cursor_close(c->mdb);
    free(c);
}

/* The end of a table that was walked from its first row on: LMDB has counted its rows. */
static enum err all_walked(struct cursor *c)
{
    MDB_stat stat;
    if (!c->from_first || c->writes != c->txn->writes)
        return ERR_NOT_FOUND;
    int rc = mdb_stat(c->txn->mdb, c->txn->store->dbi[c->table], &stat);
    if (rc != 0)
        return txn_result(c->txn, rc, "stat");
    c->txn->damage = stat.ms_entries == c->walked ? DAMAGE_NONE : DAMAGE_FEWER_ROWS;
    return stat.ms_entries == c->walked ? ERR_NOT_FOUND : ERR_CORRUPT;
}

/* As it stands in LMDB's table. */
static enum err stored_row(struct cursor *c, MDB_cursor_op op, MDB_val k, struct span *key, struct span *value)
{
    MDB_val v;
    if (op != MDB_NEXT) {
        c->from_first = op == MDB_FIRST;
        c->walked = 0;
        c->writes = c->txn->writes;
    }
    int rc = mdb_cursor_get(c->mdb, &k, &v, op);
    if (rc == MDB_NOTFOUND)
        return all_walked(c);
    if (rc != 0)
        return txn_result(c->txn, rc, "cursor");
    c->walked++;
    *key = span_val(&k);
    return txn_was_read(c->txn, c->table, *key, span_val(&v), value);
}

static enum err cursor_get(struct cursor *c, MDB_cursor_op op, MDB_val k, struct span *key, struct span *value)
{
    enum err err = table_is_held(c->table) ? held_write(c->txn) : ERR_OK;
    return err == ERR_OK ? stored_row(c, op, k, key, value) : err;
}

enum err cursor_seek(struct cursor *c, struct span from, struct span *key, struct span *value)
{
    if (c->spread != NULL)
        return spread_cursor_seek(c->spread, from, key, value);
    /* LMDB takes no empty key */
    return from.len == 0 ? cursor_get(c, MDB_FIRST, (MDB_val){0}, key, value)
                         : cursor_get(c, MDB_SET_RANGE, val(from), key, value);
}

enum err cursor_next(struct cursor *c, struct span *key, struct span *value)
{
    return c->spread != NULL ? spread_cursor_next(c->spread, key, value)
                             : cursor_get(c, MDB_NEXT, (MDB_val){0}, key, value);
}

enum err cursor_prev(struct cursor *c, struct span *key, struct span *value)
{
    assert(c->spread == NULL);
    return cursor_get(c, MDB_PREV, (MDB_val){0}, key, value);
}

enum err cursor_last(struct cursor *c, struct span *key, struct span *value)
{
    assert(c->spread == NULL);
    return cursor_get(c, MDB_LAST, (MDB_val){0}, key, value);
}

static enum err stored_seek(struct txn *t, enum table table, struct span from, struct span *key, struct span *value)
{
    struct cursor c = {.txn = t, .table = table};
    int rc = mdb_cursor_open(t->mdb, t->store->dbi[table], &c.mdb);
    if (rc != 0)
        return txn_result(t, rc, "cursor");
    enum err err = stored_row(&c, from.len == 0 ? MDB_FIRST : MDB_SET_RANGE, val(from), key, value);
    mdb_cursor_close(c.mdb);
    return err;
}

enum err store_seek(struct txn *t, enum table table, struct span from, struct span *key, struct span *value)
{
    struct span held_key, held_value;
    if (table_is_spread(table))
        return spread_seek(t, table, from, key, value);
    bool held = table_is_held(table) && held_seek(t, from, &held_key, &held_value);
    enum err err = held && span_eq(held_key, from) ? ERR_NOT_FOUND : stored_seek(t, table, from, key, value);
    if (!held || (err != ERR_OK && err != ERR_NOT_FOUND) || (err == ERR_OK && span_order(*key, held_key) < 0))
        return err;
    *key = held_key;
    *value = held_value;
    return ERR_OK;
}

enum err store_get_sole(struct txn *t, enum table table, struct span key, struct span *value)
{
    struct span found;
    enum err err = store_seek(t, table, key, &found, value);
    if (err != ERR_OK)
        return err;
    if (found.len < key.len || memcmp(found.ptr, key.ptr, key.len) != 0)
        return ERR_NOT_FOUND;
    return found.len == key.len ? ERR_OK : ERR_CORRUPT;
}

static enum err view_get(void *txn, enum row_table table, struct span key, struct span *value)
{
    return store_get(txn, (enum table)(TABLE_ROWS + table), key, value);
}

static enum err view_seek(void *txn, enum row_table table, struct span from, struct span *key, struct span *value)
{
    return store_seek(txn, (enum table)(TABLE_ROWS + table), from, key, value);
}

struct view store_view(struct txn *t)
{
    return (struct view){.get = view_get, .seek = view_seek, .ctx = t};
}

enum err store_rows_write(struct txn *t, const struct row_ops *ops)
{
    for (size_t i = 0; i < ops->n; i++) {
        const struct row_op *op = &ops->op[i];
        enum table table = (enum table)(TABLE_ROWS + op->table);
        struct span key = span_of(op->key, op->key_len);
        uint8_t room[ROW_VALUE_MAX];
        enum err err = op->del ? store_del(t, table, key) : store_put(t, table, key, row_op_value(op, room));
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}
