/* How far the openings of a log reach: to its last sweep. */
#include "common/base/when.h"
#include "server/audit/audit.h"
#include "tests/support/committer_fixture.h"

enum { ANOTHER = 4, AN_HOUR_MS = 3600000 };

static struct committer_fixture cf;
static struct worker worker; /* without a thread */

static void click(uint32_t contract)
{
    struct job job = click_job(&cf, contract);
    struct private_part priv = {.ip = SPAN("192.0.2.1"), .ua = SPAN("test")};
    struct hash *commitment = &job.record.track.entry.click.commitment;
    struct buf plain, sealed;
    arena_buf(cf.arena, &plain, 512);
    arena_buf(cf.arena, &sealed, 512);
    private_commitment(&priv, commitment);
    private_write(&plain, &priv);
    job.record.track.sealed.day = (uint32_t)(job.record.arrived_ms / MS_PER_DAY);
    assert_ok(sealer_seal(worker.sealer, job.record.track.sealed.day, commitment, buf_span(&plain), &sealed));
    job.record.track.sealed.bytes = buf_span(&sealed);
    assert_ok(push_awake(&cf, 0, &job));
    jobs_wait(&cf, 0, 1);
    assert_ok(job.err);
}

/* Returns when the first sweep is over, and with it the last one for an hour: it stands between these two batches, if
 * not before them. */
static void start(void)
{
    committer_fixture_start(&cf);
    worker_open(&worker, &cf.live.sh, 0);
    click(ANOTHER);
    click(ANOTHER);
}

/* Sweeps, too. */
static void stop(void)
{
    worker_close(&worker);
    committer_fixture_stop(&cf);
}

static int setup(void **state)
{
    (void)state;
    committer_fixture_open(&cf, NULL);
    cf.live.options.sweep_ms.number = AN_HOUR_MS;
    start();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    stop();
    committer_fixture_close(&cf);
    return 0;
}

/* The lines that the operator gets. */
static size_t lines(const char *query)
{
    struct reply reply = {0};
    struct request rq = {.method = METHOD_GET, .query = span_str(query), .param = {SPAN("C2")}, .arena = cf.arena};
    rq.worker = &worker;
    rq.catalog = catalog_hold(cf.live.sh.instance.catalog);
    rq.caller = catalog_party(rq.catalog, SPAN("P1"));
    assert_ok(openings_get(&rq, &reply));
    worker_reader_end(rq.worker);
    catalog_unref(rq.catalog);
    for (size_t i = 0; i < reply.n_headers; i++)
        assert_string_not_equal(reply.header[i].name, "Link");
    size_t n = 0;
    for (size_t i = 0; i < reply.body.len; i++)
        n += reply.body.ptr[i] == '\n';
    return n;
}

static void openings_end_at_the_swept_head(void **state)
{
    (void)state;
    for (int i = 0; i < 3; i++)
        click(COMMITTER_CONTRACT);
    assert_int_equal(lines(""), 0); /* a log without a head yet */
    stop();
    start();
    assert_int_equal(lines(""), 3);
    click(COMMITTER_CONTRACT);
    click(COMMITTER_CONTRACT);
    assert_int_equal(lines(""), 3);
    assert_int_equal(lines("from=1&to=5"), 2);
    assert_int_equal(lines("from=1&to=2"), 1);
    assert_int_equal(lines("from=3&to=5"), 0);
    assert_int_equal(lines("from=4"), 0);
    stop();
    start();
    assert_int_equal(lines("from=1&to=5"), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(openings_end_at_the_swept_head, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
