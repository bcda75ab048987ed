/* One run of the check: the state of its fold over the journal, and what the provers share. For server/check alone. */
#ifndef CS_SERVER_CHECK_CHECK_PRIVATE_H
#define CS_SERVER_CHECK_CHECK_PRIVATE_H

#include "common/commit/clock.h"
#include "common/reports/rollup.h"
#include "common/settlement/byte_map.h"
#include "common/settlement/findings.h"
#include "common/settlement/fold.h"
#include "common/settlement/tile_builder.h"
#include "server/check/check.h"
#include "server/check/row_set.h"
#include "server/instance/instance.h"
#include "server/ledger/ledger_rows.h"

/* symbol, stable word, what holds: in the order of the report */
#define STORE_CHECK_TABLE(X)                                                                                           \
    X(OPEN, "open", "keys, store and control data read")                                                               \
    X(PAGES, "pages", "no page of the store's file stands in two places, or in a tree and among the free ones")        \
    X(JOURNAL, "journal", "the journal has no hole, and each log counts its entries without one")                      \
    X(ENTRIES, "entries", "every entry is canonical and follows those before it")                                      \
    X(PRIVATE, "private", "every sealed part opens and fits its entry's commitment")                                   \
    X(DECISIONS, "decisions", "every lead and disposition decided again has the recorded outcome")                     \
    X(TREES, "trees", "every log's tiles, index and head are those of its entries")                                    \
    X(SIGNED, "signed", "every log extends what was signed of it last, and signed-heads has all that was published")   \
    X(ROWS, "rows", "replayed state equals stored state")                                                              \
    X(STATEMENTS, "statements",                                                                                        \
      "every statement is signed, in its log, and equal to the recomputed byte for byte; so are closed heads and "     \
      "answers")                                                                                                       \
    X(REPLAYS, "replays",                                                                                              \
      "every nonce names an entry and will be forgotten; every kept answer opens; what was refused reads")             \
    X(CATALOG, "catalog", "control data reads strictly, hangs together, and is what the logs say of it")

enum store_check {
#define X(symbol, word, good) STORE_CHECK_##symbol,
    STORE_CHECK_TABLE(X)
#undef X
        STORE_CHECKS
};

struct checked_log {
    struct check *check;
    uint32_t number;
    struct tile_builder tree;
    uint8_t seqs[TILE_WIDTH][SEQ_ITEM];   /* of the bundle under way */
    bool has_head, head_at_statement;     /* its last entry is one: it was saved with it */
    struct stored_head head;              /* as stored; compared when the tree has its size */
    struct hash head_edge[MERKLE_HEIGHT]; /* of its tree */
    uint64_t below;                       /* entries below the watermark */
    struct fold fold;                     /* not of the root log */
    struct hash documents[2];             /* of the campaign and the contract, as the last terms say them */
    uint32_t placements;                  /* greatest that an entry names */
    size_t key_steps;                     /* how often the server's keys changed in it */
    bool scored;                          /* at the stored head something was learnt of its leads */
    uint64_t assented;                    /* the last entry that assents to terms; 0: none */
    uint64_t last_leaf, last_leaf_size;   /* of its head that came into the root log last; size 0: none did */
};

/* A shared lead whose parts are being read: they stand one behind the other in the journal. */
struct sharing {
    bool open, untold; /* untold: a click of it cannot be read */
    uint64_t seq;      /* of the part that must follow */
    struct hash lead;
    uint32_t campaign;
    int64_t at_ms; /* by the clock */
    uint32_t clock_steps;
    struct credit credit[LIMIT_TOUCHES]; /* as recorded */
    size_t n;
};

struct check {
    struct finding finding[STORE_CHECKS];
    struct instance in;
    struct heads *signed_heads; /* NULL: cannot be read */
    struct txn *txn;
    struct catalog *catalog; /* NULL: control data does not read, so that nothing is folded */
    bool complete;           /* the journal was folded to its end */
    struct sealer *sealer;
    struct rows_map *rows;
    struct view view;
    struct checked_log **logs; /* by contract number */
    size_t n_logs;
    uint64_t seq, watermark; /* the journal row that is looked at */
    struct sharing sharing;
    int64_t newest_ms;                                   /* time of the newest entry */
    struct clock_mark clock;                             /* as stored; steps 0 when it does not read */
    uint32_t clock_steps;                                /* the most that an entry tells */
    struct row_set *statements, *closed_heads, *answers; /* keys that entries call for; head: id and hash of the note */
    struct byte_map *last_answer;                        /* of each of them, to the SHA-256 of its text */
    struct row_set *published;                           /* hashes in the root log */
    struct hash root_tag;                                /* that its next entry must be, behind a head */
    struct row_set *leaves;                              /* rows of its heads: key and value */
    struct rollup *rollup;                               /* the entries below the watermark; */
    bool counted;                                        /* all of them so far */
    struct checked_seed *seeds;                          /* that logs name, the last first */
    struct row_set *states;                              /* keys of its rows */
    struct row_set *rolled;                              /* keys of its rows */
    struct row_set *ids;                                 /* of parties, campaigns and contracts, and whose they are */
    struct buf scratch;
};

/* ---- check_rows.c: reading rows, naming them ---- */

struct finding *check_finding(struct check *c, enum table t);
/* "row KEY of TABLE" and the text. */
void check_row_fails(struct check *c, enum table t, struct span key, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
void check_row_doubt(struct check *c, enum table t, struct span key, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* What is said of a row after DAMAGE_OTHER_ROW. */
void check_row_is_other(struct check *c, enum table t, struct span key);
/* ERR_OK, ERR_NOT_FOUND, or an error, which is noted: a row that is not as it was written fails, others are doubts. */
MUST_CHECK enum err check_get(struct check *c, enum table t, struct span key, struct span *value);
/* As check_get, and the row must be there. */
bool check_need(struct check *c, enum table t, struct span key, struct span *value);
/* Shows every row of the table that is as it was written; others are noted. An error of reading ends it: a doubt. */
typedef void check_row(struct check *c, enum table t, struct span key, struct span value);
void check_each(struct check *c, enum table t, check_row *each);
/* The keys of rows that must all be there: those that are not, and rows beside them. */
void check_set(struct check *c, enum table t);
/* Stored rows of a fold against those that the entries give. */
void prove_fold_rows(struct check *c, enum table t);

/* ---- one prover a table; walked by check.c ---- */

void prove_journal(struct check *c);              /* check_journal.c: the replay */
void prove_sealed(struct check *c, enum table t); /* check_sealed.c: the private parts, their keys */
void prove_tiles(struct check *c);                /* check_tree.c */
void prove_seqs(struct check *c);
void prove_heads(struct check *c);
void prove_models(struct check *c);                         /* check_models.c */
void check_model(struct check *c, struct checked_log *log); /* the fold stands at the stored head */
void check_model_entry(struct check *c, struct checked_log *log, uint64_t index, const struct entry *e); /* in front */
void prove_states(struct check *c);
void prove_seeds(struct check *c);                                                /* check_seeds.c */
void check_seed(struct check *c, struct checked_log *log, const struct entry *e); /* a seed that a log names */
void check_seeds_free(struct check *c);
void prove_leaves(struct check *c);
void prove_statements(struct check *c); /* check_statement.c */
void prove_responses(struct check *c);
void prove_rollups(struct check *c);               /* check_rollups.c */
void prove_clock(struct check *c);                 /* check_clock.c */
void prove_replays(struct check *c, enum table t); /* check_replays.c */
void prove_meta(struct check *c);                  /* check_control.c */
void prove_control(struct check *c, enum table t); /* parties to grants */
void check_ids(struct check *c);                   /* two things of one id would hide each other */
void check_terms(struct check *c);                 /* without them the control data does not load */
/* check_logs.c: control data against what the logs say of it. */
void check_catalog(struct check *c);
check_row check_unfinished; /* a row of `unfinished` */

/* check_signed.c: signed-heads against the logs. */
void check_signed(struct check *c);

/* ---- the replay ---- */

/* check_tree.c */
struct checked_log *check_log(struct check *c, uint32_t number); /* made at first sight */
void check_tree_append(struct check *c, struct checked_log *log, const struct envelope *env);
void check_logs_free(struct check *c);

/* check_fold.c: one entry of the journal, before it is appended to its tree. */
void check_fold_open(struct check *c);
void check_fold(struct check *c, struct checked_log *log, const struct envelope *env);

void check_entry_fails(struct check *c, enum store_check check, const char *what); /* the journal's row */

/* check_sealed.c: the sealed part of an entry that commits to one; kept: of a lead, else NULL. */
void check_sealed(struct check *c, const struct envelope *env, const struct entry *e, const struct kept_part *kept);
/* ...and an `erase` entry, by what it names. */
void check_erase(struct check *c, uint32_t contract, uint64_t index, const struct entry_erase *e);

/* check_clock.c: before the replay, the mark; and whether something that came at clock_ms may have been sealed on
 * another day: right before a step. */
void check_clock_open(struct check *c);
bool check_clock_day(struct check *c, uint32_t day);
/* Whether a `clock` entry, behind those that `f` folded, tells what rows of the clock say. */
bool check_clock_entry(struct check *c, const struct fold *f, const struct entry_clock *e);

/* check_shares.c: whether the parts of each lead are all there, and as its touches say. Of each row of the journal; e
 * NULL: one that is no entry of a contract. */
void check_share(struct check *c, const struct checked_log *log, const struct contract *k, const struct entry *e);
/* The journal has ended. */
void check_shares_end(struct check *c);

/* check_rollups.c: counts an entry, which its log's fold has taken. */
void check_rollups_open(struct check *c);
void check_rollup(struct check *c, const struct checked_log *log, const struct envelope *env, const struct entry *e);

/* For fold.end_of, of a log: where its rows say. */
MUST_CHECK enum err check_end_of(void *ctx, uint64_t number, uint64_t *to);
/* check_statement.c: a statement entry, the fold standing right before it; an answer. */
void check_statement(struct check *c, struct checked_log *log, const struct contract *k, uint64_t index,
                     const struct entry *e);
void check_response(struct check *c, const struct entry_response *r);

#endif
