#include "common/settlement/rows_map.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>

#include "common/base/mem.h"

/* A treap per table: ordered by key, heap-ordered by a hash of the key, so that the same rows make the same tree in any
 * order of arrival. */
struct node {
    struct node *left, *right;
    uint32_t priority;
    uint8_t key_len, value_len;
    uint8_t bytes[]; /* key, value */
};

struct rows_map {
    struct node *root[ROW_TABLES];
    size_t count[ROW_TABLES];
};
_Static_assert(sizeof((struct row_op *)0)->value <= UINT8_MAX, "lengths fit a byte");

static struct span node_key(const struct node *n)
{
    return span_of(n->bytes, n->key_len);
}
static struct span node_value(const struct node *n)
{
    return span_of(n->bytes + n->key_len, n->value_len);
}

/* FNV-1a with a last mix: neighbouring keys must not get neighbouring priorities. */
static uint32_t priority_of(struct span key)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < key.len; i++)
        h = (h ^ (uint8_t)key.ptr[i]) * 16777619u;
    h ^= h >> 16;
    h *= 0x7feb352du;
    h ^= h >> 15;
    h *= 0x846ca68bu;
    return h ^ h >> 16;
}

struct rows_map *rows_map_new(void)
{
    return xcalloc(1, sizeof(struct rows_map));
}

static void free_tree(struct node *n)
{
    while (n != NULL) {
        struct node *right = n->right;
        free_tree(n->left);
        free(n);
        n = right;
    }
}

void rows_map_free(struct rows_map *m)
{
    for (int t = 0; m != NULL && t < ROW_TABLES; t++)
        free_tree(m->root[t]);
    free(m);
}

/* All keys of a come before those of b. */
static struct node *merge(struct node *a, struct node *b)
{
    if (a == NULL || b == NULL)
        return a != NULL ? a : b;
    if (a->priority >= b->priority) {
        a->right = merge(a->right, b);
        return a;
    }
    b->left = merge(a, b->left);
    return b;
}

/* Keys below `key` go left, the others right. */
static void split(struct node *n, struct span key, struct node **below, struct node **rest)
{
    while (n != NULL) {
        if (span_order(node_key(n), key) < 0) {
            *below = n;
            below = &n->right;
            n = n->right;
        } else {
            *rest = n;
            rest = &n->left;
            n = n->left;
        }
    }
    *below = *rest = NULL;
}

static struct node **find(struct node **at, struct span key)
{
    while (*at != NULL) {
        int c = span_order(key, node_key(*at));
        if (c == 0)
            break;
        at = c < 0 ? &(*at)->left : &(*at)->right;
    }
    return at;
}

static void insert(struct node **root, struct node *fresh)
{
    struct span key = node_key(fresh);
    while (*root != NULL && (*root)->priority >= fresh->priority)
        root = span_order(key, node_key(*root)) < 0 ? &(*root)->left : &(*root)->right;
    split(*root, key, &fresh->left, &fresh->right);
    *root = fresh;
}

static void write_one(struct rows_map *m, const struct row_op *op)
{
    struct span key = span_of(op->key, op->key_len);
    struct node **at = find(&m->root[op->table], key);
    if (*at != NULL) {
        struct node *old = *at;
        *at = merge(old->left, old->right);
        free(old);
        m->count[op->table]--;
    }
    if (op->del)
        return;
    struct node *fresh = xmalloc(sizeof *fresh + op->key_len + op->value_len);
    fresh->priority = priority_of(key);
    fresh->key_len = (uint8_t)op->key_len;
    fresh->value_len = (uint8_t)op->value_len;
    memcpy(fresh->bytes, op->key, op->key_len);
    memcpy(fresh->bytes + op->key_len, op->value, op->value_len);
    insert(&m->root[op->table], fresh);
    m->count[op->table]++;
}

void rows_map_write(struct rows_map *m, const struct row_ops *ops)
{
    for (size_t i = 0; i < ops->n; i++)
        write_one(m, &ops->op[i]);
}

enum err rows_map_get(const struct rows_map *m, enum row_table t, struct span key, struct span *value)
{
    struct node *root = m->root[t];
    const struct node *n = *find(&root, key);
    if (n == NULL)
        return ERR_NOT_FOUND;
    *value = node_value(n);
    return ERR_OK;
}

enum err rows_map_seek(const struct rows_map *m, enum row_table t, struct span from, struct span *key,
                       struct span *value)
{
    const struct node *best = NULL;
    for (const struct node *n = m->root[t]; n != NULL;) {
        if (span_order(node_key(n), from) < 0) {
            n = n->right;
        } else {
            best = n;
            n = n->left;
        }
    }
    if (best == NULL)
        return ERR_NOT_FOUND;
    *key = node_key(best);
    *value = node_value(best);
    return ERR_OK;
}

size_t rows_map_count(const struct rows_map *m, enum row_table t)
{
    return m->count[t];
}
