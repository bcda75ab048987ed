/* Appending. Of each log the committer holds the Merkle frontier, the tally, and for logs that grow the tails: the
 * hashes of the unfinished tile of each level and the journal seqs of the unfinished bundle, fetched from their rows by
 * ledger_ready. A tile is written with the entry that fills it; unfinished ones at the sweep. How many items a tail
 * holds follows from the log's size alone. */
#include <assert.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/ledger/root_log.h"
#include "server/ledger/ledger_private.h"

static struct log *log_find(const struct ledger *l, uint32_t contract)
{
    return contract < l->n_logs ? l->logs[contract] : NULL;
}

struct log *ledger_log(struct ledger *l, uint32_t contract)
{
    if (contract >= l->n_logs) {
        size_t n = l->n_logs;
        l->n_logs = (size_t)contract + contract / 2 + 16;
        l->logs = xrealloc(l->logs, l->n_logs * sizeof *l->logs);
        memset(l->logs + n, 0, (l->n_logs - n) * sizeof *l->logs);
    }
    if (l->logs[contract] == NULL)
        l->logs[contract] = xcalloc(1, sizeof **l->logs);
    return l->logs[contract];
}

static void log_drop_tails(struct log *log)
{
    for (int i = 0; i < TILE_LEVELS; i++) {
        free(log->hashes[i]);
        log->hashes[i] = NULL;
    }
    free(log->seqs);
    free(log->model);
    log->seqs = NULL;
    log->model = NULL;
    log->ready = false;
}

void ledger_close(struct ledger *l)
{
    if (l == NULL)
        return;
    for (size_t i = 0; i < l->n_logs; i++) {
        if (l->logs[i] == NULL)
            continue;
        log_drop_tails(l->logs[i]);
        free(l->logs[i]->edge);
        free(l->logs[i]);
    }
    free(l->logs);
    free(l);
}

/* ---- tails ---- */

/* Most logs are short, and there is one of each contract: a tail has room for as many items as are in it, rounded up to
 * a power of two; so it is full where their number is one. */
enum { TAIL_FIRST = 8 };

static unsigned tail_room(unsigned n)
{
    unsigned room = TAIL_FIRST;
    while (room < n)
        room *= 2;
    return room;
}

static bool tail_is_full(unsigned n)
{
    return n == 0 || (n >= TAIL_FIRST && (n & (n - 1)) == 0);
}

/* Whether a tail's hashes make the tree's edges of its level. */
static bool tail_is_of(const struct log *log, int level, const uint8_t *tail)
{
    uint64_t size = log->now.head.size;
    for (int height = (level + 1) * TILE_HEIGHT - 1; height >= level * TILE_HEIGHT; height--) {
        if ((size >> height & 1) == 0)
            continue;
        struct hash h[TILE_WIDTH / 2];
        size_t n = (size_t)1 << (height - level * TILE_HEIGHT);
        memcpy(h, tail, n * HASH_LEN);
        merkle_perfect(h, n);
        int taller = height + 1 < MERKLE_HEIGHT ? __builtin_popcountll(size >> (height + 1)) : 0;
        if (memcmp(h[0].b, log->edge[taller].b, HASH_LEN) != 0)
            return false;
        tail += n * HASH_LEN;
    }
    return true;
}

/* Whether n seqs ascend to the row of the log's last entry. */
static enum err seqs_fit(const struct ledger *l, struct txn *t, uint32_t contract, uint64_t last, const uint8_t *seqs,
                         unsigned n)
{
    struct envelope env;
    for (unsigned i = 1; i < n; i++)
        if (seq_item(seqs + i * SEQ_ITEM) <= seq_item(seqs + (i - 1) * SEQ_ITEM))
            return ERR_CORRUPT;
    uint64_t seq = seq_item(seqs + (n - 1) * SEQ_ITEM);
    return seq < l->next_seq ? journal_get(t, seq, contract, last, &env) : ERR_CORRUPT;
}

/* The first `slot` items of a row into memory. A row of `full` bytes was filled after the head that a replay begins
 * with. */
static enum err tail_load(const struct ledger *l, struct txn *t, enum table table, struct span key, unsigned slot,
                          size_t item_len, size_t full, uint8_t **out)
{
    struct span row;
    enum err err = store_get(t, table, key, &row);
    if (err == ERR_OK && row.len != slot * item_len && !(l->replaying && row.len == full))
        err = ERR_CORRUPT;
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    *out = xmalloc(tail_room(slot) * item_len);
    memcpy(*out, row.ptr, slot * item_len);
    return ERR_OK;
}

static enum err load_hashes(struct ledger *l, struct txn *t, struct log *log, uint32_t contract, int level)
{
    uint8_t key[TILE_KEY_LEN];
    uint64_t width = log->now.head.size >> (level * TILE_HEIGHT);
    if (width % TILE_WIDTH == 0 || log->hashes[level] != NULL)
        return ERR_OK;
    enum err err = tail_load(l, t, TABLE_TILES, tile_key(key, contract, level, width / TILE_WIDTH), width % TILE_WIDTH,
                             HASH_LEN, tile_row_full(level), &log->hashes[level]);
    return err != ERR_OK || tail_is_of(log, level, log->hashes[level]) ? err : ERR_CORRUPT;
}

static enum err load_seqs(struct ledger *l, struct txn *t, struct log *log, uint32_t contract)
{
    uint8_t key[SEQS_KEY_LEN];
    uint64_t size = log->now.head.size;
    if (size % TILE_WIDTH == 0 || log->seqs != NULL)
        return ERR_OK;
    enum err err = tail_load(l, t, TABLE_SEQS, seqs_key(key, contract, size / TILE_WIDTH), size % TILE_WIDTH, SEQ_ITEM,
                             SEQS_FULL, &log->seqs);
    return err == ERR_OK ? seqs_fit(l, t, contract, size - 1, log->seqs, size % TILE_WIDTH) : err;
}

/* A log that is new, as this one is for its head, has no row: else it is the head that is gone. A replay has seen. */
static enum err is_new(const struct ledger *l, struct txn *t, const struct log *log, uint32_t contract)
{
    uint64_t seq;
    if (log->now.head.size > 0 || l->replaying)
        return ERR_OK;
    enum err err = seq_find(t, contract, 0, &seq);
    return err == ERR_NOT_FOUND ? ERR_OK : err == ERR_OK ? ERR_CORRUPT : err;
}

enum err ledger_ready(struct ledger *l, struct txn *t, uint32_t contract)
{
    struct log *log = ledger_log(l, contract);
    if (log->ready)
        return ERR_OK;
    enum err err = is_new(l, t, log, contract);
    if (err == ERR_OK)
        err = load_seqs(l, t, log, contract);
    for (int level = 0; level < TILE_LEVELS && err == ERR_OK; level++)
        err = load_hashes(l, t, log, contract, level);
    if (err == ERR_OK && contract != ROOT_LOG)
        err = ledger_model_load(t, log, contract);
    log->ready = err == ERR_OK;
    if (err != ERR_OK)
        log_drop_tails(log);
    return err;
}

/* Puts item number `slot` into a tail. Whether it is full now, and its row is to be written: before a replay it was. */
static bool tail_push(const struct ledger *l, uint8_t **tail, unsigned slot, const void *item, size_t item_len)
{
    assert(*tail != NULL || slot == 0);
    if (tail_is_full(slot))
        *tail = xrealloc(*tail, tail_room(slot + 1) * item_len);
    memcpy(*tail + slot * item_len, item, item_len);
    return slot + 1 == TILE_WIDTH && !l->replaying;
}

struct extension {
    struct ledger *ledger;
    struct txn *txn;
    struct log *log;
    uint32_t contract;
    enum err err;
};

/* A perfect subtree came to be: every eighth height is a tile's row. */
static void extend_tiles(void *ctx, int height, uint64_t n, const struct hash *h)
{
    struct extension *x = ctx;
    if (height % TILE_HEIGHT != 0 || x->err != ERR_OK)
        return;
    int level = height / TILE_HEIGHT;
    uint8_t key[TILE_KEY_LEN];
    if (tail_push(x->ledger, &x->log->hashes[level], n % TILE_WIDTH, h->b, HASH_LEN))
        x->err = store_put(x->txn, TABLE_TILES, tile_key(key, x->contract, level, n / TILE_WIDTH),
                           span_of(x->log->hashes[level], tile_row_full(level)));
}

static enum err put_full_seqs(struct txn *t, uint32_t contract, uint64_t n, const uint8_t *seqs,
                              const struct hash *last)
{
    uint8_t key[SEQS_KEY_LEN], row[SEQS_FULL];
    memcpy(row, seqs, TILE_WIDTH * SEQ_ITEM);
    memcpy(row + TILE_WIDTH * SEQ_ITEM, last->b, HASH_LEN);
    return store_put(t, TABLE_SEQS, seqs_key(key, contract, n), span_of(row, sizeof row));
}

enum err ledger_extend(struct ledger *l, struct txn *t, struct log *log, uint32_t contract, uint64_t seq,
                       const struct hash *leaf)
{
    uint8_t item[SEQ_ITEM];
    uint64_t index = log->now.head.size;
    enum err err = ERR_OK;
    seq_item_put(item, seq);
    if (tail_push(l, &log->seqs, index % TILE_WIDTH, item, sizeof item))
        err = put_full_seqs(t, contract, index / TILE_WIDTH, log->seqs, leaf);
    if (err != ERR_OK)
        return err;
    struct extension x = {l, t, log, contract, ERR_OK};
    if (merkle_room(index + 1) > merkle_room(index))
        log->edge = xrealloc(log->edge, merkle_room(index + 1) * sizeof *log->edge);
    edges_append(log->edge, index, leaf, extend_tiles, &x);
    log->now.head.size++;
    l->n_dirty += !log->dirty;
    log->dirty = l->dirty = true;
    return x.err;
}

bool ledger_fold(struct log *log, const struct terms *terms, const struct tallied *x, struct tally *full)
{
    struct tally *open = &log->now.head.tally;
    if (x->kind == ENTRY_TERMS) {
        log->now.has_terms = true;
        log->now.terms = log->now.head.size;
    }
    if (tally_add(open, terms, x))
        return true;
    *full = *open;
    *open = (struct tally){0};
    bool fits = tally_add(open, terms, x);
    assert(fits); /* prices and amounts are bounded so */
    return false;
}

void ledger_take_clock(struct log *log, const struct entry *e)
{
    log->now.clock = (struct log_clock){e->clock.steps, e->clock.unsure};
}

/* ---- state ---- */

uint64_t ledger_next_seq(const struct ledger *l)
{
    return l->next_seq;
}

uint64_t ledger_size(const struct ledger *l, uint32_t contract)
{
    const struct log *log = log_find(l, contract);
    return log == NULL ? 0 : log->now.head.size;
}

void ledger_root(const struct ledger *l, uint32_t contract, struct hash *out)
{
    const struct log *log = log_find(l, contract);
    edges_root(log != NULL ? log->edge : NULL, log != NULL ? log->now.head.size : 0, out);
}

struct log_clock ledger_clock(const struct ledger *l, uint32_t contract)
{
    const struct log *log = log_find(l, contract);
    return log == NULL ? (struct log_clock){0} : log->now.clock;
}

const struct tally *ledger_tally(const struct ledger *l, uint32_t contract)
{
    static const struct tally none;
    const struct log *log = log_find(l, contract);
    return log == NULL ? &none : &log->now.head.tally;
}

const struct last_statement *ledger_last_statement(const struct ledger *l, uint32_t contract)
{
    static const struct last_statement none;
    const struct log *log = log_find(l, contract);
    return log == NULL ? &none : &log->now.head.last;
}

bool ledger_dirty(const struct ledger *l)
{
    return l->dirty;
}

bool ledger_many_dirty(const struct ledger *l)
{
    return l->n_dirty >= DIRTY_MOST;
}

uint64_t ledger_changes(const struct ledger *l)
{
    return l->changes;
}

bool ledger_is_swept(const struct ledger *l, uint32_t contract)
{
    const struct log *log = log_find(l, contract);
    return log == NULL || log->now.head.size == log->swept;
}

uint32_t ledger_last(const struct ledger *l)
{
    size_t n = l->n_logs;
    while (n > 0 && (l->logs[n - 1] == NULL || l->logs[n - 1]->now.head.size == 0))
        n--;
    return n > 0 ? (uint32_t)(n - 1) : 0;
}

uint64_t ledger_published(const struct ledger *l, uint32_t contract, uint64_t *leaf)
{
    const struct log *log = log_find(l, contract);
    if (leaf != NULL)
        *leaf = log == NULL ? 0 : log->now.leaf;
    return log == NULL ? 0 : log->now.published;
}

/* Into the stored head, which may be of an older size: its log's entries since then are not swept by that. */
enum err ledger_publish(struct ledger *l, struct txn *t, uint32_t contract, uint64_t size, uint64_t leaf)
{
    struct log *log = ledger_log(l, contract);
    uint8_t key[4];
    char mem[HEAD_MAX];
    struct stored_head stored;
    struct hash edge[MERKLE_HEIGHT];
    struct span row;
    struct buf b;
    enum err err = store_get(t, TABLE_HEADS, contract_key(key, contract), &row);
    if (err == ERR_OK)
        err = head_decode(row, contract, &stored, edge);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    assert(size <= stored.head.size);
    l->changes++;
    log->now.published = stored.published = size;
    log->now.leaf = stored.leaf = leaf;
    buf_fixed(&b, mem, sizeof mem);
    head_encode(&stored, edge, &b);
    assert(!b.failed);
    return store_put(t, TABLE_HEADS, contract_key(key, contract), buf_span(&b));
}

void ledger_root_signed(struct ledger *l, uint64_t size)
{
    struct log *root = log_find(l, ROOT_LOG);
    if (root == NULL || size <= root->now.published || size > root->now.head.size)
        return;
    l->changes++;
    root->now.published = size;
    root->dirty = l->dirty = true;
}

/* ---- saving and sweeping ---- */

/* Writes the unfinished tiles that grew since they were written last, and the head. */
static enum err log_save(struct txn *t, uint32_t contract, struct log *log)
{
    uint64_t size = log->now.head.size;
    uint8_t key[TILE_KEY_LEN], mem[HEAD_MAX];
    assert(log->swept <= log->saved && log->saved <= size && log->now.published <= size);
    unsigned n = size % TILE_WIDTH;
    enum err err = ERR_OK;
    if (n != 0 && size != log->saved)
        err = store_put(t, TABLE_SEQS, seqs_key(key, contract, size / TILE_WIDTH), span_of(log->seqs, n * SEQ_ITEM));
    for (int level = 0; level < TILE_LEVELS && err == ERR_OK; level++) {
        uint64_t width = size >> (level * TILE_HEIGHT), before = log->saved >> (level * TILE_HEIGHT);
        n = width % TILE_WIDTH;
        if (width == before) /* then so are all levels above */
            break;
        if (n != 0)
            err = store_put(t, TABLE_TILES, tile_key(key, contract, level, width / TILE_WIDTH),
                            span_of(log->hashes[level], n * HASH_LEN));
    }
    if (err == ERR_OK)
        err = ledger_model_save(t, log, contract);
    if (err != ERR_OK)
        return err;
    struct buf row;
    buf_fixed(&row, mem, sizeof mem);
    head_encode(&log->now, log->edge, &row);
    assert(!row.failed);
    log->saved = size;
    log->dirty = false;
    return store_put(t, TABLE_HEADS, contract_key(key, contract), buf_span(&row));
}

enum err ledger_sweep(struct ledger *l, struct txn *t)
{
    l->changes++;
    for (size_t i = 0; i < l->n_logs; i++) {
        struct log *log = l->logs[i];
        if (log == NULL)
            continue;
        if (!log->dirty) {
            log_drop_tails(log); /* idle since the last sweep: the store has all */
            continue;
        }
        enum err err = log_save(t, (uint32_t)i, log);
        if (err != ERR_OK)
            return err;
    }
    return watermark_write(t, l->next_seq);
}

void ledger_swept(struct ledger *l)
{
    for (size_t i = 0; i < l->n_logs; i++)
        if (l->logs[i] != NULL)
            l->logs[i]->swept = l->logs[i]->saved;
    l->dirty = false;
    l->n_dirty = 0;
}

/* ---- appending ---- */

static enum err put_cut(struct txn *t, uint32_t contract, const struct cut *c)
{
    uint8_t key[CUT_KEY_LEN], value[CUT_ROW_LEN];
    row_index_key(key, contract, c->to);
    return store_put(t, (enum table)(TABLE_ROWS + ROW_CUTS), span_of(key, sizeof key),
                     span_of(value, cut_row_write(c, value)));
}

enum err ledger_statement(struct ledger *l, struct txn *t, uint32_t contract, const struct last_statement *s,
                          const struct tally *closed, int64_t next_ms)
{
    struct log *log = ledger_log(l, contract);
    struct head *head = &log->now.head;
    const struct view rows = store_view(t);
    struct cut behind;
    assert(s->to <= head->size && s->to >= head->last.to && s->to_ms >= head->last.to_ms);
    enum err err = closed != NULL ? row_cut(&rows, contract, s->to, &behind) : ERR_NOT_FOUND;
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        return err;
    bool cut = err == ERR_OK;
    struct tally *first = cut ? &behind.tally : &head->tally;
    if (closed != NULL && !tally_less(first, closed, next_ms, first->to_ms, first))
        return ERR_CORRUPT;
    l->changes++;
    head->last = *s;
    return cut ? put_cut(t, contract, &behind) : ERR_OK;
}

/* Counts the entry that comes next; what fills a statement without it is kept as such. */
static enum err count(struct ledger *l, struct txn *t, struct log *log, uint32_t contract, const struct entry *e,
                      const struct terms *terms)
{
    const struct tallied x = tallied_of(e);
    struct cut cut = {.to = log->now.head.size};
    l->changes++;
    if (e->kind == ENTRY_ROOT || ledger_fold(log, terms, &x, &cut.tally))
        return ERR_OK;
    edges_root(log->edge, cut.to, &cut.root);
    return put_cut(t, contract, &cut);
}

static void fill_envelope(const void *what, void *room)
{
    envelope_write(what, room);
}

static void fill_private(const void *what, void *room)
{
    const struct private_sealed *s = what;
    store_be32(room, s->day);
    memcpy((char *)room + PRIVATE_HEAD, s->bytes.ptr, s->bytes.len);
}

enum err ledger_append(struct ledger *l, struct txn *t, uint32_t contract, const struct entry *e, struct span bytes,
                       const struct companion *with, const struct terms *terms, uint64_t *index, struct hash *leaf)
{
    struct log *log = ledger_log(l, contract);
    assert(log->ready);
    struct envelope env = {
        .kind = e->kind,
        .class = entry_class(e),
        .device = entry_device(e),
        .contract = contract,
        .index = log->now.head.size,
        .entry = bytes,
        .beside = with != NULL ? with->beside : SPAN(""),
    };
    uint8_t key[SEQ_LEN];
    struct hash hash;
    enum err err = count(l, t, log, contract, e, terms);
    if (err == ERR_OK)
        err = store_append(t, TABLE_JOURNAL, seq_key(key, l->next_seq), envelope_len(&env), fill_envelope, &env);
    if (err == ERR_OK && with != NULL && !span_empty(with->sealed.bytes))
        err = store_append(t, TABLE_PRIVATE, seq_key(key, l->next_seq), PRIVATE_HEAD + with->sealed.bytes.len,
                           fill_private, &with->sealed);
    if (err != ERR_OK)
        return err;
    if (e->kind == ENTRY_CLOCK)
        ledger_take_clock(log, e);
    merkle_leaf(bytes, &hash);
    err = ledger_extend(l, t, log, contract, l->next_seq++, &hash);
    if (err != ERR_OK)
        return err;
    if (e->kind == ENTRY_STATEMENT)
        ledger_model_closed(log);
    if (e->kind == ENTRY_STATEMENT || (e->kind == ENTRY_ROOT && log->now.head.size % ROOT_PAIR == 0)) {
        /* what ledger_statement set is in no entry: it is saved at once, so that no replay has to find it; and the root
         * log shows what its logs' heads say of it, by whole pairs */
        err = log_save(t, contract, log);
        if (err != ERR_OK)
            return err;
    }
    assert(log->now.head.size == env.index + 1);
    *index = env.index;
    if (leaf != NULL)
        *leaf = hash;
    return ERR_OK;
}

/* Overwritten in its place first: a row that only gets shorter leaves its end in the page. */
enum err ledger_erase(struct ledger *l, struct txn *t, const struct envelope *e, uint64_t erase)
{
    uint8_t key[SEQ_LEN], value[PRIVATE_ERASED];
    struct span row;
    l->changes++;
    enum err err = store_get(t, TABLE_PRIVATE, seq_key(key, e->seq), &row);
    if (err != ERR_OK)
        return ERR_IO; /* it was there */
    char *zeros = xcalloc(1, row.len);
    err = store_put(t, TABLE_PRIVATE, span_of(key, SEQ_LEN), span_of(zeros, row.len));
    free(zeros);
    store_be64(value, erase);
    return err == ERR_OK ? store_put(t, TABLE_PRIVATE, span_of(key, SEQ_LEN), span_of(value, sizeof value)) : err;
}

/* ---- reading back inside the transaction ---- */

enum err ledger_get(struct ledger *l, struct txn *t, uint32_t contract, uint64_t index, struct envelope *out)
{
    const struct log *log = log_find(l, contract);
    if (log == NULL || index >= log->now.head.size)
        return ERR_NOT_FOUND;
    uint64_t seq;
    if (log->seqs != NULL && index / TILE_WIDTH == log->now.head.size / TILE_WIDTH) {
        seq = seq_item(log->seqs + index % TILE_WIDTH * SEQ_ITEM);
    } else {
        enum err err = seq_find(t, contract, index, &seq);
        if (err != ERR_OK)
            return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    }
    return journal_get(t, seq, contract, index, out);
}

static enum err near_seq(struct ledger_view *v, uint32_t contract, uint64_t index, uint64_t *seq)
{
    struct ledger_near *near = &v->near;
    uint64_t tile = index / TILE_WIDTH;
    for (unsigned i = 0; i < near->n_seqs && i < LEDGER_NEAR; i++)
        if (near->seqs[i].contract == contract && near->seqs[i].tile == tile)
            return seq_in(near->seqs[i].row, index, seq);
    struct near_seqs *s = &near->seqs[near->n_seqs % LEDGER_NEAR];
    *s = (struct near_seqs){.tile = UINT64_MAX}; /* no tile's */
    enum err err = seqs_row(v->txn, contract, tile, &s->row);
    if (err != ERR_OK)
        return err;
    s->contract = contract;
    s->tile = tile;
    near->n_seqs++;
    return seq_in(s->row, index, seq);
}

static enum err near_entry(struct ledger_view *v, uint32_t contract, uint64_t index, struct envelope *out)
{
    struct ledger_near *near = &v->near;
    uint64_t seq;
    for (unsigned i = 0; i < near->n_entries && i < LEDGER_NEAR; i++)
        if (near->entry[i].contract == contract && near->entry[i].index == index) {
            *out = near->entry[i];
            return ERR_OK;
        }
    enum err err = near_seq(v, contract, index, &seq);
    if (err == ERR_OK)
        err = journal_get(v->txn, seq, contract, index, out);
    else if (err == ERR_NOT_FOUND)
        err = ledger_read(v->txn, contract, index, out);
    if (err == ERR_OK)
        near->entry[near->n_entries++ % LEDGER_NEAR] = *out;
    return err;
}

/* By the ledger's memory, or what is swept. */
static enum err view_entry(struct ledger_view *v, uint32_t contract, uint64_t index, struct envelope *out)
{
    return v->ledger != NULL ? ledger_get(v->ledger, v->txn, contract, index, out)
                             : near_entry(v, contract, index, out);
}

static void keep_clicked(struct ledger_view *v, const struct envelope *env)
{
    struct ledger_clicked *c = &v->clicked;
    if (v->ledger == NULL)
        return;
    c->contract = env->contract;
    c->index = env->index;
    c->len = env->entry.len <= sizeof c->entry ? env->entry.len : 0;
    memcpy(c->entry, env->entry.ptr, c->len);
}

bool ledger_clicked(const struct ledger_view *v, uint32_t contract, uint64_t index, struct span *entry)
{
    const struct ledger_clicked *c = &v->clicked;
    if (c->len == 0 || c->contract != contract || c->index != index)
        return false;
    *entry = span_of(c->entry, c->len);
    return true;
}

static enum err view_click(void *ctx, uint32_t contract, uint64_t index, struct clicked *out)
{
    struct ledger_view *v = ctx;
    struct envelope env;
    enum err err = view_entry(v, contract, index, &env);
    if (err != ERR_OK)
        return err;
    if (env.kind != ENTRY_CLICK)
        return ERR_NOT_FOUND;
    keep_clicked(v, &env);
    return envelope_click(&env, out);
}

static enum err view_leaf(void *ctx, uint32_t contract, uint64_t index, struct hash *out)
{
    struct ledger_view *v = ctx;
    struct envelope env;
    enum err err = view_entry(v, contract, index, &env);
    if (err != ERR_OK)
        return err;
    merkle_leaf(env.entry, out);
    return env.kind == ENTRY_LEAD ? ERR_OK : ERR_NOT_FOUND;
}

static enum err view_bytes(void *ctx, uint32_t contract, uint64_t index, struct span *out)
{
    struct envelope env;
    enum err err = view_entry(ctx, contract, index, &env);
    if (err == ERR_OK)
        *out = env.entry;
    return err;
}

static enum err view_state(void *ctx, uint32_t contract, const struct hash *sha256, struct span *out)
{
    return ledger_state(((struct ledger_view *)ctx)->txn, contract, sha256, out);
}

/* What decides about money is held against the entry that it repeats: a statement over a changed row would be signed,
 * and stand for ever. */
static enum err row_holds(struct ledger_view *v, enum row_table table, struct span key, struct span value)
{
    struct ledger_near *near = &v->near;
    struct envelope env;
    if ((table != ROW_LEADS && table != ROW_MOVES && table != ROW_ADJUSTMENTS) || key.len != 12)
        return ERR_OK; /* of odd keys their reader says what is to be said */
    uint32_t contract = load_be32(key.ptr);
    uint64_t index = load_be64(key.ptr + 4);
    if (near->parsed && near->contract == contract && near->index == index)
        return row_repeats(table, value, index, &near->of);
    near->parsed = false;
    enum err err = view_entry(v, contract, index, &env);
    if (err == ERR_OK)
        err = entry_read(env.entry, &near->of, NULL);
    if (err != ERR_OK)
        return err == ERR_NOT_FOUND ? ERR_CORRUPT : err;
    err = row_repeats(table, value, index, &near->of);
    near->parsed = v->ledger == NULL && near->of.json == NULL;
    near->contract = contract;
    near->index = index;
    entry_close(&near->of);
    return err;
}

static enum err view_get(void *ctx, enum row_table table, struct span key, struct span *value)
{
    struct ledger_view *v = ctx;
    enum err err = store_get(v->txn, (enum table)(TABLE_ROWS + table), key, value);
    return err == ERR_OK ? row_holds(v, table, key, *value) : err;
}

/* A row of another contract, or of another lead than the one looked for, is not what was looked for. */
static enum err view_seek(void *ctx, enum row_table table, struct span from, struct span *key, struct span *value)
{
    struct ledger_view *v = ctx;
    enum err err = store_seek(v->txn, (enum table)(TABLE_ROWS + table), from, key, value);
    size_t same = table == ROW_MOVES ? 4 : 12;
    bool meant = err == ERR_OK && key->len >= same && from.len >= same && memcmp(key->ptr, from.ptr, same) == 0;
    return meant ? row_holds(v, table, *key, *value) : err;
}

struct view ledger_view(struct ledger_view *v, struct ledger *l, struct txn *t)
{
    v->ledger = l;
    v->txn = t;
    v->near.n_entries = v->near.n_seqs = 0;
    v->near.parsed = false;
    v->clicked.len = 0;
    return (struct view){.get = view_get,
                         .seek = view_seek,
                         .click = view_click,
                         .leaf = view_leaf,
                         .entry = view_bytes,
                         .state = view_state,
                         .ctx = v};
}
