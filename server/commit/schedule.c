#include "server/commit/schedule.h"

#include <stdlib.h>

#include "common/base/when.h"
#include "server/catalog/unfinished.h"
#include "server/commit/credentials.h"
#include "server/commit/source.h"
#include "server/system/log.h"
#include "server/system/system.h"

enum { TIDY_ROWS = 4096 };
enum { CLOCK_FRESH_MS = 120000 };
enum { TIDY_MS = 200, SECOND_MS = 1000, READERS_MS = 30000, ROUND_MS = 60000 };
enum { AGAIN_MS = 10 }; /* what left some over: a hundred steps a second, and time for clicks between them */

void schedule_open(struct schedule *s, const struct source_setup *setup)
{
    *s = (struct schedule){.instance = setup->instance,
                           .pace = setup->pace,
                           .unfinished = true}; /* the process before may have left some */
    clock_watch_open(&s->clock, setup->instance->store);
}

enum err schedule_day_keys(const struct instance *in, struct record *out)
{
    struct txn *t;
    int64_t now_ms = clock_ms();
    *out = (struct record){.kind = RECORD_DAY_KEYS, .now_ms = now_ms, .day_keys.day = (uint32_t)(now_ms / MS_PER_DAY)};
    enum err err = txn_begin(in->store, false, &t);
    if (err != ERR_OK)
        return err;
    err = day_keys_draw(in->day_keys, t, out->day_keys.day, out->day_keys.wrapped);
    txn_abort(t);
    return err;
}

/* Each makes a record when there is something to do. */

static bool make_day_keys(struct schedule *s, struct record *out)
{
    if ((uint32_t)(clock_ms() / MS_PER_DAY) == s->keys_day)
        return false;
    enum err err = schedule_day_keys(s->instance, out);
    if (err != ERR_OK)
        log_line(LOG_ERROR, 0, "chore_failed", "day_keys: %s: the key of the month in keys/", err_word(err));
    return err == ERR_OK;
}

/* Only by a clock that is known to go right: what is destroyed does not come back. */
static bool destroy_months(struct schedule *s, struct record *out)
{
    const struct clock_watch *w = &s->clock;
    const int64_t keeps = atomic_load(&s->pace->retention_days), day = w->now_ms / MS_PER_DAY - keeps;
    (void)out;
    if (keeps == 0 || day <= 0 || !w->known || !clock_sure(&w->live) ||
        memcmp(w->live.last.boot, w->boot, CLOCK_BOOT_LEN) != 0 ||
        llabs(w->now_ms - w->live.last.now_ms) > CLOCK_FRESH_MS)
        return false;
    enum err err = day_keys_destroy(s->instance->day_keys, (uint32_t)day);
    if (err != ERR_OK)
        log_line(LOG_ERROR, 0, "chore_failed", "retention: %s: keys of past months could not be destroyed",
                 err_word(err));
    return false;
}

static bool make_approve(struct schedule *s, struct record *out)
{
    (void)s;
    *out = (struct record){.kind = RECORD_APPROVE, .approve.steps = APPROVE_STEPS};
    return true;
}

static bool make_tell(struct schedule *s, struct record *out)
{
    (void)s;
    *out = (struct record){.kind = RECORD_TELL, .tell.steps = TELL_STEPS};
    return true;
}

struct record schedule_go_on(uint64_t after)
{
    return (struct record){.kind = RECORD_GO_ON, .now_ms = clock_ms(), .go_on = {.steps = SLICE_LOGS, .after = after}};
}

static bool make_go_on(struct schedule *s, struct record *out)
{
    *out = schedule_go_on(s->went_on);
    return s->unfinished;
}

struct record schedule_sweep(const struct schedule *s, uint32_t contract)
{
    uint64_t size;
    struct hash root;
    enum err err = heads_last(s->instance->heads, ROOT_LOG, &size, &root);
    return (struct record){.kind = RECORD_SWEEP,
                           .sweep = {.contract = contract, .root_signed = err == ERR_OK ? size : 0}};
}

static bool make_sweep(struct schedule *s, struct record *out)
{
    *out = schedule_sweep(s, 0);
    return true;
}

/* Once there is something to do, a slice each AGAIN_MS: some 400,000 rows a second of each level, more than come in. A
 * larger slice would hold up batches for long. */
static bool make_tidy(struct schedule *s, struct record *out)
{
    int64_t before_s = (clock_ms() - s->clock.live.ahead_ms) / MS_PER_S;
    *out = (struct record){.kind = RECORD_TIDY, .tidy = {.before_s = before_s, .rows = TIDY_ROWS}};
    return true;
}

static bool start_round(struct schedule *s, struct record *out)
{
    (void)out;
    s->publish_from = 1;
    return false; /* the next sweep is followed by its first step */
}

/* What one reads for longer than between two looks. */
static void watch_pinned(struct schedule *s)
{
    struct store_reader oldest = {.txn = 0};
    enum err err = store_oldest_reader(s->instance->store, &oldest);
    bool same = err == ERR_OK && oldest.behind > 0 && oldest.txn == s->oldest_read;
    if (same && !s->pinned)
        log_line(LOG_WARN, 0, "pages_pinned",
                 "process %ld has been reading a state for at least %d s, since when there were %llu commits: until it "
                 "ends the database grows by what they free",
                 oldest.pid, READERS_MS / 1000, (unsigned long long)oldest.behind);
    s->pinned = same;
    s->oldest_read = err == ERR_OK ? oldest.txn : 0;
}

static bool watch_room(struct schedule *s, struct record *out)
{
    struct store_room room;
    (void)out;
    if (store_room(s->instance->store, &room) != ERR_OK)
        return false;
    const uint64_t least = atomic_load(&s->pace->least_room);
    bool low = room.disk < least || room.map < least;
    if (low && !s->low)
        log_line(LOG_WARN, 0, "room_low",
                 "the disk has room for %llu MiB more, the map for %llu: at 0 nothing is recorded. Free some space, or "
                 "raise map_size_gib",
                 (unsigned long long)(room.disk >> 20), (unsigned long long)(room.map >> 20));
    if (!low && s->low)
        log_line(LOG_INFO, 0, "room_enough", "the disk has room for %llu MiB more, the map for %llu",
                 (unsigned long long)(room.disk >> 20), (unsigned long long)(room.map >> 20));
    s->low = low;
    return false;
}

/* Once for each: the file is there still, open or in memory, until the process ends. */
static bool watch_files(struct schedule *s, struct record *out)
{
    const char *missing = instance_missing(s->instance, s->keys_day);
    (void)out;
    if (missing != NULL && missing != atomic_load(&s->missing))
        log_line(LOG_ERROR, 0, "file_removed",
                 "%s was removed from the data folder: the next start is refused without it. Put the newest copy back",
                 missing);
    atomic_store(&s->missing, missing);
    return false;
}

static bool check_readers(struct schedule *s, struct record *out)
{
    (void)out;
    store_check_readers(s->instance->store);
    watch_pinned(s);
    return false;
}

/* period in ms (0: the setting sweep_ms), what it makes */
static const struct chore {
    enum record_kind kind; /* RECORD_NONE: no record comes of it */
    int64_t period_ms;
    bool (*make)(struct schedule *s, struct record *out);
} chores[] = {
    {RECORD_DAY_KEYS, SECOND_MS, make_day_keys}, {RECORD_APPROVE, SECOND_MS, make_approve},
    {RECORD_NONE, ROUND_MS, start_round},        {RECORD_SWEEP, 0, make_sweep},
    {RECORD_TIDY, TIDY_MS, make_tidy},           {RECORD_NONE, READERS_MS, check_readers},
    {RECORD_TELL, SECOND_MS, make_tell},         {RECORD_NONE, ROUND_MS, destroy_months},
    {RECORD_GO_ON, SECOND_MS, make_go_on},       {RECORD_NONE, READERS_MS, watch_room},
    {RECORD_NONE, SECOND_MS, watch_files},
};
enum { DAY_KEYS_CHORE = 0, SWEEP_CHORE = 3, GO_ON_CHORE = 8 };
_Static_assert(sizeof chores / sizeof *chores == CHORES_MAX, "schedule.h keeps a time for each");

static int64_t period_ms(const struct schedule *s, int chore)
{
    return chores[chore].period_ms != 0 ? chores[chore].period_ms : atomic_load(&s->pace->sweep_ms);
}

/* The one that is due first, of equals the first; while storage is full, of those alone that write nothing. */
static int first_due(const struct schedule *s, bool full)
{
    int first = -1;
    for (int i = 0; i < CHORES_MAX; i++)
        if (!(full && chores[i].kind != RECORD_NONE) && (first < 0 || s->due_ms[i] < s->due_ms[first]))
            first = i;
    return first;
}

bool schedule_next(struct schedule *s, int64_t monotonic_ms, bool full, struct record *out, int64_t *pause_ms)
{
    int i;
    if (s->due_ms[SWEEP_CHORE] - monotonic_ms > period_ms(s, SWEEP_CHORE)) /* the setting has changed */
        s->due_ms[SWEEP_CHORE] = monotonic_ms + period_ms(s, SWEEP_CHORE);
    while (s->due_ms[i = first_due(s, full)] <= monotonic_ms) {
        s->due_ms[i] = monotonic_ms + period_ms(s, i);
        if (chores[i].make(s, out))
            return true;
    }
    *pause_ms = s->due_ms[i] - monotonic_ms;
    return false;
}

void schedule_day_keys_soon(struct schedule *s)
{
    s->due_ms[DAY_KEYS_CHORE] = 0;
}

void schedule_go_on_soon(struct schedule *s)
{
    s->unfinished = true;
    s->due_ms[GO_ON_CHORE] = 0;
}

void schedule_done(struct schedule *s, const struct job *job)
{
    if (job->err != ERR_OK)
        return; /* it comes again when it is due */
    const struct record *r = &job->record;
    for (int i = 0; job->more && i < CHORES_MAX; i++)
        if (chores[i].kind == r->kind)
            s->due_ms[i] -= period_ms(s, i) - AGAIN_MS;
    if (r->kind == RECORD_DAY_KEYS) {
        s->keys_day = r->day_keys.day;
    } else if (r->kind == RECORD_GO_ON) {
        s->unfinished = job->more;
        s->went_on = job->index;
    } else if (r->kind == RECORD_SWEEP) {
        s->swept = true;
    }
}

bool schedule_publishes(const struct schedule *s)
{
    return s->swept && s->publish_from > 0;
}

void schedule_published(struct schedule *s)
{
    s->swept = false;
}
