/* The page of a party. */
#ifndef CS_SERVER_PAGES_ACCOUNT_H
#define CS_SERVER_PAGES_ACCOUNT_H

#include "server/pages/act.h"

/* On a reader thread: of the party that the path names, or of the caller. */
MUST_CHECK enum err account_read(struct request *rq, struct reply *reply);

#endif
