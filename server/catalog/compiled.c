#include "server/catalog/compiled.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/mem.h"
#include "common/decisions/terms.h"

struct compiled *compiled_new(struct terms *terms)
{
    struct compiled *c = xcalloc(1, sizeof *c);
    atomic_init(&c->refs, 1);
    c->terms = terms;
    version_tells(&c->tells, terms);
    return c;
}

struct compiled *compiled_ref(struct compiled *c)
{
    atomic_fetch_add_explicit(&c->refs, 1, memory_order_relaxed);
    return c;
}

void compiled_unref(struct compiled *c)
{
    if (c == NULL || atomic_fetch_sub_explicit(&c->refs, 1, memory_order_acq_rel) != 1)
        return;
    terms_free(c->terms);
    free(c);
}

void compiled_tells(const struct compiled *c, struct version *v)
{
    v->both = c->tells.both;
    v->says = c->tells.says;
}

/* ---- of which documents ---- */

struct compiled_of {
    struct compiled_of *next;
    struct compiled *compiled;
    size_t campaign, contract; /* bytes of both, which are: */
    char text[];
};

static bool is_of(const struct compiled_of *o, struct span campaign, struct span contract)
{
    return span_eq(span_of(o->text + o->campaign, o->contract), contract) &&
           span_eq(span_of(o->text, o->campaign), campaign);
}

static struct compiled *find(const struct compiled_of *o, struct span campaign, struct span contract)
{
    while (o != NULL && !is_of(o, campaign, contract))
        o = o->next;
    return o != NULL ? o->compiled : NULL;
}

enum err compiled_hand(struct compiled_of **list, const struct terms *beside, struct span campaign,
                       struct span contract, struct problem *p)
{
    struct terms *t;
    enum err err = terms_compile_beside(beside, campaign, contract, &t, p);
    if (err != ERR_OK)
        return err;
    struct compiled_of *o = xmalloc(sizeof *o + campaign.len + contract.len);
    *o = (struct compiled_of){*list, compiled_new(t), campaign.len, contract.len};
    memcpy(o->text, campaign.ptr, campaign.len);
    memcpy(o->text + campaign.len, contract.ptr, contract.len);
    *list = o;
    return ERR_OK;
}

/* Those of a campaign differ in the contract's document. */
static struct compiled_of **bucket_of(struct compiled_pool *pool, struct span contract)
{
    uint32_t h = 2166136261u;
    for (size_t i = 0; i < contract.len; i++)
        h = (h ^ (uint8_t)contract.ptr[i]) * 16777619u;
    return &pool->own[h % COMPILED_BUCKETS];
}

enum err compiled_get(struct compiled_pool *pool, const struct terms *beside, struct span campaign,
                      struct span contract, struct compiled **out, struct problem *p)
{
    struct compiled_of **own = bucket_of(pool, contract);
    struct compiled *c = find(pool->handed, campaign, contract);
    if (c == NULL)
        c = find(*own, campaign, contract);
    if (c == NULL) {
        enum err err = compiled_hand(own, beside, campaign, contract, p);
        if (err != ERR_OK)
            return err;
        c = (*own)->compiled;
        pool->used = true;
    }
    *out = c;
    return ERR_OK;
}

void compiled_list_free(struct compiled_of *first)
{
    for (struct compiled_of *o = first, *next; o != NULL; o = next) {
        next = o->next;
        compiled_unref(o->compiled);
        free(o);
    }
}

void compiled_clear(struct compiled_pool *pool)
{
    pool->handed = NULL;
    if (!pool->used)
        return;
    for (size_t i = 0; i < COMPILED_BUCKETS; i++)
        compiled_list_free(pool->own[i]);
    *pool = (struct compiled_pool){0};
}
