/* The watch over the clock against a model that knows the true time: whatever becomes of clock, process and machine,
 * the clock that never goes back goes no faster than time, and every step within one boot is seen, and no other. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "common/commit/clock.h"
#include "tests/support/chance.h"

enum { ROUNDS = 2000, LOOKS = 60, SLEW_MS = CLOCK_STEP_MS - 1 };
#define START_MS 1790000000000
#define DAYS(n) ((n)*MS_PER_DAY)

struct model {
    int64_t true_ms, off_ms; /* the clock says true + off */
    int64_t booted_ms;
    uint8_t boot;
    int64_t slewed_ms; /* in all, one way or the other */
    uint32_t steps, confirmed;
};

static struct clock_reading read_clock(const struct model *m)
{
    struct clock_reading r = {.boot_ms = m->true_ms - m->booted_ms, .now_ms = m->true_ms + m->off_ms};
    memset(r.boot, m->boot, sizeof r.boot);
    return r;
}

/* One look; `should` is what must be seen. */
static void look(struct clock_mark *mark, const struct model *m, bool should)
{
    uint8_t row[CLOCK_MARK_LEN];
    struct clock_mark again;
    int64_t should_ms;
    const struct clock_reading r = read_clock(m);
    bool stepped = clock_stepped(&mark->last, &r, 0, &should_ms);
    assert_int_equal(stepped, should);
    clock_mark_take(mark, &r, should_ms, stepped);
    clock_mark_write(mark, row); /* as over a restart of the process */
    assert_int_equal(clock_mark_read(span_of(row, sizeof row), &again), ERR_OK);
    assert_memory_equal(again.last.boot, mark->last.boot, CLOCK_BOOT_LEN);
    again.last = mark->last;
    *mark = again;
    assert_int_equal(mark->steps, m->steps);
    assert_int_equal(mark->confirmed, m->confirmed);
}

static int64_t steady_ms(const struct clock_mark *mark)
{
    return mark->last.now_ms - mark->ahead_ms;
}

/* Years stay within what a time can be. */
static int64_t some_jump(const struct model *m)
{
    static const int64_t jumps[] = {CLOCK_STEP_MS, CLOCK_LARGE_MS - 1, CLOCK_LARGE_MS, 3600000, DAYS(400)};
    int64_t ms = jumps[below(sizeof jumps / sizeof *jumps)];
    return m->off_ms > DAYS(2000) || (m->off_ms > -DAYS(2000) && one_in(2)) ? -ms : ms;
}

static void jump(struct model *m)
{
    int64_t ms = some_jump(m);
    bool small = llabs(ms) < CLOCK_LARGE_MS;
    m->off_ms += ms;
    m->confirmed += m->confirmed == m->steps && small;
    m->steps++;
}

static void a_round(void)
{
    struct model m = {.true_ms = START_MS, .booted_ms = START_MS - 1000, .boot = 1};
    const struct clock_reading first = read_clock(&m);
    struct clock_mark mark = {.steps = 0};
    clock_mark_take(&mark, &first, first.now_ms, false);
    int64_t passed_ms = 0, begun_ms = steady_ms(&mark);
    for (int i = 0; i < LOOKS; i++) {
        int64_t ms = (int64_t)below(one_in(4) ? (uint64_t)DAYS(20) : 2000), before_ms = steady_ms(&mark);
        m.true_ms += ms;
        passed_ms += ms;
        bool stepped = one_in(5);
        if (stepped) {
            jump(&m);
        } else if (one_in(3)) {
            int64_t slew_ms = (int64_t)below(2 * SLEW_MS + 1) - SLEW_MS;
            m.off_ms += slew_ms;
            m.slewed_ms += llabs(slew_ms);
        } else if (one_in(10)) { /* off for a while, with a clock that goes on */
            int64_t off_ms = (int64_t)below(CLOCK_ABSENCE_MS - ms % CLOCK_ABSENCE_MS);
            m.true_ms += ms < CLOCK_ABSENCE_MS ? off_ms : 0;
            m.boot++;
            m.booted_ms = m.true_ms;
            stepped = ms >= CLOCK_ABSENCE_MS; /* for longer: somebody must say that it was so */
            m.steps += stepped;
        } else if (one_in(8)) { /* the operator's word */
            mark.confirmed = mark.steps;
            m.confirmed = m.steps;
        }
        look(&mark, &m, stepped);
        assert_true(steady_ms(&mark) >= before_ms);
        assert_true(steady_ms(&mark) - begun_ms <= passed_ms);
    }
}

static void every_step_is_seen_and_kept_times_go_no_faster_than_time(void **state)
{
    (void)state;
    chance_seed();
    for (int i = 0; i < ROUNDS; i++)
        a_round();
}

/* Over a boot there is no other clock: the last that was recorded is what there is. */
static void over_a_boot_the_clock_is_held_against_what_was_recorded(void **state)
{
    (void)state;
    static const struct {
        int64_t off_ms, newest_ms;
        bool stepped;
    } cases[] = {
        {0, 0, false},
        {-CLOCK_STEP_MS + 1, 0, false},
        {-CLOCK_STEP_MS, 0, true},
        {-3600000, 0, true},
        {3600000, 0, false},
        {CLOCK_ABSENCE_MS - 1, 0, false},
        {CLOCK_ABSENCE_MS, 0, true},
        {-DAYS(400), 0, true},
        {DAYS(400), 0, true},
        {0, 5000, true}, /* an entry is newer than the mark */
        {5000, 5000, false},
        {0, -5000, false}, /* or older */
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const struct clock_reading last = {.boot = {1}, .boot_ms = 9000, .now_ms = START_MS};
        struct clock_reading now = {.boot = {2}, .boot_ms = 50, .now_ms = START_MS + cases[i].off_ms};
        int64_t newest_ms = cases[i].newest_ms != 0 ? START_MS + cases[i].newest_ms : 0, should_ms;
        assert_int_equal(clock_stepped(&last, &now, newest_ms, &should_ms), cases[i].stepped);
        assert_int_equal(should_ms, cases[i].newest_ms > 0 ? newest_ms : START_MS);
        memcpy(now.boot, last.boot, sizeof now.boot); /* the boot before, and yet less of it: another */
        assert_int_equal(clock_stepped(&last, &now, newest_ms, &should_ms), cases[i].stepped);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_step_is_seen_and_kept_times_go_no_faster_than_time),
        cmocka_unit_test(over_a_boot_the_clock_is_held_against_what_was_recorded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
