/* What counts as a lead: the campaign's document as a form, which is tried on the last leads or put into force. A
 * member that the form does not know stays as it is. */
#include <stdlib.h>

#include "common/base/ascii.h"
#include "common/base/json_read.h"
#include "common/base/money.h"
#include "common/base/text.h"
#include "server/api/api.h"
#include "server/pages/campaign_page.h"
#include "server/pages/refusal.h"

enum { SPARE_RULES = 2, RULES_MOST = 24, NAME_MAX = 16 };

/* ---- the form: a row a member ---- */

enum control { LINE, AREA, CHOICE };

/* The title of a section that begins with it; the field, its member, type, and whether it goes empty, too; how it is
 * asked for. */
/* clang-format off */
#define RULE_ROWS(X) \
    X(WORD_RU_WHERE, "name", "name", ACT_TEXT, true, LINE, WORD_RU_NAME, WORDS, "required maxlength=\"100\"", {0}) \
    X(WORDS, "landing_url", "landing_url", ACT_TEXT, true, LINE, WORD_RU_LANDING, WORDS, "type=\"url\" required", {0}) \
    X(WORDS, "hosts", "allowed_hosts", ACT_LIST, true, AREA, WORD_RU_HOSTS, WORD_RU_HOSTS_H, "rows=\"2\"", {0}) \
    X(WORDS, "fallback", "fallback_url", ACT_TEXT, true, LINE, WORD_RU_FALLBACK, WORD_RU_FALLBACK_H, "type=\"url\"", {0}) \
    X(WORDS, "click_param", "click_param", ACT_TEXT, false, LINE, WORD_RU_PARAM, WORDS, "", {0}) \
    X(WORDS, "pass", "pass", ACT_LIST, true, AREA, WORD_RU_PASS, WORD_RU_PASS_H, "rows=\"2\"", {0}) \
    X(WORD_RU_PERSON, "require", "lead.require", ACT_LIST, true, AREA, WORD_RU_REQUIRE, WORD_RU_REQUIRE_H, "rows=\"3\"", {0}) \
    X(WORDS, "any", "lead.require_any", ACT_LIST, true, AREA, WORD_RU_ANY, WORDS, "rows=\"3\"", {0}) \
    X(WORDS, "country", "default_country", ACT_TEXT, true, LINE, WORD_RU_COUNTRY, WORD_RU_COUNTRY_H, "maxlength=\"2\"", {0}) \
    X(WORDS, "honeypot", "lead.honeypot", ACT_TEXT, true, LINE, WORD_RU_HONEYPOT, WORDS, "", {0}) \
    X(WORDS, "disposable", "lead.disposable_email", ACT_TEXT, false, CHOICE, WORD_RU_DISPOSABLE, WORDS, "", {"ok", WORD_RU_OK}, {"hold", WORD_RU_HOLD}, {"reject", WORD_RU_REJECT}) \
    X(WORD_RU_TIME, "min_s", "lead.min_click_to_lead_s", ACT_INTEGER, false, LINE, WORD_RU_MIN_S, WORDS, "inputmode=\"numeric\"", {0}) \
    X(WORDS, "hold_s", "lead.hold_below_s", ACT_INTEGER, false, LINE, WORD_RU_HOLD_S, WORDS, "inputmode=\"numeric\"", {0}) \
    X(WORDS, "repeat_s", "repeat_window_s", ACT_INTEGER, false, LINE, WORD_RU_REPEAT_S, WORDS, "inputmode=\"numeric\"", {0}) \
    X(WORDS, "click_days", "attribution.click_days", ACT_INTEGER, false, LINE, WORD_RU_CLICK_DAYS, WORDS, "inputmode=\"numeric\"", {0}) \
    X(WORDS, "dedupe", "dedupe.by", ACT_LIST, true, AREA, WORD_RU_DEDUPE, WORDS, "rows=\"2\"", {0}) \
    X(WORDS, "dedupe_days", "dedupe.days", ACT_INTEGER, false, LINE, WORD_RU_DEDUPE_DAYS, WORDS, "inputmode=\"numeric\"", {0}) \
    X(WORDS, "model", "attribution.model", ACT_TEXT, false, CHOICE, WORD_RU_MODEL, WORDS, "", {"last", WORD_MODEL_LAST}, {"first", WORD_MODEL_FIRST}, {"linear", WORD_MODEL_LINEAR}, {"time_decay", WORD_MODEL_TIME_DECAY}, {"position", WORD_MODEL_POSITION}) \
    X(WORDS, "half_life", "attribution.half_life_days", ACT_INTEGER, false, LINE, WORD_RU_HALF, WORD_RU_HALF_H, "inputmode=\"numeric\"", {0}) \
    X(WORD_RU_REVIEW, "mode", "review.mode", ACT_TEXT, false, CHOICE, WORD_REVIEWED, WORDS, "", {"auto", WORD_RU_AUTO}, {"manual", WORD_RU_MANUAL}) \
    X(WORDS, "auto_days", "review.auto_approve_days", ACT_INTEGER, false, LINE, WORD_RU_AUTO_DAYS, WORDS, "inputmode=\"numeric\"", {0}) \
    X(WORDS, "return_days", "return_days", ACT_INTEGER, false, LINE, WORD_RU_RETURN, WORDS, "inputmode=\"numeric\"", {0}) \
    X(WORDS, "dispositions", "dispositions", ACT_TEXT, false, CHOICE, WORD_RU_WORD, WORDS, "", {"any", WORD_RU_WORD_ANY}, {"countersigned", WORD_RU_WORD_SIGNED}) \
    X(WORD_RU_CAPS, "cap_day", "caps.day", ACT_INTEGER, false, LINE, WORD_RU_CAP_DAY, WORD_RU_CAPS_H, "inputmode=\"numeric\"", {0}) \
    X(WORDS, "cap_month", "caps.month", ACT_INTEGER, false, LINE, WORD_RU_CAP_MONTH, WORD_RU_CAPS_H, "inputmode=\"numeric\"", {0}) \
    X(WORDS, "budget", "caps.budget_micros_month", ACT_MONEY, false, LINE, WORD_RU_BUDGET, WORD_RU_CAPS_H, "inputmode=\"decimal\"", {0}) \
    X(WORD_RU_SCORE, "facts", "score.facts", ACT_LIST, false, AREA, WORD_RU_FACTS, WORD_RU_FACTS_H, "rows=\"3\"", {0}) \
    X(WORDS, "cross", "score.cross", ACT_LIST, false, AREA, WORD_RU_CROSS, WORDS, "rows=\"3\"", {0}) \
    X(WORDS, "below", "score.hold_below", ACT_INTEGER, false, LINE, WORD_RU_BELOW, WORDS, "inputmode=\"numeric\"", {0}) \
    X(WORDS, "most_held", "score.max_held_permille", ACT_INTEGER, false, LINE, WORD_RU_MOST_HELD, WORDS, "inputmode=\"numeric\"", {0}) \
    X(WORDS, "hold_days", "score.hold_days", ACT_INTEGER, false, LINE, WORD_RU_HOLD_DAYS, WORDS, "inputmode=\"numeric\"", {0}) \
    X(WORD_RU_TRUST, "accept", "accept_from", ACT_LIST, true, AREA, WORD_RU_ACCEPT, WORDS, "rows=\"2\"", {0}) \
    X(WORDS, "pixel", "pixel_leads", ACT_TEXT, false, CHOICE, WORD_RU_PIXEL, WORDS, "", {"off", WORD_RU_PIXEL_OFF}, {"hold", WORD_RU_HOLD}, {"on", WORD_RU_PIXEL_ON}) \
    X(WORDS, "classes", "payable_classes", ACT_LIST, true, AREA, WORD_RU_CLASSES, WORD_RU_CLASSES_H, "rows=\"3\"", {0}) \
    X(WORDS, "timezone", "timezone", ACT_TEXT, false, LINE, WORD_RU_ZONE, WORDS, "", {0}) \
    X(WORD_RU_WHEN, "effective", "effective_at", ACT_TIME, false, LINE, WORD_RU_EFFECTIVE, WORD_RU_EFFECTIVE_H, "type=\"date\"", {0}) \
    X(WORDS, "json", "json", ACT_TEXT, false, AREA, WORD_RU_JSON, WORD_RU_JSON_H, "rows=\"2\" spellcheck=\"false\"", {0})
/* clang-format on */

static const struct row {
    enum word title; /* WORDS: of the section before */
    struct act_field field;
    enum control control;
    enum word label, hint;
    const char *attributes;
    struct choice {
        const char *value;
        enum word word;
    } choice[6];
} rows[] = {
#define X(title, name, member, type, always, control, label, hint, attributes, ...)                                    \
    {title, {name, member, type, always}, control, label, hint, attributes, {__VA_ARGS__}},
    RULE_ROWS(X)
#undef X
};
enum { ROWS = sizeof rows / sizeof *rows };

/* "lead.rules[0]" and what is within it is the profile's. */
enum word campaign_word(struct span path)
{
    if (span_starts(path, "lead.rules"))
        return WORD_RU_PROFILE;
    for (size_t i = 0; i < ROWS; i++) {
        const struct span member = span_str(rows[i].field.member);
        if (span_eq(span_of(path.ptr, path.len < member.len ? path.len : member.len), member) &&
            (path.len == member.len || path.ptr[member.len] == '[') && rows[i].label != WORD_RU_BUDGET)
            return rows[i].label;
    }
    return WORDS;
}

/* ---- from the form to the change ---- */

static struct span rule_field(const struct form *f, const char *what, int i)
{
    char name[NAME_MAX];
    snprintf(name, sizeof name, "%s%d", what, i);
    return text_strip(form_value(f, name));
}

/* What is no whole number goes as it was typed: the call says what it must be. */
static json_t *number_or_text(struct span s)
{
    bool minus = s.len > 1 && s.ptr[0] == '-';
    int64_t n = 0;
    for (size_t i = minus; i < s.len; i++) {
        if (!ascii_is_digit(s.ptr[i]) || s.len > 15)
            return json_stringn(s.ptr, s.len);
        n = 10 * n + (s.ptr[i] - '0');
    }
    return json_integer(minus ? -n : n);
}

static void add_values(json_t *list, struct span rest)
{
    while (rest.len > 0) {
        const char *comma = memchr(rest.ptr, ',', rest.len);
        const size_t n = comma != NULL ? (size_t)(comma - rest.ptr) : rest.len;
        const struct span one = text_strip(span_of(rest.ptr, n));
        if (!span_empty(one))
            json_array_append_new(list, json_stringn(one.ptr, one.len));
        rest = span_skip(rest, comma != NULL ? n + 1 : n);
    }
}

/* One value is said as it was said before. */
static json_t *rule_json(const struct form *f, int i)
{
    const struct span field = rule_field(f, "field", i), values = rule_field(f, "values", i);
    const struct span min = rule_field(f, "min", i), max = rule_field(f, "max", i);
    json_t *rule = json_object(), *list = json_array();
    json_object_set_new(rule, "field", json_stringn(field.ptr, field.len));
    add_values(list, values);
    if (json_array_size(list) == 1 && span_is(rule_field(f, "said", i), "equals"))
        json_object_set(rule, "equals", json_array_get(list, 0));
    else if (json_array_size(list) > 0)
        json_object_set(rule, "in", list);
    if (!span_empty(min))
        json_object_set_new(rule, "min", number_or_text(min));
    if (!span_empty(max))
        json_object_set_new(rule, "max", number_or_text(max));
    json_decref(list);
    return rule;
}

static json_t *object_in(json_t *body, const char *name)
{
    if (!json_is_object(json_object_get(body, name)))
        json_object_set_new(body, name, json_object());
    return json_object_get(body, name);
}

static void add_rules(const struct form *f, json_t *body)
{
    json_t *list = json_array();
    for (int i = 0; i < RULES_MOST; i++)
        if (!span_empty(rule_field(f, "field", i)))
            json_array_append_new(list, rule_json(f, i));
    json_object_set_new(object_in(body, "lead"), "rules", list);
}

/* A cap that was emptied is taken away; without facts nothing is scored. */
static void add_absences(const struct form *f, json_t *body)
{
    static const struct {
        const char *name, *in, *member;
    } open[] = {{"cap_day", "caps", "day"},
                {"cap_month", "caps", "month"},
                {"budget", "caps", "budget_micros_month"},
                {"cross", "score", "cross"},
                {"hold_days", "score", "hold_days"}};
    for (size_t i = 0; i < sizeof open / sizeof *open; i++)
        if (span_empty(text_strip(form_value(f, open[i].name))))
            json_object_set_new(object_in(body, open[i].in), open[i].member, json_null());
    if (span_empty(text_strip(form_value(f, "facts"))))
        json_object_set_new(body, "score", json_null());
}

/* What does not read stays, and is refused by its name. */
static void add_json(json_t *body)
{
    json_t *more = NULL;
    const struct span text = ask_text(body, "json");
    if (json_object_get(body, "json") == NULL || json_read(text, &more, NULL) != ERR_OK || !json_is_object(more)) {
        json_decref(more);
        return;
    }
    json_object_del(body, "json");
    json_object_update_recursive(body, more);
    json_decref(more);
}

static void add_change(const struct form *f, json_t *body)
{
    add_rules(f, body);
    add_absences(f, body);
    add_json(body);
}

static void add_trial(const struct form *f, json_t *body)
{
    add_change(f, body);
    json_object_del(body, "effective_at");
}

static const struct act_field fields[] = {
#define X(title, name, member, type, always, ...) {name, member, type, always},
    RULE_ROWS(X)
#undef X
        {NULL}};

static enum err rules_read(struct request *rq, struct reply *reply);

static const struct act save = {.name = "rules",
                                .call = campaigns_patch,
                                .in = {ACT_PATH},
                                .fields = fields,
                                .more = add_change,
                                .again = rules_read,
                                .to = "/campaigns/{}"};
static const struct act attempt = {.name = "rules",
                                   .call = campaigns_try,
                                   .in = {ACT_PATH},
                                   .fields = fields,
                                   .more = add_trial,
                                   .again = rules_read,
                                   .show = rules_read};

/* ---- the form as it is written ---- */

static void list_text(struct buf *out, const json_t *list)
{
    const json_t *one;
    size_t i;
    json_array_foreach(list, i, one) if (json_is_string(one))
    {
        buf_str(out, i > 0 ? "\n" : "");
        buf_add(out, json_string_value(one), json_string_length(one));
    }
}

/* As it would be typed; in the arena. */
static struct span value_text(struct campaign_page *p, const struct act_field *field)
{
    const json_t *v = campaign_member(p->doc, field->member);
    struct buf text;
    buf_heap(&text);
    if (json_is_array(v))
        list_text(&text, v);
    else if (json_is_integer(v) && field->type == ACT_MONEY)
        micros_add(&text, json_integer_value(v), ask_text(p->doc, "currency"));
    else if (json_is_integer(v))
        buf_i64(&text, json_integer_value(v));
    else if (json_is_string(v))
        buf_add(&text, json_string_value(v), json_string_length(v));
    const struct span kept = arena_copy(p->rq->arena, buf_span(&text));
    buf_free(&text);
    return kept;
}

static void write_choice(struct campaign_page *p, struct act_form *f, const struct row *r)
{
    struct act_option options[6];
    size_t n = 0;
    while (n < 6 && r->choice[n].value != NULL) {
        options[n] =
            (struct act_option){span_str(r->choice[n].value), span_str(word_text(p->s.g.language, r->choice[n].word))};
        n++;
    }
    act_choice(f, r->field.name, r->label, r->hint, value_text(p, &r->field), options, n);
}

static void write_budget(struct campaign_page *p, struct act_form *f, const struct row *r)
{
    struct page *g = &p->s.g;
    page_put(g, "<div class=\"f\"><label for=\"rules-budget\">{}</label><input",
             P_SAY(WORD_RU_BUDGET, P_TEXT(ask_text(p->doc, "currency"))));
    act_field_marks(f, r->field.name, r->hint);
    page_put(g, " value=\"{}\" {}>", P_TEXT(act_value(f, r->field.name, value_text(p, &r->field))),
             P_HTML(r->attributes));
    act_field_close(f, r->field.name, r->hint);
}

static void write_row(struct campaign_page *p, struct act_form *f, const struct row *r)
{
    if (r->label == WORD_RU_BUDGET)
        write_budget(p, f, r);
    else if (r->control == CHOICE)
        write_choice(p, f, r);
    else if (r->control == AREA)
        act_area(f, r->field.name, r->label, r->hint, value_text(p, &r->field), r->attributes);
    else
        act_input(f, r->field.name, r->label, r->hint, r->field.type == ACT_TIME ? SPAN("") : value_text(p, &r->field),
                  r->attributes);
}

static struct span rule_text(struct campaign_page *p, const json_t *rule, const char *what)
{
    struct buf text;
    const json_t *v = json_object_get(rule, what), *one;
    size_t i;
    buf_heap(&text);
    if (strcmp(what, "values") == 0) {
        json_array_foreach(json_object_get(rule, "in"), i, one)
        {
            buf_str(&text, i > 0 ? ", " : "");
            buf_str(&text, json_is_string(one) ? json_string_value(one) : "");
        }
        buf_span_add(&text, ask_text(rule, "equals"));
    } else if (json_is_integer(v)) {
        buf_i64(&text, json_integer_value(v));
    } else {
        buf_span_add(&text, ask_text(rule, what));
    }
    const struct span kept = arena_copy(p->rq->arena, buf_span(&text));
    buf_free(&text);
    return kept;
}

static void write_rule_input(struct campaign_page *p, struct act_form *f, const json_t *rule, const char *what,
                             enum word label, int i)
{
    char name[NAME_MAX];
    snprintf(name, sizeof name, "%s%d", what, i);
    page_put(&p->s.g, "<label>{}<input name=\"{}\" value=\"{}\"></label>\n", P_WORD(label), P_TEXT(span_str(name)),
             P_TEXT(act_value(f, name, rule_text(p, rule, what))));
}

/* What is wrong with one of them, where the refusal names it. */
static void write_rule_error(struct campaign_page *p, const struct act_form *f)
{
    if (f->refused == NULL || strncmp(f->refused->problem.field, "lead.rules", 10) != 0)
        return;
    page_html(&p->s.g, "<p class=\"err\">");
    refusal_said(&p->s.g, span_str(f->refused->problem.field), span_str(f->refused->problem.detail));
    page_html(&p->s.g, "</p>\n");
}

static void write_rules(struct campaign_page *p, struct act_form *f)
{
    const json_t *rules = campaign_member(p->doc, "lead.rules");
    const int n = (int)json_array_size(rules);
    page_put(&p->s.g, "<section class=\"card\">\n<h2>{}</h2>\n<p class=\"s\">{}</p>\n", P_WORD(WORD_RU_PROFILE),
             P_WORD(WORD_RU_PROFILE_H));
    write_rule_error(p, f);
    for (int i = 0; i < RULES_MOST && i < n + SPARE_RULES; i++) {
        const json_t *rule = json_array_get(rules, (size_t)i);
        char said[NAME_MAX];
        snprintf(said, sizeof said, "said%d", i);
        page_html(&p->s.g, "<div class=\"rule\">\n");
        if (json_object_get(rule, "equals") != NULL)
            act_hidden(f, said, SPAN("equals"));
        write_rule_input(p, f, rule, "field", WORD_RU_FIELD, i);
        write_rule_input(p, f, rule, "values", WORD_RU_VALUES, i);
        write_rule_input(p, f, rule, "min", WORD_RU_MIN, i);
        write_rule_input(p, f, rule, "max", WORD_RU_MAX, i);
        page_html(&p->s.g, "</div>\n");
    }
    page_html(&p->s.g, "</section>\n");
}

static void write_sections(struct campaign_page *p, struct act_form *f)
{
    struct page *g = &p->s.g;
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].title != WORDS) {
            page_html(g, i > 0 ? "</div></section>\n" : "");
            if (rows[i].title == WORD_RU_TIME)
                write_rules(p, f);
            page_put(g, "<section class=\"card\">\n<h2>{}</h2>\n<div class=\"grid\">\n", P_WORD(rows[i].title));
        }
        write_row(p, f, &rows[i]);
    }
    page_put(g,
             "</div>\n<div class=\"line\"><button class=\"b\" name=\"do\" value=\"try\">{}</button>\n<button class=\"b "
             "one\">{}</button></div>\n</section>\n</form>\n",
             P_WORD(WORD_RU_TRY), P_WORD(WORD_RU_SAVE));
}

/* ---- what a trial told ---- */

static int64_t counted(const json_t *side, const char *status, const char *reason)
{
    const json_t *one;
    int64_t n = 0;
    size_t i;
    json_array_foreach(json_object_get(side, "outcomes"), i,
                       one) if (span_is(ask_text(one, "status"), status) && span_is(ask_text(one, "reason"), reason))
        n += ask_int(one, "leads");
    return n;
}

static void write_outcome(struct page *g, const json_t *one)
{
    const struct span status = ask_text(one, "status"), reason = ask_text(one, "reason");
    const enum word word = word_of_status(status), why = word_of_reason(reason);
    page_put(g, "<span class=\"st {}\">{}</span>", P_TEXT(status), P_WORD(word != WORDS ? word : WORD_TRY_NOT_TAKEN));
    if (why != WORDS)
        page_put(g, "<span class=\"why\">{} <code>{}</code></span>", P_WORD(why), P_TEXT(reason));
}

/* An outcome of one side, as many as on each. */
static void write_side(struct campaign_page *p, const json_t *said, const json_t *one)
{
    struct page *g = &p->s.g;
    const char *status = json_string_value(json_object_get(one, "status"));
    const char *reason = json_string_value(json_object_get(one, "reason"));
    page_html(g, "<tr><th scope=\"row\">");
    write_outcome(g, one);
    page_put(g, "</th><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
             P_COUNT(counted(json_object_get(said, "before"), status, reason)),
             P_COUNT(counted(json_object_get(said, "after"), status, reason)));
}

static void write_sides(struct campaign_page *p, const json_t *said)
{
    struct page *g = &p->s.g;
    const json_t *before = json_object_get(said, "before"), *after = json_object_get(said, "after"), *one;
    size_t i;
    page_put(g,
             "<table class=\"fit\"><thead><tr><td></td><th scope=\"col\" class=\"n\">{}</th><th scope=\"col\" "
             "class=\"n\">{}</th></tr></thead><tbody>\n",
             P_WORD(WORD_TRY_NOW), P_WORD(WORD_TRY_THEN));
    json_array_foreach(json_object_get(before, "outcomes"), i, one) write_side(p, said, one);
    json_array_foreach(json_object_get(after, "outcomes"), i, one)
    {
        const char *status = json_string_value(json_object_get(one, "status"));
        if (counted(before, status, json_string_value(json_object_get(one, "reason"))) == 0)
            write_side(p, said, one);
    }
    page_put(g,
             "</tbody><tfoot><tr><th scope=\"row\">{}</th><td class=\"n\">{}</td><td "
             "class=\"n\">{}</td></tr></tfoot></table>\n",
             P_SAY(WORD_TRY_COST, P_TEXT(ask_text(said, "currency"))),
             P_MICROS(ask_int(before, "payout_micros"), ask_text(said, "currency")),
             P_MICROS(ask_int(after, "payout_micros"), ask_text(said, "currency")));
}

static void write_changes(struct campaign_page *p, const json_t *changes)
{
    enum { CHANGES_SHOWN = 50 };
    struct page *g = &p->s.g;
    const json_t *one;
    size_t i;
    page_put(g,
             "<table class=\"cards\"><thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th><th "
             "scope=\"col\">{}</th></tr></thead><tbody>\n",
             P_WORD(WORD_COL_LEAD), P_WORD(WORD_TRY_WAS), P_WORD(WORD_TRY_BECOMES));
    json_array_foreach(changes, i, one)
    {
        const struct span lead = ask_text(one, "lead");
        if (i == CHANGES_SHOWN)
            break;
        page_put(g, "<tr><td><a class=\"id\" href=\"/leads/{}\">…{}</a></td><td data-l=\"{}\"><span>", P_QUERY(lead),
                 P_TEXT(span_skip(lead, lead.len > 6 ? lead.len - 6 : 0)), P_WORD(WORD_TRY_WAS));
        write_outcome(g, json_object_get(one, "before"));
        page_put(g, "</span></td><td data-l=\"{}\"><span>", P_WORD(WORD_TRY_BECOMES));
        write_outcome(g, json_object_get(one, "after"));
        page_html(g, "</span></td></tr>\n");
    }
    page_html(g, "</tbody></table>\n");
}

static void write_trial(struct campaign_page *p, const json_t *said)
{
    struct page *g = &p->s.g;
    const json_t *changes = json_object_get(said, "changes");
    page_put(g, "<section class=\"card\" role=\"status\" id=\"trial\">\n<h2>{}</h2>\n<p class=\"s\">{}</p>\n",
             P_SAY(WORD_TRY_TITLE, P_COUNT(ask_int(said, "leads"))), P_WORD(WORD_TRY_NOTHING));
    write_sides(p, said);
    if (ask_int(said, "unknown") > 0)
        page_put(g, "<p class=\"s\">{}</p>\n", P_SAY(WORD_TRY_UNKNOWN, P_COUNT(ask_int(said, "unknown"))));
    if (json_array_size(changes) == 0)
        page_put(g, "<p>{}</p>\n", P_WORD(WORD_TRY_SAME));
    else
        page_put(g, "<h3>{}</h3>\n", P_SAY(WORD_TRY_OTHER, P_COUNT((int64_t)json_array_size(changes))));
    if (json_array_size(changes) > 0)
        write_changes(p, changes);
    page_html(g, "</section>\n");
}

/* ---- the page ---- */

static void write_form(struct campaign_page *p)
{
    struct act_form f;
    const struct acting *sent = p->rq->acting;
    act_open(&f, &p->s, &save, SPAN(""), "rules");
    if (sent != NULL && sent->act == &attempt)
        f.refused = sent; /* what was typed stays, tried or refused */
    if (sent != NULL && sent->act == &attempt && sent->err != ERR_OK)
        act_refusal(&f);
    write_sections(p, &f);
}

static enum err rules_read(struct request *rq, struct reply *reply)
{
    struct campaign_page p;
    json_t *said = NULL;
    enum err err = campaign_page_begin(&p, rq, NULL, 0);
    if (err == ERR_OK && !campaign_is_ours(&p))
        err = problem(&rq->problem, ERR_FORBIDDEN, "", "a campaign is changed by its advertiser or the operator");
    if (err == ERR_OK && !span_empty(act_answer(rq, &attempt)))
        err = json_read(act_answer(rq, &attempt), &said, NULL) == ERR_OK ? ERR_OK : ERR_INTERNAL;
    if (err == ERR_OK) {
        campaign_page_open(&p, CAMPAIGN_RULES);
        page_html(&p.s.g, said != NULL ? "<div class=\"two wide\">\n" : "");
        write_form(&p);
        if (said != NULL)
            write_trial(&p, said);
        page_html(&p.s.g, said != NULL ? "</div>\n" : "");
        err = screen_reply(&p.s, reply, act_status(rq));
    }
    json_decref(said);
    campaign_page_end(&p);
    return err;
}

enum err campaign_rules_get(struct request *rq, struct reply *reply)
{
    return screen_enter(rq, reply, rules_read);
}

enum err campaign_rules_post(struct request *rq, struct reply *reply)
{
    struct form f;
    bool tries = form_read(rq, &f) == ERR_OK && span_is(form_value(&f, "do"), "try");
    return act_post(rq, reply, tries ? &attempt : &save, 1);
}
