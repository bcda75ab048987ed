/* Rows as damage leaves them: whatever bytes under a key, with a checksum that does not fit unless the test says so.
 * (store_put writes one that fits: what gets by the checksum.) Stands in for the library's mdb_put. */
#ifndef CS_TESTS_RAW_ROW_H
#define CS_TESTS_RAW_ROW_H

#include <dlfcn.h>
#include <lmdb.h>

#include "common/base/xxh64.h"
#include "server/store/store_private.h"
#include "tests/support/store_fixture.h"

enum { RAW_SUM = 8 };

static size_t puts_made; /* calls of mdb_put */
static MDB_val *raw_row; /* stored in place of what the store would; NULL: nothing is */

int mdb_put(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data, unsigned flags)
{
    static int (*real)(MDB_txn *, MDB_dbi, MDB_val *, MDB_val *, unsigned);
    static char scratch[RAW_SUM];
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "mdb_put");
    puts_made++;
    if (raw_row == NULL)
        return real(txn, dbi, key, data, flags);
    assert_int_equal(data->mv_size, sizeof scratch);
    data->mv_data = scratch;
    return real(txn, dbi, key, raw_row, flags & ~(unsigned)MDB_RESERVE);
}

/* As FORMATS.md has it. */
static inline uint64_t raw_row_sum(enum table table, struct span key, struct span value)
{
    return xxh64(xxh64(xxh64(0, span_str(table_info(table)->name)), key), value);
}

/* The bytes that end with no checksum of theirs. */
static inline void raw_row_put_bytes(struct txn *t, enum table table, struct span key, struct span bytes)
{
    MDB_val row = {bytes.len, (void *)(uintptr_t)bytes.ptr};
    if (table_is_spread(table)) {
        assert_ok(spread_put_stored(t, table, key, bytes));
        return;
    }
    raw_row = &row;
    enum err err = store_put(t, table, key, SPAN(""));
    if (err == ERR_OK)
        err = held_write(t);
    raw_row = NULL;
    assert_ok(err);
}

static inline void raw_row_put(struct txn *t, enum table table, struct span key, struct span value, uint64_t sum)
{
    struct buf row;
    buf_heap(&row);
    buf_span_add(&row, value);
    buf_be64(&row, sum);
    raw_row_put_bytes(t, table, key, buf_span(&row));
    buf_free(&row);
}

/* The row with one bit of its value, or else of its checksum, changed. */
static inline void raw_row_flip(struct txn *t, enum table table, struct span key, struct span value, size_t bit)
{
    struct buf changed;
    uint64_t sum = raw_row_sum(table, key, value);
    buf_heap(&changed);
    buf_span_add(&changed, value);
    if (bit < 8 * value.len)
        changed.ptr[bit / 8] = (char)(changed.ptr[bit / 8] ^ 1 << bit % 8);
    else
        sum ^= UINT64_C(1) << (bit - 8 * value.len) % 64;
    raw_row_put(t, table, key, buf_span(&changed), sum);
    buf_free(&changed);
}

#endif
