/* The life of a lead after its decision: which status may follow which, and when. */
#include <assert.h>
#include <stdio.h>

#include "common/base/when.h"
#include "common/decisions/decide.h"

/* What a transition asks. Both times are the lead's own return_days, of the terms that it was decided by. */
enum {
    IN_TIME = 1,      /* not longer after it became payable first */
    BACK_IN_TIME = 2, /* reinstates: not longer after it was refused or returned; the advertiser's alone */
    FIRST_AMOUNT = 4  /* says what the sale was, which nobody has said so far: else it is what the lead is already */
};

static const struct transition {
    enum status from, to;
    unsigned asks;
} transitions[] = {
    {STATUS_PENDING, STATUS_APPROVED, 0},
    {STATUS_PENDING, STATUS_REJECTED, 0},
    {STATUS_PENDING, STATUS_CONVERTED, 0},
    {STATUS_HELD, STATUS_APPROVED, 0},
    {STATUS_HELD, STATUS_REJECTED, 0},
    {STATUS_HELD, STATUS_CONVERTED, 0},
    {STATUS_APPROVED, STATUS_RETURNED, IN_TIME},
    {STATUS_APPROVED, STATUS_CONVERTED, 0},
    {STATUS_CONVERTED, STATUS_RETURNED, IN_TIME},
    {STATUS_CONVERTED, STATUS_CONVERTED, FIRST_AMOUNT},
    {STATUS_REJECTED, STATUS_APPROVED, BACK_IN_TIME},
    {STATUS_DUPLICATE, STATUS_APPROVED, BACK_IN_TIME},
    {STATUS_RETURNED, STATUS_APPROVED, BACK_IN_TIME},
};
enum { TRANSITIONS = sizeof transitions / sizeof *transitions };

/* A test is no lead, whoever would have it back. */
static const struct transition *transition(const struct lead_row *lead, enum status to)
{
    for (size_t i = 0; i < TRANSITIONS && lead->reason != REASON_TEST; i++)
        if (transitions[i].from == lead->status && transitions[i].to == to)
            return &transitions[i];
    return NULL;
}

/* A lead is what it becomes, and nothing is added. */
static bool is_same(const struct lead_row *lead, const struct disposition_report *r)
{
    const struct transition *step = transition(lead, r->status);
    bool adds = step != NULL && step->asks & FIRST_AMOUNT && !lead->sold && r->amount_micros > 0;
    return lead->status == r->status && !adds;
}

bool disposition_status(enum status to)
{
    for (size_t i = 0; i < TRANSITIONS; i++)
        if (transitions[i].to == to)
            return true;
    return false;
}

static enum err not_in_table(const struct lead_row *lead, enum status to, struct problem *p)
{
    char allowed[64] = "";
    for (size_t i = 0, n = 0; i < TRANSITIONS; i++)
        if (transitions[i].to != lead->status && transition(lead, transitions[i].to) == &transitions[i])
            n += (size_t)snprintf(allowed + n, sizeof allowed - n, "%s%s", n ? " or " : "",
                                  status_word(transitions[i].to));
    return problem(p, ERR_CONFLICT, "status", "the lead is %s and cannot become %s: it can become %s",
                   status_word(lead->status), status_word(to), *allowed ? allowed : "nothing else");
}

bool sale_share(const struct lead_row *lead, int64_t amount_micros, int64_t *micros)
{
    wide_micros share = (wide_micros)amount_micros * lead->sale_ppm / 1000000;
    if (share >= 0 && share <= MONEY_MAX_MICROS && lead->share.to)
        share = share_micros((int64_t)share, lead->share.from, lead->share.to);
    if (amount_micros < 0 || lead->payout_micros + share > STATEMENT_MOST_MICROS)
        return false;
    *micros = (int64_t)share;
    return true;
}

/* A lead that is sold before anybody approved it is payable by that. What a sale pays goes as it came. */
static int64_t payable_change(const struct lead_row *lead, enum status to, int64_t sale_micros)
{
    return (status_payable(to) - status_payable(lead->status)) * lead->payout_micros + sale_micros - lead->sale_micros;
}

static enum err reinstate(const struct lead_row *lead, const struct disposition_facts *f, int64_t now_ms,
                          struct problem *p)
{
    if (!f->advertiser)
        return problem(p, ERR_FORBIDDEN, "", "only the campaign's advertiser may take a %s lead back",
                       status_word(lead->status));
    if (now_ms - lead->changed_ms > lead->return_days * MS_PER_DAY)
        return problem(p, ERR_CONFLICT, "status",
                       "the lead has been %s for more than %lld days: the time to take that back is over",
                       status_word(lead->status), (long long)lead->return_days);
    return ERR_OK;
}

static enum err amount_wrong(struct problem *p)
{
    return problem(p, ERR_MALFORMED, "amount",
                   "is so large that the lead's price and the contract's share of it are more than " STATEMENT_MOST_TEXT
                   ", the most that a lead pays");
}

static enum err allowed(const struct lead_row *lead, enum status to, const struct disposition_facts *f, int64_t now_ms,
                        struct problem *p)
{
    const struct transition *step = transition(lead, to);
    if (step == NULL)
        return not_in_table(lead, to, p);
    if (step->asks & IN_TIME && now_ms - lead->approved_ms > lead->return_days * MS_PER_DAY)
        return problem(p, ERR_CONFLICT, "status",
                       "the lead was approved more than %lld days ago: its return time is over",
                       (long long)lead->return_days);
    enum err err = step->asks & BACK_IN_TIME ? reinstate(lead, f, now_ms, p) : ERR_OK;
    if (err == ERR_OK && f->known && status_stands(to))
        return problem(p, ERR_CONFLICT, "status",
                       "another lead of this person stands: nobody is paid for twice; reject or return that one first");
    return err;
}

enum err decide_disposition(uint64_t terms_index, const struct disposition_report *r, const struct lead_row *lead,
                            const struct disposition_facts *f, int64_t now_ms, struct entry *out, bool *same,
                            struct problem *p)
{
    assert(r->status < STATUS_COUNT && lead->status < STATUS_COUNT);
    if (!disposition_status(r->status))
        return problem(p, ERR_INVALID, "status", "must be approved, rejected, returned or converted");
    *same = is_same(lead, r);
    if (f->asks_key)
        return problem(p, ERR_FORBIDDEN, "jws",
                       "this campaign takes dispositions that its advertiser's own key signed alone: add jws, the same "
                       "facts signed (FORMATS.md, A countersigned disposition)");
    if (f->early && !*same)
        return problem(p, ERR_CONFLICT, "jws",
                       "was signed before what was said of this lead last, which made it %s: look at it, and sign "
                       "again, with the time",
                       status_word(lead->status));
    enum err err = *same ? ERR_OK : allowed(lead, r->status, f, now_ms, p);
    if (err != ERR_OK || *same)
        return err;

    bool sale = r->status == STATUS_CONVERTED;
    int64_t sale_micros = 0;
    if (sale && !sale_share(lead, r->amount_micros, &sale_micros))
        return amount_wrong(p);
    *out = (struct entry){.kind = ENTRY_DISPOSITION, .at_ms = now_ms};
    out->disposition = (struct entry_disposition){
        .party = r->party,
        .trust = r->trust,
        .txid = r->txid,
        .request = r->request,
        .lead = r->lead,
        .status = r->status,
        .text = r->text,
        .amount_micros = sale ? r->amount_micros : 0,
        .currency = sale ? r->currency : SPAN(""),
        .payable_micros = payable_change(lead, r->status, sale_micros),
        .terms = terms_index,
        .jws = r->jws,
    };
    return ERR_OK;
}

bool decide_due(uint64_t terms_index, uint64_t lead_index, const struct lead_row *lead, int64_t now_ms,
                struct entry *out)
{
    bool waits = lead->status == STATUS_PENDING || (lead->status == STATUS_HELD && lead->reason == REASON_LOW_SCORE);
    if (!waits || !lead->due_ms || now_ms < lead->due_ms)
        return false;
    *out = (struct entry){.kind = ENTRY_DISPOSITION, .at_ms = now_ms};
    out->disposition = (struct entry_disposition){
        .trust = TRUST_SYSTEM,
        .lead = lead_index,
        .status = STATUS_APPROVED,
        .payable_micros = payable_change(lead, STATUS_APPROVED, 0),
        .terms = terms_index,
    };
    return true;
}
