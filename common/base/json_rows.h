/* The elements of a JSON array one after the other, as they stand in the text: an array of many is never in memory as a
 * whole. Each element is to be read by json_read.h, which judges it. */
#ifndef CS_BASE_JSON_ROWS_H
#define CS_BASE_JSON_ROWS_H

#include "common/base/err.h"
#include "common/base/span.h"

struct json_rows {
    struct span rest;
    bool any;
};

/* Without the byte order mark that some editors write first. */
struct span json_text(struct span text);
/* False when the text does not begin with an array. */
bool json_rows_open(struct json_rows *r, struct span text);
/* ERR_NOT_FOUND: that was all. ERR_MALFORMED: something stands where a comma, the array's end or the text's does. */
MUST_CHECK enum err json_rows_next(struct json_rows *r, struct span *element);

#endif
