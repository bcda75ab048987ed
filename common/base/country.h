/* Countries by their ISO 3166-1 alpha-2 codes. */
#ifndef CS_BASE_COUNTRY_H
#define CS_BASE_COUNTRY_H

#include <stdbool.h>

#include "common/base/span.h"

enum { COUNTRY_LEN = 2 };

/* The code in capitals, for one that is officially assigned, in either case. Reserved, user-assigned and withdrawn ones
 * (UK, EU, XX, AN) are none. */
bool country_read(struct span text, char out[COUNTRY_LEN]);

#endif
