/* Reader of CSV (RFC 4180), strict: commas (or another mark, where the caller sets it), quotes around whole fields
 * alone and doubled within, lines that end in CRLF or LF. A byte order mark at the start and lines without any byte are
 * passed over. */
#ifndef CS_BASE_CSV_H
#define CS_BASE_CSV_H

#include "common/base/buf.h"
#include "common/base/err.h"

struct csv {
    struct span rest;
    char mark;    /* between fields: ',' unless the caller sets another once it is open */
    size_t line;  /* of the record that csv_next took last, from 1 on */
    size_t lines; /* taken so far */
};

void csv_open(struct csv *c, struct span text);
/* The next record, as it stands in the text: at most `max` fields, still quoted. ERR_NOT_FOUND: there is no more.
 * ERR_MALFORMED with what is wrong. ERR_TOO_LARGE: more fields. */
MUST_CHECK enum err csv_next(struct csv *c, struct span *field, size_t max, size_t *n, const char **what);
/* What a field of csv_next says; into *mem, which has room for its length, where it is not the text itself. */
struct span csv_field(struct span raw, struct buf *mem);
#define CSV_BOM "\xef\xbb\xbf" /* in front of what is written: spreadsheets take it for UTF-8 */
/* Writing: one cell, and the mark behind it. An apostrophe leads what a spreadsheet would run as a formula (also with
 * apostrophes before it): at the start, and where one that divides cells by another mark would see the start of a cell.
 * What draws nothing but turns or hides what stands around it is U+FFFD (utf8_seen). */
void csv_cell(struct buf *out, struct span s, char mark);
/* What a field says without these apostrophes: what csv_cell was given, whose U+FFFD stay. Into *mem, which has room
 * for its length. */
struct span csv_unguarded(struct span s, struct buf *mem);

#endif
