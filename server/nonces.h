/* Replay protection of postbacks: which nonce came with which bytes, and which entry answered it. Committer thread.
 * Rows outlive the time in which a signature is accepted, so that a second use always meets the first. */
#ifndef CS_SERVER_NONCES_H
#define CS_SERVER_NONCES_H

#include "server/job.h"
#include "server/store.h"

struct nonce_row {
    uint8_t request_sha256[HASH_LEN];
    uint32_t contract;
    uint64_t index; /* of the entry that answers */
    int64_t ts_s;
};

MUST_CHECK enum err nonce_find(struct txn *t, const struct nonce_use *use, struct nonce_row *out); /* ERR_NOT_FOUND */
MUST_CHECK enum err nonce_record(struct txn *t, const struct nonce_use *use, uint32_t contract, uint64_t index);
/* Forgets those older than twice the postback window, at most max of them; *n says how many. */
MUST_CHECK enum err nonces_prune(struct txn *t, int64_t now_s, size_t max, size_t *n);

#endif
