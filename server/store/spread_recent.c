/* What was written last of spread tables, in memory. Rows stand one behind the other as they came, each as a row of a
 * block; buckets, by the hash of a place's head, lead to them, and their tags, of the same hash, tell most heads apart
 * without a look at any row: each look would wait for memory. A bucket's rows are in order, so that no keys that a
 * stranger chose make it slow. Buckets stand on shelves, made for the first row on each: a reading transaction loads
 * few rows and lets go of them soon. */
#include <assert.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "server/store/spread_private.h"

enum { CHUNK_BITS = 18, CHUNK = 1 << CHUNK_BITS, FEW = 3 };
enum { SHELF_BITS = 8, SHELVES = 1 << SHELF_BITS, BUCKET_BITS = 8, BUCKETS = 1 << BUCKET_BITS };
_Static_assert(CHUNK >= BLOCK_ROW_HEAD + 1 + STORE_KEY_MAX + UINT16_MAX, "a chunk has room for any row");

struct slot {
    uint32_t tag, at; /* at: in which chunk, and where in it */
};

struct bucket {
    uint32_t n, room; /* rows; of `many`, 0: they are few */
    union {
        struct slot few[FEW];
        struct slot *many;
    } slot;
};

struct shelf {
    struct bucket bucket[BUCKETS];
};

struct chunk {
    size_t used;
    char bytes[CHUNK];
};

struct recent {
    struct chunk **chunk;
    size_t n_chunks, n_begun;     /* the begun ones come first */
    struct shelf *shelf[SHELVES]; /* NULL: no row is on it */
    size_t n, n_written;          /* rows; with those that newer ones replaced */
};

struct recent *recent_new(void)
{
    return xcalloc(1, sizeof(struct recent));
}

static void shelf_free(struct shelf *s)
{
    for (size_t i = 0; s != NULL && i < BUCKETS; i++)
        if (s->bucket[i].room > 0)
            free(s->bucket[i].slot.many);
    free(s);
}

void recent_free(struct recent *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->n_chunks; i++)
        free(r->chunk[i]);
    free(r->chunk);
    for (size_t i = 0; i < SHELVES; i++)
        shelf_free(r->shelf[i]);
    free(r);
}

void recent_empty(struct recent *r)
{
    for (size_t i = 0; i < r->n_begun; i++)
        r->chunk[i]->used = 0;
    for (size_t i = 0; i < SHELVES; i++)
        for (size_t k = 0; r->shelf[i] != NULL && k < BUCKETS; k++)
            r->shelf[i]->bucket[k].n = 0;
    r->n_begun = r->n = r->n_written = 0;
}

static struct row row_at(const char *at)
{
    size_t place = load_be16(at), stored = load_be16(at + 2);
    at += BLOCK_ROW_HEAD;
    return (struct row){span_of(at, place), span_of(at + place, stored)};
}

static const char *bytes_at(const struct recent *r, uint32_t at)
{
    return r->chunk[at >> CHUNK_BITS]->bytes + at % CHUNK;
}

static struct span place_at(const struct recent *r, uint32_t at)
{
    const char *bytes = bytes_at(r, at);
    return span_of(bytes + BLOCK_ROW_HEAD, load_be16(bytes));
}

static struct chunk *begin_chunk(struct recent *r)
{
    if (r->n_begun == r->n_chunks) {
        r->chunk = xrealloc(r->chunk, (r->n_chunks + 1) * sizeof(struct chunk *));
        r->chunk[r->n_chunks] = xmalloc(sizeof(struct chunk));
        r->chunk[r->n_chunks++]->used = 0;
    }
    return r->chunk[r->n_begun++];
}

static char *room_for(struct recent *r, size_t len, uint32_t *at)
{
    struct chunk *c = r->n_begun > 0 ? r->chunk[r->n_begun - 1] : NULL;
    if (c == NULL || CHUNK - c->used < len) {
        assert(r->n_begun < (size_t)UINT32_MAX / CHUNK && len <= CHUNK);
        c = begin_chunk(r);
    }
    *at = (uint32_t)((r->n_begun - 1) << CHUNK_BITS | c->used);
    c->used += len;
    return c->bytes + c->used - len;
}

static struct slot *slots_of(struct bucket *b)
{
    return b->room > 0 ? b->slot.many : b->slot.few;
}

/* How many of its rows are before a place: by tag, then by place. */
static size_t rows_before(const struct recent *r, struct bucket *b, uint32_t tag, struct span place)
{
    const struct slot *slot = slots_of(b);
    size_t from = 0, to = b->n;
    while (from < to) {
        size_t middle = (from + to) / 2;
        const struct slot *s = &slot[middle];
        if (s->tag < tag || (s->tag == tag && span_order(place_at(r, s->at), place) < 0))
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static struct slot *make_room(struct bucket *b)
{
    if (b->n < (b->room > 0 ? b->room : FEW))
        return slots_of(b);
    uint32_t room = 2 * b->n;
    struct slot *many = xmalloc(room * sizeof *many);
    memcpy(many, slots_of(b), b->n * sizeof *many);
    if (b->room > 0)
        free(b->slot.many);
    b->slot.many = many;
    b->room = room;
    return many;
}

static struct shelf **shelf_of(struct recent *r, uint64_t hash)
{
    return &r->shelf[hash >> (64 - SHELF_BITS)];
}

static struct bucket *bucket_on(struct shelf *s, uint64_t hash)
{
    return &s->bucket[hash >> (64 - SHELF_BITS - BUCKET_BITS) & (BUCKETS - 1)];
}

/* true: there was none in its place. */
static bool put_row(struct recent *r, uint64_t hash, struct span place, uint32_t at)
{
    struct shelf **shelf = shelf_of(r, hash);
    if (*shelf == NULL)
        *shelf = xcalloc(1, sizeof **shelf);
    struct bucket *b = bucket_on(*shelf, hash);
    const struct slot made = {(uint32_t)hash, at};
    size_t i = rows_before(r, b, made.tag, place);
    struct slot *slot = slots_of(b);
    if (i < b->n && slot[i].tag == made.tag && span_eq(place_at(r, slot[i].at), place)) {
        slot[i] = made;
        return false;
    }
    slot = make_room(b);
    memmove(slot + i + 1, slot + i, (b->n - i) * sizeof *slot);
    slot[i] = made;
    b->n++;
    return true;
}

char *recent_put(struct recent *r, uint64_t hash, struct span place, size_t stored_len, struct span *encoded)
{
    uint32_t at;
    size_t len = block_row_len(place.len, stored_len);
    char *row = room_for(r, len, &at), *room = block_row_write(row, place, stored_len);
    r->n += put_row(r, hash, place, at);
    r->n_written++;
    *encoded = span_of(row, len);
    return room;
}

bool recent_seek(struct recent *r, uint64_t hash, struct span from, struct row *out)
{
    struct shelf *shelf = *shelf_of(r, hash);
    if (shelf == NULL)
        return false;
    struct bucket *b = bucket_on(shelf, hash);
    size_t i = rows_before(r, b, (uint32_t)hash, from);
    if (i == b->n || slots_of(b)[i].tag != (uint32_t)hash)
        return false;
    *out = row_at(bytes_at(r, slots_of(b)[i].at));
    return true;
}

size_t recent_count(const struct recent *r)
{
    return r->n;
}

/* ---- in order ---- */

struct ordered {
    uint64_t first, second; /* of the place */
    struct row row;
};

static bool is_before(const struct ordered *x, const struct ordered *y)
{
    if (x->first != y->first)
        return x->first < y->first;
    if (x->second != y->second)
        return x->second < y->second;
    return span_order(x->row.place, y->row.place) < 0;
}

/* A merge sort: of one place the row that came first stays first. */
static void sort(struct ordered *row, size_t n, struct ordered *room)
{
    size_t half = n / 2, a = 0, b = half, out = 0;
    if (n < 2)
        return;
    sort(row, half, room);
    sort(row + half, n - half, room);
    if (!is_before(&row[half], &row[half - 1]))
        return;
    memcpy(room, row, half * sizeof *row);
    while (a < half && b < n)
        row[out++] = is_before(&row[b], &room[a]) ? row[b++] : room[a++];
    memcpy(row + out, room + a, (half - a) * sizeof *row);
}

size_t rows_in_order(struct row *rows, size_t n)
{
    struct ordered *order = xmalloc((n + 1) * sizeof *order), *room = xmalloc((n / 2 + 1) * sizeof *room);
    size_t kept = 0;
    for (size_t i = 0; i < n; i++)
        order[i] = (struct ordered){place_word(rows[i].place, 0), place_word(rows[i].place, 1), rows[i]};
    sort(order, n, room);
    for (size_t i = 0; i < n; i++)
        if (i + 1 == n || is_before(&order[i], &order[i + 1])) /* of one place the newest */
            rows[kept++] = order[i].row;
    free(order);
    free(room);
    return kept;
}

struct row *recent_sorted(const struct recent *r)
{
    struct row *rows = xmalloc((r->n_written + 1) * sizeof *rows);
    size_t n = 0;
    for (size_t i = 0; i < r->n_begun; i++) {
        const char *at = r->chunk[i]->bytes, *end = at + r->chunk[i]->used;
        for (; at < end; at = rows[n - 1].stored.ptr + rows[n - 1].stored.len)
            rows[n++] = row_at(at);
    }
    assert(n == r->n_written);
    n = rows_in_order(rows, n);
    assert(n == r->n);
    return rows;
}
