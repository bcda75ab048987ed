/* Idempotency-Key on POST: the first answer is kept, sealed (it may show a secret once), for 24 hours. The same request
 * again gets it again; another request under the same key is a conflict. Failed requests keep nothing: they wrote
 * nothing. */
#ifndef CS_SERVER_API_IDEMPOTENCY_H
#define CS_SERVER_API_IDEMPOTENCY_H

#include "server/commit/job.h"

struct idempotency {
    bool used;                        /* the request carried a key */
    uint8_t row[16];                  /* SHA-256(party 00 key)[:16] */
    uint8_t request_sha256[HASH_LEN]; /* of method, target and body */
};

/* Worker. ERR_MALFORMED for a key that is not 1 to 255 printable ASCII characters. */
MUST_CHECK enum err idempotency_read(struct request *rq, struct idempotency *out);
/* Committer. ERR_OK: job->answer is the first answer, job->replayed is set. ERR_NOT_FOUND: run the request.
 * ERR_CONFLICT: another request. */
MUST_CHECK enum err idempotency_replay(struct txn *t, const struct keys *k, const struct idempotency *i,
                                       struct job *job);
/* Committer, after the request ran: keeps job->answer, and drops a few rows that are past their time. */
MUST_CHECK enum err idempotency_keep(struct txn *t, const struct keys *k, const struct idempotency *i,
                                     const struct job *job);

#endif
