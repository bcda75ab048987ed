/* The memory of one exchange: bump allocation, given back as a whole by arena_reset. Owned by one thread at a time. */
#ifndef CS_SERVER_SYSTEM_ARENA_H
#define CS_SERVER_SYSTEM_ARENA_H

#include "server/http/request.h"

struct arena *arena_new(void);
void arena_reset(struct arena *a); /* frees all but the first block */
void arena_free(struct arena *a);  /* NULL-safe */

#endif
