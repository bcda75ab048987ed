/* Every lookup and cursor step of the store failed once, one after the other, under what reads whole tables beside the
 * requests: it says that it could not read, and takes what it has read so far for nothing. */
#include <dlfcn.h>
#include <errno.h>
#include <lmdb.h>

#include "server/commit/nonces.h"
#include "server/commit/refusals.h"
#include "server/ledger/ledger_rows.h"
#include "tests/support/committer_fixture.h"

enum { CALLS_MAX = 500, ROWS = 3 };

/* ---- in place of the library's ---- */

static unsigned countdown; /* the call that brings it to 0 fails; 0: none does */
static bool fired;

static bool fails(void)
{
    if (countdown == 0 || --countdown > 0)
        return false;
    fired = true;
    return true;
}

int mdb_get(MDB_txn *txn, MDB_dbi dbi, MDB_val *key, MDB_val *data)
{
    static int (*real)(MDB_txn *, MDB_dbi, MDB_val *, MDB_val *);
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "mdb_get");
    return fails() ? EIO : real(txn, dbi, key, data);
}

int mdb_cursor_get(MDB_cursor *cursor, MDB_val *key, MDB_val *data, MDB_cursor_op op)
{
    static int (*real)(MDB_cursor *, MDB_val *, MDB_val *, MDB_cursor_op);
    if (real == NULL)
        *(void **)&real = dlsym(RTLD_NEXT, "mdb_cursor_get");
    return fails() ? EIO : real(cursor, key, data, op);
}

/* ---- what reads ---- */

static struct committer_fixture cf;
static struct committer *committer;
static const int64_t now_ms = 1790000000000;

static enum err loads_the_control_data(void)
{
    struct catalog *c;
    struct txn *t = fixture_begin(&cf.live.f, false);
    enum err err = catalog_load(t, cf.live.sh.instance.keys, &c);
    if (err == ERR_OK)
        catalog_unref(c);
    txn_abort(t);
    return err;
}

static enum err reads_a_head(void)
{
    struct head head;
    struct txn *t = fixture_begin(&cf.live.f, false);
    enum err err = head_read(t, ROOT_LOG, &head);
    txn_abort(t);
    return err == ERR_NOT_FOUND ? ERR_OK : err; /* there is none yet */
}

static enum err reads_the_watermark(void)
{
    uint64_t seq;
    struct txn *t = fixture_begin(&cf.live.f, false);
    enum err err = watermark_read(t, &seq);
    txn_abort(t);
    return err;
}

static enum err tidies_spread_tables(void)
{
    struct nonce_use use = {.used = true};
    struct txn *t = fixture_begin(&cf.live.f, true);
    store_spread_recent(cf.live.f.store, 1);
    if (countdown == 1) { /* the first time what was written is in memory: now it is read */
        countdown = 0;
        assert_ok(nonce_record(t, &use, 1000, COMMITTER_CONTRACT, 1));
        txn_abort(t);
        t = fixture_begin(&cf.live.f, true);
        countdown = 1;
    }
    enum err err = store_tidy(t, now_ms / 1000, 100);
    txn_abort(t);
    return err;
}

/* Of a table that clicks do not need: its failure is the job's, not the batch's. */
static enum err trims_the_refused_log(void)
{
    bool wrote;
    struct job job = {.chore = true, .record = {.kind = RECORD_REFUSED, .now_ms = now_ms, .refused.steps = 100}};
    struct job *jobs[] = {&job};
    assert_ok(committer_run(committer, jobs, 1, &wrote));
    return job.err == ERR_CORRUPT ? ERR_IO : job.err;
}

static const struct {
    const char *name;
    enum err (*read)(void);
} readings[] = {
    {"loads_the_control_data", loads_the_control_data}, {"reads_a_head", reads_a_head},
    {"reads_the_watermark", reads_the_watermark},       {"tidies_spread_tables", tidies_spread_tables},
    {"trims_the_refused_log", trims_the_refused_log},
};

static void a_step_that_fails_is_no_end_of_a_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof readings / sizeof *readings; i++) {
        unsigned n = 0;
        do {
            assert_true(n < CALLS_MAX);
            countdown = ++n;
            fired = false;
            enum err err = readings[i].read();
            countdown = 0;
            if (err != (fired ? ERR_IO : ERR_OK))
                fail_msg("%s, call %u: %s", readings[i].name, n, err_word(err));
        } while (fired);
        assert_true(n > 1);
    }
}

/* ---- the folder ---- */

static void put_rows(void)
{
    struct buf rows;
    struct span rest, key, value;
    struct txn *t = fixture_begin(&cf.live.f, true);
    struct nonce_use use = {.used = true};
    buf_heap(&rows);
    for (uint32_t i = 0; i < ROWS; i++) {
        const struct refusal one = {.room = {.party = i}, .at_ms = now_ms, .request_id = i + 1, .status = 401};
        struct refusal read;
        memcpy(use.key, &i, sizeof i);
        assert_ok(nonce_record(t, &use, 1000, COMMITTER_CONTRACT, i));
        buf_clear(&rows);
        refusal_write(&rows, &one);
        rest = buf_span(&rows);
        assert_ok(refusal_take(&rest, &read, &key, &value));
        assert_ok(store_put(t, TABLE_REFUSED, key, value));
    }
    assert_ok(txn_commit(t));
    buf_free(&rows);
}

static int setup(void **state)
{
    (void)state;
    committer_fixture_open(&cf, NULL);
    fixture_instance(&cf.live.f, &cf.live.sh.instance);
    const struct committer_setup setup = {.instance = &cf.live.sh.instance, .runs = job_runs};
    assert_ok(committer_open(&setup, &committer));
    put_rows();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    committer_close(committer);
    committer_fixture_close(&cf);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_step_that_fails_is_no_end_of_a_table, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
