#include "server/api/go_on.h"

#include <assert.h>

#include "server/commit/contract_write.h"
#include "server/system/log.h"

/* ---- begun ---- */

static enum err none(enum err found, struct problem *p)
{
    if (found == ERR_OK)
        return problem(p, ERR_CONFLICT, "",
                       "a change before is still being written into the logs of its contracts: again in some seconds");
    return cursor_end(found);
}

enum err go_on_none(const struct batch *cx, enum record_kind kind, uint32_t whose, struct problem *p)
{
    return none(unfinished_of(cx->txn, kind, whose, 0), p);
}

enum err go_on_no_terms(const struct batch *cx, const struct which *c, struct problem *p)
{
    return none(unfinished_terms(cx->txn, c->number, c->direct, 0), p);
}

enum err go_on_behind_direct(const struct batch *cx, const struct job *job, uint64_t seen, struct contract_list *all,
                             struct unfinished *out, struct problem *p)
{
    const struct contract *direct = catalog_listed(cx->catalog, all, 0);
    assert(direct->publisher == NULL);
    if (seen != catalog_which(cx->catalog, direct->campaign)->seen)
        return problem(p, ERR_CONFLICT, "",
                       "terms of the campaign's contracts changed in the same moment: look at them, and send it again");
    all->n = 1;
    return go_on_begin(cx, job, direct->number, out, p);
}

enum err go_on_begin(const struct batch *cx, const struct job *job, uint32_t done, struct unfinished *out,
                     struct problem *p)
{
    const struct record *r = &job->record;
    *out = (struct unfinished){.from = done + 1, .until = (uint32_t)cx->catalog->n_contracts, .record = *r};
    enum err err = go_on_none(cx, r->kind, unfinished_whose(r), p);
    if (err == ERR_OK)
        err = unfinished_number(cx->txn, out);
    if (err == ERR_BUSY)
        return problem(p, ERR_CONFLICT, "",
                       "changes of %d others are still being written into their logs: again in some seconds",
                       UNFINISHED_MOST);
    return err;
}

enum err go_on_later(struct batch *cx, struct job *job, const struct unfinished *u)
{
    enum err err = unfinished_put(cx->txn, u);
    if (err == ERR_OK)
        job->unfinished = u->n;
    return err == ERR_OK || err == ERR_FULL ? err : ERR_IO; /* some of it stands in the batch */
}

/* ---- the chore ---- */

/* What it is for: all contracts of a campaign, or of a party. */
static const struct which *campaign_of(const struct batch *cx, const struct record *r)
{
    uint32_t whose = unfinished_whose(r);
    return r->kind == RECORD_CAMPAIGN_CHANGE ? catalog_campaign_number(cx->catalog, whose)->which
           : r->kind == RECORD_WITHDRAWAL    ? catalog_contract_number(cx->catalog, whose)->campaign
                                             : NULL;
}

static bool is_for(const struct which *c, const struct party *p, const struct contract *k)
{
    return c != NULL ? k->campaign == c : contract_has_party(k, p);
}

/* By the clock's time of what was asked for, as all the others: logs that are held against each other say one thing. */
static enum err one_log(struct batch *cx, log_change *log, const struct record *r, const struct contract *k)
{
    const int64_t now_ms = cx->now_ms;
    cx->now_ms = r->now_ms;
    enum err err = log(cx, r, k);
    cx->now_ms = now_ms;
    if (err == ERR_OK || err == ERR_FULL || err == ERR_IO)
        return err;
    log_line(LOG_ERROR, 0, "go_on", "%s: contract %s has nothing of it (%s): run countersign check",
             record_word(r->kind), k->id, err_word(err));
    return ERR_OK;
}

static enum err slice(struct batch *cx, log_change *log, struct unfinished *u, uint32_t steps)
{
    const struct which *c = campaign_of(cx, &u->record);
    const struct party *p =
        catalog_party_number(cx->catalog, c != NULL ? c->advertiser->number : unfinished_whose(&u->record));
    const struct contract_list all = catalog_reads(cx->catalog, p);
    size_t i = contracts_behind(&all, u->from - 1), end = contracts_behind(&all, u->until), looks = SLICE_LOOKS;
    enum err err = ERR_OK;
    for (; i < end && steps > 0 && looks > 0 && err == ERR_OK; i++, looks--) {
        const struct contract *k = catalog_listed(cx->catalog, &all, i);
        u->from = k->number + 1;
        if (!is_for(c, p, k))
            continue;
        steps--;
        err = one_log(cx, log, &u->record, k);
    }
    if (i == end)
        u->from = u->until + 1;
    return err;
}

/* Behind the one that had its turn, else from the first on. */
static enum err next_turn(const struct batch *cx, uint64_t after, struct unfinished *out)
{
    enum err err = unfinished_next(cx->txn, after, out);
    return err == ERR_NOT_FOUND && after > 0 ? unfinished_next(cx->txn, 0, out) : err;
}

enum err go_on_run(struct batch *cx, struct job *job, log_change *const logs[RECORD_KINDS])
{
    struct unfinished u;
    enum err err = next_turn(cx, job->record.go_on.after, &u);
    if (err != ERR_OK)
        return cursor_end(err);
    err = slice(cx, logs[u.record.kind], &u, job->record.go_on.steps);
    bool whole = u.from > u.until;
    if (err == ERR_OK)
        err = whole ? unfinished_end(cx->txn, &u) : unfinished_put(cx->txn, &u);
    job->index = u.n;
    job->more = true;
    job->unfinished = whole ? u.n : 0;
    unfinished_close(&u);
    return err == ERR_OK || err == ERR_FULL ? err : ERR_IO;
}
