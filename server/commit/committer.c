#include "server/commit/committer.h"
#include "server/commit/change_rows.h"

#include <assert.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "server/commit/clock_rows.h"
#include "server/commit/idempotency.h"
#include "server/commit/reserve.h"
#include "server/commit/rollups.h"
#include "server/commit/schedule.h"
#include "server/system/log.h"
#include "server/system/system.h"

struct committer {
    struct batch cx;
    struct catalog *catalog; /* the newest published, held; cx.catalog: the one of the transaction under way */
    job_run *const *runs;
    struct source *source;
    struct compiled_pool compiled;
    struct news *news;       /* NULL: nobody follows */
    struct reserve *reserve; /* NULL: none */
    struct notes notes;
    pthread_t thread;
    char chore_cause[CAUSE_MAX]; /* of the chore under way */
    uint64_t batch;              /* the number of the last that wrote */
};

/* ---- one job ---- */

static enum err reload(struct batch *cx, const struct catalog *published)
{
    struct catalog *fresh;
    enum err err = catalog_reload(cx->txn, cx->instance->keys, cx->compiled, cx->catalog, &fresh);
    if (err != ERR_OK)
        return err;
    assert(cx->catalog == published || cx->catalog == fresh); /* a batch goes on with its own */
    cx->catalog = fresh;
    cx->catalog_changed = false;
    return ERR_OK;
}

/* The worker asked its snapshot when the call came: a token may have been ended since, by a record before this one. */
static enum err bearer_opens(const struct batch *cx, struct job *job)
{
    const struct bearer *b = &job->record.bearer;
    return b->used
               ? api_token_opens(cx->catalog, catalog_token_hashed(cx->catalog, b->sha256), cx->now_ms, &job->problem)
               : ERR_OK;
}

/* What it changes of control data is told with it; a call that found all as it wants it changes nothing. That a copy or
 * check was asked for is all that there is to tell of it. */
static enum err run_told(struct committer *c, struct job *job)
{
    struct batch *cx = &c->cx;
    const uint64_t writes = txn_writes(cx->txn), changes = ledger_changes(cx->ledger);
    enum err err = c->runs[job->record.kind](cx, job);
    bool same = txn_writes(cx->txn) == writes && ledger_changes(cx->ledger) == changes;
    if (err != ERR_OK || (same && job->record.kind != RECORD_UPKEEP))
        return err;
    return changes_put(cx, &job->record);
}

static enum err run_admitted(struct committer *c, struct job *job)
{
    enum err err = bearer_opens(&c->cx, job);
    if (err != ERR_OK)
        return err;
    if (!job->record.idempotency.used)
        return run_told(c, job);
    err = idempotency_replay(&c->cx, job);
    if (err != ERR_NOT_FOUND)
        return err;
    err = run_told(c, job);
    bool answers = !span_empty(job->answer); /* else the call goes on, and another record of it has the answer */
    return err == ERR_OK && answers ? idempotency_keep(&c->cx, job) : err;
}

/* Of what is answered with a 5xx, or is a chore's; a chore has no arena, but is alone in its batch. */
static void note_cause(struct committer *c, struct job *job)
{
    struct buf b;
    if (err_status(job->err) < 500 || !span_empty(job->cause))
        return;
    if (job->arena != NULL)
        arena_buf(job->arena, &b, CAUSE_MAX);
    else
        buf_fixed(&b, c->chore_cause, sizeof c->chore_cause);
    txn_cause(c->cx.txn, &b);
    job->cause = buf_span(&b);
}

static bool spoils(enum err err)
{
    return err == ERR_FULL || err == ERR_IO;
}

/* A job's own error stays with the job; one that spoils the batch is returned. */
static enum err run_one(struct committer *c, struct job *job)
{
    struct batch *cx = &c->cx;
    uint64_t writes = txn_writes(cx->txn), changes = ledger_changes(cx->ledger);
    cx->record = &job->record;
    cx->now_ms = job->record.now_ms;
    cx->compiled->handed = job->compiled;
    job->err = run_admitted(c, job);
    note_cause(c, job);
    if (spoils(job->err))
        return job->err;
    bool untouched = txn_writes(cx->txn) == writes && ledger_changes(cx->ledger) == changes;
    assert(job->err == ERR_OK || (untouched && !cx->catalog_changed)); /* an error wrote nothing */
    if (!cx->catalog_changed)
        return ERR_OK;
    return job->err = reload(cx, c->catalog); /* what was written stays only if it reads, beside all there is */
}

/* ---- one transaction ---- */

static enum err open_ledger(struct committer *c, struct ledger **out)
{
    struct txn *t;
    enum err err = txn_begin(c->cx.instance->store, false, &t);
    if (err != ERR_OK)
        return err;
    err = ledger_open(t, out);
    rollups_begin(c->cx.rollups, t);
    txn_abort(t);
    return err;
}

static void reopen_ledger(struct committer *c)
{
    struct ledger *fresh;
    enum err err = open_ledger(c, &fresh);
    if (err != ERR_OK)
        storage_failed("reopen", err, SPAN("reading the ledger again"));
    ledger_close(c->cx.ledger);
    c->cx.ledger = fresh;
}

static void committed(struct committer *c, bool wrote)
{
    struct batch *cx = &c->cx;
    c->batch += wrote;
    if (cx->catalog != c->catalog) {
        catalog_publish(cx->instance->catalog, cx->catalog);
        catalog_unref(c->catalog);
        c->catalog = cx->catalog = catalog_hold(cx->instance->catalog);
    }
    day_keys_publish(cx->instance->day_keys);
    if (cx->swept)
        ledger_swept(cx->ledger);
    if (cx->clock_changed)
        cx->clock = cx->clock_next;
    if (c->news != NULL) /* the one place: it is durable now */
        news_tell(c->news, &c->notes, ledger_next_seq(cx->ledger));
}

static void aborted(struct committer *c, uint64_t changes_before)
{
    struct batch *cx = &c->cx;
    if (cx->catalog != c->catalog) {
        catalog_unref(cx->catalog);
        cx->catalog = c->catalog;
    }
    day_keys_forget(cx->instance->day_keys);
    rollups_forget(cx->rollups);
    if (ledger_changes(cx->ledger) != changes_before)
        reopen_ledger(c);
}

static enum err run_job(struct committer *c, struct job *job)
{
    enum err err = run_one(c, job);
    compiled_clear(c->cx.compiled);
    return err;
}

static enum err run_jobs(struct committer *c, struct job *const *jobs, size_t n)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < n && err == ERR_OK; i++)
        err = run_job(c, jobs[i]);
    return err;
}

/* What the source promises. */
static bool can_run(const struct committer *c, const struct job *job, size_t n)
{
    const struct record *r = &job->record;
    return r->kind > RECORD_NONE && r->kind < RECORD_KINDS && c->runs[r->kind] != NULL && r->now_ms > 0 &&
           (n == 1 || !(record_flags(r->kind) & RECORD_ALONE)) &&
           (r->advertiser != 0) == (record_scope(r->kind) == SCOPE_ADVERTISER);
}

/* Of the job that failed; of a commit that did, the store has told. */
static struct span batch_cause(struct job *const *jobs, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (jobs[i]->err == ERR_IO && !span_empty(jobs[i]->cause))
            return jobs[i]->cause;
    return SPAN("the transaction");
}

enum err committer_run(struct committer *c, struct job *const *jobs, size_t n, bool *wrote)
{
    assert(n > 0 && n <= BATCH_MAX && c->cx.txn == NULL);
    for (size_t i = 0; i < n; i++)
        assert(can_run(c, jobs[i], n));
    struct batch *cx = &c->cx;
    uint64_t changes = ledger_changes(cx->ledger);
    cx->catalog_changed = cx->clock_changed = cx->swept = *wrote = false;
    c->notes.n = 0;
    int fd;
    enum err err = txn_begin(cx->instance->store, true, &cx->txn);
    if (err == ERR_OK) {
        cx->view = ledger_view(&cx->within, cx->ledger, cx->txn);
        err = run_jobs(c, jobs, n);
        if (err == ERR_OK && !cx->swept && ledger_many_dirty(cx->ledger))
            err = batch_sweep(cx);
        else if (err == ERR_OK && rollups_many(cx->rollups))
            err = rollups_sweep(cx);
        *wrote = txn_writes(cx->txn) > 0;
        if (err == ERR_OK && *wrote)
            err = instance_put_batch(cx->txn, c->batch + 1);
        if (err == ERR_OK && *wrote && !store_in_place(cx->instance->store, &fd))
            err = ERR_FULL;
        if (err == ERR_OK)
            err = txn_commit(cx->txn);
        else
            txn_abort(cx->txn);
    }
    cx->txn = NULL;
    cx->record = NULL;
    if (err == ERR_IO)
        storage_failed("write", err, batch_cause(jobs, n));
    if (err == ERR_OK)
        committed(c, *wrote);
    else
        aborted(c, changes);
    return err;
}

/* ---- the thread ---- */

/* A job that wrote what does not read, or beside what does not, spoils a batch, and not those who are in it by chance:
 * each has one of its own then. */
static enum err run_apart(struct committer *c, struct job *const *jobs, size_t n, bool *wrote)
{
    *wrote = false;
    for (size_t i = 0; i < n; i++) {
        bool this_wrote;
        enum err err = committer_run(c, &jobs[i], 1, &this_wrote);
        if (err == ERR_OK)
            *wrote |= this_wrote;
        else
            jobs[i]->err = err;
    }
    return ERR_OK;
}

/* There is no room: what takes a right away runs all the same, each by itself, in that of the reserve. */
static void run_spared(struct committer *c, struct job *const *jobs, size_t n)
{
    bool given = false, wrote;
    for (size_t i = 0; i < n; i++) {
        if (!record_ends(&jobs[i]->record) || (!given && !(given = reserve_give(c->reserve))))
            continue;
        enum err err = committer_run(c, &jobs[i], 1, &wrote);
        if (err != ERR_OK)
            jobs[i]->err = err;
        jobs[i]->spared = true;
    }
}

static enum err run_batch(struct committer *c, struct job *const *jobs, size_t n, bool *wrote)
{
    *wrote = false;
    enum err err = reserve_whole(c->reserve) ? committer_run(c, jobs, n, wrote) : ERR_FULL;
    if (err == ERR_FULL)
        run_spared(c, jobs, n);
    return err == ERR_OK || err == ERR_FULL ? err : run_apart(c, jobs, n, wrote);
}

static void *committer_main(void *arg)
{
    struct committer *c = arg;
    thread_is("committer", THREAD_PROMPT);
    struct job **jobs = xmalloc(BATCH_MAX * sizeof *jobs);
    size_t n;
    while ((n = source_take(c->source, jobs)) > 0) {
        bool wrote = false;
        enum err err = source_keep(c->source, jobs, n);
        if (err == ERR_OK)
            err = run_batch(c, jobs, n, &wrote);
        source_done(c->source, jobs, n, err, wrote);
    }
    free(jobs);
    return NULL;
}

/* ---- before it starts ---- */

/* What is wrong with signed-heads, and the way on. */
static enum err refuse_heads(uint32_t log, const char *what, uint64_t size)
{
    log_line(
        LOG_ERROR, 0, "signed_heads",
        "signed-heads %s of log %u (size %llu). It says what was signed last, so that an old copy of the store "
        "signs no second history: put the newest signed-heads back, beside the newest store. If it is lost for "
        "good, and on your word that nothing was signed after this store: `countersign backup --signed-heads-lost` "
        "and, of that, `countersign restore` with --nothing-signed-since",
        what, log, (unsigned long long)size);
    return ERR_CORRUPT;
}

/* A crash leaves a record that does not hold only of a head that the log had by then. */
static enum err check_torn(struct committer *c, struct txn *t, uint32_t log)
{
    uint64_t torn;
    struct head head = {.size = 0};
    enum err err = heads_torn(c->cx.instance->heads, log, &torn);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    err = head_read(t, log, &head);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    if (torn > head.size)
        return refuse_heads(log, "has a record that does not read, beyond the last entry", torn);
    log_line(LOG_WARN, 0, "signed_heads",
             "signed-heads has a record of log %u that does not read (size %llu): a write that a crash cut off, whose "
             "head nobody was given; or damage: then put the file back, if there is a copy as new",
             log, (unsigned long long)torn);
    return ERR_OK;
}

/* What was signed must be a prefix of the log: a store put back from a backup is behind it, or grew differently since,
 * and signing on would fork it. */
static enum err check_prefix(struct committer *c, struct txn *t, uint32_t log, uint64_t size,
                             const struct hash *signed_root)
{
    struct hash root;
    enum err err = ledger_root_at(t, log, size, &root);
    if (err == ERR_OK && memcmp(root.b, signed_root->b, HASH_LEN) == 0)
        return ERR_OK;
    if (err == ERR_CORRUPT || (err == ERR_OK && ledger_ready(c->cx.ledger, t, log) == ERR_CORRUPT)) {
        log_line(LOG_ERROR, 0, "signed_heads",
                 "tiles of log %u do not read: it takes no entry and nothing of it is signed, run countersign check",
                 log);
        heads_bar(c->cx.instance->heads, log);
        return ERR_OK;
    }
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    log_line(LOG_ERROR, 0, "signed_heads",
             "log %u does not extend the head of size %llu that was signed: is this an old copy of the store? Put back "
             "the newest",
             log, (unsigned long long)size);
    return ERR_CORRUPT;
}

/* A head is kept before it is published, and both are durable in that order: whatever ends the process, the guard has
 * what the store says was published. */
static enum err check_head(struct committer *c, struct txn *t, uint32_t log)
{
    uint64_t size = 0, published = ledger_published(c->cx.ledger, log, NULL);
    struct hash root;
    enum err err = heads_last(c->cx.instance->heads, log, &size, &root);
    if (err == ERR_CORRUPT)
        return refuse_heads(log, "does not read: what was signed last", 0);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    if (size < published)
        return refuse_heads(log, "is gone, emptied, damaged or an old copy: it lacks the last published head",
                            published);
    if (err == ERR_OK)
        err = check_prefix(c, t, log, size, &root);
    return err == ERR_OK || err == ERR_NOT_FOUND ? check_torn(c, t, log) : err;
}

/* A log past the last contract, in the store or among the heads: that one's row is gone. */
static enum err check_heads(struct committer *c)
{
    struct txn *t;
    uint32_t end = heads_end(c->cx.instance->heads);
    enum err err = txn_begin(c->cx.instance->store, false, &t);
    if (err != ERR_OK)
        return err;
    if (ledger_last(c->cx.ledger) > c->catalog->n_contracts)
        err = ERR_CORRUPT;
    for (uint32_t log = ROOT_LOG; (log <= c->catalog->n_contracts || log < end) && err == ERR_OK; log++)
        err = check_head(c, t, log);
    txn_abort(t);
    return err == ERR_OK ? heads_begin(c->cx.instance->heads) : err;
}

/* The first request needs its day's key. */
static enum err first_day_keys(struct committer *c)
{
    struct job job = {.chore = true};
    struct job *jobs[] = {&job};
    bool wrote;
    enum err err = schedule_day_keys(c->cx.instance, &job.record);
    if (err == ERR_OK)
        err = source_keep(c->source, jobs, 1);
    if (err == ERR_OK)
        err = committer_run(c, jobs, 1, &wrote);
    uint8_t key[32];
    if (err == ERR_OK && (err = job.err) == ERR_OK) /* one that does not unwrap belongs to another key of the month */
        err = day_key_get(c->cx.instance->day_keys, NULL, job.record.day_keys.day, key);
    crypto_wipe(key, sizeof key);
    return err;
}

/* What the process before began for many logs is whole before anything else comes to one of them. Without room the
 * chore goes on with it. */
static enum err finish_begun(struct committer *c)
{
    enum err err = ERR_OK;
    for (bool more = true; more && err == ERR_OK;) {
        struct job job = {.chore = true, .record = schedule_go_on(0)};
        struct job *jobs[] = {&job};
        bool wrote;
        err = source_keep(c->source, jobs, 1);
        if (err == ERR_OK && (err = committer_run(c, jobs, 1, &wrote)) == ERR_OK)
            err = job.err;
        more = job.more;
    }
    return err == ERR_FULL ? ERR_OK : err;
}

enum err committer_open(const struct committer_setup *setup, struct committer **out)
{
    struct committer *c = xcalloc(1, sizeof *c);
    struct instance *in = setup->instance;
    c->runs = setup->runs;
    c->source = setup->source;
    c->news = setup->news;
    c->cx.rollups = rollups_new(&c->cx);
    c->reserve = setup->data_dir != NULL ? reserve_open(setup->data_dir) : NULL;
    c->cx.notes = c->news != NULL ? &c->notes : NULL;
    c->cx.instance = in;
    c->cx.compiled = &c->compiled;
    c->batch = in->batch;
    c->cx.tokens = keys_new_tokens(in->keys);
    c->cx.statement_signer = keys_new_statement_signer(in->keys);
    c->catalog = c->cx.catalog = catalog_hold(in->catalog);
    enum err err = open_ledger(c, &c->cx.ledger);
    if (err == ERR_OK)
        err = clock_load(in->store, &c->cx.clock);
    if (err == ERR_OK || err == ERR_NOT_FOUND)
        err = check_heads(c);
    if (err == ERR_OK && c->news != NULL)
        news_begin(c->news, ledger_next_seq(c->cx.ledger));
    if (err != ERR_OK)
        committer_close(c);
    else
        *out = c;
    return err;
}

uint64_t committer_next_seq(const struct committer *c)
{
    return ledger_next_seq(c->cx.ledger);
}

void committer_close(struct committer *c)
{
    reserve_close(c->reserve);
    ledger_close(c->cx.ledger);
    rollups_free(c->cx.rollups);
    tokens_free(c->cx.tokens);
    signer_free(c->cx.statement_signer);
    catalog_unref(c->catalog);
    free(c->notes.one);
    free(c);
}

enum err committer_start(const struct committer_setup *setup, struct committer **out)
{
    struct committer *c;
    enum err err = committer_open(setup, &c);
    if (err != ERR_OK)
        return err;
    err = first_day_keys(c);
    if (err == ERR_OK)
        err = finish_begun(c);
    if (err != ERR_OK) {
        committer_close(c);
        return err;
    }
    store_tidy_beside(c->cx.instance->store);
    store_write_ahead(c->cx.instance->store, setup->ahead);
    thread_start(&c->thread, committer_main, c);
    *out = c;
    return ERR_OK;
}

void committer_stop(struct committer *c)
{
    if (c == NULL)
        return;
    pthread_join(c->thread, NULL);
    committer_close(c);
}
