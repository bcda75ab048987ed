/* Spread tables against a plain array: whatever is put and taken away, committed or aborted, between merges and starts
 * of the store, in what way ever it is read. */
#include "server/store/store.h"

#include "tests/support/chance.h"
#include "tests/support/store_fixture.h"

enum { TABLES = 4, HEADS = 9, SUFFIXES = 6, KEYS = HEADS * SUFFIXES };
enum { ROUNDS = 700, CHANGES = 40, RECENT = 8, SLICE = 7, GONE = -1 };

static const struct {
    int table;
    size_t head;
} tables[TABLES] = {{TABLE_NONCES, 16},
                    {TABLE_ROWS + ROW_DEDUPE, 21},
                    {TABLE_ROWS + ROW_TXIDS, 20},
                    {TABLE_ROWS + ROW_CLICK_LEADS, 12}};

struct model {
    int value[TABLES][KEYS]; /* of a nonce the time when it may go */
    int before_s, latest_s;
};

static struct fixture f;

/* In ascending order: a head alone, and with what comes behind it; some are the beginning of others. */
static struct span key_of(int t, int n, char mem[32])
{
    static const char *const suffixes[SUFFIXES] = {"", "a", "aa", "ab", "b", "ba"};
    const char *suffix = suffixes[n % SUFFIXES];
    memset(mem, 'A' + n / SUFFIXES, tables[t].head);
    memcpy(mem + tables[t].head, suffix, strlen(suffix));
    return span_of(mem, tables[t].head + strlen(suffix));
}

static bool is_nonce(int t)
{
    return tables[t].table == TABLE_NONCES;
}

static bool may_be_there(const struct model *m, int t, int n)
{
    return m->value[t][n] != GONE;
}

static bool must_be_there(const struct model *m, int t, int n)
{
    return may_be_there(m, t, n) && !(is_nonce(t) && m->value[t][n] < m->before_s);
}

static void change(struct txn *txn, struct model *m)
{
    char mem[32], bytes[8];
    int t = (int)below(TABLES), n = (int)below(KEYS), value = one_in(3) ? GONE : (int)below(1000000);
    if (is_nonce(t)) {
        n -= n % SUFFIXES;
        if (value != GONE)
            value = m->latest_s += (int)below(10); /* what comes later goes later */
    }
    store_be64(bytes, (uint64_t)(value == GONE ? 0 : value));
    enum table table = (enum table)tables[t].table;
    if (value == GONE)
        assert_ok(store_del(txn, table, key_of(t, n, mem)));
    else /* some have no value, which is no mark */
        assert_ok(
            store_put(txn, table, key_of(t, n, mem), span_of(bytes, value % 4 || is_nonce(t) ? sizeof bytes : 0)));
    m->value[t][n] = value;
}

static void is_row(const struct model *m, int t, int n, struct span value)
{
    bool empty = m->value[t][n] % 4 == 0 && !is_nonce(t);
    assert_true(may_be_there(m, t, n));
    if (!must_be_there(m, t, n))
        return; /* an older one may show until it goes too */
    assert_int_equal(value.len, empty ? 0 : 8);
    assert_true(empty || load_be64(value.ptr) == (uint64_t)m->value[t][n]);
}

static void look_up(struct txn *txn, const struct model *m)
{
    char mem[32], first[32];
    struct span key, value;
    int t = (int)below(TABLES), n = (int)below(KEYS), next = n;
    enum table table = (enum table)tables[t].table;
    enum err err = store_get(txn, table, key_of(t, n, mem), &value);
    if (err == ERR_OK)
        is_row(m, t, n, value);
    else
        assert_true(err == ERR_NOT_FOUND && !must_be_there(m, t, n));
    if (is_nonce(t))
        return;
    while (next < KEYS && !may_be_there(m, t, next))
        next++;
    /* with a whole head what has another is not found */
    bool head = one_in(2), found = next < KEYS && (!head || next / SUFFIXES == n / SUFFIXES);
    struct span from = key_of(t, n, mem);
    if (!head) {
        n -= n % SUFFIXES;
        for (next = n; next < KEYS && !may_be_there(m, t, next);)
            next++;
        found = next < KEYS;
        from = span_of(mem, tables[t].head - 1);
    }
    err = store_seek(txn, table, from, &key, &value);
    assert_err(err, found ? ERR_OK : ERR_NOT_FOUND);
    if (!found)
        return;
    assert_true(span_eq(key, key_of(t, next, first)));
    is_row(m, t, next, value);
}

static void walk(struct txn *txn, const struct model *m)
{
    char mem[32];
    struct span key, value;
    for (int t = 0; t < TABLES; t++) {
        struct cursor *c;
        int n = 0;
        assert_ok(cursor_open(txn, (enum table)tables[t].table, &c));
        enum err step = cursor_seek(c, SPAN(""), &key, &value);
        for (; step == ERR_OK; step = cursor_next(c, &key, &value), n++) {
            for (; n < KEYS && !span_eq(key, key_of(t, n, mem)); n++)
                assert_false(must_be_there(m, t, n));
            assert_true(n < KEYS);
            is_row(m, t, n, value);
        }
        assert_ok(cursor_end(step));
        for (; n < KEYS; n++)
            assert_false(must_be_there(m, t, n));
        cursor_close(c);
    }
}

/* Some transactions touch other tables alone, or change nothing at all. */
static void other_transactions(void)
{
    struct span value;
    for (uint64_t i = below(4); i > 0; i--) {
        struct txn *txn = fixture_begin(&f, true);
        if (one_in(2))
            assert_ok(store_put(txn, TABLE_META, SPAN("other"), SPAN("row")));
        if (one_in(3))
            assert_ok(store_del(txn, TABLE_META, SPAN("no such row")));
        if (one_in(3))
            assert_err(store_get(txn, TABLE_NONCES, SPAN("0123456789abcdef"), &value), ERR_NOT_FOUND);
        assert_ok(txn_commit(txn));
    }
}

/* Marks that never go, and an older row that hides a newer one, show here as they would in a server. */
static void whatever_is_done_to_them_they_are_a_map(void **state)
{
    (void)state;
    struct model now = {.before_s = 0}, next;
    for (int t = 0; t < TABLES; t++)
        for (int n = 0; n < KEYS; n++)
            now.value[t][n] = GONE;
    for (int round = 0; round < ROUNDS; round++) {
        store_spread_recent(f.store, RECENT);
        struct txn *txn = fixture_begin(&f, true);
        next = now;
        for (uint64_t i = below(CHANGES); i > 0; i--)
            change(txn, &next);
        if (next.before_s < next.latest_s - 500)
            next.before_s = next.latest_s - (int)below(500);
        for (uint64_t i = below(3); i > 0; i--)
            assert_ok(store_tidy(txn, next.before_s, 1 + below(SLICE)));
        for (int i = 0; i < 20; i++)
            look_up(txn, &next);
        if (one_in(10))
            walk(txn, &next);
        if (one_in(6))
            txn_abort(txn);
        else
            assert_ok(txn_commit(txn)), now = next;
        if (one_in(40)) {
            fixture_reopen(&f, SMALL_MAP);
            if (one_in(3))
                store_tidy_beside(f.store);
        }
        txn = fixture_begin(&f, false);
        look_up(txn, &now);
        if (one_in(20))
            walk(txn, &now);
        txn_abort(txn);
        other_transactions();
    }
}

static int setup(void **state)
{
    (void)state;
    fixture_open(&f);
    chance_seed();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_close(&f);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(whatever_is_done_to_them_they_are_a_map)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
