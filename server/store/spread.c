/* Spread tables: rows under keys in no order, of which each would dirty a page of its own in a B-tree of all of them.
 * Here rows are appended, sorted with others of their time, and merged with ever more of them: a log-structured merge
 * tree (FORMATS.md, "Spread tables").
 *
 * What was written last stands in `recent` in the order of writing, and the write transactions hold it in memory; many
 * rows in one of LMDB's, a block, since each of those costs more than what it holds. Once there are many, they are
 * sealed, others begin beside them, and they become a run of level 1, in the order of places; SPREAD_FAN runs of a
 * level become one of the next. Of several rows in one place the newest holds; one that was taken away leaves a mark.
 * What is sealed and runs never change: another thread makes of them what is to come, and a write transaction puts it,
 * a slice at a time. A look-up goes through all runs but those whose filter says no.
 *
 * Everything is in the transaction that writes it: what was committed is there after any crash, what was aborted never
 * was, readers see what they began with. Reading transactions have no filters, and read `recent` when they need it. */
#include <assert.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/base/xxh64.h"
#include "server/store/spread_private.h"

enum { RECENT_ROWS = 1 << 16, COUNT_LEN = 8 };
enum { LEVEL_SEALED, LEVEL_HEAD = 2 * RUN_LEN, LEVEL_MAX = LEVEL_HEAD + SPREAD_RUNS * COUNT_LEN + SUM_LEN };

const struct spread_table *spread_table(enum table t)
{
    static const struct spread_table tables[TABLE_COUNT] = {
        [TABLE_NONCES] = {'n', 16, true},
        [TABLE_ROWS + ROW_DEDUPE] = {'d', 21, false},
        [TABLE_ROWS + ROW_TXIDS] = {'t', 20, false},
        [TABLE_ROWS + ROW_CLICK_LEADS] = {'c', 12, false},
    };
    return &tables[t];
}

static const char *const names[SPREAD_DBIS] = {
    [DBI_LEVELS] = "levels",
    [DBI_RECENT] = "recent.a",
    "recent.b",
    "runs.1.a",
    "runs.1.b",
    "runs.2.a",
    "runs.2.b",
    "runs.3.a",
    "runs.3.b",
    "runs.4",
};

bool table_is_spread(enum table t)
{
    return spread_table(t)->letter != '\0';
}

enum table spread_letter(char letter)
{
    switch (letter) {
    case 'n':
        return TABLE_NONCES;
    case 'd':
        return (enum table)(TABLE_ROWS + ROW_DEDUPE);
    case 't':
        return (enum table)(TABLE_ROWS + ROW_TXIDS);
    case 'c':
        return (enum table)(TABLE_ROWS + ROW_CLICK_LEADS);
    default:
        return TABLE_COUNT;
    }
}

uint64_t place_hash(struct span place)
{
    enum table t = spread_letter(place.ptr[0]);
    size_t head = 1 + (t < TABLE_COUNT ? spread_table(t)->head : 0u);
    return xxh64(0, span_of(place.ptr, place.len < head ? place.len : head));
}

struct span spread_place(struct place_mem *m, enum table t, struct span key)
{
    assert(key.len <= STORE_KEY_MAX && table_is_spread(t));
    m->bytes[0] = spread_table(t)->letter;
    if (key.len > 0)
        memcpy(m->bytes + 1, key.ptr, key.len);
    return span_of(m->bytes, 1 + key.len);
}

MDB_val spread_numbered(struct place_mem *m, uint64_t number, struct span place)
{
    assert(place.len <= sizeof m->bytes - RUN_LEN);
    memmove(m->bytes + RUN_LEN, place.ptr, place.len);
    store_be64(m->bytes, number);
    return (MDB_val){RUN_LEN + place.len, m->bytes};
}

/* ---- opening ---- */

int spread_open(struct store *s, MDB_txn *t, unsigned flags)
{
    int rc = 0;
    for (int i = 0; i < SPREAD_DBIS && rc == 0; i++)
        rc = mdb_dbi_open(t, names[i], flags, &s->spread_dbi[i]);
    s->spread = xcalloc(1, sizeof *s->spread);
    s->spread->recent_rows = RECENT_ROWS;
    return rc;
}

static void view_free(struct spread_view *v)
{
    if (v != NULL) {
        recent_free(v->recent);
        recent_free(v->sealed);
        recent_free(v->spare);
        buf_free(&v->block);
    }
    free(v);
}

void spread_close(struct store *s)
{
    if (s->spread == NULL)
        return;
    spread_tasks_end(s->spread);
    view_free(atomic_load(&s->spread->view));
    filters_drop(s->spread, NULL);
    free(s->spread);
}

void store_spread_recent(struct store *s, size_t rows)
{
    s->spread->recent_rows = rows;
}

/* ---- what a transaction knows ---- */

int run_table(int level, uint64_t run)
{
    int half = level < SPREAD_LEVELS ? (int)(run / SPREAD_FAN % 2) : 0;
    return DBI_RUNS + 2 * (level - 1) + half;
}

MDB_dbi run_dbi(const struct txn *t, int level, uint64_t run)
{
    return t->store->spread_dbi[run_table(level, run)];
}

uint64_t spread_sum(int table, struct span key, struct span value)
{
    return xxh64(xxh64(xxh64(0, span_str(names[table])), key), value);
}

enum err spread_broken(struct txn *t, const char *call)
{
    return txn_result(t, MDB_CORRUPTED, call);
}

/* ERR_NOT_FOUND; ERR_CORRUPT: it is not as it was written. */
static enum err levels_get(struct txn *t, int number, struct span *out)
{
    uint8_t byte = (uint8_t)number;
    MDB_val k = {1, &byte}, v;
    int rc = mdb_get(t->mdb, t->store->spread_dbi[DBI_LEVELS], &k, &v);
    if (rc != 0)
        return txn_result(t, rc, "get levels");
    const char *p = v.mv_data;
    if (v.mv_size < SUM_LEN ||
        load_be64(p + v.mv_size - SUM_LEN) != spread_sum(DBI_LEVELS, span_val(&k), span_of(p, v.mv_size - SUM_LEN)))
        return ERR_CORRUPT;
    *out = span_of(p, v.mv_size - SUM_LEN);
    return ERR_OK;
}

/* Behind the row there is room for its checksum. */
static enum err levels_put(struct txn *t, int number, uint8_t *row, size_t len)
{
    uint8_t byte = (uint8_t)number;
    MDB_val k = {1, &byte}, v = {len + SUM_LEN, row};
    store_be64(row + len, spread_sum(DBI_LEVELS, span_val(&k), span_of(row, len)));
    t->writes++;
    return txn_result(t, mdb_put(t->mdb, t->store->spread_dbi[DBI_LEVELS], &k, &v, 0), "put levels");
}

static enum err level_load(struct txn *t, int number, struct level *out)
{
    struct span row;
    *out = (struct level){.first = 0};
    enum err err = levels_get(t, number, &row);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    if (row.len < LEVEL_HEAD)
        return ERR_CORRUPT;
    struct level l = {.first = load_be64(row.ptr), .end = load_be64(row.ptr + RUN_LEN)};
    uint64_t n = l.end - l.first;
    if (l.end < l.first || n > SPREAD_RUNS || l.first % SPREAD_FAN != 0 || row.len != LEVEL_HEAD + n * COUNT_LEN)
        return ERR_CORRUPT;
    for (uint64_t i = 0; i < n; i++)
        l.rows[i] = load_be64(row.ptr + LEVEL_HEAD + i * COUNT_LEN);
    *out = l;
    return ERR_OK;
}

enum err level_save(struct txn *t, int number, const struct level *l)
{
    uint8_t row[LEVEL_MAX];
    size_t n = (size_t)(l->end - l->first), len = LEVEL_HEAD;
    assert(n <= SPREAD_RUNS);
    store_be64(row, l->first);
    store_be64(row + RUN_LEN, l->end);
    for (size_t i = 0; i < n; i++, len += COUNT_LEN)
        store_be64(row + len, l->rows[i]);
    return levels_put(t, number, row, len);
}

/* What one half of `recent` has; the number of the block behind its last. */
struct half {
    struct recent *rows;
    uint64_t end, written;
};

static enum err half_load_block(struct half *h, struct span key, struct span block)
{
    struct row row;
    struct span encoded;
    enum err err = key.len == RUN_LEN ? ERR_OK : ERR_CORRUPT;
    while (err == ERR_OK && (err = block_next(&block, &row)) == ERR_OK) {
        char *room = recent_put(h->rows, place_hash(row.place), row.place, row.stored.len, &encoded);
        if (row.stored.len > 0)
            memcpy(room, row.stored.ptr, row.stored.len);
        h->written++;
    }
    if (err == ERR_NOT_FOUND)
        h->end = load_be64(key.ptr) + 1;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* ERR_CORRUPT: a block does not read, or there are not as many as LMDB has counted. */
static enum err half_load(struct txn *t, int half, struct half *h)
{
    MDB_dbi dbi = t->store->spread_dbi[DBI_RECENT + half];
    MDB_cursor *c;
    MDB_stat stat;
    MDB_val k, block;
    struct span rows;
    size_t blocks = 0;
    enum err err = ERR_OK;
    int rc = mdb_cursor_open(t->mdb, dbi, &c);
    if (rc != 0)
        return txn_result(t, rc, "cursor");
    for (; err == ERR_OK && (rc = mdb_cursor_get(c, &k, &block, MDB_NEXT)) == 0; blocks++) {
        err = block_open(t, DBI_RECENT + half, &k, &block, &rows);
        if (err == ERR_OK)
            err = half_load_block(h, span_val(&k), rows);
    }
    mdb_cursor_close(c);
    if (err != ERR_OK)
        return err;
    if (rc == MDB_NOTFOUND && (rc = mdb_stat(t->mdb, dbi, &stat)) == 0)
        return stat.ms_entries == blocks ? ERR_OK : ERR_CORRUPT;
    return txn_result(t, rc, "read recent");
}

/* Blocks below this number are sealed. */
static enum err sealed_load(struct txn *t, uint64_t *end)
{
    struct span row;
    enum err err = levels_get(t, LEVEL_SEALED, &row);
    *end = 0;
    if (err == ERR_OK && row.len != RUN_LEN)
        return ERR_CORRUPT;
    if (err == ERR_OK)
        *end = load_be64(row.ptr);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* A half is sealed as a whole or not at all. */
static enum err recent_load(struct txn *t, struct spread_view *v)
{
    struct half h[SPREAD_HALVES] = {{.rows = recent_new()}, {.rows = recent_new()}};
    enum err err = sealed_load(t, &v->sealed_end);
    for (int i = 0; i < SPREAD_HALVES && err == ERR_OK; i++)
        err = half_load(t, i, &h[i]);
    bool a_sealed = h[0].end > 0 && h[0].end <= v->sealed_end, b_sealed = h[1].end > 0 && h[1].end <= v->sealed_end;
    if (err == ERR_OK && ((a_sealed && b_sealed) || (h[0].end > v->sealed_end && h[1].end > v->sealed_end)))
        err = ERR_CORRUPT;
    v->half = a_sealed || h[1].end > v->sealed_end;
    v->recent = h[v->half].rows;
    v->written = h[v->half].written;
    v->next = h[v->half].end > v->sealed_end ? h[v->half].end : v->sealed_end;
    if (a_sealed || b_sealed)
        v->sealed = h[!v->half].rows;
    else
        recent_free(h[!v->half].rows);
    return err;
}

enum err recent_seal(struct txn *t, struct spread_view *v)
{
    uint8_t row[RUN_LEN + SUM_LEN];
    enum err err = recent_write(t, v);
    assert(v->sealed == NULL);
    store_be64(row, v->next);
    if (err == ERR_OK)
        err = levels_put(t, LEVEL_SEALED, row, RUN_LEN);
    v->sealed = v->recent;
    v->sealed_end = v->next;
    v->recent = v->spare != NULL ? v->spare : recent_new();
    v->spare = NULL;
    v->half = !v->half;
    v->written = 0;
    v->moved = true;
    return err;
}

static enum err view_load(struct txn *t, struct spread_view **out)
{
    struct spread_view *v = xcalloc(1, sizeof *v);
    enum err err = ERR_OK;
    buf_heap(&v->block);
    for (int i = 1; i <= SPREAD_LEVELS && err == ERR_OK; i++)
        err = level_load(t, i, &v->level[i]);
    if (err == ERR_OK)
        err = recent_load(t, v);
    if (err == ERR_OK)
        *out = v;
    else
        view_free(v);
    return err;
}

/* What a write transaction knows when it ends is the next one's that asks, by whichever thread, unless one in between
 * changed something. */
static struct spread_view *take_committed(struct txn *t)
{
    struct spread_view *v = atomic_exchange(&t->store->spread->view, NULL);
    if (v != NULL && v->changes == t->store->spread->changes)
        return v;
    view_free(v);
    return NULL;
}

enum err spread_view(struct txn *t, struct spread_view **out)
{
    enum err err = ERR_OK;
    if (t->spread == NULL && t->write)
        t->spread = take_committed(t);
    if (t->spread == NULL) {
        err = view_load(t, &t->spread);
        if (err == ERR_OK && t->write)
            t->spread->changes = t->store->spread->changes;
    }
    *out = t->spread;
    return err;
}

enum err recent_write(struct txn *t, struct spread_view *v)
{
    int table = DBI_RECENT + v->half;
    char mem[RUN_LEN];
    if (v->block.len == 0)
        return ERR_OK;
    store_be64(mem, v->next++);
    block_seal(&v->block, table, span_of(mem, sizeof mem));
    MDB_val k = {sizeof mem, mem}, block = val(buf_span(&v->block));
    int rc = mdb_put(t->mdb, t->store->spread_dbi[table], &k, &block, MDB_APPEND);
    buf_clear(&v->block);
    return txn_result(t, rc, "append");
}

enum err spread_before_commit(struct txn *t)
{
    return t->spread != NULL && t->write ? recent_write(t, t->spread) : ERR_OK;
}

void spread_ends(struct txn *t, bool in_vain)
{
    struct spread *s = t->store->spread;
    if (t->spread == NULL)
        return;
    t->spread->moved = false;
    if (t->write && !in_vain) {
        if (t->writes > 0)
            t->spread->changes = ++s->changes;
        return;
    }
    if (t->write && t->writes == 0)
        t->spread = atomic_exchange(&s->view, t->spread);
    else if (t->write)
        spread_tasks_void(s);
    view_free(t->spread);
    t->spread = NULL;
}

void spread_ended(struct txn *t, bool committed)
{
    if (t->spread != NULL && committed)
        t->spread = atomic_exchange(&t->store->spread->view, t->spread);
    else if (t->spread != NULL && t->write)
        spread_tasks_void(t->store->spread);
    view_free(t->spread);
    t->spread = NULL;
}

/* ---- looking up ---- */

static void take_if_first(const struct row *row, struct row *first)
{
    if (first->place.ptr == NULL || span_order(row->place, first->place) < 0)
        *first = *row;
}

/* The first row of a run that is not before a place: in the first block whose last is not. */
static enum err run_seek(struct txn *t, int level, uint64_t run, struct span from, struct row *out)
{
    struct place_mem mem;
    MDB_cursor *c;
    MDB_val k = spread_numbered(&mem, run, from), v;
    int rc = mdb_cursor_open(t->mdb, run_dbi(t, level, run), &c);
    if (rc != 0)
        return txn_result(t, rc, "cursor");
    rc = mdb_cursor_get(c, &k, &v, MDB_SET_RANGE);
    mdb_cursor_close(c);
    if (rc != 0)
        return txn_result(t, rc, "seek");
    if (k.mv_size <= RUN_LEN || load_be64(k.mv_data) != run)
        return ERR_NOT_FOUND;
    struct span block;
    enum err err = block_open(t, run_table(level, run), &k, &v, &block);
    if (err == ERR_OK)
        err = block_seek(&block, from, out);
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err; /* its key says that it has one */
}

/* The first row of a walk over everything, where a key has no whole head to look up. */
static enum err first_of_all(struct txn *t, struct span from, struct row *first)
{
    struct walk *w;
    enum err err = walk_all(t, from, &w);
    const struct row *at = err == ERR_OK ? walk_at(w) : NULL;
    if (at != NULL)
        *first = *at;
    walk_free(w);
    return err == ERR_OK && at == NULL ? ERR_NOT_FOUND : err;
}

/* Runs that share a filter. */
struct candidate {
    int level;
    uint64_t first, end;
    uint64_t done;           /* which of them it knows */
    const filter_word *line; /* of the filter; NULL: none */
};

/* The newest first. Whoever reads has no filters. */
static size_t list_runs(struct txn *t, const struct spread_view *v, uint64_t hash, struct candidate *out)
{
    size_t n = 0;
    for (int i = 1; i <= SPREAD_LEVELS; i++)
        for (uint64_t end = v->level[i].end, first; end > v->level[i].first; end = first) {
            const struct filter *f = t->write ? filter_of(t->store->spread, i, end - 1) : NULL;
            first = end - 1 - (end - 1) % filter_runs(i);
            if (first < v->level[i].first)
                first = v->level[i].first;
            out[n++] = (struct candidate){.level = i,
                                          .first = first,
                                          .end = end,
                                          .done = f != NULL ? f->done : 0,
                                          .line = f != NULL ? filter_line(f, hash) : NULL};
        }
    return n;
}

/* The first row, and the newest of its place, of those with one head, and of some others. */
static enum err first_of_head(struct txn *t, const struct spread_view *v, struct span from, struct row *first)
{
    struct candidate runs[SPREAD_LEVELS * SPREAD_RUNS];
    struct row row;
    uint64_t hash = place_hash(from);
    size_t n = list_runs(t, v, hash, runs);
    *first = (struct row){.place = {NULL, 0}};
    if (recent_seek(v->recent, hash, from, &row))
        take_if_first(&row, first);
    if (v->sealed != NULL && recent_seek(v->sealed, hash, from, &row))
        take_if_first(&row, first);
    for (size_t i = 0; i < n; i++) {
        const struct candidate *c = &runs[i];
        bool not_known = c->line != NULL && !filter_may_have(c->line, hash);
        for (uint64_t run = c->end; run > c->first; run--) {
            if (not_known && run <= c->done)
                break;
            enum err err = run_seek(t, c->level, run - 1, from, &row);
            if (err == ERR_OK)
                take_if_first(&row, first);
            else if (err != ERR_NOT_FOUND)
                return err;
        }
    }
    return first->place.ptr != NULL ? ERR_OK : ERR_NOT_FOUND;
}

/* With the whole head of a key, what has another is not found. */
enum err spread_seek(struct txn *t, enum table table, struct span from, struct span *key, struct span *value)
{
    struct spread_view *v;
    struct place_mem mem, next;
    struct row row;
    struct span here = spread_place(&mem, table, from);
    size_t head = spread_table(table)->head;
    bool by_head = from.len >= head;
    size_t same = by_head ? 1 + head : 1;
    t->damage = DAMAGE_NONE;
    enum err err = spread_view(t, &v);
    while (err == ERR_OK) {
        err = by_head ? first_of_head(t, v, here, &row) : first_of_all(t, here, &row);
        if (err != ERR_OK)
            break;
        const struct span at = row.place;
        if (at.len < same || memcmp(at.ptr, mem.bytes, same) != 0)
            return ERR_NOT_FOUND;
        err = txn_was_read(t, table, place_key(at), row.stored, value);
        if (err != ERR_NOT_FOUND) {
            *key = place_key(at);
            return err;
        }
        memcpy(next.bytes, at.ptr, at.len); /* it is gone: on behind it */
        next.bytes[at.len] = '\0';
        here = span_of(next.bytes, at.len + 1);
        err = ERR_OK;
    }
    return err;
}

enum err spread_get(struct txn *t, enum table table, struct span key, struct span *value)
{
    struct span found = {NULL, 0};
    enum err err = spread_seek(t, table, key, &found, value);
    if (err == ERR_OK || (err == ERR_CORRUPT && t->damage == DAMAGE_OTHER_ROW))
        return span_eq(found, key) ? err : ERR_NOT_FOUND;
    return err;
}

/* ---- writing ---- */

/* Room in memory for a row's value and checksum, and the row of a block that it fills. */
static enum err begin_row(struct txn *t, enum table table, struct span key, size_t stored_len, char **room,
                          struct span *encoded)
{
    struct spread_view *v;
    struct place_mem mem;
    enum err err = spread_view(t, &v);
    if (err != ERR_OK)
        return err;
    struct span place = spread_place(&mem, table, key);
    size_t len = block_row_len(place.len, stored_len);
    t->writes++;
    if (v->block.len + len > BLOCK_RECENT && (err = recent_write(t, v)) != ERR_OK)
        return err;
    *room = recent_put(v->recent, place_hash(place), place, stored_len, encoded);
    return ERR_OK;
}

static void end_row(struct txn *t, struct span encoded)
{
    buf_span_add(&t->spread->block, encoded);
    t->spread->written++;
}

static enum err append(struct txn *t, enum table table, struct span key, size_t len, store_fill *fill, const void *what)
{
    char *room;
    struct span encoded;
    enum err err = begin_row(t, table, key, len + SUM_LEN, &room, &encoded);
    if (err != ERR_OK)
        return err;
    if (fill != NULL)
        fill(what, room);
    store_be64(room + len, store_sum(t->store, table, key, span_of(room, len), fill == NULL));
    end_row(t, encoded);
    return ERR_OK;
}

enum err spread_put_stored(struct txn *t, enum table table, struct span key, struct span stored)
{
    char *room;
    struct span encoded;
    enum err err = begin_row(t, table, key, stored.len, &room, &encoded);
    if (err != ERR_OK)
        return err;
    if (stored.len > 0)
        memcpy(room, stored.ptr, stored.len);
    end_row(t, encoded);
    return ERR_OK;
}

enum err spread_put(struct txn *t, enum table table, struct span key, size_t len, store_fill *fill, const void *what)
{
    return append(t, table, key, len, fill, what);
}

enum err spread_del(struct txn *t, enum table table, struct span key)
{
    return append(t, table, key, 0, NULL, NULL);
}
