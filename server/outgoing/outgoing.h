/* Deliveries on their way: a thread of its own sends what is due to parties' webhooks, and tells what came of it. */
#ifndef CS_SERVER_OUTGOING_OUTGOING_H
#define CS_SERVER_OUTGOING_OUTGOING_H

#include "server/commit/source.h"
#include "server/courier/target.h"

struct outgoing;
/* Starts the thread; dies when it cannot. `rules` is copied. */
struct outgoing *outgoing_start(struct instance *in, struct attempts *attempts, const struct target_rules *rules);
/* What is under way is sent again after the next start. NULL-safe. */
void outgoing_stop(struct outgoing *o);

#endif
