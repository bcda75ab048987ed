#include "server/system/allowance.h"

bool allowance_take(struct allowance *a, uint32_t at_once, uint32_t per_s, int64_t now_us)
{
    int64_t waited_us = now_us - a->at_us;
    if (waited_us >= (int64_t)at_once * 1000000 / per_s) {
        a->left = at_once;
        a->at_us = now_us;
    }
    int64_t gained = waited_us * per_s / 1000000;
    if (a->left < at_once && gained > 0) {
        a->left = gained < at_once - a->left ? a->left + (uint32_t)gained : at_once;
        a->at_us = now_us;
    }
    if (a->left == 0) {
        a->withheld++;
        return false;
    }
    a->left--;
    return true;
}
