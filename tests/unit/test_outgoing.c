/* The outgoing thread beside a store that nobody commits to: what it takes for old, and what it does with rows that go
 * to nobody. */
#include "server/outgoing/outgoing.h"

#include "common/base/bytes.h"
#include "common/base/when.h"
#include "server/commit/outbox.h"
#include "tests/support/committer_fixture.h"

enum { PARTY = LIVE_ADVERTISER + 1, CONTRACT = COMMITTER_CONTRACT };

static struct committer_fixture cf;
static struct attempts *attempts;
static const struct target_rules none;

static int open_store(void **state)
{
    (void)state;
    committer_fixture_open(&cf, NULL);
    fixture_instance(&cf.live.f, &cf.live.sh.instance);
    attempts = attempts_new();
    return 0;
}

static int close_store(void **state)
{
    (void)state;
    attempts_free(attempts);
    committer_fixture_close(&cf);
    return 0;
}

static void put(struct txn *t, uint64_t index, int64_t at_ms, enum delivery_state state)
{
    const struct delivery_place at = {CONTRACT, at_ms, index, PARTY};
    const struct delivery d = {.event = DELIVERY_LEAD,
                               .state = state,
                               .due_ms = state == DELIVERY_PENDING ? at_ms : 0,
                               .until_ms = state == DELIVERY_PENDING ? at_ms + DELIVERY_TRY_MS : 0};
    uint8_t key[DELIVERY_KEY_LEN], due[OUTBOX_KEY_LEN], until[OUTBOX_ROW_LEN];
    char mem[DELIVERY_ROW_MOST];
    struct buf row;
    buf_fixed(&row, mem, sizeof mem);
    delivery_write(&row, &d);
    delivery_key(&at, key);
    assert_ok(store_put(t, TABLE_DELIVERIES, span_of(key, sizeof key), buf_span(&row)));
    outbox_key(&at, d.due_ms, due);
    store_be64(until, (uint64_t)d.until_ms);
    if (state == DELIVERY_PENDING)
        assert_ok(store_put(t, TABLE_OUTBOX, span_of(due, sizeof due), span_of(until, sizeof until)));
}

/* What the thread told once it told something. */
static void told(struct buf *results, struct buf *gone)
{
    struct outgoing *o = outgoing_start(&cf.live.sh.instance, attempts, &none, NULL);
    for (int i = 0; i < 3000 && !attempts_any(attempts); i++)
        usleep(10000);
    outgoing_stop(o);
    outgoing_close(o);
    attempts_take(attempts, results, gone);
}

static void what_is_past_its_time_is_told_to_go(void **state)
{
    int64_t now_ms = clock_ms(), old_ms = now_ms - DELIVERY_KEEP_MS - MS_PER_DAY;
    struct buf results, gone;
    struct delivery_place at;
    (void)state;
    buf_heap(&results);
    buf_heap(&gone);
    struct txn *t = fixture_begin(&cf.live.f, true);
    put(t, 1, old_ms, DELIVERY_DELIVERED);
    put(t, 2, now_ms, DELIVERY_FAILED);
    assert_ok(txn_commit(t));
    told(&results, &gone);
    assert_int_equal(gone.len, DELIVERY_KEY_LEN);
    assert_ok(delivery_key_read(buf_span(&gone), &at));
    assert_int_equal(at.index, 1);
    assert_int_equal(results.len, 0);
    buf_free(&results);
    buf_free(&gone);
}

static void what_goes_to_nobody_is_dropped_without_an_attempt(void **state)
{
    struct buf results, gone;
    struct delivery_result r;
    (void)state;
    buf_heap(&results);
    buf_heap(&gone);
    struct txn *t = fixture_begin(&cf.live.f, true);
    put(t, 7, clock_ms() - 1, DELIVERY_PENDING);
    assert_ok(txn_commit(t));
    told(&results, &gone);
    struct span rest = buf_span(&results);
    assert_ok(delivery_result_take(&rest, &r));
    assert_true(r.state == DELIVERY_DROPPED && !r.tried && r.place.index == 7 && rest.len == 0);
    buf_free(&results);
    buf_free(&gone);
}

/* Those of a contract that the control data has not yet may be of the commit under way. */
static void what_the_control_data_do_not_know_yet_waits(void **state)
{
    struct buf results, gone;
    (void)state;
    buf_heap(&results);
    buf_heap(&gone);
    struct txn *t = fixture_begin(&cf.live.f, true);
    const struct delivery_place at = {1000, clock_ms() - 1, 1, PARTY};
    uint8_t due[OUTBOX_KEY_LEN], until[OUTBOX_ROW_LEN] = {0};
    outbox_key(&at, at.at_ms, due);
    assert_ok(store_put(t, TABLE_OUTBOX, span_of(due, sizeof due), span_of(until, sizeof until)));
    put(t, 8, clock_ms() - 1, DELIVERY_PENDING); /* behind it: it is told, so the thread has looked */
    assert_ok(txn_commit(t));
    told(&results, &gone);
    assert_int_equal(results.len, DELIVERY_RESULT_LEN);
    buf_free(&results);
    buf_free(&gone);
}

int main(void)
{
#define F(name) cmocka_unit_test_setup_teardown(name, open_store, close_store)
    const struct CMUnitTest tests[] = {
        F(what_is_past_its_time_is_told_to_go),
        F(what_goes_to_nobody_is_dropped_without_an_attempt),
        F(what_the_control_data_do_not_know_yet_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
