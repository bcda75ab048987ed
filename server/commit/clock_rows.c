#include "server/commit/clock_rows.h"

#include <assert.h>

#include "common/base/bytes.h"

enum { KEY_LEN = 4, MARK = 0 };

static struct span number_key(uint8_t key[KEY_LEN], uint32_t number)
{
    store_be32(key, number);
    return span_of(key, KEY_LEN);
}

enum err clock_mark_get(struct txn *t, struct clock_mark *out)
{
    uint8_t key[KEY_LEN];
    struct span row;
    enum err err = store_get_sole(t, TABLE_CLOCK, number_key(key, MARK), &row);
    return err == ERR_OK ? clock_mark_read(row, out) : err;
}

enum err clock_step_get(struct txn *t, uint32_t number, struct clock_step *out)
{
    uint8_t key[KEY_LEN];
    struct span row;
    enum err err = store_get_sole(t, TABLE_CLOCK, number_key(key, number), &row);
    return err == ERR_OK ? clock_step_read(row, out) : err;
}

enum err clock_load(struct store *s, struct clock_mark *out)
{
    struct txn *t;
    *out = (struct clock_mark){.steps = 0};
    enum err err = txn_begin(s, false, &t);
    if (err != ERR_OK)
        return err;
    err = clock_mark_get(t, out);
    txn_abort(t);
    return err;
}

static enum err put_step(struct batch *cx, uint32_t number, const struct clock_step *s)
{
    uint8_t key[KEY_LEN], row[CLOCK_STEP_LEN];
    clock_step_write(s, row);
    return store_put(cx->txn, TABLE_CLOCK, number_key(key, number), span_of(row, sizeof row));
}

static enum err put_mark(struct batch *cx, const struct clock_mark *m)
{
    uint8_t key[KEY_LEN], row[CLOCK_MARK_LEN];
    clock_mark_write(m, row);
    enum err err = store_put(cx->txn, TABLE_CLOCK, number_key(key, MARK), span_of(row, sizeof row));
    cx->clock_next = *m;
    cx->clock_changed = err == ERR_OK;
    return err;
}

/* With those before it. */
static enum err add_up(struct batch *cx, uint32_t number, struct clock_step *s)
{
    struct clock_step before = {.off_ms = 0};
    enum err err = number > 1 ? clock_step_get(cx->txn, number - 1, &before) : ERR_OK;
    s->off_ms = before.off_ms + s->to_ms - s->from_ms;
    s->large = clock_step_large(s) ? number : before.large;
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

enum err chore_clock(struct batch *cx, struct job *job)
{
    const struct record *r = &job->record;
    struct clock_mark m = cx->clock;
    struct clock_reading now = {.boot_ms = r->clock.boot_ms, .now_ms = cx->now_ms};
    memcpy(now.boot, r->clock.boot, CLOCK_BOOT_LEN);
    clock_mark_take(&m, &now, r->clock.should_ms, r->clock.stepped);
    m.ahead_ms = r->clock.ahead_ms;
    if (r->clock.stepped) {
        struct clock_step s = {.from_ms = r->clock.should_ms, .to_ms = cx->now_ms};
        s.confirmed_ms = clock_step_large(&s) ? 0 : cx->now_ms;
        enum err err = add_up(cx, m.steps, &s);
        if (err == ERR_OK)
            err = put_step(cx, m.steps, &s);
        if (err != ERR_OK)
            return err;
        cx->catalog_changed = true; /* it knows how far the clock had come */
    }
    return put_mark(cx, &m);
}

enum err clock_confirm(struct batch *cx, uint32_t by)
{
    struct clock_mark m = cx->clock;
    enum err err = ERR_OK;
    for (uint32_t n = m.steps; n > m.confirmed && err == ERR_OK; n--) {
        struct clock_step s;
        err = clock_step_get(cx->txn, n, &s);
        if (err != ERR_OK)
            return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
        if (s.confirmed_ms == 0) {
            s.confirmed_ms = cx->now_ms;
            err = put_step(cx, n, &s);
        }
    }
    if (!clock_sure(&m)) {
        m.by = by;
        m.by_ms = cx->now_ms;
    }
    m.confirmed = m.steps;
    return err == ERR_OK ? put_mark(cx, &m) : err;
}

/* ---- what a log is told ---- */

/* Steps of `told` to those of now. */
static enum err tell_steps(struct batch *cx, uint32_t told, struct entry_clock *c, bool *large)
{
    struct clock_step last, before = {.off_ms = 0};
    enum err err = clock_step_get(cx->txn, c->steps, &last);
    if (err == ERR_OK && told > 0)
        err = clock_step_get(cx->txn, told, &before);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    int64_t from_ms = last.to_ms - (last.off_ms - before.off_ms);
    c->to_ms = last.to_ms > 0 ? last.to_ms : 1;
    c->from_ms = from_ms > 0 ? from_ms < TIME_END_MS ? from_ms : TIME_END_MS - 1 : 1;
    *large |= last.large > told;
    return ERR_OK;
}

bool clock_untold(const struct batch *cx, struct log_clock told)
{
    return told.steps != cx->clock.steps || (told.unsure && clock_sure(&cx->clock));
}

enum err clock_tell(struct batch *cx, struct log_clock told, struct entry_clock *out)
{
    const struct clock_mark *m = &cx->clock;
    bool large = told.unsure;
    *out = (struct entry_clock){.steps = m->steps, .unsure = !clock_sure(m)};
    assert(told.steps <= m->steps);
    enum err err = m->steps > told.steps ? tell_steps(cx, told.steps, out, &large) : ERR_OK;
    if (err != ERR_OK || out->unsure || !large)
        return err;
    if (m->by == 0 || m->by > cx->catalog->n_parties)
        return ERR_CORRUPT;
    out->by = span_str(catalog_party_number(cx->catalog, m->by)->id);
    out->confirmed_ms = m->by_ms;
    return ERR_OK;
}
