/* Corrections in money: entries of their own, on the next statement. Nothing that is closed is ever edited. Where the
 * contract asks for the assent of both, one counts from the second assent on. */
#include <assert.h>
#include <inttypes.h>
#include <stdio.h>

#include "common/base/bytes.h"
#include "common/base/text.h"
#include "common/decisions/tally.h"
#include "common/settlement/assent.h"
#include "server/api/body.h"
#include "server/api/call.h"
#include "server/api/go_on.h"
#include "server/api/list.h"
#include "server/commit/contract_write.h"
#include "server/settlement/settlement.h"
#include "server/settlement/statements.h"

/* ---- as shown ---- */

static void jw_assents(struct jw *w, const struct contract *k, const struct adjustment_row *row)
{
    const struct who *party[SIDES] = {k->campaign->advertiser, k->publisher};
    jw_key(w, "assents");
    jw_array(w);
    for (size_t i = 0; i < SIDES; i++) {
        if (row->assent[i].index == 0)
            continue;
        jw_object(w);
        jw_ktime(w, "at", row->assent[i].at_ms);
        jw_kint(w, "index", (int64_t)row->assent[i].index);
        jw_kstr(w, "party", span_str(party[i]->id));
        jw_object_end(w);
    }
    jw_array_end(w);
}

/* `stands_on`: the statement that it counts in; empty: none so far. */
static void jw_adjustment(struct jw *w, struct tokens *tokens, const struct contract *k, uint64_t index,
                          const struct adjustment_row *row, const char *stands_on)
{
    char ref[LEAD_REF_LEN];
    jw_object(w);
    jw_kbool(w, "asks_assent", row->on_assent);
    jw_assents(w, k, row);
    jw_ktime(w, "at", row->at_ms);
    jw_kstr(w, "contract", span_str(k->id));
    if (row->counts > 0)
        jw_kint(w, "counts_from", (int64_t)row->counts);
    jw_kstr(w, "currency", contract_currency(k));
    jw_kint(w, "index", (int64_t)index);
    if (row->lead > 0) {
        lead_ref_write(tokens, &(struct pointer){.contract = k->number, .index = row->lead}, ref);
        jw_kstr(w, "lead", span_of(ref, sizeof ref));
    }
    jw_khex(w, "leaf", row->leaf.b, HASH_LEN);
    jw_kint(w, "micros", row->micros);
    jw_kstr(w, "reason", row->reason);
    if (stands_on[0] != '\0')
        jw_kstr(w, "stands_on", span_str(stands_on));
    jw_kstr(w, "state", row->counts > 0 ? SPAN("counts") : SPAN("awaits_assent"));
    if (row->statement[0] != '\0')
        jw_kstr(w, "statement", span_str(row->statement));
    jw_object_end(w);
}

static void answer_adjustment(struct batch *cx, struct job *job, const struct contract *k, uint64_t index,
                              const struct adjustment_row *row, int status)
{
    struct answer a;
    answer_open(&a);
    jw_adjustment(&a.w, cx->tokens, k, index, row, "");
    answer_job(&a, job, status);
}

/* ---- POST /v1/contracts/{id}/adjustments ---- */

/* Whether a lead's own entry stands on that statement, or that by which it became payable first. */
static enum err stood_on(struct batch *cx, const struct contract *k, uint64_t lead, uint64_t paid, struct span id,
                         struct problem *p)
{
    const uint64_t entries[] = {lead, paid};
    for (size_t i = 0; i < 2; i++) {
        struct settled_row at;
        enum err err = entries[i] > 0 ? row_settled(&cx->view, k->number, entries[i], &at) : ERR_NOT_FOUND;
        if (err == ERR_OK && span_is(id, at.id))
            return ERR_OK;
        if (err != ERR_OK && err != ERR_NOT_FOUND)
            return err;
    }
    return problem(p, ERR_INVALID, "statement",
                   "is neither the one on which that lead stood nor the one that charged it: cite that, or the lead "
                   "alone, for which it is found");
}

/* What it cites is of this contract, and fits together. */
static enum err cites(struct batch *cx, const struct contract *k, struct job *job)
{
    struct span statement = job->record.adjustment.statement;
    uint64_t lead = job->record.adjustment.lead;
    struct statement_meta meta = {.contract = k};
    struct lead_row row;
    enum err err = lead > 0 ? row_lead(&cx->view, k->number, lead, &row) : ERR_OK;
    if (err == ERR_NOT_FOUND)
        return problem(&job->problem, ERR_INVALID, "lead", "is no lead of this contract");
    if (err == ERR_OK && !span_empty(statement))
        err = statement_meta_read(cx->txn, cx->catalog, statement, &meta);
    if (err == ERR_NOT_FOUND || (err == ERR_OK && meta.contract != k))
        return problem(&job->problem, ERR_INVALID, "statement", "is no statement of this contract");
    if (err == ERR_OK && lead > 0 && !span_empty(statement))
        err = stood_on(cx, k, lead, row.paid, statement, &job->problem);
    return err;
}

enum err adjustment_run(struct batch *cx, struct job *job)
{
    const struct record *r = &job->record;
    const struct contract *k = catalog_contract_number(cx->catalog, r->adjustment.contract);
    int64_t now_ms = pipeline_dated(cx, k, cx->now_ms);
    struct adjustment_row row;
    uint64_t index;
    assert(batch_may_touch(cx, k));
    if (!contract_binds(k, now_ms))
        return contract_unbound(k, &job->problem);
    enum err err = cites(cx, k, job);
    if (err != ERR_OK)
        return err;
    const struct entry e = {
        .kind = ENTRY_ADJUSTMENT,
        .at_ms = cx->now_ms,
        .adjustment = {.by = span_str(catalog_party_number(cx->catalog, r->adjustment.by)->id),
                       .micros = r->adjustment.micros,
                       .reason = r->adjustment.reason,
                       .lead = r->adjustment.lead,
                       .statement = r->adjustment.statement,
                       .on_assent = contract_terms(k, now_ms)->assent == ASSENT_BOTH},
    };
    if ((err = pipeline_append(cx, k, &e, &index, NULL)) != ERR_OK)
        return err;
    err = row_adjustment(&cx->view, k->number, index, &row);
    if (err == ERR_OK)
        answer_adjustment(cx, job, k, index, &row, 201);
    return err == ERR_OK ? err : ERR_IO; /* it was written right now */
}

struct made {
    struct body_int micros;
    struct span reason, lead, statement;
};

static const struct body_member members[] = {
    {"lead", BODY_TEXT, offsetof(struct made, lead), LEAD_REF_LEN, false, 0},
    {"micros", BODY_INT, offsetof(struct made, micros), STATEMENT_MOST_MICROS, true, -STATEMENT_MOST_MICROS},
    {"reason", BODY_TEXT, offsetof(struct made, reason), LIMIT_FIELD, true, 0},
    {"statement", BODY_TEXT, offsetof(struct made, statement), LIMIT_ID, false, 0},
    {NULL},
};

enum err adjustments_create(struct request *rq, struct reply *reply)
{
    (void)reply;
    struct made m = {.micros = {.given = false}};
    const struct contract *k, *of = NULL;
    uint64_t lead = 0;
    enum err err = call_contract(rq, rq->param[0], &k);
    if (err != ERR_OK || (err = body_read(rq, members, &m)) != ERR_OK)
        return err;
    if (k->publisher == NULL)
        return problem(&rq->problem, ERR_CONFLICT, "",
                       "a campaign's own contract pays nobody: there is nothing to correct");
    m.reason = text_strip(m.reason);
    if (span_empty(m.reason))
        return problem(&rq->problem, ERR_INVALID, "reason", "is required: a text of 1 to %d bytes", LIMIT_FIELD);
    if (m.micros.value == 0)
        return problem(&rq->problem, ERR_INVALID, "micros", "must not be 0");
    if (m.lead.ptr != NULL && (call_lead(rq, m.lead, &of, &lead) != ERR_OK || of != k))
        return problem(&rq->problem, ERR_INVALID, "lead", "is no lead of this contract");
    struct job *job = worker_job(rq, RECORD_ADJUSTMENT, k->campaign->advertiser);
    job->record.adjustment.contract = k->number;
    job->record.adjustment.by = rq->caller->number;
    job->record.adjustment.micros = m.micros.value;
    job->record.adjustment.lead = lead;
    job->record.adjustment.reason = m.reason;
    job->record.adjustment.statement = m.statement.ptr != NULL ? m.statement : SPAN("");
    return call_submit(rq, job);
}

/* ---- POST /v1/contracts/{id}/adjustments/{index}/assent ---- */

static enum err no_such(struct problem *p)
{
    return problem(p, ERR_NOT_FOUND, "", "there is no such adjustment");
}

/* One that asks for assents. */
static enum err find(const struct view *v, const struct contract *k, uint64_t index, struct adjustment_row *row,
                     struct problem *p)
{
    enum err err = row_adjustment(v, k->number, index, row);
    if (err == ERR_NOT_FOUND)
        return no_such(p);
    if (err == ERR_OK && !row->on_assent)
        return problem(p, ERR_CONFLICT, "", "this adjustment counts by the operator's word: it asks for no assent");
    return err;
}

enum err adjustment_assent_run(struct batch *cx, struct job *job)
{
    const struct record *r = &job->record;
    const struct contract *k = catalog_contract_number(cx->catalog, r->assent.contract);
    const struct party *party = catalog_party_number(cx->catalog, r->assent.party);
    uint64_t index = r->assent.adjustment;
    size_t side = party->who == k->publisher;
    struct adjustment_row row;
    enum err err = find(&cx->view, k, index, &row, &job->problem);
    if (err != ERR_OK)
        return err;
    if (row.assent[side].index > 0) {
        err = assent_again(cx, k, row.assent[side].index, r->assent.jws, "adjustment", &job->problem);
        if (err == ERR_OK)
            answer_adjustment(cx, job, k, index, &row, 200);
        return err;
    }
    const struct assented to = {.adjustment = index, .leaf = row.leaf, .at_ms = row.at_ms};
    if ((err = go_on_none(cx, RECORD_PARTY_KEY, party->number, &job->problem)) != ERR_OK)
        return err;
    err = assent_check(cx->instance, k, party, ASSENT_TYP, r->assent.jws, &to, pipeline_dated(cx, k, cx->now_ms),
                       &job->problem);
    if (err != ERR_OK)
        return err;
    const struct entry e = {.kind = ENTRY_ASSENT,
                            .at_ms = cx->now_ms,
                            .assent = {.party = span_str(party->id),
                                       .jws = r->assent.jws,
                                       .adjustment = index,
                                       .payable_micros = row.assent[1 - side].index > 0 ? row.micros : 0}};
    if ((err = pipeline_append(cx, k, &e, NULL, NULL)) != ERR_OK)
        return err;
    err = row_adjustment(&cx->view, k->number, index, &row);
    if (err == ERR_OK)
        answer_adjustment(cx, job, k, index, &row, 201);
    return err == ERR_OK ? err : ERR_IO;
}

enum err adjustments_assent(struct request *rq, struct reply *reply)
{
    (void)reply;
    const struct contract *k;
    struct adjustment_row row;
    struct span jws = {0};
    struct txn *t;
    uint64_t index;
    enum err err = call_contract(rq, rq->param[0], &k);
    if (err != ERR_OK)
        return err;
    if (!contract_has_party(k, rq->caller))
        return problem(&rq->problem, ERR_FORBIDDEN, "", "its advertiser and its publisher assent to adjustments");
    if (parse_u64(rq->param[1], &index) != ERR_OK || index < 1 || index > JSON_INT_MAX)
        return no_such(&rq->problem);
    if ((err = word_body(rq, LIMIT_PARTY_JWS, &jws)) != ERR_OK || (err = worker_reader(rq->worker, &t)) != ERR_OK)
        return err;
    const struct view view = store_view(t);
    if ((err = find(&view, k, index, &row, &rq->problem)) != ERR_OK)
        return err;
    const struct assented to = {.adjustment = index, .leaf = row.leaf, .at_ms = row.at_ms};
    err =
        assent_check(&rq->worker->server->instance, k, rq->caller, ASSENT_TYP, jws, &to, rq->arrived_ms, &rq->problem);
    if (err != ERR_OK)
        return err;
    struct job *job = worker_job(rq, RECORD_ASSENT, k->campaign->advertiser);
    job->record.assent.contract = k->number;
    job->record.assent.party = rq->caller->number;
    job->record.assent.adjustment = index;
    job->record.assent.jws = jws;
    return call_submit(rq, job);
}

/* ---- GET /v1/contracts/{id}/adjustments ---- */

static enum err adjustments_write(struct request *rq, struct txn *t, const struct contract *k, struct list *list,
                                  uint64_t *index)
{
    const struct view view = store_view(t);
    struct adjustment_row row;
    uint64_t at;
    enum err err;
    while ((err = row_adjustment_from(&view, k->number, *index + 1, &at, &row)) == ERR_OK && list_item(list)) {
        struct settled_row stands_on = {.to = 0};
        if (row.counts > 0)
            err = row_settled(&view, k->number, row.counts, &stands_on);
        if (err != ERR_OK && err != ERR_NOT_FOUND)
            return err;
        jw_adjustment(&list->w, rq->worker->tokens, k, at, &row, stands_on.id);
        *index = at;
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err adjustments_list(struct request *rq, struct reply *reply)
{
    const struct contract *k;
    struct window window;
    struct list list;
    struct txn *t;
    uint64_t index = 0;
    char last[24];
    enum err err;
    if ((err = call_contract(rq, rq->param[0], &k)) != ERR_OK || (err = window_read(rq, NULL, 0, &window)) != ERR_OK)
        return err;
    if (!span_empty(window.after) && (parse_u64(window.after, &index) != ERR_OK || index > JSON_INT_MAX))
        return problem(&rq->problem, ERR_MALFORMED, "after", "must be the `next` of the answer before");
    if ((err = worker_reader(rq->worker, &t)) != ERR_OK)
        return err;
    list_open(&list, &window);
    if ((err = adjustments_write(rq, t, k, &list, &index)) != ERR_OK) {
        list_abandon(&list);
        return err;
    }
    snprintf(last, sizeof last, "%" PRIu64, index);
    list_reply(rq, reply, &list, span_str(last));
    return ERR_OK;
}

/* ---- what corrects a statement ---- */

/* As far as it can be written. */
static json_int_t shown(wide_micros micros)
{
    return micros > MONEY_MAX_MICROS    ? MONEY_MAX_MICROS
           : micros < -MONEY_MAX_MICROS ? -MONEY_MAX_MICROS
                                        : (json_int_t)micros;
}

static json_t *sum_json(const struct correction_row *row, enum correction which)
{
    return json_pack("{s:I,s:I}", "micros", shown(row->of[which].micros), "n", (json_int_t)row->of[which].n);
}

enum err adjustments_about(struct txn *t, const struct contract *k, struct span statement, json_t **out)
{
    const struct view view = store_view(t);
    struct correction_row row;
    enum err err = row_corrections(&view, k->number, statement, &row);
    if (err == ERR_OK)
        *out = json_pack("{s:o,s:o,s:o}", "adjusted", sum_json(&row, CORRECTION_ADJUSTED), "reinstated",
                         sum_json(&row, CORRECTION_REINSTATED), "returned", sum_json(&row, CORRECTION_RETURNED));
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}
