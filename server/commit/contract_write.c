#include "server/commit/contract_write.h"

#include <assert.h>

#include "common/base/when.h"
#include "common/decisions/rules.h"
#include "common/decisions/trader.h"
#include "server/catalog/catalog_write.h"
#include "server/commit/clock_rows.h"
#include "server/commit/credentials.h"

static struct span document_of_campaign(const struct batch *cx, const struct contract *k)
{
    return span_empty(k->of_campaign) ? catalog_which(cx->catalog, k->campaign)->document : k->of_campaign;
}

static enum err compile(const struct batch *cx, const struct contract *k, struct compiled **out, struct problem *p)
{
    return compiled_get(cx->compiled, catalog_beside(cx->catalog, k->campaign->direct), document_of_campaign(cx, k),
                        k->document, out, p);
}

enum err contract_check(const struct batch *cx, const struct contract *k, struct problem *p)
{
    struct compiled *c;
    return compile(cx, k, &c, p);
}

enum err contract_ready(struct batch *cx, const struct contract *k)
{
    const struct who *parties[] = {k->campaign->advertiser, k->publisher};
    uint8_t pub[ED25519_KEY_LEN];
    enum err err = pipeline_ready(cx, k);
    for (size_t i = 0; i < 2 && err == ERR_OK; i++)
        if (parties[i] != NULL &&
            (err = row_party_key(&cx->view, k->number, span_str(parties[i]->id), pub)) == ERR_NOT_FOUND)
            err = ERR_OK;
    return err;
}

enum err contract_next(const struct batch *cx, struct contract *k, int64_t effective_ms, struct problem *p)
{
    const struct version *newest = versions_newest(&k->versions);
    bool planned = newest != NULL && newest->terms == NULL;
    bool clock_between = planned && newest->index == 0 && clock_untold(cx, ledger_clock(cx->ledger, k->number));
    struct version next = {.index = planned ? newest->index + 1 + clock_between : pipeline_next(cx, k),
                           .number = k->versions.made + 1,
                           .rules = RULES_NOW,
                           .at_ms = pipeline_dated(cx, k, cx->now_ms)};
    struct compiled *c;
    enum err err = compile(cx, k, &c, p);
    if (err != ERR_OK)
        return err;
    compiled_tells(c, &next);
    next.on_assent = versions_ask(&k->versions, &next);
    return versions_add(&k->versions, &next, effective_ms, NULL, p);
}

enum err contract_at_once(const struct batch *cx, const struct contract *k, struct problem *p)
{
    char text[32] = "";
    struct buf b;
    const struct version *newest = versions_newest(&k->versions) - (versions_proposal(&k->versions) != NULL);
    if (!versions_wait(&k->versions, pipeline_dated(cx, k, cx->now_ms)))
        return ERR_OK;
    buf_fixed(&b, text, sizeof text - 1);
    time_rfc3339(&b, newest->from_ms);
    return problem(p, ERR_CONFLICT, "effective_at",
                   "version %lld of the terms of %s takes effect at %s, and a later one cannot do so before: give that "
                   "time, which takes its place, or a later one",
                   (long long)newest->number, k->id, text);
}

/* What is over is in nobody's way, whenever it was. */
static bool open_together(const struct terms *a, const struct terms *b, int64_t now_ms)
{
    int64_t a_ends_ms = a->ends_ms ? a->ends_ms : INT64_MAX, b_ends_ms = b->ends_ms ? b->ends_ms : INT64_MAX;
    return a_ends_ms > now_ms && b_ends_ms > now_ms && a->starts_ms < b_ends_ms && b->starts_ms < a_ends_ms;
}

/* By any of its versions that bind then or later. */
static bool is_open_beside(const struct contract *other, const struct terms *t, int64_t now_ms)
{
    const struct versions *vs = &other->versions;
    for (const struct version *v = versions_at(vs, now_ms); v < vs->v + vs->n; v++)
        if (open_together(v->terms, t, now_ms))
            return true;
    return false;
}

enum err contract_alone(const struct batch *cx, const struct contract *k, const char *field, struct problem *p)
{
    const struct contract *beside = NULL;
    struct contract_list all = {.n = 0};
    struct compiled *c;
    enum err err = compile(cx, k, &c, p);
    if (err != ERR_OK)
        return err;
    if (k->publisher != NULL)
        all = campaign_contracts_of(cx->catalog, k->campaign, k->publisher);
    for (size_t i = 0; i < all.n && beside == NULL; i++) {
        const struct contract *other = catalog_listed(cx->catalog, &all, i);
        if (other->number != k->number && is_open_beside(other, c->terms, cx->now_ms))
            beside = other;
    }
    return beside == NULL
               ? ERR_OK
               : problem(p, ERR_CONFLICT, field,
                         "the contract would be open beside %s, of the same campaign and publisher, and one is open at "
                         "a time: change the terms of that one instead, or give it an ends_at and this one a starts_at "
                         "that is not before",
                         beside->id);
}

static enum err append_terms(struct batch *cx, const struct contract *k, const struct version *v, struct span campaign)
{
    uint64_t index;
    const struct entry entry = {
        .kind = ENTRY_TERMS,
        .at_ms = cx->now_ms,
        .terms = {.version = v->number,
                  .rules = v->rules,
                  .effective_ms = v->effective_ms,
                  .on_assent = v->on_assent,
                  .campaign = campaign,
                  .contract = k->document},
    };
    enum err err = pipeline_append(cx, k, &entry, &index, NULL);
    assert(err != ERR_OK || index == v->index);
    return err;
}

enum err contract_renew(struct batch *cx, const struct contract *k)
{
    enum err err = append_terms(cx, k, versions_newest(&k->versions), document_of_campaign(cx, k));
    return err == ERR_OK ? catalog_put_contract(cx->txn, k) : err;
}

/* ---- a new contract ---- */

/* The campaign's own contract, whose versions tell when which of its documents binds; NULL while that is the new one.
 */
static const struct contract *campaign_contract(const struct batch *cx, const struct contract *k)
{
    return catalog_contract_number(cx->catalog, k->campaign->direct);
}

enum err contract_plan(const struct batch *cx, struct contract *k, struct problem *p)
{
    const struct contract *direct = campaign_contract(cx, k);
    const struct versions none = {.n = 0}, *of = direct != NULL ? &direct->versions : &none;
    k->versions = (struct versions){.n = 0};
    enum err err = contract_next(cx, k, 0, p);
    if (err == ERR_OK && versions_proposal(&k->versions) != NULL && versions_wait(of, cx->now_ms))
        err = problem(p, ERR_CONFLICT, "assent",
                      "cannot be both while a change of the campaign waits for its time: make the contract then");
    if (err != ERR_OK)
        return err;
    for (size_t i = 1; i < of->n && err == ERR_OK; i++)
        if (of->v[i].from_ms > cx->now_ms && !json_equal(of->v[i].terms->json[0], of->v[i - 1].terms->json[0]))
            err = contract_next(cx, k, of->v[i].from_ms, NULL);
    assert(err == ERR_OK); /* they stand in this order already */
    return err;
}

static enum err open_terms(struct batch *cx, struct contract *k)
{
    const struct contract *direct = campaign_contract(cx, k);
    enum err err = ERR_OK;
    for (size_t i = 0; i < k->versions.n && err == ERR_OK; i++) {
        struct buf text;
        buf_heap(&text);
        /* the newest has what stands in the campaign's row */
        bool older = direct != NULL &&
                     contract_terms(direct, k->versions.v[i].from_ms) != versions_newest(&direct->versions)->terms;
        if (older)
            terms_document(contract_terms(direct, k->versions.v[i].from_ms), 0, &text);
        err = append_terms(cx, k, &k->versions.v[i], older ? buf_span(&text) : document_of_campaign(cx, k));
        if (err == ERR_OK && i == 0)
            err = pipeline_clock_begins(cx, k);
        buf_free(&text);
    }
    return err == ERR_OK ? catalog_put_contract(cx->txn, k) : err;
}

enum err contract_open(struct batch *cx, struct contract *k)
{
    const struct party *advertiser = catalog_who(cx->catalog, k->campaign->advertiser);
    const struct party *publisher = catalog_who(cx->catalog, k->publisher);
    /* a log without a contract: its row is gone */
    enum err err = ledger_size(cx->ledger, k->number) == 0 ? contract_ready(cx, k) : ERR_CORRUPT;
    if (err == ERR_OK)
        err = open_terms(cx, k);
    for (size_t i = 1; i < keys_states(cx->instance->keys) && err == ERR_OK; i++)
        err = contract_append_server_keys(cx, k, keys_state_step(cx->instance->keys, i));
    if (err == ERR_OK && advertiser->has_key)
        err = contract_append_key(cx, k, advertiser, SPAN(""));
    if (err == ERR_OK && publisher != NULL && publisher->has_key)
        err = contract_append_key(cx, k, publisher, SPAN(""));
    if (err == ERR_OK)
        err = contract_append_legal(cx, k, advertiser);
    if (err == ERR_OK && publisher != NULL)
        err = contract_append_legal(cx, k, publisher);
    return err == ERR_OK ? credentials_open(cx, k) : err;
}

enum err contract_append_legal(struct batch *cx, const struct contract *k, const struct party *p)
{
    struct entry entry = {
        .kind = ENTRY_PARTY,
        .at_ms = cx->now_ms,
        .party = {.party = span_str(p->id),
                  .by = span_str(catalog_party_number(cx->catalog, p->legal_by > 0 ? p->legal_by : 1)->id),
                  .legal = p->legal}};
    struct buf was;
    if (span_empty(p->legal))
        return ERR_OK;
    buf_heap(&was);
    enum err err = trader_told(&cx->view, k->number, span_str(p->id), &was);
    entry.party.other = trader_is_other(buf_span(&was), p->legal);
    buf_free(&was);
    return err == ERR_OK ? pipeline_append(cx, k, &entry, NULL, NULL) : err;
}

bool contract_has_party(const struct contract *k, const struct party *p)
{
    return k->campaign->advertiser->number == p->number || (k->publisher != NULL && k->publisher->number == p->number);
}

enum err contract_append_key(struct batch *cx, const struct contract *k, const struct party *p,
                             struct span previous_jws)
{
    uint8_t pub[ED25519_KEY_LEN];
    enum err err = row_party_key(&cx->view, k->number, span_str(p->id), pub);
    if (err == ERR_OK && memcmp(pub, p->pub, sizeof pub) == 0)
        return ERR_OK;
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    struct entry entry = {.kind = ENTRY_KEY, .at_ms = cx->now_ms, .key = {.party = span_str(p->id), .jws = p->key_jws}};
    if (err == ERR_OK)
        entry.key.previous_jws = previous_jws;
    memcpy(entry.key.pub, p->pub, sizeof entry.key.pub);
    return pipeline_append(cx, k, &entry, NULL, NULL);
}
