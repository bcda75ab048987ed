/* Repeats: whose click is the first, on one thread and on several, and what a full table forgets. */
#include "server/worker/repeats.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/limits.h"

enum { NOW = 1800000000, WINDOW = 3600 };

static uint64_t visitor(struct repeats *r, const char *ip, const char *agent, uint32_t contract, uint32_t placement)
{
    return repeats_visitor(r, span_str(ip), span_str(agent), contract, placement);
}

static void a_visitor_is_address_agent_and_code(void **state)
{
    (void)state;
    struct repeats *r = repeats_new(1 << 16), *other = repeats_new(1 << 16);
    uint64_t first = visitor(r, "192.0.2.1", "Firefox", 2, 1);
    assert_true(first == visitor(r, "192.0.2.1", "Firefox", 2, 1));
    assert_true(first != visitor(r, "192.0.2.2", "Firefox", 2, 1));
    assert_true(first != visitor(r, "192.0.2.1", "Firefox2", 2, 1));
    assert_true(first != visitor(r, "192.0.2.1F", "irefox", 2, 1));
    assert_true(first != visitor(r, "192.0.2.1", "Firefox", 3, 1));
    assert_true(first != visitor(r, "192.0.2.1", "Firefox", 2, 2));
    assert_true(first != visitor(other, "192.0.2.1", "Firefox", 2, 1)); /* each process has a key of its own */
    char agent[60000] = "Firefox"; /* heads of clicks may be that long: what is kept of an agent tells */
    memset(agent + 7, ' ', sizeof agent - 8);
    uint64_t talker = visitor(r, "192.0.2.1", agent, 2, 1);
    agent[LIMIT_USER_AGENT] = 'x';
    assert_true(talker == visitor(r, "192.0.2.1", agent, 2, 1));
    agent[LIMIT_USER_AGENT - 1] = 'x';
    assert_true(talker != visitor(r, "192.0.2.1", agent, 2, 1));
    repeats_free(r);
    repeats_free(other);
}

static void a_click_within_the_window_of_the_last_one_is_a_repeat(void **state)
{
    static const struct {
        int64_t at_s;
        bool again;
    } clicks[] = {
        {NOW, false},
        {NOW, true},
        {NOW + WINDOW, true},          /* the window's end is in it */
        {NOW + 2 * WINDOW, true},      /* counted from the last click, not from the first */
        {NOW + 3 * WINDOW + 1, false}, /* a second more is not */
        {NOW + 3 * WINDOW, true},      /* the clock was set back */
    };
    (void)state;
    struct repeats *r = repeats_new(1 << 16);
    uint64_t v = visitor(r, "192.0.2.1", "Firefox", 2, 1);
    for (size_t i = 0; i < sizeof clicks / sizeof *clicks; i++)
        if (repeats_again(r, v, clicks[i].at_s, WINDOW) != clicks[i].again)
            fail_msg("click %zu", i);
    repeats_forget(r, v);
    assert_false(repeats_again(r, v, NOW + 3 * WINDOW, WINDOW));
    repeats_forget(r, v + 1); /* nobody knows this one */
    assert_true(repeats_again(r, v, NOW + 3 * WINDOW, WINDOW));
    repeats_free(r);
}

/* A table of 64 KiB has 8,192 places in buckets of 8. */
static void a_full_table_forgets_who_was_away_the_longest(void **state)
{
    enum { PLACES = (1 << 16) / 8, VISITORS = 4 * PLACES };
    struct repeats *r = repeats_new(1 << 16);
    unsigned kept = 0, newest = 0;
    (void)state;
    for (uint32_t i = 0; i < VISITORS; i++)
        assert_false(repeats_again(r, visitor(r, "192.0.2.1", "Firefox", i, 1), NOW + i / 8, WINDOW * 10));
    for (uint32_t i = VISITORS; i-- > 0;) {
        bool again = repeats_again(r, visitor(r, "192.0.2.1", "Firefox", i, 1), NOW + VISITORS, WINDOW * 10);
        kept += again;
        newest += again && i >= VISITORS - PLACES / 4;
    }
    assert_in_range(kept, PLACES / 2, PLACES);
    assert_in_range(newest, PLACES / 4 - PLACES / 100,
                    PLACES / 4); /* a bucket that got more than eight of them lost some */
    repeats_free(r);
}

/* Eight visitors fill the first bucket. */
static void who_is_forgotten_takes_nobodys_place(void **state)
{
    enum { IN_BUCKET = 8 };
    struct repeats *r = repeats_new(1 << 16);
    (void)state;
    for (uint64_t v = 1; v <= IN_BUCKET; v++)
        assert_false(repeats_again(r, v, NOW + (int64_t)v, WINDOW));
    repeats_forget(r, IN_BUCKET + 1);
    for (uint64_t v = 1; v <= IN_BUCKET; v++)
        assert_true(repeats_again(r, v, NOW + 2 * IN_BUCKET, WINDOW));
    repeats_free(r);
}

enum { THREADS = 4, MANY = 20000 };
static struct repeats *shared;
static unsigned firsts[THREADS][MANY];

static void *click_all(void *arg)
{
    size_t own = (size_t)(uintptr_t)arg;
    for (uint32_t i = 0; i < MANY; i++)
        firsts[own][i] = !repeats_again(shared, visitor(shared, "192.0.2.1", "Firefox", i, 1), NOW, WINDOW);
    return NULL;
}

static void of_clicks_at_the_same_time_one_is_the_first(void **state)
{
    pthread_t thread[THREADS];
    (void)state;
    shared = repeats_new(4 << 20);
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, click_all, (void *)(uintptr_t)i), 0);
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(thread[i], NULL);
    for (size_t i = 0; i < MANY; i++)
        if (firsts[0][i] + firsts[1][i] + firsts[2][i] + firsts[3][i] != 1)
            fail_msg("visitor %zu: %u %u %u %u", i, firsts[0][i], firsts[1][i], firsts[2][i], firsts[3][i]);
    repeats_free(shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_visitor_is_address_agent_and_code),
        cmocka_unit_test(a_click_within_the_window_of_the_last_one_is_a_repeat),
        cmocka_unit_test(a_full_table_forgets_who_was_away_the_longest),
        cmocka_unit_test(who_is_forgotten_takes_nobodys_place),
        cmocka_unit_test(of_clicks_at_the_same_time_one_is_the_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
