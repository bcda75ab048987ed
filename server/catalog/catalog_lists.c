/* Which contracts a party may read, which a campaign has, which tokens and secrets a party has: kept as rows come, by
 * the numbers of contracts, so that a contract that changes is in no list to be changed.
 */
#include <stdlib.h>

#include "common/base/mem.h"
#include "server/catalog/catalog_private.h"

/* ---- numbers ---- */

/* The draft's own, with room for one more; *i is where it stands in the part. */
static struct numbers *numbers_own(struct catalog *c, enum part part, uint32_t of)
{
    const struct numbers *old = part_number(c, part, of);
    bool own = item_is_own(c, old);
    if (own && old->n < old->cap)
        return (struct numbers *)(uintptr_t)old;
    size_t cap = own ? 2 * old->cap + 4 : old->n + old->n / 8 + 4;
    struct numbers *n = item_new(c, sizeof *n + cap * sizeof *n->number, NULL);
    *n = (struct numbers){.n = old->n, .cap = cap, .several = old->several};
    for (size_t i = 0; i < n->n; i++)
        n->number[i] = old->number[i];
    item_gone(c, old);
    part_put(c, part, of, n);
    return n;
}

static void number_insert(struct numbers *n, size_t at, uint32_t number)
{
    memmove(n->number + at + 1, n->number + at, (n->n - at) * sizeof *n->number);
    n->number[at] = number;
    n->n++;
}

static struct contract_list listed(const struct numbers *n)
{
    static const uint32_t none[1];
    return n != NULL ? (struct contract_list){n->number, n->n} : (struct contract_list){none, 0};
}

/* By number. */
static struct numbers *read_add(struct catalog *c, uint32_t party, uint32_t contract)
{
    struct numbers *n = numbers_own(c, PART_READS, party);
    const struct contract_list l = listed(n);
    number_insert(n, contracts_behind(&l, contract), contract);
    return n;
}

/* Of one that takes part in it. */
static void party_add(struct catalog *c, const struct who *p, const struct contract *k)
{
    struct numbers *n = read_add(c, p->number, k->number);
    n->several |= catalog_contract_number(c, n->number[0])->campaign->number != k->campaign->number;
}

void lists_add_party(struct catalog *c)
{
    uint32_t number = (uint32_t)c->n_parties;
    part_put(c, PART_READS, number, item_new(c, sizeof(struct numbers), NULL));
    part_put(c, PART_OWN, number, item_new(c, sizeof(struct numbers), NULL));
    struct credentials *none = item_new(c, sizeof *none, credentials_release);
    *none = (struct credentials){table_new(), table_new()};
    part_put(c, PART_CREDENTIALS, number, none);
}

void lists_add_campaign(struct catalog *c, const struct campaign *g)
{
    part_put(c, PART_PLACES, g->number, item_new(c, sizeof(struct numbers), NULL));
    struct numbers *n = numbers_own(c, PART_OWN, g->advertiser->number);
    number_insert(n, n->n, g->number);
}

/* The first that is of this publisher, or of one behind. */
static size_t first_of(const struct catalog *c, const struct contract_list *l, uint32_t publisher)
{
    size_t from = 0, to = l->n;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        const struct who *p = catalog_listed(c, l, mid)->publisher;
        if (p == NULL || p->number < publisher)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

void lists_add_contract(struct catalog *c, const struct contract *k)
{
    struct numbers *n = numbers_own(c, PART_PLACES, k->campaign->number);
    const struct contract_list l = listed(n);
    number_insert(n, k->publisher != NULL ? first_of(c, &l, k->publisher->number + 1) : 0, k->number);
    party_add(c, k->campaign->advertiser, k);
    if (k->publisher != NULL)
        party_add(c, k->publisher, k);
}

void lists_add_grant(struct catalog *c, uint32_t party, uint32_t contract)
{
    (void)read_add(c, party, contract);
}

void lists_remove_grant(struct catalog *c, uint32_t party, uint32_t contract)
{
    struct numbers *n = numbers_own(c, PART_READS, party);
    const struct contract_list l = listed(n);
    size_t behind = contracts_behind(&l, contract);
    memmove(n->number + behind - 1, n->number + behind, (n->n - behind) * sizeof *n->number);
    n->n--;
}

/* ---- credentials ---- */

void credentials_release(void *what)
{
    const struct credentials *own = what;
    table_unref(own->tokens);
    table_unref(own->secrets);
}

static struct credentials *credentials_own(struct catalog *c, uint32_t party)
{
    const struct credentials *old = part_number(c, PART_CREDENTIALS, party);
    if (item_is_own(c, old))
        return (struct credentials *)(uintptr_t)old;
    struct credentials *own = item_new(c, sizeof *own, credentials_release);
    *own = (struct credentials){table_ref(old->tokens), table_ref(old->secrets)};
    item_gone(c, old);
    part_put(c, PART_CREDENTIALS, party, own);
    return own;
}

static void put(struct table_of **t, const void *key, table_order *order, const void *what)
{
    size_t at = table_from(*t, key, order);
    if (at < (*t)->n && order(key, (*t)->what[at]) == 0)
        table_set(t, at, what);
    else
        table_insert(t, at, what);
}

void lists_put_token(struct catalog *c, const struct api_token *t)
{
    put(&credentials_own(c, t->party->number)->tokens, t->sha256, token_order, t);
    put(part_whole(c, PART_TOKENS), t->sha256, token_order, t);
}

void lists_put_secret(struct catalog *c, const struct secret *s)
{
    const struct span kid = span_str(s->kid);
    put(&credentials_own(c, s->party->number)->secrets, &kid, secret_order, s);
    put(part_whole(c, PART_SECRETS), &kid, secret_order, s);
}

/* ---- what is asked ---- */

const struct contract *catalog_listed(const struct catalog *c, const struct contract_list *l, size_t i)
{
    return catalog_contract_number(c, l->number != NULL ? l->number[i] : (uint32_t)i + 1);
}

struct contract_list catalog_reads(const struct catalog *c, const struct party *p)
{
    if (p->role == ROLE_OPERATOR)
        return (struct contract_list){NULL, c->n_contracts};
    return listed(part_number(c, PART_READS, p->number));
}

const struct which *catalog_takes(const struct catalog *c, const struct party *p, bool *several)
{
    const struct numbers *n = part_number(c, PART_READS, p->number);
    bool takes = (p->role == ROLE_ADVERTISER || p->role == ROLE_PUBLISHER) && n->n > 0;
    *several = takes && n->several;
    return takes ? catalog_contract_number(c, n->number[0])->campaign : NULL;
}

struct campaign_list catalog_campaigns_of(const struct catalog *c, const struct party *p)
{
    const struct numbers *n = part_number(c, PART_OWN, p->number);
    return (struct campaign_list){n->number, n->n};
}

struct contract_list catalog_contracts_of(const struct catalog *c, const struct which *campaign)
{
    return listed(part_number(c, PART_PLACES, campaign->number));
}

struct contract_list campaign_contracts_of(const struct catalog *c, const struct which *campaign,
                                           const struct who *publisher)
{
    const struct contract_list l = catalog_contracts_of(c, campaign);
    size_t from = first_of(c, &l, publisher->number), to = first_of(c, &l, publisher->number + 1);
    return (struct contract_list){l.number + from, to - from};
}

size_t contracts_behind(const struct contract_list *l, uint32_t number)
{
    size_t from = 0, to = l->n;
    if (l->number == NULL)
        return number < l->n ? number : l->n;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        if (l->number[mid] <= number)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}
