#include "common/settlement/fold.h"

#include <assert.h>
#include <stdio.h>

#include "common/decisions/rules.h"

void fold_open(struct fold *f, const struct fold_context *cx, const struct view *view, struct rows_map *rows)
{
    *f = (struct fold){.cx = *cx, .view = view, .rows = rows};
    period_open(&f->period);
    buf_heap(&f->scratch);
}

void fold_close(struct fold *f)
{
    versions_free(&f->versions);
    buf_free(&f->scratch);
    f->terms = NULL;
}

void fold_at(struct fold *f, int64_t at_ms)
{
    const struct version *v = versions_at(&f->versions, at_ms);
    f->terms = v != NULL ? v->terms : NULL;
    f->terms_index = v != NULL ? v->index : 0;
}

enum err fold_terms(struct fold *f, uint64_t index, const struct entry *e, struct versions *gone)
{
    const struct version *newest = versions_newest(&f->versions);
    struct version next = {
        .index = index, .number = e->terms.version, .rules = e->terms.rules, .at_ms = e->at_ms, .terms = NULL};
    if (next.number != (newest != NULL ? newest->number : 0) + 1)
        return ERR_CORRUPT;
    enum err err = rules_compile(&e->terms, &next.terms, NULL);
    if (err != ERR_OK)
        return err == ERR_NOT_IMPLEMENTED ? err : ERR_CORRUPT;
    if (!span_eq(next.terms->contract, f->cx.contract_id) ||
        versions_add(&f->versions, &next, e->terms.effective_ms, gone, NULL) != ERR_OK) {
        terms_free(next.terms);
        return ERR_CORRUPT;
    }
    fold_at(f, e->at_ms);
    return ERR_OK;
}

enum err fold_view(const struct fold *f, const struct entry_view *v)
{
    enum class class;
    int64_t at_ms;
    uint32_t placement;
    if (!v->has_click)
        return ERR_OK;
    enum err err = f->view->click(f->view->ctx, f->cx.contract, v->click, &class, &at_ms, &placement);
    return err == ERR_OK && placement != v->placement ? ERR_CONFLICT : err;
}

/* True when the entry written anew is the recorded one. */
static bool writes(struct fold *f, const struct entry *e, struct span bytes)
{
    buf_clear(&f->scratch);
    entry_write(&f->scratch, e);
    return span_eq(buf_span(&f->scratch), bytes);
}

enum err fold_lead(struct fold *f, const struct entry *e, struct span bytes, const struct opening *tokens,
                   struct entry *again, bool *foreign)
{
    assert(f->terms != NULL);
    enum err err = redecide_lead(&f->cx, f->view, f->terms, f->terms_index, e, tokens, again, foreign);
    if (err != ERR_OK)
        return err;
    return writes(f, again, bytes) ? ERR_OK : ERR_CONFLICT;
}

enum err fold_disposition(struct fold *f, const struct entry *e, struct span bytes)
{
    const struct entry_disposition *d = &e->disposition;
    const struct disposition_report r = {.party = d->party,
                                         .trust = d->trust,
                                         .txid = d->txid,
                                         .text = d->text,
                                         .currency = d->currency,
                                         .status = d->status,
                                         .amount_micros = d->amount_micros,
                                         .lead = d->lead};
    struct disposition_facts facts;
    struct lead_row lead;
    struct entry again;
    bool same = false, good;
    enum err err = row_lead(f->view, f->cx.contract, d->lead, &lead);
    if (err == ERR_OK)
        err = gather_disposition(f->view, &f->cx, f->terms, &r, &lead, &facts);
    if (err != ERR_OK)
        return err;
    if (d->trust == TRUST_SYSTEM)
        good = f->terms->ruleset->due(f->terms_index, d->lead, &lead, e->at_ms, &again);
    else
        good = f->terms->ruleset->disposition(f->terms_index, &r, &lead, &facts, e->at_ms, &again, &same, NULL) ==
                   ERR_OK &&
               !same;
    return good && writes(f, &again, bytes) ? ERR_OK : ERR_CONFLICT;
}

enum err fold_statement(const struct fold *f, uint64_t index, const struct entry *e, const struct hash *root,
                        struct span issuer, struct statement_out *out, struct problem *p)
{
    const struct entry_statement *s = &e->statement;
    struct statement_in in = {.id = s->id,
                              .issuer = issuer,
                              .terms = f->terms,
                              .terms_index = f->terms_index,
                              .view = f->view,
                              .contract = f->cx.contract,
                              .issued_ms = e->at_ms};
    assert(f->terms != NULL);
    if (s->from != f->period.from || s->to != index || s->id.len > LIMIT_ID)
        return ERR_CONFLICT;
    period_statement(&f->period, index, root, &in);
    return statement_build(&in, out, p);
}

enum err fold_apply(struct fold *f, uint64_t index, const struct entry *e, const struct private_part *priv)
{
    struct row_ops ops = {.n = 0};
    enum err err = apply(&f->cx, f->view, f->terms, index, e, priv, &ops);
    if (err != ERR_OK)
        return err;
    rows_map_write(f->rows, &ops);
    period_add(&f->period, f->terms, e);
    return ERR_OK;
}

bool fold_difference(struct span recorded, struct span built, char *member, size_t cap)
{
    json_t *a = NULL, *b = NULL, *value;
    const char *name;
    if (span_eq(recorded, built))
        return false;
    snprintf(member, cap, "its form");
    if (json_read(recorded, &a, NULL) == ERR_OK && json_read(built, &b, NULL) == ERR_OK)
        json_object_foreach(b, name, value)
        {
            if (!json_equal(value, json_object_get(a, name))) {
                snprintf(member, cap, "%s", name);
                break;
            }
        }
    json_decref(a);
    json_decref(b);
    return true;
}
