#include "common/reports/paths.h"

#include <assert.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"

typedef unsigned __int128 wide;

/* What is divided. Here everything that the header asks of the caller is asked. */
static uint64_t total_of(const struct paths *all, uint64_t unit)
{
    uint64_t converted = 0, paths = 0;
    assert(all->channels <= PATH_CHANNELS);
    for (size_t i = 0; i < all->n; i++) {
        const struct path *p = &all->path[i];
        assert(p->n >= 1 && p->n <= PATH_LONGEST);
        assert(p->converted <= PATH_TOTAL_MAX && p->lost <= PATH_TOTAL_MAX);
        converted += p->converted;
        paths += p->converted + p->lost;
        assert(paths <= PATH_TOTAL_MAX);
        for (size_t t = 0; t < p->n; t++)
            assert(p->channel[t] < all->channels);
    }
    assert(unit > 0 && (wide)converted * unit < (wide)1 << 63);
    return converted;
}

/* ---- sums of fractions ---- */

/* Of each channel the numerators by denominator: a sum over any number of paths, exact. */
struct sums {
    uint64_t *numerator; /* [channel * (longest + 1) + denominator] */
    size_t longest;
};

static struct sums sums_new(const struct paths *all)
{
    struct sums s = {.longest = 1};
    for (size_t i = 0; i < all->n; i++)
        if (all->path[i].n > s.longest)
            s.longest = all->path[i].n;
    s.numerator = xcalloc((size_t)all->channels * (s.longest + 1) + 1, sizeof *s.numerator);
    return s;
}

static void add(const struct sums *s, uint32_t channel, uint64_t numerator, size_t denominator)
{
    s->numerator[channel * (s->longest + 1) + denominator] += numerator;
}

/* The only rounding: the sum of numerator / (denominator * scale), in units. What the 64 binary places of a fraction
 * cannot hold counts as one more, so that a sum that is a half is never taken for less. */
static uint64_t rounded(const struct sums *s, uint32_t channel, uint64_t scale, uint64_t unit)
{
    wide whole = 0, places = 0;
    for (size_t d = 1; d <= s->longest; d++) {
        wide numerator = (wide)s->numerator[channel * (s->longest + 1) + d] * unit, denominator = d * scale;
        whole += numerator / denominator;
        places += (((numerator % denominator) << 64) + denominator - 1) / denominator;
    }
    return (uint64_t)(whole + ((places + ((wide)1 << 63)) >> 64));
}

static void sums_credit(struct sums *s, const struct paths *all, uint64_t scale, uint64_t unit, uint64_t *credit)
{
    for (uint32_t c = 0; c < all->channels; c++)
        credit[c] = rounded(s, c, scale, unit);
    free(s->numerator);
}

/* In fifths: 2/5, 2/5, and 1/5 among those between; 5/5 where there are at most two. */
static void add_by_position(const struct sums *s, const struct path *p)
{
    if (p->n <= 2) {
        for (size_t t = 0; t < p->n; t++)
            add(s, p->channel[t], 5 * p->converted, p->n);
        return;
    }
    add(s, p->channel[0], 2 * p->converted, 1);
    add(s, p->channel[p->n - 1], 2 * p->converted, 1);
    for (size_t t = 1; t < p->n - 1; t++)
        add(s, p->channel[t], p->converted, p->n - 2);
}

static void add_path(const struct sums *s, const struct path *p, enum attribution model)
{
    switch (model) {
    case ATTRIBUTION_LAST:
        add(s, p->channel[p->n - 1], p->converted, 1);
        return;
    case ATTRIBUTION_FIRST:
        add(s, p->channel[0], p->converted, 1);
        return;
    case ATTRIBUTION_LINEAR:
        for (size_t t = 0; t < p->n; t++)
            add(s, p->channel[t], p->converted, p->n);
        return;
    case ATTRIBUTION_POSITION:
        add_by_position(s, p);
        return;
    case ATTRIBUTION_TIME_DECAY:
    case ATTRIBUTION_COUNT:
        break;
    }
    assert(!"a model that needs no times");
}

void paths_credit(const struct paths *all, enum attribution model, uint64_t unit, uint64_t *credit)
{
    total_of(all, unit);
    struct sums s = sums_new(all);
    for (size_t i = 0; i < all->n; i++)
        add_path(&s, &all->path[i], model);
    sums_credit(&s, all, model == ATTRIBUTION_POSITION ? 5 : 1, unit, credit);
}

/* The game is a sum of unanimity games, one a path: it pays once all its channels are there. Shapley's value is
 * additive and divides such a game equally among those it takes. */
void paths_shapley(const struct paths *all, uint64_t unit, uint64_t *credit)
{
    total_of(all, unit);
    struct sums s = sums_new(all);
    for (size_t i = 0; i < all->n; i++) {
        const struct path *p = &all->path[i];
        uint32_t members[PATH_CHANNELS];
        bool seen[PATH_CHANNELS] = {false};
        size_t n = 0;
        for (size_t t = 0; t < p->n; t++) {
            if (!seen[p->channel[t]])
                members[n++] = p->channel[t];
            seen[p->channel[t]] = true;
        }
        for (size_t m = 0; m < n; m++)
            add(&s, members[m], p->converted, n);
    }
    sums_credit(&s, all, 1, unit, credit);
}

/* ---- the chain ---- */

/* Chances of steps from state to state, in units of 2^-62. Steps from a state to itself stay out: they delay, and
 * change nothing of where the chain ends. */
enum { PLACES = 62 };
#define ONE (UINT64_C(1) << PLACES)
enum { START, CONVERTED, LOST, CHANNELS }; /* then the channels */
struct chain {
    size_t states;
    uint64_t *step; /* [from * states + to] */
};

static uint64_t *row(const struct chain *c, size_t from)
{
    return c->step + from * c->states;
}

/* a * b / c, or the next above: what can happen never comes to 0. */
static uint64_t above(uint64_t a, uint64_t b, uint64_t c)
{
    return (uint64_t)(((wide)a * b + c - 1) / c);
}

static uint64_t sum_of(const struct chain *c, size_t from)
{
    uint64_t sum = 0;
    for (size_t to = 0; to < c->states; to++)
        sum += row(c, from)[to];
    return sum;
}

static struct chain chain_new(const struct paths *all)
{
    struct chain c = {.states = CHANNELS + (size_t)all->channels};
    c.step = xcalloc(c.states * c.states, sizeof *c.step);
    for (size_t i = 0; i < all->n; i++) {
        const struct path *p = &all->path[i];
        size_t at = START;
        for (size_t t = 0, next; t < p->n; at = next, t++) {
            next = CHANNELS + p->channel[t];
            row(&c, at)[next] += next != at ? p->converted + p->lost : 0;
        }
        row(&c, at)[CONVERTED] += p->converted;
        row(&c, at)[LOST] += p->lost;
    }
    for (size_t from = 0; from < c.states; from++) {
        uint64_t sum = sum_of(&c, from);
        for (size_t to = 0; to < c.states && sum > 0; to++)
            row(&c, from)[to] = above(row(&c, from)[to], ONE, sum);
    }
    return c;
}

/* Takes a channel out of the chain: who stepped to it steps where it led. Sums of products and quotients of what is not
 * negative (Grassmann, Taksar and Heyman), hence no digits are lost however the chain is conditioned. */
static void take_out(const struct chain *c, size_t k)
{
    uint64_t sum = sum_of(c, k);
    for (size_t from = 0; from < c->states && sum > 0; from++) {
        if (from == k || row(c, from)[k] == 0)
            continue;
        uint64_t via = above(row(c, from)[k], ONE, sum);
        for (size_t to = 0; to < c->states; to++)
            if (to != from)
                row(c, from)[to] += above(via, row(c, k)[to], ONE);
        row(c, from)[k] = 0;
    }
    memset(row(c, k), 0, c->states * sizeof *c->step);
}

/* With all but the channel taken out: of those who convert, who passes it? In units of 2^-62. */
static uint64_t effect_of(const struct chain *c, size_t channel)
{
    uint64_t directly = row(c, START)[CONVERTED], through = 0, sum = sum_of(c, channel);
    if (sum > 0)
        through = above(row(c, START)[channel], row(c, channel)[CONVERTED], sum);
    return through == 0 ? 0 : (uint64_t)(((wide)through << PLACES) / (directly + through));
}

static void effects(const struct chain *c, uint32_t from, uint32_t to, uint64_t *effect);

/* Of [from, to), with [gone, end) taken out of a copy. */
static void effects_without(const struct chain *c, uint32_t gone, uint32_t end, uint32_t from, uint32_t to,
                            uint64_t *effect)
{
    const size_t cells = c->states * c->states;
    struct chain rest = {c->states, xmalloc(cells * sizeof *rest.step)};
    memcpy(rest.step, c->step, cells * sizeof *rest.step);
    for (uint32_t k = gone; k < end; k++)
        take_out(&rest, CHANNELS + (size_t)k);
    effects(&rest, from, to, effect);
    free(rest.step);
}

/* Of the channels [from, to), which are all that is left in the chain. One half is taken out once for all of the other,
 * so that n channels cost n^3 and not n^4. */
static void effects(const struct chain *c, uint32_t from, uint32_t to, uint64_t *effect)
{
    const uint32_t middle = from + (to - from) / 2;
    if (to - from == 1)
        effect[from] = effect_of(c, CHANNELS + (size_t)from);
    if (to - from <= 1)
        return;
    effects_without(c, middle, to, from, middle, effect);
    effects_without(c, from, middle, middle, to, effect);
}

void paths_removal(const struct paths *all, uint64_t unit, uint64_t *effect, uint64_t *credit)
{
    wide total = (wide)total_of(all, unit) * unit, sum = 0;
    struct chain whole = chain_new(all);
    effects(&whole, 0, all->channels, credit);
    for (uint32_t c = 0; c < all->channels; c++)
        sum += credit[c];
    for (uint32_t c = 0; c < all->channels; c++) {
        effect[c] = (uint64_t)(((wide)credit[c] * PATH_EFFECT_WHOLE + ONE / 2) >> PLACES);
        if (sum > 0)
            credit[c] = (uint64_t)((total * credit[c] + sum / 2) / sum);
    }
    free(whole.step);
}
