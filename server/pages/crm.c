/* Where a campaign's leads are sent, and which name of the CRM's is which of ours. */
#include "common/base/json_read.h"
#include "common/base/text.h"
#include "server/api/api.h"
#include "server/pages/campaign_page.h"

enum { DELIVERIES = 10 };

static enum err crm_read_page(struct request *rq, struct reply *reply);

static const struct act_field set_fields[] = {
    {"recipe", "recipe", ACT_TEXT, true}, {"url", "url", ACT_TEXT, false}, {"token", "token", ACT_TEXT, false}, {NULL}};

/* Pairs, one a line. What has no `=` is a name without anything, which the call judges. */
static json_t *pairs_of(struct span text)
{
    json_t *pairs = json_object();
    while (text.len > 0) {
        const char *end = memchr(text.ptr, '\n', text.len);
        const struct span line = text_strip(span_of(text.ptr, end != NULL ? (size_t)(end - text.ptr) : text.len));
        const char *equals = memchr(line.ptr, '=', line.len);
        const size_t n = equals != NULL ? (size_t)(equals - line.ptr) : line.len;
        const struct span name = text_strip(span_of(line.ptr, n));
        const struct span value = text_strip(span_skip(line, equals != NULL ? n + 1 : n));
        if (!span_empty(line))
            json_object_setn_new(pairs, name.ptr, name.len, json_stringn(value.ptr, value.len));
        text = span_skip(text, end != NULL ? (size_t)(end - text.ptr) + 1 : text.len);
    }
    return pairs;
}

static const struct {
    const char *name;
    enum word label, hint;
} maps[] = {{"fields", WORD_CR_FIELDS, WORD_CR_FIELDS_H},
            {"fixed", WORD_CR_FIXED, WORDS},
            {"columns", WORD_CR_COLUMNS, WORD_CR_COLUMNS_H},
            {"statuses", WORD_CR_STATUSES, WORD_CR_STATUSES_H}};

static void add_pairs(const struct form *f, json_t *body)
{
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++) {
        json_t *pairs = pairs_of(form_value(f, maps[i].name));
        if (json_object_size(pairs) > 0)
            json_object_set(body, maps[i].name, pairs);
        json_decref(pairs);
    }
}

static const struct act acts[] = {
    {.name = "crm",
     .call = crm_put,
     .in = {ACT_PATH},
     .fields = set_fields,
     .more = add_pairs,
     .again = crm_read_page,
     .to = "/campaigns/{}/crm"},
    {.name = "off", .call = crm_delete, .in = {ACT_PATH}, .again = crm_read_page, .to = "/campaigns/{}/crm"},
    {.name = "test", .call = crm_test, .in = {ACT_PATH}, .again = crm_read_page, .show = crm_read_page}};

static struct span pairs_text(struct request *rq, const json_t *pairs)
{
    struct buf text;
    const char *name;
    json_t *value;
    buf_heap(&text);
    json_object_foreach((json_t *)pairs, name, value)
    {
        buf_str(&text, text.len > 0 ? "\n" : "");
        buf_str(&text, name);
        buf_str(&text, " = ");
        if (json_is_string(value))
            buf_add(&text, json_string_value(value), json_string_length(value));
        else if (json_is_integer(value))
            buf_i64(&text, json_integer_value(value));
        else if (json_is_boolean(value))
            buf_str(&text, json_is_true(value) ? "true" : "false");
    }
    const struct span kept = arena_copy(rq->arena, buf_span(&text));
    buf_free(&text);
    return kept;
}

static void write_form(struct campaign_page *p, const json_t *crm)
{
    static const char *const recipes[] = {
        "json",          "form", "hubspot_contact", "hubspot_form", "salesforce_web_to_lead", "pipedrive_person",
        "pipedrive_lead"};
    struct act_option options[sizeof recipes / sizeof *recipes];
    struct act_form f;
    for (size_t i = 0; i < sizeof recipes / sizeof *recipes; i++)
        options[i] = (struct act_option){span_str(recipes[i]), span_str(recipes[i])};
    act_open(&f, &p->s, &acts[0], SPAN(""), "card");
    page_html(&p->s.g, "<div class=\"grid\">\n");
    act_choice(&f, "recipe", WORD_CR_RECIPE, WORDS, ask_text(crm, "recipe"), options, sizeof recipes / sizeof *recipes);
    act_input(&f, "url", WORD_CR_URL, WORD_CR_URL_H, ask_text(crm, "url"), "type=\"url\"");
    act_input(&f, "token", WORD_CR_TOKEN, WORD_CR_TOKEN_H, SPAN(""), "type=\"password\" autocomplete=\"off\"");
    for (size_t i = 0; i < sizeof maps / sizeof *maps; i++)
        act_area(&f, maps[i].name, maps[i].label, maps[i].hint, pairs_text(p->rq, json_object_get(crm, maps[i].name)),
                 "rows=\"4\" spellcheck=\"false\"");
    page_html(&p->s.g, "</div>\n");
    act_close(&f, WORD_CR_SET, "one");
}

static void write_state(struct campaign_page *p, const json_t *crm)
{
    struct page *g = &p->s.g;
    struct act_form f;
    const bool set = json_object_get(crm, "recipe") != NULL;
    const struct span tested = act_answer(p->rq, &acts[2]);
    json_t *said = NULL;
    page_html(g, "<section class=\"card stack\">\n");
    if (!set)
        page_put(g, "<p>{}</p>\n", P_WORD(WORD_CR_NONE));
    else
        page_put(g, "<p>{} <b>{}</b><br><span class=\"id\">{}</span></p>\n", P_WORD(WORD_CR_GOES),
                 P_TEXT(ask_text(crm, "recipe")), P_TEXT(ask_text(crm, "target")));
    if (ask_time(crm, "disabled_at") != 0)
        page_put(g, "<p class=\"err\">{}</p>\n", P_SAY(WORD_CR_DISABLED, P_TIME(ask_time(crm, "disabled_at"))));
    if (!span_empty(tested) && json_read(tested, &said, NULL) == ERR_OK)
        page_put(g, "<div class=\"note ok\" role=\"status\">{}</div>\n",
                 P_SAY(WORD_CR_TESTED, P_TEXT(ask_text(said, "id"))));
    json_decref(said);
    for (int i = 2; set && i > 0; i--) {
        act_open(&f, &p->s, &acts[i], SPAN(""), "");
        act_close(&f, i == 2 ? WORD_CR_TEST : WORD_CR_OFF, i == 2 ? "" : "no");
    }
    page_html(g, "</section>\n");
}

static void write_deliveries(struct campaign_page *p, const json_t *crm, const json_t *deliveries)
{
    struct page *g = &p->s.g;
    const json_t *one;
    size_t i, n = 0;
    page_put(g, "<section class=\"card\">\n<h2>{}</h2>\n<ul class=\"stack\">\n", P_WORD(WORD_CR_LAST));
    json_array_foreach(json_object_get(deliveries, "data"), i, one)
    {
        const json_t *attempts = json_object_get(one, "attempts");
        const json_t *last = json_array_get(attempts, json_array_size(attempts) - (json_array_size(attempts) > 0));
        if (!span_eq(ask_text(one, "target"), ask_text(crm, "target")) || n == DELIVERIES)
            continue;
        n++;
        page_put(g, "<li><code class=\"id\">{}</code><br><b>{}</b> <span class=\"s\">{}</span>",
                 P_TEXT(ask_text(one, "id")), P_TEXT(ask_text(one, "state")), P_TEXT(ask_text(one, "event")));
        if (last != NULL)
            page_put(g, " <span class=\"s\">{} · {} {}</span>", P_TIME(ask_time(last, "at")),
                     P_INDEX(ask_int(last, "status")), P_TEXT(ask_text(last, "error")));
        page_html(g, "</li>\n");
    }
    page_html(g, "</ul>\n");
    if (n == 0)
        page_put(g, "<p class=\"s\">{}</p>\n", P_WORD(WORD_CR_LAST_NONE));
    page_html(g, "</section>\n");
}

static enum err crm_read_page(struct request *rq, struct reply *reply)
{
    struct campaign_page p;
    json_t *crm = NULL, *deliveries = NULL;
    enum err err = campaign_page_begin(&p, rq, NULL, 0);
    if (err == ERR_OK)
        err = ask(rq, crm_get, rq->param[0], SPAN(""), &crm);
    if (err == ERR_OK)
        err = ask(rq, deliveries_list, SPAN(""), SPAN("limit=100"), &deliveries);
    if (err == ERR_OK) {
        campaign_page_open(&p, CAMPAIGN_CRM);
        page_html(&p.s.g, "<div class=\"two\">\n");
        write_form(&p, crm);
        page_html(&p.s.g, "<aside class=\"stack\">\n");
        write_state(&p, crm);
        write_deliveries(&p, crm, deliveries);
        page_html(&p.s.g, "</aside>\n</div>\n");
        err = screen_reply(&p.s, reply, act_status(rq));
    }
    json_decref(crm);
    json_decref(deliveries);
    campaign_page_end(&p);
    return err;
}

enum err campaign_crm_get(struct request *rq, struct reply *reply)
{
    return screen_enter(rq, reply, crm_read_page);
}

enum err campaign_crm_post(struct request *rq, struct reply *reply)
{
    return act_post(rq, reply, acts, sizeof acts / sizeof *acts);
}
