#include "server/http/reply.h"

#include <stdlib.h>

#include "common/base/ascii.h"
#include "common/base/mem.h"
#include "common/base/text.h"
#include "common/crypto/crypto.h"
#include "server/system/log.h"

enum { POLICY_MAX = 256 };

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

void reply_page(struct request *rq, struct reply *r, enum language language, struct span style, const char *directives)
{
    uint8_t hash[HASH_LEN];
    struct buf policy;
    sha256(style.ptr, style.len, hash);
    arena_buf(rq->arena, &policy, POLICY_MAX);
    buf_str(&policy, "default-src 'none'; ");
    buf_str(&policy, directives);
    buf_str(&policy, "style-src 'sha256-");
    buf_b64(&policy, hash, sizeof hash);
    buf_str(&policy, "'; base-uri 'none'; frame-ancestors 'none'");
    reply_header(r, "Content-Language", span_str(language_word(language)));
    reply_header(r, "Content-Security-Policy", buf_span(&policy));
    reply_header(r, "Referrer-Policy", SPAN("no-referrer"));
}

/* word NULL: a status that no error of ours has goes without a type of its own. */
static void write_problem(struct request *rq, struct reply *r, int status, const char *word, const char *title)
{
    char id[REQUEST_ID_LEN];
    struct buf text;
    request_id_write(rq->id, id);
    arena_buf(rq->arena, &text, PROBLEM_JSON_MAX);
    problem_json(&text, &rq->problem, span_of(id, sizeof id), word, status, title);
    free(r->heap); /* of what was to be answered before */
    *r = (struct reply){.status = status, .content_type = SPAN(PROBLEM_MEDIA_TYPE), .body = buf_span(&text)};
    reply_header(r, "Cache-Control", SPAN("no-store"));
}

static void retry_after(struct request *rq, struct reply *r)
{
    struct buf text;
    arena_buf(rq->arena, &text, 16);
    buf_printf(&text, "%u", rq->retry_after_s != 0 ? rq->retry_after_s : 1);
    reply_header(r, "Retry-After", buf_span(&text));
}

void reply_problem(struct request *rq, struct reply *r, enum err err)
{
    write_problem(rq, r, err_status(err), err_word(err), err_title(err));
    if (r->status == 503 || err == ERR_RATE)
        retry_after(rq, r);
}

/* A name without anything that would have to be encoded; else empty. */
static struct span pair_name(struct span target, size_t at)
{
    struct span none = {"", 0}, front, rest = span_of(target.ptr, at);
    while (text_cut(&rest, '&', &front)) {
    }
    if (!text_cut(&rest, '?', &front) && rest.ptr == target.ptr)
        return none; /* in the path */
    struct span name = text_take(&rest, '=');
    return name.len < sizeof((struct problem *)0)->field && ascii_all_alnum_or(name, "_-.[]") ? name : none;
}

/* Where RFC 3986 has no such byte; t.len: nowhere. */
static size_t unencoded(struct span t, const char **what)
{
    size_t at = 0;
    for (; at < t.len; at++) {
        unsigned char c = (unsigned char)t.ptr[at];
        *what = c >= 0x7f ? "a byte outside of ASCII" : c == '#' ? "a #" : "a % without two hexadecimal digits";
        if (c >= 0x7f || c == '#')
            break;
        if (c == '%' && (t.len - at < 3 || ascii_nibble(t.ptr[at + 1]) < 0 || ascii_nibble(t.ptr[at + 2]) < 0))
            break;
    }
    return at;
}

/* A value that its sender did not encode: nearly always why a target does not read. */
static bool say_target(struct request *rq, const struct http_fault *fault)
{
    const char *what = NULL;
    char field[sizeof rq->problem.field];
    size_t at = unencoded(rq->target, &what);
    if (fault->lenient || (at == rq->target.len && !fault->blank))
        return false;
    struct span name = pair_name(rq->target, at);
    memcpy(field, name.ptr, name.len);
    field[name.len] = '\0';
    problem(&rq->problem, ERR_MALFORMED, field, "the target holds %s: percent-encode values (RFC 3986)",
            at == rq->target.len ? "a blank" : what);
    problem_foreign(&rq->problem, ERR_MALFORMED);
    return true;
}

/* Why the guard refuses, for people. */
static void say_fault(struct request *rq, const struct http_fault *fault)
{
    struct problem *p = &rq->problem;
    int status = fault->status;
    if (status == 400 && !fault->plain && say_target(rq, fault))
        return;
    if (fault->plain)
        problem(p, ERR_MALFORMED, "", "this port speaks TLS: begin the URL with https://");
    else if (status == 413)
        problem(p, ERR_TOO_LARGE, "",
                "a body has at most %d bytes, of leads, dispositions and answers to leads %d, of rows to reconcile %d",
                LIMIT_BODY, LIMIT_BODY_ROWS, LIMIT_BODY_SHEET);
    else if (status == 414)
        problem(p, ERR_URI_TOO_LONG, "", "a request target has at most %d bytes", LIMIT_TARGET);
    else if (status == 415)
        problem(p, ERR_MEDIA_TYPE, "Content-Encoding", "a body is taken as it is, not packed: leave this header out");
    else if (status == 417)
        problem(p, ERR_MALFORMED, "", "the only expectation that this server knows is 100-continue");
    else if (status == 431)
        problem(p, ERR_MALFORMED, "",
                "request line and headers have at most %d bytes together, those of clicks and pixels %d", LIMIT_HEAD,
                LIMIT_HEAD_TRACKING);
    else if (status == 501)
        problem(
            p, ERR_NOT_IMPLEMENTED, "",
            "this server knows GET, HEAD, POST, PUT, PATCH, DELETE and OPTIONS, and the transfer coding chunked alone");
    else if (status == 503)
        problem(p, ERR_BUSY, "", "this server holds as much of requests as it may: send it again");
    else if (status == 505)
        problem(p, ERR_MALFORMED, "", "this server speaks HTTP/1.1");
    else
        problem(p, ERR_MALFORMED, "",
                "this is not a well-formed HTTP/1.1 request with a body by Content-Length, or in chunks without "
                "extensions and "
                "trailers, or with none");
}

enum err reply_fault(struct request *rq, struct reply *r, const struct http_fault *fault)
{
    int status = fault->status;
    enum err err = status == 503 ? ERR_BUSY : ERR_OK; /* the first of two that have this status is another fault */
    while (err < ERR_COUNT && err_status(err) != status)
        err++;
    say_fault(rq, fault);
    if (err < ERR_COUNT)
        write_problem(rq, r, status, err_word(err), err_title(err));
    else
        write_problem(rq, r, status, NULL, http_phrase(status));
    if (status == 503)
        reply_header(r, "Retry-After", SPAN("1"));
    return err < ERR_COUNT ? err : ERR_OK;
}
