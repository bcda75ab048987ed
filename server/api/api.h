/* What the handlers of the management API share: bodies, access, control jobs, JSON answers.
 *
 * A write has two halves. The handler (worker) parses, checks and makes a control job; its run (committer) checks again
 * whatever another request may have changed meanwhile, writes, and answers. rq->catalog is the worker's snapshot,
 * cx->catalog the committer's: what is handed from one half to the other is numbers, never pointers into a catalog. */
#ifndef CS_SERVER_API_API_H
#define CS_SERVER_API_API_H

#include "common/base/json_read.h"
#include "server/commit/commit.h"
#include "server/commit/job.h"
#include "server/http/request.h"

/* ---- input ---- */

/* The body as a JSON object with only these members (NULL-ended; NULL: any). An empty body reads as {}. */
MUST_CHECK enum err api_body(struct request *rq, const char *const *names, json_t **out);
/* A required text of 1 to max bytes without control characters, copied into the arena. */
MUST_CHECK enum err api_text(struct request *rq, const json_t *body, const char *name, size_t max, struct span *out);

/* ---- access: what the caller may not see is ERR_NOT_FOUND ---- */

MUST_CHECK enum err api_contract(struct request *rq, struct span id, const struct contract **out); /* one it may read */
MUST_CHECK enum err api_party(struct request *rq, struct span id,
                              const struct party **out); /* itself; the operator: anyone */
bool caller_is(const struct request *rq, enum role role);

/* ---- writes ---- */

/* Runs in the committer with the handler's arg (arena memory). Checks first, writes last; answers through
 * struct answer. */
typedef enum err control_run(struct commit *cx, struct job *job, void *arg);

/* Submits run under the request's Idempotency-Key. ERR_PENDING. control_finish (routes.h) makes the reply. */
MUST_CHECK enum err control_submit(struct request *rq, control_run *run, void *arg);
/* The same for what needs a fresh head (statements, proofs): job.h, after_sweep. */
MUST_CHECK enum err control_submit_after_sweep(struct request *rq, control_run *run, void *arg);

/* ---- output ---- */

/* An answer under way: write one value to w between open and job (committer) or reply (worker). */
struct answer {
    struct buf text;
    struct jw w;
};
void answer_open(struct answer *a);
void answer_job(struct answer *a, struct job *job, int status);
void answer_reply(struct answer *a, struct request *rq, struct reply *reply);
void answer_abandon(struct answer *a);

/* A 200 of JSON text, never cached. */
void api_reply(struct request *rq, struct reply *reply, struct span json);
/* name: RFC 3339 text of ms. */
void jw_ktime(struct jw *w, const char *name, int64_t ms);
json_t *json_time(int64_t ms);
/* The value `canonical`, an object, with the members of `more` (taken over) added to it. ERR_CORRUPT when it is
 * none. */
MUST_CHECK enum err jw_document(struct jw *w, struct span canonical, json_t *more);

#endif
