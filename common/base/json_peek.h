/* Members of canonical JSON, without reading the rest: for bytes that were read and judged before. */
#ifndef CS_BASE_JSON_PEEK_H
#define CS_BASE_JSON_PEEK_H

#include "common/base/err.h"
#include "common/base/span.h"

/* The value of the object's own member of that name, as it is written. False: there is none, or the bytes are no object
 * as we write them; then *value is empty. Never looks beyond the bytes. */
bool json_peek(struct span object, const char *name, struct span *value);
/* Several at once, whose names ascend as canonical JSON has them: *value of those that are not there is empty. */
void json_peek_all(struct span object, const char *const *names, size_t n, struct span *values);

/* All of them, in their order. */
struct json_members {
    struct span rest, last; /* what is to be looked at; the name before, of none: NULL */
};
struct json_members json_members(struct span object);
/* ERR_NOT_FOUND: that was the last. ERR_CORRUPT: the bytes are no object as we write them, with names in order that
 * need no escapes. */
MUST_CHECK enum err json_members_next(struct json_members *m, struct span *name, struct span *value);

#endif
