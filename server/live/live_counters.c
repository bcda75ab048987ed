/* What of today (UTC) each contract has: clicks by class, and leads by the status that they have now. Clicks are
 * counted as they are committed; those of before the start once, by whoever asks first, from the journal backwards. */
#include <string.h>

#include "common/base/when.h"
#include "server/api/call.h"
#include "server/commit/news.h"
#include "server/live/live_private.h"
#include "server/system/system.h"

enum { BASE_SLICES = 64 }; /* of READ_SLICE rows, of one piece */

#define BACK_MS 3600000LL /* a clock that was set back by so much hides nothing of today */

/* ---- before the start ---- */

/* *seq moves down; *done when what is there is of another day. */
static enum err count_slice(struct piece *p, uint64_t *seq, bool *done)
{
    struct news *news = p->rq.worker->server->news;
    const int64_t now_ms = clock_ms(), begins_ms = now_ms - now_ms % MS_PER_DAY;
    enum err err = worker_reader_anew(p->rq.worker, &p->txn, &p->rq.problem);
    for (size_t n = 0; n<READ_SLICE && * seq> 0 && !*done && err == ERR_OK; n++) {
        struct envelope env;
        int64_t at_ms = 0;
        err = ledger_row(p->txn, *seq - 1, &env);
        bool counts = err == ERR_OK && (env.kind == ENTRY_CLICK || env.kind == ENTRY_LEAD);
        if (counts)
            err = ledger_row_ms(&env, &at_ms);
        if (err != ERR_OK)
            break; /* whoever asks next meets it again */
        --*seq;
        *done = counts && at_ms < begins_ms - BACK_MS;
        if (counts && at_ms >= begins_ms)
            news_base_add(news, env.contract, env.index, env.kind, env.class, at_ms);
    }
    *done |= *seq == 0;
    return err;
}

/* As far as it gets: the next piece goes on there. */
static enum err count_base(struct piece *p)
{
    struct news *news = p->rq.worker->server->news;
    uint64_t seq;
    bool done = false;
    enum err err = ERR_OK;
    if (!news_base_take(news, &seq))
        return ERR_OK;
    for (int i = 0; i < BASE_SLICES && !done && err == ERR_OK; i++)
        err = count_slice(p, &seq, &done);
    news_base_put(news, seq, done && err == ERR_OK);
    return err;
}

/* ---- counters ---- */

static enum err count_leads(struct piece *p, const struct contract *k, struct counted *c)
{
    struct view v = store_view(p->txn);
    struct lead_walk walk = {.view = &v, .contract = k->number, .at = c->first_lead, .rows = SIZE_MAX};
    struct lead_row row;
    uint64_t index;
    enum err step;
    if (c->leads_known == c->leads_change)
        return ERR_OK;
    memset(c->leads, 0, sizeof c->leads);
    while ((step = lead_walk_next(&walk, c->size, &index, &row)) == ERR_OK)
        c->leads[row.status]++;
    if (step != ERR_NOT_FOUND)
        return step;
    news_leads(p->rq.worker->server->news, k->number, c);
    return ERR_OK;
}

/* Those that are not 0, and their sum, in the order of their words. */
static void write_numbers(struct jw *w, const char *name, const uint64_t *n, size_t count,
                          const char *(*word)(size_t i))
{
    uint64_t total = 0;
    for (size_t i = 0; i < count; i++)
        total += n[i];
    jw_key(w, name);
    jw_object(w);
    for (const char *next, *last = "";; last = next) {
        uint64_t of_next = total;
        next = strcmp("total", last) > 0 ? "total" : NULL;
        for (size_t i = 0; i < count; i++)
            if (n[i] > 0 && strcmp(word(i), last) > 0 && (next == NULL || strcmp(word(i), next) < 0)) {
                next = word(i);
                of_next = n[i];
            }
        if (next == NULL)
            break;
        jw_kint(w, next, (int64_t)of_next);
    }
    jw_object_end(w);
}

static const char *class_of(size_t i)
{
    return class_word((enum class)i);
}

static const char *status_of(size_t i)
{
    return status_word((enum status)i);
}

static void write_counters(struct piece *p, const struct contract *k, const struct counted *c)
{
    enum { DAY_LEN = 10, TIME_MEM = 40 };
    char day[TIME_MEM];
    struct buf time;
    struct jw *w = &p->json;
    buf_fixed(&time, day, sizeof day);
    time_rfc3339(&time, c->day * MS_PER_DAY);
    piece_event(p, "counters");
    jw_object(w);
    jw_kint(w, "as_of", (int64_t)c->size);
    write_numbers(w, "clicks", c->clicks, CLASS_COUNT, class_of);
    jw_kstr(w, "contract", span_str(k->id));
    jw_kstr(w, "day", span_of(day, DAY_LEN));
    write_numbers(w, "leads", c->leads, STATUS_COUNT, status_of);
    jw_object_end(w);
    piece_event_end(p);
}

static enum err write_if_changed(struct piece *p, const struct contract *k)
{
    struct counted c;
    if (!piece_shows(p, k) || !news_counted(p->rq.worker->server->news, k->number, clock_ms(), p->stream->counted, &c))
        return ERR_OK;
    enum err err = worker_reader_anew(p->rq.worker, &p->txn, &p->rq.problem);
    if (err == ERR_OK)
        err = count_leads(p, k, &c);
    if (err == ERR_OK)
        write_counters(p, k, &c);
    return err;
}

/* Those that changed since they were told last, by number, over as many pieces as that takes. What changes meanwhile
 * comes with the next round. */
static enum err write_changed(struct piece *p)
{
    struct stream *s = p->stream;
    const struct contract_list reads = catalog_reads(p->rq.catalog, p->rq.caller);
    enum err err = ERR_OK;
    if (s->count_from == 0)
        s->counting = news_changes(p->rq.worker->server->news);
    for (size_t i = contracts_behind(&reads, s->count_from); i < reads.n && err == ERR_OK; i++) {
        if (piece_full(p))
            return ERR_OK;
        const struct contract *k = catalog_listed(p->rq.catalog, &reads, i);
        if ((err = write_if_changed(p, k)) == ERR_OK)
            s->count_from = k->number;
    }
    s->count_from = 0;
    if (err == ERR_OK)
        s->counted = s->counting;
    return err;
}

enum err piece_counters(struct piece *p)
{
    struct news *news = p->rq.worker->server->news;
    enum err err = news_base_done(news) ? ERR_OK : count_base(p);
    if (err != ERR_OK)
        return err;
    if (news_base_done(news))
        return write_changed(p);
    p->stream->recount = true;
    return ERR_OK;
}
