/* The committer thread: the only writer. Takes batches from the source, runs each job in one LMDB transaction, commits,
 * and hands them back to the source. */
#ifndef CS_SERVER_COMMIT_COMMITTER_H
#define CS_SERVER_COMMIT_COMMITTER_H

#include "server/commit/batch.h"
#include "server/commit/source.h"

struct committer;

struct committer_setup {
    struct instance *instance;
    job_run *const *runs; /* by record kind: jobs.c */
    struct source *source;
    struct news *news;    /* gets what was committed; NULL: nobody follows */
    const char *data_dir; /* where room is kept for what ends rights; NULL: nowhere */
    uint64_t ahead;       /* bytes: store_write_ahead */
};

/* Recovers, checks that every signed head is a prefix of its log, sees to today's keys, starts the thread. ERR_IO,
 * ERR_CORRUPT, ERR_FULL. */
MUST_CHECK enum err committer_start(const struct committer_setup *setup, struct committer **out);
/* After source_stop: waits until all is drained and swept; frees. NULL-safe. */
void committer_stop(struct committer *c);

/* ---- without a thread: the fold of records in the caller's own ---- */

MUST_CHECK enum err committer_open(const struct committer_setup *setup,
                                   struct committer **out); /* source may be NULL */
/* One transaction. ERR_OK: durable; *wrote says whether anything was. ERR_FULL: nothing of it happened, nor of any
 * other error, which one of the jobs then has: the control data do not read after it. Does not return from ERR_IO: the
 * process exits, to recover from what is on disk. */
MUST_CHECK enum err committer_run(struct committer *c, struct job *const *jobs, size_t n, bool *wrote);
uint64_t committer_next_seq(const struct committer *c); /* of the journal; the committer's thread */
void committer_close(struct committer *c);

#endif
