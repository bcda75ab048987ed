#include "common/base/when.h"
#include "common/decisions/rules.h"

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
        .clock_steps = l->clock_steps,
        .clock_unsure = l->clock_unsure,
        .n_facts = l->n_facts,
        .commitment = l->commitment,
        .request = l->request,
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
    struct clicked seen;
    enum err err = ERR_OK;
    struct touch *click = &f->credit.click;

    *f = (struct lead_facts){.others = l->other_touches};
    click->contract = cx->contract;
    click->clock_steps = l->clock_steps;
    if (l->click_unrecorded) {
        f->found = true;
        click->unrecorded = true;
        click->index = l->click;
        click->at_ms = l->clicked_ms;
    } else if (l->has_click) {
        click->index = l->click;
        err = v->click(v->ctx, cx->contract, l->click, &seen);
        f->found = err == ERR_OK;
        if (f->found)
            touch_click(click, &seen);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err touch_again(const struct fold_context *cx, const struct view *v, const struct entry_lead *l, size_t i,
                            struct touch *out)
{
    const struct entry_touch *e = &l->touches[i];
    struct clicked seen;
    *out = (struct touch){.contract = cx->contract,
                          .index = e->click,
                          .at_ms = e->clicked_ms,
                          .clock_steps = l->clock_steps,
                          .unrecorded = e->click_unrecorded};
    if (e->click_unrecorded)
        return ERR_OK;
    enum err err = v->click(v->ctx, cx->contract, e->click, &seen);
    if (err != ERR_OK)
        return err;
    touch_click(out, &seen);
    return ERR_OK;
}

/* Of a shared lead. How much it is, the touches of other contracts say, which are not here: the entry's word is taken
 * where it can be true. Its own touches are there, once each, inside the window, in their order and before the click.
 */
static enum err credit_again(const struct fold_context *cx, const struct view *v, const struct terms *t,
                             const struct entry *recorded, struct lead_facts *f)
{
    const struct entry_lead *l = &recorded->lead;
    struct credit *c = &f->credit;
    if (!credit_shares(t) || !f->found || !share_is_part(l->share_from, l->share_to))
        return ERR_OK; /* decided again it has the whole */
    c->from = l->share_from;
    c->to = l->share_to;
    for (size_t i = 0; i < l->n_touches; i++) {
        struct touch *touch = &c->touches[c->n_touches];
        enum err err = touch_again(cx, v, l, i, touch);
        if (err != ERR_OK && err != ERR_NOT_FOUND)
            return err;
        c->n_touches += err == ERR_OK && touch_order(touch, &c->click) < 0 &&
                        touch_inside(t, touch, entry_clock(recorded), l->clock_steps) &&
                        (c->n_touches == 0 || touch_order(touch - 1, touch) < 0);
    }
    return ERR_OK;
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
        return gather_person(v, cx, t, r, entry_clock(recorded), f);
    f->has_dup = dup;
    f->dup_here = dup && span_eq(l->dup_contract, cx->contract_id);
    f->dup.index = l->dup_index;
    f->dup_commit = l->dup_commit;
    *taken = dup;
    return ERR_OK;
}

/* The leads of the campaign's other contracts may have reached a cap that those which are known did not. */
static bool by_others(const struct fold_context *cx, enum reason recorded, enum reason again)
{
    bool cap = recorded == REASON_CAP_DAY || recorded == REASON_CAP_MONTH || recorded == REASON_BUDGET;
    return cx->alone && cap && again != recorded;
}

/* So may a lead of the person that is not known, and came at an unknown time. */
static bool held_for_another(const struct fold_context *cx, const struct opening *tokens, const struct entry_lead *l,
                             enum reason again)
{
    return (cx->alone || tokens == NULL) && l->clock_steps > 0 && l->status == STATUS_HELD &&
           l->reason == REASON_REVIEW && (again == REASON_NONE || again == REASON_LOW_SCORE);
}

enum err redecide_lead(const struct fold_context *cx, const struct view *v, const struct terms *t, uint64_t terms_index,
                       const struct entry *recorded, const struct opening *tokens, char source[LIMIT_PARAM],
                       struct entry *out, bool *foreign)
{
    const struct entry_lead *l = &recorded->lead;
    struct lead_report r;
    struct lead_facts f;
    bool taken;

    report_again(l, tokens, &r);
    enum err err = touches_again(cx, v, l, &f);
    if (err == ERR_OK)
        err = credit_again(cx, v, t, recorded, &f);
    if (err == ERR_OK)
        err = person_again(cx, v, t, recorded, tokens, &r, &f, &taken);
    if (err == ERR_OK)
        err = gather_caps(v, cx, t, &r, entry_clock(recorded), &f);
    if (err == ERR_OK)
        err = gather_score(v, cx, t, source, &f);
    if (err != ERR_OK)
        return err;
    if (cx->score_stands || cx->score_told)
        f.as_told = l;
    f.low_told = cx->score_told;
    t->ruleset->lead(t, terms_index, &r, &f, entry_clock(recorded), out);
    entry_date(out, entry_clock(recorded), recorded->at_ms);
    *foreign = taken || l->other_touches > 0 || l->share_to > 0;
    bool another = held_for_another(cx, tokens, l, out->lead.reason);
    if (another || by_others(cx, l->reason, out->lead.reason)) {
        f.dup_sometime |= another;
        f.cap = l->reason;
        t->ruleset->lead(t, terms_index, &r, &f, entry_clock(recorded), out);
        entry_date(out, entry_clock(recorded), recorded->at_ms);
        *foreign |= out->lead.reason == l->reason;
    }
    return ERR_OK;
}
