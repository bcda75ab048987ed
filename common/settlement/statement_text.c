#include "common/settlement/statement_text.h"

#include <assert.h>

#include <string.h>

#include "common/base/json_peek.h"
#include "common/base/money.h"
#include "common/base/text.h"
#include "common/settlement/corrections.h"
#include "common/settlement/vat.h"

static struct span text(const json_t *obj, const char *key)
{
    const json_t *v = json_object_get(obj, key);
    return json_is_string(v) ? span_of(json_string_value(v), json_string_length(v)) : SPAN("");
}

static int64_t number(const json_t *obj, const char *key)
{
    return json_integer_value(json_object_get(obj, key));
}

/* Of a line without one, which stands behind all others, the largest. */
static uint64_t index_of(struct span line)
{
    struct span digits;
    uint64_t v = 0;
    if (!json_peek(line, "index", &digits))
        return UINT64_MAX;
    for (size_t i = 0; i < digits.len && i < 16; i++)
        v = 10 * v + (uint64_t)(digits.ptr[i] - '0');
    return v;
}

static const char *const roles[2] = {"advertiser", "publisher"};

const json_t *statement_trader(const struct statement *s, uint64_t entry)
{
    const json_t *one;
    size_t i;
    json_array_foreach((json_t *)s->traders, i, one)
    {
        if (entry > 0 && (uint64_t)number(one, "entry") == entry)
            return one;
    }
    return NULL;
}

bool statement_trader_moved(const struct statement *s, size_t side, uint64_t entry)
{
    static const char *const names[] = {"country", "name", "vat_id"};
    const json_t *head = json_object_get(json_object_get(s->json, roles[side]), "legal"),
                 *is = statement_trader(s, entry);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!span_eq(text(head, names[i]), text(is, names[i])))
            return true;
    return false;
}

/* What the party of that side told of itself by then. */
static const json_t *told_by(const struct statement *s, size_t side, uint64_t entry)
{
    const json_t *then = statement_trader(s, entry);
    return then != NULL || entry != s->as[side] ? then
                                                : json_object_get(json_object_get(s->json, roles[side]), "legal");
}

const json_t *statement_supplier(const struct statement *s, const struct tax_row *r)
{
    return told_by(s, 1, r->as[1]);
}

struct span statement_exemption(const struct statement *s, const struct tax_row *r)
{
    struct span why = text(statement_supplier(s, r), "exemption");
    while (why.len > 0 && why.ptr[why.len - 1] == '.')
        why.len--; /* the sentences that name it have their own */
    return why;
}

void trader_tell(struct buf *out, const json_t *trader)
{
    struct span name = text(trader, "name"), id = text(trader, "vat_id");
    struct span first = name.len > 0 ? name : text(trader, "country");
    buf_span_add(out, first);
    if (id.len > 0)
        buf_printf(out, "%sVAT %.*s", first.len > 0 ? ", " : "", (int)id.len, id.ptr);
    if (first.len + id.len == 0)
        buf_str(out, "nobody who was told");
}

void statement_part_whose(const struct statement *s, const json_t *part, uint64_t as[2])
{
    static const char *const names[2] = {"vat_advertiser", "vat_publisher"};
    for (size_t side = 0; side < 2; side++) {
        const json_t *v = json_object_get(part, names[side]);
        as[side] = v != NULL ? (uint64_t)json_integer_value(v) : s->as[side];
    }
}

static void write_whose(struct jw *w, const struct statement *s, size_t side, uint64_t entry)
{
    const json_t *is = statement_trader(s, entry);
    if (!statement_trader_moved(s, side, entry))
        return;
    jw_key(w, roles[side]);
    jw_object(w);
    for (size_t i = 0; i < 4; i++) {
        static const char *const names[] = {"address", "country", "name", "vat_id"};
        if (text(is, names[i]).len > 0)
            jw_kstr(w, names[i], text(is, names[i]));
    }
    jw_object_end(w);
}

void statement_vat_write(struct jw *w, const struct statement *s)
{
    jw_key(w, "vat");
    jw_array(w);
    for (size_t i = 0; i < s->n_rows; i++) {
        jw_object(w);
        write_whose(w, s, 0, s->rows[i].as[0]);
        jw_kint(w, "net_minor", s->rows[i].net_minor);
        write_whose(w, s, 1, s->rows[i].as[1]);
        jw_kint(w, "supplied_minor", s->rows[i].supplied_minor);
        jw_kint(w, "supplied_vat_minor", s->rows[i].supplied_vat_minor);
        jw_kstr(w, "vat_kind", span_str(tax_word(s->rows[i].kind)));
        jw_kint(w, "vat_minor", s->rows[i].vat_minor);
        jw_kint(w, "vat_ppm", s->rows[i].vat_ppm);
        jw_object_end(w);
    }
    jw_array_end(w);
}

void vat_tell(struct buf *out, enum tax kind, int64_t vat_ppm)
{
    if (vat_ppm > 0) {
        buf_str(out, "VAT of ");
        decimal_add(out, vat_ppm, 4, 0);
        buf_str(out, "%");
    } else {
        buf_str(out, kind == TAX_REVERSE_CHARGE ? "reverse charge" : "no VAT");
    }
}

static bool is_under(const struct tax_row *r, enum tax kind, int64_t vat_ppm, const uint64_t as[2])
{
    return kind == r->kind && vat_ppm == r->vat_ppm && memcmp(as, r->as, sizeof r->as) == 0;
}

/* An adjustment, or what is among them, that moves money under the row's VAT. */
static bool moves_under(const struct statement *s, const struct tax_row *r, const json_t *a)
{
    enum tax kind = s->tax;
    uint64_t as[2];
    statement_part_whose(s, a, as);
    if (tax_parse(text(a, "vat_kind"), &kind) != ERR_OK)
        kind = s->tax;
    return number(a, "micros") != 0 && is_under(r, kind, number(a, "vat_ppm"), as);
}

/* What was brought about that statement (0: about none that is named) and is credited here. */
static bool credits_brought(const struct statement *s, const struct tax_row *r, uint64_t about)
{
    for (size_t i = 0; i < s->brought.n; i++) {
        const struct taxed *x = &s->brought.of[i];
        if (x->about == about && is_under(r, x->kind, x->vat_ppm, x->as) && !taxed_has(&s->carried, x))
            return true;
    }
    return false;
}

static bool row_corrects(const struct statement *s, const struct tax_row *r, const struct earlier *e)
{
    const json_t *a;
    size_t i;
    json_array_foreach((json_t *)s->adjustments, i, a)
    {
        if (span_is(text(a, "statement"), e->id) && moves_under(s, r, a))
            return true;
    }
    return credits_brought(s, r, e->number);
}

bool statement_row_unnamed(const struct statement *s, const struct tax_row *r)
{
    const json_t *a;
    size_t i;
    json_array_foreach((json_t *)s->adjustments, i, a)
    {
        if (correction_unnamed(s, a) && moves_under(s, r, a))
            return true;
    }
    return credits_brought(s, r, 0);
}

void statement_despite_tell(struct buf *out, const struct statement *s, const struct tax_row *r)
{
    const struct span why = statement_exemption(s, r);
    if (r->vat_ppm == 0 || r->supplied_minor == 0 || why.len == 0)
        return;
    buf_printf(out, "the supplier says that it charges no VAT (%.*s), and the terms charge ", (int)why.len, why.ptr);
    vat_tell(out, r->kind, r->vat_ppm);
    buf_str(out, ": both cannot be right");
}

/* What is missing of what tells a VAT; NULL: nothing is, or another reason stands on the statement. */
static const char *untold(const json_t *customer, const json_t *supplier)
{
    const struct span from = vat_area(text(supplier, "country")), to = vat_area(text(customer, "country"));
    if (from.len == 0)
        return "the supplier's country";
    if (to.len == 0)
        return "the customer's country";
    if (vat_in_eu(from) && text(supplier, "vat_id").len == 0)
        return text(supplier, "exemption").len > 0 ? NULL
                                                   : "the supplier's VAT id, nor by which exemption it charges no VAT";
    if (vat_in_eu(to) && !span_eq(from, to) && text(customer, "vat_id").len == 0)
        return "the customer's VAT id";
    return NULL;
}

void statement_untold_tell(struct buf *out, const struct statement *s)
{
    const json_t *customer = told_by(s, 0, s->as[0]), *supplier = told_by(s, 1, s->as[1]);
    if (s->tax != TAX_NONE || s->gross_micros <= 0 || json_object_size(customer) == 0 ||
        json_object_size(supplier) == 0)
        return;
    const char *what = untold(customer, supplier);
    if (what != NULL)
        buf_printf(out, "no VAT is charged and no reason for that is given, since nobody told %s", what);
}

int64_t statement_row_carried(const struct statement *s, const struct tax_row *r)
{
    wide_micros sum = 0;
    for (size_t i = 0; i < s->carried.n && r->net_minor == 0 && !tax_row_splits(r); i++) {
        const struct taxed *x = &s->carried.of[i];
        if (x->kind == r->kind && x->vat_ppm == r->vat_ppm && memcmp(x->as, r->as, sizeof x->as) == 0)
            sum += x->micros;
    }
    return (int64_t)-sum;
}

size_t statement_row_corrects(const struct statement *s, const struct tax_row *r, const struct earlier *out[],
                              size_t cap)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_corrects && n < cap; i++)
        if (row_corrects(s, r, &s->corrects[i]))
            out[n++] = &s->corrects[i];
    return n;
}

static void tell_part(struct buf *out, const struct statement *s, const struct tax_row *r, int decimals)
{
    decimal_add(out, r->net_minor, decimals, (int)s->exponent);
    buf_printf(out, " %.*s under ", (int)s->currency.len, s->currency.ptr);
    vat_tell(out, r->kind, r->vat_ppm);
    if (statement_row_carried(s, r) != 0)
        buf_str(out, " (all of it carried over)");
    if (r->vat_minor != 0) {
        buf_str(out, " (");
        decimal_add(out, r->vat_minor, (int)s->exponent, (int)s->exponent);
        buf_str(out, ")");
    }
    if (tax_row_splits(r)) {
        buf_str(out, " (new ");
        decimal_add(out, r->supplied_minor, (int)s->exponent, (int)s->exponent);
        buf_str(out, ", corrected by ");
        decimal_add(out, r->net_minor - r->supplied_minor, (int)s->exponent, (int)s->exponent);
        buf_str(out, ")");
    }
    if (!statement_trader_moved(s, 0, r->as[0]) && !statement_trader_moved(s, 1, r->as[1]))
        return;
    buf_str(out, ", charged as: ");
    trader_tell(out, statement_trader(s, r->as[1]));
    buf_str(out, "; to: ");
    trader_tell(out, statement_trader(s, r->as[0]));
}

enum { TOLD = 8 };

static const char *between(size_t i, size_t all)
{
    return i == 0 ? "" : i + 1 == all ? " and " : ", ";
}

static void tell_more(struct buf *out, size_t all)
{
    if (all > TOLD)
        buf_printf(out, " and %zu more", all - TOLD);
}

void statement_vat_tell(struct buf *out, const struct statement *s)
{
    for (size_t i = 0; i < s->n_rows && i < TOLD; i++) {
        buf_str(out, between(i, s->n_rows));
        tell_part(out, s, &s->rows[i], (int)s->exponent);
    }
    tell_more(out, s->n_rows);
}

void statement_carried_tell(struct buf *out, const struct statement *s)
{
    for (size_t i = 0; i < s->carried.n && i < TOLD; i++) {
        const struct taxed *x = &s->carried.of[i];
        buf_str(out, between(i, s->carried.n));
        tell_part(out, s,
                  &(struct tax_row){
                      .kind = x->kind, .vat_ppm = x->vat_ppm, .net_minor = -x->micros, .as = {x->as[0], x->as[1]}},
                  6);
    }
    tell_more(out, s->carried.n);
}

bool statement_line_find(struct span lines, uint64_t index, struct span *line)
{
    size_t low = 0, high = lines.len; /* of begins of lines; what is looked for begins in [low, high) */
    while (low < high) {
        size_t at = low + (high - low) / 2;
        while (at > low && lines.ptr[at - 1] != '\n')
            at--;
        const char *end = memchr(lines.ptr + at, '\n', lines.len - at);
        if (end == NULL)
            return false;
        *line = span_of(lines.ptr + at, (size_t)(end - lines.ptr) - at);
        uint64_t found = index_of(*line);
        if (found == index)
            return true;
        if (found < index)
            low = at + line->len + 1;
        else
            high = at;
    }
    return false;
}

bool statement_line_next(struct span *rest, struct statement_line *line)
{
    struct span after = *rest, text_line;
    json_t *json = NULL;

    json_decref(line->json);
    *line = (struct statement_line){0};
    if (!text_cut(&after, '\n', &text_line) || json_read(text_line, &json, NULL) != ERR_OK)
        return false;
    *rest = after;
    *line = (struct statement_line){
        .kind = text(json, "kind"),
        .lead_at = text(json, "lead_at"),
        .status = text(json, "status"),
        .reason = text(json, "reason"),
        .at = text(json, "at"),
        .by = text(json, "by"),
        .trust = text(json, "trust"),
        .text = text(json, "text"),
        .txid = text(json, "txid"),
        .sub1 = text(json, "sub1"),
        .placement = number(json, "placement"),
        .index = number(json, "index"),
        .lead = number(json, "lead"),
        .micros = number(json, "micros"),
        .share_from = number(json, "share_from"),
        .share_to = number(json, "share_to"),
        .clicks = number(json, "clicks"),
        .impressions = number(json, "impressions"),
        .all_clicks = number(json, "all_clicks"),
        .all_impressions = number(json, "all_impressions"),
        .click_micros = number(json, "click_micros"),
        .impression_micros = number(json, "impression_micros"),
        .json = json,
    };
    line->traffic = span_is(line->kind, "traffic");
    return true;
}
