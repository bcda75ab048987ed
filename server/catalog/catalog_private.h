/* What the catalog's files share: the memory of snapshots. What a snapshot has are items; it and those before and
 * behind it share all that did not change. */
#ifndef CS_SERVER_CATALOG_CATALOG_PRIVATE_H
#define CS_SERVER_CATALOG_CATALOG_PRIVATE_H

#include "server/catalog/catalog.h"

/* ---- items: catalog_items.c ---- */

/* What stands in front of each. It is changed in place only by the draft that made it; another puts a copy in its
 * place. What a draft made goes if it is dropped; what it replaced goes once nobody can look at a snapshot before it.
 */
struct item {
    struct item *born, *gone;    /* the next of the draft's lists */
    uint64_t version;            /* of the snapshot that it was made for */
    void (*release)(void *what); /* what it holds beside its memory; NULL: nothing */
};

void *item_new(struct catalog *c, size_t size, void (*release)(void *what)); /* zeros */
/* The same for who fills all of it that is looked at. */
void *item_blank(struct catalog *c, size_t size, void (*release)(void *what));
void item_gone(struct catalog *c, const void *what); /* NULL-safe */
void item_free(const void *what);                    /* NULL-safe */
bool item_is_own(const struct catalog *c, const void *what);

/* ---- tables: pointers to items in an order, shared by snapshots until one of them changes ---- */

struct table_of {
    atomic_int refs;
    size_t n, cap;
    const void *what[];
};

struct table_of *table_new(void);
struct table_of *table_ref(struct table_of *t);
void table_unref(struct table_of *t); /* NULL-safe; the items stay */
/* Of *t, which may be another one after it. */
void table_insert(struct table_of **t, size_t at, const void *what);
void table_set(struct table_of **t, size_t at, const void *what);
void table_remove(struct table_of **t, size_t at);
/* The first that is not before the key. */
typedef int table_order(const void *key, const void *what);
size_t table_from(const struct table_of *t, const void *key, table_order *order);
const void *table_find(const struct table_of *t, const void *key, table_order *order); /* NULL: none */

/* ---- what is in them ---- */

enum part {
    PART_PARTIES, /* by number, as are: */
    PART_CAMPAIGNS,
    PART_CONTRACTS,
    PART_READS,       /* struct numbers, of party n */
    PART_CREDENTIALS, /* struct credentials, of party n */
    PART_PLACES,      /* struct numbers, of campaign n */
    PART_OWN,         /* struct numbers, but of campaigns, of party n */
    PART_NAMES,       /* by id; those up to here are in shares */
    PART_SECRETS,     /* by kid */
    PART_TOKENS,      /* by hash */
    PART_GRANTS,      /* by contract, party, number */
    PART_KEYS,        /* struct postback_key, by hash */
    PARTS
};

/* What grows with the contracts is in so many tables of each part: a change copies one of them. Numbers go round, ids
 * by their bytes. */
enum { SHARES = 16 };
static inline size_t shares(enum part part)
{
    return part <= PART_NAMES ? SHARES : 1;
}

/* The texts of an item, which its copies share. */
struct text;

struct party_row {
    struct party p;
    struct text *text;
};
struct campaign_row {
    struct campaign c;
    struct text *text;
};

struct contract_row {
    struct contract k;
    struct text *text;
    struct table_of *codes;
    struct compiled *terms[VERSIONS_MAX]; /* in the order of its versions */
};

/* Numbers of contracts. */
struct numbers {
    size_t n, cap;
    bool several; /* of a party's: they are of several campaigns */
    uint32_t number[];
};

/* In the order of the tables. */
struct credentials {
    struct table_of *tokens, *secrets;
};

struct name {
    enum part part; /* parties, campaigns or contracts */
    uint32_t number;
    char id[LIMIT_ID + 1];
};

struct postback_key {
    uint8_t sha256[HASH_LEN];
    uint32_t party;
};

/* A step of the clock before which it had come further than before any later one. */
struct past {
    uint32_t step;
    int64_t ms; /* what it should have said */
};

struct catalog_index {
    struct table_of *part[PARTS][SHARES];
    uint64_t version;
    bool draft;                   /* not published yet */
    const struct catalog *before; /* of a draft: what it was made of */
    struct catalog *next;         /* of what was published: the next that was made of it */
    struct item *born, *gone;
    struct past *past; /* ascending step, so descending ms */
    uint32_t steps;    /* those that were looked at */
    bool steps_unread; /* one of them does not read */
    size_t n_past;
};

struct catalog *catalog_draft(const struct catalog *before); /* before: NULL of an empty one */
/* It is published in the place of `old`. */
void catalog_follow(struct catalog *old, struct catalog *c);

/* The table of a part that is not in shares, and that of an id. */
static inline struct table_of **part_whole(const struct catalog *c, enum part part)
{
    return &c->index->part[part][0];
}
static inline struct table_of **part_names(const struct catalog *c, const char *id)
{
    size_t h = 0;
    while (*id != '\0')
        h = 31 * h + (unsigned char)*id++;
    return &c->index->part[PART_NAMES][h % SHARES];
}

/* Whose row of the store it is. */
static inline const void *part_number(const struct catalog *c, enum part part, uint32_t number)
{
    uint32_t i = number - 1; /* of 0 far behind them all */
    const struct table_of *t = c->index->part[part][i % SHARES];
    return i / SHARES < t->n ? t->what[i / SHARES] : NULL;
}
/* In the place of what is there, or behind the last. */
void part_put(struct catalog *c, enum part part, uint32_t number, const void *what);

table_order name_order, secret_order, token_order, grant_order, postback_key_order;

/* ---- which contracts go together: catalog_lists.c ---- */

void credentials_release(void *what);

void lists_add_party(struct catalog *c); /* empty ones, as: */
void lists_add_campaign(struct catalog *c, const struct campaign *g);
void lists_add_contract(struct catalog *c, const struct contract *k);
void lists_add_grant(struct catalog *c, uint32_t party, uint32_t contract);
void lists_remove_grant(struct catalog *c, uint32_t party, uint32_t contract);
/* In the place of one of the same hash or kid, if there is one. */
void lists_put_token(struct catalog *c, const struct api_token *t);
void lists_put_secret(struct catalog *c, const struct secret *s);

#endif
