/* What the server does by itself: the runs of its chores. When they are due is the schedule's business. */
#include <assert.h>

#include "common/decisions/rules.h"
#include "server/commit/batch.h"
#include "server/commit/parts.h"
#include "server/commit/rollups.h"
#include "server/system/log.h"

enum { PROBE_LEN = 256 * 1024, PASSED_MOST = 256 };

/* ---- leads whose review time ran out ---- */

static enum err approve_parts(struct batch *cx, const struct contract *k, uint64_t index, const struct lead_row *lead,
                              struct entry *e)
{
    struct others others;
    enum err err = parts_others(cx, k, index, lead, &others);
    if (err != ERR_OK)
        return err;
    err = parts_follow(cx, index, lead, NULL, e->at_ms, &others);
    if (err == ERR_OK)
        err = pipeline_others_ready(cx, &others);
    if (err == ERR_OK)
        err = pipeline_append(cx, k, e, NULL, NULL);
    return err == ERR_OK ? pipeline_others(cx, &others) : err;
}

/* One row of DUE: a lead that may be due. *later: neither it nor any after it is. */
static enum err approve_one(struct batch *cx, struct span key, bool *later)
{
    int64_t due_ms;
    uint32_t contract;
    uint64_t index;
    struct lead_row lead;
    struct entry e;
    struct row_ops gone = {.n = 1, .op = {{.table = ROW_DUE, .del = true, .key_len = key.len}}};
    enum err err = due_key_read(key, &due_ms, &contract, &index);
    if (err != ERR_OK)
        return err;
    *later = due_ms > cx->now_ms;
    if (*later)
        return ERR_OK;
    memcpy(gone.op[0].key, key.ptr, key.len);
    const struct contract *k = catalog_contract_number(cx->catalog, contract);
    err = k != NULL ? row_lead(&cx->view, contract, index, &lead) : ERR_NOT_FOUND;
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    const struct version *bound = versions_at(&k->versions, pipeline_dated(cx, k, cx->now_ms));
    if (bound->terms->ruleset->due(bound->index, index, &lead, cx->now_ms, &e))
        err = approve_parts(cx, k, index, &lead, &e);
    return err == ERR_OK ? store_rows_write(cx->txn, &gone) : err; /* gone already, unless it was not due after all */
}

/* What does not read stays as it is, for `check` to name: the other leads are not kept waiting by it, unless it is very
 * much, and it alone is no reason to come again soon. */
enum err chore_approve(struct batch *cx, struct job *job)
{
    char mem[STORE_KEY_MAX], after[STORE_KEY_MAX + 1], name[ROW_NAME];
    struct span from = SPAN(""), key, value;
    uint32_t done = 0, passed = 0;
    bool later = false;
    enum err step = ERR_OK;
    if (!clock_sure(&cx->clock)) /* nothing is due on the word of a clock that nobody trusts */
        return ERR_OK;
    while (done < job->record.approve.steps && passed < PASSED_MOST) {
        if ((step = cx->view.seek(cx->view.ctx, ROW_DUE, from, &key, &value)) != ERR_OK)
            break;
        memcpy(mem, key.ptr, key.len);
        key.ptr = mem; /* it outlives the writes */
        enum err err = approve_one(cx, key, &later);
        if (later || err == ERR_FULL || err == ERR_IO)
            return err;
        done += err == ERR_OK;
        if (err == ERR_OK)
            continue;
        passed++;
        table_row_name((enum table)(TABLE_ROWS + ROW_DUE), key, name);
        log_line(LOG_ERROR, 0, "approve", "%s: its lead does not read (%s), it is not approved", name, err_word(err));
        memcpy(after, key.ptr, key.len);
        after[key.len] = '\0'; /* the least key that is greater */
        from = span_of(after, key.len + 1);
    }
    job->more = done == job->record.approve.steps;
    return cursor_end(step);
}

/* ---- spread tables, gaps, keys ---- */

enum err chore_tidy(struct batch *cx, struct job *job)
{
    enum err err = store_tidy(cx->txn, job->record.tidy.before_s, job->record.tidy.rows);
    job->more = store_tidies(cx->instance->store);
    return err;
}

enum err chore_gap(struct batch *cx, struct job *job)
{
    const struct contract *k = catalog_contract_number(cx->catalog, job->record.gap.contract);
    const struct entry_gap *gap = &job->record.gap.gap;
    if (k == NULL || !contract_binds(k, gap->from_ms) || !terms_active(contract_terms(k, gap->from_ms), gap->from_ms))
        return ERR_OK; /* an ended contract would have recorded nothing; a pause may be younger than what it counts */
    const struct entry e = {.kind = ENTRY_GAP, .at_ms = cx->now_ms, .gap = *gap};
    return pipeline_append(cx, k, &e, NULL, NULL);
}

enum err chore_day_keys(struct batch *cx, struct job *job)
{
    return day_keys_keep(cx->instance->day_keys, cx->txn, job->record.day_keys.day, job->record.day_keys.wrapped);
}

/* ---- sweep and root log ---- */

enum err batch_sweep(struct batch *cx)
{
    cx->swept = true;
    enum err err = ledger_sweep(cx->ledger, cx->txn);
    return err == ERR_OK ? rollups_sweep(cx) : err;
}

enum err chore_sweep(struct batch *cx, struct job *job)
{
    const struct contract *k = catalog_contract_number(cx->catalog, job->record.sweep.contract);
    enum err err = k != NULL ? pipeline_clock(cx, k) : ERR_OK;
    if (err == ERR_FULL || err == ERR_IO)
        return err;
    ledger_root_signed(cx->ledger, job->record.sweep.root_signed);
    if (!ledger_dirty(cx->ledger))
        return rollups_stay(cx->rollups) ? rollups_sweep(cx) : ERR_OK;
    return batch_sweep(cx);
}

/* The tree that the note says must be the log's own. What is in the root log already is not put there again: the record
 * may have been made before another one was folded. */
enum err chore_publish(struct batch *cx, struct job *job)
{
    const struct contract *k = catalog_contract_number(cx->catalog, job->record.publish.contract);
    const struct span note = job->record.publish.note;
    char name[ORIGIN_CAP];
    struct checkpoint c;
    struct hash root;
    uint64_t leaf;
    assert(batch_may_touch(cx, k));
    if (checkpoint_peek(note, &c) != ERR_OK || !span_eq(c.origin, instance_log_name(cx->instance, k, name)))
        return ERR_CORRUPT;
    enum err err = ledger_root_at(cx->txn, k->number, c.size, &root);
    if (err != ERR_OK || memcmp(root.b, c.root.b, HASH_LEN) != 0)
        return err == ERR_OK || err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    if (c.size <= ledger_published(cx->ledger, k->number, NULL))
        return ERR_OK;
    if ((err = ledger_ready(cx->ledger, cx->txn, ROOT_LOG)) != ERR_OK)
        return err;
    const struct root_leaf x = {.contract = k->number, .size = c.size, .origin = c.origin, .text = note};
    err = pipeline_append_root(cx, &x, &leaf);
    if (err == ERR_OK)
        err = ledger_publish(cx->ledger, cx->txn, k->number, c.size, leaf);
    return err == ERR_OK || err == ERR_FULL ? err : ERR_IO; /* half of it may stand in the batch */
}

/* The sweep was before it. Of a log that takes no entry nobody can tell whether anything came. */
enum err fresh_head_run(struct batch *cx, struct job *job)
{
    const uint32_t contract = job->record.fresh_head.contract;
    if (contract == 0)
        return ERR_OK;
    job->index = ledger_size(cx->ledger, contract) - ledger_last_statement(cx->ledger, contract)->to;
    return ledger_ready(cx->ledger, cx->txn, contract);
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
