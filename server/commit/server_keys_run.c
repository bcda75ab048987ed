/* Other keys of the server sign: an entry in every log, a leaf in the root log, and the heads of all, at once. */
#include "server/commit/contract_write.h"

/* Past the first write only a full or failing disk is in the way. */
static enum err written(enum err err)
{
    return err == ERR_OK || err == ERR_FULL ? err : ERR_IO;
}

static enum err all_ready(struct batch *cx)
{
    enum err err = ledger_ready(cx->ledger, cx->txn, ROOT_LOG);
    for (size_t i = 0; i < cx->catalog->n_contracts && err == ERR_OK; i++)
        err = pipeline_ready(cx, &cx->catalog->contracts[i]);
    return err;
}

static enum err append_leaf(struct batch *cx, struct span jws)
{
    uint8_t sum[HASH_LEN];
    uint64_t index;
    const struct entry e = {.kind = ENTRY_ROOT, .at_ms = cx->now_ms};
    sha256(jws.ptr, jws.len, sum);
    return ledger_append(cx->ledger, cx->txn, ROOT_LOG, &e, span_of(sum, sizeof sum), 0, jws, NULL, &index, NULL);
}

enum err contract_append_server_keys(struct batch *cx, const struct contract *k, const struct keys_step *step)
{
    const struct entry e = {.kind = ENTRY_SERVER_KEYS,
                            .at_ms = cx->now_ms,
                            .server_keys = {.root = step->root, .jws = step->jws, .previous_jws = step->previous_jws}};
    return pipeline_append(cx, k, &e, NULL, NULL);
}

/* Swept at once: a served head is the last swept one, and from now on it must have the entry. */
enum err server_keys_run(struct batch *cx, struct job *job)
{
    const struct keys_step step = {.root = ledger_size(cx->ledger, ROOT_LOG),
                                   .jws = job->record.server_keys.jws,
                                   .previous_jws = job->record.server_keys.previous_jws};
    enum err err = all_ready(cx);
    if (err != ERR_OK)
        return err;
    err = append_leaf(cx, step.jws);
    for (size_t i = 0; i < cx->catalog->n_contracts && err == ERR_OK; i++)
        err = contract_append_server_keys(cx, &cx->catalog->contracts[i], &step);
    if (err == ERR_OK)
        err = instance_put_step(cx->txn, cx->instance->keys, &step);
    cx->swept = true;
    return written(err == ERR_OK ? ledger_sweep(cx->ledger, cx->txn) : err);
}
