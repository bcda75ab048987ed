#include "server/system/budgets.h"

#include <stdlib.h>

#include "common/base/bytes.h"
#include "common/base/mem.h"
#include "server/system/allowance.h"
#include "server/system/system.h"

/* A key's place is one of WAYS of its set, which a stranger cannot choose. A new one takes the place of who has most
 * left, and has lost the least by that. */
enum { SETS = 1024, WAYS = 4 };

struct budget {
    uint64_t key;
    struct allowance allowance;
};

struct budgets {
    uint32_t per_s, at_once;
    uint64_t seed;
    struct budget of[SETS][WAYS];
};

struct budgets *budgets_new(uint32_t per_s, uint32_t saved_s)
{
    struct budgets *b = xcalloc(1, sizeof *b);
    budgets_change(b, per_s, saved_s);
    random_bytes(&b->seed, sizeof b->seed);
    return b;
}

void budgets_change(struct budgets *b, uint32_t per_s, uint32_t saved_s)
{
    b->per_s = per_s;
    b->at_once = saved_s * per_s;
}

void budgets_free(struct budgets *b)
{
    free(b);
}

static struct budget *find(struct budgets *b, uint64_t key)
{
    struct budget *set = b->of[scatter(key, b->seed) % SETS], *out = set;
    for (size_t i = 0; i < WAYS; i++) {
        if (set[i].key == key && set[i].allowance.at_us != 0)
            return &set[i];
        if (set[i].allowance.at_us == 0 || (out->allowance.at_us != 0 && set[i].allowance.left > out->allowance.left))
            out = &set[i];
    }
    *out = (struct budget){.key = key};
    return out;
}

void budgets_give(struct budgets *b, uint64_t key, uint32_t n)
{
    struct allowance *a = &find(b, key)->allowance;
    if (a->at_us != 0) /* else it has all of it */
        a->left = a->left + n < b->at_once ? a->left + n : b->at_once;
}

bool budgets_take(struct budgets *b, uint64_t key, uint32_t n, unsigned *wait_s)
{
    struct allowance *a = &find(b, key)->allowance;
    if (allowance_spend(a, n, b->at_once, b->per_s, clock_monotonic_us()))
        return true;
    *wait_s = (unsigned)(-a->left / b->per_s) + 1;
    return false;
}
