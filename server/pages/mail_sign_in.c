/* Signing in by a link in an e-mail, to the address that a party gave for notices. The answer is the same whoever's the
 * address is; the link opens once, within 15 minutes, what the API token opens by which the notices were asked for. */
#include "server/pages/mail_sign_in.h"

#include "server/pages/form.h"
#include "server/pages/pages.h"
#include "server/system/address.h"
#include "server/worker/mail_links.h"

static enum err screen_begin(struct screen *s, struct request *rq)
{
    enum err err = screen_read(s, rq, NULL, 0);
    s->frame.seat = SEAT_NOBODY;
    return err;
}

static void write_note(struct screen *s, enum word title, enum word text, const char *class)
{
    screen_open(s, title, NULL, "slim");
    page_put(&s->g,
             "<div class=\"stack\">\n<h1>{}</h1>\n<div class=\"note {}\" role=\"status\">{}</div>\n<p><a "
             "href=\"/sign-in\">{}</a></p>\n</div>\n",
             P_WORD(title), P_HTML(class), P_WORD(text), P_WORD(WORD_SIGN_IN));
}

void mail_sign_in_write(struct screen *s)
{
    if (s->rq->worker->server->mail_links == NULL)
        return;
    page_put(
        &s->g,
        "<form class=\"card\" action=\"/sign-in/link\" method=\"post\">\n<div class=\"f\"><label "
        "for=\"email\">{}</label><input type=\"email\" name=\"email\" id=\"email\" autocomplete=\"email\" required "
        "aria-describedby=\"email-h\"><span class=\"s\" id=\"email-h\">{}</span></div>\n<button "
        "class=\"b\">{}</button>\n</form>\n",
        P_WORD(WORD_SET_EMAIL), P_WORD(WORD_LINK_HINT), P_WORD(WORD_LINK_SEND));
}

/* ---- asking for one ---- */

static uint64_t address_of(const struct request *rq)
{
    address ip;
    return address_read(span_str(rq->ip), &ip) ? address_subscriber(ip) : 0;
}

enum err mail_sign_in_ask(struct request *rq, struct reply *reply)
{
    struct screen s;
    struct form f;
    struct mail_links *links = rq->worker->server->mail_links;
    enum err err;
    if (links == NULL)
        return ERR_NOT_FOUND;
    if ((err = form_origin(rq)) != ERR_OK || (err = form_read(rq, &f)) != ERR_OK ||
        (err = screen_begin(&s, rq)) != ERR_OK)
        return err;
    const struct span email = form_value(&f, "email");
    if (!mail_address_ok(email))
        return problem(&rq->problem, ERR_INVALID, "email", "must be an e-mail address such as name@example.com");
    if (!mail_links_ask(links, email, s.g.language, address_of(rq)))
        return problem(&rq->problem, ERR_RATE, "", "too many ask for a link just now: try again in a minute");
    s.frame.path = SPAN("/sign-in");
    write_note(&s, WORD_LINK_SENT, WORD_LINK_SENT_WHAT, "ok");
    return screen_reply(&s, reply, 200);
}

/* ---- using it ---- */

/* ERR_GONE: it is none any more, or its token opens nothing. */
static enum err token_of(struct request *rq, bool use, const struct api_token **out)
{
    struct mail_links *links = rq->worker->server->mail_links;
    uint8_t hash[HASH_LEN];
    if (links == NULL || !mail_links_open(links, rq->param[0], rq->arrived_ms, use, hash))
        return problem(&rq->problem, ERR_GONE, "", "this link was used, or is over: ask for another one");
    *out = catalog_token_hashed(rq->catalog, hash);
    return api_token_opens(rq->catalog, *out, rq->arrived_ms, &rq->problem) == ERR_OK
               ? ERR_OK
               : problem(&rq->problem, ERR_GONE, "", "the API token behind this link opens nothing any more");
}

static enum err over(struct request *rq, struct reply *reply, enum err err)
{
    struct screen s;
    if (accept_json_or_page(rq->accept) >= 0)
        return err;
    rq->query = SPAN("");
    if (screen_begin(&s, rq) != ERR_OK)
        return err;
    s.secret = true;
    write_note(&s, WORD_LINK_OVER_TITLE, WORD_LINK_OVER_WHAT, "bad");
    return screen_reply(&s, reply, err_status(err));
}

/* Looking uses nothing up: mail programs look into links by themselves, by GET. */
enum err mail_sign_in_get(struct request *rq, struct reply *reply)
{
    const struct api_token *token = NULL;
    struct screen s;
    enum err err = token_of(rq, false, &token);
    if (err == ERR_GONE)
        return over(rq, reply, err);
    if (err == ERR_OK)
        err = screen_begin(&s, rq);
    if (err != ERR_OK)
        return err;
    s.secret = true;
    screen_open(&s, WORD_SIGN_IN, NULL, "slim");
    page_put(
        &s.g,
        "<div class=\"stack\">\n<h1>{}</h1>\n<form class=\"card stack\" method=\"post\"><p>{}</p><button class=\"b "
        "one\">{}</button></form>\n</div>\n",
        P_WORD(WORD_SIGN_IN), P_SAY(WORD_LINK_AS, P_NAME(token->party->name)), P_WORD(WORD_SIGN_IN));
    return screen_reply(&s, reply, 200);
}

enum err mail_sign_in_post(struct request *rq, struct reply *reply)
{
    const struct api_token *token = NULL;
    enum err err = form_origin(rq);
    if (err == ERR_OK)
        err = token_of(rq, true, &token);
    if (err == ERR_GONE)
        return over(rq, reply, err);
    if (err != ERR_OK)
        return err;
    source_used(rq->worker->server->source, token->sha256, rq->arrived_ms);
    (void)session_begin(rq, reply, token->sha256);
    return screen_go(rq, reply, SPAN("/"));
}
