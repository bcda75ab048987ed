/* Codes that were verified before: a campaign's clicks carry few codes, and each check costs two SHA-256 blocks and
 * more. Exact text only; nothing expires, as a signature that held once holds for ever. One thread's own. */
#ifndef CS_SERVER_WORKER_CODE_CACHE_H
#define CS_SERVER_WORKER_CODE_CACHE_H

#include "common/tokens/tokens.h"

struct code_cache;
struct code_cache *code_cache_new(void);
void code_cache_free(struct code_cache *c); /* NULL-safe */
/* As code_read. */
MUST_CHECK enum err code_cache_read(struct code_cache *c, struct tokens *t, struct span text,
                                    struct tracking_code *out);

#endif
