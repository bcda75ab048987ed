/* What a document says that no lead can meet, or no price can come to. Asked of documents that are made or changed;
 * what stands in a log compiles all the same. */
#include <inttypes.h>
#include <stdio.h>

#include "common/decisions/member.h"
#include "common/decisions/score_terms.h"

static bool holds_for(const struct rule *r, struct span value)
{
    const struct fact fact = {r->field, value};
    return rule_holds(r, &fact, 1);
}

static int64_t least(const struct rule *r)
{
    return r->has_min ? r->min : INT64_MIN;
}

static int64_t most(const struct rule *r)
{
    return r->has_max ? r->max : INT64_MAX;
}

/* Can a lead meet all of these of the field? What meets a list is equal to one of its values. */
static bool can_hold(const struct rule *const *rules, size_t n)
{
    const struct rule *list = NULL;
    int64_t low = INT64_MIN, high = INT64_MAX;
    for (size_t i = 0; i < n; i++) {
        if (rules[i]->op != RULE_RANGE)
            list = rules[i];
        low = least(rules[i]) > low ? least(rules[i]) : low;
        high = most(rules[i]) < high ? most(rules[i]) : high;
    }
    for (size_t v = 0; list != NULL && v < list->n_values; v++) {
        size_t i = 0;
        while (i < n && holds_for(rules[i], list->values[v]))
            i++;
        if (i == n)
            return true;
    }
    return list == NULL && low <= high;
}

/* The member of the rule that the others cannot be met with. */
static const char *culprit(const struct rule *rule, const struct rule **with, size_t n)
{
    if (rule->op != RULE_RANGE)
        return rule->op == RULE_EQUALS ? "equals" : "in";
    struct rule min = *rule;
    min.has_max = false;
    with[n] = &min;
    return rule->has_min && !can_hold(with, n + 1) ? "min" : "max";
}

static enum err rules_ok(const struct terms *t, struct problem *p)
{
    const struct rule *same[LIMIT_RULES + 1];
    for (size_t i = 0; i < t->n_rules; i++) {
        size_t n = 0, other = i;
        for (size_t k = 0; k < i; k++) {
            const struct rule *pair[] = {&t->rules[k], &t->rules[i]};
            if (!span_eq(pair[0]->field, pair[1]->field))
                continue;
            same[n++] = pair[0];
            if (other == i && !can_hold(pair, 2))
                other = k;
        }
        same[n] = &t->rules[i];
        if (can_hold(same, n + 1))
            continue;
        char path[MEMBER_PATH];
        snprintf(path, sizeof path, "lead.rules[%zu].%s", i, culprit(&t->rules[i], same, n));
        if (other == i)
            return problem(p, ERR_INVALID, path,
                           "no lead can meet this and the rules of its field before it: change one of them");
        return problem(p, ERR_INVALID, path, "no lead can meet this and lead.rules[%zu]: change one of the two", other);
    }
    return ERR_OK;
}

static enum err honeypot_ok(const struct terms *t, struct problem *p)
{
    const char *member = NULL;
    for (size_t i = 0; i < t->n_require_fields; i++)
        if (span_eq(t->honeypot, t->require_fields[i]))
            member = "require";
    for (size_t i = 0; i < t->n_rules; i++)
        if (span_eq(t->honeypot, t->rules[i].field))
            member = "rules";
    if (!span_empty(t->honeypot) && score_terms_use(t->score, t->honeypot))
        return problem(p, ERR_INVALID, "lead.honeypot",
                       "people leave this field empty, and score.facts learns from it: take another field");
    return member == NULL || span_empty(t->honeypot)
               ? ERR_OK
               : problem(p, ERR_INVALID, "lead.honeypot",
                         "people leave this field empty, and lead.%s wants it filled: take another field", member);
}

/* ---- tiers ---- */

static bool comes_before(const struct terms *t, size_t tier, struct span value)
{
    for (size_t k = 0; k < tier; k++)
        if (span_eq(t->tiers[k].when.field, t->tiers[tier].when.field) && holds_for(&t->tiers[k].when, value))
            return true;
    return false;
}

/* How far the ranges before it reach that hold `from`. */
static int64_t reach(const struct terms *t, size_t tier, int64_t from)
{
    int64_t far = from;
    for (size_t k = 0; k < tier; k++) {
        const struct rule *r = &t->tiers[k].when;
        if (r->op == RULE_RANGE && span_eq(r->field, t->tiers[tier].when.field) && least(r) <= from && most(r) > far)
            far = most(r);
    }
    return far;
}

/* Is every number of the range in one of those before it? They go on from each other where they share a bound. */
static bool range_is_taken(const struct terms *t, size_t tier)
{
    int64_t reached = least(&t->tiers[tier].when), far;
    while ((far = reach(t, tier, reached)) > reached && far < most(&t->tiers[tier].when))
        reached = far;
    return far > reached;
}

static bool is_taken(const struct terms *t, size_t tier)
{
    const struct rule *rule = &t->tiers[tier].when;
    char number[24];
    if (rule->op == RULE_RANGE) {
        snprintf(number, sizeof number, "%" PRId64, rule->min);
        bool one = rule->has_min && rule->has_max && rule->min == rule->max;
        return (one && comes_before(t, tier, span_str(number))) || range_is_taken(t, tier);
    }
    for (size_t v = 0; v < rule->n_values; v++)
        if (!comes_before(t, tier, rule->values[v]))
            return false;
    return true;
}

static enum err tiers_ok(const struct terms *t, struct problem *p)
{
    for (size_t i = 0; i < t->n_tiers; i++) {
        char path[MEMBER_PATH];
        snprintf(path, sizeof path, "price.lead[%zu].when", i);
        if (t->tiers[i].has_when && is_taken(t, i))
            return problem(p, ERR_INVALID, path,
                           "can never match: tiers before it take all of that; put it before them, or leave it out");
    }
    return ERR_OK;
}

static enum err haste_ok(const struct terms *t, struct problem *p)
{
    if (t->hold_below_s == 0 || t->hold_below_s > t->min_click_to_lead_s)
        return ERR_OK;
    return problem(p, ERR_INVALID, "lead.hold_below_s",
                   "holds nothing: what comes sooner than lead.min_click_to_lead_s is rejected; must be greater than "
                   "that, or 0");
}

enum err terms_contradiction(const struct terms *t, struct problem *p)
{
    enum err err = rules_ok(t, p);
    if (err == ERR_OK)
        err = honeypot_ok(t, p);
    if (err == ERR_OK)
        err = haste_ok(t, p);
    return err == ERR_OK ? tiers_ok(t, p) : err;
}
