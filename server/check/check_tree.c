#include <inttypes.h>
#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "server/check/check.h"

/* The stored row must be `want`; of a tile that was unfinished at the head, it may have grown since. */
static void compare_row(struct check *c, enum table table, struct span key, struct span want, bool may_be_longer,
                        uint32_t log, const char *what)
{
    struct span row;
    enum err err = store_get(c->txn, table, key, &row);
    bool good = err == ERR_OK && row.len >= want.len && (may_be_longer || row.len == want.len) &&
                memcmp(row.ptr, want.ptr, want.len) == 0;
    if (!good)
        finds_failure(&c->finding[STORE_CHECK_TREES], "log %" PRIu32 ": a row of %s is not what its entries give", log,
                      what);
}

static void compare_tile(void *ctx, const struct tile *t, struct span hashes)
{
    struct checked_log *log = ctx;
    uint8_t key[TILE_KEY_LEN];
    compare_row(log->check, TABLE_TILES, tile_key(key, log->number, t->level, t->n), hashes, t->width < TILE_WIDTH,
                log->number, "tiles");
}

static void compare_seqs(struct check *c, struct checked_log *log, uint64_t n, unsigned width)
{
    uint8_t key[SEQS_KEY_LEN];
    compare_row(c, TABLE_SEQS, seqs_key(key, log->number, n), span_of(log->seqs, width * SEQ_LEN), width < TILE_WIDTH,
                log->number, "seqs");
}

/* The head as it should be at this point, in the stored form: what only the committer needs is taken over. */
static void compare_head(struct check *c, struct checked_log *log)
{
    const struct period *p = &log->fold.period;
    struct stored_head now = log->head;
    char mem[2][HEAD_MAX];
    struct buf a, b;
    now.head.frontier = log->tree.frontier;
    now.head.tally = p->tally;
    now.head.last = (struct last_statement){
        .to = p->from, .carried_micros = p->carried_micros, .to_ms = p->prev_to_ms, .sha256 = p->prev_sha256};
    memcpy(now.head.last.id, log->last_statement, sizeof now.head.last.id);
    buf_fixed(&a, mem[0], HEAD_MAX);
    buf_fixed(&b, mem[1], HEAD_MAX);
    head_encode(&now, &a);
    head_encode(&log->head, &b);
    if (a.failed || !span_eq(buf_span(&a), buf_span(&b)))
        finds_failure(&c->finding[STORE_CHECK_TREES],
                      "log %" PRIu32 ": the head of size %" PRIu64
                      " has another tree, tally or last statement than its entries give",
                      log->number, log->head.head.size);
    uint64_t size = log->tree.frontier.size;
    if (size % TILE_WIDTH != 0)
        compare_seqs(c, log, size / TILE_WIDTH, size % TILE_WIDTH);
    tile_builder_edge(&log->tree);
}

static void read_head(struct check *c, struct checked_log *log)
{
    uint8_t key[4];
    struct span row;
    enum err err = store_get(c->txn, TABLE_HEADS, contract_key(key, log->number), &row);
    if (err == ERR_OK)
        err = head_decode(row, &log->head);
    log->has_head = err == ERR_OK;
    if (err != ERR_OK && err != ERR_NOT_FOUND)
        finds_failure(&c->finding[STORE_CHECK_TREES], "log %" PRIu32 ": its head does not read", log->number);
}

struct checked_log *check_log(struct check *c, uint32_t number)
{
    if (number >= c->n_logs) {
        size_t n = (size_t)number + number / 2 + 16;
        c->logs = xrealloc(c->logs, n * sizeof *c->logs);
        memset(c->logs + c->n_logs, 0, (n - c->n_logs) * sizeof *c->logs);
        c->n_logs = n;
    }
    if (c->logs[number] == NULL) {
        struct checked_log *log = c->logs[number] = xcalloc(1, sizeof *log);
        const struct contract *k = catalog_contract_number(c->catalog, number);
        log->check = c;
        log->number = number;
        tile_builder_open(&log->tree, compare_tile, log);
        if (k != NULL)
            fold_open(&log->fold,
                      &(struct fold_context){
                          .contract = k->number, .campaign = k->campaign->number, .contract_id = span_str(k->id)},
                      &c->view, c->rows);
        read_head(c, log);
    }
    return c->logs[number];
}

void check_tree_append(struct check *c, struct checked_log *log, struct span entry)
{
    struct hash leaf;
    uint64_t index = log->tree.frontier.size;
    store_be64(log->seqs[index % TILE_WIDTH], c->seq);
    if (index % TILE_WIDTH == TILE_WIDTH - 1)
        compare_seqs(c, log, index / TILE_WIDTH, TILE_WIDTH);
    merkle_leaf(entry, &leaf);
    tile_builder_leaf(&log->tree, &leaf);
    if (log->has_head && log->tree.frontier.size == log->head.head.size)
        compare_head(c, log);
    if (c->seq < c->watermark && (!log->has_head || log->tree.frontier.size > log->head.head.size))
        finds_failure(&c->finding[STORE_CHECK_TREES], "log %" PRIu32 ": its head is behind the watermark", log->number);
}

void check_tree_end(struct check *c)
{
    for (size_t i = 0; i < c->n_logs; i++) {
        const struct checked_log *log = c->logs[i];
        if (log != NULL && log->has_head && log->head.head.size > log->tree.frontier.size)
            finds_failure(&c->finding[STORE_CHECK_TREES],
                          "log %zu: its head counts %" PRIu64 " entries, the journal has %" PRIu64, i,
                          log->head.head.size, log->tree.frontier.size);
    }
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
