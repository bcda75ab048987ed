/* Statements by themselves: of contracts whose terms say `settle` weekly or monthly, once a week or month is over in
 * their time zone and something came in it. A thread of its own, which reads like a reader and submits like a worker.
 */
#ifndef CS_SERVER_SETTLEMENT_SETTLER_H
#define CS_SERVER_SETTLEMENT_SETTLER_H

#include "server/worker/server.h"

struct settler;

/* The number of its contexts, and the lane of the source that is its own. */
struct settler *settler_start(struct server *sv, size_t number, size_t lane);
void settler_stop(struct settler *s); /* before the source's end; waits for a statement under way; NULL-safe */

#endif
