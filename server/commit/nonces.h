/* Replay protection of postbacks: which nonce came with which bytes, and which entry answered it. Committer thread.
 * Rows outlive the time in which the same request may come again, so that a second use always meets the first. */
#ifndef CS_SERVER_COMMIT_NONCES_H
#define CS_SERVER_COMMIT_NONCES_H

#include "server/commit/job.h"
#include "server/store/store.h"

/* How long a row is kept, from its timestamp or its arrival, whichever is later. A signed query is sent again as it
 * is, within the window alone. A webhook is retried for days, signed anew with a fresh timestamp. */
enum { NONCE_QUERY_KEEP_S = 2 * POSTBACK_WINDOW_S, NONCE_WEBHOOK_KEEP_S = 7 * 24 * 3600 };

struct nonce_row {
    uint8_t request_sha256[HASH_LEN];
    uint32_t contract;
    uint64_t index; /* of the entry that answers */
    int64_t forget_s;
};

MUST_CHECK enum err nonce_row_read(struct span row, struct nonce_row *out);
/* forget_s and now_s: on the clock that never goes back (clock_mark.ahead_ms), so that no clock that jumped ahead makes
 * a nonce forgotten. ERR_NOT_FOUND also for one whose time is before now_s: store_tidy takes it away. */
MUST_CHECK enum err nonce_find(struct txn *t, const struct nonce_use *use, int64_t now_s, struct nonce_row *out);
MUST_CHECK enum err nonce_record(struct txn *t, const struct nonce_use *use, int64_t forget_s, uint32_t contract,
                                 uint64_t index);

#endif
