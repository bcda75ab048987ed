/* What the API says in words, above all of a refused form, in the language of the page. */
#ifndef CS_SERVER_PAGES_REFUSAL_H
#define CS_SERVER_PAGES_REFUSAL_H

#include "server/pages/ask.h"
#include "server/pages/screen.h"

/* Writes a problem's detail: what the table knows in the page's words, all else as it came, marked as English. */
void refusal_detail(struct page *g, struct span detail);
/* A word of ours that the API uses: a state, a reason, a role. */
void refusal_word(struct page *g, struct span word);
/* A text, behind the field that it is about. */
void refusal_said(struct page *g, struct span field, struct span detail);
/* One side of a difference between two versions of terms, `before` or `after`, as the API tells it, between this HTML.
 */
void difference_side(struct page *g, const json_t *difference, const char *which, const char *begin, const char *end);

#endif
