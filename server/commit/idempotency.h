/* Idempotency-Key on POST: the first answer is kept, sealed (it may show a secret once), for 24 hours. The same request
 * by the same API token gets it again; another request under the same key is a conflict. Failed requests keep nothing:
 * they wrote nothing. Committer thread. */
#ifndef CS_SERVER_COMMIT_IDEMPOTENCY_H
#define CS_SERVER_COMMIT_IDEMPOTENCY_H

#include "server/commit/batch.h"

/* ERR_OK: job->answer is the first answer, job->replayed is set. ERR_NOT_FOUND: run the job. ERR_CONFLICT: another
 * request. */
MUST_CHECK enum err idempotency_replay(struct batch *cx, struct job *job);
/* After the job ran: keeps job->answer, and drops a few rows that are past their time. */
MUST_CHECK enum err idempotency_keep(struct batch *cx, const struct job *job);

#endif
