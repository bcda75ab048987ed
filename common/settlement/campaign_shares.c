/* The parts of shared leads: those of one lead tell one report, make the whole, and are what the model of the terms
 * deals to the touches of all of them. */
#include <inttypes.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/base/when.h"
#include "common/decisions/reason.h"
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
    p->return_days = t->return_days;
    p->status = l->status;
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

/* The part that is missing may stand in a log that is not here, or behind where a mirror ends. */
static void part_missing(struct campaign *c, struct joined_lead *const *part, size_t n)
{
    struct finding *f = &c->finding[CAMPAIGN_SHARES];
    const struct member *early = campaign_early(c, part[0]->clocked_ms, part, n);
    const char *contract = c->member[part[0]->member]->contract;
    if (!c->whole)
        finds_doubt(f,
                    "lead %" PRIu64
                    " of %s is shared with a contract whose mirror is not here, or does not go on until then",
                    part[0]->index, contract);
    else if (early != NULL || c->clock_stepped)
        finds_doubt(f, "lead %" PRIu64 " of %s has parts that do not sum to the whole, %s%s", part[0]->index, contract,
                    early != NULL ? "and a mirror may end before it came, of which another pull may tell more: that of "
                                  : "by a clock that stepped",
                    early != NULL ? early->contract : "");
    else
        part_fails(c, part[0], "whose parts do not sum to the whole: a contract that was credited has none");
}

static size_t judge_parts(struct campaign *c, struct joined_lead *const *part, size_t left)
{
    bool hole, sound = finding_verdict(&c->finding[CAMPAIGN_SHARES]) != FAILS;
    size_t n = walk_parts(c, part, left, &hole);
    if (hole)
        part_missing(c, part, n);
    else if (sound && !dealt_so(part, n))
        part_fails(c, part[0], "that is shared otherwise than the terms' model shares it among its touches");
    c->shared++;
    return n;
}

/* ---- what becomes of the parts ---- */

/* What a part was right before that time; *approved_ms: since when it was approved. */
static enum status was(const struct campaign *c, const struct joined_lead *l, int64_t at_ms, int64_t *approved_ms)
{
    enum status is = l->part->status;
    bool found = false;
    *approved_ms = l->clocked_ms;
    for (size_t n = l->part->moves; n > 0; n = c->move[n - 1].before) {
        const struct joined_move *m = &c->move[n - 1];
        if (m->clocked_ms >= at_ms)
            continue;
        is = found ? is : m->to;
        found = true;
        if (m->to == STATUS_APPROVED || m->to == STATUS_CONVERTED)
            *approved_ms = m->clocked_ms;
    }
    return is;
}

static bool moves_at(const struct campaign *c, const struct joined_lead *l, int64_t at_ms)
{
    size_t n = l->part->moves;
    while (n > 0 && c->move[n - 1].clocked_ms != at_ms)
        n = c->move[n - 1].before;
    return n > 0;
}

/* What a pixel reported that is not trusted does not stand while it is held. */
static bool stood_as(const struct joined_lead *l, enum status is)
{
    return status_stands(is) && !(l->part->unproven && is == STATUS_HELD);
}

static bool may_become(const struct campaign *c, const struct joined_lead *l, const struct joined_move *m)
{
    int64_t approved_ms;
    enum status is = was(c, l, m->clocked_ms, &approved_ms);
    bool waits = is == STATUS_PENDING || (is == STATUS_HELD && stood_as(l, is));
    if (m->to == STATUS_RETURNED)
        return (is == STATUS_APPROVED || is == STATUS_CONVERTED) &&
               m->clocked_ms <= approved_ms + l->part->return_days * MS_PER_DAY;
    return waits ||
           (m->to == STATUS_CONVERTED && is == STATUS_APPROVED); /* converted twice, it may say the amount alone */
}

/* With a part that stands go all that stand, at its time: one that stays, though its own state lets it go, is a lie. A
 * mirror that ends before tells nothing of its own. */
static void judge_move(struct campaign *c, const struct joined_lead *of, const struct joined_move *m,
                       struct joined_lead *const *part, size_t n)
{
    int64_t approved_ms;
    if (m->by_system || !stood_as(of, was(c, of, m->clocked_ms, &approved_ms)))
        return;
    for (size_t i = 0; i < n; i++) {
        const struct joined_lead *other = part[i];
        if (other != of && c->member[other->member]->last_ms > m->clocked_ms + CAMPAIGN_APART_MS &&
            !moves_at(c, other, m->clocked_ms) && may_become(c, other, m))
            finds_failure(&c->finding[CAMPAIGN_SHARES],
                          "entry %" PRIu64 " of %s makes its part of a lead %s, and lead %" PRIu64
                          " of %s, another part of it, stays as it was",
                          m->index, c->member[of->member]->contract, status_word(m->to), other->index,
                          c->member[other->member]->contract);
    }
}

static void judge_moves(struct campaign *c, struct joined_lead *const *part, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (part[i]->part->n_moves > PART_MOVES) {
            finds_doubt(&c->finding[CAMPAIGN_SHARES],
                        "lead %" PRIu64 " of %s changed more than %d times, and was not held against its other parts",
                        part[i]->index, c->member[part[i]->member]->contract, PART_MOVES);
            return;
        }
    for (size_t i = 0; i < n && !c->clock_stepped; i++)
        for (size_t k = part[i]->part->moves; k > 0; k = c->move[k - 1].before)
            judge_move(c, part[i], &c->move[k - 1], part, n);
}

static const struct member *member_of(const struct campaign *c, const char *contract)
{
    for (size_t i = 0; i < c->n_members; i++)
        if (strcmp(c->member[i]->contract, contract) == 0)
            return c->member[i];
    return NULL;
}

/* What the advertiser signed of one part moves all: it must be a part of this lead. */
static void judge_word(struct campaign *c, const struct joined_word *w)
{
    const struct joined_lead *l = &c->lead[w->lead];
    const struct member *of = member_of(c, w->contract);
    const struct joined_lead *about = of != NULL ? campaign_find(c, of->first, of->n, w->about) : NULL;
    if (about != NULL && memcmp(about->commit.b, l->commit.b, HASH_LEN) == 0)
        return;
    if (of != NULL ? w->about < of->entries : c->whole)
        finds_failure(&c->finding[CAMPAIGN_SHARES],
                      "entry %" PRIu64 " of %s moves lead %" PRIu64 " by what the advertiser signed of entry %" PRIu64
                      " of %s, which is no part of that lead",
                      w->index, c->member[l->member]->contract, l->index, w->about, w->contract);
    else
        finds_doubt(&c->finding[CAMPAIGN_SHARES],
                    "entry %" PRIu64 " of %s moves lead %" PRIu64
                    " by what the advertiser signed of a lead of %s, whose mirror is not here, or not so far",
                    w->index, c->member[l->member]->contract, l->index, w->contract);
}

void campaign_shares(struct campaign *c)
{
    struct joined_lead **all = xcalloc(c->n + 1, sizeof(struct joined_lead *));
    size_t n = 0;
    for (size_t i = 0; i < c->n_words; i++)
        judge_word(c, &c->word[i]);
    for (size_t i = 0; i < c->n; i++)
        if (c->lead[i].part != NULL)
            all[n++] = &c->lead[i];
    qsort(all, n, sizeof(struct joined_lead *), by_lead);
    for (size_t i = 0, parts; i < n; i += parts) {
        parts = judge_parts(c, all + i, n - i);
        judge_moves(c, all + i, parts);
    }
    free(all);
}
