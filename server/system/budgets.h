/* What each of many may have: so much a second in the long run, and a while's worth of it at once. A table of a fixed
 * size, of one thread; who is not in it has all of his budget. */
#ifndef CS_SERVER_SYSTEM_BUDGETS_H
#define CS_SERVER_SYSTEM_BUDGETS_H

#include <stdbool.h>
#include <stdint.h>

struct budgets;

struct budgets *budgets_new(uint32_t per_s, uint32_t saved_s);
/* From now on; who has saved more loses that. */
void budgets_change(struct budgets *b, uint32_t per_s, uint32_t saved_s);
void budgets_free(struct budgets *b); /* NULL-safe */
/* Takes n of the key's budget as long as anything of it is left: what is more is waited for by those that follow. Else
 * false, with when to ask again. */
bool budgets_take(struct budgets *b, uint64_t key, uint32_t n, unsigned *wait_s);
/* Gives back what was taken for what came to nothing. */
void budgets_give(struct budgets *b, uint64_t key, uint32_t n);

#endif
