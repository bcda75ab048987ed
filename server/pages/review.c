/* What waits for an advertiser's answer: the soonest due first, many answered at once. */
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/json_read.h"
#include "common/base/json_write.h"
#include "common/base/query.h"
#include "common/base/when.h"
#include "server/api/api.h"
#include "server/pages/act.h"
#include "server/pages/refusal.h"
#include "server/pages/rows.h"
#include "server/postback/postback.h"

enum { SHOWN = 50, FACTS_SHOWN = 6, CAMPAIGN = 0, CONTRACT, AFTER, MORE, DONE, PARAMS };

struct review {
    struct request *rq;
    struct screen s;
    struct param p[PARAMS];
    json_t *due, *undue; /* answers; NULL: not asked */
};

/* ---- answering ---- */

/* Each lead that was ticked, in the order of the form. */
static const struct span *ticked(const struct form *f, size_t *at)
{
    while (*at < f->n) {
        const struct field *one = &f->field[(*at)++];
        if (span_is(one->name, "lead"))
            return &one->value;
    }
    return NULL;
}

static enum err rows_of(struct request *rq, const struct form *f)
{
    const struct span *lead, reason = form_value(f, "reason");
    size_t at = 0;
    struct buf body;
    struct jw w;
    if (ticked(f, &at) == NULL)
        return problem(&rq->problem, ERR_INVALID, "lead", "choose one lead at least, by the box at its line");
    at = 0;
    buf_heap(&body);
    jw_open(&w, &body);
    jw_array(&w);
    while ((lead = ticked(f, &at)) != NULL) {
        jw_object(&w);
        jw_kstr(&w, "lead", *lead);
        if (!span_empty(reason))
            jw_kstr(&w, "reason", reason);
        jw_kstr(&w, "status", form_value(f, "status"));
        jw_object_end(&w);
    }
    jw_array_end(&w);
    jw_close(&w);
    rq->body = arena_copy(rq->arena, buf_span(&body));
    buf_free(&body);
    return ERR_OK;
}

static enum err review_read(struct request *rq, struct reply *reply);

static const struct act answer = {
    .name = "answer", .call = rows_dispositions_handle, .whole = rows_of, .again = review_read, .show = review_read};

/* ---- gathering ---- */

static enum err ask_leads(struct review *v, const char *what, const struct param *after, json_t **out)
{
    struct buf query;
    arena_buf(v->rq->arena, &query, 128 + 3 * (v->p[CAMPAIGN].value.len + v->p[CONTRACT].value.len + after->value.len));
    buf_printf(&query, "%s&status=pending,held&limit=%d", what, SHOWN);
    for (int i = CAMPAIGN; i <= CONTRACT; i++)
        if (!span_empty(v->p[i].value)) {
            buf_printf(&query, "&%s=", v->p[i].name);
            query_encode(&query, v->p[i].value);
        }
    if (!span_empty(after->value)) {
        buf_str(&query, "&after=");
        query_encode(&query, after->value);
    }
    return ask(v->rq, leads_list_all, SPAN(""), buf_span(&query), out);
}

/* Of a page further on in one of the lists that one alone. */
static enum err gather(struct review *v)
{
    enum err err = ERR_OK;
    if (v->rq->caller->role != ROLE_ADVERTISER)
        return problem(&v->rq->problem, ERR_FORBIDDEN, "", "this page is an advertiser's");
    if (span_empty(v->p[MORE].value))
        err = ask_leads(v, "order=due", &v->p[AFTER], &v->due);
    if (err == ERR_OK && span_empty(v->p[AFTER].value))
        err = ask_leads(v, "order=newest&due=never", &v->p[MORE], &v->undue);
    return err;
}

static size_t shown(const json_t *list)
{
    return json_array_size(json_object_get(list, "data"));
}

static bool goes_on(const json_t *list)
{
    return json_object_get(list, "next") != NULL;
}

/* ---- what became of those that were sent ---- */

static void write_not_done(struct review *v, const json_t *row, const struct form *f)
{
    const struct span *lead = NULL;
    size_t at = 0;
    for (int64_t i = ask_int(row, "row"); i >= 0; i--)
        lead = ticked(f, &at);
    if (lead == NULL)
        return;
    page_put(&v->s.g, "<li><a class=\"id\" href=\"/leads/{}\">{}</a> ", P_QUERY(*lead), P_TEXT(*lead));
    refusal_said(&v->s.g, ask_text(row, "field"), ask_text(row, "detail"));
    page_html(&v->s.g, "</li>\n");
}

/* What the call said of each; NULL: nothing was sent, or it was refused as a whole. */
static json_t *outcome(const struct request *rq, int64_t *done, int64_t *not_done)
{
    const struct span said = act_answer(rq, &answer);
    json_t *all = NULL, *row;
    size_t i;
    *done = *not_done = 0;
    if (span_empty(said) || json_read(said, &all, NULL) != ERR_OK)
        return NULL;
    json_array_foreach(json_object_get(all, "data"), i, row)
    {
        bool ok = ask_int(row, "status") == 200;
        *done += ok;
        *not_done += !ok;
    }
    return all;
}

static void write_outcome(struct review *v)
{
    int64_t done, not_done;
    json_t *all = outcome(v->rq, &done, &not_done), *row;
    uint64_t before;
    size_t i;
    if (all == NULL && parse_u64(v->p[DONE].value, &before) == ERR_OK && before <= SHOWN * 2)
        done = (int64_t)before;
    if (done == 0 && not_done == 0)
        return;
    page_put(&v->s.g, "<div class=\"note {}\" role=\"status\"><b>{}</b>", P_HTML(not_done > 0 ? "bad" : "ok"),
             P_SAY(WORD_RV_DONE, P_COUNT(done)));
    if (not_done > 0)
        page_put(&v->s.g, " <b>{}</b><ul>\n", P_SAY(WORD_RV_NOT_DONE, P_COUNT(not_done)));
    json_array_foreach(json_object_get(all, "data"), i, row) if (ask_int(row, "status") != 200)
        write_not_done(v, row, &v->rq->acting->form);
    page_html(&v->s.g, not_done > 0 ? "</ul></div>\n" : "</div>\n");
    json_decref(all);
}

/* Where all of it was done, a page of its own says so: going back to it sends nothing again. */
static bool all_done(struct review *v, struct reply *reply, enum err *err)
{
    int64_t done, not_done;
    struct buf to;
    json_t *all = outcome(v->rq, &done, &not_done);
    json_decref(all);
    if (done == 0 || not_done > 0)
        return false;
    arena_buf(v->rq->arena, &to, 96 + 3 * (v->p[CAMPAIGN].value.len + v->p[CONTRACT].value.len));
    buf_printf(&to, "/review?done=%lld", (long long)done);
    for (int i = CAMPAIGN; i <= CONTRACT; i++)
        if (!span_empty(v->p[i].value)) {
            buf_printf(&to, "&%s=", v->p[i].name);
            query_encode(&to, v->p[i].value);
        }
    *err = screen_go(v->rq, reply, buf_span(&to));
    return true;
}

/* ---- a lead ---- */

static struct span label_of(const struct request *rq, const struct contract *k, struct span code)
{
    struct tracking_code c;
    bool known = code_read(rq->worker->tokens, code, &c) == ERR_OK && c.placement >= 1 && c.placement <= k->n_codes;
    return known ? k->codes[c.placement - 1]->label : SPAN("");
}

static void write_from(struct review *v, const json_t *lead)
{
    const struct contract *k = catalog_contract(v->rq->catalog, ask_text(lead, "contract"));
    struct page *g = &v->s.g;
    page_put(g, "<td data-l=\"{}\"><span>", P_WORD(WORD_RV_FROM));
    if (k != NULL) {
        rows_contract_line(&v->s, k);
        page_put(g, "<span class=\"why\">{}", P_NAME(contract_terms(k, v->rq->arrived_ms)->name));
        if (!span_empty(ask_text(lead, "code")))
            page_put(g, " · {}", P_NAME(label_of(v->rq, k, ask_text(lead, "code"))));
        if (!span_empty(ask_text(lead, "sub1")))
            page_put(g, " · {}", P_NAME(ask_text(lead, "sub1")));
        page_html(g, "</span>");
    }
    page_html(g, "</span></td>");
}

static void write_says(struct review *v, const json_t *lead)
{
    const char *name;
    json_t *value;
    size_t n = 0;
    page_put(&v->s.g, "<td data-l=\"{}\"><span>", P_WORD(WORD_RV_SAYS));
    json_object_foreach(json_object_get(lead, "facts"), name, value)
    {
        const struct span field = span_str(name);
        if (n == FACTS_SHOWN || !json_is_string(value))
            continue;
        page_put(&v->s.g, "{}<span class=\"s\">", P_HTML(n++ > 0 ? "<br>" : ""));
        if (word_of_field(field) != WORDS)
            page_put(&v->s.g, "{}", P_WORD(word_of_field(field)));
        else
            page_put(&v->s.g, "{}", P_NAME(span_starts(field, "f_") ? span_skip(field, 2) : field));
        page_put(&v->s.g, "</span> {}", P_NAME(span_of(json_string_value(value), json_string_length(value))));
    }
    page_html(&v->s.g, "</span></td>");
}

static void write_look(struct review *v, const json_t *lead)
{
    enum { SOON_MS = 15000 };
    struct page *g = &v->s.g;
    const struct span reason = ask_text(lead, "reason");
    int64_t at_ms = ask_time(lead, "at"), click_ms = ask_time(lead, "click_at");
    page_put(g, "<td data-l=\"{}\"><span>", P_WORD(WORD_RV_LOOK));
    if (sentence_of_reason(reason) != WORDS)
        page_put(g, "<span class=\"wait\">{}</span> <code>{}</code><br>", P_WORD(sentence_of_reason(reason)),
                 P_TEXT(reason));
    if (click_ms != 0 && at_ms >= click_ms && at_ms - click_ms < SOON_MS)
        page_put(g, "<span class=\"wait\">{}</span><br>",
                 P_SAY(WORD_RV_SECONDS, P_COUNT((at_ms - click_ms) / MS_PER_S)));
    rows_score(&v->s, lead);
    page_html(g, "</span></td>");
}

static bool was_ticked(const struct review *v, struct span lead)
{
    const struct acting *sent = v->rq->acting;
    const struct span *one;
    size_t at = 0;
    if (sent == NULL || sent->err == ERR_OK)
        return false;
    while ((one = ticked(&sent->form, &at)) != NULL)
        if (span_eq(*one, lead))
            return true;
    return false;
}

static void write_lead(struct review *v, const json_t *lead)
{
    struct page *g = &v->s.g;
    const struct span ref = ask_text(lead, "lead"), end = span_skip(ref, ref.len > 6 ? ref.len - 6 : 0);
    int64_t due_ms = ask_time(lead, "due_at");
    page_put(
        g,
        "<tr><td class=\"pick\"><label><span class=\"vh\">{}</span><input type=\"checkbox\" name=\"lead\" "
        "value=\"{}\"{}></label></td><td><a class=\"id\" href=\"/leads/{}\">…{}</a><span class=\"why nb\">{}</span>",
        P_SAY(WORD_RV_CHOOSE_ONE, P_TEXT(end)), P_TEXT(ref), P_HTML(was_ticked(v, ref) ? " checked" : ""), P_QUERY(ref),
        P_TEXT(end), P_TIME(ask_time(lead, "at")));
    if (!span_empty(ask_text(lead, "txid")))
        page_put(g, "<span class=\"why\">{}</span>", P_NAME(ask_text(lead, "txid")));
    page_html(g, "</td>");
    write_from(v, lead);
    write_says(v, lead);
    write_look(v, lead);
    page_put(g, "<td class=\"n\" data-l=\"{}\">{}</td><td class=\"n\" data-l=\"{}\">", P_WORD(WORD_COL_COSTS),
             P_MICROS(ask_int(lead, "payout_micros"), ask_text(lead, "currency")), P_WORD(WORD_RV_BY));
    if (due_ms != 0)
        page_put(g, "{}", P_TIME(due_ms));
    else
        page_put(g, "<span class=\"s\">{}</span>", P_WORD(WORD_RV_NEVER));
    page_html(g, "</td></tr>\n");
}

/* ---- the page ---- */

static void write_next(struct review *v, const json_t *list, const char *name)
{
    if (!goes_on(list))
        return;
    page_put(&v->s.g,
             "<p class=\"line\"><a class=\"b\" href=\"/review?campaign={}&amp;contract={}&amp;{}={}\">{}</a></p>\n",
             P_QUERY(v->p[CAMPAIGN].value), P_QUERY(v->p[CONTRACT].value), P_TEXT(span_str(name)),
             P_QUERY(ask_text(list, "next")), P_WORD(WORD_RV_OTHER));
}

static void write_list(struct review *v, const json_t *list, enum word title, const char *cursor)
{
    struct page *g = &v->s.g;
    const json_t *lead;
    size_t i;
    if (shown(list) == 0 && !goes_on(list))
        return;
    page_put(g, "<section class=\"{}\">\n<h2>{}</h2>\n", P_HTML("part"), P_WORD(title));
    if (shown(list) == 0)
        page_put(g, "<p class=\"s\">{}</p>\n", P_WORD(WORD_LD_FURTHER));
    else
        page_put(g,
                 "<table class=\"cards\"><thead><tr><th scope=\"col\"><label><span class=\"vh\">{}</span><input "
                 "type=\"checkbox\" "
                 "class=\"all\" hidden></label></th><th "
                 "scope=\"col\">{}</th><th scope=\"col\">{}</th><th scope=\"col\">{}</th><th scope=\"col\">{}</th><th "
                 "scope=\"col\" class=\"n\">{}</th><th scope=\"col\" class=\"n\">{}</th></tr></thead><tbody>\n",
                 P_WORD(WORD_RV_CHOOSE_ALL), P_WORD(WORD_COL_LEAD), P_WORD(WORD_RV_FROM), P_WORD(WORD_RV_SAYS),
                 P_WORD(WORD_RV_LOOK), P_WORD(WORD_COL_COSTS), P_WORD(WORD_RV_BY));
    json_array_foreach(json_object_get(list, "data"), i, lead) write_lead(v, lead);
    page_html(g, shown(list) > 0 ? "</tbody></table>\n" : "");
    write_next(v, list, cursor);
    page_html(g, "</section>\n");
}

/* Offered, not asked for: a reason is the advertiser's own words. */
static void write_reasons(struct review *v)
{
    static const enum word reasons[] = {WORD_RV_WRONG_NUMBER, WORD_RV_NO_ANSWER, WORD_RV_NO_INTEREST,
                                        WORD_RV_OUT_OF_AREA, WORD_RV_CUSTOMER};
    page_html(&v->s.g, "<datalist id=\"reasons\">");
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        page_put(&v->s.g, "<option value=\"{}\"></option>", P_WORD(reasons[i]));
    page_html(&v->s.g, "</datalist>\n");
}

static void write_bulk(struct review *v, const struct act_form *f)
{
    page_put(&v->s.g,
             "<div class=\"bulk\"><label class=\"tick phone\" hidden><input type=\"checkbox\" class=\"all\"> "
             "{}</label><button class=\"b one\" name=\"status\" value=\"approved\" data-key=\"a\">{}</button>\n"
             "<label class=\"vh\" for=\"reason\">{}</label><input id=\"reason\" name=\"reason\" list=\"reasons\" "
             "placeholder=\"{}\" value=\"{}\">\n<button class=\"b no\" name=\"status\" value=\"rejected\" "
             "data-key=\"r\">{}</button>\n<span class=\"s\">{}</span>",
             P_WORD(WORD_RV_CHOOSE_ALL), P_WORD(WORD_APPROVE), P_WORD(WORD_RV_REASON), P_WORD(WORD_RV_REASON),
             P_TEXT(act_value(f, "reason", SPAN(""))), P_WORD(WORD_REJECT), P_WORD(WORD_DECIDE_SAYS));
    page_put(
        &v->s.g,
        "<span class=\"s chosen\" hidden>{} <output></output></span><span class=\"s desk\" hidden>{}</span></div>\n",
        P_WORD(WORD_RV_CHOSEN),
        P_SAY(WORD_RV_KEYS, P_HTML("<kbd>j</kbd> <kbd>k</kbd>"), P_HTML("<kbd>x</kbd>"), P_HTML("<kbd>a</kbd>"),
              P_HTML("<kbd>r</kbd>")));
    write_reasons(v);
}

static void write_leads(struct review *v)
{
    struct act_form f;
    act_open(&f, &v->s, &answer, SPAN(""), "card picks");
    for (int i = CAMPAIGN; i <= CONTRACT; i++)
        if (!span_empty(v->p[i].value))
            act_hidden(&f, v->p[i].name, v->p[i].value);
    write_list(v, v->due, WORD_RV_DUE, "after");
    write_list(v, v->undue, WORD_RV_UNDUE, "more");
    if (shown(v->due) + shown(v->undue) > 0)
        write_bulk(v, &f);
    page_html(&v->s.g, "</form>\n");
}

static void write_filters(struct review *v)
{
    page_html(&v->s.g, "<form class=\"filters\" action=\"/review\">\n");
    rows_campaigns(&v->s, v->p[CAMPAIGN].value);
    rows_contracts(&v->s, v->p[CONTRACT].value);
    page_put(&v->s.g, "<button class=\"b\">{}</button>\n</form>\n", P_WORD(WORD_FILTER_SHOW));
}

static void write_page(struct review *v)
{
    struct page *g = &v->s.g;
    const int64_t n = (int64_t)(shown(v->due) + shown(v->undue));
    const bool more = goes_on(v->due) || goes_on(v->undue) || v->p[AFTER].given || v->p[MORE].given;
    screen_open(&v->s, WORD_NAV_REVIEW, "/review", NULL);
    page_html(g, "<div class=\"head\"><div><h1>");
    if (n == 0 && !more)
        page_put(g, "{}", P_WORD(WORD_RV_NONE));
    else if (v->p[AFTER].given || v->p[MORE].given)
        page_put(g, "{}", P_WORD(WORD_REVIEW_WAITS));
    else
        page_put(g, "{}", P_SAY(more ? WORD_RV_TITLE_MORE : WORD_RV_TITLE, P_COUNT(n)));
    page_html(g, "</h1>");
    if (shown(v->due) > 0 || (n == 0 && !more)) /* what has no day waits for good */
        page_put(g, "<p>{}</p>", P_WORD(n == 0 ? WORD_RV_NONE_WHAT : WORD_RV_WHAT));
    page_put(g, "</div><div class=\"line\"><a class=\"b\" href=\"/answers\">{}</a></div></div>\n",
             P_WORD(WORD_RV_UPLOAD));
    write_outcome(v);
    write_filters(v);
    if (v->p[AFTER].given || v->p[MORE].given)
        page_put(g, "<p class=\"line\"><a href=\"/review\">{}</a></p>\n", P_WORD(WORD_RV_FIRST));
    if (n > 0 || more)
        write_leads(v);
}

static enum err review_read(struct request *rq, struct reply *reply)
{
    struct review v = {
        .rq = rq,
        .p = {{.name = "campaign"}, {.name = "contract"}, {.name = "after"}, {.name = "more"}, {.name = "done"}}};
    enum err err = screen_read(&v.s, rq, v.p, PARAMS);
    for (int i = CAMPAIGN; i <= CONTRACT && rq->acting != NULL; i++) /* what was looked at when it was sent */
        v.p[i].value = form_value(&rq->acting->form, v.p[i].name);
    if (err == ERR_OK && all_done(&v, reply, &err))
        return err;
    if (err == ERR_OK)
        err = gather(&v);
    if (err == ERR_OK)
        err = screen_zone(&v.s, screen_first_zone(rq));
    if (err == ERR_OK) {
        write_page(&v);
        err = screen_reply(&v.s, reply, act_status(rq));
    }
    json_decref(v.due);
    json_decref(v.undue);
    return err;
}

enum err review_page_get(struct request *rq, struct reply *reply)
{
    return screen_enter(rq, reply, review_read);
}

enum err review_page_post(struct request *rq, struct reply *reply)
{
    return act_post(rq, reply, &answer, 1);
}
