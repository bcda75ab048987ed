/* Weeks and months that the terms have closed, and that were not. Zones are not known here, so a day on either side of
 * their end is nobody's fault. A server that was off closes what is due as soon as it is on again: a period is withheld
 * only if the log shows it at work for a while after that. */
#include <inttypes.h>

#include "common/base/when.h"
#include "common/settlement/verify_parts.h"

#define AT_WORK_MS (10 * 60 * 1000)

/* The end, by UTC, of the week or month in which that time lies in every zone. */
static int64_t end_of(bool weekly, int64_t at_ms)
{
    int64_t day = time_local_day(at_ms + MS_PER_DAY, 0), month = time_local_month(at_ms + MS_PER_DAY, 0) + 1;
    if (weekly) /* 1970-01-01 was a Thursday */
        return (day + 7 - (day + 3) % 7) * MS_PER_DAY;
    return date_days(1970 + month / 12, (unsigned)(month % 12) + 1, 1) * MS_PER_DAY;
}

static bool counts(const struct fold *f, const struct entry *e)
{
    struct tally t = {0};
    const struct tallied x = tallied_of(e);
    return tally_add(&t, f->terms, &x) && !tally_is_empty(&t);
}

static void tell(struct audit *a, uint64_t index, const struct entry *e, int64_t end_ms, bool weekly)
{
    struct buf *text = tale_add(&a->tale, TOPIC_SETTLE);
    struct jw *w = &a->tale.w;
    bool past = e->kind == ENTRY_STATEMENT;
    buf_printf(text, "the %s that was open at entry %" PRIu64 " ended about ", weekly ? "week" : "month",
               a->settle.since);
    time_rfc3339(text, end_ms);
    if (past)
        buf_printf(text, ", and the statement of entry %" PRIu64 " goes on to ", index);
    else
        buf_printf(text, ", and no statement had closed it at entry %" PRIu64 ", ", index);
    time_rfc3339(text, past ? e->statement.to_ms : entry_clock(e));
    buf_printf(text, ": the terms say %s", weekly ? "weekly" : "monthly");
    key_time(w, "ended_at", end_ms);
    jw_kint(w, "entry", (int64_t)index);
    jw_kstr(w, "settle", weekly ? SPAN("weekly") : SPAN("monthly"));
    jw_kint(w, "since", (int64_t)a->settle.since);
    jw_kstr(w, "what", past ? SPAN("past") : SPAN("open"));
    tale_end(&a->tale);
}

/* Told once. */
static void judge(struct audit *a, uint64_t index, const struct entry *e)
{
    bool weekly = a->settle.by == SETTLE_WEEKLY;
    int64_t now_ms = entry_clock(e), end_ms = end_of(weekly, a->settle.since_ms), late_ms = end_ms + MS_PER_DAY;
    bool late = e->kind == ENTRY_STATEMENT && e->statement.to_ms > late_ms;
    if (a->settle.told || (!late && now_ms <= late_ms))
        return;
    if (a->settle.seen_ms == 0)
        a->settle.seen_ms = now_ms;
    if (!late && (e->kind == ENTRY_STATEMENT || now_ms < a->settle.seen_ms + AT_WORK_MS))
        return;
    tell(a, index, e, end_ms, weekly);
    a->settle.told = true;
}

/* What is open counts as of this entry: the rule, the clock or the period is another one. */
static void begin_again(struct audit *a, uint64_t index, const struct entry *e, bool open)
{
    a->settle.open = open;
    a->settle.told = false;
    a->settle.seen_ms = 0;
    a->settle.since = index;
    a->settle.since_ms = entry_clock(e);
}

enum err verify_settle(struct audit *a, uint64_t index, const struct entry *e)
{
    unsigned by = a->fold.terms->settle;
    bool open = false;
    enum err err = e->kind == ENTRY_STATEMENT ? fold_is_open(&a->fold, &open) : ERR_OK;
    if (err != ERR_OK)
        return err;
    a->settle.manual = a->settle.manual || by == SETTLE_MANUAL;
    a->settle.kept = a->settle.kept || by != SETTLE_MANUAL;
    if (by != a->settle.by || e->kind == ENTRY_CLOCK)
        begin_again(a, index, e, a->settle.open);
    a->settle.by = by;
    if (a->settle.open && by != SETTLE_MANUAL && !a->fold.clock_unsure)
        judge(a, index, e);
    if (e->kind == ENTRY_STATEMENT)
        begin_again(a, index, e, open);
    else if (!a->settle.open && counts(&a->fold, e))
        begin_again(a, index, e, true);
    return ERR_OK;
}
