/* Notices by e-mail: a thread of its own looks at what stands committed, sends what a party wants to be told of, and
 * has it recorded that it did. What was sent and not yet recorded when the process ended is sent again, as the same
 * message (Message-ID). At most one of a kind a day goes to a party. */
#ifndef CS_SERVER_NOTICES_NOTICES_H
#define CS_SERVER_NOTICES_NOTICES_H

#include "server/worker/server.h"

struct notices;

/* The number of its contexts, and the lane of the source that is its own. The settings say where mail goes. */
struct notices *notices_start(struct server *sv, size_t number, size_t lane);
void notices_stop(struct notices *n); /* before the source's end; NULL-safe */

#endif
