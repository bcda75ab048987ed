/* Which API tokens were used, and when: on the way to table `uses`, to the minute. It decides nothing. */
#ifndef CS_SERVER_COMMIT_USES_H
#define CS_SERVER_COMMIT_USES_H

#include "server/commit/batch.h"

enum {
    USES_KEPT = 4096,      /* tokens that are remembered as told */
    USE_EVERY_MS = 60000,  /* of a token, what is used again within so long is not told again */
    TOKEN_USE_ROW_LEN = 8, /* be64 ms */
};

struct uses;
struct uses *uses_new(void);
void uses_free(struct uses *u); /* NULL-safe */
/* The token of this hash opened a call at that time. Where too many wait, it is forgotten. Any thread. */
void uses_note(struct uses *u, const uint8_t sha256[HASH_LEN], int64_t at_ms);
bool uses_any(struct uses *u);
/* Moves at most RECORD_USES of them into *uses, as a record has them. Committer thread. */
void uses_take(struct uses *u, struct buf *uses);

/* When the token of this hash was used last, to the minute; ERR_NOT_FOUND: it was not. */
MUST_CHECK enum err token_used(struct txn *t, const uint8_t sha256[HASH_LEN], int64_t *ms);
MUST_CHECK enum err token_use_read(struct span row, int64_t *ms);
job_run chore_used;

#endif
