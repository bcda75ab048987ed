#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "common/decisions/model.h"
#include "tests/support/world.h"

enum { CONTRACT = 1 };

static struct terms *scored_by(const char *score)
{
    char text[256];
    snprintf(text, sizeof text, ",'score':{%s}", score);
    return terms_of(text, "", "C1");
}

static struct entry lead_entry(enum status status)
{
    struct entry e = {.kind = ENTRY_LEAD, .at_ms = NOW};
    e.lead = (struct entry_lead){.party = SPAN("P1"), .status = status, .tier = -1};
    e.lead.facts[0] = (struct fact){SPAN("f_job"), SPAN("cook")};
    e.lead.n_facts = 1;
    return e;
}

static void says(const struct terms *t, const struct entry *e, const char *wait, const char *hour,
                 const char *placement)
{
    const struct span values[] = {span_str(wait), span_str(hour), span_str(placement), SPAN("C1")};
    struct score_tokens is, should;
    model_tokens(t, e, &is);
    score_tokens(&t->score->shape, values, &should);
    for (size_t f = 0; f < sizeof values / sizeof *values; f++) {
        assert_int_equal(is.fine[f], should.fine[f]);
        assert_int_equal(is.coarse[f], should.coarse[f]);
    }
}

static void times_are_the_clocks_and_what_is_not_known_is_empty(void **state)
{
    enum { HOUR = 3600000, AT = 5 * HOUR };
    struct terms *t = scored_by("'facts':['wait','hour','placement']");
    struct entry lead = {.kind = ENTRY_LEAD, .at_ms = AT + 2 * HOUR, .clocked_ms = AT, .lead = {.party = SPAN("P1")}};
    (void)state;
    says(t, &lead, "", "5", "");
    lead.lead.has_click = true;
    lead.lead.clicked_ms = AT - 2999;
    says(t, &lead, "2", "5", "");
    lead.lead.clicked_ms = AT;
    says(t, &lead, "0", "5", "");
    lead.lead.clicked_ms = AT + 1; /* a click that is later, by a clock that went back */
    says(t, &lead, "", "5", "");
    lead.clocked_ms = 0;
    lead.lead.placement = 7;
    says(t, &lead, "7199", "7", "7");
    terms_free(t);
}

/* It stands in no entry: nothing says what its source was. */
static void a_click_that_was_not_recorded_has_no_source(void **state)
{
    static struct lead_facts facts;
    const struct fold_context cx = {.contract = CONTRACT, .campaign = 1, .contract_id = {"C1", 2}, .advertiser = 2};
    struct terms *t = scored_by("'facts':['utm_source']");
    struct world w = world_new();
    struct view v = world_view(&w);
    char source[LIMIT_PARAM];
    (void)state;
    facts = (struct lead_facts){.found = true};
    facts.credit.click = (struct touch){.contract = CONTRACT, .index = 99, .unrecorded = true};
    assert_int_equal(gather_score(&v, &cx, t, source, &facts), ERR_OK);
    assert_int_equal(facts.utm_source.len, 0);
    facts.credit.click.unrecorded = false;
    assert_int_not_equal(gather_score(&v, &cx, t, source, &facts), ERR_OK);
    world_free(&w);
    terms_free(t);
}

static void folds(struct score_model *m, const struct terms *t, uint64_t index, const struct entry *e)
{
    struct world w = world_new();
    struct view v = world_view(&w);
    bool changed = false;
    assert_int_equal(model_fold(m, &v, CONTRACT, t, index, e, NULL, &changed), ERR_OK);
    world_free(&w);
}

static struct span seed_of(const struct terms *t, uint8_t bytes[SCORE_STATE_MAX])
{
    static struct score_model other;
    static struct score_state shared;
    const struct entry lead = lead_entry(STATUS_APPROVED);
    other = (struct score_model){0};
    folds(&other, t, 1, &lead);
    score_shared(&other.state, &shared);
    return span_of(bytes, score_write(&shared, bytes));
}

static void one_seed_comes_a_statement_and_another_where_the_state_begins_anew(void **state)
{
    static struct score_model m, was;
    static uint8_t bytes[2][SCORE_STATE_MAX];
    struct terms *t = scored_by("'facts':['f_job']"), *other = scored_by("'facts':['f_job','sub1']");
    const struct span seed = seed_of(t, bytes[0]), another = seed_of(other, bytes[1]);
    const struct entry lead = lead_entry(STATUS_PENDING), statement = {.kind = ENTRY_STATEMENT, .at_ms = NOW};
    (void)state;
    m = (struct score_model){0};
    assert_int_equal(model_seed(&m, t, 3, another), ERR_CORRUPT);
    assert_false(m.on);
    assert_int_equal(model_seed(&m, t, 3, seed), ERR_OK);
    assert_int_equal(m.since, 3);
    was = m;
    assert_int_equal(model_seed(&m, t, 4, seed), ERR_CONFLICT);
    folds(&m, t, 5, &lead);
    assert_int_equal(model_seed(&m, t, 6, seed), ERR_CONFLICT);
    folds(&m, t, 7, &statement);
    assert_int_equal(model_seed(&m, t, 8, seed), ERR_OK);
    assert_int_equal(m.since, was.since);
    folds(&m, other, 9, &lead);
    assert_int_equal(m.since, 9);
    assert_int_equal(model_seed(&m, other, 10, another), ERR_OK);
    assert_int_equal(model_seed(&m, other, 11, another), ERR_CONFLICT);
    assert_int_equal(model_seed(&m, t, 12, seed), ERR_OK);
    assert_int_equal(m.since, 12);
    terms_free(t);
    terms_free(other);
}

static void other_facts_or_pairs_begin_anew_also_if_they_are_as_many(void **state)
{
    static const char *const asked[] = {"'facts':['f_job','f_age','sub1']", "'facts':['f_job','f_age','sub2']",
                                        "'facts':['f_age','f_job','sub1']",
                                        "'facts':['f_job','f_age','sub1'],'cross':['f_job','f_age']",
                                        "'facts':['f_job','f_age','sub1'],'cross':['f_age','sub1']"};
    static struct score_model m;
    const struct entry good = lead_entry(STATUS_APPROVED);
    (void)state;
    m = (struct score_model){0};
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        struct terms *t = scored_by(asked[i]);
        for (uint32_t n = 1; n <= 2; n++) {
            folds(&m, t, 10 * i + n, &good);
            assert_int_equal(m.since, 10 * i + 1);
            assert_int_equal(m.state.labels[1], n);
        }
        terms_free(t);
    }
}

static void what_was_learnt_is_due_where_a_label_more_is_known(void **state)
{
    static struct score_model m;
    const struct fold_context cx = {.contract = CONTRACT, .campaign = 1, .contract_id = {"C1", 2}, .advertiser = 2};
    struct terms *t = scored_by("'facts':['f_job']");
    struct world w = world_new();
    struct view v = world_view(&w);
    struct private_part priv = {.lead = true};
    struct entry lead = lead_entry(STATUS_APPROVED), back = {.kind = ENTRY_DISPOSITION, .at_ms = NOW};
    bool changed = false;
    (void)state;
    back.disposition = (struct entry_disposition){.lead = 1, .party = SPAN("A1"), .status = STATUS_RETURNED};
    m = (struct score_model){0};
    folds(&m, t, 0, &lead);
    m.state.labels[1] = MODEL_LABELS - 1;
    assert_int_equal(world_apply(&w, &cx, t, 1, &lead, &priv), ERR_OK);
    assert_int_equal(model_fold(&m, &v, CONTRACT, t, 1, &lead, NULL, &changed), ERR_OK);
    assert_true(m.due);
    assert_int_equal(world_apply(&w, &cx, t, 2, &back, NULL), ERR_OK);
    assert_int_equal(model_fold(&m, &v, CONTRACT, t, 2, &back, NULL, &changed), ERR_OK);
    assert_int_equal(m.state.labels[0], 1);
    assert_int_equal(m.state.labels[0] + m.state.labels[1], MODEL_LABELS);
    assert_false(m.due);
    world_free(&w);
    terms_free(t);
}

static void parts_of_a_lead_are_not_held_each_for_itself(void **state)
{
    static struct score_model m;
    static struct scored scored;
    struct terms *t = scored_by("'facts':['f_job'],'hold_below':1000");
    struct entry lead = lead_entry(STATUS_PENDING);
    (void)state;
    m = (struct score_model){0};
    folds(&m, t, 0, &lead);
    m.state.labels[0] = m.state.labels[1] = SCORE_KNOWN;
    model_say(&m, t, &lead, &scored);
    assert_true(model_low(&m, t, &lead, &scored));
    lead.lead.share_to = 500000;
    assert_false(model_low(&m, t, &lead, &scored));
    folds(&m, t, 1, &lead);
    assert_int_equal(m.state.held, 0);
    terms_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_the_clocks_and_what_is_not_known_is_empty),
        cmocka_unit_test(a_click_that_was_not_recorded_has_no_source),
        cmocka_unit_test(one_seed_comes_a_statement_and_another_where_the_state_begins_anew),
        cmocka_unit_test(other_facts_or_pairs_begin_anew_also_if_they_are_as_many),
        cmocka_unit_test(what_was_learnt_is_due_where_a_label_more_is_known),
        cmocka_unit_test(parts_of_a_lead_are_not_held_each_for_itself),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
