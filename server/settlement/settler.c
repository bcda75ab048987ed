#include "server/settlement/settler.h"

#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "server/settlement/premises.h"
#include "server/settlement/seeds.h"
#include "server/settlement/statements.h"
#include "server/settlement/until.h"
#include "server/system/log.h"
#include "server/system/system.h"

enum { LOOK_MS = 1000, ROUND_MS = 60000, SEEDS_US = 10 * 1000 * 1000 };
enum { BEHIND_MS = 5000 }; /* a period is over for sure: what came in it is recorded by then */

struct settler {
    struct worker contexts;
    size_t lane;
    pthread_t thread;
    int64_t again_ms; /* wall clock: nothing is due before */
    int64_t seeds_us; /* monotonic: which contracts are to have a seed is looked at next */
};

/* ---- one statement ---- */

static void wait_at(struct settler *s)
{
    struct pollfd p = {.fd = source_fd(s->contexts.server->source, s->lane), .events = POLLIN};
    uint64_t count;
    if (poll(&p, 1, LOOK_MS) > 0) {
        ssize_t got = read(p.fd, &count, sizeof count);
        (void)got;
    }
}

static enum err commit(struct settler *s, struct job *job)
{
    struct source *source = s->contexts.server->source;
    enum err err = source_push(source, s->lane, job);
    if (err != ERR_OK)
        return err;
    source_wake(source);
    while (source_finished(source, s->lane) != job)
        wait_at(s);
    return job->err;
}

static struct job job_of(const struct contract *k, enum record_kind kind, struct arena *arena)
{
    return (struct job){
        .arena = arena,
        .arrived_us = clock_monotonic_us(),
        .record = {.kind = kind, .advertiser = k->campaign->advertiser->number, .arrived_ms = clock_ms()}};
}

/* *outdated: what it rested on changed while it was made. */
static enum err issue(struct settler *s, const struct contract *k, int64_t end_ms, bool *outdated, struct problem *p)
{
    struct arena *arena = arena_new();
    struct job up = job_of(k, RECORD_FRESH_HEAD, arena), job = job_of(k, RECORD_STATEMENT, arena);
    up.record.fresh_head.contract = k->number;
    enum err err = commit(s, &up);
    *p = up.problem;
    if (err == ERR_OK)
        err = statement_make(&s->contexts, arena, k->number, end_ms, up.record.now_ms, &job.record, p);
    worker_reader_end(&s->contexts);
    if (err == ERR_OK) {
        err = commit(s, &job);
        *p = job.problem;
    }
    if (err == ERR_OK)
        log_line(LOG_INFO, 0, "settled", "contract %s: %.*s", k->id, (int)job.answer.len, job.answer.ptr);
    *outdated = job.outdated;
    arena_free(arena);
    return err;
}

/* ERR_NOT_FOUND: nothing came in that period. */
static enum err settle(struct settler *s, const struct contract *k, int64_t end_ms, struct problem *p)
{
    bool nothing, outdated;
    unsigned attempts = 0;
    enum err err = statement_nothing(&s->contexts, k, end_ms, clock_ms(), &nothing);
    worker_reader_end(&s->contexts);
    if (err != ERR_OK || nothing)
        return err == ERR_OK ? ERR_NOT_FOUND : err;
    do
        err = issue(s, k, end_ms, &outdated, p);
    while (outdated && ++attempts < STATEMENT_ATTEMPTS);
    return err;
}

/* ---- which are due ---- */

/* Where the open period began. ERR_NOT_FOUND: there is nothing to settle in it. */
static enum err period_began(struct settler *s, const struct contract *k, int64_t *ms)
{
    struct head head;
    struct txn *t;
    enum err err = worker_reader(&s->contexts, &t);
    if (err == ERR_OK)
        err = head_read(t, k->number, &head);
    if (err == ERR_OK && tally_is_empty(&head.tally) && !premises_owed(k, &head, clock_ms(), clock_ms())) {
        struct cut cut;
        const struct view rows = store_view(t);
        err = row_cut(&rows, k->number, head.last.to, &cut); /* what is open stands in front of a cut, or is nothing */
    }
    if (err == ERR_OK && head.last.number == 0) {
        struct ledger_view within = {.txn = t};
        err = ledger_time(&within, k->number, 0, ms);
    } else if (err == ERR_OK) {
        *ms = head.last.to_ms;
    }
    worker_reader_end(&s->contexts);
    return err;
}

/* Its statements whose time has come, one after the other: a period in which nothing came is left to the next. */
static enum err settle_due(struct settler *s, const struct contract *k, struct problem *p)
{
    const struct terms *terms = contract_terms(k, clock_ms());
    int64_t after_ms, end_ms;
    enum err err = period_began(s, k, &after_ms);
    while (err == ERR_OK && !atomic_load(&s->contexts.stopping)) {
        err = until_next(s->contexts.zones, terms->timezone, terms->settle == SETTLE_WEEKLY, after_ms, &end_ms);
        if (err != ERR_OK)
            return problem(p, err, "", "the time zone of the campaign cannot be read: install tzdata");
        if (end_ms + BEHIND_MS > clock_ms()) {
            if (end_ms + BEHIND_MS < s->again_ms)
                s->again_ms = end_ms + BEHIND_MS;
            return ERR_OK;
        }
        err = settle(s, k, end_ms, p);
        if (err == ERR_OK)
            err = period_began(s, k, &after_ms); /* the end, or before it what one statement could not say */
        else if (err == ERR_NOT_FOUND) {
            after_ms = end_ms;
            err = ERR_OK;
        }
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static void look(struct settler *s)
{
    struct server *sv = s->contexts.server;
    int64_t now_ms = clock_ms();
    struct catalog *c = catalog_hold(sv->instance.catalog);
    s->again_ms = now_ms + ROUND_MS;
    for (uint32_t n = 1; n <= c->n_contracts && !atomic_load(&s->contexts.stopping) && source_clock_sure(sv->source);
         n++) {
        const struct contract *k = catalog_contract_number(c, n);
        struct problem p = {0};
        if (!contract_binds(k, now_ms) || contract_terms(k, now_ms)->settle == SETTLE_MANUAL)
            continue;
        enum err err = settle_due(s, k, &p);
        if (err != ERR_OK)
            log_line(LOG_WARN, 0, "not_settled", "contract %s: %s (%s); it is tried again within a minute", k->id,
                     p.detail[0] != '\0' ? p.detail : err_title(err), err_word(err));
    }
    catalog_unref(c);
}

/* ---- seeds of the lead score ---- */

/* One that its premises have left is made again in the next round. */
static enum err seed(struct settler *s, const struct contract *k, struct problem *p)
{
    struct arena *arena = arena_new();
    struct job job = job_of(k, RECORD_SEED, arena);
    enum err err = seed_make(&s->contexts, arena, k->number, clock_ms(), &job.record, p);
    worker_reader_end(&s->contexts);
    if (err == ERR_OK)
        err = commit(s, &job);
    if (err == ERR_OK)
        log_line(LOG_INFO, 0, "seeded", "contract %s: what its campaign knows of leads, by %llu labels", k->id,
                 (unsigned long long)job.record.seed.labels);
    arena_free(arena);
    return job.outdated || err == ERR_NOT_FOUND ? ERR_OK : err;
}

static void look_for_seeds(struct settler *s)
{
    int64_t now_ms = clock_ms();
    struct catalog *c = catalog_hold(s->contexts.server->instance.catalog);
    for (uint32_t n = 1; n <= c->n_contracts && !atomic_load(&s->contexts.stopping); n++) {
        const struct contract *k = catalog_contract_number(c, n);
        struct problem p = {0};
        struct txn *t;
        bool wanted = false;
        enum err err = worker_reader(&s->contexts, &t);
        if (err == ERR_OK)
            err = seed_wanted(t, c, k, now_ms, &wanted);
        worker_reader_end(&s->contexts);
        if (err == ERR_OK && wanted)
            err = seed(s, k, &p);
        if (err != ERR_OK)
            log_line(LOG_WARN, 0, "not_seeded", "contract %s: %s (%s); it is tried again within seconds", k->id,
                     p.detail[0] != '\0' ? p.detail : err_title(err), err_word(err));
    }
    catalog_unref(c);
    s->seeds_us = clock_monotonic_us() + SEEDS_US;
}

static void *run(void *arg)
{
    struct settler *s = arg;
    thread_is("settler", THREAD_BEHIND);
    while (!atomic_load(&s->contexts.stopping)) {
        worker_follow(&s->contexts);
        if (!source_clock_sure(s->contexts.server->source))
            s->again_ms = 0; /* once it is: at once */
        else if (clock_ms() >= s->again_ms || clock_ms() < s->again_ms - ROUND_MS)
            look(s);
        if (clock_monotonic_us() >= s->seeds_us)
            look_for_seeds(s);
        wait_at(s);
    }
    return NULL;
}

struct settler *settler_start(struct server *sv, size_t number, size_t lane)
{
    struct settler *s = xcalloc(1, sizeof *s);
    worker_open(&s->contexts, sv, number);
    s->lane = lane;
    thread_start(&s->thread, run, s);
    return s;
}

void settler_stop(struct settler *s)
{
    if (s == NULL)
        return;
    atomic_store(&s->contexts.stopping, true);
    source_nudge(s->contexts.server->source, s->lane);
    pthread_join(s->thread, NULL);
    worker_close(&s->contexts);
    free(s);
}
