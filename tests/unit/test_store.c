#include "server/store/store.h"

#include "tests/support/store_fixture.h"

static struct fixture f;

static int setup(void **state)
{
    (void)state;
    fixture_open(&f);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_close(&f);
    return 0;
}

static void put(struct txn *t, const char *key, const char *value)
{
    assert_ok(store_put(t, TABLE_META, span_str(key), span_str(value)));
}

static void assert_value(struct txn *t, const char *key, const char *expected)
{
    struct span value;
    assert_ok(store_get(t, TABLE_META, span_str(key), &value));
    assert_true(span_eq(value, span_str(expected)));
}

static void a_folder_has_one_store_and_one_owner(void **state)
{
    (void)state;
    struct store *other;
    assert_err(store_open(f.dir, STORE_SERVE, SMALL_MAP, &other), ERR_BUSY);
    assert_err(store_open(f.dir, STORE_CREATE, SMALL_MAP, &other), ERR_BUSY);
    store_close(f.store);
    f.store = NULL;
    assert_err(store_open(f.dir, STORE_CREATE, SMALL_MAP, &other), ERR_CONFLICT);
    assert_err(store_open("/nonexistent", STORE_SERVE, SMALL_MAP, &other), ERR_NOT_FOUND);
    assert_err(store_open("/nonexistent", STORE_READ, 0, &other), ERR_NOT_FOUND);
}

static void a_damaged_file_is_corrupt(void **state)
{
    (void)state;
    char path[128];
    struct store *other;
    store_close(f.store);
    f.store = NULL;
    snprintf(path, sizeof path, "%s/store.mdb", f.dir);
    FILE *file = fopen(path, "r+");
    assert_non_null(file);
    for (int i = 0; i < 8192; i++)
        fputc('x', file);
    fclose(file);
    assert_err(store_open(f.dir, STORE_SERVE, SMALL_MAP, &other), ERR_CORRUPT);
}

static void committed_values_stay_and_aborted_ones_do_not(void **state)
{
    (void)state;
    struct span value;
    struct txn *t = fixture_begin(&f, true);
    put(t, "kept", "1");
    assert_ok(txn_commit(t));
    t = fixture_begin(&f, true);
    put(t, "kept", "2");
    put(t, "lost", "3");
    txn_abort(t);
    fixture_reopen(&f, SMALL_MAP);
    t = fixture_begin(&f, false);
    assert_value(t, "kept", "1");
    assert_err(store_get(t, TABLE_META, SPAN("lost"), &value), ERR_NOT_FOUND);
    txn_abort(t);
}

static void deleting_what_is_absent_is_fine(void **state)
{
    (void)state;
    struct span value;
    struct txn *t = fixture_begin(&f, true);
    put(t, "a", "1");
    assert_ok(store_del(t, TABLE_META, SPAN("a")));
    assert_ok(store_del(t, TABLE_META, SPAN("a")));
    assert_err(store_get(t, TABLE_META, SPAN("a"), &value), ERR_NOT_FOUND);
    txn_abort(t);
}

static void a_reader_sees_one_moment_until_renewed(void **state)
{
    (void)state;
    struct txn *t = fixture_begin(&f, true);
    put(t, "a", "1");
    assert_ok(txn_commit(t));
    struct txn *reader = fixture_begin(&f, false);
    t = fixture_begin(&f, true);
    put(t, "a", "2");
    assert_ok(txn_commit(t));
    assert_value(reader, "a", "1");
    txn_reset(reader);
    assert_ok(txn_renew(reader));
    assert_value(reader, "a", "2");
    txn_abort(reader);
}

/* More than LMDB's own default of 126: every worker holds one, and so does each command beside a running server. */
static void many_readers_fit(void **state)
{
    (void)state;
    enum { READERS = 200 };
    struct txn *reader[READERS];
    for (int i = 0; i < READERS; i++)
        reader[i] = fixture_begin(&f, false);
    for (int i = 0; i < READERS; i++)
        txn_abort(reader[i]);
}

static void cursors_walk_in_key_order(void **state)
{
    (void)state;
    struct cursor *c;
    struct span key, value;
    struct txn *t = fixture_begin(&f, true);
    assert_ok(cursor_open(t, TABLE_META, &c));
    assert_int_equal(cursor_seek(c, SPAN(""), &key, &value), ERR_NOT_FOUND);
    assert_int_equal(cursor_last(c, &key, &value), ERR_NOT_FOUND);
    cursor_close(c);
    put(t, "b", "2");
    put(t, "c", "3");
    put(t, "a", "1");
    assert_ok(cursor_open(t, TABLE_META, &c));
    assert_ok(cursor_seek(c, SPAN("aa"), &key, &value));
    assert_true(span_eq(key, SPAN("b")));
    assert_ok(cursor_next(c, &key, &value));
    assert_true(span_eq(value, SPAN("3")));
    assert_int_equal(cursor_next(c, &key, &value), ERR_NOT_FOUND);
    assert_ok(cursor_last(c, &key, &value));
    assert_true(span_eq(key, SPAN("c")));
    assert_ok(cursor_seek(c, SPAN(""), &key, &value));
    assert_true(span_eq(key, SPAN("a")));
    cursor_close(c);
    txn_abort(t);
}

static void row_operations_reach_their_tables(void **state)
{
    (void)state;
    struct span key, value;
    struct row_ops ops = {.n = 2};
    ops.op[0] = (struct row_op){.table = ROW_DUE, .key = "k1", .key_len = 2, .value_len = 0};
    ops.op[1] = (struct row_op){.table = ROW_LEADS, .key = "k2", .key_len = 2, .value = "v", .value_len = 1};
    struct txn *t = fixture_begin(&f, true);
    assert_ok(store_rows_write(t, &ops));
    struct view v = store_view(t);
    assert_ok(v.get(v.ctx, ROW_LEADS, SPAN("k2"), &value));
    assert_true(span_eq(value, SPAN("v")));
    assert_none(v.get(v.ctx, ROW_LEADS, SPAN("k1"), &value));
    assert_ok(v.seek(v.ctx, ROW_DUE, SPAN("k"), &key, &value));
    assert_true(span_eq(key, SPAN("k1")));
    ops.n = 1;
    ops.op[0].del = true;
    assert_ok(store_rows_write(t, &ops));
    assert_none(v.seek(v.ctx, ROW_DUE, SPAN(""), &key, &value));
    txn_abort(t);
}

static void a_full_map_loses_nothing_and_goes_on(void **state)
{
    (void)state;
    fixture_reopen(&f, 1 << 20);
    struct txn *t = fixture_begin(&f, true);
    put(t, "before", "1");
    assert_ok(txn_commit(t));
    t = fixture_begin(&f, true);
    enum err err = ERR_OK;
    for (uint32_t i = 0; i < 10000 && err == ERR_OK; i++) {
        uint32_t key = __builtin_bswap32(i);
        void *room;
        err = store_append(t, TABLE_JOURNAL, span_of(&key, sizeof key), 1000, &room);
        if (err == ERR_OK)
            memset(room, 'x', 1000);
    }
    assert_err(err, ERR_FULL);
    txn_abort(t);
    t = fixture_begin(&f, true);
    assert_value(t, "before", "1");
    put(t, "after", "2");
    assert_ok(txn_commit(t));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_folder_has_one_store_and_one_owner),
        TEST(a_damaged_file_is_corrupt),
        TEST(committed_values_stay_and_aborted_ones_do_not),
        TEST(deleting_what_is_absent_is_fine),
        TEST(a_reader_sees_one_moment_until_renewed),
        TEST(many_readers_fit),
        TEST(cursors_walk_in_key_order),
        TEST(row_operations_reach_their_tables),
        TEST(a_full_map_loses_nothing_and_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
