/* A list of the API, page by page (INTERFACE section 1), from a server that nobody trusts. */
#ifndef CS_SERVER_CMD_LISTING_H
#define CS_SERVER_CMD_LISTING_H

#include <jansson.h>

#include "common/base/buf.h"
#include "server/cmd/download.h"

/* Of a page. Parsed, its JSON can take 80 times its bytes, and no other page is kept. */
enum { LISTING_ROWS = 50, LISTING_PAGE_MAX = 512 << 10 /* bytes */ };

struct listing {
    const struct download *from; /* for what is told of it */
    const char *list, *query;    /* "statements"; "" or what stands behind the limit: "&verdict=none" */
    size_t pages;                /* of a list that may be longer than others: how many; 0: some 100,000 rows */
    /* GETs the path into body, at most LISTING_PAGE_MAX bytes, or ends the process. */
    void (*get)(void *ctx, const char *path, struct buf *body);
    bool (*take)(void *ctx, const json_t *row); /* false: no more is wanted */
    void *ctx;                                  /* of both */
};

/* Each row, in the server's order; it stands until take returns. Ends the process where a page is no page, or they do
 * not end. */
void listing_walk(const struct listing *l);

#endif
