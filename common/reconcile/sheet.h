/* The rows that a party keeps, as its own program writes them: CSV with any of four marks between cells, or a JSON
 * array of objects; UTF-8, or UTF-16 as spreadsheets export it. One record after the other, by column. */
#ifndef CS_RECONCILE_SHEET_H
#define CS_RECONCILE_SHEET_H

#include <stdint.h>

#include "common/base/csv.h"
#include "common/base/json_read.h"
#include "common/base/json_rows.h"

enum { SHEET_COLUMNS = 256, SHEET_RECORD = 65536 };

struct sheet {
    struct span text, body; /* body: behind the header */
    struct buf converted;   /* holds the text where it came as UTF-16 */
    bool json, none;        /* none: an array of nothing, which names no columns */
    char mark;
    struct csv csv;
    struct json_rows rows;
    struct buf names, mem;
    struct span name[SHEET_COLUMNS]; /* as the header has them, stripped; of JSON each member that some row has */
    size_t n_columns, header_lines;
    struct span cell[SHEET_COLUMNS];
    size_t n_cells;
    json_t *object;
    uint64_t number; /* of the record taken last: of CSV its first line, of JSON its place in the array, from 1 on */
    size_t offset;   /* where it begins in the text */
};

/* The text outlives the sheet. ERR_MALFORMED with the place and the cure; then there is nothing to close. */
MUST_CHECK enum err sheet_open(struct sheet *s, struct span bytes, struct problem *p);
void sheet_close(struct sheet *s);
/* ERR_NOT_FOUND: that was the last one. */
MUST_CHECK enum err sheet_next(struct sheet *s, struct problem *p);
/* A cell of the record taken last, stripped, of CSV without guards against formulas (csv_unguarded); empty where it has
 * none. Lives until the next call. */
MUST_CHECK enum err sheet_cell(struct sheet *s, size_t column, struct span *out, struct problem *p);
void sheet_rewind(struct sheet *s);
/* Takes the record at an offset again. */
MUST_CHECK enum err sheet_at(struct sheet *s, size_t offset, uint64_t number, struct problem *p);
/* What a problem names: "line 3" or "row 3"; with a column "line 3, Amount". */
enum err sheet_problem(const struct sheet *s, struct problem *p, struct span column, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));

#endif
