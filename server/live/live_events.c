/* What the logs say: an event for each entry of a lead, a disposition or a statement. */
#include <stdlib.h>

#include "server/api/call.h"
#include "server/api/lead_json.h"
#include "server/commit/news.h"
#include "server/live/live_private.h"
#include "server/settlement/statements.h"

static enum err write_lead(struct piece *p, const struct contract *k, uint64_t index)
{
    struct lead_row row;
    struct view v = store_view(p->txn);
    enum err err = row_lead(&v, k->number, index, &row);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    piece_event(p, "lead");
    err = lead_json(&p->json, &p->rq, p->txn, k, index, &row, false);
    piece_event_end(p);
    return err;
}

static enum err write_disposition(struct piece *p, const struct contract *k, uint64_t index, const struct entry *e)
{
    const struct entry_disposition *d = &e->disposition;
    struct jw *w = &p->json;
    char ref[LEAD_REF_LEN];
    lead_ref_write(p->rq.worker->tokens, &(struct pointer){.contract = k->number, .index = d->lead}, ref);
    piece_event(p, "disposition");
    jw_object(w);
    if (d->amount_micros != 0) {
        jw_kstr(w, "amount_currency", d->currency);
        jw_kint(w, "amount_micros", d->amount_micros);
    }
    jw_ktime(w, "at", e->at_ms);
    jw_kstr(w, "campaign", span_str(k->campaign->id));
    jw_kstr(w, "contract", span_str(k->id));
    jw_kstr(w, "currency", contract_currency(k));
    jw_kint(w, "index", (int64_t)index);
    jw_kstr(w, "lead", span_of(ref, sizeof ref));
    if (!span_empty(d->text))
        jw_kstr(w, "note", d->text);
    jw_kint(w, "payable_micros", d->payable_micros);
    jw_kstr(w, "sender", d->party);
    jw_kstr(w, "status", span_str(status_word(d->status)));
    jw_kstr(w, "trust", span_str(trust_word(d->trust)));
    if (!span_empty(d->txid))
        jw_kstr(w, "txid", d->txid);
    jw_object_end(w);
    piece_event_end(p);
    return ERR_OK;
}

static enum err write_statement(struct piece *p, const struct entry *e)
{
    piece_event(p, "statement");
    enum err err = statement_listed(&p->json, p->txn, p->rq.catalog, e->statement.id);
    piece_event_end(p);
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

/* Its id names the place behind it. */
static enum err write_entry(struct piece *p, const struct contract *k, const struct envelope *env)
{
    struct entry e;
    if (env->kind == ENTRY_LEAD)
        return write_lead(p, k, env->index);
    enum err err = entry_read(env->entry, &e, NULL);
    if (err != ERR_OK)
        return err;
    err = env->kind == ENTRY_DISPOSITION ? write_disposition(p, k, env->index, &e) : write_statement(p, &e);
    entry_close(&e);
    return err;
}

static enum err look_at(struct piece *p, uint64_t seq)
{
    struct envelope env;
    enum err err = ledger_row(p->txn, seq, &env);
    if (err != ERR_OK)
        return err;
    p->place.seq = seq + 1;
    if (env.kind != ENTRY_LEAD && env.kind != ENTRY_DISPOSITION && env.kind != ENTRY_STATEMENT)
        return ERR_OK;
    const struct contract *k = catalog_contract_number(p->rq.catalog, env.contract);
    return piece_shows(p, k) ? write_entry(p, k, &env) : ERR_OK;
}

/* Those that were told lately, and before the piece's end. */
static enum err write_news(struct piece *p, const struct news_item *item, size_t n)
{
    enum err err = ERR_OK;
    for (size_t i = 0; i < n && item[i].seq < p->end && err == ERR_OK && !p->stream->behind; i++) {
        if (piece_full(p))
            p->stream->behind = true;
        else if (piece_shows(p, catalog_contract_number(p->rq.catalog, item[i].number)))
            err = look_at(p, item[i].seq);
    }
    return err;
}

/* Row by row, a slice of them. */
static enum err write_rows(struct piece *p)
{
    enum err err = ERR_OK;
    for (size_t n = 0; p->place.seq < p->end && n < READ_SLICE && !piece_full(p) && err == ERR_OK; n++)
        err = look_at(p, p->place.seq);
    p->stream->behind |= p->place.seq < p->end;
    return err;
}

enum err piece_events(struct piece *p)
{
    struct news_item *item;
    size_t n;
    bool kept = news_since(p->rq.worker->server->news, p->place.seq, &item, &n);
    enum err err = worker_reader_anew(p->rq.worker, &p->txn, &p->rq.problem);
    if (err == ERR_OK)
        err = kept ? write_news(p, item, n) : write_rows(p);
    if (err == ERR_OK && kept && !p->stream->behind && p->place.seq < p->end)
        p->place.seq = p->end;
    free(item);
    return err;
}
