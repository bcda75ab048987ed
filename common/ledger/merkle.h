/* RFC 6962 / RFC 9162 Merkle trees: leaf = SHA-256(00 || entry), node = SHA-256(01 || left || right), empty root =
 * SHA-256(""). */
#ifndef CS_LEDGER_MERKLE_H
#define CS_LEDGER_MERKLE_H

#include "common/crypto/crypto.h"

enum { MERKLE_HEIGHT = 64, TILE_HEIGHT = 8, TILE_WIDTH = 256 };

struct hash {
    uint8_t b[HASH_LEN];
};

/* The right edge of a tree: the roots of its perfect subtrees, tallest first. Copying the struct copies the state. */
struct frontier {
    uint64_t size;
    struct hash edge[MERKLE_HEIGHT];
    int edges;
};

void merkle_leaf(struct span entry, struct hash *out);
void merkle_node(const struct hash *left, const struct hash *right, struct hash *out);
/* The root of the perfect tree over n = 2^k hashes, left in h[0]: uses them up. */
void merkle_perfect(struct hash *h, size_t n);
/* Appends a leaf hash. If `done` is given it is called for every perfect subtree that this leaf completes, lowest
 * first, the leaf itself (height 0) included: node n of that height, counted from the left. */
void frontier_append(struct frontier *f, const struct hash *leaf,
                     void (*done)(void *ctx, int height, uint64_t n, const struct hash *h), void *ctx);
/* The nodes over 256 leaves, or as many as there are: those of height 1 first, then of 2, to 8. */
enum { TILE_NODES = TILE_WIDTH - 1 };
void merkle_nodes(const struct hash *leaf, unsigned n, struct hash node[TILE_NODES]);
/* As frontier_append, of one of 256 leaves whose nodes are known: none of them is worked out again. */
void frontier_append_known(struct frontier *f, const struct hash *leaf, const struct hash node[TILE_NODES],
                           void (*done)(void *ctx, int height, uint64_t n, const struct hash *h), void *ctx);
void frontier_root(const struct frontier *f, struct hash *out);
/* Both of a tree of which nothing is kept but its edges, tallest first, one for each bit that is set in its size. One
 * that grows needs room for merkle_room() of its new size. */
static inline size_t merkle_room(uint64_t size)
{
    return size == 0 ? 0 : (size_t)(64 - __builtin_clzll(size));
}
void edges_append(struct hash *edge, uint64_t size, const struct hash *leaf,
                  void (*done)(void *ctx, int height, uint64_t n, const struct hash *h), void *ctx);
void edges_root(const struct hash *edge, uint64_t size, struct hash *out);

/* Reads the hash of perfect subtree n at a height; ERR_NOT_FOUND if the tree has none, another error if it cannot be
 * told. */
struct merkle_reader {
    enum err (*node)(void *ctx, int height, uint64_t n, struct hash *out);
    void *ctx;
};

/* Proofs over perfect subtrees. out has room for 64 (inclusion) or 65 (consistency) hashes; *n is written on success.
 * ERR_NOT_FOUND when the reader lacks a node; else its error. */
MUST_CHECK enum err merkle_inclusion(const struct merkle_reader *r, uint64_t index, uint64_t size, struct hash *out,
                                     size_t *n);
MUST_CHECK enum err merkle_consistency(const struct merkle_reader *r, uint64_t size1, uint64_t size2, struct hash *out,
                                       size_t *n);
MUST_CHECK bool merkle_check_inclusion(uint64_t index, uint64_t size, const struct hash *leaf, const struct hash *proof,
                                       size_t n, const struct hash *root);
MUST_CHECK bool merkle_check_consistency(uint64_t size1, uint64_t size2, const struct hash *root1,
                                         const struct hash *root2, const struct hash *proof, size_t n);

#endif
