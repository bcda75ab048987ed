/* What a route handler fills. Spans live until the reply is sent: in the request's arena, or longer. */
#ifndef CS_SERVER_HTTP_REPLY_H
#define CS_SERVER_HTTP_REPLY_H

#include "common/base/accept.h"
#include "server/http/request.h"

struct reply {
    int status; /* 0 = 200 */
    bool meant; /* a 5xx on purpose, which is no failure */
    struct span content_type, body;
    struct {
        const char *name;
        struct span value;
    } header[12];
    size_t n_headers;
    char *heap; /* NULL, or the body's memory, which is the reply's */
    /* NULL: that is all. Else the body goes on, in chunks: this makes its next piece once the peer has taken what there
     * is. It fills the body anew, and sets `more` again while there is more: of an empty one it is asked again. What
     * it fails to make ends the connection, so that nobody takes what there is for the whole. */
    enum err (*more)(struct request *rq, struct reply *reply);
    void *making; /* its own, in the request's arena */
    bool cut;     /* it failed */
    bool stream;  /* its pieces come whenever there is one, without end: nobody waits for them, but for who hangs up */
};

int reply_status(const struct reply *r);
void reply_header(struct reply *r, const char *name, struct span value);
/* Body from a heap buffer: copies into the arena. */
void reply_body(struct request *rq, struct reply *r, const char *content_type, struct span body);
/* A large body: takes the heap buffer's memory, and leaves it empty. */
void reply_body_take(struct reply *r, const char *content_type, struct buf *body);
/* What goes with an HTML page: its language, and a policy by which nothing runs or loads but the style in it (exactly
 * what stands in <style>) and `directives`, which say where forms go: "img-src 'self'; form-action 'none'; ". */
void reply_page(struct request *rq, struct reply *r, enum language language, struct span style, const char *directives);
/* application/problem+json of an error and of rq->problem (RFC 9457): type, title, status, detail, field, request_id.
 */
void reply_problem(struct request *rq, struct reply *r, enum err err);
/* Why the guard refuses bytes. */
struct http_fault {
    int status;
    bool line_told; /* the request line was understood, or was cut for its length alone */
    bool blank;     /* it would be one, but for a blank within its target, which ends there */
    bool lenient;   /* its target may hold what is not encoded */
    bool plain;     /* it came as it is where TLS is spoken */
    bool cut;       /* not even its request line came whole */
};
/* The same for bytes that are no request: the guard's status, which is that of the error returned,
 * or of none (ERR_OK). What of a target is not percent-encoded is named, with its field. */
enum err reply_fault(struct request *rq, struct reply *r, const struct http_fault *fault);

#endif
