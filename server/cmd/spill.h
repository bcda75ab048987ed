/* Room for what need not stay in memory (struct spill of settlement/pages.h): a file without a name in $TMPDIR, or in
 * /var/tmp, mapped as far as it is looked at. Who may not have one, or not a larger one, gets no room. Owned by one
 * thread. */
#ifndef CS_SERVER_CMD_SPILL_H
#define CS_SERVER_CMD_SPILL_H

#include "common/settlement/pages.h"

struct spill_file;
/* Nothing is made before something is taken. `window`: so many bytes of files may stay mapped in this process. */
struct spill_file *spill_open(size_t window);
struct spill spill_of(struct spill_file *f, size_t front); /* front: as in struct spill */
void spill_close(struct spill_file *f);                    /* NULL-safe; all that was taken is gone */

#endif
