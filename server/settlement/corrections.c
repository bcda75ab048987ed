/* What later statements say of one. */
#include "server/settlement/corrections.h"

#include <stdlib.h>

#include "common/base/mem.h"
#include "common/ledger/jws.h"
#include "server/ledger/ledger.h"
#include "server/settlement/statements.h"

enum err corrections_payload(void *ctx, struct span id, struct buf *out)
{
    struct span jws;
    enum err err = statement_part(ctx, id, "jws", &jws);
    return err == ERR_OK ? jws_general_payload(jws, out) : err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

static void add(struct page_later *l, int64_t micros)
{
    l->n++;
    if (__builtin_add_overflow(l->micros, micros, &l->micros))
        l->micros = micros < 0 ? -MONEY_MAX_MICROS : MONEY_MAX_MICROS;
}

static void keep(struct laters *out, const struct page_later *l)
{
    if (l->n == 0)
        return;
    out->of = xrealloc(out->of, (out->n + 1) * sizeof *out->of);
    out->of[out->n++] = *l;
}

/* Of a later statement; most say nothing of it, and are not taken apart. */
static enum err take_later(struct txn *t, struct span of, struct page_later *l, struct buf *payload)
{
    struct statement s;
    const json_t *a;
    size_t i;
    buf_clear(payload);
    enum err err = corrections_payload(t, span_str(l->id), payload);
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

/* What none has so far, of the one that is asked about. */
struct asked {
    struct span id;
    struct page_later open;
};

static void take_open(void *ctx, const struct open_correction *c)
{
    struct asked *x = ctx;
    if (span_is(x->id, c->statement))
        add(&x->open, c->micros);
}

enum err laters_of(struct txn *t, const struct statement_meta *m, struct span id, struct laters *out)
{
    const struct contract *k = m->contract;
    const struct view view = store_view(t);
    struct asked asked = {.id = id};
    struct head head;
    struct buf payload;
    buf_heap(&payload);
    enum err err = head_read(t, k->number, &head);
    for (uint64_t n = m->number + 1; err == ERR_OK && n <= head.last.number; n++) {
        struct page_later l = {.number = n};
        statement_id(span_str(k->id), n, l.id);
        err = take_later(t, id, &l, &payload);
        keep(out, &l);
    }
    buf_free(&payload);
    if (err == ERR_OK)
        err = corrections_open(&view, k->number, head.last.to, take_open, &asked);
    keep(out, &asked.open);
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

void laters_free(struct laters *l)
{
    free(l->of);
}
