/* When the server does what by itself: chores come to be as records here, with their time, their step count and the
 * chance they need. Committer thread, on the source's side. */
#ifndef CS_SERVER_COMMIT_SCHEDULE_H
#define CS_SERVER_COMMIT_SCHEDULE_H

#include <stdatomic.h>

#include "server/commit/clock_watch.h"
#include "server/commit/job.h"
#include "server/instance/instance.h"

enum { CHORES_MAX = 11, APPROVE_STEPS = 32 };

/* Settings of what comes by itself, which may change at any time. */
struct pace {
    _Atomic int64_t sweep_ms;
    _Atomic int64_t retention_days; /* after so many what was sealed cannot be opened; 0: it can for good */
    _Atomic uint64_t least_room;    /* bytes; the log says when the disk or the map has less */
};

struct schedule {
    struct instance *instance;
    const struct pace *pace;
    int64_t due_ms[CHORES_MAX]; /* monotonic */
    uint32_t keys_day;          /* that has its keys and those of the day after */
    struct clock_watch clock;
    uint32_t publish_from; /* heads that changed go into the root log, once a minute: contract number from which this
                              round goes on, 0: it is over */
    bool unfinished;       /* changes of many contracts may have to go on, and */
    uint64_t went_on;      /* the row of the one that did last */
    uint64_t oldest_read;  /* the state, when it was looked at last; 0: none */
    bool pinned, low;      /* told */
    _Atomic(const char *) missing; /* told as well: a file; any thread reads it */
    bool swept;                    /* since the last step of a round */
};

struct source_setup;
void schedule_open(struct schedule *s, const struct source_setup *setup);
/* The chore that is due for the longest time; false: none, *pause_ms says for how long. full: nothing can be written
 * now. */
MUST_CHECK bool schedule_next(struct schedule *s, int64_t monotonic_ms, bool full, struct record *out,
                              int64_t *pause_ms);
/* Whether a step of a round is due, one after each sweep; it was made. */
bool schedule_publishes(const struct schedule *s);
void schedule_published(struct schedule *s);
/* A sweep, which says what was signed of the root log: nothing in a log does. `contract`: as of the record. */
struct record schedule_sweep(const struct schedule *s, uint32_t contract);
/* The clock went to another time. */
void schedule_day_keys_soon(struct schedule *s);
/* The record that goes on with changes of many contracts, past that row, made now. */
struct record schedule_go_on(uint64_t after);
/* One was begun. */
void schedule_go_on_soon(struct schedule *s);
/* Of a chore that schedule_next made: what left some over comes again soon. */
void schedule_done(struct schedule *s, const struct job *job);
/* The record that gives today and tomorrow their keys, drawn now. As day_keys_draw. */
MUST_CHECK enum err schedule_day_keys(const struct instance *in, struct record *out);

#endif
