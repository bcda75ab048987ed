/* Duplicates across contracts: each that names a lead elsewhere must name one of its person that stood then; and two
 * leads of one token never stand beside each other. */
#include <inttypes.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/settlement/campaign_parts.h"

#define APART_MS CAMPAIGN_APART_MS
enum { SEEN = 256, BACK = 256 }; /* leads on the way from one; those of a token before one */
enum { TRIES = 1 << 24 };        /* of leads, for all duplicates: who made the logs chose how many there are */

/* A lead under one of its keys: contact keys are the campaign's, others the contract's. */
struct keyed {
    uint8_t key[1 + 4 + TOKEN_LEN];
    size_t lead;
};

struct index {
    struct campaign *c;
    struct keyed *key;
    size_t n, tries;
};

static int by_key(const void *a, const void *b)
{
    const struct keyed *x = a, *y = b;
    int order = memcmp(x->key, y->key, sizeof x->key);
    return order != 0 ? order : x->lead < y->lead ? -1 : x->lead > y->lead;
}

static size_t keys_of(const struct joined_lead *l, struct keyed out[IDENTITY_KEYS])
{
    struct identity_key keys[IDENTITY_KEYS];
    struct identity who = l->who;
    size_t n = identity_keys(&who, keys);
    for (size_t i = 0; i < n; i++) {
        bool contact = keys[i].kind < KEY_TXID;
        out[i].key[0] = contact ? (uint8_t)keys[i].kind : (uint8_t)(keys[i].kind & (KEY_TXID | KEY_CLICK));
        store_be32(out[i].key + 1, contact ? 0 : l->member + 1);
        memcpy(out[i].key + 5, keys[i].token, TOKEN_LEN);
    }
    return n;
}

static void index_make(struct index *x, struct campaign *c)
{
    *x = (struct index){.c = c, .key = xcalloc(IDENTITY_KEYS * c->n + 1, sizeof *x->key)};
    for (size_t i = 0; i < c->n; i++) {
        struct keyed keys[IDENTITY_KEYS];
        size_t n = keys_of(&c->lead[i], keys);
        for (size_t k = 0; k < n; k++) {
            keys[k].lead = i;
            x->key[x->n++] = keys[k];
        }
    }
    qsort(x->key, x->n, sizeof *x->key, by_key);
}

/* The first that has this key. */
static size_t first_of(const struct index *x, const struct keyed *k)
{
    size_t from = 0, to = x->n;
    while (from < to) {
        size_t at = from + (to - from) / 2;
        if (memcmp(x->key[at].key, k->key, sizeof k->key) < 0)
            from = at + 1;
        else
            to = at;
    }
    return from;
}

/* ---- what a duplicate names ---- */

static bool names(const struct joined_lead *dup, const struct joined_lead *other)
{
    struct hash again;
    dup_commitment(&dup->commit, &other->leaf, &again);
    return memcmp(again.b, dup->dup.b, HASH_LEN) == 0;
}

struct way {
    size_t seen[SEEN];
    size_t n;
};

static void see(struct way *w, size_t lead)
{
    for (size_t i = 0; i < w->n; i++)
        if (w->seen[i] == lead)
            return;
    if (w->n < SEEN)
        w->seen[w->n++] = lead;
}

/* The lead that it names, of those that its keys lead to, by those of others on the way. */
static const struct joined_lead *find_along(struct index *x, size_t dup)
{
    const struct joined_lead *d = &x->c->lead[dup];
    struct way w = {.n = 0};
    see(&w, dup);
    for (size_t i = 0; i < w.n; i++) {
        struct keyed keys[IDENTITY_KEYS];
        size_t n = keys_of(&x->c->lead[w.seen[i]], keys);
        if (i > 0 && names(d, &x->c->lead[w.seen[i]]))
            return &x->c->lead[w.seen[i]];
        for (size_t k = 0; k < n; k++)
            for (size_t at = first_of(x, &keys[k]); at < x->n && w.n < SEEN && x->tries < TRIES &&
                                                    memcmp(x->key[at].key, keys[k].key, sizeof keys[k].key) == 0;
                 at++, x->tries++)
                see(&w, x->key[at].lead);
    }
    return NULL;
}

static const struct joined_lead *find_anywhere(struct index *x, const struct joined_lead *d)
{
    for (size_t i = 0; i < x->c->n && x->tries < TRIES; i++, x->tries++)
        if (names(d, &x->c->lead[i]))
            return &x->c->lead[i];
    return NULL;
}

static bool stood(const struct campaign *c, const struct joined_lead *l, int64_t at_ms)
{
    for (size_t i = l->stays; i > 0; i = c->standing[i - 1].before) {
        const struct lead_stay *s = &c->standing[i - 1];
        if (s->from_ms <= at_ms + APART_MS && (s->open || s->to_ms >= at_ms - APART_MS))
            return true;
    }
    return l->pixel; /* held, it is in the way of other pixels */
}

static void duplicate_fails(struct campaign *c, const struct joined_lead *d, const struct joined_lead *other,
                            const char *why)
{
    finds_failure(&c->finding[CAMPAIGN_DUPLICATES],
                  "lead %" PRIu64 " of %s is recorded as a duplicate of lead %" PRIu64 " of %s, which %s", d->index,
                  c->member[d->member]->contract, other->index, c->member[other->member]->contract, why);
}

static void judge_named(struct campaign *c, const struct joined_lead *d, const struct joined_lead *other)
{
    const char *why = other->clocked_ms > d->clocked_ms + APART_MS ? "came later"
                      : other->clocked_ms < d->clocked_ms - d->window_ms - APART_MS
                          ? "is older than the terms look back"
                      : !stood(c, other, d->clocked_ms) ? "did not stand then"
                                                        : NULL;
    if (why == NULL)
        c->found++;
    else if (c->clock_stepped)
        finds_doubt(&c->finding[CAMPAIGN_DUPLICATES],
                    "lead %" PRIu64 " of %s is recorded as a duplicate of lead %" PRIu64
                    " of %s, which %s, by a clock that stepped",
                    d->index, c->member[d->member]->contract, other->index, c->member[other->member]->contract, why);
    else
        duplicate_fails(c, d, other, why);
}

/* It repeats one that is here, by leads that are not: another contract's, or behind where a mirror ends. */
static void far_named(struct campaign *c, const struct joined_lead *d, const struct joined_lead *other, bool all_here)
{
    if (all_here)
        duplicate_fails(c, d, other, "is another person's");
    else
        finds_doubt(&c->finding[CAMPAIGN_DUPLICATES],
                    "lead %" PRIu64 " of %s is recorded as a duplicate of lead %" PRIu64
                    " of %s, and nothing that is here leads from one to the other: other contracts' leads may, or "
                    "another pull's",
                    d->index, c->member[d->member]->contract, other->index, c->member[other->member]->contract);
}

static void none_named(struct campaign *c, const struct joined_lead *d, const struct member *early)
{
    struct finding *f = &c->finding[CAMPAIGN_DUPLICATES];
    const char *contract = c->member[d->member]->contract;
    if (!c->whole)
        finds_doubt(f,
                    "lead %" PRIu64 " of %s is recorded as a duplicate of a lead that none of these contracts has: "
                    "let the operator say where it stands, and pull that contract too",
                    d->index, contract);
    else if (early != NULL || c->clock_stepped)
        finds_doubt(f, "lead %" PRIu64 " of %s is recorded as a duplicate of a lead that no contract has, %s%s",
                    d->index, contract,
                    early != NULL ? "and a mirror may end before it came, of which another pull may tell more: that of "
                                  : "by a clock that stepped",
                    early != NULL ? early->contract : "");
    else
        finds_failure(f, "lead %" PRIu64 " of %s is recorded as a duplicate of a lead that no contract has", d->index,
                      contract);
}

static void judge_duplicate(struct index *x, size_t dup)
{
    struct campaign *c = x->c;
    struct joined_lead *d = &c->lead[dup];
    const struct joined_lead *other = find_along(x, dup);
    const struct member *early = campaign_early(c, d->clocked_ms, &d, 1);
    if (other != NULL)
        judge_named(c, d, other);
    else if ((other = find_anywhere(x, d)) != NULL)
        far_named(c, d, other, c->whole && early == NULL && !c->clock_stepped);
    else if (x->tries == TRIES)
        finds_doubt(&c->finding[CAMPAIGN_DUPLICATES],
                    "there are more duplicates of other contracts' leads than can be looked up");
    else
        none_named(c, d, early);
}

/* ---- duplicates that were not made ---- */

struct stay {
    uint8_t key[1 + 4 + TOKEN_LEN];
    const struct lead_stay *standing;
};

static int by_stay(const void *a, const void *b)
{
    const struct stay *x = a, *y = b;
    int order = memcmp(x->key, y->key, sizeof x->key);
    if (order != 0)
        return order;
    return x->standing->from_ms != y->standing->from_ms ? x->standing->from_ms < y->standing->from_ms ? -1 : 1
           : x->standing->lead < y->standing->lead      ? -1
                                                        : x->standing->lead > y->standing->lead;
}

static bool beside(struct campaign *c, unsigned kind, const struct lead_stay *s, const struct lead_stay *t)
{
    const struct joined_lead *a = &c->lead[s->lead], *b = &c->lead[t->lead];
    const struct lead_stay *last = s->from_ms > t->from_ms ? s : t; /* it came to stand beside the other */
    int64_t apart_ms = a->clocked_ms > b->clocked_ms ? a->clocked_ms - b->clocked_ms : b->clocked_ms - a->clocked_ms;
    int64_t to_ms = s->to_ms < t->to_ms ? s->to_ms : t->to_ms,
            from_ms = s->from_ms > t->from_ms ? s->from_ms : t->from_ms;
    return a->member != b->member && memcmp(a->commit.b, b->commit.b, HASH_LEN) != 0 && apart_ms <= last->known_ms &&
           kind & last->by && to_ms - from_ms > APART_MS;
}

static void judge_beside(struct campaign *c, unsigned kind, const struct lead_stay *s, const struct lead_stay *t)
{
    struct finding *f = &c->finding[CAMPAIGN_DUPLICATES];
    const struct joined_lead *a = &c->lead[s->lead], *b = &c->lead[t->lead];
    if (!beside(c, kind, s, t))
        return;
    const char *names[] = {c->member[a->member]->contract, c->member[b->member]->contract};
    if (c->clock_stepped)
        finds_doubt(f,
                    "lead %" PRIu64 " of %s and lead %" PRIu64 " of %s seem to have stood beside each other as one "
                    "person, by a clock that stepped",
                    a->index, names[0], b->index, names[1]);
    else
        finds_failure(f,
                      "lead %" PRIu64 " of %s and lead %" PRIu64
                      " of %s are of one person and stood beside each other: "
                      "neither was a duplicate",
                      a->index, names[0], b->index, names[1]);
}

static void judge_standing(struct campaign *c)
{
    struct stay *stay = xcalloc(2 * c->n_standing + 1, sizeof *stay);
    size_t n = 0;
    for (size_t i = 0; i < c->n_standing; i++) {
        const struct joined_lead *l = &c->lead[c->standing[i].lead];
        struct keyed keys[IDENTITY_KEYS];
        size_t of_lead = keys_of(l, keys);
        for (size_t k = 0; k < of_lead; k++)
            if (keys[k].key[0] < KEY_TXID) {
                memcpy(stay[n].key, keys[k].key, sizeof stay[n].key);
                stay[n++].standing = &c->standing[i];
            }
    }
    qsort(stay, n, sizeof *stay, by_stay);
    for (size_t i = 1; i < n; i++)
        for (size_t k = i; k-- > 0 && i - k <= BACK && memcmp(stay[k].key, stay[i].key, sizeof stay[i].key) == 0;)
            judge_beside(c, stay[i].key[0], stay[k].standing, stay[i].standing);
    free(stay);
}

void campaign_duplicates(struct campaign *c)
{
    struct index x;
    index_make(&x, c);
    for (size_t i = 0; i < c->n; i++)
        if (c->lead[i].duplicate && c->lead[i].elsewhere)
            judge_duplicate(&x, i);
    judge_standing(c);
    free(x.key);
}
