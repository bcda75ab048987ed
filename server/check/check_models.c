/* What leads are scored by, learnt again from the entries up to each log's stored head. */
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
