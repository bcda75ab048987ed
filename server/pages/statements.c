/* The statements that a party may see, and one of them, as its share link would show it. */
#include "server/pages/pages.h"
#include "server/pages/rows.h"
#include "server/settlement/settlement.h"

static enum err statements_read(struct request *rq, struct reply *reply)
{
    struct screen s;
    struct param p[] = {{.name = "after"}, {.name = "order", .value = SPAN("newest")}};
    json_t *answer = NULL;
    enum err err = screen_read(&s, rq, p, 1);
    if (err == ERR_OK)
        err = screen_zone(&s, screen_first_zone(rq));
    if (err == ERR_OK)
        err = rows_asked(rq, statements_list, p, 2, &answer);
    if (err != ERR_OK)
        return err;
    screen_open(&s, WORD_STATEMENTS_TITLE, "/statements", NULL);
    page_put(&s.g, "<div class=\"head\"><div><h1>{}</h1><p>{}</p></div></div>\n<section class=\"card\">\n",
             P_WORD(WORD_STATEMENTS_TITLE), P_WORD(WORD_STATEMENTS_WHAT));
    if (json_array_size(json_object_get(answer, "data")) == 0)
        page_put(&s.g, "<div class=\"empty\"><h2>{}</h2><p>{}</p></div>\n", P_WORD(WORD_NO_STATEMENT),
                 P_WORD(WORD_NO_STATEMENT_WHAT));
    else
        rows_statements(&s, json_object_get(answer, "data"));
    if (json_object_get(answer, "next") != NULL)
        page_put(&s.g, "<p class=\"line\"><a class=\"b\" href=\"/statements?after={}\">{}</a></p>\n",
                 P_QUERY(ask_text(answer, "next")), P_WORD(WORD_STATEMENTS_MORE));
    page_html(&s.g, "</section>\n");
    json_decref(answer);
    return screen_reply(&s, reply, 200);
}

enum err statements_page_get(struct request *rq, struct reply *reply)
{
    return screen_enter(rq, reply, statements_read);
}

/* A language that was chosen on another page holds here too. */
static enum err statement_read_page(struct request *rq, struct reply *reply)
{
    const struct span lang = session_cookie(rq, "lang");
    if (!span_empty(lang))
        rq->accept_language = lang;
    return statements_get(rq, reply);
}

enum err statement_page_get(struct request *rq, struct reply *reply)
{
    return screen_enter(rq, reply, statement_read_page);
}
