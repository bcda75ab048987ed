/* What statements say of themselves, of those that were read lately: of one with very many adjustments reading its
 * payload costs more than the rest of a page that lists it. Known by the SHA-256 of the stored JWS, so that another
 * byte anywhere is read anew; a fixed number of them, the newest of a place stays. One thread's own. */
#ifndef CS_SERVER_WORKER_SUMMARIES_H
#define CS_SERVER_WORKER_SUMMARIES_H

#include "common/base/limits.h"
#include "common/base/span.h"
#include "common/ledger/merkle.h"

struct summary {
    char id[LIMIT_ID + 1], contract[LIMIT_ID + 1];
    uint64_t number, from, to;
    int64_t from_ms, to_ms, issued_ms;
    struct hash sha256; /* of the payload */
    struct span text;   /* as lists show it */
};

struct summaries;
struct summaries *summaries_new(void);
void summaries_free(struct summaries *s); /* NULL-safe */
/* NULL: it was not read, or is forgotten. Until the next is kept. */
const struct summary *summaries_known(const struct summaries *s, const struct hash *jws);
/* Copies it. */
void summaries_keep(struct summaries *s, const struct hash *jws, const struct summary *one);

#endif
