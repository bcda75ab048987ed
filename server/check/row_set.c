#include "server/check/row_set.h"

#include <stdlib.h>

#include "common/base/mem.h"

struct row_set {
    struct span *key;
    size_t n, room;
    bool sorted;
};

struct row_set *row_set_new(void)
{
    return xcalloc(1, sizeof(struct row_set));
}

void row_set_free(struct row_set *s)
{
    for (size_t i = 0; s != NULL && i < s->n; i++)
        free((char *)s->key[i].ptr);
    if (s != NULL)
        free(s->key);
    free(s);
}

void row_set_add(struct row_set *s, struct span key)
{
    if (s->n == s->room) {
        s->room = s->room != 0 ? 2 * s->room : 64;
        s->key = xrealloc(s->key, s->room * sizeof *s->key);
    }
    char *copy = xmalloc(key.len + 1);
    memcpy(copy, key.ptr, key.len);
    s->key[s->n++] = span_of(copy, key.len);
    s->sorted = false;
}

static int order(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    int c = memcmp(x->ptr, y->ptr, x->len < y->len ? x->len : y->len);
    return c != 0 ? c : (x->len > y->len) - (x->len < y->len);
}

static void sort(struct row_set *s)
{
    size_t kept = 0;
    if (s->sorted)
        return;
    if (s->n > 0)
        qsort(s->key, s->n, sizeof *s->key, order);
    for (size_t i = 0; i < s->n; i++) {
        if (kept > 0 && span_eq(s->key[kept - 1], s->key[i]))
            free((char *)s->key[i].ptr);
        else
            s->key[kept++] = s->key[i];
    }
    s->n = kept;
    s->sorted = true;
}

bool row_set_has(struct row_set *s, struct span key)
{
    sort(s);
    return s->n > 0 && bsearch(&key, s->key, s->n, sizeof *s->key, order) != NULL;
}

size_t row_set_count(struct row_set *s)
{
    sort(s);
    return s->n;
}

struct span row_set_at(struct row_set *s, size_t i)
{
    sort(s);
    return s->key[i];
}
