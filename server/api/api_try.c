/* POST /v1/campaigns/{id}/try: how the last leads would have fared under proposed terms. A reader thread, one snapshot
 * of the store; nothing is recorded. */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/decisions/rules.h"
#include "common/settlement/trial.h"
#include "server/api/api.h"
#include "server/api/body.h"
#include "server/api/call.h"
#include "server/api/campaign.h"
#include "server/api/lead_touches.h"
#include "server/keys/day_keys.h"

enum { TRY_LEADS = 500 };

/* ---- the proposal ---- */

struct proposal {
    const struct campaign *campaign;
    struct buf document;             /* of the campaign, as it would be */
    const struct contract *contract; /* whose own document is to change too; NULL: none */
    struct buf contract_document;
};

static enum err within_contract(struct problem *p, enum err err)
{
    char field[sizeof p->field];
    if (err == ERR_OK || p->field[0] == '\0')
        return err;
    memcpy(field, p->field, sizeof field);
    snprintf(p->field, sizeof p->field, "contract.%.86s", field);
    return err;
}

/* {"id": whose, and what is to change}. */
static enum err contract_read(struct request *rq, json_t *patch, struct proposal *out)
{
    struct span id = SPAN("");
    enum err err = json_get_str(patch, "contract", "id", LIMIT_ID, &id, NULL, &rq->problem);
    if (err != ERR_OK)
        return err;
    const struct contract *k = catalog_contract(rq->catalog, id);
    if (k == NULL || k->campaign != out->campaign->which)
        return problem(&rq->problem, ERR_INVALID, "contract.id", "must be the id of a contract of this campaign");
    json_object_del(patch, "id");
    out->contract = k;
    return within_contract(&rq->problem, contract_patch(k->document, patch, &out->contract_document, &rq->problem));
}

static enum err proposal_read(struct request *rq, struct proposal *out)
{
    json_t *body;
    enum err err = body_object(rq, &body);
    if (err != ERR_OK)
        return err;
    json_t *contract = json_incref(json_object_get(body, "contract"));
    json_object_del(body, "contract");
    if (contract != NULL && !json_is_object(contract))
        err = problem(&rq->problem, ERR_INVALID, "contract", "must be an object: the id, and what is to change");
    if (err == ERR_OK)
        err = campaign_patch(out->campaign->document, body, &out->document, &rq->problem);
    if (err == ERR_OK)
        err = campaign_zone(rq, body);
    if (err == ERR_OK && contract != NULL)
        err = contract_read(rq, contract, out);
    json_decref(contract);
    json_decref(body);
    return err;
}

static enum err propose(const struct proposal *p, const struct contract *k, struct terms **out, struct problem *problem)
{
    const struct entry_terms e = {.rules = RULES_NOW,
                                  .campaign = buf_span(&p->document),
                                  .contract = k == p->contract ? buf_span(&p->contract_document) : k->document};
    return rules_compile(&e, out, problem);
}

/* ---- the leads ---- */

struct place_of {
    size_t which; /* of the campaign's contracts */
    const struct contract *k;
    uint64_t index;
    struct lead_row row;
};

struct trying {
    struct request *rq;
    struct txn *txn;
    struct proposal proposal;
    struct place_of *place; /* the newest so far, in no order; one more than are wanted */
    size_t n, room;
    struct terms **terms; /* of each of the campaign's contracts, once a lead of it is looked at */
    struct trial trial;
    struct buf *plain; /* of lead i's private part */
    size_t leads_room;
};

/* The newest first. */
static int newest_first(const void *a, const void *b)
{
    const struct place_of *x = a, *y = b;
    if (x->row.at_ms != y->row.at_ms)
        return x->row.at_ms > y->row.at_ms ? -1 : 1;
    if (x->k->number != y->k->number)
        return x->k->number < y->k->number ? -1 : 1;
    return x->index > y->index ? -1 : x->index < y->index;
}

static struct contract_list tried(const struct trying *t)
{
    return catalog_contracts_of(t->rq->catalog, t->proposal.campaign->which);
}

static void add_place(struct trying *t, size_t which, uint64_t index, const struct lead_row *row)
{
    const struct contract_list all = tried(t);
    if (t->n == t->room) {
        t->room = t->room ? 2 * t->room : TRY_LEADS;
        t->place = xrealloc(t->place, t->room * sizeof *t->place);
    }
    t->place[t->n++] = (struct place_of){which, catalog_listed(t->rq->catalog, &all, which), index, *row};
}

/* Up to TRY_LEADS of one contract, from its newest back. */
static enum err add_contract(struct trying *t, struct cursor *c, size_t which)
{
    const struct contract_list all = tried(t);
    const struct contract *k = catalog_listed(t->rq->catalog, &all, which);
    uint8_t behind[12];
    struct span key, value;
    row_index_key(behind, k->number + 1, 0);
    enum err step = cursor_seek(c, span_of(behind, sizeof behind), &key, &value);
    step = step == ERR_OK ? cursor_prev(c, &key, &value) : step == ERR_NOT_FOUND ? cursor_last(c, &key, &value) : step;
    for (size_t n = 0; n < TRY_LEADS && step == ERR_OK; n++) {
        struct lead_row row;
        if (key.len != sizeof behind)
            return ERR_CORRUPT;
        if (load_be32(key.ptr) != k->number)
            return ERR_OK;
        enum err err = lead_row_read(value, &row);
        if (err != ERR_OK)
            return err;
        add_place(t, which, load_be64(key.ptr + 4), &row);
        step = cursor_prev(c, &key, &value);
    }
    return step == ERR_NOT_FOUND ? ERR_OK : step;
}

/* The last part of a shared lead is the one that counts. */
static bool counts(const struct lead_row *row)
{
    return row->share.to == 0 || row->share.to == SHARE_WHOLE;
}

/* With the parts of the last one, which came in its millisecond. */
static void keep_newest(struct trying *t)
{
    size_t n = 0, leads = 0;
    if (t->n > 0)
        qsort(t->place, t->n, sizeof *t->place, newest_first);
    while (n < t->n &&
           (leads < TRY_LEADS || (!counts(&t->place[n].row) && t->place[n].row.at_ms == t->place[n - 1].row.at_ms)))
        leads += counts(&t->place[n++].row);
    t->n = n;
}

static enum err find_leads(struct trying *t)
{
    struct cursor *c;
    enum err err = cursor_open(t->txn, (enum table)(TABLE_ROWS + ROW_LEADS), &c);
    if (err != ERR_OK)
        return err;
    const struct contract_list all = tried(t);
    for (size_t i = 0; i < all.n && err == ERR_OK; i++) {
        err = add_contract(t, c, i);
        keep_newest(t);
    }
    cursor_close(c);
    return err;
}

/* ERR_NOT_FOUND, of its private part alone: it is destroyed. */
static enum err open_private(struct trying *t, const struct envelope *env, struct trial_lead *lead, struct buf *plain)
{
    const struct hash *commitment = entry_commitment(&lead->entry);
    enum err err = sealer_read(t->rq->worker->sealer, t->txn, env, commitment, plain, &lead->priv);
    lead->opened = err == ERR_OK;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* By the terms that the lead was decided by: an entry of its log. */
static enum err is_dealt_alike(struct trying *t, const struct contract *k, const struct trial_lead *lead, bool *alike)
{
    struct envelope env;
    struct entry e;
    struct terms *then = NULL;
    *alike = true;
    if (!lead->entry.lead.share_to && lead->entry.lead.other_touches == 0)
        return ERR_OK;
    enum err err = ledger_read(t->txn, k->number, lead->entry.lead.terms, &env);
    if (err != ERR_OK || (err = entry_read(env.entry, &e, NULL)) != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    err = e.kind == ENTRY_TERMS ? rules_compile(&e.terms, &then, NULL) : ERR_CORRUPT;
    if (err == ERR_OK)
        *alike = credit_alike(then, lead->terms);
    terms_free(then);
    entry_close(&e);
    return err;
}

/* All that it had, where what is sealed of it is there to say so. */
static enum err read_touches(struct trying *t, struct trial_lead *lead)
{
    struct lead_facts facts;
    if (lead->dealt_alike || !lead->opened || lead->entry.lead.other_touches == 0)
        return ERR_OK;
    enum err err = lead_touches(t->rq->worker->tokens, t->trial.store, &lead->entry.lead, lead->priv.contact, &facts);
    if (err != ERR_OK)
        return err;
    memcpy(lead->touch, facts.touches, facts.n_touches * sizeof *lead->touch);
    lead->n_touches = facts.n_touches;
    return ERR_OK;
}

/* As a part of contract k, which the place's own need not be. */
static enum err read_lead(struct trying *t, const struct place_of *p, size_t which, struct trial_lead *lead,
                          struct buf *plain)
{
    const struct contract_list all = tried(t);
    const struct contract *k = catalog_listed(t->rq->catalog, &all, which);
    struct terms **terms = &t->terms[which];
    struct envelope env;
    enum err err = *terms != NULL ? ERR_OK : propose(&t->proposal, k, terms, &t->rq->problem);
    if (err == ERR_OK && (err = ledger_read(t->txn, p->k->number, p->index, &env)) == ERR_NOT_FOUND)
        err = ERR_CORRUPT;
    if (err == ERR_OK)
        err = entry_read(env.entry, &lead->entry, NULL);
    if (err != ERR_OK)
        return err;
    if (lead->entry.kind != ENTRY_LEAD)
        return ERR_CORRUPT;
    lead->cx = (struct fold_context){.contract = k->number,
                                     .campaign = k->campaign->number,
                                     .contract_id = span_str(k->id),
                                     .advertiser = k->campaign->advertiser->number,
                                     .score_stands = true};
    lead->index = p->index;
    lead->row = p->row;
    lead->terms = *terms;
    lead->advertiser = k->campaign->advertiser->id;
    lead->publisher = k->publisher != NULL ? k->publisher->id : "";
    err = is_dealt_alike(t, p->k, lead, &lead->dealt_alike);
    if (err == ERR_OK)
        err = open_private(t, &env, lead, plain);
    return err == ERR_OK ? read_touches(t, lead) : err;
}

/* Room for one more: what they point at stays where it is. */
static struct trial_lead *next_lead(struct trying *t)
{
    struct trial *trial = &t->trial;
    if (trial->n == t->leads_room) {
        t->leads_room = t->leads_room ? 2 * t->leads_room : TRY_LEADS;
        trial->lead = xrealloc(trial->lead, t->leads_room * sizeof *trial->lead);
        t->plain = xrealloc(t->plain, t->leads_room * sizeof *t->plain);
    }
    buf_heap(&t->plain[trial->n]);
    trial->lead[trial->n] = (struct trial_lead){.n_touches = 0};
    return &trial->lead[trial->n++];
}

static bool has_part(const struct trial *t, size_t n, uint32_t contract, const struct trial_lead *lead)
{
    for (size_t i = 0; i < n; i++)
        if (t->lead[i].cx.contract == contract &&
            memcmp(t->lead[i].entry.lead.commitment.b, lead->entry.lead.commitment.b, HASH_LEN) == 0)
            return true;
    return false;
}

static bool which_of(const struct trying *t, uint32_t contract, size_t *which)
{
    const struct contract_list all = tried(t);
    for (*which = 0; *which < all.n; ++*which)
        if (catalog_listed(t->rq->catalog, &all, *which)->number == contract)
            return true;
    return false;
}

/* Parts that contracts of its touches would have and do not: those that the terms give none are gone again. */
static enum err add_parts(struct trying *t, const struct place_of *p, size_t at)
{
    struct trial *trial = &t->trial;
    size_t which;
    enum err err = ERR_OK;
    for (size_t i = 0; i < trial->lead[at].n_touches && err == ERR_OK; i++) {
        const uint32_t contract = trial->lead[at].touch[i].contract;
        if (has_part(trial, trial->n, contract, &trial->lead[at]))
            continue;
        if (!which_of(t, contract, &which))
            return ERR_CORRUPT;
        struct trial_lead *added = next_lead(t);
        err = read_lead(t, p, which, added, &t->plain[trial->n - 1]);
        added->added = true;
        added->index = (uint64_t)JSON_INT_MAX - trial->n; /* no lead's */
    }
    return err;
}

static enum err read_leads(struct trying *t)
{
    enum err err = ERR_OK;
    t->terms = xcalloc(tried(t).n, sizeof(struct terms *));
    for (size_t i = 0; i < t->n && err == ERR_OK; i++) { /* the oldest first */
        const struct place_of *p = &t->place[t->n - 1 - i];
        struct trial_lead *lead = next_lead(t);
        err = read_lead(t, p, p->which, lead, &t->plain[i]);
    }
    for (size_t i = 0; i < t->n && err == ERR_OK; i++)
        err = add_parts(t, &t->place[t->n - 1 - i], i);
    return err;
}

static enum err run(struct trying *t)
{
    struct view store = ledger_store_view(t->txn);
    t->trial.store = &store;
    t->trial.pepper = t->proposal.campaign->which->pepper;
    enum err err = find_leads(t);
    if (err == ERR_OK)
        err = read_leads(t);
    return err == ERR_OK ? trial_run(&t->trial) : err;
}

static void trying_close(struct trying *t)
{
    for (size_t i = 0; i < t->trial.n; i++) {
        entry_close(&t->trial.lead[i].entry);
        buf_free(&t->plain[i]);
    }
    for (size_t i = 0; t->terms != NULL && i < tried(t).n; i++)
        terms_free(t->terms[i]);
    free(t->terms);
    free(t->plain);
    free(t->trial.lead);
    free(t->place);
    buf_free(&t->proposal.document);
    buf_free(&t->proposal.contract_document);
}

/* ---- the answer ---- */

#define NOT_TAKEN "not_taken"

struct outcome {
    bool not_taken;
    enum status status;
    enum reason reason;
    int64_t payout_micros;
};

/* Of a lead, which its last part speaks for: of a shared one with the money of all parts. */
struct fate {
    const struct trial_lead *last;
    bool unknown;
    struct outcome before, after;
};

static struct outcome outcome_of(const struct trial_lead *l, bool after)
{
    const struct entry_lead *e = &l->entry.lead;
    return after ? (struct outcome){l->not_taken, l->status, l->reason, l->payout_micros}
                 : (struct outcome){false, e->status, e->reason, e->payout_micros};
}

static bool speaks_after(const struct trial_lead *l)
{
    uint32_t to = l->redealt ? l->credit.to : l->entry.lead.share_to;
    return !l->gone && (to == 0 || to == SHARE_WHOLE);
}

static void add_part(struct fate *f, const struct trial_lead *l, bool last)
{
    struct outcome before = outcome_of(l, false), after = outcome_of(l, true);
    int64_t paid = f->before.payout_micros + (l->added ? 0 : before.payout_micros);
    int64_t would_be = f->after.payout_micros + (l->gone || l->not_taken ? 0 : after.payout_micros);
    f->unknown |= l->unknown;
    if (last) {
        f->last = l;
        f->before = before;
    }
    if (speaks_after(l))
        f->after = after;
    f->before.payout_micros = paid;
    f->after.payout_micros = would_be;
}

/* In the order of their last parts; those of unknown fate too. */
static size_t fates_of(const struct trial *t, struct fate *out)
{
    size_t *place = xcalloc(t->n + 1, sizeof *place), n = 0;
    for (size_t i = 0; i < t->n; i++)
        if (t->lead[i].of == i)
            place[i] = n++;
    for (size_t i = 0; i < t->n; i++)
        add_part(&out[place[t->lead[i].of]], &t->lead[i], t->lead[i].of == i);
    free(place);
    return n;
}

static bool same_bucket(const struct outcome *a, const struct outcome *b)
{
    return a->not_taken == b->not_taken && (a->not_taken || (a->status == b->status && a->reason == b->reason));
}

static bool same_outcome(const struct outcome *a, const struct outcome *b)
{
    return same_bucket(a, b) && (a->not_taken || a->payout_micros == b->payout_micros);
}

static void outcome_words(struct jw *w, const struct outcome *o)
{
    jw_kint(w, "payout_micros", o->not_taken ? 0 : o->payout_micros);
    jw_kstr(w, "reason", span_str(o->not_taken ? "" : reason_word(o->reason)));
    jw_kstr(w, "status", span_str(o->not_taken ? NOT_TAKEN : status_word(o->status)));
}

/* Each outcome that occurs, in the order of its first lead: how many, and the sum of their payouts. */
static void side_json(struct jw *w, const struct fate *fate, size_t fates, bool after)
{
    struct outcome *bucket = xcalloc(fates + 1, sizeof *bucket);
    uint64_t *count = xcalloc(fates + 1, sizeof *count);
    size_t n = 0;
    int64_t sum = 0;
    for (size_t i = 0; i < fates; i++) {
        struct outcome o = after ? fate[i].after : fate[i].before;
        size_t b = 0;
        if (fate[i].unknown)
            continue;
        while (b < n && !same_bucket(&bucket[b], &o))
            b++;
        if (b == n)
            bucket[n++] = o;
        else
            bucket[b].payout_micros += o.payout_micros;
        count[b]++;
        sum += o.not_taken ? 0 : o.payout_micros;
    }
    jw_object(w);
    jw_key(w, "outcomes");
    jw_array(w);
    for (size_t b = 0; b < n; b++) {
        jw_object(w);
        jw_kint(w, "leads", (int64_t)count[b]);
        outcome_words(w, &bucket[b]);
        jw_object_end(w);
    }
    jw_array_end(w);
    jw_kint(w, "payout_micros", sum);
    jw_object_end(w);
    free(bucket);
    free(count);
}

/* Of those that their score would have held, what is known by now. */
static void low_json(struct jw *w, const struct fate *fate, size_t fates)
{
    int64_t bad = 0, good = 0, all = 0;
    for (size_t i = 0; i < fates; i++) {
        enum status now = fate[i].last->row.status;
        if (fate[i].unknown || fate[i].after.not_taken || fate[i].after.reason != REASON_LOW_SCORE)
            continue;
        all++;
        good += status_payable(now);
        bad += now == STATUS_REJECTED || now == STATUS_RETURNED;
    }
    jw_object(w);
    jw_kint(w, "bad", bad);
    jw_kint(w, "good", good);
    jw_kint(w, "leads", all);
    jw_kint(w, "open", all - good - bad);
    jw_object_end(w);
}

static void change_json(struct jw *w, struct request *rq, const struct fate *f)
{
    char ref[LEAD_REF_LEN];
    const struct trial_lead *l = f->last;
    lead_ref_write(rq->worker->tokens, &(struct pointer){.contract = l->cx.contract, .index = l->index}, ref);
    jw_object(w);
    for (int after = 1; after >= 0; after--) {
        jw_key(w, after ? "after" : "before");
        jw_object(w);
        outcome_words(w, after ? &f->after : &f->before);
        jw_object_end(w);
    }
    jw_kstr(w, "contract", l->cx.contract_id);
    jw_kstr(w, "lead", span_of(ref, LEAD_REF_LEN));
    jw_ktime(w, "received_at", l->entry.at_ms);
    jw_object_end(w);
}

static void answer(struct trying *t, struct reply *reply)
{
    const struct trial *trial = &t->trial;
    const struct contract *direct = catalog_contract_number(t->rq->catalog, t->proposal.campaign->direct);
    struct answer a;
    int64_t unknown = 0;
    struct fate *fate = xcalloc(trial->n + 1, sizeof *fate);
    size_t n = fates_of(trial, fate);
    answer_open(&a);
    jw_object(&a.w);
    jw_key(&a.w, "after");
    side_json(&a.w, fate, n, true);
    jw_key(&a.w, "before");
    side_json(&a.w, fate, n, false);
    jw_key(&a.w, "changes");
    jw_array(&a.w);
    for (size_t i = 0; i < n; i++) {
        unknown += fate[i].unknown;
        if (!fate[i].unknown && !same_outcome(&fate[i].before, &fate[i].after))
            change_json(&a.w, t->rq, &fate[i]);
    }
    jw_array_end(&a.w);
    jw_kstr(&a.w, "currency", contract_currency(direct));
    jw_kint(&a.w, "leads", (int64_t)n);
    jw_key(&a.w, "low_score");
    low_json(&a.w, fate, n);
    jw_kint(&a.w, "unknown", unknown);
    jw_object_end(&a.w);
    answer_reply(&a, t->rq, reply);
    free(fate);
}

enum err campaigns_try(struct request *rq, struct reply *reply)
{
    struct trying t = {.rq = rq};
    struct terms *terms = NULL;
    enum err err = campaign_owned(rq, &t.proposal.campaign);
    if (err != ERR_OK)
        return err;
    buf_heap(&t.proposal.document);
    buf_heap(&t.proposal.contract_document);
    err = proposal_read(rq, &t.proposal);
    if (err == ERR_OK)
        err = propose(&t.proposal, catalog_contract_number(rq->catalog, t.proposal.campaign->direct), &terms,
                      &rq->problem);
    terms_free(terms);
    if (err == ERR_OK)
        err = worker_reader(rq->worker, &t.txn);
    if (err == ERR_OK)
        err = run(&t);
    if (err == ERR_OK)
        answer(&t, reply);
    trying_close(&t);
    return err;
}
