/* One time zone: how far its clocks are ahead of UTC, and when. RFC 9636 (TZif version 2 and later) with its footer, a
 * POSIX TZ string, for the years behind the last transition. Immutable: any thread. */
#ifndef CS_SERVER_LISTS_ZONE_H
#define CS_SERVER_LISTS_ZONE_H

#include <stdint.h>

#include "common/base/err.h"
#include "common/base/span.h"

struct zone;

/* The bytes of a TZif file. ERR_NOT_FOUND: they are none. ERR_CORRUPT: one that is not as it must be, that is older
 * than version 2, or that counts leap seconds. */
MUST_CHECK enum err zone_read(struct span tzif, struct zone **out);
void zone_free(struct zone *z); /* NULL-safe */
/* Seconds ahead of UTC at a Unix time, within UTC_OFFSET_MAX_S. NULL: of UTC itself. */
int64_t zone_offset(const struct zone *z, int64_t at_s);

#endif
