#include "server/web/invite.h"

#include "common/pages/page.h"
#include "server/api/api.h"
#include "server/api/call.h"
#include "server/api/draw.h"
#include "server/api/list.h"
#include "server/api/quota.h"
#include "server/catalog/catalog_write.h"

static const char style[] =
    ":root{color-scheme:light dark;--b:#f5f7f9;--f:#fff;--l:#d8dee5;--i:#17202b;--s:#54606e;--a:#1f409f;--c:#fff}"
    "@media(prefers-color-scheme:dark){:root{--b:#0f141a;--f:#161d26;--l:#2b3644;--i:#e6ebf1;--s:#a0acba;--a:#a3baff;"
    "--c:#0f141a}}"
    "body{margin:0;background:var(--b);color:var(--s);font:.9375rem/1.5 system-ui,\"Segoe UI\",Roboto,\"Noto "
    "Sans\",Arial,sans-serif;overflow-wrap:anywhere}"
    ":lang(zh){font-family:system-ui,\"PingFang SC\",\"Microsoft YaHei\",\"Noto Sans CJK "
    "SC\",sans-serif;line-height:1.65}"
    "main{max-width:34rem;margin:auto;padding:3.75rem 1rem}"
    "h1{margin:0;color:var(--i);font-size:1.5rem;line-height:1.25}p{margin:.75rem 0 0}b{color:var(--i)}"
    "button{margin-top:1.5rem;padding:.625rem 1.25rem;border:0;border-radius:.375rem;background:var(--a);"
    "color:var(--c);font:inherit;font-weight:600;cursor:pointer}"
    "button:focus-visible{outline:3px solid var(--i);outline-offset:2px}"
    "dl{margin:1.5rem 0 0;padding:1rem;border:1px solid var(--l);border-radius:.375rem;background:var(--f)}"
    "dt{font-size:.8125rem}dd{margin:0 0 .75rem;color:var(--i)}dd:last-child{margin:0}code{font-size:.875rem}";

/* ---- pages ---- */

static void head(struct page *g, enum word title)
{
    page_html(g, "<!doctype html>\n<html lang=\"");
    page_html(g, language_word(g->language));
    page_html(g, "\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
                 "content=\"width=device-width,initial-scale=1\">\n<meta name=\"robots\" content=\"noindex\">\n"
                 "<title>");
    page_word(g, title);
    page_html(g, "</title>\n<style>");
    page_html(g, style);
    page_html(g, "</style>\n<main>\n<h1>");
    page_word(g, title);
    page_html(g, "</h1>\n");
}

/* In <tag>; of_html as page_html. */
static struct span marked(struct buf *mem, const char *tag, struct span text)
{
    size_t from = mem->len;
    struct page g = {.out = mem};
    buf_printf(mem, "<%s>", tag);
    page_words(&g, text);
    buf_printf(mem, "</%s>", tag);
    return span_of(mem->ptr + from, mem->len - from);
}

static void paragraph(struct page *g, enum word w, const struct span *values)
{
    page_html(g, "<p>");
    if (values == NULL)
        page_word(g, w);
    else
        page_say(g, w, &values[0], (struct span *)NULL);
    page_html(g, "</p>\n");
}

static void finish_page(struct request *rq, struct reply *reply, struct page *g, int status)
{
    page_html(g, "</main>\n</html>\n");
    reply_body_take(reply, "text/html; charset=utf-8", g->out);
    reply->status = status;
    reply_header(reply, "Cache-Control", SPAN("no-store"));
    reply_header(reply, "Vary", SPAN("Accept, Accept-Language"));
    reply_page(rq, reply, g->language, span_of(style, sizeof style - 1), "img-src 'self'; form-action 'self'; ");
    buf_free(g->out);
}

static enum word role_words(enum role r)
{
    return r == ROLE_ADVERTISER  ? WORD_ADVERTISER
           : r == ROLE_PUBLISHER ? WORD_PUBLISHER
           : r == ROLE_AUDITOR   ? WORD_AUDITOR
                                 : WORD_OPERATOR;
}

enum { NAMES_MAX = 2048 };

static void page_open(struct request *rq, struct page *g, struct buf *out)
{
    buf_heap(out);
    *g = (struct page){.out = out, .language = language_accepted(rq->accept_language)};
}

static void offer_page(struct request *rq, struct reply *reply, const struct api_token *t)
{
    char mem[NAMES_MAX], when[128];
    struct buf out, names, until;
    struct page g, at;
    page_open(rq, &g, &out);
    buf_fixed(&names, mem, sizeof mem);
    buf_fixed(&until, when, sizeof when);
    at = (struct page){.out = &until, .language = g.language};
    page_time(&at, t->expires_ms);
    buf_str(&until, " UTC");
    struct span host = marked(&names, "b", span_str(rq->worker->server->instance.host)),
                name = marked(&names, "b", t->party->name),
                role = span_str(word_text(g.language, role_words(t->party->role))), time = buf_span(&until);
    head(&g, WORD_INVITE);
    page_html(&g, "<p>");
    page_say(&g, WORD_INVITE_FOR, &host, &name, &role, (struct span *)NULL);
    page_html(&g, "</p>\n");
    paragraph(&g, WORD_INVITE_WHAT, NULL);
    paragraph(&g, WORD_INVITE_UNTIL, &time);
    page_html(&g, "<form method=\"post\"><button>");
    page_word(&g, WORD_INVITE_BUTTON);
    page_html(&g, "</button></form>\n");
    finish_page(rq, reply, &g, 200);
}

static void none_page(struct request *rq, struct reply *reply, enum err why)
{
    struct buf out;
    struct page g;
    page_open(rq, &g, &out);
    head(&g, why == ERR_NOT_FOUND   ? WORD_INVITE_NONE
             : why == ERR_FORBIDDEN ? WORD_INVITE_LOCKED
             : why == ERR_QUOTA     ? WORD_INVITE_FULL
                                    : WORD_INVITE_OVER);
    paragraph(&g,
              why == ERR_NOT_FOUND   ? WORD_INVITE_NONE_WHY
              : why == ERR_FORBIDDEN ? WORD_INVITE_LOCKED_WHY
              : why == ERR_QUOTA     ? WORD_INVITE_FULL_WHY
                                     : WORD_INVITE_OVER_WHY,
              NULL);
    finish_page(rq, reply, &g, err_status(why));
}

/* What the run answered. */
static enum err done_page(struct request *rq, struct reply *reply, struct span answer)
{
    static const struct {
        enum word word;
        const char *member;
    } rows[] = {{WORD_INVITE_PARTY, "party"},
                {WORD_INVITE_TOKEN, "token"},
                {WORD_INVITE_KID, "kid"},
                {WORD_INVITE_SECRET, "postback_secret"}};
    char mem[NAMES_MAX], path[64];
    struct buf out, names;
    struct page g;
    json_t *said = NULL;
    enum err err = json_read(answer, &said, NULL);
    if (err != ERR_OK)
        return ERR_CORRUPT;
    page_open(rq, &g, &out);
    buf_fixed(&names, mem, sizeof mem);
    snprintf(path, sizeof path, "/v1/parties/%s/tokens", json_string_value(json_object_get(said, "party")));
    struct span name = marked(&names, "b", span_str(json_string_value(json_object_get(said, "name")))),
                list = marked(&names, "code", span_str(path));
    head(&g, WORD_INVITE_KEEP);
    paragraph(&g, WORD_INVITE_ONCE, &name);
    page_html(&g, "<dl>\n");
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        page_html(&g, "<dt>");
        page_word(&g, rows[i].word);
        page_html(&g, "<dd><code>");
        page_text(&g, span_str(json_string_value(json_object_get(said, rows[i].member))));
        page_html(&g, "</code>\n");
    }
    page_html(&g, "</dl>\n");
    paragraph(&g, WORD_INVITE_OTHERS, &list);
    page_html(&g, "<p><a href=\"/sign-in\">");
    page_word(&g, WORD_SIGN_IN);
    page_html(&g, "</a></p>\n");
    finish_page(rq, reply, &g, 201);
    json_decref(said);
    return ERR_OK;
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
    none_page(rq, reply, why);
    return ERR_OK;
}

enum err invite_get(struct request *rq, struct reply *reply)
{
    struct answer a;
    const struct api_token *t = catalog_token(rq->catalog, rq->param[0]);
    enum err err = invitation_opens(rq->catalog, t, rq->arrived_ms, &rq->problem);
    if (err != ERR_OK)
        return turn_away(rq, reply, err);
    if (wants_page(rq)) {
        offer_page(rq, reply, t);
        return ERR_OK;
    }
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
