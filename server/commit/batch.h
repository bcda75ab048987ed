/* What runs a batch: one LMDB write transaction, the ledger, the control data. Committer thread. */
#ifndef CS_SERVER_COMMIT_BATCH_H
#define CS_SERVER_COMMIT_BATCH_H

#include "server/commit/job.h"
#include "server/commit/news.h"
#include "server/instance/instance.h"
#include "server/ledger/ledger.h"

struct batch {
    struct instance *instance;
    struct tokens *tokens;
    struct signer *statement_signer;
    struct ledger *ledger; /* NULL: what would be is asked, and nothing is written: of any thread's read transaction */
    struct txn *txn;
    struct ledger_view within;      /* what view reads from */
    struct view view;               /* rows and clicks as the transaction holds them */
    struct catalog *catalog;        /* as of the job that runs: reloaded after one that changed it */
    struct compiled_pool *compiled; /* of the job that runs, until then; NULL where no terms are made */
    const struct record *record;    /* of the job that runs: what it may touch, and its time */
    int64_t now_ms;                 /* record->now_ms; that of the one that a change of many logs was begun by */
    struct clock_mark clock;        /* as the transaction found it */
    struct clock_mark clock_next;   /* set by a run, with clock_changed */
    bool clock_changed;
    bool catalog_changed;    /* set by a run */
    bool swept;              /* set by a run: every log's head is in the transaction */
    struct notes *notes;     /* of what is appended, to be told after the commit; NULL: nobody follows */
    struct rollups *rollups; /* what is appended is counted there */
};

/* gather, decide, append, apply of one job. Checks first, writes last: any error but ERR_FULL and ERR_IO promises that
 * nothing was written (the committer asserts it). Reads no clock, draws no chance: all that is in the record. */
typedef enum err job_run(struct batch *cx, struct job *job);

/* A time of the server's clock on the one that never goes back: how long something is kept is counted by that. */
static inline int64_t batch_steady_ms(const struct batch *cx, int64_t clock_ms)
{
    return clock_ms - cx->clock.ahead_ms;
}

/* Every log's head and all that is counted, into the transaction. ERR_FULL, ERR_IO. */
MUST_CHECK enum err batch_sweep(struct batch *cx);

/* ---- pipeline.c: what several runs share ---- */

/* Nothing reaches beyond the advertiser that the record names, or a chore's partition: asserted wherever a log, or a
 * row of a contract, is written. */
bool batch_may_touch(const struct batch *cx, const struct contract *k);

job_run pipeline_track, pipeline_lead, pipeline_disposition;
/* What would be recorded of a lead's or disposition's job now; as their runs, but it is recorded nowhere, so that
 * job->index and job->leaf are nothing's unless job->replayed. t is the caller's read transaction. */
MUST_CHECK enum err pipeline_would(struct instance *in, struct catalog *catalog, struct txn *t, struct job *job);

/* Whether the contract's log can grow (ledger_ready). For runs that write something before they append, or append to
 * several logs: afterwards only a full or failing disk is in the way. */
MUST_CHECK enum err pipeline_ready(struct batch *cx, const struct contract *k);
struct fold_context pipeline_fold(const struct contract *k);
/* Dates an entry behind the log's last one; clocked_ms is what the clock said. */
void pipeline_date(const struct batch *cx, const struct contract *k, int64_t clocked_ms, struct entry *e);
/* The date alone: what binds an entry goes by that. */
int64_t pipeline_dated(const struct batch *cx, const struct contract *k, int64_t clocked_ms);
/* The entries of the parts that move along with a lead: ready before its own is written, appended after. */
struct others;
MUST_CHECK enum err pipeline_others_ready(struct batch *cx, const struct others *others);
MUST_CHECK enum err pipeline_others(struct batch *cx, const struct others *others);
/* Appends an entry and applies it; at_ms is what the clock said, it is dated behind the log's last entry. *index and
 * *leaf may be NULL. The contract must be one that the record may touch. */
MUST_CHECK enum err pipeline_append(struct batch *cx, const struct contract *k, const struct entry *e, uint64_t *index,
                                    struct hash *leaf);
MUST_CHECK enum err pipeline_append_root(struct batch *cx, const struct root_leaf *x, uint64_t *leaf);
/* The index of the log's next entry: a `clock` entry may come in front of it. */
uint64_t pipeline_next(const struct batch *cx, const struct contract *k);
/* Tells a log now how it stands with the clock, if it does not know: before a statement, whose entry nothing may stand
 * in front of. */
MUST_CHECK enum err pipeline_clock(struct batch *cx, const struct contract *k);
/* Right behind the first terms of a log, with them: of the steps before it began, if there were any. Without it the
 * next entry would tell of them as if they had been since. */
MUST_CHECK enum err pipeline_clock_begins(struct batch *cx, const struct contract *k);
/* A seed, and the bytes that it names, which fit the contract's terms, where one may stand. */
MUST_CHECK enum err pipeline_seed(struct batch *cx, const struct contract *k, const struct entry_model *seed,
                                  struct span state);
/* The `statement` entry, with what the ledger keeps of it: a new period begins. */
MUST_CHECK enum err pipeline_close_period(struct batch *cx, const struct contract *k, const struct entry *e,
                                          const struct last_statement *last, const struct tally *closed,
                                          int64_t next_ms); /* as for ledger_statement */
/* ---- chores.c: what the server does by itself ---- */

job_run chore_approve, chore_tidy, chore_gap, chore_day_keys, chore_sweep, chore_publish, chore_probe, fresh_head_run;
job_run chore_refused; /* refused_log.c */
job_run chore_clock;   /* clock_rows.c */

job_run server_keys_run; /* server_keys_run.c */

#endif
