/* What the two sides of the ledger share: keys and bytes of its tables. FORMATS.md, "Journal envelope and storage
 * tables". */
#ifndef CS_SERVER_LEDGER_LEDGER_ROWS_H
#define CS_SERVER_LEDGER_LEDGER_ROWS_H

#include "server/ledger/ledger.h"

enum {
    TILE_LEVELS = 8,
    SEQ_LEN = 5,
    TILE_KEY_LEN = 13,
    SEQS_KEY_LEN = 12,
    LEAVES_KEY_LEN = 12,
    LEAVES_ROW_LEN = 16,
    WATERMARK_LEN = 8
};
enum { HEAD_MAX = 4096 };

/* A row of SEQS has five bytes for each entry, so that three rows of full bundles share a page of LMDB's. Behind those
 * of a full one stands the last leaf hash of its tile, whose row has the other 255: two pages hold these, and a third
 * would be for that one alone. */
enum {
    SEQ_ITEM = SEQ_LEN,
    SEQS_FULL = TILE_WIDTH * SEQ_ITEM + HASH_LEN,
    TILE_ROW_LEAVES = TILE_WIDTH - 1 /* hashes in a row of level 0, at most */
};
#define SEQ_MOST ((UINT64_C(1) << 8 * SEQ_ITEM) - 1)
void seq_item_put(uint8_t out[SEQ_ITEM], uint64_t seq);
uint64_t seq_item(const void *item);
/* Bytes of a full tile's row. */
static inline size_t tile_row_full(int level)
{
    return (level == 0 ? TILE_ROW_LEAVES : TILE_WIDTH) * (size_t)HASH_LEN;
}
/* The leaf hashes of a tile of level 0 as they stand in the store: all but the last, and that; NULL unless it is full.
 */
MUST_CHECK enum err tile_filled(struct txn *t, uint32_t contract, uint64_t tile, const char **leaves,
                                const char **last);
/* Hashes [first, first + n) of a tile. ERR_NOT_FOUND: there is no row of it. ERR_CORRUPT: there are fewer in it. */
MUST_CHECK enum err tile_hashes(struct txn *t, uint32_t contract, int level, uint64_t tile, unsigned first, unsigned n,
                                struct hash *out);

struct span tile_key(uint8_t key[TILE_KEY_LEN], uint32_t contract, int level, uint64_t n);
struct span seqs_key(uint8_t key[SEQS_KEY_LEN], uint32_t contract, uint64_t n);
struct span contract_key(uint8_t key[4], uint32_t contract);
struct span seq_key(uint8_t key[SEQ_LEN], uint64_t seq);
MUST_CHECK bool seq_of(struct span key, uint64_t *seq); /* false: no seq_key */
struct span leaves_key(uint8_t key[LEAVES_KEY_LEN], uint32_t contract, uint64_t leaf);
void leaves_row(uint8_t row[LEAVES_ROW_LEN], uint64_t size, uint64_t before);

/* A row of HEADS: what readers see of it, and what only the committer needs. */
struct stored_head {
    struct head head; /* seq is not stored: it is the watermark */
    bool has_terms;
    uint64_t terms;     /* index of the log's last `terms` entry */
    uint64_t published; /* size of the last head in the root log */
    uint64_t leaf;      /* its place there */
    struct log_clock clock;
};
/* Its tree's edges are as many as its size has bits that are set; edge: NULL, or room for MERKLE_HEIGHT. */
void head_encode(const struct stored_head *h, const struct hash *edge, struct buf *out);
MUST_CHECK enum err head_decode(struct span row, uint32_t contract, struct stored_head *out,
                                struct hash *edge); /* ERR_CORRUPT */

/* Journal seqs below it are in tiles and heads. 0 in a new store. */
MUST_CHECK enum err watermark_read(struct txn *t, uint64_t *seq);
MUST_CHECK enum err watermark_write(struct txn *t, uint64_t seq);

/* The journal row `seq`, which must be entry `index` of the contract: ERR_CORRUPT otherwise. */
MUST_CHECK enum err journal_get(struct txn *t, uint64_t seq, uint32_t contract, uint64_t index, struct envelope *out);
/* Where the SEQS table has this entry's journal row; ERR_NOT_FOUND when it is younger than its row. In two steps: the
 * row of a tile, and an entry of that. */
MUST_CHECK enum err seq_find(struct txn *t, uint32_t contract, uint64_t index, uint64_t *seq);
MUST_CHECK enum err seqs_row(struct txn *t, uint32_t contract, uint64_t tile, struct span *row);
MUST_CHECK enum err seq_in(struct span row, uint64_t index, uint64_t *seq);
/* When the entry arrived, for most without parsing it. */
MUST_CHECK enum err envelope_time(const struct envelope *e, int64_t *at_ms);

#endif
