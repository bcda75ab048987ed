/* Who a party is by law, for statements, and what that makes of VAT: an object of members, of which those that are
 * empty are left out. FORMATS.md, "Legal data". */
#ifndef CS_SETTLEMENT_LEGAL_H
#define CS_SETTLEMENT_LEGAL_H

#include "common/base/json_read.h"
#include "common/base/json_write.h"
#include "common/decisions/trader.h"

enum { LEGAL_MAX = 4096, LEGAL_LINES = 6 }; /* bytes, as canonical JSON; lines of an address */

/* Takes what a caller says: blanks around texts go, a country's code is written as in ISO 3166, a VAT id in capitals
 * without blanks and signs between. Appends the canonical object. ERR_INVALID naming legal.{member}. */
MUST_CHECK enum err legal_take(const json_t *said, struct buf *out, struct problem *p);
/* Whether what legal_take made can be: the VAT id fits the country, in its form of today. Nothing that logs hang on:
 * tax offices think up new forms. ERR_INVALID likewise. */
MUST_CHECK enum err legal_check(struct span text, struct problem *p);
/* Whether these are the bytes that legal_take makes. */
bool legal_is(struct span text);

/* Either may be empty. *self_billing (may be NULL): the customer draws up the invoice of a supplier who has a VAT id,
 * article 226 (10a). */
enum tax tax_of(struct span customer, struct span supplier, bool *self_billing);

/* Who supplies whom, and what that makes of VAT. */
struct trade {
    enum tax kind;
    uint64_t as[2]; /* the advertiser, the publisher: trader.h */
    bool self_billing;
};
/* Of what came in front of the entry at `to`, as traders_at. */
MUST_CHECK enum err trade_at(const struct view *v, uint32_t contract, const struct span parties[2], uint64_t to,
                             struct trade *out);

#endif
