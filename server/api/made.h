/* What an API token made, and what that made in turn: a token that leaked is stopped with all that its thief made by
 * it. */
#ifndef CS_SERVER_API_MADE_H
#define CS_SERVER_API_MADE_H

#include "common/base/json_write.h"
#include "server/commit/batch.h"

/* Of all tokens, by their places in catalog_tokens(), those that a call ends. */
struct made_tokens {
    struct token_list all;
    bool *is;
    int64_t since_ms;
};

/* t, and what was made by it from that time on (INT64_MAX: nothing is), also by what it made. But for the one that the
 * call comes by (NULL: none): who stops a thief is not locked out with it. */
void made_find(const struct catalog *c, const struct api_token *t, int64_t since_ms, const struct api_token *caller,
               struct made_tokens *out);
void made_free(struct made_tokens *m);
/* Ends all of them but t, with the secrets, postback keys, webhooks, CRMs and notices that were made by one of them
 * since, as far as they are good still, and has their parties' logs told; *w: an array of them. Within a run, as its
 * last write: ERR_FULL, ERR_IO. */
MUST_CHECK enum err made_end(struct batch *cx, const struct made_tokens *tokens, const struct api_token *t, uint32_t by,
                             struct jw *w);

#endif
