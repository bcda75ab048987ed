/* What calls about one campaign share. Worker thread. */
#ifndef CS_SERVER_API_CAMPAIGN_H
#define CS_SERVER_API_CAMPAIGN_H

#include "server/catalog/catalog.h"
#include "server/http/request.h"

/* Whoever may read one of its contracts may read the campaign: its document stands in their log. */
bool campaign_seen(const struct request *rq, const struct campaign *c);
/* The one that the path names, if the caller may change it. */
MUST_CHECK enum err campaign_owned(struct request *rq, const struct campaign **out);
/* When its document binds, which the versions of its direct contract tell: 0 where it does so by then. Any thread. */
int64_t campaign_waits_until(const struct versions *direct, int64_t now_ms);
/* The zone that a body names, if any, by the system's zones: the document's own check knows its form alone. */
MUST_CHECK enum err campaign_zone(struct request *rq, const json_t *body);

#endif
