/* Inside of spread tables: spread.c (rows in and out), spread_filter.c (what runs have not), spread_runs.c (walking and
 * making runs). All of it belongs to the thread of its transaction; struct spread to the write transactions. */
#ifndef CS_SERVER_STORE_SPREAD_PRIVATE_H
#define CS_SERVER_STORE_SPREAD_PRIVATE_H

#include "common/settlement/byte_map.h"
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
static inline struct span place_key(struct span place)
{
    return span_of(place.ptr + 1, place.len - 1);
}

/* ---- spread_recent.c ---- */

struct row {
    struct span place, stored; /* stored: value and checksum */
};
struct recent;
struct recent *recent_new(void);
void recent_free(struct recent *r); /* NULL-safe */
/* `hash` is the place's place_hash. Copies both. */
void recent_put(struct recent *r, uint64_t hash, struct span place, struct span stored);
/* The first row of those with this head, and of some others, that is not before a place. */
MUST_CHECK bool recent_seek(const struct recent *r, uint64_t hash, struct span from, struct span *place,
                            struct span *stored);
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
    uint64_t written, next;                /* rows of `recent`, number of the next */
    struct level level[SPREAD_LEVELS + 1]; /* from 1 on */
};
MUST_CHECK enum err spread_view(struct txn *t, struct spread_view **out);
MUST_CHECK enum err level_save(struct txn *t, int number, const struct level *l);
MDB_dbi run_dbi(const struct txn *t, int level, uint64_t run);

/* Of the write transactions. */
struct filter {
    uint64_t run;
    size_t lines;
    uint64_t (*line)[8]; /* NULL: none */
    bool whole;          /* has all rows of the run */
    struct place_mem at; /* while it is made of a run that is there: how far it got */
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
    struct filter filter[SPREAD_LEVELS + 1][SPREAD_RUNS];
    struct merging merging[SPREAD_LEVELS];
};

/* ---- spread_filter.c ---- */

/* The words in which a head's bits stand, fetched ahead; NULL: there is no filter. */
const uint64_t *filter_line(struct spread *s, int level, uint64_t run, uint64_t hash);
/* false: no row of the run has this head. */
bool filter_may_have(const uint64_t *line, uint64_t hash);
/* For a run of at most so many rows; NULL when memory for filters is used up. */
struct filter *filter_new(struct spread *s, int level, uint64_t run, uint64_t rows);
struct filter *filter_of(struct spread *s, int level, uint64_t run); /* NULL: none */
void filter_add(struct filter *f, uint64_t hash);
void filters_drop(struct spread *s,
                  const struct spread_view *v); /* but those of v's runs and of what is made; all if NULL */

/* ---- spread_runs.c ---- */

/* Of each place the newest row, from a place on. To be freed also after an error. */
struct walk;
MUST_CHECK enum err walk_all(struct txn *t, struct span from, struct walk **out);
void walk_free(struct walk *w);                  /* NULL-safe */
const struct row *walk_at(const struct walk *w); /* NULL at the end */

#endif
