/* Refusals on their way to the refused log: bounded, so that strangers fill neither memory nor disk with it. What a
 * party's own signature proves, what merely names a party, and what names nobody have rooms of their own here, and no
 * party takes more than half of one. */
#ifndef CS_SERVER_COMMIT_REFUSALS_H
#define CS_SERVER_COMMIT_REFUSALS_H

#include "common/commit/refusal.h"

enum {
    REFUSALS_PROVEN = 512, /* that may wait, of each standing */
    REFUSALS_NAMED = 256,
    REFUSALS_NOBODYS = 128,
    REFUSALS_BATCH = 256,       /* of one batch, and with it of about a second, in all */
    REFUSALS_NOBODYS_BATCH = 32 /* of them nobody's */
};

struct refusals;
struct refusals *refusals_new(void);
void refusals_free(struct refusals *r); /* NULL-safe */
/* Copies it; false: no room, it is dropped. Any thread. */
bool refusals_add(struct refusals *r, const struct refusal *one);
bool refusals_any(struct refusals *r);
/* Moves a batch into *rows, as refusal_write writes them: proven ones first. How many there are. */
size_t refusals_take(struct refusals *r, struct buf *rows);

#endif
