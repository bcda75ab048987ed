/* What was written last of spread tables, in memory. Rows stand one behind the other as they came, each as a row of a
 * block; buckets, by the hash of a place's head, lead to them. Most have one row; those of more are kept in order, so
 * that no keys that a stranger chose make it slow. */
#include <assert.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "server/store/spread_private.h"

enum { CHUNK = 1 << 18, BUCKET_BITS = 16, BUCKETS = 1 << BUCKET_BITS };

struct chunk {
    struct chunk *before;
    size_t used, size;
    char bytes[];
};

struct bucket {
    uint32_t n, room; /* rows; of `many`, 0: it has one, or none */
    uint32_t tag;     /* of the hash of the first that came: one row of another head need not be looked at */
    union {
        const char *one;
        const char **many;
    } row;
};

struct recent {
    struct chunk *chunk; /* the newest */
    struct bucket bucket[BUCKETS];
    size_t n;
};

struct recent *recent_new(void)
{
    return xcalloc(1, sizeof(struct recent));
}

void recent_free(struct recent *r)
{
    if (r == NULL)
        return;
    for (struct chunk *c = r->chunk, *before; c != NULL; c = before) {
        before = c->before;
        free(c);
    }
    for (size_t i = 0; i < BUCKETS; i++)
        if (r->bucket[i].room > 0)
            free(r->bucket[i].row.many);
    free(r);
}

static struct row row_at(const char *at)
{
    size_t place = load_be16(at), stored = load_be16(at + 2);
    at += BLOCK_ROW_HEAD;
    return (struct row){span_of(at, place), span_of(at + place, stored)};
}

static struct span place_at(const char *at)
{
    return span_of(at + BLOCK_ROW_HEAD, load_be16(at));
}

static char *room_for(struct recent *r, size_t len)
{
    struct chunk *c = r->chunk;
    if (c == NULL || c->size - c->used < len) {
        size_t size = len > CHUNK ? len : CHUNK;
        c = xmalloc(sizeof *c + size);
        *c = (struct chunk){.before = r->chunk, .size = size};
        r->chunk = c;
    }
    c->used += len;
    return c->bytes + c->used - len;
}

static const char *const *rows_of(const struct bucket *b)
{
    return b->room > 0 ? b->row.many : &b->row.one;
}

/* How many of its rows are before a place. */
static size_t rows_before(const struct bucket *b, struct span place)
{
    const char *const *row = rows_of(b);
    size_t from = 0, to = b->n;
    while (from < to) {
        size_t middle = (from + to) / 2;
        if (span_order(place_at(row[middle]), place) < 0)
            from = middle + 1;
        else
            to = middle;
    }
    return from;
}

static const char **make_room(struct bucket *b)
{
    if (b->room == 0 && b->n == 0)
        return &b->row.one;
    if (b->room > b->n)
        return b->row.many;
    uint32_t room = b->room > 0 ? 2 * b->room : 4;
    const char **many = xmalloc(room * sizeof *many);
    memcpy(many, rows_of(b), b->n * sizeof *many);
    if (b->room > 0)
        free(b->row.many);
    b->row.many = many;
    b->room = room;
    return many;
}

/* true: there was none in its place. */
static bool put_row(struct bucket *b, uint32_t tag, const char *at)
{
    if (b->n == 0)
        b->tag = tag;
    size_t i = rows_before(b, place_at(at));
    if (i < b->n && span_eq(place_at(rows_of(b)[i]), place_at(at))) {
        *(b->room > 0 ? &b->row.many[i] : &b->row.one) = at;
        return false;
    }
    const char **row = make_room(b);
    memmove(row + i + 1, row + i, (b->n - i) * sizeof *row);
    row[i] = at;
    b->n++;
    return true;
}

char *recent_put(struct recent *r, uint64_t hash, struct span place, size_t stored_len, struct span *encoded)
{
    size_t len = block_row_len(place.len, stored_len);
    char *at = room_for(r, len), *room = block_row_write(at, place, stored_len);
    r->n += put_row(&r->bucket[hash >> (64 - BUCKET_BITS)], (uint32_t)hash, at);
    *encoded = span_of(at, len);
    return room;
}

bool recent_seek(const struct recent *r, uint64_t hash, struct span from, struct row *out)
{
    const struct bucket *b = &r->bucket[hash >> (64 - BUCKET_BITS)];
    if (b->n == 0 || (b->n == 1 && b->tag != (uint32_t)hash))
        return false;
    size_t i = rows_before(b, from);
    if (i == b->n)
        return false;
    *out = row_at(rows_of(b)[i]);
    return true;
}

size_t recent_count(const struct recent *r)
{
    return r->n;
}

/* ---- in order ---- */

struct ordered {
    uint64_t first, second; /* of the place */
    const char *at;
};

static int by_place(const void *a, const void *b)
{
    const struct ordered *x = a, *y = b;
    if (x->first != y->first)
        return x->first < y->first ? -1 : 1;
    if (x->second != y->second)
        return x->second < y->second ? -1 : 1;
    return span_order(place_at(x->at), place_at(y->at));
}

struct row *recent_sorted(const struct recent *r)
{
    struct ordered *order = xmalloc((r->n + 1) * sizeof *order);
    size_t n = 0;
    for (size_t i = 0; i < BUCKETS; i++)
        for (size_t k = 0; k < r->bucket[i].n; k++) {
            const char *at = rows_of(&r->bucket[i])[k];
            const struct span place = place_at(at);
            order[n++] = (struct ordered){place_word(place, 0), place_word(place, 1), at};
        }
    assert(n == r->n);
    qsort(order, n, sizeof *order, by_place);
    struct row *rows = xmalloc((n + 1) * sizeof *rows);
    for (size_t i = 0; i < n; i++)
        rows[i] = row_at(order[i].at);
    free(order);
    return rows;
}
