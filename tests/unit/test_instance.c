/* A data folder has one way in: what it opens, what it refuses, and that two stand side by side in one process. */
#include <sys/stat.h>

#include "server/catalog/catalog_write.h"
#include "server/ledger/ledger.h"
#include "tests/support/store_fixture.h"

static const struct party founder = {
    .number = 1, .id = "P1", .role = ROLE_OPERATOR, .name = SPAN("operator"), .created_ms = 1};

static void folder_make(char dir[64])
{
    snprintf(dir, 64, "%s/countersign-test-XXXXXX", P_tmpdir);
    assert_non_null(mkdtemp(dir));
}

static void folder_remove(const char *dir)
{
    char command[128];
    snprintf(command, sizeof command, "rm -r '%s'", dir);
    assert_int_equal(system(command), 0);
}

static enum err create_for(const char *dir, struct span url, const char *token, const char **what)
{
    const struct founding f = {.id = SPAN("I000000000001"), .url = url, .operator= & founder, .token = token};
    return instance_create(dir, SMALL_MAP, &f, what);
}

static void create(const char *dir, struct span url, char token[API_TOKEN_LEN + 1])
{
    const char *what;
    api_token_new(token);
    assert_ok(create_for(dir, url, token, &what));
}

static void what_was_created_opens_and_knows_its_name(void **state)
{
    (void)state;
    char dir[64], token[API_TOKEN_LEN + 1], name[ORIGIN_CAP];
    struct instance in;
    const char *what;
    folder_make(dir);
    create(dir, SPAN("https://track.example:8443/in"), token);
    assert_ok(instance_open(&in, dir, STORE_SERVE, SMALL_MAP, &what));
    assert_true(in.https);
    assert_string_equal(in.host, "track.example:8443");
    assert_string_equal(in.origin, "track.example:8443/in");
    assert_true(span_is(instance_log_name(&in, NULL, name), "track.example:8443/in/log"));
    const struct contract k = {.id = "C7"};
    assert_true(span_is(instance_log_name(&in, &k, name), "track.example:8443/in/log/C7"));
    struct catalog *c = catalog_hold(in.catalog);
    assert_string_equal(catalog_token(c, span_str(token))->party->id, "P1");
    catalog_unref(c);
    assert_string_equal(in.id, "I000000000001");
    assert_int_equal(in.batch, 0);
    instance_close(&in);
    assert_err(create_for(dir, SPAN("http://x"), token, &what), ERR_CONFLICT);
    folder_remove(dir);
}

static void append_root(struct instance *in, uint8_t byte)
{
    struct txn *t;
    struct ledger *l;
    uint64_t leaf;
    const uint8_t text[HASH_LEN] = {byte};
    const struct root_leaf x = {.origin = SPAN("x"), .text = span_of(text, sizeof text)};
    assert_ok(txn_begin(in->store, true, &t));
    assert_ok(ledger_open(t, &l));
    assert_ok(ledger_ready(l, t, ROOT_LOG));
    assert_ok(ledger_append_root(l, t, &x, &leaf));
    assert_ok(ledger_sweep(l, t));
    assert_ok(txn_commit(t));
    ledger_close(l);
}

static void expect_root(struct instance *in, uint8_t byte)
{
    struct txn *t;
    struct envelope env;
    assert_ok(txn_begin(in->store, false, &t));
    assert_ok(ledger_read(t, ROOT_LOG, 0, &env));
    assert_int_equal((uint8_t)env.beside.ptr[0], byte);
    assert_err(ledger_read(t, ROOT_LOG, 2, &env), ERR_NOT_FOUND);
    txn_abort(t);
}

static void two_are_open_in_one_process(void **state)
{
    (void)state;
    char dir[2][64], token[2][API_TOKEN_LEN + 1], name[ORIGIN_CAP];
    struct instance in[2];
    const char *what;
    for (int i = 0; i < 2; i++) {
        folder_make(dir[i]);
        create(dir[i], i == 0 ? SPAN("http://a.example") : SPAN("http://b.example"), token[i]);
        assert_ok(instance_open(&in[i], dir[i], STORE_SERVE, SMALL_MAP, &what));
    }
    for (int i = 0; i < 2; i++)
        append_root(&in[i], (uint8_t)(i + 1));
    for (int i = 0; i < 2; i++) {
        struct catalog *c = catalog_hold(in[i].catalog);
        expect_root(&in[i], (uint8_t)(i + 1));
        assert_non_null(catalog_token(c, span_str(token[i])));
        assert_null(catalog_token(c, span_str(token[1 - i])));
        assert_string_equal(in[i].origin, i == 0 ? "a.example" : "b.example");
        assert_true(span_is(instance_log_name(&in[i], NULL, name), i == 0 ? "a.example/log" : "b.example/log"));
        catalog_unref(c);
    }
    instance_close(&in[0]);
    expect_root(&in[1], 2);
    instance_close(&in[1]);
    folder_remove(dir[0]);
    folder_remove(dir[1]);
}

static void put_meta(const char *dir, const char *name, struct span value)
{
    struct store *s;
    struct txn *t;
    assert_ok(store_open(dir, STORE_SERVE, SMALL_MAP, &s));
    assert_ok(txn_begin(s, true, &t));
    if (span_empty(value))
        assert_ok(store_del(t, TABLE_META, span_str(name)));
    else
        assert_ok(store_put(t, TABLE_META, span_str(name), value));
    assert_ok(txn_commit(t));
    store_close(s);
}

static void what_does_not_open_is_named_and_nothing_stays_open(void **state)
{
    (void)state;
    char dir[64], token[API_TOKEN_LEN + 1];
    struct instance in, again;
    const char *what;
    folder_make(dir);
    assert_err(instance_open(&in, dir, STORE_SERVE, SMALL_MAP, &what), ERR_NOT_FOUND);
    assert_string_equal(what, "keys.json");
    create(dir, SPAN("http://a.example"), token);

    assert_ok(instance_open(&in, dir, STORE_SERVE, SMALL_MAP, &what));
    assert_err(instance_open(&again, dir, STORE_SERVE, SMALL_MAP, &what), ERR_BUSY);
    assert_string_equal(what, "the store");
    instance_close(&in);

    put_meta(dir, "public_url", SPAN("no scheme"));
    assert_err(instance_open(&in, dir, STORE_SERVE, SMALL_MAP, &what), ERR_CORRUPT);
    assert_string_equal(what, "the public URL");
    put_meta(dir, "public_url", SPAN(""));
    assert_err(instance_open(&in, dir, STORE_SERVE, SMALL_MAP, &what), ERR_CORRUPT);
    put_meta(dir, "public_url", SPAN("http://a.example"));
    assert_ok(instance_open(&in, dir, STORE_SERVE, SMALL_MAP, &what)); /* the lock of the failed ones is gone */
    instance_close(&in);
    folder_remove(dir);
}

static void a_store_of_another_format_is_told_from_an_empty_one(void **state)
{
    (void)state;
    char dir[64], token[API_TOKEN_LEN + 1];
    struct instance in;
    struct store *s;
    const char *what;
    folder_make(dir);
    assert_ok(keys_create(dir));
    assert_ok(store_open(dir, STORE_CREATE, SMALL_MAP, &s));
    store_close(s);
    assert_err(instance_open(&in, dir, STORE_SERVE, SMALL_MAP, &what), ERR_CORRUPT);
    assert_string_equal(what, INSTANCE_FORMAT);
    folder_remove(dir);
    folder_make(dir);
    create(dir, SPAN("http://a.example"), token);
    put_meta(dir, "format", SPAN("1"));
    assert_err(instance_open(&in, dir, STORE_SERVE, SMALL_MAP, &what), ERR_NOT_IMPLEMENTED);
    assert_string_equal(what, INSTANCE_FORMAT);
    folder_remove(dir);
}

/* What two names in the folder come to: "link", "rename" or "copy" the first one to the second one. */
static void files(const char *dir, const char *how, const char *from, const char *to)
{
    char command[256];
    const char *tool = strcmp(how, "link") == 0 ? "ln" : strcmp(how, "rename") == 0 ? "mv" : "cp";
    snprintf(command, sizeof command, "cd '%s' && %s '%s' '%s'", dir, tool, from, to);
    assert_int_equal(system(command), 0);
}

static void an_init_that_was_cut_short_begins_anew_and_takes_no_others_keys(void **state)
{
    (void)state;
    static const struct {
        const char *how; /* init/keys.json comes of keys.json */
        bool store_aside;
        bool anew;
    } left[] = {{"link", true, true}, {"link", false, false}, {"copy", true, false}, {NULL, true, false}};
    for (size_t i = 0; i < sizeof left / sizeof left[0]; i++) {
        char dir[64], path[80], token[API_TOKEN_LEN + 1];
        struct instance in;
        const char *what = "";
        folder_make(dir);
        create(dir, SPAN("http://a.example"), token);
        snprintf(path, sizeof path, "%s/init", dir);
        assert_int_equal(mkdir(path, 0700), 0);
        if (left[i].how != NULL)
            files(dir, left[i].how, "keys.json", "init/keys.json");
        files(dir, "rename", "store.mdb", left[i].store_aside ? "init/store.mdb" : "lost");
        assert_err(create_for(dir, SPAN("http://b.example"), token, &what), left[i].anew ? ERR_OK : ERR_CONFLICT);
        assert_string_equal(what, left[i].anew ? "store.mdb" : "keys.json");
        assert_int_equal(access(path, F_OK) == 0, !left[i].anew);
        if (!left[i].anew) /* and those keys are still the ones of that store */
            files(dir, "rename", left[i].store_aside ? "init/store.mdb" : "lost", "store.mdb");
        assert_ok(instance_open(&in, dir, STORE_SERVE, SMALL_MAP, &what));
        assert_string_equal(in.host, left[i].anew ? "b.example" : "a.example");
        instance_close(&in);
        folder_remove(dir);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_created_opens_and_knows_its_name),
        cmocka_unit_test(two_are_open_in_one_process),
        cmocka_unit_test(what_does_not_open_is_named_and_nothing_stays_open),
        cmocka_unit_test(a_store_of_another_format_is_told_from_an_empty_one),
        cmocka_unit_test(an_init_that_was_cut_short_begins_anew_and_takes_no_others_keys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
