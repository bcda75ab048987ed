/* XXH64 (Yann Collet; the xxHash specification): a checksum against accidents, not against people. 64 bits of any
 * bytes, the same on every machine; some 10 GB/s. */
#ifndef CS_BASE_XXH64_H
#define CS_BASE_XXH64_H

#include <stdint.h>

#include "common/base/span.h"

uint64_t xxh64(uint64_t seed, struct span bytes);

#endif
