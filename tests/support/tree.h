/* Merkle trees straight from the recursive definitions of RFC 9162 section 2.1, to test the product's iterative ones
 * against. */
#ifndef CS_TESTS_TREE_H
#define CS_TESTS_TREE_H

#include <stdlib.h>

#include "common/ledger/merkle.h"

static inline uint64_t tree_split(uint64_t n)
{
    uint64_t k = 1;
    while (k * 2 < n) {
        k *= 2;
    }
    return k;
}

/* MTH(D[n]) */
static inline struct hash tree_root(const struct hash *leaves, uint64_t n)
{
    struct hash out, left, right;
    if (n == 0) {
        sha256(NULL, 0, out.b);
        return out;
    }
    if (n == 1) {
        return leaves[0];
    }
    uint64_t k = tree_split(n);
    left = tree_root(leaves, k);
    right = tree_root(leaves + k, n - k);
    uint8_t bytes[1 + 2 * HASH_LEN] = {1};
    memcpy(bytes + 1, left.b, HASH_LEN);
    memcpy(bytes + 1 + HASH_LEN, right.b, HASH_LEN);
    sha256(bytes, sizeof(bytes), out.b);
    return out;
}

/* PATH(m, D[n]); appends to out[*len] */
static inline void tree_path(const struct hash *leaves, uint64_t m, uint64_t n, struct hash *out, size_t *len)
{
    if (n <= 1) {
        return;
    }
    uint64_t k = tree_split(n);
    if (m < k) {
        tree_path(leaves, m, k, out, len);
        out[(*len)++] = tree_root(leaves + k, n - k);
    } else {
        tree_path(leaves + k, m - k, n - k, out, len);
        out[(*len)++] = tree_root(leaves, k);
    }
}

/* SUBPROOF(m, D[n], b) */
static inline void tree_subproof(const struct hash *leaves, uint64_t m, uint64_t n, bool b, struct hash *out,
                                 size_t *len)
{
    if (m == n) {
        if (!b) {
            out[(*len)++] = tree_root(leaves, n);
        }
        return;
    }
    uint64_t k = tree_split(n);
    if (m <= k) {
        tree_subproof(leaves, m, k, b, out, len);
        out[(*len)++] = tree_root(leaves + k, n - k);
    } else {
        tree_subproof(leaves + k, m - k, n - k, false, out, len);
        out[(*len)++] = tree_root(leaves, k);
    }
}

/* A merkle_reader over leaves that are all in memory. */
struct tree {
    const struct hash *leaves;
    uint64_t size;
};

static inline enum err tree_node(void *ctx, int height, uint64_t n, struct hash *out)
{
    const struct tree *t = ctx;
    uint64_t width = (uint64_t)1 << height;
    if (height > 40 || (n + 1) * width > t->size) {
        return ERR_NOT_FOUND;
    }
    *out = tree_root(t->leaves + n * width, width);
    return ERR_OK;
}

#endif
