/* The lead that stands for a person. FORMATS.md, "Identity". Internal to common/decisions. */
#ifndef CS_DECISIONS_PERSON_H
#define CS_DECISIONS_PERSON_H

#include "common/decisions/decide.h"

struct person_lead {
    bool found;
    bool here; /* the lead and every duplicate on the way to it are of cx's contract */
    bool weak; /* the way goes by a txid or a click: contacts may still tell the two apart */
    struct place lead;
};

/* A lead that stands (for a report that is `unproven` also an unproven one that is held) and has a key of `who`: the
 * latest, of contact keys (those that t->dedupe_by names) one received in [from_ms, to_ms]. Else one of that time that
 * duplicates lead to, by up to PERSON_ROWS rows. No part of `own`. An error of the view, or ERR_CORRUPT: it cannot be
 * told. */
enum { PERSON_ROWS = 256 };
MUST_CHECK enum err person_find(const struct view *v, const struct fold_context *cx, const struct terms *t,
                                const struct identity *who, const struct share *own, bool unproven, int64_t from_ms,
                                int64_t to_ms, struct person_lead *out);

#endif
