/* Numbers as people and programs write them, to be compared: exact, without floats. */
#ifndef CS_BASE_DECIMAL_H
#define CS_BASE_DECIMAL_H

#include <stdint.h>

#include "common/base/span.h"

struct decimal {
    int64_t whole, part; /* part: 10^-18, of the same sign */
};

/* "35", " 035 ", "35.0", "-1.5", in the digits of any script. False for what is no plain number, or has more than 18
 * digits before its point or behind it. */
bool decimal_read(struct span text, struct decimal *out);
int decimal_order(struct decimal a, struct decimal b); /* below, at or above 0 */

#endif
