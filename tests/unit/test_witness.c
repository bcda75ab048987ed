/* Cosignatures, what a witness is asked and what it says to that, policies. The other side of each is in
 * e2e/test_witness, written apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/ledger/policy.h"
#include "common/ledger/witness.h"
#include "tests/support/ok.h"

static const uint8_t seed[SEED_LEN] = "a seed of thirty-two bytes, test",
                     other_seed[SEED_LEN] = "another seed of thirty-two bytes";
static const struct span text = {"example.org/log\n7\nCLbYw4YnKT1JA5eea3HQeGCtYBOAO5WcVRzLKxsleTI=\n", 63};

static struct note_key key_of(const char *name, const uint8_t s[SEED_LEN])
{
    struct note_key k = {.name = span_str(name)};
    struct signer *signer = signer_new(s);
    memcpy(k.pub, signer_public(signer), ED25519_KEY_LEN);
    signer_free(signer);
    return k;
}

static void sign(struct buf *out, const char *name, const uint8_t s[SEED_LEN], uint64_t time_s)
{
    struct signer *signer = signer_new(s);
    cosign(out, text, span_str(name), signer, time_s);
    signer_free(signer);
}

static void a_cosignature_is_its_keys_over_its_text_alone(void **state)
{
    (void)state;
    struct note_key ours = key_of("w.example", seed), theirs = key_of("v.example", other_seed);
    struct buf lines;
    struct span line;
    uint64_t time_s = 0;
    buf_heap(&lines);
    sign(&lines, "v.example", other_seed, 5);
    assert_err(cosignature_find(buf_span(&lines), text, &ours, &time_s, NULL), ERR_NOT_FOUND);
    size_t at = lines.len;
    sign(&lines, "w.example", seed, 1700000000);
    assert_ok(cosignature_find(buf_span(&lines), text, &ours, &time_s, &line));
    assert_int_equal(time_s, 1700000000);
    assert_ptr_equal(line.ptr, lines.ptr + at);
    assert_ok(cosignature_find(buf_span(&lines), text, &theirs, &time_s, NULL));
    assert_int_equal(time_s, 5);
    assert_err(cosignature_find(buf_span(&lines), SPAN("example.org/log\n8\n"), &ours, &time_s, NULL),
               ERR_UNAUTHORIZED);
    for (size_t i = at; i < lines.len; i++)
        for (int bit = 0; bit < 8; bit++) {
            lines.ptr[i] ^= (char)(1 << bit);
            enum err err = cosignature_find(buf_span(&lines), text, &ours, &time_s, NULL);
            assert_true(err == ERR_UNAUTHORIZED || err == ERR_NOT_FOUND || err == ERR_MALFORMED);
            lines.ptr[i] ^= (char)(1 << bit);
        }
    buf_free(&lines);
}

/* A log's key is no witness's, though the bytes are the same. */
static void the_two_kinds_of_keys_are_told_apart(void **state)
{
    (void)state;
    struct note_key k = key_of("w.example", seed), read;
    struct buf log, witness;
    buf_heap(&log);
    buf_heap(&witness);
    note_vkey(&log, &k);
    witness_vkey(&witness, &k);
    assert_ok(witness_vkey_parse(buf_span(&witness), &read));
    assert_memory_equal(read.pub, k.pub, ED25519_KEY_LEN);
    assert_err(witness_vkey_parse(buf_span(&log), &read), ERR_MALFORMED);
    assert_err(note_vkey_parse(buf_span(&witness), &read), ERR_MALFORMED);
    buf_free(&log);
    buf_free(&witness);
}

/* ---- what a witness says ---- */

enum { SIZES = 20 };
static struct hash level[8][SIZES];
static struct checkpoint tree[SIZES + 1];

static void keep_node(void *ctx, int height, uint64_t n, const struct hash *h)
{
    (void)ctx;
    level[height][n] = *h;
}

static enum err get_node(void *ctx, int height, uint64_t n, struct hash *out)
{
    (void)ctx;
    *out = level[height][n];
    return ERR_OK;
}

static int make_trees(void **state)
{
    (void)state;
    struct frontier f = {.size = 0};
    for (uint64_t n = 0; n <= SIZES; n++) {
        struct hash leaf;
        tree[n] = (struct checkpoint){.size = n};
        frontier_root(&f, &tree[n].root);
        merkle_leaf(span_of(&n, sizeof n), &leaf);
        if (n < SIZES)
            frontier_append(&f, &leaf, keep_node, NULL);
    }
    return 0;
}

static struct add_checkpoint ask(uint64_t old, uint64_t size)
{
    struct merkle_reader nodes = {get_node, NULL};
    struct hash path[MERKLE_HEIGHT + 1];
    struct add_checkpoint a = {.old = old};
    if (old > 0 && old < size) {
        assert_ok(merkle_consistency(&nodes, old, size, path, &a.n));
        memcpy(a.proof, path, a.n * sizeof *path);
    }
    return a;
}

static void a_tree_follows_the_one_before_and_no_other(void **state)
{
    (void)state;
    for (uint64_t last = 0; last <= SIZES; last++)
        for (uint64_t size = 0; size <= SIZES; size++)
            for (uint64_t old = 0; old <= SIZES; old++) {
                struct add_checkpoint a = ask(old, size);
                enum err err = old > size ? ERR_MALFORMED : old != last ? ERR_CONFLICT : ERR_OK;
                assert_err(add_checkpoint_judge(&a, &tree[size], &tree[last]), err);
                if (err != ERR_OK)
                    continue;
                struct checkpoint fork = tree[size];
                fork.root.b[size % HASH_LEN] ^= 1;
                err = last == 0 && size > 0 ? ERR_OK : last == size && size > 0 ? ERR_CONFLICT : ERR_INVALID;
                assert_err(add_checkpoint_judge(&a, &fork, &tree[last]), err);
                for (size_t i = 0; i < a.n; i++) {
                    a.proof[i].b[i] ^= 1;
                    assert_err(add_checkpoint_judge(&a, &tree[size], &tree[last]), ERR_INVALID);
                    a.proof[i].b[i] ^= 1;
                }
                a.n++;
                assert_err(add_checkpoint_judge(&a, &tree[size], &tree[last]), ERR_INVALID);
            }
}

static void a_request_reads_as_it_was_written(void **state)
{
    (void)state;
    struct add_checkpoint a = ask(7, 19), read;
    struct buf body;
    a.note = SPAN("text\n\nlines\n");
    buf_heap(&body);
    add_checkpoint_write(&body, &a);
    assert_ok(add_checkpoint_read(buf_span(&body), &read));
    assert_int_equal(read.old, 7);
    assert_int_equal(read.n, a.n);
    assert_memory_equal(read.proof, a.proof, a.n * sizeof *a.proof);
    assert_true(span_eq(read.note, a.note));
    for (size_t cut = 0; cut < body.len - a.note.len; cut++)
        assert_err(add_checkpoint_read(span_of(body.ptr, cut), &read), ERR_MALFORMED);
    buf_free(&body);
}

/* ---- policies ---- */

/* W1, W2, W3, L are put in for the verifier keys. */
static const struct {
    const char *text;
    const char *met; /* who makes the quorum: one set of digits after the other, "-" nobody */
    const char *not_met;
    const char *wrong; /* the line; NULL: it reads */
} policies[] = {
    {"witness a W1\nquorum a\n", "1 12", "- 2", NULL},
    {"# c\n\n log L  https://x\n\twitness a W1 http://w/ \nquorum none", "- 1", "", NULL},
    {"witness a W1\nwitness b W2\nwitness c W3\ngroup g 2 a b c\nquorum g\n", "12 23 123", "- 1 2 3", NULL},
    {"witness a W1\nwitness b W2\nwitness c W3\ngroup g any a b\ngroup h all g c\nquorum h\n", "13 23", "12 3", NULL},
    {"witness a W1\n", "", "", ""},
    {"quorum a\nwitness a W1\n", "", "", "line 1"},
    {"witness a W1\nquorum a\nquorum a\n", "", "", "line 3"},
    {"witness a W1\nwitness b W1\nquorum a\n", "", "", "line 2"},
    {"witness a W1\nwitness a W2\nquorum a\n", "", "", "line 2"},
    {"witness none W1\nquorum none\n", "", "", "line 1"},
    {"witness a L\nquorum a\n", "", "", "line 1"},
    {"log W1\nquorum none\n", "", "", "line 1"},
    {"log L\nlog L\nquorum none\n", "", "", "line 2"},
    {"witness a W1 http://w x\nquorum a\n", "", "", "line 1"},
    {"witness a W1\ngroup g 2 a\nquorum g\n", "", "", "line 2"},
    {"witness a W1\ngroup g 0 a\nquorum g\n", "", "", "line 2"},
    {"witness a W1\ngroup g any\nquorum g\n", "", "", "line 2"},
    {"witness a W1\ngroup g any a a\nquorum g\n", "", "", "line 2"},
    {"witness a W1\ngroup g any a\ngroup h any a\nquorum g\n", "", "", "line 3"},
    {"witness a W1\ngroup g any h\nquorum g\n", "", "", "line 2"},
    {"witness a W1\r\nquorum a\n", "", "", "line 1"},
    {"wittness a W1\nquorum a\n", "", "", "line 1"},
};

static void put_keys(struct buf *out, const char *pattern)
{
    static const uint8_t seeds[4][SEED_LEN] = {"first seed of thirty-two bytes!", "secondseed of thirty-two bytes!",
                                               "third seed of thirty-two bytes!", "log's seed of thirty-two bytes!"};
    for (const char *p = pattern; *p; p++) {
        bool witness = *p == 'W';
        if (!witness && *p != 'L') {
            buf_byte(out, (uint8_t)*p);
            continue;
        }
        struct note_key k = key_of(witness ? "w.example" : "l.example", seeds[witness ? p[1] - '1' : 3]);
        witness ? witness_vkey(out, &k) : note_vkey(out, &k);
        p += witness;
    }
}

static void check_sets(const struct policy *p, const char *sets, bool met)
{
    uint32_t bits = 0;
    for (const char *s = sets; *sets; s++) {
        if (*s >= '1' && *s <= '3') {
            bits |= UINT32_C(1) << (*s - '1');
        } else if (*s != '-') {
            assert_int_equal(policy_met(p, bits), met);
            bits = 0;
        }
        if (*s == '\0')
            break;
    }
}

static void a_policy_says_whose_word_is_enough(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof policies / sizeof *policies; i++) {
        struct policy p;
        struct problem why = {.field = ""};
        struct buf b;
        buf_heap(&b);
        put_keys(&b, policies[i].text);
        enum err err = policy_read(buf_span(&b), &p, &why);
        if ((err == ERR_OK) != (policies[i].wrong == NULL))
            fail_msg("%s: %s %s", policies[i].text, why.field, why.detail);
        if (err == ERR_OK) {
            check_sets(&p, policies[i].met, true);
            check_sets(&p, policies[i].not_met, false);
        } else {
            assert_string_equal(why.field, policies[i].wrong);
            assert_true(why.detail[0] != '\0');
        }
        buf_free(&b);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cosignature_is_its_keys_over_its_text_alone),
        cmocka_unit_test(the_two_kinds_of_keys_are_told_apart),
        cmocka_unit_test(a_tree_follows_the_one_before_and_no_other),
        cmocka_unit_test(a_request_reads_as_it_was_written),
        cmocka_unit_test(a_policy_says_whose_word_is_enough),
    };
    return cmocka_run_group_tests(tests, make_trees, NULL);
}
