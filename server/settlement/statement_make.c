/* A statement, made of a snapshot of its contract's log on a thread that reads: all but its place in the log. */
#include "server/settlement/settlement.h"
#include "server/settlement/statements.h"

#include "common/base/when.h"
#include "common/ledger/jws.h"
#include "common/settlement/period.h"
#include "server/api/call.h"

enum { SETTLED_MS = 5000 }; /* whatever arrived so long ago is recorded */

struct issue {
    struct worker *worker;
    const struct contract *k;
    struct problem *problem;
    struct head head;
    struct closing closes;
    bool whole; /* of all that came before until_ms */
    int64_t issued_ms, until_ms, to_ms, utc_offset_s;
    char id[LIMIT_ID + 1];
    struct hash from_root;
    struct statement_out out;
    struct buf jws, answer;
};

/* ---- what it closes ---- */

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
    enum err err = head_read(t, s->k->number, &s->head);
    if (err == ERR_OK)
        err = statement_closing(t, &rows, s->k->number, &s->head, s->until_ms, &s->closes, &s->whole);
    return err;
}

enum err statement_nothing(struct worker *w, const struct contract *k, int64_t until_ms, bool *nothing)
{
    struct issue s = {.k = k, .until_ms = until_ms};
    struct txn *t;
    enum err err = worker_reader(w, &t);
    *nothing = err == ERR_OK;
    if (err != ERR_OK || (err = issue_interval(t, &s)) != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_OK : err; /* younger than the last sweep */
    *nothing = tally_is_empty(&s.closes.is.tally);
    return ERR_OK;
}

/* Issued when what it says was read: not before its last entry. Its period ends there too, but for the last seconds: of
 * what came in them some may be on its way, and be recorded behind the snapshot under the time of its arrival. */
static void issue_times(struct issue *s, int64_t now_ms)
{
    const struct tally *open = &s->head.tally, *closed = &s->closes.is.tally;
    const struct period period = {.prev_to_ms = s->head.last.to_ms};
    int64_t last_ms = open->to_ms > closed->to_ms ? open->to_ms : closed->to_ms;
    s->issued_ms = last_ms > now_ms ? last_ms : now_ms;
    if (s->whole && s->until_ms > 0) {
        s->to_ms = s->until_ms;
        return;
    }
    s->to_ms = period_latest_end(&period, &s->closes, s->issued_ms);
    int64_t least_ms = closed->entries > 0 ? closed->to_ms + 1 : 0, settled_ms = s->issued_ms - SETTLED_MS;
    if (least_ms < period.prev_to_ms)
        least_ms = period.prev_to_ms;
    if (!s->closes.at_cut && s->to_ms > settled_ms)
        s->to_ms = settled_ms > least_ms ? settled_ms : least_ms;
}

/* Whether there is a period to close. */
static enum err issue_fits(const struct issue *s)
{
    const struct last_statement *last = &s->head.last;
    struct problem *p = s->problem;
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

/* ---- the statement ---- */

static enum err fold(const struct issue *s, struct statement_draft *d)
{
    const uint64_t to = s->closes.is.to;
    enum err err = ERR_OK;
    for (uint64_t at = s->head.last.to; at < to && err == ERR_OK; at += READ_SLICE) {
        struct ledger_view within;
        struct txn *t;
        if ((err = worker_reader_anew(s->worker, &t, s->problem)) != ERR_OK)
            return err;
        const struct view view = ledger_view(&within, NULL, t);
        err = statement_draft_fold(d, &view, to - at > READ_SLICE ? at + READ_SLICE : to, s->problem);
    }
    return err;
}

static enum err finish(struct issue *s, struct statement_draft *d)
{
    const struct last_statement *last = &s->head.last;
    const struct version *bound = versions_at(&s->k->versions, s->issued_ms);
    struct ledger_view within;
    struct txn *t;
    enum err err = worker_reader(s->worker, &t);
    if (err != ERR_OK)
        return err;
    const struct view view = ledger_view(&within, NULL, t);
    const struct statement_in in = {
        .id = span_str(s->id),
        .issuer = span_str(s->worker->server->instance.public_url),
        .number = last->number + 1,
        .terms = bound->terms,
        .terms_index = bound->index,
        .from = last->to,
        .to = s->closes.is.to,
        .from_root = s->from_root,
        .to_root = s->closes.is.root,
        .to_ms = s->to_ms,
        .waiting = last->waiting,
        .legal = {s->k->campaign->advertiser->legal, s->k->publisher != NULL ? s->k->publisher->legal : SPAN("")},
        .tally = &s->closes.is.tally,
        .view = &view,
        .contract = s->k->number,
        .carried_in_micros = last->carried_micros,
        .has_prev = last->number > 0,
        .prev_sha256 = last->sha256,
        .prev_to_ms = last->to_ms,
        .issued_ms = s->issued_ms,
        .utc_offset_s = s->utc_offset_s,
    };
    return statement_finish(d, &in, &s->out, s->problem);
}

static enum err build(struct issue *s)
{
    struct statement_draft *d = statement_draft_new(s->k->number, s->head.last.to, LINES_SUMS);
    enum err err = fold(s, d);
    if (err == ERR_OK)
        err = finish(s, d);
    statement_draft_free(d);
    return err;
}

/* The summary with the links, and whether more waits for a statement than one can say. */
static enum err answer(struct issue *s)
{
    struct buf summary;
    struct jw w;
    json_t *more = json_object();
    buf_heap(&summary);
    buf_printf(&summary, "%s/v1/statements/%s", s->worker->server->instance.public_url, s->id);
    json_object_set_new(more, "url", json_stringn(summary.ptr, summary.len));
    json_object_set_new(more, "more", json_boolean(!s->whole));
    buf_clear(&summary);
    enum err err = statement_summary(buf_span(&s->out.payload), &summary);
    jw_open(&w, &s->answer);
    if (err == ERR_OK)
        err = jw_document(&w, buf_span(&summary), more);
    else
        json_decref(more);
    jw_close(&w);
    buf_free(&summary);
    return err;
}

void statement_legal(const struct contract *k, uint8_t out[HASH_LEN])
{
    const struct span both[] = {k->campaign->advertiser->legal, span_of("", 1),
                                k->publisher != NULL ? k->publisher->legal : SPAN("")};
    sha256v(both, 3, out);
}

static void write_record(const struct issue *s, struct arena *arena, struct record *out)
{
    const struct statement_out *o = &s->out;
    struct record_statement *r = &out->statement;
    *r = (struct record_statement){
        .contract = s->k->number,
        .number = s->head.last.number + 1,
        .from = s->head.last.to,
        .to = s->closes.is.to,
        .at_cut = s->closes.at_cut,
        .to_ms = s->to_ms,
        .issued_ms = s->issued_ms,
        .utc_offset_s = s->utc_offset_s,
        .terms = versions_at(&s->k->versions, s->issued_ms)->index,
        .carried_micros = o->carried_micros,
        .pending = o->waiting.pending,
        .held = o->waiting.held,
        .waiting_high = (uint64_t)(o->waiting.micros >> 64),
        .waiting_low = (uint64_t)o->waiting.micros,
        .jws = arena_copy(arena, buf_span(&s->jws)),
        .lines = arena_copy(arena, buf_span(&o->lines.bundles)),
        .answer = arena_copy(arena, buf_span(&s->answer)),
    };
    statement_legal(s->k, r->legal_sha256);
    memcpy(r->prev_sha256, s->head.last.sha256.b, HASH_LEN);
    memcpy(r->sha256, o->sha256.b, HASH_LEN);
    tally_write(&s->closes.is.tally, r->closed);
}

static enum err make(struct issue *s, int64_t now_ms)
{
    struct txn *t;
    enum err err = worker_reader(s->worker, &t);
    if (err != ERR_OK || (err = issue_interval(t, s)) != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err; /* it was swept for this */
    issue_times(s, now_ms);
    if (!contract_binds(s->k, s->issued_ms))
        return contract_unbound(s->k, s->problem);
    if ((err = issue_fits(s)) != ERR_OK ||
        (err = ledger_root_at(t, s->k->number, s->head.last.to, &s->from_root)) != ERR_OK)
        return err;
    err = zones_offset(s->worker->zones, contract_terms(s->k, s->issued_ms)->timezone, s->issued_ms, &s->utc_offset_s);
    if (err != ERR_OK)
        return problem(s->problem, ERR_IO, "", "the time zone of the campaign cannot be read any more: install tzdata");
    statement_id(span_str(s->k->id), s->head.last.number + 1, s->id);
    err = build(s);
    if (err == ERR_OK)
        jws_general(&s->jws, s->worker->statement_signer, STATEMENT_TYP, buf_span(&s->out.payload));
    return err == ERR_OK ? answer(s) : err;
}

enum err statement_make(struct worker *w, struct arena *arena, uint32_t contract, int64_t until_ms, int64_t now_ms,
                        struct record *out, struct problem *p)
{
    struct catalog *c = catalog_hold(w->server->instance.catalog);
    struct issue s = {.worker = w, .k = catalog_contract_number(c, contract), .problem = p, .until_ms = until_ms};
    buf_heap(&s.jws);
    buf_heap(&s.answer);
    enum err err = make(&s, now_ms);
    if (err == ERR_OK)
        write_record(&s, arena, out);
    statement_free(&s.out);
    buf_free(&s.jws);
    buf_free(&s.answer);
    catalog_unref(c);
    return err;
}
