/* Snapshots of settings that threads go over to while others are published. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/mem.h"
#include "server/worker/settings.h"
#include "tests/support/ok.h"

enum { THREADS = 3, PUBLISHED = 3000 };

/* All of it says n, also a text that is the snapshot's own. */
static struct settings *made(int64_t n)
{
    struct settings *s = settings_new();
    s->options.file = xasprintf("%lld", (long long)n);
    s->options.cors_origins.text = s->options.file;
    s->options.budget_party.number = s->options.quota_grants.number = n;
    s->files_needed = (uint64_t)n;
    return s;
}

static int64_t said(const struct settings *s)
{
    int64_t n = strtoll(s->options.cors_origins.text, NULL, 10);
    return s->options.budget_party.number == n && s->options.quota_grants.number == n && s->files_needed == (uint64_t)n
               ? n
               : -1;
}

static void *follow(void *arg)
{
    struct settings_slot *slot = arg;
    const struct settings *mine = NULL;
    uintptr_t seen = 0;
    for (int64_t before = 0, now = 0; now < PUBLISHED; before = now) {
        bool another = settings_follow(slot, &mine);
        now = said(mine);
        if (now < before || another != (now != before || seen == 0)) {
            seen = 0;
            break;
        }
        seen++;
    }
    settings_leave(slot, &mine);
    return (void *)seen;
}

static void each_thread_sees_whole_ones_in_their_order(void **state)
{
    (void)state;
    struct settings_slot *slot = settings_open(made(0));
    pthread_t thread[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&thread[i], NULL, follow, slot), 0);
    for (int64_t n = 1; n <= PUBLISHED; n++)
        settings_publish(slot, made(n));
    for (size_t i = 0; i < THREADS; i++) {
        void *seen;
        assert_int_equal(pthread_join(thread[i], &seen), 0);
        assert_non_null(seen);
    }
    settings_close(slot);
}

static void the_first_is_there_until_the_end(void **state)
{
    (void)state;
    struct settings *first = made(1);
    const char *text = first->options.cors_origins.text;
    struct settings_slot *slot = settings_open(first);
    const struct settings *mine = NULL;
    assert_true(settings_follow(slot, &mine));
    assert_false(settings_follow(slot, &mine));
    settings_publish(slot, made(2));
    assert_int_equal(said(mine), 1);
    assert_true(settings_follow(slot, &mine));
    assert_int_equal(said(mine), 2);
    assert_string_equal(text, "1");
    settings_leave(slot, &mine);
    assert_null(mine);
    settings_close(slot);
    settings_close(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_thread_sees_whole_ones_in_their_order),
        cmocka_unit_test(the_first_is_there_until_the_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
