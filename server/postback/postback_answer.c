/* The answer to a recorded postback, a function of the entry alone, so that a replay is answered with the same bytes.
 */
#include <assert.h>
#include <stdlib.h>

#include "common/ledger/jws.h"
#include "common/settlement/statement.h"
#include "server/postback/postback_private.h"

enum { TEXT_MAX = 6 * LIMIT_FIELD, RECEIPT_MAX = 2 * TEXT_MAX, ANSWER_MAX = 2 * RECEIPT_MAX };
enum { IGNORED_MAX = 2 + (IGNORED_NAMES + 1) * (2 * LIMIT_FIELD_NAME + 3) }; /* '"' and '\\' escaped */

/* What rq->kept holds. */
struct kept {
    struct span text; /* of `return`; ptr NULL: the decision in JSON */
    struct ignored ignored;
};

struct ignored postback_ignored(struct postback *pb)
{
    size_t bytes = pb->n_ignored * sizeof pb->ignored[0];
    struct span *name = arena_alloc(pb->rq->arena, bytes);
    memcpy(name, pb->ignored, bytes);
    return (struct ignored){name, pb->n_ignored, pb->named};
}

void postback_keep_answer(struct postback *pb)
{
    struct kept *kept = arena_alloc(pb->rq->arena, sizeof *kept);
    *kept = (struct kept){.text = pb->field[FIELD_RETURN], .ignored = postback_ignored(pb)};
    pb->rq->kept = span_of((const char *)kept, sizeof *kept);
}

static void write_receipt(struct jw *w, const struct contract *k, uint64_t index, const struct hash *leaf,
                          const struct entry *e, struct signer *signer)
{
    char payload_mem[TEXT_MAX], receipt_mem[RECEIPT_MAX];
    struct buf payload, receipt;
    buf_fixed(&payload, payload_mem, sizeof payload_mem);
    buf_fixed(&receipt, receipt_mem, sizeof receipt_mem);
    receipt_payload(&payload, span_str(k->id), index, leaf, e);
    jws_compact(&receipt, signer, RECEIPT_TYP, buf_span(&payload));
    if (payload.failed || receipt.failed)
        abort();
    jw_kstr(w, "receipt", buf_span(&receipt));
}

static void write_ignored(struct jw *w, const struct contract *k, const struct ignored *ignored)
{
    jw_array(w);
    for (size_t i = 0; i < ignored->n; i++)
        jw_str(w, ignored->name[i]);
    if (ignored->contract != 0 && ignored->contract != k->number)
        jw_str(w, SPAN("contract"));
    jw_array_end(w);
}

void postback_answer(struct jw *w, const struct contract *k, uint64_t index, const struct hash *leaf,
                     const struct entry *e, const struct answering *how)
{
    bool lead = e->kind == ENTRY_LEAD;
    struct span status = span_str(status_word(lead ? e->lead.status : e->disposition.status));
    char ref[LEAD_REF_LEN];
    lead_ref_write(how->tokens, &(struct pointer){.contract = k->number, .index = lead ? index : e->disposition.lead},
                   ref);
    jw_object(w);
    jw_kstr(w, "contract", span_str(k->id));
    jw_kstr(w, "currency", contract_currency(k));
    if (how->row != NULL)
        jw_kstr(w, "decision", status);
    jw_key(w, "ignored");
    write_ignored(w, k, &how->ignored);
    jw_kint(w, "index", (int64_t)index);
    jw_kstr(w, "lead", span_of(ref, sizeof ref));
    jw_kint(w, "payout_micros", lead ? e->lead.payout_micros : e->disposition.payable_micros);
    jw_kstr(w, "reason", lead ? span_str(reason_word(e->lead.reason)) : e->disposition.text);
    if (how->signer != NULL)
        write_receipt(w, k, index, leaf, e, how->signer);
    if (how->row != NULL)
        jw_kint(w, "row", (int64_t)*how->row);
    if (lead)
        entry_score_write(w, &e->lead);
    if (how->row != NULL)
        jw_kint(w, "status", 200);
    else
        jw_kstr(w, "status", status);
    jw_object_end(w);
}

enum err postback_finish(struct request *rq, struct job *job, struct reply *reply)
{
    struct entry e;
    struct buf answer;
    struct jw w;
    if (job->err != ERR_OK)
        return job->err;
    if (job->replayed) /* perhaps by who saw it on its way: that is counted against his address */
        party_may_again(rq, rq->sender.party, 1);
    const struct contract *k = catalog_contract_number(rq->catalog, job->out_contract);
    if (k == NULL)
        return worker_fails(rq, ERR_INTERNAL, "contract %u of the answer is not known", job->out_contract);
    enum err err = entry_read(job->entry, &e, &rq->problem);
    if (err != ERR_OK)
        return err;
    struct kept kept;
    assert(rq->kept.len == sizeof kept);
    memcpy(&kept, rq->kept.ptr, sizeof kept);
    arena_buf(rq->arena, &answer, ANSWER_MAX + IGNORED_MAX);
    jw_open(&w, &answer);
    const struct answering how = {kept.ignored, rq->worker->tokens, rq->worker->statement_signer, NULL};
    postback_answer(&w, k, job->index, &job->leaf, &e, &how);
    jw_close(&w);
    if (e.kind == ENTRY_LEAD && !job->replayed)
        METRIC_ADD(rq->worker->counters, leads[e.lead.status][e.lead.reason], 1);
    entry_close(&e);
    bool own_text = kept.text.ptr != NULL;
    reply->content_type = own_text ? SPAN("text/plain; charset=utf-8") : SPAN("application/json");
    reply->body = own_text ? kept.text : buf_span(&answer);
    reply_header(reply, "Cache-Control", SPAN("no-store"));
    return ERR_OK;
}
