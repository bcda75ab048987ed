/* Query parameters of management calls, and list answers {"data":[...],"next":"..."} with `limit` and `after` cursors.
 * Worker thread. */
#ifndef CS_SERVER_API_LIST_H
#define CS_SERVER_API_LIST_H

#include "common/base/json_write.h"
#include "server/http/reply.h"

struct param {
    const char *name;
    struct span value; /* decoded, in the arena; empty when not given */
    bool given;
};

/* Takes the request's query apart. ERR_MALFORMED naming a parameter that is not among the n, comes twice or does not
 * decode to UTF-8. */
MUST_CHECK enum err params_read(struct request *rq, struct param *params, size_t n);

enum { WINDOW_DEFAULT = 50, WINDOW_PARAMS_MAX = 24 };

struct window {
    size_t limit;      /* 1 to LIMIT_LIST */
    struct span after; /* the last item of the list before; empty on the first */
};

/* limit, after and the n further params of this list (at most WINDOW_PARAMS_MAX - 2). */
MUST_CHECK enum err window_read(struct request *rq, struct param *more, size_t n, struct window *out);

/* `order` of a list that has its oldest first, unless that says newest. ERR_MALFORMED. */
MUST_CHECK enum err list_order(struct request *rq, const struct param *order, bool *newest);

/* The answer: list_item gives room for one more item (write one value to list.w), or says that the list is full. */
struct list {
    struct buf text;
    struct jw w;
    size_t limit, n;
    bool more;
};

void list_open(struct list *l, const struct window *p);
MUST_CHECK bool list_item(struct list *l);
void list_abandon(struct list *l); /* instead of list_reply, after an error */
/* `last` is the cursor of the last item written; it becomes `next` when there is more. */
void list_reply(struct request *rq, struct reply *reply, struct list *l, struct span last);

#endif
