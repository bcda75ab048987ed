#include "common/base/money.h"
#include "common/settlement/statement_text.h"

static const char head[] =
    "<style>"
    "body{font:14px/1.45 system-ui,sans-serif;color:#111;background:#fff;max-width:60rem;margin:2rem auto;padding:0 "
    "1rem}"
    "h1{font-size:1.5rem;margin:0 0 .2rem}h2{font-size:1.05rem;margin:2rem 0 .4rem}"
    "table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:.25rem .6rem;border-bottom:1px solid "
    "#ddd;vertical-align:top}"
    "th{font-weight:600}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}"
    "tr.total td,tr.total th{border-top:2px solid #111;font-weight:700}"
    "code{font:12px/1.4 ui-monospace,monospace;word-break:break-all}p{margin:.3rem 0}.note{color:#555}"
    "@media print{body{margin:0;max-width:none;font-size:11px}thead{display:table-header-group}tr{break-inside:avoid}}"
    "</style></head><body>";

static void escape(struct buf *out, struct span s)
{
    for (size_t i = 0; i < s.len; i++)
        switch (s.ptr[i]) {
        case '&':
            buf_str(out, "&amp;");
            break;
        case '<':
            buf_str(out, "&lt;");
            break;
        case '>':
            buf_str(out, "&gt;");
            break;
        case '"':
            buf_str(out, "&quot;");
            break;
        case '\'':
            buf_str(out, "&#39;");
            break;
        default:
            buf_byte(out, (uint8_t)s.ptr[i]);
        }
}

/* `open` text `close`, only the text escaped. */
static void put(struct buf *out, const char *open, struct span text, const char *close)
{
    buf_str(out, open);
    escape(out, text);
    buf_str(out, close);
}

static struct span text(const json_t *obj, const char *key)
{
    const json_t *v = json_object_get(obj, key);
    return span_of(json_string_value(v), json_string_length(v));
}

static void amount(struct buf *out, const struct statement *s, int64_t micros)
{
    buf_str(out, "<td class=n>");
    decimal_add(out, micros, 6, (int)s->exponent);
    buf_str(out, "</td>");
}

static void fact(struct buf *out, const char *name, struct span value)
{
    put(out, "<tr><th>", span_str(name), "</th>");
    put(out, "<td><code>", value, "</code></td></tr>");
}

static void parties(struct buf *out, const struct statement *s)
{
    const json_t *period = json_object_get(s->json, "period");

    put(out, "<h1>Statement ", s->id, "</h1>");
    put(out, "<p>Issued by ", s->issuer, "");
    put(out, " on ", text(s->json, "issued_at"), ".</p>");
    buf_str(out, "<table>");
    fact(out, "Contract", s->contract);
    fact(out, "Advertiser", s->advertiser);
    fact(out, "Publisher", span_empty(s->publisher) ? SPAN("none: a direct contract") : s->publisher);
    put(out, "<tr><th>Period</th><td>", text(period, "from_at"), "");
    put(out, " to ", text(period, "to_at"), "");
    buf_printf(out, "<br>ledger entries %llu to %llu, the last not included</td></tr>", (unsigned long long)s->from,
               (unsigned long long)s->to);
    buf_str(out, "</table>");
}

static void amounts_row(struct buf *out, const struct statement *s, const char *name, int64_t micros)
{
    put(out, "<tr><th>", span_str(name), "</th>");
    amount(out, s, micros);
    buf_str(out, "</tr>");
}

static void amounts(struct buf *out, const struct statement *s)
{
    int64_t unit = micros_per_minor((int)s->exponent);
    /* before rounding: what was brought in from the statement before */
    int64_t brought = s->payable_minor * unit + s->carried_micros - s->net_micros;

    put(out, "<h2>Amounts in ", s->currency, "</h2><table>");
    amounts_row(out, s, "Approved leads and paid traffic (gross)", s->gross_micros);
    amounts_row(out, s, "Adjustments: corrections, approvals and refusals taken back", s->net_micros - s->gross_micros);
    amounts_row(out, s, "Net", s->net_micros);
    amounts_row(out, s, "Brought in from the previous statement", brought);
    amounts_row(out, s, "Carried to the next statement", s->carried_micros);
    put(out, "<tr class=total><th>Payable, ", s->currency, "</th><td class=n>");
    decimal_add(out, s->payable_minor, (int)s->exponent, (int)s->exponent);
    buf_str(out, "</td></tr></table>");
}

static void count_rows(struct buf *out, const char *prefix, const json_t *counts)
{
    const char *name;
    json_t *v;
    json_object_foreach((json_t *)counts, name, v)
    {
        if (json_is_object(v)) {
            count_rows(out, "rejected: ", v);
            continue;
        }
        put(out, strcmp(name, "total") == 0 ? "<tr class=total><th>" : "<tr><th>", span_str(prefix), "");
        put(out, "", span_str(name), "</th><td class=n>");
        buf_i64(out, json_integer_value(v));
        buf_str(out, "</td></tr>");
    }
}

static void counts(struct buf *out, const struct statement *s)
{
    static const struct {
        const char *key, *title;
    } groups[] = {
        {"leads", "Leads received in the period, as they stood at its end"},
        {"clicks", "Clicks, by class"},
        {"impressions", "Impressions, by class"},
        {"views", "Views, by class"},
        {"payable", "Clicks and impressions of classes that pay"},
        {"gaps", "Could not be recorded"},
    };
    for (size_t i = 0; i < sizeof groups / sizeof *groups; i++) {
        put(out, "<h2>", span_str(groups[i].title), "</h2><table>");
        count_rows(out, "", json_object_get(s->counts, groups[i].key));
        buf_str(out, "</table>");
    }
}

static void lead(struct buf *out, const json_t *of)
{
    const json_t *index = json_object_get(of, "lead");
    buf_str(out, "<td class=n>");
    if (index != NULL)
        buf_i64(out, json_integer_value(index));
    buf_str(out, "</td>");
}

static void adjustments(struct buf *out, const struct statement *s)
{
    const json_t *a;
    size_t i;

    if (json_array_size(s->adjustments) == 0)
        return;
    buf_str(out, "<h2>Adjustments</h2><table><thead><tr><th class=n>Entry</th><th class=n>Lead "
                 "entry</th><th>Why</th><th class=n>Amount</th></tr></thead>");
    json_array_foreach(s->adjustments, i, a)
    {
        buf_printf(out, "<tr><td class=n>%lld</td>", (long long)json_integer_value(json_object_get(a, "index")));
        lead(out, a);
        put(out, "<td>", text(a, "reason"), "");
        put(out, json_object_get(a, "statement") != NULL ? ", of statement " : "", text(a, "statement"), "</td>");
        amount(out, s, json_integer_value(json_object_get(a, "micros")));
        buf_str(out, "</tr>");
    }
    buf_str(out, "</table>");
}

static void share(struct buf *out, const struct statement_line *l)
{
    if (l->share_from < 0 || l->share_to <= l->share_from)
        return;
    buf_str(out, ", ");
    decimal_add(out, l->share_to - l->share_from, 4, 0);
    buf_str(out, " % of the lead");
}

static void line_row(struct buf *out, const struct statement *s, const struct statement_line *l)
{
    if (l->traffic) {
        buf_printf(out,
                   "<tr><td></td><td>traffic</td><td></td><td></td><td>%lld of %lld clicks, %lld of %lld "
                   "impressions</td>",
                   (long long)l->clicks, (long long)l->all_clicks, (long long)l->impressions,
                   (long long)l->all_impressions);
    } else {
        buf_printf(out, "<tr><td class=n>%lld</td>", (long long)l->index);
        put(out, "<td>", l->kind, "</td>");
        lead(out, l->json);
        put(out, "<td>", l->lead_at, "</td>");
        put(out, "<td>", l->status, "");
        bool told = span_empty(l->reason) || span_eq(l->reason, l->status);
        put(out, told ? "" : ": ", told ? SPAN("") : l->reason, "");
        share(out, l);
        buf_str(out, "</td>");
    }
    amount(out, s, l->micros);
    buf_str(out, "</tr>");
}

static void line_items(struct buf *out, const struct statement *s, struct span lines)
{
    struct statement_line line = {0};

    buf_str(out, "<h2>Line items</h2><table><thead><tr><th class=n>Entry</th><th>Kind</th><th class=n>Lead "
                 "entry</th><th>Lead received</th>"
                 "<th>Status</th><th class=n>Amount</th></tr></thead>");
    while (statement_line_next(&lines, &line))
        line_row(out, s, &line);
    buf_str(out, "</table>");
}

static void evidence(struct buf *out, const struct statement *s)
{
    const json_t *tree = json_object_get(s->json, "tree"), *lines = json_object_get(s->json, "lines");

    buf_str(out, "<h2>Evidence</h2><p class=note>This page is for reading. The signed statement is the JWS of the same "
                 "id; whoever holds the "
                 "contract's ledger can recompute every number of it.</p><table>");
    fact(out, "Ledger root at the start", text(tree, "from_root"));
    fact(out, "Ledger root at the end", text(tree, "to_root"));
    fact(out, "Root of the line items", text(lines, "root"));
    fact(out, "SHA-256 of the line items", text(lines, "sha256"));
    fact(out, "SHA-256 of the previous statement",
         s->has_prev ? text(s->json, "prev_sha256") : SPAN("none: this is the first"));
    buf_str(out, "</table>");
}

void statement_html(struct buf *out, struct span payload, struct span lines)
{
    struct statement s;

    if (statement_read(payload, &s) != ERR_OK)
        return;
    buf_str(
        out,
        "<!doctype html><html lang=en><head><meta charset=utf-8><meta name=viewport content=\"width=device-width\">");
    put(out, "<title>Statement ", s.id, "</title>");
    buf_str(out, head);
    parties(out, &s);
    amounts(out, &s);
    counts(out, &s);
    adjustments(out, &s);
    line_items(out, &s, lines);
    evidence(out, &s);
    buf_str(out, "</body></html>\n");
    statement_close(&s);
}
