/* Leads that several contracts share: a part in each contract's log, all of one commitment, which move together. What
 * is worked out here writes nothing: the pipeline appends it, in one transaction. Committer thread. */
#ifndef CS_SERVER_COMMIT_PARTS_H
#define CS_SERVER_COMMIT_PARTS_H

#include "server/commit/batch.h"

/* A lead as it is to be recorded: of most there is one part, which is all of it. The last one answers for the lead: its
 * contract is that of the latest touch. */
struct part {
    const struct contract *k;
    struct lead_facts facts;
    char source[LIMIT_PARAM]; /* what the entry has as utm_source */
    struct scored scored;     /* what is said of it */
    struct entry entry;
};
struct parts {
    struct part of[LIMIT_TOUCHES];
    size_t n; /* at least 1 */
};
/* Contracts and facts of the parts; a lead without a click is all `fallback`'s. The contract of a lead that is not
 * shared may be NULL. */
MUST_CHECK enum err parts_deal(struct batch *cx, const struct lead_report *r, uint32_t fallback, int64_t arrived_ms,
                               struct parts *out);
/* Decides and dates each of them, before any is recorded. ERR_CONFLICT: terms of one bind nobody yet. */
MUST_CHECK enum err parts_decide(struct batch *cx, const struct lead_report *r, int64_t now_ms, struct parts *parts,
                                 struct problem *why);

/* The other parts of a recorded lead. */
struct others {
    struct other {
        const struct contract *k;
        uint64_t index;
        struct lead_row row;
        bool moves; /* along, by this entry */
        struct entry entry;
    } of[LIMIT_TOUCHES];
    size_t n; /* 0: it is not shared */
};
MUST_CHECK enum err parts_others(struct batch *cx, const struct contract *k, uint64_t index, const struct lead_row *row,
                                 struct others *out);
/* Which of them take the step that the lead in *row takes; r NULL: it is due. Those that stand all do;
 * of those that do not, those that a disposition let fall with it, or that the server refused at once for the same
 * reason. Whose own state does not allow the step stays. */
MUST_CHECK enum err parts_follow(struct batch *cx, uint64_t index, const struct lead_row *row,
                                 const struct disposition_report *r, int64_t now_ms, struct others *others);

#endif
