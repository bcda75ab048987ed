/* Rows that a party pastes: an advertiser's answers to leads, and anybody's own, held against the log. */
#include "common/base/json_read.h"
#include "common/base/query.h"
#include "server/api/api.h"
#include "server/pages/act.h"
#include "server/pages/refusal.h"
#include "server/pages/rows.h"
#include "server/postback/postback.h"
#include "server/settlement/settlement.h"

enum { SHOWN = 200 };

static void write_area(struct screen *s, struct act_form *f, const char *name)
{
    act_area(f, name, WORD_AN_CSV, WORDS, SPAN(""), "rows=\"10\" spellcheck=\"false\" required");
    page_put(&s->g,
             "<p class=\"f\" hidden><label for=\"file\">{}</label> <input type=\"file\" id=\"file\" "
             "accept=\".csv,text/csv\" "
             "data-into=\"{}-{}\"></p>\n",
             P_WORD(WORD_AN_FILE), P_TEXT(span_str(f->a->name)), P_TEXT(span_str(name)));
}

static void write_head(struct screen *s, enum word title, enum word what, enum word large, const char *here)
{
    s->frame.most = form_most(s->rq, s->rq->path);
    s->frame.large = large;
    screen_open(s, title, here, NULL);
    page_put(&s->g, "<div class=\"head\"><div><h1>{}</h1><p>{}</p></div></div>\n", P_WORD(title), P_WORD(what));
}

static enum err begin(struct screen *s, struct request *rq)
{
    enum err err = screen_read(s, rq, NULL, 0);
    return err == ERR_OK ? screen_zone(s, screen_first_zone(rq)) : err;
}

/* ---- answers ---- */

static enum err answers_read(struct request *rq, struct reply *reply);

static enum err answers_whole(struct request *rq, const struct form *f)
{
    const struct span campaign = form_value(f, "campaign");
    struct buf query;
    rq->body = form_value(f, "csv");
    rq->content_type = SPAN("text/csv");
    if (span_empty(campaign))
        return ERR_OK;
    arena_buf(rq->arena, &query, 16 + 3 * campaign.len);
    buf_str(&query, "campaign=");
    query_encode(&query, campaign);
    rq->query = buf_span(&query);
    return ERR_OK;
}

static const struct act answers = {.name = "answers",
                                   .call = rows_dispositions_handle,
                                   .whole = answers_whole,
                                   .again = answers_read,
                                   .show = answers_read};

static void write_refused(struct page *g, const json_t *row)
{
    page_html(g, "<span class=\"err\">");
    refusal_said(g, ask_text(row, "field"), ask_text(row, "detail"));
    page_html(g, "</span></td></tr>\n");
}

static void write_said(struct screen *s, const json_t *rows)
{
    struct page *g = &s->g;
    const json_t *row;
    int64_t done = 0, all = (int64_t)json_array_size(rows);
    size_t i, n = 0;
    json_array_foreach(rows, i, row) done += ask_int(row, "status") == 200;
    page_put(g, "<section class=\"card\" role=\"status\">\n<h2>{} {}</h2>\n", P_SAY(WORD_RV_DONE, P_COUNT(done)),
             P_SAY(WORD_RV_NOT_DONE, P_COUNT(all - done)));
    page_put(g,
             "<table class=\"cards\"><thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th><th "
             "scope=\"col\">{}</th></tr></thead><tbody>\n",
             P_WORD(WORD_AN_ROW), P_WORD(WORD_COL_LEAD), P_WORD(WORD_AN_SAID));
    for (int ok = 0; ok < 2; ok++) /* what needs a look first */
        json_array_foreach(rows, i, row)
        {
            const struct span lead = ask_text(row, "lead");
            if ((ask_int(row, "status") == 200) != ok || n++ >= SHOWN)
                continue;
            page_put(
                g, "<tr><td data-l=\"{}\">{}</td><td data-l=\"{}\"><a class=\"id\" href=\"/leads/{}\">{}</a></td><td>",
                P_WORD(WORD_AN_ROW), P_COUNT(ask_int(row, "row") + 1), P_WORD(WORD_COL_LEAD), P_QUERY(lead),
                P_TEXT(lead));
            if (ok)
                page_put(g, "<span class=\"ok\">{}</span></td></tr>\n", P_TEXT(ask_text(row, "decision")));
            else
                write_refused(g, row);
        }
    page_html(g, "</tbody></table>\n</section>\n");
}

static void write_campaigns(struct screen *s, struct act_form *f)
{
    struct act_option options[SHOWN + 1] = {{SPAN(""), span_str(word_text(s->g.language, WORD_AN_AS_OURS))}};
    size_t n = 1;
    for (uint32_t i = 1; i <= s->rq->catalog->n_campaigns && n <= SHOWN; i++) {
        const struct campaign *c = catalog_campaign_number(s->rq->catalog, i);
        if (c->advertiser == s->rq->caller->who && !span_empty(c->crm))
            options[n++] = (struct act_option){
                span_str(c->id),
                contract_terms(catalog_contract_number(s->rq->catalog, c->direct), s->rq->arrived_ms)->name};
    }
    act_choice(f, "campaign", WORD_AN_AS, WORDS, SPAN(""), options, n);
}

static enum err answers_read(struct request *rq, struct reply *reply)
{
    struct screen s;
    struct act_form f;
    json_t *said = NULL;
    enum err err = begin(&s, rq);
    if (err == ERR_OK && rq->caller->role != ROLE_ADVERTISER)
        err = problem(&rq->problem, ERR_FORBIDDEN, "", "this page is an advertiser's");
    if (err == ERR_OK && !span_empty(act_answer(rq, &answers)))
        err = json_read(act_answer(rq, &answers), &said, NULL) == ERR_OK ? ERR_OK : ERR_INTERNAL;
    if (err != ERR_OK)
        return err;
    write_head(&s, WORD_AN_TITLE, WORD_AN_WHAT, WORD_FORM_LARGE, "/review");
    if (said != NULL)
        write_said(&s, json_object_get(said, "data"));
    act_open(&f, &s, &answers, SPAN(""), "card");
    write_campaigns(&s, &f);
    write_area(&s, &f, "csv");
    act_close(&f, WORD_AN_SEND, "one");
    json_decref(said);
    return screen_reply(&s, reply, act_status(rq));
}

enum err answers_page_get(struct request *rq, struct reply *reply)
{
    return screen_enter(rq, reply, answers_read);
}

enum err answers_page_post(struct request *rq, struct reply *reply)
{
    return act_post(rq, reply, &answers, 1);
}

/* ---- reconciling ---- */

static enum err reconcile_read(struct request *rq, struct reply *reply);

static enum err reconcile_whole(struct request *rq, const struct form *f)
{
    static const char *const more[] = {"map", "from", "to"};
    struct buf query;
    size_t len = 64;
    for (size_t i = 0; i < sizeof more / sizeof *more; i++)
        len += 3 * form_value(f, more[i]).len;
    arena_buf(rq->arena, &query, len);
    buf_str(&query, span_is(form_value(f, "do"), "csv") ? "format=csv" : "format=json");
    for (size_t i = 0; i < sizeof more / sizeof *more; i++) {
        if (span_empty(form_value(f, more[i])))
            continue;
        buf_printf(&query, "&%s=", more[i]);
        query_encode(&query, form_value(f, more[i]));
    }
    rq->query = buf_span(&query);
    rq->body = form_value(f, "csv");
    rq->content_type = SPAN("text/csv");
    return ERR_OK;
}

/* What differs as a table: the call's own answer. */
static enum err table_show(struct request *rq, struct reply *reply)
{
    reply->content_type = SPAN("text/csv; charset=utf-8");
    reply->body = rq->acting->answer;
    reply_header(reply, "Cache-Control", SPAN("no-store"));
    reply_header(reply, "Content-Disposition", SPAN("attachment; filename=\"differences.csv\""));
    reply_header(reply, "X-Content-Type-Options", SPAN("nosniff"));
    return ERR_OK;
}

static enum err compared_show(struct request *rq, struct reply *reply)
{
    bool as_table = span_is(form_value(&rq->acting->form, "do"), "csv");
    return as_table ? table_show(rq, reply) : reconcile_read(rq, reply);
}

static const struct act compare = {.name = "compare",
                                   .call = reconcile_create,
                                   .in = {"contract"},
                                   .whole = reconcile_whole,
                                   .again = reconcile_read,
                                   .show = compared_show};

static void write_counts(struct screen *s, const json_t *counts)
{
    static const struct {
        const char *name;
        enum word word;
    } all[] = {{"rows", WORD_RC_ROWS},
               {"matched", WORD_RC_MATCHED},
               {"differing", WORD_RC_DIFFERING},
               {"missing_here", WORD_RC_MISSING_HERE},
               {"missing_there", WORD_RC_MISSING_THERE},
               {"outside", WORD_RC_OUTSIDE}};
    page_html(&s->g, "<dl class=\"kv l\">\n");
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        page_put(&s->g, "<dt>{}</dt><dd>{}</dd>\n", P_WORD(all[i].word), P_COUNT(ask_int(counts, all[i].name)));
    page_html(&s->g, "</dl>\n");
}

static void write_money(struct page *g, const json_t *side, struct span currency)
{
    const struct span status = ask_text(side, "status");
    if (json_object_get(side, "micros") != NULL)
        page_put(g, "{} ", P_MICROS(ask_int(side, "micros"), currency));
    page_html(g, "<span class=\"s\">");
    refusal_word(g, status);
    page_html(g, "</span>");
}

static void write_item(struct screen *s, const json_t *one, struct span currency)
{
    struct page *g = &s->g;
    const struct span class = ask_text(one, "class"), txid = ask_text(one, "txid"), lead = ask_text(one, "lead");
    page_put(g, "<tr><th scope=\"row\">{}<span class=\"why\">{}</span></th><td data-l=\"{}\"><span>",
             P_NAME(span_empty(txid) ? lead : txid),
             P_WORD(span_is(class, "differing")      ? WORD_RC_DIFFERING
                    : span_is(class, "missing_here") ? WORD_RC_MISSING_HERE
                                                     : WORD_RC_MISSING_THERE),
             P_WORD(WORD_RC_YOURS));
    write_money(g, json_object_get(one, "own"), currency);
    page_put(g, "</span></td><td data-l=\"{}\"><span>", P_WORD(WORD_RC_LOG));
    write_money(g, json_object_get(one, "log"), currency);
    page_put(g, "</span></td><td data-l=\"{}\"><span>", P_WORD(WORD_RC_WHY));
    refusal_detail(g, ask_text(one, "explained"));
    page_put(g, " <code>{}</code></span></td></tr>\n", P_TEXT(ask_text(one, "reason")));
}

/* The answer has `n` items, and others that it counts alone. */
static void write_not_shown(struct page *g, int64_t n, int64_t left_out)
{
    if (left_out > 0)
        page_put(g, "<p class=\"s\">{}</p>\n", P_SAY(WORD_RC_MOST, P_COUNT(SHOWN), P_COUNT(n + left_out), P_COUNT(n)));
    else if (n > SHOWN)
        page_put(g, "<p class=\"s\">{}</p>\n", P_SAY(WORD_RC_MORE, P_COUNT(SHOWN)));
}

static void write_compared(struct screen *s, const json_t *said)
{
    struct page *g = &s->g;
    const json_t *items = json_object_get(said, "items"), *one;
    size_t i;
    page_put(g, "<section class=\"card\" role=\"status\">\n<h2>{}</h2>\n", P_WORD(WORD_RC_TITLE));
    write_counts(s, json_object_get(said, "counts"));
    if (json_array_size(items) == 0)
        page_put(g, "<p class=\"ok\">{}</p>\n", P_WORD(WORD_RC_ALL_MATCH));
    else
        page_put(g,
                 "<table class=\"cards\"><thead><tr><th scope=\"col\">{}</th><th scope=\"col\">{}</th><th "
                 "scope=\"col\">{}</th><th scope=\"col\">{}</th></tr></thead><tbody>\n",
                 P_WORD(WORD_COL_LEAD), P_WORD(WORD_RC_YOURS), P_WORD(WORD_RC_LOG), P_WORD(WORD_RC_WHY));
    json_array_foreach(items, i, one) if (i < SHOWN) write_item(s, one, ask_text(said, "currency"));
    page_html(g, json_array_size(items) > 0 ? "</tbody></table>\n" : "");
    write_not_shown(g, (int64_t)json_array_size(items), ask_int(said, "items_left_out"));
    page_html(g, "</section>\n");
}

static void write_contract_choice(struct screen *s, struct act_form *f)
{
    const struct contract_list all = catalog_reads(s->rq->catalog, s->rq->caller);
    act_field_open(f, "contract", WORD_CONTRACT);
    page_html(&s->g, "<select");
    act_field_marks(f, "contract", WORDS);
    page_html(&s->g, ">");
    for (size_t i = 0; i < all.n; i++) {
        const struct contract *k = catalog_listed(s->rq->catalog, &all, i);
        page_put(&s->g, "<option value=\"{}\"{}>{} · {}</option>\n", P_TEXT(span_str(k->id)),
                 P_HTML(span_is(act_value(f, "contract", SPAN("")), k->id) ? " selected" : ""),
                 P_TEXT(contract_terms(k, s->rq->arrived_ms)->name),
                 P_TEXT(s->frame.seat == SEAT_PUBLISHER ? catalog_who(s->rq->catalog, k->campaign->advertiser)->name
                        : k->publisher != NULL          ? catalog_who(s->rq->catalog, k->publisher)->name
                                                        : span_str(word_text(s->g.language, WORD_DIRECT))));
    }
    page_html(&s->g, "</select>");
    act_field_close(f, "contract", WORDS);
}

static void write_reconcile_form(struct screen *s)
{
    struct act_form f;
    const struct acting *sent = s->rq->acting;
    act_open(&f, s, &compare, SPAN(""), "card");
    if (sent != NULL)
        f.refused = sent; /* what was pasted stays */
    page_html(&s->g, "<div class=\"grid\">\n");
    write_contract_choice(s, &f);
    act_input(&f, "map", WORD_RC_MAP, WORD_RC_MAP_H, SPAN(""), "");
    act_input(&f, "from", WORD_LD_FROM, WORDS, SPAN(""), "type=\"date\"");
    act_input(&f, "to", WORD_LD_TO, WORDS, SPAN(""), "type=\"date\"");
    page_html(&s->g, "</div>\n");
    write_area(s, &f, "csv");
    page_put(&s->g,
             "<div class=\"line\"><button class=\"b one\">{}</button>\n<button class=\"b\" name=\"do\" "
             "value=\"csv\">{}</button></div>\n</form>\n",
             P_WORD(WORD_RC_COMPARE), P_WORD(WORD_RC_CSV));
}

static enum err reconcile_read(struct request *rq, struct reply *reply)
{
    struct screen s;
    json_t *said = NULL;
    enum err err = begin(&s, rq);
    if (err == ERR_OK && !span_empty(act_answer(rq, &compare)))
        err = json_read(act_answer(rq, &compare), &said, NULL) == ERR_OK ? ERR_OK : ERR_INTERNAL;
    if (err != ERR_OK)
        return err;
    write_head(&s, WORD_RC_TITLE, WORD_RC_WHAT, WORD_RC_LARGE, NULL);
    if (said != NULL)
        write_compared(&s, said);
    write_reconcile_form(&s);
    json_decref(said);
    return screen_reply(&s, reply, act_status(rq));
}

enum err reconcile_page_get(struct request *rq, struct reply *reply)
{
    return screen_enter(rq, reply, reconcile_read);
}

enum err reconcile_page_post(struct request *rq, struct reply *reply)
{
    return act_post(rq, reply, &compare, 1);
}
