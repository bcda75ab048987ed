/* What the API says of a refused form, in the language of the page. */
#ifndef CS_SERVER_PAGES_REFUSAL_H
#define CS_SERVER_PAGES_REFUSAL_H

#include "server/pages/screen.h"

/* Writes a problem's detail: what the table knows in the page's words, all else as it came, marked as English. */
void refusal_detail(struct page *g, struct span detail);
/* The same, behind the field that it is about. */
void refusal_said(struct page *g, struct span field, struct span detail);

#endif
