/* Ids of parties, campaigns, contracts and statements: a letter and 12 digits of Crockford's base32, "C4Q7...". */
#ifndef CS_BASE_ID_H
#define CS_BASE_ID_H

#include <stdint.h>

#include "common/base/err.h"
#include "common/base/limits.h"
#include "common/base/span.h"

enum { ID_DIGITS = 12, ID_BITS = 5 * ID_DIGITS };

/* The low ID_BITS of number behind the letter, NUL-ended. Ids of one letter sort as their numbers do. */
void id_write(char letter, uint64_t number, char out[LIMIT_ID + 1]);
/* The number of what id_write wrote; ERR_MALFORMED for anything else. */
MUST_CHECK enum err id_read(struct span id, uint64_t *number);
/* What may stand for an id in a path or file name: 1 to LIMIT_ID digits and capital letters. */
bool id_is_plain(struct span id);

#endif
