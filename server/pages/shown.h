/* Secrets that are shown once. */
#ifndef CS_SERVER_PAGES_SHOWN_H
#define CS_SERVER_PAGES_SHOWN_H

#include <jansson.h>

#include "server/pages/screen.h"

/* What of the answer of a call is to be kept by whoever sees it: each with a button that copies it, and all as a file.
 */
void shown_secrets(struct screen *s, const json_t *answer);
/* A text with a button that copies it; id: of the page's own. */
void shown_copy(struct screen *s, const char *id, struct span text);
/* rq->acting's answer as a page of its own, which leads back to where it was asked. */
MUST_CHECK enum err shown_read(struct request *rq, struct reply *reply);

#endif
