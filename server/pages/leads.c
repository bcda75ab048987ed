/* Leads, the newest first, by contract and state. */
#include "common/base/query.h"
#include "common/decisions/reason.h"
#include "server/api/api.h"
#include "server/pages/pages.h"
#include "server/pages/rows.h"

enum { SHOWN = 50, CONTRACTS_LISTED = 200, CONTRACT = 0, STATUS, DAY, AFTER, PARAMS };

struct leads_page {
    struct request *rq;
    struct screen s;
    struct param p[PARAMS];
    const struct contract *k; /* of one alone; NULL: of all */
    json_t *leads;            /* a list */
    struct span next;         /* empty: there are no older ones, or it is not known which */
};

static enum err gather_one(struct leads_page *l)
{
    struct buf query;
    json_t *answer = NULL;
    arena_buf(l->rq->arena, &query, 96 + 3 * (l->p[STATUS].value.len + l->p[DAY].value.len + l->p[AFTER].value.len));
    buf_printf(&query, "order=newest&limit=%d", SHOWN);
    for (int i = STATUS; i <= AFTER; i++) {
        if (span_empty(l->p[i].value))
            continue;
        buf_printf(&query, "&%s=", l->p[i].name);
        query_encode(&query, l->p[i].value);
    }
    enum err err = ask(l->rq, leads_list, span_str(l->k->id), buf_span(&query), &answer);
    if (err == ERR_OK) {
        l->leads = json_incref(json_object_get(answer, "data"));
        l->next = arena_copy(l->rq->arena, ask_text(answer, "next"));
    }
    json_decref(answer);
    return err;
}

static enum err gather(struct leads_page *l)
{
    const struct contract_list all = catalog_reads(l->rq->catalog, l->rq->caller);
    enum status status;
    const struct span wanted = l->p[STATUS].value;
    if (!span_empty(wanted) && status_parse(wanted, &status) != ERR_OK)
        return problem(&l->rq->problem, ERR_MALFORMED, "status",
                       "must be pending, held, approved, rejected, duplicate, returned or converted");
    if (!span_empty(l->p[CONTRACT].value)) {
        l->k = catalog_contract(l->rq->catalog, l->p[CONTRACT].value);
        if (l->k == NULL || !catalog_may_read(l->rq->catalog, l->rq->caller, l->k))
            return problem(&l->rq->problem, ERR_NOT_FOUND, "contract",
                           "there is no such contract, or it is not yours to see");
    } else if (all.n == 1) {
        l->k = catalog_listed(l->rq->catalog, &all, 0);
    }
    return l->k != NULL ? gather_one(l) : rows_newest(l->rq, wanted, l->p[DAY].value, SHOWN, &l->leads);
}

/* ---- the page ---- */

static void write_contracts(struct leads_page *l)
{
    const struct contract_list all = catalog_reads(l->rq->catalog, l->rq->caller);
    struct page *g = &l->s.g;
    page_put(g, "<label>{}<select name=\"contract\"><option value=\"\">{}</option>\n", P_WORD(WORD_CONTRACT),
             P_WORD(WORD_FILTER_ALL));
    for (size_t i = 0; i < all.n && i < CONTRACTS_LISTED; i++) {
        const struct contract *k = catalog_listed(l->rq->catalog, &all, i);
        page_put(g, "<option value=\"{}\"{}>{} · {}</option>\n", P_TEXT(span_str(k->id)),
                 P_HTML(k == l->k ? " selected" : ""), P_TEXT(contract_terms(k, l->rq->arrived_ms)->name),
                 P_TEXT(l->s.frame.seat == SEAT_PUBLISHER ? k->campaign->advertiser->name
                        : k->publisher != NULL            ? k->publisher->name
                                                          : span_str(word_text(g->language, WORD_DIRECT))));
    }
    page_html(g, "</select></label>\n");
}

static void write_filters(struct leads_page *l)
{
    struct page *g = &l->s.g;
    page_html(g, "<form class=\"filters\" action=\"/leads\">\n");
    write_contracts(l);
    page_put(g, "<label>{}<select name=\"status\"><option value=\"\">{}</option>\n", P_WORD(WORD_FILTER_STATE),
             P_WORD(WORD_FILTER_ALL));
    for (enum status st = 0; st < STATUS_COUNT; st++) {
        const struct span word = span_str(status_word(st));
        page_put(g, "<option value=\"{}\"{}>{}</option>\n", P_TEXT(word),
                 P_HTML(span_eq(word, l->p[STATUS].value) ? " selected" : ""), P_WORD(word_of_status(word)));
    }
    page_put(g,
             "</select></label>\n<label>{}<input type=\"date\" name=\"day\" value=\"{}\"></label>\n<button "
             "class=\"b\">{}</button>\n</form>\n",
             P_WORD(WORD_ON_DAY), P_TEXT(l->p[DAY].value), P_WORD(WORD_FILTER_SHOW));
}

static void write_empty(struct leads_page *l)
{
    bool filtered =
        !span_empty(l->p[STATUS].value) || !span_empty(l->p[DAY].value) || !span_empty(l->p[CONTRACT].value);
    if (filtered)
        page_put(&l->s.g, "<div class=\"empty\"><h2>{}</h2><p><a href=\"/leads\">{}</a></p></div>\n",
                 P_WORD(WORD_NO_LEAD_FITS), P_WORD(WORD_CLEAR_FILTERS));
    else
        page_put(&l->s.g, "<div class=\"empty\"><h2>{}</h2><p>{}</p></div>\n", P_WORD(WORD_NO_LEAD),
                 P_WORD(WORD_NO_LEAD_WHAT));
}

static void write_page(struct leads_page *l)
{
    struct page *g = &l->s.g;
    screen_open(&l->s, WORD_LEADS, "/leads", NULL);
    page_put(g, "<div class=\"head\"><div><h1>{}</h1><p>{}</p></div></div>\n", P_WORD(WORD_LEADS),
             P_WORD(l->k != NULL ? WORD_LEADS_WHAT : WORD_LEADS_MANY));
    write_filters(l);
    page_html(g, "<section class=\"card\">\n");
    if (json_array_size(l->leads) == 0)
        write_empty(l);
    else
        rows_leads(&l->s, l->leads);
    if (!span_empty(l->next))
        page_put(g,
                 "<p class=\"line\"><a class=\"b\" "
                 "href=\"/leads?contract={}&amp;status={}&amp;day={}&amp;after={}\">{}</a></p>\n",
                 P_QUERY(span_str(l->k->id)), P_QUERY(l->p[STATUS].value), P_QUERY(l->p[DAY].value), P_QUERY(l->next),
                 P_WORD(WORD_OLDER));
    page_html(g, "</section>\n");
}

static enum err leads_read(struct request *rq, struct reply *reply)
{
    struct leads_page l = {.rq = rq,
                           .p = {{.name = "contract"}, {.name = "status"}, {.name = "day"}, {.name = "after"}}};
    enum err err = screen_read(&l.s, rq, l.p, PARAMS);
    if (err == ERR_OK)
        err = gather(&l);
    if (err == ERR_OK)
        err = screen_zone(&l.s, l.k != NULL ? contract_terms(l.k, rq->arrived_ms)->timezone : screen_first_zone(rq));
    if (err == ERR_OK) {
        write_page(&l);
        err = screen_reply(&l.s, reply, 200);
    }
    json_decref(l.leads);
    return err;
}

enum err leads_page_get(struct request *rq, struct reply *reply)
{
    return screen_enter(rq, reply, leads_read);
}
