/* Witnesses, both ways: POST /witness/add-checkpoint and GET /witness/key are this instance's work for other logs (C2SP
 * tlog-witness); GET /log/witnessed and /log/{contract}/witnessed are what others witnessed of this one. */
#include "server/api/call.h"
#include "server/api/list.h"
#include "server/audit/audit.h"
#include "server/courier/courier.h"
#include "server/keys/witness.h"

static enum err no_witness(struct request *rq)
{
    return problem(&rq->problem, ERR_NOT_FOUND, "", "this server is no witness: its setting witness names no logs");
}

/* The statuses and the body of a 409 are the specification's. */
static enum err refuse(struct request *rq, struct reply *reply, enum err err, uint64_t size)
{
    struct buf text;
    switch (err) {
    case ERR_MALFORMED:
        return problem(&rq->problem, err, "", "must be old N, hashes of a proof, an empty line and a checkpoint");
    case ERR_NOT_FOUND:
        return problem(&rq->problem, err, "", "this witness has no log of that origin");
    case ERR_FORBIDDEN:
        return problem(&rq->problem, err, "", "no key that this witness knows for that log has signed the checkpoint");
    case ERR_INVALID:
        return problem(&rq->problem, err, "",
                       "the proof does not show that the tree extends the one that was cosigned");
    case ERR_CONFLICT:
        arena_buf(rq->arena, &text, 32);
        buf_u64(&text, size);
        buf_byte(&text, '\n');
        *reply = (struct reply){.status = 409, .content_type = SPAN("text/x.tlog.size"), .body = buf_span(&text)};
        reply_header(reply, "Cache-Control", SPAN("no-store"));
        return ERR_OK;
    default:
        return worker_fails(rq, err, "what was cosigned last could not be kept: DATA/witnessed");
    }
}

enum err witness_add(struct request *rq, struct reply *reply)
{
    struct witness *w = rq->worker->server->witness;
    struct buf line;
    uint64_t size = 0;
    enum err err = params_read(rq, NULL, 0);
    if (err != ERR_OK)
        return err;
    if (w == NULL)
        return no_witness(rq);
    buf_heap(&line);
    err = witness_cosign(w, rq->body, rq->arrived_ms, &line, &size);
    if (err != ERR_OK) {
        err = refuse(rq, reply, err, size);
    } else {
        reply_body(rq, reply, "text/plain; charset=utf-8", buf_span(&line));
        reply_header(reply, "Cache-Control", SPAN("no-store"));
    }
    buf_free(&line);
    return err;
}

enum err witness_key_get(struct request *rq, struct reply *reply)
{
    const struct witness *w = rq->worker->server->witness;
    struct buf text;
    enum err err = params_read(rq, NULL, 0);
    if (err != ERR_OK)
        return err;
    if (w == NULL)
        return no_witness(rq);
    arena_buf(rq->arena, &text, 512);
    witness_key(w, &text);
    buf_byte(&text, '\n');
    reply_body(rq, reply, "text/plain; charset=utf-8", buf_span(&text));
    reply_header(reply, "Cache-Control", SPAN("public, max-age=300"));
    return ERR_OK;
}

static enum err nothing_yet(struct request *rq)
{
    return problem(&rq->problem, ERR_NOT_FOUND, "", "no quorum of witnesses has cosigned this (yet)");
}

enum err root_witnessed_get(struct request *rq, struct reply *reply)
{
    struct buf note;
    enum err err = params_read(rq, NULL, 0);
    if (err != ERR_OK)
        return err;
    buf_heap(&note);
    err = courier_note(rq->worker->server->courier, &note);
    if (err == ERR_OK)
        audit_reply(rq, reply, buf_span(&note), true);
    else
        err = nothing_yet(rq);
    buf_free(&note);
    return err;
}

enum err witnessed_get(struct request *rq, struct reply *reply)
{
    const struct contract *k;
    struct txn *t;
    struct span note;
    uint64_t leaf;
    enum err err;
    if ((err = params_read(rq, NULL, 0)) != ERR_OK || (err = call_contract(rq, rq->param[0], &k)) != ERR_OK)
        return err;
    if (courier_covered(rq->worker->server->courier, k->number, &leaf) != ERR_OK)
        return nothing_yet(rq);
    if ((err = worker_reader(rq->worker, &t)) != ERR_OK)
        return err;
    if ((err = ledger_note(t, leaf, &note)) != ERR_OK)
        return worker_fails(rq, err, "leaf %llu of the root log is not the head of a contract",
                            (unsigned long long)leaf);
    audit_reply(rq, reply, note, false);
    return ERR_OK;
}
