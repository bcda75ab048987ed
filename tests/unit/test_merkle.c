/* RFC 6962 trees and proofs: known roots, and the public proof vectors of SHARED_DIR/vectors/merkle. */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>
#include <jansson.h>

#include "common/ledger/merkle.h"
#include "tests/support/hex.h"
#include "tests/support/tree.h"

/* The trees over the first n of these leaves, from the Certificate Transparency reference implementation. */
static const char *const leaves[] = {
    "", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"};
static const char *const roots[] = {"e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
                                    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
                                    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
                                    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
                                    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
                                    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
                                    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
                                    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
                                    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"};

static void roots_are_the_known_ones(void **state)
{
    (void)state;
    struct frontier f = {0};
    struct hash root, leaf;
    for (size_t n = 0;; n++) {
        struct bytes want = unhex(roots[n]);
        frontier_root(&f, &root);
        assert_memory_equal(root.b, want.ptr, HASH_LEN);
        assert_int_equal(f.size, n);
        if (n == sizeof(leaves) / sizeof(leaves[0])) {
            break;
        }
        struct bytes entry = unhex(leaves[n]);
        merkle_leaf(bytes_span(&entry), &leaf);
        frontier_append(&f, &leaf, NULL, NULL);
    }
}

struct seen {
    int calls;
    struct {
        int height;
        uint64_t n;
    } at[8];
};

static void note_done(void *ctx, int height, uint64_t n, const struct hash *h)
{
    struct seen *s = ctx;
    assert_non_null(h);
    s->at[s->calls].height = height;
    s->at[s->calls++].n = n;
}

static void done_is_called_for_each_completed_subtree(void **state)
{
    (void)state;
    struct frontier f = {0};
    struct hash leaf = {0};
    struct seen s;
    for (int i = 0; i < 12; i++) {
        s.calls = 0;
        frontier_append(&f, &leaf, note_done, &s);
    }
    /* leaf 11 completes itself, the pair 5 and the four 2 */
    assert_int_equal(s.calls, 3);
    for (int height = 0; height < 3; height++) {
        assert_int_equal(s.at[height].height, height);
        assert_int_equal(s.at[height].n, 11 >> height);
    }
}

static void there_are_no_proofs_outside_the_tree(void **state)
{
    (void)state;
    struct hash leaf[4] = {0}, out[65];
    struct tree tree = {leaf, 4};
    struct merkle_reader r = {tree_node, &tree};
    size_t n = 99;
    assert_int_equal(merkle_inclusion(&r, 4, 4, out, &n), ERR_NOT_FOUND);
    assert_int_equal(merkle_inclusion(&r, 0, 0, out, &n), ERR_NOT_FOUND);
    assert_int_equal(merkle_inclusion(&r, 0, 5, out, &n), ERR_NOT_FOUND);
    assert_int_equal(merkle_consistency(&r, 0, 4, out, &n), ERR_NOT_FOUND);
    assert_int_equal(merkle_consistency(&r, 4, 3, out, &n), ERR_NOT_FOUND);
    assert_int_equal(merkle_consistency(&r, 3, 5, out, &n), ERR_NOT_FOUND);
    assert_int_equal(n, 99);
}

/* ---- public vectors ---- */

/* A base64 hash of a vector. Some vectors have short dummies where the hash must not matter: zeros fill them up. */
static bool to_hash(const json_t *text, struct hash *out)
{
    size_t len;
    const char *s = json_string_value(text);
    *out = (struct hash){0};
    return s != NULL && b64_decode(span_str(s), out->b, HASH_LEN, &len) == ERR_OK && len > 0;
}

static bool to_proof(const json_t *list, struct hash *out, size_t cap, size_t *n)
{
    const json_t *item;
    size_t i;
    *n = json_array_size(list);
    json_array_foreach(list, i, item)
    {
        if (i == cap || !to_hash(item, &out[i])) {
            return false;
        }
    }
    return true;
}

static uint64_t number(const json_t *vector, const char *key)
{
    double v = json_number_value(json_object_get(vector, key)); /* 2^64-1 is among them, past jansson's integers */
    return v < 0x1p63 ? (uint64_t)v : UINT64_MAX;
}

static bool inclusion_holds(const json_t *v)
{
    struct hash root, leaf, proof[128];
    size_t n;
    return to_hash(json_object_get(v, "root"), &root) && to_hash(json_object_get(v, "leafHash"), &leaf) &&
           to_proof(json_object_get(v, "proof"), proof, 128, &n) &&
           merkle_check_inclusion(number(v, "leafIdx"), number(v, "treeSize"), &leaf, proof, n, &root);
}

static bool consistency_holds(const json_t *v)
{
    struct hash root1, root2, proof[128];
    size_t n;
    return to_hash(json_object_get(v, "root1"), &root1) && to_hash(json_object_get(v, "root2"), &root2) &&
           to_proof(json_object_get(v, "proof"), proof, 128, &n) &&
           merkle_check_consistency(number(v, "size1"), number(v, "size2"), &root1, &root2, proof, n);
}

struct tally {
    int held, refused;
};

static void run_vector(const char *path, bool (*holds)(const json_t *), struct tally *t)
{
    json_t *v = json_load_file(path, JSON_DECODE_INT_AS_REAL, NULL);
    assert_non_null(v);
    bool want = !json_is_true(json_object_get(v, "wantErr"));
    if (holds(v) != want) {
        fail_msg("%s: %s", path, want ? "must hold" : "must be refused");
    }
    *(want ? &t->held : &t->refused) += 1;
    json_decref(v);
}

static void run_folder(const char *folder, bool (*holds)(const json_t *), struct tally *t)
{
    DIR *d = opendir(folder);
    if (d == NULL) {
        return;
    }
    for (struct dirent *e; (e = readdir(d)) != NULL;) {
        char path[1024];
        if (e->d_name[0] == '.') {
            continue;
        }
        snprintf(path, sizeof(path), "%s/%s", folder, e->d_name);
        if (e->d_type == DT_DIR) {
            run_folder(path, holds, t);
        } else {
            run_vector(path, holds, t);
        }
    }
    closedir(d);
}

static void run_public(const char *folder, bool (*holds)(const json_t *))
{
    struct tally t = {0};
    run_folder(folder, holds, &t);
    if (t.held + t.refused == 0) {
        print_message("%s is not here\n", folder);
        skip();
    }
    print_message("%d proofs held, %d were refused\n", t.held, t.refused);
    assert_true(t.held > 0 && t.refused > 0);
}

static void public_inclusion_vectors_are_decided_as_they_say(void **state)
{
    (void)state;
    run_public(SHARED_DIR "/vectors/merkle/inclusion", inclusion_holds);
}

static void public_consistency_vectors_are_decided_as_they_say(void **state)
{
    (void)state;
    run_public(SHARED_DIR "/vectors/merkle/consistency", consistency_holds);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(roots_are_the_known_ones),
        cmocka_unit_test(done_is_called_for_each_completed_subtree),
        cmocka_unit_test(there_are_no_proofs_outside_the_tree),
        cmocka_unit_test(public_inclusion_vectors_are_decided_as_they_say),
        cmocka_unit_test(public_consistency_vectors_are_decided_as_they_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
