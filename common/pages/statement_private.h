/* What the files of a statement's page share: the page under way, and how its small pieces are written. */
#ifndef CS_PAGES_STATEMENT_PRIVATE_H
#define CS_PAGES_STATEMENT_PRIVATE_H

#include "common/base/text.h"
#include "common/pages/statement_page.h"
#include "common/pages/words.h"
#include "common/settlement/statement_text.h"

struct paper {
    struct page g;
    const struct statement_page *in;
    struct statement s;
    struct buf piece[6]; /* values of a sentence, while it is made */
};

/* ---- small pieces ---- */

static inline struct span member(const json_t *obj, const char *key)
{
    const json_t *v = json_object_get(obj, key);
    return span_of(json_string_value(v), json_string_length(v));
}

static inline int64_t number(const json_t *obj, const char *key)
{
    return json_integer_value(json_object_get(obj, key));
}

/* A page that writes into piece i, for page_say. */
static inline struct page aside(struct paper *w, int i)
{
    struct page g = w->g;
    g.out = &w->piece[i];
    buf_clear(g.out);
    return g;
}

static inline struct span text_of(struct paper *w, int i, struct span s)
{
    struct page g = aside(w, i);
    page_text(&g, s);
    return buf_span(g.out);
}

static inline struct span words_of(struct paper *w, int i, struct span s)
{
    struct page g = aside(w, i);
    page_words(&g, s);
    return buf_span(g.out);
}

static inline struct span count_of(struct paper *w, int i, int64_t n)
{
    struct page g = aside(w, i);
    page_count(&g, n);
    return buf_span(g.out);
}

static inline struct span index_of(struct paper *w, int i, int64_t n)
{
    struct page g = aside(w, i);
    page_index(&g, n);
    return buf_span(g.out);
}

static inline struct span time_of(struct paper *w, int i, int64_t ms)
{
    struct page g = aside(w, i);
    page_time(&g, ms);
    return buf_span(g.out);
}

static inline void html(struct paper *w, const char *text)
{
    page_html(&w->g, text);
}

static inline void money(struct paper *w, int64_t micros)
{
    page_amount(&w->g, micros, 6, (int)w->s.exponent);
}

static inline void minor(struct paper *w, int64_t v)
{
    page_amount(&w->g, v, (int)w->s.exponent, (int)w->s.exponent);
}

/* "20%": parts per million. */
static inline void percent(struct page *g, int64_t ppm)
{
    page_amount(g, ppm, 4, 0);
    page_html(g, g->language == LANGUAGE_FR ? "\u202f%" : "%");
}

static inline void word_of(struct paper *w, enum word known, struct span name)
{
    if (known != WORDS)
        page_word(&w->g, known);
    else
        page_text(&w->g, name);
}

/* <th>{word} <td class=n>, left open. */
static inline void row(struct paper *w, enum word what)
{
    html(w, "<tr><th scope=\"row\">");
    page_word(&w->g, what);
    html(w, "</th><td class=\"n\">");
}

static inline void money_row(struct paper *w, enum word what, int64_t micros)
{
    row(w, what);
    money(w, micros);
    html(w, "</td></tr>");
}

static inline void section(struct paper *w, const char *open, enum word title)
{
    html(w, open);
    html(w, "<h2>");
    page_word(&w->g, title);
    html(w, "</h2>");
}

/* <a href="{the statement in that form}, left open for further parameters. */
static inline void link_begin(struct paper *w, const char *format)
{
    html(w, "<a href=\"");
    page_text(&w->g, w->in->address);
    html(w, "format=");
    html(w, format);
    html(w, "&amp;lang=");
}

static inline void column(struct paper *w, enum word title, bool of_money, bool of_numbers)
{
    html(w, of_numbers ? "<th scope=\"col\" class=\"n\">" : "<th scope=\"col\">");
    struct span currency = text_of(w, 0, w->s.currency);
    page_say(&w->g, title, of_money ? &currency : NULL, (struct span *)NULL);
    html(w, "</th>");
}

static inline void fact(struct paper *w, enum word name)
{
    html(w, "<dt>");
    page_word(&w->g, name);
    html(w, "</dt><dd>");
}

static inline const json_t *side(const struct paper *w, bool publisher)
{
    return json_object_get(w->s.json, publisher ? "publisher" : "advertiser");
}

/* What people call a party: its legal name, or its id here. */
static inline struct span name_of(const struct paper *w, bool publisher)
{
    const json_t *party = side(w, publisher);
    struct span name = member(json_object_get(party, "legal"), "name");
    return name.len ? name : member(party, "id");
}

static inline void cell(struct paper *w, enum word label, bool of_money)
{
    struct span currency = text_of(w, 0, w->s.currency);
    html(w, "<td class=\"n\" data-l=\"");
    page_say(&w->g, label, of_money ? &currency : NULL, (struct span *)NULL);
    html(w, "\">");
}

/* "20%", "reverse charge", "no VAT". */
static inline void vat_word(struct page *g, enum tax kind, int64_t vat_ppm)
{
    if (vat_ppm > 0)
        percent(g, vat_ppm);
    else
        page_word(g, kind == TAX_REVERSE_CHARGE ? WORD_REVERSE_CHARGE : WORD_NO_VAT);
}

static inline const char *comma(const struct paper *w)
{
    return w->g.language == LANGUAGE_ZH ? "，" : ", ";
}

static inline const char *semicolon(const struct paper *w)
{
    return w->g.language == LANGUAGE_ZH ? "；" : w->g.language == LANGUAGE_FR ? "\u202f; " : "; ";
}

/* Behind what stands in front, if anything does. */
static inline void and_then(struct paper *w, struct page *g, struct span text)
{
    page_html(g, g->out->len > 0 && text.len > 0 ? comma(w) : "");
    page_words(g, text);
}

static inline void vat_id_then(struct paper *w, struct page *g, struct span vat_id)
{
    struct buf id;
    if (vat_id.len == 0)
        return;
    buf_heap(&id);
    struct page plain = {.out = &id, .language = g->language};
    page_text(&plain, vat_id);
    struct span said = buf_span(&id);
    page_html(g, g->out->len > 0 ? comma(w) : "");
    page_html(g, "<strong class=\"vatid\">"); /* as no line of an address is */
    page_say(g, WORD_VAT_ID, &said, (struct span *)NULL);
    page_html(g, "</strong>");
    buf_free(&id);
}

/* "Gamma SA, 3 rue C, 1000 Bruxelles, VAT BE0999000129", of a party's tax representative (article 226 (15)). */
static inline bool representative(struct paper *w, struct page *g, const json_t *legal)
{
    struct span lines = member(legal, "representative_address"), said;
    struct buf text;
    buf_heap(&text);
    struct page all = {.out = &text, .language = g->language};
    and_then(w, &all, member(legal, "representative_name"));
    while (lines.len > 0)
        and_then(w, &all, text_take(&lines, '\n'));
    vat_id_then(w, &all, member(legal, "representative_vat_id"));
    said = buf_span(&text);
    if (said.len > 0)
        page_say(g, WORD_REPRESENTATIVE, &said, (struct span *)NULL);
    buf_free(&text);
    return said.len > 0;
}

/* "Alpha SARL, 1 rue A, 75001 Paris, France, VAT FR48999000102" */
static inline struct span trader_of(struct paper *w, int i, uint64_t entry)
{
    const json_t *is = statement_trader(&w->s, entry);
    struct span lines = member(is, "address");
    struct page g = aside(w, i);
    if (is == NULL)
        page_word(&g, WORD_TAX_AS_NOBODY);
    and_then(w, &g, member(is, "name"));
    while (lines.len > 0)
        and_then(w, &g, text_take(&lines, '\n'));
    and_then(w, &g, country_word(g.language, member(is, "country")));
    vat_id_then(w, &g, member(is, "vat_id"));
    if (member(is, "representative_name").len + member(is, "representative_vat_id").len > 0) {
        page_html(&g, comma(w));
        representative(w, &g, is);
    }
    return buf_span(g.out);
}

/* Who charged whom, where they were others than they are; `open` in front, if so. */
static inline bool charged_as(struct paper *w, const char *open, const uint64_t as[2])
{
    if (!statement_trader_moved(&w->s, 0, as[0]) && !statement_trader_moved(&w->s, 1, as[1]))
        return false;
    struct span by = trader_of(w, 0, as[1]), to = trader_of(w, 1, as[0]);
    html(w, open);
    page_say(&w->g, WORD_TAX_AS, &by, &to, (struct span *)NULL);
    return true;
}

/* Under which VAT a part of the statement is, where not all of it is under one. */
static inline void vat_of(struct paper *w, const json_t *part)
{
    enum tax kind = w->s.tax;
    if (w->s.n_rows < 2 || number(part, "micros") == 0)
        return;
    if (tax_parse(member(part, "vat_kind"), &kind) != ERR_OK)
        kind = w->s.tax; /* it is that of the statement */
    html(w, "<span class=\"why\">");
    if (number(part, "vat_ppm") > 0) {
        struct page rate = aside(w, 0);
        page_amount(&rate, number(part, "vat_ppm"), 4, 0);
        struct span percent = buf_span(rate.out);
        page_say(&w->g, WORD_VAT, &percent, (struct span *)NULL);
    } else {
        vat_word(&w->g, kind, 0);
    }
    html(w, "</span>");
    uint64_t as[2];
    statement_part_whose(&w->s, part, as);
    if (charged_as(w, "<span class=\"why\">", as))
        html(w, "</span>");
}

/* statement_terms.c: the price of a tier, by what it asks for; and the section of the terms. */
void paper_tier(struct paper *w, enum word kind, int64_t terms, int64_t tier);
void paper_terms(struct paper *w);
/* statement_lines.c: the sections of adjustments and of line items. */
void paper_adjustments(struct paper *w);
void paper_lines_begin(struct paper *w);
void paper_lines(struct paper *w);
void paper_lines_end(struct paper *w);

#endif
