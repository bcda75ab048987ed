/* DATA/reserve: room on the disk that nothing is in, kept for what takes a right away (record_ends): where there is no
 * other, it is given back to the file system, and nothing else is recorded until it is whole again. Committer thread.
 */
#ifndef CS_SERVER_COMMIT_RESERVE_H
#define CS_SERVER_COMMIT_RESERVE_H

#include <stdbool.h>

#include "common/base/err.h"

struct reserve;

/* Also where there is no room for it now; logs where it cannot be kept at all, and NULL stands for none then. */
struct reserve *reserve_open(const char *data_dir);
/* Whether it is there, taken again if need be; true of none. */
bool reserve_whole(struct reserve *r);
/* Gives the room back: false of none, whose room cannot be given. */
bool reserve_give(struct reserve *r);
void reserve_close(struct reserve *r); /* the room stays taken; NULL-safe */

#endif
