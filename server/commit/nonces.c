#include "server/commit/nonces.h"

#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"

enum { KEY_LEN = 16, ROW_LEN = HASH_LEN + 4 + 8 + 8, TIME_KEY_LEN = 8 + KEY_LEN };

static struct span time_key(uint8_t out[TIME_KEY_LEN], int64_t forget_s, const uint8_t key[KEY_LEN])
{
    store_be64(out, (uint64_t)forget_s);
    memcpy(out + 8, key, KEY_LEN);
    return span_of(out, TIME_KEY_LEN);
}

/* One without its time would never be forgotten: it is none of ours. */
enum err nonce_find(struct txn *t, const struct nonce_use *use, struct nonce_row *out)
{
    struct span row, none;
    uint8_t time[TIME_KEY_LEN];
    enum err err = store_get_sole(t, TABLE_NONCES, span_of(use->key, KEY_LEN), &row);
    if (err != ERR_OK)
        return err;
    if (row.len != ROW_LEN)
        return ERR_CORRUPT;
    struct nonce_row r = {.contract = load_be32(row.ptr + HASH_LEN),
                          .index = load_be64(row.ptr + HASH_LEN + 4),
                          .forget_s = (int64_t)load_be64(row.ptr + HASH_LEN + 12)};
    memcpy(r.request_sha256, row.ptr, HASH_LEN);
    if (r.contract == 0 || r.index > JSON_INT_MAX || r.forget_s <= 0)
        return ERR_CORRUPT;
    if ((err = store_get(t, TABLE_NONCE_TIMES, time_key(time, r.forget_s, use->key), &none)) != ERR_OK || none.len != 0)
        return err == ERR_OK || err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    *out = r;
    return ERR_OK;
}

enum err nonce_record(struct txn *t, const struct nonce_use *use, int64_t forget_s, uint32_t contract, uint64_t index)
{
    uint8_t row[ROW_LEN], time[TIME_KEY_LEN];
    memcpy(row, use->request_sha256, HASH_LEN);
    store_be32(row + HASH_LEN, contract);
    store_be64(row + HASH_LEN + 4, index);
    store_be64(row + HASH_LEN + 12, (uint64_t)forget_s);
    enum err err = store_put(t, TABLE_NONCES, span_of(use->key, KEY_LEN), span_of(row, sizeof row));
    return err == ERR_OK ? store_put(t, TABLE_NONCE_TIMES, time_key(time, forget_s, use->key), SPAN("")) : err;
}

/* The keys of at most max rows that are due, oldest first. */
static enum err find_due(struct txn *t, int64_t now_s, size_t max, uint8_t (*due)[TIME_KEY_LEN], size_t *n)
{
    struct cursor *c;
    struct span key, value;
    size_t found = 0;
    enum err step, err = cursor_open(t, TABLE_NONCE_TIMES, &c);
    if (err != ERR_OK)
        return err;
    for (step = cursor_seek(c, SPAN(""), &key, &value); step == ERR_OK && found < max;
         step = cursor_next(c, &key, &value)) {
        if (key.len != TIME_KEY_LEN || value.len != 0) {
            err = ERR_CORRUPT;
            break;
        }
        if ((int64_t)load_be64(key.ptr) >= now_s)
            break;
        memcpy(due[found++], key.ptr, TIME_KEY_LEN);
    }
    cursor_close(c);
    *n = found;
    return err == ERR_OK ? cursor_end(step) : err;
}

enum err nonces_prune(struct txn *t, int64_t now_s, size_t max, size_t *n)
{
    uint8_t(*due)[TIME_KEY_LEN] = xmalloc(max * sizeof *due);
    size_t found = 0;
    enum err err = find_due(t, now_s, max, due, &found);
    for (size_t i = 0; i < found && err == ERR_OK; i++) {
        err = store_del(t, TABLE_NONCES, span_of(due[i] + 8, KEY_LEN));
        if (err == ERR_OK)
            err = store_del(t, TABLE_NONCE_TIMES, span_of(due[i], TIME_KEY_LEN));
    }
    free(due);
    if (err == ERR_OK)
        *n = found;
    return err;
}
