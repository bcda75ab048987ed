/* What decisions and the tracking lane ask of compiled terms. */
#include "common/base/ascii.h"
#include "common/base/country.h"
#include "common/base/decimal.h"
#include "common/base/text.h"
#include "common/decisions/link.h"
#include "common/decisions/score_terms.h"
#include "common/decisions/terms.h"

bool terms_carry(const struct terms *t, int64_t at_ms)
{
    return t->set_off == SET_OFF_NEXT && (!t->ends_ms || at_ms < t->ends_ms);
}

bool terms_active(const struct terms *t, int64_t at_ms)
{
    return (!t->starts_ms || at_ms >= t->starts_ms) && (!t->ends_ms || at_ms < t->ends_ms);
}

bool terms_takes_traffic(const struct terms *t, int64_t at_ms)
{
    return !t->paused && terms_active(t, at_ms);
}

/* The browser asks again for what it prefetched, nobody meant a test, and an ended contract pays nothing. */
static const enum class payable[] = {CLASS_OK, CLASS_BOT, CLASS_DATACENTER, CLASS_EMBEDDED, CLASS_REPEAT};
enum { PAYABLE = sizeof payable / sizeof *payable };
const char *const payable_words[PAYABLE + 1] = {"ok", "bot", "datacenter", "embedded", "repeat"};

bool terms_pays(const struct terms *t, enum class class)
{
    for (size_t i = 0; i < PAYABLE; i++)
        if (payable[i] == class)
            return t->payable_classes >> i & 1;
    return false;
}

bool terms_uses_fact(const struct terms *t, struct span name)
{
    if (span_is(name, "country") || score_terms_use(t->score, name))
        return true;
    for (size_t i = 0; i < t->n_require_fields; i++)
        if (span_eq(t->require_fields[i], name))
            return true;
    for (size_t i = 0; i < t->n_rules; i++)
        if (span_eq(t->rules[i].field, name))
            return true;
    for (size_t i = 0; i < t->n_tiers; i++)
        if (t->tiers[i].has_when && span_eq(t->tiers[i].when.field, name))
            return true;
    return false;
}

bool terms_allows_link(const struct terms *t, struct span url)
{
    struct span host, own;
    if (!link_template_host(url, &host) || (ascii_starts(t->landing_url, "https://") && !ascii_starts(url, "https://")))
        return false;
    if (link_template_host(t->landing_url, &own) && link_host_matches(own, host))
        return true;
    for (size_t i = 0; i < t->n_allowed_hosts; i++)
        if (link_host_matches(t->allowed_hosts[i], host))
            return true;
    return false;
}

static bool is_country(const struct rule *r, struct span value)
{
    char code[2][2];
    if (!country_read(value, code[0]))
        return false;
    for (size_t i = 0; i < r->n_values; i++)
        if (country_read(r->values[i], code[1]) && memcmp(code[0], code[1], 2) == 0)
            return true;
    return false;
}

/* Numbers as numbers, other texts in Unicode's form C; a longer text than a rule can have is none of its. */
static bool is_one_of(const struct rule *r, struct span value)
{
    struct decimal x, y;
    char mem[NFC_GROWTH * LIMIT_FIELD];
    struct buf form;
    bool number = decimal_read(value, &x), text = text_strip(value).len <= LIMIT_FIELD;
    buf_fixed(&form, mem, sizeof mem);
    if (text)
        text_nfc(&form, text_strip(value));
    for (size_t i = 0; i < r->n_values; i++) {
        if (number && decimal_read(r->values[i], &y) ? decimal_order(x, y) == 0
                                                     : text && span_eq(buf_span(&form), r->forms[i]))
            return true;
    }
    return false;
}

static bool in_range(const struct rule *r, struct span value)
{
    struct decimal v;
    return decimal_read(value, &v) && (!r->has_min || decimal_order(v, (struct decimal){r->min, 0}) >= 0) &&
           (!r->has_max || decimal_order(v, (struct decimal){r->max, 0}) <= 0);
}

/* An empty value is none. */
static bool value_holds(const struct rule *r, struct span value)
{
    if (r->op == RULE_RANGE)
        return in_range(r, value);
    return span_is(r->field, "country") ? is_country(r, value) : is_one_of(r, value);
}

bool rule_holds(const struct rule *r, const struct fact *facts, size_t n)
{
    size_t f = 0;
    while (f < n && !span_eq(facts[f].name, r->field))
        f++;
    return f < n && value_holds(r, facts[f].value);
}

static int sub_number(struct span field)
{
    for (int i = 0; i < LIMIT_SUBS; i++)
        if (span_is(field, entry_sub_names[i]))
            return i;
    return -1;
}

static bool of_click(struct span field)
{
    return span_is(field, "placement") || span_is(field, "device") || span_is(field, "class");
}

static bool score_holds(const struct rule *r, const struct priced *p)
{
    return p->scored && (!r->has_min || (int64_t)p->score >= r->min) && (!r->has_max || (int64_t)p->score <= r->max);
}

static bool tier_holds(const struct rule *r, const struct priced *p)
{
    char mem[16];
    struct buf number;
    int sub = sub_number(r->field);
    if (span_is(r->field, TIER_SCORE))
        return score_holds(r, p);
    if (sub < 0 && !of_click(r->field))
        return rule_holds(r, p->facts, p->n_facts);
    if (sub < 0 && !p->clicked)
        return false;
    buf_fixed(&number, mem, sizeof mem);
    buf_printf(&number, "%u", p->click.placement);
    struct span value = sub >= 0                      ? p->sub[sub]
                        : span_is(r->field, "device") ? span_str(device_word(p->click.device))
                        : span_is(r->field, "class")  ? span_str(class_word(p->click.class))
                                                      : buf_span(&number);
    return !span_empty(value) && value_holds(r, value);
}

bool terms_asks_click(const struct terms *t)
{
    for (size_t i = 0; i < t->n_tiers; i++)
        if (t->tiers[i].has_when && of_click(t->tiers[i].when.field))
            return true;
    return false;
}

int terms_price(const struct terms *t, const struct priced *p, int64_t *micros)
{
    *micros = 0;
    for (size_t i = 0; i < t->n_tiers; i++)
        if (!t->tiers[i].has_when || tier_holds(&t->tiers[i].when, p)) {
            *micros = t->tiers[i].micros;
            return (int)i;
        }
    return -1;
}
