/* Handlers of statements, of their answers and of assents to terms, and the runs of what they write. */
#ifndef CS_SERVER_SETTLEMENT_SETTLEMENT_H
#define CS_SERVER_SETTLEMENT_SETTLEMENT_H

#include "server/commit/batch.h"
#include "server/worker/dispatch.h"

enum err statements_create(struct request *rq, struct reply *reply);
enum err statements_finish(struct request *rq, struct job *job, struct reply *reply);
enum err statements_list(struct request *rq, struct reply *reply);
enum err statements_admit(struct request *rq);
enum err statements_get(struct request *rq, struct reply *reply);
enum err statements_lines(struct request *rq, struct reply *reply);
enum err statements_checkpoint(struct request *rq, struct reply *reply);
enum err responses_create(struct request *rq, struct reply *reply);
enum err responses_list(struct request *rq, struct reply *reply);
enum err assents_create(struct request *rq, struct reply *reply);
job_run statement_run, response_run, assent_run;

#endif
