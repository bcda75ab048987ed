#include "common/commit/clock.h"

#include "common/base/bytes.h"

static bool same_boot(const struct clock_reading *a, const struct clock_reading *b)
{
    return memcmp(a->boot, b->boot, CLOCK_BOOT_LEN) == 0 && b->boot_ms >= a->boot_ms;
}

bool clock_stepped(const struct clock_reading *last, const struct clock_reading *r, int64_t newest_ms,
                   int64_t *should_ms)
{
    bool same = same_boot(last, r);
    *should_ms = same                       ? last->now_ms + (r->boot_ms - last->boot_ms)
                 : newest_ms > last->now_ms ? newest_ms
                                            : last->now_ms;
    int64_t off_ms = r->now_ms - *should_ms;
    return off_ms <= -CLOCK_STEP_MS || off_ms >= (same ? CLOCK_STEP_MS : CLOCK_ABSENCE_MS);
}

bool clock_step_large(const struct clock_step *s)
{
    int64_t off_ms = s->to_ms - s->from_ms;
    return off_ms <= -CLOCK_LARGE_MS || off_ms >= CLOCK_LARGE_MS;
}

void clock_mark_take(struct clock_mark *m, const struct clock_reading *r, int64_t should_ms, bool stepped)
{
    const struct clock_step s = {.from_ms = should_ms, .to_ms = r->now_ms};
    m->last = *r;
    m->ahead_ms += r->now_ms - should_ms;
    if (!stepped)
        return;
    m->confirmed += clock_sure(m) && !clock_step_large(&s);
    m->steps++;
}

void clock_mark_write(const struct clock_mark *m, uint8_t row[CLOCK_MARK_LEN])
{
    memcpy(row, m->last.boot, CLOCK_BOOT_LEN);
    store_be64(row + 16, (uint64_t)m->last.boot_ms);
    store_be64(row + 24, (uint64_t)m->last.now_ms);
    store_be64(row + 32, (uint64_t)m->ahead_ms);
    store_be32(row + 40, m->steps);
    store_be32(row + 44, m->confirmed);
    store_be32(row + 48, m->by);
    store_be64(row + 52, (uint64_t)m->by_ms);
}

static bool is_time(int64_t ms)
{
    return ms >= 0 && ms < TIME_END_MS;
}

enum err clock_mark_read(struct span row, struct clock_mark *out)
{
    struct clock_mark m;
    if (row.len != CLOCK_MARK_LEN)
        return ERR_CORRUPT;
    memcpy(m.last.boot, row.ptr, CLOCK_BOOT_LEN);
    m.last.boot_ms = (int64_t)load_be64(row.ptr + 16);
    m.last.now_ms = (int64_t)load_be64(row.ptr + 24);
    m.ahead_ms = (int64_t)load_be64(row.ptr + 32);
    m.steps = load_be32(row.ptr + 40);
    m.confirmed = load_be32(row.ptr + 44);
    m.by = load_be32(row.ptr + 48);
    m.by_ms = (int64_t)load_be64(row.ptr + 52);
    if (!is_time(m.last.boot_ms) || !is_time(m.last.now_ms) || m.ahead_ms <= -TIME_END_MS ||
        m.ahead_ms >= TIME_END_MS || m.confirmed > m.steps || !is_time(m.by_ms) || (m.by == 0) != (m.by_ms == 0))
        return ERR_CORRUPT;
    *out = m;
    return ERR_OK;
}

void clock_step_write(const struct clock_step *s, uint8_t row[CLOCK_STEP_LEN])
{
    store_be64(row, (uint64_t)s->from_ms);
    store_be64(row + 8, (uint64_t)s->to_ms);
    store_be64(row + 16, (uint64_t)s->confirmed_ms);
    store_be64(row + 24, (uint64_t)s->off_ms);
    store_be32(row + 32, s->large);
}

enum err clock_step_read(struct span row, struct clock_step *out)
{
    struct clock_step s;
    if (row.len != CLOCK_STEP_LEN)
        return ERR_CORRUPT;
    s.from_ms = (int64_t)load_be64(row.ptr);
    s.to_ms = (int64_t)load_be64(row.ptr + 8);
    s.confirmed_ms = (int64_t)load_be64(row.ptr + 16);
    s.off_ms = (int64_t)load_be64(row.ptr + 24);
    s.large = load_be32(row.ptr + 32);
    if (!is_time(s.from_ms) || !is_time(s.to_ms) || !is_time(s.confirmed_ms))
        return ERR_CORRUPT;
    *out = s;
    return ERR_OK;
}
