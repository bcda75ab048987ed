/* The versions of one contract's terms that may bind an entry: the one that was in force when the newest was made, and
 * those that wait for their time. An entry is bound by the last of them whose time has come at the entry's own time.
 * The same in the server, its recovery, check and verify. */
#ifndef CS_DECISIONS_VERSIONS_H
#define CS_DECISIONS_VERSIONS_H

#include "common/base/json_read.h"
#include "common/base/limits.h"

struct terms;

struct version {
    struct terms *terms; /* NULL where times alone are asked; whoever keeps the versions owns them */
    uint64_t index;      /* of the entry */
    int64_t number;      /* 1, 2, ... */
    int64_t rules;
    int64_t at_ms;   /* of the entry */
    int64_t from_ms; /* from when it binds: its effective_ms, or the entry's time */
};

enum { VERSIONS_MAX = 1 + LIMIT_WAITING };
struct versions {
    struct version v[VERSIONS_MAX]; /* ascending in number and time; [0] is in force, or all there is */
    size_t n;
};

/* The one that binds an entry of that time; NULL when there is none at all. */
const struct version *versions_at(const struct versions *vs, int64_t at_ms);
const struct version *versions_newest(const struct versions *vs);
/* Does any wait for its time then? */
bool versions_wait(const struct versions *vs, int64_t at_ms);
/* Makes *next, of an entry of time next->at_ms, the newest one. effective_ms 0: it binds at once, and those that wait
 * never do. Else it binds from then on: that must be later than the entry, and not before the last that waits, whose
 * place it takes where the time is the same. *gone (may be NULL) are those that bind no more. ERR_CONFLICT or
 * ERR_INVALID, naming effective_at, and nothing happened. */
MUST_CHECK enum err versions_add(struct versions *vs, const struct version *next, int64_t effective_ms,
                                 struct versions *gone, struct problem *p);
void versions_free(struct versions *vs); /* their terms; none is left */

#endif
