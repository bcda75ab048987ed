/* What a publisher may promote, and on which terms: each contract's, in words, with what changed and what is to come.
 */
#include "common/base/query.h"
#include "common/pages/terms_words.h"
#include "server/api/api.h"
#include "server/pages/pages.h"
#include "server/pages/pages_private.h"
#include "server/pages/refusal.h"
#include "server/pages/rows.h"

enum { VERSIONS_MOST = 1000 };

struct offers_page {
    struct request *rq;
    struct screen s;
    struct param after;
    json_t *contracts;        /* an answer, of the list */
    const struct contract *k; /* of one */
    json_t *contract, *versions;
};

static void offers_close(struct offers_page *o)
{
    json_decref(o->contracts);
    json_decref(o->contract);
    json_decref(o->versions);
}

/* ---- both pages ---- */

static bool awaits(const json_t *contract, const char *party)
{
    const json_t *one;
    size_t i;
    json_array_foreach(json_object_get(contract, "awaits_assent_of"), i,
                       one) if (strcmp(json_string_value(one), party) == 0) return true;
    return false;
}

static void write_state(struct offers_page *o, const struct contract *k)
{
    const int64_t now_ms = o->rq->arrived_ms;
    const struct terms *t = contract_terms(k, now_ms);
    const bool open = contract_takes_traffic(o->rq->catalog, k, now_ms), binds = contract_binds(k, now_ms);
    page_put(&o->s.g, "<span class=\"st {}\">{}</span>",
             P_HTML(open    ? "approved"
                    : binds ? "off"
                            : "pending"),
             P_WORD(open                      ? WORD_OFFER_OPEN
                    : !binds                  ? WORD_OFFER_WAITS
                    : terms_active(t, now_ms) ? WORD_OFFER_PAUSED
                                              : WORD_OFFER_OVER));
}

/* What is to come: terms that wait for their time, or for somebody's word. */
static void write_coming(struct offers_page *o, const json_t *contract)
{
    struct page *g = &o->s.g;
    const int64_t effective_ms = ask_time(contract, "effective_at");
    if (json_object_get(contract, "awaits_assent_of") != NULL)
        page_put(g, "<p class=\"note wait\">{} {}</p>\n",
                 P_SAY(WORD_OFFER_PROPOSED, P_INDEX(ask_int(contract, "terms_version"))),
                 P_WORD(awaits(contract, o->rq->caller->id) ? WORD_OFFER_YOURS : WORD_OFFER_THEIRS));
    else if (effective_ms > o->rq->arrived_ms)
        page_put(g, "<p class=\"note\">{}</p>\n", P_SAY(WORD_OFFER_COMES, P_DAY(effective_ms)));
}

/* ---- all of them ---- */

static void write_offer(struct offers_page *o, const json_t *contract)
{
    const struct contract *k = catalog_contract(o->rq->catalog, ask_text(contract, "id"));
    struct page *g = &o->s.g;
    if (k == NULL)
        return;
    page_put(g, "<section class=\"card stack\">\n<div class=\"ch\"><h2><a href=\"/offers/{}\">{}</a></h2><span>",
             P_QUERY(span_str(k->id)), P_NAME(contract_terms(k, o->rq->arrived_ms)->name));
    write_state(o, k);
    page_html(g, "</span></div>\n<p class=\"s\">");
    rows_contract_line(&o->s, k);
    page_html(g, "</p>\n");
    write_coming(o, contract);
    terms_in_words(g, contract_terms(k, o->rq->arrived_ms));
    page_put(g,
             "<p class=\"line\"><a class=\"b one\" href=\"/links?contract={}\">{}</a> <a class=\"b\" "
             "href=\"/offers/{}\">{}</a></p>\n</section>\n",
             P_QUERY(span_str(k->id)), P_WORD(WORD_OFFER_LINKS), P_QUERY(span_str(k->id)),
             P_WORD(WORD_OFFER_TERMS_ALL));
}

static void write_offers(struct offers_page *o)
{
    const json_t *all = json_object_get(o->contracts, "data"), *one;
    struct page *g = &o->s.g;
    size_t i;
    screen_open(&o->s, WORD_OFFERS, "/offers", NULL);
    page_put(g, "<div class=\"head\"><div><h1>{}</h1><p>{}</p></div></div>\n", P_WORD(WORD_OFFERS),
             P_WORD(WORD_OFFERS_WHAT));
    if (json_array_size(all) == 0)
        page_put(g, "<div class=\"card empty\"><h2>{}</h2><p>{}</p></div>\n", P_WORD(WORD_NO_CONTRACT),
                 P_WORD(WORD_NO_CONTRACT_WHAT));
    page_html(g, "<div class=\"half\">\n");
    json_array_foreach(all, i, one) write_offer(o, one);
    page_html(g, "</div>\n");
    if (json_object_get(o->contracts, "next") != NULL)
        page_put(g, "<p class=\"line\"><a class=\"b\" href=\"/offers?after={}\">{}</a></p>\n",
                 P_QUERY(ask_text(o->contracts, "next")), P_WORD(WORD_STATEMENTS_MORE));
}

static enum err offers_read(struct request *rq, struct reply *reply)
{
    struct offers_page o = {.rq = rq, .after = {.name = "after"}};
    enum err err = screen_read(&o.s, rq, &o.after, 1);
    if (err == ERR_OK)
        err = screen_zone(&o.s, screen_first_zone(rq));
    if (err == ERR_OK)
        err = rows_asked(rq, contracts_list, &o.after, 1, &o.contracts);
    if (err == ERR_OK) {
        write_offers(&o);
        err = screen_reply(&o.s, reply, 200);
    }
    offers_close(&o);
    return err;
}

/* ---- one, with all its versions ---- */

static enum err ask_versions(struct offers_page *o)
{
    struct span after = SPAN("");
    enum err err = ERR_OK;
    o->versions = json_array();
    do {
        json_t *answer = NULL;
        struct buf query;
        arena_buf(o->rq->arena, &query, 64 + 3 * after.len);
        buf_printf(&query, "limit=%d", LIMIT_LIST);
        buf_str(&query, span_empty(after) ? "" : "&after=");
        query_encode(&query, after);
        err = ask(o->rq, terms_list, o->rq->param[0], buf_span(&query), &answer);
        if (err == ERR_OK)
            json_array_extend(o->versions, json_object_get(answer, "data"));
        after = err == ERR_OK ? arena_copy(o->rq->arena, ask_text(answer, "next")) : SPAN("");
        json_decref(answer);
    } while (!span_empty(after) && json_array_size(o->versions) < VERSIONS_MOST);
    return err;
}

static enum err gather_one(struct offers_page *o)
{
    enum err err = ask(o->rq, contracts_get, o->rq->param[0], SPAN(""), &o->contract);
    if (err == ERR_OK)
        err = ask_versions(o);
    if (err == ERR_OK)
        o->k = catalog_contract(o->rq->catalog, ask_text(o->contract, "id"));
    return err != ERR_OK || o->k != NULL ? err : ERR_INTERNAL;
}

static enum word state_word(struct span state)
{
    return span_is(state, "in_force")    ? WORD_OFFER_IN_FORCE
           : span_is(state, "waiting")   ? WORD_OFFER_WAITING
           : span_is(state, "proposed")  ? WORD_OFFER_IS_PROPOSED
           : span_is(state, "withdrawn") ? WORD_OFFER_WITHDRAWN
                                         : WORD_OFFER_IS_OVER;
}

static void write_side(struct page *g, const json_t *difference, const char *which, const char *tag)
{
    const json_t *v = json_object_get(difference, which);
    page_put(g, "<td{}>", P_HTML(tag));
    if (v != NULL)
        difference_side(g, difference, which, "", "");
    else
        page_html(g, "–");
    page_html(g, "</td>");
}

static void write_differences(struct offers_page *o, const json_t *all)
{
    struct page *g = &o->s.g;
    const json_t *one;
    size_t i;
    if (json_array_size(all) == 0) {
        page_put(g, "<p class=\"s\">{}</p>\n", P_WORD(WORD_OFFER_SAME));
        return;
    }
    page_put(g,
             "<table class=\"diff\"><thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th><th "
             "scope=\"col\">{}</th></tr></thead><tbody>\n",
             P_WORD(WORD_OFFER_CHANGES), P_WORD(WORD_OFFER_WAS), P_WORD(WORD_OFFER_IS));
    json_array_foreach(all, i, one)
    {
        page_put(g, "<tr><th scope=\"row\"><code>{}</code></th>", P_TEXT(ask_text(one, "path")));
        write_side(g, one, "before", "");
        write_side(g, one, "after", " class=\"is\"");
        page_html(g, "</tr>\n");
    }
    page_html(g, "</tbody></table>\n");
}

static void write_version(struct offers_page *o, const json_t *v)
{
    const struct span state = ask_text(v, "state");
    const bool now = span_is(state, "in_force"), next = span_is(state, "waiting") || span_is(state, "proposed");
    page_put(&o->s.g, "<li{}><h3>{} · {}</h3><span class=\"at\">{}</span>\n",
             P_HTML(now    ? " class=\"done\""
                    : next ? " class=\"next\""
                           : ""),
             P_SAY(WORD_OFFER_VERSION, P_INDEX(ask_int(v, "version"))), P_WORD(state_word(state)),
             P_SAY(WORD_OFFER_BINDS, P_TIME(ask_time(v, "effective_at"))));
    write_differences(o, json_object_get(v, "differences"));
    page_html(&o->s.g, "</li>\n");
}

/* A key stays where it is: it signs by the program that shows first what. */
static void write_assent(struct offers_page *o)
{
    struct page *g = &o->s.g;
    if (!awaits(o->contract, o->rq->caller->id))
        return;
    page_put(g,
             "<section class=\"card stack\">\n<h2>{}</h2>\n<p class=\"s\">{}</p>\n<div class=\"copy\"><pre "
             "class=\"id\" id=\"assent\">countersign sign {} --contract {} --terms {} --key {}.key</pre><button "
             "class=\"b sm\" type=\"button\" data-copy=\"assent\" hidden>{}</button></div>\n</section>\n",
             P_WORD(WORD_OFFER_YOURS), P_WORD(WORD_OFFER_ASSENT),
             P_TEXT(span_str(o->rq->worker->server->instance.public_url)), P_TEXT(span_str(o->k->id)),
             P_INDEX(ask_int(o->contract, "terms_version")), P_TEXT(span_str(o->rq->caller->id)), P_WORD(WORD_COPY));
}

static void write_aside(struct offers_page *o)
{
    struct page *g = &o->s.g;
    const struct span landing = contract_terms(o->k, o->rq->arrived_ms)->landing_url, id = span_str(o->k->id);
    page_html(g, "<aside class=\"stack\">\n");
    write_assent(o);
    page_put(g,
             "<section class=\"card stack\">\n<p><a class=\"b one\" href=\"/links?contract={}\">{}</a></p>\n<p><a "
             "href=\"/leads?contract={}\">{}</a><br><a href=\"/reports?contract={}\">{}</a></p>\n"
             "<dl class=\"stack\"><div><dt class=\"s\">{}</dt><dd class=\"id\">{}</dd></div><div><dt "
             "class=\"s\">{}</dt><dd><code class=\"id\">{}</code></dd></div><div><dt class=\"s\">{}</dt><dd><code "
             "class=\"id\">{}</code></dd></div></dl>\n</section>\n</aside>\n",
             P_QUERY(id), P_WORD(WORD_OFFER_LINKS), P_QUERY(id), P_WORD(WORD_ALL_LEADS), P_QUERY(id),
             P_WORD(WORD_REPORTS), P_WORD(WORD_OFFER_PAGE), P_TEXT(landing), P_WORD(WORD_CONTRACT), P_TEXT(id),
             P_WORD(WORD_CAMPAIGN), P_TEXT(span_str(o->k->campaign->id)));
}

static void write_one(struct offers_page *o)
{
    struct page *g = &o->s.g;
    const struct terms *t = contract_terms(o->k, o->rq->arrived_ms);
    screen_open(&o->s, WORD_OFFERS, "/offers", NULL);
    page_put(g, "<div class=\"head\"><div><h1>{}</h1><p>", P_NAME(t->name));
    rows_contract_line(&o->s, o->k);
    page_html(g, "</p></div><p>");
    write_state(o, o->k);
    page_html(g, "</p></div>\n");
    write_coming(o, o->contract);
    page_put(g, "<div class=\"two\">\n<div>\n<section class=\"card\">\n<h2>{}</h2>\n", P_WORD(WORD_OFFER_TERMS));
    terms_in_words(g, t);
    page_put(g, "</section>\n<section class=\"card\">\n<h2>{}</h2>\n<ol class=\"tl\">\n", P_WORD(WORD_OFFER_VERSIONS));
    for (size_t i = json_array_size(o->versions); i-- > 0;)
        write_version(o, json_array_get(o->versions, i));
    page_html(g, "</ol>\n</section>\n</div>\n");
    write_aside(o);
    page_html(g, "</div>\n");
}

static enum err offer_read(struct request *rq, struct reply *reply)
{
    struct offers_page o = {.rq = rq};
    enum err err = screen_read(&o.s, rq, NULL, 0);
    if (err == ERR_OK)
        err = gather_one(&o);
    if (err == ERR_OK)
        err = screen_zone(&o.s, contract_terms(o.k, rq->arrived_ms)->timezone);
    if (err == ERR_OK) {
        write_one(&o);
        err = screen_reply(&o.s, reply, 200);
    }
    offers_close(&o);
    return err;
}

enum err offers_page_get(struct request *rq, struct reply *reply)
{
    enum err err = publishers_alone(rq);
    return err == ERR_OK ? screen_enter(rq, reply, offers_read) : err;
}

enum err offer_page_get(struct request *rq, struct reply *reply)
{
    enum err err = publishers_alone(rq);
    return err == ERR_OK ? screen_enter(rq, reply, offer_read) : err;
}
