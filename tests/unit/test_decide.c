#include <stdio.h>

#include "tests/support/world.h"

#define DAY MS_PER_DAY
enum { OURS = 1, OTHERS = 2, CAMPAIGN_NUMBER = 7 };

/* A good lead of a click one minute ago, with email and phone. */
static struct lead_report good_report(void)
{
    struct lead_report r = {
        .party = SPAN("P1"),
        .txid = SPAN("t1"),
        .given = CONTACT_EMAIL | CONTACT_PHONE,
        .claimed = true,
        .has_email = true,
        .has_phone = true,
    };
    memset(r.email, 1, TOKEN_LEN);
    memset(r.phone, 2, TOKEN_LEN);
    return r;
}

static struct lead_facts good_facts(void)
{
    return (struct lead_facts){.found = true,
                               .credit.click = {.contract = OURS, .index = 3, .placement = 5, .at_ms = NOW - 60000}};
}

/* ---- one refusal each ---- */

/* clang-format off */
static void nothing(struct lead_report *r, struct lead_facts *f) { (void)r, (void)f; }
static void test_mark(struct lead_report *r, struct lead_facts *f) { (void)f, r->test = true; }
static void unclaimed(struct lead_report *r, struct lead_facts *f) { f->found = false, r->claimed = false; }
static void unknown(struct lead_report *r, struct lead_facts *f) { (void)r, f->found = false; }
static void old_click(struct lead_report *r, struct lead_facts *f) { (void)r, f->credit.click.at_ms = NOW - 30 * DAY - 1; }
static void oldest_click(struct lead_report *r, struct lead_facts *f) { (void)r, f->credit.click.at_ms = NOW - 30 * DAY; }
static void trapped(struct lead_report *r, struct lead_facts *f) { (void)f, r->honeypot = true; }
static void no_phone(struct lead_report *r, struct lead_facts *f) { (void)f, r->given = CONTACT_EMAIL, r->has_phone = false; }
static void bad_mail(struct lead_report *r, struct lead_facts *f) { (void)f, r->bad = CONTACT_EMAIL, r->has_email = false; }
static void bad_fone(struct lead_report *r, struct lead_facts *f) { (void)f, r->bad = CONTACT_PHONE, r->has_phone = false; }
static void bad_both(struct lead_report *r, struct lead_facts *f) { (void)f, r->bad = CONTACT_PHONE | CONTACT_EMAIL; }
static void fone_by_digits(struct lead_report *r, struct lead_facts *f) { (void)f, r->given = r->bad = CONTACT_PHONE, r->has_email = false; }
static void fone_alone(struct lead_report *r, struct lead_facts *f) { fone_by_digits(r, f), r->has_phone = false; }
static void contactless(struct lead_report *r, struct lead_facts *f) { (void)f, r->given = 0, r->has_email = r->has_phone = false; }
static void click_after_lead(struct lead_report *r, struct lead_facts *f) { (void)r, f->credit.click.at_ms = NOW + 5000; }
static void throwaway(struct lead_report *r, struct lead_facts *f) { (void)f, r->disposable = true; }
static void quick(struct lead_report *r, struct lead_facts *f) { (void)r, f->credit.click.at_ms = NOW - 4999; }
static void lost_click(struct lead_report *r, struct lead_facts *f) { (void)r, f->credit.click.unrecorded = true; }
/* clang-format on */
static void french(struct lead_report *r, struct lead_facts *f)
{
    (void)f;
    r->facts[r->n_facts++] = (struct fact){SPAN("country"), SPAN("fr")};
}
static void empty_country(struct lead_report *r, struct lead_facts *f)
{
    (void)f;
    r->facts[r->n_facts++] = (struct fact){SPAN("country"), SPAN("")};
}
static void twice(struct lead_report *r, struct lead_facts *f)
{
    (void)r;
    f->has_dup = true;
    f->dup = (struct place){OTHERS, 77, NOW - DAY};
}

#define MANUAL ",'review':{'mode':'manual'}"
#define ENDED ",'ends_at':'2026-01-01T00:00:00Z'"
#define FRANCE ",'lead':{'rules':[{'field':'country','in':['FR']}]}"
static void by_pixel(struct lead_report *r, struct lead_facts *f)
{
    (void)f;
    r->party = SPAN("");
    r->trust = TRUST_PIXEL;
}

static void by_pixel_quick(struct lead_report *r, struct lead_facts *f)
{
    by_pixel(r, f);
    quick(r, f);
}

/* A step of the clock between click and lead, of whatever size: how long it took is not known. */
static void stepped(struct lead_report *r, struct lead_facts *f)
{
    (void)f;
    r->clock_steps = 1;
}
static void stepped_quick(struct lead_report *r, struct lead_facts *f)
{
    quick(r, f);
    stepped(r, f);
}
static void stepped_old(struct lead_report *r, struct lead_facts *f)
{
    old_click(r, f);
    stepped(r, f);
}
static void stepped_before_both(struct lead_report *r, struct lead_facts *f)
{
    quick(r, f);
    r->clock_steps = f->credit.click.clock_steps = 3;
}
static void stepped_unrecorded(struct lead_report *r, struct lead_facts *f)
{
    stepped_old(r, f);
    f->credit.click.clock_steps = r->clock_steps;
    f->credit.click.unrecorded = true;
}
static void stepped_clickless(struct lead_report *r, struct lead_facts *f)
{
    unknown(r, f);
    stepped(r, f);
}
static void unsure(struct lead_report *r, struct lead_facts *f)
{
    r->clock_steps = f->credit.click.clock_steps = 1;
    r->clock_unsure = true;
}
static void stepped_twice(struct lead_report *r, struct lead_facts *f)
{
    twice(r, f);
    stepped(r, f);
}

static const struct {
    const char *what, *campaign, *contract; /* terms */
    void (*spoil)(struct lead_report *r, struct lead_facts *f);
    enum status status;
    enum reason reason;
} decisions[] = {
    {"good", "", "", nothing, STATUS_PENDING, REASON_NONE},
    {"approved at once", ",'review':{'auto_approve_days':0}", "", nothing, STATUS_APPROVED, REASON_NONE},
    {"manual", MANUAL, "", nothing, STATUS_PENDING, REASON_NONE},
    {"manual, 0 days", ",'review':{'mode':'manual','auto_approve_days':0}", "", nothing, STATUS_PENDING, REASON_NONE},
    {"test", "", "", test_mark, STATUS_REJECTED, REASON_TEST},
    {"ended", "", ENDED, nothing, STATUS_REJECTED, REASON_CONTRACT_ENDED},
    {"not started", "", ",'starts_at':'2036-01-01T00:00:00Z'", nothing, STATUS_REJECTED, REASON_CONTRACT_ENDED},
    {"no click", "", "", unclaimed, STATUS_REJECTED, REASON_NO_CLICK},
    {"unknown click", "", "", unknown, STATUS_REJECTED, REASON_UNKNOWN_CLICK},
    {"click too old", "", "", old_click, STATUS_REJECTED, REASON_OUTSIDE_WINDOW},
    {"click just young enough", "", "", oldest_click, STATUS_PENDING, REASON_NONE},
    {"honeypot", "", "", trapped, STATUS_REJECTED, REASON_HONEYPOT},
    {"contact missing", ",'lead':{'require':['phone']}", "", no_phone, STATUS_REJECTED, REASON_MISSING_FIELD},
    {"contact not required", ",'lead':{'require':['email']}", "", no_phone, STATUS_PENDING, REASON_NONE},
    {"field missing", ",'lead':{'require':['country']}", "", nothing, STATUS_REJECTED, REASON_MISSING_FIELD},
    {"field empty", ",'lead':{'require':['country']}", "", empty_country, STATUS_REJECTED, REASON_MISSING_FIELD},
    {"field there", ",'lead':{'require':['country']}", "", french, STATUS_PENDING, REASON_NONE},
    {"required email bad", ",'lead':{'require':['email']}", "", bad_mail, STATUS_REJECTED, REASON_BAD_EMAIL},
    {"required phone bad", ",'lead':{'require':['phone']}", "", bad_fone, STATUS_REJECTED, REASON_BAD_PHONE},
    {"optional phone bad, email tells the person", "", "", bad_fone, STATUS_HELD, REASON_BAD_PHONE},
    {"nobody to tell", "", "", bad_both, STATUS_REJECTED, REASON_BAD_EMAIL},
    {"bad phone alone, with digits", "", "", fone_by_digits, STATUS_HELD, REASON_BAD_PHONE},
    {"bad phone alone, with digits, required", ",'lead':{'require':['phone']}", "", fone_by_digits, STATUS_REJECTED,
     REASON_BAD_PHONE},
    {"bad phone alone, with digits, the only one asked for", ",'lead':{'require_any':['phone']}", "", fone_by_digits,
     STATUS_REJECTED, REASON_BAD_PHONE},
    {"bad phone alone, without digits", "", "", fone_alone, STATUS_REJECTED, REASON_BAD_PHONE},
    {"no contact", "", "", contactless, STATUS_REJECTED, REASON_MISSING_FIELD},
    {"no contact asked for", ",'lead':{'require_any':[]}", "", contactless, STATUS_PENDING, REASON_NONE},
    {"the other of two", "", "", no_phone, STATUS_PENDING, REASON_NONE},
    {"not the one of one", ",'lead':{'require_any':['phone']}", "", no_phone, STATUS_REJECTED, REASON_MISSING_FIELD},
    {"no contact asked for, but given and bad", ",'lead':{'require_any':[]},'dedupe':{'by':[]}", "", bad_mail,
     STATUS_PENDING, REASON_NONE},
    {"deduped by phone alone, phone bad", ",'dedupe':{'by':['phone']}", "", bad_fone, STATUS_HELD, REASON_BAD_PHONE},
    {"deduped by phone alone, email bad", ",'dedupe':{'by':['phone']}", "", bad_mail, STATUS_PENDING, REASON_NONE},
    {"profile", FRANCE, "", nothing, STATUS_REJECTED, REASON_OUTSIDE_PROFILE},
    {"in profile", FRANCE, "", french, STATUS_PENDING, REASON_NONE},
    {"too fast", ",'lead':{'min_click_to_lead_s':5}", "", quick, STATUS_REJECTED, REASON_TOO_FAST},
    {"clock ran backwards", "", "", click_after_lead, STATUS_PENDING, REASON_NONE},
    {"clock ran backwards, counts as 0 s", ",'lead':{'min_click_to_lead_s':1}", "", click_after_lead, STATUS_REJECTED,
     REASON_TOO_FAST},
    {"duplicate", "", "", twice, STATUS_DUPLICATE, REASON_DUPLICATE},
    {"the clock stepped since the click", "", "", stepped, STATUS_HELD, REASON_REVIEW},
    {"stepped, too fast by the clock", ",'lead':{'min_click_to_lead_s':5}", "", stepped_quick, STATUS_HELD,
     REASON_REVIEW},
    {"stepped, too old by the clock", "", "", stepped_old, STATUS_HELD, REASON_REVIEW},
    {"stepped, would be approved at once", ",'review':{'auto_approve_days':0}", "", stepped, STATUS_HELD,
     REASON_REVIEW},
    {"stepped before the click too", ",'lead':{'min_click_to_lead_s':5}", "", stepped_before_both, STATUS_REJECTED,
     REASON_TOO_FAST},
    {"stepped, of an unrecorded click", "", "", stepped_unrecorded, STATUS_HELD, REASON_UNRECORDED},
    {"stepped, without a click", "", "", stepped_clickless, STATUS_REJECTED, REASON_UNKNOWN_CLICK},
    {"stepped, and refused for something else", FRANCE, "", stepped, STATUS_REJECTED, REASON_OUTSIDE_PROFILE},
    {"stepped, and known", "", "", stepped_twice, STATUS_DUPLICATE, REASON_DUPLICATE},
    {"unsure", "", "", unsure, STATUS_PENDING, REASON_NONE},
    {"unsure, ended by the clock", "", ENDED, unsure, STATUS_HELD, REASON_REVIEW},
    {"unsure, would be approved at once", ",'review':{'auto_approve_days':0}", "", unsure, STATUS_PENDING, REASON_NONE},
    {"held: fast", ",'lead':{'hold_below_s':5}", "", quick, STATUS_HELD, REASON_TOO_FAST},
    {"held: stepped, fast by the clock", ",'lead':{'hold_below_s':5}", "", stepped_quick, STATUS_HELD, REASON_REVIEW},
    {"disposable email, taken", "", "", throwaway, STATUS_PENDING, REASON_NONE},
    {"disposable email, refused", ",'lead':{'disposable_email':'reject'}", "", throwaway, STATUS_REJECTED,
     REASON_BAD_EMAIL},
    {"held: disposable email", ",'lead':{'disposable_email':'hold'}", "", throwaway, STATUS_HELD, REASON_BAD_EMAIL},
    {"lasting email, hold", ",'lead':{'disposable_email':'hold'}", "", nothing, STATUS_PENDING, REASON_NONE},
    {"lasting email, reject", ",'lead':{'disposable_email':'reject'}", "", nothing, STATUS_PENDING, REASON_NONE},
    {"held: lost click", "", "", lost_click, STATUS_HELD, REASON_UNRECORDED},
    {"held, not approved at once", ",'lead':{'hold_below_s':5},'review':{'auto_approve_days':0}", "", quick,
     STATUS_HELD, REASON_TOO_FAST},
    {"held: by pixel", ",'pixel_leads':'hold','review':{'auto_approve_days':0}", "", by_pixel, STATUS_HELD,
     REASON_REVIEW},
    {"held: by pixel, switched off meanwhile", "", "", by_pixel, STATUS_HELD, REASON_REVIEW},
    {"held: by pixel and fast", ",'pixel_leads':'hold','lead':{'hold_below_s':5}", "", by_pixel_quick, STATUS_HELD,
     REASON_TOO_FAST},
    {"by pixel, trusted", ",'pixel_leads':'on','review':{'auto_approve_days':0}", "", by_pixel, STATUS_APPROVED,
     REASON_NONE},
};

static struct entry decide(struct terms *t, void (*spoil)(struct lead_report *, struct lead_facts *),
                           struct lead_facts *f)
{
    struct lead_report r = good_report();
    struct entry e;
    *f = good_facts();
    spoil(&r, f);
    decide_lead(t, 9, &r, f, NOW, &e);
    return e;
}

static void each_lead_is_decided_with_its_reason(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof decisions / sizeof *decisions; i++) {
        char contract[256];
        struct lead_facts f;
        snprintf(contract, sizeof contract, ",'price':{'lead':[{'micros':5000000}]}%s", decisions[i].contract);
        struct terms *t = terms_of(decisions[i].campaign, contract, "C1");
        struct entry e = decide(t, decisions[i].spoil, &f);
        bool accepted =
            e.lead.status == STATUS_PENDING || e.lead.status == STATUS_HELD || e.lead.status == STATUS_APPROVED;
        if (e.lead.status != decisions[i].status || e.lead.reason != decisions[i].reason)
            fail_msg("%s: %s %s", decisions[i].what, status_word(e.lead.status), reason_word(e.lead.reason));
        if (e.lead.payout_micros != (accepted ? 5000000 : 0) || e.lead.tier != (accepted ? 0 : -1))
            fail_msg("%s: payout %lld", decisions[i].what, (long long)e.lead.payout_micros);
        terms_free(t);
    }
}

/* Everything is wrong at once; then the first thing is put right, and so on. */
static void the_first_reason_wins(void **state)
{
    static const enum reason order[] = {
        REASON_TEST,     REASON_CONTRACT_ENDED, REASON_NO_CLICK,  REASON_UNKNOWN_CLICK, REASON_OUTSIDE_WINDOW,
        REASON_HONEYPOT, REASON_MISSING_FIELD,  REASON_BAD_EMAIL, REASON_BAD_PHONE,     REASON_OUTSIDE_PROFILE,
        REASON_TOO_FAST, REASON_DUPLICATE,      REASON_UNRECORDED};
    const char *terms = ",'lead':{'require':['last_name','email','phone'],'min_click_to_lead_s':60,'rules':[{'field':'"
                        "f_age','min':18}]}";
    struct terms *ended = terms_of(terms, ENDED, "C1"), *t = terms_of(terms, "", "C1");
    struct lead_report r = good_report();
    struct lead_facts f = {
        .credit.click = {.at_ms = NOW - 31 * DAY, .unrecorded = true}, .has_dup = true, .dup = {OTHERS, 1, NOW}};

    (void)state;
    r.test = r.honeypot = true;
    r.claimed = false;
    r.bad = CONTACT_EMAIL | CONTACT_PHONE;
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        struct entry e;
        decide_lead(order[i] == REASON_TEST || order[i] == REASON_CONTRACT_ENDED ? ended : t, 9, &r, &f, NOW, &e);
        assert_string_equal(reason_word(e.lead.reason), reason_word(order[i]));
        /* clang-format off */
        switch (order[i]) {
        case REASON_TEST: r.test = false; break;
        case REASON_NO_CLICK: r.claimed = true; break;
        case REASON_UNKNOWN_CLICK: f.found = true; break;
        case REASON_OUTSIDE_WINDOW: f.credit.click.at_ms = NOW - 1000; break;
        case REASON_HONEYPOT: r.honeypot = false; break;
        case REASON_MISSING_FIELD: r.given |= CONTACT_LAST_NAME; break;
        case REASON_BAD_EMAIL: r.bad &= ~(unsigned)CONTACT_EMAIL; break;
        case REASON_BAD_PHONE: r.bad = 0; break;
        case REASON_OUTSIDE_PROFILE: r.facts[r.n_facts++] = (struct fact){SPAN("f_age"), SPAN("18")}; break;
        case REASON_TOO_FAST: f.credit.click.at_ms = NOW - 60000; break;
        case REASON_DUPLICATE: f.has_dup = false; break;
        default: break;
        }
        /* clang-format on */
    }
    terms_free(ended);
    terms_free(t);
}

static void half(struct lead_report *r, struct lead_facts *f)
{
    (void)r;
    f->credit.from = 500000;
    f->credit.to = 1000000;
}

/* A part is paid out of its contract's budget, the whole out of the campaign's. */
static void a_part_counts_in_a_budget_as_what_is_paid_out_of_it(void **state)
{
    static const struct {
        const char *of_campaign, *of_contract;
        bool whole, part;
    } cases[] = {
        {"", ",'caps':{'budget_micros_month':3000000}", false, true},
        {"", ",'caps':{'budget_micros_month':2499999}", false, false},
        {",'caps':{'budget_micros_month':5000000}", "", true, true},
        {",'caps':{'budget_micros_month':4999999}", "", false, false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char contract[256], campaign[256];
        struct lead_facts f;
        snprintf(contract, sizeof contract, ",'price':{'lead':[{'micros':5000000}]}%s", cases[i].of_contract);
        snprintf(campaign, sizeof campaign, ",'attribution':{'model':'linear'}%s", cases[i].of_campaign);
        struct terms *t = terms_of(campaign, contract, "C1");
        struct entry whole = decide(t, nothing, &f), part = decide(t, half, &f);
        assert_int_equal(whole.lead.reason == REASON_NONE, cases[i].whole);
        assert_int_equal(part.lead.reason == REASON_NONE, cases[i].part);
        assert_int_equal(part.lead.payout_micros, cases[i].part ? 2500000 : 0);
        terms_free(t);
    }
}

static void the_entry_says_what_was_found(void **state)
{
    struct terms *t = terms_of(",'lead':{'require':['country','f_a']}", "", "C1");
    struct lead_facts f;
    struct entry e = decide(t, twice, &f);

    (void)state;
    assert_int_equal(e.at_ms, NOW);
    assert_int_equal(e.lead.terms, 9);
    assert_true(e.lead.has_click);
    assert_int_equal(e.lead.click, 3);
    assert_int_equal(e.lead.placement, 5);
    assert_int_equal(e.lead.clicked_ms, NOW - 60000);
    assert_int_equal(e.lead.missing_fields, 2);
    assert_int_equal(e.lead.reason, REASON_MISSING_FIELD); /* so that the person is known is told to nobody */
    assert_true(span_empty(e.lead.dup_contract));
    terms_free(t);
    t = terms_of("", "", "C1");
    e = decide(t, twice, &f);
    assert_true(span_is(e.lead.dup_contract, DUP_ELSEWHERE)); /* C2's index is C2's business */
    assert_int_equal(e.lead.dup_index, 0);
    terms_free(t);
}

static void only_reviewed_leads_are_due(void **state)
{
    struct terms *automatic = terms_of("", "", "C1"), *manual = terms_of(MANUAL, "", "C1"),
                 *now = terms_of(",'review':{'auto_approve_days':0}", "", "C1");
    struct lead_facts f;

    (void)state;
    assert_int_equal(decide(automatic, nothing, &f).lead.due_ms, NOW + 14 * DAY);
    assert_int_equal(decide(automatic, lost_click, &f).lead.due_ms, 0);
    assert_int_equal(decide(manual, nothing, &f).lead.due_ms, 0);
    assert_int_equal(decide(now, nothing, &f).lead.due_ms, 0);
    terms_free(automatic);
    terms_free(manual);
    terms_free(now);
}

static void a_tier_by_the_score_takes_what_is_within_it_and_has_one(void **state)
{
    struct terms *t = terms_of(
        "",
        ",'assent':'both','price':{'lead':[{'when':{'field':'score','min':400,'max':600},'micros':12},{'micros':8}]}",
        "C1");
    static const struct {
        bool scored;
        uint32_t score;
        int tier;
    } priced[] = {{true, 399, 1}, {true, 400, 0}, {true, 600, 0}, {true, 601, 1}, {false, 500, 1}};
    int64_t micros;
    struct lead_facts f;
    (void)state;
    for (size_t i = 0; i < sizeof priced / sizeof *priced; i++)
        assert_int_equal(
            terms_price(t, &(struct priced){.scored = priced[i].scored, .score = priced[i].score}, &micros),
            priced[i].tier);
    terms_free(t);
    t = terms_of(
        "", ",'assent':'both','price':{'lead':[{'when':{'field':'score','max':1000},'micros':12},{'micros':8}]}", "C1");
    assert_int_equal(decide(t, nothing, &f).lead.tier, 1); /* these terms ask for none */
    terms_free(t);
}

static void the_first_matching_tier_is_the_price(void **state)
{
    struct terms *t =
        terms_of("", ",'price':{'lead':[{'when':{'field':'country','in':['FR']},'micros':12},{'micros':8}]}", "C1");
    struct terms *no_default =
        terms_of("", ",'price':{'lead':[{'when':{'field':'country','in':['FR']},'micros':12}]}", "C1");
    struct lead_facts f;
    struct entry e;

    (void)state;
    e = decide(t, french, &f);
    assert_int_equal(e.lead.payout_micros, 12);
    assert_int_equal(e.lead.tier, 0);
    e = decide(t, nothing, &f);
    assert_int_equal(e.lead.payout_micros, 8);
    assert_int_equal(e.lead.tier, 1);
    e = decide(no_default, nothing, &f);
    assert_int_equal(e.lead.status, STATUS_PENDING);
    assert_int_equal(e.lead.payout_micros, 0);
    assert_int_equal(e.lead.tier, -1);
    terms_free(t);
    terms_free(no_default);
}

/* ---- gather ---- */

static void the_latest_existing_touch_gets_the_credit(void **state)
{
    struct world w = world_new();
    struct view v = world_view(&w);
    struct lead_report r = good_report();
    struct lead_facts f;

    (void)state;
    world_click(&w, (struct world_click){.contract = OURS, .index = 1, .at_ms = NOW - 300, .placement = 1});
    world_click(&w, (struct world_click){.contract = OTHERS, .index = 4, .at_ms = NOW - 100, .placement = 2});
    world_click(&w, (struct world_click){.contract = OURS, .index = 9, .at_ms = NOW - 100, .placement = 3});
    r.touches[r.n_touches++] = (struct pointer){
        .contract = OURS, .index = UINT64_C(1) << 60, .at_s = (uint32_t)(NOW / 1000)}; /* does not exist */
    r.touches[r.n_touches++] = (struct pointer){.contract = OURS, .index = 1};
    r.touches[r.n_touches++] = (struct pointer){.contract = OTHERS, .index = 4};
    r.touches[r.n_touches++] = (struct pointer){.contract = OURS, .index = 9};   /* as late, but named later */
    r.touches[r.n_touches++] = (struct pointer){.contract = OTHERS, .index = 4}; /* named twice */
    assert_ok(gather_touches(&v, &r, &f));
    assert_true(f.found);
    assert_int_equal(f.credit.click.contract, OTHERS);
    assert_int_equal(f.credit.click.index, 4);
    assert_int_equal(f.credit.click.placement, 2);
    assert_int_equal(f.others, 2);

    r.touches[r.n_touches++] =
        (struct pointer){.contract = OURS, .index = 12345, .at_s = (uint32_t)(NOW / 1000), .flags = CLICK_UNRECORDED};
    assert_ok(gather_touches(&v, &r, &f));
    assert_true(f.credit.click.unrecorded);
    assert_int_equal(f.credit.click.index, 12345); /* tells it from other lost ones */
    assert_int_equal(f.credit.click.at_ms, NOW / 1000 * 1000);
    assert_int_equal(f.others, 3);

    r.n_touches = 1;
    assert_ok(gather_touches(&v, &r, &f));
    assert_false(f.found);
    assert_int_equal(f.others, 0);
    world_free(&w);
}

static const struct fold_context cx = {OURS, CAMPAIGN_NUMBER, SPAN("C1"), 1};

static void accept_person(struct world *w, uint64_t index, int64_t at_ms, uint8_t email, uint8_t phone)
{
    struct entry e = {.kind = ENTRY_LEAD, .at_ms = at_ms, .lead = {.status = STATUS_PENDING}};
    struct private_part priv = {.lead = true, .has_email = email, .has_phone = phone};
    memset(priv.email, email, TOKEN_LEN);
    memset(priv.phone, phone, TOKEN_LEN);
    assert_int_equal(world_apply(w, &cx, NULL, index, &e, &priv), ERR_OK);
}

static void the_same_person_is_found_by_email_or_phone_within_the_window(void **state)
{
    static const struct {
        const char *terms;
        int64_t after_days, after_ms;
        uint8_t email, phone;
        uint64_t dup; /* 0: none */
    } cases[] = {
        {"", 1, 0, 1, 9, 10},  /* by email */
        {"", 1, 0, 9, 2, 10},  /* by phone */
        {"", 1, 0, 9, 9, 0},   /* somebody else */
        {"", 1, 0, 2, 1, 0},   /* a phone is no email */
        {"", 1, 0, 0, 0, 0},   /* nobody */
        {"", 90, 0, 1, 2, 10}, /* the last millisecond */
        {"", 90, 1, 1, 2, 0},
        {"", 1, 0, 1, 4, 20},  /* two earlier leads: the latest */
        {"", -5, 0, 1, 2, 10}, /* the clock ran backwards */
        {",'dedupe':{'by':['phone']}", 1, 0, 1, 9, 0},
        {",'dedupe':{'by':['email']}", 1, 0, 1, 4, 10},
        {",'dedupe':{'by':[]}", 1, 0, 1, 2, 0},
        {",'dedupe':{'days':1}", 1, 1, 1, 2, 0},
    };
    struct world w = world_new();
    struct view v = world_view(&w);

    (void)state;
    accept_person(&w, 10, NOW, 1, 2);
    accept_person(&w, 20, NOW + 1000, 3, 4);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct terms *t = terms_of(cases[i].terms, "", "C1");
        struct lead_report r = {.has_email = cases[i].email, .has_phone = cases[i].phone};
        struct lead_facts f = {0};
        memset(r.email, cases[i].email, TOKEN_LEN);
        memset(r.phone, cases[i].phone, TOKEN_LEN);
        assert_ok(gather_person(&v, &cx, t, &r, NOW + cases[i].after_days * DAY + cases[i].after_ms, &f));
        if (f.has_dup != (cases[i].dup != 0) || (f.has_dup && f.dup.index != cases[i].dup))
            fail_msg("case %zu: %d %llu", i, f.has_dup, (unsigned long long)f.dup.index);
        const struct fold_context elsewhere = {OTHERS, CAMPAIGN_NUMBER + 1, SPAN("C2"), 1};
        assert_ok(gather_person(&v, &elsewhere, t, &r, NOW, &f)); /* another campaign knows nobody */
        assert_false(f.has_dup);
        terms_free(t);
    }
    world_free(&w);
}

/* ---- two reports ---- */

/* Each of a click: 1 and 2 in C1, 3 in C2 (C1's and C2's senders: P1, P2; A1 for both); 9: one whose record was lost.
 */
struct told {
    uint64_t click;
    const char *txid;
    uint8_t email, phone;
};

static struct lead_report told_report(const struct told *s)
{
    struct lead_report r = {.party = SPAN("P1"), .txid = span_str(s->txid), .claimed = true, .n_touches = 1};
    r.touches[0] = (struct pointer){.contract = s->click == 3 ? OTHERS : OURS, .index = s->click};
    if (s->click >= 9)
        r.touches[0].flags = CLICK_UNRECORDED, r.touches[0].at_s = NOW / 1000;
    r.has_email = s->email;
    r.has_phone = s->phone;
    r.given = (s->email ? CONTACT_EMAIL : 0u) | (s->phone ? CONTACT_PHONE : 0u);
    memset(r.email, s->email, TOKEN_LEN);
    memset(r.phone, s->phone, TOKEN_LEN);
    return r;
}

/* Decides and applies; the index in its log is n. */
static enum status tell(struct world *w, struct terms *const terms[3], const struct told *s, uint64_t n, int64_t now_ms,
                        struct entry *e)
{
    const struct fold_context cxs[] = {
        {0}, {OURS, CAMPAIGN_NUMBER, SPAN("C1"), 1}, {OTHERS, CAMPAIGN_NUMBER, SPAN("C2"), 1}};
    struct view v = world_view(w);
    struct lead_report r = told_report(s);
    struct private_part priv = {.lead = true, .has_email = r.has_email, .has_phone = r.has_phone};
    struct lead_facts f;
    memcpy(priv.email, r.email, TOKEN_LEN);
    memcpy(priv.phone, r.phone, TOKEN_LEN);
    assert_ok(gather_touches(&v, &r, &f));
    uint32_t k = f.credit.click.contract;
    assert_ok(gather_person(&v, &cxs[k], terms[k], &r, now_ms, &f));
    decide_lead(terms[k], 0, &r, &f, now_ms, e);
    assert_ok(world_apply(w, &cxs[k], terms[k], n, e, &priv));
    return e->lead.status;
}

static struct world three_clicks(void)
{
    struct world w = world_new();
    world_click(&w, (struct world_click){.contract = OURS, .index = 1, .at_ms = NOW - 60000});
    world_click(&w, (struct world_click){.contract = OURS, .index = 2, .at_ms = NOW - 60000});
    world_click(&w, (struct world_click){.contract = OTHERS, .index = 3, .at_ms = NOW - 60000});
    return w;
}

static void two_reports_are_one_lead_or_two_in_either_order(void **state)
{
    static const struct {
        const char *what;
        struct told a, b;
        bool one;
    } cases[] = {
        {"one click, no contact, other txids", {1, "a", 0, 0}, {1, "b", 0, 0}, true},
        {"one click, no contact, no txid", {1, "", 0, 0}, {1, "", 0, 0}, true},
        {"two clicks, no contact, one txid: publisher and advertiser", {1, "A1", 0, 0}, {2, "A1", 0, 0}, true},
        {"two clicks, no contact, no txid", {1, "", 0, 0}, {2, "", 0, 0}, false},
        {"two clicks, no contact, other txids", {1, "a", 0, 0}, {2, "b", 0, 0}, false},
        {"two publishers' equal txids", {1, "A1", 0, 0}, {3, "A1", 0, 0}, false},
        {"one person of two contracts by email", {1, "a", 7, 0}, {3, "b", 7, 0}, true},
        {"one person of two contracts by phone", {1, "a", 5, 7}, {3, "b", 6, 7}, true},
        {"two persons by one click", {1, "a", 7, 0}, {1, "b", 8, 0}, false},
        {"two persons by one click, of one txid", {1, "A1", 7, 0}, {1, "A1", 8, 0}, false},
        {"a person, and nobody by the same click", {1, "a", 7, 0}, {1, "b", 0, 0}, true},
        {"a person, and nobody of the same txid", {1, "A1", 7, 9}, {2, "A1", 0, 0}, true},
        {"email and phone of one txid", {1, "A1", 7, 0}, {1, "A1", 0, 9}, true},
        {"email and phone of one click", {1, "a", 7, 0}, {1, "b", 0, 9}, true},
        {"email and phone of two clicks", {1, "a", 7, 0}, {2, "b", 0, 9}, false},
        {"two emails by one click, one with a phone", {1, "a", 7, 0}, {1, "b", 8, 9}, false},
        {"a phone is no email", {1, "a", 7, 0}, {2, "b", 0, 7}, false},
        {"one lost click", {9, "a", 0, 0}, {9, "b", 0, 0}, true},
        {"two lost clicks of one second", {9, "a", 0, 0}, {10, "b", 0, 0}, false},
    };
    struct terms *terms[] = {NULL, terms_of(",'lead':{'require_any':[]}", "", "C1"),
                             terms_of(",'lead':{'require_any':[]}", "", "C2")};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int turned = 0; turned < 2; turned++) {
            struct world w = three_clicks();
            struct entry e;
            assert_true(status_stands(tell(&w, terms, turned ? &cases[i].b : &cases[i].a, 20, NOW, &e)));
            enum status second = tell(&w, terms, turned ? &cases[i].a : &cases[i].b, 21, NOW + 1, &e);
            if (status_stands(second) == cases[i].one || (cases[i].one && second != STATUS_DUPLICATE))
                fail_msg("%s: %s", cases[i].what, status_word(second));
            world_free(&w);
        }
    terms_free(terms[1]);
    terms_free(terms[2]);
}

/* Reports of one person, the first of which is paid: in this order and in every other. What a duplicate tells is not
 * forgotten. */
static void a_duplicate_leads_to_what_it_repeats(void **state)
{
    enum { MOST = 5 };
    static const struct {
        const char *what;
        struct told said[MOST];
        size_t n, persons; /* paid in the order given */
    } cases[] = {
        {"an email, both, a phone", {{1, "", 7, 0}, {2, "", 7, 9}, {3, "", 0, 9}}, 3, 1},
        {"a phone, both, an email", {{1, "", 0, 9}, {2, "", 7, 9}, {3, "", 7, 0}}, 3, 1},
        {"four steps over two contracts",
         {{1, "", 7, 0}, {3, "", 7, 9}, {2, "", 8, 9}, {3, "", 8, 6}, {3, "", 0, 6}},
         5,
         1},
        {"an order, its email elsewhere, its phone", {{1, "A1", 0, 0}, {2, "A1", 7, 0}, {3, "", 7, 9}}, 3, 1},
        {"a click, an order, an email", {{1, "", 0, 0}, {1, "A1", 0, 0}, {2, "A1", 7, 0}, {3, "", 7, 0}}, 4, 1},
        {"two families' emails, and a phone of one click",
         {{1, "", 7, 0}, {1, "", 8, 0}, {1, "", 0, 9}, {1, "", 6, 0}},
         4,
         3},
    };
    struct terms *terms[] = {NULL, terms_of(",'lead':{'require_any':[]}", "", "C1"),
                             terms_of(",'lead':{'require_any':[]}", "", "C2")};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world w = three_clicks();
        size_t paid = 0;
        for (size_t k = 0; k < cases[i].n; k++) {
            struct entry e;
            enum status s = tell(&w, terms, &cases[i].said[k], 20 + k, NOW + (int64_t)k, &e);
            paid += status_stands(s);
            assert_true(status_stands(s) || s == STATUS_DUPLICATE);
        }
        if (paid != cases[i].persons)
            fail_msg("%s: %zu", cases[i].what, paid);
        world_free(&w);
    }
    terms_free(terms[1]);
    terms_free(terms[2]);
}

/* Only what the log of its own contract tells is told in it. */
static void a_duplicate_names_what_its_own_log_tells(void **state)
{
    static const struct {
        struct told said[3]; /* the last one repeats the first */
        bool here;
    } cases[] = {
        {{{1, "", 7, 0}, {2, "", 7, 9}, {2, "", 0, 9}}, true},
        {{{1, "", 7, 0}, {3, "", 7, 9}, {2, "", 0, 9}}, false}, /* by a duplicate elsewhere */
        {{{3, "", 7, 0}, {2, "", 7, 9}, {2, "", 0, 9}}, false}, /* a lead elsewhere */
    };
    struct terms *terms[] = {NULL, terms_of("", "", "C1"), terms_of("", "", "C2")};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct world w = three_clicks();
        struct entry e;
        for (size_t k = 0; k < 3; k++)
            (void)tell(&w, terms, &cases[i].said[k], 20 + k, NOW + (int64_t)k, &e);
        assert_int_equal(e.lead.status, STATUS_DUPLICATE);
        assert_true(span_is(e.lead.dup_contract, cases[i].here ? "C1" : DUP_ELSEWHERE));
        assert_int_equal(e.lead.dup_index, cases[i].here ? 20 : 0);
        world_free(&w);
    }
    terms_free(terms[1]);
    terms_free(terms[2]);
}

static enum err dispose(struct world *w, struct terms *t, uint64_t lead, enum status to, uint64_t n, int64_t now_ms)
{
    const struct disposition_report r = {.party = SPAN("A1"), .status = to, .lead = lead};
    struct view v = world_view(w);
    struct disposition_facts f;
    struct lead_row row;
    struct entry e;
    bool same;
    assert_ok(row_lead(&v, OURS, lead, &row));
    assert_ok(gather_disposition(&v, &cx, t, &r, &row, &f));
    enum err err = decide_disposition(0, &r, &row, &f, now_ms, &e, &same, NULL);
    if (err == ERR_OK)
        assert_ok(world_apply(w, &cx, t, n, &e, NULL));
    return err;
}

/* Those of leads that stand: a duplicate's say what it repeats. */
static size_t standing_rows(struct world *w)
{
    struct view v = world_view(w);
    struct span key, value;
    uint8_t from[64] = {0};
    size_t n = 0, len = 0;
    while (v.seek(v.ctx, ROW_DEDUPE, span_of(from, len), &key, &value) == ERR_OK) {
        n += value.len == 0;
        memcpy(from, key.ptr, key.len);
        len = key.len + 1;
    }
    return n;
}

/* A rejection or a return frees the person, for others first; then nobody comes back beside who stands. */
static void who_is_freed_is_free_until_somebody_else_stands(void **state)
{
    static const struct told person = {1, "a", 7, 9}, again = {3, "b", 0, 9}, once_more = {2, "c", 7, 0},
                             nobody = {1, "d", 0, 0};
    struct terms *terms[] = {NULL, terms_of(",'lead':{'require_any':[]}", "", "C1"),
                             terms_of(",'lead':{'require_any':[]}", "", "C2")};
    struct world w = three_clicks();
    struct entry e;
    (void)state;
    assert_int_equal(tell(&w, terms, &person, 20, NOW, &e), STATUS_PENDING);
    assert_int_equal(tell(&w, terms, &again, 21, NOW + 1, &e), STATUS_DUPLICATE);
    assert_ok(dispose(&w, terms[1], 20, STATUS_APPROVED, 22, NOW + 2));
    assert_int_equal(tell(&w, terms, &once_more, 23, NOW + 3, &e), STATUS_DUPLICATE);
    assert_ok(dispose(&w, terms[1], 20, STATUS_RETURNED, 24, NOW + 4));
    assert_int_equal(standing_rows(&w), 0);
    assert_ok(dispose(&w, terms[1], 20, STATUS_APPROVED, 25, NOW + 5)); /* it was a mistake */
    assert_int_equal(tell(&w, terms, &nobody, 26, NOW + 6, &e), STATUS_DUPLICATE);
    assert_ok(dispose(&w, terms[1], 20, STATUS_RETURNED, 27, NOW + 7));
    assert_int_equal(tell(&w, terms, &again, 28, NOW + 8, &e), STATUS_PENDING); /* elsewhere */
    assert_int_equal(dispose(&w, terms[1], 20, STATUS_APPROVED, 29, NOW + 9), ERR_CONFLICT);
    assert_ok(dispose(&w, terms[1], 23, STATUS_APPROVED, 30, NOW + 10)); /* the email alone does not tell that */
    assert_int_equal(standing_rows(&w), 3 + 3);
    world_free(&w);
    terms_free(terms[1]);
    terms_free(terms[2]);
}

/* The lead that it repeated is refused, and another report of the person stands: what the duplicate told is of that one
 * now. And back: no two of them are reinstated beside each other. */
static void a_duplicate_leads_on_whoever_stands(void **state)
{
    static const struct told email = {1, "", 7, 0}, both = {2, "", 7, 9}, phone = {1, "", 0, 9};
    struct terms *terms[] = {NULL, terms_of(",'lead':{'require_any':[]}", "", "C1"), NULL};
    struct world w = three_clicks();
    struct entry e;
    (void)state;
    terms[2] = terms[1];
    assert_int_equal(tell(&w, terms, &email, 20, NOW, &e), STATUS_PENDING);
    assert_int_equal(tell(&w, terms, &both, 21, NOW + 1, &e), STATUS_DUPLICATE);
    assert_ok(dispose(&w, terms[1], 20, STATUS_REJECTED, 22, NOW + 2));
    assert_int_equal(tell(&w, terms, &phone, 23, NOW + 3, &e), STATUS_PENDING); /* free again */
    assert_int_equal(dispose(&w, terms[1], 20, STATUS_APPROVED, 24, NOW + 4), ERR_CONFLICT);
    assert_int_equal(dispose(&w, terms[1], 21, STATUS_APPROVED, 24, NOW + 4), ERR_CONFLICT);
    assert_ok(dispose(&w, terms[1], 23, STATUS_REJECTED, 24, NOW + 4));
    assert_ok(dispose(&w, terms[1], 20, STATUS_APPROVED, 25, NOW + 5));
    assert_int_equal(tell(&w, terms, &phone, 26, NOW + 6, &e), STATUS_DUPLICATE);
    assert_int_equal(e.lead.dup_index, 20);
    assert_ok(dispose(&w, terms[1], 20, STATUS_RETURNED, 27, NOW + 7));
    assert_ok(dispose(&w, terms[1], 21, STATUS_APPROVED, 28, NOW + 8)); /* a duplicate no more */
    assert_int_equal(tell(&w, terms, &email, 29, NOW + 9, &e), STATUS_DUPLICATE);
    assert_int_equal(e.lead.dup_index, 21);
    world_free(&w);
    terms_free(terms[1]);
}

/* Nobody signed it: it stands once somebody has approved it, and is till then in the way of its like alone. */
static void a_pixels_held_lead_is_in_nobodys_way(void **state)
{
    static const struct told order = {1, "A1", 0, 0}, person = {1, "A1", 7, 0};
    (void)state;
    for (int trusted = 0; trusted < 2; trusted++) {
        struct terms *t =
            terms_of(trusted ? ",'pixel_leads':'on','lead':{'hold_below_s':600}" : ",'pixel_leads':'hold'", "", "C1");
        struct terms *terms[] = {NULL, t, NULL};
        struct world w = three_clicks();
        struct view v = world_view(&w);
        struct lead_report r = told_report(&order);
        const struct private_part priv = {.lead = true};
        struct lead_facts f;
        struct entry e;
        r.party = SPAN("");
        r.trust = TRUST_PIXEL;
        for (uint64_t i = 20; i < 22; i++) {
            assert_ok(gather_touches(&v, &r, &f));
            assert_ok(gather_person(&v, &cx, t, &r, NOW, &f));
            decide_lead(t, 0, &r, &f, NOW, &e);
            assert_int_equal(e.lead.status, i > 20 ? STATUS_DUPLICATE : STATUS_HELD); /* of each other's alone */
            assert_ok(world_apply(&w, &cx, t, i, &e, &priv));
        }
        enum status signed_one = tell(&w, terms, &person, 22, NOW + 1, &e);
        assert_int_equal(status_stands(signed_one), !trusted);
        if (!trusted) {
            assert_int_equal(dispose(&w, t, 20, STATUS_APPROVED, 23, NOW + 2), ERR_CONFLICT);
            assert_int_equal(dispose(&w, t, 20, STATUS_CONVERTED, 23, NOW + 2), ERR_CONFLICT);
            assert_ok(dispose(&w, t, 22, STATUS_REJECTED, 23, NOW + 2));
            assert_ok(dispose(&w, t, 20, STATUS_APPROVED, 24, NOW + 3)); /* now it stands */
            assert_int_equal(dispose(&w, t, 21, STATUS_APPROVED, 25, NOW + 4), ERR_CONFLICT);
            assert_int_equal(tell(&w, terms, &person, 26, NOW + 5, &e), STATUS_DUPLICATE);
            assert_ok(dispose(&w, t, 20, STATUS_RETURNED, 27, NOW + 6));
            assert_int_equal(standing_rows(&w), 0);
            assert_ok(dispose(&w, t, 21, STATUS_APPROVED, 28, NOW + 7));
            assert_int_equal(standing_rows(&w), 2);
        }
        world_free(&w);
        terms_free(t);
    }
}

/* What the server refused by itself has a price all the same, should the advertiser want it. */
static void a_refusal_of_the_servers_can_be_approved_by_hand(void **state)
{
    struct terms *t = terms_of("", ",'price':{'lead':[{'micros':700}]}", "C1");
    struct world w = three_clicks();
    struct lead_report r = good_report();
    struct lead_facts f = {.found = false};
    struct view v = world_view(&w);
    struct lead_row row;
    struct entry e;
    (void)state;
    decide_lead(t, 0, &r, &f, NOW, &e);
    assert_int_equal(e.lead.reason, REASON_UNKNOWN_CLICK);
    assert_int_equal(e.lead.payout_micros, 0);
    assert_ok(world_apply(&w, &cx, t, 20, &e, NULL));
    assert_ok(dispose(&w, t, 20, STATUS_APPROVED, 21, NOW + 30 * DAY));
    assert_ok(row_lead(&v, OURS, 20, &row));
    assert_int_equal(row.status, STATUS_APPROVED);
    assert_int_equal(row.reason, REASON_UNKNOWN_CLICK);
    assert_int_equal(row.payout_micros, 700);
    assert_ok(dispose(&w, t, 20, STATUS_RETURNED, 22, NOW + 60 * DAY));
    assert_ok(dispose(&w, t, 20, STATUS_APPROVED, 23, NOW + 90 * DAY));
    assert_int_equal(dispose(&w, t, 20, STATUS_RETURNED, 24, NOW + 90 * DAY), ERR_CONFLICT); /* counts from the first */
    world_free(&w);
    terms_free(t);
}

/* ---- dispositions ---- */

/* Who says so, how long after: from the approval, or the refusal or return. `known`: another lead of the person stands;
 * `sold`: an amount was told before. */
enum { ADVERTISER = 1, KNOWN = 2, SOLD = 4 };
static const struct {
    enum status from, to;
    unsigned who;
    int64_t days;
    enum err err;
    bool same;
    int64_t payable;
} steps[] = {
    {STATUS_PENDING, STATUS_APPROVED, 0, 0, ERR_OK, false, 500},
    {STATUS_HELD, STATUS_APPROVED, 0, 0, ERR_OK, false, 500},
    {STATUS_PENDING, STATUS_REJECTED, 0, 0, ERR_OK, false, 0},
    {STATUS_HELD, STATUS_REJECTED, 0, 0, ERR_OK, false, 0},
    {STATUS_APPROVED, STATUS_RETURNED, 0, 30, ERR_OK, false, -500},
    {STATUS_APPROVED, STATUS_RETURNED, 0, 31, ERR_CONFLICT, false, 0},
    {STATUS_APPROVED, STATUS_CONVERTED, 0, 400, ERR_OK, false, 0},
    {STATUS_CONVERTED, STATUS_RETURNED, 0, 30, ERR_OK, false, -500},
    {STATUS_CONVERTED, STATUS_RETURNED, 0, 31, ERR_CONFLICT, false, 0},
    {STATUS_APPROVED, STATUS_APPROVED, 0, 0, ERR_OK, true, 0},
    {STATUS_REJECTED, STATUS_REJECTED, 0, 0, ERR_OK, true, 0},
    {STATUS_RETURNED, STATUS_RETURNED, 0, 0, ERR_OK, true, 0},
    {STATUS_CONVERTED, STATUS_CONVERTED, SOLD, 0, ERR_OK, true, 0},
    {STATUS_CONVERTED, STATUS_CONVERTED, 0, 0, ERR_OK, false, 0},
    {STATUS_CONVERTED, STATUS_CONVERTED, 0, 400, ERR_OK, false, 0},
    {STATUS_PENDING, STATUS_CONVERTED, 0, 0, ERR_OK, false, 500},
    {STATUS_HELD, STATUS_CONVERTED, 0, 0, ERR_OK, false, 500},
    /* taken back */
    {STATUS_REJECTED, STATUS_APPROVED, ADVERTISER, 30, ERR_OK, false, 500},
    {STATUS_DUPLICATE, STATUS_APPROVED, ADVERTISER, 30, ERR_OK, false, 500},
    {STATUS_RETURNED, STATUS_APPROVED, ADVERTISER, 30, ERR_OK, false, 500},
    {STATUS_REJECTED, STATUS_APPROVED, ADVERTISER, 31, ERR_CONFLICT, false, 0},
    {STATUS_RETURNED, STATUS_APPROVED, ADVERTISER, 31, ERR_CONFLICT, false, 0},
    {STATUS_DUPLICATE, STATUS_APPROVED, ADVERTISER, 31, ERR_CONFLICT, false, 0},
    {STATUS_REJECTED, STATUS_APPROVED, ADVERTISER | KNOWN, 0, ERR_CONFLICT, false, 0},
    {STATUS_DUPLICATE, STATUS_APPROVED, ADVERTISER | KNOWN, 0, ERR_CONFLICT, false, 0},
    {STATUS_RETURNED, STATUS_APPROVED, ADVERTISER | KNOWN, 0, ERR_CONFLICT, false, 0},
    {STATUS_REJECTED, STATUS_APPROVED, 0, 0, ERR_FORBIDDEN, false, 0},
    {STATUS_DUPLICATE, STATUS_APPROVED, 0, 0, ERR_FORBIDDEN, false, 0},
    {STATUS_RETURNED, STATUS_APPROVED, 0, 0, ERR_FORBIDDEN, false, 0},
};

static struct lead_row row_of(enum status from)
{
    return (struct lead_row){
        .status = from, .payout_micros = 500, .approved_ms = NOW, .changed_ms = NOW, .return_days = 30};
}

static void a_disposition_is_taken_where_the_state_allows_it(void **state)
{
    struct terms *t = terms_of("", "", "C1");
    (void)state;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct lead_row lead = row_of(steps[i].from);
        lead.sold = steps[i].who & SOLD;
        const struct disposition_facts f = {.advertiser = steps[i].who & ADVERTISER, .known = steps[i].who & KNOWN};
        struct disposition_report r = {
            .party = SPAN("A1"), .status = steps[i].to, .lead = 4, .amount_micros = 900, .currency = SPAN("EUR")};
        struct problem p = {0};
        struct entry e = {0};
        bool same = false;
        enum err err = decide_disposition(9, &r, &lead, &f, NOW + steps[i].days * DAY, &e, &same, &p);
        if (err != steps[i].err || same != steps[i].same || !*p.detail != (err == ERR_OK))
            fail_msg("%s to %s: %s %d", status_word(steps[i].from), status_word(steps[i].to), err_word(err), same);
        if (err != ERR_OK || same)
            continue;
        assert_int_equal(e.disposition.payable_micros, steps[i].payable);
        assert_int_equal(e.disposition.lead, 4);
        assert_int_equal(e.disposition.amount_micros, steps[i].to == STATUS_CONVERTED ? 900 : 0);
        assert_int_equal(e.disposition.currency.len, steps[i].to == STATUS_CONVERTED ? 3 : 0);
    }
    terms_free(t);
}

/* By the most powerful speaker, at once: what the table above does not take is refused, and says what would be taken.
 */
static void every_other_transition_is_refused(void **state)
{
    static const char *const can[STATUS_COUNT] = {[STATUS_PENDING] = "approved or rejected or converted",
                                                  [STATUS_HELD] = "approved or rejected or converted",
                                                  [STATUS_APPROVED] = "returned or converted",
                                                  [STATUS_REJECTED] = "approved",
                                                  [STATUS_DUPLICATE] = "approved",
                                                  [STATUS_RETURNED] = "approved",
                                                  [STATUS_CONVERTED] = "can become returned"};
    const struct disposition_facts f = {.advertiser = true};
    (void)state;
    for (enum status from = 0; from < STATUS_COUNT; from++)
        for (enum status to = 0; to < STATUS_COUNT; to++) {
            const struct disposition_report r = {.party = SPAN("A1"), .status = to, .lead = 4};
            struct lead_row lead = row_of(from);
            struct problem p = {0};
            struct entry e;
            bool same, taken = false;
            for (size_t i = 0; i < sizeof steps / sizeof *steps; i++)
                taken |= steps[i].from == from && steps[i].to == to && steps[i].err == ERR_OK;
            bool said =
                to == STATUS_APPROVED || to == STATUS_REJECTED || to == STATUS_RETURNED || to == STATUS_CONVERTED;
            enum err err = decide_disposition(9, &r, &lead, &f, NOW, &e, &same, &p);
            if (err != (taken  ? ERR_OK
                        : said ? ERR_CONFLICT
                               : ERR_INVALID) ||
                (err == ERR_CONFLICT && strstr(p.detail, can[from]) == NULL))
                fail_msg("%s to %s: %s %s", status_word(from), status_word(to), err_word(err), p.detail);
            lead.reason = REASON_TEST; /* what its sender called a test is none, ever */
            lead.status = STATUS_REJECTED;
            if (decide_disposition(9, &r, &lead, &f, NOW, &e, &same, NULL) == ERR_OK && !same)
                fail_msg("a test became %s", status_word(to));
        }
}

static void review_ends_by_itself_when_due(void **state)
{
    struct lead_row lead = {.status = STATUS_PENDING, .payout_micros = 500, .due_ms = NOW};
    struct entry e;

    (void)state;
    assert_false(decide_due(9, 4, &lead, NOW - 1, &e));
    assert_true(decide_due(9, 4, &lead, NOW, &e));
    assert_int_equal(e.disposition.trust, TRUST_SYSTEM);
    assert_int_equal(e.disposition.status, STATUS_APPROVED);
    assert_int_equal(e.disposition.payable_micros, 500);
    assert_int_equal(e.disposition.lead, 4);
    lead.status = STATUS_HELD;
    assert_false(decide_due(9, 4, &lead, NOW, &e));
    lead = (struct lead_row){.status = STATUS_PENDING};
    assert_false(decide_due(9, 4, &lead, NOW, &e));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_lead_is_decided_with_its_reason),
        cmocka_unit_test(the_first_reason_wins),
        cmocka_unit_test(a_part_counts_in_a_budget_as_what_is_paid_out_of_it),
        cmocka_unit_test(the_entry_says_what_was_found),
        cmocka_unit_test(only_reviewed_leads_are_due),
        cmocka_unit_test(a_tier_by_the_score_takes_what_is_within_it_and_has_one),
        cmocka_unit_test(the_first_matching_tier_is_the_price),
        cmocka_unit_test(the_latest_existing_touch_gets_the_credit),
        cmocka_unit_test(the_same_person_is_found_by_email_or_phone_within_the_window),
        cmocka_unit_test(two_reports_are_one_lead_or_two_in_either_order),
        cmocka_unit_test(a_duplicate_leads_to_what_it_repeats),
        cmocka_unit_test(a_duplicate_names_what_its_own_log_tells),
        cmocka_unit_test(a_duplicate_leads_on_whoever_stands),
        cmocka_unit_test(a_pixels_held_lead_is_in_nobodys_way),
        cmocka_unit_test(who_is_freed_is_free_until_somebody_else_stands),
        cmocka_unit_test(a_refusal_of_the_servers_can_be_approved_by_hand),
        cmocka_unit_test(a_disposition_is_taken_where_the_state_allows_it),
        cmocka_unit_test(every_other_transition_is_refused),
        cmocka_unit_test(review_ends_by_itself_when_due),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
