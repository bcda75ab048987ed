/* The open period of a contract's log: what its next statement rests on beside terms and rows. It follows from the
 * entries alone, so whoever folds them holds the same one. */
#ifndef CS_SETTLEMENT_PERIOD_H
#define CS_SETTLEMENT_PERIOD_H

#include "common/settlement/statement.h"

struct period {
    uint64_t from;         /* index of its first entry */
    struct hash from_root; /* of the tree of that size */
    bool has_prev;         /* a statement closed the one before; what it said: */
    struct hash prev_sha256;
    int64_t prev_to_ms, carried_micros;
    struct tally tally;
};

/* A log's first. */
void period_open(struct period *p);
/* Counts an entry under the terms in force at it. */
void period_add(struct period *p, const struct terms *terms, const struct entry *e);
/* Fills in what a statement over [p->from, to) takes from the period; in->tally points into *p. */
void period_statement(const struct period *p, uint64_t to, const struct hash *to_root, struct statement_in *in);
/* The one after a statement. `said` is what it must have said; NULL when that cannot be told: then the remainder and
 * the closing time stay those of the period before. */
void period_next(struct period *p, const struct entry_statement *s, const struct hash *to_root,
                 const struct statement_out *said);

#endif
