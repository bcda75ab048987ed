#include "common/reports/cell_set.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/base/xxh64.h"
#include "common/reports/hashed.h"

enum { CHUNK = 1 << 16, COUNTS_FIRST = 4 };

struct chunk {
    struct chunk *before;
    size_t used;
    max_align_t mem[CHUNK / sizeof(max_align_t)];
};

struct cell {
    struct span value;
    struct place *place;
    struct cell *changed; /* the next of those; itself: it is the last */
    struct count *count;  /* by quarter and number */
    uint32_t n, room, latest;
    uint32_t values; /* of that of all other values: so many have one of their own */
    bool loaded;
};

/* One dimension of a day. */
struct place {
    struct cell_day *day;
    enum dimension dimension;
    bool all_known; /* which values have a cell */
    struct cell *rest, *latest;
};

struct cell_day {
    uint32_t contract, day;
    struct place place[DIMENSIONS];
};

struct cell_set {
    struct rollup_source source;
    struct hashed cells, days;
    struct chunk *chunks;
    struct cell *changed;
    size_t bytes;
    struct buf scratch;
};

struct cell_set *cell_set_new(const struct rollup_source *source)
{
    struct cell_set *s = xcalloc(1, sizeof *s);
    s->source = *source;
    buf_heap(&s->scratch);
    return s;
}

void cell_set_free(struct cell_set *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->cells.room; i++)
        if (s->cells.slot[i].what != NULL)
            free(((struct cell *)s->cells.slot[i].what)->count);
    for (struct chunk *c = s->chunks, *before; c != NULL; c = before) {
        before = c->before;
        free(c);
    }
    hashed_free(&s->cells);
    hashed_free(&s->days);
    buf_free(&s->scratch);
    free(s);
}

size_t cell_set_bytes(const struct cell_set *s)
{
    return s->bytes + (s->cells.room + s->days.room) * sizeof *s->cells.slot;
}

/* Cleared; lives as long as the set. */
static void *make(struct cell_set *s, size_t len)
{
    size_t whole = (len + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    assert(whole <= CHUNK);
    if (s->chunks == NULL || s->chunks->used + whole > CHUNK) {
        struct chunk *c = xcalloc(1, sizeof *c);
        c->before = s->chunks;
        s->chunks = c;
        s->bytes += sizeof *c;
    }
    void *out = (char *)s->chunks->mem + s->chunks->used;
    s->chunks->used += whole;
    return out;
}

struct cell_day *cell_set_day(struct cell_set *s, uint32_t contract, uint32_t day)
{
    uint64_t hash = scatter(contract, day);
    size_t at = 0;
    for (struct cell_day *d; (d = hashed_next(&s->days, hash, &at)) != NULL;)
        if (d->contract == contract && d->day == day)
            return d;
    struct cell_day *d = make(s, sizeof *d);
    d->contract = contract;
    d->day = day;
    for (int i = 0; i < DIMENSIONS; i++) {
        d->place[i].day = d;
        d->place[i].dimension = (enum dimension)i;
    }
    hashed_add(&s->days, hash, d);
    return d;
}

/* ---- counts ---- */

static bool is_before(const struct count *c, uint8_t quarter, uint64_t number)
{
    return c->quarter != quarter ? c->quarter < quarter : c->number < number;
}

/* How many stand in front of that one: mostly all do. */
static uint32_t rank(const struct cell *c, uint8_t quarter, uint64_t number)
{
    uint32_t low = 0, high = c->n;
    if (c->n > 0 && is_before(&c->count[c->n - 1], quarter, number))
        return c->n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (is_before(&c->count[middle], quarter, number))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct cell *c, uint32_t i, uint8_t quarter, uint64_t number)
{
    return i < c->n && c->count[i].quarter == quarter && c->count[i].number == number;
}

static struct count *count_of(struct cell_set *s, struct cell *c, uint8_t quarter, uint64_t number)
{
    if (is_at(c, c->latest, quarter, number))
        return &c->count[c->latest];
    uint32_t i = c->latest = rank(c, quarter, number);
    if (is_at(c, i, quarter, number))
        return &c->count[i];
    if (c->n == c->room) {
        uint32_t room = c->room > 0 ? 2 * c->room : COUNTS_FIRST;
        s->bytes += (room - c->room) * sizeof *c->count;
        c->room = room;
        c->count = xrealloc(c->count, room * sizeof *c->count);
    }
    memmove(c->count + i + 1, c->count + i, (c->n - i) * sizeof *c->count);
    c->count[i] = (struct count){.quarter = quarter, .number = number};
    c->n++;
    return &c->count[i];
}

/* ---- cells ---- */

static bool is_rest(const struct cell *c)
{
    return c == c->place->rest;
}

static struct span key_of(uint8_t mem[ROLLUP_KEY_MAX], const struct place *p, bool named, struct span value)
{
    return cell_key_write(mem, &(struct cell_key){p->day->contract, p->dimension, p->day->day, named, value});
}

static uint64_t hash_of(const struct place *p, struct span value)
{
    return xxh64((uint64_t)(uintptr_t)p, value);
}

static enum err load(struct cell_set *s, struct cell *c, struct span row)
{
    struct count x;
    struct count_what what;
    enum err err;
    if (is_rest(c)) {
        if (row.len < 4)
            return ERR_CORRUPT;
        c->values = load_be32(row.ptr);
        row = span_skip(row, 4);
    }
    while ((err = count_read(&row, &x)) == ERR_OK) {
        if (!count_what(x.number, &what))
            return ERR_CORRUPT;
        *count_of(s, c, x.quarter, x.number) = x;
    }
    c->loaded = err == ERR_NOT_FOUND;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Of a value that has none so far. */
static struct cell *make_cell(struct cell_set *s, struct place *p, uint64_t hash, struct span value)
{
    struct cell *c = make(s, sizeof *c);
    char *mem = make(s, value.len + 1);
    if (value.len > 0)
        memcpy(mem, value.ptr, value.len);
    c->value = span_of(mem, value.len);
    c->place = p;
    hashed_add(&s->cells, hash, c);
    return c;
}

/* That of a whole day or of all other values: nobody looks it up in the table, which only holds it. */
static struct cell *make_unnamed(struct cell_set *s, struct place *p)
{
    return make_cell(s, p, hash_of(p, SPAN("")), SPAN(""));
}

static struct cell *find(const struct cell_set *s, const struct place *p, uint64_t hash, struct span value)
{
    size_t at = 0;
    for (struct cell *c; (c = hashed_next(&s->cells, hash, &at)) != NULL;)
        if (c->place == p && span_eq(c->value, value) && !is_rest(c))
            return c;
    return NULL;
}

/* Which values have a cell, without what they count. */
static enum err know_all(struct cell_set *s, struct place *p)
{
    uint8_t mem[ROLLUP_KEY_MAX + 1];
    struct span key, from = key_of(mem, p, true, SPAN(""));
    struct cell_key k;
    enum err err;
    while ((err = s->source.key_from(s->source.ctx, from, &key)) == ERR_OK) {
        if (key.len < ROLLUP_KEY_HEAD || memcmp(key.ptr, mem, ROLLUP_KEY_HEAD) != 0)
            break;
        if ((err = cell_key_read(key, &k)) != ERR_OK)
            return err;
        uint64_t hash = hash_of(p, k.value);
        if (find(s, p, hash, k.value) == NULL)
            make_cell(s, p, hash, k.value);
        memcpy(mem, key.ptr, key.len);
        mem[key.len] = 0; /* the least key that is greater */
        from = span_of(mem, key.len + 1);
    }
    p->all_known = err == ERR_OK || err == ERR_NOT_FOUND;
    return p->all_known ? ERR_OK : err;
}

/* Every day's first value of a dimension is met here. */
static enum err know_rest(struct cell_set *s, struct place *p)
{
    uint8_t mem[ROLLUP_KEY_MAX];
    struct span row;
    if (p->rest != NULL)
        return ERR_OK;
    enum err err = s->source.row(s->source.ctx, key_of(mem, p, false, SPAN("")), &row);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    p->rest = make_unnamed(s, p);
    p->rest->loaded = p->all_known = err == ERR_NOT_FOUND;
    return err == ERR_OK ? load(s, p->rest, row) : ERR_OK;
}

static void changes(struct cell_set *s, struct cell *c)
{
    if (c->changed != NULL)
        return;
    c->changed = s->changed != NULL ? s->changed : c;
    s->changed = c;
}

static enum err load_named(struct cell_set *s, struct cell *c)
{
    uint8_t mem[ROLLUP_KEY_MAX];
    struct span row;
    enum err err = s->source.row(s->source.ctx, key_of(mem, c->place, true, c->value), &row);
    return err == ERR_OK ? load(s, c, row) : err;
}

/* The one cell of a contract's day as a whole. */
static enum err whole_of(struct cell_set *s, struct place *p, struct cell **out)
{
    struct cell *c = *out = make_unnamed(s, p);
    enum err err = load_named(s, c);
    c->loaded |= err == ERR_NOT_FOUND;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Of a value that is not in memory. */
static enum err first_of(struct cell_set *s, struct place *p, uint64_t hash, struct span value, struct cell **out)
{
    enum err err = know_rest(s, p);
    if (err == ERR_OK && !p->all_known && (err = know_all(s, p)) == ERR_OK)
        *out = find(s, p, hash, value);
    if (err != ERR_OK || *out != NULL)
        return err;
    if (p->rest->values >= ROLLUP_VALUES) {
        *out = p->rest;
        return ERR_OK;
    }
    p->rest->values++;
    changes(s, p->rest);
    *out = make_cell(s, p, hash, value);
    (*out)->loaded = true;
    return ERR_OK;
}

static enum err look_up(struct cell_set *s, struct place *p, struct span value, struct cell **out)
{
    if (p->dimension == DIMENSION_ALL)
        return whole_of(s, p, out);
    uint64_t hash = hash_of(p, value);
    *out = find(s, p, hash, value);
    enum err err = *out == NULL ? first_of(s, p, hash, value, out) : ERR_OK;
    return err == ERR_OK && !(*out)->loaded ? load_named(s, *out) : err;
}

/* Mostly it is the one before. */
static enum err cell_of(struct cell_set *s, struct place *p, struct span value, struct cell **out)
{
    if (p->latest != NULL && span_eq(p->latest->value, value)) {
        *out = p->latest;
        return ERR_OK;
    }
    enum err err = look_up(s, p, value, out);
    if (err == ERR_OK && *out != p->rest)
        p->latest = *out;
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

enum err cell_set_add(struct cell_set *s, struct cell_day *day, enum dimension d, struct span value,
                      const struct count *add)
{
    struct cell *c;
    assert(span_empty(value) == (d == DIMENSION_ALL));
    enum err err = cell_of(s, &day->place[d], value, &c);
    if (err != ERR_OK)
        return err;
    struct count *to = count_of(s, c, add->quarter, add->number);
    to->n += add->n;
    to->micros += add->micros;
    to->revenue += add->revenue;
    changes(s, c);
    return ERR_OK;
}

/* ---- what became of them ---- */

/* What nothing is left of is not kept: a lead that moved on leaves no trace where it was. */
static void cell_write(struct buf *out, const struct cell *c)
{
    buf_clear(out);
    if (is_rest(c))
        buf_be32(out, c->values);
    for (uint32_t i = 0; i < c->n; i++)
        if (c->count[i].n != 0 || c->count[i].micros != 0 || c->count[i].revenue != 0)
            count_write(out, &c->count[i]);
}

enum err cell_set_changed(struct cell_set *s, rollup_row *each, void *ctx)
{
    uint8_t mem[ROLLUP_KEY_MAX];
    enum err err = ERR_OK;
    for (struct cell *c = s->changed; c != NULL && err == ERR_OK; c = s->changed) {
        s->changed = c->changed != c ? c->changed : NULL;
        c->changed = NULL;
        cell_write(&s->scratch, c);
        err = each(ctx, key_of(mem, c->place, !is_rest(c), c->value), buf_span(&s->scratch));
    }
    return err;
}
