/* What a page shows it asks of the API, as the party that looks at it: the handler that answers a call of the API
 * answers here too, with its own checks. On a reader thread. */
#ifndef CS_SERVER_PAGES_ASK_H
#define CS_SERVER_PAGES_ASK_H

#include <jansson.h>

#include "server/worker/dispatch.h"

typedef enum err asked(struct request *rq, struct reply *reply);

/* The row of the call in routes.c, for what it lets whom. */
const struct route *ask_route(const struct request *rq, asked *of);
/* *out: the body of its 200, in the arena. param: what the path of the call names; empty: nothing. query: encoded.
 * Errors are the call's, told in rq; ERR_FORBIDDEN also where it is not for the caller's role. */
MUST_CHECK enum err ask_body(struct request *rq, asked *of, struct span param, struct span query, struct span *out);
/* *out: the JSON of its 200, for json_decref. Else the same. */
MUST_CHECK enum err ask(struct request *rq, asked *of, struct span param, struct span query, json_t **out);

/* *out: the items of a list of the API, a page after the other, up to `most` and those that come with them. */
MUST_CHECK enum err ask_all(struct request *rq, asked *of, struct span param, const char *query, size_t most,
                            json_t **out);

/* Members; empty and 0 where there is none. */
struct span ask_text(const json_t *from, const char *member);
int64_t ask_int(const json_t *from, const char *member);
int64_t ask_time(const json_t *from, const char *member); /* of an RFC 3339 text */

#endif
