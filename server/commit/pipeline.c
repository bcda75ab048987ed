/* gather -> decide -> append -> apply, for one job. Each function checks first and writes last, so that its "no" leaves
 * the batch as it was. */
#include <assert.h>

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
    struct row_ops ops = {.n = 0};
    struct recorded r;
    assert(batch_may_touch(cx, k) && e->at_ms >= ledger_last_statement(cx->ledger, k->number)->to_ms);
    entry_write(bytes, e);
    if (bytes->failed)
        return ERR_TOO_LARGE;
    enum err err = apply(&fold, &cx->view, k->terms, ledger_size(cx->ledger, k->number), e, with.priv, &ops);
    if (err != ERR_OK)
        return err;
    err = ledger_append(cx->ledger, cx->txn, k->number, e, buf_span(bytes), sealed->day, sealed->bytes, k->terms,
                        &r.index, &r.leaf);
    if (err == ERR_OK)
        err = store_rows_write(cx->txn, &ops);
    if (err == ERR_OK)
        *out = r;
    return err == ERR_OK || err == ERR_FULL
               ? err
               : ERR_IO; /* half an entry may stand in the batch: nothing may go on from here */
}

/* No entry is dated into a period that a statement has closed, also when the clock was set back since. */
static int64_t dated(const struct batch *cx, const struct contract *k, int64_t at_ms)
{
    int64_t closed_ms = ledger_last_statement(cx->ledger, k->number)->to_ms;
    return at_ms > closed_ms ? at_ms : closed_ms;
}

enum err pipeline_append(struct batch *cx, const struct contract *k, const struct entry *e, uint64_t *index,
                         struct hash *leaf)
{
    char mem[LIMIT_ENTRY];
    struct buf bytes;
    struct recorded r;
    struct entry stamped = *e;
    stamped.at_ms = dated(cx, k, e->at_ms);
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

/* ---- clicks and views ---- */

enum err pipeline_track(struct batch *cx, struct job *job)
{
    struct record_track *track = &job->record.track;
    const struct contract *k = catalog_contract_number(cx->catalog, track->contract);
    if (k == NULL || !terms_active(k->terms, job->record.arrived_ms))
        return ERR_GONE;
    track->entry.at_ms = dated(cx, k, track->entry.at_ms);
    if (track->has_click_claim) {
        struct envelope claimed;
        enum err err = ledger_get(cx->ledger, cx->txn, k->number, track->click_claim, &claimed);
        if (err != ERR_OK && err != ERR_NOT_FOUND)
            return err;
        track->entry.view.has_click = err == ERR_OK && claimed.kind == ENTRY_CLICK;
        track->entry.view.click = track->entry.view.has_click ? track->click_claim : 0;
    }
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

/* Answers the job with an entry that was recorded before. */
static enum err answer_recorded(struct batch *cx, struct job *job, uint32_t contract, uint64_t index)
{
    struct envelope env;
    struct entry e;
    enum err err = entry_at(cx, contract, index, &env, &e);
    if (err != ERR_OK)
        return err;
    entry_close(&e);
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
    return answer_recorded(cx, job, row.contract, row.index);
}

static enum err keep_nonce(struct batch *cx, const struct job *job, const struct nonce_use *nonce)
{
    return nonce->used ? nonce_record(cx->txn, nonce, job->out_contract, job->index) : ERR_OK;
}

/* ERR_NOT_FOUND: a new txid (or none), go on. */
static enum err replay_txid(struct batch *cx, struct job *job)
{
    const struct lead_report *r = &job->record.lead.report;
    uint32_t contract;
    uint64_t index;
    uint8_t facts_sha256[HASH_LEN];
    const struct contract *k = catalog_contract_number(cx->catalog, job->record.lead.fallback_contract);
    if (span_empty(r->txid) || k == NULL)
        return ERR_NOT_FOUND;
    enum err err = row_txid(&cx->view, r->party, k->campaign->number, r->txid, &contract, &index, facts_sha256);
    if (err != ERR_OK)
        return err;
    if (memcmp(facts_sha256, r->facts_sha256, HASH_LEN) != 0)
        return problem(&job->problem, ERR_CONFLICT, "txid", "this txid was reported before with other facts");
    return answer_recorded(cx, job, contract, index);
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
    err = replay_txid(cx, job);
    if (err == ERR_OK)
        return keep_nonce(cx, job, &lead->nonce);
    if (err != ERR_NOT_FOUND)
        return err;

    struct lead_facts facts;
    if ((err = gather_touches(&cx->view, &lead->report, &facts)) != ERR_OK)
        return err;
    const struct contract *k =
        catalog_contract_number(cx->catalog, facts.found ? facts.last.contract : lead->fallback_contract);
    if (k == NULL)
        return problem(&job->problem, ERR_INVALID, "contract", "there is no contract to book this lead on");
    const struct fold_context fold = fold_of(k);
    int64_t now_ms = dated(cx, k, job->record.arrived_ms);
    if ((err = gather_person(&cx->view, &fold, k->terms, &lead->report, now_ms, &facts)) != ERR_OK)
        return err;

    struct entry e;
    decide_lead(k->terms, k->terms_index, &lead->report, &facts, now_ms, &e);
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

/* Leads found by a txid: how many (counting stops at 2) and the first. */
struct found {
    unsigned n;
    uint32_t contract;
    uint64_t index;
};

static enum err find(struct batch *cx, struct span sender, uint32_t campaign, struct span txid, uint32_t only,
                     struct found *out)
{
    uint8_t facts_sha256[HASH_LEN];
    uint32_t contract;
    uint64_t index;
    if (out->n == 2)
        return ERR_OK;
    enum err err = row_txid(&cx->view, sender, campaign, txid, &contract, &index, facts_sha256);
    if (err == ERR_NOT_FOUND || (err == ERR_OK && only != 0 && contract != only))
        return ERR_OK;
    if (err == ERR_OK && out->n++ == 0) {
        out->contract = contract;
        out->index = index;
    }
    return err;
}

/* Those that the sender itself reported. (A publisher learns whether it has such a lead; it decides none.) */
static enum err own_txid(struct batch *cx, const struct party *p, struct span txid, struct found *out)
{
    enum err err = ERR_OK;
    *out = (struct found){0};
    for (size_t i = 0; i < cx->catalog->n_campaigns && err == ERR_OK; i++)
        if (p->role == ROLE_PUBLISHER || cx->catalog->campaigns[i].advertiser->number == p->number)
            err = find(cx, span_str(p->id), cx->catalog->campaigns[i].number, txid, 0, out);
    return err;
}

/* Those that publishers reported, of contracts whose leads are p's to decide. */
static enum err publishers_txid(struct batch *cx, const struct party *p, struct span txid, struct found *out)
{
    enum err err = ERR_OK;
    *out = (struct found){0};
    for (size_t i = 0; i < cx->catalog->n_contracts && err == ERR_OK; i++) {
        const struct contract *k = &cx->catalog->contracts[i];
        if (k->publisher != NULL && may_dispose(p, k)) /* a txid on another contract is counted there */
            err = find(cx, span_str(k->publisher->id), k->campaign->number, txid, k->number, out);
    }
    return err;
}

/* A publisher chooses its txids: one that happens to be, or was made to be, this sender's must not turn a sale of the
 * click's lead into one of another lead. */
static enum err click_disagrees(struct batch *cx, const struct record_disposition *d, const struct party *p,
                                uint32_t contract, uint64_t index, bool *disagrees)
{
    const struct contract *k = d->by_click ? catalog_contract_number(cx->catalog, d->pointer.contract) : NULL;
    struct lead_row lead = {.who.has_click = false};
    uint64_t first;
    unsigned n = 0;
    enum err err = ERR_OK;
    *disagrees = false;
    if (k == NULL || !may_dispose(p, k))
        return ERR_OK;
    err = row_click_leads(&cx->view, d->pointer.contract, d->pointer.index, &n, &first);
    if (err != ERR_OK || n == 0)
        return err;
    if (contract == d->pointer.contract)
        err = row_lead(&cx->view, contract, index, &lead);
    *disagrees = !(lead.who.has_click && !lead.who.click_unrecorded && lead.who.click == d->pointer.index);
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

/* By a txid: the sender's own, else a publisher's. ERR_NOT_FOUND: none, without a text. */
static enum err find_txid(struct batch *cx, struct job *job, const struct party *p, uint32_t *contract, uint64_t *index)
{
    const struct record_disposition *d = &job->record.disposition;
    if (span_empty(d->report.txid))
        return ERR_NOT_FOUND;
    struct found f;
    enum err err = own_txid(cx, p, d->report.txid, &f);
    bool own = err == ERR_OK && f.n > 0, disagrees = false;
    if (err == ERR_OK && !own)
        err = publishers_txid(cx, p, d->report.txid, &f);
    if (err == ERR_OK && !own && f.n == 1)
        err = click_disagrees(cx, d, p, f.contract, f.index, &disagrees);
    if (err != ERR_OK)
        return err;
    if (f.n == 0)
        return ERR_NOT_FOUND;
    if (f.n > 1)
        return problem(&job->problem, ERR_CONFLICT, "txid", "%s used this txid: name it by lead",
                       own ? "more than one campaign" : "more than one publisher");
    if (disagrees)
        return problem(&job->problem, ERR_CONFLICT, "txid", "txid and click_id name different leads: name it by lead");
    *contract = f.contract;
    *index = f.index;
    return ERR_OK;
}

static enum err find_lead(struct batch *cx, struct job *job, const struct party *p, uint32_t *contract, uint64_t *index)
{
    const struct record_disposition *d = &job->record.disposition;
    if (d->by_lead) {
        *contract = d->pointer.contract;
        *index = d->pointer.index;
        return ERR_OK;
    }
    enum err err = find_txid(cx, job, p, contract, index);
    if (err != ERR_NOT_FOUND)
        return err;
    if (!d->by_click)
        return problem(&job->problem, ERR_NOT_FOUND, "txid", "no lead of yours is known by this txid");
    unsigned n;
    *contract = d->pointer.contract;
    if ((err = row_click_leads(&cx->view, d->pointer.contract, d->pointer.index, &n, index)) != ERR_OK)
        return err;
    if (n == 0)
        return problem(&job->problem, ERR_NOT_FOUND, "click_id", "no lead is known for this click");
    if (n > 1)
        return problem(&job->problem, ERR_CONFLICT, "click_id",
                       "this click has more than one lead: name it by lead or txid");
    return ERR_OK;
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
    return answer_recorded(cx, job, contract, index);
}

enum err pipeline_disposition(struct batch *cx, struct job *job)
{
    struct record_disposition *d = &job->record.disposition;
    enum err err = replay_nonce(cx, job, &d->nonce);
    if (err != ERR_NOT_FOUND)
        return err;

    uint32_t contract = 0;
    struct lead_row lead;
    const struct party *p = party_number(cx, d->party);
    if (p == NULL)
        return ERR_CORRUPT;
    err = find_lead(cx, job, p, &contract, &d->report.lead);
    if (err != ERR_OK)
        return err;
    const struct contract *k = catalog_contract_number(cx->catalog, contract);
    err = k != NULL ? row_lead(&cx->view, contract, d->report.lead, &lead) : ERR_NOT_FOUND;
    if (err == ERR_NOT_FOUND && d->by_lead)
        return problem(&job->problem, err, "lead", "there is no such lead");
    if (err == ERR_NOT_FOUND)
        return ERR_CORRUPT; /* a row named it */
    if (err != ERR_OK)
        return err;
    if (!may_dispose(p, k))
        return problem(&job->problem, ERR_FORBIDDEN, "",
                       "only the campaign's advertiser may say what became of a lead");
    if (!span_empty(d->report.currency) && !span_eq(d->report.currency, k->terms->currency))
        return problem(&job->problem, ERR_MALFORMED, "currency", "must be the campaign's currency");

    const struct fold_context fold = fold_of(k);
    struct disposition_facts facts;
    struct entry e;
    bool same = false;
    if ((err = gather_disposition(&cx->view, &fold, k->terms, &d->report, &lead, &facts)) != ERR_OK)
        return err;
    err = decide_disposition(k->terms_index, &d->report, &lead, &facts, dated(cx, k, job->record.arrived_ms), &e, &same,
                             &job->problem);
    if (err == ERR_OK && same)
        err = answer_same(cx, job, contract, lead.last);
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
    enum err err = heads_sign(cx->instance->heads, k->number, &c, note);
    if (err != ERR_OK)
        return err;
    sha256(note->ptr + before, note->len - before, sha.b);
    err = ledger_append(cx->ledger, cx->txn, ROOT_LOG, &e, span_of(sha.b, HASH_LEN), 0, SPAN(""), NULL, &index, NULL);
    if (err == ERR_OK)
        ledger_publish(cx->ledger, k->number);
    return err;
}
