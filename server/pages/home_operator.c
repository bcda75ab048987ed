/* What the operator sees first: whether requests are taken, who is here, whose answers wait, what was refused. */
#include "common/base/when.h"
#include "server/api/api.h"
#include "server/pages/copies.h"
#include "server/pages/pages_private.h"
#include "server/pages/refusal.h"
#include "server/pages/rows.h"
#include "server/settlement/settlement.h"

enum { LISTED = 50, REFUSED = 200 };

struct overview {
    struct request *rq;
    struct screen s;
    json_t *parties, *waiting, *refused, *upkeep;
};

static enum err gather(struct overview *o)
{
    struct request *rq = o->rq;
    char query[64];
    enum err err;
    snprintf(query, sizeof query, "limit=%d", LISTED);
    if ((err = ask(rq, parties_list, SPAN(""), span_str(query), &o->parties)) != ERR_OK)
        return err;
    snprintf(query, sizeof query, "verdict=none&order=newest&limit=%d", LISTED);
    if ((err = ask(rq, statements_list, SPAN(""), span_str(query), &o->waiting)) != ERR_OK)
        return err;
    snprintf(query, sizeof query, "limit=%d", REFUSED);
    if ((err = ask(rq, refused_list, SPAN(""), span_str(query), &o->refused)) != ERR_OK)
        return err;
    return ask(rq, upkeep_get, SPAN(""), SPAN(""), &o->upkeep);
}

static void write_figure(struct overview *o, enum word what, const char *to, int64_t n, bool more)
{
    page_put(&o->s.g, "<div><dt>{}</dt><dd><a href=\"{}\">{}{}</a></dd></div>\n", P_WORD(what), P_HTML(to), P_COUNT(n),
             P_HTML(more ? "+" : ""));
}

static void write_unready(struct page *g, const char *why)
{
    page_html(g, "<span class=\"bad\">");
    refusal_detail(g, span_str(why));
    page_html(g, "</span></dd></div>\n");
}

static void write_figures(struct overview *o)
{
    const char *why = source_unready(o->rq->worker->server->source);
    const int64_t refused = refused_of_day(o->refused, o->rq->arrived_ms);
    page_put(&o->s.g, "<dl class=\"kpis six\" data-live=\"health\" aria-label=\"{}\">\n<div><dt>{}</dt><dd>",
             P_WORD(WORD_NAV_HEALTH), P_WORD(WORD_OP_READY));
    if (why == NULL)
        page_put(&o->s.g, "<span class=\"ok\">{}</span></dd></div>\n", P_WORD(WORD_YES));
    else
        write_unready(&o->s.g, why);
    system_room(&o->s, true);
    write_figure(o, WORD_OP_UNANSWERED, "#waiting", (int64_t)json_array_size(json_object_get(o->waiting, "data")),
                 json_object_get(o->waiting, "next") != NULL);
    write_figure(o, WORD_OP_REFUSED, "/refused", refused, refused == REFUSED);
    copies_figures(&o->s, o->upkeep);
    page_html(&o->s.g, "</dl>\n");
}

enum word kind_word(struct span kind)
{
    return span_is(kind, "advertiser")  ? WORD_ADVERTISER
           : span_is(kind, "publisher") ? WORD_PUBLISHER
           : span_is(kind, "auditor")   ? WORD_AUDITOR
                                        : WORD_OPERATOR;
}

static void write_parties(struct overview *o)
{
    const json_t *one;
    size_t i;
    page_put(&o->s.g,
             "<section class=\"card\">\n<div class=\"ch\"><h2>{}</h2><a href=\"/parties\">{}</a></div>\n<table "
             "class=\"fit\"><tbody>\n",
             P_WORD(WORD_OP_PARTIES), P_COUNT((int64_t)o->rq->catalog->n_parties));
    json_array_foreach(json_object_get(o->parties, "data"), i, one) page_put(
        &o->s.g,
        "<tr><th scope=\"row\"><a href=\"/parties/{}\">{}</a><span class=\"why\"><code>{}</code></span></th><td "
        "class=\"nb\">{}</td></tr>\n",
        P_QUERY(ask_text(one, "id")), P_NAME(ask_text(one, "name")), P_TEXT(ask_text(one, "id")),
        P_WORD(kind_word(ask_text(one, "kind"))));
    page_html(&o->s.g, "</tbody></table>\n</section>\n");
}

/* The newest ones; each opens its page. */
static void write_contracts(struct overview *o)
{
    const struct contract_list all = catalog_reads(o->rq->catalog, o->rq->caller);
    page_put(&o->s.g,
             "<section class=\"card\">\n<div class=\"ch\"><h2>{}</h2><a href=\"/contracts\">{}</a></div>\n<table "
             "class=\"fit\"><tbody>\n",
             P_WORD(WORD_CONTRACTS), P_COUNT((int64_t)all.n));
    for (size_t i = all.n; i-- > 0 && all.n - i <= LISTED;) {
        const struct contract *k = catalog_listed(o->rq->catalog, &all, i);
        page_html(&o->s.g, "<tr>");
        rows_between(&o->s, k);
        page_put(&o->s.g, "<td><a class=\"id\" href=\"/contracts/{}\">{}</a></td></tr>\n", P_QUERY(span_str(k->id)),
                 P_TEXT(span_str(k->id)));
    }
    page_html(&o->s.g, "</tbody></table>\n</section>\n");
}

static void write_refused(struct overview *o, const json_t *one)
{
    const struct secret *secret = catalog_secret(o->rq->catalog, ask_text(one, "kid"));
    struct page *g = &o->s.g;
    page_put(g, "<tr><td class=\"nb\">{}</td><td>", P_TIME(ask_time(one, "at")));
    if (secret != NULL)
        page_put(g, "<a href=\"/parties/{}\">{}</a> ", P_QUERY(span_str(secret->party->id)),
                 P_NAME(secret->party->name));
    page_put(g, "<code>{}</code></td><td>", P_TEXT(ask_text(one, "kid")));
    refusal_said(g, ask_text(one, "field"), ask_text(one, "reason"));
    page_html(g, "</td></tr>\n");
}

static void write_refusals(struct overview *o)
{
    const json_t *one;
    size_t i;
    page_put(&o->s.g,
             "<section class=\"card\">\n<div class=\"ch\"><h2>{}</h2><a href=\"/refused\">{}</a></div>\n<table "
             "class=\"cards\"><thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th><th "
             "scope=\"col\">{}</th></tr></thead><tbody>\n",
             P_WORD(WORD_OP_REFUSED), P_WORD(WORD_FILTER_ALL), P_WORD(WORD_LINE_RECEIVED), P_WORD(WORD_ACT_SENDER),
             P_WORD(WORD_ADJUSTED_WHY));
    json_array_foreach(json_object_get(o->refused, "data"), i, one)
    {
        if (i == 10 || ask_time(one, "at") <= o->rq->arrived_ms - MS_PER_DAY)
            break;
        write_refused(o, one);
    }
    page_html(&o->s.g, "</tbody></table>\n</section>\n");
}

static void write_overview(struct overview *o)
{
    const json_t *waiting = json_object_get(o->waiting, "data");
    screen_open(&o->s, WORD_NAV_HEALTH, "/", NULL);
    page_put(&o->s.g, "<div class=\"head\"><h1>{}</h1></div>\n", P_WORD(WORD_OP_TITLE));
    write_figures(o);
    page_put(&o->s.g, "<section class=\"card\" id=\"waiting\">\n<h2>{}</h2>\n", P_WORD(WORD_OP_UNANSWERED));
    if (json_array_size(waiting) == 0)
        page_put(&o->s.g, "<p class=\"s\">{}</p>\n", P_WORD(WORD_HOME_ALL_ANSWERED));
    else
        rows_statements(&o->s, waiting);
    page_html(&o->s.g, "</section>\n<div class=\"half\">\n");
    write_parties(o);
    page_html(&o->s.g, "<div>\n");
    write_contracts(o);
    if (refused_of_day(o->refused, o->rq->arrived_ms) > 0)
        write_refusals(o);
    page_html(&o->s.g, "</div>\n</div>\n");
}

enum err operator_read(struct request *rq, struct reply *reply)
{
    struct overview o = {.rq = rq};
    enum err err = screen_read(&o.s, rq, NULL, 0);
    if (err == ERR_OK)
        err = screen_zone(&o.s, screen_first_zone(rq));
    if (err == ERR_OK)
        err = gather(&o);
    if (err == ERR_OK) {
        write_overview(&o);
        err = screen_reply(&o.s, reply, 200);
    }
    json_decref(o.parties);
    json_decref(o.waiting);
    json_decref(o.refused);
    json_decref(o.upkeep);
    return err;
}
