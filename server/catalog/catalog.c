#include <pthread.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "server/catalog/catalog_private.h"
#include "server/catalog/catalog_write.h"

/* ---- look-ups ---- */

int name_order(const void *key, const void *what)
{
    return strcmp(key, ((const struct name *)what)->id);
}

/* One index serves three kinds: an id of another kind is not found. */
static const void *by_id(const struct catalog *c, struct span id, enum part part)
{
    char text[LIMIT_ID + 1] = {0};
    if (id.len == 0 || id.len > LIMIT_ID || memchr(id.ptr, '\0', id.len) != NULL)
        return NULL;
    memcpy(text, id.ptr, id.len);
    const struct name *found = table_find(*part_names(c, text), text, name_order);
    return found != NULL && found->part == part ? part_number(c, part, found->number) : NULL;
}

const struct party *catalog_party(const struct catalog *c, struct span id)
{
    return by_id(c, id, PART_PARTIES);
}

const struct campaign *catalog_campaign(const struct catalog *c, struct span id)
{
    return by_id(c, id, PART_CAMPAIGNS);
}

const struct contract *catalog_contract(const struct catalog *c, struct span id)
{
    return by_id(c, id, PART_CONTRACTS);
}

const struct party *catalog_party_number(const struct catalog *c, uint32_t number)
{
    return part_number(c, PART_PARTIES, number);
}

const struct campaign *catalog_campaign_number(const struct catalog *c, uint32_t number)
{
    return part_number(c, PART_CAMPAIGNS, number);
}

const struct party *catalog_who(const struct catalog *c, const struct who *who)
{
    return who != NULL ? catalog_party_number(c, who->number) : NULL;
}

const struct campaign *catalog_which(const struct catalog *c, const struct which *which)
{
    return catalog_campaign_number(c, which->number);
}

const struct contract *catalog_contract_number(const struct catalog *c, uint32_t number)
{
    return part_number(c, PART_CONTRACTS, number);
}

const struct terms *catalog_beside(const struct catalog *c, uint32_t direct)
{
    const struct contract *k = catalog_contract_number(c, direct);
    const struct version *v = k != NULL ? versions_newest(&k->versions) : NULL;
    return v != NULL ? v->terms : NULL;
}

bool contract_locked(const struct catalog *c, const struct contract *k)
{
    const struct party *publisher = catalog_who(c, k->publisher);
    return catalog_who(c, k->campaign->advertiser)->locked_ms != 0 || (publisher != NULL && publisher->locked_ms != 0);
}

enum err contract_unbound(const struct contract *k, struct problem *p)
{
    return problem(p, ERR_CONFLICT, "contract",
                   "the terms of %s bind nobody yet: its advertiser and its publisher assent to them first, by POST "
                   "/v1/contracts/%s/terms/%lld/assent; then send this again",
                   k->id, k->id, (long long)versions_newest(&k->versions)->number);
}

/* The table's own order. */
int secret_order(const void *key, const void *what)
{
    return span_order(*(const struct span *)key, span_str(((const struct secret *)what)->kid));
}

const struct secret *catalog_secret(const struct catalog *c, struct span kid)
{
    if (kid.len == 0 || kid.len > LIMIT_ID)
        return NULL;
    return table_find(*part_whole(c, PART_SECRETS), &kid, secret_order);
}

static struct secret_list secrets_in(const struct table_of *t)
{
    return (struct secret_list){(const struct secret *const *)t->what, t->n};
}

struct secret_list catalog_secrets(const struct catalog *c)
{
    return secrets_in(*part_whole(c, PART_SECRETS));
}

struct secret_list catalog_secrets_of(const struct catalog *c, const struct party *p)
{
    return secrets_in(((const struct credentials *)part_number(c, PART_CREDENTIALS, p->number))->secrets);
}

int token_order(const void *key, const void *what)
{
    return memcmp(key, ((const struct api_token *)what)->sha256, HASH_LEN);
}

const struct api_token *catalog_token_hashed(const struct catalog *c, const uint8_t sha256[HASH_LEN])
{
    return table_find(*part_whole(c, PART_TOKENS), sha256, token_order);
}

static struct token_list tokens_in(const struct table_of *t)
{
    return (struct token_list){(const struct api_token *const *)t->what, t->n};
}

struct token_list catalog_tokens(const struct catalog *c)
{
    return tokens_in(*part_whole(c, PART_TOKENS));
}

struct token_list catalog_tokens_of(const struct catalog *c, const struct party *p)
{
    return tokens_in(((const struct credentials *)part_number(c, PART_CREDENTIALS, p->number))->tokens);
}

const struct api_token *catalog_token(const struct catalog *c, struct span token)
{
    uint8_t hash[HASH_LEN];
    if (token.len != API_TOKEN_LEN)
        return NULL;
    sha256(token.ptr, token.len, hash);
    return catalog_token_hashed(c, hash);
}

enum err party_opens(const struct party *party, struct problem *p)
{
    return party->locked_ms == 0
               ? ERR_OK
               : problem(p, ERR_FORBIDDEN, "",
                         "this party is locked: nothing is taken from it until the operator unlocks it");
}

enum err catalog_over(const struct catalog *c, int64_t until_ms, uint32_t steps, int64_t now_ms, bool *over)
{
    const struct catalog_index *x = c->index;
    size_t i = x->n_past;
    while (i > 0 && x->past[i - 1].step > steps)
        i--;
    *over = now_ms >= until_ms || (i < x->n_past && x->past[i].ms >= until_ms);
    return x->steps_unread && !*over ? ERR_CORRUPT : ERR_OK;
}

enum err api_token_opens(const struct catalog *c, const struct api_token *t, int64_t at_ms, struct problem *p)
{
    bool over = false;
    if (t == NULL || t->ended_ms != 0)
        return problem(p, ERR_UNAUTHORIZED, "", "this API token is not known");
    if (t->invitation)
        return problem(p, ERR_UNAUTHORIZED, "",
                       "this is an invitation and no API token: open its link, which makes one");
    if (t->expires_ms != 0 && catalog_over(c, t->expires_ms, t->steps, at_ms, &over) != ERR_OK)
        return ERR_CORRUPT;
    if (over)
        return problem(p, ERR_UNAUTHORIZED, "", "this API token has expired: have another one made");
    return party_opens(t->party, p);
}

enum err invitation_opens(const struct catalog *c, const struct api_token *t, int64_t at_ms, struct problem *p)
{
    bool over = false;
    if (t == NULL || !t->invitation)
        return problem(p, ERR_NOT_FOUND, "", "there is no such invitation: see that the link is whole");
    if (t->ended_ms != 0)
        return problem(p, ERR_GONE, "", "this invitation was used or withdrawn: ask whoever sent it for another one");
    if (catalog_over(c, t->expires_ms, t->steps, at_ms, &over) != ERR_OK)
        return ERR_CORRUPT;
    if (over)
        return problem(p, ERR_GONE, "", "this invitation has expired: ask whoever sent it for another one");
    return party_opens(t->party, p);
}

int postback_key_order(const void *key, const void *what)
{
    return memcmp(key, ((const struct postback_key *)what)->sha256, HASH_LEN);
}

const struct party *catalog_postback_key(const struct catalog *c, const uint8_t sha256[HASH_LEN])
{
    const struct postback_key *k = table_find(*part_whole(c, PART_KEYS), sha256, postback_key_order);
    return k != NULL ? catalog_party_number(c, k->party) : NULL;
}

int grant_order(const void *key, const void *what)
{
    const struct grant *a = key, *b = what;
    if (a->contract != b->contract)
        return a->contract < b->contract ? -1 : 1;
    if (a->party != b->party)
        return a->party < b->party ? -1 : 1;
    return (a->number > b->number) - (a->number < b->number);
}

/* Where those begin that are of this contract and party, or behind. */
static size_t grants_from(const struct catalog *c, uint32_t contract, uint32_t party)
{
    const struct grant first = {.contract = contract, .party = party};
    return table_from(*part_whole(c, PART_GRANTS), &first, grant_order);
}

struct grant_list catalog_grants(const struct catalog *c, const struct contract *k)
{
    size_t from = grants_from(c, k->number, 0);
    const void *const *first = (*part_whole(c, PART_GRANTS))->what + from;
    return (struct grant_list){(const struct grant *const *)first, grants_from(c, k->number + 1, 0) - from};
}

const struct grant *catalog_grant(const struct catalog *c, const struct contract *k, const struct party *p)
{
    size_t behind = grants_from(c, k->number, p->number + 1);
    const struct grant *last = behind > 0 ? (*part_whole(c, PART_GRANTS))->what[behind - 1] : NULL;
    return last != NULL && last->contract == k->number && last->party == p->number ? last : NULL;
}

bool catalog_may_read(const struct catalog *c, const struct party *p, const struct contract *k)
{
    const struct grant *g;
    switch (p->role) {
    case ROLE_OPERATOR:
        return true;
    case ROLE_ADVERTISER:
        return k->campaign->advertiser->number == p->number;
    case ROLE_PUBLISHER:
        return k->publisher != NULL && k->publisher->number == p->number;
    case ROLE_AUDITOR:
        g = catalog_grant(c, k, p);
        return g != NULL && g->ended_ms == 0;
    }
    return false;
}

/* ---- the published one ---- */

struct catalog_slot {
    pthread_mutex_t lock; /* held for a pointer copy and a count: the count must rise before a publisher can drop the
                             last reference */
    struct catalog *newest;
};

struct catalog_slot *catalog_slot_new(void)
{
    struct catalog_slot *s = xcalloc(1, sizeof *s);
    pthread_mutex_init(&s->lock, NULL);
    return s;
}

void catalog_slot_free(struct catalog_slot *s)
{
    if (s == NULL)
        return;
    catalog_unref(s->newest);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

void catalog_publish(struct catalog_slot *s, struct catalog *c)
{
    catalog_follow(s->newest, c); /* the slot's own reference keeps that one */
    pthread_mutex_lock(&s->lock);
    struct catalog *old = s->newest;
    s->newest = c;
    pthread_mutex_unlock(&s->lock);
    catalog_unref(old);
}

struct catalog *catalog_hold(struct catalog_slot *s)
{
    pthread_mutex_lock(&s->lock);
    struct catalog *c = s->newest;
    if (c != NULL)
        atomic_fetch_add_explicit(&c->users, 1, memory_order_relaxed);
    pthread_mutex_unlock(&s->lock);
    return c;
}
