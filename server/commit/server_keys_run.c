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
    for (uint32_t n = 1; n <= cx->catalog->n_contracts && err == ERR_OK; n++)
        err = pipeline_ready(cx, catalog_contract_number(cx->catalog, n));
    return err;
}

static enum err append_leaf(struct batch *cx, struct span jws)
{
    char name[ORIGIN_CAP];
    uint64_t leaf;
    const struct root_leaf x = {
        .contract = ROOT_LOG, .origin = instance_log_name(cx->instance, NULL, name), .text = jws};
    return pipeline_append_root(cx, &x, &leaf);
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
    for (uint32_t n = 1; n <= cx->catalog->n_contracts && err == ERR_OK; n++)
        err = contract_append_server_keys(cx, catalog_contract_number(cx->catalog, n), &step);
    if (err == ERR_OK)
        err = instance_put_step(cx->txn, cx->instance->keys, &step);
    return written(err == ERR_OK ? batch_sweep(cx) : err);
}
