/* What of a contract's statements corrects what of others. */
#ifndef CS_SERVER_SETTLEMENT_CORRECTIONS_H
#define CS_SERVER_SETTLEMENT_CORRECTIONS_H

#include "common/pages/statement_page.h"
#include "server/settlement/statements.h"

/* Reads payloads for earliers_of; ctx is the transaction. */
payload_reader corrections_payload;

/* What changed later what a statement paid, in order of number; all zero: nothing so far. */
struct laters {
    struct page_later *of;
    size_t n;
};
/* By the later statement that has it; last what none has so far: it walks over all that came since the last one.
 * ERR_CORRUPT, ERR_IO; then it is only to be freed. */
MUST_CHECK enum err laters_of(struct txn *t, const struct statement_meta *m, struct span id, struct laters *out);
void laters_free(struct laters *l);

#endif
