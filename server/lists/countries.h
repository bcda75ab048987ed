/* Which country an address is in, out of a MaxMind DB (version 2 of the format): read once, as a whole, so that no
 * lookup can fail and a file that is replaced under the server does no harm. Of whatever says no country that ISO 3166
 * has assigned, none is told. 6to4 and Teredo have none. */
#ifndef CS_SERVER_LISTS_COUNTRIES_H
#define CS_SERVER_LISTS_COUNTRIES_H

#include "common/base/problem.h"
#include "server/lists/ranges.h"

/* Values are two capitals, the first in the high byte. */
MUST_CHECK enum err countries_read(const char *path, struct ranges **out, struct problem *p);

#endif
