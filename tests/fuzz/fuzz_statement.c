/* common/settlement: a statement (first line) with its line items (the rest), and a party's answer. A payload that
 * reads is canonical; its forms for people keep its texts in their places, and say nothing of one that does not. */
#include "common/base/money.h"
#include "common/base/utf8.h"
#include "common/pages/statement_page.h"
#include "common/settlement/statement.h"
#include "tests/fuzz/fuzz.h"

enum { COLUMNS = 48 };

static void write(struct buf *out, const json_t *v)
{
    struct jw w;
    jw_open(&w, out);
    jw_value(&w, v);
    jw_close(&w);
}

/* RFC 4180, each record of as many cells; none that a spreadsheet would run. */
static void csv_holds(struct span csv)
{
    size_t columns = 1;
    bool quoted = false, first = true; /* first: no byte of the cell was seen */
    for (size_t i = 0; i < csv.len; i++) {
        char c = csv.ptr[i];
        HOLDS(!first || quoted || strchr("=@\t", c) == NULL || c == '\0');
        first = first && c == '"';
        if (c == '"')
            quoted = !quoted;
        if (quoted || (c != ',' && c != '\n'))
            continue;
        first = true;
        columns += c == ',';
        if (c == '\n') {
            HOLDS(columns == COLUMNS && csv.ptr[i - 1] == '\r');
            columns = 1;
        }
    }
    HOLDS(!quoted && csv.len > 0 && csv.ptr[csv.len - 1] == '\n');
}

/* No tags but those of the page itself, none of which has a quote that a text could end. */
static void html_holds(struct span html)
{
    static const char *const tags[] = {
        "!doctype", "html", "head", "meta", "title", "style",  "body",    "main",  "article", "header", "section",
        "footer",   "nav",  "h1",   "h2",   "p",     "div",    "span",    "table", "thead",   "tbody",  "tfoot",
        "tr",       "th",   "td",   "br",   "a",     "b",      "bdi",     "em",    "ol",      "li",     "dl",
        "dt",       "dd",   "svg",  "path", "time",  "strong", "address", "code",  NULL};
    for (size_t i = 0; i < html.len; i++) {
        if (html.ptr[i] != '<')
            continue;
        size_t from = i + 1 + (i + 1 < html.len && html.ptr[i + 1] == '/'), to = from;
        while (to < html.len && html.ptr[to] != '>' && html.ptr[to] != ' ')
            to++;
        const char *const *tag = tags;
        while (*tag != NULL && !span_is(span_of(html.ptr + from, to - from), *tag))
            tag++;
        HOLDS(*tag != NULL);
    }
}

static void forms_for_people(struct span payload, const struct statement *s, struct span lines)
{
    struct buf csv, html;
    buf_heap(&csv);
    buf_heap(&html);
    struct statement_page page = {.s = s,
                                  .payload = payload,
                                  .lines = lines,
                                  .parts = PAGE_WHOLE,
                                  .lines_all = lines.len,
                                  .texts = true,
                                  .language = (enum language)(payload.len % LANGUAGES)};
    statement_page(&html, &page);
    page.language = LANGUAGE_EN;
    statement_csv(&csv, &page);
    HOLDS(csv.len > 0 && html.len > 0);
    csv_holds(buf_span(&csv));
    html_holds(buf_span(&html));
    HOLDS(utf8_valid(buf_span(&csv)) && utf8_valid(buf_span(&html)));
    buf_free(&csv);
    buf_free(&html);
}

static bool statement(struct span payload, struct span lines)
{
    struct statement s;
    struct buf again;
    if (statement_read(payload, &s) != ERR_OK)
        return false;
    buf_heap(&again);
    write(&again, s.json);
    HOLDS(span_eq(buf_span(&again), payload));
    HOLDS(s.from <= s.to && s.to_ms >= 0 && s.issued_ms >= 0);
    HOLDS(s.exponent == currency_exponent(s.currency) && s.id.len <= LIMIT_ID && s.contract.len <= LIMIT_ID);
    HOLDS(json_is_object(s.counts) && json_is_array(s.adjustments));
    buf_free(&again);
    forms_for_people(payload, &s, lines);
    statement_close(&s);
    return true;
}

static enum err read_response(struct span payload, struct response *out, struct problem *p)
{
    struct party_jws said;
    enum err err = party_jws_payload(payload, RESPONSE_TYP, SPAN("A1"), &said, p);
    return err == ERR_OK ? response_read(&said, out, p) : err;
}

static void response(struct span payload)
{
    static struct response r, r2;
    struct problem p = {0};
    struct buf canonical;
    if (read_response(payload, &r, &p) != ERR_OK) {
        fuzz_problem(&p);
        return;
    }
    fuzz_accepted++;
    buf_heap(&canonical);
    write(&canonical, r.said.json);
    HOLDS(read_response(buf_span(&canonical), &r2, NULL) == ERR_OK);
    HOLDS(r.accept == r2.accept && memcmp(&r.statement_sha256, &r2.statement_sha256, HASH_LEN) == 0);
    HOLDS(!r.accept || r.n_disputed == 0);
    for (size_t i = 1; i < r.n_disputed; i++)
        HOLDS(r.disputed[i - 1] < r.disputed[i]);
    buf_free(&canonical);
    response_close(&r);
    response_close(&r2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct span lines = span_of(data, size), payload = fuzz_copy(fuzz_take(&lines, '\n'));
    fuzz_accepted += statement(payload, lines);
    response(payload);
    fuzz_drop(payload);
    return 0;
}
