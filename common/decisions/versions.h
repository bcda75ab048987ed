/* The versions of one contract's terms that may bind an entry: the one that was in force when the newest was made, and
 * those that wait for their time, or, the newest alone, for the assent of the parties. An entry is bound by the last of
 * them whose time has come at the entry's own time. The same in the server, its recovery, check and verify. */
#ifndef CS_DECISIONS_VERSIONS_H
#define CS_DECISIONS_VERSIONS_H

#include "common/base/json_read.h"
#include "common/base/limits.h"
#include "common/ledger/merkle.h"

struct terms;

struct version {
    struct terms *terms; /* NULL where times alone are asked; whoever keeps the versions owns them */
    uint64_t index;      /* of the entry */
    int64_t number;      /* 1, 2, ... */
    int64_t rules;
    int64_t at_ms;        /* of the entry */
    int64_t effective_ms; /* it binds not before; 0: at once */
    int64_t from_ms;      /* from when it binds: the latest of its entry's time, effective_ms, and of the entry that
                             completes the assents where it asks for them; VERSION_LACKS until then */
    bool on_assent;       /* it binds once both parties have assented */
    unsigned assents;     /* of SIDE_*: who has */
    unsigned taken_back;  /* likewise: whose assent was taken back, once both had assented */
    bool both;            /* its contract document asks for the assent of both; told by version_tells, like: */
    struct hash says;     /* terms_says */
    struct hash leaf;     /* of its entry; in a fold */
};

/* Bits of version.assents; the order of rows and of what is shown. */
enum { SIDE_ADVERTISER = 1, SIDE_PUBLISHER = 2, SIDE_BOTH = 3, SIDES = 2 };
#define VERSION_LACKS INT64_MAX

enum { VERSIONS_MAX = 1 + LIMIT_WAITING };
struct versions {
    struct version v[VERSIONS_MAX]; /* ascending in number and time; [0] is in force, or all there is */
    size_t n;
    int64_t made;        /* number of the last that was made, also if it was withdrawn; 0: none was */
    uint64_t made_index; /* of its entry */
};

/* The one that binds an entry of that time; NULL when there is none at all. */
const struct version *versions_at(const struct versions *vs, int64_t at_ms);
const struct version *versions_newest(const struct versions *vs);
/* What binds until a version would that is made at that time: what that one changes. NULL: nothing does. */
const struct version *versions_before(const struct versions *vs, int64_t at_ms, int64_t effective_ms);
/* Does any wait for its time then? One that lacks assents does not: it may never bind. */
bool versions_wait(const struct versions *vs, int64_t at_ms);
/* The newest, where it lacks assents; else NULL. */
const struct version *versions_proposal(const struct versions *vs);
/* Whether versions_at binds what happens then: false until the first version has the assents that it asks for. */
bool versions_bind(const struct versions *vs, int64_t at_ms);
/* Fills v->both and v->says. */
void version_tells(struct version *v, const struct terms *t);
/* Whether *next, told, must ask for the assent of both: it, or one that may still bind, says so in its contract
 * document, and it says something else than the one in force then. */
bool versions_ask(const struct versions *vs, const struct version *next);
/* A party's assent, of an entry of that time, to a version that may bind. ERR_NOT_FOUND: none of that number may.
 * ERR_CONFLICT: it has that already. */
MUST_CHECK enum err versions_assent(struct versions *vs, int64_t number, unsigned side, int64_t at_ms);
/* Takes back, at that time, the newest version, which is not in force then and not the only one: it never binds, and
 * what it took the place of does not come back. side 0: by the word of who may change terms, unless it asked for
 * assents and has both. That one each side takes back for itself, and it is gone with the second. *gone (may be NULL)
 * is then what is gone, else empty. ERR_NOT_FOUND: there never was such a version. ERR_FORBIDDEN: it is not that one's
 * to take back. ERR_CONFLICT: it may not be. In each case nothing happened. */
MUST_CHECK enum err versions_withdraw(struct versions *vs, int64_t number, unsigned side, int64_t at_ms,
                                      struct versions *gone, struct problem *p);
/* Makes *next, of an entry of time next->at_ms, the newest one; one that lacks assents is given up. effective_ms 0:
 * it binds at once, and those that wait never do; with next->on_assent none may wait. Else it binds from then on: that
 * must be later than the entry, and not before the last that waits, whose place it takes where the time is the same,
 * unless it lacks assents itself. *gone (may be NULL) are those that bind no more. ERR_CONFLICT or ERR_INVALID, naming
 * effective_at, and nothing happened. */
MUST_CHECK enum err versions_add(struct versions *vs, const struct version *next, int64_t effective_ms,
                                 struct versions *gone, struct problem *p);
void versions_free(struct versions *vs); /* their terms; none is left */

#endif
