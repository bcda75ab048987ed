/* What leads are scored by, of logs that grow: in memory as it is now, in its row as it was at the stored head. */
#include <assert.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "server/ledger/ledger_private.h"

enum err ledger_model_read(struct txn *t, uint32_t contract, struct score_model *out)
{
    uint8_t key[4];
    struct span row;
    enum err err = store_get(t, TABLE_MODELS, contract_key(key, contract), &row);
    return err == ERR_OK ? model_read(row, out) : err;
}

enum err ledger_model_load(struct txn *t, struct log *log, uint32_t contract)
{
    uint8_t key[4];
    struct span row;
    assert(log->model == NULL && !log->taught);
    enum err err = store_get(t, TABLE_MODELS, contract_key(key, contract), &row);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_OK : err;
    log->model = xcalloc(1, sizeof *log->model);
    return model_read(row, log->model);
}

enum err ledger_model_save(struct txn *t, struct log *log, uint32_t contract)
{
    uint8_t key[4], row[MODEL_MAX];
    if (!log->taught)
        return ERR_OK;
    contract_key(key, contract);
    log->taught = false;
    if (log->model->on)
        return store_put(t, TABLE_MODELS, span_of(key, sizeof key), span_of(row, model_write(log->model, row)));
    enum err err = store_del(t, TABLE_MODELS, span_of(key, sizeof key));
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

const struct score_model *ledger_model(const struct ledger *l, uint32_t contract)
{
    return contract < l->n_logs && l->logs[contract] != NULL ? l->logs[contract]->model : NULL;
}

enum err ledger_learn(struct ledger *l, const struct view *v, uint32_t contract, const struct terms *terms,
                      uint64_t index, const struct entry *e, const struct scored *known)
{
    struct log *log = ledger_log(l, contract);
    bool asked = terms != NULL && terms->score != NULL;
    if (log->model == NULL && !asked)
        return ERR_OK;
    assert(log->ready);
    l->changes++;
    if (log->model == NULL)
        log->model = xcalloc(1, sizeof *log->model);
    return model_fold(log->model, v, contract, terms, index, e, known, &log->taught);
}

void ledger_model_closed(struct log *log)
{
    log->taught |= log->model != NULL && log->model->seeded;
    if (log->model != NULL)
        log->model->seeded = false;
}

static struct span state_key(uint8_t key[STATE_KEY_LEN], uint32_t contract, const struct hash *sha256)
{
    store_be32(key, contract);
    memcpy(key + 4, sha256->b, HASH_LEN);
    return span_of(key, STATE_KEY_LEN);
}

enum err ledger_state(struct txn *t, uint32_t contract, const struct hash *sha256, struct span *out)
{
    uint8_t key[STATE_KEY_LEN];
    return store_get(t, TABLE_STATES, state_key(key, contract, sha256), out);
}

enum err ledger_state_put(struct ledger *l, struct txn *t, uint32_t contract, const struct hash *sha256,
                          struct span bytes)
{
    uint8_t key[STATE_KEY_LEN];
    l->changes++;
    return store_put(t, TABLE_STATES, state_key(key, contract, sha256), bytes);
}
