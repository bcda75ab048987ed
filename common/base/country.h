/* Countries as people and programs name them. */
#ifndef CS_BASE_COUNTRY_H
#define CS_BASE_COUNTRY_H

#include "common/base/span.h"

enum { COUNTRY_LEN = 2 };

/* The ISO 3166 alpha-2 code in upper case, whatever the case of letters and what blanks stand around it; UK is GB and
 * EL is GR. False for what is none. XK is taken, which stands in no standard and in everybody's address for Kosovo. */
#define COUNTRY_MUST "must be an ISO 3166 code of two letters such as FR"
bool country_read(struct span text, char code[COUNTRY_LEN]);

#endif
