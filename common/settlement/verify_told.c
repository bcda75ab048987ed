#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/base/when.h"
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
    size_t i = told_slot(t->n[topic]++);
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
    uint64_t n = t->n[topic], untold = n > TOLD_MOST ? n - TOLD_MOST : 0;
    for (uint64_t i = 0; i < n; i++) {
        char words[96], data[64];
        if (i == TOLD_FIRST && untold > 0) {
            snprintf(words, sizeof words, "%" PRIu64 " more in between, looked at like these, not told one by one",
                     untold);
            snprintf(data, sizeof data, "{\"untold\":%" PRIu64 "}", untold);
            line->sentence = span_str(words);
            line->data = span_str(data);
            report(ctx, line);
            i += untold;
        }
        line->sentence = buf_span(&t->kept[topic][told_slot(i)].sentence);
        line->data = buf_span(&t->kept[topic][told_slot(i)].data);
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

void key_time(struct jw *w, const char *key, int64_t ms)
{
    char mem[32];
    struct buf text;
    buf_fixed(&text, mem, sizeof mem);
    time_rfc3339(&text, ms);
    jw_kstr(w, key, buf_span(&text));
}

void tale_free(struct tale *t)
{
    for (int i = 0; i < TOPICS; i++)
        for (size_t n = 0; n < TOLD_MOST; n++) {
            buf_free(&t->kept[i][n].sentence);
            buf_free(&t->kept[i][n].data);
        }
}
