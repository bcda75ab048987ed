/* What later statements say of one. */
#include "server/settlement/corrections.h"

#include <stdlib.h>

#include "common/base/mem.h"
#include "common/ledger/jws.h"
#include "server/ledger/ledger.h"
#include "server/settlement/statements.h"

enum err corrections_payload(struct txn *t, struct span id, struct buf *out)
{
    struct span jws;
    enum err err = statement_part(t, id, "jws", &jws);
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

/* ---- of leads, over statements ---- */

/* What statement number n of a contract makes of them. */
static enum err add_of(struct txn *t, const struct contract *k, uint64_t n, struct buf *payload,
                       struct corrected_leads *out)
{
    char id[LIMIT_ID + 1];
    struct statement s;
    statement_id(span_str(k->id), n, id);
    buf_clear(payload);
    enum err err = corrections_payload(t, span_str(id), payload);
    if (err != ERR_OK || !payload_corrects(buf_span(payload)))
        return err;
    if ((err = statement_read(buf_span(payload), &s)) == ERR_OK) {
        corrected_leads_add(out, &s);
        statement_close(&s);
    }
    return err;
}

enum err corrections_leads(struct txn *t, const struct contract *k, const struct statement *s,
                           struct corrected_leads *out)
{
    const struct view view = store_view(t);
    struct head head;
    struct buf payload;
    enum err err = ERR_OK;
    corrected_leads_of(out, s);
    if (out->n == 0)
        return ERR_OK;
    if ((err = head_read(t, k->number, &head)) != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    buf_heap(&payload);
    for (uint64_t n = 1; err == ERR_OK && n <= head.last.number; n++)
        err = add_of(t, k, n, &payload, out);
    buf_free(&payload);
    const bool is_draft = s->number > head.last.number;
    if (is_draft)
        corrected_leads_add(out, s);
    corrected_leads_keep_adjusted(out);
    if (err == ERR_OK)
        err = corrected_leads_charge(out, &view, k->number, is_draft ? s->to : head.last.to);
    corrected_leads_keep_told(out);
    return err;
}

/* ---- of lines that are disputed ---- */

static int by_lead(const void *a, const void *b)
{
    const struct disputed_line *x = a, *y = b;
    if (x->lead != y->lead)
        return x->lead < y->lead ? -1 : 1;
    return x->entry < y->entry ? -1 : x->entry > y->entry;
}

enum err disputed_lines_add(struct txn *t, const struct contract *k, const uint64_t *entries, size_t n,
                            struct disputed_lines *out)
{
    const struct view view = store_view(t);
    for (size_t i = 0; i < n; i++) {
        struct move_row move;
        struct adjustment_row a = {.lead = 0};
        enum err err = row_move(&view, k->number, entries[i], &move);
        if (err == ERR_OK && move.kind == ENTRY_ADJUSTMENT)
            err = row_adjustment(&view, k->number, move.lead, &a);
        if (err != ERR_OK)
            return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
        uint64_t lead = move.kind == ENTRY_ADJUSTMENT ? a.lead : move.lead;
        if (lead > 0)
            out->of[out->n++] = (struct disputed_line){lead, entries[i]};
    }
    return ERR_OK;
}

void disputed_lines_sort(struct disputed_lines *lines)
{
    if (lines->n > 0)
        qsort(lines->of, lines->n, sizeof *lines->of, by_lead);
}

/* A lead may have several: it is told beside the last, once. */
static void keep_line(struct laters *out, const struct disputed_lines *lines, const struct page_correction *c)
{
    size_t from = 0, to = lines->n;
    while (from < to) {
        size_t at = from + (to - from) / 2;
        if (lines->of[at].lead <= c->lead)
            from = at + 1;
        else
            to = at;
    }
    if (from == 0 || lines->of[from - 1].lead != c->lead)
        return;
    out->line = xrealloc(out->line, (out->n_lines + 1) * sizeof *out->line);
    out->line[out->n_lines] = *c;
    out->line[out->n_lines++].line = lines->of[from - 1].entry;
}

/* ---- of the whole ---- */

/* What is asked about. */
struct asked {
    struct span id;
    const struct disputed_lines *lines;
    struct page_later now; /* of the statement that is looked at; of none in the end */
    struct laters *out;
};

static uint64_t index_of(const json_t *a, const char *name)
{
    return (uint64_t)json_integer_value(json_object_get(a, name));
}

/* Of a later statement; most say nothing of it, and are not taken apart. */
static enum err take_later(struct txn *t, struct asked *x, struct buf *payload)
{
    struct statement s;
    const json_t *a;
    size_t i;
    buf_clear(payload);
    enum err err = corrections_payload(t, span_str(x->now.id), payload);
    if (err != ERR_OK || memmem(payload->ptr, payload->len, x->id.ptr, x->id.len) == NULL)
        return err;
    if ((err = statement_read(buf_span(payload), &s)) != ERR_OK)
        return err;
    json_array_foreach((json_t *)s.adjustments, i, a)
    {
        if (!span_is(x->id, json_string_value(json_object_get(a, "statement"))))
            continue;
        const struct page_correction c = {index_of(a, "lead"), index_of(a, "index"), x->now.number,
                                          json_integer_value(json_object_get(a, "micros")), 0};
        add(&x->now, c.micros);
        keep_line(x->out, x->lines, &c);
    }
    statement_close(&s);
    return ERR_OK;
}

static void take_open(void *ctx, const struct open_correction *c)
{
    struct asked *x = ctx;
    if (!span_is(x->id, c->statement))
        return;
    add(&x->now, c->micros);
    keep_line(x->out, x->lines, &(struct page_correction){c->lead, c->index, 0, c->micros, 0});
}

enum err laters_of(struct txn *t, const struct statement_meta *m, struct span id, const struct disputed_lines *lines,
                   struct laters *out)
{
    const struct contract *k = m->contract;
    const struct view view = store_view(t);
    struct asked asked = {.id = id, .lines = lines, .out = out};
    struct head head;
    struct buf payload;
    buf_heap(&payload);
    enum err err = head_read(t, k->number, &head);
    for (uint64_t n = m->number + 1; err == ERR_OK && n <= head.last.number; n++) {
        asked.now = (struct page_later){.number = n};
        statement_id(span_str(k->id), n, asked.now.id);
        err = take_later(t, &asked, &payload);
        keep(out, &asked.now);
    }
    buf_free(&payload);
    asked.now = (struct page_later){.number = 0};
    if (err == ERR_OK)
        err = corrections_open(&view, k->number, head.last.to, take_open, &asked);
    keep(out, &asked.now);
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

void laters_free(struct laters *l)
{
    free(l->of);
    free(l->line);
}
