/* GET /v1/live: what is committed of the contracts that the caller may read, as it comes (Server-Sent Events of the
 * HTML standard). Pieces are made on reader threads, of the store alone: what the worker knows of news only says where
 * to look. */
#ifndef CS_SERVER_LIVE_LIVE_H
#define CS_SERVER_LIVE_LIVE_H

#include "server/worker/dispatch.h"

enum err live_get(struct request *rq, struct reply *reply);

#endif
