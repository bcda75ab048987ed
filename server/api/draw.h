/* Secrets that are shown once: drawn by the worker, sealed in the record, opened for the answer. */
#ifndef CS_SERVER_API_DRAW_H
#define CS_SERVER_API_DRAW_H

#include "common/base/json_write.h"
#include "common/commit/record.h"
#include "server/worker/server.h"

/* Worker: a fresh kid and postback secret; a fresh API token. */
void draw_secret(struct request *rq, struct secret_draw *out);
void draw_token(struct request *rq, struct token_draw *out);
void draw_postback_key(struct request *rq, struct token_draw *out); /* what key= brings: no API token */
void draw_invitation(struct request *rq, struct token_draw *out);
/* Committer: the member postback_secret, and one of that name. ERR_CORRUPT when it does not open under these keys. */
MUST_CHECK enum err jw_drawn_secret(struct jw *w, const struct keys *keys, const struct secret_draw *s);
MUST_CHECK enum err jw_drawn_token(struct jw *w, const char *name, const struct keys *keys, const struct token_draw *t);
#define INVITE_PATH "/invite/" /* and the invitation's text */
MUST_CHECK enum err jw_drawn_invitation(struct jw *w, const struct instance *in, const struct token_draw *t);

#endif
