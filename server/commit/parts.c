#include "server/commit/parts.h"

#include <stdlib.h>

#include "common/base/mem.h"
#include "common/decisions/rules.h"

/* The terms that an entry of now is bound by. */
static const struct version *bound_at(const struct batch *cx, const struct contract *k, int64_t now_ms)
{
    return versions_at(&k->versions, pipeline_dated(cx, k, now_ms));
}

/* ---- a new lead ---- */

static enum err share_out(struct batch *cx, const struct terms *t, const struct lead_report *r, int64_t arrived_ms,
                          struct parts *parts)
{
    const struct lead_facts facts = parts->of[0].facts;
    struct credit credits[LIMIT_TOUCHES];
    size_t n = credits_of(t, facts.touches, facts.n_touches, arrived_ms, r->clock_steps, credits);
    if (n == 0)
        return ERR_OK; /* the latest is too old, and is told so */
    for (size_t i = 0; i < n; i++) {
        struct part *p = &parts->of[i];
        p->k = catalog_contract_number(cx->catalog, credits[i].click.contract);
        if (p->k == NULL)
            return ERR_CORRUPT; /* its click is there */
        p->facts = facts;
        p->facts.credit = credits[i];
    }
    parts->n = n;
    return ERR_OK;
}

enum err parts_deal(struct batch *cx, const struct lead_report *r, uint32_t fallback, int64_t arrived_ms,
                    struct parts *out)
{
    struct part *whole = &out->of[0];
    out->n = 1;
    enum err err = gather_touches(&cx->view, r, &whole->facts);
    if (err != ERR_OK)
        return err;
    const struct lead_facts *f = &whole->facts;
    whole->k = catalog_contract_number(cx->catalog, f->found ? f->credit.click.contract : fallback);
    if (whole->k == NULL)
        return ERR_OK;
    const struct terms *t = bound_at(cx, whole->k, arrived_ms)->terms;
    return f->found && credit_looks_back(t) ? share_out(cx, t, r, arrived_ms, out) : ERR_OK;
}

/* What its leads are scored by: of a batch what was learnt so far, else what was learnt up to the last sweep, which is
 * the caller's to free. */
static enum err model_of(struct batch *cx, const struct contract *k, struct fold_context *fold,
                         struct score_model **swept)
{
    enum err err = pipeline_ready(cx, k);
    if (err != ERR_OK)
        return err;
    if (cx->ledger != NULL) {
        fold->model = ledger_model(cx->ledger, k->number);
        return ERR_OK;
    }
    fold->model = *swept = xcalloc(1, sizeof **swept);
    err = ledger_model_read(cx->txn, k->number, *swept);
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err decide_part(struct batch *cx, const struct version *bound, const struct lead_report *r, int64_t now_ms,
                            struct part *p)
{
    const struct terms *t = bound->terms;
    struct fold_context fold = pipeline_fold(p->k);
    struct score_model *swept = NULL;
    fold.scored = &p->scored;
    p->scored.known = false;
    enum err err = gather_person(&cx->view, &fold, t, r, now_ms, &p->facts);
    if (err == ERR_OK)
        err = gather_caps(&cx->view, &fold, t, r, now_ms, &p->facts);
    if (err == ERR_OK && t->score != NULL)
        err = model_of(cx, p->k, &fold, &swept);
    if (err == ERR_OK)
        err = gather_score(&cx->view, &fold, t, p->source, &p->facts);
    if (err == ERR_OK) {
        t->ruleset->lead(t, bound->index, r, &p->facts, now_ms, &p->entry);
        pipeline_date(cx, p->k, now_ms, &p->entry);
    }
    free(swept);
    return err;
}

enum err parts_decide(struct batch *cx, const struct lead_report *r, int64_t now_ms, struct parts *parts,
                      struct problem *why)
{
    for (size_t i = 0; i < parts->n; i++) {
        struct part *p = &parts->of[i];
        const struct version *bound = bound_at(cx, p->k, now_ms);
        if (!contract_binds(p->k, pipeline_dated(cx, p->k, now_ms)))
            return contract_unbound(p->k, why);
        enum err err = decide_part(cx, bound, r, now_ms, p);
        if (err != ERR_OK)
            return err;
    }
    return ERR_OK;
}

/* ---- what becomes of it ---- */

enum err parts_others(struct batch *cx, const struct contract *k, uint64_t index, const struct lead_row *row,
                      struct others *out)
{
    struct place part[LIMIT_TOUCHES];
    size_t n = 0;
    enum err err = row->share.to ? row_parts(&cx->view, k->campaign->number, &row->share, part, &n) : ERR_OK;
    out->n = 0;
    for (size_t i = 0; i < n && err == ERR_OK; i++) {
        if (part[i].contract == k->number && part[i].index == index)
            continue;
        struct other *o = &out->of[out->n++];
        o->index = part[i].index;
        o->moves = false;
        o->k = catalog_contract_number(cx->catalog, part[i].contract);
        err = o->k != NULL ? row_lead(&cx->view, part[i].contract, part[i].index, &o->row) : ERR_NOT_FOUND;
    }
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

/* Of one that does not stand: it never did, or a disposition says so. */
static bool refused_at_once(const struct lead_row *row, uint64_t index)
{
    return row->last == index;
}

static bool goes_with(const struct lead_row *row, uint64_t index, const struct other *o)
{
    bool at_once = refused_at_once(row, index);
    if (status_stands(o->row.status))
        return true;
    return o->row.status == row->status && refused_at_once(&o->row, o->index) == at_once &&
           (!at_once || o->row.reason == row->reason);
}

static enum err follow(struct batch *cx, const struct disposition_report *r, int64_t now_ms, struct other *o)
{
    const struct fold_context fold = pipeline_fold(o->k);
    struct disposition_report report = *r;
    struct disposition_facts facts;
    bool same = false;
    report.lead = o->index;
    const struct version *bound = bound_at(cx, o->k, now_ms);
    enum err err = gather_disposition(&cx->view, &fold, bound->terms, &report, &o->row, &facts);
    if (err == ERR_OK)
        err =
            bound->terms->ruleset->disposition(bound->index, &report, &o->row, &facts, now_ms, &o->entry, &same, NULL);
    o->moves = err == ERR_OK && !same;
    return err == ERR_CONFLICT || err == ERR_FORBIDDEN ? ERR_OK : err;
}

static bool comes_due(struct batch *cx, int64_t now_ms, struct other *o)
{
    const struct version *bound = bound_at(cx, o->k, now_ms);
    return bound->terms->ruleset->due(bound->index, o->index, &o->row, now_ms, &o->entry);
}

enum err parts_follow(struct batch *cx, uint64_t index, const struct lead_row *row, const struct disposition_report *r,
                      int64_t now_ms, struct others *others)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < others->n && err == ERR_OK; i++) {
        struct other *o = &others->of[i];
        if (r == NULL)
            o->moves = comes_due(cx, now_ms, o);
        else if (goes_with(row, index, o))
            err = follow(cx, r, now_ms, o);
    }
    return err;
}
