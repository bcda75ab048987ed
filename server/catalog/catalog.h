/* The control data in memory: immutable snapshots. After a change the committer makes another one of the last, which
 * shares with it all that did not change. Readers hold a reference. */
#ifndef CS_SERVER_CATALOG_CATALOG_H
#define CS_SERVER_CATALOG_CATALOG_H

#include <stdatomic.h>
#include <string.h>

#include "common/decisions/terms.h"
#include "server/catalog/compiled.h"
#include "server/catalog/scopes.h"
#include "server/keys/keys.h"
#include "server/store/store.h"

enum { WEBHOOK_URL_MAX = 2048, WEBHOOK_SECRET_LEN = 32 };
enum { POSTBACK_CIDRS = 32, POSTBACK_CIDRS_MAX = 32 * 64 }; /* blocks of one party, and bytes of all of them */

struct contract;
struct api_token;
struct secret;

/* In the snapshot's memory. */
struct contract_list {
    const uint32_t *number; /* of contracts; NULL: all from 1 on. By catalog_listed() */
    size_t n;
};
struct campaign_list {
    const uint32_t *number;
    size_t n;
};
struct token_list {
    const struct api_token *const *t;
    size_t n;
};
struct secret_list {
    const struct secret *const *s;
    size_t n;
};

/* Who a party is, and which campaign: what never changes of them. What names one points to this, which is the same in
 * all snapshots, so that a change of the party or the campaign changes nothing else. What they are in one of them is
 * told by catalog_who() and catalog_which(). */
struct who {
    uint32_t number;
    enum role role;
    char id[LIMIT_ID + 1];
};

struct party {
    uint32_t number; /* as who has them: */
    char id[LIMIT_ID + 1];
    enum role role;
    const struct who *who; /* of those in a snapshot */
    struct span name;
    bool has_key;
    uint8_t pub[ED25519_KEY_LEN];
    struct span key_jws; /* shows it: for the logs of later contracts */
    struct span legal;   /* canonical JSON, settlement/legal.h; empty: none was given */
    uint32_t legal_by;   /* who gave it */
    int64_t created_ms;
    uint8_t postback_key[HASH_LEN];   /* SHA-256 of what unsigned postbacks bring as key=, from these blocks alone */
    struct span postback_cidrs;       /* comma-separated; empty: they are not switched on */
    uint32_t postback_by;             /* who had the key made */
    uint8_t postback_maker[HASH_LEN]; /* as of a token */
    int64_t postback_since_ms;
    struct span webhook;             /* the URL that its events go to; empty: there is none. Else: */
    bool webhook_macro;              /* its macros are replaced */
    char webhook_id[LIMIT_ID + 1];   /* what its logs know that by */
    struct span webhook_sealed;      /* its secret, as the store keeps it */
    uint32_t webhook_by;             /* who set it */
    uint8_t webhook_maker[HASH_LEN]; /* as of a token */
    int64_t webhook_since_ms;
    int64_t webhook_off_ms; /* since when nothing goes there: it answered 410; 0: it does not */
    int64_t locked_ms;      /* since when nobody acts as it; 0: it is not locked. Else: */
    uint32_t locked_by;
    char lock[LIMIT_ID + 1]; /* what its logs know that by */
};

struct secret {
    char kid[LIMIT_ID + 1];
    const struct party *party;
    uint8_t key[64];
    size_t len;
    struct span sealed; /* as the store keeps it */
    bool retired;
    uint32_t by;             /* number of the party that had it made */
    uint8_t maker[HASH_LEN]; /* as of a token */
    int64_t created_ms;
};

struct api_token {
    uint8_t sha256[HASH_LEN];
    const struct party *party;
    uint32_t by;
    uint8_t maker[HASH_LEN]; /* SHA-256 of the API token that it was made by; zeros: by none */
    struct span label;       /* empty: none */
    int64_t created_ms;
    int64_t expires_ms, ended_ms; /* 0: it does not, was not */
    uint32_t steps;               /* of the clock, before it was made; 0 of one that does not expire */
    unsigned scopes;              /* of scopes.h */
    bool invitation;              /* opens no call, but once what its party is to have (invitation_opens) */
};

struct which {
    uint32_t number;
    uint16_t partition; /* whose history its contracts belong to; one advertiser's stay in one */
    char id[LIMIT_ID + 1];
    const struct who *advertiser;
    uint32_t direct; /* number of the contract that takes leads without a known click */
    uint8_t pepper[32];
};

struct campaign {
    uint32_t number;
    char id[LIMIT_ID + 1];
    const struct which *which; /* of those in a snapshot */
    uint16_t partition;
    const struct who *advertiser;
    struct span document; /* canonical */
    uint32_t direct;
    int64_t created_ms;
    struct span crm;           /* the document of its CRM (common/commit/crm.h); empty: there is none. Else: */
    struct span crm_url;       /* where that leads */
    struct span crm_sealed;    /* what opens it, as the store keeps it; empty: nothing does */
    char crm_id[LIMIT_ID + 1]; /* as of a party's webhook, and below */
    uint32_t crm_by;
    uint8_t crm_maker[HASH_LEN];
    int64_t crm_since_ms, crm_off_ms;
    uint64_t seen; /* contract_seen() of all its contracts, together; of those in a snapshot */
};

struct code {
    uint32_t placement;
    struct span label, landing_url; /* landing_url empty: the campaign's */
    int64_t created_ms;
    int64_t off_ms; /* since when it is switched off; 0: it is not. Else: */
    uint32_t off_by;
};

static inline struct who party_who(const struct party *p)
{
    struct who w = {.number = p->number, .role = p->role};
    memcpy(w.id, p->id, sizeof w.id);
    return w;
}

/* Without its pepper. */
static inline struct which campaign_which(const struct campaign *c)
{
    struct which w = {.number = c->number, .partition = c->partition, .advertiser = c->advertiser, .direct = c->direct};
    memcpy(w.id, c->id, sizeof w.id);
    return w;
}

struct contract {
    uint32_t number;
    char id[LIMIT_ID + 1];
    const struct which *campaign;
    const struct who *publisher; /* NULL for a direct contract */
    struct span document;
    struct span of_campaign;  /* of one that is planned: what its campaign's document will be; empty: what it is */
    struct versions versions; /* of its terms */
    const struct code *const *codes; /* placement n at codes[n-1] */
    size_t n_codes;
    int64_t created_ms;
    uint64_t assented; /* index of the last assent entry; 0: none */
};

/* What it has of versions and assents, as one number that rises with each. */
static inline uint64_t contract_seen(const struct contract *k)
{
    return (uint64_t)k->versions.made + k->assented;
}

/* Whether terms bind what happens at that time: not until the first version has the assents that it asks for. */
static inline bool contract_binds(const struct contract *k, int64_t at_ms)
{
    return versions_bind(&k->versions, at_ms);
}

/* The terms that bind what happens at that time; until any do, what they will be. */
static inline const struct terms *contract_terms(const struct contract *k, int64_t at_ms)
{
    const struct version *v = versions_at(&k->versions, at_ms);
    return v != NULL ? v->terms : NULL;
}

/* The ids of the advertiser and the publisher; empty: there is none. */
static inline void contract_sides(const struct contract *k, struct span out[2])
{
    out[0] = span_str(k->campaign->advertiser->id);
    out[1] = k->publisher != NULL ? span_str(k->publisher->id) : SPAN("");
}

/* ERR_CONFLICT: nothing is decided or settled until they do. */
MUST_CHECK enum err contract_unbound(const struct contract *k, struct problem *p);

struct catalog;

/* Whether one of its parties is. */
bool contract_locked(const struct catalog *c, const struct contract *k);

/* Whether clicks, views and impressions of then are taken. */
static inline bool contract_takes_traffic(const struct catalog *c, const struct contract *k, int64_t at_ms)
{
    return !contract_locked(c, k) && contract_binds(k, at_ms) && terms_takes_traffic(contract_terms(k, at_ms), at_ms);
}

/* The campaign's currency, which no version changes. */
static inline struct span contract_currency(const struct contract *k)
{
    return k->versions.v[0].terms->currency;
}

/* An auditor may read a contract, or could. Of one contract and auditor none but the last is open. */
struct grant {
    uint32_t contract, party; /* numbers */
    uint32_t number;          /* counts those of the two */
    uint32_t by;              /* number of the party that granted */
    int64_t created_ms;
    int64_t ended_ms; /* 0: it was not revoked. Else by: */
    uint32_t ended_by;
};
struct grant_list {
    const struct grant *const *g;
    size_t n;
};

struct catalog {
    atomic_int users, links; /* who looks at it; and what keeps it: these, and the one before it */
    size_t n_parties, n_campaigns, n_contracts;
    struct catalog_index *index; /* private: what is in it */
};

MUST_CHECK enum err catalog_load(struct txn *t, const struct keys *k, struct catalog **out);
/* The same for the transaction's state after changes: looks at the rows alone that it wrote since the last time, so
 * that it costs what changed, and compiles no terms that the pool has (NULL: it has none). *out: `before` itself if
 * that is not published yet, which then is of no use after an error. */
MUST_CHECK enum err catalog_reload(struct txn *t, const struct keys *k, struct compiled_pool *compiled,
                                   struct catalog *before, struct catalog **out);
void catalog_unref(struct catalog *c); /* frees with the last reference; NULL-safe */

const struct party *catalog_party(const struct catalog *c, struct span id);
const struct campaign *catalog_campaign(const struct catalog *c, struct span id);
const struct contract *catalog_contract(const struct catalog *c, struct span id);
/* NULL when there is none. */
const struct party *catalog_party_number(const struct catalog *c, uint32_t number); /* 1: the operator */
const struct party *catalog_who(const struct catalog *c, const struct who *who);    /* who: NULL-safe */
const struct campaign *catalog_campaign_number(const struct catalog *c, uint32_t number);
const struct campaign *catalog_which(const struct catalog *c, const struct which *which);
const struct contract *catalog_contract_number(const struct catalog *c, uint32_t number);
const struct secret *catalog_secret(const struct catalog *c, struct span kid);
/* Of this text, of this hash; NULL when there is none. What has ended or expired is found too. */
const struct api_token *catalog_token(const struct catalog *c, struct span token);
const struct api_token *catalog_token_hashed(const struct catalog *c, const uint8_t sha256[HASH_LEN]);
/* All, by hash, also those that ended; and by kid, also those that retired. Then of one party. */
struct token_list catalog_tokens(const struct catalog *c);
struct secret_list catalog_secrets(const struct catalog *c);
struct token_list catalog_tokens_of(const struct catalog *c, const struct party *p);
struct secret_list catalog_secrets_of(const struct catalog *c, const struct party *p);
/* ERR_UNAUTHORIZED unless it opens calls at that time, ERR_FORBIDDEN of a party that is locked, ERR_CORRUPT as
 * catalog_over. t: NULL of one that is not there. */
MUST_CHECK enum err party_opens(const struct party *party, struct problem *p);
MUST_CHECK enum err api_token_opens(const struct catalog *c, const struct api_token *t, int64_t at_ms,
                                    struct problem *p);
/* The same of what comes with an invitation: ERR_NOT_FOUND of none, ERR_GONE of one that was used, withdrawn or has
 * expired. */
MUST_CHECK enum err invitation_opens(const struct catalog *c, const struct api_token *t, int64_t at_ms,
                                     struct problem *p);
/* Whether until_ms has come, for what was made after so many steps of the clock. What was over once is over, whatever
 * the clock is set to since: each step since says what it would have said. ERR_CORRUPT: a step does not read. */
MUST_CHECK enum err catalog_over(const struct catalog *c, int64_t until_ms, uint32_t steps, int64_t now_ms, bool *over);
/* Whose unsigned postbacks bring the key of this SHA-256; NULL when nobody's. */
const struct party *catalog_postback_key(const struct catalog *c, const uint8_t sha256[HASH_LEN]);
/* May this party read the contract: operator, its advertiser, its publisher, or an auditor with a grant. */
bool catalog_may_read(const struct catalog *c, const struct party *p, const struct contract *k);
struct grant_list catalog_grants(const struct catalog *c, const struct contract *k); /* by party, number */
/* The last one; NULL: there was none. */
const struct grant *catalog_grant(const struct catalog *c, const struct contract *k, const struct party *p);

const struct contract *catalog_listed(const struct catalog *c, const struct contract_list *l, size_t i);
/* By number: all that catalog_may_read() allows. */
struct contract_list catalog_reads(const struct catalog *c, const struct party *p);
/* The first campaign that an advertiser's or publisher's contracts are of, and whether they are of others too; NULL:
 * none. */
const struct which *catalog_takes(const struct catalog *c, const struct party *p, bool *several);
/* An advertiser's, by number. */
struct campaign_list catalog_campaigns_of(const struct catalog *c, const struct party *p);
/* Terms beside which those of a campaign's contracts are compiled, since they have its document as a rule; NULL: none
 * yet. direct: number of its own contract. */
const struct terms *catalog_beside(const struct catalog *c, uint32_t direct);
/* The direct one, then by publisher and number. */
struct contract_list catalog_contracts_of(const struct catalog *c, const struct which *campaign);
/* The publisher's contracts of the campaign, by number. */
struct contract_list campaign_contracts_of(const struct catalog *c, const struct which *campaign,
                                           const struct who *publisher);
/* Where those of a list by number begin that have a higher one. */
size_t contracts_behind(const struct contract_list *l, uint32_t number);

/* The published snapshot. */
struct catalog_slot;
struct catalog_slot *catalog_slot_new(void);
void catalog_slot_free(struct catalog_slot *s);
/* Takes over the reference. One that was made of another is published behind that. */
void catalog_publish(struct catalog_slot *s, struct catalog *c);
struct catalog *catalog_hold(struct catalog_slot *s); /* a new reference to the newest */

#endif
