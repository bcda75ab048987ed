#include "server/system/allowance.h"

static void gain(struct allowance *a, int64_t at_once, int64_t per_s, int64_t now_us)
{
    int64_t full_us = (at_once - a->left) * 1000000 / per_s, waited_us = now_us - a->at_us;
    if (a->at_us == 0 || waited_us >= full_us) {
        a->left = at_once;
        a->at_us = now_us;
        return;
    }
    if (waited_us < 0) { /* of another thread's look at the clock; or that was set back, and all counts from there */
        a->at_us = waited_us < -1000000 ? now_us : a->at_us;
        return;
    }
    int64_t gained = waited_us * per_s / 1000000;
    a->left += gained;
    a->at_us += gained * 1000000 / per_s; /* what is left over of the time counts for the next */
}

bool allowance_spend(struct allowance *a, uint32_t n, uint32_t at_once, uint32_t per_s, int64_t now_us)
{
    gain(a, at_once, per_s, now_us);
    if (a->left <= 0) {
        a->withheld++;
        return false;
    }
    a->left -= n;
    return true;
}

bool allowance_take(struct allowance *a, uint32_t at_once, uint32_t per_s, int64_t now_us)
{
    return allowance_spend(a, 1, at_once, per_s, now_us);
}
