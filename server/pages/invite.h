/* The page behind an invitation's link: a first API token and postback secret for whom it was sent to. */
#ifndef CS_SERVER_PAGES_INVITE_H
#define CS_SERVER_PAGES_INVITE_H

#include "server/worker/dispatch.h"

/* A page where Accept weighs one more than JSON, else JSON. Looking uses nothing up: what looks into links by itself
 * asks by GET. */
enum err invite_get(struct request *rq, struct reply *reply);
enum err invite_post(struct request *rq, struct reply *reply);
enum err invite_finish(struct request *rq, struct job *job, struct reply *reply);

#endif
