#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "common/settlement/trial.h"
#include "tests/support/world.h"

enum { LEADS = 3 };

static const uint8_t pepper[32];

/* Leads of the persons `who` (0: its data is destroyed), recorded a second apart under `t`, in contract 1. */
struct tried {
    struct world world;
    struct view store;
    struct trial_lead lead[LEADS];
    struct trial trial;
};

static void lead_make(struct trial_lead *l, const struct terms *t, size_t i, int who, const char *contact)
{
    *l = (struct trial_lead){.cx = {.contract = 1, .campaign = 1, .contract_id = {"C1", 2}, .advertiser = 2},
                             .index = 10 + i,
                             .opened = who != 0,
                             .dealt_alike = true,
                             .terms = t,
                             .advertiser = "A1",
                             .publisher = "P1"};
    l->entry = (struct entry){.kind = ENTRY_LEAD, .at_ms = NOW + (int64_t)i * 1000};
    l->entry.lead = (struct entry_lead){.party = SPAN("P1"),
                                        .given = CONTACT_EMAIL,
                                        .claimed = true,
                                        .has_click = true,
                                        .click = i,
                                        .clicked_ms = NOW - 1000,
                                        .status = STATUS_PENDING,
                                        .payout_micros = 5,
                                        .tier = 0};
    l->priv = (struct private_part){.lead = true, .contact = span_str(contact), .has_email = true};
    memset(l->priv.email, who, TOKEN_LEN);
    l->row = (struct lead_row){.status = STATUS_PENDING, .at_ms = l->entry.at_ms, .changed_ms = l->entry.at_ms};
    identity_of(&l->entry.lead, &l->priv, &l->row.who);
}

static void try_make(struct tried *x, const struct terms *t, const int who[LEADS], const char *contact)
{
    x->world = world_new();
    x->store = world_view(&x->world);
    for (size_t i = 0; i < LEADS; i++) {
        world_click(&x->world, (struct world_click){.contract = 1, .index = i, .at_ms = NOW - 1000});
        lead_make(&x->lead[i], t, i, who[i], contact);
    }
    x->trial = (struct trial){.lead = x->lead, .n = LEADS, .store = &x->store, .pepper = pepper};
}

static void what_is_destroyed_is_unknown(void **state)
{
    (void)state;
    struct terms *t = terms_of("", ",'price':{'lead':[{'micros':5}]}", "C1");
    struct tried x;
    try_make(&x, t, (const int[]){1, 0, 1}, "{}");
    assert_ok(trial_run(&x.trial));
    assert_false(x.lead[0].unknown);
    assert_true(x.lead[1].unknown);
    assert_int_equal(x.lead[0].status, STATUS_PENDING);
    assert_int_equal(x.lead[2].status, STATUS_DUPLICATE);
    world_free(&x.world);
    terms_free(t);
}

/* It names no lead that could be looked up, and none of these is that person. */
static void a_duplicate_of_another_log_that_is_gone_is_unknown(void **state)
{
    (void)state;
    struct terms *t = terms_of("", ",'price':{'lead':[{'micros':5}]}", "C1");
    struct tried x;
    try_make(&x, t, (const int[]){1, 2, 3}, "{}");
    x.lead[1].entry.lead.status = x.lead[1].row.status = STATUS_DUPLICATE;
    x.lead[1].entry.lead.reason = REASON_DUPLICATE;
    x.lead[1].entry.lead.dup_contract = SPAN(DUP_ELSEWHERE);
    assert_ok(trial_run(&x.trial));
    assert_true(x.lead[1].unknown);
    assert_false(x.lead[0].unknown || x.lead[2].unknown);
    world_free(&x.world);
    terms_free(t);
}

static void facts_that_were_private_decide(void **state)
{
    (void)state;
    struct terms *t = terms_of(",'lead':{'rules':[{'field':'f_age','min':40}],'honeypot':'f_url'}",
                               ",'price':{'lead':[{'micros':5}]}", "C1");
    struct tried x;
    try_make(&x, t, (const int[]){1, 2, 3}, "{\"f_age\":\"41\",\"f_other\":\"x\"}");
    x.lead[1].priv.contact = SPAN("{\"f_age\":\"39\"}");
    x.lead[2].priv.contact = SPAN("{\"f_age\":\"50\",\"f_url\":\"http://spam.example\"}");
    assert_ok(trial_run(&x.trial));
    assert_int_equal(x.lead[0].status, STATUS_PENDING);
    assert_int_equal(x.lead[1].reason, REASON_OUTSIDE_PROFILE);
    assert_int_equal(x.lead[2].reason, REASON_HONEYPOT);
    world_free(&x.world);
    terms_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_destroyed_is_unknown),
        cmocka_unit_test(a_duplicate_of_another_log_that_is_gone_is_unknown),
        cmocka_unit_test(facts_that_were_private_decide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
