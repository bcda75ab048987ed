/* A refusal as the refused log shows it. */
#ifndef CS_SERVER_API_REFUSAL_JSON_H
#define CS_SERVER_API_REFUSAL_JSON_H

#include "common/base/json_write.h"
#include "common/commit/refusal.h"

void refusal_json(struct jw *w, const struct refusal *r);

#endif
