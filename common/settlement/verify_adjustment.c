/* Corrections in money: each as it was made, and who agreed to it. */
#include <inttypes.h>

#include "common/base/money.h"
#include "common/base/utf8.h"
#include "common/base/when.h"
#include "common/settlement/statement_text.h"
#include "common/settlement/verify_parts.h"

static void not_one(struct audit *a, uint64_t index, const struct problem *why)
{
    finds_failure(&a->finding[CHECK_ENTRIES],
                  "entry %" PRIu64 " is no adjustment that can stand there: its %.40s %.120s", index,
                  why->field[0] != '\0' ? why->field : "contract", why->detail);
    a->stopped = true;
}

/* What it is about: the statement that it cites, or else the one on which its lead stood. *out NULL: none so far. */
static MUST_CHECK enum err about(struct audit *a, const struct entry_adjustment *m, struct closed **out)
{
    struct settled_row stood;
    *out = span_empty(m->statement) ? NULL : audit_closed(a, m->statement);
    if (!span_empty(m->statement) || m->lead == 0)
        return ERR_OK;
    enum err err = row_stood(a->fold.view, a->fold.cx.contract, m->lead, a->fold.period.from, &stood);
    if (err == ERR_OK)
        *out = audit_closed(a, span_str(stood.id));
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

static void amount(struct buf *text, struct span currency, int64_t micros)
{
    buf_str(text, micros > 0 ? "+" : "");
    decimal_add(text, micros, 6, currency_exponent(currency));
    buf_printf(text, " %.*s", (int)currency.len, currency.ptr);
}

void verify_adjustment(struct audit *a, uint64_t index, const struct entry *e)
{
    const struct entry_adjustment *m = &e->adjustment;
    struct problem why = {0};
    struct closed *of = NULL;
    enum err err = fold_adjustment(&a->fold, e, &why);
    if (err == ERR_OK && !span_empty(m->statement) && audit_closed(a, m->statement) == NULL)
        err = problem(&why, ERR_INVALID, "statement", "is none of this log so far");
    if (err == ERR_OK)
        err = about(a, m, &of);
    if (audit_untold(a, CHECK_ENTRIES, index, err))
        return;
    if (err != ERR_OK) {
        not_one(a, index, &why);
        return;
    }
    a->movable++;
    struct buf *text = tale_add(&a->tale, TOPIC_ADJUSTMENT);
    struct jw *w = &a->tale.w;
    buf_printf(text, "entry %" PRIu64 " of ", index);
    time_rfc3339(text, e->at_ms);
    buf_printf(text, " by operator %.*s: ", (int)m->by.len, m->by.ptr);
    amount(text, a->fold.terms->currency, m->micros);
    if (m->lead > 0)
        buf_printf(text, " for lead %" PRIu64, m->lead);
    if (of != NULL)
        buf_printf(text, "%s statement %s", m->lead > 0 ? " of" : " for", of->id);
    buf_str(text, m->on_assent ? ", counts once both parties have assented, "
                               : ", counts at once, by the operator's word alone, ");
    verify_reason(text, m->reason);
    jw_kbool(w, "asks_assent", m->on_assent);
    key_time(w, "at", e->at_ms);
    jw_kstr(w, "by", m->by);
    jw_kint(w, "entry", (int64_t)index);
    if (m->lead > 0)
        jw_kint(w, "lead", (int64_t)m->lead);
    jw_kint(w, "micros", m->micros);
    jw_kstr(w, "reason", m->reason);
    if (of != NULL)
        jw_kstr(w, "statement", span_str(of->id));
    tale_end(&a->tale);
}

void verify_adjustment_assent(struct audit *a, uint64_t index, const struct entry *e)
{
    const struct entry_assent *s = &e->assent;
    bool publisher = span_is(s->party, a->publisher);
    a->movable++;
    struct buf *text = tale_add(&a->tale, TOPIC_ADJUSTMENT);
    struct jw *w = &a->tale.w;
    buf_printf(text, "to that of entry %" PRIu64 " the %s %.*s assented by its own key, entry %" PRIu64 " of ",
               s->adjustment, publisher ? "publisher" : "advertiser", (int)s->party.len, s->party.ptr, index);
    time_rfc3339(text, e->at_ms);
    buf_str(text, s->payable_micros != 0 ? ": both have, and it counts from there" : "; the other party's is awaited");
    jw_kint(w, "adjustment", (int64_t)s->adjustment);
    key_time(w, "at", e->at_ms);
    jw_kbool(w, "counts", s->payable_micros != 0);
    jw_kint(w, "entry", (int64_t)index);
    jw_kstr(w, "party", s->party);
    tale_end(&a->tale);
}

/* ---- what corrects a statement ---- */

void verify_corrections(struct audit *a, const struct statement *said)
{
    const json_t *x, *id;
    size_t i;
    json_array_foreach((json_t *)said->adjustments, i, x)
    {
        if ((id = json_object_get(x, "statement")) == NULL)
            continue;
        struct closed *c = audit_closed(a, span_of(json_string_value(id), json_string_length(id)));
        if (c != NULL)
            correction_sums_add(&c->since, json_object_get(x, "adjustment") != NULL,
                                json_integer_value(json_object_get(x, "micros")));
    }
}

static void take_open(void *ctx, const struct open_correction *x)
{
    struct closed *c = audit_closed(ctx, span_str(x->statement));
    if (c != NULL)
        correction_sums_add(&c->since, x->is_adjustment, x->micros);
}

void verify_corrections_open(struct audit *a)
{
    if (corrections_open(a->fold.view, a->fold.cx.contract, a->fold.period.from, take_open, a) != ERR_OK)
        finds_doubt(&a->finding[CHECK_STATEMENTS], "what corrects statements, and is on none so far, does not read");
}
