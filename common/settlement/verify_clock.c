/* Steps of the server's clock, as entries tell them. The operator writes them, and what crosses one is judged by fewer
 * rules: so each is told, with what crossed it; and what the server never does while a step waits for a person's word
 * is refused. */
#include <inttypes.h>

#include "common/settlement/verify_parts.h"

/* Between two leads with `clock_unsure` of one count of steps nobody confirmed the last one. */
static void wait_for_word(struct audit *a, uint64_t index, const struct entry *e)
{
    struct clock_told *c = &a->clock;
    bool by_itself =
        e->kind == ENTRY_STATEMENT || (e->kind == ENTRY_DISPOSITION && e->disposition.trust == TRUST_SYSTEM);
    if (by_itself && c->unsure && c->broke == 0)
        c->broke = index;
    if (e->kind == ENTRY_CLICK && e->click.clock_steps > c->unsure_steps)
        c->broke = 0;
    if (e->kind != ENTRY_LEAD)
        return;
    if (e->lead.clock_unsure && c->unsure && c->broke != 0 && e->lead.clock_steps == c->unsure_steps)
        finds_failure(&a->finding[CHECK_DECISIONS],
                      "entry %" PRIu64 " approves by itself or closes a period, while nobody had confirmed the clock, "
                      "as leads in front of it and behind it say",
                      c->broke);
    c->broke = 0;
    c->unsure_steps = e->lead.clock_steps;
    if (e->lead.clock_unsure && !c->unsure)
        c->period[c->n_periods++ % TOLD_MOST] = (struct clock_unsure){.from = index, .from_ms = entry_clock(e)};
    c->unsure = e->lead.clock_unsure;
    if (c->n_periods == 0)
        return;
    struct clock_unsure *p = &c->period[(c->n_periods - 1) % TOLD_MOST];
    p->leads += c->unsure;
    if (c->unsure || p->open) {
        p->to = index;
        p->to_ms = entry_clock(e);
    }
    p->open = c->unsure;
}

/* What began before a step and ends behind it. */
static void cross(struct audit *a, uint64_t began, const struct entry *e)
{
    struct clock_told *c = &a->clock;
    uint64_t kept = c->n_steps < TOLD_MOST ? c->n_steps : TOLD_MOST;
    for (uint64_t i = 0; i < kept; i++) {
        struct clock_step_told *s = &c->step[(c->n_steps - 1 - i) % TOLD_MOST];
        if (s->index <= began)
            return;
        s->leads += e->kind == ENTRY_LEAD;
        s->dispositions += e->kind == ENTRY_DISPOSITION;
        s->approvals += e->kind == ENTRY_DISPOSITION && e->disposition.trust == TRUST_SYSTEM;
    }
}

void verify_clock(struct audit *a, uint64_t index, const struct entry *e)
{
    uint32_t steps = e->kind == ENTRY_CLICK ? e->click.clock_steps : e->kind == ENTRY_LEAD ? e->lead.clock_steps : 0;
    if (steps > a->fold.clock_steps)
        a->clock.step[a->clock.n_steps++ % TOLD_MOST] = (struct clock_step_told){
            .index = index, .steps = steps, .before_ms = a->fold.clocked_ms, .at_ms = entry_clock(e)};
    if (e->kind == ENTRY_LEAD && e->lead.has_click && !e->lead.click_unrecorded)
        cross(a, e->lead.click, e);
    if (e->kind == ENTRY_DISPOSITION)
        cross(a, e->disposition.lead, e);
    wait_for_word(a, index, e);
}

/* ---- what is told ---- */

static void tell_step(struct audit *a, const struct clock_step_told *s)
{
    struct buf *text = tale_add(&a->tale, TOPIC_CLOCK);
    struct jw *w = &a->tale.w;
    int64_t apart_ms = s->at_ms - s->before_ms;
    buf_printf(text,
               "a step of the server's clock in front of entry %" PRIu64 " (with it %" PRIu32 " in all): it said ",
               s->index, s->steps);
    time_rfc3339(text, s->before_ms);
    buf_str(text, ", and behind the step ");
    time_rfc3339(text, s->at_ms);
    buf_str(text, ", ");
    verify_age(text, apart_ms < 0 ? -apart_ms : apart_ms);
    buf_printf(text, apart_ms < 0 ? " earlier" : " later");
    buf_printf(text,
               "; %" PRIu64 " lead%s of clicks in front of it, held at most, without the click window and the least "
               "wait; %" PRIu64 " disposition%s of leads in front of it (%" PRIu64
               " by the server itself), whose days were counted as the clock said them",
               s->leads, plural(s->leads), s->dispositions, plural(s->dispositions), s->approvals);
    jw_kint(w, "approvals", (int64_t)s->approvals);
    key_time(w, "at", s->at_ms);
    key_time(w, "before_at", s->before_ms);
    jw_kint(w, "dispositions", (int64_t)s->dispositions);
    jw_kint(w, "entry", (int64_t)s->index);
    jw_kint(w, "leads", (int64_t)s->leads);
    jw_kint(w, "steps", s->steps);
    jw_kstr(w, "what", SPAN("step"));
    tale_end(&a->tale);
}

static void tell_unsure(struct audit *a, const struct clock_unsure *p)
{
    struct buf *text = tale_add(&a->tale, TOPIC_CLOCK);
    struct jw *w = &a->tale.w;
    buf_printf(text, "nobody had confirmed a step from entry %" PRIu64 " of ", p->from);
    time_rfc3339(text, p->from_ms);
    buf_printf(text, p->open ? " on, up to the last lead, entry %" PRIu64 " of " : " to entry %" PRIu64 " of ", p->to);
    time_rfc3339(text, p->to_ms);
    buf_printf(text,
               "; %" PRIu64 " lead%s came meanwhile: no approval was asked for, and not whether the contract had begun "
               "or ended",
               p->leads, plural(p->leads));
    jw_kint(w, "entry", (int64_t)p->from);
    key_time(w, "from_at", p->from_ms);
    jw_kint(w, "leads", (int64_t)p->leads);
    jw_kbool(w, "open", p->open);
    jw_kint(w, "to", (int64_t)p->to);
    key_time(w, "to_at", p->to_ms);
    jw_kstr(w, "what", SPAN("unsure"));
    tale_end(&a->tale);
}

void verify_clock_tell(struct audit *a)
{
    struct clock_told *c = &a->clock;
    uint64_t steps = c->n_steps < TOLD_MOST ? c->n_steps : TOLD_MOST;
    uint64_t periods = c->n_periods < TOLD_MOST ? c->n_periods : TOLD_MOST;
    for (uint64_t i = c->n_steps - steps; i < c->n_steps; i++)
        tell_step(a, &c->step[i % TOLD_MOST]);
    for (uint64_t i = c->n_periods - periods; i < c->n_periods; i++)
        tell_unsure(a, &c->period[i % TOLD_MOST]);
}
