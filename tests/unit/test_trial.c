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

/* ---- recorded duplicates, and what became of leads ---- */

static void put_row(struct tried *x, uint32_t contract, uint64_t index, const struct lead_row *row)
{
    uint8_t key[12], value[LEAD_ROW_LEN];
    row_index_key(key, contract, index);
    rows_map_put(x->world.rows, ROW_LEADS, span_of(key, sizeof key), span_of(value, lead_row_write(row, value)));
}

static void make_recorded_duplicate(struct trial_lead *l, const char *contract, uint64_t of)
{
    l->entry.lead.status = l->row.status = STATUS_DUPLICATE;
    l->entry.lead.reason = REASON_DUPLICATE;
    l->entry.lead.dup_contract = span_str(contract);
    l->entry.lead.dup_index = of;
}

/* Whom a recorded duplicate names stands before these leads: it is asked, as it was then. */
static void a_duplicate_of_its_own_log_is_looked_up(void **state)
{
    (void)state;
    static const struct {
        int days_before;
        int who;
        bool there;
        enum err err;
        enum status status;
    } cases[] = {{1, 2, true, ERR_OK, STATUS_DUPLICATE},
                 {1, 9, true, ERR_OK, STATUS_PENDING},   /* another person */
                 {400, 2, true, ERR_OK, STATUS_PENDING}, /* so long ago that nobody is in the way */
                 {1, 2, false, ERR_CORRUPT}};
    struct terms *t = terms_of("", ",'price':{'lead':[{'micros':5}]}", "C1");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tried x;
        try_make(&x, t, (const int[]){1, 2, 3}, "{}");
        make_recorded_duplicate(&x.lead[1], "C1", 4);
        struct lead_row other = x.lead[1].row;
        other.status = STATUS_REJECTED; /* it stands no more */
        other.at_ms = other.changed_ms = NOW - cases[i].days_before * MS_PER_DAY;
        memset(other.who.email, cases[i].who, TOKEN_LEN);
        other.who.has_click = false;
        other.who.click = 0;
        if (cases[i].there)
            put_row(&x, 1, 4, &other);
        assert_err(trial_run(&x.trial), cases[i].err);
        if (cases[i].err == ERR_OK)
            assert_int_equal(x.lead[1].status, cases[i].status);
        world_free(&x.world);
    }
    struct tried x; /* it names one of these, who would not be in its way */
    try_make(&x, t, (const int[]){1, 2, 3}, "{}");
    make_recorded_duplicate(&x.lead[1], "C1", x.lead[0].index);
    assert_ok(trial_run(&x.trial));
    assert_int_equal(x.lead[1].status, STATUS_PENDING);
    world_free(&x.world);
    terms_free(t);
}

/* A lead that was rejected before the next of its person came is in nobody's way; one that was taken back is. */
static void what_became_of_a_lead_frees_its_person(void **state)
{
    (void)state;
    struct terms *t = terms_of("", ",'price':{'lead':[{'micros':5}]}", "C1");
    static const struct {
        enum status first, now;
        int64_t after_ms;
        enum status second;
    } cases[] = {{STATUS_PENDING, STATUS_REJECTED, 500, STATUS_PENDING},
                 {STATUS_PENDING, STATUS_REJECTED, 1500, STATUS_DUPLICATE}, /* later than the next one came */
                 {STATUS_APPROVED, STATUS_RETURNED, 500, STATUS_PENDING},
                 {STATUS_PENDING, STATUS_APPROVED, 500, STATUS_DUPLICATE}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tried x;
        try_make(&x, t, (const int[]){1, 1, 3}, "{}");
        x.lead[0].entry.lead.status = cases[i].first;
        x.lead[0].row.status = cases[i].now;
        x.lead[0].row.changed_ms += cases[i].after_ms;
        x.lead[1].index = 20, x.lead[2].index = 30; /* the entries of a log have an order of their own */
        x.lead[0].row.last = i == 1 ? 25 : 15;
        assert_ok(trial_run(&x.trial));
        if (x.lead[1].status != cases[i].second)
            fail_msg("case %zu: %s", i, status_word(x.lead[1].status));
        world_free(&x.world);
    }
    terms_free(t);
}

/* ---- caps ---- */

static void put_cap(struct tried *x, uint64_t leads, int64_t micros)
{
    uint8_t key[CAP_KEY_LEN], value[CAP_ROW_LEN];
    const struct cap_row sum = {leads, micros};
    row_cap_key(key, CAP_CONTRACT, 1, CAP_OF_MONTH, NOW, 0);
    rows_map_put(x->world.rows, ROW_CAPS, span_of(key, sizeof key), span_of(value, cap_row_write(&sum, value)));
}

/* The store counts these leads as they were decided: a cap counts the others, and these as they are decided here. */
static void a_cap_counts_others_and_these_anew(void **state)
{
    (void)state;
    static const struct {
        uint64_t leads;
        int64_t micros;
        enum err err;
        size_t fit;
    } cases[] = {{3, 15, ERR_OK, 2},      {4, 20, ERR_OK, 1},      {5, 25, ERR_OK, 0},
                 {2, 15, ERR_CORRUPT, 0}, {3, 14, ERR_CORRUPT, 0}, {0, 0, ERR_OK, 2}};
    struct terms *t = terms_of("", ",'price':{'lead':[{'micros':5}]},'caps':{'budget_micros_month':10}", "C1");
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct tried x;
        size_t fit = 0;
        try_make(&x, t, (const int[]){1, 2, 3}, "{}");
        for (size_t k = 0; k < LEADS; k++)
            x.lead[k].row.payout_micros = 5;
        if (cases[i].leads > 0)
            put_cap(&x, cases[i].leads, cases[i].micros);
        assert_err(trial_run(&x.trial), cases[i].err);
        for (size_t k = 0; k < LEADS && cases[i].err == ERR_OK; k++)
            fit += x.lead[k].status == STATUS_PENDING;
        assert_int_equal(fit, cases[i].fit);
        world_free(&x.world);
    }
    terms_free(t);
}

/* ---- who stands in the store ---- */

static void put_dedupe(struct tried *x, int who, uint64_t index, int64_t at_ms)
{
    uint8_t key[DEDUPE_KEY_LEN];
    struct identity_key k = {KEY_EMAIL, KEY_STANDS, {0}};
    memset(k.token, who, TOKEN_LEN);
    row_dedupe_key(key, 1, &k, at_ms, 1, index);
    rows_map_put(x->world.rows, ROW_DEDUPE, span_of(key, sizeof key), SPAN(""));
}

static void leads_of_the_store_stand_in_the_way_and_these_do_not(void **state)
{
    (void)state;
    struct terms *t = terms_of("", ",'price':{'lead':[{'micros':5}]}", "C1");
    for (int others = 0; others < 2; others++) {
        struct tried x;
        try_make(&x, t, (const int[]){1, 2, 3}, "{}");
        for (size_t i = 0; i < LEADS; i++)
            put_dedupe(&x, (int)i + 1, x.lead[i].index, x.lead[i].entry.at_ms);
        struct lead_row other = x.lead[1].row;
        other.at_ms = other.changed_ms = NOW - MS_PER_DAY;
        put_row(&x, 1, 4, &other);
        if (others)
            put_dedupe(&x, 2, 4, other.at_ms);
        assert_ok(trial_run(&x.trial));
        assert_int_equal(x.lead[0].status, STATUS_PENDING);
        assert_int_equal(x.lead[1].status, others ? STATUS_DUPLICATE : STATUS_PENDING);
        world_free(&x.world);
    }
    terms_free(t);
}

/* ---- who reports, and by what ---- */

static void who_may_not_report_has_no_lead(void **state)
{
    (void)state;
    static const struct {
        const char *members, *party;
        enum trust trust;
        bool not_taken;
    } cases[] = {
        {",'accept_from':['publisher']", "P1", TRUST_SIGNED, false},
        {",'accept_from':['publisher']", "A1", TRUST_SIGNED, true},
        {",'accept_from':['advertiser']", "P1", TRUST_SIGNED, true},
        {",'accept_from':['advertiser']", "A1", TRUST_SIGNED, false},
        {",'accept_from':['advertiser','publisher']", "P2", TRUST_SIGNED, true},
        {",'pixel_leads':'off'", "", TRUST_PIXEL, true},
        {",'pixel_leads':'on'", "", TRUST_PIXEL, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct terms *t = terms_of(cases[i].members, ",'price':{'lead':[{'micros':5}]}", "C1");
        struct tried x;
        try_make(&x, t, (const int[]){1, 2, 3}, "{}");
        x.lead[1].entry.lead.party = span_str(cases[i].party);
        x.lead[1].entry.lead.trust = cases[i].trust;
        assert_ok(trial_run(&x.trial));
        if (x.lead[1].not_taken != cases[i].not_taken)
            fail_msg("%s by %s", cases[i].members, cases[i].party);
        world_free(&x.world);
        terms_free(t);
    }
}

static void a_number_is_dialled_in_the_country_that_these_terms_say(void **state)
{
    (void)state;
    struct terms *de = terms_of(",'default_country':'DE'", ",'price':{'lead':[{'micros':5}]}", "C1");
    struct terms *fr = terms_of(",'default_country':'FR'", ",'price':{'lead':[{'micros':5}]}", "C1");
    for (int i = 0; i < 4; i++) {
        struct tried x;
        try_make(&x, i == 1 ? fr : de, (const int[]){1, 2, 3}, "{}");
        x.lead[0].priv.contact = SPAN("{\"phone\":\"030 90182000\"}");
        x.lead[1].priv.contact = i == 3 ? SPAN("{\"phone\":\"7\"}") : SPAN("{\"phone\":\"+49 30 90182000\"}");
        for (size_t k = 0; k < 2; k++) {
            x.lead[k].entry.lead.given |= CONTACT_PHONE;
            x.lead[k].priv.has_email = false; /* known by the number alone */
            x.lead[k].entry.lead.given &= ~(unsigned)CONTACT_EMAIL;
        }
        if (i == 2) { /* its own country goes before that of the terms */
            x.lead[0].entry.lead.facts[0] = (struct fact){SPAN("country"), SPAN("FR")};
            x.lead[0].entry.lead.n_facts = 1;
        }
        assert_ok(trial_run(&x.trial));
        assert_int_equal(x.lead[1].status == STATUS_DUPLICATE, i == 0);
        world_free(&x.world);
    }
    struct tried x; /* private data that do not read are not "nothing is in them" */
    try_make(&x, de, (const int[]){1, 2, 3}, "{}");
    x.lead[1].priv.contact = SPAN("{");
    assert_err(trial_run(&x.trial), ERR_CORRUPT);
    world_free(&x.world);
    terms_free(de);
    terms_free(fr);
}

/* What comes of three leads that have these scores, under such terms; the second is a part of a shared one if asked. */
static void low_scores_are(const char *hold, const uint16_t high[LEADS], bool shares, const bool low[LEADS])
{
    char campaign[160];
    struct tried x;
    snprintf(campaign, sizeof campaign, ",'score':{'facts':['f_age'],%s}", hold);
    struct terms *t = terms_of(campaign, ",'price':{'lead':[{'micros':5}]}", "C1");
    try_make(&x, t, (const int[]){1, 2, 3}, "{}");
    for (size_t i = 0; i < LEADS; i++) {
        x.lead[i].cx.score_stands = true;
        x.lead[i].entry.lead.scored = x.lead[i].entry.lead.scored_high = true;
        x.lead[i].entry.lead.score_high = high[i];
    }
    x.lead[1].entry.lead.share_to = shares ? SHARE_WHOLE / 2 : 0;
    assert_ok(trial_run(&x.trial));
    for (size_t i = 0; i < LEADS; i++) {
        assert_int_equal(x.lead[i].status, low[i] ? STATUS_HELD : STATUS_PENDING);
        assert_int_equal(x.lead[i].reason, low[i] ? REASON_LOW_SCORE : REASON_NONE);
    }
    world_free(&x.world);
    terms_free(t);
}

static void a_low_score_is_held_as_far_as_the_terms_let(void **state)
{
    (void)state;
    low_scores_are("'hold_below':500", (const uint16_t[]){500, 499, 900}, false, (const bool[]){false, true, false});
    low_scores_are("'hold_below':500", (const uint16_t[]){500, 499, 900}, true, (const bool[]){false, false, false});
    low_scores_are("'hold_below':500,'max_held_permille':0", (const uint16_t[]){0, 0, 0}, false,
                   (const bool[]){false, false, false});
    low_scores_are("'hold_below':500,'max_held_permille':7", (const uint16_t[]){0, 0, 0}, false,
                   (const bool[]){true, false, false});
    low_scores_are("'hold_below':500,'max_held_permille':8", (const uint16_t[]){0, 0, 0}, false,
                   (const bool[]){true, true, false});
}

/* ---- shared leads ---- */

/* Two parts of one lead, of contracts 1 and 2, and a whole lead of another person. */
static void share_make(struct tried *x, const struct terms *const t[2], int64_t first_ms)
{
    try_make(x, t[0], (const int[]){1, 1, 3}, "{}");
    x->world.clicks[0].at_ms = first_ms;
    x->world.clicks[1].contract = 2;
    for (size_t i = 0; i < 2; i++) {
        struct trial_lead *l = &x->lead[i];
        l->entry.lead.commitment = (struct hash){{7}};
        l->entry.lead.share_from = i == 0 ? 0 : 500000;
        l->entry.lead.share_to = i == 0 ? 500000 : SHARE_WHOLE;
        l->entry.lead.other_touches = 1;
        l->entry.lead.clicked_ms = i == 0 ? first_ms : NOW - 1000;
        l->entry.at_ms = NOW;
        l->dealt_alike = false;
        l->terms = t[i];
        l->row.share = (struct share){{7}, l->entry.lead.share_from, l->entry.lead.share_to};
    }
    x->lead[1].cx.contract = 2;
    x->lead[1].cx.contract_id = SPAN("C2");
}

static void a_shared_lead_is_dealt_anew_by_the_model_tried(void **state)
{
    (void)state;
    static const struct {
        const char *model;
        int64_t first_ms;
        bool redealt[2], gone[2];
        uint32_t from[2], to[2];
    } cases[] = {
        {"last", NOW - 2000, {false, true}, {true, false}, {0, 0}, {0, 0}},
        {"first", NOW - 2000, {true, false}, {false, true}, {0, 0}, {0, 0}},
        {"linear", NOW - 2000, {true, true}, {false, false}, {0, 500000}, {500000, SHARE_WHOLE}},
        {"linear", NOW - 90 * MS_PER_DAY, {false, true}, {true, false}, {0, 0}, {0, 0}}, /* outside the window */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char members[64];
        snprintf(members, sizeof members, ",'attribution':{'model':'%s'}", cases[i].model);
        const struct terms *const t[2] = {terms_of(members, ",'price':{'lead':[{'micros':5}]}", "C1"),
                                          terms_of(members, ",'price':{'lead':[{'micros':5}]}", "C2")};
        struct tried x;
        share_make(&x, t, cases[i].first_ms);
        assert_ok(trial_run(&x.trial));
        for (size_t k = 0; k < 2; k++) {
            assert_false(x.lead[k].unknown);
            assert_int_equal(x.lead[k].of, 1);
            assert_int_equal(x.lead[k].redealt, cases[i].redealt[k]);
            assert_int_equal(x.lead[k].gone, cases[i].gone[k]);
            if (x.lead[k].redealt) {
                assert_int_equal(x.lead[k].credit.from, cases[i].from[k]);
                assert_int_equal(x.lead[k].credit.to, cases[i].to[k]);
            }
        }
        world_free(&x.world);
        terms_free((struct terms *)t[0]), terms_free((struct terms *)t[1]);
    }
}

static void parts_that_do_not_tell_all_touches_tell_nothing(void **state)
{
    (void)state;
    const struct terms *const t[2] = {
        terms_of(",'attribution':{'model':'linear'}", ",'price':{'lead':[{'micros':5}]}", "C1"),
        terms_of(",'attribution':{'model':'linear'}", ",'price':{'lead':[{'micros':5}]}", "C2")};
    for (int i = 0; i < 5; i++) {
        struct tried x;
        share_make(&x, t, NOW - 2000);
        struct entry_lead *last = &x.lead[1].entry.lead;
        if (i == 0)
            last->share_to = 900000; /* a further part is elsewhere, */
        else if (i == 1)
            last->share_from = 600000; /* or one between, */
        else if (i == 2)
            last->other_touches = 2; /* or a touch that got nothing */
        else if (i == 3)
            last->click_unrecorded = true; /* of which its id told the second */
        else
            x.world.clicks[1].index = 99; /* an entry names a click that is not there */
        assert_err(trial_run(&x.trial), i == 4 ? ERR_CORRUPT : ERR_OK);
        for (size_t k = 0; k < 2 && i < 4; k++) {
            assert_int_equal(x.lead[k].unknown, i < 3);
            assert_false(x.lead[k].gone);
        }
        world_free(&x.world);
    }
    struct tried x; /* a whole lead: what other contracts' touches were its entry does not tell */
    try_make(&x, t[0], (const int[]){1, 2, 3}, "{}");
    x.lead[1].dealt_alike = false;
    x.lead[1].entry.lead.other_touches = 1;
    assert_ok(trial_run(&x.trial));
    assert_true(x.lead[1].unknown);
    world_free(&x.world);
    terms_free((struct terms *)t[0]), terms_free((struct terms *)t[1]);
}

/* ---- a read that fails ---- */

static unsigned left; /* reads until the one that fails; 0: it has failed */
static struct view real;

static bool fails(void)
{
    return left > 0 && --left == 0;
}

static enum err failing_get(void *ctx, enum row_table t, struct span key, struct span *value)
{
    return fails() ? ERR_IO : world_get(ctx, t, key, value);
}

static enum err failing_seek(void *ctx, enum row_table t, struct span from, struct span *key, struct span *value)
{
    return fails() ? ERR_IO : world_seek(ctx, t, from, key, value);
}

static enum err failing_click(void *ctx, uint32_t contract, uint64_t index, struct clicked *out)
{
    return fails() ? ERR_IO : world_find_click(ctx, contract, index, out);
}

static void nothing_is_told_when_a_read_fails(void **state)
{
    (void)state;
    static const char members[] = ",'price':{'lead':[{'micros':5}]},'caps':{'budget_micros_month':10}";
    const struct terms *const t[2] = {terms_of(",'attribution':{'model':'linear'}", members, "C1"),
                                      terms_of(",'attribution':{'model':'linear'}", members, "C2")};
    for (int shared = 0; shared < 2; shared++) {
        bool failed = true;
        unsigned n = 0;
        while (failed) {
            struct tried x;
            if (shared) {
                share_make(&x, t, NOW - 2000);
            } else {
                try_make(&x, t[0], (const int[]){1, 1, 3}, "{}");
                make_recorded_duplicate(&x.lead[2], "C1", 4);
                x.lead[0].row.status = STATUS_REJECTED;
                x.lead[0].row.changed_ms += 500;
                x.lead[0].row.last = 90;
                struct lead_row other = x.lead[2].row;
                other.status = STATUS_REJECTED;
                put_row(&x, 1, 4, &other);
            }
            real = x.store;
            real.get = failing_get;
            real.seek = failing_seek;
            real.click = failing_click;
            x.trial.store = &real;
            left = ++n;
            enum err err = trial_run(&x.trial);
            failed = left == 0;
            if (err != (failed ? ERR_IO : ERR_OK))
                fail_msg("shared %d, read %u: %s", shared, n, err_word(err));
            world_free(&x.world);
        }
        assert_true(n > 5);
    }
    terms_free((struct terms *)t[0]), terms_free((struct terms *)t[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_destroyed_is_unknown),
        cmocka_unit_test(a_duplicate_of_another_log_that_is_gone_is_unknown),
        cmocka_unit_test(facts_that_were_private_decide),
        cmocka_unit_test(a_duplicate_of_its_own_log_is_looked_up),
        cmocka_unit_test(what_became_of_a_lead_frees_its_person),
        cmocka_unit_test(a_cap_counts_others_and_these_anew),
        cmocka_unit_test(leads_of_the_store_stand_in_the_way_and_these_do_not),
        cmocka_unit_test(who_may_not_report_has_no_lead),
        cmocka_unit_test(a_number_is_dialled_in_the_country_that_these_terms_say),
        cmocka_unit_test(a_low_score_is_held_as_far_as_the_terms_let),
        cmocka_unit_test(a_shared_lead_is_dealt_anew_by_the_model_tried),
        cmocka_unit_test(parts_that_do_not_tell_all_touches_tell_nothing),
        cmocka_unit_test(nothing_is_told_when_a_read_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
