#include "server/system/queue.h"

#include <pthread.h>
#include <sched.h>
#include <stdint.h>

#include "tests/support/store_fixture.h"

static void it_gives_back_in_order_and_refuses_when_full(void **state)
{
    (void)state;
    int items[9];
    struct queue *r = queue_new(5);
    assert_int_equal(queue_capacity(r), 8);
    assert_true(queue_empty(r));
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 8; i++)
            assert_true(queue_push(r, &items[i]));
        assert_false(queue_push(r, &items[8]));
        assert_int_equal(queue_count(r), 8);
        for (int i = 0; i < 8; i++) {
            assert_ptr_equal(queue_peek(r), &items[i]);
            assert_ptr_equal(queue_pop(r), &items[i]);
        }
        assert_null(queue_peek(r));
        assert_null(queue_pop(r));
    }
    queue_free(r);
}

enum { MANY = 300000 };

static void *produce(void *arg)
{
    for (uintptr_t i = 1; i <= MANY; i++)
        while (!queue_push(arg, (void *)i))
            sched_yield();
    return NULL;
}

static void nothing_is_lost_or_moved_between_threads(void **state)
{
    (void)state;
    pthread_t thread;
    struct queue *r = queue_new(64);
    assert_int_equal(pthread_create(&thread, NULL, produce, r), 0);
    for (uintptr_t i = 1; i <= MANY; i++) {
        void *item;
        while ((item = queue_pop(r)) == NULL)
            sched_yield();
        assert_int_equal((uintptr_t)item, i);
    }
    pthread_join(thread, NULL);
    assert_true(queue_empty(r));
    queue_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_gives_back_in_order_and_refuses_when_full),
        cmocka_unit_test(nothing_is_lost_or_moved_between_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
