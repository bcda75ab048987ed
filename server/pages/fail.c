/* Errors, for people. */
#include <stdlib.h>

#include "common/base/text.h"
#include "server/pages/form.h"
#include "server/pages/pages.h"
#include "server/pages/refusal.h"
#include "server/pages/screen.h"
#include "server/system/log.h"

struct told {
    enum word title, why; /* why WORDS: as the problem says it */
};

/* What the guard refuses comes with a status alone. */
static struct told told_of(enum err err, int status)
{
    static const struct {
        int status;
        struct told told;
    } rows[] = {{405, {WORD_ERROR_NONE, WORD_ERROR_METHOD_WHY}},
                {413, {WORD_ERROR_LARGE, WORD_ERROR_LARGE_WHY}},
                {414, {WORD_ERROR_LONG, WORD_ERROR_LONG_WHY}},
                {429, {WORD_ERROR_BUSY, WORD_ERROR_RATE_WHY}},
                {431, {WORD_ERROR_COOKIES, WORD_ERROR_COOKIES_WHY}}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (rows[i].status == status)
            return rows[i].told;
    if (err == ERR_NOT_FOUND || err == ERR_GONE)
        return (struct told){WORD_ERROR_NONE, WORD_ERROR_NONE_WHY};
    if (status >= 500)
        return (struct told){err == ERR_FULL   ? WORD_ERROR_FULL
                             : err == ERR_BUSY ? WORD_ERROR_BUSY
                                               : WORD_ERROR_OURS,
                             WORD_ERROR_OURS_WHY};
    return (struct told){err == ERR_FORBIDDEN || err == ERR_UNAUTHORIZED ? WORD_ERROR_NOT_YOURS : WORD_ERROR_REFUSED,
                         WORDS};
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

/* Rows to reconcile belong together: what a part of them lacks would be missing. */
static void write_large(struct page *g, const struct request *rq)
{
    struct span target = rq->target; /* the guard's refusals have no path */
    const struct span path = text_take(&target, '?');
    page_put(g, "<p>{}</p>\n",
             P_SAY(span_is(path, "/reconcile") ? WORD_RC_LARGE : WORD_ERROR_LARGE_WHY,
                   P_COUNT((int64_t)(form_most(rq, path) >> 10))));
}

static void write_why(struct page *g, const struct request *rq, enum word why, const struct problem *said)
{
    if (why == WORD_ERROR_LARGE_WHY)
        write_large(g, rq);
    else if (why != WORDS)
        page_put(g, "<p>{}</p>\n", P_WORD(why));
    if (why != WORDS)
        return;
    page_html(g, "<p>");
    refusal_said(g, span_str(said->field), span_str(said->detail));
    page_html(g, "</p>\n");
}

void pages_fail(struct request *rq, enum err err, struct reply *reply)
{
    struct problem said = rq->problem;
    struct screen s;
    char id[REQUEST_ID_LEN];
    const struct told told = told_of(err, reply_status(reply));
    if (accept_json_or_page(rq->accept) >= 0)
        return;
    request_id_write(rq->id, id);
    screen_plain(&s, rq);
    screen_open(&s, told.title, NULL, "slim");
    page_put(&s.g, "<div class=\"stack\">\n<h1>{}</h1>\n", P_WORD(told.title));
    write_why(&s.g, rq, told.why, &said);
    page_put(&s.g,
             "<p class=\"s\">{} <code class=\"id\">{}</code> <code>{}</code></p>\n<p class=\"line\"><a class=\"b one\" "
             "href=\"/\">{}</a></p>\n</div>\n",
             P_WORD(WORD_ERROR_ID), P_TEXT(span_of(id, sizeof id)),
             P_TEXT(span_str(err != ERR_OK ? err_word(err) : "")), P_WORD(WORD_ERROR_HOME));
    frame_close(&s.g, &s.frame);
    reply_body(rq, reply, "text/html; charset=utf-8", buf_span(&s.out));
    buf_free(&s.out);
    screen_headers(&s, reply);
}
