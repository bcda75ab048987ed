/* A process that is killed while it merges spread tables, between two transactions or within one: what it had committed
 * is there, row by row, and what it goes on with afterwards. */
#include <lmdb.h>
#include <signal.h>
#include <sys/wait.h>

#include "tests/support/chance.h"
#include "tests/support/store_fixture.h"

enum { KILLS = 6, RECENT = 16, ROWS_EACH = 16, SLICE = 16, KEYS = 4000, KEY = 24, ROUNDS_MOST = 1200 };

static struct fixture f;

/* What transaction n does to which key is the same whoever asks. */
static uint64_t drawn(uint64_t n, uint64_t i)
{
    uint64_t before = chance_state, z;
    chance_state = n * 1000003 + i;
    z = chance();
    chance_state = before;
    return z;
}

static struct span key_of(uint64_t k, char mem[KEY])
{
    memset(mem, 'k', KEY);
    store_be64(mem, k * UINT64_C(0x9e3779b97f4a7c15));
    return span_of(mem, KEY);
}

static void change(struct txn *t, uint64_t n)
{
    char mem[KEY], value[8];
    for (uint64_t i = 0; i < ROWS_EACH; i++) {
        uint64_t z = drawn(n, i);
        struct span key = key_of(z % KEYS, mem);
        store_be64(value, n);
        if (z >> 32 & 3)
            assert_ok(store_put(t, (enum table)(TABLE_ROWS + ROW_TXIDS), key, span_of(value, sizeof value)));
        else
            assert_ok(store_del(t, (enum table)(TABLE_ROWS + ROW_TXIDS), key));
    }
    assert_ok(store_tidy(t, 0, SLICE));
}

/* 0: the key has no row. */
static void model(uint64_t done, uint64_t last[KEYS])
{
    memset(last, 0, KEYS * sizeof *last);
    for (uint64_t n = 1; n <= done; n++)
        for (uint64_t i = 0; i < ROWS_EACH; i++) {
            uint64_t z = drawn(n, i);
            last[z % KEYS] = z >> 32 & 3 ? n : 0;
        }
}

static void all_is_there(uint64_t done, bool write)
{
    static uint64_t last[KEYS];
    char mem[KEY];
    struct span value;
    struct txn *t = fixture_begin(&f, write);
    model(done, last);
    for (uint64_t k = 0; k < KEYS; k++) {
        enum err err = store_get(t, (enum table)(TABLE_ROWS + ROW_TXIDS), key_of(k, mem), &value);
        assert_err(err, last[k] == 0 ? ERR_NOT_FOUND : ERR_OK);
        assert_true(err != ERR_OK || load_be64(value.ptr) == last[k]);
    }
    txn_abort(t);
}

/* Which transaction was the last: it says so itself. */
static uint64_t committed(void)
{
    struct span value;
    struct txn *t = fixture_begin(&f, false);
    enum err err = store_get(t, TABLE_META, SPAN("done"), &value);
    uint64_t n = err == ERR_OK ? load_be64(value.ptr) : 0;
    txn_abort(t);
    return n;
}

/* Tells each transaction twice: when it is about to be committed, and when it was. */
static _Noreturn void write_until_killed(uint64_t n, int told, bool beside)
{
    char value[8], step = 0;
    if (store_open(f.dir, STORE_SERVE, SMALL_MAP, &f.store) != ERR_OK)
        _exit(2);
    store_spread_recent(f.store, RECENT);
    if (beside)
        store_tidy_beside(f.store);
    for (n++;; n++) {
        struct txn *t;
        if (txn_begin(f.store, true, &t) != ERR_OK)
            _exit(2);
        change(t, n);
        store_be64(value, n);
        if (store_put(t, TABLE_META, SPAN("done"), span_of(value, sizeof value)) != ERR_OK ||
            write(told, &step, 1) != 1 || txn_commit(t) != ERR_OK || write(told, &step, 1) != 1)
            _exit(2);
    }
}

/* Whether a run of the second level has rows, and is not whole. */
static bool is_merging(void)
{
    char path[96];
    MDB_env *env;
    MDB_txn *t;
    MDB_dbi levels, runs;
    MDB_cursor *c;
    uint8_t two = 2;
    uint64_t end = 0;
    MDB_val k = {1, &two}, v;
    snprintf(path, sizeof path, "%s/store.mdb", f.dir);
    assert_int_equal(mdb_env_create(&env), 0);
    assert_int_equal(mdb_env_set_maxdbs(env, 4), 0);
    assert_int_equal(mdb_env_open(env, path, MDB_NOSUBDIR | MDB_RDONLY, 0600), 0);
    assert_int_equal(mdb_txn_begin(env, NULL, MDB_RDONLY, &t), 0);
    assert_int_equal(mdb_dbi_open(t, "levels", 0, &levels), 0);
    if (mdb_get(t, levels, &k, &v) == 0)
        end = load_be64((const char *)v.mv_data + 8);
    assert_int_equal(mdb_dbi_open(t, end / 16 % 2 == 0 ? "runs.2.a" : "runs.2.b", 0, &runs), 0);
    assert_int_equal(mdb_cursor_open(t, runs, &c), 0);
    bool any = mdb_cursor_get(c, &k, &v, MDB_LAST) == 0 && load_be64(k.mv_data) == end;
    mdb_cursor_close(c);
    mdb_txn_abort(t);
    mdb_env_close(env);
    return any;
}

/* Kills it after so many steps of its transactions. */
static void run_and_kill(uint64_t done, uint64_t steps, bool beside)
{
    int told[2], status;
    char step;
    assert_int_equal(pipe(told), 0);
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        close(told[0]);
        write_until_killed(done, told[1], beside);
    }
    close(told[1]);
    for (uint64_t i = 0; i < steps; i++)
        assert_int_equal(read(told[0], &step, 1), 1);
    usleep((useconds_t)below(2000));
    assert_int_equal(kill(child, SIGKILL), 0);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
    close(told[0]);
}

static void a_kill_in_the_middle_of_a_merge_loses_no_row(void **state)
{
    (void)state;
    unsigned in_the_middle = 0;
    uint64_t done = 0;
    fixture_open(&f);
    chance_seed();
    for (int i = 0; i < KILLS; i++) {
        uint64_t steps = 30 + below(40);
        store_close(f.store);
        f.store = NULL;
        run_and_kill(done, steps, i % 2 != 0);
        in_the_middle += is_merging();
        assert_ok(store_open(f.dir, STORE_SERVE, SMALL_MAP, &f.store));
        assert_true(committed() >= done + steps / 2);
        done = committed();
        all_is_there(done, false);
        all_is_there(done, true);
    }
    assert_true(in_the_middle > 0);
    for (int i = 0; i < ROUNDS_MOST && (i % 50 != 0 || is_merging()); i++) { /* what was begun is ended */
        struct txn *t = fixture_begin(&f, true);
        assert_ok(store_tidy(t, 0, SLICE));
        assert_ok(txn_commit(t));
    }
    assert_false(is_merging());
    all_is_there(done, true);
    fixture_close(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_kill_in_the_middle_of_a_merge_loses_no_row)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
