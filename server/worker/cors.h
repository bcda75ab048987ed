/* Which pages of other origins a browser lets read an answer (Fetch standard, "CORS protocol"): of what is public any,
 * of what parties call those that the operator lists, by a token that the page itself sends. Cookies never count. */
#ifndef CS_SERVER_WORKER_CORS_H
#define CS_SERVER_WORKER_CORS_H

#include "server/worker/dispatch.h"

/* "https://portal.example,https://crm.example:8443", or empty. ERR_INVALID: one is no origin as browsers write it. */
MUST_CHECK enum err cors_parse(struct span list, struct problem *p);
/* route: whose pattern the target has. */
void cors_answer(const struct request *rq, const struct route *route, struct reply *reply);
/* Of an OPTIONS: what the page may send. */
void cors_preflight(const struct request *rq, const struct route *route, struct span methods, struct reply *reply);

#endif
