#include <stdio.h>

#include "common/base/when.h"
#include "server/api/api.h"
#include "server/courier/courier.h"
#include "server/outgoing/outgoing.h"
#include "server/system/system.h"
#include "server/worker/readers.h"

enum err healthz_get(struct request *rq, struct reply *reply)
{
    reply_body(rq, reply, "text/plain; charset=utf-8", SPAN("ok\n"));
    reply_header(reply, "Cache-Control", SPAN("no-store"));
    return ERR_OK;
}

static struct tls_status tls_of(const struct server *sv)
{
    static const struct tls_status none = {0};
    return sv->tls != NULL ? tls_status(sv->tls) : none;
}

static void say_room(const struct worker *w, struct buf *text)
{
    const struct server *sv = w->server;
    uint64_t least = (uint64_t)w->settings->options.least_room_mib.number << 20;
    struct store_room room;
    if (store_room(sv->instance.store, &room) != ERR_OK)
        return;
    if (room.disk < least)
        buf_printf(text, "; but the disk has room for %llu MiB alone", (unsigned long long)(room.disk >> 20));
    if (room.map < least)
        buf_printf(text, "; but the map has room for %llu MiB alone: raise map_size_gib and restart",
                   (unsigned long long)(room.map >> 20));
}

static void say_tls(const struct server *sv, struct buf *text)
{
    const struct tls_status s = tls_of(sv);
    if (s.kept)
        buf_str(text, "; but the new certificate was refused, and the one from before is in use: see the log");
    const enum tls_life life = sv->tls != NULL ? tls_life(&s, clock_ms() / MS_PER_S) : TLS_VALID;
    if (life == TLS_VALID)
        return;
    buf_str(text, life == TLS_NOT_VALID ? "; but the certificate is not valid: it ends on "
                                        : "; but the certificate ends on ");
    time_rfc3339(text, s.not_after_s * MS_PER_S);
}

/* Towards the store: whoever serves a folder owns it. */
static const char *role_of(const struct server *sv)
{
    return sv->witness != NULL ? "owner and witness" : "owner";
}

enum err readyz_get(struct request *rq, struct reply *reply)
{
    const char *why = source_unready(rq->worker->server->source);
    struct buf text;
    arena_buf(rq->arena, &text, 2048); /* all of it that may be amiss at once */
    buf_printf(&text, "%s as %s%s", why == NULL ? "ready" : "not ready", role_of(rq->worker->server),
               why == NULL ? "" : ": ");
    buf_str(&text, why == NULL ? "" : why);
    if (why == NULL && !source_clock_sure(rq->worker->server->source))
        buf_str(&text, "; but the clock was set otherwise: no statement, no approval by time, until POST "
                       "/v1/clock/confirm");
    struct courier_state state;
    courier_look(rq->worker->server->courier, &state);
    if (why == NULL && state.conflicting > 0)
        buf_printf(&text, "; but %zu of %zu witnesses cosigned another root log than ours: see the log",
                   state.conflicting, state.witnesses);
    if (why == NULL)
        say_tls(rq->worker->server, &text);
    if (why == NULL && atomic_load(&rq->worker->server->settings_kept))
        buf_str(&text, "; but the changed settings were refused, and those from before are in use: see the log");
    const char *missing = source_missing(rq->worker->server->source);
    if (why == NULL && missing != NULL)
        buf_printf(&text, "; but %s was removed from the data folder: the next start is refused without it", missing);
    if (why == NULL)
        say_room(rq->worker, &text);
    buf_byte(&text, '\n');
    *reply = (struct reply){
        .status = why == NULL ? 200 : 503, .content_type = SPAN("text/plain; charset=utf-8"), .body = buf_span(&text)};
    reply_header(reply, "Cache-Control", SPAN("no-store"));
    if (why == NULL)
        return ERR_OK;
    reply_header(reply, "Retry-After", SPAN("1"));
    return worker_fails(rq, ERR_OK, "%s", why);
}

static void put_gauge(struct buf *b, enum metric metric, const char *labels, uint64_t value)
{
    metrics_gauge_head(b, metric);
    metrics_gauge(b, metric, labels, value);
}

/* What cannot be told is left out. */
static void put_room(struct store *s, struct buf *b)
{
    struct store_room room;
    struct store_reader oldest = {.pid = 0};
    if (store_room(s, &room) == ERR_OK) {
        metrics_gauge_head(b, METRIC_store_room);
        metrics_gauge(b, METRIC_store_room, "of=\"disk\"", room.disk);
        metrics_gauge(b, METRIC_store_room, "of=\"map\"", room.map);
    }
    enum err err = store_oldest_reader(s, &oldest);
    if (err == ERR_OK || err == ERR_NOT_FOUND)
        put_gauge(b, METRIC_store_pinned, NULL, oldest.behind);
}

static void put_gauges(struct server *sh, struct buf *b)
{
    metrics_gauge_head(b, METRIC_queue_depth);
    for (size_t i = 0; i < source_workers(sh->source); i++) {
        char worker[32];
        snprintf(worker, sizeof worker, "worker=\"%zu\"", i);
        metrics_gauge(b, METRIC_queue_depth, worker, source_depth(sh->source, i));
    }
    struct outgoing_state waits;
    outgoing_look(sh->outgoing, &waits);
    put_gauge(b, METRIC_deliveries_due, NULL, waits.due);
    put_gauge(b, METRIC_delivery_oldest, NULL, (uint64_t)(waits.oldest_ms / MS_PER_S));
    put_gauge(b, METRIC_streams, NULL, atomic_load_explicit(&sh->n_streams, memory_order_relaxed));
    put_gauge(b, METRIC_reads_waiting, NULL, sh->readers != NULL ? readers_waiting(sh->readers) : 0);
    put_gauge(b, METRIC_store_bytes, NULL, store_bytes_used(sh->instance.store));
    put_room(sh->instance.store, b);
    put_gauge(b, METRIC_ready, NULL, source_unready(sh->source) == NULL);
    struct tls_status tls = tls_of(sh);
    put_gauge(b, METRIC_tls_not_after, NULL, (uint64_t)tls.not_after_s);
    put_gauge(b, METRIC_tls_kept, NULL, tls.kept);
    put_gauge(b, METRIC_settings_kept, NULL, atomic_load(&sh->settings_kept));
    put_gauge(b, METRIC_clock_sure, NULL, source_clock_sure(sh->source));
    struct courier_state state;
    courier_look(sh->courier, &state);
    put_gauge(b, METRIC_witnesses_conflicting, NULL, state.conflicting);
    put_gauge(b, METRIC_witnessed_at, NULL, (uint64_t)state.quorum_s);
    put_gauge(b, METRIC_build_info, "version=\"" CS_VERSION "\",compiler=\"" __VERSION__ "\"", 1);
}

/* Where it has no listener of its own it is for this machine alone: who came by a proxy is somebody else. */
static bool is_local(const struct request *rq)
{
    bool loopback = strncmp(rq->ip, "127.", 4) == 0 || strcmp(rq->ip, "::1") == 0;
    return rq->door == DOOR_ADMIN || (loopback && span_empty(rq->forwarded_for) && span_empty(rq->forwarded));
}

enum err metrics_get(struct request *rq, struct reply *reply)
{
    struct server *sh = rq->worker->server;
    if (!is_local(rq))
        return problem(&rq->problem, ERR_NOT_FOUND, "", "without admin_listen this is for the machine itself");
    const char *route[METRIC_ROUTES];
    struct buf b;
    for (size_t i = 0; i < sh->routes.n; i++)
        route[i] = sh->routes.route[i].pattern;
    buf_heap(&b);
    metrics_write(sh->metrics, route, sh->routes.n, &b);
    put_gauges(sh, &b);
    metrics_process(&b);
    reply_body(rq, reply, "text/plain; version=0.0.4; charset=utf-8", buf_span(&b));
    buf_free(&b);
    reply_header(reply, "Cache-Control", SPAN("no-store"));
    return ERR_OK;
}
