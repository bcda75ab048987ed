#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

#include "common/base/id.h"
#include "server/commit/nonces.h"
#include "server/commit/rollups.h"
#include "server/commit/schedule.h"
#include "server/ledger/ledger_rows.h"
#include "server/settlement/statements.h"
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
    if (cf.live.committer != NULL)
        committer_fixture_stop(&cf);
    committer_fixture_close(&cf);
    return 0;
}

static void head_now(struct head *out)
{
    struct txn *t = fixture_begin(&cf.live.f, false);
    assert_ok(head_read(t, COMMITTER_CONTRACT, out));
    txn_abort(t);
}

static uint64_t swept_size(void)
{
    struct head head;
    struct txn *t = fixture_begin(&cf.live.f, false);
    enum err err = head_read(t, COMMITTER_CONTRACT, &head);
    txn_abort(t);
    return err == ERR_OK ? head.size : 0;
}

static uint64_t counted_size(void)
{
    uint64_t n = 0;
    struct txn *t = fixture_begin(&cf.live.f, false);
    assert_ok(rollups_reach(t, COMMITTER_CONTRACT, &n));
    txn_abort(t);
    return n;
}

/* ---- hand-over ---- */

enum { ROUNDS = 40, AT_ONCE = 50 };
static struct job jobs[COMMITTER_WORKERS][ROUNDS][AT_ONCE];

static void *push_rounds(void *arg)
{
    size_t w = *(size_t *)arg;
    for (size_t r = 0; r < ROUNDS; r++) {
        for (size_t i = 0; i < AT_ONCE; i++) {
            jobs[w][r][i] = click_job(&cf, COMMITTER_CONTRACT);
            assert_ok(push_awake(&cf, w, &jobs[w][r][i]));
        }
        jobs_wait(&cf, w, AT_ONCE);
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
    struct job job = click_job(&cf, COMMITTER_CONTRACT);
    assert_ok(push_awake(&cf, 1, &job));
    jobs_wait(&cf, 1, 1);
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
        three[i] = click_job(&cf, contracts[i]);
        assert_ok(push_awake(&cf, 0, &three[i]));
    }
    jobs_wait(&cf, 0, 3);
    assert_ok(three[0].err);
    assert_err(three[1].err, ERR_CORRUPT);
    assert_ok(three[2].err);
    assert_int_equal(three[2].index, 1);
}

static struct job code_job(void)
{
    struct job job = {.arena = cf.arena, .record = {.kind = RECORD_CODE, .advertiser = LIVE_ADVERTISER + 1}};
    job.record.code.contract = COMMITTER_CONTRACT;
    job.record.code.label = SPAN("late");
    job.record.quota = 100;
    return job;
}

static uint64_t commits(struct counters *c)
{
    uint64_t n = 0;
    for (size_t i = 0; i <= METRIC_BOUNDS; i++)
        n += c->commit_seconds.bucket[i];
    return n;
}

static void stopping_drains_and_sweeps(void **state)
{
    (void)state;
    enum { N = 500 };
    struct job *some = calloc(N, sizeof *some);
    for (size_t i = 0; i < N; i++) {
        some[i] = click_job(&cf, COMMITTER_CONTRACT);
        assert_ok(push_awake(&cf, 0, &some[i]));
    }
    jobs_wait(&cf, 0, N);
    committer_fixture_stop(&cf);
    assert_int_equal(swept_size(), N);
    free(some);
}

static int setup_without_sweeps(void **state)
{
    (void)state;
    committer_fixture_open(&cf, NULL);
    cf.live.options.sweep_ms.number = 3600000;
    committer_fixture_start(&cf);
    return 0;
}

/* To write all that was counted within a sweep's period would take as long as that is much: so many do not wait. */
static void many_leads_do_not_wait_for_the_time_of_a_sweep(void **state)
{
    (void)state;
    enum { N = 6000, TXID = 8 };
    struct job *leads = calloc(N, sizeof *leads);
    char(*txid)[TXID] = calloc(N, sizeof *txid);
    for (size_t i = 0; i < N; i++) {
        leads[i] = (struct job){.arena = cf.arena, .record = {.kind = RECORD_LEAD, .advertiser = LIVE_ADVERTISER + 1}};
        leads[i].record.arrived_ms = clock_ms();
        leads[i].record.lead.fallback_contract = COMMITTER_CONTRACT;
        leads[i].record.lead.report = (struct lead_report){
            .party = SPAN("P3"), .txid = span_of(txid[i], (size_t)snprintf(txid[i], sizeof *txid, "t%zu", i))};
        assert_ok(push_awake(&cf, 0, &leads[i]));
        if (i % 100 == 99)
            jobs_wait(&cf, 0, 100);
    }
    for (size_t i = 0; i < N; i++)
        assert_ok(leads[i].err);
    assert_in_range(counted_size(), N - N / 8, N);
    free(leads);
    free(txid);
}

static void a_full_queue_refuses_and_is_unhealthy(void **state)
{
    (void)state;
    committer_fixture_stop(&cf);
    cf.live.options.queue_size.number = 4;
    committer_fixture_start(&cf);
    assert_null(source_unready(cf.live.sh.source));
    /* the committer may take some meanwhile: push until one is refused */
    enum { MOST = 100000 };
    struct job *many = calloc(MOST, sizeof *many);
    size_t n = 0;
    do
        many[n] = click_job(&cf, COMMITTER_CONTRACT);
    while (push_awake(&cf, 0, &many[n]) == ERR_OK && ++n < MOST);
    assert_true(n < MOST);
    jobs_wait(&cf, 0, n);
    free(many);
    /* the refused click becomes a gap entry within a second or two */
    committer_fixture_stop(&cf);
    assert_int_equal(swept_size(), n + 1);
    committer_fixture_start(&cf);
}

/* Gaps count clicks that were sent on before; a click that meets the pause on its way is recorded, and earns nothing.
 */
static void a_pause_drops_no_gap_and_pays_no_click(void **state)
{
    struct job pause = {.arena = cf.arena,
                        .record = {.kind = RECORD_CAMPAIGN_CHANGE,
                                   .advertiser = LIVE_ADVERTISER + 1,
                                   .arrived_ms = clock_ms(),
                                   .change = {1, SPAN("{\"paused\":true}")}}};
    (void)state;
    assert_ok(push_awake(&cf, 0, &pause));
    jobs_wait(&cf, 0, 1);
    assert_ok(pause.err);
    struct job late = click_job(&cf, COMMITTER_CONTRACT);
    assert_ok(push_awake(&cf, 0, &late));
    jobs_wait(&cf, 0, 1);
    assert_ok(late.err);
    committer_fixture_stop(&cf); /* and sweeps */
    struct envelope env;
    struct txn *t = fixture_begin(&cf.live.f, false);
    assert_ok(ledger_read(t, COMMITTER_CONTRACT, late.index, &env));
    assert_int_equal(env.class, CLASS_ENDED);
    txn_abort(t);
    uint64_t before = swept_size();
    committer_fixture_start(&cf);
    const struct job missed = click_job(&cf, COMMITTER_CONTRACT);
    source_unrecorded(cf.live.sh.source, &missed);
    committer_fixture_stop(&cf);
    assert_int_equal(swept_size(), before + 1);
    committer_fixture_start(&cf);
}

/* ---- batches ---- */

/* Runs of kinds that this test makes its own. */
static enum err look_at_head(struct batch *cx, struct job *job)
{
    if (!ledger_is_swept(cx->ledger, COMMITTER_CONTRACT))
        return ERR_INTERNAL;
    job->index = ledger_size(cx->ledger, COMMITTER_CONTRACT);
    return ERR_OK;
}

static enum err add_party(struct batch *cx, struct job *job)
{
    struct party p = {
        .number = LIVE_PARTIES + 1, .id = "P9", .role = ROLE_AUDITOR, .name = SPAN("nine"), .created_ms = 1};
    cx->catalog_changed = true;
    job->answer_status = 201;
    return catalog_put_party(cx->txn, &p);
}

static enum err write_and_fail(struct batch *cx, struct job *job)
{
    (void)job;
    assert_ok(store_put(cx->txn, TABLE_META, SPAN("x"), SPAN("y")));
    return ERR_NOT_FOUND;
}

static void start_with(enum record_kind kind, job_run *run)
{
    static job_run *runs[RECORD_KINDS];
    committer_fixture_stop(&cf); /* it may read them */
    memcpy(runs, job_runs, sizeof runs);
    runs[kind] = run;
    cf.live.runs = runs;
    committer_fixture_start(&cf);
    cf.live.runs = NULL;
}

static struct job plain_job(enum record_kind kind)
{
    uint32_t advertiser = record_scope(kind) == SCOPE_ADVERTISER ? LIVE_ADVERTISER + 1 : 0;
    return (struct job){.arena = cf.arena, .record = {.kind = kind, .advertiser = advertiser}};
}

static void jobs_that_follow_a_sweep_meet_a_durable_head_each(void **state)
{
    (void)state;
    enum { N = 8 };
    struct job clicks[N], heads[N];
    start_with(RECORD_FRESH_HEAD, look_at_head);
    for (size_t i = 0; i < N; i++) {
        clicks[i] = click_job(&cf, COMMITTER_CONTRACT);
        heads[i] = plain_job(RECORD_FRESH_HEAD);
        assert_ok(push_awake(&cf, 0, &clicks[i]));
        assert_ok(push_awake(&cf, 0, &heads[i]));
    }
    jobs_wait(&cf, 0, 2 * N);
    for (size_t i = 0; i < N; i++) {
        assert_ok(clicks[i].err);
        assert_ok(heads[i].err);
        assert_int_equal(heads[i].index, i + 1); /* none jumps the queue */
    }
}

/* ---- a statement, and its head in the root log ---- */

static void run_alone(struct job *job)
{
    assert_ok(push_awake(&cf, 0, job));
    jobs_wait(&cf, 0, 1);
}

/* Of the log as it is now. */
static struct job statement_job(void)
{
    struct job up = plain_job(RECORD_FRESH_HEAD), job = plain_job(RECORD_STATEMENT);
    struct worker reader;
    up.record.fresh_head.contract = COMMITTER_CONTRACT;
    run_alone(&up);
    assert_ok(up.err);
    worker_open(&reader, &cf.live.sh, 0);
    assert_ok(statement_make(&reader, cf.arena, COMMITTER_CONTRACT, 0, up.record.now_ms, &job.record, NULL));
    worker_reader_end(&reader);
    worker_close(&reader);
    return job;
}

/* How many leaves of the root log are heads of that size. */
static unsigned leaves_of(uint64_t size)
{
    struct envelope env;
    struct checkpoint c;
    struct txn *t = fixture_begin(&cf.live.f, false);
    unsigned n = 0;
    for (uint64_t i = 0; ledger_read(t, ROOT_LOG, i, &env) == ERR_OK; i += 2) {
        assert_ok(checkpoint_peek(env.beside, &c));
        n += c.size == size;
    }
    txn_abort(t);
    return n;
}

static enum err no_head(struct batch *cx, struct job *job)
{
    (void)cx;
    (void)job;
    return ERR_CORRUPT;
}

static void a_statement_comes_when_its_head_is_in_the_root_log(void **state)
{
    (void)state;
    struct job click = click_job(&cf, COMMITTER_CONTRACT), next = click_job(&cf, COMMITTER_CONTRACT);
    run_alone(&click);
    struct job one = statement_job();
    run_alone(&one);
    assert_ok(one.err);
    assert_int_equal(one.answer_status, 201);
    assert_int_equal(leaves_of(click.index + 1), 1);
    run_alone(&next);
    struct job again = statement_job();
    run_alone(&again); /* over the entry of the one before, too */
    assert_ok(again.err);
    assert_int_equal(leaves_of(click.index + 1), 1);
    assert_int_equal(leaves_of(next.index + 1), 1);
}

static void no_statement_is_without_its_head(void **state)
{
    (void)state;
    struct head head;
    struct job click = click_job(&cf, COMMITTER_CONTRACT);
    start_with(RECORD_PUBLISH, no_head);
    run_alone(&click);
    struct job statement = statement_job();
    run_alone(&statement);
    assert_err(statement.err, ERR_CORRUPT);
    head_now(&head);
    assert_int_equal(head.last.number, 0);
    assert_int_equal(head.size, click.index + 1);
    start_with(RECORD_PUBLISH, chore_publish);
    statement = statement_job();
    run_alone(&statement);
    assert_ok(statement.err);
    assert_int_equal(leaves_of(click.index + 1), 1);
}

enum { APPROVALS = 3 };
static uint64_t size_at[APPROVALS];
static _Atomic int approvals;
static atomic_bool all_pushed;

static enum err one_of_many(struct batch *cx, struct job *job)
{
    while (!atomic_load(&all_pushed))
        sched_yield();
    if (approvals < APPROVALS)
        size_at[approvals++] = ledger_size(cx->ledger, COMMITTER_CONTRACT);
    job->more = approvals < APPROVALS;
    return ERR_OK;
}

static void clicks_do_not_wait_for_all_approvals_before_a_statement(void **state)
{
    (void)state;
    struct job click = click_job(&cf, COMMITTER_CONTRACT);
    approvals = APPROVALS; /* those of the schedule are not looked at */
    atomic_store(&all_pushed, true);
    start_with(RECORD_APPROVE, one_of_many);
    run_alone(&click);
    struct job statement = statement_job(), another = statement; /* which will rest on what has changed */
    atomic_store(&all_pushed, false);
    approvals = 0;
    click = click_job(&cf, COMMITTER_CONTRACT);
    assert_ok(source_push(cf.live.sh.source, 0, &statement));
    assert_ok(source_push(cf.live.sh.source, 0, &another));
    assert_ok(push_awake(&cf, 0, &click));
    atomic_store(&all_pushed, true);
    jobs_wait(&cf, 0, 3);
    assert_ok(statement.err);
    assert_true(another.outdated);
    assert_ok(click.err);
    assert_int_equal(approvals, APPROVALS);
    assert_int_equal(size_at[1], click.index + 1);
    assert_int_equal(leaves_of(click.index + 1), 1); /* and the statement's head is over it */
}

/* Of the schedule's own, a step that leaves some over is followed by another soon. */
static void a_backlog_of_approvals_does_not_wait_for_the_next_second(void **state)
{
    (void)state;
    enum { NOW_MS = 5000, SOON_MS = 100, STEPS = 5, APPROVE_CHORE = 1, SWEEP_CHORE = 3 };
    static const struct pace pace = {.sweep_ms = 1000};
    struct schedule s = {.instance = &cf.live.sh.instance, .pace = &pace};
    struct record r;
    int64_t pause_ms;
    for (int i = 0; i < CHORES_MAX; i++)
        s.due_ms[i] = INT64_MAX;
    s.due_ms[APPROVE_CHORE] = 0;
    for (int i = 0; i < STEPS; i++) {
        assert_true(schedule_next(&s, NOW_MS + i * SOON_MS, false, &r, &pause_ms));
        assert_int_equal(r.kind, RECORD_APPROVE);
        schedule_done(&s, &(struct job){.record = r, .more = i < STEPS - 1});
    }
    assert_false(schedule_next(&s, NOW_MS + STEPS * SOON_MS, false, &r, &pause_ms));
    assert_in_range(pause_ms, 1, 1000);
    s.due_ms[APPROVE_CHORE] =
        NOW_MS; /* nor does it come before what is due for longer, or while nothing can be written */
    s.due_ms[SWEEP_CHORE] = NOW_MS - 1;
    assert_false(schedule_next(&s, NOW_MS, true, &r, &pause_ms));
    assert_true(pause_ms > 0);
    assert_true(schedule_next(&s, NOW_MS, false, &r, &pause_ms));
    assert_int_equal(r.kind, RECORD_SWEEP);
}

static void a_pace_that_changes_counts_at_once(void **state)
{
    (void)state;
    enum { NOW_MS = 5000, SLOW_MS = 60000, QUICK_MS = 10, SWEEP_CHORE = 3 };
    struct pace pace = {.sweep_ms = SLOW_MS};
    struct schedule s = {.instance = &cf.live.sh.instance, .pace = &pace};
    struct record r;
    int64_t pause_ms;
    for (int i = 0; i < CHORES_MAX; i++)
        s.due_ms[i] = i == SWEEP_CHORE ? 0 : INT64_MAX;
    assert_true(schedule_next(&s, NOW_MS, false, &r, &pause_ms));
    assert_int_equal(r.kind, RECORD_SWEEP);
    assert_false(schedule_next(&s, NOW_MS, false, &r, &pause_ms));
    assert_int_equal(pause_ms, SLOW_MS);
    atomic_store(&pace.sweep_ms, QUICK_MS);
    assert_false(schedule_next(&s, NOW_MS, false, &r, &pause_ms));
    assert_int_equal(pause_ms, QUICK_MS);
    assert_true(schedule_next(&s, NOW_MS + QUICK_MS, false, &r, &pause_ms));
    assert_int_equal(r.kind, RECORD_SWEEP);
}

/* What came meanwhile is of the next period; what it rests on must still be so. */
static void a_statement_takes_its_place_only_where_all_it_rests_on_stands(void **state)
{
    (void)state;
    struct head head;
    struct job click = click_job(&cf, COMMITTER_CONTRACT), between = click_job(&cf, COMMITTER_CONTRACT);
    run_alone(&click);
    struct job one = statement_job(), other = statement_job(), wrong = one;
    run_alone(&between);
    static const struct {
        size_t offset;
        int by;
    } changes[] = {
        {offsetof(struct record, statement.number), 1},       {offsetof(struct record, statement.from), 1},
        {offsetof(struct record, statement.at_cut), 1},       {offsetof(struct record, statement.terms), 1},
        {offsetof(struct record, statement.legal_sha256), 1}, {offsetof(struct record, statement.prev_sha256), 1},
        {offsetof(struct record, statement.issued_ms), -128}, {offsetof(struct record, statement.to), 64},
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        wrong = one;
        char *byte = (char *)&wrong.record + changes[i].offset + (changes[i].by == -128 ? 4 : 0);
        *byte = (char)(changes[i].by == -128 ? *byte - 1 : *byte ^ changes[i].by);
        run_alone(&wrong);
        assert_err(wrong.err, ERR_BUSY);
        assert_true(wrong.outdated);
    }
    run_alone(&one);
    assert_ok(one.err);
    run_alone(&other);
    assert_err(other.err, ERR_BUSY);
    assert_true(other.outdated);
    head_now(&head);
    assert_int_equal(head.last.to, click.index + 1);
    assert_int_equal(head.size, between.index + 2); /* the statement's own entry stands behind what came meanwhile */
}

/* A live step of the clock, as the source tells of it, between the snapshot and the place in the log. */
static void a_statement_over_which_the_clock_stepped_has_no_place(void **state)
{
    (void)state;
    enum { HOURS_MS = 3 * 3600 * 1000 };
    struct head head;
    struct job click = click_job(&cf, COMMITTER_CONTRACT), step = plain_job(RECORD_CLOCK);
    run_alone(&click);
    struct job one = statement_job();
    step.record.clock.should_ms = clock_ms() - HOURS_MS;
    step.record.clock.stepped = true;
    run_alone(&step);
    assert_ok(step.err);
    run_alone(&one);
    assert_err(one.err, ERR_CONFLICT);
    assert_false(one.outdated);
    head_now(&head);
    assert_int_equal(head.last.number, 0);
}

static void a_reader_that_is_to_stop_makes_no_statement(void **state)
{
    (void)state;
    struct job click = click_job(&cf, COMMITTER_CONTRACT), up = plain_job(RECORD_FRESH_HEAD);
    struct record made;
    struct worker reader;
    up.record.fresh_head.contract = COMMITTER_CONTRACT;
    run_alone(&click);
    run_alone(&up);
    worker_open(&reader, &cf.live.sh, 0);
    atomic_store(&reader.stopping, true);
    assert_err(statement_make(&reader, cf.arena, COMMITTER_CONTRACT, 0, up.record.now_ms, &made, NULL), ERR_BUSY);
    worker_reader_end(&reader);
    worker_close(&reader);
}

/* A row that does not read, as if it had become one on its way. */
static enum err put_bad_code(struct batch *cx, struct job *job)
{
    uint8_t key[8];
    store_be32(key, job->record.code.contract);
    store_be32(key + 4, (uint32_t)catalog_contract_number(cx->catalog, job->record.code.contract)->n_codes + 1);
    assert_ok(store_put(cx->txn, TABLE_CODES, span_of(key, sizeof key), SPAN("{")));
    txn_note(cx->txn, TABLE_CODES, span_of(key, sizeof key));
    cx->catalog_changed = true;
    job->answer_status = 201;
    return ERR_OK;
}

static void a_change_of_control_data_that_do_not_read_fails_alone(void **state)
{
    (void)state;
    start_with(RECORD_CODE, put_bad_code);
    struct counters *counters = metrics_thread(cf.live.sh.metrics, COMMITTER_WORKERS);
    uint64_t before = commits(counters);
    struct job three[] = {click_job(&cf, COMMITTER_CONTRACT), code_job(), click_job(&cf, COMMITTER_CONTRACT)};
    for (size_t i = 0; i < 3; i++)
        assert_ok(source_push(cf.live.sh.source, 0, &three[i]));
    source_wake(cf.live.sh.source);
    jobs_wait(&cf, 0, 3);
    assert_int_equal(commits(counters), before + 1); /* they were one batch */
    assert_ok(three[0].err);
    assert_err(three[1].err, ERR_CORRUPT);
    assert_ok(three[2].err);
    assert_int_equal(three[2].index, 1);

    start_with(RECORD_CODE, job_runs[RECORD_CODE]); /* nothing of it is in the store */
    struct job again = code_job();
    assert_ok(push_awake(&cf, 0, &again));
    jobs_wait(&cf, 0, 1);
    assert_ok(again.err);
}

static void a_catalog_change_is_published_with_its_commit(void **state)
{
    (void)state;
    start_with(RECORD_PARTY, add_party);
    struct job job = plain_job(RECORD_PARTY);
    struct catalog *before = catalog_hold(cf.live.sh.instance.catalog);
    assert_null(catalog_party(before, SPAN("P9")));
    assert_ok(push_awake(&cf, 0, &job));
    jobs_wait(&cf, 0, 1);
    struct catalog *after = catalog_hold(cf.live.sh.instance.catalog);
    assert_ok(job.err);
    assert_non_null(catalog_party(after, SPAN("P9")));
    catalog_unref(before);
    catalog_unref(after);
}

static enum err only_fail(struct batch *cx, struct job *job)
{
    (void)cx;
    (void)job;
    return ERR_INVALID;
}

/* In a process of its own: the assertion ends it. */
static int dies_of(enum record_kind kind, job_run *run, struct job *job)
{
    static job_run *runs[RECORD_KINDS];
    struct job *one[] = {job};
    job->record.now_ms = clock_ms(); /* as the source does */
    committer_fixture_stop(&cf);
    memcpy(runs, job_runs, sizeof runs);
    if (run != NULL)
        runs[kind] = run;
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        struct committer *c;
        bool wrote;
        const struct committer_setup setup = {&cf.live.sh.instance, runs, NULL};
        if (freopen("/dev/null", "w", stderr) == NULL || committer_open(&setup, &c) != ERR_OK)
            _exit(2);
        _exit(committer_run(c, one, 1, &wrote) == ERR_OK ? 0 : 1);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    committer_fixture_start(&cf);
    return WIFSIGNALED(status) ? WTERMSIG(status) : 0;
}

/* A right that is given waits for room; one that is taken does not. */
static void what_takes_a_right_away_is_known(void **state)
{
    (void)state;
    static const struct {
        struct record r;
        bool ends;
    } rows[] = {
        {{.kind = RECORD_TOKEN_END}, true},
        {{.kind = RECORD_RETIRE}, true},
        {{.kind = RECORD_GRANT_END}, true},
        {{.kind = RECORD_LOCK, .lock.on = true}, true},
        {{.kind = RECORD_LOCK}, false},
        {{.kind = RECORD_CODE_CHANGE, .code_change = {.switches = true, .off = true}}, true},
        {{.kind = RECORD_CODE_CHANGE, .code_change = {.switches = true}}, false},
        {{.kind = RECORD_CODE_CHANGE, .code_change = {.relabels = true, .off = true}}, false},
        {{.kind = RECORD_SHARE}, true},
        {{.kind = RECORD_SHARE, .share.contract = 1}, false},
        {{.kind = RECORD_POSTBACK_KEY}, true},
        {{.kind = RECORD_POSTBACK_KEY, .postback_key.cidrs = SPAN("192.0.2.0/24")}, false},
        {{.kind = RECORD_TOKEN}, false},
        {{.kind = RECORD_SECRET}, false},
        {{.kind = RECORD_GRANT}, false},
        {{.kind = RECORD_LEAD}, false},
        {{.kind = RECORD_CLICK}, false},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        assert_int_equal(record_ends(&rows[i].r), rows[i].ends);
}

static void an_error_that_wrote_ends_the_process(void **state)
{
    (void)state;
    struct job job = plain_job(RECORD_CODE), gone = click_job(&cf, 99);
    assert_int_equal(dies_of(RECORD_CODE, write_and_fail, &job), SIGABRT);
    assert_int_equal(dies_of(RECORD_CODE, only_fail, &job), 0);
    assert_int_equal(dies_of(RECORD_CLICK, NULL, &gone), 0);
}

static void a_record_that_touches_another_advertisers_log_ends_the_process(void **state)
{
    (void)state;
    struct job own = click_job(&cf, COMMITTER_CONTRACT), foreign = own, elsewhere = own;
    foreign.record.advertiser++;
    elsewhere.record.partition++;
    assert_int_equal(dies_of(RECORD_CLICK, NULL, &own), 0);
    assert_int_equal(dies_of(RECORD_CLICK, NULL, &foreign), SIGABRT);
    assert_int_equal(dies_of(RECORD_CLICK, NULL, &elsewhere), SIGABRT);
    struct job code = plain_job(RECORD_CODE), grant = plain_job(RECORD_GRANT);
    code.record.code.contract = grant.record.grant.contract = COMMITTER_CONTRACT;
    grant.record.grant.party = LIVE_OTHER + 1;
    code.record.quota = grant.record.quota = 100;
    grant.record.grant.by = LIVE_OPERATOR + 1;
    struct job foreign_code = code, foreign_grant = grant;
    foreign_code.record.advertiser++;
    foreign_grant.record.advertiser++;
    assert_int_equal(dies_of(RECORD_CODE, NULL, &code), 0);
    assert_int_equal(dies_of(RECORD_CODE, NULL, &foreign_code), SIGABRT);
    assert_int_equal(dies_of(RECORD_GRANT, NULL, &grant), 0);
    assert_int_equal(dies_of(RECORD_GRANT, NULL, &foreign_grant), SIGABRT);
}

static atomic_size_t largest;
static atomic_bool times_differ;

static enum err compare_times(void *ctx, struct job *const *batch, size_t n)
{
    (void)ctx;
    for (size_t i = 0; i < n; i++)
        if (batch[i]->record.now_ms != batch[0]->record.now_ms)
            atomic_store(&times_differ, true);
    if (n > atomic_load(&largest))
        atomic_store(&largest, n);
    return ERR_OK;
}

static void all_records_of_a_batch_have_one_time(void **state)
{
    (void)state;
    enum { N = 64 };
    static const struct source_keeper keeper = {compare_times, NULL};
    struct job pushed[N];
    committer_fixture_stop(&cf);
    cf.live.keeper = &keeper;
    committer_fixture_start(&cf);
    for (size_t i = 0; i < N; i++) {
        pushed[i] = click_job(&cf, COMMITTER_CONTRACT);
        assert_ok(source_push(cf.live.sh.source, 0, &pushed[i]));
    }
    source_wake(cf.live.sh.source);
    jobs_wait(&cf, 0, N);
    assert_true(atomic_load(&largest) > 1);
    assert_false(atomic_load(&times_differ));
    committer_fixture_stop(&cf);
    cf.live.keeper = NULL;
    committer_fixture_start(&cf);
}

/* Two workers' jobs, one of them stamped before the clock was set back by an hour, the last come since the source
 * looked at the clock. */
static void a_batch_is_in_the_order_of_arrival_by_the_clock_as_it_goes_now(void **state)
{
    (void)state;
    enum { ARRIVALS = 6, STAMPED_BEFORE = 3, HOUR_MS = 3600000, APART_MS = 10000, SINCE_MS = 2000 };
    static struct job arrived[ARRIVALS], *batch[BATCH_MAX];
    static const struct pace pace = {.sweep_ms = 1000};
    struct metrics *metrics = metrics_new(1);
    const struct source_setup setup = {.instance = &cf.live.sh.instance,
                                       .workers = COMMITTER_WORKERS,
                                       .queue_size = ARRIVALS,
                                       .pace = &pace,
                                       .counters = metrics_thread(metrics, 0)};
    struct source *s = source_new(&setup);
    int64_t now_ms, now_us;
    size_t n;
    clock_pair(&now_ms, &now_us);
    for (int i = 0; i < ARRIVALS; i++) {
        int64_t ago_ms = (ARRIVALS - 1 - i) * APART_MS - SINCE_MS;
        arrived[i] = click_job(&cf, COMMITTER_CONTRACT);
        arrived[i].arrived_us = now_us - ago_ms * 1000;
        arrived[i].record.arrived_ms = now_ms - ago_ms + (i == STAMPED_BEFORE ? HOUR_MS : 0);
        assert_ok(source_push(s, (size_t)i % COMMITTER_WORKERS, &arrived[i]));
    }
    while ((n = source_take(s, batch)) > 0 && batch[0]->chore)
        source_done(s, batch, n, ERR_OK, true);
    assert_int_equal(n, ARRIVALS);
    for (int i = 0; i < ARRIVALS; i++) {
        int64_t off_ms = arrived[i].record.arrived_ms - (now_ms + SINCE_MS - (ARRIVALS - 1 - i) * APART_MS);
        assert_ptr_equal(batch[i], &arrived[i]);
        assert_true(off_ms == 0 || i == STAMPED_BEFORE);
        assert_true(llabs(off_ms) < CLOCK_STEP_MS);
        assert_true(arrived[i].record.now_ms >= arrived[i].record.arrived_ms);
    }
    source_done(s, batch, n, ERR_OK, true);
    source_free(s);
    metrics_free(metrics);
}

/* A click waits whenever a batch is taken; the rows came before all of them, those of the second lane last. */
static void rows_of_calls_that_have_many_come_between_and_in_turns(void **state)
{
    (void)state;
    enum { ROWS = 40, TAKES_MOST = 100, ROWS_A_BATCH = 12 };
    static struct job row[COMMITTER_WORKERS * ROWS], click[TAKES_MOST], *batch[BATCH_MAX];
    static const struct pace pace = {.sweep_ms = 1000};
    struct metrics *metrics = metrics_new(1);
    const struct source_setup setup = {.instance = &cf.live.sh.instance,
                                       .workers = COMMITTER_WORKERS,
                                       .queue_size = TAKES_MOST,
                                       .pace = &pace,
                                       .counters = metrics_thread(metrics, 0)};
    struct source *s = source_new(&setup);
    size_t n, taken[COMMITTER_WORKERS] = {0}, clicks = 0, takes = 0;
    bool last_was_behind = false;
    for (size_t i = 0; i < COMMITTER_WORKERS * ROWS; i++) {
        row[i] = click_job(&cf, COMMITTER_CONTRACT);
        row[i].behind = true;
        row[i].arrived_us = (int64_t)i + 1;
        assert_ok(source_push(s, i / ROWS, &row[i]));
    }
    for (; taken[0] + taken[1] < COMMITTER_WORKERS * ROWS; takes++) {
        assert_true(takes < TAKES_MOST);
        click[takes] = click_job(&cf, COMMITTER_CONTRACT);
        assert_ok(source_push(s, 0, &click[takes]));
        n = source_take(s, batch);
        bool behind = !batch[0]->chore && batch[0]->behind;
        assert_true(n > 0 && !(behind && last_was_behind) && (!behind || n <= ROWS_A_BATCH));
        for (size_t i = 0; i < n; i++) {
            assert_true(batch[i]->chore || batch[i]->behind == behind);
            clicks += !batch[i]->chore && !behind;
            if (behind)
                assert_ptr_equal(batch[i], &row[batch[i]->worker * ROWS + taken[batch[i]->worker]++]);
        }
        assert_true(taken[0] <= taken[1] + 1 && taken[1] <= taken[0] + 1);
        last_was_behind = behind;
        source_done(s, batch, n, ERR_OK, true);
    }
    assert_true(clicks + 2 >= takes / 2 && clicks <= takes);
    source_free(s);
    metrics_free(metrics);
}

/* ---- chores ---- */

static bool nonces_left(void)
{
    struct cursor *c;
    struct span key, value;
    struct txn *t = fixture_begin(&cf.live.f, false);
    assert_ok(cursor_open(t, TABLE_NONCES, &c));
    enum err step = cursor_seek(c, SPAN(""), &key, &value);
    cursor_close(c);
    txn_abort(t);
    assert_ok(cursor_end(step));
    return step == ERR_OK;
}

/* Far more than a second brings, as after a time of full storage. */
static void a_backlog_of_old_nonces_is_forgotten_within_seconds(void **state)
{
    (void)state;
    enum { OLD = 25000, WAIT_STEPS = 400, WAIT_US = 25000 };
    struct nonce_use use = {.used = true};
    struct txn *t = fixture_begin(&cf.live.f, true);
    store_spread_recent(cf.live.f.store, OLD);
    for (uint32_t i = 0; i < OLD; i++) {
        memcpy(use.key, &i, sizeof i);
        assert_ok(nonce_record(t, &use, 1000 + i / 100, COMMITTER_CONTRACT, i));
    }
    assert_ok(txn_commit(t));
    for (int i = 0; i < WAIT_STEPS && nonces_left(); i++)
        usleep(WAIT_US);
    assert_false(nonces_left());
}

/* ---- a disk that is full for refusals ---- */

static atomic_int not_kept;

static enum err no_room(struct batch *cx, struct job *job)
{
    (void)cx;
    (void)job;
    atomic_fetch_add(&not_kept, 1);
    return ERR_FULL;
}

/* What strangers make it write is dropped, and counted; no click goes unrecorded for it, nor is anybody told that
 * nothing is. */
static void refusals_that_find_no_room_cost_no_click(void **state)
{
    (void)state;
    static job_run *runs[RECORD_KINDS];
    enum { ROUNDS_OF_THEM = 3, SOON_STEPS = 20000 };
    committer_fixture_stop(&cf);
    memcpy(runs, job_runs, sizeof runs);
    runs[RECORD_REFUSED] = no_room;
    cf.live.runs = runs;
    committer_fixture_start(&cf);
    struct counters *counters = metrics_thread(cf.live.sh.metrics, COMMITTER_WORKERS);
    for (int round = 1; round <= ROUNDS_OF_THEM; round++) {
        struct refusal one = {.room = {.party = 2}, .at_ms = clock_ms(), .request_id = 1, .status = 401};
        assert_true(source_refused(cf.live.sh.source, &one));
        source_wake(cf.live.sh.source);
        for (int i = 0; i < SOON_STEPS && atomic_load(&not_kept) < round; i++) {
            assert_int_equal(push_clicks(&cf, 2), 2);
            assert_null(source_unready(cf.live.sh.source));
            usleep(1000);
        }
        assert_int_equal(push_clicks(&cf, 20), 20);
        assert_true(atomic_load(&not_kept) >= round);
    }
    assert_int_equal(counters->unrecorded, 0);
    assert_int_equal(counters->refused_dropped, ROUNDS_OF_THEM);
    cf.live.runs = NULL;
}

/* ---- what a start refuses ---- */

static void refused_behind(uint32_t log)
{
    char mem[1024];
    struct buf note;
    struct checkpoint c = {.origin = SPAN("x"), .size = 1000};
    buf_fixed(&note, mem, sizeof mem);
    assert_int_equal(push_clicks(&cf, 10), 10);
    committer_fixture_stop(&cf);
    assert_ok(heads_sign(cf.live.sh.instance.heads, log, &c, &note));

    assert_err(live_commit_start(&cf.live, COMMITTER_WORKERS), ERR_CORRUPT);
    source_free(cf.live.sh.source);
    live_tables_free(&cf.live);
}

static void a_store_behind_its_signed_heads_is_refused(void **state)
{
    (void)state;
    refused_behind(COMMITTER_CONTRACT);
}

static void the_first_log_is_looked_at_as_any(void **state)
{
    (void)state;
    refused_behind(1);
}

static void the_last_log_is_looked_at_as_any(void **state)
{
    (void)state;
    refused_behind(4);
}

static void a_log_whose_tiles_are_gone_is_signed_no_further(void **state)
{
    enum { N = 300 };
    char mem[1024];
    uint8_t key[TILE_KEY_LEN];
    struct buf note;
    struct heads *heads = cf.live.sh.instance.heads;
    struct checkpoint c = {.origin = SPAN("x"), .size = N};
    (void)state;
    buf_fixed(&note, mem, sizeof mem);
    assert_int_equal(push_clicks(&cf, N), N);
    committer_fixture_stop(&cf);
    struct txn *t = fixture_begin(&cf.live.f, true);
    assert_ok(ledger_root_at(t, COMMITTER_CONTRACT, N, &c.root));
    assert_ok(store_del(t, TABLE_TILES, tile_key(key, COMMITTER_CONTRACT, 0, 1)));
    assert_ok(txn_commit(t));
    assert_ok(heads_sign(heads, COMMITTER_CONTRACT, &c, &note));
    assert_ok(live_commit_start(&cf.live, COMMITTER_WORKERS));
    c.size++;
    assert_err(heads_sign(heads, COMMITTER_CONTRACT, &c, &note), ERR_CORRUPT);
    assert_ok(heads_sign(heads, 1, &c, &note));
}

static void a_log_without_its_contract_is_refused(void **state)
{
    static const struct span contract = {"\0\0\0\4", 4}, code = {"\0\0\0\4\0\0\0\1", 8};
    struct live *l = &cf.live;
    struct job job = click_job(&cf, 4);
    (void)state;
    assert_ok(push_awake(&cf, 0, &job));
    jobs_wait(&cf, 0, 1);
    assert_ok(job.err);
    committer_fixture_stop(&cf);
    struct txn *t = fixture_begin(&l->f, true);
    assert_ok(store_del(t, TABLE_CONTRACTS, contract));
    assert_ok(store_del(t, TABLE_CODES, code));
    assert_ok(txn_commit(t));
    fixture_instance_close(&l->f, &l->sh.instance);
    fixture_instance(&l->f, &l->sh.instance);
    assert_err(live_commit_start(l, COMMITTER_WORKERS), ERR_CORRUPT);
    source_free(l->sh.source);
    live_tables_free(l);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(every_job_comes_back_once_with_an_index_of_its_own),
        TEST(what_is_acknowledged_is_in_the_file),
        TEST(a_job_refused_does_not_touch_its_batch),
        TEST(a_change_of_control_data_that_do_not_read_fails_alone),
        TEST(stopping_drains_and_sweeps),
        cmocka_unit_test_setup_teardown(many_leads_do_not_wait_for_the_time_of_a_sweep, setup_without_sweeps, teardown),
        TEST(a_full_queue_refuses_and_is_unhealthy),
        TEST(a_pause_drops_no_gap_and_pays_no_click),
        TEST(a_statement_comes_when_its_head_is_in_the_root_log),
        TEST(no_statement_is_without_its_head),
        TEST(clicks_do_not_wait_for_all_approvals_before_a_statement),
        TEST(a_backlog_of_approvals_does_not_wait_for_the_next_second),
        TEST(a_pace_that_changes_counts_at_once),
        TEST(a_statement_takes_its_place_only_where_all_it_rests_on_stands),
        TEST(a_statement_over_which_the_clock_stepped_has_no_place),
        TEST(a_reader_that_is_to_stop_makes_no_statement),
        TEST(jobs_that_follow_a_sweep_meet_a_durable_head_each),
        TEST(what_takes_a_right_away_is_known),
        TEST(an_error_that_wrote_ends_the_process),
        TEST(a_record_that_touches_another_advertisers_log_ends_the_process),
        TEST(all_records_of_a_batch_have_one_time),
        TEST(a_batch_is_in_the_order_of_arrival_by_the_clock_as_it_goes_now),
        TEST(rows_of_calls_that_have_many_come_between_and_in_turns),
        TEST(a_catalog_change_is_published_with_its_commit),
        TEST(a_backlog_of_old_nonces_is_forgotten_within_seconds),
        TEST(refusals_that_find_no_room_cost_no_click),
        TEST(a_store_behind_its_signed_heads_is_refused),
        TEST(the_first_log_is_looked_at_as_any),
        TEST(the_last_log_is_looked_at_as_any),
        TEST(a_log_whose_tiles_are_gone_is_signed_no_further),
        TEST(a_log_without_its_contract_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
