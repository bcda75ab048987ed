/* Reports: GET /v1/reports, on a reader thread. */
#ifndef CS_SERVER_REPORTS_REPORTS_H
#define CS_SERVER_REPORTS_REPORTS_H

#include "server/worker/dispatch.h"

enum err reports_admit(struct request *rq); /* route.admit: whether it takes long */
enum err reports_get(struct request *rq, struct reply *reply);

#endif
