#include "common/settlement/findings.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

/* The first one is told: what follows is most often its consequence. */
void finds_failure(struct finding *f, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    if (f->failures++ == 0)
        vsnprintf(f->sentence, sizeof f->sentence, fmt, args);
    va_end(args);
}

void finds_doubt(struct finding *f, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    if (f->doubts++ == 0 && f->failures == 0)
        vsnprintf(f->sentence, sizeof f->sentence, fmt, args);
    va_end(args);
}

void finding_weaken(struct finding *f)
{
    f->doubts += f->failures;
    f->failures = 0;
}

enum verdict finding_verdict(const struct finding *f)
{
    return f->failures ? FAILS : f->doubts ? CANNOT_TELL : HOLDS;
}

enum verdict verdict_worse(enum verdict a, enum verdict b)
{
    return a == FAILS || b == FAILS ? FAILS : a == CANNOT_TELL || b == CANNOT_TELL ? CANNOT_TELL : HOLDS;
}

enum verdict finding_report(const struct finding *f, const char *check, const char *good, verify_report *report,
                            void *ctx)
{
    enum verdict v = finding_verdict(f);
    uint64_t n = v == FAILS ? f->failures : f->doubts;
    char text[sizeof f->sentence + 40];
    if (n > 1)
        snprintf(text, sizeof text, "%s (and %" PRIu64 " more)", f->sentence, n - 1);
    report(ctx, &(struct report_line){.topic = check,
                                      .check = true,
                                      .judged = true,
                                      .verdict = v,
                                      .sentence = span_str(v == HOLDS ? good
                                                           : n > 1    ? text
                                                                      : f->sentence)});
    return v;
}
