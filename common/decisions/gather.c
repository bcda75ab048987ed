#include "common/base/when.h"
#include "common/decisions/decide.h"

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
static enum err find_touch(const struct view *v, const struct pointer *p, struct touch *out)
{
    struct touch t = {.contract = p->contract};

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

enum err gather_touches(const struct view *v, const struct lead_report *r, struct lead_facts *out)
{
    size_t found = 0;

    *out = (struct lead_facts){0};
    for (size_t i = 0; i < r->n_touches; i++) {
        struct touch t;
        if (seen_before(r, i))
            continue;
        enum err err = find_touch(v, &r->touches[i], &t);
        if (err == ERR_NOT_FOUND)
            continue;
        if (err != ERR_OK)
            return err;
        /* of two at the same time the one named first: the explicit click id */
        if (found++ == 0 || t.at_ms > out->last.at_ms)
            out->last = t;
    }
    out->found = found > 0;
    out->others = found > 0 ? (uint32_t)(found - 1) : 0;
    return ERR_OK;
}

static bool is_contact(const struct identity_key *k)
{
    return k->kind < KEY_TXID;
}

/* The latest lead under one of these keys, of contact keys within the time given. */
static enum err find_standing(const struct view *v, const struct fold_context *cx, const struct identity_key *keys,
                              size_t n, int64_t from_ms, int64_t to_ms, bool *found, struct place *out)
{
    *found = false;
    for (size_t i = 0; i < n; i++) {
        struct place p;
        bool contact = is_contact(&keys[i]);
        enum err err = row_dedupe(v, contact ? cx->campaign : cx->contract, &keys[i], contact ? from_ms : 0,
                                  contact ? to_ms : INT64_MAX, &p);
        if (err == ERR_NOT_FOUND)
            continue;
        if (err != ERR_OK)
            return err;
        if (!*found || p.at_ms > out->at_ms)
            *out = p;
        *found = true;
    }
    return ERR_OK;
}

enum err gather_person(const struct view *v, const struct fold_context *cx, const struct terms *t,
                       const struct lead_report *r, int64_t now_ms, struct lead_facts *out)
{
    struct identity_key keys[IDENTITY_RIVALS];
    struct identity who = {
        .known = true,
        .contacts = (r->has_email ? CONTACT_EMAIL : 0u) | (r->has_phone ? CONTACT_PHONE : 0u),
        .has_click = out->found,
        .click_unrecorded = out->found && out->last.unrecorded,
        .click = out->last.index,
    };
    memcpy(who.email, r->email, TOKEN_LEN);
    memcpy(who.phone, r->phone, TOKEN_LEN);
    identity_txid(&who, r->txid);
    size_t n = identity_rivals(&who, t->dedupe_by, keys);
    enum err err =
        find_standing(v, cx, keys, n, now_ms - t->dedupe_days * MS_PER_DAY, INT64_MAX, &out->has_dup, &out->dup);
    out->dup_here = out->has_dup && out->dup.contract == cx->contract;
    return err;
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

enum err gather_caps(const struct view *v, const struct fold_context *cx, const struct terms *t,
                     const struct lead_report *r, int64_t now_ms, struct lead_facts *out)
{
    int64_t offset_s = r->utc_offset_s;
    enum err err = caps_of(v, &t->campaign_caps, CAP_CAMPAIGN, cx->campaign, now_ms, offset_s, &out->in_campaign);
    if (err == ERR_OK)
        err = caps_of(v, &t->contract_caps, CAP_CONTRACT, cx->contract, now_ms, offset_s, &out->in_contract);
    return err;
}

enum err gather_disposition(const struct view *v, const struct fold_context *cx, const struct terms *t,
                            const struct disposition_report *r, const struct lead_row *lead,
                            struct disposition_facts *out)
{
    struct identity_key keys[IDENTITY_RIVALS];
    int64_t window_ms = t->dedupe_days * MS_PER_DAY;
    struct place other;
    *out = (struct disposition_facts){.advertiser = span_eq(r->party, t->advertiser)};
    if (status_stands(lead->status))
        return ERR_OK;
    size_t n = identity_rivals(&lead->who, t->dedupe_by, keys);
    return find_standing(v, cx, keys, n, lead->at_ms - window_ms, lead->at_ms + window_ms, &out->known, &other);
}
