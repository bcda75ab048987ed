/* What no contract's log alone can tell: whether the parts of a shared lead are what the touches of all its contracts
 * give. They are recorded in one transaction: in the journal nothing stands between them. */
#include <inttypes.h>

#include "server/check/check_private.h"

static void share_fails(struct check *c, uint64_t seq, const char *what)
{
    finds_failure(&c->finding[STORE_CHECK_DECISIONS], "the shared lead that journal row %" PRIu64 " belongs to %s", seq,
                  what);
}

static uint32_t parts_to(const struct sharing *s)
{
    return s->n ? s->credit[s->n - 1].to : 0;
}

static bool continues(const struct check *c, const struct contract *k, const struct entry *e)
{
    const struct sharing *s = &c->sharing;
    const struct entry_lead *l = &e->lead;
    if (l->share_from != parts_to(s) || s->n == LIMIT_TOUCHES)
        return false;
    return s->n == 0 || (s->campaign == k->campaign->number && s->at_ms == entry_clock(e) &&
                         memcmp(s->lead.b, l->commitment.b, HASH_LEN) == 0);
}

/* A touch as recorded. What the step of its clock was, its click says; one that is not there was told of before. */
static struct touch touch_of(struct check *c, const struct checked_log *log, const struct contract *k,
                             const struct entry_lead *l, const struct entry_touch *e)
{
    struct clicked seen;
    struct touch t = {.contract = k->number,
                      .index = e->click,
                      .at_ms = e->clicked_ms,
                      .clock_steps = l->clock_steps,
                      .unrecorded = e->click_unrecorded};
    enum err err =
        t.unrecorded ? ERR_NOT_FOUND : log->fold.view->click(log->fold.view->ctx, k->number, e->click, &seen);
    if (err == ERR_OK)
        t.clock_steps = seen.clock_steps;
    c->sharing.untold |= fold_untold(err);
    return t;
}

static void take_part(struct check *c, const struct checked_log *log, const struct contract *k, const struct entry *e)
{
    struct sharing *s = &c->sharing;
    const struct entry_lead *l = &e->lead;
    struct credit *part = &s->credit[s->n++];
    s->campaign = k->campaign->number;
    s->at_ms = entry_clock(e);
    s->clock_steps = l->clock_steps;
    s->lead = l->commitment;
    *part = (struct credit){
        .from = l->share_from,
        .to = l->share_to,
        .n_touches = l->n_touches,
        .click = touch_of(c, log, k, l, &(struct entry_touch){l->click, l->click_unrecorded, l->clicked_ms})};
    for (size_t i = 0; i < l->n_touches; i++)
        part->touches[i] = touch_of(c, log, k, l, &l->touches[i]);
}

/* All touches of all parts; false: more than a lead can have. */
static bool all_touches(const struct sharing *s, struct touch out[LIMIT_TOUCHES], size_t *n)
{
    *n = 0;
    for (size_t i = 0; i < s->n; i++) {
        const struct credit *part = &s->credit[i];
        if (*n + 1 + part->n_touches > LIMIT_TOUCHES)
            return false;
        out[(*n)++] = part->click;
        for (size_t k = 0; k < part->n_touches; k++)
            out[(*n)++] = part->touches[k];
    }
    return true;
}

static bool same_touch(const struct touch *a, const struct touch *b)
{
    return touch_order(a, b) == 0;
}

static bool same_credit(const struct credit *a, const struct credit *b)
{
    bool same =
        a->from == b->from && a->to == b->to && same_touch(&a->click, &b->click) && a->n_touches == b->n_touches;
    for (size_t i = 0; i < a->n_touches && same; i++)
        same = same_touch(&a->touches[i], &b->touches[i]);
    return same;
}

static bool dealt_again(const struct sharing *s, const struct terms *t)
{
    struct touch touches[LIMIT_TOUCHES];
    struct credit again[LIMIT_TOUCHES];
    size_t n;
    if (!credit_shares(t) || !all_touches(s, touches, &n) ||
        credits_of(t, touches, n, s->at_ms, s->clock_steps, again) != s->n)
        return false;
    for (size_t i = 0; i < s->n; i++)
        if (!same_credit(&s->credit[i], &again[i]))
            return false;
    return true;
}

static void broken_off(struct check *c)
{
    if (c->sharing.open)
        share_fails(c, c->sharing.seq - 1, "is not whole: a part of it is missing");
    c->sharing = (struct sharing){.open = false};
}

void check_share(struct check *c, const struct checked_log *log, const struct contract *k, const struct entry *e)
{
    struct sharing *s = &c->sharing;
    bool part = e != NULL && e->kind == ENTRY_LEAD && e->lead.share_to != 0;
    if (s->open && (!part || c->seq != s->seq || !continues(c, k, e)))
        broken_off(c);
    if (!part)
        return;
    if (!continues(c, k, e)) {
        share_fails(c, c->seq, "does not begin with its first part");
        return;
    }
    take_part(c, log, k, e);
    s->open = e->lead.share_to != SHARE_WHOLE;
    s->seq = c->seq + 1;
    if (s->open)
        return;
    if (s->untold)
        finds_doubt(&c->finding[STORE_CHECK_DECISIONS],
                    "the shared lead that journal row %" PRIu64
                    " belongs to cannot be judged: a click of it cannot be read",
                    c->seq);
    else if (!dealt_again(s, log->fold.terms))
        share_fails(c, c->seq, "is shared otherwise than the terms' model shares it among its touches");
    *s = (struct sharing){.open = false};
}

void check_shares_end(struct check *c)
{
    broken_off(c);
}
