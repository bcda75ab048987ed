#include "server/nonces.h"

#include "common/base/bytes.h"

enum { KEY_LEN = 16, ROW_LEN = HASH_LEN + 4 + 8 + 8, TIME_KEY_LEN = 8 + KEY_LEN };

enum err nonce_find(struct txn *t, const struct nonce_use *use, struct nonce_row *out)
{
    struct span row;
    enum err err = store_get(t, TABLE_NONCES, span_of(use->key, KEY_LEN), &row);
    if (err != ERR_OK)
        return err;
    if (row.len != ROW_LEN)
        return ERR_CORRUPT;
    memcpy(out->request_sha256, row.ptr, HASH_LEN);
    out->contract = load_be32(row.ptr + HASH_LEN);
    out->index = load_be64(row.ptr + HASH_LEN + 4);
    out->ts_s = (int64_t)load_be64(row.ptr + HASH_LEN + 12);
    return ERR_OK;
}

static struct span time_key(uint8_t out[TIME_KEY_LEN], int64_t ts_s, const uint8_t key[KEY_LEN])
{
    store_be64(out, (uint64_t)ts_s);
    memcpy(out + 8, key, KEY_LEN);
    return span_of(out, TIME_KEY_LEN);
}

enum err nonce_record(struct txn *t, const struct nonce_use *use, uint32_t contract, uint64_t index)
{
    uint8_t row[ROW_LEN], time[TIME_KEY_LEN];
    memcpy(row, use->request_sha256, HASH_LEN);
    store_be32(row + HASH_LEN, contract);
    store_be64(row + HASH_LEN + 4, index);
    store_be64(row + HASH_LEN + 12, (uint64_t)use->ts_s);
    enum err err = store_put(t, TABLE_NONCES, span_of(use->key, KEY_LEN), span_of(row, sizeof row));
    return err == ERR_OK ? store_put(t, TABLE_NONCE_TIMES, time_key(time, use->ts_s, use->key), SPAN("")) : err;
}

enum err nonces_prune(struct txn *t, int64_t now_s, size_t max, size_t *n)
{
    int64_t before_s = now_s - 2 * POSTBACK_WINDOW_S;
    size_t gone = 0;
    enum err err = ERR_OK;
    for (; gone < max && err == ERR_OK; gone++) {
        uint8_t time[TIME_KEY_LEN];
        struct cursor *c;
        struct span key, value;
        err = cursor_open(t, TABLE_NONCE_TIMES, &c);
        if (err != ERR_OK)
            return err;
        bool due =
            cursor_seek(c, SPAN(""), &key, &value) && key.len == TIME_KEY_LEN && (int64_t)load_be64(key.ptr) < before_s;
        if (due)
            memcpy(time, key.ptr, TIME_KEY_LEN);
        cursor_close(c);
        if (!due)
            break;
        err = store_del(t, TABLE_NONCES, span_of(time + 8, KEY_LEN));
        if (err == ERR_OK)
            err = store_del(t, TABLE_NONCE_TIMES, span_of(time, TIME_KEY_LEN));
    }
    if (err == ERR_OK)
        *n = gone;
    return err;
}
