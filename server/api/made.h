/* What an API token made, and what that made in turn: a token that leaked is stopped with all that its thief made by
 * it. */
#ifndef CS_SERVER_API_MADE_H
#define CS_SERVER_API_MADE_H

#include "common/base/json_write.h"
#include "server/commit/batch.h"

/* Ends the tokens, secrets and postback keys that were made by it, from that time on, and are good still, and has their
 * parties' logs told; *w: an array of them. Within a run, as its last write: ERR_FULL, ERR_IO. */
MUST_CHECK enum err made_end(struct batch *cx, const struct api_token *t, int64_t since_ms, uint32_t by, struct jw *w);

#endif
