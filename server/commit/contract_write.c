#include "server/commit/contract_write.h"

#include "server/catalog/catalog_write.h"

enum err contract_check(struct span campaign, struct span contract, struct problem *p)
{
    struct terms *t;
    enum err err = terms_compile(campaign, contract, &t, p);
    if (err == ERR_OK)
        terms_free(t);
    return err;
}

static enum err append_terms(struct commit *cx, struct contract *k)
{
    struct hash leaf;
    struct entry entry = {
        .kind = ENTRY_TERMS,
        .at_ms = cx->now_ms,
        .terms = {.version = k->terms_version, .campaign = k->campaign->document, .contract = k->document},
    };
    enum err err = terms_compile(k->campaign->document, k->document, &k->terms, NULL);
    if (err != ERR_OK)
        return err;
    err = pipeline_append(cx, k, &entry, &k->terms_index, &leaf);
    if (err == ERR_OK)
        err = catalog_put_contract(cx->txn, k);
    return err;
}

enum err contract_open(struct commit *cx, struct contract *k)
{
    const struct party *advertiser = k->campaign->advertiser;
    k->terms_index = 0;
    k->terms_version = 1;
    k->terms = NULL;
    enum err err = append_terms(cx, k);
    if (err == ERR_OK && advertiser->has_key)
        err = contract_append_key(cx, k, advertiser);
    if (err == ERR_OK && k->publisher != NULL && k->publisher->has_key)
        err = contract_append_key(cx, k, k->publisher);
    terms_free(k->terms);
    k->terms = NULL;
    return err;
}

enum err contract_renew(struct commit *cx, struct contract *k)
{
    k->terms_version++;
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

enum err contract_append_key(struct commit *cx, const struct contract *k, const struct party *p)
{
    struct hash leaf;
    uint64_t index;
    struct entry entry = {.kind = ENTRY_KEY, .at_ms = cx->now_ms, .key = {.party = span_str(p->id)}};
    memcpy(entry.key.pub, p->pub, sizeof entry.key.pub);
    return pipeline_append(cx, k, &entry, &index, &leaf);
}
