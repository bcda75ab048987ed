/* Money: micros are millionths of the currency unit, int64, inside; minor units (ISO 4217 exponent) only on statements.
 */
#ifndef CS_BASE_MONEY_H
#define CS_BASE_MONEY_H

#include <stdint.h>

#include "common/base/err.h"
#include <stdbool.h>

#include "common/base/buf.h"
#include "common/base/span.h"

#define MONEY_MAX_MICROS ((int64_t)9007199254740991)
#define MONEY_MAX_TEXT "9007199254.740991" /* in units */

/* ISO 4217 exponent of an active currency code (upper case), or -1 if there is none such. */
int currency_exponent(struct span code);
int64_t micros_per_minor(int exponent); /* 10^(6-exponent) */
/* Rounds once: *minor = floor((net+carried)/unit), *carried_out in [0, unit). Neither leaves +-MONEY_MAX_MICROS; their
 * sum may. */
void money_to_minor(int64_t net_micros, int64_t carried_in, int exponent, int64_t *minor, int64_t *carried_out);
/* "12", "12.5", "-3.000001": at most 6 decimals; ERR_MALFORMED otherwise, ERR_INVALID past the range. */
MUST_CHECK enum err money_parse(struct span decimal, int64_t *micros);
/* a+b into *sum; false when it leaves +-MONEY_MAX_MICROS. */
MUST_CHECK bool money_add(int64_t a, int64_t b, int64_t *sum);
/* value / 10^decimals, with at least `least` decimals and no further trailing zeros: micros as decimal(v, 6, exponent).
 */
void decimal_add(struct buf *out, int64_t value, int decimals, int least);
/* The same of micros, with the decimals of a currency; none of a code that nobody knows. */
void micros_add(struct buf *out, int64_t micros, struct span currency);
/* Of minor units: "28.40 EUR", or with VAT "28.40 EUR and 5.68 VAT: 34.08 EUR". The currency may be a stranger's text.
 */
void money_due_add(struct buf *out, int64_t payable, int64_t vat, int64_t to_pay, struct span currency);

#endif
