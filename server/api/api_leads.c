#include "common/base/bytes.h"
#include "server/api/api.h"
#include "server/api/call.h"
#include "server/api/lead_json.h"
#include "server/api/list.h"
#include "server/postback/postback.h"

/* Leads and dispositions that one call looks at: past it the list ends early, with `next`. */
enum { LEADS_SCAN = 5000 };

static void ref_write(struct request *rq, const struct contract *k, uint64_t index, char out[LEAD_REF_LEN])
{
    lead_ref_write(rq->worker->tokens, &(struct pointer){.contract = k->number, .index = index}, out);
}

/* ---- GET /v1/contracts/{id}/leads ---- */

struct leads {
    struct request *rq;
    struct txn *txn;
    const struct contract *k;
    bool filtered;
    enum status status;
    uint64_t at; /* index after the last lead that was looked at */
    struct list list;
};

static enum err leads_write(struct leads *l)
{
    uint64_t index;
    struct lead_row row;
    struct view v = store_view(l->txn);
    struct lead_walk walk = {.view = &v, .contract = l->k->number, .at = l->at, .rows = LEADS_SCAN};
    enum err step, err;
    for (; (step = lead_walk_next(&walk, UINT64_MAX, &index, &row)) == ERR_OK; l->at = index + 1) {
        bool wanted = !l->filtered || row.status == l->status;
        if (wanted && !list_item(&l->list))
            return ERR_OK;
        if (wanted && (err = lead_json(&l->list.w, l->rq, l->txn, l->k, index, &row, false)) != ERR_OK)
            return err;
    }
    if (step != ERR_NOT_FOUND)
        return step;
    l->list.more = lead_walk_paused(&walk, UINT64_MAX);
    if (l->list.more)
        l->at = walk.at;
    return ERR_OK;
}

static enum err leads_page(struct request *rq, struct leads *l, struct window *window)
{
    struct param status = {.name = "status"};
    struct pointer after;
    enum err err = window_read(rq, &status, 1, window);
    if (err != ERR_OK)
        return err;
    l->filtered = status.given;
    if (status.given && status_parse(status.value, &l->status) != ERR_OK)
        return problem(&rq->problem, ERR_MALFORMED, "status",
                       "must be pending, held, approved, rejected, duplicate, returned or converted");
    if (span_empty(window->after))
        return ERR_OK;
    if (lead_ref_read(rq->worker->tokens, window->after, &after) != ERR_OK || after.contract != l->k->number)
        return problem(&rq->problem, ERR_MALFORMED, "after", "must be the `next` of the answer before");
    l->at = after.index + 1;
    return ERR_OK;
}

enum err leads_list(struct request *rq, struct reply *reply)
{
    struct leads l = {.rq = rq};
    struct window window;
    char last[LEAD_REF_LEN] = {0};
    enum err err;
    if ((err = call_contract(rq, rq->param[0], &l.k)) != ERR_OK || (err = leads_page(rq, &l, &window)) != ERR_OK ||
        (err = worker_reader(rq->worker, &l.txn)) != ERR_OK)
        return err;
    list_open(&l.list, &window);
    if ((err = leads_write(&l)) != ERR_OK) {
        list_abandon(&l.list);
        return err;
    }
    if (l.list.more)
        ref_write(rq, l.k, l.at - 1, last);
    list_reply(rq, reply, &l.list, span_of(last, sizeof last));
    return ERR_OK;
}

/* ---- GET /v1/leads/{ref} ---- */

/* Who has a ref has it from us: without a row there must be no lead either. */
static enum err lead_row_get(struct txn *t, const struct contract *k, uint64_t index, struct lead_row *row)
{
    struct view v = store_view(t);
    struct envelope env;
    enum err err = row_lead(&v, k->number, index, row);
    if (err != ERR_NOT_FOUND)
        return err;
    err = ledger_read(t, k->number, index, &env);
    return err == ERR_OK ? env.kind == ENTRY_LEAD ? ERR_CORRUPT : ERR_NOT_FOUND : err;
}

enum err leads_get(struct request *rq, struct reply *reply)
{
    const struct contract *k;
    uint64_t index;
    struct txn *t;
    struct lead_row row;
    struct answer a;
    enum err err;
    if ((err = params_read(rq, NULL, 0)) != ERR_OK || (err = call_lead(rq, rq->param[0], &k, &index)) != ERR_OK ||
        (err = worker_reader(rq->worker, &t)) != ERR_OK || (err = lead_row_get(t, k, index, &row)) != ERR_OK)
        return err;
    answer_open(&a);
    if ((err = lead_json(&a.w, rq, t, k, index, &row, true)) == ERR_OK)
        answer_reply(&a, rq, reply);
    else
        answer_abandon(&a);
    return err;
}

/* ---- POST /v1/leads/{ref}/dispositions ---- */

/* As a postback's, but it takes an Idempotency-Key like every other write: so it is answered here. */
enum err dispose_run(struct batch *cx, struct job *job)
{
    struct answer a;
    struct entry entry;
    enum err err = pipeline_disposition(cx, job);
    if (err != ERR_OK)
        return err;
    if (entry_read(job->entry, &entry, NULL) != ERR_OK)
        return ERR_IO; /* what stands in the log does not read: nothing may go on from here */
    answer_open(&a);
    const struct answering how = {{0}, cx->tokens, cx->statement_signer, NULL};
    postback_answer(&a.w, catalog_contract_number(cx->catalog, job->out_contract), job->index, &job->leaf, &entry,
                    &how);
    answer_job(&a, job, 200);
    entry_close(&entry);
    return ERR_OK;
}

enum err leads_dispose(struct request *rq, struct reply *reply)
{
    (void)reply;
    const struct contract *k;
    uint64_t index;
    struct job *job;
    enum err err = call_lead(rq, rq->param[0], &k, &index);
    if (err != ERR_OK)
        return err;
    if (!caller_is(rq, ROLE_OPERATOR) && !caller_is(rq, ROLE_ADVERTISER))
        return problem(&rq->problem, ERR_FORBIDDEN, "", "leads are decided by the advertiser or the operator");
    err = postback_dispose(rq, &job);
    return err == ERR_OK ? call_submit(rq, job) : err;
}
