#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "server/keys/keys.h"
#include "server/system/system.h"

static char dir[256], path[300];

static int make_folder(void **state)
{
    (void)state;
    snprintf(dir, sizeof dir, "%s/countersign-keys-XXXXXX", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : P_tmpdir);
    if (mkdtemp(dir) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/keys.json", dir);
    return keys_create(dir) == ERR_OK ? 0 : -1;
}

static int remove_folder(void **state)
{
    (void)state;
    unlink(path);
    return rmdir(dir);
}

static struct keys *load(void)
{
    struct keys *k = NULL;
    assert_int_equal(keys_load(dir, &k), ERR_OK);
    return k;
}

static void only_the_owner_reads_the_file(void **state)
{
    (void)state;
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void keys_are_not_made_twice(void **state)
{
    (void)state;
    assert_int_equal(keys_create(dir), ERR_CONFLICT);
}

static void loading_again_gives_the_same_keys(void **state)
{
    (void)state;
    struct keys *a = load(), *b = load();
    struct buf one, two;
    uint8_t pepper[3][32], log[2][1][ED25519_KEY_LEN];
    buf_heap(&one);
    buf_heap(&two);
    keys_jwks(a, &one);
    keys_jwks(b, &two);
    assert_true(span_eq(buf_span(&one), buf_span(&two)));
    assert_int_equal(keys_log_publics(a, log[0], 1), 1);
    assert_int_equal(keys_log_publics(b, log[1], 1), 1);
    assert_memory_equal(log[0], log[1], ED25519_KEY_LEN);
    keys_pepper(a, SPAN("K1"), pepper[0]);
    keys_pepper(b, SPAN("K1"), pepper[1]);
    keys_pepper(b, SPAN("K2"), pepper[2]);
    assert_memory_equal(pepper[0], pepper[1], 32);
    assert_memory_not_equal(pepper[0], pepper[2], 32);
    buf_free(&one);
    buf_free(&two);
    keys_free(a);
    keys_free(b);
}

static void each_signer_has_its_key_and_tokens_read_each_other(void **state)
{
    (void)state;
    struct keys *k = load();
    struct signer *log = keys_new_log_signer(k, 0), *statement = keys_new_statement_signer(k);
    struct tokens *one = keys_new_tokens(k), *two = keys_new_tokens(k);
    uint8_t pub[1][ED25519_KEY_LEN];
    char code[CODE_LEN];
    struct tracking_code c;
    assert_int_equal(keys_statement_publics(k, pub, 1), 1);
    assert_memory_equal(pub[0], signer_public(statement), ED25519_KEY_LEN);
    assert_memory_not_equal(signer_public(log), signer_public(statement), ED25519_KEY_LEN);
    code_write(one, &(struct tracking_code){.contract = 7, .placement = 9}, code);
    assert_int_equal(code_read(two, span_of(code, CODE_LEN), &c), ERR_OK);
    assert_int_equal(c.contract, 7);
    signer_free(log);
    signer_free(statement);
    tokens_free(one);
    tokens_free(two);
    keys_free(k);
}

static void tokens_are_made_by_the_newest_key_and_read_by_all_until_there_are_too_many(void **state)
{
    (void)state;
    const struct tracking_code code = {.contract = 7, .placement = 9};
    char made[KEYS_MAX][CODE_LEN];
    uint8_t kids[KEYS_MAX];
    struct tracking_code c;
    for (size_t n = 1;; n++) {
        struct keys *k = load();
        struct tokens *t = keys_new_tokens(k);
        code_write(t, &code, made[n - 1]);
        assert_int_equal(keys_token_kids(k, kids), n);
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(kids[i], n - i);
            assert_int_equal(code_read(t, span_of(made[i], CODE_LEN), &c), ERR_OK);
            assert_true(i == n - 1 || memcmp(made[i], made[n - 1], CODE_LEN) != 0);
        }
        enum err err = keys_draw_token(k, dir);
        tokens_free(t);
        keys_free(k);
        assert_int_equal(err, n < KEYS_MAX ? ERR_OK : ERR_TOO_LARGE);
        if (err != ERR_OK)
            break;
    }
}

static void other_purposes_get_other_keys(void **state)
{
    (void)state;
    struct keys *k = load();
    uint8_t a[32], b[32];
    keys_subkey(k, "countersign/v1/day wrap", a);
    keys_day_wrap(k, b);
    assert_memory_equal(a, b, 32);
    keys_subkey(k, "countersign/v1/share", b);
    assert_memory_not_equal(a, b, 32);
    keys_free(k);
}

static void damaged_files_are_refused(void **state)
{
    (void)state;
    struct buf good;
    struct keys *k = NULL;
    buf_heap(&good);
    assert_int_equal(file_read(path, 1 << 20, &good), ERR_OK);
    /* a changed character of a seed is another seed: what must be refused is another form */
    static const struct {
        const char *what;
        size_t cut;
        const char *end;
    } cases[] = {{"cut", 5, ""}, {"empty", SIZE_MAX, ""}, {"a byte more", 0, " "}, {"two values", 0, "{}"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf bad;
        buf_heap(&bad);
        buf_add(&bad, good.ptr, cases[i].cut > good.len ? 0 : good.len - cases[i].cut);
        buf_str(&bad, cases[i].end);
        assert_int_equal(file_write_atomic(path, buf_span(&bad), 0600), ERR_OK);
        if (keys_load(dir, &k) != ERR_CORRUPT)
            fail_msg("%s: taken", cases[i].what);
        buf_free(&bad);
    }
    assert_int_equal(file_write_atomic(path, buf_span(&good), 0600), ERR_OK);
    for (mode_t mode = 01; mode <= 077; mode <<= 1) {
        assert_int_equal(chmod(path, 0600 | mode), 0);
        assert_int_equal(keys_load(dir, &k), ERR_FORBIDDEN);
    }
    unlink(path);
    assert_int_equal(keys_load(dir, &k), ERR_NOT_FOUND);
    buf_free(&good);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(only_the_owner_reads_the_file, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(keys_are_not_made_twice, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(loading_again_gives_the_same_keys, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(each_signer_has_its_key_and_tokens_read_each_other, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(tokens_are_made_by_the_newest_key_and_read_by_all_until_there_are_too_many,
                                        make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(other_purposes_get_other_keys, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(damaged_files_are_refused, make_folder, remove_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
