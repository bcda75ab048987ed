/* Leads, the newest first, by what the filters say; the same as a table to take home. */
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/base/query.h"
#include "common/base/when.h"
#include "common/decisions/reason.h"
#include "common/reconcile/values.h"
#include "server/api/api.h"
#include "server/api/lead_csv.h"
#include "server/pages/pages.h"
#include "server/pages/rows.h"

enum { SHOWN = 50 };

/* In the order of the form. What stands before FROM is the call's own, word for word. */
enum {
    CONTRACT,
    CAMPAIGN,
    STATUS,
    REASON,
    CODE,
    SUB1,
    SCORE_FROM = SUB1 + LIMIT_SUBS,
    SCORE_TO,
    FROM,
    TO,
    DAY,
    AFTER,
    PARAMS
};
static const char *const names[PARAMS] = {"contract", "campaign", "status", "reason", "code",       "sub1",
                                          "sub2",     "sub3",     "sub4",   "sub5",   "score_from", "score_to",
                                          "from",     "to",       "day",    "after"};

struct leads_page {
    struct request *rq;
    struct screen s;
    struct param p[PARAMS];
    const struct contract *k; /* of one alone; NULL: of all */
    struct span query;        /* of the call, but for its size and `after` */
    json_t *answer;
};

/* ---- what is asked ---- */

/* A day's beginning, or its end. */
static enum err add_day(struct leads_page *l, struct buf *query, int which, int64_t further)
{
    struct bound day;
    int64_t ms;
    const struct param *p = &l->p[which];
    if (span_empty(p->value))
        return ERR_OK;
    if (bound_read(p->value, &day) != ERR_OK || !day.is_day || day.ms < 0)
        return problem(&l->rq->problem, ERR_MALFORMED, p->name, "must be a day, such as 2026-11-28");
    enum err err = zones_midnight(l->s.zones, l->s.frame.zone, day.ms / MS_PER_DAY + further, &ms);
    if (err != ERR_OK)
        return worker_fails(l->rq, ERR_IO, "the time zone of a page does not read");
    buf_str(query, further ? "&to=" : "&from=");
    time_rfc3339(query, ms);
    return ERR_OK;
}

static enum err make_query(struct leads_page *l)
{
    struct buf query;
    arena_buf(l->rq->arena, &query, 256 + 4 * l->rq->query.len);
    buf_str(&query, "order=newest");
    for (int i = CONTRACT; i < FROM; i++) {
        if (span_empty(l->p[i].value))
            continue;
        buf_printf(&query, "&%s=", l->p[i].name);
        query_encode(&query, l->p[i].value);
    }
    enum err err = add_day(l, &query, FROM, 0);
    if (err == ERR_OK)
        err = add_day(l, &query, TO, 1);
    l->query = buf_span(&query);
    return err;
}

static enum err ask_page(struct leads_page *l, size_t limit, struct span after)
{
    struct buf query;
    arena_buf(l->rq->arena, &query, 64 + l->query.len + 3 * after.len);
    buf_span_add(&query, l->query);
    buf_printf(&query, "&limit=%zu", limit);
    if (!span_empty(after)) {
        buf_str(&query, "&after=");
        query_encode(&query, after);
    }
    return ask(l->rq, leads_list_all, SPAN(""), buf_span(&query), &l->answer);
}

static enum err read_asked(struct leads_page *l)
{
    const struct contract_list all = catalog_reads(l->rq->catalog, l->rq->caller);
    for (int i = 0; i < PARAMS; i++)
        l->p[i].name = names[i];
    enum err err = screen_read(&l->s, l->rq, l->p, PARAMS);
    if (err != ERR_OK)
        return err;
    if (!span_empty(l->p[DAY].value))
        l->p[FROM].value = l->p[TO].value = l->p[DAY].value;
    l->k = !span_empty(l->p[CONTRACT].value) ? catalog_contract(l->rq->catalog, l->p[CONTRACT].value)
           : all.n == 1                      ? catalog_listed(l->rq->catalog, &all, 0)
                                             : NULL;
    if (l->k != NULL && !catalog_may_read(l->rq->catalog, l->rq->caller, l->k))
        l->k = NULL; /* the call says so */
    err =
        screen_zone(&l->s, l->k != NULL ? contract_terms(l->k, l->rq->arrived_ms)->timezone : screen_first_zone(l->rq));
    return err == ERR_OK ? make_query(l) : err;
}

/* ---- the page ---- */

static void write_select(struct leads_page *l, int which, enum word label, size_t n, const char *(*word)(size_t),
                         enum word (*say)(struct span))
{
    struct page *g = &l->s.g;
    bool offered = span_empty(l->p[which].value);
    page_put(g, "<label>{}<select name=\"{}\"><option value=\"\">{}</option>\n", P_WORD(label),
             P_TEXT(span_str(names[which])), P_WORD(WORD_FILTER_ALL));
    for (size_t i = 0; i < n; i++) {
        const struct span one = span_str(word(i));
        bool chosen = span_eq(one, l->p[which].value);
        if (say(one) != WORDS)
            page_put(g, "<option value=\"{}\"{}>{}</option>\n", P_TEXT(one), P_HTML(chosen ? " selected" : ""),
                     P_WORD(say(one)));
        offered |= chosen;
    }
    if (!offered) /* several at once, as a link asked */
        page_put(g, "<option value=\"{}\" selected>{}</option>\n", P_TEXT(l->p[which].value),
                 P_TEXT(l->p[which].value));
    page_html(g, "</select></label>\n");
}

static const char *status_named(size_t i)
{
    return status_word((enum status)i);
}

static const char *reason_named(size_t i)
{
    return reason_word((enum reason)i);
}

static void write_input(struct leads_page *l, int which, enum word label, const char *attributes)
{
    page_put(&l->s.g, "<label>{}<input name=\"{}\" value=\"{}\" {}></label>\n", P_WORD(label),
             P_TEXT(span_str(names[which])), P_TEXT(l->p[which].value), P_HTML(attributes));
}

/* sub1, and the others where they are asked for. */
static void write_subs(struct leads_page *l)
{
    for (int i = 0; i < LIMIT_SUBS; i++)
        if (i == 0 || !span_empty(l->p[SUB1 + i].value))
            page_put(&l->s.g, "<label>{}<input name=\"{}\" value=\"{}\"></label>\n", P_SAY(WORD_LD_SUB, P_COUNT(i + 1)),
                     P_TEXT(span_str(names[SUB1 + i])), P_TEXT(l->p[SUB1 + i].value));
}

static bool filtered(const struct leads_page *l, int from, int to)
{
    for (int i = from; i <= to; i++)
        if (!span_empty(l->p[i].value))
            return true;
    return false;
}

static void write_filters(struct leads_page *l)
{
    struct page *g = &l->s.g;
    page_html(g, "<form class=\"filters\" action=\"/leads\">\n");
    rows_campaigns(&l->s, l->p[CAMPAIGN].value);
    rows_contracts(&l->s, l->p[CONTRACT].value);
    write_select(l, STATUS, WORD_FILTER_STATE, STATUS_COUNT, status_named, word_of_status);
    write_input(l, FROM, WORD_LD_FROM, "type=\"date\"");
    write_input(l, TO, WORD_LD_TO, "type=\"date\"");
    page_put(g, "<button class=\"b\">{}</button>\n<details{}><summary>{}</summary><div class=\"filters\">\n",
             P_WORD(WORD_FILTER_SHOW), P_HTML(filtered(l, REASON, SCORE_TO) ? " open" : ""),
             P_WORD(WORD_LD_MORE_FILTERS));
    write_select(l, REASON, WORD_LD_REASON, REASON_COUNT, reason_named, word_of_reason);
    write_input(l, CODE, WORD_LD_CODE, "maxlength=\"35\"");
    write_subs(l);
    write_input(l, SCORE_FROM, WORD_LD_SCORE_FROM, "type=\"number\" min=\"0\" max=\"1000\"");
    write_input(l, SCORE_TO, WORD_LD_SCORE_TO, "type=\"number\" min=\"0\" max=\"1000\"");
    page_html(g, "</div></details>\n</form>\n");
}

static void write_empty(struct leads_page *l, bool more)
{
    if (more)
        page_put(&l->s.g, "<div class=\"empty\"><p>{}</p></div>\n", P_WORD(WORD_LD_FURTHER));
    else if (filtered(l, CONTRACT, AFTER))
        page_put(&l->s.g, "<div class=\"empty\"><h2>{}</h2><p><a href=\"/leads\">{}</a></p></div>\n",
                 P_WORD(WORD_NO_LEAD_FITS), P_WORD(WORD_CLEAR_FILTERS));
    else
        page_put(&l->s.g, "<div class=\"empty\"><h2>{}</h2><p>{}</p></div>\n", P_WORD(WORD_NO_LEAD),
                 P_WORD(WORD_NO_LEAD_WHAT));
}

/* The filters as they were asked, for an address. */
static void write_asked(struct leads_page *l)
{
    for (int i = CONTRACT; i < DAY; i++)
        if (!span_empty(l->p[i].value))
            page_put(&l->s.g, "{}={}&amp;", P_TEXT(span_str(names[i])), P_QUERY(l->p[i].value));
    if (l->s.tz.given)
        page_put(&l->s.g, "tz={}&amp;", P_QUERY(l->s.tz.value));
}

static void write_page(struct leads_page *l)
{
    struct page *g = &l->s.g;
    const json_t *leads = json_object_get(l->answer, "data");
    const struct span next = ask_text(l->answer, "next");
    screen_open(&l->s, WORD_LEADS, "/leads", NULL);
    page_put(g,
             "<div class=\"head\"><div><h1>{}</h1><p>{}</p></div><div class=\"line\"><a class=\"b\" "
             "href=\"/reconcile\">{}</a><a class=\"b\" href=\"/leads.csv?",
             P_WORD(WORD_LEADS), P_WORD(l->k != NULL ? WORD_LEADS_WHAT : WORD_LD_WHAT), P_WORD(WORD_RC_TITLE));
    write_asked(l);
    page_put(g, "\">{}</a></div></div>\n", P_WORD(WORD_LD_CSV));
    write_filters(l);
    page_html(g, "<section class=\"card\">\n");
    if (json_array_size(leads) == 0)
        write_empty(l, !span_empty(next));
    else
        rows_leads(&l->s, leads);
    if (!span_empty(next)) {
        page_html(g, "<p class=\"line\"><a class=\"b\" href=\"/leads?");
        write_asked(l);
        page_put(g, "after={}\">{}</a></p>\n", P_QUERY(next), P_WORD(WORD_OLDER));
    }
    page_html(g, "</section>\n");
}

static enum err leads_read(struct request *rq, struct reply *reply)
{
    struct leads_page l = {.rq = rq};
    enum err err = read_asked(&l);
    if (err == ERR_OK)
        err = ask_page(&l, SHOWN, l.p[AFTER].value);
    if (err == ERR_OK) {
        write_page(&l);
        err = screen_reply(&l.s, reply, 200);
    }
    json_decref(l.answer);
    return err;
}

enum err leads_page_get(struct request *rq, struct reply *reply)
{
    return screen_enter(rq, reply, leads_read);
}

/* ---- as a table: a piece after the other, to the oldest ---- */

/* What a piece is made of stays no longer than it. */
static enum err ask_piece(struct leads_page *l, struct span after)
{
    struct request *rq = l->rq;
    struct arena *whole = rq->arena;
    rq->arena = arena_new();
    enum err err = ask_page(l, LIMIT_LIST, after);
    rq->cause = arena_copy(whole, rq->cause);
    arena_free(rq->arena);
    rq->arena = whole;
    return err;
}

struct csv_under_way {
    struct leads_page page;
    char after[128];
    size_t after_len;
};

/* Those of one answer; *more: there is another. */
static enum err add_piece(struct csv_under_way *c, struct buf *text, bool *more)
{
    json_t *lead;
    size_t i;
    enum err err = ask_piece(&c->page, span_of(c->after, c->after_len));
    if (err != ERR_OK)
        return err;
    const struct span next = ask_text(c->page.answer, "next");
    json_array_foreach(json_object_get(c->page.answer, "data"), i, lead) lead_csv(text, lead);
    *more = !span_empty(next);
    if (next.len > sizeof c->after)
        err = ERR_INTERNAL;
    else
        memcpy(c->after, next.ptr, c->after_len = next.len);
    json_decref(c->page.answer);
    c->page.answer = NULL;
    return err;
}

/* One answer's, which may be none: however few fit, a reader is held for no longer than that. */
static enum err next_piece(struct request *rq, struct reply *reply)
{
    struct csv_under_way *c = reply->making;
    struct buf text;
    bool more = true;
    c->page.rq = rq;
    buf_heap(&text);
    if (c->after_len == 0)
        lead_csv_head(&text);
    enum err err = add_piece(c, &text, &more);
    if (err == ERR_OK) {
        reply_body_take(reply, "text/csv; charset=utf-8", &text);
        reply->more = more ? next_piece : NULL;
    }
    buf_free(&text);
    return err;
}

static enum err csv_read(struct request *rq, struct reply *reply)
{
    struct csv_under_way *c = arena_alloc(rq->arena, sizeof *c);
    memset(c, 0, sizeof *c);
    c->page.rq = rq;
    enum err err = read_asked(&c->page);
    reply->making = c;
    if (err == ERR_OK)
        err = next_piece(rq, reply);
    if (err == ERR_OK) {
        reply_header(reply, "Cache-Control", SPAN("no-store"));
        reply_header(reply, "Content-Disposition", SPAN("attachment; filename=\"leads.csv\""));
        reply_header(reply, "X-Content-Type-Options", SPAN("nosniff"));
    }
    return err;
}

enum err leads_csv_get(struct request *rq, struct reply *reply)
{
    return screen_enter(rq, reply, csv_read);
}
