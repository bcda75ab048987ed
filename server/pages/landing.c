/* What an advertiser does to its landing page: the campaign's tag, whether it was seen, and which field of a form is
 * which of ours. */
#include "common/base/ascii.h"
#include "common/base/text.h"
#include "common/base/when.h"
#include "server/api/api.h"
#include "server/pages/campaign_page.h"
#include "server/pages/sign_in.h"
#include "server/reports/reports.h"

enum { FIELDS_MOST = 60, CODES_SHOWN = 20, ATTRIBUTE_MAX = 200, SEEN_DAYS = 2 };

static enum err landing_read(struct request *rq, struct reply *reply);

static const struct act_field code_fields[] = {{"label", "label", ACT_TEXT, true}, {NULL}};
static const struct act make_code = {.name = "code",
                                     .call = codes_create,
                                     .in = {"contract"},
                                     .fields = code_fields,
                                     .again = landing_read,
                                     .to = "/campaigns/{}/landing"};

/* ---- fields of a form, of HTML that somebody pasted ---- */

/* A control that has a name; spans of the text that was read. */
struct control {
    struct span name, type, hints; /* what it is called elsewhere: id, autocomplete, placeholder */
};

static bool is_name_end(char c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '>' || c == '/' || c == '=';
}

static struct span skip_blanks(struct span s)
{
    while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t' || s.ptr[0] == '\n' || s.ptr[0] == '\r' ||
                         s.ptr[0] == '\f' || s.ptr[0] == '/'))
        s = span_skip(s, 1);
    return s;
}

/* The value behind a `=`, quoted or not; s behind it. One whose quote does not end is taken to the end of the text. */
static struct span read_value(struct span *s)
{
    *s = skip_blanks(span_skip(*s, 1));
    size_t n = 0;
    if (s->len > 0 && (s->ptr[0] == '"' || s->ptr[0] == '\'')) {
        const char *end = memchr(s->ptr + 1, s->ptr[0], s->len - 1);
        n = end != NULL ? (size_t)(end - s->ptr) - 1 : s->len - 1;
        const struct span value = span_of(s->ptr + 1, n);
        *s = span_skip(*s, end != NULL ? n + 2 : s->len);
        return value;
    }
    while (n < s->len && (!is_name_end(s->ptr[n]) || s->ptr[n] == '/' || s->ptr[n] == '='))
        n++;
    const struct span value = span_of(s->ptr, n);
    *s = span_skip(*s, n);
    return value;
}

/* One attribute of a tag; false at its end. */
static bool next_attribute(struct span *s, struct span *name, struct span *value)
{
    size_t n = 0;
    *s = skip_blanks(*s);
    if (s->len == 0 || s->ptr[0] == '>')
        return false;
    while (n < s->len && (n == 0 || !is_name_end(s->ptr[n])))
        n++;
    *name = span_of(s->ptr, n);
    *value = SPAN("");
    *s = skip_blanks(span_skip(*s, n));
    if (s->len > 0 && s->ptr[0] == '=')
        *value = read_value(s);
    return true;
}

static void take_attributes(struct span *s, struct control *out)
{
    struct span name, value;
    while (next_attribute(s, &name, &value)) {
        if (value.len > ATTRIBUTE_MAX)
            continue;
        if (ascii_is(name, "name"))
            out->name = value;
        else if (ascii_is(name, "type"))
            out->type = value;
        else if (ascii_is(name, "autocomplete") || (ascii_is(name, "id") && span_empty(out->hints)))
            out->hints = value;
    }
}

static bool begins(struct span s, const char *word)
{
    const size_t n = strlen(word);
    return s.len > n && ascii_is(span_of(s.ptr, n), word) && is_name_end(s.ptr[n]);
}

/* Input, select and textarea that have a name, but for what no person fills in; comments are passed by. */
static size_t read_controls(struct span html, struct control *out, size_t most, bool *more)
{
    static const char *const tags[] = {"input", "select", "textarea"};
    size_t n = 0;
    const char *at;
    *more = false;
    while ((at = memchr(html.ptr, '<', html.len)) != NULL) {
        html = span_skip(html, (size_t)(at - html.ptr) + 1);
        if (span_starts(html, "!--")) {
            const char *end = memmem(html.ptr, html.len, "-->", 3);
            html = span_skip(html, end != NULL ? (size_t)(end - html.ptr) : html.len);
            continue;
        }
        for (size_t i = 0; i < sizeof tags / sizeof *tags; i++) {
            struct control c = {.type = span_str(i == 0 ? "text" : tags[i])};
            if (!begins(html, tags[i]))
                continue;
            html = span_skip(html, strlen(tags[i]));
            take_attributes(&html, &c);
            *more |= !span_empty(c.name) && n == most;
            if (!span_empty(c.name) && n < most)
                out[n++] = c;
            break;
        }
    }
    return n;
}

static bool has_word(struct span s, const char *word)
{
    const size_t n = strlen(word);
    for (size_t i = 0; i + n <= s.len; i++)
        if (ascii_is(span_of(s.ptr + i, n), word))
            return true;
    return false;
}

/* What it is called, in the languages that forms are written in, to ours; the first that fits. */
static const struct {
    const char *word, *ours;
} likely[] = {
    {"click_id", "click_id"}, {"clickid", "click_id"}, {"mail", "email"},        {"courriel", "email"},
    {"phone", "phone"},       {"tel", "phone"},        {"mobile", "phone"},      {"portable", "phone"},
    {"first", "first_name"},  {"given", "first_name"}, {"prenom", "first_name"}, {"vorname", "first_name"},
    {"last", "last_name"},    {"family", "last_name"}, {"surname", "last_name"}, {"nachname", "last_name"},
    {"country", "country"},   {"pays", "country"},     {"land", "country"},
};

/* Where a word begins: an "annonce" is no nonce. */
static bool begins_a_word(struct span s, const char *word)
{
    const size_t n = strlen(word);
    for (size_t i = 0; i + n <= s.len; i++)
        if (ascii_is(span_of(s.ptr + i, n), word) && (i == 0 || !ascii_is_alnum(s.ptr[i - 1])))
            return true;
    return false;
}

/* What proves to the page that the form is its own, or what is to pay with. */
static bool is_secret(const struct control *c)
{
    static const char *const anywhere[] = {"csrf",
                                           "xsrf",
                                           "captcha",
                                           "authenticity",
                                           "requestverification",
                                           "wpnonce",
                                           "middlewaretoken",
                                           "viewstate",
                                           "eventvalidation",
                                           "passw"};
    static const char *const begun[] = {"nonce", "token", "cvc", "cvv", "cc-"};
    for (size_t i = 0; i < sizeof anywhere / sizeof *anywhere; i++)
        if (has_word(c->name, anywhere[i]) || has_word(c->hints, anywhere[i]))
            return true;
    for (size_t i = 0; i < sizeof begun / sizeof *begun; i++)
        if (begins_a_word(c->name, begun[i]) || begins_a_word(c->hints, begun[i]))
            return true;
    return ascii_is(c->type, "password");
}

/* Why it has no place in a postback; WORDS: it has. */
static enum word left_out(const struct control *c)
{
    static const char *const types[] = {"submit", "button", "reset", "image"};
    if (is_secret(c))
        return WORD_LP_SECRET;
    if (ascii_is(c->type, "file"))
        return WORD_LP_FILE;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (ascii_is(c->type, types[i]))
            return WORD_LP_BUTTON;
    return WORDS;
}

/* NULL: it is one of the form's own, f_NAME. */
static const char *ours_of(const struct control *c)
{
    if (ascii_is(c->type, "email"))
        return "email";
    if (ascii_is(c->type, "tel"))
        return "phone";
    for (size_t i = 0; i < sizeof likely / sizeof *likely; i++)
        if (has_word(c->name, likely[i].word) || has_word(c->hints, likely[i].word))
            return likely[i].ours;
    return NULL;
}

static void write_ours(struct page *g, const struct control *c)
{
    const char *ours = ours_of(c);
    const enum word why = left_out(c);
    if (why != WORDS) {
        page_put(g, "<span class=\"s\">{}</span>", P_WORD(why));
        return;
    }
    page_put(g, "<code>{}", P_HTML(ours != NULL ? ours : "f_"));
    for (size_t i = 0; ours == NULL && i < c->name.len; i++) {
        const char one = c->name.ptr[i];
        page_put(g, "{}", P_TEXT(ascii_is_alnum(one) ? span_of(&c->name.ptr[i], 1) : SPAN("_")));
    }
    page_html(g, "</code>");
}

static void write_control(struct page *g, const struct control *c)
{
    page_put(g, "<tr><th scope=\"row\">{}</th><td data-l=\"{}\">{}</td><td data-l=\"{}\"><span>", P_NAME(c->name),
             P_WORD(WORD_LP_KIND), P_TEXT(c->type), P_WORD(WORD_LP_OURS));
    write_ours(g, c);
    page_html(g, "</span></td></tr>\n");
}

/* What is left out comes last. */
static void write_controls(struct campaign_page *p, const struct control *c, size_t n, bool more)
{
    struct page *g = &p->s.g;
    page_put(g,
             "<table class=\"cards\"><thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th><th "
             "scope=\"col\">{}</th></tr></thead><tbody>\n",
             P_WORD(WORD_LP_THEIRS), P_WORD(WORD_LP_KIND), P_WORD(WORD_LP_OURS));
    for (int left = 0; left < 2; left++)
        for (size_t i = 0; i < n; i++)
            if ((left_out(&c[i]) != WORDS) == left)
                write_control(g, &c[i]);
    page_html(g, "</tbody></table>\n");
    if (more)
        page_put(g, "<p class=\"s\">{}</p>\n", P_SAY(WORD_LP_TOO_MANY, P_COUNT(FIELDS_MOST)));
}

static void write_mapping(struct campaign_page *p, struct span html)
{
    struct control c[FIELDS_MOST];
    struct page *g = &p->s.g;
    bool more, clicked = false;
    const size_t n = read_controls(html, c, FIELDS_MOST, &more);
    const struct span param = ask_text(p->doc, "click_param");
    for (size_t i = 0; i < n; i++)
        clicked |= span_is(c[i].name, "click_id") || span_eq(c[i].name, param);
    page_html(g, "<div role=\"status\">\n");
    if (n == 0)
        page_put(g, "<p class=\"err\">{}</p>\n", P_WORD(WORD_LP_NO_FIELDS));
    else
        write_controls(p, c, n, more);
    if (n > 0 && clicked)
        page_put(g, "<p class=\"ok\">{}</p>\n", P_WORD(WORD_LP_HAS_CLICK));
    else if (n > 0)
        page_put(g,
                 "<p>{}</p>\n<div class=\"copy\"><pre id=\"click-field\">&lt;input type=\"hidden\" "
                 "name=\"click_id\"&gt;</pre><button class=\"b sm\" type=\"button\" data-copy=\"click-field\" "
                 "hidden>{}</button></div>\n",
                 P_WORD(WORD_LP_ADD_CLICK), P_WORD(WORD_COPY));
    page_html(g, "</div>\n");
}

static void write_mapper(struct campaign_page *p)
{
    struct page *g = &p->s.g;
    const struct form *sent = (const void *)p->rq->kept.ptr;
    const struct span html = sent != NULL ? form_value(sent, "html") : SPAN("");
    page_put(g,
             "<section class=\"card\">\n<h2>{}</h2>\n<p class=\"s\">{}</p>\n<form method=\"post\" "
             "action=\"/campaigns/{}/landing\">\n",
             P_WORD(WORD_LP_MAP), P_WORD(WORD_LP_MAP_WHAT), P_QUERY(ask_text(p->doc, "id")));
    frame_form_token(g, p->s.frame.form_token);
    page_put(
        g,
        "<input type=\"hidden\" name=\"act\" value=\"map\">\n<div class=\"f\"><label for=\"html\">{}</label><textarea "
        "id=\"html\" name=\"html\" rows=\"6\" spellcheck=\"false\">\n{}</textarea></div>\n<button "
        "class=\"b\">{}</button>\n</form>\n",
        P_WORD(WORD_LP_HTML), P_TEXT(html), P_WORD(WORD_LP_READ));
    if (!span_empty(html))
        write_mapping(p, html);
    page_html(g, "</section>\n");
}

/* ---- the tag ---- */

/* "2026-11-28T20:00+01:00", as reports name hours; 0: it is none. */
static int64_t hour_ms(const json_t *row)
{
    enum { MINUTE_LEN = sizeof "2026-11-28T20:00" - 1 };
    const struct span hour = ask_text(json_object_get(row, "key"), "hour");
    char mem[40];
    int64_t ms;
    if (hour.len < MINUTE_LEN || hour.len > sizeof mem - 8)
        return 0;
    snprintf(mem, sizeof mem, "%.*s:00%.*s", MINUTE_LEN, hour.ptr, (int)(hour.len - MINUTE_LEN), hour.ptr + MINUTE_LEN);
    return time_parse(span_str(mem), &ms) == ERR_OK ? ms : 0;
}

/* Views by hour, of what the server has counted: the last hour with any. */
static void write_seen(struct campaign_page *p)
{
    struct page *g = &p->s.g;
    struct buf query;
    json_t *report = NULL;
    const json_t *row, *last = NULL;
    int64_t views = 0;
    size_t i;
    arena_buf(p->rq->arena, &query, 128);
    buf_str(&query, "group=campaign,hour&from=");
    time_rfc3339(&query, p->rq->arrived_ms - SEEN_DAYS * MS_PER_DAY);
    query.len -= sizeof "T00:00:00.000Z" - 1;
    if (ask(p->rq, reports_get, SPAN(""), buf_span(&query), &report) != ERR_OK) {
        page_put(g, "<p class=\"wait\">{}</p>\n", P_WORD(WORD_LP_CANNOT_TELL));
        return;
    }
    json_array_foreach(json_object_get(report, "rows"), i, row)
    {
        if (!span_is(ask_text(json_object_get(row, "key"), "campaign"), p->c->id) || ask_int(row, "views") == 0)
            continue;
        views += ask_int(row, "views");
        if (last == NULL || hour_ms(last) < hour_ms(row))
            last = row;
    }
    if (last != NULL)
        page_put(g, "<p class=\"ok\">{} {}</p>\n",
                 P_SAY(WORD_LP_SEEN, P_TIME(hour_ms(last)), P_COUNT(ask_int(last, "views"))),
                 P_SAY(WORD_LP_SEEN_TOTAL, P_COUNT(views)));
    else
        page_put(g, "<p><b>{}</b> <span class=\"s\">{}</span></p>\n", P_WORD(WORD_LP_NOT_SEEN),
                 P_WORD(WORD_LP_NOT_SEEN_WHAT));
    json_decref(report);
}

static void write_new_code(struct campaign_page *p)
{
    struct act_form f;
    page_put(&p->s.g, "<p class=\"f\">{}</p>\n", P_WORD(WORD_LP_NO_CODE));
    act_open(&f, &p->s, &make_code, SPAN(""), "");
    act_hidden(&f, "contract", ask_text(p->doc, "direct_contract"));
    act_input(&f, "label", WORD_LP_LABEL, WORDS, SPAN("landing"), "maxlength=\"100\"");
    act_close(&f, WORD_LP_MAKE_CODE, "one");
}

static void write_tags(struct campaign_page *p, const json_t *codes)
{
    struct page *g = &p->s.g;
    const json_t *code;
    size_t i;
    page_put(g, "<section class=\"card\">\n<h2>{}</h2>\n<p class=\"s f\">{}</p>\n", P_WORD(WORD_LP_TAG),
             P_WORD(WORD_LP_TAG_WHAT));
    json_array_foreach(json_object_get(codes, "data"), i, code) if (!json_is_true(json_object_get(code, "off")))
        page_put(g,
                 "<p>{}</p><div class=\"copy\"><pre id=\"tag-{}\">{}</pre><button class=\"b sm\" type=\"button\" "
                 "data-copy=\"tag-{}\" hidden>{}</button></div>\n",
                 P_NAME(ask_text(code, "label")), P_INDEX((int64_t)i), P_TEXT(ask_text(code, "tag")),
                 P_INDEX((int64_t)i), P_WORD(WORD_COPY));
    if (json_array_size(json_object_get(codes, "data")) == 0)
        write_new_code(p);
    write_seen(p);
    page_html(g, "</section>\n");
}

/* ---- the page ---- */

static enum err landing_read(struct request *rq, struct reply *reply)
{
    struct campaign_page p;
    json_t *codes = NULL;
    char query[24];
    enum err err = campaign_page_begin(&p, rq, NULL, 0);
    snprintf(query, sizeof query, "limit=%d", CODES_SHOWN);
    if (err == ERR_OK && p.c->advertiser != rq->caller->who && rq->caller->role != ROLE_OPERATOR)
        err = problem(&rq->problem, ERR_FORBIDDEN, "", "this page is the advertiser's");
    if (err == ERR_OK)
        err = ask(rq, codes_list, ask_text(p.doc, "direct_contract"), span_str(query), &codes);
    if (err == ERR_OK) {
        campaign_page_open(&p, CAMPAIGN_LANDING);
        write_tags(&p, codes);
        write_mapper(&p);
        err = screen_reply(&p.s, reply, act_status(rq));
    }
    json_decref(codes);
    campaign_page_end(&p);
    return err;
}

enum err campaign_landing_get(struct request *rq, struct reply *reply)
{
    return screen_enter(rq, reply, landing_read);
}

/* What was pasted is read by the page alone: it is no call. */
enum err campaign_landing_post(struct request *rq, struct reply *reply)
{
    struct form *f = arena_alloc(rq->arena, sizeof *f);
    bool answered;
    if (form_read(rq, f) == ERR_OK && span_is(form_value(f, "act"), make_code.name))
        return act_post(rq, reply, &make_code, 1);
    enum err err = sign_in_form(rq, reply, f, &answered);
    if (err != ERR_OK || answered)
        return err;
    rq->kept = span_of((const char *)f, sizeof *f);
    return screen_enter(rq, reply, landing_read);
}
