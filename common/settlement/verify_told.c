#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/settlement/findings.h"
#include "common/settlement/verify_parts.h"

static const struct {
    const char *word;
    unsigned rests_on;
} topics[TOPICS] = {
#define X(symbol, word, checks) {word, checks},
    TOPIC_TABLE(X)
#undef X
};

struct buf *tale_add(struct tale *t, enum topic topic)
{
    size_t i = t->n[topic]++ % TOLD_MOST;
    struct buf *sentence = &t->kept[topic][i].sentence, *data = &t->kept[topic][i].data;
    assert(!t->open);
    t->open = true;
    if (!sentence->heap) {
        buf_heap(sentence);
        buf_heap(data);
    }
    buf_clear(sentence);
    buf_clear(data);
    jw_open(&t->w, data);
    jw_object(&t->w);
    return sentence;
}

void tale_end(struct tale *t)
{
    assert(t->open);
    jw_object_end(&t->w);
    jw_close(&t->w);
    t->open = false;
}

static void report_topic(const struct tale *t, enum topic topic, struct report_line *line, verify_report *report,
                         void *ctx)
{
    uint64_t first = t->n[topic] > TOLD_MOST ? t->n[topic] - TOLD_MOST : 0;
    if (first > 0) {
        char words[64], data[64];
        snprintf(words, sizeof words, "the first %" PRIu64 " are not told one by one", first);
        snprintf(data, sizeof data, "{\"untold\":%" PRIu64 "}", first);
        line->sentence = span_str(words);
        line->data = span_str(data);
        report(ctx, line);
    }
    for (uint64_t i = first; i < t->n[topic]; i++) {
        line->sentence = buf_span(&t->kept[topic][i % TOLD_MOST].sentence);
        line->data = buf_span(&t->kept[topic][i % TOLD_MOST].data);
        report(ctx, line);
    }
}

void tale_report(const struct tale *t, const enum verdict verdicts[], verify_report *report, void *ctx)
{
    assert(!t->open);
    for (int i = 0; i < TOPICS; i++) {
        struct report_line line = {.topic = topics[i].word, .judged = topics[i].rests_on != 0, .verdict = HOLDS};
        for (int c = 0; c < CHECKS; c++)
            if (topics[i].rests_on & 1u << c)
                line.verdict = verdict_worse(line.verdict, verdicts[c]);
        report_topic(t, (enum topic)i, &line, report, ctx);
    }
}

void tale_free(struct tale *t)
{
    for (int i = 0; i < TOPICS; i++)
        for (size_t n = 0; n < TOLD_MOST; n++) {
            buf_free(&t->kept[i][n].sentence);
            buf_free(&t->kept[i][n].data);
        }
}
