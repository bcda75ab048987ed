/* What came in and was not taken, in words. */
#include "server/api/api.h"
#include "server/pages/activity.h"
#include "server/pages/pages.h"
#include "server/pages/pages_private.h"
#include "server/pages/refusal.h"
#include "server/pages/rows.h"

enum { PARTY = 0, AFTER, PARAMS };

void activity_tabs(struct screen *s, const char *here)
{
    static const struct {
        const char *address;
        enum word word;
    } tabs[] = {{"/refused", WORD_ACT_REFUSED}, {"/deliveries", WORD_ACT_OUT}};
    page_put(&s->g, "<div class=\"head\"><div><h1>{}</h1><p>{}</p></div></div>\n<nav class=\"tabs\" aria-label=\"{}\">",
             P_WORD(WORD_ACT_TITLE), P_WORD(WORD_ACT_WHAT), P_WORD(WORD_ACT_TITLE));
    for (size_t i = 0; i < sizeof tabs / sizeof *tabs; i++)
        page_put(&s->g, "<a href=\"{}\"{}>{}</a>", P_HTML(tabs[i].address),
                 P_HTML(strcmp(tabs[i].address, here) == 0 ? " aria-current=\"page\"" : ""), P_WORD(tabs[i].word));
    page_html(&s->g, "</nav>\n");
}

static void write_refusal(struct screen *s, const json_t *one)
{
    const struct span kid = ask_text(one, "kid");
    const struct secret *secret = catalog_secret(s->rq->catalog, kid);
    const struct party *p = secret != NULL ? secret->party : NULL;
    struct page *g = &s->g;
    page_put(g, "<tr><td class=\"nb\" data-l=\"{}\">{}</td><td class=\"hd\"><b>", P_WORD(WORD_LINE_RECEIVED),
             P_TIME(ask_time(one, "at")));
    refusal_detail(g, ask_text(one, "reason"));
    page_put(g, "</b></td><td data-l=\"{}\">", P_WORD(WORD_ACT_FIELD));
    if (!span_empty(ask_text(one, "field")))
        page_put(g, "<code>{}</code>", P_TEXT(ask_text(one, "field")));
    page_put(g, "</td><td data-l=\"{}\"><span>", P_WORD(WORD_ACT_SENDER));
    if (p != NULL && s->frame.seat == SEAT_OPERATOR)
        page_put(g, "<a href=\"/parties/{}\">{}</a> ", P_QUERY(span_str(p->id)), P_NAME(p->name));
    if (!span_empty(kid))
        page_put(g, "<code>{}</code>", P_TEXT(kid));
    else if (p == NULL)
        page_put(g, "{}", P_WORD(WORD_ACT_NOBODY));
    page_put(
        g,
        "</span></td><td class=\"n\" data-l=\"{}\">{}</td><td data-l=\"{}\"><span><code class=\"id\">{}</code><span "
        "class=\"why\">{}</span></span></td></tr>\n",
        P_WORD(WORD_ACT_ANSWER), P_INDEX(ask_int(one, "status")), P_WORD(WORD_ACT_REQUEST),
        P_TEXT(ask_text(one, "request_id")), P_TEXT(ask_text(one, "route")));
}

static void write_refusals(struct screen *s, const json_t *answer)
{
    const json_t *one;
    struct page *g = &s->g;
    size_t i;
    page_put(g,
             "<table class=\"cards\"><thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th><th "
             "scope=\"col\">{}</th><th scope=\"col\">{}</th><th scope=\"col\" class=\"n\">{}</th><th "
             "scope=\"col\">{}</th></tr></thead><tbody>\n",
             P_WORD(WORD_LINE_RECEIVED), P_WORD(WORD_ACT_WRONG), P_WORD(WORD_ACT_FIELD), P_WORD(WORD_ACT_SENDER),
             P_WORD(WORD_ACT_ANSWER), P_WORD(WORD_ACT_REQUEST));
    json_array_foreach(json_object_get(answer, "data"), i, one) write_refusal(s, one);
    page_html(g, "</tbody></table>\n");
}

static enum err refused_read(struct request *rq, struct reply *reply)
{
    struct screen s;
    struct param p[PARAMS] = {[PARTY] = {.name = "party"}, [AFTER] = {.name = "after"}};
    json_t *answer = NULL;
    enum err err = rows_listed(&s, rq, refused_list, p, PARAMS, &answer);
    if (err != ERR_OK)
        return err;
    screen_open(&s, WORD_ACT_TITLE, NULL, NULL);
    activity_tabs(&s, "/refused");
    page_html(&s.g, "<section class=\"card\">\n");
    if (json_array_size(json_object_get(answer, "data")) == 0)
        page_put(&s.g, "<div class=\"empty\"><h2>{}</h2><p>{}</p></div>\n", P_WORD(WORD_ACT_NO_REFUSAL),
                 P_WORD(WORD_ACT_NO_REFUSAL_WHAT));
    else
        write_refusals(&s, answer);
    if (json_object_get(answer, "next") != NULL)
        page_put(&s.g, "<p class=\"line\"><a class=\"b\" href=\"/refused?party={}&amp;after={}\">{}</a></p>\n",
                 P_QUERY(p[PARTY].value), P_QUERY(ask_text(answer, "next")), P_WORD(WORD_OLDER));
    page_html(&s.g, "</section>\n");
    json_decref(answer);
    return screen_reply(&s, reply, 200);
}

enum err refused_page_get(struct request *rq, struct reply *reply)
{
    return screen_enter(rq, reply, refused_read);
}
