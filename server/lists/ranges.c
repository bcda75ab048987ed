#include "server/lists/ranges.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/mem.h"

struct range {
    address first, last;
    uint16_t value;
};

struct ranges {
    struct range *added; /* until it is sealed */
    size_t n, room;
    address *first; /* sealed: n each, ascending */
    address *last;
    uint16_t *value;
};

struct ranges *ranges_new(void)
{
    return xcalloc(1, sizeof(struct ranges));
}

void ranges_free(struct ranges *r)
{
    if (r == NULL)
        return;
    free(r->added);
    free(r->first);
    free(r->last);
    free(r->value);
    free(r);
}

void ranges_add(struct ranges *r, address first, address last, uint16_t value)
{
    assert(first <= last && value != 0 && r->first == NULL);
    if (r->n == r->room) {
        r->room = r->room ? 2 * r->room : 256;
        r->added = xrealloc(r->added, r->room * sizeof *r->added);
    }
    r->added[r->n++] = (struct range){first, last, value};
}

static int by_first(const void *a, const void *b)
{
    const struct range *x = a, *y = b;
    return x->first < y->first ? -1 : x->first > y->first;
}

/* Of equal value, and without a gap: then they are one. */
static size_t merge(struct range *r, size_t n)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        struct range *before = kept > 0 ? &r[kept - 1] : NULL;
        bool touches = before != NULL && (r[i].first <= before->last || r[i].first == before->last + 1);
        if (!touches || r[i].value != before->value)
            r[kept++] = r[i];
        else if (r[i].last > before->last)
            before->last = r[i].last;
    }
    return kept;
}

void ranges_seal(struct ranges *r)
{
    if (r->n > 0)
        qsort(r->added, r->n, sizeof *r->added, by_first);
    r->n = merge(r->added, r->n);
    r->first = xcalloc(r->n + 1, sizeof *r->first);
    r->last = xcalloc(r->n + 1, sizeof *r->last);
    r->value = xcalloc(r->n + 1, sizeof *r->value);
    for (size_t i = 0; i < r->n; i++) {
        r->first[i] = r->added[i].first;
        r->last[i] = r->added[i].last;
        r->value[i] = r->added[i].value;
    }
    free(r->added);
    r->added = NULL;
}

uint16_t ranges_find(const struct ranges *r, address a)
{
    size_t low = 0, high = r->n; /* of the ranges before low first <= a, of those from high on first > a */
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (r->first[middle] <= a)
            low = middle + 1;
        else
            high = middle;
    }
    return low > 0 && a <= r->last[low - 1] ? r->value[low - 1] : 0;
}

size_t ranges_count(const struct ranges *r)
{
    return r->n;
}
