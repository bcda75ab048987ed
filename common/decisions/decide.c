#include "common/decisions/decide.h"

#include "common/base/text.h"
#include "common/base/when.h"

struct question {
    const struct terms *t;
    const struct lead_report *r;
    const struct lead_facts *f;
    int64_t now_ms;
    int64_t waited_ms;       /* from the click to the lead */
    bool waited_known;       /* no step of the clock lies between them */
    unsigned missing_fields; /* required ones that are not contact fields */
    bool scored;             /* by what stands in front of it: `score`; known before it is refused or not */
    uint32_t score;
    bool low; /* it is so low that somebody shall look at it */
};

static unsigned missing_fields(const struct terms *t, const struct lead_report *r)
{
    unsigned missing = 0;
    for (size_t i = 0; i < t->n_require_fields; i++) {
        size_t k = 0;
        while (k < r->n_facts && !span_eq(r->facts[k].name, t->require_fields[i]))
            k++;
        missing += k == r->n_facts || span_empty(text_strip(r->facts[k].value));
    }
    return missing;
}

/* A malformed field counts against the lead where the field is required, or where without it nothing says who the
 * person is. */
static bool malformed(const struct question *q, unsigned bit)
{
    const struct terms *t = q->t;
    unsigned persons = t->dedupe_by | t->require_any, well_formed = q->r->given & ~q->r->bad;
    bool required = t->require_contact & bit || t->require_any == bit;
    return q->r->bad & bit && (required || (persons & bit && !(well_formed & persons)));
}

/* It has digits to be compared by: somebody shall look at it, unless it had to be well formed. */
static bool unplaced_phone(const struct question *q)
{
    return q->r->bad & CONTACT_PHONE && q->r->has_phone && !(q->t->require_contact & CONTACT_PHONE) &&
           q->t->require_any != CONTACT_PHONE;
}

static bool is_test(const struct question *q)
{
    return q->r->test;
}

static bool contract_ended(const struct question *q)
{
    return !terms_active(q->t, q->now_ms) && !q->r->clock_unsure;
}

static bool no_click(const struct question *q)
{
    return !q->f->found && !q->r->claimed;
}

static bool unknown_click(const struct question *q)
{
    return !q->f->found;
}

static bool outside_window(const struct question *q)
{
    return q->waited_known && q->waited_ms > q->t->click_days * MS_PER_DAY;
}

static bool honeypot(const struct question *q)
{
    return q->r->honeypot;
}

static bool by_pixel(const struct question *q)
{
    return q->r->trust == TRUST_PIXEL;
}

/* Who reports by pixel has no contact field to give: it is known by its txid and its click. */
static bool nobody_told(const struct question *q)
{
    return q->t->require_any && !(q->t->require_any & q->r->given) && !by_pixel(q);
}

static bool missing_field(const struct question *q)
{
    return q->t->require_contact & ~q->r->given || nobody_told(q) || q->missing_fields;
}

static bool bad_email(const struct question *q)
{
    return malformed(q, CONTACT_EMAIL) || (q->r->disposable && q->t->disposable == DISPOSABLE_REJECT);
}

static bool bad_phone(const struct question *q)
{
    return malformed(q, CONTACT_PHONE) && !unplaced_phone(q);
}

static bool outside_profile(const struct question *q)
{
    for (size_t i = 0; i < q->t->n_rules; i++)
        if (!rule_holds(&q->t->rules[i], q->r->facts, q->r->n_facts))
            return true;
    return false;
}

static bool sooner(const struct question *q, int64_t seconds)
{
    return q->waited_known && q->waited_ms < seconds * MS_PER_S;
}

static bool too_fast(const struct question *q)
{
    return sooner(q, q->t->min_click_to_lead_s);
}

static bool duplicate(const struct question *q)
{
    return q->f->has_dup;
}

static bool reached(const struct caps *caps, unsigned cap, int64_t most, const struct cap_row *used)
{
    return caps->set & cap && used->leads >= (uint64_t)most;
}

static bool spent(const struct caps *caps, const struct cap_row *used, int64_t price_micros)
{
    return caps->set & CAP_BUDGET && used->micros + price_micros > caps->budget_micros_month;
}

/* By leads that are not known here: the entry's word. */
static bool said(const struct question *q, enum reason reason, unsigned cap)
{
    return q->f->cap == reason && q->t->campaign_caps.set & cap;
}

static bool cap_day(const struct question *q)
{
    const struct caps *all = &q->t->campaign_caps, *own = &q->t->contract_caps;
    return reached(all, CAP_DAY, all->day, &q->f->in_campaign.day) ||
           reached(own, CAP_DAY, own->day, &q->f->in_contract.day) || said(q, REASON_CAP_DAY, CAP_DAY);
}

static bool cap_month(const struct question *q)
{
    const struct caps *all = &q->t->campaign_caps, *own = &q->t->contract_caps;
    return reached(all, CAP_MONTH, all->month, &q->f->in_campaign.month) ||
           reached(own, CAP_MONTH, own->month, &q->f->in_contract.month) || said(q, REASON_CAP_MONTH, CAP_MONTH);
}

/* The tier, or -1. */
static int price(const struct question *q, int64_t *micros)
{
    const struct touch *click = &q->f->credit.click;
    const struct priced p = {.facts = q->r->facts,
                             .n_facts = q->r->n_facts,
                             .sub = q->r->sub,
                             .scored = q->scored,
                             .score = q->score,
                             .clicked = q->f->found && !click->unrecorded,
                             .click = {.class = click->class, .device = click->device, .placement = click->placement}};
    return terms_price(q->t, &p, micros);
}

/* Of a part its contract pays the part; what the others pay comes to the same campaign. */
static bool budget(const struct question *q)
{
    const struct credit *c = &q->f->credit;
    int64_t whole_micros;
    (void)price(q, &whole_micros);
    int64_t own_micros = c->to ? share_micros(whole_micros, c->from, c->to) : whole_micros;
    return spent(&q->t->campaign_caps, &q->f->in_campaign.month, whole_micros) ||
           spent(&q->t->contract_caps, &q->f->in_contract.month, own_micros) || said(q, REASON_BUDGET, CAP_BUDGET);
}

/* In the order in which they are asked: the first that applies is the reason. */
static const struct {
    enum reason reason;
    bool (*applies)(const struct question *q);
} refusals[] = {
    {REASON_TEST, is_test},
    {REASON_CONTRACT_ENDED, contract_ended},
    {REASON_NO_CLICK, no_click},
    {REASON_UNKNOWN_CLICK, unknown_click},
    {REASON_OUTSIDE_WINDOW, outside_window},
    {REASON_HONEYPOT, honeypot},
    {REASON_MISSING_FIELD, missing_field},
    {REASON_BAD_EMAIL, bad_email},
    {REASON_BAD_PHONE, bad_phone},
    {REASON_OUTSIDE_PROFILE, outside_profile},
    {REASON_TOO_FAST, too_fast},
    {REASON_DUPLICATE, duplicate},
    {REASON_CAP_DAY, cap_day},
    {REASON_CAP_MONTH, cap_month},
    {REASON_BUDGET, budget},
};

static enum reason refusal(const struct question *q)
{
    for (size_t i = 0; i < sizeof refusals / sizeof *refusals; i++)
        if (refusals[i].applies(q))
            return refusals[i].reason;
    return REASON_NONE;
}

/* It might be refused, if the clock could be trusted. */
static bool time_unknown(const struct question *q)
{
    return !q->waited_known || q->f->dup_sometime || !terms_active(q->t, q->now_ms);
}

/* A click whose record was lost takes credit. */
static bool unrecorded(const struct question *q)
{
    const struct credit *c = &q->f->credit;
    bool lost = c->click.unrecorded;
    for (size_t i = 0; i < c->n_touches; i++)
        lost |= c->touches[i].unrecorded;
    return lost;
}

/* Why somebody shall look at it first. */
static enum reason hold(const struct question *q)
{
    return unrecorded(q)                                             ? REASON_UNRECORDED
           : q->r->disposable && q->t->disposable == DISPOSABLE_HOLD ? REASON_BAD_EMAIL
           : q->r->bad & CONTACT_PHONE                               ? REASON_BAD_PHONE
           : sooner(q, q->t->hold_below_s)                           ? REASON_TOO_FAST
           : time_unknown(q)                                         ? REASON_REVIEW
           : by_pixel(q) && q->t->pixel_leads != PIXEL_LEADS_ON      ? REASON_REVIEW
           : q->low                                                  ? REASON_LOW_SCORE
                                                                     : REASON_NONE;
}

/* When it approves by itself. What is held for its score not sooner than if it were not. */
static int64_t due(const struct question *q, enum reason held)
{
    const struct terms *t = q->t;
    int64_t days = t->auto_approve_days;
    if (held == REASON_LOW_SCORE && t->score->hold_days > days)
        days = t->score->hold_days;
    return t->auto_approve ? q->now_ms + days * MS_PER_DAY : 0;
}

static void accept(const struct question *q, struct entry_lead *l)
{
    const struct terms *t = q->t;

    int64_t price_micros;

    l->tier = price(q, &price_micros);
    l->payout_micros = credit_micros(l, price_micros);
    l->reason = hold(q);
    if (l->reason != REASON_NONE) {
        l->status = STATUS_HELD;
        l->due_ms = l->reason == REASON_LOW_SCORE ? due(q, l->reason) : 0;
    } else if (t->auto_approve && t->auto_approve_days == 0 && !q->r->clock_unsure) {
        l->status = STATUS_APPROVED;
    } else {
        l->status = STATUS_PENDING;
        l->due_ms = due(q, REASON_NONE);
    }
}

static void record_share(const struct credit *c, struct entry_lead *l)
{
    l->share_from = c->from;
    l->share_to = c->to;
    l->n_touches = c->n_touches;
    for (size_t i = 0; i < c->n_touches; i++)
        l->touches[i] = (struct entry_touch){c->touches[i].index, c->touches[i].unrecorded, c->touches[i].at_ms};
}

/* What was reported, and what was found. */
static void record(const struct question *q, struct entry_lead *l)
{
    const struct lead_report *r = q->r;
    const struct lead_facts *f = q->f;

    *l = (struct entry_lead){
        .party = r->party,
        .trust = r->trust,
        .txid = r->txid,
        .given = r->given,
        .bad = r->bad,
        .test = r->test,
        .honeypot = r->honeypot,
        .disposable = r->disposable,
        .utc_offset_s = r->utc_offset_s,
        .n_facts = r->n_facts,
        .missing_fields = q->missing_fields,
        .commitment = r->commitment,
        .request = r->request,
        .claimed = r->claimed,
        .clock_steps = r->clock_steps,
        .clock_unsure = r->clock_unsure,
        .other_touches = f->others,
        .tier = -1,
    };
    memcpy(l->facts, r->facts, r->n_facts * sizeof *l->facts);
    memcpy(l->sub, r->sub, sizeof l->sub);
    l->utm_source = f->utm_source;
    if (f->found) {
        l->has_click = true;
        l->click_unrecorded = f->credit.click.unrecorded;
        l->click = f->credit.click.index;
        l->clicked_ms = f->credit.click.at_ms;
        l->placement = f->credit.click.placement;
    }
    record_share(&f->credit, l);
}

/* Told where it decided, and only then: that a person is known is nobody else's business. */
static void name_duplicate(const struct question *q, struct entry_lead *l)
{
    bool here = q->f->dup_here;
    l->status = STATUS_DUPLICATE;
    l->dup_contract = here ? q->t->contract : SPAN(DUP_ELSEWHERE); /* nobody learns another contract's index */
    l->dup_index = here ? q->f->dup.index : 0;
    if (!here)
        l->dup_commit = q->f->dup_commit;
}

/* By what the entry says already. A price may go by it, and a budget by the price. */
static void score(struct question *q, const struct entry *e, struct scored *scored)
{
    const struct entry_lead *told = q->f->as_told;
    if (q->t->score == NULL)
        return;
    if (told != NULL) {
        q->scored = told->scored;
        q->score = (uint32_t)told->score;
        q->low = q->f->low_told && told->reason == REASON_LOW_SCORE;
        return;
    }
    model_say(q->f->model, q->t, e, scored);
    q->scored = true;
    q->score = scored->said.score;
    q->low = model_low(q->f->model, q->t, e, scored);
}

/* What no rule refused has its score in its entry. */
static void record_score(const struct question *q, const struct score_said *said, struct entry_lead *l)
{
    const struct score_terms *s = q->t->score;
    const struct entry_lead *told = q->f->as_told;
    if (s == NULL || (told != NULL && !q->f->low_told))
        return;
    if (told != NULL) {
        l->scored = l->scored_high = true;
        l->score = told->score;
        l->score_high = told->score_high;
        l->n_why = told->n_why;
        memcpy(l->why, told->why, sizeof l->why);
        return;
    }
    l->scored = l->scored_high = true;
    l->score = said->score;
    l->score_high = said->high;
    l->n_why = said->n_why;
    for (size_t i = 0; i < said->n_why; i++)
        l->why[i] = (struct entry_why){said->why[i].up, s->part[said->why[i].part]};
}

void decide_lead(const struct terms *t, uint64_t terms_index, const struct lead_report *r, const struct lead_facts *f,
                 int64_t now_ms, struct entry *out)
{
    struct question q = {
        .t = t,
        .r = r,
        .f = f,
        .now_ms = now_ms,
        .waited_known = true,
        .missing_fields = missing_fields(t, r),
    };
    if (f->found)
        q.waited_known = touch_waited(&f->credit.click, now_ms, r->clock_steps, &q.waited_ms);
    struct entry_lead *l = &out->lead;
    struct scored own, *scored = f->scored != NULL ? f->scored : &own;

    *out = (struct entry){.kind = ENTRY_LEAD, .at_ms = now_ms};
    record(&q, l);
    l->terms = terms_index;
    score(&q, out, scored);
    l->reason = refusal(&q);
    if (l->reason == REASON_NONE) {
        record_score(&q, &scored->said, l);
        accept(&q, l);
    } else if (l->reason == REASON_DUPLICATE) {
        name_duplicate(&q, l);
    } else {
        l->status = STATUS_REJECTED;
    }
}
