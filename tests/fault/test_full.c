/* Storage that runs full under a running committer, three ways: the map, a file size limit (a write cut short), a small
 * file system. */
#include "server/commit/batch.h"

#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include "tests/support/committer_fixture.h"

enum { TINY_MAP = 2 << 20 };

static struct committer_fixture cf;

static uint64_t store_file_bytes(void)
{
    char path[128];
    struct stat st;
    snprintf(path, sizeof path, "%s/store.mdb", cf.live.f.dir);
    assert_int_equal(stat(path, &st), 0);
    return (uint64_t)st.st_size;
}

static void limit_file_size(rlim_t bytes)
{
    struct rlimit r;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &r), 0);
    r.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &r), 0);
}

/* Pushes until storage is full, and clicks have met that (a chore may have met it first). Adds up what was recorded and
 * what was not. */
static void fill(size_t *recorded, size_t *lost)
{
    enum { STEP = 200 };
    for (int i = 0; i < 10000 && *lost <= 3; i++) {
        size_t n = push_clicks(&cf, STEP);
        *recorded += n;
        *lost += STEP - n;
    }
    assert_true(*lost > 3);
}

static void wait_until_healthy(void)
{
    for (int i = 0; i < 500 && source_unready(cf.live.sh.source) != NULL; i++)
        usleep(20000);
    assert_null(source_unready(cf.live.sh.source));
}

struct found {
    size_t clicks, gaps, gap_clicks;
};

/* Reads the whole log, and that its tree is what its entries give. */
static struct found read_log(void)
{
    struct found found = {0};
    struct head head;
    struct frontier tree = {0};
    struct hash root, stored;
    struct txn *t = fixture_begin(&cf.live.f, false);
    assert_ok(head_root(t, COMMITTER_CONTRACT, &head, &stored));
    for (uint64_t i = 0; i < head.size; i++) {
        struct envelope env;
        struct hash leaf;
        struct entry e;
        assert_ok(ledger_read(t, COMMITTER_CONTRACT, i, &env));
        merkle_leaf(env.entry, &leaf);
        frontier_append(&tree, &leaf, NULL, NULL);
        found.clicks += env.kind == ENTRY_CLICK;
        if (env.kind != ENTRY_GAP)
            continue;
        assert_ok(entry_read(env.entry, &e, NULL));
        assert_true(e.gap.from_ms <= e.gap.to_ms);
        found.gaps++;
        found.gap_clicks += e.gap.clicks;
        entry_close(&e);
    }
    frontier_root(&tree, &root);
    assert_memory_equal(root.b, stored.b, HASH_LEN);
    assert_ok(ledger_root_at(t, COMMITTER_CONTRACT, head.size, &stored));
    assert_memory_equal(root.b, stored.b, HASH_LEN);
    txn_abort(t);
    return found;
}

static void a_full_map_records_all_or_nothing_and_a_larger_one_goes_on(void **state)
{
    (void)state;
    size_t recorded = 0, lost = 0;
    committer_fixture_open(&cf, NULL);
    cf.live.f.map_size = TINY_MAP;
    committer_fixture_start(&cf);
    fill(&recorded, &lost);
    assert_true(recorded > 0 && lost > 0);
    committer_fixture_stop(&cf);

    cf.live.f.map_size = SMALL_MAP;
    committer_fixture_start(&cf);
    assert_null(source_unready(cf.live.sh.source));
    assert_int_equal(push_clicks(&cf, 5), 5);
    committer_fixture_stop(&cf);
    assert_int_equal(read_log().clicks, recorded + 5);
    committer_fixture_close(&cf);
}

/* Fills up, makes room by `relieve`, and sees what was lost stand in gap entries before anybody asks for anything. */
static void fill_and_relieve(void (*relieve)(void))
{
    size_t recorded = 0, lost = 0;
    fill(&recorded, &lost);
    lost += 3 - push_clicks(&cf, 3);
    relieve();
    wait_until_healthy();
    recorded += push_clicks(&cf, 5);
    committer_fixture_stop(&cf);
    struct found found = read_log();
    assert_int_equal(found.clicks, recorded);
    assert_int_equal(found.gap_clicks, lost);
    assert_true(lost > 3);
}

static void lift_limit(void)
{
    limit_file_size(RLIM_INFINITY);
}

static void a_write_cut_short_becomes_a_gap(void **state)
{
    (void)state;
    committer_fixture_open(&cf, NULL);
    committer_fixture_start(&cf);
    limit_file_size(store_file_bytes() + 300 * 1024 + 1234);
    fill_and_relieve(lift_limit);
    committer_fixture_close(&cf);
}

static enum err write_large(struct batch *cx, struct job *job)
{
    static const char bytes[1 << 20];
    (void)job;
    return store_put(cx->txn, TABLE_META, SPAN("large"), span_of(bytes, sizeof bytes));
}

static void without_gaps_a_probe_finds_out_that_there_is_room(void **state)
{
    (void)state;
    static job_run *runs[RECORD_KINDS];
    struct job job = {
        .record = {.kind = RECORD_CODE, .advertiser = LIVE_ADVERTISER + 1, .code.contract = COMMITTER_CONTRACT}};
    memcpy(runs, job_runs, sizeof runs);
    runs[RECORD_CODE] = write_large;
    committer_fixture_open(&cf, NULL);
    cf.live.runs = runs;
    committer_fixture_start(&cf);
    limit_file_size(store_file_bytes() + 64 * 1024);
    assert_ok(push_awake(&cf, 0, &job));
    jobs_wait(&cf, 0, 1);
    assert_err(job.err, ERR_FULL);
    assert_non_null(source_unready(cf.live.sh.source));
    usleep(1500000); /* idle chores must not take their empty transactions for proof */
    assert_non_null(source_unready(cf.live.sh.source));
    lift_limit();
    wait_until_healthy();
    committer_fixture_stop(&cf);
    committer_fixture_close(&cf);
}

static char ballast[128];

static void remove_ballast(void)
{
    assert_int_equal(unlink(ballast), 0);
}

static void a_full_file_system_becomes_a_gap(void **state)
{
    (void)state;
    static const char zeros[2 << 20];
    char dir[64];
    snprintf(dir, sizeof dir, "%s/countersign-test-XXXXXX", P_tmpdir);
    assert_non_null(mkdtemp(dir));
    if (mount("tmpfs", dir, "tmpfs", 0, "size=4m") != 0) {
        rmdir(dir);
        print_message("skipped: mounting a small tmpfs needs root\n");
        skip();
    }
    char data[80];
    snprintf(data, sizeof data, "%s/data", dir);
    assert_int_equal(mkdir(data, 0700), 0);
    snprintf(ballast, sizeof ballast, "%s/ballast", dir);
    FILE *file = fopen(ballast, "w");
    assert_int_equal(fwrite(zeros, sizeof zeros, 1, file), 1);
    fclose(file);

    committer_fixture_open(&cf, data);
    committer_fixture_start(&cf);
    fill_and_relieve(remove_ballast);
    committer_fixture_close(&cf);
    assert_int_equal(umount(dir), 0);
    rmdir(dir);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_full_map_records_all_or_nothing_and_a_larger_one_goes_on),
        cmocka_unit_test(a_write_cut_short_becomes_a_gap),
        cmocka_unit_test(without_gaps_a_probe_finds_out_that_there_is_room),
        cmocka_unit_test(a_full_file_system_becomes_a_gap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
