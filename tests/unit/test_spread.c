/* What is recent of the spread tables is read once: neither a transaction that changes nothing, nor one that does not
 * look at them, makes the next read it again. And a block whose lengths are none hides no row. */
#include <dlfcn.h>
#include <lmdb.h>

#include "server/store/spread_private.h"
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

/* ---- blocks that are none ---- */

enum { FEW = 3 };

/* The first block that stands in one of LMDB's tables, as it is, or as it is to be. */
static void raw_block(MDB_dbi dbi, struct buf *key, struct buf *block, bool write)
{
    MDB_txn *t;
    MDB_cursor *c;
    MDB_val k = {key->len, key->ptr}, v = {block->len, block->ptr};
    assert_int_equal(mdb_txn_begin(f.store->env, NULL, 0, &t), 0);
    if (write) {
        assert_int_equal(mdb_put(t, dbi, &k, &v, 0), 0);
    } else {
        assert_int_equal(mdb_cursor_open(t, dbi, &c), 0);
        assert_int_equal(mdb_cursor_get(c, &k, &v, MDB_FIRST), 0);
        buf_add(key, k.mv_data, k.mv_size);
        buf_add(block, v.mv_data, v.mv_size);
        mdb_cursor_close(c);
    }
    assert_int_equal(mdb_txn_commit(t), 0);
}

static void the_last_row_reads(enum err expected)
{
    char key[40];
    struct span value;
    struct txn *t = begin(false);
    snprintf(key, sizeof key, "%032u", FEW - 1);
    assert_err(store_get_sole(t, TABLE_NONCES, span_of(key, 32), &value), expected);
    txn_abort(t);
}

static void no_length_hides_a_row(MDB_dbi dbi)
{
    static const struct {
        size_t at;
        uint8_t byte;
    } changes[] = {{0, 0x7f}, {0, 2}, {1, 0}, {1, 33 ^ 64}, {2, 0x7f}, {3, 0xff}, {BLOCK_ROW_HEAD, 'x'}};
    struct buf key, block, changed;
    buf_heap(&key);
    buf_heap(&block);
    buf_heap(&changed);
    raw_block(dbi, &key, &block, false);
    the_last_row_reads(ERR_OK);
    for (size_t i = 0; i <= sizeof changes / sizeof *changes; i++) {
        buf_clear(&changed);
        buf_span_add(&changed, buf_span(&block));
        if (i < sizeof changes / sizeof *changes)
            changed.ptr[changes[i].at] = (char)changes[i].byte;
        else
            changed.len--;
        raw_block(dbi, &key, &changed, true);
        the_last_row_reads(ERR_CORRUPT);
    }
    raw_block(dbi, &key, &block, true);
    the_last_row_reads(ERR_OK);
    buf_free(&key);
    buf_free(&block);
    buf_free(&changed);
}

static void a_block_that_is_none_hides_no_row(void **state)
{
    (void)state;
    fixture_open(&f);
    struct txn *t = begin(true);
    for (unsigned n = 0; n < FEW; n++)
        put(t, n);
    assert_ok(txn_commit(t));
    no_length_hides_a_row(f.store->spread_dbi[DBI_RECENT]);
    store_spread_recent(f.store, 1);
    t = begin(true);
    assert_ok(store_tidy(t, 0, ROWS));
    assert_ok(txn_commit(t));
    no_length_hides_a_row(f.store->spread_dbi[DBI_RUNS]);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_recent_is_read_once),
                                       cmocka_unit_test(what_was_changed_in_vain_is_not_known),
                                       cmocka_unit_test(a_block_that_is_none_hides_no_row)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
