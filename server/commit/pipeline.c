/* gather -> decide -> append -> apply, for one job. Each function checks first and writes last, so that its "no" leaves
 * the batch as it was. */
#include <assert.h>

#include "common/base/when.h"
#include "common/decisions/address.h"
#include "common/decisions/rules.h"
#include "server/commit/batch.h"
#include "server/commit/clock_rows.h"
#include "server/commit/nonces.h"
#include "server/commit/outbox.h"
#include "server/commit/parts.h"
#include "server/commit/rollups.h"

/* What an entry brings along beside its bytes. */
struct brought {
    struct companion with;
    const struct private_part *person; /* of a lead */
    const struct scored *scored;       /* likewise, where the terms score */
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

/* Nothing is written: it is asked what would be. */
static bool only_asked(const struct batch *cx)
{
    return cx->ledger == NULL;
}

enum err pipeline_ready(struct batch *cx, const struct contract *k)
{
    return only_asked(cx) ? ERR_OK : ledger_ready(cx->ledger, cx->txn, k->number);
}

struct fold_context pipeline_fold(const struct contract *k)
{
    return (struct fold_context){.contract = k->number,
                                 .campaign = k->campaign->number,
                                 .contract_id = span_str(k->id),
                                 .advertiser = k->campaign->advertiser->number};
}

/* The time of the log's last entry. */
static int64_t last_ms(const struct batch *cx, const struct contract *k)
{
    return only_asked(cx)
               ? 0
               : ledger_tally(cx->ledger, k->number)->to_ms; /* the statement's entry stands in it at least */
}

void pipeline_date(const struct batch *cx, const struct contract *k, int64_t clocked_ms, struct entry *e)
{
    entry_date(e, clocked_ms, last_ms(cx, k));
}

int64_t pipeline_dated(const struct batch *cx, const struct contract *k, int64_t clocked_ms)
{
    struct entry e;
    pipeline_date(cx, k, clocked_ms, &e);
    return e.at_ms;
}

/* Of a step after which something stands in the batch: without the rest nothing may go on from here. */
static enum err written(enum err err)
{
    return err == ERR_OK || err == ERR_FULL ? err : ERR_IO;
}

/* In front of an entry of a log that does not know how it stands with the clock; a log begins with its terms. */
static bool clock_comes(const struct batch *cx, const struct contract *k)
{
    return !only_asked(cx) && clock_untold(cx, ledger_clock(cx->ledger, k->number)) &&
           ledger_size(cx->ledger, k->number) > 0;
}

uint64_t pipeline_next(const struct batch *cx, const struct contract *k)
{
    return only_asked(cx) ? 0 : ledger_size(cx->ledger, k->number) + clock_comes(cx, k);
}

static enum err append(struct batch *cx, const struct contract *k, const struct entry *e, struct span bytes,
                       const struct companion *with, uint64_t *index, struct hash *leaf)
{
    const struct terms *terms = contract_terms(k, e->at_ms);
    const uint64_t seq = ledger_next_seq(cx->ledger);
    enum err err = ledger_append(cx->ledger, cx->txn, k->number, e, bytes, with, terms, index, leaf);
    if (err == ERR_OK)
        rollups_entry(cx->rollups, seq, k->number, *index, e, terms);
    return err;
}

enum err pipeline_append_root(struct batch *cx, const struct root_leaf *x, uint64_t *leaf)
{
    const uint64_t seq = ledger_next_seq(cx->ledger);
    enum err err = ledger_append_root(cx->ledger, cx->txn, x, leaf);
    if (err == ERR_OK)
        rollups_root(cx->rollups, seq, ledger_next_seq(cx->ledger));
    return err;
}

/* Dated like the entry that it stands in front of. */
static enum err append_clock(struct batch *cx, const struct contract *k, const struct entry_clock *clock,
                             const struct entry *dated)
{
    const struct entry e = {
        .kind = ENTRY_CLOCK, .at_ms = dated->at_ms, .clocked_ms = dated->clocked_ms, .clock = *clock};
    char mem[LIMIT_ENTRY];
    struct buf bytes;
    uint64_t index;
    buf_fixed(&bytes, mem, sizeof mem);
    entry_write(&bytes, &e);
    return append(cx, k, &e, buf_span(&bytes), NULL, &index, NULL);
}

static enum err tell_clock(struct batch *cx, const struct contract *k, bool begins)
{
    struct entry_clock clock;
    struct entry dated;
    if (!clock_comes(cx, k))
        return ERR_OK;
    assert(batch_may_touch(cx, k));
    pipeline_date(cx, k, cx->now_ms, &dated);
    enum err err = pipeline_ready(cx, k);
    if (err == ERR_OK)
        err = clock_tell(cx, ledger_clock(cx->ledger, k->number), &clock);
    if (begins) /* what was before moved nothing in this log */
        clock.from_ms = clock.to_ms = dated.at_ms;
    return err == ERR_OK ? written(append_clock(cx, k, &clock, &dated)) : err;
}

enum err pipeline_clock(struct batch *cx, const struct contract *k)
{
    return tell_clock(cx, k, false);
}

enum err pipeline_clock_begins(struct batch *cx, const struct contract *k)
{
    return tell_clock(cx, k, true);
}

static enum err append_model(struct batch *cx, const struct contract *k, const struct entry *e, struct span state)
{
    char mem[LIMIT_ENTRY];
    struct buf bytes;
    uint64_t index;
    buf_fixed(&bytes, mem, sizeof mem);
    entry_write(&bytes, e);
    enum err err = ledger_state_put(cx->ledger, cx->txn, k->number, &e->model.sha256, state);
    if (err == ERR_OK)
        err = append(cx, k, e, buf_span(&bytes), NULL, &index, NULL);
    return err == ERR_OK ? ledger_learn(cx->ledger, &cx->view, k->number, contract_terms(k, e->at_ms), index, e, NULL)
                         : err;
}

/* Right behind the entry that taught the last of so many labels, and dated like that. */
static enum err append_learnt(struct batch *cx, const struct contract *k, const struct entry *taught)
{
    const struct score_model *m = ledger_model(cx->ledger, k->number);
    uint8_t state[SCORE_STATE_MAX];
    struct entry e;
    if (m == NULL || !m->due)
        return ERR_OK;
    model_entry(m, versions_at(&k->versions, taught->at_ms)->index, &e);
    e.at_ms = taught->at_ms;
    e.clocked_ms = taught->clocked_ms;
    return append_model(cx, k, &e, span_of(state, score_write(&m->state, state)));
}

enum err pipeline_seed(struct batch *cx, const struct contract *k, const struct entry_model *seed, struct span state)
{
    struct entry e = {.kind = ENTRY_MODEL};
    enum err err = pipeline_ready(cx, k);
    if (err == ERR_OK)
        err = pipeline_clock(cx, k);
    if (err != ERR_OK)
        return err;
    pipeline_date(cx, k, cx->now_ms, &e);
    e.model = *seed;
    return written(append_model(cx, k, &e, state));
}

/* `bytes` is the caller's memory for the entry; it is left holding them. */
static enum err record(struct batch *cx, const struct contract *k, const struct entry *e, const struct brought *with,
                       struct buf *bytes, struct recorded *out)
{
    const struct fold_context fold = pipeline_fold(k);
    const struct terms *terms = contract_terms(k, e->at_ms);
    struct row_ops ops; /* large, and of a click empty */
    struct recorded r;
    assert(batch_may_touch(cx, k) && e->at_ms >= last_ms(cx, k));
    entry_write(bytes, e);
    if (bytes->failed)
        return ERR_TOO_LARGE;
    *out = (struct recorded){.index = 0};
    if (only_asked(cx))
        return ERR_OK;
    struct entry_clock clock;
    bool untold = clock_comes(cx, k);
    enum err err = pipeline_ready(cx, k);
    if (err == ERR_OK)
        err = apply(&fold, &cx->view, terms, pipeline_next(cx, k), e, with->person, &ops);
    if (err == ERR_OK && untold)
        err = clock_tell(cx, ledger_clock(cx->ledger, k->number), &clock);
    if (err != ERR_OK)
        return err;
    if (untold && (err = append_clock(cx, k, &clock, e)) != ERR_OK)
        return written(err);
    err = append(cx, k, e, buf_span(bytes), &with->with, &r.index, &r.leaf);
    if (err == ERR_OK)
        err = store_rows_write(cx->txn, &ops);
    if (err == ERR_OK)
        err = ledger_learn(cx->ledger, &cx->view, k->number, terms, r.index, e, with->scored);
    if (err == ERR_OK)
        err = outbox_entry(cx, k, e, r.index);
    if (err == ERR_OK)
        notes_entry(cx->notes, ledger_next_seq(cx->ledger) - 1, k->number, r.index, e);
    if (err == ERR_OK)
        err = append_learnt(cx, k, e);
    if (err == ERR_OK)
        *out = r;
    return written(err);
}

static enum err append_dated(struct batch *cx, const struct contract *k, const struct entry *e, uint64_t *index,
                             struct hash *leaf)
{
    char mem[LIMIT_ENTRY];
    struct buf bytes;
    struct recorded r;
    buf_fixed(&bytes, mem, sizeof mem);
    enum err err = record(cx, k, e, &(struct brought){0}, &bytes, &r);
    if (err != ERR_OK)
        return err;
    if (index != NULL)
        *index = r.index;
    if (leaf != NULL)
        *leaf = r.leaf;
    return ERR_OK;
}

enum err pipeline_append(struct batch *cx, const struct contract *k, const struct entry *e, uint64_t *index,
                         struct hash *leaf)
{
    struct entry dated = *e;
    pipeline_date(cx, k, e->at_ms, &dated);
    return append_dated(cx, k, &dated, index, leaf);
}

enum err pipeline_close_period(struct batch *cx, const struct contract *k, const struct entry *e,
                               const struct last_statement *last, const struct tally *closed, int64_t next_ms)
{
    assert(e->kind == ENTRY_STATEMENT && e->statement.to <= ledger_size(cx->ledger, k->number));
    struct entry dated = *e;
    pipeline_date(cx, k, e->at_ms, &dated); /* by the entries that it closes */
    enum err err = ledger_statement(cx->ledger, cx->txn, k->number, last, closed, next_ms); /* the entry saves it */
    return err == ERR_OK ? written(append_dated(cx, k, &dated, NULL, NULL)) : err;
}

static enum err too_long(struct job *job)
{
    return problem(&job->problem, ERR_TOO_LARGE, "", "the entry would be longer than %d bytes", LIMIT_ENTRY);
}

/* As record, and the job learns what was recorded; the bytes go to the job's arena where its answer needs them. */
static enum err record_job(struct batch *cx, struct job *job, const struct contract *k, const struct entry *e,
                           const struct brought *with, bool keep_bytes)
{
    char mem[LIMIT_ENTRY];
    struct buf bytes;
    struct recorded r;
    buf_fixed(&bytes, mem, sizeof mem);
    enum err err = record(cx, k, e, with, &bytes, &r);
    if (err != ERR_OK)
        return err == ERR_TOO_LARGE ? too_long(job) : err;
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
    struct clicked click;
    if (!track->has_click_claim)
        return ERR_OK;
    enum err err = cx->view.click(cx->view.ctx, k->number, track->click_claim, &click);
    view->has_click = err == ERR_OK;
    view->click = view->has_click ? track->click_claim : 0;
    if (view->has_click)
        view->placement = click.placement;
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
    pipeline_date(cx, k, job->record.arrived_ms, &track->entry);
    if (!contract_binds(k, track->entry.at_ms))
        return ERR_CORRUPT; /* the worker saw that they did, and no later version asks for more */
    if (!terms_takes_traffic(contract_terms(k, track->entry.at_ms), job->record.arrived_ms))
        *(track->entry.kind == ENTRY_CLICK ? &track->entry.click.class : &track->entry.view.class) = CLASS_ENDED;
    if (track->entry.kind == ENTRY_CLICK)
        track->entry.click.clock_steps = cx->clock.steps;
    enum err err = track->entry.kind == ENTRY_VIEW ? find_click(cx, k, track) : ERR_OK;
    if (err != ERR_OK)
        return err;
    return record_job(cx, job, k, &track->entry, &(struct brought){.with.sealed = track->sealed}, false);
}

/* ---- replays ---- */

static enum err entry_bytes(struct batch *cx, uint32_t contract, uint64_t index, struct envelope *out)
{
    return only_asked(cx) ? ledger_read(cx->txn, contract, index, out)
                          : ledger_get(cx->ledger, cx->txn, contract, index, out);
}

/* An entry that a row names: it must be there. *e is to be closed. */
static enum err entry_at(struct batch *cx, uint32_t contract, uint64_t index, struct envelope *env, struct entry *e)
{
    enum err err = entry_bytes(cx, contract, index, env);
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
    enum err err = nonce_find(cx->txn, nonce, batch_steady_ms(cx, cx->now_ms) / MS_PER_S, &row);
    if (err != ERR_OK)
        return err;
    if (memcmp(row.request_sha256, nonce->request_sha256, HASH_LEN) != 0)
        return problem(&job->problem, ERR_CONFLICT, nonce->webhook ? "webhook-id" : "nonce",
                       "this %s came before with another request", nonce->webhook ? "webhook-id" : "nonce");
    return answer_recorded(cx, job, row.contract, row.index, NULL);
}

static enum err keep_nonce(struct batch *cx, const struct job *job, const struct nonce_use *nonce)
{
    int64_t forget_s = batch_steady_ms(cx, job->record.arrived_ms) / MS_PER_S + nonce->keep_s;
    return nonce->used && !only_asked(cx) ? nonce_record(cx->txn, nonce, forget_s, job->out_contract, job->index)
                                          : ERR_OK;
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
static enum err replay_txid(struct batch *cx, struct job *job, const struct contract *booked)
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
    if (r->trust == TRUST_PIXEL && (booked == NULL || row.contract != booked->number))
        return ERR_NOT_FOUND;
    if ((err = may_be_mended(cx, &row, r->trust == TRUST_PIXEL, &mendable)) != ERR_OK)
        return err;
    return mendable ? ERR_NOT_FOUND
                    : problem(&job->problem, ERR_CONFLICT, "txid", "this txid was reported before with other facts");
}

/* ---- leads ---- */

/* What is kept of a lead's private part. */
static struct kept_part kept_of(const struct record_lead *l)
{
    const struct lead_report *r = &l->report;
    struct kept_part k = {.contact = l->contact, .network = l->network};
    memcpy(k.salt, l->salt, SALT_LEN);
    k.has_email = r->has_email;
    k.has_phone = r->has_phone;
    memcpy(k.email, r->email, TOKEN_LEN);
    memcpy(k.phone, r->phone, TOKEN_LEN);
    memcpy(k.facts_sha256, r->facts_sha256, HASH_LEN);
    return k;
}

/* Nothing but a full or failing disk may come between the entries of one lead. */
static enum err parts_ready(struct batch *cx, struct job *job, const struct parts *parts)
{
    char mem[LIMIT_ENTRY];
    struct buf bytes;
    enum err err = ERR_OK;
    for (size_t i = 0; i < parts->n && err == ERR_OK; i++) {
        buf_fixed(&bytes, mem, sizeof mem);
        entry_write(&bytes, &parts->of[i].entry);
        err = bytes.failed ? too_long(job) : pipeline_ready(cx, parts->of[i].k);
    }
    return err;
}

/* A click that a lead has by its id alone is in no log: that such an id left is told right in front of the lead,
 * whatever became of what was counted then. */
static enum err record_gap(struct batch *cx, const struct part *p, bool *wrote)
{
    struct entry e = {.kind = ENTRY_GAP, .at_ms = entry_clock(&p->entry)};
    if (!gap_of_lead(&p->entry.lead, &e.gap))
        return ERR_OK;
    *wrote = true;
    return pipeline_append(cx, p->k, &e, NULL, NULL);
}

static bool is_several_entries(const struct parts *parts)
{
    struct entry_gap gap;
    return parts->n > 1 || gap_of_lead(&parts->of[0].entry.lead, &gap);
}

/* The last one answers. */
static enum err record_parts(struct batch *cx, struct job *job, const struct parts *parts)
{
    const struct record_lead *lead = &job->record.lead;
    const struct kept_part kept = kept_of(lead);
    struct private_part person = {.lead = true};
    char mem[KEPT_PART_MAX];
    struct buf beside;
    bool wrote = false;
    buf_fixed(&beside, mem, sizeof mem);
    kept_write(&beside, &kept);
    kept_person(&kept, &person);
    struct brought with = {{buf_span(&beside), lead->sealed}, &person, NULL};
    enum err err = is_several_entries(parts) ? parts_ready(cx, job, parts) : ERR_OK;
    for (size_t i = 0; i < parts->n && err == ERR_OK; i++) {
        const struct part *p = &parts->of[i];
        with.scored = &p->scored;
        err = record_gap(cx, p, &wrote);
        if (err == ERR_OK)
            err = record_job(cx, job, p->k, &p->entry, &with, i == parts->n - 1);
        if (wrote)
            err = written(err);
        wrote = true;
    }
    return err;
}

enum err pipeline_lead(struct batch *cx, struct job *job)
{
    struct record_lead *lead = &job->record.lead;
    enum err err = replay_nonce(cx, job, &lead->nonce);
    if (err != ERR_NOT_FOUND)
        return err;
    struct parts parts;
    lead->report.clock_steps = cx->clock.steps;
    lead->report.clock_unsure = !clock_sure(&cx->clock);
    err = parts_deal(cx, &lead->report, lead->fallback_contract, job->record.arrived_ms, &parts);
    if (err != ERR_OK)
        return err;
    const struct contract *booked = parts.of[parts.n - 1].k;
    err = replay_txid(cx, job, booked);
    if (err == ERR_OK)
        return keep_nonce(cx, job, &lead->nonce);
    if (err != ERR_NOT_FOUND)
        return err;
    if (booked == NULL)
        return problem(&job->problem, ERR_INVALID, "contract", "there is no contract to book this lead on");
    err = parts_decide(cx, &lead->report, job->record.arrived_ms, &parts, &job->problem);
    if (err == ERR_OK)
        err = record_parts(cx, job, &parts);
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
    return number >= 1 && number <= cx->catalog->n_parties ? catalog_party_number(cx->catalog, number) : NULL;
}

struct scope {
    const struct batch *cx;
    const struct record_disposition *d;
};

static bool stands_in(const void *ctx, uint32_t contract)
{
    const struct scope *in = ctx;
    const struct contract *k = catalog_contract_number(in->cx->catalog, contract);
    return k != NULL && (in->d->contract == 0 || in->d->contract == contract) &&
           (in->d->campaign == 0 || in->d->campaign == k->campaign->number);
}

static enum err find_lead(struct batch *cx, struct job *job, const struct party *p, struct addressed *out)
{
    const struct record_disposition *d = &job->record.disposition;
    const struct scope within = {cx, d};
    const char *field = d->contract != 0 ? "contract" : "campaign";
    bool anywhere = d->contract == 0 && d->campaign == 0;
    if (d->by_lead && !anywhere && !stands_in(&within, d->pointer.contract))
        return problem(&job->problem, ERR_CONFLICT, field, "is not where the lead stands");
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
        .within = anywhere ? NULL : stands_in,
        .ctx = &within,
        .scope = field,
    };
    if (d->by_click && !a.by_click && span_empty(a.txid))
        return problem(&job->problem, ERR_NOT_FOUND, "click_id", "no lead is known for this click");
    return address_find(&cx->view, &a, out, &job->problem);
}

/* A lead is sold once: the same sale again, or no more than that there was one, is the first answer again; another one
 * is not. */
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
        bool equal =
            e.kind == ENTRY_DISPOSITION &&
            (r->amount_micros == 0 || (d->amount_micros == r->amount_micros && span_eq(d->currency, r->currency))) &&
            (span_empty(d->txid) || span_empty(r->txid) || span_eq(d->txid, r->txid));
        entry_close(&e);
        if (!equal)
            return problem(&job->problem, ERR_CONFLICT, "status",
                           "this lead was sold before, with other facts: to say otherwise, say that it is returned, "
                           "approved and converted again, or ask for an adjustment");
    }
    return answer_recorded(cx, job, contract, index, NULL);
}

/* A lead's row is not there: so must its entry be. */
static enum err no_such_lead(struct batch *cx, uint32_t contract, uint64_t index)
{
    struct envelope env;
    enum err err = entry_bytes(cx, contract, index, &env);
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

/* Before anything is written of the lead that they are parts of. */
enum err pipeline_others_ready(struct batch *cx, const struct others *others)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < others->n && err == ERR_OK; i++)
        err = others->of[i].moves ? pipeline_ready(cx, others->of[i].k) : ERR_OK;
    return err;
}

enum err pipeline_others(struct batch *cx, const struct others *others)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < others->n && err == ERR_OK; i++)
        if (others->of[i].moves)
            err = written(pipeline_append(cx, others->of[i].k, &others->of[i].entry, NULL, NULL));
    return err;
}

/* Of a part that stands no more, while another one of the lead does. */
static void say_which_part(struct job *job, const struct lead_row *lead, const struct others *others)
{
    enum status to = job->record.disposition.report.status;
    size_t i = 0;
    while (i < others->n && !status_stands(others->of[i].row.status))
        i++;
    if (i == others->n || status_stands(lead->status) || to == STATUS_APPROVED)
        return;
    const struct other *o = &others->of[i];
    enum err err = problem(
        &job->problem, ERR_CONFLICT, "status",
        "this is a part of a shared lead, and is %s: it cannot become %s. The lead's part in contract "
        "%s, entry %llu, is %s: name that one",
        status_word(lead->status), status_word(to), o->k->id, (unsigned long long)o->index, status_word(o->row.status));
    (void)err;
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
    if (!may_dispose(p, k)) /* as of none: who guesses learns of no other's */
        return problem(&job->problem, ERR_NOT_FOUND, "lead", "there is no such lead");
    if (!span_empty(d->report.jws) && (!p->has_key || memcmp(p->pub, d->signer, sizeof d->signer) != 0))
        return problem(&job->problem, ERR_CONFLICT, "jws", "is signed by a key that this party has replaced meanwhile");
    if (at.guessed && !status_stands(lead.status) && d->report.status != lead.status)
        return problem(&job->problem, ERR_CONFLICT, "txid",
                       "this txid is another sender's, and its lead was refused: to approve it all the same name it by "
                       "lead, or add its click_id");
    if (!span_empty(d->report.currency) && !span_eq(d->report.currency, contract_currency(k)))
        return problem(&job->problem, ERR_MALFORMED, "currency", "must be the campaign's currency");

    const struct fold_context fold = pipeline_fold(k);
    int64_t now_ms = job->record.arrived_ms;
    const struct version *bound = versions_at(&k->versions, pipeline_dated(cx, k, now_ms));
    struct disposition_facts facts;
    struct others others;
    struct entry e;
    bool same = false;
    if ((err = gather_disposition(&cx->view, &fold, bound->terms, &d->report, &lead, &facts)) != ERR_OK ||
        (err = parts_others(cx, k, at.index, &lead, &others)) != ERR_OK)
        return err;
    err = bound->terms->ruleset->disposition(bound->index, &d->report, &lead, &facts, now_ms, &e, &same, &job->problem);
    if (err == ERR_CONFLICT)
        say_which_part(job, &lead, &others);
    if (err != ERR_OK || (err = parts_follow(cx, at.index, &lead, &d->report, now_ms, &others)) != ERR_OK ||
        (err = pipeline_others_ready(cx, &others)) != ERR_OK)
        return err;
    pipeline_date(cx, k, now_ms, &e);
    err = same ? answer_same(cx, job, at.contract, lead.last) : record_job(cx, job, k, &e, &(struct brought){0}, true);
    if (err != ERR_OK || (err = pipeline_others(cx, &others)) != ERR_OK)
        return err;
    return keep_nonce(cx, job, &d->nonce);
}

/* ---- what would be ---- */

enum err pipeline_would(struct instance *in, struct catalog *catalog, struct txn *t, struct job *job)
{
    struct batch cx = {.instance = in,
                       .txn = t,
                       .view = ledger_store_view(t),
                       .catalog = catalog,
                       .record = &job->record,
                       .now_ms = job->record.now_ms};
    enum err err = clock_mark_get(t, &cx.clock);
    if (err != ERR_OK && err != ERR_NOT_FOUND) /* no batch came so far */
        return err;
    return job->record.kind == RECORD_LEAD ? pipeline_lead(&cx, job) : pipeline_disposition(&cx, job);
}
