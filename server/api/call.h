/* What the handlers of management calls share: access, writes, JSON answers.
 *
 * A write has two halves. The handler (worker) parses, checks, draws what is random and fills a record; its run
 * (committer) checks again whatever another request may have changed meanwhile, writes, and answers. rq->catalog is the
 * worker's snapshot, cx->catalog the committer's: what goes from one half to the other is numbers and texts. */
#ifndef CS_SERVER_API_CALL_H
#define CS_SERVER_API_CALL_H

#include "common/base/json_write.h"
#include "server/commit/batch.h"
#include "server/worker/dispatch.h"

/* ---- access: what the caller may not see is ERR_NOT_FOUND ---- */

/* May the caller read it (NULL: there is none)? Else ERR_NOT_FOUND, in the words `unseen`. Asked again when what was
 * read of it is there: a grant may have been revoked meanwhile. */
MUST_CHECK enum err call_sees(struct request *rq, const struct contract *k, const char *unseen);
MUST_CHECK enum err call_contract(struct request *rq, struct span id,
                                  const struct contract **out); /* one it may read */
MUST_CHECK enum err call_party(struct request *rq, struct span id,
                               const struct party **out);                           /* itself; the operator: anyone */
MUST_CHECK enum err call_party_alone(struct request *rq, const struct party **out); /* of the path, without a query */
MUST_CHECK enum err call_party_bare(struct request *rq, const struct party **out);  /* of the path, {} or no body */
/* Scopes of what a party of that role is made by this call: no more than the caller's own token has; in the arena. */
struct span call_scope(struct request *rq, enum role role);
/* By its reference: the contract it stands in, and its index there. */
MUST_CHECK enum err call_lead(struct request *rq, struct span ref, const struct contract **k, uint64_t *index);
bool caller_is(const struct request *rq, enum role role);
/* Whether it may make and end credentials of that party, which it sees: of another operator that wants a scope of its
 * own. */
MUST_CHECK enum err call_governs(struct request *rq, const struct party *p);

/* ---- writes ---- */

/* Whether the canonical documents of a contract and its campaign make terms together; what is compiled goes with the
 * job of the request, so that its run compiles nothing of the same documents. */
MUST_CHECK enum err call_compiles(struct request *rq, const struct campaign *c, struct span contract);

/* Submits the job under the request's Idempotency-Key (POST alone). ERR_PENDING; control_finish makes the reply. */
MUST_CHECK enum err call_submit(struct request *rq, struct job *job);
enum err control_finish(struct request *rq, struct job *job, struct reply *reply); /* answers job->answer */
/* The same, once `look` has seen on a reader thread whether something stands against the job (call_looked): its answer
 * is ERR_PENDING, or what does. The route's finish is call_look_finish. */
MUST_CHECK enum err call_look(struct request *rq, const struct job *job,
                              enum err (*look)(struct request *rq, struct reply *reply));
struct job *call_looked(const struct request *rq);
enum err call_look_finish(struct request *rq, struct job *job, struct reply *reply);
/* Takes `effective_at` out of a change of terms: 0 where it has none. */
MUST_CHECK enum err call_effective(json_t *change, int64_t *effective_ms, struct problem *p);
/* Whether that is no further ahead than changes are made: a slip in the year would hold all others up. */
MUST_CHECK enum err call_notice(struct request *rq, int64_t effective_ms);
/* Of a change that gives another time to what waits, and nothing else. */
MUST_CHECK enum err call_same_but_time(struct problem *p);
void call_maker(const struct record *r, uint8_t out[HASH_LEN]); /* the token that it came by; zeros: by none */
/* A random id that is taken already would hide another row: refused (another is drawn when the request comes again). */
MUST_CHECK enum err call_taken(struct job *job, const void *row);

/* ---- output ---- */

/* An answer under way: write one value to w between open and job (committer) or reply (worker). */
struct answer {
    struct buf text;
    struct jw w;
};
void answer_open(struct answer *a);
void answer_job(struct answer *a, struct job *job, int status);
void answer_reply(struct answer *a, struct request *rq, struct reply *reply);
void answer_abandon(struct answer *a);

/* A 200 of JSON text, never cached. */
void call_reply(struct request *rq, struct reply *reply, struct span json);
/* name: RFC 3339 text of ms. */
void jw_ktime(struct jw *w, const char *name, int64_t ms);
json_t *json_time(int64_t ms);
void jw_cidrs(struct jw *w, struct span cidrs); /* "cidrs": a list of what stands between the commas */
/* The object `canonical`, which was read and judged before and is copied as it stands, with the members of `more`
 * (taken over) in their places: added, or instead of its own, or, by a null, without that. ERR_CORRUPT when it is none.
 */
MUST_CHECK enum err jw_document(struct jw *w, struct span canonical, json_t *more);

#endif
