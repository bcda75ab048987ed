/* Whether the rows' clock hangs in another zone. What it shows is compared with the zone of the contract and with UTC,
 * by quarters of an hour: the shift that most pairs of row and lead have, the smallest of several. */
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/base/when.h"
#include "common/reconcile/reconcile_private.h"

enum { QUARTERS = 26 * 4, SHIFTS = 2 * QUARTERS + 1 };

int64_t day_number(int64_t ms)
{
    return time_local_day(ms, 0);
}

int64_t lead_wall(const struct own_lead *l)
{
    return l->at_ms + l->offset_s * MS_PER_S;
}

int64_t row_wall(const struct own_row *w, const struct own_lead *l, int64_t offset_ms)
{
    if (w->form != WHEN_UNIVERSAL)
        return w->when_ms;
    return w->when_ms + (l != NULL ? l->offset_s * MS_PER_S : offset_ms);
}

static int64_t round_up(int64_t ms)
{
    int64_t q = ms / QUARTER_MS;
    return q * QUARTER_MS < ms ? q + 1 : q;
}

static int64_t nearest(int64_t ms)
{
    return round_up(ms - QUARTER_MS / 2);
}

/* The shifts, in quarters, by which a row agrees with a clock that shows `base`: [*from, *to]. A time agrees by one; a
 * day by all that lead into it. */
static void agrees_by(const struct own_row *w, const struct own_lead *l, int64_t base, int64_t *from, int64_t *to)
{
    int64_t wall = row_wall(w, l, 0);
    if (w->form == WHEN_DAY) {
        *from = round_up(wall - base);
        *to = round_up(wall + MS_PER_DAY - base) - 1;
    } else {
        *from = *to = nearest(wall - base);
    }
}

static int64_t base_of(const struct own_lead *l, bool universal)
{
    return universal ? l->at_ms : lead_wall(l);
}

/* How many agree by the best shift, in *quarters. */
static int64_t best_of(const struct reconcile *r, bool universal, int64_t *quarters)
{
    int64_t change[SHIFTS + 1] = {0}, votes[SHIFTS], sum = 0;
    for (size_t i = 0; i < r->n_rows; i++) {
        const struct own_row *w = &r->rows[i];
        int64_t from, to;
        if (w->pair == 0 || w->form == WHEN_NONE)
            continue;
        const struct own_lead *l = &r->leads[w->pair - 1];
        agrees_by(w, l, base_of(l, universal), &from, &to);
        if (to < -QUARTERS || from > QUARTERS)
            continue;
        change[(from < -QUARTERS ? -QUARTERS : from) + QUARTERS]++;
        change[(to > QUARTERS ? QUARTERS : to) + QUARTERS + 1]--;
    }
    for (int i = 0; i < SHIFTS; i++)
        votes[i] = sum += change[i];
    int64_t best = 0;
    for (int64_t away = 1; away <= QUARTERS; away++)
        for (int sign = -1; sign <= 1; sign += 2)
            if (votes[sign * away + QUARTERS] > votes[best + QUARTERS])
                best = sign * away;
    *quarters = best;
    return votes[best + QUARTERS];
}

void zone_find(struct reconcile *r)
{
    int64_t here, utc, pairs = 0;
    for (size_t i = 0; i < r->n_rows; i++)
        pairs += r->rows[i].pair != 0 && r->rows[i].form != WHEN_NONE;
    int64_t by_zone = best_of(r, false, &here), by_utc = best_of(r, true, &utc);
    int64_t votes = by_utc > by_zone ? by_utc : by_zone;
    if (votes * 2 < pairs || votes == 0)
        return; /* nothing that most rows have in common */
    r->universal_rows = by_utc > by_zone;
    r->shift_ms = (r->universal_rows ? utc : here) * QUARTER_MS;
}

bool zone_explains(const struct reconcile *r, const struct own_row *w, const struct own_lead *l)
{
    if (w->form == WHEN_NONE || (r->shift_ms == 0 && !r->universal_rows))
        return false;
    return day_number(lead_shown(r, l)) == day_number(row_wall(w, l, 0));
}

int64_t lead_shown(const struct reconcile *r, const struct own_lead *l)
{
    return base_of(l, r->universal_rows) + r->shift_ms;
}

int64_t row_instant(const struct reconcile *r, const struct own_row *w)
{
    if (w->form == WHEN_UNIVERSAL)
        return w->when_ms;
    return w->when_ms - r->shift_ms - (r->universal_rows ? 0 : r->last_offset_ms);
}

bool bound_over(const struct reconcile *r, int64_t at_ms, int64_t wall_ms)
{
    const struct bound *to = &r->asked.to;
    return to->given && (to->is_day ? day_number(wall_ms) > day_number(to->ms) : at_ms >= to->ms);
}

bool bound_under(const struct reconcile *r, int64_t at_ms, int64_t wall_ms)
{
    const struct bound *from = &r->asked.from;
    return from->given && (from->is_day ? day_number(wall_ms) < day_number(from->ms) : at_ms < from->ms);
}

bool bound_holds(const struct reconcile *r, int64_t at_ms, int64_t wall_ms)
{
    return !bound_under(r, at_ms, wall_ms) && !bound_over(r, at_ms, wall_ms);
}
