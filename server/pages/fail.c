/* Errors, for people. */
#include <stdlib.h>

#include "server/pages/pages.h"
#include "server/pages/screen.h"
#include "server/system/log.h"

static enum word title_of(enum err err)
{
    return err == ERR_NOT_FOUND || err == ERR_GONE           ? WORD_ERROR_NONE
           : err == ERR_RATE || err == ERR_BUSY              ? WORD_ERROR_BUSY
           : err == ERR_FULL                                 ? WORD_ERROR_FULL
           : err_status(err) >= 500                          ? WORD_ERROR_OURS
           : err == ERR_FORBIDDEN || err == ERR_UNAUTHORIZED ? WORD_ERROR_NOT_YOURS
                                                             : WORD_ERROR_REFUSED;
}

static enum word why_of(enum err err)
{
    return err == ERR_NOT_FOUND || err == ERR_GONE ? WORD_ERROR_NONE_WHY
           : err_status(err) >= 500                ? WORD_ERROR_OURS_WHY
                                                   : WORDS;
}

/* The query may be what is wrong: it is asked nothing more. */
static void screen_plain(struct screen *s, struct request *rq)
{
    struct span query = rq->query;
    rq->query = SPAN("");
    if (screen_read(s, rq, NULL, 0) != ERR_OK)
        abort(); /* of no query nothing is wrong */
    rq->query = query;
}

static void write_fault(struct page *g, const struct problem *said)
{
    page_html(g, "<p>");
    if (said->field[0] != '\0')
        page_put(g, "<code>{}</code> ", P_TEXT(span_str(said->field)));
    page_put(g, "<span lang=\"en\">{}</span></p>\n", P_TEXT(span_str(said->detail)));
}

void pages_fail(struct request *rq, enum err err, struct reply *reply)
{
    struct problem said = rq->problem;
    struct screen s;
    char id[REQUEST_ID_LEN];
    if (accept_json_or_page(rq->accept) >= 0)
        return;
    request_id_write(rq->id, id);
    screen_plain(&s, rq);
    screen_open(&s, title_of(err), NULL, "slim");
    page_put(&s.g, "<div class=\"stack\">\n<h1>{}</h1>\n", P_WORD(title_of(err)));
    if (why_of(err) != WORDS)
        page_put(&s.g, "<p>{}</p>\n", P_WORD(why_of(err)));
    else
        write_fault(&s.g, &said);
    page_put(&s.g,
             "<p class=\"s\">{} <code class=\"id\">{}</code> <code>{}</code></p>\n<p class=\"line\"><a class=\"b one\" "
             "href=\"/\">{}</a></p>\n</div>\n",
             P_WORD(WORD_ERROR_ID), P_TEXT(span_of(id, sizeof id)), P_TEXT(span_str(err_word(err))),
             P_WORD(WORD_ERROR_HOME));
    frame_close(&s.g, &s.frame);
    reply_body(rq, reply, "text/html; charset=utf-8", buf_span(&s.out));
    buf_free(&s.out);
    screen_headers(&s, reply);
}
