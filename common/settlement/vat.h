/* VAT ids of the EU and the United Kingdom, by country: as VIES publishes their structure (its FAQ, "What is the format
 * of VAT numbers?"). Whether one was given out only a tax office knows. */
#ifndef CS_SETTLEMENT_VAT_H
#define CS_SETTLEMENT_VAT_H

#include "common/base/problem.h"
#include "common/base/span.h"

/* The country whose VAT a country is under (both ISO 3166): Monaco France's, the Isle of Man the United Kingdom's
 * (Directive 2006/112/EC, article 7; the second is not in the EU any more), else its own. */
struct span vat_area(struct span country);
bool vat_in_eu(struct span country);
/* Whether an id, in capitals without blanks and signs, can be one of a party of that country: where the table has the
 * country it begins with its letters (EL for GR, GB or XI for GB and IM, FR for MC), else any will do. ERR_INVALID
 * naming legal.vat_id, with the forms that it could have. */
MUST_CHECK enum err vat_id_check(struct span country, struct span id, struct problem *p);

/* Whether a text, with blanks and signs between its letters or without, has the form of an id of any country here. */
bool vat_reads_as_id(struct span text);

#endif
