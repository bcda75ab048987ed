/* Reads of the store, off the workers' loops: a route that may walk tables or touch cold pages runs on a thread of its
 * own, so that no click waits for it. Callers have turns: who asks for much waits behind itself. Long reads
 * (ROUTE_LONG) run one at a time, and one caller has all threads but one at most, so that where there are two one is
 * free for others. Reading threads yield
 * the processor to workers and committer. */
#ifndef CS_SERVER_WORKER_READERS_H
#define CS_SERVER_WORKER_READERS_H

#include "server/worker/server.h"

enum {
    READS_OF_CALLER = 64, /* that may wait, of one party, or address and kind; past it 429 */
    LONG_OF_CALLER = 1,   /* of these, long ones; past it 429 */
    READS_IN_ALL = 1024   /* past it 503 for the newest one of whoever has most */
};

struct readers;

/* n threads, whose contexts have the numbers from `first` on. */
struct readers *readers_new(struct server *sv, size_t n, size_t first, size_t workers);
/* Any thread: takes no more, hands back what has not begun as ERR_BUSY, waits for what has. */
void readers_stop(struct readers *r);
void readers_free(struct readers *r); /* stopped, and the workers too; NULL-safe */

/* A worker's side. ERR_PENDING: it comes back. Else request.problem says why not. */
MUST_CHECK enum err readers_push(struct readers *r, struct worker *w, struct request *rq, struct reply *reply);
/* Takes one back whose turn has not come: the worker ends it. False: it comes back. */
bool readers_drop(struct readers *r, struct request *rq);
/* The next one that came back to this worker, and what its handler answered; NULL: no more. source_fd tells of them. */
struct request *readers_finished(struct readers *r, const struct worker *w, enum err *err);
size_t readers_waiting(struct readers *r); /* any thread, a moment's value */

#endif
