/* Which statements correct which: those that one's adjustments are about, and what later ones say of it. */
#include "server/settlement/corrections.h"

#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/ledger/jws.h"
#include "server/ledger/ledger.h"
#include "server/settlement/statements.h"

static enum err payload_of(struct txn *t, struct span id, struct buf *payload)
{
    struct span jws;
    buf_clear(payload);
    enum err err = statement_part(t, id, "jws", &jws);
    return err == ERR_OK ? jws_general_payload(jws, payload) : err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

/* ---- those before ---- */

static struct page_earlier *room_for(struct corrections *c)
{
    c->earlier = xrealloc(c->earlier, (c->n_earlier + 1) * sizeof *c->earlier);
    return &c->earlier[c->n_earlier++];
}

static enum err take_earlier(struct txn *t, const struct statement *s, const char *id, struct corrections *c)
{
    struct statement of;
    struct buf payload;
    buf_heap(&payload);
    enum err err = payload_of(t, span_str(id), &payload);
    if (err == ERR_OK && (err = statement_read(buf_span(&payload), &of)) == ERR_OK) {
        struct page_earlier *e = room_for(c);
        *e = (struct page_earlier){.number = of.number, .issued_ms = of.issued_ms, .vat_ppm = of.vat_ppm};
        memcpy(e->id, of.id.ptr, of.id.len);
        e->taxed_alike = statement_taxed_alike(s, &of);
        e->reverse_charge = span_is(of.tax_kind, "reverse_charge");
        statement_close(&of);
    }
    buf_free(&payload);
    return err;
}

static int by_number(const void *a, const void *b)
{
    const struct page_earlier *x = a, *y = b;
    return x->number < y->number ? -1 : x->number > y->number;
}

enum err corrections_before(struct txn *t, const struct statement *s, struct corrections *c)
{
    json_t *seen = json_object();
    const json_t *a;
    const char *id;
    size_t i;
    enum err err = ERR_OK;
    json_array_foreach((json_t *)s->adjustments, i, a)
    {
        id = json_string_value(json_object_get(a, "statement"));
        if (err != ERR_OK || id == NULL || json_object_get(seen, id) != NULL)
            continue;
        json_object_set_new(seen, id, json_true());
        err = take_earlier(t, s, id, c);
    }
    json_decref(seen);
    if (c->n_earlier > 0)
        qsort(c->earlier, c->n_earlier, sizeof *c->earlier, by_number);
    return err;
}

/* ---- those behind ---- */

static void add(struct page_later *l, int64_t micros)
{
    l->n++;
    if (__builtin_add_overflow(l->micros, micros, &l->micros))
        l->micros = micros < 0 ? -MONEY_MAX_MICROS : MONEY_MAX_MICROS;
}

static void keep_later(struct corrections *c, const struct page_later *l)
{
    if (l->n == 0)
        return;
    c->later = xrealloc(c->later, (c->n_later + 1) * sizeof *c->later);
    c->later[c->n_later++] = *l;
}

/* Of a later statement; most say nothing of it, and are not taken apart. */
static enum err take_later(struct txn *t, struct span of, struct page_later *l, struct buf *payload)
{
    struct statement s;
    const json_t *a;
    size_t i;
    enum err err = payload_of(t, span_str(l->id), payload);
    if (err != ERR_OK || memmem(payload->ptr, payload->len, of.ptr, of.len) == NULL)
        return err;
    if ((err = statement_read(buf_span(payload), &s)) != ERR_OK)
        return err;
    json_array_foreach((json_t *)s.adjustments, i, a)
    {
        if (span_is(of, json_string_value(json_object_get(a, "statement"))))
            add(l, json_integer_value(json_object_get(a, "micros")));
    }
    statement_close(&s);
    return ERR_OK;
}

/* Whether that move, which no statement has so far, corrects the one of these entries. */
static enum err is_about(const struct view *v, const struct statement_meta *m, struct span id,
                         const struct move_row *move, bool *yes)
{
    struct adjustment_row a;
    *yes = !move_earns(move) && move->lead >= m->from && move->lead < m->to;
    if (move->kind != ENTRY_ADJUSTMENT)
        return ERR_OK;
    enum err err = row_adjustment(v, m->contract->number, move->lead, &a);
    if (err == ERR_OK)
        *yes = a.statement[0] != '\0' ? span_is(id, a.statement) : a.lead >= m->from && a.lead < m->to && a.lead > 0;
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

static enum err take_open(const struct view *v, const struct statement_meta *m, struct span id, uint64_t from,
                          struct page_later *l)
{
    uint32_t contract = m->contract->number;
    uint8_t seek[12];
    struct span key, value;
    enum err err = ERR_OK;
    row_index_key(seek, contract, from);
    while (err == ERR_OK && (err = v->seek(v->ctx, ROW_MOVES, span_of(seek, sizeof seek), &key, &value)) == ERR_OK) {
        struct move_row move;
        bool yes;
        if (key.len < 4 || load_be32(key.ptr) != contract)
            break;
        if (key.len != sizeof seek || move_row_read(value, &move) != ERR_OK)
            return ERR_CORRUPT;
        row_index_key(seek, contract, load_be64(key.ptr + 4) + 1);
        if ((err = is_about(v, m, id, &move, &yes)) == ERR_OK && yes)
            add(l, move.micros);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err corrections_since(struct txn *t, const struct statement_meta *m, struct span id, struct corrections *c)
{
    const struct contract *k = m->contract;
    const struct view view = store_view(t);
    struct page_later open = {.n = 0};
    struct head head;
    struct buf payload;
    buf_heap(&payload);
    enum err err = head_read(t, k->number, &head);
    for (uint64_t n = m->number + 1; err == ERR_OK && n <= head.last.number; n++) {
        struct page_later l = {.number = n};
        statement_id(span_str(k->id), n, l.id);
        err = take_later(t, id, &l, &payload);
        keep_later(c, &l);
    }
    buf_free(&payload);
    if (err == ERR_OK)
        err = take_open(&view, m, id, head.last.to, &open);
    keep_later(c, &open);
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

void corrections_free(struct corrections *c)
{
    free(c->earlier);
    free(c->later);
}
