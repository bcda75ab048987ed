#include "server/worker/dispatch.h"

#include "server/system/log.h"

static bool matches(const char *pattern, struct span path, struct span param[3])
{
    size_t at = 0, n = 0;
    while (*pattern) {
        if (*pattern != '{') {
            if (at == path.len || path.ptr[at] != *pattern)
                return false;
            pattern++, at++;
            continue;
        }
        bool rest = pattern[1] == '*';
        size_t from = at;
        while (at < path.len && (rest || path.ptr[at] != '/'))
            at++;
        if (at == from && !rest)
            return false;
        param[n++] = span_of(path.ptr + from, at - from);
        pattern += rest ? 3 : 2;
    }
    return at == path.len;
}

enum err dispatch_find(const struct routes *routes, struct request *rq, unsigned *allow)
{
    unsigned others = 0;
    for (size_t i = 0; i < routes->n; i++) {
        const struct route *r = &routes->route[i];
        struct span param[3] = {{0}};
        if (!matches(r->pattern, rq->path, param))
            continue;
        if (r->methods & rq->method) {
            memcpy(rq->param, param, sizeof param);
            rq->route = r;
            return ERR_OK;
        }
        others |= r->methods;
    }
    if (!others)
        return ERR_NOT_FOUND;
    *allow = others;
    return ERR_METHOD;
}

static struct span allow_text(struct request *rq, unsigned methods)
{
    struct buf b;
    arena_buf(rq->arena, &b, 64);
    for (unsigned bit = 1; bit < METHODS_END; bit <<= 1) {
        if (!(methods & bit))
            continue;
        buf_str(&b, b.len ? ", " : "");
        buf_str(&b, method_name((enum method)bit));
    }
    return buf_span(&b);
}

static enum err authenticate(struct request *rq)
{
    struct span token;
    if (!bearer_token(rq->authorization, &token))
        return problem(&rq->problem, ERR_UNAUTHORIZED, "", "send Authorization: Bearer and an API token");
    rq->caller = catalog_token(rq->catalog, token);
    if (rq->caller == NULL)
        return problem(&rq->problem, ERR_UNAUTHORIZED, "", "this API token is not known");
    if (!(rq->route->roles & rq->caller->role))
        return problem(&rq->problem, ERR_FORBIDDEN, "", "this call is not for your role");
    return ERR_OK;
}

/* ---- the edge ---- */

static void count(struct counters *c, int status)
{
    METRIC_ADD(c, requests, 1);
    if (status == 401)
        METRIC_ADD(c, unauthorized, 1);
    else if (status == 503)
        METRIC_ADD(c, busy, 1);
    else if (status >= 400 && status < 500)
        METRIC_ADD(c, rejected_input, 1);
}

/* Every request ends here, whatever became of it: its reply is filled. */
static void edge(struct worker *w, struct request *rq, const struct reply *reply, enum err err)
{
    int status = reply_status(reply);
    worker_reader_end(w);
    count(w->counters, status);
    log_line(status == 500 ? LOG_WARN : LOG_DEBUG, rq->id, "answered", "%d %s %.*s", status, err_word(err),
             (int)rq->path.len, rq->path.ptr);
}

/* False for ERR_PENDING. */
static bool end(struct worker *w, struct request *rq, struct reply *reply, enum err err)
{
    if (err == ERR_PENDING) {
        worker_reader_end(w);
        return false;
    }
    if (err != ERR_OK) {
        reply_problem(rq, reply, err);
        if (err == ERR_UNAUTHORIZED && !(rq->route->roles & ROUTE_SIGNED))
            reply_header(reply, "WWW-Authenticate", SPAN("Bearer"));
    }
    edge(w, rq, reply, err);
    return true;
}

bool dispatch(struct worker *w, struct request *rq, struct reply *reply)
{
    unsigned allow = 0;
    enum err err = dispatch_find(&w->server->routes, rq, &allow);
    if (err == ERR_OK && w->server->admin_listen[0] && rq->admin != !!(rq->route->roles & ROUTE_OPS))
        err = ERR_NOT_FOUND;
    if (err == ERR_OK && rq->route->roles & ROUTE_ANY_PARTY)
        err = authenticate(rq);
    if (err == ERR_OK)
        err = rq->route->handle(rq, reply);
    if (err != ERR_METHOD)
        return end(w, rq, reply, err);
    reply_problem(rq, reply, err);
    reply_header(reply, "Allow", allow_text(rq, allow));
    edge(w, rq, reply, err);
    return true;
}

bool dispatch_finish(struct worker *w, struct request *rq, struct job *job, struct reply *reply)
{
    enum err err = rq->route->finish(rq, job, reply);
    if (err != ERR_OK && err != ERR_PENDING && rq->problem.detail[0] == '\0')
        rq->problem = job->problem;
    return end(w, rq, reply, err);
}

/* The route whose targets begin as this one does. */
static const struct route *route_like(const struct routes *routes, struct span target)
{
    for (size_t i = 0; i < routes->n; i++) {
        const char *pattern = routes->route[i].pattern;
        size_t n = strcspn(pattern, "{");
        if (pattern[n] != '\0' && target.len >= n && memcmp(target.ptr, pattern, n) == 0)
            return &routes->route[i];
    }
    return NULL;
}

void dispatch_fault(struct worker *w, struct request *rq, const struct http_fault *fault, struct reply *reply)
{
    const struct route *r = route_like(&w->server->routes, rq->target);
    if (r == NULL || r->fault == NULL || !r->fault(rq, fault, reply))
        reply_fault(rq, reply, fault->status);
    METRIC_ADD(w->counters, requests, 1);
    METRIC_ADD(w->counters, rejected_input, 1);
    log_line(LOG_DEBUG, rq->id, "refused", "%d", fault->status);
}
