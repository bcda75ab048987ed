/* What calls about webhooks and CRMs share. Worker thread. */
#ifndef CS_SERVER_API_WEBHOOK_H
#define CS_SERVER_API_WEBHOOK_H

#include "server/http/request.h"

/* Whether deliveries may be sent there; ERR_INVALID, or ERR_CONFLICT where the server sends none, naming the field.
 * `macro`: it is a template, with macros behind its host. */
MUST_CHECK enum err webhook_url_ok(struct request *rq, const char *field, struct span url, bool macro);

/* A test of what has been set since then. */
MUST_CHECK enum err webhook_submit_test(struct request *rq, uint32_t target, int64_t since_ms);

#endif
