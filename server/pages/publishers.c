/* What each publisher sent an advertiser in thirty days, what became of it, and what it cost. */
#include "common/base/money.h"
#include "common/base/query.h"
#include "common/base/when.h"
#include "server/pages/pages.h"
#include "server/pages/rows.h"
#include "server/reports/reports.h"

enum { DAYS = 29, DATE_LEN = 10, SHOWN = 50 }; /* days in front of today: thirty with it, as on the first page */

static void write_head(struct page *g)
{
    static const enum word columns[] = {WORD_OF_CLICK,      WORD_LEADS,      WORD_SENT_APPROVED,
                                        WORD_SENT_RATE,     WORD_SENT_SCORE, WORD_SENT_COST,
                                        WORD_SENT_PER_LEAD, WORD_SENT_SALES, WORD_SENT_PER_SALE};
    page_put(g, "<table class=\"cards\"><thead><tr><th scope=\"col\">{}</th>", P_WORD(WORD_PUBLISHER));
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        page_put(g, "<th scope=\"col\" class=\"n\">{}</th>", P_WORD(columns[i]));
    page_html(g, "</tr></thead><tbody>\n");
}

static void write_number(struct page *g, enum word label, int64_t n)
{
    page_put(g, "<td class=\"n\" data-l=\"{}\">{}</td>", P_WORD(label), P_COUNT(n));
}

/* To its currency's smallest coin, cut. Nothing of which there is none has a price. */
static void write_price(struct page *g, enum word label, int64_t micros, bool any, struct span currency)
{
    page_put(g, "<td class=\"n\" data-l=\"{}\">", P_WORD(label));
    const int exponent = currency_exponent(currency);
    const int64_t coin = micros_per_minor(exponent > 0 ? exponent : 0);
    if (any)
        page_put(g, "{}</td>", P_MICROS(micros / coin * coin, currency));
    else
        page_html(g, "–</td>");
}

static void write_row(struct screen *s, const json_t *row)
{
    struct page *g = &s->g;
    const json_t *leads = json_object_get(row, "leads");
    const struct span id = ask_text(json_object_get(row, "key"), "publisher"), currency = ask_text(row, "currency");
    const struct party *p = catalog_party(s->rq->catalog, id);
    const int64_t total = ask_int(leads, "total"), sales = ask_int(row, "sales"), cost = ask_int(row, "payout_micros");
    if (p != NULL)
        page_put(g, "<tr><th scope=\"row\"><a href=\"/reports?group=contract&amp;publisher={}\">{}</a></th>",
                 P_QUERY(id), P_NAME(p->name));
    else
        page_put(g, "<tr><th scope=\"row\">{}</th>", P_WORD(WORD_DIRECT));
    write_number(g, WORD_OF_CLICK, ask_int(json_object_get(row, "clicks"), "ok"));
    write_number(g, WORD_LEADS, total);
    write_number(g, WORD_SENT_APPROVED, ask_int(leads, "approved") + ask_int(leads, "converted"));
    page_put(g, "<td class=\"n\" data-l=\"{}\">", P_WORD(WORD_SENT_RATE));
    if (total > 0)
        page_put(g, "{}</td>", P_PPM(ask_int(row, "approval_ppm")));
    else
        page_html(g, "–</td>");
    page_put(g, "<td class=\"n\" data-l=\"{}\">", P_WORD(WORD_SENT_SCORE));
    if (ask_int(row, "scored") > 0)
        page_put(g, "{}</td>", P_COUNT(ask_int(row, "mean_score")));
    else
        page_html(g, "–</td>");
    write_price(g, WORD_SENT_COST, cost, true, currency);
    write_price(g, WORD_SENT_PER_LEAD, ask_int(row, "cost_per_lead_micros"),
                json_object_get(row, "cost_per_lead_micros") != NULL, currency);
    write_number(g, WORD_SENT_SALES, sales);
    write_price(g, WORD_SENT_PER_SALE, sales > 0 ? cost / sales : 0, sales > 0, currency);
    page_html(g, "</tr>\n");
}

static struct span publisher_of(const json_t *row)
{
    return ask_text(json_object_get(row, "key"), "publisher");
}

/* The rows behind those of the publisher `after`. A report is asked as a whole: it is sums of all. */
static void write_rows(struct screen *s, const json_t *rows, struct span after)
{
    const size_t n = json_array_size(rows);
    size_t i = 0, end;
    while (!span_empty(after) && i < n && !span_eq(publisher_of(json_array_get(rows, i)), after))
        i++;
    while (!span_empty(after) && i < n && span_eq(publisher_of(json_array_get(rows, i)), after))
        i++;
    for (end = i; end < n && (end < i + SHOWN || span_eq(publisher_of(json_array_get(rows, end)),
                                                         publisher_of(json_array_get(rows, end - 1))));
         end++)
        write_row(s, json_array_get(rows, end));
    page_html(&s->g, "</tbody></table>\n");
    if (end < n)
        page_put(&s->g, "<p class=\"line\"><a class=\"b\" href=\"/publishers?after={}\">{}</a></p>\n",
                 P_QUERY(publisher_of(json_array_get(rows, end - 1))), P_WORD(WORD_STATEMENTS_MORE));
}

static enum err publishers_read(struct request *rq, struct reply *reply)
{
    struct screen s;
    struct buf query;
    struct param after = {.name = "after"};
    int64_t offset_s;
    json_t *report = NULL;
    const json_t *rows;
    const int64_t from_ms = rq->arrived_ms - DAYS * MS_PER_DAY;
    enum err err = screen_read(&s, rq, &after, 1);
    if (err == ERR_OK)
        err = screen_zone(&s, screen_first_zone(rq));
    if (err == ERR_OK && rq->caller->role != ROLE_ADVERTISER && rq->caller->role != ROLE_OPERATOR)
        err = problem(&rq->problem, ERR_FORBIDDEN, "", "this page is an advertiser's");
    if (err != ERR_OK)
        return err;
    if (zones_offset(s.zones, s.frame.zone, from_ms, &offset_s) != ERR_OK)
        return worker_fails(rq, ERR_IO, "the time zone of a page does not read");
    arena_buf(rq->arena, &query, 96 + 3 * s.frame.zone.len);
    buf_str(&query, "group=publisher&timezone=");
    query_encode(&query, s.frame.zone);
    buf_str(&query, "&from=");
    const size_t before = query.len;
    time_rfc3339(&query, from_ms + offset_s * MS_PER_S);
    query.len = before + DATE_LEN;
    if ((err = ask(rq, reports_get, SPAN(""), buf_span(&query), &report)) != ERR_OK)
        return err;
    rows = json_object_get(report, "rows");
    screen_open(&s, WORD_SENT_TITLE, "/campaigns", NULL);
    page_put(&s.g, "<div class=\"head\"><div><h1>{}</h1><p>{}</p></div></div>\n<section class=\"card\">\n",
             P_WORD(WORD_SENT_TITLE), P_SAY(WORD_SENT_WHAT, P_DAY(from_ms)));
    if (json_array_size(rows) == 0) {
        page_put(&s.g, "<div class=\"empty\"><p>{}</p></div>\n", P_WORD(WORD_SENT_NONE));
    } else {
        write_head(&s.g);
        write_rows(&s, rows, after.value);
    }
    page_html(&s.g, "</section>\n");
    json_decref(report);
    return screen_reply(&s, reply, 200);
}

enum err publishers_page_get(struct request *rq, struct reply *reply)
{
    return screen_enter(rq, reply, publishers_read);
}
