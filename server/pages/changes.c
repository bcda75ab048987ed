/* Who changed what of control data, newest first. */
#include "server/api/api.h"
#include "server/commit/change_rows.h"
#include "server/pages/pages.h"
#include "server/pages/pages_private.h"
#include "server/pages/rows.h"

static const enum word words[CHANGES] = {
    [CHANGE_PARTY] = WORD_CHANGE_PARTY,
    [CHANGE_RENAME] = WORD_CHANGE_RENAME,
    [CHANGE_LEGAL] = WORD_CHANGE_LEGAL,
    [CHANGE_LOCK] = WORD_CHANGE_LOCK,
    [CHANGE_UNLOCK] = WORD_CHANGE_UNLOCK,
    [CHANGE_PARTY_KEY] = WORD_CHANGE_KEY,
    [CHANGE_TOKEN] = WORD_CHANGE_TOKEN,
    [CHANGE_TOKEN_END] = WORD_CHANGE_TOKEN_END,
    [CHANGE_INVITATION] = WORD_CHANGE_INVITE,
    [CHANGE_INVITATION_END] = WORD_CHANGE_INVITE_END,
    [CHANGE_ACCEPT] = WORD_CHANGE_ACCEPT,
    [CHANGE_SECRET] = WORD_CHANGE_SECRET,
    [CHANGE_SECRET_END] = WORD_CHANGE_SECRET_END,
    [CHANGE_POSTBACK_KEY] = WORD_CHANGE_POSTBACK,
    [CHANGE_WEBHOOK] = WORD_CHANGE_WEBHOOK,
    [CHANGE_NOTICES] = WORD_CHANGE_NOTICES,
    [CHANGE_CAMPAIGN] = WORD_CHANGE_CAMPAIGN,
    [CHANGE_CAMPAIGN_CHANGE] = WORD_CHANGE_CAMPAIGN_TERMS,
    [CHANGE_CRM] = WORD_CHANGE_CRM,
    [CHANGE_CONTRACT] = WORD_CHANGE_CONTRACT,
    [CHANGE_CONTRACT_CHANGE] = WORD_CHANGE_CONTRACT_TERMS,
    [CHANGE_ASSENT] = WORD_CHANGE_ASSENT,
    [CHANGE_WITHDRAWAL] = WORD_CHANGE_WITHDRAWAL,
    [CHANGE_GRANT] = WORD_CHANGE_GRANT,
    [CHANGE_GRANT_END] = WORD_CHANGE_GRANT_END,
    [CHANGE_CODE] = WORD_CHANGE_CODE,
    [CHANGE_CODE_CHANGE] = WORD_CHANGE_CODE_CHANGE,
    [CHANGE_SHARE] = WORD_CHANGE_SHARE,
    [CHANGE_SHARE_END] = WORD_CHANGE_SHARE_END,
    [CHANGE_CLOCK] = WORD_CHANGE_CLOCK,
    [CHANGE_SERVER_KEYS] = WORD_CHANGE_SERVER_KEYS,
    [CHANGE_UPKEEP] = WORD_CHANGE_UPKEEP,
};

enum { KIND, PARTY, AFTER, PARAMS };

static void write_filters(struct screen *s, const struct param p[PARAMS])
{
    struct page *g = &s->g;
    page_put(
        g,
        "<form class=\"filters\" action=\"/audit\"><label>{}<select name=\"change\"><option value=\"\">{}</option>\n",
        P_WORD(WORD_AUDIT_LOG_KIND), P_WORD(WORD_FILTER_ALL));
    for (enum change c = 0; c < CHANGES; c++)
        page_put(g, "<option value=\"{}\"{}>{}</option>\n", P_HTML(change_word(c)),
                 P_HTML(span_is(p[KIND].value, change_word(c)) ? " selected" : ""), P_WORD(words[c]));
    page_html(g, "</select></label>");
    if (s->frame.seat == SEAT_OPERATOR)
        page_put(g, "<label>{}<input name=\"party\" value=\"{}\"></label>", P_WORD(WORD_SET_ID),
                 P_TEXT(p[PARTY].value));
    page_put(g, "<button class=\"b\">{}</button>", P_WORD(WORD_FILTER_SHOW));
    if (!span_empty(p[KIND].value) || !span_empty(p[PARTY].value))
        page_put(g, " <a href=\"/audit\">{}</a>", P_WORD(WORD_CLEAR_FILTERS));
    page_html(g, "</form>\n");
}

static struct span name_of(const struct screen *s, struct span party)
{
    const struct party *p = catalog_party(s->rq->catalog, party);
    return p != NULL ? p->name : party;
}

static void write_subject(struct screen *s, const json_t *one)
{
    const struct span party = ask_text(one, "party"), campaign = ask_text(one, "campaign"),
                      contract = ask_text(one, "contract");
    struct page *g = &s->g;
    if (!span_empty(party) && s->frame.seat == SEAT_OPERATOR)
        page_put(g, "<a href=\"/parties/{}\">{}</a> ", P_QUERY(party), P_NAME(name_of(s, party)));
    if (!span_empty(contract))
        page_put(g, "<a class=\"id\" href=\"/contracts/{}\">{}</a>", P_QUERY(contract), P_TEXT(contract));
    else if (!span_empty(campaign))
        page_put(g, "<a class=\"id\" href=\"/campaigns/{}\">{}</a>", P_QUERY(campaign), P_TEXT(campaign));
}

static void write_change(struct screen *s, const json_t *one)
{
    const struct span by = ask_text(one, "by"), was = ask_text(one, "was"), what = ask_text(one, "what"),
                      subject = ask_text(one, "subject");
    struct page *g = &s->g;
    enum change kind;
    if (change_parse(ask_text(one, "change"), &kind) != ERR_OK)
        return;
    page_put(g, "<li class=\"done\"><b>{}</b> ", P_WORD(words[kind]));
    write_subject(s, one);
    if (span_empty(by))
        page_put(g, " · {}", P_WORD(WORD_CHANGE_BY_MACHINE));
    else
        page_put(g, " · {}", P_SAY(WORD_CHANGE_BY, P_NAME(name_of(s, by))));
    if (!span_empty(what) || !span_empty(subject))
        page_put(g, "<br><code class=\"id\"><bdi>{}</bdi></code>", P_TEXT(span_empty(what) ? subject : what));
    if (!span_empty(was))
        page_put(g, " <span class=\"s\">{}</span>", P_SAY(WORD_CHANGE_WAS, P_NAME(was)));
    page_put(g, "<br><span class=\"at\">{}</span></li>\n", P_TIME(ask_time(one, "at")));
}

static enum err changes_read(struct request *rq, struct reply *reply)
{
    struct screen s;
    struct param p[PARAMS] = {{.name = "change"}, {.name = "party"}, {.name = "after"}};
    json_t *answer = NULL;
    const json_t *one;
    size_t i;
    enum err err = rows_listed(&s, rq, changes_list, p, PARAMS, &answer);
    if (err != ERR_OK)
        return err;
    const bool all = s.frame.seat == SEAT_OPERATOR;
    screen_open(&s, WORD_AUDIT_LOG, all ? "/system" : "/settings", "narrow");
    page_put(&s.g, "<div class=\"head\"><div><h1>{}</h1><p>{}</p></div></div>\n", P_WORD(WORD_AUDIT_LOG),
             P_WORD(all ? WORD_AUDIT_LOG_WHAT : WORD_AUDIT_LOG_OWN));
    write_filters(&s, p);
    page_html(&s.g, "<section class=\"card\">\n");
    if (json_array_size(json_object_get(answer, "data")) == 0)
        page_put(&s.g, "<div class=\"empty\"><p>{}</p></div>\n", P_WORD(WORD_AUDIT_LOG_NONE));
    else
        page_html(&s.g, "<ol class=\"tl\">\n");
    json_array_foreach(json_object_get(answer, "data"), i, one) write_change(&s, one);
    page_html(&s.g, i > 0 ? "</ol>\n" : "");
    rows_next(&s, "/audit", p, PARAMS, answer, WORD_OLDER);
    page_html(&s.g, "</section>\n");
    json_decref(answer);
    return screen_reply(&s, reply, 200);
}

enum err changes_page_get(struct request *rq, struct reply *reply)
{
    return screen_enter(rq, reply, changes_read);
}
