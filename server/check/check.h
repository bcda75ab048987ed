/* One run of `countersign check`: the state of its fold over the journal. Shared by the check_*.c files alone. */
#ifndef CS_SERVER_CHECK_CHECK_H
#define CS_SERVER_CHECK_CHECK_H

#include "common/settlement/findings.h"
#include "common/settlement/fold.h"
#include "common/settlement/tile_builder.h"
#include "server/instance/instance.h"
#include "server/ledger/ledger_rows.h"

/* symbol, stable word, what holds: in the order of the report */
#define STORE_CHECK_TABLE(X)                                                                                           \
    X(OPEN, "open", "keys, store and control data read")                                                               \
    X(JOURNAL, "journal", "the journal has no hole, and each log counts its entries without one")                      \
    X(ENTRIES, "entries", "every entry is canonical and follows those before it")                                      \
    X(PRIVATE, "private", "every sealed part opens and fits its entry's commitment")                                   \
    X(DECISIONS, "decisions", "every lead and disposition decided again has the recorded outcome")                     \
    X(TREES, "trees", "every log's tiles, index and head are those of its entries")                                    \
    X(ROWS, "rows", "replayed state equals stored state")                                                              \
    X(STATEMENTS, "statements", "every statement is signed, in its log, and equal to the recomputed byte for byte")    \
    X(CATALOG, "catalog", "every contract's terms are those of its log")

enum store_check {
#define X(symbol, word, good) STORE_CHECK_##symbol,
    STORE_CHECK_TABLE(X)
#undef X
        STORE_CHECKS
};

struct checked_log {
    struct tile_builder tree;
    uint8_t seqs[TILE_WIDTH][SEQ_LEN];
    bool has_head;
    struct stored_head head;           /* as stored; compared when the tree has its size */
    struct fold fold;                  /* not of the root log, nor of a log of no known contract */
    char last_statement[LIMIT_ID + 1]; /* its id, "" when there is none */
    struct check *check;
    uint32_t number;
};

struct check {
    struct finding finding[STORE_CHECKS];
    const char *dir;
    struct instance in;
    struct txn *txn;
    struct catalog *catalog;
    struct sealer *sealer;
    struct rows_map *rows;
    struct view view;
    struct checked_log **logs; /* by contract number */
    size_t n_logs;
    uint64_t seq, watermark; /* the journal row that is looked at */
    struct buf scratch;
};

/* check_tree.c */
struct checked_log *check_log(struct check *c, uint32_t number); /* made at first sight */
void check_tree_append(struct check *c, struct checked_log *log, struct span entry);
void check_tree_end(struct check *c); /* heads that were never reached */
void check_logs_free(struct check *c);

/* check_fold.c: one entry of the journal, before it is appended to its tree. */
void check_fold_open(struct check *c);
void check_fold(struct check *c, struct checked_log *log, const struct envelope *env);
/* The rows that came of all entries against the stored ones. */
void check_rows(struct check *c);

/* check_statement.c: a statement entry; the fold stands right before it. */
void check_statement(struct check *c, struct checked_log *log, const struct contract *k, uint64_t index,
                     const struct entry *e);

#endif
