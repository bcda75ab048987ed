/* Cells of rollups in memory: loaded when they are first met, told when they changed. Owned by one thread. */
#ifndef CS_REPORTS_CELL_SET_H
#define CS_REPORTS_CELL_SET_H

#include "common/reports/cells.h"

/* Where cells were stored before. */
struct rollup_source {
    /* A row as it is stored; ERR_NOT_FOUND. Its value lives until the next call. */
    enum err (*row)(void *ctx, struct span key, struct span *value);
    /* The first key that is not before this one, until the next call; ERR_NOT_FOUND. Never asked where no row is. */
    enum err (*key_from)(void *ctx, struct span from, struct span *key);
    /* The bytes of an entry that stands in front, until the next call; ERR_NOT_FOUND. */
    enum err (*entry)(void *ctx, uint32_t contract, uint64_t index, struct span *out);
    void *ctx;
};

struct cell_set;
struct cell_set *cell_set_new(const struct rollup_source *source);
void cell_set_free(struct cell_set *s); /* NULL-safe */
size_t cell_set_bytes(const struct cell_set *s);

/* The cells of a contract and UTC day; stays where it is until cell_set_keep. */
struct cell_day;
struct cell_day *cell_set_day(struct cell_set *s, uint32_t contract, uint32_t day);
/* Adds to the count of that place in the cell of the whole day, and in that of each value, or of all others: what was
 * counted by itself once goes on so. A dimension whose value is empty has none. After an error some of the cells may
 * have been added to. */
MUST_CHECK enum err cell_set_add(struct cell_set *s, struct cell_day *day, const struct span values[DIMENSIONS],
                                 const struct count *add);

/* The row of every cell that changed since this was called last, in no order; the first error ends it. */
typedef enum err rollup_row(void *ctx, struct span key, struct span value);
MUST_CHECK enum err cell_set_changed(struct cell_set *s, rollup_row *each, void *ctx);
size_t cell_set_n_changed(const struct cell_set *s);
/* Days that were not used lately go, until it is no larger than that; none may have changed. False: all are there. */
bool cell_set_keep(struct cell_set *s, size_t most);

#endif
