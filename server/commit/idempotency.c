#include "server/commit/idempotency.h"

#include "common/base/ascii.h"
#include "common/base/bytes.h"
#include "common/base/when.h"
#include "server/keys/vault.h"

/* A row: be64 time of the first answer (ms) | request hash 32 | be16 status | sealed answer. */
enum { ROW_HEAD = 8 + HASH_LEN + 2, PRUNE_STEP = 4 };

#define KEEP_MS MS_PER_DAY

enum err idempotency_replay(struct batch *cx, struct job *job)
{
    const struct idempotency *i = &job->record.idempotency;
    struct span key = span_of(i->row, sizeof i->row), value;
    enum err err = store_get_sole(cx->txn, TABLE_IDEMPOTENCY, key, &value);
    if (err != ERR_OK)
        return err;
    int64_t at_ms = value.len >= ROW_HEAD ? (int64_t)load_be64(value.ptr) : 0;
    int status = value.len >= ROW_HEAD ? load_be16(value.ptr + 8 + HASH_LEN) : 0;
    if (at_ms <= 0 || at_ms > JSON_INT_MAX || status < 200 || status > 299)
        return ERR_CORRUPT;
    if (at_ms + KEEP_MS < batch_steady_ms(cx, job->record.arrived_ms))
        return ERR_NOT_FOUND;
    if (memcmp(value.ptr + 8, i->request_sha256, HASH_LEN) != 0)
        return problem(&job->problem, ERR_CONFLICT, "Idempotency-Key",
                       "was used for another request within 24 hours; use a new key");
    struct span sealed = span_of(value.ptr + ROW_HEAD, value.len - ROW_HEAD);
    struct buf answer;
    arena_buf(job->arena, &answer, sealed.len);
    if ((err = vault_open(cx->instance->keys, VAULT_IDEMPOTENCY, key, sealed, &answer)) != ERR_OK)
        return err;
    job->answer = buf_span(&answer);
    job->answer_status = status;
    job->replayed = true;
    return ERR_OK;
}

static bool is_past(struct span key, struct span value, int64_t now_ms)
{
    int64_t at_ms = key.len == 16 && value.len >= ROW_HEAD ? (int64_t)load_be64(value.ptr) : 0;
    return at_ms > 0 && at_ms < now_ms - KEEP_MS; /* one that does not read stays, for `check` to name */
}

/* Keys are hashes: the few rows after a new one are a random sample, so that old rows go as new ones come. */
static enum err prune_after(struct txn *t, const uint8_t row[16], int64_t now_ms)
{
    uint8_t old[PRUNE_STEP][16];
    size_t n = 0;
    struct cursor *c;
    struct span key, value;
    enum err step, err = cursor_open(t, TABLE_IDEMPOTENCY, &c);
    if (err != ERR_OK)
        return err;
    step = cursor_seek(c, span_of(row, 16), &key, &value);
    for (int i = 0; step == ERR_OK && i < PRUNE_STEP; i++, step = cursor_next(c, &key, &value))
        if (is_past(key, value, now_ms))
            memcpy(old[n++], key.ptr, 16);
    cursor_close(c);
    err = cursor_end(step);
    for (size_t i = 0; i < n && err == ERR_OK; i++)
        err = store_del(t, TABLE_IDEMPOTENCY, span_of(old[i], 16));
    return err;
}

enum err idempotency_keep(struct batch *cx, const struct job *job)
{
    const struct idempotency *i = &job->record.idempotency;
    struct span key = span_of(i->row, sizeof i->row);
    struct buf row;
    enum err err = prune_after(cx->txn, i->row, batch_steady_ms(cx, job->record.arrived_ms));
    if (err != ERR_OK)
        return err;
    buf_heap(&row);
    buf_be64(&row, (uint64_t)batch_steady_ms(cx, job->record.arrived_ms));
    buf_add(&row, i->request_sha256, HASH_LEN);
    buf_be16(&row, (uint16_t)job->answer_status);
    vault_seal(cx->instance->keys, VAULT_IDEMPOTENCY, key, job->answer, i->nonce, &row);
    err = store_put(cx->txn, TABLE_IDEMPOTENCY, key, buf_span(&row));
    buf_free(&row);
    return err;
}
