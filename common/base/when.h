/* Times as text and money as integers. */
#ifndef CS_BASE_WHEN_H
#define CS_BASE_WHEN_H

#include <stdint.h>

#include "common/base/buf.h"
#include "common/base/err.h"

#define MS_PER_S 1000
#define MS_PER_DAY 86400000LL
#define TIME_END_MS 253402300800000LL /* 10000-01-01: RFC 3339 ends before it */

/* RFC 3339 UTC with milliseconds, e.g. 2026-11-22T01:50:31.042Z. ms is Unix time, years 1970 to 9999. */
void time_rfc3339(struct buf *out, int64_t ms);
/* Takes Z or a numeric offset, with or without a fraction (cut to milliseconds). */
MUST_CHECK enum err time_parse(struct span s, int64_t *ms);

/* Days since 1970-01-01 of a Gregorian date, years 1 to 9999; month and day from 1. */
int64_t date_days(int64_t year, unsigned month, unsigned day);
int64_t date_year(int64_t days); /* of a day since 1970-01-01 */
/* By clocks that are offset_s ahead of UTC: days since 1970-01-01, and months since January 1970. */
int64_t time_local_day(int64_t ms, int64_t offset_s);
int64_t time_local_month(int64_t ms, int64_t offset_s);

#endif
