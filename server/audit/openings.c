/* GET /log/{contract}/openings?from=&to=: what opens the commitments of [from, to), as far as the caller may see it,
 * JSON lines in index order, up to the last sweep. At most PAGE entries are looked at a call; when there may be more, a
 * Link header names the next call. */
#include "common/base/bytes.h"
#include "server/api/call.h"
#include "server/api/list.h"
#include "server/audit/audit.h"
#include "server/keys/day_keys.h"

/* No fewer: `pull` takes a server that gives less for one that keeps it busy. */
enum { PAGE = 1000, MOVES = 5 * PAGE };

struct openings {
    struct request *rq;
    struct txn *txn;
    const struct contract *k;
    uint64_t at, to;
    struct lead_walk leads; /* from `at` on, to who sees those alone */
    struct buf lines, plain;
};

/* The operator runs the machine, so it may see where requests came from; persons' names are for who paid for them or
 * sent them. */
static struct opening_scope scope_of(const struct openings *o, const struct entry *e)
{
    const struct party *caller = o->rq->caller;
    bool sent = e->kind == ENTRY_LEAD && span_is(e->lead.party, caller->id);
    return (struct opening_scope){
        .contact = caller->role == ROLE_ADVERTISER || (caller->role == ROLE_PUBLISHER && sent),
        .network = caller->role == ROLE_OPERATOR,
    };
}

/* Adds the line of one entry: of a lead whose private part's key was destroyed what is kept; of another
 * none. */
static enum err opening_add(struct openings *o, uint64_t index)
{
    struct envelope env;
    struct entry entry;
    struct private_part priv;
    struct kept_part kept;
    enum err err = ledger_read(o->txn, o->k->number, index, &env);
    if (err != ERR_OK || (err = entry_read(env.entry, &entry, NULL)) != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err; /* the head counts it */
    const struct opening_scope scope = scope_of(o, &entry);
    const struct hash *commitment = entry_commitment(&entry);
    bool lead = entry.kind == ENTRY_LEAD, opened = false;
    if (lead)
        err = kept_read(env.beside, &kept);
    if (err == ERR_OK && commitment != NULL && (scope.contact || scope.network)) {
        err = sealer_read(o->rq->worker->sealer, o->txn, &env, commitment, &o->plain, &priv);
        opened = err == ERR_OK;
        err = err == ERR_NOT_FOUND ? ERR_OK : err;
    }
    if (err == ERR_OK && (lead || opened)) {
        opening_write(&o->lines, index, lead ? &kept : NULL, opened ? &priv : NULL, scope);
        buf_byte(&o->lines, '\n');
    }
    entry_close(&entry);
    return err;
}

/* The next entry with a private part at or after o->at: for the operator every click, view and lead; for others leads
 * alone, by their rows, which are few beside the clicks. ERR_NOT_FOUND: there is none before o->to, or none before
 * o->at, so far. */
static enum err next_index(struct openings *o)
{
    struct lead_row row;
    if (caller_is(o->rq, ROLE_OPERATOR))
        return o->at < o->to ? ERR_OK : ERR_NOT_FOUND;
    enum err err = lead_walk_next(&o->leads, o->to, &o->at, &row);
    if (err == ERR_NOT_FOUND)
        o->at = o->leads.at;
    return err;
}

static enum err openings_write(struct openings *o, bool *more)
{
    enum err step;
    size_t scanned = 0;
    struct view v = store_view(o->txn);
    o->leads = (struct lead_walk){.view = &v, .contract = o->k->number, .at = o->at, .rows = MOVES};
    *more = false;
    while ((step = next_index(o)) == ERR_OK) {
        if (scanned++ == PAGE) {
            *more = true;
            return ERR_OK;
        }
        enum err err = opening_add(o, o->at);
        if (err != ERR_OK)
            return err;
        o->at++;
    }
    *more = lead_walk_paused(&o->leads, o->to) && o->at < o->to;
    return step == ERR_NOT_FOUND ? ERR_OK : step;
}

/* Ends the range at the swept head, which is all that a checkpoint covers: each entry after it would cost a scan of the
 * journal that is not swept yet. */
static enum err cap_at_head(struct openings *o)
{
    struct head head = {0};
    enum err err = head_read(o->txn, o->k->number, &head);
    if (err != ERR_OK && err != ERR_NOT_FOUND) /* younger than the last sweep */
        return err;
    if (o->to > head.size)
        o->to = head.size;
    return ERR_OK;
}

enum err openings_get(struct request *rq, struct reply *reply)
{
    struct openings o = {.rq = rq};
    bool more;
    enum err err;
    if ((err = audit_range(rq, &o.at, &o.to)) != ERR_OK || (err = call_contract(rq, rq->param[0], &o.k)) != ERR_OK ||
        (err = worker_reader(rq->worker, &o.txn)) != ERR_OK || (err = cap_at_head(&o)) != ERR_OK)
        return err;
    buf_heap(&o.lines);
    buf_heap(&o.plain);
    if ((err = openings_write(&o, &more)) == ERR_OK) {
        reply_body_take(reply, "application/x-ndjson", &o.lines);
        reply_header(reply, "Cache-Control", SPAN("no-store"));
        if (more)
            reply_header(reply, "Link", audit_next(rq, o.k, "openings", o.at, o.to));
    }
    buf_free(&o.lines);
    buf_free(&o.plain);
    return err;
}
