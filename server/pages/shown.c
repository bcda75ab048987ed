#include "server/pages/shown.h"

#include "common/base/json_read.h"
#include "common/base/query.h"
#include "server/pages/act.h"

static const struct {
    enum word word;
    const char *member;
} rows[] = {
    {WORD_SET_INVITE_LINK, "invite_url"},
    {WORD_INVITE_PARTY, "party"},
    {WORD_INVITE_TOKEN, "token"},
    {WORD_INVITE_KID, "kid"},
    {WORD_INVITE_SECRET, "postback_secret"},
};
enum { ROWS = sizeof rows / sizeof *rows };

void shown_copy(struct screen *s, const char *id, struct span text)
{
    page_put(&s->g,
             "<div class=\"copy\"><pre class=\"id\" id=\"{}\">{}</pre><button class=\"b sm\" type=\"button\" "
             "data-copy=\"{}\" hidden>{}</button></div>\n",
             P_TEXT(span_str(id)), P_TEXT(text), P_TEXT(span_str(id)), P_WORD(WORD_COPY));
}

/* A file that needs no further request, which could not be answered. */
static void write_file(struct screen *s, const json_t *answer)
{
    struct buf text;
    buf_heap(&text);
    for (size_t i = 0; i < ROWS; i++) {
        const struct span value = ask_text(answer, rows[i].member);
        if (span_empty(value))
            continue;
        buf_str(&text, rows[i].member);
        buf_str(&text, "=");
        buf_span_add(&text, value);
        buf_byte(&text, '\n');
    }
    page_put(&s->g, "<a class=\"b\" download=\"countersign.txt\" href=\"data:text/plain;charset=utf-8,{}\">{}</a>\n",
             P_QUERY(buf_span(&text)), P_WORD(WORD_SHOWN_FILE));
    buf_free(&text);
}

void shown_secrets(struct screen *s, const json_t *answer)
{
    for (size_t i = 0; i < ROWS; i++) {
        const struct span value = ask_text(answer, rows[i].member);
        if (span_empty(value))
            continue;
        page_put(&s->g, "<div class=\"f\"><b>{}</b>", P_WORD(rows[i].word));
        shown_copy(s, rows[i].member, value);
        page_html(&s->g, "</div>\n");
    }
    page_html(&s->g, "<div class=\"line\">");
    write_file(s, answer);
    page_html(&s->g, "</div>\n");
}

enum err shown_read(struct request *rq, struct reply *reply)
{
    struct screen s;
    json_t *answer = NULL;
    enum err err = screen_read(&s, rq, NULL, 0);
    if (err == ERR_OK && json_read(rq->acting->answer, &answer, NULL) != ERR_OK)
        err = ERR_INTERNAL;
    if (err != ERR_OK)
        return err;
    screen_open(&s, WORD_INVITE_KEEP, NULL, "narrow");
    page_put(&s.g,
             "<div class=\"head\"><h1>{}</h1></div>\n<section class=\"card\">\n<div class=\"note wait\" "
             "role=\"status\"><b>{}</b></div>\n",
             P_WORD(WORD_INVITE_KEEP), P_WORD(WORD_SHOWN_WHAT));
    shown_secrets(&s, answer);
    page_put(&s.g, "</section>\n<p class=\"line\"><a class=\"b one\" href=\"{}\">{}</a></p>\n", P_TEXT(rq->path),
             P_WORD(WORD_SHOWN_BACK));
    json_decref(answer);
    return screen_reply(&s, reply, rq->acting->status);
}
