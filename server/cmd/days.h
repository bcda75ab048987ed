/* Times as a statement's page has them: by the clocks of its campaign, days where they are whole ones, and fit for a
 * terminal, whatever a server says. */
#ifndef CS_SERVER_CMD_DAYS_H
#define CS_SERVER_CMD_DAYS_H

#include "common/base/buf.h"
#include "server/lists/zones.h"

/* "2026-11-01 to 2026-11-30 Europe/Paris", "2026-11-01 09:12 to 2026-11-26 10:34 Europe/Paris"; in UTC, which it says,
 * where this system has no such zone. */
void days_add_period(struct zones *zones, struct buf *line, const char *from_at, const char *to_at, const char *zone);
void days_add_end(struct zones *zones, struct buf *line, const char *at, const char *zone);
void days_add(struct zones *zones, struct buf *line, const char *at, const char *zone); /* without its zone */

#endif
