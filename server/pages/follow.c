/* What is new, as it comes, for pages: the stream of /v1/live, of whoever is signed in. */
#include "server/live/live.h"
#include "server/pages/pages.h"

enum err follow_get(struct request *rq, struct reply *reply)
{
    if (rq->caller == NULL)
        return problem(&rq->problem, ERR_UNAUTHORIZED, "", "sign in first");
    return live_get(rq, reply);
}
