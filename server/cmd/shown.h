/* What a server says in JSON, as a terminal may show it. */
#ifndef CS_SERVER_CMD_SHOWN_H
#define CS_SERVER_CMD_SHOWN_H

#include <jansson.h>

#include "common/base/buf.h"

const char *shown_text(const json_t *row, const char *name); /* raw; "" where there is none */
/* At least so wide, at most `most` bytes of it; safe for a terminal. */
void shown_add(struct buf *line, const char *text, size_t width, size_t most);
void shown_time(struct buf *line, const char *rfc3339); /* "2026-11-28 13:03:22", as wide as that */
/* Micros of the row's currency, so wide and to the right: "12.00 EUR". */
void shown_money(struct buf *line, const json_t *row, const char *name, size_t width, bool with_sign);
void shown_line(struct buf *line); /* writes and clears it */

#endif
