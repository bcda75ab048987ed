/* POST /v1/contracts/{id}/statements: closes what is open of a contract's log at its durable head, or as much of it as
 * one statement can say. The log is brought up to now; a reader makes the statement of it (statement_make.c); then it
 * takes its place, unless what it rests on came to be another meanwhile: then the same again. */
#include <assert.h>

#include "server/settlement/settlement.h"
#include "server/settlement/statements.h"

#include "common/base/when.h"
#include "common/settlement/period.h"
#include "server/api/body.h"
#include "server/api/call.h"
#include "server/settlement/until.h"

/* ---- the run ---- */

static enum err clock_unsure(struct problem *p)
{
    return problem(p, ERR_CONFLICT, "",
                   "the server's clock was set otherwise: look at GET /v1/clock, set it right, and confirm it by "
                   "POST /v1/clock/confirm; until then no statement is issued");
}

/* The note over the tree in front of the statement's entry, which came into the root log right before. */
static enum err note_of(struct batch *cx, const struct contract *k, struct span *note)
{
    uint64_t size, leaf;
    enum err err = ledger_published_at(cx->txn, k->number, &size, &leaf);
    if (err == ERR_OK)
        err = size == ledger_size(cx->ledger, k->number) ? ledger_note(cx->txn, leaf, note) : ERR_NOT_FOUND;
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

static enum err outdated(struct job *job)
{
    job->outdated = true;
    return problem(&job->problem, ERR_BUSY, "",
                   "what the statement rests on came to be another while it was made: try again");
}

/* What came since it was made is of the next period, and moves no end of this one. */
static bool period_stands(const struct record_statement *r, const struct last_statement *last, const struct cut *cut)
{
    bool at_cut = cut != NULL && cut->to <= r->to;
    return r->number == last->number + 1 && r->from == last->to &&
           memcmp(r->prev_sha256, last->sha256.b, HASH_LEN) == 0 && r->at_cut == at_cut &&
           (!at_cut || cut->to == r->to);
}

/* What its payload names beside the entries, as of its own entry. */
static bool names_stand(const struct record_statement *r, const struct catalog *c, const struct contract *k,
                        int64_t dated_ms)
{
    uint8_t legal[HASH_LEN];
    statement_legal(c, k, legal);
    return contract_binds(k, dated_ms) && versions_at(&k->versions, dated_ms)->index == r->terms &&
           memcmp(legal, r->legal_sha256, HASH_LEN) == 0;
}

/* *next_ms: of the entry at its end, 0 when there is none. */
static enum err rests(struct batch *cx, struct job *job, const struct contract *k, int64_t *next_ms)
{
    const struct record_statement *r = &job->record.statement;
    const uint64_t size = ledger_size(cx->ledger, k->number);
    const int64_t dated_ms = pipeline_dated(cx, k, cx->now_ms);
    struct cut cut;
    enum err err = row_cut(&cx->view, k->number, r->from, &cut);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    bool stands = period_stands(r, ledger_last_statement(cx->ledger, k->number), err == ERR_OK ? &cut : NULL) &&
                  names_stand(r, cx->catalog, k, dated_ms) && r->issued_ms <= dated_ms &&
                  r->issued_ms >= dated_ms - PERIOD_ISSUE_MS && r->to <= size;
    struct span parties[2];
    uint64_t as[2];
    contract_sides(k, parties);
    if (!stands)
        return outdated(job);
    if ((err = traders_at(&cx->view, k->number, parties, r->to, as)) != ERR_OK)
        return err;
    if (as[0] != r->vat_advertiser || as[1] != r->vat_publisher)
        return outdated(job);
    *next_ms = 0;
    err = r->to < size ? ledger_time(&cx->within, k->number, r->to, next_ms) : ERR_OK;
    if (err == ERR_OK && !r->at_cut && *next_ms > 0 && r->to_ms > *next_ms + 1)
        return outdated(job); /* the clock was set back */
    return err;
}

static enum err put(struct batch *cx, const struct record_statement *r, struct span id, struct span note)
{
    const struct {
        const char *part;
        struct span bytes;
    } parts[] = {{"checkpoint", note}, {"jws", r->jws}, {"lines", r->lines}};
    enum err err = ERR_OK;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && err == ERR_OK; i++) {
        char room[STATEMENT_KEY_MAX];
        struct span key;
        if ((err = statement_key(id, span_str(parts[i].part), room, &key)) == ERR_OK)
            err = store_put(cx->txn, TABLE_STATEMENTS, key, parts[i].bytes);
    }
    return err;
}

/* The entry is of the next period. */
static enum err append(struct batch *cx, const struct record_statement *r, const struct contract *k, struct span id,
                       const struct tally *closed, int64_t next_ms)
{
    struct last_statement last = {
        .number = r->number,
        .to = r->to,
        .carried_micros = r->carried_micros,
        .to_ms = r->to_ms,
        .waiting = {r->pending, r->held, (wide_micros)(r->waiting_high & INT64_MAX) << 64 | r->waiting_low}};
    struct entry entry = {
        .kind = ENTRY_STATEMENT,
        .at_ms = cx->now_ms,
        .statement = {.id = id,
                      .number = r->number,
                      .from = r->from,
                      .to = r->to,
                      .to_ms = r->to_ms,
                      .issued_ms = r->issued_ms,
                      .utc_offset_s = r->utc_offset_s,
                      .vat_kind = r->vat_kind,
                      .vat_ppm = r->vat_ppm,
                      .vat_advertiser = r->vat_advertiser,
                      .vat_publisher = r->vat_publisher},
    };
    memcpy(last.sha256.b, r->sha256, HASH_LEN);
    memcpy(entry.statement.sha256.b, r->sha256, HASH_LEN);
    return pipeline_close_period(cx, k, &entry, &last, r->at_cut ? NULL : closed, next_ms);
}

/* By its number: nobody chooses it. One that has it already would be written over. */
static enum err id_is_free(struct batch *cx, struct span id)
{
    struct span taken;
    enum err err = statement_part(cx->txn, id, "jws", &taken);
    return err == ERR_NOT_FOUND ? ERR_OK : err == ERR_OK ? ERR_CORRUPT : err;
}

enum err statement_run(struct batch *cx, struct job *job)
{
    const struct record_statement *r = &job->record.statement;
    const struct contract *k = catalog_contract_number(cx->catalog, r->contract);
    struct span closed = span_of((const char *)r->closed, sizeof r->closed), note;
    struct tally tally = {0};
    char id[LIMIT_ID + 1];
    int64_t next_ms;
    assert(batch_may_touch(cx, k));
    if (!clock_sure(&cx->clock))
        return clock_unsure(&job->problem);
    if (pipeline_next(cx, k) != ledger_size(cx->ledger, k->number))
        return problem(&job->problem, ERR_CONFLICT, "", "the server's clock was set at this very moment: try again");
    statement_id(span_str(k->id), r->number, id);
    enum err err = pipeline_ready(cx, k);
    if (err != ERR_OK || (err = rests(cx, job, k, &next_ms)) != ERR_OK || (err = note_of(cx, k, &note)) != ERR_OK ||
        (err = id_is_free(cx, span_str(id))) != ERR_OK)
        return err;
    if (!r->at_cut && !tally_read(&closed, &tally))
        return ERR_CORRUPT;
    struct span own = arena_copy(job->arena, note); /* it outlives the writes */
    if ((err = put(cx, r, span_str(id), own)) == ERR_OK)
        err = append(cx, r, k, span_str(id), &tally, next_ms);
    job->answer = r->answer;
    job->answer_status = 201;
    return err;
}

/* ---- the call ---- */

enum { LONG_ENTRIES = 32768 /* of a statement that takes its turn among long reads */ };

struct asked {
    const struct contract *k;
    struct span until;
    int64_t until_ms; /* 0: now */
};

static const struct body_member members[] = {{"until", BODY_TEXT, offsetof(struct asked, until), .max = 40}, {NULL}};

/* A call on its way; in the request's arena. */
struct call {
    struct asked asked;
    unsigned attempts;
    bool again;    /* one of the same key may have come first: then it is answered like that */
    int64_t up_ms; /* the log was brought up to then */
    struct record record;
};

static struct call *call_of(const struct request *rq)
{
    return (struct call *)(void *)(uintptr_t)rq->kept.ptr;
}

static enum err asked_read(struct request *rq, struct asked *out)
{
    struct asked a = {0};
    enum err err = body_read(rq, members, &a);
    if (err == ERR_OK)
        err = call_contract(rq, rq->param[0], &a.k);
    if (err == ERR_OK && a.until.ptr != NULL)
        err = until_read(rq->worker->zones, contract_terms(a.k, rq->arrived_ms)->timezone, a.until, rq->arrived_ms,
                         &a.until_ms, &rq->problem);
    if (err == ERR_IO)
        return worker_fails(rq, err, ZONE_UNREADABLE);
    if (err == ERR_OK)
        *out = a;
    return err;
}

static enum err bring_up(struct request *rq, struct call *call)
{
    struct job *job = worker_job(rq, RECORD_FRESH_HEAD, call->asked.k->campaign->advertiser);
    job->record.fresh_head.contract = call->asked.k->number;
    return call_submit(rq, job);
}

enum err statements_create(struct request *rq, struct reply *reply)
{
    (void)reply;
    struct call *call = arena_alloc(rq->arena, sizeof *call);
    *call = (struct call){.attempts = 0};
    enum err err = asked_read(rq, &call->asked);
    if (err != ERR_OK)
        return err;
    if (!source_clock_sure(rq->worker->server->source))
        return clock_unsure(&rq->problem);
    rq->kept = span_of((const char *)call, sizeof *call);
    return bring_up(rq, call);
}

/* On a reader thread. ERR_PENDING: what is to be submitted is there, or `again`. */
static enum err make(struct request *rq, struct reply *reply)
{
    struct call *call = call_of(rq);
    bool first = !call->again && rq->idempotency_key.ptr != NULL;
    (void)reply;
    call->again = false;
    enum err err = statement_make(rq->worker, rq->arena, call->asked.k->number, call->asked.until_ms, call->up_ms,
                                  &call->record, &rq->problem);
    if (err == ERR_OK)
        return ERR_PENDING;
    call->again = err == ERR_CONFLICT && first;
    return call->again ? ERR_PENDING : err;
}

static enum err place(struct request *rq, const struct call *call)
{
    struct job *job = worker_job(rq, RECORD_STATEMENT, call->asked.k->campaign->advertiser);
    job->record.statement = call->record.statement;
    return call_submit(rq, job);
}

enum err statements_finish(struct request *rq, struct job *job, struct reply *reply)
{
    struct call *call = call_of(rq);
    if (job == NULL)
        return call->again ? bring_up(rq, call) : place(rq, call);
    if (job->outdated && ++call->attempts < STATEMENT_ATTEMPTS)
        return bring_up(rq, call);
    if (job->err != ERR_OK || job->replayed || job->record.kind == RECORD_STATEMENT)
        return control_finish(rq, job, reply);
    call->up_ms = job->record.now_ms;
    rq->lasts = job->index > LONG_ENTRIES;
    rq->read = make;
    return ERR_PENDING;
}
