/* Looks at the clock before each batch, and at the start: a step becomes a record before anything that came after it,
 * and once a minute it is recorded that there was none. Committer thread, on the source's side. */
#ifndef CS_SERVER_COMMIT_CLOCK_WATCH_H
#define CS_SERVER_COMMIT_CLOCK_WATCH_H

#include "server/commit/job.h"
#include "server/store/store.h"

struct clock_watch {
    struct clock_mark live, next; /* now; and once the record that was made is committed */
    bool known;                   /* live was read at least once */
    uint8_t boot[CLOCK_BOOT_LEN]; /* this one */
    int64_t newest_ms;            /* of the newest entry at the start; 0: none, or it was compared */
    int64_t record_us;            /* monotonic: when the next record is due */
    int64_t now_ms, monotonic_us; /* what was read last */
};

/* A store that does not read is the committer's to refuse. */
void clock_watch_open(struct clock_watch *w, struct store *s);
/* Reads the clock. True: *out is to be committed before anything else (after a step), or when it can be. */
bool clock_watch_look(struct clock_watch *w, struct record *out);
/* A record of it was committed; one that was not comes again. */
void clock_watch_kept(struct clock_watch *w, const struct record *r);
/* A request that came while the batch was taken: the batch's time is not before it. */
void clock_watch_reach(struct clock_watch *w, int64_t arrived_us);
/* When a request arrived, by the clock as it goes now: it may have been stamped before a step. */
int64_t clock_watch_arrived_ms(const struct clock_watch *w, int64_t arrived_ms, int64_t arrived_us);

#endif
