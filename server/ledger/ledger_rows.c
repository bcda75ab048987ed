#include "server/ledger/ledger_rows.h"

#include <assert.h>

#include "common/base/bytes.h"
#include "common/base/id.h"
#include "common/ledger/root_log.h"

enum { HEAD_FORMAT = 3 };

static const struct span watermark_name = {"watermark", 9};

struct span tile_key(uint8_t key[TILE_KEY_LEN], uint32_t contract, int level, uint64_t n)
{
    store_be32(key, contract);
    key[4] = (uint8_t)level;
    store_be64(key + 5, n);
    return span_of(key, TILE_KEY_LEN);
}

struct span seqs_key(uint8_t key[SEQS_KEY_LEN], uint32_t contract, uint64_t n)
{
    store_be32(key, contract);
    store_be64(key + 4, n);
    return span_of(key, SEQS_KEY_LEN);
}

struct span contract_key(uint8_t key[4], uint32_t contract)
{
    store_be32(key, contract);
    return span_of(key, 4);
}

struct span seq_key(uint8_t key[SEQ_LEN], uint64_t seq)
{
    seq_item_put(key, seq);
    return span_of(key, SEQ_LEN);
}

bool seq_of(struct span key, uint64_t *seq)
{
    if (key.len != SEQ_LEN)
        return false;
    *seq = seq_item(key.ptr);
    return true;
}

void head_encode(const struct stored_head *h, const struct hash *edge, struct buf *out)
{
    int edges = __builtin_popcountll(h->head.size);
    const struct last_statement *last = &h->head.last;
    buf_byte(out, HEAD_FORMAT);
    buf_be64(out, h->head.size);
    buf_byte(out, h->has_terms);
    buf_be64(out, h->terms);
    buf_be64(out, h->published);
    buf_be64(out, h->leaf);
    buf_be32(out, h->clock.steps);
    buf_byte(out, h->clock.unsure);
    buf_byte(out, (uint8_t)edges);
    buf_add(out, edge, (size_t)edges * HASH_LEN);
    uint8_t tally[TALLY_LEN];
    tally_write(&h->head.tally, tally);
    buf_add(out, tally, sizeof tally);
    buf_be64(out, last->number);
    buf_be64(out, last->to);
    buf_be64(out, (uint64_t)last->carried_micros);
    buf_be64(out, (uint64_t)last->to_ms);
    buf_be64(out, last->waiting.pending);
    buf_be64(out, last->waiting.held);
    buf_be64(out, (uint64_t)(last->waiting.micros >> 64));
    buf_be64(out, (uint64_t)last->waiting.micros);
    buf_add(out, last->sha256.b, HASH_LEN);
}

/* Takes n bytes off the front; once it ran out it gives zeros and stays short. */
struct reader {
    struct span rest;
    bool short_;
};

static void take(struct reader *r, void *out, size_t n)
{
    if (r->rest.len < n)
        r->short_ = true;
    if (r->short_) {
        memset(out, 0, n);
        return;
    }
    memcpy(out, r->rest.ptr, n);
    r->rest = span_of(r->rest.ptr + n, r->rest.len - n);
}

static uint8_t take_byte(struct reader *r)
{
    uint8_t b;
    take(r, &b, 1);
    return b;
}

static uint32_t take_be32(struct reader *r)
{
    uint8_t b[4];
    take(r, b, sizeof b);
    return load_be32(b);
}

static uint64_t take_be64(struct reader *r)
{
    uint8_t b[8];
    take(r, b, sizeof b);
    return load_be64(b);
}

static void last_decode(struct reader *r, struct last_statement *out)
{
    out->number = take_be64(r);
    out->to = take_be64(r);
    out->carried_micros = (int64_t)take_be64(r);
    out->to_ms = (int64_t)take_be64(r);
    out->waiting.pending = take_be64(r);
    out->waiting.held = take_be64(r);
    out->waiting.micros = (wide_micros)(take_be64(r) & INT64_MAX) << 64;
    out->waiting.micros |= take_be64(r);
    take(r, out->sha256.b, HASH_LEN);
}

/* The root log has pairs, and heads stand first in them. */
enum err head_decode(struct span row, uint32_t contract, struct stored_head *out, struct hash *edge)
{
    struct reader r = {.rest = row};
    struct stored_head h = {0};
    struct hash edges[MERKLE_HEIGHT];
    if (take_byte(&r) != HEAD_FORMAT)
        return ERR_CORRUPT;
    h.head.size = take_be64(&r);
    uint8_t has_terms = take_byte(&r);
    if (has_terms > 1)
        return ERR_CORRUPT;
    h.has_terms = has_terms == 1;
    h.terms = take_be64(&r);
    h.published = take_be64(&r);
    h.leaf = take_be64(&r);
    h.clock.steps = take_be32(&r);
    uint8_t unsure = take_byte(&r);
    if (unsure > (h.clock.steps > 0))
        return ERR_CORRUPT;
    h.clock.unsure = unsure == 1;
    size_t n = take_byte(&r);
    if (n != (size_t)__builtin_popcountll(h.head.size))
        return ERR_CORRUPT;
    take(&r, edges, n * HASH_LEN);
    r.short_ |= r.short_ || !tally_read(&r.rest, &h.head.tally);
    last_decode(&r, &h.head.last);
    const struct last_statement *last = &h.head.last;
    if (r.short_ || r.rest.len != 0 || h.head.size > JSON_INT_MAX || h.published > h.head.size ||
        h.leaf > JSON_INT_MAX || (h.published == 0 && h.leaf != 0) || h.head.tally.moves > h.head.size ||
        (h.has_terms ? h.terms >= h.head.size : h.terms != 0) || last->to > h.head.size || last->to_ms < 0 ||
        last->number > h.head.size || last->waiting.pending > h.head.size || last->waiting.held > h.head.size ||
        h.leaf % ROOT_PAIR != 0 || (contract == ROOT_LOG && h.head.size % ROOT_PAIR != 0))
        return ERR_CORRUPT;
    *out = h;
    if (edge != NULL)
        memcpy(edge, edges, n * HASH_LEN);
    return ERR_OK;
}

enum err watermark_read(struct txn *t, uint64_t *seq)
{
    struct span value;
    enum err err = store_get(t, TABLE_META, watermark_name, &value);
    if (err == ERR_NOT_FOUND) {
        *seq = 0;
        return ERR_OK;
    }
    if (err != ERR_OK)
        return err;
    if (value.len != WATERMARK_LEN)
        return ERR_CORRUPT;
    *seq = load_be64(value.ptr);
    return ERR_OK;
}

enum err watermark_write(struct txn *t, uint64_t seq)
{
    uint8_t value[WATERMARK_LEN];
    store_be64(value, seq);
    return store_put(t, TABLE_META, watermark_name, span_of(value, sizeof value));
}

enum err journal_get(struct txn *t, uint64_t seq, uint32_t contract, uint64_t index, struct envelope *out)
{
    uint8_t key[SEQ_LEN];
    struct span row;
    struct envelope e;
    enum err err = store_get(t, TABLE_JOURNAL, seq_key(key, seq), &row);
    if (err == ERR_OK)
        err = envelope_read(row, &e);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    if (e.contract != contract || e.index != index)
        return ERR_CORRUPT;
    *out = e;
    out->seq = seq;
    return ERR_OK;
}

enum err seqs_row(struct txn *t, uint32_t contract, uint64_t tile, struct span *row)
{
    uint8_t key[SEQS_KEY_LEN];
    return store_get(t, TABLE_SEQS, seqs_key(key, contract, tile), row);
}

enum err seq_find(struct txn *t, uint32_t contract, uint64_t index, uint64_t *seq)
{
    struct span row;
    enum err err = seqs_row(t, contract, index / TILE_WIDTH, &row);
    return err == ERR_OK ? seq_in(row, index, seq) : err;
}

void seq_item_put(uint8_t out[SEQ_ITEM], uint64_t seq)
{
    assert(seq <= SEQ_MOST);
    store_be40(out, seq);
}

uint64_t seq_item(const void *item)
{
    return load_be40(item);
}

enum err seq_in(struct span row, uint64_t index, uint64_t *seq)
{
    size_t at = index % TILE_WIDTH * SEQ_ITEM, len = row.len == SEQS_FULL ? TILE_WIDTH * SEQ_ITEM : row.len;
    if (len == 0 || len > TILE_WIDTH * SEQ_ITEM || len % SEQ_ITEM != 0)
        return ERR_CORRUPT;
    if (at + SEQ_ITEM > len)
        return ERR_NOT_FOUND;
    *seq = seq_item(row.ptr + at);
    return ERR_OK;
}

/* NULL unless the tile is full. */
static enum err last_leaf(struct txn *t, uint32_t contract, uint64_t tile, const char **out)
{
    struct span row;
    enum err err = seqs_row(t, contract, tile, &row);
    *out = err == ERR_OK && row.len == SEQS_FULL ? row.ptr + TILE_WIDTH * SEQ_ITEM : NULL;
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

enum err tile_filled(struct txn *t, uint32_t contract, uint64_t tile, const char **leaves, const char **last)
{
    uint8_t key[TILE_KEY_LEN];
    struct span row;
    *leaves = NULL;
    enum err err = last_leaf(t, contract, tile, last);
    if (err != ERR_OK || *last == NULL)
        return err;
    err = store_get(t, TABLE_TILES, tile_key(key, contract, 0, tile), &row);
    if (err != ERR_OK || row.len != tile_row_full(0))
        return err == ERR_OK || err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    *leaves = row.ptr;
    return ERR_OK;
}

enum err tile_hashes(struct txn *t, uint32_t contract, int level, uint64_t tile, unsigned first, unsigned n,
                     struct hash *out)
{
    uint8_t key[TILE_KEY_LEN];
    struct span row;
    const bool last = level == 0 && first + n == TILE_WIDTH;
    enum err err = store_get(t, TABLE_TILES, tile_key(key, contract, level, tile), &row);
    if (err != ERR_OK)
        return err;
    if (row.len % HASH_LEN != 0 || row.len < (first + n - last) * (size_t)HASH_LEN)
        return ERR_CORRUPT;
    memcpy(out, row.ptr + first * (size_t)HASH_LEN, (n - last) * (size_t)HASH_LEN);
    const char *leaf;
    if (!last)
        return ERR_OK;
    if ((err = last_leaf(t, contract, tile, &leaf)) != ERR_OK || leaf == NULL)
        return err == ERR_OK ? ERR_CORRUPT : err;
    memcpy(out[n - 1].b, leaf, HASH_LEN);
    return ERR_OK;
}

enum err envelope_time(const struct envelope *e, int64_t *at_ms)
{
    static const struct span first = {"{\"at\":", 6}; /* the first member of most kinds */
    if (e->kind == ENTRY_ROOT) {
        *at_ms = 0;
        return ERR_OK;
    }
    if (e->entry.len > first.len && memcmp(e->entry.ptr, first.ptr, first.len) == 0) {
        const char *end = memchr(e->entry.ptr + first.len, ',', e->entry.len - first.len);
        if (end == NULL)
            return ERR_CORRUPT;
        const char *digits = e->entry.ptr + first.len;
        return parse_i64(span_of(digits, (size_t)(end - digits)), at_ms) == ERR_OK ? ERR_OK : ERR_CORRUPT;
    }
    struct entry entry;
    enum err err = entry_read(e->entry, &entry, NULL);
    if (err != ERR_OK)
        return err;
    *at_ms = entry.at_ms;
    entry_close(&entry);
    return ERR_OK;
}
