#include "common/base/bytes.h"
#include "common/base/json_peek.h"
#include "common/base/text.h"
#include "common/base/when.h"
#include "common/pages/statement_private.h"
#include "common/settlement/statement_text.h"

/* ---- who decided what, when and why ---- */

/* Who decided, in the language of the page. */
static void decider(struct paper *w, struct page *g, const struct statement_line *l)
{
    struct span id = l->by, name;
    bool publisher = span_eq(id, w->s.publisher);
    if (span_is(l->kind, "lead"))
        page_word(g, WORD_BY_TERMS);
    else if (id.len == 0)
        page_word(g, WORD_BY_ITSELF);
    else if (publisher || span_eq(id, w->s.advertiser))
        page_words(g, name_of(w, publisher));
    else {
        name = text_of(w, 2, id);
        page_say(g, WORD_BY_OPERATOR, &name, (struct span *)NULL);
    }
}

/* "Solaire, 2 Nov 2026", and what he wrote. */
static void decided(struct paper *w, const struct statement_line *l)
{
    struct page who = aside(w, 0), when = aside(w, 1);
    int64_t at_ms;
    struct span at = l->at.len ? l->at : l->lead_at;
    decider(w, &who, l);
    if (span_is(l->trust, "countersigned")) {
        struct page whole = aside(w, 2);
        struct span by = buf_span(who.out);
        page_say(&whole, WORD_BY_SIGNED, &by, (struct span *)NULL);
        buf_clear(who.out);
        buf_span_add(who.out, buf_span(whole.out));
    }
    if (at.len && time_parse(at, &at_ms) == ERR_OK)
        page_day(&when, at_ms);
    struct span by = buf_span(who.out), day = buf_span(when.out);
    page_say(&w->g, WORD_BY_ON, &by, &day, (struct span *)NULL);
    if (w->in->texts && !span_empty(text_strip(l->text))) {
        struct span text = words_of(w, 0, l->text);
        html(w, " ");
        page_say(&w->g, WORD_QUOTED, &text, (struct span *)NULL);
    }
}

/* What became of the lead, or that the operator corrected something. */
static void became_of(struct paper *w, struct span reason, bool of_adjustment, bool adjusts)
{
    enum word status = word_of_status(reason);
    if (of_adjustment)
        status = WORD_CORRECTION;
    else if (adjusts && status == WORD_APPROVED)
        status = WORD_REINSTATED;
    word_of(w, status, reason);
}

static void day_cell(struct paper *w, enum word label, struct span at)
{
    int64_t at_ms;
    html(w, "<td class=\"nb\" data-l=\"");
    page_word(&w->g, label);
    html(w, "\">");
    if (at.len && time_parse(at, &at_ms) == ERR_OK)
        page_day(&w->g, at_ms);
    html(w, "</td>");
}

static void lead_name(struct paper *w, bool there, int64_t lead)
{
    struct buf reference;
    if (!there) {
        html(w, "–");
        return;
    }
    html(w, "<span>");
    page_index(&w->g, lead);
    buf_heap(&reference);
    if (w->in->reference != NULL)
        w->in->reference(w->in->of_page, (uint64_t)lead, &reference);
    if (reference.len > 8) {
        html(w, "<span class=\"why id\">");
        page_text(&w->g, span_of(reference.ptr, 4));
        html(w, "…");
        page_text(&w->g, span_of(reference.ptr + reference.len - 4, 4));
        html(w, "</span>");
    }
    html(w, "</span>");
    buf_free(&reference);
}

/* "agreed by Solaire, 2 Nov 2026; Nord, 3 Nov 2026" */
static void assented(struct paper *w, uint64_t adjustment)
{
    struct page_assents given = w->in->assents(w->in->of_page, adjustment);
    struct page all = aside(w, 2);
    html(w, "<span class=\"why\">");
    for (int publisher = 0; publisher < 2 && given.asked; publisher++) {
        if (given.at_ms[publisher] == 0)
            continue;
        struct page when = aside(w, 1);
        page_day(&when, given.at_ms[publisher]);
        struct span who = words_of(w, 0, name_of(w, publisher)), day = buf_span(when.out);
        if (all.out->len > 0)
            buf_str(all.out, semicolon(w));
        page_say(&all, WORD_BY_ON, &who, &day, (struct span *)NULL);
    }
    struct span said = buf_span(all.out);
    if (given.asked)
        page_say(&w->g, WORD_AGREED_BY, &said, (struct span *)NULL);
    else
        page_word(&w->g, WORD_OPERATORS_WORD);
    html(w, "</span>");
}

static void adjustment(struct paper *w, const json_t *a)
{
    struct statement_line item = {0};
    struct span line = SPAN("");
    bool told = statement_line_find(w->in->lines, (uint64_t)number(a, "index"), &line) &&
                line.ptr + line.len < w->in->lines.ptr + w->in->lines.len;
    if (told) {
        line.len++;
        told = statement_line_next(&line, &item);
    }
    html(w, "<tr>");
    day_cell(w, WORD_ON_DAY, item.at);
    cell(w, WORD_ADJUSTED_LEAD, false);
    lead_name(w, json_object_get(a, "lead") != NULL, number(a, "lead"));
    html(w, "</td><td>");
    became_of(w, member(a, "reason"), json_object_get(a, "adjustment") != NULL, true);
    if (told) {
        html(w, "<span class=\"why\">");
        decided(w, &item);
        html(w, "</span>");
    }
    if (w->in->assents != NULL && json_object_get(a, "adjustment") != NULL)
        assented(w, (uint64_t)number(a, "adjustment"));
    vat_of(w, a);
    html(w, "</td>");
    cell(w, WORD_ADJUSTED_FIRST, false);
    html(w, "<span class=\"id\">");
    page_text(&w->g, member(a, "statement"));
    html(w, member(a, "statement").len ? "</span>" : "–</span>");
    html(w, "</td>");
    cell(w, WORD_AMOUNT, true);
    money(w, number(a, "micros"));
    html(w, "</td></tr>");
    json_decref(item.json);
}

/* "no. 2: −8.00; no. 3: −8.00", and dots for the rest. */
static void on_statements(struct paper *w, struct page *out, const struct corrected_lead *x)
{
    for (size_t i = 0; i < x->n_on && i < CORRECTED_ON; i++) {
        struct span n = count_of(w, 4, (int64_t)x->on[i].number);
        struct page amount = aside(w, 5);
        page_amount(&amount, x->on[i].micros, 6, (int)w->s.exponent);
        struct span micros = buf_span(amount.out);
        buf_str(out->out, i > 0 ? semicolon(w) : "");
        page_say(out, WORD_ADJUSTED_ON, &n, &micros, (struct span *)NULL);
    }
    if (x->n_on > CORRECTED_ON) {
        buf_str(out->out, semicolon(w));
        buf_str(out->out, "…");
    }
}

static void corrected_lead(struct paper *w, const struct corrected_lead *x)
{
    struct page charged = aside(w, 1), by = aside(w, 2), on = aside(w, 3);
    struct span lead = index_of(w, 0, (int64_t)x->lead);
    page_amount(&charged, x->charged_micros, 6, (int)w->s.exponent);
    page_amount(&by, x->all.micros, 6, (int)w->s.exponent);
    on_statements(w, &on, x);
    struct span was = buf_span(charged.out), all = buf_span(by.out), each = buf_span(on.out);
    html(w, "<p class=\"s\">");
    page_say(&w->g, corrected_beyond(x) ? WORD_ADJUSTED_BEYOND : WORD_ADJUSTED_AGAIN, &lead, &was, &all, &each,
             (struct span *)NULL);
    html(w, "</p>");
}

static void corrected_leads(struct paper *w)
{
    const size_t n = w->in->n_corrected_leads;
    for (size_t i = 0; i < n && i < CORRECTED_TOLD; i++)
        corrected_lead(w, &w->in->corrected_leads[i]);
    if (n <= CORRECTED_TOLD)
        return;
    struct span more = count_of(w, 0, (int64_t)(n - CORRECTED_TOLD));
    html(w, "<p class=\"s\">");
    page_say(&w->g, WORD_ADJUSTED_MORE, &more, (struct span *)NULL);
    html(w, "</p>");
}

enum { SHEET_ADJUSTMENTS = 10 }; /* more are on several sheets of paper */

/* Of what each sheet of paper is. `across`: all columns but the last, as an attribute ends with them. */
static void sheet_heading(struct paper *w, const char *across)
{
    struct span number = count_of(w, 0, w->s.number);
    html(w, "<tr class=\"sheet\"><td colspan=\"");
    html(w, across);
    page_say(&w->g, WORD_NUMBER, &number, (struct span *)NULL);
    html(w, " · <span class=\"id\">");
    page_text(&w->g, w->s.id);
    html(w, "</span></td><td></td></tr>");
}

size_t statement_page_adjustments(const struct statement_page *in, const struct statement *s)
{
    size_t all = json_array_size(s->adjustments), most = in->adjustments_most;
    return most != 0 && most < all ? most : all;
}

static void adjustments_heading(struct paper *w, size_t shown, size_t all)
{
    if (shown == all) {
        section(w, "<section>", WORD_ADJUSTMENTS);
        return;
    }
    struct span from = count_of(w, 0, 1), to = count_of(w, 1, (int64_t)shown), of = count_of(w, 2, (int64_t)all);
    html(w, "<section><h2>");
    page_say(&w->g, WORD_ADJUSTMENTS_SOME, &from, &to, &of, (struct span *)NULL);
    html(w, "</h2>");
}

/* To the page with all there is; on paper, where it leads nowhere, how to print that. */
static void show_all(struct paper *w, enum word link, enum word on_paper, size_t n)
{
    struct span all = count_of(w, 0, (int64_t)n);
    html(w, "<p class=\"screen\">");
    link_begin(w, "html");
    html(w, language_word(w->g.language));
    html(w, "&amp;lines=all\">");
    page_say(&w->g, link, &all, (struct span *)NULL);
    html(w, "</a></p><p class=\"paper\">");
    page_say(&w->g, on_paper, &all, (struct span *)NULL);
    html(w, "</p>");
}

void paper_adjustments(struct paper *w)
{
    const size_t all = json_array_size(w->s.adjustments), shown = statement_page_adjustments(w->in, &w->s);
    if (all == 0)
        return;
    adjustments_heading(w, shown, all);
    html(w, "<table class=\"cards\"><thead>");
    if (shown > SHEET_ADJUSTMENTS)
        sheet_heading(w, "4\">");
    html(w, "<tr>");
    column(w, WORD_ON_DAY, false, false);
    column(w, WORD_ADJUSTED_LEAD, false, true);
    column(w, WORD_ADJUSTED_WHY, false, false);
    column(w, WORD_ADJUSTED_FIRST, false, true);
    column(w, WORD_AMOUNT, true, true);
    html(w, "</tr></thead><tbody>");
    for (size_t i = 0; i < shown; i++)
        adjustment(w, json_array_get(w->s.adjustments, i));
    html(w, "</tbody><tfoot><tr><th scope=\"row\" colspan=\"4\">");
    page_word(&w->g, WORD_ADJUSTED_ALL);
    html(w, "</th>");
    cell(w, WORD_AMOUNT, true);
    money(w, w->s.net_micros - w->s.gross_micros);
    html(w, "</td></tr></tfoot></table>");
    if (shown < all)
        show_all(w, WORD_ADJUSTMENTS_SHOW, WORD_ADJUSTMENTS_PRINTED, all);
    corrected_leads(w);
    html(w, "</section>");
}

/* ---- line items ---- */

/* A canonical line that changes no money says so in these bytes; texts cannot: their quotation marks are escaped. */
static bool moves_money(struct span line)
{
    static const char nothing[] = ",\"micros\":0,";
    return memmem(line.ptr, line.len, nothing, sizeof nothing - 1) == NULL;
}

/* One that moves none is shown where somebody disputes it. */
static bool is_disputed_still(const struct paper *w, struct span line)
{
    struct span digits;
    uint64_t index;
    if (w->in->n_still == 0 || !json_peek(line, "index", &digits) || parse_u64(digits, &index) != ERR_OK)
        return false;
    for (size_t i = 0; i < w->in->n_still; i++)
        if (w->in->still[i] == index)
            return true;
    return false;
}

static void part(struct paper *w, const struct statement_line *l)
{
    if (l->share_from < 0 || l->share_to <= l->share_from)
        return;
    struct page share = aside(w, 0);
    percent(&share, l->share_to - l->share_from);
    struct span part = buf_span(share.out);
    html(w, "<span class=\"why\">");
    page_say(&w->g, WORD_LINE_PART, &part, (struct span *)NULL);
    html(w, "</span>");
}

static bool disputes(const struct page_answer *a, int64_t index)
{
    if (!a->given || a->accepts)
        return false;
    for (size_t i = 0; i < a->n_disputed; i++)
        if ((int64_t)a->disputed[i] == index)
            return true;
    return false;
}

/* What came of it. */
static void corrected(struct paper *w, const struct statement_line *l)
{
    for (size_t i = 0; i < w->in->n_corrected; i++) {
        const struct page_correction *c = &w->in->corrected[i];
        if ((int64_t)c->line != l->index)
            continue;
        struct page amount = aside(w, 0);
        page_amount(&amount, c->micros, 6, (int)w->s.exponent);
        struct span much = buf_span(amount.out), on = count_of(w, 1, (int64_t)c->number);
        html(w, "<span class=\"why\">");
        if (c->number > 0)
            page_say(&w->g, WORD_LINE_CORRECTED, &much, &on, (struct span *)NULL);
        else
            page_say(&w->g, WORD_LINE_CORRECTED_OPEN, &much, (struct span *)NULL);
        html(w, "</span>");
    }
}

static void disputed(struct paper *w, const struct statement_line *l)
{
    bool any = false;
    for (int publisher = 0; publisher < 2; publisher++) {
        if (l->traffic || !disputes(&w->in->answer[publisher], l->index))
            continue;
        struct span who = words_of(w, 0, name_of(w, publisher));
        html(w, "<span class=\"why bad\">");
        page_say(&w->g, WORD_LINE_DISPUTED, &who, (struct span *)NULL);
        html(w, "</span>");
        any = true;
    }
    if (any)
        corrected(w, l);
}

/* By which link the lead came, and what the publisher wrote on that. */
static void link_cell(struct paper *w, const struct statement_line *l)
{
    struct span label = w->in->texts && w->in->label != NULL && l->placement > 0
                            ? w->in->label(w->in->of_page, l->placement)
                            : SPAN("");
    bool sub = w->in->texts && l->sub1.len > 0;
    html(w, "<td class=\"k\" data-l=\"");
    page_word(&w->g, WORD_LINE_LINK);
    html(w, l->placement > 0 || sub ? "\"><span>" : "\">");
    if (l->placement > 0) {
        struct span n = count_of(w, 0, l->placement);
        page_say(&w->g, WORD_LINK_OF, &n, (struct span *)NULL);
    }
    if (label.len) {
        html(w, " · ");
        page_words(&w->g, label);
    }
    if (sub) {
        html(w, l->placement > 0 ? " · " : "");
        page_words(&w->g, l->sub1);
    }
    html(w, l->placement > 0 || sub ? "</span></td>" : "</td>");
}

enum { NUMBER_WHOLE = 16 }; /* bytes that stay on one line */

static void line_row(struct paper *w, const struct statement_line *l)
{
    bool about = json_object_get(l->json, "lead") != NULL, adjusts = span_is(l->kind, "adjustment");
    bool reinstates =
        span_is(l->kind, "disposition") && json_object_get(l->json, "terms") == NULL; /* of one approved */
    html(w, "<tr>");
    cell(w, WORD_LINE_ENTRY, false);
    if (!l->traffic)
        page_index(&w->g, l->index);
    html(w, "</td>");
    day_cell(w, WORD_LINE_RECEIVED, l->lead_at);
    cell(w, WORD_ADJUSTED_LEAD, false);
    if (about)
        lead_name(w, true, l->lead);
    html(w, "</td>");
    if (w->in->texts) {
        html(w, l->txid.len <= NUMBER_WHOLE ? "<td class=\"nb\" data-l=\"" : "<td data-l=\"");
        page_word(&w->g, WORD_LINE_NUMBER);
        html(w, "\">");
        if (l->txid.len > 0)
            page_words(&w->g, l->txid);
        html(w, "</td>");
    }
    link_cell(w, l);
    html(w, "<td class=\"t\" data-l=\"");
    page_word(&w->g, WORD_LINE_DECIDED);
    html(w, "\"><span>");
    if (l->traffic)
        page_word(&w->g, WORD_LINE_TRAFFIC);
    else
        became_of(w, l->status.len ? l->status : l->reason, adjusts, reinstates);
    part(w, l);
    if (!l->traffic) {
        html(w, "<span class=\"why\">");
        decided(w, l);
        html(w, "</span>");
    }
    vat_of(w, l->json);
    disputed(w, l);
    html(w, "</span></td>");
    cell(w, WORD_AMOUNT, true);
    money(w, l->micros);
    html(w, "</td></tr>");
}

static void lines_heading(struct paper *w, size_t shown, size_t all)
{
    struct span from = count_of(w, 0, shown ? 1 : 0), to = count_of(w, 1, (int64_t)shown),
                of = count_of(w, 2, (int64_t)all);
    html(w, "<section><h2>");
    if (all == 0)
        page_word(&w->g, WORD_LINES_NONE);
    else
        page_say(&w->g, w->in->n_still > 0 ? WORD_LINES_DISPUTED : WORD_LINES, &from, &to, &of, (struct span *)NULL);
    html(w, "</h2>");
}

static size_t lines_shown(const struct paper *w)
{
    size_t all = w->in->lines_all, most = w->in->lines_most;
    return most != 0 && most < all ? most : all;
}

static const char *lines_across(const struct paper *w)
{
    return w->in->texts ? "6\">" : "5\">";
}

/* Behind the last of all of them. */
static void lines_total(struct paper *w)
{
    html(w, "<tfoot><tr><th scope=\"row\" colspan=\"");
    html(w, lines_across(w));
    page_word(&w->g, WORD_NET);
    html(w, "</th>");
    cell(w, WORD_AMOUNT, true);
    money(w, w->s.net_micros);
    html(w, "</td></tr></tfoot>");
}

void paper_lines_begin(struct paper *w)
{
    lines_heading(w, lines_shown(w), w->in->lines_all);
    if (w->in->lines_all == 0)
        return;
    html(w, "<table class=\"cards lines\"><thead>");
    sheet_heading(w, lines_across(w));
    html(w, "<tr>");
    column(w, WORD_LINE_ENTRY, false, true);
    column(w, WORD_LINE_RECEIVED, false, false);
    column(w, WORD_ADJUSTED_LEAD, false, true);
    if (w->in->texts)
        column(w, WORD_LINE_NUMBER, false, false);
    column(w, WORD_LINE_LINK, false, false);
    column(w, WORD_LINE_DECIDED, false, false);
    column(w, WORD_AMOUNT, true, true);
    html(w, "</tr></thead><tbody>");
}

void paper_lines(struct paper *w)
{
    struct span rest = w->in->lines, line;
    struct statement_line item = {0};
    size_t n = w->in->lines_before;
    while (n < lines_shown(w) && text_cut(&rest, '\n', &line)) {
        struct span one = span_of(line.ptr, line.len + 1);
        if ((!moves_money(line) && !is_disputed_still(w, line)) || !statement_line_next(&one, &item))
            continue;
        line_row(w, &item);
        n++;
    }
    json_decref(item.json);
}

void paper_lines_end(struct paper *w)
{
    if (w->in->lines_all != 0) {
        html(w, "</tbody>");
        if (lines_shown(w) == w->in->lines_all)
            lines_total(w);
        html(w, "</table>");
    }
    if (w->in->lines_all != 0 && !w->in->texts) {
        html(w, "<p class=\"s\">");
        page_word(&w->g, WORD_LINES_BARE);
        html(w, "</p>");
    }
    if (w->in->lines_all != 0 && w->in->texts && w->in->label != NULL) {
        html(w, "<p class=\"s\">");
        page_word(&w->g, WORD_LINES_NAMES);
        html(w, "</p>");
    }
    if (lines_shown(w) < w->in->lines_all)
        show_all(w, WORD_LINES_ALL, WORD_LINES_PRINTED, w->in->lines_all);
    html(w, "</section>");
}
