/* The committer thread: the only writer. Takes batches from the workers' queues, runs each job through the pipeline in
 * one LMDB transaction, commits, hands the jobs back. Also runs the chores: sweep, due approvals, root log, day keys,
 * dead readers, old nonces. */
#ifndef CS_SERVER_COMMIT_COMMIT_H
#define CS_SERVER_COMMIT_COMMIT_H

#include "server/commit/job.h"
#include "server/instance/instance.h"
#include "server/ledger/ledger.h"
#include "server/system/options.h"

struct counters; /* metrics.h */
struct committer;

struct committer_setup {
    struct instance *instance;
    size_t workers, queue_size; /* jobs that may wait, per worker */
    int64_t sweep_ms;
    struct counters *counters; /* the committer's own */
};

/* One batch: what pipeline and control jobs work with. */
struct commit {
    struct instance *instance;
    struct txn *txn;
    struct ledger *ledger;
    struct catalog *catalog; /* as of the start of the batch; reloaded inside the batch after a job that changed it */
    bool catalog_changed;    /* a control job sets it */
    int64_t now_ms;
    struct tokens *tokens;
    struct signer *statement_signer;
    struct sealer *sealer;
};

/* ERR_IO when recovery fails. */
MUST_CHECK enum err committer_start(const struct committer_setup *setup, struct committer **out);
/* Pushes from worker number w (its own queue: single producer). */
MUST_CHECK enum err committer_push(struct committer *c, size_t w, struct job *job); /* ERR_BUSY */
/* Counts a click or view that was answered without being recorded, for a gap entry; any thread. A push that fails, and
 * a job that comes back with an error, are counted already. */
void committer_unrecorded(struct committer *c, const struct job *job);
/* After one or more pushes: sees to it that they are taken. A wake-up for each push would make batches, and with them
 * commits, small. */
void committer_wake(struct committer *c);
/* Drains, sweeps, stops. The workers must have stopped pushing. */
void committer_stop(struct committer *c);
bool committer_healthy(struct committer *c); /* writing works and no queue is more than three quarters full */

/* pipeline.c: gather, decide, append, apply of one job. Errors other than ERR_FULL and ERR_IO leave the batch as it
 * was. */
MUST_CHECK enum err pipeline_run(struct commit *cx, struct job *job);
/* Appends any entry made by the server itself or a control job, and applies it. *index may be NULL. */
MUST_CHECK enum err pipeline_append(struct commit *cx, const struct contract *k, const struct entry *e, uint64_t *index,
                                    struct hash *leaf);
/* Leads whose review time ran out, at most max of them; *n says how many. */
MUST_CHECK enum err pipeline_due(struct commit *cx, size_t max, size_t *n);
/* Signs the checkpoint of a log whose present head is durable and swept (asserted: no entry since the last committed
 * sweep) into *note, and appends the note's SHA-256 to the root log. Signing comes before this transaction's commit on
 * purpose: the head is durable already, so nothing signed can be lost. */
MUST_CHECK enum err pipeline_publish_head(struct commit *cx, const struct contract *k, struct buf *note);

#endif
