/* All parties, found by name, and the form that makes one. */
#include "common/base/query.h"
#include "server/api/api.h"
#include "server/pages/act.h"
#include "server/pages/pages_private.h"
#include "server/pages/shown.h"

enum { MOST = 20000, SHOWN = 200, NAME_MAX_LEN = 512 };

static enum err parties_read(struct request *rq, struct reply *reply);

static const struct act_field fields[] = {{"name", "name", ACT_TEXT}, {"kind", "kind", ACT_TEXT}, {NULL}};
static const struct act make = {"party", parties_create, .fields = fields, .again = parties_read, .show = shown_read};

struct parties {
    struct request *rq;
    struct screen s;
    struct param q;
    json_t *found; /* a list */
};

static void lower(struct span in, char *out, size_t room)
{
    size_t n = in.len < room ? in.len : room - 1;
    for (size_t i = 0; i < n; i++)
        out[i] = in.ptr[i] >= 'A' && in.ptr[i] <= 'Z' ? (char)(in.ptr[i] + 'a' - 'A') : in.ptr[i];
    out[n] = '\0';
}

static bool is_wanted(const struct parties *p, const json_t *one)
{
    char wanted[NAME_MAX_LEN], name[NAME_MAX_LEN];
    lower(p->q.value, wanted, sizeof wanted);
    lower(ask_text(one, "name"), name, sizeof name);
    return strstr(name, wanted) != NULL || span_eq(ask_text(one, "id"), p->q.value);
}

static enum err gather(struct parties *p)
{
    json_t *all = NULL, *one;
    size_t i;
    enum err err = ask_all(p->rq, parties_list, SPAN(""), "", MOST, &all);
    p->found = json_array();
    json_array_foreach(all, i, one) if (json_array_size(p->found) < SHOWN && is_wanted(p, one))
        json_array_append(p->found, one);
    json_decref(all);
    return err;
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

static void write_list(struct parties *p)
{
    const json_t *one;
    struct page *g = &p->s.g;
    size_t i;
    page_put(g,
             "<form class=\"filters\" action=\"/parties\"><label>{}<input name=\"q\" value=\"{}\"></label><button "
             "class=\"b\">{}</button></form>\n<section class=\"card\">\n",
             P_WORD(WORD_PARTY_FIND), P_TEXT(p->q.value), P_WORD(WORD_FILTER_SHOW));
    if (json_array_size(p->found) == 0)
        page_put(g, "<div class=\"empty\"><h2>{}</h2><p><a href=\"/parties\">{}</a></p></div>\n</section>\n",
                 P_WORD(WORD_PARTY_NONE), P_WORD(WORD_CLEAR_FILTERS));
    if (json_array_size(p->found) == 0)
        return;
    page_put(g,
             "<table class=\"cards\"><thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th><th "
             "scope=\"col\">{}</th><th scope=\"col\">{}</th><th scope=\"col\">{}</th></tr></thead><tbody>\n",
             P_WORD(WORD_PARTY_NAME), P_WORD(WORD_PARTY_KIND), P_WORD(WORD_PARTY_HAS_KEY), P_WORD(WORD_SET_LEGAL),
             P_WORD(WORD_PARTY_STATE));
    json_array_foreach(p->found, i, one) write_party(p, one);
    page_html(g, "</tbody></table>\n</section>\n");
}

static void write_make(struct parties *p)
{
    static const char *const kinds[] = {"publisher", "advertiser", "auditor", "operator"};
    enum { KINDS = sizeof kinds / sizeof *kinds };
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
    struct parties p = {.rq = rq, .q = {.name = "q"}};
    enum err err = screen_read(&p.s, rq, &p.q, 1);
    if (err == ERR_OK)
        err = screen_zone(&p.s, screen_first_zone(rq));
    if (err == ERR_OK)
        err = gather(&p);
    if (err == ERR_OK) {
        screen_open(&p.s, WORD_OP_PARTIES, "/parties", NULL);
        page_put(&p.s.g, "<div class=\"head\"><h1>{}</h1></div>\n", P_WORD(WORD_OP_PARTIES));
        write_list(&p);
        if (p.s.frame.seat == SEAT_OPERATOR)
            write_make(&p);
        err = screen_reply(&p.s, reply, act_status(rq));
    }
    json_decref(p.found);
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
