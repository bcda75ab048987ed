/* Signing in with an API token, and out. What was typed into a form whose session is over comes along as hidden
 * fields. */
#include "server/pages/sign_in.h"

#include "common/base/ascii.h"
#include "server/pages/mail_sign_in.h"
#include "server/pages/pages.h"
#include "server/pages/screen.h"

#define KEPT "kept."

/* ---- where to go then ---- */

/* An address of ours alone: what begins with two slashes, or a slash and a backslash, is another host's. */
static struct span local(struct span to)
{
    bool ours = to.len > 0 && to.ptr[0] == '/' && (to.len < 2 || (to.ptr[1] != '/' && to.ptr[1] != '\\')) &&
                ascii_printable(to) && memchr(to.ptr, '\\', to.len) == NULL && memchr(to.ptr, ' ', to.len) == NULL;
    return ours ? to : SPAN("/");
}

/* ---- the page ---- */

struct signing {
    struct span to;
    const struct form *kept; /* NULL: nothing was typed elsewhere. Else: */
    bool renamed;            /* its fields already have the prefix */
    bool signed_out;
    enum word problem; /* WORDS: none */
    int status;
};

/* Whose value goes no further: the token that is asked for, and what was another session's. */
static bool is_kept(const struct signing *g, struct span name)
{
    return g->renamed ? span_starts(name, KEPT) : !span_is(name, "form") && !span_is(name, "token");
}

static void write_kept(struct page *g, const struct signing *in, const char *prefix, size_t skip)
{
    for (size_t i = 0; in->kept != NULL && i < in->kept->n; i++) {
        const struct field *f = &in->kept->field[i];
        if (is_kept(in, f->name))
            page_put(g, "<input type=\"hidden\" name=\"{}{}\" value=\"{}\">\n", P_HTML(prefix),
                     P_TEXT(span_skip(f->name, skip)), P_TEXT(f->value));
    }
}

static bool has_kept(const struct signing *in)
{
    for (size_t i = 0; in->kept != NULL && i < in->kept->n; i++)
        if (is_kept(in, in->kept->field[i].name))
            return true;
    return false;
}

static enum err sign_in_page(struct screen *s, struct reply *reply, const struct signing *in)
{
    struct page *g = &s->g;
    bool wrong = in->problem != WORDS;
    screen_open(s, WORD_SIGN_IN, NULL, "slim");
    page_put(g, "<div class=\"stack\">\n<div>\n<h1>{}</h1>\n<p class=\"s\">{}</p>\n</div>\n", P_WORD(WORD_SIGN_IN),
             P_SAY(WORD_SIGN_IN_WHAT, P_TEXT(span_str(s->rq->worker->server->instance.host))));
    if (in->signed_out)
        page_put(g, "<div class=\"note ok\" role=\"status\"><b>{}</b></div>\n", P_WORD(WORD_SIGNED_OUT));
    if (has_kept(in))
        page_put(g, "<div class=\"note wait\" role=\"status\"><b>{}</b> {}</div>\n", P_WORD(WORD_STALE),
                 P_WORD(WORD_STALE_WHAT));
    page_put(g,
             "<form class=\"card\" action=\"/sign-in\" method=\"post\">\n<input type=\"hidden\" name=\"to\" "
             "value=\"{}\">\n",
             P_TEXT(in->to));
    write_kept(g, in, in->renamed ? "" : KEPT, 0);
    page_put(g,
             "<div class=\"f\"><label for=\"token\">{}</label><input type=\"password\" name=\"token\" "
             "autocomplete=\"current-password\" spellcheck=\"false\" required id=\"token\" "
             "aria-describedby=\"token-h{}>",
             P_WORD(WORD_INVITE_TOKEN), P_HTML(wrong ? " token-e\" aria-invalid=\"true\"" : "\""));
    page_put(g, "<span class=\"s\" id=\"token-h\">{}</span>", P_WORD(WORD_SIGN_IN_HINT));
    if (wrong)
        page_put(g, "<span class=\"err\" id=\"token-e\">{}</span>", P_WORD(in->problem));
    page_put(g, "</div>\n<button class=\"b one\">{}</button>\n</form>\n", P_WORD(WORD_SIGN_IN));
    mail_sign_in_write(s);
    page_html(g, "</div>\n");
    return screen_reply(s, reply, in->status);
}

enum err sign_in_get(struct request *rq, struct reply *reply)
{
    struct screen s;
    struct param to = {.name = "to"};
    enum err err = screen_read(&s, rq, &to, 1);
    if (err != ERR_OK)
        return err;
    s.frame.seat = SEAT_NOBODY;
    return sign_in_page(&s, reply, &(struct signing){.to = local(to.value), .problem = WORDS, .status = 200});
}

static enum err sign_in_again(struct request *rq, struct reply *reply, const struct form *f)
{
    struct screen s;
    enum err err = screen_read(&s, rq, NULL, 0);
    if (err != ERR_OK)
        return err;
    s.frame.seat = SEAT_NOBODY;
    s.frame.path = SPAN("/sign-in");
    return sign_in_page(&s, reply,
                        &(struct signing){.to = local(rq->path), .kept = f, .problem = WORDS, .status = 403});
}

/* Signed in: what was typed before is sent by whoever presses the button, as a form of this session. */
static enum err send_again(struct screen *s, struct reply *reply, const struct session *session,
                           const struct signing *in, const struct party *party)
{
    struct page *g = &s->g;
    s->frame.name = party->name;
    session_form_token(session, s->form_token);
    s->frame.form_token = span_of(s->form_token, FORM_TOKEN_LEN);
    screen_open(s, WORD_SEND_AGAIN, NULL, "slim");
    page_put(g,
             "<div class=\"stack\">\n<h1>{}</h1>\n<p class=\"s\">{}</p>\n<form class=\"card\" action=\"{}\" "
             "method=\"post\">\n",
             P_WORD(WORD_SEND_AGAIN), P_WORD(WORD_SEND_AGAIN_WHAT), P_TEXT(in->to));
    frame_form_token(g, s->frame.form_token);
    write_kept(g, in, "", in->renamed ? sizeof KEPT - 1 : 0);
    page_put(g, "<button class=\"b one\">{}</button>\n</form>\n</div>\n", P_WORD(WORD_SEND_AGAIN));
    return screen_reply(s, reply, 200);
}

static enum err signed_in_again(struct request *rq, struct reply *reply, const struct form *f)
{
    struct screen s;
    enum err err = screen_read(&s, rq, NULL, 0);
    if (err != ERR_OK)
        return err;
    s.frame.path = SPAN("/");
    return send_again(&s, reply, rq->session, &(struct signing){.to = local(rq->path), .kept = f}, rq->caller);
}

/* Another session's form is offered again where the browser vouches for who sent it: a page of ours, which was open
 * while somebody signed in anew. */
enum err sign_in_form(struct request *rq, struct reply *reply, struct form *f, bool *answered)
{
    enum err err;
    if ((err = form_origin(rq)) != ERR_OK || (err = form_read(rq, f)) != ERR_OK)
        return err;
    *answered = rq->session == NULL || !form_is_of(f, rq->session);
    if (!*answered)
        return ERR_OK;
    if (rq->session == NULL)
        return sign_in_again(rq, reply, f);
    if (span_is(rq->fetch_site, "same-origin"))
        return signed_in_again(rq, reply, f);
    return problem(&rq->problem, ERR_FORBIDDEN, "form",
                   "this form was made for another session: open its page anew, and send it from there");
}

/* ---- the calls ---- */

/* As a call of the API judges it. */
static enum err open_token(struct request *rq, struct span text, const struct api_token **out)
{
    const struct api_token *t = catalog_token(rq->catalog, text);
    enum err err = api_token_opens(rq->catalog, t, rq->arrived_ms, &rq->problem);
    if (err == ERR_OK)
        err = party_may(rq, t->party, 1);
    if (err == ERR_OK)
        *out = t;
    return err;
}

enum err sign_in_post(struct request *rq, struct reply *reply)
{
    struct screen s;
    struct form f;
    const struct api_token *t = NULL;
    enum err err;
    if ((err = form_origin(rq)) != ERR_OK || (err = form_read(rq, &f)) != ERR_OK ||
        (err = screen_read(&s, rq, NULL, 0)) != ERR_OK)
        return err;
    s.frame.seat = SEAT_NOBODY;
    struct signing in = {.to = local(form_value(&f, "to")), .kept = &f, .renamed = true, .problem = WORDS};
    err = open_token(rq, form_value(&f, "token"), &t);
    if (err == ERR_UNAUTHORIZED || err == ERR_FORBIDDEN) {
        in.problem = err == ERR_FORBIDDEN ? WORD_TOKEN_LOCKED : WORD_TOKEN_BAD;
        in.status = 403;
        return sign_in_page(&s, reply, &in);
    }
    if (err != ERR_OK)
        return err;
    source_used(rq->worker->server->source, t->sha256, rq->arrived_ms);
    const struct session *session = session_begin(rq, reply, t->sha256);
    return has_kept(&in) ? send_again(&s, reply, session, &in, t->party) : screen_go(rq, reply, in.to);
}

/* Of a session that is over there is nothing to end. */
enum err sign_out_post(struct request *rq, struct reply *reply)
{
    struct screen s;
    struct form f;
    enum err err;
    if ((err = form_origin(rq)) != ERR_OK || (err = form_read(rq, &f)) != ERR_OK)
        return err;
    if (rq->session != NULL && !form_is_of(&f, rq->session))
        return problem(&rq->problem, ERR_FORBIDDEN, "form",
                       "this form was made for another session: open the page anew, and send it from there");
    if ((err = screen_read(&s, rq, NULL, 0)) != ERR_OK)
        return err;
    s.frame.seat = SEAT_NOBODY;
    s.frame.path = SPAN("/sign-in");
    session_end(rq, reply);
    return sign_in_page(&s, reply,
                        &(struct signing){.to = SPAN("/"), .signed_out = true, .problem = WORDS, .status = 200});
}
