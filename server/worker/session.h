/* A browser's sign-in to the pages: a cookie that only this server makes and opens. It names an API token by its hash,
 * which is looked up with each request, so that it ends with its token; it opens pages alone, no call of the API. */
#ifndef CS_SERVER_WORKER_SESSION_H
#define CS_SERVER_WORKER_SESSION_H

#include "server/worker/server.h"

#define SESSION_MS (12 * 3600 * 1000LL)
enum { SESSION_SECRET_LEN = 16, SESSION_TEXT_MAX = 160, FORM_TOKEN_LEN = 43 };

struct session {
    uint8_t token[HASH_LEN]; /* SHA-256 of the API token */
    int64_t from_ms;
    uint8_t secret[SESSION_SECRET_LEN]; /* drawn; what its forms' tokens are made of */
};

/* Appends its text: FORMATS.md, "Sessions of browsers". Each nonce once. */
void session_seal(const struct keys *k, const struct session *s, const uint8_t nonce[AEAD_NONCE_LEN], struct buf *out);
/* ERR_UNAUTHORIZED: nothing of ours, or it is over. */
MUST_CHECK enum err session_open(const struct keys *k, struct span text, int64_t now_ms, struct session *out);
/* What a form of it brings, base64url. */
void session_form_token(const struct session *s, char out[FORM_TOKEN_LEN]);

/* The value of that cookie; empty: there is none. */
struct span session_cookie(const struct request *rq, const char *name);
/* The request's, in its arena: rq->session, whether its token still opens anything or not. NULL: none. */
const struct session *session_of(struct request *rq);
/* A new one of the token: its cookie. */
const struct session *session_begin(struct request *rq, struct reply *reply, const uint8_t token[HASH_LEN]);
void session_end(struct request *rq, struct reply *reply); /* the browser forgets it, and a copy opens nothing */

#endif
