/* The lead score, for test_score.py. On stdin a line for each question, with tabs between its parts:
 *   begin NAME OWN NAME OWN ...   a shape of these fields, OWN 0 or 1; the state empty, what is held nothing
 *   cross FIELD ...               which are crossed, by number; begins the state again
 *   hold BELOW MAX_PERMILLE
 *   contract N            of which state, 0 to 31, it is asked from now on
 *   seed N                it takes in what state N knows, but for what is own
 *   predict VALUE ...             -> p score high held why
 *   learn LEAD LABEL BEFORE       the lead of that number, of those that were predicted; BEFORE -1: none
 *   tokens VALUE ...              -> fine tags, coarse tags, tags of pairs, in hexadecimal
 *   state                         -> bytes and SHA-256 of the state, which was written and read again
 *   time ROUNDS                   -> ns a lead for tokens, predict and learn of the leads so far, and ns a hash of the
 * state that these leave */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/mem.h"
#include "common/score/score.h"

struct known {
    struct score_tokens tokens;
    char *line;
    struct span value[SCORE_FIELDS];
    int label;
    struct score_said said; /* by that state, when so much was taught */
    const struct score_state *by;
    size_t taught;
};

enum { STATES = 32 };
static struct score_shape shape;
static struct score_state states[STATES], *now = states;
static struct score_hold hold;
static struct known *lead;
static size_t leads, room, taught;

static size_t parts(char *text, struct span *out, size_t most)
{
    size_t n = 0;
    for (char *part; (part = strsep(&text, "\t")) != NULL;) {
        assert(n < most);
        out[n++] = span_str(part);
    }
    return n;
}

static int number(struct span text)
{
    return (int)strtol(text.ptr, NULL, 10);
}

static void begin_states(void)
{
    now = states;
    for (size_t i = 0; i < STATES; i++)
        score_begin(&shape, &states[i]);
}

static void begin(char *rest)
{
    struct span part[2 * SCORE_FIELDS];
    size_t n = parts(rest, part, 2 * SCORE_FIELDS);
    for (size_t i = 0; i < leads; i++)
        free(lead[i].line);
    leads = 0;
    hold = (struct score_hold){0, 1000};
    score_shape_open(&shape);
    for (size_t i = 0; i + 1 < n; i += 2)
        score_shape_field(&shape, part[i], number(part[i + 1]));
    begin_states();
}

static void cross(char *rest)
{
    struct span part[SCORE_CROSS];
    size_t n = parts(rest, part, SCORE_CROSS);
    for (size_t i = 0; i < n; i++)
        score_shape_cross(&shape, (size_t)number(part[i]));
    begin_states();
}

static void set_contract(char *rest)
{
    size_t n = (size_t)number(span_str(rest));
    assert(n < STATES);
    now = &states[n];
}

static void take_seed(char *rest)
{
    static struct score_state seed;
    size_t n = (size_t)number(span_str(rest));
    assert(n < STATES);
    score_shared(&states[n], &seed);
    bool taken = score_take_seed(now, &seed);
    assert(taken);
    taught++;
}

static void set_hold(char *rest)
{
    struct span part[2];
    assert(parts(rest, part, 2) == 2);
    hold = (struct score_hold){(uint32_t)number(part[0]), (uint32_t)number(part[1])};
}

static void read_values(char *rest, struct span value[SCORE_FIELDS])
{
    assert(parts(rest, value, SCORE_FIELDS) == shape.fields);
}

static void predict(char *rest)
{
    if (leads == room)
        lead = xrealloc(lead, (room = 2 * room + 64) * sizeof *lead);
    struct known *l = &lead[leads++];
    l->line = xstrdup(rest);
    read_values(l->line, l->value);
    score_tokens(&shape, l->value, &l->tokens);
    score_say(&shape, now, &l->tokens, &l->said);
    const struct score_said *said = &l->said;
    l->by = now;
    l->taught = taught;
    bool low = score_low(now, said, hold);
    score_note(&shape, now, said, low);
    printf("%u\t%u\t%u\t%d\t", said->p, said->score, said->high, low);
    for (size_t i = 0; i < said->n_why; i++)
        printf("%s%c%u", i > 0 ? "," : "", said->why[i].up ? '+' : '-', said->why[i].part);
    puts(said->n_why == 0 ? "-" : "");
}

static void learn(char *rest)
{
    struct span part[3];
    assert(parts(rest, part, 3) == 3);
    struct known *l = &lead[(size_t)number(part[0])];
    assert(l < lead + leads);
    l->label = number(part[1]);
    score_learn(&shape, now, &l->tokens, l->by == now && l->taught == taught ? &l->said : NULL, l->label,
                number(part[2]));
    taught++;
}

static void tokens(char *rest)
{
    struct span value[SCORE_FIELDS];
    struct score_tokens t;
    read_values(rest, value);
    score_tokens(&shape, value, &t);
    for (size_t f = 0; f < shape.fields; f++)
        printf("%016" PRIx64 "\t", t.fine[f]);
    for (size_t f = 0; f < shape.fields; f++)
        printf("%016" PRIx64 "\t", t.coarse[f]);
    for (size_t i = 0; i < shape.pairs; i++)
        printf("%016" PRIx64 "\t", t.pair[i]);
    puts("");
}

static void say_state(char *rest)
{
    static uint8_t bytes[SCORE_STATE_MAX], hash[HASH_LEN];
    (void)rest;
    size_t len = score_write(now, bytes);
    enum err err = score_read(span_of(bytes, len), now);
    assert(err == ERR_OK);
    score_hash(now, hash);
    printf("%zu\t", len);
    for (size_t i = 0; i < HASH_LEN; i++)
        printf("%02x", hash[i]);
    puts("");
}

static int64_t since(const struct timespec *from)
{
    struct timespec to;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &to);
    return (int64_t)(to.tv_sec - from->tv_sec) * 1000000000 + to.tv_nsec - from->tv_nsec;
}

static void say_time(char *rest)
{
    enum { HASHES = 2000 };
    struct timespec from;
    struct score_tokens t;
    uint8_t hash[HASH_LEN];
    struct score_said said;
    int rounds = number(span_str(rest));
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
    for (int r = 0; r < rounds; r++)
        for (size_t i = 0; i < leads; i++) {
            score_tokens(&shape, lead[i].value, &t);
            score_say(&shape, now, &t, &said);
            score_note(&shape, now, &said, false);
            score_learn(&shape, now, &t, &said, lead[i].label, SCORE_UNTAUGHT);
        }
    int64_t folded = since(&from);
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &from);
    for (int i = 0; i < HASHES; i++)
        score_hash(now, hash);
    printf("%" PRId64 "\t%" PRId64 "\n", folded / rounds / (int64_t)leads, since(&from) / HASHES);
}

int main(void)
{
    static const struct {
        const char *word;
        void (*answer)(char *rest);
    } questions[] = {{"begin", begin},     {"cross", cross},     {"hold", set_hold}, {"contract", set_contract},
                     {"seed", take_seed},  {"predict", predict}, {"learn", learn},   {"tokens", tokens},
                     {"state", say_state}, {"time", say_time}};
    char *line = NULL;
    size_t size = 0;
    for (ssize_t len; (len = getline(&line, &size, stdin)) > 0;) {
        char *rest = line;
        size_t q = 0;
        line[len - 1] = '\0';
        const char *word = strsep(&rest, "\t");
        while (strcmp(word, questions[q].word) != 0)
            assert(++q < sizeof questions / sizeof *questions);
        questions[q].answer(rest);
    }
    free(line);
    for (size_t i = 0; i < leads; i++)
        free(lead[i].line);
    free(lead);
    return 0;
}
