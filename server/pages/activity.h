/* What came in and what went out: two pages with one head. */
#ifndef CS_SERVER_PAGES_ACTIVITY_H
#define CS_SERVER_PAGES_ACTIVITY_H

#include "server/pages/screen.h"

/* The head; here: the address of the one that it is. */
void activity_tabs(struct screen *s, const char *here);
/* The query of their lists, in the arena: those of the n that are given. */
void activity_query(struct request *rq, const struct param *p, size_t n, struct buf *out);

#endif
