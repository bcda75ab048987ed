/* An advertiser's campaigns, and one of them: its contracts, and the versions of its terms. */
#include "server/pages/campaign_page.h"
#include "server/pages/refusal.h"

#include "common/base/json_read.h"
#include "common/base/money.h"
#include "server/api/api.h"
#include "server/settlement/settlement.h"

enum { VERSIONS = 50, NAME_MAX = 32 };

/* ---- what its pages share ---- */

enum err campaign_page_begin(struct campaign_page *p, struct request *rq, struct param *more, size_t n)
{
    *p = (struct campaign_page){.rq = rq};
    enum err err = screen_read(&p->s, rq, more, n);
    if (err == ERR_OK)
        err = ask(rq, campaigns_get, rq->param[0], SPAN(""), &p->doc);
    if (err != ERR_OK)
        return err;
    p->c = catalog_campaign(rq->catalog, rq->param[0]);
    return p->c != NULL ? screen_zone(&p->s, ask_text(p->doc, "timezone")) : ERR_INTERNAL;
}

void campaign_page_end(struct campaign_page *p)
{
    json_decref(p->doc);
}

bool campaign_is_ours(const struct campaign_page *p)
{
    return p->rq->caller->role == ROLE_OPERATOR || p->c->advertiser == p->rq->caller->who;
}

const json_t *campaign_member(const json_t *doc, const char *path)
{
    const char *dot = strchr(path, '.');
    char name[NAME_MAX];
    if (dot == NULL)
        return json_object_get(doc, path);
    snprintf(name, sizeof name, "%.*s", (int)(dot - path), path);
    return campaign_member(json_object_get(doc, name), dot + 1);
}

static void write_state(struct screen *s, const json_t *doc)
{
    bool paused = json_is_true(json_object_get(doc, "paused"));
    page_put(&s->g, "<span class=\"st {}\">{}</span>", P_HTML(paused ? "held" : "approved"),
             P_WORD(paused ? WORD_CP_PAUSED : WORD_CP_RUNS));
    if (ask_time(doc, "effective_at") != 0)
        page_put(&s->g, " <span class=\"wait\">{}</span>", P_SAY(WORD_CP_WAITS, P_TIME(ask_time(doc, "effective_at"))));
}

void campaign_page_open(struct campaign_page *p, enum campaign_place here)
{
    static const struct {
        const char *address;
        enum word word;
    } places[CAMPAIGN_PLACES] = {
        {"", WORD_CP_OVERVIEW}, {"/rules", WORD_CP_RULES}, {"/landing", WORD_CP_LANDING}, {"/crm", WORD_CP_CRM}};
    struct page *g = &p->s.g;
    const struct span id = ask_text(p->doc, "id");
    screen_open(&p->s, WORD_CAMPAIGN, "/campaigns", NULL);
    page_put(g, "<div class=\"head\"><div><h1>{}</h1><p>", P_NAME(ask_text(p->doc, "name")));
    write_state(&p->s, p->doc);
    page_put(g, "</p></div></div>\n<nav class=\"tabs\" aria-label=\"{}\">\n", P_WORD(WORD_CAMPAIGN));
    for (enum campaign_place i = 0; i < (p->c->advertiser == p->rq->caller->who ? CAMPAIGN_PLACES : CAMPAIGN_CRM); i++)
        page_put(g, "<a href=\"/campaigns/{}{}\"{}>{}</a>\n", P_QUERY(id), P_HTML(places[i].address),
                 P_HTML(i == here ? " aria-current=\"page\"" : ""), P_WORD(places[i].word));
    page_html(g, "</nav>\n");
}

/* ---- the list ---- */

static enum err list_read(struct request *rq, struct reply *reply);

static const struct act_field made_fields[] = {{"name", "name", ACT_TEXT, true},
                                               {"landing_url", "landing_url", ACT_TEXT, true},
                                               {"currency", "currency", ACT_TEXT, true},
                                               {"timezone", "timezone", ACT_TEXT, false},
                                               {"default_country", "default_country", ACT_TEXT, false},
                                               {NULL}};

static void add_advertiser(const struct form *f, json_t *body)
{
    const struct span whose = form_value(f, "advertiser");
    json_object_set_new(body, "advertiser", json_stringn(whose.ptr, whose.len));
}

static const struct act make = {.name = "make",
                                .call = campaigns_create,
                                .fields = made_fields,
                                .more = add_advertiser,
                                .again = list_read,
                                .to = "/campaigns/{}",
                                .made = "id"};

static void write_new(struct screen *s)
{
    struct act_form f;
    page_put(&s->g, "<details class=\"card\"{}><summary>{}</summary>\n", P_HTML(s->rq->acting != NULL ? " open" : ""),
             P_WORD(WORD_CP_NEW));
    act_open(&f, s, &make, SPAN(""), "stack");
    act_hidden(&f, "advertiser", span_str(s->rq->caller->id));
    act_input(&f, "name", WORD_RU_NAME, WORDS, SPAN(""), "required maxlength=\"100\"");
    act_input(&f, "landing_url", WORD_RU_LANDING, WORDS, SPAN(""), "type=\"url\" required");
    act_input(&f, "currency", WORD_CP_CURRENCY, WORDS, SPAN("EUR"), "required maxlength=\"3\"");
    act_input(&f, "timezone", WORD_RU_ZONE, WORDS, SPAN("Europe/Paris"), "");
    act_input(&f, "default_country", WORD_RU_COUNTRY, WORD_RU_COUNTRY_H, SPAN(""), "maxlength=\"2\"");
    act_close(&f, WORD_CP_MAKE, "one");
    page_html(&s->g, "</details>\n");
}

static int64_t publishers_of(const struct screen *s, struct span id)
{
    const struct campaign *c = catalog_campaign(s->rq->catalog, id);
    const struct contract_list all = catalog_reads(s->rq->catalog, s->rq->caller);
    int64_t n = 0;
    for (size_t i = 0; i < all.n; i++) {
        const struct contract *k = catalog_listed(s->rq->catalog, &all, i);
        n += k->campaign == c->which && k->publisher != NULL;
    }
    return n;
}

static void write_one(struct screen *s, const json_t *doc)
{
    const struct span id = ask_text(doc, "id");
    const struct party *p = catalog_party(s->rq->catalog, ask_text(doc, "advertiser"));
    page_put(&s->g, "<tr><th scope=\"row\"><a href=\"/campaigns/{}\">{}</a>", P_QUERY(id),
             P_NAME(ask_text(doc, "name")));
    if (s->frame.seat != SEAT_ADVERTISER && p != NULL)
        page_put(&s->g, "<span class=\"why\">{}</span>", P_NAME(p->name));
    page_put(&s->g, "</th><td data-l=\"{}\"><span>", P_WORD(WORD_FILTER_STATE));
    write_state(s, doc);
    page_put(&s->g,
             "</span></td><td class=\"n\" data-l=\"{}\">{}</td><td class=\"n\" data-l=\"{}\"><a "
             "href=\"/leads?campaign={}\">{}</a></td></tr>\n",
             P_WORD(WORD_CP_PUBLISHERS), P_COUNT(publishers_of(s, id)), P_WORD(WORD_CP_LEADS_OF), P_QUERY(id),
             P_WORD(WORD_REVIEW_LOOK));
}

static void write_list(struct screen *s, const json_t *answer)
{
    const json_t *list = json_object_get(answer, "data"), *doc;
    struct page *g = &s->g;
    size_t i;
    screen_open(s, WORD_NAV_CAMPAIGNS, "/campaigns", NULL);
    page_put(g,
             "<div class=\"head\"><div><h1>{}</h1><p>{}</p></div><a class=\"b\" "
             "href=\"/publishers\">{}</a></div>\n<section class=\"card\">\n",
             P_WORD(WORD_NAV_CAMPAIGNS), P_WORD(WORD_CP_WHAT), P_WORD(WORD_SENT_TITLE));
    if (json_array_size(list) == 0)
        page_put(g, "<div class=\"empty\"><h2>{}</h2><p>{}</p></div>\n", P_WORD(WORD_CP_NONE),
                 P_WORD(WORD_CP_NONE_WHAT));
    else
        page_put(
            g,
            "<table class=\"cards\"><thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th><th scope=\"col\" "
            "class=\"n\">{}</th><th scope=\"col\" class=\"n\">{}</th></tr></thead><tbody>\n",
            P_WORD(WORD_CAMPAIGN), P_WORD(WORD_FILTER_STATE), P_WORD(WORD_CP_PUBLISHERS), P_WORD(WORD_CP_LEADS_OF));
    json_array_foreach(list, i, doc) write_one(s, doc);
    page_html(g, json_array_size(list) > 0 ? "</tbody></table>\n" : "");
    rows_next(s, "/campaigns", NULL, 0, answer, WORD_OLDER);
    page_html(g, "</section>\n");
    if (s->frame.seat == SEAT_ADVERTISER)
        write_new(s);
}

static enum err list_read(struct request *rq, struct reply *reply)
{
    struct screen s;
    struct param p[] = {{.name = "after"}, {"order", SPAN("newest"), true}};
    json_t *answer = NULL;
    enum err err = screen_read(&s, rq, p, 1);
    if (err == ERR_OK)
        err = screen_zone(&s, screen_first_zone(rq));
    if (err == ERR_OK)
        err = rows_asked(rq, campaigns_list, p, 2, &answer);
    if (err != ERR_OK)
        return err;
    write_list(&s, answer);
    json_decref(answer);
    return screen_reply(&s, reply, act_status(rq));
}

enum err campaigns_page_get(struct request *rq, struct reply *reply)
{
    return screen_enter(rq, reply, list_read);
}

enum err campaigns_page_post(struct request *rq, struct reply *reply)
{
    return act_post(rq, reply, &make, 1);
}

/* ---- one ---- */

static enum err one_read(struct request *rq, struct reply *reply);

static const struct act_field pause_fields[] = {{"paused", "paused", ACT_SWITCH, true}, {NULL}};
static const struct act acts[] = {{.name = "pause",
                                   .call = campaigns_pause,
                                   .in = {ACT_PATH},
                                   .fields = pause_fields,
                                   .again = one_read,
                                   .to = "/campaigns/{}"},
                                  {.name = "withdraw",
                                   .call = withdrawals_create,
                                   .in = {"contract", "id"},
                                   .again = one_read,
                                   .to = "/campaigns/{}"}};

static void write_pause(struct campaign_page *p)
{
    struct act_form f;
    bool paused = json_is_true(json_object_get(p->doc, "paused"));
    act_open(&f, &p->s, &acts[0], SPAN(""), "card stack");
    page_put(&p->s.g, "<p class=\"s\">{}</p>\n", P_WORD(WORD_CP_PAUSE_WHAT));
    act_hidden(&f, "paused", paused ? SPAN("false") : SPAN("true"));
    act_close(&f, paused ? WORD_CP_GO_ON : WORD_CP_PAUSE, paused ? "one" : "no");
}

static void write_values(struct page *g, const json_t *list)
{
    const json_t *one;
    size_t i;
    json_array_foreach(list, i, one) if (json_is_string(one)) page_put(
        g, "{}{}", P_HTML(i > 0 ? ", " : ""), P_TEXT(span_of(json_string_value(one), json_string_length(one))));
}

/* What a tier asks for. */
static void write_when(struct page *g, const json_t *when)
{
    const json_t *min = json_object_get(when, "min"), *max = json_object_get(when, "max");
    const json_t *equals = json_object_get(when, "equals");
    page_put(g, "{} ", P_TEXT(ask_text(when, "field")));
    write_values(g, json_object_get(when, "in"));
    if (equals != NULL)
        page_put(g, "{}", P_TEXT(ask_text(when, "equals")));
    if (min != NULL && max != NULL)
        page_put(g, "{}", P_SAY(WORD_RULE_BETWEEN, P_COUNT(json_integer_value(min)), P_COUNT(json_integer_value(max))));
    else if (min != NULL || max != NULL)
        page_put(
            g, "{}",
            P_SAY(min != NULL ? WORD_RULE_FROM : WORD_RULE_TO, P_COUNT(json_integer_value(min != NULL ? min : max))));
}

static void write_prices(struct campaign_page *p, const json_t *contract)
{
    const json_t *tiers = json_object_get(json_object_get(contract, "price"), "lead"), *tier;
    struct page *g = &p->s.g;
    size_t i;
    json_array_foreach(tiers, i, tier)
    {
        page_put(g, "{}{}", P_HTML(i > 0 ? "<br>" : ""),
                 P_MICROS(ask_int(tier, "micros"), ask_text(p->doc, "currency")));
        if (json_object_get(tier, "when") != NULL) {
            page_html(g, " <span class=\"s\">");
            write_when(g, json_object_get(tier, "when"));
            page_html(g, "</span>");
        }
    }
}

static void write_contract(struct campaign_page *p, const json_t *doc)
{
    const struct contract *k = catalog_contract(p->rq->catalog, ask_text(doc, "id"));
    if (k == NULL || k->publisher == NULL)
        return;
    page_put(&p->s.g, "<tr><th scope=\"row\">{}</th><td data-l=\"{}\"><span>",
             P_NAME(catalog_who(p->rq->catalog, k->publisher)->name), P_WORD(WORD_CP_PRICE));
    write_prices(p, doc);
    page_put(&p->s.g, "</span></td><td class=\"n\" data-l=\"{}\"><a href=\"/leads?contract={}\">{}</a></td></tr>\n",
             P_WORD(WORD_CP_LEADS_OF), P_QUERY(span_str(k->id)), P_WORD(WORD_REVIEW_LOOK));
}

static enum err write_contracts(struct campaign_page *p, struct span after)
{
    const struct param params[] = {
        {"campaign", ask_text(p->doc, "id"), true}, {"after", after, true}, {"order", SPAN("newest"), true}};
    struct page *g = &p->s.g;
    json_t *answer = NULL;
    const json_t *doc;
    char address[sizeof "/campaigns/" + LIMIT_ID];
    size_t i;
    enum err err = rows_asked(p->rq, contracts_list, params, 3, &answer);
    if (err != ERR_OK)
        return err;
    page_put(g,
             "<section class=\"card\">\n<h2>{}</h2>\n<table class=\"cards\"><thead><tr><th scope=\"col\">{}</th><th "
             "scope=\"col\">{}</th><th scope=\"col\" class=\"n\">{}</th></tr></thead><tbody>\n",
             P_WORD(WORD_CP_PUBLISHERS), P_WORD(WORD_PUBLISHER), P_WORD(WORD_CP_PRICE), P_WORD(WORD_CP_LEADS_OF));
    json_array_foreach(json_object_get(answer, "data"), i, doc) write_contract(p, doc);
    page_html(g, "</tbody></table>\n");
    snprintf(address, sizeof address, "/campaigns/%s", p->c->id);
    rows_next(&p->s, address, NULL, 0, answer, WORD_OLDER);
    page_html(g, "</section>\n");
    json_decref(answer);
    return ERR_OK;
}

static void write_difference(struct campaign_page *p, const json_t *one)
{
    struct page *g = &p->s.g;
    const struct span path = ask_text(one, "path");
    const enum word word = campaign_word(path);
    page_html(g, "<tr><th scope=\"row\">");
    if (word != WORDS)
        page_put(g, "{} ", P_WORD(word));
    page_put(g, "<code>{}</code></th><td data-l=\"{}\"><span>", P_TEXT(path), P_WORD(WORD_CP_BEFORE));
    if (json_object_get(one, "before") != NULL)
        difference_side(g, one, "before", "<del>", "</del>");
    page_put(g, "</span></td><td data-l=\"{}\"><span>", P_WORD(WORD_CP_AFTER));
    if (json_object_get(one, "after") != NULL)
        difference_side(g, one, "after", "<ins>", "</ins>");
    page_html(g, "</span></td></tr>\n");
}

static void write_differences(struct campaign_page *p, const json_t *list, bool first)
{
    struct page *g = &p->s.g;
    const json_t *one;
    size_t i;
    if (first)
        page_put(g, "<p class=\"s\">{}</p>\n", P_WORD(WORD_CP_FIRST));
    if (json_array_size(list) == 0)
        return;
    page_put(g,
             "<table class=\"cards\"><thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th><th "
             "scope=\"col\">{}</th></tr></thead><tbody>\n",
             P_WORD(WORD_CP_TERM), P_WORD(WORD_CP_BEFORE), P_WORD(WORD_CP_AFTER));
    json_array_foreach(list, i, one) write_difference(p, one);
    page_html(g, "</tbody></table>\n");
}

static enum word state_word(struct span state)
{
    return span_is(state, "in_force")    ? WORD_CP_IN_FORCE
           : span_is(state, "waiting")   ? WORD_CP_WAITING
           : span_is(state, "proposed")  ? WORD_CP_PROPOSED
           : span_is(state, "withdrawn") ? WORD_CP_WITHDRAWN
                                         : WORD_CP_OVER;
}

static void write_version(struct campaign_page *p, const json_t *v, bool newest)
{
    struct page *g = &p->s.g;
    const struct span state = ask_text(v, "state");
    const bool waits = span_is(state, "waiting") || span_is(state, "proposed");
    page_put(g, "<li class=\"{}\"><b>{}</b> {} <span class=\"at\">{}</span>\n", P_HTML(waits ? "next" : "done"),
             P_SAY(WORD_CP_VERSION, P_COUNT(ask_int(v, "version"))), P_WORD(state_word(state)),
             P_SAY(WORD_CP_FROM, P_TIME(ask_time(v, "effective_at"))));
    write_differences(p, json_object_get(v, "differences"), ask_int(v, "version") == 1);
    if (newest && waits && campaign_is_ours(p)) {
        struct act_form f;
        char version[24];
        snprintf(version, sizeof version, "%lld", (long long)ask_int(v, "version"));
        act_open(&f, &p->s, &acts[1], span_str(version), "line");
        act_hidden(&f, "contract", ask_text(p->doc, "direct_contract"));
        act_close(&f, WORD_CP_WITHDRAW, "no sm");
    }
    page_html(g, "</li>\n");
}

/* Of the campaign's own contract, which holds its changes; whoever does not see that reads its contract's. */
static enum err write_versions(struct campaign_page *p)
{
    json_t *answer = NULL;
    char query[32];
    struct span of = ask_text(p->doc, "direct_contract");
    const struct contract_list all = catalog_reads(p->rq->catalog, p->rq->caller);
    for (size_t i = 0; i < all.n && span_empty(of); i++)
        if (catalog_listed(p->rq->catalog, &all, i)->campaign == p->c->which)
            of = span_str(catalog_listed(p->rq->catalog, &all, i)->id);
    snprintf(query, sizeof query, "limit=%d", LIMIT_LIST);
    enum err err = ask(p->rq, terms_list, of, span_str(query), &answer);
    if (err != ERR_OK)
        return err;
    const json_t *list = json_object_get(answer, "data");
    size_t n = json_array_size(list);
    page_put(&p->s.g, "<section class=\"card\">\n<h2>{}</h2>\n<ol class=\"tl\">\n", P_WORD(WORD_CP_VERSIONS));
    for (size_t i = n; i-- > 0 && i + VERSIONS >= n;)
        write_version(p, json_array_get(list, i), i + 1 == n && json_object_get(answer, "next") == NULL);
    page_html(&p->s.g, "</ol>\n</section>\n");
    json_decref(answer);
    return ERR_OK;
}

static enum err one_read(struct request *rq, struct reply *reply)
{
    struct campaign_page p;
    struct param after = {.name = "after"};
    enum err err = campaign_page_begin(&p, rq, &after, 1);
    if (err == ERR_OK) {
        campaign_page_open(&p, CAMPAIGN_OVERVIEW);
        page_html(&p.s.g, "<div class=\"two\">\n<div>\n");
        err = write_contracts(&p, after.value);
        if (err == ERR_OK)
            err = write_versions(&p);
        page_html(&p.s.g, "</div>\n<aside class=\"stack\">\n");
        if (campaign_is_ours(&p))
            write_pause(&p);
        page_html(&p.s.g, "</aside>\n</div>\n");
    }
    if (err == ERR_OK)
        err = screen_reply(&p.s, reply, act_status(rq));
    else
        buf_free(&p.s.out);
    campaign_page_end(&p);
    return err;
}

enum err campaign_page_get(struct request *rq, struct reply *reply)
{
    return screen_enter(rq, reply, one_read);
}

enum err campaign_page_post(struct request *rq, struct reply *reply)
{
    return act_post(rq, reply, acts, sizeof acts / sizeof *acts);
}
