#include "server/pages/invite.h"

#include "server/api/api.h"
#include "server/api/call.h"
#include "server/api/draw.h"
#include "server/api/quota.h"
#include "server/catalog/catalog_write.h"
#include "server/pages/ask.h"
#include "server/pages/pages_private.h"
#include "server/pages/shown.h"

/* ---- pages ---- */

/* What else a mail program or a tracker appended to the link is no matter of ours. */
static void page_open(struct screen *s, struct request *rq, enum word title)
{
    if (screen_read(s, rq, NULL, 0) != ERR_OK) {
        rq->query = SPAN("");
        rq->problem = (struct problem){0};
        if (screen_read(s, rq, NULL, 0) != ERR_OK)
            abort(); /* of no query nothing is wrong */
    }
    s->frame.seat = SEAT_NOBODY;
    s->secret = true;
    screen_open(s, title, NULL, "narrow");
    page_put(&s->g, "<div class=\"stack\">\n<h1>{}</h1>\n", P_WORD(title));
}

static enum err page_end(struct screen *s, struct reply *reply, int status)
{
    page_html(&s->g, "</div>\n");
    reply_header(reply, "Vary", SPAN("Accept, Accept-Language, Cookie"));
    return screen_reply(s, reply, status);
}

static enum err offer_page(struct request *rq, struct reply *reply, const struct api_token *t)
{
    struct screen s;
    page_open(&s, rq, WORD_INVITE);
    page_put(&s.g,
             "<section class=\"card stack\">\n<p>{}</p>\n<p>{}</p>\n<p>{}</p>\n<form method=\"post\"><button class=\"b "
             "one\">{}</button></form>\n</section>\n",
             P_SAY(WORD_INVITE_FOR, P_TEXT(span_str(rq->worker->server->instance.host)), P_NAME(t->party->name),
                   P_WORD(kind_word(span_str(role_word(t->party->role))))),
             P_WORD(WORD_INVITE_WHAT), P_SAY(WORD_INVITE_UNTIL, P_SAY(WORD_AT_UTC, P_TIME(t->expires_ms))),
             P_WORD(WORD_INVITE_BUTTON));
    return page_end(&s, reply, 200);
}

static enum err none_page(struct request *rq, struct reply *reply, enum err why)
{
    struct screen s;
    page_open(&s, rq,
              why == ERR_NOT_FOUND   ? WORD_INVITE_NONE
              : why == ERR_FORBIDDEN ? WORD_INVITE_LOCKED
              : why == ERR_QUOTA     ? WORD_INVITE_FULL
                                     : WORD_INVITE_OVER);
    page_put(&s.g, "<p>{}</p>\n",
             P_WORD(why == ERR_NOT_FOUND   ? WORD_INVITE_NONE_WHY
                    : why == ERR_FORBIDDEN ? WORD_INVITE_LOCKED_WHY
                    : why == ERR_QUOTA     ? WORD_INVITE_FULL_WHY
                                           : WORD_INVITE_OVER_WHY));
    return page_end(&s, reply, err_status(why));
}

/* One click, without typing what was just shown. */
static void write_sign_in(struct screen *s, struct span token, const char *to, enum word word, const char *class)
{
    page_put(&s->g,
             "<form method=\"post\" action=\"/sign-in\"><input type=\"hidden\" name=\"to\" value=\"{}\"><input "
             "type=\"hidden\" name=\"token\" value=\"{}\"><button class=\"b {}\">{}</button></form>\n",
             P_HTML(to), P_TEXT(token), P_HTML(class), P_WORD(word));
}

/* What the run answered. */
static enum err done_page(struct request *rq, struct reply *reply, struct span answer)
{
    struct screen s;
    json_t *said = NULL;
    if (json_read(answer, &said, NULL) != ERR_OK)
        return ERR_CORRUPT;
    const struct party *p = catalog_party(rq->catalog, ask_text(said, "party"));
    page_open(&s, rq, WORD_INVITE_KEEP);
    page_put(&s.g, "<section class=\"card\">\n<div class=\"note wait\" role=\"status\">{}</div>\n",
             P_SAY(WORD_INVITE_ONCE, P_NAME(ask_text(said, "name"))));
    shown_secrets(&s, said);
    page_put(&s.g, "</section>\n<p class=\"s\">{}</p>\n<div class=\"line\">",
             P_SAY(WORD_INVITE_OTHERS, P_WORD(WORD_SETTINGS)));
    write_sign_in(&s, ask_text(said, "token"), "/", WORD_SIGN_IN, "one");
    if (p != NULL && (p->role == ROLE_PUBLISHER || p->role == ROLE_ADVERTISER))
        write_sign_in(&s, ask_text(said, "token"), "/contracts", WORD_INVITE_TRY, "");
    page_html(&s.g, "</div>\n");
    json_decref(said);
    return page_end(&s, reply, 201);
}

/* ---- the calls: whatever a mail program or a tracker appended to the link is no matter of ours ---- */

static bool wants_page(const struct request *rq)
{
    return accept_json_or_page(rq->accept) < 0;
}

/* ERR_OK: a page says why it does not open. */
static enum err turn_away(struct request *rq, struct reply *reply, enum err why)
{
    if (!wants_page(rq) || (why != ERR_NOT_FOUND && why != ERR_GONE && why != ERR_FORBIDDEN && why != ERR_QUOTA))
        return why;
    return none_page(rq, reply, why);
}

enum err invite_get(struct request *rq, struct reply *reply)
{
    struct answer a;
    const struct api_token *t = catalog_token(rq->catalog, rq->param[0]);
    enum err err = invitation_opens(rq->catalog, t, rq->arrived_ms, &rq->problem);
    if (err != ERR_OK)
        return turn_away(rq, reply, err);
    if (wants_page(rq))
        return offer_page(rq, reply, t);
    answer_open(&a);
    jw_object(&a.w);
    jw_ktime(&a.w, "expires_at", t->expires_ms);
    jw_kstr(&a.w, "kind", span_str(role_word(t->party->role)));
    jw_kstr(&a.w, "name", t->party->name);
    jw_kstr(&a.w, "party", span_str(t->party->id));
    jw_object_end(&a.w);
    answer_reply(&a, rq, reply);
    return ERR_OK;
}

/* It is looked at here first, so that who guesses writes nothing; the run looks again. */
enum err invite_post(struct request *rq, struct reply *reply)
{
    const struct api_token *t = catalog_token(rq->catalog, rq->param[0]);
    enum err err = invitation_opens(rq->catalog, t, rq->arrived_ms, &rq->problem);
    if (err != ERR_OK)
        return turn_away(rq, reply, err);
    struct job *job = worker_job(rq, RECORD_ACCEPT, NULL);
    memcpy(job->record.accept.sha256, t->sha256, HASH_LEN);
    draw_secret(rq, &job->record.accept.secret);
    draw_token(rq, &job->record.accept.token);
    quota_say(rq, job, QUOTA_TOKENS);
    job->record.accept.quota_secrets = quota_limit(rq, QUOTA_SECRETS);
    return worker_submit(rq, job);
}

enum err invite_finish(struct request *rq, struct job *job, struct reply *reply)
{
    if (job->err != ERR_OK)
        return turn_away(rq, reply, job->err);
    return wants_page(rq) ? done_page(rq, reply, job->answer) : control_finish(rq, job, reply);
}
