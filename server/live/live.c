#include "server/live/live.h"

#include <stdlib.h>
#include <string.h>

#include "server/api/call.h"
#include "server/api/list.h"
#include "server/commit/news.h"
#include "server/live/live_private.h"
#include "server/system/system.h"

/* ---- a piece ---- */

void piece_event(struct piece *p, const char *event)
{
    stream_id(p->rq.worker, &p->place, &p->text);
    buf_str(&p->text, "event: ");
    buf_str(&p->text, event);
    buf_str(&p->text, "\ndata: ");
    jw_open(&p->json, &p->text);
}

void piece_event_end(struct piece *p)
{
    jw_close(&p->json);
    buf_str(&p->text, "\n\n");
}

bool piece_shows(const struct piece *p, const struct contract *k)
{
    return k != NULL && (p->stream->contract == 0 || p->stream->contract == k->number) &&
           catalog_may_read(p->rq.catalog, p->rq.caller, k);
}

static enum err fill(struct piece *p)
{
    const struct stream_due *asked = &p->stream->asked;
    enum err err = ERR_OK;
    if (asked->events)
        err = piece_events(p);
    if (err == ERR_OK && asked->refused && !piece_full(p))
        err = piece_refused(p);
    else if (asked->refused)
        p->stream->behind = true;
    if (err == ERR_OK && asked->counters)
        err = piece_counters(p);
    return err;
}

static enum err more(struct request *rq, struct reply *reply)
{
    uint64_t end = news_end(rq->worker->server->news);
    enum err err = stream_follow(rq);
    if (err != ERR_OK)
        return err;
    struct piece p = {.stream = rq->stream,
                      .place = rq->stream->place,
                      .end = end,
                      .rq = {.worker = rq->worker, .catalog = rq->catalog, .caller = rq->caller, .token = rq->token}};
    p.rq.arena = arena_new();
    buf_heap(&p.text);
    err = fill(&p);
    rq->problem = p.rq.problem;
    arena_free(p.rq.arena);
    if (err != ERR_OK) {
        buf_free(&p.text);
        return err;
    }
    if (p.text.len == 0) { /* how far it looked */
        stream_id(rq->worker, &p.place, &p.text);
        buf_str(&p.text, ":\n\n");
    }
    rq->stream->place = p.place;
    reply_body_take(reply, "text/event-stream", &p.text);
    reply->more = more;
    return ERR_OK;
}

/* ---- GET /v1/live ---- */

/* From now on, or behind what the client had last. */
static enum err begin_at(struct request *rq, struct event_place *out)
{
    if (rq->worker->server->news == NULL)
        return problem(&rq->problem, ERR_BUSY, "", "there is nothing to follow here");
    uint64_t end = news_end(rq->worker->server->news);
    *out = (struct event_place){.seq = end, .refused_ms = clock_ms()};
    if (span_empty(rq->last_event_id))
        return ERR_OK;
    if (event_id_read(rq->worker->tokens, rq->last_event_id, out) != ERR_OK)
        return problem(&rq->problem, ERR_MALFORMED, "Last-Event-ID", "must be an id of this server's events");
    if (out->seq > end)
        return problem(&rq->problem, ERR_MALFORMED, "Last-Event-ID",
                       "is ahead of this server, whose store was put back since: begin without it, and read the lists");
    return ERR_OK;
}

enum err live_get(struct request *rq, struct reply *reply)
{
    struct param contract = {.name = "contract"};
    const struct contract *k = NULL;
    struct event_place place;
    enum err err = params_read(rq, &contract, 1);
    if (err == ERR_OK && contract.given && (err = call_contract(rq, contract.value, &k)) == ERR_OK) {
        rq->seen = k->number;
        rq->unseen = "there is no such contract any more that you may read";
    }
    if (err == ERR_OK)
        err = begin_at(rq, &place);
    if (err == ERR_OK && rq->method != METHOD_HEAD) /* whose answer is what a stream begins with, and no stream */
        err = streams_open(rq, reply, k != NULL ? k->number : 0, &place);
    if (err != ERR_OK)
        return err;
    reply->content_type = SPAN("text/event-stream");
    reply->more = more;
    reply_header(reply, "Cache-Control", SPAN("no-store"));
    reply_header(reply, "X-Accel-Buffering", SPAN("no")); /* nginx would keep events back */
    return ERR_OK;
}
