/* What browsers and crawlers fetch of any site by themselves, and the page that checks statements. */
#ifndef CS_SERVER_WEB_SITE_H
#define CS_SERVER_WEB_SITE_H

#include "server/worker/dispatch.h"

enum err robots_get(struct request *rq, struct reply *r);
enum err favicon_get(struct request *rq, struct reply *r);
enum err icon_get(struct request *rq, struct reply *r);
enum err verify_get(struct request *rq, struct reply *r);

#endif
