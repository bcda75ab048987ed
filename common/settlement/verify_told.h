/* What an audit tells beside its checks: facts by topic, one a line, each with the same for programs. Whoever finds
 * one, while entries are walked or behind them, says
 *
 *   struct buf *text = tale_add(&a->tale, TOPIC_LOG);     one fact is open at a time
 *   buf_printf(text, "..."); jw_kstr(&a->tale.w, "kid", kid);        members in ascending order
 *   tale_end(&a->tale);
 *
 * and adds the members to FORMATS.md "What is told". Memory does not grow with the log: of a topic the first and
 * the last are kept, TOLD_MOST together, those in between counted. */
#ifndef CS_SETTLEMENT_VERIFY_TOLD_H
#define CS_SETTLEMENT_VERIFY_TOLD_H

#include "common/base/json_write.h"
#include "common/settlement/verify.h"

/* symbol, stable word, the checks that its facts rest on: their worst verdict is that of its lines (none: they have
 * none). In the order of the report. */
#define RESTS_ON(check) (1u << CHECK_##check)
#define TOPIC_TABLE(X)                                                                                                 \
    X(LOG, "log", RESTS_ON(CHECKPOINT) | RESTS_ON(TREE) | RESTS_ON(ENTRIES))                                           \
    X(TERMS, "terms", RESTS_ON(TREE) | RESTS_ON(ENTRIES))                                                              \
    X(ASSENT, "assent", RESTS_ON(TREE) | RESTS_ON(ENTRIES))                                                            \
    X(WITHDRAWAL, "withdrawal", RESTS_ON(TREE) | RESTS_ON(ENTRIES))                                                    \
    X(CREDENTIAL, "credential", RESTS_ON(TREE) | RESTS_ON(ENTRIES))                                                    \
    X(LEGAL, "legal", RESTS_ON(TREE) | RESTS_ON(ENTRIES))                                                              \
    X(GAP, "gap", RESTS_ON(TREE) | RESTS_ON(ENTRIES))                                                                  \
    X(DECIDED, "decided", RESTS_ON(TREE) | RESTS_ON(ENTRIES) | RESTS_ON(DECISIONS))                                    \
    X(CLOCK, "clock", RESTS_ON(TREE) | RESTS_ON(ENTRIES) | RESTS_ON(DECISIONS))                                        \
    X(ADJUSTMENT, "adjustment", RESTS_ON(TREE) | RESTS_ON(ENTRIES))                                                    \
    X(ERASED, "erased", RESTS_ON(TREE) | RESTS_ON(ENTRIES) | RESTS_ON(OPENINGS))                                       \
    X(SETTLE, "settle", RESTS_ON(TREE) | RESTS_ON(ENTRIES) | RESTS_ON(STATEMENTS))                                     \
    X(STATEMENT, "statement",                                                                                          \
      RESTS_ON(TREE) | RESTS_ON(ENTRIES) | RESTS_ON(STATEMENTS) | RESTS_ON(LINES) | RESTS_ON(HEADS) |                  \
          RESTS_ON(RESPONSES))                                                                                         \
    X(ROWS, "rows", RESTS_ON(TREE) | RESTS_ON(ENTRIES) | RESTS_ON(RECONCILE))                                          \
    X(NOT_SHOWN, "not_shown", 0)

enum topic {
#define X(symbol, word, checks) TOPIC_##symbol,
    TOPIC_TABLE(X)
#undef X
        TOPICS
};

enum { TOLD_FIRST = 32, TOLD_LAST = 32, TOLD_MOST = TOLD_FIRST + TOLD_LAST };
enum { TOLD_WORDS = 1500 /* bytes of a sentence after which lists in it are only counted */ };

/* Where fact n of a topic is kept: over one that is neither among the first nor among the last. */
static inline size_t told_slot(uint64_t n)
{
    return n < TOLD_FIRST ? n : TOLD_FIRST + n % TOLD_LAST;
}

static inline bool told_of(uint64_t n, uint64_t all)
{
    return n < TOLD_FIRST || n + TOLD_LAST >= all;
}

struct tale {
    struct {
        struct buf sentence, data;
    } kept[TOPICS][TOLD_MOST]; /* at told_slot */
    uint64_t n[TOPICS];
    struct jw w;
    bool open;
};

struct buf *tale_add(struct tale *t, enum topic topic);
void tale_end(struct tale *t);
void key_time(struct jw *w, const char *key, int64_t ms); /* a member that is a time */
/* Reports all; `verdicts` are the checks'. */
void tale_report(const struct tale *t, const enum verdict verdicts[], verify_report *report, void *ctx);
void tale_free(struct tale *t);

#endif
