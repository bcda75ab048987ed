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

/* A click whose record was lost stands on its id's signature alone. */
static enum err find_touch(const struct view *v, const struct pointer *p, struct touch *out)
{
    enum class class;
    struct touch t = {.contract = p->contract};

    if (p->flags & ~CLICK_UNRECORDED)
        return ERR_NOT_FOUND; /* of a kind that is not known here */
    if (p->flags & CLICK_UNRECORDED) {
        t.unrecorded = true;
        t.at_ms = (int64_t)p->at_s * MS_PER_S;
    } else {
        t.index = p->index;
        enum err err = v->click(v->ctx, p->contract, p->index, &class, &t.at_ms, &t.placement);
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

static enum err gather_token(const struct view *v, uint32_t campaign, unsigned bit, const uint8_t token[TOKEN_LEN],
                             int64_t since_ms, struct lead_facts *out)
{
    struct place p;
    struct lead_row lead;
    enum err err = row_dedupe(v, campaign, bit, token, &p);
    if (err != ERR_OK || p.at_ms < since_ms)
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    if ((err = row_lead(v, p.contract, p.index, &lead)) != ERR_OK || lead.at_ms != p.at_ms)
        return err == ERR_NOT_FOUND || err == ERR_OK ? ERR_CORRUPT : err;
    if (!out->has_dup || p.at_ms > out->dup.at_ms)
        out->dup = p;
    out->has_dup = true;
    return ERR_OK;
}

enum err gather_person(const struct view *v, uint32_t campaign, const struct terms *t, const struct lead_report *r,
                       int64_t now_ms, struct lead_facts *out)
{
    int64_t since_ms = now_ms - t->dedupe_days * MS_PER_DAY;
    enum err err = ERR_OK;

    out->has_dup = false;
    if (r->has_email && t->dedupe_by & CONTACT_EMAIL)
        err = gather_token(v, campaign, CONTACT_EMAIL, r->email, since_ms, out);
    if (err == ERR_OK && r->has_phone && t->dedupe_by & CONTACT_PHONE)
        err = gather_token(v, campaign, CONTACT_PHONE, r->phone, since_ms, out);
    return err;
}
