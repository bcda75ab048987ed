/* A disposition: what became of a lead. */
#include "common/base/money.h"
#include "server/postback/postback_private.h"

static enum err read_status(struct postback *pb, enum status *out)
{
    struct problem *p = &pb->rq->problem;
    struct span word = pb->field[FIELD_STATUS];
    enum status s = STATUS_CONVERTED;
    bool sale = span_is(pb->field[FIELD_EVENT], "sale");
    if (!sale || !span_empty(word)) {
        bool known = status_parse(word, &s) == ERR_OK;
        if (!known || (s != STATUS_APPROVED && s != STATUS_REJECTED && s != STATUS_RETURNED && s != STATUS_CONVERTED))
            return problem(p, ERR_MALFORMED, "status", "must be approved, rejected, returned or converted");
        if (sale && s != STATUS_CONVERTED)
            return problem(p, ERR_MALFORMED, "status", "must be converted, or absent, with event=sale");
    }
    *out = s;
    return ERR_OK;
}

static enum err read_amount(struct postback *pb, struct disposition_report *r)
{
    struct problem *p = &pb->rq->problem;
    struct span amount = pb->field[FIELD_AMOUNT], currency = pb->field[FIELD_CURRENCY];
    if (span_empty(amount))
        return ERR_OK;
    if (r->status != STATUS_CONVERTED)
        return problem(p, ERR_MALFORMED, "amount", "goes with a sale only");
    if (money_parse(amount, &r->amount_micros) != ERR_OK || r->amount_micros < 0)
        return problem(p, ERR_MALFORMED, "amount", "must be a decimal number such as 12.50, not negative");
    if (currency_exponent(currency) < 0)
        return problem(p, ERR_MALFORMED, "currency", "must be an ISO 4217 code such as EUR, beside amount");
    r->currency = currency;
    return ERR_OK;
}

/* By lead, else by a txid that the committer knows, else by click_id. */
static enum err read_address(struct postback *pb, struct record_disposition *d)
{
    struct request *rq = pb->rq;
    struct span lead = pb->field[FIELD_LEAD], click = pb->field[FIELD_CLICK_ID];
    if (!span_empty(lead)) {
        d->by_lead = true;
        return lead_ref_read(rq->worker->tokens, lead, &d->pointer) == ERR_OK
                   ? ERR_OK
                   : problem(&rq->problem, ERR_NOT_FOUND, "lead", "there is no such lead");
    }
    bool txid = !span_empty(pb->field[FIELD_TXID]);
    if (span_empty(click))
        return txid ? ERR_OK
                    : problem(&rq->problem, ERR_MALFORMED, "lead", "say which lead: by lead, txid or click_id");
    d->by_click = click_id_read(rq->worker->tokens, click, &d->pointer) == ERR_OK;
    if (d->by_click && d->pointer.flags != 0)
        d->pointer.index = UINT64_MAX; /* no click of the log: it has no lead */
    return d->by_click || txid ? ERR_OK
                               : problem(&rq->problem, ERR_NOT_FOUND, "click_id", "no lead is known for this click");
}

enum err postback_submit_disposition(struct postback *pb)
{
    struct job *job = worker_job(pb->rq, RECORD_DISPOSITION, pb->party);
    struct record_disposition *d = &job->record.disposition;
    struct disposition_report *r = &d->report;
    enum err err = read_status(pb, &r->status);
    if (err == ERR_OK)
        err = read_amount(pb, r);
    if (err == ERR_OK)
        err = read_address(pb, d);
    if (err != ERR_OK)
        return err;
    r->party = span_str(pb->party->id);
    r->trust = pb->trust;
    r->txid = pb->field[FIELD_TXID];
    r->text = pb->field[FIELD_REASON];
    d->party = pb->party->number;
    d->nonce = pb->nonce;
    postback_keep_answer(pb);
    return worker_submit(pb->rq, job);
}
