#include "common/settlement/corrections.h"

#include <stdlib.h>

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

void correction_sums_of(const struct statement *s, struct correction_sums *out)
{
    const json_t *a, *lead;
    size_t i;
    *out = (struct correction_sums){.unnamed = 0};
    json_array_foreach((json_t *)s->adjustments, i, a)
    {
        bool is_adjustment = json_object_get(a, "adjustment") != NULL;
        correction_sums_add(out, is_adjustment, json_integer_value(json_object_get(a, "micros")));
        lead = json_object_get(a, "lead");
        out->unnamed += is_adjustment && json_object_get(a, "statement") == NULL &&
                        (lead == NULL || (uint64_t)json_integer_value(lead) < s->from);
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
