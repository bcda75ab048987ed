/* Assents of a contract's parties to versions of its terms, signed by their own keys. */
#include <assert.h>

#include "common/base/bytes.h"
#include "common/settlement/assent.h"
#include "server/api/body.h"
#include "server/api/call.h"
#include "server/api/go_on.h"
#include "server/catalog/catalog_write.h"
#include "server/commit/contract_write.h"
#include "server/settlement/settlement.h"
#include "server/settlement/statements.h"

struct given {
    const struct instance *instance;
    const struct contract *k;
    const struct party *party;
    int64_t number;
    struct span jws;
};

static unsigned side_of(const struct given *g)
{
    return g->party->who == g->k->publisher ? SIDE_PUBLISHER : SIDE_ADVERTISER;
}

/* The version that is assented to. */
static enum err version_find(const struct given *g, int64_t now_ms, const struct version **out, struct problem *p)
{
    const struct versions *vs = &g->k->versions;
    for (const struct version *v = versions_at(vs, now_ms); v < vs->v + vs->n; v++)
        if (v->number == g->number) {
            *out = v;
            return ERR_OK;
        }
    if (g->number > vs->made)
        return problem(p, ERR_NOT_FOUND, "", "there is no such version");
    return problem(p, ERR_CONFLICT, "version",
                   "may bind no more: it was withdrawn, or a later version has taken its place");
}

enum err assent_check(const struct instance *in, const struct contract *k, const struct party *party, const char *typ,
                      struct span jws, const struct assented *to, int64_t now_ms, struct problem *p)
{
    struct assent a;
    if (!party->has_key)
        return problem(p, ERR_CONFLICT, "", "this party has no countersigning key yet: PUT /v1/parties/%s/key first",
                       party->id);
    enum err err = assent_open(jws, party->pub, typ, span_str(party->id), &a, p);
    if (err != ERR_OK)
        return err;
    err = party_jws_to(&a.said, span_str(in->public_url), p);
    if (err == ERR_OK)
        err = assent_fits(&a, span_str(k->id), to, now_ms, p);
    assent_close(&a);
    return err;
}

/* To the version whose entry is in `env`. */
static enum err version_check(const struct given *g, const struct version *v, const struct envelope *env,
                              int64_t now_ms, struct problem *p)
{
    struct assented to = {.version = v->number, .at_ms = v->at_ms};
    merkle_leaf(env->entry, &to.leaf);
    return assent_check(g->instance, g->k, g->party, ASSENT_TYP, g->jws, &to, now_ms, p);
}

enum err assent_again(struct batch *cx, const struct contract *k, uint64_t index, struct span jws, const char *what,
                      struct problem *p)
{
    struct envelope env;
    struct entry e;
    enum err err = ledger_get(cx->ledger, cx->txn, k->number, index, &env);
    if (err == ERR_OK)
        err = entry_read(env.entry, &e, NULL);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    bool again = e.kind == ENTRY_ASSENT && span_eq(e.assent.jws, jws);
    entry_close(&e);
    return again ? ERR_OK : problem(p, ERR_CONFLICT, what, "has your assent already");
}

/* The same again is answered again; another one adds nothing. */
static enum err given_before(struct batch *cx, const struct given *g, bool *again, struct problem *p)
{
    struct terms_row row;
    size_t side = side_of(g) == SIDE_PUBLISHER;
    enum err err = row_terms(&cx->view, g->k->number, (uint32_t)g->number, &row);
    *again = false;
    if (err != ERR_OK || row.assent[side].index == 0)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    err = assent_again(cx, g->k, row.assent[side].index, g->jws, "version", p);
    *again = err == ERR_OK;
    return err;
}

static void answer_assent(struct job *job, const struct given *g, const struct version *v, int status)
{
    struct answer a;
    answer_open(&a);
    jw_object(&a.w);
    jw_kstr(&a.w, "contract", span_str(g->k->id));
    if (v->from_ms != VERSION_LACKS)
        jw_ktime(&a.w, "effective_at", v->from_ms);
    jw_kstr(&a.w, "party", span_str(g->party->id));
    jw_kint(&a.w, "version", g->number);
    jw_object_end(&a.w);
    answer_job(&a, job, status);
}

static enum err assent_write(struct batch *cx, const struct given *g)
{
    struct contract k = *g->k;
    const struct entry entry = {.kind = ENTRY_ASSENT,
                                .at_ms = cx->now_ms,
                                .assent = {.party = span_str(g->party->id), .version = g->number, .jws = g->jws}};
    enum err err = pipeline_append(cx, &k, &entry, &k.assented, NULL);
    if (err == ERR_OK)
        err = catalog_put_contract(cx->txn, &k);
    cx->catalog_changed = err == ERR_OK;
    return err;
}

enum err assent_run(struct batch *cx, struct job *job)
{
    const struct record *r = &job->record;
    const struct given g = {.instance = cx->instance,
                            .k = catalog_contract_number(cx->catalog, r->assent.contract),
                            .party = catalog_party_number(cx->catalog, r->assent.party),
                            .number = r->assent.version,
                            .jws = r->assent.jws};
    int64_t now_ms = pipeline_dated(cx, g.k, cx->now_ms);
    struct versions after = g.k->versions;
    const struct version *v;
    struct envelope env;
    bool again;
    assert(batch_may_touch(cx, g.k));
    if (r->assent.adjustment > 0)
        return adjustment_assent_run(cx, job);
    enum err err = version_find(&g, now_ms, &v, &job->problem);
    if (err == ERR_OK)
        err = given_before(cx, &g, &again, &job->problem);
    if (err != ERR_OK)
        return err;
    if (again) {
        answer_assent(job, &g, v, 200);
        return ERR_OK;
    }
    if ((err = go_on_no_terms(cx, g.k->campaign, &job->problem)) != ERR_OK ||
        (err = go_on_none(cx, RECORD_PARTY_KEY, g.party->number, &job->problem)) != ERR_OK)
        return err;
    err = ledger_get(cx->ledger, cx->txn, g.k->number, v->index, &env);
    if (err == ERR_OK)
        err = version_check(&g, v, &env, now_ms, &job->problem);
    if (err != ERR_OK)
        return err;
    err = versions_assent(&after, g.number, side_of(&g), now_ms);
    assert(err == ERR_OK); /* it may bind, and the row says that this is the first */
    answer_assent(job, &g, &after.v[v - g.k->versions.v], 201);
    return assent_write(cx, &g);
}

/* ---- POST /v1/contracts/{id}/terms/{version}/assent ---- */

enum err version_asked(struct request *rq, struct span text, uint32_t *version)
{
    uint64_t number;
    if (parse_u64(text, &number) != ERR_OK || number < 1 || number > UINT32_MAX)
        return problem(&rq->problem, ERR_NOT_FOUND, "", "there is no such version");
    *version = (uint32_t)number;
    return ERR_OK;
}

enum err assents_create(struct request *rq, struct reply *reply)
{
    (void)reply;
    struct given g = {.instance = &rq->worker->server->instance, .party = rq->caller};
    const struct version *v;
    struct envelope env;
    struct txn *t;
    uint32_t number = 0;
    enum err err = call_contract(rq, rq->param[0], &g.k);
    if (err != ERR_OK)
        return err;
    if (!contract_has_party(g.k, rq->caller))
        return problem(&rq->problem, ERR_FORBIDDEN, "", "its advertiser and its publisher assent to terms");
    if ((err = version_asked(rq, rq->param[1], &number)) != ERR_OK)
        return err;
    g.number = number;
    if ((err = word_body(rq, LIMIT_PARTY_JWS, &g.jws)) != ERR_OK ||
        (err = version_find(&g, rq->arrived_ms, &v, &rq->problem)) != ERR_OK ||
        (err = worker_reader(rq->worker, &t)) != ERR_OK)
        return err;
    err = ledger_read(t, g.k->number, v->index, &env);
    if (err == ERR_OK)
        err = version_check(&g, v, &env, rq->arrived_ms, &rq->problem);
    if (err != ERR_OK)
        return err;
    struct job *job = worker_job(rq, RECORD_ASSENT, g.k->campaign->advertiser);
    job->record.assent.contract = g.k->number;
    job->record.assent.party = rq->caller->number;
    job->record.assent.version = number;
    job->record.assent.jws = g.jws;
    return call_submit(rq, job);
}
