/* What is wrong with an input and what cures it: the field by name, and one sentence. Filled only on failure. */
#ifndef CS_BASE_PROBLEM_H
#define CS_BASE_PROBLEM_H

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/base/span.h"

struct problem {
    char field[96];   /* "" when no single field is at fault; a path such as price.lead[0].micros */
    char detail[256]; /* names the fault and the cure; never carries personal data */
    bool foreign;     /* the field's name is the sender's word, none of ours: the answer repeats it, no log does */
};

#define PROBLEM_MEDIA_TYPE "application/problem+json"
enum { PROBLEM_JSON_MAX = 256 + 6 * sizeof(struct problem) }; /* bytes that problem_json adds at most */

/* Fills *p and returns err, so that a check reads `return problem(p, ERR_INVALID, "name", "must be ...")`. p may be
 * NULL.
 */
enum err problem(struct problem *p, enum err err, const char *field, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* The field that *p names is the sender's word. Returns err. */
enum err problem_foreign(struct problem *p, enum err err);
/* Adds p as problem+json (RFC 9457): the type's URN ends with `word`, or is about:blank where that is NULL. request_id
 * (at most 32 bytes) empty: the member is left out. */
void problem_json(struct buf *out, const struct problem *p, struct span request_id, const char *word, int status,
                  const char *title);

#endif
