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
    uint64_t number; /* how many statements there were */
    int64_t prev_to_ms, carried_micros;
    struct waiting waiting; /* at its beginning */
    struct tally tally;     /* of what stands behind its last cut */
};

/* A log's first. */
void period_open(struct period *p);
/* Counts an entry under the terms in force at it. *cut: what was open is full, *full, and ends before the entry.
 * ERR_CORRUPT: the entry fits into no statement. */
MUST_CHECK enum err period_add(struct period *p, const struct terms *terms, const struct entry *e, bool *cut,
                               struct tally *full);
/* Fills in what a statement over [p->from, c->to) takes from the period; in->tally points into *c. */
void period_statement(const struct period *p, const struct cut *c, struct statement_in *in);
/* Whether a statement that is issued at issued_ms, over *c, may say that its period ends there: right behind its last
 * entry where the log was cut (`whole` false), else not before that, and not later than the issue. */
bool period_ends(const struct period *p, const struct cut *c, bool whole, int64_t to_ms, int64_t issued_ms);
/* The latest such time. */
int64_t period_latest_end(const struct period *p, const struct cut *c, bool whole, int64_t issued_ms);
/* The one after a statement that closed *c; `whole`: nothing was cut. `said` is what it must have said; NULL when that
 * cannot be told: then the remainder and what waits stay those of the period before. */
void period_next(struct period *p, const struct entry_statement *s, const struct cut *c, bool whole,
                 const struct statement_out *said);

#endif
