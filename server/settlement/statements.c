/* POST /v1/contracts/{id}/statements: closes what is open of a contract's log at its durable head, or as much of it as
 * one statement can say. */
#include <assert.h>

#include "server/settlement/settlement.h"
#include "server/settlement/statements.h"

#include "common/ledger/jws.h"
#include "common/settlement/period.h"
#include "server/api/body.h"
#include "server/api/call.h"
#include "server/lists/zones.h"

/* ---- the run ---- */

struct issue {
    char id[LIMIT_ID + 1];
    const struct contract *k;
    uint64_t number, from;
    struct cut closes; /* the longest prefix that fits */
    bool whole;        /* of all there is */
    int64_t issued_ms, to_ms, utc_offset_s;
    struct statement_draft *draft; /* what is folded of [from, to) already */
    struct statement_out out;
    struct buf jws, note, summary;
};

static void issue_open(struct issue *s)
{
    buf_heap(&s->jws);
    buf_heap(&s->note);
    buf_heap(&s->summary);
}

static void issue_close(struct issue *s)
{
    statement_draft_free(s->draft);
    statement_free(&s->out);
    buf_free(&s->jws);
    buf_free(&s->note);
    buf_free(&s->summary);
}

/* What was counted must be all that is closed: a cut that is gone, or is none, would be signed and stand for ever. */
static enum err issue_interval(struct batch *cx, struct issue *s)
{
    struct cut *c = &s->closes;
    s->from = ledger_last_statement(cx->ledger, s->k->number)->to;
    enum err err = row_cut(&cx->view, s->k->number, s->from, c);
    s->whole = err == ERR_NOT_FOUND;
    if (s->whole) {
        *c =
            (struct cut){.to = ledger_size(cx->ledger, s->k->number), .tally = *ledger_tally(cx->ledger, s->k->number)};
        ledger_root(cx->ledger, s->k->number, &c->root);
        err = ERR_OK;
    }
    const struct period open = {.prev_to_ms = ledger_last_statement(cx->ledger, s->k->number)->to_ms};
    if (err == ERR_OK)
        s->to_ms = period_latest_end(&open, c, s->whole, s->issued_ms);
    return err == ERR_OK && c->tally.entries != c->to - s->from ? ERR_CORRUPT : err;
}

/* The note over the tree in front of the statement's entry, which came into the root log right before. */
static enum err issue_note(struct batch *cx, struct issue *s)
{
    uint64_t size, leaf;
    struct span note;
    enum err err = ledger_published_at(cx->txn, s->k->number, &size, &leaf);
    if (err == ERR_OK)
        err = size == ledger_size(cx->ledger, s->k->number) ? ledger_note(cx->txn, leaf, &note) : ERR_NOT_FOUND;
    if (err == ERR_OK)
        buf_add(&s->note, note.ptr, note.len);
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

static enum err issue_build(struct batch *cx, struct issue *s, struct problem *p)
{
    const struct last_statement *last = ledger_last_statement(cx->ledger, s->k->number);
    const struct version *bound = versions_at(&s->k->versions, s->issued_ms);
    struct statement_in in = {
        .id = span_str(s->id),
        .issuer = span_str(cx->instance->public_url),
        .number = s->number,
        .terms = bound->terms,
        .terms_index = bound->index,
        .from = s->from,
        .to = s->closes.to,
        .to_root = s->closes.root,
        .to_ms = s->to_ms,
        .waiting = last->waiting,
        .legal = {s->k->campaign->advertiser->legal, s->k->publisher != NULL ? s->k->publisher->legal : SPAN("")},
        .tally = &s->closes.tally,
        .view = &cx->view,
        .contract = s->k->number,
        .carried_in_micros = last->carried_micros,
        .has_prev = last->number > 0,
        .prev_sha256 = last->sha256,
        .prev_to_ms = last->to_ms,
        .issued_ms = s->issued_ms,
        .utc_offset_s = s->utc_offset_s,
    };
    enum err err = ledger_root_at(cx->txn, s->k->number, s->from, &in.from_root);
    if (err != ERR_OK)
        return err;
    if (s->draft == NULL || !statement_draft_begins(s->draft, in.from, in.to)) {
        statement_draft_free(s->draft);
        s->draft = statement_draft_new(in.contract, in.from);
    }
    return statement_finish(s->draft, &in, &s->out, p);
}

static enum err issue_put(struct batch *cx, struct issue *s)
{
    const struct {
        const char *part;
        struct span bytes;
    } parts[] = {
        {"checkpoint", buf_span(&s->note)}, {"jws", buf_span(&s->jws)}, {"lines", buf_span(&s->out.lines.text)}};
    enum err err = ERR_OK;
    for (size_t i = 0; i < sizeof parts / sizeof *parts && err == ERR_OK; i++) {
        char room[STATEMENT_KEY_MAX];
        struct span key;
        if ((err = statement_key(span_str(s->id), span_str(parts[i].part), room, &key)) == ERR_OK)
            err = store_put(cx->txn, TABLE_STATEMENTS, key, parts[i].bytes);
    }
    return err;
}

/* The entry is of the next period. */
static enum err issue_append(struct batch *cx, struct issue *s)
{
    struct last_statement last = {.number = s->number,
                                  .to = s->closes.to,
                                  .carried_micros = s->out.carried_micros,
                                  .to_ms = s->to_ms,
                                  .waiting = s->out.waiting,
                                  .sha256 = s->out.sha256};
    struct entry entry = {
        .kind = ENTRY_STATEMENT,
        .at_ms = cx->now_ms, /* dated like issued_ms */
        .statement = {.id = span_str(s->id),
                      .number = s->number,
                      .from = s->from,
                      .to = s->closes.to,
                      .to_ms = s->to_ms,
                      .utc_offset_s = s->utc_offset_s,
                      .sha256 = s->out.sha256},
    };
    return pipeline_close_period(cx, s->k, &entry, &last);
}

/* The summary with the links, and whether more waits for a statement than one can say. */
static enum err issue_answer(struct batch *cx, struct job *job, const struct issue *s)
{
    const char *base = cx->instance->public_url;
    struct answer a;
    struct buf url;
    json_t *more = json_object();
    buf_heap(&url);
    buf_printf(&url, "%s/v1/statements/%s", base, s->id);
    json_object_set_new(more, "url", json_stringn(url.ptr, url.len));
    json_object_set_new(more, "more", json_boolean(!s->whole));
    buf_free(&url);
    answer_open(&a);
    enum err err = jw_document(&a.w, buf_span(&s->summary), more);
    if (err == ERR_OK)
        answer_job(&a, job, 201);
    else
        answer_abandon(&a);
    return err;
}

/* By its number: nobody chooses it. One that has it already would be written over. */
static enum err issue_id(struct batch *cx, struct issue *s)
{
    struct span taken;
    statement_id(span_str(s->k->id), s->number, s->id);
    enum err err = statement_part(cx->txn, span_str(s->id), "jws", &taken);
    return err == ERR_NOT_FOUND ? ERR_OK : err == ERR_OK ? ERR_CORRUPT : err;
}

enum err statement_run(struct batch *cx, struct job *job)
{
    const struct record *r = &job->record;
    struct issue s = {.k = catalog_contract_number(cx->catalog, r->statement.contract),
                      .utc_offset_s = r->statement.utc_offset_s};
    const struct last_statement *last = ledger_last_statement(cx->ledger, s.k->number);
    s.number = last->number + 1;
    s.issued_ms = pipeline_dated(cx, s.k, cx->now_ms); /* the clock was set back: not before what it closes */
    assert(batch_may_touch(cx, s.k));
    if (!clock_sure(&cx->clock))
        return problem(&job->problem, ERR_CONFLICT, "",
                       "the server's clock was set otherwise: look at GET /v1/clock, set it right, and confirm it by "
                       "POST /v1/clock/confirm; until then no statement is issued");
    if (pipeline_next(cx, s.k) != ledger_size(cx->ledger, s.k->number))
        return problem(&job->problem, ERR_CONFLICT, "", "the server's clock was set at this very moment: try again");
    if (!contract_binds(s.k, s.issued_ms))
        return contract_unbound(s.k, &job->problem);
    issue_open(&s);
    s.draft = drafts_take(cx->instance->drafts, s.k->number);
    enum err err = pipeline_ready(cx, s.k);
    if (err != ERR_OK || (err = issue_id(cx, &s)) != ERR_OK || (err = issue_note(cx, &s)) != ERR_OK ||
        (err = issue_interval(cx, &s)) != ERR_OK || (err = issue_build(cx, &s, &job->problem)) != ERR_OK ||
        (err = statement_summary(buf_span(&s.out.payload), &s.summary)) != ERR_OK)
        goto done;
    jws_general(&s.jws, cx->statement_signer, STATEMENT_TYP, buf_span(&s.out.payload));
    if ((err = issue_answer(cx, job, &s)) != ERR_OK || (err = issue_put(cx, &s)) != ERR_OK)
        goto done;
    err = issue_append(cx, &s);
done:
    issue_close(&s);
    return err;
}

/* ---- the call ---- */

/* Reader: what is swept by now is folded here, so that the committer is left with what comes meanwhile. */
static enum err draft(struct request *rq, const struct contract *k)
{
    struct ledger_view within;
    struct head head;
    struct cut cut;
    struct txn *t;
    enum err err = worker_reader(rq->worker, &t);
    if (err != ERR_OK || (err = head_read(t, k->number, &head)) != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    const struct view view = ledger_view(&within, NULL, t);
    err = row_cut(&view, k->number, head.last.to, &cut);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    uint64_t to = err == ERR_OK && cut.to < head.size ? cut.to : head.size;
    struct statement_draft *d = statement_draft_new(k->number, head.last.to);
    err = statement_draft_fold(d, &view, to, &rq->problem);
    if (err == ERR_OK)
        drafts_put(rq->worker->server->instance.drafts, d);
    else
        statement_draft_free(d);
    return err;
}

enum err statements_create(struct request *rq, struct reply *reply)
{
    (void)reply;
    static const struct body_member none[] = {{NULL}};
    const struct contract *k;
    enum err err;
    if ((err = call_contract(rq, rq->param[0], &k)) != ERR_OK || (err = body_read(rq, none, NULL)) != ERR_OK ||
        (err = draft(rq, k)) != ERR_OK)
        return err;
    return ERR_PENDING;
}

enum err statements_finish(struct request *rq, struct job *job, struct reply *reply)
{
    const struct contract *k;
    if (job != NULL)
        return control_finish(rq, job, reply);
    enum err err = call_contract(rq, rq->param[0], &k);
    if (err != ERR_OK)
        return err;
    job = worker_job(rq, RECORD_STATEMENT, k->campaign->advertiser);
    job->record.statement.contract = k->number;
    err = zones_offset(rq->worker->zones, contract_terms(k, rq->arrived_ms)->timezone, rq->arrived_ms,
                       &job->record.statement.utc_offset_s);
    if (err != ERR_OK)
        return worker_fails(rq, ERR_IO, "the time zone of the campaign cannot be read any more: install tzdata");
    return call_submit(rq, job);
}
