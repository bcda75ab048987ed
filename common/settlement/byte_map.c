#include "common/settlement/byte_map.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/mem.h"

/* An AVL tree: the heights of a node's two sides differ by one at most, so that 58 levels hold more nodes than memory
 * does, and recursion is safe. */
struct node {
    struct node *side[2];
    uint16_t value_len;
    uint8_t height, key_len;
    uint8_t bytes[]; /* key, value */
};

struct byte_map {
    struct node *root;
    size_t count;
};

static struct span node_key(const struct node *n)
{
    return span_of(n->bytes, n->key_len);
}

static struct span node_value(const struct node *n)
{
    return span_of(n->bytes + n->key_len, n->value_len);
}

struct byte_map *byte_map_new(void)
{
    return xcalloc(1, sizeof(struct byte_map));
}

static void free_tree(struct node *n)
{
    if (n == NULL)
        return;
    free_tree(n->side[0]);
    free_tree(n->side[1]);
    free(n);
}

void byte_map_free(struct byte_map *m)
{
    if (m != NULL)
        free_tree(m->root);
    free(m);
}

static int height(const struct node *n)
{
    return n != NULL ? n->height : 0;
}

static int lean(const struct node *n) /* above 0: to the right */
{
    return height(n->side[1]) - height(n->side[0]);
}

static void measure(struct node *n)
{
    n->height = (uint8_t)(1 + height(n->side[lean(n) > 0]));
}

/* n goes down to side `to`; its child of the other side comes up. */
static struct node *rotate(struct node *n, int to)
{
    struct node *up = n->side[!to];
    n->side[!to] = up->side[to];
    up->side[to] = n;
    measure(n);
    measure(up);
    return up;
}

static struct node *balance(struct node *n)
{
    int l = lean(n), heavy = l > 0;
    measure(n);
    if (l >= -1 && l <= 1)
        return n;
    int inner = lean(n->side[heavy]);
    if (heavy ? inner < 0 : inner > 0)
        n->side[heavy] = rotate(n->side[heavy], heavy);
    return rotate(n, !heavy);
}

static struct node *insert(struct node *n, struct node *fresh)
{
    if (n == NULL)
        return fresh;
    int right = span_order(node_key(fresh), node_key(n)) > 0;
    n->side[right] = insert(n->side[right], fresh);
    return balance(n);
}

static struct node *take_first(struct node *n, struct node **first)
{
    if (n->side[0] == NULL) {
        *first = n;
        return n->side[1];
    }
    n->side[0] = take_first(n->side[0], first);
    return balance(n);
}

/* Takes the node of `key` out of the tree; *taken stays NULL when there is none. */
static struct node *take(struct node *n, struct span key, struct node **taken)
{
    if (n == NULL)
        return NULL;
    int order = span_order(key, node_key(n));
    if (order != 0) {
        n->side[order > 0] = take(n->side[order > 0], key, taken);
        return balance(n);
    }
    *taken = n;
    if (n->side[1] == NULL)
        return n->side[0];
    struct node *next;
    struct node *rest = take_first(n->side[1], &next);
    next->side[0] = n->side[0];
    next->side[1] = rest;
    return balance(next);
}

static struct node *find(const struct byte_map *m, struct span key)
{
    struct node *n = m->root;
    for (int order; n != NULL && (order = span_order(key, node_key(n))) != 0;)
        n = n->side[order > 0];
    return n;
}

void byte_map_remove(struct byte_map *m, struct span key)
{
    struct node *taken = NULL;
    m->root = take(m->root, key, &taken);
    m->count -= taken != NULL;
    free(taken);
}

void byte_map_put(struct byte_map *m, struct span key, struct span value)
{
    assert(key.len <= UINT8_MAX && value.len <= UINT16_MAX);
    byte_map_remove(m, key);
    struct node *fresh = xmalloc(sizeof *fresh + key.len + value.len);
    *fresh = (struct node){.height = 1, .key_len = (uint8_t)key.len, .value_len = (uint16_t)value.len};
    if (key.len > 0)
        memcpy(fresh->bytes, key.ptr, key.len);
    if (value.len > 0)
        memcpy(fresh->bytes + key.len, value.ptr, value.len);
    m->root = insert(m->root, fresh);
    m->count++;
}

bool byte_map_get(const struct byte_map *m, struct span key, struct span *value)
{
    const struct node *n = find(m, key);
    if (n != NULL)
        *value = node_value(n);
    return n != NULL;
}

bool byte_map_seek(const struct byte_map *m, struct span from, struct span *key, struct span *value)
{
    const struct node *best = NULL;
    for (const struct node *n = m->root; n != NULL;) {
        bool below = span_order(node_key(n), from) < 0;
        if (!below)
            best = n;
        n = n->side[below];
    }
    if (best != NULL) {
        *key = node_key(best);
        *value = node_value(best);
    }
    return best != NULL;
}

static bool each_below(const struct node *n, bool (*each)(void *ctx, struct span key, struct span value), void *ctx)
{
    return n == NULL || (each_below(n->side[0], each, ctx) && each(ctx, node_key(n), node_value(n)) &&
                         each_below(n->side[1], each, ctx));
}

bool byte_map_each(const struct byte_map *m, bool (*each)(void *ctx, struct span key, struct span value), void *ctx)
{
    return each_below(m->root, each, ctx);
}

size_t byte_map_count(const struct byte_map *m)
{
    return m->count;
}

unsigned byte_map_height(const struct byte_map *m)
{
    return (unsigned)height(m->root);
}
