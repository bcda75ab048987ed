/* POST /v1/contracts/{id}/statements: closes what is open of a contract's log at its durable head, or as much of it as
 * one statement can say. */
#include <assert.h>

#include "server/settlement/settlement.h"
#include "server/settlement/statements.h"

#include "common/base/when.h"
#include "common/ledger/jws.h"
#include "common/settlement/period.h"
#include "server/api/body.h"
#include "server/api/call.h"
#include "server/settlement/until.h"

/* ---- the run ---- */

struct issue {
    char id[LIMIT_ID + 1];
    const struct contract *k;
    uint64_t number, from;
    struct closing closes;
    bool whole; /* of all that came before until_ms */
    int64_t issued_ms, until_ms, to_ms, utc_offset_s;
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

/* [head->last.to, to) of a log whose first cut behind its beginning is *cut (NULL: it has none), with what that comes
 * to: all of it without what stands behind. */
static enum err close_at(struct ledger_view *v, uint32_t contract, const struct head *head, const struct cut *cut,
                         uint64_t to, struct closing *c)
{
    const struct tally *all = cut != NULL ? &cut->tally : &head->tally;
    struct tally rest;
    int64_t last_ms = 0;
    *c = (struct closing){.is = {.to = to}};
    if (to == 0) /* before there was anything: nobody may close that */
        return ERR_OK;
    enum err err = ledger_sum(v, contract, to, cut != NULL ? cut->to : head->size, &rest);
    if (err == ERR_OK && to < head->size)
        err = ledger_time(v, contract, to, &c->next_ms);
    if (err == ERR_OK && to > head->last.to)
        err = ledger_time(v, contract, to - 1, &last_ms);
    if (err == ERR_OK)
        err = ledger_root_at(v->txn, contract, to, &c->is.root);
    return err == ERR_OK && !tally_less(all, &rest, all->from_ms, last_ms, &c->is.tally) ? ERR_CORRUPT : err;
}

enum err statement_closing(struct txn *t, const struct view *view, uint32_t contract, const struct head *head,
                           int64_t until_ms, struct closing *out, bool *whole)
{
    struct ledger_view within = {.txn = t};
    struct cut cut;
    uint64_t to = head->size;
    enum err err = ERR_OK;
    if (until_ms > 0)
        err = ledger_before(&within, contract, head->last.to, head->size, until_ms, &to);
    if (err != ERR_OK)
        return err;
    err = row_cut(view, contract, head->last.to, &cut);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    bool any = err == ERR_OK;
    *whole = !any || cut.to > to;
    if (!*whole)
        *out = (struct closing){.is = cut, .at_cut = true};
    err = *whole ? close_at(&within, contract, head, any ? &cut : NULL, to, out) : ERR_OK;
    return err == ERR_OK && out->is.tally.entries != out->is.to - head->last.to ? ERR_CORRUPT : err;
}

/* ERR_NOT_FOUND: nothing of the log is swept. */
static enum err issue_interval(struct txn *t, struct issue *s)
{
    const struct view rows = store_view(t);
    struct head head;
    enum err err = head_read(t, s->k->number, &head);
    if (err != ERR_OK)
        return err;
    s->from = head.last.to;
    err = statement_closing(t, &rows, s->k->number, &head, s->until_ms, &s->closes, &s->whole);
    const struct period open = {.prev_to_ms = head.last.to_ms};
    if (err == ERR_OK)
        s->to_ms = s->whole && s->until_ms > 0 ? s->until_ms : period_latest_end(&open, &s->closes, s->issued_ms);
    return err;
}

/* Whether there is a period to close. */
static enum err issue_fits(struct batch *cx, const struct issue *s, struct problem *p)
{
    const struct last_statement *last = ledger_last_statement(cx->ledger, s->k->number);
    char mem[40], id[LIMIT_ID + 1];
    struct buf ended;
    buf_fixed(&ended, mem, sizeof mem);
    if (s->until_ms > s->issued_ms)
        return problem(p, ERR_CONFLICT, "until", "the server's clock was set at this very moment: try again");
    if (last->number == 0)
        return s->closes.is.to > 0
                   ? ERR_OK
                   : problem(p, ERR_CONFLICT, "until", "is before the contract began: there is nothing to settle yet");
    statement_id(span_str(s->k->id), last->number, id);
    time_rfc3339(&ended, last->to_ms);
    if (s->until_ms > 0 && s->until_ms <= last->to_ms)
        return problem(p, ERR_CONFLICT, "until",
                       "must be later than the end of the last statement: %s, number %llu of this contract, ended at "
                       "%.*s",
                       id, (unsigned long long)last->number, (int)ended.len, ended.ptr);
    if (s->until_ms == 0 && s->whole && tally_is_empty(&s->closes.is.tally))
        return problem(
            p, ERR_CONFLICT, "",
            "nothing came since the last statement, %s (number %llu, up to %.*s): to settle a period without "
            "anything in it say where it ends, with until",
            id, (unsigned long long)last->number, (int)ended.len, ended.ptr);
    return ERR_OK;
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
        .to = s->closes.is.to,
        .to_root = s->closes.is.root,
        .to_ms = s->to_ms,
        .waiting = last->waiting,
        .legal = {s->k->campaign->advertiser->legal, s->k->publisher != NULL ? s->k->publisher->legal : SPAN("")},
        .tally = &s->closes.is.tally,
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
                                  .to = s->closes.is.to,
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
                      .to = s->closes.is.to,
                      .to_ms = s->to_ms,
                      .issued_ms = s->issued_ms,
                      .utc_offset_s = s->utc_offset_s,
                      .sha256 = s->out.sha256},
    };
    const struct tally *closed = s->closes.at_cut ? NULL : &s->closes.is.tally;
    return pipeline_close_period(cx, s->k, &entry, &last, closed, s->closes.next_ms);
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
                      .until_ms = r->statement.until_ms,
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
        (err = issue_interval(cx->txn, &s)) != ERR_OK || (err = issue_fits(cx, &s, &job->problem)) != ERR_OK ||
        (err = issue_build(cx, &s, &job->problem)) != ERR_OK ||
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

struct asked {
    const struct contract *k;
    struct span until;
    int64_t until_ms; /* 0: now */
};

static const struct body_member members[] = {{"until", BODY_TEXT, offsetof(struct asked, until), .max = 40}, {NULL}};

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
        return worker_fails(rq, err, "the time zone of the campaign cannot be read any more: install tzdata");
    if (err == ERR_OK)
        *out = a;
    return err;
}

enum err statement_ahead(struct worker *w, const struct contract *k, int64_t until_ms, bool *nothing, struct problem *p)
{
    struct issue s = {.k = k, .until_ms = until_ms};
    struct ledger_view within;
    struct txn *t;
    enum err err = worker_reader(w, &t);
    *nothing = err == ERR_OK;
    if (err != ERR_OK || (err = issue_interval(t, &s)) != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_OK : err; /* younger than the last sweep */
    *nothing = tally_is_empty(&s.closes.is.tally);
    const struct view view = ledger_view(&within, NULL, t);
    struct statement_draft *d = statement_draft_new(k->number, s.from);
    err = statement_draft_fold(d, &view, s.closes.is.to, p);
    if (err == ERR_OK)
        drafts_put(w->server->instance.drafts, d);
    else
        statement_draft_free(d);
    return err;
}

enum err statement_record(struct worker *w, const struct contract *k, int64_t now_ms, int64_t until_ms,
                          struct record *out)
{
    out->statement.contract = k->number;
    out->statement.until_ms = until_ms;
    return zones_offset(w->zones, contract_terms(k, now_ms)->timezone, now_ms, &out->statement.utc_offset_s);
}

enum err statements_create(struct request *rq, struct reply *reply)
{
    (void)reply;
    struct asked a;
    bool nothing;
    enum err err = asked_read(rq, &a);
    if (err == ERR_OK)
        err = statement_ahead(rq->worker, a.k, a.until_ms, &nothing, &rq->problem);
    return err == ERR_OK ? ERR_PENDING : err;
}

enum err statements_finish(struct request *rq, struct job *job, struct reply *reply)
{
    struct asked a;
    if (job != NULL)
        return control_finish(rq, job, reply);
    enum err err = asked_read(rq, &a);
    if (err != ERR_OK)
        return err;
    job = worker_job(rq, RECORD_STATEMENT, a.k->campaign->advertiser);
    err = statement_record(rq->worker, a.k, rq->arrived_ms, a.until_ms, &job->record);
    if (err != ERR_OK)
        return worker_fails(rq, ERR_IO, "the time zone of the campaign cannot be read any more: install tzdata");
    return call_submit(rq, job);
}
