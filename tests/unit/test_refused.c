/* The refused log: what strangers send fills no memory and no table, and pushes out nothing that a party signed. */
#include "server/commit/refusals.h"

#include "server/commit/committer.h"
#include "server/commit/refused_log.h"
#include "server/system/allowance.h"
#include "tests/support/by_hand.h"
#include "tests/support/raw_row.h"

enum { STRANGERS = 100000 };

static struct refusal refusal_of(uint32_t party, enum standing standing, int64_t at_ms, uint64_t id)
{
    return (struct refusal){.room = {party, standing},
                            .at_ms = at_ms,
                            .request_id = id,
                            .status = 400,
                            .kid = SPAN("K3"),
                            .route = SPAN("/postback"),
                            .field = SPAN("txid"),
                            .reason = SPAN("too long")};
}

/* ---- on their way ---- */

/* How many of one batch are in each room: nobody's, and of each standing and party. */
struct batch_counts {
    size_t all, nobodys, of[STANDINGS][4];
};

static struct batch_counts take(struct refusals *r)
{
    struct batch_counts n = {0};
    struct buf rows;
    buf_heap(&rows);
    size_t said = refusals_take(r, &rows);
    for (struct span rest = buf_span(&rows); rest.len > 0; n.all++) {
        struct refusal one;
        assert_ok(refusal_take(&rest, &one, NULL, NULL));
        if (one.room.party == 0)
            n.nobodys++;
        else
            n.of[one.room.standing][one.room.party]++;
    }
    assert_int_equal(n.all, said);
    buf_free(&rows);
    return n;
}

static size_t add(struct refusals *r, uint32_t party, enum standing standing, size_t times)
{
    size_t taken = 0;
    for (size_t i = 0; i < times; i++)
        taken +=
            refusals_add(r, &(struct refusal){.room = {party, standing}, .at_ms = 1, .request_id = i, .status = 401});
    return taken;
}

static void a_flood_leaves_room_for_everybody_else(void **state)
{
    (void)state;
    struct refusals *r = refusals_new();
    assert_false(refusals_any(r));
    static const struct {
        size_t cap, batch;
    } room[STANDINGS] = {
        [STANDING_NAMED] = {REFUSALS_NAMED, REFUSALS_NAMED_BATCH},
        [STANDING_PROVEN] = {REFUSALS_PROVEN, REFUSALS_BATCH},
        [STANDING_LATE] = {REFUSALS_LATE, REFUSALS_LATE_BATCH},
        [STANDING_AGAIN] = {REFUSALS_AGAIN, REFUSALS_AGAIN_BATCH},
    };
    assert_int_equal(add(r, 0, STANDING_NAMED, STRANGERS), REFUSALS_NOBODYS);
    for (enum standing one = 0; one < STANDINGS; one++)
        assert_int_equal(add(r, 1, one, STRANGERS), room[one].cap / 2);
    assert_true(refusals_any(r));
    for (enum standing one = 0; one < STANDINGS; one++)
        assert_int_equal(add(r, 2, one, 5), 5);
    struct batch_counts all = {0};
    for (int batch = 0; refusals_any(r); batch++) {
        assert_true(batch < 10);
        struct batch_counts n = take(r);
        assert_true(n.all <= REFUSALS_BATCH && n.nobodys <= REFUSALS_NOBODYS_BATCH);
        all.nobodys += n.nobodys;
        for (enum standing one = 0; one < STANDINGS; one++) {
            assert_true(n.of[one][1] + n.of[one][2] <= room[one].batch);
            assert_true(batch > 0 || n.of[one][1] > 0); /* none waits for the others to be done */
            all.of[one][2] += n.of[one][2];
        }
    }
    assert_int_equal(all.nobodys, REFUSALS_NOBODYS);
    for (enum standing one = 0; one < STANDINGS; one++)
        assert_int_equal(all.of[one][2], 5);
    assert_int_equal(add(r, 0, STANDING_NAMED, 1), 1); /* there is room again */
    refusals_free(r);
}

/* Also when others came between; but what came long ago is forgotten. */
static void what_was_refused_lately_is_known_again(void **state)
{
    (void)state;
    enum { OTHERS = 500, MANY = 100000 };
    struct refusals *r = refusals_new();
    uint64_t x = 88172645463325252u, first = x;
    assert_false(refusals_again(r, first));
    for (int i = 0; i < OTHERS; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        assert_false(refusals_again(r, x));
        assert_true(refusals_again(r, x));
        assert_true(refusals_again(r, first));
    }
    for (int i = 0; i < MANY; i++) {
        x ^= x << 13, x ^= x >> 7, x ^= x << 17;
        refusals_again(r, x);
    }
    assert_false(refusals_again(r, first));
    for (uint64_t i = 1; i <= 4; i++) /* all of one row */
        assert_false(refusals_again(r, i << 32));
    for (uint64_t i = 1; i <= 4; i++)
        assert_true(refusals_again(r, i << 32));
    assert_false(refusals_again(r, UINT64_C(5) << 32));
    assert_false(refusals_again(r, UINT64_C(1) << 32)); /* longest not met */
    assert_true(refusals_again(r, UINT64_C(4) << 32));
    refusals_free(r);
}

static void texts_are_cut_and_cleaned_on_the_way(void **state)
{
    (void)state;
    static char many[1000];
    struct refusal one = refusal_of(3, STANDING_PROVEN, 5, 7), read;
    struct buf b;
    memset(many, 'x', sizeof many);
    one.kid = one.route = one.field = one.reason = span_of(many, sizeof many);
    buf_heap(&b);
    refusal_write(&b, &one);
    assert_true(b.len <= REFUSAL_MAX);
    struct span rest = buf_span(&b);
    assert_ok(refusal_take(&rest, &read, NULL, NULL));
    assert_int_equal(read.kid.len, LIMIT_ID);
    assert_int_equal(read.reason.len, REFUSAL_REASON);
    buf_clear(&b);
    one.kid = one.route = one.field = SPAN("");
    one.reason = SPAN("a\nb\xff");
    refusal_write(&b, &one);
    rest = buf_span(&b);
    assert_ok(refusal_take(&rest, &read, NULL, NULL));
    assert_true(span_is(read.reason, "a\xef\xbf\xbd"
                                     "b\xef\xbf\xbd"));
    buf_free(&b);
}

static void an_allowance_is_so_many_at_once_and_so_many_a_second(void **state)
{
    (void)state;
    struct allowance a = {0};
    const int64_t start_us = 1000000000;
    size_t at_once = 0, later = 0;
    for (int i = 0; i < 1000; i++)
        at_once += allowance_take(&a, 100, 20, start_us);
    for (int64_t us = 0; us < 10000000; us += 1000)
        later += allowance_take(&a, 100, 20, start_us + us);
    assert_int_equal(at_once, 100);
    assert_in_range(later, 190, 200);
    assert_true(allowance_take(&a, 100, 20, start_us + 100000000));
    assert_int_equal(a.withheld, 900 + 10000 - later);
    for (int i = 0; i < 1000; i++)
        at_once += allowance_take(&a, 100, 20, start_us + 100000000);
    assert_int_equal(at_once, 199);
}

/* By however much: nothing is gained or lost by it, and from there on time counts. */
static void an_allowance_outlives_a_clock_that_is_set_back(void **state)
{
    (void)state;
    enum { MOST = 100000000 };
    const int64_t late_us = INT64_C(1) << 52, sets[] = {late_us - 1, late_us - 2000000, 1000, -late_us};
    for (size_t i = 0; i < sizeof sets / sizeof *sets; i++) {
        struct allowance a = {0};
        assert_true(allowance_spend(&a, MOST, MOST, MOST, late_us));
        assert_false(allowance_take(&a, MOST, MOST, sets[i]));
        assert_int_equal(a.left, 0);
        int64_t from_us = late_us - sets[i] > 1000000 ? sets[i] : late_us;
        assert_true(allowance_take(&a, MOST, MOST, from_us + 1000));
        assert_int_equal(a.left, MOST / 1000 - 1);
    }
}

static void an_allowance_spent_ahead_of_time_is_waited_for(void **state)
{
    (void)state;
    struct allowance a = {0};
    const int64_t start_us = 1000000000;
    size_t taken = 0;
    assert_true(allowance_spend(&a, 300, 100, 20, start_us));
    assert_false(allowance_take(&a, 100, 20, start_us + 10000000)); /* 200 are owed */
    assert_true(allowance_take(&a, 100, 20, start_us + 10050000));
    for (int64_t us = 0; us < 10000000; us += 30000) /* more often than there is a whole one */
        taken += allowance_take(&a, 100, 20, start_us + 10050000 + us);
    assert_in_range(taken, 199, 200);
}

/* ---- the fold ---- */

static const int64_t now_ms = 1790000000000;

static int open_store(void **state)
{
    (void)state;
    committer = committer_fixture_by_hand(&cf);
    return 0;
}

static struct job fold(struct span rows, uint32_t from, uint32_t steps, int64_t at_ms)
{
    struct job job = {
        .chore = true,
        .record = {.kind = RECORD_REFUSED, .now_ms = at_ms, .refused = {.rows = rows, .from = from, .steps = steps}}};
    struct job *jobs[] = {&job};
    bool wrote;
    assert_ok(committer_run(committer, jobs, 1, &wrote));
    return job;
}

/* n rows of a room, a millisecond apart, the last at last_ms; the largest batches that are taken. */
static void put(uint32_t party, enum standing standing, size_t n, int64_t last_ms)
{
    struct buf rows;
    buf_heap(&rows);
    for (size_t i = 0; i < n;) {
        buf_clear(&rows);
        for (size_t k = 0; i < n && k < REFUSALS_BATCH; i++, k++) {
            const struct refusal one = refusal_of(party, standing, last_ms - (int64_t)(n - 1 - i), i + 1);
            refusal_write(&rows, &one);
        }
        assert_ok(fold(buf_span(&rows), 0, 0, now_ms).err);
    }
    buf_free(&rows);
}

/* Rows of a room, and the time of the oldest. */
static size_t count(uint32_t party, enum standing standing, int64_t *oldest_ms)
{
    struct txn *t = fixture_begin(&cf.live.f, false);
    struct cursor *c;
    struct span key, value;
    size_t n = 0;
    assert_ok(cursor_open(t, TABLE_REFUSED, &c));
    enum err step = cursor_seek(c, SPAN(""), &key, &value);
    for (; step == ERR_OK; step = cursor_next(c, &key, &value)) {
        struct refusal r;
        assert_ok(refusal_read(key, value, &r));
        if (r.room.party != party || r.room.standing != standing)
            continue;
        n++;
        if (oldest_ms != NULL)
            *oldest_ms = r.at_ms; /* newest first */
    }
    assert_ok(cursor_end(step));
    cursor_close(c);
    txn_abort(t);
    return n;
}

static void strangers_push_out_nothing_that_a_party_signed(void **state)
{
    (void)state;
    static const size_t most[STANDINGS] = {REFUSED_NAMED_MOST, REFUSED_PROVEN_MOST, REFUSED_LATE_MOST,
                                           REFUSED_AGAIN_MOST};
    put(3, STANDING_PROVEN, 10, now_ms - 1000);
    put(3, STANDING_LATE, 10, now_ms - 1000);
    put(3, STANDING_NAMED, 3 * REFUSED_NAMED_MOST, now_ms);
    put(0, STANDING_NAMED, 3 * REFUSED_NAMED_MOST, now_ms);
    put(3, STANDING_AGAIN, 3 * REFUSED_AGAIN_MOST, now_ms);
    assert_int_equal(count(3, STANDING_PROVEN, NULL), 10);
    assert_int_equal(count(3, STANDING_LATE, NULL), 10);
    assert_int_equal(count(3, STANDING_NAMED, NULL), most[STANDING_NAMED]);
    assert_int_equal(count(0, STANDING_NAMED, NULL), most[STANDING_NAMED]);
    assert_int_equal(count(3, STANDING_AGAIN, NULL), most[STANDING_AGAIN]);
    put(3, STANDING_LATE, 3 * REFUSED_LATE_MOST, now_ms);
    assert_int_equal(count(3, STANDING_LATE, NULL), most[STANDING_LATE]);
    assert_int_equal(count(3, STANDING_PROVEN, NULL), 10);
}

static void the_newest_of_a_room_are_kept(void **state)
{
    (void)state;
    int64_t oldest_ms = 0;
    put(4, STANDING_PROVEN, REFUSED_PROVEN_MOST + 300, now_ms);
    assert_int_equal(count(4, STANDING_PROVEN, &oldest_ms), REFUSED_PROVEN_MOST);
    assert_int_equal(oldest_ms, now_ms - (REFUSED_PROVEN_MOST - 1));
    assert_int_equal(count(3, STANDING_PROVEN, NULL), 10);
}

static void rows_past_their_time_go_also_of_parties_that_nothing_came_of(void **state)
{
    (void)state;
    const int64_t later_ms = now_ms + REFUSED_KEEP_MS - 500; /* the ten of party 3 are older, all else is younger */
    struct job job = fold(SPAN(""), 0, 1, later_ms);
    assert_true(job.more && job.index == 1);
    assert_int_equal(count(3, STANDING_PROVEN, NULL), 10);
    for (int rounds = 0; job.more; rounds++) {
        assert_true(rounds < 10);
        job = fold(SPAN(""), (uint32_t)job.index, 1, later_ms);
    }
    assert_int_equal(job.index, 0);
    assert_int_equal(count(3, STANDING_PROVEN, NULL), 0);
    assert_true(count(4, STANDING_PROVEN, NULL) > 0 && count(3, STANDING_NAMED, NULL) > 0);
    for (int n = 0; n < 20; n++)
        fold(SPAN(""), 0, 100, later_ms + 2 * REFUSED_KEEP_MS);
    assert_int_equal(count(0, STANDING_NAMED, NULL) + count(3, STANDING_NAMED, NULL) + count(4, STANDING_PROVEN, NULL),
                     0);
}

/* However many have much, and however many of them are to be looked at. */
static void a_round_over_full_rooms_takes_several_records(void **state)
{
    (void)state;
    enum { FIRST = 200, PARTIES = 9, ROWS = REFUSED_PROVEN_MOST - 100 };
    int records = 1;
    for (uint32_t party = FIRST; party < FIRST + PARTIES; party++)
        put(party, STANDING_PROVEN, ROWS, now_ms);
    struct job job = fold(SPAN(""), FIRST, 100, now_ms);
    assert_true(job.more);
    assert_in_range(job.index, FIRST + 1, FIRST + PARTIES - 1);
    for (; job.more; records++)
        job = fold(SPAN(""), (uint32_t)job.index, 100, now_ms);
    assert_in_range(records, 3, 5);
    for (int n = 0; n < ROWS * PARTIES / 1000 + PARTIES; n++)
        fold(SPAN(""), FIRST, 100, now_ms + 2 * REFUSED_KEEP_MS);
    for (uint32_t party = FIRST; party < FIRST + PARTIES; party++)
        assert_int_equal(count(party, STANDING_PROVEN, NULL), 0);
}

static void rows_of_a_clock_that_was_ahead_go_when_it_is_set_right(void **state)
{
    (void)state;
    put(3, STANDING_PROVEN, 5, now_ms + 10 * REFUSED_AHEAD_MS);
    put(3, STANDING_PROVEN, 1, now_ms);
    fold(SPAN(""), 0, 100, now_ms);
    assert_int_equal(count(3, STANDING_PROVEN, NULL), 1);
}

static void more_rows_than_a_batch_has_are_refused_as_a_whole(void **state)
{
    (void)state;
    struct buf rows;
    size_t before = count(3, STANDING_PROVEN, NULL);
    buf_heap(&rows);
    for (uint64_t i = 0; i <= REFUSALS_BATCH; i++) {
        const struct refusal one = refusal_of(3, STANDING_PROVEN, now_ms, 1000 + i);
        refusal_write(&rows, &one);
    }
    assert_int_equal(fold(buf_span(&rows), 0, 0, now_ms).err, ERR_TOO_LARGE);
    assert_int_equal(count(3, STANDING_PROVEN, NULL), before);
    buf_free(&rows);
}

/* The last: what it spoils stays. A bound on rows that nobody can count would be none. */
static void a_room_with_a_row_that_does_not_read_takes_no_more_and_others_do(void **state)
{
    (void)state;
    uint8_t key[REFUSAL_KEY_LEN];
    struct buf rows;
    const struct refusal one = refusal_of(5, STANDING_PROVEN, now_ms, 1),
                         other = refusal_of(6, STANDING_PROVEN, now_ms, 2);
    struct txn *t = fixture_begin(&cf.live.f, true);
    refusal_key(&one.room, now_ms - 1, 1, key);
    raw_row_put(t, TABLE_REFUSED, span_of(key, sizeof key), SPAN("any"), 0);
    assert_ok(txn_commit(t));
    buf_heap(&rows);
    refusal_write(&rows, &one);
    assert_err(fold(buf_span(&rows), 0, 0, now_ms).err, ERR_CORRUPT);
    buf_clear(&rows);
    refusal_write(&rows, &other);
    assert_ok(fold(buf_span(&rows), 0, 0, now_ms).err);
    buf_free(&rows);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_flood_leaves_room_for_everybody_else),
        cmocka_unit_test(what_was_refused_lately_is_known_again),
        cmocka_unit_test(texts_are_cut_and_cleaned_on_the_way),
        cmocka_unit_test(an_allowance_is_so_many_at_once_and_so_many_a_second),
        cmocka_unit_test(an_allowance_outlives_a_clock_that_is_set_back),
        cmocka_unit_test(an_allowance_spent_ahead_of_time_is_waited_for),
        cmocka_unit_test(strangers_push_out_nothing_that_a_party_signed),
        cmocka_unit_test(the_newest_of_a_room_are_kept),
        cmocka_unit_test(rows_past_their_time_go_also_of_parties_that_nothing_came_of),
        cmocka_unit_test(a_round_over_full_rooms_takes_several_records),
        cmocka_unit_test(rows_of_a_clock_that_was_ahead_go_when_it_is_set_right),
        cmocka_unit_test(more_rows_than_a_batch_has_are_refused_as_a_whole),
        cmocka_unit_test(a_room_with_a_row_that_does_not_read_takes_no_more_and_others_do),
    };
    return cmocka_run_group_tests(tests, open_store, close_store);
}
