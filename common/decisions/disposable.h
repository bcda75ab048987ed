/* Domains that give everybody a mailbox for an hour. Immutable once made; any thread. */
#ifndef CS_DECISIONS_DISPOSABLE_H
#define CS_DECISIONS_DISPOSABLE_H

#include "common/base/problem.h"
#include "common/base/span.h"

struct disposable;

/* An operator's list: a domain a line, as people write them; blank lines, and what follows a '#', do not count.
 * ERR_INVALID says which line holds no domain. An empty list knows none. */
MUST_CHECK enum err disposable_read(struct span text, struct disposable **out, struct problem *p);
void disposable_free(struct disposable *d);
/* Is the domain of this e-mail key, or one above it, on the list? NULL: on the list that comes with the program,
 * disposable_table.h, which scripts/disposable makes. */
bool disposable_email(const struct disposable *d, struct span key);

#endif
