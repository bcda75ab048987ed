/* Which contracts a party may read, which a campaign has, which tokens and secrets a party has: counted, given room,
 * then put, whenever a snapshot is made.
 */
#include <stdlib.h>

#include "common/base/mem.h"
#include "server/catalog/catalog_private.h"

/* Without room it is counted. */
static void put(struct contract_list *l, const struct contract *k)
{
    if (l->k != NULL)
        l->k[l->n] = k;
    l->n++;
}

/* One that takes part in it. */
static void put_party(struct catalog *c, const struct party *who, const struct contract *k)
{
    struct party *p = &c->parties[who->number - 1];
    put(&p->reads, k);
    if (p->takes == NULL)
        p->takes = k->campaign;
    p->takes_several |= p->takes != k->campaign;
}

static void put_readers(struct catalog *c)
{
    for (size_t i = 0; i < c->n_contracts; i++) {
        struct contract *k = &c->contracts[i];
        k->locked = k->campaign->advertiser->locked_ms != 0 || (k->publisher != NULL && k->publisher->locked_ms != 0);
        put(&c->parties[0].reads, k);
        put_party(c, k->campaign->advertiser, k);
        if (k->publisher != NULL)
            put_party(c, k->publisher, k);
    }
    for (size_t i = 0; i < c->index->n_grants; i++) {
        const struct grant *g = &c->index->grants[i];
        if (g->ended_ms == 0)
            put(&c->parties[g->party - 1].reads, &c->contracts[g->contract - 1]);
    }
}

static void put_in_campaign(struct catalog *c, const struct contract *k)
{
    put(&c->campaigns[k->campaign->number - 1].contracts, k);
}

/* The direct one first, then by publisher. */
static void put_campaigns(struct catalog *c)
{
    for (size_t i = 0; i < c->n_campaigns; i++)
        put_in_campaign(c, &c->contracts[c->campaigns[i].direct - 1]);
    for (size_t i = 0; i < c->n_parties; i++) {
        const struct contract_list reads = c->parties[i].reads;
        for (size_t n = 0; n < reads.n && c->parties[i].role == ROLE_PUBLISHER; n++)
            put_in_campaign(c, reads.k[n]);
    }
}

static void make_room(struct contract_list *l, const struct contract ***room)
{
    l->k = *room;
    *room += l->n;
    l->n = 0;
}

static void put_tokens(struct catalog *c)
{
    for (size_t i = 0; i < c->index->n_tokens; i++) {
        const struct api_token *t = &c->index->tokens[i];
        struct token_list *l = &c->parties[t->party->number - 1].tokens;
        if (l->t != NULL)
            l->t[l->n] = t;
        l->n++;
    }
}

static void put_secrets(struct catalog *c)
{
    for (size_t i = 0; i < c->n_secrets; i++) {
        const struct secret *s = &c->secrets[i];
        struct secret_list *l = &c->parties[s->party->number - 1].secrets;
        if (l->s != NULL)
            l->s[l->n] = s;
        l->n++;
    }
}

static void credentials_build(struct catalog *c)
{
    const struct api_token **tokens = xcalloc(c->index->n_tokens + 1, sizeof *tokens);
    const struct secret **secrets = xcalloc(c->n_secrets + 1, sizeof *secrets);
    c->index->listed_tokens = tokens;
    c->index->listed_secrets = secrets;
    put_tokens(c);
    put_secrets(c);
    for (size_t i = 0; i < c->n_parties; i++) {
        struct party *p = &c->parties[i];
        size_t n_tokens = p->tokens.n, n_secrets = p->secrets.n;
        p->tokens = (struct token_list){tokens, 0};
        p->secrets = (struct secret_list){secrets, 0};
        tokens += n_tokens;
        secrets += n_secrets;
    }
    put_tokens(c);
    put_secrets(c);
}

void lists_build(struct catalog *c)
{
    const struct contract **room = xcalloc(4 * c->n_contracts + c->index->n_grants + 1, sizeof *room);
    c->index->listed = room;
    for (size_t i = 0; i < c->n_parties; i++) {
        struct party *p = &c->parties[i];
        p->reads = (struct contract_list){.n = 0};
        p->takes = NULL;
        p->takes_several = false;
        p->tokens = (struct token_list){.n = 0};
        p->secrets = (struct secret_list){.n = 0};
    }
    credentials_build(c);
    put_readers(c);
    for (size_t i = 0; i < c->n_parties; i++)
        make_room(&c->parties[i].reads, &room);
    put_readers(c);
    for (size_t i = 0; i < c->n_campaigns; i++)
        c->campaigns[i].contracts = (struct contract_list){.n = 0};
    put_campaigns(c);
    for (size_t i = 0; i < c->n_campaigns; i++)
        make_room(&c->campaigns[i].contracts, &room);
    put_campaigns(c);
}

/* The first that is of this publisher, or of one behind. */
static size_t first_of(const struct contract_list *l, uint32_t publisher)
{
    size_t from = 0, to = l->n;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        if (l->k[mid]->publisher == NULL || l->k[mid]->publisher->number < publisher)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

struct contract_list campaign_contracts_of(const struct campaign *c, const struct party *publisher)
{
    size_t from = first_of(&c->contracts, publisher->number), to = first_of(&c->contracts, publisher->number + 1);
    return (struct contract_list){c->contracts.k + from, to - from};
}

size_t contracts_behind(const struct contract_list *l, uint32_t number)
{
    size_t from = 0, to = l->n;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        if (l->k[mid]->number <= number)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}
