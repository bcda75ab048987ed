#include "server/settlement/premises.h"

#include <assert.h>

#include "common/settlement/legal.h"
#include "server/lists/zones.h"
#include "server/settlement/corrections.h"

enum { SETTLED_MS = 5000 }; /* whatever arrived so long ago is recorded */

/* ---- what it closes ---- */

/* [head->last.to, to) of a log whose first cut behind its beginning is *cut (NULL: it has none), with what that comes
 * to: all of it without what stands behind. */
static enum err close_at(struct ledger_view *v, uint32_t contract, const struct head *head, const struct cut *cut,
                         uint64_t to, struct closing *c)
{
    const struct tally *all = cut != NULL ? &cut->tally : &head->tally;
    struct tally rest;
    int64_t last_ms = 0;
    *c = (struct closing){.is = {.to = to}};
    if (to == 0) /* before there was anything: nobody may close that */
        return ERR_OK;
    enum err err = ledger_sum(v, contract, to, cut != NULL ? cut->to : head->size, &rest);
    if (err == ERR_OK && to < head->size)
        err = ledger_time(v, contract, to, &c->next_ms);
    if (err == ERR_OK && to > head->last.to)
        err = ledger_time(v, contract, to - 1, &last_ms);
    if (err == ERR_OK)
        err = ledger_root_at(v->txn, contract, to, &c->is.root);
    return err == ERR_OK && !tally_less(all, &rest, all->from_ms, last_ms, &c->is.tally) ? ERR_CORRUPT : err;
}

static enum err closing_read(struct txn *t, struct premises *p)
{
    const uint32_t contract = p->k->number;
    const struct head *head = &p->head;
    const struct view rows = store_view(t);
    struct ledger_view within = {.txn = t};
    struct cut cut;
    uint64_t to = head->size;
    enum err err = ERR_OK;
    if (p->until_ms > 0)
        err = ledger_before(&within, contract, head->last.to, head->size, p->until_ms, &to);
    if (err != ERR_OK)
        return err;
    err = row_cut(&rows, contract, head->last.to, &cut);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    bool any = err == ERR_OK;
    p->whole = !any || cut.to > to;
    if (!p->whole)
        p->closes = (struct closing){.is = cut, .at_cut = true};
    err = p->whole ? close_at(&within, contract, head, any ? &cut : NULL, to, &p->closes) : ERR_OK;
    return err == ERR_OK && p->closes.is.tally.entries != p->closes.is.to - head->last.to ? ERR_CORRUPT : err;
}

/* The last statement's payload says it. */
static enum err brought_read(struct txn *t, struct premises *p)
{
    char id[LIMIT_ID + 1];
    struct buf payload;
    struct statement s;
    if (p->head.last.carried_micros >= 0)
        return ERR_OK;
    statement_id(span_str(p->k->id), p->head.last.number, id);
    buf_heap(&payload);
    enum err err = corrections_payload(t, span_str(id), &payload);
    if (err == ERR_OK && (err = statement_read(buf_span(&payload), &s)) == ERR_OK) {
        taxed_copy(&p->brought, &s.carried);
        statement_close(&s);
    }
    buf_free(&payload);
    return err;
}

static enum err trade_of(struct premises *p, const struct view *v)
{
    struct span parties[2];
    contract_sides(p->k, parties);
    return trade_at(v, p->k->number, parties, p->closes.is.to, &p->trade);
}

void premises_close(struct premises *p)
{
    taxed_free(&p->brought);
}

bool premises_closed(const struct premises *p)
{
    return p->head.last.number > 0 && p->until_ms > 0 && p->until_ms <= p->head.last.to_ms;
}

bool premises_owed(const struct contract *k, const struct head *head, int64_t end_ms, int64_t now_ms)
{
    return head->last.carried_micros < 0 && contract_binds(k, now_ms) &&
           !terms_carry(contract_terms(k, now_ms), end_ms);
}

bool premises_nothing(const struct premises *p, int64_t now_ms)
{
    return tally_is_empty(&p->closes.is.tally) &&
           !premises_owed(p->k, &p->head, p->until_ms > 0 ? p->until_ms : now_ms, now_ms);
}

enum err premises_read(struct txn *t, struct premises *p)
{
    p->head = (struct head){.size = 0};
    p->closes = (struct closing){.next_ms = 0};
    p->whole = true;
    premises_close(p);
    enum err err = head_read(t, p->k->number, &p->head);
    if (err != ERR_OK || premises_closed(p))
        return err;
    struct ledger_view within;
    const struct view view = ledger_view(&within, NULL, t);
    err = closing_read(t, p);
    if (err == ERR_OK)
        err = trade_of(p, &view);
    return err == ERR_OK ? brought_read(t, p) : err;
}

/* ---- when ---- */

/* Issued when what it says was read: not before its last entry. Its period ends there too, but for the last seconds: of
 * what came in them some may be on its way, and be recorded behind the snapshot under the time of its arrival. */
static void date(struct premises *p, int64_t now_ms)
{
    const struct tally *open = &p->head.tally, *closed = &p->closes.is.tally;
    const struct period period = {.prev_to_ms = p->head.last.to_ms};
    int64_t last_ms = open->to_ms > closed->to_ms ? open->to_ms : closed->to_ms;
    p->issued_ms = last_ms > now_ms ? last_ms : now_ms;
    if (p->whole && p->until_ms > 0) {
        p->to_ms = p->until_ms;
        return;
    }
    p->to_ms = period_latest_end(&period, &p->closes, p->issued_ms);
    int64_t least_ms = closed->entries > 0 ? closed->to_ms + 1 : 0, settled_ms = p->issued_ms - SETTLED_MS;
    if (least_ms < period.prev_to_ms)
        least_ms = period.prev_to_ms;
    if (!p->closes.at_cut && p->to_ms > settled_ms)
        p->to_ms = settled_ms > least_ms ? settled_ms : least_ms;
}

enum err premises_date(struct premises *p, struct zones *zones, int64_t now_ms)
{
    date(p, now_ms);
    return zones_offset(zones, contract_terms(p->k, p->issued_ms)->timezone, p->issued_ms, &p->utc_offset_s);
}

/* ---- what it says ---- */

void premises_legal(const struct catalog *c, const struct contract *k, struct span out[2])
{
    const struct party *publisher = catalog_who(c, k->publisher);
    out[0] = catalog_who(c, k->campaign->advertiser)->legal;
    out[1] = publisher != NULL ? publisher->legal : SPAN("");
}

struct statement_in premises_statement(const struct premises *p, struct span issuer, const struct view *view)
{
    const struct contract *k = p->k;
    const struct last_statement *last = &p->head.last;
    const struct version *bound = versions_at(&k->versions, p->issued_ms);
    assert(contract_binds(k, p->issued_ms));
    struct span legal[2];
    premises_legal(p->catalog, k, legal);
    return (struct statement_in){
        .issuer = issuer,
        .number = last->number + 1,
        .terms = bound->terms,
        .terms_index = bound->index,
        .from = last->to,
        .to = p->closes.is.to,
        .to_root = p->closes.is.root,
        .to_ms = p->to_ms,
        .tally = &p->closes.is.tally,
        .legal = {legal[0], legal[1]},
        .trade = p->trade,
        .waiting = last->waiting,
        .view = view,
        .contract = k->number,
        .carried_in_micros = last->carried_micros,
        .brought = &p->brought,
        .has_prev = last->number > 0,
        .prev_sha256 = last->sha256,
        .prev_to_ms = last->to_ms,
        .issued_ms = p->issued_ms,
        .utc_offset_s = p->utc_offset_s,
    };
}
