/* The caller's rows, read: each to what is compared. */
#include <inttypes.h>
#include <stdlib.h>

#include "common/base/ascii.h"
#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/base/money.h"
#include "common/base/text.h"
#include "common/reconcile/reconcile_private.h"

/* ---- keys ---- */

static int key_order(const void *x, const void *y)
{
    const struct key *a = x, *b = y;
    if (a->hi != b->hi)
        return a->hi < b->hi ? -1 : 1;
    if (a->lo != b->lo)
        return a->lo < b->lo ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

void keys_sort(struct keys *k)
{
    if (k->n > 0)
        qsort(k->of, k->n, sizeof *k->of, key_order);
}

bool key_is(const struct keys *k, const struct key *at, uint64_t hi, uint64_t lo)
{
    return at < k->of + k->n && at->hi == hi && at->lo == lo;
}

const struct key *keys_find(const struct keys *k, uint64_t hi, uint64_t lo)
{
    size_t from = 0, to = k->n;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        const struct key *at = &k->of[mid];
        if (at->hi < hi || (at->hi == hi && at->lo < lo))
            from = mid + 1;
        else
            to = mid;
    }
    return from < k->n && key_is(k, &k->of[from], hi, lo) ? &k->of[from] : NULL;
}

static void keys_add(struct keys *k, uint64_t hi, uint64_t lo, uint32_t row)
{
    k->of[k->n++] = (struct key){hi, lo, row};
}

void txid_hash(struct span txid, uint8_t out[16])
{
    uint8_t sum[HASH_LEN];
    sha256(txid.ptr, txid.len, sum);
    sum[0] |= 1; /* never zeros */
    memcpy(out, sum, 16);
}

/* One that left as unrecorded names no entry, but perhaps the lead that came of it. */
uint64_t click_name(uint64_t index, bool unrecorded)
{
    static const uint64_t unrecorded_bit = UINT64_C(1) << 62;
    return ((index & (uint64_t)JSON_INT_MAX) | (unrecorded ? unrecorded_bit : 0)) + 1;
}

/* Not of a kind that is unknown here; nor what a HEAD was answered, whose place is beyond all entries. */
static bool names_click(const struct pointer *p)
{
    return (p->flags & ~CLICK_UNRECORDED) == 0 && (p->flags != 0 || p->index <= (uint64_t)JSON_INT_MAX);
}

/* ---- the survey: what a whole column says of the marks of its cells ---- */

static bool has(const struct reconcile *r, enum column c)
{
    return r->column[c] >= 0;
}

static enum err cell_of(struct reconcile *r, enum column c, struct span *out, struct problem *p)
{
    *out = SPAN("");
    return has(r, c) ? sheet_cell(&r->sheet, (size_t)r->column[c], out, p) : ERR_OK;
}

/* Half of it is the survey. */
static void tell_progress(const struct reconcile *r, uint64_t n, bool surveyed)
{
    uint64_t all = r->sheet.text.len;
    if (n % 4096 == 0 && r->asked.progress != NULL)
        r->asked.progress(r->asked.progress_ctx, (r->sheet.offset + (surveyed ? all : 0)) / 2, all);
}

/* dates, marks: where a cell that can be only one of the two stands, 0: nowhere. */
static enum err survey(struct reconcile *r, uint64_t dates[2], uint64_t marks[2], struct problem *p)
{
    enum err err;
    struct span cell;
    uint64_t n = 0;
    sheet_rewind(&r->sheet);
    while ((err = sheet_next(&r->sheet, p)) == ERR_OK) {
        if (++n > r->asked.most_rows)
            return sheet_problem(&r->sheet, p, SPAN(""),
                                 "is the row behind %" PRIu64 ": divide the file, by months for example",
                                 r->asked.most_rows);
        tell_progress(r, n, false);
        if ((err = cell_of(r, COLUMN_AT, &cell, p)) != ERR_OK)
            return err;
        enum date_order order = when_order(cell);
        if (order != DATES_UNTOLD && dates[order - 1] == 0)
            dates[order - 1] = r->sheet.number;
        if ((err = cell_of(r, COLUMN_AMOUNT, &cell, p)) != ERR_OK)
            return err;
        enum decimal_mark mark = amount_mark(cell);
        if (mark != DECIMAL_UNTOLD && marks[mark - 1] == 0)
            marks[mark - 1] = r->sheet.number;
    }
    r->rows = xcalloc(n + 1, sizeof *r->rows);
    r->rows_room = n;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static void settle(struct reconcile *r, const uint64_t dates[2], const uint64_t marks[2])
{
    r->dates = r->asked.dates;
    r->decimal = r->asked.decimal;
    if (r->dates == DATES_UNTOLD && (dates[0] != 0) != (dates[1] != 0))
        r->dates = dates[0] != 0 ? DATES_DMY : DATES_MDY;
    if (r->decimal == DECIMAL_UNTOLD && (marks[0] != 0) != (marks[1] != 0))
        r->decimal = marks[0] != 0 ? DECIMAL_POINT : DECIMAL_COMMA;
    if (r->decimal == DECIMAL_UNTOLD && r->sheet.json)
        r->decimal = DECIMAL_POINT; /* its numbers */
}

/* ---- one row ---- */

static enum err wrong(struct reconcile *r, enum column c, const char *cure, struct problem *p)
{
    return sheet_problem(&r->sheet, p, r->sheet.name[r->column[c]], "%s", cure);
}

static enum err read_when(struct reconcile *r, struct own_row *w, struct problem *p)
{
    struct own_when when;
    struct span cell;
    enum err err = cell_of(r, COLUMN_AT, &cell, p);
    if (err != ERR_OK || cell.len == 0)
        return err;
    err = when_read(cell, r->dates, &when);
    if (err == ERR_CONFLICT)
        return wrong(r, COLUMN_AT,
                     r->asked.flags
                         ? "may have its day or its month first, and no other row tells: say --dates dmy or --dates mdy"
                         : "may have its day or its month first, and no other row tells: say dates=dmy or dates=mdy",
                     p);
    if (err != ERR_OK)
        return wrong(r, COLUMN_AT,
                     "is no time: write 2026-11-22, 2026-11-22 13:05:09, 2026-11-22T13:05:09Z, 22.11.2026 or Unix "
                     "seconds",
                     p);
    w->form = (uint8_t)when.form;
    w->when_ms = when.ms;
    return ERR_OK;
}

static enum err take_currency(struct reconcile *r, struct own_row *w, enum column c, struct span code,
                              struct problem *p)
{
    char upper[3];
    size_t i = 0;
    if (code.len == 0)
        return ERR_OK;
    for (; i < 3 && i < code.len; i++)
        upper[i] = ascii_to_upper(code.ptr[i]);
    if (code.len != 3 || currency_exponent(span_of(upper, 3)) < 0)
        return wrong(r, c, "is no currency: write a code of ISO 4217 such as EUR", p);
    if (span_eq(span_of(upper, 3), r->asked.currency)) {
        w->currency = 0;
        return ERR_OK;
    }
    for (i = 0; i < r->n_currencies && memcmp(r->currency[i], upper, 3) != 0; i++)
        ;
    if (i == r->n_currencies)
        memcpy(r->currency[r->n_currencies++], upper, 3);
    w->currency = (uint8_t)(i + 1);
    return ERR_OK;
}

static enum err read_micros(struct reconcile *r, struct own_row *w, struct problem *p)
{
    struct span cell;
    enum err err = cell_of(r, COLUMN_MICROS, &cell, p);
    if (err != ERR_OK || cell.len == 0)
        return err;
    if (parse_i64(cell, &w->micros) != ERR_OK || w->micros > MONEY_MAX_MICROS || w->micros < -MONEY_MAX_MICROS)
        return wrong(r, COLUMN_MICROS, "must be a whole number of millionths, such as 12000000", p);
    return ERR_OK;
}

static enum err read_money(struct reconcile *r, struct own_row *w, struct problem *p)
{
    struct span cell, code = SPAN("");
    enum err err = cell_of(r, COLUMN_AMOUNT, &cell, p);
    if (err == ERR_OK && cell.len > 0) {
        err = amount_read(cell, r->decimal, &w->micros, &code);
        if (err == ERR_CONFLICT)
            return wrong(r, COLUMN_AMOUNT,
                         r->asked.flags ? "may be thousands or three decimals, and no other row tells: say --decimal "
                                          "point or --decimal comma"
                                        : "may be thousands or three decimals, and no other row tells: say "
                                          "decimal=point or decimal=comma",
                         p);
        if (err == ERR_TOO_LARGE)
            return wrong(r, COLUMN_AMOUNT, "is more than " MONEY_MAX_TEXT, p);
        if (err != ERR_OK)
            return wrong(r, COLUMN_AMOUNT, "is no amount: write 1234.50 or 1234,50", p);
    }
    if (err == ERR_OK && has(r, COLUMN_MICROS))
        err = read_micros(r, w, p);
    if (err == ERR_OK)
        err = take_currency(r, w, COLUMN_AMOUNT, code, p);
    if (err == ERR_OK && (err = cell_of(r, COLUMN_CURRENCY, &cell, p)) == ERR_OK && cell.len > 0)
        err = take_currency(r, w, COLUMN_CURRENCY, cell, p);
    return err;
}

#define UNKNOWN_STATUS                                                                                                 \
    "is no status that is known here: write approved, pending, held, rejected, duplicate, returned or converted, or "  \
    "leave the column out "

static enum err read_state(struct reconcile *r, struct own_row *w, struct problem *p)
{
    struct span cell;
    enum own_state state;
    enum err err = cell_of(r, COLUMN_STATUS, &cell, p);
    if (err != ERR_OK || cell.len == 0)
        return err;
    if (state_read(cell, &state) != ERR_OK)
        return wrong(r, COLUMN_STATUS,
                     r->asked.flags ? UNKNOWN_STATUS "(--map status:)" : UNKNOWN_STATUS "(map=status:)", p);
    w->state = (uint8_t)state;
    return ERR_OK;
}

/* A key cell: empty where it holds a macro, or a program's word for nothing. */
static enum err key_cell(struct reconcile *r, struct own_row *w, enum column c, struct span *out, struct problem *p)
{
    enum err err = cell_of(r, c, out, p);
    if (err != ERR_OK || out->len == 0)
        return err;
    if (text_has_macro(*out)) {
        w->faults |= KEY_MACRO;
        *out = SPAN("");
    } else if (text_is_nothing(*out)) {
        *out = SPAN("");
    }
    return ERR_OK;
}

static enum err read_txid(struct reconcile *r, struct own_row *w, struct problem *p)
{
    struct span cell;
    enum err err = key_cell(r, w, COLUMN_TXID, &cell, p);
    if (err != ERR_OK || cell.len == 0)
        return err;
    if (cell.len > 4096)
        return wrong(r, COLUMN_TXID, "is longer than 4096 bytes: this is no txid", p);
    struct buf nfc;
    buf_heap(&nfc);
    text_nfc(&nfc, cell);
    txid_hash(buf_span(&nfc), w->txid);
    buf_free(&nfc);
    return ERR_OK;
}

static enum err read_keys(struct reconcile *r, struct own_row *w, struct problem *p)
{
    const struct reconcile_asked *a = &r->asked;
    struct pointer click;
    struct span cell;
    uint64_t index;
    enum err err = key_cell(r, w, COLUMN_LEAD, &cell, p);
    if (err == ERR_OK && cell.len > 0) {
        if (ascii_all_digits(cell) && parse_u64(cell, &index) == ERR_OK && index < JSON_INT_MAX)
            w->lead = index + 1;
        else if (a->open_lead == NULL)
            w->faults |= KEY_UNOPENED;
        else if (a->open_lead(a->ctx, cell, &index) == ERR_OK)
            w->lead = index + 1;
        else
            w->faults |= KEY_FOREIGN_LEAD;
    }
    if (err == ERR_OK)
        err = read_txid(r, w, p);
    if (err == ERR_OK)
        err = key_cell(r, w, COLUMN_CLICK, &cell, p);
    if (err == ERR_OK && cell.len > 0) {
        if (a->open_click == NULL)
            w->faults |= KEY_UNOPENED;
        else if (a->open_click(a->ctx, cell, &click) == ERR_OK && names_click(&click))
            w->click = click_name(click.index, click.flags != 0);
        else
            w->faults |= KEY_FOREIGN_CLICK;
    }
    if (err == ERR_OK && (err = cell_of(r, COLUMN_REQUEST, &cell, p)) == ERR_OK && cell.len == 16) {
        uint8_t id[8];
        size_t len;
        if (hex_decode(cell, id, sizeof id, &len) == ERR_OK && len == sizeof id)
            w->request = load_be64(id);
    }
    return err;
}

static enum err read_row(struct reconcile *r, struct problem *p)
{
    struct own_row *w = &r->rows[r->n_rows];
    enum err err;
    *w = (struct own_row){.number = (uint32_t)r->sheet.number, .offset = (uint32_t)r->sheet.offset, .class = NO_CLASS};
    if ((err = read_keys(r, w, p)) != ERR_OK || (err = read_when(r, w, p)) != ERR_OK ||
        (err = read_money(r, w, p)) != ERR_OK || (err = read_state(r, w, p)) != ERR_OK)
        return err;
    tell_progress(r, ++r->n_rows, true);
    return ERR_OK;
}

/* ---- all ---- */

static struct key *room(size_t n)
{
    return xmalloc((n + 1) * sizeof(struct key));
}

static void index_rows(struct reconcile *r)
{
    size_t n[4] = {0};
    for (size_t i = 0; i < r->n_rows; i++) {
        n[0] += r->rows[i].lead != 0;
        n[1] += r->rows[i].txid[0] != 0;
        n[2] += r->rows[i].click != 0;
        n[3] += r->rows[i].request != 0;
    }
    r->by_lead.of = room(n[0]);
    r->by_txid.of = room(n[1]);
    r->by_click.of = room(n[2]);
    r->by_request.of = room(n[3]);
    for (size_t i = 0; i < r->n_rows; i++) {
        const struct own_row *w = &r->rows[i];
        if (w->lead != 0)
            keys_add(&r->by_lead, 0, w->lead, (uint32_t)i);
        if (w->txid[0] != 0)
            keys_add(&r->by_txid, load_be64(w->txid), load_be64(w->txid + 8), (uint32_t)i);
        if (w->click != 0)
            keys_add(&r->by_click, 0, w->click, (uint32_t)i);
        if (w->request != 0)
            keys_add(&r->by_request, 0, w->request, (uint32_t)i);
    }
    keys_sort(&r->by_lead);
    keys_sort(&r->by_txid);
    keys_sort(&r->by_click);
    keys_sort(&r->by_request);
}

enum err rows_read(struct reconcile *r, struct problem *p)
{
    uint64_t dates[2] = {0}, marks[2] = {0};
    enum err err = survey(r, dates, marks, p);
    if (err != ERR_OK)
        return err;
    settle(r, dates, marks);
    sheet_rewind(&r->sheet);
    while ((err = sheet_next(&r->sheet, p)) == ERR_OK)
        if ((err = read_row(r, p)) != ERR_OK)
            return err;
    if (err != ERR_NOT_FOUND)
        return err;
    if (r->asked.progress != NULL)
        r->asked.progress(r->asked.progress_ctx, 1, 1);
    index_rows(r);
    return ERR_OK;
}
