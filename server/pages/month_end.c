/* What a statement of each contract would come to, what stands in its way, issuing it, and whose answers wait. */
#include "common/base/money.h"
#include "common/base/query.h"
#include "server/api/api.h"
#include "server/pages/act.h"
#include "server/pages/pages_private.h"
#include "server/pages/refusal.h"
#include "server/pages/rows.h"
#include "server/settlement/settlement.h"

enum { CHASED = 50 };
/* So many rows a page, and of all of them so many leads and decisions folded in a look at most: a few milliseconds. */
#define ROWS "limit=50"
#define FOLDED "fold=4000"

static enum err month_read(struct request *rq, struct reply *reply);

static const struct act_field fields[] = {{"until", "until", ACT_TEXT}, {NULL}};
static const struct act issue = {"issue", statements_create, {"id"}, fields, .again = month_read};

struct month {
    struct request *rq;
    struct screen s;
    struct param p[3]; /* until, after; all: whatever it takes */
    json_t *answer;
    const json_t *rows;
    json_t *sums; /* of each currency what these would come to, micros */
    size_t open, issued, agreed;
    int64_t moves, of; /* of those that are not reckoned whole */
    bool part;         /* not all of what they would come to is reckoned, or on this page */
};
enum { UNTIL, AFTER, ALL };

/* ---- what is asked ---- */

static bool all_agree(const json_t *last)
{
    const json_t *one;
    size_t i;
    json_array_foreach(json_object_get(last, "answers"), i,
                       one) if (!span_is(ask_text(one, "verdict"), "accept")) return false;
    return true;
}

static bool may_be_issued(const json_t *row)
{
    const json_t *one;
    size_t i;
    json_array_foreach(json_object_get(row, "warnings"), i,
                       one) if (json_is_true(json_object_get(one, "blocks"))) return false;
    return span_is(ask_text(row, "state"), "open");
}

static int64_t draft_micros(const json_t *row)
{
    const int exponent = currency_exponent(ask_text(row, "currency"));
    return ask_int(json_object_get(row, "draft"), "to_pay_minor") * micros_per_minor(exponent > 0 ? exponent : 0);
}

/* Of what may be issued now. */
static void add_up(struct month *m, const json_t *row)
{
    const struct span currency = ask_text(row, "currency");
    const json_t *draft = json_object_get(row, "draft");
    const json_t *was = json_object_getn(m->sums, currency.ptr, currency.len);
    if (draft == NULL || !may_be_issued(row))
        return;
    m->part |= json_is_true(json_object_get(draft, "more"));
    json_object_setn_new(m->sums, currency.ptr, currency.len,
                         json_integer(json_integer_value(was) + draft_micros(row)));
}

static void count(struct month *m, const json_t *row)
{
    const json_t *last = json_object_get(row, "last"), *reckoned = json_object_get(row, "reckoned");
    add_up(m, row);
    m->open += may_be_issued(row);
    m->issued += last != NULL;
    m->agreed += last != NULL && all_agree(last);
    if (reckoned != NULL) {
        m->moves += ask_int(reckoned, "moves");
        m->of += ask_int(reckoned, "of");
    }
}

/* The page of the list from `after` on, as a query. */
static void write_query(const struct month *m, struct buf *out, struct span after)
{
    const struct param p[] = {{"until", m->p[UNTIL].value, true}, {"after", after, true}};
    for (size_t i = 0; i < sizeof p / sizeof *p; i++)
        if (!span_empty(p[i].value)) {
            buf_printf(out, "&%s=", p[i].name);
            query_encode(out, p[i].value);
        }
}

static enum err gather(struct month *m)
{
    const json_t *one;
    size_t i;
    struct buf query;
    if (m->p[UNTIL].value.len > 32)
        return problem(&m->rq->problem, ERR_MALFORMED, "until", "must be a day such as 2027-01-31");
    arena_buf(m->rq->arena, &query, 64 + 3 * (m->p[UNTIL].value.len + m->p[AFTER].value.len));
    buf_str(&query, m->p[ALL].given ? ROWS : ROWS "&" FOLDED);
    write_query(m, &query, m->p[AFTER].value);
    enum err err = ask(m->rq, settlements_list, SPAN(""), buf_span(&query), &m->answer);
    m->rows = json_object_get(m->answer, "data");
    m->sums = json_object();
    json_array_foreach(m->rows, i, one) count(m, one);
    m->part |= m->of > 0 || json_object_get(m->answer, "next") != NULL || m->p[AFTER].given;
    return err;
}

/* ---- writing ---- */

/* Folded, unless one of them keeps it from being issued. */
static void write_warnings(struct month *m, const json_t *row)
{
    const json_t *all = json_object_get(row, "warnings"), *one;
    struct page *g = &m->s.g;
    size_t i;
    if (json_array_size(all) == 0)
        return;
    page_put(g, "<details{}><summary class=\"s\">{}</summary><ul>\n",
             P_HTML(span_is(ask_text(row, "state"), "refused") ? " open" : ""),
             P_SAY(WORD_MONTH_WARNINGS, P_COUNT((int64_t)json_array_size(all))));
    json_array_foreach(all, i, one)
    {
        page_put(g, "<li class=\"{}\">", P_HTML(json_is_true(json_object_get(one, "blocks")) ? "bad" : "s"));
        refusal_detail(g, ask_text(one, "text"));
        page_html(g, "</li>\n");
    }
    page_html(g, "</ul></details>");
}

static enum word state_word(struct span state)
{
    return span_is(state, "open")        ? WORD_STATE_OPEN
           : span_is(state, "reckoning") ? WORD_STATE_RECKONING
           : span_is(state, "refused")   ? WORD_STATE_REFUSED
           : span_is(state, "closed")    ? WORD_STATE_CLOSED
                                         : WORD_STATE_NOTHING;
}

static void write_amount(struct month *m, const json_t *row)
{
    const json_t *draft = json_object_get(row, "draft");
    if (draft == NULL)
        page_html(&m->s.g, "–");
    else
        page_put(&m->s.g, "<b>{}</b><span class=\"why\">{}</span>",
                 P_MICROS(draft_micros(row), ask_text(row, "currency")),
                 P_SAY(WORD_MONTH_OF, P_COUNT(ask_int(draft, "leads")), P_COUNT(ask_int(draft, "clicks"))));
}

static void write_last(struct month *m, const json_t *row)
{
    const json_t *last = json_object_get(row, "last");
    if (last == NULL) {
        page_html(&m->s.g, "–");
        return;
    }
    page_put(&m->s.g, "<a href=\"/statements/{}\">{}</a> ", P_QUERY(ask_text(last, "id")),
             P_SAY(WORD_NUMBER, P_INDEX(ask_int(last, "number"))));
    rows_signatures(&m->s, last);
}

static void write_issue(struct month *m, const json_t *row)
{
    struct act_form f;
    if (!may_be_issued(row) || (m->rq->token->scopes & MAY_SETTLEMENT) == 0)
        return;
    act_open(&f, &m->s, &issue, ask_text(row, "contract"), "issue");
    if (!span_empty(m->p[UNTIL].value))
        act_hidden(&f, "until", m->p[UNTIL].value);
    act_close(&f, WORD_MONTH_ISSUE, "sm");
}

static void write_row(struct month *m, const json_t *row)
{
    const struct contract *k = catalog_contract(m->rq->catalog, ask_text(row, "contract"));
    const struct span state = ask_text(row, "state");
    struct page *g = &m->s.g;
    page_html(g, "<tr>");
    if (k != NULL)
        rows_between(&m->s, k);
    page_put(g, "<td class=\"hd\"><span class=\"st {}\">{}</span>",
             P_HTML(may_be_issued(row)            ? "pending"
                    : span_is(state, "reckoning") ? "held"
                    : span_is(state, "refused")   ? "rejected"
                                                  : "off"),
             P_WORD(state_word(state)));
    write_warnings(m, row);
    page_put(g, "</td><td class=\"n\" data-l=\"{}\"><span>", P_WORD(WORD_OP_NOW));
    write_amount(m, row);
    page_put(g, "</span></td><td data-l=\"{}\"><span>", P_WORD(WORD_MONTH_LAST));
    write_last(m, row);
    page_html(g, "</span></td><td class=\"n\">");
    write_issue(m, row);
    page_html(g, "</td></tr>\n");
}

static void write_sums(struct month *m)
{
    struct page *g = &m->s.g;
    const char *currency;
    json_t *sum;
    if (json_object_size(m->sums) == 0)
        return;
    page_put(g, "<dl class=\"kv\"><dt>{}</dt><dd>", P_WORD(m->part ? WORD_MONTH_SUM_SO_FAR : WORD_MONTH_SUM));
    json_object_foreach(m->sums, currency, sum)
        page_put(g, "<b class=\"nb\">{}</b><br>", P_MICROS(json_integer_value(sum), span_str(currency)));
    page_html(g, "</dd></dl>\n");
}

static void write_progress(struct month *m)
{
    struct page *g = &m->s.g;
    page_put(g,
             "<section class=\"card\">\n<div class=\"half\"><div><label for=\"agreed\">{}</label><progress "
             "id=\"agreed\" max=\"{}\" value=\"{}\"></progress></div>\n<div><p><b>{}</b></p><p class=\"line\"><button "
             "class=\"b one\" "
             "type=\"button\" data-each=\"form.issue\" data-progress=\"run\" hidden>{}</button><progress id=\"run\" "
             "aria-label=\"{}\" hidden></progress></p></div></div>\n",
             P_SAY(WORD_MONTH_AGREED, P_COUNT((int64_t)m->agreed), P_COUNT((int64_t)m->issued)),
             P_INDEX(m->issued > 0 ? (int64_t)m->issued : 1), P_INDEX((int64_t)m->agreed),
             P_SAY(WORD_MONTH_OPEN, P_COUNT((int64_t)m->open)), P_WORD(WORD_MONTH_ALL), P_WORD(WORD_MONTH_ALL));
    write_sums(m);
    page_html(g, "</section>\n");
}

static void write_address(struct month *m, struct span after, const char *more)
{
    struct buf query;
    arena_buf(m->rq->arena, &query, 64 + 3 * (m->p[UNTIL].value.len + after.len));
    write_query(m, &query, after);
    const size_t skipped = more[0] == '\0' ? 1 : 0; /* the & before the first */
    page_put(&m->s.g, "<a class=\"b\" href=\"/month-end?{}{}\">", P_HTML(more),
             P_TEXT(span_of(query.ptr + skipped, query.len - skipped)));
}

/* Looks go on where the one before ended; who does not want to wait for them has all of it reckoned in one. */
static void write_reckoned(struct month *m)
{
    if (m->of == 0)
        return;
    page_put(&m->s.g,
             "<section class=\"card\">\n<div class=\"half\"><div><label for=\"reckoned\">{}</label><progress "
             "id=\"reckoned\" max=\"{}\" value=\"{}\"></progress></div>\n<p class=\"line\">",
             P_SAY(WORD_MONTH_RECKONED, P_COUNT(m->moves), P_COUNT(m->of)), P_INDEX(m->of), P_INDEX(m->moves));
    write_address(m, m->p[AFTER].value, "all=1");
    page_put(&m->s.g, "{}</a></p></div>\n</section>\n", P_WORD(WORD_MONTH_RECKON));
}

static void write_next(struct month *m)
{
    const struct span next = ask_text(m->answer, "next");
    if (span_empty(next))
        return;
    page_html(&m->s.g, "<p class=\"line\">");
    write_address(m, next, "");
    page_put(&m->s.g, "{}</a></p>\n", P_WORD(WORD_STATEMENTS_MORE));
}

static void write_rows(struct month *m)
{
    const json_t *one;
    struct page *g = &m->s.g;
    size_t i;
    page_html(g, "<section class=\"card\">\n");
    if (json_array_size(m->rows) == 0) {
        page_put(g, "<div class=\"empty\"><h2>{}</h2></div>\n</section>\n", P_WORD(WORD_NO_CONTRACT));
        return;
    }
    page_put(g,
             "<table class=\"cards\"><thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th><th scope=\"col\" "
             "class=\"n\">{}</th><th scope=\"col\">{}</th><th scope=\"col\"><span "
             "class=\"vh\">{}</span></th></tr></thead><tbody>\n",
             P_WORD(WORD_COL_BETWEEN), P_WORD(WORD_PARTY_STATE), P_WORD(WORD_OP_NOW), P_WORD(WORD_MONTH_LAST),
             P_WORD(WORD_MONTH_ISSUE));
    json_array_foreach(m->rows, i, one) write_row(m, one);
    page_html(g, "</tbody></table>\n");
    write_next(m);
    page_html(g, "</section>\n");
}

/* ---- whose answers wait ---- */

/* The address that the party gave for notices, in the arena; empty: none. */
static struct span address_of(struct month *m, struct span party)
{
    json_t *notices = NULL;
    struct span address = SPAN("");
    if (ask(m->rq, notices_get, party, SPAN(""), &notices) == ERR_OK)
        address = arena_copy(m->rq->arena, ask_text(notices, "email"));
    m->rq->problem = (struct problem){0};
    json_decref(notices);
    return address;
}

static void write_chased(struct month *m, const json_t *row, struct span party)
{
    const json_t *last = json_object_get(row, "last");
    const struct contract *k = catalog_contract(m->rq->catalog, ask_text(row, "contract"));
    const struct party *p = catalog_party(m->rq->catalog, party);
    const struct span address = address_of(m, party);
    struct page *g = &m->s.g;
    page_put(g, "<tr><th scope=\"row\"><a href=\"/parties/{}\">{}</a><span class=\"why\">", P_QUERY(party),
             P_NAME(p != NULL ? p->name : party));
    if (k != NULL)
        rows_contract_line(&m->s, k);
    page_put(g, "</span></th><td><a href=\"/statements/{}\">{}</a></td><td{}>", P_QUERY(ask_text(last, "id")),
             P_SAY(WORD_NUMBER, P_INDEX(ask_int(last, "number"))),
             P_HTML(span_empty(address) ? "" : " class=\"n\"")); /* a sentence has to wrap */
    if (!span_empty(address))
        page_put(g, "<a class=\"b sm\" href=\"mailto:{}?subject={}&amp;body={}%2Fstatements%2F{}\">{}</a>",
                 P_QUERY(address), P_QUERY(span_str(word_text(m->s.g.language, WORD_WAITS_ANSWER))),
                 P_QUERY(span_str(m->rq->worker->server->instance.public_url)), P_QUERY(ask_text(last, "id")),
                 P_WORD(WORD_MONTH_MAIL));
    else
        page_put(g, "<span class=\"s\">{}</span>", P_WORD(WORD_MONTH_NO_MAIL));
    page_html(g, "</td></tr>\n");
}

static void write_chase(struct month *m)
{
    const json_t *row, *one;
    size_t i, j, n = 0;
    page_put(&m->s.g, "<section class=\"card\">\n<h2>{}</h2>\n<table class=\"fit\"><tbody>\n",
             P_WORD(WORD_MONTH_CHASE));
    json_array_foreach(m->rows, i, row)
        json_array_foreach(json_object_get(json_object_get(row, "last"), "answers"), j,
                           one) if (n < CHASED && span_is(ask_text(one, "verdict"), "none")) n++,
        write_chased(m, row, ask_text(one, "party"));
    page_html(&m->s.g, "</tbody></table>\n");
    if (n == 0)
        page_put(&m->s.g, "<p class=\"s\">{}</p>\n", P_WORD(m->issued > 0 ? WORD_MONTH_NOBODY : WORD_NO_STATEMENT));
    page_html(&m->s.g, "</section>\n");
}

static enum err month_read(struct request *rq, struct reply *reply)
{
    struct month m = {.rq = rq, .p = {{.name = "until"}, {.name = "after"}, {.name = "all"}}};
    enum err err = screen_read(&m.s, rq, m.p, sizeof m.p / sizeof *m.p);
    if (err == ERR_OK)
        err = screen_zone(&m.s, screen_first_zone(rq));
    if (err == ERR_OK)
        err = gather(&m);
    if (err == ERR_OK) {
        screen_open(&m.s, WORD_OP_MONTH, "/month-end", NULL);
        page_put(&m.s.g,
                 "<div class=\"head\"><div><h1>{}</h1><p>{}</p></div><a href=\"/statements\">{}</a></div>\n<form "
                 "class=\"filters\" action=\"/month-end\"><label>{}<input type=\"date\" name=\"until\" "
                 "value=\"{}\"></label><button class=\"b\">{}</button></form>\n",
                 P_WORD(WORD_OP_MONTH), P_WORD(WORD_OP_MONTH_WHAT), P_WORD(WORD_STATEMENTS_TITLE),
                 P_WORD(WORD_MONTH_UNTIL), P_TEXT(m.p[UNTIL].value), P_WORD(WORD_FILTER_SHOW));
        write_reckoned(&m);
        write_progress(&m);
        write_rows(&m);
        write_chase(&m);
        err = screen_reply(&m.s, reply, act_status(rq));
    }
    json_decref(m.sums);
    json_decref(m.answer);
    return err;
}

enum err month_page_get(struct request *rq, struct reply *reply)
{
    return screen_enter(rq, reply, month_read);
}

enum err month_page_post(struct request *rq, struct reply *reply)
{
    return act_post(rq, reply, &issue, 1);
}
