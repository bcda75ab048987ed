/* The first page of whoever is not signed in: what this server is, and what it shows anybody. */
#include "server/pages/pages_private.h"

static const struct {
    const char *path;
    enum word what;
} shown[] = {{"/log/checkpoint", WORD_FRONT_CHECKPOINT},
             {"/log/keys", WORD_FRONT_LOG_KEYS},
             {"/.well-known/jwks.json", WORD_FRONT_KEYS},
             {"/openapi.json", WORD_FRONT_OPENAPI},
             {"/t.js", WORD_FRONT_TAG}};

enum err front_get(struct request *rq, struct reply *reply)
{
    struct screen s;
    enum err err = screen_read(&s, rq, NULL, 0);
    if (err != ERR_OK)
        return err;
    s.frame.seat = SEAT_NOBODY;
    screen_open(&s, WORD_FRONT, NULL, "narrow");
    page_put(&s.g,
             "<div class=\"stack\">\n<h1>{}</h1>\n<p>{}</p>\n<p class=\"line\"><a class=\"b one\" "
             "href=\"/sign-in\">{}</a><a class=\"b\" href=\"/verify\">{}</a></p>\n</div>\n<section "
             "class=\"card\">\n<h2>{}</h2>\n<table class=\"fit\"><tbody>\n",
             P_WORD(WORD_FRONT), P_SAY(WORD_SIGN_IN_WHAT, P_TEXT(span_str(rq->worker->server->instance.host))),
             P_WORD(WORD_SIGN_IN), P_WORD(WORD_FRONT_VERIFY), P_WORD(WORD_FRONT_SHOWN));
    for (size_t i = 0; i < sizeof shown / sizeof *shown; i++)
        page_put(&s.g, "<tr><td><a href=\"{}\"><code>{}</code></a></td><td>{}</td></tr>\n", P_HTML(shown[i].path),
                 P_HTML(shown[i].path), P_WORD(shown[i].what));
    page_put(
        &s.g,
        "</tbody></table>\n</section>\n<section class=\"card\">\n<h2>{}</h2>\n<p class=\"s "
        "f\">{}</p>\n<pre>countersign pull {} DIR --contract ID --token T\ncountersign verify DIR</pre>\n</section>\n",
        P_WORD(WORD_FRONT_AUDIT), P_WORD(WORD_FRONT_AUDIT_WHAT),
        P_TEXT(span_str(rq->worker->server->instance.public_url)));
    reply_header(reply, "Vary", SPAN("Cookie"));
    return screen_reply(&s, reply, 200);
}
