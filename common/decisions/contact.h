/* Contact fields to matching keys: equal persons give equal keys. */
#ifndef CS_DECISIONS_CONTACT_H
#define CS_DECISIONS_CONTACT_H

#include "common/base/buf.h"
#include "common/base/err.h"
#include "common/ledger/commitment.h"

/* Trims, checks RFC 5321 shape (local part <= 64, domain with a dot, LDH labels), lowercases, IDN to A-labels
 * (libidn2), gmail.com and googlemail.com drop dots and +tag (and become gmail.com), other big providers drop +tag.
 * ERR_INVALID when not well formed. */
MUST_CHECK enum err contact_email_key(struct span email, struct buf *key);
/* To E.164 "+digits": takes +, 00, or a national number with `country` (ISO 3166 alpha-2, may be empty). ERR_INVALID
 * when not well formed: other characters than digits and space ( ) - . / , fewer than 7 or more than 15 digits, no
 * country to place it in. */
MUST_CHECK enum err contact_phone_key(struct span phone, struct span country, struct buf *key);
/* token = HMAC-SHA256(pepper, label "\n" key)[:16], label "email" or "phone". */
void contact_token(struct hmac *pepper, const char *label, struct span key, uint8_t out[TOKEN_LEN]);

#endif
