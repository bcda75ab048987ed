#include "server/pages/act.h"

#include <assert.h>
#include <stdlib.h>

#include "common/base/query.h"
#include "server/pages/sign_in.h"

/* ---- the request becomes the call, so that its record says what was sent, too ---- */

static const struct act *act_of(const struct form *f, const struct act *acts, size_t n)
{
    const struct span name = form_value(f, "act");
    for (size_t i = 0; i < n; i++)
        if (span_is(name, acts[i].name))
            return &acts[i];
    return n == 1 && span_empty(name) ? acts : NULL;
}

static struct span named(const struct request *rq, const struct acting *w, const char *what)
{
    return strcmp(what, ACT_PATH) == 0     ? w->page.param[0]
           : strcmp(what, ACT_PATH_2) == 0 ? w->page.param[1]
           : strcmp(what, ACT_SELF) == 0   ? span_str(rq->caller->id)
                                           : form_value(&w->form, what);
}

static void put_target(struct request *rq, const struct acting *w)
{
    const char *rest = w->route->pattern, *hole;
    struct buf target;
    arena_buf(rq->arena, &target, strlen(rest) + 3 * (rq->param[0].len + rq->param[1].len + rq->param[2].len));
    for (size_t i = 0; (hole = strstr(rest, "{}")) != NULL; i++) {
        buf_add(&target, rest, (size_t)(hole - rest));
        query_encode(&target, rq->param[i]);
        rest = hole + 2;
    }
    buf_str(&target, rest);
    rq->target = buf_span(&target);
}

static void keep_page(const struct request *rq, struct acting *w)
{
    w->page = (struct page_asked){
        .query = rq->query, .target = rq->target, .body = rq->body, .content_type = rq->content_type};
    memcpy(w->page.param, rq->param, sizeof w->page.param);
}

static enum err become_call(struct request *rq, struct acting *w)
{
    for (size_t i = 0; i < 3; i++)
        rq->param[i] = w->act->in[i] != NULL ? named(rq, w, w->act->in[i]) : SPAN("");
    put_target(rq, w);
    rq->query = SPAN("");
    rq->content_type = SPAN("application/json");
    rq->idempotency_key = form_value(&w->form, "once");
    if (w->act->whole != NULL)
        return w->act->whole(rq, &w->form);
    return act_body(w->act, &w->form, rq->arena, &rq->body, &rq->problem);
}

static void become_page(struct request *rq, const struct acting *w)
{
    memcpy(rq->param, w->page.param, sizeof rq->param);
    rq->query = w->page.query;
    rq->target = w->page.target;
    rq->body = w->page.body;
    rq->content_type = w->page.content_type;
}

/* ---- what became of it ---- */

/* A matter of the form, which is shown again; else an error. */
static bool is_refusal(const struct acting *w)
{
    return (err_status(w->err) < 500 && !(w->err == ERR_NOT_FOUND && w->problem.field[0] == '\0')) ||
           w->err == ERR_FULL || w->err == ERR_BUSY;
}

/* The page that is to be shown; NULL: none. */
static asked *note_outcome(struct request *rq, enum err err, struct reply *answer)
{
    struct acting *w = rq->acting;
    become_page(rq, w);
    w->err = err;
    w->problem = rq->problem;
    w->status = err == ERR_OK ? reply_status(answer) : err_status(err);
    if (err == ERR_OK)
        w->answer = answer->heap != NULL ? arena_copy(rq->arena, answer->body) : answer->body;
    else if (w->problem.detail[0] == '\0')
        problem(&w->problem, err, "", "%s", err_title(err));
    free(answer->heap);
    if (err == ERR_OK)
        return w->act->show;
    return is_refusal(w) ? w->act->again : NULL;
}

static enum err go(struct request *rq, struct reply *reply)
{
    const struct acting *w = rq->acting;
    const char *hole = w->act->to != NULL ? strstr(w->act->to, "{}") : NULL;
    struct span named_there = rq->param[0];
    json_t *said = NULL;
    struct buf to;
    if (hole == NULL)
        return screen_go(rq, reply, w->act->to != NULL ? span_str(w->act->to) : rq->path);
    if (w->act->made != NULL && json_read(w->answer, &said, NULL) == ERR_OK)
        named_there = arena_copy(rq->arena, ask_text(said, w->act->made));
    json_decref(said);
    arena_buf(rq->arena, &to, strlen(w->act->to) + 3 * named_there.len);
    buf_add(&to, w->act->to, (size_t)(hole - w->act->to));
    query_encode(&to, named_there);
    buf_str(&to, hole + 2);
    return screen_go(rq, reply, buf_span(&to));
}

/* On a reader thread: what the call has read, and the page, if that is all. */
static enum err act_read(struct request *rq, struct reply *reply)
{
    struct reply answer = {0};
    enum err err = rq->acting->read(rq, &answer);
    if (err == ERR_PENDING)
        return err;
    asked *page = note_outcome(rq, err, &answer);
    return page != NULL ? page(rq, reply) : err != ERR_OK ? err : go(rq, reply);
}

static enum err follow(struct request *rq, struct reply *reply, enum err err, struct reply *answer)
{
    if (err == ERR_PENDING && rq->read != NULL) {
        rq->acting->read = rq->read;
        rq->read = act_read;
    }
    if (err == ERR_PENDING)
        return err;
    rq->read = note_outcome(rq, err, answer);
    return rq->read != NULL ? ERR_PENDING : err != ERR_OK ? err : go(rq, reply);
}

/* ---- the call ---- */

static enum err call(struct request *rq, struct acting *w, struct reply *answer)
{
    const unsigned roles = w->route->roles;
    enum err err = dispatch_scopes(rq, roles & SCOPE_ALL);
    if (err != ERR_OK || (err = become_call(rq, w)) != ERR_OK)
        return err;
    if (w->route->admit != NULL && (err = w->route->admit(rq)) != ERR_OK)
        return err;
    if (roles & ROUTE_READS) {
        rq->read = w->route->handle;
        return ERR_PENDING;
    }
    err = w->route->handle(rq, answer);
    bool comes_back = rq->route->roles & ROUTE_ROWS; /* from a reader, perhaps, which cannot submit */
    return err == ERR_PENDING && roles & ROUTE_ROWS && !comes_back ? w->route->finish(rq, NULL, answer) : err;
}

enum err act_post(struct request *rq, struct reply *reply, const struct act *acts, size_t n)
{
    struct acting *w = arena_alloc(rq->arena, sizeof *w);
    struct reply answer = {0};
    bool answered;
    memset(w, 0, sizeof *w);
    enum err err = sign_in_form(rq, reply, &w->form, &answered);
    if (err != ERR_OK || answered)
        return err;
    if ((w->act = act_of(&w->form, acts, n)) == NULL)
        return problem(&rq->problem, ERR_MALFORMED, "act", "is no form of this page: open it anew, and send it again");
    w->route = ask_route(rq, w->act->call);
    if (!(w->route->roles & rq->caller->role))
        return problem(&rq->problem, ERR_FORBIDDEN, "", "this form is not for your role");
    rq->acting = w;
    keep_page(rq, w);
    err = call(rq, w, &answer);
    return follow(rq, reply, err, &answer);
}

enum err act_finish(struct request *rq, struct job *job, struct reply *reply)
{
    struct reply answer = {0};
    enum err err = rq->acting->route->finish(rq, job, &answer);
    if (err != ERR_OK && err != ERR_PENDING && job != NULL && rq->problem.detail[0] == '\0')
        rq->problem = job->problem;
    return follow(rq, reply, err, &answer);
}
