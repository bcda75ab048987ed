/* Checkpoints: our own round trip, what must be refused, and the public log of SHARED_DIR/vectors/tiles-log opened and
 * rebuilt. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/ledger/note.h"
#include "common/ledger/tile.h"

static const uint8_t seed[SEED_LEN] = "a seed of thirty-two bytes, test",
                     other_seed[SEED_LEN] = "another seed of thirty-two bytes";

static struct note_key key_of(const char *name, const uint8_t s[SEED_LEN])
{
    struct note_key k = {.name = span_str(name)};
    struct signer *signer = signer_new(s);
    memcpy(k.pub, signer_public(signer), ED25519_KEY_LEN);
    signer_free(signer);
    return k;
}

static void sign(struct buf *out, const char *origin, uint64_t size, const uint8_t s[SEED_LEN])
{
    struct checkpoint c = {.origin = span_str(origin), .size = size};
    struct signer *signer = signer_new(s);
    sha256("root", 4, c.root.b);
    checkpoint_sign(out, &c, signer);
    signer_free(signer);
}

static int setup(void **state)
{
    struct buf *b = calloc(1, sizeof(*b));
    buf_heap(b);
    sign(b, "example.org/log/C1", 70000, seed);
    *state = b;
    return 0;
}

static int teardown(void **state)
{
    buf_free(*state);
    free(*state);
    return 0;
}

/* Unverified, but no less well formed. */
static void a_peek_takes_what_opens_and_what_anybody_signed(void **state)
{
    struct buf *note = *state, other;
    struct checkpoint c = {.size = 1};
    assert_int_equal(checkpoint_peek(buf_span(note), &c), ERR_OK);
    assert_int_equal(c.size, 70000);
    assert_true(span_is(c.origin, "example.org/log/C1"));
    buf_heap(&other);
    sign(&other, "example.org/log/C1", UINT64_MAX, other_seed);
    assert_int_equal(checkpoint_peek(buf_span(&other), &c), ERR_OK);
    assert_true(c.size == UINT64_MAX);
    for (size_t cut = 0; cut < note->len; cut++)
        assert_int_equal(checkpoint_peek(span_of(note->ptr, cut), &c), ERR_MALFORMED);
    char tail[20];
    memcpy(tail, other.ptr + other.len - sizeof tail, sizeof tail);
    buf_add(&other, tail, sizeof tail);
    assert_int_equal(checkpoint_peek(buf_span(&other), &c), ERR_MALFORMED);
    buf_free(&other);
}

static void a_signed_checkpoint_opens_as_written(void **state)
{
    struct note_key k = key_of("example.org/log/C1", seed);
    struct checkpoint c;
    struct hash root;
    sha256("root", 4, root.b);
    assert_int_equal(checkpoint_open(buf_span(*state), &k, 1, &c), ERR_OK);
    assert_true(span_is(c.origin, "example.org/log/C1"));
    assert_int_equal(c.size, 70000);
    assert_memory_equal(c.root.b, root.b, HASH_LEN);
}

static void every_changed_byte_is_refused(void **state)
{
    struct buf *b = *state;
    struct note_key k = key_of("example.org/log/C1", seed);
    struct checkpoint c;
    for (size_t i = 0; i < b->len; i++) {
        for (int bit = 0; bit < 8; bit++) {
            b->ptr[i] ^= (char)(1 << bit);
            assert_int_not_equal(checkpoint_open(buf_span(b), &k, 1, &c), ERR_OK);
            b->ptr[i] ^= (char)(1 << bit);
        }
        assert_int_not_equal(checkpoint_open(span_of(b->ptr, i), &k, 1, &c), ERR_OK);
    }
    assert_int_equal(checkpoint_open(buf_span(b), &k, 1, &c), ERR_OK);
}

static void a_known_key_must_have_signed_and_none_another_text(void **state)
{
    struct buf *b = *state, second, both;
    struct checkpoint c;
    struct note_key ours = key_of("example.org/log/C1", seed), witness = key_of("witness.example", other_seed),
                    stranger = key_of("example.org/log/C1", other_seed);
    assert_int_equal(checkpoint_open(buf_span(b), &stranger, 1, &c), ERR_UNAUTHORIZED);
    assert_int_equal(checkpoint_open(buf_span(b), NULL, 0, &c), ERR_UNAUTHORIZED);
    assert_int_equal(checkpoint_open(buf_span(b), (struct note_key[]){stranger, ours}, 2, &c), ERR_OK);

    /* a witness's line that is a signature of another text: ignored while the witness is unknown, fatal when it is
     * known */
    buf_heap(&second);
    buf_heap(&both);
    sign(&second, "witness.example", 70000, other_seed);
    const char *line = memmem(second.ptr, second.len, "\n\n", 2);
    buf_span_add(&both, buf_span(b));
    buf_add(&both, line + 2, second.len - (size_t)(line + 2 - second.ptr));
    assert_int_equal(checkpoint_open(buf_span(&both), &ours, 1, &c), ERR_OK);
    assert_int_equal(checkpoint_open(buf_span(&both), (struct note_key[]){ours, witness}, 2, &c), ERR_UNAUTHORIZED);
    buf_free(&second);
    buf_free(&both);
}

static void what_is_no_note_is_malformed(void **state)
{
    (void)state;
    static const char *const rows[] = {
        "",
        "\n",
        "\n\n",
        "example.org\n1\nqqqq\n\n\xe2\x80\x94 example.org AAAAAAAA\n",
        "example.org\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n",
        "example.org\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n",
        "example.org\n01\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n\xe2\x80\x94 example.org AAAAAAAA\n",
        "example.org\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n- example.org AAAAAAAA\n",
        "example.org\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n\xe2\x80\x94 example.org AAAA\n",
        "example.org\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n\xe2\x80\x94 exa+mple.org AAAAAAAA\n",
        "example.org\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n\xe2\x80\x94 example.org AAAAAAAA",
        "example.org\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n\xe2\x80\x94 example.org AAAAAAAA\n\n",
        "example.org\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\nx\ty\n\n\xe2\x80\x94 example.org AAAAAAAA\n",
        "example.org\r\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n\xe2\x80\x94 example.org AAAAAAAA\n",
        "exa mple.org\n1\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n\n\xe2\x80\x94 example.org AAAAAAAA\n",
    };
    struct note_key k = key_of("example.org", seed);
    struct checkpoint c;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (checkpoint_open(span_str(rows[i]), &k, 1, &c) != ERR_MALFORMED) {
            fail_msg("row %zu is not malformed", i);
        }
    }
}

#define PUBLIC_VKEY "example.com/log/testdata+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx"

static void verifier_keys_have_one_spelling(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "name",
        "name+33d7b496",
        "+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx",
        "example.com/log/testdata+33d7b497+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx",
        "example.com/log/testdatb+33d7b496+AeHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx",
        "example.com/log/testdata+33d7b496+AuHTu4Q3hEIMHNqc6fASMsq3rKNx280NI+oO5xCFkkSx",
        PUBLIC_VKEY "\n",
    };
    struct note_key k;
    struct buf b;
    buf_heap(&b);
    assert_int_equal(note_vkey_parse(SPAN(PUBLIC_VKEY), &k), ERR_OK);
    note_vkey(&b, &k);
    assert_true(span_is(buf_span(&b), PUBLIC_VKEY));
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        assert_int_equal(note_vkey_parse(span_str(bad[i]), &k), ERR_MALFORMED);
    }
    struct note_key nameless = key_of("", seed);
    buf_clear(&b);
    note_vkey(&b, &nameless);
    assert_int_equal(note_vkey_parse(buf_span(&b), &k), ERR_MALFORMED);
    buf_free(&b);
}

/* ---- the public log ---- */

enum { PUBLIC_SIZE = 15 };

static bool read_shared(const char *name, struct buf *out)
{
    char path[512], chunk[4096];
    size_t n;
    snprintf(path, sizeof(path), SHARED_DIR "/vectors/tiles-log/%s", name);
    FILE *f = fopen(path, "rb");
    buf_clear(out);
    while (f != NULL && (n = fread(chunk, 1, sizeof(chunk), f)) > 0) {
        buf_add(out, chunk, n);
    }
    if (f != NULL) {
        fclose(f);
    }
    return f != NULL;
}

static void open_public(const char *name, uint64_t size, const struct hash *root)
{
    struct note_key k;
    struct checkpoint c;
    struct buf note;
    buf_heap(&note);
    assert_true(read_shared(name, &note));
    assert_int_equal(note_vkey_parse(SPAN(PUBLIC_VKEY), &k), ERR_OK);
    assert_int_equal(checkpoint_open(buf_span(&note), &k, 1, &c), ERR_OK);
    assert_int_equal(c.size, size);
    assert_memory_equal(c.root.b, root->b, HASH_LEN);
    buf_free(&note);
}

/* The hash tile of width n is the leaf hashes so far. */
static void check_public_tile(unsigned width, const struct hash *leaves)
{
    char path[64];
    struct buf b, tile;
    buf_fixed(&b, path, sizeof(path) - 1);
    tile_path(&b, &(struct tile){0, 0, width});
    path[b.len] = '\0';
    buf_heap(&tile);
    assert_true(read_shared(path, &tile));
    assert_int_equal(tile.len, width * HASH_LEN);
    assert_memory_equal(tile.ptr, leaves, tile.len);
    buf_free(&tile);
}

static void a_public_log_opens_and_grows_consistently(void **state)
{
    (void)state;
    struct frontier f = {0};
    struct hash root, leaves[PUBLIC_SIZE];
    struct buf bundle;
    struct span rest, entry;
    enum err err;
    buf_heap(&bundle);
    if (!read_shared("tile/entries/000.p/15", &bundle)) {
        print_message("%s is not here\n", SHARED_DIR "/vectors/tiles-log");
        buf_free(&bundle);
        skip();
    }
    rest = buf_span(&bundle);
    for (unsigned n = 0;; n++) {
        char name[32];
        snprintf(name, sizeof(name), "checkpoint.%u", n);
        frontier_root(&f, &root);
        open_public(name, n, &root);
        if (!bundle_next(&rest, &entry, &err)) {
            break;
        }
        assert_in_range(n, 0, PUBLIC_SIZE - 1);
        merkle_leaf(entry, &leaves[n]);
        frontier_append(&f, &leaves[n], NULL, NULL);
        check_public_tile(n + 1, leaves);
    }
    assert_int_equal(err, ERR_OK);
    assert_int_equal(f.size, PUBLIC_SIZE);
    open_public("checkpoint", PUBLIC_SIZE, &root);
    buf_free(&bundle);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_signed_checkpoint_opens_as_written, setup, teardown),
        cmocka_unit_test_setup_teardown(a_peek_takes_what_opens_and_what_anybody_signed, setup, teardown),
        cmocka_unit_test_setup_teardown(every_changed_byte_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_known_key_must_have_signed_and_none_another_text, setup, teardown),
        cmocka_unit_test(what_is_no_note_is_malformed),
        cmocka_unit_test(verifier_keys_have_one_spelling),
        cmocka_unit_test(a_public_log_opens_and_grows_consistently),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
