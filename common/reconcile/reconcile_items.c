/* What is told of one row or lead: for people and for programs. */
#include <inttypes.h>

#include "common/base/money.h"
#include "common/base/text.h"
#include "common/base/utf8.h"
#include "common/base/when.h"
#include "common/reconcile/reconcile_private.h"

enum { SHOWN = 160 }; /* bytes of a key that are shown */

static void day_text(struct buf *out, int64_t wall_ms)
{
    struct buf text;
    char room[40];
    buf_fixed(&text, room, sizeof room);
    time_rfc3339(&text, wall_ms > 0 ? wall_ms : 0);
    buf_add(out, room, 10);
}

static void say_shift(const struct reconcile *r, struct buf *out)
{
    int64_t minutes = (r->shift_ms < 0 ? -r->shift_ms : r->shift_ms) / 60000;
    const char *of = r->universal_rows ? "UTC" : "the contract's zone";
    if (minutes == 0)
        buf_printf(out, "the rows' clock shows %s", of);
    else
        buf_printf(out, "the rows' clock is %" PRId64 ":%02d h %s %s", minutes / 60, (int)(minutes % 60),
                   r->shift_ms < 0 ? "behind" : "ahead of", of);
}

static void say_duplicate(const struct reconcile *r, const struct item *i, struct buf *out)
{
    if (i->of_row != 0)
        buf_printf(out, "%s %" PRIu64 " names the same lead", r->sheet.json ? "row" : "line", i->of_row - 1);
    else if (i->of_index != 0)
        buf_printf(out, "refused as a duplicate of the lead at entry %" PRIu64, i->of_index - 1);
    else
        buf_str(out, "refused as a duplicate of a lead in another contract of the campaign");
}

static void say_zone(const struct reconcile *r, const struct item *i, struct buf *out)
{
    say_shift(r, out);
    if (i->outcome == OUTCOME_DIFFERING)
        buf_str(out, ": by it the days are equal");
    else if (i->outcome == OUTCOME_MISSING_HERE)
        buf_str(out, ": the log has it on the other side of the period's end or beginning");
    else
        buf_str(out, ": by it the lead lies outside the period");
}

static void say_when(const struct item *i, struct buf *out)
{
    const char *order = i->cause == CAUSE_LATE ? "after" : "before";
    if (i->outcome == OUTCOME_MISSING_THERE) {
        buf_str(out, "the log received it after the last time in the rows");
    } else if (i->lead == NULL) {
        buf_str(out, "the row's time comes after the log's last entry");
    } else if (i->outcome == OUTCOME_MISSING_HERE) {
        buf_str(out, "the log received it on ");
        day_text(out, lead_wall(i->lead));
        buf_printf(out, ", %s the period", order);
    } else {
        buf_str(out, "the log received it on ");
        day_text(out, lead_wall(i->lead));
        buf_printf(out, ", %s the day in the row", order);
    }
}

static void say_unexplained(const struct item *i, struct buf *out)
{
    if (i->outcome == OUTCOME_MISSING_THERE)
        buf_str(out, "the log has it, and no row names it");
    else if (i->outcome == OUTCOME_MISSING_HERE)
        buf_str(out, "the log has no lead that the row's keys name");
    else
        buf_str(out, "the amounts differ, and nothing that is known explains it");
}

static void say_rejected(const struct item *i, struct buf *out)
{
    const char *reason = reason_word(i->lead->reason);
    buf_printf(out, "the log has it as %s%s%s", status_word(i->lead->status), reason[0] ? ": " : "", reason);
}

static void say_click(const struct item *i, struct buf *out)
{
    if (i->lead != NULL)
        say_rejected(i, out);
    else
        buf_printf(out, "its click id %s",
                   i->row->faults & KEY_FOREIGN_CLICK ? "is none of this contract" : "names no click of the log");
}

static void explain(const struct reconcile *r, const struct item *i, struct buf *out)
{
    switch (i->cause) {
    case CAUSE_DUPLICATE:
        say_duplicate(r, i, out);
        break;
    case CAUSE_BOT:
        if (i->lead != NULL)
            say_rejected(i, out);
        else
            buf_printf(out, "its click is of class %s", class_word(i->row->class));
        break;
    case CAUSE_UNKNOWN_CLICK:
        say_click(i, out);
        break;
    case CAUSE_REJECTED:
        say_rejected(i, out);
        break;
    case CAUSE_REFUSED:
        buf_printf(out, "the server refused it: %s", r->refusals[i->row->refusal - 1].reason);
        break;
    case CAUSE_STATE:
        buf_printf(out, "the log has it as %s (%s), the row as %s", status_word(i->lead->status),
                   own_state_word(lead_state(i->lead)),
                   i->row->state == STATE_UNTOLD ? "one that counts" : own_state_word(i->row->state));
        break;
    case CAUSE_ROUNDING:
        buf_printf(out, "the amounts differ by %" PRId64 " millionths, less than the smallest coin",
                   row_owed(i->row) - i->lead->micros);
        break;
    case CAUSE_CURRENCY:
        buf_printf(out, "the row is in %.3s, the contract in %.*s", r->currency[i->row->currency - 1],
                   (int)r->asked.currency.len, r->asked.currency.ptr);
        break;
    case CAUSE_ZONE:
        say_zone(r, i, out);
        break;
    case CAUSE_LATE:
    case CAUSE_EARLY:
        say_when(i, out);
        break;
    case CAUSE_UNEXPLAINED:
        say_unexplained(i, out);
        break;
    default: {
        static const char *const meanings[] = {
#define X(symbol, word, meaning) meaning,
            CAUSE_TABLE(X)
#undef X
        };
        buf_str(out, meanings[i->cause]);
    }
    }
}

/* ---- keys, as the rows and the log write them ---- */

static void key_text(struct reconcile *r, enum column c, struct buf *room, struct span *out)
{
    struct span cell;
    *out = SPAN("");
    if (r->column[c] < 0 || sheet_cell(&r->sheet, (size_t)r->column[c], &cell, NULL) != ERR_OK)
        return;
    cell = utf8_cut(cell, SHOWN);
    size_t at = room->len;
    buf_span_add(room, cell);
    *out = span_of(room->ptr + at, cell.len);
}

static void row_keys(struct reconcile *r, struct item *i, struct buf *room)
{
    buf_clear(room);
    buf_room(room, 4 * SHOWN); /* it does not move */
    if (sheet_at(&r->sheet, i->row->offset, i->row->number, NULL) != ERR_OK)
        return;
    key_text(r, COLUMN_TXID, room, &i->txid);
    key_text(r, COLUMN_CLICK, room, &i->click_id);
    if (i->lead == NULL)
        key_text(r, COLUMN_LEAD, room, &i->reference);
}

static void lead_reference(struct reconcile *r, struct item *i, struct buf *room)
{
    if (i->lead == NULL || r->asked.reference == NULL)
        return;
    size_t at = room->len;
    buf_room(room, 64 + 4 * SHOWN);
    r->asked.reference(r->asked.ctx, i->lead->index, room);
    i->reference = span_of(room->ptr + at, room->len - at);
}

static void of_which(const struct reconcile *r, struct item *i)
{
    if (i->cause != CAUSE_DUPLICATE)
        return;
    if (i->lead != NULL)
        i->of_index = i->lead->dup_here ? i->lead->dup + 1 : 0;
    else if (i->row->twin != 0)
        i->of_row = (uint64_t)r->rows[i->row->twin - 1].number + 1;
}

static void tell(struct reconcile *r, struct item *i, struct buf *room, item_take *take, void *ctx)
{
    i->txid = i->click_id = i->reference = SPAN("");
    i->of_row = i->of_index = 0;
    buf_clear(room);
    if (i->row != NULL)
        row_keys(r, i, room);
    else
        i->txid = utf8_cut(span_of(r->texts.ptr + i->lead->txid, i->lead->txid_len), SHOWN);
    lead_reference(r, i, room);
    of_which(r, i);
    buf_clear(&i->explained);
    explain(r, i, &i->explained);
    take(ctx, r, i);
}

void items_each(struct reconcile *r, uint64_t most, item_take *take, void *ctx)
{
    struct item i;
    struct buf room;
    uint64_t n = 0;
    buf_heap(&i.explained);
    buf_heap(&room);
    for (size_t k = 0; k < r->n_rows && n < most; k++) {
        const struct own_row *w = &r->rows[k];
        if (w->outside || w->outcome == OUTCOME_MATCHED)
            continue;
        i.outcome = w->outcome;
        i.cause = w->cause;
        i.row = w;
        i.lead = w->pair != 0 ? &r->leads[w->pair - 1] : NULL;
        i.differs = w->differs;
        tell(r, &i, &room, take, ctx);
        n++;
    }
    for (size_t k = 0; k < r->n_leads && n < most; k++) {
        const struct own_lead *l = &r->leads[k];
        if (!l->inside || l->row != 0)
            continue;
        i.outcome = l->outcome;
        i.cause = l->cause;
        i.row = NULL;
        i.lead = l;
        i.differs = 0;
        tell(r, &i, &room, take, ctx);
        n++;
    }
    buf_free(&i.explained);
    buf_free(&room);
}

static void say_amount(const struct reconcile *r, struct buf *out, wide_micros micros)
{
    decimal_add(out, (int64_t)micros, 6, currency_exponent(r->asked.currency));
}

void reconcile_say(const struct reconcile *r, struct buf *out)
{
    buf_printf(out, "in %.*s the log has ", (int)r->asked.currency.len, r->asked.currency.ptr);
    say_amount(r, out, r->log_micros);
    if (!has_amounts(r)) {
        buf_str(out, ", the rows name no amounts");
        return;
    }
    buf_str(out, ", the rows ");
    say_amount(r, out, r->row_micros);
    buf_str(out, ": a difference of ");
    say_amount(r, out, r->row_micros - r->log_micros);
}

void reconcile_say_sum(const struct reconcile *r, enum outcome o, enum cause c, struct buf *out)
{
    static const char *const meanings[] = {
#define X(symbol, word, meaning) meaning,
        CAUSE_TABLE(X)
#undef X
    };
    static const char *const classes[OUTCOMES] = {"matched", "differing", "missing here", "missing there"};
    buf_printf(out, "%" PRIu64 " %s: %s", r->n[o][c], classes[o], meanings[c]);
    if (!has_amounts(r))
        return;
    buf_str(out, "; the rows less the log: ");
    say_amount(r, out, r->delta[o][c]);
}
