/* When the server's folder was last copied and last checked, and buttons for both: on the operator's pages. */
#ifndef CS_SERVER_PAGES_COPIES_H
#define CS_SERVER_PAGES_COPIES_H

#include <jansson.h>

#include "server/pages/act.h"

enum { COPIES_BACKUP, COPIES_CHECK, COPIES_ACTS };
/* The forms; `again` is the page that they stand on. */
extern const struct act copies_acts[COPIES_ACTS];

/* upkeep: what GET /v1/upkeep answers. */
void copies_write(struct screen *s, const json_t *upkeep);
void copies_figures(struct screen *s, const json_t *upkeep); /* two of a list of figures */

#endif
