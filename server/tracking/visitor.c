#include "server/tracking/visitor.h"

#include <assert.h>

#include "common/base/accept.h"
#include "common/base/ascii.h"
#include "common/base/text.h"

enum { PAGE_MAX = 4096, HOST_MAX = 253 };

static const char style[] =
    ":root{color-scheme:light dark;--b:#f5f7f9;--i:#17202b;--s:#54606e;--a:#1f409f}"
    "@media(prefers-color-scheme:dark){:root{--b:#0f141a;--i:#e6ebf1;--s:#a0acba;--a:#a3baff}}"
    "body{margin:0;background:var(--b);color:var(--s);font:.9375rem/1.5 system-ui,\"Segoe UI\",Roboto,\"Noto "
    "Sans\",Arial,sans-serif;overflow-wrap:break-word}"
    ":lang(zh){font-family:system-ui,\"PingFang SC\",\"Microsoft YaHei\",\"Noto Sans CJK "
    "SC\",sans-serif;line-height:1.65}"
    "main{max-width:27rem;margin:auto;padding:3.75rem 1rem;text-align:center;text-wrap:balance}"
    "h1{margin:0;color:var(--i);font-size:1.5rem;line-height:1.25}"
    "p{margin:.75rem auto 0;max-width:28rem}a{color:var(--a)}small{font-size:.8125rem}";

static const struct words {
    const char *title, *text;
} words[CLICK_FAULTS][LANGUAGES] = {
    [CLICK_FAULT_CODE] = {[LANGUAGE_EN] = {"This link leads nowhere",
                                           "Its address is incomplete, or too old to be known here. Nothing "
                                           "about your visit was kept."},
                          [LANGUAGE_FR] = {"Ce lien ne mène nulle part",
                                           "Son adresse est incomplète, ou trop ancienne pour être connue "
                                           "ici. Rien de votre visite n’a été gardé."},
                          [LANGUAGE_ZH] = {"此链接无效", "链接地址不完整，或已无法识别。未保留您的访问信息。"}},
    [CLICK_FAULT_EARLY] = {[LANGUAGE_EN] = {"This offer has not begun yet",
                                            "The page you wanted to see is not part of an offer so far. Nothing about "
                                            "your visit was kept."},
                           [LANGUAGE_FR] = {"Cette offre n’a pas encore commencé",
                                            "La page que vous vouliez voir ne fait pas encore partie d’une offre. Rien "
                                            "de votre visite n’a été gardé."},
                           [LANGUAGE_ZH] = {"此优惠尚未开始", "您要访问的页面尚未列入优惠。未保留您的访问信息。"}},
    [CLICK_FAULT_ENDED] = {[LANGUAGE_EN] = {"This offer has ended",
                                            "The page you wanted to see is no longer part of an offer. Nothing "
                                            "about your visit was kept."},
                           [LANGUAGE_FR] = {"Cette offre est terminée",
                                            "La page que vous vouliez voir ne fait plus partie d’une offre. "
                                            "Rien de votre visite n’a été gardé."},
                           [LANGUAGE_ZH] = {"此优惠已结束", "您要访问的页面已不在优惠之内。未保留您的访问信息。"}},
    [CLICK_FAULT_PAUSED] = {[LANGUAGE_EN] = {"This offer is paused",
                                             "The page you wanted to see is not part of an offer right now. Nothing "
                                             "about your visit was kept."},
                            [LANGUAGE_FR] = {"Cette offre est suspendue",
                                             "La page que vous vouliez voir ne fait pas partie d’une offre en ce "
                                             "moment. Rien de votre visite n’a été gardé."},
                            [LANGUAGE_ZH] = {"此优惠已暂停", "您要访问的页面目前不在优惠之内。未保留您的访问信息。"}},
    [CLICK_FAULT_OFF] =
        {[LANGUAGE_EN] = {"This link is switched off", "It leads to no offer now. Nothing about your visit was kept."},
         [LANGUAGE_FR] = {"Ce lien est désactivé",
                          "Il ne mène à aucune offre en ce moment. Rien de votre visite n’a été gardé."},
         [LANGUAGE_ZH] = {"此链接已停用", "此链接目前不通向任何优惠。未保留您的访问信息。"}},
};

static const char *const whence[LANGUAGES] = {
    [LANGUAGE_EN] =
        "You followed a link of a partner. If you think this is a mistake, tell the page where you found it.",
    [LANGUAGE_FR] = ("Vous avez suivi le lien d’un partenaire. Si cela vous semble une erreur, dites-le à la page où "
                     "vous l’avez trouvé."),
    [LANGUAGE_ZH] = "您点击的是合作方的链接。如认为有误，请告知您找到该链接的页面。",
};

/* "https://host/" of a URL, empty when it has no host that could stand there. */
static struct span front_page(struct span url, struct span *host)
{
    const char *marks = memmem(url.ptr, url.len, "://", 3);
    if (marks == NULL)
        return SPAN("");
    size_t from = (size_t)(marks - url.ptr) + 3, at = from;
    while (at < url.len && ascii_is_alnum_or(url.ptr[at], "-.:"))
        at++;
    *host = span_of(url.ptr + from, at - from);
    bool ends = at == url.len || url.ptr[at] == '/' || url.ptr[at] == '?' || url.ptr[at] == '#';
    return ends && host->len > 0 ? span_of(url.ptr, at) : SPAN("");
}

static void put_site(struct buf *b, struct span url)
{
    struct span host, front = front_page(url, &host);
    if (span_empty(front) || host.len > HOST_MAX)
        return;
    buf_str(b, "<p><a href=\"");
    buf_span_add(b, front);
    buf_str(b, "/\">");
    buf_span_add(b, host);
    buf_str(b, "</a></p>\n");
}

static void put_page(struct buf *b, enum language language, const struct words *say, struct span site)
{
    buf_str(b, "<!doctype html>\n<html lang=\"");
    buf_str(b, language_word(language));
    buf_str(b,
            "\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
            "<meta name=\"robots\" content=\"noindex\">\n<title>");
    buf_str(b, say->title);
    buf_str(b, "</title>\n<style>");
    buf_str(b, style);
    buf_str(b, "</style>\n<main>\n<h1>");
    buf_str(b, say->title);
    buf_str(b, "</h1>\n<p>");
    buf_str(b, say->text);
    buf_str(b, "</p>\n");
    put_site(b, site);
    buf_str(b, "<p><small>");
    buf_str(b, whence[language]);
    buf_str(b, "</small></p>\n</main>\n</html>\n");
}

enum err visitor_page(struct request *rq, struct reply *r, enum click_fault fault, struct span site)
{
    static const char *const meaning[] = {
#define X(symbol, word, meaning) meaning,
        CLICK_FAULT_TABLE(X)
#undef X
    };
    enum err err = fault == CLICK_FAULT_CODE ? ERR_NOT_FOUND : ERR_GONE;
    if (accept_json_or_page(rq->accept) > 0)
        return problem(&rq->problem, err, "", "%s", meaning[fault]);
    enum language language = language_accepted(rq->accept_language);
    struct buf page;
    arena_buf(rq->arena, &page, PAGE_MAX);
    put_page(&page, language, &words[fault][language], site);
    assert(!page.failed);
    r->status = err_status(err);
    r->content_type = SPAN("text/html; charset=utf-8");
    r->body = buf_span(&page);
    reply_header(r, "Cache-Control", SPAN("no-store"));
    reply_header(r, "Vary", SPAN("Accept, Accept-Language"));
    reply_header(r, "X-Content-Type-Options", SPAN("nosniff")); /* of a click no other puts it */
    reply_page(rq, r, language, span_of(style, sizeof style - 1),
               "img-src 'self'; form-action 'none'; "); /* the icon, fetched unasked */
    return ERR_OK;
}
