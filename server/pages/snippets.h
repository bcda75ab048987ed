/* Code to copy: how a lead is reported by a signed postback, in several languages, each whole. */
#ifndef CS_SERVER_PAGES_SNIPPETS_H
#define CS_SERVER_PAGES_SNIPPETS_H

#include "common/base/buf.h"

enum { SNIPPETS = 4 };

const char *snippet_name(size_t i);
/* With the server's own address and the key id of who copies it. */
void snippet_write(struct buf *out, size_t i, struct span url, struct span kid);

#endif
