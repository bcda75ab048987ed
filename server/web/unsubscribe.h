/* The link in each notice: no more of them, by a person's click (a page with one button) or a mail program's (RFC
 * 8058). Looking stops nothing: what looks into links by itself asks by GET. */
#ifndef CS_SERVER_WEB_UNSUBSCRIBE_H
#define CS_SERVER_WEB_UNSUBSCRIBE_H

#include "server/worker/dispatch.h"

enum err unsubscribe_get(struct request *rq, struct reply *reply);
enum err unsubscribe_post(struct request *rq, struct reply *reply);
enum err unsubscribe_finish(struct request *rq, struct job *job, struct reply *reply);

#endif
