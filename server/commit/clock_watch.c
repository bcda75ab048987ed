#include "server/commit/clock_watch.h"

#include <inttypes.h>
#include <stdlib.h>

#include "common/base/ascii.h"
#include "common/base/bytes.h"
#include "server/commit/clock_rows.h"
#include "server/system/log.h"
#include "server/system/system.h"

enum { RECORD_US = 60 * 1000000 };

#define BOOT_ID "/proc/sys/kernel/random/boot_id"

/* Where the kernel does not tell, this process is a boot of its own. */
static void read_boot(uint8_t out[CLOCK_BOOT_LEN])
{
    enum { TEXT_MAX = 8192 };
    char digits[2 * CLOCK_BOOT_LEN];
    size_t n = 0, len;
    struct buf text;
    buf_heap(&text);
    if (file_read(BOOT_ID, TEXT_MAX, &text) == ERR_OK)
        for (size_t i = 0; i < text.len && n < sizeof digits; i++)
            if (text.ptr[i] != '-')
                digits[n++] = text.ptr[i];
    if (hex_decode(span_of(digits, n), out, CLOCK_BOOT_LEN, &len) != ERR_OK || len != CLOCK_BOOT_LEN)
        random_bytes(out, CLOCK_BOOT_LEN);
    buf_free(&text);
}

void clock_watch_open(struct clock_watch *w, struct store *s)
{
    struct txn *t;
    *w = (struct clock_watch){.record_us = 0};
    read_boot(w->boot);
    enum err err = clock_load(s, &w->live);
    w->known = err == ERR_OK;
    if (w->known && (err = txn_begin(s, false, &t)) == ERR_OK) {
        err = ledger_newest_ms(t, &w->newest_ms);
        txn_abort(t);
    }
    if (err == ERR_NOT_FOUND || err == ERR_CORRUPT)
        w->newest_ms = 0;
    else if (err != ERR_OK) /* a clock that stepped while nobody served would go unseen */
        die("what the store knows of the clock cannot be read (%s): look at the disk", err_word(err));
}

static void make_record(const struct clock_watch *w, int64_t should_ms, bool stepped, struct record *out)
{
    *out = (struct record){
        .kind = RECORD_CLOCK,
        .clock = {
            .boot_ms = w->next.last.boot_ms, .ahead_ms = w->next.ahead_ms, .should_ms = should_ms, .stepped = stepped}};
    memcpy(out->clock.boot, w->next.last.boot, CLOCK_BOOT_LEN);
}

bool clock_watch_look(struct clock_watch *w, struct record *out)
{
    struct clock_reading now;
    int64_t should_ms;
    clock_pair(&w->now_ms, &w->monotonic_us);
    memcpy(now.boot, w->boot, CLOCK_BOOT_LEN);
    now.boot_ms = w->monotonic_us / 1000;
    now.now_ms = w->now_ms;
    bool stepped = w->known && clock_stepped(&w->live.last, &now, w->newest_ms, &should_ms);
    w->next = w->live;
    clock_mark_take(&w->next, &now, w->known ? should_ms : now.now_ms, stepped);
    if (!stepped)
        w->live = w->next;
    w->known = true;
    if (!stepped)
        w->newest_ms = 0;
    bool due = stepped || w->monotonic_us >= w->record_us;
    if (due)
        make_record(w, stepped ? should_ms : now.now_ms, stepped, out);
    return due;
}

static void say_step(const struct clock_watch *w, const struct record *r)
{
    const struct clock_step s = {.from_ms = r->clock.should_ms, .to_ms = r->now_ms};
    bool large = clock_step_large(&s);
    log_line(large ? LOG_ERROR : LOG_WARN, 0, "clock_step",
             "the clock went from %" PRId64 " to %" PRId64 " (Unix ms), which is %+" PRId64 " ms; step %u%s", s.from_ms,
             s.to_ms, s.to_ms - s.from_ms, w->live.steps,
             large ? ": until it is confirmed (POST /v1/clock/confirm) no statement is issued, and no lead approved by "
                     "itself"
                   : "");
}

void clock_watch_kept(struct clock_watch *w, const struct record *r)
{
    w->record_us = w->monotonic_us + RECORD_US;
    w->live = w->next;
    w->newest_ms = 0;
    if (r->clock.stepped)
        say_step(w, r);
}

void clock_watch_reach(struct clock_watch *w, int64_t arrived_us)
{
    if (arrived_us <= w->monotonic_us)
        return;
    w->now_ms += (arrived_us - w->monotonic_us + 999) / 1000;
    w->monotonic_us = arrived_us;
}

int64_t clock_watch_arrived_ms(const struct clock_watch *w, int64_t arrived_ms, int64_t arrived_us)
{
    int64_t should_ms = w->now_ms - (w->monotonic_us - arrived_us) / 1000;
    return llabs(arrived_ms - should_ms) < CLOCK_STEP_MS ? arrived_ms : should_ms;
}
