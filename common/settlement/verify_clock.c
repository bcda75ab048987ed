/* Steps of the server's clock, as `clock` entries tell them. The operator writes them, and what crosses one is judged
 * by fewer rules: so each is told, with what crossed it, and all of it in one line. */
#include <inttypes.h>
#include <stdio.h>

#include "common/base/when.h"
#include "common/settlement/verify_parts.h"

/* What began at entry `began` and ends with this one, behind all that were told. */
static bool cross(struct clock_told *c, uint64_t began, const struct entry *e)
{
    for (uint64_t i = c->n; i-- > 0;) {
        if (!told_of(i, c->n + 1)) { /* over those that are not kept */
            i = TOLD_FIRST;
            continue;
        }
        struct clock_entry_told *s = &c->entry[told_slot(i)];
        if (s->index <= began)
            break;
        s->leads += e->kind == ENTRY_LEAD;
        s->dispositions += e->kind == ENTRY_DISPOSITION;
        s->approvals += e->kind == ENTRY_DISPOSITION && e->disposition.trust == TRUST_SYSTEM;
    }
    return c->n > 0 && c->last_step > began;
}

static void take_clock(struct clock_told *c, uint64_t index, const struct entry *e, const struct fold *f)
{
    struct clock_entry_told *s = &c->entry[told_slot(c->n++)];
    const struct entry_clock *k = &e->clock;
    *s = (struct clock_entry_told){.index = index,
                                   .steps = k->steps,
                                   .fresh = k->steps - f->clock_steps,
                                   .before = fold_clock_begins(f, k),
                                   .from_ms = k->from_ms,
                                   .to_ms = k->to_ms,
                                   .unsure = k->unsure,
                                   .confirmed_ms = k->confirmed_ms};
    snprintf(s->by, sizeof s->by, "%.*s", (int)k->by.len, k->by.ptr);
    if (s->fresh > 0)
        c->last_step = index;
}

void verify_clock(struct audit *a, uint64_t index, const struct entry *e)
{
    struct clock_told *c = &a->clock;
    if (!fold_clock(&a->fold, e)) {
        finds_failure(&a->finding[CHECK_ENTRIES],
                      e->kind == ENTRY_CLOCK ? "entry %" PRIu64
                                               " tells of a step of the clock, or its confirmation, that cannot follow "
                                               "what was told before"
                      : e->kind == ENTRY_CLICK || e->kind == ENTRY_LEAD
                          ? "entry %" PRIu64 " says of steps of the clock otherwise than the clock entries in front of "
                            "it: how long its lead took is not unknown by a step that is told"
                          : "entry %" PRIu64 " approves by itself or closes a period, while nobody had confirmed the "
                            "clock",
                      index);
        return;
    }
    if (e->kind == ENTRY_CLOCK)
        take_clock(c, index, e, &a->fold);
    if (e->kind == ENTRY_CLOCK && a->joined && a->asked->campaign != NULL &&
        e->clock.steps == a->fold.clock_steps + 1 && !fold_clock_begins(&a->fold, &e->clock))
        campaign_clock(a->asked->campaign, index, &e->clock);
    if (e->kind == ENTRY_LEAD) {
        bool crossed = e->lead.has_click && !e->lead.click_unrecorded ? cross(c, e->lead.click, e)
                                                                      : e->lead.click_unrecorded && c->n > 0;
        c->leads += crossed;
        c->held += crossed && e->lead.status == STATUS_HELD;
        c->meanwhile += e->lead.clock_unsure;
    }
    if (e->kind == ENTRY_DISPOSITION && cross(c, e->disposition.lead, e)) {
        c->dispositions++;
        c->approvals += e->disposition.trust == TRUST_SYSTEM;
    }
}

/* ---- what is told ---- */

static void tell_step(struct buf *text, const struct clock_entry_told *s)
{
    int64_t off_ms = s->to_ms - s->from_ms;
    if (s->before) {
        buf_printf(text, "%" PRIu32 " step%s of the server's clock before this log began, which crossed nothing in it",
                   s->fresh, plural(s->fresh));
        return;
    }
    if (s->fresh == 1)
        buf_printf(text, "a step of the server's clock, number %" PRIu32, s->steps);
    else
        buf_printf(text, "%" PRIu32 " steps of the server's clock, up to number %" PRIu32, s->fresh, s->steps);
    buf_printf(text, ", in front of entry %" PRIu64 ": it should have said ", s->index + 1);
    time_rfc3339(text, s->from_ms);
    buf_str(text, " and said ");
    time_rfc3339(text, s->to_ms);
    buf_str(text, ", ");
    verify_age(text, off_ms < 0 ? -off_ms : off_ms);
    buf_str(text, off_ms < 0 ? " earlier" : " later");
    buf_printf(text,
               "; %" PRIu64 " lead%s of clicks in front of it, held at most, without the click window and the least "
               "wait; %" PRIu64 " disposition%s of leads in front of it (%" PRIu64
               " by the server itself), whose days were counted as the clock said them",
               s->leads, plural(s->leads), s->dispositions, plural(s->dispositions), s->approvals);
}

static void tell_entry(struct audit *a, const struct clock_entry_told *s)
{
    struct buf *text = tale_add(&a->tale, TOPIC_CLOCK);
    struct jw *w = &a->tale.w;
    if (s->fresh > 0)
        tell_step(text, s);
    else
        buf_printf(text, "entry %" PRIu64, s->index);
    if (s->unsure)
        buf_str(text, "; nobody had confirmed it then");
    if (s->by[0]) {
        buf_printf(text, "%s operator %s confirmed the clock at ", s->fresh > 0 ? ";" : ":", s->by);
        time_rfc3339(text, s->confirmed_ms);
    }
    jw_kint(w, "approvals", (int64_t)s->approvals);
    if (s->by[0]) {
        jw_kstr(w, "by", span_str(s->by));
        key_time(w, "confirmed_at", s->confirmed_ms);
    }
    jw_kint(w, "dispositions", (int64_t)s->dispositions);
    jw_kint(w, "entry", (int64_t)s->index);
    if (s->fresh > 0)
        key_time(w, "from_at", s->from_ms);
    jw_kint(w, "leads", (int64_t)s->leads);
    jw_kint(w, "new", s->fresh);
    jw_kint(w, "steps", s->steps);
    if (s->fresh > 0)
        key_time(w, "to_at", s->to_ms);
    jw_kbool(w, "unsure", s->unsure);
    jw_kstr(w, "what", s->before ? SPAN("before") : s->fresh > 0 ? SPAN("step") : SPAN("confirmed"));
    tale_end(&a->tale);
}

static void tell_all(struct audit *a)
{
    struct clock_told *c = &a->clock;
    struct buf *text = tale_add(&a->tale, TOPIC_CLOCK);
    struct jw *w = &a->tale.w;
    buf_printf(text,
               "on %" PRIu32 " step%s of the clock hung: %" PRIu64
               " lead%s whose time from the click is unknown, %" PRIu64 " of them held; %" PRIu64
               " lead%s that came while nobody had confirmed one; %" PRIu64
               " disposition%s of leads in front of one, %" PRIu64 " of them by the server itself",
               a->fold.clock_steps, plural(a->fold.clock_steps), c->leads, plural(c->leads), c->held, c->meanwhile,
               plural(c->meanwhile), c->dispositions, plural(c->dispositions), c->approvals);
    jw_kint(w, "approvals", (int64_t)c->approvals);
    jw_kint(w, "dispositions", (int64_t)c->dispositions);
    jw_kint(w, "entries", (int64_t)c->n);
    jw_kint(w, "held", (int64_t)c->held);
    jw_kint(w, "leads", (int64_t)c->leads);
    jw_kint(w, "steps", a->fold.clock_steps);
    jw_kint(w, "unsure_leads", (int64_t)c->meanwhile);
    jw_kstr(w, "what", SPAN("all"));
    tale_end(&a->tale);
}

void verify_clock_tell(struct audit *a)
{
    const struct clock_told *c = &a->clock;
    for (uint64_t i = 0; i < c->n; i++)
        if (told_of(i, c->n + 1)) /* their sum is one fact more */
            tell_entry(a, &c->entry[told_slot(i)]);
        else
            a->tale.n[TOPIC_CLOCK]++;
    if (c->n > 0)
        tell_all(a);
}
