/* What is known of the server's clock: when it went on otherwise than time passes. Judged from the wall clock and from
 * one that counts on in sleep but not over a boot; kept in the store, so that decisions, and whoever makes them again,
 * see the same. */
#ifndef CS_COMMIT_CLOCK_H
#define CS_COMMIT_CLOCK_H

#include "common/base/err.h"
#include "common/base/span.h"
#include "common/base/when.h"
#include "common/ledger/entry.h"

enum { CLOCK_BOOT_LEN = 16, CLOCK_MARK_LEN = 60, CLOCK_STEP_LEN = 36 };
#define CLOCK_ABSENCE_MS MS_PER_DAY /* a machine is not off for longer without anybody asking */

/* What the clocks said at a time. */
struct clock_reading {
    uint8_t boot[CLOCK_BOOT_LEN]; /* of which boot */
    int64_t boot_ms;              /* since then */
    int64_t now_ms;               /* Unix */
};

/* The last reading that was kept, and what has become of the clock so far. */
struct clock_mark {
    struct clock_reading last;
    int64_t ahead_ms;          /* of Unix time less this, which never goes back nor ahead of the time that passed */
    uint32_t steps, confirmed; /* of those, the first so many */
    uint32_t by;               /* number of the party that confirmed last; 0: nobody ever had to */
    int64_t by_ms;             /* when */
};

struct clock_step {
    int64_t from_ms, to_ms; /* what it should have said, and said */
    int64_t confirmed_ms;   /* 0: it is large, and nobody did so far */
    int64_t off_ms;         /* how far it and all before it moved the clock */
    uint32_t large;         /* number of the last large one up to it; 0: none */
};

/* What the clock should say, after the last reading: newest_ms (0: none) is the time of the newest entry, for what no
 * boot tells. True when it says another time. */
bool clock_stepped(const struct clock_reading *last, const struct clock_reading *r, int64_t newest_ms,
                   int64_t *should_ms);
bool clock_step_large(const struct clock_step *s);
/* Takes a reading over: what it should have said, and whether that is a step. */
void clock_mark_take(struct clock_mark *m, const struct clock_reading *r, int64_t should_ms, bool stepped);
static inline bool clock_sure(const struct clock_mark *m)
{
    return m->confirmed == m->steps;
}

/* Rows: FORMATS.md, table `clock`. ERR_CORRUPT. */
void clock_mark_write(const struct clock_mark *m, uint8_t row[CLOCK_MARK_LEN]);
MUST_CHECK enum err clock_mark_read(struct span row, struct clock_mark *out);
void clock_step_write(const struct clock_step *s, uint8_t row[CLOCK_STEP_LEN]);
MUST_CHECK enum err clock_step_read(struct span row, struct clock_step *out);

#endif
