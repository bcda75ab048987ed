/* Reading the swept logs: any thread, within a read transaction. */
#include "common/base/bytes.h"
#include "common/decisions/rules.h"
#include "server/ledger/ledger_rows.h"

/* A log has no head before its first sweep: ERR_CORRUPT when entries of it were swept. */
static enum err is_unswept(struct txn *t, uint32_t contract)
{
    uint64_t first, watermark;
    enum err err = seq_find(t, contract, 0, &first);
    if (err == ERR_OK && (err = watermark_read(t, &watermark)) == ERR_OK)
        err = first < watermark ? ERR_CORRUPT : ERR_NOT_FOUND;
    return err;
}

/* ERR_NOT_FOUND: younger than the last sweep. */
static enum err stored_read(struct txn *t, uint32_t contract, struct stored_head *out, struct hash *edge)
{
    uint8_t key[4];
    struct span row;
    enum err err = store_get_sole(t, TABLE_HEADS, contract_key(key, contract), &row);
    return err == ERR_OK ? head_decode(row, contract, out, edge) : err == ERR_NOT_FOUND ? is_unswept(t, contract) : err;
}

static enum err read_head(struct txn *t, uint32_t contract, struct head *out, struct hash *edge)
{
    struct stored_head stored;
    enum err err = stored_read(t, contract, &stored, edge);
    if (err == ERR_OK)
        err = watermark_read(t, &stored.head.seq);
    if (err == ERR_OK)
        *out = stored.head;
    return err;
}

enum err head_read(struct txn *t, uint32_t contract, struct head *out)
{
    return read_head(t, contract, out, NULL);
}

enum err head_root(struct txn *t, uint32_t contract, struct head *out, struct hash *root)
{
    struct hash edge[MERKLE_HEIGHT];
    enum err err = read_head(t, contract, out, edge);
    if (err == ERR_OK)
        edges_root(edge, out->size, root);
    return err;
}

enum err ledger_published_at(struct txn *t, uint32_t contract, uint64_t *size, uint64_t *leaf)
{
    struct stored_head stored;
    enum err err = stored_read(t, contract, &stored, NULL);
    if (err == ERR_OK && stored.published == 0)
        err = ERR_NOT_FOUND;
    if (err != ERR_OK)
        return err;
    *size = stored.published;
    *leaf = stored.leaf;
    return ERR_OK;
}

/* 0 when there is no head. */
static enum err swept_size(struct txn *t, uint32_t contract, uint64_t *size)
{
    struct stored_head stored = {.published = 0};
    enum err err = stored_read(t, contract, &stored, NULL);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    *size = err == ERR_OK ? stored.head.size : 0;
    return ERR_OK;
}

/* Walks what came after the last sweep, a second's worth of journal, until `is` says so. ERR_NOT_FOUND. */
static enum err scan_unswept(struct txn *t, bool (*is)(const struct envelope *e, uint32_t contract, uint64_t index),
                             uint32_t contract, uint64_t index, struct envelope *out)
{
    uint64_t watermark;
    uint8_t from[SEQ_LEN];
    struct cursor *c;
    struct span key, row;
    enum err err = watermark_read(t, &watermark);
    if (err == ERR_OK)
        err = cursor_open(t, TABLE_JOURNAL, &c);
    if (err != ERR_OK)
        return err;
    for (err = cursor_seek(c, seq_key(from, watermark), &key, &row); err == ERR_OK; err = cursor_next(c, &key, &row)) {
        struct envelope e;
        if ((err = envelope_read(row, &e)) != ERR_OK)
            break;
        if (is(&e, contract, index)) {
            *out = e;
            err = seq_of(key, &out->seq) ? ERR_OK : ERR_CORRUPT;
            break;
        }
    }
    cursor_close(c);
    return err;
}

static bool is_entry(const struct envelope *e, uint32_t contract, uint64_t index)
{
    return e->contract == contract && e->index == index;
}

enum err ledger_read(struct txn *t, uint32_t contract, uint64_t index, struct envelope *out)
{
    uint64_t seq, swept;
    enum err err = seq_find(t, contract, index, &seq);
    if (err == ERR_OK)
        return journal_get(t, seq, contract, index, out);
    if (err != ERR_NOT_FOUND || (err = swept_size(t, contract, &swept)) != ERR_OK)
        return err;
    return index < swept ? ERR_CORRUPT : scan_unswept(t, is_entry, contract, index, out);
}

enum err ledger_unswept(struct txn *t, uint32_t contract, uint64_t *seq, struct envelope *out)
{
    uint64_t watermark;
    uint8_t from[SEQ_LEN];
    struct cursor *c;
    struct span key, row;
    enum err step, err = watermark_read(t, &watermark);
    if (err == ERR_OK)
        err = cursor_open(t, TABLE_JOURNAL, &c);
    if (err != ERR_OK)
        return err;
    bool found = false;
    seq_key(from, *seq > watermark ? *seq : watermark);
    for (step = cursor_seek(c, span_of(from, SEQ_LEN), &key, &row); step == ERR_OK && err == ERR_OK && !found;
         step = found ? ERR_OK : cursor_next(c, &key, &row)) {
        err = envelope_read(row, out);
        found = err == ERR_OK && out->contract == contract;
        if (found && seq_of(key, seq))
            out->seq = *seq;
        else if (found)
            err = ERR_CORRUPT;
    }
    cursor_close(c);
    return err == ERR_OK ? step : err;
}

enum err private_row_erased(struct span row, uint64_t *erase)
{
    if (row.len != PRIVATE_ERASED)
        return ERR_NOT_FOUND;
    *erase = load_be64(row.ptr);
    return ERR_OK;
}

enum err private_row_read(struct span row, struct private_sealed *out)
{
    if (row.len == PRIVATE_ERASED)
        return ERR_NOT_FOUND;
    if (row.len < PRIVATE_HEAD + AEAD_TAG_LEN)
        return ERR_CORRUPT;
    *out = (struct private_sealed){load_be32(row.ptr), span_of(row.ptr + PRIVATE_HEAD, row.len - PRIVATE_HEAD)};
    return ERR_OK;
}

static enum err private_row(struct txn *t, const struct envelope *e, struct span *row)
{
    uint8_t key[SEQ_LEN];
    enum err err = store_get(t, TABLE_PRIVATE, seq_key(key, e->seq), row);
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err; /* nothing takes one away */
}

enum err ledger_private(struct txn *t, const struct envelope *e, struct private_sealed *out)
{
    struct span row;
    enum err err = private_row(t, e, &row);
    return err == ERR_OK ? private_row_read(row, out) : err;
}

enum err ledger_erased(struct txn *t, const struct envelope *e, uint64_t *erase)
{
    struct span row;
    enum err err = private_row(t, e, &row);
    return err == ERR_OK ? private_row_erased(row, erase) : err;
}

enum err ledger_version(struct txn *t, uint32_t contract, struct version *v)
{
    struct envelope env;
    struct entry e;
    enum err err = ledger_read(t, contract, v->index, &env);
    if (err == ERR_OK)
        err = entry_read(env.entry, &e, NULL);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    bool same = e.kind == ENTRY_TERMS && e.terms.version == v->number;
    err = same ? rules_compile(&e.terms, &v->terms, NULL) : ERR_CORRUPT;
    entry_close(&e);
    return err;
}

enum err ledger_versions(struct txn *t, uint32_t contract, uint64_t below, struct versions *out)
{
    struct versions vs;
    struct view rows = store_view(t);
    enum err err = row_versions(&rows, contract, below, &vs);
    if (err != ERR_OK)
        return err;
    for (size_t i = 0; i < vs.n && err == ERR_OK; i++)
        err = ledger_version(t, contract, &vs.v[i]);
    if (err == ERR_OK)
        *out = vs;
    else
        versions_free(&vs);
    return err;
}

static enum err read_bundle(struct txn *t, uint32_t contract, uint64_t first, unsigned n, struct buf *out)
{
    for (uint64_t i = first; i < first + n; i++) {
        uint64_t seq;
        struct envelope e;
        enum err err = seq_find(t, contract, i, &seq);
        if (err == ERR_OK)
            err = journal_get(t, seq, contract, i, &e);
        if (err != ERR_OK)
            return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
        bundle_add(out, e.entry);
    }
    return ERR_OK;
}

enum err ledger_tile(struct txn *t, uint32_t contract, const struct tile *tile, struct buf *out)
{
    uint64_t size;
    enum err err = swept_size(t, contract, &size);
    if (err != ERR_OK)
        return err;
    if (tile->width == 0 || tile->width > tile_width(tile->level, tile->n, size))
        return ERR_NOT_FOUND;
    if (tile->level == TILE_ENTRIES)
        return read_bundle(t, contract, tile->n * TILE_WIDTH, tile->width, out);
    struct hash hashes[TILE_WIDTH];
    err = tile_hashes(t, contract, tile->level, tile->n, 0, tile->width, hashes);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    buf_add(out, hashes, tile->width * sizeof *hashes);
    return ERR_OK;
}

static enum err read_node(void *ctx, int height, uint64_t n, struct hash *out)
{
    const struct tile_source *src = ctx;
    int level = height / TILE_HEIGHT;
    unsigned count = 1U << (height % TILE_HEIGHT);
    uint64_t size;
    enum err err = swept_size(src->txn, src->contract, &size);
    if (err != ERR_OK)
        return err;
    if (height >= MERKLE_HEIGHT || n >= size >> height)
        return ERR_NOT_FOUND;
    uint64_t first = n * count;
    struct hash hashes[TILE_WIDTH / 2];
    err = tile_hashes(src->txn, src->contract, level, first / TILE_WIDTH, first % TILE_WIDTH, count, hashes);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err; /* the head covers it */
    merkle_perfect(hashes, count);
    *out = hashes[0];
    return ERR_OK;
}

struct merkle_reader ledger_nodes(struct tile_source *src)
{
    return (struct merkle_reader){read_node, src};
}

enum err ledger_root_at(struct txn *t, uint32_t contract, uint64_t size, struct hash *out)
{
    struct tile_source src = {t, contract};
    struct frontier f = {.size = size};
    uint64_t swept;
    enum err err = swept_size(t, contract, &swept);
    if (err == ERR_OK && size > swept)
        err = ERR_NOT_FOUND;
    for (int height = MERKLE_HEIGHT - 1; height >= 0 && err == ERR_OK; height--)
        if ((size >> height & 1) != 0)
            err = read_node(&src, height, (size >> height) - 1, &f.edge[f.edges++]);
    if (err != ERR_OK)
        return err;
    frontier_root(&f, out);
    return ERR_OK;
}

enum err ledger_row(struct txn *t, uint64_t seq, struct envelope *out)
{
    uint8_t key[SEQ_LEN];
    struct span row;
    enum err err = store_get_sole(t, TABLE_JOURNAL, seq_key(key, seq), &row);
    if (err == ERR_OK && (err = envelope_read(row, out)) == ERR_OK)
        out->seq = seq;
    return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
}

enum err ledger_row_ms(const struct envelope *e, int64_t *at_ms)
{
    struct clicked click;
    struct entry entry;
    enum err err = e->kind == ENTRY_CLICK ? envelope_click(e, &click) : entry_read(e->entry, &entry, NULL);
    if (err == ERR_OK)
        *at_ms = e->kind == ENTRY_CLICK ? click.at_ms : entry_clock(&entry);
    if (err == ERR_OK && e->kind != ENTRY_CLICK)
        entry_close(&entry);
    return err;
}

enum { NEWEST_ROWS = 16 };

static enum err row_clock(struct span row, int64_t *out)
{
    struct envelope env;
    struct entry e;
    enum err err = envelope_read(row, &env);
    if (err == ERR_OK && env.kind == ENTRY_ROOT)
        return ERR_NOT_FOUND;
    if (err == ERR_OK)
        err = entry_read(env.entry, &e, NULL);
    if (err != ERR_OK)
        return err;
    *out = entry_clock(&e);
    entry_close(&e);
    return ERR_OK;
}

enum err ledger_newest_ms(struct txn *t, int64_t *out)
{
    uint8_t mem[SEQ_LEN];
    struct cursor *c;
    struct span key, row;
    *out = 0;
    enum err err = cursor_open(t, TABLE_JOURNAL, &c);
    if (err != ERR_OK)
        return err;
    err = cursor_last(c, &key, &row);
    uint64_t seq = 0;
    if (err == ERR_OK && !seq_of(key, &seq))
        err = ERR_CORRUPT;
    cursor_close(c);
    for (int i = 0; err == ERR_OK && i < NEWEST_ROWS; i++, seq--) {
        err = row_clock(row, out);
        if (err != ERR_NOT_FOUND || seq == 0)
            break;
        err = store_get(t, TABLE_JOURNAL, seq_key(mem, seq - 1), &row);
    }
    return err == ERR_NOT_FOUND ? ERR_OK : err;
}

/* ---- as decisions see it ---- */

static enum err store_click(void *txn, uint32_t contract, uint64_t index, struct clicked *out)
{
    struct envelope env;
    enum err err = ledger_read(txn, contract, index, &env);
    if (err != ERR_OK)
        return err;
    return env.kind == ENTRY_CLICK ? envelope_click(&env, out) : ERR_NOT_FOUND;
}

static enum err store_leaf(void *txn, uint32_t contract, uint64_t index, struct hash *out)
{
    struct envelope env;
    enum err err = ledger_read(txn, contract, index, &env);
    if (err != ERR_OK)
        return err;
    merkle_leaf(env.entry, out);
    return env.kind == ENTRY_LEAD ? ERR_OK : ERR_NOT_FOUND;
}

static enum err store_bytes(void *txn, uint32_t contract, uint64_t index, struct span *out)
{
    struct envelope env;
    enum err err = ledger_read(txn, contract, index, &env);
    if (err == ERR_OK)
        *out = env.entry;
    return err;
}

static enum err store_state(void *txn, uint32_t contract, const struct hash *sha256, struct span *out)
{
    return ledger_state(txn, contract, sha256, out);
}

struct view ledger_store_view(struct txn *t)
{
    struct view view = store_view(t);
    view.click = store_click;
    view.leaf = store_leaf;
    view.entry = store_bytes;
    view.state = store_state;
    return view;
}
