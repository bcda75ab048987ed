/* What is recent of the spread tables is read once: neither a transaction that changes nothing, nor one that does not
 * look at them, makes the next read it again. */
#include <dlfcn.h>
#include <lmdb.h>

#include "tests/support/store_fixture.h"

enum { ROWS = 1000, BLOCK_ROWS = 50, BLOCKS = ROWS / BLOCK_ROWS /* one a transaction */ };

static size_t steps;

int mdb_cursor_get(MDB_cursor *cursor, MDB_val *key, MDB_val *data, MDB_cursor_op op)
{
    static int (*real)(MDB_cursor *, MDB_val *, MDB_val *, MDB_cursor_op);
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "mdb_cursor_get");
    steps++;
    return real(cursor, key, data, op);
}

static struct fixture f;

static struct txn *begin(bool write)
{
    struct txn *t = NULL;
    assert_ok(txn_begin(f.store, write, &t));
    return t;
}

static void put(struct txn *t, unsigned n)
{
    char key[40];
    snprintf(key, sizeof key, "%032u", n);
    assert_ok(store_put(t, TABLE_NONCES, span_of(key, 32), SPAN("12345678")));
}

static bool there(struct txn *t, unsigned n)
{
    char key[40];
    struct span value;
    snprintf(key, sizeof key, "%032u", n);
    enum err err = store_get(t, TABLE_NONCES, span_of(key, 32), &value);
    assert_true(err == ERR_OK || err == ERR_NOT_FOUND);
    return err == ERR_OK;
}

static void fill(void)
{
    for (unsigned n = 0; n < ROWS;) {
        struct txn *t = begin(true);
        for (unsigned end = n + BLOCK_ROWS; n < end; n++)
            put(t, n);
        assert_ok(txn_commit(t));
    }
}

static void is_known(void)
{
    steps = 0;
    struct txn *t = begin(true);
    assert_true(there(t, ROWS / 2));
    assert_ok(txn_commit(t));
    assert_true(steps < BLOCKS);
}

static void what_is_recent_is_read_once(void **state)
{
    (void)state;
    fixture_open(&f);
    fill();
    is_known(); /* and changes nothing */
    is_known();
    struct txn *t = begin(true); /* in vain, without a change */
    assert_true(there(t, 1));
    txn_abort(t);
    is_known();
    t = begin(true); /* another table */
    assert_ok(store_put(t, TABLE_META, SPAN("one"), SPAN("1")));
    assert_ok(txn_commit(t));
    is_known();
    t = begin(false);
    assert_true(there(t, 1));
    txn_abort(t);
    is_known();
    fixture_close(&f);
}

/* Control: what was changed in vain is not known, and is read again. */
static void what_was_changed_in_vain_is_not_known(void **state)
{
    (void)state;
    fixture_open(&f);
    fill();
    struct txn *t = begin(true);
    put(t, ROWS);
    assert_true(there(t, ROWS));
    txn_abort(t);
    steps = 0;
    t = begin(true);
    assert_false(there(t, ROWS));
    assert_true(there(t, 0));
    assert_ok(txn_commit(t));
    assert_true(steps >= BLOCKS);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_recent_is_read_once),
                                       cmocka_unit_test(what_was_changed_in_vain_is_not_known)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
