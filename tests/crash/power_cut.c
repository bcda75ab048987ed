/* `power_cut TRACE SCRATCH SEED STATES [SWALLOWED]`: what the disk may hold when the power goes, at any moment of what
 * disk.c recorded, and whether the server stands by its word on it.
 *
 * What was not synced is there or not, each write and each name by itself, in any order; a write that is there may be
 * torn between sectors of 512 or 4,096 bytes. A file's sync makes its bytes and its length durable, a folder's sync the
 * names in it, and nothing else does. Each of STATES states is made in a folder of SCRATCH and opened as `check` and
 * `serve` do it, in a process of its own. What the test was told before that moment (its marks) must be there:
 *
 *   init                 the folder data is initialised
 *   log ID SIZE          so many entries of the log were acknowledged ("/": the root log): in the end's order
 *   head ID SIZE ROOT    a head that was signed and read
 *   states N             of the server's keys
 *   statement ID         was answered
 *   copying NAME         a backup begins, of what is known by then
 *   copied NAME          it was told to be there; before that a folder of this name is whole, or is not there
 *
 * SWALLOWED leaves syncs out, so that each kind is known to be needed: `folders`, `store` (of store.mdb), `renamed` (of
 * what gets its name by a move). Then the exit status must be 1: something was wrong. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/ascii.h"
#include "common/base/json_read.h"
#include "common/base/mem.h"
#include "common/crypto/crypto.h"
#include "server/check/check.h"
#include "server/cmd/command.h"
#include "server/commit/committer.h"
#include "server/instance/instance.h"
#include "server/jobs.h"
#include "server/settlement/statements.h"
#include "server/system/log.h"
#include "server/system/options.h"
#include "server/system/system.h"
#include "tests/crash/trace.h"
#include "tests/support/chance.h"

#define TRACE_MAX ((size_t)1 << 30)
enum { NAME = 64, NONE = UINT32_MAX, WRONG = 3, SLOTS = 2, PATIENCE_S = 60, MARKS_MAX = 1 << 16, MAP_SIZE = 1 << 30 };

/* ---- what was recorded ---- */

struct event {
    struct trace t;
    char name[NAME], to_name[NAME];
    const char *bytes;
    uint32_t file, dir, to_dir; /* of `files`, whatever became of their inodes since */
    bool swallowed;
};

static struct recording {
    struct event *event;
    size_t n, files;
} recording;

static struct numbering {
    uint64_t inode;
    uint32_t file;
} * numbering;
static size_t n_numbering;

static uint32_t number_of(uint64_t inode)
{
    for (size_t i = n_numbering; inode != 0 && i > 0; i--)
        if (numbering[i - 1].inode == inode)
            return numbering[i - 1].file;
    return NONE;
}

static uint32_t new_number(uint64_t inode)
{
    numbering = xrealloc(numbering, (n_numbering + 1) * sizeof *numbering);
    numbering[n_numbering++] = (struct numbering){inode, (uint32_t)recording.files};
    return (uint32_t)recording.files++;
}

static void take_name(char out[NAME], const char **at, size_t len)
{
    if (len >= NAME)
        die("a name of %zu bytes", len);
    memcpy(out, *at, len);
    out[len] = '\0';
    *at += len;
}

static void read_events(struct span all)
{
    for (const char *at = all.ptr; at < all.ptr + all.len;) {
        struct event e = {.file = NONE};
        memcpy(&e.t, at, sizeof e.t);
        at += sizeof e.t;
        take_name(e.name, &at, e.t.name_len);
        take_name(e.to_name, &at, e.t.to_name_len);
        e.bytes = at;
        at += e.t.op == TRACE_WRITE || e.t.op == TRACE_MARK ? e.t.len : 0;
        bool made = e.t.op == TRACE_MAKE || e.t.op == TRACE_MAKE_DIR;
        if (e.t.op == TRACE_ROOT && recording.n > 0) /* of a further process */
            continue;
        e.file = made || e.t.op == TRACE_ROOT ? new_number(e.t.inode) : number_of(e.t.inode);
        e.dir = number_of(e.t.dir);
        e.to_dir = number_of(e.t.to_dir);
        recording.event = xrealloc(recording.event, (recording.n + 1) * sizeof e);
        recording.event[recording.n++] = e;
    }
}

/* Whether the file gets this name at some time, by a move. */
static bool is_called(uint32_t file, const char *name)
{
    for (size_t i = 0; i < recording.n; i++) {
        const struct event *e = &recording.event[i];
        if (e->file == file && ((e->t.op == TRACE_MAKE && strcmp(e->name, name) == 0) ||
                                (e->t.op == TRACE_MOVE && (name[0] == '\0' || strcmp(e->to_name, name) == 0))))
            return true;
    }
    return false;
}

static bool is_folder(uint32_t file)
{
    for (size_t i = 0; i < recording.n; i++)
        if (recording.event[i].file == file &&
            (recording.event[i].t.op == TRACE_MAKE_DIR || recording.event[i].t.op == TRACE_ROOT))
            return true;
    return false;
}

static void swallow(const char *what)
{
    for (size_t i = 0; i < recording.n; i++) {
        struct event *e = &recording.event[i];
        if (e->t.op != TRACE_SYNC)
            continue;
        bool folder = is_folder(e->file);
        e->swallowed = strcmp(what, "folders") == 0 ? folder
                       : strcmp(what, "store") == 0 ? !folder && is_called(e->file, "store.mdb")
                                                    : !folder && is_called(e->file, "");
    }
}

/* ---- the disk ---- */

struct content {
    char *bytes;
    size_t len, room;
};

struct change { /* of a file's bytes; bytes NULL: of its length */
    const char *bytes;
    uint64_t at, len;
};

struct file {
    bool folder;
    struct content durable;
    struct change *pending;
    size_t n, room;
};

struct name {
    uint32_t dir, file;
    char name[NAME];
};

struct names {
    struct name *name;
    size_t n, room;
};

static struct disk {
    struct file *file; /* by number */
    struct names durable;
    const struct event **pending; /* names */
    size_t n_pending, room;
} disk;

static void content_length(struct content *c, size_t len)
{
    if (len > c->room) {
        c->room = 2 * len;
        c->bytes = xrealloc(c->bytes, c->room);
    }
    if (len > c->len)
        memset(c->bytes + c->len, 0, len - c->len);
    c->len = len;
}

static void content_write(struct content *c, uint64_t at, const char *bytes, size_t len)
{
    if (at + len > c->len)
        content_length(c, at + len);
    if (len > 0)
        memcpy(c->bytes + at, bytes, len);
}

static void content_change(struct content *c, const struct change *x)
{
    if (x->bytes != NULL)
        content_write(c, x->at, x->bytes, x->len);
    else
        content_length(c, x->at);
}

static void name_remove(struct names *all, uint32_t dir, const char *name)
{
    for (size_t i = 0; i < all->n; i++)
        if (all->name[i].dir == dir && strcmp(all->name[i].name, name) == 0) {
            all->name[i] = all->name[--all->n];
            return;
        }
}

static void name_put(struct names *all, uint32_t dir, const char *name, uint32_t file)
{
    name_remove(all, dir, name);
    if (all->n == all->room) {
        all->room = 2 * all->room + 64;
        all->name = xrealloc(all->name, all->room * sizeof *all->name);
    }
    struct name *x = &all->name[all->n++];
    *x = (struct name){.dir = dir, .file = file};
    snprintf(x->name, sizeof x->name, "%s", name);
}

static void name_change(struct names *all, const struct event *e)
{
    if (e->t.op == TRACE_MOVE) {
        name_remove(all, e->dir, e->name);
        name_put(all, e->to_dir, e->to_name, e->file);
    } else if (e->t.op == TRACE_REMOVE) {
        name_remove(all, e->dir, e->name);
    } else {
        name_put(all, e->dir, e->name, e->file);
    }
}

static void add_pending(struct file *f, struct change x)
{
    if (f->n == f->room) {
        f->room = 2 * f->room + 16;
        f->pending = xrealloc(f->pending, f->room * sizeof *f->pending);
    }
    f->pending[f->n++] = x;
}

static void sync_file(struct file *f)
{
    for (size_t i = 0; i < f->n; i++)
        content_change(&f->durable, &f->pending[i]);
    f->n = 0;
}

static void sync_folder(uint32_t dir)
{
    size_t left = 0;
    for (size_t i = 0; i < disk.n_pending; i++) {
        const struct event *e = disk.pending[i];
        if (e->dir == dir || (e->t.op == TRACE_MOVE && e->to_dir == dir))
            name_change(&disk.durable, e);
        else
            disk.pending[left++] = e;
    }
    disk.n_pending = left;
}

static void disk_take(const struct event *e)
{
    struct file *f = e->file != NONE ? &disk.file[e->file] : NULL;
    if (e->t.op == TRACE_ROOT || e->t.op == TRACE_MAKE_DIR)
        f->folder = true;
    switch ((enum trace_op)e->t.op) {
    case TRACE_ROOT:
        break;
    case TRACE_WRITE:
        add_pending(f, (struct change){e->bytes, e->t.at, e->t.len});
        break;
    case TRACE_WRITTEN:
        content_change(&f->durable, &f->pending[--f->n]);
        break;
    case TRACE_LENGTH:
        add_pending(f, (struct change){NULL, e->t.at, 0});
        break;
    case TRACE_SYNC:
        if (!e->swallowed && f->folder)
            sync_folder(e->file);
        else if (!e->swallowed)
            sync_file(f);
        break;
    case TRACE_MAKE_DIR:
    case TRACE_MAKE:
    case TRACE_LINK:
    case TRACE_REMOVE:
    case TRACE_MOVE:
        if (disk.n_pending == disk.room) {
            disk.room = 2 * disk.room + 64;
            disk.pending = xrealloc(disk.pending, disk.room * sizeof *disk.pending);
        }
        disk.pending[disk.n_pending++] = e;
        break;
    case TRACE_MARK:
        break;
    }
}

/* ---- one state of it ---- */

enum way { NOTHING, ALL, SOME, FIRST, ALL_BUT_ONE, ONE, WAYS };

struct choice {
    enum way way;
    size_t n, at; /* `at`: which, or how many */
};

static struct choice choose(size_t n)
{
    return (struct choice){.way = (enum way)below(WAYS), .n = n, .at = n > 0 ? below(n) : 0};
}

static bool is_chosen(const struct choice *c, size_t i)
{
    switch (c->way) {
    case NOTHING:
        return false;
    case SOME:
        return below(2) == 0;
    case FIRST:
        return i < c->at;
    case ALL_BUT_ONE:
        return i != c->at;
    case ONE:
        return i == c->at;
    default:
        return true;
    }
}

/* Whole, or some of its sectors. */
static void change_torn(struct content *c, const struct change *x)
{
    uint64_t sector = below(2) == 0 ? 512 : 4096;
    if (x->bytes == NULL || below(4) != 0) {
        content_change(c, x);
        return;
    }
    for (uint64_t at = x->at; at < x->at + x->len;) {
        uint64_t end = at - at % sector + sector;
        end = end < x->at + x->len ? end : x->at + x->len;
        if (below(2) == 0)
            content_write(c, at, x->bytes + (at - x->at), end - at);
        at = end;
    }
}

static void put_file(const struct file *f, const char *path)
{
    static struct content c;
    c.len = 0;
    content_write(&c, 0, f->durable.bytes != NULL ? f->durable.bytes : "", f->durable.len);
    const struct choice choice = choose(f->n);
    for (size_t i = 0; i < f->n; i++)
        if (is_chosen(&choice, i))
            change_torn(&c, &f->pending[i]);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0 || write(fd, c.bytes, c.len) != (ssize_t)c.len || close(fd) != 0)
        die("cannot write %s: %s", path, strerror(errno));
}

/* A second name of a file is a link to the first. */
static void put_names(const struct names *all, uint32_t dir, const char *path, char (*first)[PATH_MAX])
{
    if (mkdir(path, 0700) != 0)
        die("cannot make %s: %s", path, strerror(errno));
    for (size_t i = 0; i < all->n; i++) {
        const struct name *x = &all->name[i];
        char below[PATH_MAX];
        if (x->dir != dir)
            continue;
        snprintf(below, sizeof below, "%s/%s", path, x->name);
        if (disk.file[x->file].folder)
            put_names(all, x->file, below, first);
        else if (first[x->file][0] != '\0' && link(first[x->file], below) != 0)
            die("cannot link %s: %s", below, strerror(errno));
        else if (first[x->file][0] == '\0')
            put_file(&disk.file[x->file], below);
        snprintf(first[x->file], PATH_MAX, "%s", below);
    }
}

static void disk_put(const char *path, bool whole)
{
    struct names all = {.n = 0};
    char(*first)[PATH_MAX] = xcalloc(recording.files, sizeof *first);
    for (size_t i = 0; i < disk.durable.n; i++)
        name_put(&all, disk.durable.name[i].dir, disk.durable.name[i].name, disk.durable.name[i].file);
    const struct choice choice = choose(disk.n_pending);
    for (size_t i = 0; i < disk.n_pending; i++)
        if (whole || is_chosen(&choice, i))
            name_change(&all, disk.pending[i]);
    put_names(&all, 0, path, first);
    free(first);
    free(all.name);
}

/* ---- what is known ---- */

enum mark_kind { MARK_INIT, MARK_LOG, MARK_HEAD, MARK_STATES, MARK_STATEMENT, MARK_COPYING, MARK_COPIED };

struct mark {
    enum mark_kind kind;
    size_t event;
    char id[NAME];
    uint64_t size;
    struct hash root; /* of a log at that size, in the end */
};

static struct mark *marks; /* shared with the processes */
static size_t n_marks;

static void read_root(const char *hex, struct hash *out)
{
    for (size_t i = 0; i < HASH_LEN; i++) {
        unsigned byte;
        if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
            die("no root: %s", hex);
        out->b[i] = (uint8_t)byte;
    }
}

static void read_mark(size_t event, const char *text)
{
    struct mark m = {.event = event};
    char hex[2 * HASH_LEN + 1];
    if (strcmp(text, "init") == 0)
        m.kind = MARK_INIT;
    else if (sscanf(text, "log %63s %" SCNu64, m.id, &m.size) == 2)
        m.kind = MARK_LOG;
    else if (sscanf(text, "head %63s %" SCNu64 " %64s", m.id, &m.size, hex) == 3)
        m.kind = MARK_HEAD;
    else if (sscanf(text, "states %" SCNu64, &m.size) == 1)
        m.kind = MARK_STATES;
    else if (sscanf(text, "statement %63s", m.id) == 1)
        m.kind = MARK_STATEMENT;
    else if (sscanf(text, "copying %63s", m.id) == 1)
        m.kind = MARK_COPYING;
    else if (sscanf(text, "copied %63s", m.id) == 1)
        m.kind = MARK_COPIED;
    else
        die("no mark: %s", text);
    if (m.kind == MARK_HEAD)
        read_root(hex, &m.root);
    if (n_marks == MARKS_MAX)
        die("too many marks");
    marks[n_marks++] = m;
}

static void read_marks(void)
{
    marks = mmap(NULL, MARKS_MAX * sizeof *marks, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    for (size_t i = 0; i < recording.n; i++) {
        const struct event *e = &recording.event[i];
        char text[256];
        if (e->t.op != TRACE_MARK)
            continue;
        snprintf(text, sizeof text, "%.*s", (int)e->t.len, e->bytes);
        read_mark(i, text);
    }
}

/* The last one of this kind before an event; NULL: none. */
static const struct mark *last_mark(enum mark_kind kind, const char *id, size_t event)
{
    const struct mark *found = NULL;
    for (size_t i = 0; i < n_marks && marks[i].event < event; i++)
        if (marks[i].kind == kind && (id == NULL || strcmp(marks[i].id, id) == 0))
            found = &marks[i];
    return found;
}

/* ---- whether the server stands by it ---- */

static _Noreturn void wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));
static _Noreturn void wrong(const char *format, ...)
{
    va_list args;
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
    _exit(WRONG);
}

static void holds(void *ctx, const struct report_line *t)
{
    if (t->judged && t->verdict != HOLDS)
        wrong("check of %s: %s: %.*s", (const char *)ctx, t->topic, (int)t->sentence.len, t->sentence.ptr);
}

static void check(const char *dir)
{
    struct check_figures figures;
    if (check_folder(dir, MAP_SIZE, holds, (void *)(uintptr_t)dir, &figures) != HOLDS)
        wrong("check of %s", dir);
}

static uint32_t log_number(const struct instance *in, const char *id)
{
    struct catalog *c = catalog_hold(in->catalog);
    const struct contract *contract = catalog_contract(c, span_str(id));
    uint32_t number = strcmp(id, "/") == 0 ? ROOT_LOG : contract != NULL ? contract->number : NONE;
    catalog_unref(c);
    if (number == NONE)
        wrong("the contract %s is gone", id);
    return number;
}

/* What the journal has behind the last sweep, swept. */
static void sweep(struct committer *c)
{
    struct job job = {.record = {.kind = RECORD_SWEEP, .now_ms = 1}, .chore = true}, *jobs[] = {&job};
    bool wrote;
    enum err err = committer_run(c, jobs, 1, &wrote);
    if (err != ERR_OK || job.err != ERR_OK)
        wrong("the recovery's sweep: %s", err_word(err != ERR_OK ? err : job.err));
}

static void stands(const struct instance *in, struct txn *t, struct mark *m, bool in_the_end)
{
    struct hash root, last;
    uint64_t size = 0;
    uint32_t log = log_number(in, m->id);
    enum err err = ledger_root_at(t, log, m->size, &root);
    if (err != ERR_OK)
        wrong("log %s has not the %" PRIu64 " entries that were %s: %s", m->id, m->size,
              m->kind == MARK_HEAD ? "signed" : "acknowledged", err_word(err));
    if (in_the_end && m->kind == MARK_LOG)
        m->root = root;
    else if (memcmp(root.b, m->root.b, HASH_LEN) != 0)
        wrong("log %s has others than the %" PRIu64 " entries that were %s", m->id, m->size,
              m->kind == MARK_HEAD ? "signed" : "acknowledged");
    if (m->kind == MARK_HEAD && (heads_last(in->heads, log, &size, &last) != ERR_OK || size < m->size))
        wrong("the guard has forgotten the head of %" PRIu64 " entries of log %s", m->size, m->id);
}

static void has_statement(struct txn *t, const char *id)
{
    char mem[STATEMENT_KEY_MAX];
    struct span key, value;
    if (statement_key(span_str(id), SPAN("jws"), mem, &key) != ERR_OK ||
        store_get(t, TABLE_STATEMENTS, key, &value) != ERR_OK)
        wrong("the statement %s is gone", id);
}

/* Of each log the last two sizes and heads, and three of all, say what all of them do: an older one is a prefix. */
static bool is_asked(const struct mark *m, size_t event)
{
    const struct mark *last = last_mark(m->kind, m->id, event);
    return m == last || m == last_mark(m->kind, m->id, last->event) || below(n_marks / 3 + 1) == 0;
}

static void all_stands(const struct instance *in, size_t event)
{
    struct txn *t;
    bool in_the_end = event > recording.n;
    const struct mark *states = last_mark(MARK_STATES, NULL, event);
    if (states != NULL && keys_states(in->keys) < states->size)
        wrong("of the keys' %" PRIu64 " states %zu are there", states->size, keys_states(in->keys));
    if (txn_begin(in->store, false, &t) != ERR_OK)
        wrong("a read transaction");
    for (size_t i = 0; i < n_marks && marks[i].event < event; i++) {
        struct mark *m = &marks[i];
        if ((m->kind == MARK_LOG || m->kind == MARK_HEAD) && (in_the_end || is_asked(m, event)))
            stands(in, t, m, in_the_end);
        else if (m->kind == MARK_STATEMENT)
            has_statement(t, m->id);
    }
    txn_abort(t);
}

static void opens(const char *dir, size_t event)
{
    struct instance in;
    struct committer *c;
    const char *what;
    enum err err = instance_open(&in, dir, STORE_SERVE, MAP_SIZE, &what);
    if (err != ERR_OK)
        wrong("%s does not open: %s: %s", dir, what, err_word(err));
    const struct committer_setup setup = {.instance = &in, .runs = job_runs};
    err = committer_open(&setup, &c);
    if (err != ERR_OK)
        wrong("%s: recovery: %s", dir, err_word(err));
    sweep(c);
    committer_close(c);
    all_stands(&in, event);
    instance_close(&in);
    check(dir);
}

static bool is_there(const char *path)
{
    return access(path, F_OK) == 0;
}

/* What is cut off in the middle is done by the same command again, or was done. */
static void init_goes_on(const char *dir)
{
    struct instance in;
    const char *what;
    const char *const given[] = {dir, "http://127.0.0.1:8080"};
    enum err err = instance_open(&in, dir, STORE_SERVE, MAP_SIZE, &what);
    if (err == ERR_OK)
        instance_close(&in);
    else if (freopen("/dev/null", "w", stdout) == NULL || cmd_init.run(given) != 0)
        wrong("init");
}

static void copy_holds(const char *root, const struct mark *copying, size_t event)
{
    char dir[PATH_MAX];
    struct instance in;
    struct txn *t;
    struct ledger *l;
    const char *what;
    bool told = last_mark(MARK_COPIED, copying->id, event) != NULL;
    snprintf(dir, sizeof dir, "%s/%s", root, copying->id);
    if (!told && !is_there(dir))
        return;
    check(dir);
    enum err err = instance_open(&in, dir, STORE_READ, MAP_SIZE, &what);
    if (err == ERR_OK)
        err = txn_begin(in.store, false, &t);
    if (err == ERR_OK)
        err = ledger_open(t, &l);
    if (err != ERR_OK)
        wrong("the copy %s does not open: %s", copying->id, err_word(err));
    for (size_t i = 0; i < n_marks && marks[i].event < copying->event; i++)
        if (marks[i].kind == MARK_LOG && ledger_size(l, log_number(&in, marks[i].id)) < marks[i].size)
            wrong("the copy %s has not the %" PRIu64 " entries of %s", copying->id, marks[i].size, marks[i].id);
    ledger_close(l);
    txn_abort(t);
    instance_close(&in);
}

static void judge(const char *root, size_t event)
{
    char dir[PATH_MAX];
    snprintf(dir, sizeof dir, "%s/data", root);
    if (last_mark(MARK_INIT, NULL, event) == NULL)
        init_goes_on(dir);
    opens(dir, event);
    for (size_t i = 0; i < n_marks && marks[i].event < event; i++)
        if (marks[i].kind == MARK_COPYING)
            copy_holds(root, &marks[i], event);
}

/* ---- all of it ---- */

static const char *scratch;
static uint64_t seed;
static size_t n_wrong;
static struct slot {
    pid_t pid; /* 0: free */
    size_t event, state;
} slots[SLOTS];

static int unlink_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
    (void)st;
    (void)type;
    (void)ftw;
    return remove(path);
}

static void path_of_slot(size_t slot, const char *what, char out[PATH_MAX])
{
    snprintf(out, PATH_MAX, "%s/%zu%s", scratch, slot, what);
}

static void tell(size_t slot, int status)
{
    char path[PATH_MAX];
    struct buf said;
    buf_heap(&said);
    path_of_slot(slot, ".said", path);
    if (file_read(path, 1 << 20, &said) != ERR_OK)
        buf_str(&said, "nothing");
    if (n_wrong++ < 3)
        printf("state %zu, after %zu of %zu events: %s %d: %.*s\n", slots[slot].state, slots[slot].event, recording.n,
               WIFEXITED(status) ? "status" : "signal", WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status),
               (int)said.len, said.ptr);
    buf_free(&said);
}

static void wait_for_one(void)
{
    int status;
    pid_t pid = wait(&status);
    for (size_t i = 0; i < SLOTS; i++)
        if (pid > 0 && slots[i].pid == pid) {
            slots[i].pid = 0;
            if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
                tell(i, status);
        }
}

static size_t free_slot(void)
{
    for (;;) {
        for (size_t i = 0; i < SLOTS; i++)
            if (slots[i].pid == 0)
                return i;
        wait_for_one();
    }
}

/* The state behind so many events, as it is by now, is made and judged in another process; past all of them: the end.
 */
static void start_one(size_t state, size_t event)
{
    char path[PATH_MAX], said[PATH_MAX];
    size_t slot = free_slot();
    path_of_slot(slot, "", path);
    path_of_slot(slot, ".said", said);
    fflush(stdout);
    slots[slot] = (struct slot){.pid = fork(), .event = event, .state = state};
    if (slots[slot].pid < 0)
        die("fork: %s", strerror(errno));
    if (slots[slot].pid > 0)
        return;
    alarm(PATIENCE_S);
    int fd = open(said, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || dup2(fd, STDERR_FILENO) < 0)
        _exit(WRONG);
    nftw(path, unlink_one, 16, FTW_DEPTH | FTW_PHYS);
    chance_state = seed * 1000003 + state;
    disk_put(path, event > recording.n);
    judge(path, event);
    _exit(0);
}

static int order(const void *a, const void *b)
{
    size_t x = *(const size_t *)a, y = *(const size_t *)b;
    return x < y ? -1 : x > y;
}

/* Half of them anywhere, half where something else than bytes of a large file is under way, which is rarer. */
static size_t *moments(size_t n)
{
    size_t *at = xcalloc(n, sizeof *at), *rare = xcalloc(recording.n, sizeof *rare), n_rare = 0;
    chance_state = seed;
    for (size_t i = 0; i < recording.n; i++)
        if (recording.event[i].t.op != TRACE_WRITE && recording.event[i].t.op != TRACE_MARK)
            rare[n_rare++] = i;
    for (size_t i = 0; i < n; i++)
        at[i] = below(2) == 0 ? 1 + below(recording.n) : 1 + rare[below(n_rare)];
    qsort(at, n, sizeof *at, order);
    free(rare);
    return at;
}

/* What each process would set up for itself. */
static void crypto_warm(void)
{
    static const uint8_t some[SEED_LEN];
    struct signer *s = signer_new(some);
    struct aead *a = aead_new(some);
    uint8_t digest[HASH_LEN], sig[ED25519_SIG_LEN];
    sha256("warm", 4, digest);
    signer_sign(s, SPAN("warm"), sig);
    if (ed25519_verify(some, SPAN("warm"), sig))
        die("anything verifies");
    aead_free(a);
    signer_free(s);
}

static void disk_begin(void)
{
    free(disk.file);
    disk = (struct disk){.file = xcalloc(recording.files, sizeof *disk.file)};
}

/* Without a cut: what the logs are at the sizes that were acknowledged. */
static void run_to_the_end(void)
{
    disk_begin();
    for (size_t i = 0; i < recording.n; i++)
        disk_take(&recording.event[i]);
    for (size_t i = 0; i < recording.files; i++)
        sync_file(&disk.file[i]);
    start_one(0, recording.n + 1);
    while (slots[0].pid != 0)
        wait_for_one();
    if (n_wrong > 0)
        die("the end itself does not hold");
}

static void cut(size_t n)
{
    size_t *at = moments(n), taken = 0;
    disk_begin();
    for (size_t i = 0; i < n; i++) {
        for (; taken < at[i]; taken++)
            disk_take(&recording.event[taken]);
        start_one(i, taken);
    }
    for (size_t i = 0; i < SLOTS; i++)
        while (slots[i].pid != 0)
            wait_for_one();
    free(at);
}

int main(int argc, char **argv)
{
    struct buf trace;
    if (argc < 5)
        decline("power_cut TRACE SCRATCH SEED STATES [SWALLOWED]");
    json_use_mem();
    crypto_use_mem();
    log_set_level(LOG_ERROR);
    crypto_warm();
    scratch = argv[2];
    seed = strtoull(argv[3], NULL, 10);
    size_t n = strtoull(argv[4], NULL, 10);
    buf_heap(&trace);
    if (file_read(argv[1], TRACE_MAX, &trace) != ERR_OK)
        die("cannot read %s", argv[1]);
    read_events(buf_span(&trace));
    read_marks();
    run_to_the_end();
    if (argc > 5)
        swallow(argv[5]);
    cut(n);
    printf("%zu states of %zu events and %zu marks, %zu wrong\n", n, recording.n, n_marks, n_wrong);
    return n_wrong > 0;
}
