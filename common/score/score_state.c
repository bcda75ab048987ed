/* The bytes of a state, strictly: what no fold comes to is none. */
#include <assert.h>

#include "common/base/bytes.h"
#include "common/score/score_private.h"

enum { VERSION = 1, SLOT_BYTES = 16 };

void score_begin(const struct score_shape *s, struct score_state *out)
{
    *out = (struct score_state){.fields = s->fields, .pairs = s->pairs, .bias.variance = SCORE_V0};
}

static uint8_t *belief_write(uint8_t *at, const struct score_belief *b)
{
    store_be32(at, (uint32_t)b->mean);
    store_be32(at + 4, b->variance);
    return at + 8;
}

size_t score_write(const struct score_state *state, uint8_t out[SCORE_STATE_MAX])
{
    const uint32_t counts[] = {state->leads, state->labels[0], state->labels[1], state->held};
    uint8_t *at = out;
    *at++ = VERSION;
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++, at += 4)
        store_be32(at, counts[i]);
    *at++ = state->fields;
    *at++ = state->pairs;
    at = belief_write(at, &state->bias);
    for (size_t k = 0; k < (size_t)state->fields + state->pairs; k++, at += 4)
        store_be32(at, (uint32_t)state->usual[k]);
    for (size_t i = 0; i < SCORE_SETS; i++)
        for (size_t j = 0; j < SCORE_SLOTS && state->set[i].tag[j] != 0; j++) {
            store_be64(at, state->set[i].tag[j]);
            at = belief_write(at + 8, &state->set[i].belief[j]);
        }
    assert(at <= out + SCORE_STATE_MAX);
    return (size_t)(at - out);
}

void score_hash(const struct score_state *state, uint8_t out[HASH_LEN])
{
    uint8_t bytes[SCORE_STATE_MAX];
    sha256(bytes, score_write(state, bytes), out);
}

/* Two's complement, within ±most. */
static bool number_read(const uint8_t *at, int32_t most, int32_t *out)
{
    uint32_t bits = load_be32(at);
    *out = bits <= INT32_MAX ? (int32_t)bits : -(int32_t)(UINT32_MAX - bits) - 1;
    return *out >= -most && *out <= most;
}

static bool belief_read(const uint8_t *at, uint32_t most, struct score_belief *b)
{
    b->variance = load_be32(at + 4);
    return number_read(at, SCORE_MEAN_MAX, &b->mean) && b->variance >= SCORE_VMIN && b->variance <= most;
}

/* Sets in their order, no tag twice. */
static bool slots_read(struct span bytes, struct score_state *out)
{
    const uint8_t *at = (const uint8_t *)bytes.ptr;
    size_t set = 0, used = 0;
    for (size_t i = 0; i < bytes.len; i += SLOT_BYTES) {
        uint64_t tag = load_be64(at + i);
        struct score_belief belief;
        size_t is = score_set_of(tag);
        used = is == set ? used : 0;
        if (tag == 0 || is < set || used == SCORE_SLOTS || !belief_read(at + i + 8, score_doubt(tag), &belief))
            return false;
        set = is;
        for (size_t j = 0; j < used; j++)
            if (out->set[set].tag[j] == tag)
                return false;
        score_put(&out->set[set], used++, tag, belief);
    }
    return true;
}

/* So many pairs come of some fields. */
static bool shape_is(unsigned fields, unsigned pairs)
{
    unsigned crossed = 1;
    while (crossed * (crossed - 1) / 2 < pairs)
        crossed++;
    return fields >= 1 && fields <= SCORE_FIELDS && pairs <= SCORE_PAIRS && crossed <= fields &&
           crossed * (crossed - 1) / 2 == pairs;
}

enum err score_read(struct span bytes, struct score_state *out)
{
    const uint8_t *at = (const uint8_t *)bytes.ptr;
    if (bytes.len < SCORE_STATE_HEAD || bytes.len > SCORE_STATE_MAX || !shape_is(at[17], at[18]))
        return ERR_CORRUPT;
    *out = (struct score_state){.fields = at[17], .pairs = at[18]};
    size_t parts = (size_t)out->fields + out->pairs, head = SCORE_STATE_HEAD + 8 + 4 * parts;
    if (bytes.len < head || (bytes.len - head) % SLOT_BYTES != 0)
        return ERR_CORRUPT;
    out->leads = load_be32(at + 1);
    out->labels[0] = load_be32(at + 5);
    out->labels[1] = load_be32(at + 9);
    out->held = load_be32(at + 13);
    if (at[0] != VERSION || out->held > SCORE_ONE || !belief_read(at + SCORE_STATE_HEAD, SCORE_V0, &out->bias))
        return ERR_CORRUPT;
    for (size_t k = 0; k < parts; k++)
        if (!number_read(at + SCORE_STATE_HEAD + 8 + 4 * k, 2 * SCORE_MEAN_MAX, &out->usual[k]))
            return ERR_CORRUPT;
    return slots_read(span_skip(bytes, head), out) ? ERR_OK : ERR_CORRUPT;
}
