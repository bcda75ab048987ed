/* What came of clicks and leads, grouped and filtered: as /v1/reports answers the same party. */
#include "server/reports/reports.h"

#include <stdlib.h>

#include "common/base/query.h"
#include "common/base/when.h"
#include "common/pages/plot.h"
#include "common/reconcile/values.h"
#include "common/reports/report.h"
#include "server/pages/pages.h"
#include "server/pages/pages_private.h"
#include "server/pages/rows.h"

enum { DAYS = 30, SHOWN = 50, STRETCHES_MOST = 400, DATE_LEN = 10, CONTRACTS_LISTED = 200 };

enum { GROUP, FROM, TO, CONTRACT, CAMPAIGN, PUBLISHER, STATUS, CLASS, REASON, WHERE, IS, COMPARE, FORMAT, PARAMS };
static const char *const names[PARAMS] = {
    [GROUP] = "group",       [FROM] = "from",           [TO] = "to",         [CONTRACT] = "contract",
    [CAMPAIGN] = "campaign", [PUBLISHER] = "publisher", [STATUS] = "status", [CLASS] = "class",
    [REASON] = "reason",     [WHERE] = "where",         [IS] = "is",         [COMPARE] = "compare",
    [FORMAT] = "format"};

/* What rows are by: of time, of contracts, of what became of leads, of where clicks came from. */
enum kind { BY_TIME, BY_CONTRACT, BY_WORD, BY_VALUE };
static const struct by {
    const char *name;
    enum kind kind;
    enum word word;                     /* WORDS: the name itself, which is code */
    enum word (*of)(struct span value); /* the word of a value; NULL: none, or another way */
} bys[] = {
    {"day", BY_TIME, WORD_REP_DAY, NULL},
    {"hour", BY_TIME, WORD_REP_HOUR, NULL},
    {"week", BY_TIME, WORD_REP_WEEK, NULL},
    {"month", BY_TIME, WORD_REP_MONTH, NULL},
    {"campaign", BY_CONTRACT, WORD_CAMPAIGN, NULL},
    {"contract", BY_CONTRACT, WORD_CONTRACT, NULL},
    {"publisher", BY_CONTRACT, WORD_PUBLISHER, NULL},
    {"status", BY_WORD, WORD_FILTER_STATE, word_of_status},
    {"reason", BY_WORD, WORD_REP_REASON, word_of_reason},
    {"class", BY_WORD, WORD_REP_CLASS, word_of_class},
    {"code", BY_VALUE, WORD_REP_CODE, NULL},
    {"sub1", BY_VALUE, WORDS, NULL},
    {"sub2", BY_VALUE, WORDS, NULL},
    {"sub3", BY_VALUE, WORDS, NULL},
    {"sub4", BY_VALUE, WORDS, NULL},
    {"sub5", BY_VALUE, WORDS, NULL},
    {"utm_source", BY_VALUE, WORDS, NULL},
    {"utm_medium", BY_VALUE, WORDS, NULL},
    {"utm_campaign", BY_VALUE, WORDS, NULL},
    {"utm_term", BY_VALUE, WORDS, NULL},
    {"utm_content", BY_VALUE, WORDS, NULL},
    {"channel", BY_VALUE, WORD_REP_CHANNEL, word_of_channel},
    {"country", BY_VALUE, WORD_REP_COUNTRY, NULL},
    {"device", BY_VALUE, WORD_REP_DEVICE, word_of_device},
    {"score", BY_VALUE, WORD_REP_SCORE, NULL},
};
enum { BYS = sizeof bys / sizeof *bys };

struct reports_page {
    struct request *rq;
    struct screen s;
    struct param p[PARAMS];
    const struct by *by;
    const struct contract *k; /* the only one; NULL: of several */
    int64_t from, to, today;  /* days since 1970-01-01, in the zone */
    char from_text[DATE_LEN + 1], to_text[DATE_LEN + 1];
    json_t *report, *compared; /* compared: its totals beside those of the period before; NULL: not asked */
    int64_t most;              /* micros of the row that has most */
    bool more_leads;           /* somewhere there are more leads than clicks */
};

/* ---- what is asked ---- */

static void date_text(int64_t day, char out[DATE_LEN + 1])
{
    char mem[40];
    struct buf text;
    buf_fixed(&text, mem, sizeof mem);
    time_rfc3339(&text, day * MS_PER_DAY);
    memcpy(out, mem, DATE_LEN);
    out[DATE_LEN] = 0;
}

static enum err read_by(struct reports_page *r)
{
    const struct span name = r->p[GROUP].value;
    for (size_t i = 0; i < BYS && r->by == NULL; i++)
        if (span_empty(name) || span_is(name, bys[i].name))
            r->by = &bys[i];
    return r->by != NULL ? ERR_OK
                         : problem(&r->rq->problem, ERR_MALFORMED, "group", "is none of those that the page offers");
}

/* By which value is asked: the page's own two fields for what has a name of its own in the call. */
static enum err read_where(struct reports_page *r)
{
    const struct span where = r->p[WHERE].value;
    for (size_t i = 0; i < BYS; i++)
        if (span_empty(where) || (bys[i].kind == BY_VALUE && span_is(where, bys[i].name)))
            return ERR_OK;
    return problem(&r->rq->problem, ERR_MALFORMED, "where", "is none of those that the page offers");
}

static enum err read_day(struct reports_page *r, int which, int64_t otherwise, int64_t *day, char text[DATE_LEN + 1])
{
    struct bound at;
    *day = otherwise;
    if (!span_empty(r->p[which].value)) {
        if (bound_read(r->p[which].value, &at) != ERR_OK || !at.is_day || at.ms < 0)
            return problem(&r->rq->problem, ERR_MALFORMED, names[which], "must be a day, such as 2026-11-28");
        *day = at.ms / MS_PER_DAY;
    }
    date_text(*day, text);
    return ERR_OK;
}

static enum err read_period(struct reports_page *r)
{
    int64_t offset_s;
    if (zones_offset(r->s.zones, r->s.frame.zone, r->rq->arrived_ms, &offset_s) != ERR_OK)
        return ERR_IO;
    r->today = time_local_day(r->rq->arrived_ms, offset_s);
    enum err err = read_day(r, TO, r->today, &r->to, r->to_text);
    if (err == ERR_OK)
        err = read_day(r, FROM, r->to >= DAYS ? r->to - DAYS + 1 : 0, &r->from, r->from_text);
    if (err == ERR_OK && r->from > r->to)
        err = problem(&r->rq->problem, ERR_MALFORMED, "from", "is behind `to`: the period would hold nothing");
    return err;
}

static enum err find_contract(struct reports_page *r)
{
    const struct contract_list all = catalog_reads(r->rq->catalog, r->rq->caller);
    if (all.n == 1)
        r->k = catalog_listed(r->rq->catalog, &all, 0);
    if (span_empty(r->p[CONTRACT].value))
        return ERR_OK;
    r->k = catalog_contract(r->rq->catalog, r->p[CONTRACT].value);
    return r->k != NULL && catalog_may_read(r->rq->catalog, r->rq->caller, r->k)
               ? ERR_OK
               : problem(&r->rq->problem, ERR_NOT_FOUND, "contract", "there is no such contract, or it is not yours");
}

static void add_pair(struct buf *out, const char *name, struct span value)
{
    buf_str(out, out->len > 0 ? "&" : "");
    buf_str(out, name);
    buf_byte(out, '=');
    query_encode(out, value);
}

/* Filters as the API names them: what is chosen by `where` and `is` has its own name there. */
static void add_filters(const struct reports_page *r, struct buf *out)
{
    for (int i = CONTRACT; i <= REASON; i++)
        if (!span_empty(r->p[i].value))
            add_pair(out, names[i], r->p[i].value);
}

static enum err ask_report(struct reports_page *r, const char *group, bool compares, const char *format, bool body,
                           void *out)
{
    struct buf query;
    arena_buf(r->rq->arena, &query, 512 + 3 * (r->rq->query.len + r->s.frame.zone.len));
    if (*group != 0)
        add_pair(&query, "group", span_str(group));
    add_pair(&query, "from", span_str(r->from_text));
    add_pair(&query, "to", span_str(r->to_text));
    add_pair(&query, "timezone", r->s.frame.zone);
    add_filters(r, &query);
    for (size_t i = 0; i < BYS; i++)
        if (bys[i].kind == BY_VALUE && span_is(r->p[WHERE].value, bys[i].name))
            add_pair(&query, bys[i].name, r->p[IS].value);
    if (compares)
        add_pair(&query, "compare", SPAN("previous"));
    if (format != NULL)
        add_pair(&query, "format", span_str(format));
    return body ? ask_body(r->rq, reports_get, SPAN(""), buf_span(&query), out)
                : ask(r->rq, reports_get, SPAN(""), buf_span(&query), out);
}

static bool compares(const struct reports_page *r)
{
    return !span_empty(r->p[COMPARE].value);
}

static enum err gather(struct reports_page *r)
{
    const bool in_rows = compares(r) && r->by->kind != BY_TIME;
    enum err err = ask_report(r, r->by->name, in_rows, NULL, false, &r->report);
    if (err == ERR_OK && compares(r))
        err = ask_report(r, "", true, NULL, false, &r->compared);
    return err;
}

/* ---- stretches of time ---- */

static int64_t week_of(int64_t day)
{
    return (day + 3) / 7; /* 1970-01-01 was a Thursday */
}

static int64_t month_of(int64_t day)
{
    return time_local_month(day * MS_PER_DAY, 0);
}

/* The day on which a month begins. */
static int64_t month_day(int64_t month)
{
    return date_days(1970 + month / 12, (unsigned)(month % 12 + 1), 1);
}

static int64_t number_at(struct span text, size_t at, size_t len)
{
    int64_t n = 0;
    for (size_t i = at; i < at + len && i < text.len; i++)
        n = n * 10 + (text.ptr[i] - '0');
    return n;
}

/* Where a row's stretch begins, as its key says: a day; of an hour a time. */
static int64_t begins(const struct reports_page *r, const json_t *row)
{
    const struct span key = ask_text(json_object_get(row, "key"), r->by->name);
    int64_t ms = 0;
    if (span_is(span_str(r->by->name), "hour"))
        return time_parse(key, &ms) == ERR_OK ? ms : 0;
    const int64_t year = number_at(key, 0, 4);
    if (span_is(span_str(r->by->name), "week")) /* of which January 4th is in the first */
        return (week_of(date_days(year, 1, 4)) + number_at(key, 6, 2) - 1) * 7 - 3;
    return date_days(year, (unsigned)number_at(key, 5, 2), key.len > 7 ? (unsigned)number_at(key, 8, 2) : 1);
}

/* A time within it, for page_day. */
static int64_t within(const struct reports_page *r, int64_t begin)
{
    int64_t offset_s = 0;
    if (span_is(span_str(r->by->name), "hour"))
        return begin;
    if (zones_offset(r->s.zones, r->s.frame.zone, begin * MS_PER_DAY, &offset_s) != ERR_OK)
        return begin * MS_PER_DAY;
    return begin * MS_PER_DAY + MS_PER_DAY / 2 - offset_s * MS_PER_S;
}

/* Which of the period's stretches one is that begins then. */
static int64_t place_of(const struct reports_page *r, int64_t begin, int64_t first)
{
    const struct span by = span_str(r->by->name);
    return span_is(by, "hour")    ? (begin - first) / (3600 * MS_PER_S)
           : span_is(by, "week")  ? week_of(begin) - week_of(first)
           : span_is(by, "month") ? month_of(begin) - month_of(first)
                                  : begin - first;
}

static int64_t begin_at(const struct reports_page *r, int64_t first, int64_t place)
{
    const struct span by = span_str(r->by->name);
    return span_is(by, "hour")    ? first + place * 3600 * MS_PER_S
           : span_is(by, "week")  ? (week_of(first) + place) * 7 - 3
           : span_is(by, "month") ? month_day(month_of(first) + place)
                                  : first + place;
}

/* The period's first stretch and how many it has; of hours those from the first row to the last. */
static int64_t stretches(const struct reports_page *r, int64_t *first)
{
    const json_t *rows = json_object_get(r->report, "rows");
    int64_t last = r->to;
    *first = r->from;
    if (span_is(span_str(r->by->name), "hour")) {
        *first = begins(r, json_array_get(rows, 0));
        last = begins(r, json_array_get(rows, json_array_size(rows) - 1));
    }
    return place_of(r, last, *first) + 1;
}

static void take_rows(const struct reports_page *r, struct plot_day *at, int64_t first, int64_t n)
{
    const json_t *rows = json_object_get(r->report, "rows"), *row;
    size_t i;
    json_array_foreach(rows, i, row)
    {
        const json_t *leads = json_object_get(row, "leads");
        int64_t place = place_of(r, begins(r, row), first);
        if (place < 0 || place >= n)
            continue;
        at[place].clicks += ask_int(json_object_get(row, "clicks"), "ok");
        at[place].leads += ask_int(leads, "total");
        at[place].approved += ask_int(leads, "approved") + ask_int(leads, "converted");
        at[place].waiting += ask_int(leads, "pending") + ask_int(leads, "held");
    }
}

static void write_plot(struct reports_page *r)
{
    int64_t first, n;
    if (r->by->kind != BY_TIME || json_array_size(json_object_get(r->report, "rows")) == 0)
        return;
    n = stretches(r, &first);
    if (n < 2 || n > STRETCHES_MOST)
        return;
    struct plot_day *at = arena_alloc(r->rq->arena, (size_t)n * sizeof *at);
    memset(at, 0, (size_t)n * sizeof *at);
    for (int64_t i = 0; i < n; i++)
        at[i].ms = within(r, begin_at(r, first, i));
    take_rows(r, at, first, n);
    bool open = r->to >= r->today, by_day = span_is(span_str(r->by->name), "day");
    plot_stretches(&r->s.g, &(struct plot){at, (size_t)n, open, open && by_day ? WORD_TODAY : WORDS,
                                           by_day ? WORD_PLOT_TODAY : WORD_REP_OPEN});
}

/* ---- the form ---- */

static void write_option(struct page *g, struct span value, struct part shown, bool chosen)
{
    page_put(g, "<option value=\"{}\"{}>{}</option>\n", P_TEXT(value), P_HTML(chosen ? " selected" : ""), shown);
}

static struct part by_name(const struct by *by)
{
    return by->word != WORDS ? P_WORD(by->word) : P_HTML(by->name);
}

/* A publisher has one of each contract: itself. */
static bool offered(const struct reports_page *r, const struct by *by)
{
    return r->s.frame.seat != SEAT_PUBLISHER || strcmp(by->name, "publisher") != 0;
}

static void write_contracts(struct reports_page *r)
{
    const struct contract_list all = catalog_reads(r->rq->catalog, r->rq->caller);
    struct page *g = &r->s.g;
    page_put(g, "<label>{}<select name=\"contract\"><option value=\"\">{}</option>\n", P_WORD(WORD_CONTRACT),
             P_WORD(WORD_FILTER_ALL));
    for (size_t i = 0; i < all.n && i < CONTRACTS_LISTED; i++) {
        const struct contract *k = catalog_listed(r->rq->catalog, &all, i);
        page_put(g, "<option value=\"{}\"{}>{} · {}</option>\n", P_TEXT(span_str(k->id)),
                 P_HTML(span_is(r->p[CONTRACT].value, k->id) ? " selected" : ""),
                 P_TEXT(contract_terms(k, r->rq->arrived_ms)->name),
                 P_TEXT(r->s.frame.seat == SEAT_PUBLISHER ? catalog_who(r->rq->catalog, k->campaign->advertiser)->name
                        : k->publisher != NULL            ? catalog_who(r->rq->catalog, k->publisher)->name
                                                          : span_str(word_text(g->language, WORD_DIRECT))));
    }
    page_html(g, "</select></label>\n");
}

/* Words of a table, each as one of a list. */
static void write_words(struct reports_page *r, int which, enum word label, size_t n, const char *(*at)(size_t i),
                        enum word (*word)(struct span value))
{
    struct page *g = &r->s.g;
    page_put(g, "<label>{}<select name=\"{}\"><option value=\"\">{}</option>\n", P_WORD(label), P_HTML(names[which]),
             P_WORD(WORD_FILTER_ALL));
    for (size_t i = 0; i < n; i++) {
        const struct span value = span_str(at(i));
        enum word known = word(value);
        if (known != WORDS)
            write_option(g, value, P_WORD(known), span_eq(value, r->p[which].value));
    }
    page_html(g, "</select></label>\n");
}

static const char *status_at(size_t i)
{
    return status_word((enum status)i);
}
static const char *class_at(size_t i)
{
    return class_word((enum class)i);
}
static const char *reason_at(size_t i)
{
    return reason_word((enum reason)i);
}

static void write_value_filter(struct reports_page *r)
{
    struct page *g = &r->s.g;
    page_put(g, "<label>{}<select name=\"where\"><option value=\"\">{}</option>\n", P_WORD(WORD_REP_WHERE),
             P_WORD(WORD_REP_NO_FILTER));
    for (size_t i = 0; i < BYS; i++)
        if (bys[i].kind == BY_VALUE)
            write_option(g, span_str(bys[i].name), by_name(&bys[i]), span_is(r->p[WHERE].value, bys[i].name));
    page_put(g, "</select></label>\n<label>{}<input name=\"is\" value=\"{}\"></label>\n", P_WORD(WORD_REP_IS),
             P_TEXT(r->p[IS].value));
}

/* What the form does not offer, and a row's link asked for, stays. */
static void write_hidden(struct reports_page *r)
{
    for (int i = CAMPAIGN; i <= PUBLISHER; i++)
        if (!span_empty(r->p[i].value))
            page_put(&r->s.g, "<input type=\"hidden\" name=\"{}\" value=\"{}\">\n", P_HTML(names[i]),
                     P_TEXT(r->p[i].value));
}

static bool narrowed(const struct reports_page *r)
{
    bool any = !span_empty(r->p[WHERE].value);
    for (int i = STATUS; i <= REASON; i++)
        any |= !span_empty(r->p[i].value);
    return any;
}

/* What few look for stands behind one more click. */
static void write_more(struct reports_page *r)
{
    struct page *g = &r->s.g;
    page_put(g, "<details class=\"wide\"{}><summary>{}</summary>\n<div class=\"filters\">\n",
             P_HTML(narrowed(r) ? " open" : ""), P_WORD(WORD_REP_MORE));
    write_words(r, STATUS, WORD_FILTER_STATE, STATUS_COUNT, status_at, word_of_status);
    write_words(r, REASON, WORD_REP_REASON, REASON_COUNT, reason_at, word_of_reason);
    write_words(r, CLASS, WORD_REP_CLASS, CLASS_COUNT, class_at, word_of_class);
    write_value_filter(r);
    page_html(g, "</div></details>\n");
}

static void write_form(struct reports_page *r)
{
    struct page *g = &r->s.g;
    page_put(g, "<form class=\"filters\" action=\"/reports\">\n<label>{}<select name=\"group\">\n",
             P_WORD(WORD_REP_GROUP));
    for (size_t i = 0; i < BYS; i++)
        if (offered(r, &bys[i]))
            write_option(g, span_str(bys[i].name), by_name(&bys[i]), &bys[i] == r->by);
    page_put(g,
             "</select></label>\n<label>{}<input type=\"date\" name=\"from\" value=\"{}\"></label>\n<label>{}<input "
             "type=\"date\" name=\"to\" value=\"{}\"></label>\n",
             P_WORD(WORD_REP_FROM), P_TEXT(span_str(r->from_text)), P_WORD(WORD_REP_TO), P_TEXT(span_str(r->to_text)));
    write_contracts(r);
    page_put(g, "<label class=\"tick\"><input type=\"checkbox\" name=\"compare\" value=\"previous\"{}> {}</label>\n",
             P_HTML(compares(r) ? " checked" : ""), P_WORD(WORD_REP_COMPARE));
    write_hidden(r);
    page_put(g, "<button class=\"b one\">{}</button>\n", P_WORD(WORD_FILTER_SHOW));
    write_more(r);
    page_html(g, "</form>\n");
}

/* ---- where a row leads ---- */

static bool filtered(const struct reports_page *r)
{
    for (int i = CONTRACT; i <= WHERE; i++)
        if (!span_empty(r->p[i].value))
            return true;
    return false;
}

static void add_day(struct buf *out, const char *name, int64_t day)
{
    char text[DATE_LEN + 1];
    date_text(day, text);
    add_pair(out, name, span_str(text));
}

/* The row's days, within the period. */
static void row_days(const struct reports_page *r, const json_t *row, int64_t *from, int64_t *to)
{
    *from = r->from;
    *to = r->to;
    if (r->by->kind != BY_TIME)
        return;
    const int64_t begin = begins(r, row), last = begin_at(r, begin, 1) - 1;
    *from = begin > *from ? begin : *from;
    *to = last < *to ? last : *to;
}

/* Appends a query that asks for the row alone, by day, or of a day by hour. */
static void row_query(const struct reports_page *r, const json_t *row, struct buf *out)
{
    const struct span key = ask_text(json_object_get(row, "key"), r->by->name), by = span_str(r->by->name);
    int64_t from, to;
    row_days(r, row, &from, &to);
    add_pair(out, "group", span_is(by, "day") ? SPAN("hour") : SPAN("day"));
    add_day(out, "from", from);
    add_day(out, "to", to);
    for (int i = CONTRACT; i <= REASON; i++) {
        bool its = span_is(by, names[i]);
        if (its || !span_empty(r->p[i].value))
            add_pair(out, names[i], its ? key : r->p[i].value);
    }
    bool value = r->by->kind == BY_VALUE;
    if (value || !span_empty(r->p[WHERE].value)) {
        add_pair(out, "where", value ? by : r->p[WHERE].value);
        add_pair(out, "is", value ? key : r->p[IS].value);
    }
}

/* A filter takes no empty text but of a value. */
static bool leads_on(const struct reports_page *r, const json_t *row)
{
    const struct span key = ask_text(json_object_get(row, "key"), r->by->name);
    return json_object_get(row, "other") == NULL && !span_is(span_str(r->by->name), "hour") &&
           (r->by->kind == BY_VALUE || !span_empty(key));
}

/* Whether the list of leads has what is filtered here. By sub1 to sub5 it goes by what leads say, reports by what their
 * clicks say: these are not the same leads. */
static bool list_has(const struct reports_page *r)
{
    const struct span where = r->p[WHERE].value;
    return span_empty(r->p[PUBLISHER].value) && span_empty(r->p[CLASS].value) && span_empty(r->p[REASON].value) &&
           (span_empty(where) || (span_is(where, "code") && !span_empty(r->p[IS].value)));
}

static bool list_has_row(const struct reports_page *r, const json_t *row)
{
    static const char *const by[] = {"day", "week", "month", "contract", "campaign", "status", "code"};
    bool has = false;
    for (size_t i = 0; i < sizeof by / sizeof *by; i++)
        has |= strcmp(by[i], r->by->name) == 0;
    return has && json_object_get(row, "other") == NULL &&
           !span_empty(ask_text(json_object_get(row, "key"), r->by->name));
}

/* Appends the list of the very leads that a row counts; row NULL: of all. False: no list has that filter. */
static bool leads_query(const struct reports_page *r, const json_t *row, struct buf *out)
{
    static const int which[] = {CONTRACT, CAMPAIGN, STATUS};
    const struct span key = ask_text(json_object_get(row, "key"), r->by->name), by = span_str(r->by->name);
    const bool by_code = row != NULL && span_is(by, "code");
    int64_t from = r->from, to = r->to;
    if (!list_has(r) || (row != NULL && !list_has_row(r, row)))
        return false;
    for (size_t i = 0; i < sizeof which / sizeof *which; i++) {
        bool its = row != NULL && span_is(by, names[which[i]]);
        if (its || !span_empty(r->p[which[i]].value))
            add_pair(out, names[which[i]], its ? key : r->p[which[i]].value);
    }
    if (by_code || !span_empty(r->p[WHERE].value))
        add_pair(out, "code", by_code ? key : r->p[IS].value);
    if (row != NULL)
        row_days(r, row, &from, &to);
    add_day(out, "from", from);
    add_day(out, "to", to);
    add_pair(out, "tz", r->s.frame.zone);
    return true;
}

/* ---- rows ---- */

static const struct contract *contract_of_campaign(const struct reports_page *r, struct span campaign)
{
    const struct contract_list all = catalog_reads(r->rq->catalog, r->rq->caller);
    for (size_t i = 0; i < all.n; i++)
        if (span_is(campaign, catalog_listed(r->rq->catalog, &all, i)->campaign->id))
            return catalog_listed(r->rq->catalog, &all, i);
    return NULL;
}

static void write_code(struct reports_page *r, struct span code)
{
    enum { SHOWN_OF_CODE = 6 };
    struct tracking_code c;
    const struct contract *k = NULL;
    if (code_read(r->rq->worker->tokens, code, &c) == ERR_OK)
        k = catalog_contract_number(r->rq->catalog, c.contract);
    bool known = k != NULL && c.placement >= 1 && c.placement <= k->n_codes;
    page_put(&r->s.g, "{}", known ? P_NAME(k->codes[c.placement - 1]->label) : P_TEXT(code));
    if (known && code.len > SHOWN_OF_CODE)
        page_put(&r->s.g, " <span class=\"id s\">…{}</span>", P_TEXT(span_skip(code, code.len - SHOWN_OF_CODE)));
    if (!known || r->s.frame.seat == SEAT_PUBLISHER)
        return;
    page_html(&r->s.g, "<span class=\"why\">");
    rows_contract_line(&r->s, k);
    page_html(&r->s.g, "</span>");
}

static void write_contract_key(struct reports_page *r, struct span key)
{
    struct page *g = &r->s.g;
    if (strcmp(r->by->name, "publisher") == 0) {
        const struct party *p = catalog_party(r->rq->catalog, key);
        page_put(g, "{}", p != NULL ? P_NAME(p->name) : P_WORD(WORD_DIRECT));
        return;
    }
    bool campaign = strcmp(r->by->name, "campaign") == 0;
    const struct contract *k = campaign ? contract_of_campaign(r, key) : catalog_contract(r->rq->catalog, key);
    if (k == NULL) {
        page_put(g, "{}", P_TEXT(key));
        return;
    }
    page_put(g, "{}", P_NAME(contract_terms(k, r->rq->arrived_ms)->name));
    if (campaign)
        return;
    page_html(g, " <span class=\"s\">");
    rows_contract_line(&r->s, k);
    page_html(g, "</span>");
}

static void write_time_key(struct reports_page *r, const json_t *row)
{
    struct page *g = &r->s.g;
    const int64_t begin = begins(r, row);
    switch (*r->by->name) {
    case 'h':
        page_put(g, "{}", P_TIME(begin));
        return;
    case 'w':
        page_put(g, "{}", P_SAY(WORD_PERIOD_TO, P_DAY(within(r, begin)), P_DAY(within(r, begin + 6))));
        return;
    case 'm':
        page_put(g, "{}", P_TEXT(ask_text(json_object_get(row, "key"), "month")));
        return;
    default:
        page_put(g, "{}", P_DAY(within(r, begin)));
    }
}

static void write_key(struct reports_page *r, const json_t *row)
{
    const struct span key = ask_text(json_object_get(row, "key"), r->by->name);
    struct page *g = &r->s.g;
    enum word known = r->by->of != NULL ? r->by->of(key) : WORDS;
    if (json_object_get(row, "other") != NULL)
        page_put(g, "{}", P_WORD(WORD_REP_OTHER));
    else if (r->by->kind == BY_TIME)
        write_time_key(r, row);
    else if (r->by->kind == BY_CONTRACT)
        write_contract_key(r, key);
    else if (span_empty(key))
        page_put(g, "<span class=\"s\">{}</span>", P_WORD(WORD_REP_NO_VALUE));
    else if (known != WORDS)
        page_put(g, "{}", P_WORD(known));
    else if (strcmp(r->by->name, "code") == 0)
        write_code(r, key);
    else if (strcmp(r->by->name, "country") == 0)
        page_put(g, "{}", P_TEXT(country_word(g->language, key)));
    else
        page_put(g, "{}", P_NAME(key));
}

static void write_ratio(struct page *g, const json_t *row, const char *name, int64_t most)
{
    const json_t *v = json_object_get(row, name);
    if (v == NULL || json_integer_value(v) > most)
        page_html(g, "–");
    else
        page_put(g, "{}", P_PPM(json_integer_value(v)));
}

static bool by_score(const struct reports_page *r)
{
    return strcmp(r->by->name, "score") == 0;
}

/* Beside how many were approved: whether scores say what comes true. */
static void write_mean_score(struct page *g, const json_t *row)
{
    page_put(g, "</td><td class=\"n\" data-l=\"{}\">{}", P_WORD(WORD_SENT_SCORE),
             ask_int(row, "scored") > 0 ? P_COUNT(ask_int(row, "mean_score")) : P_HTML("–"));
}

/* Clicks have no state and no reason. */
static bool has_clicks(const struct reports_page *r, const json_t *row)
{
    const bool by_state = strcmp(r->by->name, "status") == 0 || strcmp(r->by->name, "reason") == 0;
    return span_empty(r->p[STATUS].value) && span_empty(r->p[REASON].value) &&
           (!by_state || span_empty(ask_text(json_object_get(row, "key"), r->by->name)));
}

/* Nobody takes a rate of more than all clicks for one. */
static void write_conversion(struct reports_page *r, const json_t *row)
{
    enum { ALL_PPM = 1000000 };
    if (!has_clicks(r, row)) {
        page_html(&r->s.g, "–");
        return;
    }
    r->more_leads |= ask_int(json_object_get(row, "leads"), "total") > ask_int(json_object_get(row, "clicks"), "ok");
    write_ratio(&r->s.g, row, "conversion_ppm", ALL_PPM);
}

static void write_leads(struct reports_page *r, const json_t *row, bool total)
{
    struct page *g = &r->s.g;
    struct buf to;
    arena_buf(r->rq->arena, &to, 1024 + 3 * (r->rq->query.len + r->s.frame.zone.len));
    int64_t n = ask_int(json_object_get(row, "leads"), "total");
    if (n > 0 && (!total || json_array_size(json_object_get(r->report, "totals")) == 1) &&
        leads_query(r, total ? NULL : row, &to))
        page_put(g, "<a href=\"/leads?{}\">{}</a>", P_TEXT(buf_span(&to)), P_COUNT(n));
    else
        page_put(g, "{}", P_COUNT(n));
}

static void write_than(struct reports_page *r, const json_t *row)
{
    struct page *g = &r->s.g;
    const json_t *before = json_object_get(row, "before");
    const int64_t was = ask_int(before, "payout_micros"), is = ask_int(row, "payout_micros");
    page_put(g, "<td class=\"n\" data-l=\"{}\"><span>", P_WORD(WORD_REP_THAN));
    if (was == 0 && is == 0)
        page_html(g, "–");
    else if (was <= 0)
        page_put(g, "{}", P_WORD(WORD_REP_NEW));
    else
        page_put(g, "{}{}", P_HTML(is > was ? "+" : ""), P_PPM((int64_t)((__int128)(is - was) * 1000000 / was)));
    page_put(g, "<span class=\"why\">{}</span></span></td>",
             P_SAY(WORD_REP_BEFORE, P_MICROS(was, ask_text(row, "currency"))));
}

static void write_bar(struct reports_page *r, int64_t micros)
{
    if (r->most > 0 && micros > 0 && r->by->kind != BY_TIME)
        page_put(&r->s.g,
                 "<svg class=\"bar\" viewBox=\"0 0 100 6\" preserveAspectRatio=\"none\" aria-hidden=\"true\"><rect "
                 "width=\"{}\" height=\"6\"/></svg>",
                 P_TENTHS((int64_t)((__int128)micros * 1000 / r->most)));
}

static void write_cells(struct reports_page *r, const json_t *row, bool total)
{
    struct page *g = &r->s.g;
    const json_t *leads = json_object_get(row, "leads"), *clicks = json_object_get(row, "clicks");
    const int64_t ok = ask_int(clicks, "ok"), all = ask_int(clicks, "total"), money = ask_int(row, "payout_micros");
    page_put(g, "<td class=\"n\" data-l=\"{}\"><span>{}", P_WORD(WORD_OF_CLICK),
             has_clicks(r, row) ? P_COUNT(ok) : P_HTML("–"));
    if (all != ok)
        page_put(g, "<span class=\"why\">{}</span>", P_SAY(WORD_OF_ALL, P_COUNT(all)));
    page_put(g, "</span></td><td class=\"n\" data-l=\"{}\">", P_WORD(WORD_LEADS));
    write_leads(r, row, total);
    page_put(g, "</td><td class=\"n\" data-l=\"{}\">", P_WORD(WORD_RATE));
    write_conversion(r, row);
    page_put(g, "</td><td class=\"n\" data-l=\"{}\">{}</td><td class=\"n\" data-l=\"{}\">", P_WORD(WORD_APPROVED),
             P_COUNT(ask_int(leads, "approved") + ask_int(leads, "converted")), P_WORD(WORD_REP_APPROVAL));
    write_ratio(g, row, "approval_ppm", INT64_MAX);
    if (by_score(r))
        write_mean_score(g, row);
    page_put(g, "</td><td class=\"n\" data-l=\"{}\">{}</td><td class=\"n\" data-l=\"{}\"><span>",
             P_WORD(WORD_REP_SALES), P_COUNT(ask_int(row, "sales")),
             P_WORD(r->s.frame.seat == SEAT_PUBLISHER ? WORD_REP_EARNS : WORD_REP_COSTS));
    page_put(g, "{}", P_MICROS(money, ask_text(row, "currency")));
    if (!total)
        write_bar(r, money);
    page_html(g, "</span></td>");
}

static void write_row(struct reports_page *r, const json_t *row)
{
    struct page *g = &r->s.g;
    struct buf to;
    page_put(g, "<tr><th scope=\"row\"{}>", P_HTML(r->by->kind == BY_TIME ? " class=\"nb\"" : ""));
    arena_buf(r->rq->arena, &to, 1024 + 3 * (r->rq->query.len + LIMIT_PARAM));
    if (leads_on(r, row)) {
        row_query(r, row, &to);
        page_put(g, "<a href=\"/reports?{}\">", P_TEXT(buf_span(&to)));
        write_key(r, row);
        page_html(g, "</a>");
    } else {
        write_key(r, row);
    }
    page_html(g, "</th>");
    write_cells(r, row, false);
    if (compares(r) && r->by->kind != BY_TIME)
        write_than(r, row);
    page_html(g, "</tr>\n");
}

static void write_head(struct reports_page *r)
{
    struct page *g = &r->s.g;
    const enum word columns[] = {
        WORD_OF_CLICK,     WORD_LEADS,
        WORD_RATE,         WORD_APPROVED,
        WORD_REP_APPROVAL, by_score(r) ? WORD_SENT_SCORE : WORDS,
        WORD_REP_SALES,    r->s.frame.seat == SEAT_PUBLISHER ? WORD_REP_EARNS : WORD_REP_COSTS};
    page_put(g, "<table class=\"cards\"><thead><tr><th scope=\"col\">{}</th>", by_name(r->by));
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        if (columns[i] != WORDS)
            page_put(g, "<th scope=\"col\" class=\"n\">{}</th>", P_WORD(columns[i]));
    if (compares(r) && r->by->kind != BY_TIME)
        page_put(g, "<th scope=\"col\" class=\"n\">{}</th>", P_WORD(WORD_REP_THAN));
    page_html(g, "</tr></thead><tbody>\n");
}

static void write_totals(struct reports_page *r)
{
    const json_t *rows = json_object_get(r->compared != NULL ? r->compared : r->report, "totals"), *row;
    const bool column = compares(r) && r->by->kind != BY_TIME;
    size_t i;
    page_html(&r->s.g, "</tbody><tfoot>\n");
    json_array_foreach(rows, i, row)
    {
        page_put(&r->s.g, "<tr><th scope=\"row\">{}{}{}</th>", P_WORD(WORD_TOTAL),
                 P_HTML(json_array_size(rows) > 1 ? ", " : ""),
                 P_TEXT(json_array_size(rows) > 1 ? ask_text(row, "currency") : SPAN("")));
        write_cells(r, row, true);
        if (column)
            write_than(r, row);
        page_html(&r->s.g, "</tr>\n");
    }
    page_html(&r->s.g, "</tfoot></table>\n");
}

struct ranked {
    const json_t *row;
    bool other; /* of all values that have no row of their own */
    int64_t leads, clicks;
    size_t at;
};

static int by_rank(const void *a, const void *b)
{
    const struct ranked *x = a, *y = b;
    return x->other != y->other     ? x->other - y->other
           : x->leads != y->leads   ? (x->leads < y->leads) - (x->leads > y->leads)
           : x->clicks != y->clicks ? (x->clicks < y->clicks) - (x->clicks > y->clicks)
                                    : (x->at > y->at) - (x->at < y->at);
}

/* Of time the newest first, of values and contracts those with the most leads; what has an order of its own keeps it.
 */
static struct ranked *rank_rows(const struct reports_page *r, const json_t *rows)
{
    const size_t all = json_array_size(rows);
    const bool ranks = r->by->kind == BY_CONTRACT || (r->by->kind == BY_VALUE && !by_score(r));
    struct ranked *out = arena_alloc(r->rq->arena, (all + 1) * sizeof *out);
    for (size_t i = 0; i < all; i++) {
        const json_t *row = json_array_get(rows, r->by->kind == BY_TIME ? all - 1 - i : i);
        out[i] =
            (struct ranked){row, json_object_get(row, "other") != NULL, ask_int(json_object_get(row, "leads"), "total"),
                            ask_int(json_object_get(row, "clicks"), "ok"), i};
    }
    if (ranks)
        qsort(out, all, sizeof *out, by_rank);
    return out;
}

static void write_rows(struct reports_page *r)
{
    const json_t *rows = json_object_get(r->report, "rows"), *row;
    const size_t all = json_array_size(rows), shown = all < SHOWN ? all : SHOWN;
    const struct ranked *ranked = rank_rows(r, rows);
    size_t i;
    json_array_foreach(rows, i, row) r->most =
        ask_int(row, "payout_micros") > r->most ? ask_int(row, "payout_micros") : r->most;
    write_head(r);
    for (i = 0; i < shown; i++)
        write_row(r, ranked[i].row);
    write_totals(r);
    if (shown < all)
        page_put(&r->s.g, "<p class=\"s\">{}</p>\n",
                 P_SAY(WORD_REP_VALUES_MANY, P_COUNT((int64_t)shown), P_COUNT((int64_t)all)));
}

/* ---- what is said of them ---- */

static bool has_other(const struct reports_page *r)
{
    const json_t *row;
    size_t i;
    json_array_foreach(json_object_get(r->report, "rows"), i,
                       row) if (json_object_get(row, "other") != NULL) return true;
    return false;
}

static void write_as_of(struct reports_page *r)
{
    const json_t *all = json_object_get(r->report, "as_of"), *one;
    struct page *g = &r->s.g;
    size_t i;
    page_put(g, "<details><summary>{}</summary>\n<p class=\"s\">{}</p>\n<dl class=\"kv l\">\n", P_WORD(WORD_REP_AS_OF),
             P_WORD(WORD_REP_AS_OF_WHAT));
    json_array_foreach(all, i, one)
    {
        const struct contract *k = catalog_contract(r->rq->catalog, ask_text(one, "contract"));
        const int64_t size = ask_int(one, "size");
        page_put(g, "<dt>{} <code class=\"id\">{}</code></dt><dd>",
                 k != NULL ? P_NAME(contract_terms(k, r->rq->arrived_ms)->name) : P_TEXT(SPAN("")),
                 P_TEXT(ask_text(one, "contract")));
        if (size > 0)
            page_put(g, "{}", P_SAY(WORD_REP_AS_OF_ONE, P_COUNT(size - 1)));
        else
            page_put(g, "{}", P_WORD(WORD_REP_AS_OF_NONE));
        page_html(g, "</dd>\n");
    }
    page_html(g, "</dl></details>\n");
}

static void write_said(struct reports_page *r)
{
    struct page *g = &r->s.g;
    const int64_t crowded = ask_int(r->report, "crowded_days");
    if (r->more_leads)
        page_put(g, "<p class=\"s\">{}</p>\n", P_WORD(WORD_REP_MORE_LEADS));
    if (has_other(r))
        page_put(g, "<p class=\"s\">{}</p>\n", P_SAY(WORD_REP_OTHER_WHAT, P_COUNT(REPORT_VALUES)));
    if (crowded > 0)
        page_put(g, "<p class=\"s\">{}</p>\n", P_SAY(WORD_REP_CROWDED, P_COUNT(crowded)));
    write_as_of(r);
}

static void write_csv_link(struct reports_page *r)
{
    page_put(&r->s.g, "<a class=\"b\" href=\"/reports?{}{}format=csv\">{}</a>", P_TEXT(r->s.frame.query),
             P_HTML(span_empty(r->s.frame.query) ? "" : "&amp;"), P_WORD(WORD_REP_CSV));
}

static void write_page(struct reports_page *r)
{
    struct page *g = &r->s.g;
    const json_t *as_of = json_object_get(r->report, "as_of");
    bool publisher = r->s.frame.seat == SEAT_PUBLISHER;
    screen_open(&r->s, WORD_REPORTS, "/reports", NULL);
    if (json_array_size(as_of) == 1)
        r->s.frame.as_of = ask_int(json_array_get(as_of, 0), "size");
    page_put(g, "<div class=\"head\"><div><h1>{}</h1><p>{}</p></div><div class=\"line\">", P_WORD(WORD_REPORTS),
             P_WORD(publisher ? WORD_REPORTS_WHAT : WORD_REPORTS_COSTS));
    write_csv_link(r);
    page_html(g, "</div></div>\n");
    write_form(r);
    page_html(g, "<section class=\"card\">\n");
    if (json_array_size(json_object_get(r->report, "rows")) == 0) {
        page_put(g, "<div class=\"empty\"><h2>{}</h2><p>{}</p>", P_WORD(WORD_REP_NOTHING),
                 P_WORD(WORD_REP_NOTHING_WHAT));
        if (filtered(r))
            page_put(g, "<p><a href=\"/reports\">{}</a></p>", P_WORD(WORD_CLEAR_FILTERS));
        page_html(g, "</div>\n");
    } else {
        write_plot(r);
        write_rows(r);
    }
    write_said(r);
    page_html(g, "</section>\n");
}

static enum err reply_csv(struct reports_page *r, struct reply *reply)
{
    struct span text;
    enum err err = ask_report(r, r->by->name, false, "csv", true, &text);
    if (err != ERR_OK)
        return err;
    reply->status = 200;
    reply->content_type = SPAN("text/csv; charset=utf-8");
    reply->body = text;
    reply_header(reply, "Content-Disposition", SPAN("attachment; filename=\"report.csv\""));
    reply_header(reply, "Cache-Control", SPAN("no-store"));
    screen_headers(&r->s, reply);
    return ERR_OK;
}

static enum err reports_read(struct request *rq, struct reply *reply)
{
    struct reports_page r = {.rq = rq};
    for (int i = 0; i < PARAMS; i++)
        r.p[i].name = names[i];
    enum err err = screen_read(&r.s, rq, r.p, PARAMS);
    if (err == ERR_OK && (err = read_by(&r)) == ERR_OK && (err = read_where(&r)) == ERR_OK &&
        (err = find_contract(&r)) == ERR_OK)
        err = screen_zone(&r.s, r.k != NULL ? contract_terms(r.k, rq->arrived_ms)->timezone : screen_first_zone(rq));
    if (err == ERR_OK)
        err = read_period(&r);
    if (err == ERR_OK && span_is(r.p[FORMAT].value, "csv"))
        return reply_csv(&r, reply);
    if (err == ERR_OK)
        err = gather(&r);
    if (err == ERR_OK) {
        write_page(&r);
        err = screen_reply(&r.s, reply, 200);
    }
    json_decref(r.report);
    json_decref(r.compared);
    return err;
}

enum err reports_page_get(struct request *rq, struct reply *reply)
{
    return screen_enter(rq, reply, reports_read);
}
