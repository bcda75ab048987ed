/* Heads on their way into the root log: what is not there yet, signed, as records. Committer thread, on the source's
 * side, between two transactions: signing syncs a file. */
#ifndef CS_SERVER_COMMIT_PUBLISHER_H
#define CS_SERVER_COMMIT_PUBLISHER_H

#include "common/commit/record.h"
#include "server/instance/instance.h"

enum { PUBLISH_MOST = 8 }; /* heads of one step, so that no batch waits long */

struct publisher;
struct publisher *publisher_new(struct instance *in);
void publisher_free(struct publisher *p);

/* Records point to the publisher's memory, until the next call. */

/* The contract's head as it was swept. ERR_NOT_FOUND: it is in the root log. Else as heads_sign, or the store does not
 * read. An ERR_IO of heads_sign ends the process. */
MUST_CHECK enum err publisher_head(struct publisher *p, uint32_t contract, struct record *out);
/* The next few contracts whose head grew since it was in the root log, from number *from on; *from is where to go on,
 * 0: that was the last one. What cannot be signed is logged and passed over. Returns how many. */
size_t publisher_round(struct publisher *p, uint32_t *from, struct record out[PUBLISH_MOST]);

#endif
