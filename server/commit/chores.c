/* What the server does by itself: the runs of its chores. When they are due is the schedule's business. */
#include "server/commit/batch.h"
#include "server/commit/nonces.h"
#include "server/system/log.h"

enum { PROBE_LEN = 256 * 1024 };

/* ---- leads whose review time ran out ---- */

/* The first one; ERR_NOT_FOUND when there is none. */
static enum err first_due(struct batch *cx, struct row_op *row, uint32_t *contract, uint64_t *index)
{
    struct span key, value;
    int64_t due_ms;
    if (!store_row_seek(cx->txn, ROW_DUE, SPAN(""), &key, &value))
        return ERR_NOT_FOUND;
    if (key.len > sizeof row->key || due_key_read(key, &due_ms, contract, index) != ERR_OK)
        return ERR_CORRUPT;
    if (due_ms > cx->now_ms)
        return ERR_NOT_FOUND;
    *row = (struct row_op){.table = ROW_DUE, .del = true, .key_len = key.len};
    memcpy(row->key, key.ptr, key.len);
    return ERR_OK;
}

static enum err approve_one(struct batch *cx, uint32_t contract, uint64_t index)
{
    const struct contract *k = catalog_contract_number(cx->catalog, contract);
    struct lead_row lead;
    struct entry e;
    if (k == NULL || !row_lead(&cx->view, contract, index, &lead) ||
        !decide_due(k->terms_index, index, &lead, cx->now_ms, &e))
        return ERR_OK;
    return pipeline_append(cx, k, &e, NULL, NULL);
}

enum err chore_approve(struct batch *cx, struct job *job)
{
    struct row_ops gone = {.n = 1};
    uint32_t contract, done = 0;
    uint64_t index;
    enum err err = ERR_OK;
    while (done < job->record.approve.steps && (err = first_due(cx, &gone.op[0], &contract, &index)) == ERR_OK) {
        err = approve_one(cx, contract, index);
        if (err == ERR_OK)
            err = store_rows_write(cx->txn, &gone); /* gone already, unless it was not due after all */
        if (err != ERR_OK)
            return err == ERR_FULL ? err : ERR_IO;
        done++;
    }
    job->more = done == job->record.approve.steps;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* ---- nonces, gaps, keys ---- */

enum err chore_forget(struct batch *cx, struct job *job)
{
    size_t n = 0;
    enum err err = nonces_prune(cx->txn, job->record.forget.before_s, job->record.forget.steps, &n);
    job->more = err == ERR_OK && n == job->record.forget.steps;
    return err;
}

enum err chore_gap(struct batch *cx, struct job *job)
{
    const struct contract *k = catalog_contract_number(cx->catalog, job->record.gap.contract);
    const struct entry_gap *gap = &job->record.gap.gap;
    if (k == NULL || !terms_active(k->terms, gap->from_ms))
        return ERR_OK; /* an ended contract would have recorded nothing */
    const struct entry e = {.kind = ENTRY_GAP, .at_ms = cx->now_ms, .gap = *gap};
    return pipeline_append(cx, k, &e, NULL, NULL);
}

enum err chore_day_keys(struct batch *cx, struct job *job)
{
    uint8_t wrap[32];
    keys_day_wrap(cx->instance->keys, wrap);
    enum err err =
        day_keys_keep(cx->instance->day_keys, cx->txn, wrap, job->record.day_keys.day, job->record.day_keys.wrapped);
    crypto_wipe(wrap, sizeof wrap);
    return err;
}

/* ---- sweep and root log ---- */

enum err chore_sweep(struct batch *cx, struct job *job)
{
    (void)job;
    if (!ledger_dirty(cx->ledger))
        return ERR_OK;
    cx->swept = true;
    return ledger_sweep(cx->ledger, cx->txn);
}

static bool head_changed(const struct batch *cx, const struct contract *k)
{
    return ledger_size(cx->ledger, k->number) != ledger_published(cx->ledger, k->number);
}

/* The next few contracts whose head grew since it was in the root log. */
enum err chore_publish(struct batch *cx, struct job *job)
{
    uint32_t number = job->record.publish.from, published = 0;
    char mem[1024];
    for (; number <= cx->catalog->n_contracts && published < job->record.publish.steps; number++) {
        const struct contract *k = catalog_contract_number(cx->catalog, number);
        if (!head_changed(cx, k))
            continue;
        struct buf note;
        buf_fixed(&note, mem, sizeof mem);
        enum err err = pipeline_publish_head(cx, k, &note);
        if (err == ERR_FULL || err == ERR_IO)
            return err;
        if (err != ERR_OK) /* it could not be signed, and nothing was written */
            log_line(LOG_ERROR, 0, "publish", "the head of contract %s: %s", k->id, err_word(err));
        published++;
    }
    job->index = number;
    job->more = number <= cx->catalog->n_contracts;
    return ERR_OK;
}

/* ---- a full disk ---- */

/* Writes a row that no hole in the file has room for, so that the file must grow. */
enum err chore_probe(struct batch *cx, struct job *job)
{
    static const struct span name = {"probe", 5};
    static const char zeros[PROBE_LEN];
    return job->record.probe.put ? store_put(cx->txn, TABLE_META, name, span_of(zeros, sizeof zeros))
                                 : store_del(cx->txn, TABLE_META, name);
}

enum err chore_nothing(struct batch *cx, struct job *job)
{
    (void)cx;
    (void)job;
    return ERR_OK;
}
