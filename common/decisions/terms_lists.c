/* Member types with few uses: hosts, parameters passed on, required fields, profile rules, price tiers, review
 * mode, caps, country. */
#include <assert.h>
#include <stddef.h>

#include "common/base/ascii.h"
#include "common/base/bytes.h"
#include "common/base/country.h"
#include "common/base/mem.h"
#include "common/base/text.h"
#include "common/decisions/link.h"
#include "common/decisions/member.h"

#define PRICE_MAX ((int64_t)10000000000000) /* micros: ten million units for one lead */

bool field_name_ok(struct span name)
{
    if (span_is(name, "country"))
        return true;
    return span_starts(name, "f_") && name.len >= 3 && name.len <= 2 + LIMIT_FIELD_NAME &&
           ascii_all_alnum_or(span_skip(name, 2), "._-");
}

static void write_texts(struct jw *w, const struct span *texts, size_t n)
{
    for (size_t i = 0; i < n; i++)
        jw_str(w, texts[i]);
}

/* Room for a list that was read, if there is one. */
static void *room(const json_t *list, size_t size)
{
    size_t n = json_array_size(list);
    return n > 0 ? xcalloc(n, size) : NULL;
}

/* ---- allowed_hosts ---- */

static enum err hosts_read(const struct member *m, const struct reading *r, struct terms *t)
{
    const json_t *list = NULL;
    enum err err = json_get_array(r->obj, r->path, m->name, LIMIT_VALUES, &list, NULL, r->problem);
    t->allowed_hosts = room(err == ERR_OK ? list : NULL, sizeof *t->allowed_hosts);
    for (size_t i = 0; err == ERR_OK && i < json_array_size(list); i++)
        err = member_element(r, m->name, list, i, 255, link_pattern_ok,
                             "must be a host name such as shop.example.com or *.example.com, without a dot at its end",
                             &t->allowed_hosts[i]);
    if (err == ERR_OK)
        t->n_allowed_hosts = json_array_size(list);
    return err;
}

static void hosts_write(const struct member *m, const struct terms *t, struct jw *w)
{
    (void)m;
    jw_array(w);
    write_texts(w, t->allowed_hosts, t->n_allowed_hosts);
    jw_array_end(w);
}

const struct member_type member_hosts = {hosts_read, hosts_write};

/* ---- pass ---- */

/* Names that links give to us, and that would never be passed on. */
static bool pass_ok(struct span name)
{
    bool sub = name.len == 4 && span_starts(name, "sub") && name.ptr[3] >= '1' && name.ptr[3] <= '0' + LIMIT_SUBS;
    return !sub && !span_is(name, "to") && ascii_all_alnum_or(name, "._-");
}

static enum err pass_read(const struct member *m, const struct reading *r, struct terms *t)
{
    const json_t *list = NULL;
    enum err err = json_get_array(r->obj, r->path, m->name, LIMIT_PASS, &list, NULL, r->problem);
    t->pass = room(err == ERR_OK ? list : NULL, sizeof *t->pass);
    for (size_t i = 0; err == ERR_OK && i < json_array_size(list); i++)
        err = member_element(r, m->name, list, i, LIMIT_FIELD_NAME, pass_ok,
                             "must be a parameter name of letters, digits and . _ -, and none of ours: sub1 to sub5 "
                             "reach the landing page as macros such as {sub1} of landing_url, to is the deep link",
                             &t->pass[i]);
    if (err == ERR_OK)
        t->n_pass = json_array_size(list);
    return err;
}

static void pass_write(const struct member *m, const struct terms *t, struct jw *w)
{
    (void)m;
    jw_array(w);
    write_texts(w, t->pass, t->n_pass);
    jw_array_end(w);
}

const struct member_type member_pass = {pass_read, pass_write};

/* ---- lead.require: contact fields as bits, other fields by name ---- */

static bool requirable(struct span name)
{
    for (int i = 0; i < CONTACT_FIELDS; i++)
        if (span_is(name, contact_names[i]))
            return true;
    return field_name_ok(name);
}

/* False when it was required before. */
static bool require(struct terms *t, struct span name)
{
    for (unsigned i = 0; i < CONTACT_FIELDS; i++)
        if (span_is(name, contact_names[i])) {
            bool first = !(t->require_contact & 1u << i);
            t->require_contact |= 1u << i;
            return first;
        }
    for (size_t i = 0; i < t->n_require_fields; i++)
        if (span_eq(t->require_fields[i], name))
            return false;
    t->require_fields[t->n_require_fields++] = name;
    return true;
}

static enum err require_read(const struct member *m, const struct reading *r, struct terms *t)
{
    const json_t *list = NULL;
    enum err err = json_get_array(r->obj, r->path, m->name, LIMIT_FIELDS, &list, NULL, r->problem);
    t->require_fields = room(err == ERR_OK ? list : NULL, sizeof *t->require_fields);
    for (size_t i = 0; err == ERR_OK && i < json_array_size(list); i++) {
        struct span name;
        err = member_element(r, m->name, list, i, 2 + LIMIT_FIELD_NAME, requirable,
                             "must be email, phone, first_name, last_name, country or f_NAME", &name);
        if (err == ERR_OK && !require(t, name)) {
            char path[MEMBER_PATH];
            member_element_path(path, r->path, m->name, i);
            err = problem(r->problem, ERR_INVALID, path, "stands in the list before: name each field once");
        }
    }
    return err;
}

static void require_write(const struct member *m, const struct terms *t, struct jw *w)
{
    (void)m;
    jw_array(w);
    for (int i = 0; i < CONTACT_FIELDS; i++)
        if (t->require_contact & 1u << i)
            jw_str(w, span_str(contact_names[i]));
    write_texts(w, t->require_fields, t->n_require_fields);
    jw_array_end(w);
}

const struct member_type member_require = {require_read, require_write};

/* ---- rules: {"field","equals"} | {"field","in"} | {"field","min","max"} ---- */

static bool source_field_ok(struct span name)
{
    for (int i = 0; i < LIMIT_SUBS; i++)
        if (span_is(name, entry_sub_names[i]))
            return true;
    return span_is(name, "placement") || span_is(name, "device") || span_is(name, "class") || span_is(name, TIER_SCORE);
}

static bool is_placement(struct span value)
{
    int64_t n;
    return parse_i64(value, &n) == ERR_OK && n >= 1 && n <= UINT32_MAX;
}

/* Where the lead came from: the numbers and words that there are. */
static enum err source_value_ok(const struct reading *r, const struct rule *rule, const char *path)
{
    struct span value = rule->values[rule->n_values - 1];
    enum device device;
    enum class class;
    if (span_is(rule->field, "placement") && !is_placement(value))
        return problem(r->problem, ERR_INVALID, path, "must be the number of a tracking code, such as 3");
    if (span_is(rule->field, "device") && device_parse(value, &device) != ERR_OK)
        return problem(r->problem, ERR_INVALID, path, "must be phone, tablet, desktop or app");
    if (span_is(rule->field, "class") && class_parse(value, &class) != ERR_OK)
        return problem(r->problem, ERR_INVALID, path, "must be a click's class, such as ok or repeat");
    return ERR_OK;
}

enum { SCORE_MOST = 1000 };

/* What a fact can be at all. */
static enum err rule_value_ok(const struct reading *r, const struct rule *rule, const char *path)
{
    char code[2];
    struct span value = rule->values[rule->n_values - 1];
    if (span_is(rule->field, "country") && !country_read(value, code))
        return problem(r->problem, ERR_INVALID, path, "%s", COUNTRY_MUST);
    if (span_empty(text_strip(value)))
        return problem(r->problem, ERR_INVALID, path, "must not be blank");
    return source_value_ok(r, rule, path);
}

static enum err rule_values(const struct reading *r, struct rule *out)
{
    const json_t *list = NULL;
    enum err err = json_get_array(r->obj, r->path, "in", LIMIT_VALUES, &list, NULL, r->problem);
    if (err != ERR_OK)
        return err;
    if (json_array_size(list) == 0)
        return member_wrong(r, "in", "must list at least one value");
    out->values = xcalloc(json_array_size(list), sizeof *out->values);
    for (size_t i = 0; err == ERR_OK && i < json_array_size(list); i++) {
        char path[MEMBER_PATH];
        err = member_element(r, "in", list, i, LIMIT_FIELD, NULL, "must be a text that is not empty", &out->values[i]);
        out->n_values += err == ERR_OK;
        member_element_path(path, r->path, "in", i);
        if (err == ERR_OK)
            err = rule_value_ok(r, out, path);
    }
    return err;
}

static enum err rule_range(const struct reading *r, struct rule *out)
{
    bool score = span_is(out->field, TIER_SCORE);
    int64_t least = score ? 0 : -JSON_INT_MAX, most = score ? SCORE_MOST : JSON_INT_MAX;
    enum err err = json_get_int(r->obj, r->path, "min", least, most, &out->min, &out->has_min, r->problem);
    if (err == ERR_OK)
        err = json_get_int(r->obj, r->path, "max", least, most, &out->max, &out->has_max, r->problem);
    if (err == ERR_OK && out->has_min && out->has_max && out->min > out->max)
        return member_wrong(r, "max", "must not be below min");
    if (err == ERR_OK && span_is(out->field, "country"))
        return member_wrong(r, out->has_min ? "min" : "max",
                            "compares numbers, and no country is one: use `equals` or `in`");
    return err;
}

static enum err rule_equals(const struct reading *r, struct rule *out)
{
    out->n_values = 1;
    out->values = xcalloc(1, sizeof *out->values);
    enum err err = json_get_str(r->obj, r->path, "equals", LIMIT_FIELD, &out->values[0], NULL, r->problem);
    if (err == ERR_OK && span_empty(out->values[0]))
        return member_wrong(r, "equals", "must not be empty");
    char path[MEMBER_PATH];
    member_path(path, r->path, "equals");
    return err == ERR_OK ? rule_value_ok(r, out, path) : err;
}

static void rule_forms(struct rule *rule)
{
    struct buf text;
    size_t most = 0;
    for (size_t i = 0; i < rule->n_values; i++)
        most += NFC_GROWTH * rule->values[i].len;
    buf_heap(&text);
    (void)buf_room(&text, most); /* what is in it stays where it is */
    rule->form_text = text.ptr;
    rule->forms = xcalloc(rule->n_values, sizeof *rule->forms);
    for (size_t i = 0; i < rule->n_values; i++) {
        size_t at = text.len;
        text_nfc(&text, text_strip(rule->values[i]));
        rule->forms[i] = span_of(text.ptr + at, text.len - at);
    }
    assert(text.ptr == rule->form_text);
}

static bool has(const json_t *obj, const char *name)
{
    const json_t *v = json_object_get(obj, name);
    return v != NULL && !json_is_null(v);
}

/* *out is cleared memory. */
static enum err rule_read(const struct reading *r, bool tier, struct rule *out)
{
    static const char *const names[] = {"equals", "field", "in", "max", "min", NULL};
    bool equals = has(r->obj, "equals"), in = has(r->obj, "in"), range = has(r->obj, "min") || has(r->obj, "max");
    enum err err = json_only(r->obj, r->path, names, r->problem);

    if (err == ERR_OK)
        err = json_get_str(r->obj, r->path, "field", 2 + LIMIT_FIELD_NAME, &out->field, NULL, r->problem);
    if (err != ERR_OK)
        return err;
    if (!field_name_ok(out->field) && !(tier && source_field_ok(out->field)))
        return member_wrong(r, "field",
                            tier ? "must be country, f_NAME, sub1 to sub5, placement, device, class or score"
                                 : "must be country or f_NAME");
    if (equals + in + range != 1)
        return problem(r->problem, ERR_INVALID, r->path, "must have exactly one of `equals`, `in`, or `min` and `max`");
    if (range && (span_is(out->field, "device") || span_is(out->field, "class")))
        return problem(r->problem, ERR_INVALID, r->path, "can never match: a %.*s is a word; use `equals` or `in`",
                       (int)out->field.len, out->field.ptr);
    if (!range && span_is(out->field, TIER_SCORE))
        return member_wrong(r, equals ? "equals" : "in", "asks a score for words: use `min` and `max`, 0 to 1000");
    out->op = equals ? RULE_EQUALS : in ? RULE_IN : RULE_RANGE;
    err = equals ? rule_equals(r, out) : in ? rule_values(r, out) : rule_range(r, out);
    if (err == ERR_OK && out->n_values > 0)
        rule_forms(out);
    return err;
}

static void rule_write(const struct rule *rule, struct jw *w)
{
    jw_object(w);
    if (rule->op == RULE_EQUALS)
        jw_kstr(w, "equals", rule->values[0]);
    jw_kstr(w, "field", rule->field);
    if (rule->op == RULE_IN) {
        jw_key(w, "in");
        jw_array(w);
        write_texts(w, rule->values, rule->n_values);
        jw_array_end(w);
    }
    if (rule->has_max)
        jw_kint(w, "max", rule->max);
    if (rule->has_min)
        jw_kint(w, "min", rule->min);
    jw_object_end(w);
}

static enum err rules_read(const struct member *m, const struct reading *r, struct terms *t)
{
    const json_t *list = NULL;
    enum err err = json_get_array(r->obj, r->path, m->name, LIMIT_RULES, &list, NULL, r->problem);
    t->rules = room(err == ERR_OK ? list : NULL, sizeof *t->rules);
    for (size_t i = 0; err == ERR_OK && i < json_array_size(list); i++) {
        char path[MEMBER_PATH];
        struct reading inner = {json_array_get(list, i), path, r->problem};
        member_element_path(path, r->path, m->name, i);
        if (!json_is_object(inner.obj))
            return problem(r->problem, ERR_INVALID, path, "must be an object");
        err = rule_read(&inner, false, &t->rules[t->n_rules++]);
    }
    return err;
}

static void rules_write(const struct member *m, const struct terms *t, struct jw *w)
{
    (void)m;
    jw_array(w);
    for (size_t i = 0; i < t->n_rules; i++)
        rule_write(&t->rules[i], w);
    jw_array_end(w);
}

const struct member_type member_rules = {rules_read, rules_write};

/* ---- price.lead: tiers ---- */

static enum err tier_read(const struct reading *r, struct tier *out)
{
    static const char *const names[] = {"micros", "when", NULL};
    char path[MEMBER_PATH];
    struct reading when = {.path = path, .problem = r->problem};
    bool found = false;
    enum err err = json_only(r->obj, r->path, names, r->problem);

    if (err == ERR_OK)
        err = json_get_int(r->obj, r->path, "micros", 0, PRICE_MAX, &out->micros, &found, r->problem);
    if (err == ERR_OK && !found)
        return member_wrong(r, "micros", "is missing");
    if (err == ERR_OK)
        err = json_get_object(r->obj, r->path, "when", &when.obj, &out->has_when, r->problem);
    if (err != ERR_OK || !out->has_when)
        return err;
    member_path(path, r->path, "when");
    return rule_read(&when, true, &out->when);
}

static enum err tiers_read(const struct member *m, const struct reading *r, struct terms *t)
{
    const json_t *list = NULL;
    enum err err = json_get_array(r->obj, r->path, m->name, LIMIT_TIERS, &list, NULL, r->problem);
    t->tiers = room(err == ERR_OK ? list : NULL, sizeof *t->tiers);
    for (size_t i = 0; err == ERR_OK && i < json_array_size(list); i++) {
        char path[MEMBER_PATH];
        struct reading inner = {json_array_get(list, i), path, r->problem};
        member_element_path(path, r->path, m->name, i);
        if (!json_is_object(inner.obj))
            return problem(r->problem, ERR_INVALID, path, "must be an object");
        if (i > 0 && !t->tiers[i - 1].has_when)
            return problem(r->problem, ERR_INVALID, path,
                           "can never match: a tier without `when` must be the last one");
        err = tier_read(&inner, &t->tiers[t->n_tiers++]);
    }
    return err;
}

static void tiers_write(const struct member *m, const struct terms *t, struct jw *w)
{
    (void)m;
    jw_array(w);
    for (size_t i = 0; i < t->n_tiers; i++) {
        jw_object(w);
        jw_kint(w, "micros", t->tiers[i].micros);
        if (t->tiers[i].has_when) {
            jw_key(w, "when");
            rule_write(&t->tiers[i].when, w);
        }
        jw_object_end(w);
    }
    jw_array_end(w);
}

const struct member_type member_tiers = {tiers_read, tiers_write};

/* ---- review.mode ---- */

static enum err mode_read(const struct member *m, const struct reading *r, struct terms *t)
{
    struct span mode = SPAN("auto");
    enum err err = json_get_str(r->obj, r->path, m->name, 16, &mode, NULL, r->problem);
    if (err != ERR_OK)
        return err;
    if (!span_is(mode, "auto") && !span_is(mode, "manual"))
        return member_wrong(r, m->name, "must be auto or manual");
    t->auto_approve = span_is(mode, "auto");
    return ERR_OK;
}

static void mode_write(const struct member *m, const struct terms *t, struct jw *w)
{
    (void)m;
    jw_str(w, t->auto_approve ? SPAN("auto") : SPAN("manual"));
}

const struct member_type member_review_mode = {mode_read, mode_write};

/* ---- caps: those that are set ---- */

static const struct cap {
    const char *name;
    unsigned bit;
    size_t at; /* in struct caps */
} caps_members[] = {
    {"budget_micros_month", CAP_BUDGET, offsetof(struct caps, budget_micros_month)},
    {"day", CAP_DAY, offsetof(struct caps, day)},
    {"month", CAP_MONTH, offsetof(struct caps, month)},
};
enum { CAPS = sizeof caps_members / sizeof *caps_members };

static enum err caps_read(const struct member *m, const struct reading *r, struct terms *t)
{
    const char *names[CAPS + 1] = {NULL};
    char path[MEMBER_PATH];
    struct reading in = {.path = path, .problem = r->problem};
    struct caps *caps = (struct caps *)((char *)t + m->at);
    enum err err = json_get_object(r->obj, r->path, m->name, &in.obj, NULL, r->problem);

    *caps = (struct caps){0};
    member_path(path, r->path, m->name);
    for (size_t i = 0; i < CAPS; i++)
        names[i] = caps_members[i].name;
    if (err == ERR_OK && in.obj != NULL)
        err = json_only(in.obj, path, names, r->problem);
    for (size_t i = 0; err == ERR_OK && i < CAPS; i++) {
        const struct cap *c = &caps_members[i];
        bool set = false;
        err = json_get_int(in.obj, path, c->name, 0, JSON_INT_MAX, (int64_t *)((char *)caps + c->at), &set, r->problem);
        caps->set |= set ? c->bit : 0;
    }
    return err;
}

static void caps_write(const struct member *m, const struct terms *t, struct jw *w)
{
    const struct caps *caps = (const struct caps *)((const char *)t + m->at);
    jw_object(w);
    for (size_t i = 0; i < CAPS; i++)
        if (caps->set & caps_members[i].bit)
            jw_kint(w, caps_members[i].name, *(const int64_t *)((const char *)caps + caps_members[i].at));
    jw_object_end(w);
}

const struct member_type member_caps = {caps_read, caps_write};

/* ---- default_country ---- */

static enum err country_member_read(const struct member *m, const struct reading *r, struct terms *t)
{
    struct span text = SPAN("");
    enum err err = json_get_str(r->obj, r->path, m->name, 16, &text, NULL, r->problem);
    if (err != ERR_OK)
        return err;
    memset(t->default_country, 0, sizeof t->default_country);
    if (!span_empty(text) && !country_read(text, t->default_country))
        return member_wrong(r, m->name, COUNTRY_MUST ", or empty");
    return ERR_OK;
}

static void country_member_write(const struct member *m, const struct terms *t, struct jw *w)
{
    (void)m;
    jw_str(w, span_str(t->default_country));
}

const struct member_type member_country = {country_member_read, country_member_write};
