/* What is known of the clock. */
#include "common/base/bytes.h"
#include "common/base/when.h"
#include "server/check/check_private.h"
#include "server/commit/clock_rows.h"

enum { CLOCK_KEY_LEN = 4 };
#define MARK_NAME "row 00000000 of clock"

/* What does not read is told by prove_clock. */
void check_clock_open(struct check *c)
{
    if (clock_mark_get(c->txn, &c->clock) != ERR_OK)
        c->clock = (struct clock_mark){.steps = 0};
}

bool check_clock_day(struct check *c, uint32_t day)
{
    for (uint32_t n = 1; n <= c->clock.steps; n++) {
        struct clock_step s;
        if (clock_step_get(c->txn, n, &s) == ERR_OK && s.from_ms / MS_PER_DAY == day)
            return true;
    }
    return false;
}

/* Rows that do not read are told by prove_clock. */
bool check_clock_entry(struct check *c, const struct fold *f, const struct entry_clock *e)
{
    struct clock_step last, before = {.off_ms = 0};
    if (e->steps > c->clock.steps || (!span_empty(e->by) && catalog_party(c->catalog, e->by) == NULL))
        return false;
    if (e->steps <= f->clock_steps || clock_step_get(c->txn, e->steps, &last) != ERR_OK ||
        (f->clock_steps > 0 && clock_step_get(c->txn, f->clock_steps, &before) != ERR_OK))
        return true;
    bool waits = e->unsure || !span_empty(e->by);
    if (fold_clock_begins(f, e))
        return waits == (last.large > 0);
    return e->to_ms == last.to_ms && e->to_ms - e->from_ms == last.off_ms - before.off_ms &&
           waits == (f->clock_unsure || last.large > f->clock_steps);
}

/* Each adds up with those before it. */
static void adds_up(struct check *c, struct span key, const struct clock_step *before, uint32_t number,
                    const struct clock_step *s)
{
    if (s->off_ms != before->off_ms + s->to_ms - s->from_ms ||
        s->large != (clock_step_large(s) ? number : before->large))
        check_row_fails(c, TABLE_CLOCK, key, "does not add up with the steps before it");
}

/* `confirmed` of the mark are the first so many. */
static void step_row(struct check *c, enum table t, struct span key, struct span value)
{
    struct clock_step s;
    uint32_t number = load_be32(key.ptr);
    if (clock_step_read(value, &s) != ERR_OK)
        check_row_fails(c, t, key, "does not read");
    else if (number > c->clock.steps)
        check_row_fails(c, t, key, "is a step that " MARK_NAME " does not count");
    else if (s.confirmed_ms == 0 && (number <= c->clock.confirmed || !clock_step_large(&s)))
        check_row_fails(c, t, key,
                        "says otherwise than " MARK_NAME " whether it is confirmed, or waits for it in vain");
}

static void clock_row(struct check *c, enum table t, struct span key, struct span value)
{
    struct clock_mark m;
    if (key.len != CLOCK_KEY_LEN)
        check_row_fails(c, t, key, "does not read");
    else if (load_be32(key.ptr) != 0)
        step_row(c, t, key, value);
    else if (clock_mark_read(value, &m) != ERR_OK)
        check_row_fails(c, t, key, "does not read");
}

static void step_is_missing(struct check *c, struct span key)
{
    char name[ROW_NAME];
    table_row_name(TABLE_CLOCK, key, name);
    check_row_fails(c, TABLE_CLOCK, SPAN("\0\0\0\0"), "counts %s, which is missing", name);
}

void prove_clock(struct check *c)
{
    uint8_t mem[CLOCK_KEY_LEN];
    struct span row;
    struct clock_step s, before = {.off_ms = 0};
    check_each(c, TABLE_CLOCK, clock_row);
    for (uint32_t n = 1; n <= c->clock.steps; n++) {
        store_be32(mem, n);
        enum err err = check_get(c, TABLE_CLOCK, span_of(mem, sizeof mem), &row);
        if (err == ERR_NOT_FOUND)
            step_is_missing(c, span_of(mem, sizeof mem));
        if (err != ERR_OK)
            return;
        if (clock_step_read(row, &s) == ERR_OK) {
            adds_up(c, span_of(mem, sizeof mem), &before, n, &s);
            before = s;
        }
    }
    store_be32(mem, 0);
    if (c->clock_steps > c->clock.steps)
        check_row_fails(c, TABLE_CLOCK, span_of(mem, sizeof mem), "counts fewer steps than entries tell");
}
