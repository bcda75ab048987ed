/* Changes of many contracts, a slice a batch: whatever ends between two of them, each log goes by what it has, and in
 * the end there is what one batch would have made. */
#include "server/api/go_on.h"

#include "server/commit/committer.h"
#include "server/commit/contract_write.h"
#include "server/jobs.h"
#include "tests/support/by_hand.h"
#include "tests/support/chance.h"
#include "tests/support/spans.h"

enum { CAMPAIGN = 2, DIRECT = 5, FIRST = 6, CONTRACTS = 2 * SLICE_LOGS + 9, LAST = FIRST + CONTRACTS - 1 };
static const int64_t now_ms = 1790000000000;

static struct catalog *hold(void)
{
    return catalog_hold(cf.live.sh.instance.catalog);
}

static struct job run(struct record r)
{
    struct job job = {.arena = cf.arena, .record = r};
    struct job *jobs[] = {&job};
    bool wrote;
    job.record.now_ms = r.now_ms != 0 ? r.now_ms : now_ms;
    job.record.arrived_ms = job.record.now_ms;
    job.record.quota = 100000;
    job.chore = record_scope(r.kind) == SCOPE_PARTITION && r.kind == RECORD_GO_ON;
    assert_ok(committer_run(committer, jobs, 1, &wrote));
    return job;
}

static struct span kept(struct buf doc)
{
    struct span s = arena_copy(cf.arena, buf_span(&doc));
    buf_free(&doc);
    return s;
}

/* One that is open, all others of its publisher long over. */
static void make_contract(uint32_t n)
{
    struct record r = {.kind = RECORD_CONTRACT, .advertiser = LIVE_ADVERTISER + 1};
    char text[256];
    snprintf(r.contract.id, sizeof r.contract.id, "C%u", n);
    snprintf(text, sizeof text, "{\"campaign\":\"A2\",\"publisher\":\"P3\",\"price\":{\"lead\":[{\"micros\":%u}]}%s}",
             n, n == LAST ? "" : ",\"ends_at\":\"2020-01-01T00:00:00Z\"");
    r.contract.campaign = CAMPAIGN;
    r.contract.publisher = LIVE_PUBLISHER + 1;
    r.contract.document = kept(live_document(contract_document, text, r.contract.id));
    assert_ok(run(r).err);
}

static int open_store(void **state)
{
    struct record r = {.kind = RECORD_CAMPAIGN, .advertiser = LIVE_ADVERTISER + 1, .campaign = {"A2", "C5"}};
    (void)state;
    committer = committer_fixture_by_hand(&cf);
    r.campaign.document = kept(live_document(
        campaign_document,
        "{\"advertiser\":\"P2\",\"name\":\"Offer\",\"currency\":\"EUR\",\"landing_url\":\"https://a.example/\"}",
        "A2"));
    r.campaign.direct_document = kept(live_document(contract_document, "{\"campaign\":\"A2\"}", "C5"));
    assert_ok(run(r).err);
    for (uint32_t n = FIRST; n <= LAST; n++)
        make_contract(n);
    return 0;
}

/* As kill -9 between two batches: what is not in the file is gone. */
static void begin_again(void)
{
    const struct committer_setup setup = {.instance = &cf.live.sh.instance, .runs = job_runs};
    committer_close(committer);
    fixture_instance_close(&cf.live.f, &cf.live.sh.instance);
    fixture_instance(&cf.live.f, &cf.live.sh.instance);
    assert_ok(committer_open(&setup, &committer));
}

static uint64_t versions_made(void)
{
    struct catalog *c = hold();
    uint64_t made = 0;
    const struct contract_list all = catalog_contracts_of(c, catalog_campaign_number(c, CAMPAIGN)->which);
    for (size_t i = 0; i < all.n; i++)
        made += (uint64_t)catalog_listed(c, &all, i)->versions.made;
    catalog_unref(c);
    return made;
}

static struct record change(const char *patch)
{
    return (struct record){.kind = RECORD_CAMPAIGN_CHANGE,
                           .advertiser = LIVE_ADVERTISER + 1,
                           .change = {CAMPAIGN, span_str(patch), versions_made()}};
}

/* All at once, until nothing is left; so many batches. */
static unsigned go_on(void)
{
    unsigned n = 0;
    uint64_t after = 0;
    for (bool more = true; more; n++) {
        struct job job = run((struct record){.kind = RECORD_GO_ON, .go_on = {10 * CONTRACTS, after}});
        assert_ok(job.err);
        more = job.more;
        after = job.index;
    }
    return n - 1;
}

static const struct terms *terms_of(const struct catalog *c, uint32_t contract, int64_t at_ms)
{
    return contract_terms(catalog_contract_number(c, contract), at_ms);
}

/* Of contracts from FIRST on those up to `until` have that name, those behind it the old one. */
static void names_are(const char *name, uint32_t until)
{
    struct catalog *c = hold();
    for (uint32_t n = DIRECT; n <= LAST; n++)
        assert_span(terms_of(c, n, now_ms)->name, n <= until ? name : "Offer");
    catalog_unref(c);
}

static void rows_of(enum table t, struct buf *out)
{
    struct txn *txn = fixture_begin(&cf.live.f, false);
    struct cursor *cursor;
    struct span key, value;
    assert_ok(cursor_open(txn, t, &cursor));
    for (enum err err = cursor_seek(cursor, SPAN(""), &key, &value); err == ERR_OK;
         err = cursor_next(cursor, &key, &value)) {
        buf_span_add(out, key);
        buf_byte(out, 0);
        buf_span_add(out, value);
        buf_byte(out, 0);
    }
    cursor_close(cursor);
    txn_abort(txn);
}

static void all_rows(struct buf *out)
{
    static const enum table tables[] = {TABLE_JOURNAL, TABLE_CAMPAIGNS,  TABLE_CONTRACTS,
                                        TABLE_PARTIES, TABLE_UNFINISHED, (enum table)(TABLE_ROWS + ROW_TERMS),
                                        TABLE_UNTOLD};
    buf_heap(out);
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++)
        rows_of(tables[i], out);
}

/* Of the last contract. */
static struct record click_at(int64_t ms)
{
    struct record r = {.kind = RECORD_CLICK, .advertiser = LIVE_ADVERTISER + 1, .now_ms = ms, .track.contract = LAST};
    r.track.entry = (struct entry){.kind = ENTRY_CLICK, .at_ms = ms, .click.placement = 1};
    return r;
}

/* ---- */

static const char *const changed = "{\"name\":\"Changed\"}";

static void what_is_asked(const char *what, struct record *out)
{
    if (strcmp(what, "withdraw") == 0) {
        assert_ok(run(change("{\"name\":\"Never\",\"effective_at\":\"2030-01-01T00:00:00Z\"}")).err);
        go_on();
        *out = (struct record){.kind = RECORD_WITHDRAWAL,
                               .advertiser = LIVE_ADVERTISER + 1,
                               .withdrawal = {DIRECT, 1, 2, SPAN(""), versions_made()}};
        return;
    }
    *out = strcmp(what, "legal") == 0 ? (struct record){.kind = RECORD_LEGAL,
                                                        .legal = {.party = LIVE_PUBLISHER + 1,
                                                                  .by = 1,
                                                                  .name = SPAN(""),
                                                                  .legal = SPAN("{\"name\":\"Nova SA\"}")}}
                                      : change(what);
}

/* Restarts between two slices too, and however long one is after the other. */
static void slices_come_to_what_one_batch_would(void **state)
{
    static const char *const all[] = {changed, "{\"paused\":true}", "legal", "withdraw",
                                      "{\"name\":\"Changed\",\"effective_at\":\"2030-01-01T00:00:00Z\"}"};
    (void)state;
    chance_seed();
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        struct buf once, sliced;
        struct record r;
        what_is_asked(all[i], &r);
        struct job job = run(r);
        assert_ok(job.err);
        assert_int_equal(job.unfinished, 1);
        assert_int_equal(go_on(), 1);
        all_rows(&once);
        close_store(NULL);
        open_store(NULL);
        what_is_asked(all[i], &r);
        assert_ok(run(r).err);
        for (bool more = true; more;) {
            struct job step = run((struct record){.kind = RECORD_GO_ON,
                                                  .now_ms = now_ms + (int64_t)below(3600000),
                                                  .go_on.steps = 1 + (uint32_t)below(SLICE_LOGS)});
            assert_ok(step.err);
            more = step.more;
            if (one_in(2))
                begin_again();
        }
        all_rows(&sliced);
        assert_true(span_eq(buf_span(&once), buf_span(&sliced)));
        buf_free(&once);
        buf_free(&sliced);
        close_store(NULL);
        open_store(NULL);
    }
}

static void a_restart_between_slices_finds_each_contract_as_its_log_has_it(void **state)
{
    (void)state;
    struct job job = run(change(changed));
    assert_ok(job.err);
    names_are("Changed", DIRECT);
    begin_again();
    names_are("Changed", DIRECT);
    job = run((struct record){.kind = RECORD_GO_ON, .go_on.steps = SLICE_LOGS});
    assert_int_equal(job.unfinished, 0);
    names_are("Changed", FIRST + SLICE_LOGS - 1);
    begin_again();
    names_are("Changed", FIRST + SLICE_LOGS - 1);
    go_on();
    names_are("Changed", LAST);
    begin_again();
    names_are("Changed", LAST);
    assert_false(run((struct record){.kind = RECORD_GO_ON, .go_on.steps = 1}).more);
}

static void a_click_goes_by_the_terms_that_its_log_has(void **state)
{
    struct record click = click_at(now_ms);
    struct envelope env;
    uint64_t index[2];
    (void)state;
    assert_ok(run(change("{\"paused\":true}")).err);
    for (size_t i = 0; i < 2; i++) {
        struct job job = run(click);
        assert_ok(job.err);
        index[i] = job.index;
        go_on();
    }
    struct txn *t = fixture_begin(&cf.live.f, false);
    assert_ok(ledger_read(t, LAST, index[0], &env));
    assert_int_not_equal(env.class, CLASS_ENDED);
    assert_ok(ledger_read(t, LAST, index[1], &env));
    assert_int_equal(env.class, CLASS_ENDED);
    txn_abort(t);
}

static void what_would_cross_it_is_refused_until_it_is_whole(void **state)
{
    struct record of_contract = {.kind = RECORD_CONTRACT_CHANGE,
                                 .advertiser = LIVE_ADVERTISER + 1,
                                 .change = {LAST, SPAN("{\"price\":{\"lead\":[{\"micros\":1}]}}"), 0}};
    struct record legal;
    (void)state;
    assert_ok(run(change(changed)).err);
    assert_err(run(change("{\"paused\":true}")).err, ERR_CONFLICT);
    assert_err(run(of_contract).err, ERR_CONFLICT);
    what_is_asked("legal", &legal);
    assert_ok(run(legal).err); /* of other entries */
    assert_err(run((struct record){.kind = RECORD_LEGAL,
                                   .legal = {LIVE_PUBLISHER + 1, 1, SPAN(""), SPAN("{\"name\":\"Other\"}")}})
                   .err,
               ERR_CONFLICT);
    go_on();
    assert_ok(run(of_contract).err);
    assert_ok(run(change("{\"paused\":true}")).err);
    go_on();
}

static void a_withdrawal_on_its_way_refuses_other_terms_too(void **state)
{
    struct record r;
    (void)state;
    what_is_asked("withdraw", &r);
    assert_ok(run(r).err);
    assert_err(run(change(changed)).err, ERR_CONFLICT);
    begin_again(); /* logs that have the version still have it */
    struct catalog *c = hold();
    assert_int_equal(catalog_contract_number(c, DIRECT)->versions.n, 1);
    assert_span(versions_newest(&catalog_contract_number(c, LAST)->versions)->terms->name, "Never");
    catalog_unref(c);
    go_on();
    assert_ok(run(change(changed)).err);
    go_on();
    names_are("Changed", LAST);
}

/* What was looked at on a worker is what changes, or nothing does. */
static void a_change_of_contracts_that_were_seen_otherwise_is_refused(void **state)
{
    struct record r = change(changed);
    (void)state;
    make_contract(LAST + 1);
    assert_err(run(r).err, ERR_CONFLICT);
    names_are("Changed", 0);
    assert_ok(run(change(changed)).err);
    go_on();
    names_are("Changed", LAST);
}

static void a_contract_that_is_made_meanwhile_has_it_from_the_beginning_and_once(void **state)
{
    (void)state;
    assert_ok(run(change(changed)).err);
    make_contract(LAST + 1);
    go_on();
    struct catalog *c = hold();
    const struct contract *k = catalog_contract_number(c, LAST + 1);
    assert_int_equal(k->versions.made, 1);
    assert_span(contract_terms(k, now_ms)->name, "Changed");
    catalog_unref(c);
}

static void a_time_that_came_to_a_log_between_slices_is_now_for_it(void **state)
{
    struct record r = change("{\"name\":\"Changed\",\"effective_at\":\"2026-09-21T14:13:30Z\"}");
    (void)state;
    assert_ok(run(r).err);
    assert_ok(run(click_at(now_ms + 20000)).err);
    assert_ok(run((struct record){.kind = RECORD_GO_ON, .now_ms = now_ms + 60000, .go_on.steps = 10 * CONTRACTS}).err);
    struct catalog *c = hold();
    for (uint32_t n = DIRECT; n < LAST; n++) {
        assert_span(terms_of(c, n, now_ms + 9999)->name, "Offer");
        assert_span(terms_of(c, n, now_ms + 10000)->name, "Changed");
    }
    assert_span(terms_of(c, LAST, now_ms + 20000)->name, "Changed");
    assert_int_equal(versions_newest(&catalog_contract_number(c, LAST)->versions)->from_ms, now_ms + 20000);
    catalog_unref(c);
}

static enum err swept(uint32_t contract)
{
    struct head head;
    struct txn *t = fixture_begin(&cf.live.f, false);
    enum err err = head_read(t, contract, &head);
    txn_abort(t);
    return err;
}

/* Nobody's many logs make a sweep long. */
static void logs_are_swept_before_they_are_too_many(void **state)
{
    (void)state;
    assert_err(swept(FIRST), ERR_NOT_FOUND);
    for (uint32_t n = LAST + 1; n < FIRST + DIRTY_MOST; n++)
        make_contract(n);
    assert_ok(swept(FIRST));
    assert_err(swept(FIRST + DIRTY_MOST - 1), ERR_NOT_FOUND);
}

/* ---- with the threads ---- */

static void who_asked_hears_of_it_once_it_is_whole(void **state)
{
    struct job job = {.arena = cf.arena, .record = change(changed)};
    (void)state;
    committer_close(committer);
    committer_fixture_start(&cf);
    job.record.arrived_ms = clock_ms();
    assert_ok(push_awake(&cf, 0, &job));
    jobs_wait(&cf, 0, 1);
    assert_ok(job.err);
    struct catalog *c = hold();
    for (uint32_t n = DIRECT; n <= LAST; n++)
        assert_span(terms_of(c, n, clock_ms())->name, "Changed");
    catalog_unref(c);
    committer_fixture_stop(&cf);
    const struct committer_setup setup = {.instance = &cf.live.sh.instance, .runs = job_runs};
    assert_ok(committer_open(&setup, &committer));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, open_store, close_store)
    const struct CMUnitTest tests[] = {
        TEST(slices_come_to_what_one_batch_would),
        TEST(a_restart_between_slices_finds_each_contract_as_its_log_has_it),
        TEST(a_click_goes_by_the_terms_that_its_log_has),
        TEST(what_would_cross_it_is_refused_until_it_is_whole),
        TEST(a_withdrawal_on_its_way_refuses_other_terms_too),
        TEST(a_change_of_contracts_that_were_seen_otherwise_is_refused),
        TEST(a_contract_that_is_made_meanwhile_has_it_from_the_beginning_and_once),
        TEST(a_time_that_came_to_a_log_between_slices_is_now_for_it),
        TEST(logs_are_swept_before_they_are_too_many),
        TEST(who_asked_hears_of_it_once_it_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
