/* GET /v1/statements, and those of one contract: by contract and number, or the newest first. */
#include <stdlib.h>

#include "common/base/mem.h"
#include "common/settlement/statement.h"
#include "server/api/call.h"
#include "server/api/list.h"
#include "server/settlement/settlement.h"
#include "server/settlement/statements.h"

enum { LOOKED_AT = 2000 }; /* statements of one call, after which its page ends */

struct statements {
    struct request *rq;
    struct txn *txn;
    struct span contract, verdict; /* filters; empty: all */
    bool newest;
    size_t looked_at; /* of those that a filter may pass over */
    struct list list;
    char last[LIMIT_ID + 1];
    struct buf summary; /* of the statement that is looked at */
};

/* Whether a party said that last. */
static bool is_said(json_t *answers, struct span verdict)
{
    size_t i;
    json_t *answer;
    json_array_foreach(answers, i, answer)
    {
        if (span_is(verdict, json_string_value(json_object_get(answer, "verdict"))))
            return true;
    }
    return false;
}

/* The summary, what the parties said, and what corrects it. Takes answers over. */
static enum err write_listed(struct jw *w, struct txn *t, struct span id, const struct statement_meta *m,
                             struct span summary, json_t *answers)
{
    json_t *corrected = NULL;
    enum err err = adjustments_about(t, m->contract, id, &corrected);
    if (err != ERR_OK) {
        json_decref(answers);
        return err;
    }
    return jw_document(w, summary, json_pack("{s:o,s:o}", "answers", answers, "corrected", corrected));
}

static enum err listed(struct statements *s, struct span id, const struct statement_meta *m)
{
    json_t *answers = NULL;
    enum err err = responses_state(s->txn, id, m, false, &answers);
    if (err == ERR_OK && (span_empty(s->verdict) || is_said(answers, s->verdict)) && list_item(&s->list))
        return write_listed(&s->list.w, s->txn, id, m, buf_span(&s->summary), answers);
    json_decref(answers);
    return err;
}

enum err statement_listed(struct jw *w, struct txn *t, const struct catalog *c, struct span id)
{
    struct statement_meta m;
    struct buf summary;
    json_t *answers = NULL;
    buf_heap(&summary);
    enum err err = statement_summed(NULL, t, c, id, &m, &summary);
    if (err == ERR_OK)
        err = responses_state(t, id, &m, false, &answers);
    if (err == ERR_OK)
        err = write_listed(w, t, id, &m, buf_span(&summary), answers);
    buf_free(&summary);
    return err;
}

/* How many statements the swept log has. */
static enum err count_of(struct txn *t, const struct contract *k, uint64_t *n)
{
    struct head head;
    enum err err = head_read(t, k->number, &head);
    *n = err == ERR_OK ? head.last.number : 0;
    return err == ERR_NOT_FOUND ? ERR_OK : err; /* younger than the last sweep */
}

/* Whether it needs no look, since the filter wants an answer and nobody gave one. What says that is asked twice, so
 * that an answer whose row is gone makes no list shorter. */
static enum err is_unanswered(struct statements *s, const struct contract *k, struct span id, bool *out)
{
    const struct who *parties[] = {k->campaign->advertiser, k->publisher};
    char room[STATEMENT_KEY_MAX];
    struct span ids, key, row;
    enum err err = answered_read(s->txn, id, &ids);
    *out = ids.len == 0 && !span_empty(s->verdict) && !span_is(s->verdict, "none");
    for (size_t i = 0; i < 2 && err == ERR_OK && *out; i++) {
        if (parties[i] == NULL)
            continue;
        err = statement_key(id, span_str(parties[i]->id), room, &key);
        if (err == ERR_OK && (err = store_get(s->txn, TABLE_COSIGNED, key, &row)) == ERR_OK)
            *out = false; /* told where it is read */
        else if (err == ERR_NOT_FOUND)
            err = ERR_OK;
    }
    return err;
}

static void looked_at(struct statements *s, const char id[LIMIT_ID + 1])
{
    memcpy(s->last, id, sizeof s->last);
    s->list.more = ++s->looked_at == LOOKED_AT;
}

/* The head says how many there are, so that one whose rows are gone makes no list shorter. */
static enum err look_at(struct statements *s, const struct contract *k, uint64_t number, struct statement_meta *m)
{
    char id[LIMIT_ID + 1];
    statement_id(span_str(k->id), number, id);
    buf_clear(&s->summary);
    enum err err = statement_summed(s->rq->worker->summaries, s->txn, s->rq->catalog, span_str(id), m, &s->summary);
    if (err == ERR_NOT_FOUND || (err == ERR_OK && m->contract != k))
        return ERR_CORRUPT;
    if (err != ERR_OK || (err = listed(s, span_str(id), m)) != ERR_OK || s->list.more)
        return err;
    looked_at(s, id);
    return ERR_OK;
}

/* Those of one contract behind `number`. */
static enum err contract_statements(struct statements *s, const struct contract *k, uint64_t number)
{
    char id[LIMIT_ID + 1];
    struct statement_meta m;
    uint64_t n;
    bool skip;
    enum err err = count_of(s->txn, k, &n);
    while (err == ERR_OK && !s->list.more && ++number <= n) {
        statement_id(span_str(k->id), number, id);
        if ((err = is_unanswered(s, k, span_str(id), &skip)) == ERR_OK && !skip)
            err = look_at(s, k, number, &m);
        else if (err == ERR_OK)
            looked_at(s, id);
    }
    return err;
}

/* Behind which statement a list goes on; its contract is NULL: from the first. */
static enum err cursor_read(struct statements *s, struct span after, struct statement_meta *m)
{
    *m = (struct statement_meta){.contract = NULL};
    if (span_empty(after))
        return ERR_OK;
    enum err err = statement_summed(s->rq->worker->summaries, s->txn, s->rq->catalog, after, m, NULL);
    if (err == ERR_NOT_FOUND || (err == ERR_OK && !catalog_may_read(s->rq->catalog, s->rq->caller, m->contract)))
        return problem(&s->rq->problem, ERR_MALFORMED, "after", "must be the `next` of the answer before");
    if (err == ERR_OK)
        memcpy(s->last, after.ptr, after.len);
    return err;
}

static enum err statements_write(struct statements *s, struct span after)
{
    const struct contract_list own = catalog_reads(s->rq->catalog, s->rq->caller);
    struct statement_meta m;
    enum err err = cursor_read(s, after, &m);
    uint64_t number = m.number;
    for (size_t i = contracts_behind(&own, m.contract != NULL ? m.contract->number - 1 : 0);
         err == ERR_OK && i < own.n && !s->list.more; i++, number = 0) {
        const struct contract *k = catalog_listed(s->rq->catalog, &own, i);
        if (span_empty(s->contract) || span_is(s->contract, k->id))
            err = contract_statements(s, k, number);
    }
    return err;
}

/* ---- by the end of their periods, the newest first; of one end by the contract's number ---- */

/* One contract: its next statement, and when that ended. A statement begins where the one before it ended. */
struct source {
    const struct contract *k;
    uint64_t number; /* 0: no more */
    int64_t to_ms;
};

static bool comes_before(int64_t to_ms, uint32_t contract, int64_t than_ms, uint32_t than)
{
    return to_ms > than_ms || (to_ms == than_ms && contract < than);
}

/* Of a contract whose last one comes before the cursor: the first behind it, by halves. */
static enum err skip_newer(struct statements *s, struct source *of, const struct statement_meta *after)
{
    uint64_t low = 0, high = of->number; /* low: behind the cursor, or none; high: in front of it */
    int64_t low_ms = 0;
    while (high - low > 1) {
        const uint64_t middle = low + (high - low) / 2;
        char id[LIMIT_ID + 1];
        struct statement_meta m;
        statement_id(span_str(of->k->id), middle, id);
        enum err err = statement_summed(s->rq->worker->summaries, s->txn, s->rq->catalog, span_str(id), &m, NULL);
        if (err != ERR_OK)
            return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
        bool newer = comes_before(m.to_ms, of->k->number, after->to_ms, after->contract->number);
        high = newer ? middle : high;
        low = newer ? low : middle;
        low_ms = newer ? low_ms : m.to_ms;
    }
    of->number = low;
    of->to_ms = low_ms;
    return ERR_OK;
}

static enum err source_open(struct statements *s, const struct contract *k, const struct statement_meta *after,
                            struct source *out)
{
    struct head head = {.size = 0};
    enum err err = head_read(s->txn, k->number, &head);
    *out = (struct source){k, head.last.number, head.last.to_ms};
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_OK : err; /* younger than the last sweep */
    if (after->contract == k)
        *out = (struct source){k, after->number - 1, after->from_ms};
    else if (after->contract != NULL && out->number > 0 &&
             comes_before(out->to_ms, k->number, after->to_ms, after->contract->number))
        return skip_newer(s, out, after);
    return ERR_OK;
}

static enum err merge(struct statements *s, struct source *of, size_t n)
{
    struct statement_meta m;
    enum err err = ERR_OK;
    while (err == ERR_OK && !s->list.more) {
        struct source *first = NULL;
        for (size_t i = 0; i < n; i++)
            if (of[i].number > 0 &&
                (first == NULL || comes_before(of[i].to_ms, of[i].k->number, first->to_ms, first->k->number)))
                first = &of[i];
        if (first == NULL || (err = look_at(s, first->k, first->number, &m)) != ERR_OK)
            return err;
        first->number--;
        first->to_ms = m.from_ms;
    }
    return err;
}

static enum err newest_write(struct statements *s, struct span after)
{
    const struct contract_list own = catalog_reads(s->rq->catalog, s->rq->caller);
    struct source *of = xcalloc(own.n + 1, sizeof *of);
    struct statement_meta m = {.contract = NULL};
    size_t n = 0;
    enum err err = cursor_read(s, after, &m);
    for (size_t i = 0; i < own.n && err == ERR_OK; i++) {
        const struct contract *k = catalog_listed(s->rq->catalog, &own, i);
        if (span_empty(s->contract) || span_is(s->contract, k->id))
            err = source_open(s, k, &m, &of[n++]);
    }
    if (err == ERR_OK)
        err = merge(s, of, n);
    free(of);
    return err;
}

/* ---- the calls ---- */

/* Of one contract, where `only` names it; else `contract` of the query does, or all are listed. */
static enum err list_statements(struct request *rq, struct span only, struct reply *reply)
{
    struct statements s = {.rq = rq};
    struct param p[] = {{.name = "verdict"}, {.name = "order"}, {.name = "contract"}};
    struct window window;
    enum err err = window_read(rq, p, span_empty(only) ? 3 : 2, &window);
    if (err == ERR_OK && p[0].given && !span_is(p[0].value, "none") && !span_is(p[0].value, "accept") &&
        !span_is(p[0].value, "dispute"))
        err = problem(&rq->problem, ERR_MALFORMED, "verdict", "must be accept, dispute or none");
    if (err == ERR_OK)
        err = list_order(rq, &p[1], &s.newest);
    if (err == ERR_OK)
        err = worker_reader(rq->worker, &s.txn);
    if (err != ERR_OK)
        return err;
    s.contract = span_empty(only) ? p[2].value : only;
    s.verdict = p[0].value;
    buf_heap(&s.summary);
    list_open(&s.list, &window);
    err = s.newest ? newest_write(&s, window.after) : statements_write(&s, window.after);
    buf_free(&s.summary);
    if (err == ERR_OK)
        list_reply(rq, reply, &s.list, span_str(s.last));
    else
        list_abandon(&s.list);
    return err;
}

enum err statements_list(struct request *rq, struct reply *reply)
{
    return list_statements(rq, SPAN(""), reply);
}

enum err statements_of_contract(struct request *rq, struct reply *reply)
{
    const struct contract *k;
    const enum err err = call_contract(rq, rq->param[0], &k);
    return err != ERR_OK ? err : list_statements(rq, span_str(k->id), reply);
}
