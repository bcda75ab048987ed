/* How far the openings of a log reach: to its last sweep; and that a key that does not read leaves nothing out. */
#include "common/base/mem.h"
#include "common/base/when.h"
#include "server/api/api.h"
#include "server/audit/audit.h"
#include "tests/support/committer_fixture.h"

enum { ANOTHER = 4, AN_HOUR_MS = 3600000 };

static struct committer_fixture cf;
static struct worker worker; /* without a thread */

static void seal(const struct private_part *priv, int64_t at_ms, struct private_sealed *out, struct hash *commitment)
{
    struct buf plain, sealed;
    arena_buf(cf.arena, &plain, 512);
    arena_buf(cf.arena, &sealed, 512);
    private_commitment(priv, commitment);
    private_write(&plain, priv);
    out->day = (uint32_t)(at_ms / MS_PER_DAY);
    assert_ok(sealer_seal(worker.sealer, out->day, commitment, buf_span(&plain), &sealed));
    out->bytes = buf_span(&sealed);
}

static void commit(struct job *job)
{
    assert_ok(push_awake(&cf, 0, job));
    jobs_wait(&cf, 0, 1);
    assert_ok(job->err);
}

static void click(uint32_t contract)
{
    struct job job = click_job(&cf, contract);
    const struct private_part priv = {.ip = SPAN("192.0.2.1"), .ua = SPAN("test")};
    seal(&priv, job.record.arrived_ms, &job.record.track.sealed, &job.record.track.entry.click.commitment);
    commit(&job);
}

/* Its index. */
static uint64_t lead(void)
{
    struct job job = {.arena = cf.arena, .record = {.kind = RECORD_LEAD, .advertiser = LIVE_ADVERTISER + 1}};
    struct record_lead *l = &job.record.lead;
    const struct private_part priv = {
        .lead = true, .contact = SPAN("{\"email\":\"ana@example.com\"}"), .ip = SPAN("192.0.2.1"), .ua = SPAN("test")};
    job.record.arrived_ms = clock_ms();
    l->fallback_contract = COMMITTER_CONTRACT;
    l->report = (struct lead_report){.party = SPAN("P3"), .txid = SPAN("t1")};
    seal(&priv, job.record.arrived_ms, &l->sealed, &l->report.commitment);
    record_keep(l, &priv);
    commit(&job);
    return job.index;
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

/* Into the arena, as what is short. */
static void keep_body(struct reply *reply)
{
    reply->body = arena_copy(cf.arena, reply->body);
    free(reply->heap);
    reply->heap = NULL;
}

/* The lines that the operator gets, and what the answer says of a next page: empty when there is none. */
static size_t page(const char *query, struct span *next)
{
    struct reply reply = {0};
    struct request rq = {.method = METHOD_GET, .query = span_str(query), .param = {SPAN("C2")}, .arena = cf.arena};
    rq.worker = &worker;
    rq.catalog = catalog_hold(cf.live.sh.instance.catalog);
    rq.caller = catalog_party(rq.catalog, SPAN("P1"));
    assert_ok(openings_get(&rq, &reply));
    worker_reader_end(rq.worker);
    catalog_unref(rq.catalog);
    keep_body(&reply);
    *next = SPAN("");
    for (size_t i = 0; i < reply.n_headers; i++)
        if (strcmp(reply.header[i].name, "Link") == 0)
            *next = reply.header[i].value;
    size_t n = 0;
    for (size_t i = 0; i < reply.body.len; i++)
        n += reply.body.ptr[i] == '\n';
    return n;
}

static size_t lines(const char *query)
{
    struct span next;
    size_t n = page(query, &next);
    assert_true(span_empty(next));
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

/* No fewer, or `pull` would take this server for one that keeps it busy; and no more. */
static void a_page_is_a_thousand_entries(void **state)
{
    static const char second[] = "openings?from=1000&";
    enum { PAGE = 1000 };
    struct span next;
    (void)state;
    for (int i = 0; i < PAGE; i++)
        click(COMMITTER_CONTRACT);
    stop();
    start();
    assert_int_equal(lines(""), PAGE);
    click(COMMITTER_CONTRACT);
    stop();
    start();
    assert_int_equal(page("", &next), PAGE);
    assert_non_null(memmem(next.ptr, next.len, second, sizeof second - 1));
    assert_int_equal(lines("from=1000"), 1);
}

/* ---- the key of a day ---- */

enum key_state { KEY_LOST, KEY_DAMAGED, KEY_GONE };

static void change_day_keys(enum key_state state)
{
    struct cursor *c;
    struct span key, value;
    struct {
        uint8_t day[4], wrapped[DAY_KEY_ROW + 8];
    } row[8];
    size_t n = 0;
    struct txn *t = fixture_begin(&cf.live.f, true);
    assert_ok(cursor_open(t, TABLE_DAY_KEYS, &c));
    enum err step = cursor_seek(c, SPAN(""), &key, &value);
    for (; step == ERR_OK; step = cursor_next(c, &key, &value)) {
        assert_true(n < 8 && key.len == 4 && value.len <= sizeof row[n].wrapped);
        memcpy(row[n].day, key.ptr, 4);
        memcpy(row[n].wrapped, value.ptr, value.len);
        store_be64((char *)row[n++].wrapped + DAY_KEY_ROW,
                   UINT64_MAX); /* what is sealed so far was so by another key */
    }
    assert_ok(cursor_end(step));
    cursor_close(c);
    assert_true(n > 0);
    while (n-- > 0) {
        const struct span day = span_of(row[n].day, 4);
        assert_ok(state == KEY_GONE ? store_del(t, TABLE_DAY_KEYS, day)
                  : state == KEY_DAMAGED
                      ? store_put(t, TABLE_DAY_KEYS, day, SPAN("x"))
                      : store_put(t, TABLE_DAY_KEYS, day, span_of(row[n].wrapped, sizeof row[n].wrapped)));
    }
    assert_ok(txn_commit(t));
}

/* What a handler answers that has each day's key still to read, as for days gone by. */
static enum err ask(enum err (*handle)(struct request *rq, struct reply *reply), struct span param, const char *party,
                    struct reply *reply)
{
    struct worker late = worker;
    struct instance past = cf.live.sh.instance;
    struct request rq = {.method = METHOD_GET, .param = {param}, .arena = cf.arena, .worker = &late};
    uint8_t salt[32];
    keys_day_wrap(past.keys, salt);
    assert_ok(day_keys_new(cf.live.f.dir, salt, &past.day_keys));
    late.reader = NULL;
    late.sealer = instance_sealer(&past);
    rq.catalog = catalog_hold(cf.live.sh.instance.catalog);
    rq.caller = catalog_party(rq.catalog, span_str(party));
    *reply = (struct reply){0};
    enum err err = handle(&rq, reply);
    keep_body(reply);
    worker_reader_end(&late);
    txn_abort(late.reader);
    catalog_unref(rq.catalog);
    sealer_free(late.sealer);
    day_keys_free(past.day_keys);
    return err;
}

static bool holds(const struct reply *r, const char *words)
{
    return memmem(r->body.ptr, r->body.len, words, strlen(words)) != NULL;
}

/* The file of the month's, which it was wrapped by, is away, and may be put back. */
static void assert_waits_for_month(struct span the_lead)
{
    struct reply reply;
    char *keys = xasprintf("%s/keys", cf.live.f.dir), *away = xasprintf("%s/away", cf.live.f.dir);
    assert_int_equal(rename(keys, away), 0);
    assert_err(ask(openings_get, SPAN("C2"), "P1", &reply), ERR_IO);
    assert_err(ask(leads_get, the_lead, "P2", &reply), ERR_IO);
    assert_int_equal(rename(away, keys), 0);
    free(keys);
    free(away);
}

/* One that is told as lost leaves its openings out, for good; one that is gone or does not read says nothing of them.
 */
static void a_key_that_is_not_there_is_none_that_was_told_as_lost(void **state)
{
    (void)state;
    char ref[LEAD_REF_LEN];
    struct reply reply;
    click(COMMITTER_CONTRACT);
    uint64_t index = lead();
    stop();
    start();
    lead_ref_write(worker.tokens, &(struct pointer){.contract = COMMITTER_CONTRACT, .index = index}, ref);
    struct span the_lead = span_of(ref, sizeof ref);
    assert_waits_for_month(the_lead);
    assert_ok(ask(openings_get, SPAN("C2"), "P1", &reply));
    assert_true(holds(&reply, "\"index\":0") && holds(&reply, "\"index\":1"));
    assert_ok(ask(leads_get, the_lead, "P2", &reply));
    assert_true(holds(&reply, "ana@example.com"));
    change_day_keys(KEY_LOST);
    assert_ok(ask(openings_get, SPAN("C2"), "P1", &reply));
    assert_true(!holds(&reply, "\"index\":0") && holds(&reply, "\"index\":1") && holds(&reply, "contact_sha256"));
    assert_true(!holds(&reply, "contact_salt") && !holds(&reply, "192.0.2.1"));
    assert_ok(ask(leads_get, the_lead, "P2", &reply));
    assert_true(!holds(&reply, "\"contact\"") && holds(&reply, "contact_gone"));
    change_day_keys(KEY_DAMAGED);
    assert_err(ask(openings_get, SPAN("C2"), "P1", &reply), ERR_CORRUPT);
    assert_err(ask(leads_get, the_lead, "P2", &reply), ERR_CORRUPT);
    change_day_keys(KEY_GONE);
    assert_err(ask(openings_get, SPAN("C2"), "P1", &reply), ERR_CORRUPT);
    assert_err(ask(leads_get, the_lead, "P2", &reply), ERR_CORRUPT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(openings_end_at_the_swept_head, setup, teardown),
        cmocka_unit_test_setup_teardown(a_page_is_a_thousand_entries, setup, teardown),
        cmocka_unit_test_setup_teardown(a_key_that_is_not_there_is_none_that_was_told_as_lost, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
