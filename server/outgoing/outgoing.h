/* Deliveries on their way: a thread of its own sends what is due to parties' webhooks, and tells what came of it. */
#ifndef CS_SERVER_OUTGOING_OUTGOING_H
#define CS_SERVER_OUTGOING_OUTGOING_H

#include "server/commit/source.h"
#include "server/courier/target.h"
#include "server/system/metrics.h"

struct outgoing;
/* Starts the thread; dies when it cannot. `rules` is copied; counters: the thread's own, NULL: nobody asks. */
struct outgoing *outgoing_start(struct instance *in, struct attempts *attempts, const struct target_rules *rules,
                                struct counters *counters);
/* From its next connection on they may lead where `rules` say, which is copied. Any thread; NULL-safe. */
void outgoing_allow(struct outgoing *o, const struct target_rules *rules);
/* What is under way is sent again after the next start. NULL-safe. */
void outgoing_stop(struct outgoing *o);
void outgoing_close(struct outgoing *o); /* once nobody looks any more; NULL-safe */

/* What waits, as of the last round over it: a second ago, or as many as there are thousands of them. */
struct outgoing_state {
    uint64_t due;
    int64_t oldest_ms; /* of the entry of what waits longest; 0: nothing waits */
};
void outgoing_look(struct outgoing *o, struct outgoing_state *out); /* any thread; NULL: zeros */

#endif
