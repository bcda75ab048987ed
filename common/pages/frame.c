#include "common/pages/frame.h"

#include "common/base/limits.h"

#define ICON(path) "<svg viewBox=\"0 0 20 20\" aria-hidden=\"true\"><path d=\"" path "\"/></svg>"
#define ICON_TODAY ICON("M3 17V9m5 8V4m5 13v-6m4 6V7")
#define ICON_LEADS ICON("M4 5h12M4 10h12M4 15h7")
#define ICON_MONEY ICON("M3 6h14v9H3zM3 9h14")
#define ICON_REVIEW ICON("M3 10l4 4L17 5")
#define ICON_CAMPAIGNS ICON("M4 6h8m3 0h1M4 14h1m3 0h8M13 4v4M7 12v4")
#define ICON_REPORTS ICON("M3 16l4-5 4 3 6-9")
#define ICON_LINKS                                                                                                     \
    ICON("M8 12a3.5 3.5 0 0 0 5 0l2.5-2.5a3.5 3.5 0 0 0-5-5L9 6m3 2a3.5 3.5 0 0 0-5 0L4.5 10.5a3.5 3.5 0 0 0 5 5L11 "  \
         "14")
#define ICON_HEALTH ICON("M2 10h4l2-5 4 10 2-5h4")
#define ICON_CONTRACTS ICON("M4 6h8m3 0h1M4 14h1m3 0h8M13 4v4M7 12v4")
#define ICON_PARTIES ICON("M7 9a3 3 0 1 0 0-6 3 3 0 0 0 0 6zM2 17c0-4 10-4 10 0M13 4a3 3 0 0 1 0 5m2 3c2 1 3 2 3 5")
#define ICON_SYSTEM ICON("M3 4h14v5H3zM3 11h14v5H3zM6 6.500h2M6 13.500h2")
#define ICON_SEARCH ICON("M9 15A6 6 0 1 0 9 3a6 6 0 0 0 0 12zM13.500 13.500L18 18")
#define ICON_CHECK ICON("M10 2l7 3v5c0 4-3 7-7 8-4-1-7-4-7-8V5zM7 10l2 2 4-4")

static const struct place {
    enum seat seat;
    const char *address;
    enum word word;
    const char *icon;
} places[] = {
    {SEAT_OPERATOR, "/", WORD_NAV_HEALTH, ICON_HEALTH},
    {SEAT_OPERATOR, "/parties", WORD_OP_PARTIES, ICON_PARTIES},
    {SEAT_OPERATOR, "/contracts", WORD_CONTRACTS, ICON_CONTRACTS},
    {SEAT_OPERATOR, "/leads", WORD_LEADS, ICON_LEADS},
    {SEAT_OPERATOR, "/reports", WORD_REPORTS, ICON_REPORTS},
    {SEAT_OPERATOR, "/month-end", WORD_MONEY, ICON_MONEY},
    {SEAT_OPERATOR, "/system", WORD_SYSTEM, ICON_SYSTEM},
    {SEAT_ADVERTISER, "/", WORD_TODAY, ICON_TODAY},
    {SEAT_ADVERTISER, "/review", WORD_NAV_REVIEW, ICON_REVIEW},
    {SEAT_ADVERTISER, "/leads", WORD_LEADS, ICON_LEADS},
    {SEAT_ADVERTISER, "/campaigns", WORD_NAV_CAMPAIGNS, ICON_CAMPAIGNS},
    {SEAT_ADVERTISER, "/reports", WORD_REPORTS, ICON_REPORTS},
    {SEAT_ADVERTISER, "/statements", WORD_MONEY, ICON_MONEY},
    {SEAT_PUBLISHER, "/", WORD_TODAY, ICON_TODAY},
    {SEAT_PUBLISHER, "/leads", WORD_LEADS, ICON_LEADS},
    {SEAT_PUBLISHER, "/links", WORD_LINKS, ICON_LINKS},
    {SEAT_PUBLISHER, "/offers", WORD_OFFERS, ICON_CONTRACTS},
    {SEAT_PUBLISHER, "/reports", WORD_REPORTS, ICON_REPORTS},
    {SEAT_PUBLISHER, "/statements", WORD_MONEY, ICON_MONEY},
    {SEAT_AUDITOR, "/", WORD_CONTRACTS, ICON_CONTRACTS},
    {SEAT_AUDITOR, "/leads", WORD_LEADS, ICON_LEADS},
    {SEAT_AUDITOR, "/statements", WORD_STATEMENTS, ICON_MONEY},
    {SEAT_AUDITOR, "/verify", WORD_VERIFY, ICON_CHECK},
};

static const enum word seat_words[SEATS] = {[SEAT_NOBODY] = WORDS,
                                            [SEAT_OPERATOR] = WORD_OPERATOR,
                                            [SEAT_ADVERTISER] = WORD_ADVERTISER,
                                            [SEAT_PUBLISHER] = WORD_PUBLISHER,
                                            [SEAT_AUDITOR] = WORD_AUDITOR};

static void navigation(struct page *g, const struct frame *f)
{
    page_put(g, "  <nav class=\"main\" aria-label=\"{}\">\n", P_WORD(WORD_NAV));
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        const struct place *p = &places[i];
        bool here = f->here != NULL && strcmp(f->here, p->address) == 0;
        if (p->seat == f->seat)
            page_put(g, "    <a href=\"{}\"{}>{}{}</a>\n", P_TEXT(span_str(p->address)),
                     P_HTML(here ? " aria-current=\"page\"" : ""), P_HTML(p->icon), P_WORD(p->word));
    }
    page_put(g,
             "  </nav>\n  <form class=\"find\" role=\"search\" action=\"/search\"><input type=\"search\" name=\"q\" "
             "aria-label=\"{}\" placeholder=\"{}\"></form>\n  <div class=\"who\"><a class=\"seek\" href=\"/search\" "
             "aria-label=\"{}\">" ICON_SEARCH "</a><div><b><a href=\"/settings\">{}</a></b><span>{}</span></div> "
             "<a class=\"b sm\" href=\"/settings\"{}>{}</a></div>\n",
             P_WORD(WORD_SEARCH), P_WORD(WORD_SEARCH), P_WORD(WORD_SEARCH), P_NAME(f->name),
             P_WORD(seat_words[f->seat]),
             P_HTML(f->here != NULL && strcmp(f->here, "/settings") == 0 ? " aria-current=\"page\"" : ""),
             P_WORD(WORD_SETTINGS));
}

void frame_open(struct page *g, const struct frame *f)
{
    const size_t most = f->most != 0 ? f->most : LIMIT_BODY;
    page_put(g,
             "<!doctype html>\n<html lang=\"{}\">\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
             "content=\"width=device-width, initial-scale=1, viewport-fit=cover\">\n<meta name=\"robots\" "
             "content=\"noindex\">\n<title>{} · Countersign</title>\n<link rel=\"icon\" href=\"/icon.svg\">\n"
             "<link rel=\"stylesheet\" href=\"{}\">\n<script src=\"{}\" defer></script>\n</head>\n<body "
             "data-most=\"{}\" data-large=\"{}\">\n<a class=\"skip\" href=\"#main\">{}</a>\n<header class=\"top\">\n"
             "  <a class=\"brand\" href=\"/\"><svg viewBox=\"0 0 28 20\" aria-hidden=\"true\"><path d=\"M2 15c5-1 "
             "6-11 9-11s-1 11 2 11 5-9 8-9 0 8 5 6\"/><path d=\"M2 19h24\"/></svg>Countersign</a>\n",
             P_TEXT(span_str(language_word(g->language))), P_WORD(f->title), P_TEXT(span_str(f->style)),
             P_TEXT(span_str(f->script)), P_INDEX(most),
             P_SAY(f->most != 0 ? f->large : WORD_FORM_LARGE, P_COUNT((int64_t)(most >> 10))), P_WORD(WORD_SKIP));
    if (f->seat != SEAT_NOBODY)
        navigation(g, f);
    page_put(g, "</header>\n<main id=\"main\"{}{}{}>\n", P_HTML(f->main_class != NULL ? " class=\"" : ""),
             P_HTML(f->main_class != NULL ? f->main_class : ""), P_HTML(f->main_class != NULL ? "\"" : ""));
}

void frame_form_token(struct page *g, struct span token)
{
    page_put(g, "<input type=\"hidden\" name=\"form\" value=\"{}\">", P_TEXT(token));
}

static void languages(struct page *g, const struct frame *f)
{
    static const char *const names[LANGUAGES] = {
        [LANGUAGE_EN] = "English", [LANGUAGE_FR] = "Français", [LANGUAGE_ZH] = "中文"};
    page_put(g, "  <nav aria-label=\"{}\">", P_WORD(WORD_LANGUAGE));
    for (enum language l = 0; l < LANGUAGES; l++) {
        struct span word = span_str(language_word(l));
        page_put(g, "{}<a href=\"{}?{}{}lang={}\" lang=\"{}\" hreflang=\"{}\"{}>{}</a>", P_HTML(l > 0 ? " " : ""),
                 P_TEXT(f->path), P_TEXT(f->query), P_HTML(span_empty(f->query) ? "" : "&amp;"), P_TEXT(word),
                 P_TEXT(word), P_TEXT(word), P_HTML(l == g->language ? " aria-current=\"true\"" : ""),
                 P_HTML(names[l]));
    }
    page_html(g, "</nav>\n");
}

void frame_close(struct page *g, const struct frame *f)
{
    page_html(g, "</main>\n<footer class=\"foot\">\n");
    page_html(g, "  <p>");
    if (f->as_of > 0)
        page_put(g, "{} · ", P_SAY(WORD_AS_OF, P_COUNT(f->as_of - 1)));
    if (!span_empty(f->zone))
        page_put(g, "{}", P_SAY(WORD_TIMES_IN, P_TEXT(f->zone)));
    page_html(g, "</p>\n");
    if (f->seat != SEAT_NOBODY) {
        page_html(g, "  <form method=\"post\" action=\"/sign-out\">");
        frame_form_token(g, f->form_token);
        page_put(g, "<button class=\"b sm\">{}</button></form>\n", P_WORD(WORD_SIGN_OUT));
    }
    languages(g, f);
    page_html(g, "</footer>\n</body>\n</html>\n");
}
