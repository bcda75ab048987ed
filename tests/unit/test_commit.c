#include "server/commit/commit.h"

#include "server/commit/nonces.h"
#include "server/keys/day_keys.h"

#include "tests/support/committer_fixture.h"

static struct committer_fixture cf;

static int setup(void **state)
{
    (void)state;
    committer_fixture_open(&cf, NULL);
    committer_fixture_start(&cf);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    if (cf.live.sh.committer != NULL)
        committer_fixture_stop(&cf);
    committer_fixture_close(&cf);
    return 0;
}

static uint64_t swept_size(void)
{
    struct head head;
    struct txn *t = fixture_begin(&cf.live.f, false);
    enum err err = head_read(t, COMMITTER_CONTRACT, &head);
    txn_abort(t);
    return err == ERR_OK ? head.size : 0;
}

/* ---- hand-over ---- */

enum { ROUNDS = 40, AT_ONCE = 50 };
static struct job jobs[COMMITTER_WORKERS][ROUNDS][AT_ONCE];

static void *push_rounds(void *arg)
{
    size_t w = *(size_t *)arg;
    for (size_t r = 0; r < ROUNDS; r++) {
        for (size_t i = 0; i < AT_ONCE; i++) {
            jobs[w][r][i] = click_job(&cf, w, COMMITTER_CONTRACT);
            assert_ok(push_awake(cf.live.sh.committer, w, &jobs[w][r][i]));
        }
        jobs_wait(&cf.worker[w], AT_ONCE);
    }
    return NULL;
}

static void every_job_comes_back_once_with_an_index_of_its_own(void **state)
{
    (void)state;
    enum { ALL = COMMITTER_WORKERS * ROUNDS * AT_ONCE };
    static bool seen[ALL];
    pthread_t thread[COMMITTER_WORKERS];
    size_t number[COMMITTER_WORKERS];
    memset(seen, 0, sizeof seen);
    for (size_t w = 0; w < COMMITTER_WORKERS; w++) {
        number[w] = w;
        assert_int_equal(pthread_create(&thread[w], NULL, push_rounds, &number[w]), 0);
    }
    for (size_t w = 0; w < COMMITTER_WORKERS; w++)
        pthread_join(thread[w], NULL);
    struct job *all = &jobs[0][0][0];
    for (size_t i = 0; i < ALL; i++) {
        assert_ok(all[i].err);
        assert_true(all[i].index < ALL);
        assert_false(seen[all[i].index]);
        seen[all[i].index] = true;
    }
}

static void what_is_acknowledged_is_in_the_file(void **state)
{
    (void)state;
    struct job job = click_job(&cf, 1, COMMITTER_CONTRACT);
    assert_ok(push_awake(cf.live.sh.committer, 1, &job));
    jobs_wait(&cf.worker[1], 1);
    struct txn *t = fixture_begin(&cf.live.f, false);
    struct envelope env;
    assert_ok(ledger_read(t, COMMITTER_CONTRACT, job.index, &env));
    assert_int_equal(env.kind, ENTRY_CLICK);
    txn_abort(t);
}

static void a_job_refused_does_not_touch_its_batch(void **state)
{
    (void)state;
    const uint32_t contracts[] = {COMMITTER_CONTRACT, 99, COMMITTER_CONTRACT};
    struct job three[3];
    for (size_t i = 0; i < 3; i++) {
        three[i] = click_job(&cf, 0, contracts[i]);
        assert_ok(push_awake(cf.live.sh.committer, 0, &three[i]));
    }
    jobs_wait(&cf.worker[0], 3);
    assert_ok(three[0].err);
    assert_err(three[1].err, ERR_GONE);
    assert_ok(three[2].err);
    assert_int_equal(three[2].index, 1);
}

static void stopping_drains_and_sweeps(void **state)
{
    (void)state;
    enum { N = 500 };
    struct job *some = calloc(N, sizeof *some);
    for (size_t i = 0; i < N; i++) {
        some[i] = click_job(&cf, 0, COMMITTER_CONTRACT);
        assert_ok(push_awake(cf.live.sh.committer, 0, &some[i]));
    }
    committer_fixture_stop(&cf);
    jobs_wait(&cf.worker[0], N);
    assert_int_equal(swept_size(), N);
    free(some);
}

static void a_full_ring_refuses_and_is_unhealthy(void **state)
{
    (void)state;
    committer_fixture_stop(&cf);
    cf.live.options.queue_size.number = 4;
    committer_fixture_start(&cf);
    assert_true(committer_healthy(cf.live.sh.committer));
    /* the committer may take some meanwhile: push until one is refused */
    enum { MOST = 100000 };
    struct job *many = calloc(MOST, sizeof *many);
    size_t n = 0;
    do
        many[n] = click_job(&cf, 0, COMMITTER_CONTRACT);
    while (push_awake(cf.live.sh.committer, 0, &many[n]) == ERR_OK && ++n < MOST);
    assert_true(n < MOST);
    jobs_wait(&cf.worker[0], n);
    free(many);
    /* the refused click becomes a gap entry within a second or two */
    committer_fixture_stop(&cf);
    assert_int_equal(swept_size(), n + 1);
    committer_fixture_start(&cf);
}

/* ---- control jobs ---- */

static struct job control_job(struct control_job control)
{
    return (struct job){.arena = cf.arena, .worker = &cf.worker[0], .kind = JOB_CONTROL, .control = control};
}

static enum err publish(struct commit *cx, struct job *job)
{
    char mem[1024];
    struct buf note;
    buf_fixed(&note, mem, sizeof mem);
    if (!ledger_is_swept(cx->ledger, COMMITTER_CONTRACT))
        return ERR_INTERNAL;
    job->index = ledger_size(cx->ledger, COMMITTER_CONTRACT);
    return pipeline_publish_head(cx, catalog_contract_number(cx->catalog, COMMITTER_CONTRACT), &note);
}

static void after_sweep_jobs_meet_a_durable_head_each(void **state)
{
    (void)state;
    enum { N = 8 };
    struct job clicks[N], control[N];
    for (size_t i = 0; i < N; i++) {
        clicks[i] = click_job(&cf, 0, COMMITTER_CONTRACT);
        control[i] = control_job((struct control_job){.run = publish, .after_sweep = true});
        assert_ok(push_awake(cf.live.sh.committer, 0, &clicks[i]));
        assert_ok(push_awake(cf.live.sh.committer, 0, &control[i]));
    }
    jobs_wait(&cf.worker[0], 2 * N);
    for (size_t i = 0; i < N; i++) {
        assert_ok(clicks[i].err);
        assert_ok(control[i].err);
    }
}

static enum err add_party(struct commit *cx, struct job *job)
{
    struct party p = {
        .number = LIVE_PARTIES + 1, .id = "P9", .role = ROLE_AUDITOR, .name = SPAN("nine"), .created_ms = 1};
    cx->catalog_changed = true;
    job->answer_status = 201;
    return catalog_put_party(cx->txn, &p);
}

static void a_catalog_change_is_published_with_its_commit(void **state)
{
    (void)state;
    struct job job = control_job((struct control_job){.run = add_party});
    struct catalog *before = catalog_hold(cf.live.sh.instance.catalog);
    assert_null(catalog_party(before, SPAN("P9")));
    assert_ok(push_awake(cf.live.sh.committer, 0, &job));
    jobs_wait(&cf.worker[0], 1);
    struct catalog *after = catalog_hold(cf.live.sh.instance.catalog);
    assert_ok(job.err);
    assert_non_null(catalog_party(after, SPAN("P9")));
    catalog_unref(before);
    catalog_unref(after);
}

/* ---- chores ---- */

static bool nonces_left(void)
{
    struct cursor *c;
    struct span key, value;
    struct txn *t = fixture_begin(&cf.live.f, false);
    assert_ok(cursor_open(t, TABLE_NONCE_TIMES, &c));
    bool any = cursor_seek(c, SPAN(""), &key, &value);
    cursor_close(c);
    txn_abort(t);
    return any;
}

/* Far more than a second brings, as after a time of full storage. */
static void a_backlog_of_old_nonces_is_forgotten_within_seconds(void **state)
{
    (void)state;
    enum { OLD = 25000, WAIT_STEPS = 400, WAIT_US = 25000 };
    struct nonce_use use = {.used = true};
    struct txn *t = fixture_begin(&cf.live.f, true);
    for (uint32_t i = 0; i < OLD; i++) {
        use.forget_s = 1000 + i / 100;
        memcpy(use.key, &i, sizeof i);
        assert_ok(nonce_record(t, &use, COMMITTER_CONTRACT, i));
    }
    assert_ok(txn_commit(t));
    for (int i = 0; i < WAIT_STEPS && nonces_left(); i++)
        usleep(WAIT_US);
    assert_false(nonces_left());
}

/* ---- what a start refuses ---- */

static void a_store_behind_its_signed_heads_is_refused(void **state)
{
    (void)state;
    char mem[1024];
    struct buf note;
    struct checkpoint c = {.origin = SPAN("x"), .size = 1000};
    buf_fixed(&note, mem, sizeof mem);
    assert_int_equal(push_clicks(&cf, 10), 10);
    committer_fixture_stop(&cf);
    assert_ok(heads_sign(cf.live.sh.instance.heads, COMMITTER_CONTRACT, &c, &note));

    struct committer *refused;
    const struct committer_setup setup = live_setup(&cf.live, COMMITTER_WORKERS);
    assert_err(committer_start(&setup, &refused), ERR_CORRUPT);
    metrics_free(cf.live.sh.metrics);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(every_job_comes_back_once_with_an_index_of_its_own),
        TEST(what_is_acknowledged_is_in_the_file),
        TEST(a_job_refused_does_not_touch_its_batch),
        TEST(stopping_drains_and_sweeps),
        TEST(a_full_ring_refuses_and_is_unhealthy),
        TEST(after_sweep_jobs_meet_a_durable_head_each),
        TEST(a_catalog_change_is_published_with_its_commit),
        TEST(a_backlog_of_old_nonces_is_forgotten_within_seconds),
        TEST(a_store_behind_its_signed_heads_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
