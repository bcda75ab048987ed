/* Money by where it stands, of a publisher or an advertiser: earned, waiting, on statements, disputed. */
#include "server/api/api.h"
#include "server/pages/pages_private.h"
#include "server/pages/rows.h"
#include "server/postback/postback.h"
#include "server/settlement/settlement.h"

enum { LEADS_MOST = 200, STATEMENTS_MOST = 50 };

/* Of each currency a sum of its own. */
static void add(json_t *sums, struct span currency, int64_t micros)
{
    const json_t *was = json_object_getn(sums, currency.ptr, currency.len);
    json_object_setn_new(sums, currency.ptr, currency.len, json_integer(json_integer_value(was) + micros));
}

static enum err take_leads(struct request *rq, struct money_part *out)
{
    json_t *answer = NULL, *one;
    char query[64];
    size_t i;
    snprintf(query, sizeof query, "order=newest&status=pending,held&limit=%d", LEADS_MOST);
    enum err err = ask(rq, leads_list_all, SPAN(""), span_str(query), &answer);
    json_array_foreach(json_object_get(answer, "data"), i, one)
        add(out->sums, ask_text(one, "currency"), ask_int(one, "payout_micros"));
    out->n += (int64_t)json_array_size(json_object_get(answer, "data"));
    out->more |= json_object_get(answer, "next") != NULL;
    json_decref(answer);
    return err;
}

static bool is_disputed(const json_t *statement)
{
    const json_t *one;
    size_t i;
    json_array_foreach(json_object_get(statement, "answers"), i,
                       one) if (span_is(ask_text(one, "verdict"), "dispute")) return true;
    return false;
}

/* What somebody has disputed, or, else, not answered: each stands in one place. */
static void take_statements(const json_t *answer, bool disputed, struct money_part *out)
{
    const json_t *one;
    size_t i;
    json_array_foreach(json_object_get(answer, "data"), i, one)
    {
        if (is_disputed(one) != disputed)
            continue;
        out->n++;
        add(out->sums, ask_text(one, "currency"), rows_micros(one, "to_pay_minor"));
    }
    out->more |= json_object_get(answer, "next") != NULL;
}

static enum err take_disputed(struct request *rq, struct money_part *out)
{
    json_t *answer = NULL;
    char query[64];
    snprintf(query, sizeof query, "verdict=dispute&limit=%d", STATEMENTS_MOST);
    enum err err = ask(rq, statements_list, SPAN(""), span_str(query), &answer);
    if (err == ERR_OK)
        take_statements(answer, true, out);
    json_decref(answer);
    return err;
}

enum err money_gather(struct request *rq, const json_t *waiting, struct money *m)
{
    m->waiting.sums = json_object();
    m->unanswered.sums = json_object();
    m->disputed.sums = json_object();
    take_statements(waiting, false, &m->unanswered);
    enum err err = take_leads(rq, &m->waiting);
    return err == ERR_OK ? take_disputed(rq, &m->disputed) : err;
}

void money_close(struct money *m)
{
    json_decref(m->waiting.sums);
    json_decref(m->unanswered.sums);
    json_decref(m->disputed.sums);
}

/* What is not all of it is no sum: "or more" stands beside. */
static void write_part(struct screen *s, enum word what, const struct money_part *part, const char *to, enum word of)
{
    struct page *g = &s->g;
    const char *currency;
    json_t *sum;
    bool first = true;
    page_put(g, "<div><dt>{}</dt><dd>", P_WORD(what));
    json_object_foreach(part->sums, currency, sum)
    {
        page_put(g, "{}<a href=\"{}\">{}</a>", P_HTML(first ? "" : "<br>"), P_HTML(to),
                 P_MICROS(json_integer_value(sum), span_str(currency)));
        first = false;
    }
    page_html(g, first ? "–" : "");
    page_put(g, " <small>{}{}</small></dd></div>\n", P_SAY(of, P_COUNT(part->n)), P_HTML(part->more ? "+" : ""));
}

void money_write(struct screen *s, const struct money *m, const json_t *month)
{
    struct page *g = &s->g;
    const json_t *totals = json_object_get(month, "totals"), *one;
    const bool publisher = s->frame.seat == SEAT_PUBLISHER;
    size_t i;
    page_put(g, "<dl class=\"kpis\" data-live=\"money\" aria-label=\"{}\">\n<div><dt>{} · {}</dt><dd>",
             P_WORD(WORD_MONEY), P_WORD(publisher ? WORD_MONEY_EARNED : WORD_REP_COSTS), P_WORD(WORD_DAYS_30));
    page_html(g, json_array_size(totals) == 0 ? "–" : "");
    json_array_foreach(totals, i, one) page_put(g, "{}<a href=\"/reports\">{}</a>", P_HTML(i > 0 ? "<br>" : ""),
                                                P_MICROS(ask_int(one, "payout_micros"), ask_text(one, "currency")));
    page_html(g, "</dd></div>\n");
    write_part(s, publisher ? WORD_MONEY_WAITS : WORD_MONEY_WAITS_YOU, &m->waiting,
               publisher ? "/leads?status=pending,held" : "/review", WORD_MONEY_LEADS);
    write_part(s, WORD_MONEY_STATED, &m->unanswered, "/statements", WORD_MONEY_STATEMENTS);
    write_part(s, WORD_MONEY_DISPUTED, &m->disputed, "/statements", WORD_MONEY_STATEMENTS);
    page_html(g, "</dl>\n");
}
