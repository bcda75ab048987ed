/* The strict reader of HTTP/1.1 request heads (RFC 9112), the only one: whatever is not plainly well formed is refused,
 * so that no two readers of the same bytes can differ. Pure. */
#ifndef CS_SERVER_HTTP_HTTP_HEAD_H
#define CS_SERVER_HTTP_HTTP_HEAD_H

#include "server/http/request.h"

struct http_head {
    uint64_t content_length;
    bool http10, keep_alive, expect_continue;
    bool tracking; /* /c/ or /p/ by GET or HEAD: the fast lane takes it */
};

/* Looks for the end of a head in bytes, of which the first *scanned were looked at before (start with 0). *len is the
 * head's length with its blank line, or 0 when it is not complete yet. The result is 0, or the status to refuse with:
 * 400 at a line that does not end in CRLF, 414, 431. */
MUST_CHECK int http_head_find(struct span bytes, size_t *scanned, size_t *len);
/* Reads a whole head. Fills *h and the head's members of *rq with spans into it. 0, or the status to refuse with: 400,
 * 413, 414, 417, 501, 505. A body comes with POST, PUT and PATCH alone, and always by Content-Length (none: empty). */
MUST_CHECK int http_head_read(struct span head, struct request *rq, struct http_head *h);
/* Whom a refusal of bytes, a head that found or read refused with `status`, has to speak to: the tracking lane shows
 * images and pages to visitors, all else is read by programs. */
enum http_fault { FAULT_PROGRAM, FAULT_CLICK, FAULT_PIXEL };
enum http_fault http_head_fault(struct span bytes, int status);
/* The standard phrase of a status ("" for one that we never send). */
const char *http_phrase(int status);

#endif
