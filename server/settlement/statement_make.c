/* A statement, made of a snapshot of its contract's log on a thread that reads: all but its place in the log. */
#include "common/base/when.h"
#include "common/ledger/jws.h"
#include "server/api/call.h"
#include "server/settlement/premises.h"
#include "server/settlement/settlement.h"
#include "server/settlement/statements.h"
#include "server/settlement/until.h"

struct issue {
    struct worker *worker;
    struct problem *problem;
    struct premises on;
    char id[LIMIT_ID + 1];
    struct hash from_root;
    struct statement_out out;
    struct buf jws, answer;
};

enum err statement_nothing(struct worker *w, const struct contract *k, int64_t until_ms, int64_t now_ms, bool *nothing)
{
    struct premises on = {.k = k, .until_ms = until_ms};
    struct txn *t;
    enum err err = worker_reader(w, &t);
    *nothing = err == ERR_OK;
    if (err == ERR_OK)
        err = premises_read(t, &on);
    if (err != ERR_OK) {
        premises_close(&on);
        return err == ERR_NOT_FOUND ? ERR_OK : err; /* younger than the last sweep */
    }
    *nothing = premises_nothing(&on, now_ms);
    premises_close(&on);
    return ERR_OK;
}

/* Whether there is a period to close. */
static enum err issue_fits(const struct issue *s)
{
    const struct last_statement *last = &s->on.head.last;
    struct problem *p = s->problem;
    char mem[40], id[LIMIT_ID + 1];
    struct buf ended;
    buf_fixed(&ended, mem, sizeof mem);
    if (s->on.until_ms > s->on.issued_ms)
        return problem(p, ERR_CONFLICT, "until", "the server's clock was set at this very moment: try again");
    if (last->number == 0)
        return s->on.closes.is.to > 0
                   ? ERR_OK
                   : problem(p, ERR_CONFLICT, "until", "is before the contract began: there is nothing to settle yet");
    statement_id(span_str(s->on.k->id), last->number, id);
    time_rfc3339(&ended, last->to_ms);
    if (s->on.until_ms > 0 && s->on.until_ms <= last->to_ms)
        return problem(p, ERR_CONFLICT, "until",
                       "must be later than the end of the last statement: %s, number %llu of this contract, ended at "
                       "%.*s",
                       id, (unsigned long long)last->number, (int)ended.len, ended.ptr);
    if (s->on.until_ms == 0 && s->on.whole && premises_nothing(&s->on, s->on.issued_ms))
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
    const uint64_t to = s->on.closes.is.to;
    enum err err = ERR_OK;
    for (uint64_t at = s->on.head.last.to; at < to && err == ERR_OK; at += READ_SLICE) {
        struct ledger_view within;
        struct txn *t;
        if ((err = worker_reader_anew(s->worker, &t, s->problem)) != ERR_OK)
            return err;
        const struct view view = ledger_view(&within, NULL, t);
        err = statement_draft_fold(d, &view, to - at > READ_SLICE ? at + READ_SLICE : to, UINT64_MAX, s->problem);
    }
    return err;
}

static enum err finish(struct issue *s, struct statement_draft *d)
{
    struct ledger_view within;
    struct txn *t;
    enum err err = worker_reader(s->worker, &t);
    if (err != ERR_OK)
        return err;
    const struct view view = ledger_view(&within, NULL, t);
    struct statement_in in = premises_statement(&s->on, span_str(s->worker->server->instance.public_url), &view);
    in.id = span_str(s->id);
    in.from_root = s->from_root;
    return statement_finish(d, &in, &s->out, s->problem);
}

static enum err build(struct issue *s)
{
    struct statement_draft *d = statement_draft_new(s->on.k->number, s->on.head.last.to, &s->on.trade, LINES_SUMS);
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
    json_object_set_new(more, "more", json_boolean(!s->on.whole));
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

void statement_legal(const struct catalog *c, const struct contract *k, uint8_t out[HASH_LEN])
{
    struct span legal[2];
    premises_legal(c, k, legal);
    const struct span both[] = {legal[0], span_of("", 1), legal[1]};
    sha256v(both, 3, out);
}

static void write_record(const struct issue *s, struct arena *arena, struct record *out)
{
    const struct statement_out *o = &s->out;
    struct record_statement *r = &out->statement;
    *r = (struct record_statement){
        .contract = s->on.k->number,
        .number = s->on.head.last.number + 1,
        .from = s->on.head.last.to,
        .to = s->on.closes.is.to,
        .at_cut = s->on.closes.at_cut,
        .to_ms = s->on.to_ms,
        .issued_ms = s->on.issued_ms,
        .utc_offset_s = s->on.utc_offset_s,
        .terms = versions_at(&s->on.k->versions, s->on.issued_ms)->index,
        .vat_kind = o->vat_kind,
        .vat_ppm = o->vat_ppm,
        .vat_advertiser = s->on.trade.as[0],
        .vat_publisher = s->on.trade.as[1],
        .carried_micros = o->carried_micros,
        .pending = o->waiting.pending,
        .held = o->waiting.held,
        .waiting_high = (uint64_t)(o->waiting.micros >> 64),
        .waiting_low = (uint64_t)o->waiting.micros,
        .jws = arena_copy(arena, buf_span(&s->jws)),
        .lines = arena_copy(arena, buf_span(&o->lines.bundles)),
        .answer = arena_copy(arena, buf_span(&s->answer)),
    };
    statement_legal(s->on.catalog, s->on.k, r->legal_sha256);
    memcpy(r->prev_sha256, s->on.head.last.sha256.b, HASH_LEN);
    memcpy(r->sha256, o->sha256.b, HASH_LEN);
    tally_write(&s->on.closes.is.tally, r->closed);
}

static enum err make(struct issue *s, int64_t now_ms)
{
    struct premises *on = &s->on;
    struct txn *t;
    enum err err = worker_reader(s->worker, &t);
    if (err != ERR_OK || (err = premises_read(t, on)) != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err; /* it was swept for this */
    if (premises_date(on, s->worker->zones, now_ms) != ERR_OK)
        return problem(s->problem, ERR_IO, "", ZONE_UNREADABLE);
    if (!contract_binds(on->k, on->issued_ms))
        return contract_unbound(on->k, s->problem);
    if ((err = issue_fits(s)) != ERR_OK ||
        (err = ledger_root_at(t, on->k->number, on->head.last.to, &s->from_root)) != ERR_OK)
        return err;
    statement_id(span_str(on->k->id), on->head.last.number + 1, s->id);
    err = build(s);
    if (err == ERR_OK)
        jws_general(&s->jws, s->worker->statement_signer, STATEMENT_TYP, buf_span(&s->out.payload));
    return err == ERR_OK ? answer(s) : err;
}

enum err statement_make(struct worker *w, struct arena *arena, uint32_t contract, int64_t until_ms, int64_t now_ms,
                        struct record *out, struct problem *p)
{
    struct catalog *c = catalog_hold(w->server->instance.catalog);
    struct issue s = {.worker = w,
                      .problem = p,
                      .on = {.catalog = c, .k = catalog_contract_number(c, contract), .until_ms = until_ms}};
    buf_heap(&s.jws);
    buf_heap(&s.answer);
    enum err err = make(&s, now_ms);
    if (err == ERR_OK)
        write_record(&s, arena, out);
    statement_free(&s.out);
    premises_close(&s.on);
    buf_free(&s.jws);
    buf_free(&s.answer);
    catalog_unref(c);
    return err;
}
