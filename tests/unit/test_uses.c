/* When API tokens were used: to the minute, whoever asks how often, and in nobody's way. */
#include "server/commit/uses.h"

#include "server/commit/committer.h"
#include "server/jobs.h"
#include "tests/support/by_hand.h"

static const int64_t now_ms = 1790000000000;

static void hash_of(uint32_t n, uint8_t out[HASH_LEN])
{
    sha256(&n, sizeof n, out);
}

/* ---- on the way ---- */

static size_t taken(struct uses *u)
{
    struct buf rows;
    buf_heap(&rows);
    uses_take(u, &rows);
    size_t n = rows.len / RECORD_USE;
    buf_free(&rows);
    return n;
}

static void a_token_waits_once_and_comes_again_after_a_minute(void **state)
{
    (void)state;
    struct uses *u = uses_new();
    uint8_t token[HASH_LEN], other[HASH_LEN];
    hash_of(1, token);
    hash_of(2, other);
    for (int i = 0; i < 3; i++)
        uses_note(u, token, now_ms + i);
    uses_note(u, other, now_ms);
    assert_int_equal(taken(u), 2);
    uses_note(u, token, now_ms + USE_EVERY_MS - 1);
    assert_false(uses_any(u));
    uses_note(u, token, now_ms + USE_EVERY_MS);
    assert_true(uses_any(u));
    assert_int_equal(taken(u), 1);
    assert_int_equal(taken(u), 0);
    uses_free(u);
}

static void many_tokens_wait_in_bounds_and_their_records_read(void **state)
{
    (void)state;
    struct uses *u = uses_new();
    size_t all = 0;
    for (uint32_t i = 0; i < 3 * USES_KEPT; i++) {
        uint8_t token[HASH_LEN];
        hash_of(i, token);
        uses_note(u, token, now_ms);
    }
    while (uses_any(u)) {
        struct buf rows, bytes;
        struct record r = {.kind = RECORD_USED, .now_ms = now_ms}, again;
        buf_heap(&rows);
        buf_heap(&bytes);
        uses_take(u, &rows);
        r.used.uses = buf_span(&rows);
        record_write(&bytes, &r);
        assert_ok(record_read(buf_span(&bytes), &again));
        all += again.used.uses.len / RECORD_USE;
        buf_free(&rows);
        buf_free(&bytes);
    }
    assert_in_range(all, USES_KEPT / 2, USES_KEPT);
    uses_free(u);
}

/* ---- the fold ---- */

static int open_store(void **state)
{
    (void)state;
    committer = committer_fixture_by_hand(&cf);
    return 0;
}

/* Whether it wrote. */
static bool fold(const uint8_t token[HASH_LEN], int64_t at_ms)
{
    uint8_t use[RECORD_USE];
    memcpy(use, token, HASH_LEN);
    store_be64(use + HASH_LEN, (uint64_t)at_ms);
    struct job job = {.chore = true,
                      .record = {.kind = RECORD_USED, .now_ms = now_ms, .used.uses = span_of(use, sizeof use)}};
    struct job *jobs[] = {&job};
    bool wrote;
    assert_ok(committer_run(committer, jobs, 1, &wrote));
    assert_ok(job.err);
    return wrote;
}

static enum err used(const uint8_t token[HASH_LEN], int64_t *ms)
{
    struct txn *t = fixture_begin(&cf.live.f, false);
    enum err err = token_used(t, token, ms);
    txn_abort(t);
    return err;
}

/* Whatever is forgotten on the way, as by a restart, writes no more often. A clock that was set back is believed. */
static void a_use_is_written_once_a_minute(void **state)
{
    (void)state;
    static const struct {
        int64_t at_ms;
        bool writes;
    } uses[] = {{0, true}, {1, false}, {USE_EVERY_MS - 1, false}, {USE_EVERY_MS, true}, {USE_EVERY_MS + 1, false},
                {-5, true}};
    uint8_t token[HASH_LEN];
    int64_t ms;
    api_token_hash(cf.live.operator_token, token);
    assert_int_equal(used(token, &ms), ERR_NOT_FOUND);
    for (size_t i = 0; i < sizeof uses / sizeof *uses; i++) {
        assert_int_equal(fold(token, now_ms + uses[i].at_ms), uses[i].writes);
        assert_ok(used(token, &ms));
        assert_int_equal(uses[i].writes ? ms : now_ms + uses[i].at_ms, now_ms + uses[i].at_ms);
    }
}

static void what_is_no_token_leaves_no_row(void **state)
{
    (void)state;
    uint8_t token[HASH_LEN];
    int64_t ms;
    hash_of(7, token);
    assert_false(fold(token, now_ms));
    assert_int_equal(used(token, &ms), ERR_NOT_FOUND);
}

/* It stays for `check` to name, and nothing else waits for it. */
static void a_row_that_does_not_read_stays_and_stops_nothing(void **state)
{
    (void)state;
    uint8_t token[HASH_LEN];
    int64_t ms;
    api_token_hash(cf.live.operator_token, token);
    struct txn *t = fixture_begin(&cf.live.f, true);
    assert_ok(store_put(t, TABLE_USES, span_of(token, sizeof token), SPAN("short")));
    assert_ok(txn_commit(t));
    assert_false(fold(token, now_ms));
    assert_int_equal(used(token, &ms), ERR_CORRUPT);
}

int main(void)
{
#define F(name) cmocka_unit_test_setup_teardown(name, open_store, close_store)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_waits_once_and_comes_again_after_a_minute),
        cmocka_unit_test(many_tokens_wait_in_bounds_and_their_records_read),
        F(a_use_is_written_once_a_minute),
        F(what_is_no_token_leaves_no_row),
        F(a_row_that_does_not_read_stays_and_stops_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
