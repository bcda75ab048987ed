/* What spread tables need done from time to time: what is sealed becomes a run, runs one of the next level, and filters
 * learn of them. All of it is made of rows that change no more, so a thread of its own does it while others write; what
 * it made is put by a write transaction, a slice at a time. A task belongs to that thread while it is asked, else to
 * the write transactions. Without the thread each makes what it puts itself. */
#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "server/store/spread_private.h"
#include "server/system/log.h"
#include "server/system/system.h"

enum { FILTER_ROWS = 1 << 20 }; /* of a task of the thread, which keeps one state so long */

/* ---- tasks ---- */

static void task_make(struct txn *t, struct task *k, size_t number)
{
    k->err = number == TASK_FILTER ? filter_make(t, k->level, &k->filter, k->limit) : piece_make(t, &k->piece);
}

static void task_run(struct store *s, size_t number)
{
    struct task *k = &s->spread->task[number];
    struct txn *t;
    k->err = txn_begin(s, false, &t);
    if (k->err == ERR_OK) {
        task_make(t, k, number);
        txn_abort(t);
    }
    k->state = TASK_MADE;
}

static void *tidy_main(void *arg)
{
    struct store *s = arg;
    thread_is("tidier", THREAD_EQUAL); /* behind others it would fall behind what they write */
    while (sem_wait(&s->spread->asked) == 0 || errno == EINTR) {
        if (s->spread->stop)
            break;
        for (size_t i = 0; i < TASKS; i++)
            if (s->spread->task[i].state == TASK_ASKED)
                task_run(s, i);
    }
    return NULL;
}

/* It takes no signals, but for its own faults. */
void store_tidy_beside(struct store *store)
{
    struct spread *s = store->spread;
    if (s->threaded)
        return;
    sem_init(&s->asked, 0, 0);
    thread_start(&s->thread, tidy_main, store);
    s->threaded = true;
}

static void ask(struct txn *t, size_t number)
{
    struct spread *s = t->store->spread;
    struct task *k = &s->task[number];
    s->stale[number] = false;
    if (!s->threaded) {
        task_make(t, k, number);
        k->state = TASK_MADE;
        return;
    }
    k->state = TASK_ASKED;
    sem_post(&s->asked);
}

static void task_drop(struct task *k)
{
    buf_free(&k->piece.blocks);
    k->put = 0;
    k->state = TASK_NONE;
}

void spread_tasks_void(struct spread *s)
{
    memset(s->made, 0, sizeof s->made);
    for (size_t i = TASK_FILTER + 1; i < TASKS; i++)
        s->stale[i] = true;
}

void spread_tasks_end(struct spread *s)
{
    if (s->threaded) {
        s->stop = true;
        sem_post(&s->asked);
        pthread_join(s->thread, NULL);
        sem_destroy(&s->asked);
        s->threaded = false;
    }
    for (size_t i = 0; i < TASKS; i++)
        task_drop(&s->task[i]);
}

/* What could not be made beside, as of a block that does not read, is made here, where it is told. */
static enum err task_result(struct txn *t, size_t number)
{
    struct task *k = &t->store->spread->task[number];
    if (k->err != ERR_OK && t->store->spread->threaded)
        task_make(t, k, number);
    return k->err;
}

/* ---- filters ---- */

/* A run that some filter does not have yet. */
static bool filter_lacks(struct spread *s, const struct spread_view *v, struct task *k)
{
    for (int i = 1; i <= SPREAD_LEVELS; i++) {
        const struct level *l = &v->level[i];
        for (uint64_t run = l->first; run < l->end; run++) {
            struct filter *f = filter_of(s, i, run);
            if (f == NULL && (f = filter_new(s, i, run, l->rows[run - l->first])) == NULL)
                continue;
            if (f->done > run)
                continue;
            k->level = i;
            k->filter = *f;
            return true;
        }
    }
    return false;
}

static enum err filter_take(struct txn *t)
{
    struct spread *s = t->store->spread;
    struct task *k = &s->task[TASK_FILTER];
    enum err err = task_result(t, TASK_FILTER);
    struct filter *f = filter_of(s, k->level, k->filter.first);
    assert(f != NULL && f->line == k->filter.line); /* none goes while one is made */
    if (err == ERR_OK)
        *f = k->filter;
    task_drop(k);
    return err;
}

/* Of runs that are committed: a number of one that is not may be another's yet. */
static enum err filters_go_on(struct txn *t, const struct spread_view *v, size_t rows)
{
    struct spread *s = t->store->spread;
    struct task *k = &s->task[TASK_FILTER];
    enum err err = k->state == TASK_MADE ? filter_take(t) : ERR_OK;
    if (err != ERR_OK || k->state == TASK_ASKED || v->moved)
        return err;
    filters_drop(s, v);
    if (!filter_lacks(s, v, k))
        return ERR_OK;
    k->limit = s->threaded ? FILTER_ROWS : 32 * rows;
    ask(t, TASK_FILTER);
    return k->state == TASK_MADE ? filter_take(t) : ERR_OK;
}

/* ---- runs ---- */

static uint64_t runs(const struct level *l)
{
    return l->end - l->first;
}

static bool is_due(const struct spread_view *v, int level)
{
    bool any = level == 1 ? v->sealed != NULL : runs(&v->level[level - 1]) >= SPREAD_FAN;
    return any && runs(&v->level[level]) < SPREAD_RUNS;
}

/* Nothing older than what becomes a run of this level. */
static bool is_bottom(const struct spread_view *v, int level)
{
    for (int i = level; i <= SPREAD_LEVELS; i++)
        if (runs(&v->level[i]) > 0)
            return false;
    return true;
}

/* How far the run in the making got: the last row that it has. */
static enum err made_so_far(struct txn *t, const struct level *to, int number, struct reached *out)
{
    MDB_cursor *c;
    MDB_val k, v;
    struct span rows;
    out->len = 0;
    int rc = mdb_cursor_open(t->mdb, run_dbi(t, number, to->end), &c);
    if (rc != 0)
        return txn_result(t, rc, "cursor");
    rc = mdb_cursor_get(c, &k, &v, MDB_LAST);
    mdb_cursor_close(c);
    if (rc == 0 && k.mv_size > RUN_LEN && k.mv_size < sizeof out->at.bytes && load_be64(k.mv_data) == to->end) {
        if (block_open(t, run_table(number, to->end), &k, &v, &rows) != ERR_OK)
            return spread_broken(t, "merge");
        out->len = k.mv_size - RUN_LEN;
        memcpy(out->at.bytes, (const char *)k.mv_data + RUN_LEN, out->len);
    }
    return rc == MDB_NOTFOUND ? ERR_OK : txn_result(t, rc, "merge");
}

static bool fits(const struct spread_view *v, const struct piece *p)
{
    bool sources = p->level == 1 ? v->sealed != NULL && p->half == !v->half && p->sealed_end == v->sealed_end
                                 : p->first == v->level[p->level - 1].first;
    return sources && p->run == v->level[p->level].end;
}

static enum err piece_ask(struct txn *t, struct spread_view *v, int level, int64_t before_s, size_t rows)
{
    struct spread *s = t->store->spread;
    struct piece p = {.level = level,
                      .run = v->level[level].end,
                      .first = v->level[level - 1].first,
                      .half = !v->half,
                      .sealed_end = v->sealed_end,
                      .bottom = is_bottom(v, level),
                      .before_s = before_s,
                      .limit = s->threaded ? s->recent_rows : rows,
                      .from = s->made[level].at};
    enum err err = s->made[level].known ? ERR_OK : made_so_far(t, &v->level[level], level, &p.from);
    if (err != ERR_OK)
        return err;
    s->task[level].piece = p;
    ask(t, (size_t)level);
    return ERR_OK;
}

static enum err empty(struct txn *t, MDB_dbi dbi)
{
    t->writes++;
    return txn_result(t, mdb_drop(t->mdb, dbi, 0), "empty");
}

/* Of what it was made of. */
static enum err sources_go(struct txn *t, struct spread_view *v, int level)
{
    struct level *from = &v->level[level - 1];
    if (level == 1) {
        assert(v->spare == NULL); /* `recent` took it when this was sealed */
        recent_empty(v->sealed);
        v->spare = v->sealed;
        v->sealed = NULL;
        return empty(t, t->store->spread_dbi[DBI_RECENT + !v->half]);
    }
    MDB_dbi dbi = run_dbi(t, level - 1, from->first);
    from->first += SPREAD_FAN;
    memmove(from->rows, from->rows + SPREAD_FAN, (SPREAD_RUNS - SPREAD_FAN) * sizeof *from->rows);
    enum err err = level_save(t, level - 1, from);
    return err == ERR_OK ? empty(t, dbi) : err;
}

/* The run is whole, and of its level. */
static enum err run_made(struct txn *t, struct spread_view *v, int level)
{
    struct level *l = &v->level[level];
    uint64_t rows = level == 1 ? recent_count(v->sealed) : 0;
    assert(runs(l) < SPREAD_RUNS);
    for (uint64_t i = 0; level > 1 && i < SPREAD_FAN; i++)
        rows += v->level[level - 1].rows[i];
    l->rows[runs(l)] = rows;
    l->end++;
    enum err err = level_save(t, level, l);
    return err == ERR_OK ? sources_go(t, v, level) : err;
}

static enum err put_block(struct txn *t, struct task *k, size_t *rows)
{
    const struct piece *p = &k->piece;
    const char *at = p->blocks.ptr + k->put;
    size_t n = load_be32(at), key = load_be32(at + 4), block = load_be32(at + 8);
    MDB_val mk = {key, (void *)(uintptr_t)(at + 12)}, mv = {block, (void *)(uintptr_t)(at + 12 + key)};
    t->writes++;
    k->put += 12 + key + block;
    *rows += n;
    return txn_result(t, mdb_put(t->mdb, run_dbi(t, p->level, p->run), &mk, &mv, MDB_APPEND), "append to run");
}

static enum err piece_put(struct txn *t, struct spread_view *v, int level, size_t limit)
{
    struct spread *s = t->store->spread;
    struct task *k = &s->task[level];
    size_t rows = 0;
    enum err err = ERR_OK;
    v->moved = true;
    while (k->put < k->piece.blocks.len && rows < limit && err == ERR_OK)
        err = put_block(t, k, &rows);
    if (err != ERR_OK || k->put < k->piece.blocks.len)
        return err;
    s->made[level].known = !k->piece.whole;
    s->made[level].at = k->piece.until;
    bool whole = k->piece.whole;
    task_drop(k);
    return whole ? run_made(t, v, level) : ERR_OK;
}

/* What is asked of a thread is of a state that is committed. */
static enum err run_asks(struct txn *t, struct spread_view *v, int level, int64_t before_s, size_t rows)
{
    struct spread *s = t->store->spread;
    struct task *k = &s->task[level];
    if (k->state == TASK_MADE && (s->stale[level] || !fits(v, &k->piece)))
        task_drop(k);
    if (k->state != TASK_NONE || !is_due(v, level) || (s->threaded && v->moved))
        return ERR_OK;
    return piece_ask(t, v, level, before_s, rows);
}

static enum err run_goes_on(struct txn *t, struct spread_view *v, int level, size_t rows)
{
    if (t->store->spread->task[level].state != TASK_MADE)
        return ERR_OK;
    enum err err = task_result(t, (size_t)level);
    return err == ERR_OK ? piece_put(t, v, level, rows) : err;
}

/* The more there is to do, the longer the slices. */
static size_t slice(const struct spread_view *v, int level, size_t rows)
{
    uint64_t n = level > 1 ? runs(&v->level[level - 1]) : 0;
    return n < SPREAD_FAN ? rows : rows << (n - SPREAD_FAN) / 4;
}

enum err store_tidy(struct txn *t, int64_t before_s, size_t rows)
{
    struct spread_view *v;
    enum err err = spread_view(t, &v);
    if (err == ERR_OK)
        err = filters_go_on(t, v, rows);
    if (err == ERR_OK && v->written >= t->store->spread->recent_rows && v->sealed == NULL)
        err = recent_seal(t, v);
    for (int i = 1; i <= SPREAD_LEVELS && err == ERR_OK; i++)
        err = run_asks(t, v, i, before_s, slice(v, i, rows));
    for (int i = 1; i <= SPREAD_LEVELS && err == ERR_OK; i++)
        err = run_goes_on(t, v, i, slice(v, i, rows));
    return err;
}

bool store_tidies(struct store *s)
{
    for (size_t i = 0; i < TASKS; i++)
        if (s->spread->task[i].state != TASK_NONE)
            return true;
    return false;
}
