/* Runs of spread tables: all rows in order, and the making of runs, a slice at a time. */
#include <assert.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "server/store/spread_private.h"

/* ---- a walk over runs and `recent` ---- */

struct source {
    MDB_cursor *mdb; /* NULL: `recent` */
    uint64_t run;
    int table;         /* of LMDB's, where it stands */
    size_t next;       /* of the sorted rows of `recent` */
    struct span block; /* what is left of a run's */
    struct row at;
    uint64_t word[2]; /* of its place */
};

/* The newest source first. A heap of those that have not ended: by place, of one place the newest first. */
struct walk {
    struct txn *txn;
    struct row *recent; /* sorted */
    size_t n_recent, n, n_heap;
    struct source source[1 + SPREAD_LEVELS * SPREAD_RUNS];
    size_t heap[1 + SPREAD_LEVELS * SPREAD_RUNS];
};

static struct walk *walk_new(struct txn *t)
{
    struct walk *w = xmalloc(sizeof *w);
    w->txn = t;
    w->recent = NULL;
    w->n_recent = w->n = w->n_heap = 0;
    return w;
}

void walk_free(struct walk *w)
{
    for (size_t i = 0; w != NULL && i < w->n; i++)
        if (w->source[i].mdb != NULL)
            mdb_cursor_close(w->source[i].mdb);
    if (w != NULL)
        free(w->recent);
    free(w);
}

static enum err walk_add(struct walk *w, int level, uint64_t run)
{
    struct source *s = &w->source[w->n];
    *s = (struct source){.run = run, .table = run_table(level, run)};
    int rc = mdb_cursor_open(w->txn->mdb, run_dbi(w->txn, level, run), &s->mdb);
    w->n += rc == 0;
    return txn_result(w->txn, rc, "cursor");
}

static void walk_add_recent(struct walk *w, const struct recent *r)
{
    w->recent = recent_sorted(r);
    w->n_recent = recent_count(r);
    w->source[w->n++] = (struct source){.mdb = NULL};
}

static bool comes_first(const struct walk *w, size_t a, size_t b)
{
    const struct source *x = &w->source[a], *y = &w->source[b];
    for (int i = 0; i < 2; i++)
        if (x->word[i] != y->word[i])
            return x->word[i] < y->word[i];
    int order = span_order(x->at.place, y->at.place);
    return order < 0 || (order == 0 && a < b);
}

static void sift_down(struct walk *w, size_t i)
{
    for (;;) {
        size_t least = i;
        for (size_t child = 2 * i + 1; child <= 2 * i + 2 && child < w->n_heap; child++)
            if (comes_first(w, w->heap[child], w->heap[least]))
                least = child;
        if (least == i)
            return;
        size_t swap = w->heap[i];
        w->heap[i] = w->heap[least];
        w->heap[least] = swap;
        i = least;
    }
}

/* A block is not as it was written. */
static enum err broken(const struct walk *w)
{
    w->txn->damage = DAMAGE_BLOCK;
    return w->txn->write ? spread_broken(w->txn, "walk") : ERR_CORRUPT;
}

/* Errors as block_next. */
static enum err stands_at(struct walk *w, struct source *s, enum err err)
{
    if (err == ERR_CORRUPT)
        return broken(w);
    if (err == ERR_OK)
        for (size_t i = 0; i < 2; i++)
            s->word[i] = place_word(s->at.place, i);
    return err;
}

/* The run's next block. ERR_NOT_FOUND: it has no more. */
static enum err block_at(struct walk *w, struct source *s, int rc, const MDB_val *k, const MDB_val *v)
{
    if (rc != 0)
        return txn_result(w->txn, rc, "walk");
    if (k->mv_size <= RUN_LEN || load_be64(k->mv_data) != s->run)
        return ERR_NOT_FOUND;
    enum err err = block_open(w->txn, s->table, k, v, &s->block);
    return err == ERR_CORRUPT ? broken(w) : err;
}

static enum err recent_at(struct walk *w, struct source *s)
{
    if (s->next == w->n_recent)
        return ERR_NOT_FOUND;
    s->at = w->recent[s->next];
    return stands_at(w, s, ERR_OK);
}

static enum err source_seek(struct walk *w, struct source *s, struct span from)
{
    struct place_mem mem;
    MDB_val k, v;
    if (s->mdb == NULL) {
        for (s->next = 0; s->next < w->n_recent && span_order(w->recent[s->next].place, from) < 0;)
            s->next++;
        return recent_at(w, s);
    }
    k = spread_numbered(&mem, s->run, from);
    int rc = mdb_cursor_get(s->mdb, &k, &v, MDB_SET_RANGE);
    enum err err = block_at(w, s, rc, &k, &v);
    if (err != ERR_OK)
        return err;
    err = block_seek(&s->block, from, &s->at);
    return stands_at(w, s, err == ERR_NOT_FOUND ? ERR_CORRUPT : err); /* its key says that it has one */
}

static enum err source_next(struct walk *w, struct source *s)
{
    MDB_val k, v;
    if (s->mdb == NULL) {
        s->next++;
        return recent_at(w, s);
    }
    enum err err = block_next(&s->block, &s->at);
    if (err != ERR_NOT_FOUND)
        return stands_at(w, s, err);
    int rc = mdb_cursor_get(s->mdb, &k, &v, MDB_NEXT);
    err = block_at(w, s, rc, &k, &v);
    if (err != ERR_OK)
        return err;
    err = block_next(&s->block, &s->at);
    return stands_at(w, s, err == ERR_NOT_FOUND ? ERR_CORRUPT : err);
}

/* To the first place that is not before `from`. */
static enum err walk_seek(struct walk *w, struct span from)
{
    w->n_heap = 0;
    for (size_t i = 0; i < w->n; i++) {
        enum err err = source_seek(w, &w->source[i], from);
        if (err == ERR_OK)
            w->heap[w->n_heap++] = i;
        else if (err != ERR_NOT_FOUND)
            return err;
    }
    for (size_t i = w->n_heap / 2; i-- > 0;)
        sift_down(w, i);
    return ERR_OK;
}

const struct row *walk_at(const struct walk *w)
{
    return w->n_heap > 0 ? &w->source[w->heap[0]].at : NULL;
}

/* Past the place where it stands, with all older rows of it. *rows counts them. */
static enum err walk_next(struct walk *w, size_t *rows)
{
    const struct span here = w->source[w->heap[0]].at.place;
    while (w->n_heap > 0 && span_eq(w->source[w->heap[0]].at.place, here)) {
        enum err err = source_next(w, &w->source[w->heap[0]]);
        if (err == ERR_NOT_FOUND)
            w->heap[0] = w->heap[--w->n_heap];
        else if (err != ERR_OK)
            return err;
        sift_down(w, 0);
        ++*rows;
    }
    return ERR_OK;
}

enum err walk_all(struct txn *t, struct span from, struct walk **out)
{
    struct spread_view *v;
    *out = NULL;
    enum err err = spread_view(t, &v);
    if (err != ERR_OK)
        return err;
    struct walk *w = *out = walk_new(t);
    walk_add_recent(w, v->recent);
    for (int i = 1; i <= SPREAD_LEVELS; i++)
        for (uint64_t run = v->level[i].end; run > v->level[i].first && err == ERR_OK; run--)
            err = walk_add(w, i, run - 1);
    return err == ERR_OK ? walk_seek(w, from) : err;
}

/* ---- cursors ---- */

struct spread_cursor {
    struct txn *txn;
    enum table table;
    uint64_t writes; /* as it last looked */
    struct place_mem at;
    size_t at_len;
    struct walk *walk;
};

/* Over the runs as they are now. */
static enum err cursor_fresh(struct spread_cursor *c, struct span from)
{
    walk_free(c->walk);
    c->writes = c->txn->writes;
    return walk_all(c->txn, from, &c->walk);
}

enum err spread_cursor_open(struct txn *t, enum table table, struct spread_cursor **out)
{
    struct spread_cursor *c = xcalloc(1, sizeof *c);
    c->txn = t;
    c->table = table;
    *out = c;
    return ERR_OK;
}

void spread_cursor_close(struct spread_cursor *c)
{
    if (c != NULL)
        walk_free(c->walk);
    free(c);
}

/* The row where the walk stands, or the next that is there. */
static enum err cursor_row(struct spread_cursor *c, struct span *key, struct span *value)
{
    const struct row *s;
    size_t rows = 0;
    while ((s = walk_at(c->walk)) != NULL && spread_letter(s->place.ptr[0]) == c->table) {
        enum err err = txn_was_read(c->txn, c->table, place_key(s->place), s->stored, value);
        if (err != ERR_NOT_FOUND) {
            memcpy(c->at.bytes, s->place.ptr, s->place.len);
            c->at_len = s->place.len;
            *key = place_key(s->place);
            return err;
        }
        if ((err = walk_next(c->walk, &rows)) != ERR_OK)
            return err;
    }
    return ERR_NOT_FOUND;
}

enum err spread_cursor_seek(struct spread_cursor *c, struct span from, struct span *key, struct span *value)
{
    struct place_mem mem;
    c->txn->damage = DAMAGE_NONE;
    enum err err = cursor_fresh(c, spread_place(&mem, c->table, from));
    return err == ERR_OK ? cursor_row(c, key, value) : err;
}

enum err spread_cursor_next(struct spread_cursor *c, struct span *key, struct span *value)
{
    size_t rows = 0;
    enum err err;
    c->txn->damage = DAMAGE_NONE;
    if (c->writes != c->txn->writes) { /* where it stood may be gone */
        c->at.bytes[c->at_len] = '\0';
        err = cursor_fresh(c, span_of(c->at.bytes, c->at_len + 1));
    } else {
        err = walk_next(c->walk, &rows);
    }
    return err == ERR_OK ? cursor_row(c, key, value) : err;
}

/* ---- making runs ---- */

static uint64_t runs(const struct level *l)
{
    return l->end - l->first;
}

/* Nothing older than what becomes a run of this level. */
static bool is_bottom(const struct spread_view *v, int level)
{
    for (int i = level; i <= SPREAD_LEVELS; i++)
        if (runs(&v->level[i]) > 0)
            return false;
    return true;
}

struct making {
    struct txn *txn;
    struct level *level;
    int number;
    bool bottom;
    int64_t before_s;
    struct buf block;
    size_t last; /* where its last row begins */
};

static struct making making_of(struct txn *t, struct spread_view *v, int number, int64_t before_s)
{
    struct making m = {.txn = t, .level = &v->level[number], .number = number, .bottom = is_bottom(v, number)};
    m.before_s = before_s;
    buf_heap(&m.block);
    v->moved = true;
    return m;
}

/* Under the place of its last row. */
static enum err make_block(struct making *m)
{
    struct place_mem mem;
    struct row last;
    struct span from_last = span_skip(buf_span(&m->block), m->last);
    if (m->block.len == 0)
        return ERR_OK;
    enum err err = block_next(&from_last, &last);
    assert(err == ERR_OK);
    MDB_val k = spread_numbered(&mem, m->level->end, last.place);
    block_seal(&m->block, run_table(m->number, m->level->end), span_val(&k));
    MDB_val v = val(buf_span(&m->block));
    int rc = mdb_put(m->txn->mdb, run_dbi(m->txn, m->number, m->level->end), &k, &v, MDB_APPEND);
    m->txn->writes++;
    buf_clear(&m->block);
    m->last = 0;
    return txn_result(m->txn, rc, "append to run");
}

/* A mark that hides nothing, and what nobody looks for any more, go; what is not as it was written stays as it is. */
static bool is_needed(const struct making *m, struct span place, struct span stored)
{
    const struct store *s = m->txn->store;
    enum table t = spread_letter(place.ptr[0]);
    if (t == TABLE_COUNT || stored.len < SUM_LEN)
        return true;
    struct span value = span_of(stored.ptr, stored.len - SUM_LEN);
    uint64_t sum = load_be64(value.ptr + value.len);
    if (m->bottom && value.len == 0 && sum == store_sum(s, t, place_key(place), value, true))
        return false;
    return !spread_table(t)->expires || value.len < sizeof(uint64_t) || (int64_t)load_be64(value.ptr) >= m->before_s ||
           sum != store_sum(s, t, place_key(place), value, false);
}

static enum err make_row(struct making *m, const struct row *row)
{
    size_t len = block_row_len(row->place.len, row->stored.len);
    enum err err = ERR_OK;
    if (!is_needed(m, row->place, row->stored))
        return ERR_OK;
    if (RUN_LEN + row->place.len + m->block.len + len + SUM_LEN > BLOCK_NODE)
        err = make_block(m);
    m->last = m->block.len;
    block_add(&m->block, row);
    return err;
}

/* The run is whole, and of its level. */
static enum err made(struct making *m, uint64_t rows)
{
    struct level *l = m->level;
    assert(runs(l) < SPREAD_RUNS);
    l->rows[runs(l)] = rows;
    l->end++;
    return level_save(m->txn, m->number, l);
}

static enum err empty(struct txn *t, MDB_dbi dbi)
{
    t->writes++;
    return txn_result(t, mdb_drop(t->mdb, dbi, 0), "empty");
}

/* `recent` becomes a run. */
static enum err flush(struct txn *t, struct spread_view *v, int64_t before_s)
{
    size_t n = recent_count(v->recent);
    struct row *rows = recent_sorted(v->recent);
    struct making m = making_of(t, v, 1, before_s);
    enum err err = ERR_OK;
    for (size_t i = 0; i < n && err == ERR_OK; i++)
        err = make_row(&m, &rows[i]);
    if (err == ERR_OK)
        err = make_block(&m);
    buf_free(&m.block);
    free(rows);
    if (err == ERR_OK)
        err = made(&m, n);
    if (err == ERR_OK)
        err = empty(t, t->store->spread_dbi[DBI_RECENT]);
    recent_free(v->recent);
    v->recent = recent_new();
    buf_clear(&v->block);
    v->written = 0;
    return err;
}

/* How far the run in the making got: the last row that it has. */
static enum err merged_so_far(struct txn *t, const struct level *to, int number, struct merging *out)
{
    MDB_cursor *c;
    MDB_val k, v;
    struct span rows;
    *out = (struct merging){.known = true};
    int rc = mdb_cursor_open(t->mdb, run_dbi(t, number, to->end), &c);
    if (rc != 0)
        return txn_result(t, rc, "cursor");
    rc = mdb_cursor_get(c, &k, &v, MDB_LAST);
    mdb_cursor_close(c);
    if (rc == 0 && k.mv_size > RUN_LEN && k.mv_size < sizeof out->at.bytes && load_be64(k.mv_data) == to->end) {
        if (block_open(t, run_table(number, to->end), &k, &v, &rows) != ERR_OK)
            return spread_broken(t, "merge");
        out->at_len = k.mv_size - RUN_LEN;
        memcpy(out->at.bytes, (const char *)k.mv_data + RUN_LEN, out->at_len);
    }
    return rc == MDB_NOTFOUND ? ERR_OK : txn_result(t, rc, "merge");
}

static enum err merge_rows(struct making *m, struct walk *w, struct merging *at, size_t limit)
{
    const struct row *s;
    enum err err = ERR_OK;
    for (size_t rows = 0; err == ERR_OK && rows < limit && (s = walk_at(w)) != NULL;) {
        err = make_row(m, s);
        memcpy(at->at.bytes, s->place.ptr, s->place.len);
        at->at_len = s->place.len;
        if (err == ERR_OK)
            err = walk_next(w, &rows);
    }
    return err == ERR_OK ? make_block(m) : err;
}

static enum err merge_done(struct making *m, struct level *from, struct merging *at, uint64_t rows)
{
    int number = m->number - 1;
    MDB_dbi dbi = run_dbi(m->txn, number, from->first);
    enum err err = made(m, rows);
    from->first += SPREAD_FAN;
    memmove(from->rows, from->rows + SPREAD_FAN, (SPREAD_RUNS - SPREAD_FAN) * sizeof *from->rows);
    if (err == ERR_OK)
        err = level_save(m->txn, number, from);
    *at = (struct merging){.known = false};
    return err == ERR_OK ? empty(m->txn, dbi) : err;
}

/* Goes on making one run of the level's oldest. */
static enum err merge(struct txn *t, struct spread_view *v, int number, size_t limit, int64_t before_s)
{
    struct spread *s = t->store->spread;
    struct level *from = &v->level[number], *to = &v->level[number + 1];
    struct merging *at = &s->merging[number];
    struct walk *w = walk_new(t);
    uint64_t rows = 0;
    enum err err = at->known ? ERR_OK : merged_so_far(t, to, number + 1, at);
    for (uint64_t i = SPREAD_FAN; i > 0 && err == ERR_OK; i--) {
        rows += from->rows[i - 1];
        err = walk_add(w, number, from->first + i - 1);
    }
    struct making m = making_of(t, v, number + 1, before_s);
    if (at->at_len > 0)
        at->at.bytes[at->at_len] = '\0'; /* the least that is greater */
    if (err == ERR_OK)
        err = walk_seek(w, span_of(at->at.bytes, at->at_len + (at->at_len > 0)));
    if (err == ERR_OK)
        err = merge_rows(&m, w, at, limit);
    bool done = err == ERR_OK && walk_at(w) == NULL;
    walk_free(w);
    buf_free(&m.block);
    return done ? merge_done(&m, from, at, rows) : err;
}

enum { FETCHED = 16 };

/* Hashes of heads that are to go into a filter, the newest ones: until an older one's turn comes, its line has come
 * from memory. */
struct fetched {
    uint64_t hash[FETCHED];
    size_t n;
};

static void add_later(struct fetched *ahead, struct filter *f, uint64_t hash)
{
    uint64_t *oldest = &ahead->hash[ahead->n++ % FETCHED];
    if (ahead->n > FETCHED)
        filter_add(f, *oldest);
    *oldest = hash;
    filter_line(f, hash);
}

static void add_fetched(const struct fetched *ahead, struct filter *f)
{
    for (size_t i = 0; i < ahead->n && i < FETCHED; i++)
        filter_add(f, ahead->hash[i]);
}

/* Goes on giving a filter the rows of the next of its runs. */
static enum err filter_make(struct txn *t, int level, struct filter *f, size_t limit)
{
    const struct row *at;
    struct fetched ahead = {.n = 0};
    size_t n = 0;
    struct walk *w = walk_new(t);
    enum err err = walk_add(w, level, f->done);
    if (err == ERR_OK)
        err = walk_seek(w, span_of(f->at.bytes, f->at_len));
    for (; err == ERR_OK && n < limit && (at = walk_at(w)) != NULL; err = walk_next(w, &n))
        add_later(&ahead, f, place_hash(at->place));
    add_fetched(&ahead, f);
    if (err == ERR_OK && (at = walk_at(w)) != NULL) {
        memcpy(f->at.bytes, at->place.ptr, at->place.len);
        f->at_len = at->place.len;
    } else if (err == ERR_OK) {
        f->done++;
        f->at_len = 0;
    }
    walk_free(w);
    return err;
}

/* Of runs that are committed: a number of one that is not may be another's yet. One step a call. */
static enum err filters_make(struct txn *t, const struct spread_view *v, size_t limit)
{
    struct spread *s = t->store->spread;
    if (v->moved)
        return ERR_OK;
    filters_drop(s, v);
    for (int i = 1; i <= SPREAD_LEVELS; i++) {
        const struct level *l = &v->level[i];
        for (uint64_t run = l->first; run < l->end; run++) {
            struct filter *f = filter_of(s, i, run);
            if (f == NULL && (f = filter_new(s, i, run, l->rows[run - l->first])) == NULL)
                continue;
            if (f->done <= run)
                return filter_make(t, i, f, limit);
        }
    }
    return ERR_OK;
}

/* The more a level has, the longer its slices. */
enum err store_tidy(struct txn *t, int64_t before_s, size_t rows)
{
    struct spread_view *v;
    const struct spread *s = t->store->spread;
    enum err err = spread_view(t, &v);
    if (err == ERR_OK)
        err = filters_make(t, v, 32 * rows);
    if (err == ERR_OK && v->written >= s->recent_rows && runs(&v->level[1]) < SPREAD_RUNS)
        err = flush(t, v, before_s);
    for (int i = 1; i < SPREAD_LEVELS && err == ERR_OK; i++) {
        uint64_t n = runs(&v->level[i]);
        if (n >= SPREAD_FAN && runs(&v->level[i + 1]) < SPREAD_RUNS)
            err = merge(t, v, i, rows << (n - SPREAD_FAN) / 4, before_s);
    }
    return err;
}
