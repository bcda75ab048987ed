/* Destroying what is sealed of a person: of the leads that are theirs, of the clicks that those name, and of the views
 * of these. What is kept, the entries and all that decides money stays. */
#ifndef CS_SERVER_COMMIT_ERASURE_H
#define CS_SERVER_COMMIT_ERASURE_H

#include "server/commit/batch.h"

/* One of the three. */
struct erasure_asked {
    struct span email, phone; /* as a person writes them; empty: not this one */
    bool by_lead;
    struct pointer lead;    /* with its other parts, where contracts share it */
    const struct party *of; /* the leads of this advertiser alone; NULL: of all */
};

struct erasure {
    struct buf places;     /* of the record: what is to be erased, as much as fits one. Heap, the caller's to free */
    uint64_t leads, parts; /* leads that were found; private parts of these and what belongs to them, erased or not */
    bool more;             /* not all of it fits: ask again */
};

/* Any thread, of what t shows, which is renewed now and then. ERR_NOT_FOUND: nobody's lead is. ERR_INVALID naming the
 * member: it can be nobody's. ERR_CORRUPT, ERR_IO. Reads all leads in question, and each log behind the first of these
 * clicks. */
MUST_CHECK enum err erasure_find(const struct catalog *c, struct txn *t, const struct erasure_asked *asked,
                                 struct erasure *out, struct problem *p);

job_run erase_run;

#endif
