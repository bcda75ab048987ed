#include <assert.h>

#include "common/ledger/merkle.h"

void merkle_leaf(struct span entry, struct hash *out)
{
    sha256v((struct span[]){SPAN("\0"), entry}, 2, out->b);
}

void merkle_node(const struct hash *left, const struct hash *right, struct hash *out)
{
    uint8_t bytes[1 + 2 * HASH_LEN];
    bytes[0] = 1;
    memcpy(bytes + 1, left->b, HASH_LEN);
    memcpy(bytes + 1 + HASH_LEN, right->b, HASH_LEN);
    sha256(bytes, sizeof(bytes), out->b);
}

void merkle_perfect(struct hash *h, size_t n)
{
    for (; n > 1; n /= 2)
        for (size_t i = 0; i < n / 2; i++)
            merkle_node(&h[2 * i], &h[2 * i + 1], &h[i]);
}

/* Where node n of a height, within 256 leaves, stands among the known ones. */
static size_t node_at(int height, uint64_t n)
{
    return TILE_WIDTH - (2 * TILE_WIDTH >> height) + n;
}

void merkle_nodes(const struct hash *leaf, unsigned n, struct hash node[TILE_NODES])
{
    const struct hash *below = leaf;
    for (int height = 1; height <= TILE_HEIGHT; height++) {
        struct hash *here = &node[node_at(height, 0)];
        for (unsigned i = 0; i < n >> height; i++)
            merkle_node(&below[2 * i], &below[2 * i + 1], &here[i]);
        below = here;
    }
}

/* known: NULL, or the nodes over the leaf's 256. */
static void append(struct hash *edge, uint64_t size, const struct hash *leaf, const struct hash *known,
                   void (*done)(void *ctx, int height, uint64_t n, const struct hash *h), void *ctx)
{
    struct hash h = *leaf;
    int height = 0, edges = __builtin_popcountll(size);
    for (;; height++) {
        if (done != NULL) {
            done(ctx, height, size >> height, &h);
        }
        if (!(size >> height & 1)) {
            break;
        }
        edges--;
        if (known != NULL && height < TILE_HEIGHT)
            h = known[node_at(height + 1, size % TILE_WIDTH >> (height + 1))];
        else
            merkle_node(&edge[edges], &h, &h);
    }
    edge[edges] = h;
}

static void frontier_grows(struct frontier *f, const struct hash *leaf, const struct hash *known,
                           void (*done)(void *ctx, int height, uint64_t n, const struct hash *h), void *ctx)
{
    assert(f->edges == __builtin_popcountll(f->size) && f->edges < MERKLE_HEIGHT);
    append(f->edge, f->size, leaf, known, done, ctx);
    f->edges = __builtin_popcountll(++f->size);
}

void frontier_append(struct frontier *f, const struct hash *leaf,
                     void (*done)(void *ctx, int height, uint64_t n, const struct hash *h), void *ctx)
{
    frontier_grows(f, leaf, NULL, done, ctx);
}

void frontier_append_known(struct frontier *f, const struct hash *leaf, const struct hash node[TILE_NODES],
                           void (*done)(void *ctx, int height, uint64_t n, const struct hash *h), void *ctx)
{
    frontier_grows(f, leaf, node, done, ctx);
}

void edges_append(struct hash *edge, uint64_t size, const struct hash *leaf,
                  void (*done)(void *ctx, int height, uint64_t n, const struct hash *h), void *ctx)
{
    append(edge, size, leaf, NULL, done, ctx);
}

/* The root over perfect subtrees that stand side by side, tallest first. */
static void fold(const struct hash *edge, int n, struct hash *out)
{
    *out = edge[n - 1];
    for (int i = n - 2; i >= 0; i--) {
        merkle_node(&edge[i], out, out);
    }
}

void edges_root(const struct hash *edge, uint64_t size, struct hash *out)
{
    if (size == 0) {
        sha256(NULL, 0, out->b);
    } else {
        fold(edge, __builtin_popcountll(size), out);
    }
}

void frontier_root(const struct frontier *f, struct hash *out)
{
    edges_root(f->edge, f->size, out);
}

/* The largest power of two below n; n at least 2. */
static uint64_t split(uint64_t n)
{
    return (uint64_t)1 << (63 - __builtin_clzll(n - 1));
}

/* The hash over leaves [from, from+n), n at least 1; `from` is a multiple of a power of two that is not below n. */
static enum err range(const struct merkle_reader *r, uint64_t from, uint64_t n, struct hash *out)
{
    struct hash edge[MERKLE_HEIGHT];
    int edges = 0;
    for (int height = MERKLE_HEIGHT - 1; height >= 0; height--) {
        if (n >> height & 1) {
            enum err err = r->node(r->ctx, height, from >> height, &edge[edges++]);
            if (err != ERR_OK) {
                return err;
            }
            from += (uint64_t)1 << height;
        }
    }
    fold(edge, edges, out);
    return ERR_OK;
}

static void reverse(struct hash *h, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) {
        struct hash t = h[i];
        h[i] = h[n - 1 - i];
        h[n - 1 - i] = t;
    }
}

/* RFC 9162 section 2.1.3.1, walked from the root down instead of recursively. */
enum err merkle_inclusion(const struct merkle_reader *r, uint64_t index, uint64_t size, struct hash *out, size_t *n)
{
    if (index >= size) {
        return ERR_NOT_FOUND;
    }
    uint64_t from = 0, width = size;
    size_t found = 0;
    while (width > 1) {
        uint64_t k = split(width);
        bool left = index - from < k;
        enum err err = left ? range(r, from + k, width - k, &out[found]) : range(r, from, k, &out[found]);
        if (err != ERR_OK) {
            return err;
        }
        found++;
        from += left ? 0 : k;
        width = left ? k : width - k;
    }
    reverse(out, found);
    *n = found;
    return ERR_OK;
}

/* RFC 9162 section 2.1.4.1, likewise. */
enum err merkle_consistency(const struct merkle_reader *r, uint64_t size1, uint64_t size2, struct hash *out, size_t *n)
{
    if (size1 == 0 || size1 > size2) {
        return ERR_NOT_FOUND;
    }
    uint64_t from = 0, old = size1, width = size2;
    size_t found = 0;
    bool known = true; /* the verifier has the hash of what is left of the old tree: its root */
    while (old != width) {
        uint64_t k = split(width);
        bool left = old <= k;
        enum err err = left ? range(r, from + k, width - k, &out[found]) : range(r, from, k, &out[found]);
        if (err != ERR_OK) {
            return err;
        }
        found++;
        from += left ? 0 : k;
        old -= left ? 0 : k;
        width = left ? k : width - k;
        known = known && left;
    }
    if (!known) {
        enum err err = range(r, from, old, &out[found++]);
        if (err != ERR_OK) {
            return err;
        }
    }
    reverse(out, found);
    *n = found;
    return ERR_OK;
}

static bool same(const struct hash *a, const struct hash *b)
{
    return memcmp(a->b, b->b, HASH_LEN) == 0;
}

/* RFC 9162 section 2.1.3.2. */
bool merkle_check_inclusion(uint64_t index, uint64_t size, const struct hash *leaf, const struct hash *proof, size_t n,
                            const struct hash *root)
{
    if (index >= size) {
        return false;
    }
    uint64_t fn = index, sn = size - 1;
    struct hash h = *leaf;
    for (size_t i = 0; i < n; i++) {
        if (sn == 0) {
            return false;
        }
        if ((fn & 1) || fn == sn) {
            merkle_node(&proof[i], &h, &h);
            while (!(fn & 1) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            merkle_node(&h, &proof[i], &h);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && same(&h, root);
}

/* RFC 9162 section 2.1.4.2. Nothing can be proved from the empty tree. */
bool merkle_check_consistency(uint64_t size1, uint64_t size2, const struct hash *root1, const struct hash *root2,
                              const struct hash *proof, size_t n)
{
    if (size1 == 0 || size1 > size2) {
        return false;
    }
    if (size1 == size2) {
        return n == 0 && same(root1, root2);
    }
    /* when the old tree is perfect its root starts the path, else the first hash of the proof does */
    bool perfect = (size1 & (size1 - 1)) == 0;
    if (!perfect && n == 0) {
        return false;
    }
    struct hash old = perfect ? *root1 : proof[0], new = old;
    uint64_t fn = size1 - 1, sn = size2 - 1;
    while (fn & 1) {
        fn >>= 1;
        sn >>= 1;
    }
    for (size_t i = perfect ? 0 : 1; i < n; i++) {
        if (sn == 0) {
            return false;
        }
        if ((fn & 1) || fn == sn) {
            merkle_node(&proof[i], &old, &old);
            merkle_node(&proof[i], &new, &new);
            while (!(fn & 1) && fn != 0) {
                fn >>= 1;
                sn >>= 1;
            }
        } else {
            merkle_node(&new, &proof[i], &new);
        }
        fn >>= 1;
        sn >>= 1;
    }
    return sn == 0 && same(&old, root1) && same(&new, root2);
}
