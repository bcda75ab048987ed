/* What of a contract's statements corrects what of others. */
#ifndef CS_SERVER_SETTLEMENT_CORRECTIONS_H
#define CS_SERVER_SETTLEMENT_CORRECTIONS_H

#include "common/pages/statement_page.h"
#include "server/settlement/statements.h"

/* Appends the payload of a statement that there must be. ERR_CORRUPT, ERR_IO. */
MUST_CHECK enum err corrections_payload(struct txn *t, struct span id, struct buf *out);

/* Of the leads that a statement, stored or a draft, corrects those that an adjustment corrects, here or on an earlier
 * one, beyond what they charged or again. *out is zeroed. ERR_CORRUPT, ERR_IO; then it is only to be freed. */
MUST_CHECK enum err corrections_leads(struct txn *t, const struct contract *k, const struct statement *s,
                                      struct corrected_leads *out);

/* What changed later what a statement paid, in order of number; all zero: nothing so far. */
struct laters {
    struct page_later *of;
    size_t n;
    struct page_correction *line; /* of the leads of these lines each */
    size_t n_lines;
};
/* Lines that are disputed, by lead and entry. */
struct disputed_line {
    uint64_t lead, entry;
};
struct disputed_lines {
    struct disputed_line *of;
    size_t n;
};
/* By the later statement that has it; last what none has so far: it walks over all that came since the last one.
 * *out is zeroed. ERR_CORRUPT, ERR_IO; then it is only to be freed. */
MUST_CHECK enum err laters_of(struct txn *t, const struct statement_meta *m, struct span id,
                              const struct disputed_lines *lines, struct laters *out);
/* Of the entries that parties dispute, `n` of them; out->of has room for as many. ERR_CORRUPT, ERR_IO. */
MUST_CHECK enum err disputed_lines_add(struct txn *t, const struct contract *k, const uint64_t *entries, size_t n,
                                       struct disputed_lines *out);
void disputed_lines_sort(struct disputed_lines *lines);
void laters_free(struct laters *l);

#endif
