/* Inside of spread tables: spread.c (rows in and out), spread_block.c (several rows in one of LMDB's), spread_recent.c
 * (what was written last), spread_filter.c (what runs have not), spread_runs.c (walking and making runs). All of it
 * belongs to the thread of its transaction; struct spread to the write transactions. */
#ifndef CS_SERVER_STORE_SPREAD_PRIVATE_H
#define CS_SERVER_STORE_SPREAD_PRIVATE_H

#include "common/base/buf.h"
#include "common/base/bytes.h"
#include "server/store/store_private.h"

/* Runs of a level that become one of the next. There are at most twice as many: past that the level below waits. */
enum { SPREAD_LEVELS = 4, SPREAD_FAN = 16, SPREAD_RUNS = 2 * SPREAD_FAN };
enum { RUN_LEN = 8 }; /* of the number that a stored key begins with */
/* `levels`; `recent`; then two a level, which its runs take in turns by SPREAD_FAN, and one for the last level */
enum { DBI_LEVELS, DBI_RECENT, DBI_RUNS };
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
void recent_free(struct recent *r); /* NULL-safe */
/* `hash` is the place's place_hash. Copies the place, and answers the room for what it stores, which is to be filled.
 * *encoded: both, as a row of a block. */
char *recent_put(struct recent *r, uint64_t hash, struct span place, size_t stored_len, struct span *encoded);
/* The first row of those with this head, and of a few others, that is not before a place. */
MUST_CHECK bool recent_seek(struct recent *r, uint64_t hash, struct span from, struct row *out);
size_t recent_count(const struct recent *r);
struct row *recent_sorted(const struct recent *r); /* all of them; to be freed; the spans live until the next put */

/* ---- spread.c: what a transaction knows of them ---- */

struct level {
    uint64_t first, end;        /* its runs are [first, end); past the end one may be in the making */
    uint64_t rows[SPREAD_RUNS]; /* of each, at most */
};

struct spread_view {
    uint64_t changes; /* `changes` of the store that it knows */
    struct recent *recent;
    struct buf block;                      /* rows of the transaction that are not in `recent` on disk yet */
    uint64_t written, next;                /* rows of `recent`, number of its next block */
    bool moved;                            /* in this transaction rows became a run, or runs one */
    struct level level[SPREAD_LEVELS + 1]; /* from 1 on */
};
MUST_CHECK enum err spread_view(struct txn *t, struct spread_view **out);
MUST_CHECK enum err level_save(struct txn *t, int number, const struct level *l);
int run_table(int level, uint64_t run); /* in which of LMDB's it stands */
MDB_dbi run_dbi(const struct txn *t, int level, uint64_t run);
/* XXH64(value, seed = XXH64(key, seed = XXH64(name of the table))) */
uint64_t spread_sum(int table, struct span key, struct span value);
/* As LMDB says it of a page: a read cannot go on, a write must not. */
MUST_CHECK enum err spread_broken(struct txn *t, const char *call);

/* Of the write transactions. */
struct filter {
    uint64_t first, done; /* its first run; it has all rows of those before `done` */
    size_t lines;
    uint64_t (*line)[8]; /* NULL: none */
    struct place_mem at; /* how far it got in run `done` */
    size_t at_len;
};
struct merging {
    bool known; /* how far it got; else the last row that it wrote tells */
    struct place_mem at;
    size_t at_len;
};
struct spread {
    _Atomic(struct spread_view *) view; /* as committed; NULL: not known */
    uint64_t changes;                   /* counted by write transactions that change something, inside them */
    size_t recent_rows;                 /* that become a run */
    size_t filter_bytes;
    struct filter filter[SPREAD_LEVELS + 1][SPREAD_RUNS]; /* by run, of several the first */
    struct merging merging[SPREAD_LEVELS];
};

/* ---- spread_filter.c ---- */

/* How many runs of a level have one filter together: the smaller they are, the more. */
uint64_t filter_runs(int level);
/* That of a run, and those that it shares it with; NULL: none. */
struct filter *filter_of(struct spread *s, int level, uint64_t run);
/* The same, empty, for runs of about so many rows each; NULL when memory for filters is used up. */
struct filter *filter_new(struct spread *s, int level, uint64_t run, uint64_t rows);
void filter_add(struct filter *f, uint64_t hash);
/* The words in which a head's bits stand, fetched ahead. */
const uint64_t *filter_line(const struct filter *f, uint64_t hash);
/* false: no row that it has been given has this head. */
bool filter_may_have(const uint64_t *line, uint64_t hash);
void filters_drop(struct spread *s, const struct spread_view *v); /* but those of v's runs; all if NULL */

/* ---- spread_runs.c ---- */

/* Of each place the newest row, from a place on. To be freed also after an error. */
struct walk;
MUST_CHECK enum err walk_all(struct txn *t, struct span from, struct walk **out);
void walk_free(struct walk *w);                  /* NULL-safe */
const struct row *walk_at(const struct walk *w); /* NULL at the end */

#endif
