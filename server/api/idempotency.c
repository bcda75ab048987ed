#include "server/api/idempotency.h"

#include "common/base/ascii.h"
#include "common/base/bytes.h"
#include "common/base/when.h"
#include "server/keys/vault.h"

/* A row: be64 time of the first answer (ms) | request hash 32 | be16 status | sealed answer. */
enum { ROW_HEAD = 8 + HASH_LEN + 2, KEY_MAX = 255, PRUNE_STEP = 4 };

#define KEEP_MS MS_PER_DAY

enum err idempotency_read(struct request *rq, struct idempotency *out)
{
    struct span key = rq->idempotency_key;
    uint8_t hash[HASH_LEN];
    *out = (struct idempotency){0};
    if (key.ptr == NULL)
        return ERR_OK;
    if (key.len < 1 || key.len > KEY_MAX || !ascii_printable(key))
        return problem(&rq->problem, ERR_MALFORMED, "Idempotency-Key", "must be 1 to %d printable ASCII characters",
                       KEY_MAX);
    struct span row[] = {span_str(rq->caller->id), SPAN("\0"), key};
    sha256v(row, 3, hash);
    memcpy(out->row, hash, sizeof out->row);
    uint8_t method = (uint8_t)rq->method;
    struct span request[] = {span_of(&method, 1), rq->target, SPAN("\0"), rq->body};
    sha256v(request, 4, out->request_sha256);
    out->used = true;
    return ERR_OK;
}

enum err idempotency_replay(struct txn *t, const struct keys *k, const struct idempotency *i, struct job *job)
{
    struct span key = span_of(i->row, sizeof i->row), value;
    enum err err = store_get(t, TABLE_IDEMPOTENCY, key, &value);
    if (err != ERR_OK)
        return err;
    if (value.len < ROW_HEAD)
        return ERR_CORRUPT;
    if ((int64_t)load_be64(value.ptr) + KEEP_MS < job->now_ms)
        return ERR_NOT_FOUND;
    if (memcmp(value.ptr + 8, i->request_sha256, HASH_LEN) != 0)
        return problem(&job->problem, ERR_CONFLICT, "Idempotency-Key",
                       "was used for another request within 24 hours; use a new key");
    struct span sealed = span_of(value.ptr + ROW_HEAD, value.len - ROW_HEAD);
    struct buf answer;
    arena_buf(job->arena, &answer, sealed.len);
    if ((err = vault_open(k, VAULT_IDEMPOTENCY, key, sealed, &answer)) != ERR_OK)
        return err;
    job->answer = buf_span(&answer);
    job->answer_status = load_be16(value.ptr + 8 + HASH_LEN);
    job->replayed = true;
    return ERR_OK;
}

/* Keys are hashes: the few rows after a new one are a random sample, so that old rows go as new ones come. */
static enum err prune_after(struct txn *t, const uint8_t row[16], int64_t now_ms)
{
    uint8_t old[PRUNE_STEP][16];
    size_t n = 0;
    struct cursor *c;
    struct span key, value;
    enum err err = cursor_open(t, TABLE_IDEMPOTENCY, &c);
    if (err != ERR_OK)
        return err;
    bool more = cursor_seek(c, span_of(row, 16), &key, &value);
    for (int step = 0; more && step < PRUNE_STEP; step++, more = cursor_next(c, &key, &value))
        if (key.len == 16 && value.len >= ROW_HEAD && (int64_t)load_be64(value.ptr) + KEEP_MS < now_ms)
            memcpy(old[n++], key.ptr, 16);
    cursor_close(c);
    for (size_t i = 0; i < n && err == ERR_OK; i++)
        err = store_del(t, TABLE_IDEMPOTENCY, span_of(old[i], 16));
    return err;
}

enum err idempotency_keep(struct txn *t, const struct keys *k, const struct idempotency *i, const struct job *job)
{
    struct span key = span_of(i->row, sizeof i->row);
    struct buf row;
    enum err err = prune_after(t, i->row, job->now_ms);
    if (err != ERR_OK)
        return err;
    buf_heap(&row);
    buf_be64(&row, (uint64_t)job->now_ms);
    buf_add(&row, i->request_sha256, HASH_LEN);
    buf_be16(&row, (uint16_t)job->answer_status);
    vault_seal(k, VAULT_IDEMPOTENCY, key, job->answer, &row);
    err = store_put(t, TABLE_IDEMPOTENCY, key, buf_span(&row));
    buf_free(&row);
    return err;
}
