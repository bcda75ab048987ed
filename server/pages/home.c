/* What a publisher or an advertiser sees first: today, thirty days, the latest leads, what waits. */
#include "common/base/query.h"
#include "common/base/when.h"
#include "common/pages/plot.h"
#include "server/api/api.h"
#include "server/pages/pages.h"
#include "server/pages/pages_private.h"
#include "server/pages/refusal.h"
#include "server/pages/rows.h"
#include "server/reports/reports.h"
#include "server/settlement/settlement.h"

enum { DAYS = 30, LATEST = 6, WAITING = 50, ASKED = 20, REFUSED = 200, DATE_LEN = 10 };

struct home {
    struct request *rq;
    struct screen s;
    int64_t today; /* days since 1970-01-01, in the zone */
    struct plot_day day[DAYS];
    json_t *report, *today_report, *leads, *waiting, *refused;
    struct money money;
};

static void home_close(struct home *h)
{
    json_decref(h->report);
    json_decref(h->today_report);
    json_decref(h->leads);
    json_decref(h->waiting);
    json_decref(h->refused);
    money_close(&h->money);
}

/* ---- gathering ---- */

static void add_date(struct buf *out, int64_t day)
{
    char mem[40];
    struct buf text;
    buf_fixed(&text, mem, sizeof mem);
    time_rfc3339(&text, day * MS_PER_DAY);
    buf_add(out, mem, DATE_LEN);
}

static enum err ask_days(struct home *h, const char *group, int64_t from, json_t **out)
{
    struct buf query;
    arena_buf(h->rq->arena, &query, 128 + 3 * h->s.frame.zone.len);
    buf_str(&query, group);
    buf_str(&query, "from=");
    add_date(&query, from);
    buf_str(&query, "&to=");
    add_date(&query, h->today);
    buf_str(&query, "&timezone=");
    query_encode(&query, h->s.frame.zone);
    return ask(h->rq, reports_get, SPAN(""), buf_span(&query), out);
}

/* Which of the days a row is of; -1: none. */
static int64_t day_of(const struct home *h, const json_t *row)
{
    const struct span day = ask_text(json_object_get(row, "key"), "day");
    char mem[32];
    int64_t ms;
    int len = snprintf(mem, sizeof mem, "%.*sT00:00:00Z", (int)(day.len < DATE_LEN ? day.len : DATE_LEN), day.ptr);
    if (time_parse(span_of(mem, (size_t)len), &ms) != ERR_OK)
        return -1;
    int64_t i = ms / MS_PER_DAY - h->today + DAYS - 1;
    return i >= 0 && i < DAYS ? i : -1;
}

static void take_days(struct home *h, int64_t offset_s)
{
    const json_t *rows = json_object_get(h->report, "rows"), *row;
    size_t n;
    for (int64_t i = 0; i < DAYS; i++)
        h->day[i].ms = (h->today - DAYS + 1 + i) * MS_PER_DAY + MS_PER_DAY / 2 - offset_s * MS_PER_S;
    json_array_foreach(rows, n, row)
    {
        const json_t *leads = json_object_get(row, "leads");
        int64_t i = day_of(h, row);
        if (i < 0)
            continue;
        h->day[i].clicks += ask_int(json_object_get(row, "clicks"), "ok");
        h->day[i].leads += ask_int(leads, "total");
        h->day[i].approved += ask_int(leads, "approved") + ask_int(leads, "converted");
        h->day[i].waiting += ask_int(leads, "pending") + ask_int(leads, "held");
    }
}

static enum err gather(struct home *h)
{
    struct request *rq = h->rq;
    int64_t offset_s;
    char query[64];
    enum err err = zones_offset(h->s.zones, h->s.frame.zone, rq->arrived_ms, &offset_s);
    if (err != ERR_OK)
        return ERR_IO;
    h->today = time_local_day(rq->arrived_ms, offset_s);
    snprintf(query, sizeof query, "verdict=none&order=newest&limit=%d", WAITING);
    if ((err = ask_days(h, "group=day&", h->today - DAYS + 1, &h->report)) != ERR_OK ||
        (err = ask_days(h, "", h->today, &h->today_report)) != ERR_OK ||
        (err = rows_newest(rq, LATEST, &h->leads)) != ERR_OK ||
        (err = ask(rq, statements_list, SPAN(""), span_str(query), &h->waiting)) != ERR_OK)
        return err;
    snprintf(query, sizeof query, "limit=%d", REFUSED);
    if ((err = ask(rq, refused_list, SPAN(""), span_str(query), &h->refused)) != ERR_OK)
        return err;
    take_days(h, offset_s);
    return money_gather(rq, h->waiting, &h->money);
}

/* ---- writing ---- */

int64_t refused_of_day(const json_t *refused, int64_t now_ms)
{
    const json_t *one;
    int64_t n = 0;
    size_t i;
    json_array_foreach(json_object_get(refused, "data"), i, one) n += ask_time(one, "at") > now_ms - MS_PER_DAY;
    return n;
}

static void write_refused(struct home *h)
{
    const int64_t n = refused_of_day(h->refused, h->rq->arrived_ms);
    const json_t *last = json_array_get(json_object_get(h->refused, "data"), 0);
    if (n == 0)
        return;
    page_put(&h->s.g, "<div class=\"note bad\" data-live=\"refused\" role=\"status\"><b>{}</b> {} ",
             P_SAY(n < REFUSED ? WORD_REFUSED_DAY : WORD_REFUSED_MORE, P_COUNT(n)), P_WORD(WORD_REFUSED_WHAT));
    refusal_said(&h->s.g, ask_text(last, "field"), ask_text(last, "reason"));
    if (h->s.frame.seat == SEAT_PUBLISHER)
        page_put(&h->s.g, " · <a href=\"/postbacks\">{}</a>", P_WORD(WORD_PB_TRY));
    page_html(&h->s.g, "</div>\n");
}

/* Of each currency its own. */
static void write_sums(struct home *h, const json_t *report)
{
    const json_t *totals = json_object_get(report, "totals"), *one;
    size_t i;
    if (json_array_size(totals) == 0)
        page_html(&h->s.g, "–");
    json_array_foreach(totals, i, one) page_put(&h->s.g, "{}{}", P_HTML(i > 0 ? "<br>" : ""),
                                                P_MICROS(ask_int(one, "payout_micros"), ask_text(one, "currency")));
}

/* Leads that came by a click, whatever became of them. */
static int64_t with_click(const json_t *report)
{
    const json_t *one;
    int64_t n = 0;
    size_t i;
    json_array_foreach(json_object_get(report, "totals"), i, one) n +=
        ask_int(json_object_get(one, "click_to_lead"), "leads");
    return n;
}

/* A click may bring several leads, and may lie in front of the thirty days: of more leads than clicks no rate is told.
 */
static void write_rate(struct page *g, int64_t leads, int64_t clicks)
{
    if (leads > clicks)
        page_put(g, "– <small>{}</small>", P_SAY(WORD_RATE_MORE, P_COUNT(leads), P_COUNT(clicks)));
    else if (clicks == 0)
        page_html(g, "–");
    else
        page_put(g, "{}", P_PPM(leads * 1000000 / clicks));
}

static void write_kpis(struct home *h)
{
    struct page *g = &h->s.g;
    const struct plot_day *t = &h->day[DAYS - 1];
    int64_t clicks = 0;
    char day[DATE_LEN];
    struct buf date;
    for (size_t i = 0; i < DAYS; i++)
        clicks += h->day[i].clicks;
    page_put(g,
             "<dl class=\"kpis\" data-live=\"today\" aria-label=\"{}\">\n<div><dt>{}</dt><dd>{} "
             "<small>{}</small></dd></div>\n",
             P_WORD(WORD_SO_FAR), P_WORD(WORD_OF_CLICK), P_COUNT(t->clicks), P_SAY(WORD_IN_30_DAYS, P_COUNT(clicks)));
    buf_fixed(&date, day, sizeof day);
    add_date(&date, h->today);
    page_put(g,
             "<div><dt>{}</dt><dd><a href=\"/leads?from={}&amp;to={}&amp;tz={}\">{}</a> <small>{}</small></dd></div>\n",
             P_WORD(WORD_LEADS), P_TEXT(buf_span(&date)), P_TEXT(buf_span(&date)), P_QUERY(h->s.frame.zone),
             P_COUNT(t->leads),
             P_SAY(WORD_THREE_STATES, P_COUNT(t->approved), P_COUNT(t->waiting),
                   P_COUNT(t->leads - t->approved - t->waiting)));
    page_put(g, "<div><dt>{} · {}</dt><dd>", P_WORD(WORD_RATE), P_WORD(WORD_DAYS_30));
    write_rate(g, with_click(h->report), clicks);
    page_put(g, "</dd></div>\n<div><dt>{}</dt><dd>",
             P_WORD(h->s.frame.seat == SEAT_PUBLISHER ? WORD_EARNED : WORD_COSTS));
    write_sums(h, h->today_report);
    page_html(g, "</dd></div>\n</dl>\n");
}

static void write_latest(struct home *h)
{
    struct page *g = &h->s.g;
    page_put(
        g,
        "<section class=\"card\" data-live=\"latest\">\n<div class=\"ch\"><h2>{}</h2><a href=\"/leads\">{}</a></div>\n",
        P_WORD(WORD_LATEST), P_WORD(WORD_ALL_LEADS));
    if (json_array_size(h->leads) == 0)
        page_put(g, "<div class=\"empty\"><h3>{}</h3><p>{}</p></div>\n", P_WORD(WORD_NO_LEAD),
                 P_WORD(WORD_NO_LEAD_WHAT));
    else
        rows_leads(&h->s, h->leads);
    page_html(g, "</section>\n");
}

static void write_asked(struct home *h, const json_t *statement)
{
    const struct contract *k = catalog_contract(h->rq->catalog, ask_text(statement, "contract"));
    struct page *g = &h->s.g;
    page_put(g, "<section class=\"card stack\">\n<h2>{}</h2>\n<p><a href=\"/statements/{}\">{}</a><br>",
             P_WORD(WORD_WAITS_ANSWER), P_QUERY(ask_text(statement, "id")),
             P_SAY(WORD_STATEMENT, P_INDEX(ask_int(statement, "number"))));
    if (k != NULL)
        rows_contract_line(&h->s, k);
    page_put(g, "<br><b>{}</b> {}</p>\n<p>",
             P_MICROS(rows_micros(statement, "to_pay_minor"), ask_text(statement, "currency")),
             P_SAY(WORD_DUE_ON, P_DAY(ask_time(statement, "due_at"))));
    rows_signatures(&h->s, statement);
    page_put(g, "</p>\n<p><a class=\"b\" href=\"/statements/{}/answer\">{}</a></p>\n</section>\n",
             P_QUERY(ask_text(statement, "id")), P_WORD(WORD_SG_ANSWER));
}

static void write_waits(struct home *h)
{
    struct page *g = &h->s.g;
    const json_t *one;
    const int64_t review = h->money.waiting.n;
    int64_t shown = 0;
    size_t i;
    if (h->s.frame.seat == SEAT_ADVERTISER && review > 0)
        page_put(
            g,
            "<section class=\"card stack\">\n<h2>{}</h2>\n<p><b>{}{}</b></p>\n<p class=\"s\">{}</p>\n<p><a class=\"b "
            "one\" href=\"/review\">{}</a></p>\n</section>\n",
            P_WORD(WORD_REVIEW_WAITS), P_COUNT(review), P_HTML(h->money.waiting.more ? "+" : ""),
            P_WORD(WORD_REVIEW_WAITS_WHAT), P_WORD(WORD_REVIEW_LOOK));
    json_array_foreach(json_object_get(h->waiting, "data"), i, one)
    {
        if (shown == ASKED || !rows_asks(&h->s, one))
            continue;
        write_asked(h, one);
        shown++;
    }
    if (shown == 0 && (review == 0 || h->s.frame.seat == SEAT_PUBLISHER))
        page_put(g, "<section class=\"card\"><p class=\"s\">{}</p></section>\n", P_WORD(WORD_HOME_ALL_ANSWERED));
}

static void write_home(struct home *h)
{
    const json_t *as_of = json_object_get(h->report, "as_of");
    struct page *g = &h->s.g;
    screen_open(&h->s, WORD_TODAY, "/", NULL);
    if (json_array_size(as_of) == 1)
        h->s.frame.as_of = ask_int(json_array_get(as_of, 0), "size");
    page_put(g, "<div class=\"head\"><h1>{}</h1></div>\n", P_SAY(WORD_HOME_TODAY, P_DAY(h->rq->arrived_ms)));
    write_refused(h);
    write_kpis(h);
    money_write(&h->s, &h->money, h->report);
    page_put(g, "<div class=\"two\">\n<div>\n<section class=\"card\" data-live=\"plot\">\n<h2>{}</h2>\n",
             P_WORD(WORD_DAYS_30));
    plot_days(g, h->day, DAYS);
    plot_table(g, h->day, DAYS);
    page_html(g, "</section>\n</div>\n<aside class=\"stack\" data-live=\"waits\">\n");
    write_waits(h);
    page_html(g, "</aside>\n</div>\n");
    write_latest(h);
}

static void write_nothing(struct home *h)
{
    screen_open(&h->s, WORD_TODAY, "/", NULL);
    page_put(&h->s.g, "<div class=\"card empty\"><h1>{}</h1><p>{}</p></div>\n", P_WORD(WORD_NO_CONTRACT),
             P_WORD(WORD_NO_CONTRACT_WHAT));
}

static enum err party_read(struct request *rq, struct reply *reply)
{
    struct home h = {.rq = rq};
    const struct contract_list all = catalog_reads(rq->catalog, rq->caller);
    enum err err = screen_read(&h.s, rq, NULL, 0);
    if (err == ERR_OK)
        err = screen_zone(&h.s, screen_first_zone(rq));
    if (err == ERR_OK && all.n > 0)
        err = gather(&h);
    if (err == ERR_OK) {
        all.n > 0 ? write_home(&h) : write_nothing(&h);
        err = screen_reply(&h.s, reply, 200);
    }
    home_close(&h);
    return err;
}

/* Whoever is not signed in reads what this server is. */
enum err home_get(struct request *rq, struct reply *reply)
{
    if (rq->caller == NULL)
        return front_get(rq, reply);
    switch (rq->caller->role) {
    case ROLE_OPERATOR:
        return screen_enter(rq, reply, operator_read);
    case ROLE_AUDITOR:
        return screen_enter(rq, reply, auditor_read);
    default:
        return screen_enter(rq, reply, party_read);
    }
}
