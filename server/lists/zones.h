/* The system's time zones (tzdata), each read when it is first asked for, and again when its file has changed. One
 * thread's. */
#ifndef CS_SERVER_LISTS_ZONES_H
#define CS_SERVER_LISTS_ZONES_H

#include <stdint.h>

#include "common/base/err.h"
#include "common/base/span.h"
#include "server/lists/zone.h"

#define ZONES_FOLDER "/usr/share/zoneinfo"

struct zones;

struct zones *zones_new(const char *folder); /* outlives them */
void zones_free(struct zones *z);            /* NULL-safe */
/* How many seconds the clocks of an IANA time zone are ahead of UTC at a time of 1970 to 9999. ERR_NOT_FOUND: there is
 * no zone of that name. Any other error: it cannot be told. */
MUST_CHECK enum err zones_offset(struct zones *z, struct span name, int64_t at_ms, int64_t *offset_s);
/* The zone itself, for who has many times of one: as its file is now, until the next call here. NULL: UTC. Errors as
 * above. */
MUST_CHECK enum err zones_find(struct zones *z, struct span name, const struct zone **out);

/* From when on those clocks show a day (since 1970-01-01) or later ones, however they are set around it. Errors as
 * above. */
MUST_CHECK enum err zones_midnight(struct zones *z, struct span name, int64_t day, int64_t *ms);

#endif
