/* Blocks of spread tables: rows one behind the other. Each is u16 length of its place, u16 length of what it stores,
 * place, stored. A row's own checksum is looked at by whoever finds it; that none is hidden by a length or place that
 * changed is what the block's is for. */
#include <assert.h>

#include "common/base/bytes.h"
#include "server/store/spread_private.h"

void block_seal(struct buf *block, int table, struct span key)
{
    buf_be64(block, spread_sum(table, key, buf_span(block)));
}

enum err block_open(struct txn *t, int table, const MDB_val *key, const MDB_val *stored, struct span *rows)
{
    struct span all = span_val(stored);
    size_t len = all.len < SUM_LEN ? 0 : all.len - SUM_LEN;
    struct span block = span_of(all.ptr, len);
    if (all.len < SUM_LEN || load_be64(all.ptr + len) != spread_sum(table, span_val(key), block)) {
        t->damage = DAMAGE_BLOCK;
        return ERR_CORRUPT;
    }
    *rows = block;
    return ERR_OK;
}

size_t block_row_len(size_t place_len, size_t stored_len)
{
    return BLOCK_ROW_HEAD + place_len + stored_len;
}

char *block_row_write(char *at, struct span place, size_t stored_len)
{
    assert(place.len <= 1 + STORE_KEY_MAX && stored_len <= UINT16_MAX);
    store_be16(at, (uint16_t)place.len);
    store_be16(at + 2, (uint16_t)stored_len);
    memcpy(at + BLOCK_ROW_HEAD, place.ptr, place.len);
    return at + BLOCK_ROW_HEAD + place.len;
}

void block_add(struct buf *block, const struct row *row)
{
    char head[BLOCK_ROW_HEAD];
    assert(row->stored.len <= UINT16_MAX);
    store_be16(head, (uint16_t)row->place.len);
    store_be16(head + 2, (uint16_t)row->stored.len);
    buf_add(block, head, sizeof head);
    buf_span_add(block, row->place);
    buf_span_add(block, row->stored);
}

enum err block_next(struct span *block, struct row *out)
{
    if (block->len == 0)
        return ERR_NOT_FOUND;
    if (block->len < BLOCK_ROW_HEAD)
        return ERR_CORRUPT;
    size_t place = load_be16(block->ptr), stored = load_be16(block->ptr + 2);
    if (place < 1 || place > 1 + STORE_KEY_MAX || block->len - BLOCK_ROW_HEAD < place + stored ||
        spread_letter(block->ptr[BLOCK_ROW_HEAD]) == TABLE_COUNT)
        return ERR_CORRUPT;
    *block = span_skip(*block, BLOCK_ROW_HEAD);
    *out = (struct row){span_of(block->ptr, place), span_of(block->ptr + place, stored)};
    *block = span_skip(*block, place + stored);
    return ERR_OK;
}

enum err block_seek(struct span *block, struct span from, struct row *out)
{
    enum err err;
    while ((err = block_next(block, out)) == ERR_OK && span_order(out->place, from) < 0)
        continue;
    return err;
}
