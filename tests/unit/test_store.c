#include "server/store/store.h"

#include <sys/stat.h>

#include "server/system/system.h"

#include "tests/support/raw_row.h"

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

/* The folder's own lock may be removed, and be that of another folder. */
static void one_file_has_one_writer_by_whatever_name(void **state)
{
    char path[128], other_dir[128], other_path[160];
    struct store *other;
    int held[STORE_LOCKS];
    (void)state;
    fixture_reopen(&f, SMALL_MAP);
    snprintf(path, sizeof path, "%s/lock", f.dir);
    assert_int_equal(unlink(path), 0);
    assert_err(store_open(f.dir, STORE_SERVE, SMALL_MAP, &other), ERR_BUSY);
    assert_err(store_lock(f.dir, held), ERR_BUSY);
    snprintf(path, sizeof path, "%s/store.mdb", f.dir);
    snprintf(other_dir, sizeof other_dir, "%s/other", f.dir);
    snprintf(other_path, sizeof other_path, "%s/store.mdb", other_dir);
    assert_int_equal(mkdir(other_dir, 0700), 0);
    assert_int_equal(link(path, other_path), 0);
    assert_err(store_open(other_dir, STORE_SERVE, SMALL_MAP, &other), ERR_BUSY);
    assert_int_equal(unlink(other_path), 0);
    assert_int_equal(symlink(path, other_path), 0);
    assert_err(store_open(other_dir, STORE_SERVE, SMALL_MAP, &other), ERR_BUSY);
    assert_ok(store_open(f.dir, STORE_READ, SMALL_MAP, &other)); /* and closing it lets none in */
    store_close(other);
    assert_err(store_open(f.dir, STORE_SERVE, SMALL_MAP, &other), ERR_BUSY);
    store_close(f.store);
    f.store = NULL;
    assert_ok(store_open(other_dir, STORE_SERVE, SMALL_MAP, &other));
    store_close(other);
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

/* ---- a row that is not the one that was written ---- */

static const struct span some_key = {"some key", 8}, some_value = {"some value", 10};
static const enum table of_some = TABLE_TOKENS;

static void expect_damage(struct txn *t, const char *what)
{
    struct span key = SPAN(""), value = SPAN("untouched");
    struct cursor *c;
    char mem[256];
    struct buf cause;
    if (store_get(t, of_some, some_key, &value) != ERR_CORRUPT || txn_damage(t) != DAMAGE_OTHER_ROW)
        fail_msg("%s: read", what);
    buf_fixed(&cause, mem, sizeof mem);
    txn_cause(t, &cause);
    assert_true(span_eq(buf_span(&cause), SPAN("not as it was written: row some key of tokens")));
    assert_false(txn_failed(t));
    if (store_seek(t, of_some, SPAN("s"), &key, &value) != ERR_CORRUPT)
        fail_msg("%s: sought", what);
    assert_ok(cursor_open(t, of_some, &c));
    if (cursor_last(c, &key, &value) != ERR_CORRUPT || cursor_seek(c, SPAN(""), &key, &value) != ERR_CORRUPT)
        fail_msg("%s: met", what);
    assert_true(span_eq(key, some_key)); /* and passed */
    assert_err(cursor_next(c, &key, &value), ERR_NOT_FOUND);
    cursor_close(c);
    assert_true(span_is(value, "untouched"));
}

static void a_row_that_is_not_as_it_was_written_is_corrupt(void **state)
{
    (void)state;
    const uint64_t right = raw_row_sum(of_some, some_key, some_value);
    struct span value;
    struct txn *t = fixture_begin(&f, true);
    raw_row_put(t, of_some, some_key, some_value, right);
    assert_ok(store_get(t, of_some, some_key, &value)); /* the sum is what FORMATS.md says */
    assert_true(span_eq(value, some_value));
    for (size_t bit = 0; bit < 8 * (some_value.len + RAW_SUM); bit++) {
        raw_row_flip(t, of_some, some_key, some_value, bit);
        expect_damage(t, "a bit");
    }
    for (size_t len = 0; len < RAW_SUM; len++) {
        raw_row_put_bytes(t, of_some, some_key, span_of("\0\0\0\0\0\0\0", len));
        expect_damage(t, "cut");
    }
    raw_row_put(t, of_some, some_key, SPAN(""), right);
    expect_damage(t, "emptied");
    raw_row_put(t, of_some, some_key, some_value, raw_row_sum(of_some, SPAN("some kez"), some_value));
    expect_damage(t, "another key's");
    raw_row_put(t, of_some, some_key, some_value, raw_row_sum(TABLE_SECRETS, some_key, some_value));
    expect_damage(t, "another table's");
    raw_row_put(t, of_some, some_key, SPAN("yvalue"), raw_row_sum(of_some, SPAN("some ke"), SPAN("yyvalue")));
    expect_damage(t, "the border shifted");
    assert_ok(store_put(t, of_some, some_key, some_value)); /* whatever it was, it may be written anew */
    assert_ok(store_get(t, of_some, some_key, &value));
    assert_int_equal(txn_damage(t), DAMAGE_NONE);
    txn_abort(t);
}

static void rows_without_a_value_are_held_too(void **state)
{
    (void)state;
    struct span value;
    struct txn *t = fixture_begin(&f, true);
    assert_ok(store_put(t, of_some, some_key, SPAN("")));
    assert_ok(store_get(t, of_some, some_key, &value));
    assert_int_equal(value.len, 0);
    raw_row_put(t, of_some, some_key, SPAN(""), raw_row_sum(of_some, SPAN("some kez"), SPAN("")));
    expect_damage(t, "another key");
    txn_abort(t);
}

/* Takes the last row off the first leaf page that has some: as if an older copy of the page stood there. Pages are
 * 4,096 bytes: number be64, 2 bytes, flags u16 (2: leaf), u16 where the offsets of nodes end (lmdb 0.9, native order).
 */
static bool lose_a_row(char *page)
{
    enum { FLAGS_AT = 10, LOWER_AT = 12, OFFSETS_AT = 16, LEAF = 2, SOME = 160 }; /* more than tables that have names */
    uint16_t flags, lower;
    memcpy(&flags, page + FLAGS_AT, sizeof flags);
    memcpy(&lower, page + LOWER_AT, sizeof lower);
    if (flags != LEAF || lower < OFFSETS_AT + SOME)
        return false;
    lower -= sizeof lower;
    memcpy(page + LOWER_AT, &lower, sizeof lower);
    return true;
}

static void a_walk_over_all_of_a_table_misses_what_vanished(void **state)
{
    (void)state;
    char path[96];
    struct buf file;
    struct cursor *c;
    struct span key, value;
    size_t lost = 0, seen = 0;
    struct txn *t = fixture_begin(&f, true);
    for (uint8_t i = 1; i <= 90; i++)
        assert_ok(store_put(t, of_some, span_of(&i, 1), some_value));
    assert_ok(txn_commit(t));
    store_close(f.store);
    f.store = NULL;
    snprintf(path, sizeof path, "%s/store.mdb", f.dir);
    buf_heap(&file);
    assert_ok(file_read(path, 1 << 20, &file));
    for (size_t at = 2 * 4096; at + 4096 <= file.len; at += 4096)
        lost += lose_a_row(file.ptr + at);
    assert_int_equal(lost, 1);
    assert_ok(file_write_atomic(path, buf_span(&file), 0600));
    buf_free(&file);
    assert_ok(store_open(f.dir, STORE_SERVE, SMALL_MAP, &f.store));
    t = fixture_begin(&f, false);
    assert_ok(cursor_open(t, of_some, &c));
    enum err err;
    for (err = cursor_seek(c, SPAN(""), &key, &value); err == ERR_OK; err = cursor_next(c, &key, &value))
        seen++;
    assert_int_equal(seen, 89);
    assert_err(err, ERR_CORRUPT);
    assert_int_equal(txn_damage(t), DAMAGE_FEWER_ROWS);
    assert_ok(cursor_seek(c, SPAN("\2"), &key, &value)); /* of a part nothing can be said */
    while ((err = cursor_next(c, &key, &value)) == ERR_OK)
        ;
    assert_err(err, ERR_NOT_FOUND);
    cursor_close(c);
    txn_abort(t);
}

static void a_walk_that_writes_counts_nothing(void **state)
{
    (void)state;
    struct cursor *c;
    struct span key, value;
    struct txn *t = fixture_begin(&f, true);
    put(t, "a", "1");
    put(t, "b", "2");
    assert_ok(cursor_open(t, TABLE_META, &c));
    assert_ok(cursor_seek(c, SPAN(""), &key, &value));
    put(t, "aa", "3");
    while (cursor_next(c, &key, &value) == ERR_OK)
        ;
    assert_int_equal(txn_damage(t), DAMAGE_NONE);
    cursor_close(c);
    txn_abort(t);
}

static void fill_x(const void *what, void *room)
{
    memset(room, 'x', *(const size_t *)what);
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
        const size_t len = 1000;
        err = store_append(t, TABLE_JOURNAL, span_of(&key, sizeof key), len, fill_x, &len);
    }
    assert_err(err, ERR_FULL);
    txn_abort(t);
    t = fixture_begin(&f, true);
    assert_value(t, "before", "1");
    put(t, "after", "2");
    assert_ok(txn_commit(t));
}

/* ---- rows that each entry changes again ---- */

static void put_sum(struct txn *t, unsigned n, unsigned sum)
{
    char key[8], value[12];
    snprintf(key, sizeof key, "sum%04u", n);
    snprintf(value, sizeof value, "%u", sum);
    assert_ok(store_put(t, TABLE_HELD, span_str(key), span_str(value)));
}

static void assert_sum(struct txn *t, unsigned n, unsigned sum)
{
    char key[8], value[12];
    struct span found;
    snprintf(key, sizeof key, "sum%04u", n);
    snprintf(value, sizeof value, "%u", sum);
    enum err err = store_get(t, TABLE_HELD, span_str(key), &found);
    assert_err(err, sum > 0 ? ERR_OK : ERR_NOT_FOUND);
    assert_true(err != ERR_OK || span_eq(found, span_str(value)));
}

static unsigned count_sums(struct txn *t)
{
    struct cursor *c;
    struct span key, value;
    unsigned n = 0;
    assert_ok(cursor_open(t, TABLE_HELD, &c));
    enum err err = cursor_seek(c, SPAN(""), &key, &value);
    for (; err == ERR_OK; n++)
        err = cursor_next(c, &key, &value);
    assert_err(err, ERR_NOT_FOUND);
    cursor_close(c);
    return n;
}

static void sums_are_put_once_a_transaction_and_read_as_written(void **state)
{
    (void)state;
    struct txn *t = fixture_begin(&f, true);
    size_t before = puts_made;
    for (unsigned sum = 1; sum <= 100; sum++)
        for (unsigned n = 0; n < 4; n++) {
            assert_sum(t, n, sum - 1);
            put_sum(t, n, sum);
            assert_sum(t, n, sum);
        }
    assert_int_equal(puts_made, before);
    assert_int_equal(txn_writes(t), 400);
    assert_ok(txn_commit(t));
    assert_int_equal(puts_made, before + 4);
    t = fixture_begin(&f, true);
    put_sum(t, 1, 7); /* in vain */
    txn_abort(t);
    t = fixture_begin(&f, true);
    assert_int_equal(count_sums(t), 4);
    put_sum(t, 2, 8);
    put_sum(t, 4, 9);
    assert_int_equal(count_sums(t), 5); /* a walk sees what is held */
    put_sum(t, 3, 10);
    assert_ok(store_del(t, TABLE_HELD, SPAN("sum0003")));
    assert_sum(t, 3, 0);
    put_sum(t, 0, 11);
    assert_ok(txn_commit(t));
    t = fixture_begin(&f, false);
    static const unsigned sums[] = {11, 100, 8, 0, 9};
    for (unsigned n = 0; n < 5; n++)
        assert_sum(t, n, sums[n]);
    txn_abort(t);
}

/* From each number on the next that is there, with the sum that was put last. */
static void assert_seeks(struct txn *t, const unsigned *sum, unsigned n)
{
    for (unsigned from = 0; from < n; from++) {
        char key[8], value[12];
        struct span at, found;
        unsigned next = from;
        while (next < n && sum[next] == 0)
            next++;
        snprintf(key, sizeof key, "sum%04u", from);
        enum err err = store_seek(t, TABLE_HELD, span_str(key), &at, &found);
        assert_err(err, next < n ? ERR_OK : ERR_NOT_FOUND);
        if (next == n)
            continue;
        snprintf(key, sizeof key, "sum%04u", next);
        snprintf(value, sizeof value, "%u", sum[next]);
        assert_true(span_eq(at, span_str(key)) && span_eq(found, span_str(value)));
    }
}

static void a_look_up_from_a_key_on_sees_what_is_held_beside_what_stands(void **state)
{
    enum { N = 40 };
    unsigned sum[N] = {0}, random = 1;
    (void)state;
    for (unsigned round = 1; round <= 20; round++) {
        struct txn *t = fixture_begin(&f, true);
        size_t before = puts_made;
        for (unsigned i = 1; i <= 5; i++) {
            random = random * 1103515245 + 12345;
            unsigned n = random >> 16 & 31;
            sum[n] = 100 * round + i;
            put_sum(t, n, sum[n]);
            assert_seeks(t, sum, N);
        }
        assert_int_equal(puts_made, before);
        assert_ok(txn_commit(t));
        t = fixture_begin(&f, false);
        assert_seeks(t, sum, N);
        txn_abort(t);
    }
}

static void more_sums_than_are_held_are_there_as_well(void **state)
{
    (void)state;
    struct txn *t = fixture_begin(&f, true);
    for (unsigned sum = 1; sum <= 2; sum++)
        for (unsigned n = 0; n < 3 * HELD_ROWS; n++)
            put_sum(t, n, sum);
    for (unsigned n = 0; n < 3 * HELD_ROWS; n++)
        assert_sum(t, n, 2);
    assert_ok(txn_commit(t));
    t = fixture_begin(&f, false);
    assert_int_equal(count_sums(t), 3 * HELD_ROWS);
    for (unsigned n = 0; n < 3 * HELD_ROWS; n++)
        assert_sum(t, n, 2);
    txn_abort(t);
}

static void a_reader_that_stays_behind_is_named(void **state)
{
    (void)state;
    struct store_reader oldest;
    assert_none(store_oldest_reader(f.store, &oldest));
    struct txn *reader = fixture_begin(&f, false);
    assert_ok(store_oldest_reader(f.store, &oldest));
    assert_int_equal(oldest.behind, 0);
    for (int i = 0; i < 3; i++) {
        struct txn *t = fixture_begin(&f, true);
        put(t, "key", i % 2 == 0 ? "1" : "2");
        assert_ok(txn_commit(t));
    }
    assert_ok(store_oldest_reader(f.store, &oldest));
    assert_int_equal(oldest.pid, getpid());
    assert_int_equal(oldest.behind, 3);
    txn_abort(reader);
    assert_none(store_oldest_reader(f.store, &oldest));
}

static void a_store_says_how_much_more_it_takes(void **state)
{
    (void)state;
    struct store_room room, small;
    fixture_reopen(&f, (uint64_t)1 << 40);
    assert_ok(store_room(f.store, &room));
    assert_int_equal(room.map, ((uint64_t)1 << 40) - store_bytes_used(f.store));
    assert_true(room.disk > 0);
    fixture_reopen(&f, SMALL_MAP);
    assert_ok(store_room(f.store, &small));
    assert_int_equal(small.map, SMALL_MAP - store_bytes_used(f.store));
}

/* ---- zeros ahead ---- */

static off_t file_size(void)
{
    char path[128];
    struct stat st;
    snprintf(path, sizeof path, "%s/store.mdb", f.dir);
    assert_int_equal(stat(path, &st), 0);
    return st.st_size;
}

/* Some are rows of a page, some have pages of their own. */
static struct span filling(size_t row)
{
    static char bytes[9000];
    size_t len = row * 2654435761u % sizeof bytes;
    memset(bytes, 'a' + (int)(row % 26), len);
    return span_of(bytes, len);
}

static void put_rows(size_t from, size_t n)
{
    char key[16];
    struct txn *t = fixture_begin(&f, true);
    for (size_t i = from; i < from + n; i++) {
        snprintf(key, sizeof key, "%06zu", i);
        assert_ok(store_put(t, TABLE_META, span_str(key), filling(i)));
    }
    assert_ok(txn_commit(t));
}

static void assert_rows(size_t n)
{
    char key[16];
    struct span value;
    struct txn *t = fixture_begin(&f, false);
    for (size_t i = 0; i < n; i++) {
        snprintf(key, sizeof key, "%06zu", i);
        assert_ok(store_get(t, TABLE_META, span_str(key), &value));
        assert_true(span_eq(value, filling(i)));
    }
    txn_abort(t);
}

static void zeros_are_written_behind_what_is_used_and_over_nothing(void **state)
{
    (void)state;
    enum { AHEAD = 64 << 10, COMMITS = 300, ROWS = 8 };
    store_write_ahead(f.store, AHEAD);
    for (size_t i = 0; i < COMMITS; i++)
        put_rows(i * ROWS, ROWS); /* meanwhile the other thread appends */
    while (file_size() < (off_t)(store_bytes_used(f.store) + AHEAD))
        usleep(1000);
    assert_rows(COMMITS * ROWS);
    off_t size = file_size();
    put_rows(COMMITS * ROWS, 1);
    assert_true((off_t)store_bytes_used(f.store) <= size); /* it made the file no longer */
    fixture_reopen(&f, SMALL_MAP);
    assert_true(file_size() >= size);
    assert_rows(COMMITS * ROWS + 1);
}

static void nothing_is_written_ahead_of_little_or_where_that_is_not_wanted(void **state)
{
    (void)state;
    store_write_ahead(f.store, 0);
    for (size_t i = 0; i < 50; i++)
        put_rows(i * 8, 8);
    assert_true(file_size() <= (off_t)store_bytes_used(f.store));
    store_write_ahead(f.store, store_bytes_used(f.store)); /* a quarter of it is there */
    put_rows(400, 8);
    usleep(20000);
    assert_true(file_size() <= (off_t)store_bytes_used(f.store));
}

static void without_a_size_the_map_is_as_large_as_it_can_be(void **state)
{
    (void)state;
    struct store_room all;
    fixture_reopen(&f, 0);
    assert_ok(store_room(f.store, &all));
    assert_true(all.map > (uint64_t)1 << 38);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(a_folder_has_one_store_and_one_owner),
        TEST(one_file_has_one_writer_by_whatever_name),
        TEST(a_damaged_file_is_corrupt),
        TEST(committed_values_stay_and_aborted_ones_do_not),
        TEST(deleting_what_is_absent_is_fine),
        TEST(a_reader_sees_one_moment_until_renewed),
        TEST(many_readers_fit),
        TEST(cursors_walk_in_key_order),
        TEST(row_operations_reach_their_tables),
        TEST(a_row_that_is_not_as_it_was_written_is_corrupt),
        TEST(rows_without_a_value_are_held_too),
        TEST(a_walk_over_all_of_a_table_misses_what_vanished),
        TEST(a_walk_that_writes_counts_nothing),
        TEST(sums_are_put_once_a_transaction_and_read_as_written),
        TEST(a_look_up_from_a_key_on_sees_what_is_held_beside_what_stands),
        TEST(more_sums_than_are_held_are_there_as_well),
        TEST(a_reader_that_stays_behind_is_named),
        TEST(a_store_says_how_much_more_it_takes),
        TEST(zeros_are_written_behind_what_is_used_and_over_nothing),
        TEST(nothing_is_written_ahead_of_little_or_where_that_is_not_wanted),
        TEST(without_a_size_the_map_is_as_large_as_it_can_be),
        TEST(a_full_map_loses_nothing_and_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
