#include "common/pages/statement_page.h"

#include "common/base/money.h"
#include "common/base/text.h"
#include "common/base/when.h"
#include "common/crypto/crypto.h"
#include "common/settlement/statement_text.h"

struct paper {
    struct page g;
    const struct statement_page *in;
    struct statement s;
    struct buf piece[3]; /* values of a sentence, while it is made */
};

/* ---- small pieces ---- */

static struct span member(const json_t *obj, const char *key)
{
    const json_t *v = json_object_get(obj, key);
    return span_of(json_string_value(v), json_string_length(v));
}

static int64_t number(const json_t *obj, const char *key)
{
    return json_integer_value(json_object_get(obj, key));
}

/* A page that writes into piece i, for page_say. */
static struct page aside(struct paper *w, int i)
{
    struct page g = w->g;
    g.out = &w->piece[i];
    buf_clear(g.out);
    return g;
}

static struct span text_of(struct paper *w, int i, struct span s)
{
    struct page g = aside(w, i);
    page_text(&g, s);
    return buf_span(g.out);
}

static struct span count_of(struct paper *w, int i, int64_t n)
{
    struct page g = aside(w, i);
    page_count(&g, n);
    return buf_span(g.out);
}

static struct span time_of(struct paper *w, int i, int64_t ms)
{
    struct page g = aside(w, i);
    page_time(&g, ms);
    return buf_span(g.out);
}

static void html(struct paper *w, const char *text)
{
    page_html(&w->g, text);
}

static void money(struct paper *w, int64_t micros)
{
    page_amount(&w->g, micros, 6, (int)w->s.exponent);
}

static void minor(struct paper *w, int64_t v)
{
    page_amount(&w->g, v, (int)w->s.exponent, (int)w->s.exponent);
}

static void word_of(struct paper *w, enum word known, struct span name)
{
    if (known != WORDS)
        page_word(&w->g, known);
    else
        page_text(&w->g, name);
}

/* <th>{word} <td class=n>, left open. */
static void row(struct paper *w, enum word what)
{
    html(w, "<tr><th scope=\"row\">");
    page_word(&w->g, what);
    html(w, "</th><td class=\"n\">");
}

static void money_row(struct paper *w, enum word what, int64_t micros)
{
    row(w, what);
    money(w, micros);
    html(w, "</td></tr>");
}

static void section(struct paper *w, const char *open, enum word title)
{
    html(w, open);
    html(w, "<h2>");
    page_word(&w->g, title);
    html(w, "</h2>");
}

static void column(struct paper *w, enum word title, bool of_money, bool of_numbers)
{
    html(w, of_numbers ? "<th scope=\"col\" class=\"n\">" : "<th scope=\"col\">");
    struct span currency = text_of(w, 0, w->s.currency);
    page_say(&w->g, title, of_money ? &currency : NULL, (struct span *)NULL);
    html(w, "</th>");
}

static void fact(struct paper *w, enum word name)
{
    html(w, "<dt>");
    page_word(&w->g, name);
    html(w, "</dt><dd>");
}

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

static void heading(struct paper *w)
{
    struct span n = count_of(w, 0, (int64_t)w->s.number);
    html(w, "<header class=\"dh\"><div><p class=\"s\">");
    page_word(&w->g, json_is_true(json_object_get(json_object_get(w->s.json, "tax"), "self_billing"))
                         ? WORD_KIND_SELF_BILLING
                         : WORD_KIND);
    html(w, "</p><h1>");
    page_say(&w->g, WORD_NUMBER, &n, (struct span *)NULL);
    html(w, "</h1></div><dl class=\"kv\">");
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

static const json_t *side(const struct paper *w, bool publisher)
{
    return json_object_get(w->s.json, publisher ? "publisher" : "advertiser");
}

/* What people call a party: its legal name, or its id here. */
static struct span name_of(const struct paper *w, bool publisher)
{
    const json_t *party = side(w, publisher);
    struct span name = member(json_object_get(party, "legal"), "name");
    return name.len ? name : member(party, "id");
}

static void address(struct paper *w, bool publisher)
{
    const json_t *legal = json_object_get(side(w, publisher), "legal");
    struct span lines = member(legal, "address"), line, vat = member(legal, "vat_id");
    html(w, "<address><span class=\"s\">");
    page_word(&w->g, publisher ? WORD_SUPPLIER : WORD_CUSTOMER);
    html(w, "</span><br><b>");
    if (name_of(w, publisher).len)
        page_text(&w->g, name_of(w, publisher));
    else
        page_word(&w->g, WORD_NO_PUBLISHER);
    html(w, "</b>");
    while (lines.len) {
        line = text_take(&lines, '\n');
        html(w, "<br>");
        page_text(&w->g, line);
    }
    if (member(legal, "country").len) {
        html(w, "<br>");
        page_text(&w->g, member(legal, "country"));
    }
    if (vat.len) {
        struct span id = text_of(w, 0, vat);
        html(w, "<br>");
        page_say(&w->g, WORD_VAT_ID, &id, (struct span *)NULL);
    }
    html(w, "</address>");
}

static void contract(struct paper *w)
{
    html(w, "<section class=\"half keep\">");
    address(w, true);
    address(w, false);
    html(w, "</section><section><dl class=\"kv l\">");
    fact(w, WORD_CAMPAIGN);
    page_text(&w->g, w->s.campaign_name);
    html(w, "</dd>");
    fact(w, WORD_CONTRACT);
    html(w, "<span class=\"id\">");
    page_text(&w->g, w->s.contract);
    html(w, "</span>, ");
    struct span entry = count_of(w, 0, (int64_t)w->s.terms);
    page_say(&w->g, WORD_TERMS_AT, &entry, (struct span *)NULL);
    html(w, "</dd>");
    fact(w, WORD_ISSUER);
    page_text(&w->g, w->s.issuer);
    html(w, "</dd></dl></section>");
}

/* What is to be paid, VAT included. */
static int64_t to_pay(const struct paper *w)
{
    return w->s.payable_minor + number(json_object_get(w->s.json, "tax"), "vat_minor");
}

static void payment(struct paper *w)
{
    bool by_publisher = span_is(w->s.payable_by, "publisher"), owed = w->s.payable_by.len != 0;
    html(w, "<section class=\"pay keep\"><p>");
    if (owed) {
        struct page due = aside(w, 2);
        struct span payer = text_of(w, 0, name_of(w, by_publisher)), payee = text_of(w, 1, name_of(w, !by_publisher));
        page_say(&w->g, WORD_PAYS, &payer, &payee, (struct span *)NULL);
        html(w, "<br>");
        page_day(&due, w->s.due_ms);
        struct span day = buf_span(due.out);
        page_say(&w->g, WORD_PAYS_BY, &day, (struct span *)NULL);
    } else {
        page_word(&w->g, WORD_PAYS_NOTHING);
    }
    html(w, "</p><strong>");
    minor(w, owed && to_pay(w) < 0 ? -to_pay(w) : to_pay(w));
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
    page_text(&w->g, name);
    html(w, "</b> <span>");
    page_word(&w->g, role);
    html(w, "</span> <em>");
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
           a->given ? a->thumbprint : SPAN(""), name_of(w, publisher), publisher ? WORD_PUBLISHER : WORD_ADVERTISER);
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
    if (a->given && a->reason.len) {
        struct span reason = text_of(w, 0, a->reason);
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
    html(w, "</ol></section>");
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
    if (json_object_get(q, "tier") != NULL) {
        struct span tier = count_of(w, 0, number(q, "tier") + 1);
        page_say(&w->g, WORD_OF_TIER, &tier, (struct span *)NULL);
    } else {
        word_of(w, known, member(q, "what"));
    }
    if (json_object_get(q, "terms") != NULL && number(q, "terms") != (int64_t)w->s.terms) {
        struct span entry = count_of(w, 0, number(q, "terms"));
        html(w, "<span class=\"why\">");
        page_say(&w->g, WORD_OF_TERMS, &entry, (struct span *)NULL);
        html(w, "</span>");
    }
}

static void cell(struct paper *w, enum word label, bool of_money)
{
    struct span currency = text_of(w, 0, w->s.currency);
    html(w, "<td class=\"n\" data-l=\"");
    page_say(&w->g, label, of_money ? &currency : NULL, (struct span *)NULL);
    html(w, "\">");
}

static void quantities(struct paper *w)
{
    const json_t *q;
    size_t i;
    section(w, "<section>", WORD_QUANTITIES);
    html(w, "<table class=\"cards\"><thead><tr>");
    column(w, WORD_WHAT, false, false);
    column(w, WORD_QUANTITY, false, true);
    column(w, WORD_UNIT_PRICE, true, true);
    column(w, WORD_AMOUNT, true, true);
    html(w, "</tr></thead><tbody>");
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

/* Why an adjustment is there: what became of the lead, or what the operator wrote. */
static void adjusted_why(struct paper *w, const json_t *a)
{
    struct span reason = member(a, "reason");
    enum word status = word_of_status(reason);
    if (json_object_get(a, "adjustment") != NULL)
        status = WORD_CORRECTION;
    else if (status == WORD_APPROVED)
        status = WORD_REINSTATED;
    word_of(w, status, reason);
}

static void adjustment(struct paper *w, const json_t *a)
{
    html(w, "<tr>");
    cell(w, WORD_LINE_ENTRY, false);
    page_count(&w->g, number(a, "index"));
    html(w, "</td>");
    cell(w, WORD_ADJUSTED_LEAD, false);
    if (json_object_get(a, "lead") != NULL)
        page_count(&w->g, number(a, "lead"));
    else
        html(w, "–");
    html(w, "</td><td>");
    adjusted_why(w, a);
    html(w, "</td>");
    cell(w, WORD_ADJUSTED_FIRST, false);
    html(w, "<span class=\"id\">");
    page_text(&w->g, member(a, "statement"));
    html(w, member(a, "statement").len ? "</span>" : "–</span>");
    html(w, "</td>");
    cell(w, WORD_AMOUNT, true);
    money(w, number(a, "micros"));
    html(w, "</td></tr>");
}

static void adjustments(struct paper *w)
{
    const json_t *a;
    size_t i;
    if (json_array_size(w->s.adjustments) == 0)
        return;
    section(w, "<section>", WORD_ADJUSTMENTS);
    html(w, "<table class=\"cards\"><thead><tr>");
    column(w, WORD_LINE_ENTRY, false, true);
    column(w, WORD_ADJUSTED_LEAD, false, true);
    column(w, WORD_ADJUSTED_WHY, false, false);
    column(w, WORD_ADJUSTED_FIRST, false, true);
    column(w, WORD_AMOUNT, true, true);
    html(w, "</tr></thead><tbody>");
    json_array_foreach(w->s.adjustments, i, a) adjustment(w, a);
    html(w, "</tbody><tfoot><tr><th scope=\"row\" colspan=\"4\">");
    page_word(&w->g, WORD_ADJUSTED_ALL);
    html(w, "</th>");
    cell(w, WORD_AMOUNT, true);
    money(w, w->s.net_micros - w->s.gross_micros);
    html(w, "</td></tr></tfoot></table></section>");
}

/* The sentence that the law wants, by the kind of the supply. */
static enum word tax_sentence(struct span kind)
{
    static const struct {
        const char *kind;
        enum word word;
    } kinds[] = {{"domestic", WORD_TAX_DOMESTIC}, {"reverse_charge", WORD_TAX_REVERSE}, {"outside", WORD_TAX_OUTSIDE}};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (span_is(kind, kinds[i].kind))
            return kinds[i].word;
    return WORDS;
}

static void tax_row(struct paper *w, const json_t *tax)
{
    if (number(tax, "vat_ppm") == 0)
        return;
    struct page rate = aside(w, 0);
    page_amount(&rate, number(tax, "vat_ppm"), 4, 0);
    struct span percent = buf_span(rate.out);
    html(w, "<tr><th scope=\"row\">");
    page_say(&w->g, WORD_VAT, &percent, (struct span *)NULL);
    html(w, "</th><td class=\"n\">");
    minor(w, number(tax, "vat_minor"));
    html(w, "</td></tr>");
}

static void total(struct paper *w)
{
    const json_t *tax = json_object_get(w->s.json, "tax");
    int64_t unit = micros_per_minor((int)w->s.exponent);
    enum word sentence = tax_sentence(member(tax, "kind"));
    section(w, "<section class=\"keep\">", WORD_TOTAL);
    html(w, "<table class=\"fit\"><tbody>");
    money_row(w, WORD_NET, w->s.net_micros);
    money_row(w, WORD_BROUGHT, w->s.payable_minor * unit + w->s.carried_micros - w->s.net_micros);
    money_row(w, WORD_CARRIED, w->s.carried_micros);
    tax_row(w, tax);
    html(w, "</tbody><tfoot><tr><th scope=\"row\">");
    struct span currency = text_of(w, 0, w->s.currency);
    page_say(&w->g, WORD_TO_PAY, &currency, (struct span *)NULL);
    html(w, "</th><td class=\"n\">");
    minor(w, to_pay(w));
    html(w, "</td></tr></tfoot></table>");
    if (sentence != WORDS || json_is_true(json_object_get(tax, "self_billing"))) {
        html(w, "<p class=\"s\">");
        if (sentence != WORDS)
            page_word(&w->g, sentence);
        if (json_is_true(json_object_get(tax, "self_billing"))) {
            html(w, " ");
            page_word(&w->g, WORD_SELF_BILLING);
        }
        html(w, "</p>");
    }
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
        between = w->g.language == LANGUAGE_ZH ? "，" : ", ";
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

/* ---- line items ---- */

/* A canonical line that changes no money says so in these bytes; texts cannot: their quotation marks are escaped. */
static bool moves_money(struct span line)
{
    static const char nothing[] = ",\"micros\":0,";
    return memmem(line.ptr, line.len, nothing, sizeof nothing - 1) == NULL;
}

static void part(struct paper *w, const struct statement_line *l)
{
    if (l->share_from < 0 || l->share_to <= l->share_from)
        return;
    struct page share = aside(w, 0);
    page_amount(&share, l->share_to - l->share_from, 4, 0);
    buf_str(share.out, w->g.language == LANGUAGE_FR ? "\u202f%" : "%");
    struct span percent = buf_span(share.out);
    html(w, "<span class=\"why\">");
    page_say(&w->g, WORD_LINE_PART, &percent, (struct span *)NULL);
    html(w, "</span>");
}

/* The operator's, with its reason. */
static void correction(struct paper *w, const struct statement_line *l)
{
    struct span text = text_of(w, 0, member(l->json, "text"));
    page_word(&w->g, WORD_CORRECTION);
    html(w, "<span class=\"why\">");
    page_say(&w->g, WORD_QUOTED, &text, (struct span *)NULL);
    html(w, "</span>");
}

static void line_row(struct paper *w, const struct statement_line *l)
{
    int64_t at_ms;
    html(w, "<tr><td class=\"nb\" data-l=\"");
    page_word(&w->g, WORD_LINE_RECEIVED);
    html(w, "\">");
    if (l->lead_at.len && time_parse(l->lead_at, &at_ms) == ERR_OK)
        page_time(&w->g, at_ms);
    html(w, "</td>");
    cell(w, WORD_ADJUSTED_LEAD, false);
    if (l->lead_at.len)
        page_count(&w->g, l->lead);
    html(w, "</td>");
    cell(w, WORD_LINE_ENTRY, false);
    if (!l->traffic)
        page_count(&w->g, l->index);
    html(w, "</td><td>");
    if (l->traffic)
        page_word(&w->g, WORD_LINE_TRAFFIC);
    else if (span_is(l->kind, "adjustment"))
        correction(w, l);
    else
        word_of(w, word_of_status(l->status), l->status.len ? l->status : l->reason);
    part(w, l);
    html(w, "</td>");
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
        page_say(&w->g, WORD_LINES, &from, &to, &of, (struct span *)NULL);
    html(w, "</h2>");
}

static void lines(struct paper *w)
{
    struct span rest = w->in->lines, line;
    struct statement_line item = {0};
    size_t all = 0, most = w->in->lines_most, shown = 0;
    while (text_cut(&rest, '\n', &line))
        all += moves_money(line);
    lines_heading(w, most != 0 && most < all ? most : all, all);
    if (all != 0) {
        html(w, "<table class=\"cards lines\"><thead><tr>");
        column(w, WORD_LINE_RECEIVED, false, false);
        column(w, WORD_ADJUSTED_LEAD, false, true);
        column(w, WORD_LINE_ENTRY, false, true);
        column(w, WORD_LINE_STATE, false, false);
        column(w, WORD_AMOUNT, true, true);
        html(w, "</tr></thead><tbody>");
        rest = w->in->lines;
        while ((most == 0 || shown < most) && text_cut(&rest, '\n', &line)) {
            struct span one = span_of(line.ptr, line.len + 1);
            if (!moves_money(line) || !statement_line_next(&one, &item))
                continue;
            line_row(w, &item);
            shown++;
        }
        json_decref(item.json);
        html(w, "</tbody></table>");
    }
    if (shown < all) {
        struct span n = count_of(w, 0, (int64_t)all);
        html(w, "<p class=\"screen\"><a href=\"");
        page_text(&w->g, w->in->address);
        html(w, "&amp;lines=all\">");
        page_say(&w->g, WORD_LINES_ALL, &n, (struct span *)NULL);
        html(w, "</a></p>");
    }
    html(w, "</section>");
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
    page_count(&w->g, (int64_t)w->s.from);
    html(w, " – ");
    page_count(&w->g, (int64_t)w->s.to - 1);
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
    html(w, "<span class=\"id\">countersign pull ");
    page_text(&w->g, w->s.issuer);
    html(w, " DIR --contract ");
    page_text(&w->g, w->s.contract);
    html(w, " --token … &amp;&amp; countersign verify DIR</span></dd></dl><p class=\"s\">");
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
    html(w, "</p><nav aria-label=\"");
    page_word(&w->g, WORD_LANGUAGE);
    html(w, "\">");
    for (enum language l = 0; l < LANGUAGES; l++) {
        html(w, "<a href=\"");
        page_text(&w->g, w->in->address);
        buf_printf(w->g.out, "&amp;lang=%s\" lang=\"%s\" hreflang=\"%s\"%s>%s</a> ", language_word(l), language_word(l),
                   language_word(l), l == w->g.language ? " aria-current=\"true\"" : "", names[l]);
    }
    html(w, "</nav></footer>");
}

enum err statement_page(struct buf *out, const struct statement_page *in)
{
    struct paper w = {.g = {out, in->language, in->offset, in->of_page}, .in = in};
    if (statement_read(in->payload, &w.s) != ERR_OK)
        return ERR_CORRUPT;
    for (size_t i = 0; i < 3; i++)
        buf_heap(&w.piece[i]);
    struct span n = count_of(&w, 0, (int64_t)w.s.number);
    buf_printf(out, "<!doctype html>\n<html lang=\"%s\"><head><meta charset=\"utf-8\">", language_word(in->language));
    html(&w, "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><meta name=\"robots\" "
             "content=\"noindex\"><title>");
    page_say(&w.g, WORD_STATEMENT, &n, (struct span *)NULL);
    html(&w, " · ");
    page_text(&w.g, w.s.campaign_name);
    html(&w, "</title><style>");
    buf_span_add(out, in->style);
    html(&w, "</style></head><body><main id=\"main\"><article class=\"doc\">");
    heading(&w);
    contract(&w);
    payment(&w);
    signatures(&w);
    quantities(&w);
    adjustments(&w);
    total(&w);
    html(&w, "<section class=\"half\">");
    bridge(&w);
    became(&w);
    html(&w, "</section>");
    lines(&w);
    evidence(&w);
    html(&w, "</article></main>");
    languages(&w);
    html(&w, "</body></html>\n");
    for (size_t i = 0; i < 3; i++)
        buf_free(&w.piece[i]);
    statement_close(&w.s);
    return ERR_OK;
}
