/* Real leads, from a file as X Education published it: each row's click on the code of its source, then its lead, then
 * what became of it, as far as the server took the lead. docs/benchmarks.md, "The load tester". */
#ifndef CS_LOADTEST_REPLAY_H
#define CS_LOADTEST_REPLAY_H

#include "common/decisions/reason.h"
#include "loadtest/answer.h"
#include "loadtest/plan.h"

struct outcome {
    uint64_t n;
    int64_t micros; /* as the answers said */
};
struct replay_result {
    uint64_t rows, unfinished;                          /* that were not answered to the end */
    struct outcome lead[STATUS_COUNT][REASON_COUNT];    /* of the leads, as first decided */
    struct outcome decided[STATUS_COUNT][STATUS_COUNT]; /* dispositions: what was asked for, what the lead became */
};

struct replay;
/* Dies when a file cannot be read, a column is missing or a source has no code. */
struct replay *replay_new(const struct settings *s, struct span host, uint64_t salt, struct replay_result *result);
void replay_free(struct replay *r); /* NULL-safe */
/* Appends the next request; false when there is nothing to fire until something else is answered. */
bool replay_next(struct replay *r, int64_t now_s, struct shot *shot, struct buf *request);
/* What an answer leads to. A 429 or 503 comes again, as does what broke. */
void replay_answered(struct replay *r, const struct shot *shot, const struct answer *a, struct span click_id);
void replay_broken(struct replay *r, const struct shot *shot);
/* What has to come again may be fired from now on. */
void replay_retry(struct replay *r);
bool replay_done(const struct replay *r);

#endif
