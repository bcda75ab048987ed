/* Price tiers over every field that they may look at, against a model of tables: by decide, again by the auditor, and
 * of refused leads by apply. */
#include "tests/support/chance.h"
#include "tests/support/world.h"

enum { ROUNDS = 60, LEADS = 40, TIERS = 5, VALUES = 3 };

static const struct {
    const char *field;
    const char *values[VALUES];
} fields[] = {
    {"country", {"FR", "DE", "GB"}},    {"f_size", {"small", "12", "x y"}}, {"sub1", {"news", "7", "b"}},
    {"sub5", {"a", "b", "c"}},          {"placement", {"1", "2", "300"}},   {"device", {"phone", "app", "desktop"}},
    {"class", {"ok", "repeat", "bot"}},
};
enum { FIELDS = sizeof fields / sizeof *fields };

struct tier_model {
    size_t field;
    bool value[VALUES]; /* in */
    bool always;
};

/* What a lead has of each field: the number of a value, or -1. */
struct lead_model {
    int value[FIELDS];
    bool found, lost, refused;
};

static size_t by_field[FIELDS];

static int model_tier(const struct tier_model *tier, const struct lead_model *l)
{
    for (int i = 0; i < TIERS; i++) {
        int v = l->value[tier[i].field];
        bool click = tier[i].field >= 4;
        if (tier[i].always || (v >= 0 && tier[i].value[v] && !(click && (!l->found || l->lost)))) {
            by_field[tier[i].field] += !tier[i].always;
            return i;
        }
    }
    return -1;
}

/* Of a tier before: one that finds nothing left is refused. */
static bool taken(const struct tier_model *tier, int n, size_t field, size_t value)
{
    for (int i = 0; i < n; i++)
        if (!tier[i].always && tier[i].field == field && tier[i].value[value])
            return true;
    return false;
}

static struct terms *draw_terms(struct tier_model tier[TIERS])
{
    char text[2000];
    size_t n = (size_t)snprintf(text, sizeof text, ",'price':{'lead':[");
    for (int i = 0; i < TIERS; i++) {
        size_t fresh;
        do
            tier[i] = (struct tier_model){.field = below(FIELDS), .always = i == TIERS - 1 && one_in(2)};
        while (taken(tier, i, tier[i].field, fresh = below(VALUES)));
        n += (size_t)snprintf(text + n, sizeof text - n, "%s{'micros':%d", i ? "," : "", 100 + i);
        const char *comma = "";
        if (!tier[i].always) {
            n += (size_t)snprintf(text + n, sizeof text - n, ",'when':{'field':'%s','in':[",
                                  fields[tier[i].field].field);
            tier[i].value[fresh] = true;
            for (int v = 0; v < VALUES; v++)
                if ((tier[i].value[v] |= one_in(3))) {
                    n += (size_t)snprintf(text + n, sizeof text - n, "%s'%s'", comma, fields[tier[i].field].values[v]);
                    comma = ",";
                }
            n += (size_t)snprintf(text + n, sizeof text - n, "]}");
        }
        n += (size_t)snprintf(text + n, sizeof text - n, "}");
    }
    snprintf(text + n, sizeof text - n, "]}");
    return terms_of(",'lead':{'require_any':[]}", text, "C1");
}

static const char *value_of(const struct lead_model *l, size_t field)
{
    return l->value[field] < 0 ? "" : fields[field].values[l->value[field]];
}

static void one_lead(struct world *w, const struct fold_context *cx, const struct terms *t,
                     const struct tier_model *tier, uint64_t *size)
{
    struct lead_model m = {.found = !one_in(6), .lost = one_in(6), .refused = one_in(3)};
    struct view v = world_view(w);
    for (int i = 0; i < FIELDS; i++)
        m.value[i] = (int)below(VALUES + 1) - 1;
    if (m.value[4] < 0)
        m.value[4] = 0; /* every click has a code */
    if (m.value[6] < 0)
        m.value[6] = 0; /* and a class */
    uint64_t click = (*size)++;
    struct lead_report r = {.party = SPAN("P1"), .claimed = true, .test = m.refused};
    if (m.found) {
        r.n_touches = 1;
        r.touches[0] = (struct pointer){.contract = 1, .index = click, .flags = m.lost ? CLICK_UNRECORDED : 0};
        r.touches[0].at_s = (uint32_t)(NOW / 1000 - 60);
    }
    struct world_click k = {.contract = 1, .index = click, .at_ms = NOW - 60000};
    k.placement = (uint32_t[]){1, 2, 300}[m.value[4]];
    assert_ok(class_parse(span_str(value_of(&m, 6)), &k.class));
    if (m.value[5] >= 0)
        assert_ok(device_parse(span_str(value_of(&m, 5)), &k.device));
    world_click(w, k);
    for (size_t i = 0; i < 2; i++)
        if (m.value[i] >= 0)
            r.facts[r.n_facts++] = (struct fact){span_str(fields[i].field), span_str(value_of(&m, i))};
    r.sub[0] = span_str(value_of(&m, 2));
    r.sub[4] = span_str(value_of(&m, 3));

    struct lead_facts f;
    struct entry e, again;
    char source[LIMIT_PARAM];
    struct opening tokens = {.lead = true};
    struct lead_row row;
    bool foreign;
    assert_ok(gather_touches(&v, &r, &f));
    assert_ok(gather_person(&v, cx, t, &r, NOW, &f));
    decide_lead(t, 0, &r, &f, NOW, &e);
    int want = model_tier(tier, &m);
    bool accepted = status_stands(e.lead.status);
    assert_int_equal(e.lead.tier, accepted ? want : -1);
    assert_int_equal(e.lead.payout_micros, accepted && want >= 0 ? 100 + want : 0);
    assert_ok(redecide_lead(cx, &v, t, 0, &e, &tokens, source, &again, &foreign));
    assert_int_equal(again.lead.tier, e.lead.tier);
    assert_int_equal(again.lead.payout_micros, e.lead.payout_micros);
    assert_ok(world_apply(w, cx, t, *size, &e, NULL));
    assert_ok(row_lead(&v, 1, *size, &row)); /* also of a refused one: what it would have had */
    assert_int_equal(row.payout_micros, want >= 0 ? 100 + want : 0);
    (*size)++;
}

static void the_first_tier_that_matches_is_the_price(void **state)
{
    static const struct fold_context cx = {1, 7, SPAN("C1")};
    (void)state;
    for (int round = 0; round < ROUNDS; round++) {
        struct tier_model tier[TIERS];
        struct terms *t = draw_terms(tier);
        struct world w = world_new();
        uint64_t size = 1;
        for (int i = 0; i < LEADS; i++)
            one_lead(&w, &cx, t, tier, &size);
        world_free(&w);
        terms_free(t);
    }
    for (size_t i = 0; i < FIELDS; i++)
        if (by_field[i] == 0)
            fail_msg("no price by %s", fields[i].field);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_first_tier_that_matches_is_the_price)};
    chance_seed();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
