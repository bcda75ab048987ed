/* What the server asks of others, on a thread of its own, off the commit path: cosignatures of the root log's heads,
 * from the witnesses of a policy (C2SP tlog-witness). */
#ifndef CS_SERVER_COURIER_COURIER_H
#define CS_SERVER_COURIER_COURIER_H

#include "common/base/problem.h"
#include "server/instance/instance.h"

struct courier;

/* The text of a policy (common/ledger/policy.h), copied. ERR_MALFORMED: *p says what is wrong with it. */
MUST_CHECK enum err courier_open(struct instance *in, struct span policy, struct courier **out, struct problem *p);
void courier_start(struct courier *c); /* dies when it cannot */
void courier_stop(struct courier *c);  /* started or not; NULL-safe */
void courier_close(struct courier *c); /* stopped; NULL-safe */

/* ---- any thread; c may be NULL ---- */

/* Appends the note of the newest head of the root log that a quorum cosigned, with their lines. ERR_NOT_FOUND. */
MUST_CHECK enum err courier_note(struct courier *c, struct buf *note);
/* Which leaf is a contract's last head in the root log as that note has it. ERR_NOT_FOUND. */
MUST_CHECK enum err courier_covered(struct courier *c, uint32_t contract, uint64_t *leaf);

struct courier_state {
    size_t witnesses, conflicting; /* that hold another history than ours, or more of it */
    int64_t quorum_s;              /* Unix: of the oldest cosignature in that note; 0: none */
};
void courier_look(struct courier *c, struct courier_state *out);

#endif
