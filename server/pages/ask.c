#include "server/pages/ask.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/json_read.h"
#include "common/base/when.h"

const struct route *ask_route(const struct request *rq, asked *of)
{
    const struct routes *all = &rq->worker->server->routes;
    size_t i = 0;
    while (i < all->n && all->route[i].handle != of)
        i++;
    assert(i < all->n);
    return &all->route[i];
}

enum err ask_body(struct request *rq, asked *of, struct span param, struct span query, struct span *out)
{
    const struct route *route = ask_route(rq, of);
    struct request call = {.id = rq->id,
                           .method = METHOD_GET,
                           .target = rq->target,
                           .path = rq->path,
                           .query = query,
                           .accept = SPAN("application/json"),
                           .arrived_ms = rq->arrived_ms,
                           .arrived_us = rq->arrived_us,
                           .arena = rq->arena,
                           .param = {param},
                           .route = route,
                           .caller = rq->caller,
                           .token = rq->token,
                           .catalog = rq->catalog,
                           .worker = rq->worker};
    struct reply answer = {0};
    if (route->roles & ROUTE_ANY_PARTY && !(route->roles & rq->caller->role))
        return problem(&rq->problem, ERR_FORBIDDEN, "", "this page is not for your role");
    enum err err = of(&call, &answer);
    rq->problem = call.problem;
    rq->cause = call.cause;
    if (call.seen != 0) { /* asked again once all of it is there */
        rq->seen = call.seen;
        rq->unseen = call.unseen;
    }
    if (err == ERR_OK)
        *out = answer.heap != NULL ? arena_copy(rq->arena, answer.body) : answer.body;
    free(answer.heap);
    return err;
}

enum err ask(struct request *rq, asked *of, struct span param, struct span query, json_t **out)
{
    struct span body;
    enum err err = ask_body(rq, of, param, query, &body);
    if (err != ERR_OK)
        return err;
    return json_read(body, out, NULL) == ERR_OK ? ERR_OK : ERR_INTERNAL;
}

enum err ask_all(struct request *rq, asked *of, struct span param, const char *query, size_t most, json_t **out)
{
    json_t *all = json_array();
    struct span after = SPAN("");
    do {
        json_t *answer = NULL;
        struct buf b;
        arena_buf(rq->arena, &b, 64 + strlen(query) + after.len);
        buf_printf(&b, "limit=%d%s", LIMIT_LIST, query);
        buf_str(&b, span_empty(after) ? "" : "&after=");
        buf_span_add(&b, after);
        enum err err = ask(rq, of, param, buf_span(&b), &answer);
        if (err != ERR_OK) {
            json_decref(all);
            return err;
        }
        json_array_extend(all, json_object_get(answer, "data"));
        after = arena_copy(rq->arena, ask_text(answer, "next"));
        json_decref(answer);
    } while (!span_empty(after) && json_array_size(all) < most);
    *out = all;
    return ERR_OK;
}

struct span ask_text(const json_t *from, const char *member)
{
    const json_t *v = json_object_get(from, member);
    return json_is_string(v) ? span_of(json_string_value(v), json_string_length(v)) : SPAN("");
}

int64_t ask_int(const json_t *from, const char *member)
{
    return json_integer_value(json_object_get(from, member));
}

int64_t ask_time(const json_t *from, const char *member)
{
    int64_t ms;
    return time_parse(ask_text(from, member), &ms) == ERR_OK ? ms : 0;
}
