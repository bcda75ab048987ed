/* gather -> decide -> append -> apply, for one job. Each function checks first and writes last, so that its "no" leaves
 * the batch as it was. */
#include <assert.h>

#include "common/decisions/address.h"
#include "common/decisions/rules.h"
#include "server/commit/batch.h"
#include "server/commit/nonces.h"

/* What an entry brings along beside its bytes. */
struct companion {
    const struct private_sealed *sealed;
    const struct private_part *priv;
};

struct recorded {
    uint64_t index;
    struct hash leaf;
};

/* ---- append and apply ---- */

bool batch_may_touch(const struct batch *cx, const struct contract *k)
{
    const struct record *r = cx->record;
    switch (record_scope(r->kind)) {
    case SCOPE_ADVERTISER:
        return r->advertiser == k->campaign->advertiser->number && r->partition == k->campaign->partition;
    case SCOPE_PARTITION:
        return r->partition == k->campaign->partition;
    case SCOPE_INSTANCE:
        return false;
    }
    return false;
}

enum err pipeline_ready(struct batch *cx, const struct contract *k)
{
    return ledger_ready(cx->ledger, cx->txn, k->number);
}

/* Also when the clock was set back since. */
int64_t pipeline_dated(const struct batch *cx, const struct contract *k, int64_t at_ms)
{
    int64_t closed_ms = ledger_last_statement(cx->ledger, k->number)->to_ms;
    return at_ms > closed_ms ? at_ms : closed_ms;
}

static struct fold_context fold_of(const struct contract *k)
{
    return (struct fold_context){.contract = k->number,
                                 .campaign = k->campaign->number,
                                 .contract_id = span_str(k->id),
                                 .advertiser = k->campaign->advertiser->number};
}

/* `bytes` is the caller's memory for the entry; it is left holding them. */
static enum err record(struct batch *cx, const struct contract *k, const struct entry *e, struct companion with,
                       struct buf *bytes, struct recorded *out)
{
    static const struct private_sealed nothing;
    const struct private_sealed *sealed = with.sealed != NULL ? with.sealed : &nothing;
    const struct fold_context fold = fold_of(k);
    const struct terms *terms = contract_terms(k, e->at_ms);
    struct row_ops ops = {.n = 0};
    struct recorded r;
    assert(batch_may_touch(cx, k) && e->at_ms >= ledger_last_statement(cx->ledger, k->number)->to_ms);
    entry_write(bytes, e);
    if (bytes->failed)
        return ERR_TOO_LARGE;
    enum err err = pipeline_ready(cx, k);
    if (err == ERR_OK)
        err = apply(&fold, &cx->view, terms, ledger_size(cx->ledger, k->number), e, with.priv, &ops);
    if (err != ERR_OK)
        return err;
    err = ledger_append(cx->ledger, cx->txn, k->number, e, buf_span(bytes), sealed->day, sealed->bytes, terms, &r.index,
                        &r.leaf);
    if (err == ERR_OK)
        err = store_rows_write(cx->txn, &ops);
    if (err == ERR_OK)
        *out = r;
    return err == ERR_OK || err == ERR_FULL
               ? err
               : ERR_IO; /* half an entry may stand in the batch: nothing may go on from here */
}

enum err pipeline_append(struct batch *cx, const struct contract *k, const struct entry *e, uint64_t *index,
                         struct hash *leaf)
{
    char mem[LIMIT_ENTRY];
    struct buf bytes;
    struct recorded r;
    struct entry stamped = *e;
    stamped.at_ms = pipeline_dated(cx, k, e->at_ms);
    buf_fixed(&bytes, mem, sizeof mem);
    enum err err = record(cx, k, &stamped, (struct companion){0}, &bytes, &r);
    if (err != ERR_OK)
        return err;
    if (index != NULL)
        *index = r.index;
    if (leaf != NULL)
        *leaf = r.leaf;
    return ERR_OK;
}

enum err pipeline_close_period(struct batch *cx, const struct contract *k, const struct entry *e,
                               const struct last_statement *last)
{
    assert(e->kind == ENTRY_STATEMENT && e->statement.to == ledger_size(cx->ledger, k->number));
    ledger_statement(cx->ledger, k->number, last); /* the entry saves it */
    return pipeline_append(cx, k, e, NULL, NULL);
}

/* As record, and the job learns what was recorded; the bytes go to the job's arena where its answer needs them. */
static enum err record_job(struct batch *cx, struct job *job, const struct contract *k, const struct entry *e,
                           struct companion with, bool keep_bytes)
{
    char mem[LIMIT_ENTRY];
    struct buf bytes;
    struct recorded r;
    buf_fixed(&bytes, mem, sizeof mem);
    enum err err = record(cx, k, e, with, &bytes, &r);
    if (err != ERR_OK)
        return err == ERR_TOO_LARGE
                   ? problem(&job->problem, err, "", "the entry would be longer than %d bytes", LIMIT_ENTRY)
                   : err;
    job->out_contract = k->number;
    job->index = r.index;
    job->leaf = r.leaf;
    if (keep_bytes)
        job->entry = arena_copy(job->arena, buf_span(&bytes));
    return ERR_OK;
}

/* ---- clicks, views, impressions ---- */

/* A view that names a click has the click's placement. What it names may be none: that a HEAD made up. */
static enum err find_click(struct batch *cx, const struct contract *k, struct record_track *track)
{
    struct entry_view *view = &track->entry.view;
    enum class class;
    int64_t at_ms;
    uint32_t placement;
    if (!track->has_click_claim)
        return ERR_OK;
    enum err err = cx->view.click(cx->view.ctx, k->number, track->click_claim, &class, &at_ms, &placement);
    view->has_click = err == ERR_OK;
    view->click = view->has_click ? track->click_claim : 0;
    if (view->has_click)
        view->placement = placement;
    if (err == ERR_NOT_FOUND)
        return track->click_claim > JSON_INT_MAX ? ERR_OK : ERR_CORRUPT; /* it was on disk before anybody got its id */
    return err;
}

enum err pipeline_track(struct batch *cx, struct job *job)
{
    struct record_track *track = &job->record.track;
    const struct contract *k = catalog_contract_number(cx->catalog, track->contract);
    if (k == NULL)
        return ERR_CORRUPT; /* the worker knew it, and none is ever taken back */
    track->entry.at_ms = pipeline_dated(cx, k, track->entry.at_ms);
    if (!terms_takes_traffic(contract_terms(k, track->entry.at_ms), job->record.arrived_ms))
        *(track->entry.kind == ENTRY_CLICK ? &track->entry.click.class : &track->entry.view.class) = CLASS_ENDED;
    enum err err = track->entry.kind == ENTRY_VIEW ? find_click(cx, k, track) : ERR_OK;
    if (err != ERR_OK)
        return err;
    return record_job(cx, job, k, &track->entry, (struct companion){.sealed = &track->sealed}, false);
}

/* ---- replays ---- */

/* An entry that a row names: it must be there. *e is to be closed. */
static enum err entry_at(struct batch *cx, uint32_t contract, uint64_t index, struct envelope *env, struct entry *e)
{
    enum err err = ledger_get(cx->ledger, cx->txn, contract, index, env);
    if (err == ERR_OK)
        err = entry_read(env->entry, e, NULL);
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

/* Answers the job with an entry that was recorded before: a lead or disposition. By a txid it is the lead that was
 * reported with it. */
static enum err answer_recorded(struct batch *cx, struct job *job, uint32_t contract, uint64_t index,
                                const struct lead_report *by_txid)
{
    struct envelope env;
    struct entry e;
    enum err err = entry_at(cx, contract, index, &env, &e);
    if (err != ERR_OK)
        return err;
    bool fits = e.kind == ENTRY_LEAD || e.kind == ENTRY_DISPOSITION;
    if (by_txid != NULL)
        fits = e.kind == ENTRY_LEAD && span_eq(e.lead.party, by_txid->party) && span_eq(e.lead.txid, by_txid->txid);
    entry_close(&e);
    if (!fits)
        return ERR_CORRUPT;
    job->entry = arena_copy(job->arena, env.entry);
    job->out_contract = contract;
    job->index = index;
    merkle_leaf(env.entry, &job->leaf);
    job->replayed = true;
    return ERR_OK;
}

/* ERR_NOT_FOUND: a fresh nonce, go on. ERR_OK: the same request again, answered. */
static enum err replay_nonce(struct batch *cx, struct job *job, const struct nonce_use *nonce)
{
    struct nonce_row row;
    if (!nonce->used)
        return ERR_NOT_FOUND;
    enum err err = nonce_find(cx->txn, nonce, &row);
    if (err != ERR_OK)
        return err;
    if (memcmp(row.request_sha256, nonce->request_sha256, HASH_LEN) != 0)
        return problem(&job->problem, ERR_CONFLICT, nonce->webhook ? "webhook-id" : "nonce",
                       "this %s came before with another request", nonce->webhook ? "webhook-id" : "nonce");
    return answer_recorded(cx, job, row.contract, row.index, NULL);
}

static enum err keep_nonce(struct batch *cx, const struct job *job, const struct nonce_use *nonce)
{
    return nonce->used ? nonce_record(cx->txn, nonce, job->out_contract, job->index) : ERR_OK;
}

/* A lead that was refused for how it was reported stands in no txid's way. */
static enum err may_be_mended(struct batch *cx, const struct txid_row *row, bool pixel, bool *mendable)
{
    struct lead_row lead;
    enum err err = row_lead(&cx->view, row->contract, row->index, &lead);
    *mendable = err == ERR_OK && ((lead.status == STATUS_REJECTED && reason_is_technical(lead.reason)) ||
                                  (pixel && lead.status == STATUS_DUPLICATE));
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

/* ERR_NOT_FOUND: a new txid (or none), go on. Anybody can fire a pixel: what one reported for a click of another
 * contract, or again for a click that has its lead, stands in nobody's way. */
static enum err replay_txid(struct batch *cx, struct job *job, uint32_t booked)
{
    const struct lead_report *r = &job->record.lead.report;
    struct txid_row row;
    bool mendable;
    const struct contract *k = catalog_contract_number(cx->catalog, job->record.lead.fallback_contract);
    if (span_empty(r->txid) || k == NULL)
        return ERR_NOT_FOUND;
    enum err err = row_txid(&cx->view, k->campaign->advertiser->number, k->campaign->number, r->party, r->txid, &row);
    if (err != ERR_OK)
        return err;
    if (memcmp(row.facts_sha256, r->facts_sha256, HASH_LEN) == 0)
        return answer_recorded(cx, job, row.contract, row.index, r);
    if (r->trust == TRUST_PIXEL && row.contract != booked)
        return ERR_NOT_FOUND;
    if ((err = may_be_mended(cx, &row, r->trust == TRUST_PIXEL, &mendable)) != ERR_OK)
        return err;
    return mendable ? ERR_NOT_FOUND
                    : problem(&job->problem, ERR_CONFLICT, "txid", "this txid was reported before with other facts");
}

/* ---- leads ---- */

/* What apply reads of a private part: the rest is sealed. */
static struct private_part known_of(const struct lead_report *r)
{
    struct private_part p = {.lead = true, .has_email = r->has_email, .has_phone = r->has_phone};
    memcpy(p.email, r->email, TOKEN_LEN);
    memcpy(p.phone, r->phone, TOKEN_LEN);
    memcpy(p.facts_sha256, r->facts_sha256, HASH_LEN);
    return p;
}

enum err pipeline_lead(struct batch *cx, struct job *job)
{
    struct record_lead *lead = &job->record.lead;
    enum err err = replay_nonce(cx, job, &lead->nonce);
    if (err != ERR_NOT_FOUND)
        return err;
    struct lead_facts facts;
    if ((err = gather_touches(&cx->view, &lead->report, &facts)) != ERR_OK)
        return err;
    uint32_t booked = facts.found ? facts.last.contract : lead->fallback_contract;
    err = replay_txid(cx, job, booked);
    if (err == ERR_OK)
        return keep_nonce(cx, job, &lead->nonce);
    if (err != ERR_NOT_FOUND)
        return err;

    const struct contract *k = catalog_contract_number(cx->catalog, booked);
    if (k == NULL)
        return problem(&job->problem, ERR_INVALID, "contract", "there is no contract to book this lead on");
    const struct fold_context fold = fold_of(k);
    int64_t now_ms = pipeline_dated(cx, k, job->record.arrived_ms);
    const struct version *bound = versions_at(&k->versions, now_ms);
    if ((err = gather_person(&cx->view, &fold, bound->terms, &lead->report, now_ms, &facts)) != ERR_OK)
        return err;

    struct entry e;
    bound->terms->ruleset->lead(bound->terms, bound->index, &lead->report, &facts, now_ms, &e);
    const struct private_part known = known_of(&lead->report);
    err = record_job(cx, job, k, &e, (struct companion){&lead->sealed, &known}, true);
    if (err != ERR_OK)
        return err;
    return keep_nonce(cx, job, &lead->nonce);
}

/* ---- dispositions ---- */

static bool may_dispose(const struct party *p, const struct contract *k)
{
    return p->role == ROLE_OPERATOR || (p->role == ROLE_ADVERTISER && p->number == k->campaign->advertiser->number);
}

static const struct party *party_number(const struct batch *cx, uint32_t number)
{
    return number >= 1 && number <= cx->catalog->n_parties ? &cx->catalog->parties[number - 1] : NULL;
}

static enum err find_lead(struct batch *cx, struct job *job, const struct party *p, struct addressed *out)
{
    const struct record_disposition *d = &job->record.disposition;
    if (d->by_lead) {
        *out = (struct addressed){.contract = d->pointer.contract, .index = d->pointer.index};
        return ERR_OK;
    }
    const struct party *advertiser = party_number(cx, job->record.advertiser);
    const struct contract *k = d->by_click ? catalog_contract_number(cx->catalog, d->pointer.contract) : NULL;
    if (advertiser == NULL)
        return ERR_CORRUPT;
    const struct address a = {
        .advertiser = advertiser->number,
        .advertiser_id = span_str(advertiser->id),
        .txid = d->report.txid,
        .by_click = k != NULL && may_dispose(p, k),
        .click = d->pointer,
    };
    if (d->by_click && !a.by_click && span_empty(a.txid))
        return problem(&job->problem, ERR_NOT_FOUND, "click_id", "no lead is known for this click");
    return address_find(&cx->view, &a, out, &job->problem);
}

/* A lead is sold once: the same sale again is the first answer again, another one is not. */
static enum err answer_same(struct batch *cx, struct job *job, uint32_t contract, uint64_t index)
{
    const struct disposition_report *r = &job->record.disposition.report;
    struct envelope env;
    struct entry e;
    if (r->status == STATUS_CONVERTED) {
        enum err err = entry_at(cx, contract, index, &env, &e);
        if (err != ERR_OK)
            return err;
        const struct entry_disposition *d = &e.disposition;
        bool equal = e.kind == ENTRY_DISPOSITION && d->amount_micros == r->amount_micros &&
                     (r->amount_micros == 0 || span_eq(d->currency, r->currency)) &&
                     (span_empty(d->txid) || span_empty(r->txid) || span_eq(d->txid, r->txid));
        entry_close(&e);
        if (!equal)
            return problem(&job->problem, ERR_CONFLICT, "status", "this lead was converted before with other facts");
    }
    return answer_recorded(cx, job, contract, index, NULL);
}

/* A lead's row is not there: so must its entry be. */
static enum err no_such_lead(struct batch *cx, uint32_t contract, uint64_t index)
{
    struct envelope env;
    enum err err = ledger_get(cx->ledger, cx->txn, contract, index, &env);
    return err == ERR_OK ? env.kind == ENTRY_LEAD ? ERR_CORRUPT : ERR_NOT_FOUND : err;
}

/* The advertiser's own report repeats another lead of the contract: what became of it became of that one. */
static enum err follow_duplicate(struct batch *cx, const struct contract *k, struct addressed *at,
                                 struct lead_row *lead)
{
    struct envelope env;
    struct entry e;
    enum err err = entry_at(cx, at->contract, at->index, &env, &e);
    if (err != ERR_OK)
        return err;
    bool here = span_is(e.lead.dup_contract, k->id);
    if (here)
        at->index = e.lead.dup_index;
    entry_close(&e);
    err = here ? row_lead(&cx->view, at->contract, at->index, lead) : ERR_OK;
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

static enum err not_theirs(struct job *job)
{
    return problem(&job->problem, ERR_FORBIDDEN, "", "only the campaign's advertiser may say what became of a lead");
}

enum err pipeline_disposition(struct batch *cx, struct job *job)
{
    struct record_disposition *d = &job->record.disposition;
    enum err err = replay_nonce(cx, job, &d->nonce);
    if (err != ERR_NOT_FOUND)
        return err;

    struct addressed at;
    struct lead_row lead;
    const struct party *p = party_number(cx, d->party);
    if (p == NULL)
        return ERR_CORRUPT;
    if (!(p->role & (ROLE_OPERATOR | ROLE_ADVERTISER)))
        return not_theirs(job);
    err = find_lead(cx, job, p, &at);
    if (err != ERR_OK)
        return err;
    const struct contract *k = catalog_contract_number(cx->catalog, at.contract);
    err = k != NULL ? row_lead(&cx->view, at.contract, at.index, &lead) : ERR_NOT_FOUND;
    if (err == ERR_OK && at.own && lead.status == STATUS_DUPLICATE)
        err = follow_duplicate(cx, k, &at, &lead);
    d->report.lead = at.index;
    if (err == ERR_NOT_FOUND && d->by_lead && k != NULL)
        err = no_such_lead(cx, at.contract, at.index);
    if (err == ERR_NOT_FOUND && d->by_lead)
        return problem(&job->problem, err, "lead", "there is no such lead");
    if (err == ERR_NOT_FOUND)
        return ERR_CORRUPT; /* a row named it */
    if (err != ERR_OK)
        return err;
    if (!may_dispose(p, k))
        return not_theirs(job);
    if (at.guessed && !status_stands(lead.status) && d->report.status != lead.status)
        return problem(&job->problem, ERR_CONFLICT, "txid",
                       "this txid is another sender's, and its lead was refused: to approve it all the same name it by "
                       "lead, or add its click_id");
    if (!span_empty(d->report.currency) && !span_eq(d->report.currency, contract_currency(k)))
        return problem(&job->problem, ERR_MALFORMED, "currency", "must be the campaign's currency");

    const struct fold_context fold = fold_of(k);
    int64_t now_ms = pipeline_dated(cx, k, job->record.arrived_ms);
    const struct version *bound = versions_at(&k->versions, now_ms);
    struct disposition_facts facts;
    struct entry e;
    bool same = false;
    if ((err = gather_disposition(&cx->view, &fold, bound->terms, &d->report, &lead, &facts)) != ERR_OK)
        return err;
    err = bound->terms->ruleset->disposition(bound->index, &d->report, &lead, &facts, now_ms, &e, &same, &job->problem);
    if (err == ERR_OK && same)
        err = answer_same(cx, job, at.contract, lead.last);
    else if (err == ERR_OK)
        err = record_job(cx, job, k, &e, (struct companion){0}, true);
    if (err != ERR_OK)
        return err;
    return keep_nonce(cx, job, &d->nonce);
}

/* ---- heads ---- */

enum err pipeline_publish_head(struct batch *cx, const struct contract *k, struct buf *note)
{
    char name[ORIGIN_CAP];
    struct checkpoint c = {.origin = instance_log_name(cx->instance, k, name),
                           .size = ledger_size(cx->ledger, k->number)};
    assert(ledger_is_swept(cx->ledger, k->number) && batch_may_touch(cx, k));
    ledger_root(cx->ledger, k->number, &c.root);

    size_t before = note->len;
    struct hash sha;
    struct entry e = {.kind = ENTRY_ROOT, .at_ms = cx->now_ms};
    uint64_t index;
    enum err err = ledger_ready(cx->ledger, cx->txn, ROOT_LOG);
    if (err == ERR_OK)
        err = heads_sign(cx->instance->heads, k->number, &c, note);
    if (err != ERR_OK)
        return err;
    sha256(note->ptr + before, note->len - before, sha.b);
    err = ledger_append(cx->ledger, cx->txn, ROOT_LOG, &e, span_of(sha.b, HASH_LEN), 0, SPAN(""), NULL, &index, NULL);
    if (err != ERR_OK)
        return err == ERR_FULL ? err : ERR_IO; /* half of it may stand in the batch */
    ledger_publish(cx->ledger, k->number);
    return ERR_OK;
}
