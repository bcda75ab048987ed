/* Contact fields to matching keys: equal persons give equal keys. Texts are taken as people and their programs write
 * them; what common/FORMATS.md says of "Contact keys" is what these do. */
#ifndef CS_DECISIONS_CONTACT_H
#define CS_DECISIONS_CONTACT_H

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/ledger/commitment.h"

/* One mailbox, one key: lower case, A-labels, and what a provider (email.c has the table) takes for the same. A space
 * in the local part is the plus that a form lost. ERR_INVALID when no address can be made of it. */
MUST_CHECK enum err contact_email_key(struct span email, struct buf *key);
/* A domain in lower case, as A-labels: letters, digits and hyphens in two labels or more. ERR_INVALID for what is none.
 */
MUST_CHECK enum err contact_domain_key(struct span domain, struct buf *key);

/* What a number could be read as. A number that is no more than digits may be anybody's, and never shows that its
 * person is new. */
enum phone { PHONE_UNUSABLE, PHONE_DIGITS, PHONE_GOOD };
/* Appends the key, if any: of a good number, "+" and the digits of E.164, but for what is dialled and no part of the
 * number (Argentina's 9); else its digits without zeros in front, 7 to 20. Numbers are read as dialled in `country`,
 * or where that is not told in `fallback`: ISO 3166 alpha-2, empty for none. */
MUST_CHECK enum phone contact_phone_key(struct span phone, struct span country, struct span fallback, struct buf *key);

/* token = HMAC-SHA256(pepper, label "\n" key)[:16], label "email" or "phone". */
void contact_token(struct hmac *pepper, const char *label, struct span key, uint8_t out[TOKEN_LEN]);

#endif
