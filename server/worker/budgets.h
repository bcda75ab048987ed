/* What one caller may ask of a worker: so many requests a second in the long run, and a while's worth of them at once.
 * A table of a fixed size, of one thread; who is not in it has all of his budget. */
#ifndef CS_SERVER_WORKER_BUDGETS_H
#define CS_SERVER_WORKER_BUDGETS_H

#include "common/base/problem.h"

struct budgets;
struct request;

struct budgets *budgets_new(uint32_t per_s);
void budgets_free(struct budgets *b); /* NULL-safe */
/* Takes n of the key's budget as long as anything of it is left: what is more is waited for by those that follow. Else
 * ERR_RATE, with when to ask again in the request. */
MUST_CHECK enum err budgets_take(struct budgets *b, struct request *rq, uint64_t key, uint32_t n);

#endif
