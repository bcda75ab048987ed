/* Shares: how touches are dealt, by hand; and that `check` finds what a server that lies about them wrote. */
#include "server/check/check.h"
#include "server/commit/parts.h"
#include "server/jobs.h"
#include "tests/support/filled_folder.h"

#define NOW ((int64_t)1790000000000)
#define DAY ((int64_t)86400000)

/* ---- dealing ---- */

static struct terms terms_by(enum attribution model)
{
    return (struct terms){.attribution = model, .half_life_days = 1, .click_days = 30};
}

static struct touch touch(uint32_t contract, uint64_t index, int64_t days_before)
{
    return (struct touch){.contract = contract, .index = index, .at_ms = NOW - days_before * DAY};
}

static void assert_credit(const struct credit *c, uint32_t contract, uint64_t click, uint32_t from, uint32_t to,
                          size_t others)
{
    assert_int_equal(c->click.contract, contract);
    assert_int_equal(c->click.index, click);
    assert_int_equal(c->from, from);
    assert_int_equal(c->to, to);
    assert_int_equal(c->n_touches, others);
}

/* 1 2 3 1, the days before: 4 3 2 1. */
static const struct touch four[] = {
    {.contract = 1, .index = 10, .at_ms = NOW - 4 * DAY},
    {.contract = 2, .index = 20, .at_ms = NOW - 3 * DAY},
    {.contract = 3, .index = 30, .at_ms = NOW - 2 * DAY},
    {.contract = 1, .index = 11, .at_ms = NOW - 1 * DAY},
};

static void each_model_deals_as_worked_out_by_hand(void **state)
{
    struct credit c[LIMIT_TOUCHES];
    (void)state;
    struct terms t = terms_by(ATTRIBUTION_LAST);
    assert_int_equal(credits_of(&t, four, 4, NOW, 0, c), 1);
    assert_credit(&c[0], 1, 11, 0, 0, 0);
    t = terms_by(ATTRIBUTION_FIRST);
    assert_int_equal(credits_of(&t, four, 4, NOW, 0, c), 1);
    assert_credit(&c[0], 1, 10, 0, 0, 0);
    t = terms_by(ATTRIBUTION_LINEAR);
    assert_int_equal(credits_of(&t, four, 4, NOW, 0, c), 3);
    assert_credit(&c[0], 2, 20, 0, 250000, 0);
    assert_credit(&c[1], 3, 30, 250000, 500000, 0);
    assert_credit(&c[2], 1, 11, 500000, 1000000, 1);
    assert_int_equal(c[2].touches[0].index, 10);
    t = terms_by(ATTRIBUTION_POSITION);
    assert_int_equal(credits_of(&t, four, 4, NOW, 0, c), 3);
    assert_credit(&c[0], 2, 20, 0, 100000, 0);
    assert_credit(&c[1], 3, 30, 100000, 200000, 0);
    assert_credit(&c[2], 1, 11, 200000, 1000000, 1);
    t = terms_by(ATTRIBUTION_TIME_DECAY); /* 1 2 4 8 fifteenths */
    assert_int_equal(credits_of(&t, four, 4, NOW, 0, c), 3);
    assert_credit(&c[0], 2, 20, 0, 133333, 0);
    assert_credit(&c[1], 3, 30, 133333, 400000, 0);
    assert_credit(&c[2], 1, 11, 400000, 1000000, 1);
}

static void touches_outside_the_window_are_none(void **state)
{
    struct credit c[LIMIT_TOUCHES];
    struct terms t = terms_by(ATTRIBUTION_LINEAR);
    (void)state;
    t.click_days = 2;
    assert_int_equal(credits_of(&t, four, 4, NOW, 0, c), 2);
    assert_credit(&c[0], 3, 30, 0, 500000, 0);
    assert_credit(&c[1], 1, 11, 500000, 1000000, 0);
    t.click_days = 1;
    assert_int_equal(credits_of(&t, four, 4, NOW, 0, c), 1);
    assert_credit(&c[0], 1, 11, 0, 0, 0);
    assert_int_equal(credits_of(&t, four, 3, NOW, 0, c), 0);
    const struct touch ahead = touch(5, 1, -3); /* a clock was set back: no time has passed */
    assert_int_equal(credits_of(&t, &ahead, 1, NOW, 0, c), 1);
}

static void who_gets_nothing_has_no_part(void **state)
{
    struct credit c[LIMIT_TOUCHES];
    const struct touch old[] = {touch(1, 1, 29), touch(2, 2, 1), touch(3, 3, 0)};
    struct terms t = terms_by(ATTRIBUTION_TIME_DECAY); /* 2^-29 of a million is nothing */
    (void)state;
    assert_int_equal(credits_of(&t, old, 3, NOW, 0, c), 2);
    assert_credit(&c[0], 2, 2, 0, 333333, 0);
    assert_credit(&c[1], 3, 3, 333333, 1000000, 0);
}

/* Of one millisecond, by contract; a lost one behind the recorded. */
static void the_order_in_which_they_are_named_is_nothing(void **state)
{
    struct touch touches[] = {touch(2, 7, 1),
                              touch(1, 9, 1),
                              touch(1, 3, 1),
                              {.contract = 1, .index = 4, .at_ms = NOW - DAY, .unrecorded = true}};
    struct credit first[LIMIT_TOUCHES], c[LIMIT_TOUCHES];
    struct terms t = terms_by(ATTRIBUTION_POSITION);
    (void)state;
    assert_int_equal(credits_of(&t, touches, 4, NOW, 0, first), 2);
    assert_credit(&first[0], 1, 4, 0, 600000, 2);
    assert_true(first[0].click.unrecorded);
    assert_credit(&first[1], 2, 7, 600000, 1000000, 0);
    for (int i = 0; i < 4; i++) {
        struct touch t0 = touches[0];
        memmove(touches, touches + 1, 3 * sizeof *touches);
        touches[3] = t0;
        assert_int_equal(credits_of(&t, touches, 4, NOW, 0, c), 2);
        assert_memory_equal(c, first, 2 * sizeof *c);
    }
}

/* ---- lies ---- */

static void (*lie)(struct parts *p);

static void price_again(struct entry_lead *l)
{
    l->payout_micros = credit_micros(l, 8000000);
}

static void none(struct parts *p)
{
    (void)p;
}

static void one_millionth_moved(struct parts *p)
{
    p->of[0].entry.lead.share_to++;
    p->of[1].entry.lead.share_from++;
    price_again(&p->of[0].entry.lead);
    price_again(&p->of[1].entry.lead);
}

static void one_millionth_kept(struct parts *p)
{
    p->of[0].entry.lead.share_to--;
    price_again(&p->of[0].entry.lead);
}

static void the_first_part_left_out(struct parts *p)
{
    p->of[0] = p->of[1];
    p->n = 1;
}

static void the_last_part_left_out(struct parts *p)
{
    p->n = 1;
}

static void the_parts_turned_round(struct parts *p)
{
    struct part first = p->of[0];
    struct entry_lead *a = &p->of[0].entry.lead, *b = &p->of[1].entry.lead;
    p->of[0] = p->of[1];
    p->of[1] = first;
    b->share_from = a->share_to = SHARE_WHOLE / 2;
    a->share_from = 0;
    b->share_to = SHARE_WHOLE;
    price_again(a);
    price_again(b);
}

static void another_time_for_one(struct parts *p)
{
    p->of[1].entry.at_ms++;
    p->of[1].entry.lead.due_ms++;
}

static void another_lead_in_one(struct parts *p)
{
    p->of[1].entry.lead.commitment.b[0] ^= 1;
}

/* As pipeline_lead, but for the lie; nothing is sealed beside the entries, as if it were erased. */
static enum err lying_lead(struct batch *cx, struct job *job)
{
    static struct parts parts; /* of the committer's thread */
    struct record_lead *lead = &job->record.lead;
    struct buf bytes;
    enum err err = parts_deal(cx, &lead->report, lead->fallback_contract, job->record.arrived_ms, &parts);
    if (err == ERR_OK)
        err = parts_decide(cx, &lead->report, job->record.arrived_ms, &parts, &job->problem);
    if (err != ERR_OK || parts.n != 2)
        abort();
    lie(&parts);
    for (size_t i = 0; i < parts.n && err == ERR_OK; i++)
        err = pipeline_append(cx, parts.of[i].k, &parts.of[i].entry, &job->index, &job->leaf);
    const struct part *last = &parts.of[parts.n - 1];
    job->out_contract = last->k->number;
    arena_buf(job->arena, &bytes, LIMIT_ENTRY);
    entry_write(&bytes, &last->entry);
    job->entry = buf_span(&bytes);
    return err;
}

struct heard {
    char decisions[1024];
    enum verdict verdict;
};

static void note(void *ctx, const struct report_line *t)
{
    struct heard *heard = ctx;
    if (strcmp(t->topic, "decisions") == 0)
        snprintf(heard->decisions, sizeof heard->decisions, "%.*s", (int)t->sentence.len, t->sentence.ptr);
}

static void check_finds(void (*what)(struct parts *p), const char *word)
{
    static struct filled f;
    struct heard told = {{0}, HOLDS};
    struct check_figures figures;
    job_run *runs[RECORD_KINDS];
    char click[2][CLICK_ID_LEN + 1], lead[FILLED_TEXT];
    filled_open(&f);
    memcpy(runs, job_runs, sizeof runs);
    runs[RECORD_LEAD] = lying_lead;
    lie = what;
    f.live.runs = runs;
    live_serve(&f.live);
    filled_click(&f, f.code, click[0]);
    filled_click(&f, f.other_code, click[1]);
    filled_lead(&f, 0, click[0], click[1], 9, lead);
    live_end(&f.live);
    told.verdict = check_folder(f.live.f.dir, SMALL_MAP, note, &told, &figures);
    if (strstr(told.decisions, word != NULL ? word : "has the recorded outcome") == NULL)
        fail_msg("%s: %s", word != NULL ? word : "nothing", told.decisions);
    filled_close(&f);
}

static void check_finds_each_lie_about_shares(void **state)
{
    (void)state;
    check_finds(none, NULL);
    check_finds(one_millionth_moved, "is shared otherwise");
    check_finds(one_millionth_kept, "a part of it is missing");
    check_finds(the_first_part_left_out, "does not begin with its first part");
    check_finds(the_last_part_left_out, "a part of it is missing");
    check_finds(the_parts_turned_round, "is shared otherwise");
    check_finds(another_time_for_one, "a part of it is missing");
    check_finds(another_lead_in_one, "a part of it is missing");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_model_deals_as_worked_out_by_hand),
        cmocka_unit_test(touches_outside_the_window_are_none),
        cmocka_unit_test(who_gets_nothing_has_no_part),
        cmocka_unit_test(the_order_in_which_they_are_named_is_nothing),
        cmocka_unit_test(check_finds_each_lie_about_shares),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
