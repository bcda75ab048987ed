/* gather -> decide -> append -> apply, for one job. Each function checks first and writes last, so that its "no" leaves
 * the batch as it was. */
#include <assert.h>

#include "server/commit/nonces.h"
#include "server/worker/server.h"

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

/* `bytes` is the caller's memory for the entry; it is left holding them. */
static enum err record(struct commit *cx, const struct contract *k, const struct entry *e, struct companion with,
                       struct buf *bytes, struct recorded *out)
{
    static const struct private_sealed nothing;
    const struct private_sealed *sealed = with.sealed != NULL ? with.sealed : &nothing;
    struct fold_context fold = {
        .contract = k->number,
        .campaign = k->campaign != NULL ? k->campaign->number : 0,
        .contract_id = span_str(k->id),
    };
    struct view view = ledger_view(cx->ledger, cx->txn);
    struct row_ops ops = {.n = 0};
    struct recorded r;
    entry_write(bytes, e);
    if (bytes->failed)
        return ERR_TOO_LARGE;
    enum err err = apply(&fold, &view, k->terms, ledger_size(cx->ledger, k->number), e, with.priv, &ops);
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
static int64_t dated(const struct commit *cx, const struct contract *k, int64_t at_ms)
{
    int64_t closed_ms = ledger_last_statement(cx->ledger, k->number)->to_ms;
    return at_ms > closed_ms ? at_ms : closed_ms;
}

enum err pipeline_append(struct commit *cx, const struct contract *k, const struct entry *e, uint64_t *index,
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

/* As record, and the job learns what was recorded; the bytes go to the job's arena where its answer needs them. */
static enum err record_job(struct commit *cx, struct job *job, const struct contract *k, const struct entry *e,
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

static enum err run_track(struct commit *cx, struct job *job)
{
    struct track_job *track = &job->track;
    const struct contract *k = catalog_contract_number(cx->catalog, job->contract);
    if (k == NULL || !terms_active(k->terms, job->now_ms))
        return ERR_GONE;
    track->entry.at_ms = dated(cx, k, track->entry.at_ms);
    struct envelope claimed;
    if (track->has_click_claim && ledger_get(cx->ledger, cx->txn, k->number, track->click_claim, &claimed) == ERR_OK &&
        claimed.kind == ENTRY_CLICK) {
        track->entry.view.has_click = true;
        track->entry.view.click = track->click_claim;
    }
    return record_job(cx, job, k, &track->entry, (struct companion){.sealed = &track->sealed}, false);
}

/* ---- replays ---- */

/* Answers the job with an entry that was recorded before. */
static enum err answer_recorded(struct commit *cx, struct job *job, uint32_t contract, uint64_t index)
{
    struct envelope env;
    struct entry e;
    enum err err = ledger_get(cx->ledger, cx->txn, contract, index, &env);
    if (err == ERR_OK)
        err = entry_read(env.entry, &e, &job->problem);
    if (err != ERR_OK)
        return err == ERR_IO ? err : ERR_CORRUPT;
    job->lead_index = e.kind == ENTRY_DISPOSITION ? e.disposition.lead : index;
    entry_close(&e);
    job->entry = arena_copy(job->arena, env.entry);
    job->out_contract = contract;
    job->index = index;
    merkle_leaf(env.entry, &job->leaf);
    job->replayed = true;
    return ERR_OK;
}

/* ERR_NOT_FOUND: a fresh nonce, go on. ERR_OK: the same request again, answered. */
static enum err replay_nonce(struct commit *cx, struct job *job, const struct nonce_use *nonce)
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

static enum err keep_nonce(struct commit *cx, const struct job *job, const struct nonce_use *nonce)
{
    return nonce->used ? nonce_record(cx->txn, nonce, job->out_contract, job->index) : ERR_OK;
}

/* ERR_NOT_FOUND: a new txid (or none), go on. */
static enum err replay_txid(struct commit *cx, struct job *job)
{
    const struct lead_report *r = &job->lead.report;
    struct view view = ledger_view(cx->ledger, cx->txn);
    uint32_t contract;
    uint64_t index;
    uint8_t facts_sha256[HASH_LEN];
    if (span_empty(r->txid) || !row_txid(&view, r->party, r->txid, &contract, &index, facts_sha256))
        return ERR_NOT_FOUND;
    if (memcmp(facts_sha256, r->facts_sha256, HASH_LEN) != 0)
        return problem(&job->problem, ERR_CONFLICT, "txid", "this txid was reported before with other facts");
    return answer_recorded(cx, job, contract, index);
}

/* ---- leads ---- */

static enum err run_lead(struct commit *cx, struct job *job)
{
    struct lead_job *lead = &job->lead;
    enum err err = replay_nonce(cx, job, &lead->nonce);
    if (err != ERR_NOT_FOUND)
        return err;
    err = replay_txid(cx, job);
    if (err == ERR_OK)
        return keep_nonce(cx, job, &lead->nonce);
    if (err != ERR_NOT_FOUND)
        return err;

    struct view view = ledger_view(cx->ledger, cx->txn);
    struct lead_facts facts;
    gather_touches(&view, &lead->report, &facts);
    const struct contract *k =
        catalog_contract_number(cx->catalog, facts.found ? facts.last.contract : lead->fallback_contract);
    if (k == NULL)
        return problem(&job->problem, ERR_INVALID, "contract", "there is no contract to book this lead on");
    int64_t now_ms = dated(cx, k, job->now_ms);
    gather_person(&view, k->campaign->number, k->terms, &lead->report, now_ms, &facts);

    struct entry e;
    decide_lead(k->terms, k->terms_index, &lead->report, &facts, now_ms, &e);
    err = record_job(cx, job, k, &e, (struct companion){&lead->sealed, &lead->priv}, true);
    if (err != ERR_OK)
        return err;
    job->lead_index = job->index;
    return keep_nonce(cx, job, &lead->nonce);
}

/* ---- dispositions ---- */

static bool may_dispose(const struct party *p, const struct contract *k)
{
    return p->role == ROLE_OPERATOR || (p->role == ROLE_ADVERTISER && p->number == k->campaign->advertiser->number);
}

/* The leads that publishers reported under this txid, of contracts whose leads are d->party's to decide: how many
 * (counting stops at 2) and the first. */
static unsigned publishers_txid(struct commit *cx, const struct disposition_job *d, uint32_t *contract, uint64_t *index)
{
    struct view view = ledger_view(cx->ledger, cx->txn);
    uint8_t facts_sha256[HASH_LEN];
    uint32_t found;
    uint64_t at;
    unsigned n = 0;
    for (size_t i = 0; i < cx->catalog->n_contracts && n < 2; i++) {
        const struct contract *k = &cx->catalog->contracts[i];
        if (k->publisher == NULL || !may_dispose(d->party, k) ||
            !row_txid(&view, span_str(k->publisher->id), d->report.txid, &found, &at, facts_sha256) ||
            found != k->number) /* else counted under the contract it is on, or another advertiser's */
            continue;
        if (n++ == 0) {
            *contract = found;
            *index = at;
        }
    }
    return n;
}

/* A publisher chooses its txids: one that happens to be, or was made to be, this sender's must not turn a sale of the
 * click's lead into one of another lead. */
static bool click_disagrees(struct commit *cx, const struct disposition_job *d, uint32_t contract, uint64_t index)
{
    struct view view = ledger_view(cx->ledger, cx->txn);
    const struct contract *k = d->by_click ? catalog_contract_number(cx->catalog, d->pointer.contract) : NULL;
    struct lead_row lead;
    uint64_t first;
    return k != NULL && may_dispose(d->party, k) &&
           row_click_leads(&view, d->pointer.contract, d->pointer.index, &first) > 0 &&
           !(contract == d->pointer.contract && row_lead(&view, contract, index, &lead) && lead.has_click &&
             lead.click == d->pointer.index);
}

/* By a txid: the sender's own, else a publisher's. ERR_NOT_FOUND: none, without a text. */
static enum err find_txid(struct commit *cx, struct job *job, uint32_t *contract, uint64_t *index)
{
    const struct disposition_job *d = &job->disposition;
    struct view view = ledger_view(cx->ledger, cx->txn);
    uint8_t facts_sha256[HASH_LEN];
    if (span_empty(d->report.txid))
        return ERR_NOT_FOUND;
    if (row_txid(&view, d->report.party, d->report.txid, contract, index, facts_sha256))
        return ERR_OK;
    switch (publishers_txid(cx, d, contract, index)) {
    case 0:
        return ERR_NOT_FOUND;
    case 1:
        return click_disagrees(cx, d, *contract, *index)
                   ? problem(&job->problem, ERR_CONFLICT, "txid",
                             "txid and click_id name different leads: name it by lead")
                   : ERR_OK;
    default:
        return problem(&job->problem, ERR_CONFLICT, "txid", "more than one publisher used this txid: name it by lead");
    }
}

static enum err find_lead(struct commit *cx, struct job *job, uint32_t *contract, uint64_t *index)
{
    const struct disposition_job *d = &job->disposition;
    struct view view = ledger_view(cx->ledger, cx->txn);
    if (d->by_lead) {
        *contract = d->pointer.contract;
        *index = d->pointer.index;
        return ERR_OK;
    }
    enum err err = find_txid(cx, job, contract, index);
    if (err != ERR_NOT_FOUND)
        return err;
    if (!d->by_click)
        return problem(&job->problem, ERR_NOT_FOUND, "txid", "no lead of yours is known by this txid");
    *contract = d->pointer.contract;
    switch (row_click_leads(&view, d->pointer.contract, d->pointer.index, index)) {
    case 0:
        return problem(&job->problem, ERR_NOT_FOUND, "click_id", "no lead is known for this click");
    case 1:
        return ERR_OK;
    default:
        return problem(&job->problem, ERR_CONFLICT, "click_id",
                       "this click has more than one lead: name it by lead or txid");
    }
}

/* A lead is sold once: the same sale again is the first answer again, another one is not. */
static enum err answer_same(struct commit *cx, struct job *job, uint32_t contract, uint64_t index)
{
    const struct disposition_report *r = &job->disposition.report;
    struct envelope env;
    struct entry e;
    if (r->status == STATUS_CONVERTED) {
        enum err err = ledger_get(cx->ledger, cx->txn, contract, index, &env);
        if (err == ERR_OK)
            err = entry_read(env.entry, &e, &job->problem);
        if (err != ERR_OK)
            return err == ERR_IO ? err : ERR_CORRUPT;
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

static enum err run_disposition(struct commit *cx, struct job *job)
{
    struct disposition_job *d = &job->disposition;
    enum err err = replay_nonce(cx, job, &d->nonce);
    if (err != ERR_NOT_FOUND)
        return err;

    uint32_t contract;
    struct lead_row lead;
    struct view view = ledger_view(cx->ledger, cx->txn);
    err = find_lead(cx, job, &contract, &d->report.lead);
    if (err != ERR_OK)
        return err;
    const struct contract *k = catalog_contract_number(cx->catalog, contract);
    if (k == NULL || !row_lead(&view, contract, d->report.lead, &lead))
        return problem(&job->problem, ERR_NOT_FOUND, "lead", "there is no such lead");
    if (!may_dispose(d->party, k))
        return problem(&job->problem, ERR_FORBIDDEN, "",
                       "only the campaign's advertiser may say what became of a lead");
    if (!span_empty(d->report.currency) && !span_eq(d->report.currency, k->terms->currency))
        return problem(&job->problem, ERR_MALFORMED, "currency", "must be the campaign's currency");

    struct entry e;
    bool same = false;
    err = decide_disposition(k->terms_index, &d->report, &lead, dated(cx, k, job->now_ms), &e, &same, &job->problem);
    if (err == ERR_OK && same)
        err = answer_same(cx, job, contract, lead.last);
    else if (err == ERR_OK)
        err = record_job(cx, job, k, &e, (struct companion){0}, true);
    if (err != ERR_OK)
        return err;
    job->lead_index = d->report.lead;
    return keep_nonce(cx, job, &d->nonce);
}

enum err pipeline_run(struct commit *cx, struct job *job)
{
    switch (job->kind) {
    case JOB_TRACK:
        return run_track(cx, job);
    case JOB_LEAD:
        return run_lead(cx, job);
    case JOB_DISPOSITION:
        return run_disposition(cx, job);
    case JOB_CONTROL:
        return job->control.run(cx, job);
    }
    assert("job kind" == NULL);
    return ERR_INTERNAL;
}

/* ---- the server's own entries ---- */

/* The first lead that is due; false when there is none. */
static bool first_due(struct commit *cx, struct row_op *row, uint32_t *contract, uint64_t *index)
{
    struct span key, value;
    int64_t due_ms;
    if (!store_row_seek(cx->txn, ROW_DUE, SPAN(""), &key, &value) || key.len > sizeof row->key ||
        due_key_read(key, &due_ms, contract, index) != ERR_OK || due_ms > cx->now_ms)
        return false;
    *row = (struct row_op){.table = ROW_DUE, .del = true, .key_len = key.len};
    memcpy(row->key, key.ptr, key.len);
    return true;
}

enum err pipeline_due(struct commit *cx, size_t max, size_t *n)
{
    struct row_ops gone = {.n = 1};
    uint32_t contract;
    uint64_t index;
    size_t done = 0;
    for (; done < max && first_due(cx, &gone.op[0], &contract, &index); done++) {
        const struct contract *k = catalog_contract_number(cx->catalog, contract);
        struct view view = ledger_view(cx->ledger, cx->txn);
        struct lead_row lead;
        struct entry e;
        enum err err = ERR_OK;
        if (k != NULL && row_lead(&view, contract, index, &lead) &&
            decide_due(k->terms_index, index, &lead, cx->now_ms, &e))
            err = pipeline_append(cx, k, &e, NULL, NULL);
        if (err == ERR_OK)
            err = store_rows_write(cx->txn, &gone); /* gone already, unless it was not due after all */
        if (err != ERR_OK)
            return err;
    }
    *n = done;
    return ERR_OK;
}

enum err pipeline_publish_head(struct commit *cx, const struct contract *k, struct buf *note)
{
    char name[ORIGIN_CAP];
    struct checkpoint c = {.origin = instance_log_name(cx->instance, k, name),
                           .size = ledger_size(cx->ledger, k->number)};
    assert(ledger_is_swept(cx->ledger, k->number));
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
