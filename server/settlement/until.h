/* Where a settlement period ends, by the clocks of the campaign's time zone. */
#ifndef CS_SERVER_SETTLEMENT_UNTIL_H
#define CS_SERVER_SETTLEMENT_UNTIL_H

#include "common/base/problem.h"
#include "server/lists/zones.h"

/* RFC 3339, or a day ("2026-11-30") or month ("2026-11"), of which the end is meant; not later than now_ms.
 * ERR_MALFORMED naming `until`; any other error: the zone cannot be read. */
MUST_CHECK enum err until_read(struct zones *z, struct span zone, struct span text, int64_t now_ms, int64_t *until_ms,
                               struct problem *p);

/* What an operator can do about a zone that does not read any more. */
#define ZONE_UNREADABLE "the time zone of the campaign cannot be read any more: install tzdata"

/* The end of the week (Monday 00:00) or month that a time is in. Errors as zones_midnight. */
MUST_CHECK enum err until_next(struct zones *z, struct span zone, bool weekly, int64_t after_ms, int64_t *end_ms);

#endif
