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

/* The click that a genuine id names. It was on disk before anybody got the id, and not earlier than the id says: where
 * that is not so, the log is not what it was. */
static enum err find_click(const struct view *v, const struct pointer *p, struct touch *out)
{
    enum class class;
    enum err err = v->click(v->ctx, p->contract, p->index, &class, &out->at_ms, &out->placement);
    if (err == ERR_NOT_FOUND && p->index > JSON_INT_MAX)
        return err; /* where no log gets: of an answer to HEAD */
    bool fits = err == ERR_OK && out->at_ms >= (int64_t)p->at_s * MS_PER_S;
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
        if (out->n_touches == 0 || t.at_ms > out->credit.click.at_ms)
            out->credit.click = t;
        out->touches[out->n_touches++] = t;
    }
    out->found = out->n_touches > 0;
    out->others = out->found ? (uint32_t)(out->n_touches - 1) : 0;
    return ERR_OK;
}

static bool is_contact(const struct identity_key *k)
{
    return k->kind < KEY_TXID;
}

/* The first, from *p on, that is no part of the lead itself. */
static enum err pass_parts(const struct view *v, const struct fold_context *cx, uint32_t scope,
                           const struct identity_key *key, const struct share *own, int64_t from_ms, struct place *p)
{
    enum err err = ERR_OK;
    while (own->to != 0 && err == ERR_OK) {
        err = row_is_part(v, cx->campaign, own, p->contract, p->index);
        if (err != ERR_OK)
            return err == ERR_NOT_FOUND ? ERR_OK : err;
        err = row_dedupe_next(v, scope, key, from_ms, p);
    }
    return err;
}

/* Of the parts of a shared lead, which are equally late, the one in this contract. */
static enum err prefer_here(const struct view *v, const struct fold_context *cx, uint32_t scope,
                            const struct identity_key *key, struct place *p)
{
    struct place next = *p;
    enum err err = ERR_OK;
    while (next.contract != cx->contract && err == ERR_OK)
        err = row_dedupe_next(v, scope, key, p->at_ms, &next);
    if (err == ERR_OK)
        *p = next;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* The latest lead under one of these keys, of contact keys within the time given, but for parts of the lead itself. */
static enum err find_standing(const struct view *v, const struct fold_context *cx, const struct identity_key *keys,
                              size_t n, const struct share *own, int64_t from_ms, int64_t to_ms, bool *found,
                              struct place *out)
{
    *found = false;
    for (size_t i = 0; i < n; i++) {
        struct place p;
        bool contact = is_contact(&keys[i]);
        uint32_t scope = contact ? cx->campaign : cx->contract;
        int64_t since_ms = contact ? from_ms : 0;
        enum err err = row_dedupe(v, scope, &keys[i], since_ms, contact ? to_ms : INT64_MAX, &p);
        if (err == ERR_OK)
            err = pass_parts(v, cx, scope, &keys[i], own, since_ms, &p);
        if (err == ERR_OK && contact)
            err = prefer_here(v, cx, scope, &keys[i], &p);
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
        .click_unrecorded = out->found && out->credit.click.unrecorded,
        .click = out->credit.click.index,
    };
    struct share own = {.from = out->credit.from, .to = out->credit.to};
    memcpy(own.lead, r->commitment.b, TOKEN_LEN);
    memcpy(who.email, r->email, TOKEN_LEN);
    memcpy(who.phone, r->phone, TOKEN_LEN);
    identity_txid(&who, r->txid);
    size_t n = identity_rivals(&who, t->dedupe_by, keys);
    enum err err =
        find_standing(v, cx, keys, n, &own, now_ms - t->dedupe_days * MS_PER_DAY, INT64_MAX, &out->has_dup, &out->dup);
    out->dup_here = out->has_dup && out->dup.contract == cx->contract;
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
    return find_standing(v, cx, keys, n, &lead->share, lead->at_ms - window_ms, lead->at_ms + window_ms, &out->known,
                         &other);
}
