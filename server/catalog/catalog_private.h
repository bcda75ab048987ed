/* What catalog.c and catalog_load.c share: the memory and the index of one snapshot. */
#ifndef CS_SERVER_CATALOG_CATALOG_PRIVATE_H
#define CS_SERVER_CATALOG_CATALOG_PRIVATE_H

#include "server/catalog/catalog.h"

struct name {
    const char *id;
    const void *what; /* a party, campaign or contract: in whose array it lies says which */
};

struct postback_key {
    uint8_t sha256[HASH_LEN];
    const struct party *party;
};

/* Rows as they were read: what has not changed is taken over by the next snapshot without being parsed again. */
struct rows {
    struct raw {
        struct span key, value;
    } * row;
    size_t n, cap;
};

/* A step of the clock before which it had come further than before any later one. */
struct past {
    uint32_t step;
    int64_t ms; /* what it should have said */
};

/* Compiled terms serve all snapshots that have their version. */
struct shared_terms {
    atomic_int refs;
    struct terms *terms;
};

struct catalog_index {
    struct block *blocks; /* bump memory for spans and codes */
    size_t pooled;        /* what all of them hold */
    struct rows rows[TABLE_COUNT];
    struct shared_terms *(*terms)[VERSIONS_MAX]; /* of contract n at terms[n-1], in the order of its versions */
    struct name *names;                          /* by id */
    struct api_token *tokens;                    /* by hash: the order of the table */
    struct postback_key *keys;                   /* by hash */
    struct grant *grants;                        /* by contract, party, number: the order of the table */
    const struct contract **listed;              /* what the lists of parties and campaigns hold */
    const struct api_token **listed_tokens;
    const struct secret **listed_secrets;
    struct past *past; /* ascending step, so descending ms */
    uint32_t steps;    /* those that were looked at */
    bool steps_unread; /* one of them does not read */
    size_t n_names, n_tokens, n_keys, n_grants, n_past;
};

struct block {
    struct block *next;
    size_t used, cap;
    char bytes[];
};

int name_compare(const void *a, const void *b);
int postback_key_compare(const void *a, const void *b);
void lists_build(struct catalog *c); /* once all rows are there */

#endif
