/* The memory of snapshots. They follow each other: what one replaced of the one before is freed once that one and all
 * before it are, and each is kept, as a link, by the one before it.
 */
#include <assert.h>
#include <stdlib.h>

#include "common/base/mem.h"
#include "server/catalog/catalog_private.h"

/* ---- items ---- */

static struct item *item_of(const void *what)
{
    return (struct item *)(uintptr_t)what - 1;
}

static void *born(struct catalog *c, struct item *i, void (*release)(void *what))
{
    assert(c->index->draft);
    *i = (struct item){.born = c->index->born, .version = c->index->version, .release = release};
    c->index->born = i;
    return i + 1;
}

void *item_new(struct catalog *c, size_t size, void (*release)(void *what))
{
    return born(c, xcalloc(1, sizeof(struct item) + size), release);
}

void *item_blank(struct catalog *c, size_t size, void (*release)(void *what))
{
    return born(c, xmalloc(sizeof(struct item) + size), release);
}

void item_gone(struct catalog *c, const void *what)
{
    if (what == NULL)
        return;
    struct item *i = item_of(what);
    i->gone = c->index->gone;
    c->index->gone = i;
}

static void free_one(struct item *i)
{
    if (i->release != NULL)
        i->release(i + 1);
    free(i);
}

void item_free(const void *what)
{
    if (what != NULL)
        free_one(item_of(what));
}

bool item_is_own(const struct catalog *c, const void *what)
{
    return item_of(what)->version == c->index->version;
}

/* ---- tables ---- */

enum { TABLE_CAP = 8 };

static struct table_of *table_sized(size_t cap)
{
    struct table_of *t = xmalloc(sizeof *t + cap * sizeof *t->what);
    atomic_init(&t->refs, 1);
    t->n = 0;
    t->cap = cap;
    return t;
}

struct table_of *table_new(void)
{
    return table_sized(TABLE_CAP);
}

struct table_of *table_ref(struct table_of *t)
{
    atomic_fetch_add_explicit(&t->refs, 1, memory_order_relaxed);
    return t;
}

void table_unref(struct table_of *t)
{
    if (t != NULL && atomic_fetch_sub_explicit(&t->refs, 1, memory_order_acq_rel) == 1)
        free(t);
}

/* Nobody else's, with room for one more. A copy costs what it has pointers, ten thousand some microseconds. */
static struct table_of *table_own(struct table_of **t)
{
    struct table_of *old = *t;
    bool own = atomic_load_explicit(&old->refs, memory_order_acquire) == 1;
    if (own && old->n < old->cap)
        return old;
    *t = table_sized(own ? 2 * old->cap : old->n + old->n / 8 + TABLE_CAP);
    (*t)->n = old->n;
    memcpy((*t)->what, old->what, old->n * sizeof *old->what);
    table_unref(old);
    return *t;
}

void table_insert(struct table_of **t, size_t at, const void *what)
{
    struct table_of *own = table_own(t);
    assert(at <= own->n);
    memmove(own->what + at + 1, own->what + at, (own->n - at) * sizeof *own->what);
    own->what[at] = what;
    own->n++;
}

void table_set(struct table_of **t, size_t at, const void *what)
{
    assert(at < (*t)->n);
    table_own(t)->what[at] = what;
}

void table_remove(struct table_of **t, size_t at)
{
    struct table_of *own = table_own(t);
    assert(at < own->n);
    own->n--;
    memmove(own->what + at, own->what + at + 1, (own->n - at) * sizeof *own->what);
}

size_t table_from(const struct table_of *t, const void *key, table_order *order)
{
    size_t from = 0, to = t->n;
    while (from < to) {
        size_t mid = from + (to - from) / 2;
        if (order(key, t->what[mid]) > 0)
            from = mid + 1;
        else
            to = mid;
    }
    return from;
}

const void *table_find(const struct table_of *t, const void *key, table_order *order)
{
    size_t at = table_from(t, key, order);
    return at < t->n && order(key, t->what[at]) == 0 ? t->what[at] : NULL;
}

void part_put(struct catalog *c, enum part part, uint32_t number, const void *what)
{
    uint32_t i = number - 1;
    struct table_of **t = &c->index->part[part][i % SHARES];
    if (i / SHARES < (*t)->n)
        table_set(t, i / SHARES, what);
    else
        table_insert(t, i / SHARES, what);
}

/* ---- snapshots ---- */

struct catalog *catalog_draft(const struct catalog *before)
{
    struct catalog *c = xcalloc(1, sizeof *c);
    struct catalog_index *x = xcalloc(1, sizeof *x);
    atomic_init(&c->users, 1);
    atomic_init(&c->links, 1); /* of its users together */
    c->index = x;
    x->draft = true;
    x->before = before;
    x->version = before != NULL ? before->index->version + 1 : 1;
    for (enum part part = 0; part < PARTS; part++)
        for (size_t i = 0; i < shares(part); i++)
            x->part[part][i] = before != NULL ? table_ref(before->index->part[part][i]) : table_new();
    if (before == NULL)
        return c;
    const struct catalog_index *old = before->index;
    c->n_parties = before->n_parties;
    c->n_campaigns = before->n_campaigns;
    c->n_contracts = before->n_contracts;
    x->steps = old->steps;
    x->steps_unread = old->steps_unread;
    x->n_past = old->n_past;
    x->past = xcalloc(x->n_past + 1, sizeof *x->past);
    for (size_t i = 0; i < x->n_past; i++)
        x->past[i] = old->past[i];
    return c;
}

static void tables_release(struct catalog_index *x)
{
    for (enum part part = 0; part < PARTS; part++)
        for (size_t i = 0; i < shares(part); i++) {
            table_unref(x->part[part][i]);
            x->part[part][i] = NULL;
        }
}

static void catalog_free(struct catalog *c)
{
    tables_release(c->index);
    free(c->index->past);
    free(c->index);
    free(c);
}

/* What a row holds beside itself that its copies share. */
static void free_shared(enum part part, const void *what)
{
    if (part == PART_PARTIES) {
        item_free(((const struct party_row *)what)->text);
        item_free(((const struct party_row *)what)->p.who);
    }
    if (part == PART_CAMPAIGNS) {
        item_free(((const struct campaign_row *)what)->text);
        item_free(((const struct campaign_row *)what)->c.which);
    }
    if (part != PART_CONTRACTS)
        return;
    const struct contract_row *k = what;
    item_free(k->text);
    for (size_t i = 0; i < k->codes->n; i++)
        item_free(k->codes->what[i]);
}

static void free_items(enum part part, const struct table_of *t)
{
    for (size_t i = 0; i < t->n; i++) {
        free_shared(part, t->what[i]);
        item_free(t->what[i]);
    }
}

/* The last of its line. */
static void free_all(struct catalog *c)
{
    for (enum part part = 0; part < PARTS; part++)
        for (size_t i = 0; i < shares(part); i++)
            free_items(part, c->index->part[part][i]);
}

static void free_list(struct item *first, bool born)
{
    for (struct item *i = first, *next; i != NULL; i = next) {
        next = born ? i->born : i->gone;
        free_one(i);
    }
}

/* Of one after the other, while nothing keeps them. */
static void drop_link(struct catalog *c)
{
    while (c != NULL && atomic_fetch_sub_explicit(&c->links, 1, memory_order_acq_rel) == 1) {
        struct catalog *next = c->index->next;
        if (next == NULL)
            free_all(c);
        free_list(c->index->gone, false);
        catalog_free(c);
        c = next;
    }
}

void catalog_unref(struct catalog *c)
{
    if (c == NULL || atomic_fetch_sub_explicit(&c->users, 1, memory_order_acq_rel) != 1)
        return;
    if (c->index->draft) {
        free_list(c->index->born, true);
        catalog_free(c);
        return;
    }
    if (c->index->next != NULL) /* who holds an old one keeps no tables of those between */
        tables_release(c->index);
    drop_link(c);
}

void catalog_follow(struct catalog *old, struct catalog *c)
{
    struct catalog_index *x = c->index;
    assert(x->draft && (x->before == NULL || x->before == old));
    x->draft = false;
    x->born = NULL;
    if (x->before != NULL) {
        atomic_fetch_add_explicit(&c->links, 1, memory_order_relaxed);
        old->index->gone = x->gone;
        old->index->next = c;
    } else {
        free_list(x->gone, false); /* nobody has seen it */
    }
    x->gone = NULL;
    x->before = NULL;
}
