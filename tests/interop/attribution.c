/* Shares, prices and credit over paths, for test_attribution.py. On stdin, a line for each question:
 *   shares MODEL HALF_LIFE_DAYS LEAD_MS AT_MS...   -> the shares
 *   micros PRICE FROM TO                           -> what the part earns
 *   paths UNIT CHANNELS N, then N lines CONVERTED LOST CHANNEL...
 *       -> seven lines, a number a channel: last, first, linear, position, Shapley, effect, removal
 * Out of a line come as many numbers as it has. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/limits.h"
#include "common/base/mem.h"
#include "common/reports/paths.h"

static size_t numbers(char *text, int64_t *out, size_t most)
{
    size_t n = 0;
    for (char *word; (word = strsep(&text, " \n")) != NULL;)
        if (*word != '\0') {
            assert(n < most);
            out[n++] = (int64_t)strtoll(word, NULL, 10);
        }
    return n;
}

static void shares(char *rest)
{
    const char *word = strsep(&rest, " ");
    int64_t given[2 + LIMIT_TOUCHES];
    uint32_t share[LIMIT_TOUCHES];
    enum attribution model = 0;
    size_t n = numbers(rest, given, 2 + LIMIT_TOUCHES) - 2;
    while (strcmp(attribution_words[model], word) != 0)
        assert(attribution_words[++model] != NULL);
    attribution_shares(model, given[0], given[1], given + 2, n, share);
    for (size_t i = 0; i < n; i++)
        printf("%" PRIu32 " ", share[i]);
    puts("");
}

static void micros(char *rest)
{
    int64_t given[3];
    assert(numbers(rest, given, 3) == 3);
    printf("%" PRId64 "\n", share_micros(given[0], (uint32_t)given[1], (uint32_t)given[2]));
}

static void say(const uint64_t *of, uint32_t channels)
{
    for (uint32_t c = 0; c < channels; c++)
        printf("%" PRIu64 " ", of[c]);
    puts("");
}

static void say_all(const struct paths *all, uint64_t unit)
{
    static const enum attribution models[] = {ATTRIBUTION_LAST, ATTRIBUTION_FIRST, ATTRIBUTION_LINEAR,
                                              ATTRIBUTION_POSITION};
    uint64_t credit[PATH_CHANNELS], effect[PATH_CHANNELS];
    for (size_t m = 0; m < sizeof models / sizeof *models; m++) {
        paths_credit(all, models[m], unit, credit);
        say(credit, all->channels);
    }
    paths_shapley(all, unit, credit);
    say(credit, all->channels);
    paths_removal(all, unit, effect, credit);
    say(effect, all->channels);
    say(credit, all->channels);
}

static void paths(char *rest)
{
    char line[16384];
    int64_t given[2 + PATH_LONGEST], head[3];
    assert(numbers(rest, head, 3) == 3);
    size_t n = (size_t)head[2];
    struct path *path = xcalloc(n + 1, sizeof *path);
    for (size_t i = 0; i < n; i++) {
        assert(fgets(line, sizeof line, stdin) != NULL);
        size_t touches = numbers(line, given, 2 + PATH_LONGEST) - 2;
        uint32_t *channel = xcalloc(touches, sizeof *channel);
        for (size_t t = 0; t < touches; t++)
            channel[t] = (uint32_t)given[2 + t];
        path[i] = (struct path){channel, touches, (uint64_t)given[0], (uint64_t)given[1]};
    }
    say_all(&(struct paths){path, n, (uint32_t)head[1]}, (uint64_t)head[0]);
    for (size_t i = 0; i < n; i++)
        free((void *)path[i].channel);
    free(path);
}

int main(void)
{
    static const struct {
        const char *word;
        void (*answer)(char *rest);
    } questions[] = {{"shares ", shares}, {"micros ", micros}, {"paths ", paths}};
    char line[16384];
    while (fgets(line, sizeof line, stdin) != NULL) {
        size_t q = 0;
        while (strncmp(line, questions[q].word, strlen(questions[q].word)) != 0)
            assert(++q < sizeof questions / sizeof *questions);
        questions[q].answer(line + strlen(questions[q].word));
    }
    return 0;
}
