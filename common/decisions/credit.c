#include "common/decisions/credit.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/when.h"

bool credit_looks_back(const struct terms *t)
{
    return t->attribution != ATTRIBUTION_LAST;
}

bool credit_shares(const struct terms *t)
{
    return t->attribution != ATTRIBUTION_LAST && t->attribution != ATTRIBUTION_FIRST;
}

bool credit_alike(const struct terms *a, const struct terms *b)
{
    return a->attribution == b->attribution &&
           (!credit_looks_back(a) || (a->click_days == b->click_days && a->half_life_days == b->half_life_days));
}

#define ORDER(x, y) ((x) > (y)) - ((x) < (y))

int touch_order(const struct touch *a, const struct touch *b)
{
    int order = ORDER(a->clock_steps, b->clock_steps);
    if (order == 0)
        order = ORDER(a->at_ms, b->at_ms);
    if (order == 0)
        order = ORDER(a->contract, b->contract);
    if (order == 0)
        order = a->unrecorded - b->unrecorded;
    return order != 0 ? order : ORDER(a->index, b->index);
}

static int by_order(const void *a, const void *b)
{
    return touch_order(a, b);
}

/* A click id says when a click was, but not before or after which step. */
bool touch_waited(const struct touch *touch, int64_t lead_ms, uint32_t lead_steps, int64_t *ms)
{
    *ms = lead_ms > touch->at_ms ? lead_ms - touch->at_ms : 0;
    return touch->clock_steps == lead_steps && !(touch->unrecorded && lead_steps > 0);
}

bool touch_inside(const struct terms *t, const struct touch *touch, int64_t lead_ms, uint32_t lead_steps)
{
    int64_t waited_ms;
    return !touch_waited(touch, lead_ms, lead_steps, &waited_ms) || waited_ms <= t->click_days * MS_PER_DAY;
}

/* Touches in their order, with their shares. */
struct dealt {
    struct touch touch[LIMIT_TOUCHES];
    uint32_t share[LIMIT_TOUCHES];
    size_t n;
};

static void take_inside(struct dealt *d, const struct terms *t, const struct touch *touches, size_t n, int64_t lead_ms,
                        uint32_t lead_steps)
{
    d->n = 0;
    for (size_t i = 0; i < n; i++)
        if (touch_inside(t, &touches[i], lead_ms, lead_steps))
            d->touch[d->n++] = touches[i];
    qsort(d->touch, d->n, sizeof *d->touch, by_order);
}

static uint32_t share_of(const struct dealt *d, uint32_t contract)
{
    uint32_t sum = 0;
    for (size_t i = 0; i < d->n; i++)
        sum += d->touch[i].contract == contract ? d->share[i] : 0;
    return sum;
}

/* After a step of the clock a touch may seem earlier than the one before it: then it is as old as that. */
static void deal(struct dealt *d, const struct terms *t, enum attribution model, int64_t lead_ms)
{
    int64_t at_ms[LIMIT_TOUCHES];
    for (size_t i = 0; i < d->n; i++)
        at_ms[i] = i > 0 && d->touch[i].at_ms < at_ms[i - 1] ? at_ms[i - 1] : d->touch[i].at_ms;
    attribution_shares(model, t->half_life_days, lead_ms, at_ms, d->n, d->share);
}

size_t credit_touches(const struct terms *t, enum attribution model, const struct touch *touches, size_t n,
                      int64_t lead_ms, uint32_t lead_steps, struct touch out[LIMIT_TOUCHES],
                      uint32_t share[LIMIT_TOUCHES])
{
    struct dealt d;
    assert(n <= LIMIT_TOUCHES);
    take_inside(&d, t, touches, n, lead_ms, lead_steps);
    if (d.n == 0)
        return 0;
    deal(&d, t, model, lead_ms);
    memcpy(out, d.touch, d.n * sizeof *out);
    memcpy(share, d.share, d.n * sizeof *share);
    return d.n;
}

/* Contracts that get nothing go; true when there was one. Who stays is dealt to anew, so that the shares follow from
 * the touches of those that get something: theirs alone stand in the ledger. */
static bool drop_idle(struct dealt *d)
{
    bool gets[LIMIT_TOUCHES];
    size_t kept = 0;
    for (size_t i = 0; i < d->n; i++)
        gets[i] = share_of(d, d->touch[i].contract) > 0;
    for (size_t i = 0; i < d->n; i++)
        if (gets[i])
            d->touch[kept++] = d->touch[i];
    bool dropped = kept < d->n;
    d->n = kept;
    return dropped;
}

/* The touch at `last` is its contract's latest with a share. */
static void credit(const struct dealt *d, size_t last, struct credit *out)
{
    *out = (struct credit){.click = d->touch[last]};
    for (size_t i = 0; i < d->n; i++)
        if (i != last && d->touch[i].contract == out->click.contract)
            out->touches[out->n_touches++] = d->touch[i];
}

static bool has_later(const struct dealt *d, size_t i)
{
    for (size_t k = i + 1; k < d->n; k++)
        if (d->touch[k].contract == d->touch[i].contract && d->share[k] > 0)
            return true;
    return false;
}

size_t credits_of(const struct terms *t, const struct touch *touches, size_t n, int64_t lead_ms, uint32_t lead_steps,
                  struct credit out[LIMIT_TOUCHES])
{
    struct dealt d;
    uint32_t to = 0;
    size_t credits = 0;
    assert(n <= LIMIT_TOUCHES);
    take_inside(&d, t, touches, n, lead_ms, lead_steps);
    if (d.n == 0)
        return 0;
    do
        deal(&d, t, (enum attribution)t->attribution, lead_ms);
    while (drop_idle(&d));
    for (size_t i = 0; i < d.n; i++) {
        if (d.share[i] == 0 || has_later(&d, i))
            continue;
        struct credit *c = &out[credits++];
        credit(&d, i, c);
        c->from = to;
        to += share_of(&d, c->click.contract);
        c->to = to;
    }
    assert(to == SHARE_WHOLE);
    if (credits == 1)
        *out = (struct credit){.click = out->click};
    return credits;
}

int64_t credit_micros(const struct entry_lead *l, int64_t price_micros)
{
    return l->share_to ? share_micros(price_micros, l->share_from, l->share_to) : price_micros;
}
