#include "common/base/money.h"
#include "common/base/text.h"
#include "common/base/when.h"
#include "common/crypto/crypto.h"
#include "common/pages/statement_private.h"

/* ---- who, what and when ---- */

/* Days where a period begins and ends with days of its zone, else times too. */
static void bound(struct page *g, int64_t ms, bool is_end)
{
    if (page_is_midnight(g, ms))
        page_day(g, is_end ? ms - 1 : ms);
    else
        page_time(g, ms);
}

static void period(struct paper *w)
{
    struct page from = aside(w, 0), to = aside(w, 1);
    bound(&from, w->s.from_ms, false);
    bound(&to, w->s.to_ms, true);
    struct span a = buf_span(from.out), b = buf_span(to.out);
    page_say(&w->g, WORD_PERIOD_TO, &a, &b, (struct span *)NULL);
}

/* Something is charged on it, whatever is taken back beside. */
static bool charges(const struct statement *s)
{
    for (size_t i = 0; i < s->n_rows; i++)
        if (s->rows[i].net_minor > 0 || s->rows[i].supplied_minor > 0)
            return true;
    return false;
}

/* Where nothing is new and nothing is owed it is no invoice; one that takes back is a credit note, and both where it
 * charges, too. */
static enum word kind(const struct paper *w)
{
    if ((w->s.to_pay_minor == 0 && !charges(&w->s)) ||
        !json_is_true(json_object_get(json_object_get(w->s.json, "tax"), "self_billing")))
        return WORD_KIND;
    if (w->s.to_pay_minor > 0)
        return WORD_KIND_SELF_BILLING;
    return charges(&w->s) ? WORD_KIND_BOTH : WORD_KIND_CREDIT_NOTE;
}

static void heading(struct paper *w)
{
    struct span n = count_of(w, 0, (int64_t)w->s.number);
    html(w, "<header class=\"dh\"><div><p class=\"s\">");
    page_word(&w->g, kind(w));
    html(w, "</p><h1>");
    page_say(&w->g, WORD_NUMBER, &n, (struct span *)NULL);
    html(w, "</h1><p class=\"s\">");
    struct span series = text_of(w, 0, w->s.contract);
    page_say(&w->g, WORD_SERIES, &series, (struct span *)NULL);
    html(w, "</p></div><dl class=\"kv\">");
    fact(w, WORD_ISSUED);
    page_day(&w->g, w->s.issued_ms);
    html(w, "</dd>");
    fact(w, WORD_PERIOD);
    period(w);
    html(w, "</dd>");
    fact(w, WORD_ZONE);
    page_text(&w->g, w->in->offset != NULL ? w->s.timezone : SPAN("UTC"));
    html(w, "</dd></dl></header>");
}

static void address(struct paper *w, bool publisher)
{
    const json_t *legal = json_object_get(side(w, publisher), "legal");
    struct span lines = member(legal, "address"), line, vat = member(legal, "vat_id");
    html(w, "<address><span class=\"s\">");
    page_word(&w->g, publisher ? WORD_SUPPLIER : WORD_CUSTOMER);
    html(w, "</span><br><b>");
    if (name_of(w, publisher).len)
        page_words(&w->g, name_of(w, publisher));
    else
        page_word(&w->g, WORD_NO_PUBLISHER);
    html(w, "</b>");
    if (lines.len > 0)
        html(w, "<br><span class=\"addr\">"); /* set off, so that no line of it looks like what stands around it */
    const bool any = lines.len > 0;
    while (lines.len > 0) {
        line = text_take(&lines, '\n');
        page_words(&w->g, line);
        html(w, lines.len > 0 ? "<br>" : "");
    }
    html(w, any ? "</span>" : "");
    if (member(legal, "country").len) {
        html(w, "<br>");
        page_words(&w->g, country_word(w->g.language, member(legal, "country")));
    }
    if (vat.len) {
        struct span id = text_of(w, 0, vat);
        html(w, "<br><strong class=\"vatid\">");
        page_say(&w->g, WORD_VAT_ID, &id, (struct span *)NULL);
        html(w, "</strong>");
    }
    if (member(legal, "representative_name").len + member(legal, "representative_vat_id").len > 0) {
        html(w, "<br>");
        representative(w, &w->g, legal);
    }
    html(w, "</address>");
}

/* "no. 1 of 2 Nov 2026, S1" */
static void corrects_one(struct paper *w, const struct earlier *e)
{
    struct page day = aside(w, 1), id = aside(w, 2);
    struct span number = count_of(w, 0, (int64_t)e->number);
    page_day(&day, e->issued_ms);
    page_html(&id, "<span class=\"id\">");
    page_text(&id, span_str(e->id));
    page_html(&id, "</span>");
    struct span on = buf_span(day.out), name = buf_span(id.out);
    page_say(&w->g, WORD_CORRECTS_ONE, &number, &on, &name, (struct span *)NULL);
}

static bool any_unnamed(const struct statement *s)
{
    struct correction_sums sums;
    correction_sums_of(s, &sums);
    bool any = sums.unnamed > 0;
    for (size_t i = 0; i < s->n_rows; i++)
        any |= statement_row_unnamed(s, &s->rows[i]);
    return any;
}

/* The statements that it corrects, as who corrects an invoice has to say (Directive 2006/112/EC, article
 * 219), and whether all of them are about one. */
static void corrects(struct paper *w)
{
    const char *between = "";
    const bool unnamed = any_unnamed(&w->s);
    const size_t named = w->s.n_corrects;
    if (named == 0 && w->s.to_pay_minor >= 0)
        return;
    fact(w, WORD_CORRECTS);
    for (size_t i = 0; i < named; i++) {
        html(w, between);
        corrects_one(w, &w->s.corrects[i]);
        between = "<br>";
    }
    html(w, named > 0 && unnamed ? between : "");
    if (named == 0)
        page_word(&w->g, WORD_CORRECTS_NONE);
    else if (unnamed)
        page_word(&w->g, WORD_CORRECTS_PART);
    html(w, "</dd>");
}

static void contract(struct paper *w)
{
    html(w, "<section class=\"half keep\">");
    address(w, true);
    address(w, false);
    html(w, "</section><section><dl class=\"kv l\">");
    fact(w, WORD_IDENTIFIER);
    html(w, "<span class=\"id\">");
    page_text(&w->g, w->s.id);
    html(w, "</span></dd>");
    corrects(w);
    fact(w, WORD_CAMPAIGN);
    page_words(&w->g, w->s.campaign_name);
    html(w, "</dd>");
    fact(w, WORD_CONTRACT);
    html(w, "<span class=\"id\">");
    page_text(&w->g, w->s.contract);
    html(w, "</span>");
    html(w, comma(w));
    struct span entry = index_of(w, 0, (int64_t)w->s.terms);
    page_say(&w->g, WORD_TERMS_AT, &entry, (struct span *)NULL);
    html(w, "</dd>");
    fact(w, WORD_ISSUER);
    page_text(&w->g, w->s.issuer);
    html(w, "</dd></dl></section>");
}

static void payment(struct paper *w)
{
    bool by_publisher = span_is(w->s.payable_by, "publisher"), owed = w->s.payable_by.len != 0;
    html(w, "<section class=\"pay keep\"><p>");
    if (owed) {
        struct page due = aside(w, 2);
        struct span payer = words_of(w, 0, name_of(w, by_publisher)), payee = words_of(w, 1, name_of(w, !by_publisher));
        page_say(&w->g, WORD_PAYS, &payer, &payee, (struct span *)NULL);
        html(w, "<br>");
        page_day(&due, w->s.due_ms);
        struct span day = buf_span(due.out);
        page_say(&w->g, WORD_PAYS_BY, &day, (struct span *)NULL);
    } else {
        page_word(&w->g, WORD_PAYS_NOTHING);
    }
    html(w, "</p><strong>");
    minor(w, owed && w->s.to_pay_minor < 0 ? -w->s.to_pay_minor : w->s.to_pay_minor);
    html(w, " ");
    page_text(&w->g, w->s.currency);
    html(w, "</strong></section>");
}

/* ---- who has signed ---- */

static void waiting_hand(struct paper *w)
{
    html(w, "<svg class=\"hand\" viewBox=\"0 0 200 44\" preserveAspectRatio=\"xMinYMax meet\" aria-hidden=\"true\">"
            "<path d=\"M10 30l8 8m0-8l-8 8\"/></svg>");
}

static void signer(struct paper *w, const char *state, struct span thumbprint, struct span name, enum word role)
{
    html(w, "<li class=\"");
    html(w, state);
    html(w, "\">");
    if (thumbprint.len)
        page_hand(&w->g, thumbprint);
    else
        waiting_hand(w);
    html(w, "<b>");
    page_words(&w->g, name);
    html(w, "</b> <span>");
    page_word(&w->g, role);
    html(w, "</span> <em>");
}

enum { DISPUTED_NAMED = 20 };

static void disputed_lines(struct paper *w, const struct page_answer *a)
{
    struct page all = aside(w, 2);
    if (!a->given || a->accepts || a->n_disputed == 0)
        return;
    for (size_t i = 0; i < a->n_disputed && i < DISPUTED_NAMED; i++) {
        buf_str(all.out, i > 0 ? comma(w) : "");
        page_index(&all, (int64_t)a->disputed[i]);
    }
    page_html(&all, a->n_disputed > DISPUTED_NAMED ? " …" : "");
    struct span list = buf_span(all.out);
    html(w, "<span class=\"why\">");
    page_say(&w->g, WORD_DISPUTED_ARE, &list, (struct span *)NULL);
    html(w, "</span>");
}

static void answer(struct paper *w, bool publisher)
{
    const struct page_answer *a = &w->in->answer[publisher];
    if (name_of(w, publisher).len == 0)
        return;
    signer(w,
           !a->given    ? "waits"
           : a->accepts ? "signed"
                        : "disp",
           a->given && a->accepts ? a->thumbprint : SPAN(""), name_of(w, publisher),
           publisher ? WORD_PUBLISHER : WORD_ADVERTISER);
    struct span when = time_of(w, 0, a->at_ms), n = count_of(w, 1, (int64_t)a->n_disputed);
    if (!a->given)
        page_word(&w->g, WORD_WAITS);
    else if (a->accepts)
        page_say(&w->g, WORD_ACCEPTED_AT, &when, (struct span *)NULL);
    else if (a->n_disputed == 0)
        page_say(&w->g, WORD_DISPUTED_AT, &when, (struct span *)NULL);
    else
        page_say(&w->g, WORD_DISPUTED_LINES_AT, &n, &when, (struct span *)NULL);
    html(w, "</em>");
    disputed_lines(w, a);
    if (a->given && !span_empty(text_strip(a->reason)) && w->in->texts) {
        struct span reason = words_of(w, 0, a->reason);
        html(w, "<span class=\"why\">");
        page_say(&w->g, WORD_QUOTED, &reason, (struct span *)NULL);
        html(w, "</span>");
    }
    html(w, "</li>");
}

static void signatures(struct paper *w)
{
    struct span when = time_of(w, 0, w->s.issued_ms);
    html(w, "<section class=\"keep\"><h2 class=\"vh\">");
    page_word(&w->g, WORD_WHO_SIGNED);
    html(w, "</h2><ol class=\"strip\">");
    signer(w, "signed", w->in->issuer_thumbprint, w->s.issuer, WORD_OPERATOR);
    page_say(&w->g, WORD_SIGNED_AT, &when, (struct span *)NULL);
    html(w, "</em></li>");
    answer(w, false);
    answer(w, true);
    html(w, "</ol>");
    html(w, "</section>");
}

static void since_cells(struct paper *w, int64_t n, int64_t micros)
{
    cell(w, WORD_QUANTITY, false);
    page_count(&w->g, n);
    html(w, "</td>");
    cell(w, WORD_AMOUNT, true);
    money(w, micros);
    html(w, "</td></tr>");
}

/* What later statements say of what this one paid, and what none says so far. */
static void since(struct paper *w)
{
    int64_t n = 0, micros = 0;
    if (w->in->n_later == 0)
        return;
    section(w, "<section class=\"keep\">", WORD_SINCE);
    html(w, "<table class=\"fit\"><thead><tr>");
    column(w, WORD_SINCE_ON, false, false);
    column(w, WORD_QUANTITY, false, true);
    column(w, WORD_AMOUNT, true, true);
    html(w, "</tr></thead><tbody>");
    for (size_t i = 0; i < w->in->n_later; i++) {
        const struct page_later *l = &w->in->later[i];
        html(w, "<tr><th scope=\"row\">");
        if (l->id[0] == '\0') {
            page_word(&w->g, WORD_SINCE_OPEN);
        } else {
            struct span number = count_of(w, 0, (int64_t)l->number);
            page_say(&w->g, WORD_NUMBER, &number, (struct span *)NULL);
            html(w, " <span class=\"id\">");
            page_text(&w->g, span_str(l->id));
            html(w, "</span>");
        }
        html(w, "</th>");
        since_cells(w, l->n, l->micros);
        n += l->n;
        micros += l->micros;
    }
    html(w, "</tbody><tfoot><tr><th scope=\"row\">");
    page_word(&w->g, WORD_SINCE_ALL);
    html(w, "</th>");
    since_cells(w, n, micros);
    html(w, "</tfoot></table></section>");
}

/* ---- money ---- */

static void quantity_name(struct paper *w, const json_t *q)
{
    static const struct {
        const char *what;
        enum word word;
    } kinds[] = {{"click", WORD_OF_CLICK},
                 {"impression", WORD_OF_IMPRESSION},
                 {"lead", WORD_OF_LEAD},
                 {"lead_part", WORD_OF_LEAD_PART},
                 {"sale", WORD_OF_SALE}};
    enum word known = WORDS;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (span_is(member(q, "what"), kinds[i].what))
            known = kinds[i].word;
    if (json_object_get(q, "tier") != NULL)
        paper_tier(w, known != WORDS ? known : WORD_OF_LEAD, number(q, "terms"), number(q, "tier"));
    else
        word_of(w, known, member(q, "what"));
    if (json_object_get(q, "terms") != NULL && number(q, "terms") != (int64_t)w->s.terms) {
        struct span entry = index_of(w, 0, number(q, "terms"));
        html(w, "<span class=\"why\">");
        page_say(&w->g, WORD_OF_TERMS, &entry, (struct span *)NULL);
        html(w, "</span>");
    }
    vat_of(w, q);
}

static void quantities(struct paper *w)
{
    const json_t *q;
    size_t i;
    section(w, "<section>", WORD_QUANTITIES);
    html(w, "<table class=\"cards\">");
    if (json_array_size(w->s.quantities) > 0) {
        html(w, "<thead><tr>");
        column(w, WORD_WHAT, false, false);
        column(w, WORD_QUANTITY, false, true);
        column(w, WORD_UNIT_PRICE, true, true);
        column(w, WORD_AMOUNT, true, true);
        html(w, "</tr></thead>");
    }
    html(w, "<tbody>");
    json_array_foreach(w->s.quantities, i, q)
    {
        html(w, "<tr><th scope=\"row\">");
        quantity_name(w, q);
        html(w, "</th>");
        cell(w, WORD_QUANTITY, false);
        page_count(&w->g, number(q, "n"));
        html(w, "</td>");
        cell(w, WORD_UNIT_PRICE, true);
        if (number(q, "unit_micros") != 0)
            money(w, number(q, "unit_micros"));
        else
            html(w, "–");
        html(w, "</td>");
        cell(w, WORD_AMOUNT, true);
        money(w, number(q, "micros"));
        html(w, "</td></tr>");
    }
    html(w, "</tbody><tfoot><tr><th scope=\"row\">");
    page_word(&w->g, WORD_GROSS);
    html(w, "</th><td></td><td></td>");
    cell(w, WORD_AMOUNT, true);
    money(w, w->s.gross_micros);
    html(w, "</td></tr></tfoot></table></section>");
}

/* Of which row a sentence is. */
static void say_which(struct paper *w, const struct tax_row *r)
{
    struct page how = aside(w, 0);
    vat_word(&how, r->kind, r->vat_ppm);
    struct span vat = buf_span(how.out);
    page_say(&w->g, WORD_TAX_OF, &vat, (struct span *)NULL);
}

/* The provision that its supplier names where a row has no VAT (article 226 (11)); empty: none. */
static struct span exemption_of(const struct paper *w, const struct tax_row *r)
{
    bool asks = r->vat_ppm == 0 && (r->kind == TAX_NONE || r->kind == TAX_DOMESTIC);
    return asks ? statement_exemption(&w->s, r) : SPAN("");
}

static void say_why(struct paper *w, enum word now, struct span exemption)
{
    if (now != WORD_TAX_EXEMPT) {
        page_word(&w->g, now);
        return;
    }
    struct span why = words_of(w, 0, exemption);
    page_say(&w->g, now, &why, (struct span *)NULL);
}

/* VAT falls due when it is paid: who is under that says so (article 226 (7a)). */
static void say_cash(struct paper *w)
{
    for (size_t i = 0; i < w->s.n_rows; i++)
        if (w->s.rows[i].vat_ppm > 0 &&
            json_is_true(json_object_get(statement_supplier(&w->s, &w->s.rows[i]), "cash_accounting"))) {
            html(w, w->g.language == LANGUAGE_ZH ? "" : " ");
            page_word(&w->g, WORD_TAX_CASH);
            return;
        }
}

/* VAT is charged for a supplier who says that it charges none: that is for both to put right. */
static void say_contradiction(struct paper *w)
{
    for (size_t i = 0; i < w->s.n_rows; i++) {
        const struct tax_row *r = &w->s.rows[i];
        struct span why = r->vat_ppm > 0 && r->supplied_minor > 0 ? statement_exemption(&w->s, r) : SPAN("");
        if (why.len == 0)
            continue;
        struct page how = aside(w, 1);
        vat_word(&how, r->kind, r->vat_ppm);
        struct span told = words_of(w, 0, why), rate = buf_span(how.out);
        html(w, w->g.language == LANGUAGE_ZH ? "" : " ");
        page_say(&w->g, WORD_TAX_DESPITE, &told, &rate, (struct span *)NULL);
        return;
    }
}

/* The sentences that the law wants, by the kinds of the supplies. */
static void tax_sentences(struct paper *w)
{
    static const enum word words[TAX_COUNT] = {[TAX_NONE] = WORD_TAX_NONE,
                                               [TAX_DOMESTIC] = WORD_TAX_DOMESTIC,
                                               [TAX_REVERSE_CHARGE] = WORD_TAX_REVERSE,
                                               [TAX_OUTSIDE] = WORD_TAX_OUTSIDE};
    const char *between = "";
    enum word last = WORDS;
    struct span last_why = SPAN("");
    for (size_t i = 0; i < w->s.n_rows; i++) {
        const struct tax_row *r = &w->s.rows[i];
        const struct span why = exemption_of(w, r);
        enum word now = why.len > 0                                  ? WORD_TAX_EXEMPT
                        : r->kind == TAX_DOMESTIC && r->vat_ppm == 0 ? WORD_TAX_NO_RATE
                                                                     : words[r->kind];
        if (now == last && span_eq(why, last_why))
            continue;
        last_why = why;
        html(w, between);
        if (w->s.n_rows > 1 && r->vat_ppm == 0)
            say_which(w, r);
        say_why(w, now, why);
        between = w->g.language == LANGUAGE_ZH ? "" : " ";
        last = now;
    }
}

static void tax_words(struct paper *w)
{
    if (w->s.n_rows == 0 || (w->s.n_rows == 1 && w->s.payable_minor == 0 && w->s.rows[0].supplied_minor == 0) ||
        span_empty(w->s.publisher))
        return;
    html(w, "<p class=\"s\">");
    tax_sentences(w);
    say_contradiction(w);
    say_cash(w);
    if (json_is_true(json_object_get(json_object_get(w->s.json, "tax"), "self_billing"))) {
        html(w, w->g.language == LANGUAGE_ZH ? "" : " ");
        page_word(&w->g, WORD_SELF_BILLING);
    }
    html(w, "</p>");
}

/* "-12.00 (20%), -4.00 (19%)" in a sentence, with the signs of the sums beside it. */
static void tax_of_parts(struct paper *w, enum word sentence, int64_t sign, const struct taxed_sums *parts)
{
    struct page all = aside(w, 2);
    if (parts->n == 0)
        return;
    for (size_t i = 0; i < parts->n; i++) {
        struct page amount = aside(w, 0), how = aside(w, 1);
        page_amount(&amount, sign * parts->of[i].micros, 6, (int)w->s.exponent);
        vat_word(&how, parts->of[i].kind, parts->of[i].vat_ppm);
        struct span much = buf_span(amount.out), vat = buf_span(how.out);
        buf_str(all.out, i > 0 ? comma(w) : "");
        struct span about = count_of(w, 3, (int64_t)parts->of[i].about);
        if (parts->of[i].about > 0)
            page_say(&all, WORD_TAX_PART_ABOUT, &much, &vat, &about, (struct span *)NULL);
        else
            page_say(&all, WORD_TAX_PART, &much, &vat, (struct span *)NULL);
    }
    struct span list = buf_span(all.out);
    html(w, "<p class=\"s\">");
    page_say(&w->g, sentence, &list, (struct span *)NULL);
    html(w, "</p>");
}

static bool any_taxed(const struct taxed_sums *t)
{
    for (size_t i = 0; i < t->n; i++)
        if (t->of[i].vat_ppm > 0 || t->of[i].kind == TAX_REVERSE_CHARGE)
            return true;
    return false;
}

static bool charges_vat(const struct statement *s)
{
    for (size_t i = 0; i < s->n_rows; i++)
        if (s->rows[i].vat_minor > 0 || s->rows[i].supplied_vat_minor > 0)
            return true;
    return false;
}

/* What becomes of the VAT of a sum below 0: of this statement's, and of the one before. */
static void tax_of_carried(struct paper *w)
{
    if (any_taxed(&w->s.carried)) {
        tax_of_parts(w, WORD_TAX_CARRIED, -1, &w->s.carried);
        if (charges_vat(&w->s)) {
            html(w, "<p class=\"s\">");
            page_word(&w->g, WORD_TAX_CARRIED_NEW);
            html(w, "</p>");
        }
    }
    if (any_taxed(&w->s.brought))
        tax_of_parts(w, WORD_TAX_BROUGHT, 1, &w->s.brought);
}

static void say_carried_whole(struct paper *w, int64_t micros)
{
    struct page amount = aside(w, 0);
    page_amount(&amount, micros, 6, (int)w->s.exponent);
    struct span much = buf_span(amount.out);
    page_say(&w->g, WORD_TAX_ALL_CARRIED, &much, (struct span *)NULL);
}

static void minor_cell(struct paper *w, enum word label, int64_t v)
{
    cell(w, label, true);
    minor(w, v);
    html(w, "</td>");
}

static void amount_cells(struct paper *w, int64_t net, int64_t vat)
{
    minor_cell(w, WORD_TAX_NET, net);
    minor_cell(w, WORD_TAX_AMOUNT, vat);
    minor_cell(w, WORD_TAX_GROSS, net + vat);
    html(w, "</tr>");
}

/* Under a row's VAT, as `name` has it. */
static void row_name(struct paper *w, enum word name, const struct tax_row *r)
{
    enum { NAMED = 8 };
    const struct earlier *of[NAMED];
    struct page how = aside(w, 0), all = aside(w, 2);
    vat_word(&how, r->kind, r->vat_ppm);
    const size_t n = name == WORD_TAX_BACK ? statement_row_corrects(&w->s, r, of, NAMED) : 0;
    for (size_t i = 0; i < n; i++) {
        buf_str(all.out, i > 0 ? comma(w) : "");
        page_count(&all, (int64_t)of[i]->number);
    }
    if (n == NAMED)
        buf_str(all.out, " …");
    struct span vat = buf_span(how.out), numbers = buf_span(all.out);
    html(w, "<tr><th scope=\"row\">");
    if (n > 0)
        page_say(&w->g, statement_row_unnamed(&w->s, r) ? WORD_TAX_BACK_PART : WORD_TAX_BACK_OF, &vat, &numbers,
                 (struct span *)NULL);
    else
        page_say(&w->g, name, &vat, (struct span *)NULL);
}

/* What is new is invoiced, and what corrects is credited, each with its VAT, whatever both come to. */
static void split_rows(struct paper *w, const struct tax_row *r)
{
    row_name(w, WORD_TAX_NEW, r);
    if (w->s.n_rows > 1 && charged_as(w, "<span class=\"why\">", r->as))
        html(w, "</span>");
    html(w, "</th>");
    amount_cells(w, r->supplied_minor, r->supplied_vat_minor);
    row_name(w, WORD_TAX_BACK, r);
    html(w, "</th>");
    amount_cells(w, r->net_minor - r->supplied_minor, r->vat_minor - r->supplied_vat_minor);
    if (w->s.n_rows == 1)
        return;
    row_name(w, WORD_TAX_ROW_SUM, r);
    html(w, "</th>");
    amount_cells(w, r->net_minor, r->vat_minor);
}

/* One rate needs no table, unless both is under it. */
static bool has_tax_table(const struct statement *s)
{
    return s->n_rows > 1 || (s->n_rows == 1 && s->is_taxed && tax_row_splits(&s->rows[0]));
}

static void tax_table_row(struct paper *w, const struct tax_row *r)
{
    if (tax_row_splits(r)) {
        split_rows(w, r);
        return;
    }
    html(w, "<tr><th scope=\"row\">");
    vat_word(&w->g, r->kind, r->vat_ppm);
    if (charged_as(w, "<span class=\"why\">", r->as))
        html(w, "</span>");
    if (statement_row_carried(&w->s, r) != 0) {
        html(w, "<span class=\"why\">");
        say_carried_whole(w, statement_row_carried(&w->s, r));
        html(w, "</span></th><td class=\"n\">–</td><td class=\"n\">–</td><td class=\"n\">–</td></tr>");
        return;
    }
    html(w, "</th>");
    amount_cells(w, r->net_minor, r->vat_minor);
}

/* The amount that VAT is on (article 226 (8)), also where the customer owes it, the rate and VAT, for each rate. */
static void tax_table(struct paper *w)
{
    if (!has_tax_table(&w->s))
        return;
    html(w, "<table class=\"cards vat\"><thead><tr>");
    column(w, WORD_TAX_ROWS, false, false);
    column(w, WORD_TAX_NET, true, true);
    column(w, WORD_TAX_AMOUNT, true, true);
    column(w, WORD_TAX_GROSS, true, true);
    html(w, "</tr></thead><tbody>");
    for (size_t i = 0; i < w->s.n_rows; i++)
        tax_table_row(w, &w->s.rows[i]);
    html(w, "</tbody><tfoot><tr><th scope=\"row\">");
    page_word(&w->g, WORD_TAX_UNDER);
    html(w, "</th>");
    amount_cells(w, w->s.payable_minor, w->s.vat_minor);
    html(w, "</tfoot></table><p class=\"s\">");
    page_word(&w->g, WORD_TAX_MIXED);
    html(w, "</p>");
}

static void sum_row(struct paper *w, enum word what, int64_t v)
{
    row(w, what);
    minor(w, v);
    html(w, "</td></tr>");
}

/* The same of one rate; of several what they come to. */
static void tax_row(struct paper *w)
{
    if (has_tax_table(&w->s)) {
        sum_row(w, WORD_WITHOUT_VAT, w->s.payable_minor);
        sum_row(w, WORD_VAT_SUM, w->s.vat_minor);
        return;
    }
    if (!w->s.is_taxed || (w->s.n_rows == 1 && statement_row_carried(&w->s, &w->s.rows[0]) != 0))
        return;
    sum_row(w, WORD_TAXABLE, w->s.payable_minor);
    if (!w->s.is_charged)
        return;
    struct page rate = aside(w, 0);
    page_amount(&rate, w->s.rows[0].vat_ppm, 4, 0);
    struct span percent = buf_span(rate.out);
    html(w, "<tr><th scope=\"row\">");
    page_say(&w->g, WORD_VAT, &percent, (struct span *)NULL);
    html(w, "</th><td class=\"n\">");
    minor(w, w->s.vat_minor);
    html(w, "</td></tr>");
}

/* A sum below 0 is the publisher's debt, whatever sign a column gives it. */
static void say_owed(struct paper *w, enum word sentence, int64_t micros)
{
    struct page amount = aside(w, 2);
    if (micros >= 0 || name_of(w, true).len == 0)
        return;
    page_amount(&amount, -micros, 6, (int)w->s.exponent);
    buf_str(amount.out, " ");
    page_text(&amount, w->s.currency);
    struct span by = words_of(w, 0, name_of(w, true)), to = words_of(w, 1, name_of(w, false)),
                much = buf_span(amount.out);
    html(w, "<p class=\"s\">");
    page_say(&w->g, sentence, &by, &to, &much, (struct span *)NULL);
    html(w, "</p>");
}

static void total(struct paper *w)
{
    section(w, "<section class=\"keep\">", WORD_TOTAL);
    tax_table(w);
    html(w, "<table class=\"fit\"><tbody>");
    money_row(w, WORD_NET, w->s.net_micros);
    money_row(w, WORD_BROUGHT, statement_brought(&w->s));
    money_row(w, WORD_CARRIED, -w->s.carried_micros); /* the column comes to what is payable */
    tax_row(w);
    html(w, "</tbody><tfoot><tr><th scope=\"row\">");
    struct span currency = text_of(w, 0, w->s.currency);
    page_say(&w->g, WORD_TO_PAY, &currency, (struct span *)NULL);
    html(w, "</th><td class=\"n\">");
    minor(w, w->s.to_pay_minor);
    html(w, "</td></tr></tfoot></table>");
    if (w->s.n_rows == 1 && charged_as(w, "<p class=\"s\">", w->s.rows[0].as))
        html(w, "</p>");
    say_owed(w, WORD_BROUGHT_OWED, statement_brought(&w->s));
    say_owed(w, WORD_CARRIED_OWED, w->s.carried_micros);
    tax_words(w);
    tax_of_carried(w);
    html(w, "</section>");
}

/* ---- counts ---- */

static void bridge_row(struct paper *w, enum word what, int64_t sign, int64_t n, const json_t *of)
{
    html(w, "<tr><th scope=\"row\">");
    page_word(&w->g, what);
    html(w, "</th>");
    cell(w, WORD_LEADS, false);
    page_count(&w->g, sign * n);
    html(w, "</td>");
    cell(w, WORD_WORTH, true);
    if (json_object_get(of, "micros") != NULL)
        money(w, sign * number(of, "micros"));
    else
        html(w, "–");
    html(w, "</td></tr>");
}

static void bridge(struct paper *w)
{
    const json_t *came = json_object_get(w->s.bridge, "received"), *yes = json_object_get(w->s.bridge, "approved"),
                 *no = json_object_get(w->s.bridge, "rejected");
    section(w, "<div class=\"keep\">", WORD_BRIDGE);
    html(w, "<table class=\"fit\"><thead><tr><td></td>");
    column(w, WORD_LEADS, false, true);
    column(w, WORD_WORTH, true, true);
    html(w, "</tr></thead><tbody>");
    bridge_row(w, WORD_WAITED, 1, number(w->s.opening, "pending") + number(w->s.opening, "held"), w->s.opening);
    bridge_row(w, WORD_CAME, 1, number(came, "n"), came);
    bridge_row(w, WORD_LEFT_APPROVED, -1, number(yes, "n"), yes);
    bridge_row(w, WORD_LEFT_REJECTED, -1, number(no, "n"), no);
    html(w, "</tbody><tfoot>");
    bridge_row(w, WORD_WAIT, 1, number(w->s.closing, "pending") + number(w->s.closing, "held"), w->s.closing);
    html(w, "</tfoot></table>");
    if (number(w->s.closing, "held") != 0) {
        struct span n = count_of(w, 0, number(w->s.closing, "held"));
        html(w, "<p class=\"s\">");
        page_say(&w->g, WORD_OF_THEM_HELD, &n, (struct span *)NULL);
        html(w, "</p>");
    }
    html(w, "</div>");
}

static void refusals(struct paper *w, const json_t *rejected)
{
    const char *name, *between = "";
    json_t *n;
    int64_t all = 0;
    json_object_foreach((json_t *)rejected, name, n) all += json_integer_value(n);
    if (all == 0)
        return;
    html(w, "<tr><th scope=\"row\">");
    page_word(&w->g, WORD_REJECTED);
    html(w, "<span class=\"why\">");
    json_object_foreach((json_t *)rejected, name, n)
    {
        html(w, between);
        word_of(w, word_of_reason(span_str(name)), span_str(name));
        html(w, " ");
        page_count(&w->g, json_integer_value(n));
        between = comma(w);
    }
    html(w, "</span></th><td class=\"n\">");
    page_count(&w->g, all);
    html(w, "</td></tr>");
}

static void valid(struct paper *w, enum word sentence, const json_t *counts)
{
    if (number(counts, "total") == 0)
        return;
    struct span all = count_of(w, 0, number(counts, "total")), ok = count_of(w, 1, number(counts, "ok"));
    page_say(&w->g, sentence, &all, &ok, (struct span *)NULL);
    html(w, " ");
}

static void gaps(struct paper *w)
{
    const json_t *g = json_object_get(w->s.counts, "gaps");
    struct span clicks = count_of(w, 0, number(g, "clicks")), shown = count_of(w, 1, number(g, "impressions")),
                views = count_of(w, 2, number(g, "views"));
    if (number(g, "clicks") + number(g, "impressions") + number(g, "views") == 0)
        page_word(&w->g, WORD_NO_GAP);
    else
        page_say(&w->g, WORD_GAP, &clicks, &shown, &views, (struct span *)NULL);
}

static void became(struct paper *w)
{
    static const char *const statuses[] = {"pending", "held", "approved", "converted", "returned", "duplicate"};
    const json_t *leads = json_object_get(w->s.counts, "leads");
    section(w, "<div class=\"keep\">", WORD_BECAME);
    html(w, "<table class=\"fit\"><tbody>");
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        if (number(leads, statuses[i]) == 0)
            continue;
        row(w, word_of_status(span_str(statuses[i])));
        page_count(&w->g, number(leads, statuses[i]));
        html(w, "</td></tr>");
    }
    refusals(w, json_object_get(leads, "rejected"));
    html(w, "</tbody><tfoot>");
    row(w, WORD_RECEIVED);
    page_count(&w->g, number(leads, "total"));
    html(w, "</td></tr></tfoot></table><p class=\"s\">");
    valid(w, WORD_CLICKS_VALID, json_object_get(w->s.counts, "clicks"));
    valid(w, WORD_SHOWN_VALID, json_object_get(w->s.counts, "impressions"));
    gaps(w);
    html(w, "</p></div>");
}

/* ---- evidence ---- */

static void evidence(struct paper *w)
{
    const json_t *tree = json_object_get(w->s.json, "tree");
    struct hash sum;
    struct buf hex;
    section(w, "<section class=\"evid keep\">", WORD_EVIDENCE);
    html(w, "<dl class=\"kv l\">");
    fact(w, WORD_ENTRIES);
    page_index(&w->g, (int64_t)w->s.from);
    html(w, " – ");
    page_index(&w->g, (int64_t)w->s.to - 1);
    html(w, "</dd>");
    fact(w, WORD_TREE_HEAD);
    html(w, "<span class=\"id\">");
    page_text(&w->g, member(tree, "to_root"));
    html(w, "</span></dd>");
    sha256(w->in->payload.ptr, w->in->payload.len, sum.b);
    buf_heap(&hex);
    buf_hex(&hex, sum.b, sizeof sum.b);
    fact(w, WORD_THIS_HASH);
    html(w, "<span class=\"id\">");
    page_text(&w->g, buf_span(&hex));
    html(w, "</span></dd>");
    buf_free(&hex);
    fact(w, WORD_LINES_HASH);
    html(w, "<span class=\"id\">");
    page_text(&w->g, member(json_object_get(w->s.json, "lines"), "sha256"));
    html(w, "</span></dd>");
    fact(w, WORD_PREV_HASH);
    html(w, "<span class=\"id\">");
    if (w->s.has_prev)
        page_text(&w->g, member(w->s.json, "prev_sha256"));
    else
        page_word(&w->g, WORD_PREV_NONE);
    html(w, "</span></dd>");
    fact(w, WORD_CHECK_IT);
    html(w, "<code class=\"id\">countersign pull ");
    page_text(&w->g, w->s.issuer);
    html(w, " DIR --contract ");
    page_text(&w->g, w->s.contract);
    html(w, " --token … &amp;&amp; countersign verify DIR</code></dd></dl><p class=\"s\">");
    page_word(&w->g, WORD_READING);
    html(w, "</p></section>");
}

static void languages(struct paper *w)
{
    static const char *const names[LANGUAGES] = {
        [LANGUAGE_EN] = "English", [LANGUAGE_FR] = "Français", [LANGUAGE_ZH] = "中文"};
    struct span zone = text_of(w, 0, w->in->offset != NULL ? w->s.timezone : SPAN("UTC"));
    html(w, "<footer class=\"foot\"><p>");
    page_say(&w->g, WORD_TIMES_IN, &zone, (struct span *)NULL);
    html(w, "</p><p>");
    link_begin(w, "csv");
    html(w, language_word(w->g.language));
    html(w, "\">");
    page_word(&w->g, WORD_TABLE);
    html(w, "</a> ");
    page_word(&w->g, WORD_TABLE_NAMES);
    html(w, "</p><nav aria-label=\"");
    page_word(&w->g, WORD_LANGUAGE);
    html(w, "\">");
    for (enum language l = 0; l < LANGUAGES; l++) {
        link_begin(w, "html");
        buf_printf(w->g.out, "%s\" lang=\"%s\" hreflang=\"%s\"%s>%s</a> ", language_word(l), language_word(l),
                   language_word(l), l == w->g.language ? " aria-current=\"true\"" : "", names[l]);
    }
    html(w, "</nav></footer>");
}

/* Up to its title. */
static void head_begin(struct page *g)
{
    buf_printf(g->out, "<!doctype html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\">", language_word(g->language));
    page_html(g, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"robots\" "
                 "content=\"noindex\"><title>");
}

static void head_end(struct page *g, struct span style)
{
    page_html(g, "</title><style>");
    buf_span_add(g->out, style);
    page_html(g, "</style></head><body><main id=\"main\">");
}

/* To what lies around it, for who came from there; not printed. */
static void around(struct paper *w)
{
    if (!w->in->linked)
        return;
    html(w, "<nav class=\"way\"><a href=\"/statements\">");
    page_word(&w->g, WORD_STATEMENTS);
    html(w, "</a>");
    if (!span_empty(w->in->asked)) {
        html(w, " <a href=\"/statements/");
        page_text(&w->g, w->in->asked);
        html(w, "/answer\">");
        page_word(&w->g, WORD_SG_ANSWER);
        html(w, "</a>");
    }
    html(w, "</nav>");
}

void statement_page_over(struct buf *out, enum language language, struct span style)
{
    struct page g = {.out = out, .language = language};
    head_begin(&g);
    page_word(&g, WORD_LINK_OVER);
    head_end(&g, style);
    page_html(&g, "<article class=\"doc\"><h1>");
    page_word(&g, WORD_LINK_OVER);
    page_html(&g, "</h1><p>");
    page_word(&g, WORD_LINK_OVER_ASK);
    page_html(&g, "</p></article></main></body></html>\n");
}

static void front(struct paper *w)
{
    struct span n = count_of(w, 0, (int64_t)w->s.number);
    head_begin(&w->g);
    page_say(&w->g, WORD_STATEMENT, &n, (struct span *)NULL);
    html(w, " · ");
    page_text(&w->g, w->s.campaign_name);
    head_end(&w->g, w->in->style);
    around(w);
    html(w, "<article class=\"doc\">");
    heading(w);
    contract(w);
    payment(w);
    signatures(w);
    since(w);
    quantities(w);
    paper_adjustments(w);
    total(w);
    html(w, "<section class=\"half\">");
    bridge(w);
    became(w);
    html(w, "</section>");
    paper_lines_begin(w);
}

static void back(struct paper *w)
{
    paper_lines_end(w);
    paper_terms(w);
    evidence(w);
    html(w, "</article></main>");
    languages(w);
    html(w, "</body></html>\n");
}

void statement_page(struct buf *out, const struct statement_page *in)
{
    struct paper w = {.g = {out, in->language, in->offset, in->of_page}, .s = *in->s, .in = in};
    for (size_t i = 0; i < sizeof w.piece / sizeof *w.piece; i++)
        buf_heap(&w.piece[i]);
    if (in->parts & PAGE_FRONT)
        front(&w);
    if (in->parts & PAGE_LINES)
        paper_lines(&w);
    if (in->parts & PAGE_BACK)
        back(&w);
    for (size_t i = 0; i < sizeof w.piece / sizeof *w.piece; i++)
        buf_free(&w.piece[i]);
}
