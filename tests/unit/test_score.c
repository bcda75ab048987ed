#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/bytes.h"
#include "common/score/score.h"

static void open_shape(struct score_shape *s, size_t crossed)
{
    score_shape_open(s);
    score_shape_field(s, SPAN("f_job"), false);
    score_shape_field(s, SPAN("f_age"), false);
    score_shape_field(s, SPAN("sub1"), true);
    for (size_t f = 0; f < crossed; f++)
        score_shape_cross(s, f);
}

static void teach(const struct score_shape *s, struct score_state *state, const struct score_tokens *t, int label)
{
    struct score_said said;
    score_say(s, state, t, &said);
    score_note(s, state, &said, false);
    score_learn(s, state, t, &said, label, SCORE_UNTAUGHT);
}

static void teach_words(const struct score_shape *s, struct score_state *state, const char *job, int label)
{
    struct score_tokens t;
    score_tokens(s, (struct span[]){span_str(job), SPAN("42"), SPAN("page")}, &t);
    teach(s, state, &t, label);
}

static void state_is(const struct score_state *is, const struct score_state *expected)
{
    static uint8_t a[SCORE_STATE_MAX], b[SCORE_STATE_MAX];
    size_t len = score_write(expected, b);
    assert_int_equal(score_write(is, a), len);
    assert_memory_equal(a, b, len);
}

static void reads_as_it_was_written(const struct score_state *s)
{
    static struct score_state read;
    static uint8_t bytes[SCORE_STATE_MAX];
    assert_int_equal(score_read(span_of(bytes, score_write(s, bytes)), &read), ERR_OK);
    state_is(&read, s);
}

/* Strangers choose values, and with them tags: none stands in two slots, which no state's bytes have. */
static void what_has_the_tag_of_the_unseen_stands_once(void **state)
{
    static struct score_state s;
    struct score_shape shape;
    struct score_tokens t;
    (void)state;
    open_shape(&shape, 0);
    score_begin(&shape, &s);
    score_tokens(&shape, (struct span[]){SPAN("nurse"), SPAN("42"), SPAN("page")}, &t);
    t.fine[0] = shape.unseen[0];
    teach(&shape, &s, &t, 1);
    reads_as_it_was_written(&s);
}

static void a_seed_of_another_shape_or_with_something_own_is_none(void **state)
{
    static struct score_state s, was, campaign, seed;
    struct score_shape shape, other;
    (void)state;
    open_shape(&shape, 2);
    open_shape(&other, 3);
    score_begin(&shape, &s);
    teach_words(&shape, &s, "cook", 1);
    was = s;
    score_begin(&other, &campaign);
    teach_words(&other, &campaign, "nurse", 0);
    score_shared(&campaign, &seed);
    assert_false(score_take_seed(&s, &seed));
    score_begin(&shape, &campaign);
    teach_words(&shape, &campaign, "nurse", 0);
    assert_false(score_take_seed(&s, &campaign));
    state_is(&s, &was);
    score_shared(&campaign, &seed);
    assert_true(score_take_seed(&s, &seed));
}

/* A changed label leaves the doubt, so that many of them move a mean as far as it goes. */
static void no_mean_goes_further_than_its_bound_up_or_down(void **state)
{
    static struct score_state s;
    struct score_shape shape;
    struct score_tokens t;
    (void)state;
    open_shape(&shape, 0);
    score_tokens(&shape, (struct span[]){SPAN("cook"), SPAN("42"), SPAN("page")}, &t);
    for (int label = 0; label <= 1; label++) {
        score_begin(&shape, &s);
        s.labels[!label] = 200;
        for (int n = 0; n < 200; n++)
            score_learn(&shape, &s, &t, NULL, label, !label);
        assert_int_equal(s.bias.mean, label ? 1 << 27 : -(1 << 27));
        reads_as_it_was_written(&s);
    }
}

/* What is usual where nobody was seen so far is nothing, whatever it is elsewhere. */
static void of_a_seed_who_begins_takes_the_bias_and_not_what_is_usual(void **state)
{
    static struct score_state s, was, campaign, seed;
    struct score_shape shape;
    (void)state;
    open_shape(&shape, 2);
    score_begin(&shape, &campaign);
    for (int n = 0; n < 20; n++)
        teach_words(&shape, &campaign, n % 4 ? "nurse" : "cook", n % 4 == 0);
    score_shared(&campaign, &seed);
    score_begin(&shape, &s);
    was = s;
    assert_true(score_take_seed(&s, &seed));
    assert_memory_equal(s.usual, was.usual, sizeof s.usual);
    assert_int_equal(s.bias.mean, campaign.bias.mean);
    assert_int_equal(s.leads + s.labels[0] + s.labels[1] + s.held, 0);
    assert_true(campaign.usual[0] != 0);
    teach_words(&shape, &s, "cook", 1);
    was = s;
    assert_true(score_take_seed(&s, &seed));
    assert_memory_equal(&s.bias, &was.bias, sizeof s.bias);
    assert_memory_equal(s.usual, was.usual, sizeof s.usual);
    for (int n = 0; n < 3; n++) { /* one lead or one label is enough */
        score_begin(&shape, &s);
        *(n == 0 ? &s.leads : &s.labels[n - 1]) = 1;
        assert_true(score_take_seed(&s, &seed));
        assert_int_equal(s.bias.mean, 0);
    }
}

static void a_reason_is_what_differs_by_a_sixteenth_of_the_odds_or_more(void **state)
{
    static struct score_state s;
    struct score_said said;
    struct score_shape shape;
    struct score_tokens t;
    (void)state;
    open_shape(&shape, 0);
    score_begin(&shape, &s);
    score_tokens(&shape, (struct span[]){SPAN("cook"), SPAN("42"), SPAN("page")}, &t);
    s.usual[0] = -(1 << 20);
    s.usual[1] = (1 << 20) - 1;
    s.usual[2] = 1 << 20;
    score_say(&shape, &s, &t, &said);
    assert_int_equal(said.n_why, 2);
    assert_true(said.why[0].part == 0 && said.why[0].up && said.why[1].part == 2 && !said.why[1].up);
}

static void nothing_is_held_before_twenty_of_each_kind_are_known(void **state)
{
    static struct score_state s;
    const struct score_said said = {.high = 1};
    (void)state;
    for (uint32_t bad = 19; bad <= 20; bad++)
        for (uint32_t good = 19; good <= 20; good++) {
            s.labels[0] = bad;
            s.labels[1] = good;
            assert_int_equal(score_low(&s, &said, (struct score_hold){2, 1000}), bad == 20 && good == 20);
            assert_false(score_low(&s, &said, (struct score_hold){1, 1000}));
        }
}

static void as_many_are_held_as_the_terms_say_and_not_one_more(void **state)
{
    (void)state;
    assert_true(score_may_hold(13106, (struct score_hold){1, 200}));
    assert_false(score_may_hold(13107, (struct score_hold){1, 200}));
    assert_false(score_may_hold(0, (struct score_hold){1, 0}));
    assert_true(score_may_hold(65535, (struct score_hold){1, 1000}));
}

/* A state of two slots in one set, which `change` makes into what no fold comes to. */
static void bytes_that_no_fold_comes_to_are_refused(void **state)
{
    enum { USUAL = SCORE_STATE_HEAD + 8, SLOTS = USUAL + 4 * 6, DOUBT = 12 };
    static const struct {
        size_t at;
        uint32_t is;
    } change[] = {{13, 65537},                                 /* more is held than all */
                  {USUAL, UINT32_C(1) << 28 | 1},              /* usual, past its bound */
                  {SCORE_STATE_HEAD, (UINT32_C(1) << 27) + 1}, /* a mean of the bias likewise */
                  {SCORE_STATE_HEAD + 4, (1 << 25) + 1},       /* more doubt than in the beginning */
                  {SLOTS + DOUBT, (1 << 16) - 1},              /* less than there always is */
                  {SLOTS + DOUBT, (1 << 25) + 1},              /* and more */
                  {SLOTS + 16 + 4, 4},                         /* the first one's tag again */
                  {SLOTS + 4, 0},                              /* no tag */
                  {SLOTS + 4, 16}};                            /* of a set behind that of the next one */
    static struct score_state s;
    static uint8_t bytes[SCORE_STATE_MAX];
    struct score_shape shape;
    (void)state;
    open_shape(&shape, 3);
    score_begin(&shape, &s);
    s.set[1].tag[0] = 4;
    s.set[1].tag[1] = 4 | UINT64_C(1) << 63 | UINT64_C(1) << 31;
    s.set[1].belief[0].variance = s.set[1].belief[1].variance = 1 << 25;
    size_t len = score_write(&s, bytes);
    assert_int_equal(len, SLOTS + 2 * 16);
    assert_int_equal(score_read(span_of(bytes, len), &s), ERR_OK);
    for (size_t i = 0; i < sizeof change / sizeof *change; i++) {
        uint8_t was[16];
        memcpy(was, bytes + change[i].at, sizeof was);
        store_be32(bytes + change[i].at, change[i].is);
        if (change[i].at == SLOTS + 16 + 4)
            store_be32(bytes + SLOTS + 16, 0);
        assert_int_equal(score_read(span_of(bytes, len), &s), ERR_CORRUPT);
        memcpy(bytes + change[i].at, was, sizeof was);
        if (change[i].at == SLOTS + 16 + 4)
            store_be32(bytes + SLOTS + 16, UINT32_C(1) << 31);
        assert_int_equal(score_read(span_of(bytes, len), &s), ERR_OK);
    }
}

/* Pairs are of fields that are there, and all of some of them. */
static void pairs_without_their_fields_are_no_state(void **state)
{
    static struct score_state s;
    static uint8_t bytes[SCORE_STATE_MAX];
    (void)state;
    for (uint8_t fields = 0; fields <= 3; fields++)
        for (uint8_t pairs = 0; pairs <= 3; pairs++) {
            s = (struct score_state){.fields = fields, .pairs = pairs, .bias.variance = 1 << 25};
            size_t len = score_write(&s, bytes), crossed = pairs == 0 ? 0 : pairs == 1 ? 2 : pairs == 3 ? 3 : 9;
            assert_int_equal(score_read(span_of(bytes, len), &s) == ERR_OK, fields > 0 && crossed <= fields);
        }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_has_the_tag_of_the_unseen_stands_once),
        cmocka_unit_test(a_seed_of_another_shape_or_with_something_own_is_none),
        cmocka_unit_test(no_mean_goes_further_than_its_bound_up_or_down),
        cmocka_unit_test(of_a_seed_who_begins_takes_the_bias_and_not_what_is_usual),
        cmocka_unit_test(a_reason_is_what_differs_by_a_sixteenth_of_the_odds_or_more),
        cmocka_unit_test(nothing_is_held_before_twenty_of_each_kind_are_known),
        cmocka_unit_test(as_many_are_held_as_the_terms_say_and_not_one_more),
        cmocka_unit_test(bytes_that_no_fold_comes_to_are_refused),
        cmocka_unit_test(pairs_without_their_fields_are_no_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
