/* Quotas and budgets that no test meets. */
#ifndef CS_TESTS_SUPPORT_AMPLE_H
#define CS_TESTS_SUPPORT_AMPLE_H

#include "server/api/quota.h"

static inline void limits_ample(struct options *o)
{
#define X(symbol, setting, what, cure) o->setting.number = INT32_MAX;
    QUOTA_TABLE(X)
#undef X
    o->budget_party.number = o->budget_address.number = o->budget_bytes_kib.number = 100000000;
    o->budget_explain.number = 1000000;
    o->budget_handshakes.number = 1000000;
}

#endif
