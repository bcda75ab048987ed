/* What one check found: the first failure in words, else the first doubt, and how many of each there were. */
#ifndef CS_SETTLEMENT_FINDINGS_H
#define CS_SETTLEMENT_FINDINGS_H

#include <stdint.h>

#include "common/settlement/verify.h"

struct finding {
    uint64_t failures, doubts;
    char sentence[1024];
};
void finds_failure(struct finding *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void finds_doubt(struct finding *f, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* What was found may follow from what could not be read: its failures become doubts. */
void finding_weaken(struct finding *f);
enum verdict finding_verdict(const struct finding *f);
enum verdict verdict_worse(enum verdict a, enum verdict b); /* FAILS over CANNOT_TELL over HOLDS */
/* Reports it: its own sentence, or `good` when all holds. */
enum verdict finding_report(const struct finding *f, const char *check, const char *good, verify_report *report,
                            void *ctx);

#endif
