/* Changes that not all logs have yet: of all contracts of a campaign or a party, where those are many. What makes one
 * writes a bounded number of entries and a row; a chore goes on from there, a slice a batch (api/go_on.c), so that
 * nobody's number of contracts is what everybody else waits for. */
#ifndef CS_SERVER_CATALOG_UNFINISHED_H
#define CS_SERVER_CATALOG_UNFINISHED_H

#include "common/commit/record.h"
#include "server/store/store.h"

enum { SLICE_LOGS = 32 };      /* of one batch */
enum { SLICE_LOOKS = 1024 };   /* contracts that it looks at for them */
enum { UNFINISHED_MOST = 64 }; /* of all parties */
enum { UNFINISHED_KEY_LEN = 8 };

struct unfinished {
    uint64_t n;           /* counts from 1 on, over those that are there */
    uint32_t from, until; /* numbers of the contracts that lack it, if it is for them */
    struct record record; /* what was asked for, without who asked; its texts in: */
    struct buf text;
};

/* A row. ERR_CORRUPT; else to be closed. */
MUST_CHECK enum err unfinished_read(struct span key, struct span value, struct unfinished *out);
void unfinished_close(struct unfinished *u);
/* The first of a number past n. ERR_NOT_FOUND: there is none. */
MUST_CHECK enum err unfinished_next(struct txn *t, uint64_t n, struct unfinished *out);

/* Whether one of that kind of that campaign or party has not come to this contract yet (0: to any). ERR_NOT_FOUND: none
 * has not. */
MUST_CHECK enum err unfinished_of(struct txn *t, enum record_kind kind, uint32_t whose, uint32_t contract);
/* The same of what gives all contracts of a campaign other terms; direct: the number of its own. */
MUST_CHECK enum err unfinished_terms(struct txn *t, uint32_t campaign, uint32_t direct, uint32_t contract);
/* The campaign, its own contract, or the party that a record is for. */
uint32_t unfinished_whose(const struct record *r);

/* Of a new one: its number, into u->n. ERR_BUSY: there are as many as there may be. */
MUST_CHECK enum err unfinished_number(struct txn *t, struct unfinished *u);
MUST_CHECK enum err unfinished_put(struct txn *t, const struct unfinished *u);
MUST_CHECK enum err unfinished_end(struct txn *t, const struct unfinished *u);

#endif
