/* Control data against what the logs say of it: terms, parties' keys, codes. */
#include <inttypes.h>

#include "common/base/bytes.h"
#include "server/catalog/unfinished.h"
#include "server/check/check_private.h"

static bool hashes_to(struct span text, const struct hash *want)
{
    uint8_t sum[HASH_LEN];
    sha256(text.ptr, text.len, sum);
    return memcmp(sum, want->b, sizeof sum) == 0;
}

/* A document names something by another id than the row that the control row says: either may be damaged. */
static void ids_differ(struct check *c, enum table t, uint32_t number, enum table of, uint32_t other)
{
    uint8_t mem[2][4];
    char name[ROW_NAME];
    table_row_name(of, contract_key(mem[1], other), name);
    check_row_fails(c, t, contract_key(mem[0], number), "has a document that names another than %s", name);
}

static void contract_names(struct check *c, const struct contract *k)
{
    const struct terms *t = versions_newest(&k->versions)->terms;
    const struct which *g = k->campaign;
    if (!span_is(t->contract, k->id))
        ids_differ(c, TABLE_CONTRACTS, k->number, TABLE_CONTRACTS, k->number);
    if (!span_is(t->campaign, g->id))
        ids_differ(c, TABLE_CONTRACTS, k->number, TABLE_CAMPAIGNS, g->number);
    if (!span_is(t->advertiser, g->advertiser->id))
        ids_differ(c, TABLE_CAMPAIGNS, g->number, TABLE_PARTIES, g->advertiser->number);
    if (!span_is(t->publisher, k->publisher != NULL ? k->publisher->id : ""))
        ids_differ(c, TABLE_CONTRACTS, k->number, TABLE_PARTIES, k->publisher != NULL ? k->publisher->number : 0);
}

/* A change that is on its way has not come to this log: what is asked for is there, and is not said of it yet. */
static bool lacks_terms(struct check *c, const struct contract *k)
{
    return unfinished_terms(c->txn, k->campaign->number, k->campaign->direct, k->number) != ERR_NOT_FOUND;
}

static bool lacks_key(struct check *c, const struct party *p, const struct contract *k)
{
    return unfinished_of(c->txn, RECORD_PARTY_KEY, p->number, k->number) != ERR_NOT_FOUND;
}

static void contract_documents(struct check *c, const struct contract *k, const struct checked_log *log)
{
    uint8_t mem[2][4];
    struct span key = contract_key(mem[0], k->number), campaign = contract_key(mem[1], k->campaign->number);
    if (!hashes_to(k->document, &log->documents[1]))
        check_row_fails(c, TABLE_CONTRACTS, key, "has another document than its log's last terms");
    if (!hashes_to(catalog_which(c->catalog, k->campaign)->document, &log->documents[0]) && !lacks_terms(c, k))
        check_row_fails(c, TABLE_CAMPAIGNS, campaign, "has another document than the last terms of contract %s", k->id);
    if (k->assented != log->assented)
        check_row_fails(c, TABLE_CONTRACTS, key, "names another last assent than its log");
    contract_names(c, k);
}

/* Entries came by this code: it was there. */
static void contract_codes(struct check *c, const struct contract *k, const struct checked_log *log)
{
    uint8_t key[8];
    store_be32(key, k->number);
    store_be32(key + 4, log->placements);
    if (log->placements > k->n_codes)
        check_row_fails(c, TABLE_CODES, span_of(key, sizeof key), "is missing: entries of contract %s name it", k->id);
}

/* The log has the party's key, and no other, unless that is on its way to it. */
static void contract_key_of(struct check *c, const struct contract *k, const struct party *p)
{
    uint8_t mem[4], pub[ED25519_KEY_LEN];
    enum err err = row_party_key(&c->view, k->number, span_str(p->id), pub);
    if ((err == ERR_OK ? !p->has_key || memcmp(pub, p->pub, ED25519_KEY_LEN) != 0 : p->has_key) && !lacks_key(c, p, k))
        check_row_fails(c, TABLE_PARTIES, contract_key(mem, p->number),
                        "has another key than the log of contract %s recorded last", k->id);
}

static void contract_keys(struct check *c, const struct contract *k)
{
    contract_key_of(c, k, catalog_who(c->catalog, k->campaign->advertiser));
    if (k->publisher != NULL)
        contract_key_of(c, k, catalog_who(c->catalog, k->publisher));
}

static void campaign_direct(struct check *c, const struct campaign *g)
{
    const struct contract *k = catalog_contract_number(c->catalog, g->direct);
    uint8_t mem[4];
    if (k == NULL || k->campaign != g->which || k->publisher != NULL)
        check_row_fails(c, TABLE_CAMPAIGNS, contract_key(mem, g->number),
                        "names a direct contract that is none of its own");
}

static void grant_row(struct check *c, enum table t, struct span key, struct span value)
{
    uint32_t party = key.len == 12 ? load_be32(key.ptr + 4) : 0;
    (void)value;
    if (party < 1 || party > c->catalog->n_parties || catalog_party_number(c->catalog, party)->role != ROLE_AUDITOR)
        check_row_fails(c, t, key, "is for a party that is no auditor");
}

void check_unfinished(struct check *c, enum table t, struct span key, struct span value)
{
    struct unfinished u;
    bool reads = unfinished_read(key, value, &u) == ERR_OK, good = reads;
    if (reads && c->catalog != NULL) {
        size_t all = u.record.kind == RECORD_CAMPAIGN_CHANGE ? c->catalog->n_campaigns
                     : u.record.kind == RECORD_WITHDRAWAL    ? c->catalog->n_contracts
                                                             : c->catalog->n_parties;
        good = u.until <= c->catalog->n_contracts && unfinished_whose(&u.record) <= all;
    }
    if (reads)
        unfinished_close(&u);
    if (!good)
        check_row_fails(c, t, key, "is no change of contracts that are there");
}

void check_catalog(struct check *c)
{
    for (uint32_t n = 1; n <= c->catalog->n_contracts; n++) {
        const struct contract *k = catalog_contract_number(c->catalog, n);
        const struct checked_log *log = check_log(c, k->number);
        contract_documents(c, k, log);
        contract_codes(c, k, log);
        contract_keys(c, k);
    }
    for (uint32_t n = 1; n <= c->catalog->n_campaigns; n++)
        campaign_direct(c, catalog_campaign_number(c->catalog, n));
    check_each(c, TABLE_GRANTS, grant_row);
}
