#include "server/commit/contract_write.h"

#include <assert.h>

#include "common/decisions/rules.h"
#include "server/catalog/catalog_write.h"

enum err contract_check(struct span campaign, struct span contract, struct problem *p)
{
    struct terms *t;
    enum err err = terms_compile(campaign, contract, &t, p);
    if (err == ERR_OK)
        terms_free(t);
    return err;
}

enum err contract_ready(struct batch *cx, const struct contract *k)
{
    const struct party *parties[] = {k->campaign->advertiser, k->publisher};
    uint8_t pub[ED25519_KEY_LEN];
    enum err err = pipeline_ready(cx, k);
    for (size_t i = 0; i < 2 && err == ERR_OK; i++)
        if (parties[i] != NULL &&
            (err = row_party_key(&cx->view, k->number, span_str(parties[i]->id), pub)) == ERR_NOT_FOUND)
            err = ERR_OK;
    return err;
}

static enum err append_terms(struct batch *cx, struct contract *k)
{
    uint64_t index;
    struct entry entry = {
        .kind = ENTRY_TERMS,
        .at_ms = cx->now_ms,
        .terms = {.version = k->terms_version,
                  .rules = RULES_NOW,
                  .campaign = k->campaign->document,
                  .contract = k->document},
    };
    enum err err = rules_compile(&entry.terms, &k->terms, NULL);
    if (err != ERR_OK)
        return err;
    err = pipeline_append(cx, k, &entry, &index, NULL);
    assert(err != ERR_OK || index == k->terms_index);
    return err == ERR_OK ? catalog_put_contract(cx->txn, k) : err;
}

enum err contract_open(struct batch *cx, struct contract *k)
{
    const struct party *advertiser = k->campaign->advertiser;
    k->terms_index = 0;
    k->terms_version = 1;
    k->terms = NULL;
    /* a log without a contract: its row is gone */
    enum err err = ledger_size(cx->ledger, k->number) == 0 ? contract_ready(cx, k) : ERR_CORRUPT;
    if (err == ERR_OK)
        err = append_terms(cx, k);
    if (err == ERR_OK && advertiser->has_key)
        err = contract_append_key(cx, k, advertiser);
    if (err == ERR_OK && k->publisher != NULL && k->publisher->has_key)
        err = contract_append_key(cx, k, k->publisher);
    terms_free(k->terms);
    k->terms = NULL;
    return err;
}

void contract_next_terms(const struct batch *cx, struct contract *k)
{
    k->terms_version++;
    k->terms_index = ledger_size(cx->ledger, k->number);
}

enum err contract_renew(struct batch *cx, struct contract *k)
{
    k->terms = NULL;
    enum err err = append_terms(cx, k);
    terms_free(k->terms);
    k->terms = NULL;
    return err;
}

bool contract_has_party(const struct contract *k, const struct party *p)
{
    return k->campaign->advertiser->number == p->number || (k->publisher != NULL && k->publisher->number == p->number);
}

enum err contract_append_key(struct batch *cx, const struct contract *k, const struct party *p)
{
    uint8_t pub[ED25519_KEY_LEN];
    enum err err = row_party_key(&cx->view, k->number, span_str(p->id), pub);
    if (err == ERR_OK && memcmp(pub, p->pub, sizeof pub) == 0)
        return ERR_OK;
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    struct entry entry = {.kind = ENTRY_KEY, .at_ms = cx->now_ms, .key = {.party = span_str(p->id)}};
    memcpy(entry.key.pub, p->pub, sizeof entry.key.pub);
    return pipeline_append(cx, k, &entry, NULL, NULL);
}
