#include "server/http/reply.h"

#include <stdlib.h>

#include "common/base/mem.h"
#include "server/system/log.h"

int reply_status(const struct reply *r)
{
    return r->status != 0 ? r->status : 200;
}

void reply_header(struct reply *r, const char *name, struct span value)
{
    if (r->n_headers == sizeof r->header / sizeof r->header[0])
        abort();
    r->header[r->n_headers].name = name;
    r->header[r->n_headers++].value = value;
}

void reply_body(struct request *rq, struct reply *r, const char *content_type, struct span body)
{
    r->content_type = span_str(content_type);
    r->body = arena_copy(rq->arena, body);
}

void reply_body_take(struct reply *r, const char *content_type, struct buf *body)
{
    r->content_type = span_str(content_type);
    r->body = buf_span(body);
    if (body->len > 0) {
        r->heap = xrealloc(body->ptr, body->len);
        r->body.ptr = r->heap;
        buf_heap(body);
    }
}

/* word NULL: a status that no error of ours has goes without a type of its own. */
static void write_problem(struct request *rq, struct reply *r, int status, const char *word, const char *title)
{
    char id[REQUEST_ID_LEN];
    struct buf text;
    request_id_write(rq->id, id);
    arena_buf(rq->arena, &text, PROBLEM_JSON_MAX);
    problem_json(&text, &rq->problem, span_of(id, sizeof id), word, status, title);
    *r = (struct reply){.status = status, .content_type = SPAN(PROBLEM_MEDIA_TYPE), .body = buf_span(&text)};
    reply_header(r, "Cache-Control", SPAN("no-store"));
}

void reply_problem(struct request *rq, struct reply *r, enum err err)
{
    write_problem(rq, r, err_status(err), err_word(err), err_title(err));
    if (r->status == 503 || err == ERR_RATE)
        reply_header(r, "Retry-After", SPAN("1"));
}

/* Why the guard refuses, for people. */
static void say_fault(struct problem *p, int status)
{
    if (status == 413)
        problem(p, ERR_TOO_LARGE, "", "a body has at most %d bytes", LIMIT_BODY);
    else if (status == 414)
        problem(p, ERR_URI_TOO_LONG, "", "a request target has at most %d bytes", LIMIT_TARGET);
    else if (status == 417)
        problem(p, ERR_MALFORMED, "", "the only expectation that this server knows is 100-continue");
    else if (status == 431)
        problem(p, ERR_MALFORMED, "",
                "request line and headers have at most %d bytes together, those of clicks and pixels %d", LIMIT_HEAD,
                LIMIT_HEAD_TRACKING);
    else if (status == 501)
        problem(p, ERR_NOT_IMPLEMENTED, "", "this server knows GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS");
    else if (status == 503)
        problem(p, ERR_BUSY, "", "this server holds as much of requests as it may: send it again");
    else if (status == 505)
        problem(p, ERR_MALFORMED, "", "this server speaks HTTP/1.1");
    else
        problem(p, ERR_MALFORMED, "", "this is not a well-formed HTTP/1.1 request with a Content-Length body or none");
}

enum err reply_fault(struct request *rq, struct reply *r, int status)
{
    enum err err = status == 503 ? ERR_BUSY : ERR_OK; /* the first of two that have this status is another fault */
    while (err < ERR_COUNT && err_status(err) != status)
        err++;
    say_fault(&rq->problem, status);
    if (err < ERR_COUNT)
        write_problem(rq, r, status, err_word(err), err_title(err));
    else
        write_problem(rq, r, status, NULL, http_phrase(status));
    if (status == 503)
        reply_header(r, "Retry-After", SPAN("1"));
    return err < ERR_COUNT ? err : ERR_OK;
}
