/* common/score: what reads as a state is written just so, and goes on as a fold does: every number stays within its
 * bounds, whatever leads come and whatever they teach. The shape is three fields, all crossed. Seeds: seeds.py. */
#include "common/score/score.h"
#include "tests/fuzz/fuzz.h"

enum { FIELDS = 3, MEAN_MAX = 1 << 27, ONE = 65536 };

static const struct score_shape *shape(void)
{
    static struct score_shape s;
    if (s.fields == 0) {
        score_shape_open(&s);
        score_shape_field(&s, SPAN("f_age"), false);
        score_shape_field(&s, SPAN("sub1"), true);
        score_shape_field(&s, SPAN("contract"), true);
        for (size_t f = 0; f < FIELDS; f++)
            score_shape_cross(&s, f);
    }
    return &s;
}

static void reads_as_written(struct span bytes, struct score_state *state)
{
    static uint8_t again[SCORE_STATE_MAX];
    bool reads = score_read(bytes, state) == ERR_OK;
    if (reads) {
        fuzz_accepted++;
        HOLDS(span_eq(span_of(again, score_write(state, again)), bytes));
    }
    if (!reads || state->fields != shape()->fields || state->pairs != shape()->pairs)
        score_begin(shape(), state);
}

static void stays_within_bounds(const struct score_state *state)
{
    static uint8_t bytes[SCORE_STATE_MAX];
    static struct score_state again;
    HOLDS(score_read(span_of(bytes, score_write(state, bytes)), &again) == ERR_OK);
    HOLDS(memcmp(&again, state, sizeof again) == 0);
}

/* Leads of pieces of the input. */
static void goes_on(struct span input, struct score_state *state)
{
    struct score_tokens t;
    struct score_said said;
    for (int n = 0; n < 8; n++) {
        struct span value[FIELDS] = {SPAN(""), SPAN(""), SPAN("id")};
        for (size_t f = 0; f < 2; f++)
            value[f] = fuzz_take(&input, '\n');
        score_tokens(shape(), value, &t);
        score_say(shape(), state, &t, &said);
        HOLDS(said.score <= 1000 && said.high <= 1000 && said.score <= said.high && said.n_why <= SCORE_WHY);
        score_note(shape(), state, &said, score_low(state, &said, (struct score_hold){500, 1000}));
        score_learn(shape(), state, &t, &said, n % 2, SCORE_UNTAUGHT);
        score_learn(shape(), state, &t, NULL, 1 - n % 2, n % 2);
        stays_within_bounds(state);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct score_state state;
    reads_as_written(span_of(data, size), &state);
    goes_on(span_of(data, size), &state);
    return 0;
}
