#include "common/decisions/address.h"

/* Senders of one txid, leads of one click: more are never told apart by these alone. */
enum { CANDIDATES = 64 };

struct candidate {
    struct addressed at;
    struct lead_row lead;
    bool own, nobodys; /* the advertiser's own; by pixel */
};

struct candidates {
    struct candidate of[CANDIDATES];
    size_t n;
    bool more, passed; /* than that; one over, which stands elsewhere */
};

static enum err collect(const struct view *v, const struct address *a, struct candidate c, struct candidates *out)
{
    if (a->within != NULL && !a->within(a->ctx, c.at.contract)) {
        out->passed = true;
        return ERR_OK;
    }
    out->more = out->n == CANDIDATES;
    if (out->more)
        return ERR_OK;
    enum err err = row_lead(v, c.at.contract, c.at.index, &c.lead);
    if (err == ERR_OK)
        out->of[out->n++] = c;
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err; /* a row named it */
}

static enum err of_txid(const struct view *v, const struct address *a, struct candidates *out)
{
    struct txid_row row = {.party = ""};
    enum err err = ERR_NOT_FOUND;
    *out = (struct candidates){.n = 0};
    while (!span_empty(a->txid) && !out->more && (err = row_txid_next(v, a->advertiser, a->txid, &row)) == ERR_OK) {
        struct candidate c = {.at = {row.contract, row.index},
                              .own = span_is(a->advertiser_id, row.party),
                              .nobodys = row.party[0] == '\0'};
        if ((err = collect(v, a, c, out)) != ERR_OK)
            break;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static enum err of_click(const struct view *v, const struct address *a, struct candidates *out)
{
    uint64_t lead = 0;
    enum err err = ERR_NOT_FOUND;
    *out = (struct candidates){.n = 0};
    while (a->by_click && !out->more &&
           (err = row_click_lead_from(v, a->click.contract, a->click.index, lead, &lead)) == ERR_OK)
        if ((err = collect(v, a, (struct candidate){.at = {a->click.contract, lead++}}, out)) != ERR_OK)
            break;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

typedef bool says(const struct candidate *c, const void *arg);

/* Keeps those that say yes, if any do. */
static bool prefer(struct candidates *c, says *yes, const void *arg)
{
    size_t kept = 0;
    for (size_t i = 0; i < c->n; i++)
        kept += yes(&c->of[i], arg);
    if (kept == 0)
        return false;
    c->n = 0;
    for (size_t i = 0; c->n < kept; i++)
        if (yes(&c->of[i], arg))
            c->of[c->n++] = c->of[i];
    return true;
}

static bool is_own(const struct candidate *c, const void *arg)
{
    (void)arg;
    return c->own;
}

static bool is_signed(const struct candidate *c, const void *arg)
{
    (void)arg;
    return !c->nobodys;
}

/* Neither a test nor refused for its form. */
static bool is_report(const struct candidate *c, const void *arg)
{
    const struct lead_row *l = &c->lead;
    (void)arg;
    return l->status != STATUS_REJECTED || !(reason_is_technical(l->reason) || l->reason == REASON_TEST);
}

/* Nor another's repetition: what came of it is no question. */
static bool counts(const struct candidate *c, const void *arg)
{
    return c->lead.status != STATUS_DUPLICATE && is_report(c, arg);
}

static bool has_click(const struct candidate *c, const void *arg)
{
    (void)arg;
    return c->lead.who.has_click;
}

static bool came_by(const struct candidate *c, const void *arg)
{
    const struct pointer *click = arg;
    const struct identity *who = &c->lead.who;
    return c->at.contract == click->contract && who->has_click && !who->click_unrecorded && who->click == click->index;
}

/* Of the same order: reported by both sides, one of them first. */
static bool is_repeated_by(const struct candidate *c, const void *arg)
{
    const struct candidate *own = arg;
    return lead_stands(&c->lead) && c->at.contract == own->at.contract &&
           !identity_apart(&c->lead.who, &own->lead.who, 0);
}

static enum err by_click(struct candidates *click, struct addressed *out, struct problem *p)
{
    prefer(click, counts, NULL);
    if (click->n != 1 || click->more)
        return problem(p, ERR_CONFLICT, "click_id", "this click has more than one lead: name it by lead or txid");
    *out = click->of[0].at;
    return ERR_OK;
}

static enum err by_txid(const struct candidates *all, struct candidates *click, const struct address *a,
                        struct addressed *out, struct problem *p)
{
    struct candidates left = *all, others;
    bool agree = a->by_click && prefer(&left, came_by, &a->click);
    prefer(&left, is_report, NULL);
    others = left;
    bool own = prefer(&left, is_own, NULL);
    if (a->by_click && !agree && !own) { /* publishers choose their txids: one may look like an order number */
        if (click->n > 0)
            return by_click(click, out, p);
        if (prefer(&left, has_click, NULL))
            return problem(p, ERR_CONFLICT, "click_id", "txid and click_id name different leads: name it by lead");
    }
    prefer(&left, is_signed, NULL);
    prefer(&left, counts, NULL);
    if (own && left.n == 1 && left.of[0].lead.status == STATUS_DUPLICATE &&
        prefer(&others, is_repeated_by, &left.of[0]))
        left = others;
    if (left.n > 1 || all->more)
        return problem(p, ERR_CONFLICT, "txid", "%s used this txid: name the lead by `lead`, or add its click_id",
                       own ? "more than one of your leads" : "more than one sender");
    *out = left.of[0].at;
    out->own = own;
    out->guessed = !own && !agree;
    return ERR_OK;
}

enum err address_find(const struct view *v, const struct address *a, struct addressed *out, struct problem *p)
{
    struct candidates txid, click;
    enum err err = of_txid(v, a, &txid);
    if (err == ERR_OK)
        err = of_click(v, a, &click);
    if (err != ERR_OK)
        return err;
    if (txid.n + click.n == 0 && (txid.passed || click.passed))
        return problem(p, ERR_CONFLICT, a->scope, "is not where the lead stands");
    if (txid.n > 0)
        return by_txid(&txid, &click, a, out, p);
    if (!a->by_click)
        return problem(p, ERR_NOT_FOUND, "txid", "no lead of yours is known by this txid");
    if (click.n == 0)
        return problem(p, ERR_NOT_FOUND, "click_id", "no lead is known for this click");
    return by_click(&click, out, p);
}
