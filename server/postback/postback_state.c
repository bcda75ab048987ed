/* A disposition: what became of a lead. */
#include "common/base/http_words.h"
#include "common/base/money.h"
#include "common/decisions/countersigned.h"
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
    if (span_empty(amount)) {
        if (!span_empty(currency))
            postback_ignore(pb, SPAN("currency"));
        return ERR_OK;
    }
    if (r->status != STATUS_CONVERTED)
        return problem(p, ERR_MALFORMED, "amount", "goes with a sale only");
    if (money_parse(amount, &r->amount_micros) != ERR_OK || r->amount_micros < 0)
        return problem(p, ERR_MALFORMED, "amount",
                       "must be a decimal number from 0 to " MONEY_MAX_TEXT " with at most 6 decimals, such as 12.50");
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
    bool txid = !span_empty(pb->field[FIELD_TXID]) || !span_empty(pb->field[FIELD_JWS]);
    if (span_empty(click))
        return txid ? ERR_OK
                    : problem(&rq->problem, ERR_MALFORMED, "lead", "say which lead: by lead, txid or click_id");
    d->by_click = click_id_read(rq->worker->tokens, click, &d->pointer) == ERR_OK;
    if (d->by_click && d->pointer.flags != 0)
        d->pointer.index = UINT64_MAX; /* no click of the log: it has no lead */
    return d->by_click || txid ? ERR_OK
                               : problem(&rq->problem, ERR_NOT_FOUND, "click_id", "no lead is known for this click");
}

static bool is_theirs(const struct party *p, const struct which *c)
{
    return p->role == ROLE_OPERATOR || c->advertiser == p->who;
}

/* Where the lead must stand. */
static enum err read_scope(struct postback *pb, struct record_disposition *d)
{
    struct problem *p = &pb->rq->problem;
    struct span contract = pb->field[FIELD_CONTRACT], campaign = pb->field[FIELD_CAMPAIGN];
    const struct contract *k = catalog_contract(pb->rq->catalog, contract);
    const struct campaign *c = catalog_campaign(pb->rq->catalog, campaign);
    if (!(pb->party->role & (ROLE_ADVERTISER | ROLE_OPERATOR)))
        return ERR_OK; /* who may not is told so when the lead is found */
    if (!span_empty(contract) && (k == NULL || !is_theirs(pb->party, k->campaign)))
        return problem(p, ERR_MALFORMED, "contract", "is not one of your contracts");
    if (!span_empty(campaign) && (c == NULL || !is_theirs(pb->party, c->which)))
        return problem(p, ERR_MALFORMED, "campaign", "is not one of your campaigns");
    if (k != NULL && c != NULL && k->campaign != c->which)
        return problem(p, ERR_MALFORMED, "campaign", "is not the contract's campaign");
    d->contract = k != NULL ? k->number : 0;
    d->campaign = c != NULL ? c->number : 0;
    return ERR_OK;
}

/* Whose leads are meant: the sender's; the operator has none, and names one. */
static enum err find_advertiser(struct postback *pb, const struct record_disposition *d, uint32_t *out)
{
    const struct contract *k = d->by_lead ? catalog_contract_number(pb->rq->catalog, d->pointer.contract) : NULL;
    bool operator= pb->party->role == ROLE_OPERATOR;
    *out = operator&& k != NULL ? k->campaign->advertiser->number : pb->party->number;
    if (operator&& !d->by_lead)
        return problem(&pb->rq->problem, ERR_MALFORMED, "lead", "is missing: the operator names a lead by `lead`");
    if (d->by_lead && (k == NULL || !catalog_may_read(pb->rq->catalog, pb->party, k)))
        return problem(&pb->rq->problem, ERR_NOT_FOUND, "lead", "there is no such lead");
    return ERR_OK;
}

/* The lead that the signed text is about is the one that is meant: `lead` beside it, if given, must be the same. */
static enum err read_signed_lead(struct postback *pb, const struct countersigned *c, struct record_disposition *d)
{
    struct problem *p = &pb->rq->problem;
    const struct contract *k = catalog_contract(pb->rq->catalog, c->contract);
    if (k == NULL || k->campaign->advertiser != pb->party->who)
        return problem(p, ERR_INVALID, "contract", "in the signed text is not one of your contracts");
    if (d->by_lead && (d->pointer.contract != k->number || d->pointer.index != c->lead))
        return problem(p, ERR_INVALID, "lead",
                       "in the signed text, with contract, is not this lead: it is its index, as answers and receipts "
                       "tell it");
    d->by_lead = true;
    d->by_click = false;
    d->pointer = (struct pointer){.contract = k->number, .index = c->lead};
    return ERR_OK;
}

static enum err read_signature(struct postback *pb, struct record_disposition *d)
{
    struct request *rq = pb->rq;
    struct disposition_report *r = &d->report;
    struct countersigned c;
    if (span_empty(r->jws))
        return ERR_OK;
    if (pb->party->role != ROLE_ADVERTISER)
        return problem(&rq->problem, ERR_FORBIDDEN, "jws",
                       "is the advertiser's: nobody else signs what became of a lead");
    if (!pb->party->has_key)
        return problem(&rq->problem, ERR_CONFLICT, "jws",
                       "has no key to be verified with: PUT /v1/parties/%s/key first", pb->party->id);
    enum err err = countersigned_open(r, pb->party->pub, &c, &rq->problem);
    if (err == ERR_UNAUTHORIZED)
        err = problem(&rq->problem, ERR_INVALID, "jws", "is not signed by this party's key, or not as %s",
                      DISPOSITION_TYP);
    if (err != ERR_OK)
        return err;
    err = party_jws_to(&c.said, span_str(rq->worker->server->instance.public_url), &rq->problem);
    if (err == ERR_OK)
        err = party_jws_within(&c.said, c.said.at_ms, rq->arrived_ms, &rq->problem);
    if (err == ERR_OK)
        err = read_signed_lead(pb, &c, d);
    r->trust = TRUST_COUNTERSIGNED;
    r->signed_ms = c.said.at_ms;
    memcpy(d->signer, pb->party->pub, sizeof d->signer);
    countersigned_close(&c);
    return err;
}

enum err postback_disposition(struct postback *pb, struct job **out)
{
    struct job *job = worker_job(pb->rq, RECORD_DISPOSITION, pb->party->who);
    struct record_disposition *d = &job->record.disposition;
    struct disposition_report *r = &d->report;
    r->party = span_str(pb->party->id);
    r->trust = pb->trust;
    r->txid = pb->field[FIELD_TXID];
    r->text = pb->field[FIELD_REASON];
    r->request = pb->request;
    r->jws = pb->field[FIELD_JWS];
    if (pb->test)
        return problem(&pb->rq->problem, ERR_MALFORMED, "test",
                       "goes with a new lead: what becomes of one is no test. Leave it out");
    postback_only(pb, FIELD_LATER);
    enum err err = read_status(pb, &r->status);
    if (err == ERR_OK)
        err = read_amount(pb, r);
    if (err == ERR_OK)
        err = read_address(pb, d);
    if (err == ERR_OK)
        err = read_signature(pb, d);
    if (err == ERR_OK)
        err = read_scope(pb, d);
    if (err == ERR_OK)
        err = find_advertiser(pb, d, &job->record.advertiser);
    if (err != ERR_OK)
        return err;
    d->party = pb->party->number;
    d->nonce = pb->nonce;
    *out = job;
    return ERR_OK;
}

enum err postback_dispose(struct request *rq, struct job **out)
{
    struct postback *pb = arena_alloc(rq->arena, sizeof *pb);
    if (!span_empty(rq->content_type) && !media_type_is(rq->content_type, "application/json"))
        return problem(&rq->problem, ERR_MEDIA_TYPE, "Content-Type", "must be application/json");
    memset(pb, 0, sizeof *pb);
    pb->rq = rq;
    pb->party = rq->caller;
    pb->trust = TRUST_API;
    postback_by_token(pb, rq->body);
    enum err err = postback_json_fields(pb, rq->body);
    if (err != ERR_OK)
        return err;
    struct span other = pb->n_ignored > 0 ? pb->ignored[0] : pb->n_form > 0 ? pb->form[0].name : SPAN("");
    for (int f = 0; f < FIELDS; f++)
        if (f != FIELD_AMOUNT && f != FIELD_CURRENCY && f != FIELD_JWS && f != FIELD_REASON && f != FIELD_STATUS &&
            pb->field[f].ptr != NULL)
            other = span_str(postback_field_name((enum field)f));
    if (!span_empty(other))
        return postback_refuse_field(pb, other,
                                     "is not known here: status, reason, jws, and amount with currency of a sale are");
    pb->field[FIELD_LEAD] = rq->param[0];
    err = postback_disposition(pb, out);
    if (err == ERR_OK)
        (*out)->record.kind = RECORD_DISPOSE;
    return err;
}
