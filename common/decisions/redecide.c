#include "common/decisions/decide.h"

/* The report as far as the entry tells it. */
static void report_again(const struct entry_lead *l, const struct opening *tokens, struct lead_report *r)
{
    *r = (struct lead_report){
        .party = l->party,
        .trust = l->trust,
        .txid = l->txid,
        .given = l->given,
        .bad = l->bad,
        .test = l->test,
        .honeypot = l->honeypot,
        .disposable = l->disposable,
        .utc_offset_s = l->utc_offset_s,
        .claimed = l->claimed,
        .n_facts = l->n_facts,
        .commitment = l->commitment,
    };
    memcpy(r->facts, l->facts, l->n_facts * sizeof *r->facts);
    memcpy(r->sub, l->sub, sizeof r->sub);
    if (tokens != NULL) {
        r->has_email = tokens->has_email;
        r->has_phone = tokens->has_phone;
        memcpy(r->email, tokens->email, TOKEN_LEN);
        memcpy(r->phone, tokens->phone, TOKEN_LEN);
    }
}

static enum err touches_again(const struct fold_context *cx, const struct view *v, const struct entry_lead *l,
                              struct lead_facts *f)
{
    struct clicked click;
    enum err err = ERR_OK;

    *f = (struct lead_facts){.others = l->other_touches};
    f->last.contract = cx->contract;
    if (l->click_unrecorded) {
        f->found = true;
        f->last.unrecorded = true;
        f->last.index = l->click;
        f->last.at_ms = l->clicked_ms;
    } else if (l->has_click) {
        f->last.index = l->click;
        err = v->click(v->ctx, cx->contract, l->click, &click);
        f->found = err == ERR_OK;
        if (f->found)
            touch_click(&f->last, &click);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* An earlier lead elsewhere, or of a person whose data is destroyed, cannot be looked up here: the entry's word is
 * taken. */
static enum err person_again(const struct fold_context *cx, const struct view *v, const struct terms *t,
                             const struct entry *recorded, const struct opening *tokens, const struct lead_report *r,
                             struct lead_facts *f, bool *taken)
{
    const struct entry_lead *l = &recorded->lead;
    bool dup = !span_empty(l->dup_contract);

    *taken = false;
    if (tokens != NULL && (!dup || span_eq(l->dup_contract, cx->contract_id)))
        return gather_person(v, cx, t, r, recorded->at_ms, f);
    f->has_dup = dup;
    f->dup_here = dup && span_eq(l->dup_contract, cx->contract_id);
    f->dup.index = l->dup_index;
    *taken = dup;
    return ERR_OK;
}

/* The leads of the campaign's other contracts may have reached a cap that those which are known did not. */
static bool by_others(const struct fold_context *cx, enum reason recorded, enum reason again)
{
    bool cap = recorded == REASON_CAP_DAY || recorded == REASON_CAP_MONTH || recorded == REASON_BUDGET;
    return cx->alone && cap && again != recorded;
}

enum err redecide_lead(const struct fold_context *cx, const struct view *v, const struct terms *t, uint64_t terms_index,
                       const struct entry *recorded, const struct opening *tokens, struct entry *out, bool *foreign)
{
    const struct entry_lead *l = &recorded->lead;
    struct lead_report r;
    struct lead_facts f;
    bool taken;

    report_again(l, tokens, &r);
    enum err err = touches_again(cx, v, l, &f);
    if (err == ERR_OK)
        err = person_again(cx, v, t, recorded, tokens, &r, &f, &taken);
    if (err == ERR_OK)
        err = gather_caps(v, cx, t, &r, recorded->at_ms, &f);
    if (err != ERR_OK)
        return err;
    decide_lead(t, terms_index, &r, &f, recorded->at_ms, out);
    *foreign = taken || l->other_touches > 0;
    if (by_others(cx, l->reason, out->lead.reason)) {
        f.cap = l->reason;
        decide_lead(t, terms_index, &r, &f, recorded->at_ms, out);
        *foreign |= out->lead.reason == l->reason;
    }
    return ERR_OK;
}
