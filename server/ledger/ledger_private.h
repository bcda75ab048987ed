/* The committer's ledger in memory, shared by ledger.c (appending, sweeping) and ledger_open.c (recovery). */
#ifndef CS_SERVER_LEDGER_LEDGER_PRIVATE_H
#define CS_SERVER_LEDGER_LEDGER_PRIVATE_H

#include "server/ledger/ledger_rows.h"

struct log {
    struct stored_head now;
    struct hash *edge;            /* of its tree, with merkle_room(): most are short, and each contract has one */
    uint64_t saved;               /* size of the head written last, maybe not yet committed */
    uint64_t swept;               /* size of the head of the last committed sweep */
    bool dirty;                   /* the stored head is older than `now` */
    uint8_t *hashes[TILE_LEVELS]; /* of the tile that each level is filling; NULL: all is in the store */
    uint8_t *seqs;                /* likewise */
    bool ready;                   /* every tail that is not empty is in memory, and was checked */
    struct score_model *model;    /* what its leads are scored by, likewise; NULL: nothing was learnt */
    bool taught;                  /* it is another one than was saved last */
    struct replaying *replaying;  /* NULL: it has no entry that is replayed */
};

struct replaying {
    struct versions versions; /* the terms that may bind */
    const char *leaves,
        *last; /* of the tile under way, if it was filled and so is in the store: all but the last; that */
};

struct ledger {
    struct log **logs; /* by contract number; NULL: empty log */
    size_t n_logs;
    uint64_t next_seq, changes;
    size_t n_dirty; /* logs, since the last sweep */
    bool dirty, replaying;
};

/* The log of a contract, made empty when there is none. */
struct log *ledger_log(struct ledger *l, uint32_t contract);
/* Adds the leaf of journal row `seq` to tree, tiles and seqs, after ledger_ready. */
MUST_CHECK enum err ledger_extend(struct ledger *l, struct txn *t, struct log *log, uint32_t contract, uint64_t seq,
                                  const struct hash *leaf);
/* What an entry that comes next changes beside the tree: false when the log is cut in front of it, and *full is what
 * the tally came to. Not for the root log, which has no tally. */
bool ledger_fold(struct log *log, const struct terms *terms, const struct tallied *x, struct tally *full);
/* ledger_tally.c. What counts of a stored entry, of traffic without parsing it. */
MUST_CHECK enum err ledger_tallied(const struct envelope *env, struct tallied *out);
/* ledger_model.c. As it was saved, into memory; and saved, if it is another one since. */
MUST_CHECK enum err ledger_model_load(struct txn *t, struct log *log, uint32_t contract);
MUST_CHECK enum err ledger_model_save(struct txn *t, struct log *log, uint32_t contract);
/* Right before a statement's entry is saved. */
void ledger_model_closed(struct log *log);
/* What a `clock` entry tells. */
void ledger_take_clock(struct log *log, const struct entry *e);

#endif
