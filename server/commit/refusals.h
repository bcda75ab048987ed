/* Refusals on their way to the refused log: bounded, so that strangers fill neither memory nor disk with it. Each
 * standing, and what names nobody, has a room of its own here, and no party takes more than half of one. */
#ifndef CS_SERVER_COMMIT_REFUSALS_H
#define CS_SERVER_COMMIT_REFUSALS_H

#include "common/commit/refusal.h"

enum {
    REFUSALS_PROVEN = 512, /* that may wait, of each standing */
    REFUSALS_LATE = 128,
    REFUSALS_AGAIN = 64,
    REFUSALS_NAMED = 256,
    REFUSALS_NOBODYS = 128,
    REFUSALS_BATCH = 256,        /* of one batch, and with it of about a second, in all */
    REFUSALS_PROVEN_BATCH = 128, /* of them */
    REFUSALS_LATE_BATCH = 32,
    REFUSALS_AGAIN_BATCH = 16,
    REFUSALS_NAMED_BATCH = 48,
    REFUSALS_NOBODYS_BATCH = 32
};

struct refusals;
struct refusals *refusals_new(void);
void refusals_free(struct refusals *r); /* NULL-safe */
/* Is this digest (not 0) among those asked about lately? It is from now on. Any thread. */
bool refusals_again(struct refusals *r, uint64_t digest);
/* Copies it; false: no room, it is dropped. Any thread. */
bool refusals_add(struct refusals *r, const struct refusal *one);
bool refusals_any(struct refusals *r);
/* Moves a batch into *rows, as refusal_write writes them. How many there are. */
size_t refusals_take(struct refusals *r, struct buf *rows);

#endif
