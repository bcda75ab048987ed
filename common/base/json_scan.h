/* Pieces of canonical JSON taken from the front of a text, without a parser: for readers of what there are millions of,
 * who leave whatever is otherwise to json_read.h. Each takes what stands there and is true, or takes nothing. */
#ifndef CS_BASE_JSON_SCAN_H
#define CS_BASE_JSON_SCAN_H

#include <stdint.h>

#include "common/base/span.h"

bool scan_is(struct span *s, const char *text); /* exactly this */
bool scan_nat(struct span *s, uint64_t max, uint64_t *out);
/* What stands between quotation marks, with nothing in it that JSON writes in another way; that it is UTF-8 is for the
 * caller to ask. */
bool scan_text(struct span *s, size_t max, struct span *out);
bool scan_b64url(struct span *s, void *out, size_t len); /* a text of so many bytes */

#endif
