/* What is recent of the spread tables is read once: neither a transaction that changes nothing, nor one that does not
 * look at them, makes the next read it again. And no bit of a block that changed hides a row. */
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

/* ---- blocks that were changed ---- */

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

static enum err middle_row(bool write)
{
    char key[40];
    struct span value;
    struct txn *t = begin(write);
    snprintf(key, sizeof key, "%032u", FEW / 2);
    enum err err = store_get_sole(t, TABLE_NONCES, span_of(key, 32), &value);
    txn_abort(t);
    return err;
}

static enum err all_rows(void)
{
    struct cursor *c;
    struct span key, value;
    struct txn *t = begin(false);
    assert_ok(cursor_open(t, TABLE_NONCES, &c));
    enum err err;
    for (err = cursor_seek(c, SPAN(""), &key, &value); err == ERR_OK;)
        err = cursor_next(c, &key, &value);
    assert_true(err == ERR_NOT_FOUND || txn_damage(t) == DAMAGE_BLOCK);
    cursor_close(c);
    txn_abort(t);
    return err;
}

static void is_damaged(MDB_dbi dbi, struct buf *key, struct buf *changed)
{
    raw_block(dbi, key, changed, true);
    fixture_reopen(&f, SMALL_MAP); /* what is known of it in memory goes */
    assert_err(middle_row(false), ERR_CORRUPT);
    assert_err(middle_row(true), ERR_CORRUPT);
    assert_err(all_rows(), ERR_CORRUPT);
}

static void no_bit_hides_a_row(int table)
{
    struct buf key, block, changed;
    buf_heap(&key);
    buf_heap(&block);
    buf_heap(&changed);
    raw_block(f.store->spread_dbi[table], &key, &block, false);
    assert_ok(middle_row(false));
    for (size_t at = 0; at < block.len; at += at < BLOCK_ROW_HEAD ? 1 : 7) {
        buf_clear(&changed);
        buf_span_add(&changed, buf_span(&block));
        changed.ptr[at] = (char)(changed.ptr[at] ^ 1 << at % 8);
        is_damaged(f.store->spread_dbi[table], &key, &changed);
    }
    changed.len--;
    is_damaged(f.store->spread_dbi[table], &key, &changed);
    /* Control: with a checksum that fits, a length that changed does. */
    buf_clear(&changed);
    buf_span_add(&changed, span_of(block.ptr, block.len - SUM_LEN));
    char *middle = changed.ptr + (block.len - SUM_LEN) / FEW * (FEW / 2);
    middle[1]--;
    middle[3]++;
    block_seal(&changed, table, buf_span(&key));
    raw_block(f.store->spread_dbi[table], &key, &changed, true);
    assert_err(middle_row(false), ERR_NOT_FOUND);
    raw_block(f.store->spread_dbi[table], &key, &block, true);
    assert_ok(middle_row(false));
    assert_err(all_rows(), ERR_NOT_FOUND);
    buf_free(&key);
    buf_free(&block);
    buf_free(&changed);
}

static void a_block_that_was_changed_hides_no_row(void **state)
{
    (void)state;
    fixture_open(&f);
    struct txn *t = begin(true);
    for (unsigned n = 0; n < FEW; n++)
        put(t, n);
    assert_ok(txn_commit(t));
    no_bit_hides_a_row(DBI_RECENT);
    store_spread_recent(f.store, 1);
    t = begin(true);
    assert_ok(store_tidy(t, 0, ROWS));
    assert_ok(txn_commit(t));
    no_bit_hides_a_row(DBI_RUNS);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(what_is_recent_is_read_once),
                                       cmocka_unit_test(what_was_changed_in_vain_is_not_known),
                                       cmocka_unit_test(a_block_that_was_changed_hides_no_row)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
