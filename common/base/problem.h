/* What is wrong with an input and what cures it: the field by name, and one sentence. Filled only on failure. */
#ifndef CS_BASE_PROBLEM_H
#define CS_BASE_PROBLEM_H

#include "common/base/err.h"
#include "common/base/span.h"

struct problem {
    char field[96];   /* "" when no single field is at fault; a path such as price.lead[0].micros */
    char detail[256]; /* names the fault and the cure; never carries personal data */
};

/* Fills *p and returns e, so that a check reads `return problem(p, ERR_INVALID, "name", "must be ...")`. p may be NULL.
 */
enum err problem(struct problem *p, enum err err, const char *field, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
