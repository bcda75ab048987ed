/* A statement for spreadsheets: its line items, times as the zone's clocks say, amounts as decimals; then what makes of
 * their sum what is to be paid. */
#include "common/base/csv.h"
#include "common/base/money.h"
#include "common/base/when.h"
#include "common/pages/statement_page.h"
#include "common/settlement/statement_text.h"

struct sheet {
    const struct statement_page *in;
    struct statement s;
    struct buf *out;
    struct span zone;
    char mark, point;  /* where a comma parts decimals, semicolons part cells */
    size_t adjustment; /* the next of the payload's that no line had so far */
};

static void cell(struct sheet *w, struct span s)
{
    csv_cell(w->out, s, w->mark);
}

static void number(struct sheet *w, bool there, int64_t v)
{
    if (there)
        buf_i64(w->out, v);
    buf_byte(w->out, (uint8_t)w->mark);
}

static void member(struct sheet *w, const struct statement_line *l, const char *name)
{
    const json_t *v = json_object_get(l->json, name);
    number(w, v != NULL, json_integer_value(v));
}

static void text(struct sheet *w, struct span s)
{
    cell(w, w->in->texts ? s : SPAN(""));
}

static void ms_cell(struct sheet *w, bool there, int64_t ms)
{
    struct page g = {.out = w->out, .offset = w->in->offset, .of_page = w->in->of_page};
    if (there)
        page_plain_time(&g, ms);
    buf_byte(w->out, (uint8_t)w->mark);
}

static void time_cell(struct sheet *w, struct span at)
{
    int64_t ms = 0;
    bool there = at.len && time_parse(at, &ms) == ERR_OK;
    ms_cell(w, there, ms);
}

/* NULL: it corrects none of that id. */
static void corrects_cells(struct sheet *w, struct span id, const struct earlier *e)
{
    cell(w, id);
    number(w, e != NULL, e != NULL ? (int64_t)e->number : 0);
    ms_cell(w, e != NULL, e != NULL ? e->issued_ms : 0);
}

static const struct earlier *earlier_of(const struct sheet *w, struct span id)
{
    for (size_t i = 0; i < w->s.n_corrects; i++)
        if (span_is(id, w->s.corrects[i].id))
            return &w->s.corrects[i];
    return NULL;
}

/* Which statement a line corrects, and who agreed to it when. Both stand in the order of entries. */
static void of_adjustment(struct sheet *w, const struct statement_line *l)
{
    const json_t *a, *made = json_object_get(l->json, "adjustment");
    struct page_assents given = {.asked = false};
    while ((a = json_array_get(w->s.adjustments, w->adjustment)) != NULL &&
           (l->traffic || json_integer_value(json_object_get(a, "index")) < l->index))
        w->adjustment++;
    bool is_it = a != NULL && json_integer_value(json_object_get(a, "index")) == l->index;
    const json_t *of = is_it ? json_object_get(a, "statement") : NULL;
    struct span id = span_of(json_string_value(of), json_string_length(of));
    corrects_cells(w, id, earlier_of(w, id));
    number(w, made != NULL, json_integer_value(made));
    if (made != NULL && w->in->assents != NULL)
        given = w->in->assents(w->in->of_page, (uint64_t)json_integer_value(made));
    ms_cell(w, given.asked && given.at_ms[0] != 0, given.at_ms[0]);
    ms_cell(w, given.asked && given.at_ms[1] != 0, given.at_ms[1]);
}

static void of_lead(struct sheet *w, const struct statement_line *l)
{
    struct buf reference;
    bool about = json_object_get(l->json, "lead") != NULL;
    buf_heap(&reference);
    if (about && w->in->reference != NULL)
        w->in->reference(w->in->of_page, (uint64_t)l->lead, &reference);
    number(w, about, l->lead);
    cell(w, buf_span(&reference));
    buf_free(&reference);
    time_cell(w, l->lead_at);
    text(w, l->txid);
    number(w, l->placement > 0, l->placement);
    text(w, l->placement > 0 && w->in->label != NULL ? w->in->label(w->in->of_page, l->placement) : SPAN(""));
    text(w, l->sub1);
}

static void point(struct sheet *w, size_t start)
{
    for (size_t i = start; i < w->out->len; i++)
        if (w->out->ptr[i] == '.')
            w->out->ptr[i] = w->point;
}

static void amount(struct sheet *w, int64_t micros)
{
    size_t start = w->out->len;
    decimal_add(w->out, micros, 6, (int)w->s.exponent);
    point(w, start);
}

static const char *const columns[] = {"statement",
                                      "number",
                                      "issued_at",
                                      "period_from",
                                      "period_to",
                                      "due_at",
                                      "supplier",
                                      "supplier_vat_id",
                                      "customer",
                                      "customer_vat_id",
                                      "contract",
                                      "kind",
                                      "index",
                                      "lead",
                                      "reference",
                                      "lead_at",
                                      "txid",
                                      "placement",
                                      "link_today",
                                      "sub1",
                                      "status",
                                      "reason",
                                      "at",
                                      "by",
                                      "trust",
                                      "text",
                                      "corrects",
                                      "corrects_number",
                                      "corrects_issued_at",
                                      "adjustment",
                                      "advertiser_assent_at",
                                      "publisher_assent_at",
                                      "terms",
                                      "tier",
                                      "share_from",
                                      "share_to",
                                      "clicks",
                                      "impressions",
                                      "all_clicks",
                                      "all_impressions",
                                      "timezone",
                                      "currency",
                                      "vat_kind",
                                      "vat_percent",
                                      "micros",
                                      "amount",
                                      "taxable",
                                      "to_pay"};
/* Of those that a row of the total fills in, how many are before and behind the empty ones, and
 * where it says what it corrects. */
enum { COLUMNS = sizeof columns / sizeof *columns, TOTAL_FRONT = 12, TOTAL_CORRECTS = 26, TOTAL_BACK = 8 };

static void heading(struct sheet *w)
{
    buf_str(w->out, CSV_BOM);
    for (size_t i = 0; i < COLUMNS; i++) {
        buf_str(w->out, columns[i]);
        if (i + 1 < COLUMNS)
            buf_byte(w->out, (uint8_t)w->mark);
    }
    buf_str(w->out, "\r\n");
}

static struct span of_party(const struct sheet *w, const char *role, const char *name)
{
    const json_t *legal = json_object_get(json_object_get(w->s.json, role), "legal"), *v = json_object_get(legal, name);
    return span_of(json_string_value(v), json_string_length(v));
}

/* As they were charged, or as the statement's head has them. */
static void parties(struct sheet *w, const uint64_t as[2])
{
    static const char *const roles[] = {"advertiser", "publisher"};
    for (size_t side = 2; side-- > 0;) {
        const json_t *is = statement_trader(&w->s, as[side]);
        bool moved = is != NULL && statement_trader_moved(&w->s, side, as[side]);
        const char *name = json_string_value(json_object_get(is, "name")),
                   *id = json_string_value(json_object_get(is, "vat_id"));
        cell(w, !moved ? of_party(w, roles[side], "name") : span_str(name != NULL ? name : ""));
        cell(w, !moved ? of_party(w, roles[side], "vat_id") : span_str(id != NULL ? id : ""));
    }
}

/* Which statement it is, so that rows of many can stand in one table. */
static void front(struct sheet *w, struct span kind, const uint64_t as[2])
{
    cell(w, w->s.id);
    number(w, true, (int64_t)w->s.number);
    ms_cell(w, true, w->s.issued_ms);
    ms_cell(w, true, w->s.from_ms);
    ms_cell(w, true, w->s.to_ms > w->s.from_ms ? w->s.to_ms - 1 : w->s.to_ms); /* its last moment, as people say it */
    ms_cell(w, true, w->s.due_ms);
    parties(w, as);
    cell(w, w->s.contract);
    cell(w, kind);
}

/* Under which VAT; nothing of what is under none. */
static void vat(struct sheet *w, bool there, enum tax kind, int64_t vat_ppm)
{
    cell(w, there ? span_str(tax_word(kind)) : SPAN(""));
    size_t start = w->out->len;
    if (there && kind == TAX_DOMESTIC)
        decimal_add(w->out, vat_ppm, 4, 0);
    point(w, start);
    buf_byte(w->out, (uint8_t)w->mark);
}

static void row(struct sheet *w, const struct statement_line *l)
{
    const json_t *said = json_object_get(l->json, "vat_kind");
    enum tax kind = w->s.tax;
    if (said != NULL && tax_parse(span_str(json_string_value(said)), &kind) != ERR_OK)
        kind = w->s.tax;
    uint64_t as[2];
    statement_part_whose(&w->s, l->json, as);
    front(w, l->kind, as);
    number(w, !l->traffic, l->index);
    of_lead(w, l);
    cell(w, l->status);
    cell(w, l->reason);
    time_cell(w, l->at);
    cell(w, l->by);
    cell(w, l->trust);
    text(w, l->text);
    of_adjustment(w, l);
    member(w, l, "terms");
    member(w, l, "tier");
    member(w, l, "share_from");
    member(w, l, "share_to");
    number(w, l->traffic, l->clicks);
    number(w, l->traffic, l->impressions);
    number(w, l->traffic, l->all_clicks);
    number(w, l->traffic, l->all_impressions);
    cell(w, w->zone);
    cell(w, w->s.currency);
    vat(w, l->micros != 0, kind, json_integer_value(json_object_get(l->json, "vat_ppm")));
    number(w, true, l->micros);
    amount(w, l->micros);
    number(w, false, 0);
    buf_byte(w->out, (uint8_t)w->mark);
    buf_str(w->out, "\r\n");
}

/* ---- the total ---- */

static void total_begin(struct sheet *w, const char *kind, const struct taxed *x)
{
    char id[LIMIT_ID + 1] = "";
    front(w, span_str(kind), x->as);
    for (int i = TOTAL_FRONT; i < TOTAL_CORRECTS; i++)
        number(w, false, 0);
    if (x->about > 0)
        statement_id(w->s.contract, x->about, id);
    corrects_cells(w, span_str(id), earlier_of(w, span_str(id)));
    for (int i = TOTAL_CORRECTS + 3; i < COLUMNS - TOTAL_BACK; i++)
        number(w, false, 0);
    cell(w, w->zone);
    cell(w, w->s.currency);
}

/* What comes to the sum of the lines, or goes from it; under no VAT where x->kind is TAX_COUNT. */
static void total_row(struct sheet *w, const char *kind, const struct taxed *x, const int64_t *taxable_micros)
{
    total_begin(w, kind, x);
    vat(w, x->kind != TAX_COUNT, x->kind, x->vat_ppm);
    number(w, true, x->micros);
    amount(w, x->micros);
    buf_byte(w->out, (uint8_t)w->mark);
    if (taxable_micros != NULL)
        amount(w, *taxable_micros);
    buf_byte(w->out, (uint8_t)w->mark);
    buf_str(w->out, "\r\n");
}

/* Parts of a sum below 0, and what of the sum is none of them: less than a minor unit. */
static void carried(struct sheet *w, const char *kind, int64_t sign, int64_t micros, const struct taxed_sums *parts)
{
    for (size_t i = 0; i < parts->n; i++) {
        struct taxed part = parts->of[i];
        micros -= part.micros;
        part.micros *= sign;
        total_row(w, kind, &part, NULL);
    }
    if (micros != 0)
        total_row(w, kind, &(struct taxed){TAX_COUNT, 0, sign * micros, {0, 0}, 0}, NULL);
}

static void vat_row(struct sheet *w, const struct tax_row *r, int64_t net, int64_t vat_micros, uint64_t about)
{
    total_row(w, "vat", &(struct taxed){r->kind, r->vat_ppm, vat_micros, {r->as[0], r->as[1]}, about}, &net);
}

/* What is new, and what is credited beside it: of which statement, where all of it is of one. */
static void vat_rows(struct sheet *w, const struct tax_row *r, int64_t unit)
{
    const struct earlier *of[2];
    const bool splits = tax_row_splits(r), one = !statement_row_unnamed(&w->s, r);
    const int64_t net = splits ? r->supplied_minor : r->net_minor, vat = splits ? r->supplied_vat_minor : r->vat_minor;
    vat_row(w, r, net * unit, vat * unit, 0);
    if (splits)
        vat_row(w, r, (r->net_minor - net) * unit, (r->vat_minor - vat) * unit,
                one && statement_row_corrects(&w->s, r, of, 2) == 1 ? of[0]->number : 0);
}

/* `amount` of all rows comes to `to_pay` of the last, in which it is empty. */
static void total(struct sheet *w)
{
    int64_t unit = micros_per_minor((int)w->s.exponent);
    carried(w, "carried_in", 1, statement_brought(&w->s), &w->s.brought);
    carried(w, "carried_out", -1, w->s.carried_micros, &w->s.carried);
    for (size_t i = 0; i < w->s.n_rows; i++) {
        const struct tax_row *r = &w->s.rows[i];
        if ((r->kind != TAX_NONE || w->s.n_rows > 1) && statement_row_carried(&w->s, r) == 0)
            vat_rows(w, r, unit);
    }
    total_begin(w, "to_pay", &(struct taxed){.micros = 0});
    vat(w, false, TAX_NONE, 0);
    number(w, false, 0);
    number(w, false, 0);
    number(w, false, 0);
    amount(w, w->s.to_pay_minor * unit);
    buf_str(w->out, "\r\n");
}

void statement_csv(struct buf *out, const struct statement_page *in)
{
    bool french = in->language == LANGUAGE_FR;
    struct sheet w = {.in = in, .s = *in->s, .out = out, .mark = french ? ';' : ',', .point = french ? ',' : '.'};
    struct statement_line line = {0};
    struct span rest = in->lines;
    w.zone = in->offset != NULL ? w.s.timezone : SPAN("UTC");
    if (in->parts & PAGE_FRONT)
        heading(&w);
    while (in->parts & PAGE_LINES && statement_line_next(&rest, &line))
        row(&w, &line);
    if (in->parts & PAGE_BACK)
        total(&w);
}
