#include "common/base/money.h"
#include "common/base/text.h"
#include "common/decisions/score_terms.h"
#include "common/pages/statement_private.h"
#include "common/pages/terms_words.h"

/* ---- the terms, in words ---- */

static const struct page_terms *terms_of(const struct paper *w, int64_t index)
{
    for (size_t i = 0; i < w->in->n_terms; i++)
        if ((int64_t)w->in->terms[i].index == index)
            return &w->in->terms[i];
    return NULL;
}

/* What a rule looks at, as people call it. */
static void rule_field(struct page *g, struct span field)
{
    if (word_of_field(field) != WORDS)
        page_word(g, word_of_field(field));
    else
        page_text(g, span_starts(field, "f_") ? span_skip(field, 2) : field);
}

static void rule_bounds(struct page *g, const struct rule *r)
{
    char least_room[64], most_room[64];
    struct buf least, most;
    struct page a = *g, b = *g;
    buf_fixed(&least, least_room, sizeof least_room);
    buf_fixed(&most, most_room, sizeof most_room);
    a.out = &least, b.out = &most;
    page_count(&a, r->min), page_count(&b, r->max);
    struct span from = buf_span(&least), to = buf_span(&most);
    if (r->has_min && r->has_max)
        page_say(g, WORD_RULE_BETWEEN, &from, &to, (struct span *)NULL);
    else
        page_say(g, r->has_min ? WORD_RULE_FROM : WORD_RULE_TO, r->has_min ? &from : &to, (struct span *)NULL);
}

/* "country: FR, BE", into piece 1. */
static struct span rule_words(struct paper *w, const struct rule *r)
{
    struct buf field, values;
    struct page f = w->g, v = w->g;
    buf_heap(&field), buf_heap(&values);
    f.out = &field, v.out = &values;
    rule_field(&f, r->field);
    if (r->op == RULE_RANGE)
        rule_bounds(&v, r);
    for (size_t i = 0; r->op != RULE_RANGE && i < r->n_values; i++) {
        if (i > 0)
            page_html(&v, w->g.language == LANGUAGE_ZH ? "、" : ", ");
        page_text(&v, r->values[i]);
    }
    struct page g = aside(w, 1);
    struct span a = buf_span(&field), b = buf_span(&values);
    page_say(&g, WORD_RULE_IS, &a, &b, (struct span *)NULL);
    buf_free(&field), buf_free(&values);
    return buf_span(g.out);
}

/* A price by what it is for: what the tier asks for, or its place where the terms are not known here. */
void paper_tier(struct paper *w, enum word kind, int64_t terms, int64_t tier)
{
    const struct page_terms *of = terms_of(w, terms);
    struct page leads = aside(w, 0);
    page_word(&leads, kind);
    struct span what = buf_span(leads.out);
    if (of == NULL || tier < 0 || (uint64_t)tier >= of->terms->n_tiers) {
        struct span place = count_of(w, 1, tier + 1);
        page_say(&w->g, WORD_OF_TIER, &what, &place, (struct span *)NULL);
    } else if (of->terms->tiers[tier].has_when) {
        struct span when = rule_words(w, &of->terms->tiers[tier].when);
        page_say(&w->g, WORD_OF_THOSE, &what, &when, (struct span *)NULL);
    } else {
        page_say(&w->g, of->terms->n_tiers > 1 ? WORD_OF_OTHERS : kind, of->terms->n_tiers > 1 ? &what : NULL,
                 (struct span *)NULL);
    }
}

static void price(struct paper *w, bool *first)
{
    html(w, *first ? "" : "<br>");
    *first = false;
}

static void prices(struct paper *w, const struct page_terms *of)
{
    const struct terms *t = of->terms;
    bool first = true;
    struct span currency = text_of(w, 0, w->s.currency);
    html(w, "<dt>");
    page_say(&w->g, WORD_PRICES, &currency, (struct span *)NULL);
    html(w, "</dt><dd>");
    for (size_t i = 0; i < t->n_tiers; i++) {
        price(w, &first);
        paper_tier(w, WORD_OF_LEAD, (int64_t)of->index, (int64_t)i);
        html(w, " – ");
        money(w, t->tiers[i].micros);
    }
    if (t->click_micros != 0) {
        price(w, &first);
        page_word(&w->g, WORD_OF_CLICK);
        html(w, " – ");
        money(w, t->click_micros);
    }
    if (t->impression_micros != 0) {
        struct page what = aside(w, 0);
        price(w, &first);
        page_word(&what, WORD_OF_IMPRESSION);
        struct span shown = buf_span(what.out);
        page_say(&w->g, WORD_THOUSAND, &shown, (struct span *)NULL);
        html(w, " – ");
        money(w, 1000 * t->impression_micros);
    }
    if (t->sale_ppm != 0) {
        price(w, &first);
        page_word(&w->g, WORD_OF_SALE);
        html(w, " – ");
        percent(&w->g, t->sale_ppm);
    }
    html(w, first ? "–</dd>" : "</dd>");
}

static void cap(struct paper *w, enum word sentence, int64_t n, bool *first)
{
    struct span most = count_of(w, 0, n);
    price(w, first);
    page_say(&w->g, sentence, &most, (struct span *)NULL);
}

/* What a lead is not paid beyond. */
static void caps(struct paper *w, enum word name, const struct caps *c)
{
    bool first = true;
    if (c->set == 0)
        return;
    fact(w, name);
    if (c->set & CAP_DAY)
        cap(w, WORD_CAPS_DAY, c->day, &first);
    if (c->set & CAP_MONTH)
        cap(w, WORD_CAPS_MONTH, c->month, &first);
    if (c->set & CAP_BUDGET) {
        struct page much = aside(w, 1);
        struct span currency = text_of(w, 0, w->s.currency);
        page_amount(&much, c->budget_micros_month, 6, (int)w->s.exponent);
        struct span most = buf_span(much.out);
        price(w, &first);
        page_say(&w->g, WORD_CAPS_BUDGET, &currency, &most, (struct span *)NULL);
    }
    html(w, "</dd>");
}

static struct span days_of(struct paper *w, int i, int64_t n)
{
    char room[64];
    struct buf digits;
    struct page count = w->g, g = aside(w, i);
    buf_fixed(&digits, room, sizeof room);
    count.out = &digits;
    page_count(&count, n);
    struct span text = buf_span(&digits);
    page_say(&g, n == 1 || (n == 0 && w->g.language == LANGUAGE_FR) ? WORD_DAY : WORD_DAYS, &text, (struct span *)NULL);
    return buf_span(g.out);
}

static void fact_days(struct paper *w, enum word name, enum word sentence, int64_t days)
{
    struct span n = days_of(w, 0, days);
    fact(w, name);
    page_say(&w->g, sentence, &n, (struct span *)NULL);
    html(w, "</dd>");
}

static void attribution(struct paper *w, const struct terms *t)
{
    static const enum word models[] = {[ATTRIBUTION_LAST] = WORD_MODEL_LAST,
                                       [ATTRIBUTION_FIRST] = WORD_MODEL_FIRST,
                                       [ATTRIBUTION_LINEAR] = WORD_MODEL_LINEAR,
                                       [ATTRIBUTION_TIME_DECAY] = WORD_MODEL_TIME_DECAY,
                                       [ATTRIBUTION_POSITION] = WORD_MODEL_POSITION};
    struct page model = aside(w, 1);
    struct span days = days_of(w, 0, t->click_days);
    page_word(&model, models[t->attribution]);
    struct span which = buf_span(model.out);
    fact(w, WORD_ATTRIBUTION);
    page_say(&w->g, WORD_ATTRIBUTED, &which, &days, (struct span *)NULL);
    html(w, "</dd>");
}

/* Which facts of a lead, and below which score somebody looks at it. */
static void scored(struct paper *w, const struct score_terms *s)
{
    struct page facts = aside(w, 0);
    for (size_t i = 0; i < s->n_facts; i++) {
        if (i > 0)
            page_html(&facts, w->g.language == LANGUAGE_ZH ? "、" : ", ");
        rule_field(&facts, s->facts[i]);
    }
    struct span by = buf_span(facts.out), below = count_of(w, 1, s->hold_below);
    fact(w, WORD_SCORED);
    if (s->hold_below > 0)
        page_say(&w->g, WORD_SCORE_HELD, &by, &below, (struct span *)NULL);
    else
        buf_span_add(w->g.out, by);
    html(w, "</dd>");
}

static void facts(struct paper *w, const struct page_terms *of)
{
    const struct terms *t = of->terms;
    prices(w, of);
    caps(w, WORD_CAPS_CONTRACT, &t->contract_caps);
    caps(w, WORD_CAPS_CAMPAIGN, &t->campaign_caps);
    attribution(w, t);
    fact_days(w, WORD_SAME_PERSON, WORD_SAME_PERSON_ONCE, t->dedupe_days);
    if (t->auto_approve) {
        fact_days(w, WORD_REVIEWED, WORD_REVIEWED_IN_TIME, t->auto_approve_days);
    } else {
        fact(w, WORD_REVIEWED);
        page_word(&w->g, WORD_REVIEWED_BY_HAND);
        html(w, "</dd>");
    }
    if (t->score != NULL)
        scored(w, t->score);
    fact_days(w, WORD_RETURNS, WORD_RETURNS_WITHIN, t->return_days);
    fact_days(w, WORD_DUE, WORD_DUE_WITHIN, t->due_days);
    if (t->vat_ppm > 0) {
        fact(w, WORD_VAT_AGREED);
        percent(&w->g, t->vat_ppm);
        html(w, "</dd>");
    }
    fact(w, WORD_BELOW_NOTHING);
    page_word(&w->g, t->set_off == SET_OFF_NEXT ? WORD_BELOW_NEXT : WORD_BELOW_OWED);
    html(w, "</dd>");
}

void paper_terms(struct paper *w)
{
    const struct page_terms *of = terms_of(w, (int64_t)w->s.terms);
    if (of == NULL)
        return;
    section(w, "<section class=\"keep terms\">", WORD_TERMS);
    html(w, "<dl class=\"kv l\">");
    fact(w, WORD_TERMS_VERSION);
    struct span version = count_of(w, 0, of->version);
    struct page bound = aside(w, 1);
    page_day(&bound, of->at_ms);
    struct span day = buf_span(bound.out);
    page_say(&w->g, of->agreed ? WORD_TERMS_AGREED : WORD_TERMS_SET, &version, &day, (struct span *)NULL);
    html(w, "</dd>");
    facts(w, of);
    html(w, "</dl></section>");
}

/* ---- what a page of its own says beside */

/* A field by the name that it is sent with. */
static void named(struct page *g, size_t i, struct span field)
{
    if (i > 0)
        page_html(g, g->language == LANGUAGE_ZH ? "、" : ", ");
    page_html(g, "<code>");
    page_text(g, field);
    page_html(g, "</code>");
}

static size_t contacts(struct page *g, unsigned which, size_t n)
{
    for (size_t i = 0; i < CONTACT_FIELDS; i++)
        if (which & 1U << i)
            named(g, n++, span_str(contact_names[i]));
    return n;
}

/* What each lead has to bring; of require_any one at least. */
static void required(struct paper *w, const struct terms *t)
{
    const unsigned any = (t->require_any & t->require_contact) == 0 ? t->require_any : 0;
    if (t->require_contact == 0 && t->n_require_fields == 0 && any == 0)
        return;
    fact(w, WORD_TERMS_REQUIRED);
    size_t n = contacts(&w->g, t->require_contact, 0);
    for (size_t i = 0; i < t->n_require_fields; i++)
        named(&w->g, n++, t->require_fields[i]);
    if (any != 0) {
        struct page one = aside(w, 0);
        contacts(&one, any, 0);
        struct span of = buf_span(one.out);
        html(w, n > 0 ? "<br>" : "");
        page_say(&w->g, WORD_TERMS_ONE_OF, &of, (struct span *)NULL);
    }
    html(w, "</dd>");
}

static void profile(struct paper *w, const struct terms *t)
{
    if (t->n_rules == 0)
        return;
    fact(w, WORD_TERMS_PROFILE);
    for (size_t i = 0; i < t->n_rules; i++) {
        struct span rule = rule_words(w, &t->rules[i]);
        html(w, i > 0 ? "<br>" : "");
        buf_span_add(w->g.out, rule);
    }
    html(w, "</dd>");
}

static void bound_day(struct paper *w, enum word name, int64_t ms)
{
    if (ms == 0)
        return;
    fact(w, name);
    page_day(&w->g, ms);
    html(w, "</dd>");
}

static void campaign_facts(struct paper *w, const struct terms *t)
{
    required(w, t);
    profile(w, t);
    bound_day(w, WORD_TERMS_STARTS, t->starts_ms);
    bound_day(w, WORD_TERMS_ENDS, t->ends_ms);
    fact(w, WORD_ZONE);
    page_text(&w->g, t->timezone);
    html(w, "</dd>");
}

void terms_in_words(struct page *g, const struct terms *t)
{
    const int exponent = currency_exponent(t->currency);
    const struct page_terms of = {.terms = t};
    const struct statement_page in = {.terms = &of, .n_terms = 1};
    struct paper w = {.g = *g, .in = &in};
    w.s.currency = t->currency;
    w.s.exponent = exponent > 0 ? exponent : 0;
    for (size_t i = 0; i < sizeof w.piece / sizeof *w.piece; i++)
        buf_heap(&w.piece[i]);
    page_html(g, "<dl class=\"kv l\">\n");
    facts(&w, &of);
    campaign_facts(&w, t);
    page_html(g, "</dl>\n");
    for (size_t i = 0; i < sizeof w.piece / sizeof *w.piece; i++)
        buf_free(&w.piece[i]);
}
