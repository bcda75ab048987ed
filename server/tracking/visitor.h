/* What a visitor sees whose link leads nowhere: a small page in the language that the browser asks for. */
#ifndef CS_SERVER_TRACKING_VISITOR_H
#define CS_SERVER_TRACKING_VISITOR_H

#include "server/worker/dispatch.h"

/* Fills the reply: who asks for JSON and not for a page gets a problem (ERR_NOT_FOUND, ERR_GONE). site: the
 * advertiser's, whose front page is named; empty: nobody's. */
MUST_CHECK enum err visitor_page(struct request *rq, struct reply *r, enum click_fault fault, struct span site);

#endif
