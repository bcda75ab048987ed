/* Sessions that were signed out of, until they would have been over: a copy of their cookie opens nothing more. In
 * memory, under a lock of its own; a restart forgets them. Any thread. */
#ifndef CS_SERVER_WORKER_ENDED_SESSIONS_H
#define CS_SERVER_WORKER_ENDED_SESSIONS_H

#include "server/worker/session.h"

enum { ENDED_SESSIONS = 16384 }; /* the newest; who signs out so often ends those before */

struct ended_sessions;
struct ended_sessions *ended_sessions_new(void);
void ended_sessions_free(struct ended_sessions *e); /* NULL-safe */

void ended_sessions_add(struct ended_sessions *e, const struct session *s); /* NULL-safe, as below: nothing is kept */
bool ended_sessions_has(struct ended_sessions *e, const struct session *s);

#endif
