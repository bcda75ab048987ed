/* Versions of terms that bind nobody yet, taken back: by who may change terms, or, once both parties have assented, by
 * each of them with its own key. */
#include <assert.h>

#include "common/base/bytes.h"
#include "common/base/text.h"
#include "common/settlement/assent.h"
#include "server/api/body.h"
#include "server/api/call.h"
#include "server/api/campaign.h"
#include "server/api/go_on.h"
#include "server/catalog/catalog_write.h"
#include "server/commit/contract_write.h"
#include "server/settlement/settlement.h"
#include "server/settlement/statements.h"

struct withdrawing {
    const struct contract *k;
    const struct party *by;
    uint32_t number;
    struct span jws;           /* empty: by who may change the terms */
    struct campaign campaign;  /* as it is once the version is gone */
    struct buf document;       /* its */
    bool of_campaign;          /* the version holds a change of the campaign, in which each contract has its own */
    int64_t waits_ms;          /* when the campaign's document binds; 0: now */
    const struct terms *after; /* hold that document */
    struct answer answer;
    struct buf renewed; /* versions that were made again, as JSON, commas between */
    bool gone;          /* false: the other party's word is awaited */
};

static unsigned side_of(const struct withdrawing *w)
{
    return span_empty(w->jws) ? 0 : w->by->who == w->k->publisher ? SIDE_PUBLISHER : SIDE_ADVERTISER;
}

/* What is left of the versions says something else of the campaign than its document does. */
static bool says_other(const struct version *v, const struct terms *of)
{
    return !json_equal(v->terms->json[0], of->json[0]);
}

static enum err append(struct batch *cx, const struct withdrawing *w, const struct contract *k, int64_t number)
{
    const struct entry entry = {.kind = ENTRY_WITHDRAWAL,
                                .at_ms = cx->now_ms,
                                .withdrawal = {.by = span_str(w->by->id), .version = number, .jws = w->jws}};
    return pipeline_append(cx, k, &entry, NULL, NULL);
}

static void tell(struct withdrawing *w, const struct contract *k, int64_t number)
{
    struct jw *j = &w->answer.w;
    jw_object(j);
    jw_kstr(j, "contract", span_str(k->id));
    jw_kint(j, "version", number);
    jw_object_end(j);
}

static void tell_renewed(struct withdrawing *w, const struct contract *k)
{
    struct jw j;
    if (w->renewed.len > 0)
        buf_byte(&w->renewed, ',');
    jw_open(&j, &w->renewed);
    jw_object(&j);
    jw_kstr(&j, "contract", span_str(k->id));
    jw_kint(&j, "version", versions_newest(&k->versions)->number);
    jw_object_end(&j);
    jw_close(&j);
}

/* Takes the newest version of *k back, as far as this word does. */
static enum err take_back(struct batch *cx, struct withdrawing *w, struct contract *k, int64_t number, bool write,
                          struct problem *p)
{
    struct versions gone;
    enum err err = versions_withdraw(&k->versions, number, side_of(w), pipeline_dated(cx, k, cx->now_ms), &gone, p);
    if (err == ERR_OK && write)
        err = append(cx, w, k, number);
    if (err != ERR_OK)
        return err;
    w->gone = gone.n > 0;
    if (write && w->gone)
        tell(w, k, number);
    return ERR_OK;
}

/* The row of a contract, with the document of the newest version that is left; where the campaign has changed since
 * that was made, its change is made again, for its time, and for new assents. */
static enum err settle(struct batch *cx, struct withdrawing *w, struct contract *k, bool write, struct problem *p)
{
    const struct version *left = versions_newest(&k->versions);
    bool again = says_other(left, w->after);
    struct buf text;
    buf_heap(&text);
    terms_document(left->terms, 1, &text);
    k->of_campaign = w->campaign.document;
    k->document = buf_span(&text);
    enum err err = ERR_OK;
    if (again)
        err = contract_next(cx, k, w->waits_ms, p);
    if (err == ERR_OK && write)
        err = again ? contract_renew(cx, k) : catalog_put_contract(cx->txn, k);
    else if (err == ERR_OK)
        err = pipeline_ready(cx, k);
    if (err == ERR_OK && write && again)
        tell_renewed(w, k);
    buf_free(&text);
    return err;
}

/* Names the contract, since the call was about another. */
static enum err elsewhere(const struct contract *k, enum err err, const struct problem *why, struct problem *p)
{
    if (err == ERR_OK || err == ERR_IO || err == ERR_CORRUPT)
        return err;
    return problem(p, ERR_CONFLICT, "version",
                   "holds a change of the campaign, and what contract %s has of it cannot go: it %.150s", k->id,
                   why->detail);
}

/* A change of the campaign goes from each of its contracts, with what was built on it. */
static enum err from_contract(struct batch *cx, struct withdrawing *w, const struct terms *before,
                              const struct contract *now, bool write, struct problem *p)
{
    struct contract k = *now;
    struct problem why = {0};
    enum err err = ERR_OK;
    while (err == ERR_OK && !says_other(versions_newest(&k.versions), before))
        err = take_back(cx, w, &k, versions_newest(&k.versions)->number, write, &why);
    if (err == ERR_OK)
        err = settle(cx, w, &k, write, &why);
    return elsewhere(&k, err, &why, p);
}

static enum err each_contract(struct batch *cx, struct withdrawing *w, const struct terms *before,
                              const struct contract_list *all, bool write, struct problem *p)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < all->n && err == ERR_OK; i++)
        err = from_contract(cx, w, before, catalog_listed(cx->catalog, all, i), write, p);
    return err;
}

static enum err one_contract(struct batch *cx, struct withdrawing *w, bool write, struct problem *p)
{
    const struct contract *direct = catalog_contract_number(cx->catalog, w->campaign.direct);
    const struct version *of_campaign = versions_newest(&direct->versions);
    const struct terms *gone = versions_newest(&w->k->versions)->terms;
    struct contract k = *w->k;
    enum err err = take_back(cx, w, &k, w->number, write, p);
    if (err != ERR_OK || !w->gone)
        return err;
    const struct version *left = versions_newest(&k.versions);
    if (span_empty(w->jws) && says_other(left, w->after) && json_equal(left->terms->json[1], gone->json[1]))
        return problem(p, ERR_CONFLICT, "version",
                       "holds a change of the campaign alone: withdraw that, version %lld of the terms of contract %s",
                       (long long)of_campaign->number, direct->id);
    return settle(cx, w, &k, write, p);
}

/* What the campaign says once the version is gone, and since when. */
static enum err plan(struct batch *cx, struct withdrawing *w, struct problem *p)
{
    const struct contract *direct = catalog_contract_number(cx->catalog, w->k->campaign->direct);
    struct contract k = *direct;
    enum err err = w->k == direct ? take_back(cx, w, &k, w->number, false, p) : ERR_OK;
    if (err != ERR_OK)
        return err;
    w->after = versions_newest(&k.versions)->terms;
    w->of_campaign = says_other(versions_newest(&direct->versions), w->after);
    w->waits_ms = campaign_waits_until(&k.versions, cx->now_ms);
    w->campaign = *catalog_which(cx->catalog, w->k->campaign);
    if (w->of_campaign) {
        terms_document(w->after, 0, &w->document);
        w->campaign.document = buf_span(&w->document);
    }
    return ERR_OK;
}

static void answer_begin(struct withdrawing *w, int64_t number)
{
    const struct who *other = w->by->who == w->k->publisher ? w->k->campaign->advertiser : w->k->publisher;
    struct jw *j = &w->answer.w;
    answer_open(&w->answer);
    jw_object(j);
    if (!w->gone)
        jw_kstr(j, "awaits_withdrawal_by", span_str(other->id));
    jw_kstr(j, "contract", span_str(w->k->id));
    jw_kint(j, "version", number);
    jw_key(j, "withdrawn");
    jw_array(j);
}

static void answer_end(struct withdrawing *w, struct job *job)
{
    jw_array_end(&w->answer.w);
    if (w->renewed.len > 0) {
        jw_key(&w->answer.w, "written_again");
        jw_array(&w->answer.w);
        jw_raw(&w->answer.w, buf_span(&w->renewed));
        jw_array_end(&w->answer.w);
    }
    jw_object_end(&w->answer.w);
    answer_job(&w->answer, job, 200);
}

enum { MANY_NEED_MS = 10 * 60000 }; /* until all of many logs have lost it for sure */

/* Which contracts lose it at once: all of the campaign, or, of many, the direct one; the others were looked at by who
 * made the record, and a chore goes on with them, which it must have done before the version binds. */
static enum err first_contracts(const struct batch *cx, struct withdrawing *w, const struct job *job,
                                struct contract_list *all, struct unfinished *later, struct problem *p)
{
    const struct version *newest = versions_newest(&w->k->versions);
    *all = catalog_contracts_of(cx->catalog, w->k->campaign);
    if (all->n <= SLICE_LOGS)
        return ERR_OK;
    if (newest->from_ms < cx->now_ms + MANY_NEED_MS)
        return problem(
            p, ERR_CONFLICT, "version",
            "takes effect within ten minutes: too late to take it back from the %zu contracts of the campaign", all->n);
    return go_on_behind_direct(cx, job, job->record.withdrawal.made, all, later, p);
}

static enum err from_campaign(struct batch *cx, struct withdrawing *w, struct job *job, const struct terms *before)
{
    struct contract_list all;
    struct unfinished later = {.n = 0};
    enum err err = first_contracts(cx, w, job, &all, &later, &job->problem);
    if (err == ERR_OK)
        err = each_contract(cx, w, before, &all, false, &job->problem);
    if (err != ERR_OK)
        return err;
    answer_begin(w, w->number);
    err = catalog_put_campaign(cx->txn, &w->campaign);
    if (err == ERR_OK)
        err = each_contract(cx, w, before, &all, true, NULL);
    return err == ERR_OK && later.n > 0 ? go_on_later(cx, job, &later) : err;
}

static enum err from_one(struct batch *cx, struct withdrawing *w, struct job *job)
{
    enum err err = one_contract(cx, w, false, &job->problem);
    if (err != ERR_OK)
        return err;
    answer_begin(w, w->number);
    return one_contract(cx, w, true, NULL);
}

static enum err withdraw(struct batch *cx, struct withdrawing *w, struct job *job)
{
    const struct contract *direct = catalog_contract_number(cx->catalog, w->k->campaign->direct);
    const struct terms *before = versions_newest(&direct->versions)->terms;
    enum err err = plan(cx, w, &job->problem);
    if (err == ERR_OK)
        err = w->of_campaign ? from_campaign(cx, w, job, before) : from_one(cx, w, job);
    cx->catalog_changed = err == ERR_OK;
    if (err == ERR_OK)
        answer_end(w, job);
    else
        answer_abandon(&w->answer);
    return err;
}

/* The version that went from the campaign's own contract says which is to go from the others. */
enum err withdrawal_log(struct batch *cx, const struct record *r, const struct contract *k)
{
    const struct contract *direct = catalog_contract_number(cx->catalog, r->withdrawal.contract);
    struct withdrawing w = {.k = direct,
                            .by = catalog_party_number(cx->catalog, r->withdrawal.by),
                            .jws = r->withdrawal.jws,
                            .campaign = *catalog_which(cx->catalog, direct->campaign),
                            .after = versions_newest(&direct->versions)->terms,
                            .waits_ms = campaign_waits_until(&direct->versions, cx->now_ms)};
    struct version gone = {.number = r->withdrawal.version};
    struct problem why = {0};
    struct terms_row row;
    enum err err = row_terms(&cx->view, direct->number, r->withdrawal.version, &row);
    gone.index = row.index;
    if (err != ERR_OK || (err = ledger_version(cx->txn, direct->number, &gone)) != ERR_OK ||
        (err = pipeline_ready(cx, k)) != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    answer_open(&w.answer);
    buf_heap(&w.renewed);
    err = from_contract(cx, &w, gone.terms, k, true, &why);
    buf_free(&w.renewed);
    answer_abandon(&w.answer);
    terms_free(gone.terms);
    cx->catalog_changed |= err == ERR_OK;
    return err;
}

/* What is withdrawn already is answered again to who may change the terms, and a party's own word to it. */
static enum err said_before(struct batch *cx, struct withdrawing *w, struct job *job, bool *again)
{
    struct terms_row row;
    enum err err = row_terms(&cx->view, w->k->number, w->number, &row);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? problem(&job->problem, err, "", "there is no such version") : err;
    bool signs = !span_empty(w->jws), said = row.withdrawal[w->by->who == w->k->publisher].index > 0;
    w->gone = terms_row_withdrawn(&row, UINT64_MAX) != NULL;
    if (signs && w->gone && !said)
        return problem(&job->problem, ERR_CONFLICT, "version",
                       "was withdrawn already: it binds nobody, so there is nothing to take back");
    *again = signs ? said : w->gone;
    if (!*again)
        return ERR_OK;
    answer_begin(w, w->number);
    if (w->gone)
        tell(w, w->k, w->number);
    answer_end(w, job);
    return ERR_OK;
}

static const struct version *may_bind(const struct contract *k, int64_t number)
{
    for (size_t i = 0; i < k->versions.n; i++)
        if (k->versions.v[i].number == number)
            return &k->versions.v[i];
    return NULL;
}

/* Of a version that may still bind; what else is wrong with others is said by versions_withdraw. `env` holds the
 * version's entry. */
static enum err word_check(const struct instance *in, const struct withdrawing *w, const struct version *v,
                           const struct envelope *env, int64_t now_ms, struct problem *p)
{
    struct assented of = {.version = v->number, .at_ms = v->at_ms};
    merkle_leaf(env->entry, &of.leaf);
    return assent_check(in, w->k, w->by, WITHDRAWAL_TYP, w->jws, &of, now_ms, p);
}

enum err withdrawal_run(struct batch *cx, struct job *job)
{
    const struct record *r = &job->record;
    struct withdrawing w = {.k = catalog_contract_number(cx->catalog, r->withdrawal.contract),
                            .by = catalog_party_number(cx->catalog, r->withdrawal.by),
                            .number = r->withdrawal.version,
                            .jws = r->withdrawal.jws};
    const struct version *v = may_bind(w.k, w.number);
    struct envelope env;
    bool again;
    assert(batch_may_touch(cx, w.k));
    enum err err = said_before(cx, &w, job, &again);
    if (err != ERR_OK || again)
        return err;
    if ((err = go_on_no_terms(cx, w.k->campaign, &job->problem)) != ERR_OK ||
        (err = go_on_none(cx, RECORD_PARTY_KEY, w.by->number, &job->problem)) != ERR_OK)
        return err;
    if (!clock_sure(&cx->clock))
        return problem(&job->problem, ERR_CONFLICT, "",
                       "the server's clock was set otherwise: look at GET /v1/clock, set it right, and confirm it by "
                       "POST /v1/clock/confirm; until then nobody can tell what is in force already");
    if (!span_empty(w.jws) && v != NULL) {
        err = ledger_get(cx->ledger, cx->txn, w.k->number, v->index, &env);
        if (err == ERR_OK)
            err = word_check(cx->instance, &w, v, &env, pipeline_dated(cx, w.k, cx->now_ms), &job->problem);
        if (err != ERR_OK)
            return err;
    }
    buf_heap(&w.document);
    buf_heap(&w.renewed);
    err = withdraw(cx, &w, job);
    buf_free(&w.renewed);
    buf_free(&w.document);
    return err;
}

/* ---- whether it may go from many contracts, on a reader thread ---- */

static enum err look_at_contracts(struct request *rq, struct reply *reply)
{
    (void)reply;
    struct job *job = call_looked(rq);
    const struct contract *direct = catalog_contract_number(rq->catalog, job->record.withdrawal.contract);
    const struct terms *before = versions_newest(&direct->versions)->terms;
    const struct contract_list all = catalog_contracts_of(rq->catalog, direct->campaign);
    struct compiled_pool pool = {.used = false};
    struct batch cx = {.instance = &rq->worker->server->instance,
                       .catalog = rq->catalog,
                       .compiled = &pool,
                       .record = &job->record,
                       .now_ms = rq->arrived_ms};
    struct withdrawing w = {
        .k = direct, .by = rq->caller, .number = job->record.withdrawal.version, .jws = job->record.withdrawal.jws};
    buf_heap(&w.document);
    enum err err = plan(&cx, &w, &rq->problem);
    for (size_t i = 0; w.of_campaign && i < all.n && err == ERR_OK; i++) {
        err = from_contract(&cx, &w, before, catalog_listed(rq->catalog, &all, i), false, &rq->problem);
        compiled_clear(&pool);
    }
    buf_free(&w.document);
    job->record.withdrawal.made = catalog_which(rq->catalog, direct->campaign)->seen;
    return err == ERR_OK ? ERR_PENDING : err;
}

/* ---- POST /v1/contracts/{id}/terms/{version}/withdraw ---- */

static enum err who_may(struct request *rq, const struct contract *k, bool signs)
{
    if (signs && !contract_has_party(k, rq->caller))
        return problem(&rq->problem, ERR_FORBIDDEN, "jws",
                       "is for its advertiser and its publisher, who take back what they assented to");
    if (signs)
        return ERR_OK;
    if (caller_is(rq, ROLE_OPERATOR) || (k->publisher == NULL && k->campaign->advertiser == rq->caller->who))
        return dispatch_scopes(rq, MAY_CAMPAIGNS);
    return problem(&rq->problem, ERR_FORBIDDEN, "",
                   "who may change terms withdraws them: the operator, and of the campaign's own contract its "
                   "advertiser; what both parties assented to each of them takes back by a JWS of its own key");
}

enum err withdrawals_create(struct request *rq, struct reply *reply)
{
    (void)reply;
    struct withdrawing w = {.by = rq->caller, .jws = SPAN("")};
    struct span body = text_trim(rq->body, TYPED_BLANKS);
    bool signs = !span_empty(body) && !span_is(body, "{}");
    const struct version *v;
    struct envelope env;
    struct txn *t;
    uint32_t number = 0;
    enum err err = call_contract(rq, rq->param[0], &w.k);
    if (err != ERR_OK || (err = who_may(rq, w.k, signs)) != ERR_OK)
        return err;
    if ((err = version_asked(rq, rq->param[1], &number)) != ERR_OK)
        return err;
    if (signs && (err = word_body(rq, LIMIT_PARTY_JWS, &w.jws)) != ERR_OK)
        return err;
    if (signs && (v = may_bind(w.k, number)) != NULL) {
        if ((err = worker_reader(rq->worker, &t)) == ERR_OK)
            err = ledger_read(t, w.k->number, v->index, &env);
        if (err == ERR_OK)
            err = word_check(&rq->worker->server->instance, &w, v, &env, rq->arrived_ms, &rq->problem);
        if (err != ERR_OK)
            return err;
    }
    struct job *job = worker_job(rq, RECORD_WITHDRAWAL, w.k->campaign->advertiser);
    job->record.withdrawal.contract = w.k->number;
    job->record.withdrawal.by = rq->caller->number;
    job->record.withdrawal.version = number;
    job->record.withdrawal.jws = w.jws;
    if (w.k->publisher != NULL || may_bind(w.k, number) == NULL ||
        catalog_contracts_of(rq->catalog, w.k->campaign).n <= SLICE_LOGS)
        return call_submit(rq, job);
    return call_look(rq, job, look_at_contracts);
}
