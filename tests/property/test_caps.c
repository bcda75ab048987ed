/* Random leads and dispositions of two contracts of one campaign with caps, against a model that counts a plain list
 * anew for each lead; as the server holds the rows, as `check` does, and as the auditor of one contract does. */
#include <time.h>

#include "tests/support/chance.h"
#include "tests/support/world.h"

enum { CONTRACTS = 2, STEPS = 1200, CAMPAIGN_NUMBER = 7 };

struct cap_model {
    int64_t day, month, budget; /* -1: open */
};

struct lead_model {
    int contract, day, month; /* by the C library's calendar */
    int64_t price;
    bool stands;
    uint64_t index;
};

struct log {
    struct terms *terms;
    uint64_t size;
    struct fold_context server, audit;
    struct world alone;
    struct cap_model caps;
};

struct run {
    struct log logs[CONTRACTS];
    struct world world;
    struct cap_model caps;
    struct lead_model leads[STEPS];
    size_t n, refused[REASON_COUNT], foreign;
    int64_t now_ms;
};

static const struct {
    const char *country;
    int64_t price;
} prices[] = {{"FR", 12000000}, {"BE", 9007199254}, {"DE", 1}, {"", 8000001}};

static size_t cap_text(char *out, size_t cap, struct cap_model *m, int64_t day, int64_t month, int64_t budget)
{
    *m = (struct cap_model){one_in(2) ? day : -1, one_in(2) ? month : -1, one_in(3) ? budget : -1};
    const int64_t values[] = {m->day, m->month, m->budget};
    const char *const names[] = {"day", "month", "budget_micros_month"}, *comma = "";
    size_t n = (size_t)snprintf(out, cap, ",'caps':{");
    for (int i = 0; i < 3; i++)
        if (values[i] >= 0) {
            n += (size_t)snprintf(out + n, cap - n, "%s'%s':%lld", comma, names[i], (long long)values[i]);
            comma = ",";
        }
    return n + (size_t)snprintf(out + n, cap - n, "}");
}

static void start(struct run *c)
{
    static const char *const ids[CONTRACTS] = {"C1", "C2"};
    static const char *const reviews[] = {"{'mode':'manual'}", "{'auto_approve_days':0}"};
    char campaign[600], contract[600];
    *c = (struct run){.world = world_new(), .now_ms = NOW};
    size_t n = cap_text(campaign, sizeof campaign, &c->caps, (int64_t)below(6), (int64_t)below(60),
                        (int64_t)below(200000000000));
    snprintf(campaign + n, sizeof campaign - n, ",'return_days':365,'review':%s", reviews[below(2)]);
    for (uint32_t i = 0; i < CONTRACTS; i++) {
        struct log *l = &c->logs[i];
        n = cap_text(contract, sizeof contract, &l->caps, (int64_t)below(4), (int64_t)below(40),
                     (int64_t)below(100000000000));
        snprintf(contract + n, sizeof contract - n,
                 ",'price':{'lead':[{'when':{'field':'country','equals':'FR'},'micros':12000000},{'when':{'field':'"
                 "country','equals':'BE'},'micros':9007199254},{'when':{'field':'country','equals':'DE'},'micros':1},{'"
                 "micros':8000001}]}");
        *l = (struct log){.terms = terms_of(campaign, contract, ids[i]),
                          .size = 1,
                          .server = {i + 1, CAMPAIGN_NUMBER, span_str(ids[i]), 9},
                          .audit = {1, 1, span_str(ids[i]), 1, .alone = true},
                          .alone = world_new(),
                          .caps = l->caps};
    }
}

static void stop(struct run *c)
{
    for (int i = 0; i < CONTRACTS; i++) {
        terms_free(c->logs[i].terms);
        world_free(&c->logs[i].alone);
    }
    world_free(&c->world);
}

static void append(struct run *c, struct log *l, const struct entry *e, const struct private_part *priv)
{
    assert_ok(world_apply(&c->world, &l->server, l->terms, l->size, e, priv));
    assert_ok(world_apply(&l->alone, &l->audit, l->terms, l->size, e, priv));
    l->size++;
}

/* ---- the model ---- */

/* Of the leads of a contract (-1: of all) that stand. */
static void used(const struct run *c, int contract, const struct lead_model *like, int64_t *day, int64_t *month,
                 int64_t *micros)
{
    *day = *month = *micros = 0;
    for (size_t i = 0; i < c->n; i++) {
        const struct lead_model *l = &c->leads[i];
        if (!l->stands || (contract >= 0 && l->contract != contract))
            continue;
        *day += l->day == like->day;
        *month += l->month == like->month;
        *micros += l->month == like->month ? l->price : 0;
    }
}

static enum reason over(const struct cap_model *m, int64_t day, int64_t month, int64_t micros, int64_t price, int which)
{
    return which == 0 && m->day >= 0 && day >= m->day                   ? REASON_CAP_DAY
           : which == 1 && m->month >= 0 && month >= m->month           ? REASON_CAP_MONTH
           : which == 2 && m->budget >= 0 && micros + price > m->budget ? REASON_BUDGET
                                                                        : REASON_NONE;
}

/* `alone`: with the leads of this contract only. */
static enum reason expected(const struct run *c, const struct lead_model *l, bool alone)
{
    int64_t day[2], month[2], micros[2];
    used(c, alone ? l->contract : -1, l, &day[0], &month[0], &micros[0]);
    used(c, l->contract, l, &day[1], &month[1], &micros[1]);
    for (int which = 0; which < 3; which++) {
        enum reason all = over(&c->caps, day[0], month[0], micros[0], l->price, which);
        enum reason own = over(&c->logs[l->contract].caps, day[1], month[1], micros[1], l->price, which);
        if (all != REASON_NONE || own != REASON_NONE)
            return all != REASON_NONE ? all : own;
    }
    return REASON_NONE;
}

/* ---- what is tested ---- */

static bool same_again(const struct fold_context *cx, struct world *w, const struct terms *t, const struct entry *e,
                       bool *foreign)
{
    struct opening tokens = {.lead = true};
    struct view v = world_view(w);
    struct buf recorded, again;
    struct entry out;
    char source[LIMIT_PARAM];
    assert_ok(redecide_lead(cx, &v, t, 0, e, &tokens, source, &out, foreign));
    buf_heap(&recorded), buf_heap(&again);
    entry_write(&recorded, e);
    entry_write(&again, &out);
    bool same = span_eq(buf_span(&recorded), buf_span(&again));
    buf_free(&recorded), buf_free(&again);
    return same;
}

static void lead(struct run *c)
{
    struct lead_model *m = &c->leads[c->n];
    *m = (struct lead_model){.contract = (int)below(CONTRACTS)};
    struct log *l = &c->logs[m->contract];
    struct view v = world_view(&c->world);
    size_t tier = below(4);
    struct lead_report r = {.party = SPAN("P1"),
                            .claimed = true,
                            .touches = {{.contract = l->server.contract, .index = l->size++}},
                            .n_touches = 1,
                            .given = CONTACT_EMAIL | CONTACT_PHONE,
                            .utc_offset_s = 900 * ((int64_t)below(105) - 48)}; /* -12 to +14 hours */
    struct world_click k = {.contract = l->server.contract, .index = r.touches[0].index, .at_ms = c->now_ms};
    world_click(&c->world, k);
    k.contract = 1;
    world_click(&l->alone, k);
    if (*prices[tier].country)
        r.facts[r.n_facts++] = (struct fact){SPAN("country"), span_str(prices[tier].country)};
    time_t local = (time_t)(c->now_ms / 1000 + r.utc_offset_s);
    struct tm tm;
    gmtime_r(&local, &tm);
    m->day = (tm.tm_year * 12 + tm.tm_mon) * 31 + tm.tm_mday;
    m->month = tm.tm_year * 12 + tm.tm_mon;
    m->price = prices[tier].price;
    m->index = l->size;

    struct private_part priv = {.lead = true};
    struct lead_facts f;
    struct entry e;
    bool foreign;
    assert_ok(gather_touches(&v, &r, &f));
    assert_ok(gather_person(&v, &l->server, l->terms, &r, c->now_ms, &f));
    assert_ok(gather_caps(&v, &l->server, l->terms, &r, c->now_ms, &f));
    decide_lead(l->terms, 0, &r, &f, c->now_ms, &e);
    enum reason reason = expected(c, m, false);
    if (e.lead.reason != reason)
        fail_msg("lead %zu is '%s' and not '%s'", c->n, reason_word(e.lead.reason), reason_word(reason));
    m->stands = reason == REASON_NONE;
    assert_int_equal(status_stands(e.lead.status), m->stands);
    c->refused[reason]++;

    if (!same_again(&l->server, &c->world, l->terms, &e, &foreign) || foreign)
        fail_msg("lead %zu is decided otherwise again", c->n);
    if (!same_again(&l->audit, &l->alone, l->terms, &e, &foreign))
        fail_msg("lead %zu is decided otherwise by its log alone", c->n);
    if (foreign != (expected(c, m, true) != reason))
        fail_msg("lead %zu: taken at its word: %d", c->n, foreign);
    c->foreign += foreign;
    append(c, l, &e, &priv);
    c->n++;
}

static void disposition(struct run *c)
{
    static const enum status wishes[] = {STATUS_APPROVED, STATUS_REJECTED, STATUS_RETURNED, STATUS_CONVERTED};
    if (c->n == 0)
        return;
    struct lead_model *m = &c->leads[c->n - 1 - below(c->n < 60 ? c->n : 60)];
    struct log *l = &c->logs[m->contract];
    struct view v = world_view(&c->world);
    struct disposition_report r = {.party = SPAN("A1"), .status = wishes[below(4)], .lead = m->index};
    const struct disposition_facts f = {.advertiser = true};
    struct lead_row row;
    struct entry e;
    bool same;
    assert_ok(row_lead(&v, l->server.contract, m->index, &row));
    if (decide_disposition(0, &r, &row, &f, c->now_ms, &e, &same, NULL) != ERR_OK || same)
        return;
    m->stands = r.status == STATUS_APPROVED || r.status == STATUS_CONVERTED;
    append(c, l, &e, NULL);
}

static size_t reasons_seen[REASON_COUNT], words_taken;

static void caps_hold_exactly(void **state)
{
    static struct run c;
    (void)state;
    start(&c);
    for (int i = 0; i < STEPS; i++) {
        if (below(100) < 65)
            lead(&c);
        else
            disposition(&c);
        c.now_ms += (int64_t)below(4 * 3600 * 1000);
    }
    for (int r = 0; r < REASON_COUNT; r++)
        reasons_seen[r] += c.refused[r];
    words_taken += c.foreign;
    stop(&c);
}

static void the_runs_met_every_cap(void **state)
{
    (void)state;
    printf("%zu accepted, %zu by day, %zu by month, %zu by budget; %zu taken at their word\n",
           reasons_seen[REASON_NONE], reasons_seen[REASON_CAP_DAY], reasons_seen[REASON_CAP_MONTH],
           reasons_seen[REASON_BUDGET], words_taken);
    assert_true(reasons_seen[REASON_NONE] && reasons_seen[REASON_CAP_DAY] && reasons_seen[REASON_CAP_MONTH] &&
                reasons_seen[REASON_BUDGET] && words_taken);
}

/* ---- what an auditor notices ---- */

static struct entry decided(struct world *w, const struct fold_context *cx, const struct terms *t, uint64_t click)
{
    struct view v = world_view(w);
    struct lead_report r = {.party = SPAN("P1"),
                            .claimed = true,
                            .touches = {{.contract = 1, .index = click}},
                            .n_touches = 1,
                            .given = CONTACT_EMAIL | CONTACT_PHONE,
                            .utc_offset_s = 3600};
    struct lead_facts f;
    struct entry e;
    assert_ok(gather_touches(&v, &r, &f));
    assert_ok(gather_person(&v, cx, t, &r, NOW, &f));
    assert_ok(gather_caps(&v, cx, t, &r, NOW, &f));
    decide_lead(t, 0, &r, &f, NOW, &e);
    return e;
}

static void a_cap_that_was_bent_is_noticed(void **state)
{
    struct fold_context alone = {1, 1, SPAN("C1"), 1, .alone = true}, whole = {1, 1, SPAN("C1"), 1};
    const struct private_part priv = {.lead = true};
    struct terms *own = terms_of("", ",'caps':{'day':1}", "C1"), *all = terms_of(",'caps':{'day':1}", "", "C1");
    bool foreign;
    (void)state;
    struct world w = world_new();
    for (uint64_t i = 1; i <= 3; i++)
        world_click(&w, (struct world_click){.contract = 1, .index = i, .at_ms = NOW - 1000});

    struct entry taken = decided(&w, &whole, own, 1), refused = taken;
    assert_int_equal(taken.lead.status, STATUS_PENDING);
    refused.lead.status = STATUS_REJECTED, refused.lead.reason = REASON_CAP_DAY, refused.lead.due_ms = 0;
    refused.lead.tier = -1, refused.lead.payout_micros = 0;
    assert_false(same_again(&alone, &w, own, &refused, &foreign)); /* room was left, and nobody else counts */
    assert_false(same_again(&whole, &w, all, &refused, &foreign)); /* nor are there others here */
    assert_true(same_again(&alone, &w, all, &refused, &foreign) && foreign);
    refused.lead.reason = REASON_BUDGET;
    assert_false(same_again(&alone, &w, all, &refused, &foreign)); /* there is no such cap */

    struct entry first = decided(&w, &whole, own, 2);
    assert_ok(world_apply(&w, &whole, own, 9, &first, &priv));
    assert_int_equal(decided(&w, &whole, own, 3).lead.reason, REASON_CAP_DAY);
    assert_false(same_again(&alone, &w, own, &taken, &foreign)); /* one too many */
    assert_false(same_again(&alone, &w, all, &taken, &foreign));
    taken.lead.utc_offset_s = 10 * 3600; /* another day there: the offset is part of what is decided */
    assert_true(same_again(&alone, &w, own, &taken, &foreign));
    world_free(&w);
    terms_free(own);
    terms_free(all);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(caps_hold_exactly),      cmocka_unit_test(caps_hold_exactly),
        cmocka_unit_test(caps_hold_exactly),      cmocka_unit_test(caps_hold_exactly),
        cmocka_unit_test(caps_hold_exactly),      cmocka_unit_test(caps_hold_exactly),
        cmocka_unit_test(caps_hold_exactly),      cmocka_unit_test(caps_hold_exactly),
        cmocka_unit_test(caps_hold_exactly),      cmocka_unit_test(caps_hold_exactly),
        cmocka_unit_test(caps_hold_exactly),      cmocka_unit_test(caps_hold_exactly),
        cmocka_unit_test(caps_hold_exactly),      cmocka_unit_test(caps_hold_exactly),
        cmocka_unit_test(caps_hold_exactly),      cmocka_unit_test(caps_hold_exactly),
        cmocka_unit_test(caps_hold_exactly),      cmocka_unit_test(caps_hold_exactly),
        cmocka_unit_test(caps_hold_exactly),      cmocka_unit_test(caps_hold_exactly),
        cmocka_unit_test(caps_hold_exactly),      cmocka_unit_test(caps_hold_exactly),
        cmocka_unit_test(caps_hold_exactly),      cmocka_unit_test(caps_hold_exactly),
        cmocka_unit_test(the_runs_met_every_cap), cmocka_unit_test(a_cap_that_was_bent_is_noticed),
    };
    chance_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
