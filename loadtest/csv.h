/* A file of comma-separated values (RFC 4180), whole in memory: a header, then rows of as many cells. */
#ifndef CS_LOADTEST_CSV_H
#define CS_LOADTEST_CSV_H

#include "common/base/span.h"

struct csv {
    char *text;         /* cells lie in it, without their quotes */
    struct span *cells; /* columns * (1 + rows), the header first */
    size_t columns, rows;
};

/* Dies with one line when the file cannot be read, has no header, or a row of other length. */
void csv_open(struct csv *c, const char *path);
void csv_close(struct csv *c);
/* The number of a column; dies when there is none such. */
size_t csv_column(const struct csv *c, const char *name);
static inline struct span csv_cell(const struct csv *c, size_t row, size_t column)
{
    assert(row < c->rows && column < c->columns);
    return c->cells[(row + 1) * c->columns + column];
}

#endif
