#include "server/worker/cors.h"

#include "common/base/ascii.h"
#include "common/base/text.h"

#define SENT "Authorization, Content-Type, Idempotency-Key, If-None-Match"
#define READ "Content-Language, Idempotent-Replayed, Request-Id, Retry-After, WWW-Authenticate"

enum { PORT_DIGITS = 5 };

static bool is_host(struct span s)
{
    struct span name = s, port = s;
    bool numbered = text_cut(&port, ':', &name);
    if (numbered && (span_empty(port) || port.len > PORT_DIGITS || !ascii_all_digits(port)))
        return false;
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] != ascii_to_lower(name.ptr[i]))
            return false;
    return !span_empty(name) && ascii_all_alnum_or(name, "-.");
}

static bool is_origin(struct span s)
{
    size_t scheme = span_starts(s, "https://") ? 8 : span_starts(s, "http://") ? 7 : 0;
    return scheme > 0 && is_host(span_skip(s, scheme));
}

enum err cors_parse(struct span list, struct problem *p)
{
    while (list.len > 0) {
        struct span one = text_trim(text_take(&list, ','), HTTP_BLANKS);
        if (!is_origin(one))
            return problem(p, ERR_INVALID, "cors_origins",
                           "must be origins as browsers write them, separated by commas: https://portal.example, "
                           "without a path, in small letters");
    }
    return ERR_OK;
}

static bool is_listed(struct span list, struct span origin)
{
    bool listed = false;
    while (list.len > 0)
        listed |= span_eq(text_trim(text_take(&list, ','), HTTP_BLANKS), origin);
    return listed && !span_empty(origin);
}

static bool is_public(const struct route *r)
{
    return !(r->roles & (ROUTE_ANY_PARTY | ROUTE_OPS | ROUTE_SIGNED | ROUTE_VISITORS | ROUTE_PAGE)) && r->admit == NULL;
}

/* Parties call it. */
static bool is_called(const struct route *r)
{
    return r->roles & ROUTE_ANY_PARTY || r->admit != NULL;
}

static struct span origins_of(const struct request *rq)
{
    return span_str(rq->worker->settings->options.cors_origins.text);
}

/* Empty: no page of another origin. */
static struct span allowed(const struct request *rq, const struct route *route)
{
    if (route == NULL || span_empty(rq->origin))
        return SPAN("");
    if (is_public(route))
        return SPAN("*");
    bool listed = is_called(route) && is_listed(origins_of(rq), rq->origin);
    return listed ? rq->origin : SPAN("");
}

void cors_answer(const struct request *rq, const struct route *route, struct reply *reply)
{
    struct span origin = allowed(rq, route);
    if (route != NULL && is_called(route) && !span_empty(origins_of(rq)))
        reply_header(reply, "Vary", SPAN("Origin"));
    if (span_empty(origin))
        return;
    reply_header(reply, "Access-Control-Allow-Origin", origin);
    if (rq->method != METHOD_OPTIONS)
        reply_header(reply, "Access-Control-Expose-Headers", SPAN(READ));
}

void cors_preflight(const struct request *rq, const struct route *route, struct span methods, struct reply *reply)
{
    if (span_empty(allowed(rq, route)))
        return;
    reply_header(reply, "Access-Control-Allow-Methods", methods);
    reply_header(reply, "Access-Control-Allow-Headers", SPAN(SENT));
    reply_header(reply, "Access-Control-Max-Age", SPAN("600"));
}
