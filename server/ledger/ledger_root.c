/* The root log's pairs, and the rows that find those of one contract. */
#include "common/base/bytes.h"
#include "common/ledger/note.h"
#include "common/ledger/root_log.h"
#include "server/ledger/ledger_rows.h"

struct span leaves_key(uint8_t key[LEAVES_KEY_LEN], uint32_t contract, uint64_t leaf)
{
    store_be32(key, contract);
    store_be64(key + 4, leaf);
    return span_of(key, LEAVES_KEY_LEN);
}

void leaves_row(uint8_t row[LEAVES_ROW_LEN], uint64_t size, uint64_t before)
{
    store_be64(row, size);
    store_be64(row + 8, before);
}

/* ---- writing ---- */

static enum err append_hash(struct ledger *l, struct txn *t, const struct hash *h, struct span text, uint64_t *index)
{
    const struct entry e = {.kind = ENTRY_ROOT};
    return ledger_append(l, t, ROOT_LOG, &e, span_of(h->b, HASH_LEN), &(struct companion){.beside = text}, NULL, index,
                         NULL);
}

enum err ledger_append_root(struct ledger *l, struct txn *t, const struct root_leaf *x, uint64_t *leaf)
{
    uint8_t key[LEAVES_KEY_LEN], row[LEAVES_ROW_LEN];
    uint64_t first, second, before;
    struct hash h;
    sha256(x->text.ptr, x->text.len, h.b);
    enum err err = append_hash(l, t, &h, x->text, &first);
    if (err != ERR_OK)
        return err;
    root_tag(x->origin, first, &h);
    err = append_hash(l, t, &h, SPAN(""), &second);
    if (err == ERR_OK && x->contract != ROOT_LOG) {
        bool others = ledger_published(l, x->contract, &before) > 0;
        leaves_row(row, x->size, others ? before : first);
        err = store_put(t, TABLE_LEAVES, leaves_key(key, x->contract, first), span_of(row, sizeof row));
    }
    if (err == ERR_OK)
        *leaf = first;
    return err;
}

/* ---- reading ---- */

enum err ledger_note(struct txn *t, uint64_t leaf, struct span *out)
{
    struct envelope env;
    uint8_t sum[HASH_LEN];
    enum err err = leaf % ROOT_PAIR == 0 ? ledger_read(t, ROOT_LOG, leaf, &env) : ERR_CORRUPT;
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    sha256(env.beside.ptr, env.beside.len, sum);
    if (!span_eq(env.entry, span_of(sum, sizeof sum)))
        return ERR_CORRUPT;
    *out = env.beside;
    return ERR_OK;
}

/* There is none from `leaf` on: nor may the head know of one. */
static enum err no_more(struct txn *t, uint32_t contract, uint64_t leaf)
{
    uint64_t size, last;
    enum err err = ledger_published_at(t, contract, &size, &last);
    return err == ERR_OK ? last < leaf ? ERR_NOT_FOUND : ERR_CORRUPT : err;
}

enum err ledger_next_leaf(struct txn *t, uint32_t contract, uint64_t *leaf, struct span *note)
{
    uint8_t mem[LEAVES_KEY_LEN];
    struct span key, row, text;
    struct checkpoint c;
    enum err err = store_seek(t, TABLE_LEAVES, leaves_key(mem, contract, *leaf), &key, &row);
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    if (err == ERR_OK && (key.len != LEAVES_KEY_LEN || row.len != LEAVES_ROW_LEN))
        return ERR_CORRUPT;
    if (err == ERR_NOT_FOUND || load_be32(key.ptr) != contract)
        return no_more(t, contract, *leaf);
    uint64_t at = load_be64(key.ptr + 4), size = load_be64(row.ptr), before = load_be64(row.ptr + 8);
    if (before != at && before >= *leaf) /* a row between them is lost */
        return ERR_CORRUPT;
    if ((err = ledger_note(t, at, &text)) != ERR_OK)
        return err;
    if (checkpoint_peek(text, &c) != ERR_OK || c.size != size)
        return ERR_CORRUPT;
    *leaf = at;
    *note = text;
    return ERR_OK;
}
