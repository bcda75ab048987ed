#include "common/base/when.h"
#include "common/decisions/person.h"
#include "common/ledger/party_jws.h"

static bool same_pointer(const struct pointer *a, const struct pointer *b)
{
    return a->contract == b->contract && a->index == b->index && a->flags == b->flags;
}

static bool seen_before(const struct lead_report *r, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (same_pointer(&r->touches[k], &r->touches[i]))
            return true;
    return false;
}

void touch_click(struct touch *t, const struct clicked *c)
{
    t->class = c->class;
    t->device = c->device;
    t->at_ms = c->at_ms;
    t->clock_steps = c->clock_steps;
    t->placement = c->placement;
}

/* The click that a genuine id names. It was on disk before anybody got the id, and not earlier than the id says: where
 * that is not so, the log is not what it was. */
static enum err find_click(const struct view *v, const struct pointer *p, struct touch *out)
{
    struct clicked click = {0};
    enum err err = v->click(v->ctx, p->contract, p->index, &click);
    if (err == ERR_NOT_FOUND && p->index > JSON_INT_MAX)
        return err; /* where no log gets: of an answer to HEAD */
    bool fits = err == ERR_OK && click.at_ms >= (int64_t)p->at_s * MS_PER_S;
    touch_click(out, &click);
    return fits ? ERR_OK : err == ERR_NOT_FOUND || err == ERR_OK ? ERR_CORRUPT : err;
}

/* A click whose record was lost stands on its id's signature alone. */
static enum err find_touch(const struct view *v, const struct lead_report *r, const struct pointer *p,
                           struct touch *out)
{
    struct touch t = {.contract = p->contract, .clock_steps = r->clock_steps};

    if (p->flags & ~CLICK_UNRECORDED)
        return ERR_NOT_FOUND; /* of a kind that is not known here */
    if (p->flags & CLICK_UNRECORDED) {
        t.unrecorded = true;
        t.index = p->index & (uint64_t)JSON_INT_MAX;
        t.at_ms = (int64_t)p->at_s * MS_PER_S;
    } else {
        t.index = p->index;
        enum err err = find_click(v, p, &t);
        if (err != ERR_OK)
            return err;
    }
    *out = t;
    return ERR_OK;
}

/* A step of the clock divides the times before it from those after. */
static bool later(const struct touch *a, const struct touch *b)
{
    return a->clock_steps != b->clock_steps ? a->clock_steps > b->clock_steps : a->at_ms > b->at_ms;
}

enum err gather_touches(const struct view *v, const struct lead_report *r, struct lead_facts *out)
{
    *out = (struct lead_facts){0};
    for (size_t i = 0; i < r->n_touches; i++) {
        struct touch t;
        if (seen_before(r, i))
            continue;
        enum err err = find_touch(v, r, &r->touches[i], &t);
        if (err == ERR_NOT_FOUND)
            continue;
        if (err != ERR_OK)
            return err;
        /* of two at the same time the one named first: the explicit click id */
        if (out->n_touches == 0 || later(&t, &out->credit.click))
            out->credit.click = t;
        out->touches[out->n_touches++] = t;
    }
    out->found = out->n_touches > 0;
    out->others = out->found ? (uint32_t)(out->n_touches - 1) : 0;
    return ERR_OK;
}

static struct share share_of(const struct lead_report *r, const struct credit *c)
{
    struct share own = {.from = c->from, .to = c->to};
    if (own.to != 0)
        memcpy(own.lead, r->commitment.b, TOKEN_LEN);
    return own;
}

/* Nobody learns another contract's index: who may read both logs finds the lead that this is about. */
static enum err commit_to(const struct view *v, const struct lead_report *r, const struct place *lead, struct hash *out)
{
    struct hash leaf;
    enum err err = v->leaf(v->ctx, lead->contract, lead->index, &leaf);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err; /* a row named it */
    dup_commitment(&r->commitment, &leaf, out);
    return ERR_OK;
}

enum err gather_person(const struct view *v, const struct fold_context *cx, const struct terms *t,
                       const struct lead_report *r, int64_t now_ms, struct lead_facts *out)
{
    struct person_lead other;
    struct identity who = {
        .known = true,
        .contacts = (r->has_email ? CONTACT_EMAIL : 0u) | (r->has_phone ? CONTACT_PHONE : 0u),
        .has_click = out->found,
        .click_unrecorded = out->found && out->credit.click.unrecorded,
        .click = out->credit.click.index,
    };
    const struct share own = share_of(r, &out->credit);
    memcpy(who.email, r->email, TOKEN_LEN);
    memcpy(who.phone, r->phone, TOKEN_LEN);
    identity_txid(&who, r->txid);
    bool unproven = r->trust == TRUST_PIXEL && t->pixel_leads != PIXEL_LEADS_ON;
    const struct person_asked asked = {.who = &who,
                                       .own = &own,
                                       .unproven = unproven,
                                       .from_ms = now_ms - t->dedupe_days * MS_PER_DAY,
                                       .to_ms = INT64_MAX,
                                       .clock_steps = r->clock_steps,
                                       .clock_unsure = r->clock_unsure};
    enum err err = person_find(v, cx, t, &asked, &other);
    if (err == ERR_OK && other.found && !other.here)
        err = commit_to(v, r, &other.lead, &out->dup_commit);
    if (err != ERR_OK)
        return err;
    out->has_dup = other.found;
    out->dup_here = other.found && other.here;
    out->dup = other.lead;
    out->dup_sometime = other.sometime;
    return ERR_OK;
}

static enum err caps_of(const struct view *v, const struct caps *caps, enum cap_scope scope, uint32_t number,
                        int64_t now_ms, int64_t offset_s, struct caps_used *out)
{
    enum err err = ERR_OK;
    if (caps->set & CAP_DAY)
        err = row_cap(v, scope, number, CAP_OF_DAY, now_ms, offset_s, &out->day);
    if (err == ERR_OK && caps->set & (CAP_MONTH | CAP_BUDGET))
        err = row_cap(v, scope, number, CAP_OF_MONTH, now_ms, offset_s, &out->month);
    return err;
}

/* The parts of one lead are decided before any of them counts: those that are recorded count as if they were not. */
static enum err leave_out(const struct view *v, const struct fold_context *cx, const struct share *own,
                          struct caps_used *used)
{
    struct place part[LIMIT_TOUCHES];
    size_t n = 0;
    enum err err = row_parts(v, cx->campaign, own, part, &n);
    for (size_t i = 0; i < n && err == ERR_OK; i++) {
        struct lead_row lead;
        err = row_lead(v, part[i].contract, part[i].index, &lead);
        if (err != ERR_OK || !lead_stands(&lead))
            continue;
        const struct cap_row counted = cap_weight(&lead, CAP_CAMPAIGN);
        struct cap_row *const sums[] = {&used->day, &used->month};
        for (size_t k = 0; k < 2; k++) {
            sums[k]->leads -= counted.leads < sums[k]->leads ? counted.leads : sums[k]->leads;
            sums[k]->micros -= counted.micros < sums[k]->micros ? counted.micros : sums[k]->micros;
        }
    }
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

enum err gather_caps(const struct view *v, const struct fold_context *cx, const struct terms *t,
                     const struct lead_report *r, int64_t now_ms, struct lead_facts *out)
{
    int64_t offset_s = r->utc_offset_s;
    const struct share own = share_of(r, &out->credit);
    enum err err = caps_of(v, &t->campaign_caps, CAP_CAMPAIGN, cx->campaign, now_ms, offset_s, &out->in_campaign);
    if (err == ERR_OK && t->campaign_caps.set && own.to != 0)
        err = leave_out(v, cx, &own, &out->in_campaign);
    if (err == ERR_OK)
        err = caps_of(v, &t->contract_caps, CAP_CONTRACT, cx->contract, now_ms, offset_s, &out->in_contract);
    return err;
}

/* The one thing that a click is parsed for. */
static enum err click_source(const struct view *v, uint32_t contract, uint64_t click, char source[LIMIT_PARAM],
                             struct span *out)
{
    struct span bytes;
    struct entry e;
    enum err err = v->entry(v->ctx, contract, click, &bytes);
    if (err == ERR_OK)
        err = entry_read(bytes, &e, NULL);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    *out = e.kind == ENTRY_CLICK ? e.click.utm[0] : SPAN("");
    if (!span_empty(*out))
        memcpy(source, out->ptr, out->len);
    out->ptr = source;
    entry_close(&e);
    return ERR_OK;
}

enum err gather_score(const struct view *v, const struct fold_context *cx, const struct terms *t,
                      char source[LIMIT_PARAM], struct lead_facts *out)
{
    const struct touch *click = &out->credit.click;
    out->utm_source = SPAN("");
    out->model = cx->model;
    out->scored = cx->scored;
    if (!score_terms_use(t->score, SPAN("utm_source")) || !out->found || click->unrecorded)
        return ERR_OK;
    return click_source(v, cx->contract, click->index, source, &out->utm_source);
}

enum err gather_disposition(const struct view *v, const struct fold_context *cx, const struct terms *t,
                            const struct disposition_report *r, const struct lead_row *lead,
                            struct disposition_facts *out)
{
    int64_t window_ms = t->dedupe_days * MS_PER_DAY;
    /* By the clock, whatever its steps were: what somebody does by hand can be done again later. */
    const struct person_asked asked = {
        .who = &lead->who, .own = &lead->share, .from_ms = lead->at_ms - window_ms, .to_ms = lead->at_ms + window_ms};
    struct person_lead other;
    bool signs = r->trust == TRUST_COUNTERSIGNED;
    /* Nobody says again later what the advertiser said before: its own times are compared, one clock with itself. */
    bool early = r->signed_ms < lead->changed_ms - PARTY_CLOCK_S * MS_PER_S || r->signed_ms <= lead->signed_ms;
    *out = (struct disposition_facts){.advertiser = span_eq(r->party, t->advertiser),
                                      .asks_key = t->dispositions == DISPOSITIONS_COUNTERSIGNED && !signs,
                                      .early = signs && early};
    if (lead_stands(lead))
        return ERR_OK;
    enum err err = person_find(v, cx, t, &asked, &other);
    if (err == ERR_OK)
        out->known = other.found;
    return err;
}
