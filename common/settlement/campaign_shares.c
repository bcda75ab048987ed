/* The parts of shared leads: those of one lead tell one report, make the whole, and are what the model of the terms
 * deals to the touches of all of them. */
#include <inttypes.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/settlement/campaign_parts.h"

/* What was reported, of which every part says the same. Facts are those that a contract's own rules look at. */
static void report_hash(const struct entry *e, uint8_t out[HASH_LEN])
{
    const struct entry_lead *l = &e->lead;
    struct entry said = {.kind = ENTRY_LEAD,
                         .at_ms = entry_clock(e),
                         .lead = {.party = l->party,
                                  .trust = l->trust,
                                  .txid = l->txid,
                                  .given = l->given,
                                  .bad = l->bad,
                                  .test = l->test,
                                  .honeypot = l->honeypot,
                                  .disposable = l->disposable,
                                  .commitment = l->commitment,
                                  .claimed = l->claimed,
                                  .other_touches = l->other_touches,
                                  .utc_offset_s = l->utc_offset_s,
                                  .clock_steps = l->clock_steps,
                                  .clock_unsure = l->clock_unsure,
                                  .request = l->request,
                                  .tier = -1}};
    struct buf text;
    memcpy(said.lead.sub, l->sub, sizeof said.lead.sub);
    buf_heap(&text);
    entry_write(&text, &said);
    sha256(text.ptr, text.len, out);
    buf_free(&text);
}

/* As recorded; the clock's steps of a click do not stand in the lead, so of them it is told only that they are none. */
struct joined_part *joined_part_new(uint32_t member, const struct entry *e, const struct terms *t)
{
    const struct entry_lead *l = &e->lead;
    struct joined_part *p = xcalloc(1, sizeof *p);
    p->credit = (struct credit){
        .from = l->share_from,
        .to = l->share_to,
        .n_touches = l->n_touches,
        .click = {.contract = member, .index = l->click, .at_ms = l->clicked_ms, .unrecorded = l->click_unrecorded}};
    for (size_t i = 0; i < l->n_touches; i++)
        p->credit.touches[i] = (struct touch){.contract = member,
                                              .index = l->touches[i].click,
                                              .at_ms = l->touches[i].clicked_ms,
                                              .unrecorded = l->touches[i].click_unrecorded};
    p->steps = l->clock_steps;
    p->attribution = t->attribution;
    p->click_days = t->click_days;
    p->half_life_days = t->half_life_days;
    report_hash(e, p->report);
    return p;
}

static int by_lead(const void *a, const void *b)
{
    const struct joined_lead *x = *(const struct joined_lead *const *)a, *y = *(const struct joined_lead *const *)b;
    int order = memcmp(x->commit.b, y->commit.b, HASH_LEN);
    return order != 0 ? order : x->share_from < y->share_from ? -1 : x->share_from > y->share_from;
}

static void part_fails(struct campaign *c, const struct joined_lead *l, const char *what)
{
    finds_failure(&c->finding[CAMPAIGN_SHARES], "lead %" PRIu64 " of %s is a part of a lead %s", l->index,
                  c->member[l->member]->contract, what);
}

/* Touches of one millisecond have the order of their contracts' numbers, which no log tells. */
static bool same_time(const struct touch *touch, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++)
            if (touch[i].at_ms == touch[k].at_ms && touch[i].contract != touch[k].contract)
                return true;
    return false;
}

static bool same_touch(const struct touch *a, const struct touch *b)
{
    return a->contract == b->contract && a->index == b->index && a->at_ms == b->at_ms && a->unrecorded == b->unrecorded;
}

static bool same_credit(const struct credit *a, const struct credit *b)
{
    bool same =
        a->from == b->from && a->to == b->to && a->n_touches == b->n_touches && same_touch(&a->click, &b->click);
    for (size_t i = 0; i < a->n_touches && same; i++)
        same = same_touch(&a->touches[i], &b->touches[i]);
    return same;
}

/* Whether the model deals them so; the terms are those of the latest touch's contract, whose part is the last. */
static bool dealt_so(struct joined_lead *const *part, size_t n)
{
    const struct joined_part *last = part[n - 1]->part;
    const struct terms t = {
        .attribution = last->attribution, .click_days = last->click_days, .half_life_days = last->half_life_days};
    struct touch touches[LIMIT_TOUCHES];
    struct credit again[LIMIT_TOUCHES];
    size_t all = 0;
    if (last->steps > 0)
        return true; /* by clocks that the entries alone do not tell apart: check does */
    for (size_t i = 0; i < n; i++) {
        const struct credit *own = &part[i]->part->credit;
        if (all + 1 + own->n_touches > LIMIT_TOUCHES)
            return false;
        touches[all++] = own->click;
        for (size_t k = 0; k < own->n_touches; k++)
            touches[all++] = own->touches[k];
    }
    if (same_time(touches, all))
        return true;
    if (!credit_shares(&t) || credits_of(&t, touches, all, part[0]->clocked_ms, 0, again) != n)
        return false;
    for (size_t i = 0; i < n; i++)
        if (!same_credit(&part[i]->part->credit, &again[i]))
            return false;
    return true;
}

/* The parts of one lead begin where those before end. *hole: they do not make the whole. */
static size_t walk_parts(struct campaign *c, struct joined_lead *const *part, size_t left, bool *hole)
{
    uint32_t to = 0;
    size_t n = 0;
    *hole = false;
    for (; n < left && memcmp(part[n]->commit.b, part[0]->commit.b, HASH_LEN) == 0; n++) {
        const struct joined_lead *p = part[n];
        if (p->share_from < to || p->clocked_ms != part[0]->clocked_ms)
            part_fails(c, p, "that those of other contracts do not leave");
        else if (memcmp(p->part->report, part[0]->part->report, HASH_LEN) != 0)
            part_fails(c, p, "that the part of another contract reports otherwise");
        *hole |= p->share_from != to;
        to = p->share_to;
    }
    *hole |= to != SHARE_WHOLE;
    return n;
}

static size_t judge_parts(struct campaign *c, struct joined_lead *const *part, size_t left)
{
    bool hole, sound = finding_verdict(&c->finding[CAMPAIGN_SHARES]) != FAILS;
    size_t n = walk_parts(c, part, left, &hole);
    if (hole && c->whole)
        part_fails(c, part[0], "whose parts do not sum to the whole: a contract that was credited has none");
    else if (hole)
        finds_doubt(&c->finding[CAMPAIGN_SHARES],
                    "lead %" PRIu64 " of %s is shared with a contract whose mirror is not here", part[0]->index,
                    c->member[part[0]->member]->contract);
    else if (sound && !dealt_so(part, n))
        part_fails(c, part[0], "that is shared otherwise than the terms' model shares it among its touches");
    c->shared++;
    return n;
}

void campaign_shares(struct campaign *c)
{
    struct joined_lead **all = xcalloc(c->n + 1, sizeof(struct joined_lead *));
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++)
        if (c->lead[i].part != NULL)
            all[n++] = &c->lead[i];
    qsort(all, n, sizeof(struct joined_lead *), by_lead);
    for (size_t i = 0; i < n;)
        i += judge_parts(c, all + i, n - i);
    free(all);
}
