/* Terms that are compiled: one for all that have that version, in every snapshot. And what was compiled of which
 * documents, so that the worker that looks whether they make terms, the run that plans a version of them and the
 * snapshot behind it compile once: what comes of two documents follows from their bytes. */
#ifndef CS_SERVER_CATALOG_COMPILED_H
#define CS_SERVER_CATALOG_COMPILED_H

#include <stdatomic.h>

#include "common/base/problem.h"
#include "common/decisions/versions.h"

struct compiled {
    atomic_int refs;
    struct terms *terms;
    struct version tells; /* what version_tells says of them */
};

/* Takes the terms over; one reference. */
struct compiled *compiled_new(struct terms *terms);
struct compiled *compiled_ref(struct compiled *c);
void compiled_unref(struct compiled *c); /* NULL-safe */
/* As version_tells. */
void compiled_tells(const struct compiled *c, struct version *v);

/* One of a list; its documents are its own. */
struct compiled_of;
void compiled_list_free(struct compiled_of *first); /* NULL-safe */

/* Of a run, or of a worker's call; zeros: empty. */
enum { COMPILED_BUCKETS = 64 };
struct compiled_pool {
    const struct compiled_of *handed; /* a list of who made the record, to be looked at */
    bool used;                        /* own has any */
    struct compiled_of *own[COMPILED_BUCKETS];
};

/* By the rules of now: what the pool has of the very same documents, or else compiled and kept there; the reference
 * stays the pool's. Errors as terms_compile_beside. */
MUST_CHECK enum err compiled_get(struct compiled_pool *pool, const struct terms *beside, struct span campaign,
                                 struct span contract, struct compiled **out, struct problem *p);
/* The same for a list that is handed on. */
MUST_CHECK enum err compiled_hand(struct compiled_of **list, const struct terms *beside, struct span campaign,
                                  struct span contract, struct problem *p);
/* Forgets all, also what was handed. */
void compiled_clear(struct compiled_pool *pool);

#endif
