/* The keys that wrap the day keys, one a UTC month, in files alone: DATA/keys/YYYY-MM, mode 0600. No store and no copy
 * of one has them, so what is destroyed here opens nothing any more, wherever its ciphertext stands. A month is a
 * number: 12 a year, January 0. */
#ifndef CS_SERVER_KEYS_MONTH_KEYS_H
#define CS_SERVER_KEYS_MONTH_KEYS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"
#include "common/base/span.h"

enum { MONTH_KEY_LEN = 32 };
uint32_t month_of_day(uint32_t day); /* days since 1970-01-01 */
uint32_t month_first_day(uint32_t month);

/* Any thread. ERR_NOT_FOUND: there is none, or it is destroyed; ERR_CORRUPT, ERR_IO. */
MUST_CHECK enum err month_key_read(const char *data_dir, uint32_t month, uint8_t out[MONTH_KEY_LEN]);
/* Whether its file is there and no key: cut, or overwritten. */
bool month_key_damaged(const char *data_dir, uint32_t month);
/* Draws one that is not there, and has it on the disk before it returns. ERR_IO. One thread. */
MUST_CHECK enum err month_key_make(const char *data_dir, uint32_t month);
/* The month from which on none was destroyed on purpose; 0: none ever was. ERR_CORRUPT, ERR_IO. */
MUST_CHECK enum err months_kept_from(const char *data_dir, uint32_t *month);
/* First notes that all before `month` are to go, then overwrites and removes them; called again it goes on where it was
 * cut off. ERR_IO. One thread. */
MUST_CHECK enum err months_destroy(const char *data_dir, uint32_t month);
/* Copies all that are there, and which were destroyed, to a folder that has none. One that is destroyed meanwhile may
 * be left out. ERR_FULL, ERR_IO. */
MUST_CHECK enum err months_copy(const char *data_dir, const char *to);

#endif
