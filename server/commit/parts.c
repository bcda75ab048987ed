#include "server/commit/parts.h"

#include "common/decisions/rules.h"

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
    return f->found && credit_looks_back(whole->k->terms) ? share_out(cx, whole->k->terms, r, arrived_ms, out) : ERR_OK;
}

enum err parts_decide(struct batch *cx, const struct lead_report *r, int64_t now_ms, struct parts *parts)
{
    for (size_t i = 0; i < parts->n; i++) {
        struct part *p = &parts->of[i];
        const struct terms *t = p->k->terms;
        const struct fold_context fold = pipeline_fold(p->k);
        enum err err = gather_person(&cx->view, &fold, t, r, now_ms, &p->facts);
        if (err == ERR_OK)
            err = gather_caps(&cx->view, &fold, t, r, now_ms, &p->facts);
        if (err != ERR_OK)
            return err;
        t->ruleset->lead(t, p->k->terms_index, r, &p->facts, now_ms, &p->entry);
        pipeline_date(cx, p->k, now_ms, &p->entry);
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
    if (status_stands(row->status))
        return status_stands(o->row.status);
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
    enum err err = gather_disposition(&cx->view, &fold, o->k->terms, &report, &o->row, &facts);
    if (err == ERR_OK)
        err = o->k->terms->ruleset->disposition(o->k->terms_index, &report, &o->row, &facts, now_ms, &o->entry, &same,
                                                NULL);
    o->moves = err == ERR_OK && !same;
    return err == ERR_CONFLICT || err == ERR_FORBIDDEN ? ERR_OK : err;
}

enum err parts_follow(struct batch *cx, uint64_t index, const struct lead_row *row, const struct disposition_report *r,
                      int64_t now_ms, struct others *others)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < others->n && err == ERR_OK; i++) {
        struct other *o = &others->of[i];
        if (r == NULL)
            o->moves = o->k->terms->ruleset->due(o->k->terms_index, o->index, &o->row, now_ms, &o->entry);
        else if (goes_with(row, index, o))
            err = follow(cx, r, now_ms, o);
    }
    return err;
}
