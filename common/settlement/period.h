/* The open period of a contract's log: what its next statement rests on beside terms and rows. It follows from the
 * entries alone, so whoever folds them holds the same one. */
#ifndef CS_SETTLEMENT_PERIOD_H
#define CS_SETTLEMENT_PERIOD_H

#include "common/settlement/statement.h"

/* A statement's entry comes so long after its issue at most. */
#define PERIOD_ISSUE_MS (60 * 60 * 1000)

/* A statement may stand far behind the last entry that it closes, and what was counted there is gone by then: whoever
 * is told on the way where one will end keeps it. Of the entry at cut.to the time. */
struct mark {
    struct cut cut;
    int64_t next_ms;
};

struct period {
    uint64_t from;         /* index of its first entry */
    int64_t from_ms;       /* time of that */
    struct hash from_root; /* of the tree of that size */
    bool has_prev;         /* a statement closed the one before; what it said: */
    struct hash prev_sha256;
    uint64_t number; /* how many statements there were */
    int64_t prev_to_ms, carried_micros;
    struct taxed_sums brought; /* by its VAT, where it is below 0 */
    struct waiting waiting;    /* at its beginning */
    struct tally tally;        /* of what stands behind its last cut */
    struct mark *mark;         /* ascending */
    size_t n_marks, mark_room;
};

/* What a statement closes: [from, is.to). */
struct closing {
    struct cut is;
    bool at_cut;     /* the log is cut there */
    int64_t next_ms; /* time of the entry at is.to; 0: that is the statement's own */
};

/* A log's first. */
void period_open(struct period *p);
void period_close(struct period *p);
/* Counts an entry under the terms in force at it. *cut: what was open is full, *full, and ends before the entry.
 * ERR_CORRUPT: the entry fits into no statement. */
MUST_CHECK enum err period_add(struct period *p, const struct terms *terms, const struct entry *e, bool *cut,
                               struct tally *full);
/* Keeps what stands in front of the entry at `index`, of that time. */
void period_mark(struct period *p, uint64_t index, const struct frontier *before, int64_t at_ms);
/* What was kept there; NULL: nothing. */
const struct mark *period_marked(const struct period *p, uint64_t index);
/* Fills in what a statement over [p->from, c->is.to) takes from the period; in->tally points into *c. */
void period_statement(const struct period *p, const struct closing *c, struct statement_in *in);
/* Whether a statement that is issued at issued_ms, over *c, may say that its period ends there: right behind its last
 * entry where the log was cut, else not before that, not later than the issue, and not behind what it leaves, but for
 * entries of its last millisecond. */
bool period_ends(const struct period *p, const struct closing *c, int64_t to_ms, int64_t issued_ms);
/* The latest such time, of all that is open. */
int64_t period_latest_end(const struct period *p, const struct closing *c, int64_t issued_ms);
/* The one after a statement, whose entry is *e, that closed *c. `behind`: the first cut behind c->is.to, whose tally is
 * made to count from there (NULL: there is none). `said` is what it must have said; NULL when that cannot be told: then
 * the remainder and what waits stay those of the period before. ERR_CORRUPT: *c was not in front of what is open. */
MUST_CHECK enum err period_next(struct period *p, const struct entry *e, const struct closing *c, struct cut *behind,
                                const struct statement_out *said);

#endif
