#include "common/settlement/corrections.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/base/money.h"

/* ---- how much ---- */

static void add(struct corrected *c, int64_t micros)
{
    c->n++;
    if (!money_add(c->micros, micros, &c->micros))
        c->micros = micros < 0 ? -MONEY_MAX_MICROS : MONEY_MAX_MICROS;
}

void correction_sums_add(struct correction_sums *x, bool is_adjustment, int64_t micros)
{
    add(is_adjustment ? &x->adjusted : micros < 0 ? &x->returned : &x->reinstated, micros);
}

bool correction_unnamed(const struct statement *s, const json_t *a)
{
    const json_t *lead = json_object_get(a, "lead");
    return json_object_get(a, "adjustment") != NULL && json_object_get(a, "statement") == NULL &&
           (lead == NULL || (uint64_t)json_integer_value(lead) < s->from);
}

void correction_sums_of(const struct statement *s, struct correction_sums *out)
{
    const json_t *a;
    size_t i;
    *out = (struct correction_sums){.unnamed = 0};
    json_array_foreach((json_t *)s->adjustments, i, a)
    {
        bool is_adjustment = json_object_get(a, "adjustment") != NULL;
        correction_sums_add(out, is_adjustment, json_integer_value(json_object_get(a, "micros")));
        out->unnamed += correction_unnamed(s, a);
    }
}

static void write(struct jw *w, const char *key, const struct corrected *c)
{
    jw_key(w, key);
    jw_object(w);
    jw_kint(w, "micros", c->micros);
    jw_kint(w, "n", (int64_t)c->n);
    jw_object_end(w);
}

void correction_sums_write(struct jw *w, const struct correction_sums *x)
{
    jw_object(w);
    write(w, "adjusted", &x->adjusted);
    write(w, "reinstated", &x->reinstated);
    write(w, "returned", &x->returned);
    jw_object_end(w);
}

void correction_sums_tell(struct buf *out, const struct correction_sums *x, struct span currency)
{
    const struct {
        const struct corrected *of;
        const char *one, *many;
    } parts[] = {{&x->adjusted, "adjustment", "adjustments"},
                 {&x->returned, "returned lead", "returned leads"},
                 {&x->reinstated, "reinstated lead", "reinstated leads"}};
    size_t all = (x->adjusted.n > 0) + (x->returned.n > 0) + (x->reinstated.n > 0), said = 0;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        const struct corrected *c = parts[i].of;
        if (c->n == 0)
            continue;
        said++;
        buf_printf(out, "%s%llu %s of ",
                   said == 1     ? ""
                   : said == all ? " and "
                                 : ", ",
                   (unsigned long long)c->n, c->n == 1 ? parts[i].one : parts[i].many);
        decimal_add(out, c->micros, 6, currency_exponent(currency));
        buf_printf(out, " %.*s", (int)currency.len, currency.ptr);
    }
}

/* ---- of a lead, over statements ---- */

static int by_lead(const void *a, const void *b)
{
    const struct corrected_lead *x = a, *y = b;
    return x->lead < y->lead ? -1 : x->lead > y->lead;
}

struct corrected_lead *corrected_leads_find(const struct corrected_leads *c, uint64_t lead)
{
    const struct corrected_lead key = {.lead = lead};
    return c->n > 0 ? bsearch(&key, c->of, c->n, sizeof *c->of, by_lead) : NULL;
}

void corrected_leads_free(struct corrected_leads *c)
{
    free(c->of);
    *c = (struct corrected_leads){.of = NULL};
}

static uint64_t lead_of(const json_t *a)
{
    int64_t lead = json_integer_value(json_object_get(a, "lead"));
    return lead > 0 ? (uint64_t)lead : 0; /* 0 is the entry of the terms */
}

/* Of a statement; one that is later than it is asked about (later) only takes back what it charged. */
static void correct(struct corrected_lead *x, uint64_t number, bool later, const json_t *a)
{
    const int64_t micros = json_integer_value(json_object_get(a, "micros"));
    const bool is_adjustment = json_object_get(a, "adjustment") != NULL;
    struct corrected decided = {.micros = x->decided};
    if (!is_adjustment) {
        add(&decided, micros);
        x->decided = decided.micros;
    }
    if (later || micros == 0)
        return;
    x->adjusted |= is_adjustment;
    add(&x->all, micros);
    if (x->n_on == 0 || x->last != number) {
        if (x->n_on < CORRECTED_ON)
            x->on[x->n_on].number = number;
        x->n_on++;
    }
    x->last = number;
    if (x->n_on <= CORRECTED_ON) {
        struct corrected here = {.micros = x->on[x->n_on - 1].micros};
        add(&here, micros);
        x->on[x->n_on - 1].micros = here.micros;
    }
}

void corrected_leads_of(struct corrected_leads *c, const struct statement *s)
{
    const json_t *a;
    size_t i, kept = 0;
    c->number = s->number;
    json_array_foreach((json_t *)s->adjustments, i, a)
    {
        if (lead_of(a) == 0)
            continue;
        c->of = xrealloc(c->of, (c->n + 1) * sizeof *c->of);
        c->of[c->n++] = (struct corrected_lead){.lead = lead_of(a)};
    }
    if (c->n > 0)
        qsort(c->of, c->n, sizeof *c->of, by_lead);
    for (i = 0; i < c->n; i++)
        if (i == 0 || c->of[i].lead != c->of[i - 1].lead)
            c->of[kept++] = c->of[i];
    c->n = kept;
}

bool payload_corrects(struct span payload)
{
    static const char some[] = "\"adjustments\":[{";
    return memmem(payload.ptr, payload.len, some, sizeof some - 1) != NULL;
}

void corrected_leads_add(struct corrected_leads *c, const struct statement *s)
{
    const json_t *a;
    size_t i;
    json_array_foreach((json_t *)s->adjustments, i, a)
    {
        struct corrected_lead *x = lead_of(a) > 0 ? corrected_leads_find(c, lead_of(a)) : NULL;
        if (x != NULL)
            correct(x, s->number, s->number > c->number, a);
    }
}

void corrected_leads_keep_adjusted(struct corrected_leads *c)
{
    size_t kept = 0;
    for (size_t i = 0; i < c->n; i++)
        if (c->of[i].adjusted)
            c->of[kept++] = c->of[i];
    c->n = kept;
}

void corrected_leads_keep_told(struct corrected_leads *c)
{
    size_t kept = 0;
    for (size_t i = 0; i < c->n; i++)
        if (corrected_beyond(&c->of[i]) || c->of[i].n_on > 1)
            c->of[kept++] = c->of[i];
    c->n = kept;
}

/* What decisions made of it from entry `from` on is none of what it charged before. */
static enum err leave_out(struct corrected_leads *c, const struct view *v, uint32_t contract, uint64_t from)
{
    uint8_t seek[12];
    struct span key, value;
    enum err err;
    row_index_key(seek, contract, from);
    while ((err = v->seek(v->ctx, ROW_MOVES, span_of(seek, sizeof seek), &key, &value)) == ERR_OK) {
        struct move_row move;
        struct corrected_lead *x;
        if (key.len < 4 || load_be32(key.ptr) != contract)
            return ERR_OK;
        if (key.len != sizeof seek || move_row_read(value, &move) != ERR_OK)
            return ERR_CORRUPT;
        if (move.kind != ENTRY_ADJUSTMENT && (x = corrected_leads_find(c, move.lead)) != NULL)
            x->charged_micros -= move.micros;
        row_index_key(seek, contract, load_be64(key.ptr + 4) + 1);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err corrected_leads_charge(struct corrected_leads *c, const struct view *v, uint32_t contract, uint64_t from)
{
    bool moved = false;
    for (size_t i = 0; i < c->n; i++) {
        struct corrected_lead *x = &c->of[i];
        struct lead_row row;
        enum err err = row_lead(v, contract, x->lead, &row);
        if (err != ERR_OK)
            return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
        x->charged_micros = (status_payable(row.status) ? row.payout_micros : 0) + row.sale_micros - x->decided;
        moved |= row.last >= from;
    }
    return moved ? leave_out(c, v, contract, from) : ERR_OK;
}

void corrected_lead_tell(struct buf *out, const struct corrected_lead *x, int exponent)
{
    const int64_t left = x->charged_micros + x->all.micros;
    buf_printf(out, "lead %llu charged ", (unsigned long long)x->lead);
    decimal_add(out, x->charged_micros, 6, exponent);
    buf_str(out, ", corrected by ");
    decimal_add(out, x->all.micros, 6, exponent);
    for (size_t i = 0; i < x->n_on && i < CORRECTED_ON; i++) {
        buf_printf(out, "%sno. %llu ", i == 0 ? " (" : ", ", (unsigned long long)x->on[i].number);
        decimal_add(out, x->on[i].micros, 6, exponent);
    }
    if (x->n_on > CORRECTED_ON)
        buf_printf(out, " and %zu more", x->n_on - CORRECTED_ON);
    buf_str(out, "): ");
    decimal_add(out, left < 0 ? -left : left, 6, exponent);
    buf_str(out,
            left < 0 ? " more than it charged is taken back" : " stands of it; more than one statement corrects it");
}

/* ---- what none has so far ---- */

/* What it cites, or else on which its lead stood. ERR_NOT_FOUND: none. */
static enum err correction_of(const struct view *v, uint32_t contract, uint64_t from, uint64_t index,
                              const struct move_row *m, struct open_correction *out)
{
    struct adjustment_row a = {.lead = m->lead};
    struct settled_row stood;
    enum err err = ERR_OK;
    *out = (struct open_correction){m->kind == ENTRY_ADJUSTMENT, m->micros, index, m->lead, ""};
    if (out->is_adjustment && (err = row_adjustment(v, contract, m->lead, &a)) != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    out->lead = a.lead;
    if (a.statement[0] == '\0') {
        if (a.lead == 0)
            return ERR_NOT_FOUND;
        if ((err = row_stood(v, contract, a.lead, from, &stood)) != ERR_OK)
            return err;
        memcpy(a.statement, stood.id, sizeof stood.id);
    }
    memcpy(out->statement, a.statement, sizeof out->statement);
    return ERR_OK;
}

enum err corrections_open(const struct view *v, uint32_t contract, uint64_t from,
                          void (*found)(void *ctx, const struct open_correction *c), void *ctx)
{
    uint8_t seek[12];
    struct span key, value;
    enum err err = ERR_OK;
    row_index_key(seek, contract, from);
    while ((err = v->seek(v->ctx, ROW_MOVES, span_of(seek, sizeof seek), &key, &value)) == ERR_OK) {
        struct move_row move;
        struct open_correction c;
        if (key.len < 4 || load_be32(key.ptr) != contract)
            return ERR_OK;
        if (key.len != sizeof seek || move_row_read(value, &move) != ERR_OK)
            return ERR_CORRUPT;
        row_index_key(seek, contract, load_be64(key.ptr + 4) + 1);
        if (move_earns(&move))
            continue;
        if ((err = correction_of(v, contract, from, load_be64(key.ptr + 4), &move, &c)) == ERR_OK)
            found(ctx, &c);
        else if (err != ERR_NOT_FOUND)
            return err;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}
