/* Shared by store.c (tables of their own) and spread.c (tables whose keys come in no order). */
#ifndef CS_SERVER_STORE_STORE_PRIVATE_H
#define CS_SERVER_STORE_STORE_PRIVATE_H

#include <limits.h>
#include <lmdb.h>

#include "server/store/store.h"

enum { KEY_SHOWN = 56, SUM_LEN = 8, SPREAD_DBIS = 10 };

struct store {
    MDB_env *env;
    MDB_dbi dbi[TABLE_COUNT]; /* but of spread tables */
    MDB_dbi spread_dbi[SPREAD_DBIS];
    uint64_t seed[TABLE_COUNT], gone_seed[TABLE_COUNT]; /* of the checksums of a table's rows, and of marks */
    struct spread *spread;                              /* of the write transaction */
    struct zeros *zeros;                                /* NULL: nothing is written ahead */
    int lock[STORE_LOCKS];
    char dir[PATH_MAX];
};

enum { HELD_ROWS = 64, HELD_KEY = 16, HELD_VALUE = 32 };
struct held_row {
    size_t key_len, value_len;
    char key[HELD_KEY], value[HELD_VALUE];
};

struct txn {
    struct store *store;
    MDB_txn *mdb;
    bool write;
    uint64_t writes;
    unsigned read_work;         /* since it gave way; 0: nothing was read */
    struct buf notes;           /* for txn_noted: a byte of the table, one of the key's length, the key */
    struct spread_view *spread; /* NULL: no spread table was looked at */
    size_t n_held;
    /* for txn_cause */
    const char *failed_call; /* NULL: none failed */
    int failed_rc;
    enum damage damage; /* what the last read met */
    enum table read_table;
    size_t read_key_len;
    char read_key[KEY_SHOWN + 1];
    struct held_row held[HELD_ROWS]; /* written, but not put yet */
};

static inline MDB_val val(struct span s)
{
    return (MDB_val){s.len, (void *)(uintptr_t)s.ptr};
}
static inline struct span span_val(const MDB_val *v)
{
    return span_of(v->mv_data, v->mv_size);
}

/* What a call within a transaction answers, which remembers it. ERR_IO is logged here, where the cause is known. */
MUST_CHECK enum err txn_result(struct txn *t, int rc, const char *call);
/* What stands under a key: ERR_NOT_FOUND for the mark that a spread table's row is gone, ERR_CORRUPT for what was not
 * written there. */
MUST_CHECK enum err txn_was_read(struct txn *t, enum table table, struct span key, struct span stored,
                                 struct span *value);
/* Of a stored value, or of the mark of one that is gone. */
uint64_t store_sum(const struct store *s, enum table table, struct span key, struct span value, bool gone);

/* Puts what is held. ERR_FULL, ERR_IO. */
MUST_CHECK enum err held_write(struct txn *t);

/* ---- held.c: of write transactions ---- */

#define TABLE_HELD ((enum table)(TABLE_ROWS + ROW_CAPS))
bool table_is_held(enum table t);
MUST_CHECK bool held_get(struct txn *t, struct span key, struct span *value); /* true: it is this one */
/* The first that is not before `from`; false: none is. */
MUST_CHECK bool held_seek(struct txn *t, struct span from, struct span *key, struct span *value);
/* false: there is no room for it, and no older one */
MUST_CHECK bool held_put(struct txn *t, struct span key, struct span value);

/* ---- zeros.c ---- */

void zeros_committed(struct zeros *z); /* after each commit; NULL-safe, as the next */
void zeros_close(struct zeros *z);

/* ---- spread.c ---- */

bool table_is_spread(enum table t);
int spread_open(struct store *s, MDB_txn *t, unsigned flags); /* an LMDB code */
void spread_close(struct store *s);
/* What a transaction wrote and holds in memory alone. ERR_FULL, ERR_IO: it is to be aborted. */
MUST_CHECK enum err spread_before_commit(struct txn *t);
/* Before a transaction ends, while it keeps other writers out: what it knows goes, if it ends in vain. After that, if
 * it did not: others may have begun. */
void spread_ends(struct txn *t, bool in_vain);
void spread_ended(struct txn *t, bool committed);

MUST_CHECK enum err spread_get(struct txn *t, enum table table, struct span key, struct span *value);
MUST_CHECK enum err spread_seek(struct txn *t, enum table table, struct span from, struct span *key,
                                struct span *value);
MUST_CHECK enum err spread_put(struct txn *t, enum table table, struct span key, size_t len, store_fill *fill,
                               const void *what);
MUST_CHECK enum err spread_del(struct txn *t, enum table table, struct span key);
/* Value and checksum as they are to stand there: of a test that damages rows. */
MUST_CHECK enum err spread_put_stored(struct txn *t, enum table table, struct span key, struct span stored);

/* Over all rows of a table, in order. Values live until the next write. */
struct spread_cursor;
MUST_CHECK enum err spread_cursor_open(struct txn *t, enum table table, struct spread_cursor **out);
void spread_cursor_close(struct spread_cursor *c);
MUST_CHECK enum err spread_cursor_seek(struct spread_cursor *c, struct span from, struct span *key, struct span *value);
MUST_CHECK enum err spread_cursor_next(struct spread_cursor *c, struct span *key, struct span *value);

#endif
