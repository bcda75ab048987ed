/* Verdicts on user agents that were read before: few browsers make up most of the traffic, and reading one costs ten
 * times as much. Exact text only, a fixed number of them, the newest of a place stays; nothing expires, as a verdict
 * depends on the text alone. One thread's own. */
#ifndef CS_SERVER_WORKER_AGENT_CACHE_H
#define CS_SERVER_WORKER_AGENT_CACHE_H

#include "common/decisions/agent.h"

struct agent_cache;
struct agent_cache *agent_cache_new(void);
void agent_cache_free(struct agent_cache *c); /* NULL-safe */
/* As agent_read. */
struct agent agent_cache_read(struct agent_cache *c, struct span text);

#endif
