/* Room for what need not stay in memory (struct spill of settlement/pages.h): memory first, then a file without a name
 * in $TMPDIR, or in /var/tmp, mapped as far as it is looked at. Who may not have one, or not a larger one, gets no
 * more. Its steps are made ahead (struct ahead): the kernel takes its time to find memory. Owned by one thread. */
#ifndef CS_SERVER_CMD_SPILL_H
#define CS_SERVER_CMD_SPILL_H

#include "common/settlement/pages.h"
#include "common/settlement/verify.h"

/* In bytes. */
struct spill_room {
    size_t front;  /* this much is memory, in whole steps of half a MiB */
    size_t window; /* of files so much may stay mapped in this process */
};
struct spill_file;
/* Nothing is made before something is taken. `ahead` outlives it; NULL: each step is made when it is wanted. */
struct spill_file *spill_open(const struct spill_room *room, const struct ahead *ahead);
struct spill spill_of(struct spill_file *f);
void spill_close(struct spill_file *f); /* NULL-safe; all that was taken is gone */

#endif
