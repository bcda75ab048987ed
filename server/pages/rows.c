#include "server/pages/rows.h"

#include "common/base/money.h"
#include "common/base/query.h"
#include "server/api/api.h"

enum { LISTED = 200, OF_PAGE = 50, ID_SHOWN = 4 };

/* ---- lists ---- */

enum err rows_asked(struct request *rq, asked *of, const struct param *p, size_t n, json_t **out)
{
    struct buf query;
    size_t room = 32;
    for (size_t i = 0; i < n; i++)
        room += strlen(p[i].name) + 2 + 3 * p[i].value.len;
    arena_buf(rq->arena, &query, room);
    buf_printf(&query, "limit=%d", OF_PAGE);
    for (size_t i = 0; i < n; i++) {
        if (span_empty(p[i].value))
            continue;
        buf_printf(&query, "&%s=", p[i].name);
        query_encode(&query, p[i].value);
    }
    return ask(rq, of, SPAN(""), buf_span(&query), out);
}

enum err rows_listed(struct screen *s, struct request *rq, asked *of, struct param *p, size_t n, json_t **out)
{
    enum err err = screen_read(s, rq, p, n);
    if (err == ERR_OK)
        err = screen_zone(s, screen_first_zone(rq));
    return err == ERR_OK ? rows_asked(rq, of, p, n, out) : err;
}

static void write_param(struct page *g, const char *name, struct span value)
{
    page_put(g, "{}={}&amp;", P_HTML(name), P_QUERY(value));
}

void rows_next(struct screen *s, const char *address, const struct param *p, size_t n, const json_t *answer,
               enum word word)
{
    const struct span next = ask_text(answer, "next");
    if (span_empty(next))
        return;
    page_put(&s->g, "<p class=\"line\"><a class=\"b\" href=\"{}?", P_HTML(address));
    for (size_t i = 0; i < n; i++)
        if (strcmp(p[i].name, "after") != 0 && !span_empty(p[i].value))
            write_param(&s->g, p[i].name, p[i].value);
    page_put(&s->g, "after={}\">{}</a></p>\n", P_QUERY(next), P_WORD(word));
}

/* ---- contracts ---- */

static struct span publisher_name(struct screen *s, const struct contract *k)
{
    return k->publisher != NULL ? catalog_who(s->rq->catalog, k->publisher)->name
                                : span_str(word_text(s->g.language, WORD_DIRECT));
}

void rows_between(struct screen *s, const struct contract *k)
{
    const struct span campaign = contract_terms(k, s->rq->arrived_ms)->name;
    page_put(&s->g, "<th scope=\"row\">{}<span class=\"why\">", P_NAME(campaign));
    rows_contract_line(s, k);
    page_html(&s->g, "</span></th>");
}

void rows_contract_line(struct screen *s, const struct contract *k)
{
    const struct span advertiser = catalog_who(s->rq->catalog, k->campaign->advertiser)->name;
    switch (s->frame.seat) {
    case SEAT_PUBLISHER:
        page_put(&s->g, "{}", P_NAME(advertiser));
        return;
    case SEAT_ADVERTISER:
        page_put(&s->g, "{}", P_NAME(publisher_name(s, k)));
        return;
    default:
        page_put(&s->g, "{} · {}", P_NAME(advertiser), P_NAME(publisher_name(s, k)));
        return;
    }
}

/* ---- leads ---- */

/* What was said last, or by which rule it stands where it does. */
static void write_why(struct screen *s, const json_t *lead)
{
    const struct span note = ask_text(lead, "note"), reason = ask_text(lead, "reason");
    enum word why = sentence_of_reason(reason);
    int64_t changed_ms = ask_time(lead, "updated_at");
    if (changed_ms != 0 && !span_empty(note))
        page_put(&s->g, "{}", P_SAY(WORD_WHY_SAID, P_DAY(changed_ms), P_NAME(note)));
    else if (changed_ms != 0)
        page_put(&s->g, "{}", P_SAY(WORD_WHY_CHANGED, P_DAY(changed_ms)));
    else if (why != WORDS)
        page_put(&s->g, "{} <code>{}</code>", P_WORD(why), P_TEXT(reason));
    else
        page_put(&s->g, "{}", P_WORD(span_is(ask_text(lead, "status"), "pending") ? WORD_WHY_WAITS : WORD_WHY_OK));
}

void rows_state(struct screen *s, const json_t *lead)
{
    const struct span status = ask_text(lead, "status");
    enum word word = word_of_status(status);
    page_put(&s->g, "<span class=\"st {}\">", P_TEXT(status));
    if (word != WORDS)
        page_put(&s->g, "{}", P_WORD(word));
    page_html(&s->g, "</span><span class=\"why\">");
    write_why(s, lead);
    page_html(&s->g, "</span>");
}

/* The parts of a score by which it is as it is: those that helped, or those that hurt. */
static void write_score_why(struct screen *s, const json_t *why, char sign, enum word word)
{
    json_t *part;
    size_t i, n = 0;
    json_array_foreach(why, i, part)
    {
        const char *text = json_string_value(part);
        if (text == NULL || text[0] != sign)
            continue;
        if (n++ == 0)
            page_put(&s->g, "<br>{}", P_WORD(word));
        page_put(&s->g, "{}<code>{}</code>", P_HTML(n > 1 ? ", " : ""), P_TEXT(span_str(text + 1)));
    }
}

void rows_score(struct screen *s, const json_t *lead)
{
    const json_t *why = json_object_get(lead, "score_why");
    if (json_object_get(lead, "score") == NULL)
        return;
    page_put(&s->g, "<span class=\"why\">{}", P_SAY(WORD_RV_SCORE, P_COUNT(ask_int(lead, "score"))));
    write_score_why(s, why, '+', WORD_RV_HELPED);
    write_score_why(s, why, '-', WORD_RV_HURT);
    page_html(&s->g, "</span>");
}

static void write_money(struct screen *s, const json_t *lead, enum word label)
{
    int64_t micros = ask_int(lead, "payout_micros");
    page_put(&s->g, "<td class=\"n\" data-l=\"{}\">", P_WORD(label));
    if (micros == 0)
        page_html(&s->g, "–</td></tr>\n");
    else
        page_put(&s->g, "{}</td></tr>\n", P_MICROS(micros, ask_text(lead, "currency")));
}

/* An id is whole where it is copied, and elsewhere begins and ends as it does. */
static void write_ref(struct screen *s, struct span ref)
{
    bool cut = ref.len > 2 * ID_SHOWN + 1;
    page_put(&s->g, "<a class=\"id\" href=\"/leads/{}\">{}{}{}</a>", P_QUERY(ref),
             P_TEXT(span_of(ref.ptr, cut ? ID_SHOWN : ref.len)), P_HTML(cut ? "…" : ""),
             P_TEXT(span_skip(ref, cut ? ref.len - ID_SHOWN : ref.len)));
}

static void write_lead(struct screen *s, const json_t *lead, enum word money)
{
    const struct contract *k = catalog_contract(s->rq->catalog, ask_text(lead, "contract"));
    page_put(&s->g, "<tr><td class=\"nb\" data-l=\"{}\">{}</td><td data-l=\"{}\">", P_WORD(WORD_LINE_RECEIVED),
             P_TIME(ask_time(lead, "at")), P_WORD(WORD_COL_LEAD));
    write_ref(s, ask_text(lead, "lead"));
    page_put(&s->g, "</td><td class=\"tx\" data-l=\"{}\">{}</td><td data-l=\"{}\"><span>", P_WORD(WORD_COL_TXID),
             P_NAME(ask_text(lead, "txid")), P_WORD(WORD_CONTRACT));
    if (k != NULL) {
        page_put(&s->g, "{}<span class=\"why\">", P_NAME(contract_terms(k, s->rq->arrived_ms)->name));
        rows_contract_line(s, k);
        page_html(&s->g, "</span>");
    }
    page_html(&s->g, "</span></td><td class=\"hd\">");
    rows_state(s, lead);
    rows_score(s, lead);
    page_html(&s->g, "</td>");
    write_money(s, lead, money);
}

void rows_leads(struct screen *s, const json_t *leads)
{
    enum word money = s->frame.seat == SEAT_PUBLISHER ? WORD_COL_EARNS : WORD_COL_COSTS;
    const json_t *lead;
    size_t i;
    page_put(&s->g,
             "<table class=\"cards\"><thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th><th "
             "scope=\"col\">{}</th><th scope=\"col\">{}</th><th scope=\"col\">{}</th><th scope=\"col\" "
             "class=\"n\">{}</th></tr></thead><tbody>\n",
             P_WORD(WORD_LINE_RECEIVED), P_WORD(WORD_COL_LEAD), P_WORD(WORD_COL_TXID), P_WORD(WORD_CONTRACT),
             P_WORD(WORD_COL_STATE), P_WORD(money));
    json_array_foreach(leads, i, lead) write_lead(s, lead, money);
    page_html(&s->g, "</tbody></table>\n");
}

enum err rows_newest(struct request *rq, size_t most, json_t **out)
{
    char query[48];
    json_t *answer = NULL;
    snprintf(query, sizeof query, "order=newest&limit=%zu", most);
    enum err err = ask(rq, leads_list_all, SPAN(""), span_str(query), &answer);
    if (err == ERR_OK)
        *out = json_incref(json_object_get(answer, "data"));
    json_decref(answer);
    return err;
}

/* ---- filters ---- */

void rows_contracts(struct screen *s, struct span chosen)
{
    const struct contract_list all = catalog_reads(s->rq->catalog, s->rq->caller);
    struct page *g = &s->g;
    page_put(g, "<label>{}<select name=\"contract\"><option value=\"\">{}</option>\n", P_WORD(WORD_CONTRACT),
             P_WORD(WORD_FILTER_ALL));
    for (size_t i = 0; i < all.n; i++) {
        const struct contract *k = catalog_listed(s->rq->catalog, &all, i);
        const bool is = span_is(chosen, k->id);
        if (i >= LISTED && !is) /* who chose it sees it chosen */
            continue;
        page_put(g, "<option value=\"{}\"{}>{} · ", P_TEXT(span_str(k->id)), P_HTML(is ? " selected" : ""),
                 P_TEXT(contract_terms(k, s->rq->arrived_ms)->name));
        if (s->frame.seat != SEAT_ADVERTISER)
            page_put(g, "{}{}", P_TEXT(catalog_who(s->rq->catalog, k->campaign->advertiser)->name),
                     P_HTML(s->frame.seat == SEAT_PUBLISHER ? "" : " · "));
        if (s->frame.seat != SEAT_PUBLISHER)
            page_put(g, "{}", P_TEXT(publisher_name(s, k)));
        page_html(g, "</option>\n");
    }
    page_html(g, "</select></label>\n");
}

void rows_campaigns(struct screen *s, struct span chosen)
{
    const struct contract_list all = catalog_reads(s->rq->catalog, s->rq->caller);
    bool *met = arena_alloc(s->rq->arena, s->rq->catalog->n_campaigns + 1); /* its contracts need not stand together */
    struct page *g = &s->g;
    size_t n = 0;
    memset(met, 0, s->rq->catalog->n_campaigns + 1);
    page_put(g, "<label>{}<select name=\"campaign\"><option value=\"\">{}</option>\n", P_WORD(WORD_CAMPAIGN),
             P_WORD(WORD_FILTER_ALL));
    for (size_t i = 0; i < all.n; i++) {
        const struct contract *k = catalog_listed(s->rq->catalog, &all, i);
        const bool is = span_is(chosen, k->campaign->id);
        if (met[k->campaign->number] || (n >= LISTED && !is)) /* who chose it sees it chosen */
            continue;
        met[k->campaign->number] = true;
        n++;
        page_put(g, "<option value=\"{}\"{}>{}{}{}</option>\n", P_TEXT(span_str(k->campaign->id)),
                 P_HTML(is ? " selected" : ""), P_TEXT(contract_terms(k, s->rq->arrived_ms)->name),
                 P_HTML(s->frame.seat == SEAT_ADVERTISER ? "" : " · "),
                 P_TEXT(s->frame.seat == SEAT_ADVERTISER ? SPAN("")
                                                         : catalog_who(s->rq->catalog, k->campaign->advertiser)->name));
    }
    page_html(g, "</select></label>\n");
}

/* ---- statements ---- */

void rows_signatures(struct screen *s, const json_t *statement)
{
    const json_t *answers = json_object_get(statement, "answers"), *one;
    int64_t signed_by = 1; /* the operator */
    size_t i;
    page_html(&s->g, "<span class=\"sigs\" aria-hidden=\"true\"><i></i>");
    json_array_foreach(answers, i, one)
    {
        const struct span verdict = ask_text(one, "verdict");
        bool waits = span_is(verdict, "none"), disputes = span_is(verdict, "dispute");
        signed_by += !waits && !disputes;
        page_put(&s->g, "<i{}></i>", P_HTML(waits ? " class=\"w\"" : disputes ? " class=\"d\"" : ""));
    }
    page_put(&s->g, "</span><span class=\"s\">{}</span>",
             P_SAY(WORD_HAVE_SIGNED, P_COUNT(signed_by), P_COUNT(1 + (int64_t)json_array_size(answers))));
}

bool rows_asks(const struct screen *s, const json_t *statement)
{
    const char *role = s->frame.seat == SEAT_PUBLISHER    ? "publisher"
                       : s->frame.seat == SEAT_ADVERTISER ? "advertiser"
                                                          : NULL;
    const json_t *one;
    size_t i;
    json_array_foreach(json_object_get(statement, "answers"), i,
                       one) if (role != NULL && span_is(ask_text(one, "role"), role) &&
                                span_is(ask_text(one, "verdict"), "none")) return true;
    return false;
}

int64_t rows_micros(const json_t *statement, const char *minor)
{
    int exponent = currency_exponent(ask_text(statement, "currency"));
    return ask_int(statement, minor) * micros_per_minor(exponent > 0 ? exponent : 0);
}

static void write_statement(struct screen *s, const json_t *one)
{
    const struct contract *k = catalog_contract(s->rq->catalog, ask_text(one, "contract"));
    page_html(&s->g, "<tr>");
    if (k != NULL)
        rows_between(s, k);
    page_put(&s->g,
             "<td data-l=\"{}\"><a href=\"/statements/{}\">{}</a></td><td class=\"nb\" data-l=\"{}\">{}</td><td "
             "class=\"n\" data-l=\"{}\">{}</td><td data-l=\"{}\"><span>",
             P_WORD(WORD_COL_STATEMENT), P_QUERY(ask_text(one, "id")),
             P_SAY(WORD_NUMBER, P_INDEX(ask_int(one, "number"))), P_WORD(WORD_ISSUED),
             P_DAY(ask_time(one, "issued_at")), P_WORD(WORD_MONEY),
             P_MICROS(rows_micros(one, "to_pay_minor"), ask_text(one, "currency")), P_WORD(WORD_COL_ANSWERS));
    rows_signatures(s, one);
    if (rows_asks(s, one))
        page_put(&s->g, " <a href=\"/statements/{}/answer\">{}</a>", P_QUERY(ask_text(one, "id")),
                 P_WORD(WORD_SG_ANSWER));
    page_html(&s->g, "</span></td></tr>\n");
}

void rows_statements(struct screen *s, const json_t *statements)
{
    const json_t *one;
    size_t i;
    page_put(&s->g,
             "<table class=\"cards\"><thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th><th "
             "scope=\"col\">{}</th><th scope=\"col\" class=\"n\">{}</th><th "
             "scope=\"col\">{}</th></tr></thead><tbody>\n",
             P_WORD(WORD_CONTRACT), P_WORD(WORD_COL_STATEMENT), P_WORD(WORD_ISSUED), P_WORD(WORD_MONEY),
             P_WORD(WORD_COL_ANSWERS));
    json_array_foreach(statements, i, one) write_statement(s, one);
    page_html(&s->g, "</tbody></table>\n");
}
