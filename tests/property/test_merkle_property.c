/* For random trees: the frontier, the readers' proofs and the checks agree with the recursive definitions of RFC 9162,
 * and any changed bit is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

#include "tests/support/tree.h"

enum { MAX_SIZE = 600, ROUNDS = 300 };

static struct hash leaves[MAX_SIZE];

static uint64_t below(uint64_t n)
{
    return (uint64_t)random() % n;
}

static bool same(const struct hash *a, const struct hash *b)
{
    return memcmp(a->b, b->b, HASH_LEN) == 0;
}

static int setup(void **state)
{
    (void)state;
    const char *given = getenv("SEED");
    unsigned seed = given != NULL ? (unsigned)strtoul(given, NULL, 10) : (unsigned)time(NULL);
    print_message("SEED=%u\n", seed);
    srandom(seed);
    for (uint64_t i = 0; i < MAX_SIZE; i++) {
        sha256(&i, sizeof(i), leaves[i].b);
    }
    return 0;
}

/* Keeps what frontier_append says is complete. */
struct completed {
    struct hash node[10][MAX_SIZE];
    size_t n[10];
};

static void keep(void *ctx, int height, uint64_t n, const struct hash *h)
{
    struct completed *c = ctx;
    assert_int_equal(n, c->n[height]);
    c->node[height][c->n[height]++] = *h;
}

static void frontier_follows_the_definition(void **state)
{
    (void)state;
    struct frontier f = {0};
    struct completed *c = calloc(1, sizeof(*c));
    struct hash root, want;
    for (uint64_t n = 0; n < MAX_SIZE; n++) {
        frontier_root(&f, &root);
        want = tree_root(leaves, n);
        assert_true(same(&root, &want));
        frontier_append(&f, &leaves[n], keep, c);
    }
    for (int height = 0; height < 10; height++) {
        assert_int_equal(c->n[height], MAX_SIZE >> height);
        for (uint64_t n = 0; n < c->n[height]; n++) {
            want = tree_root(leaves + (n << height), (uint64_t)1 << height);
            assert_true(same(&c->node[height][n], &want));
        }
    }
    free(c);
}

static void what_is_known_of_a_tile_makes_the_same_frontier(void **state)
{
    (void)state;
    struct frontier f = {0}, known = {0};
    struct completed *c = calloc(2, sizeof *c);
    struct hash node[TILE_NODES];
    for (uint64_t n = 0; n < MAX_SIZE; n++) {
        if (n % TILE_WIDTH == 0)
            merkle_nodes(&leaves[n], MAX_SIZE - n < TILE_WIDTH ? (unsigned)(MAX_SIZE - n) : TILE_WIDTH, node);
        frontier_append(&f, &leaves[n], keep, &c[0]);
        frontier_append_known(&known, &leaves[n], node, keep, &c[1]);
        assert_int_equal(known.size, f.size);
        assert_int_equal(known.edges, f.edges);
        assert_memory_equal(known.edge, f.edge, (size_t)f.edges * sizeof f.edge[0]);
    }
    assert_memory_equal(&c[1], &c[0], sizeof *c);
    free(c);
}

static void inclusion_proofs_follow_the_definition_and_changed_ones_fail(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t size = 1 + below(MAX_SIZE), index = below(size);
        struct tree tree = {leaves, size};
        struct merkle_reader r = {tree_node, &tree};
        struct hash proof[64], want[64], root = tree_root(leaves, size);
        size_t n = 0, n_want = 0;
        tree_path(leaves, index, size, want, &n_want);
        assert_int_equal(merkle_inclusion(&r, index, size, proof, &n), ERR_OK);
        assert_int_equal(n, n_want);
        assert_memory_equal(proof, want, n * sizeof(proof[0]));
        assert_true(merkle_check_inclusion(index, size, &leaves[index], proof, n, &root));

        for (size_t i = 0; i < n; i++) {
            proof[i].b[below(HASH_LEN)] ^= (uint8_t)(1 << below(8));
            assert_false(merkle_check_inclusion(index, size, &leaves[index], proof, n, &root));
            proof[i] = want[i];
        }
        assert_false(n > 0 && merkle_check_inclusion(index, size, &leaves[index], proof, n - 1, &root));
        assert_false(merkle_check_inclusion(index, size, &leaves[(index + 1) % MAX_SIZE], proof, n, &root));
        root.b[below(HASH_LEN)] ^= 1;
        assert_false(merkle_check_inclusion(index, size, &leaves[index], proof, n, &root));
    }
}

static void consistency_proofs_follow_the_definition_and_changed_ones_fail(void **state)
{
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t size2 = 1 + below(MAX_SIZE), size1 = 1 + below(size2);
        struct tree tree = {leaves, size2};
        struct merkle_reader r = {tree_node, &tree};
        struct hash proof[65], want[65], root1 = tree_root(leaves, size1), root2 = tree_root(leaves, size2);
        size_t n = 0, n_want = 0;
        tree_subproof(leaves, size1, size2, true, want, &n_want);
        assert_int_equal(merkle_consistency(&r, size1, size2, proof, &n), ERR_OK);
        assert_int_equal(n, n_want);
        assert_memory_equal(proof, want, n * sizeof(proof[0]));
        assert_true(merkle_check_consistency(size1, size2, &root1, &root2, proof, n));

        for (size_t i = 0; i < n; i++) {
            proof[i].b[below(HASH_LEN)] ^= (uint8_t)(1 << below(8));
            assert_false(merkle_check_consistency(size1, size2, &root1, &root2, proof, n));
            proof[i] = want[i];
        }
        assert_false(n > 0 && merkle_check_consistency(size1, size2, &root1, &root2, proof, n - 1));
        assert_false(size1 < size2 && merkle_check_consistency(size2, size1, &root2, &root1, proof, n));
        root1.b[below(HASH_LEN)] ^= 1;
        assert_false(merkle_check_consistency(size1, size2, &root1, &root2, proof, n));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frontier_follows_the_definition),
        cmocka_unit_test(what_is_known_of_a_tile_makes_the_same_frontier),
        cmocka_unit_test(inclusion_proofs_follow_the_definition_and_changed_ones_fail),
        cmocka_unit_test(consistency_proofs_follow_the_definition_and_changed_ones_fail),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
