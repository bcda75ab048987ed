#include <pthread.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "server/catalog/catalog_private.h"
#include "server/catalog/catalog_write.h"

int name_compare(const void *a, const void *b)
{
    return strcmp(((const struct name *)a)->id, ((const struct name *)b)->id);
}

static void shared_terms_unref(struct shared_terms *s)
{
    if (s == NULL || atomic_fetch_sub_explicit(&s->refs, 1, memory_order_acq_rel) != 1)
        return;
    terms_free(s->terms);
    free(s);
}

static void index_free(struct catalog_index *x, size_t n_terms)
{
    for (size_t i = 0; x->terms != NULL && i < n_terms; i++)
        for (size_t k = 0; k < VERSIONS_MAX; k++)
            shared_terms_unref(x->terms[i][k]);
    for (size_t i = 0; i < TABLE_COUNT; i++)
        free(x->rows[i].row);
    for (struct block *b = x->blocks, *next; b != NULL; b = next) {
        next = b->next;
        free(b);
    }
    free(x->terms);
    free(x->listed);
    free(x->listed_tokens);
    free(x->listed_secrets);
    free(x->names);
    free(x->tokens);
    free(x->keys);
    free(x->grants);
    free(x->past);
    free(x);
}

void catalog_unref(struct catalog *c)
{
    if (c == NULL || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
        return;
    for (size_t i = 0; i < c->n_secrets; i++)
        crypto_wipe(c->secrets[i].key, sizeof c->secrets[i].key);
    index_free(c->index, c->n_contracts);
    free(c->parties);
    free(c->campaigns);
    free(c->contracts);
    free(c->secrets);
    free(c);
}

/* ---- look-ups ---- */

static const void *by_id(const struct catalog *c, struct span id, const void *array, size_t n, size_t size)
{
    char text[LIMIT_ID + 1] = {0};
    if (id.len == 0 || id.len > LIMIT_ID || memchr(id.ptr, '\0', id.len) != NULL)
        return NULL;
    memcpy(text, id.ptr, id.len);
    struct name wanted = {text, NULL};
    const struct name *found = bsearch(&wanted, c->index->names, c->index->n_names, sizeof wanted, name_compare);
    /* one index serves three kinds: an id of another kind is not found */
    if (found == NULL || (const char *)found->what < (const char *)array ||
        (const char *)found->what >= (const char *)array + n * size)
        return NULL;
    return found->what;
}

const struct party *catalog_party(const struct catalog *c, struct span id)
{
    return by_id(c, id, c->parties, c->n_parties, sizeof *c->parties);
}

const struct campaign *catalog_campaign(const struct catalog *c, struct span id)
{
    return by_id(c, id, c->campaigns, c->n_campaigns, sizeof *c->campaigns);
}

const struct contract *catalog_contract(const struct catalog *c, struct span id)
{
    return by_id(c, id, c->contracts, c->n_contracts, sizeof *c->contracts);
}

enum err contract_unbound(const struct contract *k, struct problem *p)
{
    return problem(p, ERR_CONFLICT, "contract",
                   "the terms of %s bind nobody yet: its advertiser and its publisher assent to them first, by POST "
                   "/v1/contracts/%s/terms/%lld/assent; then send this again",
                   k->id, k->id, (long long)versions_newest(&k->versions)->number);
}

const struct contract *catalog_contract_number(const struct catalog *c, uint32_t number)
{
    return number >= 1 && number <= c->n_contracts ? &c->contracts[number - 1] : NULL;
}

/* The table's own order. */
static int secret_compare(const void *key, const void *row)
{
    const struct span *kid = key;
    const struct secret *s = row;
    return span_order(*kid, span_str(s->kid));
}

const struct secret *catalog_secret(const struct catalog *c, struct span kid)
{
    if (kid.len == 0 || kid.len > LIMIT_ID)
        return NULL;
    return bsearch(&kid, c->secrets, c->n_secrets, sizeof *c->secrets, secret_compare);
}

static int token_compare(const void *key, const void *row)
{
    return memcmp(key, ((const struct api_token *)row)->sha256, HASH_LEN);
}

const struct api_token *catalog_token_hashed(const struct catalog *c, const uint8_t sha256[HASH_LEN])
{
    return bsearch(sha256, c->index->tokens, c->index->n_tokens, sizeof *c->index->tokens, token_compare);
}

const struct api_token *catalog_tokens(const struct catalog *c, size_t *n)
{
    *n = c->index->n_tokens;
    return c->index->tokens;
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

int postback_key_compare(const void *a, const void *b)
{
    return memcmp(((const struct postback_key *)a)->sha256, ((const struct postback_key *)b)->sha256, HASH_LEN);
}

const struct party *catalog_postback_key(const struct catalog *c, const uint8_t sha256[HASH_LEN])
{
    struct postback_key wanted = {.party = NULL};
    memcpy(wanted.sha256, sha256, HASH_LEN);
    const struct postback_key *k =
        bsearch(&wanted, c->index->keys, c->index->n_keys, sizeof wanted, postback_key_compare);
    return k != NULL ? k->party : NULL;
}

/* Where those begin that are of this contract and party, or behind. */
static size_t grants_from(const struct catalog_index *x, uint32_t contract, uint32_t party)
{
    size_t from = 0, to = x->n_grants;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        const struct grant *g = &x->grants[mid];
        if (g->contract < contract || (g->contract == contract && g->party < party))
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

struct grant_list catalog_grants(const struct catalog *c, const struct contract *k)
{
    size_t from = grants_from(c->index, k->number, 0);
    return (struct grant_list){&c->index->grants[from], grants_from(c->index, k->number + 1, 0) - from};
}

const struct grant *catalog_grant(const struct catalog *c, const struct contract *k, const struct party *p)
{
    size_t behind = grants_from(c->index, k->number, p->number + 1);
    const struct grant *last = behind > 0 ? &c->index->grants[behind - 1] : NULL;
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
        atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    pthread_mutex_unlock(&s->lock);
    return c;
}
