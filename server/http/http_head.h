/* The strict reader of HTTP/1.1 request heads (RFC 9112), the only one: whatever is not plainly well formed is refused,
 * so that no two readers of the same bytes can differ. Pure. */
#ifndef CS_SERVER_HTTP_HTTP_HEAD_H
#define CS_SERVER_HTTP_HTTP_HEAD_H

#include "server/http/request.h"

struct http_head {
    uint64_t content_length;
    bool http10, keep_alive, expect_continue;
    bool chunked;         /* the body comes so; content_length is 0 */
    size_t body_limit;    /* most bytes of its body */
    bool fast;            /* GET or HEAD of a target that begins with one of the prefixes */
    bool forwarded_again; /* rq->forwarded_for or rq->forwarded is the first line of several */
};

/* How many bytes the head may have that begins with these: LIMIT_HEAD_TRACKING for a fast target, else LIMIT_HEAD. The
 * first LIMIT_HEAD bytes tell it, if there are so many. */
size_t http_head_limit(struct span bytes, const char *const *fast);
/* Looks for the end of a head in bytes, of which the first *scanned were looked at before (start with 0). *len is the
 * head's length with its blank line, or 0 when it is not complete yet. The result is 0, or the status to refuse with:
 * 400 at a line that does not end in CRLF, 414 or 431 past `limit`. */
MUST_CHECK int http_head_find(struct span bytes, size_t limit, size_t *scanned, size_t *len);
/* A path whose bodies may have more than LIMIT_BODY bytes; a `{}` in it takes one segment. One without a path ends
 * them. */
struct http_large {
    const char *path;
    size_t most;
};
/* The most bytes of a body to that path. */
size_t http_body_limit(struct span path, const struct http_large *large);

struct http_rules {
    const char *const *fast; /* prefixes, NULL-ended. Such a target is taken as real clients come by it: behind the
                                scheme and host that a proxy's client writes and doubled slashes, up to a fragment; with
                                blanks, stray '%' and raw bytes past ASCII in it */
    const struct http_large *large;
    struct span country; /* the header that rq->country is of; empty: none */
};
/* Reads a whole head. Fills *h and the head's members of *rq with spans into it. 0, or the status to refuse with: 400,
 * 413, 414, 417, 501, 505. A body comes with POST, PUT and PATCH alone, by Content-Length or chunked, never by both
 * (neither: it is empty). */
MUST_CHECK int http_head_read(struct span head, const struct http_rules *rules, struct request *rq,
                              struct http_head *h);
/* Appends the values of all lines of that name (in lower case) of a head that was read, a newline between them. */
void http_head_lines(struct span head, const char *name, struct buf *out);
/* Of bytes that are refused: method and target as they begin; GET and an empty target where the method is none; and by
 * what a person may be answered, for no other use: Accept, Accept-Language, Cookie. True when the first line is whole
 * and says HTTP/1.0 or 1.1 after one target. *blank: it does, but after more than one. *cut: it is not whole. */
bool http_head_peek(struct span bytes, struct request *rq, bool *blank, bool *cut);

#endif
