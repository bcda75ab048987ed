#include "server/api/api.h"

enum { METRICS_MAX = 16384 };

enum err healthz_get(struct request *rq, struct reply *reply)
{
    reply_body(rq, reply, "text/plain; charset=utf-8", SPAN("ok\n"));
    reply_header(reply, "Cache-Control", SPAN("no-store"));
    return ERR_OK;
}

enum err readyz_get(struct request *rq, struct reply *reply)
{
    bool ready = source_healthy(rq->worker->server->source);
    reply->status = ready ? 200 : 503;
    reply_body(rq, reply, "text/plain; charset=utf-8",
               ready ? SPAN("ready\n") : SPAN("not ready: storage is full, or too many requests wait for it\n"));
    reply_header(reply, "Cache-Control", SPAN("no-store"));
    if (!ready)
        reply_header(reply, "Retry-After", SPAN("1"));
    return ERR_OK;
}

enum err metrics_get(struct request *rq, struct reply *reply)
{
    struct server *sh = rq->worker->server;
    struct buf b;
    arena_buf(rq->arena, &b, METRICS_MAX);
    metrics_write(sh->metrics, &b);
    buf_str(&b, "# HELP countersign_store_bytes size of the database in use\n# TYPE countersign_store_bytes "
                "gauge\ncountersign_store_bytes ");
    buf_u64(&b, store_bytes_used(sh->instance.store));
    buf_str(
        &b,
        "\n# HELP countersign_ready 1 when events can be recorded\n# TYPE countersign_ready gauge\ncountersign_ready ");
    buf_u64(&b, source_healthy(sh->source));
    buf_byte(&b, '\n');
    reply->content_type = SPAN("text/plain; version=0.0.4; charset=utf-8");
    reply->body = buf_span(&b);
    reply_header(reply, "Cache-Control", SPAN("no-store"));
    return ERR_OK;
}

enum err index_get(struct request *rq, struct reply *reply)
{
    reply_body(rq, reply, "text/html; charset=utf-8",
               SPAN("<!doctype html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" "
                    "content=\"width=device-width\">\n"
                    "<title>Countersign</title>\n"
                    "<style>body{font:16px/1.5 system-ui,sans-serif;max-width:42em;margin:3em auto;padding:0 "
                    "1em}code{background:#eee;padding:0 .2em}</style>\n"
                    "<h1>Countersign</h1>\n"
                    "<p>A tracking pixel and postback server for pay-per-lead attribution whose numbers both sides can "
                    "check: every click and every lead is an\n"
                    "entry of an append-only ledger, and each settlement can be recomputed offline by whoever holds "
                    "the evidence.</p>\n"
                    "<ul>\n"
                    "<li><a href=\"/openapi.json\">/openapi.json</a>: the whole interface</li>\n"
                    "<li><a href=\"/t.js\">/t.js</a>: the tag for landing pages</li>\n"
                    "<li><a href=\"/.well-known/jwks.json\">/.well-known/jwks.json</a>: the keys that sign statements "
                    "and receipts</li>\n"
                    "<li><a href=\"/log/keys\">/log/keys</a>, <a href=\"/log/checkpoint\">/log/checkpoint</a>: the "
                    "transparency log</li>\n"
                    "</ul>\n"
                    "<p>Audit a contract: <code>countersign pull URL DIR --contract ID --token T</code>, then "
                    "<code>countersign verify DIR</code>.</p>\n"
                    "</html>\n"));
    return ERR_OK;
}
