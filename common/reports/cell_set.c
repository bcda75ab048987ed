#include "common/reports/cell_set.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/base/xxh64.h"
#include "common/reports/hashed.h"

enum { CHUNK_FIRST = 1 << 10, CHUNK_MOST = 1 << 16, COUNTS_FIRST = 4, KNOWN_STEP = 16 };

struct chunk {
    struct chunk *before;
    size_t used, room;
    max_align_t mem[];
};

struct cell {
    struct place *place;
    struct count *count;  /* by number and quarter; NULL: there is no other than `now` */
    struct cell *changed; /* the next of those; itself: it is the last */
    uint32_t n, room, latest;
    uint16_t len;
    bool loaded;
    struct count now; /* what was counted last, in place of count[latest]: mostly it is so again */
    char value[];
};
static_assert(LIMIT_PARAM <= UINT16_MAX, "the length of a value");

/* One dimension of a day. */
struct place {
    struct cell_day *day;
    enum dimension dimension;
    bool all_known;             /* which values have a cell; else */
    struct cell *known;         /* those up to this one's; NULL: none */
    struct cell *rest, *latest; /* of a whole day the latest is its only one */
    uint64_t latest_hash;
    uint32_t values; /* so many have a cell of their own */
};

struct cell_day {
    uint32_t contract, day;
    bool used; /* since it was looked at for whether it may go */
    struct chunk *chunks;
    size_t bytes;
    struct cell_day *next; /* of all, in a ring */
    struct hashed cells;
    struct place place[DIMENSIONS];
};

struct cell_set {
    struct rollup_source source;
    struct hashed days;
    struct cell_day *looked; /* was looked at last for whether it may go */
    struct cell *changed;
    size_t n_changed, bytes;
    struct buf scratch;
};

struct cell_set *cell_set_new(const struct rollup_source *source)
{
    struct cell_set *s = xcalloc(1, sizeof *s);
    s->source = *source;
    buf_heap(&s->scratch);
    return s;
}

static void grows(struct cell_set *s, struct cell_day *d, size_t bytes)
{
    s->bytes += bytes;
    d->bytes += bytes;
}

/* The one behind that which was looked at last. */
static void free_next(struct cell_set *s)
{
    struct cell_day *d = s->looked->next;
    s->looked->next = d->next;
    if (d == s->looked)
        s->looked = NULL;
    for (size_t i = 0; i < d->cells.room; i++)
        if (d->cells.slot[i].what != NULL)
            free(((struct cell *)d->cells.slot[i].what)->count);
    hashed_free(&d->cells);
    for (struct chunk *c = d->chunks, *before; c != NULL; c = before) {
        before = c->before;
        free(c);
    }
    s->bytes -= d->bytes;
    free(d);
}

void cell_set_free(struct cell_set *s)
{
    if (s == NULL)
        return;
    while (s->looked != NULL)
        free_next(s);
    hashed_free(&s->days);
    buf_free(&s->scratch);
    free(s);
}

size_t cell_set_bytes(const struct cell_set *s)
{
    return s->bytes + s->days.room * sizeof *s->days.slot;
}

/* Of a day: most have few cells, and of some there are many. */
static void add_chunk(struct cell_set *s, struct cell_day *d, size_t least)
{
    size_t room = d->chunks == NULL ? CHUNK_FIRST : d->chunks->room < CHUNK_MOST ? 2 * d->chunks->room : CHUNK_MOST;
    while (room < least)
        room *= 2;
    struct chunk *c = xcalloc(1, sizeof *c + room);
    c->before = d->chunks;
    c->room = room;
    d->chunks = c;
    grows(s, d, sizeof *c + room);
}

/* Cleared; lives as long as the day. */
static void *make(struct cell_set *s, struct cell_day *d, size_t len)
{
    size_t whole = (len + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t);
    if (d->chunks == NULL || d->chunks->used + whole > d->chunks->room)
        add_chunk(s, d, whole);
    void *out = (char *)d->chunks->mem + d->chunks->used;
    d->chunks->used += whole;
    return out;
}

static struct cell_day *make_day(struct cell_set *s, uint64_t hash, uint32_t contract, uint32_t day)
{
    struct cell_day *d = xcalloc(1, sizeof *d);
    d->contract = contract;
    d->day = day;
    for (int i = 0; i < DIMENSIONS; i++) {
        d->place[i].day = d;
        d->place[i].dimension = (enum dimension)i;
    }
    grows(s, d, sizeof *d);
    d->next = s->looked != NULL ? s->looked->next : d;
    if (s->looked != NULL)
        s->looked->next = d;
    s->looked = d;
    hashed_add(&s->days, hash, d);
    return d;
}

struct cell_day *cell_set_day(struct cell_set *s, uint32_t contract, uint32_t day)
{
    uint64_t hash = scatter(contract, day);
    size_t at = 0;
    for (struct cell_day *d; (d = hashed_next(&s->days, hash, &at)) != NULL;)
        if (d->contract == contract && d->day == day)
            return d;
    return make_day(s, hash, contract, day);
}

bool cell_set_keep(struct cell_set *s, size_t most)
{
    bool any = false;
    assert(s->changed == NULL);
    while (cell_set_bytes(s) > most && s->looked != NULL) {
        struct cell_day *d = s->looked->next;
        if (d->used) {
            d->used = false;
            s->looked = d;
            continue;
        }
        hashed_remove(&s->days, scatter(d->contract, d->day), d);
        free_next(s);
        any = true;
    }
    return any;
}

/* ---- counts ---- */

static bool is_before(const struct count *c, uint8_t quarter, uint64_t number)
{
    return c->number != number ? c->number < number : c->quarter < quarter;
}

/* How many stand in front of that one. */
static uint32_t rank(const struct cell *c, uint8_t quarter, uint64_t number)
{
    uint32_t low = 0, high = c->n;
    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (is_before(&c->count[middle], quarter, number))
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_that(const struct count *c, uint8_t quarter, uint64_t number)
{
    return c->quarter == quarter && c->number == number;
}

static void put_back(struct cell *c)
{
    if (c->count != NULL)
        c->count[c->latest] = c->now;
}

static void grow_counts(struct cell_set *s, struct cell *c)
{
    uint32_t room = c->room > 0 ? 2 * c->room : COUNTS_FIRST;
    c->count = xrealloc(c->count, room * sizeof *c->count);
    grows(s, c->place->day, (room - c->room) * sizeof *c->count);
    c->room = room;
}

/* Where it stands or should; time goes on, so mostly behind the latest. */
static uint32_t place_of(const struct cell *c, uint8_t quarter, uint64_t number)
{
    uint32_t behind = c->latest + 1;
    bool is_behind =
        is_before(&c->now, quarter, number) && (behind == c->n || !is_before(&c->count[behind], quarter, number));
    return is_behind ? behind : rank(c, quarter, number);
}

static struct count *count_of(struct cell_set *s, struct cell *c, uint8_t quarter, uint64_t number)
{
    if (c->n == 0) {
        c->n = 1;
        c->now = (struct count){.quarter = quarter, .number = number};
    }
    if (is_that(&c->now, quarter, number))
        return &c->now;
    if (c->n >= c->room)
        grow_counts(s, c);
    put_back(c);
    uint32_t i = place_of(c, quarter, number);
    if (i == c->n || !is_that(&c->count[i], quarter, number)) {
        memmove(c->count + i + 1, c->count + i, (c->n - i) * sizeof *c->count);
        c->count[i] = (struct count){.quarter = quarter, .number = number};
        c->n++;
    }
    c->latest = i;
    c->now = c->count[i];
    return &c->now;
}

/* ---- cells ---- */

static bool is_rest(const struct cell *c)
{
    return c == c->place->rest;
}

static struct span value_of(const struct cell *c)
{
    return span_of(c->value, c->len);
}

static struct span key_of(uint8_t mem[ROLLUP_KEY_MAX], const struct place *p, bool named, struct span value)
{
    return cell_key_write(mem, &(struct cell_key){p->day->contract, p->dimension, p->day->day, named, value});
}

static uint64_t hash_of(const struct place *p, struct span value)
{
    return xxh64((uint64_t)(uintptr_t)p, value);
}

static enum err load_number(struct cell_set *s, struct cell *c, struct counts *of)
{
    struct count x, sum = {.n = 0};
    struct count_what what;
    enum err err;
    if (!count_what(of->sum.number, &what))
        return ERR_CORRUPT;
    while ((err = count_read(of, &x)) == ERR_OK) {
        *count_of(s, c, x.quarter, x.number) = x;
        count_add(&sum, &x);
    }
    if (err != ERR_NOT_FOUND)
        return err;
    return sum.n == of->sum.n && sum.micros == of->sum.micros && sum.revenue == of->sum.revenue ? ERR_OK : ERR_CORRUPT;
}

static enum err load(struct cell_set *s, struct cell *c, struct span row)
{
    struct counts of;
    enum err err;
    if (is_rest(c)) {
        if (row.len < 4)
            return ERR_CORRUPT;
        c->place->values = load_be32(row.ptr);
        row = span_skip(row, 4);
    }
    while ((err = counts_read(&row, &of)) == ERR_OK)
        if ((err = load_number(s, c, &of)) != ERR_OK)
            return err;
    c->loaded = err == ERR_NOT_FOUND;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Of a value that has none so far; that of a whole day or of all other values is only held by the table. */
static struct cell *make_cell(struct cell_set *s, struct place *p, uint64_t hash, struct span value)
{
    struct cell_day *d = p->day;
    struct cell *c = make(s, d, sizeof *c + value.len);
    size_t room = d->cells.room;
    if (value.len > 0)
        memcpy(c->value, value.ptr, value.len);
    c->len = (uint16_t)value.len;
    c->place = p;
    hashed_add(&d->cells, hash, c);
    grows(s, d, (d->cells.room - room) * sizeof *d->cells.slot);
    return c;
}

static struct cell *make_unnamed(struct cell_set *s, struct place *p)
{
    return make_cell(s, p, hash_of(p, SPAN("")), SPAN(""));
}

static struct cell *find(const struct place *p, uint64_t hash, struct span value)
{
    size_t at = 0;
    for (struct cell *c; (c = hashed_next(&p->day->cells, hash, &at)) != NULL;)
        if (c->place == p && span_eq(value_of(c), value) && !is_rest(c))
            return c;
    return NULL;
}

/* The least key behind that of the last known. */
static struct span key_behind(uint8_t mem[ROLLUP_KEY_MAX + 1], const struct place *p)
{
    struct span key = key_of(mem, p, true, p->known != NULL ? value_of(p->known) : SPAN(""));
    mem[key.len] = 0;
    return span_of(mem, key.len + (p->known != NULL));
}

static enum err know_next(struct cell_set *s, struct place *p)
{
    uint8_t mem[ROLLUP_KEY_MAX + 1];
    struct span key;
    struct cell_key k;
    enum err err = s->source.key_from(s->source.ctx, key_behind(mem, p), &key);
    if (err == ERR_NOT_FOUND ||
        (err == ERR_OK && (key.len < ROLLUP_KEY_HEAD || memcmp(key.ptr, mem, ROLLUP_KEY_HEAD) != 0))) {
        p->all_known = true;
        return ERR_OK;
    }
    if (err == ERR_OK)
        err = cell_key_read(key, &k);
    if (err != ERR_OK)
        return err;
    uint64_t hash = hash_of(p, k.value);
    if ((p->known = find(p, hash, k.value)) == NULL)
        p->known = make_cell(s, p, hash, k.value);
    return ERR_OK;
}

/* Which values have a cell, without what they count: some more with each that has none, so that no click waits for all
 * of them. */
static enum err know_more(struct cell_set *s, struct place *p)
{
    enum err err = ERR_OK;
    for (int i = 0; i < KNOWN_STEP && err == ERR_OK && !p->all_known; i++)
        err = know_next(s, p);
    return err;
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
    s->n_changed++;
}

static enum err load_named(struct cell_set *s, struct cell *c)
{
    uint8_t mem[ROLLUP_KEY_MAX];
    struct span row;
    enum err err = s->source.row(s->source.ctx, key_of(mem, c->place, true, value_of(c)), &row);
    return err == ERR_OK ? load(s, c, row) : err;
}

/* The one cell of a contract's day as a whole. */
static enum err whole_of(struct cell_set *s, struct place *p, struct cell **out)
{
    struct cell *c = *out = p->latest = make_unnamed(s, p);
    enum err err = load_named(s, c);
    c->loaded |= err == ERR_NOT_FOUND;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* Of a value that is not in memory: ERR_NOT_FOUND, it has no cell. */
static enum err stored_of(struct cell_set *s, struct place *p, uint64_t hash, struct span value, struct cell **out)
{
    uint8_t mem[ROLLUP_KEY_MAX];
    struct span row;
    if (p->all_known)
        return ERR_NOT_FOUND;
    enum err err = s->source.row(s->source.ctx, key_of(mem, p, true, value), &row);
    if (err != ERR_OK)
        return err;
    *out = make_cell(s, p, hash, value);
    return load(s, *out, row);
}

static enum err first_of(struct cell_set *s, struct place *p, uint64_t hash, struct span value, struct cell **out)
{
    enum err err = know_rest(s, p);
    if (err != ERR_OK || (err = stored_of(s, p, hash, value, out)) != ERR_NOT_FOUND)
        return err;
    if ((err = know_more(s, p)) != ERR_OK)
        return err;
    if (p->values >= ROLLUP_VALUES) {
        *out = p->rest;
        return ERR_OK;
    }
    p->values++;
    changes(s, p->rest);
    *out = make_cell(s, p, hash, value);
    (*out)->loaded = true;
    return ERR_OK;
}

static enum err look_up(struct cell_set *s, struct place *p, uint64_t hash, struct span value, struct cell **out)
{
    *out = find(p, hash, value);
    enum err err = *out == NULL ? first_of(s, p, hash, value, out) : ERR_OK;
    if (err != ERR_OK || *out == p->rest)
        return err;
    p->latest = *out;
    p->latest_hash = hash;
    return (*out)->loaded ? ERR_OK : load_named(s, *out);
}

/* Mostly it is the one before. */
static enum err cell_of(struct cell_set *s, struct place *p, uint64_t hash, struct span value, struct cell **out)
{
    enum err err = ERR_OK;
    *out = p->latest;
    if (*out == NULL || hash != p->latest_hash || !span_eq(value_of(*out), value))
        err = p->dimension == DIMENSION_ALL ? whole_of(s, p, out) : look_up(s, p, hash, value, out);
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

static enum err add_to(struct cell_set *s, struct place *p, uint64_t hash, struct span value, const struct count *add)
{
    struct cell *c;
    enum err err = cell_of(s, p, hash, value, &c);
    if (err != ERR_OK)
        return err;
    count_add(count_of(s, c, add->quarter, add->number), add);
    changes(s, c);
    return ERR_OK;
}

/* Cells lie where chance has put them: all are on their way before the first is looked at. */
static void bring(const struct cell_day *day, const uint64_t hash[DIMENSIONS])
{
    for (int d = DIMENSION_ALL + 1; d < DIMENSIONS; d++) {
        const struct hashed_slot *slot = hash[d] != 0 ? hashed_first(&day->cells, hash[d]) : NULL;
        if (slot == NULL || slot->what == NULL)
            continue;
        const struct cell *c = slot->what;
        __builtin_prefetch(c, 1);
        __builtin_prefetch(c->value);
    }
}

enum err cell_set_add(struct cell_set *s, struct cell_day *day, const struct span values[DIMENSIONS],
                      const struct count *add)
{
    uint64_t hash[DIMENSIONS] = {0};
    day->used = true;
    for (int d = DIMENSION_ALL + 1; d < DIMENSIONS; d++) {
        if (span_empty(values[d]))
            continue;
        hash[d] = hash_of(&day->place[d], values[d]);
        __builtin_prefetch(hashed_first(&day->cells, hash[d]));
    }
    bring(day, hash);
    enum err err = add_to(s, &day->place[DIMENSION_ALL], 0, SPAN(""), add);
    for (int d = DIMENSION_ALL + 1; d < DIMENSIONS && err == ERR_OK; d++)
        if (!span_empty(values[d]))
            err = add_to(s, &day->place[d], hash[d], values[d], add);
    return err;
}

/* ---- what became of them ---- */

size_t cell_set_n_changed(const struct cell_set *s)
{
    return s->n_changed;
}

/* What nothing is left of is not kept: a lead that moved on leaves no trace where it was. */
static void cell_write(struct buf *out, struct cell *c)
{
    buf_clear(out);
    put_back(c);
    const struct count *all = c->count != NULL ? c->count : &c->now;
    if (is_rest(c))
        buf_be32(out, c->place->values);
    for (uint32_t i = 0, end; i < c->n; i = end) {
        for (end = i; end < c->n && all[end].number == all[i].number;)
            end++;
        counts_write(out, &all[i], end - i);
    }
}

enum err cell_set_changed(struct cell_set *s, rollup_row *each, void *ctx)
{
    uint8_t mem[ROLLUP_KEY_MAX];
    enum err err = ERR_OK;
    for (struct cell *c = s->changed; c != NULL && err == ERR_OK; c = s->changed) {
        s->changed = c->changed != c ? c->changed : NULL;
        c->changed = NULL;
        s->n_changed--;
        cell_write(&s->scratch, c);
        err = each(ctx, key_of(mem, c->place, !is_rest(c), value_of(c)), buf_span(&s->scratch));
    }
    return err;
}
