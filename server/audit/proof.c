/* GET /v1/leads/{ref}/proof, /v1/statements/{id}/proof: C2SP tlog-proof. */
#include "common/ledger/witness.h"
#include "server/api/call.h"
#include "server/api/list.h"
#include "server/audit/audit.h"
#include "server/settlement/statements.h"

/* The entry that a path's parameter names. */
typedef enum err find_entry(struct request *rq, const struct contract **k, uint64_t *index);

static enum err find_lead(struct request *rq, const struct contract **k, uint64_t *index)
{
    return call_lead(rq, rq->param[0], k, index);
}

/* Its note is over the tree in front of its entry. */
static enum err find_statement(struct request *rq, const struct contract **k, uint64_t *index)
{
    struct statement_meta m;
    struct checkpoint closed;
    struct txn *t;
    struct span note;
    enum err err = worker_reader(rq->worker, &t);
    if (err != ERR_OK || (err = statement_find(rq, t, rq->param[0], &m)) != ERR_OK)
        return err;
    err = statement_part(t, rq->param[0], "checkpoint", &note);
    if (err == ERR_OK)
        err = checkpoint_peek(note, &closed);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND || err == ERR_MALFORMED ? ERR_CORRUPT : err;
    *k = m.contract;
    *index = closed.size;
    return ERR_OK;
}

/* ERR_BUSY: the log's signed head does not take the entry in yet. */
static enum err proof_reply(struct request *rq, struct reply *reply, find_entry *find)
{
    const struct contract *k;
    uint64_t index;
    struct txn *t;
    struct head head;
    struct hash path[MERKLE_HEIGHT];
    size_t n;
    struct buf note, text;
    enum err err = find(rq, &k, &index);
    if (err != ERR_OK)
        return err;
    buf_heap(&note);
    buf_heap(&text);
    if ((err = audit_checkpoint(rq, k->number, &t, &head, &note)) != ERR_OK)
        goto done;
    if (index >= head.size) {
        err = problem(&rq->problem, ERR_BUSY, "", "the log's head takes this entry in within a second; ask again");
        goto done;
    }
    struct tile_source source = {t, k->number};
    struct merkle_reader nodes = ledger_nodes(&source);
    if ((err = merkle_inclusion(&nodes, index, head.size, path, &n)) != ERR_OK)
        goto done;
    tlog_proof_write(&text, index, path, n, buf_span(&note));
    reply_body(rq, reply, "text/plain; charset=utf-8", buf_span(&text));
    reply_header(reply, "Cache-Control", SPAN("no-store"));
done:
    buf_free(&note);
    buf_free(&text);
    return err;
}

/* An entry may be a moment younger than the head: then the head is brought up to it. */
static enum err proof(struct request *rq, struct reply *reply, find_entry *find)
{
    enum err err = params_read(rq, NULL, 0);
    if (err != ERR_OK || (err = proof_reply(rq, reply, find)) != ERR_BUSY)
        return err;
    rq->problem = (struct problem){0};
    const struct contract *k;
    uint64_t index;
    err = find(rq, &k, &index);
    return err == ERR_OK ? worker_submit(rq, worker_job(rq, RECORD_FRESH_HEAD, k->campaign->advertiser)) : err;
}

enum err leads_proof(struct request *rq, struct reply *reply)
{
    return proof(rq, reply, find_lead);
}

enum err leads_proof_finish(struct request *rq, struct job *job, struct reply *reply)
{
    return job->err == ERR_OK ? proof_reply(rq, reply, find_lead) : job->err;
}

enum err statements_proof(struct request *rq, struct reply *reply)
{
    return proof(rq, reply, find_statement);
}

enum err statements_proof_finish(struct request *rq, struct job *job, struct reply *reply)
{
    return job->err == ERR_OK ? proof_reply(rq, reply, find_statement) : job->err;
}
