/* Where a click goes: a URL with some query parameters set. */
#ifndef CS_DECISIONS_DESTINATION_H
#define CS_DECISIONS_DESTINATION_H

#include "common/base/buf.h"

enum { DESTINATION_PARAMS = 64 };

struct link_param {
    struct span name, value; /* as meant, not encoded */
};

/* Appends the URL with each of the n parameters set in its query, as URLSearchParams.set would (URL Standard, 6.2): the
 * first of that name, in whatever spelling, takes the value, others of it go, one that is not there comes last. Nothing
 * else is touched, and no name is set twice. A parameter with an empty name is left out. n is at most
 * DESTINATION_PARAMS. */
void destination_write(struct buf *out, struct span url, const struct link_param *params, size_t n);
/* Appends a landing URL with its macros {name} replaced by the value of the parameter of that name, percent-encoded; by
 * nothing where there is none. */
void destination_expand(struct buf *out, struct span url, const struct link_param *params, size_t n);

#endif
