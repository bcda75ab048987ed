/* The fold: what is believed of a lead, what is said of it, and what its outcome teaches. */
#include "common/score/score.h"

#include <assert.h>

#include "common/score/score_private.h"
#include "common/score/sigmoid_table.h"

enum {
    SURE = 32,              /* nobody is surer than this, of 65536 */
    EIGHTH_PI = 25736,      /* pi/8 of 65536 */
    WORTH_SAYING = 1 << 20, /* of log odds: a reason */
    HALF_STEP = 1 << 19
};

#define EACH UINT64_C(0x0101010101010101)

/* Which slot a tag has, from 1 on; 0: none. A byte of the difference is 0 where the mark is the same; then, or behind
 * such a one (the borrow), its highest bit is set. */
static size_t seek(const struct score_set *set, uint64_t tag)
{
    uint64_t other = set->marks ^ score_mark(tag) * EACH;
    for (uint64_t same = (other - EACH) & ~other & 128 * EACH; same != 0; same &= same - 1) {
        size_t at = (size_t)__builtin_ctzll(same) / 8;
        if (set->tag[at] == tag)
            return at + 1;
    }
    return 0;
}

static const struct score_belief *look(const struct score_state *state, uint64_t tag)
{
    const struct score_set *set = state != NULL ? &state->set[score_set_of(tag)] : NULL;
    size_t at = set != NULL ? seek(set, tag) : 0;
    return at > 0 ? &set->belief[at - 1] : NULL;
}

/* ---- belief ---- */

struct sum {
    int64_t sum, variance, steep;
};

static int32_t known_mean(const struct score_state *state, uint64_t tag)
{
    const struct score_belief *slot = look(state, tag);
    return slot != NULL ? slot->mean : 0;
}

/* Adds what a slot says, or what is said without one; returns its mean. */
static int32_t add(struct sum *b, const struct score_belief *slot, int32_t mean, uint32_t variance)
{
    if (slot != NULL) {
        mean = slot->mean;
        variance = slot->variance;
    }
    b->sum += mean;
    b->variance += variance;
    return mean;
}

static int32_t add_field(const struct score_shape *s, const struct score_state *state, const struct score_tokens *t,
                         size_t f, struct sum *b)
{
    const struct score_belief *fine = look(state, t->fine[f]);
    int32_t part = add(b, fine, fine == NULL ? known_mean(state, s->unseen[f]) : 0, SCORE_V0);
    if (t->coarse[f] != 0)
        part += add(b, look(state, t->coarse[f]), 0, SCORE_V0);
    return part;
}

/* Rounded down; x below 2^48. */
static int64_t root(int64_t x)
{
    int64_t r = 0;
    for (int64_t bit = INT64_C(1) << 46; bit > 0; bit >>= 2) {
        bool fits = x >= r + bit;
        x -= fits ? r + bit : 0;
        r = (r >> 1) + (fits ? bit : 0);
    }
    return r;
}

static uint32_t chance(int64_t z)
{
    int64_t a = z < 0 ? -z : z, most = INT64_C(12) << 24;
    a = a > most ? most : a;
    int64_t i = a >> 20, rest = a & ((1 << 20) - 1), y = sigmoid_table[i];
    if (i < SIGMOID_STEPS)
        y += ((sigmoid_table[i + 1] - y) * rest + HALF_STEP) >> 20;
    y = z < 0 ? SCORE_ONE - y : y;
    return (uint32_t)(y < SURE ? SURE : y > SCORE_ONE - SURE ? SCORE_ONE - SURE : y);
}

/* The chance, if the log odds were so many more: the more doubt, the nearer to even. */
static uint32_t chance_with(const struct sum *b, int64_t more)
{
    return chance(score_halved((b->sum + more) * b->steep, 16));
}

static void believe(const struct score_shape *s, const struct score_state *state, const struct score_tokens *t,
                    struct sum *b, int32_t part[SCORE_PARTS])
{
    *b = (struct sum){.variance = SCORE_V0};
    if (state != NULL)
        *b = (struct sum){.sum = state->bias.mean, .variance = state->bias.variance};
    for (size_t f = 0; f < s->fields; f++)
        part[f] = add_field(s, state, t, f, b);
    for (size_t i = 0; i < s->pairs; i++)
        part[s->fields + i] = add(b, look(state, t->pair[i]), 0, SCORE_VX);
    b->steep = root((INT64_C(1) << 48) / (SCORE_ONE + ((b->variance >> 12) * EIGHTH_PI >> 16)));
}

/* ---- predict ---- */

static uint16_t permille(uint32_t p)
{
    return (uint16_t)((1000 * p + SCORE_ONE / 2) >> 16);
}

/* Keeps the greatest, the first of equals. */
static void reason(struct score_said *said, int64_t size[SCORE_WHY], size_t part, int64_t difference)
{
    int64_t is = difference < 0 ? -difference : difference;
    size_t at = said->n_why;
    if (is < WORTH_SAYING)
        return;
    while (at > 0 && is > size[at - 1])
        at--;
    if (at == SCORE_WHY)
        return;
    said->n_why += said->n_why < SCORE_WHY;
    for (size_t i = said->n_why - 1u; i > at; i--) {
        said->why[i] = said->why[i - 1];
        size[i] = size[i - 1];
    }
    said->why[at] = (struct score_why){(uint8_t)part, difference > 0};
    size[at] = is;
}

void score_say(const struct score_shape *s, const struct score_state *state, const struct score_tokens *t,
               struct score_said *out)
{
    struct sum b;
    int64_t size[SCORE_WHY];
    assert(state == NULL || (state->fields == s->fields && state->pairs == s->pairs));
    out->n_why = 0;
    believe(s, state, t, &b, out->part);
    out->p = chance_with(&b, 0);
    out->variance = b.variance;
    out->score = permille(out->p);
    out->high = permille(chance_with(&b, root(b.variance) << 10));
    for (size_t k = 0; k < (size_t)s->fields + s->pairs; k++)
        reason(out, size, k, (int64_t)out->part[k] - (state != NULL ? state->usual[k] : 0));
}

bool score_may_hold(uint32_t held, struct score_hold terms)
{
    return held < terms.max_permille * SCORE_ONE / 1000;
}

uint32_t score_held(uint32_t held, bool low)
{
    return (uint32_t)(held + score_halved((low ? SCORE_ONE : 0) - (int64_t)held, 7));
}

bool score_low(const struct score_state *state, const struct score_said *said, struct score_hold terms)
{
    return state != NULL && state->labels[0] >= SCORE_KNOWN && state->labels[1] >= SCORE_KNOWN &&
           said->high < terms.below && score_may_hold(state->held, terms);
}

void score_note(const struct score_shape *s, struct score_state *state, const struct score_said *said, bool low)
{
    for (size_t k = 0; k < (size_t)s->fields + s->pairs; k++)
        state->usual[k] += (int32_t)score_halved((int64_t)said->part[k] - state->usual[k], 6);
    state->leads++;
    state->held = score_held(state->held, low);
}

/* ---- learn ---- */

/* Which way, and how much surer. */
struct lesson {
    int64_t gradient, surer;
};

static void step(struct score_belief *slot, struct lesson l)
{
    int64_t v = slot->variance, mean = slot->mean + score_halved(v * l.gradient + HALF_STEP, 20);
    int64_t less = v - (((v * l.surer >> 16) * v) >> 28);
    slot->mean = (int32_t)(mean < -SCORE_MEAN_MAX ? -SCORE_MEAN_MAX : mean > SCORE_MEAN_MAX ? SCORE_MEAN_MAX : mean);
    slot->variance = (uint32_t)(less < SCORE_VMIN ? SCORE_VMIN : less);
}

/* Of a full set the one of greatest doubt, the first of equals; who would stay is doubted more. Nobody can guess which
 * it is, so that nothing here branches. */
static size_t make_room(struct score_set *set)
{
    uint32_t chosen = 0; /* a doubt, and behind it how many slots are behind its slot */
    for (uint32_t i = 0; i < SCORE_SLOTS; i++) {
        uint32_t v = set->belief[i].variance, pair = score_is_pair(set->tag[i]), most = pair ? SCORE_VX : SCORE_V0;
        uint32_t doubt = (v << 4 * pair) * SCORE_SLOTS + SCORE_SLOTS - 1 - i;
        chosen = doubt > chosen ? doubt : chosen;
        v += v >> 8;
        set->belief[i].variance = v > most ? most : v;
    }
    return SCORE_SLOTS - 1 - chosen % SCORE_SLOTS;
}

static struct score_belief *known(struct score_state *state, uint64_t tag)
{
    struct score_set *set = &state->set[score_set_of(tag)];
    size_t at = seek(set, tag);
    return at > 0 ? &set->belief[at - 1] : NULL;
}

/* What stood in no slot: used ones come first. */
static struct score_belief *place(struct score_state *state, uint64_t tag, int32_t mean)
{
    struct score_set *set = &state->set[score_set_of(tag)];
    size_t i = 0;
    while (i < SCORE_SLOTS && set->tag[i] != 0)
        i++;
    i = i < SCORE_SLOTS ? i : make_room(set);
    score_put(set, i, tag, (struct score_belief){mean, score_doubt(tag)});
    return &set->belief[i];
}

static void teach(struct score_state *state, uint64_t tag, struct lesson l)
{
    struct score_belief *b = known(state, tag);
    step(b != NULL ? b : place(state, tag, 0), l);
}

/* What was never seen begins where such begin, and that learns too (and is it, where somebody made the hashes equal).
 */
static void teach_fine(const struct score_shape *s, struct score_state *state, const struct score_tokens *t, size_t f,
                       struct lesson l)
{
    struct score_belief *b = known(state, t->fine[f]);
    if (b == NULL) {
        int32_t mean = known_mean(state, s->unseen[f]);
        teach(state, s->unseen[f], l);
        b = known(state, t->fine[f]);
        b = b != NULL ? b : place(state, t->fine[f], mean);
    }
    step(b, l);
}

static struct lesson lesson_of(int64_t p, int64_t variance, int label, int before)
{
    int64_t h = p * (SCORE_ONE - p) >> 16;
    int64_t doubt = SCORE_ONE + (h * (variance >> 12) >> 16);
    int64_t miss = before == SCORE_UNTAUGHT ? (int64_t)SCORE_ONE * label - p : (int64_t)SCORE_ONE * (label - before);
    return (struct lesson){score_divided(miss * SCORE_ONE, doubt),
                           before == SCORE_UNTAUGHT ? SCORE_ONE * h / doubt : 0};
}

void score_learn(const struct score_shape *s, struct score_state *state, const struct score_tokens *t,
                 const struct score_said *said, int label, int before)
{
    struct sum b;
    int32_t part[SCORE_PARTS];
    assert(state->fields == s->fields && state->pairs == s->pairs);
    assert((label == 0 || label == 1) && before >= SCORE_UNTAUGHT && before <= 1);
    if (label == before)
        return;
    if (said == NULL)
        believe(s, state, t, &b, part);
    struct lesson l = said != NULL ? lesson_of(said->p, said->variance, label, before)
                                   : lesson_of(chance_with(&b, 0), b.variance, label, before);
    if (before != SCORE_UNTAUGHT)
        state->labels[before]--;
    state->labels[label]++;
    step(&state->bias, l);
    for (size_t f = 0; f < s->fields; f++) {
        teach_fine(s, state, t, f, l);
        if (t->coarse[f] != 0)
            teach(state, t->coarse[f], l);
    }
    for (size_t i = 0; i < s->pairs; i++)
        teach(state, t->pair[i], l);
}

/* ---- seeds ---- */

/* Those that are own, or those that are not, in their order. */
static size_t keep(const struct score_set *from, bool own, struct score_set *to, size_t n)
{
    for (size_t i = 0; i < SCORE_SLOTS && from->tag[i] != 0 && n < SCORE_SLOTS; i++)
        if (score_is_own(from->tag[i]) == own)
            score_put(to, n++, from->tag[i], from->belief[i]);
    return n;
}

void score_shared(const struct score_state *campaign, struct score_state *seed)
{
    *seed = *campaign;
    for (size_t i = 0; i < SCORE_SETS; i++) {
        seed->set[i] = (struct score_set){0};
        (void)keep(&campaign->set[i], false, &seed->set[i], 0);
    }
}

bool score_take_seed(struct score_state *state, const struct score_state *seed)
{
    bool fits = state->fields == seed->fields && state->pairs == seed->pairs;
    for (size_t i = 0; i < SCORE_SETS && fits; i++)
        for (size_t j = 0; j < SCORE_SLOTS; j++)
            fits &= !score_is_own(seed->set[i].tag[j]);
    if (!fits)
        return false;
    if (state->leads == 0 && state->labels[0] == 0 && state->labels[1] == 0)
        state->bias = seed->bias;
    for (size_t i = 0; i < SCORE_SETS; i++) {
        struct score_set set = {0};
        (void)keep(&seed->set[i], false, &set, keep(&state->set[i], true, &set, 0));
        state->set[i] = set;
    }
    return true;
}
