/* Trees of all logs, built anew: tiles, seqs and heads. */
#include <inttypes.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "common/ledger/root_log.h"
#include "server/check/check_private.h"

enum { ITEM_MAX = HASH_LEN };

/* ---- rows as they come to be ---- */

/* Which item of a row differs first; *n is how many there are to compare. */
static size_t first_difference(struct span row, struct span want, size_t item)
{
    size_t i = 0;
    while ((i + 1) * item <= want.len && (i + 1) * item <= row.len &&
           memcmp(row.ptr + i * item, want.ptr + i * item, item) == 0)
        i++;
    return i;
}

/* A leaf and its entry do not fit: one of two rows is damaged, and nothing says which. */
static void name_both(struct check *c, const struct checked_log *log, struct span key, size_t slot)
{
    char row[ROW_NAME];
    uint8_t mem[SEQ_LEN];
    table_row_name(TABLE_JOURNAL, seq_key(mem, seq_item(log->seqs[slot])), row);
    check_row_fails(c, TABLE_TILES, key, "holds another leaf %zu than %s gives", slot, row);
}

/* Where the stored row starts like `want`; what follows in it is looked at by the prover of its table. */
static void compare_tile(void *ctx, const struct tile *t, struct span hashes)
{
    struct checked_log *log = ctx;
    struct check *c = log->check;
    uint8_t mem[TILE_KEY_LEN];
    struct span row, key = tile_key(mem, log->number, t->level, t->n);
    if (!check_need(c, TABLE_TILES, key, &row))
        return;
    if (t->level == 0 && t->width == TILE_WIDTH) /* the last is the business of compare_seqs */
        hashes.len = tile_row_full(t->level);
    size_t slot = first_difference(row, hashes, HASH_LEN);
    if (slot == hashes.len / HASH_LEN)
        return;
    if (t->level == 0 && row.len >= hashes.len)
        name_both(c, log, key, slot);
    else
        check_row_fails(c, TABLE_TILES, key, "is not what its log's entries give");
}

/* One that is no whole number of them is named before what follows from it. `last`: a full one's last leaf; NULL: it
 * is not full. */
static void compare_seqs(struct check *c, struct checked_log *log, uint64_t n, unsigned width, const struct hash *last)
{
    uint8_t mem[SEQS_KEY_LEN];
    struct span row, key = seqs_key(mem, log->number, n);
    if (!check_need(c, TABLE_SEQS, key, &row))
        return;
    size_t len = row.len == SEQS_FULL ? TILE_WIDTH * SEQ_ITEM : row.len;
    if (len % SEQ_ITEM != 0 ||
        first_difference(span_of(row.ptr, len), span_of(log->seqs, width * SEQ_ITEM), SEQ_ITEM) != width ||
        (last != NULL && row.len != SEQS_FULL))
        check_row_fails(c, TABLE_SEQS, key, "is not where its log's entries are");
    else if (last != NULL && memcmp(row.ptr + len, last->b, HASH_LEN) != 0)
        check_row_fails(c, TABLE_SEQS, key, "holds another last leaf than its log's entries give");
}

/* The head as it should be at this point, in the stored form. What was published last is the root log's to say. */
static void compare_head(struct check *c, struct checked_log *log)
{
    const struct period *p = &log->fold.period;
    const struct versions *vs = &log->fold.versions;
    struct stored_head now = {.has_terms = vs->made > 0,
                              .terms = vs->made_index,
                              .published = log->head.published,
                              .leaf = log->head.leaf,
                              .clock = {log->fold.clock_steps, log->fold.clock_unsure}};
    char mem[2][HEAD_MAX];
    uint8_t key[4];
    struct buf a, b;
    now.head.size = log->tree.frontier.size;
    now.head.tally = p->tally;
    now.head.last = (struct last_statement){.number = p->number,
                                            .to = p->from,
                                            .carried_micros = p->carried_micros,
                                            .to_ms = p->prev_to_ms,
                                            .waiting = p->waiting,
                                            .sha256 = p->prev_sha256};
    buf_fixed(&a, mem[0], HEAD_MAX);
    buf_fixed(&b, mem[1], HEAD_MAX);
    head_encode(&now, log->tree.frontier.edge, &a);
    head_encode(&log->head, log->head_edge, &b);
    if (a.failed || !span_eq(buf_span(&a), buf_span(&b)))
        check_row_fails(c, TABLE_HEADS, contract_key(key, log->number),
                        "has another tree, terms, tally or last statement than its log's entries give");
}

/* The rows of the last sweep: tiles first, so that a damaged entry is named before what follows from it. */
static void compare_sweep(struct check *c, struct checked_log *log)
{
    uint64_t size = log->tree.frontier.size;
    if (size % TILE_WIDTH != 0)
        compare_seqs(c, log, size / TILE_WIDTH, size % TILE_WIDTH, NULL);
    tile_builder_edge(&log->tree);
    compare_head(c, log);
    check_model(c, log);
}

/* ---- logs ---- */

static void read_head(struct check *c, struct checked_log *log)
{
    uint8_t mem[4];
    struct span row, key = contract_key(mem, log->number);
    if (check_get(c, TABLE_HEADS, key, &row) != ERR_OK)
        return;
    log->has_head = head_decode(row, log->number, &log->head, log->head_edge) == ERR_OK;
    if (!log->has_head)
        check_row_fails(c, TABLE_HEADS, key, "does not read");
}

static struct checked_log *new_log(struct check *c, uint32_t number)
{
    struct checked_log *log = xcalloc(1, sizeof *log);
    const struct contract *k = catalog_contract_number(c->catalog, number);
    log->check = c;
    log->number = number;
    tile_builder_open(&log->tree, compare_tile, log);
    if (k != NULL) {
        const struct fold_context cx = {.contract = k->number,
                                        .campaign = k->campaign->number,
                                        .contract_id = span_str(k->id),
                                        .advertiser = k->campaign->advertiser->number};
        fold_open(&log->fold, &cx, &c->view, c->rows);
        log->fold.end_of = check_end_of;
        log->fold.end_ctx = log;
    }
    read_head(c, log);
    return log;
}

struct checked_log *check_log(struct check *c, uint32_t number)
{
    if (number >= c->n_logs) {
        size_t n = (size_t)number + number / 2 + 16;
        c->logs = xrealloc(c->logs, n * sizeof *c->logs);
        memset(c->logs + c->n_logs, 0, (n - c->n_logs) * sizeof *c->logs);
        c->n_logs = n;
    }
    if (c->logs[number] == NULL)
        c->logs[number] = new_log(c, number);
    return c->logs[number];
}

void check_logs_free(struct check *c)
{
    for (size_t i = 0; i < c->n_logs; i++) {
        if (c->logs[i] == NULL)
            continue;
        tile_builder_close(&c->logs[i]->tree);
        fold_close(&c->logs[i]->fold);
        free(c->logs[i]);
    }
    free(c->logs);
}

void check_tree_append(struct check *c, struct checked_log *log, const struct envelope *env)
{
    struct hash leaf;
    uint8_t key[4];
    uint64_t index = log->tree.frontier.size;
    seq_item_put(log->seqs[index % TILE_WIDTH], c->seq);
    merkle_leaf(env->entry, &leaf);
    if (index % TILE_WIDTH == TILE_WIDTH - 1)
        compare_seqs(c, log, index / TILE_WIDTH, TILE_WIDTH, &leaf);
    tile_builder_leaf(&log->tree, &leaf);
    uint64_t size = log->tree.frontier.size;
    if (log->has_head && size == log->head.head.size) {
        log->head_at_statement = env->kind == ENTRY_STATEMENT || env->kind == ENTRY_ROOT;
        compare_sweep(c, log);
    }
    if (c->seq >= c->watermark)
        return;
    log->below++;
    if (!log->has_head || size > log->head.head.size)
        check_row_fails(c, TABLE_HEADS, contract_key(key, log->number), "is missing or behind row watermark of meta");
}

/* ---- the provers: rows beside those that were compared ---- */

static const struct checked_log *find_log(const struct check *c, struct span key)
{
    uint32_t number = load_be32(key.ptr);
    const struct checked_log *log = number < c->n_logs ? c->logs[number] : NULL;
    return log != NULL && log->tree.frontier.size > 0 ? log : NULL;
}

/* Bytes of row n that holds `item` bytes for each of the log's subtrees of 2^shift entries, and `full` when all are
 * there; 0: there is no such row. */
static size_t row_len(const struct checked_log *log, uint64_t n, unsigned shift, size_t item, size_t full)
{
    uint64_t now = log->tree.frontier.size >> shift, swept = log->has_head ? log->head.head.size >> shift : 0;
    if (n < now / TILE_WIDTH)
        return full;
    return n == swept / TILE_WIDTH ? swept % TILE_WIDTH * item : 0;
}

static void tile_belongs(struct check *c, enum table t, struct span key, struct span value)
{
    const struct checked_log *log = key.len == TILE_KEY_LEN ? find_log(c, key) : NULL;
    unsigned level = log != NULL ? (uint8_t)key.ptr[4] : TILE_LEVELS;
    size_t len = level < TILE_LEVELS
                     ? row_len(log, load_be64(key.ptr + 5), level * TILE_HEIGHT, HASH_LEN, tile_row_full((int)level))
                     : 0;
    if (len == 0 || value.len != len)
        check_row_fails(c, t, key, len == 0 ? "is of no log, or past its end" : "is cut or too long");
}

void prove_tiles(struct check *c)
{
    check_each(c, TABLE_TILES, tile_belongs);
}

static void seqs_belong(struct check *c, enum table t, struct span key, struct span value)
{
    const struct checked_log *log = key.len == SEQS_KEY_LEN ? find_log(c, key) : NULL;
    size_t len = log != NULL ? row_len(log, load_be64(key.ptr + 4), 0, SEQ_ITEM, SEQS_FULL) : 0;
    if (len == 0 || value.len != len)
        check_row_fails(c, t, key, len == 0 ? "is of no log, or past its end" : "is cut or too long");
}

void prove_seqs(struct check *c)
{
    check_each(c, TABLE_SEQS, seqs_belong);
}

/* Every contract's log has every change of the server's keys. */
static void count_key_steps(struct check *c, const struct checked_log *log)
{
    size_t steps = keys_states(c->in.keys) - 1;
    if (log->number != ROOT_LOG && log->key_steps < steps)
        finds_failure(&c->finding[STORE_CHECK_ENTRIES], "log %" PRIu32 " has %zu of %zu changes of the server's keys",
                      log->number, log->key_steps, steps);
}

static void head_belongs(struct check *c, enum table t, struct span key, struct span value)
{
    const struct checked_log *log = key.len == 4 ? find_log(c, key) : NULL;
    if (log != NULL)
        count_key_steps(c, log);
    (void)value;
    if (log == NULL) {
        check_row_fails(c, t, key, "is of no log that has entries");
    } else if (log->has_head) {
        uint64_t size = log->head.head.size, published = log->head.published;
        if (size > log->tree.frontier.size)
            check_row_fails(c, t, key, "counts %" PRIu64 " entries, the journal has %" PRIu64, size,
                            log->tree.frontier.size);
        /* a head younger than the watermark was saved with the statement or leaf that is its last entry */
        else if (size > log->below && !log->head_at_statement)
            check_row_fails(c, TABLE_META, SPAN("watermark"), "is %" PRIu64 ", but log %" PRIu32 " is swept beyond it",
                            c->watermark, log->number);
        if (log->number == ROOT_LOG ? published % ROOT_PAIR != 0 || log->head.leaf != 0
                                    : published < log->fold.period.from || published != log->last_leaf_size ||
                                          (published > 0 && log->head.leaf != log->last_leaf))
            check_row_fails(c, t, key, "says that a head of size %" PRIu64 " was published last, and it was not",
                            published);
    }
}

static void leaf_belongs(struct check *c, enum table t, struct span key, struct span value)
{
    buf_clear(&c->scratch);
    buf_span_add(&c->scratch, key);
    buf_span_add(&c->scratch, value);
    if (!row_set_has(c->leaves, buf_span(&c->scratch)))
        check_row_fails(c, t, key, "is not of a head that is this leaf of the root log");
}

/* A note over the log at that size, signed by any of our keys. */
static bool is_signed(struct check *c, const struct contract *k, struct span note, const struct hash *root)
{
    uint8_t pubs[KEYS_MAX][ED25519_KEY_LEN];
    struct note_key keys[KEYS_MAX];
    char name[ORIGIN_CAP];
    struct checkpoint p;
    size_t n = keys_log_publics(c->in.keys, pubs, KEYS_MAX);
    const struct span origin = instance_log_name(&c->in, k, name);
    for (size_t i = 0; i < n; i++) {
        keys[i].name = origin;
        memcpy(keys[i].pub, pubs[i], ED25519_KEY_LEN);
    }
    return checkpoint_open_plain(note, keys, n, &p, NULL) == ERR_OK && memcmp(p.root.b, root->b, HASH_LEN) == 0;
}

/* Against the log's tiles: once these, and the entry itself, were found to be as they must. */
static void head_holds(struct check *c, struct span row)
{
    uint32_t contract = load_be32(row.ptr);
    uint64_t leaf = load_be64(row.ptr + 4), size = load_be64(row.ptr + LEAVES_KEY_LEN);
    struct hash root;
    struct span note;
    if (ledger_note(c->txn, leaf, &note) == ERR_OK && ledger_root_at(c->txn, contract, size, &root) == ERR_OK &&
        !is_signed(c, catalog_contract_number(c->catalog, contract), note, &root))
        finds_failure(&c->finding[STORE_CHECK_ENTRIES],
                      "leaf %" PRIu64 " of the root log is no head of log %" PRIu32 " at %" PRIu64
                      " entries that a key of ours signed",
                      leaf, contract, size);
}

void prove_leaves(struct check *c)
{
    struct span value;
    const struct finding *trees = &c->finding[STORE_CHECK_TREES];
    for (size_t i = 0; i < row_set_count(c->leaves); i++) {
        check_need(c, TABLE_LEAVES, span_of(row_set_at(c->leaves, i).ptr, LEAVES_KEY_LEN), &value);
        if (trees->failures == 0 && trees->doubts == 0)
            head_holds(c, row_set_at(c->leaves, i));
    }
    check_each(c, TABLE_LEAVES, leaf_belongs);
}

void prove_heads(struct check *c)
{
    check_each(c, TABLE_HEADS, head_belongs);
}
