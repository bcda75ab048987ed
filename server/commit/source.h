/* The hand-over between workers and the committer, and where batches come from: what the workers pushed, and the chores
 * that are due. It alone gives batches their time and their borders. One such hand-over serves a process; a cluster
 * would put another behind the same calls. */
#ifndef CS_SERVER_COMMIT_SOURCE_H
#define CS_SERVER_COMMIT_SOURCE_H

#include "server/commit/job.h"
#include "server/instance/instance.h"
#include "server/system/metrics.h"

enum { BATCH_MAX = 4096 };

struct source;
struct attempts; /* outbox.h */

/* Makes a batch durable before it is folded. The committer's LMDB commit does that, so most have none. */
struct source_keeper {
    enum err (*keep)(void *ctx, struct job *const *jobs, size_t n);
    void *ctx;
};

struct source_setup {
    struct instance *instance;
    const char *data_dir;               /* what could not be recorded is kept there; NULL: nowhere */
    size_t workers, queue_size;         /* jobs that may wait, per worker */
    size_t others;                      /* lanes behind the workers', of threads that submit now and then */
    int64_t stuck_ms;                   /* of a batch: after so long writing does not work; 0: however long */
    const struct pace *pace;            /* schedule.h */
    struct counters *counters;          /* the committer's own */
    const struct source_keeper *keeper; /* NULL: none */
};

struct source *source_new(const struct source_setup *setup);
void source_free(struct source *s); /* after the committer's end */

/* ---- a worker's side: thread number w ---- */

MUST_CHECK enum err source_push(struct source *s, size_t w, struct job *job); /* ERR_BUSY */
/* After one or more pushes: sees to it that they are taken. A wake-up for each would make batches, and with them
 * commits, small. Any thread. */
void source_wake(struct source *s);
/* An eventfd that is readable when jobs came back. */
int source_fd(const struct source *s, size_t w);
struct job *source_finished(struct source *s, size_t w); /* the next one that came back, in order; NULL: no more */
/* Into the refused log, in about a second; false: there is no room, it is dropped. One whose bytes were refused so
 * lately gets that standing. Any thread. */
bool source_refused(struct source *s, struct refusal *one);
/* The API token of this hash opened a call; the list of tokens says so in about a second. Any thread. */
void source_used(struct source *s, const uint8_t token_sha256[HASH_LEN], int64_t at_ms);
/* Where the outgoing thread tells what came of deliveries; a record has it within a tenth of a second. Any thread. */
struct attempts *source_attempts(struct source *s);
/* Counts a click or view that is answered without being recorded, for a gap entry. A push that fails and a job that
 * comes back with an error are counted already. Any thread. */
void source_unrecorded(struct source *s, const struct job *job);
/* Counts a click that was recorded after its id had left as unrecorded, likewise. */
void source_late(struct source *s, const struct job *job);
void source_nudge(struct source *s, size_t w); /* makes source_fd readable; any thread */

/* ---- any thread ---- */

/* Why what comes now would hardly be recorded in time; NULL: writing works, and no queue is more than three quarters
 * full. */
const char *source_unready(struct source *s);
/* A file that is gone from the data folder, and the next start needs; NULL: none is. Any thread. */
const char *source_missing(struct source *s);
/* False: the clock was set otherwise, and nobody confirmed it so far. */
bool source_clock_sure(struct source *s);
size_t source_workers(const struct source *s);   /* without the others */
size_t source_depth(struct source *s, size_t w); /* jobs of worker w that wait for a batch */
void source_stop(struct source *s); /* the workers must have stopped pushing: take drains, then answers 0 */

/* ---- the committer's side ---- */

/* The next batch, all with one now_ms; waits for it. At most BATCH_MAX. A job that is to run alone is its batch; one
 * that must follow a sweep comes right after the approvals that are due and the sweep. 0: stopped and drained. */
size_t source_take(struct source *s, struct job **jobs);
MUST_CHECK enum err source_keep(struct source *s, struct job *const *jobs, size_t n);
/* After the commit, or instead of it: hands the jobs back. ERR_FULL: nothing of the batch was recorded; until there is
 * room the source answers so by itself, and tries again now and then. */
void source_done(struct source *s, struct job *const *jobs, size_t n, enum err err, bool wrote);

#endif
