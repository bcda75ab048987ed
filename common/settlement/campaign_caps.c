/* Caps over all contracts of a campaign: a refusal by one must have had enough leads, or money, in its way, and a lead
 * that was taken must have had room. The logs of contracts have no order among each other but the clock's time, so
 * what came or went within ten minutes of a lead may have stood, or not, as suits whoever wrote it. */
#include <inttypes.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/settlement/campaign_parts.h"

/* What began, or ended, to stand at a time, of one day or month; sums of it and all before it, of all of them. */
struct mark {
    int32_t period;
    int64_t at_ms;
    uint64_t leads;
    wide_micros micros;
};

struct marks {
    struct mark *of;
    size_t n;
};

struct standing {
    uint64_t leads;
    wide_micros micros;
};

/* Of days, or of months; `most`: as many as may have stood, else as few as must have. */
struct caps_index {
    struct marks from, to;
    bool month, most;
};

static int by_time(const void *a, const void *b)
{
    const struct mark *x = a, *y = b;
    return x->period != y->period  ? x->period < y->period ? -1 : 1
           : x->at_ms != y->at_ms  ? x->at_ms < y->at_ms ? -1 : 1
           : x->leads != y->leads  ? x->leads < y->leads ? -1 : 1
           : x->micros < y->micros ? -1
                                   : x->micros > y->micros;
}

static void sum_up(struct marks *m)
{
    qsort(m->of, m->n, sizeof *m->of, by_time);
    for (size_t i = 1; i < m->n; i++) {
        m->of[i].leads += m->of[i - 1].leads;
        m->of[i].micros += m->of[i - 1].micros;
    }
}

/* What is open is known to stand until its log ends. */
static int64_t end_of(const struct campaign *c, size_t lead, int64_t to_ms, bool open, bool most)
{
    if (!open)
        return to_ms;
    return most ? INT64_MAX : c->member[c->lead[lead].member]->last_ms + CAMPAIGN_APART_MS;
}

static void mark(struct caps_index *x, size_t i, struct mark m, int64_t to_ms)
{
    x->from.of[i] = m;
    m.at_ms = to_ms;
    x->to.of[i] = m;
}

static void index_make(const struct campaign *c, bool month, bool most, struct caps_index *out)
{
    *out = (struct caps_index){.month = month, .most = most};
    const size_t n = c->n_standing + c->n_sales;
    out->from = (struct marks){xcalloc(n + 1, sizeof(struct mark)), n};
    out->to = (struct marks){xcalloc(n + 1, sizeof(struct mark)), n};
    for (size_t i = 0; i < c->n_standing; i++) {
        const struct lead_stay *s = &c->standing[i];
        const struct joined_lead *l = &c->lead[s->lead];
        mark(out, i,
             (struct mark){month ? l->month : l->day, s->from_ms, l->share_from == 0, (wide_micros)l->price_micros},
             end_of(c, s->lead, s->to_ms, s->open, most));
    }
    for (size_t i = 0; i < c->n_sales; i++) {
        const struct sale_stay *s = &c->sale[i];
        const struct joined_lead *l = &c->lead[s->lead];
        mark(out, c->n_standing + i, (struct mark){month ? l->month : l->day, s->from_ms, 0, (wide_micros)s->micros},
             end_of(c, s->lead, s->to_ms, s->open, most));
    }
    sum_up(&out->from);
    sum_up(&out->to);
}

static void index_free(struct caps_index *x)
{
    free(x->from.of);
    free(x->to.of);
}

/* Of all marks before that of `period` and `at_ms`. */
static struct standing before(const struct marks *m, int32_t period, int64_t at_ms)
{
    size_t from = 0, to = m->n;
    while (from < to) {
        size_t at = from + (to - from) / 2;
        if (m->of[at].period < period || (m->of[at].period == period && m->of[at].at_ms < at_ms))
            from = at + 1;
        else
            to = at;
    }
    return from == 0 ? (struct standing){0} : (struct standing){m->of[from - 1].leads, m->of[from - 1].micros};
}

static struct standing between(const struct marks *m, int32_t period, int64_t until_ms)
{
    struct standing all = before(m, period, until_ms), none = before(m, period, INT64_MIN);
    return (struct standing){all.leads - none.leads, all.micros - none.micros};
}

/* What stood of the lead's day or month when it came. */
static struct standing stood_at(const struct caps_index *x, const struct joined_lead *l)
{
    int32_t period = x->month ? l->month : l->day;
    int64_t slack_ms = x->most ? CAMPAIGN_APART_MS : -CAMPAIGN_APART_MS;
    struct standing began = between(&x->from, period, l->clocked_ms + slack_ms + 1),
                    ended = between(&x->to, period, l->clocked_ms - slack_ms);
    return (struct standing){began.leads > ended.leads ? began.leads - ended.leads : 0,
                             began.micros > ended.micros ? began.micros - ended.micros : 0};
}

struct caps_judge {
    struct campaign *c;
    struct caps_index most[2], least[2]; /* days, months */
};

/* What the lead would have cost the campaign; of a part at least its own, at most what the whole can be. */
static wide_micros price_of(const struct joined_lead *l, bool most)
{
    wide_micros own = (wide_micros)l->price_micros;
    return most && l->share_to != 0 ? (own + 1) * SHARE_WHOLE / (l->share_to - l->share_from) + 1 : own;
}

static bool reaches(const struct caps *caps, unsigned cap, const struct standing *day, const struct standing *month,
                    wide_micros price)
{
    return cap == CAP_DAY     ? day->leads >= (uint64_t)caps->day
           : cap == CAP_MONTH ? month->leads >= (uint64_t)caps->month
                              : month->micros + price > (wide_micros)caps->budget_micros_month;
}

static void refused_without(struct campaign *c, struct joined_lead *l)
{
    struct finding *f = &c->finding[CAMPAIGN_CAPS];
    const char *contract = c->member[l->member]->contract, *reason = reason_word(l->reason);
    const struct member *early = campaign_early(c, l->clocked_ms, &l, 1); /* it may lack what stood in its way */
    if (!c->whole)
        finds_doubt(f,
                    "lead %" PRIu64 " of %s is refused by %s, which the leads that are here did not reach: those of a "
                    "contract whose mirror is not here may have (--all-contracts, if these are all)",
                    l->index, contract, reason);
    else if (early != NULL || c->clock_stepped)
        finds_doubt(f, "lead %" PRIu64 " of %s is refused by %s, which the leads that are here did not reach, %s%s",
                    l->index, contract, reason,
                    early != NULL ? "and a mirror ends before it came, of which another pull may tell more: that of "
                                  : "by a clock that stepped",
                    early != NULL ? early->contract : "");
    else
        finds_failure(f,
                      "lead %" PRIu64 " of %s is refused by %s, which the leads of all contracts had not reached then",
                      l->index, contract, reason);
}

static void judge_refused(struct caps_judge *j, struct joined_lead *l, const struct caps *caps)
{
    unsigned cap = l->reason == REASON_CAP_DAY ? CAP_DAY : l->reason == REASON_CAP_MONTH ? CAP_MONTH : CAP_BUDGET;
    struct standing day = stood_at(&j->most[0], l), month = stood_at(&j->most[1], l);
    j->c->capped++;
    if (!(caps->set & cap) || !reaches(caps, cap, &day, &month, price_of(l, true)))
        refused_without(j->c, l);
}

static void judge_taken(struct caps_judge *j, const struct joined_lead *l, const struct caps *caps)
{
    static const struct {
        unsigned cap;
        enum reason reason;
    } all[] = {{CAP_DAY, REASON_CAP_DAY}, {CAP_MONTH, REASON_CAP_MONTH}, {CAP_BUDGET, REASON_BUDGET}};
    struct standing day = stood_at(&j->least[0], l), month = stood_at(&j->least[1], l);
    struct finding *f = &j->c->finding[CAMPAIGN_CAPS];
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (!(caps->set & all[i].cap) || !reaches(caps, all[i].cap, &day, &month, price_of(l, false)))
            continue;
        const char *contract = j->c->member[l->member]->contract, *reason = reason_word(all[i].reason);
        if (j->c->clock_stepped)
            finds_doubt(f, "lead %" PRIu64 " of %s seems to pass %s of the campaign, by a clock that stepped", l->index,
                        contract, reason);
        else
            finds_failure(f,
                          "lead %" PRIu64
                          " of %s was taken although %s of the campaign had been reached by the leads of "
                          "its contracts that stood for ten minutes and more",
                          l->index, contract, reason);
        return;
    }
}

void campaign_caps(struct campaign *c)
{
    struct caps_judge j = {.c = c};
    if (c->n_caps == 0)
        return;
    for (int month = 0; month < 2; month++) {
        index_make(c, month, true, &j.most[month]);
        index_make(c, month, false, &j.least[month]);
    }
    for (size_t i = 0; i < c->n; i++) {
        struct joined_lead *l = &c->lead[i];
        const struct caps *caps = &c->caps[l->caps];
        bool cap = l->reason == REASON_CAP_DAY || l->reason == REASON_CAP_MONTH || l->reason == REASON_BUDGET;
        if (cap && !l->own_cap)
            judge_refused(&j, l, caps);
        else if (l->taken && caps->set)
            judge_taken(&j, l, caps);
    }
    for (int month = 0; month < 2; month++) {
        index_free(&j.most[month]);
        index_free(&j.least[month]);
    }
}
