/* What each row and each lead is, and why; and what they add up to. */
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/base/money.h"
#include "common/base/when.h"
#include "common/reconcile/reconcile_private.h"

enum { REFUSED_WITHIN_MS = 5000 };

/* ---- states ---- */

enum own_state lead_state(const struct own_lead *l)
{
    switch (l->status) {
    case STATUS_APPROVED:
    case STATUS_CONVERTED:
        return STATE_PAID;
    case STATUS_PENDING:
    case STATUS_HELD:
        return STATE_OPEN;
    default:
        return STATE_UNPAID;
    }
}

/* What the row says is paid: nothing where it says so, whatever amount stands beside it. */
int64_t row_owed(const struct own_row *w)
{
    return w->state == STATE_UNPAID ? 0 : w->micros;
}

bool has_amounts(const struct reconcile *r)
{
    return r->column[COLUMN_AMOUNT] >= 0 || r->column[COLUMN_MICROS] >= 0;
}

/* A row that says nothing of its state lists the lead as one that counts, unless it puts 0 beside it. */
static bool state_differs(const struct reconcile *r, const struct own_row *w, const struct own_lead *l)
{
    enum own_state log = lead_state(l);
    if (w->state != STATE_UNTOLD)
        return w->state != (uint8_t)log;
    return log == STATE_UNPAID && !(has_amounts(r) && w->micros == 0);
}

static unsigned differences(const struct reconcile *r, const struct own_row *w, const struct own_lead *l)
{
    unsigned d = 0;
    if (state_differs(r, w, l))
        d |= DIFFERS_STATE;
    if (w->currency != 0)
        d |= DIFFERS_CURRENCY;
    else if (has_amounts(r) && row_owed(w) != l->micros)
        d |= DIFFERS_AMOUNT;
    if (w->form != WHEN_NONE && day_number(row_wall(w, l, 0)) != day_number(lead_wall(l)))
        d |= DIFFERS_DAY;
    return d;
}

/* ---- why ---- */

/* Of a lead that is not paid; CAUSE_NONE of others. */
static enum cause unpaid_cause(const struct own_lead *l)
{
    if (l->test)
        return CAUSE_TEST;
    if (l->status == STATUS_DUPLICATE)
        return CAUSE_DUPLICATE;
    if (lead_state(l) != STATE_UNPAID)
        return CAUSE_NONE;
    switch (l->status == STATUS_REJECTED ? (enum reason)l->reason : REASON_NONE) {
    case REASON_BOT:
    case REASON_HONEYPOT:
        return CAUSE_BOT;
    case REASON_NO_CLICK:
    case REASON_UNKNOWN_CLICK:
    case REASON_UNRECORDED:
        return CAUSE_UNKNOWN_CLICK;
    default:
        return CAUSE_REJECTED;
    }
}

static bool is_nearly(const struct reconcile *r, int64_t a, int64_t b)
{
    return a - b < r->unit_micros && b - a < r->unit_micros;
}

static enum cause amount_cause(const struct reconcile *r, const struct own_row *w, const struct own_lead *l)
{
    if (is_nearly(r, row_owed(w), l->micros))
        return CAUSE_ROUNDING;
    return l->sale_micros != 0 && is_nearly(r, row_owed(w), l->micros - l->sale_micros) ? CAUSE_SALE
                                                                                        : CAUSE_UNEXPLAINED;
}

/* What weighs most comes first: whether it is paid at all, in which money, how much, when. */
static enum cause differing_cause(const struct reconcile *r, const struct own_row *w, const struct own_lead *l,
                                  unsigned differs)
{
    if (differs & DIFFERS_STATE) {
        enum cause c = unpaid_cause(l);
        return c != CAUSE_NONE ? c : CAUSE_STATE;
    }
    if (differs & DIFFERS_CURRENCY)
        return CAUSE_CURRENCY;
    if (differs & DIFFERS_AMOUNT)
        return amount_cause(r, w, l);
    if (zone_explains(r, w, l))
        return CAUSE_ZONE;
    return day_number(row_wall(w, l, 0)) < day_number(lead_wall(l)) ? CAUSE_LATE : CAUSE_EARLY;
}

/* The lead is in the log, and not in the period. */
static enum cause outside_cause(const struct reconcile *r, const struct own_row *w, const struct own_lead *l)
{
    if (zone_explains(r, w, l))
        return CAUSE_ZONE;
    return bound_over(r, l->at_ms, lead_wall(l)) ? CAUSE_LATE : CAUSE_EARLY;
}

static enum cause click_cause(const struct own_row *w)
{
    if (w->faults & KEY_FOREIGN_CLICK)
        return CAUSE_UNKNOWN_CLICK;
    if (w->click == 0)
        return CAUSE_NONE;
    switch (w->class) {
    case NO_CLASS:
        return CAUSE_UNKNOWN_CLICK;
    case CLASS_BOT:
    case CLASS_DATACENTER:
    case CLASS_PREFETCH:
    case CLASS_EMBEDDED:
        return CAUSE_BOT;
    case CLASS_TEST:
        return CAUSE_TEST;
    default:
        return CAUSE_NONE;
    }
}

static enum cause alone_cause(const struct reconcile *r, const struct own_row *w, int64_t last_ms)
{
    bool named = w->lead != 0 || w->txid[0] != 0 || w->click != 0 || (w->faults & ~KEY_MACRO) != 0;
    enum cause c;
    if (w->twin != 0)
        return CAUSE_DUPLICATE;
    if (!named && w->faults & KEY_MACRO)
        return CAUSE_LITERAL_MACRO;
    if (w->refused)
        return CAUSE_REFUSED;
    if (w->lead != 0 || w->faults & KEY_FOREIGN_LEAD)
        return CAUSE_UNKNOWN_LEAD;
    if ((c = click_cause(w)) != CAUSE_NONE)
        return c;
    if (w->faults & KEY_UNOPENED)
        return CAUSE_NOT_JUDGED;
    if (!named)
        return CAUSE_NO_KEY;
    return w->form != WHEN_NONE && row_instant(r, w) > last_ms ? CAUSE_LATE : CAUSE_UNEXPLAINED;
}

static bool is_edge(const struct reconcile *r, const struct own_lead *l)
{
    int64_t moved = lead_shown(r, l) - lead_wall(l);
    return moved != 0 && !bound_holds(r, l->at_ms + moved, lead_wall(l) + moved);
}

static enum cause missing_there_cause(const struct reconcile *r, const struct own_lead *l)
{
    enum cause c = unpaid_cause(l);
    if (c != CAUSE_NONE)
        return c;
    if (is_edge(r, l))
        return CAUSE_ZONE;
    bool behind = r->newest_ms != 0 && lead_shown(r, l) > r->newest_ms;
    return behind && !r->asked.to.given ? CAUSE_LATE : CAUSE_UNEXPLAINED;
}

/* ---- what was refused ---- */

struct candidate {
    int64_t at_ms;
    uint32_t row;
};

static int candidate_order(const void *x, const void *y)
{
    const struct candidate *a = x, *b = y;
    if (a->at_ms != b->at_ms)
        return a->at_ms < b->at_ms ? -1 : 1;
    return a->row < b->row ? -1 : a->row > b->row;
}

static void take_refusal(struct reconcile *r, struct own_row *w, size_t which)
{
    w->refused = true;
    w->refusal = (uint32_t)which + 1;
    r->refusals[which].used = true;
}

/* Rows with a time that nothing else explains, in its order. */
static struct candidate *candidates(const struct reconcile *r, int64_t last_ms, size_t *n)
{
    struct candidate *of = xmalloc((r->n_rows + 1) * sizeof *of);
    *n = 0;
    for (size_t i = 0; i < r->n_rows; i++) {
        const struct own_row *w = &r->rows[i];
        if (w->pair != 0 || w->outside || w->refused || (w->form != WHEN_WALL && w->form != WHEN_UNIVERSAL))
            continue;
        if (alone_cause(r, w, last_ms) != CAUSE_UNEXPLAINED)
            continue;
        of[(*n)++] = (struct candidate){row_instant(r, w), (uint32_t)i};
    }
    if (*n > 0)
        qsort(of, *n, sizeof *of, candidate_order);
    return of;
}

/* By the id of the answer; else by the time: each refusal is one row's, the nearest within a few seconds. */
static void find_refused(struct reconcile *r, int64_t last_ms)
{
    for (size_t i = 0; i < r->n_refusals; i++) {
        uint64_t id = r->refusals[i].request;
        const struct key *k = id != 0 ? keys_find(&r->by_request, 0, id) : NULL;
        for (; k != NULL && key_is(&r->by_request, k, 0, id) && !r->refusals[i].used; k++)
            if (r->rows[k->row].pair == 0 && !r->rows[k->row].refused)
                take_refusal(r, &r->rows[k->row], i);
    }
    size_t n;
    struct candidate *of = candidates(r, last_ms, &n);
    for (size_t i = 0; i < r->n_refusals; i++) {
        int64_t at_ms = r->refusals[i].at_ms;
        size_t from = 0, to = n, best = n;
        while (from < to) {
            size_t mid = from + (to - from) / 2;
            if (of[mid].at_ms < at_ms - REFUSED_WITHIN_MS)
                from = mid + 1;
            else
                to = mid;
        }
        for (; from < n && of[from].at_ms <= at_ms + REFUSED_WITHIN_MS && !r->refusals[i].used; from++)
            if (!r->rows[of[from].row].refused &&
                (best == n || llabs(of[from].at_ms - at_ms) < llabs(of[best].at_ms - at_ms)))
                best = from;
        if (best < n)
            take_refusal(r, &r->rows[of[best].row], i);
    }
    free(of);
}

/* ---- adding up ---- */

static struct day_sum *day_at(struct reconcile *r, int64_t day)
{
    size_t from = 0, to = r->n_days;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        if (r->days[mid].day < day)
            from = mid + 1;
        else
            to = mid;
    }
    if (from < r->n_days && r->days[from].day == day)
        return &r->days[from];
    if (r->n_days == r->days_room) {
        r->days_room = 2 * r->days_room + 64;
        r->days = xrealloc(r->days, r->days_room * sizeof *r->days);
    }
    memmove(&r->days[from + 1], &r->days[from], (r->n_days - from) * sizeof *r->days);
    r->n_days++;
    r->days[from] = (struct day_sum){.day = day};
    return &r->days[from];
}

static void count(struct reconcile *r, enum outcome o, enum cause c, int64_t row_micros, int64_t log_micros)
{
    r->n[o][c]++;
    r->delta[o][c] += row_micros - log_micros;
}

/* In the contract's currency: what the row says is paid. */
static int64_t add_row(struct reconcile *r, const struct own_row *w, const struct own_lead *l)
{
    int64_t day = w->form != WHEN_NONE ? day_number(row_wall(w, l, r->last_offset_ms))
                  : l != NULL          ? day_number(lead_wall(l))
                                       : DAY_NONE;
    struct day_sum *d = day_at(r, day);
    r->n_own++;
    d->n[1]++;
    r->n_foreign[w->currency]++;
    r->foreign[w->currency] += row_owed(w);
    if (w->currency != 0 || !has_amounts(r))
        return 0;
    d->micros[1] += row_owed(w);
    r->row_micros += row_owed(w);
    return row_owed(w);
}

static void take_row(struct reconcile *r, struct own_row *w, int64_t last_ms)
{
    const struct own_lead *l = w->pair != 0 ? &r->leads[w->pair - 1] : NULL;
    if (w->outside) {
        r->n_outside++;
        return;
    }
    if (l != NULL && l->inside) {
        w->differs = (uint8_t)differences(r, w, l);
        w->outcome = w->differs ? OUTCOME_DIFFERING : OUTCOME_MATCHED;
        w->cause = (uint8_t)(w->differs ? differing_cause(r, w, l, w->differs) : CAUSE_NONE);
    } else {
        w->outcome = OUTCOME_MISSING_HERE;
        w->cause = (uint8_t)(l != NULL ? outside_cause(r, w, l) : alone_cause(r, w, last_ms));
    }
    int64_t own = add_row(r, w, l);
    count(r, w->outcome, w->cause, own, l != NULL && l->inside && has_amounts(r) ? l->micros : 0);
}

static void take_lead(struct reconcile *r, struct own_lead *l)
{
    struct day_sum *d = day_at(r, day_number(lead_wall(l)));
    r->n_log++;
    d->n[0]++;
    d->micros[0] += l->micros;
    r->log_micros += l->micros;
    if (l->row != 0)
        return;
    l->outcome = OUTCOME_MISSING_THERE;
    l->cause = (uint8_t)missing_there_cause(r, l);
    count(r, OUTCOME_MISSING_THERE, l->cause, 0, has_amounts(r) ? l->micros : 0);
}

/* A file may go further than the period: its rows of other days are not looked at, unless their lead is in it. What is
 * written to the minute, or cut to the second, was before the end of its minute. */
static void find_outside(struct reconcile *r)
{
    enum { MINUTE_MS = 60000 };
    for (size_t i = 0; i < r->n_rows; i++) {
        struct own_row *w = &r->rows[i];
        const struct own_lead *l = w->pair != 0 ? &r->leads[w->pair - 1] : NULL;
        if (w->form == WHEN_NONE)
            continue;
        int64_t wall = row_wall(w, l, r->last_offset_ms);
        int64_t offset = l != NULL ? l->offset_s * MS_PER_S : r->last_offset_ms;
        int64_t end = w->form == WHEN_DAY ? wall + MS_PER_DAY - 1 : wall;
        bool touches = !bound_under(r, end - offset, end) && !bound_over(r, wall - offset, wall);
        w->outside = !touches && !(l != NULL && l->inside);
        end += MINUTE_MS - 1 - end % MINUTE_MS;
        if (end > r->newest_ms && !w->outside)
            r->newest_ms = end;
    }
}

static bool fits(wide_micros v)
{
    return v <= MONEY_MAX_MICROS && v >= -MONEY_MAX_MICROS;
}

static bool sums_fit(const struct reconcile *r)
{
    bool all = fits(r->log_micros) && fits(r->row_micros) && fits(r->row_micros - r->log_micros);
    for (int o = 0; o < OUTCOMES; o++)
        for (int c = 0; c < CAUSES; c++)
            all = all && fits(r->delta[o][c]);
    for (size_t i = 0; i <= r->n_currencies; i++)
        all = all && fits(r->foreign[i]);
    for (size_t i = 0; i < r->n_days; i++)
        all = all && fits(r->days[i].micros[0]) && fits(r->days[i].micros[1]);
    return all;
}

enum err reconcile_end(struct reconcile *r, int64_t last_ms, struct problem *p)
{
    zone_find(r);
    find_outside(r);
    find_refused(r, last_ms);
    for (size_t i = 0; i < r->n_rows; i++)
        take_row(r, &r->rows[i], last_ms);
    for (size_t i = 0; i < r->n_leads; i++)
        if (r->leads[i].inside)
            take_lead(r, &r->leads[i]);
    wide_micros sum = 0;
    for (int o = 0; o < OUTCOMES; o++)
        for (int c = 0; c < CAUSES; c++)
            sum += r->delta[o][c];
    assert(sum == (has_amounts(r) ? r->row_micros - r->log_micros : 0));
    if (!sums_fit(r))
        return problem(p, ERR_INVALID, "", "adds up to more than " MONEY_MAX_TEXT ": take a shorter period");
    return ERR_OK;
}

struct reconcile_sum reconcile_sum(const struct reconcile *r, enum outcome o, enum cause c)
{
    return (struct reconcile_sum){r->n[o][c], (int64_t)r->delta[o][c]};
}

uint64_t reconcile_count(const struct reconcile *r, enum outcome o)
{
    uint64_t n = 0;
    for (int c = 0; c < CAUSES; c++)
        n += r->n[o][c];
    return n;
}
