/* What came in and what went out: two pages with one head. */
#ifndef CS_SERVER_PAGES_ACTIVITY_H
#define CS_SERVER_PAGES_ACTIVITY_H

#include "server/pages/screen.h"

/* The head; here: the address of the one that it is. */
void activity_tabs(struct screen *s, const char *here);

#endif
