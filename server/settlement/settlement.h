/* Handlers of statements, of their answers, of adjustments, of assents and of rows to reconcile, and the runs of what
 * they write. */
#ifndef CS_SERVER_SETTLEMENT_SETTLEMENT_H
#define CS_SERVER_SETTLEMENT_SETTLEMENT_H

#include "server/api/go_on.h"
#include "server/commit/batch.h"
#include "server/worker/dispatch.h"

enum err statements_create(struct request *rq, struct reply *reply);
enum err statements_finish(struct request *rq, struct job *job, struct reply *reply);
enum err settlements_list(struct request *rq, struct reply *reply);
enum err statements_list(struct request *rq, struct reply *reply);
enum err statements_of_contract(struct request *rq, struct reply *reply);
enum err statements_admit(struct request *rq);
enum err statements_get(struct request *rq, struct reply *reply);
enum err statements_lines(struct request *rq, struct reply *reply);
enum err statements_checkpoint(struct request *rq, struct reply *reply);
enum err responses_create(struct request *rq, struct reply *reply);
enum err responses_list(struct request *rq, struct reply *reply);
enum err assents_create(struct request *rq, struct reply *reply);
enum err withdrawals_create(struct request *rq, struct reply *reply);
enum err shares_create(struct request *rq, struct reply *reply);
enum err shares_list(struct request *rq, struct reply *reply);
enum err shares_delete(struct request *rq, struct reply *reply);
enum err reconcile_create(struct request *rq, struct reply *reply);
enum err adjustments_create(struct request *rq, struct reply *reply);
enum err adjustments_list(struct request *rq, struct reply *reply);
enum err adjustments_assent(struct request *rq, struct reply *reply);
job_run statement_run, response_run, assent_run, withdrawal_run, adjustment_run, share_run;
log_change withdrawal_log;

/* assents.c: whether that is the party's assent, or, by its typ, what takes one back. */
struct assented;
MUST_CHECK enum err assent_check(const struct instance *in, const struct contract *k, const struct party *party,
                                 const char *typ, struct span jws, const struct assented *to, int64_t now_ms,
                                 struct problem *p);
/* Whether the assent of the entry at `index`, the party's, is this very one; then it is answered again. ERR_CONFLICT:
 * it is another one, which adds nothing. */
MUST_CHECK enum err assent_again(struct batch *cx, const struct contract *k, uint64_t index, struct span jws,
                                 const char *what, struct problem *p);
/* adjustments.c: of an assent to one. */
job_run adjustment_assent_run;
/* How many adjustments that count are about a statement, and what they come to: {adjustments, micros}. */
MUST_CHECK enum err adjustments_about(struct txn *t, const struct contract *k, struct span statement, json_t **out);
/* responses.c: {at, disputed, party, reason, role, verdict} of each party, as it said last; verdict `none`: nothing.
 * `disputed` is a list of lines, or, not `whole`, how many they are. */
struct statement_meta;
MUST_CHECK enum err responses_state(struct txn *t, struct span statement, const struct statement_meta *m, bool whole,
                                    json_t **out);

#endif
