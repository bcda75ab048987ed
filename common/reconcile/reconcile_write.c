#include <inttypes.h>

#include "common/base/csv.h"
#include "common/base/money.h"
#include "common/base/when.h"
#include "common/reconcile/reconcile_private.h"

static const char *const differing[] = {"status", "amount", "currency", "day"}; /* by bit */

static void jw_day(struct jw *w, const char *key, int64_t wall_ms)
{
    char text[40];
    struct buf b;
    buf_fixed(&b, text, sizeof text);
    time_rfc3339(&b, wall_ms > 0 ? wall_ms : 0);
    jw_kstr(w, key, span_of(text, 10));
}

static void jw_time(struct jw *w, const char *key, int64_t ms)
{
    char text[40];
    struct buf b;
    buf_fixed(&b, text, sizeof text);
    time_rfc3339(&b, ms > 0 ? ms : 0);
    jw_kstr(w, key, buf_span(&b));
}

static struct span currency_of(const struct reconcile *r, size_t which)
{
    return which == 0 ? r->asked.currency : span_of(r->currency[which - 1], 3);
}

/* ---- items ---- */

static void json_log(struct jw *w, const struct own_lead *l)
{
    jw_key(w, "log");
    jw_object(w);
    jw_time(w, "at", l->at_ms);
    jw_day(w, "day", lead_wall(l));
    jw_kint(w, "micros", l->micros);
    jw_kstr(w, "reason", span_str(reason_word(l->reason)));
    jw_kstr(w, "status", span_str(status_word(l->status)));
    jw_object_end(w);
}

static void json_own(struct jw *w, const struct reconcile *r, const struct item *i)
{
    const struct own_row *o = i->row;
    jw_key(w, "own");
    jw_object(w);
    jw_kstr(w, "currency", currency_of(r, o->currency));
    if (o->form != WHEN_NONE)
        jw_day(w, "day", row_wall(o, i->lead, r->last_offset_ms));
    if (has_amounts(r))
        jw_kint(w, "micros", row_owed(o));
    if (o->state != STATE_UNTOLD)
        jw_kstr(w, "status", span_str(own_state_word(o->state)));
    jw_object_end(w);
}

static void json_item(void *ctx, struct reconcile *r, const struct item *i)
{
    struct jw *w = ctx;
    jw_object(w);
    jw_kstr(w, "class", span_str(outcome_word(i->outcome)));
    if (i->click_id.len > 0)
        jw_kstr(w, "click_id", i->click_id);
    if (i->differs != 0) {
        jw_key(w, "differs");
        jw_array(w);
        for (size_t k = 0; k < sizeof differing / sizeof *differing; k++)
            if (i->differs & 1u << k)
                jw_str(w, span_str(differing[k]));
        jw_array_end(w);
    }
    jw_kstr(w, "explained", buf_span(&i->explained));
    if (i->lead != NULL)
        jw_kint(w, "index", (int64_t)i->lead->index);
    if (i->reference.len > 0)
        jw_kstr(w, "lead", i->reference);
    if (i->lead != NULL)
        json_log(w, i->lead);
    if (i->of_index != 0)
        jw_kint(w, "of_index", (int64_t)i->of_index - 1);
    if (i->of_row != 0)
        jw_kint(w, "of_row", (int64_t)i->of_row - 1);
    if (i->row != NULL)
        json_own(w, r, i);
    jw_kstr(w, "reason", span_str(cause_word(i->cause)));
    if (i->row != NULL)
        jw_kint(w, "row", i->row->number);
    if (i->txid.len > 0)
        jw_kstr(w, "txid", i->txid);
    jw_object_end(w);
}

/* ---- the whole ---- */

static void json_columns(struct jw *w, const struct reconcile *r)
{
    static const enum column sorted[] = {COLUMN_AMOUNT, COLUMN_AT,      COLUMN_CLICK,  COLUMN_CURRENCY, COLUMN_LEAD,
                                         COLUMN_MICROS, COLUMN_REQUEST, COLUMN_STATUS, COLUMN_TXID};
    jw_key(w, "columns");
    jw_object(w);
    for (size_t i = 0; i < COLUMNS_KNOWN; i++)
        if (r->column[sorted[i]] >= 0)
            jw_kstr(w, column_word(sorted[i]), r->sheet.name[r->column[sorted[i]]]);
    jw_object_end(w);
}

static void json_counts(struct jw *w, const struct reconcile *r)
{
    jw_key(w, "counts");
    jw_object(w);
    jw_kint(w, "differing", (int64_t)reconcile_count(r, OUTCOME_DIFFERING));
    jw_kint(w, "log", (int64_t)r->n_log);
    jw_kint(w, "matched", (int64_t)reconcile_count(r, OUTCOME_MATCHED));
    jw_kint(w, "missing_here", (int64_t)reconcile_count(r, OUTCOME_MISSING_HERE));
    jw_kint(w, "missing_there", (int64_t)reconcile_count(r, OUTCOME_MISSING_THERE));
    jw_kint(w, "outside", (int64_t)r->n_outside);
    jw_kint(w, "rows", (int64_t)r->n_own);
    jw_object_end(w);
}

static void json_side(struct jw *w, const char *key, uint64_t n, wide_micros micros, bool money)
{
    jw_key(w, key);
    jw_object(w);
    if (money)
        jw_kint(w, "micros", (int64_t)micros);
    jw_kint(w, "n", (int64_t)n);
    jw_object_end(w);
}

static void json_days(struct jw *w, const struct reconcile *r)
{
    jw_key(w, "days");
    jw_array(w);
    for (size_t i = 0; i < r->n_days; i++) {
        const struct day_sum *d = &r->days[i];
        jw_object(w);
        if (d->day == DAY_NONE)
            jw_kstr(w, "day", SPAN(""));
        else
            jw_day(w, "day", d->day * MS_PER_DAY);
        json_side(w, "log", d->n[0], d->micros[0], true);
        json_side(w, "rows", d->n[1], d->micros[1], has_amounts(r));
        jw_object_end(w);
    }
    jw_array_end(w);
}

/* Its parts add up to it, to the millionth. */
static void json_money(struct jw *w, const struct reconcile *r)
{
    jw_key(w, "money");
    jw_object(w);
    if (has_amounts(r))
        jw_kint(w, "difference_micros", (int64_t)(r->row_micros - r->log_micros));
    jw_key(w, "explained");
    jw_array(w);
    for (enum outcome o = 0; o < OUTCOMES; o++)
        for (enum cause c = 0; c < CAUSES; c++) {
            if (r->n[o][c] == 0 || o == OUTCOME_MATCHED)
                continue;
            jw_object(w);
            jw_kstr(w, "class", span_str(outcome_word(o)));
            if (has_amounts(r))
                jw_kint(w, "micros", (int64_t)r->delta[o][c]);
            jw_kint(w, "n", (int64_t)r->n[o][c]);
            jw_kstr(w, "reason", span_str(cause_word(c)));
            jw_object_end(w);
        }
    jw_array_end(w);
    jw_kint(w, "log_micros", (int64_t)r->log_micros);
    if (has_amounts(r)) {
        jw_key(w, "other_currencies");
        jw_array(w);
        for (size_t i = 1; i <= r->n_currencies; i++) {
            jw_object(w);
            jw_kstr(w, "currency", currency_of(r, i));
            jw_kint(w, "micros", (int64_t)r->foreign[i]);
            jw_kint(w, "n", (int64_t)r->n_foreign[i]);
            jw_object_end(w);
        }
        jw_array_end(w);
        jw_kint(w, "rows_micros", (int64_t)r->row_micros);
    }
    jw_object_end(w);
}

static void json_bound(struct jw *w, const char *key, const struct bound *b)
{
    if (!b->given)
        return;
    if (b->is_day)
        jw_day(w, key, b->ms);
    else
        jw_time(w, key, b->ms);
}

static uint64_t items_all(const struct reconcile *r)
{
    uint64_t all = 0;
    for (enum outcome o = OUTCOME_DIFFERING; o < OUTCOMES; o++)
        all += reconcile_count(r, o);
    return all;
}

static void json_items(struct jw *w, struct reconcile *r)
{
    uint64_t all = items_all(r);
    jw_key(w, "items");
    jw_array(w);
    items_each(r, RECONCILE_ITEMS, json_item, w);
    jw_array_end(w);
    jw_kint(w, "items_left_out", (int64_t)(all > RECONCILE_ITEMS ? all - RECONCILE_ITEMS : 0));
}

static void json_not_judged(struct jw *w, const struct reconcile *r)
{
    jw_key(w, "not_judged");
    jw_array(w);
    if (r->column[COLUMN_CLICK] >= 0 && r->asked.open_click == NULL)
        jw_str(w, SPAN("click_id"));
    if (r->column[COLUMN_LEAD] >= 0 && r->asked.open_lead == NULL)
        jw_str(w, SPAN("lead"));
    if (!r->asks_refusals)
        jw_str(w, SPAN("refused"));
    jw_array_end(w);
}

static void json_shift(struct jw *w, const struct reconcile *r)
{
    jw_key(w, "shift");
    jw_object(w);
    jw_kint(w, "minutes", r->shift_ms / 60000);
    jw_kstr(w, "of", r->universal_rows ? SPAN("utc") : SPAN("contract"));
    jw_object_end(w);
}

void reconcile_json(struct reconcile *r, const struct reconcile_head *h, struct buf *out)
{
    struct jw w;
    bool is_signed = h->issuer.len > 0;
    uint8_t rows_sha256[HASH_LEN];
    sha256(r->asked.rows.ptr, r->asked.rows.len, rows_sha256);
    jw_open(&w, out);
    jw_object(&w);
    if (is_signed)
        jw_time(&w, "at", h->at_ms);
    json_columns(&w, r);
    jw_kstr(&w, "contract", h->contract);
    json_counts(&w, r);
    jw_kstr(&w, "currency", r->asked.currency);
    json_days(&w, r);
    if (is_signed)
        jw_kstr(&w, "issuer", h->issuer);
    json_items(&w, r);
    json_money(&w, r);
    json_not_judged(&w, r);
    if (is_signed)
        jw_kstr(&w, "party", h->party);
    jw_key(&w, "period");
    jw_object(&w);
    json_bound(&w, "from", &r->asked.from);
    json_bound(&w, "to", &r->asked.to);
    jw_object_end(&w);
    jw_khex(&w, "rows_sha256", rows_sha256, HASH_LEN);
    json_shift(&w, r);
    jw_key(&w, "tree");
    jw_object(&w);
    jw_khex(&w, "root", h->root.b, HASH_LEN);
    jw_kint(&w, "size", (int64_t)h->size);
    jw_object_end(&w);
    if (is_signed)
        jw_kstr(&w, "typ", SPAN(RECONCILIATION_TYP));
    jw_object_end(&w);
    jw_close(&w);
}

/* ---- CSV ---- */

/* As the rows came: with their mark between cells, and their decimals. */
struct csv_out {
    struct buf *out;
    void (*write)(void *ctx, struct buf *out);
    void *ctx;
    char mark;
    bool comma; /* divides decimals */
    int exponent;
    uint64_t n;
    wide_micros told; /* what the items told so far differ by */
};

static void cell(const struct csv_out *c, struct span s)
{
    csv_cell(c->out, s, c->mark);
}

static void number(const struct csv_out *c, bool there, int64_t v)
{
    if (there)
        buf_i64(c->out, v);
    buf_byte(c->out, (uint8_t)c->mark);
}

static void amount(const struct csv_out *c, bool there, int64_t micros)
{
    number(c, there, micros);
    size_t at = c->out->len;
    if (there)
        decimal_add(c->out, micros, 6, c->exponent);
    for (; c->comma && at < c->out->len; at++)
        if (c->out->ptr[at] == '.')
            c->out->ptr[at] = ',';
    buf_byte(c->out, (uint8_t)c->mark);
}

static void day_cell(const struct csv_out *c, bool there, int64_t wall_ms)
{
    char text[40];
    struct buf b;
    buf_fixed(&b, text, sizeof text);
    if (there) {
        time_rfc3339(&b, wall_ms > 0 ? wall_ms : 0);
        buf_add(c->out, text, 10);
    }
    buf_byte(c->out, (uint8_t)c->mark);
}

static void words_cell(const struct csv_out *c, unsigned differs)
{
    const char *between = "";
    for (size_t k = 0; k < sizeof differing / sizeof *differing; k++)
        if (differs & 1u << k) {
            buf_printf(c->out, "%s%s", between, differing[k]);
            between = " ";
        }
    buf_byte(c->out, (uint8_t)c->mark);
}

/* In place of the mark behind its last cell. */
static void end_line(struct csv_out *c)
{
    c->out->len--;
    buf_str(c->out, "\r\n");
    if (c->write != NULL && c->out->len > 1 << 16)
        c->write(c->ctx, c->out);
}

static void csv_item(void *ctx, struct reconcile *r, const struct item *i)
{
    struct csv_out *c = ctx;
    const struct own_row *w = i->row;
    const struct own_lead *l = i->lead;
    bool own_money = w != NULL && w->currency == 0 && has_amounts(r);
    int64_t off = (own_money ? row_owed(w) : 0) - (l != NULL && l->inside ? l->micros : 0);
    c->n++;
    c->told += off;
    cell(c, span_str(outcome_word(i->outcome)));
    cell(c, span_str(cause_word(i->cause)));
    cell(c, buf_span(&i->explained));
    words_cell(c, i->differs);
    number(c, w != NULL, w != NULL ? w->number : 0);
    number(c, l != NULL, l != NULL ? (int64_t)l->index : 0);
    cell(c, i->reference);
    cell(c, i->txid);
    cell(c, i->click_id);
    day_cell(c, w != NULL && w->form != WHEN_NONE, w != NULL ? row_wall(w, l, r->last_offset_ms) : 0);
    day_cell(c, l != NULL, l != NULL ? lead_wall(l) : 0);
    cell(c, w != NULL ? span_str(own_state_word(w->state)) : SPAN(""));
    cell(c, l != NULL ? span_str(status_word(l->status)) : SPAN(""));
    cell(c, l != NULL ? span_str(reason_word(l->reason)) : SPAN(""));
    cell(c, currency_of(r, w != NULL ? w->currency : 0));
    amount(c, w != NULL && has_amounts(r), w != NULL ? row_owed(w) : 0);
    amount(c, l != NULL, l != NULL ? l->micros : 0);
    amount(c, has_amounts(r), off);
    end_line(c);
}

/* So that nobody takes a part for the whole: how many follow, and what they come to. */
static void csv_left_out(struct csv_out *c, const struct reconcile *r, uint64_t n)
{
    struct buf text;
    buf_heap(&text);
    buf_printf(&text, "%" PRIu64 " more are left out: take a shorter period, or verify --reconcile on a mirror", n);
    cell(c, SPAN("left_out"));
    cell(c, SPAN(""));
    cell(c, buf_span(&text));
    for (int i = 0; i < 11; i++)
        cell(c, SPAN(""));
    cell(c, r->asked.currency);
    amount(c, false, 0);
    amount(c, false, 0);
    amount(c, has_amounts(r), (int64_t)(r->row_micros - r->log_micros - c->told));
    end_line(c);
    buf_free(&text);
}

void reconcile_csv(struct reconcile *r, uint64_t most, struct buf *out, void (*write)(void *ctx, struct buf *out),
                   void *ctx)
{
    static const char *const names[] = {"class",      "reason",     "explained",  "differs",    "row",
                                        "index",      "lead",       "txid",       "click_id",   "own_day",
                                        "log_day",    "own_status", "log_status", "log_reason", "currency",
                                        "own_micros", "own_amount", "log_micros", "log_amount", "difference_micros",
                                        "difference"};
    struct csv_out c = {.out = out, .write = write, .ctx = ctx, .mark = ','};
    if (!r->sheet.json && (r->sheet.mark == ';' || r->sheet.mark == '\t')) {
        c.mark = r->sheet.mark;
        c.comma = r->decimal == DECIMAL_COMMA;
    }
    c.exponent = currency_exponent(r->asked.currency);
    buf_str(out, CSV_BOM);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        cell(&c, span_str(names[i]));
    end_line(&c);
    items_each(r, most, csv_item, &c);
    uint64_t all = items_all(r);
    if (all > c.n)
        csv_left_out(&c, r, all - c.n);
    if (write != NULL)
        write(ctx, out);
}
