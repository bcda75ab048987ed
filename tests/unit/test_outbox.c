/* Deliveries: their rows and ids, how long they are tried, and what becomes of them in the fold. */
#include "server/commit/outbox.h"

#include "common/base/bytes.h"
#include "common/base/when.h"
#include "server/commit/committer.h"
#include "server/jobs.h"
#include "server/keys/vault.h"
#include "tests/support/by_hand.h"

static const int64_t now_ms = 1790000000000;
enum { PARTY = LIVE_ADVERTISER + 1 };

/* ---- ids, macros, backoff ---- */

static void an_id_reads_as_it_was_written(void **state)
{
    static const char *const wrong[] = {"",        "C1",        "C1-2",     "C1-2-",    "-2-P1",   "C1--P1",
                                        "C1-x-P1", "C1-2-P1-3", "C1-02-P1", "C1-2-P1 ", "c1-2-P1", "C1-2-../x"};
    char id[DELIVERY_ID_CAP];
    struct span contract, party;
    uint64_t index;
    (void)state;
    delivery_id(SPAN("C4Q7"), UINT64_MAX, SPAN("P9"), id);
    assert_string_equal(id, "C4Q7-18446744073709551615-P9");
    assert_ok(delivery_id_read(span_str(id), &contract, &index, &party));
    assert_true(span_is(contract, "C4Q7") && span_is(party, "P9") && index == UINT64_MAX);
    delivery_id(SPAN(""), 7, SPAN("P9"), id);
    assert_ok(delivery_id_read(span_str(id), &contract, &index, &party));
    assert_true(span_empty(contract) && index == 7);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (delivery_id_read(span_str(wrong[i]), &contract, &index, &party) != ERR_NOT_FOUND)
            fail_msg("\"%s\" reads", wrong[i]);
}

static void of_a_target_its_host_is_shown(void **state)
{
    static const struct {
        const char *url, *host;
    } cases[] = {
        {"https://t.example/in?token=1", "https://t.example/"},
        {"https://t.example?token=a/b", "https://t.example"},
        {"https://t.example", "https://t.example"},
        {"http://t/secret/", "http://t/"},
        {"http://[::1]:81?x", "http://[::1]:81"},
        {"", ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct span host = delivery_host(span_str(cases[i].url));
        if (!span_is(host, cases[i].host))
            fail_msg("%s: %.*s", cases[i].url, (int)host.len, host.ptr);
    }
}

static void macros_are_replaced_percent_encoded(void **state)
{
    static const struct delivery_macro values[] = {{"sub1", {"a&b/ \xc3\xa9", 7}},
                                                   {"status", {"approved", 8}},
                                                   {"sub2", {".", 1}},
                                                   {"sub3", {"..", 2}},
                                                   {"sub4", {"...", 3}}};
    static const struct {
        const char *url, *made;
    } cases[] = {
        {"https://t.example/p?x={sub1}&y={status}", "https://t.example/p?x=a%26b%2F%20%C3%A9&y=approved"},
        {"https://t.example/{status}/{status}", "https://t.example/approved/approved"},
        {"https://t.example/?x={txid}", "https://t.example/?x="},
        {"https://t.example/?x={}", "https://t.example/?x={}"},
        {"https://t.example/?x={sub1", "https://t.example/?x={sub1"},
        {"https://t.example/a/{sub3}/b/{sub2}/{sub2}{sub2}?x={sub3}&y={sub2}", "https://t.example/a//b//?x=..&y=."},
        {"https://t.example/{sub4}?{sub3}", "https://t.example/...?.."},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct buf out;
        buf_heap(&out);
        delivery_macro_url(&out, span_str(cases[i].url), values, sizeof values / sizeof *values);
        if (!span_is(buf_span(&out), cases[i].made))
            fail_msg("%s: %.*s", cases[i].url, (int)out.len, out.ptr);
        buf_free(&out);
    }
    assert_true(span_empty(delivery_unknown_macro(SPAN("https://t.example/?a={click_id}&b={sub5}&c={timestamp}"))));
    assert_true(span_is(delivery_unknown_macro(SPAN("https://t.example/?a={click_id}&b={email}")), "email"));
    assert_true(span_is(delivery_unknown_macro(SPAN("https://t.example/?a={click_id")), "{"));
    assert_true(span_is(delivery_unknown_macro(SPAN("https://t.example/?a=click_id}")), "}"));
}

/* From what least to what most comes of chance. */
static void it_is_tried_often_at_first_and_for_three_days(void **state)
{
    (void)state;
    for (uint32_t jitter = 0; jitter < 1024; jitter += 1023) {
        int64_t at_ms = 0;
        unsigned tries = 1;
        for (; at_ms < DELIVERY_TRY_MS; tries++) {
            int64_t pause_ms = delivery_pause_ms(tries, jitter);
            assert_true(pause_ms >= 3750 && pause_ms <= 15 * 3600 * 1000);
            assert_true(pause_ms >= delivery_pause_ms(tries - 1, jitter));
            at_ms += pause_ms;
        }
        assert_in_range(tries, 13, 20);
    }
    assert_true(delivery_pause_ms(5, 0) < delivery_pause_ms(5, 1023));
}

static void the_last_attempts_are_kept_and_the_others_counted(void **state)
{
    struct delivery d = {.event = DELIVERY_TEST, .state = DELIVERY_PENDING, .due_ms = 5, .until_ms = 6}, again;
    char mem[DELIVERY_ROW_MOST + 1];
    struct buf row;
    (void)state;
    for (int i = 0; i < 300; i++)
        delivery_add(&d,
                     &(struct delivery_attempt){.at_ms = i, .status = 500, .ms = 7, .error = DELIVERY_ERROR_STATUS});
    buf_fixed(&row, mem, sizeof mem);
    delivery_write(&row, &d);
    assert_ok(delivery_read(buf_span(&row), &again));
    assert_int_equal(again.n, DELIVERY_ATTEMPTS);
    assert_int_equal(again.forgotten, 300 - DELIVERY_ATTEMPTS);
    assert_int_equal(again.tries, 255);
    assert_int_equal(again.attempt[DELIVERY_ATTEMPTS - 1].at_ms, 299);
    for (size_t len = 0; len < row.len; len++)
        assert_int_equal(delivery_read(span_of(mem, len), &again), ERR_CORRUPT);
    assert_int_equal(delivery_read(span_of(mem, row.len + 1), &again), ERR_CORRUPT);
}

/* ---- on the way ---- */

static void results_wait_in_bounds_and_their_records_read(void **state)
{
    uint8_t result[DELIVERY_RESULT_LEN];
    const struct delivery_result r = {
        .place = {1, 2, 3, 4}, .was_due_ms = 5, .state = DELIVERY_DELIVERED, .tried = true};
    struct buf b, results, gone, bytes;
    struct attempts *a = attempts_new();
    struct record record = {.kind = RECORD_ATTEMPTED, .now_ms = now_ms}, again;
    size_t n = 0;
    (void)state;
    buf_fixed(&b, result, sizeof result);
    delivery_result_write(&b, &r);
    while (attempts_add(a, buf_span(&b)))
        n++;
    assert_int_equal(n, DELIVERY_RESULTS);
    for (n = 0; attempts_forget(a, span_of(result, DELIVERY_KEY_LEN));)
        n++;
    assert_int_equal(n, RECORD_GONE);
    buf_heap(&results);
    buf_heap(&gone);
    buf_heap(&bytes);
    attempts_take(a, &results, &gone);
    assert_false(attempts_any(a));
    record.attempted.results = buf_span(&results);
    record.attempted.gone = buf_span(&gone);
    record_write(&bytes, &record);
    assert_ok(record_read(buf_span(&bytes), &again));
    assert_int_equal(again.attempted.results.len, DELIVERY_RESULTS * DELIVERY_RESULT_LEN);
    buf_free(&results);
    buf_free(&gone);
    buf_free(&bytes);
    attempts_free(a);
}

/* ---- the fold ---- */

static int64_t clock_now_ms; /* of the next batch */

static enum err fold(struct record r)
{
    struct job job = {.arena = cf.arena, .record = r};
    struct job *jobs[] = {&job};
    bool wrote;
    job.record.now_ms = job.record.arrived_ms = clock_now_ms++;
    assert_ok(committer_run(committer, jobs, 1, &wrote));
    return job.err;
}

static enum err set_webhook(const char *url)
{
    uint8_t nonce[VAULT_NONCE_LEN] = {1}, aad[4];
    char mem[128];
    struct buf sealed;
    struct record r = {.kind = RECORD_WEBHOOK,
                       .webhook = {.party = PARTY, .by = PARTY, .id = "W1", .url = span_str(url)}};
    store_be32(aad, PARTY);
    buf_fixed(&sealed, mem, sizeof mem);
    vault_seal(cf.live.sh.instance.keys, VAULT_WEBHOOKS, span_of(aad, sizeof aad),
               SPAN("32 bytes of a secret of the test"), nonce, &sealed);
    r.webhook.sealed = buf_span(&sealed);
    return fold(r);
}

static const struct party *party(void)
{
    struct catalog *c = catalog_hold(cf.live.sh.instance.catalog);
    const struct party *p = catalog_party_number(c, PARTY);
    catalog_unref(c); /* the slot has it until the next fold */
    return p;
}

static struct delivery_place place = {.at_ms = 1790000000000, .index = 1790000000000, .target = PARTY};

static enum err deliver(void)
{
    return fold((struct record){.kind = RECORD_DELIVER,
                                .deliver = {.target = PARTY, .by = PARTY, .at_ms = place.at_ms, .index = place.index}});
}

static void tell(const struct delivery_result *r, bool forget)
{
    uint8_t key[DELIVERY_KEY_LEN], mem[DELIVERY_RESULT_LEN];
    struct buf b;
    struct record record = {.kind = RECORD_ATTEMPTED};
    buf_fixed(&b, mem, sizeof mem);
    delivery_key(&place, key);
    if (r != NULL)
        delivery_result_write(&b, r);
    record.attempted.results = buf_span(&b);
    record.attempted.gone = forget ? span_of(key, sizeof key) : SPAN("");
    assert_ok(fold(record));
}

static enum err row(struct delivery *d)
{
    struct txn *t = fixture_begin(&cf.live.f, false);
    enum err err = delivery_get(t, &place, d);
    txn_abort(t);
    return err;
}

/* How many rows are due; the time of the first. */
static size_t due(int64_t *first_ms)
{
    struct txn *t = fixture_begin(&cf.live.f, false);
    struct cursor *c;
    struct span key, value;
    struct delivery_place at;
    size_t n = 0;
    assert_ok(cursor_open(t, TABLE_OUTBOX, &c));
    enum err step = cursor_seek(c, SPAN(""), &key, &value);
    for (; step == ERR_OK; step = cursor_next(c, &key, &value), n++)
        if (n == 0)
            assert_ok(outbox_key_read(key, &at, first_ms));
    cursor_close(c);
    txn_abort(t);
    return n;
}

static int open_store(void **state)
{
    (void)state;
    clock_now_ms = now_ms;
    committer = committer_fixture_by_hand(&cf);
    return 0;
}

static struct delivery_result failed(int64_t was_due_ms, int64_t next_ms)
{
    return (struct delivery_result){.place = place,
                                    .was_due_ms = was_due_ms,
                                    .hook_ms = party()->webhook_since_ms,
                                    .state = next_ms != 0 ? DELIVERY_PENDING : DELIVERY_FAILED,
                                    .due_ms = next_ms,
                                    .tried = true,
                                    .attempt = {.at_ms = was_due_ms, .status = 500, .error = DELIVERY_ERROR_STATUS}};
}

static void without_a_webhook_nothing_is_due(void **state)
{
    int64_t first_ms;
    (void)state;
    assert_int_equal(deliver(), ERR_CONFLICT);
    assert_int_equal(due(&first_ms), 0);
}

static void a_delivery_is_due_once_until_it_arrives(void **state)
{
    struct delivery d;
    int64_t first_ms, next_ms = now_ms + 60000;
    (void)state;
    assert_ok(set_webhook("https://a.example/"));
    assert_ok(deliver());
    assert_int_equal(due(&first_ms), 1);
    struct delivery_result r = failed(first_ms, next_ms);
    tell(&r, false);
    assert_int_equal(due(&first_ms), 1);
    assert_true(first_ms == next_ms);
    tell(&r, false); /* again, as after a mailbox that was slow: no news */
    assert_ok(row(&d));
    assert_int_equal(d.n, 1);
    r = failed(next_ms, 0);
    r.state = DELIVERY_DELIVERED;
    tell(&r, false);
    assert_int_equal(due(&first_ms), 0);
    assert_ok(row(&d));
    assert_true(d.state == DELIVERY_DELIVERED && d.n == 2 && d.due_ms == 0);
}

static void one_that_is_sent_again_keeps_its_attempts_and_is_due_once(void **state)
{
    struct delivery d;
    int64_t first_ms;
    (void)state;
    assert_ok(set_webhook("https://a.example/"));
    assert_ok(deliver());
    due(&first_ms);
    struct delivery_result r = failed(first_ms, now_ms + 60000);
    tell(&r, false);
    assert_ok(deliver()); /* while it waits */
    assert_int_equal(due(&first_ms), 1);
    assert_true(first_ms < now_ms + 60000);
    assert_ok(row(&d));
    assert_true(d.n == 1 && d.tries == 0);
    r = failed(now_ms + 60000, 0); /* of the row that was */
    tell(&r, false);
    assert_int_equal(due(&first_ms), 1);
}

static void one_past_its_time_goes_with_what_is_due_of_it(void **state)
{
    struct delivery d;
    int64_t first_ms;
    (void)state;
    assert_ok(set_webhook("https://a.example/"));
    assert_ok(deliver());
    due(&first_ms);
    tell(NULL, true);
    assert_int_equal(row(&d), ERR_NOT_FOUND);
    assert_int_equal(due(&first_ms), 0);
    struct delivery_result r = failed(first_ms, now_ms + 60000);
    tell(&r, false); /* of one that is gone */
    assert_int_equal(due(&first_ms), 0);
}

static void a_410_counts_for_the_webhook_that_gave_it(void **state)
{
    int64_t first_ms;
    (void)state;
    assert_ok(set_webhook("https://a.example/"));
    assert_ok(deliver());
    due(&first_ms);
    struct delivery_result r = failed(first_ms, 0);
    r.gone = true;
    assert_ok(set_webhook("https://b.example/")); /* meanwhile */
    tell(&r, false);
    assert_true(party()->webhook_off_ms == 0);
    assert_int_equal(deliver(), ERR_CONFLICT); /* it is a test of the one before */
    const int64_t before_ms = place.at_ms;
    place.at_ms = party()->webhook_since_ms;
    assert_ok(deliver());
    due(&first_ms);
    r = failed(first_ms, 0);
    r.gone = true;
    tell(&r, false);
    assert_true(party()->webhook_off_ms != 0);
    assert_int_equal(deliver(), ERR_CONFLICT);
    place.at_ms = before_ms;
    assert_ok(set_webhook("https://b.example/"));
    assert_true(party()->webhook_off_ms == 0);
}

/* It stays for `check` to name, and nothing else waits for it. */
static void a_row_that_does_not_read_stops_nothing(void **state)
{
    uint8_t key[DELIVERY_KEY_LEN];
    struct delivery d;
    (void)state;
    assert_ok(set_webhook("https://a.example/"));
    struct txn *t = fixture_begin(&cf.live.f, true);
    delivery_key(&place, key);
    assert_ok(store_put(t, TABLE_DELIVERIES, span_of(key, sizeof key), SPAN("short")));
    assert_ok(txn_commit(t));
    const struct delivery_result r = failed(now_ms, 0);
    tell(&r, false);
    assert_int_equal(row(&d), ERR_CORRUPT);
}

int main(void)
{
#define F(name) cmocka_unit_test_setup_teardown(name, open_store, close_store)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_reads_as_it_was_written),
        cmocka_unit_test(of_a_target_its_host_is_shown),
        cmocka_unit_test(macros_are_replaced_percent_encoded),
        cmocka_unit_test(it_is_tried_often_at_first_and_for_three_days),
        cmocka_unit_test(the_last_attempts_are_kept_and_the_others_counted),
        cmocka_unit_test(results_wait_in_bounds_and_their_records_read),
        F(without_a_webhook_nothing_is_due),
        F(a_delivery_is_due_once_until_it_arrives),
        F(one_that_is_sent_again_keeps_its_attempts_and_is_due_once),
        F(one_past_its_time_goes_with_what_is_due_of_it),
        F(a_410_counts_for_the_webhook_that_gave_it),
        F(a_row_that_does_not_read_stops_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
