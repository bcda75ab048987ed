/* Runs of spread tables, and what is recent beside them: all rows in order. */
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "server/store/spread_private.h"

/* ---- a walk over runs and rows in memory ---- */

struct source {
    MDB_cursor *mdb; /* NULL: rows in memory */
    uint64_t run;
    int table;       /* of LMDB's, where it stands */
    struct row *row; /* in memory, in order; freed with the walk */
    size_t n_rows, next;
    struct span block; /* what is left of a run's */
    struct row at;
    uint64_t word[2]; /* of its place */
};

enum { SOURCES = SPREAD_HALVES + SPREAD_LEVELS * SPREAD_RUNS };

/* The newest source first. A heap of those that have not ended: by place, of one place the newest first. */
struct walk {
    struct txn *txn;
    size_t n, n_heap;
    struct source source[SOURCES];
    size_t heap[SOURCES];
};

struct walk *walk_new(struct txn *t)
{
    struct walk *w = xmalloc(sizeof *w);
    w->txn = t;
    w->n = w->n_heap = 0;
    return w;
}

void walk_free(struct walk *w)
{
    for (size_t i = 0; w != NULL && i < w->n; i++) {
        if (w->source[i].mdb != NULL)
            mdb_cursor_close(w->source[i].mdb);
        free(w->source[i].row);
    }
    free(w);
}

enum err walk_add(struct walk *w, int level, uint64_t run)
{
    struct source *s = &w->source[w->n];
    *s = (struct source){.run = run, .table = run_table(level, run)};
    int rc = mdb_cursor_open(w->txn->mdb, run_dbi(w->txn, level, run), &s->mdb);
    w->n += rc == 0;
    return txn_result(w->txn, rc, "cursor");
}

void walk_add_rows(struct walk *w, struct row *row, size_t n)
{
    w->source[w->n++] = (struct source){.row = row, .n_rows = n};
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

static enum err row_at(struct walk *w, struct source *s)
{
    if (s->next == s->n_rows)
        return ERR_NOT_FOUND;
    s->at = s->row[s->next];
    return stands_at(w, s, ERR_OK);
}

static enum err source_seek(struct walk *w, struct source *s, struct span from)
{
    struct place_mem mem;
    MDB_val k, v;
    if (s->mdb == NULL) {
        for (s->next = 0; s->next < s->n_rows && span_order(s->row[s->next].place, from) < 0;)
            s->next++;
        return row_at(w, s);
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
        return row_at(w, s);
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

enum err walk_seek(struct walk *w, struct span from)
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

enum err walk_next(struct walk *w, size_t *rows)
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
    walk_add_rows(w, recent_sorted(v->recent), recent_count(v->recent));
    if (v->sealed != NULL)
        walk_add_rows(w, recent_sorted(v->sealed), recent_count(v->sealed));
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
