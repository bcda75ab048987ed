/* What the committer tells who follows: in order, as far back as is kept, and what of a day each contract has. */
#include "server/commit/news.h"

#include <stdlib.h>

#include "common/base/when.h"
#include "tests/support/ok.h"

enum { DAY = 20000, BEFORE = 100 };

static struct notes notes;
static uint64_t seq = BEFORE, indexes[8];

static void note(uint32_t contract, enum entry_kind kind, int64_t at_ms)
{
    const struct entry e = {.kind = kind, .at_ms = at_ms};
    notes_entry(&notes, seq++, contract, indexes[contract]++, &e);
}

static void tell(struct news *n)
{
    news_tell(n, &notes, seq);
    notes.n = 0;
}

static int setup(void **state)
{
    struct news *n = news_new();
    seq = BEFORE;
    notes.n = 0;
    memset(indexes, 0, sizeof indexes);
    news_begin(n, seq);
    *state = n;
    return 0;
}

static int teardown(void **state)
{
    news_free(*state);
    free(notes.one);
    notes = (struct notes){.one = NULL};
    return 0;
}

static void assert_since(struct news *n, uint64_t from, const uint64_t *seqs, size_t count)
{
    struct news_item *item;
    size_t got;
    assert_true(news_since(n, from, &item, &got));
    assert_int_equal(got, count);
    for (size_t i = 0; i < count; i++)
        assert_int_equal(item[i].seq, seqs[i]);
    free(item);
}

static void events_are_told_in_order_from_any_place_on(void **state)
{
    struct news *n = *state;
    note(1, ENTRY_CLICK, DAY * MS_PER_DAY);
    note(1, ENTRY_LEAD, DAY * MS_PER_DAY);
    notes_refused(&notes, 7);
    tell(n);
    note(2, ENTRY_TERMS, DAY * MS_PER_DAY);
    note(2, ENTRY_DISPOSITION, DAY * MS_PER_DAY);
    note(1, ENTRY_STATEMENT, DAY * MS_PER_DAY);
    tell(n);
    assert_int_equal(news_end(n), BEFORE + 5);
    assert_since(n, BEFORE, (const uint64_t[]){BEFORE + 1, BEFORE + 3, BEFORE + 4}, 3);
    assert_since(n, BEFORE + 2, (const uint64_t[]){BEFORE + 3, BEFORE + 4}, 2);
    assert_since(n, BEFORE + 4, (const uint64_t[]){BEFORE + 4}, 1);
    assert_since(n, BEFORE + 5, NULL, 0);
}

static void what_is_kept_no_more_is_no_shorter_answer(void **state)
{
    struct news *n = *state;
    struct news_item *item;
    size_t got;
    assert_false(news_since(n, BEFORE - 1, &item, &got)); /* of before the start */
    assert_null(item);
    for (int i = 0; i < NEWS_KEPT + 10; i++) {
        note(1, ENTRY_LEAD, DAY * MS_PER_DAY);
        tell(n);
    }
    assert_false(news_since(n, BEFORE + 9, &item, &got));
    assert_true(news_since(n, BEFORE + 10, &item, &got));
    assert_int_equal(got, NEWS_KEPT);
    assert_int_equal(item[0].seq, BEFORE + 10);
    free(item);
}

static void a_look_says_whom_it_concerns(void **state)
{
    struct news *n = *state;
    struct news_look look = {.any = false};
    assert_false(news_look(n, &look));
    note(1, ENTRY_CLICK, DAY * MS_PER_DAY);
    note(3, ENTRY_LEAD, DAY * MS_PER_DAY);
    notes_refused(&notes, 7);
    tell(n);
    assert_true(news_look(n, &look));
    assert_int_equal(look.contract[1], 2);
    assert_int_equal(look.contract[2], 0);
    assert_int_equal(look.contract[3], 3);
    assert_int_equal(look.n_came, 2);
    assert_int_equal(look.came[0] + look.came[1], 1 + 3);
    assert_int_equal(look.n_refused, 1);
    assert_int_equal(look.refused[0], 7);
    assert_int_equal(look.end, BEFORE + 2);
    assert_false(news_look(n, &look));
    note(2, ENTRY_TERMS, DAY * MS_PER_DAY); /* which concerns nobody, and moves the end */
    tell(n);
    assert_false(news_look(n, &look));
    assert_int_equal(look.end, BEFORE + 3);
    for (int i = 0; i < NEWS_KEPT + 1; i++)
        note(3, ENTRY_LEAD, DAY * MS_PER_DAY);
    tell(n);
    assert_true(news_look(n, &look));
    assert_true(look.all);
    free(look.contract);
    free(look.came);
    free(look.refused);
}

static void a_day_is_counted_from_what_was_before_the_start_on(void **state)
{
    struct news *n = *state;
    struct counted c;
    uint64_t from;
    indexes[1] = 10;
    note(1, ENTRY_CLICK, DAY * MS_PER_DAY + 5);
    note(1, ENTRY_LEAD, DAY * MS_PER_DAY + 6);
    tell(n);
    assert_true(news_base_take(n, &from));
    assert_int_equal(from, BEFORE);
    assert_false(news_base_take(n, &from)); /* somebody does it */
    news_base_add(n, 1, 9, ENTRY_LEAD, CLASS_OK, DAY * MS_PER_DAY + 4);
    news_base_add(n, 1, 8, ENTRY_CLICK, CLASS_BOT, DAY * MS_PER_DAY + 3);
    news_base_add(n, 1, 7, ENTRY_CLICK, CLASS_BOT, DAY * MS_PER_DAY - 1);
    news_base_put(n, BEFORE - 3, false);
    assert_false(news_base_done(n));
    assert_true(news_base_take(n, &from));
    assert_int_equal(from, BEFORE - 3);
    news_base_put(n, from, true);
    assert_true(news_base_done(n));
    assert_false(news_base_take(n, &from));
    assert_true(news_counted(n, 1, DAY * MS_PER_DAY + 7, 0, &c));
    assert_int_equal(c.clicks[CLASS_OK], 1);
    assert_int_equal(c.clicks[CLASS_BOT], 1);
    assert_int_equal(c.first_lead, 9);
    assert_int_equal(c.size, 12);
    assert_false(news_counted(n, 1, DAY * MS_PER_DAY + 7, news_changes(n), &c));
    assert_false(news_counted(n, 1, (DAY + 1) * MS_PER_DAY, 0, &c));
    assert_false(news_counted(n, 2, DAY * MS_PER_DAY, 0, &c));
    note(1, ENTRY_CLICK, (DAY + 1) * MS_PER_DAY);
    note(1, ENTRY_CLICK, DAY * MS_PER_DAY); /* by a clock that was set back: it is of no day that is told */
    tell(n);
    assert_true(news_counted(n, 1, (DAY + 1) * MS_PER_DAY, 0, &c));
    assert_int_equal(c.clicks[CLASS_OK], 1);
    assert_int_equal(c.first_lead, UINT64_MAX);
    assert_int_equal(c.size, 14);
}

static void counted_leads_are_kept_until_one_changes(void **state)
{
    struct news *n = *state;
    struct counted c, later;
    note(1, ENTRY_LEAD, DAY * MS_PER_DAY);
    tell(n);
    assert_true(news_counted(n, 1, DAY * MS_PER_DAY, 0, &c));
    assert_true(c.leads_known < c.leads_change);
    c.leads[STATUS_PENDING] = 1;
    note(1, ENTRY_DISPOSITION, DAY * MS_PER_DAY); /* between the count and its keeping */
    tell(n);
    news_leads(n, 1, &c);
    assert_true(news_counted(n, 1, DAY * MS_PER_DAY, 0, &later));
    assert_true(later.leads_known < later.leads_change);
    news_leads(n, 1, &later);
    note(1, ENTRY_CLICK, DAY * MS_PER_DAY);
    tell(n);
    assert_true(news_counted(n, 1, DAY * MS_PER_DAY, 0, &later));
    assert_int_equal(later.leads_known, later.leads_change);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(events_are_told_in_order_from_any_place_on, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_kept_no_more_is_no_shorter_answer, setup, teardown),
        cmocka_unit_test_setup_teardown(a_look_says_whom_it_concerns, setup, teardown),
        cmocka_unit_test_setup_teardown(a_day_is_counted_from_what_was_before_the_start_on, setup, teardown),
        cmocka_unit_test_setup_teardown(counted_leads_are_kept_until_one_changes, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
