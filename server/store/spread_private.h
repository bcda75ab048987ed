/* Inside of spread tables: spread.c (rows in and out), spread_block.c (several rows in one of LMDB's), spread_recent.c
 * (what was written last), spread_filter.c (what runs have not), spread_runs.c (walking runs), spread_make.c (what is
 * made of a state of the store), spread_tidy.c (when, on which thread, and what becomes of it). All of it belongs to
 * the thread of its transaction; struct spread to the write transactions, but for a task while it is asked. */
#ifndef CS_SERVER_STORE_SPREAD_PRIVATE_H
#define CS_SERVER_STORE_SPREAD_PRIVATE_H

#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>

#include "common/base/buf.h"
#include "common/base/bytes.h"
#include "server/store/store_private.h"

/* Runs of a level that become one of the next. There are at most twice as many: past that the level below waits. */
enum { SPREAD_LEVELS = 4, SPREAD_FAN = 16, SPREAD_RUNS = 2 * SPREAD_FAN };
enum { RUN_LEN = 8 }; /* of the number that a stored key begins with */
enum { SPREAD_HALVES = 2 };
/* `levels`; two of `recent`; then two a level, which its runs take in turns by SPREAD_FAN, and one for the last level
 */
enum { DBI_LEVELS, DBI_RECENT, DBI_RUNS = DBI_RECENT + SPREAD_HALVES };
_Static_assert(DBI_RUNS + 2 * SPREAD_LEVELS - 1 == SPREAD_DBIS, "store_private.h has room for each");

struct spread_table {
    char letter;  /* on disk; 0: no spread table */
    uint8_t head; /* bytes of a key that what is looked for has in common with it */
    bool expires; /* a value begins with the time (s, be64) after which nobody looks for it */
};
const struct spread_table *spread_table(enum table t);
enum table spread_letter(char letter); /* TABLE_COUNT: nobody's */

/* A row's place among all of them: its table's letter, its key. Before it stands in runs the run's number, in `recent`
 * that of the write. */
struct place_mem {
    char bytes[RUN_LEN + 1 + STORE_KEY_MAX + 1];
};
uint64_t place_hash(struct span place); /* of its letter and its key's head */
struct span spread_place(struct place_mem *m, enum table t, struct span key);
MDB_val spread_numbered(struct place_mem *m, uint64_t number, struct span place);
/* The n-th eight bytes of a place, zeros behind its end: they are ordered as places are, but for equal ones. */
static inline uint64_t place_word(struct span place, size_t n)
{
    uint8_t padded[8] = {0};
    size_t from = n * sizeof padded;
    if (place.len >= from + sizeof padded)
        return load_be64(place.ptr + from);
    if (place.len > from)
        memcpy(padded, place.ptr + from, place.len - from);
    return load_be64(padded);
}
static inline struct span place_key(struct span place)
{
    return span_of(place.ptr + 1, place.len - 1);
}

/* ---- spread_block.c ---- */

struct row {
    struct span place, stored; /* stored: value and checksum */
};

enum { BLOCK_ROW_HEAD = 4 };
enum {
    BLOCK_NODE = 2030,     /* of a run, with key and checksum: key and value of which two are a page of LMDB's */
    BLOCK_RECENT = 1 << 18 /* of `recent`: what a transaction writes stands in pages that follow each other */
};

/* As it stands in one of their tables in LMDB: behind its rows a checksum over the table's name, its key and them. */
void block_seal(struct buf *block, int table, struct span key);
/* The rows of a block. ERR_CORRUPT: it is not as it was written (DAMAGE_BLOCK). */
MUST_CHECK enum err block_open(struct txn *t, int table, const MDB_val *key, const MDB_val *stored, struct span *rows);
size_t block_row_len(size_t place_len, size_t stored_len);
/* The head and the place of a row that takes so many bytes of a block; what it stores goes into the room answered. */
char *block_row_write(char *at, struct span place, size_t stored_len);
void block_add(struct buf *block, const struct row *row);
/* The next row of a block, taken off its front. ERR_NOT_FOUND at its end; ERR_CORRUPT when it is no block. */
MUST_CHECK enum err block_next(struct span *block, struct row *out);
/* The first row that is not before a place, and what is behind it. Errors as block_next. */
MUST_CHECK enum err block_seek(struct span *block, struct span from, struct row *out);

/* ---- spread_recent.c ---- */

struct recent;
struct recent *recent_new(void);
void recent_free(struct recent *r);  /* NULL-safe */
void recent_empty(struct recent *r); /* keeps its memory: new pages cost more than all that is done with them */
/* `hash` is the place's place_hash. Copies the place, and answers the room for what it stores, which is to be filled.
 * *encoded: both, as a row of a block. */
char *recent_put(struct recent *r, uint64_t hash, struct span place, size_t stored_len, struct span *encoded);
/* The first row of those with this head, and of a few others, that is not before a place. */
MUST_CHECK bool recent_seek(struct recent *r, uint64_t hash, struct span from, struct row *out);
size_t recent_count(const struct recent *r);
struct row *recent_sorted(const struct recent *r); /* all of them; to be freed; the spans live until the next put */
/* Rows that came in this order, in that of places; of one place the newest stays. How many are left. */
size_t rows_in_order(struct row *rows, size_t n);

/* ---- spread.c: what a transaction knows of them ---- */

struct level {
    uint64_t first, end;        /* its runs are [first, end); past the end one may be in the making */
    uint64_t rows[SPREAD_RUNS]; /* of each, at most */
};

struct spread_view {
    uint64_t changes;                      /* `changes` of the store that it knows */
    struct recent *recent, *sealed;        /* sealed: what was in front of it, and becomes a run; NULL: nothing */
    struct recent *spare;                  /* empty, for what comes after `recent`; NULL: none yet */
    int half;                              /* of DBI_RECENT, in which `recent` stands; `sealed` in the other */
    struct buf block;                      /* rows of the transaction that are not in `recent` on disk yet */
    uint64_t written, next;                /* rows of `recent`, number of its next block */
    uint64_t sealed_end;                   /* number of the block behind the last of `sealed` */
    bool moved;                            /* in this transaction something was sealed, or put into a run */
    struct level level[SPREAD_LEVELS + 1]; /* from 1 on */
};
MUST_CHECK enum err spread_view(struct txn *t, struct spread_view **out);
MUST_CHECK enum err recent_write(struct txn *t, struct spread_view *v); /* what is not on disk yet */
MUST_CHECK enum err recent_seal(struct txn *t, struct spread_view *v);  /* nothing may be sealed */
MUST_CHECK enum err level_save(struct txn *t, int number, const struct level *l);
int run_table(int level, uint64_t run); /* in which of LMDB's it stands */
MDB_dbi run_dbi(const struct txn *t, int level, uint64_t run);
/* XXH64(value, seed = XXH64(key, seed = XXH64(name of the table))) */
uint64_t spread_sum(int table, struct span key, struct span value);
/* As LMDB says it of a page: a read cannot go on, a write must not. */
MUST_CHECK enum err spread_broken(struct txn *t, const char *call);

/* ---- spread_make.c: what is made of some state of the store, by any thread ---- */

/* How far a walk came. */
struct reached {
    struct place_mem at;
    size_t len; /* 0: it stands at the beginning */
};

/* A piece of a run: of level 1 made of what is sealed, of others of SPREAD_FAN runs of the level below. These stay as
 * they are until the run is whole. */
struct piece {
    int level;
    uint64_t run, first; /* its number; of the runs that it is made of */
    int half;            /* of level 1: that of what is sealed, */
    uint64_t sealed_end; /* and the end of that */
    bool bottom;         /* nothing is older than the run */
    int64_t before_s;
    size_t limit;         /* about so many rows; level 1 comes in one piece */
    struct reached from;  /* behind which row it begins */
    struct buf blocks;    /* each: how many rows, bytes of key and block (be32); key; block. To be freed */
    struct reached until; /* the last row that was looked at */
    bool whole;           /* the run ends with it */
};
/* ERR_CORRUPT as a walk. */
MUST_CHECK enum err piece_make(struct txn *t, struct piece *p);

/* Bits of a filter are set by who gives it rows, while others ask it for rows that it has been given before. */
typedef _Atomic uint64_t filter_word;
enum { FILTER_WORDS = 8 };
struct filter {
    uint64_t first, done; /* its first run; it has all rows of those before `done` */
    size_t lines;
    filter_word (*line)[FILTER_WORDS]; /* NULL: none */
    struct reached from;               /* in run `done` */
};
/* Gives it about so many rows more of run `done` of a level; *f, whose lines it shares, says how far it came. */
MUST_CHECK enum err filter_make(struct txn *t, int level, struct filter *f, size_t limit);

/* ---- spread_tidy.c ---- */

/* Something to be made, in the background if there is a thread for it. */
struct task {
    enum { TASK_NONE, TASK_ASKED, TASK_MADE } _Atomic state; /* asked: all else belongs to the thread */
    enum err err;
    struct piece piece;
    size_t put; /* bytes of its blocks that stand in the run */
    int level;  /* of the filter, that is to get about so many rows */
    size_t limit;
    struct filter filter;
};
enum { TASK_FILTER, TASKS = SPREAD_LEVELS + 1 }; /* a filter, and by level a piece of its next run */

/* Of the write transactions. */
struct spread {
    _Atomic(struct spread_view *) view; /* as committed; NULL: not known */
    uint64_t changes;                   /* counted by write transactions that change something, inside them */
    size_t recent_rows;                 /* that become a run; and of a piece that the thread makes */
    size_t filter_bytes;
    struct filter filter[SPREAD_LEVELS + 1][SPREAD_RUNS]; /* by run, of several the first */
    struct {
        bool known; /* in the run that is in the making; else its last row tells */
        struct reached at;
    } made[SPREAD_LEVELS + 1];
    struct task task[TASKS];
    bool stale[TASKS]; /* what it was asked for is so no more */
    bool threaded;
    pthread_t thread;
    sem_t asked;
    _Atomic bool stop;
};

/* Changes were in vain: what was made for what comes behind them is too. */
void spread_tasks_void(struct spread *s);
void spread_tasks_end(struct spread *s); /* with the thread */

/* ---- spread_filter.c ---- */

/* How many runs of a level have one filter together: the smaller they are, the more. */
uint64_t filter_runs(int level);
/* That of a run, and those that it shares it with; NULL: none. */
struct filter *filter_of(struct spread *s, int level, uint64_t run);
/* The same, empty, for runs of about so many rows each; NULL when memory for filters is used up. */
struct filter *filter_new(struct spread *s, int level, uint64_t run, uint64_t rows);
void filter_add(struct filter *f, uint64_t hash);
/* The words in which a head's bits stand, fetched ahead. */
const filter_word *filter_line(const struct filter *f, uint64_t hash);
/* false: no row that it has been given has this head. */
bool filter_may_have(const filter_word *line, uint64_t hash);
void filters_drop(struct spread *s, const struct spread_view *v); /* but those of v's runs; all if NULL */

/* ---- spread_runs.c ---- */

/* Of each place the newest row, from a place on. To be freed also after an error. */
struct walk;
struct walk *walk_new(struct txn *t);
/* Sources, the newest first: a run; rows in order, which the walk takes over. */
MUST_CHECK enum err walk_add(struct walk *w, int level, uint64_t run);
void walk_add_rows(struct walk *w, struct row *row, size_t n);
MUST_CHECK enum err walk_seek(struct walk *w, struct span from); /* to the first place that is not before `from` */
MUST_CHECK enum err walk_all(struct txn *t, struct span from, struct walk **out); /* over all there is */
const struct row *walk_at(const struct walk *w);                                  /* NULL at the end */
/* Past the place where it stands, with all older rows of it. *rows counts them. */
MUST_CHECK enum err walk_next(struct walk *w, size_t *rows);
void walk_free(struct walk *w); /* NULL-safe */

#endif
