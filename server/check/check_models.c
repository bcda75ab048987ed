/* What leads are scored by, learnt again from the entries up to each log's stored head, and what entries say of it. */
#include "common/base/bytes.h"
#include "server/check/check_private.h"

void check_model(struct check *c, struct checked_log *log)
{
    const struct score_model *m = log->fold.model;
    uint8_t key[4], row[MODEL_MAX];
    struct span stored;
    log->scored = m != NULL && m->on;
    if (!log->scored || !check_need(c, TABLE_MODELS, contract_key(key, log->number), &stored))
        return;
    if (!span_eq(stored, span_of(row, model_write(m, row))))
        check_row_fails(c, TABLE_MODELS, span_of(key, sizeof key), "is not what the entries teach");
}

void check_model_entry(struct check *c, struct checked_log *log, uint64_t index, const struct entry *e)
{
    uint8_t key[STATE_KEY_LEN];
    struct problem why = {0};
    struct entry due;
    if (e->kind == ENTRY_MODEL) {
        contract_key(key, log->number);
        memcpy(key + 4, e->model.sha256.b, HASH_LEN);
        row_set_add(c->states, span_of(key, sizeof key));
        check_seed(c, log, e);
    }
    enum err err = fold_model(&log->fold, index, e, &due, &why);
    if (err == ERR_NOT_FOUND)
        check_entry_fails(c, STORE_CHECK_DECISIONS, "says what was learnt of leads where nothing is to say it");
    else if (err == ERR_INVALID)
        check_entry_fails(c, STORE_CHECK_DECISIONS, "brings in a seed, and not as it must");
    else if (err != ERR_OK)
        check_entry_fails(c, STORE_CHECK_DECISIONS,
                          "is not the model entry that is to stand there, as the log teaches");
}

static void is_state(struct check *c, enum table t, struct span key, struct span value)
{
    struct hash is;
    sha256(value.ptr, value.len, is.b);
    if (!row_set_has(c->states, key))
        check_row_fails(c, t, key, "is what no model entry names");
    else if (memcmp(is.b, key.ptr + 4, HASH_LEN) != 0)
        check_row_fails(c, t, key, "has not the hash that its entry names");
}

void prove_states(struct check *c)
{
    struct span value;
    for (size_t i = 0; i < row_set_count(c->states); i++)
        check_need(c, TABLE_STATES, row_set_at(c->states, i), &value);
    check_each(c, TABLE_STATES, is_state);
}

static void model_belongs(struct check *c, enum table t, struct span key, struct span value)
{
    uint32_t number = key.len == sizeof number ? load_be32(key.ptr) : 0;
    const struct checked_log *log = number < c->n_logs ? c->logs[number] : NULL;
    (void)value;
    if (log == NULL || !log->scored)
        check_row_fails(c, t, key, "is of no log whose terms score leads");
}

void prove_models(struct check *c)
{
    check_each(c, TABLE_MODELS, model_belongs);
}
