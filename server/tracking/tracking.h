/* Handlers of the tracking lane: clicks, pixels, the tag. Worker thread. */
#ifndef CS_SERVER_TRACKING_TRACKING_H
#define CS_SERVER_TRACKING_TRACKING_H

#include "server/worker/dispatch.h"

enum err click_handle(struct request *rq, struct reply *r);
enum err click_finish(struct request *rq, struct job *job, struct reply *r);
/* Visitors follow these links: words for people, also about a request that is none. */
bool click_fault(struct request *rq, const struct http_fault *fault, struct reply *r);

enum err pixel_handle(struct request *rq, struct reply *r);
enum err pixel_finish(struct request *rq, struct job *job, struct reply *r);
/* A pixel stays an image where its line was told. */
void pixel_sender(struct request *rq);
bool pixel_fault(struct request *rq, const struct http_fault *fault, struct reply *r);

enum err tag_handle(struct request *rq, struct reply *r);

#endif
