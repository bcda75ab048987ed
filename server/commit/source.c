/* Embedded: workers' queues in, workers' queues out. LMDB's commit is what keeps a batch. */
#include "server/commit/source.h"

#include <assert.h>
#include <poll.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/base/mem.h"
#include "server/catalog/unfinished.h"
#include "server/commit/gaps.h"
#include "server/commit/outbox.h"
#include "server/commit/publisher.h"
#include "server/commit/refusals.h"
#include "server/commit/schedule.h"
#include "server/commit/uses.h"
#include "server/system/log.h"
#include "server/system/queue.h"
#include "server/system/system.h"

enum {
    FULL_RETRY_MS = 250,
    PROBE_MS = 1000,
    GAPS_MS = 1000,
    REFUSED_MS = 1000,
    USED_MS = 1000,
    ATTEMPTED_MS = 100,
    REFUSED_ROUND_MS = 60000
};
enum { COME_LEAST = 24, COME_US = 1000 }; /* jobs that are worth to wait for others; how long at most */
enum { REFUSED_STEPS = 64 };              /* parties whose old refusals one record looks for */

enum { BEHIND_MOST = 12 }; /* rows of what stands behind, in a batch */

enum { WAITING_MOST = 128 }; /* statements that wait for one: behind more of them everything waits */

/* What comes between a job that must follow a sweep and its turn. */
enum stage { STAGE_APPROVE, STAGE_SWEEP, STAGE_HEAD, STAGE_TURN };

struct source {
    struct lane {
        struct queue *pushed, *behind, *finished; /* behind: rows of calls that have very many */
        int fd;                                   /* eventfd; any thread writes */
        bool touched;
    } * lanes; /* one for each worker, and the others behind */
    size_t n_lanes, n_workers, first_lane, first_behind;
    struct job *held;                  /* ended a batch: it runs alone, next */
    enum stage stage;                  /* of held */
    struct job *waiting[WAITING_MOST]; /* alone too, behind held, in their order */
    size_t n_waiting;
    struct job *begun[UNFINISHED_MOST]; /* done but for logs that the chore goes on with */
    size_t n_begun;
    struct schedule schedule;
    struct publisher *publisher;
    bool chore_last; /* the batch before was a chore, or of what stands behind: others first, if there are */
    struct gaps *gaps;
    int64_t gaps_ms, probe_ms, retry_ms; /* monotonic: when gap entries, a probe, any write may be tried again */
    bool probe_put;                      /* its row is to be removed */
    struct refusals *refusals;
    struct buf refused_rows;              /* of the record under way */
    size_t n_refused;                     /* rows in it */
    uint32_t refused_from;                /* where the round over old ones goes on */
    int64_t refused_ms, refused_round_ms; /* monotonic: when a record of them, a round may come next */
    struct attempts *attempts;
    struct buf attempted[2]; /* results, and keys of what goes: of the record under way */
    int64_t attempted_ms;    /* monotonic: when a record of them may come next */
    struct uses *uses;
    struct buf used_rows; /* of the record under way */
    int64_t used_ms;      /* monotonic: when a record of them may come next */
    int64_t stuck_us;
    _Atomic int64_t taken_us; /* monotonic: when the batch under way was taken; 0: none is; any thread */
    enum { RUNNING, LAST_GAPS, LAST_REFUSED, LAST_SWEEP, ENDED } end;
    struct counters *counters;
    const struct source_keeper *keeper;
    int wake_fd;                          /* any thread writes */
    atomic_bool sleeping, stopping, full; /* any thread */
    atomic_bool clock_unsure;             /* any thread */
};

/* ---- life ---- */

struct source *source_new(const struct source_setup *setup)
{
    struct source *s = xcalloc(1, sizeof *s);
    s->n_workers = setup->workers;
    s->n_lanes = setup->workers + setup->others;
    s->lanes = xcalloc(s->n_lanes, sizeof *s->lanes);
    s->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (s->wake_fd < 0)
        die("cannot make an eventfd: raise the limit of open files");
    for (size_t i = 0; i < s->n_lanes; i++) {
        struct lane *l = &s->lanes[i];
        l->pushed = queue_new(setup->queue_size);
        l->behind = queue_new(setup->queue_size);
        l->finished = queue_new(queue_capacity(l->pushed) + queue_capacity(l->behind) + BATCH_MAX + WAITING_MOST +
                                UNFINISHED_MOST + 1); /* all that can be under way */
        l->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (l->fd < 0)
            die("cannot make an eventfd: raise the limit of open files");
    }
    schedule_open(&s->schedule, setup);
    s->publisher = publisher_new(setup->instance);
    atomic_init(&s->clock_unsure, !clock_sure(&s->schedule.clock.live));
    s->gaps = gaps_new();
    if (setup->data_dir != NULL)
        gaps_keep(s->gaps, setup->data_dir, setup->instance->store);
    s->refusals = refusals_new();
    buf_heap(&s->refused_rows);
    s->attempts = attempts_new();
    buf_heap(&s->attempted[0]);
    buf_heap(&s->attempted[1]);
    s->uses = uses_new();
    buf_heap(&s->used_rows);
    s->stuck_us = setup->stuck_ms * 1000;
    s->counters = setup->counters;
    s->keeper = setup->keeper;
    return s;
}

void source_free(struct source *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->n_lanes; i++) {
        queue_free(s->lanes[i].pushed);
        queue_free(s->lanes[i].behind);
        queue_free(s->lanes[i].finished);
        close(s->lanes[i].fd);
    }
    free(s->lanes);
    gaps_free(s->gaps);
    refusals_free(s->refusals);
    publisher_free(s->publisher);
    buf_free(&s->refused_rows);
    attempts_free(s->attempts);
    buf_free(&s->attempted[0]);
    buf_free(&s->attempted[1]);
    uses_free(s->uses);
    buf_free(&s->used_rows);
    close(s->wake_fd);
    free(s);
}

static void tell(int fd)
{
    uint64_t one = 1;
    ssize_t put = write(fd, &one, sizeof one); /* full means awake already */
    (void)put;
}

/* ---- a worker's side ---- */

enum err source_push(struct source *s, size_t w, struct job *job)
{
    job->worker = w;
    if (queue_push(job->behind ? s->lanes[w].behind : s->lanes[w].pushed, job))
        return ERR_OK;
    source_unrecorded(s, job);
    return ERR_BUSY;
}

void source_wake(struct source *s)
{
    if (atomic_load(&s->sleeping) && atomic_exchange(&s->sleeping, false))
        tell(s->wake_fd);
}

int source_fd(const struct source *s, size_t w)
{
    return s->lanes[w].fd;
}

struct job *source_finished(struct source *s, size_t w)
{
    return queue_pop(s->lanes[w].finished);
}

void source_nudge(struct source *s, size_t w)
{
    tell(s->lanes[w].fd);
}

void source_unrecorded(struct source *s, const struct job *job)
{
    const struct record *r = &job->record;
    enum entry_kind kind;
    if (!record_track(r->kind, &kind))
        return;
    METRIC_ADD(s->counters, unrecorded, 1);
    const struct entry_gap one = {.from_ms = r->arrived_ms,
                                  .to_ms = r->arrived_ms,
                                  .clicks = kind == ENTRY_CLICK,
                                  .views = kind == ENTRY_VIEW,
                                  .impressions = kind == ENTRY_IMPRESSION};
    gaps_add(s->gaps, &(struct gap_count){r->track.contract, r->advertiser, one});
}

void source_late(struct source *s, const struct job *job)
{
    const struct record *r = &job->record;
    const struct entry_gap one = {.from_ms = r->arrived_ms, .to_ms = r->arrived_ms, .late_clicks = 1};
    if (r->kind == RECORD_CLICK && r->track.entry.click.class != CLASS_PREFETCH) /* which got no id */
        gaps_add(s->gaps, &(struct gap_count){r->track.contract, r->advertiser, one});
}

bool source_refused(struct source *s, struct refusal *one)
{
    if (one->digest != 0 && refusals_again(s->refusals, one->digest))
        one->room.standing = STANDING_AGAIN;
    return refusals_add(s->refusals, one);
}

void source_used(struct source *s, const uint8_t token_sha256[HASH_LEN], int64_t at_ms)
{
    uses_note(s->uses, token_sha256, at_ms);
}

struct attempts *source_attempts(struct source *s)
{
    return s->attempts;
}

/* ---- any thread ---- */

bool source_clock_sure(struct source *s)
{
    return !atomic_load(&s->clock_unsure);
}

size_t source_workers(const struct source *s)
{
    return s->n_workers;
}

size_t source_depth(struct source *s, size_t w)
{
    return queue_count(s->lanes[w].pushed);
}

const char *source_unready(struct source *s)
{
    int fd;
    int64_t taken_us = atomic_load(&s->taken_us);
    if (!store_in_place(s->schedule.instance->store, &fd))
        return "store.mdb was removed or moved away under this server: see the log, and do not stop it before";
    if (atomic_load(&s->full))
        return "storage is full";
    for (size_t i = 0; i < s->n_lanes; i++)
        if (queue_count(s->lanes[i].pushed) > queue_capacity(s->lanes[i].pushed) / 4 * 3)
            return "a queue of requests is more than three quarters full";
    if (s->stuck_us > 0 && taken_us > 0 && clock_monotonic_us() - taken_us > s->stuck_us)
        return "the commit under way takes too long: the disk stands still, or is slow";
    return NULL;
}

const char *source_missing(struct source *s)
{
    return atomic_load(&s->schedule.missing);
}

void source_stop(struct source *s)
{
    atomic_store(&s->stopping, true);
    tell(s->wake_fd);
}

/* ---- taking ---- */

static int64_t monotonic_ms(void)
{
    return clock_monotonic_us() / 1000;
}

static size_t own(struct job **jobs, struct record r)
{
    struct job *job = xcalloc(1, sizeof *job);
    job->record = r;
    job->chore = true;
    jobs[0] = job;
    return 1;
}

/* The lane whose next job arrived first; of equals those take turns. */
static struct queue *first_arrived(struct source *s)
{
    struct queue *first = NULL;
    int64_t first_us = 0;
    for (size_t i = 0; i < s->n_lanes; i++) {
        struct queue *q = s->lanes[(s->first_lane + i) % s->n_lanes].pushed;
        const struct job *job = queue_peek(q);
        if (job == NULL || (first != NULL && job->arrived_us >= first_us))
            continue;
        first = q;
        first_us = job->arrived_us;
    }
    return first;
}

/* The lanes take turns, so that no call waits for the end of another. */
static size_t take_behind(struct source *s, struct job **jobs)
{
    size_t n = 0;
    for (size_t empty = 0; n < BEHIND_MOST && empty < s->n_lanes;) {
        struct job *job = queue_pop(s->lanes[s->first_behind].behind);
        s->first_behind = (s->first_behind + 1) % s->n_lanes;
        empty = job == NULL ? empty + 1 : 0;
        if (job != NULL)
            jobs[n++] = job;
    }
    return n;
}

/* The first of those that wait; none is held. */
static void hold_next(struct source *s)
{
    s->held = s->waiting[0];
    s->n_waiting--;
    memmove(s->waiting, s->waiting + 1, s->n_waiting * sizeof *s->waiting);
    s->stage = record_flags(s->held->record.kind) & RECORD_SWEPT ? STAGE_APPROVE : STAGE_TURN;
}

/* What arrived since the last batch, in that order, up to the first job that is to run alone; where one is held, those
 * wait behind it and stop nobody else. Room for one more is left. */
static size_t take_pushed(struct source *s, struct job **jobs)
{
    size_t n = 0;
    struct queue *from;
    while (n < BATCH_MAX - 1 && (from = first_arrived(s)) != NULL) {
        unsigned flags = record_flags(((const struct job *)queue_peek(from))->record.kind);
        if (!(flags & RECORD_ALONE)) {
            jobs[n++] = queue_pop(from);
            continue;
        }
        bool is_free = s->held == NULL && s->n_waiting == 0;
        if (s->n_waiting == WAITING_MOST)
            break;
        s->waiting[s->n_waiting++] = queue_pop(from);
        if (is_free) {
            hold_next(s);
            break;
        }
    }
    s->first_lane = (s->first_lane + 1) % s->n_lanes;
    return n;
}

static void tell_lanes(struct source *s)
{
    for (size_t w = 0; w < s->n_lanes; w++) {
        if (s->lanes[w].touched)
            tell(s->lanes[w].fd);
        s->lanes[w].touched = false;
    }
}

static void hand_back(struct source *s, struct job *job)
{
    struct lane *l = &s->lanes[job->worker];
    if (job->err != ERR_OK)
        source_unrecorded(s, job);
    else if (job->record.kind == RECORD_CLOCK_CONFIRM && !job->replayed) {
        s->schedule.clock.live.confirmed = s->schedule.clock.live.steps;
        atomic_store(&s->clock_unsure, false);
    }
    if (!queue_push(l->finished, job))
        abort(); /* it has room for all that can be under way */
    l->touched = true;
}

/* Nobody hears of a change before all logs have it. True: it waits for the rest; it is durable, and goes on by itself
 * whatever becomes of this process. */
static bool waits_for_rest(struct source *s, struct job *job)
{
    if (job->err != ERR_OK || job->unfinished == 0 || s->end != RUNNING || s->n_begun == UNFINISHED_MOST)
        return false;
    s->begun[s->n_begun++] = job;
    schedule_go_on_soon(&s->schedule);
    return true;
}

/* Those that waited for that row; 0: all. */
static void hand_back_begun(struct source *s, uint64_t row)
{
    size_t kept = 0;
    for (size_t i = 0; i < s->n_begun; i++)
        if (row == 0 || s->begun[i]->unfinished == row)
            hand_back(s, s->begun[i]);
        else
            s->begun[kept++] = s->begun[i];
    s->n_begun = kept;
}

/* What it waits for cannot be had: it is answered so. */
static void refuse_held(struct source *s, enum err err, struct span cause)
{
    struct job *held = s->held;
    s->held = NULL;
    held->cause = arena_copy(held->arena, cause);
    source_done(s, &held, 1, err, false);
}

static size_t take_turn(struct source *s, struct job **jobs)
{
    jobs[0] = s->held;
    s->held = NULL;
    s->chore_last = true; /* others have a turn before the next of these */
    return 1;
}

/* What a statement closes is signed, and in the root log, before there is a statement: nothing that fails in between
 * leaves one without its head. */
static size_t take_head(struct source *s, struct job **jobs)
{
    struct record r;
    enum err err = ERR_NOT_FOUND;
    if (s->held->record.kind == RECORD_STATEMENT)
        err = publisher_head(s->publisher, s->held->record.statement.contract, &r);
    if (err == ERR_OK)
        return own(jobs, r);
    if (err == ERR_NOT_FOUND)
        return take_turn(s, jobs);
    refuse_held(s, err, SPAN("the head that it closes was not signed"));
    return 0;
}

static uint32_t held_contract(const struct source *s)
{
    const struct record *r = &s->held->record;
    return r->kind == RECORD_STATEMENT    ? r->statement.contract
           : r->kind == RECORD_FRESH_HEAD ? r->fresh_head.contract
                                          : 0;
}

/* Of overdue approvals there may be many: what else arrived has a commit of its own between two steps of them. */
static size_t take_approvals(struct source *s, struct job **jobs)
{
    size_t n = s->chore_last ? take_pushed(s, jobs) : 0;
    s->chore_last = n == 0;
    if (n > 0)
        return n;
    n = take_behind(s, jobs); /* it waits for no statement */
    return n + own(&jobs[n], (struct record){.kind = RECORD_APPROVE, .approve.steps = APPROVE_STEPS});
}

/* A statement must not close over leads that are due, and signs what is durable. */
static size_t take_held(struct source *s, struct job **jobs)
{
    switch (s->stage) {
    case STAGE_APPROVE:
        return take_approvals(s, jobs);
    case STAGE_SWEEP:
        return own(jobs, schedule_sweep(&s->schedule, held_contract(s)));
    case STAGE_HEAD:
        return take_head(s, jobs);
    case STAGE_TURN:
        return take_turn(s, jobs);
    }
    abort();
}

static size_t take_gaps(struct source *s, struct job **jobs)
{
    struct gap_count c;
    size_t n = 0;
    while (n < BATCH_MAX && gaps_take(s->gaps, &c))
        n += own(&jobs[n], (struct record){.kind = RECORD_GAP,
                                           .advertiser = c.advertiser,
                                           .gap = {.contract = c.contract, .gap = c.gap}});
    return n;
}

static bool may_write(struct source *s, int64_t now_ms)
{
    return !atomic_load(&s->full) || now_ms >= s->retry_ms;
}

/* The refused log's rows of about a second, and a step of the round over those past their time. */
static size_t take_refused(struct source *s, struct job **jobs, int64_t now_ms)
{
    bool round = now_ms >= s->refused_round_ms;
    if (now_ms < s->refused_ms || !(round || refusals_any(s->refusals)))
        return 0;
    s->refused_ms = now_ms + REFUSED_MS;
    buf_clear(&s->refused_rows);
    s->n_refused = refusals_take(s->refusals, &s->refused_rows);
    return own(jobs, (struct record){.kind = RECORD_REFUSED,
                                     .refused = {.rows = buf_span(&s->refused_rows),
                                                 .from = s->refused_from,
                                                 .steps = round ? REFUSED_STEPS : 0}});
}

static size_t take_used(struct source *s, struct job **jobs, int64_t now_ms)
{
    if (now_ms < s->used_ms || !uses_any(s->uses))
        return 0;
    s->used_ms = now_ms + USED_MS;
    buf_clear(&s->used_rows);
    uses_take(s->uses, &s->used_rows);
    return own(jobs, (struct record){.kind = RECORD_USED, .used.uses = buf_span(&s->used_rows)});
}

static size_t take_attempted(struct source *s, struct job **jobs, int64_t now_ms)
{
    if (now_ms < s->attempted_ms || !attempts_any(s->attempts))
        return 0;
    s->attempted_ms = now_ms + ATTEMPTED_MS;
    buf_clear(&s->attempted[0]);
    buf_clear(&s->attempted[1]);
    attempts_take(s->attempts, &s->attempted[0], &s->attempted[1]);
    return own(jobs, (struct record){
                         .kind = RECORD_ATTEMPTED,
                         .attempted = {.results = buf_span(&s->attempted[0]), .gone = buf_span(&s->attempted[1])}});
}

static size_t take_round(struct source *s, struct job **jobs)
{
    struct record r[PUBLISH_MOST];
    size_t n = publisher_round(s->publisher, &s->schedule.publish_from, r);
    for (size_t i = 0; i < n; i++)
        own(&jobs[i], r[i]);
    schedule_published(&s->schedule);
    return n;
}

/* Gap entries do not wait for the next request; and while nobody asks, a probe finds out that writing works again. */
static size_t take_chore(struct source *s, struct job **jobs, int64_t now_ms, int64_t *pause_ms)
{
    struct record r;
    bool full = atomic_load(&s->full);
    size_t n = 0;
    if (s->probe_put && !full)
        return own(jobs, (struct record){.kind = RECORD_PROBE});
    if (now_ms >= s->gaps_ms && may_write(s, now_ms) && gaps_any(s->gaps)) {
        s->gaps_ms = now_ms + GAPS_MS;
        return take_gaps(s, jobs);
    }
    if (full && now_ms >= s->probe_ms && may_write(s, now_ms)) {
        s->probe_ms = now_ms + PROBE_MS;
        return own(jobs, (struct record){.kind = RECORD_PROBE, .probe.put = true});
    }
    if (!full && schedule_publishes(&s->schedule) && (n = take_round(s, jobs)) > 0)
        return n;
    if (schedule_next(&s->schedule, now_ms, full, &r, pause_ms))
        return own(jobs, r);
    if (!full && (n = take_refused(s, jobs, now_ms)) == 0)
        n = take_used(s, jobs, now_ms);
    if (!full && n == 0)
        n = take_attempted(s, jobs, now_ms);
    if ((full || gaps_any(s->gaps)) && *pause_ms > FULL_RETRY_MS)
        *pause_ms = FULL_RETRY_MS;
    return n;
}

/* Gaps, refusals, uses of tokens, and a sweep, so that the next start has nothing to replay. */
static size_t take_last(struct source *s, struct job **jobs)
{
    if (s->end == RUNNING) {
        hand_back_begun(s, 0);
        tell_lanes(s);
        s->end = LAST_GAPS;
        size_t n = take_gaps(s, jobs);
        if (n > 0)
            return n;
    }
    if (s->end == LAST_GAPS) {
        s->refused_ms = 0;
        size_t n = take_refused(s, jobs, monotonic_ms());
        s->end = refusals_any(s->refusals) ? LAST_GAPS : LAST_REFUSED;
        if (n > 0)
            return n;
    }
    if (s->end == LAST_REFUSED) {
        s->used_ms = 0;
        size_t n = take_used(s, jobs, monotonic_ms());
        if (n > 0)
            return n;
        s->attempted_ms = 0;
        n = take_attempted(s, jobs, monotonic_ms());
        if (n > 0)
            return n;
        s->end = LAST_SWEEP;
        return own(jobs, schedule_sweep(&s->schedule, 0));
    }
    s->end = ENDED;
    return 0;
}

static bool pushed_any(struct source *s)
{
    for (size_t i = 0; i < s->n_lanes; i++)
        if (!queue_empty(s->lanes[i].pushed) || !queue_empty(s->lanes[i].behind))
            return true;
    return false;
}

/* Workers write the eventfd only when they see `sleeping`; it is set before the last look at the queues, so that no job
 * is left lying. */
static void sleep_for(struct source *s, int64_t ms)
{
    struct pollfd p = {.fd = s->wake_fd, .events = POLLIN};
    uint64_t count;
    atomic_store(&s->sleeping, true);
    if (!pushed_any(s) && !atomic_load(&s->stopping))
        poll(&p, 1, (int)ms);
    atomic_store(&s->sleeping, false);
    ssize_t got = read(s->wake_fd, &count, sizeof count); /* non-blocking; the counter is of no interest */
    (void)got;
}

static size_t depth(const struct source *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n_lanes; i++)
        n += queue_count(s->lanes[i].pushed);
    return n;
}

/* Where workers and committer share a CPU, what they have at hand shares this commit: as long as it is worth one, and
 * more comes whenever they are let. On a CPU of its own it goes on at the first yield that brings nothing. */
static void let_come(struct source *s)
{
    const int64_t end_us = clock_monotonic_us() + COME_US;
    for (size_t before = 0, n = depth(s);
         n >= COME_LEAST && n > before && n < BATCH_MAX / 2 && clock_monotonic_us() < end_us;) {
        before = n;
        sched_yield();
        n = depth(s);
    }
}

static size_t take_next(struct source *s, struct job **jobs, int64_t *pause_ms)
{
    let_come(s);
    int64_t now_ms = monotonic_ms();
    size_t n = 0;
    if (s->held != NULL)
        return take_held(s, jobs);
    bool others_first = s->chore_last;
    s->chore_last = false;
    if (others_first)
        n = take_pushed(s, jobs);
    if (n == 0 && s->held == NULL && s->n_waiting > 0)
        hold_next(s);
    if (n == 0 && s->held == NULL)
        s->chore_last = (n = take_chore(s, jobs, now_ms, pause_ms)) > 0 || (n = take_behind(s, jobs)) > 0;
    if (n == 0 && s->held == NULL)
        n = take_pushed(s, jobs);
    return n > 0 || s->held == NULL ? n : take_held(s, jobs);
}

/* The batch's time, of which whatever came after a step of the clock is on this side. */
static void stamp(struct source *s, struct job *job)
{
    const struct clock_watch *clock = &s->schedule.clock;
    struct record *r = &job->record;
    r->now_ms = clock->now_ms; /* and partition 0: there is no other here */
    if (job->arrived_us != 0)
        r->arrived_ms = clock_watch_arrived_ms(clock, r->arrived_ms, job->arrived_us);
}

/* A step of the clock, before anything that came after it. While storage is full nothing is recorded anyway. */
static size_t take_clock(struct source *s, struct job **jobs)
{
    struct record r;
    if (!clock_watch_look(&s->schedule.clock, &r) || !may_write(s, monotonic_ms()) ||
        (atomic_load(&s->full) && !r.clock.stepped))
        return 0;
    return own(jobs, r);
}

/* While there is no room; what is left to be tried stands in front. */
static size_t refuse_but_ends(struct source *s, struct job **jobs, size_t n)
{
    size_t ends = 0;
    for (size_t i = 0; i < n; i++)
        if (record_ends(&jobs[i]->record)) {
            struct job *other = jobs[ends];
            jobs[ends++] = jobs[i];
            jobs[i] = other;
        }
    if (ends < n)
        source_done(s, jobs + ends, n - ends, ERR_FULL, false);
    atomic_store(&s->taken_us, ends > 0 ? clock_monotonic_us() : 0);
    return ends;
}

size_t source_take(struct source *s, struct job **jobs)
{
    for (;;) {
        bool stopping = atomic_load(&s->stopping); /* before the look at the queues: nothing is pushed after it */
        int64_t pause_ms = 0;
        size_t n = s->end == RUNNING ? take_clock(s, jobs) : 0;
        if (n == 0)
            n = take_next(s, jobs, &pause_ms);
        assert(n <= BATCH_MAX);
        if (n == 0 && stopping && !pushed_any(s))
            n = take_last(s, jobs);
        if (n == 0 && s->end == ENDED)
            return 0;
        for (size_t i = 0; i < n; i++)
            clock_watch_reach(&s->schedule.clock, jobs[i]->arrived_us);
        for (size_t i = 0; i < n; i++)
            stamp(s, jobs[i]);
        atomic_store(&s->taken_us, n > 0 ? clock_monotonic_us() : 0);
        if (n > 0 && !may_write(s, monotonic_ms()))
            n = refuse_but_ends(s, jobs, n);
        else if (n == 0)
            sleep_for(s, pause_ms);
        if (n > 0)
            return n;
    }
}

enum err source_keep(struct source *s, struct job *const *jobs, size_t n)
{
    return s->keeper == NULL ? ERR_OK : s->keeper->keep(s->keeper->ctx, jobs, n);
}

/* ---- handing back ---- */

/* Leads are counted where their entry is read for the answer. */
static void count_recorded(struct counters *counters, const struct job *job)
{
    if (job->err != ERR_OK || job->replayed)
        return;
    switch (job->record.kind) {
    case RECORD_CLICK:
        METRIC_ADD(counters, clicks, 1);
        break;
    case RECORD_VIEW:
        METRIC_ADD(counters, views, 1);
        break;
    case RECORD_IMPRESSION:
        METRIC_ADD(counters, impressions, 1);
        break;
    case RECORD_DISPOSITION:
    case RECORD_DISPOSE:
        METRIC_ADD(counters, dispositions, 1);
        break;
    case RECORD_SWEEP:
        METRIC_ADD(counters, sweeps, 1);
        break;
    default:
        break;
    }
}

/* Rows that could not be written are not kept for later: what is refused must not pile up. */
static void refused_done(struct source *s, const struct job *job)
{
    if (job->err != ERR_OK) {
        METRIC_ADD(s->counters, refused_dropped, s->n_refused);
        if (s->n_refused > 0)
            log_line(LOG_WARN, 0, "refused_log", "%zu refusals could not be kept (%s)", s->n_refused,
                     err_word(job->err));
        else
            log_line(LOG_WARN, 0, "refused_log", "old refusals could not be removed (%s): the next round tries again",
                     err_word(job->err));
    } else if (job->record.refused.steps > 0) {
        s->refused_from = (uint32_t)job->index;
        if (!job->more)
            s->refused_round_ms = monotonic_ms() + REFUSED_ROUND_MS;
    }
    s->n_refused = 0;
}

/* Days have their keys right after a step to another. */
static void clock_done(struct source *s, const struct job *job)
{
    if (job->err != ERR_OK)
        return; /* it is seen again */
    clock_watch_kept(&s->schedule.clock, &job->record);
    atomic_store(&s->clock_unsure, !clock_sure(&s->schedule.clock.live));
    if (job->record.clock.stepped)
        schedule_day_keys_soon(&s->schedule);
}

/* What no entry and no answer needs: it could not be written, and that is all. */
static bool is_beside(enum record_kind k)
{
    return k == RECORD_REFUSED || k == RECORD_USED || k == RECORD_ATTEMPTED;
}

/* A chore of the source's own, not of a schedule's: gaps, probes, and what prepares a held job. */
static void own_done(struct source *s, struct job *job)
{
    const struct record *r = &job->record;
    if (job->err != ERR_OK && job->err != ERR_FULL)
        log_line(LOG_ERROR, 0, "chore_failed", "%s: %s: %.*s", record_word(r->kind), err_word(job->err),
                 (int)job->cause.len, job->cause.ptr);
    if (s->end != RUNNING && job->err != ERR_OK && !is_beside(r->kind))
        log_line(LOG_WARN, 0, "last_sweep",
                 "storage is full: gaps are recorded by the next start, which replays the journal");
    if (r->kind == RECORD_CLOCK) {
        clock_done(s, job);
    } else if (r->kind == RECORD_GAP) {
        gaps_taken(s->gaps, &(struct gap_count){r->gap.contract, r->advertiser, r->gap.gap}, job->err == ERR_OK);
    } else if (r->kind == RECORD_REFUSED) {
        refused_done(s, job);
    } else if (r->kind == RECORD_PROBE && job->err == ERR_OK) {
        s->probe_put = r->probe.put;
    } else if (s->held == NULL) {
        schedule_done(&s->schedule, job);
    } else if (job->err != ERR_OK) {
        refuse_held(s, job->err, job->cause);
    } else {
        s->stage += !job->more; /* else it wants another step */
    }
}

static void tell_storage(struct source *s, enum err err, bool wrote)
{
    int fd;
    if (err == ERR_FULL) {
        s->retry_ms = monotonic_ms() + FULL_RETRY_MS;
        bool first = !atomic_exchange(&s->full, true);
        if (first && !store_in_place(s->schedule.instance->store, &fd))
            log_line(LOG_ERROR, 0, "store_removed",
                     "store.mdb was removed or moved away under this server: nothing is recorded. What was "
                     "acknowledged is in the file that it has open, and gone with the process: move it back; or, as "
                     "root, cp /proc/%ld/fd/%d to store.mdb in its place, chown it as it was, and only then restart",
                     (long)getpid(), fd);
        else if (first)
            log_line(
                LOG_ERROR, 0, "storage_full",
                "free disk space or raise map_size_gib; until then nothing is recorded but what takes a right away");
    } else if (wrote && atomic_exchange(&s->full, false)) {
        log_line(LOG_INFO, 0, "storage_writable", "recording again");
    }
}

void source_done(struct source *s, struct job *const *jobs, size_t n, enum err err, bool wrote)
{
    bool beside = is_beside(jobs[0]->record.kind); /* no click goes unrecorded for it */
    if (err != ERR_FULL || (may_write(s, monotonic_ms()) && !beside))
        tell_storage(s, err, wrote);
    int64_t took_us = clock_monotonic_us() - atomic_load(&s->taken_us);
    if (err == ERR_OK && jobs[0]->chore) {
        metric_seconds(&s->counters->chore_seconds, took_us);
    } else if (err == ERR_OK) {
        metric_seconds(&s->counters->commit_seconds, took_us);
        METRIC_ADD(s->counters, committed_jobs, n - jobs[n - 1]->chore);
    }
    for (size_t i = 0; i < n; i++) {
        assert(jobs[i]->chore || jobs[i]->worker < s->n_lanes);
        if (err != ERR_OK && !jobs[i]->spared)
            jobs[i]->err = err;
        count_recorded(s->counters, jobs[i]);
        if (!jobs[i]->chore) {
            if (!waits_for_rest(s, jobs[i]))
                hand_back(s, jobs[i]);
            continue;
        }
        if (jobs[i]->err == ERR_OK && jobs[i]->unfinished != 0)
            hand_back_begun(s, jobs[i]->unfinished);
        own_done(s, jobs[i]);
        free(jobs[i]);
    }
    tell_lanes(s);
    atomic_store(&s->taken_us, 0);
}
