/* The lead that stands for a person. FORMATS.md, "Identity". Internal to common/decisions. */
#ifndef CS_DECISIONS_PERSON_H
#define CS_DECISIONS_PERSON_H

#include "common/decisions/decide.h"

struct person_lead {
    bool found;
    bool here; /* the lead and every duplicate on the way to it are of cx's contract */
    bool weak; /* the way goes by a txid or a click: contacts may still tell the two apart */
    struct place lead;
    bool sometime; /* not found; but there is one, and how long before or after came, the clock's steps made unknown */
};

/* Of whom, and who asks. */
struct person_asked {
    const struct identity *who;
    const struct share *own; /* none of these parts */
    bool unproven;           /* also an unproven lead that is held */
    int64_t from_ms, to_ms;  /* by contact keys or along duplicates: received then */
    uint32_t clock_steps;    /* of the report: what came when the clock had made other ones, and was not sure then or */
    bool clock_unsure;       /* is not now, came at a time that is unknown; 0: all times are known */
};

/* A lead that stands and has a key of the person: the latest, of contact keys (those that t->dedupe_by names) one of
 * the time asked for. Else one of that time that duplicates lead to, by up to PERSON_ROWS rows. Where none is found,
 * whether there is one of a time that is unknown. An error of the view, or ERR_CORRUPT: it cannot be told. */
enum { PERSON_ROWS = 256 };
MUST_CHECK enum err person_find(const struct view *v, const struct fold_context *cx, const struct terms *t,
                                const struct person_asked *asked, struct person_lead *out);

#endif
