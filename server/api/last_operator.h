/* The last way in: who ends the last API token by which an operator may make others is locked out, and everybody with
 * him, until the server is stopped. */
#ifndef CS_SERVER_API_LAST_OPERATOR_H
#define CS_SERVER_API_LAST_OPERATOR_H

#include "server/api/made.h"
#include "server/commit/batch.h"

/* What is about to open nothing more; each may be NULL. */
struct going {
    const struct party *locked;
    const struct api_token *token;
    const struct made_tokens *with_it;
};

/* Whether a token of scope operators is left that opens something. Within a run: ERR_CORRUPT as api_token_opens. */
MUST_CHECK enum err operator_left(const struct batch *cx, const struct going *g, bool *left);
/* ERR_CONFLICT, with the cure, where none is left of one that opens something now. made: a token that comes in the
 * place of what goes; may be NULL. */
MUST_CHECK enum err operator_stays(const struct batch *cx, const struct going *g, const struct api_token *made,
                                   struct problem *why);

#endif
