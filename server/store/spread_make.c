/* What is made of rows that change no more, in some state of the store: pieces of runs, rows of filters. Nothing is
 * written, so that any thread may. */
#include <assert.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "server/store/spread_private.h"

/* ---- pieces of runs ---- */

struct maker {
    struct txn *txn;
    struct piece *piece;
    struct buf block;
    size_t last; /* where its last row begins */
    uint32_t rows;
};

/* Under the place of its last row. */
static void make_block(struct maker *m)
{
    struct piece *p = m->piece;
    struct place_mem mem;
    struct row last;
    struct span from_last = span_skip(buf_span(&m->block), m->last);
    if (m->block.len == 0)
        return;
    enum err err = block_next(&from_last, &last);
    assert(err == ERR_OK);
    MDB_val k = spread_numbered(&mem, p->run, last.place);
    block_seal(&m->block, run_table(p->level, p->run), span_val(&k));
    buf_be32(&p->blocks, m->rows);
    buf_be32(&p->blocks, (uint32_t)k.mv_size);
    buf_be32(&p->blocks, (uint32_t)m->block.len);
    buf_span_add(&p->blocks, span_val(&k));
    buf_span_add(&p->blocks, buf_span(&m->block));
    buf_clear(&m->block);
    m->last = 0;
    m->rows = 0;
}

/* A mark that hides nothing, and what nobody looks for any more, go; what is not as it was written stays as it is. */
static bool is_needed(const struct maker *m, struct span place, struct span stored)
{
    const struct store *s = m->txn->store;
    enum table t = spread_letter(place.ptr[0]);
    if (t == TABLE_COUNT || stored.len < SUM_LEN)
        return true;
    struct span value = span_of(stored.ptr, stored.len - SUM_LEN);
    uint64_t sum = load_be64(value.ptr + value.len);
    if (m->piece->bottom && value.len == 0 && sum == store_sum(s, t, place_key(place), value, true))
        return false;
    return !spread_table(t)->expires || value.len < sizeof(uint64_t) ||
           (int64_t)load_be64(value.ptr) >= m->piece->before_s ||
           sum != store_sum(s, t, place_key(place), value, false);
}

static void make_row(struct maker *m, const struct row *row)
{
    size_t len = block_row_len(row->place.len, row->stored.len);
    if (!is_needed(m, row->place, row->stored))
        return;
    if (RUN_LEN + row->place.len + m->block.len + len + SUM_LEN > BLOCK_NODE)
        make_block(m);
    m->last = m->block.len;
    m->rows++;
    block_add(&m->block, row);
}

static void reach(struct reached *r, struct span place)
{
    memcpy(r->at.bytes, place.ptr, place.len);
    r->len = place.len;
}

static enum err make_rows(struct walk *w, struct maker *m)
{
    struct piece *p = m->piece;
    const struct row *at;
    enum err err = ERR_OK;
    for (size_t rows = 0; err == ERR_OK && (p->level == 1 || rows < p->limit) && (at = walk_at(w)) != NULL;) {
        make_row(m, at);
        reach(&p->until, at->place);
        err = walk_next(w, &rows);
    }
    make_block(m);
    p->whole = err == ERR_OK && walk_at(w) == NULL;
    return err;
}

struct rows {
    struct row *of;
    size_t n, room;
};

static enum err add_rows(struct rows *rows, struct span block)
{
    struct row row;
    enum err err;
    while ((err = block_next(&block, &row)) == ERR_OK) {
        if (rows->n == rows->room)
            rows->of = xrealloc(rows->of, (rows->room = 2 * rows->room + 1) * sizeof *rows->of);
        rows->of[rows->n++] = row;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err read_sealed(struct txn *t, int half, struct rows *out)
{
    int table = DBI_RECENT + half;
    MDB_cursor *c;
    MDB_val k, v;
    struct span block;
    enum err err = ERR_OK;
    int rc = mdb_cursor_open(t->mdb, t->store->spread_dbi[table], &c);
    if (rc != 0)
        return txn_result(t, rc, "cursor");
    while (err == ERR_OK && (rc = mdb_cursor_get(c, &k, &v, MDB_NEXT)) == 0) {
        err = block_open(t, table, &k, &v, &block);
        if (err == ERR_OK)
            err = add_rows(out, block);
    }
    mdb_cursor_close(c);
    if (err == ERR_CORRUPT && t->write)
        return spread_broken(t, "read sealed");
    return err != ERR_OK || rc == MDB_NOTFOUND ? err : txn_result(t, rc, "read sealed");
}

static enum err add_sources(struct walk *w, struct txn *t, const struct piece *p)
{
    struct rows rows = {.of = NULL};
    enum err err = ERR_OK;
    for (uint64_t i = p->level > 1 ? SPREAD_FAN : 0; i > 0 && err == ERR_OK; i--)
        err = walk_add(w, p->level - 1, p->first + i - 1);
    if (p->level > 1)
        return err;
    err = read_sealed(t, p->half, &rows);
    walk_add_rows(w, rows.of, rows.n > 0 ? rows_in_order(rows.of, rows.n) : 0);
    return err;
}

enum err piece_make(struct txn *t, struct piece *p)
{
    struct maker m = {.txn = t, .piece = p};
    struct walk *w = walk_new(t);
    struct reached from = p->from;
    if (from.len > 0)
        from.at.bytes[from.len++] = '\0'; /* the least that is greater */
    buf_heap(&p->blocks);
    buf_heap(&m.block);
    p->until = p->from;
    enum err err = add_sources(w, t, p);
    if (err == ERR_OK)
        err = walk_seek(w, span_of(from.at.bytes, from.len));
    if (err == ERR_OK)
        err = make_rows(w, &m);
    walk_free(w);
    buf_free(&m.block);
    if (err != ERR_OK)
        buf_free(&p->blocks);
    return err;
}

/* ---- rows of filters ---- */

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

enum err filter_make(struct txn *t, int level, struct filter *f, size_t limit)
{
    const struct row *at;
    struct fetched ahead = {.n = 0};
    size_t n = 0;
    struct walk *w = walk_new(t);
    enum err err = walk_add(w, level, f->done);
    if (err == ERR_OK)
        err = walk_seek(w, span_of(f->from.at.bytes, f->from.len));
    for (; err == ERR_OK && n < limit && (at = walk_at(w)) != NULL; err = walk_next(w, &n))
        add_later(&ahead, f, place_hash(at->place));
    add_fetched(&ahead, f);
    if (err == ERR_OK && (at = walk_at(w)) != NULL) {
        reach(&f->from, at->place);
    } else if (err == ERR_OK) {
        f->done++;
        f->from.len = 0;
    }
    walk_free(w);
    return err;
}
