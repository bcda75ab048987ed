/* GET /v1/leads/{ref}/proof: C2SP tlog-proof. */
#include "server/api/call.h"
#include "server/api/list.h"
#include "server/audit/audit.h"

static void proof_write(struct buf *out, uint64_t index, const struct hash *path, size_t n, struct span note)
{
    buf_str(out, "c2sp.org/tlog-proof@v1\nindex ");
    buf_u64(out, index);
    buf_byte(out, '\n');
    for (size_t i = 0; i < n; i++) {
        buf_b64(out, path[i].b, sizeof path[i].b);
        buf_byte(out, '\n');
    }
    buf_byte(out, '\n');
    buf_span_add(out, note);
}

/* ERR_BUSY: the log's signed head does not take the lead in yet. */
static enum err proof_reply(struct request *rq, struct reply *reply)
{
    const struct contract *k;
    uint64_t index;
    struct txn *t;
    struct head head;
    struct hash path[MERKLE_HEIGHT];
    size_t n;
    struct buf note, text;
    enum err err = call_lead(rq, rq->param[0], &k, &index);
    if (err != ERR_OK)
        return err;
    buf_heap(&note);
    buf_heap(&text);
    if ((err = audit_checkpoint(rq, k->number, &t, &head, &note)) != ERR_OK)
        goto done;
    if (index >= head.size) {
        err = problem(&rq->problem, ERR_BUSY, "", "the log's head takes this lead in within a second; ask again");
        goto done;
    }
    struct tile_source source = {t, k->number};
    struct merkle_reader nodes = ledger_nodes(&source);
    if ((err = merkle_inclusion(&nodes, index, head.size, path, &n)) != ERR_OK)
        goto done;
    proof_write(&text, index, path, n, buf_span(&note));
    reply_body(rq, reply, "text/plain; charset=utf-8", buf_span(&text));
    reply_header(reply, "Cache-Control", SPAN("no-store"));
done:
    buf_free(&note);
    buf_free(&text);
    return err;
}

/* A receipt may be a moment older than the head: then the head is brought up to it. */
enum err leads_proof(struct request *rq, struct reply *reply)
{
    enum err err = params_read(rq, NULL, 0);
    if (err != ERR_OK || (err = proof_reply(rq, reply)) != ERR_BUSY)
        return err;
    rq->problem = (struct problem){0};
    const struct contract *k;
    uint64_t index;
    err = call_lead(rq, rq->param[0], &k, &index);
    return err == ERR_OK ? worker_submit(rq, worker_job(rq, RECORD_FRESH_HEAD, k->campaign->advertiser)) : err;
}

enum err leads_proof_finish(struct request *rq, struct job *job, struct reply *reply)
{
    return job->err == ERR_OK ? proof_reply(rq, reply) : job->err;
}
