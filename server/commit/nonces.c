#include "server/commit/nonces.h"

#include "common/base/bytes.h"

enum { KEY_LEN = 16, ROW_LEN = 8 + HASH_LEN + 4 + 8 };

enum err nonce_row_read(struct span row, struct nonce_row *out)
{
    if (row.len != ROW_LEN)
        return ERR_CORRUPT;
    struct nonce_row r = {.forget_s = (int64_t)load_be64(row.ptr),
                          .contract = load_be32(row.ptr + 8 + HASH_LEN),
                          .index = load_be64(row.ptr + 8 + HASH_LEN + 4)};
    memcpy(r.request_sha256, row.ptr + 8, HASH_LEN);
    if (r.contract == 0 || r.index > JSON_INT_MAX || r.forget_s <= 0)
        return ERR_CORRUPT;
    *out = r;
    return ERR_OK;
}

enum err nonce_find(struct txn *t, const struct nonce_use *use, int64_t now_s, struct nonce_row *out)
{
    struct span row;
    struct nonce_row r;
    enum err err = store_get_sole(t, TABLE_NONCES, span_of(use->key, KEY_LEN), &row);
    if (err == ERR_OK)
        err = nonce_row_read(row, &r);
    if (err != ERR_OK)
        return err;
    if (r.forget_s < now_s)
        return ERR_NOT_FOUND;
    *out = r;
    return ERR_OK;
}

enum err nonce_record(struct txn *t, const struct nonce_use *use, int64_t forget_s, uint32_t contract, uint64_t index)
{
    uint8_t row[ROW_LEN];
    store_be64(row, (uint64_t)forget_s);
    memcpy(row + 8, use->request_sha256, HASH_LEN);
    store_be32(row + 8 + HASH_LEN, contract);
    store_be64(row + 8 + HASH_LEN + 4, index);
    return store_put(t, TABLE_NONCES, span_of(use->key, KEY_LEN), span_of(row, sizeof row));
}
