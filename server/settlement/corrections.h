/* What of a contract's statements corrects what of others. */
#ifndef CS_SERVER_SETTLEMENT_CORRECTIONS_H
#define CS_SERVER_SETTLEMENT_CORRECTIONS_H

#include "common/pages/statement_page.h"
#include "server/settlement/statements.h"

/* Both in order of number; all zero: none so far. */
struct corrections {
    struct page_earlier *earlier;
    struct page_later *later;
    size_t n_earlier, n_later;
};
/* The statements that its adjustments are about. ERR_CORRUPT, ERR_IO; then it is only to be freed. */
MUST_CHECK enum err corrections_before(struct txn *t, const struct statement *s, struct corrections *c);
/* What changed later what it paid, by the later statement that has it; last what none has so far: it walks over all
 * that came since the last one. Likewise. */
MUST_CHECK enum err corrections_since(struct txn *t, const struct statement_meta *m, struct span id,
                                      struct corrections *c);
void corrections_free(struct corrections *c);

#endif
