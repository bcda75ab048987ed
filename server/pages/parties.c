/* All parties, found by name, and the form that makes one. */
#include "server/api/api.h"
#include "server/pages/act.h"
#include "server/pages/pages_private.h"
#include "server/pages/rows.h"
#include "server/pages/shown.h"

static enum err parties_read(struct request *rq, struct reply *reply);

static const struct act_field fields[] = {{"name", "name", ACT_TEXT}, {"kind", "kind", ACT_TEXT}, {NULL}};
static const struct act make = {"party", parties_create, .fields = fields, .again = parties_read, .show = shown_read};

struct parties {
    struct request *rq;
    struct screen s;
    struct param p[4]; /* name, kind, after, and the order, which is no question */
    json_t *answer;
};
enum { NAME, KIND, AFTER, ORDER, PARAMS };
static const char *const kinds[] = {"publisher", "advertiser", "auditor", "operator"};
enum { KINDS = sizeof kinds / sizeof *kinds };

static enum err gather(struct parties *p)
{
    p->p[ORDER] = (struct param){"order", SPAN("newest"), true};
    return rows_asked(p->rq, parties_list, p->p, PARAMS, &p->answer);
}

static void write_party(struct parties *p, const json_t *one)
{
    struct page *g = &p->s.g;
    const struct span kind = ask_text(one, "kind");
    const bool signs = span_is(kind, "publisher") || span_is(kind, "advertiser");
    bool locked = json_object_get(one, "locked_at") != NULL, key = json_object_get(one, "key") != NULL;
    page_put(g,
             "<tr><th scope=\"row\"><a href=\"/parties/{}\">{}</a><span class=\"why\"><code>{}</code></span></th><td "
             "data-l=\"{}\">{}</td><td data-l=\"{}\">{}</td><td data-l=\"{}\">",
             P_QUERY(ask_text(one, "id")), P_NAME(ask_text(one, "name")), P_TEXT(ask_text(one, "id")),
             P_WORD(WORD_PARTY_KIND), P_WORD(kind_word(kind)), P_WORD(WORD_PARTY_HAS_KEY),
             key || signs ? P_WORD(key ? WORD_YES : WORD_NO) : P_HTML("–"), P_WORD(WORD_SET_LEGAL));
    if (json_object_get(one, "legal") != NULL)
        page_put(g, "{}", P_NAME(ask_text(json_object_get(one, "legal"), "name")));
    else
        page_put(g, "<span class=\"s\">{}</span>", signs ? P_WORD(WORD_PARTY_LEGAL_MISSING) : P_HTML("–"));
    page_put(g, "</td><td class=\"hd\"><span class=\"st {}\">{}</span></td></tr>\n",
             P_HTML(locked ? "rejected" : "approved"), P_WORD(locked ? WORD_PARTY_LOCKED : WORD_PARTY_ACTIVE));
}

static void write_filters(struct parties *p)
{
    struct page *g = &p->s.g;
    page_put(g,
             "<form class=\"filters\" action=\"/parties\"><label>{}<input name=\"name\" value=\"{}\"></label><label>{}"
             "<select name=\"kind\"><option value=\"\">{}</option>",
             P_WORD(WORD_PARTY_FIND), P_TEXT(p->p[NAME].value), P_WORD(WORD_PARTY_KIND), P_WORD(WORD_FILTER_ALL));
    for (size_t i = 0; i < KINDS; i++)
        page_put(g, "<option value=\"{}\"{}>{}</option>", P_HTML(kinds[i]),
                 P_HTML(span_is(p->p[KIND].value, kinds[i]) ? " selected" : ""), P_WORD(kind_word(span_str(kinds[i]))));
    page_put(g, "</select></label><button class=\"b\">{}</button></form>\n", P_WORD(WORD_FILTER_SHOW));
}

static void write_list(struct parties *p)
{
    const json_t *list = json_object_get(p->answer, "data"), *one;
    struct page *g = &p->s.g;
    size_t i;
    page_html(g, "<section class=\"card\">\n");
    if (json_array_size(list) == 0)
        page_put(g, "<div class=\"empty\"><h2>{}</h2><p><a href=\"/parties\">{}</a></p></div>\n",
                 P_WORD(WORD_PARTY_NONE), P_WORD(WORD_CLEAR_FILTERS));
    else
        page_put(g,
                 "<table class=\"cards\"><thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th><th "
                 "scope=\"col\">{}</th><th scope=\"col\">{}</th><th scope=\"col\">{}</th></tr></thead><tbody>\n",
                 P_WORD(WORD_PARTY_NAME), P_WORD(WORD_PARTY_KIND), P_WORD(WORD_PARTY_HAS_KEY), P_WORD(WORD_SET_LEGAL),
                 P_WORD(WORD_PARTY_STATE));
    json_array_foreach(list, i, one) write_party(p, one);
    page_html(g, json_array_size(list) > 0 ? "</tbody></table>\n" : "");
    rows_next(&p->s, "/parties", p->p, ORDER, p->answer, WORD_OLDER);
    page_html(g, "</section>\n");
}

static void write_make(struct parties *p)
{
    struct act_option options[KINDS];
    struct act_form f;
    for (size_t i = 0; i < KINDS; i++)
        options[i] = (struct act_option){span_str(kinds[i]),
                                         span_str(word_text(p->s.g.language, kind_word(span_str(kinds[i]))))};
    page_put(&p->s.g, "<section class=\"card\">\n<h2>{}</h2>\n<p class=\"s f\">{}</p>\n", P_WORD(WORD_PARTY_NEW),
             P_WORD(WORD_PARTY_NEW_WHAT));
    act_open(&f, &p->s, &make, SPAN(""), "");
    page_html(&p->s.g, "<div class=\"grid\">\n");
    act_input(&f, "name", WORD_SET_NAME, WORDS, SPAN(""), "required");
    act_choice(&f, "kind", WORD_PARTY_KIND, WORDS, SPAN("publisher"), options, KINDS);
    page_html(&p->s.g, "</div>\n");
    act_close(&f, WORD_PARTY_MAKE, "one");
    page_html(&p->s.g, "</section>\n");
}

static enum err parties_read(struct request *rq, struct reply *reply)
{
    struct parties p = {.rq = rq, .p = {{.name = "name"}, {.name = "kind"}, {.name = "after"}}};
    enum err err = screen_read(&p.s, rq, p.p, ORDER);
    if (err == ERR_OK)
        err = screen_zone(&p.s, screen_first_zone(rq));
    if (err == ERR_OK)
        err = gather(&p);
    if (err == ERR_OK) {
        screen_open(&p.s, WORD_OP_PARTIES, "/parties", NULL);
        page_put(&p.s.g, "<div class=\"head\"><h1>{}</h1></div>\n", P_WORD(WORD_OP_PARTIES));
        write_filters(&p);
        write_list(&p);
        if (p.s.frame.seat == SEAT_OPERATOR)
            write_make(&p);
        err = screen_reply(&p.s, reply, act_status(rq));
    }
    json_decref(p.answer);
    return err;
}

enum err parties_page_get(struct request *rq, struct reply *reply)
{
    return screen_enter(rq, reply, parties_read);
}

enum err parties_page_post(struct request *rq, struct reply *reply)
{
    return act_post(rq, reply, &make, 1);
}
