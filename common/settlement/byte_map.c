#include "common/settlement/byte_map.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/mem.h"

/* A B+ tree. A page has cells in the order of their keys: pairs in a leaf, above it the least key that is below each
 * page, and its number; the first of these keys is not looked at. A page that is full is split, one that is empty is
 * given back, and pages are not joined. */
struct page {
    uint16_t n, level; /* level 0: a leaf */
    uint16_t low;      /* where its cells begin: they fill it from the end */
    uint16_t lost;     /* bytes among them of cells that are gone */
    uint16_t slot[];   /* where each cell begins, in order */
};

struct cell {
    uint8_t key_len, value_len[2];
    char bytes[]; /* key, value */
};

enum { LEVELS = 32 };
static_assert(2 * (sizeof(struct cell) + BYTE_MAP_PAIR + sizeof(uint16_t)) <= PAGE_LEN - sizeof(struct page),
              "wherever a full page is split, both halves fit");

struct byte_map {
    struct pages *pages, *own; /* own: NULL, or the same */
    size_t count;
    uint32_t root; /* PAGE_NONE: there is none yet */
};

/* The way down to a leaf: of each page the cell that was taken, of the leaf the first that is not below the key. */
struct way {
    unsigned depth;
    struct {
        uint32_t number;
        struct page *page;
        unsigned at;
    } step[LEVELS];
};

struct byte_map *byte_map_new(struct pages *pages)
{
    struct byte_map *m = xcalloc(1, sizeof *m);
    m->own = pages == NULL ? pages_new(NULL) : NULL;
    m->pages = pages != NULL ? pages : m->own;
    m->root = PAGE_NONE;
    return m;
}

void byte_map_free(struct byte_map *m)
{
    if (m != NULL)
        pages_free(m->own);
    free(m);
}

/* ---- one page ---- */

static struct page *page_at(const struct byte_map *m, uint32_t number)
{
    return pages_at(m->pages, number);
}

static struct cell *cell_at(const struct page *p, unsigned i)
{
    return (struct cell *)((char *)p + p->slot[i]);
}

static struct span cell_key(const struct cell *c)
{
    return span_of(c->bytes, c->key_len);
}

static struct span cell_value(const struct cell *c)
{
    return span_of(c->bytes + c->key_len, (size_t)c->value_len[0] << 8 | c->value_len[1]);
}

static size_t cell_len(struct span key, struct span value)
{
    return sizeof(struct cell) + key.len + value.len;
}

static uint32_t child_at(const struct page *p, unsigned i)
{
    uint32_t number;
    memcpy(&number, cell_value(cell_at(p, i)).ptr, sizeof number);
    return number;
}

static void clear(struct page *p, unsigned level)
{
    *p = (struct page){.level = (uint16_t)level, .low = PAGE_LEN};
}

static size_t room(const struct page *p)
{
    return p->low - sizeof *p - p->n * sizeof p->slot[0];
}

/* The first cell of [i, n) whose key is not below; whether it is the same. */
static unsigned lower(const struct page *p, unsigned i, struct span key, bool *same)
{
    unsigned end = p->n;
    *same = false;
    while (i < end) {
        unsigned middle = (i + end) / 2;
        int order = span_order(cell_key(cell_at(p, middle)), key);
        if (order < 0) {
            i = middle + 1;
        } else {
            *same |= order == 0;
            end = middle;
        }
    }
    return i;
}

/* There is room for it. */
static void put_cell(struct page *p, unsigned at, struct span key, struct span value)
{
    assert(room(p) >= cell_len(key, value) + sizeof p->slot[0]);
    p->low = (uint16_t)(p->low - cell_len(key, value));
    memmove(p->slot + at + 1, p->slot + at, (p->n - at) * sizeof p->slot[0]);
    p->slot[at] = p->low;
    p->n++;
    struct cell *c = cell_at(p, at);
    c->key_len = (uint8_t)key.len;
    c->value_len[0] = (uint8_t)(value.len >> 8);
    c->value_len[1] = (uint8_t)value.len;
    if (key.len > 0)
        memcpy(c->bytes, key.ptr, key.len);
    if (value.len > 0)
        memcpy(c->bytes + key.len, value.ptr, value.len);
}

static void drop_cell(struct page *p, unsigned at)
{
    const struct cell *c = cell_at(p, at);
    p->lost = (uint16_t)(p->lost + cell_len(cell_key(c), cell_value(c)));
    p->n--;
    memmove(p->slot + at, p->slot + at + 1, (p->n - at) * sizeof p->slot[0]);
}

static void append(struct page *p, const struct cell *c)
{
    put_cell(p, p->n, cell_key(c), cell_value(c));
}

/* Takes what was lost back. */
static void tidy(struct page *p)
{
    _Alignas(struct page) char was[PAGE_LEN];
    const struct page *old = memcpy(was, p, PAGE_LEN);
    clear(p, old->level);
    for (unsigned i = 0; i < old->n; i++)
        append(p, cell_at(old, i));
}

/* ---- the way down ---- */

static bool descend(const struct byte_map *m, struct span key, struct way *w)
{
    bool same = false;
    w->depth = 0;
    for (uint32_t number = m->root; number != PAGE_NONE; w->depth++) {
        assert(w->depth < LEVELS);
        struct page *p = page_at(m, number);
        unsigned at = lower(p, p->level > 0, key, &same);
        if (p->level > 0 && !same)
            at--;
        w->step[w->depth].number = number;
        w->step[w->depth].page = p;
        w->step[w->depth].at = at;
        number = p->level > 0 ? child_at(p, at) : PAGE_NONE;
    }
    return same;
}

/* ---- writing ---- */

static bool is_last(const struct way *w, unsigned depth)
{
    for (unsigned i = 0; i < depth; i++)
        if (w->step[i].at + 1 != w->step[i].page->n)
            return false;
    return w->step[depth].at >= w->step[depth].page->n;
}

/* How many of a full page's cells and the new one stay: half of the bytes; all but the new one behind the last, where
 * keys come in order. */
static unsigned stay(const struct page *old, unsigned at, size_t len, bool last)
{
    const size_t all = PAGE_LEN - old->low - old->lost + len, most = PAGE_LEN - sizeof *old;
    size_t left = 0;
    if (last)
        return old->n;
    for (unsigned i = 0;; i++) {
        const struct cell *c = i != at ? cell_at(old, i - (i > at)) : NULL;
        size_t next = left + (c != NULL ? cell_len(cell_key(c), cell_value(c)) : len);
        if (2 * next > all)
            return next + (i + 1) * sizeof old->slot[0] <= most ? i + 1 : i;
        left = next;
    }
}

/* The shortest key that is above `left` and not above `right`. */
static struct span between(struct span left, struct span right)
{
    size_t n = 0;
    while (n < left.len && left.ptr[n] == right.ptr[n])
        n++;
    return span_of(right.ptr, n + 1);
}

static void insert(struct byte_map *m, struct way *w, unsigned depth, struct span key, struct span value);

/* A root over the one that was split. */
static void raise(struct byte_map *m, struct span key, uint32_t right)
{
    uint32_t left = m->root, level = page_at(m, left)->level + 1u;
    m->root = pages_take(m->pages);
    struct page *p = page_at(m, m->root);
    clear(p, level);
    put_cell(p, 0, SPAN(""), span_of(&left, sizeof left));
    put_cell(p, 1, key, span_of(&right, sizeof right));
}

static void split(struct byte_map *m, struct way *w, unsigned depth, struct span key, struct span value)
{
    _Alignas(struct page) char was[PAGE_LEN];
    struct page *left = w->step[depth].page;
    const struct page *old = memcpy(was, left, PAGE_LEN);
    unsigned at = w->step[depth].at, n = stay(old, at, cell_len(key, value), is_last(w, depth));
    uint32_t number = pages_take(m->pages);
    struct page *right = page_at(m, number);
    clear(left, old->level);
    clear(right, old->level);
    for (unsigned i = 0; i <= old->n; i++) {
        struct page *to = i < n ? left : right;
        if (i == at)
            put_cell(to, to->n, key, value);
        else
            append(to, cell_at(old, i - (i > at)));
    }
    struct span first = cell_key(cell_at(right, 0));
    if (old->level == 0)
        first = between(cell_key(cell_at(left, left->n - 1u)), first);
    if (depth == 0) {
        raise(m, first, number);
    } else {
        w->step[depth - 1].at++;
        insert(m, w, depth - 1, first, span_of(&number, sizeof number));
    }
}

static void insert(struct byte_map *m, struct way *w, unsigned depth, struct span key, struct span value)
{
    struct page *p = w->step[depth].page;
    size_t len = cell_len(key, value) + sizeof p->slot[0];
    if (room(p) < len && room(p) + p->lost >= len)
        tidy(p);
    if (room(p) >= len)
        put_cell(p, w->step[depth].at, key, value);
    else
        split(m, w, depth, key, value);
}

void byte_map_put(struct byte_map *m, struct span key, struct span value)
{
    struct way w;
    assert(key.len <= BYTE_MAP_KEY && key.len + value.len <= BYTE_MAP_PAIR);
    if (m->root == PAGE_NONE) {
        m->root = pages_take(m->pages);
        clear(page_at(m, m->root), 0);
    }
    bool there = descend(m, key, &w);
    struct page *leaf = w.step[w.depth - 1].page;
    unsigned at = w.step[w.depth - 1].at;
    struct span was = there ? cell_value(cell_at(leaf, at)) : SPAN("");
    if (there && was.len == value.len) {
        if (value.len > 0)
            memcpy((char *)was.ptr, value.ptr, value.len);
        return;
    }
    if (there)
        drop_cell(leaf, at);
    insert(m, &w, w.depth - 1, key, value);
    m->count += !there;
}

/* Pages that have no cells any more, and a root that has one page below it. */
static void prune(struct byte_map *m, struct way *w)
{
    unsigned depth = w->depth - 1;
    for (; depth > 0 && w->step[depth].page->n == 0; depth--) {
        pages_give(m->pages, w->step[depth].number);
        drop_cell(w->step[depth - 1].page, w->step[depth - 1].at);
    }
    for (struct page *p = page_at(m, m->root); p->level > 0 && p->n <= 1; p = page_at(m, m->root)) {
        if (p->n == 0) {
            clear(p, 0);
            return;
        }
        uint32_t below = child_at(p, 0);
        pages_give(m->pages, m->root);
        m->root = below;
    }
}

void byte_map_remove(struct byte_map *m, struct span key)
{
    struct way w;
    if (!descend(m, key, &w))
        return;
    drop_cell(w.step[w.depth - 1].page, w.step[w.depth - 1].at);
    m->count--;
    if (w.step[w.depth - 1].page->n == 0)
        prune(m, &w);
}

/* ---- reading ---- */

bool byte_map_get(const struct byte_map *m, struct span key, struct span *value)
{
    struct way w;
    bool there = descend(m, key, &w);
    if (there)
        *value = cell_value(cell_at(w.step[w.depth - 1].page, w.step[w.depth - 1].at));
    return there;
}

/* To the first cell of the next leaf, where this one has no more. */
static bool go_on(const struct byte_map *m, struct way *w)
{
    unsigned depth = w->depth;
    while (depth > 0 && w->step[depth - 1].at + (depth < w->depth) >= w->step[depth - 1].page->n)
        depth--;
    if (depth == 0 || depth == w->depth)
        return depth > 0;
    w->step[depth - 1].at++;
    for (; depth < w->depth; depth++) {
        w->step[depth].number = child_at(w->step[depth - 1].page, w->step[depth - 1].at);
        w->step[depth].page = page_at(m, w->step[depth].number);
        w->step[depth].at = 0;
    }
    return true;
}

static void read_pair(const struct way *w, struct span *key, struct span *value)
{
    const struct cell *c = cell_at(w->step[w->depth - 1].page, w->step[w->depth - 1].at);
    *key = cell_key(c);
    *value = cell_value(c);
}

bool byte_map_seek(const struct byte_map *m, struct span from, struct span *key, struct span *value)
{
    struct way w;
    (void)descend(m, from, &w);
    bool found = go_on(m, &w);
    if (found)
        read_pair(&w, key, value);
    return found;
}

bool byte_map_each(const struct byte_map *m, bool (*each)(void *ctx, struct span key, struct span value), void *ctx)
{
    struct way w;
    struct span key, value;
    (void)descend(m, SPAN(""), &w);
    for (; go_on(m, &w); w.step[w.depth - 1].at++) {
        read_pair(&w, &key, &value);
        if (!each(ctx, key, value))
            return false;
    }
    return true;
}

size_t byte_map_count(const struct byte_map *m)
{
    return m->count;
}

unsigned byte_map_height(const struct byte_map *m)
{
    return m->root != PAGE_NONE ? page_at(m, m->root)->level + 1u : 0;
}
